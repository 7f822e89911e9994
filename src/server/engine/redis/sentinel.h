/*
 * Who the master is: asked of one Sentinel after the other, again and again, so that a failover is noticed even where the old
 * master still answers. Each tells of the others, which are asked, too, when those that are named are lost. Without I/O, on a
 * line of its own.
 */
#ifndef CF_SERVER_ENGINE_REDIS_SENTINEL_H
#define CF_SERVER_ENGINE_REDIS_SENTINEL_H

#include "server/engine/redis/line.h"

/* ms between two questions; the first one while the master cannot be used. */
#define CF_REDIS_ASK_SOON 200
#define CF_REDIS_ASK      1000

#define CF_REDIS_HOST_MAX 255

/* Sentinels that others have told of: what comes on top of them is not asked. Their hosts are addresses, or short names. */
#define CF_REDIS_OTHERS_MAX     8
#define CF_REDIS_OTHER_HOST_MAX 63

typedef enum cf_redis_sentinel_step {
    CF_REDIS_SENTINEL_IDLE,
    CF_REDIS_SENTINEL_GREETS, /* the answer to the password is to come; */
    CF_REDIS_SENTINEL_MASTER, /* the master's address, */
    CF_REDIS_SENTINEL_OTHERS  /* and those of other Sentinels */
} cf_redis_sentinel_step;

typedef struct cf_redis_sentinel {
    cf_redis_line line;
    cf_redis_place place;      /* of the Sentinel that is asked now */
    const cf_redis_place *all; /* NULL: there are none, and nothing is done here */
    size_t count;
    size_t index; /* among those and the others */
    cf_redis_place others[CF_REDIS_OTHERS_MAX];
    char hosts[CF_REDIS_OTHERS_MAX][CF_REDIS_OTHER_HOST_MAX + 1];
    size_t other_count;
    cf_bytes master;   /* its name */
    cf_bytes password; /* of the Sentinels; empty: none */
    cf_redis_sentinel_step step;
    cf_time asks_at;
    void (*found)(struct cf_redis_sentinel *sentinel, cf_bytes host, int port);
    void (*failed)(struct cf_redis_sentinel *sentinel, const char *why);
} cf_redis_sentinel;

/* The rest is filled in before; `all` not NULL. */
void cf_redis_sentinel_init(cf_redis_sentinel *sentinel, const cf_redis_driver *driver, const cf_allocator *allocator,
                            cf_time now);
void cf_redis_sentinel_free(cf_redis_sentinel *sentinel);
/* `soon`: the master cannot be used. */
cf_time cf_redis_sentinel_advance(cf_redis_sentinel *sentinel, cf_time now, bool soon);

#endif

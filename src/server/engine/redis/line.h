/*
 * One connection to a Redis, without I/O: a driver carries its bytes. What is lost is opened again after a pause; what is
 * expected and does not come in time is lost. Its owner (shard.c) speaks in commands and replies.
 */
#ifndef CF_SERVER_ENGINE_REDIS_LINE_H
#define CF_SERVER_ENGINE_REDIS_LINE_H

#include <hiredis/hiredis.h>

#include "base/buffer.h"
#include "base/clock.h"

/* ms until a lost connection is opened again; doubled each time that it fails, up to the second one. */
#define CF_REDIS_PAUSE     100
#define CF_REDIS_PAUSE_MAX 1000

typedef struct cf_redis_line cf_redis_line;

/* Carries bytes: uv.c, tests. */
typedef struct cf_redis_driver {
    /*
     * Begins to connect; the end of that is told by cf_redis_line_opened or cf_redis_line_lost, within a turn and not before
     * this returns. NULL: it cannot, for want of memory, or as *why says.
     */
    void *(*open)(void *user, cf_redis_line *line, const char *host, int port, const char **why);
    /* What the socket does not take at once the driver keeps. False: no memory. */
    bool (*send)(void *socket, cf_bytes bytes);
    /* Nothing is heard of the socket any more. */
    void (*close)(void *socket);
    /* Behind the last close. */
    void (*destroy)(void *user);
    void *user;
} cf_redis_driver;

/* Where a line leads to. The texts belong to the owner and outlive it. */
typedef struct cf_redis_place {
    const char *host; /* NULL: it is not known yet, and nothing is opened */
    int port;
    int64_t connect_timeout; /* ms */
    int64_t read_timeout;    /* ms */
} cf_redis_place;

/* What a line tells its owner. */
typedef struct cf_redis_line_ops {
    /* It is connected: nothing was said yet. */
    void (*opened)(cf_redis_line *line);
    /* The reply is the line's again afterwards, unless the owner sets *reply to NULL. */
    void (*reply)(cf_redis_line *line, redisReply **reply);
    void (*lost)(cf_redis_line *line, const char *why);
} cf_redis_line_ops;

typedef enum cf_redis_line_state { CF_REDIS_LINE_CLOSED, CF_REDIS_LINE_OPENING, CF_REDIS_LINE_OPEN } cf_redis_line_state;

struct cf_redis_line {
    const cf_redis_line_ops *ops;
    const cf_redis_driver *driver;
    const cf_redis_place *place;
    cf_redis_line_state state;
    void *socket;
    redisReader *reader; /* NULL unless it is open */
    cf_buffer out;       /* goes to the driver by cf_redis_line_flush */
    cf_time now;
    cf_time due;       /* something has to have come by then, or CF_TIME_NEVER */
    cf_time opens_at;  /* where it is closed */
    unsigned failures; /* since it was good */
};

void cf_redis_line_init(cf_redis_line *line, const cf_redis_line_ops *ops, const cf_redis_driver *driver,
                        const cf_redis_place *place, const cf_allocator *allocator, cf_time now);
void cf_redis_line_free(cf_redis_line *line);

/* Opens it, or gives it up, if it is time; returns when it wants to be called next. */
cf_time cf_redis_line_advance(cf_redis_line *line, cf_time now);
void cf_redis_line_flush(cf_redis_line *line);
/* An answer is on its way: it has the read timeout to come in. */
void cf_redis_line_expect(cf_redis_line *line);
/* Its owner has no use for it as it is: it is lost. */
void cf_redis_line_give_up(cf_redis_line *line, const char *why);
/* Its place has changed: it is opened there at once. */
void cf_redis_line_move(cf_redis_line *line);
/* It does what it is for: when it is lost, the pauses begin anew. */
void cf_redis_line_is_good(cf_redis_line *line);

/* ---- for the driver, within a turn ---- */

void cf_redis_line_opened(cf_redis_line *line);
void cf_redis_line_received(cf_redis_line *line, cf_bytes bytes);
void cf_redis_line_lost(cf_redis_line *line, const char *why);

#endif

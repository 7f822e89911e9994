/*
 * Commands of the API that a backend puts into lists (server-spec.md 7.4): one is taken at first, then a batch after the other
 * from the same list until it is empty, on a line of their own, which waits where there are none. What is taken is carried
 * out before more is.
 */
#ifndef CF_SERVER_ENGINE_REDIS_QUEUE_H
#define CF_SERVER_ENGINE_REDIS_QUEUE_H

#include "server/engine/redis/line.h"

#define CF_REDIS_QUEUE_BATCH 65
/* ms between two lines of the log about them. */
#define CF_REDIS_QUEUE_QUIET 5000

typedef struct cf_redis_shard cf_redis_shard;

typedef enum cf_redis_queue_step {
    CF_REDIS_QUEUE_GREETS,
    CF_REDIS_QUEUE_IDLE,  /* nothing is asked: the next question is to be put when all that is taken is carried out */
    CF_REDIS_QUEUE_WAITS, /* for an item in any list */
    CF_REDIS_QUEUE_TAKES  /* all that is in one list */
} cf_redis_queue_step;

typedef struct cf_redis_queue {
    cf_redis_line line;
    cf_redis_shard *shard;
    cf_redis_place place; /* the shard's, with more patience */
    cf_redis_queue_step step;
    unsigned moves;   /* of the shard, as it was looked at last */
    size_t greetings; /* replies to come */
    int64_t list;     /* the one that is being emptied, or was last; -1: the one without a number */
    bool has_more;    /* it may not be empty */
    bool told;        /* the log says that nothing is taken; since then nothing was */
    cf_time quiet_until;
} cf_redis_queue;

/* Does nothing where there are no lists (cf_redis_common). */
void cf_redis_queue_init(cf_redis_queue *queue, cf_redis_shard *shard);
void cf_redis_queue_free(cf_redis_queue *queue);
cf_time cf_redis_queue_advance(cf_redis_queue *queue, cf_time now);

#endif

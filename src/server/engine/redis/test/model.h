/*
 * A Redis that does what this engine asks of one, under a virtual clock: it delays each connection by itself, cuts connections,
 * refuses them, stands still, forgets scripts, and fails over to a replica that is behind, as a seed says. What it says comes
 * in pieces. Channels are named by one digit, messages by numbers.
 */
#ifndef CF_SERVER_ENGINE_REDIS_TEST_MODEL_H
#define CF_SERVER_ENGINE_REDIS_TEST_MODEL_H

#include "base/list.h"
#include "server/engine/redis/redis.h"
#include "server/engine/redis/script.h"

enum { MODEL_CHANNELS = 3, MODEL_NODES = 3, MODEL_HISTORY = 5, MODEL_MESSAGES = 20000 };

typedef struct model_channel {
    int64_t taken[MODEL_MESSAGES]; /* numbers of messages, in the order in which Redis took them */
    size_t count;
    char *history[MODEL_HISTORY]; /* newest first */
    size_t sizes[MODEL_HISTORY];
    bool present[MODEL_NODES]; /* a client of each node */
} model_channel;

typedef struct model {
    uint32_t seed;
    cf_time now;
    cf_list sockets;
    model_channel channels[MODEL_CHANNELS];
    bool loaded[CF_REDIS_SCRIPT_COUNT];
    cf_time still_until;   /* nothing moves before that */
    cf_time refuses_until; /* no connection is made before that */
    bool calm;             /* no trouble any more */
} model;

/* The lower bits of a number by chance (xorshift): it is below `limit`. */
uint32_t model_random(model *self, uint32_t limit);
/* So many streams of a node were lost. */
typedef struct model_node {
    model *model;
    unsigned streams_lost;
} model_node;

void model_init(model *self, uint32_t seed);
/* After the engines. */
void model_free(model *self);
cf_redis_driver model_driver(model_node *node);
/* What arrives until now; and trouble. */
void model_run(model *self, cf_time now);

#endif

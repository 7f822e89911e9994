/*
 * The engine on a Redis that a test plays: what it sends is collected, what it is answered the test says.
 */
#ifndef CF_SERVER_ENGINE_REDIS_TEST_RIG_H
#define CF_SERVER_ENGINE_REDIS_TEST_RIG_H

#include "server/engine/redis/redis.h"

typedef struct rig_line {
    cf_redis_line *line; /* NULL: it is not open */
    cf_buffer sent;
} rig_line;

enum { RIG_STREAM, RIG_COMMANDS, RIG_QUEUE, RIG_LINES }; /* in the order in which they are opened */

typedef struct rig {
    const cf_allocator *allocator;
    cf_server_environment environment;
    cf_engine_sink sink;
    cf_redis_server server;
    cf_config config;
    cf_engine *engine;
    rig_line lines[RIG_LINES];
    bool refuses; /* to open any */
    cf_time now;
    cf_buffer heard; /* what came to the sink, and answers: a line each */
} rig;

/* False without memory. `queue`: commands of the API are taken, too. */
bool rig_open(rig *self, const cf_allocator *allocator, bool queue);
void rig_close(rig *self);
/* Time passes, and the turn ends. */
void rig_advance(rig *self, int64_t delay);
/* Both lines are there and greeted, and the first mark has come. */
void rig_greet(rig *self);
void rig_receive(rig *self, int line, cf_bytes bytes);
void rig_lose(rig *self, int line);

/* For the engine's operations: each writes a line into `heard`. The user is the rig. */
void rig_done(void *user, cf_engine_status status);
void rig_presence_done(void *user, cf_engine_status status, const cf_client_info *infos, size_t count);
void rig_history_done(void *user, cf_engine_status status, const cf_publication *publications, size_t count, bool found);
void rig_channels_done(void *user, cf_engine_status status, const cf_bytes *channels, size_t count);

#endif

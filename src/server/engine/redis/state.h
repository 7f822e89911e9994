/*
 * The inside of the engine, and how its operations are made: a command is written into the engine's buffers, and becomes an
 * operation of the channel's shard.
 */
#ifndef CF_SERVER_ENGINE_REDIS_STATE_H
#define CF_SERVER_ENGINE_REDIS_STATE_H

#include "server/engine/redis/shard.h"

typedef struct cf_redis_engine {
    cf_engine base;
    cf_redis_common common;
    cf_buffer texts;   /* copies of what the configuration's slices led to */
    cf_buffer command; /* that is being written */
    cf_buffer payload; /* an argument of it, or the note of its operation */
    cf_list searches;  /* channels.c */
    cf_redis_place *sentinels;
    size_t shard_count;
    cf_redis_shard shards[];
} cf_redis_engine;

static inline cf_redis_engine *cf_redis_engine_of(cf_engine *engine)
{
    return CF_CONTAINER(engine, cf_redis_engine, base);
}

cf_redis_shard *cf_redis_engine_shard(cf_redis_engine *engine, cf_bytes channel);

/* So many arguments follow the name. Both buffers are begun anew. */
cf_buffer *cf_redis_begin_command(cf_redis_engine *engine, const char *name, size_t arguments);
/* Two keys follow, and so many arguments. */
cf_buffer *cf_redis_begin_script(cf_redis_engine *engine, cf_redis_script script, size_t arguments);
/* The payload as the next argument. */
void cf_redis_add_payload(cf_redis_engine *engine);
bool cf_redis_has_history(const cf_channel_options *options);

/* Of the command that is written. NULL: too much waits, or no memory. */
cf_redis_operation *cf_redis_make(cf_redis_engine *engine, cf_redis_shard *shard, cf_redis_answer answer, void *user,
                                  cf_bytes note);
/* The same without a result: `done` may be NULL, and is called already where this returns NULL. */
cf_redis_operation *cf_redis_make_simple(cf_redis_engine *engine, cf_redis_shard *shard, cf_engine_done done, void *user);

/* ---- operations of engine.h ---- */

/* messages.c */
void cf_redis_publish(cf_engine *base, const cf_publication *publication, const cf_channel_options *options,
                      cf_engine_done done, void *user);
void cf_redis_publish_join_leave(cf_engine *base, cf_method method, cf_bytes channel, const cf_client_info *info,
                                 cf_engine_done done, void *user);
void cf_redis_control(cf_engine *base, const cf_engine_control *message, cf_engine_done done, void *user);
void cf_redis_watch(cf_engine *base, cf_bytes message, cf_engine_done done, void *user);
/* history.c */
void cf_redis_history(cf_engine *base, cf_bytes channel, const cf_engine_history_query *query, cf_engine_history_done done,
                      void *user);
/* presence.c */
void cf_redis_presence_add(cf_engine *base, cf_bytes channel, const cf_client_info *info, int64_t expire_s, cf_engine_done done,
                           void *user);
void cf_redis_presence_remove(cf_engine *base, cf_bytes channel, cf_bytes client, cf_engine_done done, void *user);
void cf_redis_presence(cf_engine *base, cf_bytes channel, cf_engine_presence_done done, void *user);
/* channels.c */
void cf_redis_channels(cf_engine *base, cf_engine_channels_done done, void *user);
/* Ends searches without an answer. */
void cf_redis_channels_free(cf_redis_engine *engine);

#endif

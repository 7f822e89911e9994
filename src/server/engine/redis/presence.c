#include "server/engine/redis/state.h"

#include <stdlib.h>

#include "server/engine/redis/command.h"
#include "server/engine/redis/encode.h"
#include "server/engine/redis/key.h"

static cf_buffer *begin_presence(cf_redis_engine *engine, cf_redis_script script, cf_bytes channel, size_t arguments)
{
    cf_buffer *command = cf_redis_begin_script(engine, script, arguments);
    cf_redis_add_key(command, engine->common.prefix, CF_REDIS_PRESENCE_TIMES, channel);
    cf_redis_add_key(command, engine->common.prefix, CF_REDIS_PRESENCE_INFOS, channel);
    return command;
}

static void change_presence(cf_redis_engine *engine, cf_redis_script script, cf_bytes channel, cf_engine_done done, void *user)
{
    cf_redis_shard *shard = cf_redis_engine_shard(engine, channel);
    cf_redis_operation *made = cf_redis_make_simple(engine, shard, done, user);
    if (made == NULL)
        return;
    made->script = script;
    made->repeatable = true;
    cf_redis_shard_do(shard, made);
}

void cf_redis_presence_add(cf_engine *base, cf_bytes channel, const cf_client_info *info, int64_t expire_s, cf_engine_done done,
                           void *user)
{
    cf_redis_engine *engine = cf_redis_engine_of(base);
    cf_buffer *command = begin_presence(engine, CF_REDIS_SCRIPT_PRESENCE_ADD, channel, 3);
    cf_redis_add_int(command, expire_s);
    cf_redis_add(command, info->client);
    cf_redis_write_info(&engine->payload, info);
    cf_redis_add_payload(engine);
    change_presence(engine, CF_REDIS_SCRIPT_PRESENCE_ADD, channel, done, user);
}

void cf_redis_presence_remove(cf_engine *base, cf_bytes channel, cf_bytes client, cf_engine_done done, void *user)
{
    cf_redis_engine *engine = cf_redis_engine_of(base);
    cf_buffer *command = begin_presence(engine, CF_REDIS_SCRIPT_PRESENCE_REMOVE, channel, 1);
    cf_redis_add(command, client);
    change_presence(engine, CF_REDIS_SCRIPT_PRESENCE_REMOVE, channel, done, user);
}

static int by_client(const void *a, const void *b)
{
    return cf_bytes_compare(((const cf_client_info *)a)->client, ((const cf_client_info *)b)->client);
}

/* A hash: client ids, each with its info behind it. */
static size_t read_infos(const redisReply *reply, cf_client_info *infos)
{
    size_t count = 0;
    for (size_t i = 1; i < reply->elements; i += 2) {
        const redisReply *item = reply->element[i];
        if (item->type == REDIS_REPLY_STRING && cf_redis_read_info(cf_bytes_make(item->str, item->len), &infos[count]))
            count++;
    }
    qsort(infos, count, sizeof *infos, by_client);
    return count;
}

static void on_presence(cf_redis_operation *operation, cf_engine_status status, const redisReply *reply)
{
    const cf_allocator *allocator = operation->shard->common->allocator;
    cf_client_info *infos = NULL;
    size_t count = 0;
    if (status == CF_ENGINE_OK && reply->type != REDIS_REPLY_ARRAY)
        status = CF_ENGINE_UNAVAILABLE;
    if (status == CF_ENGINE_OK) {
        infos = cf_alloc_zero(allocator, reply->elements / 2 + 1, sizeof *infos);
        status = infos == NULL ? CF_ENGINE_NO_MEMORY : CF_ENGINE_OK;
    }
    if (infos != NULL)
        count = read_infos(reply, infos);
    operation->callback.presence(operation->user, status, infos, count);
    cf_free(allocator, infos);
}

void cf_redis_presence(cf_engine *base, cf_bytes channel, cf_engine_presence_done done, void *user)
{
    cf_redis_engine *engine = cf_redis_engine_of(base);
    cf_redis_shard *shard = cf_redis_engine_shard(engine, channel);
    (void)begin_presence(engine, CF_REDIS_SCRIPT_PRESENCE, channel, 0);
    cf_redis_operation *made = cf_redis_make(engine, shard, on_presence, user, (cf_bytes){NULL, 0});
    if (made == NULL) {
        done(user, CF_ENGINE_NO_MEMORY, NULL, 0);
        return;
    }
    made->callback.presence = done;
    made->script = CF_REDIS_SCRIPT_PRESENCE;
    made->repeatable = true;
    cf_redis_shard_do(shard, made);
}

#include "server/engine/redis/state.h"

#include "server/engine/redis/command.h"
#include "server/engine/redis/encode.h"
#include "server/engine/redis/key.h"

static void add_publish(cf_redis_engine *engine, cf_redis_topic topic, cf_bytes channel)
{
    cf_redis_add_topic(&engine->command, engine->common.prefix, topic, channel);
    cf_redis_add_payload(engine);
}

static void write_stored_publish(cf_redis_engine *engine, const cf_publication *publication, const cf_channel_options *options)
{
    cf_bytes prefix = engine->common.prefix;
    cf_buffer *command = cf_redis_begin_script(engine, CF_REDIS_SCRIPT_PUBLISH, 5);
    cf_redis_add_key(command, prefix, CF_REDIS_HISTORY, publication->channel);
    cf_redis_add_key(command, prefix, CF_REDIS_TOUCH, publication->channel);
    cf_redis_write_message(&engine->payload, publication);
    cf_redis_add_payload(engine);
    cf_redis_add_topic(command, prefix, CF_REDIS_MESSAGE, publication->channel);
    cf_redis_add_int(command, options->history_size);
    cf_redis_add_int(command, options->history_lifetime);
    cf_redis_add_int(command, options->history_drop_inactive);
}

void cf_redis_publish(cf_engine *base, const cf_publication *publication, const cf_channel_options *options,
                      cf_engine_done done, void *user)
{
    cf_redis_engine *engine = cf_redis_engine_of(base);
    cf_redis_shard *shard = cf_redis_engine_shard(engine, publication->channel);
    if (cf_redis_has_history(options)) {
        write_stored_publish(engine, publication, options);
    } else {
        (void)cf_redis_begin_command(engine, "PUBLISH", 2);
        cf_redis_write_message(&engine->payload, publication);
        add_publish(engine, CF_REDIS_MESSAGE, publication->channel);
    }
    cf_redis_operation *made = cf_redis_make_simple(engine, shard, done, user);
    if (made == NULL)
        return;
    made->marked = cf_redis_shard_listens(shard, publication->channel);
    if (cf_redis_has_history(options))
        made->script = CF_REDIS_SCRIPT_PUBLISH;
    cf_redis_shard_do(shard, made);
}

void cf_redis_publish_join_leave(cf_engine *base, cf_method method, cf_bytes channel, const cf_client_info *info,
                                 cf_engine_done done, void *user)
{
    cf_redis_engine *engine = cf_redis_engine_of(base);
    cf_redis_shard *shard = cf_redis_engine_shard(engine, channel);
    (void)cf_redis_begin_command(engine, "PUBLISH", 2);
    cf_redis_write_join_leave(&engine->payload, channel, info);
    add_publish(engine, method == CF_METHOD_JOIN ? CF_REDIS_JOIN : CF_REDIS_LEAVE, channel);
    cf_redis_operation *made = cf_redis_make_simple(engine, shard, done, user);
    if (made != NULL)
        cf_redis_shard_do(shard, made);
}

/* The first shard has it. */
static void publish_to_nodes(cf_redis_engine *engine, cf_redis_topic topic, const cf_engine_control *message,
                             cf_engine_done done, void *user)
{
    (void)cf_redis_begin_command(engine, "PUBLISH", 2);
    cf_redis_write_control(&engine->payload, message);
    add_publish(engine, topic, CF_BYTES(""));
    cf_redis_operation *made = cf_redis_make_simple(engine, &engine->shards[0], done, user);
    if (made != NULL)
        cf_redis_shard_do(&engine->shards[0], made);
}

void cf_redis_control(cf_engine *base, const cf_engine_control *message, cf_engine_done done, void *user)
{
    publish_to_nodes(cf_redis_engine_of(base), CF_REDIS_CONTROL, message, done, user);
}

/* The node is not named (server-spec.md 7.2). */
void cf_redis_watch(cf_engine *base, cf_bytes message, cf_engine_done done, void *user)
{
    cf_engine_control shown = {.node = {"", 0}, .method = CF_BYTES("message"), .params = message};
    publish_to_nodes(cf_redis_engine_of(base), CF_REDIS_ADMIN, &shown, done, user);
}

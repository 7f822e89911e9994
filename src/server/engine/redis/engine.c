#include "server/engine/redis/redis.h"

#include "server/engine/redis/command.h"
#include "server/engine/redis/key.h"
#include "server/engine/redis/state.h"

/* ---- how operations are made ---------------------------------------------- */

cf_redis_shard *cf_redis_engine_shard(cf_redis_engine *engine, cf_bytes channel)
{
    return &engine->shards[cf_redis_shard_of(channel, engine->shard_count)];
}

bool cf_redis_has_history(const cf_channel_options *options)
{
    return options != NULL && options->history_size > 0 && options->history_lifetime > 0;
}

cf_buffer *cf_redis_begin_command(cf_redis_engine *engine, const char *name, size_t arguments)
{
    cf_buffer_clear(&engine->command);
    cf_buffer_clear(&engine->payload);
    cf_redis_begin(&engine->command, 1 + arguments);
    cf_redis_add(&engine->command, cf_bytes_of(name));
    return &engine->command;
}

cf_buffer *cf_redis_begin_script(cf_redis_engine *engine, cf_redis_script script, size_t arguments)
{
    cf_buffer *command = cf_redis_begin_command(engine, "EVALSHA", 4 + arguments);
    cf_redis_add(command, cf_bytes_make(engine->common.digests[script], CF_REDIS_DIGEST_SIZE));
    cf_redis_add_int(command, 2);
    return command;
}

void cf_redis_add_payload(cf_redis_engine *engine)
{
    engine->command.failed = engine->command.failed || engine->payload.failed;
    cf_redis_add(&engine->command, cf_buffer_bytes(&engine->payload));
}

cf_redis_operation *cf_redis_make(cf_redis_engine *engine, cf_redis_shard *shard, cf_redis_answer answer, void *user,
                                  cf_bytes note)
{
    cf_redis_operation *made = cf_redis_operation_new(shard, &engine->command, note);
    if (made == NULL)
        return NULL;
    made->answer = answer;
    made->user = user;
    return made;
}

static void on_done(cf_redis_operation *operation, cf_engine_status status, const redisReply *reply)
{
    (void)reply;
    if (operation->callback.done != NULL)
        operation->callback.done(operation->user, status);
}

cf_redis_operation *cf_redis_make_simple(cf_redis_engine *engine, cf_redis_shard *shard, cf_engine_done done, void *user)
{
    cf_redis_operation *made = cf_redis_make(engine, shard, on_done, user, (cf_bytes){NULL, 0});
    if (made != NULL)
        made->callback.done = done;
    else if (done != NULL)
        done(user, CF_ENGINE_NO_MEMORY);
    return made;
}

/* ---- subscriptions --------------------------------------------------------------- */

static void subscribe(cf_engine *base, cf_bytes channel, cf_engine_done done, void *user)
{
    cf_redis_shard_subscribe(cf_redis_engine_shard(cf_redis_engine_of(base), channel), channel, done, user);
}

/* Server-spec.md 2.16: who comes back soon finds a history. Nobody waits for it. */
static void touch(cf_redis_engine *engine, cf_redis_shard *shard, cf_bytes channel, int64_t lifetime)
{
    cf_buffer *command = cf_redis_begin_command(engine, "SETEX", 3);
    cf_redis_add_key(command, engine->common.prefix, CF_REDIS_TOUCH, channel);
    cf_redis_add_int(command, lifetime);
    cf_redis_add(command, CF_BYTES(""));
    cf_redis_operation *made = cf_redis_make_simple(engine, shard, NULL, NULL);
    if (made == NULL)
        return;
    made->repeatable = true;
    cf_redis_shard_do(shard, made);
}

static void unsubscribe(cf_engine *base, cf_bytes channel, const cf_channel_options *options, cf_engine_done done, void *user)
{
    cf_redis_engine *engine = cf_redis_engine_of(base);
    cf_redis_shard *shard = cf_redis_engine_shard(engine, channel);
    if (cf_redis_has_history(options) && options->history_drop_inactive)
        touch(engine, shard, channel, options->history_lifetime);
    cf_redis_shard_unsubscribe(shard, channel, done, user);
}

/* ---- the engine itself --------------------------------------------------- */

static cf_time advance(cf_engine *base, cf_time now)
{
    cf_redis_engine *engine = cf_redis_engine_of(base);
    cf_time next = CF_TIME_NEVER;
    engine->common.now = now;
    for (size_t i = 0; i < engine->shard_count; i++)
        next = cf_time_earlier(next, cf_redis_shard_advance(&engine->shards[i], now));
    return next;
}

static bool is_healthy(const cf_engine *base)
{
    const cf_redis_engine *engine = (const cf_redis_engine *)(const void *)base; /* its first member */
    for (size_t i = 0; i < engine->shard_count; i++) {
        if (!cf_redis_shard_is_up(&engine->shards[i]))
            return false;
    }
    return true;
}

static void destroy(cf_engine *base)
{
    cf_redis_engine *engine = cf_redis_engine_of(base);
    for (size_t i = 0; i < engine->shard_count; i++)
        cf_redis_shard_free(&engine->shards[i]);
    cf_redis_channels_free(engine);
    engine->common.driver.destroy(engine->common.driver.user);
    cf_buffer_free(&engine->command);
    cf_buffer_free(&engine->payload);
    cf_buffer_free(&engine->texts);
    cf_free(engine->common.allocator, engine->sentinels);
    cf_free(engine->common.allocator, engine);
}

static const cf_engine_ops ops = {
    .name = "Redis",
    .publish = cf_redis_publish,
    .publish_join_leave = cf_redis_publish_join_leave,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .presence_add = cf_redis_presence_add,
    .presence_remove = cf_redis_presence_remove,
    .presence = cf_redis_presence,
    .history = cf_redis_history,
    .channels = cf_redis_channels,
    .control = cf_redis_control,
    .watch = cf_redis_watch,
    .is_healthy = is_healthy,
    .advance = advance,
    .destroy = destroy,
};

/* ---- making it ------------------------------------------------------------ */

/* A copy that the engine keeps, with a NUL; `texts` has room for all of them, so that it does not move. */
static cf_bytes keep(cf_redis_engine *engine, cf_bytes text)
{
    size_t at = engine->texts.size;
    cf_buffer_append(&engine->texts, text);
    cf_buffer_append_byte(&engine->texts, 0);
    return cf_bytes_make(engine->texts.data + at, text.size);
}

static size_t size_of_texts(const cf_engine_host *host)
{
    size_t size = host->config->redis_prefix.size + host->node.size + 2;
    for (size_t i = 0; i < host->config->redis_server_count; i++) {
        const cf_redis_server *server = &host->config->redis_servers[i];
        size += server->host.size + server->password.size + server->database.size + server->master.size +
                host->config->redis_sentinel_password.size + 5;
    }
    for (size_t i = 0; i < host->config->redis_sentinel_count; i++)
        size += host->config->redis_sentinel_servers[i].host.size + 1;
    return size;
}

static cf_redis_place place_of(cf_redis_engine *engine, const cf_config *config, const cf_redis_server *server)
{
    return (cf_redis_place){
        .host = server->host.size > 0 ? keep(engine, server->host).data : NULL,
        .port = (int)server->port,
        .connect_timeout = config->redis_connect_timeout * 1000,
        .read_timeout = config->redis_read_timeout * 1000,
    };
}

static void init_shard(cf_redis_engine *engine, const cf_config *config, size_t index, uint32_t seed)
{
    const cf_redis_server *server = &config->redis_servers[index];
    cf_redis_shard *shard = &engine->shards[index];
    shard->place = place_of(engine, config, server);
    shard->password = keep(engine, server->password);
    shard->database = keep(engine, server->database);
    if (server->master.size > 0) {
        shard->sentinel.master = keep(engine, server->master);
        shard->sentinel.password = keep(engine, config->redis_sentinel_password);
        shard->sentinel.all = engine->sentinels;
        shard->sentinel.count = config->redis_sentinel_count;
    }
    cf_redis_shard_init(shard, &engine->common, seed);
}

/* False without memory. */
static bool init_sentinels(cf_redis_engine *engine, const cf_config *config)
{
    engine->sentinels = cf_alloc_zero(engine->common.allocator, config->redis_sentinel_count + 1, sizeof *engine->sentinels);
    for (size_t i = 0; engine->sentinels != NULL && i < config->redis_sentinel_count; i++)
        engine->sentinels[i] = place_of(engine, config, &config->redis_sentinel_servers[i]);
    return engine->sentinels != NULL;
}

static void init_common(cf_redis_engine *engine, const cf_engine_host *host, const cf_redis_driver *driver)
{
    cf_redis_common *common = &engine->common;
    *common = (cf_redis_common){
        .environment = host->environment,
        .allocator = host->environment->allocator,
        .sink = *host->sink,
        .driver = *driver,
        .queues = host->config->redis_api ? host->config->redis_api_num_shards : -1,
        .now = host->now,
        .watches = host->config->admin || host->config->web,
    };
    for (int i = 0; i < CF_REDIS_SCRIPT_COUNT; i++)
        cf_redis_script_digest((cf_redis_script)i, common->digests[i]);
    cf_buffer_init(&engine->texts, common->allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&engine->command, common->allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&engine->payload, common->allocator, CF_BUFFER_NO_LIMIT);
    cf_list_init(&engine->searches);
    engine->base.ops = &ops;
}

cf_engine *cf_redis_engine_new(const cf_engine_host *host, const cf_redis_driver *driver)
{
    size_t count = host->config->redis_server_count;
    cf_redis_engine *engine = cf_alloc_zero(host->environment->allocator, 1, sizeof *engine + count * sizeof engine->shards[0]);
    if (engine == NULL) {
        driver->destroy(driver->user);
        return NULL;
    }
    init_common(engine, host, driver);
    if (!cf_buffer_reserve(&engine->texts, size_of_texts(host)) || !init_sentinels(engine, host->config)) {
        destroy(&engine->base);
        return NULL;
    }
    engine->common.prefix = keep(engine, host->config->redis_prefix);
    engine->common.node = keep(engine, host->node);
    engine->shard_count = count;
    for (size_t i = 0; i < count; i++)
        init_shard(engine, host->config, i, host->seed);
    return &engine->base;
}

#include "server/engine/redis/state.h"

#include <stdlib.h>
#include <string.h>

#include "server/engine/redis/command.h"
#include "server/engine/redis/key.h"

/* A name in a reply of one of them: its place in `names`, as slices would move. */
typedef struct found_channel {
    size_t at;
    size_t size;
} found_channel;

typedef struct channel_search {
    cf_list link; /* in the engine's */
    const cf_redis_common *common;
    size_t open; /* shards that have not answered yet */
    cf_engine_status status;
    cf_buffer names;
    cf_buffer places; /* found_channel */
    cf_engine_channels_done done;
    void *user;
} channel_search;

static void take_channel(channel_search *search, const redisReply *reply)
{
    cf_bytes name;
    cf_bytes text = cf_bytes_make(reply->str, reply->type == REDIS_REPLY_STRING ? reply->len : 0);
    if (cf_redis_topic_of(text, search->common->prefix, &name) != CF_REDIS_MESSAGE)
        return;
    found_channel place = {search->names.size, name.size};
    cf_buffer_append(&search->names, name);
    cf_buffer_append(&search->places, cf_bytes_make((const char *)&place, sizeof place));
}

static int by_name(const void *a, const void *b)
{
    return cf_bytes_compare(*(const cf_bytes *)a, *(const cf_bytes *)b);
}

/* Nodes of Centrifugo 1.8 may subscribe at several shards (server-spec.md 11.2, 9): each name is told once. */
static size_t sort_unique(cf_bytes *names, size_t count)
{
    size_t kept = 0;
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !cf_bytes_equal(names[kept - 1], names[i]))
            names[kept++] = names[i];
    }
    return kept;
}

static size_t list_channels(const channel_search *search, cf_bytes *names)
{
    size_t count = search->places.size / sizeof(found_channel);
    for (size_t i = 0; i < count; i++) {
        found_channel place;
        memcpy(&place, search->places.data + i * sizeof place, sizeof place);
        names[i] = cf_bytes_make(search->names.data + place.at, place.size);
    }
    return sort_unique(names, count);
}

static void free_search(channel_search *search)
{
    cf_list_remove(&search->link);
    cf_buffer_free(&search->names);
    cf_buffer_free(&search->places);
    cf_free(search->common->allocator, search);
}

void cf_redis_channels_free(cf_redis_engine *engine)
{
    while (!cf_list_empty(&engine->searches))
        free_search(CF_CONTAINER(engine->searches.next, channel_search, link));
}

static void end_search(channel_search *search)
{
    const cf_allocator *allocator = search->common->allocator;
    cf_bytes *names = NULL;
    if (search->names.failed || search->places.failed)
        search->status = CF_ENGINE_NO_MEMORY;
    if (search->status == CF_ENGINE_OK) {
        names = cf_alloc_zero(allocator, search->places.size / sizeof(found_channel) + 1, sizeof *names);
        search->status = names == NULL ? CF_ENGINE_NO_MEMORY : CF_ENGINE_OK;
    }
    search->done(search->user, search->status, names, names == NULL ? 0 : list_channels(search, names));
    cf_free(allocator, names);
    free_search(search);
}

static void on_channels(cf_redis_operation *operation, cf_engine_status status, const redisReply *reply)
{
    channel_search *search = operation->user;
    if (status != CF_ENGINE_OK)
        search->status = status;
    for (size_t i = 0; status == CF_ENGINE_OK && reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        take_channel(search, reply->element[i]);
    if (--search->open == 0)
        end_search(search);
}

/* What cannot be asked counts as one that has failed. */
static void ask(cf_redis_engine *engine, cf_redis_shard *shard, channel_search *search)
{
    cf_buffer *command = cf_redis_begin_command(engine, "PUBSUB", 2);
    cf_redis_add(command, CF_BYTES("CHANNELS"));
    cf_redis_add_pattern(command, engine->common.prefix);
    cf_redis_operation *made = cf_redis_make(engine, shard, on_channels, search, (cf_bytes){NULL, 0});
    if (made == NULL) {
        search->status = CF_ENGINE_NO_MEMORY;
        search->open--;
        return;
    }
    made->repeatable = true;
    cf_redis_shard_do(shard, made);
}

void cf_redis_channels(cf_engine *base, cf_engine_channels_done done, void *user)
{
    cf_redis_engine *engine = cf_redis_engine_of(base);
    channel_search *search = cf_alloc_zero(engine->common.allocator, 1, sizeof *search);
    if (search == NULL) {
        done(user, CF_ENGINE_NO_MEMORY, NULL, 0);
        return;
    }
    *search = (channel_search){.common = &engine->common, .open = engine->shard_count, .done = done, .user = user};
    cf_buffer_init(&search->names, engine->common.allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&search->places, engine->common.allocator, CF_BUFFER_NO_LIMIT);
    cf_list_append(&engine->searches, &search->link);
    for (size_t i = 0; i < engine->shard_count; i++)
        ask(engine, &engine->shards[i], search);
    if (search->open == 0)
        end_search(search);
}

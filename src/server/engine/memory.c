#include "server/engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "server/wheel.h"

/*
 * One process's memory. A channel is kept while somebody here is subscribed or present, or while its history lives: at
 * most history_size messages, until history_lifetime after the last one. Everything completes at once.
 */

typedef struct member {
    cf_map_node node;    /* key: the client id, in `info` */
    cf_client_info info; /* slices into text[] */
    char text[];
} member;

typedef struct message {
    cf_publication publication; /* slices into text[], the channel's into its name */
    cf_client_info info;
    char text[];
} message;

typedef struct memory_engine memory_engine;

typedef struct channel {
    cf_map_node node;
    memory_engine *engine;
    bool subscribed;  /* somebody here is */
    bool has_history; /* a history, maybe an empty one, is alive until `expiry` */
    cf_timer expiry;
    cf_map *present; /* NULL: nobody */
    message **ring;  /* oldest at `first` */
    size_t capacity;
    size_t first;
    size_t count;
    size_t name_size;
    char name[];
} channel;

struct memory_engine {
    cf_engine base;
    const cf_allocator *allocator;
    cf_engine_sink sink;
    cf_wheel *wheel;
    cf_map channels;
    uint32_t seed;
    cf_time now;
};

static memory_engine *of(cf_engine *engine)
{
    return CF_CONTAINER(engine, memory_engine, base);
}

static cf_bytes name_of(const channel *entry)
{
    return cf_bytes_make(entry->name, entry->name_size);
}

/* ---- channels ------------------------------------------------------------ */

static channel *find(const memory_engine *engine, cf_bytes name)
{
    cf_map_node *node = cf_map_find(&engine->channels, name);
    return node == NULL ? NULL : CF_CONTAINER(node, channel, node);
}

static void expire(cf_timer *timer);

static channel *find_or_add(memory_engine *engine, cf_bytes name)
{
    channel *entry = find(engine, name);
    if (entry != NULL)
        return entry;
    entry = cf_alloc_zero(engine->allocator, 1, sizeof *entry + name.size);
    if (entry == NULL)
        return NULL;
    entry->engine = engine;
    entry->expiry.fire = expire;
    entry->name_size = name.size;
    if (name.size > 0)
        memcpy(entry->name, name.data, name.size);
    if (!cf_map_add(&engine->channels, &entry->node, name_of(entry))) {
        cf_free(engine->allocator, entry);
        return NULL;
    }
    return entry;
}

static void clear_history(channel *entry)
{
    for (size_t i = 0; i < entry->count; i++)
        cf_free(entry->engine->allocator, entry->ring[(entry->first + i) % entry->capacity]);
    cf_free(entry->engine->allocator, entry->ring);
    entry->ring = NULL;
    entry->capacity = entry->first = entry->count = 0;
    entry->has_history = false;
    cf_wheel_stop(entry->engine->wheel, &entry->expiry);
}

static void clear_presence(channel *entry)
{
    const cf_allocator *allocator = entry->engine->allocator;
    if (entry->present == NULL)
        return;
    while (entry->present->head != NULL) {
        member *gone = CF_CONTAINER(entry->present->head, member, node);
        cf_map_remove(entry->present, &gone->node);
        cf_free(allocator, gone);
    }
    cf_map_free(entry->present);
    cf_free(allocator, entry->present);
    entry->present = NULL;
}

/* Nothing is known of the channel any more: it goes. */
static void settle(channel *entry)
{
    if (entry->subscribed || entry->has_history || entry->present != NULL)
        return;
    cf_map_remove(&entry->engine->channels, &entry->node);
    cf_free(entry->engine->allocator, entry);
}

static void expire(cf_timer *timer)
{
    channel *entry = CF_CONTAINER(timer, channel, expiry);
    clear_history(entry);
    settle(entry);
}

/* ---- history ------------------------------------------------------------- */

/* Copies a slice to `*at`, which moves on. */
static cf_bytes put(char **at, cf_bytes bytes)
{
    cf_bytes copy = {*at, bytes.size};
    if (bytes.size > 0)
        memcpy(*at, bytes.data, bytes.size);
    *at += bytes.size;
    return copy;
}

static size_t info_size(const cf_client_info *info)
{
    return info->user.size + info->client.size + info->default_info.size + info->channel_info.size;
}

static cf_client_info put_info(char **at, const cf_client_info *info)
{
    return (cf_client_info){
        .user = put(at, info->user),
        .client = put(at, info->client),
        .default_info = put(at, info->default_info),
        .channel_info = put(at, info->channel_info),
    };
}

static message *copy_message(const channel *entry, const cf_publication *publication)
{
    const cf_client_info *info = publication->info;
    size_t size =
        publication->uid.size + publication->data.size + publication->client.size + (info == NULL ? 0 : info_size(info));
    message *copy = cf_alloc(entry->engine->allocator, sizeof *copy + size);
    if (copy == NULL)
        return NULL;
    char *at = copy->text;
    copy->publication = (cf_publication){
        .uid = put(&at, publication->uid),
        .channel = name_of(entry),
        .data = put(&at, publication->data),
        .client = put(&at, publication->client),
    };
    if (info != NULL) {
        copy->info = put_info(&at, info);
        copy->publication.info = &copy->info;
    }
    return copy;
}

static bool grow_ring(channel *entry)
{
    const cf_allocator *allocator = entry->engine->allocator;
    size_t capacity = entry->capacity == 0 ? 4 : entry->capacity * 2;
    message **ring = cf_alloc_zero(allocator, capacity, sizeof(message *));
    if (ring == NULL)
        return false;
    for (size_t i = 0; i < entry->count; i++)
        ring[i] = entry->ring[(entry->first + i) % entry->capacity];
    cf_free(allocator, entry->ring);
    entry->ring = ring;
    entry->capacity = capacity;
    entry->first = 0;
    return true;
}

static void drop_oldest(channel *entry)
{
    cf_free(entry->engine->allocator, entry->ring[entry->first]);
    entry->first = (entry->first + 1) % entry->capacity;
    entry->count--;
}

static void keep_history(channel *entry, int64_t lifetime)
{
    cf_time now = entry->engine->now;
    entry->has_history = true;
    cf_wheel_set(entry->engine->wheel, &entry->expiry,
                 lifetime > CF_TIME_NEVER / 1000 ? CF_TIME_NEVER : cf_time_after(now, lifetime * 1000));
}

static bool store(channel *entry, const cf_publication *publication, const cf_channel_options *options)
{
    message *copy = copy_message(entry, publication);
    if (copy == NULL)
        return false;
    while (entry->count > 0 && (uint64_t)entry->count >= (uint64_t)options->history_size)
        drop_oldest(entry);
    if (entry->count == entry->capacity && !grow_ring(entry)) {
        cf_free(entry->engine->allocator, copy);
        return false;
    }
    entry->ring[(entry->first + entry->count) % entry->capacity] = copy;
    entry->count++;
    keep_history(entry, options->history_lifetime);
    return true;
}

static bool has_history(const cf_channel_options *options)
{
    return options != NULL && options->history_size > 0 && options->history_lifetime > 0;
}

/* Server-spec.md 2.16: with history_drop_inactive only where somebody listens, or did lately. */
static bool remember(memory_engine *engine, const cf_publication *publication, const cf_channel_options *options)
{
    if (!has_history(options))
        return true;
    channel *entry = find(engine, publication->channel);
    if (options->history_drop_inactive && (entry == NULL || (!entry->subscribed && !entry->has_history)))
        return true;
    if (entry == NULL)
        entry = find_or_add(engine, publication->channel);
    if (entry == NULL)
        return false;
    bool stored = store(entry, publication, options);
    settle(entry);
    return stored;
}

static void publish(cf_engine *base, const cf_publication *publication, const cf_channel_options *options, cf_engine_done done,
                    void *user)
{
    memory_engine *engine = of(base);
    if (!remember(engine, publication, options)) {
        done(user, CF_ENGINE_NO_MEMORY);
        return;
    }
    engine->sink.message(engine->sink.user, publication);
    done(user, CF_ENGINE_OK);
}

static void publish_join_leave(cf_engine *base, cf_method method, cf_bytes name, const cf_client_info *info,
                               cf_engine_done done, void *user)
{
    memory_engine *engine = of(base);
    engine->sink.join_leave(engine->sink.user, method, name, info);
    done(user, CF_ENGINE_OK);
}

static const message *newest(const channel *entry, size_t index)
{
    return entry->ring[(entry->first + entry->count - 1 - index) % entry->capacity];
}

/* How many of the newest messages the query wants. */
static size_t wanted(const channel *entry, const cf_engine_history_query *query, bool *found)
{
    size_t count = entry->count;
    for (size_t i = 0; query->recover && i < entry->count; i++) {
        if (cf_bytes_equal(newest(entry, i)->publication.uid, query->since)) {
            *found = true;
            count = i;
            break;
        }
    }
    return query->limit > 0 && query->limit < count ? query->limit : count;
}

static void history(cf_engine *base, cf_bytes name, const cf_engine_history_query *query, cf_engine_history_done done,
                    void *user)
{
    memory_engine *engine = of(base);
    const channel *entry = find(engine, name);
    bool found = false;
    size_t count = entry == NULL ? 0 : wanted(entry, query, &found);
    if (count == 0) {
        done(user, CF_ENGINE_OK, NULL, 0, found);
        return;
    }
    cf_publication *publications = cf_alloc_zero(engine->allocator, count, sizeof *publications);
    if (publications == NULL) {
        done(user, CF_ENGINE_NO_MEMORY, NULL, 0, false);
        return;
    }
    for (size_t i = 0; i < count; i++)
        publications[i] = newest(entry, i)->publication;
    done(user, CF_ENGINE_OK, publications, count, found);
    cf_free(engine->allocator, publications);
}

/* ---- subscriptions ------------------------------------------------------- */

static void subscribe(cf_engine *base, cf_bytes name, cf_engine_done done, void *user)
{
    channel *entry = find_or_add(of(base), name);
    if (entry != NULL)
        entry->subscribed = true;
    done(user, entry == NULL ? CF_ENGINE_NO_MEMORY : CF_ENGINE_OK);
}

static void unsubscribe(cf_engine *base, cf_bytes name, const cf_channel_options *options, cf_engine_done done, void *user)
{
    channel *entry = find(of(base), name);
    if (entry != NULL) {
        entry->subscribed = false;
        if (has_history(options) && options->history_drop_inactive && !entry->has_history)
            keep_history(entry, options->history_lifetime);
        settle(entry);
    }
    done(user, CF_ENGINE_OK);
}

static void channels(cf_engine *base, cf_engine_channels_done done, void *user)
{
    memory_engine *engine = of(base);
    cf_bytes *names = cf_alloc_zero(engine->allocator, cf_map_count(&engine->channels) + 1, sizeof *names);
    if (names == NULL) {
        done(user, CF_ENGINE_NO_MEMORY, NULL, 0);
        return;
    }
    size_t count = 0;
    for (cf_map_node *node = engine->channels.head; node != NULL; node = cf_map_next(node)) {
        const channel *entry = CF_CONTAINER(node, channel, node);
        if (entry->subscribed)
            names[count++] = name_of(entry);
    }
    done(user, CF_ENGINE_OK, names, count);
    cf_free(engine->allocator, names);
}

/* ---- presence ------------------------------------------------------------ */

static member *copy_member(const memory_engine *engine, const cf_client_info *info)
{
    member *copy = cf_alloc_zero(engine->allocator, 1, sizeof *copy + info_size(info));
    if (copy == NULL)
        return NULL;
    char *at = copy->text;
    copy->info = put_info(&at, info);
    return copy;
}

static bool same_info(const cf_client_info *a, const cf_client_info *b)
{
    return cf_bytes_equal(a->user, b->user) && cf_bytes_equal(a->default_info, b->default_info) &&
           cf_bytes_equal(a->channel_info, b->channel_info);
}

static void remove_member(channel *entry, cf_bytes client)
{
    cf_map_node *node = entry->present == NULL ? NULL : cf_map_find(entry->present, client);
    if (node == NULL)
        return;
    cf_map_remove(entry->present, node);
    cf_free(entry->engine->allocator, CF_CONTAINER(node, member, node));
    if (cf_map_count(entry->present) == 0)
        clear_presence(entry);
}

static bool ensure_presence(channel *entry)
{
    memory_engine *engine = entry->engine;
    if (entry->present != NULL)
        return true;
    entry->present = cf_alloc(engine->allocator, sizeof *entry->present);
    if (entry->present == NULL)
        return false;
    cf_map_init(entry->present, engine->allocator, engine->seed);
    return true;
}

static bool add_member(channel *entry, const cf_client_info *info)
{
    cf_map_node *node = entry->present == NULL ? NULL : cf_map_find(entry->present, info->client);
    if (node != NULL && same_info(&CF_CONTAINER(node, member, node)->info, info))
        return true;
    member *copy = copy_member(entry->engine, info);
    if (copy == NULL)
        return false;
    remove_member(entry, info->client);
    if (ensure_presence(entry) && cf_map_add(entry->present, &copy->node, copy->info.client))
        return true;
    cf_free(entry->engine->allocator, copy);
    if (entry->present != NULL && cf_map_count(entry->present) == 0)
        clear_presence(entry);
    return false;
}

/* Nobody expires here: a session that ends takes its presence along (server-spec.md 2.15). */
static void presence_add(cf_engine *base, cf_bytes name, const cf_client_info *info, int64_t expire_s, cf_engine_done done,
                         void *user)
{
    channel *entry = find_or_add(of(base), name);
    (void)expire_s;
    bool added = entry != NULL && add_member(entry, info);
    if (entry != NULL)
        settle(entry);
    done(user, added ? CF_ENGINE_OK : CF_ENGINE_NO_MEMORY);
}

static void presence_remove(cf_engine *base, cf_bytes name, cf_bytes client, cf_engine_done done, void *user)
{
    channel *entry = find(of(base), name);
    if (entry != NULL) {
        remove_member(entry, client);
        settle(entry);
    }
    done(user, CF_ENGINE_OK);
}

static int by_client(const void *a, const void *b)
{
    return cf_bytes_compare(((const cf_client_info *)a)->client, ((const cf_client_info *)b)->client);
}

static void presence(cf_engine *base, cf_bytes name, cf_engine_presence_done done, void *user)
{
    memory_engine *engine = of(base);
    const channel *entry = find(engine, name);
    if (entry == NULL || entry->present == NULL) {
        done(user, CF_ENGINE_OK, NULL, 0);
        return;
    }
    cf_client_info *infos = cf_alloc_zero(engine->allocator, cf_map_count(entry->present), sizeof *infos);
    if (infos == NULL) {
        done(user, CF_ENGINE_NO_MEMORY, NULL, 0);
        return;
    }
    size_t count = 0;
    for (cf_map_node *node = entry->present->head; node != NULL; node = cf_map_next(node))
        infos[count++] = CF_CONTAINER(node, member, node)->info;
    qsort(infos, count, sizeof *infos, by_client);
    done(user, CF_ENGINE_OK, infos, count);
    cf_free(engine->allocator, infos);
}

/* ---- the engine itself --------------------------------------------------- */

static cf_time advance(cf_engine *base, cf_time now)
{
    memory_engine *engine = of(base);
    engine->now = now;
    cf_wheel_advance(engine->wheel, now);
    return cf_wheel_next(engine->wheel);
}

static void destroy(cf_engine *base)
{
    memory_engine *engine = of(base);
    while (engine->channels.head != NULL) {
        channel *entry = CF_CONTAINER(engine->channels.head, channel, node);
        entry->subscribed = false;
        clear_presence(entry);
        clear_history(entry);
        settle(entry);
    }
    cf_map_free(&engine->channels);
    cf_wheel_free(engine->wheel);
    cf_free(engine->allocator, engine);
}

static const cf_engine_ops ops = {
    .name = "In memory \xe2\x80\x93 single node only",
    .takes_back_at_once = true,
    .publish = publish,
    .publish_join_leave = publish_join_leave,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .presence_add = presence_add,
    .presence_remove = presence_remove,
    .presence = presence,
    .history = history,
    .channels = channels,
    .advance = advance,
    .destroy = destroy,
};

cf_engine *cf_engine_memory_new(const cf_engine_host *host)
{
    const cf_allocator *allocator = host->environment->allocator;
    memory_engine *engine = cf_alloc_zero(allocator, 1, sizeof *engine);
    if (engine == NULL)
        return NULL;
    engine->base.ops = &ops;
    engine->allocator = allocator;
    engine->sink = *host->sink;
    engine->seed = host->seed;
    engine->now = host->now;
    engine->wheel = cf_wheel_new(allocator, host->now);
    if (engine->wheel == NULL) {
        cf_free(allocator, engine);
        return NULL;
    }
    cf_map_init(&engine->channels, allocator, host->seed);
    return &engine->base;
}

#include "server/engine/shared/copy.h"
#include "server/engine/shared/state.h"

#include <stdio.h>

/* What the worker's node asks for: where the channel is at home here, its store does it at once. */

static bool is_at_home(const cf_shared *self, cf_bytes channel)
{
    return cf_team_home(self->member->team, channel) == self->member;
}

/* NULL: the caller was told. */
static cf_errand *make(cf_shared *self, const cf_errand_kind *kind, size_t size, char **at, cf_engine_done done, void *user)
{
    cf_engine_status why;
    cf_errand *made = cf_errand_new(self, kind, size, at, &why);
    if (made == NULL) {
        done(user, why);
        return NULL;
    }
    made->callback.done = done;
    made->user = user;
    return made;
}

static void set_options(cf_errand *errand, const cf_channel_options *options)
{
    errand->has_options = options != NULL;
    if (options != NULL)
        errand->options = *options;
}

static void send_home(cf_shared *self, cf_errand *errand)
{
    cf_team_member *home = cf_team_home(self->member->team, errand->channel);
    if (home == self->member)
        errand->kind->carry_out(errand, self);
    else
        cf_errand_send(self, errand, home);
}

/* One that has only a channel and one more text. */
static cf_errand *make_for(cf_shared *self, const cf_errand_kind *kind, cf_bytes channel, size_t more, char **at,
                           cf_engine_done done, void *user)
{
    cf_errand *made = make(self, kind, channel.size + more, at, done, user);
    if (made != NULL)
        made->channel = cf_copy_bytes(at, channel);
    return made;
}

/* ---- messages ------------------------------------------------------------- */

static void publish(cf_engine *base, const cf_publication *publication, const cf_channel_options *options, cf_engine_done done,
                    void *user)
{
    cf_shared *self = cf_shared_of(base);
    char *at;
    if (is_at_home(self, publication->channel) && !cf_home_has_others(self, publication->channel)) {
        self->store->ops->publish(self->store, publication, options, done, user);
        return;
    }
    cf_errand *errand = make(self, &cf_errand_publish, cf_copy_size_of_publication(publication), &at, done, user);
    if (errand == NULL)
        return;
    errand->publication = cf_copy_publication(&at, publication, &errand->info);
    errand->channel = errand->publication.channel;
    set_options(errand, options);
    send_home(self, errand);
}

/*
 * Who comes hears of himself before his answer, and who goes while he is still there: they are told here at once, unless the
 * way leads through a store that others use, too.
 */
static void publish_join_leave(cf_engine *base, cf_method method, cf_bytes channel, const cf_client_info *info,
                               cf_engine_done done, void *user)
{
    cf_shared *self = cf_shared_of(base);
    char *at;
    if (is_at_home(self, channel) && !cf_home_has_others(self, channel)) {
        self->store->ops->publish_join_leave(self->store, method, channel, info, done, user);
        return;
    }
    cf_errand *errand = make_for(self, &cf_errand_join_leave, channel, cf_copy_size_of_info(info), &at, done, user);
    if (errand == NULL)
        return;
    errand->method = method;
    errand->info = cf_copy_info(&at, info);
    errand->is_told = !is_at_home(self, channel) && self->ops.control == NULL;
    if (errand->is_told)
        self->sink.join_leave(self->sink.user, method, channel, info);
    send_home(self, errand);
}

/* ---- subscriptions -------------------------------------------------------- */

static void subscribe(cf_engine *base, cf_bytes channel, cf_engine_done done, void *user)
{
    cf_shared *self = cf_shared_of(base);
    char *at;
    if (!is_at_home(self, channel)) {
        cf_errand *errand = make_for(self, &cf_errand_subscribe, channel, 0, &at, done, user);
        if (errand != NULL)
            send_home(self, errand);
        return;
    }
    if (cf_home_add_listener(self, channel, self->member->index))
        self->store->ops->subscribe(self->store, channel, done, user);
    else
        done(user, CF_ENGINE_NO_MEMORY);
}

static void unsubscribe(cf_engine *base, cf_bytes channel, const cf_channel_options *options, cf_engine_done done, void *user)
{
    cf_shared *self = cf_shared_of(base);
    char *at;
    if (!is_at_home(self, channel)) {
        cf_errand *errand = make_for(self, &cf_errand_unsubscribe, channel, 0, &at, done, user);
        if (errand == NULL)
            return;
        set_options(errand, options);
        send_home(self, errand);
    } else if (cf_home_remove_listener(self, channel, self->member->index)) {
        self->store->ops->unsubscribe(self->store, channel, options, done, user);
    } else {
        done(user, CF_ENGINE_OK);
    }
}

/* ---- presence and history ------------------------------------------------- */

static void presence_add(cf_engine *base, cf_bytes channel, const cf_client_info *info, int64_t expire_s, cf_engine_done done,
                         void *user)
{
    cf_shared *self = cf_shared_of(base);
    char *at;
    if (is_at_home(self, channel)) {
        self->store->ops->presence_add(self->store, channel, info, expire_s, done, user);
        return;
    }
    cf_errand *errand = make_for(self, &cf_errand_presence_add, channel, cf_copy_size_of_info(info), &at, done, user);
    if (errand == NULL)
        return;
    errand->info = cf_copy_info(&at, info);
    errand->expire_s = expire_s;
    send_home(self, errand);
}

static void presence_remove(cf_engine *base, cf_bytes channel, cf_bytes client, cf_engine_done done, void *user)
{
    cf_shared *self = cf_shared_of(base);
    char *at;
    if (is_at_home(self, channel)) {
        self->store->ops->presence_remove(self->store, channel, client, done, user);
        return;
    }
    cf_errand *errand = make_for(self, &cf_errand_presence_remove, channel, client.size, &at, done, user);
    if (errand == NULL)
        return;
    errand->info.client = cf_copy_bytes(&at, client);
    send_home(self, errand);
}

static void presence(cf_engine *base, cf_bytes channel, cf_engine_presence_done done, void *user)
{
    cf_shared *self = cf_shared_of(base);
    cf_engine_status why;
    char *at;
    if (is_at_home(self, channel)) {
        self->store->ops->presence(self->store, channel, done, user);
        return;
    }
    cf_errand *errand = cf_errand_new(self, &cf_errand_presence, channel.size, &at, &why);
    if (errand == NULL) {
        done(user, why, NULL, 0);
        return;
    }
    errand->channel = cf_copy_bytes(&at, channel);
    errand->callback.presence = done;
    errand->user = user;
    send_home(self, errand);
}

static void history(cf_engine *base, cf_bytes channel, const cf_engine_history_query *query, cf_engine_history_done done,
                    void *user)
{
    cf_shared *self = cf_shared_of(base);
    cf_engine_status why;
    char *at;
    if (is_at_home(self, channel)) {
        self->store->ops->history(self->store, channel, query, done, user);
        return;
    }
    cf_errand *errand = cf_errand_new(self, &cf_errand_history, channel.size + query->since.size, &at, &why);
    if (errand == NULL) {
        done(user, why, NULL, 0, false);
        return;
    }
    errand->channel = cf_copy_bytes(&at, channel);
    errand->query = *query;
    errand->query.since = cf_copy_bytes(&at, query->since);
    errand->callback.history = done;
    errand->user = user;
    send_home(self, errand);
}

/* ---- what concerns all ----------------------------------------------------- */

/* A store that others use, too, knows of all. */
static void channels(cf_engine *base, cf_engine_channels_done done, void *user)
{
    cf_shared *self = cf_shared_of(base);
    cf_engine_status why;
    char *at;
    if (self->ops.control != NULL) {
        self->store->ops->channels(self->store, done, user);
        return;
    }
    cf_errand *errand = cf_errand_new(self, &cf_errand_channels, 0, &at, &why);
    if (errand == NULL) {
        done(user, why, NULL, 0);
        return;
    }
    errand->callback.channels = done;
    errand->user = user;
    errand->kind->carry_out(errand, self);
}

static size_t channel_count(const cf_engine *base)
{
    const cf_shared *self = (const cf_shared *)(const void *)base; /* its first member */
    return cf_map_count(&self->channels);
}

/* By the first worker's store: so they keep their order. */
static void send_first(cf_shared *self, cf_errand *errand)
{
    if (cf_team_is_first(self->member))
        errand->kind->carry_out(errand, self);
    else
        cf_errand_send(self, errand, &self->member->team->members[0]);
}

static void control(cf_engine *base, const cf_engine_control *message, cf_engine_done done, void *user)
{
    cf_shared *self = cf_shared_of(base);
    char *at;
    size_t size = message->node.size + message->method.size + message->params.size;
    cf_errand *errand = make(self, &cf_errand_control, size, &at, done, user);
    if (errand == NULL)
        return;
    errand->control = (cf_engine_control){
        .node = cf_copy_bytes(&at, message->node),
        .method = cf_copy_bytes(&at, message->method),
        .params = cf_copy_bytes(&at, message->params),
    };
    send_first(self, errand);
}

static void watch(cf_engine *base, cf_bytes message, cf_engine_done done, void *user)
{
    cf_shared *self = cf_shared_of(base);
    char *at;
    cf_errand *errand = make(self, &cf_errand_watch, message.size, &at, done, user);
    if (errand == NULL)
        return;
    errand->control.params = cf_copy_bytes(&at, message);
    send_first(self, errand);
}

static bool is_healthy(const cf_engine *base)
{
    const cf_shared *self = (const cf_shared *)(const void *)base; /* its first member */
    return self->store->ops->is_healthy(self->store);
}

/* ---- the engine itself ----------------------------------------------------- */

static cf_time advance(cf_engine *base, cf_time now)
{
    cf_shared *self = cf_shared_of(base);
    if (self->lost != 0)
        cf_home_tell_lost(self);
    return self->store->ops->advance(self->store, now);
}

static void destroy(cf_engine *base)
{
    cf_shared *self = cf_shared_of(base);
    if (self->store != NULL)
        self->store->ops->destroy(self->store);
    cf_errand_give_up_all(self);
    cf_home_free(self);
    self->member->engine = NULL;
    cf_free(self->allocator, self);
}

static const cf_engine_ops ops = {
    .publish = publish,
    .publish_join_leave = publish_join_leave,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .presence_add = presence_add,
    .presence_remove = presence_remove,
    .presence = presence,
    .history = history,
    .channels = channels,
    .channel_count = channel_count,
    .advance = advance,
    .destroy = destroy,
};

/* What the store cannot do, nobody may ask for. */
static void follow_store(cf_shared *self)
{
    const cf_engine_ops *of_store = self->store->ops;
    self->ops.name = of_store->name;
    self->ops.control = of_store->control == NULL ? NULL : control;
    self->ops.watch = of_store->watch == NULL ? NULL : watch;
    self->ops.is_healthy = of_store->is_healthy == NULL ? NULL : is_healthy;
}

/* What comes by the store for the whole process, the first worker takes: commands so keep the order of their queue. */
static cf_config config_of(const cf_shared *self, const cf_config *config)
{
    cf_config copy = *config;
    bool first = cf_team_is_first(self->member);
    copy.redis_api = config->redis_api && first;
    copy.admin = config->admin && first;
    copy.web = config->web && first;
    return copy;
}

/* Each store is a node of its own to the others who use it: what it sends to itself comes to no other. */
static cf_engine *make_store(cf_shared *self, const cf_engine_host *host, cf_engine_maker maker)
{
    char name[CF_UUID_SIZE + 16];
    cf_engine_host inner = *host;
    cf_engine_sink sink = cf_home_sink(self);
    cf_config config = config_of(self, host->config);
    int size = snprintf(name, sizeof name, "%.*s.%u", (int)host->node.size, host->node.data, self->member->index);
    inner.sink = &sink;
    inner.config = &config;
    inner.node = cf_bytes_make(name, (size_t)size);
    return maker(&inner);
}

cf_engine *cf_engine_shared_new(const cf_engine_host *host, cf_engine_maker store)
{
    const cf_allocator *allocator = host->environment->allocator;
    cf_shared *self = cf_alloc_zero(allocator, 1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->ops = ops;
    self->base.ops = &self->ops;
    self->member = host->environment->member;
    self->allocator = allocator;
    self->sink = *host->sink;
    cf_map_init(&self->channels, allocator, host->seed);
    cf_list_init(&self->under_way);
    self->store = make_store(self, host, store);
    if (self->store == NULL) {
        destroy(&self->base);
        return NULL;
    }
    follow_store(self);
    self->member->engine = &self->base;
    return &self->base;
}

#include "store.h"

#include <stdlib.h>
#include <string.h>

#define FAILURES   60 /* of 1000 operations, in a seed where they fail */
#define CALM_DELAY 20 /* ms */

typedef enum operation_kind {
    PUBLISH,
    JOIN_LEAVE,
    SUBSCRIBE,
    UNSUBSCRIBE,
    PRESENCE_ADD,
    PRESENCE_REMOVE,
    PRESENCE,
    HISTORY,
    CHANNELS,
    CONTROL
} operation_kind;

typedef enum fate { GOOD, LOST, UNHEARD /* carried out, but the answer says that it failed */ } fate;

typedef enum stage { ASKED, ANSWERED, STREAMED } stage;

/* Something on its way: to the store, back from it, or in its stream. Which members count depends on its kind. */
typedef struct operation {
    cf_list link;
    struct store *store;
    operation_kind kind;
    stage stage;
    fate fate;
    cf_time at; /* when it arrives */
    cf_method method;
    cf_bytes channel;
    cf_client_info info;
    cf_publication publication;
    cf_engine_control control;
    cf_channel_options options;
    bool has_options;
    int64_t expire_s;
    cf_engine_history_query query;
    cf_engine_done done;
    cf_engine_presence_done presence_done;
    cf_engine_history_done history_done;
    cf_engine_channels_done channels_done;
    void *user;
    /* the answer */
    cf_engine_status status;
    cf_client_info *infos;
    cf_publication *publications;
    cf_bytes *names;
    size_t count;
    bool found;
    cf_list texts; /* copies of all that slices of it lead to */
} operation;

typedef struct text {
    cf_list link;
    char data[];
} text;

/* What the nodes' engines have in common. */
typedef struct database {
    cf_engine *memory;
    struct store *stores[SIM_NODES_MAX]; /* of each node; NULL: it is gone */
} database;

/* One node's engine. */
typedef struct store {
    cf_engine base;
    cf_engine_ops ops;
    database *database;
    unsigned index; /* in database->stores */
    sim_server *server;
    cf_engine_sink sink;
    sim_random random;
    int64_t delay_max; /* ms */
    cf_list operations;
    cf_time now;
} store;

static store *of(cf_engine *engine)
{
    return CF_CONTAINER(engine, store, base);
}

/* ---- copies -------------------------------------------------------------- */

static void *room(operation *op, size_t size)
{
    text *copy = sim_alloc(sizeof(*copy) + size + 1);
    cf_list_append(&op->texts, &copy->link);
    return copy->data;
}

static cf_bytes copy_bytes(operation *op, cf_bytes bytes)
{
    char *copy = room(op, bytes.size);
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    return cf_bytes_make(bytes.data == NULL ? NULL : copy, bytes.size);
}

static cf_client_info copy_info(operation *op, const cf_client_info *info)
{
    return (cf_client_info){
        .user = copy_bytes(op, info->user),
        .client = copy_bytes(op, info->client),
        .default_info = copy_bytes(op, info->default_info),
        .channel_info = copy_bytes(op, info->channel_info),
    };
}

static cf_publication copy_publication(operation *op, const cf_publication *publication)
{
    cf_publication copy = {
        .uid = copy_bytes(op, publication->uid),
        .channel = copy_bytes(op, publication->channel),
        .data = copy_bytes(op, publication->data),
        .client = copy_bytes(op, publication->client),
    };
    if (publication->info != NULL) {
        cf_client_info *info = room(op, sizeof(*info));
        *info = copy_info(op, publication->info);
        copy.info = info;
    }
    return copy;
}

static cf_engine_control copy_control(operation *op, const cf_engine_control *control)
{
    return (cf_engine_control){
        .node = copy_bytes(op, control->node),
        .method = copy_bytes(op, control->method),
        .params = copy_bytes(op, control->params),
    };
}

static void free_operation(operation *op)
{
    cf_list *link;
    cf_list_remove(&op->link);
    while ((link = cf_list_take(&op->texts)) != NULL)
        free(CF_CONTAINER(link, text, link));
    free(op);
}

/* ---- when ---------------------------------------------------------------- */

static int64_t delay(store *self)
{
    int64_t most = self->server->world->calm ? CALM_DELAY : self->delay_max;
    bool slow = sim_random_chance(&self->random, 200);
    return 1 + (int64_t)sim_random_below(&self->random, (unsigned)(slow ? most : most / 10 + 1));
}

/* Does it keep the order of this channel? An answer waits for what the stream has, too, but not the other way round. */
static bool is_ahead(const operation *other, const operation *op)
{
    bool same = other->stage == op->stage || (op->stage == ANSWERED && other->stage == STREAMED);
    return same && cf_bytes_equal(other->channel, op->channel);
}

/* Of the same connection. */
static bool is_publish_before(const operation *other, const operation *op)
{
    return other->kind == PUBLISH && is_ahead(other, op) && op->publication.client.size > 0 &&
           cf_bytes_equal(other->publication.client, op->publication.client);
}

static bool is_to_overtake(const store *self, const operation *op)
{
    bool behind = false;
    CF_LIST_EACH (link, &self->operations)
        behind = behind || is_publish_before(CF_CONTAINER(link, operation, link), op);
    return behind && op->kind == PUBLISH && op->stage == ASKED && sim_sabotage_now(self->server->world, SIM_SABOTAGE_OVERTAKE);
}

/* Not before what has to arrive before it. */
static cf_time in_order(const store *self, const operation *op, cf_time at)
{
    if (is_to_overtake(self, op))
        return self->now;
    CF_LIST_EACH (link, &self->operations) {
        const operation *other = CF_CONTAINER(link, operation, link);
        if (is_ahead(other, op) && other->at > at)
            at = other->at;
    }
    return at;
}

static void send(store *self, operation *op, stage next)
{
    op->stage = next;
    op->at = in_order(self, op, cf_time_after(self->now, delay(self)));
    cf_list_append(&self->operations, &op->link);
}

static fate choose_fate(store *self)
{
    const sim_world *world = self->server->world;
    if (world->calm || !world->scenario.failing || !sim_random_chance(&self->random, FAILURES))
        return GOOD;
    return sim_random_chance(&self->random, 500) ? LOST : UNHEARD;
}

static operation *begin(cf_engine *engine, operation_kind kind, cf_bytes channel, void *user)
{
    operation *op = sim_alloc(sizeof(*op));
    op->store = of(engine);
    op->kind = kind;
    cf_list_init(&op->texts);
    op->channel = copy_bytes(op, channel);
    op->user = user;
    return op;
}

static void ask(operation *op)
{
    op->fate = choose_fate(op->store);
    send(op->store, op, ASKED);
}

/* ---- the node's side: what it asks for ------------------------------------ */

static void publish(cf_engine *engine, const cf_publication *publication, const cf_channel_options *options,
                    cf_engine_done done, void *user)
{
    operation *op = begin(engine, PUBLISH, publication->channel, user);
    op->publication = copy_publication(op, publication);
    op->options = *options;
    op->done = done;
    ask(op);
}

static void publish_join_leave(cf_engine *engine, cf_method method, cf_bytes channel, const cf_client_info *info,
                               cf_engine_done done, void *user)
{
    operation *op = begin(engine, JOIN_LEAVE, channel, user);
    op->method = method;
    op->info = copy_info(op, info);
    op->done = done;
    ask(op);
}

static void subscribe(cf_engine *engine, cf_bytes channel, cf_engine_done done, void *user)
{
    operation *op = begin(engine, SUBSCRIBE, channel, user);
    op->done = done;
    ask(op);
}

static void unsubscribe(cf_engine *engine, cf_bytes channel, const cf_channel_options *options, cf_engine_done done, void *user)
{
    operation *op = begin(engine, UNSUBSCRIBE, channel, user);
    op->has_options = options != NULL;
    if (options != NULL)
        op->options = *options;
    op->done = done;
    ask(op);
}

static void presence_add(cf_engine *engine, cf_bytes channel, const cf_client_info *info, int64_t expire_s, cf_engine_done done,
                         void *user)
{
    operation *op = begin(engine, PRESENCE_ADD, channel, user);
    op->info = copy_info(op, info);
    op->expire_s = expire_s;
    op->done = done;
    ask(op);
}

static void presence_remove(cf_engine *engine, cf_bytes channel, cf_bytes client, cf_engine_done done, void *user)
{
    operation *op = begin(engine, PRESENCE_REMOVE, channel, user);
    op->info.client = copy_bytes(op, client);
    op->done = done;
    ask(op);
}

static void presence(cf_engine *engine, cf_bytes channel, cf_engine_presence_done done, void *user)
{
    operation *op = begin(engine, PRESENCE, channel, user);
    op->presence_done = done;
    ask(op);
}

static void history(cf_engine *engine, cf_bytes channel, const cf_engine_history_query *query, cf_engine_history_done done,
                    void *user)
{
    operation *op = begin(engine, HISTORY, channel, user);
    op->query = *query;
    op->query.since = copy_bytes(op, query->since);
    op->history_done = done;
    ask(op);
}

static void channels(cf_engine *engine, cf_engine_channels_done done, void *user)
{
    operation *op = begin(engine, CHANNELS, CF_BYTES(""), user);
    op->channels_done = done;
    ask(op);
}

static void control(cf_engine *engine, const cf_engine_control *control, cf_engine_done done, void *user)
{
    operation *op = begin(engine, CONTROL, CF_BYTES(""), user);
    op->control = copy_control(op, control);
    op->done = done;
    ask(op);
}

/* ---- the store's side: what it answers ------------------------------------ */

static void take_done(void *user, cf_engine_status status)
{
    ((operation *)user)->status = status;
}

static void take_presence(void *user, cf_engine_status status, const cf_client_info *infos, size_t count)
{
    operation *op = user;
    op->status = status;
    op->infos = room(op, count * sizeof(*infos));
    op->count = count;
    for (size_t i = 0; i < count; i++)
        op->infos[i] = copy_info(op, &infos[i]);
}

static void take_history(void *user, cf_engine_status status, const cf_publication *publications, size_t count, bool found)
{
    operation *op = user;
    op->status = status;
    op->publications = room(op, count * sizeof(*publications));
    op->count = count;
    op->found = found;
    for (size_t i = 0; i < count; i++)
        op->publications[i] = copy_publication(op, &publications[i]);
}

static void take_channels(void *user, cf_engine_status status, const cf_bytes *names, size_t count)
{
    operation *op = user;
    op->status = status;
    op->names = room(op, count * sizeof(*names));
    op->count = count;
    for (size_t i = 0; i < count; i++)
        op->names[i] = copy_bytes(op, names[i]);
}

static bool is_heard(const store *self, cf_bytes name)
{
    const sim_channel *channel = sim_ledger_find(&self->server->world->ledger, name);
    return channel != NULL && channel->listening[self->index];
}

static bool others_listen(const operation *op)
{
    for (unsigned i = 0; i < SIM_NODES_MAX; i++) {
        const store *other = op->store->database->stores[i];
        if (other != NULL && other != op->store && is_heard(other, op->channel))
            return true;
    }
    return false;
}

/* The memory engine knows one node: the first that listens, and the last. */
static void set_listening(operation *op, bool listening)
{
    cf_engine *memory = op->store->database->memory;
    sim_channel *channel = sim_ledger_find(&op->store->server->world->ledger, op->channel);
    if (others_listen(op))
        op->status = CF_ENGINE_OK;
    else if (listening)
        memory->ops->subscribe(memory, op->channel, take_done, op);
    else
        memory->ops->unsubscribe(memory, op->channel, op->has_options ? &op->options : NULL, take_done, op);
    if (channel != NULL && op->status == CF_ENGINE_OK)
        channel->listening[op->store->index] = listening;
}

/* To all nodes, the one that says it, too. */
static void stream_control(const operation *said)
{
    for (unsigned i = 0; i < SIM_NODES_MAX; i++) {
        store *to = said->store->database->stores[i];
        if (to == NULL)
            continue;
        operation *op = begin(&to->base, CONTROL, CF_BYTES(""), NULL);
        op->control = copy_control(op, &said->control);
        send(to, op, STREAMED);
    }
}

static void carry_out(operation *op)
{
    cf_engine *memory = op->store->database->memory;
    const cf_engine_ops *ops = memory->ops;
    switch (op->kind) {
    case PUBLISH:
        ops->publish(memory, &op->publication, &op->options, take_done, op);
        break;
    case JOIN_LEAVE:
        ops->publish_join_leave(memory, op->method, op->channel, &op->info, take_done, op);
        break;
    case SUBSCRIBE:
        set_listening(op, true);
        break;
    case UNSUBSCRIBE:
        set_listening(op, false);
        break;
    case PRESENCE_ADD:
        ops->presence_add(memory, op->channel, &op->info, op->expire_s, take_done, op);
        break;
    case PRESENCE_REMOVE:
        ops->presence_remove(memory, op->channel, op->info.client, take_done, op);
        break;
    case PRESENCE:
        ops->presence(memory, op->channel, take_presence, op);
        break;
    case HISTORY:
        ops->history(memory, op->channel, &op->query, take_history, op);
        break;
    case CHANNELS:
        ops->channels(memory, take_channels, op);
        break;
    case CONTROL:
        stream_control(op);
        break;
    }
}

static void note_failure(const operation *op)
{
    sim_world *world = op->store->server->world;
    if (op->kind == UNSUBSCRIBE)
        sim_met(world, SIM_SITUATION_STORE_UNSUBSCRIBE);
    else if (op->kind == PRESENCE_REMOVE)
        sim_met(world, SIM_SITUATION_STORE_PRESENCE);
    else if (op->kind == HISTORY)
        sim_met(world, SIM_SITUATION_STORE_HISTORY);
    sim_note(world, "store: operation %d on %.*s fails%s", (int)op->kind, (int)op->channel.size, op->channel.data,
             op->fate == UNHEARD ? ", but is carried out" : "");
}

/* It has arrived at the store. */
static void work(operation *op)
{
    if (op->fate != LOST)
        carry_out(op);
    if (op->fate != GOOD) {
        note_failure(op);
        op->status = CF_ENGINE_UNAVAILABLE;
        op->count = 0;
        op->found = false;
    }
    send(op->store, op, ANSWERED);
}

/* Its answer has arrived at the node. */
static void answer(const operation *op)
{
    if (op->kind == PRESENCE)
        op->presence_done(op->user, op->status, op->infos, op->count);
    else if (op->kind == HISTORY)
        op->history_done(op->user, op->status, op->publications, op->count, op->found);
    else if (op->kind == CHANNELS)
        op->channels_done(op->user, op->status, op->names, op->count);
    else
        op->done(op->user, op->status);
}

/* ---- the stream ----------------------------------------------------------- */

void sim_store_stream(cf_engine *engine, const cf_publication *publication)
{
    for (unsigned i = 0; i < SIM_NODES_MAX; i++) {
        store *to = of(engine)->database->stores[i];
        if (to == NULL || !is_heard(to, publication->channel))
            continue;
        operation *op = begin(&to->base, PUBLISH, publication->channel, NULL);
        op->publication = copy_publication(op, publication);
        send(to, op, STREAMED);
    }
}

void sim_store_stream_join(cf_engine *engine, cf_method method, cf_bytes channel, const cf_client_info *info)
{
    for (unsigned i = 0; i < SIM_NODES_MAX; i++) {
        store *to = of(engine)->database->stores[i];
        if (to == NULL || !is_heard(to, channel))
            continue;
        operation *op = begin(&to->base, JOIN_LEAVE, channel, NULL);
        op->method = method;
        op->info = copy_info(op, info);
        send(to, op, STREAMED);
    }
}

static void hand_out(const operation *op)
{
    const cf_engine_sink *sink = &op->store->sink;
    if (op->kind == CONTROL) {
        if (!sim_sabotage_always(op->store->server->world, SIM_SABOTAGE_DEAF_NODE))
            sink->control(sink->user, &op->control);
        return;
    }
    if (op->kind == JOIN_LEAVE) {
        sink->join_leave(sink->user, op->method, op->channel, &op->info);
        return;
    }
    sim_channel *channel = sim_ledger_find(&op->store->server->world->ledger, op->channel);
    channel->handed[op->store->index] = sim_ledger_number(channel, op->publication.uid);
    sink->message(sink->user, &op->publication);
}

/* ---- the engine itself ----------------------------------------------------- */

/* The next to arrive; of those of one moment the one that was sent first. NULL: nothing is on its way. */
static operation *next_of(const store *self)
{
    operation *next = NULL;
    CF_LIST_EACH (link, &self->operations) {
        operation *op = CF_CONTAINER(link, operation, link);
        if (next == NULL || op->at < next->at)
            next = op;
    }
    return next;
}

static void arrive(operation *op)
{
    cf_list_remove(&op->link);
    if (op->stage == ASKED) {
        work(op);
        return;
    }
    if (op->stage == ANSWERED)
        answer(op);
    else
        hand_out(op);
    free_operation(op);
}

static cf_time advance(cf_engine *engine, cf_time now)
{
    store *self = of(engine);
    operation *op;
    self->now = now;
    cf_engine *memory = self->database->memory;
    cf_time wake = memory->ops->advance(memory, now);
    while ((op = next_of(self)) != NULL && op->at <= now)
        arrive(op);
    return op != NULL && op->at < wake ? op->at : wake;
}

static void destroy(cf_engine *engine)
{
    store *self = of(engine);
    while (!cf_list_empty(&self->operations))
        free_operation(CF_CONTAINER(self->operations.next, operation, link));
    database *shared = self->database;
    shared->stores[self->index] = NULL;
    if (shared->stores[1 - self->index] == NULL) {
        shared->memory->ops->destroy(shared->memory);
        free(shared);
    }
    free(self);
}

static const cf_engine_ops ops = {
    .name = "late",
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

static store *new_store(sim_server *server, database *shared, unsigned index, const cf_engine_sink *sink)
{
    static const int64_t delays[] = {10, 10, 100, 1000, 5000};
    store *self = sim_alloc(sizeof(*self));
    self->ops = ops;
    if (server->world->scenario.pair)
        self->ops.control = control;
    self->base.ops = &self->ops;
    self->database = shared;
    self->index = index;
    self->server = server;
    self->sink = *sink;
    self->random = sim_random_fork(&server->random);
    self->delay_max = SIM_PICK(&self->random, delays);
    self->now = server->world->now;
    cf_list_init(&self->operations);
    for (size_t i = 0; i < server->world->ledger.count; i++)
        server->world->ledger.channels[i].listening[index] = false;
    shared->stores[index] = self;
    return self;
}

cf_engine *sim_store_new(sim_server *server, cf_engine *memory, const cf_engine_sink *sink)
{
    database *shared = sim_alloc(sizeof(*shared));
    shared->memory = memory;
    return &new_store(server, shared, 0, sink)->base;
}

cf_engine *sim_store_join(cf_engine *first, const cf_engine_sink *sink)
{
    return &new_store(of(first)->server, of(first)->database, 1, sink)->base;
}

cf_time sim_store_next(cf_engine *engine)
{
    cf_time next = CF_TIME_NEVER;
    for (unsigned i = 0; i < SIM_NODES_MAX; i++) {
        const store *self = of(engine)->database->stores[i];
        const operation *op = self == NULL ? NULL : next_of(self);
        if (op != NULL && op->at < next)
            next = op->at;
    }
    return next;
}

#include "server/test/slow_engine.h"

#include <stdlib.h>
#include <string.h>

typedef enum kind {
    PUBLISH,
    JOIN_LEAVE,
    SUBSCRIBE,
    UNSUBSCRIBE,
    PRESENCE_ADD,
    PRESENCE_REMOVE,
    PRESENCE,
    HISTORY,
    CHANNELS
} kind;

/* An operation with copies of all that it was given; which members count depends on the kind. */
typedef struct operation {
    struct operation *next;
    kind kind;
    cf_method method;
    cf_bytes channel;
    cf_bytes client;
    cf_publication publication;
    cf_client_info info;
    cf_channel_options options;
    bool has_options;
    cf_engine_history_query query;
    cf_engine_done done;
    cf_engine_presence_done presence_done;
    cf_engine_history_done history_done;
    cf_engine_channels_done channels_done;
    void *user;
    char *texts[12];
    size_t text_count;
} operation;

typedef struct slow_engine {
    cf_engine base;
    cf_engine *memory;
    const cf_server_environment *environment;
    operation *first;
    operation **last;
    bool hurry;
} slow_engine;

static cf_bytes copy(operation *op, cf_bytes bytes)
{
    char *text = malloc(bytes.size + 1);
    if (bytes.size > 0)
        memcpy(text, bytes.data, bytes.size);
    op->texts[op->text_count++] = text;
    return cf_bytes_make(text, bytes.size);
}

static void copy_info(operation *op, const cf_client_info *info)
{
    op->info = (cf_client_info){copy(op, info->user), copy(op, info->client), copy(op, info->default_info),
                                copy(op, info->channel_info)};
}

static operation *begin(kind what, cf_bytes channel, void *user)
{
    operation *op = calloc(1, sizeof *op);
    op->kind = what;
    op->channel = copy(op, channel);
    op->user = user;
    return op;
}

static void free_operation(operation *op)
{
    for (size_t i = 0; i < op->text_count; i++)
        free(op->texts[i]);
    free(op);
}

static slow_engine *of(cf_engine *engine)
{
    return (slow_engine *)(void *)engine;
}

static void queue(cf_engine *engine, operation *op)
{
    slow_engine *self = of(engine);
    *self->last = op;
    self->last = &op->next;
    if (self->hurry)
        slow_engine_answer_all(engine);
}

static void publish(cf_engine *engine, const cf_publication *publication, const cf_channel_options *options,
                    cf_engine_done done, void *user)
{
    operation *op = begin(PUBLISH, publication->channel, user);
    op->publication = (cf_publication){copy(op, publication->uid), op->channel, copy(op, publication->data),
                                       copy(op, publication->client), NULL};
    if (publication->info != NULL) {
        copy_info(op, publication->info);
        op->publication.info = &op->info;
    }
    op->options = *options;
    op->done = done;
    queue(engine, op);
}

static void publish_join_leave(cf_engine *engine, cf_method method, cf_bytes channel, const cf_client_info *info,
                               cf_engine_done done, void *user)
{
    operation *op = begin(JOIN_LEAVE, channel, user);
    op->method = method;
    copy_info(op, info);
    op->done = done;
    queue(engine, op);
}

static void subscribe(cf_engine *engine, cf_bytes channel, cf_engine_done done, void *user)
{
    operation *op = begin(SUBSCRIBE, channel, user);
    op->done = done;
    queue(engine, op);
}

static void unsubscribe(cf_engine *engine, cf_bytes channel, const cf_channel_options *options, cf_engine_done done, void *user)
{
    operation *op = begin(UNSUBSCRIBE, channel, user);
    op->has_options = options != NULL;
    if (options != NULL)
        op->options = *options;
    op->done = done;
    queue(engine, op);
}

static void presence_add(cf_engine *engine, cf_bytes channel, const cf_client_info *info, int64_t expire_s, cf_engine_done done,
                         void *user)
{
    operation *op = begin(PRESENCE_ADD, channel, user);
    (void)expire_s;
    copy_info(op, info);
    op->done = done;
    queue(engine, op);
}

static void presence_remove(cf_engine *engine, cf_bytes channel, cf_bytes client, cf_engine_done done, void *user)
{
    operation *op = begin(PRESENCE_REMOVE, channel, user);
    op->client = copy(op, client);
    op->done = done;
    queue(engine, op);
}

static void presence(cf_engine *engine, cf_bytes channel, cf_engine_presence_done done, void *user)
{
    operation *op = begin(PRESENCE, channel, user);
    op->presence_done = done;
    queue(engine, op);
}

static void history(cf_engine *engine, cf_bytes channel, const cf_engine_history_query *query, cf_engine_history_done done,
                    void *user)
{
    operation *op = begin(HISTORY, channel, user);
    op->query = *query;
    op->query.since = copy(op, query->since);
    op->history_done = done;
    queue(engine, op);
}

static void channels(cf_engine *engine, cf_engine_channels_done done, void *user)
{
    operation *op = begin(CHANNELS, CF_BYTES(""), user);
    op->channels_done = done;
    queue(engine, op);
}

static cf_time advance(cf_engine *engine, cf_time now)
{
    return of(engine)->memory->ops->advance(of(engine)->memory, now);
}

static void destroy(cf_engine *engine)
{
    slow_engine *self = of(engine);
    while (self->first != NULL) {
        operation *op = self->first;
        self->first = op->next;
        free_operation(op);
    }
    self->memory->ops->destroy(self->memory);
    free(self);
}

static const cf_engine_ops ops = {
    .name = "slow",
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

cf_engine *slow_engine_new(const cf_engine_host *host)
{
    cf_engine *memory = cf_engine_memory_new(host);
    if (memory == NULL)
        return NULL;
    slow_engine *self = calloc(1, sizeof *self);
    self->base.ops = &ops;
    self->memory = memory;
    self->environment = host->environment;
    self->last = &self->first;
    return &self->base;
}

size_t slow_engine_waiting(cf_engine *engine)
{
    size_t count = 0;
    for (const operation *op = of(engine)->first; op != NULL; op = op->next)
        count++;
    return count;
}

static void fail(const operation *op, cf_engine_status status)
{
    if (op->kind == PRESENCE)
        op->presence_done(op->user, status, NULL, 0);
    else if (op->kind == HISTORY)
        op->history_done(op->user, status, NULL, 0, false);
    else if (op->kind == CHANNELS)
        op->channels_done(op->user, status, NULL, 0);
    else
        op->done(op->user, status);
}

static void carry_out(cf_engine *memory, const operation *op)
{
    switch (op->kind) {
    case PUBLISH:
        memory->ops->publish(memory, &op->publication, &op->options, op->done, op->user);
        break;
    case JOIN_LEAVE:
        memory->ops->publish_join_leave(memory, op->method, op->channel, &op->info, op->done, op->user);
        break;
    case SUBSCRIBE:
        memory->ops->subscribe(memory, op->channel, op->done, op->user);
        break;
    case UNSUBSCRIBE:
        memory->ops->unsubscribe(memory, op->channel, op->has_options ? &op->options : NULL, op->done, op->user);
        break;
    case PRESENCE_ADD:
        memory->ops->presence_add(memory, op->channel, &op->info, 60, op->done, op->user);
        break;
    case PRESENCE_REMOVE:
        memory->ops->presence_remove(memory, op->channel, op->client, op->done, op->user);
        break;
    case PRESENCE:
        memory->ops->presence(memory, op->channel, op->presence_done, op->user);
        break;
    case HISTORY:
        memory->ops->history(memory, op->channel, &op->query, op->history_done, op->user);
        break;
    case CHANNELS:
        memory->ops->channels(memory, op->channels_done, op->user);
        break;
    }
}

static operation *take(slow_engine *self, operation **place)
{
    operation *op = *place;
    *place = op->next;
    if (op->next == NULL)
        self->last = place;
    return op;
}

static void answer(slow_engine *self, operation *op, cf_engine_status status)
{
    self->environment->enter(self->environment->user);
    if (status == CF_ENGINE_OK)
        carry_out(self->memory, op);
    else
        fail(op, status);
    free_operation(op);
}

void slow_engine_answer(cf_engine *engine, cf_engine_status status)
{
    slow_engine *self = of(engine);
    if (self->first != NULL)
        answer(self, take(self, &self->first), status);
}

void slow_engine_answer_channel(cf_engine *engine, cf_bytes channel)
{
    slow_engine *self = of(engine);
    operation **place = &self->first;
    while (*place != NULL && !cf_bytes_equal((*place)->channel, channel))
        place = &(*place)->next;
    if (*place != NULL)
        answer(self, take(self, place), CF_ENGINE_OK);
}

void slow_engine_answer_all(cf_engine *engine)
{
    while (of(engine)->first != NULL)
        slow_engine_answer(engine, CF_ENGINE_OK);
}

void slow_engine_hurry(cf_engine *engine)
{
    of(engine)->hurry = true;
    slow_engine_answer_all(engine);
}

#include "server/engine/redis/test/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/test/allocator.h"
#include "server/engine/redis/command.h"
#include "server/engine/redis/encode.h"

enum { TOPICS_MAX = 16, TOPIC_SIZE = 64, DELAY_MAX = 30 };

/* Bytes on their way. */
typedef struct parcel {
    cf_list link;
    cf_time at;
    size_t size;
    char data[];
} parcel;

typedef struct model_socket {
    cf_list link;
    model_node *node;
    cf_redis_line *line;
    bool open;
    cf_time opens_at;
    cf_list to_redis;
    cf_list to_node;
    redisReader *reader;
    char topics[TOPICS_MAX][TOPIC_SIZE];
    size_t topic_count;
} model_socket;

static test_allocator memory; /* of what is written here: nothing fails */

uint32_t model_random(model *self, uint32_t limit)
{
    self->seed ^= self->seed << 13;
    self->seed ^= self->seed >> 17;
    self->seed ^= self->seed << 5;
    return self->seed % limit;
}

/* ---- parcels -------------------------------------------------------------- */

static parcel *first_of(cf_list *list)
{
    return cf_list_empty(list) ? NULL : CF_CONTAINER(list->next, parcel, link);
}

/* A connection keeps the order of what is sent on it. */
static void post(model *self, cf_list *list, cf_bytes bytes)
{
    parcel *sent = malloc(sizeof *sent + bytes.size);
    CF_ASSERT(sent != NULL);
    sent->at = self->now + 1 + (cf_time)model_random(self, DELAY_MAX);
    if (!cf_list_empty(list))
        sent->at = cf_time_later(sent->at, CF_CONTAINER(list->previous, parcel, link)->at);
    sent->size = bytes.size;
    memcpy(sent->data, bytes.data, bytes.size);
    cf_list_append(list, &sent->link);
}

static void drop_all(cf_list *list)
{
    cf_list *link;
    while ((link = cf_list_take(list)) != NULL)
        free(CF_CONTAINER(link, parcel, link));
}

static void free_socket(model_socket *gone)
{
    cf_list_remove(&gone->link);
    drop_all(&gone->to_redis);
    drop_all(&gone->to_node);
    redisReaderFree(gone->reader);
    free(gone);
}

/* ---- the driver ------------------------------------------------------------- */

static void *open_socket(void *user, cf_redis_line *line, const char *host, int port, const char **why)
{
    model_node *node = user;
    (void)host;
    (void)port;
    if (node->model->now < node->model->refuses_until) {
        *why = "refused";
        return NULL;
    }
    model_socket *made = calloc(1, sizeof *made);
    CF_ASSERT(made != NULL);
    made->node = node;
    made->line = line;
    made->opens_at = node->model->now + (cf_time)model_random(node->model, DELAY_MAX);
    made->reader = redisReaderCreate();
    cf_list_init(&made->to_redis);
    cf_list_init(&made->to_node);
    cf_list_append(&node->model->sockets, &made->link);
    return made;
}

static bool send_bytes(void *user, cf_bytes bytes)
{
    model_socket *socket = user;
    post(socket->node->model, &socket->to_redis, bytes);
    return true;
}

/* What was sent before may still be carried out: Redis has read it, or has not. */
static void close_socket(void *user)
{
    model_socket *socket = user;
    socket->node->streams_lost += socket->topic_count > 0;
    socket->line = NULL;
    socket->topic_count = 0;
    if (model_random(socket->node->model, 2) == 0)
        drop_all(&socket->to_redis);
}

static void destroy(void *user)
{
    (void)user;
}

cf_redis_driver model_driver(model_node *node)
{
    return (cf_redis_driver){open_socket, send_bytes, close_socket, destroy, node};
}

/* ---- replies ------------------------------------------------------------------ */

static void reply(model_socket *socket, const char *text)
{
    post(socket->node->model, &socket->to_node, cf_bytes_of(text));
}

static void reply_number(model_socket *socket, size_t number)
{
    char text[32];
    (void)snprintf(text, sizeof text, ":%zu\r\n", number);
    reply(socket, text);
}

static void reply_list(model_socket *socket, const cf_bytes *items, size_t count)
{
    cf_allocator allocator = test_allocator_make(&memory);
    cf_buffer out;
    cf_buffer_init(&out, &allocator, CF_BUFFER_NO_LIMIT);
    cf_redis_begin(&out, count); /* a reply is written as a command is */
    for (size_t i = 0; i < count; i++)
        cf_redis_add(&out, items[i]);
    post(socket->node->model, &socket->to_node, cf_buffer_bytes(&out));
    cf_buffer_free(&out);
}

/* ---- what Redis does ------------------------------------------------------------ */

static cf_bytes text_of(const redisReply *argument)
{
    return cf_bytes_make(argument->str, argument->len);
}

static size_t index_of(cf_bytes name)
{
    size_t index = (size_t)(name.data[name.size - 1] - '0');
    CF_ASSERT(index < MODEL_CHANNELS);
    return index;
}

static bool hears(const model_socket *socket, cf_bytes topic)
{
    for (size_t i = 0; i < socket->topic_count; i++) {
        if (cf_bytes_equal(cf_bytes_of(socket->topics[i]), topic))
            return true;
    }
    return false;
}

static size_t publish(model *self, cf_bytes topic, cf_bytes payload)
{
    const cf_bytes push[] = {CF_BYTES("message"), topic, payload};
    size_t receivers = 0;
    CF_LIST_EACH (link, &self->sockets) {
        model_socket *socket = CF_CONTAINER(link, model_socket, link);
        if (!hears(socket, topic))
            continue;
        reply_list(socket, push, 3);
        receivers++;
    }
    return receivers;
}

static void take_message(model *self, cf_bytes payload)
{
    cf_publication publication;
    cf_client_info info;
    CF_ASSERT(cf_redis_read_message(payload, &publication, &info));
    model_channel *channel = &self->channels[index_of(publication.channel)];
    CF_ASSERT(channel->count < MODEL_MESSAGES);
    CF_ASSERT(cf_bytes_to_int64(publication.data, &channel->taken[channel->count]));
    channel->count++;
}

static void store(model_channel *channel, cf_bytes payload)
{
    free(channel->history[MODEL_HISTORY - 1]);
    memmove(&channel->history[1], &channel->history[0], (MODEL_HISTORY - 1) * sizeof channel->history[0]);
    memmove(&channel->sizes[1], &channel->sizes[0], (MODEL_HISTORY - 1) * sizeof channel->sizes[0]);
    channel->history[0] = malloc(payload.size);
    CF_ASSERT(channel->history[0] != NULL);
    memcpy(channel->history[0], payload.data, payload.size);
    channel->sizes[0] = payload.size;
}

static void do_publish(model_socket *socket, cf_bytes topic, cf_bytes payload)
{
    if (cf_bytes_find(topic, CF_BYTES(".message.")) >= 0)
        take_message(socket->node->model, payload);
    reply_number(socket, publish(socket->node->model, topic, payload));
}

static void do_presence(model_socket *socket, model_channel *channel)
{
    static const char *const clients[] = {"0", "1", "2"};
    static const cf_bytes infos[] = {CF_LITERAL("\x12\x01"
                                                "0"),
                                     CF_LITERAL("\x12\x01"
                                                "1"),
                                     CF_LITERAL("\x12\x01"
                                                "2")};
    cf_bytes items[2 * MODEL_NODES];
    size_t count = 0;
    for (size_t i = 0; i < MODEL_NODES; i++) {
        if (!channel->present[i])
            continue;
        items[count++] = cf_bytes_of(clients[i]);
        items[count++] = infos[i];
    }
    reply_list(socket, items, count);
}

static void do_script(model_socket *socket, cf_redis_script script, redisReply **arguments)
{
    model_channel *channel = &socket->node->model->channels[index_of(text_of(arguments[3]))];
    switch (script) {
    case CF_REDIS_SCRIPT_PUBLISH:
        store(channel, text_of(arguments[5]));
        do_publish(socket, text_of(arguments[6]), text_of(arguments[5]));
        break;
    case CF_REDIS_SCRIPT_PRESENCE_ADD:
        channel->present[arguments[6]->str[0] - '0'] = true;
        reply(socket, "$-1\r\n");
        break;
    case CF_REDIS_SCRIPT_PRESENCE_REMOVE:
        channel->present[arguments[5]->str[0] - '0'] = false;
        reply(socket, "$-1\r\n");
        break;
    case CF_REDIS_SCRIPT_PRESENCE:
        do_presence(socket, channel);
        break;
    case CF_REDIS_SCRIPT_COUNT:
        CF_ASSERT(false);
    }
}

static cf_redis_script script_of(cf_bytes digest)
{
    for (int i = 0; i < CF_REDIS_SCRIPT_COUNT; i++) {
        char text[CF_REDIS_DIGEST_SIZE];
        cf_redis_script_digest((cf_redis_script)i, text);
        if (cf_bytes_equal(cf_bytes_make(text, sizeof text), digest))
            return (cf_redis_script)i;
    }
    return CF_REDIS_SCRIPT_COUNT;
}

static void call_script(model_socket *socket, redisReply **arguments)
{
    cf_redis_script script = script_of(text_of(arguments[1]));
    CF_ASSERT(script != CF_REDIS_SCRIPT_COUNT);
    if (socket->node->model->loaded[script])
        do_script(socket, script, arguments);
    else
        reply(socket, "-NOSCRIPT No matching script.\r\n");
}

static void load_script(model_socket *socket, cf_bytes text)
{
    for (int i = 0; i < CF_REDIS_SCRIPT_COUNT; i++) {
        if (cf_bytes_equal(cf_redis_script_text((cf_redis_script)i), text))
            socket->node->model->loaded[i] = true;
    }
    reply(socket, "$1\r\nx\r\n");
}

static void do_subscribe(model_socket *socket, cf_bytes topic)
{
    const cf_bytes answer[] = {CF_BYTES("subscribe"), topic, CF_BYTES("1")};
    if (!hears(socket, topic)) {
        CF_ASSERT(socket->topic_count < TOPICS_MAX && topic.size < TOPIC_SIZE);
        memcpy(socket->topics[socket->topic_count], topic.data, topic.size);
        socket->topics[socket->topic_count++][topic.size] = 0;
    }
    reply_list(socket, answer, 3);
}

static void do_unsubscribe(model_socket *socket, cf_bytes topic)
{
    const cf_bytes answer[] = {CF_BYTES("unsubscribe"), topic, CF_BYTES("1")};
    for (size_t i = 0; i < socket->topic_count; i++) {
        if (!cf_bytes_equal(cf_bytes_of(socket->topics[i]), topic))
            continue;
        memcpy(socket->topics[i], socket->topics[--socket->topic_count], TOPIC_SIZE);
        break;
    }
    reply_list(socket, answer, 3);
}

static void do_history(model_socket *socket, const model_channel *channel)
{
    cf_bytes items[MODEL_HISTORY];
    size_t count = 0;
    while (count < MODEL_HISTORY && channel->history[count] != NULL) {
        items[count] = cf_bytes_make(channel->history[count], channel->sizes[count]);
        count++;
    }
    reply_list(socket, items, count);
}

static void work(model_socket *socket, const redisReply *command)
{
    redisReply **arguments = command->element;
    cf_bytes name = text_of(arguments[0]);
    if (cf_bytes_equal(name, CF_BYTES("PUBLISH")))
        do_publish(socket, text_of(arguments[1]), text_of(arguments[2]));
    else if (cf_bytes_equal(name, CF_BYTES("EVALSHA")))
        call_script(socket, arguments);
    else if (cf_bytes_equal(name, CF_BYTES("SCRIPT")))
        load_script(socket, text_of(arguments[2]));
    else if (cf_bytes_equal(name, CF_BYTES("LRANGE")))
        do_history(socket, &socket->node->model->channels[index_of(text_of(arguments[1]))]);
    for (size_t i = 1; i < command->elements && cf_bytes_equal(name, CF_BYTES("SUBSCRIBE")); i++)
        do_subscribe(socket, text_of(arguments[i]));
    for (size_t i = 1; i < command->elements && cf_bytes_equal(name, CF_BYTES("UNSUBSCRIBE")); i++)
        do_unsubscribe(socket, text_of(arguments[i]));
}

static void read_commands(model_socket *socket, const parcel *arrived)
{
    void *command = NULL;
    CF_ASSERT(redisReaderFeed(socket->reader, arrived->data, arrived->size) == REDIS_OK);
    while (redisReaderGetReply(socket->reader, &command) == REDIS_OK && command != NULL) {
        work(socket, command);
        freeReplyObject(command);
    }
}

/* ---- time -------------------------------------------------------------------------- */

static void cut(model_socket *socket)
{
    if (socket->line != NULL)
        cf_redis_line_lost(socket->line, "cut"); /* closes the socket */
}

/* In one piece, or in two. */
static void deliver_to_node(model_socket *socket, const parcel *arrived)
{
    cf_bytes bytes = cf_bytes_make(arrived->data, arrived->size);
    size_t first = model_random(socket->node->model, (uint32_t)arrived->size) + 1;
    if (socket->line != NULL)
        cf_redis_line_received(socket->line, cf_bytes_slice(bytes, 0, first));
    if (socket->line != NULL && first < bytes.size)
        cf_redis_line_received(socket->line, cf_bytes_slice(bytes, first, bytes.size));
}

/* One thing that is due; false: nothing is. */
static bool run_one(model *self, model_socket *socket)
{
    parcel *next = first_of(&socket->to_redis);
    bool up = next != NULL && next->at <= self->now;
    if (!up)
        next = first_of(&socket->to_node);
    if (next == NULL || next->at > self->now)
        return false;
    cf_list_remove(&next->link);
    if (up)
        read_commands(socket, next);
    else
        deliver_to_node(socket, next);
    free(next);
    return true;
}

static void run_socket(model *self, model_socket *socket)
{
    if (!socket->open && socket->line != NULL && socket->opens_at <= self->now) {
        socket->open = true;
        cf_redis_line_opened(socket->line);
    }
    while (run_one(self, socket))
        continue;
    if (socket->line == NULL && cf_list_empty(&socket->to_redis))
        free_socket(socket);
}

static void lose_newest(model_channel *channel)
{
    free(channel->history[0]);
    memmove(&channel->history[0], &channel->history[1], (MODEL_HISTORY - 1) * sizeof channel->history[0]);
    memmove(&channel->sizes[0], &channel->sizes[1], (MODEL_HISTORY - 1) * sizeof channel->sizes[0]);
    channel->history[MODEL_HISTORY - 1] = NULL;
}

/* A replica takes over: it has not heard of the last messages, nor of some who are present, and knows no scripts. */
static void fail_over(model *self)
{
    CF_LIST_EACH (link, &self->sockets) {
        model_socket *socket = CF_CONTAINER(link, model_socket, link);
        cut(socket);
        drop_all(&socket->to_redis);
    }
    for (size_t i = 0; i < MODEL_CHANNELS; i++) {
        model_channel *channel = &self->channels[i];
        for (uint32_t lost = model_random(self, MODEL_HISTORY + 1); lost > 0; lost--)
            lose_newest(channel);
        channel->present[model_random(self, MODEL_NODES)] = false;
    }
    memset(self->loaded, 0, sizeof self->loaded);
}

static void make_trouble(model *self)
{
    uint32_t what = model_random(self, 2000);
    CF_LIST_EACH (link, &self->sockets) {
        if (what < 3 || model_random(self, 3000) < 8)
            cut(CF_CONTAINER(link, model_socket, link));
    }
    if (what < 20 && what >= 10)
        memset(self->loaded, 0, sizeof self->loaded);
    if (what == 20)
        self->still_until = self->now + 15000;
    if (what == 22 || what == 23)
        fail_over(self);
    if (what == 21 || what < 2)
        self->refuses_until = self->now + 2500;
}

void model_run(model *self, cf_time now)
{
    self->now = now;
    if (!self->calm)
        make_trouble(self);
    if (now < self->still_until)
        return;
    for (cf_list *link = self->sockets.next, *next; link != &self->sockets; link = next) {
        next = link->next;
        run_socket(self, CF_CONTAINER(link, model_socket, link));
    }
}

void model_init(model *self, uint32_t seed)
{
    memset(self, 0, sizeof *self);
    self->seed = seed * 2654435761U + 1;
    cf_list_init(&self->sockets);
}

void model_free(model *self)
{
    while (!cf_list_empty(&self->sockets))
        free_socket(CF_CONTAINER(self->sockets.next, model_socket, link));
    for (size_t i = 0; i < MODEL_CHANNELS; i++)
        for (size_t j = 0; j < MODEL_HISTORY; j++)
            free(self->channels[i].history[j]);
}

#include "server/engine/redis/shard.h"

#include <string.h>

#include "server/engine/redis/command.h"
#include "server/engine/redis/encode.h"
#include "server/engine/redis/key.h"

#define TRIES_MAX         3
#define TOPICS_OF_CHANNEL 3

typedef struct heard_channel {
    cf_map_node node;
    bool listening; /* somebody was told that this node listens */
    bool torn;      /* messages may have been missed since */
    size_t name_size;
    char name[];
} heard_channel;

static cf_redis_operation *of(cf_list *link)
{
    return CF_CONTAINER(link, cf_redis_operation, link);
}

static heard_channel *channel_of(cf_map_node *node)
{
    return CF_CONTAINER(node, heard_channel, node);
}

static cf_bytes name_of(const heard_channel *channel)
{
    return cf_bytes_make(channel->name, channel->name_size);
}

/* ---- channels --------------------------------------------------------------- */

static heard_channel *find(const cf_redis_shard *shard, cf_bytes name)
{
    cf_map_node *node = cf_map_find(&shard->channels, name);
    return node == NULL ? NULL : channel_of(node);
}

static bool add_channel(cf_redis_shard *shard, cf_bytes name)
{
    if (find(shard, name) != NULL)
        return true;
    heard_channel *added = cf_alloc_zero(shard->common->allocator, 1, sizeof *added + name.size);
    if (added == NULL)
        return false;
    added->name_size = name.size;
    memcpy(added->name, name.data, name.size);
    if (cf_map_add(&shard->channels, &added->node, name_of(added)))
        return true;
    cf_free(shard->common->allocator, added);
    return false;
}

static void remove_channel(cf_redis_shard *shard, heard_channel *gone)
{
    cf_map_remove(&shard->channels, &gone->node);
    cf_free(shard->common->allocator, gone);
}

bool cf_redis_shard_listens(const cf_redis_shard *shard, cf_bytes channel)
{
    return cf_map_find(&shard->channels, channel) != NULL;
}

/* ---- commands on the stream ---------------------------------------------------- */

static void add_topics(cf_buffer *command, const cf_redis_shard *shard, cf_bytes channel)
{
    cf_redis_add_topic(command, shard->common->prefix, CF_REDIS_JOIN, channel);
    cf_redis_add_topic(command, shard->common->prefix, CF_REDIS_LEAVE, channel);
    cf_redis_add_topic(command, shard->common->prefix, CF_REDIS_MESSAGE, channel);
}

/* NULL without memory. `channel` is the operation's note. */
static cf_redis_operation *new_call(cf_redis_shard *shard, const char *name, cf_bytes channel)
{
    cf_buffer command;
    cf_buffer_init(&command, shard->common->allocator, CF_BUFFER_NO_LIMIT);
    cf_redis_begin(&command, 1 + TOPICS_OF_CHANNEL);
    cf_redis_add(&command, cf_bytes_of(name));
    add_topics(&command, shard, channel);
    cf_redis_operation *call = cf_redis_operation_new(shard, &command, channel);
    cf_buffer_free(&command);
    if (call != NULL)
        call->replies = TOPICS_OF_CHANNEL;
    return call;
}

static void send_call(cf_redis_shard *shard, cf_redis_operation *call)
{
    call->tries++;
    cf_buffer_append(&shard->stream.out, cf_bytes_make(call->text, call->size));
    cf_list_append(&shard->stream_calls, &call->link);
}

static void on_subscribed(cf_redis_operation *call, cf_engine_status status, const redisReply *reply)
{
    heard_channel *channel = find(call->shard, cf_redis_operation_note(call));
    (void)reply;
    if (channel != NULL && status == CF_ENGINE_OK)
        channel->listening = true;
    call->callback.done(call->user, status);
}

static void on_unsubscribed(cf_redis_operation *call, cf_engine_status status, const redisReply *reply)
{
    (void)status; /* a connection that is gone has unsubscribed, too */
    (void)reply;
    call->callback.done(call->user, CF_ENGINE_OK);
}

static void ignore(cf_redis_operation *call, cf_engine_status status, const redisReply *reply)
{
    (void)call;
    (void)status;
    (void)reply;
}

/* Where the stream is not there yet, opening it subscribes to all channels. */
static void wait_for_stream(cf_redis_shard *shard, cf_redis_operation *call)
{
    call->deadline = cf_time_after(shard->common->now, shard->place.connect_timeout);
    cf_list_append(&shard->subscribing, &call->link);
}

void cf_redis_shard_subscribe(cf_redis_shard *shard, cf_bytes channel, cf_engine_done done, void *user)
{
    cf_redis_operation *call = new_call(shard, "SUBSCRIBE", channel);
    if (call == NULL || !add_channel(shard, channel)) {
        if (call != NULL)
            cf_redis_operation_free(call);
        done(user, CF_ENGINE_NO_MEMORY);
        return;
    }
    call->answer = on_subscribed;
    call->callback.done = done;
    call->user = user;
    if (shard->stream.state == CF_REDIS_LINE_OPEN)
        send_call(shard, call);
    else
        wait_for_stream(shard, call);
}

void cf_redis_shard_unsubscribe(cf_redis_shard *shard, cf_bytes channel, cf_engine_done done, void *user)
{
    heard_channel *gone = find(shard, channel);
    bool is_open = shard->stream.state == CF_REDIS_LINE_OPEN;
    cf_redis_operation *call = gone != NULL && is_open ? new_call(shard, "UNSUBSCRIBE", channel) : NULL;
    if (gone != NULL && is_open && call == NULL) {
        done(user, CF_ENGINE_NO_MEMORY);
        return;
    }
    if (gone != NULL)
        remove_channel(shard, gone);
    if (call == NULL) {
        done(user, CF_ENGINE_OK);
        return;
    }
    call->answer = on_unsubscribed;
    call->callback.done = done;
    call->user = user;
    send_call(shard, call);
}

/* ---- all of them again ---------------------------------------------------------- */

/* `replies`: one for each topic. Frees the command. */
static bool send_batch(cf_redis_shard *shard, cf_buffer *command, size_t replies, cf_redis_answer answer)
{
    cf_redis_operation *call = cf_redis_operation_new(shard, command, (cf_bytes){NULL, 0});
    cf_buffer_free(command);
    if (call == NULL)
        return false;
    call->answer = answer;
    call->replies = replies;
    send_call(shard, call);
    return true;
}

/* Moves `*node` behind the last one of the batch. */
static bool send_channels(cf_redis_shard *shard, cf_map_node **node, size_t count)
{
    cf_buffer command;
    cf_buffer_init(&command, shard->common->allocator, CF_BUFFER_NO_LIMIT);
    cf_redis_begin(&command, 1 + TOPICS_OF_CHANNEL * count);
    cf_redis_add(&command, CF_BYTES("SUBSCRIBE"));
    for (size_t i = 0; i < count; i++, *node = cf_map_next(*node))
        add_topics(&command, shard, name_of(channel_of(*node)));
    return send_batch(shard, &command, TOPICS_OF_CHANNEL * count, ignore);
}

static bool send_all_channels(cf_redis_shard *shard)
{
    cf_map_node *node = shard->channels.head;
    for (size_t left = cf_map_count(&shard->channels), count; left > 0; left -= count) {
        count = left < CF_REDIS_BATCH ? left : CF_REDIS_BATCH;
        if (!send_channels(shard, &node, count))
            return false;
    }
    return true;
}

/* Who listened before the loss is told of it now, when it can be made good. */
static void tell_torn(cf_redis_shard *shard)
{
    const cf_engine_sink *sink = &shard->common->sink;
    for (cf_map_node *node = shard->channels.head; node != NULL; node = cf_map_next(node)) {
        heard_channel *channel = channel_of(node);
        if (channel->torn)
            sink->missed(sink->user, name_of(channel));
        channel->torn = false;
    }
}

static void on_ready(cf_redis_operation *call, cf_engine_status status, const redisReply *reply)
{
    cf_redis_shard *shard = call->shard;
    (void)reply;
    if (status != CF_ENGINE_OK)
        return;
    shard->stream_ready = true;
    cf_redis_line_is_good(&shard->stream);
    tell_torn(shard);
    while (!cf_list_empty(&shard->subscribing))
        cf_redis_shard_finish(of(shard->subscribing.next), CF_ENGINE_OK);
    cf_redis_shard_go_on(shard);
}

/* The last ones are the node's own: their answer says that all are there. */
static bool send_own_topics(cf_redis_shard *shard)
{
    bool watches = shard->common->watches;
    bool hears = shard->common->sink.control != NULL;
    size_t topics = 1 + (size_t)hears + (size_t)watches;
    cf_buffer command;
    cf_buffer_init(&command, shard->common->allocator, CF_BUFFER_NO_LIMIT);
    cf_redis_begin(&command, 1 + topics);
    cf_redis_add(&command, CF_BYTES("SUBSCRIBE"));
    if (hears)
        cf_redis_add_topic(&command, shard->common->prefix, CF_REDIS_CONTROL, CF_BYTES(""));
    if (watches)
        cf_redis_add_topic(&command, shard->common->prefix, CF_REDIS_ADMIN, CF_BYTES(""));
    cf_redis_add_topic(&command, shard->common->prefix, CF_REDIS_MARK, shard->common->node);
    return send_batch(shard, &command, topics, on_ready);
}

static void on_opened(cf_redis_line *line)
{
    cf_redis_shard *shard = CF_CONTAINER(line, cf_redis_shard, stream);
    if (!cf_redis_shard_greet(shard, line, &shard->stream_calls) || !send_all_channels(shard) || !send_own_topics(shard))
        cf_redis_line_give_up(line, "out of memory");
}

/* Subscribes are part of what opening the stream does; others are not needed any more. */
static void put_back(cf_redis_shard *shard)
{
    cf_list *link;
    while ((link = cf_list_take(&shard->stream_calls)) != NULL) {
        cf_redis_operation *call = of(link);
        if (call->answer == on_subscribed && call->tries < TRIES_MAX)
            wait_for_stream(shard, call);
        else
            cf_redis_shard_finish(call, CF_ENGINE_UNAVAILABLE);
    }
}

static void on_lost(cf_redis_line *line, const char *why)
{
    cf_redis_shard *shard = CF_CONTAINER(line, cf_redis_shard, stream);
    shard->stream_ready = false;
    cf_redis_shard_tell_lost(shard, why);
    for (cf_map_node *node = shard->channels.head; node != NULL; node = cf_map_next(node)) {
        heard_channel *channel = channel_of(node);
        channel->torn = channel->torn || channel->listening;
    }
    put_back(shard);
    shard->mark_come = shard->mark_sent; /* nothing more comes of the old stream */
    cf_redis_shard_go_on(shard);
}

/* ---- what streams in ------------------------------------------------------------- */

static void take_message(const cf_redis_shard *shard, cf_bytes payload)
{
    const cf_engine_sink *sink = &shard->common->sink;
    cf_publication publication;
    cf_client_info info;
    if (cf_redis_read_message(payload, &publication, &info))
        sink->message(sink->user, &publication);
}

static void take_join_leave(const cf_redis_shard *shard, cf_method method, cf_bytes payload)
{
    const cf_engine_sink *sink = &shard->common->sink;
    cf_bytes channel;
    cf_client_info info;
    if (cf_redis_read_join_leave(payload, &channel, &info))
        sink->join_leave(sink->user, method, channel, &info);
}

static void take_control(const cf_redis_shard *shard, cf_bytes payload)
{
    const cf_engine_sink *sink = &shard->common->sink;
    cf_engine_control control;
    if (cf_redis_read_control(payload, &control))
        sink->control(sink->user, &control);
}

static void take_watched(const cf_redis_shard *shard, cf_bytes payload)
{
    const cf_engine_sink *sink = &shard->common->sink;
    cf_engine_control shown;
    if (cf_redis_read_control(payload, &shown) && cf_bytes_equal(shown.method, CF_BYTES("message")))
        sink->watched(sink->user, shown.params);
}

static void take_mark(cf_redis_shard *shard, cf_bytes payload)
{
    int64_t mark;
    if (!cf_bytes_to_int64(payload, &mark) || mark <= shard->mark_come || mark > shard->mark_sent)
        return;
    shard->mark_come = mark;
    cf_redis_shard_go_on(shard);
}

static void take(cf_redis_shard *shard, cf_bytes topic, cf_bytes payload)
{
    cf_bytes rest;
    switch (cf_redis_topic_of(topic, shard->common->prefix, &rest)) {
    case CF_REDIS_MESSAGE:
        take_message(shard, payload);
        break;
    case CF_REDIS_JOIN:
        take_join_leave(shard, CF_METHOD_JOIN, payload);
        break;
    case CF_REDIS_LEAVE:
        take_join_leave(shard, CF_METHOD_LEAVE, payload);
        break;
    case CF_REDIS_CONTROL:
        take_control(shard, payload);
        break;
    case CF_REDIS_ADMIN:
        take_watched(shard, payload);
        break;
    case CF_REDIS_MARK:
        take_mark(shard, payload);
        break;
    case CF_REDIS_TOPIC_COUNT:
        break;
    }
}

static cf_bytes text_of(const redisReply *reply)
{
    return cf_bytes_make(reply->str, reply->type == REDIS_REPLY_STRING ? reply->len : 0);
}

static bool is_message(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
           cf_bytes_equal(text_of(reply->element[0]), CF_BYTES("message"));
}

static void take_answer(cf_redis_shard *shard, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR || cf_list_empty(&shard->stream_calls)) {
        cf_redis_line_give_up(&shard->stream,
                              reply->type == REDIS_REPLY_ERROR ? reply->str : "an answer came that nobody asked for");
        return;
    }
    cf_redis_operation *call = of(shard->stream_calls.next);
    if (!shard->stream_ready && cf_redis_is_replica(reply)) {
        cf_redis_line_give_up(&shard->stream, "it is no master");
        return;
    }
    call->replies--;
    if (call->replies == 0)
        cf_redis_shard_finish(call, CF_ENGINE_OK);
}

static void on_reply(cf_redis_line *line, redisReply **reply)
{
    cf_redis_shard *shard = CF_CONTAINER(line, cf_redis_shard, stream);
    if (is_message(*reply))
        take(shard, text_of((*reply)->element[1]), text_of((*reply)->element[2]));
    else
        take_answer(shard, *reply);
}

/* ---- its life ----------------------------------------------------------------------- */

void cf_redis_stream_init(cf_redis_shard *shard, uint32_t seed)
{
    static const cf_redis_line_ops ops = {on_opened, on_reply, on_lost};
    cf_redis_common *common = shard->common;
    cf_list_init(&shard->stream_calls);
    cf_list_init(&shard->subscribing);
    cf_map_init(&shard->channels, common->allocator, seed);
    cf_redis_line_init(&shard->stream, &ops, &common->driver, &shard->place, common->allocator, common->now);
}

void cf_redis_stream_free(cf_redis_shard *shard)
{
    cf_redis_line_free(&shard->stream);
    while (shard->channels.head != NULL)
        remove_channel(shard, channel_of(shard->channels.head));
    cf_map_free(&shard->channels);
}

cf_time cf_redis_stream_advance(cf_redis_shard *shard, cf_time now)
{
    if (!cf_list_empty(&shard->stream_calls) || shard->mark_come < shard->mark_sent)
        cf_redis_line_expect(&shard->stream);
    cf_time next = cf_redis_line_advance(&shard->stream, now);
    cf_redis_line_flush(&shard->stream);
    return cf_time_earlier(next, cf_redis_shard_fail_late(shard, &shard->subscribing));
}

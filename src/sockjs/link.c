#include "sockjs/link.h"

/* A transport's patience, from the round trip of the info: as sockjs-client counts it. In ms. */
#define SLOW_ROUND_TRIP 100
#define SLOW_FACTOR     4
#define FAST_ADDITION   300
#define TRANSPORT_TRIPS 2 /* to open one */

void cf_sockjs_link_init(cf_sockjs_link *link, const cf_sockjs_transport *transports, size_t count, size_t unsent_max,
                         const cf_allocator *allocator)
{
    *link =
        (cf_sockjs_link){.transports = transports, .count = count, .state = CF_SOCKJS_LINK_CLOSED, .deadline = CF_TIME_NEVER};
    cf_buffer_init(&link->scratch, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&link->unsent, allocator, unsent_max);
    cf_buffer_init(&link->outgoing, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&link->reason, allocator, CF_BUFFER_NO_LIMIT);
}

void cf_sockjs_link_free(cf_sockjs_link *link)
{
    cf_buffer_free(&link->scratch);
    cf_buffer_free(&link->unsent);
    cf_buffer_free(&link->outgoing);
    cf_buffer_free(&link->reason);
}

/* ---- from one state to the next ---- */

static void close_link(cf_sockjs_link *link, int64_t code, cf_bytes reason)
{
    if (link->state == CF_SOCKJS_LINK_CLOSING || link->state == CF_SOCKJS_LINK_CLOSED)
        return;
    link->state = CF_SOCKJS_LINK_CLOSING;
    link->deadline = CF_TIME_NEVER;
    link->stop = true;
    link->ask = link->tell_opened = link->has_messages = false;
    link->code = code;
    cf_buffer_append(&link->reason, reason);
}

static void stop_transport(cf_sockjs_link *link)
{
    link->state = CF_SOCKJS_LINK_STOPPING;
    link->deadline = CF_TIME_NEVER;
    link->stop = true;
}

/* Before it opened, another one is tried; after that the connection is lost. */
static void fail_transport(cf_sockjs_link *link, int64_t code, cf_bytes reason)
{
    if (link->state == CF_SOCKJS_LINK_OPENING)
        stop_transport(link);
    else if (link->state == CF_SOCKJS_LINK_OPEN)
        close_link(link, code, reason);
}

static bool is_possible(const cf_sockjs_link *link, cf_sockjs_transport transport)
{
    return transport != CF_SOCKJS_WEBSOCKET || !link->without_sockets;
}

static cf_sockjs_transport transport_of(const cf_sockjs_link *link)
{
    return link->transports[link->tried - 1];
}

static void open_next(cf_sockjs_link *link, cf_time now)
{
    while (link->tried < link->count && !is_possible(link, link->transports[link->tried]))
        link->tried++;
    if (link->tried == link->count) {
        close_link(link, CF_SOCKJS_CODE_NO_TRANSPORTS, CF_BYTES("no SockJS transport could be opened"));
        return;
    }
    link->tried++;
    link->state = CF_SOCKJS_LINK_OPENING;
    link->receiving = link->sending = false;
    link->fresh = true;
    link->deadline = cf_time_after(now, link->patience);
}

/* ---- the info ---- */

void cf_sockjs_link_start(cf_sockjs_link *link, cf_time now)
{
    link->state = CF_SOCKJS_LINK_ASKING;
    link->ask = true;
    link->asked_at = now;
    link->deadline = cf_time_after(now, CF_SOCKJS_INFO_TIMEOUT);
}

typedef struct info {
    bool websocket;
} info;

static const cf_json_field info_fields[] = {
    {"websocket", CF_JSON_FIELD_BOOL, offsetof(info, websocket)},
};

static bool read_info(cf_sockjs_link *link, cf_bytes body)
{
    info server = {.websocket = true};
    cf_json_reader reader;
    cf_json_reader_init(&reader, body);
    cf_buffer_clear(&link->scratch);
    if (body.data == NULL || !cf_buffer_reserve(&link->scratch, body.size) || cf_json_peek(&reader) != CF_JSON_OBJECT)
        return false;
    if (!cf_json_read_fields(&reader, info_fields, sizeof(info_fields) / sizeof(info_fields[0]), false, &server,
                             &link->scratch) ||
        !cf_json_finish(&reader))
        return false;
    link->without_sockets = !server.websocket;
    return true;
}

static int64_t patience_of(int64_t round_trip)
{
    int64_t one = round_trip > SLOW_ROUND_TRIP ? SLOW_FACTOR * round_trip : FAST_ADDITION + round_trip;
    return TRANSPORT_TRIPS * one;
}

void cf_sockjs_link_info(cf_sockjs_link *link, cf_bytes body, cf_time now)
{
    if (link->state != CF_SOCKJS_LINK_ASKING)
        return;
    link->patience = patience_of(now - link->asked_at);
    if (read_info(link, body))
        open_next(link, now);
    else
        close_link(link, CF_SOCKJS_CODE_NO_SERVER, CF_BYTES("no SockJS server: its /info is no answer, or not one of SockJS"));
}

/* ---- what comes ---- */

static void on_open(cf_sockjs_link *link)
{
    if (link->state == CF_SOCKJS_LINK_OPEN) {
        close_link(link, CF_SOCKJS_CODE_LOST, CF_BYTES("the SockJS server has forgotten the session"));
        return;
    }
    link->state = CF_SOCKJS_LINK_OPEN;
    link->deadline = CF_TIME_NEVER;
    link->tell_opened = true;
}

static bool is_of_application(int64_t code)
{
    return code == 1000 || (code >= 3000 && code <= 4999);
}

static void on_close(cf_sockjs_link *link)
{
    link->by_server = link->state == CF_SOCKJS_LINK_OPEN || is_of_application(link->frame.code);
    if (link->by_server)
        close_link(link, link->frame.code, link->frame.reason);
    else
        stop_transport(link);
}

static void on_messages(cf_sockjs_link *link)
{
    link->has_messages = link->state == CF_SOCKJS_LINK_OPEN;
    if (!link->has_messages)
        fail_transport(link, CF_SOCKJS_CODE_NO_SERVER, CF_BYTES("")); /* none may come before it is open */
}

void cf_sockjs_link_received(cf_sockjs_link *link, cf_bytes frame)
{
    if (link->state != CF_SOCKJS_LINK_OPENING && link->state != CF_SOCKJS_LINK_OPEN)
        return;
    link->framed = true;
    cf_sockjs_read_frame(&link->frame, frame, &link->scratch);
    switch (link->frame.kind) {
    case CF_SOCKJS_FRAME_OPEN:
        on_open(link);
        break;
    case CF_SOCKJS_FRAME_HEARTBEAT:
        break;
    case CF_SOCKJS_FRAME_MESSAGES:
        on_messages(link);
        break;
    case CF_SOCKJS_FRAME_CLOSE:
        on_close(link);
        break;
    case CF_SOCKJS_FRAME_BAD:
        fail_transport(link, CF_SOCKJS_CODE_NO_SERVER, CF_BYTES("what the SockJS server sent is no frame"));
        break;
    }
}

/* An answer without a frame is none of SockJS: asking again and again would never end. */
void cf_sockjs_link_ended(cf_sockjs_link *link, bool well)
{
    link->receiving = false;
    if (!well || !link->framed || link->state == CF_SOCKJS_LINK_OPENING)
        fail_transport(link, CF_SOCKJS_CODE_LOST, CF_BYTES("the SockJS transport has ended"));
}

void cf_sockjs_link_sent(cf_sockjs_link *link, bool well)
{
    link->sending = false;
    if (!well)
        fail_transport(link, CF_SOCKJS_CODE_LOST, CF_BYTES("the SockJS server did not take a message"));
}

void cf_sockjs_link_stopped(cf_sockjs_link *link, cf_time now)
{
    if (link->state == CF_SOCKJS_LINK_STOPPING)
        open_next(link, now);
    if (link->state != CF_SOCKJS_LINK_CLOSING)
        return;
    link->state = CF_SOCKJS_LINK_CLOSED;
    link->stop = false; /* no transport was left, so there is nothing to stop */
    link->tell_closed = true;
}

/* ---- what the user does ---- */

bool cf_sockjs_link_send(cf_sockjs_link *link, cf_bytes message)
{
    size_t size = link->unsent.size;
    if (link->state != CF_SOCKJS_LINK_OPEN)
        return false;
    cf_sockjs_append_message(&link->unsent, message);
    if (!link->unsent.failed)
        return true;
    cf_buffer_truncate(&link->unsent, size);
    link->unsent.failed = false;
    return false;
}

void cf_sockjs_link_close(cf_sockjs_link *link, int64_t code, cf_bytes reason)
{
    close_link(link, code, reason);
}

/* ---- time ---- */

cf_time cf_sockjs_link_deadline(const cf_sockjs_link *link)
{
    return link->deadline;
}

void cf_sockjs_link_tick(cf_sockjs_link *link, cf_time now)
{
    if (now < link->deadline)
        return;
    if (link->state == CF_SOCKJS_LINK_ASKING)
        close_link(link, CF_SOCKJS_CODE_NO_SERVER, CF_BYTES("no SockJS server: no answer to /info in time"));
    else
        fail_transport(link, CF_SOCKJS_CODE_LOST, CF_BYTES(""));
}

/* ---- effects ---- */

static bool take(bool *flag)
{
    bool was = *flag;
    *flag = false;
    return was;
}

static bool take_as(bool *flag, cf_sockjs_effect *effect, cf_sockjs_effect_kind kind)
{
    bool was = take(flag);
    if (was)
        effect->kind = kind;
    return was;
}

static bool take_message(cf_sockjs_link *link, cf_sockjs_effect *effect)
{
    if (link->has_messages)
        link->has_messages = cf_sockjs_body_next(&link->frame.messages, &effect->text, &link->scratch);
    if (link->has_messages)
        effect->kind = CF_SOCKJS_EFFECT_MESSAGE;
    return link->has_messages;
}

static bool take_closed(cf_sockjs_link *link, cf_sockjs_effect *effect)
{
    if (!take_as(&link->tell_closed, effect, CF_SOCKJS_EFFECT_CLOSED))
        return false;
    effect->code = link->code;
    effect->by_server = link->by_server;
    effect->text = cf_buffer_bytes(&link->reason);
    return true;
}

static bool take_receive(cf_sockjs_link *link, cf_sockjs_effect *effect)
{
    if (link->receiving || (link->state != CF_SOCKJS_LINK_OPENING && link->state != CF_SOCKJS_LINK_OPEN))
        return false;
    link->receiving = true;
    link->framed = false;
    effect->kind = CF_SOCKJS_EFFECT_RECEIVE;
    effect->fresh = take(&link->fresh);
    return true;
}

/*
 * Those messages that one body takes, at least one. A quote inside of a message has a backslash before it, so these three
 * characters only stand between two.
 */
static cf_bytes next_messages(const cf_sockjs_link *link)
{
    static const cf_bytes between = CF_LITERAL("\",\"");
    cf_bytes all = cf_buffer_bytes(&link->unsent);
    if (all.size <= CF_SOCKJS_BODY_SIZE)
        return all;
    ptrdiff_t end = cf_bytes_find_last(cf_bytes_slice(all, 0, CF_SOCKJS_BODY_SIZE), between);
    if (end < 0)
        end = cf_bytes_find(all, between);
    return end < 0 ? all : cf_bytes_slice(all, 0, (size_t)end + between.size - 1);
}

static bool take_send(cf_sockjs_link *link, cf_sockjs_effect *effect)
{
    if (link->state != CF_SOCKJS_LINK_OPEN || link->sending || link->unsent.size == 0)
        return false;
    cf_bytes messages = next_messages(link);
    cf_buffer_clear(&link->outgoing);
    cf_sockjs_append_body(&link->outgoing, messages);
    if (link->outgoing.failed) /* they wait for the next try */
        return false;
    cf_buffer_consume(&link->unsent, messages.size);
    if (link->unsent.size == 0)
        cf_buffer_free(&link->unsent);
    link->sending = effect->transport != CF_SOCKJS_WEBSOCKET;
    effect->kind = CF_SOCKJS_EFFECT_SEND;
    effect->text = cf_buffer_bytes(&link->outgoing);
    return true;
}

bool cf_sockjs_link_next(cf_sockjs_link *link, cf_sockjs_effect *effect)
{
    *effect = (cf_sockjs_effect){.kind = CF_SOCKJS_EFFECT_NONE};
    if (link->tried > 0)
        effect->transport = transport_of(link);
    return take_as(&link->tell_opened, effect, CF_SOCKJS_EFFECT_OPENED) || take_message(link, effect) ||
           take_as(&link->stop, effect, CF_SOCKJS_EFFECT_STOP) || take_closed(link, effect) ||
           take_as(&link->ask, effect, CF_SOCKJS_EFFECT_INFO) || take_receive(link, effect) || take_send(link, effect);
}

/* ---- addresses ---- */

void cf_sockjs_write_path(char path[CF_SOCKJS_PATH_SIZE], const uint8_t random[CF_SOCKJS_RANDOM_SIZE])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    unsigned server = ((unsigned)random[0] << 8 | random[1]) % 1000;
    uint32_t bits = 0;
    unsigned count = 0;
    size_t size = 0;
    path[size++] = '/';
    for (unsigned unit = 100; unit > 0; unit /= 10)
        path[size++] = (char)('0' + server / unit % 10);
    path[size++] = '/';
    for (size_t i = 2; i < CF_SOCKJS_RANDOM_SIZE; i++) {
        bits = bits << 8 | random[i];
        for (count += 8; count >= 5; count -= 5)
            path[size++] = letters[bits >> (count - 5) & 31];
    }
}

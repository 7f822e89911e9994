#include "server/transport/sockjs_session.h"

#include "base/percent.h"
#include "server/session.h"
#include "server/team.h"
#include "server/transport/sockjs_form.h"
#include "sockjs/parts.h"
#include "wire/v1/v1.h"
#include "ws/handshake.h"

#include <string.h>

struct cf_sockjs_peer {
    cf_map_node node;
    cf_list stranger; /* in server->strangers */
    struct cf_sockjs_server *server;
    cf_sockjs_session state;
    cf_session *session;        /* NULL: it has ended */
    cf_http_exchange *exchange; /* the receiver's, or NULL */
    cf_sockjs_transport transport;
    bool sending;   /* inside cf_sockjs_peer_send: not freed */
    cf_buffer left; /* messages that the session could not send before its end, for `a` frames */
    cf_timer timer;
    size_t id_size;
    char id[];
};

/* ---- answers ---- */

void cf_sockjs_append_cors(cf_buffer *headers, const cf_http_request *request)
{
    cf_bytes origin = cf_http_request_header(request, CF_HTTP_HEADER_origin);
    cf_bytes asked = cf_http_request_header(request, CF_HTTP_HEADER_request_headers);
    cf_buffer_append(headers, CF_BYTES("Access-Control-Allow-Origin: "));
    cf_buffer_append(headers, origin.size > 0 ? origin : CF_BYTES("*"));
    cf_buffer_append(headers, CF_BYTES("\r\nAccess-Control-Allow-Credentials: true\r\n"));
    if (asked.size == 0 || cf_bytes_equal(asked, CF_BYTES("null")))
        return;
    cf_buffer_append(headers, CF_BYTES("Access-Control-Allow-Headers: "));
    cf_buffer_append(headers, asked);
    cf_buffer_append(headers, CF_BYTES("\r\n"));
}

/* The value of a cookie, or NULL data. */
static cf_bytes find_cookie(cf_bytes cookies, cf_bytes name)
{
    while (cookies.size > 0) {
        size_t end = (size_t)cf_bytes_find(cookies, CF_BYTES(";")); /* SIZE_MAX: it is the last one */
        cf_bytes one = cf_ws_trim(cf_bytes_slice(cookies, 0, end));
        if (cf_bytes_starts_with(one, name) && one.size > name.size && one.data[name.size] == '=')
            return cf_bytes_slice(one, name.size + 1, one.size);
        cookies = end == SIZE_MAX ? cf_bytes_make(NULL, 0) : cf_bytes_slice(cookies, end + 1, cookies.size);
    }
    return cf_bytes_make(NULL, 0);
}

/* The client's own, so that a load balancer finds its server again. */
static void append_cookie(cf_buffer *headers, cf_bytes cookies)
{
    cf_bytes value = find_cookie(cookies, CF_BYTES("JSESSIONID"));
    cf_buffer_append(headers, CF_BYTES("Set-Cookie: JSESSIONID="));
    cf_buffer_append(headers, value.data == NULL ? CF_BYTES("dummy") : value);
    cf_buffer_append(headers, CF_BYTES("; Path=/\r\n"));
}

void cf_sockjs_append_fresh(cf_buffer *headers, const cf_http_request *request)
{
    cf_sockjs_append_cors(headers, request);
    cf_buffer_append(headers, CF_BYTES("Cache-Control: no-store, no-cache, must-revalidate, max-age=0\r\n"));
}

void cf_sockjs_append_own(const struct cf_sockjs_server *server, cf_buffer *headers, const cf_http_request *request)
{
    if (server->cookie)
        append_cookie(headers, cf_http_request_header(request, CF_HTTP_HEADER_cookie));
    cf_sockjs_append_fresh(headers, request);
}

void cf_sockjs_append_callback(cf_buffer *callback, const cf_http_request *request)
{
    (void)cf_percent_field(request->query, CF_BYTES("c"), callback);
}

void cf_sockjs_respond(cf_http_exchange *exchange, int status, cf_bytes content_type, cf_buffer *headers, cf_buffer *body)
{
    cf_http_response response = {
        .status = status, .content_type = content_type, .extra = cf_buffer_bytes(headers), .body = cf_buffer_bytes(body)};
    if (headers->failed || body->failed)
        response = cf_http_plain(503);
    cf_http_exchange_respond(exchange, &response);
    cf_buffer_free(headers);
    cf_buffer_free(body);
}

/* ---- what goes out at one time ---- */

/* What it refers to belongs to the session until it is sent. */
typedef struct outgoing {
    cf_sockjs_parts parts;
    cf_buffer text; /* of the parts */
    cf_buffer callback;
    bool begins;          /* the answer, with a chunk of its own */
    bool messages;        /* all that wait are in it */
    size_t of_the_outbox; /* bytes of them */
} outgoing;

/* `request`: what it answers, where it is an answer. */
static void init_outgoing(outgoing *out, const cf_allocator *allocator, cf_sockjs_transport transport,
                          const cf_http_request *request)
{
    cf_buffer_init(&out->text, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&out->callback, allocator, CF_BUFFER_NO_LIMIT);
    out->begins = out->messages = false;
    out->of_the_outbox = 0;
    if (request != NULL && cf_sockjs_framing_of(transport)->callback)
        cf_sockjs_append_callback(&out->callback, request);
    cf_sockjs_parts_init(&out->parts, transport, cf_buffer_bytes(&out->callback), &out->text);
}

static void free_outgoing(outgoing *out)
{
    cf_buffer_free(&out->text);
    cf_buffer_free(&out->callback);
}

/* A part had no memory. */
static bool has_failed(const outgoing *out)
{
    return out->text.failed || out->callback.failed;
}

/* False: nothing of it can be sent. */
static bool finish(outgoing *out)
{
    if (has_failed(out))
        out->parts.count = 0;
    else
        cf_sockjs_parts_finish(&out->parts);
    return !has_failed(out);
}

/* Nothing is forgotten before it was sent. */
static void forget_sent(cf_sockjs_peer *self, outgoing *out)
{
    if (out->messages)
        cf_buffer_free(&self->left);
    if (out->of_the_outbox > 0)
        cf_session_written(self->session, out->of_the_outbox);
}

static bool has_messages(const cf_sockjs_peer *self)
{
    return self->left.size > 0 || (self->session != NULL && cf_session_outbox(self->session)->count > 0);
}

/* ---- what the session's rules ask for ---- */

static void forget_stranger(cf_sockjs_peer *self)
{
    const cf_team_member *member = self->server->services->environment.member;
    if (!cf_list_linked(&self->stranger))
        return;
    cf_list_remove(&self->stranger);
    self->server->stranger_count--;
    if (member != NULL)
        atomic_fetch_sub_explicit(&member->team->strangers, 1, memory_order_relaxed);
}

static void add_stranger(cf_sockjs_peer *self)
{
    const cf_team_member *member = self->server->services->environment.member;
    cf_list_append(&self->server->strangers, &self->stranger);
    self->server->stranger_count++;
    if (member != NULL)
        atomic_fetch_add_explicit(&member->team->strangers, 1, memory_order_relaxed);
}

/* At all workers. */
static size_t strangers_of_all(const struct cf_sockjs_server *server)
{
    const cf_team_member *member = server->services->environment.member;
    return member == NULL ? server->stranger_count : atomic_load_explicit(&member->team->strangers, memory_order_relaxed);
}

static void free_peer(cf_sockjs_peer *self)
{
    cf_services *services = self->server->services;
    cf_session *session = self->session;
    self->session = NULL;
    forget_stranger(self);
    cf_map_remove(&self->server->sessions, &self->node);
    cf_wheel_stop(services->wheel, &self->timer);
    if (session != NULL)
        cf_session_gone(session);
    cf_sockjs_session_free(&self->state);
    cf_buffer_free(&self->left);
    cf_free(services->allocator, self);
}

/* Keeps server->strangers right. */
static void count_stranger(cf_sockjs_peer *self)
{
    bool is_one = self->exchange == NULL && (self->session == NULL || !cf_session_is_connected(self->session));
    if (is_one == cf_list_linked(&self->stranger))
        return;
    if (is_one)
        add_stranger(self);
    else
        forget_stranger(self);
}

static void settle(cf_sockjs_peer *self)
{
    count_stranger(self);
    cf_time deadline = cf_sockjs_session_deadline(&self->state);
    if (deadline == CF_TIME_NEVER)
        cf_wheel_stop(self->server->services->wheel, &self->timer);
    else
        cf_wheel_set(self->server->services->wheel, &self->timer, deadline);
}

static bool streams(const cf_sockjs_peer *self)
{
    return cf_sockjs_framing_of(self->transport)->streams;
}

/* All that waits, where it lies. */
static void add_messages(cf_sockjs_peer *self, outgoing *out)
{
    const cf_outbox *outbox = self->session == NULL ? NULL : cf_session_outbox(self->session);
    cf_sockjs_parts_begin_messages(&out->parts);
    cf_sockjs_parts_add_run(&out->parts, cf_buffer_bytes(&self->left));
    for (uint32_t i = 0; outbox != NULL && i < outbox->count; i++)
        cf_sockjs_parts_add_run(&out->parts, cf_outbox_slice(outbox, i));
    cf_sockjs_parts_end_messages(&out->parts);
    out->messages = true;
    out->of_the_outbox = outbox == NULL ? 0 : outbox->bytes;
}

static void add_frame(cf_sockjs_peer *self, outgoing *out, bool messages)
{
    size_t before = cf_sockjs_parts_size(&out->parts);
    if (messages)
        add_messages(self, out);
    else
        cf_sockjs_parts_add_frame(&out->parts, cf_sockjs_session_frame(&self->state));
    cf_sockjs_session_sent(&self->state, messages, cf_sockjs_parts_size(&out->parts) - before);
}

/* Nginx would keep frames until there are many, unless it is told here. */
#define UNBUFFERED CF_BYTES("X-Accel-Buffering: no\r\n")

static void on_streamed(void *user);

/* False without memory. */
static bool begin_answer(const struct cf_sockjs_server *server, cf_http_exchange *exchange, outgoing *out)
{
    cf_sockjs_parts prelude;
    cf_buffer headers, text;
    cf_buffer_init(&headers, out->text.allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&text, out->text.allocator, CF_BUFFER_NO_LIMIT);
    cf_sockjs_append_own(server, &headers, cf_http_exchange_request(exchange));
    cf_buffer_append(&headers, UNBUFFERED);
    cf_sockjs_parts_init(&prelude, out->parts.transport, out->parts.callback, &text);
    cf_sockjs_parts_add_prelude(&prelude);
    bool good = !headers.failed && !text.failed;
    cf_http_response head = {.status = 200, .content_type = out->parts.framing->content_type};
    if (good) {
        cf_sockjs_parts_finish(&prelude);
        head.extra = cf_buffer_bytes(&headers);
        head.body = prelude.all[0];
    }
    cf_http_exchange_begin(exchange, &head, on_streamed);
    out->begins = true;
    cf_buffer_free(&headers);
    cf_buffer_free(&text);
    return good;
}

static void begin_stream(cf_sockjs_peer *self, outgoing *out)
{
    if (!begin_answer(self->server, self->exchange, out))
        cf_sockjs_session_drop(&self->state);
    cf_sockjs_session_begun(&self->state);
}

/* A stream takes what there is; the answer of a poll is its end. False: something was not sent, which ends the session. */
static bool write_stream(cf_sockjs_peer *self, outgoing *out)
{
    bool nothing = !out->begins && cf_sockjs_parts_size(&out->parts) == 0 && !has_failed(out);
    if (nothing || self->exchange == NULL || !streams(self))
        return true;
    if (finish(out) && cf_http_exchange_write(self->exchange, out->parts.all, out->parts.count)) {
        forget_sent(self, out);
        return true;
    }
    cf_sockjs_session_drop(&self->state);
    return false;
}

static void answer_poll(const struct cf_sockjs_server *server, cf_http_exchange *exchange, const outgoing *out)
{
    cf_buffer headers;
    cf_buffer_init(&headers, out->text.allocator, CF_BUFFER_NO_LIMIT);
    cf_sockjs_append_own(server, &headers, cf_http_exchange_request(exchange));
    cf_http_response response = {
        .status = 200,
        .content_type = out->parts.framing->content_type,
        .extra = cf_buffer_bytes(&headers),
        .parts = out->parts.all,
        .part_count = out->parts.count,
    };
    if (headers.failed || has_failed(out))
        response = cf_http_plain(503);
    cf_http_exchange_respond(exchange, &response);
    cf_buffer_free(&headers);
}

/* All that there is, and the end. */
static void finish_answer(const struct cf_sockjs_server *server, cf_http_exchange *exchange, outgoing *out)
{
    (void)finish(out);
    if (out->parts.framing->streams)
        cf_http_exchange_end(exchange, out->parts.all, out->parts.count);
    else
        answer_poll(server, exchange, out);
}

/* The next request may come as soon as this one is answered: it is let go first. */
static void end_answer(cf_sockjs_peer *self, outgoing *out)
{
    cf_http_exchange *exchange = self->exchange;
    self->exchange = NULL;
    cf_sockjs_session_left(&self->state, self->server->services->now);
    if (has_failed(out)) /* a message is lost */
        cf_sockjs_session_drop(&self->state);
    finish_answer(self->server, exchange, out);
    if (!has_failed(out))
        forget_sent(self, out);
}

static const cf_http_request *request_of(const cf_sockjs_peer *self)
{
    return self->exchange == NULL ? NULL : cf_http_exchange_request(self->exchange);
}

/* A stream whose client is behind takes nothing more: it waits where it counts for client_queue_max_size. */
static bool is_behind(const cf_sockjs_peer *self)
{
    return self->exchange != NULL && streams(self) && cf_http_exchange_waiting(self->exchange) > 0;
}

/* What is to be done, until it is CF_SOCKJS_DO_NOTHING or CF_SOCKJS_DO_FORGET, or something goes out. */
static cf_sockjs_action gather(cf_sockjs_peer *self, outgoing *out)
{
    for (;;) {
        cf_sockjs_action action = cf_sockjs_session_next(&self->state, has_messages(self) && !out->messages);
        switch (action) {
        case CF_SOCKJS_DO_BEGIN:
            begin_stream(self, out);
            break;
        case CF_SOCKJS_DO_SEND:
        case CF_SOCKJS_DO_MESSAGES:
            add_frame(self, out, action == CF_SOCKJS_DO_MESSAGES);
            break;
        default:
            return action;
        }
    }
}

/* False: nothing is left to be done. */
static bool carry_out(cf_sockjs_peer *self, cf_sockjs_action action, outgoing *out)
{
    switch (action) {
    case CF_SOCKJS_DO_END:
        end_answer(self, out);
        return true;
    case CF_SOCKJS_DO_FORGET:
        if (!self->sending)
            free_peer(self);
        return false;
    default:
        if (!write_stream(self, out))
            return true;
        settle(self);
        return false;
    }
}

/* Does what is to be done; the peer may be gone afterwards. */
static void go_on(cf_sockjs_peer *self)
{
    for (bool more = true; more;) {
        outgoing out;
        if (is_behind(self)) {
            settle(self);
            return;
        }
        init_outgoing(&out, self->server->services->allocator, self->transport, request_of(self));
        more = carry_out(self, gather(self, &out), &out);
        free_outgoing(&out);
    }
}

static void fire(cf_timer *timer)
{
    cf_sockjs_peer *self = CF_CONTAINER(timer, cf_sockjs_peer, timer);
    cf_sockjs_session_tick(&self->state, self->server->services->now);
    go_on(self);
}

/* ---- a session's transport ---- */

static void transport_flush(void *transport, cf_session *session)
{
    (void)session;
    go_on(transport);
}

/* Of a session that is closed since too much waited, nothing is kept. */
static void keep_messages(cf_sockjs_peer *self, const cf_outbox *outbox)
{
    if (outbox->memory > (size_t)self->server->services->config->client_queue_max_size)
        return;
    for (uint32_t i = 0; i < outbox->count; i++)
        cf_buffer_append(&self->left, cf_outbox_slice(outbox, i));
    if (self->left.failed)
        cf_buffer_free(&self->left);
}

static void transport_close(void *transport, int code, cf_bytes reason)
{
    cf_sockjs_peer *self = transport;
    keep_messages(self, cf_session_outbox(self->session));
    self->session = NULL;
    if (code == 0)
        cf_sockjs_session_drop(&self->state);
    else
        cf_sockjs_session_close(&self->state, code, reason, self->server->services->now);
    go_on(self);
}

static const cf_transport_ops ops = {
    .name = "sockjs",
    .dialect = &cf_wire_v1,
    .form = &cf_sockjs_form_messages,
    .flush = transport_flush,
    .close = transport_close,
};

/* ---- life ---- */

cf_sockjs_peer *cf_sockjs_peer_find(const struct cf_sockjs_server *server, cf_bytes id)
{
    cf_map_node *node = cf_map_find(&server->sessions, id);
    return node == NULL ? NULL : CF_CONTAINER(node, cf_sockjs_peer, node);
}

/* Where all of them are at other workers, there is room for one. */
static void make_room(struct cf_sockjs_server *server)
{
    if (server->stranger_count == 0 || strangers_of_all(server) < server->strangers_max)
        return;
    cf_sockjs_peer *oldest = CF_CONTAINER(server->strangers.next, cf_sockjs_peer, stranger);
    cf_services_notice(server->services, CF_NOTICE_busy,
                       "SockJS sessions of clients that have not connected are more than %zu: the oldest are forgotten",
                       server->strangers_max);
    cf_sockjs_session_drop(&oldest->state);
    go_on(oldest);
}

cf_sockjs_peer *cf_sockjs_peer_new(struct cf_sockjs_server *server, cf_bytes id)
{
    cf_services *services = server->services;
    make_room(server);
    cf_sockjs_peer *self = cf_alloc_zero(services->allocator, 1, sizeof(*self) + id.size);
    if (self == NULL)
        return NULL;
    self->server = server;
    self->timer.fire = fire;
    self->id_size = id.size;
    memcpy(self->id, id.data, id.size);
    cf_sockjs_session_init(&self->state, &server->rules, services->allocator);
    cf_buffer_init(&self->left, services->allocator, CF_BUFFER_NO_LIMIT);
    if (!cf_map_add(&server->sessions, &self->node, cf_bytes_make(self->id, id.size))) {
        cf_free(services->allocator, self);
        return NULL;
    }
    self->session = cf_session_new(services, &ops, self);
    if (self->session == NULL) {
        free_peer(self);
        return NULL;
    }
    services->metrics->http_sockjs_num_requests++;
    return self;
}

void cf_sockjs_peer_drop_all(struct cf_sockjs_server *server)
{
    while (server->sessions.head != NULL)
        free_peer(CF_CONTAINER(server->sessions.head, cf_sockjs_peer, node));
}

/* ---- requests ---- */

static void on_abort(void *user)
{
    cf_sockjs_peer *self = user;
    self->exchange = NULL;
    cf_sockjs_session_lost(&self->state);
    go_on(self);
}

/* By what was asked for: who reads a stream reads its frames one by one. */
static void refuse_second(const struct cf_sockjs_server *server, cf_http_exchange *exchange, cf_sockjs_transport transport)
{
    outgoing out;
    cf_buffer frame;
    init_outgoing(&out, server->services->allocator, transport, cf_http_exchange_request(exchange));
    cf_buffer_init(&frame, out.text.allocator, CF_BUFFER_NO_LIMIT);
    cf_sockjs_append_close(&frame, CF_SOCKJS_STILL_OPEN, CF_BYTES("Another connection still open"));
    cf_sockjs_parts_add_frame(&out.parts, cf_buffer_bytes(&frame));
    out.text.failed = out.text.failed || frame.failed;
    if (out.parts.framing->streams && !has_failed(&out)) {
        (void)begin_answer(server, exchange, &out); /* the frame has its memory already */
        finish_answer(server, exchange, &out);
    } else {
        (void)finish(&out);
        answer_poll(server, exchange, &out);
    }
    free_outgoing(&out);
    cf_buffer_free(&frame);
}

static void on_streamed(void *user)
{
    go_on(user);
}

void cf_sockjs_peer_receive(cf_sockjs_peer *self, cf_http_exchange *exchange, cf_sockjs_transport transport)
{
    bool many = cf_sockjs_framing_of(transport)->streams;
    if (!cf_sockjs_session_attach(&self->state, many, self->server->services->now)) {
        refuse_second(self->server, exchange, transport);
        return;
    }
    self->exchange = exchange;
    self->transport = transport;
    cf_http_exchange_on_abort(exchange, on_abort, self);
    cf_http_exchange_watch(exchange);
    go_on(self);
}

void cf_sockjs_peer_send(cf_sockjs_peer *self, cf_sockjs_body *body, cf_buffer *scratch)
{
    cf_bytes message;
    self->sending = true;
    while (self->session != NULL && cf_sockjs_body_next(body, &message, scratch))
        cf_session_receive(self->session, CF_WS_TEXT, message);
    self->sending = false;
    go_on(self);
}

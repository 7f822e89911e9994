#include "server/admin/socket.h"

#include "ws/frame.h"
#include "ws/handshake.h"

/* Of the ping interval: how long an operator may send nothing (server-spec.md 1.4). */
#define DEADLINE_NUMERATOR   10
#define DEADLINE_DENOMINATOR 9

typedef struct admin_socket {
    cf_connection *connection; /* NULL: it is closed */
    cf_admin_session *session; /* NULL: it has ended */
    cf_services *services;
    cf_ws_decoder decoder;
    cf_buffer out; /* frames of this turn */
    cf_task flush; /* writes them, in the next one */
    cf_time heard; /* something came */
    cf_time next_ping;
    cf_time connect_by;
    int64_t ping_interval; /* ms; 0: none */
    bool reading;          /* inside on_read: freed at its end */
    bool slow;
} admin_socket;

/* ---- the end ---- */

static void free_socket(admin_socket *self)
{
    cf_task_cancel(&self->flush);
    cf_ws_decoder_free(&self->decoder);
    cf_buffer_free(&self->out);
    cf_free(self->services->allocator, self);
}

/* The session and the connection are gone. */
static void forget(admin_socket *self)
{
    self->session = NULL;
    self->connection = NULL;
    if (!self->reading)
        free_socket(self);
}

static void drop(admin_socket *self)
{
    cf_connection *connection = self->connection;
    cf_admin_session_gone(self->session);
    forget(self);
    cf_connection_close(connection);
}

/* Behind what waits; where that cannot be sent, the connection just ends. */
static void close_connection(admin_socket *self, uint16_t code, cf_bytes reason)
{
    cf_buffer *out = &self->out;
    if (self->slow)
        cf_buffer_clear(out);
    cf_ws_append_close(out, code, reason, NULL);
    if (!out->failed && cf_connection_send(self->connection, cf_buffer_bytes(out)))
        cf_connection_finish(self->connection);
    else
        cf_connection_close(self->connection);
}

static void close_with(admin_socket *self, cf_trouble trouble)
{
    cf_buffer advice;
    cf_buffer_init(&advice, self->services->allocator, CF_WS_CONTROL_MAX);
    cf_wire_write_advice(&advice, cf_trouble_text(trouble), true);
    close_connection(self, CF_WS_CLOSE_ADVICE, cf_buffer_bytes(&advice));
    cf_buffer_free(&advice);
}

static void end_session(admin_socket *self, uint16_t code, cf_bytes reason)
{
    cf_admin_session_gone(self->session);
    close_connection(self, code, reason);
    forget(self);
}

static void give_up(admin_socket *self, cf_trouble trouble)
{
    cf_admin_session_gone(self->session);
    close_with(self, trouble);
    forget(self);
}

/* ---- writing ---- */

static void on_flush(cf_task *task)
{
    admin_socket *self = CF_CONTAINER(task, admin_socket, flush);
    cf_bytes frames = cf_buffer_bytes(&self->out);
    cf_turn_spend(&self->services->turn, CF_WORK_WRITE + frames.size / CF_WORK_UNIT_SIZE);
    if (self->slow)
        give_up(self, CF_TROUBLE_SLOW);
    else if (!cf_connection_send(self->connection, frames))
        drop(self);
    else
        cf_buffer_free(&self->out);
}

/* The node is freed: its connections are gone before. */
static void on_drop(cf_task *task)
{
    (void)task;
}

static void send_frame(admin_socket *self, cf_ws_opcode opcode, cf_bytes payload)
{
    if (cf_connection_queued(self->connection) + self->out.size + payload.size > CF_ADMIN_QUEUE_MAX)
        self->slow = true;
    else
        cf_ws_append_frame(&self->out, opcode, payload, NULL);
    self->slow = self->slow || self->out.failed;
    if (!cf_task_waits(&self->flush))
        cf_task_queue(&self->flush);
}

static void send_text(void *transport, cf_bytes text)
{
    send_frame(transport, CF_WS_TEXT, text);
}

static void pause_reading(void *transport, bool pause)
{
    admin_socket *self = transport;
    self->heard = self->services->now; /* while nobody listens, silence means nothing */
    cf_connection_pause(self->connection, pause);
}

static void session_ended(void *transport, cf_trouble trouble)
{
    close_with(transport, trouble);
    forget(transport);
}

static const cf_admin_transport_ops ops = {.send = send_text, .pause = pause_reading, .close = session_ended};

/* ---- reading ---- */

static void tell_error(admin_socket *self, const cf_ws_event *event)
{
    char peer[64];
    bool large = event->code == CF_WS_CLOSE_TOO_LARGE; /* of which the frame says no more */
    cf_connection_peer(self->connection, peer, sizeof(peer));
    cf_services_notice(self->services, large ? CF_NOTICE_large_message : CF_NOTICE_bad_frame,
                       "admin connection of %s closed with %u: %.*s%s", peer, (unsigned)event->code, (int)event->payload.size,
                       event->payload.data, large ? "its message is too large" : "");
}

static void handle(admin_socket *self, const cf_ws_event *event)
{
    switch (event->kind) {
    case CF_WS_EVENT_MESSAGE:
        cf_admin_session_receive(self->session, event->payload);
        break;
    case CF_WS_EVENT_PING:
        send_frame(self, CF_WS_PONG, event->payload);
        break;
    case CF_WS_EVENT_CLOSE:
        end_session(self, event->code, CF_BYTES(""));
        break;
    case CF_WS_EVENT_ERROR:
        tell_error(self, event);
        end_session(self, event->code, event->payload);
        break;
    default:
        break;
    }
}

static void on_read(cf_connection *connection, char *data, size_t size)
{
    admin_socket *self = cf_connection_owner(connection);
    cf_ws_event event = {.kind = CF_WS_EVENT_MESSAGE};
    self->heard = self->services->now;
    self->reading = true;
    while (self->session != NULL && (size > 0 || event.kind != CF_WS_EVENT_NONE)) {
        size_t used = cf_ws_decoder_read(&self->decoder, data, size, &event);
        data += used;
        size -= used;
        handle(self, &event);
    }
    self->reading = false;
    if (self->session == NULL)
        free_socket(self);
}

static void on_written(cf_connection *connection)
{
    (void)connection;
}

static void on_ended(cf_connection *connection)
{
    drop(cf_connection_owner(connection));
}

static void on_dropped(cf_connection *connection)
{
    admin_socket *self = cf_connection_owner(connection);
    cf_admin_session_gone(self->session);
    forget(self);
}

/* ---- pings and timeouts ---- */

static cf_time silence_deadline(const admin_socket *self)
{
    if (self->ping_interval == 0)
        return CF_TIME_NEVER;
    return cf_time_after(self->heard, self->ping_interval * DEADLINE_NUMERATOR / DEADLINE_DENOMINATOR);
}

static cf_time connect_deadline(const admin_socket *self)
{
    return cf_admin_session_is_authenticated(self->session) ? CF_TIME_NEVER : self->connect_by;
}

static void arm(admin_socket *self)
{
    cf_time at = cf_time_earlier(self->next_ping, silence_deadline(self));
    cf_connection_set_timer(self->connection, cf_time_earlier(at, connect_deadline(self)));
}

static void ping(admin_socket *self)
{
    if (!cf_connection_busy(self->connection))
        send_frame(self, CF_WS_PING, CF_BYTES("ping"));
    self->next_ping = cf_time_after(self->services->now, self->ping_interval);
}

static void on_timer(cf_connection *connection)
{
    admin_socket *self = cf_connection_owner(connection);
    cf_time now = self->services->now;
    if (connect_deadline(self) <= now) {
        give_up(self, CF_TROUBLE_STALE);
    } else if (silence_deadline(self) <= now) {
        drop(self);
    } else {
        if (self->next_ping <= now)
            ping(self);
        arm(self);
    }
}

static const cf_protocol protocol = {
    .read = on_read,
    .written = on_written,
    .ended = on_ended,
    .timer = on_timer,
    .dropped = on_dropped,
};

/* ---- the beginning ---- */

static bool send_handshake(const cf_services *services, const cf_upgrade *upgrade)
{
    cf_buffer head;
    cf_buffer_init(&head, services->allocator, CF_BUFFER_NO_LIMIT);
    cf_ws_append_response(&head, upgrade->key, false);
    bool sent = !head.failed && cf_connection_send(upgrade->connection, cf_buffer_bytes(&head));
    cf_buffer_free(&head);
    return sent;
}

static void init(admin_socket *self, cf_services *services, cf_connection *connection)
{
    const cf_config *config = services->config;
    self->services = services;
    self->connection = connection;
    self->ping_interval = config->ping_interval * 1000;
    self->heard = services->now;
    self->next_ping = self->ping_interval > 0 ? cf_time_after(services->now, self->ping_interval) : CF_TIME_NEVER;
    self->connect_by = cf_time_after(services->now, CF_ADMIN_CONNECT_TIME);
    cf_ws_decoder_init(&self->decoder, CF_WS_SERVER, (size_t)config->client_request_max_size, false, services->allocator);
    cf_buffer_init(&self->out, services->allocator, CF_ADMIN_QUEUE_MAX + CF_WS_HEADER_MAX + CF_WS_CONTROL_MAX);
    cf_task_init(&self->flush, &services->turn, on_flush, on_drop);
}

/* NULL without memory. */
static admin_socket *make(cf_node *node, cf_connection *connection)
{
    cf_services *services = cf_node_services(node);
    admin_socket *self = cf_alloc_zero(services->allocator, 1, sizeof *self);
    if (self == NULL)
        return NULL;
    init(self, services, connection);
    self->session = cf_admin_session_new(node, &ops, self);
    if (self->session != NULL)
        return self;
    free_socket(self);
    return NULL;
}

void cf_admin_socket_start(cf_node *node, const cf_upgrade *upgrade)
{
    cf_connection *connection = upgrade->connection;
    admin_socket *self = send_handshake(cf_node_services(node), upgrade) ? make(node, connection) : NULL;
    if (self == NULL) {
        cf_connection_close(connection);
        return;
    }
    cf_connection_start(connection, &protocol, self);
    arm(self);
    if (upgrade->early.size > 0)
        on_read(connection, (char *)(uintptr_t)upgrade->early.data, upgrade->early.size); /* the connection's own buffer */
}

#include "server/transport/websocket.h"

#include "base/assert.h"
#include "server/transport/sockjs_form.h"
#include "sockjs/frame.h"
#include "ws/frame.h"
#include "ws/handshake.h"
#include "wire/v1/v1.h"

/* Of the ping interval: how long a client may send nothing (server-spec.md 1.4). */
#define DEADLINE_NUMERATOR   10
#define DEADLINE_DENOMINATOR 9

/* Units of work for a kibibyte that is inflated (turn.h). */
#define WORK_INFLATE 6

/* Bytes of one in a JSON string. */
#define ESCAPED_MAX 6

typedef struct websocket {
    cf_connection *connection; /* NULL when it is closed */
    cf_session *session;       /* NULL when it has ended */
    cf_services *services;
    cf_ws_decoder *decoder; /* only while a message is incomplete */
    size_t piece;           /* bytes of the outbox that the system has not taken yet */
    cf_time heard;          /* something came from the client */
    cf_time next_ping;
    cf_time next_heartbeat; /* of SockJS */
    cf_time piece_since;
    uint32_t message_max;   /* bytes; these three are of the configuration when it was accepted */
    uint32_t ping_interval; /* s */
    uint32_t write_timeout; /* s */
    bool reading;           /* inside on_read: freed at its end */
    bool broken;            /* a write failed while the session must not be told */
    bool sockjs;            /* the frames are SockJS's */
    bool deflated;          /* the outbox's form is a cf_deflate's */
} websocket;

static uint32_t to_uint32(int64_t value)
{
    return value < 0 ? 0 : value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

/* ---- the end ---- */

static void free_decoder(websocket *self)
{
    if (self->decoder == NULL)
        return;
    cf_ws_decoder_free(self->decoder);
    cf_free(self->services->allocator, self->decoder);
    self->decoder = NULL;
}

static void free_websocket(websocket *self)
{
    free_decoder(self);
    cf_free(self->services->allocator, self);
}

/* The session and the connection are gone. */
static void forget(websocket *self)
{
    self->session = NULL;
    self->connection = NULL;
    if (!self->reading)
        free_websocket(self);
}

/* Everything that was queued ends with a whole frame, so that a close frame may follow it. */
static void close_connection(websocket *self, uint16_t code, cf_bytes reason)
{
    cf_connection *connection = self->connection;
    cf_buffer frame;
    cf_buffer_init(&frame, self->services->allocator, CF_WS_HEADER_MAX + CF_WS_CONTROL_MAX);
    cf_ws_append_close(&frame, code, reason, NULL);
    if (!frame.failed && !self->broken && cf_connection_send(connection, cf_buffer_bytes(&frame)))
        cf_connection_finish(connection);
    else
        cf_connection_close(connection);
    cf_buffer_free(&frame);
}

static void send_frame(websocket *self, cf_ws_opcode opcode, cf_bytes payload);

/* Clients of SockJS look for the advice here; the close frame has it for everybody else on the way. */
static void send_sockjs_close(websocket *self, int code, cf_bytes reason)
{
    cf_buffer frame;
    cf_buffer_init(&frame, self->services->allocator, CF_BUFFER_NO_LIMIT);
    cf_sockjs_append_close(&frame, code, reason);
    if (!frame.failed && !self->broken)
        send_frame(self, CF_WS_TEXT, cf_buffer_bytes(&frame));
    cf_buffer_free(&frame);
}

static void transport_close(void *transport, int code, cf_bytes reason)
{
    websocket *self = transport;
    if (self->sockjs && code >= CF_WS_CLOSE_ADVICE)
        send_sockjs_close(self, code, reason);
    if (code == 0)
        cf_connection_close(self->connection);
    else
        close_connection(self, (uint16_t)code, reason);
    forget(self);
}

/* The connection is to be closed without a word. */
static void drop(websocket *self)
{
    cf_connection *connection = self->connection;
    cf_session *session = self->session;
    cf_session_gone(session);
    forget(self);
    cf_connection_close(connection);
}

/* ---- writing ---- */

static void arm(websocket *self);

/* Where the frame ends that holds the byte CF_WEBSOCKET_PIECE behind the offset. */
static size_t piece_end(cf_bytes frames, size_t offset)
{
    size_t end = 0;
    while (end <= offset || (end < frames.size && end - offset < CF_WEBSOCKET_PIECE)) {
        cf_ws_opcode opcode;
        cf_bytes payload;
        size_t size = cf_ws_own_frame(cf_bytes_slice(frames, end, frames.size), &opcode, &payload);
        CF_ASSERT(size > 0);
        end += size;
    }
    return end;
}

static void release_chunk(void *chunk)
{
    cf_chunk_release(chunk);
}

static void set_broken(websocket *self)
{
    self->broken = true;
    cf_connection_set_timer(self->connection, self->services->now);
}

/*
 * The socket is full: some whole frames go to the connection's queue, which tells when they are gone. They stay in the outbox
 * until then, so that they count for client_queue_max_size.
 */
static void queue_piece(websocket *self)
{
    const cf_outbox *outbox = cf_session_outbox(self->session);
    const cf_segment *segment = cf_outbox_front(outbox);
    cf_bytes frames = cf_buffer_bytes(cf_chunk_form(segment->chunk, outbox->form));
    cf_bytes piece = cf_bytes_slice(frames, segment->offset, piece_end(frames, segment->offset));
    cf_chunk_retain(segment->chunk);
    self->piece = piece.size;
    self->piece_since = self->services->now;
    if (!cf_connection_queue(self->connection, piece, release_chunk, segment->chunk))
        set_broken(self);
    else if (self->write_timeout > 0)
        arm(self);
}

static size_t total_size(const cf_bytes *slices, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += slices[i].size;
    return total;
}

static void transport_flush(void *transport, cf_session *session)
{
    websocket *self = transport;
    cf_outbox *outbox = cf_session_outbox(session);
    cf_bytes slices[CF_NET_WRITE_SLICES];
    size_t written = 0;
    while (outbox->count > 0 && self->piece == 0 && !self->broken) {
        if (cf_connection_busy(self->connection)) {
            queue_piece(self);
            return;
        }
        size_t count = cf_outbox_peek(outbox, slices, CF_NET_WRITE_SLICES);
        size_t size = total_size(slices, count);
        ptrdiff_t sent = cf_connection_try(self->connection, slices, count);
        if (sent < 0) {
            set_broken(self);
            return;
        }
        cf_session_written(session, (size_t)sent);
        if ((size_t)sent < size)
            queue_piece(self);
        written += (size_t)sent;
        if (written >= CF_WEBSOCKET_FLUSH_MAX) {
            cf_session_writable(session);
            return;
        }
    }
}

static void transport_pause(void *transport, bool pause)
{
    websocket *self = transport;
    self->heard = self->services->now; /* while it is not listened to, silence means nothing */
    cf_connection_pause(self->connection, pause);
}

static const cf_transport_ops ops = {
    .name = "websocket",
    .dialect = &cf_wire_v1,
    .flush = transport_flush,
    .pause = transport_pause,
    .close = transport_close,
};

static const cf_transport_ops sockjs_ops = {
    .name = "sockjs",
    .dialect = &cf_wire_v1,
    .form = &cf_sockjs_form_websocket,
    .flush = transport_flush,
    .pause = transport_pause,
    .close = transport_close,
};

static void on_written(cf_connection *connection)
{
    websocket *self = cf_connection_owner(connection);
    size_t piece = self->piece;
    self->piece = 0;
    if (piece > 0)
        cf_session_written(self->session, piece);
    cf_session_writable(self->session);
}

static void send_frame(websocket *self, cf_ws_opcode opcode, cf_bytes payload)
{
    cf_buffer frame;
    cf_buffer_init(&frame, self->services->allocator, CF_WS_HEADER_MAX + payload.size);
    cf_ws_append_frame(&frame, opcode, payload, NULL);
    if (!frame.failed && !cf_connection_send(self->connection, cf_buffer_bytes(&frame)))
        set_broken(self);
    cf_buffer_free(&frame);
}

/* Of one read they go out together: thousands of pings fit into it, and a system call for each would keep everybody waiting. */
static void send_pongs(websocket *self, cf_buffer *pongs)
{
    size_t queued = cf_connection_queued(self->connection);
    if (pongs->size == 0)
        return;
    cf_turn_spend(&self->services->turn, CF_WORK_WRITE);
    if (queued <= self->piece + cf_connection_rest_max(self->connection) + CF_WEBSOCKET_PONGS_MAX &&
        !cf_connection_send(self->connection, cf_buffer_bytes(pongs)))
        set_broken(self);
    cf_buffer_clear(pongs);
}

static void add_pong(websocket *self, cf_buffer *pongs, cf_bytes payload)
{
    if (pongs->size + CF_WS_HEADER_MAX + payload.size > pongs->limit)
        send_pongs(self, pongs);
    cf_ws_append_frame(pongs, CF_WS_PONG, payload, NULL);
}

/* ---- reading ---- */

static void end_by_client(websocket *self, uint16_t code)
{
    cf_session_gone(self->session);
    close_connection(self, code, CF_BYTES(""));
    forget(self);
}

static void tell_error(websocket *self, const cf_ws_event *event)
{
    char peer[64];
    bool large = event->code == CF_WS_CLOSE_TOO_LARGE; /* of which the frame says no more */
    cf_connection_peer(self->connection, peer, sizeof(peer));
    cf_services_notice(self->services, large ? CF_NOTICE_large_message : CF_NOTICE_bad_frame,
                       "client at %s closed with %u: %.*s%s", peer, (unsigned)event->code, (int)event->payload.size,
                       event->payload.data, large ? "its message is too large; see client_request_max_size" : "");
}

/* The session may end at each of the messages. */
static void receive_array(websocket *self, cf_bytes text)
{
    cf_sockjs_body body;
    cf_buffer scratch;
    cf_bytes message;
    cf_buffer_init(&scratch, self->services->allocator, CF_BUFFER_NO_LIMIT);
    cf_sockjs_body_state state = cf_sockjs_body_begin(&body, text, true, &scratch);
    if (state == CF_SOCKJS_BODY_EMPTY)
        cf_session_receive(self->session, CF_WS_TEXT, CF_BYTES(""));
    else if (state == CF_SOCKJS_BODY_NO_MEMORY)
        cf_session_close(self->session, CF_TROUBLE_INTERNAL);
    else if (state != CF_SOCKJS_BODY_OK)
        cf_session_close(self->session, CF_TROUBLE_INVALID);
    else
        while (self->session != NULL && cf_sockjs_body_next(&body, &message, &scratch))
            cf_session_receive(self->session, CF_WS_TEXT, message);
    cf_buffer_free(&scratch);
}

static void fail_frame(websocket *self, uint16_t code, const char *reason)
{
    cf_ws_event event = {.kind = CF_WS_EVENT_ERROR, .code = code, .payload = cf_bytes_of(reason)};
    tell_error(self, &event);
    cf_session_close_code(self->session, event.code, event.payload);
}

static void receive_compressed(websocket *self, const cf_ws_event *event)
{
    cf_deflate *deflate = cf_deflate_of(cf_session_outbox(self->session)->form);
    cf_buffer text;
    cf_buffer_init(&text, self->services->allocator, CF_BUFFER_NO_LIMIT);
    cf_inflated result = cf_deflate_inflate(deflate, event->payload, self->message_max, &text);
    cf_turn_spend(&self->services->turn, WORK_INFLATE * text.size / CF_WORK_UNIT_SIZE);
    if (result == CF_INFLATED)
        cf_session_receive(self->session, event->opcode, text.size > 0 ? cf_buffer_bytes(&text) : CF_BYTES(""));
    else if (result == CF_INFLATED_TOO_LARGE)
        fail_frame(self, CF_WS_CLOSE_TOO_LARGE, "");
    else if (result == CF_INFLATED_CORRUPT)
        fail_frame(self, CF_WS_CLOSE_INVALID_DATA, "message cannot be inflated");
    else
        cf_session_close(self->session, CF_TROUBLE_INTERNAL);
    cf_buffer_free(&text);
}

static void receive(websocket *self, const cf_ws_event *event)
{
    if (event->compressed)
        receive_compressed(self, event);
    else if (self->sockjs)
        receive_array(self, event->payload);
    else
        cf_session_receive(self->session, event->opcode, event->payload);
}

static void handle(websocket *self, const cf_ws_event *event, cf_buffer *pongs)
{
    switch (event->kind) {
    case CF_WS_EVENT_MESSAGE:
        receive(self, event);
        break;
    case CF_WS_EVENT_PING:
        add_pong(self, pongs, event->payload);
        break;
    case CF_WS_EVENT_CLOSE:
        send_pongs(self, pongs);
        end_by_client(self, event->code);
        break;
    case CF_WS_EVENT_ERROR:
        send_pongs(self, pongs);
        tell_error(self, event);
        cf_session_close_code(self->session, event->code, event->payload);
        break;
    default:
        break;
    }
}

static bool decoder_is_empty(const cf_ws_decoder *decoder)
{
    return !decoder->failed && !decoder->fragmented && decoder->partial.size == 0 && decoder->message.size == 0;
}

/* An incomplete message is kept; between messages a connection has no decoder. */
static void keep_decoder(websocket *self, cf_ws_decoder *decoder)
{
    bool empty = self->session == NULL || decoder_is_empty(decoder);
    if (decoder == self->decoder) {
        if (empty)
            free_decoder(self);
        return;
    }
    cf_ws_decoder *kept = empty ? NULL : cf_alloc(self->services->allocator, sizeof(*kept));
    if (kept != NULL)
        *kept = *decoder;
    else
        cf_ws_decoder_free(decoder);
    self->decoder = kept;
    if (kept == NULL && !empty)
        cf_session_close(self->session, CF_TROUBLE_INTERNAL);
}

static void read_frames(websocket *self, cf_ws_decoder *decoder, char *data, size_t size)
{
    cf_buffer pongs;
    cf_buffer_init(&pongs, self->services->allocator, CF_WEBSOCKET_PONGS_MAX);
    cf_ws_event event = {.kind = CF_WS_EVENT_MESSAGE};
    while (self->session != NULL && (size > 0 || event.kind != CF_WS_EVENT_NONE)) {
        size_t used = cf_ws_decoder_read(decoder, data, size, &event);
        data += used;
        size -= used;
        handle(self, &event, &pongs);
    }
    if (self->session != NULL)
        send_pongs(self, &pongs);
    cf_buffer_free(&pongs);
}

static void on_read(cf_connection *connection, char *data, size_t size)
{
    websocket *self = cf_connection_owner(connection);
    cf_ws_decoder fresh;
    cf_ws_decoder *decoder = self->decoder;
    if (decoder == NULL) {
        decoder = &fresh;
        cf_ws_decoder_init(decoder, CF_WS_SERVER, self->message_max, false, self->services->allocator);
        decoder->deflate = self->deflated;
    }
    self->heard = self->services->now;
    self->reading = true;
    read_frames(self, decoder, data, size);
    keep_decoder(self, decoder);
    self->reading = false;
    if (self->session == NULL)
        free_websocket(self);
}

static void on_ended(cf_connection *connection)
{
    drop(cf_connection_owner(connection));
}

static void on_dropped(cf_connection *connection)
{
    websocket *self = cf_connection_owner(connection);
    cf_session *session = self->session;
    cf_session_gone(session);
    forget(self);
}

/* ---- pings and timeouts ---- */

static cf_time after_seconds(cf_time now, uint32_t seconds)
{
    return cf_time_after(now, (int64_t)seconds * 1000);
}

/* What is done every so many seconds; 0: never. */
static cf_time next_of(cf_time now, uint32_t seconds)
{
    return seconds > 0 ? after_seconds(now, seconds) : CF_TIME_NEVER;
}

static cf_time next_heartbeat(const websocket *self)
{
    return self->sockjs ? next_of(self->services->now, to_uint32(self->services->config->sockjs_heartbeat_delay))
                        : CF_TIME_NEVER;
}

static cf_time silence_deadline(const websocket *self)
{
    if (self->ping_interval == 0)
        return CF_TIME_NEVER;
    return cf_time_after(self->heard, (int64_t)self->ping_interval * 1000 * DEADLINE_NUMERATOR / DEADLINE_DENOMINATOR);
}

static cf_time write_deadline(const websocket *self)
{
    if (self->write_timeout == 0 || self->piece == 0)
        return CF_TIME_NEVER;
    return after_seconds(self->piece_since, self->write_timeout);
}

static void arm(websocket *self)
{
    cf_time at = self->next_ping < self->next_heartbeat ? self->next_ping : self->next_heartbeat;
    cf_time silence = silence_deadline(self);
    cf_time write = write_deadline(self);
    at = silence < at ? silence : at;
    cf_connection_set_timer(self->connection, write < at ? write : at);
}

/* A client that has enough to read needs neither. */
static void send_signs_of_life(websocket *self)
{
    cf_time now = self->services->now;
    bool busy = cf_connection_busy(self->connection);
    if (self->next_ping <= now) {
        if (!busy)
            send_frame(self, CF_WS_PING, CF_BYTES("ping"));
        self->next_ping = next_of(now, self->ping_interval);
    }
    if (self->next_heartbeat <= now) {
        if (!busy && !self->broken)
            send_frame(self, CF_WS_TEXT, CF_BYTES("h"));
        self->next_heartbeat = next_heartbeat(self);
    }
}

static void on_timer(cf_connection *connection)
{
    websocket *self = cf_connection_owner(connection);
    cf_time now = self->services->now;
    if (self->broken || write_deadline(self) <= now) {
        self->broken = true; /* nothing more can be written */
        cf_session_close(self->session, CF_TROUBLE_UNWRITABLE);
        return;
    }
    if (silence_deadline(self) <= now) {
        drop(self);
        return;
    }
    send_signs_of_life(self);
    if (!self->broken)
        arm(self);
}

static const cf_protocol protocol = {
    .read = on_read,
    .written = on_written,
    .ended = on_ended,
    .timer = on_timer,
    .dropped = on_dropped,
};

/* ---- the beginning ---- */

static bool send_handshake(cf_services *services, cf_connection *connection, cf_bytes key, cf_websocket_kind kind,
                           bool deflated)
{
    cf_buffer head;
    cf_buffer_init(&head, services->allocator, CF_BUFFER_NO_LIMIT);
    cf_ws_append_response(&head, key, deflated);
    if (kind == CF_WEBSOCKET_SOCKJS)
        cf_ws_append_frame(&head, CF_WS_TEXT, CF_BYTES("o"), NULL);
    bool sent = !head.failed && cf_connection_send(connection, cf_buffer_bytes(&head));
    cf_buffer_free(&head);
    return sent;
}

/* Of SockJS a message is a string in an array: at worst each of its bytes is escaped. */
static uint32_t message_max(const cf_services *services, cf_websocket_kind kind)
{
    int64_t size = services->config->client_request_max_size;
    return to_uint32(kind == CF_WEBSOCKET_SOCKJS ? size * ESCAPED_MAX : size);
}

static websocket *make(cf_services *services, cf_connection *connection, cf_websocket_kind kind)
{
    websocket *self = cf_alloc_zero(services->allocator, 1, sizeof(*self));
    if (self == NULL)
        return NULL;
    self->services = services;
    self->connection = connection;
    self->sockjs = kind == CF_WEBSOCKET_SOCKJS;
    self->message_max = message_max(services, kind);
    self->ping_interval = to_uint32(services->config->ping_interval);
    self->write_timeout = to_uint32(services->config->client_message_write_timeout);
    self->heard = services->now;
    self->next_ping = next_of(services->now, self->ping_interval);
    self->next_heartbeat = next_heartbeat(self);
    self->session = cf_session_new(services, self->sockjs ? &sockjs_ops : &ops, self);
    if (self->session != NULL)
        return self;
    cf_free(services->allocator, self);
    return NULL;
}

static void count(cf_metrics *metrics, cf_websocket_kind kind)
{
    if (kind == CF_WEBSOCKET_SOCKJS)
        metrics->http_sockjs_num_requests++;
    else
        metrics->http_raw_ws_num_requests++;
}

static void compress(websocket *self, const cf_deflate *deflate)
{
    self->deflated = true;
    cf_session_outbox(self->session)->form = cf_deflate_form(deflate);
}

void cf_websocket_start(cf_services *services, cf_connection *connection, cf_bytes key, cf_bytes early, cf_websocket_kind kind,
                        cf_deflate *deflate)
{
    bool greeted = send_handshake(services, connection, key, kind, deflate != NULL);
    websocket *self = greeted ? make(services, connection, kind) : NULL;
    if (self == NULL) {
        cf_connection_close(connection);
        return;
    }
    if (deflate != NULL)
        compress(self, deflate);
    count(services->metrics, kind);
    cf_connection_start(connection, &protocol, self);
    arm(self);
    if (early.size > 0)
        on_read(connection, (char *)(uintptr_t)early.data, early.size); /* the connection's own read buffer */
}

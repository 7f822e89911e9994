/*
 * One transport once it is connected: the opening handshake, then WebSocket frames. A connection without TLS is read and
 * written by the system's own calls, since it then needs nothing of libcurl any more (40 kB a connection); all others by
 * curl_easy_send and curl_easy_recv.
 */
#include "native/socket.h"

#include <string.h>

static const cf_bytes no_reason = {"", 0};

static cf_native_socket *socket_of(cf_native_transport *transport)
{
    return CF_CONTAINER(transport, cf_native_socket, base);
}

/* ---- send -------------------------------------------------------------------------- */

static bool wants_to_send(const cf_native_socket *socket)
{
    return socket->sent < socket->sending.size || socket->queued.size > 0;
}

void cf_native_socket_lose(cf_native_socket *socket, centrifuge_error error, const char *detail)
{
    if (socket->state != CF_NATIVE_SOCKET_CLOSING)
        cf_native_socket_kill(socket);
    socket->base.tell->lost(&socket->base, error, detail);
}

void cf_native_socket_watch(cf_native_socket *socket)
{
    int events = CENTRIFUGE_READABLE | (wants_to_send(socket) ? CENTRIFUGE_WRITABLE : 0);
    if (!cf_native_loop_watch(&socket->base.client->loop, socket->socket, events))
        cf_native_socket_lose(socket, CENTRIFUGE_ERROR_SYSTEM, "too many sockets are watched");
}

static size_t unsent(const cf_native_transport *transport)
{
    const cf_native_socket *socket = CF_CONTAINER(transport, const cf_native_socket, base);
    return socket->sending.size - socket->sent + socket->queued.size;
}

static CURLcode send_bytes(cf_native_socket *socket, const char *data, size_t size, size_t *sent)
{
    if (!socket->plain)
        return curl_easy_send(socket->easy, data, size, sent);
    cf_native_io outcome = cf_native_send(socket->socket, data, size, sent);
    return outcome == CF_NATIVE_IO_OK ? CURLE_OK : outcome == CF_NATIVE_IO_AGAIN ? CURLE_AGAIN : CURLE_SEND_ERROR;
}

/* What was sent is given back: a process may have a thousand idle clients. */
static void drop_sent(cf_native_socket *socket)
{
    cf_buffer_free(&socket->sending);
    socket->sent = 0;
}

/* Puts the queue in the place of what is sent. */
static void next_batch(cf_native_socket *socket)
{
    drop_sent(socket);
    socket->sending = socket->queued;
    cf_buffer_init(&socket->queued, &cf_heap, socket->queued.limit);
}

/*
 * Who publishes to a channel of its own hears more than it says: it has to read while it writes, or the server takes it for
 * slow. While what was received waits to be told, little more is sent: calls then wait in our queue, whose limit the
 * application knows.
 */
static size_t share_of_turn(const cf_native_socket *socket)
{
    const centrifuge_client *client = socket->base.client;
    if (client->ending)
        return SIZE_MAX;
    return client->share.over || socket->has_more ? CF_NATIVE_SOCKET_SEND_BEHIND : CF_NATIVE_SOCKET_SEND_SHARE;
}

/* A TLS library wants all of it again after a refusal. */
static size_t next_size(const cf_native_socket *socket, size_t share)
{
    size_t left = socket->sending.size - socket->sent;
    return socket->plain && left > share ? share : left;
}

static void flush_socket(cf_native_socket *socket)
{
    size_t share = share_of_turn(socket);
    if (socket->state == CF_NATIVE_SOCKET_CONNECTING || socket->state == CF_NATIVE_SOCKET_DEAD)
        return;
    while (wants_to_send(socket) && share > 0) {
        if (socket->sent == socket->sending.size)
            next_batch(socket);
        size_t sent = 0;
        CURLcode code = send_bytes(socket, socket->sending.data + socket->sent, next_size(socket, share), &sent);
        if (code == CURLE_AGAIN)
            break;
        if (code != CURLE_OK) {
            cf_native_socket_failed(socket, code);
            return;
        }
        socket->sent += sent;
        share -= sent < share ? sent : share;
    }
    if (!wants_to_send(socket))
        drop_sent(socket);
    socket->base.tell->unsent(&socket->base);
    cf_native_socket_watch(socket);
}

static void append(cf_native_socket *socket, cf_ws_opcode opcode, cf_bytes payload)
{
    uint8_t mask[4];
    cf_native_random(socket->base.client, mask, sizeof mask);
    cf_ws_append_frame(&socket->queued, opcode, payload, mask);
    if (socket->queued.failed)
        cf_native_socket_lose(socket, CENTRIFUGE_ERROR_LIMIT_QUEUE,
                              "the connection is too slow for what is sent: raise 'queue_size_max' or send less");
}

static void send_text(cf_native_transport *transport, cf_bytes text)
{
    cf_native_socket *socket = socket_of(transport);
    if (socket->state == CF_NATIVE_SOCKET_OPEN)
        append(socket, CF_WS_TEXT, text);
}

/* ---- receive ------------------------------------------------------------------------- */

static void say_goodbye(cf_native_socket *socket, uint16_t code, cf_bytes reason)
{
    uint8_t mask[4];
    cf_native_random(socket->base.client, mask, sizeof mask);
    cf_ws_append_close(&socket->queued, code, reason, mask);
    socket->state = CF_NATIVE_SOCKET_CLOSING;
    socket->linger_until = cf_time_after(cf_native_clock_now(), CF_NATIVE_SOCKET_LINGER);
}

static centrifuge_error error_of_close(uint16_t code)
{
    if (code == CF_WS_CLOSE_TOO_LARGE)
        return CENTRIFUGE_ERROR_LIMIT_MESSAGE_SIZE;
    return code == CF_WS_CLOSE_INVALID_DATA || code == CF_WS_CLOSE_PROTOCOL_ERROR ? CENTRIFUGE_ERROR_PROTOCOL
                                                                                  : CENTRIFUGE_ERROR_NO_MEMORY;
}

static const char *detail_of_close(uint16_t code)
{
    if (code == CF_WS_CLOSE_TOO_LARGE)
        return "the server sent more than message_size_max in one message";
    if (code == CF_WS_CLOSE_INVALID_DATA)
        return "the server sent a text that is not valid UTF-8";
    return "the server broke the WebSocket protocol";
}

static void take_event(cf_native_socket *socket, const cf_ws_event *event)
{
    switch (event->kind) {
    case CF_WS_EVENT_MESSAGE:
        socket->base.tell->received(&socket->base, event->payload);
        break;
    case CF_WS_EVENT_PING:
        append(socket, CF_WS_PONG, event->payload);
        socket->base.tell->alive(&socket->base);
        break;
    case CF_WS_EVENT_PONG:
        socket->base.tell->alive(&socket->base);
        break;
    case CF_WS_EVENT_CLOSE:
        say_goodbye(socket, event->code, no_reason);
        socket->base.tell->closed(&socket->base, event->code, event->payload);
        break;
    case CF_WS_EVENT_ERROR:
        say_goodbye(socket, event->code, event->payload);
        cf_native_socket_lose(socket, error_of_close(event->code), detail_of_close(event->code));
        break;
    case CF_WS_EVENT_NONE:
        break;
    }
}

/* As far as the turn's share of events goes. */
static void decode(cf_native_socket *socket, char *data, size_t size)
{
    const centrifuge_client *client = socket->base.client;
    cf_ws_event event;
    do {
        size_t used = cf_ws_decoder_read(&socket->decoder, data, size, &event);
        data += used;
        size -= used;
        take_event(socket, &event);
    } while (socket->state == CF_NATIVE_SOCKET_OPEN && !client->ending && !client->share.over &&
             (event.kind != CF_WS_EVENT_NONE || size > 0));
    socket->unread = client->share.over ? data : NULL;
    socket->unread_size = size;
}

static void end_handshake(cf_native_socket *socket)
{
    if (socket->handshake) {
        cf_buffer_free(&socket->handshake->head);
        cf_free(&cf_heap, socket->handshake->protocols);
        cf_free(&cf_heap, socket->handshake->endpoint);
    }
    cf_free(&cf_heap, socket->handshake);
    socket->handshake = NULL;
}

static void resume(cf_native_socket *socket)
{
    if (socket->state == CF_NATIVE_SOCKET_OPEN && socket->unread)
        decode(socket, socket->unread, socket->unread_size);
    if (socket->base.client->share.over)
        return;
    socket->unread = NULL;
    if (socket->state != CF_NATIVE_SOCKET_CONNECTING && socket->state != CF_NATIVE_SOCKET_HANDSHAKE)
        end_handshake(socket);
}

static void refuse_status(cf_native_socket *socket, int status, cf_bytes head)
{
    centrifuge_client *client = socket->base.client;
    cf_buffer why;
    cf_buffer_init(&why, &cf_heap, CF_BUFFER_NO_LIMIT);
    client->http_status = status;
    if (status == 429 || status == 503)
        client->retry_after = cf_native_retry_after(cf_ws_response_header(head, CF_BYTES("Retry-After")));
    centrifuge_error error = cf_native_refusal(status, cf_ws_response_header(head, CF_BYTES("Location")), &why);
    const char *detail = cf_buffer_text(&why);
    cf_native_socket_lose(socket, error, detail ? detail : "the server refused the upgrade");
    cf_buffer_free(&why);
}

static void handshake(cf_native_socket *socket, cf_bytes received)
{
    cf_buffer *head = &socket->handshake->head;
    cf_buffer_append(head, received);
    size_t used = 0;
    int status = 0;
    const char *problem = "";
    if (head->failed) {
        cf_native_socket_lose(socket, CENTRIFUGE_ERROR_NO_MEMORY, "the response is too large");
        return;
    }
    switch (cf_ws_check_response(cf_buffer_bytes(head), cf_bytes_make(socket->handshake->key, CF_WS_KEY_SIZE),
                                 cf_bytes_of(socket->handshake->protocols), &used, &status, &problem)) {
    case CF_WS_RESPONSE_MORE:
        return;
    case CF_WS_RESPONSE_STATUS:
        refuse_status(socket, status, cf_bytes_slice(cf_buffer_bytes(head), 0, used));
        return;
    case CF_WS_RESPONSE_INVALID:
        cf_native_socket_lose(socket, CENTRIFUGE_ERROR_PROTOCOL, problem);
        return;
    case CF_WS_RESPONSE_OK:
        break;
    }
    socket->state = CF_NATIVE_SOCKET_OPEN;
    socket->unread = head->data + used;
    socket->unread_size = head->size - used;
    socket->linger_until = CF_TIME_NEVER;
    socket->base.tell->opened(&socket->base);
    if (!socket->base.client->share.over)
        resume(socket);
}

static void end_of_stream(cf_native_socket *socket)
{
    if (socket->state == CF_NATIVE_SOCKET_CLOSING)
        cf_native_socket_kill(socket);
    else
        cf_native_socket_lose(socket, CENTRIFUGE_ERROR_NETWORK, "the connection was closed without a WebSocket close");
}

static CURLcode receive_bytes(cf_native_socket *socket, char *data, size_t *size)
{
    if (!socket->plain)
        return curl_easy_recv(socket->easy, data, CF_NATIVE_SOCKET_READ_SIZE, size);
    cf_native_io outcome = cf_native_receive(socket->socket, data, CF_NATIVE_SOCKET_READ_SIZE, size);
    return outcome == CF_NATIVE_IO_OK ? CURLE_OK : outcome == CF_NATIVE_IO_AGAIN ? CURLE_AGAIN : CURLE_RECV_ERROR;
}

/* A piece of a message is a sign of life, too: on a slow connection the answer to a ping waits behind it. */
static void receive(cf_native_socket *socket, char *data, size_t size)
{
    socket->base.tell->alive(&socket->base);
    decode(socket, data, size);
}

static void read_all(cf_native_socket *socket)
{
    const centrifuge_client *client = socket->base.client;
    socket->has_more = client->share.over;
    if (client->share.over)
        return;
    char *data = cf_native_read_buffer(socket->base.client);
    if (!data) {
        cf_native_socket_lose(socket, CENTRIFUGE_ERROR_NO_MEMORY, "no memory to read into");
        return;
    }
    for (int i = 0; i < CF_NATIVE_SOCKET_READS_MAX; i++) {
        if (socket->state == CF_NATIVE_SOCKET_CONNECTING || socket->state == CF_NATIVE_SOCKET_DEAD || client->ending)
            return;
        if (client->share.over)
            break;
        size_t size = 0;
        CURLcode code = receive_bytes(socket, data, &size);
        cf_native_now(socket->base.client);
        if (code == CURLE_AGAIN)
            return;
        if (code != CURLE_OK) {
            cf_native_socket_failed(socket, code);
            return;
        }
        if (size == 0)
            end_of_stream(socket);
        else if (socket->state == CF_NATIVE_SOCKET_HANDSHAKE)
            handshake(socket, cf_bytes_make(data, size));
        else if (socket->state == CF_NATIVE_SOCKET_OPEN)
            receive(socket, data, size);
    }
    socket->has_more = socket->state != CF_NATIVE_SOCKET_DEAD;
}

/* ---- what the driver asks ---------------------------------------------------------------- */

static void flush_waiting(cf_native_transport *transport)
{
    if (wants_to_send(socket_of(transport)))
        flush_socket(socket_of(transport));
}

static void resume_transport(cf_native_transport *transport)
{
    resume(socket_of(transport));
}

/* What libcurl waits for while connecting is known to nobody else. */
static bool owns(const cf_native_socket *socket, centrifuge_socket handle)
{
    if (socket->state == CF_NATIVE_SOCKET_CONNECTING)
        return cf_native_loop_watches(&socket->base.client->loop, handle);
    return socket->state != CF_NATIVE_SOCKET_DEAD && socket->socket == handle;
}

static bool ready(cf_native_transport *transport, centrifuge_socket handle, int events)
{
    cf_native_socket *socket = socket_of(transport);
    if (!owns(socket, handle))
        return false;
    if (socket->state == CF_NATIVE_SOCKET_CONNECTING) {
        cf_native_socket_progress(socket, handle, events);
        return true;
    }
    if (events & CENTRIFUGE_READABLE)
        read_all(socket);
    if ((events & CENTRIFUGE_WRITABLE) && !transport->client->ending)
        flush_socket(socket);
    return true;
}

/* Of one that says goodbye; or that has to open in time, because there are others to be tried. */
static void end_patience(cf_native_socket *socket)
{
    if (socket->state == CF_NATIVE_SOCKET_CLOSING || socket->state == CF_NATIVE_SOCKET_DEAD) {
        cf_native_socket_kill(socket);
        return;
    }
    socket->reached = true;
    cf_native_socket_lose(socket, CENTRIFUGE_ERROR_TIMEOUT, "the upgrade was not answered in time");
}

static void timers(cf_native_transport *transport, cf_time now, bool read)
{
    cf_native_socket *socket = socket_of(transport);
    if (socket->curl_deadline <= now) {
        socket->curl_deadline = CF_TIME_NEVER;
        cf_native_socket_progress(socket, CURL_SOCKET_TIMEOUT, 0);
    }
    if (socket->has_more || read)
        read_all(socket);
    if (socket->linger_until <= now)
        end_patience(socket);
}

static cf_time deadline(const cf_native_transport *transport)
{
    const cf_native_socket *socket = CF_CONTAINER(transport, const cf_native_socket, base);
    if (socket->has_more)
        return cf_native_clock_now();
    return socket->curl_deadline < socket->linger_until ? socket->curl_deadline : socket->linger_until;
}

/* ---- the end ----------------------------------------------------------------------------- */

static void close_politely(cf_native_transport *transport)
{
    cf_native_socket *socket = socket_of(transport);
    if (socket->state == CF_NATIVE_SOCKET_OPEN) {
        say_goodbye(socket, CF_WS_CLOSE_NORMAL, no_reason);
        return;
    }
    if (socket->state != CF_NATIVE_SOCKET_CLOSING)
        cf_native_socket_kill(socket);
}

void cf_native_socket_kill(cf_native_socket *socket)
{
    if (socket->state != CF_NATIVE_SOCKET_DEAD && (socket->plain || socket->state != CF_NATIVE_SOCKET_CONNECTING))
        cf_native_loop_watch(&socket->base.client->loop, socket->socket, 0);
    socket->state = CF_NATIVE_SOCKET_DEAD;
}

static void kill_socket(cf_native_transport *transport)
{
    cf_native_socket_kill(socket_of(transport));
}

static void abandon(cf_native_transport *transport)
{
    cf_native_socket *socket = socket_of(transport);
    if (socket->plain && socket->state == CF_NATIVE_SOCKET_DEAD)
        cf_native_close(socket->socket);
    socket->state = CF_NATIVE_SOCKET_DEAD;
    socket->plain = false;
    socket->easy = NULL;
    socket->multi = NULL;
}

static void reap(cf_native_transport *transport)
{
    cf_native_socket *socket = socket_of(transport);
    if (socket->state != CF_NATIVE_SOCKET_DEAD)
        return;
    cf_list_remove(&socket->base.link);
    if (socket->plain)
        cf_native_close(socket->socket);
    cf_native_socket_drop_curl(socket);
    cf_ws_decoder_free(&socket->decoder);
    cf_buffer_free(&socket->sending);
    cf_buffer_free(&socket->queued);
    end_handshake(socket);
    cf_free(&cf_heap, socket);
}

static const char *name(const cf_native_transport *transport)
{
    (void)transport;
    return "raw-websocket";
}

const cf_native_transport_ops cf_native_socket_ops = {
    .name = name,
    .send = send_text,
    .flush = flush_waiting,
    .resume = resume_transport,
    .ready = ready,
    .timers = timers,
    .deadline = deadline,
    .unsent = unsent,
    .close = close_politely,
    .kill = kill_socket,
    .abandon = abandon,
    .reap = reap,
};

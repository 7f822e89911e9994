#define _POSIX_C_SOURCE 200809L

#include "native/test/peer.h"

#include "ws/frame.h"
#include "ws/handshake.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

/* Long enough for a busy machine: reached only when something is wrong. */
#define PATIENCE_SECONDS 120
#define RECEIVE_SIZE     65536

static void *resize(void *user, void *memory, size_t size)
{
    (void)user;
    if (size > 0)
        return realloc(memory, size);
    free(memory);
    return NULL;
}

static const cf_allocator allocator = {resize, NULL};

/* ---- the test's thread ------------------------------------------------------------ */

static int listen_on_free_port(int *port)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 64), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return listener;
}

int peer_unused_port(void)
{
    int port;
    close(listen_on_free_port(&port));
    return port;
}

static void *run_script(void *argument)
{
    cf_peer *self = argument;
    /* OpenSSL writes without MSG_NOSIGNAL. In this thread only: the client's must do without. */
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    self->script(self);
    peer_drop(self);
    return NULL;
}

static void prepare_tls(cf_peer *peer, const cf_peer_tls *tls)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    assert_non_null(context);
    assert_int_equal(SSL_CTX_use_certificate_chain_file(context, tls->certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(context, tls->key, SSL_FILETYPE_PEM), 1);
    if (tls->client_ca) {
        assert_int_equal(SSL_CTX_load_verify_locations(context, tls->client_ca, NULL), 1);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    peer->tls_context = context;
}

void peer_start(cf_peer *peer, peer_script script, void *user, const cf_peer_tls *tls)
{
    memset(peer, 0, sizeof *peer);
    peer->socket = -1;
    peer->script = script;
    peer->user = user;
    peer->listener = listen_on_free_port(&peer->port);
    peer->text = calloc(1, 1);
    assert_non_null(peer->text);
    if (tls)
        prepare_tls(peer, tls);
    assert_int_equal(pthread_create(&peer->thread, NULL, run_script, peer), 0);
}

const char *peer_url(const cf_peer *peer)
{
    static _Thread_local char url[64];
    snprintf(url, sizeof url, "%s://127.0.0.1:%d", peer->tls_context ? "wss" : "ws", peer->port);
    return url;
}

void peer_finish(cf_peer *peer)
{
    shutdown(peer->listener, SHUT_RDWR); /* a script that still waits for somebody fails now */
    pthread_join(peer->thread, NULL);
    close(peer->listener);
    SSL_CTX_free(peer->tls_context);
    free(peer->input);
    free(peer->text);
    if (peer->failure[0])
        fail_msg("the peer: %s", peer->failure);
}

/* ---- bytes --------------------------------------------------------------------------- */

bool peer_fail(cf_peer *peer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!peer->failure[0])
        vsnprintf(peer->failure, sizeof peer->failure, format, arguments);
    va_end(arguments);
    return false;
}

static bool accept_plain(cf_peer *peer)
{
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    int one = 1;
    peer_drop(peer);
    setsockopt(peer->listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    peer->socket = accept(peer->listener, NULL, NULL);
    if (peer->socket < 0)
        return peer_fail(peer, "nobody connected");
    setsockopt(peer->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(peer->socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(peer->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    atomic_fetch_add(&peer->accepted, 1);
    return true;
}

bool peer_accept(cf_peer *peer)
{
    if (!accept_plain(peer) || !peer->tls_context)
        return peer->socket >= 0;
    peer->tls = SSL_new(peer->tls_context);
    SSL_set_fd(peer->tls, peer->socket);
    return SSL_accept(peer->tls) == 1 || peer_fail(peer, "the TLS handshake failed");
}

bool peer_send_raw(cf_peer *peer, const void *data, size_t size)
{
    const char *bytes = data;
    while (size > 0) {
        ssize_t sent = peer->tls ? SSL_write(peer->tls, bytes, size < INT32_MAX ? (int)size : INT32_MAX)
                                 : send(peer->socket, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return peer_fail(peer, "sending failed: %s", strerror(errno));
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

static bool make_room(cf_peer *peer)
{
    if (peer->input_capacity - peer->input_size >= RECEIVE_SIZE)
        return true;
    size_t capacity = (peer->input_capacity + RECEIVE_SIZE) * 2;
    char *larger = realloc(peer->input, capacity);
    if (!larger)
        return false;
    peer->input = larger;
    peer->input_capacity = capacity;
    return true;
}

/* More input; false at the end of the stream. */
static bool receive(cf_peer *peer)
{
    if (!make_room(peer))
        return peer_fail(peer, "no memory");
    char *to = peer->input + peer->input_size;
    ssize_t got = peer->tls ? SSL_read(peer->tls, to, RECEIVE_SIZE) : recv(peer->socket, to, RECEIVE_SIZE, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return peer_fail(peer, "nothing came from the client");
    if (got <= 0)
        return false;
    peer->input_size += (size_t)got;
    return true;
}

static void use(cf_peer *peer, size_t size)
{
    peer->input_size -= size;
    memmove(peer->input, peer->input + size, peer->input_size);
}

bool peer_read_head(cf_peer *peer)
{
    for (;;) {
        cf_bytes input = {peer->input, peer->input_size};
        ptrdiff_t end = peer->input_size ? cf_bytes_find(input, CF_BYTES("\r\n\r\n")) : -1;
        if (end >= 0 && (size_t)end + 5 < sizeof peer->head) {
            memcpy(peer->head, peer->input, (size_t)end + 4);
            peer->head[end + 4] = '\0';
            use(peer, (size_t)end + 4);
            return true;
        }
        if (!receive(peer))
            return peer_fail(peer, "no request head came");
    }
}

static bool keep_text(cf_peer *peer, const char *payload, size_t size, const char *mask)
{
    char *text = realloc(peer->text, size + 1);
    if (!text)
        return peer_fail(peer, "no memory");
    for (size_t i = 0; i < size; i++)
        text[i] = (char)(payload[i] ^ mask[i % 4]);
    text[size] = '\0';
    peer->text = text;
    peer->text_size = size;
    return true;
}

bool peer_read_request(cf_peer *peer)
{
    return peer_accept(peer) && peer_read_next_request(peer);
}

bool peer_read_next_request(cf_peer *peer)
{
    static const char no_mask[4] = {0};
    if (!peer_read_head(peer))
        return false;
    const char *length = strstr(peer->head, "Content-Length: ");
    size_t size = length ? strtoul(length + 16, NULL, 10) : 0;
    while (peer->input_size < size)
        if (!receive(peer))
            return peer_fail(peer, "the request's body is too short");
    if (!keep_text(peer, peer->input, size, no_mask))
        return false;
    use(peer, size);
    return true;
}

bool peer_expect_request(cf_peer *peer, const char *body)
{
    return peer_read_request(peer) &&
           (strcmp(peer->text, body) == 0 || peer_fail(peer, "expected %s, got %.300s", body, peer->text));
}

bool peer_respond(cf_peer *peer, const char *status, const char *body)
{
    char head[256];
    snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", status,
             strlen(body));
    return peer_send_raw(peer, head, strlen(head)) && peer_send_raw(peer, body, strlen(body));
}

/* ---- WebSocket -------------------------------------------------------------------------- */

bool peer_upgrade(cf_peer *peer)
{
    if (!peer_read_head(peer))
        return false;
    const char *key = strstr(peer->head, "Sec-WebSocket-Key: ");
    if (strncmp(peer->head, "GET ", 4) != 0 || !key)
        return peer_fail(peer, "no WebSocket request: %s", peer->head);
    cf_buffer response;
    cf_buffer_init(&response, &allocator, CF_BUFFER_NO_LIMIT);
    cf_ws_append_response(&response, cf_bytes_make(key + 19, CF_WS_KEY_SIZE), false);
    bool sent = peer_send_raw(peer, response.data, response.size);
    cf_buffer_free(&response);
    return sent;
}

bool peer_send_frame(cf_peer *peer, int opcode, const void *data, size_t size)
{
    cf_buffer frame;
    cf_buffer_init(&frame, &allocator, CF_BUFFER_NO_LIMIT);
    cf_ws_append_frame(&frame, (cf_ws_opcode)opcode, cf_bytes_make(data, size), NULL);
    bool sent = peer_send_raw(peer, frame.data, frame.size);
    cf_buffer_free(&frame);
    return sent;
}

bool peer_send(cf_peer *peer, const char *text)
{
    return peer_send_frame(peer, CF_WS_TEXT, text, strlen(text));
}

static uint64_t big_endian(const uint8_t *bytes, size_t count)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* A second reader of frames, so that the client's codec is not judged by itself. Sizes of header and payload; 0: more input. */
static size_t frame_size(const cf_peer *peer, size_t *header)
{
    const uint8_t *bytes = (const uint8_t *)peer->input;
    if (peer->input_size < 2)
        return 0;
    size_t length = bytes[1] & 0x7f;
    size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
    *header = 2 + extended + 4;
    if (peer->input_size < *header)
        return 0;
    if (extended > 0)
        length = (size_t)big_endian(bytes + 2, extended);
    return peer->input_size < *header + length ? 0 : *header + length;
}

int peer_read_frame(cf_peer *peer)
{
    size_t header = 0;
    size_t size;
    while ((size = frame_size(peer, &header)) == 0)
        if (!receive(peer))
            return -1;
    if (!(peer->input[1] & 0x80)) {
        peer_fail(peer, "a frame of the client is not masked");
        return -1;
    }
    if (!(peer->input[0] & 0x80) || peer->input[0] & 0x70) {
        peer_fail(peer, "a frame of the client is a fragment or has reserved bits");
        return -1;
    }
    int opcode = peer->input[0] & 0xf;
    if (!keep_text(peer, peer->input + header, size - header, peer->input + header - 4))
        return -1;
    if (opcode == CF_WS_CLOSE)
        peer->close_code = peer->text_size >= 2 ? (uint16_t)big_endian((const uint8_t *)peer->text, 2) : CF_WS_CLOSE_NO_STATUS;
    use(peer, size);
    return opcode;
}

bool peer_read(cf_peer *peer)
{
    int opcode;
    do {
        opcode = peer_read_frame(peer);
    } while (opcode == CF_WS_PING || opcode == CF_WS_PONG);
    return opcode == CF_WS_TEXT;
}

bool peer_expect(cf_peer *peer, const char *part)
{
    if (!peer_read(peer))
        return peer_fail(peer, "no message came that contains %s", part);
    return strstr(peer->text, part) || peer_fail(peer, "expected %s, got %.300s", part, peer->text);
}

bool peer_answer(cf_peer *peer, const char *method, const char *body)
{
    char text[1024];
    const char *uid = strstr(peer->text, "\"uid\":\"");
    if (!uid)
        return peer_fail(peer, "no uid in %.300s", peer->text);
    uid += 7;
    snprintf(text, sizeof text, "{\"uid\":\"%.*s\",\"method\":\"%s\",\"body\":%s}", (int)strcspn(uid, "\""), uid, method, body);
    return peer_send(peer, text);
}

bool peer_welcome(cf_peer *peer, const char *client)
{
    char body[256];
    snprintf(body, sizeof body, "{\"version\":\"1.8.0\",\"client\":\"%s\",\"expires\":false,\"expired\":false,\"ttl\":0}",
             client);
    return peer_accept(peer) && peer_upgrade(peer) && peer_expect(peer, "\"method\":\"connect\"") &&
           peer_answer(peer, "connect", body);
}

bool peer_subscribed(cf_peer *peer, const char *channel)
{
    char part[256];
    char body[256];
    snprintf(part, sizeof part, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"%s\"", channel);
    snprintf(body, sizeof body, "{\"channel\":\"%s\",\"status\":true,\"last\":\"\",\"recovered\":false}", channel);
    return peer_expect(peer, part) && peer_answer(peer, "subscribe", body);
}

bool peer_close_frame(cf_peer *peer, uint16_t code, const char *reason)
{
    cf_buffer frame;
    cf_buffer_init(&frame, &allocator, CF_BUFFER_NO_LIMIT);
    cf_ws_append_close(&frame, code, cf_bytes_of(reason), NULL);
    bool sent = peer_send_raw(peer, frame.data, frame.size);
    cf_buffer_free(&frame);
    return sent;
}

bool peer_wait_end(cf_peer *peer)
{
    int opcode;
    do {
        opcode = peer_read_frame(peer);
    } while (opcode >= 0 && opcode != CF_WS_CLOSE);
    return !peer->failure[0];
}

void peer_drop(cf_peer *peer)
{
    if (peer->socket < 0)
        return;
    if (peer->tls)
        SSL_free(peer->tls);
    close(peer->socket);
    peer->tls = NULL;
    peer->socket = -1;
    peer->input_size = 0;
}

void peer_reset(cf_peer *peer)
{
    struct linger at_once = {.l_onoff = 1};
    setsockopt(peer->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    peer_drop(peer);
}

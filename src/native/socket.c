/*
 * One transport. libcurl makes the connection (CURLOPT_CONNECT_ONLY: name, TCP, proxy tunnel, TLS); then curl_easy_send and
 * curl_easy_recv carry WebSocket frames over it.
 */
#include "native/native.h"

#include <string.h>

/* An empty send buffer that is larger than this is given back. */
#define KEEP_CAPACITY 1024

/* ---- connect -------------------------------------------------------------------- */

/* ws://host:port/path?query of the core, in parts. */
typedef struct address {
    bool secure;
    cf_bytes host; /* with the port */
    cf_bytes target;
} address;

static bool split_address(cf_bytes text, address *parts)
{
    cf_bytes rest;
    parts->secure = cf_bytes_starts_with(text, CF_BYTES("wss://"));
    if (parts->secure)
        rest = cf_bytes_slice(text, 6, text.size);
    else if (cf_bytes_starts_with(text, CF_BYTES("ws://")))
        rest = cf_bytes_slice(text, 5, text.size);
    else
        return false;
    size_t end = 0;
    while (end < rest.size && !memchr("/?#", rest.data[end], 3))
        end++;
    parts->host = cf_bytes_slice(rest, 0, end);
    ptrdiff_t user = cf_bytes_find_last(parts->host, CF_BYTES("@"));
    if (user >= 0)
        parts->host = cf_bytes_slice(parts->host, (size_t)user + 1, parts->host.size);
    parts->target = cf_bytes_slice(rest, end, rest.size);
    ptrdiff_t fragment = cf_bytes_find(parts->target, CF_BYTES("#"));
    if (fragment >= 0)
        parts->target = cf_bytes_slice(parts->target, 0, (size_t)fragment);
    return parts->host.size > 0;
}

/* libcurl connects to http and https; only host and port matter to it. */
static const char *http_url(cf_buffer *url, const address *parts)
{
    cf_buffer_append(url, parts->secure ? CF_BYTES("https://") : CF_BYTES("http://"));
    cf_buffer_append(url, parts->host);
    cf_buffer_append(url, CF_BYTES("/"));
    return url->failed ? NULL : cf_buffer_text(url);
}

static void set_text(CURL *easy, CURLoption option, const char *value, bool *failed)
{
    if (value && curl_easy_setopt(easy, option, value) != CURLE_OK)
        *failed = true;
}

/* Own authorities replace those that libcurl was built to trust, file and directory. */
static void set_authorities(CURL *easy, const cf_native_settings *settings, bool *failed)
{
    if (!settings->ca_file && !settings->ca_path)
        return;
    if (curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_CAPATH, settings->ca_path) != CURLE_OK)
        *failed = true;
}

static bool configure(cf_native_socket *socket, const char *url)
{
    CURL *easy = socket->easy;
    const cf_native_settings *settings = &socket->client->settings;
    long timeout =
        settings->connect_timeout > 0 && settings->connect_timeout < INT32_MAX ? (long)settings->connect_timeout : INT32_MAX;
    bool failed = false;
    set_text(easy, CURLOPT_URL, url, &failed);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name that is still being resolved must not hold us up when the attempt is given up. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout);
    /* What it keeps while connecting; cf_native_socket_connected raises it, since it also bounds a curl_easy_recv. */
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 1024L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, socket->problem);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, socket);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, settings->verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, settings->verify ? 2L : 0L);
    set_authorities(easy, settings, &failed);
    set_text(easy, CURLOPT_PROXY, settings->proxy, &failed);
    set_text(easy, CURLOPT_PROXYUSERPWD, settings->proxy_user, &failed);
    set_text(easy, CURLOPT_SSLCERT, settings->certificate, &failed);
    set_text(easy, CURLOPT_SSLKEY, settings->key, &failed);
    set_text(easy, CURLOPT_KEYPASSWD, settings->key_password, &failed);
    set_text(easy, CURLOPT_INTERFACE, settings->interface_name, &failed);
    return !failed;
}

static void queue_request(cf_native_socket *socket, const address *parts)
{
    const cf_native_settings *settings = &socket->client->settings;
    uint8_t random[16];
    cf_native_driver_random(socket->client, random, sizeof random);
    cf_ws_make_key(random, socket->key);
    cf_bytes target = parts->target;
    cf_buffer path;
    cf_buffer_init(&path, &cf_native_allocator, CF_BUFFER_NO_LIMIT);
    if (target.size == 0 || target.data[0] != '/') {
        cf_buffer_append(&path, CF_BYTES("/"));
        cf_buffer_append(&path, target);
        target = cf_buffer_bytes(&path);
    }
    cf_ws_append_request(&socket->queued, parts->host, target, cf_bytes_make(socket->key, sizeof socket->key),
                         settings->headers, settings->header_count);
    if (path.failed)
        socket->queued.failed = true;
    cf_buffer_free(&path);
}

static centrifuge_error start(cf_native_socket *socket, const address *parts)
{
    cf_buffer url;
    cf_buffer_init(&url, &cf_native_allocator, CF_BUFFER_NO_LIMIT);
    const char *text = http_url(&url, parts);
    queue_request(socket, parts);
    socket->easy = curl_easy_init();
    bool ready = text && socket->easy && !socket->queued.failed && configure(socket, text);
    cf_buffer_free(&url);
    if (!ready || curl_multi_add_handle(socket->client->loop.multi, socket->easy) != CURLM_OK)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error cf_native_socket_open(centrifuge_client *client, uint32_t id, cf_bytes text)
{
    address parts;
    if (!split_address(text, &parts))
        return CENTRIFUGE_ERROR_INVALID_URL;
    if (!client->read_buffer)
        client->read_buffer = cf_alloc(&cf_native_allocator, CF_NATIVE_SOCKET_READ_SIZE);
    cf_native_socket *socket = cf_alloc_zero(&cf_native_allocator, 1, sizeof *socket);
    if (!socket || !client->read_buffer) {
        cf_free(&cf_native_allocator, socket);
        return CENTRIFUGE_ERROR_NO_MEMORY;
    }
    socket->client = client;
    socket->id = id;
    socket->linger_until = CF_TIME_NEVER;
    cf_ws_decoder_init(&socket->decoder, CF_WS_CLIENT, client->settings.message_size_max, true, &cf_native_allocator);
    cf_buffer_init(&socket->sending, &cf_native_allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&socket->queued, &cf_native_allocator, client->settings.queue_size_max);
    cf_buffer_init(&socket->head, &cf_native_allocator, CF_WS_RESPONSE_HEAD_MAX + CF_NATIVE_SOCKET_READ_SIZE);
    cf_list_append(&client->sockets, &socket->link);
    centrifuge_error error = start(socket, &parts);
    if (error) {
        cf_native_socket_kill(socket);
        return error;
    }
    client->live = socket;
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error error_of(CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return CENTRIFUGE_ERROR_TIMEOUT;
    case CURLE_OUT_OF_MEMORY:
        return CENTRIFUGE_ERROR_NO_MEMORY;
    case CURLE_URL_MALFORMAT:
        return CENTRIFUGE_ERROR_INVALID_URL;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
        return CENTRIFUGE_ERROR_TLS;
    default:
        return CENTRIFUGE_ERROR_NETWORK;
    }
}

static void lost(cf_native_socket *socket, CURLcode code)
{
    const char *detail = socket->problem[0] ? socket->problem : curl_easy_strerror(code);
    cf_native_driver_lost(socket, (cf_bytes){"", 0}, error_of(code), detail);
}

static void watch(cf_native_socket *socket)
{
    int events = CENTRIFUGE_READABLE | (cf_native_socket_wants_to_send(socket) ? CENTRIFUGE_WRITABLE : 0);
    if (!cf_native_loop_watch(&socket->client->loop, socket->socket, events))
        cf_native_driver_lost(socket, (cf_bytes){"", 0}, CENTRIFUGE_ERROR_SYSTEM, "too many sockets are watched");
}

void cf_native_socket_connected(cf_native_socket *socket, CURLcode code)
{
    if (socket->state != CF_NATIVE_SOCKET_CONNECTING)
        return;
    curl_socket_t active = CURL_SOCKET_BAD;
    if (code == CURLE_OK && curl_easy_getinfo(socket->easy, CURLINFO_ACTIVESOCKET, &active) == CURLE_OK &&
        active == CURL_SOCKET_BAD)
        code = CURLE_COULDNT_CONNECT;
    if (code != CURLE_OK) {
        lost(socket, code);
        return;
    }
    curl_easy_setopt(socket->easy, CURLOPT_BUFFERSIZE, (long)CF_NATIVE_SOCKET_READ_SIZE);
    socket->problem[0] = '\0';
    socket->socket = active;
    socket->state = CF_NATIVE_SOCKET_HANDSHAKE;
    watch(socket);
}

/* ---- send -------------------------------------------------------------------------- */

bool cf_native_socket_wants_to_send(const cf_native_socket *socket)
{
    return socket->sent < socket->sending.size || socket->queued.size > 0;
}

/* Puts the queue in the place of what is sent. */
static void next_batch(cf_native_socket *socket)
{
    cf_buffer empty = socket->sending;
    size_t limit = socket->queued.limit;
    cf_buffer_clear(&empty);
    if (empty.capacity > KEEP_CAPACITY)
        cf_buffer_free(&empty);
    socket->sending = socket->queued;
    socket->queued = empty;
    socket->queued.limit = limit;
    socket->sent = 0;
}

void cf_native_socket_flush(cf_native_socket *socket)
{
    if (socket->state == CF_NATIVE_SOCKET_CONNECTING || socket->state == CF_NATIVE_SOCKET_DEAD)
        return;
    while (cf_native_socket_wants_to_send(socket)) {
        if (socket->sent == socket->sending.size)
            next_batch(socket);
        size_t sent = 0;
        CURLcode code =
            curl_easy_send(socket->easy, socket->sending.data + socket->sent, socket->sending.size - socket->sent, &sent);
        if (code == CURLE_AGAIN)
            break;
        if (code != CURLE_OK) {
            lost(socket, code);
            return;
        }
        socket->sent += sent;
    }
    watch(socket);
}

static void append(cf_native_socket *socket, cf_ws_opcode opcode, cf_bytes payload)
{
    uint8_t mask[4];
    cf_native_driver_random(socket->client, mask, sizeof mask);
    cf_ws_append_frame(&socket->queued, opcode, payload, mask);
    if (socket->queued.failed)
        cf_native_driver_lost(socket, (cf_bytes){"", 0}, CENTRIFUGE_ERROR_LIMIT_QUEUE,
                              "the connection is too slow for what is sent: raise 'queue_size_max' or send less");
}

void cf_native_socket_send(cf_native_socket *socket, cf_bytes text)
{
    if (socket->state == CF_NATIVE_SOCKET_OPEN)
        append(socket, CF_WS_TEXT, text);
}

/* ---- receive ------------------------------------------------------------------------- */

static void say_goodbye(cf_native_socket *socket, uint16_t code, cf_bytes reason)
{
    uint8_t mask[4];
    cf_native_driver_random(socket->client, mask, sizeof mask);
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

static void take(cf_native_socket *socket, const cf_ws_event *event)
{
    switch (event->kind) {
    case CF_WS_EVENT_MESSAGE:
        cf_native_driver_received(socket, event->payload);
        break;
    case CF_WS_EVENT_PING:
        append(socket, CF_WS_PONG, event->payload);
        cf_native_driver_alive(socket);
        break;
    case CF_WS_EVENT_PONG:
        cf_native_driver_alive(socket);
        break;
    case CF_WS_EVENT_CLOSE:
        say_goodbye(socket, event->code, (cf_bytes){"", 0});
        cf_native_driver_lost(socket, event->payload, CENTRIFUGE_ERROR_OK, "closed by the server");
        break;
    case CF_WS_EVENT_ERROR:
        say_goodbye(socket, event->code, event->payload);
        cf_native_driver_lost(socket, (cf_bytes){"", 0}, error_of_close(event->code),
                              "the server broke the WebSocket protocol or a limit");
        break;
    case CF_WS_EVENT_NONE:
        break;
    }
}

static void decode(cf_native_socket *socket, char *data, size_t size)
{
    cf_ws_event event;
    do {
        size_t used = cf_ws_decoder_read(&socket->decoder, data, size, &event);
        data += used;
        size -= used;
        take(socket, &event);
    } while (socket->state == CF_NATIVE_SOCKET_OPEN && !socket->client->ending && (event.kind != CF_WS_EVENT_NONE || size > 0));
}

static void refuse_response(cf_native_socket *socket, centrifuge_error error, const char *detail)
{
    cf_native_driver_lost(socket, (cf_bytes){"", 0}, error, detail);
}

static void refuse_status(cf_native_socket *socket, int status)
{
    static const char text[] = "the server answered with HTTP status ";
    memcpy(socket->problem, text, sizeof text);
    for (int i = 2; i >= 0; i--, status /= 10)
        socket->problem[sizeof text - 1 + (size_t)i] = (char)('0' + status % 10);
    socket->problem[sizeof text + 2] = '\0';
    refuse_response(socket, CENTRIFUGE_ERROR_HTTP_STATUS, socket->problem);
}

static void handshake(cf_native_socket *socket, cf_bytes received)
{
    cf_buffer_append(&socket->head, received);
    size_t used = 0;
    int status = 0;
    const char *problem = "";
    if (socket->head.failed) {
        refuse_response(socket, CENTRIFUGE_ERROR_NO_MEMORY, "the response is too large");
        return;
    }
    switch (cf_ws_check_response(cf_buffer_bytes(&socket->head), cf_bytes_make(socket->key, sizeof socket->key), &used, &status,
                                 &problem)) {
    case CF_WS_RESPONSE_MORE:
        return;
    case CF_WS_RESPONSE_STATUS:
        refuse_status(socket, status);
        return;
    case CF_WS_RESPONSE_INVALID:
        refuse_response(socket, CENTRIFUGE_ERROR_PROTOCOL, problem);
        return;
    case CF_WS_RESPONSE_OK:
        break;
    }
    cf_buffer head = socket->head;
    cf_buffer_init(&socket->head, &cf_native_allocator, 0);
    socket->state = CF_NATIVE_SOCKET_OPEN;
    cf_native_driver_opened(socket);
    if (socket->state == CF_NATIVE_SOCKET_OPEN && head.size > used)
        decode(socket, head.data + used, head.size - used);
    cf_buffer_free(&head);
}

static void end_of_stream(cf_native_socket *socket)
{
    if (socket->state == CF_NATIVE_SOCKET_CLOSING)
        cf_native_socket_kill(socket);
    else
        cf_native_driver_lost(socket, (cf_bytes){"", 0}, CENTRIFUGE_ERROR_NETWORK,
                              "the connection was closed without a WebSocket close");
}

void cf_native_socket_read(cf_native_socket *socket)
{
    char *data = socket->client->read_buffer;
    socket->has_more = false;
    for (int i = 0; i < CF_NATIVE_SOCKET_READS_MAX; i++) {
        if (socket->state == CF_NATIVE_SOCKET_CONNECTING || socket->state == CF_NATIVE_SOCKET_DEAD || socket->client->ending)
            return;
        size_t size = 0;
        CURLcode code = curl_easy_recv(socket->easy, data, CF_NATIVE_SOCKET_READ_SIZE, &size);
        if (code == CURLE_AGAIN)
            return;
        if (code != CURLE_OK) {
            lost(socket, code);
            return;
        }
        if (size == 0)
            end_of_stream(socket);
        else if (socket->state == CF_NATIVE_SOCKET_HANDSHAKE)
            handshake(socket, cf_bytes_make(data, size));
        else if (socket->state == CF_NATIVE_SOCKET_OPEN)
            decode(socket, data, size);
    }
    socket->has_more = socket->state != CF_NATIVE_SOCKET_DEAD;
}

/* ---- the end ----------------------------------------------------------------------------- */

void cf_native_socket_close(cf_native_socket *socket)
{
    if (socket->state == CF_NATIVE_SOCKET_OPEN) {
        say_goodbye(socket, CF_WS_CLOSE_NORMAL, (cf_bytes){"", 0});
        return;
    }
    if (socket->state != CF_NATIVE_SOCKET_CLOSING)
        cf_native_socket_kill(socket);
}

void cf_native_socket_kill(cf_native_socket *socket)
{
    if (socket->state != CF_NATIVE_SOCKET_CONNECTING && socket->state != CF_NATIVE_SOCKET_DEAD)
        cf_native_loop_watch(&socket->client->loop, socket->socket, 0);
    socket->state = CF_NATIVE_SOCKET_DEAD;
    if (socket->client->live == socket)
        socket->client->live = NULL;
}

void cf_native_socket_reap(cf_native_socket *socket)
{
    if (socket->state != CF_NATIVE_SOCKET_DEAD)
        return;
    cf_list_remove(&socket->link);
    if (socket->easy) {
        curl_multi_remove_handle(socket->client->loop.multi, socket->easy);
        curl_easy_cleanup(socket->easy);
    }
    cf_ws_decoder_free(&socket->decoder);
    cf_buffer_free(&socket->sending);
    cf_buffer_free(&socket->queued);
    cf_buffer_free(&socket->head);
    cf_free(&cf_native_allocator, socket);
}

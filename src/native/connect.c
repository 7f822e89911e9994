/*
 * One attempt to connect, by libcurl (CURLOPT_CONNECT_ONLY): name, TCP, proxy tunnel, TLS. Each attempt has a multi handle of
 * its own: curl_easy_send and curl_easy_recv look for their connection among all of a multi handle's.
 *
 * Where nothing of that is needed but TCP (a numeric address, no TLS, no proxy, no interface), the system connects: an attempt
 * by libcurl takes 45 kB while it lasts, and a process may connect a thousand clients at once.
 */
#include "native/socket.h"

#include <stdlib.h>
#include <string.h>

/* libcurl's eyes on the sockets it needs to connect. */
static int on_watch(CURL *easy, curl_socket_t handle, int what, void *user, void *socket_user)
{
    (void)easy;
    (void)socket_user;
    cf_native_socket *socket = user;
    int events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= CENTRIFUGE_READABLE;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= CENTRIFUGE_WRITABLE;
    return cf_native_loop_watch(&socket->base.client->loop, handle, events) ? 0 : -1;
}

static int on_timer(CURLM *multi, long milliseconds, void *user)
{
    (void)multi;
    cf_native_socket *socket = user;
    socket->curl_deadline = milliseconds < 0 ? CF_TIME_NEVER : cf_time_after(cf_native_clock_now(), milliseconds);
    return 0;
}

/* Closes what libcurl opened, except the connection that we keep. */
static int on_close(void *user, curl_socket_t handle)
{
    cf_native_socket *socket = user;
    if (!socket->plain || handle != socket->socket)
        cf_native_close(handle);
    return 0;
}

static CURLcode configure(cf_native_socket *socket)
{
    CURL *easy = socket->easy;
    const cf_native_settings *settings = &socket->base.client->settings;
    long timeout =
        settings->connect_timeout > 0 && settings->connect_timeout < INT32_MAX ? (long)settings->connect_timeout : INT32_MAX;
    CURLcode failed = CURLE_OK;
    curl_easy_setopt(easy, CURLOPT_CURLU, socket->url);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout);
    /* What it keeps while connecting; connected() raises it, since it also bounds a curl_easy_recv. */
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 1024L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, socket->problem);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, socket);
    if (!failed)
        failed = cf_http_configure(easy, &settings->way);
    socket->trust = cf_native_curl_trust(socket->base.client, easy, socket->url);
    return failed;
}

/* Of the opening request; empty without it. */
static cf_bytes header(const cf_native_settings *settings, cf_bytes name)
{
    for (size_t i = 0; i < settings->header_count; i++)
        if (cf_bytes_equal_fold(settings->headers[i].name, name))
            return settings->headers[i].value;
    return (cf_bytes){NULL, 0};
}

/* What the request needs of the address, then only the place to connect to is left of it. */
static void queue_request(cf_native_socket *socket)
{
    const cf_native_settings *settings = &socket->base.client->settings;
    cf_buffer parts[3];
    uint8_t random[16];
    cf_bytes protocols = header(settings, CF_BYTES("Sec-WebSocket-Protocol"));
    cf_native_random(socket->base.client, random, sizeof random);
    cf_ws_make_key(random, socket->handshake->key);
    for (size_t i = 0; i < 3; i++)
        cf_buffer_init(&parts[i], &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_http_url_append_host(socket->url, &parts[0]);
    cf_http_url_append_target(socket->url, &parts[1]);
    if (!header(settings, CF_BYTES("Authorization")).data)
        cf_http_url_append_credentials(socket->url, &parts[2]);
    cf_http_url_reduce(socket->url);
    cf_ws_append_request(&socket->queued, cf_buffer_bytes(&parts[0]), cf_buffer_bytes(&parts[1]),
                         cf_bytes_make(socket->handshake->key, CF_WS_KEY_SIZE), cf_buffer_bytes(&parts[2]), settings->headers,
                         settings->header_count);
    if (protocols.data)
        socket->handshake->protocols = cf_copy(&cf_heap, protocols);
    for (size_t i = 0; i < 3; i++) {
        if (parts[i].failed)
            socket->queued.failed = true;
        cf_buffer_free(&parts[i]);
    }
}

static centrifuge_error start_curl(cf_native_socket *socket)
{
    if (cf_native_curl_begin()) {
        socket->easy = curl_easy_init();
        socket->multi = curl_multi_init();
    }
    socket->problem = cf_alloc_zero(&cf_heap, 1, CURL_ERROR_SIZE);
    bool ready = socket->easy && socket->multi && socket->problem && !socket->queued.failed &&
                 cf_native_loop_reserve(&socket->base.client->loop, CF_NATIVE_LOOP_WATCH_CONNECT);
    CURLcode code = ready ? configure(socket) : CURLE_OUT_OF_MEMORY;
    if (code != CURLE_OK)
        return code == CURLE_OUT_OF_MEMORY ? CENTRIFUGE_ERROR_NO_MEMORY : CENTRIFUGE_ERROR_UNSUPPORTED;
    curl_multi_setopt(socket->multi, CURLMOPT_SOCKETFUNCTION, on_watch);
    curl_multi_setopt(socket->multi, CURLMOPT_SOCKETDATA, socket);
    curl_multi_setopt(socket->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(socket->multi, CURLMOPT_TIMERDATA, socket);
    return curl_multi_add_handle(socket->multi, socket->easy) == CURLM_OK ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_NO_MEMORY;
}

/* libcurl takes a proxy for http from these (not from HTTP_PROXY). */
static const char *const proxy_variables[] = {"http_proxy", "all_proxy", "ALL_PROXY"};

static bool may_have_proxy(const cf_native_settings *settings)
{
    if (settings->way.proxy)
        return settings->way.proxy[0] != '\0';
    for (size_t i = 0; i < sizeof proxy_variables / sizeof proxy_variables[0]; i++)
        if (getenv(proxy_variables[i]))
            return true;
    return false;
}

/* Begins to connect to a numeric address without a zone; else false. */
static bool connect_numeric(CURLU *url, centrifuge_socket *connecting)
{
    char *host = NULL;
    char *port = NULL;
    char *zone = NULL;
    bool numeric = curl_url_get(url, CURLUPART_ZONEID, &zone, 0) == CURLUE_NO_ZONEID &&
                   curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                   curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    if (numeric) {
        char *address = host + (host[0] == '[');
        address[strcspn(address, "]")] = '\0';
        numeric = cf_native_connect(address, (uint16_t)strtoul(port, NULL, 10), connecting);
    }
    curl_free(zone);
    curl_free(host);
    curl_free(port);
    return numeric;
}

/* Without libcurl; false when that is not possible. */
static bool start_directly(cf_native_socket *socket)
{
    const cf_native_settings *settings = &socket->base.client->settings;
    if (socket->secure || settings->way.interface_name || may_have_proxy(settings) ||
        !connect_numeric(socket->url, &socket->socket))
        return false;
    socket->plain = cf_native_loop_watch(&socket->base.client->loop, socket->socket, CENTRIFUGE_WRITABLE);
    if (!socket->plain)
        cf_native_close(socket->socket);
    return socket->plain;
}

static centrifuge_error start(cf_native_socket *socket)
{
    queue_request(socket);
    if (socket->queued.failed || !start_directly(socket))
        return start_curl(socket);
    cf_native_socket_drop_curl(socket);
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error cf_native_socket_open(centrifuge_client *client, uint32_t id, cf_bytes text,
                                       const cf_native_transport_events *tell, cf_native_transport **opened)
{
    CURLU *url;
    centrifuge_error error = cf_http_url_read(&url, text, &cf_heap);
    if (error)
        return error;
    cf_native_socket *socket = cf_alloc_zero(&cf_heap, 1, sizeof *socket);
    cf_native_handshake *handshake = cf_alloc_zero(&cf_heap, 1, sizeof *handshake);
    if (!socket || !handshake) {
        cf_free(&cf_heap, socket);
        cf_free(&cf_heap, handshake);
        curl_url_cleanup(url);
        return CENTRIFUGE_ERROR_NO_MEMORY;
    }
    socket->base = (cf_native_transport){.client = client, .ops = &cf_native_socket_ops, .tell = tell, .id = id};
    socket->url = url;
    socket->handshake = handshake;
    socket->secure = cf_http_url_secure(url);
    socket->linger_until = socket->curl_deadline = CF_TIME_NEVER;
    cf_ws_decoder_init(&socket->decoder, CF_WS_CLIENT, client->settings.message_size_max, true, &cf_heap);
    cf_buffer_init(&socket->sending, &cf_heap, CF_BUFFER_NO_LIMIT);
    size_t queue_max = client->settings.queue_size_max;
    queue_max = queue_max < SIZE_MAX - CF_NATIVE_SOCKET_SLACK ? queue_max + CF_NATIVE_SOCKET_SLACK : SIZE_MAX;
    cf_buffer_init(&socket->queued, &cf_heap, queue_max);
    cf_buffer_init(&handshake->head, &cf_heap, CF_WS_RESPONSE_HEAD_MAX + CF_NATIVE_SOCKET_READ_SIZE);
    cf_list_append(&client->transports, &socket->base.link);
    error = start(socket);
    if (error) {
        cf_native_socket_kill(socket);
        return error;
    }
    *opened = &socket->base;
    return CENTRIFUGE_ERROR_OK;
}

bool cf_native_socket_hurry(cf_native_transport *transport, cf_bytes endpoint, int64_t milliseconds)
{
    cf_native_socket *socket = CF_CONTAINER(transport, cf_native_socket, base);
    socket->linger_until = cf_time_after(cf_native_clock_now(), milliseconds);
    socket->handshake->endpoint = cf_copy(&cf_heap, endpoint);
    return socket->handshake->endpoint != NULL;
}

const char *cf_native_socket_other(const cf_native_transport *transport)
{
    const cf_native_socket *socket = CF_CONTAINER(transport, const cf_native_socket, base);
    return socket->reached && socket->handshake ? socket->handshake->endpoint : NULL;
}

void cf_native_socket_failed(cf_native_socket *socket, CURLcode code)
{
    const char *told = cf_http_proxy_problem(socket->easy);
    const char *detail = told ? told : cf_native_curl_problem(&socket->base.client->settings, socket->problem, code);
    const char *system = socket->state == CF_NATIVE_SOCKET_CONNECTING ? cf_http_descriptor_problem() : NULL;
    long status = 0;
    if (socket->easy && curl_easy_getinfo(socket->easy, CURLINFO_HTTP_CONNECTCODE, &status) == CURLE_OK && status != 0)
        socket->reached = true;
    if (system)
        cf_native_socket_lose(socket, CENTRIFUGE_ERROR_SYSTEM, system);
    else
        cf_native_socket_lose(socket, cf_http_error_of(code, detail), detail);
}

/* ---- connected ------------------------------------------------------------------------- */

/* Libcurl speaks TLS with a proxy of this kind, whatever is inside. */
static bool proxy_may_be_secure(const cf_native_settings *settings)
{
    if (settings->way.proxy)
        return cf_bytes_equal_fold(cf_bytes_slice(cf_bytes_of(settings->way.proxy), 0, 6), CF_BYTES("https:"));
    for (size_t i = 0; i < sizeof proxy_variables / sizeof proxy_variables[0]; i++)
        if (cf_bytes_equal_fold(cf_bytes_slice(cf_bytes_of(getenv(proxy_variables[i])), 0, 6), CF_BYTES("https:")))
            return true;
    return false;
}

void cf_native_socket_drop_curl(cf_native_socket *socket)
{
    if (socket->multi && socket->easy)
        curl_multi_remove_handle(socket->multi, socket->easy);
    curl_easy_cleanup(socket->easy);
    curl_multi_cleanup(socket->multi);
    curl_url_cleanup(socket->url);
    cf_http_trust_release(socket->trust);
    cf_free(&cf_heap, socket->problem);
    socket->easy = NULL;
    socket->multi = NULL;
    socket->url = NULL;
    socket->trust = NULL;
    socket->problem = NULL;
    socket->curl_deadline = CF_TIME_NEVER;
}

static void connected(cf_native_socket *socket, CURLcode code)
{
    curl_socket_t active = CURL_SOCKET_BAD;
    if (code == CURLE_OK)
        curl_easy_getinfo(socket->easy, CURLINFO_ACTIVESOCKET, &active);
    if (code == CURLE_OK && active == CURL_SOCKET_BAD)
        code = CURLE_COULDNT_CONNECT;
    if (code != CURLE_OK) {
        cf_native_socket_failed(socket, code);
        return;
    }
    curl_easy_setopt(socket->easy, CURLOPT_BUFFERSIZE, (long)CF_NATIVE_SOCKET_READ_SIZE);
    socket->problem[0] = '\0';
    socket->socket = active;
    socket->state = CF_NATIVE_SOCKET_HANDSHAKE;
    socket->reached = true;
    socket->curl_deadline = CF_TIME_NEVER;
    socket->plain = !socket->secure && !proxy_may_be_secure(&socket->base.client->settings);
    if (socket->plain)
        cf_native_socket_drop_curl(socket);
    cf_native_socket_watch(socket);
}

static void connected_directly(cf_native_socket *socket)
{
    const char *problem = cf_native_connect_problem(socket->socket);
    if (problem) {
        cf_native_socket_lose(socket, CENTRIFUGE_ERROR_NETWORK, problem);
        return;
    }
    socket->state = CF_NATIVE_SOCKET_HANDSHAKE;
    socket->reached = true;
    cf_native_socket_watch(socket);
}

void cf_native_socket_progress(cf_native_socket *socket, curl_socket_t handle, int events)
{
    int left;
    if (!socket->multi) {
        connected_directly(socket);
        return;
    }
    int bits = (events & CENTRIFUGE_READABLE ? CURL_CSELECT_IN : 0) | (events & CENTRIFUGE_WRITABLE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(socket->multi, handle, bits, &left);
    const CURLMsg *message = curl_multi_info_read(socket->multi, &left);
    if (message && message->msg == CURLMSG_DONE)
        connected(socket, message->data.result);
}

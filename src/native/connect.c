/*
 * One attempt to connect, by libcurl (CURLOPT_CONNECT_ONLY): name, TCP, proxy tunnel, TLS. Each attempt has a multi handle of its
 * own: curl_easy_send and curl_easy_recv look for their connection among all of a multi handle's.
 *
 * Where nothing of that is needed but TCP (a numeric address, no TLS, no proxy, no interface), the system connects: an attempt by
 * libcurl takes 45 kB while it lasts, and a process may connect a thousand clients at once.
 */
#include "native/native.h"

#include <stdlib.h>
#include <string.h>

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
    return cf_native_loop_watch(&socket->client->loop, handle, events) ? 0 : -1;
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

/* `failed` keeps the first failure. */
static void set_text(CURL *easy, CURLoption option, const char *value, CURLcode *failed)
{
    CURLcode code = curl_easy_setopt(easy, option, value);
    if (value && code != CURLE_OK && *failed == CURLE_OK)
        *failed = code;
}

/*
 * Own authorities replace those that libcurl was built to trust, file and directory; all of it for a proxy that is spoken TLS
 * with, too, if this libcurl can.
 */
static void set_trust(CURL *easy, const cf_native_settings *settings, CURLcode *failed)
{
    CURLcode ignored = CURLE_OK;
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, settings->verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, settings->verify ? 2L : 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYPEER, settings->verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYHOST, settings->verify ? 2L : 0L);
    if (!settings->ca_file && !settings->ca_path)
        return;
    set_text(easy, CURLOPT_CAINFO, settings->ca_file, failed);
    set_text(easy, CURLOPT_CAPATH, settings->ca_path, failed);
    set_text(easy, CURLOPT_PROXY_CAINFO, settings->ca_file, &ignored);
    set_text(easy, CURLOPT_PROXY_CAPATH, settings->ca_path, &ignored);
}

static void set_optional(CURL *easy, CURLoption option, const char *value, CURLcode *failed)
{
    if (value)
        set_text(easy, option, value, failed);
}

bool cf_native_curl_begin(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

CURLcode cf_native_curl_configure(CURL *easy, const cf_native_settings *settings)
{
    CURLcode failed = CURLE_OK;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name that is still being resolved must not hold us up when the attempt is given up. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    set_trust(easy, settings, &failed);
    set_optional(easy, CURLOPT_PROXY, settings->proxy, &failed);
    set_optional(easy, CURLOPT_PROXYUSERPWD, settings->proxy_user, &failed);
    set_optional(easy, CURLOPT_SSLCERT, settings->certificate, &failed);
    set_optional(easy, CURLOPT_SSLKEY, settings->key, &failed);
    set_optional(easy, CURLOPT_KEYPASSWD, settings->key_password, &failed);
    set_optional(easy, CURLOPT_INTERFACE, settings->interface_name, &failed);
    return failed;
}

static CURLcode configure(cf_native_socket *socket, const char *url)
{
    CURL *easy = socket->easy;
    const cf_native_settings *settings = &socket->client->settings;
    long timeout =
        settings->connect_timeout > 0 && settings->connect_timeout < INT32_MAX ? (long)settings->connect_timeout : INT32_MAX;
    CURLcode failed = CURLE_OK;
    set_text(easy, CURLOPT_URL, url, &failed);
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
    return failed ? failed : cf_native_curl_configure(easy, settings);
}

static void queue_request(cf_native_socket *socket, const address *parts)
{
    const cf_native_settings *settings = &socket->client->settings;
    uint8_t random[16];
    cf_native_driver_random(socket->client, random, sizeof random);
    cf_ws_make_key(random, socket->handshake->key);
    cf_bytes target = parts->target;
    cf_buffer path;
    cf_buffer_init(&path, &cf_native_allocator, CF_BUFFER_NO_LIMIT);
    if (target.size == 0 || target.data[0] != '/') {
        cf_buffer_append(&path, CF_BYTES("/"));
        cf_buffer_append(&path, target);
        target = cf_buffer_bytes(&path);
    }
    cf_ws_append_request(&socket->queued, parts->host, target, cf_bytes_make(socket->handshake->key, CF_WS_KEY_SIZE),
                         settings->headers, settings->header_count);
    if (path.failed)
        socket->queued.failed = true;
    cf_buffer_free(&path);
}

static centrifuge_error start_curl(cf_native_socket *socket, const address *parts)
{
    cf_buffer url;
    cf_buffer_init(&url, &cf_native_allocator, CF_BUFFER_NO_LIMIT);
    const char *text = http_url(&url, parts);
    if (cf_native_curl_begin()) {
        socket->easy = curl_easy_init();
        socket->multi = curl_multi_init();
    }
    socket->problem = cf_alloc_zero(&cf_native_allocator, 1, CURL_ERROR_SIZE);
    bool ready = text && socket->easy && socket->multi && socket->problem && !socket->queued.failed &&
                 cf_native_loop_reserve(&socket->client->loop, CF_NATIVE_LOOP_WATCH_CONNECT);
    CURLcode code = ready ? configure(socket, text) : CURLE_OUT_OF_MEMORY;
    cf_buffer_free(&url);
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
    if (settings->proxy)
        return settings->proxy[0] != '\0';
    for (size_t i = 0; i < sizeof proxy_variables / sizeof proxy_variables[0]; i++)
        if (getenv(proxy_variables[i]))
            return true;
    return false;
}

static bool read_port(cf_bytes text, uint16_t *port)
{
    uint32_t number = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || number > UINT16_MAX)
            return false;
        number = 10 * number + (uint32_t)(text.data[i] - '0');
    }
    *port = (uint16_t)number;
    return number > 0 && number <= UINT16_MAX;
}

/* "1.2.3.4:80" and "[::1]:80"; `host` of `room` bytes gets what stands in front of the port, without brackets. */
static bool split_host(cf_bytes text, char *host, size_t room, uint16_t *port)
{
    ptrdiff_t colon = cf_bytes_find_last(text, CF_BYTES(":"));
    bool bracket = cf_bytes_starts_with(text, CF_BYTES("["));
    *port = 80;
    if (colon >= 0 && text.data[text.size - 1] != ']') {
        if (!read_port(cf_bytes_slice(text, (size_t)colon + 1, text.size), port))
            return false;
        text.size = (size_t)colon;
    }
    if (bracket && !cf_bytes_ends_with(text, CF_BYTES("]")))
        return false;
    if (bracket)
        text = cf_bytes_slice(text, 1, text.size - 1);
    if (text.size >= room)
        return false;
    memcpy(host, text.data, text.size);
    host[text.size] = '\0';
    return true;
}

/* Without libcurl; false when that is not possible. */
static bool start_directly(cf_native_socket *socket, const address *parts)
{
    char host[64]; /* numeric addresses are shorter */
    uint16_t port;
    const cf_native_settings *settings = &socket->client->settings;
    if (parts->secure || settings->interface_name || may_have_proxy(settings) ||
        !split_host(parts->host, host, sizeof host, &port) || !cf_native_connect(host, port, &socket->socket))
        return false;
    socket->plain = cf_native_loop_watch(&socket->client->loop, socket->socket, CENTRIFUGE_WRITABLE);
    if (!socket->plain)
        cf_native_close(socket->socket);
    return socket->plain;
}

static centrifuge_error start(cf_native_socket *socket, const address *parts)
{
    queue_request(socket, parts);
    if (!socket->queued.failed && start_directly(socket, parts))
        return CENTRIFUGE_ERROR_OK;
    return start_curl(socket, parts);
}

centrifuge_error cf_native_socket_open(centrifuge_client *client, uint32_t id, cf_bytes text)
{
    address parts;
    if (!split_address(text, &parts))
        return CENTRIFUGE_ERROR_INVALID_URL;
    cf_native_socket *socket = cf_alloc_zero(&cf_native_allocator, 1, sizeof *socket);
    cf_native_handshake *handshake = cf_alloc(&cf_native_allocator, sizeof *handshake);
    if (!socket || !handshake) {
        cf_free(&cf_native_allocator, socket);
        cf_free(&cf_native_allocator, handshake);
        return CENTRIFUGE_ERROR_NO_MEMORY;
    }
    socket->client = client;
    socket->handshake = handshake;
    socket->id = id;
    socket->secure = parts.secure;
    socket->linger_until = socket->curl_deadline = CF_TIME_NEVER;
    cf_ws_decoder_init(&socket->decoder, CF_WS_CLIENT, client->settings.message_size_max, true, &cf_native_allocator);
    cf_buffer_init(&socket->sending, &cf_native_allocator, CF_BUFFER_NO_LIMIT);
    size_t queue_max = client->settings.queue_size_max;
    queue_max = queue_max < SIZE_MAX - CF_NATIVE_SOCKET_SLACK ? queue_max + CF_NATIVE_SOCKET_SLACK : SIZE_MAX;
    cf_buffer_init(&socket->queued, &cf_native_allocator, queue_max);
    cf_buffer_init(&handshake->head, &cf_native_allocator, CF_WS_RESPONSE_HEAD_MAX + CF_NATIVE_SOCKET_READ_SIZE);
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

void cf_native_socket_failed(cf_native_socket *socket, CURLcode code)
{
    const char *detail = socket->problem && socket->problem[0] ? socket->problem : curl_easy_strerror(code);
    cf_native_driver_lost(socket, (cf_bytes){"", 0}, error_of(code), detail);
}

/* ---- connected ------------------------------------------------------------------------- */

/* Libcurl speaks TLS with a proxy of this kind, whatever is inside. */
static bool proxy_may_be_secure(const cf_native_settings *settings)
{
    if (settings->proxy)
        return cf_bytes_equal_fold(cf_bytes_slice(cf_bytes_of(settings->proxy), 0, 6), CF_BYTES("https:"));
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
    cf_free(&cf_native_allocator, socket->problem);
    socket->easy = NULL;
    socket->multi = NULL;
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
    socket->curl_deadline = CF_TIME_NEVER;
    socket->plain = !socket->secure && !proxy_may_be_secure(&socket->client->settings);
    if (socket->plain)
        cf_native_socket_drop_curl(socket);
    cf_native_socket_watch(socket);
}

static void connected_directly(cf_native_socket *socket)
{
    const char *problem = cf_native_connect_problem(socket->socket);
    if (problem) {
        cf_native_driver_lost(socket, (cf_bytes){"", 0}, CENTRIFUGE_ERROR_NETWORK, problem);
        return;
    }
    socket->state = CF_NATIVE_SOCKET_HANDSHAKE;
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

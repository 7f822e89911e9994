/*
 * One HTTP exchange over libcurl. The handle is kept, so that the connection is used again.
 */
#define _POSIX_C_SOURCE 200809L

#include "backend/backend.h"

#include "wire/v1/sign.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static size_t take_body(char *data, size_t size, size_t count, void *user)
{
    centrifuge_backend *backend = user;
    cf_buffer *response = &backend->response;
    size *= count;
    backend->too_large = size > response->limit - response->size;
    cf_buffer_append(response, cf_bytes_make(data, size));
    return response->failed ? 0 : size;
}

static CURLcode configure_way(CURL *easy, const centrifuge_backend_options *options)
{
    cf_http_way way = {
        .proxy = options->proxy,
        .proxy_user = options->proxy_user,
        .ca_file = options->tls_ca_file,
        .ca_path = options->tls_ca_path,
        .certificate = options->tls_certificate,
        .key = options->tls_key,
        .key_password = options->tls_key_password,
        .verify = options->tls_verify,
    };
    return cf_http_configure(easy, &way);
}

static CURLcode configure(centrifuge_backend *backend, const centrifuge_backend_options *options)
{
    CURL *easy = backend->easy;
    curl_easy_setopt(easy, CURLOPT_CURLU, backend->url);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)options->timeout);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, backend->problem);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, backend);
    cf_http_send_once(easy, &backend->sent);
    if (options->tls_verify && cf_http_url_secure(backend->url))
        backend->trust = cf_http_trust_hold(options->tls_ca_file, options->tls_ca_path);
    cf_http_trust_apply(easy, backend->trust);
    return configure_way(easy, options);
}

static bool append_header(struct curl_slist **list, const char *header)
{
    struct curl_slist *longer = curl_slist_append(*list, header);
    if (longer != NULL)
        *list = longer;
    return longer != NULL;
}

static bool is_given(const centrifuge_backend_options *options, const char *own)
{
    cf_bytes name = cf_bytes_make(own, strcspn(own, ":"));
    for (size_t i = 0; i < options->header_count; i++) {
        if (cf_bytes_equal_fold(cf_bytes_of(options->headers[i].name), name))
            return true;
    }
    return false;
}

static bool append_given(centrifuge_backend *backend, const centrifuge_header *header)
{
    cf_buffer line;
    cf_buffer_init(&line, backend->allocator, CF_BUFFER_NO_LIMIT);
    cf_http_header_append(cf_bytes_of(header->name), cf_bytes_of(header->value), &line);
    const char *text = cf_buffer_text(&line);
    bool appended = text != NULL && append_header(&backend->headers, text);
    cf_buffer_free(&line);
    return appended;
}

/* "Expect:" keeps libcurl from asking first whether it may send a large body. */
static bool make_headers(centrifuge_backend *backend, const centrifuge_backend_options *options)
{
    static const char *const own[] = {"Content-Type: application/json", "Expect:"};
    bool made = true;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]) && made; i++)
        made = is_given(options, own[i]) || append_header(&backend->headers, own[i]);
    for (size_t i = 0; i < options->header_count && made; i++)
        made = append_given(backend, &options->headers[i]);
    return made;
}

static centrifuge_error read_url(centrifuge_backend *backend, const char *url)
{
    cf_buffer address;
    cf_buffer_init(&address, backend->allocator, CF_BUFFER_NO_LIMIT);
    centrifuge_error error = cf_backend_address(cf_bytes_of(url), &address);
    if (error == CENTRIFUGE_ERROR_OK)
        error = cf_http_url_read(&backend->url, cf_buffer_bytes(&address), backend->allocator);
    cf_buffer_free(&address);
    return error;
}

static bool keep_secret(centrifuge_backend *backend, size_t i, cf_bytes secret)
{
    if (secret.size > 0)
        backend->secrets[i] = cf_copy(backend->allocator, secret);
    return secret.size == 0 || backend->secrets[i] != NULL;
}

centrifuge_error cf_backend_http_open(centrifuge_backend *backend, const centrifuge_backend_options *options)
{
    centrifuge_error error = read_url(backend, options->url);
    backend->process = getpid();
    backend->easy = curl_easy_init();
    bool ready = error == CENTRIFUGE_ERROR_OK && backend->easy != NULL && make_headers(backend, options) &&
                 keep_secret(backend, 0, cf_http_user_of(options->proxy)) &&
                 keep_secret(backend, 1, cf_bytes_of(options->proxy_user));
    CURLcode code = ready ? configure(backend, options) : CURLE_OUT_OF_MEMORY;
    if (error != CENTRIFUGE_ERROR_OK || code == CURLE_OK)
        return error;
    return code == CURLE_OUT_OF_MEMORY ? CENTRIFUGE_ERROR_NO_MEMORY : CENTRIFUGE_ERROR_UNSUPPORTED;
}

/*
 * In a child that was forked: to say goodbye on the connection, or to go on with it, would spoil it for the parent. It is
 * closed by its descriptor alone, and what libcurl holds stays behind.
 */
static void abandon(centrifuge_backend *backend)
{
    curl_socket_t connection = CURL_SOCKET_BAD;
    if (curl_easy_getinfo(backend->easy, CURLINFO_ACTIVESOCKET, &connection) == CURLE_OK && connection != CURL_SOCKET_BAD)
        close(connection);
    backend->easy = NULL;
}

static centrifuge_error connect_anew(centrifuge_backend *backend)
{
    CURL *easy = curl_easy_duphandle(backend->easy); /* without connections */
    if (easy == NULL)
        return cf_backend_fail(backend, CENTRIFUGE_ERROR_NO_MEMORY, "out of memory");
    abandon(backend);
    backend->easy = easy;
    backend->process = getpid();
    return CENTRIFUGE_ERROR_OK;
}

void cf_backend_http_close(centrifuge_backend *backend)
{
    if (backend->process != getpid())
        abandon(backend);
    curl_easy_cleanup(backend->easy);
    curl_url_cleanup(backend->url);
    cf_http_trust_release(backend->trust);
    curl_slist_free_all(backend->headers);
    cf_free(backend->allocator, backend->secrets[0]);
    cf_free(backend->allocator, backend->secrets[1]);
}

static centrifuge_error error_of(CURLcode code, const char *detail)
{
    if (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_BAD_CONTENT_ENCODING)
        return CENTRIFUGE_ERROR_PROTOCOL;
    return cf_http_error_of(code, detail);
}

static centrifuge_error transfer_failed(centrifuge_backend *backend, CURLcode code)
{
    if (backend->too_large)
        return cf_backend_fail(backend, CENTRIFUGE_ERROR_LIMIT_MESSAGE_SIZE,
                               "the answer is larger than the limit 'message_size_max'");
    if (backend->response.failed)
        return cf_backend_fail(backend, CENTRIFUGE_ERROR_NO_MEMORY, "out of memory");
    const char *system = cf_http_descriptor_problem();
    if (system != NULL)
        return cf_backend_fail(backend, CENTRIFUGE_ERROR_SYSTEM, system);
    const char *once = cf_http_once_problem(backend->sent);
    const char *told = once != NULL ? once : cf_http_proxy_problem(backend->easy);
    if (told != NULL)
        return cf_backend_fail(backend, error_of(code, told), told);
    if (backend->problem[0] == '\0')
        return cf_backend_fail(backend, error_of(code, ""), curl_easy_strerror(code));
    cf_http_hide(backend->problem, cf_bytes_of(backend->secrets[0]));
    cf_http_hide(backend->problem, cf_bytes_of(backend->secrets[1]));
    cf_http_hide_users(backend->problem);
    return cf_backend_fail(backend, error_of(code, backend->problem), backend->problem);
}

static centrifuge_error check_status(centrifuge_backend *backend)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {400, "HTTP status 400: the server could not read the request, wants it signed, or has no 'secret' itself"},
        {401, "HTTP status 401: the sign is wrong; check that 'secret' is the server's"},
        {404, "HTTP status 404: there is no HTTP API at this address; check 'url'"},
        {413, "HTTP status 413: the request is larger than the server, or a proxy in front of it, takes"},
        {503, "HTTP status 503: the server is shutting down"},
    };
    if (backend->status == 200)
        return CENTRIFUGE_ERROR_OK;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].status == backend->status)
            return cf_backend_fail(backend, CENTRIFUGE_ERROR_HTTP_STATUS, texts[i].text);
    }
    snprintf(backend->problem, sizeof(backend->problem), "HTTP status %d", backend->status);
    return cf_backend_fail(backend, CENTRIFUGE_ERROR_HTTP_STATUS, backend->problem);
}

/* Performs with `first` as the first header, if there is one. */
static centrifuge_error perform(centrifuge_backend *backend, char *first)
{
    struct curl_slist sign = {first, backend->headers};
    CURL *easy = backend->easy;
    long status = 0;
    backend->problem[0] = '\0';
    backend->sent = 0;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, first != NULL ? &sign : backend->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, backend->request.data);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)backend->request.size);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, backend->headers);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    backend->status = (int)status;
    return code == CURLE_OK ? check_status(backend) : transfer_failed(backend, code);
}

centrifuge_error cf_backend_http_post(centrifuge_backend *backend)
{
    char header[sizeof("X-API-Sign: ") + sizeof(cf_sign)] = "X-API-Sign: ";
    centrifuge_error error = backend->process == getpid() ? CENTRIFUGE_ERROR_OK : connect_anew(backend);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    if (backend->secret == NULL)
        return perform(backend, NULL);
    char *sign = header + strlen(header);
    centrifuge_backend_api_sign(backend->secret, backend->request.data, backend->request.size, sign);
    return perform(backend, header);
}

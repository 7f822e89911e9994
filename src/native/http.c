/*
 * Requests for signs and credentials: asked of the application's function, or posted to an endpoint by libcurl (client-spec.md
 * 15).
 *
 * The multi handle with its connections lives as long as there are requests, so an idle client keeps nothing of it. How long a
 * request may take is the core's business: it cancels.
 */
#include "native/http.h"

#include "base/utf8.h"
#include "json/json.h"

#include <string.h>

/* A burst of requests shares these; the others wait for a free one. */
#define CONNECTIONS_MAX 4

typedef struct request {
    cf_list link; /* in cf_native_http.requests */
    uint32_t id;
    cf_native_asked asked;
    CURL *easy;
    CURLU *url;
    cf_http_trust *trust;
    struct curl_slist *headers;
    cf_buffer answer;
    char problem[CURL_ERROR_SIZE];
} request;

/* `status` behind it, if there is one. */
static void log_problem(centrifuge_client *client, cf_native_asked asked, const char *problem, long status)
{
    static const char *const names[] = {[CF_NATIVE_AUTHORIZE] = "auth_endpoint: ", [CF_NATIVE_REFRESH] = "refresh_endpoint: "};
    cf_buffer text;
    cf_buffer_init(&text, &cf_native_allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&text, cf_bytes_of(names[asked]));
    cf_buffer_append(&text, cf_bytes_of(problem));
    if (status > 0)
        cf_buffer_append_int(&text, status);
    if (!text.failed)
        cf_native_events_log(client, CF_LOG_WARNING, cf_buffer_bytes(&text));
    cf_buffer_free(&text);
}

/* Why an answer is of no use. */
typedef struct fault {
    const char *text; /* NULL: it is */
    centrifuge_error error;
    long status;            /* behind the text, if there is one */
    curl_off_t retry_after; /* seconds; not positive: nothing */
} fault;

static void tell_core(centrifuge_client *client, cf_native_asked asked, uint32_t id, bool failed, cf_bytes answer)
{
    cf_time now = cf_native_now(client);
    if (asked == CF_NATIVE_AUTHORIZE)
        cf_client_authorized(client->core, id, failed, answer, now);
    else
        cf_client_refreshed(client->core, id, failed, answer, now);
    cf_native_kick(client);
}

void cf_native_http_answer(centrifuge_client *client, cf_native_asked asked, uint32_t id, cf_bytes answer)
{
    tell_core(client, asked, id, answer.data == NULL, answer);
}

static void fail(centrifuge_client *client, cf_native_asked asked, uint32_t id, const char *problem)
{
    log_problem(client, asked, problem, 0);
    tell_core(client, asked, id, true, (cf_bytes){"", 0});
}

/* ---- libcurl's multi handle --------------------------------------------------------- */

static bool remember(cf_native_http *http, centrifuge_socket handle)
{
    if (cf_native_http_owns(http, handle))
        return true;
    if (http->socket_count == CF_NATIVE_HTTP_SOCKETS_MAX)
        return false;
    http->sockets[http->socket_count++] = handle;
    return true;
}

static void forget(cf_native_http *http, centrifuge_socket handle)
{
    for (size_t i = 0; i < http->socket_count; i++)
        if (http->sockets[i] == handle)
            http->sockets[i] = http->sockets[--http->socket_count];
}

bool cf_native_http_owns(const cf_native_http *http, centrifuge_socket handle)
{
    for (size_t i = 0; http && i < http->socket_count; i++)
        if (http->sockets[i] == handle)
            return true;
    return false;
}

static int on_watch(CURL *easy, curl_socket_t handle, int what, void *user, void *socket_user)
{
    (void)easy;
    (void)socket_user;
    cf_native_http *http = user;
    int events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= CENTRIFUGE_READABLE;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= CENTRIFUGE_WRITABLE;
    if (what == CURL_POLL_REMOVE)
        forget(http, handle);
    else if (!remember(http, handle))
        return -1;
    return cf_native_loop_watch(&http->client->loop, handle, events) ? 0 : -1;
}

static int on_timer(CURLM *multi, long milliseconds, void *user)
{
    (void)multi;
    cf_native_http *http = user;
    http->deadline = milliseconds < 0 ? CF_TIME_NEVER : cf_time_after(cf_native_clock_now(), milliseconds);
    return 0;
}

static cf_native_http *open_http(centrifuge_client *client)
{
    cf_native_http *http = cf_alloc_zero(&cf_native_allocator, 1, sizeof *http);
    bool room = http && cf_native_loop_reserve(&client->loop, CF_NATIVE_LOOP_WATCH_MAX);
    CURLM *multi = room && cf_native_curl_begin() ? curl_multi_init() : NULL;
    if (!multi) {
        cf_free(&cf_native_allocator, http);
        return NULL;
    }
    http->client = client;
    http->multi = multi;
    http->deadline = CF_TIME_NEVER;
    cf_list_init(&http->requests);
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS_MAX);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_watch);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http);
    return http;
}

static void free_request(cf_native_http *http, request *freed)
{
    if (freed->easy) {
        curl_multi_remove_handle(http->multi, freed->easy);
        curl_easy_cleanup(freed->easy);
    }
    curl_url_cleanup(freed->url);
    cf_http_trust_release(freed->trust);
    curl_slist_free_all(freed->headers);
    cf_buffer_free(&freed->answer);
    cf_list_remove(&freed->link);
    cf_free(&cf_native_allocator, freed);
}

void cf_native_http_close(centrifuge_client *client)
{
    cf_native_http *http = client->http;
    if (!http)
        return;
    while (!cf_list_empty(&http->requests))
        free_request(http, CF_CONTAINER(http->requests.next, request, link));
    curl_multi_cleanup(http->multi);
    cf_free(&cf_native_allocator, http);
    client->http = NULL;
}

static void close_unused(centrifuge_client *client)
{
    if (client->http && cf_list_empty(&client->http->requests))
        cf_native_http_close(client);
}

/* ---- one request ------------------------------------------------------------------------ */

static size_t on_data(char *data, size_t size, size_t count, void *user)
{
    request *to = user;
    cf_buffer_append(&to->answer, cf_bytes_make(data, size * count));
    return to->answer.failed ? 0 : size * count;
}

static bool set_headers(request *posted, const cf_native_endpoint *endpoint)
{
    for (size_t i = 0; i < endpoint->header_count; i++) {
        struct curl_slist *longer = curl_slist_append(posted->headers, endpoint->headers[i]);
        if (!longer)
            return false;
        posted->headers = longer;
    }
    return true;
}

static CURLcode configure(centrifuge_client *client, request *posted, const cf_native_endpoint *endpoint, cf_bytes body)
{
    CURL *easy = posted->easy;
    if (!set_headers(posted, endpoint) || cf_http_url_read(&posted->url, cf_bytes_of(endpoint->url), &cf_native_allocator))
        return CURLE_OUT_OF_MEMORY;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body.data);
    curl_easy_setopt(easy, CURLOPT_CURLU, posted->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, posted->headers);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, posted);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, posted);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, posted->problem);
    if (code == CURLE_OK)
        code = cf_http_configure(easy, &client->settings.way);
    posted->trust = cf_native_curl_trust(client, easy, posted->url);
    return code;
}

static const char *begin(centrifuge_client *client, cf_native_http *http, request *posted, cf_bytes body)
{
    const cf_native_settings *settings = &client->settings;
    const cf_native_endpoint *endpoint = &settings->endpoints[posted->asked];
    cf_buffer_init(&posted->answer, &cf_native_allocator, settings->http_answer_size_max);
    posted->easy = curl_easy_init();
    CURLcode code = posted->easy ? configure(client, posted, endpoint, body) : CURLE_OUT_OF_MEMORY;
    if (code != CURLE_OK)
        return curl_easy_strerror(code);
    return curl_multi_add_handle(http->multi, posted->easy) == CURLM_OK ? NULL : "libcurl refused the request";
}

static void post(centrifuge_client *client, cf_native_asked asked, uint32_t id, cf_bytes body)
{
    if (!client->http)
        client->http = open_http(client);
    request *posted = client->http ? cf_alloc_zero(&cf_native_allocator, 1, sizeof *posted) : NULL;
    const char *problem = "out of memory";
    if (posted) {
        posted->id = id;
        posted->asked = asked;
        cf_list_append(&client->http->requests, &posted->link);
        problem = begin(client, client->http, posted, body);
        if (!problem)
            return;
        free_request(client->http, posted);
    }
    close_unused(client);
    fail(client, asked, id, problem);
}

static void nobody_to_ask(centrifuge_client *client, cf_native_asked asked, uint32_t id)
{
    fail(client, asked, id,
         asked == CF_NATIVE_AUTHORIZE ? "a private channel needs this option, or 'authorize'"
                                      : "credentials expire: new ones need this option, or 'refresh'");
}

void cf_native_http_authorize(centrifuge_client *client, uint32_t id, cf_bytes body)
{
    const cf_native_settings *settings = &client->settings;
    if (settings->authorize)
        settings->authorize(client, id, (centrifuge_bytes){body.data, body.size}, settings->authorize_user);
    else if (settings->endpoints[CF_NATIVE_AUTHORIZE].url)
        post(client, CF_NATIVE_AUTHORIZE, id, body);
    else
        nobody_to_ask(client, CF_NATIVE_AUTHORIZE, id);
}

void cf_native_http_refresh(centrifuge_client *client, uint32_t id)
{
    const cf_native_settings *settings = &client->settings;
    if (settings->refresh)
        settings->refresh(client, id, settings->refresh_user);
    else if (settings->endpoints[CF_NATIVE_REFRESH].url)
        post(client, CF_NATIVE_REFRESH, id, cf_bytes_of(settings->refresh_data));
    else
        nobody_to_ask(client, CF_NATIVE_REFRESH, id);
}

void cf_native_http_cancel(centrifuge_client *client, uint32_t id)
{
    cf_list *requests = client->http ? &client->http->requests : NULL;
    for (cf_list *link = requests ? requests->next : NULL; link != requests; link = link->next) {
        request *cancelled = CF_CONTAINER(link, request, link);
        if (cancelled->id != id)
            continue;
        free_request(client->http, cancelled);
        break;
    }
    close_unused(client);
}

/* ---- answers --------------------------------------------------------------------------------- */

static fault fault_of(const cf_native_settings *settings, CURLcode code, request *done)
{
    const char *told = cf_http_proxy_problem(done->easy);
    const char *text = told ? told : cf_native_curl_problem(settings, done->problem, code);
    const char *system = cf_http_descriptor_problem();
    if (system)
        return (fault){.text = system, .error = CENTRIFUGE_ERROR_SYSTEM};
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY)
        return (fault){.text = text, .error = CENTRIFUGE_ERROR_NETWORK, .status = CF_STATUS_UNREACHED};
    return (fault){.text = text, .error = cf_http_error_of(code, text)};
}

static fault fault_of_status(const request *done, long status)
{
    fault found = {.text = "the answer has HTTP status ", .error = CENTRIFUGE_ERROR_HTTP_STATUS, .status = status};
    if (status == 429 || status == 503)
        curl_easy_getinfo(done->easy, CURLINFO_RETRY_AFTER, &found.retry_after);
    return found;
}

static fault judge(const cf_native_settings *settings, request *done, CURLcode code)
{
    long status = 0;
    cf_bytes answer = cf_buffer_bytes(&done->answer);
    curl_easy_getinfo(done->easy, CURLINFO_RESPONSE_CODE, &status);
    if (done->answer.failed)
        return (fault){.text = "the answer is larger than the limit 'http_answer_size_max', or there is no memory for it",
                       .error = CENTRIFUGE_ERROR_REFUSED};
    if (code != CURLE_OK)
        return fault_of(settings, code, done);
    if (status != 200)
        return fault_of_status(done, status);
    if (cf_json_valid(answer))
        return (fault){.text = NULL};
    return (fault){.text = cf_utf8_valid(answer) ? "the answer is not valid JSON" : "the answer is not valid UTF-8",
                   .error = CENTRIFUGE_ERROR_REFUSED};
}

static void tell_fault(centrifuge_client *client, const request *done, const fault *found)
{
    int64_t seconds = found->retry_after < 0 ? 0 : found->retry_after < INT32_MAX ? found->retry_after : INT32_MAX;
    log_problem(client, done->asked, found->text, found->status);
    cf_client_request_failed(client->core, done->id, found->error, (int)found->status, seconds * 1000, cf_native_now(client));
    cf_native_kick(client);
}

static void complete(centrifuge_client *client, request *done, CURLcode code)
{
    fault found = judge(&client->settings, done, code);
    if (found.text)
        tell_fault(client, done, &found);
    else
        tell_core(client, done->asked, done->id, false, cf_buffer_bytes(&done->answer));
    free_request(client->http, done);
}

/* More sockets than can be watched: libcurl does nothing more with this multi handle. */
static void give_up(centrifuge_client *client)
{
    while (!cf_list_empty(&client->http->requests))
        complete(client, CF_CONTAINER(client->http->requests.next, request, link), CURLE_ABORTED_BY_CALLBACK);
}

void cf_native_http_progress(centrifuge_client *client, curl_socket_t handle, int events)
{
    int left;
    int bits = (events & CENTRIFUGE_READABLE ? CURL_CSELECT_IN : 0) | (events & CENTRIFUGE_WRITABLE ? CURL_CSELECT_OUT : 0);
    CURLM *multi = client->http->multi;
    if (curl_multi_socket_action(multi, handle, bits, &left) != CURLM_OK)
        give_up(client);
    for (const CURLMsg *message = curl_multi_info_read(multi, &left); message; message = curl_multi_info_read(multi, &left)) {
        char *done = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &done);
        complete(client, (request *)(void *)done, message->data.result);
    }
    close_unused(client);
}

void cf_native_http_timers(centrifuge_client *client, cf_time now, bool read_all)
{
    if (client->http && client->http->deadline <= now) {
        client->http->deadline = CF_TIME_NEVER;
        cf_native_http_progress(client, CURL_SOCKET_TIMEOUT, 0);
    }
    if (!read_all || !client->http)
        return;
    centrifuge_socket sockets[CF_NATIVE_HTTP_SOCKETS_MAX];
    size_t count = client->http->socket_count;
    memcpy(sockets, client->http->sockets, count * sizeof sockets[0]);
    for (size_t i = 0; i < count; i++)
        if (cf_native_http_owns(client->http, sockets[i]))
            cf_native_http_progress(client, sockets[i], CENTRIFUGE_READABLE);
}

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
#define CONNECTIONS_MAX 4L

typedef struct request {
    cf_list link; /* in cf_native_http.requests */
    uint32_t id;
    cf_native_asked asked;
    cf_native_request http;
    cf_buffer answer;
} request;

/* `status` behind it, if there is one. */
static void log_problem(centrifuge_client *client, cf_native_asked asked, const char *problem, long status)
{
    static const char *const names[] = {[CF_NATIVE_AUTHORIZE] = "auth_endpoint: ", [CF_NATIVE_REFRESH] = "refresh_endpoint: "};
    cf_buffer text;
    cf_buffer_init(&text, &cf_heap, CF_BUFFER_NO_LIMIT);
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
    long status;         /* behind the text, if there is one */
    int64_t retry_after; /* ms; 0: nothing */
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

static void fail_request(centrifuge_client *client, cf_native_asked asked, uint32_t id, const char *problem)
{
    log_problem(client, asked, problem, 0);
    tell_core(client, asked, id, true, (cf_bytes){"", 0});
}

/* ---- life ---------------------------------------------------------------------------- */

bool cf_native_http_owns(const cf_native_http *http, centrifuge_socket handle)
{
    return http && cf_native_multi_owns(&http->multi, handle);
}

static cf_native_http *open_http(centrifuge_client *client)
{
    cf_native_http *http = cf_alloc_zero(&cf_heap, 1, sizeof *http);
    if (!http || !cf_native_multi_open(&http->multi, client, CONNECTIONS_MAX)) {
        cf_free(&cf_heap, http);
        return NULL;
    }
    cf_list_init(&http->requests);
    return http;
}

static void free_request(cf_native_http *http, request *freed)
{
    cf_native_request_free(&freed->http, &http->multi);
    cf_buffer_free(&freed->answer);
    cf_list_remove(&freed->link);
    cf_free(&cf_heap, freed);
}

void cf_native_http_close(centrifuge_client *client)
{
    cf_native_http *http = client->http;
    if (!http)
        return;
    while (!cf_list_empty(&http->requests))
        free_request(http, CF_CONTAINER(http->requests.next, request, link));
    cf_native_multi_close(&http->multi);
    cf_free(&cf_heap, http);
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

static CURLcode prepare(centrifuge_client *client, request *posted, const cf_native_endpoint *endpoint, cf_bytes body)
{
    cf_native_request *http = &posted->http;
    CURLcode code = cf_native_request_make(http, client, cf_bytes_of(endpoint->url), on_data, posted);
    for (size_t i = 0; i < endpoint->header_count && code == CURLE_OK; i++)
        code = cf_native_request_header(http, endpoint->headers[i]);
    if (code == CURLE_OK)
        code = cf_native_request_post(http, body);
    return code ? code : cf_native_request_begin(http, &client->http->multi);
}

static const char *begin(centrifuge_client *client, request *posted, cf_bytes body)
{
    const cf_native_settings *settings = &client->settings;
    cf_buffer_init(&posted->answer, &cf_heap, settings->http_answer_size_max);
    CURLcode code = prepare(client, posted, &settings->endpoints[posted->asked], body);
    return code == CURLE_OK ? NULL : curl_easy_strerror(code);
}

static void post(centrifuge_client *client, cf_native_asked asked, uint32_t id, cf_bytes body)
{
    if (!client->http)
        client->http = open_http(client);
    request *posted = client->http ? cf_alloc_zero(&cf_heap, 1, sizeof *posted) : NULL;
    const char *problem = "out of memory";
    if (posted) {
        posted->id = id;
        posted->asked = asked;
        cf_list_append(&client->http->requests, &posted->link);
        problem = begin(client, posted, body);
        if (!problem)
            return;
        free_request(client->http, posted);
    }
    close_unused(client);
    fail_request(client, asked, id, problem);
}

static void nobody_to_ask(centrifuge_client *client, cf_native_asked asked, uint32_t id)
{
    fail_request(client, asked, id,
                 asked == CF_NATIVE_AUTHORIZE ? "a private channel needs this option, or 'authorize'"
                                              : "credentials expire: new ones need this option, or 'refresh'");
}

static void ask_for_signs(centrifuge_client *client, uint32_t id, cf_bytes body)
{
    void *user = client->settings.authorize_user;
    void (*authorize)(centrifuge_client *, centrifuge_request, centrifuge_bytes, void *) = client->settings.authorize;
    cf_native_callback_begin(client);
    authorize(client, id, (centrifuge_bytes){body.data, body.size}, user);
    cf_native_callback_end(client);
}

static void ask_for_credentials(centrifuge_client *client, uint32_t id)
{
    void *user = client->settings.refresh_user;
    void (*refresh)(centrifuge_client *, centrifuge_request, void *) = client->settings.refresh;
    cf_native_callback_begin(client);
    refresh(client, id, user);
    cf_native_callback_end(client);
}

void cf_native_http_authorize(centrifuge_client *client, uint32_t id, cf_bytes body)
{
    const cf_native_settings *settings = &client->settings;
    if (settings->authorize)
        ask_for_signs(client, id, body);
    else if (settings->endpoints[CF_NATIVE_AUTHORIZE].url)
        post(client, CF_NATIVE_AUTHORIZE, id, body);
    else
        nobody_to_ask(client, CF_NATIVE_AUTHORIZE, id);
}

void cf_native_http_refresh(centrifuge_client *client, uint32_t id)
{
    const cf_native_settings *settings = &client->settings;
    if (settings->refresh)
        ask_for_credentials(client, id);
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
    fault found = {.text = NULL};
    found.error = cf_native_request_problem(&done->http, settings, code, &found.text);
    bool unreached = code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY;
    if (unreached && found.error != CENTRIFUGE_ERROR_SYSTEM)
        found.status = CF_STATUS_UNREACHED;
    return found;
}

static fault fault_of_status(const request *done, long status)
{
    return (fault){.text = "the answer has HTTP status ",
                   .error = CENTRIFUGE_ERROR_HTTP_STATUS,
                   .status = status,
                   .retry_after = cf_native_request_retry_after(&done->http)};
}

static fault judge(const cf_native_settings *settings, request *done, CURLcode code)
{
    long status = cf_native_request_status(&done->http);
    cf_bytes answer = cf_buffer_bytes(&done->answer);
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
    log_problem(client, done->asked, found->text, found->status);
    cf_client_request_failed(client->core, done->id, found->error, (int)found->status, found->retry_after,
                             cf_native_now(client));
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

static void settle(centrifuge_client *client, bool works)
{
    CURLcode code;
    if (!works)
        give_up(client);
    for (request *done; (done = cf_native_multi_next_done(&client->http->multi, &code)) != NULL;)
        complete(client, done, code);
    close_unused(client);
}

void cf_native_http_progress(centrifuge_client *client, curl_socket_t handle, int events)
{
    settle(client, cf_native_multi_progress(&client->http->multi, handle, events));
}

void cf_native_http_timers(centrifuge_client *client, cf_time now, bool read_all)
{
    if (client->http)
        settle(client, cf_native_multi_timers(&client->http->multi, now, read_all));
}

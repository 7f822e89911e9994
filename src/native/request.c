#include "native/request.h"

#include <string.h>

/* ---- a multi handle on the loop ---------------------------------------------------------- */

bool cf_native_multi_owns(const cf_native_multi *multi, centrifuge_socket handle)
{
    for (size_t i = 0; i < multi->socket_count; i++)
        if (multi->sockets[i] == handle)
            return true;
    return false;
}

static bool remember(cf_native_multi *multi, centrifuge_socket handle)
{
    if (cf_native_multi_owns(multi, handle))
        return true;
    if (multi->socket_count == CF_NATIVE_HTTP_SOCKETS_MAX)
        return false;
    multi->sockets[multi->socket_count++] = handle;
    return true;
}

static void forget(cf_native_multi *multi, centrifuge_socket handle)
{
    for (size_t i = 0; i < multi->socket_count; i++)
        if (multi->sockets[i] == handle)
            multi->sockets[i] = multi->sockets[--multi->socket_count];
}

static int on_watch(CURL *easy, curl_socket_t handle, int what, void *user, void *socket_user)
{
    (void)easy;
    (void)socket_user;
    cf_native_multi *multi = user;
    int events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= CENTRIFUGE_READABLE;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= CENTRIFUGE_WRITABLE;
    if (what == CURL_POLL_REMOVE)
        forget(multi, handle);
    else if (!remember(multi, handle))
        return -1;
    return cf_native_loop_watch(&multi->client->loop, handle, events) ? 0 : -1;
}

static int on_timer(CURLM *handle, long milliseconds, void *user)
{
    (void)handle;
    cf_native_multi *multi = user;
    multi->deadline = milliseconds < 0 ? CF_TIME_NEVER : cf_time_after(cf_native_clock_now(), milliseconds);
    return 0;
}

bool cf_native_multi_open(cf_native_multi *multi, centrifuge_client *client, long connections)
{
    *multi = (cf_native_multi){.client = client, .deadline = CF_TIME_NEVER};
    if (cf_native_loop_reserve(&client->loop, CF_NATIVE_LOOP_WATCH_MAX) && cf_native_curl_begin())
        multi->handle = curl_multi_init();
    if (!multi->handle)
        return false;
    curl_multi_setopt(multi->handle, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
    curl_multi_setopt(multi->handle, CURLMOPT_SOCKETFUNCTION, on_watch);
    curl_multi_setopt(multi->handle, CURLMOPT_SOCKETDATA, multi);
    curl_multi_setopt(multi->handle, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi->handle, CURLMOPT_TIMERDATA, multi);
    return true;
}

void cf_native_multi_close(cf_native_multi *multi)
{
    curl_multi_cleanup(multi->handle);
    multi->handle = NULL;
}

bool cf_native_multi_progress(cf_native_multi *multi, curl_socket_t handle, int events)
{
    int left;
    int bits = (events & CENTRIFUGE_READABLE ? CURL_CSELECT_IN : 0) | (events & CENTRIFUGE_WRITABLE ? CURL_CSELECT_OUT : 0);
    return curl_multi_socket_action(multi->handle, handle, bits, &left) == CURLM_OK;
}

bool cf_native_multi_timers(cf_native_multi *multi, cf_time now, bool read_all)
{
    bool works = true;
    centrifuge_socket sockets[CF_NATIVE_HTTP_SOCKETS_MAX];
    if (multi->deadline <= now) {
        multi->deadline = CF_TIME_NEVER;
        works = cf_native_multi_progress(multi, CURL_SOCKET_TIMEOUT, 0);
    }
    size_t count = read_all ? multi->socket_count : 0;
    memcpy(sockets, multi->sockets, count * sizeof sockets[0]);
    for (size_t i = 0; i < count && works; i++)
        if (cf_native_multi_owns(multi, sockets[i]))
            works = cf_native_multi_progress(multi, sockets[i], 0);
    return works;
}

void *cf_native_multi_next_done(cf_native_multi *multi, CURLcode *code)
{
    int left;
    char *user = NULL;
    const CURLMsg *message = curl_multi_info_read(multi->handle, &left);
    if (!message)
        return NULL;
    *code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
    return user;
}

/* ---- one request ------------------------------------------------------------------------- */

CURLcode cf_native_request_make(cf_native_request *request, centrifuge_client *client, cf_bytes url,
                                curl_write_callback receive, void *user)
{
    CURL *easy = request->easy = curl_easy_init();
    if (!easy || cf_http_url_read(&request->url, url, &cf_heap))
        return CURLE_OUT_OF_MEMORY;
    curl_easy_setopt(easy, CURLOPT_CURLU, request->url);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, user);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, user);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->problem);
    CURLcode code = cf_http_configure(easy, &client->settings.way);
    request->trust = cf_native_curl_trust(client, easy, request->url);
    return code;
}

CURLcode cf_native_request_header(cf_native_request *request, const char *line)
{
    struct curl_slist *longer = curl_slist_append(request->headers, line);
    if (!longer)
        return CURLE_OUT_OF_MEMORY;
    request->headers = longer;
    return CURLE_OK;
}

CURLcode cf_native_request_post(cf_native_request *request, cf_bytes body)
{
    CURLcode code = curl_easy_setopt(request->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    return code ? code : curl_easy_setopt(request->easy, CURLOPT_COPYPOSTFIELDS, body.data);
}

/* Libcurl's speed is that of the last seconds. */
CURLcode cf_native_request_patience(const cf_native_request *request, int64_t milliseconds)
{
    long whole = milliseconds > 0 && milliseconds < INT32_MAX ? (long)milliseconds : INT32_MAX;
    CURLcode code = curl_easy_setopt(request->easy, CURLOPT_CONNECTTIMEOUT_MS, whole);
    if (!code)
        code = curl_easy_setopt(request->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    return code ? code : curl_easy_setopt(request->easy, CURLOPT_LOW_SPEED_TIME, whole / 1000 + 1);
}

void cf_native_request_once(cf_native_request *request)
{
    cf_http_send_once(request->easy, &request->sent);
}

CURLcode cf_native_request_begin(cf_native_request *request, cf_native_multi *multi)
{
    CURLcode code = curl_easy_setopt(request->easy, CURLOPT_HTTPHEADER, request->headers);
    if (code)
        return code;
    return curl_multi_add_handle(multi->handle, request->easy) == CURLM_OK ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

void cf_native_request_free(cf_native_request *request, cf_native_multi *multi)
{
    if (request->easy) {
        curl_multi_remove_handle(multi->handle, request->easy);
        curl_easy_cleanup(request->easy);
    }
    curl_url_cleanup(request->url);
    cf_http_trust_release(request->trust);
    curl_slist_free_all(request->headers);
    *request = (cf_native_request){.easy = NULL};
}

/* ---- its answer ---------------------------------------------------------------------------- */

long cf_native_request_status(const cf_native_request *request)
{
    long status = 0;
    curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

int64_t cf_native_request_retry_after(const cf_native_request *request)
{
    curl_off_t seconds = 0;
    long status = cf_native_request_status(request);
    if (status == 429 || status == 503)
        curl_easy_getinfo(request->easy, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds <= 0)
        return 0;
    return (seconds < INT32_MAX ? (int64_t)seconds : INT32_MAX) * 1000;
}

centrifuge_error cf_native_request_problem(cf_native_request *request, const cf_native_settings *settings, CURLcode code,
                                           const char **text)
{
    const char *once = cf_http_once_problem(request->sent);
    const char *told = once ? once : cf_http_proxy_problem(request->easy);
    const char *system = cf_http_descriptor_problem();
    *text = told ? told : cf_native_curl_problem(settings, request->problem, code);
    if (!system)
        return cf_http_error_of(code, *text);
    *text = system;
    return CENTRIFUGE_ERROR_SYSTEM;
}

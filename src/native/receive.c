/* The requests of a SockJS connection: the info, what receives, and xhr_send. */
#include "native/sockjs.h"

#include <string.h>

static const cf_bytes nothing = CF_LITERAL("");

void cf_native_sockjs_keep_fault(cf_native_sockjs *self, centrifuge_error error, const char *detail)
{
    cf_free(&cf_heap, self->detail);
    self->error = error;
    self->detail = cf_copy(&cf_heap, cf_bytes_of(detail));
}

/* ---- what comes -------------------------------------------------------------------- */

static bool has_type(const cf_native_request *request, cf_bytes type)
{
    const char *told = NULL;
    curl_easy_getinfo(request->easy, CURLINFO_CONTENT_TYPE, &told);
    cf_bytes text = cf_bytes_of(told);
    return cf_bytes_equal_fold(cf_ws_trim(cf_bytes_slice(text, 0, (size_t)cf_bytes_find(text, CF_BYTES(";")))), type);
}

/* Of a page that is none of SockJS nothing is kept, however long it is. */
static bool is_welcome(const cf_native_sockjs *self)
{
    bool events = self->link.state != CF_SOCKJS_LINK_ASKING && self->current == CF_SOCKJS_EVENTSOURCE;
    return cf_native_request_status(&self->receiver) == 200 &&
           (!events || has_type(&self->receiver, CF_BYTES("text/event-stream")));
}

static size_t on_received(char *data, size_t size, size_t count, void *user)
{
    cf_native_sockjs *self = CF_CONTAINER(user, cf_native_sockjs, receiver);
    if (!is_welcome(self))
        return 0;
    self->heard = true;
    cf_buffer_append(&self->input, cf_bytes_make(data, size * count));
    return self->input.failed ? 0 : size * count;
}

/* The answer to xhr_send says nothing. */
static size_t on_answered(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    (void)user;
    return size * count;
}

/* ---- requests ------------------------------------------------------------------------ */

/* One of the option `headers`, as libcurl wants it; those of the upgrade are not for requests. */
static CURLcode add_given(cf_native_request *request, const cf_ws_header *header)
{
    static const cf_bytes of_upgrade = CF_LITERAL("Sec-WebSocket-");
    cf_buffer line;
    if (cf_bytes_equal_fold(cf_bytes_slice(header->name, 0, of_upgrade.size), of_upgrade))
        return CURLE_OK;
    cf_buffer_init(&line, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_http_header_append(header->name, header->value, &line);
    const char *text = cf_buffer_text(&line);
    CURLcode code = text ? cf_native_request_header(request, text) : CURLE_OUT_OF_MEMORY;
    cf_buffer_free(&line);
    return code;
}

static CURLcode add_headers(const cf_native_sockjs *self, cf_native_request *request, const char *own)
{
    const cf_native_settings *settings = &self->base.client->settings;
    CURLcode code = cf_native_request_header(request, own);
    for (size_t i = 0; i < settings->header_count && !code; i++)
        code = add_given(request, &settings->headers[i]);
    return code;
}

static CURLcode make(cf_native_sockjs *self, cf_native_request *request, cf_bytes path, cf_bytes name,
                     curl_write_callback receive)
{
    cf_buffer address;
    cf_buffer_init(&address, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_native_sockjs_append_address(&address, cf_buffer_bytes(&self->address), path, name);
    CURLcode code = address.failed
                        ? CURLE_OUT_OF_MEMORY
                        : cf_native_request_make(request, self->base.client, cf_buffer_bytes(&address), receive, request);
    cf_buffer_free(&address);
    if (!code && self->cookies) {
        code = curl_easy_setopt(request->easy, CURLOPT_SHARE, self->cookies);
        curl_easy_setopt(request->easy, CURLOPT_COOKIEFILE, "");
    }
    return code;
}

/* `code` is of the steps before. */
static bool begin_request(cf_native_sockjs *self, cf_native_request *request, CURLcode code)
{
    const char *text;
    if (!code && self->link.state == CF_SOCKJS_LINK_OPEN) /* before that no message is lost with an answer */
        cf_native_request_once(request);
    if (!code)
        code = cf_native_request_begin(request, &self->multi);
    if (!code)
        return true;
    centrifuge_error error = cf_native_request_problem(request, &self->base.client->settings, code, &text);
    cf_native_sockjs_keep_fault(self, error, text);
    cf_native_request_free(request, &self->multi);
    return false;
}

/* The last one's bytes have been read: nothing points into them any more. */
static void empty_input(cf_native_sockjs *self, size_t limit)
{
    cf_buffer_free(&self->input);
    self->input.limit = limit;
    self->used = 0;
    self->ended = false;
}

bool cf_native_sockjs_ask_info(cf_native_sockjs *self)
{
    empty_input(self, self->base.client->settings.http_answer_size_max);
    CURLcode code = make(self, &self->receiver, nothing, CF_BYTES("info"), on_received);
    if (!code)
        code = add_headers(self, &self->receiver, "Accept: application/json");
    return begin_request(self, &self->receiver, code);
}

static size_t frame_max(const cf_native_sockjs *self)
{
    size_t max = self->base.client->settings.message_size_max;
    return max > CF_SOCKJS_PRELUDE_SIZE ? max : CF_SOCKJS_PRELUDE_SIZE;
}

bool cf_native_sockjs_receive(cf_native_sockjs *self)
{
    bool events = self->current == CF_SOCKJS_EVENTSOURCE;
    empty_input(self, CF_BUFFER_NO_LIMIT);
    cf_sockjs_stream_free(&self->stream);
    cf_sockjs_stream_init(&self->stream, self->current, frame_max(self), &cf_heap);
    CURLcode code =
        make(self, &self->receiver, cf_buffer_bytes(&self->path), cf_sockjs_framing_of(self->current)->name, on_received);
    if (!code)
        code = add_headers(self, &self->receiver, events ? "Accept: text/event-stream" : "Content-Type:");
    if (!code && !events)
        code = cf_native_request_post(&self->receiver, nothing);
    return begin_request(self, &self->receiver, code);
}

bool cf_native_sockjs_post(cf_native_sockjs *self, cf_bytes body)
{
    CURLcode code = make(self, &self->sender, cf_buffer_bytes(&self->path), CF_BYTES("xhr_send"), on_answered);
    if (!code)
        code = add_headers(self, &self->sender, "Content-Type: text/plain");
    if (!code) /* or libcurl would ask whether a large body is welcome, and wait */
        code = cf_native_request_header(&self->sender, "Expect:");
    if (!code)
        code = cf_native_request_post(&self->sender, body);
    if (!code) /* what comes the other way keeps the connection alive, and would for ever */
        code = cf_native_request_patience(&self->sender, self->base.client->settings.connect_timeout);
    return begin_request(self, &self->sender, code);
}

/* ---- what came of them ------------------------------------------------------------------ */

static void keep_refusal(cf_native_sockjs *self, const cf_native_request *request, long status)
{
    const char *place = NULL;
    cf_buffer why;
    cf_buffer_init(&why, &cf_heap, CF_BUFFER_NO_LIMIT);
    self->base.client->http_status = (int)status;
    self->base.client->retry_after = cf_native_request_retry_after(request);
    curl_easy_getinfo(request->easy, CURLINFO_REDIRECT_URL, &place);
    centrifuge_error error = cf_native_refusal((int)status, cf_bytes_of(place), &why);
    const char *detail = cf_buffer_text(&why);
    cf_native_sockjs_keep_fault(self, error, detail ? detail : "the server refused a request");
    cf_buffer_free(&why);
}

static void keep_problem(cf_native_sockjs *self, cf_native_request *request, CURLcode code)
{
    const char *text;
    centrifuge_error error = cf_native_request_problem(request, &self->base.client->settings, code, &text);
    cf_native_sockjs_keep_fault(self, error, text);
}

/* Without a fault it is good. */
static bool keep_fault_of(cf_native_sockjs *self, cf_native_request *request, CURLcode code)
{
    long status = cf_native_request_status(request);
    if (status != 0 && status != 200 && status != 204)
        keep_refusal(self, request, status);
    else if (code == CURLE_WRITE_ERROR && self->input.failed)
        cf_native_sockjs_keep_fault(self, CENTRIFUGE_ERROR_NO_MEMORY,
                                    "no memory for an answer, or it is larger than it may be");
    else if (code == CURLE_WRITE_ERROR)
        cf_native_sockjs_keep_fault(self, CENTRIFUGE_ERROR_PROTOCOL, "the answer to eventsource is no text/event-stream");
    else if (code)
        keep_problem(self, request, code);
    else
        return false;
    return true;
}

bool cf_native_sockjs_end_receiver(cf_native_sockjs *self)
{
    bool good = !keep_fault_of(self, &self->receiver, self->outcome) && cf_native_request_status(&self->receiver) == 200;
    cf_native_request_free(&self->receiver, &self->multi);
    self->ended = false;
    return good;
}

bool cf_native_sockjs_end_sender(cf_native_sockjs *self, CURLcode code)
{
    bool good = !keep_fault_of(self, &self->sender, code);
    cf_native_request_free(&self->sender, &self->multi);
    return good;
}

void cf_native_sockjs_stop_requests(cf_native_sockjs *self)
{
    cf_native_request_free(&self->receiver, &self->multi);
    cf_native_request_free(&self->sender, &self->multi);
    self->used = self->input.size; /* not freed: messages that were not told yet may be there */
    self->ended = false;
}

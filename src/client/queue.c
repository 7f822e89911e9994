#include "client/internal.h"

#include <string.h>

#define LOG_DETAIL_MAX 200 /* bytes of foreign text in a log line */

bool cf_text_set(cf_text *text, const cf_allocator *allocator, cf_bytes bytes)
{
    if (bytes.size > UINT32_MAX)
        return false;
    if (bytes.size > text->capacity) {
        char *data = cf_realloc(allocator, text->data, bytes.size);
        if (data == NULL)
            return false;
        text->data = data;
        text->capacity = (uint32_t)bytes.size;
    }
    if (bytes.size > 0)
        memcpy(text->data, bytes.data, bytes.size);
    text->size = (uint32_t)bytes.size;
    return true;
}

void cf_text_free(cf_text *text, const cf_allocator *allocator)
{
    cf_free(allocator, text->data);
    *text = (cf_text){NULL, 0, 0};
}

/* ---- the queue ------------------------------------------------------------------ */

void cf_queue_append(cf_client *client, cf_pending *pending, cf_pending_kind kind)
{
    CF_ASSERT(!pending->queued);
    pending->next = NULL;
    pending->kind = (uint8_t)kind;
    pending->queued = true;
    *client->out.end = pending;
    client->out.end = &pending->next;
}

/* `link` is what points at it. */
static cf_pending *take_out(cf_client *client, cf_pending **link)
{
    cf_pending *pending = *link;
    *link = pending->next;
    if (client->out.end == &pending->next)
        client->out.end = link;
    pending->next = NULL;
    pending->queued = false;
    if (pending->kind == CF_PENDING_SEND)
        client->out.size -= cf_line_of(pending)->size;
    return pending;
}

void cf_queue_remove(cf_client *client, cf_pending *pending)
{
    cf_pending **link = &client->out.first;
    while (*link != pending) {
        CF_ASSERT(*link != NULL);
        link = &(*link)->next;
    }
    take_out(client, link);
}

static bool is_line(const cf_pending *pending)
{
    return pending->kind == CF_PENDING_SEND || pending->kind == CF_PENDING_LOG;
}

static cf_refusal *retire_refusal(cf_client *client, cf_pending *pending)
{
    cf_refusal *refusal = CF_CONTAINER(pending, cf_refusal, answer);
    refusal->subscription->refusal_told = NULL;
    cf_queue_retire(client, pending, CF_PENDING_AUTH_REFUSED);
    return refusal;
}

static void drop(cf_client *client, bool (*unwanted)(const cf_pending *pending))
{
    cf_pending **link = &client->out.first;
    while (*link != NULL) {
        if (!unwanted(*link)) {
            link = &(*link)->next;
            continue;
        }
        cf_pending *pending = take_out(client, link);
        if (is_line(pending))
            cf_free(client->environment.allocator, cf_line_of(pending));
        else if (pending->kind == CF_PENDING_AUTH_REFUSED)
            retire_refusal(client, pending);
    }
}

static bool is_send(const cf_pending *pending)
{
    return pending->kind == CF_PENDING_SEND;
}

void cf_queue_drop_sends(cf_client *client)
{
    drop(client, is_send);
}

static bool is_event(const cf_pending *pending)
{
    return pending->kind != CF_PENDING_SEND && pending->kind != CF_PENDING_CLOSE && pending->kind != CF_PENDING_RESULT &&
           pending->kind != CF_PENDING_REQUEST_CANCEL && pending->kind != CF_PENDING_REMOVED;
}

void cf_queue_drop_events(cf_client *client)
{
    drop(client, is_event);
}

/* ---- what an effect has shown is freed later --------------------------------------- */

void cf_queue_retire(cf_client *client, cf_pending *pending, cf_pending_kind kind)
{
    pending->next = client->out.taken;
    pending->kind = (uint8_t)kind;
    client->out.taken = pending;
}

static void free_pending(cf_client *client, cf_pending *pending)
{
    const cf_allocator *allocator = client->environment.allocator;
    switch (pending->kind) {
    case CF_PENDING_RESULT:
        cf_free(allocator, CF_CONTAINER(pending, cf_call, pending));
        break;
    case CF_PENDING_REMOVED:
        cf_subscription_release(CF_CONTAINER(pending, cf_subscription, removed));
        break;
    case CF_PENDING_REQUEST_CANCEL:
        cf_auth_free_request(CF_CONTAINER(pending, cf_request, pending), allocator);
        break;
    case CF_PENDING_AUTH_REFUSED:
        cf_auth_free_refusal(CF_CONTAINER(pending, cf_refusal, answer), allocator);
        break;
    case CF_PENDING_SETTINGS:
        cf_free(allocator, CF_CONTAINER(pending, cf_settings, retired));
        break;
    default:
        cf_free(allocator, cf_line_of(pending));
        break;
    }
}

void cf_queue_free_taken(cf_client *client)
{
    while (client->out.taken != NULL) {
        cf_pending *pending = client->out.taken;
        client->out.taken = pending->next;
        free_pending(client, pending);
    }
}

/* ---- lines ------------------------------------------------------------------------------- */

cf_buffer *cf_line_begin(cf_client *client, size_t size)
{
    static const char head[offsetof(cf_line, text)];
    cf_buffer *line = &client->out.line;
    cf_buffer_init(line, client->environment.allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_reserve(line, size > SIZE_MAX - sizeof(head) ? SIZE_MAX : size + sizeof(head));
    cf_buffer_append(line, cf_bytes_make(head, sizeof(head)));
    return line;
}

/* Of its text. */
static size_t line_size(const cf_client *client)
{
    return client->out.line.size - offsetof(cf_line, text);
}

centrifuge_error cf_line_check(cf_client *client)
{
    if (!client->out.line.failed && line_size(client) <= client->settings->options.frame_size_max)
        return CENTRIFUGE_ERROR_OK;
    bool failed = client->out.line.failed;
    cf_buffer_free(&client->out.line);
    return failed ? CENTRIFUGE_ERROR_NO_MEMORY : CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE;
}

cf_line *cf_line_make(cf_client *client, uint32_t number)
{
    cf_buffer *line = &client->out.line;
    if (line->failed) {
        cf_buffer_free(line);
        return NULL;
    }
    cf_line *made = (cf_line *)(void *)line->data;
    made->pending.number = number;
    made->size = line_size(client);
    return made;
}

cf_line *cf_line_take(cf_client *client)
{
    cf_line *made = cf_line_make(client, client->link.id);
    if (made == NULL)
        return NULL;
    made->pending.kind = CF_PENDING_SEND;
    client->out.size += made->size;
    return made;
}

bool cf_line_send(cf_client *client)
{
    cf_line *made = cf_line_take(client);
    if (made == NULL)
        return false;
    cf_queue_append(client, &made->pending, CF_PENDING_SEND);
    return true;
}

static void log_line(cf_client *client, cf_log_level level)
{
    cf_line *made = cf_line_make(client, level);
    if (made != NULL)
        cf_queue_append(client, &made->pending, CF_PENDING_LOG);
}

void cf_log_text(cf_client *client, cf_log_level level, cf_bytes text, cf_bytes detail)
{
    bool cut = detail.size > LOG_DETAIL_MAX;
    detail = cf_bytes_slice(detail, 0, LOG_DETAIL_MAX);
    cf_buffer *line = cf_line_begin(client, text.size + detail.size + 5);
    cf_buffer_append(line, text);
    if (detail.size > 0) {
        cf_buffer_append(line, CF_BYTES(": "));
        cf_buffer_append(line, detail);
    }
    if (cut)
        cf_buffer_append(line, CF_BYTES("..."));
    log_line(client, level);
}

void cf_log_number(cf_client *client, cf_log_level level, cf_bytes text, int64_t number, cf_bytes behind)
{
    cf_buffer *line = cf_line_begin(client, text.size + behind.size + 20);
    cf_buffer_append(line, text);
    cf_buffer_append_int(line, number);
    cf_buffer_append(line, behind);
    log_line(client, level);
}

/* ---- errors --------------------------------------------------------------------------------- */

static void report(cf_client *client, centrifuge_error code, cf_failure failure, bool json)
{
    client->error.pending.code = (uint8_t)code;
    client->error.failure = failure;
    client->error.json = json;
    cf_queue_append(client, &client->error.pending, CF_PENDING_ERROR);
}

void cf_client_report(cf_client *client, centrifuge_error code, cf_bytes failure)
{
    cf_json_value text, advice;
    cf_json_find(failure, CF_BYTES("error"), &text);
    cf_json_find(failure, CF_BYTES("advice"), &advice);
    report(client, code, (cf_failure){failure, text.raw, advice.raw}, false);
}

void cf_client_report_message(cf_client *client, const cf_wire_message *message)
{
    const cf_failure failure = {message->raw, message->error_text, message->advice};
    report(client, CENTRIFUGE_ERROR_REFUSED, failure, message->error.kind != CF_JSON_STRING);
}

/* ---- the queue's members as effects ----------------------------------------------------------- */

static void show_open(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    effect->kind = CF_EFFECT_TRANSPORT_OPEN;
    effect->transport.id = pending->number;
    effect->transport.kind = client->settings->transport;
    effect->transport.address = client->settings->options.url;
}

static void show_send(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    const cf_line *line = cf_line_of(pending);
    effect->kind = CF_EFFECT_TRANSPORT_SEND;
    effect->transport.id = pending->number;
    effect->transport.text = cf_bytes_make(line->text, line->size);
    if (line->size > client->out.largest)
        client->out.largest = line->size;
    cf_queue_retire(client, pending, CF_PENDING_SEND);
}

static void show_close(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    (void)client;
    effect->kind = CF_EFFECT_TRANSPORT_CLOSE;
    effect->transport.id = pending->number;
}

static void show_authorize(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    const cf_request *request = CF_CONTAINER(pending, cf_request, pending);
    (void)client;
    effect->kind = CF_EFFECT_AUTHORIZE;
    effect->request.id = pending->number;
    effect->request.body = cf_buffer_bytes(&request->body);
}

static void show_refresh(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    (void)client;
    effect->kind = CF_EFFECT_REFRESH;
    effect->request.id = pending->number;
}

static void show_request_cancel(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    effect->kind = CF_EFFECT_REQUEST_CANCEL;
    effect->request.id = pending->number;
    if (pending != &client->refresh.cancel)
        cf_queue_retire(client, pending, CF_PENDING_REQUEST_CANCEL);
}

static void show_connect(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    (void)pending;
    effect->event.kind = CF_EVENT_CONNECT;
    effect->event.client = cf_text_bytes(&client->link.client_id);
    effect->event.transport = cf_text_bytes(&client->link.transport_name);
    effect->event.latency = client->link.latency;
}

static void show_disconnect(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    effect->event.kind = CF_EVENT_DISCONNECT;
    effect->event.reason = client->link.disconnect_reason;
    effect->event.reconnect = pending->flag;
}

static void show_transport_close(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    effect->event.kind = CF_EVENT_TRANSPORT_CLOSE;
    effect->event.reason = client->link.transport_close_reason;
    effect->event.reconnect = pending->flag;
    effect->event.code = (centrifuge_error)pending->code;
}

static void show_failure(const cf_client *client, cf_effect *effect)
{
    effect->event.code = (centrifuge_error)client->error.pending.code;
    effect->event.error = client->error.failure.text;
    effect->event.advice = client->error.failure.advice;
    effect->event.error_json = client->error.json;
}

static void show_error(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    (void)pending;
    effect->event.kind = CF_EVENT_ERROR;
    effect->event.raw = client->error.failure.raw;
    show_failure(client, effect);
}

static void show_subscription(cf_subscription *subscription, cf_event_kind kind, cf_effect *effect)
{
    effect->event.kind = kind;
    effect->event.subscription = subscription;
    effect->event.channel = cf_subscription_channel(subscription);
}

static void show_subscribe(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    show_subscription(client->answer.subscription, CF_EVENT_SUBSCRIBE, effect);
    effect->event.resubscribe = pending->flag;
    effect->event.recovered = client->answer.recovered;
}

static void show_subscribe_error(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    show_subscription(client->answer.subscription, CF_EVENT_SUBSCRIBE_ERROR, effect);
    effect->event.resubscribe = pending->flag;
    show_failure(client, effect);
}

static void show_refused(const cf_refusal *refusal, cf_effect *effect)
{
    effect->event.code = (centrifuge_error)refusal->code;
    effect->event.raw = cf_buffer_bytes(&refusal->raw);
    effect->event.error = refusal->text;
    effect->event.advice = refusal->advice;
    effect->event.error_json = refusal->json;
}

static void show_auth_error(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    (void)client;
    effect->event.kind = CF_EVENT_ERROR;
    show_refused(CF_CONTAINER(pending, cf_refusal, error), effect);
}

static void show_auth_refused(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    const cf_refusal *refusal = retire_refusal(client, pending);
    show_subscription(refusal->subscription, CF_EVENT_SUBSCRIBE_ERROR, effect);
    effect->event.resubscribe = pending->flag;
    show_refused(refusal, effect);
}

static void show_refresh_failed(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    (void)client;
    (void)pending;
    effect->event.kind = CF_EVENT_REFRESH_FAILED;
}

static void show_unsubscribe(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    (void)client;
    show_subscription(CF_CONTAINER(pending, cf_subscription, unsubscribe), CF_EVENT_UNSUBSCRIBE, effect);
}

static void show_removed(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    show_subscription(CF_CONTAINER(pending, cf_subscription, removed), CF_EVENT_REMOVED, effect);
    cf_queue_retire(client, pending, CF_PENDING_REMOVED);
}

static void show_result(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    effect->kind = CF_EFFECT_RESULT;
    cf_call_result(CF_CONTAINER(pending, cf_call, pending), &effect->result);
    cf_queue_retire(client, pending, CF_PENDING_RESULT);
}

static void show_log(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    const cf_line *line = cf_line_of(pending);
    effect->kind = CF_EFFECT_LOG;
    effect->log.level = (cf_log_level)pending->number;
    effect->log.text = cf_bytes_make(line->text, line->size);
    cf_queue_retire(client, pending, CF_PENDING_LOG);
}

static void show_high_water(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    cf_limit_event(client, (cf_limit)pending->number, &effect->event);
}

bool cf_queue_take(cf_client *client, cf_effect *effect)
{
    static void (*const show[CF_PENDING_COUNT])(cf_client * client, cf_pending * pending, cf_effect * effect) = {
        [CF_PENDING_OPEN] = show_open,
        [CF_PENDING_SEND] = show_send,
        [CF_PENDING_CLOSE] = show_close,
        [CF_PENDING_AUTHORIZE] = show_authorize,
        [CF_PENDING_REFRESH] = show_refresh,
        [CF_PENDING_REQUEST_CANCEL] = show_request_cancel,
        [CF_PENDING_CONNECT] = show_connect,
        [CF_PENDING_DISCONNECT] = show_disconnect,
        [CF_PENDING_TRANSPORT_CLOSE] = show_transport_close,
        [CF_PENDING_ERROR] = show_error,
        [CF_PENDING_SUBSCRIBE] = show_subscribe,
        [CF_PENDING_SUBSCRIBE_ERROR] = show_subscribe_error,
        [CF_PENDING_AUTH_ERROR] = show_auth_error,
        [CF_PENDING_AUTH_REFUSED] = show_auth_refused,
        [CF_PENDING_REFRESH_FAILED] = show_refresh_failed,
        [CF_PENDING_UNSUBSCRIBE] = show_unsubscribe,
        [CF_PENDING_REMOVED] = show_removed,
        [CF_PENDING_RESULT] = show_result,
        [CF_PENDING_LOG] = show_log,
        [CF_PENDING_HIGH_WATER] = show_high_water,
    };
    if (client->out.first == NULL)
        return false;
    cf_pending *pending = take_out(client, &client->out.first);
    *effect = (cf_effect){.kind = CF_EFFECT_EVENT};
    show[pending->kind](client, pending, effect);
    return true;
}

#include "client/queue.h"

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

void cf_queue_retire(cf_client *client, cf_pending *pending, cf_pending_kind kind)
{
    pending->next = client->out.taken;
    pending->kind = (uint8_t)kind;
    client->out.taken = pending;
}

cf_refusal *cf_queue_retire_refusal(cf_client *client, cf_pending *pending)
{
    cf_refusal *refusal = CF_CONTAINER(pending, cf_refusal, answer);
    refusal->subscription->refusal_told = NULL;
    cf_queue_retire(client, pending, CF_PENDING_AUTH_REFUSED);
    return refusal;
}

cf_pending *cf_queue_pop(cf_client *client)
{
    return client->out.first == NULL ? NULL : take_out(client, &client->out.first);
}

static bool is_line(const cf_pending *pending)
{
    return pending->kind == CF_PENDING_SEND || pending->kind == CF_PENDING_LOG;
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
            cf_queue_retire_refusal(client, pending);
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

uint32_t cf_client_next_request(cf_client *client)
{
    client->last_request = client->last_request % UINT32_MAX + 1; /* never 0 */
    return client->last_request;
}

void cf_client_break(cf_client *client, centrifuge_error code)
{
    if (client->broken == CENTRIFUGE_ERROR_OK)
        client->broken = (uint8_t)code;
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

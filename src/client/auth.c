#include "client/auth.h"

#include "client/group.h"
#include "client/pause.h"
#include "client/queue.h"
#include "client/refusal.h"
#include "client/subscription.h"

/*
 * Private channels: client-spec.md 11. A request belongs to its connection and names its members; who is unsubscribed meanwhile
 * is crossed out there (D19), and with the connection the request is cancelled (D20, D45), so that whatever is answered is
 * still wanted.
 */

#define FAILED    CF_BYTES("authorization request failed")
#define NOT_FOUND CF_BYTES("channel not found in authorization response")
#define NO_TEXT   CF_BYTES("sign or info is no text in authorization response")

bool cf_auth_needed(const cf_client *client, cf_bytes channel)
{
    return cf_bytes_starts_with(channel, client->settings->options.private_channel_prefix);
}

static cf_request *request_of(cf_list *link)
{
    return CF_CONTAINER(link, cf_request, link);
}

static cf_subscription *subscription_of(cf_list *link)
{
    return CF_CONTAINER(link, cf_subscription, aside);
}

/* ---- asking ----------------------------------------------------------------------------- */

void cf_auth_free_request(cf_request *request, const cf_allocator *allocator)
{
    cf_buffer_free(&request->body);
    cf_free(allocator, request);
}

/* How many of the list are named, all or as many as a frame would hold. */
static size_t write_body(cf_client *client, const cf_list *list, cf_buffer *body)
{
    size_t count = 0;
    cf_buffer_append(body, CF_BYTES("{\"client\":"));
    cf_json_write_string(body, cf_text_bytes(&client->link.client_id));
    cf_buffer_append(body, CF_BYTES(",\"channels\":"));
    CF_LIST_EACH (link, list) {
        size_t before = body->size;
        cf_buffer_append_byte(body, count == 0 ? '[' : ',');
        cf_json_write_string(body, cf_subscription_channel(subscription_of(link)));
        if (count > 0 && body->size + 2 > client->settings->options.frame_size_max) {
            cf_buffer_truncate(body, before);
            break;
        }
        count++;
    }
    cf_buffer_append(body, CF_BYTES("]}"));
    return count;
}

/* For the first of the list. */
static cf_request *make_request(cf_client *client, const cf_list *list)
{
    const cf_allocator *allocator = client->environment.allocator;
    cf_buffer body;
    cf_buffer_init(&body, allocator, CF_BUFFER_NO_LIMIT);
    size_t count = write_body(client, list, &body);
    /* counted in members, so that the allocator sees an overflow */
    size_t head = (sizeof(cf_request) + sizeof(cf_member) - 1) / sizeof(cf_member);
    cf_request *request = body.failed ? NULL : cf_alloc_zero(allocator, head + count, sizeof(cf_member));
    if (request == NULL) {
        cf_buffer_free(&body);
        return NULL;
    }
    request->body = body;
    request->count = count;
    return request;
}

/* Backwards from the latest: deadlines differ in order only after the option `auth_timeout` has changed. */
static void insert(cf_client *client, cf_request *request)
{
    cf_list *after = client->auth.running.previous;
    while (after != &client->auth.running && request_of(after)->deadline > request->deadline)
        after = after->previous;
    cf_list_prepend(after, &request->link);
}

static bool ask_some(cf_client *client, cf_list *list, cf_time now)
{
    cf_request *request = make_request(client, list);
    if (request == NULL)
        return false;
    for (size_t i = 0; i < request->count; i++) {
        cf_member *member = &request->members[i];
        member->request = request;
        member->subscription = subscription_of(cf_list_take(list));
        member->subscription->member = member;
    }
    request->deadline = cf_time_after(now, client->settings->options.auth_timeout);
    request->pending.number = cf_client_next_request(client);
    insert(client, request);
    cf_queue_append(client, &request->pending, CF_PENDING_AUTHORIZE);
    return true;
}

/* Whoever is to be asked could not answer a moment ago, or has refused as often as may be asked at once. */
static void wait_with_others(cf_client *client, cf_list *list)
{
    for (cf_list *link = cf_list_take(list); link != NULL; link = cf_list_take(list))
        cf_list_append(&client->auth.postponed, link);
}

bool cf_auth_ask_all(cf_client *client, cf_list *list, cf_time now)
{
    if (now < client->auth.at)
        wait_with_others(client, list);
    while (!cf_list_empty(list)) {
        if (!ask_some(client, list, now))
            return false;
    }
    return true;
}

/* Behind those that come before it: names like indexes first (client-spec.md 11.1). */
static void put_aside(cf_client *client, cf_subscription *subscription)
{
    cf_list *behind = client->auth.aside.previous;
    while (behind != &client->auth.aside && cf_subscription_compare(subscription_of(behind), subscription) > 0)
        behind = behind->previous;
    cf_list_prepend(behind, &subscription->aside);
}

bool cf_auth_ask(cf_subscription *subscription, cf_time now)
{
    cf_client *client = subscription->client;
    cf_list one;
    if (client->auth.batching) {
        put_aside(client, subscription);
        return true;
    }
    cf_list_init(&one);
    cf_list_append(&one, &subscription->aside);
    bool good = cf_auth_ask_all(client, &one, now);
    if (!good)
        cf_list_remove(&subscription->aside);
    return good;
}

void cf_client_start_auth_batching(cf_client *client)
{
    client->auth.batching = true;
}

void cf_client_stop_auth_batching(cf_client *client, cf_time now)
{
    client->auth.batching = false;
    bool good = client->state != CF_CLIENT_CONNECTED || cf_list_empty(&client->auth.aside) ||
                cf_auth_ask_all(client, &client->auth.aside, now);
    /* not connected, they are asked for with the next answer to connect */
    while (cf_list_take(&client->auth.aside) != NULL)
        continue;
    if (!good)
        cf_client_break(client, CENTRIFUGE_ERROR_NO_MEMORY);
}

/* ---- not wanted any more ------------------------------------------------------------------- */

void cf_auth_forget(cf_subscription *subscription)
{
    cf_list_remove(&subscription->aside);
    if (subscription->member != NULL)
        subscription->member->subscription = NULL;
    subscription->member = NULL;
}

/* Nobody waits for it from here; `members` still tells who did. */
static void detach(cf_request *request)
{
    cf_list_remove(&request->link);
    for (size_t i = 0; i < request->count; i++) {
        if (request->members[i].subscription != NULL)
            request->members[i].subscription->member = NULL;
    }
}

static void cancel(cf_client *client, cf_request *request)
{
    detach(request);
    if (!request->pending.queued) {
        cf_queue_append(client, &request->pending, CF_PENDING_REQUEST_CANCEL);
        return;
    }
    /* nobody has seen it */
    cf_queue_remove(client, &request->pending);
    cf_auth_free_request(request, client->environment.allocator);
}

void cf_auth_cancel(cf_client *client)
{
    while (!cf_list_empty(&client->auth.running))
        cancel(client, request_of(client->auth.running.next));
    while (cf_list_take(&client->auth.postponed) != NULL)
        continue;
    client->auth.failures = 0;
    client->auth.at = 0;
}

/* It is not refused, and is asked for again by itself. */
static bool postpone(cf_subscription *subscription, centrifuge_error code)
{
    cf_json_value error = {.kind = CF_JSON_STRING, .raw = FAILED};
    cf_list_append(&subscription->client->auth.postponed, &subscription->aside);
    return cf_refusal_tell(subscription, &error, CF_BYTES("retry"), code) != NULL;
}

static bool fail_all(cf_client *client, cf_request *request, cf_bytes why, centrifuge_error code, bool again)
{
    bool good = true;
    cf_log_text(client, CF_LOG_WARNING, why, cf_buffer_bytes(&request->body));
    for (size_t i = 0; i < request->count && good; i++) {
        cf_subscription *subscription = request->members[i].subscription;
        if (subscription != NULL)
            good = again ? postpone(subscription, code) : cf_refuse_with(subscription, FAILED, code);
    }
    return good;
}

static void ask_not_before(cf_client *client, cf_time at)
{
    if (at > client->auth.at)
        client->auth.at = at;
}

/* One pause for all that wait. What fails while it lasts makes it no longer, but for Retry-After. */
static void plan_again(cf_client *client, cf_time now, int64_t retry_after)
{
    if (client->auth.at <= now) {
        client->auth.at = cf_time_after(now, cf_pause_backoff(client, client->auth.failures));
        client->auth.failures += client->auth.failures < UINT32_MAX;
    }
    ask_not_before(client, cf_pause_retry_at(now, retry_after));
}

/* A handler may ask for what is refused as soon as it hears of it. */
static void count_refusal(cf_client *client, cf_time now)
{
    cf_haste_spend(&client->auth.haste_at, now);
    ask_not_before(client, cf_haste_next(client->auth.haste_at));
}

/* The endpoint, or what stands before it, may do better later; others say what they think of the request. */
static bool is_overloaded(int status)
{
    return status == CF_STATUS_UNREACHED || status == 429 || (status >= 502 && status <= 504);
}

/* ---- the answer: client-spec.md 11.2 ----------------------------------------------------------- */

/*
 * False when the answer is no JSON, or a value that cannot hold entries (D21). `list`: the value of `channels`, in the one
 * form.
 */
static bool check_answer(cf_bytes answer, cf_json_value *list)
{
    cf_json_reader reader;
    cf_json_reader_init(&reader, answer);
    if (cf_json_peek(&reader) == CF_JSON_ARRAY)
        return cf_json_valid(answer);
    return cf_json_find(answer, CF_BYTES("channels"), list);
}

/* The last entry of a channel counts. */
static void note_entry(cf_client *client, cf_request *request, const cf_json_value *name, cf_bytes entry, cf_buffer *scratch)
{
    cf_buffer_truncate(scratch, 0);
    cf_subscription *subscription = cf_client_find(client, cf_json_text(name, scratch));
    if (subscription != NULL && subscription->member != NULL && subscription->member->request == request)
        subscription->member->entry = entry;
}

static void read_map(cf_client *client, cf_request *request, cf_bytes answer, cf_buffer *scratch)
{
    cf_json_reader reader;
    cf_json_value key, value;
    cf_json_reader_init(&reader, answer);
    if (!cf_json_enter_object(&reader))
        return;
    while (cf_json_next_member(&reader, &key)) {
        cf_json_read(&reader, &value);
        note_entry(client, request, &key, value.raw, scratch);
    }
}

static void read_list(cf_client *client, cf_request *request, cf_bytes list, cf_buffer *scratch)
{
    cf_json_reader reader;
    cf_json_value value, name;
    cf_json_reader_init(&reader, list);
    cf_json_enter_array(&reader);
    while (cf_json_next_element(&reader)) {
        cf_json_read(&reader, &value);
        if (cf_json_find(value.raw, CF_BYTES("channel"), &name) && name.kind == CF_JSON_STRING)
            note_entry(client, request, &name, value.raw, scratch);
    }
}

static cf_bytes find_text(cf_bytes object, cf_bytes name, cf_buffer *scratch)
{
    cf_json_value value;
    cf_json_find(object, name, &value);
    return cf_json_text(&value, scratch);
}

/* `scratch` has room for all of the answer. */
static cf_auth_entry read_entry(cf_bytes text, cf_buffer *scratch)
{
    cf_buffer_truncate(scratch, 0);
    return (cf_auth_entry){
        .sign = find_text(text, CF_BYTES("sign"), scratch),
        .info = find_text(text, CF_BYTES("info"), scratch),
    };
}

/* Missing, falsy or 200. */
static bool is_granted(const cf_json_value *status)
{
    int64_t number;
    if (status->kind == CF_JSON_NUMBER)
        return cf_json_to_int64(status, &number) && (number == 200 || number == 0);
    return status->kind == CF_JSON_NONE || status->kind == CF_JSON_NULL || status->kind == CF_JSON_FALSE ||
           (status->kind == CF_JSON_STRING && status->raw.size == 0);
}

static bool is_text_or_none(cf_bytes entry, cf_bytes name)
{
    cf_json_value value;
    cf_json_find(entry, name, &value);
    return value.kind == CF_JSON_STRING || value.kind == CF_JSON_NONE || value.kind == CF_JSON_NULL;
}

/* The server takes no other; an object would be sent as no info at all. */
static bool holds_texts(cf_bytes entry)
{
    return is_text_or_none(entry, CF_BYTES("sign")) && is_text_or_none(entry, CF_BYTES("info"));
}

/* Crosses out whom it refuses. False without memory. */
static bool judge(cf_member *member)
{
    cf_subscription *subscription = member->subscription;
    cf_json_value status;
    member->subscription = NULL;
    if (!cf_json_find(member->entry, CF_BYTES("status"), &status))
        return cf_refuse_with(subscription, NOT_FOUND, CENTRIFUGE_ERROR_REFUSED);
    if (!is_granted(&status))
        return cf_refuse(subscription, &status, CF_BYTES(""), CENTRIFUGE_ERROR_REFUSED);
    if (!holds_texts(member->entry))
        return cf_refuse_with(subscription, NO_TEXT, CENTRIFUGE_ERROR_REFUSED);
    member->subscription = subscription;
    return true;
}

/* The commands of one answer belong together. */
static bool send_granted(cf_client *client, cf_request *request, cf_buffer *scratch, cf_time now)
{
    cf_group group;
    bool good = true;
    cf_group_begin(&group, client, now);
    for (size_t i = 0; i < request->count && good; i++) {
        if (request->members[i].subscription == NULL)
            continue;
        cf_auth_entry entry = read_entry(request->members[i].entry, scratch);
        good = cf_group_add(&group, request->members[i].subscription, &entry);
    }
    return cf_group_end(&group) && good;
}

static bool grants(const cf_request *request)
{
    size_t i = 0;
    while (i < request->count && request->members[i].subscription == NULL)
        i++;
    return i < request->count;
}

/* False without memory. */
static bool take_answer(cf_client *client, cf_request *request, cf_bytes answer, const cf_json_value *list, cf_time now)
{
    cf_buffer scratch;
    cf_buffer_init(&scratch, client->environment.allocator, CF_BUFFER_NO_LIMIT);
    bool good = cf_buffer_reserve(&scratch, answer.size);
    if (good && list->kind == CF_JSON_ARRAY)
        read_list(client, request, list->raw, &scratch);
    else if (good)
        read_map(client, request, answer, &scratch);
    detach(request);
    for (size_t i = 0; i < request->count && good; i++) {
        if (request->members[i].subscription != NULL)
            good = judge(&request->members[i]);
    }
    good = good && send_granted(client, request, &scratch, now);
    cf_buffer_free(&scratch);
    return good;
}

/* Nobody can answer a request that was not taken yet. */
static cf_request *find_request(cf_client *client, uint32_t id)
{
    CF_LIST_EACH (link, &client->auth.running) {
        cf_request *request = request_of(link);
        if (request->pending.number == id && !request->pending.queued)
            return request;
    }
    return NULL;
}

/* Its body may be in sight. `good`: there was memory for what followed. */
static void end_request(cf_client *client, cf_request *request, bool good)
{
    cf_queue_retire(client, &request->pending, CF_PENDING_REQUEST_CANCEL);
    if (!good)
        cf_client_break(client, CENTRIFUGE_ERROR_NO_MEMORY);
}

void cf_client_authorized(cf_client *client, uint32_t id, bool failed, cf_bytes answer, cf_time now)
{
    cf_json_value list = {.kind = CF_JSON_NONE};
    cf_request *request = find_request(client, id);
    if (request == NULL)
        return;
    bool good;
    if (failed || !check_answer(answer, &list)) {
        detach(request);
        good = fail_all(client, request, FAILED, CENTRIFUGE_ERROR_REFUSED, false);
        count_refusal(client, now);
    } else {
        client->auth.failures = 0;
        good = take_answer(client, request, answer, &list, now);
        if (!grants(request))
            count_refusal(client, now);
    }
    end_request(client, request, good);
}

bool cf_auth_on_failed(cf_client *client, uint32_t id, centrifuge_error error, int status, int64_t retry_after, cf_time now)
{
    cf_request *request = find_request(client, id);
    bool again = is_overloaded(status) || error == CENTRIFUGE_ERROR_SYSTEM || error == CENTRIFUGE_ERROR_TIMEOUT;
    if (request == NULL)
        return false;
    detach(request);
    if (again)
        plan_again(client, now, retry_after);
    else
        count_refusal(client, now);
    if (!again && status > 0 && status < 500)
        error = CENTRIFUGE_ERROR_REFUSED;
    end_request(client, request, fail_all(client, request, FAILED, error, again));
    return true;
}

/* ---- time ---------------------------------------------------------------------------------------- */

/* The one that waits longest; NULL when it was not even taken. */
static cf_request *next_to_expire(const cf_client *client)
{
    if (cf_list_empty(&client->auth.running) || request_of(client->auth.running.next)->pending.queued)
        return NULL;
    return request_of(client->auth.running.next);
}

/* Of those that are postponed. */
static cf_time pause_ends(const cf_client *client)
{
    return cf_list_empty(&client->auth.postponed) ? CF_TIME_NEVER : client->auth.at;
}

static bool ask_again(cf_client *client, cf_time now)
{
    if (!client->auth.batching)
        return cf_auth_ask_all(client, &client->auth.postponed, now);
    for (cf_list *link = cf_list_take(&client->auth.postponed); link != NULL; link = cf_list_take(&client->auth.postponed))
        put_aside(client, subscription_of(link));
    return true;
}

void cf_auth_expire(cf_client *client, cf_time now)
{
    bool good = true;
    for (cf_request *request = next_to_expire(client); good && request != NULL && request->deadline <= now;
         request = next_to_expire(client)) {
        cancel(client, request);
        plan_again(client, now, 0);
        good = fail_all(client, request, CF_BYTES("authorization request timed out"), CENTRIFUGE_ERROR_TIMEOUT, true);
    }
    if (good && pause_ends(client) <= now)
        good = ask_again(client, now);
    if (!good)
        cf_client_break(client, CENTRIFUGE_ERROR_NO_MEMORY);
}

cf_time cf_auth_deadline(const cf_client *client)
{
    const cf_request *request = next_to_expire(client);
    cf_time again = pause_ends(client);
    return request == NULL || again < request->deadline ? again : request->deadline;
}

#include "client/call.h"

#include "client/batch.h"
#include "client/limit.h"
#include "client/queue.h"

#include "base/utf8.h"

#include <string.h>

/* publish, presence, history and ready: client-spec.md 8.5 and 9. */

#define COMMAND_SIZE 96 /* bytes of a command besides channel and data, about */

static void complete(cf_call *call, centrifuge_error code)
{
    static const struct {
        cf_bytes error;
        cf_bytes advice;
    } texts[CENTRIFUGE_ERROR_COUNT_] = {
        [CENTRIFUGE_ERROR_NO_MEMORY] = {{"out of memory", 13}, {"retry", 5}},
        [CENTRIFUGE_ERROR_CLOSED] = {{"client destroyed", 16}, {"", 0}},
        [CENTRIFUGE_ERROR_TIMEOUT] = {{"timeout", 7}, {"retry", 5}},
        [CENTRIFUGE_ERROR_DISCONNECTED] = {{"disconnected", 12}, {"retry", 5}},
        [CENTRIFUGE_ERROR_UNSUBSCRIBED] = {{"subscription unsubscribed", 25}, {"fix", 3}},
        [CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE] = {{"message too large", 17}, {"fix", 3}},
    };
    cf_client *client = call->subscription->client;
    cf_list_remove(&call->link);
    cf_list_remove(&call->deadline_link);
    client->calls.count--;
    client->out.size -= call->text_size;
    call->code = (uint8_t)code;
    if (texts[code].error.data != NULL) {
        call->error = texts[code].error;
        call->advice = texts[code].advice;
    }
    cf_queue_append(client, &call->pending, CF_PENDING_RESULT);
}

void cf_call_result(const cf_call *call, cf_result *result)
{
    result->call = call->user;
    result->code = (centrifuge_error)call->code;
    result->error = call->error;
    result->advice = call->advice;
    result->body = call->body;
    result->data = call->data;
    result->resubscribe = call->resubscribe;
    result->recovered = call->recovered;
    result->error_json = call->error_json;
}

/* ---- sending ------------------------------------------------------------------------- */

/* From the one with the latest deadline backwards: mostly it is the latest. */
static void insert_deadline(cf_client *client, cf_call *call)
{
    cf_list_remove(&call->deadline_link);
    cf_list *after = client->calls.by_deadline.previous;
    while (after != &client->calls.by_deadline && CF_CONTAINER(after, cf_call, deadline_link)->deadline > call->deadline)
        after = after->previous;
    cf_list_prepend(after, &call->deadline_link);
}

/* The command, in the line; no line on an error. */
static centrifuge_error write_call(const cf_call *call, cf_bytes data)
{
    const cf_subscription *subscription = call->subscription;
    cf_client *client = subscription->client;
    cf_bytes channel = cf_subscription_channel(subscription);
    cf_buffer *line = cf_line_begin(client, channel.size + data.size + COMMAND_SIZE);
    if (call->method == CF_METHOD_PUBLISH)
        cf_wire_write_publish(line, client->last_uid + 1, channel, data);
    else
        cf_wire_write_channel_command(line, client->last_uid + 1, (cf_method)call->method, channel);
    return cf_line_check(client);
}

/* On an error nothing has changed. */
static centrifuge_error send_call(cf_call *call, cf_bytes data, cf_time now)
{
    cf_client *client = call->subscription->client;
    centrifuge_error error = write_call(call, data);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    if (!cf_batch_end_line(client))
        return CENTRIFUGE_ERROR_NO_MEMORY;
    call->uid = ++client->last_uid;
    if (call->deadline == 0)
        call->deadline = cf_time_after(now, client->settings->options.timeout);
    cf_list_remove(&call->link);
    cf_list_append(&client->calls.sent, &call->link);
    insert_deadline(client, call);
    return CENTRIFUGE_ERROR_OK;
}

static void refuse_call(cf_call *call)
{
    const cf_subscription *subscription = call->subscription;
    cf_bytes refusal = cf_text_bytes(&subscription->refusal);
    size_t split = refusal.size - subscription->refusal_advice;
    call->error = cf_bytes_slice(refusal, 0, split);
    call->advice = cf_bytes_slice(refusal, split, refusal.size);
    call->error_json = subscription->refusal_json;
    call->resubscribe = subscription->resubscribe;
    complete(call, CENTRIFUGE_ERROR_REFUSED);
}

static void succeed_ready(cf_call *call)
{
    call->resubscribe = call->subscription->resubscribe;
    call->recovered = call->subscription->recovered;
    complete(call, CENTRIFUGE_ERROR_OK);
}

/* ---- making -------------------------------------------------------------------------------- */

static centrifuge_error check_call(const cf_subscription *subscription, size_t size)
{
    cf_client *client = subscription->client;
    if (client->shut)
        return CENTRIFUGE_ERROR_CLOSED;
    if (subscription->state == CF_SUBSCRIPTION_UNSUBSCRIBED)
        return CENTRIFUGE_ERROR_UNSUBSCRIBED;
    if (!cf_limit_admits(client, CF_LIMIT_CALLS, 1))
        return CENTRIFUGE_ERROR_LIMIT_CALLS;
    if (!cf_limit_admits(client, CF_LIMIT_QUEUE, size))
        return CENTRIFUGE_ERROR_LIMIT_QUEUE;
    return CENTRIFUGE_ERROR_OK;
}

/* `kept`: bytes of data to keep until it is sent. */
static cf_call *make_call(cf_subscription *subscription, cf_method method, cf_bytes kept, cf_time deadline, void *user)
{
    cf_client *client = subscription->client;
    CF_ASSERT(kept.size <= SIZE_MAX - sizeof(cf_call)); /* it is in memory */
    cf_call *call = cf_alloc(client->environment.allocator, sizeof(cf_call) + kept.size);
    if (call == NULL)
        return NULL;
    *call = (cf_call){
        .subscription = subscription, .user = user, .method = (uint8_t)method, .deadline = deadline, .text_size = kept.size};
    if (kept.size > 0)
        memcpy(call->text, kept.data, kept.size);
    client->calls.count++;
    client->out.size += kept.size;
    return call;
}

static centrifuge_error discard(cf_call *call, centrifuge_error error)
{
    cf_client *client = call->subscription->client;
    client->calls.count--;
    client->out.size -= call->text_size;
    cf_free(client->environment.allocator, call);
    return error;
}

static centrifuge_error make_and_send(cf_subscription *subscription, cf_time now, cf_method method, cf_bytes data,
                                      cf_time deadline, void *user)
{
    cf_call *call = make_call(subscription, method, cf_bytes_make(NULL, 0), deadline, user);
    if (call == NULL)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    centrifuge_error error = send_call(call, data, now);
    return error == CENTRIFUGE_ERROR_OK ? error : discard(call, error);
}

/* What no frame holds need not wait. */
static centrifuge_error check_size(cf_call *call, cf_bytes data)
{
    if (call->method == CF_METHOD_UNKNOWN)
        return CENTRIFUGE_ERROR_OK;
    centrifuge_error error = write_call(call, data);
    cf_buffer_free(&call->subscription->client->out.line);
    return error;
}

static void wait_for_subscription(cf_call *call)
{
    cf_list_append(&call->subscription->waiting, &call->link);
    if (call->deadline != 0)
        insert_deadline(call->subscription->client, call);
}

static centrifuge_error start_call(cf_subscription *subscription, cf_time now, cf_method method, cf_bytes data,
                                   cf_time deadline, void *user)
{
    centrifuge_error error = check_call(subscription, data.size);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    if (subscription->state == CF_SUBSCRIPTION_SUBSCRIBED && method != CF_METHOD_UNKNOWN)
        return make_and_send(subscription, now, method, data, deadline, user);
    cf_call *call = make_call(subscription, method, data, deadline, user);
    if (call == NULL)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    error = check_size(call, data);
    if (error != CENTRIFUGE_ERROR_OK)
        return discard(call, error);
    if (subscription->state == CF_SUBSCRIPTION_SUBSCRIBED)
        succeed_ready(call);
    else if (subscription->state == CF_SUBSCRIPTION_REFUSED)
        refuse_call(call);
    else
        wait_for_subscription(call);
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error cf_subscription_call(cf_subscription *subscription, cf_time now, cf_method method, cf_bytes data,
                                      cf_time deadline, void *call)
{
    if (data.data != NULL && !cf_json_valid(data))
        return cf_utf8_valid(data) ? CENTRIFUGE_ERROR_INVALID_JSON : CENTRIFUGE_ERROR_INVALID_UTF8;
    return start_call(subscription, now, method, data, deadline, call);
}

centrifuge_error cf_subscription_ready(cf_subscription *subscription, cf_time now, bool wait, void *call)
{
    cf_subscription_state state = cf_subscription_get_state(subscription);
    if (!wait && (state == CF_SUBSCRIPTION_NEW || state == CF_SUBSCRIPTION_SUBSCRIBING))
        return subscription->client->shut ? CENTRIFUGE_ERROR_CLOSED : CENTRIFUGE_ERROR_INVALID_STATE;
    return cf_subscription_call(subscription, now, CF_METHOD_UNKNOWN, cf_bytes_make(NULL, 0), 0, call);
}

/* ---- ending ------------------------------------------------------------------------------------ */

static void release(cf_call *call, cf_time now)
{
    if (call->method == CF_METHOD_UNKNOWN) {
        succeed_ready(call);
        return;
    }
    centrifuge_error error = send_call(call, cf_bytes_make(call->text_size > 0 ? call->text : NULL, call->text_size), now);
    if (error != CENTRIFUGE_ERROR_OK) {
        complete(call, error);
        return;
    }
    call->subscription->client->out.size -= call->text_size;
    call->text_size = 0;
}

void cf_calls_release(cf_subscription *subscription, cf_time now)
{
    while (!cf_list_empty(&subscription->waiting))
        release(CF_CONTAINER(subscription->waiting.next, cf_call, link), now);
}

void cf_calls_fail_waiting(cf_subscription *subscription, centrifuge_error code)
{
    while (!cf_list_empty(&subscription->waiting)) {
        cf_call *call = CF_CONTAINER(subscription->waiting.next, cf_call, link);
        if (code == CENTRIFUGE_ERROR_REFUSED)
            refuse_call(call);
        else
            complete(call, code);
    }
}

void cf_calls_fail_sent(cf_client *client, const cf_subscription *subscription, centrifuge_error code)
{
    cf_list *link = client->calls.sent.next;
    while (link != &client->calls.sent) {
        cf_call *call = CF_CONTAINER(link, cf_call, link);
        link = link->next;
        if (subscription == NULL || call->subscription == subscription)
            complete(call, code);
    }
}

/* Answers come in the order of the commands, mostly; an unknown uid is noticed by its neighbours. */
static cf_call *find_call(const cf_client *client, uint64_t uid)
{
    CF_LIST_EACH (link, &client->calls.sent) {
        cf_call *call = CF_CONTAINER(link, cf_call, link);
        if (call->uid >= uid)
            return call->uid == uid ? call : NULL;
    }
    return NULL;
}

cf_step cf_call_on_answer(cf_client *client, const cf_wire_message *message)
{
    cf_call *call = find_call(client, message->uid);
    if (call == NULL)
        return CF_STEP_DONE;
    call->body = message->body;
    call->data = message->b.data;
    if (!message->has_error) {
        complete(call, CENTRIFUGE_ERROR_OK);
        return CF_STEP_DONE;
    }
    cf_client_report_message(client, message);
    call->error = message->error_text;
    call->advice = message->advice;
    call->error_json = message->error.kind != CF_JSON_STRING;
    complete(call, CENTRIFUGE_ERROR_REFUSED);
    return CF_STEP_DONE;
}

static cf_call *next_to_expire(const cf_client *client)
{
    return cf_list_empty(&client->calls.by_deadline) ? NULL
                                                     : CF_CONTAINER(client->calls.by_deadline.next, cf_call, deadline_link);
}

void cf_calls_expire(cf_client *client, cf_time now)
{
    for (cf_call *call = next_to_expire(client); call != NULL && call->deadline <= now; call = next_to_expire(client))
        complete(call, CENTRIFUGE_ERROR_TIMEOUT);
}

cf_time cf_calls_deadline(const cf_client *client)
{
    const cf_call *call = next_to_expire(client);
    return call == NULL ? CF_TIME_NEVER : call->deadline;
}

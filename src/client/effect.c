#include "client/effect.h"

#include "client/auth.h"
#include "client/call.h"
#include "client/limit.h"
#include "client/queue.h"
#include "client/refusal.h"
#include "client/subscription.h"

/*
 * The queue's members as effects. It knows all that waits there, and stands above it.
 */

/* ---- what an effect has shown is freed with the next one ----------------------------------- */

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
        cf_refusal_free(CF_CONTAINER(pending, cf_refusal, answer), allocator);
        break;
    case CF_PENDING_SETTINGS:
        cf_free(allocator, CF_CONTAINER(pending, cf_settings, retired));
        break;
    default:
        cf_free(allocator, cf_line_of(pending));
        break;
    }
}

void cf_effects_free_taken(cf_client *client)
{
    while (client->out.taken != NULL) {
        cf_pending *pending = client->out.taken;
        client->out.taken = pending->next;
        free_pending(client, pending);
    }
}

/* ---- of the transport and of requests ------------------------------------------------------ */

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

/* ---- events of the client ------------------------------------------------------------------ */

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
    effect->event.close_code = (uint16_t)pending->number;
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

static void show_refresh_failed(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    (void)client;
    (void)pending;
    effect->event.kind = CF_EVENT_REFRESH_FAILED;
}

static void show_high_water(cf_client *client, cf_pending *pending, cf_effect *effect)
{
    cf_limit_event(client, (cf_limit)pending->number, &effect->event);
}

/* ---- events of a subscription -------------------------------------------------------------- */

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
    const cf_refusal *refusal = cf_queue_retire_refusal(client, pending);
    show_subscription(refusal->subscription, CF_EVENT_SUBSCRIBE_ERROR, effect);
    effect->event.resubscribe = pending->flag;
    show_refused(refusal, effect);
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

/* ---- the rest ------------------------------------------------------------------------------ */

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

bool cf_effect_take(cf_client *client, cf_effect *effect)
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
    cf_pending *pending = cf_queue_pop(client);
    if (pending == NULL)
        return false;
    *effect = (cf_effect){.kind = CF_EFFECT_EVENT};
    show[pending->kind](client, pending, effect);
    return true;
}

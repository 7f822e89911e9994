#include "client/refusal.h"

#include "client/call.h"
#include "client/queue.h"
#include "client/subscription.h"

/*
 * Refusals that come from no message of the server: of an authorization, or of a command that no frame holds (client-spec.md
 * 6.3, 11.2, 11.3). Each has its own place for its events, for one answer may refuse many.
 */

void cf_refusal_free(cf_refusal *refusal, const cf_allocator *allocator)
{
    cf_buffer_free(&refusal->raw);
    cf_free(allocator, refusal);
}

/* The made-up message {"error":...,"advice":...,"body":{"channel":...}}. */
static void write_refusal(cf_refusal *refusal, const cf_json_value *error)
{
    cf_buffer *raw = &refusal->raw;
    bool quoted = error->kind == CF_JSON_STRING;
    cf_buffer_append(raw, CF_BYTES("{\"error\":"));
    if (quoted)
        cf_buffer_append_byte(raw, '"');
    size_t from = raw->size;
    cf_buffer_append(raw, error->raw);
    if (quoted)
        cf_buffer_append_byte(raw, '"');
    if (refusal->advice.size > 0) {
        cf_buffer_append(raw, CF_BYTES(",\"advice\":"));
        cf_json_write_string(raw, refusal->advice);
    }
    cf_buffer_append(raw, CF_BYTES(",\"body\":{\"channel\":"));
    cf_json_write_string(raw, cf_subscription_channel(refusal->subscription));
    cf_buffer_append(raw, CF_BYTES("}}"));
    refusal->text = cf_bytes_slice(cf_buffer_bytes(raw), from, from + error->raw.size);
}

/* NULL without memory. */
cf_refusal *cf_refusal_tell(cf_subscription *subscription, const cf_json_value *error, cf_bytes advice, centrifuge_error code)
{
    cf_client *client = subscription->client;
    const cf_allocator *allocator = client->environment.allocator;
    cf_refusal *refusal = cf_alloc_zero(allocator, 1, sizeof(cf_refusal));
    if (refusal == NULL)
        return NULL;
    refusal->subscription = subscription;
    refusal->advice = advice;
    refusal->code = (uint8_t)code;
    cf_buffer_init(&refusal->raw, allocator, CF_BUFFER_NO_LIMIT);
    write_refusal(refusal, error);
    if (refusal->raw.failed) {
        cf_refusal_free(refusal, allocator);
        return NULL;
    }
    CF_ASSERT(subscription->refusal_told == NULL); /* its events stood before the request that is answered here */
    subscription->refusal_told = refusal;
    refusal->json = error->kind != CF_JSON_STRING;
    cf_queue_append(client, &refusal->error, CF_PENDING_AUTH_ERROR);
    refusal->answer.flag = subscription->resubscribe;
    cf_queue_append(client, &refusal->answer, CF_PENDING_AUTH_REFUSED);
    return refusal;
}

/* This and the next two: false without memory. */
bool cf_refuse(cf_subscription *subscription, const cf_json_value *error, cf_bytes advice, centrifuge_error code)
{
    const cf_refusal *refusal = cf_refusal_tell(subscription, error, advice, code);
    if (refusal == NULL)
        return false;
    cf_subscription_set_refused(subscription, refusal->text, advice, refusal->json);
    cf_calls_fail_waiting(subscription, CENTRIFUGE_ERROR_REFUSED);
    return true;
}

bool cf_refuse_with(cf_subscription *subscription, cf_bytes text, centrifuge_error code)
{
    cf_json_value error = {.kind = CF_JSON_STRING, .raw = text};
    return cf_refuse(subscription, &error, CF_BYTES("fix"), code);
}

bool cf_refuse_size(cf_subscription *subscription)
{
    return cf_refuse_with(subscription, CF_BYTES("subscription too large"), CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE);
}

void cf_refusal_silence(cf_subscription *subscription)
{
    cf_client *client = subscription->client;
    cf_refusal *refusal = subscription->refusal_told;
    if (refusal == NULL)
        return;
    if (refusal->error.queued)
        cf_queue_remove(client, &refusal->error);
    cf_queue_remove(client, &refusal->answer);
    cf_queue_retire(client, &refusal->answer, CF_PENDING_AUTH_REFUSED);
    subscription->refusal_told = NULL;
}

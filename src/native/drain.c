/*
 * The end of a client that loses no answer: what was asked for is sent and answered, or too late, then it disconnects.
 */
#include "native/drain.h"

#include "native/inbox.h"

struct cf_native_drain {
    cf_time deadline;
    centrifuge_drained done; /* may be NULL */
    void *user;
    bool over; /* disconnected; told when all effects were taken */
    centrifuge_error code;
    size_t left;
};

static void tell_drained(centrifuge_client *client)
{
    const cf_native_drain drain = *client->drain;
    cf_free(&cf_heap, client->drain);
    client->drain = NULL;
    const centrifuge_drained_event event = {.code = drain.code, .left = drain.left};
    if (!drain.done || cf_native_copied(client))
        return;
    if (client->inbox) {
        cf_native_inbox_put_drained(client, &event, drain.done, drain.user);
        return;
    }
    cf_native_callback_begin(client);
    drain.done(client, &event, drain.user);
    cf_native_callback_end(client);
}

/* Nothing can be answered any more. */
static bool is_gone(const centrifuge_client *client)
{
    return cf_client_get_state(client->core) == CF_CLIENT_DISCONNECTED && !cf_client_will_reconnect(client->core);
}

static bool is_over(centrifuge_client *client, centrifuge_error *code)
{
    *code = CENTRIFUGE_ERROR_OK;
    if (cf_client_calls(client->core) == 0)
        return true;
    *code = is_gone(client) ? CENTRIFUGE_ERROR_DISCONNECTED : CENTRIFUGE_ERROR_TIMEOUT;
    return *code == CENTRIFUGE_ERROR_DISCONNECTED || client->drain->deadline <= cf_native_now(client);
}

void cf_native_drain_look(centrifuge_client *client)
{
    cf_native_drain *drain = client->drain;
    if (drain->over) {
        if (!client->share.over)
            tell_drained(client);
        return;
    }
    drain->over = is_over(client, &drain->code);
    if (!drain->over)
        return;
    drain->left = cf_client_calls(client->core);
    client->asked_to_end = true;
    cf_client_disconnect(client->core, client->now);
    cf_native_kick(client);
}

cf_time cf_native_drain_deadline(const centrifuge_client *client)
{
    return client->drain->over ? CF_TIME_NEVER : client->drain->deadline;
}

void cf_native_drain_close(centrifuge_client *client)
{
    if (!client->drain)
        return;
    if (!client->drain->over)
        client->drain->code = CENTRIFUGE_ERROR_CLOSED;
    tell_drained(client);
}

centrifuge_error cf_native_drain_begin(centrifuge_client *client, int64_t milliseconds, centrifuge_drained done, void *user)
{
    if (milliseconds < 0)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    if (client->drain)
        return CENTRIFUGE_ERROR_DRAINING;
    client->drain = cf_alloc_zero(&cf_heap, 1, sizeof *client->drain);
    if (!client->drain)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    client->drain->deadline = cf_time_after(cf_native_now(client), milliseconds);
    client->drain->done = done;
    client->drain->user = user;
    cf_client_stop_batching(client->core, true, client->now);
    cf_client_stop_auth_batching(client->core, client->now);
    return CENTRIFUGE_ERROR_OK;
}

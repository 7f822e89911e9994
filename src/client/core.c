#include "client/auth.h"
#include "client/batch.h"
#include "client/call.h"
#include "client/connection.h"
#include "client/effect.h"
#include "client/frame.h"
#include "client/limit.h"
#include "client/queue.h"
#include "client/refresh.h"
#include "client/settings.h"
#include "client/subscribe.h"
#include "client/subscription.h"

static uint32_t random_bits(const cf_environment *environment)
{
    return environment->random(environment->user);
}

centrifuge_error cf_client_new(cf_client **client, const cf_client_options *options, const cf_environment *environment,
                               cf_time now)
{
    *client = NULL;
    cf_settings *settings;
    centrifuge_error error = cf_settings_new(&settings, options, environment->allocator, NULL);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    cf_client *made = cf_alloc_zero(environment->allocator, 1, sizeof(cf_client));
    if (made == NULL) {
        cf_free(environment->allocator, settings);
        return CENTRIFUGE_ERROR_NO_MEMORY;
    }
    made->environment = *environment;
    made->settings = settings;
    made->state = CF_CLIENT_DISCONNECTED;
    made->link.reconnect_at = made->link.connect_at = made->link.ping_at = CF_TIME_NEVER;
    made->link.alive_at = now;
    made->link.latency = -1;
    made->out.end = &made->out.first;
    cf_map_init(&made->table.map, environment->allocator, random_bits(environment));
    cf_list_init(&made->table.departed);
    cf_list_init(&made->table.hasty);
    cf_list_init(&made->calls.sent);
    cf_list_init(&made->calls.by_deadline);
    cf_list_init(&made->auth.aside);
    cf_list_init(&made->auth.postponed);
    cf_list_init(&made->auth.running);
    made->batch.end = &made->batch.first;
    cf_refresh_init(made);
    cf_buffer_init(&made->frame.scratch, environment->allocator, CF_BUFFER_NO_LIMIT);
    *client = made;
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error cf_client_configure(cf_client *client, const cf_client_options *options, size_t *fault)
{
    cf_settings *settings;
    if (client->shut)
        return CENTRIFUGE_ERROR_CLOSED;
    centrifuge_error error = cf_settings_new(&settings, options, client->environment.allocator, fault);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    cf_queue_retire(client, &client->settings->retired, CF_PENDING_SETTINGS);
    client->settings = settings;
    return CENTRIFUGE_ERROR_OK;
}

static void end_transport(cf_client *client)
{
    if (client->link.id == 0)
        return;
    bool opening_waits = client->link.open.queued;
    (void)cf_batch_end_turn(client);
    cf_batch_drop(client);
    cf_queue_drop_events(client);
    if (!opening_waits) {
        client->link.close.number = client->link.id;
        cf_queue_append(client, &client->link.close, CF_PENDING_CLOSE);
    }
    client->link.id = 0;
}

void cf_client_shutdown(cf_client *client, cf_time now)
{
    (void)now;
    if (client->shut)
        return;
    client->shut = true;
    client->broken = CENTRIFUGE_ERROR_OK;
    cf_connection_drop_frame(client);
    cf_auth_cancel(client);
    cf_refresh_stop(client);
    cf_subscriptions_forget_hasty(client);
    end_transport(client);
    cf_queue_drop_events(client);
    client->state = CF_CLIENT_DISCONNECTED;
    client->link.reconnect_at = client->link.connect_at = client->link.ping_at = CF_TIME_NEVER;
    cf_calls_fail_sent(client, NULL, CENTRIFUGE_ERROR_CLOSED);
    CF_EACH_SUBSCRIPTION (node, client)
        cf_calls_fail_waiting(cf_subscription_of(node), CENTRIFUGE_ERROR_CLOSED);
}

void cf_client_free(cf_client *client)
{
    const cf_allocator *allocator = client->environment.allocator;
    CF_ASSERT(client->shut && client->out.first == NULL);
    cf_effects_free_taken(client);
    cf_subscriptions_forget_departed(client);
    while (client->table.map.head != NULL) {
        cf_subscription *subscription = cf_subscription_of(client->table.map.head);
        cf_map_remove(&client->table.map, &subscription->node);
        cf_subscription_free(subscription);
    }
    cf_map_free(&client->table.map);
    cf_buffer_free(&client->frame.scratch);
    cf_text_free(&client->link.client_id, allocator);
    cf_text_free(&client->link.transport_name, allocator);
    cf_text_free(&client->link.reason, allocator);
    cf_free(allocator, client->settings);
    cf_free(allocator, client);
}

/* ---- questions ---------------------------------------------------------------------- */

cf_client_state cf_client_get_state(const cf_client *client)
{
    return (cf_client_state)client->state;
}

cf_bytes cf_client_id(const cf_client *client)
{
    return client->state == CF_CLIENT_CONNECTED ? cf_text_bytes(&client->link.client_id) : cf_bytes_make(NULL, 0);
}

int64_t cf_client_latency(const cf_client *client)
{
    return client->link.latency;
}

size_t cf_client_calls(const cf_client *client)
{
    return client->calls.count;
}

/* ---- effects -------------------------------------------------------------------------- */

bool cf_client_next_effect(cf_client *client, cf_time now, cf_effect *effect)
{
    cf_effects_free_taken(client);
    for (;;) {
        cf_connection_heed_break(client, now);
        if (cf_effect_take(client, effect))
            return true;
        cf_step step = cf_frame_step(client, now, effect);
        if (step == CF_STEP_EFFECT)
            return true;
        if (step == CF_STEP_END && !cf_batch_end_turn(client))
            break;
    }
    if (client->limits.warned)
        cf_limits_relax(client);
    return false;
}

/* ---- time ------------------------------------------------------------------------------- */

cf_time cf_client_deadline(const cf_client *client)
{
    cf_time deadline = cf_time_earlier(client->link.connect_at, client->link.ping_at);
    if (!client->link.offline)
        deadline = cf_time_earlier(deadline, client->link.reconnect_at);
    deadline = cf_time_earlier(deadline, cf_auth_deadline(client));
    deadline = cf_time_earlier(deadline, cf_subscriptions_deadline(client));
    deadline = cf_time_earlier(deadline, cf_refresh_deadline(client));
    return cf_time_earlier(deadline, cf_calls_deadline(client));
}

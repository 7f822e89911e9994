#include "client/internal.h"

#include "base/utf8.h"

#include <string.h>

/* Asking for subscriptions and ending them: client-spec.md 8. What the server sends for them is in delivery.c. */

#define COMMAND_SIZE 96 /* bytes of a command besides channel and position, about */

cf_bytes cf_subscription_channel(const cf_subscription *subscription)
{
    return cf_bytes_make(subscription->channel, subscription->channel_size);
}

cf_subscription_state cf_subscription_get_state(const cf_subscription *subscription)
{
    return (cf_subscription_state)subscription->state;
}

void *cf_subscription_user(const cf_subscription *subscription)
{
    return subscription->user;
}

cf_client *cf_subscription_client(const cf_subscription *subscription)
{
    return subscription->client;
}

cf_subscription *cf_client_find(cf_client *client, cf_bytes channel)
{
    cf_map_node *node = cf_map_find(&client->subscriptions, channel);
    return node == NULL ? NULL : cf_subscription_of(node);
}

void cf_subscription_free(cf_subscription *subscription)
{
    const cf_allocator *allocator = subscription->client->environment.allocator;
    cf_text_free(&subscription->position, allocator);
    cf_text_free(&subscription->refusal, allocator);
    cf_free(allocator, subscription);
}

/* ---- asking ---------------------------------------------------------------------------- */

/*
 * The one place where a subscription is asked for (client-spec.md 8.2.1). A private channel needs an authorization first: the
 * subscription is SUBSCRIBING from here, its request goes to auth.c (section 11), and the command is written when the answer
 * comes. Until then check_supported keeps private channels away.
 */
static void write_request(cf_subscription *subscription, bool resubscribe, cf_buffer *line)
{
    cf_subscribe_params params = {
        .channel = cf_subscription_channel(subscription),
        .recover = subscription->has_position,
        .last = cf_text_bytes(&subscription->position),
    };
    subscription->state = CF_SUBSCRIPTION_SUBSCRIBING;
    subscription->resubscribe = resubscribe;
    subscription->request = ++subscription->client->last_uid;
    cf_wire_write_subscribe(line, subscription->request, &params, false);
}

static size_t request_size(const cf_subscription *subscription)
{
    return subscription->channel_size + subscription->position.size + COMMAND_SIZE;
}

static centrifuge_error send_request(cf_subscription *subscription)
{
    cf_client *client = subscription->client;
    uint8_t state = subscription->state;
    cf_buffer line;
    if (cf_queue_full(client, subscription->channel_size))
        return CENTRIFUGE_ERROR_LIMIT_QUEUE;
    cf_line_begin(client, &line, request_size(subscription));
    write_request(subscription, false, &line);
    if (cf_line_end(client, &line, CF_PENDING_SEND, client->transport))
        return CENTRIFUGE_ERROR_OK;
    subscription->state = state;
    subscription->request = 0;
    return CENTRIFUGE_ERROR_NO_MEMORY;
}

static centrifuge_error check_supported(cf_client *client, cf_bytes channel)
{
    if (!cf_bytes_starts_with(channel, cf_setting_text(client->settings, CF_SETTING_PRIVATE_CHANNEL_PREFIX)))
        return CENTRIFUGE_ERROR_OK;
    cf_log_text(client, CF_LOG_ERROR, CF_BYTES("private channels are not supported yet, cannot subscribe to"), channel);
    return CENTRIFUGE_ERROR_UNSUPPORTED;
}

/* client-spec.md 8.2, the rows of sub.subscribe(). */
static centrifuge_error ask(cf_subscription *subscription)
{
    cf_client *client = subscription->client;
    if (subscription->state == CF_SUBSCRIPTION_SUBSCRIBED || subscription->state == CF_SUBSCRIPTION_SUBSCRIBING)
        return CENTRIFUGE_ERROR_OK;
    centrifuge_error error = check_supported(client, cf_subscription_channel(subscription));
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    if (client->state != CF_CLIENT_CONNECTED) {
        subscription->state = CF_SUBSCRIPTION_NEW;
        return CENTRIFUGE_ERROR_OK;
    }
    error = send_request(subscription);
    if (error == CENTRIFUGE_ERROR_OK)
        subscription->was_subscribed = false;
    return error;
}

static bool may_ask(const cf_client *client)
{
    return client->settings->resubscribe || client->state == CF_CLIENT_CONNECTED;
}

centrifuge_error cf_subscription_subscribe(cf_subscription *subscription, cf_time now)
{
    (void)now;
    if (subscription->client->shut)
        return CENTRIFUGE_ERROR_CLOSED;
    if (!may_ask(subscription->client))
        return CENTRIFUGE_ERROR_INVALID_STATE;
    return ask(subscription);
}

static centrifuge_error check_channel(const cf_client *client, cf_bytes channel)
{
    if (client->shut)
        return CENTRIFUGE_ERROR_CLOSED;
    if (channel.size == 0)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    if (channel.size > client->settings->channel_length_max || channel.size > UINT32_MAX)
        return CENTRIFUGE_ERROR_LIMIT_CHANNEL;
    if (!cf_utf8_valid(channel))
        return CENTRIFUGE_ERROR_INVALID_UTF8;
    return may_ask(client) ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_INVALID_STATE;
}

static cf_subscription *make(cf_client *client, cf_bytes channel, void *user)
{
    cf_subscription *made = cf_alloc(client->environment.allocator, sizeof(cf_subscription) + channel.size);
    if (made == NULL)
        return NULL;
    *made = (cf_subscription){
        .client = client, .user = user, .channel_size = (uint32_t)channel.size, .state = CF_SUBSCRIPTION_UNSUBSCRIBED};
    memcpy(made->channel, channel.data, channel.size);
    cf_list_init(&made->waiting);
    if (cf_map_add(&client->subscriptions, &made->node, cf_subscription_channel(made)))
        return made;
    cf_free(client->environment.allocator, made);
    return NULL;
}

static centrifuge_error make_and_ask(cf_client *client, cf_bytes channel, void *user, cf_subscription **subscription)
{
    if (cf_map_count(&client->subscriptions) >= client->settings->subscriptions_max)
        return CENTRIFUGE_ERROR_LIMIT_SUBSCRIPTIONS;
    cf_subscription *made = make(client, channel, user);
    if (made == NULL)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    centrifuge_error error = ask(made);
    if (error == CENTRIFUGE_ERROR_OK) {
        *subscription = made;
        return CENTRIFUGE_ERROR_OK;
    }
    cf_map_remove(&client->subscriptions, &made->node);
    cf_subscription_free(made);
    return error;
}

centrifuge_error cf_client_subscribe(cf_client *client, cf_time now, cf_bytes channel, void *user,
                                     cf_subscription **subscription, bool *created)
{
    (void)now;
    *subscription = NULL;
    if (created != NULL)
        *created = false;
    centrifuge_error error = check_channel(client, channel);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    cf_subscription *existing = cf_client_find(client, channel);
    if (existing == NULL) {
        error = make_and_ask(client, channel, user, subscription);
        if (created != NULL)
            *created = error == CENTRIFUGE_ERROR_OK;
        return error;
    }
    error = ask(existing);
    if (error == CENTRIFUGE_ERROR_OK)
        *subscription = existing;
    return error;
}

/* ---- after a good answer to connect --------------------------------------------------------- */

static void write_requests(cf_client *client, bool reconnected, size_t count, cf_buffer *line)
{
    bool first = true;
    if (count > 1)
        cf_buffer_append_byte(line, '[');
    CF_EACH_SUBSCRIPTION(node, client)
    {
        cf_subscription *subscription = cf_subscription_of(node);
        if (!cf_subscription_wanted(subscription))
            continue;
        if (!first)
            cf_buffer_append_byte(line, ',');
        first = false;
        write_request(subscription, reconnected && subscription->was_subscribed, line);
    }
    if (count > 1)
        cf_buffer_append_byte(line, ']');
}

bool cf_subscriptions_ask_all(cf_client *client, bool reconnected)
{
    cf_buffer line;
    size_t count = 0;
    size_t size = 0;
    CF_EACH_SUBSCRIPTION(node, client)
    {
        if (!cf_subscription_wanted(cf_subscription_of(node)))
            continue;
        count++;
        size += request_size(cf_subscription_of(node));
    }
    if (count == 0)
        return true;
    cf_line_begin(client, &line, size);
    write_requests(client, reconnected, count, &line);
    return cf_line_end(client, &line, CF_PENDING_SEND, client->transport);
}

/* ---- ending ------------------------------------------------------------------------------------ */

/* Told once, even when it is asked for several times before the event is taken. */
static void tell_unsubscribe(cf_subscription *subscription)
{
    if (!subscription->unsubscribe.queued)
        cf_queue_append(subscription->client, &subscription->unsubscribe, CF_PENDING_UNSUBSCRIBE);
}

/* The position goes with it (D51). */
static void end(cf_subscription *subscription, centrifuge_error code)
{
    subscription->state = CF_SUBSCRIPTION_UNSUBSCRIBED;
    subscription->request = 0;
    subscription->has_position = false;
    subscription->position.size = 0;
    subscription->was_subscribed = false;
    cf_calls_fail_waiting(subscription, code);
}

static void send_unsubscribe(cf_subscription *subscription, cf_time now)
{
    cf_client *client = subscription->client;
    cf_buffer line;
    if (client->state != CF_CLIENT_CONNECTED)
        return;
    cf_line_begin(client, &line, subscription->channel_size + COMMAND_SIZE);
    subscription->leaving = ++client->last_uid;
    cf_wire_write_channel_command(&line, subscription->leaving, CF_METHOD_UNSUBSCRIBE, cf_subscription_channel(subscription));
    if (!cf_line_end(client, &line, CF_PENDING_SEND, client->transport))
        cf_connection_fail(client, now, CENTRIFUGE_ERROR_NO_MEMORY);
}

void cf_subscription_unsubscribe(cf_subscription *subscription, cf_time now)
{
    if (subscription->client->shut)
        return;
    if (subscription->state != CF_SUBSCRIPTION_UNSUBSCRIBED) {
        tell_unsubscribe(subscription);
        end(subscription, CENTRIFUGE_ERROR_UNSUBSCRIBED);
    }
    send_unsubscribe(subscription, now);
}

/* Whoever removes a subscription does not want to hear of it any more. */
static void silence(cf_subscription *subscription)
{
    cf_client *client = subscription->client;
    if (client->frame.replay != NULL && client->frame.replay->subscription == subscription)
        cf_frame_drop_replay(client);
    if (client->answer.queued && client->answer_subscription == subscription)
        cf_queue_remove(client, &client->answer);
    if (subscription->unsubscribe.queued)
        cf_queue_remove(client, &subscription->unsubscribe);
}

void cf_subscription_remove(cf_subscription *subscription, cf_time now)
{
    cf_client *client = subscription->client;
    if (client->shut)
        return;
    bool wanted = cf_subscription_wanted(subscription);
    silence(subscription);
    end(subscription, CENTRIFUGE_ERROR_UNSUBSCRIBED);
    cf_calls_fail_sent(client, subscription, CENTRIFUGE_ERROR_UNSUBSCRIBED);
    cf_map_remove(&client->subscriptions, &subscription->node);
    if (client->pushed == subscription)
        client->pushed = NULL;
    if (wanted)
        send_unsubscribe(subscription, now);
    cf_queue_append(client, &subscription->removed, CF_PENDING_REMOVED);
}

static void leave(cf_subscription *subscription, bool again)
{
    if (subscription->state == CF_SUBSCRIPTION_SUBSCRIBED)
        tell_unsubscribe(subscription);
    subscription->request = 0;
    subscription->leaving = 0;
    if (!again)
        end(subscription, CENTRIFUGE_ERROR_DISCONNECTED);
    else if (cf_subscription_wanted(subscription))
        subscription->state = CF_SUBSCRIPTION_SUBSCRIBING;
}

void cf_subscriptions_leave(cf_client *client, bool again)
{
    CF_EACH_SUBSCRIPTION(node, client)
    leave(cf_subscription_of(node), again);
}

cf_step cf_subscription_on_unsubscribe(cf_client *client, const cf_wire_message *message)
{
    int64_t uid;
    cf_subscription *subscription = cf_client_find(client, message->b.channel);
    if (subscription == NULL)
        return CF_STEP_DONE;
    if (cf_bytes_to_int64(message->uid, &uid) && (uint64_t)uid == subscription->leaving)
        subscription->leaving = 0;
    if (message->has_error) {
        cf_client_report_message(client, message);
    } else if (message->uid.size == 0 && cf_subscription_wanted(subscription)) {
        tell_unsubscribe(subscription);
        end(subscription, CENTRIFUGE_ERROR_UNSUBSCRIBED);
    }
    return CF_STEP_DONE;
}

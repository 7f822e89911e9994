#include "client/subscribe.h"

#include "client/auth.h"
#include "client/batch.h"
#include "client/call.h"
#include "client/group.h"
#include "client/limit.h"
#include "client/pause.h"
#include "client/queue.h"
#include "client/refusal.h"
#include "client/subscription.h"

#include "base/utf8.h"

/*
 * Asking for subscriptions and leaving them: client-spec.md 8. What the server sends for them is in delivery.c.
 */

#define COMMAND_SIZE 96 /* bytes of a command besides channel and position, about */

/* ---- asking -------------------------------------------------------------------------------- */

static void start_subscribing(cf_subscription *subscription, bool resubscribe)
{
    subscription->state = CF_SUBSCRIPTION_SUBSCRIBING;
    subscription->resubscribe = resubscribe;
}

static bool send_command(cf_subscription *subscription)
{
    cf_client *client = subscription->client;
    cf_buffer *line = cf_line_begin(client, subscription->channel_size + subscription->position.size + COMMAND_SIZE);
    cf_subscription_write_command(subscription, NULL, line);
    if (cf_batch_end_line(client))
        return true;
    subscription->asked = 0;
    return false;
}

/* A private channel needs an authorization first. False without memory. */
static bool ask_at_once(cf_subscription *subscription, cf_time now)
{
    bool private_channel = cf_auth_needed(subscription->client, cf_subscription_channel(subscription));
    return private_channel ? cf_auth_ask(subscription, now) : send_command(subscription);
}

static cf_subscription *hasty_of(cf_list *link)
{
    return CF_CONTAINER(link, cf_subscription, aside);
}

/* A handler may ask for what is refused as soon as it hears of it (D57). */
static void ask_later(cf_subscription *subscription)
{
    cf_list *hasty = &subscription->client->table.hasty;
    cf_list *behind = hasty->previous;
    while (behind != hasty && hasty_of(behind)->haste_at > subscription->haste_at)
        behind = behind->previous;
    cf_list_prepend(behind, &subscription->aside);
}

/* The one place where the user asks for a subscription (client-spec.md 8.2.1). */
static centrifuge_error ask_server(cf_subscription *subscription, cf_time now)
{
    cf_client *client = subscription->client;
    if (!cf_limit_admits(client, CF_LIMIT_QUEUE, subscription->channel_size))
        return CENTRIFUGE_ERROR_LIMIT_QUEUE;
    if (cf_haste_next(subscription->haste_at) > now)
        ask_later(subscription);
    else if (!ask_at_once(subscription, now))
        return CENTRIFUGE_ERROR_NO_MEMORY;
    start_subscribing(subscription, false);
    return CENTRIFUGE_ERROR_OK;
}

/* client-spec.md 8.2, the rows of sub.subscribe(). */
static centrifuge_error ask(cf_subscription *subscription, cf_time now)
{
    cf_client *client = subscription->client;
    if (subscription->state == CF_SUBSCRIPTION_SUBSCRIBED || subscription->state == CF_SUBSCRIPTION_SUBSCRIBING)
        return CENTRIFUGE_ERROR_OK;
    /* the table is empty after a disconnect (client-spec.md 7.4): who is asked for again is behind those who were before */
    if (subscription->left)
        cf_subscription_place_last(subscription);
    subscription->left = false;
    if (client->state != CF_CLIENT_CONNECTED) {
        subscription->state = CF_SUBSCRIPTION_NEW;
        return CENTRIFUGE_ERROR_OK;
    }
    centrifuge_error error = ask_server(subscription, now);
    if (error == CENTRIFUGE_ERROR_OK)
        subscription->was_subscribed = false;
    return error;
}

static bool may_ask(const cf_client *client)
{
    return client->settings->options.resubscribe || client->state == CF_CLIENT_CONNECTED;
}

centrifuge_error cf_subscription_subscribe(cf_subscription *subscription, cf_time now)
{
    if (subscription->client->shut)
        return CENTRIFUGE_ERROR_CLOSED;
    if (!may_ask(subscription->client))
        return CENTRIFUGE_ERROR_INVALID_STATE;
    return ask(subscription, now);
}

/* What cannot be left for its size cannot be subscribed to. */
static centrifuge_error check_size(cf_client *client, cf_bytes channel)
{
    cf_buffer *line = cf_line_begin(client, channel.size + COMMAND_SIZE);
    cf_wire_write_channel_command(line, UINT64_MAX, CF_METHOD_UNSUBSCRIBE, channel);
    centrifuge_error error = cf_line_check(client);
    cf_buffer_free(line);
    return error;
}

static centrifuge_error check_channel(const cf_client *client, cf_bytes channel)
{
    if (client->shut)
        return CENTRIFUGE_ERROR_CLOSED;
    if (channel.size == 0)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    if (channel.size > client->settings->options.channel_length_max || channel.size > UINT32_MAX)
        return CENTRIFUGE_ERROR_LIMIT_CHANNEL;
    if (!cf_utf8_valid(channel))
        return CENTRIFUGE_ERROR_INVALID_UTF8;
    return may_ask(client) ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_INVALID_STATE;
}

static centrifuge_error make_and_ask(cf_client *client, cf_time now, cf_bytes channel, void *user,
                                     cf_subscription **subscription)
{
    centrifuge_error error = check_size(client, channel);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    if (!cf_limit_admits(client, CF_LIMIT_SUBSCRIPTIONS, 1))
        return CENTRIFUGE_ERROR_LIMIT_SUBSCRIPTIONS;
    cf_subscription *made = cf_subscription_make(client, channel, user);
    if (made == NULL)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    error = ask(made, now);
    if (error == CENTRIFUGE_ERROR_OK) {
        *subscription = made;
        return CENTRIFUGE_ERROR_OK;
    }
    cf_map_remove(&client->table.map, &made->node);
    cf_subscription_free(made);
    return error;
}

centrifuge_error cf_client_subscribe(cf_client *client, cf_time now, cf_bytes channel, void *user,
                                     cf_subscription **subscription, bool *created)
{
    *subscription = NULL;
    if (created != NULL)
        *created = false;
    centrifuge_error error = check_channel(client, channel);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    cf_subscription *existing = cf_client_find(client, channel);
    if (existing == NULL) {
        error = make_and_ask(client, now, channel, user, subscription);
        if (created != NULL)
            *created = error == CENTRIFUGE_ERROR_OK;
        return error;
    }
    error = ask(existing, now);
    if (error == CENTRIFUGE_ERROR_OK)
        *subscription = existing;
    return error;
}

void cf_subscriptions_tick(cf_client *client, cf_time now)
{
    bool good = true;
    while (good && cf_subscriptions_deadline(client) <= now)
        good = ask_at_once(hasty_of(cf_list_take(&client->table.hasty)), now);
    if (!good)
        cf_client_break(client, CENTRIFUGE_ERROR_NO_MEMORY);
}

cf_time cf_subscriptions_deadline(const cf_client *client)
{
    const cf_list *hasty = &client->table.hasty;
    return cf_list_empty(hasty) ? CF_TIME_NEVER : cf_haste_next(hasty_of(hasty->next)->haste_at);
}

void cf_subscriptions_forget_hasty(cf_client *client)
{
    while (cf_list_take(&client->table.hasty) != NULL)
        continue;
}

/* ---- after a good answer to connect -------------------------------------------------------- */

/* Those that wait in the user's auth batch stay there (D36). */
static bool is_asked_now(const cf_subscription *subscription, bool private_channel)
{
    return cf_subscription_wanted(subscription) && !cf_list_linked(&subscription->aside) &&
           cf_auth_needed(subscription->client, cf_subscription_channel(subscription)) == private_channel;
}

static bool ask_public(cf_client *client, cf_time now)
{
    cf_group group;
    bool good = true;
    cf_group_begin_resubscription(&group, client, now);
    CF_EACH_SUBSCRIPTION (node, client) {
        if (is_asked_now(cf_subscription_of(node), false))
            good = good && cf_group_add(&group, cf_subscription_of(node), NULL);
    }
    return cf_group_end(&group) && good;
}

static bool ask_private(cf_client *client, cf_time now)
{
    cf_list list;
    cf_list_init(&list);
    CF_EACH_SUBSCRIPTION (node, client) {
        if (is_asked_now(cf_subscription_of(node), true))
            cf_list_append(&list, &cf_subscription_of(node)->aside);
    }
    if (cf_list_empty(&list) || cf_auth_ask_all(client, &list, now))
        return true;
    while (cf_list_take(&list) != NULL)
        continue;
    return false;
}

bool cf_subscriptions_ask_all(cf_client *client, bool reconnected, cf_time now)
{
    cf_subscriptions_order(client);
    CF_EACH_SUBSCRIPTION (node, client) {
        cf_subscription *subscription = cf_subscription_of(node);
        if (cf_subscription_wanted(subscription))
            start_subscribing(subscription, reconnected && subscription->was_subscribed);
    }
    return ask_public(client, now) && ask_private(client, now);
}

/* ---- ending -------------------------------------------------------------------------------- */

/* Told once, even when it is asked for several times before the event is taken. */
static void tell_unsubscribe(cf_subscription *subscription)
{
    if (!subscription->unsubscribe.queued)
        cf_queue_append(subscription->client, &subscription->unsubscribe, CF_PENDING_UNSUBSCRIBE);
}

static void end_subscription(cf_subscription *subscription, centrifuge_error code)
{
    subscription->state = CF_SUBSCRIPTION_UNSUBSCRIBED;
    subscription->asked = subscription->crossed = 0;
    subscription->was_subscribed = false;
    cf_auth_forget(subscription);
    cf_calls_fail_waiting(subscription, code);
}

static void send_unsubscribe(cf_subscription *subscription)
{
    cf_client *client = subscription->client;
    if (client->state != CF_CLIENT_CONNECTED)
        return;
    cf_buffer *line = cf_line_begin(client, subscription->channel_size + COMMAND_SIZE);
    subscription->leaving = ++client->last_uid;
    cf_wire_write_channel_command(line, subscription->leaving, CF_METHOD_UNSUBSCRIBE, cf_subscription_channel(subscription));
    if (!cf_batch_end_line(client))
        cf_client_break(client, CENTRIFUGE_ERROR_NO_MEMORY);
}

/*
 * The server's unsubscribe has crossed our request on the way: to the user the channel is gone, to the server it is subscribed
 * again. Left so, it would send on, and refuse the next request.
 */
void cf_subscription_decline(cf_subscription *subscription)
{
    if (subscription->state == CF_SUBSCRIPTION_UNSUBSCRIBED)
        send_unsubscribe(subscription);
}

void cf_subscription_unsubscribe(cf_subscription *subscription, cf_time now)
{
    (void)now;
    if (subscription->client->shut)
        return;
    if (subscription->state != CF_SUBSCRIPTION_UNSUBSCRIBED) {
        tell_unsubscribe(subscription);
        end_subscription(subscription, CENTRIFUGE_ERROR_UNSUBSCRIBED);
    }
    cf_subscription_forget_position(subscription);
    send_unsubscribe(subscription);
}

/* Whoever removes a subscription does not want to hear of it any more. */
static void silence(cf_subscription *subscription)
{
    cf_client *client = subscription->client;
    if (client->frame.replay != NULL && client->frame.replay->subscription == subscription)
        cf_replay_drop(client);
    if (client->answer.pending.queued && client->answer.subscription == subscription)
        cf_queue_remove(client, &client->answer.pending);
    cf_refusal_silence(subscription);
    if (subscription->unsubscribe.queued)
        cf_queue_remove(client, &subscription->unsubscribe);
}

void cf_subscription_remove(cf_subscription *subscription, cf_time now)
{
    (void)now;
    cf_client *client = subscription->client;
    if (client->shut)
        return;
    bool wanted = cf_subscription_wanted(subscription);
    silence(subscription);
    end_subscription(subscription, CENTRIFUGE_ERROR_UNSUBSCRIBED);
    cf_calls_fail_sent(client, subscription, CENTRIFUGE_ERROR_UNSUBSCRIBED);
    cf_map_remove(&client->table.map, &subscription->node);
    client->table.haste_at = cf_time_later(client->table.haste_at, subscription->haste_at);
    if (client->table.pushed == subscription)
        client->table.pushed = NULL;
    if (wanted)
        send_unsubscribe(subscription);
    if (subscription->leaving != 0 && client->state == CF_CLIENT_CONNECTED)
        cf_list_append(&client->table.departed, &subscription->departed);
    cf_queue_append(client, &subscription->removed, CF_PENDING_REMOVED);
}

static void leave_one(cf_subscription *subscription, bool again)
{
    if (subscription->state == CF_SUBSCRIPTION_SUBSCRIBED)
        tell_unsubscribe(subscription);
    subscription->asked = subscription->leaving = subscription->crossed = 0;
    cf_subscription_forget_recovery(subscription);
    if (!again) {
        end_subscription(subscription, CENTRIFUGE_ERROR_DISCONNECTED);
        subscription->left = true;
    } else if (cf_subscription_wanted(subscription)) {
        subscription->state = CF_SUBSCRIPTION_SUBSCRIBING;
    }
}

void cf_subscriptions_recover_nothing(cf_client *client)
{
    CF_EACH_SUBSCRIPTION (node, client)
        if (cf_subscription_of(node)->asked != 0)
            cf_subscription_forget_position(cf_subscription_of(node));
}

void cf_subscriptions_leave(cf_client *client, bool again)
{
    cf_subscriptions_forget_departed(client);
    cf_subscriptions_forget_hasty(client);
    cf_subscriptions_order(client);
    CF_EACH_SUBSCRIPTION (node, client)
        leave_one(cf_subscription_of(node), again);
}

cf_step cf_subscription_on_unsubscribe(cf_client *client, cf_time now, const cf_wire_message *message)
{
    cf_subscription *subscription = cf_client_find(client, message->b.channel);
    cf_subscriptions_answer_departed(client, message->uid);
    if (subscription == NULL)
        return CF_STEP_DONE;
    if (message->uid == subscription->leaving)
        subscription->leaving = 0;
    if (message->has_error) {
        cf_client_report_message(client, message);
    } else if (!message->has_uid && cf_subscription_wanted(subscription)) {
        uint64_t crossed = subscription->asked;
        cf_haste_spend(&subscription->haste_at, now);
        tell_unsubscribe(subscription);
        end_subscription(subscription, CENTRIFUGE_ERROR_UNSUBSCRIBED);
        cf_subscription_forget_position(subscription);
        subscription->crossed = crossed;
    }
    return CF_STEP_DONE;
}

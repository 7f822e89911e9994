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
    cf_map_node *node = cf_map_find(&client->table.map, channel);
    return node == NULL ? NULL : cf_subscription_of(node);
}

void cf_subscription_free(cf_subscription *subscription)
{
    const cf_allocator *allocator = subscription->client->environment.allocator;
    cf_recovery_drop(subscription);
    cf_text_free(&subscription->position, allocator);
    cf_text_free(&subscription->refusal, allocator);
    cf_free(allocator, subscription);
}

/* ---- asking ---------------------------------------------------------------------------- */

static void start_request(cf_subscription *subscription, bool resubscribe)
{
    subscription->state = CF_SUBSCRIPTION_SUBSCRIBING;
    subscription->resubscribe = resubscribe;
}

void cf_subscription_write_request(cf_subscription *subscription, const cf_auth_entry *entry, cf_buffer *line)
{
    cf_client *client = subscription->client;
    cf_subscribe_params params = {
        .channel = cf_subscription_channel(subscription),
        .recover = subscription->has_position,
        .last = cf_text_bytes(&subscription->position),
    };
    if (entry != NULL) {
        params.client = cf_text_bytes(&client->link.client_id);
        params.sign = entry->sign;
        params.info = entry->info;
    }
    subscription->recovering = params.recover;
    subscription->request = ++client->last_uid;
    cf_wire_write_subscribe(line, subscription->request, &params, entry != NULL);
}

static bool send_request(cf_subscription *subscription)
{
    cf_client *client = subscription->client;
    cf_buffer *line = cf_line_begin(client, subscription->channel_size + subscription->position.size + COMMAND_SIZE);
    cf_subscription_write_request(subscription, NULL, line);
    if (cf_batch_end_line(client))
        return true;
    subscription->request = 0;
    return false;
}

/* The one place where the user asks for a subscription (client-spec.md 8.2.1): a private channel needs an authorization first. */
static centrifuge_error request(cf_subscription *subscription, cf_time now)
{
    cf_client *client = subscription->client;
    if (!cf_limit_admits(client, CF_LIMIT_QUEUE, subscription->channel_size))
        return CENTRIFUGE_ERROR_LIMIT_QUEUE;
    bool private_channel = cf_auth_needed(client, cf_subscription_channel(subscription));
    if (!(private_channel ? cf_auth_ask(subscription, now) : send_request(subscription)))
        return CENTRIFUGE_ERROR_NO_MEMORY;
    start_request(subscription, false);
    return CENTRIFUGE_ERROR_OK;
}

/*
 * A name that JavaScript takes for the index of an array: "0" to "4294967294", as numbers are written. Such names come first
 * in a table (client-spec.md 8.1). -1 for others.
 */
static int64_t table_index(cf_bytes name)
{
    int64_t index;
    bool signed_or_none = name.data[0] < '0' || name.data[0] > '9';
    bool zeros_in_front = name.data[0] == '0' && name.size > 1;
    if (signed_or_none || zeros_in_front || !cf_bytes_to_int64(name, &index))
        return -1;
    return index < UINT32_MAX ? index : -1;
}

int cf_subscription_compare(const cf_subscription *first, const cf_subscription *second)
{
    int64_t a = table_index(cf_subscription_channel(first));
    int64_t b = table_index(cf_subscription_channel(second));
    if (a >= 0 && b >= 0)
        return a < b ? -1 : 1;
    return (b >= 0) - (a >= 0);
}

/* Behind all others, or where its name belongs, as soon as the order matters. */
static void place_last(cf_subscription *subscription)
{
    cf_client *client = subscription->client;
    cf_map_move_last(&client->table.map, &subscription->node);
    if (table_index(cf_subscription_channel(subscription)) >= 0)
        client->table.disordered = true;
}

/*
 * Once for all that were added, since few programs have such names. A pass for each bit, from the lowest, puts those behind that
 * have it: numbers come first, in their order, and names behind them in theirs, for the index of a name has all bits.
 */
static void order_table(cf_client *client)
{
    cf_map *table = &client->table.map;
    for (int bit = 0; bit < 32 && client->table.disordered; bit++) {
        cf_map_node *node = table->head;
        for (size_t left = cf_map_count(table); left > 0; left--) {
            cf_map_node *next = node->next;
            if ((uint64_t)table_index(node->key) >> bit & 1)
                cf_map_move_last(table, node);
            node = next;
        }
    }
    client->table.disordered = false;
}

/* client-spec.md 8.2, the rows of sub.subscribe(). */
static centrifuge_error ask(cf_subscription *subscription, cf_time now)
{
    cf_client *client = subscription->client;
    if (subscription->state == CF_SUBSCRIPTION_SUBSCRIBED || subscription->state == CF_SUBSCRIPTION_SUBSCRIBING)
        return CENTRIFUGE_ERROR_OK;
    /* the table is empty after a disconnect (client-spec.md 7.4): who is asked for again is behind those who were before */
    if (subscription->left)
        place_last(subscription);
    subscription->left = false;
    if (client->state != CF_CLIENT_CONNECTED) {
        subscription->state = CF_SUBSCRIPTION_NEW;
        return CENTRIFUGE_ERROR_OK;
    }
    centrifuge_error error = request(subscription, now);
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

/* What comes for a channel before the server has seen this command is for its former, removed subscription; 0: there is none. */
static uint64_t departed_uid(const cf_client *client, cf_bytes channel)
{
    uint64_t uid = 0;
    CF_LIST_EACH (link, &client->table.departed) {
        const cf_subscription *departed = CF_CONTAINER(link, cf_subscription, departed);
        if (cf_bytes_equal(cf_subscription_channel(departed), channel))
            uid = departed->leaving;
    }
    return uid;
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
    made->leaving = departed_uid(client, channel);
    if (cf_map_add(&client->table.map, &made->node, cf_subscription_channel(made))) {
        place_last(made);
        return made;
    }
    cf_free(client->environment.allocator, made);
    return NULL;
}

static centrifuge_error make_and_ask(cf_client *client, cf_time now, cf_bytes channel, void *user,
                                     cf_subscription **subscription)
{
    centrifuge_error error = check_size(client, channel);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    if (!cf_limit_admits(client, CF_LIMIT_SUBSCRIPTIONS, 1))
        return CENTRIFUGE_ERROR_LIMIT_SUBSCRIPTIONS;
    cf_subscription *made = make(client, channel, user);
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

/* ---- after a good answer to connect --------------------------------------------------------- */

/* Those that wait in the user's auth batch stay there (D36). */
static bool is_asked_now(const cf_subscription *subscription, bool private_channel)
{
    return cf_subscription_wanted(subscription) && !cf_list_linked(&subscription->aside) &&
           cf_auth_needed(subscription->client, cf_subscription_channel(subscription)) == private_channel;
}

static bool ask_public(cf_client *client)
{
    cf_group group;
    bool good = true;
    cf_group_begin_resubscription(&group, client);
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
    order_table(client);
    CF_EACH_SUBSCRIPTION (node, client) {
        cf_subscription *subscription = cf_subscription_of(node);
        if (cf_subscription_wanted(subscription))
            start_request(subscription, reconnected && subscription->was_subscribed);
    }
    return ask_public(client) && ask_private(client, now);
}

/* ---- ending ------------------------------------------------------------------------------------ */

/* Told once, even when it is asked for several times before the event is taken. */
static void tell_unsubscribe(cf_subscription *subscription)
{
    if (!subscription->unsubscribe.queued)
        cf_queue_append(subscription->client, &subscription->unsubscribe, CF_PENDING_UNSUBSCRIBE);
}

static void end(cf_subscription *subscription, centrifuge_error code)
{
    subscription->state = CF_SUBSCRIPTION_UNSUBSCRIBED;
    subscription->request = subscription->crossed = 0;
    subscription->was_subscribed = false;
    cf_auth_forget(subscription);
    cf_calls_fail_waiting(subscription, code);
}

/* What waits was not told, and the position is still behind it. */
static void forget_recovery(cf_subscription *subscription)
{
    subscription->recovering = false;
    cf_recovery_drop(subscription);
}

/* Not by a disconnect: who comes back after one gets what was said meanwhile (client-spec.md 10). */
static void forget_position(cf_subscription *subscription)
{
    subscription->has_position = false;
    subscription->position.size = 0;
    subscription->missed = false;
    forget_recovery(subscription);
}

static void send_unsubscribe(cf_subscription *subscription, cf_time now)
{
    cf_client *client = subscription->client;
    if (client->state != CF_CLIENT_CONNECTED)
        return;
    cf_buffer *line = cf_line_begin(client, subscription->channel_size + COMMAND_SIZE);
    subscription->leaving = ++client->last_uid;
    cf_wire_write_channel_command(line, subscription->leaving, CF_METHOD_UNSUBSCRIBE, cf_subscription_channel(subscription));
    if (!cf_batch_end_line(client))
        cf_connection_fail(client, now, CENTRIFUGE_ERROR_NO_MEMORY);
}

/*
 * The server's unsubscribe has crossed our request on the way: to the user the channel is gone, to the server it is subscribed
 * again. Left so, it would send on, and refuse the next request.
 */
void cf_subscription_decline(cf_subscription *subscription, cf_time now)
{
    if (subscription->state == CF_SUBSCRIPTION_UNSUBSCRIBED)
        send_unsubscribe(subscription, now);
}

void cf_subscription_unsubscribe(cf_subscription *subscription, cf_time now)
{
    if (subscription->client->shut)
        return;
    if (subscription->state != CF_SUBSCRIPTION_UNSUBSCRIBED) {
        tell_unsubscribe(subscription);
        end(subscription, CENTRIFUGE_ERROR_UNSUBSCRIBED);
    }
    forget_position(subscription);
    send_unsubscribe(subscription, now);
}

/* Whoever removes a subscription does not want to hear of it any more. */
static void silence(cf_subscription *subscription)
{
    cf_client *client = subscription->client;
    if (client->frame.replay != NULL && client->frame.replay->subscription == subscription)
        cf_frame_drop_replay(client);
    if (client->answer.pending.queued && client->answer.subscription == subscription)
        cf_queue_remove(client, &client->answer.pending);
    cf_auth_silence(subscription);
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
    cf_map_remove(&client->table.map, &subscription->node);
    if (client->table.pushed == subscription)
        client->table.pushed = NULL;
    if (wanted)
        send_unsubscribe(subscription, now);
    if (subscription->leaving != 0 && client->state == CF_CLIENT_CONNECTED)
        cf_list_append(&client->table.departed, &subscription->departed);
    cf_queue_append(client, &subscription->removed, CF_PENDING_REMOVED);
}

void cf_subscription_release(cf_subscription *subscription)
{
    subscription->told = true;
    if (!cf_list_linked(&subscription->departed))
        cf_subscription_free(subscription);
}

static void forget_departed(cf_subscription *subscription)
{
    cf_list_remove(&subscription->departed);
    if (subscription->told)
        cf_subscription_free(subscription);
}

void cf_subscriptions_forget_departed(cf_client *client)
{
    while (!cf_list_empty(&client->table.departed))
        forget_departed(CF_CONTAINER(client->table.departed.next, cf_subscription, departed));
}

static void answer_departed(cf_client *client, uint64_t uid)
{
    CF_LIST_EACH (link, &client->table.departed) {
        cf_subscription *departed = CF_CONTAINER(link, cf_subscription, departed);
        if (departed->leaving != uid)
            continue;
        forget_departed(departed);
        return;
    }
}

static void leave(cf_subscription *subscription, bool again)
{
    if (subscription->state == CF_SUBSCRIPTION_SUBSCRIBED)
        tell_unsubscribe(subscription);
    subscription->request = subscription->leaving = subscription->crossed = 0;
    forget_recovery(subscription);
    if (!again) {
        end(subscription, CENTRIFUGE_ERROR_DISCONNECTED);
        subscription->left = true;
    } else if (cf_subscription_wanted(subscription)) {
        subscription->state = CF_SUBSCRIPTION_SUBSCRIBING;
    }
}

void cf_subscriptions_recover_nothing(cf_client *client)
{
    CF_EACH_SUBSCRIPTION (node, client)
        if (cf_subscription_of(node)->request != 0)
            forget_position(cf_subscription_of(node));
}

void cf_subscriptions_leave(cf_client *client, bool again)
{
    cf_subscriptions_forget_departed(client);
    order_table(client);
    CF_EACH_SUBSCRIPTION (node, client)
        leave(cf_subscription_of(node), again);
}

cf_step cf_subscription_on_unsubscribe(cf_client *client, const cf_wire_message *message)
{
    uint64_t uid = cf_wire_uid(message);
    cf_subscription *subscription = cf_client_find(client, message->b.channel);
    answer_departed(client, uid);
    if (subscription == NULL)
        return CF_STEP_DONE;
    if (uid == subscription->leaving)
        subscription->leaving = 0;
    if (message->has_error) {
        cf_client_report_message(client, message);
    } else if (message->uid.size == 0 && cf_subscription_wanted(subscription)) {
        uint64_t crossed = subscription->request;
        tell_unsubscribe(subscription);
        end(subscription, CENTRIFUGE_ERROR_UNSUBSCRIBED);
        forget_position(subscription);
        subscription->crossed = crossed;
    }
    return CF_STEP_DONE;
}

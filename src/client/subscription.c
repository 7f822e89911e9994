#include "client/subscription.h"

#include "client/queue.h"
#include "client/recovery.h"

#include <string.h>

/* The object: what it is called, where it stands in the table, what is known of it. Asking and leaving are in subscribe.c. */

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

/* ---- the table: client-spec.md 8.1 --------------------------------------------------------- */

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
void cf_subscription_place_last(cf_subscription *subscription)
{
    cf_client *client = subscription->client;
    cf_map_move_last(&client->table.map, &subscription->node);
    if (table_index(cf_subscription_channel(subscription)) >= 0)
        client->table.disordered = true;
}

/*
 * Once for all that were added, since few programs have such names. A pass for each bit, from the lowest, puts those behind
 * that have it: numbers come first, in their order, and names behind them in theirs, for the index of a name has all bits.
 */
void cf_subscriptions_order(cf_client *client)
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

/* ---- life ---------------------------------------------------------------------------------- */

/*
 * What comes for a channel before the server has seen this command is for its former, removed subscription; 0: there is none.
 */
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

cf_subscription *cf_subscription_make(cf_client *client, cf_bytes channel, void *user)
{
    cf_subscription *made = cf_alloc(client->environment.allocator, sizeof(cf_subscription) + channel.size);
    if (made == NULL)
        return NULL;
    *made = (cf_subscription){.client = client,
                              .user = user,
                              .channel_size = (uint32_t)channel.size,
                              .state = CF_SUBSCRIPTION_UNSUBSCRIBED,
                              .haste_at = client->table.haste_at};
    memcpy(made->channel, channel.data, channel.size);
    cf_list_init(&made->waiting);
    made->leaving = departed_uid(client, channel);
    if (cf_map_add(&client->table.map, &made->node, cf_subscription_channel(made))) {
        cf_subscription_place_last(made);
        return made;
    }
    cf_free(client->environment.allocator, made);
    return NULL;
}

void cf_subscription_free(cf_subscription *subscription)
{
    const cf_allocator *allocator = subscription->client->environment.allocator;
    cf_recovery_drop(subscription);
    cf_text_free(&subscription->position, allocator);
    cf_text_free(&subscription->refusal, allocator);
    cf_free(allocator, subscription);
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

void cf_subscriptions_answer_departed(cf_client *client, uint64_t uid)
{
    CF_LIST_EACH (link, &client->table.departed) {
        cf_subscription *departed = CF_CONTAINER(link, cf_subscription, departed);
        if (departed->leaving != uid)
            continue;
        forget_departed(departed);
        return;
    }
}

/* ---- what is known ------------------------------------------------------------------------- */

bool cf_subscription_set_position(cf_subscription *subscription, cf_bytes uid)
{
    if (!cf_text_set(&subscription->position, subscription->client->environment.allocator, uid))
        return false;
    subscription->has_position = true;
    return true;
}

/* What waits was not told, and the position is still behind it. */
void cf_subscription_forget_recovery(cf_subscription *subscription)
{
    subscription->recovering = false;
    cf_recovery_drop(subscription);
}

/* Not by a disconnect: who comes back after one gets what was said meanwhile (client-spec.md 10). */
void cf_subscription_forget_position(cf_subscription *subscription)
{
    subscription->has_position = false;
    subscription->position.size = 0;
    subscription->missed = false;
    cf_subscription_forget_recovery(subscription);
}

void cf_subscription_answered(cf_subscription *subscription, cf_subscription_state state, bool recovered)
{
    subscription->state = (uint8_t)state;
    subscription->asked = 0;
    subscription->recovered = recovered;
}

/* For calls to come. Without memory they get the number only. */
static void keep_refusal(cf_subscription *subscription, cf_bytes error, cf_bytes advice)
{
    const cf_allocator *allocator = subscription->client->environment.allocator;
    cf_buffer text;
    cf_buffer_init(&text, allocator, UINT32_MAX);
    cf_buffer_append(&text, error);
    cf_buffer_append(&text, advice);
    bool good = !text.failed && cf_text_set(&subscription->refusal, allocator, cf_buffer_bytes(&text));
    if (!good)
        subscription->refusal.size = 0;
    subscription->refusal_advice = good ? (uint32_t)advice.size : 0;
    cf_buffer_free(&text);
}

/* By the server, or before it was asked: then its answer to an unsubscribe command is still to come. */
void cf_subscription_set_refused(cf_subscription *subscription, cf_bytes error, cf_bytes advice, bool json)
{
    cf_subscription_answered(subscription, CF_SUBSCRIPTION_REFUSED, false);
    cf_recovery_drop(subscription);
    keep_refusal(subscription, error, advice);
    subscription->refusal_json = json;
}

/* ---- its commands -------------------------------------------------------------------------- */

void cf_subscription_write_command(cf_subscription *subscription, const cf_auth_entry *entry, cf_buffer *line)
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
    subscription->asked = ++client->last_uid;
    cf_wire_write_subscribe(line, subscription->asked, &params, entry != NULL);
}

/* ---- missed messages that wait to be told -------------------------------------------------- */

void cf_replay_drop(cf_client *client)
{
    cf_free(client->environment.allocator, client->frame.replay);
    client->frame.replay = NULL;
}

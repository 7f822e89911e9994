/*
 * A careless user: calls anything at any time, and often from a callback.
 */
#include "client.h"
#include "refusal.h"
#include "sent.h"
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Inside a callback the pump goes on by itself; outside, a program often calls more than one function before its loop runs. */
static void after(sim_client *client)
{
    if (client->core == NULL || client->pumping)
        return;
    client->lazy = sim_random_chance(&client->world->random, 300);
    if (!client->lazy)
        sim_client_pump(client);
}

/* A call that is accepted must complete; the node exists before, since the core may know of it at once. */
sim_call *sim_client_new_call(sim_client *client)
{
    sim_call *call = sim_alloc(sizeof(*call));
    call->client = client;
    call->number = ++client->call_count;
    cf_list_append(&client->calls, &call->link);
    return call;
}

static void judge_call(sim_client *client, sim_call *call, centrifuge_error error, const char *what)
{
    sim_note(client->world, "client %u: %s, call %u: %d", client->index, what, call->number, (int)error);
    if (error != CENTRIFUGE_ERROR_OK) {
        cf_list_remove(&call->link);
        free(call);
        return;
    }
    if (client->closing)
        sim_fail(client->world, "closed-refuses", "client %u: %s accepted after the shutdown", client->index, what);
}

static sim_subscription *find_live(sim_client *client, const sim_channel *channel)
{
    CF_LIST_EACH (item, &client->subscriptions) {
        sim_subscription *subscription = CF_CONTAINER(item, sim_subscription, link);
        if (subscription->channel == channel && !subscription->removed)
            return subscription;
    }
    return NULL;
}

sim_subscription *sim_client_subscribe(sim_client *client, sim_channel *channel)
{
    sim_subscription *known = find_live(client, channel);
    sim_subscription *subscription = known;
    if (subscription == NULL) {
        subscription = sim_alloc(sizeof(*subscription));
        subscription->client = client;
        subscription->channel = channel;
        subscription->gap_open = true;
        subscription->gap_until = SIZE_MAX - 1;
    }
    bool created = false;
    cf_subscription *core = NULL;
    sim_before before;
    sim_refusal_before(client, known, &before);
    centrifuge_error error =
        cf_client_subscribe(client->core, client->world->now, channel->name, subscription, &core, &created);
    sim_note(client->world, "client %u: subscribe %.*s: %d%s", client->index, (int)channel->name.size, channel->name.data,
             (int)error, created ? " (new)" : "");
    client->subscribe_error = error;
    sim_refusal_judge_subscribe(client, &before, channel->name, known != NULL, error);
    if (error == CENTRIFUGE_ERROR_OK && created != (known == NULL))
        sim_fail(client->world, "one-subscription", "client %u: 'created' is %d", client->index, created);
    if (known == NULL) {
        if (error != CENTRIFUGE_ERROR_OK) {
            free(subscription);
            return NULL;
        }
        subscription->core = core;
        cf_list_append(&client->subscriptions, &subscription->link);
    } else if (error == CENTRIFUGE_ERROR_OK && known->core != core) {
        sim_fail(client->world, "one-subscription", "client %u: another object for the same channel", client->index);
    }
    if (error == CENTRIFUGE_ERROR_OK)
        sim_watch_subscribe(subscription);
    return subscription;
}

/* One that the user did not remove: a pointer to it would not be valid any more (centrifuge/client.h). */
static sim_subscription *any_subscription(sim_client *client)
{
    unsigned count = 0;
    if (client->chosen != NULL)
        return find_live(client, client->chosen);
    CF_LIST_EACH (item, &client->subscriptions)
        count += !CF_CONTAINER(item, sim_subscription, link)->removed;
    unsigned chosen = sim_random_below(&client->world->random, count);
    CF_LIST_EACH (item, &client->subscriptions) {
        sim_subscription *subscription = CF_CONTAINER(item, sim_subscription, link);
        if (!subscription->removed && chosen-- == 0)
            return subscription;
    }
    return NULL;
}

void sim_client_connect(sim_client *client)
{
    centrifuge_error error = CENTRIFUGE_ERROR_OK;
    sim_before before;
    sim_refusal_before(client, NULL, &before);
    sim_watch_connect(client);
    bool idle = !cf_client_will_reconnect(client->core);
    error = cf_client_connect(client->core, client->world->now);
    if (idle && cf_client_will_reconnect(client->core))
        sim_met(client->world, SIM_SITUATION_ASKED_AND_WAITS);
    sim_note(client->world, "client %u: connect: %d", client->index, (int)error);
    sim_refusal_check(client, &before, error);
    if (error == CENTRIFUGE_ERROR_NO_MEMORY)
        client->wanted = cf_client_get_state(client->core) != CF_CLIENT_DISCONNECTED || cf_client_will_reconnect(client->core);
    else if (error != CENTRIFUGE_ERROR_OK && !client->closing)
        sim_fail(client->world, "connect", "client %u: connect gives error %d", client->index, (int)error);
}

static void use_connect(sim_client *client)
{
    sim_client_connect(client);
}

static void use_disconnect(sim_client *client)
{
    sim_note(client->world, "client %u: disconnect", client->index);
    sim_watch_disconnect(client);
    cf_client_disconnect(client->core, client->world->now);
}

static void use_subscribe(sim_client *client)
{
    sim_ledger *ledger = &client->world->ledger;
    sim_client_subscribe(client, &ledger->channels[sim_random_below(&client->world->random, (unsigned)ledger->count)]);
}

static void use_subscribe_again(sim_client *client)
{
    sim_subscription *subscription = any_subscription(client);
    if (subscription == NULL)
        return;
    sim_before before;
    sim_refusal_before(client, subscription, &before);
    centrifuge_error error = cf_subscription_subscribe(subscription->core, client->world->now);
    sim_note(client->world, "client %u: subscribe again %.*s: %d", client->index, (int)subscription->channel->name.size,
             subscription->channel->name.data, (int)error);
    sim_refusal_judge_subscribe(client, &before, subscription->channel->name, true, error);
    if (error == CENTRIFUGE_ERROR_OK)
        sim_watch_subscribe(subscription);
}

static void use_unsubscribe(sim_client *client)
{
    sim_subscription *subscription = any_subscription(client);
    if (subscription == NULL)
        return;
    sim_note(client->world, "client %u: unsubscribe %.*s", client->index, (int)subscription->channel->name.size,
             subscription->channel->name.data);
    sim_watch_unsubscribe(subscription);
    cf_subscription_unsubscribe(subscription->core, client->world->now);
}

/* Both on the wire at once: answers to the former request must not count for the latter. */
static void use_flip(sim_client *client)
{
    sim_subscription *subscription = any_subscription(client);
    if (subscription == NULL)
        return;
    sim_note(client->world, "client %u: flips %.*s", client->index, (int)subscription->channel->name.size,
             subscription->channel->name.data);
    sim_watch_unsubscribe(subscription);
    cf_subscription_unsubscribe(subscription->core, client->world->now);
    if (cf_subscription_subscribe(subscription->core, client->world->now) == CENTRIFUGE_ERROR_OK)
        sim_watch_subscribe(subscription);
}

static void use_remove(sim_client *client)
{
    sim_subscription *subscription = any_subscription(client);
    if (subscription == NULL || client->closing)
        return;
    sim_note(client->world, "client %u: remove %.*s", client->index, (int)subscription->channel->name.size,
             subscription->channel->name.data);
    sim_watch_unsubscribe(subscription);
    subscription->removed = true;
    cf_subscription_remove(subscription->core, client->world->now);
}

/* The limits look at more than the few bytes that a publication needs. */
static int write_data(sim_client *client, unsigned draft, char *data, size_t room)
{
    static const char dashes[] = "----------------------------------------------------------------------";
    int pads = client->world->scenario.limits ? (int)sim_random_below(&client->world->random, sizeof(dashes)) : 0;
    return snprintf(data, room, "{\"from\":%u,\"draft\":%u,\"padding\":\"%.*s\"}", client->index, draft, pads, dashes);
}

static void use_publish(sim_client *client)
{
    sim_subscription *subscription = any_subscription(client);
    sim_before before;
    char data[160];
    if (subscription == NULL)
        return;
    sim_refusal_before(client, subscription, &before);
    sim_call *call = sim_client_new_call(client);
    call->size = (size_t)write_data(client, call->number, data, sizeof(data));
    call->published_to = subscription->channel;
    call->subscription = subscription;
    call->data = sim_hash(cf_bytes_make(data, call->size));
    call->losses = client->losses;
    centrifuge_error error =
        cf_subscription_publish(subscription->core, client->world->now, cf_bytes_make(data, call->size), call);
    sim_refusal_judge_call(client, &before, call->size, error);
    judge_call(client, call, error, "publish");
}

/* More than a frame holds. */
static void use_large_publish(sim_client *client)
{
    sim_subscription *subscription = any_subscription(client);
    sim_before before;
    if (subscription == NULL)
        return;
    size_t size = client->options.frame_size_max + 1;
    char *data = sim_alloc(size);
    memset(data, '1', size);
    sim_refusal_before(client, subscription, &before);
    sim_call *call = sim_client_new_call(client);
    centrifuge_error error = cf_subscription_publish(subscription->core, client->world->now, cf_bytes_make(data, size), call);
    free(data);
    sim_refusal_judge_call(client, &before, size, error);
    if (error == CENTRIFUGE_ERROR_OK)
        sim_fail(client->world, "frame-size", "client %u: accepted %zu bytes for a frame of %zu", client->index, size,
                 size - 1);
    judge_call(client, call, error, "publish of too much");
}

static void use_bad_publish(sim_client *client)
{
    sim_subscription *subscription = any_subscription(client);
    sim_before before;
    if (sim_random_chance(&client->world->random, 500)) {
        use_large_publish(client);
        return;
    }
    if (subscription == NULL)
        return;
    sim_refusal_before(client, subscription, &before);
    sim_call *call = sim_client_new_call(client);
    centrifuge_error error = cf_subscription_publish(subscription->core, client->world->now, CF_BYTES("{\"cut\":"), call);
    if (error != CENTRIFUGE_ERROR_INVALID_JSON)
        sim_fail(client->world, "publish-checks", "client %u: data that is no JSON gives error %d", client->index, (int)error);
    sim_refusal_check(client, &before, error);
    judge_call(client, call, error, "publish of no JSON");
}

typedef centrifuge_error call_function(cf_subscription *subscription, cf_time now, void *call);

static void use_call(sim_client *client, call_function *function, const char *what)
{
    sim_subscription *subscription = any_subscription(client);
    sim_before before;
    if (subscription == NULL)
        return;
    sim_refusal_before(client, subscription, &before);
    sim_call *call = sim_client_new_call(client);
    centrifuge_error error = function(subscription->core, client->world->now, call);
    sim_refusal_judge_call(client, &before, 0, error);
    judge_call(client, call, error, what);
}

static centrifuge_error ask_impatiently(cf_subscription *subscription, cf_time now, void *call)
{
    return cf_subscription_call(subscription, now, CF_METHOD_PRESENCE, cf_bytes_make(NULL, 0), now + 500, call);
}

static void use_presence(sim_client *client)
{
    if (sim_random_chance(&client->world->random, 300))
        use_call(client, ask_impatiently, "presence, with a deadline");
    else
        use_call(client, cf_subscription_presence, "presence");
}

static void use_history(sim_client *client)
{
    use_call(client, cf_subscription_history, "history");
}

static centrifuge_error wait_until_ready(cf_subscription *subscription, cf_time now, void *call)
{
    return cf_subscription_ready(subscription, now, true, call);
}

static void use_ready(sim_client *client)
{
    if (client->chosen != NULL || sim_random_chance(&client->world->random, 500)) {
        use_call(client, wait_until_ready, "ready, waiting");
        return;
    }
    sim_subscription *subscription = any_subscription(client);
    if (subscription == NULL)
        return;
    sim_call *call = sim_client_new_call(client);
    judge_call(client, call, cf_subscription_ready(subscription->core, client->world->now, false, call), "ready");
}

static void use_ping(sim_client *client)
{
    cf_client_ping(client->core, client->world->now);
}

static void use_batching(sim_client *client)
{
    if (sim_random_chance(&client->world->random, 400))
        sim_sent_start_batching(client);
    else
        sim_sent_flush(client, sim_random_chance(&client->world->random, 500));
}

static void use_auth_batching(sim_client *client)
{
    if (sim_random_chance(&client->world->random, 400))
        sim_sent_start_auth_batching(client);
    else
        sim_sent_stop_auth_batching(client);
}

static void use_find(sim_client *client)
{
    sim_ledger *ledger = &client->world->ledger;
    sim_channel *channel = &ledger->channels[sim_random_below(&client->world->random, (unsigned)ledger->count)];
    sim_subscription *known = find_live(client, channel);
    cf_subscription *core = cf_client_find(client->core, channel->name);
    if (!client->closing && core != (known == NULL ? NULL : known->core))
        sim_fail(client->world, "find", "client %u: finds another subscription than was made", client->index);
    if (known != NULL && !client->closing && cf_subscription_user(core) != known)
        sim_fail(client->world, "find", "client %u: another user pointer", client->index);
}

static void use_configure(sim_client *client)
{
    cf_client_options options = client->options;
    options.timeout = sim_random_chance(&client->world->random, 500) ? 5000 : 300;
    options.info = CF_BYTES("");
    sim_before before;
    sim_refusal_before(client, NULL, &before);
    centrifuge_error error = cf_client_configure(client->core, &options, NULL);
    sim_note(client->world, "client %u: configure: %d", client->index, (int)error);
    sim_refusal_check(client, &before, error);
    if (error == CENTRIFUGE_ERROR_OK)
        sim_sent_credentials(client, !client->pumping && !client->lazy);
    options.url = CF_BYTES("");
    sim_refusal_before(client, NULL, &before);
    error = cf_client_configure(client->core, &options, NULL);
    if (error == CENTRIFUGE_ERROR_OK)
        sim_fail(client->world, "configure-checks", "client %u: accepted options without a url", client->index);
    sim_refusal_check(client, &before, error);
}

typedef struct habit {
    unsigned weight;
    void (*use)(sim_client *client);
} habit;

static const habit habits[SIM_HABIT_COUNT] = {
    [SIM_HABIT_CONNECT] = {12, use_connect},
    [SIM_HABIT_DISCONNECT] = {3, use_disconnect},
    [SIM_HABIT_SUBSCRIBE] = {18, use_subscribe},
    [SIM_HABIT_SUBSCRIBE_AGAIN] = {8, use_subscribe_again},
    [SIM_HABIT_UNSUBSCRIBE] = {6, use_unsubscribe},
    [SIM_HABIT_FLIP] = {6, use_flip},
    [SIM_HABIT_REMOVE] = {3, use_remove},
    [SIM_HABIT_PUBLISH] = {20, use_publish},
    [SIM_HABIT_BAD_PUBLISH] = {1, use_bad_publish},
    [SIM_HABIT_PRESENCE] = {5, use_presence},
    [SIM_HABIT_HISTORY] = {5, use_history},
    [SIM_HABIT_READY] = {6, use_ready},
    [SIM_HABIT_PING] = {3, use_ping},
    [SIM_HABIT_FIND] = {3, use_find},
    [SIM_HABIT_CONFIGURE] = {2, use_configure},
    [SIM_HABIT_BATCHING] = {4, use_batching},
    [SIM_HABIT_AUTH_BATCHING] = {3, use_auth_batching},
};

void sim_client_use(sim_client *client)
{
    unsigned total = 0;
    for (size_t i = 0; i < SIM_HABIT_COUNT; i++)
        total += habits[i].weight;
    unsigned chosen = sim_random_below(&client->world->random, total);
    size_t i = 0;
    while (chosen >= habits[i].weight)
        chosen -= habits[i++].weight;
    habits[i].use(client);
    after(client);
}

void sim_client_do(sim_client *client, sim_habit which, const sim_channel *channel)
{
    client->chosen = channel;
    habits[which].use(client);
    client->chosen = NULL;
}

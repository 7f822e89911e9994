#include "watch.h"

#include "refusal.h"
#include "server.h"

#include <inttypes.h>
#include <stdlib.h>

/* Connecting, connected, or waiting for the next attempt. */
static bool is_busy(const sim_client *client)
{
    return cf_client_get_state(client->core) != CF_CLIENT_DISCONNECTED || cf_client_will_reconnect(client->core);
}

void sim_watch_start(sim_client *client)
{
    client->asked = client->wanted = client->any_event = client->connect_called = client->last_reconnect = false;
    client->online = true;
    client->unsent = 0;
    for (size_t i = 0; i < SIM_WARNINGS; i++)
        client->warned[i] = client->refused[i] = false;
    client->silent = false;
    client->transport_over = client->world->now;
    client->opened = client->closes = 0;
}

/* ---- what the user did ---- */

void sim_watch_connect(sim_client *client)
{
    if (client->closing)
        return;
    client->asked = client->wanted = client->connect_called = true;
}

void sim_watch_disconnect(sim_client *client)
{
    client->wanted = false;
}

void sim_watch_subscribe(sim_subscription *subscription)
{
    subscription->unsubscribed = false;
}

void sim_watch_unsubscribe(sim_subscription *subscription)
{
    cf_subscription_state state = cf_subscription_get_state(subscription->core);
    if (state != CF_SUBSCRIPTION_UNSUBSCRIBED && state != CF_SUBSCRIPTION_SUBSCRIBED)
        subscription->excuses++;
    subscription->unsubscribed = true;
    subscription->client->losses++;
    subscription->position = 0;
}

void sim_watch_server_unsubscribe(sim_world *world, const sim_channel *channel)
{
    for (size_t i = 0; i < world->scenario.clients; i++)
        for (size_t j = 0; j < world->ledger.count; j++)
            if (channel == NULL || channel == &world->ledger.channels[j])
                world->clients[i]->kicks[j] += world->scenario.pair ? SIM_NODES_MAX : 1;
}

/* ---- transports ---- */

/* An attempt that somebody asks for comes at once; but so many in a row only, however often they ask. */
static void check_pace(sim_client *client, bool quick)
{
    cf_time *oldest = &client->openings[client->opened % SIM_QUICK_MAX];
    int64_t span = client->world->now - *oldest;
    quick = quick && client->opened >= SIM_QUICK_MAX;
    if (quick && sim_sabotage_now(client->world, SIM_SABOTAGE_HASTY_USER))
        span = 0;
    if (quick && span < 1000)
        sim_fail(client->world, "asked-pace", "client %u opens %d transports in %" PRId64 " ms because somebody asks",
                 client->index, SIM_QUICK_MAX + 1, span);
    *oldest = client->world->now;
}

void sim_watch_transport(sim_client *client)
{
    sim_world *world = client->world;
    /* the time with a peer that vanished is pause enough */
    int64_t pause = world->now - (client->silent ? client->transport_since : client->transport_over);
    if (!client->asked && sim_sabotage_now(world, SIM_SABOTAGE_HASTY_RETRY))
        pause = 0;
    if (client->transport != NULL || sim_sabotage_now(world, SIM_SABOTAGE_SECOND_TRANSPORT))
        sim_fail(world, "one-transport", "client %u opens a transport while another is live", client->index);
    if (client->closing)
        sim_fail(world, "closed-silent", "client %u opens a transport after the shutdown", client->index);
    if (!client->asked && (pause < 1 || pause < client->retry_floor))
        sim_fail(world, "retry-delay", "client %u tries again after %" PRId64 " ms, the least is %" PRId64, client->index,
                 pause, client->retry_floor);
    check_pace(client, pause < 10 || pause < client->retry_floor);
    client->asked = client->silent = false;
    client->transport_since = world->now;
    client->opened++;
}

static void closed_as_expired(const sim_link *link)
{
    /* the server says how long credentials live, not how old they are: with old ones it is the first to act */
    bool in_time = link->world->now - link->opened_at > link->world->scenario.lifetime * 1000 + 3000;
    sim_met(link->world, SIM_SITUATION_EXPIRY_CLOSED);
    if (link->calm && in_time)
        sim_fail(link->world, "refresh-in-time", "client %u has not renewed its credentials, although it could have",
                 link->client->index);
}

/* What only a client says that lost or repeated something. */
static void check_blame(const sim_link *link, cf_bytes reason)
{
    static const char *const faults[] = {"\"invalid message\"", "\"unauthorized\""};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        if (cf_bytes_find(reason, cf_bytes_of(faults[i])) >= 0)
            sim_fail(link->world, "server-blames", "client %u is closed with %.*s", link->client->index, (int)reason.size,
                     reason.data);
}

void sim_watch_closed(const sim_link *link, cf_bytes reason)
{
    check_blame(link, reason);
    if (cf_bytes_find(reason, CF_BYTES("\"expired\"")) >= 0)
        closed_as_expired(link);
}

/* ---- events of the client ---- */

/* A node may be behind the one where the client was. Without a history nobody can tell what the client has had. */
static void go_back(sim_client *client)
{
    CF_LIST_EACH (item, &client->subscriptions) {
        sim_subscription *subscription = CF_CONTAINER(item, sim_subscription, link);
        if (!subscription->channel->recovers)
            subscription->seen = 0;
    }
}

static void event_connect(sim_client *client)
{
    if (client->any_event && client->last_event == CF_EVENT_CONNECT)
        sim_fail(client->world, "event-order", "client %u: connect after connect", client->index);
    if (!client->last_reconnect && !client->connect_called)
        sim_fail(client->world, "event-order", "client %u: connect, but nobody asked for it", client->index);
    client->last_event = CF_EVENT_CONNECT;
    client->last_reconnect = false;
    client->connect_called = false;
    client->any_event = true;
    if (client->transport != NULL && client->transport->moved)
        go_back(client);
}

static void event_disconnect(sim_client *client, bool reconnect)
{
    bool connected = client->any_event && client->last_event == CF_EVENT_CONNECT;
    if (!connected && !client->connect_called && (reconnect || !client->last_reconnect))
        sim_fail(client->world, "event-order", "client %u: disconnect, but it was disconnected already", client->index);
    client->last_event = CF_EVENT_DISCONNECT;
    client->last_reconnect = reconnect;
    client->any_event = true;
    /* an event that waited while the user called connect() again is no news of now */
    if (!is_busy(client)) {
        client->connect_called = false;
        if (!reconnect)
            client->wanted = false;
    }
}

/* Each failure in a row has an attempt of its own, unless a peer refuses one twice. */
static void event_refresh_failed(sim_client *client)
{
    int64_t attempts = client->options.refresh_attempts;
    sim_met(client->world, SIM_SITUATION_REFRESH_GIVEN_UP);
    if (attempts < 0 || (client->refreshes < attempts && !client->world->scenario.hostile))
        sim_fail(client->world, "refresh-gives-up", "client %u has given up after %u of %" PRId64 " attempts", client->index,
                 client->refreshes, attempts);
    client->refreshes = 0;
}

/* What was too large may have been the answer to any of them, or have waited for it. */
static void recover_nothing(sim_client *client)
{
    CF_LIST_EACH (item, &client->subscriptions) {
        sim_subscription *subscription = CF_CONTAINER(item, sim_subscription, link);
        if (!subscription->subscribed)
            subscription->position = 0;
    }
}

static void client_event(sim_client *client, const cf_event *event)
{
    switch (event->kind) {
    case CF_EVENT_CONNECT:
        event_connect(client);
        if (sim_sabotage_now(client->world, SIM_SABOTAGE_DOUBLE_CONNECT))
            event_connect(client);
        break;
    case CF_EVENT_DISCONNECT:
        event_disconnect(client, event->reconnect);
        client->silent = cf_bytes_equal(event->reason, CF_BYTES("no ping"));
        break;
    case CF_EVENT_TRANSPORT_CLOSE:
        if (++client->closes > client->opened)
            sim_fail(client->world, "event-order", "client %u: more transports closed than opened", client->index);
        break;
    case CF_EVENT_ERROR:
        if (event->code == CENTRIFUGE_ERROR_LIMIT_MESSAGE_SIZE && !sim_sabotage_now(client->world, SIM_SABOTAGE_HIDE_LIMIT))
            client->oversize++;
        if (event->code == CENTRIFUGE_ERROR_LIMIT_MESSAGE_SIZE || event->code == CENTRIFUGE_ERROR_LIMIT_RECOVERY)
            recover_nothing(client);
        if (event->code == CENTRIFUGE_ERROR_LIMIT_RECOVERY)
            sim_met(client->world, SIM_SITUATION_LIMIT_RECOVERY);
        break;
    case CF_EVENT_HIGH_WATER:
        sim_refusal_warned(client, event);
        break;
    case CF_EVENT_REFRESH_FAILED:
        event_refresh_failed(client);
        break;
    default:
        break;
    }
}

/* ---- messages ---- */

static void event_message(sim_subscription *subscription, const cf_event *event)
{
    sim_world *world = subscription->client->world;
    unsigned index = subscription->client->index;
    if (subscription->unsubscribed)
        sim_fail(world, "message-after-unsubscribe", "client %u: %.*s", index, (int)event->raw.size, event->raw.data);
    if (world->scenario.hostile)
        return;
    const sim_channel *channel = subscription->channel;
    size_t number = sim_ledger_number(channel, event->uid);
    if (number == 0)
        sim_fail(world, "message-known", "client %u: never published: %.*s", index, (int)event->raw.size, event->raw.data);
    uint64_t data = sim_hash(event->data) + (sim_sabotage_now(world, SIM_SABOTAGE_FORGE_DATA) ? 1 : 0);
    if (data != channel->published[number - 1].data)
        sim_fail(world, "message-data", "client %u: not what was published: %.*s", index, (int)event->raw.size,
                 event->raw.data);
    if (number <= subscription->seen)
        sim_fail(world, "message-order", "client %u: %.*s #%zu after #%zu", index, (int)channel->name.size, channel->name.data,
                 number, subscription->seen);
    bool told = number == subscription->seen + 1 || (subscription->gap_open && number <= subscription->gap_until + 1);
    if (!told && subscription->subscribed)
        sim_fail(world, "message-hole", "client %u: %.*s #%zu after #%zu, and nobody said that messages may be missing", index,
                 (int)channel->name.size, channel->name.data, number, subscription->seen);
    if (!told)
        subscription->gap_seen = true;
    subscription->seen = number;
    subscription->gap_open = false;
    if (subscription->subscribed)
        subscription->position = number;
}

/* Does the scenario leave no excuse for a recovery that missed something? */
static bool must_recover(const sim_subscription *subscription)
{
    const sim_world *world = subscription->client->world;
    const sim_scenario *scenario = &world->scenario;
    return !scenario->hostile && !scenario->failing && subscription->channel->deep &&
           subscription->position > subscription->channel->forgotten && scenario->fault[SIM_FAULT_SERVER_MEMORY] == 0 &&
           scenario->fault[SIM_FAULT_CLIENT_MEMORY] == 0;
}

static void event_subscribe(sim_subscription *subscription, const cf_event *event)
{
    sim_client *client = subscription->client;
    sim_world *world = client->world;
    bool recovered = event->recovered;
    if (subscription->subscribed)
        sim_fail(world, "event-order", "client %u: subscribe after subscribe", client->index);
    if (!client->any_event || client->last_event != CF_EVENT_CONNECT)
        sim_fail(world, "event-order", "client %u: subscribe while not connected", client->index);
    if (!recovered && event->resubscribe && sim_sabotage_now(world, SIM_SABOTAGE_FALSE_RECOVERED))
        recovered = true;
    subscription->subscribed = true;
    if (world->scenario.hostile)
        return;
    if (recovered && subscription->gap_seen)
        sim_fail(world, "recovery-hole", "client %u: recovered, but messages before #%zu are missing", client->index,
                 subscription->seen);
    if (!recovered && event->resubscribe && must_recover(subscription))
        sim_fail(world, "recovery-missed", "client %u: not recovered behind #%zu, although the history has all", client->index,
                 subscription->position);
    subscription->position = subscription->seen;
    subscription->gap_seen = false;
    if (recovered)
        return;
    subscription->gap_open = true;
    subscription->gap_until = subscription->channel->count;
}

static void event_unsubscribe(sim_subscription *subscription)
{
    sim_client *client = subscription->client;
    if (sim_sabotage_now(client->world, SIM_SABOTAGE_HIDE_UNSUBSCRIBE))
        return;
    client->losses++;
    unsigned *kicks = &client->kicks[subscription->channel - client->world->ledger.channels];
    if (subscription->subscribed || client->world->scenario.hostile)
        subscription->subscribed = false;
    else if (subscription->excuses > 0)
        subscription->excuses--;
    else if (*kicks > 0)
        --*kicks;
    else
        sim_fail(client->world, "event-order", "client %u: unsubscribe, but it was not subscribed", client->index);
}

static sim_subscription *known_subscription(sim_client *client, const cf_event *event)
{
    CF_LIST_EACH (item, &client->subscriptions) {
        sim_subscription *subscription = CF_CONTAINER(item, sim_subscription, link);
        if (subscription->core == event->subscription)
            return subscription;
    }
    sim_fail(client->world, "event-after-removed", "client %u: event %d of a subscription that is gone", client->index,
             (int)event->kind);
}

static void subscription_event(sim_client *client, const cf_event *event)
{
    sim_subscription *subscription = known_subscription(client, event);
    if (!cf_bytes_equal(event->channel, subscription->channel->name))
        sim_fail(client->world, "event-channel", "client %u: %.*s", client->index, (int)event->channel.size,
                 event->channel.data);
    switch (event->kind) {
    case CF_EVENT_MESSAGE:
        event_message(subscription, event);
        break;
    case CF_EVENT_JOIN:
    case CF_EVENT_LEAVE:
        if (subscription->unsubscribed)
            sim_fail(client->world, "message-after-unsubscribe", "client %u: join or leave", client->index);
        break;
    case CF_EVENT_SUBSCRIBE:
        event_subscribe(subscription, event);
        break;
    case CF_EVENT_SUBSCRIBE_ERROR:
        if (subscription->subscribed)
            sim_fail(client->world, "event-order", "client %u: refused while subscribed", client->index);
        /* the backend signs for the client that asks: a sign that the server does not like was for another connection; but the
         * API may take a channel away while its subscribe waits for the store */
        if (subscription->channel->name.data[0] == '$' && cf_bytes_equal(event->error, CF_BYTES("permission denied")) &&
            !client->world->scenario.lies && !client->world->scenario.hostile &&
            !(client->world->scenario.store && client->world->scenario.fault[SIM_FAULT_API_UNSUBSCRIBE] > 0))
            sim_fail(client->world, "stale-sign", "client %u: %.*s", client->index, (int)event->channel.size,
                     event->channel.data);
        break;
    case CF_EVENT_UNSUBSCRIBE:
        event_unsubscribe(subscription);
        break;
    case CF_EVENT_REMOVED:
        if (!subscription->removed)
            sim_fail(client->world, "event-order", "client %u: removed, but nobody asked for it", client->index);
        cf_list_remove(&subscription->link);
        free(subscription);
        break;
    default:
        sim_fail(client->world, "event-order", "client %u: event %d has a subscription", client->index, (int)event->kind);
    }
}

static const char *const event_names[] = {
    [CF_EVENT_CONNECT] = "connect",
    [CF_EVENT_DISCONNECT] = "disconnect",
    [CF_EVENT_ERROR] = "error",
    [CF_EVENT_REFRESH_FAILED] = "refresh failed",
    [CF_EVENT_HIGH_WATER] = "high water",
    [CF_EVENT_TRANSPORT_CLOSE] = "transport close",
    [CF_EVENT_MESSAGE] = "message",
    [CF_EVENT_JOIN] = "join",
    [CF_EVENT_LEAVE] = "leave",
    [CF_EVENT_SUBSCRIBE] = "subscribe",
    [CF_EVENT_SUBSCRIBE_ERROR] = "subscribe error",
    [CF_EVENT_UNSUBSCRIBE] = "unsubscribe",
    [CF_EVENT_REMOVED] = "removed",
};

void sim_watch_event(sim_client *client, const cf_event *event)
{
    sim_note(client->world, "client %u: event %s %.*s reason '%.*s' error '%.*s'%s%s%s", client->index,
             event_names[event->kind], (int)event->channel.size, event->channel.data, (int)event->reason.size,
             event->reason.data, (int)event->error.size, event->error.data, event->reconnect ? " reconnect" : "",
             event->resubscribe ? " resubscribe" : "", event->recovered ? " recovered" : "");
    if (client->closing && event->kind != CF_EVENT_REMOVED)
        sim_fail(client->world, "closed-silent", "client %u: event after the shutdown", client->index);
    if (event->subscription == NULL)
        client_event(client, event);
    else
        subscription_event(client, event);
}

/* ---- results ---- */

/* A publisher has its own message before the answer (server-spec.md 2.8, memory engine). */
static void check_own_message(sim_client *client, const sim_call *call)
{
    const sim_channel *channel = call->published_to;
    size_t number = channel->count;
    while (number > 0 && channel->published[number - 1].data != call->data)
        number--;
    if (number == 0)
        sim_fail(client->world, "publish-kept", "client %u: call %u succeeded, but nothing was published", client->index,
                 call->number);
    CF_LIST_EACH (item, &client->subscriptions) {
        const sim_subscription *subscription = CF_CONTAINER(item, sim_subscription, link);
        if (subscription->channel == channel && subscription->subscribed && subscription->seen < number &&
            client->losses == call->losses)
            sim_fail(client->world, "own-message-first", "client %u: call %u is answered before its message #%zu came",
                     client->index, call->number, number);
    }
}

static void complete(sim_client *client, const cf_result *result)
{
    CF_LIST_EACH (item, &client->calls) {
        sim_call *call = CF_CONTAINER(item, sim_call, link);
        if ((void *)call != result->call)
            continue;
        sim_note(client->world, "client %u: result of call %u: %d %.*s", client->index, call->number, (int)result->code,
                 (int)result->error.size, result->error.data);
        if (call->done)
            sim_fail(client->world, "call-once", "client %u: call %u completes a second time", client->index, call->number);
        call->done = true;
        if (call->published_to != NULL && result->code == CENTRIFUGE_ERROR_OK && !client->world->scenario.hostile)
            check_own_message(client, call);
        return;
    }
    sim_fail(client->world, "call-once", "client %u: a result for a call that was refused or never made", client->index);
}

void sim_watch_result(sim_client *client, const cf_result *result)
{
    if (sim_sabotage_now(client->world, SIM_SABOTAGE_FORGET_RESULT))
        return;
    complete(client, result);
    if (sim_sabotage_now(client->world, SIM_SABOTAGE_DOUBLE_RESULT))
        complete(client, result);
}

/* ---- at rest ---- */

static void settled_subscriptions(sim_client *client)
{
    CF_LIST_EACH (item, &client->subscriptions) {
        sim_subscription *subscription = CF_CONTAINER(item, sim_subscription, link);
        bool subscribed = cf_subscription_get_state(subscription->core) == CF_SUBSCRIPTION_SUBSCRIBED;
        if (subscribed != subscription->subscribed)
            sim_fail(client->world, "subscription-state", "client %u: %.*s: events say %d, the state says %d", client->index,
                     (int)subscription->channel->name.size, subscription->channel->name.data, subscription->subscribed,
                     subscribed);
        if (subscription->removed)
            sim_fail(client->world, "removed-told", "client %u: no event says that the subscription is removed", client->index);
    }
}

void sim_watch_settled(sim_client *client)
{
    sim_world *world = client->world;
    cf_client_state state = cf_client_get_state(client->core);
    bool connected = client->any_event && client->last_event == CF_EVENT_CONNECT;
    if ((state == CF_CLIENT_CONNECTED) != connected)
        sim_fail(world, "client-state", "client %u: events say %d, the state says %d", client->index, connected, (int)state);
    if ((cf_client_id(client->core).size > 0) != connected && !world->scenario.hostile)
        sim_fail(world, "client-id", "client %u: an id without a connection, or none with one", client->index);
    if (state == CF_CLIENT_DISCONNECTED && client->transport != NULL)
        sim_fail(world, "one-transport", "client %u is disconnected, but its transport is live", client->index);
    if (connected && client->transport == NULL)
        sim_fail(world, "client-state", "client %u is connected without a transport", client->index);
    if (is_busy(client) != client->wanted)
        sim_fail(world, client->wanted ? "gives-up-silently" : "stops-when-told",
                 "client %u: wanted %d, state %d, will reconnect %d", client->index, client->wanted, (int)state,
                 cf_client_will_reconnect(client->core));
    if (is_busy(client) && state != CF_CLIENT_CONNECTED && client->online && cf_client_deadline(client->core) == CF_TIME_NEVER)
        sim_fail(world, "never-stuck", "client %u is not connected and waits for nothing", client->index);
    settled_subscriptions(client);
}

void sim_watch_end(sim_client *client)
{
    if (client->transport != NULL)
        sim_fail(client->world, "one-transport", "client %u: a transport is live after the shutdown", client->index);
    CF_LIST_EACH (item, &client->calls) {
        const sim_call *call = CF_CONTAINER(item, sim_call, link);
        if (!call->done)
            sim_fail(client->world, "call-once", "client %u: call %u never completes", client->index, call->number);
    }
}

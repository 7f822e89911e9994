#include "refusal.h"

#include "sent.h"

#include <inttypes.h>

static size_t outstanding(const sim_client *client)
{
    size_t count = 0;
    CF_LIST_EACH (item, &client->calls)
        count += !CF_CONTAINER(item, sim_call, link)->done;
    return count;
}

static size_t subscriptions(const sim_client *client)
{
    size_t count = 0;
    CF_LIST_EACH (item, &client->subscriptions)
        count += !CF_CONTAINER(item, sim_subscription, link)->removed;
    return count;
}

void sim_refusal_before(const sim_client *client, const sim_subscription *subscription, sim_before *before)
{
    *before = (sim_before){
        .rest = !client->pumping && !client->lazy,
        .live = client->heap.live,
        .failures = client->heap.failures,
        .state = cf_client_get_state(client->core),
        .reconnect = cf_client_will_reconnect(client->core),
        .deadline = cf_client_deadline(client->core),
        .subscription = subscription == NULL ? CF_SUBSCRIPTION_NEW : cf_subscription_get_state(subscription->core),
        .calls = outstanding(client),
        .kept = sim_sent_kept(client),
    };
}

/* ---- which error ---- */

static bool is_limit(centrifuge_error error)
{
    return error == CENTRIFUGE_ERROR_LIMIT_QUEUE || error == CENTRIFUGE_ERROR_LIMIT_CALLS ||
           error == CENTRIFUGE_ERROR_LIMIT_SUBSCRIPTIONS || error == CENTRIFUGE_ERROR_LIMIT_CHANNEL ||
           error == CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE;
}

/* Of the bytes that wait in the core: known when it is at rest, and no command is collected. */
static bool knows_queue(const sim_client *client, const sim_before *before)
{
    return before->rest && !client->batching;
}

static bool is_full(const sim_client *client, const sim_before *before, size_t size)
{
    return before->kept + client->unsent + size > client->options.queue_size_max;
}

static centrifuge_error expect_call(const sim_client *client, const sim_before *before, size_t size)
{
    if (client->closing)
        return CENTRIFUGE_ERROR_CLOSED;
    if (before->subscription == CF_SUBSCRIPTION_UNSUBSCRIBED)
        return CENTRIFUGE_ERROR_UNSUBSCRIBED;
    if (before->calls >= client->options.calls_max)
        return CENTRIFUGE_ERROR_LIMIT_CALLS;
    if (is_full(client, before, size))
        return CENTRIFUGE_ERROR_LIMIT_QUEUE;
    return size > client->options.frame_size_max ? CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE : CENTRIFUGE_ERROR_OK;
}

static centrifuge_error expect_subscribe(const sim_client *client, const sim_before *before, cf_bytes channel, bool known)
{
    const cf_client_options *options = &client->options;
    bool asked = before->subscription == CF_SUBSCRIPTION_SUBSCRIBING || before->subscription == CF_SUBSCRIPTION_SUBSCRIBED;
    if (client->closing)
        return CENTRIFUGE_ERROR_CLOSED;
    if (channel.size > options->channel_length_max)
        return CENTRIFUGE_ERROR_LIMIT_CHANNEL;
    if (!options->resubscribe && before->state != CF_CLIENT_CONNECTED)
        return CENTRIFUGE_ERROR_INVALID_STATE;
    if (!known && subscriptions(client) >= options->subscriptions_max)
        return CENTRIFUGE_ERROR_LIMIT_SUBSCRIPTIONS;
    if ((known && asked) || before->state != CF_CLIENT_CONNECTED)
        return CENTRIFUGE_ERROR_OK;
    return is_full(client, before, channel.size) ? CENTRIFUGE_ERROR_LIMIT_QUEUE : CENTRIFUGE_ERROR_OK;
}

static void compare(sim_client *client, const sim_before *before, centrifuge_error expected, centrifuge_error error)
{
    sim_world *world = client->world;
    if (is_limit(error) && sim_sabotage_now(world, SIM_SABOTAGE_WRONG_LIMIT))
        error = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    if (error == expected || (error == CENTRIFUGE_ERROR_NO_MEMORY && client->heap.failures > before->failures))
        return;
    if (expected == CENTRIFUGE_ERROR_OK && is_limit(error))
        sim_fail(world, "limit-early", "client %u: error %d, but the limit is not reached", client->index, (int)error);
    if (is_limit(expected) && error == CENTRIFUGE_ERROR_OK)
        sim_fail(world, "limit-holds", "client %u: accepted, but error %d was due", client->index, (int)expected);
    sim_fail(world, "limit-names", "client %u: error %d, but %d was due", client->index, (int)error, (int)expected);
}

/* ---- warnings ---- */

static const centrifuge_error warnings[SIM_WARNINGS] = {CENTRIFUGE_ERROR_LIMIT_QUEUE, CENTRIFUGE_ERROR_LIMIT_CALLS,
                                                        CENTRIFUGE_ERROR_LIMIT_SUBSCRIPTIONS};

static unsigned warning_of(const sim_client *client, centrifuge_error error)
{
    for (unsigned i = 0; i < SIM_WARNINGS; i++)
        if (warnings[i] == error)
            return i;
    sim_fail(client->world, "high-water", "client %u: a warning of error %d", client->index, (int)error);
}

void sim_refusal_warned(sim_client *client, const cf_event *event)
{
    const cf_client_options *options = &client->options;
    const size_t limits[SIM_WARNINGS] = {options->queue_size_max, options->calls_max, options->subscriptions_max};
    unsigned which = warning_of(client, event->code);
    sim_met(client->world, (sim_situation)(SIM_SITUATION_WARNING_QUEUE + (int)which));
    bool spoilt =
        client->world->sabotage == SIM_SABOTAGE_LARGER_LIMITS || client->world->sabotage == SIM_SABOTAGE_SMALLER_LIMITS;
    size_t max = event->max + (sim_sabotage_now(client->world, SIM_SABOTAGE_WRONG_WARNING) ? 1 : 0);
    if (max != limits[which] && !spoilt)
        sim_fail(client->world, "high-water", "client %u: warned of %zu, the limit is %zu", client->index, event->max,
                 limits[which]);
    client->warned[which] = !sim_sabotage_always(client->world, SIM_SABOTAGE_HIDE_WARNING);
}

static void note_refusal(sim_client *client, const sim_before *before, centrifuge_error error)
{
    unsigned which = warning_of(client, error);
    /* one publication may be larger than a quarter of the queue */
    if (before->rest && error != CENTRIFUGE_ERROR_LIMIT_QUEUE && !client->warned[which])
        sim_fail(client->world, "high-water-first", "client %u: error %d, of which nobody has warned", client->index,
                 (int)error);
    client->refused[which] = true;
}

/* It may warn again when nothing is used. */
void sim_refusal_settled(sim_client *client)
{
    bool used[SIM_WARNINGS] = {client->batching || sim_sent_kept(client) + client->unsent > 0, outstanding(client) > 0,
                               subscriptions(client) > 0};
    for (unsigned i = 0; i < SIM_WARNINGS; i++) {
        if (client->refused[i] && !client->warned[i])
            sim_fail(client->world, "high-water-first", "client %u: error %d, of which nobody has warned", client->index,
                     (int)warnings[i]);
        client->refused[i] = false;
        client->warned[i] = client->warned[i] && used[i];
    }
}

/* ---- what it leaves ---- */

static void note_limit(const sim_client *client, centrifuge_error error)
{
    sim_world *world = client->world;
    if (error == CENTRIFUGE_ERROR_LIMIT_QUEUE)
        sim_met(world, SIM_SITUATION_LIMIT_QUEUE);
    else if (error == CENTRIFUGE_ERROR_LIMIT_CALLS)
        sim_met(world, SIM_SITUATION_LIMIT_CALLS);
    else if (error == CENTRIFUGE_ERROR_LIMIT_SUBSCRIPTIONS)
        sim_met(world, SIM_SITUATION_LIMIT_SUBSCRIPTIONS);
    else if (error == CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE)
        sim_met(world, SIM_SITUATION_LIMIT_FRAME);
    else
        sim_met(world, SIM_SITUATION_LIMIT_CHANNEL);
    if (error == CENTRIFUGE_ERROR_LIMIT_QUEUE && client->unsent > 0)
        sim_met(world, SIM_SITUATION_LIMIT_UNSENT);
    if (client->pumping)
        sim_met(world, SIM_SITUATION_LIMIT_INSIDE);
    if (cf_client_get_state(client->core) != CF_CLIENT_CONNECTED)
        sim_met(world, SIM_SITUATION_LIMIT_OFFLINE);
}

void sim_refusal_check(sim_client *client, const sim_before *before, centrifuge_error error)
{
    sim_world *world = client->world;
    if (error == CENTRIFUGE_ERROR_OK)
        return;
    if (is_limit(error))
        note_limit(client, error);
    if (is_limit(error) && error != CENTRIFUGE_ERROR_LIMIT_CHANNEL && error != CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE)
        note_refusal(client, before, error);
    size_t live = client->heap.live + (sim_sabotage_now(world, SIM_SABOTAGE_LEAKY_REFUSAL) ? 1 : 0);
    if (live != before->live)
        sim_fail(world, "refusal-changes", "client %u: error %d, and %zu blocks where %zu were", client->index, (int)error,
                 live, before->live);
    if (cf_client_get_state(client->core) != before->state || cf_client_will_reconnect(client->core) != before->reconnect ||
        cf_client_deadline(client->core) != before->deadline)
        sim_fail(world, "refusal-changes", "client %u: error %d, and its state is another", client->index, (int)error);
}

void sim_refusal_judge_call(sim_client *client, const sim_before *before, size_t size, centrifuge_error error)
{
    centrifuge_error expected = expect_call(client, before, size);
    bool certain = error == CENTRIFUGE_ERROR_LIMIT_CALLS || expected == CENTRIFUGE_ERROR_LIMIT_CALLS
                       ? before->rest || error == CENTRIFUGE_ERROR_LIMIT_CALLS
                       : !is_limit(error) && !is_limit(expected);
    if (certain || knows_queue(client, before))
        compare(client, before, expected, error);
    sim_refusal_check(client, before, error);
}

void sim_refusal_judge_subscribe(sim_client *client, const sim_before *before, cf_bytes channel, bool known,
                                 centrifuge_error error)
{
    centrifuge_error expected = expect_subscribe(client, before, channel, known);
    bool bytes = expected == CENTRIFUGE_ERROR_LIMIT_QUEUE || error == CENTRIFUGE_ERROR_LIMIT_QUEUE;
    if (!bytes || knows_queue(client, before))
        compare(client, before, expected, error);
    sim_refusal_check(client, before, error);
}

/* ---- messages ---- */

void sim_refusal_judge_message(sim_client *client, size_t size, unsigned told)
{
    sim_world *world = client->world;
    bool large = size > client->options.message_size_max;
    if (large)
        sim_met(world, SIM_SITUATION_LIMIT_MESSAGE);
    if (told != (large ? 1U : 0U))
        sim_fail(world, "limit-told", "client %u: a message of %zu bytes, the limit is %zu, told %u times", client->index, size,
                 client->options.message_size_max, told);
}

/* ---- afterwards ---- */

void sim_refusal_lets_go(sim_client *client)
{
    if (client->core == NULL || client->options.calls_max == 0 || cf_client_get_state(client->core) != CF_CLIENT_CONNECTED)
        return;
    if (sim_sent_kept(client) + client->unsent > 0) /* a refresh may be due at this very moment */
        return;
    CF_LIST_EACH (item, &client->subscriptions) {
        const sim_subscription *subscription = CF_CONTAINER(item, sim_subscription, link);
        if (!subscription->subscribed || outstanding(client) > 0)
            continue;
        sim_call *call = sim_client_new_call(client);
        centrifuge_error error = cf_subscription_presence(subscription->core, client->world->now, call);
        if (error != CENTRIFUGE_ERROR_OK || sim_sabotage_now(client->world, SIM_SABOTAGE_STUCK_LIMIT))
            sim_fail(client->world, "limit-lets-go", "client %u: nothing is outstanding, but a call is refused: %d",
                     client->index, (int)error);
        sim_client_pump(client);
        return;
    }
}

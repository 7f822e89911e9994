#include "world.h"

#include "client.h"
#include "refusal.h"
#include "script.h"
#include "sent.h"
#include "server.h"
#include "sockjs.h"
#include "watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More steps than this at one moment: something answers itself for ever. */
#define STEPS_MAX 100000
/* ms; their options are impatient. */
#define PATIENCE_OF_SCRIPTS 20000

void sim_note(sim_world *world, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    sim_trace_add(&world->trace, world->now, format, arguments);
    va_end(arguments);
}

void sim_fail(sim_world *world, const char *invariant, const char *format, ...)
{
    char text[SIM_TRACE_WIDTH];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    sim_note(world, "BROKEN %s: %s", invariant, text);
    world->invariant = invariant;
    longjmp(*world->failed, 1);
}

int64_t sim_unix_time(const sim_world *world)
{
    return INT64_C(1700000000) + world->now / 1000 + world->unix_offset;
}

void sim_met(sim_world *world, sim_situation situation)
{
    world->met[situation]++;
}

bool sim_sabotage_now(sim_world *world, sim_sabotage which)
{
    if (world->sabotage != which || world->sabotaged)
        return false;
    if (world->sabotage_in > 0) {
        world->sabotage_in--;
        return false;
    }
    world->sabotaged = true;
    sim_note(world, "sabotage");
    return true;
}

bool sim_sabotage_always(sim_world *world, sim_sabotage which)
{
    if (world->sabotage != which)
        return false;
    world->sabotaged = true;
    return true;
}

/* ---- the clock ---- */

static cf_time soonest(cf_time a, cf_time b)
{
    return a < b ? a : b;
}

static cf_time next_deadline(const sim_world *world)
{
    cf_time next = CF_TIME_NEVER;
    CF_LIST_EACH (item, &world->links)
        next = soonest(next, sim_link_deadline(CF_CONTAINER(item, sim_link, link)));
    CF_LIST_EACH (item, &world->requests)
        next = soonest(next, sim_request_deadline(CF_CONTAINER(item, sim_request, link)));
    for (size_t i = 0; i < world->scenario.clients; i++)
        next = soonest(next, sim_client_deadline(world->clients[i]));
    if (world->server != NULL)
        next = soonest(next, sim_server_deadline(world->server));
    return next;
}

static void sweep(sim_world *world)
{
    sim_request_sweep(world);
    cf_list *item = world->links.next;
    while (item != &world->links) {
        sim_link *link = CF_CONTAINER(item, sim_link, link);
        item = item->next;
        if (sim_link_over(link))
            sim_link_free(link);
    }
}

static bool step_request(sim_world *world)
{
    CF_LIST_EACH (item, &world->requests) {
        sim_request *request = CF_CONTAINER(item, sim_request, link);
        if (sim_request_deadline(request) > world->now)
            continue;
        sim_request_step(request);
        sweep(world);
        return true;
    }
    return false;
}

static bool step_link(sim_world *world)
{
    CF_LIST_EACH (item, &world->links) {
        sim_link *link = CF_CONTAINER(item, sim_link, link);
        if (sim_link_deadline(link) > world->now)
            continue;
        sim_link_step(link);
        sweep(world);
        return true;
    }
    return false;
}

/* Bytes before timers: a clock that jumped must not judge a peer whose bytes wait (client/core.h). */
static bool step(sim_world *world)
{
    if (step_request(world) || step_link(world))
        return true;
    if (world->server != NULL && sim_server_deadline(world->server) <= world->now) {
        sim_server_step(world->server);
        return true;
    }
    for (size_t i = 0; i < world->scenario.clients; i++)
        if (sim_client_deadline(world->clients[i]) <= world->now) {
            sim_client_tick(world->clients[i]);
            return true;
        }
    return false;
}

void sim_world_run(sim_world *world, cf_time until)
{
    for (;;) {
        sweep(world);
        cf_time next = next_deadline(world);
        if (next > until)
            break;
        if (next > world->now)
            world->now = next;
        for (unsigned steps = 0; step(world); steps++)
            if (steps > STEPS_MAX)
                sim_fail(world, "time-passes", "more than %d steps at one moment", STEPS_MAX);
    }
    if (world->now < until)
        world->now = until;
}

/* ---- the three acts ---- */

static void storm(sim_world *world)
{
    for (unsigned i = 0; i < world->scenario.actions; i++) {
        sim_world_act(world);
        int64_t pause = (int64_t)sim_random_below(&world->random, 200);
        if (sim_random_chance(&world->random, 60))
            pause = (int64_t)sim_random_below(&world->random, 60000);
        else if (sim_random_chance(&world->random, 300))
            pause = (int64_t)sim_random_below(&world->random, 5000);
        sim_world_run(world, world->now + pause);
    }
}

/* Memory is there, links are fast, and what could never be noticed is mended. */
static void end_faults(sim_world *world)
{
    sim_note(world, "calm");
    world->calm = true;
    world->refuse = world->hang = 0;
    if (world->server != NULL)
        sim_heap_fail(&world->server->heap, 0, 0);
    CF_LIST_EACH (item, &world->links) {
        sim_link *link = CF_CONTAINER(item, sim_link, link);
        bool pings = link->client != NULL && link->client->options.ping && link->client->options.ping_interval > 0;
        if (link->sockjs != NULL)
            sim_heap_fail(&link->sockjs->heap, 0, 0);
        bool hangs = link->dark || (link->sockjs != NULL && sim_sockjs_hangs(link));
        if (link->world->scenario.hostile || (hangs && !pings))
            sim_link_cut(link);
        link->down.stalled = link->up.stalled = world->now;
    }
    for (size_t i = 0; i < world->scenario.clients; i++) {
        sim_client *client = world->clients[i];
        sim_heap_fail(&client->heap, 0, 0);
        if (client->core == NULL)
            continue;
        client->asked = client->online = true;
        sim_sent_flush(client, true);
        sim_sent_stop_auth_batching(client);
        cf_client_network_changed(client->core, true, world->now);
        sim_client_pump(client);
    }
    if (world->play != NULL)
        sim_script_mend(world);
}

/* How long a client may need to notice that a connection is dead and to get the next one, ms. */
static int64_t patience(const sim_client *client)
{
    const cf_client_options *options = &client->options;
    return 2 * (options->ping_interval + options->pong_wait_timeout) + 2 * options->connect_timeout + 2 * options->max_retry +
           2 * (options->auth_timeout + options->refresh_timeout + options->refresh_interval) + 60000;
}

/* Who takes no larger messages than this cannot recover from everything. */
static bool takes_all(const sim_client *client)
{
    return client->options.message_size_max >= 16384;
}

/* Who takes less than the answers to all its subscriptions in one frame never gets through. */
static bool takes_answers(const sim_client *client)
{
    return client->options.message_size_max >= 3000;
}

static void check_connected(sim_world *world, const sim_client *client)
{
    if (client->core == NULL || !client->wanted || !takes_answers(client))
        return;
    if (cf_client_get_state(client->core) != CF_CLIENT_CONNECTED)
        sim_fail(world, "progress", "client %u is not connected %" PRId64 " ms after the last fault", client->index,
                 patience(client));
    CF_LIST_EACH (item, &client->subscriptions) {
        const sim_subscription *subscription = CF_CONTAINER(item, sim_subscription, link);
        cf_subscription_state state = cf_subscription_get_state(subscription->core);
        if (state == CF_SUBSCRIPTION_SUBSCRIBING || (state == CF_SUBSCRIPTION_NEW && client->options.resubscribe))
            sim_fail(world, "progress", "client %u waits for its subscription to %.*s", client->index,
                     (int)subscription->channel->name.size, subscription->channel->name.data);
    }
    CF_LIST_EACH (item, &client->calls) {
        const sim_call *call = CF_CONTAINER(item, sim_call, link);
        if (!call->done && client->options.resubscribe)
            sim_fail(world, "progress", "client %u waits for its call %u", client->index, call->number);
    }
}

/* One more message for each channel that the present configuration knows: everybody who is subscribed gets it. */
static void probe(sim_world *world)
{
    size_t published[SIM_CHANNELS_MAX] = {0}; /* the number of the message; 0: none */
    for (size_t i = 0; i < world->ledger.count; i++) {
        size_t before = world->ledger.channels[i].count;
        sim_server_publish(world->server, &world->ledger.channels[i], 1);
        if (world->scenario.store)
            sim_world_run(world, world->now + 1000);
        if (world->ledger.channels[i].count > before)
            published[i] = world->ledger.channels[i].count;
        if (published[i] == 0 && world->ledger.channels[i].known && world->server->config == 0)
            sim_fail(world, "probe", "nothing can be published to %.*s", (int)world->ledger.channels[i].name.size,
                     world->ledger.channels[i].name.data);
    }
    sim_world_run(world, world->now + 2000);
    for (size_t i = 0; i < world->scenario.clients; i++)
        CF_LIST_EACH (item, &world->clients[i]->subscriptions) {
            const sim_subscription *subscription = CF_CONTAINER(item, sim_subscription, link);
            /* at the last moment there may be more, on its way */
            size_t expected = published[subscription->channel - world->ledger.channels];
            if (subscription->subscribed && subscription->seen < expected && takes_all(world->clients[i]))
                sim_fail(world, "probe", "client %u has %.*s up to #%zu, published were %zu", world->clients[i]->index,
                         (int)subscription->channel->name.size, subscription->channel->name.data, subscription->seen, expected);
        }
}

/* Unless a reload has switched presence off and on meanwhile: then it takes a ping. */
static void check_present(sim_world *world)
{
    static const cf_bytes present = {"open:constructor", 16};
    const sim_channel *channel = sim_ledger_find(&world->ledger, present);
    if (channel == NULL || world->scenario.fault[SIM_FAULT_RELOAD] > 0)
        return;
    sim_server_check_present(world->server, channel);
    sim_world_run(world, world->now + 1000);
}

static void calm(sim_world *world)
{
    end_faults(world);
    int64_t wait = 0;
    if (world->play != NULL)
        wait = PATIENCE_OF_SCRIPTS;
    for (size_t i = 0; i < world->scenario.clients && world->play == NULL; i++)
        if (patience(world->clients[i]) > wait)
            wait = patience(world->clients[i]);
    sim_world_run(world, world->now + wait);
    for (size_t i = 0; i < world->scenario.clients; i++)
        check_connected(world, world->clients[i]);
    for (size_t i = 0; i < world->scenario.clients; i++)
        sim_refusal_lets_go(world->clients[i]);
    if (world->play != NULL)
        sim_script_look(world);
    if (world->server != NULL)
        probe(world);
    if (world->server != NULL)
        check_present(world);
    if (world->server != NULL)
        sim_server_check_pair(world->server);
}

static void finish(sim_world *world)
{
    for (size_t i = 0; i < world->scenario.clients; i++)
        sim_client_destroy(world->clients[i]);
    CF_LIST_EACH (item, &world->links) /* strangers go too */
        sim_link_end(CF_CONTAINER(item, sim_link, link), &CF_CONTAINER(item, sim_link, link)->up);
    sim_world_run(world, world->now + 60000);
    if (world->server != NULL)
        sim_server_check_empty(world->server);
    for (size_t i = 0; i < world->scenario.clients; i++)
        sim_client_free(world->clients[i]);
    if (world->server != NULL)
        sim_server_free(world->server);
    while (!cf_list_empty(&world->links))
        sim_link_free(CF_CONTAINER(world->links.next, sim_link, link));
    sim_request_sweep(world);
    sim_ledger_free(&world->ledger);
}

static void begin(sim_world *world)
{
    if (world->play != NULL)
        sim_script_choose(world);
    else
        sim_world_choose(world);
    const sim_scenario *scenario = &world->scenario;
    sim_note(world,
             "seed %" PRIu64 ": %zu clients, %zu channels, %u actions, delay %" PRId64
             " ms, window %zu%s%s%s%s%s%s%s%s%s, lifetime %" PRId64 " s",
             world->seed, scenario->clients, scenario->channels, scenario->actions, scenario->delay_max, scenario->window,
             scenario->hostile ? ", hostile" : "", scenario->insecure ? ", insecure" : "", scenario->lies ? ", lies" : "",
             scenario->limits ? ", limits" : "", scenario->late ? ", late" : "", scenario->store ? ", late store" : "",
             scenario->failing ? ", which fails" : "",
             scenario->crew   ? ", two workers"
             : scenario->pair ? ", two nodes"
                              : "",
             scenario->sockjs ? ", SockJS" : "", scenario->lifetime);
    if (!scenario->hostile)
        world->server = sim_server_new(world);
    for (size_t i = 0; i < scenario->clients; i++)
        world->clients[i] = sim_client_new(world, (unsigned)i);
}

static void report(const sim_world *world)
{
    fflush(stdout);
    fprintf(stderr, "seed %" PRIu64 " breaks the invariant '%s'. The last lines:\n\n", world->seed, world->invariant);
    sim_trace_dump(&world->trace);
    if (world->play == NULL)
        fprintf(stderr, "\nreplay: simulate --seed %" PRIu64 " --trace\n", world->seed);
}

static bool play(sim_world *world, sim_tracing tracing, bool quiet)
{
    jmp_buf failed;
    world->failed = &failed;
    world->random.state = world->seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
    sim_trace_init(&world->trace, tracing);
    cf_list_init(&world->links);
    cf_list_init(&world->requests);
    if (setjmp(failed) != 0) {
        if (!quiet)
            report(world);
        return false;
    }
    begin(world);
    if (world->play != NULL)
        sim_script_run(world);
    else
        storm(world);
    calm(world);
    finish(world);
    return true;
}

bool sim_world_play(sim_world *world, uint64_t seed, sim_sabotage sabotage, sim_tracing tracing, bool quiet)
{
    *world = (sim_world){.seed = seed, .sabotage = sabotage, .sabotage_in = (unsigned)(seed % 7)};
    return play(world, tracing, quiet);
}

bool sim_world_play_script(sim_world *world, sim_play *script)
{
    *world = (sim_world){.play = script, .seed = script->seed};
    return play(world, SIM_TRACING_KEEP, false);
}

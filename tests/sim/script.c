#include "script.h"

#include "client.h"
#include "sent.h"
#include "server.h"
#include "watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef enum step_kind {
    CONNECT,
    DISCONNECT,
    SUBSCRIBE, /* the argument: which channel, or how many */
    AGAIN,
    UNSUBSCRIBE,
    REMOVE,
    PUBLISH,
    PRESENCE,
    HISTORY,
    READY,
    PING,
    BATCH,
    FLUSH,
    UNBATCH,
    AUTH_BATCH,
    AUTH_UNBATCH,
    CONFIGURE,
    OFFLINE,
    ONLINE,
    DESTROY,
    START,
    NEWS, /* the server publishes to every channel */
    CUT,
    REFUSE,
    KICK,
    UNSUBSCRIBED, /* by the server */
    RESTART,
    PASS /* the argument: milliseconds, else 50 pass behind each step */
} step_kind;

struct sim_step {
    step_kind kind;
    unsigned argument;
    bool together; /* with the next one: no effect is taken in between */
};

/* The channels, as sim_script_choose orders them. */
enum { DEEP, SHALLOW, OPEN, NOWHERE, SECRET, SECRET_TOO };

/* ---- the lives ---- */

static const sim_step public_channels[] = {
    {SUBSCRIBE, DEEP, false},    {CONNECT, 0, false},        {SUBSCRIBE, OPEN, false},  {NEWS, 2, false},
    {PUBLISH, OPEN, false},      {PRESENCE, OPEN, false},    {HISTORY, OPEN, false},    {READY, OPEN, false},
    {SUBSCRIBE, NOWHERE, false}, {READY, NOWHERE, false},    {PUBLISH, NOWHERE, false}, {UNSUBSCRIBED, DEEP, false},
    {AGAIN, DEEP, false},        {UNSUBSCRIBE, OPEN, true},  {AGAIN, OPEN, false},      {NEWS, 1, false},
    {REMOVE, NOWHERE, false},    {UNSUBSCRIBE, DEEP, false},
};

static const sim_step calls_before_everything[] = {
    {SUBSCRIBE, DEEP, true}, {SUBSCRIBE, OPEN, true}, {SUBSCRIBE, SECRET, true}, {PUBLISH, DEEP, true}, {PUBLISH, SECRET, true},
    {PRESENCE, OPEN, true},  {READY, SECRET, true},   {HISTORY, SECRET, true},   {READY, DEEP, true},   {CONNECT, 0, false},
    {PASS, 500, false},      {PUBLISH, DEEP, true},   {HISTORY, DEEP, false},
};

static const sim_step recovery[] = {
    {SUBSCRIBE, DEEP, false}, {SUBSCRIBE, SHALLOW, false}, {CONNECT, 0, false}, {NEWS, 2, false},    {CUT, 0, false},
    {NEWS, 5, false},         {PUBLISH, DEEP, false},      {PASS, 3000, false}, {NEWS, 1, false},    {KICK, 0, false},
    {NEWS, 2, false},         {PASS, 3000, false},         {RESTART, 0, false}, {PASS, 5000, false}, {NEWS, 3, false},
};

static const sim_step private_channels[] = {
    {SUBSCRIBE, SECRET, false},
    {CONNECT, 0, false},
    {PASS, 500, false},
    {SUBSCRIBE, SECRET_TOO, false},
    {PASS, 500, false},
    {PUBLISH, SECRET, false},
    {NEWS, 2, false},
    {CUT, 0, false},
    {NEWS, 2, false},
    {PASS, 3000, false},
    {UNSUBSCRIBE, SECRET, true},
    {AGAIN, SECRET, false},
    {UNSUBSCRIBE, SECRET, true},
    {AGAIN, SECRET, true},
    {REMOVE, SECRET_TOO, false},
    {SUBSCRIBE, SECRET_TOO, false},
    {PASS, 500, false},
};

static const sim_step refused_channels[] = {
    {SUBSCRIBE, SECRET, true}, {SUBSCRIBE, SECRET_TOO, true}, {PUBLISH, SECRET, true}, {CONNECT, 0, false},
    {PASS, 3000, false},       {READY, SECRET, false},        {AGAIN, SECRET, false},  {PASS, 200, false},
    {REMOVE, SECRET, false},   {AGAIN, SECRET_TOO, false},    {CUT, 0, false},         {PASS, 3000, false},
};

static const sim_step auth_batching[] = {
    {CONNECT, 0, false},
    {AUTH_BATCH, 0, true},
    {SUBSCRIBE, SECRET, true},
    {SUBSCRIBE, SECRET_TOO, true},
    {SUBSCRIBE, DEEP, false},
    {AUTH_UNBATCH, 0, false},
    {PASS, 500, false},
    {AUTH_BATCH, 0, false},
    {UNSUBSCRIBE, SECRET, true},
    {AGAIN, SECRET, false},
    {CUT, 0, false},
    {PASS, 3000, false},
    {UNSUBSCRIBE, SECRET_TOO, true},
    {AGAIN, SECRET_TOO, true},
    {AUTH_UNBATCH, 0, false},
    {PASS, 500, false},
};

static const sim_step batching[] = {
    {SUBSCRIBE, DEEP, false}, {SUBSCRIBE, OPEN, false}, {CONNECT, 0, false}, {BATCH, 0, true},          {PUBLISH, DEEP, true},
    {PUBLISH, DEEP, true},    {PRESENCE, OPEN, false},  {FLUSH, 0, false},   {UNSUBSCRIBE, OPEN, true}, {AGAIN, OPEN, false},
    {PUBLISH, DEEP, false},   {CUT, 0, false},          {PASS, 3000, false}, {PUBLISH, DEEP, true},     {HISTORY, DEEP, false},
    {UNBATCH, 0, false},      {PING, 0, false},         {BATCH, 0, false},   {PUBLISH, OPEN, false},    {DISCONNECT, 0, false},
};

static const sim_step batch_of_a_turn[] = {
    {SUBSCRIBE, DEEP, true},   {SUBSCRIBE, SECRET, true}, {CONNECT, 0, false},   {PASS, 500, false},
    {PUBLISH, DEEP, true},     {PUBLISH, SECRET, true},   {HISTORY, DEEP, true}, {SUBSCRIBE, OPEN, false},
    {UNSUBSCRIBE, DEEP, true}, {AGAIN, DEEP, true},       {PING, 0, false},      {PUBLISH, DEEP, true},
    {DISCONNECT, 0, true},     {CONNECT, 0, false},       {PASS, 500, false},
};

static const sim_step credentials[] = {
    {SUBSCRIBE, DEEP, false}, {SUBSCRIBE, SECRET, false}, {CONNECT, 0, false}, {PASS, 9000, false}, {OFFLINE, 0, false},
    {CUT, 0, false},          {PASS, 9000, false},        {ONLINE, 0, false},  {PASS, 2000, false}, {DISCONNECT, 0, false},
    {PASS, 9000, false},      {CONNECT, 0, false},        {PASS, 2000, false}, {BATCH, 0, false},   {PASS, 9000, false},
    {UNBATCH, 0, false},
};

static const sim_step no_credentials[] = {
    {SUBSCRIBE, DEEP, false}, {CONNECT, 0, false}, {PASS, 20000, false}, {CUT, 0, false}, {PASS, 20000, false},
};

static const sim_step networks[] = {
    {SUBSCRIBE, DEEP, false}, {REFUSE, 3, false},   {CONNECT, 0, false},    {PASS, 3000, false}, {OFFLINE, 0, false},
    {PASS, 3000, false},      {ONLINE, 0, false},   {PASS, 3000, false},    {ONLINE, 0, false},  {PASS, 9000, false},
    {CONFIGURE, 0, false},    {PING, 0, false},     {DISCONNECT, 0, false}, {CONNECT, 0, true},  {DISCONNECT, 0, true},
    {CONNECT, 0, false},      {CONFIGURE, 0, true}, {CUT, 0, false},        {PASS, 3000, false},
};

static const sim_step without_resubscribe[] = {
    {CONNECT, 0, false}, {SUBSCRIBE, DEEP, false}, {SUBSCRIBE, SECRET, false}, {PASS, 500, false},
    {CUT, 0, false},     {PASS, 3000, false},      {AGAIN, DEEP, false},       {PUBLISH, DEEP, false},
};

static const sim_step ends[] = {
    {DESTROY, 0, false},     {START, 0, false},   {SUBSCRIBE, DEEP, true},   {PUBLISH, DEEP, true},
    {DESTROY, 0, false},     {START, 0, false},   {CONNECT, 0, true},        {DESTROY, 0, false},
    {START, 0, false},       {REFUSE, 1, true},   {CONNECT, 0, false},       {PASS, 100, false},
    {DESTROY, 0, false},     {START, 0, false},   {SUBSCRIBE, SECRET, true}, {CONNECT, 0, false},
    {PUBLISH, SECRET, true}, {DESTROY, 0, false}, {START, 0, false},         {SUBSCRIBE, DEEP, true},
    {SUBSCRIBE, OPEN, true}, {CONNECT, 0, false}, {BATCH, 0, true},          {PUBLISH, DEEP, true},
    {REMOVE, OPEN, true},    {DESTROY, 0, false}, {START, 0, false},         {SUBSCRIBE, DEEP, false},
    {CONNECT, 0, false},
};

static const sim_step by_requests[] = {
    {SUBSCRIBE, DEEP, false}, {SUBSCRIBE, OPEN, false}, {CONNECT, 0, false},   {PASS, 500, false},  {NEWS, 5, false},
    {PUBLISH, DEEP, true},    {PUBLISH, OPEN, false},   {NEWS, 30, false},     {CUT, 0, false},     {NEWS, 5, false},
    {PASS, 3000, false},      {PUBLISH, DEEP, false},   {KICK, 0, false},      {PASS, 3000, false}, {NEWS, 2, false},
    {RESTART, 0, false},      {PASS, 5000, false},      {DISCONNECT, 0, true}, {CONNECT, 0, false}, {PASS, 500, false},
};

#define SCRIPT(steps) #steps, steps, sizeof(steps) / sizeof((steps)[0])

static const sim_script scripts[] = {
    {SCRIPT(public_channels), 0, false, false, false, true, -1, false},
    {SCRIPT(calls_before_everything), 0, false, false, false, true, -1, false},
    {SCRIPT(recovery), 0, true, false, false, true, -1, false},
    {SCRIPT(private_channels), 0, false, false, false, true, -1, false},
    {SCRIPT(refused_channels), 0, false, true, false, true, -1, false},
    {SCRIPT(auth_batching), 0, false, false, false, true, -1, false},
    {SCRIPT(batching), 0, false, false, false, true, -1, false},
    {SCRIPT(batch_of_a_turn), 0, false, false, true, true, -1, false},
    {SCRIPT(credentials), 4, false, false, false, true, -1, false},
    {SCRIPT(no_credentials), 4, false, true, false, true, 2, false},
    {SCRIPT(networks), 0, false, false, false, true, -1, false},
    {SCRIPT(without_resubscribe), 0, false, false, false, false, -1, false},
    {SCRIPT(ends), 0, false, false, false, true, -1, false},
    {SCRIPT(by_requests), 0, false, false, false, true, -1, true},
};

#define SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

/* ---- the world of one ---- */

void sim_script_choose(sim_world *world)
{
    static const sim_channel channels[] = {
        [DEEP] = {.name = {"deep:a", 6}, .deep = true, .known = true},
        [SHALLOW] = {.name = {"shallow:b", 9}, .known = true},
        [OPEN] = {.name = {"open:c", 6}, .known = true},
        [NOWHERE] = {.name = {"nowhere:x", 9}},
        [SECRET] = {.name = {"$deep:s", 7}, .deep = true, .known = true},
        [SECRET_TOO] = {.name = {"$p", 2}, .known = true},
    };
    const sim_script *script = world->play->script;
    world->scenario = (sim_scenario){
        .clients = 1,
        .channels = sizeof(channels) / sizeof(channels[0]),
        .insecure = script->insecure,
        .lifetime = script->lifetime,
        .refuses = script->refuses,
        .user_calls = world->play->careless ? 300 : 0,
        .delay_max = 2,
        .window = script->sockjs ? 500 : 1 << 20, /* the rest of an answer needs memory, too */
        .sockjs = script->sockjs,
    };
    /* what is missing may be for want of memory */
    world->scenario.fault[SIM_FAULT_CLIENT_MEMORY] = 1;
    world->scenario.fault[SIM_FAULT_SERVER_MEMORY] = world->play->server;
    world->ledger.count = world->scenario.channels;
    memcpy(world->ledger.channels, channels, sizeof(channels));
}

void sim_script_options(const sim_script *script, cf_client_options *options)
{
    options->batch = script->batch;
    options->resubscribe = script->resubscribe;
    options->refresh_attempts = script->refresh_attempts;
    options->retry = 500;
    options->max_retry = 1000;
    options->timeout = 1000;
    options->ping_interval = 3000;
    options->pong_wait_timeout = 1000;
    options->connect_timeout = options->auth_timeout = options->refresh_timeout = 2000;
    options->refresh_interval = 500;
}

/* ---- steps ---- */

static sim_heap *heap_of(sim_world *world)
{
    return world->play->server ? &world->server->heap : &world->clients[0]->heap;
}

static void start(sim_world *world)
{
    if (world->clients[0]->core == NULL)
        (void)sim_client_start(world->clients[0]);
}

/* What was refused for want of memory is noted, to be done again. */
static void subscribe(sim_world *world, unsigned which)
{
    sim_client *client = world->clients[0];
    (void)sim_client_subscribe(client, &world->ledger.channels[which]);
    world->play->denied[which] = client->subscribe_error == CENTRIFUGE_ERROR_NO_MEMORY;
}

static void connect(sim_world *world)
{
    sim_client_connect(world->clients[0]);
    world->play->denied_connect = !world->clients[0]->wanted;
}

static void set_online(sim_client *client, bool online)
{
    client->online = online;
    client->asked = client->asked || online;
    cf_client_network_changed(client->core, online, client->world->now);
}

static void publish_news(sim_world *world, unsigned count)
{
    for (size_t i = 0; i < world->ledger.count; i++)
        sim_server_publish(world->server, &world->ledger.channels[i], count);
}

static void node_done(void *user, cf_trouble trouble)
{
    (void)user;
    (void)trouble;
}

static void kick(sim_world *world, cf_session *session)
{
    sim_server_begin(world->server);
    sim_server_kick(session, "maintenance", true);
    sim_server_end(world->server);
}

static void unsubscribe_by_server(sim_world *world, const sim_channel *channel)
{
    if (world->server->node == NULL)
        return;
    sim_watch_server_unsubscribe(world, channel);
    sim_server_begin(world->server);
    cf_node_unsubscribe(world->server->node, world->clients[0]->options.user, channel->name, node_done, NULL);
    sim_server_end(world->server);
}

static void act_on_server(sim_world *world, const sim_step *step)
{
    sim_link *link = world->clients[0]->transport;
    switch (step->kind) {
    case NEWS:
        publish_news(world, step->argument);
        break;
    case CUT:
        if (link != NULL && link->state == SIM_LINK_OPEN)
            sim_link_cut(link);
        break;
    case REFUSE:
        world->refuse = step->argument;
        break;
    case KICK:
        if (link != NULL && sim_server_session(link) != NULL)
            kick(world, sim_server_session(link));
        break;
    case UNSUBSCRIBED:
        unsubscribe_by_server(world, &world->ledger.channels[step->argument]);
        break;
    default:
        if (world->server->node != NULL)
            sim_server_restart(world->server, 500);
        break;
    }
}

static void act_on_client(sim_world *world, const sim_step *step)
{
    sim_client *client = world->clients[0];
    sim_channel *channel = &world->ledger.channels[step->argument % SIM_CHANNELS_MAX];
    static const sim_habit habits[] = {
        [DISCONNECT] = SIM_HABIT_DISCONNECT, [UNSUBSCRIBE] = SIM_HABIT_UNSUBSCRIBE,
        [REMOVE] = SIM_HABIT_REMOVE,         [PUBLISH] = SIM_HABIT_PUBLISH,
        [PRESENCE] = SIM_HABIT_PRESENCE,     [HISTORY] = SIM_HABIT_HISTORY,
        [READY] = SIM_HABIT_READY,           [PING] = SIM_HABIT_PING,
        [CONFIGURE] = SIM_HABIT_CONFIGURE,
    };
    switch (step->kind) {
    case CONNECT:
        connect(world);
        break;
    case SUBSCRIBE:
    case AGAIN:
        subscribe(world, step->argument);
        break;
    case BATCH:
        sim_sent_start_batching(client);
        break;
    case FLUSH:
    case UNBATCH:
        sim_sent_flush(client, step->kind == UNBATCH);
        break;
    case AUTH_BATCH:
        sim_sent_start_auth_batching(client);
        break;
    case AUTH_UNBATCH:
        sim_sent_stop_auth_batching(client);
        break;
    case OFFLINE:
    case ONLINE:
        set_online(client, step->kind == ONLINE);
        break;
    case DESTROY:
        sim_client_destroy(client);
        break;
    default:
        sim_client_do(client, habits[step->kind], channel);
        break;
    }
    if (step->kind == UNSUBSCRIBE || step->kind == REMOVE)
        world->play->denied[step->argument] = false;
    if (step->kind != DISCONNECT && step->kind != DESTROY)
        return;
    /* they end every subscription, too */
    memset(world->play->denied, 0, sizeof(world->play->denied));
    world->play->denied_connect = false;
}

static void take_step(sim_world *world, const sim_step *step)
{
    sim_client *client = world->clients[0];
    if (step->kind == START)
        start(world);
    else if (step->kind >= NEWS && step->kind != PASS)
        act_on_server(world, step);
    else if (step->kind != PASS && client->core != NULL)
        act_on_client(world, step);
    if (client->core != NULL)
        client->lazy = step->together;
    if (step->together)
        return;
    if (client->core != NULL)
        sim_client_pump(client);
    sim_world_run(world, world->now + (step->kind == PASS ? (int64_t)step->argument : 50));
}

void sim_script_run(sim_world *world)
{
    sim_play *play = world->play;
    play->before = heap_of(world)->count;
    sim_heap_fail(heap_of(world), play->at, play->more);
    start(world);
    for (size_t i = 0; i < play->script->count; i++)
        take_step(world, &play->script->steps[i]);
    play->allocations = heap_of(world)->count - play->before;
}

void sim_script_mend(sim_world *world)
{
    sim_play *play = world->play;
    if (world->clients[0]->core == NULL)
        return;
    for (unsigned i = 0; i < world->ledger.count; i++)
        if (play->denied[i])
            subscribe(world, i);
    if (play->denied_connect)
        connect(world);
    sim_client_pump(world->clients[0]);
}

void sim_script_look(sim_world *world)
{
    const sim_client *client = world->clients[0];
    sim_outcome *outcome = &world->play->outcome;
    outcome->started = client->core != NULL;
    if (client->core == NULL)
        return;
    outcome->state = cf_client_get_state(client->core);
    for (size_t i = 0; i < world->ledger.count; i++) {
        const cf_subscription *subscription = cf_client_find(client->core, world->ledger.channels[i].name);
        outcome->subscriptions[i] =
            subscription == NULL ? CF_SUBSCRIPTION_UNSUBSCRIBED : cf_subscription_get_state(subscription);
    }
}

/* ---- all shortages ---- */

static bool play(sim_world *world, sim_play *play)
{
    if (sim_world_play_script(world, play))
        return true;
    fprintf(stderr, "%s: the %s's allocation %" PRIu64 " fails, and %" PRIu64 " behind it (seed %u%s)\n", play->script->name,
            play->server ? "server" : "client", play->at, play->more, play->seed, play->careless ? ", careless" : "");
    return false;
}

/* Who asks again in the calm is not refused any more. */
static bool same_state(const sim_script *script, cf_subscription_state state, cf_subscription_state wanted)
{
    return state == wanted || (script->refuses && state == CF_SUBSCRIPTION_SUBSCRIBED && wanted == CF_SUBSCRIPTION_REFUSED);
}

/*
 * A client without memory comes to where it comes with memory. A server without may have refused something, and who had no
 * memory to connect has not given up either.
 */
static bool same_end(const sim_world *world, const sim_play *with, const sim_play *without)
{
    const sim_outcome *outcome = &without->outcome;
    if (!outcome->started || without->server || without->careless || without->script->refresh_attempts >= 0)
        return true;
    bool same = outcome->state == with->outcome.state;
    /* without it, subscriptions end with the connection that had no memory */
    for (size_t i = 0; i < SIM_CHANNELS_MAX && without->script->resubscribe; i++)
        same = same && same_state(without->script, outcome->subscriptions[i], with->outcome.subscriptions[i]);
    if (same)
        return true;
    sim_trace_dump(&world->trace);
    fprintf(stderr, "%s ends otherwise when allocation %" PRIu64 " fails, and %" PRIu64 " behind it: state %d, not %d;",
            without->script->name, without->at, without->more, (int)outcome->state, (int)with->outcome.state);
    for (size_t i = 0; i < SIM_CHANNELS_MAX; i++)
        fprintf(stderr, " %d(%d)", (int)outcome->subscriptions[i], (int)with->outcome.subscriptions[i]);
    fputs("\n", stderr);
    return false;
}

/* So many allocations fail behind the first; the last one: all that follow. */
static const uint64_t lengths[] = {0, 1, 2, 7, 30, UINT64_MAX};

#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

/* The three ways to play a script. */
static const struct {
    const char *name;
    bool careless;
    bool server;
    size_t step; /* through `lengths` */
    unsigned seeds;
} passes[] = {
    {"of the client", false, false, 1, 1},
    {"with a careless user", true, false, LENGTHS - 1, 8},
    {"of the server", false, true, LENGTHS - 1, 1},
};

#define PASSES (sizeof(passes) / sizeof(passes[0]))

static bool play_shortages(sim_world *world, const sim_script *script, size_t pass, unsigned seed, uint64_t *runs)
{
    const sim_play start = {.script = script, .seed = seed, .careless = passes[pass].careless, .server = passes[pass].server};
    sim_play with = start;
    if (!play(world, &with))
        return false;
    for (uint64_t at = 1; at <= with.allocations; at++)
        for (size_t i = 0; i < LENGTHS; i += passes[pass].step) {
            sim_play without = start;
            without.at = at;
            without.more = lengths[i];
            if (!play(world, &without) || !same_end(world, &with, &without))
                return false;
            ++*runs;
        }
    return true;
}

bool sim_script_play_all(sim_world *world)
{
    uint64_t all = 0;
    for (size_t i = 0; i < SCRIPTS; i++) {
        printf("%s:", scripts[i].name);
        for (size_t pass = 0; pass < PASSES; pass++) {
            uint64_t runs = 0;
            for (unsigned seed = 0; seed < passes[pass].seeds; seed++)
                if (!play_shortages(world, &scripts[i], pass, seed, &runs))
                    return false;
            printf(" %" PRIu64 " %s%s", runs, passes[pass].name, pass + 1 < PASSES ? "," : "\n");
            all += runs;
        }
    }
    printf("%" PRIu64 " shortages of memory: every invariant holds, and every end is the right one\n", all);
    return true;
}

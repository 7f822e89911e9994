/*
 * The generator: which scenario a seed is, and its steps.
 */
#include "client.h"
#include "peer.h"
#include "server.h"
#include "sockjs.h"
#include "watch.h"

#include <stdio.h>
#include <string.h>

/* ---- the scenario ---- */

typedef struct channel_kind {
    cf_bytes name;
    bool deep;
    bool recovers;
    bool known;
} channel_kind;

static void choose_channels(sim_world *world)
{
    static const channel_kind kinds[] = {
        {{"deep:a", 6}, true, true, true},
        {{"shallow:b", 9}, false, true, true},
        {{"plain", 5}, false, false, true},
        {{"open:constructor", 16}, false, true, true},
        {{"deep:\xc3\xa9\xe2\x82\xac", 10}, true, true, true},
        {{"nowhere:x", 9}, false, false, false},
        {{"$deep:s", 7}, true, true, true},
        {{"$p", 2}, false, false, true},
    };
    sim_ledger *ledger = &world->ledger;
    ledger->count = world->scenario.channels;
    unsigned first = sim_random_below(&world->random, SIM_CHANNELS_MAX);
    for (size_t i = 0; i < ledger->count; i++) {
        const channel_kind *kind = &kinds[(first + i) % SIM_CHANNELS_MAX];
        ledger->channels[i] =
            (sim_channel){.name = kind->name, .deep = kind->deep, .recovers = kind->recovers, .known = kind->known};
    }
}

/* Per mille of the seeds that know a fault, and its weight among the steps then. */
typedef struct fault_kind {
    unsigned seeds;
    unsigned weight;
    bool server; /* makes sense with the real server only */
    void (*strike)(sim_world *world);
} fault_kind;

static sim_link *any_link(sim_world *world)
{
    unsigned count = 0;
    CF_LIST_EACH (item, &world->links)
        count++;
    unsigned chosen = sim_random_below(&world->random, count);
    CF_LIST_EACH (item, &world->links)
        if (chosen-- == 0)
            return CF_CONTAINER(item, sim_link, link);
    return NULL;
}

static sim_client *any_client(sim_world *world)
{
    return world->clients[sim_random_below(&world->random, (unsigned)world->scenario.clients)];
}

static sim_channel *any_channel(sim_world *world)
{
    return &world->ledger.channels[sim_random_below(&world->random, (unsigned)world->ledger.count)];
}

/* ---- faults ---- */

static void strike_cut(sim_world *world)
{
    sim_link *link = any_link(world);
    if (link == NULL || link->state != SIM_LINK_OPEN)
        return;
    sim_note(world, "fault: link %u is cut", link->number);
    sim_link_cut(link);
}

static void strike_dark(sim_world *world)
{
    sim_link *link = any_link(world);
    if (link == NULL || link->state != SIM_LINK_OPEN || (!link->server_open && link->sockjs == NULL))
        return;
    sim_note(world, "fault: link %u goes dark", link->number);
    link->dark = true;
    link->dark_until = world->now + 40000;
}

static void strike_stall(sim_world *world)
{
    sim_link *link = any_link(world);
    if (link == NULL)
        return;
    link->down.stalled = world->now + 1 + (int64_t)sim_random_below(&world->random, 20000);
    sim_note(world, "fault: the client of link %u does not read", link->number);
}

static void strike_refuse(sim_world *world)
{
    world->refuse = 1 + sim_random_below(&world->random, 6);
}

static void strike_hang(sim_world *world)
{
    world->hang = 1 + sim_random_below(&world->random, 3);
}

static void strike_kick(sim_world *world)
{
    static const char *const reasons[] = {"disconnect",    "stale", "shutting down", "expired", "", "internal server error",
                                          "\\\"quoted\\\""};
    sim_link *link = any_link(world);
    if (link == NULL || sim_server_session(link) == NULL)
        return;
    const char *reason = SIM_PICK(&world->random, reasons);
    bool reconnect = sim_random_chance(&world->random, 700);
    bool bare = sim_random_chance(&world->random, 150);
    sim_server_begin(world->server);
    cf_session *session = sim_server_session(link);
    if (session != NULL && bare)
        cf_session_close_code(session, CF_WS_CLOSE_GOING_AWAY, cf_bytes_of(reason));
    else if (session != NULL)
        sim_server_kick(session, reason, reconnect);
    sim_server_end(world->server);
}

static void node_done(void *user, cf_trouble trouble)
{
    (void)user;
    (void)trouble;
}

static cf_bytes any_user(sim_world *world)
{
    static const cf_bytes users[] = {{"user0", 5}, {"user1", 5}, {"user2", 5}, {"nobody", 6}};
    return SIM_PICK(&world->random, users);
}

static void strike_api_disconnect(sim_world *world)
{
    if (world->server->node == NULL)
        return;
    cf_bytes user = any_user(world);
    sim_note(world, "API: disconnect %.*s", (int)user.size, user.data);
    sim_server_begin(world->server);
    cf_node_disconnect(sim_server_any_node(world->server), user, node_done, NULL);
    sim_server_end(world->server);
}

static void strike_api_unsubscribe(sim_world *world)
{
    if (world->server->node == NULL)
        return;
    cf_bytes user = any_user(world);
    sim_channel *channel = sim_random_chance(&world->random, 200) ? NULL : any_channel(world);
    cf_bytes name = channel == NULL ? CF_BYTES("") : channel->name;
    sim_note(world, "API: unsubscribe %.*s from %.*s", (int)user.size, user.data, (int)name.size, name.data);
    sim_watch_server_unsubscribe(world, channel);
    sim_server_begin(world->server);
    cf_node_unsubscribe(sim_server_any_node(world->server), user, name, node_done, NULL);
    sim_server_end(world->server);
}

static void strike_reload(sim_world *world)
{
    sim_server_reload(world->server, sim_random_below(&world->random, SIM_CONFIGS));
}

static void strike_restart(sim_world *world)
{
    if (world->server->node != NULL)
        sim_server_restart(world->server, (int64_t)sim_random_below(&world->random, 5000));
}

static void strike_shutdown(sim_world *world)
{
    sim_server_shutdown(world->server);
}

static void strike_clock(sim_world *world)
{
    static const int64_t jumps[] = {1000, 30000, 61000, 3600000, 86400000};
    int64_t jump = SIM_PICK(&world->random, jumps);
    sim_note(world, "fault: the clock jumps by %ld ms", (long)jump);
    sim_world_run(world, world->now); /* no turn spans it */
    world->now += jump;
    if (world->server != NULL)
        world->server->stop_by += jump;
    sim_world_run(world, world->now);
}

static void strike_unix(sim_world *world)
{
    world->unix_offset += (int64_t)sim_random_below(&world->random, 200000) - 100000;
    sim_note(world, "fault: the date is set");
}

static void strike_network(sim_world *world)
{
    sim_client *client = any_client(world);
    if (client->core == NULL)
        return;
    client->online = sim_random_chance(&world->random, 600);
    client->asked = client->asked || client->online;
    sim_note(world, "client %u: network %s", client->index, client->online ? "came" : "went");
    cf_client_network_changed(client->core, client->online, world->now);
    sim_client_pump(client);
}

/* A connection that is no client of ours: anything may come through it. */
static void strike_stranger(sim_world *world)
{
    static const char *const texts[] = {
        "{\"uid\":\"1\",\"method\":\"connect\",\"params\":{\"user\":\"user1\"}}",
        "{\"method\":\"publish\"}",
        "[]",
        "[null]",
        "",
        "{\"uid\":\"2\",\"method\":\"subscribe\",\"params\":{\"channel\":\"deep:a\",\"recover\":true,\"last\":\"x\"}}",
        "{\"uid\":3}",
        "[{\"method\":\"connect\",\"params\":{}},{\"method\":\"subscribe\",\"params\":{\"channel\":\"plain\"}}]",
        "[{\"method\":\"ping\"},null]",
        "{\"uid\":\"4\",\"method\":\"history\",\"params\":{\"channel\":\"deep:a\"}}",
        "\xff\xfe",
        "{\"a\":",
    };
    if (world->server->node == NULL)
        return;
    sim_link *link = sim_link_new(world, NULL, 0, 1000);
    link->state = SIM_LINK_OPEN;
    link->server_open = true;
    link->ping_at = CF_TIME_NEVER;
    sim_note(world, "fault: link %u is a stranger", link->number);
    sim_server_accept(link);
    cf_buffer frames;
    cf_buffer_init(&frames, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    static const uint8_t mask[4] = {4, 3, 2, 1};
    for (unsigned i = sim_random_below(&world->random, 6); i > 0; i--)
        cf_ws_append_frame(&frames, sim_random_chance(&world->random, 900) ? CF_WS_TEXT : CF_WS_BINARY,
                           cf_bytes_of(SIM_PICK(&world->random, texts)), mask);
    if (frames.size > 0 && sim_random_chance(&world->random, 200))
        frames.data[sim_random_below(&world->random, (unsigned)frames.size)] ^= 0x55;
    if (frames.size > 0)
        sim_link_write(link, &link->up, cf_buffer_bytes(&frames));
    cf_buffer_free(&frames);
    if (sim_random_chance(&world->random, 500))
        sim_link_end(link, &link->up);
}

static void strike_client_memory(sim_world *world)
{
    sim_client *client = any_client(world);
    sim_note(world, "fault: client %u will be short of memory", client->index);
    sim_heap_fail(&client->heap, 1 + sim_random_below(&world->random, 40), sim_random_below(&world->random, 3));
    if (client->transport != NULL && client->transport->sockjs != NULL)
        sim_heap_fail(&client->transport->sockjs->heap, 1 + sim_random_below(&world->random, 10), 0);
}

static void strike_server_memory(sim_world *world)
{
    sim_note(world, "fault: the server will be short of memory");
    sim_heap_fail(&world->server->heap, 1 + sim_random_below(&world->random, 60), sim_random_below(&world->random, 3));
}

static void strike_ghost(sim_world *world)
{
    static const cf_bytes text = {"{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"deep:a\"}}", 52};
    sim_client *client = any_client(world);
    if (client->core == NULL)
        return;
    sim_client_pump(client);
    if (client->core == NULL)
        return;
    uint32_t id = client->transport == NULL ? 1 + sim_random_below(&world->random, 3) : client->transport->transport + 1;
    sim_note(world, "fault: client %u hears of transport %u, which is not its own", client->index, (unsigned)id);
    switch (sim_random_below(&world->random, 5)) {
    case 0:
        cf_client_transport_opened(client->core, id, CF_BYTES("ghost"), world->now);
        break;
    case 1:
        cf_client_transport_received(client->core, id, text, world->now);
        break;
    case 2:
        cf_client_transport_alive(client->core, id, world->now);
        break;
    case 3:
        cf_client_transport_closed(client->core, id, CF_CLOSE_NO_STATUS, CF_BYTES("ghost"), CENTRIFUGE_ERROR_NETWORK,
                                   world->now);
        break;
    default:
        cf_client_tick(client->core, world->now);
        break;
    }
    sim_client_pump(client);
}

static void strike_destroy(sim_world *world)
{
    sim_client_destroy(any_client(world));
}

/* ---- faults of SockJS ---- */

static sim_link *any_sockjs(sim_world *world)
{
    sim_link *link = any_link(world);
    return link != NULL && link->sockjs != NULL ? link : NULL;
}

static void strike_request_cut(sim_world *world)
{
    sim_link *link = any_sockjs(world);
    sim_request *request = link == NULL ? NULL : sim_sockjs_any_request(link);
    if (request == NULL)
        return;
    sim_note(world, "fault: request %u is cut", request->number);
    sim_request_cut(request);
}

static void strike_request_dark(sim_world *world)
{
    sim_link *link = any_sockjs(world);
    sim_request *request = link == NULL ? NULL : sim_sockjs_any_request(link);
    if (request == NULL)
        return;
    sim_note(world, "fault: request %u goes dark", request->number);
    sim_request_darken(request);
}

static void strike_strangers(sim_world *world)
{
    sim_note(world, "fault: strangers open sessions");
    for (unsigned i = 1 + sim_random_below(&world->random, 30); i > 0 && world->server->node != NULL; i--)
        sim_sockjs_be_stranger(world);
}

static void strike_intruder(sim_world *world)
{
    sim_link *link = any_sockjs(world);
    if (link != NULL)
        sim_sockjs_intrude(link);
}

static const fault_kind faults[SIM_FAULT_COUNT] = {
    [SIM_FAULT_CUT] = {600, 5, false, strike_cut},
    [SIM_FAULT_DARK] = {300, 3, false, strike_dark},
    [SIM_FAULT_STALL] = {300, 3, false, strike_stall},
    [SIM_FAULT_REFUSE] = {300, 3, false, strike_refuse},
    [SIM_FAULT_HANG] = {300, 2, false, strike_hang},
    [SIM_FAULT_KICK] = {400, 4, true, strike_kick},
    [SIM_FAULT_API_DISCONNECT] = {200, 2, true, strike_api_disconnect},
    [SIM_FAULT_API_UNSUBSCRIBE] = {200, 3, true, strike_api_unsubscribe},
    [SIM_FAULT_RELOAD] = {150, 2, true, strike_reload},
    [SIM_FAULT_RESTART] = {200, 2, true, strike_restart},
    [SIM_FAULT_SHUTDOWN] = {150, 1, true, strike_shutdown},
    [SIM_FAULT_CLOCK] = {250, 2, false, strike_clock},
    [SIM_FAULT_UNIX] = {100, 1, false, strike_unix},
    [SIM_FAULT_NETWORK] = {200, 2, false, strike_network},
    [SIM_FAULT_STRANGER] = {200, 3, true, strike_stranger},
    [SIM_FAULT_CLIENT_MEMORY] = {150, 4, false, strike_client_memory},
    [SIM_FAULT_SERVER_MEMORY] = {150, 4, true, strike_server_memory},
    [SIM_FAULT_GHOST] = {200, 3, false, strike_ghost},
    [SIM_FAULT_DESTROY] = {300, 2, false, strike_destroy},
    [SIM_FAULT_REQUEST_CUT] = {600, 5, true, strike_request_cut},
    [SIM_FAULT_REQUEST_DARK] = {300, 3, true, strike_request_dark},
    [SIM_FAULT_STRANGERS] = {200, 3, true, strike_strangers},
    [SIM_FAULT_INTRUDER] = {600, 5, true, strike_intruder},
};

/* By a stream of its own: seeds without a late store mean what they would without this. */
static void choose_store(sim_world *world)
{
    sim_scenario *scenario = &world->scenario;
    sim_random random = {world->seed};
    bool memory = scenario->fault[SIM_FAULT_SERVER_MEMORY] > 0;
    scenario->store = sim_random_chance(&random, 340) && !scenario->hostile;
    /* who has no memory to remember what failed cannot try it again */
    scenario->failing = scenario->store && !memory && sim_random_chance(&random, 500);
}

/* The same for SockJS. */
static void choose_sockjs(sim_world *world)
{
    sim_scenario *scenario = &world->scenario;
    sim_random random = {~world->seed};
    scenario->sockjs = sim_random_chance(&random, 300) && !scenario->hostile;
    for (size_t i = SIM_FAULT_SOCKJS; scenario->sockjs && i < SIM_FAULT_COUNT; i++)
        if (sim_random_chance(&random, faults[i].seeds))
            scenario->fault[i] = faults[i].weight;
}

/* The same for a second node. Sessions of SockJS are one node's. */
static void choose_pair(sim_world *world)
{
    sim_random random = {world->seed ^ UINT64_C(0x5bf03635)};
    world->scenario.pair = world->scenario.store && !world->scenario.sockjs && sim_random_chance(&random, 400);
    world->scenario.crew = world->scenario.pair && !world->scenario.failing && sim_random_chance(&random, 600);
}

void sim_world_choose(sim_world *world)
{
    sim_scenario *scenario = &world->scenario;
    sim_random *random = &world->random;
    static const int64_t delays[] = {0, 2, 20, 20, 200, 1500};
    static const size_t windows[] = {1 << 20, 1 << 20, 1 << 16, 2000, 300};
    static const int64_t lifetimes[] = {0, 0, 0, 5, 30, 3600};
    static const unsigned calls[] = {0, 50, 200, 500};
    scenario->clients = 1 + sim_random_below(random, sim_random_chance(random, 300) ? SIM_CLIENTS_MAX : 3);
    scenario->channels = 1 + sim_random_below(random, SIM_CHANNELS_MAX);
    scenario->actions = 20 + sim_random_below(random, 60);
    scenario->hostile = world->sabotage == SIM_SABOTAGE_NONE && sim_random_chance(random, 200);
    scenario->insecure = sim_random_chance(random, 400);
    scenario->lies = sim_random_chance(random, 500);
    scenario->limits = sim_random_chance(random, 300);
    scenario->late = sim_random_chance(random, 300);
    scenario->lifetime = SIM_PICK(random, lifetimes);
    scenario->delay_max = SIM_PICK(random, delays);
    scenario->split = sim_random_below(random, 600);
    scenario->window = SIM_PICK(random, windows);
    scenario->user_calls = SIM_PICK(random, calls);
    for (size_t i = 0; i < SIM_FAULT_SOCKJS; i++)
        if (sim_random_chance(random, faults[i].seeds) && !(faults[i].server && scenario->hostile))
            scenario->fault[i] = faults[i].weight;
    choose_store(world);
    choose_sockjs(world);
    choose_pair(world);
    choose_channels(world);
}

/* ---- steps ---- */

static void act_fault(sim_world *world)
{
    unsigned total = 0;
    for (size_t i = 0; i < SIM_FAULT_COUNT; i++)
        total += world->scenario.fault[i];
    if (total == 0)
        return;
    unsigned chosen = sim_random_below(&world->random, total);
    size_t i = 0;
    while (chosen >= world->scenario.fault[i])
        chosen -= world->scenario.fault[i++];
    faults[i].strike(world);
}

static void act_publish(sim_world *world)
{
    if (world->server != NULL) {
        sim_channel *channel = any_channel(world);
        sim_server_publish(world->server, channel, 1 + sim_random_below(&world->random, 6));
        if (world->scenario.store && sim_random_chance(&world->random, 200))
            sim_server_read(world->server, channel);
        return;
    }
    sim_link *link = any_link(world);
    if (link != NULL && link->peer != NULL)
        sim_peer_act(link);
}

/* A new life begins with what a program does first; rarely it does not. */
static void begin_life(sim_client *client)
{
    sim_world *world = client->world;
    if (!sim_client_start(client))
        return;
    if (sim_random_chance(&world->random, 800))
        sim_client_subscribe(client, any_channel(world));
    if (sim_random_chance(&world->random, 900))
        sim_client_connect(client);
    sim_client_pump(client);
}

static void act_use(sim_world *world)
{
    sim_client *client = any_client(world);
    if (client->core == NULL) {
        begin_life(client);
        return;
    }
    for (unsigned more = 1 + sim_random_below(&world->random, 3); more > 0 && client->core != NULL; more--)
        sim_client_use(client);
}

void sim_world_act(sim_world *world)
{
    unsigned chosen = sim_random_below(&world->random, 100);
    if (chosen < 45)
        act_use(world);
    else if (chosen < 75)
        act_publish(world);
    else
        act_fault(world);
}

#include "server.h"

#include "client.h"
#include "crew.h"
#include "late.h"
#include "request.h"
#include "store.h"
#include "told.h"
#include "watch.h"

#include "server/hub.h"
#include "server/session_state.h"
#include "server/transport/sockjs.h"
#include "server/transport/sockjs_session.h"
#include "sockjs/session.h"
#include "wire/v1/v1.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "the simulator's secret"
/* ms; a session that is not authenticated lives no longer than stale_connection_close_delay. */
#define SHUTDOWN_MAX    60000
#define SHUTDOWN_SPREAD 5 /* s */
#define STRANGERS_MAX   6 /* of SockJS */
/* ms in which what one node is asked for becomes of the other's users, and is written to them. */
#define PAIR_PATIENCE 10000

/* ---- what the server is handed ---- */

static void fill_random(void *user, void *out, size_t size)
{
    sim_server *server = user;
    for (unsigned char *at = out; size > 0; size--)
        *at++ = (unsigned char)sim_random_next(&server->random);
}

static void log_line(void *user, cf_server_log level, cf_bytes text)
{
    sim_server *server = user;
    sim_note(server->world, "server log %d: %.*s", (int)level, (int)text.size, text.data);
}

static uint64_t microseconds(void *user)
{
    sim_server *server = user;
    return (uint64_t)server->world->now * 1000;
}

static void tap_message(void *user, const cf_publication *publication)
{
    sim_server *server = user;
    sim_channel *channel = sim_ledger_find(&server->world->ledger, publication->channel);
    if (channel != NULL) {
        sim_ledger_add(channel, publication->uid, publication->data);
        sim_note(server->world, "published %.*s #%zu", (int)channel->name.size, channel->name.data, channel->count);
        if (!sim_ledger_follows(channel, publication))
            sim_fail(server->world, "publish-order", "%.*s #%zu has overtaken what its publisher sent before it",
                     (int)channel->name.size, channel->name.data, channel->count);
    }
    if (server->store != NULL)
        sim_store_stream(server->store, publication);
    else
        server->inner.message(server->inner.user, publication);
}

static void tap_join_leave(void *user, cf_method method, cf_bytes channel, const cf_client_info *info)
{
    sim_server *server = user;
    if (server->store != NULL)
        sim_store_stream_join(server->store, method, channel, info);
    else
        server->inner.join_leave(server->inner.user, method, channel, info);
}

static cf_engine *make_engine(const cf_engine_host *host)
{
    sim_server *server = host->environment->user;
    cf_engine_host tapped = *host;
    if (server->crew != NULL)
        return sim_crew_engine(server->crew, host);
    if (server->node != NULL)
        return sim_store_join(server->store, host->sink);
    server->inner = *host->sink;
    server->tap = (cf_engine_sink){.message = tap_message, .join_leave = tap_join_leave, .user = server};
    tapped.sink = &server->tap;
    cf_engine *memory = cf_engine_memory_new(&tapped);
    server->store = NULL;
    if (memory != NULL && server->world->scenario.store)
        server->store = sim_store_new(server, memory, host->sink);
    return server->store != NULL ? server->store : memory;
}

/* ---- configurations ---- */

/* Not of a script's server: whoever meets its limits ends otherwise than who does not. */
static void choose_config_limits(sim_random *random, cf_config *config)
{
    if (sim_random_chance(random, 100))
        config->client_queue_max_size = 2000;
    if (sim_random_chance(random, 50))
        config->client_channel_limit = 3;
    if (sim_random_chance(random, 50))
        config->user_connection_limit = 2;
}

static void fill_config(sim_server *server, unsigned index)
{
    sim_world *world = server->world;
    cf_config *config = &server->configs[index];
    cf_namespace *namespaces = server->namespaces[index];
    cf_config_default(config);
    config->secret = CF_BYTES(SECRET);
    config->insecure = world->scenario.insecure;
    config->name = CF_BYTES("simulated");
    config->shutdown_spread = sim_random_chance(&world->random, 300) ? SHUTDOWN_SPREAD : 0;
    config->connection_lifetime = world->scenario.lifetime;
    if (world->scenario.store)
        config->presence_ping_interval = 1000000; /* a ping puts right what is missing */
    if (world->play == NULL)
        choose_config_limits(&world->random, config);
    namespaces[0] = (cf_namespace){CF_BYTES("deep"),
                                   {.recover = true, .history_size = 100000, .history_lifetime = 10000000, .publish = true}};
    namespaces[1] =
        (cf_namespace){CF_BYTES("shallow"), {.recover = true, .history_size = 3, .history_lifetime = 20, .publish = true}};
    namespaces[2] = (cf_namespace){
        CF_BYTES("open"),
        {.recover = true, .history_size = 20, .history_lifetime = 60, .publish = true, .presence = true, .join_leave = true}};
    if (index == 1) {
        /* not `recover`: to a client of version 1, a channel that gets it looks like one whose history was empty */
        namespaces[1].options.history_drop_inactive = true;
        namespaces[2].options.presence = false;
        namespaces[2].options.publish = false;
    }
    config->namespaces = namespaces;
    config->namespace_count = index == 1 && sim_random_chance(&world->random, 300) ? 2 : SIM_NAMESPACES;
}

/* ---- life ---- */

static bool is_sockjs(const cf_session *session)
{
    return strcmp(session->ops->name, "sockjs") == 0;
}

/* A session has a receiver, or did a moment ago; who is closed waits without one. Returns how many there are. */
static size_t check_sockjs(sim_server *server)
{
    size_t count = 0;
    CF_LIST_EACH (item, &cf_node_services(server->node)->hub->sessions) {
        cf_session *session = CF_CONTAINER(item, cf_session, link);
        if (!is_sockjs(session))
            continue;
        count++;
        size_t waiting = cf_session_outbox(session)->bytes;
        if (waiting > session->queue_max && !cf_session_is(session, CF_SESSION_DOOMED))
            sim_fail(server->world, "outbox-bounded", "SockJS: %zu bytes wait, the limit is %zu", waiting, session->queue_max);
    }
    size_t strangers = server->sockjs == NULL ? 0 : server->sockjs->stranger_count;
    if (strangers > STRANGERS_MAX + SIM_CLIENTS_MAX) /* those of a client become some when its stream ends */
        sim_fail(server->world, "strangers-bounded", "%zu strangers have sessions by SockJS", strangers);
    size_t known = server->sockjs == NULL ? 0 : cf_map_count(&server->sockjs->sessions);
    if (count > known)
        sim_fail(server->world, "sockjs-sessions", "the node has %zu sessions by SockJS, which knows %zu", count, known);
    return count;
}

static size_t session_count(const sim_server *server)
{
    return cf_node_session_count(server->node) + (server->other == NULL ? 0 : cf_node_session_count(server->other));
}

static void check(sim_server *server)
{
    sim_world *world = server->world;
    size_t sessions = check_sockjs(server);
    CF_LIST_EACH (item, &world->links) {
        sim_link *link = CF_CONTAINER(item, sim_link, link);
        if (link->session == NULL)
            continue;
        sessions++;
        if (cf_session_outbox(link->session)->memory > link->queue_max / 2)
            sim_met(world, SIM_SITUATION_SERVER_BEHIND);
        size_t now = (size_t)server->configs[server->config].client_queue_max_size;
        size_t limit = link->queue_max > now ? link->queue_max : now;
        size_t waiting = cf_session_outbox(link->session)->bytes;
        if (waiting > limit && !cf_session_is(link->session, CF_SESSION_DOOMED)) /* they are closed in the next turn */
            sim_fail(world, "outbox-bounded", "link %u: %zu bytes wait, the limit is %zu", link->number, waiting, limit);
    }
    if (session_count(server) != sessions)
        sim_fail(world, "sessions", "the node has %zu sessions, the transports have %zu", session_count(server), sessions);
}

static void begin_turn(sim_server *server)
{
    const sim_world *world = server->world;
    server->in_turn = true;
    cf_node_begin_turn(server->node, world->now, sim_unix_time(world));
    if (server->other != NULL)
        cf_node_begin_turn(server->other, world->now, sim_unix_time(world));
}

static void end_turn(sim_server *server)
{
    if (!server->in_turn)
        return;
    server->wake = cf_node_end_turn(server->node);
    if (server->other != NULL) { /* what one of them says at its turn's end is on its way to the other */
        cf_time other = cf_node_end_turn(server->other);
        cf_time next = server->crew != NULL ? sim_crew_next(server->crew) : sim_store_next(server->store);
        server->wake = server->wake < other ? server->wake : other;
        server->wake = server->wake < next ? server->wake : next;
    }
    server->in_turn = false;
    if (server->wake <= server->world->now)
        sim_met(server->world, SIM_SITUATION_SERVER_TURN);
    check(server);
}

static size_t room_for_strangers(const sim_server *server)
{
    return sim_sabotage_always(server->world, SIM_SABOTAGE_MANY_STRANGERS) ? 10 * STRANGERS_MAX : STRANGERS_MAX;
}

/* Answers are short, so that they end, and there is room for few strangers. */
static void start_sockjs(sim_server *server)
{
    cf_sockjs_options options = {.answer_max = 4096, .strangers_max = room_for_strangers(server)};
    cf_services *services = cf_node_services(server->node);
    server->sockjs = cf_sockjs_server_new(services, &options);
    if (server->sockjs != NULL)
        return;
    sim_heap_fail(&server->heap, 0, 0);
    server->sockjs = cf_sockjs_server_new(services, &options);
}

/* Of one memory, as workers are. */
static void start_crew(sim_server *server)
{
    server->crew = sim_crew_new(server);
    if (server->crew != NULL)
        return;
    sim_heap_fail(&server->heap, 0, 0);
    server->crew = sim_crew_new(server);
}

static cf_node *start_node(sim_server *server, unsigned index)
{
    sim_world *world = server->world;
    server->environment.member = server->crew == NULL ? NULL : sim_crew_member(server->crew, index);
    const cf_config *config = &server->configs[server->config];
    uint64_t fail_in = server->heap.fail_in;
    for (;;) {
        cf_node *node = cf_node_new(&server->environment, config, make_engine, world->now, sim_unix_time(world));
        if (node != NULL) {
            cf_node_services(node)->turn.limits = server->limits;
            return node;
        }
        if (fail_in == 0)
            sim_fail(world, "server-start", "cf_node_new failed although there is memory");
        sim_heap_fail(&server->heap, 0, 0);
    }
}

static void start(sim_server *server)
{
    sim_world *world = server->world;
    if (world->scenario.crew)
        start_crew(server);
    server->node = start_node(server, 0);
    if (world->scenario.pair)
        server->other = start_node(server, 1);
    if (world->scenario.sockjs)
        start_sockjs(server);
    server->stopping = false;
    server->wake = world->now;
    sim_note(world, "server started");
}

/* In some seeds everything takes several turns. */
static cf_turn_limits choose_limits(sim_random *random)
{
    if (!sim_random_chance(random, 400))
        return CF_TURN_LIMITS;
    return (cf_turn_limits){
        .input = CF_TURN_LIMITS.input, /* each input is a turn */
        .work = 1 + sim_random_below(random, 100),
        .share = 1 + sim_random_below(random, 20),
        .writes = CF_WORK_WRITE * (1 + sim_random_below(random, 8)),
        .pushes = CF_WORK_WRITE * (1 + sim_random_below(random, 8)),
    };
}

sim_server *sim_server_new(sim_world *world)
{
    sim_server *server = sim_alloc(sizeof(*server));
    server->world = world;
    server->random = sim_random_fork(&world->random);
    server->choice = (sim_random){world->seed + 1};
    sim_heap_init(&server->heap);
    server->environment = (cf_server_environment){
        .allocator = &server->heap.allocator,
        .random = fill_random,
        .log = log_line,
        .microseconds = microseconds,
        .user = server,
    };
    for (unsigned i = 0; i < SIM_CONFIGS; i++)
        fill_config(server, i);
    server->limits = choose_limits(&server->random);
    start(server);
    return server;
}

/* As the daemon does: first the connections, then what stands on them. */
static void stop_sockjs(sim_server *server)
{
    if (server->sockjs == NULL)
        return;
    begin_turn(server);
    sim_request_drop_all(server->world);
    cf_sockjs_server_free(server->sockjs);
    server->sockjs = NULL;
    end_turn(server);
}

static void stop(sim_server *server)
{
    sim_world *world = server->world;
    if (server->node == NULL)
        return;
    end_turn(server);
    stop_sockjs(server);
    if (server->calls_waiting > 0)
        sim_met(world, SIM_SITUATION_STORE_CALL);
    if (server->other != NULL)
        cf_node_free(server->other);
    cf_node_free(server->node);
    server->node = server->other = NULL;
    sim_crew_free(server->crew);
    server->crew = NULL;
    if (server->calls_waiting > 0)
        sim_fail(world, "api-once", "%zu calls of the API are never answered", server->calls_waiting);
    CF_LIST_EACH (item, &world->links) {
        sim_link *link = CF_CONTAINER(item, sim_link, link);
        link->session = NULL;
        if (link->server_open) {
            link->server_open = false;
            sim_link_end(link, &link->down);
        }
    }
    for (size_t i = 0; i < world->ledger.count; i++)
        world->ledger.channels[i].forgotten = world->ledger.channels[i].count;
    sim_note(world, "server stopped");
    if (server->heap.live > 0)
        sim_fail(world, "server-memory", "%zu blocks are left after cf_node_free", server->heap.live);
}

void sim_server_free(sim_server *server)
{
    if (sim_sabotage_now(server->world, SIM_SABOTAGE_LEAK_SERVER))
        server->heap.live++;
    stop(server);
    free(server);
}

void sim_server_restart(sim_server *server, int64_t pause)
{
    stop(server);
    server->up_at = server->world->now + pause;
}

void sim_server_shutdown(sim_server *server)
{
    if (server->node == NULL || server->stopping)
        return;
    sim_server_begin(server);
    cf_node_shut_down(server->node);
    if (server->other != NULL)
        cf_node_shut_down(server->other);
    sim_server_end(server);
    server->stopping = true;
    server->stop_by = cf_time_after(server->world->now, SHUTDOWN_MAX);
    server->wake = server->world->now;
}

void sim_server_reload(sim_server *server, unsigned config)
{
    if (server->node == NULL || config == server->config)
        return;
    server->config = config;
    sim_note(server->world, "reload: configuration %u", config);
    sim_server_begin(server);
    cf_node_configure(server->node, &server->configs[config]);
    if (server->other != NULL)
        cf_node_configure(server->other, &server->configs[config]);
    sim_server_end(server);
}

/* ---- turns ---- */

void sim_server_begin(sim_server *server)
{
    if (!server->in_turn) {
        begin_turn(server);
        return;
    }
    cf_node_begin_share(server->node);
    if (server->other != NULL)
        cf_node_begin_share(server->other);
}

void sim_server_end(sim_server *server)
{
    if (!sim_random_chance(&server->world->random, 400))
        end_turn(server);
}

cf_time sim_server_deadline(const sim_server *server)
{
    if (server->node == NULL)
        return server->up_at;
    return server->in_turn ? server->world->now : server->wake;
}

static bool is_shut_down(const sim_server *server)
{
    return cf_node_is_shut_down(server->node) && (server->other == NULL || cf_node_is_shut_down(server->other));
}

void sim_server_step(sim_server *server)
{
    if (server->node == NULL) {
        start(server);
        return;
    }
    sim_server_begin(server);
    if (server->crew != NULL)
        sim_crew_open(server->crew);
    cf_node_go_on(server->node);
    if (server->other != NULL)
        cf_node_go_on(server->other);
    bool gone = server->stopping && is_shut_down(server);
    end_turn(server);
    if (gone) {
        sim_server_restart(server, 100);
        return;
    }
    if (server->stopping && server->world->now > server->stop_by)
        sim_fail(server->world, "server-shutdown", "sessions are left %d ms after the shutdown began", SHUTDOWN_MAX);
    if (server->stopping)
        server->wake = cf_time_after(server->world->now, 100);
    else if (server->wake < server->world->now) /* at the same moment: something is left; that it ends is time-passes' affair */
        sim_fail(server->world, "server-wakes", "the node wants a turn at %" PRId64 ", which is over", server->wake);
}

/* ---- the API ---- */

cf_node *sim_server_any_node(sim_server *server)
{
    return server->other != NULL && sim_random_chance(&server->choice, 500) ? server->other : server->node;
}

static void begin_call(sim_server *server)
{
    server->calls_waiting++;
}

static void end_call(sim_server *server)
{
    if (server->calls_waiting == 0)
        sim_fail(server->world, "api-once", "a call of the API is answered a second time");
    if (!sim_sabotage_now(server->world, SIM_SABOTAGE_FORGET_API))
        server->calls_waiting--;
}

static void on_published(void *user, cf_trouble trouble)
{
    sim_server *server = user;
    end_call(server);
    if (trouble != CF_TROUBLE_NONE)
        sim_note(server->world, "publish failed: %s", cf_trouble_text(trouble).data);
}

static void publish_draft(sim_server *server, sim_channel *channel)
{
    static const char padding[] =
        "................................................................................................"
        "................................................................................................";
    char data[1024];
    int pads = sim_random_chance(&server->world->random, 100) ? (int)sizeof(padding) - 1 : 0;
    int size = snprintf(data, sizeof(data), "{\"draft\":%zu,\"padding\":\"%.*s%.*s%.*s\"}", ++channel->draft, pads, padding,
                        pads, padding, pads, padding);
    begin_call(server);
    cf_node_publish(sim_server_any_node(server), channel->name, cf_bytes_make(data, (size_t)size), CF_BYTES(""), CF_BYTES(""),
                    on_published, server);
}

void sim_server_publish(sim_server *server, sim_channel *channel, unsigned count)
{
    if (server->node == NULL)
        return;
    sim_server_begin(server);
    for (unsigned i = 0; i < count; i++)
        publish_draft(server, channel);
    sim_server_end(server);
}

static void on_data(void *user, cf_trouble trouble, cf_bytes data)
{
    sim_server *server = user;
    end_call(server);
    sim_note(server->world, "API: %s %.*s", trouble != CF_TROUBLE_NONE ? cf_trouble_text(trouble).data : "", (int)data.size,
             data.data);
}

void sim_server_read(sim_server *server, const sim_channel *channel)
{
    if (server->node == NULL)
        return;
    sim_server_begin(server);
    server->calls_waiting += 3;
    cf_node_presence(sim_server_any_node(server), channel->name, on_data, server);
    cf_node_history(sim_server_any_node(server), channel->name, on_data, server);
    cf_node_channels(sim_server_any_node(server), on_data, server);
    sim_server_end(server);
}

static void expect_client(void *user, cf_trouble trouble, cf_bytes data)
{
    sim_client *client = user;
    sim_server *server = client->world->server;
    end_call(server);
    cf_bytes id = client->core == NULL ? CF_BYTES("") : cf_client_id(client->core);
    if (sim_sabotage_now(client->world, SIM_SABOTAGE_FORGET_PRESENCE))
        data = CF_BYTES("{}");
    if (id.size > 0 && sim_client_is_subscribed(client, server->presence_of) &&
        (trouble != CF_TROUBLE_NONE || cf_bytes_find(data, id) < 0))
        sim_fail(client->world, "present", "client %u, %.*s, is subscribed to %.*s, but not present: %.*s", client->index,
                 (int)id.size, id.data, (int)server->presence_of->name.size, server->presence_of->name.data, (int)data.size,
                 data.data);
}

void sim_server_check_present(sim_server *server, const sim_channel *channel)
{
    sim_world *world = server->world;
    server->presence_of = channel;
    sim_server_begin(server);
    for (size_t i = 0; i < world->scenario.clients; i++) {
        if (!sim_client_is_subscribed(world->clients[i], channel))
            continue;
        begin_call(server);
        cf_node_presence(server->node, channel->name, expect_client, world->clients[i]);
        if (server->other == NULL)
            continue;
        begin_call(server);
        cf_node_presence(server->other, channel->name, expect_client, world->clients[i]);
    }
    end_turn(server);
}

static void expect_done(void *user, cf_trouble trouble)
{
    sim_server *server = user;
    end_call(server);
    if (trouble != CF_TROUBLE_NONE)
        sim_fail(server->world, "pair-call", "a call for a user failed: %s", cf_trouble_text(trouble).data);
}

/* NULL: it has ended meanwhile. */
static sim_link *find_link(const sim_world *world, unsigned number)
{
    CF_LIST_EACH (item, &world->links) {
        sim_link *link = CF_CONTAINER(item, sim_link, link);
        if (link->number == number)
            return link->session == NULL ? NULL : link;
    }
    return NULL;
}

/* The channel of one of its subscriptions; NULL: there is none that a call may name, which needs a namespace (5.3). */
static sim_channel *subscribed_channel(sim_world *world, const sim_link *link)
{
    const cf_services *services = cf_node_services(link->second ? world->server->other : world->server->node);
    for (size_t i = 0; i < world->ledger.count; i++) {
        sim_channel *channel = &world->ledger.channels[i];
        if (cf_hub_find(services->hub, link->session, channel->name) != NULL &&
            cf_config_channel(services->config, channel->name) != NULL)
            return channel;
    }
    return NULL;
}

/* A user's connection with a subscription; NULL: there is none. */
static sim_link *subscribed_link(sim_world *world, sim_channel **channel)
{
    CF_LIST_EACH (item, &world->links) {
        sim_link *link = CF_CONTAINER(item, sim_link, link);
        if (link->client == NULL || link->session == NULL || cf_session_user(link->session).size == 0)
            continue;
        *channel = subscribed_channel(world, link);
        if (*channel != NULL)
            return link;
    }
    return NULL;
}

/* Asks the node where the user is not; without a channel, to disconnect. True: the connection is still there afterwards. */
static bool ask_other_node(sim_server *server, unsigned number, cf_bytes channel)
{
    sim_world *world = server->world;
    const sim_link *link = find_link(world, number);
    cf_node *far = link->second ? server->node : server->other;
    begin_call(server);
    sim_server_begin(server);
    if (channel.size > 0)
        cf_node_unsubscribe(far, cf_session_user(link->session), channel, expect_done, server);
    else
        cf_node_disconnect(far, cf_session_user(link->session), expect_done, server);
    sim_server_end(server);
    sim_world_run(world, world->now + PAIR_PATIENCE);
    return find_link(world, number) != NULL;
}

void sim_server_check_pair(sim_server *server)
{
    sim_world *world = server->world;
    sim_channel *channel;
    const sim_link *link = server->other == NULL ? NULL : subscribed_link(world, &channel);
    if (link == NULL)
        return;
    unsigned number = link->number;
    const sim_told_channel *told = &link->told[channel - world->ledger.channels];
    size_t before = told->ended;
    sim_watch_server_unsubscribe(world, channel);
    if (!ask_other_node(server, number, channel->name))
        return;
    if (told->ended == before)
        sim_fail(world, "pair-unsubscribe", "link %u is subscribed as before, though the other node was asked", number);
    sim_met(world, SIM_SITUATION_PAIR_UNSUBSCRIBE);
    if (ask_other_node(server, number, CF_BYTES("")))
        sim_fail(world, "pair-disconnect", "link %u is connected as before, though the other node was asked", number);
    sim_met(world, SIM_SITUATION_PAIR_DISCONNECT);
}

/* Here nothing may have failed, but what does not exist. */
static void expect_text(sim_server *server, cf_trouble trouble, cf_bytes data, cf_bytes wanted, const char *what)
{
    end_call(server);
    if (trouble == CF_TROUBLE_INTERNAL)
        sim_fail(server->world, "server-empty", "%s: %s", what, cf_trouble_text(trouble).data);
    if (trouble == CF_TROUBLE_NONE && !cf_bytes_equal(data, wanted))
        sim_fail(server->world, "server-empty", "%s: %.*s", what, (int)data.size, data.data);
}

static void expect_no_channels(void *user, cf_trouble trouble, cf_bytes data)
{
    expect_text(user, trouble, data, CF_BYTES("[]"), "channels with subscribers");
}

static void expect_nobody(void *user, cf_trouble trouble, cf_bytes data)
{
    expect_text(user, trouble, data, CF_BYTES("{}"), "present");
}

void sim_server_check_empty(sim_server *server)
{
    sim_world *world = server->world;
    sim_heap_fail(&server->heap, 0, 0);
    sim_server_begin(server);
    if (session_count(server) != 0)
        sim_fail(world, "sessions", "%zu sessions are left", session_count(server));
    if (server->sockjs != NULL && cf_map_count(&server->sockjs->sessions) != 0)
        sim_fail(world, "sockjs-sessions", "%zu sessions by SockJS are not forgotten", cf_map_count(&server->sockjs->sessions));
    begin_call(server);
    cf_node_channels(sim_server_any_node(server), expect_no_channels, server);
    for (size_t i = 0; i < world->ledger.count; i++) {
        begin_call(server);
        cf_node_presence(sim_server_any_node(server), world->ledger.channels[i].name, expect_nobody, server);
    }
    end_turn(server);
    sim_world_run(world, world->now + 1000);
    if (server->calls_waiting > 0)
        sim_fail(world, "api-once", "%zu calls of the API are not answered", server->calls_waiting);
}

/* ---- a session's transport ---- */

/* Whole frames only, so that a ping or a close frame never stands in the middle of another. Returns the bytes written. */
static size_t write_frames(sim_link *link, cf_bytes frames)
{
    size_t written = 0;
    while (link->down.bytes < link->world->scenario.window) {
        cf_ws_opcode opcode;
        cf_bytes payload;
        cf_bytes rest = cf_bytes_slice(frames, written, frames.size);
        size_t size = cf_ws_own_frame(rest, &opcode, &payload);
        if (size == 0)
            break;
        if (opcode == CF_WS_TEXT)
            sim_told(link, payload);
        sim_late_write(link, cf_bytes_slice(rest, 0, size));
        written += size;
    }
    return written;
}

static void flush_session(void *transport, cf_session *session)
{
    sim_link *link = transport;
    for (;;) {
        cf_bytes slice;
        if (cf_outbox_peek(cf_session_outbox(session), &slice, 1) == 0)
            return;
        size_t written = write_frames(link, slice);
        if (written == 0)
            return;
        cf_session_written(session, written);
    }
}

static void pause_session(void *transport, bool pause)
{
    sim_link *link = transport;
    link->paused = pause;
    if (pause)
        sim_met(link->world, SIM_SITUATION_SERVER_PAUSE);
}

static void close_session(void *transport, int code, cf_bytes reason)
{
    sim_link *link = transport;
    sim_note(link->world, "link %u: server closes, %d %.*s", link->number, code, (int)reason.size, reason.data);
    if (link->late.count > 0)
        sim_late_release(link);
    if (link->client != NULL)
        sim_watch_closed(link, reason);
    if (code != 0) {
        cf_buffer frame;
        cf_buffer_init(&frame, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
        cf_ws_append_close(&frame, (uint16_t)code, reason, NULL);
        sim_link_write(link, &link->down, cf_buffer_bytes(&frame));
        cf_buffer_free(&frame);
    }
    link->session = NULL;
    link->server_open = false;
    sim_link_end(link, &link->down);
}

void sim_server_kick(cf_session *session, const char *reason, bool reconnect)
{
    char advice[128];
    int size = snprintf(advice, sizeof advice, "{\"reason\":\"%s\",\"reconnect\":%s}", reason, reconnect ? "true" : "false");
    cf_session_close_code(session, CF_WS_CLOSE_ADVICE, cf_bytes_make(advice, (size_t)size));
}

static const cf_transport_ops transport_ops = {
    .name = "simulated",
    .dialect = &cf_wire_v1,
    .flush = flush_session,
    .pause = pause_session,
    .close = close_session,
};

/* A client may find another node than the last time. */
static void choose_node(sim_link *link)
{
    sim_client *client = link->client;
    link->second = sim_server_any_node(link->world->server) == link->world->server->other;
    if (client == NULL)
        return;
    link->moved = client->second != link->second;
    client->second = link->second;
}

void sim_server_accept(sim_link *link)
{
    sim_server *server = link->world->server;
    cf_buffer head;
    cf_buffer_init(&head, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_ws_append_response(&head, cf_bytes_make(link->key, CF_WS_KEY_SIZE), false);
    sim_link_write(link, &link->down, cf_buffer_bytes(&head));
    cf_buffer_free(&head);
    sim_server_begin(server);
    link->queue_max = (size_t)server->configs[server->config].client_queue_max_size;
    choose_node(link);
    link->session = cf_session_new(cf_node_services(link->second ? server->other : server->node), &transport_ops, link);
    sim_note(link->world, "link %u: accepted%s", link->number, link->session == NULL ? ", but no memory" : "");
    if (link->session == NULL) {
        link->server_open = false;
        sim_link_end(link, &link->down);
    }
    sim_server_end(server);
}

/* A backend publishes in the turn in which a client is served, behind its command. */
static void publish_between(sim_world *world)
{
    sim_ledger *ledger = &world->ledger;
    if (sim_random_chance(&world->random, 100))
        publish_draft(world->server, &ledger->channels[sim_random_below(&world->random, (unsigned)ledger->count)]);
}

static bool is_publish(const cf_list *link)
{
    return CF_CONTAINER(link, cf_session_call, link)->command.method == CF_METHOD_PUBLISH;
}

static void note_waiting(const sim_link *link)
{
    const cf_bundle *bundle = link->session == NULL ? NULL : link->session->bundle;
    if (bundle != NULL && !cf_list_empty(&bundle->waiting) && bundle->waiting.next->next != &bundle->waiting)
        sim_met(link->world,
                is_publish(bundle->waiting.next) ? SIM_SITUATION_STORE_PUBLISHES : SIM_SITUATION_STORE_SIDE_BY_SIDE);
    if (bundle != NULL && bundle->aside > 0)
        sim_met(link->world, SIM_SITUATION_STORE_ASIDE);
}

static void session_event(sim_link *link, const cf_ws_event *event)
{
    switch (event->kind) {
    case CF_WS_EVENT_MESSAGE:
        sim_note(link->world, "link %u: server gets %.*s", link->number, (int)event->payload.size, event->payload.data);
        sim_told_asked(link, event->payload);
        cf_session_receive(link->session, event->opcode, event->payload);
        note_waiting(link);
        publish_between(link->world);
        break;
    case CF_WS_EVENT_CLOSE:
        cf_session_gone(link->session);
        link->session = NULL;
        link->server_open = false;
        sim_link_end(link, &link->down);
        break;
    case CF_WS_EVENT_ERROR:
        cf_session_close_code(link->session, event->code, event->payload);
        break;
    default:
        break;
    }
}

void sim_server_receive(sim_link *link, char *data, size_t size)
{
    sim_server *server = link->world->server;
    sim_server_begin(server);
    size_t used = 0;
    while (link->session != NULL) {
        cf_ws_event event;
        used += cf_ws_decoder_read(&link->server_decoder, data + used, size - used, &event);
        if (event.kind == CF_WS_EVENT_NONE)
            break;
        session_event(link, &event);
    }
    sim_server_end(server);
}

void sim_server_lost(sim_link *link)
{
    sim_server *server = link->world->server;
    if (sim_sabotage_now(link->world, SIM_SABOTAGE_KEEP_SESSION)) {
        link->session = NULL;
        return;
    }
    sim_server_begin(server);
    sim_note(link->world, "link %u: server lost the client", link->number);
    if (link->session != NULL)
        cf_session_gone(link->session);
    link->session = NULL;
    sim_server_end(server);
}

void sim_server_writable(sim_link *link)
{
    if (cf_session_outbox(link->session)->bytes > 0)
        flush_session(link, link->session);
}

cf_session *sim_server_session(const sim_link *link)
{
    const sim_client *client = link->client;
    if (link->sockjs == NULL || client == NULL || client->core == NULL || link->world->server->node == NULL)
        return link->session;
    cf_bytes id = cf_client_id(client->core);
    CF_LIST_EACH (item, &cf_node_services(link->world->server->node)->hub->sessions) {
        cf_session *session = CF_CONTAINER(item, cf_session, link);
        if (cf_bytes_equal(cf_session_id(session), id))
            return session;
    }
    return NULL;
}

/* ---- requests of SockJS ---- */

void sim_server_request(sim_request *request)
{
    sim_world *world = request->world;
    sim_server_begin(world->server);
    request->answering = true;
    cf_sockjs_server_request(world->server->sockjs, request, &request->head, cf_buffer_bytes(&request->path));
    if (!request->answering && request->down.first != NULL && request->down.first->data[0] == 'a')
        sim_met(world, SIM_SITUATION_SOCKJS_WAITED);
    publish_between(world);
    sim_server_end(world->server);
}

void sim_server_abort(sim_request *request)
{
    sim_server_begin(request->world->server);
    sim_note(request->world, "request %u: server lost the client", request->number);
    if (request->abort != NULL)
        request->abort(request->user);
    sim_server_end(request->world->server);
}

void sim_server_streamed(sim_request *request)
{
    sim_server_begin(request->world->server);
    if (request->streamed != NULL)
        request->streamed(request->user);
    sim_server_end(request->world->server);
}

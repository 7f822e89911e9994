#include "server/node_state.h"

#include "base/assert.h"
#include "server/command/command.h"
#include "server/watch.h"

#include <string.h>

#define ADVICE_SIZE_MAX 256

/* ---- intervals ----------------------------------------------------------- */

/* An interval that is not positive counts as one second (server-spec.md 8.4). */
static cf_time after_interval(const cf_node *node, int64_t seconds)
{
    if (seconds <= 0)
        seconds = 1;
    return seconds > CF_TIME_NEVER / 1000 ? CF_TIME_NEVER : cf_time_after(node->services.now, seconds * 1000);
}

static void on_ping(cf_timer *timer)
{
    cf_node *node = CF_CONTAINER(timer, cf_node, ping);
    cf_node_update_counts(node);
    cf_node_show_life(node);
    cf_node_forget_silent(node);
    cf_wheel_set(node->services.wheel, timer, after_interval(node, node->services.config->node_ping_interval));
}

static void interval_gathered(void *user, const cf_figures *figures)
{
    cf_node *node = user;
    if (figures == NULL)
        return;
    cf_metrics_take(figures->metrics, &node->before, &node->shown);
    node->before = *figures->metrics;
}

static void on_interval(cf_timer *timer)
{
    cf_node *node = CF_CONTAINER(timer, cf_node, interval);
    cf_node_gather_interval(node, interval_gathered, node);
    cf_wheel_set(node->services.wheel, timer, after_interval(node, node->services.config->node_metrics_interval));
}

/* ---- life ---------------------------------------------------------------- */

static void take_command(void *user, cf_bytes command)
{
    const cf_node *node = CF_CONTAINER(user, cf_node, hub);
    node->commands.take(node->commands.user, command);
}

static bool is_busy(void *user)
{
    const cf_node *node = CF_CONTAINER(user, cf_node, hub);
    return node->commands.take == NULL || node->services.shutting_down || node->commands.is_busy(node->commands.user);
}

void cf_node_set_commands(cf_node *node, const cf_node_commands *commands)
{
    node->commands = *commands;
}

void cf_node_set_monitor(cf_node *node, const cf_node_monitor *monitor)
{
    node->monitor = *monitor;
}

static void hear_watched(void *user, cf_bytes message)
{
    cf_node *node = CF_CONTAINER(user, cf_node, hub);
    cf_watch_hear(&node->services, message);
}

static bool make_engine(cf_node *node, cf_engine_maker maker, uint32_t seed)
{
    const cf_services *services = &node->services;
    node->sink = cf_hub_sink(&node->hub);
    node->sink.control = cf_node_hear;
    node->sink.command = take_command;
    node->sink.is_busy = is_busy;
    node->sink.watched = hear_watched;
    node->broker.engine = maker(&(cf_engine_host){
        .environment = &services->environment,
        .config = services->config,
        .sink = &node->sink,
        .seed = seed,
        .now = services->now,
        .node = cf_bytes_make(node->uid, sizeof node->uid),
    });
    return node->broker.engine != NULL;
}

/* What needs memory. */
static bool fill(cf_node *node)
{
    cf_services *services = &node->services;
    if (!cf_buffer_reserve(&services->advice, ADVICE_SIZE_MAX))
        return false;
    services->wheel = cf_wheel_new(services->allocator, services->now);
    services->metrics = cf_metrics_new(services->allocator);
    services->turn.wheel = services->wheel;
    return services->wheel != NULL && services->metrics != NULL;
}

static void init(cf_node *node, const cf_server_environment *environment, const cf_config *config)
{
    cf_services *services = &node->services;
    services->environment = *environment;
    services->allocator = environment->allocator;
    services->config = config;
    services->hub = &node->hub;
    services->broker = &node->broker;
    cf_broker_init(&node->broker, services);
    cf_list_init(&node->calls);
    cf_list_init(&services->watchers);
    cf_buffer *buffers[] = {&services->push, &services->advice};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        cf_buffer_init(buffers[i], environment->allocator, CF_BUFFER_NO_LIMIT);
    cf_turn_init(&services->turn, NULL);
    cf_drain_init(&node->drain, services);
}

static void start_intervals(cf_node *node)
{
    cf_services *services = &node->services;
    cf_metrics_take_zero(&node->shown);
    node->ping.fire = on_ping;
    node->interval.fire = on_interval;
    cf_wheel_set(services->wheel, &node->ping, services->now);
    if (cf_team_is_first(services->environment.member)) /* who tells the others when an interval is over */
        cf_wheel_set(services->wheel, &node->interval, after_interval(node, services->config->node_metrics_interval));
}

/* To operators and other nodes all workers of a process are one node. */
static void choose_uid(cf_node *node)
{
    cf_team_member *member = node->services.environment.member;
    if (member == NULL) {
        cf_services_uuid(&node->services, node->uid);
        return;
    }
    memcpy(node->uid, member->team->uid, sizeof node->uid);
    member->services = &node->services;
}

cf_node *cf_node_new(const cf_server_environment *environment, const cf_config *config, cf_engine_maker engine, cf_time now,
                     int64_t unix_time)
{
    cf_node *node = cf_alloc_zero(environment->allocator, 1, sizeof *node);
    if (node == NULL)
        return NULL;
    cf_services *services = &node->services;
    init(node, environment, config);
    services->now = now;
    services->unix_time = node->started_at = unix_time;
    uint32_t seed;
    environment->random(environment->user, &seed, sizeof seed);
    cf_services_start_message_ids(services);
    choose_uid(node);
    cf_hub_init(&node->hub, services, seed, cf_command_subscribed);
    cf_nodes_init(&node->nodes, services->allocator, seed);
    if (!fill(node) || !make_engine(node, engine, seed)) {
        cf_node_free(node);
        return NULL;
    }
    start_intervals(node);
    return node;
}

static void drop_sessions(cf_node *node)
{
    while (!cf_list_empty(&node->hub.sessions))
        cf_session_close_code(CF_CONTAINER(node->hub.sessions.next, cf_session, link), 0, CF_BYTES(""));
}

void cf_node_free(cf_node *node)
{
    if (node == NULL)
        return;
    cf_services *services = &node->services;
    drop_sessions(node);
    cf_broker_stop(&node->broker);
    cf_node_end_calls(node);
    cf_turn_drop_all(&services->turn);
    cf_broker_free(&node->broker);
    while (!cf_list_empty(&node->hub.zombies))
        cf_session_forget(CF_CONTAINER(node->hub.zombies.next, cf_session, link));
    cf_hub_free(&node->hub);
    cf_nodes_free(&node->nodes);
    cf_wheel_free(services->wheel);
    cf_metrics_free(services->metrics);
    cf_bundle_free(services->spare, services->allocator);
    cf_buffer_free(&services->push);
    cf_buffer_free(&services->advice);
    cf_free(services->allocator, node);
}

void cf_node_configure(cf_node *node, const cf_config *config)
{
    cf_services *services = &node->services;
    const cf_config *old = services->config;
    services->config = config;
    if (config->node_ping_interval != old->node_ping_interval)
        cf_wheel_set(services->wheel, &node->ping, after_interval(node, config->node_ping_interval));
    if (config->node_metrics_interval != old->node_metrics_interval && cf_team_is_first(services->environment.member))
        cf_wheel_set(services->wheel, &node->interval, after_interval(node, config->node_metrics_interval));
}

cf_services *cf_node_services(cf_node *node)
{
    return &node->services;
}

const char *cf_node_engine_name(const cf_node *node)
{
    return node->broker.engine->ops->name;
}

size_t cf_node_session_count(const cf_node *node)
{
    return node->hub.session_count;
}

/* ---- turns --------------------------------------------------------------- */

void cf_node_begin_turn(cf_node *node, cf_time now, int64_t unix_time)
{
    cf_services *services = &node->services;
    services->now = now;
    services->unix_time = unix_time;
    cf_turn_begin(&services->turn);
    cf_broker_advance(&node->broker, now);
}

/* A session that is closed leaves its channels, which may push again and doom others. True: some were, and may be still. */
static bool close_doomed(cf_node *node)
{
    cf_session *session;
    bool closed = cf_hub_doomed(&node->hub) != NULL;
    cf_turn *turn = &node->services.turn;
    while ((session = cf_hub_doomed(&node->hub)) != NULL && turn->writes < turn->limits.writes) {
        turn->writes += CF_WORK_WRITE;
        if (cf_session_is(session, CF_SESSION_SLOW))
            cf_session_cut_off(session, CF_TROUBLE_SLOW);
        else
            cf_session_close(session, CF_TROUBLE_INTERNAL);
        if (cf_hub_doomed(&node->hub) == NULL)
            cf_hub_close_chunks(&node->hub);
    }
    return closed;
}

void cf_node_begin_share(cf_node *node)
{
    cf_turn_begin_share(&node->services.turn);
}

bool cf_node_is_busy(const cf_node *node)
{
    return cf_turn_input_is_spent(&node->services.turn);
}

void cf_node_go_on(cf_node *node)
{
    cf_turn_run(&node->services.turn);
}

static void wake_others(const cf_services *services)
{
    if (services->environment.member != NULL)
        cf_team_wake(services->environment.member);
}

cf_time cf_node_end_turn(cf_node *node)
{
    cf_services *services = &node->services;
    cf_wheel_advance(services->wheel, services->now);
    cf_time engine = cf_broker_advance(&node->broker, services->now);
    cf_hub_close_chunks(&node->hub);
    wake_others(services);            /* they work while this one writes */
    bool closed = close_doomed(node); /* who left has something for the engine, which sends it in the next turn */
    bool written = cf_hub_flush(&node->hub);
    wake_others(services);
    if (closed || !written || cf_hub_doomed(&node->hub) != NULL || !cf_list_empty(&services->turn.ready))
        return services->now;
    cf_time wheel = cf_wheel_next(services->wheel);
    return wheel < engine ? wheel : engine;
}

void cf_node_shut_down(cf_node *node)
{
    cf_drain_begin(&node->drain);
}

bool cf_node_is_shut_down(const cf_node *node)
{
    return cf_drain_is_over(&node->drain);
}

#include "server/node.h"

#include "base/assert.h"
#include "server/body.h"
#include "server/broker.h"
#include "server/command/command.h"

#define ADVICE_SIZE_MAX 256
/* Sessions that a shutdown closes in one turn (server-spec.md 8.9). */
#define SHUTDOWN_BATCH 1000

struct cf_node {
    cf_services services;
    cf_hub hub;
    cf_broker broker;
    cf_engine_sink sink;
    char uid[CF_UUID_SIZE];
    int64_t started_at;      /* Unix s */
    cf_timer ping;           /* node_ping_interval: what stats shows of the counts */
    cf_timer interval;       /* node_metrics_interval */
    cf_metrics before;       /* the counters at the last interval's end */
    cf_metrics_values shown; /* by stats: of the last interval, but for the gauges */
    cf_list calls;           /* of the API, that wait for the engine */
    bool ending;             /* the engine is gone */
};

/* ---- intervals ----------------------------------------------------------- */

/* An interval that is not positive counts as one second (server-spec.md 8.4). */
static cf_time after_interval(const cf_node *node, int64_t seconds)
{
    if (seconds <= 0)
        seconds = 1;
    return seconds > CF_TIME_NEVER / 1000 ? CF_TIME_NEVER : cf_time_after(node->services.now, seconds * 1000);
}

static void update_counts(cf_node *node)
{
    cf_metrics *metrics = node->services.metrics;
    metrics->node_num_clients = (int64_t)node->hub.authenticated_count;
    metrics->node_num_unique_clients = (int64_t)cf_map_count(&node->hub.users);
    metrics->node_num_channels = (int64_t)cf_map_count(&node->hub.channels);
    metrics->node_uptime_seconds = node->services.unix_time - node->started_at;
}

static void on_ping(cf_timer *timer)
{
    cf_node *node = CF_CONTAINER(timer, cf_node, ping);
    update_counts(node);
    cf_wheel_set(node->services.wheel, timer, after_interval(node, node->services.config->node_ping_interval));
}

static void on_interval(cf_timer *timer)
{
    cf_node *node = CF_CONTAINER(timer, cf_node, interval);
    update_counts(node);
    cf_metrics_take(node->services.metrics, &node->before, &node->shown);
    node->before = *node->services.metrics;
    cf_metrics_rotate(node->services.metrics);
    cf_wheel_set(node->services.wheel, timer, after_interval(node, node->services.config->node_metrics_interval));
}

/* ---- life ---------------------------------------------------------------- */

static bool make_engine(cf_node *node, cf_engine_maker maker, uint32_t seed)
{
    const cf_services *services = &node->services;
    node->sink = cf_hub_sink(&node->hub);
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
    cf_buffer *buffers[] = {&services->scratch, &services->replies, &services->push, &services->advice};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        cf_buffer_init(buffers[i], environment->allocator, CF_BUFFER_NO_LIMIT);
    cf_turn_init(&services->turn, NULL);
}

static void start_intervals(cf_node *node)
{
    cf_services *services = &node->services;
    cf_metrics_take_zero(&node->shown);
    node->ping.fire = on_ping;
    node->interval.fire = on_interval;
    cf_wheel_set(services->wheel, &node->ping, services->now);
    cf_wheel_set(services->wheel, &node->interval, after_interval(node, services->config->node_metrics_interval));
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
    cf_services_uuid(services, node->uid);
    cf_hub_init(&node->hub, services, seed, cf_command_subscribed);
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

static void end_calls(cf_node *node);

void cf_node_free(cf_node *node)
{
    if (node == NULL)
        return;
    cf_services *services = &node->services;
    drop_sessions(node);
    cf_broker_stop(&node->broker);
    end_calls(node);
    cf_turn_drop_all(&services->turn);
    cf_broker_free(&node->broker);
    while (!cf_list_empty(&node->hub.zombies))
        cf_session_forget(CF_CONTAINER(node->hub.zombies.next, cf_session, link));
    cf_hub_free(&node->hub);
    cf_wheel_free(services->wheel);
    cf_metrics_free(services->metrics);
    cf_buffer_free(&services->scratch);
    cf_buffer_free(&services->replies);
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
    if (config->node_metrics_interval != old->node_metrics_interval)
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

/* A session that is closed leaves its channels, which may push again and doom others. */
static void close_doomed(cf_node *node)
{
    cf_session *session;
    cf_turn *turn = &node->services.turn;
    while ((session = cf_hub_doomed(&node->hub)) != NULL && turn->writes < turn->limits.writes) {
        turn->writes += CF_WORK_WRITE;
        if (cf_session_is(session, CF_SESSION_SLOW))
            cf_session_cut_off(session, CF_BYTES("slow"), false);
        else
            cf_session_close(session, CF_BYTES(CF_TEXT_INTERNAL), true);
        if (cf_hub_doomed(&node->hub) == NULL)
            cf_hub_close_chunks(&node->hub);
    }
}

void cf_node_begin_share(cf_node *node)
{
    cf_turn_begin_share(&node->services.turn);
}

bool cf_node_is_busy(const cf_node *node)
{
    return cf_turn_is_spent(&node->services.turn);
}

void cf_node_go_on(cf_node *node)
{
    cf_turn_run(&node->services.turn);
}

cf_time cf_node_end_turn(cf_node *node)
{
    cf_services *services = &node->services;
    cf_wheel_advance(services->wheel, services->now);
    cf_time engine = cf_broker_advance(&node->broker, services->now);
    cf_hub_close_chunks(&node->hub);
    close_doomed(node);
    bool written = cf_hub_flush(&node->hub);
    if (!written || cf_hub_doomed(&node->hub) != NULL || !cf_list_empty(&services->turn.ready))
        return services->now;
    cf_time wheel = cf_wheel_next(services->wheel);
    return wheel < engine ? wheel : engine;
}

bool cf_node_shutdown(cf_node *node)
{
    node->services.shutting_down = true;
    cf_list *sessions = &node->hub.sessions;
    size_t closed = 0;
    for (cf_list *link = sessions->next, *next; link != sessions && closed < SHUTDOWN_BATCH; link = next) {
        cf_session *session = CF_CONTAINER(link, cf_session, link);
        next = link->next;
        if (!cf_session_is(session, CF_SESSION_AUTHENTICATED))
            continue;
        cf_session_close(session, CF_BYTES("shutting down"), true);
        closed++;
    }
    return node->hub.authenticated_count == 0 && node->broker.pending == 0 && cf_list_empty(&node->services.turn.ready);
}

/* ---- what the HTTP API asks for ------------------------------------------ */

typedef struct call {
    cf_list link; /* in node->calls */
    cf_node *node;
    cf_node_done done;
    cf_node_data_done data_done;
    void *user;
} call;

static const cf_node_result ok = {NULL, CF_ADVICE_NONE};

static cf_node_result failure(const char *error, cf_advice advice)
{
    return (cf_node_result){error, advice};
}

/* NULL without memory, or without an engine. */
static call *new_call(cf_node *node, cf_node_done done, cf_node_data_done data_done, void *user)
{
    call *created = node->ending ? NULL : cf_alloc(node->services.allocator, sizeof *created);
    if (created == NULL)
        return NULL;
    *created = (call){.node = node, .done = done, .data_done = data_done, .user = user};
    cf_list_append(&node->calls, &created->link);
    return created;
}

static call take_call(void *user)
{
    call *taken = user;
    cf_list_remove(&taken->link);
    call copy = *taken;
    cf_free(copy.node->services.allocator, taken);
    return copy;
}

static void published(void *user, cf_engine_status status)
{
    call ended = take_call(user);
    if (status != CF_ENGINE_OK)
        cf_services_log(&ended.node->services, CF_SERVER_ERROR, "the engine failed to publish a message of the API");
    ended.done(ended.user, status == CF_ENGINE_OK ? ok : failure(CF_TEXT_INTERNAL, CF_ADVICE_NONE));
}

void cf_node_publish(cf_node *node, cf_bytes channel, cf_bytes data, cf_bytes client, cf_bytes uid, cf_node_done done,
                     void *user)
{
    cf_services *services = &node->services;
    const cf_channel_options *options = cf_config_channel(services->config, channel);
    char id[CF_MESSAGE_ID_SIZE];
    if (options == NULL) {
        done(user, failure(CF_TEXT_NO_NAMESPACE, CF_ADVICE_FIX));
        return;
    }
    call *waiting = new_call(node, done, NULL, user);
    if (waiting == NULL) {
        done(user, failure(CF_TEXT_INTERNAL, CF_ADVICE_NONE));
        return;
    }
    if (uid.size == 0) {
        cf_services_message_id(services, id);
        uid = cf_bytes_make(id, sizeof id);
    }
    cf_publication publication = {.uid = uid, .channel = channel, .data = data, .client = client};
    cf_broker_publish(&node->broker, &publication, options, published, waiting);
}

/* The engine answers no more. Who calls again when he hears of it is refused. */
static void end_calls(cf_node *node)
{
    node->ending = true;
    while (!cf_list_empty(&node->calls)) {
        call ended = take_call(CF_CONTAINER(node->calls.next, call, link));
        if (ended.done != NULL)
            ended.done(ended.user, failure(CF_TEXT_INTERNAL, CF_ADVICE_NONE));
        else
            ended.data_done(ended.user, failure(CF_TEXT_INTERNAL, CF_ADVICE_NONE), CF_BYTES("null"));
    }
}

bool cf_node_hold_publish(cf_node *node, cf_bytes channel, cf_task *task)
{
    cf_channel *known = cf_hub_channel(&node->hub, channel);
    return known != NULL && cf_hub_hold_publish(&node->hub, known, task);
}

/* Every channel of the session, or the one that is named, whether it is subscribed or not. */
static void unsubscribe_session(cf_session *session, cf_bytes channel)
{
    if (channel.size > 0) {
        cf_session_unsubscribe(session, channel);
        return;
    }
    for (uint32_t i = session->subscription_count; i-- > 0;) {
        const cf_channel *subscribed = session->subscriptions[i].channel;
        cf_session_unsubscribe(session, cf_bytes_make(subscribed->name, subscribed->name_size));
    }
}

void cf_node_unsubscribe(cf_node *node, cf_bytes user_id, cf_bytes channel, cf_node_done done, void *user)
{
    if (user_id.size == 0) {
        done(user, failure(CF_TEXT_INVALID_MESSAGE, CF_ADVICE_NONE));
        return;
    }
    if (channel.size > 0 && cf_config_channel(node->services.config, channel) == NULL) {
        done(user, failure(CF_TEXT_NO_NAMESPACE, CF_ADVICE_NONE));
        return;
    }
    cf_hub_user *known = cf_hub_user_of(&node->hub, user_id);
    if (known != NULL)
        CF_LIST_EACH (link, &known->sessions)
            unsubscribe_session(CF_CONTAINER(link, cf_session, user_link), channel);
    done(user, ok);
}

void cf_node_disconnect(cf_node *node, cf_bytes user_id, cf_node_done done, void *user)
{
    if (user_id.size == 0) {
        done(user, failure(CF_TEXT_INVALID_MESSAGE, CF_ADVICE_NONE));
        return;
    }
    cf_hub_user *known;
    while ((known = cf_hub_user_of(&node->hub, user_id)) != NULL)
        cf_session_close(CF_CONTAINER(known->sessions.next, cf_session, user_link), CF_BYTES("disconnect"), false);
    done(user, ok);
}

static void refuse_data(const char *error, cf_node_data_done done, void *user)
{
    done(user, failure(error, CF_ADVICE_NONE), CF_BYTES("null"));
}

static void hand_out(const call *ended, const cf_buffer *out)
{
    if (out->failed)
        refuse_data(CF_TEXT_INTERNAL, ended->data_done, ended->user);
    else
        ended->data_done(ended->user, ok, cf_buffer_bytes(out));
}

static void presence_read(void *user, cf_engine_status status, const cf_client_info *infos, size_t count)
{
    call ended = take_call(user);
    cf_buffer out;
    cf_buffer_init(&out, ended.node->services.allocator, CF_BUFFER_NO_LIMIT);
    cf_turn_spend(&ended.node->services.turn, count * CF_WORK_ENTRY);
    cf_body_presence(&out, infos, count);
    out.failed = out.failed || status != CF_ENGINE_OK;
    hand_out(&ended, &out);
    cf_buffer_free(&out);
}

static void history_read(void *user, cf_engine_status status, const cf_publication *publications, size_t count, bool found)
{
    call ended = take_call(user);
    cf_buffer out;
    (void)found;
    cf_buffer_init(&out, ended.node->services.allocator, CF_BUFFER_NO_LIMIT);
    cf_turn_spend(&ended.node->services.turn, count * CF_WORK_ENTRY);
    cf_body_messages(&out, publications, count);
    out.failed = out.failed || status != CF_ENGINE_OK;
    hand_out(&ended, &out);
    cf_buffer_free(&out);
}

static void channels_read(void *user, cf_engine_status status, const cf_bytes *channels, size_t count)
{
    call ended = take_call(user);
    cf_buffer out;
    cf_buffer_init(&out, ended.node->services.allocator, CF_BUFFER_NO_LIMIT);
    cf_turn_spend(&ended.node->services.turn, count * CF_WORK_ENTRY);
    cf_buffer_append_byte(&out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            cf_buffer_append_byte(&out, ',');
        cf_json_write_string(&out, channels[i]);
    }
    cf_buffer_append_byte(&out, ']');
    out.failed = out.failed || status != CF_ENGINE_OK;
    hand_out(&ended, &out);
    cf_buffer_free(&out);
}

/* What stands in the way of asking for a channel's data; NULL: nothing. */
static const char *unavailable(cf_bytes channel, const cf_channel_options *options, bool available)
{
    if (channel.size == 0)
        return CF_TEXT_INVALID_MESSAGE;
    if (options == NULL)
        return CF_TEXT_NO_NAMESPACE;
    return available ? NULL : CF_TEXT_NOT_AVAILABLE;
}

void cf_node_presence(cf_node *node, cf_bytes channel, cf_node_data_done done, void *user)
{
    cf_services *services = &node->services;
    const cf_channel_options *options = cf_config_channel(services->config, channel);
    const char *error = unavailable(channel, options, options != NULL && options->presence);
    call *waiting = error != NULL ? NULL : new_call(node, NULL, done, user);
    if (waiting == NULL) {
        refuse_data(error != NULL ? error : CF_TEXT_INTERNAL, done, user);
        return;
    }
    cf_broker_presence(&node->broker, channel, presence_read, waiting);
}

void cf_node_history(cf_node *node, cf_bytes channel, cf_node_data_done done, void *user)
{
    cf_services *services = &node->services;
    const cf_channel_options *options = cf_config_channel(services->config, channel);
    bool available = options != NULL && options->history_size > 0 && options->history_lifetime > 0;
    const char *error = unavailable(channel, options, available);
    call *waiting = error != NULL ? NULL : new_call(node, NULL, done, user);
    if (waiting == NULL) {
        refuse_data(error != NULL ? error : CF_TEXT_INTERNAL, done, user);
        return;
    }
    cf_broker_history(&node->broker, channel, history_read, waiting);
}

void cf_node_channels(cf_node *node, cf_node_data_done done, void *user)
{
    call *waiting = new_call(node, NULL, done, user);
    if (waiting == NULL) {
        refuse_data(CF_TEXT_INTERNAL, done, user);
        return;
    }
    cf_broker_channels(&node->broker, channels_read, waiting);
}

static void write_node(cf_node *node, cf_buffer *out, bool live)
{
    cf_buffer_append(out, CF_BYTES("{\"uid\":"));
    cf_json_write_string(out, cf_bytes_make(node->uid, sizeof node->uid));
    cf_buffer_append(out, CF_BYTES(",\"version\":\"" CF_SERVER_VERSION "\",\"name\":"));
    cf_json_write_string(out, node->services.config->name);
    cf_buffer_append(out, CF_BYTES(",\"started_at\":"));
    cf_buffer_append_int(out, node->started_at);
    cf_buffer_append(out, CF_BYTES(",\"metrics\":"));
    cf_metrics_take_gauges(node->services.metrics, &node->shown);
    if (live)
        cf_metrics_write(node->services.metrics, NULL, out);
    else
        cf_metrics_write_values(&node->shown, out);
    cf_buffer_append_byte(out, '}');
}

void cf_node_stats(cf_node *node, cf_node_data_done done, void *user)
{
    cf_buffer out;
    cf_buffer_init(&out, node->services.allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&out, CF_BYTES("{\"nodes\":["));
    write_node(node, &out, false);
    cf_buffer_append(&out, CF_BYTES("],\"metrics_interval\":"));
    cf_buffer_append_int(&out, node->services.config->node_metrics_interval);
    cf_buffer_append_byte(&out, '}');
    hand_out(&(call){.node = node, .data_done = done, .user = user}, &out);
    cf_buffer_free(&out);
}

void cf_node_node(cf_node *node, cf_node_data_done done, void *user)
{
    cf_buffer out;
    cf_buffer_init(&out, node->services.allocator, CF_BUFFER_NO_LIMIT);
    write_node(node, &out, true);
    hand_out(&(call){.node = node, .data_done = done, .user = user}, &out);
    cf_buffer_free(&out);
}

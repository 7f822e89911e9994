#include "server/daemon/worker_state.h"

#include "server/engine/redis/redis.h"
#include "server/engine/shared/shared.h"
#include "sockjs/session.h"
#include "system/heap.h"
#include "system/random.h"

#include <stdlib.h>
#include <time.h>

/* ---- what the node is given ---- */

static void random_bytes(void *user, void *out, size_t size)
{
    (void)user;
    if (!cf_random_bytes(out, size))
        abort(); /* every id could be guessed */
}

static void log_line(void *user, cf_server_log level, cf_bytes text)
{
    cf_worker *worker = user;
    worker->host.log(worker->host.user, level, text);
}

static uint64_t microseconds(void *user)
{
    (void)user;
    return uv_hrtime() / 1000;
}

static cf_services *services_of(const cf_worker *worker)
{
    return cf_node_services(worker->node);
}

/* ---- turns ---- */

static void enter(void *user)
{
    cf_worker *worker = user;
    if (worker->in_turn) {
        cf_node_begin_share(worker->node);
        return;
    }
    if (worker->wake_at <= cf_net_now(&worker->net)) /* whatever has come first */
        cf_monitor_lag(&worker->monitor, cf_net_now(&worker->net) - worker->wake_at);
    worker->in_turn = true;
    cf_node_begin_turn(worker->node, cf_net_now(&worker->net), (int64_t)time(NULL));
}

static void on_wake(uv_timer_t *timer)
{
    cf_worker *worker = timer->data;
    enter(worker); /* the turn ends before the loop waits */
    worker->wake_at = CF_TIME_NEVER;
    cf_node_go_on(worker->node);
}

static void wake_at(cf_worker *worker, cf_time at)
{
    if (at == worker->wake_at)
        return;
    worker->wake_at = at;
    cf_time now = cf_net_now(&worker->net);
    if (at == CF_TIME_NEVER)
        (void)uv_timer_stop(&worker->wake);
    else
        (void)uv_timer_start(&worker->wake, on_wake, at > now ? (uint64_t)(at - now) : 0, 0);
}

static void end_turn(cf_worker *worker)
{
    if (!worker->in_turn)
        return;
    const cf_services *services = services_of(worker);
    int64_t interval = services->config->node_ping_interval * 1000;
    if (cf_team_is_first(worker->host.member)) /* they are the process's */
        cf_gauges_take(&worker->gauges, services->metrics, cf_net_now(&worker->net), interval);
    cf_monitor_take(&worker->monitor, cf_net_now(&worker->net), interval);
    bool all_told = worker->shutting_down && cf_node_is_shut_down(worker->node);
    cf_time next = cf_node_end_turn(worker->node);
    worker->in_turn = false;
    if (all_told && cf_net_finishing(&worker->net) == 0)
        worker->host.ended(worker->host.user);
    wake_at(worker, next);
}

/* True: so much input was worked on that what it has led to went out. */
static bool input(void *user, size_t size)
{
    cf_worker *worker = user;
    cf_turn_spend(&services_of(worker)->turn, CF_WORK_READ + size / CF_WORK_UNIT_SIZE);
    if (!cf_node_is_busy(worker->node))
        return false;
    end_turn(worker);
    enter(worker);
    return true;
}

/* Where there are letters, the loop does not wait. */
static void on_prepare(uv_prepare_t *handle)
{
    cf_worker *worker = handle->data;
    cf_team_member *member = worker->host.member;
    for (size_t i = 0; i < worker->listener_count; i++)
        cf_listener_begin_round(&worker->listeners[i]);
    bool all_ended = cf_net_begin_round(&worker->net);
    end_turn(worker);
    if (!all_ended || (member != NULL && !cf_mailbox_sleep(&member->mailbox)))
        wake_at(worker, cf_net_now(&worker->net));
}

/* As many as a turn has; what is left has its time in the next round, behind what sockets have brought. */
static void open_letters(cf_worker *worker, cf_mailbox *mailbox)
{
    cf_mailbox_rise(mailbox);
    if (cf_mailbox_is_empty(mailbox))
        return;
    enter(worker);
    while (cf_mailbox_open_next(mailbox)) {
        cf_turn_spend(&services_of(worker)->turn, CF_WORK_COMMAND);
        if (cf_node_is_busy(worker->node))
            return;
    }
}

static void on_check(uv_check_t *handle)
{
    cf_worker *worker = handle->data;
    cf_team_member *member = worker->host.member;
    if (member != NULL)
        open_letters(worker, &member->mailbox);
    end_turn(worker);
}

/* ---- being woken ---- */

static void wake_worker(void *user)
{
    cf_worker *worker = user;
    (void)uv_async_send(&worker->letters);
}

/* Letters are opened where the loop has been woken by whatever it was. */
static void on_letters(uv_async_t *handle)
{
    cf_worker *worker = handle->data;
    if (atomic_load_explicit(&worker->is_to_stop, memory_order_relaxed))
        uv_stop(worker->host.loop);
}

static bool set_up_letters(cf_worker *worker)
{
    cf_team_member *member = worker->host.member;
    if (member == NULL)
        return true;
    worker->letters.data = worker;
    if (uv_async_init(worker->host.loop, &worker->letters, on_letters) != 0)
        return false;
    cf_mailbox_on_post(&member->mailbox, wake_worker, worker);
    services_of(worker)->metrics->node_num_goroutine = 1;
    return true;
}

void cf_worker_stop(cf_worker *worker)
{
    atomic_store_explicit(&worker->is_to_stop, true, memory_order_relaxed);
    wake_worker(worker);
}

/* ---- connections ---- */

static void on_tls_failure(void *user, const cf_connection *connection, const char *reason)
{
    cf_worker *worker = user;
    char peer[64];
    cf_connection_peer(connection, peer, sizeof(peer));
    cf_services_notice(services_of(worker), CF_NOTICE_bad_tls, "TLS with %s ended: %s", peer, reason);
}

/* ---- life ---- */

static cf_engine_maker choose_store(const cf_config *config)
{
    return cf_bytes_equal(config->engine, CF_BYTES("redis")) ? cf_engine_redis_new : cf_engine_memory_new;
}

static cf_engine *make_engine(const cf_engine_host *host)
{
    cf_engine_maker store = choose_store(host->config);
    return host->environment->member == NULL ? store(host) : cf_engine_shared_new(host, store);
}

static void look(void *user, bool *engine_answers, cf_time *loop_lag)
{
    const cf_worker *worker = user;
    cf_health health = cf_monitor_health(&worker->monitor, cf_net_now(&worker->net));
    *engine_answers = health.engine_answers;
    *loop_lag = health.loop_lag;
}

static bool make_node(cf_worker *worker)
{
    static const cf_sockjs_options sockjs = {
        .answer_max = CF_SOCKJS_ANSWER_MAX, .strangers_max = CF_SOCKJS_STRANGERS_MAX, .websocket = true};
    const cf_worker_host *host = &worker->host;
    cf_server_environment environment = {
        .allocator = &cf_heap,
        .random = random_bytes,
        .log = log_line,
        .microseconds = microseconds,
        .enter = enter,
        .loop = host->loop,
        .member = host->member,
        .user = worker,
    };
    worker->node = cf_node_new(&environment, host->config, make_engine, (cf_time)uv_now(host->loop), (int64_t)time(NULL));
    if (worker->node == NULL)
        return false;
    services_of(worker)->log_level = host->log_level;
    cf_api_queue_init(&worker->queue, worker->node);
    worker->admin.node = worker->node;
    worker->admin.net = &worker->net;
    worker->admin.logins = host->logins;
    worker->admin.lock = host->logins_lock;
    worker->sockjs = cf_sockjs_server_new(services_of(worker), &sockjs);
    worker->monitor.broker = services_of(worker)->broker;
    cf_node_set_monitor(worker->node, &(cf_node_monitor){.look = look, .user = worker});
    if (worker->sockjs == NULL)
        cf_node_free(worker->node);
    return worker->sockjs != NULL;
}

static void set_up_net(cf_worker *worker)
{
    cf_net_init(&worker->net, worker->host.loop, &cf_heap, services_of(worker)->wheel);
    worker->net.descriptor_max = worker->host.descriptor_max;
    worker->net.enter = enter;
    worker->net.input = input;
    worker->net.failed = on_tls_failure;
    worker->net.user = worker;
    worker->http = (cf_http_server){
        .net = &worker->net,
        .body_limit = cf_endpoint_body_limit,
        .request = cf_endpoint_request,
        .answered = cf_endpoint_answered,
        .refused = cf_endpoint_refused,
        .team = worker->host.member == NULL ? NULL : worker->host.member->team,
        .user = worker,
    };
    cf_buffer_init(&worker->location, &cf_heap, CF_BUFFER_NO_LIMIT);
}

static void set_up_turns(cf_worker *worker)
{
    uv_loop_t *loop = worker->host.loop;
    (void)uv_prepare_init(loop, &worker->prepare);
    (void)uv_check_init(loop, &worker->check);
    (void)uv_timer_init(loop, &worker->wake);
    worker->prepare.data = worker->check.data = worker->wake.data = worker;
    (void)uv_prepare_start(&worker->prepare, on_prepare);
    (void)uv_check_start(&worker->check, on_check);
    worker->wake_at = CF_TIME_NEVER;
}

static void configure_http(cf_worker *worker, const cf_config *config)
{
    worker->http.idle_timeout = config->http_idle_timeout * 1000;
}

/* The handles that it has are closed with the loop's others. */
static cf_worker *give_up(cf_worker *worker)
{
    uv_close((uv_handle_t *)&worker->prepare, NULL);
    uv_close((uv_handle_t *)&worker->check, NULL);
    uv_close((uv_handle_t *)&worker->wake, NULL);
    (void)uv_run(worker->host.loop, UV_RUN_NOWAIT);
    cf_sockjs_server_free(worker->sockjs);
    cf_worker_free(worker);
    return NULL;
}

cf_worker *cf_worker_new(const cf_worker_host *host)
{
    cf_worker *worker = cf_alloc_zero(&cf_heap, 1, sizeof(*worker));
    if (worker == NULL)
        return NULL;
    worker->host = *host;
    if (!make_node(worker)) {
        cf_free(&cf_heap, worker);
        return NULL;
    }
    set_up_turns(worker);
    set_up_net(worker);
    configure_http(worker, host->config);
    return set_up_letters(worker) ? worker : give_up(worker);
}

const char *cf_worker_engine_name(const cf_worker *worker)
{
    return cf_node_engine_name(worker->node);
}

bool cf_worker_encrypt(cf_worker *worker, cf_tls_context *context)
{
    if (worker->tls != NULL)
        cf_tls_set_context(worker->tls, context);
    else
        worker->tls = cf_tls_new(&worker->net, context);
    return worker->tls != NULL;
}

/* The first line is the reference's. */
static int check_level(cf_worker *worker, int64_t level)
{
    if (level >= CF_DEFLATE_LEVEL_MIN && level <= CF_DEFLATE_LEVEL_MAX)
        return (int)level;
    if (!cf_team_is_first(worker->host.member)) /* who has said it */
        return 1;
    cf_services_log(services_of(worker), CF_SERVER_ERROR,
                    "Error setting websocket compression level: websocket: invalid compression level");
    cf_services_log(services_of(worker), CF_SERVER_ERROR,
                    "option 'websocket_compression_level' is %lld: allowed is %d to %d; 1 is used", (long long)level,
                    CF_DEFLATE_LEVEL_MIN, CF_DEFLATE_LEVEL_MAX);
    return 1;
}

static bool make_deflate(cf_worker *worker)
{
    const cf_config *config = services_of(worker)->config;
    if (!config->websocket_compression)
        return true;
    int level = check_level(worker, config->websocket_compression_level);
    worker->deflate = cf_deflate_new(&cf_heap, level, (size_t)config->websocket_compression_min_size);
    if (worker->deflate == NULL)
        cf_services_log(services_of(worker), CF_SERVER_FATAL, "out of memory");
    return worker->deflate != NULL;
}

bool cf_worker_start(cf_worker *worker, const cf_worker *first)
{
    if (!make_deflate(worker) || !(first == NULL ? cf_worker_listen(worker) : cf_worker_listen_with(worker, first)))
        return false;
    enter(worker); /* the first turn sets the node's timers going */
    return true;
}

void cf_worker_configure(cf_worker *worker, const cf_config *config, cf_server_log log_level)
{
    enter(worker);
    cf_node_configure(worker->node, config);
    services_of(worker)->log_level = log_level;
    configure_http(worker, config);
}

void cf_worker_shut_down(cf_worker *worker)
{
    worker->shutting_down = true;
    cf_worker_hand_over(worker);
    enter(worker);
    cf_node_shut_down(worker->node);
}

void cf_worker_close(cf_worker *worker)
{
    worker->shutting_down = false; /* it is over: nothing stops the loop before all handles are closed */
    enter(worker);
    cf_net_drop_all(&worker->net);
    cf_sockjs_server_free(worker->sockjs);
    end_turn(worker);
    cf_worker_stop_listening(worker);
}

void cf_worker_free(cf_worker *worker)
{
    cf_tls_free(worker->tls);
    cf_node_free(worker->node);
    cf_deflate_free(worker->deflate);
    cf_free(&cf_heap, worker->listeners);
    cf_buffer_free(&worker->location);
    cf_free(&cf_heap, worker);
}

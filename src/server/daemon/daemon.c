#include "server/daemon/daemon.h"

#include "sockjs/session.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* ---- what the node is given ---- */

static void random_bytes(void *user, void *out, size_t size)
{
    (void)user;
    char *at = out;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort(); /* without random numbers every id could be guessed */
        at += got;
        size -= (size_t)got;
    }
}

static void log_line(void *user, cf_server_log level, cf_bytes text)
{
    cf_daemon *daemon = user;
    cf_log_write(&daemon->log, level, text);
}

static uint64_t microseconds(void *user)
{
    (void)user;
    return uv_hrtime() / 1000;
}

/* ---- turns ---- */

static void enter(void *user)
{
    cf_daemon *daemon = user;
    if (daemon->in_turn) {
        cf_node_begin_share(daemon->node);
        return;
    }
    daemon->in_turn = true;
    cf_node_begin_turn(daemon->node, cf_net_now(&daemon->net), (int64_t)time(NULL));
}

static void on_wake(uv_timer_t *timer)
{
    cf_daemon *daemon = timer->data;
    daemon->wake_at = CF_TIME_NEVER;
    enter(daemon); /* the turn ends before the loop waits */
    cf_node_go_on(daemon->node);
}

static void wake_at(cf_daemon *daemon, cf_time at)
{
    if (at == daemon->wake_at)
        return;
    daemon->wake_at = at;
    cf_time now = cf_net_now(&daemon->net);
    if (at == CF_TIME_NEVER)
        (void)uv_timer_stop(&daemon->wake);
    else
        (void)uv_timer_start(&daemon->wake, on_wake, at > now ? (uint64_t)(at - now) : 0, 0);
}

static void end_turn(cf_daemon *daemon)
{
    if (!daemon->in_turn)
        return;
    cf_daemon_take_gauges(daemon);
    cf_log_flush(&daemon->log);
    bool all_told = daemon->shutting_down && cf_node_shutdown(daemon->node);
    cf_time next = cf_node_end_turn(daemon->node);
    daemon->in_turn = false;
    if (all_told && cf_net_finishing(&daemon->net) == 0)
        uv_stop(&daemon->loop);
    if (daemon->shutting_down && !all_told)
        next = cf_net_now(&daemon->net);
    wake_at(daemon, next);
}

/* So much input was worked on that what it has led to should go out now. */
static void input(void *user, size_t size)
{
    cf_daemon *daemon = user;
    cf_turn_spend(&cf_node_services(daemon->node)->turn, CF_WORK_READ + size / CF_WORK_UNIT_SIZE);
    if (!cf_node_is_busy(daemon->node))
        return;
    end_turn(daemon);
    enter(daemon);
}

static void on_prepare(uv_prepare_t *handle)
{
    cf_daemon *daemon = handle->data;
    for (size_t i = 0; i < daemon->listener_count; i++)
        cf_listener_begin_round(&daemon->listeners[i]);
    bool all_ended = cf_net_begin_round(&daemon->net);
    end_turn(daemon);
    if (!all_ended)
        wake_at(daemon, cf_net_now(&daemon->net));
}

static void on_check(uv_check_t *handle)
{
    end_turn(handle->data);
}

/* ---- configuration ---- */

static void log_warnings(cf_daemon *daemon, const cf_config_report *report)
{
    cf_log_lines(&daemon->log, CF_SERVER_WARNING, cf_buffer_bytes(&report->warnings));
}

static const char *error_prefix(cf_daemon_settings_status status)
{
    switch (status) {
    case CF_SETTINGS_PARSE_ERROR:
        return "Error parsing configuration: ";
    case CF_SETTINGS_INVALID:
        return "Error validating config: ";
    default:
        return "";
    }
}

static void log_config_error(cf_daemon *daemon, cf_server_log level, cf_daemon_settings_status status,
                             const cf_config_report *report)
{
    cf_log_say(&daemon->log, level, "%s%.*s", error_prefix(status), (int)report->error.size,
               report->error.data == NULL ? "out of memory" : report->error.data);
}

static void free_config(cf_config *config)
{
    if (config == NULL)
        return;
    cf_config_free(config);
    cf_free(&cf_heap, config);
}

static bool open_log(cf_daemon *daemon, const cf_config *config)
{
    if (cf_log_open(&daemon->log, config->log_file.data, config->log_level))
        return true;
    cf_log_say(&daemon->log, CF_SERVER_ERROR, "log file %s cannot be opened: %s", config->log_file.data, strerror(errno));
    return false;
}

/* The first configuration. */
static bool load_config(cf_daemon *daemon)
{
    cf_config_report report;
    bool file_missing = false;
    cf_config_report_init(&report, &cf_heap);
    daemon->config = cf_alloc_zero(&cf_heap, 1, sizeof(cf_config));
    cf_daemon_settings_status status = CF_SETTINGS_INVALID;
    if (daemon->config != NULL)
        status = cf_daemon_settings_load(daemon->settings, daemon->config, &report, &file_missing);
    if (status == CF_SETTINGS_OK)
        (void)open_log(daemon, daemon->config);
    if (file_missing)
        cf_log_say(&daemon->log, CF_SERVER_WARNING, "No config file found: %s; 'centrifuged genconfig' writes one",
                   daemon->settings->path);
    log_warnings(daemon, &report);
    if (status != CF_SETTINGS_OK)
        log_config_error(daemon, CF_SERVER_FATAL, status, &report);
    cf_config_report_free(&report);
    return status == CF_SETTINGS_OK;
}

/* Nothing changes unless the whole new configuration is good (server-spec.md 8.9, 10.2 fix 23). */
static void reload_config(cf_daemon *daemon)
{
    cf_config_report report;
    bool file_missing = false;
    cf_log_say(&daemon->log, CF_SERVER_INFO, "Reloading configuration");
    cf_config_report_init(&report, &cf_heap);
    cf_config *next = cf_alloc_zero(&cf_heap, 1, sizeof(cf_config));
    cf_daemon_settings_status status = CF_SETTINGS_INVALID;
    if (next != NULL)
        status = cf_daemon_settings_load(daemon->settings, next, &report, &file_missing);
    if (status == CF_SETTINGS_OK && !cf_config_keep_start_only(next, daemon->config, &report))
        status = CF_SETTINGS_INVALID;
    if (status != CF_SETTINGS_OK) {
        log_warnings(daemon, &report);
        log_config_error(daemon, CF_SERVER_CRITICAL, status, &report);
        free_config(next);
    } else {
        enter(daemon);
        (void)open_log(daemon, next);
        log_warnings(daemon, &report);
        cf_node_configure(daemon->node, next);
        cf_node_services(daemon->node)->log_level = daemon->log.level;
        daemon->http.body_max = (size_t)next->api_request_max_size;
        daemon->http.idle_timeout = next->http_idle_timeout * 1000;
        free_config(daemon->config);
        daemon->config = next;
        cf_log_say(&daemon->log, CF_SERVER_INFO, "Configuration successfully reloaded");
    }
    cf_config_report_free(&report);
}

/* ---- signals ---- */

/*
 * SIG_BLOCK until the loop takes signals, and again while we clean up: a reload that comes too early, or a second end, kills
 * nobody.
 */
static void mask_signals(int how, bool ends)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGHUP);
    if (ends) {
        (void)sigaddset(&signals, SIGTERM);
        (void)sigaddset(&signals, SIGINT);
    }
    (void)sigprocmask(how, &signals, NULL);
}

static void on_shutdown_timeout(uv_timer_t *timer)
{
    cf_daemon *daemon = timer->data;
    cf_log_say(&daemon->log, CF_SERVER_ERROR, "connections could not be closed in time");
    daemon->status = 1;
    uv_stop(&daemon->loop);
}

static void on_end_signal(uv_signal_t *handle, int number)
{
    cf_daemon *daemon = handle->data;
    if (daemon->shutting_down)
        return;
    cf_log_say(&daemon->log, CF_SERVER_INFO, "Signal received: %s", number == SIGINT ? "interrupt" : "terminated");
    cf_log_say(&daemon->log, CF_SERVER_INFO, "Shutting down");
    daemon->shutting_down = true;
    (void)uv_timer_start(&daemon->shutdown_timer, on_shutdown_timeout, CF_DAEMON_SHUTDOWN_TIMEOUT, 0);
    enter(daemon); /* at its end the sessions are closed */
}

static void on_hangup(uv_signal_t *handle, int number)
{
    (void)number;
    reload_config(handle->data);
}

/* ---- pid file ---- */

static bool take_pid_file(cf_daemon *daemon)
{
    const char *path = daemon->config->pid_file.data;
    if (path[0] == 0 || cf_pid_file_take(&daemon->pid_file, path))
        return true;
    if (errno == EWOULDBLOCK)
        cf_log_say(&daemon->log, CF_SERVER_FATAL, "Error writing PID: %s belongs to process %ld, which is running", path,
                   cf_pid_file_holder(path));
    else if (errno == EEXIST)
        cf_log_say(&daemon->log, CF_SERVER_FATAL,
                   "Error writing PID: %s is there and no pid file: remove it, or name another one", path);
    else
        cf_log_say(&daemon->log, CF_SERVER_FATAL, "Error writing PID: %s: %s", path, strerror(errno));
    return false;
}

/* ---- start ---- */

static void log_start(cf_daemon *daemon, const char *version)
{
    char path[PATH_MAX];
    const char *shown = realpath(daemon->settings->path, path) != NULL ? path : daemon->settings->path;
    cf_log *log = &daemon->log;
    cf_log_say(log, CF_SERVER_INFO, "Config path: %s", shown);
    cf_log_say(log, CF_SERVER_INFO, "Version: %s", version);
    cf_log_say(log, CF_SERVER_INFO, "PID: %ld", (long)getpid());
    cf_log_say(log, CF_SERVER_INFO, "Engine: %s", cf_node_engine_name(daemon->node));
    if (daemon->config->insecure)
        cf_log_say(log, CF_SERVER_WARNING, "Running in INSECURE client mode");
    if (daemon->config->insecure_api)
        cf_log_say(log, CF_SERVER_WARNING, "Running in INSECURE API mode");
    if (daemon->config->debug)
        cf_log_say(log, CF_SERVER_WARNING, "Running in DEBUG mode");
    cf_log_say(log, CF_SERVER_INFO, "SockJS url: %s", daemon->config->sockjs_url.data);
}

/* A connection is a file descriptor: take as many as the system allows. How many that are, or 0. */
static int raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        rlim_t before = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            limit.rlim_cur = before;
    }
    return limit.rlim_cur < INT_MAX ? (int)limit.rlim_cur : 0;
}

static void on_listen_problem(void *user, int status)
{
    cf_daemon *daemon = user;
    cf_services_notice(cf_node_services(daemon->node), CF_NOTICE_no_descriptor, "a connection could not be accepted: %s",
                       uv_strerror(status));
}

static bool listen_on(cf_daemon *daemon, int64_t port, unsigned bits)
{
    cf_listener *listener = &daemon->listeners[daemon->listener_count];
    const char *address = daemon->config->address.data;
    listener->problem = on_listen_problem;
    listener->user = daemon;
    int status = cf_listener_open(listener, &daemon->http, address, (int)port, bits);
    if (status != 0) {
        cf_log_say(&daemon->log, CF_SERVER_FATAL, "ListenAndServe: listen tcp %s:%lld: bind: %s%s", address, (long long)port,
                   uv_strerror(status),
                   status == UV_EADDRINUSE ? "; choose another port with -p, as in: centrifuged -p 8001" : "");
        return false;
    }
    daemon->listener_count++;
    cf_log_say(&daemon->log, CF_SERVER_INFO, "Start serving %s%s%s endpoints on %s:%d",
               bits & CF_PORT_CLIENTS ? "raw websocket, SockJS" : "", bits == (CF_PORT_CLIENTS | CF_PORT_API) ? ", " : "",
               bits & CF_PORT_API ? "API" : "", address, listener->port);
    return true;
}

static bool listen_all(cf_daemon *daemon)
{
    const cf_config *config = daemon->config;
    if (config->api_port == config->port)
        return listen_on(daemon, config->port, CF_PORT_CLIENTS | CF_PORT_API);
    return listen_on(daemon, config->port, CF_PORT_CLIENTS) && listen_on(daemon, config->api_port, CF_PORT_API);
}

static bool make_node(cf_daemon *daemon)
{
    static const cf_sockjs_options sockjs = {.answer_max = CF_SOCKJS_ANSWER_MAX, .websocket = true};
    cf_server_environment environment = {
        .allocator = &cf_heap,
        .random = random_bytes,
        .log = log_line,
        .microseconds = microseconds,
        .enter = enter,
        .loop = &daemon->loop,
        .user = daemon,
    };
    daemon->node =
        cf_node_new(&environment, daemon->config, cf_engine_memory_new, (cf_time)uv_now(&daemon->loop), (int64_t)time(NULL));
    if (daemon->node == NULL)
        return false;
    cf_node_services(daemon->node)->log_level = daemon->log.level;
    daemon->sockjs = cf_sockjs_server_new(cf_node_services(daemon->node), &sockjs);
    if (daemon->sockjs == NULL)
        cf_node_free(daemon->node);
    return daemon->sockjs != NULL;
}

static void set_up_loop(cf_daemon *daemon)
{
    uv_loop_t *loop = &daemon->loop;
    (void)uv_prepare_init(loop, &daemon->prepare);
    (void)uv_check_init(loop, &daemon->check);
    (void)uv_timer_init(loop, &daemon->wake);
    (void)uv_timer_init(loop, &daemon->shutdown_timer);
    (void)uv_signal_init(loop, &daemon->terminate);
    (void)uv_signal_init(loop, &daemon->interrupt);
    (void)uv_signal_init(loop, &daemon->hangup);
    daemon->prepare.data = daemon->check.data = daemon->wake.data = daemon->shutdown_timer.data = daemon;
    daemon->terminate.data = daemon->interrupt.data = daemon->hangup.data = daemon;
    (void)uv_prepare_start(&daemon->prepare, on_prepare);
    (void)uv_check_start(&daemon->check, on_check);
    (void)uv_signal_start(&daemon->terminate, on_end_signal, SIGTERM);
    (void)uv_signal_start(&daemon->interrupt, on_end_signal, SIGINT);
    (void)uv_signal_start(&daemon->hangup, on_hangup, SIGHUP);
    mask_signals(SIG_UNBLOCK, true); /* also where who started us had them blocked */
    daemon->wake_at = CF_TIME_NEVER;
}

static void set_up_net(cf_daemon *daemon)
{
    cf_net_init(&daemon->net, &daemon->loop, &cf_heap, cf_node_services(daemon->node)->wheel);
    daemon->net.descriptor_max = raise_file_limit();
    daemon->net.enter = enter;
    daemon->net.input = input;
    daemon->net.user = daemon;
    daemon->http = (cf_http_server){
        .net = &daemon->net,
        .body_max = (size_t)daemon->config->api_request_max_size,
        .idle_timeout = daemon->config->http_idle_timeout * 1000,
        .reads_body = cf_daemon_reads_body,
        .request = cf_daemon_request,
        .answered = cf_daemon_answered,
        .refused = cf_daemon_refused,
        .user = daemon,
    };
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void tear_down(cf_daemon *daemon)
{
    mask_signals(SIG_BLOCK, true);
    daemon->shutting_down = false; /* it is over: nothing stops the loop before all handles are closed */
    enter(daemon);
    cf_net_drop_all(&daemon->net);
    cf_sockjs_server_free(daemon->sockjs);
    end_turn(daemon);
    for (size_t i = 0; i < daemon->listener_count; i++)
        cf_listener_close(&daemon->listeners[i]);
    uv_walk(&daemon->loop, close_handle, NULL);
    (void)uv_run(&daemon->loop, UV_RUN_DEFAULT);
    cf_node_free(daemon->node);
}

static void serve(cf_daemon *daemon, const char *version)
{
    set_up_loop(daemon);
    set_up_net(daemon);
    daemon->status = 1;
    log_start(daemon, version);
    if (!cf_daemon_set_routes(daemon)) {
        cf_log_say(&daemon->log, CF_SERVER_FATAL, "out of memory");
    } else if (take_pid_file(daemon) && listen_all(daemon)) {
        daemon->status = 0;
        enter(daemon); /* the first turn sets the node's timers going */
        (void)uv_run(&daemon->loop, UV_RUN_DEFAULT);
    }
    tear_down(daemon);
}

static void run(cf_daemon *daemon, const char *version)
{
    daemon->status = 1;
    if (!load_config(daemon))
        return;
    if (uv_loop_init(&daemon->loop) != 0) {
        cf_log_say(&daemon->log, CF_SERVER_FATAL, "the event loop cannot be made: %s", strerror(errno));
        return;
    }
    if (make_node(daemon))
        serve(daemon, version);
    else
        cf_log_say(&daemon->log, CF_SERVER_FATAL, "out of memory");
    (void)uv_loop_close(&daemon->loop);
}

int cf_daemon_run(const cf_daemon_settings *settings, const char *version)
{
    mask_signals(SIG_BLOCK, false); /* what ends us may: there is nothing to clean up yet */
    (void)signal(SIGPIPE, SIG_IGN);
    cf_daemon *daemon = cf_alloc_zero(&cf_heap, 1, sizeof(*daemon));
    if (daemon == NULL)
        return 1;
    daemon->settings = settings;
    daemon->pid_file.descriptor = -1;
    cf_log_init(&daemon->log);
    cf_log_open_terminal(&daemon->log);
    cf_buffer_init(&daemon->route_paths, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&daemon->location, &cf_heap, CF_BUFFER_NO_LIMIT);
    run(daemon, version);
    cf_pid_file_drop(&daemon->pid_file);
    int status = daemon->status;
    free_config(daemon->config);
    cf_log_close(&daemon->log);
    cf_buffer_free(&daemon->route_paths);
    cf_buffer_free(&daemon->location);
    cf_free(&cf_heap, daemon);
    return status;
}

#include "server/daemon/process.h"

#include "server/daemon/crew.h"
#include "server/daemon/encryption.h"
#include "server/daemon/limits.h"
#include "server/daemon/log.h"
#include "server/daemon/pidfile.h"
#include "server/daemon/supervisor.h"
#include "system/heap.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct process {
    const cf_daemon_settings *settings;
    const char *version;
    cf_config *config;   /* of now; a reload makes a new one */
    cf_config *previous; /* while workers may still have it, or NULL */
    bool reload_again;   /* it was asked for meanwhile */
    cf_log log;
    uv_loop_t loop; /* the first worker's, and our signals' */
    cf_crew *crew;
    uv_prepare_t prepare;
    uv_signal_t terminate;
    uv_signal_t interrupt;
    uv_signal_t hangup;
    uv_timer_t shutdown_timer;
    int end_signals; /* so far; the second one ends a spread */
    cf_pid_file pid_file;
    cf_supervisor supervisor;
    cf_inherited inherited;
    int status; /* of the program */
} process;

/* ---- what the workers are given ---- */

static void log_line(void *user, cf_server_log level, cf_bytes text)
{
    process *self = user;
    cf_log_write(&self->log, level, text);
}

static void on_ended(void *user)
{
    process *self = user;
    uv_stop(&self->loop);
}

/* ---- configuration ---- */

static void log_warnings(process *self, const cf_config_report *report)
{
    cf_log_lines(&self->log, CF_SERVER_WARNING, cf_buffer_bytes(&report->warnings));
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

static void log_config_error(process *self, cf_server_log level, cf_daemon_settings_status status,
                             const cf_config_report *report)
{
    cf_bytes reason = report->error.size > 0 ? cf_buffer_bytes(&report->error) : CF_BYTES("out of memory");
    cf_log_say(&self->log, level, "%s%.*s", error_prefix(status), (int)reason.size, reason.data);
}

static void free_config(cf_config *config)
{
    if (config == NULL)
        return;
    cf_config_free(config);
    cf_free(&cf_heap, config);
}

static void open_log(process *self, const cf_config *config)
{
    if (!cf_log_open(&self->log, config))
        cf_log_say(&self->log, CF_SERVER_ERROR, "log file %s cannot be opened: %s", config->log_file.data, strerror(errno));
}

/* The first configuration. */
static bool load_config(process *self)
{
    cf_config_report report;
    bool file_missing = false;
    cf_config_report_init(&report, &cf_heap);
    self->config = cf_alloc_zero(&cf_heap, 1, sizeof(cf_config));
    cf_daemon_settings_status status = CF_SETTINGS_INVALID;
    if (self->config != NULL)
        status = cf_daemon_settings_load(self->settings, self->config, &report, &file_missing);
    if (status == CF_SETTINGS_OK)
        open_log(self, self->config);
    if (file_missing)
        cf_log_say(&self->log, CF_SERVER_WARNING, "No config file found: %s; 'centrifuged genconfig' writes one",
                   self->settings->path);
    log_warnings(self, &report);
    if (status != CF_SETTINGS_OK)
        log_config_error(self, CF_SERVER_FATAL, status, &report);
    cf_config_report_free(&report);
    return status == CF_SETTINGS_OK;
}

/* NULL, with a line in the log, when there is no good one. */
static cf_tls_context *read_certificate(process *self, const cf_config *config, cf_server_log level, const char *prefix)
{
    cf_config_report report;
    cf_config_report_init(&report, &cf_heap);
    cf_tls_context *context = cf_encryption_read(config, &report);
    log_warnings(self, &report);
    if (context == NULL)
        cf_log_say(&self->log, level, "%s%s", prefix, report.error.size > 0 ? cf_buffer_text(&report.error) : "out of memory");
    cf_config_report_free(&report);
    return context;
}

static bool encrypt(process *self)
{
    static const char prefix[] = "ListenAndServe: ";
    cf_tls_context *context = read_certificate(self, self->config, CF_SERVER_FATAL, prefix);
    if (context == NULL)
        return false;
    bool taken = cf_crew_encrypt(self->crew, context);
    if (!taken)
        cf_log_say(&self->log, CF_SERVER_FATAL, "%sout of memory", prefix);
    cf_tls_context_release(context);
    return taken;
}

/* NULL, with a line in the log, when anything is wrong with it. */
static cf_config *load_again(process *self, cf_config_report *report)
{
    bool file_missing = false;
    cf_config *next = cf_alloc_zero(&cf_heap, 1, sizeof(cf_config));
    cf_daemon_settings_status status = CF_SETTINGS_INVALID;
    if (next != NULL)
        status = cf_daemon_settings_load(self->settings, next, report, &file_missing);
    if (status == CF_SETTINGS_OK && !cf_config_keep_start_only(next, self->config, report))
        status = CF_SETTINGS_INVALID;
    if (status == CF_SETTINGS_OK)
        return next;
    open_log(self, self->config); /* log rotation needs it, whatever was found */
    log_warnings(self, report);
    log_config_error(self, CF_SERVER_CRITICAL, status, report);
    free_config(next);
    return NULL;
}

static void take_config(process *self, cf_config *next, const cf_config_report *report)
{
    cf_tls_context *context = NULL;
    open_log(self, next);
    log_warnings(self, report);
    if (next->ssl)
        context = read_certificate(self, next, CF_SERVER_ERROR, "the certificate stays the one before: ");
    self->previous = self->config;
    self->config = next;
    cf_crew_configure(self->crew, next, self->log.level, context);
    cf_tls_context_release(context);
}

static void end_reload(process *self)
{
    cf_supervisor_tell(&self->supervisor, "READY=1");
}

/* Nothing changes unless the whole new configuration is good (server-spec.md 8.9, 10.2 fix 23). */
static void reload_config(process *self)
{
    cf_config_report report;
    cf_log_say(&self->log, CF_SERVER_INFO, "Reloading configuration");
    cf_config_report_init(&report, &cf_heap);
    cf_config *next = load_again(self, &report);
    if (next != NULL)
        take_config(self, next, &report);
    else
        end_reload(self);
    cf_config_report_free(&report);
}

static void begin_reload(process *self)
{
    self->reload_again = self->previous != NULL;
    if (self->reload_again)
        return;
    cf_supervisor_tell(&self->supervisor, "RELOADING=1");
    reload_config(self);
}

/* All workers have the new one. */
static void on_configured(void *user)
{
    process *self = user;
    free_config(self->previous);
    self->previous = NULL;
    cf_log_say(&self->log, CF_SERVER_INFO, "Configuration successfully reloaded");
    end_reload(self);
    if (self->reload_again)
        begin_reload(self);
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
    process *self = timer->data;
    cf_log_say(&self->log, CF_SERVER_ERROR, "connections could not be closed in time");
    self->status = 1;
    uv_stop(&self->loop);
}

/* The supervisor waits as long as we do, and a little longer. */
static void tell_the_end(const process *self, int64_t spread)
{
    char state[96];
    (void)snprintf(state, sizeof(state), "STOPPING=1\nEXTEND_TIMEOUT_USEC=%lld",
                   (long long)(spread * 1000 + CF_PROCESS_SHUTDOWN_TIMEOUT * 3 / 2) * 1000);
    cf_supervisor_tell(&self->supervisor, state);
}

/* The first signal, or one that ends a spread. */
static void shut_down(process *self, int64_t spread)
{
    if (spread > 0)
        cf_log_say(&self->log, CF_SERVER_INFO, "clients are told within %lld seconds; a second signal tells them at once",
                   (long long)spread);
    tell_the_end(self, spread);
    (void)uv_timer_start(&self->shutdown_timer, on_shutdown_timeout, (uint64_t)(spread * 1000 + CF_PROCESS_SHUTDOWN_TIMEOUT),
                         0);
    cf_crew_shut_down(self->crew);
}

static void on_end_signal(uv_signal_t *handle, int number)
{
    process *self = handle->data;
    if (self->end_signals >= 2)
        return;
    cf_log_say(&self->log, CF_SERVER_INFO, "Signal received: %s", number == SIGINT ? "interrupt" : "terminated");
    if (self->end_signals++ == 0)
        cf_log_say(&self->log, CF_SERVER_INFO, "Shutting down");
    shut_down(self, self->end_signals == 1 ? self->config->shutdown_spread : 0);
}

static void on_hangup(uv_signal_t *handle, int number)
{
    (void)number;
    begin_reload(handle->data);
}

/* ---- pid file ---- */

static bool take_pid_file(process *self)
{
    const char *path = self->config->pid_file.data;
    if (path[0] == 0 || cf_pid_file_take(&self->pid_file, path))
        return true;
    if (errno == EWOULDBLOCK)
        cf_log_say(&self->log, CF_SERVER_FATAL, "Error writing PID: %s belongs to process %ld, which is running", path,
                   cf_pid_file_holder(path));
    else if (errno == EEXIST)
        cf_log_say(&self->log, CF_SERVER_FATAL,
                   "Error writing PID: %s is there and no pid file: remove it, or name another one", path);
    else
        cf_log_say(&self->log, CF_SERVER_FATAL, "Error writing PID: %s: %s", path, strerror(errno));
    return false;
}

/* ---- start ---- */

static void log_start(process *self)
{
    char path[PATH_MAX];
    char limits[160];
    const char *shown = realpath(self->settings->path, path) != NULL ? path : self->settings->path;
    cf_log *log = &self->log;
    cf_log_say(log, CF_SERVER_INFO, "Config path: %s", shown);
    cf_log_say(log, CF_SERVER_INFO, "Version: %s", self->version);
    cf_log_say(log, CF_SERVER_INFO, "PID: %ld", (long)getpid());
    cf_log_say(log, CF_SERVER_INFO, "Engine: %s", cf_crew_engine_name(self->crew));
    cf_log_say(log, CF_SERVER_INFO, "Limits: %s", cf_limits_describe(limits, sizeof(limits)));
    if (self->config->insecure)
        cf_log_say(log, CF_SERVER_WARNING, "Running in INSECURE client mode");
    if (self->config->insecure_api)
        cf_log_say(log, CF_SERVER_WARNING, "Running in INSECURE API mode");
    if (self->config->insecure_admin && (self->config->admin || self->config->web))
        cf_log_say(log, CF_SERVER_WARNING, "Running in INSECURE admin mode");
    if (self->config->debug)
        cf_log_say(log, CF_SERVER_WARNING, "Running in DEBUG mode");
    cf_log_say(log, CF_SERVER_INFO, "SockJS url: %s", self->config->sockjs_url.data);
    cf_log_say(log, CF_SERVER_INFO, "Workers: %u", cf_crew_count(self->crew));
}

/* ---- life ---- */

/* 0, or why not, of libuv. */
static int make_crew(process *self)
{
    cf_crew_host host = {
        .loop = &self->loop,
        .config = self->config,
        .log_level = self->log.level,
        .descriptor_max = cf_limits_raise_files(),
        .inherited = &self->inherited,
        .log = log_line,
        .configured = on_configured,
        .ended = on_ended,
        .user = self,
    };
    int status;
    self->crew = cf_crew_new(&host, &status);
    return self->crew != NULL ? 0 : status;
}

/* Before the loop waits: the log may have room again for what it could not write. */
static void on_prepare(uv_prepare_t *handle)
{
    process *self = handle->data;
    cf_log_flush(&self->log);
}

static void set_up_loop(process *self)
{
    uv_loop_t *loop = &self->loop;
    (void)uv_prepare_init(loop, &self->prepare);
    (void)uv_timer_init(loop, &self->shutdown_timer);
    cf_supervisor_open(&self->supervisor, loop);
    (void)uv_signal_init(loop, &self->terminate);
    (void)uv_signal_init(loop, &self->interrupt);
    (void)uv_signal_init(loop, &self->hangup);
    self->prepare.data = self->shutdown_timer.data = self;
    self->terminate.data = self->interrupt.data = self->hangup.data = self;
    (void)uv_prepare_start(&self->prepare, on_prepare);
    (void)uv_signal_start(&self->terminate, on_end_signal, SIGTERM);
    (void)uv_signal_start(&self->interrupt, on_end_signal, SIGINT);
    (void)uv_signal_start(&self->hangup, on_hangup, SIGHUP);
    mask_signals(SIG_UNBLOCK, true); /* also where who started us had them blocked */
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void tear_down(process *self)
{
    mask_signals(SIG_BLOCK, true);
    cf_crew_close(self->crew);
    uv_walk(&self->loop, close_handle, NULL);
    (void)uv_run(&self->loop, UV_RUN_DEFAULT);
    cf_crew_free(self->crew);
    cf_supervisor_close(&self->supervisor);
}

static void warn_of_others(process *self)
{
    size_t others = cf_inherited_close(&self->inherited);
    if (others > 0)
        cf_log_say(&self->log, CF_SERVER_WARNING,
                   "sockets that were handed over and are on no port of the configuration: %zu, they are closed", others);
}

static bool start(process *self)
{
    if (!take_pid_file(self) || (self->config->ssl && !encrypt(self)) || !cf_crew_start(self->crew))
        return false;
    warn_of_others(self);
    return true;
}

static void serve(process *self)
{
    set_up_loop(self);
    log_start(self);
    if (start(self)) {
        self->status = 0;
        cf_supervisor_tell(&self->supervisor, "READY=1");
        (void)uv_run(&self->loop, UV_RUN_DEFAULT);
    }
    tear_down(self);
}

static void run(process *self)
{
    cf_inherited_find(&self->inherited);
    if (!load_config(self))
        return;
    int status = uv_loop_init(&self->loop);
    if (status != 0) {
        cf_log_say(&self->log, CF_SERVER_FATAL, "the event loop cannot be made: %s", uv_strerror(status));
        return;
    }
    status = make_crew(self);
    if (status == 0)
        serve(self);
    else
        cf_log_say(&self->log, CF_SERVER_FATAL, "the workers cannot be made: %s", uv_strerror(status));
    (void)uv_loop_close(&self->loop);
}

int cf_process_run(const cf_daemon_settings *settings, const char *version)
{
    mask_signals(SIG_BLOCK, false); /* what ends us may: there is nothing to clean up yet */
    (void)signal(SIGPIPE, SIG_IGN);
    process self = {.settings = settings, .version = version, .status = 1};
    self.pid_file.descriptor = -1;
    cf_log_init(&self.log);
    cf_log_open_terminal(&self.log);
    run(&self);
    cf_pid_file_drop(&self.pid_file);
    free_config(self.config);
    free_config(self.previous);
    cf_log_close(&self.log);
    return self.status;
}

#define _POSIX_C_SOURCE 200809L
#include "cli/api.h"
#include "cli/histogram.h"
#include "cli/session.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { INTERVAL_DEFAULT = 1000 }; /* ms */

static const int64_t MILLISECOND = 1000000;

typedef struct ping_command {
    const cf_cli_options *options;
    cf_cli_session session;
    int64_t sent;
    int64_t sent_at; /* 0: none is under way */
    int64_t next;    /* when the next one is due */
    uint64_t answered;
    cf_cli_histogram times;
} ping_command;

/* ---- what is printed ---- */

static double milliseconds(double nanoseconds)
{
    return nanoseconds / 1e6;
}

static void print_time(const ping_command *command, int64_t time)
{
    if (command->options->quiet)
        return;
    if (cf_cli_print_is_for_people()) {
        cf_cli_print("%s: %" PRId64 ", %.3f ms\n", command->options->place, command->sent, milliseconds((double)time));
        return;
    }
    cf_cli_line_begin();
    cf_cli_line_text("event", "pong");
    cf_cli_line_number("number", command->sent);
    cf_cli_line_decimal("ms", milliseconds((double)time));
    cf_cli_line_end();
}

static void print_summary_line(const ping_command *command)
{
    const cf_cli_histogram *times = &command->times;
    cf_cli_line_begin();
    cf_cli_line_text("event", "summary");
    cf_cli_line_number("sent", command->sent);
    cf_cli_line_number("answered", (int64_t)command->answered);
    if (times->count > 0) {
        cf_cli_line_decimal("min_ms", milliseconds((double)times->min));
        cf_cli_line_decimal("mean_ms", milliseconds(cf_cli_histogram_mean(times)));
        cf_cli_line_decimal("max_ms", milliseconds((double)times->max));
        cf_cli_line_decimal("deviation_ms", milliseconds(cf_cli_histogram_deviation(times)));
    }
    cf_cli_line_end();
}

static void print_summary(const ping_command *command)
{
    const cf_cli_histogram *times = &command->times;
    if (command->sent == 0)
        return;
    if (!cf_cli_print_is_for_people()) {
        print_summary_line(command);
        return;
    }
    cf_cli_print("%" PRId64 " sent, %" PRIu64 " answered", command->sent, command->answered);
    if (times->count > 0)
        cf_cli_print("; min/avg/max/mdev %.3f/%.3f/%.3f/%.3f ms", milliseconds((double)times->min),
                     milliseconds(cf_cli_histogram_mean(times)), milliseconds((double)times->max),
                     milliseconds(cf_cli_histogram_deviation(times)));
    cf_cli_print("\n");
}

/* ---- their course ---- */

static void begin(ping_command *command)
{
    int64_t interval = command->options->interval > 0 ? command->options->interval : INTERVAL_DEFAULT;
    command->sent++;
    command->sent_at = cf_cli_loop_now();
    command->next = command->sent_at + interval * MILLISECOND;
}

static void answered(ping_command *command, int64_t time)
{
    command->answered++;
    command->sent_at = 0;
    cf_cli_histogram_add(&command->times, time);
    print_time(command, time);
}

static bool is_last(const ping_command *command)
{
    return command->options->count > 0 && command->sent >= command->options->count;
}

/* ---- through a client connection ---- */

static void send(ping_command *command)
{
    begin(command);
    cf_cli_loop_set_timeout(command->session.loop, command->session.timeout);
    centrifuge_error error = centrifuge_client_ping(command->session.connection.client);
    if (error != CENTRIFUGE_ERROR_OK)
        cf_cli_session_error(&command->session, "cannot ping", error);
}

/* Nothing is subscribed: what comes on this connection is the answer. Servers' own looks at it come twice a minute. */
static void on_turn(void *user)
{
    ping_command *command = user;
    int64_t heard = command->session.connection.seat.heard;
    if (command->sent_at == 0 || heard < command->sent_at)
        return;
    answered(command, heard - command->sent_at);
    cf_cli_loop_set_alarm(command->session.loop, command->next);
    if (is_last(command))
        cf_cli_session_end(&command->session, CF_CLI_OK);
}

static void on_timeout(void *user)
{
    ping_command *command = user;
    if (command->sent_at != 0 || !command->session.connected)
        cf_cli_session_late(&command->session);
    else
        send(command);
}

static void on_connect(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    (void)client;
    (void)event;
    send(user);
}

static cf_cli_exit ping_as_client(ping_command *command, const cf_cli_options *options)
{
    static const centrifuge_client_events events = {.connect = on_connect};
    cf_cli_session *session = &command->session;
    *session = (cf_cli_session){.listening = true, .on_turn = on_turn, .on_timeout = on_timeout, .user = command};
    session->connection.one_socket = true;
    if (cf_cli_session_open(session, options) &&
        centrifuge_client_listen(session->connection.client, &events, command, NULL) == CENTRIFUGE_ERROR_OK) {
        cf_cli_loop_set_timeout(session->loop, session->timeout);
        cf_cli_session_run(session);
    }
    session->done = true;
    cf_cli_session_close(session);
    return session->code;
}

/* ---- through the HTTP API ---- */

/* False: it ends, for `code`. */
static bool ask(ping_command *command, centrifuge_backend *backend, cf_cli_exit *code)
{
    int64_t from = cf_cli_loop_now();
    centrifuge_error error = centrifuge_backend_node(backend, NULL);
    int64_t time = cf_cli_loop_now() - from;
    if (error != CENTRIFUGE_ERROR_OK)
        *code = cf_cli_api_report(backend, command->options, "no answer about", NULL, error);
    else if (command->sent > 0)
        answered(command, time);
    return error == CENTRIFUGE_ERROR_OK;
}

/* False: a signal came, or nobody reads what is printed. */
static bool wait_for_next(const ping_command *command, cf_cli_loop *loop)
{
    cf_cli_loop_set_alarm(loop, command->next);
    cf_cli_wakeup wakeup = CF_CLI_WAKE_NOTHING;
    while (wakeup == CF_CLI_WAKE_NOTHING)
        wakeup = cf_cli_loop_turn(loop);
    return wakeup == CF_CLI_WAKE_TIMEOUT && cf_cli_print_works();
}

/* The first call makes the connection and does not count. */
static cf_cli_exit ping_as_backend(ping_command *command, const cf_cli_options *options, cf_cli_loop *loop)
{
    cf_cli_exit code;
    centrifuge_backend *backend = cf_cli_api_open(options, &code);
    if (backend == NULL)
        return code;
    cf_cli_loop_watch_output(loop, true);
    command->next = cf_cli_loop_now();
    while (ask(command, backend, &code) && !is_last(command) && wait_for_next(command, loop))
        begin(command);
    centrifuge_backend_destroy(backend);
    return code;
}

static cf_cli_exit ping_by_api(ping_command *command, const cf_cli_options *options)
{
    cf_cli_loop *loop = cf_cli_loop_new();
    if (loop == NULL) {
        cf_cli_complain("cannot start: %s", strerror(errno));
        return CF_CLI_ERROR;
    }
    cf_cli_exit code = ping_as_backend(command, options, loop);
    cf_cli_loop_free(loop);
    return code;
}

cf_cli_exit cf_cli_ping(const cf_cli_options *options)
{
    static ping_command command; /* with its histogram too large for some stacks */
    command.options = options;
    cf_cli_print_reader_may_leave();
    cf_cli_exit code = options->api ? ping_by_api(&command, options) : ping_as_client(&command, options);
    print_summary(&command);
    return code;
}

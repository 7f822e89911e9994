#define _DEFAULT_SOURCE /* winsize */
#include "cli/api.h"
#include "cli/loop.h"

#include <centrifuge/json.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
    INTERVAL_DEFAULT = 2000, /* ms */
    NODES_MAX = 64,          /* more are counted, and not shown */
    NAME_SIZE = 64,          /* what is longer is cut */
    TEXT_SIZE = 32           /* of a number */
};

static const int64_t MILLISECOND = 1000000;

/* What nodes count: totals, or the differences of two of them. */
typedef struct counters {
    int64_t published;
    int64_t sent;
    int64_t bytes_in;
    int64_t bytes_out;
    int64_t requests;
} counters;

typedef struct node {
    char uid[NAME_SIZE];
    char name[NAME_SIZE];
    char version[NAME_SIZE];
    int64_t started_at;
    int64_t clients;
    int64_t users;
    int64_t channels;
    int64_t cpu;    /* percent */
    int64_t memory; /* bytes */
    counters counted;
    double seconds; /* in which it was counted */
} node;

/* The totals of a node that was asked itself, for the next difference. */
typedef struct past {
    char uid[NAME_SIZE];
    counters totals;
    int64_t time;
} past;

typedef struct top_command {
    const cf_cli_options *options;
    centrifuge_backend *backend;
    cf_cli_loop *loop;
    node nodes[NODES_MAX];
    size_t node_count; /* may be larger than NODES_MAX */
    past pasts[NODES_MAX];
    size_t past_count;
    const char *channels; /* the backend's: JSON */
    size_t channel_count;
    bool full_screen;
    struct termios terminal; /* as it was */
} top_command;

/* ---- what the server says ---- */

/* 0 where it is missing, as in other versions. */
static int64_t number_of(centrifuge_bytes object, const char *name)
{
    int64_t number = 0;
    double fraction = 0;
    centrifuge_bytes value = centrifuge_json_find(object, name);
    if (centrifuge_json_int(value, &number) != CENTRIFUGE_ERROR_OK &&
        centrifuge_json_double(value, &fraction) == CENTRIFUGE_ERROR_OK)
        number = (int64_t)fraction;
    return number;
}

static void copy_text(char text[NAME_SIZE], centrifuge_bytes object, const char *name)
{
    centrifuge_bytes value = centrifuge_json_find(object, name);
    centrifuge_json_text(value, text, NAME_SIZE, NULL);
    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?'; /* nothing that a terminal would obey */
    }
}

static counters read_counters(centrifuge_bytes metrics)
{
    return (counters){.published = number_of(metrics, "node_num_client_msg_published"),
                      .sent = number_of(metrics, "client_num_msg_sent"),
                      .bytes_in = number_of(metrics, "client_bytes_in"),
                      .bytes_out = number_of(metrics, "client_bytes_out"),
                      .requests = number_of(metrics, "client_api_num_requests")};
}

static node read_node(centrifuge_bytes said)
{
    centrifuge_bytes metrics = centrifuge_json_find(said, "metrics");
    node read = {.started_at = number_of(said, "started_at"),
                 .clients = number_of(metrics, "node_num_clients"),
                 .users = number_of(metrics, "node_num_unique_clients"),
                 .channels = number_of(metrics, "node_num_channels"),
                 .cpu = number_of(metrics, "node_cpu_usage"),
                 .memory = number_of(metrics, "node_memory_sys"),
                 .counted = read_counters(metrics)};
    copy_text(read.uid, said, "uid");
    copy_text(read.name, said, "name");
    copy_text(read.version, said, "version");
    return read;
}

static centrifuge_error read_all_nodes(top_command *command)
{
    const char *data = NULL;
    centrifuge_error error = centrifuge_backend_stats(command->backend, &data);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    centrifuge_bytes stats = {data, strlen(data)};
    int64_t seconds = number_of(stats, "metrics_interval");
    centrifuge_json_items items;
    command->node_count = 0;
    centrifuge_json_walk(&items, centrifuge_json_find(stats, "nodes"));
    while (centrifuge_json_next(&items)) {
        size_t at = command->node_count++;
        if (at >= NODES_MAX)
            continue;
        command->nodes[at] = read_node(items.value);
        command->nodes[at].seconds = seconds > 0 ? (double)seconds : 1;
    }
    return CENTRIFUGE_ERROR_OK;
}

static node *find_node(top_command *command, const char *uid)
{
    for (size_t i = 0; i < command->node_count && i < NODES_MAX; i++) {
        if (strcmp(command->nodes[i].uid, uid) == 0)
            return &command->nodes[i];
    }
    return NULL;
}

static past *find_past(top_command *command, const char *uid)
{
    for (size_t i = 0; i < command->past_count; i++) {
        if (strcmp(command->pasts[i].uid, uid) == 0)
            return &command->pasts[i];
    }
    past *made = &command->pasts[command->past_count < NODES_MAX ? command->past_count++ : 0];
    *made = (past){0};
    memcpy(made->uid, uid, NAME_SIZE);
    return made;
}

static counters difference(counters now, counters then)
{
    return (counters){now.published - then.published, now.sent - then.sent, now.bytes_in - then.bytes_in,
                      now.bytes_out - then.bytes_out, now.requests - then.requests};
}

/* The node that answers says what it has counted up to now, which is newer than the last interval of all. */
static centrifuge_error read_asked_node(top_command *command)
{
    const char *data = NULL;
    centrifuge_error error = centrifuge_backend_node(command->backend, &data);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    node asked = read_node((centrifuge_bytes){data, strlen(data)});
    past *before = find_past(command, asked.uid);
    int64_t now = cf_cli_loop_now();
    node *shown = find_node(command, asked.uid);
    if (before->time > 0 && shown != NULL && asked.counted.requests >= before->totals.requests) {
        shown->counted = difference(asked.counted, before->totals);
        shown->seconds = (double)(now - before->time) / 1e9;
    }
    before->totals = asked.counted;
    before->time = now;
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error read_channels(top_command *command)
{
    const char *data = NULL;
    centrifuge_error error = centrifuge_backend_channels(command->backend, &data);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    centrifuge_json_items items;
    command->channels = data;
    command->channel_count = 0;
    centrifuge_json_walk(&items, (centrifuge_bytes){data, strlen(data)});
    while (centrifuge_json_next(&items))
        command->channel_count++;
    return CENTRIFUGE_ERROR_OK;
}

/* The channels last: their text stays until the next call. */
static centrifuge_error read_all(top_command *command)
{
    centrifuge_error error = read_all_nodes(command);
    if (error == CENTRIFUGE_ERROR_OK)
        error = read_asked_node(command);
    return error == CENTRIFUGE_ERROR_OK ? read_channels(command) : error;
}

/* ---- lines of JSON ---- */

static double rate(const node *of, int64_t count)
{
    return of->seconds > 0 ? (double)count / of->seconds : 0;
}

static void print_node_line(const node *shown)
{
    cf_cli_line_open(shown->uid);
    cf_cli_line_text("name", shown->name);
    cf_cli_line_text("version", shown->version);
    cf_cli_line_number("started_at", shown->started_at);
    cf_cli_line_number("clients", shown->clients);
    cf_cli_line_number("users", shown->users);
    cf_cli_line_number("channels", shown->channels);
    cf_cli_line_decimal("published_per_second", rate(shown, shown->counted.published));
    cf_cli_line_decimal("sent_per_second", rate(shown, shown->counted.sent));
    cf_cli_line_decimal("bytes_in_per_second", rate(shown, shown->counted.bytes_in));
    cf_cli_line_decimal("bytes_out_per_second", rate(shown, shown->counted.bytes_out));
    cf_cli_line_decimal("seconds", shown->seconds);
    cf_cli_line_number("cpu_percent", shown->cpu);
    cf_cli_line_number("memory_bytes", shown->memory);
    cf_cli_line_close();
}

static void print_line(const top_command *command)
{
    cf_cli_line_begin();
    cf_cli_line_number("time", (int64_t)time(NULL));
    cf_cli_line_open("nodes");
    for (size_t i = 0; i < command->node_count && i < NODES_MAX; i++)
        print_node_line(&command->nodes[i]);
    cf_cli_line_close();
    cf_cli_line_number("channels", (int64_t)command->channel_count);
    cf_cli_line_end();
}

/* ---- for people ---- */

/* 1234567 as 1.2M; at most six characters. */
static const char *short_number(char text[TEXT_SIZE], double number)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P"};
    size_t unit = 0;
    while (number >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        number /= 1000;
        unit++;
    }
    snprintf(text, TEXT_SIZE, unit > 0 && number < 99.95 ? "%.1f%s" : "%.0f%s", number, units[unit]);
    return text;
}

static const char *short_time(char text[TEXT_SIZE], int64_t seconds)
{
    if (seconds < 0)
        seconds = 0;
    if (seconds < 60)
        snprintf(text, TEXT_SIZE, "%" PRId64 " s", seconds);
    else if (seconds < 3600)
        snprintf(text, TEXT_SIZE, "%" PRId64 " min", seconds / 60);
    else if (seconds < 86400)
        snprintf(text, TEXT_SIZE, "%" PRId64 " h", seconds / 3600);
    else
        snprintf(text, TEXT_SIZE, "%" PRId64 " d", seconds / 86400);
    return text;
}

static void print_head(void)
{
    cf_cli_print("%-20s %-9s %7s %8s %8s %8s %8s %8s %8s %5s %8s %6s\n", "NODE", "VERSION", "UP", "CLIENTS", "USERS",
                 "CHANNELS", "PUBL/s", "SENT/s", "B OUT/s", "CPU", "MEMORY", "OVER");
}

static void print_row(const node *shown)
{
    char text[9][TEXT_SIZE];
    cf_cli_print("%-20.20s %-9.9s %7s", shown->name, shown->version, short_time(text[0], time(NULL) - shown->started_at));
    cf_cli_print(" %8s %8s %8s", short_number(text[1], (double)shown->clients), short_number(text[2], (double)shown->users),
                 short_number(text[3], (double)shown->channels));
    cf_cli_print(" %8s %8s %8s", short_number(text[4], rate(shown, shown->counted.published)),
                 short_number(text[5], rate(shown, shown->counted.sent)),
                 short_number(text[6], rate(shown, shown->counted.bytes_out)));
    cf_cli_print(" %4" PRId64 "%% %8s %6s\n", shown->cpu, short_number(text[7], (double)shown->memory),
                 short_time(text[8], (int64_t)(shown->seconds + 0.5)));
}

static int rows_of_terminal(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

static void print_channel(centrifuge_bytes name)
{
    cf_cli_print("  ");
    cf_cli_print_json(name);
}

/* As many as fit, in the server's order. */
static void print_channels(const top_command *command, int rows)
{
    centrifuge_json_items items;
    int left = rows;
    cf_cli_print("\nchannels: %zu\n", command->channel_count);
    centrifuge_json_walk(&items, (centrifuge_bytes){command->channels, strlen(command->channels)});
    while (left > 0 && centrifuge_json_next(&items)) {
        if (left-- == 1 && (size_t)rows < command->channel_count)
            cf_cli_print("  ...\n");
        else
            print_channel(items.value);
    }
}

static void print_table(const top_command *command)
{
    size_t shown = command->node_count < NODES_MAX ? command->node_count : NODES_MAX;
    if (command->full_screen)
        cf_cli_print("\033[H\033[J%s, every %.1f s (q ends it)\n\n", command->options->place,
                     (double)(command->options->interval > 0 ? command->options->interval : INTERVAL_DEFAULT) / 1000);
    print_head();
    for (size_t i = 0; i < shown; i++)
        print_row(&command->nodes[i]);
    print_channels(command, command->full_screen ? rows_of_terminal() - (int)shown - 6 : 20);
}

/* ---- the terminal ---- */

/* Keys are read without Enter, and not shown. */
static void take_terminal(top_command *command)
{
    if (!command->full_screen || tcgetattr(STDIN_FILENO, &command->terminal) != 0)
        return;
    struct termios raw = command->terminal;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    cf_cli_loop_want_input(command->loop, true);
    cf_cli_print("\033[?1049h\033[?25l");
}

static void give_terminal_back(const top_command *command)
{
    if (!command->full_screen)
        return;
    tcsetattr(STDIN_FILENO, TCSANOW, &command->terminal);
    cf_cli_print("\033[?25h\033[?1049l");
    cf_cli_print_works();
}

static bool is_end_key(void)
{
    char key = 0;
    return read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q';
}

/* ---- its course ---- */

/* False: it ends. */
static bool wait_for_next(top_command *command, int64_t next)
{
    cf_cli_loop_set_alarm(command->loop, next);
    for (;;) {
        cf_cli_wakeup wakeup = cf_cli_loop_turn(command->loop);
        if (wakeup == CF_CLI_WAKE_TIMEOUT)
            return true;
        if (wakeup != CF_CLI_WAKE_NOTHING && (wakeup != CF_CLI_WAKE_INPUT || is_end_key()))
            return false;
    }
}

static void show(const top_command *command)
{
    if (cf_cli_print_is_for_people())
        print_table(command);
    else
        print_line(command);
}

static centrifuge_error run(top_command *command)
{
    const cf_cli_options *options = command->options;
    int64_t interval = (options->interval > 0 ? options->interval : INTERVAL_DEFAULT) * MILLISECOND;
    int64_t next = cf_cli_loop_now();
    centrifuge_error error;
    while ((error = read_all(command)) == CENTRIFUGE_ERROR_OK) {
        show(command);
        next += interval;
        if (!cf_cli_print_works() || options->once || !wait_for_next(command, next))
            break;
    }
    return error;
}

static cf_cli_exit open_and_run(top_command *command)
{
    cf_cli_exit code;
    command->backend = cf_cli_api_open(command->options, &code);
    if (command->backend == NULL)
        return code;
    cf_cli_loop_watch_output(command->loop, true);
    command->full_screen = cf_cli_print_is_for_people() && isatty(STDIN_FILENO) && !command->options->once;
    take_terminal(command);
    centrifuge_error error = run(command);
    give_terminal_back(command);
    if (error != CENTRIFUGE_ERROR_OK)
        code = cf_cli_api_report(command->backend, command->options, "no answer about", NULL, error);
    centrifuge_backend_destroy(command->backend);
    return code;
}

cf_cli_exit cf_cli_top(const cf_cli_options *options)
{
    static top_command command; /* too large for some stacks */
    command.options = options;
    command.loop = cf_cli_loop_new();
    if (command.loop == NULL) {
        cf_cli_complain("cannot start: %s", strerror(errno));
        return CF_CLI_ERROR;
    }
    cf_cli_print_reader_may_leave();
    cf_cli_exit code = open_and_run(&command);
    cf_cli_loop_free(command.loop);
    return code;
}

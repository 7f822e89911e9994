#define _DEFAULT_SOURCE /* winsize */
#include "cli/top.h"

#include <centrifuge/json.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    TEXT_SIZE = 32,     /* of a number */
    WIDTH_DEFAULT = 80, /* of something that is no terminal, or does not say it */
    HEIGHT_DEFAULT = 24
};

/* ---- lines of JSON ---- */

static double rate(const cf_cli_top_node *of, int64_t count)
{
    return of->seconds > 0 ? (double)count / of->seconds : 0;
}

static void print_node_line(const cf_cli_top_node *shown)
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

static void print_line(const cf_cli_top_view *view)
{
    cf_cli_line_begin();
    cf_cli_line_number("time", (int64_t)time(NULL));
    cf_cli_line_open("nodes");
    for (size_t i = 0; i < view->node_count && i < CF_CLI_TOP_NODES_MAX; i++)
        print_node_line(&view->nodes[i]);
    cf_cli_line_close();
    cf_cli_line_number("channels", (int64_t)view->channel_count);
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

/* What a row shows, in this order; of what does not fit the largest `rank` is left out first. */
enum { NAME, VERSION, UP, CLIENTS, USERS, CHANNELS, PUBLISHED, SENT, BYTES, CPU, MEMORY, OVER, COLUMNS };

static const struct {
    const char *title;
    int width; /* negative: to the left */
    int rank;
} columns[COLUMNS] = {[NAME] = {"NODE", -20, 0},      [VERSION] = {"VERSION", -9, 10}, [UP] = {"UP", 7, 7},
                      [CLIENTS] = {"CLIENTS", 8, 1},  [USERS] = {"USERS", 8, 9},       [CHANNELS] = {"CHANNELS", 8, 4},
                      [PUBLISHED] = {"PUBL/s", 8, 2}, [SENT] = {"SENT/s", 8, 3},       [BYTES] = {"B OUT/s", 8, 8},
                      [CPU] = {"CPU", 5, 5},          [MEMORY] = {"MEMORY", 8, 6},     [OVER] = {"OVER", 6, 11}};

static struct winsize size_of_terminal(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        size = (struct winsize){0};
    if (size.ws_row == 0)
        size.ws_row = HEIGHT_DEFAULT;
    if (size.ws_col == 0)
        size.ws_col = WIDTH_DEFAULT;
    return size;
}

/* The largest rank for which there is room. */
static int last_rank(int width)
{
    int rank = -1;
    for (int used = 0; rank + 1 < COLUMNS; rank++) {
        int at = 0;
        while (columns[at].rank != rank + 1)
            at++;
        used += 1 + abs(columns[at].width);
        if (used > width + 1) /* no blank in front of the first */
            break;
    }
    return rank > 0 ? rank : 0;
}

static void print_cells(const char *const cells[COLUMNS], int rank)
{
    for (int i = 0; i < COLUMNS; i++) {
        if (columns[i].rank <= rank)
            cf_cli_print("%s%*.*s", i > 0 ? " " : "", columns[i].width, abs(columns[i].width), cells[i]);
    }
    cf_cli_print("\n");
}

static void print_head(int rank)
{
    const char *titles[COLUMNS];
    for (int i = 0; i < COLUMNS; i++)
        titles[i] = columns[i].title;
    print_cells(titles, rank);
}

static void print_row(const cf_cli_top_node *shown, int rank)
{
    char text[COLUMNS][TEXT_SIZE];
    snprintf(text[CPU], TEXT_SIZE, "%" PRId64 "%%", shown->cpu);
    const char *cells[COLUMNS] = {
        [NAME] = shown->name,
        [VERSION] = shown->version,
        [UP] = short_time(text[UP], time(NULL) - shown->started_at),
        [CLIENTS] = short_number(text[CLIENTS], (double)shown->clients),
        [USERS] = short_number(text[USERS], (double)shown->users),
        [CHANNELS] = short_number(text[CHANNELS], (double)shown->channels),
        [PUBLISHED] = short_number(text[PUBLISHED], rate(shown, shown->counted.published)),
        [SENT] = short_number(text[SENT], rate(shown, shown->counted.sent)),
        [BYTES] = short_number(text[BYTES], rate(shown, shown->counted.bytes_out)),
        [CPU] = text[CPU],
        [MEMORY] = short_number(text[MEMORY], (double)shown->memory),
        [OVER] = short_time(text[OVER], (int64_t)(shown->seconds + 0.5)),
    };
    print_cells(cells, rank);
}

static void print_channel(centrifuge_bytes name)
{
    cf_cli_print("  ");
    cf_cli_print_json(name);
}

/* As many as fit, in the server's order. */
static void print_channels(const cf_cli_top_view *view, int rows)
{
    centrifuge_json_items items;
    int left = rows;
    cf_cli_print("\nchannels: %zu\n", view->channel_count);
    centrifuge_json_walk(&items, (centrifuge_bytes){view->channels, strlen(view->channels)});
    while (left > 0 && centrifuge_json_next(&items)) {
        if (left-- == 1 && (size_t)rows < view->channel_count)
            cf_cli_print("  ...\n");
        else
            print_channel(items.value);
    }
}

/* The first line, no wider than the terminal. */
static void print_title(const cf_cli_top_view *view, const char *state, const char *why)
{
    char text[512];
    snprintf(text, sizeof(text), "%s%s (q ends it)%s", view->place, state, why);
    cf_cli_print("\033[H\033[K%.*s", size_of_terminal().ws_col, text);
}

static void print_table(cf_cli_top_view *view)
{
    view->drawn = size_of_terminal();
    size_t shown = view->node_count < CF_CLI_TOP_NODES_MAX ? view->node_count : CF_CLI_TOP_NODES_MAX;
    int rank = last_rank(view->drawn.ws_col);
    if (view->full_screen) {
        char state[TEXT_SIZE];
        snprintf(state, sizeof(state), ", every %.1f s", (double)view->interval / 1000);
        print_title(view, state, "");
        cf_cli_print("\n\033[J\n");
    }
    print_head(rank);
    for (size_t i = 0; i < shown; i++)
        print_row(&view->nodes[i], rank);
    print_channels(view, view->full_screen ? view->drawn.ws_row - (int)shown - 6 : 20);
}

/* Over the first line; what was seen last stays below. */
void cf_cli_top_print_failure(const cf_cli_top_view *view)
{
    char why[300];
    snprintf(why, sizeof(why), ": %s", centrifuge_backend_error_text(view->backend));
    print_title(view, " does not answer, trying again", why);
}

void cf_cli_top_print(cf_cli_top_view *view)
{
    if (cf_cli_print_is_for_people())
        print_table(view);
    else
        print_line(view);
}

void cf_cli_top_follow_resize(cf_cli_top_view *view)
{
    struct winsize now = size_of_terminal();
    if (!view->full_screen || view->channels == NULL || (now.ws_row == view->drawn.ws_row && now.ws_col == view->drawn.ws_col))
        return;
    print_table(view);
    cf_cli_print_works();
}

/*
 * top: what is known of the nodes, looked at again and again.
 *
 * top.c is its course and the terminal, top_look.c asks the server, top_print.c shows what it said.
 */
#ifndef CF_CLI_TOP_H
#define CF_CLI_TOP_H

#include "cli/api.h"

#include <sys/ioctl.h>

enum {
    CF_CLI_TOP_NODES_MAX = 64, /* more are counted, and not shown */
    CF_CLI_TOP_NAME_SIZE = 64  /* what is longer is cut */
};

/* What nodes count: totals, or the differences of two of them. */
typedef struct cf_cli_top_counters {
    int64_t published;
    int64_t sent;
    int64_t bytes_in;
    int64_t bytes_out;
    int64_t requests;
} cf_cli_top_counters;

typedef struct cf_cli_top_node {
    char uid[CF_CLI_TOP_NAME_SIZE];
    char name[CF_CLI_TOP_NAME_SIZE];
    char version[CF_CLI_TOP_NAME_SIZE];
    int64_t started_at;
    int64_t clients;
    int64_t users;
    int64_t channels;
    int64_t cpu;    /* percent */
    int64_t memory; /* bytes */
    cf_cli_top_counters counted;
    double seconds; /* in which it was counted */
} cf_cli_top_node;

/* The totals of a node that was asked itself, for the next difference. */
typedef struct cf_cli_top_past {
    char uid[CF_CLI_TOP_NAME_SIZE];
    cf_cli_top_counters totals;
    int64_t time;
} cf_cli_top_past;

typedef struct cf_cli_top_view {
    centrifuge_backend *backend;
    const char *place; /* the server for texts */
    int64_t interval;  /* ms */
    cf_cli_top_node nodes[CF_CLI_TOP_NODES_MAX];
    size_t node_count; /* may be larger than CF_CLI_TOP_NODES_MAX */
    cf_cli_top_past pasts[CF_CLI_TOP_NODES_MAX];
    size_t past_count;
    const char *channels; /* the backend's: JSON; NULL: the last look has failed */
    size_t channel_count;
    bool full_screen;
    struct winsize drawn; /* the terminal's size then */
} cf_cli_top_view;

/* ---- top_look.c ---- */

/* Asks for all of it. An error is that of the backend. */
centrifuge_error cf_cli_top_look(cf_cli_top_view *view);

/* ---- top_print.c ---- */

/* A table for people, else a line of JSON. */
void cf_cli_top_print(cf_cli_top_view *view);
/* Over the first line of a full screen: why the last look has failed. What was seen before stays below. */
void cf_cli_top_print_failure(const cf_cli_top_view *view);
/* Shows the same again when the terminal has another size by now. */
void cf_cli_top_follow_resize(cf_cli_top_view *view);

#endif

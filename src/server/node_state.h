/*
 * The inside of a node, for the node itself, for the calls of the HTTP API, and for what other nodes say.
 */
#ifndef CF_SERVER_NODE_STATE_H
#define CF_SERVER_NODE_STATE_H

#include "server/broker.h"
#include "server/drain.h"
#include "server/hub.h"
#include "server/figures.h"
#include "server/node.h"
#include "server/nodes.h"
#include "server/team.h"

struct cf_node {
    cf_services services;
    cf_hub hub;
    cf_broker broker;
    cf_engine_sink sink;
    cf_node_commands commands;
    cf_nodes nodes; /* the others */
    char uid[CF_UUID_SIZE];
    int64_t started_at;      /* Unix s */
    cf_timer ping;           /* node_ping_interval: what stats shows of the counts */
    cf_timer interval;       /* node_metrics_interval */
    cf_metrics before;       /* the counters at the last interval's end */
    cf_metrics_values shown; /* by stats: of the last interval, but for the gauges */
    cf_list calls;           /* of the API, that are not answered yet */
    cf_drain drain;
    cf_node_monitor monitor;
    bool ending; /* the engine is gone: no call begins any more */
};

/* ---- calls.c ---- */

/* Somebody who waits for the engine, or for the other workers. */
typedef struct cf_node_call {
    cf_list link; /* in node->calls */
    cf_node *node;
    cf_node_done done; /* one of these three */
    cf_node_data_done data_done;
    cf_node_figures_done figures_done;
    void *user;
} cf_node_call;

/* A copy of it; NULL without memory, or without an engine. */
cf_node_call *cf_node_begin_call(const cf_node_call *call);
/* Frees it, and gives what it was. */
cf_node_call cf_node_end_call(void *call);
/* The engine answers no more: all calls that wait end. */
void cf_node_end_calls(cf_node *node);

/* ---- rounds.c ---- */

/* What is done to a user, at all workers of the process. */
void cf_node_carry_out(cf_node *node, const cf_control *control, cf_node_done done, void *user);
/* The figures of an interval that ends with this: each worker begins the next one. */
void cf_node_gather_interval(cf_node *node, cf_node_figures_done done, void *user);
/* The counts that others have not told the metrics. */
void cf_node_update_counts(cf_node *node);

/* ---- cluster.c ---- */

/* As stats and node show it; `live`: with the counts of now. */
void cf_node_write_info(const cf_node *node, const cf_figures *figures, cf_buffer *out, bool live);
/* To the others, if there may be any (cf_broker_is_alone). `done` NULL: nobody waits. */
void cf_node_tell(cf_node *node, cf_control_kind kind, cf_bytes params, cf_engine_done done, void *user);
/* For the engine's sink. */
void cf_node_hear(void *user, const cf_engine_control *message);
/* At each node ping: the others learn that this node lives, and it forgets who does not. */
void cf_node_show_life(cf_node *node);
void cf_node_forget_silent(cf_node *node);

#endif

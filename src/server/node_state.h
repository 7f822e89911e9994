/*
 * The inside of a node, for the node itself, for the calls of the HTTP API, and for what other nodes say.
 */
#ifndef CF_SERVER_NODE_STATE_H
#define CF_SERVER_NODE_STATE_H

#include "server/broker.h"
#include "server/drain.h"
#include "server/hub.h"
#include "server/node.h"
#include "server/nodes.h"

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
    bool ending; /* the engine is gone: no call begins any more */
};

/* The engine answers no more: all calls that wait end. */
void cf_node_end_calls(cf_node *node);

/* As stats and node show it; `live`: with the counts of now. */
void cf_node_write_info(cf_node *node, cf_buffer *out, bool live);
/* What is done to a user, at this node. */
void cf_node_carry_out(cf_node *node, const cf_control *control, cf_node_done done, void *user);
/* To the others, if there may be any (cf_broker_is_alone). `done` NULL: nobody waits. */
void cf_node_tell(cf_node *node, cf_control_kind kind, cf_bytes params, cf_engine_done done, void *user);
/* For the engine's sink. */
void cf_node_hear(void *user, const cf_engine_control *message);
/* At each node ping: the others learn that this node lives, and it forgets who does not. */
void cf_node_show_life(cf_node *node);
void cf_node_forget_silent(cf_node *node);

#endif

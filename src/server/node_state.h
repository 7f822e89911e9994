/*
 * The inside of a node, for the node itself and for the calls of the HTTP API.
 */
#ifndef CF_SERVER_NODE_STATE_H
#define CF_SERVER_NODE_STATE_H

#include "server/broker.h"
#include "server/hub.h"
#include "server/node.h"

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
    cf_list calls;           /* of the API, that are not answered yet */
    bool ending;             /* the engine is gone: no call begins any more */
};

/* The engine answers no more: all calls that wait end. */
void cf_node_end_calls(cf_node *node);

#endif

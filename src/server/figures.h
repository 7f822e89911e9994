/*
 * What a node counts, and how it is at this moment: of all workers of its process together.
 */
#ifndef CF_SERVER_FIGURES_H
#define CF_SERVER_FIGURES_H

#include "server/census.h"

typedef struct cf_figures {
    const cf_metrics *metrics;
    cf_metrics *sum; /* the same where there are several workers, or NULL */
    cf_census census;
    size_t clients;
    size_t users;
    size_t channels;
    uint64_t closes[CF_TROUBLE_COUNT + 1];
    uint64_t refusals[CF_NOTICE_COUNT];
    size_t api_bytes;
    size_t api_replies;
    size_t pending;          /* operations of the engine that nobody waits for */
    bool engine_answers;     /* at every worker */
    cf_time loop_lag;        /* ms, of the slowest worker */
    cf_metrics_values shown; /* by stats: of the last interval */
    cf_buffer others;        /* the other nodes, as cf_nodes_write has them */
} cf_figures;

#endif

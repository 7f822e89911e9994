/*
 * The gauges of the system, memory and CPU, in a node's metrics; and memory back to the system.
 */
#ifndef CF_SERVER_DAEMON_GAUGES_H
#define CF_SERVER_DAEMON_GAUGES_H

#include "base/clock.h"
#include "server/metrics.h"

/* Bytes that are freed before memory is given back to the system. */
#define CF_GAUGES_TRIM_AFTER (32 * 1024 * 1024)

/* Zeroed at the start. */
typedef struct cf_gauges {
    cf_time due;
    int64_t heap_kept; /* bytes: the least that malloc kept free since memory was given back */
    int64_t cpu_time;  /* ns, at the last look */
    cf_time cpu_taken_at;
} cf_gauges;

/* Looks again when `interval` ms are over. */
void cf_gauges_take(cf_gauges *gauges, cf_metrics *metrics, cf_time now, int64_t interval);

#endif

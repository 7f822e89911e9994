/*
 * Is the worker well? It asks the engine now and then, and notes how late the loop comes to what is due.
 */
#ifndef CF_SERVER_DAEMON_MONITOR_H
#define CF_SERVER_DAEMON_MONITOR_H

#include "server/broker.h"

#define CF_MONITOR_PATIENCE 10000 /* ms: an engine that is silent for so long does not answer */

/* Zeroed at the start. */
typedef struct cf_monitor {
    cf_broker *broker;
    cf_time due;
    cf_time asked_at;
    uint64_t asked_us; /* the same, in microseconds of a finer clock */
    bool asking;
    bool failed;         /* the last answer was none */
    cf_time lag;         /* ms: the longest since the last look */
    cf_time lag_of_last; /* and in the interval before */
} cf_monitor;

/* The loop was so many ms late. */
void cf_monitor_lag(cf_monitor *monitor, cf_time late);
/* In a turn: looks again when `interval` ms are over. */
void cf_monitor_take(cf_monitor *monitor, cf_time now, int64_t interval);

typedef struct cf_health {
    bool engine_answers;
    cf_time loop_lag; /* ms: the longest in one or two intervals */
} cf_health;

cf_health cf_monitor_health(const cf_monitor *monitor, cf_time now);

#endif

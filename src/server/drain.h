/*
 * The end of a node: its clients are told `shutting down` (server-spec.md 8.9), spread over shutdown_spread, so that they do
 * not all come to other nodes in the same second. It is a task like others (turn.h): whoever is not told yet is served as
 * before.
 */
#ifndef CF_SERVER_DRAIN_H
#define CF_SERVER_DRAIN_H

#include "server/services.h"

#include <stdatomic.h>

typedef struct cf_drain {
    cf_services *services;
    cf_task task;
    cf_list later; /* where the task stands until the next client is due */
    bool begun;
    cf_time begun_at;
    int64_t spread;      /* ms */
    size_t clients;      /* at the beginning, at all workers */
    atomic_size_t told;  /* where there is one worker; see cf_team */
    cf_time waits_until; /* for the engine; CF_TIME_NEVER: clients are left */
} cf_drain;

void cf_drain_init(cf_drain *drain, cf_services *services);
/* Again: the rest is told at once. */
void cf_drain_begin(cf_drain *drain);
/* All clients are told, nothing waits for a turn, and the engine has answered, or had its time to. */
bool cf_drain_is_over(const cf_drain *drain);

#endif

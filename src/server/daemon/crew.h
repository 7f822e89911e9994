/*
 * The workers of the process: the first one runs on the loop of the main thread, each further one in a thread of its own. All
 * functions are the main thread's.
 */
#ifndef CF_SERVER_DAEMON_CREW_H
#define CF_SERVER_DAEMON_CREW_H

#include "server/daemon/worker.h"

#define CF_CREW_SHUTDOWNS 2 /* the second one ends the patience of the first */

typedef struct cf_crew cf_crew;

typedef struct cf_crew_host {
    uv_loop_t *loop; /* the main thread's */
    const cf_config *config;
    cf_server_log log_level;
    int descriptor_max;
    cf_inherited *inherited;
    /* In any thread. */
    void (*log)(void *user, cf_server_log level, cf_bytes text);
    /* All workers have taken the configuration of cf_crew_configure: nobody needs the one before. */
    void (*configured)(void *user);
    /* As cf_worker_host has it: of all workers. */
    void (*ended)(void *user);
    void *user;
} cf_crew_host;

/* As many as the configuration wants. NULL without memory, or where the system has no more loops: `status`, of libuv. */
cf_crew *cf_crew_new(const cf_crew_host *host, int *status);
unsigned cf_crew_count(const cf_crew *crew);
const char *cf_crew_engine_name(const cf_crew *crew);
/* Before the start: as cf_worker_encrypt. */
bool cf_crew_encrypt(cf_crew *crew, cf_tls_context *context);
/* False, with a line in the log, when an address or a thread cannot be had. */
bool cf_crew_start(cf_crew *crew);
/*
 * A reload; not another one before `configured` was called, which may be at once. `context` (or NULL): a new certificate, for
 * who comes; it is retained.
 */
void cf_crew_configure(cf_crew *crew, const cf_config *config, cf_server_log log_level, cf_tls_context *context);
/* As cf_worker_shut_down; at most CF_CREW_SHUTDOWNS times. */
void cf_crew_shut_down(cf_crew *crew);
/* Ends the threads, and drops all connections. The first worker's handles are still to be closed, with the loop's others. */
void cf_crew_close(cf_crew *crew);
void cf_crew_free(cf_crew *crew);

#endif

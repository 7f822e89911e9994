/*
 * A worker: the node on a loop of libuv, with its connections and listeners. It makes the node's turns out of what the loop
 * says. Nothing of it is global: what it needs of its process is handed in, and the process asks it for these few things only,
 * in the thread of its loop.
 */
#ifndef CF_SERVER_DAEMON_WORKER_H
#define CF_SERVER_DAEMON_WORKER_H

#include "server/admin/login.h"
#include "server/config/config.h"
#include "server/daemon/inherited.h"
#include "server/environment.h"
#include "server/net/tls_context.h"
#include "server/team.h"

#include <pthread.h>
#include <uv.h>

typedef struct cf_worker cf_worker;

/* All of it lives longer than the worker, but for the configuration: see cf_worker_configure. */
typedef struct cf_worker_host {
    uv_loop_t *loop;
    const cf_config *config;
    cf_server_log log_level;
    int descriptor_max;      /* as cf_net has it */
    cf_inherited *inherited; /* what the worker takes of them is its own */
    cf_team_member *member;  /* NULL: it is the only one */
    cf_logins *logins;       /* of all workers, */
    pthread_mutex_t *logins_lock;
    void (*log)(void *user, cf_server_log level, cf_bytes text);
    /* After cf_worker_shut_down: all clients are told, and gone. May be said again. */
    void (*ended)(void *user);
    void *user;
} cf_worker_host;

/* NULL without memory. */
cf_worker *cf_worker_new(const cf_worker_host *host);
const char *cf_worker_engine_name(const cf_worker *worker);
/*
 * Before the start: its listeners encrypt. Later: a new certificate, for who comes. The context is retained. False without
 * memory.
 */
bool cf_worker_encrypt(cf_worker *worker, cf_tls_context *context);
/*
 * Listens, and begins the first turn; false, with a line in the log, when an address cannot be had. `first` (or NULL): another
 * worker, who has started: on his sockets.
 */
bool cf_worker_start(cf_worker *worker, const cf_worker *first);
/* A reload. The configuration of before is not needed any more when this returns. */
void cf_worker_configure(cf_worker *worker, const cf_config *config, cf_server_log log_level);
/*
 * New requests are refused and all clients told, over shutdown_spread; then `ended` is called. Again: the rest is told at once.
 */
void cf_worker_shut_down(cf_worker *worker);
/* Ends the loop's run. From any thread; only of one with a member. */
void cf_worker_stop(cf_worker *worker);
/* Drops all connections without a word. Its handles are still to be closed, with the loop's others. */
void cf_worker_close(cf_worker *worker);
/* The loop's handles are closed. */
void cf_worker_free(cf_worker *worker);

#endif

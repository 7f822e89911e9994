/*
 * centrifuged: the node on libuv. Start, turns, signals and the end.
 */
#ifndef CF_SERVER_DAEMON_DAEMON_H
#define CF_SERVER_DAEMON_DAEMON_H

#include "server/daemon/log.h"
#include "server/daemon/pidfile.h"
#include "server/daemon/settings.h"
#include "server/net/listener.h"
#include "server/net/router.h"
#include "server/node.h"
#include "server/transport/sockjs.h"

/* Bytes that are freed before memory is given back to the system. */
#define CF_DAEMON_TRIM_AFTER (32 * 1024 * 1024)

#define CF_DAEMON_SHUTDOWN_TIMEOUT 10000 /* ms; then the program ends with status 1 (server-spec.md 8.9) */

enum { CF_PORT_CLIENTS = 1, CF_PORT_API = 2 }; /* bits of listeners */
enum { CF_DAEMON_ROUTES = 3, CF_DAEMON_LISTENERS = 2 };

typedef struct cf_daemon {
    const cf_daemon_settings *settings;
    cf_config *config; /* of now; a reload makes a new one */
    cf_log log;
    uv_loop_t loop;
    cf_net net;
    cf_http_server http;
    cf_listener listeners[CF_DAEMON_LISTENERS];
    size_t listener_count;
    cf_route routes[CF_DAEMON_ROUTES];
    cf_buffer route_paths; /* what the routes' slices point into */
    cf_buffer location;    /* of a redirect */
    cf_node *node;
    cf_sockjs_server *sockjs;
    /* turns */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t wake;
    cf_time wake_at;
    bool in_turn;
    /* signals */
    uv_signal_t terminate;
    uv_signal_t interrupt;
    uv_signal_t hangup;
    uv_timer_t shutdown_timer;
    bool shutting_down;
    cf_pid_file pid_file;
    int status; /* of the program */
    /* the gauges of the system */
    cf_time gauges_at;
    int64_t heap_kept; /* bytes: the least that malloc kept free since memory was given back */
    int64_t cpu_time;  /* ns, at the last look */
    cf_time cpu_taken_at;
} cf_daemon;

/* Runs until a signal; returns the status of the program. */
int cf_daemon_run(const cf_daemon_settings *settings, const char *version);

/* endpoints.c: what the paths lead to. False without memory. */
bool cf_daemon_set_routes(cf_daemon *daemon);
bool cf_daemon_reads_body(void *user, const cf_http_request *request, unsigned port);
void cf_daemon_request(void *user, cf_http_exchange *exchange, const cf_http_request *request, unsigned port);
void cf_daemon_refused(void *user, const cf_connection *connection, int status, const char *reason);
void cf_daemon_answered(void *user, const cf_http_exchange *exchange, int status);

/* gauges.c: memory and CPU into the node's metrics, each node_ping_interval; and memory back to the system. */
void cf_daemon_take_gauges(cf_daemon *daemon);

#endif

/*
 * The inside of a worker, for worker.c, listeners.c and endpoints.c.
 */
#ifndef CF_SERVER_DAEMON_WORKER_STATE_H
#define CF_SERVER_DAEMON_WORKER_STATE_H

#include "server/admin/endpoints.h"
#include "server/api/queue.h"
#include "server/daemon/gauges.h"
#include "server/daemon/monitor.h"
#include "server/daemon/worker.h"
#include "server/net/listener.h"
#include "server/node.h"
#include "server/team.h"
#include "server/transport/deflate.h"
#include "server/transport/sockjs.h"

/* Bits of listeners: what is there. The last two are on the admin port where the options are on. */
enum { CF_PORT_CLIENTS = 1, CF_PORT_API = 2, CF_PORT_ADMIN = 4, CF_PORT_SOCKET = 8, CF_PORT_WEB = 16 };

struct cf_worker {
    cf_worker_host host;
    cf_net net;
    cf_tls *tls; /* NULL: nothing is encrypted */
    cf_http_server http;
    cf_listener *listeners;
    size_t listener_count;
    cf_buffer location; /* of a redirect */
    cf_node *node;
    cf_api_queue queue;
    cf_sockjs_server *sockjs;
    cf_deflate *deflate; /* NULL: messages are not compressed */
    cf_admin admin;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t wake;
    cf_time wake_at;
    uv_async_t letters; /* something lies in the mailbox, or the loop is to stop */
    atomic_bool is_to_stop;
    bool in_turn;
    bool shutting_down;
    cf_gauges gauges;
    cf_monitor monitor;
};

/* listeners.c: false, with a line in the log, when an address cannot be had. */
bool cf_worker_listen(cf_worker *worker);
/* On the sockets of another one. */
bool cf_worker_listen_with(cf_worker *worker, const cf_worker *first);
/* Who comes to a socket that was handed over waits for the next process. */
void cf_worker_hand_over(cf_worker *worker);
/* Their handles still close. */
void cf_worker_stop_listening(cf_worker *worker);

/* move.c: is what has this name at home at another worker? Not without a name. */
bool cf_worker_is_elsewhere(const cf_worker *worker, cf_bytes name);
/* Brings a request there; where that cannot be, it is answered. */
void cf_worker_move_request(cf_worker *worker, cf_http_exchange *exchange, cf_bytes name);

/* endpoints.c: requests, as cf_http_server has these. `user`: the worker. */
cf_http_body_limit cf_endpoint_body_limit(void *user, const cf_http_request *request, unsigned port);
void cf_endpoint_request(void *user, cf_http_exchange *exchange, const cf_http_request *request, unsigned port);
void cf_endpoint_refused(void *user, const cf_connection *connection, int status, const char *reason);
void cf_endpoint_answered(void *user, const cf_http_exchange *exchange, int status);

#endif

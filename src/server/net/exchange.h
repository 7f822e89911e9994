/*
 * HTTP on a connection: one request after the other, each answered at once or
 * later, until the connection is closed or given to another protocol.
 */
#ifndef CF_SERVER_NET_EXCHANGE_H
#define CF_SERVER_NET_EXCHANGE_H

#include "server/net/connection.h"
#include "server/net/request.h"
#include "server/net/response.h"
#include "server/team.h"

/* Nobody may hold a connection by doing nothing, or a byte a second. All in ms. */
#define CF_HTTP_HEAD_TIMEOUT  10000 /* from the first moment (or byte of a further request) to the end of the head */
#define CF_HTTP_BODY_TIMEOUT  60000 /* from there to the end of the body */
#define CF_HTTP_WRITE_TIMEOUT 30000 /* in which the client takes nothing of an answer */

/*
 * Bytes of the request bodies that a listener, or all listeners of several workers, receive at one time. Beyond, who has held
 * most for the longest time is answered with 503: not who comes; of several workers, at one that has more than its share. One
 * body alone has body_limit.
 */
#define CF_HTTP_BODIES_MAX (256 * 1024 * 1024)

/* A listener's. Lives longer than its exchanges. */
typedef struct cf_http_bodies {
    size_t size;       /* of all */
    cf_list receiving; /* exchanges whose body is not complete */
} cf_http_bodies;

/* Bytes that are kept of what a client sends while it waits for an answer; its end is not noticed behind more. */
#define CF_HTTP_EARLY_MAX 16384

/* Requests of one connection that are answered in a round of the loop; what it has sent behind them waits. */
#define CF_HTTP_REQUESTS_MAX 16

/* Bytes of their answers that are gathered before they are written; what passes it is not copied, but goes out behind them. */
#define CF_HTTP_TOGETHER_MAX 16384

/* Places that a body, or a piece of one, may lie in. */
#define CF_HTTP_PARTS_MAX 120

/*
 * Bytes of the answers that wait for clients to take them. Beyond, a further one that is not small (bytes too) becomes a 503.
 */
#define CF_HTTP_ANSWERS_MAX  (256 * 1024 * 1024)
#define CF_HTTP_ANSWER_SMALL (1024 * 1024)

typedef struct cf_http_exchange cf_http_exchange;

typedef struct cf_http_server {
    cf_net *net;
    int64_t idle_timeout; /* ms between two requests of a connection; 0: each has one */
    /* How much of this request's body is read. Nothing (max 0): it is answered without it, and the connection is closed. */
    cf_http_body_limit (*body_limit)(void *user, const cf_http_request *request, unsigned port);
    /*
     * A request is complete; it is borrowed until this returns. One of cf_http_exchange_respond and cf_http_exchange_upgrade
     * must follow, now or later, unless it comes again.
     */
    void (*request)(void *user, cf_http_exchange *exchange, const cf_http_request *request, unsigned port);
    /* An answer was given, or the connection was taken (101): for the log. May be NULL. */
    void (*answered)(void *user, const cf_http_exchange *exchange, int status);
    /*
     * Something that is no good request, or came too slowly, is answered with `status`; the reason is a constant text. May be
     * NULL.
     */
    void (*refused)(void *user, const cf_connection *connection, int status, const char *reason);
    void *user;
    cf_team *team;                /* NULL: there is one worker */
    size_t answers;               /* bytes that wait for clients, of all listeners */
    char date[CF_HTTP_DATE_SIZE]; /* of `date_time` */
    int64_t date_time;
} cf_http_server;

void cf_http_bodies_init(cf_http_bodies *bodies);
/* Begins to serve an accepted connection. `port` is handed to every request. */
void cf_http_exchange_start(cf_http_server *server, cf_http_bodies *bodies, cf_connection *connection, unsigned port);
void cf_http_exchange_respond(cf_http_exchange *exchange, const cf_http_response *response);
/* What to call when the client goes away before the answer; the exchange is gone then. */
void cf_http_exchange_on_abort(cf_http_exchange *exchange, void (*abort)(void *user), void *user);
/*
 * An answer that is streamed: its head, with a body that is its first piece, further pieces, its end. The head goes out with
 * what follows, which is not to be waited for. `written` (or NULL) gets the user of cf_http_exchange_on_abort when all is taken
 * that was not. HTTP/1.0 knows no chunks: its connection ends.
 */
void cf_http_exchange_begin(cf_http_exchange *exchange, const cf_http_response *response, void (*written)(void *user));
/*
 * A piece in up to CF_HTTP_PARTS_MAX places; without a byte the head goes out alone. False: it does not go out whole, since the
 * connection is broken or there is no memory; nothing more does, and the answer is to be ended.
 */
bool cf_http_exchange_write(cf_http_exchange *exchange, const cf_bytes *parts, size_t count);
/* What is in the parts, if anything, goes out together with the end. */
void cf_http_exchange_end(cf_http_exchange *exchange, const cf_bytes *parts, size_t count);
/* Bytes that the client has not taken. */
size_t cf_http_exchange_waiting(const cf_http_exchange *exchange);
/* Notices that the client goes away while it waits: it is told at once. Only from within the request callback. */
void cf_http_exchange_watch(cf_http_exchange *exchange);
/*
 * Takes the connection from HTTP. `early` gets what the client has sent behind the request (borrowed until the caller returns
 * to the loop). Only from within the request callback.
 */
cf_connection *cf_http_exchange_upgrade(cf_http_exchange *exchange, cf_bytes *early);
/*
 * Are answers before this one not all sent? Then the request comes again when they are, as long as its client takes them. Only
 * from within the request callback.
 */
bool cf_http_exchange_postpone(cf_http_exchange *exchange);
/*
 * For another worker, which gets the request once more, with its connection and all that comes behind it: what the exchange
 * becomes; it is gone here. Only from within the request callback, when it need not be postponed. NULL: it is still to be
 * answered here, for want of memory or since the connection is broken.
 */
cf_http_exchange *cf_http_exchange_part(cf_http_exchange *exchange, cf_parted *parted);
/* There: in a turn. */
void cf_http_exchange_join(cf_http_exchange *exchange, const cf_parted *parted, cf_http_server *server, cf_http_bodies *bodies);
/* Nobody serves it. */
void cf_http_exchange_drop(cf_http_exchange *exchange, const cf_parted *parted);
/* On which port it came, as it was given to cf_http_exchange_start. */
unsigned cf_http_exchange_port(const cf_http_exchange *exchange);
/* NULL after an upgrade. */
cf_connection *cf_http_exchange_connection(const cf_http_exchange *exchange);
/* The request that is being answered. */
const cf_http_request *cf_http_exchange_request(const cf_http_exchange *exchange);
/* uv_hrtime() when it was complete. */
uint64_t cf_http_exchange_started(const cf_http_exchange *exchange);

#endif

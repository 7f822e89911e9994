/*
 * SockJS (server-spec.md 6, 11.1): what stands below `/connection/`, on the rules of sockjs/.
 *
 * Sessions are found by the id that their client has chosen: whoever knows it may receive and send for it, so clients draw it
 * at random. It says nothing about others: who guesses wrong has a session of his own, which is not authenticated.
 */
#ifndef CF_SERVER_TRANSPORT_SOCKJS_H
#define CF_SERVER_TRANSPORT_SOCKJS_H

#include "server/net/exchange.h"
#include "server/services.h"

/*
 * A body's bytes, of one in client_request_max_size. It is an array of messages: the largest one fits however it is written (a
 * character may be six, and become eight in a form), or some that wait together.
 */
#define CF_SOCKJS_BODY_FACTOR 16

/*
 * Sessions without a receiver whose client has not connected (or which are over): strangers make them for the asking. For
 * another one beyond, the oldest is forgotten.
 */
#define CF_SOCKJS_STRANGERS_MAX 16384

typedef struct cf_sockjs_server cf_sockjs_server;

typedef struct cf_sockjs_options {
    size_t answer_max;    /* bytes of frames after which a streamed answer ends */
    size_t strangers_max; /* as CF_SOCKJS_STRANGERS_MAX */
    bool websocket;       /* is it offered? */
    bool cookie;          /* clients are told that a load balancer needs one, and get it */
} cf_sockjs_options;

/* NULL without memory. */
cf_sockjs_server *cf_sockjs_server_new(cf_services *services, const cf_sockjs_options *options);
/* Ends all sessions without a word. The connections are gone already. */
void cf_sockjs_server_free(cf_sockjs_server *server);
/* `path`: what stands behind `/connection/`. */
void cf_sockjs_server_request(cf_sockjs_server *server, cf_http_exchange *exchange, const cf_http_request *request,
                              cf_bytes path);
/* Is it the path of a session that is there? */
bool cf_sockjs_server_has_session(const cf_sockjs_server *server, cf_bytes path);
/* The session that a request with this path belongs to, and has to be brought to; empty: none, or the connection is one. */
cf_bytes cf_sockjs_server_session(cf_bytes path);
/* How much of the request's body is read. */
cf_http_body_limit cf_sockjs_server_body_limit(const cf_sockjs_server *server, const cf_http_request *request, cf_bytes path);

#endif

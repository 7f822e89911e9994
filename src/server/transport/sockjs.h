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

typedef struct cf_sockjs_server cf_sockjs_server;

typedef struct cf_sockjs_options {
    size_t answer_max; /* bytes of frames after which a streamed answer ends */
    bool websocket;    /* is it offered? */
    bool cookie;       /* clients are told that a load balancer needs one, and get it */
} cf_sockjs_options;

/* NULL without memory. */
cf_sockjs_server *cf_sockjs_server_new(cf_services *services, const cf_sockjs_options *options);
/* Ends all sessions without a word. The connections are gone already. */
void cf_sockjs_server_free(cf_sockjs_server *server);
/* `path`: what stands behind `/connection/`. */
void cf_sockjs_server_request(cf_sockjs_server *server, cf_http_exchange *exchange, const cf_http_request *request,
                              cf_bytes path);
/* Is the request's body read? */
bool cf_sockjs_server_reads_body(const cf_http_request *request, cf_bytes path);

#endif

/*
 * Sessions of SockJS over requests: the table of them, and how a node's session travels on answers.
 */
#ifndef CF_SERVER_TRANSPORT_SOCKJS_SESSION_H
#define CF_SERVER_TRANSPORT_SOCKJS_SESSION_H

#include "base/map.h"
#include "server/net/exchange.h"
#include "server/services.h"
#include "sockjs/frame.h"
#include "sockjs/session.h"

struct cf_sockjs_server {
    cf_services *services;
    cf_sockjs_rules rules;
    bool websocket;
    bool cookie;
    cf_map sessions;   /* by the client's id */
    cf_list strangers; /* those of CF_SOCKJS_STRANGERS_MAX, the oldest first */
    size_t stranger_count;
    size_t strangers_max;
};

typedef struct cf_sockjs_peer cf_sockjs_peer;

/* NULL: there is none. */
cf_sockjs_peer *cf_sockjs_peer_find(const struct cf_sockjs_server *server, cf_bytes id);
/* NULL without memory. It must be given a receiver now. */
cf_sockjs_peer *cf_sockjs_peer_new(struct cf_sockjs_server *server, cf_bytes id);
/* Ends all of them without a word. */
void cf_sockjs_peer_drop_all(struct cf_sockjs_server *server);
/* The exchange is answered, now or later. */
void cf_sockjs_peer_receive(cf_sockjs_peer *peer, cf_http_exchange *exchange, cf_sockjs_transport transport);
/* The messages of a body that was found good. The peer may be gone afterwards. */
void cf_sockjs_peer_send(cf_sockjs_peer *peer, cf_sockjs_body *body, cf_buffer *scratch);

/* Headers of every answer to a page of another origin (server-spec.md 6.2). */
void cf_sockjs_append_cors(cf_buffer *headers, const cf_http_request *request);
/* The same for what must not be kept by caches. */
void cf_sockjs_append_fresh(cf_buffer *headers, const cf_http_request *request);
/* The same for an answer to a session's request, which has the cookie where one is needed. */
void cf_sockjs_append_own(const struct cf_sockjs_server *server, cf_buffer *headers, const cf_http_request *request);
/* The callback that the request names, or nothing. */
void cf_sockjs_append_callback(cf_buffer *callback, const cf_http_request *request);
/* Answers, and gives the headers and the body back; without memory for them with 503. */
void cf_sockjs_respond(cf_http_exchange *exchange, int status, cf_bytes content_type, cf_buffer *headers, cf_buffer *body);

#endif

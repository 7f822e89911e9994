/*
 * Who answers which path (server-spec.md 1.1). What stands below a route's path, and which methods it takes, is the affair of
 * who answers: each refuses in its own words.
 */
#ifndef CF_SERVER_NET_ROUTER_H
#define CF_SERVER_NET_ROUTER_H

#include "server/net/request.h"

struct cf_http_exchange;

typedef struct cf_route {
    cf_bytes path;  /* with a slash at its end: everything below it too */
    unsigned ports; /* bit set of the listeners that have it */
    /* `below`: what the request's path has behind the route's. */
    void (*answer)(void *user, struct cf_http_exchange *exchange, const cf_http_request *request, cf_bytes below);
    /* How much it reads of the request's body. NULL: nothing, ever. */
    cf_http_body_limit (*body_limit)(void *user, const cf_http_request *request, cf_bytes below);
} cf_route;

typedef struct cf_routes {
    const cf_route *all;
    size_t count;
    cf_bytes prefix; /* before all paths: http_prefix */
} cf_routes;

typedef enum cf_route_result { CF_ROUTE_FOUND, CF_ROUTE_NOT_FOUND, CF_ROUTE_REDIRECT, CF_ROUTE_NO_MEMORY } cf_route_result;

typedef struct cf_route_match {
    const cf_route *route;
    cf_bytes below;
} cf_route_match;

/* The longest match wins. On a redirect `location` gets the path and query to go to. `port`: the listener's bit. */
cf_route_result cf_route_find(const cf_routes *routes, unsigned port, cf_bytes path, cf_bytes query, cf_route_match *match,
                              cf_buffer *location);

#endif

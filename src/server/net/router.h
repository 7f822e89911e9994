/*
 * Which endpoint a path belongs to (server-spec.md 1.1).
 */
#ifndef CF_SERVER_NET_ROUTER_H
#define CF_SERVER_NET_ROUTER_H

#include "base/buffer.h"

typedef struct cf_route {
    cf_bytes path;  /* with a slash at its end: everything below it too */
    int endpoint;   /* the caller's own number */
    unsigned ports; /* bit set of the listeners that have it */
} cf_route;

typedef enum cf_route_result { CF_ROUTE_FOUND, CF_ROUTE_NOT_FOUND, CF_ROUTE_REDIRECT, CF_ROUTE_NO_MEMORY } cf_route_result;

/* The longest match wins. On a redirect `location` gets the path and query to go to. `port`: the listener's bit. */
cf_route_result cf_route_find(const cf_route *routes, size_t count, unsigned port, cf_bytes path, cf_bytes query, int *endpoint,
                              cf_buffer *location);

#endif

#include "server/net/router.h"

#include "server/net/url.h"

static bool is_prefix(const cf_route *route)
{
    return route->path.size > 0 && route->path.data[route->path.size - 1] == '/';
}

static bool matches(const cf_route *route, cf_bytes path)
{
    return is_prefix(route) ? cf_bytes_starts_with(path, route->path) : cf_bytes_equal(path, route->path);
}

/* `path`: without the prefix. */
static const cf_route *longest_match(const cf_routes *routes, unsigned port, cf_bytes path)
{
    const cf_route *best = NULL;
    for (size_t i = 0; i < routes->count; i++) {
        const cf_route *route = &routes->all[i];
        if ((route->ports & port) && matches(route, path) && (best == NULL || route->path.size > best->path.size))
            best = route;
    }
    return best;
}

/* Is there a route for the path with a slash at its end? */
static bool lacks_slash(const cf_routes *routes, unsigned port, cf_bytes path)
{
    for (size_t i = 0; i < routes->count; i++) {
        const cf_route *route = &routes->all[i];
        cf_bytes bare = cf_bytes_slice(route->path, 0, route->path.size - 1);
        if ((route->ports & port) && is_prefix(route) && cf_bytes_equal(path, bare))
            return true;
    }
    return false;
}

static cf_route_result redirect(cf_bytes path, const char *end, cf_bytes query, cf_buffer *location)
{
    cf_buffer encoded;
    cf_buffer_init(&encoded, location->allocator, location->limit);
    cf_url_encode_path(path, &encoded);
    cf_buffer_append(&encoded, cf_bytes_of(end));
    if (query.size > 0) {
        cf_buffer_append_byte(&encoded, '?');
        cf_buffer_append(&encoded, query);
    }
    bool failed = encoded.failed;
    cf_buffer_free(location);
    *location = encoded;
    return failed ? CF_ROUTE_NO_MEMORY : CF_ROUTE_REDIRECT;
}

/* Is the path written as `location` has it? `*` stands for no path. */
static bool is_clean(cf_bytes path, const cf_buffer *location)
{
    return cf_bytes_equal(cf_buffer_bytes(location), path) || cf_bytes_equal(path, CF_BYTES("*"));
}

cf_route_result cf_route_find(const cf_routes *routes, unsigned port, cf_bytes path, cf_bytes query, cf_route_match *match,
                              cf_buffer *location)
{
    cf_buffer_clear(location);
    if (!cf_url_clean_path(path, location))
        return CF_ROUTE_NO_MEMORY;
    if (!is_clean(path, location))
        return redirect(cf_buffer_bytes(location), "", query, location);
    if (!cf_bytes_starts_with(path, routes->prefix))
        return CF_ROUTE_NOT_FOUND;
    cf_bytes rest = cf_bytes_slice(path, routes->prefix.size, path.size);
    const cf_route *route = longest_match(routes, port, rest);
    if (lacks_slash(routes, port, rest) && (route == NULL || is_prefix(route)))
        return redirect(path, "/", query, location);
    if (route == NULL)
        return CF_ROUTE_NOT_FOUND;
    *match = (cf_route_match){.route = route, .below = cf_bytes_slice(rest, route->path.size, rest.size)};
    return CF_ROUTE_FOUND;
}

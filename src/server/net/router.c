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

static const cf_route *longest_match(const cf_route *routes, size_t count, unsigned port, cf_bytes path)
{
    const cf_route *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!(routes[i].ports & port) || !matches(&routes[i], path))
            continue;
        if (best == NULL || routes[i].path.size > best->path.size)
            best = &routes[i];
    }
    return best;
}

/* Is there a route for the path with a slash at its end? */
static bool lacks_slash(const cf_route *routes, size_t count, unsigned port, cf_bytes path)
{
    for (size_t i = 0; i < count; i++) {
        cf_bytes bare = cf_bytes_slice(routes[i].path, 0, routes[i].path.size - 1);
        if ((routes[i].ports & port) && is_prefix(&routes[i]) && cf_bytes_equal(path, bare))
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

cf_route_result cf_route_find(const cf_route *routes, size_t count, unsigned port, cf_bytes path, cf_bytes query, int *endpoint,
                              cf_buffer *location)
{
    cf_buffer_clear(location);
    if (!cf_url_clean_path(path, location))
        return CF_ROUTE_NO_MEMORY;
    cf_bytes clean = cf_buffer_bytes(location);
    if (!cf_bytes_equal(clean, path) && !cf_bytes_equal(path, CF_BYTES("*")))
        return redirect(clean, "", query, location);
    const cf_route *route = longest_match(routes, count, port, path);
    if (lacks_slash(routes, count, port, path) && (route == NULL || is_prefix(route)))
        return redirect(path, "/", query, location);
    if (route == NULL)
        return CF_ROUTE_NOT_FOUND;
    *endpoint = route->endpoint;
    return CF_ROUTE_FOUND;
}

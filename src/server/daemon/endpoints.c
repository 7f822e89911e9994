#include "server/api/api.h"
#include "server/daemon/daemon.h"
#include "server/transport/upgrade.h"

enum { ENDPOINT_WEBSOCKET, ENDPOINT_SOCKJS, ENDPOINT_API };

static const struct {
    const char *path;
    unsigned port;
} paths[CF_DAEMON_ROUTES] = {
    [ENDPOINT_WEBSOCKET] = {"/connection/websocket", CF_PORT_CLIENTS},
    [ENDPOINT_SOCKJS] = {"/connection/", CF_PORT_CLIENTS},
    [ENDPOINT_API] = {"/api/", CF_PORT_API},
};

bool cf_daemon_set_routes(cf_daemon *daemon)
{
    cf_buffer *text = &daemon->route_paths;
    size_t ends[CF_DAEMON_ROUTES];
    for (size_t i = 0; i < CF_DAEMON_ROUTES; i++) {
        cf_buffer_append(text, daemon->config->http_prefix);
        cf_buffer_append(text, cf_bytes_of(paths[i].path));
        ends[i] = text->size;
    }
    for (size_t i = 0; i < CF_DAEMON_ROUTES; i++) {
        daemon->routes[i].path = cf_bytes_slice(cf_buffer_bytes(text), i == 0 ? 0 : ends[i - 1], ends[i]);
        daemon->routes[i].endpoint = (int)i;
        daemon->routes[i].ports = paths[i].port;
    }
    return !text->failed;
}

static void respond_plain(cf_http_exchange *exchange, int status, cf_bytes extra)
{
    cf_http_response response = cf_http_plain(status);
    if (extra.size > 0)
        response.extra = extra;
    cf_http_exchange_respond(exchange, &response);
}

/* ---- SockJS ---- */

static cf_bytes below_sockjs(const cf_daemon *daemon, const cf_http_request *request)
{
    return cf_bytes_slice(request->path, daemon->routes[ENDPOINT_SOCKJS].path.size, request->path.size);
}

/* ---- API ---- */

static void api_done(void *user, int status, cf_bytes content_type, cf_bytes body)
{
    cf_http_response response = {.status = status, .content_type = content_type, .body = body};
    if (status != 200)
        response.extra = CF_BYTES("X-Content-Type-Options: nosniff\r\n");
    cf_http_exchange_respond(user, &response);
}

static void api_abort(void *user)
{
    cf_api_cancel(user);
}

static void api(cf_daemon *daemon, cf_http_exchange *exchange, const cf_http_request *request)
{
    cf_api_request call = {
        .content_type = request->headers[CF_HTTP_HEADER_content_type],
        .sign_header = request->headers[CF_HTTP_HEADER_api_sign],
        .query = request->query,
        .body = request->body,
    };
    cf_api_call *pending = cf_api_handle(daemon->node, &call, api_done, exchange);
    if (pending != NULL)
        cf_http_exchange_on_abort(exchange, api_abort, pending);
}

/* ---- all of them ---- */

/* The path is encoded, but the query is as it came. */
static void append_html(cf_buffer *out, cf_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        switch (text.data[i]) {
        case '&':
            cf_buffer_append(out, CF_BYTES("&amp;"));
            break;
        case '<':
            cf_buffer_append(out, CF_BYTES("&lt;"));
            break;
        case '>':
            cf_buffer_append(out, CF_BYTES("&gt;"));
            break;
        case '"':
            cf_buffer_append(out, CF_BYTES("&#34;"));
            break;
        default:
            cf_buffer_append_byte(out, text.data[i]);
        }
    }
}

static void redirect(cf_daemon *daemon, cf_http_exchange *exchange)
{
    cf_buffer extra;
    cf_buffer body;
    cf_buffer_init(&extra, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&body, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&extra, CF_BYTES("Location: "));
    cf_buffer_append(&extra, cf_buffer_bytes(&daemon->location));
    cf_buffer_append(&extra, CF_BYTES("\r\n"));
    cf_buffer_append(&body, CF_BYTES("<a href=\""));
    append_html(&body, cf_buffer_bytes(&daemon->location));
    cf_buffer_append(&body, CF_BYTES("\">Moved Permanently</a>.\n\n"));
    cf_http_response response = {
        .status = 301, .content_type = CF_HTTP_HTML, .extra = cf_buffer_bytes(&extra), .body = cf_buffer_bytes(&body)};
    if (extra.failed || body.failed)
        response = cf_http_plain(503);
    cf_http_exchange_respond(exchange, &response);
    cf_buffer_free(&extra);
    cf_buffer_free(&body);
}

static void endpoint(cf_daemon *daemon, int number, cf_http_exchange *exchange, const cf_http_request *request)
{
    if (daemon->shutting_down) {
        cf_http_response busy = {.status = 503};
        cf_http_exchange_respond(exchange, &busy);
    } else if (number == ENDPOINT_WEBSOCKET) {
        cf_upgrade_request(cf_node_services(daemon->node), exchange, request, CF_WEBSOCKET_RAW);
    } else if (number == ENDPOINT_API) {
        api(daemon, exchange, request);
    } else {
        cf_sockjs_server_request(daemon->sockjs, exchange, request, below_sockjs(daemon, request));
    }
}

bool cf_daemon_reads_body(void *user, const cf_http_request *request, unsigned port)
{
    cf_daemon *daemon = user;
    int number = 0;
    cf_route_result result =
        cf_route_find(daemon->routes, CF_DAEMON_ROUTES, port, request->path, request->query, &number, &daemon->location);
    if (result != CF_ROUTE_FOUND || daemon->shutting_down)
        return false;
    return number == ENDPOINT_API ||
           (number == ENDPOINT_SOCKJS && cf_sockjs_server_reads_body(request, below_sockjs(daemon, request)));
}

void cf_daemon_request(void *user, cf_http_exchange *exchange, const cf_http_request *request, unsigned port)
{
    cf_daemon *daemon = user;
    int number = 0;
    switch (cf_route_find(daemon->routes, CF_DAEMON_ROUTES, port, request->path, request->query, &number, &daemon->location)) {
    case CF_ROUTE_FOUND:
        endpoint(daemon, number, exchange, request);
        break;
    case CF_ROUTE_NOT_FOUND:
        respond_plain(exchange, 404, (cf_bytes){0});
        break;
    case CF_ROUTE_REDIRECT:
        redirect(daemon, exchange);
        break;
    case CF_ROUTE_NO_MEMORY:
        respond_plain(exchange, 503, (cf_bytes){0});
        break;
    }
}

void cf_daemon_refused(void *user, const cf_connection *connection, int status, const char *reason)
{
    cf_daemon *daemon = user;
    char peer[64];
    cf_notice notice = status == 503 ? CF_NOTICE_busy : status == 413 ? CF_NOTICE_large_request : CF_NOTICE_bad_request;
    cf_connection_peer(connection, peer, sizeof(peer));
    cf_services_notice(cf_node_services(daemon->node), notice, "request from %s refused with %d: %s", peer, status, reason);
}

void cf_daemon_answered(void *user, const cf_http_exchange *exchange, int status)
{
    cf_daemon *daemon = user;
    char peer[64];
    if (daemon->log.level > CF_SERVER_DEBUG)
        return;
    const cf_http_request *request = cf_http_exchange_request(exchange);
    cf_bytes from = request->headers[CF_HTTP_HEADER_real_ip];
    if (from.size == 0)
        from = request->headers[CF_HTTP_HEADER_forwarded_for];
    if (from.size == 0) {
        cf_connection_peer(cf_http_exchange_connection(exchange), peer, sizeof(peer));
        from = cf_bytes_of(peer);
    }
    cf_log_say(&daemon->log, CF_SERVER_DEBUG, "%.*s %.*s from %.*s completed in %.3f ms: %d", (int)request->method.size,
               request->method.data, (int)request->path.size, request->path.data, (int)from.size, from.data,
               (double)(uv_hrtime() - cf_http_exchange_started(exchange)) / 1e6, status);
}

#include "server/api/api.h"
#include "server/api/prometheus.h"
#include "server/daemon/worker_state.h"
#include "server/net/router.h"
#include "server/transport/upgrade.h"
#include "system/heap.h"

#include <stdio.h>

static void respond(cf_http_exchange *exchange, cf_http_response response)
{
    cf_http_exchange_respond(exchange, &response);
}

/* ---- WebSocket and SockJS ---- */

static void answer_websocket(void *user, cf_http_exchange *exchange, const cf_http_request *request, cf_bytes below)
{
    const cf_worker *worker = user;
    (void)below;
    cf_upgrade_request(cf_node_services(worker->node), exchange, request, CF_WEBSOCKET_RAW, worker->deflate);
}

static void answer_sockjs(void *user, cf_http_exchange *exchange, const cf_http_request *request, cf_bytes below)
{
    cf_worker *worker = user;
    cf_bytes session = cf_sockjs_server_session(below);
    if (cf_worker_is_elsewhere(worker, session))
        cf_worker_move_request(worker, exchange, session);
    else
        cf_sockjs_server_request(worker->sockjs, exchange, request, below);
}

static cf_http_body_limit limit_sockjs(void *user, const cf_http_request *request, cf_bytes below)
{
    const cf_worker *worker = user;
    return cf_sockjs_server_body_limit(worker->sockjs, request, below);
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

static cf_http_body_limit limit_api(void *user, const cf_http_request *request, cf_bytes below)
{
    const cf_worker *worker = user;
    (void)request;
    (void)below;
    size_t max = (size_t)cf_node_services(worker->node)->config->api_request_max_size;
    return (cf_http_body_limit){max, "its body is larger than api_request_max_size"};
}

static void answer_api(void *user, cf_http_exchange *exchange, const cf_http_request *request, cf_bytes below)
{
    const cf_worker *worker = user;
    (void)below;
    cf_api_request call = {
        .content_type = cf_http_request_header(request, CF_HTTP_HEADER_content_type),
        .sign_header = cf_http_request_header(request, CF_HTTP_HEADER_api_sign),
        .query = request->query,
        .body = request->body,
    };
    cf_api_call *pending = cf_api_handle(worker->node, &call, api_done, exchange);
    if (pending != NULL)
        cf_http_exchange_on_abort(exchange, api_abort, pending);
}

/* ---- for operators ---- */

/* Who asks for what all workers have to tell. */
typedef struct inquiry {
    cf_worker *worker;
    cf_http_exchange *exchange; /* NULL: the client has gone */
} inquiry;

static void forget_client(void *user)
{
    ((inquiry *)user)->exchange = NULL;
}

static void tell_health(cf_http_exchange *exchange, const cf_figures *figures)
{
    char body[128];
    const char *word = figures->engine_answers ? "ok" : "unavailable";
    (void)snprintf(body, sizeof(body), "{\"status\":\"%s\",\"engine\":\"%s\",\"loop_lag_ms\":%lld}\n", word, word,
                   (long long)figures->loop_lag);
    cf_http_response response = {
        .status = figures->engine_answers ? 200 : 503,
        .content_type = CF_BYTES("application/json"),
        .extra = CF_BYTES("Cache-Control: no-store\r\n"),
        .body = cf_bytes_of(body),
    };
    cf_http_exchange_respond(exchange, &response);
}

static void tell_metrics(cf_worker *worker, cf_http_exchange *exchange, const cf_figures *figures)
{
    cf_buffer body;
    cf_buffer_init(&body, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_prometheus_write(figures, cf_node_services(worker->node)->unix_time, &body);
    cf_http_response response = {.status = 200, .content_type = CF_PROMETHEUS_CONTENT_TYPE, .body = cf_buffer_bytes(&body)};
    respond(exchange, body.failed ? cf_http_plain(503) : response);
    cf_buffer_free(&body);
}

/* NULL when nobody waits any more, or there is nothing to tell. */
static cf_http_exchange *end_inquiry(inquiry *ended, const cf_figures *figures)
{
    cf_http_exchange *exchange = ended->exchange;
    cf_free(&cf_heap, ended);
    if (exchange != NULL && figures == NULL)
        respond(exchange, cf_http_plain(503));
    return figures == NULL ? NULL : exchange;
}

static void health_gathered(void *user, const cf_figures *figures)
{
    cf_http_exchange *exchange = end_inquiry(user, figures);
    if (exchange != NULL)
        tell_health(exchange, figures);
}

static void metrics_gathered(void *user, const cf_figures *figures)
{
    cf_worker *worker = ((inquiry *)user)->worker;
    cf_http_exchange *exchange = end_inquiry(user, figures);
    if (exchange != NULL)
        tell_metrics(worker, exchange, figures);
}

static void inquire(cf_worker *worker, cf_http_exchange *exchange, cf_node_figures_done done)
{
    inquiry *begun = cf_alloc(&cf_heap, sizeof(*begun));
    if (begun == NULL) {
        respond(exchange, cf_http_plain(503));
        return;
    }
    *begun = (inquiry){worker, exchange};
    cf_http_exchange_on_abort(exchange, forget_client, begun);
    cf_node_gather(worker->node, done, begun);
}

static void answer_health(void *user, cf_http_exchange *exchange, const cf_http_request *request, cf_bytes below)
{
    (void)request;
    (void)below;
    inquire(user, exchange, health_gathered);
}

static void answer_metrics(void *user, cf_http_exchange *exchange, const cf_http_request *request, cf_bytes below)
{
    cf_worker *worker = user;
    (void)request;
    (void)below;
    if (cf_node_services(worker->node)->config->prometheus)
        inquire(worker, exchange, metrics_gathered);
    else
        respond(exchange, cf_http_plain(404));
}

static void answer_admin_socket(void *user, cf_http_exchange *exchange, const cf_http_request *request, cf_bytes below)
{
    cf_worker *worker = user;
    (void)below;
    cf_admin_answer_socket(&worker->admin, exchange, request);
}

static void answer_login(void *user, cf_http_exchange *exchange, const cf_http_request *request, cf_bytes below)
{
    cf_worker *worker = user;
    (void)below;
    cf_admin_answer_login(&worker->admin, exchange, request);
}

static void answer_page(void *user, cf_http_exchange *exchange, const cf_http_request *request, cf_bytes below)
{
    cf_worker *worker = user;
    cf_admin_answer_page(&worker->admin, exchange, request, below);
}

static cf_http_body_limit limit_login(void *user, const cf_http_request *request, cf_bytes below)
{
    (void)user;
    (void)below;
    return cf_admin_login_body_limit(request);
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

static void redirect(const cf_buffer *location, cf_http_exchange *exchange)
{
    cf_buffer extra;
    cf_buffer body;
    cf_buffer_init(&extra, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&body, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&extra, CF_BYTES("Location: "));
    cf_buffer_append(&extra, cf_buffer_bytes(location));
    cf_buffer_append(&extra, CF_BYTES("\r\n"));
    cf_buffer_append(&body, CF_BYTES("<a href=\""));
    append_html(&body, cf_buffer_bytes(location));
    cf_buffer_append(&body, CF_BYTES("\">Moved Permanently</a>.\n\n"));
    cf_http_response response = {
        .status = 301, .content_type = CF_HTTP_HTML, .extra = cf_buffer_bytes(&extra), .body = cf_buffer_bytes(&body)};
    if (extra.failed || body.failed)
        response = cf_http_plain(503);
    cf_http_exchange_respond(exchange, &response);
    cf_buffer_free(&extra);
    cf_buffer_free(&body);
}

static const cf_route routes[] = {
    {CF_LITERAL("/connection/websocket"), CF_PORT_CLIENTS, answer_websocket, NULL},
    {CF_LITERAL("/connection/"), CF_PORT_CLIENTS, answer_sockjs, limit_sockjs},
    {CF_LITERAL("/api/"), CF_PORT_API, answer_api, limit_api},
    {CF_LITERAL("/health"), CF_PORT_CLIENTS | CF_PORT_API | CF_PORT_ADMIN, answer_health, NULL},
    {CF_LITERAL("/metrics"), CF_PORT_ADMIN, answer_metrics, NULL},
    {CF_LITERAL("/socket"), CF_PORT_SOCKET, answer_admin_socket, NULL},
    {CF_LITERAL("/auth/"), CF_PORT_WEB, answer_login, limit_login},
    {CF_LITERAL("/"), CF_PORT_WEB, answer_page, NULL},
};

static cf_route_result find_route(cf_worker *worker, const cf_http_request *request, unsigned port, cf_route_match *match)
{
    cf_routes here = {
        .all = routes,
        .count = sizeof(routes) / sizeof(routes[0]),
        .prefix = cf_node_services(worker->node)->config->http_prefix,
    };
    return cf_route_find(&here, port, request->path, request->query, match, &worker->location);
}

/* While the server ends, a client of SockJS who is not told yet still receives and sends. */
static bool may_be_answered(const cf_worker *worker, const cf_route_match *match)
{
    return !worker->shutting_down ||
           (match->route->answer == answer_sockjs && (cf_sockjs_server_has_session(worker->sockjs, match->below) ||
                                                      cf_worker_is_elsewhere(worker, cf_sockjs_server_session(match->below))));
}

cf_http_body_limit cf_endpoint_body_limit(void *user, const cf_http_request *request, unsigned port)
{
    cf_worker *worker = user;
    cf_route_match match;
    if (find_route(worker, request, port, &match) != CF_ROUTE_FOUND || match.route->body_limit == NULL ||
        !may_be_answered(worker, &match))
        return (cf_http_body_limit){0};
    return match.route->body_limit(worker, request, match.below);
}

void cf_endpoint_request(void *user, cf_http_exchange *exchange, const cf_http_request *request, unsigned port)
{
    cf_worker *worker = user;
    cf_route_match match;
    switch (find_route(worker, request, port, &match)) {
    case CF_ROUTE_FOUND:
        if (may_be_answered(worker, &match))
            match.route->answer(worker, exchange, request, match.below);
        else
            respond(exchange, (cf_http_response){.status = 503});
        break;
    case CF_ROUTE_NOT_FOUND:
        respond(exchange, cf_http_plain(404));
        break;
    case CF_ROUTE_REDIRECT:
        redirect(&worker->location, exchange);
        break;
    case CF_ROUTE_NO_MEMORY:
        respond(exchange, cf_http_plain(503));
        break;
    }
}

void cf_endpoint_refused(void *user, const cf_connection *connection, int status, const char *reason)
{
    const cf_worker *worker = user;
    char peer[64];
    cf_notice notice = status == 503 ? CF_NOTICE_busy : status == 413 ? CF_NOTICE_large_request : CF_NOTICE_bad_request;
    cf_connection_peer(connection, peer, sizeof(peer));
    cf_services_notice(cf_node_services(worker->node), notice, "request from %s refused with %d: %s", peer, status, reason);
}

void cf_endpoint_answered(void *user, const cf_http_exchange *exchange, int status)
{
    const cf_worker *worker = user;
    cf_services *services = cf_node_services(worker->node);
    char peer[64];
    if (services->log_level > CF_SERVER_DEBUG)
        return;
    const cf_http_request *request = cf_http_exchange_request(exchange);
    cf_bytes from = cf_http_request_header(request, CF_HTTP_HEADER_real_ip);
    if (from.size == 0)
        from = cf_http_request_header(request, CF_HTTP_HEADER_forwarded_for);
    if (from.size == 0) {
        cf_connection_peer(cf_http_exchange_connection(exchange), peer, sizeof(peer));
        from = cf_bytes_of(peer);
    }
    cf_services_log(services, CF_SERVER_DEBUG, "%.*s %.*s from %.*s completed in %.3f ms: %d", (int)request->method.size,
                    request->method.data, (int)request->path.size, request->path.data, (int)from.size, from.data,
                    (double)(uv_hrtime() - cf_http_exchange_started(exchange)) / 1e6, status);
}

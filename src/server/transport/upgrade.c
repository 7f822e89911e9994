#include "server/transport/upgrade.h"

#include "ws/handshake.h"

static const char *no_upgrade_reason(const cf_http_request *request)
{
    if (request->old)
        return "HTTP/1.0 has no upgrade: is the proxy set up for HTTP/1.1?";
    if (cf_http_request_header(request, CF_HTTP_HEADER_upgrade).size == 0)
        return "no Upgrade header: is the proxy set up for WebSockets?";
    return "its headers, method or body are not those of one";
}

static void tell_no_upgrade(cf_services *services, const cf_http_exchange *exchange, const cf_http_request *request, int status)
{
    char peer[64];
    cf_connection_peer(cf_http_exchange_connection(exchange), peer, sizeof(peer));
    cf_services_notice(services, CF_NOTICE_no_upgrade, "WebSocket handshake from %s answered with %d: %s", peer, status,
                       no_upgrade_reason(request));
}

static void refuse_upgrade(cf_http_exchange *exchange, const cf_http_request *request, int status, cf_websocket_kind kind)
{
    cf_http_response response = cf_http_plain(status);
    if (kind == CF_WEBSOCKET_SOCKJS && status == 400 && cf_http_request_header(request, CF_HTTP_HEADER_upgrade).size == 0)
        response.body = CF_BYTES("Can \"Upgrade\" only to \"WebSocket\".\n");
    response.extra = CF_BYTES("Sec-Websocket-Version: 13\r\nX-Content-Type-Options: nosniff\r\n");
    cf_http_exchange_respond(exchange, &response);
}

bool cf_upgrade_take(cf_services *services, cf_http_exchange *exchange, const cf_http_request *request, cf_websocket_kind kind,
                     cf_upgrade *upgrade)
{
    cf_ws_request handshake = {
        .get = request->get,
        .connection = cf_http_request_header(request, CF_HTTP_HEADER_connection),
        .upgrade = cf_http_request_header(request, CF_HTTP_HEADER_upgrade),
        .version = cf_http_request_header(request, CF_HTTP_HEADER_websocket_version),
        .key = cf_http_request_header(request, CF_HTTP_HEADER_websocket_key),
    };
    int status = cf_ws_check_request(&handshake);
    if (status == 101 && (request->body_ahead || request->old))
        status = 400; /* nobody could tell a body from frames; of HTTP/1.0: RFC 9110 section 7.8 */
    if (status != 101) {
        tell_no_upgrade(services, exchange, request, status);
        refuse_upgrade(exchange, request, status, kind);
        return false;
    }
    upgrade->key = handshake.key;
    upgrade->connection = cf_http_exchange_upgrade(exchange, &upgrade->early);
    return true;
}

void cf_upgrade_request(cf_services *services, cf_http_exchange *exchange, const cf_http_request *request,
                        cf_websocket_kind kind, cf_deflate *deflate)
{
    cf_upgrade upgrade;
    if (!cf_ws_offers_deflate(cf_http_request_header(request, CF_HTTP_HEADER_websocket_extensions)))
        deflate = NULL;
    if (cf_upgrade_take(services, exchange, request, kind, &upgrade))
        cf_websocket_start(services, upgrade.connection, upgrade.key, upgrade.early, kind, deflate);
}

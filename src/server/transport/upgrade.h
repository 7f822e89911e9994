/*
 * WebSocket handshakes: a request becomes a WebSocket, or is told why not (server-spec.md 1.3, 6.8).
 */
#ifndef CF_SERVER_TRANSPORT_UPGRADE_H
#define CF_SERVER_TRANSPORT_UPGRADE_H

#include "server/net/exchange.h"
#include "server/transport/websocket.h"

typedef struct cf_upgrade {
    cf_connection *connection;
    cf_bytes key;   /* Sec-WebSocket-Key */
    cf_bytes early; /* what the client has sent behind the handshake */
} cf_upgrade;

/* Takes the connection from HTTP; false: the request was refused. Both only from within the request callback. */
bool cf_upgrade_take(cf_services *services, cf_http_exchange *exchange, const cf_http_request *request, cf_websocket_kind kind,
                     cf_upgrade *upgrade);
/* `deflate`: of clients who offer it messages are compressed; NULL: of nobody. */
void cf_upgrade_request(cf_services *services, cf_http_exchange *exchange, const cf_http_request *request,
                        cf_websocket_kind kind, cf_deflate *deflate);

#endif

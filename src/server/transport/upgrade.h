/*
 * WebSocket handshakes: a request becomes a WebSocket, or is told why not (server-spec.md 1.3, 6.8).
 */
#ifndef CF_SERVER_TRANSPORT_UPGRADE_H
#define CF_SERVER_TRANSPORT_UPGRADE_H

#include "server/net/exchange.h"
#include "server/transport/websocket.h"

/* Only from within the request callback. `deflate`: of clients who offer it messages are compressed; NULL: of nobody. */
void cf_upgrade_request(cf_services *services, cf_http_exchange *exchange, const cf_http_request *request,
                        cf_websocket_kind kind, cf_deflate *deflate);

#endif

/*
 * A session over WebSocket frames: a message in each (server-spec.md 1.3-1.5), or SockJS's frames (6.8).
 */
#ifndef CF_SERVER_TRANSPORT_WEBSOCKET_H
#define CF_SERVER_TRANSPORT_WEBSOCKET_H

#include "server/net/connection.h"
#include "server/session.h"
#include "server/transport/deflate.h"

/* Pongs that go out together, and that may wait for a client that does not read; further ones are not sent. In bytes. */
#define CF_WEBSOCKET_PONGS_MAX 4096
/* What is handed to the system at once while a client is slow, beside the end of a frame. In bytes. */
#define CF_WEBSOCKET_PIECE 65536

/*
 * What is written at once to a client that takes it; then others have their turn. In bytes, besides the chunk that passes it.
 */
#define CF_WEBSOCKET_FLUSH_MAX (256 * 1024)

typedef enum cf_websocket_kind { CF_WEBSOCKET_RAW, CF_WEBSOCKET_SOCKJS } cf_websocket_kind;

/*
 * Answers the handshake and makes the connection a session's; `key` is the request's Sec-WebSocket-Key, `early` what the client
 * has sent behind the handshake (it may be changed). `deflate`: messages are compressed; NULL: they are not. Without memory the
 * connection is closed.
 */
void cf_websocket_start(cf_services *services, cf_connection *connection, cf_bytes key, cf_bytes early, cf_websocket_kind kind,
                        cf_deflate *deflate);

#endif

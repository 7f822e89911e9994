/*
 * The admin WebSocket: a session's texts over frames, each a message (server-spec.md 9.1).
 */
#ifndef CF_SERVER_ADMIN_SOCKET_H
#define CF_SERVER_ADMIN_SOCKET_H

#include "server/admin/session.h"
#include "server/transport/upgrade.h"

#define CF_ADMIN_QUEUE_MAX    10485760 /* bytes that may wait for an operator; beyond he is closed as `slow` */
#define CF_ADMIN_CONNECT_TIME 30000    /* ms in which a token must have come */

/* Answers the handshake. Without memory the connection is closed. */
void cf_admin_socket_start(cf_node *node, const cf_upgrade *upgrade);

#endif

/*
 * What a chunk is on SockJS's ways (server/outbox.h): written once for all sessions that get it.
 */
#ifndef CF_SERVER_TRANSPORT_SOCKJS_FORM_H
#define CF_SERVER_TRANSPORT_SOCKJS_FORM_H

#include "server/outbox.h"

/* Over requests: a run of messages as sockjs/frame.h has them, for any transport's `a` frame. */
extern const cf_outbox_form cf_sockjs_form_messages;
/* Over a WebSocket: an `a` frame for each message. */
extern const cf_outbox_form cf_sockjs_form_websocket;

#endif

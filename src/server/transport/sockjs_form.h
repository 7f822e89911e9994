/*
 * What a chunk is on SockJS's ways (server/outbox.h): written once for all sessions that get it.
 */
#ifndef CF_SERVER_TRANSPORT_SOCKJS_FORM_H
#define CF_SERVER_TRANSPORT_SOCKJS_FORM_H

#include "base/buffer.h"

/* Over requests: a run of messages as sockjs/frame.h has them, for any transport's `a` frame. */
void cf_sockjs_form_messages(cf_buffer *out, cf_bytes frames);
/* Over a WebSocket: an `a` frame for each message. */
void cf_sockjs_form_websocket(cf_buffer *out, cf_bytes frames);

#endif

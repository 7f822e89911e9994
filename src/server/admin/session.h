/*
 * One operator's conversation on the admin socket, without I/O (server-spec.md 9.1): messages in, texts out, and an end with
 * a reason. The API's commands are api/'s; here are `connect`, `ping` and `info`, and what is watched.
 *
 * A message's commands are carried out before those of the next one: what comes meanwhile waits.
 */
#ifndef CF_SERVER_ADMIN_SESSION_H
#define CF_SERVER_ADMIN_SESSION_H

#include "server/api/api.h"

typedef struct cf_admin_session cf_admin_session;

/* How its texts travel. Functions must not call the session back. */
typedef struct cf_admin_transport_ops {
    void (*send)(void *transport, cf_bytes text);
    /* Stop (resume) delivering messages; what was read already may still be delivered. */
    void (*pause)(void *transport, bool pause);
    /* The session has ended: say why, then close. It is gone when this returns. */
    void (*close)(void *transport, cf_trouble trouble);
} cf_admin_transport_ops;

/* NULL without memory. */
cf_admin_session *cf_admin_session_new(cf_node *node, const cf_admin_transport_ops *ops, void *transport);
/* One message. The session may be gone when this returns, only through ops->close. */
void cf_admin_session_receive(cf_admin_session *session, cf_bytes message);
/* Has it shown a token, or needs none? */
bool cf_admin_session_is_authenticated(const cf_admin_session *session);
/* The transport is gone, or gives up: ends the session without telling it. */
void cf_admin_session_gone(cf_admin_session *session);

#endif

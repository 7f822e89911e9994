/*
 * One client's conversation, without I/O: messages in, frames out (session.outbox),
 * and an end with an advice. server-spec.md section 2.
 *
 * A session works on one message at a time. When commands have to wait for the
 * engine (Redis), the session keeps what came after them and asks the transport to stop
 * reading; with the memory engine that never happens. message.c has that, call.h the commands' side.
 *
 * Everything but cf_session_written happens within a turn (node.h): what it causes is sent at the turn's end. A session that is
 * over client_queue_max_size, or lost a message for want of memory, is closed at the turn's end too.
 *
 * A transport counts its own: http_raw_ws_num_requests (http_sockjs_num_requests) when it makes a session.
 *
 * The commands themselves are in command/, one file each. They use cf_services
 * (services.h), never the node.
 */
#ifndef CF_SERVER_SESSION_H
#define CF_SERVER_SESSION_H

#include "server/outbox.h"
#include "server/services.h"
#include "wire/dialect.h"

typedef struct cf_session cf_session;

/*
 * How a session's bytes travel. Functions must not call the session back, but for cf_session_written and cf_session_writable
 * from flush: a transport that finds its connection broken in flush remembers it and says cf_session_gone later, from its own
 * turn.
 */
typedef struct cf_transport_ops {
    const char *name;
    const cf_dialect *dialect;  /* what is spoken; a transport for several has a table for each */
    const cf_outbox_form *form; /* what the outbox holds (server/outbox.h); NULL: WebSocket frames */
    /*
     * The outbox has something and the turn ends, or it is over its limit: write what goes, tell with cf_session_written.
     * Called again at a later turn's end when there is something new, or after cf_session_writable.
     */
    void (*flush)(void *transport, cf_session *session);
    /* Stop (resume) delivering messages; what was read already may still be delivered. NULL: not possible. */
    void (*pause)(void *transport, bool pause);
    /*
     * The session has ended: send the advice (code, reason) where the transport has a way, then close. `code` 0: drop without a
     * word. Its outbox can be read once more here (a frame that was sent in part must be finished before another); the session
     * is gone when this returns. `reason` is borrowed.
     */
    void (*close)(void *transport, int code, cf_bytes reason);
} cf_transport_ops;

/* A new session with a client id and its stale timer; NULL without memory. */
cf_session *cf_session_new(cf_services *services, const cf_transport_ops *ops, void *transport);
/* One whole message of the client, text or binary. The session may be gone when this returns only through transport->close. */
void cf_session_receive(cf_session *session, cf_ws_opcode opcode, cf_bytes message);
/* The transport is gone (closed by the peer, lost): ends the session without telling the transport. */
void cf_session_gone(cf_session *session);
/* Closes and says why (server-spec.md 1.5, 2.12). */
void cf_session_close(cf_session *session, cf_trouble trouble);
/* As cf_session_close, for something that the client did or failed to do, with a line in the log. */
void cf_session_cut_off(cf_session *session, cf_trouble trouble);
/* Closes with a bare WebSocket close code, as for 1009 or 1002. */
void cf_session_close_code(cf_session *session, int code, cf_bytes reason);

cf_outbox *cf_session_outbox(cf_session *session);
/* The transport has sent `size` bytes of the outbox, in its form. */
void cf_session_written(cf_session *session, size_t size);
/* The transport can write again, or stopped though it could write more: flush is called when the turn ends. */
void cf_session_writable(cf_session *session);
/* Has its client said who it is? */
bool cf_session_is_connected(const cf_session *session);
cf_bytes cf_session_id(const cf_session *session);
cf_bytes cf_session_user(const cf_session *session);

#endif

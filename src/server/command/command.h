/*
 * The client's commands: one file each, one function each. A command is called
 * with session->exchange->call filled, reads its parameters, and ends by
 * exactly one of: a reply, or cf_call_fatal, which closes the session.
 *
 * Where it needs the engine, it says cf_call_wait and hands the session to the
 * operation as `user`; the callback begins with cf_call_enter and ends with
 * cf_call_leave. It does not matter whether the callback comes at once or later:
 *
 *     static void published(void *user, cf_engine_status status)
 *     {
 *         cf_session *session = user;
 *         if (cf_call_enter(session))
 *             ... reply, or the next step ...
 *         cf_call_leave(session);
 *     }
 *
 * After an operation that was answered later, slices of the call are still
 * valid, options of a channel are not: look them up again.
 */
#ifndef CF_SERVER_COMMAND_COMMAND_H
#define CF_SERVER_COMMAND_COMMAND_H

#include "server/session_state.h"

typedef void (*cf_command_run)(cf_session *session, cf_session_call *call);

/* NULL: no client method. */
cf_command_run cf_command_of(cf_method method);

void cf_command_connect(cf_session *session, cf_session_call *call);
void cf_command_refresh(cf_session *session, cf_session_call *call);
void cf_command_subscribe(cf_session *session, cf_session_call *call);
void cf_command_unsubscribe(cf_session *session, cf_session_call *call);
void cf_command_publish(cf_session *session, cf_session_call *call);
void cf_command_presence(cf_session *session, cf_session_call *call);
void cf_command_history(cf_session *session, cf_session_call *call);
void cf_command_ping(cf_session *session, cf_session_call *call);

/* hub->subscribed: goes on with the subscribe that waited. */
void cf_command_subscribed(cf_session *session, cf_engine_status status);

void cf_call_wait(cf_session *session);
/* False when the session has ended meanwhile. */
bool cf_call_enter(cf_session *session);
void cf_call_leave(cf_session *session);

/* Method and uid are filled in here. */
void cf_call_reply(cf_session *session, cf_reply *reply);
/* True: the publish waits, since subscribers of the channel are behind; the command is called again. */
bool cf_call_hold(cf_session *session, cf_channel *channel);
void cf_call_fatal(cf_session *session, cf_trouble trouble);

/* Reads the parameters of all methods but connect, refresh and subscribe; false: the session was closed (`invalid message`). */
bool cf_call_params(cf_session *session, cf_session_call *call, cf_params *params);

#endif

/*
 * The client's commands: one file each, one function each. A command reads its parameters, and ends by exactly one of: a reply,
 * or cf_call_fatal, which closes the session (call.h).
 */
#ifndef CF_SERVER_COMMAND_COMMAND_H
#define CF_SERVER_COMMAND_COMMAND_H

#include "server/session_state.h"

typedef void (*cf_command_run)(cf_session_call *call);

/* NULL: no client method. */
cf_command_run cf_command_of(cf_method method);

void cf_command_connect(cf_session_call *call);
void cf_command_refresh(cf_session_call *call);
void cf_command_subscribe(cf_session_call *call);
void cf_command_unsubscribe(cf_session_call *call);
void cf_command_publish(cf_session_call *call);
void cf_command_presence(cf_session_call *call);
void cf_command_history(cf_session_call *call);
void cf_command_ping(cf_session_call *call);

/*
 * The options of the channel that is to be read: only who is in it may (server-spec.md 2.9). NULL: the command is answered, or
 * the session closed.
 */
const cf_channel_options *cf_command_readable(cf_session_call *call);

/* hub->subscribed: goes on with the subscribe that waited. */
void cf_command_subscribed(cf_session *session, const cf_channel *channel, cf_engine_status status);

#endif

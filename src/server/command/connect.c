#include "server/command/credentials.h"

/* Server-spec.md 2.4. */
void cf_command_connect(cf_session_call *call)
{
    cf_session *session = call->session;
    const cf_config *config = session->services->config;
    cf_identity identity;
    session->services->metrics->client_num_connect++;
    if (cf_session_is(session, CF_SESSION_AUTHENTICATED)) {
        cf_call_fatal(call, CF_TROUBLE_INVALID);
        return;
    }
    if (session->services->shutting_down) {
        cf_call_fatal(call, CF_TROUBLE_SHUTDOWN);
        return;
    }
    if (!cf_credentials_read(call, !config->insecure, &identity))
        return;
    if (cf_users_is_full(&session->services->hub->users, identity.user)) {
        cf_call_fatal(call, CF_TROUBLE_LIMIT_EXCEEDED);
        return;
    }
    if (identity.expires_at <= session->services->unix_time) {
        cf_credentials_reply(call, CF_BYTES(""), true);
        return;
    }
    cf_trouble trouble = cf_session_identify(session, &identity)
                             ? cf_users_enter(&session->services->hub->users, session, identity.user)
                             : CF_TROUBLE_INTERNAL;
    if (trouble != CF_TROUBLE_NONE) {
        cf_call_fatal(call, trouble);
        return;
    }
    session->flags |= CF_SESSION_AUTHENTICATED;
    cf_credentials_reply(call, cf_session_id(session), false);
}

#include "server/command/credentials.h"

static bool user_limit_reached(const cf_session *session, cf_bytes user)
{
    int64_t limit = session->services->config->user_connection_limit;
    if (limit <= 0 || user.size == 0)
        return false;
    const cf_hub_user *known = cf_hub_user_of(session->services->hub, user);
    return known != NULL && known->count >= limit;
}

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
    if (user_limit_reached(session, identity.user)) {
        cf_call_fatal(call, CF_TROUBLE_LIMIT_EXCEEDED);
        return;
    }
    if (identity.expires_at <= session->services->unix_time) {
        cf_credentials_reply(call, CF_BYTES(""), true);
        return;
    }
    if (!cf_session_identify(session, &identity) || !cf_hub_authenticate(session->services->hub, session, identity.user)) {
        cf_call_fatal(call, CF_TROUBLE_INTERNAL);
        return;
    }
    session->flags |= CF_SESSION_AUTHENTICATED;
    cf_credentials_reply(call, cf_session_id(session), false);
}

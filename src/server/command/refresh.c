#include "server/command/credentials.h"

/*
 * Server-spec.md 2.5. Credentials of another user are answered like good ones, as version 1 does, but they change nothing
 * (10.2, fix 12): the connection ends when its own user's credentials do.
 */
void cf_command_refresh(cf_session_call *call)
{
    cf_session *session = call->session;
    cf_services *services = session->services;
    cf_connect_credentials credentials;
    if (!cf_credentials_read(call, true, &credentials))
        return;
    bool expired = cf_credentials_expired(session, credentials.timestamp);
    bool same_user = cf_bytes_equal(credentials.params.user, cf_session_user(session));
    if (!same_user)
        cf_services_notice(services, CF_NOTICE_other_user,
                           "client %.*s: refresh with the credentials of another user changes nothing", CF_UUID_SIZE,
                           session->id);
    if (same_user && !expired && services->config->connection_lifetime > 0) {
        if (!cf_credentials_take_info(session, credentials.params.info)) {
            cf_call_fatal(call, CF_TROUBLE_INTERNAL);
            return;
        }
        session->timestamp = credentials.timestamp;
        cf_session_set_expiry(session);
    }
    cf_credentials_reply(call, cf_session_id(session), expired);
}

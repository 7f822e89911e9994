#include "server/command/credentials.h"

/*
 * Server-spec.md 2.5. Credentials of another user are answered like good ones, as version 1 does, but they change nothing
 * (10.2, fix 12): the connection ends when its own user's credentials do.
 */
void cf_command_refresh(cf_session_call *call)
{
    cf_session *session = call->session;
    cf_services *services = session->services;
    cf_identity identity;
    if (!cf_credentials_read(call, true, &identity))
        return;
    bool expired = identity.expires_at <= services->unix_time;
    bool same_user = cf_bytes_equal(identity.user, cf_session_user(session));
    if (!same_user)
        cf_services_notice(services, CF_NOTICE_other_user,
                           "client %.*s: refresh with the credentials of another user changes nothing", CF_UUID_SIZE,
                           session->id);
    bool counts = same_user && !expired && identity.expires_at != CF_EXPIRES_NEVER;
    if (counts && !cf_session_identify(session, &identity)) {
        cf_call_fatal(call, CF_TROUBLE_INTERNAL);
        return;
    }
    cf_credentials_reply(call, cf_session_id(session), expired);
}

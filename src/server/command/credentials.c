#include "server/command/credentials.h"

#include "json/json.h"
#include "wire/v1/sign.h"

static bool token_matches(cf_session *session, const cf_connect_params *params)
{
    cf_services *services = session->services;
    cf_bytes secret = services->config->secret;
    if (secret.size == 0) {
        cf_services_notice(services, CF_NOTICE_no_secret,
                           "option 'secret' is empty: no credentials are good; set it, or use 'insecure' for development");
        return false;
    }
    cf_sign expected;
    cf_sign_token(secret, params->user, params->timestamp, params->info, expected);
    return cf_sign_matches(expected, params->token);
}

static void refuse_token(cf_session *session)
{
    if (session->services->config->secret.size > 0)
        cf_services_notice(session->services, CF_NOTICE_bad_token,
                           "client %.*s: its token does not match: was it made with this server's secret?", CF_UUID_SIZE,
                           session->id);
    cf_session_close(session, CF_TROUBLE_INVALID_TOKEN);
}

/* Info that is no JSON would spoil every message that carries it: it is treated as absent (server-spec.md 10.2, fix 6). */
cf_bytes cf_credentials_info(cf_session *session, cf_bytes info)
{
    if (info.size == 0 || cf_json_valid(info))
        return info;
    cf_services_notice(session->services, CF_NOTICE_bad_info, "client %.*s: its info is not valid JSON and is left out",
                       CF_UUID_SIZE, session->id);
    return CF_BYTES("");
}

/* False: the session was closed. */
static bool check_proof(cf_session_call *call, const cf_connect_params *params, cf_identity *identity)
{
    cf_session *session = call->session;
    if (!token_matches(session, params)) {
        refuse_token(session);
        return false;
    }
    if (!cf_bytes_to_int64(params->timestamp, &identity->issued_at)) {
        cf_call_fatal(call, CF_TROUBLE_INVALID);
        return false;
    }
    identity->expires_at = cf_identity_end(session->services->config, identity->issued_at);
    return true;
}

bool cf_credentials_read(cf_session_call *call, bool check, cf_identity *identity)
{
    cf_session *session = call->session;
    cf_connect_params params;
    if (!session->ops->dialect->connect_params(call->command.params, &params, &session->bundle->scratch)) {
        cf_call_fatal(call, CF_TROUBLE_INVALID);
        return false;
    }
    *identity = (cf_identity){.user = params.user, .expires_at = CF_EXPIRES_NEVER, .issued_at = session->services->unix_time};
    if (check && !check_proof(call, &params, identity))
        return false;
    identity->info = cf_credentials_info(session, params.info);
    return true;
}

bool cf_credentials_sign_matches(const cf_session *session, const cf_subscribe_params *params)
{
    cf_bytes secret = session->services->config->secret;
    cf_sign expected;
    if (secret.size == 0 || !cf_bytes_equal(params->client, cf_session_id(session)))
        return false;
    cf_sign_channel(secret, params->client, params->channel, params->info, expected);
    return cf_sign_matches(expected, params->sign);
}

void cf_credentials_reply(cf_session_call *call, cf_bytes client, bool expired)
{
    int64_t lifetime = call->session->services->config->connection_lifetime;
    cf_call_reply(call, &(cf_reply){
                            .version = CF_BYTES(CF_SERVER_VERSION),
                            .client = client,
                            .ttl = lifetime > 0 ? lifetime : 0,
                            .expired = expired,
                        });
}

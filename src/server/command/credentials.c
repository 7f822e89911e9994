#include "server/command/credentials.h"

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

bool cf_credentials_read(cf_session_call *call, bool check, cf_connect_credentials *credentials)
{
    cf_session *session = call->session;
    cf_connect_params *params = &credentials->params;
    *credentials = (cf_connect_credentials){.timestamp = session->services->unix_time};
    if (!session->ops->dialect->connect_params(call->params, params, &session->bundle->scratch)) {
        cf_call_fatal(call, CF_TROUBLE_INVALID);
        return false;
    }
    if (!check)
        return true;
    if (!token_matches(session, params)) {
        refuse_token(session);
        return false;
    }
    if (!cf_bytes_to_int64(params->timestamp, &credentials->timestamp)) {
        cf_call_fatal(call, CF_TROUBLE_INVALID);
        return false;
    }
    return true;
}

bool cf_credentials_expired(const cf_session *session, int64_t timestamp)
{
    const cf_services *services = session->services;
    int64_t lifetime = services->config->connection_lifetime;
    return lifetime > 0 && cf_seconds_left(timestamp, lifetime, services->unix_time) <= 0;
}

/* Info that is no JSON would spoil every message that carries it: it is treated as absent (server-spec.md 10.2, fix 6). */
cf_hub_text *cf_info_copy(cf_session *session, cf_bytes info, bool *failed)
{
    if (info.size == 0)
        return NULL;
    if (!cf_json_valid(info)) {
        cf_services_notice(session->services, CF_NOTICE_bad_info, "client %.*s: its info is not valid JSON and is left out",
                           CF_UUID_SIZE, session->id);
        return NULL;
    }
    cf_hub_text *copy = cf_hub_text_new(session->services->allocator, info);
    *failed = *failed || copy == NULL;
    return copy;
}

bool cf_credentials_take_info(cf_session *session, cf_bytes info)
{
    bool failed = false;
    cf_hub_text *copy = cf_info_copy(session, info, &failed);
    if (copy != NULL) {
        cf_free(session->services->allocator, session->info);
        session->info = copy;
    }
    return !failed;
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

/*
 * What connect and refresh have in common: credentials (server-spec.md 2.4, 2.5, 4).
 */
#ifndef CF_SERVER_COMMAND_CREDENTIALS_H
#define CF_SERVER_COMMAND_CREDENTIALS_H

#include "server/command/command.h"

typedef struct cf_connect_credentials {
    cf_connect_params params;
    int64_t timestamp;
} cf_connect_credentials;

/* Reads and checks; false: the session was closed. `check`: token and timestamp count. */
bool cf_credentials_read(cf_session_call *call, bool check, cf_connect_credentials *credentials);
/* Is connection_lifetime over for them? */
bool cf_credentials_expired(const cf_session *session, int64_t timestamp);
/* Replaces default_info where the credentials carry one; false without memory. */
bool cf_credentials_take_info(cf_session *session, cf_bytes info);
/* The reply: version, client, expires, expired, ttl. */
void cf_credentials_reply(cf_session_call *call, cf_bytes client, bool expired);
/* A copy of signed info; NULL when it is absent or not valid JSON, which is logged. `failed` is set without memory. */
cf_hub_text *cf_info_copy(cf_session *session, cf_bytes info, bool *failed);

#endif

/*
 * Version 1's proofs, made with the secret (server-spec.md 4): credentials of who the client is, and signs for private
 * channels.
 */
#ifndef CF_SERVER_COMMAND_CREDENTIALS_H
#define CF_SERVER_COMMAND_CREDENTIALS_H

#include "server/command/command.h"

/* Of connect and refresh; false: the session was closed. `check`: token and timestamp count. */
bool cf_credentials_read(cf_session_call *call, bool check, cf_identity *identity);
/* The reply: version, client, expires, expired, ttl. */
void cf_credentials_reply(cf_session_call *call, cf_bytes client, bool expired);
/* May the client subscribe to the private channel? */
bool cf_credentials_sign_matches(const cf_session *session, const cf_subscribe_params *params);
/* Signed info; empty when it is not valid JSON, which is logged. */
cf_bytes cf_credentials_info(cf_session *session, cf_bytes info);

#endif

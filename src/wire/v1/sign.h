/*
 * Tokens and signs (server-spec.md 4): HMAC-SHA-256 with the secret as key over
 * the parts without separators, as lower-case hexadecimal.
 */
#ifndef CF_WIRE_V1_SIGN_H
#define CF_WIRE_V1_SIGN_H

#include "base/digest.h"

typedef char cf_sign[CF_SHA256_HEX_SIZE]; /* no NUL */

void cf_sign_token(cf_bytes secret, cf_bytes user, cf_bytes timestamp, cf_bytes info, cf_sign out);
void cf_sign_channel(cf_bytes secret, cf_bytes client, cf_bytes channel, cf_bytes info, cf_sign out);
void cf_sign_api(cf_bytes secret, cf_bytes body, cf_sign out);
/* In constant time; `given` must be exactly 64 lower-case characters. */
bool cf_sign_matches(const cf_sign expected, cf_bytes given);

#endif

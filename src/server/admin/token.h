/*
 * Tokens of operators, as a login gives them (server-spec.md 9.2): a time and a word, signed with `admin_secret`.
 */
#ifndef CF_SERVER_ADMIN_TOKEN_H
#define CF_SERVER_ADMIN_TOKEN_H

#include "base/buffer.h"

#define CF_ADMIN_TOKEN_LIFETIME (30 * 86400) /* s */
#define CF_ADMIN_TOKEN_MAX      4096         /* characters of one that is looked at */

/* `now`: Unix s. */
void cf_admin_token_write(cf_buffer *out, cf_bytes secret, int64_t now);
/* Not with an empty secret. */
bool cf_admin_token_is_good(cf_bytes token, cf_bytes secret, int64_t now);

#endif

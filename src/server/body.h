/*
 * Bodies that the replies to clients and those of the HTTP API have in common.
 */
#ifndef CF_SERVER_BODY_H
#define CF_SERVER_BODY_H

#include "wire/v1/v1.h"

/* {"channel":"...","status":true} */
void cf_body_status(cf_buffer *out, cf_bytes channel, bool status);
/* The object of a presence result: {"<client id>":{...},...} */
void cf_body_presence(cf_buffer *out, const cf_client_info *infos, size_t count);
/* The array of a history result, in the order given. */
void cf_body_messages(cf_buffer *out, const cf_publication *publications, size_t count);

#endif

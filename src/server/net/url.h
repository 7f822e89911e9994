/*
 * Targets of requests and paths.
 */
#ifndef CF_SERVER_NET_URL_H
#define CF_SERVER_NET_URL_H

#include "base/buffer.h"

/* A host and perhaps a port, as in Host; empty is one too. */
bool cf_url_is_host(cf_bytes text);
/*
 * Path and query of a request's target: origin form, absolute form, or for OPTIONS `*` (RFC 9112 section 3.2). The query is
 * what stands behind the '?'.
 */
bool cf_url_split_target(cf_bytes target, bool options, cf_bytes *path, cf_bytes *query);
/* Appends a path that is safe in a header and in HTML. */
void cf_url_encode_path(cf_bytes path, cf_buffer *out);
/* Appends the path without `//`, `/./` and `/../`, beginning with '/'; a slash at its end stays. False without memory. */
bool cf_url_clean_path(cf_bytes path, cf_buffer *out);

#endif

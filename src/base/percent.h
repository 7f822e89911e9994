/*
 * Percent encoding (RFC 3986 section 2.1), and the fields of forms and queries that are written with it.
 */
#ifndef CF_BASE_PERCENT_H
#define CF_BASE_PERCENT_H

#include "base/buffer.h"

/*
 * Appends the decoded text; `plus`: '+' is a space, as in forms. False on a bad escape, or without memory (out->failed). An
 * empty `out` may stand on the text itself: nothing gets longer.
 */
bool cf_percent_decode(cf_bytes text, bool plus, cf_buffer *out);

/*
 * Appends the value of a field of `a=1&b=2`: the first one of that name that has no bad escape. False when there is none, or
 * without memory (value->failed); the value is as it was then.
 */
bool cf_percent_field(cf_bytes pairs, cf_bytes name, cf_buffer *value);

#endif

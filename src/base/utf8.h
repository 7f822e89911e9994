/*
 * UTF-8 (RFC 3629): surrogates, overlong forms and code points above U+10FFFF are invalid.
 */
#ifndef CF_BASE_UTF8_H
#define CF_BASE_UTF8_H

#include "base/bytes.h"

bool cf_utf8_valid(cf_bytes text);
/* Size of the one code point that the text begins with; 0 when it is invalid, cut off, or there is no text. */
size_t cf_utf8_sequence(cf_bytes text);
/* Size of the longest valid prefix. */
size_t cf_utf8_valid_prefix(cf_bytes text);
/* 1 to 4 bytes for a code point (not a surrogate, at most 0x10FFFF). */
size_t cf_utf8_encode(uint32_t code_point, char out[4]);

#endif

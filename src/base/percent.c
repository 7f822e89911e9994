#include "base/percent.h"

/* The character at *at, which moves behind it; -1: a bad escape. */
static int next_character(cf_bytes text, size_t *at, bool plus)
{
    char c = text.data[(*at)++];
    if (c == '+' && plus)
        return ' ';
    if (c != '%')
        return (unsigned char)c;
    int high = text.size - *at >= 2 ? cf_hex_digit(text.data[*at]) : -1;
    int low = high >= 0 ? cf_hex_digit(text.data[*at + 1]) : -1;
    if (low < 0)
        return -1;
    *at += 2;
    return high * 16 + low;
}

bool cf_percent_decode(cf_bytes text, bool plus, cf_buffer *out)
{
    if (!cf_buffer_reserve(out, text.size))
        return false;
    for (size_t at = 0; at < text.size;) {
        int c = next_character(text, &at, plus);
        if (c < 0)
            return false;
        cf_buffer_append_byte(out, (char)(unsigned char)c);
    }
    return true;
}

static bool decodes_to(cf_bytes text, cf_bytes wanted)
{
    size_t at = 0;
    size_t compared = 0;
    while (at < text.size && compared < wanted.size) {
        if (next_character(text, &at, true) != (unsigned char)wanted.data[compared++])
            return false;
    }
    return at == text.size && compared == wanted.size;
}

/* The slice up to the first `mark`; *rest is what stands behind it. */
static cf_bytes cut(cf_bytes text, cf_bytes mark, cf_bytes *rest)
{
    ptrdiff_t found = cf_bytes_find(text, mark);
    size_t end = found < 0 ? text.size : (size_t)found;
    *rest = found < 0 ? cf_bytes_make(NULL, 0) : cf_bytes_slice(text, end + mark.size, text.size);
    return cf_bytes_slice(text, 0, end);
}

bool cf_percent_field(cf_bytes pairs, cf_bytes name, cf_buffer *value)
{
    size_t size = value->size;
    while (pairs.size > 0) {
        cf_bytes text;
        cf_bytes pair = cut(pairs, CF_BYTES("&"), &pairs);
        if (!decodes_to(cut(pair, CF_BYTES("="), &text), name))
            continue;
        if (cf_percent_decode(text, true, value))
            return true;
        if (value->failed)
            return false;
        cf_buffer_truncate(value, size);
    }
    return false;
}

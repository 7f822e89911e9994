#include "base/utf8.h"
#include "base/wide.h"

#include <string.h>

static bool continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* The table of RFC 3629 section 4: the second byte's range depends on the first, the rest are continuation bytes. */
size_t cf_utf8_sequence(cf_bytes text)
{
    const unsigned char *s = (const unsigned char *)text.data;
    if (text.size == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    size_t size = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (text.size < size)
        return 0;
    if (size == 2)
        return continuation(s[1]) ? 2 : 0; /* most texts that are not ASCII are nothing but these */
    unsigned char lowest = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char highest = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < lowest || s[1] > highest)
        return 0;
    for (size_t i = 2; i < size; i++)
        if (!continuation(s[i]))
            return 0;
    return size;
}

/* How many ASCII characters begin the text, or nearly as many. */
static size_t skip_ascii(const char *data, size_t size)
{
    size_t at = 0;
#if defined(CF_WIDE)
    for (; size - at >= 16; at += 16)
        if (_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)(data + at))) != 0)
            break;
#endif
#if defined(CF_WORDS)
    for (; size - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, data + at, 8);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
#else
    while (at < size && (unsigned char)data[at] < 0x80)
        at++;
#endif
    return at;
}

size_t cf_utf8_valid_prefix(cf_bytes text)
{
    size_t at = 0;
    while (at < text.size) {
        size_t ascii = skip_ascii(text.data + at, text.size - at);
        at += ascii;
        size_t sequence = cf_utf8_sequence(cf_bytes_slice(text, at, text.size));
        if (sequence == 0)
            break;
        at += sequence;
    }
    return at;
}

bool cf_utf8_valid(cf_bytes text)
{
    return cf_utf8_valid_prefix(text) == text.size;
}

size_t cf_utf8_encode(uint32_t code_point, char out[4])
{
    static const unsigned char leads[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    size_t size = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    out[0] = (char)(leads[size] | code_point);
    return size;
}

#include "json/json.h"

#include "base/utf8.h"
#include "base/wide.h"

#include <string.h>

static bool is_line_separator(const char *at, size_t size)
{
    const unsigned char *s = (const unsigned char *)at;
    return size >= 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9);
}

static unsigned line_separator(const char *at)
{
    return 0x2000u | ((unsigned char)at[2] & 0x3fu);
}

static void write_escape(cf_buffer *out, unsigned code_unit)
{
    static const char digits[] = "0123456789abcdef";
    char text[6] = {'\\', 'u'};
    for (size_t i = sizeof(text) - 1; i >= 2; i--) {
        text[i] = digits[code_unit & 15];
        code_unit >>= 4;
    }
    cf_buffer_append(out, cf_bytes_make(text, sizeof(text)));
}

static void write_escaped(cf_buffer *out, char c)
{
    const char text[2] = {'\\', c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c};
    if (c == '"' || c == '\\' || text[1] != c)
        cf_buffer_append(out, cf_bytes_make(text, sizeof(text)));
    else
        write_escape(out, (unsigned char)c);
}

/* Compared as a signed number, a control character and what is not ASCII are both less than a space. */
static bool is_plain(char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '<':
    case '>':
    case '&':
        return false;
    default:
        return (signed char)c >= ' ';
    }
}

/* What is not plain, `size` bytes of it; 0: a byte that is not UTF-8. */
static void write_special(cf_buffer *out, const char *at, size_t size)
{
    if (size == 0)
        write_escape(out, 0xfffd);
    else if (size == 1)
        write_escaped(out, *at);
    else
        write_escape(out, line_separator(at));
}

#if defined(CF_WIDE)
/* A bit for each that is not plain; a quote and an ampersand differ in one bit, as do the two angle brackets. */
static inline unsigned special_of_sixteen(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i quote = _mm_cmpeq_epi8(_mm_or_si128(bytes, _mm_set1_epi8('"' ^ '&')), _mm_set1_epi8('&'));
    __m128i angle = _mm_cmpeq_epi8(_mm_or_si128(bytes, _mm_set1_epi8('<' ^ '>')), _mm_set1_epi8('>'));
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    __m128i below = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, angle), _mm_or_si128(backslash, below)));
}
#endif

/* Where the plain characters end that begin at `at`. */
static size_t skip_plain(cf_bytes text, size_t at)
{
#if defined(CF_WIDE)
    for (; text.size - at >= 16; at += 16) {
        unsigned special = special_of_sixteen(text.data + at);
        if (special != 0)
            return at + (size_t)__builtin_ctz(special);
    }
#endif
    while (at < text.size && is_plain(text.data[at]))
        at++;
    return at;
}

void cf_json_write_inside(cf_buffer *out, cf_bytes text)
{
    size_t from = 0; /* what is not written yet */
    for (size_t at = skip_plain(text, 0); at < text.size; at = skip_plain(text, at)) {
        const char *here = text.data + at;
        size_t sequence = cf_utf8_sequence(cf_bytes_make(here, text.size - at));
        size_t end = at + (sequence > 0 ? sequence : 1);
        if (sequence < 2 || is_line_separator(here, sequence)) {
            cf_buffer_append(out, cf_bytes_slice(text, from, at));
            write_special(out, here, sequence);
            from = end;
        }
        at = end;
    }
    cf_buffer_append(out, cf_bytes_slice(text, from, text.size));
}

void cf_json_write_string(cf_buffer *out, cf_bytes text)
{
    cf_buffer_append_byte(out, '"');
    cf_json_write_inside(out, text);
    cf_buffer_append_byte(out, '"');
}

static char *put(char *to, cf_bytes bytes)
{
    if (bytes.size > 0)
        memcpy(to, bytes.data, bytes.size);
    return to + bytes.size;
}

/* Nearly all texts are written as they are: the buffer is looked at once. */
void cf_json_write_member(cf_buffer *out, cf_bytes key, cf_bytes text)
{
    if (skip_plain(text, 0) < text.size) {
        cf_buffer_append(out, key);
        cf_json_write_string(out, text);
    } else if (cf_buffer_reserve(out, key.size + text.size + 2)) {
        char *at = put(out->data + out->size, key);
        *at++ = '"';
        at = put(at, text);
        *at++ = '"';
        out->size = (size_t)(at - out->data);
    }
}

/* Bytes of valid JSON at which cf_json_write_compact has to look twice. */
static bool is_plain_json(char c)
{
    return (unsigned char)c > ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && (unsigned char)c != 0xe2;
}

/* How many bytes from `at` are not written as they are, but as an escape of *code_unit; 0: not at all, they are white space. */
static size_t rewritten(cf_bytes value, size_t at, bool inside, unsigned *code_unit)
{
    char c = value.data[at];
    *code_unit = 0;
    if (c == '<' || c == '>' || c == '&') {
        *code_unit = (unsigned char)c;
        return 1;
    }
    if (is_line_separator(value.data + at, value.size - at)) {
        *code_unit = line_separator(value.data + at);
        return 3;
    }
    return !inside && (unsigned char)c <= ' ' ? 1 : 0;
}

void cf_json_write_compact(cf_buffer *out, cf_bytes value)
{
    bool inside = false; /* a string */
    size_t from = 0;     /* what is not written yet */
    size_t at = 0;
    while (at < value.size) {
        char c = value.data[at];
        if (is_plain_json(c)) {
            at++;
            continue;
        }
        unsigned code_unit;
        size_t used = rewritten(value, at, inside, &code_unit);
        if (used == 0) {
            if (c == '"')
                inside = !inside;
            at += c == '\\' ? 2 : 1;
            continue;
        }
        cf_buffer_append(out, cf_bytes_slice(value, from, at));
        if (code_unit != 0)
            write_escape(out, code_unit);
        at += used;
        from = at;
    }
    cf_buffer_append(out, cf_bytes_slice(value, from, value.size));
}

#include "json/json.h"

#include "base/utf8.h"

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
    const char text[6] = {'\\',
                          'u',
                          digits[code_unit >> 12 & 15],
                          digits[code_unit >> 8 & 15],
                          digits[code_unit >> 4 & 15],
                          digits[code_unit & 15]};
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

static bool must_escape(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&';
}

/* How many bytes go out as they are. */
static size_t plain_prefix(cf_bytes text)
{
    size_t at = 0;
    while (at < text.size && !must_escape(text.data[at])) {
        if ((unsigned char)text.data[at] < 0x80) {
            at++;
            continue;
        }
        cf_bytes rest = cf_bytes_slice(text, at, text.size);
        size_t sequence = cf_utf8_sequence(rest);
        if (sequence == 0 || is_line_separator(rest.data, rest.size))
            break;
        at += sequence;
    }
    return at;
}

void cf_json_write_string(cf_buffer *out, cf_bytes text)
{
    cf_buffer_append_byte(out, '"');
    while (text.size > 0) {
        size_t plain = plain_prefix(text);
        cf_buffer_append(out, cf_bytes_slice(text, 0, plain));
        text = cf_bytes_slice(text, plain, text.size);
        if (text.size == 0)
            break;
        size_t used = 1;
        if (is_line_separator(text.data, text.size)) {
            write_escape(out, line_separator(text.data));
            used = 3;
        } else if ((unsigned char)text.data[0] >= 0x80) {
            write_escape(out, 0xfffd);
        } else {
            write_escaped(out, text.data[0]);
        }
        text = cf_bytes_slice(text, used, text.size);
    }
    cf_buffer_append_byte(out, '"');
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

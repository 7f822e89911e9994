/* What raw strings and numbers mean. They were accepted by the reader, so their grammar is not checked again. */
#include "json/json.h"

#include "base/utf8.h"

#include <string.h>

static uint32_t hex4(const char *at)
{
    uint32_t number = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)at[i];
        number = number * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return number;
}

/* The code point of a \u escape at `at`; *used is 12 when two escapes make one surrogate pair, otherwise 6. */
static uint32_t unicode_escape(const char *at, const char *end, size_t *used)
{
    uint32_t first = hex4(at + 2);
    *used = 6;
    if (first < 0xd800 || first > 0xdfff)
        return first;
    if (first < 0xdc00 && end - at >= 12 && at[6] == '\\' && at[7] == 'u') {
        uint32_t second = hex4(at + 8);
        if (second >= 0xdc00 && second <= 0xdfff) {
            *used = 12;
            return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        }
    }
    return 0xfffd;
}

/* Decodes the escape at `at`, a backslash; returns how many bytes it is, *size is how many it means. */
static size_t decode_escape(const char *at, const char *end, char out[4], size_t *size)
{
    static const char letters[] = "bfnrt";
    static const char meanings[] = "\b\f\n\r\t";
    if (at[1] == 'u') {
        size_t used;
        uint32_t code_point = unicode_escape(at, end, &used);
        *size = cf_utf8_encode(code_point, out);
        return used;
    }
    const char *letter = memchr(letters, at[1], sizeof(letters) - 1);
    out[0] = letter == NULL ? at[1] : meanings[letter - letters];
    *size = 1;
    return 2;
}

/* The part of `raw` from `at`, which is inside of it, up to the next backslash. */
static cf_bytes plain_part(cf_bytes raw, size_t at)
{
    cf_bytes rest = cf_bytes_slice(raw, at, raw.size);
    const char *backslash = memchr(rest.data, '\\', rest.size);
    return backslash == NULL ? rest : cf_bytes_make(rest.data, (size_t)(backslash - rest.data));
}

void cf_json_decode_string(cf_bytes raw, cf_buffer *out)
{
    size_t at = 0;
    while (at < raw.size) {
        cf_bytes plain = plain_part(raw, at);
        cf_buffer_append(out, plain);
        at += plain.size;
        if (at == raw.size)
            return;
        char bytes[4];
        size_t size;
        at += decode_escape(raw.data + at, raw.data + raw.size, bytes, &size);
        cf_buffer_append(out, cf_bytes_make(bytes, size));
    }
}

cf_bytes cf_json_text(const cf_json_value *value, cf_buffer *scratch)
{
    size_t from = scratch->size;
    if (value->kind != CF_JSON_STRING)
        return cf_bytes_make(NULL, 0);
    if (!value->escaped)
        return value->raw;
    cf_json_decode_string(value->raw, scratch);
    return cf_bytes_slice(cf_buffer_bytes(scratch), from, scratch->size);
}

static bool equal(cf_bytes a, cf_bytes b, bool fold)
{
    return fold ? cf_bytes_equal_fold(a, b) : cf_bytes_equal(a, b);
}

static bool string_equal(const cf_json_value *string, cf_bytes text, bool fold)
{
    cf_bytes raw = string->raw;
    size_t compared = 0;
    if (string->kind != CF_JSON_STRING)
        return false;
    if (!string->escaped)
        return equal(raw, text, fold);
    for (size_t at = 0; at < raw.size;) {
        char bytes[4];
        size_t size = 1;
        bytes[0] = raw.data[at];
        at += bytes[0] == '\\' ? decode_escape(raw.data + at, raw.data + raw.size, bytes, &size) : 1;
        if (!equal(cf_bytes_slice(text, compared, compared + size), cf_bytes_make(bytes, size), fold))
            return false;
        compared += size;
    }
    return compared == text.size;
}

bool cf_json_string_equal(const cf_json_value *string, cf_bytes text)
{
    return string_equal(string, text, false);
}

bool cf_json_string_equal_fold(const cf_json_value *string, cf_bytes text)
{
    return string_equal(string, text, true);
}

/* ---- numbers -------------------------------------------------------------- */

/* Far more than any text has digits, far less than an int64 holds. */
#define EXPONENT_MAX INT64_C(1000000000000000)

static int64_t read_exponent(cf_bytes text)
{
    int64_t exponent;
    if (cf_bytes_to_int64(text, &exponent) && exponent > -EXPONENT_MAX && exponent < EXPONENT_MAX)
        return exponent;
    return text.data[0] == '-' ? -EXPONENT_MAX : EXPONENT_MAX;
}

/* A sign and a zero in front, and more digits than an int64 has. */
#define DECIMAL_MAX  24
#define DECIMAL_HEAD 2

/*
 * The digits of a number as far as they matter; returns their end in `text`. *zeros of them follow, or, when it is less than 0,
 * the last ones are a fraction.
 */
static size_t read_decimal(cf_bytes raw, char text[DECIMAL_MAX], int64_t *zeros)
{
    size_t size = DECIMAL_HEAD;
    bool fraction = false;
    for (size_t at = raw.data[0] == '-' ? 1 : 0; at < raw.size; at++) {
        char c = raw.data[at];
        if (c == 'e' || c == 'E') {
            *zeros += read_exponent(cf_bytes_slice(raw, at + 1, raw.size));
            break;
        }
        if (c == '.') {
            fraction = true;
        } else if (size < DECIMAL_MAX) {
            text[size] = c;
            size += size > DECIMAL_HEAD || c != '0';
            *zeros -= fraction;
        } else {
            *zeros += !fraction;
        }
    }
    return size;
}

bool cf_json_to_int64(const cf_json_value *number, int64_t *value)
{
    char text[DECIMAL_MAX] = "+0";
    int64_t zeros = 0;
    if (number->kind != CF_JSON_NUMBER)
        return false;
    if (cf_bytes_to_int64(number->raw, value))
        return true;
    if (number->raw.data[0] == '-')
        text[0] = '-';
    size_t size = read_decimal(number->raw, text, &zeros);
    for (; zeros < 0 && size > DECIMAL_HEAD; zeros++)
        size--;
    for (; zeros > 0 && size > DECIMAL_HEAD && size < DECIMAL_MAX; zeros--)
        text[size++] = '0';
    return cf_bytes_to_int64(cf_bytes_make(text, size), value);
}

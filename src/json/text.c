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

typedef bool compare_function(cf_bytes a, cf_bytes b);

/* Does `text` go on with `part` at `*at`? Then moves behind it. */
static bool goes_on(cf_bytes text, size_t *at, cf_bytes part, compare_function *equal)
{
    if (!equal(cf_bytes_slice(text, *at, *at + part.size), part))
        return false;
    *at += part.size;
    return true;
}

static bool string_equal(const cf_json_value *string, cf_bytes text, compare_function *equal)
{
    cf_bytes raw = string->raw;
    if (string->kind != CF_JSON_STRING)
        return false;
    if (!string->escaped)
        return equal(raw, text);
    size_t compared = 0;
    for (size_t at = 0; at < raw.size;) {
        cf_bytes plain = plain_part(raw, at);
        if (!goes_on(text, &compared, plain, equal))
            return false;
        at += plain.size;
        if (at == raw.size)
            break;
        char bytes[4];
        size_t size;
        at += decode_escape(raw.data + at, raw.data + raw.size, bytes, &size);
        if (!goes_on(text, &compared, cf_bytes_make(bytes, size), equal))
            return false;
    }
    return compared == text.size;
}

bool cf_json_string_equal(const cf_json_value *string, cf_bytes text)
{
    return string_equal(string, text, cf_bytes_equal);
}

bool cf_json_string_equal_fold(const cf_json_value *string, cf_bytes text)
{
    return string_equal(string, text, cf_bytes_equal_fold);
}

/* ---- numbers -------------------------------------------------------------- */

/* A number with a fraction or an exponent: the first `whole` of its digits are its whole part, zeros follow when it has fewer. */
typedef struct decimal {
    cf_bytes digits; /* with the point in between */
    int64_t whole;
    bool negative;
} decimal;

/* Far more than any text has digits, far less than an int64 holds. */
#define EXPONENT_MAX INT64_C(1000000000000000)

static int64_t read_exponent(cf_bytes text)
{
    size_t at = text.size > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    int64_t exponent = 0;
    for (; at < text.size && exponent < EXPONENT_MAX; at++)
        exponent = exponent * 10 + (text.data[at] - '0');
    return text.size > 0 && text.data[0] == '-' ? -exponent : exponent;
}

static decimal read_decimal(cf_bytes raw)
{
    decimal number = {.negative = raw.data[0] == '-'};
    size_t from = number.negative ? 1 : 0;
    size_t end = from, point = SIZE_MAX;
    for (; end < raw.size && raw.data[end] != 'e' && raw.data[end] != 'E'; end++)
        if (raw.data[end] == '.')
            point = end;
    number.digits = cf_bytes_slice(raw, from, end);
    number.whole = (int64_t)((point < end ? point : end) - from) + read_exponent(cf_bytes_slice(raw, end + 1, raw.size));
    return number;
}

/* Appends a digit, unless the result would pass `limit`. */
static bool add_digit(uint64_t *value, unsigned digit, uint64_t limit)
{
    if (*value > (limit - digit) / 10)
        return false;
    *value = *value * 10 + digit;
    return true;
}

bool cf_json_to_int64(const cf_json_value *number, int64_t *value)
{
    if (number->kind != CF_JSON_NUMBER)
        return false;
    if (cf_bytes_to_int64(number->raw, value))
        return true;
    decimal parts = read_decimal(number->raw);
    uint64_t limit = (uint64_t)INT64_MAX + (parts.negative ? 1 : 0);
    uint64_t result = 0;
    int64_t taken = 0;
    for (size_t i = 0; i < parts.digits.size && taken < parts.whole; i++) {
        char c = parts.digits.data[i];
        if (c == '.')
            continue;
        if (!add_digit(&result, (unsigned)(c - '0'), limit))
            return false;
        taken++;
    }
    for (; result > 0 && taken < parts.whole; taken++)
        if (!add_digit(&result, 0, limit))
            return false;
    *value = parts.negative && result > 0 ? -(int64_t)(result - 1) - 1 : (int64_t)result;
    return true;
}

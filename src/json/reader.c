#include "json/json.h"

#include "base/assert.h"
#include "base/utf8.h"

#include <string.h>

static bool fail(cf_json_reader *reader, cf_json_error error, const char *at)
{
    reader->error = error;
    reader->offset = (size_t)(at - reader->start);
    return false;
}

/* Tells the end of the input too, as a byte that fits nowhere. */
static char next_byte(const cf_json_reader *reader)
{
    return reader->at < reader->end ? *reader->at : '\0';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_space(cf_json_reader *reader)
{
    while (reader->at < reader->end && is_space(*reader->at))
        reader->at++;
}

/* ---- strings -------------------------------------------------------------- */

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The highest bit of every byte that is a quote, a backslash, a control character or not ASCII. */
static uint64_t special_bytes(uint64_t word)
{
    uint64_t low = word & EACH_BYTE(0x7f);
    uint64_t no_quote = (low ^ EACH_BYTE('"')) + EACH_BYTE(0x7f);
    uint64_t no_backslash = (low ^ EACH_BYTE('\\')) + EACH_BYTE(0x7f);
    uint64_t no_control = low + EACH_BYTE(0x80 - 0x20);
    return ~(no_quote & no_backslash & no_control & ~word) & EACH_BYTE(0x80);
}

static bool is_special(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\';
}

/* Offset of the first special byte of the eight at `at`, which has one. */
static size_t first_special(const char *at, uint64_t special)
{
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    (void)at;
    return (size_t)__builtin_ctzll(special) / 8;
#else
    (void)special;
    size_t i = 0;
    while (!is_special(at[i]))
        i++;
    return i;
#endif
}

static const char *skip_plain(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        uint64_t special = special_bytes(word);
        if (special != 0)
            return at + first_special(at, special);
    }
    while (at < end && !is_special(*at))
        at++;
    return at;
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool scan_escape(cf_json_reader *reader)
{
    const char *at = reader->at + 1;
    if (at == reader->end || memchr("\"\\/bfnrtu", *at, 9) == NULL)
        return fail(reader, CF_JSON_ERROR_SYNTAX, reader->at);
    if (*at++ == 'u') {
        for (int i = 0; i < 4; i++, at++)
            if (at == reader->end || !is_hex(*at))
                return fail(reader, CF_JSON_ERROR_SYNTAX, reader->at);
    }
    reader->at = at;
    return true;
}

static bool scan_utf8(cf_json_reader *reader)
{
    while (reader->at < reader->end && (unsigned char)*reader->at >= 0x80) {
        size_t size = cf_utf8_sequence(cf_bytes_make(reader->at, (size_t)(reader->end - reader->at)));
        if (size == 0)
            return fail(reader, CF_JSON_ERROR_UTF8, reader->at);
        reader->at += size;
    }
    return true;
}

/* From the opening quote. */
static bool scan_string(cf_json_reader *reader, cf_json_value *value)
{
    const char *from = ++reader->at;
    bool escaped = false;
    for (;;) {
        reader->at = skip_plain(reader->at, reader->end);
        char c = next_byte(reader);
        if (c == '"')
            break;
        if (c == '\\') {
            escaped = true;
            if (!scan_escape(reader))
                return false;
        } else if ((unsigned char)c >= 0x80) {
            if (!scan_utf8(reader))
                return false;
        } else {
            return fail(reader, CF_JSON_ERROR_SYNTAX, reader->at);
        }
    }
    *value = (cf_json_value){CF_JSON_STRING, escaped, {from, (size_t)(reader->at - from)}};
    reader->at++;
    return true;
}

/* ---- numbers and words ------------------------------------------------------ */

static bool scan_digits(cf_json_reader *reader)
{
    if (!is_digit(next_byte(reader)))
        return fail(reader, CF_JSON_ERROR_SYNTAX, reader->at);
    while (is_digit(next_byte(reader)))
        reader->at++;
    return true;
}

static bool scan_number(cf_json_reader *reader)
{
    if (next_byte(reader) == '-')
        reader->at++;
    if (next_byte(reader) == '0')
        reader->at++;
    else if (!scan_digits(reader))
        return false;
    if (next_byte(reader) == '.') {
        reader->at++;
        if (!scan_digits(reader))
            return false;
    }
    if (next_byte(reader) != 'e' && next_byte(reader) != 'E')
        return true;
    reader->at++;
    if (next_byte(reader) == '+' || next_byte(reader) == '-')
        reader->at++;
    return scan_digits(reader);
}

static bool scan_word(cf_json_reader *reader, cf_bytes word)
{
    if (!cf_bytes_starts_with(cf_bytes_make(reader->at, (size_t)(reader->end - reader->at)), word))
        return fail(reader, CF_JSON_ERROR_SYNTAX, reader->at);
    reader->at += word.size;
    return true;
}

static const unsigned char kind_of_first_byte[256] = {
    ['n'] = CF_JSON_NULL,   ['f'] = CF_JSON_FALSE,  ['t'] = CF_JSON_TRUE,   ['-'] = CF_JSON_NUMBER, ['0'] = CF_JSON_NUMBER,
    ['1'] = CF_JSON_NUMBER, ['2'] = CF_JSON_NUMBER, ['3'] = CF_JSON_NUMBER, ['4'] = CF_JSON_NUMBER, ['5'] = CF_JSON_NUMBER,
    ['6'] = CF_JSON_NUMBER, ['7'] = CF_JSON_NUMBER, ['8'] = CF_JSON_NUMBER, ['9'] = CF_JSON_NUMBER, ['"'] = CF_JSON_STRING,
    ['['] = CF_JSON_ARRAY,  ['{'] = CF_JSON_OBJECT,
};

static cf_json_kind next_kind(const cf_json_reader *reader)
{
    return (cf_json_kind)kind_of_first_byte[(unsigned char)next_byte(reader)];
}

/* Anything but an array or an object. */
static bool scan_scalar(cf_json_reader *reader, cf_json_kind kind)
{
    cf_json_value ignored;
    switch (kind) {
    case CF_JSON_STRING:
        return scan_string(reader, &ignored);
    case CF_JSON_NUMBER:
        return scan_number(reader);
    case CF_JSON_NULL:
        return scan_word(reader, CF_BYTES("null"));
    case CF_JSON_FALSE:
        return scan_word(reader, CF_BYTES("false"));
    case CF_JSON_TRUE:
        return scan_word(reader, CF_BYTES("true"));
    default:
        return fail(reader, CF_JSON_ERROR_SYNTAX, reader->at);
    }
}

/* ---- whole arrays and objects, without recursion ------------------------------ */

/* What is open: a bit for each level, set for an object. */
typedef struct nesting {
    uint32_t objects[CF_JSON_DEPTH_MAX / 32];
    unsigned depth;
} nesting;

static bool in_object(const nesting *open)
{
    unsigned level = open->depth - 1;
    return open->objects[level / 32] >> level % 32 & 1;
}

static bool push(cf_json_reader *reader, nesting *open, bool object)
{
    unsigned level = open->depth;
    if (reader->depth + level >= CF_JSON_DEPTH_MAX)
        return fail(reader, CF_JSON_ERROR_DEPTH, reader->at);
    uint32_t bit = (uint32_t)1 << level % 32;
    if (object)
        open->objects[level / 32] |= bit;
    else
        open->objects[level / 32] &= ~bit;
    open->depth++;
    reader->at++;
    return true;
}

/* A key, the colon, and the white space up to the value. */
static bool scan_key(cf_json_reader *reader, cf_json_value *key)
{
    if (next_byte(reader) != '"')
        return fail(reader, CF_JSON_ERROR_SYNTAX, reader->at);
    if (!scan_string(reader, key))
        return false;
    skip_space(reader);
    if (next_byte(reader) != ':')
        return fail(reader, CF_JSON_ERROR_SYNTAX, reader->at);
    reader->at++;
    skip_space(reader);
    return true;
}

/* Steps into an array or object up to its first value, or to its end when it is empty. */
static bool step_in(cf_json_reader *reader, nesting *open, bool object, bool *empty)
{
    cf_json_value key;
    if (!push(reader, open, object))
        return false;
    skip_space(reader);
    *empty = next_byte(reader) == (object ? '}' : ']');
    return *empty || !object || scan_key(reader, &key);
}

/* Behind a value: closes what ends here and goes on to the next value. False at the outermost end, or on an error. */
static bool step_on(cf_json_reader *reader, nesting *open)
{
    cf_json_value key;
    for (;;) {
        bool object = in_object(open);
        skip_space(reader);
        char c = next_byte(reader);
        if (c == (object ? '}' : ']')) {
            reader->at++;
            if (--open->depth == 0)
                return false;
            continue;
        }
        if (c != ',')
            return fail(reader, CF_JSON_ERROR_SYNTAX, reader->at);
        reader->at++;
        skip_space(reader);
        return !object || scan_key(reader, &key);
    }
}

static bool scan_container(cf_json_reader *reader)
{
    nesting open;
    open.depth = 0;
    for (;;) {
        cf_json_kind kind = next_kind(reader);
        if (kind == CF_JSON_OBJECT || kind == CF_JSON_ARRAY) {
            bool empty;
            if (!step_in(reader, &open, kind == CF_JSON_OBJECT, &empty))
                return false;
            if (!empty)
                continue;
        } else if (!scan_scalar(reader, kind)) {
            return false;
        }
        if (!step_on(reader, &open))
            return reader->error == CF_JSON_OK;
    }
}

/* ---- what callers use ------------------------------------------------------------ */

void cf_json_reader_init(cf_json_reader *reader, cf_bytes text)
{
    const char *start = text.size > 0 ? text.data : "";
    *reader = (cf_json_reader){.start = start, .at = start, .end = start + text.size};
}

cf_json_kind cf_json_peek(cf_json_reader *reader)
{
    if (reader->error != CF_JSON_OK)
        return CF_JSON_NONE;
    skip_space(reader);
    return next_kind(reader);
}

bool cf_json_read(cf_json_reader *reader, cf_json_value *value)
{
    *value = (cf_json_value){.kind = CF_JSON_NONE};
    cf_json_kind kind = cf_json_peek(reader);
    if (reader->error != CF_JSON_OK)
        return false;
    if (kind == CF_JSON_STRING)
        return scan_string(reader, value);
    const char *from = reader->at;
    bool container = kind == CF_JSON_OBJECT || kind == CF_JSON_ARRAY;
    if (container ? !scan_container(reader) : !scan_scalar(reader, kind))
        return false;
    *value = (cf_json_value){.kind = kind, .raw = {from, (size_t)(reader->at - from)}};
    return true;
}

static bool enter(cf_json_reader *reader, cf_json_kind kind)
{
    if (cf_json_peek(reader) != kind) {
        const char *from = reader->at;
        cf_json_value other;
        return cf_json_read(reader, &other) && fail(reader, CF_JSON_ERROR_KIND, from);
    }
    if (reader->depth >= CF_JSON_DEPTH_MAX)
        return fail(reader, CF_JSON_ERROR_DEPTH, reader->at);
    reader->at++;
    reader->depth++;
    reader->fresh = true;
    return true;
}

bool cf_json_enter_object(cf_json_reader *reader)
{
    return enter(reader, CF_JSON_OBJECT);
}

bool cf_json_enter_array(cf_json_reader *reader)
{
    return enter(reader, CF_JSON_ARRAY);
}

/* Up to the next key or element; false when `close` ends what was entered. */
static bool next_item(cf_json_reader *reader, char close)
{
    if (reader->error != CF_JSON_OK)
        return false;
    CF_ASSERT(reader->depth > 0);
    bool first = reader->fresh;
    reader->fresh = false;
    skip_space(reader);
    char c = next_byte(reader);
    if (c == close) {
        reader->at++;
        reader->depth--;
        return false;
    }
    if (first)
        return true;
    if (c != ',')
        return fail(reader, CF_JSON_ERROR_SYNTAX, reader->at);
    reader->at++;
    skip_space(reader);
    return true;
}

bool cf_json_next_member(cf_json_reader *reader, cf_json_value *key)
{
    return next_item(reader, '}') && scan_key(reader, key);
}

bool cf_json_next_element(cf_json_reader *reader)
{
    if (!next_item(reader, ']'))
        return false;
    return next_kind(reader) != CF_JSON_NONE || fail(reader, CF_JSON_ERROR_SYNTAX, reader->at);
}

bool cf_json_finish(cf_json_reader *reader)
{
    if (reader->error != CF_JSON_OK)
        return false;
    skip_space(reader);
    if (reader->at == reader->end && reader->depth == 0)
        return true;
    return fail(reader, CF_JSON_ERROR_TRAILING, reader->at);
}

void cf_json_position(const cf_json_reader *reader, size_t *line, size_t *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < reader->offset; i++) {
        (*column)++;
        if (reader->start[i] == '\n') {
            (*line)++;
            *column = 1;
        }
    }
}

const char *cf_json_error_text(cf_json_error error)
{
    static const char *const texts[] = {
        [CF_JSON_OK] = "no error",
        [CF_JSON_ERROR_SYNTAX] = "not valid JSON",
        [CF_JSON_ERROR_UTF8] = "not valid UTF-8",
        [CF_JSON_ERROR_DEPTH] = "nested too deeply",
        [CF_JSON_ERROR_KIND] = "a value of another kind was expected",
        [CF_JSON_ERROR_TRAILING] = "more text than one JSON value",
        [CF_JSON_ERROR_MEMORY] = "out of memory",
    };
    return texts[error];
}

bool cf_json_valid(cf_bytes text)
{
    cf_json_reader reader;
    cf_json_value value;
    cf_json_reader_init(&reader, text);
    return cf_json_read(&reader, &value) && cf_json_finish(&reader);
}

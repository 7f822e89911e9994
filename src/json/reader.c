#include "json/json.h"

#include "base/assert.h"
#include "base/utf8.h"
#include "base/wide.h"

#include <string.h>

#if defined(__GNUC__)
#define SELDOM __attribute__((noinline, cold))
#else
#define SELDOM
#endif

/*
 * The functions that scan take the place where something begins and return the place behind it, NULL when they failed: kept out
 * of the reader, it stays in a register.
 */

SELDOM static const char *fail_reading(cf_json_reader *reader, cf_json_error error, const char *at)
{
    reader->error = error;
    reader->offset = (size_t)(at - reader->start);
    return NULL;
}

static const char *syntax_error(cf_json_reader *reader, const char *at)
{
    return fail_reading(reader, CF_JSON_ERROR_SYNTAX, at);
}

/* The end of the input looks like a byte that fits nowhere. */
static inline char byte_at(const cf_json_reader *reader, const char *at)
{
    return at < reader->end ? *at : '\0';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline const char *skip_space(const cf_json_reader *reader, const char *at)
{
    while (at < reader->end && (unsigned char)*at <= ' ' && is_space(*at))
        at++;
    return at;
}

/* ---- strings -------------------------------------------------------------- */

static bool is_special(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\';
}

#if defined(CF_WORDS)
#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/*
 * Not 0 when a byte is a quote, a backslash, a control character or not ASCII: it has its highest bit set, and no byte of less
 * significance has. What a subtraction borrows may set the bits of more significant ones. The quote changes places with the
 * space, so that it is found together with the control characters.
 */
static inline uint64_t special_bytes(uint64_t word)
{
    uint64_t quote_or_control = (word ^ EACH_BYTE('"' ^ ' ')) - EACH_BYTE(' ' + 1);
    uint64_t backslash = (word ^ EACH_BYTE('\\')) - EACH_BYTE(1);
    return (quote_or_control | backslash | word) & EACH_BYTE(0x80);
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
#endif

#if defined(CF_WIDE)
/* Compared as signed numbers, control characters and what is not ASCII are both less than a space. */
static inline unsigned special_of_sixteen(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    __m128i below = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), below));
}
#endif

static inline const char *skip_plain(const char *at, const char *end)
{
#if defined(CF_WIDE)
    for (; end - at >= 16; at += 16) {
        unsigned special = special_of_sixteen(at);
        if (special != 0)
            return at + __builtin_ctz(special);
    }
#endif
#if defined(CF_WORDS)
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        uint64_t special = special_bytes(word);
        if (special != 0)
            return at + first_special(at, special);
    }
#endif
    while (at < end && !is_special(*at))
        at++;
    return at;
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* From the backslash. */
static const char *scan_escape(cf_json_reader *reader, const char *backslash)
{
    const char *at = backslash + 1;
    if (at == reader->end || memchr("\"\\/bfnrtu", *at, 9) == NULL)
        return syntax_error(reader, backslash);
    if (*at++ != 'u')
        return at;
    for (int i = 0; i < 4; i++, at++)
        if (at == reader->end || !is_hex(*at))
            return syntax_error(reader, backslash);
    return at;
}

static const char *scan_utf8(cf_json_reader *reader, const char *at)
{
    while (at < reader->end && (unsigned char)*at >= 0x80) {
        size_t size = cf_utf8_sequence(cf_bytes_make(at, (size_t)(reader->end - at)));
        if (size == 0)
            return fail_reading(reader, CF_JSON_ERROR_UTF8, at);
        at += size;
    }
    return at;
}

/*
 * The rest of a string that has more than plain bytes, from the first other one. Apart from the others, which need few
 * registers.
 */
SELDOM static const char *scan_rest(cf_json_reader *reader, const char *at, bool *escaped)
{
    for (;;) {
        char c = byte_at(reader, at);
        if (c == '"')
            return at;
        if (c == '\\') {
            *escaped = true;
            at = scan_escape(reader, at);
        } else if ((unsigned char)c >= 0x80) {
            at = scan_utf8(reader, at);
        } else {
            return syntax_error(reader, at);
        }
        if (at == NULL)
            return NULL;
        at = skip_plain(at, reader->end);
    }
}

/* From the opening quote; returns the closing one. */
static inline const char *scan_string(cf_json_reader *reader, const char *at, bool *escaped)
{
    *escaped = false;
    at = skip_plain(at + 1, reader->end);
    return byte_at(reader, at) == '"' ? at : scan_rest(reader, at, escaped);
}

/* ---- numbers and words ------------------------------------------------------ */

static const char *scan_digits(cf_json_reader *reader, const char *at)
{
    if (!is_digit(byte_at(reader, at)))
        return syntax_error(reader, at);
    while (is_digit(byte_at(reader, at)))
        at++;
    return at;
}

static const char *scan_exponent(cf_json_reader *reader, const char *at)
{
    if (byte_at(reader, at) == '+' || byte_at(reader, at) == '-')
        at++;
    return scan_digits(reader, at);
}

static const char *scan_number(cf_json_reader *reader, const char *at)
{
    if (*at == '-')
        at++;
    at = byte_at(reader, at) == '0' ? at + 1 : scan_digits(reader, at);
    if (at != NULL && byte_at(reader, at) == '.')
        at = scan_digits(reader, at + 1);
    if (at != NULL && (byte_at(reader, at) == 'e' || byte_at(reader, at) == 'E'))
        at = scan_exponent(reader, at + 1);
    return at;
}

static const char *scan_word(cf_json_reader *reader, const char *at, cf_bytes word)
{
    if (!cf_bytes_starts_with(cf_bytes_make(at, (size_t)(reader->end - at)), word))
        return syntax_error(reader, at);
    return at + word.size;
}

static const unsigned char kind_of_first_byte[256] = {
    ['n'] = CF_JSON_NULL,   ['f'] = CF_JSON_FALSE,  ['t'] = CF_JSON_TRUE,   ['-'] = CF_JSON_NUMBER, ['0'] = CF_JSON_NUMBER,
    ['1'] = CF_JSON_NUMBER, ['2'] = CF_JSON_NUMBER, ['3'] = CF_JSON_NUMBER, ['4'] = CF_JSON_NUMBER, ['5'] = CF_JSON_NUMBER,
    ['6'] = CF_JSON_NUMBER, ['7'] = CF_JSON_NUMBER, ['8'] = CF_JSON_NUMBER, ['9'] = CF_JSON_NUMBER, ['"'] = CF_JSON_STRING,
    ['['] = CF_JSON_ARRAY,  ['{'] = CF_JSON_OBJECT,
};

static inline cf_json_kind kind_at(const cf_json_reader *reader, const char *at)
{
    return (cf_json_kind)kind_of_first_byte[(unsigned char)byte_at(reader, at)];
}

/* Anything but an array or an object. */
static inline const char *scan_scalar(cf_json_reader *reader, const char *at, cf_json_kind kind, bool *escaped)
{
    switch (kind) {
    case CF_JSON_STRING:
        at = scan_string(reader, at, escaped);
        return at == NULL ? NULL : at + 1;
    case CF_JSON_NUMBER:
        return scan_number(reader, at);
    case CF_JSON_NULL:
        return scan_word(reader, at, CF_BYTES("null"));
    case CF_JSON_FALSE:
        return scan_word(reader, at, CF_BYTES("false"));
    case CF_JSON_TRUE:
        return scan_word(reader, at, CF_BYTES("true"));
    default:
        return syntax_error(reader, at);
    }
}

/* ---- whole arrays and objects, without recursion ------------------------------ */

/* What is open: a bit for each level, set for an object. */
typedef struct nesting {
    uint32_t objects[CF_JSON_DEPTH_MAX / 32];
    unsigned depth;
} nesting;

static inline bool in_object(const nesting *open)
{
    unsigned level = open->depth - 1;
    return open->objects[level / 32] >> level % 32 & 1;
}

/* False when that is too deep. */
static inline bool push(const cf_json_reader *reader, nesting *open, bool object)
{
    unsigned level = open->depth;
    if (reader->depth + level >= CF_JSON_DEPTH_MAX)
        return false;
    uint32_t bit = (uint32_t)1 << level % 32;
    if (object)
        open->objects[level / 32] |= bit;
    else
        open->objects[level / 32] &= ~bit;
    open->depth++;
    return true;
}

/* The colon behind a key, with the white space around it. */
static inline const char *scan_colon(cf_json_reader *reader, const char *at)
{
    at = skip_space(reader, at);
    if (byte_at(reader, at) != ':')
        return syntax_error(reader, at);
    return skip_space(reader, at + 1);
}

static inline const char *scan_key(cf_json_reader *reader, const char *at)
{
    bool escaped;
    if (byte_at(reader, at) != '"')
        return syntax_error(reader, at);
    at = scan_string(reader, at, &escaped);
    return at == NULL ? NULL : scan_colon(reader, at + 1);
}

/* Steps into an array or object up to its first value, or to its end when it is empty. */
static inline const char *step_in(cf_json_reader *reader, const char *at, nesting *open, bool object, bool *empty)
{
    if (!push(reader, open, object))
        return fail_reading(reader, CF_JSON_ERROR_DEPTH, at);
    at = skip_space(reader, at + 1);
    *empty = byte_at(reader, at) == (object ? '}' : ']');
    return *empty || !object ? at : scan_key(reader, at);
}

/* Behind a value: closes what ends here and goes on to the next value, or behind the outermost end; open->depth is 0 there. */
static inline const char *step_on(cf_json_reader *reader, const char *at, nesting *open)
{
    for (;;) {
        bool object = in_object(open);
        at = skip_space(reader, at);
        char c = byte_at(reader, at);
        if (c == ',') {
            at = skip_space(reader, at + 1);
            return object ? scan_key(reader, at) : at;
        }
        if (c != (object ? '}' : ']'))
            return syntax_error(reader, at);
        at++;
        if (--open->depth == 0)
            return at;
    }
}

static const char *scan_container(cf_json_reader *reader, const char *at)
{
    nesting open;
    bool empty = false, escaped;
    open.depth = 0;
    do {
        cf_json_kind kind = kind_at(reader, at);
        if (kind == CF_JSON_OBJECT || kind == CF_JSON_ARRAY) {
            at = step_in(reader, at, &open, kind == CF_JSON_OBJECT, &empty);
            if (at != NULL && !empty)
                continue;
        } else {
            at = scan_scalar(reader, at, kind, &escaped);
        }
        if (at != NULL)
            at = step_on(reader, at, &open);
    } while (at != NULL && open.depth > 0);
    return at;
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
    reader->at = skip_space(reader, reader->at);
    return kind_at(reader, reader->at);
}

bool cf_json_read(cf_json_reader *reader, cf_json_value *value)
{
    *value = (cf_json_value){.kind = CF_JSON_NONE};
    cf_json_kind kind = cf_json_peek(reader);
    if (reader->error != CF_JSON_OK)
        return false;
    bool escaped = false;
    const char *from = reader->at;
    bool container = kind == CF_JSON_OBJECT || kind == CF_JSON_ARRAY;
    const char *at = container ? scan_container(reader, from) : scan_scalar(reader, from, kind, &escaped);
    if (at == NULL)
        return false;
    reader->at = at;
    size_t quote = kind == CF_JSON_STRING ? 1 : 0;
    *value = (cf_json_value){kind, escaped, {from + quote, (size_t)(at - from) - 2 * quote}};
    return true;
}

static bool enter(cf_json_reader *reader, cf_json_kind kind)
{
    if (cf_json_peek(reader) != kind) {
        const char *from = reader->at;
        cf_json_value other;
        if (cf_json_read(reader, &other))
            fail_reading(reader, CF_JSON_ERROR_KIND, from);
        return false;
    }
    if (reader->depth >= CF_JSON_DEPTH_MAX) {
        fail_reading(reader, CF_JSON_ERROR_DEPTH, reader->at);
        return false;
    }
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
    const char *at = skip_space(reader, reader->at);
    char c = byte_at(reader, at);
    reader->at = at;
    if (c == close) {
        reader->at++;
        reader->depth--;
        return false;
    }
    if (first)
        return true;
    if (c != ',')
        return syntax_error(reader, at) != NULL;
    reader->at = skip_space(reader, at + 1);
    return true;
}

bool cf_json_next_member(cf_json_reader *reader, cf_json_value *key)
{
    if (!next_item(reader, '}'))
        return false;
    const char *from = reader->at;
    if (byte_at(reader, from) != '"')
        return syntax_error(reader, from) != NULL;
    *key = (cf_json_value){.kind = CF_JSON_STRING};
    const char *end = scan_string(reader, from, &key->escaped);
    const char *value = end == NULL ? NULL : scan_colon(reader, end + 1);
    if (value == NULL)
        return false;
    key->raw = cf_bytes_make(from + 1, (size_t)(end - from) - 1);
    reader->at = value;
    return true;
}

bool cf_json_next_element(cf_json_reader *reader)
{
    if (!next_item(reader, ']'))
        return false;
    if (kind_at(reader, reader->at) != CF_JSON_NONE)
        return true;
    return syntax_error(reader, reader->at) != NULL;
}

bool cf_json_finish(cf_json_reader *reader)
{
    if (reader->error != CF_JSON_OK)
        return false;
    reader->at = skip_space(reader, reader->at);
    if (reader->at == reader->end && reader->depth == 0)
        return true;
    return fail_reading(reader, CF_JSON_ERROR_TRAILING, reader->at) != NULL;
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

bool cf_json_find(cf_bytes object, cf_bytes name, cf_json_value *value)
{
    cf_json_reader reader;
    cf_json_value key, member;
    *value = (cf_json_value){.kind = CF_JSON_NONE};
    cf_json_reader_init(&reader, object);
    if (!cf_json_enter_object(&reader))
        return false;
    while (cf_json_next_member(&reader, &key)) {
        if (cf_json_read(&reader, &member) && cf_json_string_equal(&key, name))
            *value = member;
    }
    return cf_json_finish(&reader);
}

cf_bytes cf_json_raw(const cf_json_value *value)
{
    size_t quote = value->kind == CF_JSON_STRING ? 1 : 0;
    return cf_bytes_make(value->raw.data - quote, value->raw.size + 2 * quote);
}

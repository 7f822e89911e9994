/*
 * The reader against a second, naive implementation of RFC 8259 in this file;
 * slices inside the input; walking member by member against reading at once;
 * decoding and writing back; compact output.
 */
#include "base/test/allocator.h"
#include "json/json.h"

#include <string.h>

#define CHECK(condition) ((condition) ? (void)0 : abort())

/* ---- the naive implementation -------------------------------------------------- */

typedef struct naive {
    const unsigned char *at;
    const unsigned char *end;
} naive;

static int peek(const naive *in)
{
    return in->at < in->end ? *in->at : -1;
}

static bool take(naive *in, int byte)
{
    if (peek(in) != byte)
        return false;
    in->at++;
    return true;
}

static void spaces(naive *in)
{
    while (take(in, ' ') || take(in, '\t') || take(in, '\n') || take(in, '\r'))
        continue;
}

static bool text(naive *in, const char *word)
{
    for (; *word != '\0'; word++)
        if (!take(in, *word))
            return false;
    return true;
}

static bool in_range(int byte, int from, int to)
{
    return byte >= from && byte <= to;
}

/* One code point by its value, where the reader goes by the ranges of bytes. */
static bool utf8(naive *in)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    int lead = peek(in);
    int size = in_range(lead, 0xc0, 0xdf) ? 2 : in_range(lead, 0xe0, 0xef) ? 3 : in_range(lead, 0xf0, 0xf7) ? 4 : 0;
    if (size == 0)
        return false;
    uint32_t code = (uint32_t)lead & (0x7fu >> size);
    in->at++;
    for (int i = 1; i < size; i++) {
        if (!in_range(peek(in), 0x80, 0xbf))
            return false;
        code = code << 6 | (*in->at++ & 0x3fu);
    }
    return code >= smallest[size] && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
}

static bool hex(naive *in)
{
    int c = peek(in);
    if (!in_range(c, '0', '9') && !in_range(c, 'a', 'f') && !in_range(c, 'A', 'F'))
        return false;
    in->at++;
    return true;
}

static bool escape(naive *in)
{
    if (take(in, 'u'))
        return hex(in) && hex(in) && hex(in) && hex(in);
    return take(in, '"') || take(in, '\\') || take(in, '/') || take(in, 'b') || take(in, 'f') || take(in, 'n') ||
           take(in, 'r') || take(in, 't');
}

static bool string(naive *in)
{
    if (!take(in, '"'))
        return false;
    while (!take(in, '"')) {
        int c = peek(in);
        if (c < 0x20)
            return false;
        if (take(in, '\\')) {
            if (!escape(in))
                return false;
        } else if (c < 0x80) {
            in->at++;
        } else if (!utf8(in)) {
            return false;
        }
    }
    return true;
}

static bool digits(naive *in)
{
    if (!in_range(peek(in), '0', '9'))
        return false;
    while (in_range(peek(in), '0', '9'))
        in->at++;
    return true;
}

static bool number(naive *in)
{
    take(in, '-');
    if (!take(in, '0') && !digits(in))
        return false;
    if (take(in, '.') && !digits(in))
        return false;
    if (take(in, 'e') || take(in, 'E')) {
        if (!take(in, '+'))
            take(in, '-');
        return digits(in);
    }
    return true;
}

static bool value(naive *in, unsigned depth);

static bool items(naive *in, unsigned depth, bool object)
{
    int close = object ? '}' : ']';
    in->at++;
    spaces(in);
    if (take(in, close))
        return true;
    for (;;) {
        spaces(in);
        if (object) {
            if (!string(in))
                return false;
            spaces(in);
            if (!take(in, ':'))
                return false;
            spaces(in);
        }
        if (!value(in, depth))
            return false;
        spaces(in);
        if (take(in, close))
            return true;
        if (!take(in, ','))
            return false;
    }
}

static bool value(naive *in, unsigned depth)
{
    switch (peek(in)) {
    case '{':
    case '[':
        return depth < CF_JSON_DEPTH_MAX && items(in, depth + 1, peek(in) == '{');
    case '"':
        return string(in);
    case 'n':
        return text(in, "null");
    case 't':
        return text(in, "true");
    case 'f':
        return text(in, "false");
    default:
        return number(in);
    }
}

static bool naive_valid(cf_bytes input)
{
    const unsigned char *start = input.size > 0 ? (const unsigned char *)input.data : (const unsigned char *)"";
    naive in = {start, start + input.size};
    spaces(&in);
    if (!value(&in, 0))
        return false;
    spaces(&in);
    return in.at == in.end;
}

/* ---- what must hold -------------------------------------------------------------- */

static void check_inside(cf_bytes slice, cf_bytes input)
{
    CHECK(slice.data >= input.data && slice.size <= input.size);
    CHECK((size_t)(slice.data - input.data) <= input.size - slice.size);
}

/* Decoded and written again, a string means the same, and it is found equal to what it means. */
static void check_string(const cf_json_value *read, const cf_allocator *allocator)
{
    cf_buffer decoded, written, again;
    cf_buffer_init(&decoded, allocator, read->raw.size);
    cf_buffer_init(&written, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&again, allocator, CF_BUFFER_NO_LIMIT);
    cf_json_decode_string(read->raw, &decoded);
    CHECK(!decoded.failed);
    CHECK(cf_json_string_equal(read, cf_buffer_bytes(&decoded)));
    CHECK(cf_json_string_equal_fold(read, cf_buffer_bytes(&decoded)));
    CHECK(read->escaped || cf_bytes_equal(cf_buffer_bytes(&decoded), read->raw));
    cf_json_write_string(&written, cf_buffer_bytes(&decoded));

    cf_json_reader reader;
    cf_json_value back;
    cf_json_reader_init(&reader, cf_buffer_bytes(&written));
    CHECK(cf_json_read(&reader, &back) && cf_json_finish(&reader));
    CHECK(back.kind == CF_JSON_STRING);
    cf_json_decode_string(back.raw, &again);
    CHECK(cf_bytes_equal(cf_buffer_bytes(&again), cf_buffer_bytes(&decoded)));
    cf_buffer_free(&decoded);
    cf_buffer_free(&written);
    cf_buffer_free(&again);
}

/* Enters every array and object, at most as deep as the reader lets. */
static void walk(cf_json_reader *reader, cf_bytes input, const cf_allocator *allocator)
{
    cf_json_value read;
    cf_json_kind kind = cf_json_peek(reader);
    if (kind == CF_JSON_OBJECT && cf_json_enter_object(reader)) {
        while (cf_json_next_member(reader, &read)) {
            check_inside(read.raw, input);
            check_string(&read, allocator);
            walk(reader, input, allocator);
        }
    } else if (kind == CF_JSON_ARRAY && cf_json_enter_array(reader)) {
        while (cf_json_next_element(reader))
            walk(reader, input, allocator);
    } else if (cf_json_read(reader, &read)) {
        int64_t ignored;
        check_inside(read.raw, input);
        CHECK(read.kind == kind);
        if (kind == CF_JSON_STRING)
            check_string(&read, allocator);
        CHECK(!cf_json_to_int64(&read, &ignored) || kind == CF_JSON_NUMBER);
    }
}

static void check_compact(cf_bytes input, const cf_allocator *allocator)
{
    cf_buffer once, twice;
    cf_buffer_init(&once, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&twice, allocator, CF_BUFFER_NO_LIMIT);
    cf_json_write_compact(&once, input);
    CHECK(!once.failed && naive_valid(cf_buffer_bytes(&once)));
    cf_json_write_compact(&twice, cf_buffer_bytes(&once));
    CHECK(cf_bytes_equal(cf_buffer_bytes(&once), cf_buffer_bytes(&twice)));
    CHECK(cf_bytes_find(cf_buffer_bytes(&once), CF_BYTES("<")) < 0);
    CHECK(cf_bytes_find(cf_buffer_bytes(&once), CF_BYTES("\xe2\x80\xa8")) < 0);
    cf_buffer_free(&once);
    cf_buffer_free(&twice);
}

typedef struct target {
    cf_bytes string;
    cf_bytes raw;
    int64_t number;
    bool flag;
} target;

static void check_fields(cf_bytes input, bool valid, bool fold, const cf_allocator *allocator)
{
    static const cf_json_field fields[] = {
        {"s", CF_JSON_FIELD_STRING, offsetof(target, string)},
        {"r", CF_JSON_FIELD_RAW, offsetof(target, raw)},
        {"i", CF_JSON_FIELD_INT, offsetof(target, number)},
        {"b", CF_JSON_FIELD_BOOL, offsetof(target, flag)},
    };
    cf_json_reader reader;
    cf_buffer scratch;
    target out = {0};
    cf_buffer_init(&scratch, allocator, input.size);
    cf_buffer_reserve(&scratch, input.size);
    cf_json_reader_init(&reader, input);
    if (cf_json_read_fields(&reader, fields, 4, fold, &out, &scratch) && cf_json_finish(&reader)) {
        CHECK(valid);
        CHECK(out.raw.data == NULL || naive_valid(out.raw));
    } else {
        CHECK(!valid || reader.error == CF_JSON_ERROR_KIND);
    }
    cf_buffer_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    cf_bytes input = cf_bytes_make((const char *)data, size);
    bool valid = cf_json_valid(input);
    CHECK(valid == naive_valid(input));

    cf_json_reader reader;
    cf_json_reader_init(&reader, input);
    walk(&reader, input, &allocator);
    CHECK(cf_json_finish(&reader) == valid);
    CHECK(valid || reader.offset <= size);

    check_fields(input, valid, false, &allocator);
    check_fields(input, valid, true, &allocator);
    if (valid)
        check_compact(input, &allocator);
    CHECK(memory.live == 0);
    return 0;
}

#include "base/test/test.h"

#include "json/json.h"

static void well_formed_texts(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "12345678901234567890123456789",
        "1.5",
        "-0.5e-3",
        "1E+400",
        "0e1",
        "\"\"",
        "\"a\"",
        "\"sixteen bytes...\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\u0000\"",
        "\"\x7f\"",
        "\"\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82, \xe4\xb8\x96\xe7\x95\x8c \xf0\x9f\x98\x80\"",
        "[]",
        "{}",
        " \t\r\n[ \t\r\n] \t\r\n",
        "[1,2,3]",
        "[ 1 , 2 , 3 ]",
        "{\"a\":1}",
        "{ \"a\" : 1 , \"a\" : [ ] }",
        "{\"\":{\"\":{}}}",
        "[[],{},[{}],{\"a\":[]}]",
        "[[[1],2],{\"a\":{\"b\":[]},\"c\":null},true]",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!cf_json_valid(cf_bytes_of(texts[i])))
            fail_msg("refused: %s", texts[i]);
}

typedef struct bad_text {
    const char *text;
    cf_json_error error;
    size_t offset;
} bad_text;

static void malformed_texts_tell_what_and_where(void **state)
{
    (void)state;
    static const bad_text texts[] = {
        {"", CF_JSON_ERROR_SYNTAX, 0},
        {"  ", CF_JSON_ERROR_SYNTAX, 2},
        {"nul", CF_JSON_ERROR_SYNTAX, 0},
        {"True", CF_JSON_ERROR_SYNTAX, 0},
        {"nullx", CF_JSON_ERROR_TRAILING, 4},
        {"01", CF_JSON_ERROR_TRAILING, 1},
        {"+1", CF_JSON_ERROR_SYNTAX, 0},
        {".5", CF_JSON_ERROR_SYNTAX, 0},
        {"-", CF_JSON_ERROR_SYNTAX, 1},
        {"1.", CF_JSON_ERROR_SYNTAX, 2},
        {"1.e5", CF_JSON_ERROR_SYNTAX, 2},
        {"1e", CF_JSON_ERROR_SYNTAX, 2},
        {"1e+", CF_JSON_ERROR_SYNTAX, 3},
        {"0x10", CF_JSON_ERROR_TRAILING, 1},
        {"NaN", CF_JSON_ERROR_SYNTAX, 0},
        {"\"", CF_JSON_ERROR_SYNTAX, 1},
        {"\"abc", CF_JSON_ERROR_SYNTAX, 4},
        {"\"\\", CF_JSON_ERROR_SYNTAX, 1},
        {"\"\\\"", CF_JSON_ERROR_SYNTAX, 3},
        {"\"\\x41\"", CF_JSON_ERROR_SYNTAX, 1},
        {"\"\\u12g4\"", CF_JSON_ERROR_SYNTAX, 1},
        {"\"\\u123", CF_JSON_ERROR_SYNTAX, 1},
        {"\"\\u 123\"", CF_JSON_ERROR_SYNTAX, 1},
        {"\"a\nb\"", CF_JSON_ERROR_SYNTAX, 2},
        {"\"1234567890\t\"", CF_JSON_ERROR_SYNTAX, 11},
        {"\"\x1f\"", CF_JSON_ERROR_SYNTAX, 1},
        {"'a'", CF_JSON_ERROR_SYNTAX, 0},
        {"\"a\xff\"", CF_JSON_ERROR_UTF8, 2},
        {"\"\xed\xa0\x80\"", CF_JSON_ERROR_UTF8, 1},
        {"\"\xc3\"", CF_JSON_ERROR_UTF8, 1},
        {"\"\xc3\xa9", CF_JSON_ERROR_SYNTAX, 3},
        {"\"0123456789\xc0\x80\"", CF_JSON_ERROR_UTF8, 11},
        {"\xef\xbb\xbf{}", CF_JSON_ERROR_SYNTAX, 0},
        {"[", CF_JSON_ERROR_SYNTAX, 1},
        {"]", CF_JSON_ERROR_SYNTAX, 0},
        {"[1", CF_JSON_ERROR_SYNTAX, 2},
        {"[1,]", CF_JSON_ERROR_SYNTAX, 3},
        {"[,1]", CF_JSON_ERROR_SYNTAX, 1},
        {"[1,,2]", CF_JSON_ERROR_SYNTAX, 3},
        {"[1 2]", CF_JSON_ERROR_SYNTAX, 3},
        {"[1}", CF_JSON_ERROR_SYNTAX, 2},
        {"[[]", CF_JSON_ERROR_SYNTAX, 3},
        {"[]]", CF_JSON_ERROR_TRAILING, 2},
        {"{", CF_JSON_ERROR_SYNTAX, 1},
        {"{,}", CF_JSON_ERROR_SYNTAX, 1},
        {"{\"a\"}", CF_JSON_ERROR_SYNTAX, 4},
        {"{\"a\":}", CF_JSON_ERROR_SYNTAX, 5},
        {"{\"a\":1,}", CF_JSON_ERROR_SYNTAX, 7},
        {"{a:1}", CF_JSON_ERROR_SYNTAX, 1},
        {"{\"\\q\":1}", CF_JSON_ERROR_SYNTAX, 2},
        {"{1:1}", CF_JSON_ERROR_SYNTAX, 1},
        {"{\"a\":1]", CF_JSON_ERROR_SYNTAX, 6},
        {"{\"a\",1}", CF_JSON_ERROR_SYNTAX, 4},
        {"{\"a\":1 \"b\":2}", CF_JSON_ERROR_SYNTAX, 7},
        {"1 2", CF_JSON_ERROR_TRAILING, 2},
        {"{} x", CF_JSON_ERROR_TRAILING, 3},
        {"[1]\x0b", CF_JSON_ERROR_TRAILING, 3},
        {"// comment\n1", CF_JSON_ERROR_SYNTAX, 0},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cf_json_reader reader;
        cf_json_value value;
        cf_json_reader_init(&reader, cf_bytes_of(texts[i].text));
        bool valid = cf_json_read(&reader, &value) && cf_json_finish(&reader);
        if (valid || reader.error != texts[i].error || reader.offset != texts[i].offset)
            fail_msg("%s: valid %d, %s at %zu", texts[i].text, valid, cf_json_error_text(reader.error), reader.offset);
        assert_false(cf_json_finish(&reader));
    }
}

/* Each special byte at each place of a long string, so that every lane of a word and the rest behind the words is met. */
static void strings_are_checked_at_every_place(void **state)
{
    (void)state;
    static const char bad[] = {'\0', '\x01', '\x1f', '\n', '\x80', '\xff', '\xc3', '\xf8'};
    char text[44];
    for (size_t at = 1; at < sizeof(text) - 1; at++) {
        for (int byte = 0x20; byte < 0x80; byte++) {
            memset(text, 'x', sizeof(text));
            text[0] = text[sizeof(text) - 1] = '"';
            text[at] = (char)byte;
            bool expected = byte != '"' && byte != '\\';
            if (cf_json_valid(cf_bytes_make(text, sizeof(text))) != expected)
                fail_msg("byte %02x at %zu", (unsigned)byte, at);
        }
        for (size_t i = 0; i < sizeof(bad); i++) {
            text[at] = bad[i];
            assert_false(cf_json_valid(cf_bytes_make(text, sizeof(text))));
        }
    }
}

static void values_are_raw_slices(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        cf_json_kind kind;
        const char *raw;
        bool escaped;
    } cases[] = {
        {" null ", CF_JSON_NULL, "null", false},
        {"true", CF_JSON_TRUE, "true", false},
        {"false", CF_JSON_FALSE, "false", false},
        {" 1e999 ", CF_JSON_NUMBER, "1e999", false},
        {"2.50", CF_JSON_NUMBER, "2.50", false},
        {"\"a b\"", CF_JSON_STRING, "a b", false},
        {"\"a\\n\"", CF_JSON_STRING, "a\\n", true},
        {"[ 1 ,2]", CF_JSON_ARRAY, "[ 1 ,2]", false},
        {" {\"b\": 1} ", CF_JSON_OBJECT, "{\"b\": 1}", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cf_json_reader reader;
        cf_json_value value;
        cf_json_reader_init(&reader, cf_bytes_of(cases[i].text));
        assert_int_equal(cf_json_peek(&reader), cases[i].kind);
        assert_true(cf_json_read(&reader, &value));
        assert_int_equal(value.kind, cases[i].kind);
        assert_int_equal(value.escaped, cases[i].escaped);
        assert_true(cf_bytes_equal(value.raw, cf_bytes_of(cases[i].raw)));
        assert_int_equal(cf_json_peek(&reader), CF_JSON_NONE);
        assert_true(cf_json_finish(&reader));
    }
}

static void a_caller_walks_through_objects_and_arrays(void **state)
{
    (void)state;
    cf_json_reader reader;
    cf_json_value key, value;
    size_t elements = 0;
    cf_json_reader_init(&reader, CF_BYTES(" { \"skip\" : {\"x\":[1,{}]} , \"list\" : [ 10 , [ ] , { } ] , \"last\":\"v\" } "));
    assert_true(cf_json_enter_object(&reader));
    assert_true(cf_json_next_member(&reader, &key));
    assert_bytes(key.raw, "skip");
    assert_true(cf_json_read(&reader, &value));
    assert_bytes(value.raw, "{\"x\":[1,{}]}");
    assert_true(cf_json_next_member(&reader, &key));
    assert_bytes(key.raw, "list");
    assert_true(cf_json_enter_array(&reader));
    while (cf_json_next_element(&reader)) {
        if (elements == 1) {
            assert_true(cf_json_enter_array(&reader));
            assert_false(cf_json_next_element(&reader));
        } else if (elements == 2) {
            assert_true(cf_json_enter_object(&reader));
            assert_false(cf_json_next_member(&reader, &key));
        } else {
            assert_true(cf_json_read(&reader, &value));
        }
        elements++;
    }
    assert_int_equal(elements, 3);
    assert_true(cf_json_next_member(&reader, &key));
    assert_bytes(key.raw, "last");
    assert_true(cf_json_read(&reader, &value));
    assert_bytes(value.raw, "v");
    assert_false(cf_json_next_member(&reader, &key));
    assert_true(cf_json_finish(&reader));
}

/* Reads arrays one level by one, to the end or to the first error. */
static cf_json_error walk_array(const char *text)
{
    cf_json_reader reader;
    cf_json_value value;
    cf_json_reader_init(&reader, cf_bytes_of(text));
    if (cf_json_enter_array(&reader))
        while (cf_json_next_element(&reader))
            cf_json_read(&reader, &value);
    cf_json_finish(&reader);
    return reader.error;
}

static cf_json_error walk_object(const char *text)
{
    cf_json_reader reader;
    cf_json_value key, value;
    cf_json_reader_init(&reader, cf_bytes_of(text));
    if (cf_json_enter_object(&reader))
        while (cf_json_next_member(&reader, &key))
            cf_json_read(&reader, &value);
    cf_json_finish(&reader);
    return reader.error;
}

static void a_walk_is_as_strict_as_a_read(void **state)
{
    (void)state;
    assert_int_equal(walk_array("[1,\"a\",[]]"), CF_JSON_OK);
    assert_int_equal(walk_array("[]"), CF_JSON_OK);
    assert_int_equal(walk_array("[1,]"), CF_JSON_ERROR_SYNTAX);
    assert_int_equal(walk_array("[,1]"), CF_JSON_ERROR_SYNTAX);
    assert_int_equal(walk_array("[1 2]"), CF_JSON_ERROR_SYNTAX);
    assert_int_equal(walk_array("[1}"), CF_JSON_ERROR_SYNTAX);
    assert_int_equal(walk_array("[1"), CF_JSON_ERROR_SYNTAX);
    assert_int_equal(walk_array("[1] 2"), CF_JSON_ERROR_TRAILING);
    assert_int_equal(walk_array("{}"), CF_JSON_ERROR_KIND);
    assert_int_equal(walk_array("{"), CF_JSON_ERROR_SYNTAX);
    assert_int_equal(walk_object("{\"a\":1,\"b\":{}}"), CF_JSON_OK);
    assert_int_equal(walk_object("{\"a\":1,}"), CF_JSON_ERROR_SYNTAX);
    assert_int_equal(walk_object("{,\"a\":1}"), CF_JSON_ERROR_SYNTAX);
    assert_int_equal(walk_object("{\"a\" 1}"), CF_JSON_ERROR_SYNTAX);
    assert_int_equal(walk_object("{\"a\":1 \"b\":2}"), CF_JSON_ERROR_SYNTAX);
    assert_int_equal(walk_object("{1:2}"), CF_JSON_ERROR_SYNTAX);
    assert_int_equal(walk_object("{\"a"), CF_JSON_ERROR_SYNTAX);
    assert_int_equal(walk_object("{\"\xff\":1}"), CF_JSON_ERROR_UTF8);
    assert_int_equal(walk_object("{\"a\":1]"), CF_JSON_ERROR_SYNTAX);
    assert_int_equal(walk_object("[]"), CF_JSON_ERROR_KIND);
}

static void leaving_early_is_no_finish(void **state)
{
    (void)state;
    cf_json_reader reader;
    cf_json_reader_init(&reader, CF_BYTES("[]"));
    assert_true(cf_json_enter_array(&reader));
    assert_false(cf_json_finish(&reader));
    assert_int_equal(reader.error, CF_JSON_ERROR_TRAILING);
    cf_json_reader_init(&reader, CF_BYTES("["));
    assert_true(cf_json_enter_array(&reader));
    assert_false(cf_json_finish(&reader));
}

/* Looking once, at the end, finds the first error. */
static void after_an_error_nothing_is_read(void **state)
{
    (void)state;
    cf_json_reader reader;
    cf_json_value value;
    cf_json_reader_init(&reader, CF_BYTES("[x,1]"));
    assert_true(cf_json_enter_array(&reader));
    assert_false(cf_json_next_element(&reader));
    assert_int_equal(cf_json_peek(&reader), CF_JSON_NONE);
    assert_false(cf_json_read(&reader, &value));
    assert_int_equal(value.kind, CF_JSON_NONE);
    assert_false(cf_json_enter_array(&reader));
    assert_false(cf_json_enter_object(&reader));
    assert_false(cf_json_next_element(&reader));
    assert_false(cf_json_next_member(&reader, &value));
    assert_false(cf_json_finish(&reader));
    assert_int_equal(reader.error, CF_JSON_ERROR_SYNTAX);
    assert_int_equal(reader.offset, 1);
}

/* `open` repeated, then as many times `close`. */
static size_t make_nested(char *text, size_t depth, const char *open, char close)
{
    size_t size = 0;
    for (size_t i = 0; i < depth; i++) {
        memcpy(text + size, open, strlen(open));
        size += strlen(open);
    }
    if (close == '}')
        text[size++] = '1';
    memset(text + size, close, depth);
    return size + depth;
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    static char text[8 * (CF_JSON_DEPTH_MAX + 1)];
    assert_true(cf_json_valid(cf_bytes_make(text, make_nested(text, CF_JSON_DEPTH_MAX, "[", ']'))));
    assert_true(cf_json_valid(cf_bytes_make(text, make_nested(text, CF_JSON_DEPTH_MAX, "{\"a\":", '}'))));
    cf_json_reader reader;
    cf_json_value value;
    cf_json_reader_init(&reader, cf_bytes_make(text, make_nested(text, CF_JSON_DEPTH_MAX + 1, "[", ']')));
    assert_false(cf_json_read(&reader, &value));
    assert_int_equal(reader.error, CF_JSON_ERROR_DEPTH);
    assert_int_equal(reader.offset, CF_JSON_DEPTH_MAX);
}

static void what_was_entered_counts_for_the_depth(void **state)
{
    (void)state;
    static char text[2 * (CF_JSON_DEPTH_MAX + 1)];
    cf_json_reader reader;
    cf_json_value value;
    size_t size = make_nested(text, CF_JSON_DEPTH_MAX + 1, "[", ']');
    for (unsigned entered = 1; entered <= CF_JSON_DEPTH_MAX; entered += 73) {
        cf_json_reader_init(&reader, cf_bytes_make(text, size));
        for (unsigned i = 0; i < entered; i++) {
            assert_true(cf_json_enter_array(&reader));
            assert_true(cf_json_next_element(&reader));
        }
        assert_false(cf_json_read(&reader, &value));
        assert_int_equal(reader.error, CF_JSON_ERROR_DEPTH);
    }
    cf_json_reader_init(&reader, cf_bytes_make(text, size));
    while (cf_json_enter_array(&reader))
        cf_json_next_element(&reader);
    assert_int_equal(reader.error, CF_JSON_ERROR_DEPTH);
    assert_int_equal(reader.depth, CF_JSON_DEPTH_MAX);
}

static void positions_count_lines_and_columns(void **state)
{
    (void)state;
    cf_json_reader reader;
    cf_json_value value;
    size_t line, column;
    cf_json_reader_init(&reader, CF_BYTES("{\n  \"a\": 1,\n  \"b\": x\n}"));
    assert_false(cf_json_read(&reader, &value));
    cf_json_position(&reader, &line, &column);
    assert_int_equal(line, 3);
    assert_int_equal(column, 8);
}

static void no_input_at_all(void **state)
{
    (void)state;
    cf_json_reader reader;
    cf_json_value key;
    assert_false(cf_json_valid(cf_bytes_make(NULL, 0)));
    cf_json_reader_init(&reader, cf_bytes_make(NULL, 0));
    assert_int_equal(cf_json_peek(&reader), CF_JSON_NONE);
    assert_false(cf_json_enter_object(&reader));
    assert_false(cf_json_next_member(&reader, &key));
    assert_false(cf_json_next_element(&reader));
    assert_false(cf_json_finish(&reader));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_texts),
        cmocka_unit_test(malformed_texts_tell_what_and_where),
        cmocka_unit_test(strings_are_checked_at_every_place),
        cmocka_unit_test(values_are_raw_slices),
        cmocka_unit_test(a_caller_walks_through_objects_and_arrays),
        cmocka_unit_test(a_walk_is_as_strict_as_a_read),
        cmocka_unit_test(leaving_early_is_no_finish),
        cmocka_unit_test(after_an_error_nothing_is_read),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(what_was_entered_counts_for_the_depth),
        cmocka_unit_test(positions_count_lines_and_columns),
        cmocka_unit_test(no_input_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

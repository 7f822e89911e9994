#include "base/test/test.h"

#include "json/json.h"

static cf_json_value read_value(const char *text)
{
    cf_json_reader reader;
    cf_json_value value;
    cf_json_reader_init(&reader, cf_bytes_of(text));
    if (!cf_json_read(&reader, &value) || !cf_json_finish(&reader))
        fail_msg("the test's own text is bad: %s", text);
    return value;
}

static void strings_decode(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"\"\"", ""},
        {"\"plain\"", "plain"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"},
        {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
        {"\"\\ud800\\udc00\\udbff\\udfff\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
        {"\"\\ude00\\ude00\"", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\"x\\ud83d\"", "x\xef\xbf\xbd"},
        {"\"\\ud83dx\"", "\xef\xbf\xbdx"},
        {"\"\\ude00\\ud83d\"", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
        {"\"\\ud83d\\n\"", "\xef\xbf\xbd\n"},
        {"\"\\ud83d\\nde00\"", "\xef\xbf\xbd\nde00"},
        {"\"\\ud83dude000\"", "\xef\xbf\xbd"
                              "ude000"},
        {"\"\\ud83d\\ue000\"", "\xef\xbf\xbd\xee\x80\x80"},
        {"\"\\uffff\"", "\xef\xbf\xbf"},
        {"\"\xd0\x9f\\u0020\xd0\x9f\"", "\xd0\x9f \xd0\x9f"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_allocator memory = {0};
        cf_allocator allocator = test_allocator_make(&memory);
        cf_json_value value = read_value(cases[i].text);
        cf_buffer out;
        cf_buffer_init(&out, &allocator, value.raw.size);
        cf_json_decode_string(value.raw, &out);
        if (out.failed || !cf_bytes_equal(cf_buffer_bytes(&out), cf_bytes_of(cases[i].expected)))
            fail_msg("%s was decoded to %.*s", cases[i].text, (int)out.size, out.data);
        assert_true(cf_json_string_equal(&value, cf_bytes_of(cases[i].expected)));
        cf_buffer_free(&out);
    }
}

static void strings_compare_decoded(void **state)
{
    (void)state;
    cf_json_value plain = read_value("\"Channel\""), escaped = read_value("\"Ch\\u0061nn\\u0045l\"");
    cf_json_value number = read_value("1"), nul = read_value("\"a\\u0000\"");
    assert_true(cf_json_string_equal(&plain, CF_BYTES("Channel")));
    assert_false(cf_json_string_equal(&plain, CF_BYTES("channel")));
    assert_true(cf_json_string_equal_fold(&plain, CF_BYTES("cHANNEL")));
    assert_true(cf_json_string_equal(&escaped, CF_BYTES("ChannEl")));
    assert_false(cf_json_string_equal(&escaped, CF_BYTES("Channel")));
    assert_true(cf_json_string_equal_fold(&escaped, CF_BYTES("channel")));
    assert_false(cf_json_string_equal(&escaped, CF_BYTES("ChannE")));
    assert_false(cf_json_string_equal(&escaped, CF_BYTES("ChannElx")));
    assert_false(cf_json_string_equal(&number, CF_BYTES("1")));
    assert_false(cf_json_string_equal(&nul, CF_BYTES("a")));
    assert_true(cf_json_string_equal(&nul, CF_BYTES("a\0")));
}

static void numbers_become_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool fits;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"-0.0", true, 0},
        {"42", true, 42},
        {"1.9", true, 1},
        {"-1.9", true, -1},
        {"1e3", true, 1000},
        {"1.5e3", true, 1500},
        {"1.5E+3", true, 1500},
        {"1.2345e2", true, 123},
        {"12345e-2", true, 123},
        {"12345e-7", true, 0},
        {"0.00012e5", true, 12},
        {"0e999999999999999999999", true, 0},
        {"1e-999999999999999999999", true, 0},
        {"1e999999999999999999999", false, 0},
        {"1e-1000000000000000", true, 0},
        {"1e1000000000000000", false, 0},
        {"0e1000000000000000", true, 0},
        {"1234567890123456789012345678e-20", true, 12345678},
        {"123456789012345678901234567.8e-20", true, 1234567},
        {"0.0000000000000000000000000012345678901234567890123456e30", true, 1234},
        {"0.1234567890123456789012345678e5", true, 12345},
        {"-1234567890123456789012345678", false, 0},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775807.9", true, INT64_MAX},
        {"922337203685477580.7e1", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"9223372036854775808.0", false, 0},
        {"-9223372036854775808", true, INT64_MIN},
        {"-9.223372036854775808e18", true, INT64_MIN},
        {"-9.223372036854775809e18", false, 0},
        {"1e19", false, 0},
        {"\"1\"", false, 0},
        {"null", false, 0},
        {"true", false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cf_json_value value = read_value(cases[i].text);
        int64_t number = 0;
        bool fits = cf_json_to_int64(&value, &number);
        if (fits != cases[i].fits || (fits && number != cases[i].value))
            fail_msg("%s became %d, %lld", cases[i].text, fits, (long long)number);
    }
}

typedef void write_function(cf_buffer *out, cf_bytes text);

static void check_written(write_function *write, cf_bytes text, const char *expected)
{
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    cf_buffer out;
    cf_buffer_init(&out, &allocator, CF_BUFFER_NO_LIMIT);
    write(&out, text);
    if (out.failed || !cf_bytes_equal(cf_buffer_bytes(&out), cf_bytes_of(expected)))
        fail_msg("expected %s, got %.*s", expected, (int)out.size, out.data);
    cf_buffer_free(&out);
}

/* server-spec.md 0.2 */
static void strings_are_written_as_the_reference_writes_them(void **state)
{
    (void)state;
    check_written(cf_json_write_string, cf_bytes_make(NULL, 0), "\"\"");
    check_written(cf_json_write_string, CF_BYTES("a/b\x7f"), "\"a/b\x7f\"");
    check_written(cf_json_write_string, CF_BYTES("\"\\"), "\"\\\"\\\\\"");
    check_written(cf_json_write_string, CF_BYTES("\n\r\t\b\f\0\x1f"), "\"\\n\\r\\t\\u0008\\u000c\\u0000\\u001f\"");
    check_written(cf_json_write_string, CF_BYTES("<b>&"), "\"\\u003cb\\u003e\\u0026\"");
    check_written(cf_json_write_string, CF_BYTES("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"), "\"\\u2028\\u2029\xe2\x80\xaa\"");
    check_written(cf_json_write_string, CF_BYTES("\xd0\x9f\xf0\x9f\x98\x80"), "\"\xd0\x9f\xf0\x9f\x98\x80\"");
    check_written(cf_json_write_string, CF_BYTES("a\xff\xc3z\xe2\x80"), "\"a\\ufffd\\ufffdz\\ufffd\\ufffd\"");
}

/* Long texts are looked at sixteen bytes at a time. */
static void no_byte_is_missed_wherever_it_stands(void **state)
{
    (void)state;
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    char text[40];
    cf_buffer whole, pieces;
    cf_buffer_init(&whole, &allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&pieces, &allocator, CF_BUFFER_NO_LIMIT);
    for (size_t i = 0; i < 256 * sizeof(text); i++) {
        memset(text, 'a', sizeof(text));
        text[i % sizeof(text)] = (char)(i / sizeof(text));
        cf_buffer_clear(&whole);
        cf_buffer_clear(&pieces);
        cf_json_write_inside(&whole, cf_bytes_make(text, sizeof(text)));
        for (size_t at = 0; at < sizeof(text); at++)
            cf_json_write_inside(&pieces, cf_bytes_make(text + at, 1));
        assert_true(cf_bytes_equal(cf_buffer_bytes(&whole), cf_buffer_bytes(&pieces)));
    }
    cf_buffer_free(&whole);
    cf_buffer_free(&pieces);
}

static void write_as_member(cf_buffer *out, cf_bytes text)
{
    cf_json_write_member(out, CF_BYTES(",\"key\":"), text);
}

static void members_are_written_as_strings_are(void **state)
{
    (void)state;
    check_written(write_as_member, cf_bytes_make(NULL, 0), ",\"key\":\"\"");
    check_written(write_as_member, CF_BYTES("0123456789abcdef0123"), ",\"key\":\"0123456789abcdef0123\"");
    check_written(write_as_member, CF_BYTES("0123456789abcdef01<3"), ",\"key\":\"0123456789abcdef01\\u003c3\"");
}

static void compact_drops_white_space_outside_of_strings_only(void **state)
{
    (void)state;
    check_written(cf_json_write_compact, CF_BYTES(" { \"a b\" : [ 1 ,\t2.50 , \"\\\" x \\\\\" ] ,\r\n\"c\":null } "),
                  "{\"a b\":[1,2.50,\"\\\" x \\\\\"],\"c\":null}");
    check_written(cf_json_write_compact, CF_BYTES("\"<a> & b\""), "\"\\u003ca\\u003e \\u0026 b\"");
    check_written(cf_json_write_compact, CF_BYTES("\"\xe2\x80\xa8\xe2\x80\xa9\xe2\x82\xac\\u2028\""),
                  "\"\\u2028\\u2029\xe2\x82\xac\\u2028\"");
    check_written(cf_json_write_compact, CF_BYTES(" 1e999 "), "1e999");
    check_written(cf_json_write_compact, CF_BYTES("[]"), "[]");
}

static void writing_stops_at_the_limit(void **state)
{
    (void)state;
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    cf_buffer out;
    cf_buffer_init(&out, &allocator, 8);
    cf_json_write_string(&out, CF_BYTES("much too long"));
    assert_true(out.failed);
    cf_buffer_clear(&out);
    cf_json_write_member(&out, CF_BYTES(","), CF_BYTES("much too long"));
    assert_true(out.failed);
    assert_int_equal(out.size, 0);
    cf_buffer_clear(&out);
    cf_json_write_compact(&out, CF_BYTES("   [ 1, 2, 3 ]   "));
    assert_bytes(cf_buffer_bytes(&out), "[1,2,3]");
    cf_buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_decode),
        cmocka_unit_test(strings_compare_decoded),
        cmocka_unit_test(numbers_become_integers),
        cmocka_unit_test(strings_are_written_as_the_reference_writes_them),
        cmocka_unit_test(no_byte_is_missed_wherever_it_stands),
        cmocka_unit_test(members_are_written_as_strings_are),
        cmocka_unit_test(compact_drops_white_space_outside_of_strings_only),
        cmocka_unit_test(writing_stops_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/test/test.h"

#include "json/json.h"

typedef struct target {
    cf_bytes uid;
    cf_bytes method;
    cf_bytes params;
    bool recover;
    int64_t count;
} target;

static const cf_json_field fields[] = {
    {"uid", CF_JSON_FIELD_STRING, offsetof(target, uid)},    {"method", CF_JSON_FIELD_STRING, offsetof(target, method)},
    {"params", CF_JSON_FIELD_RAW, offsetof(target, params)}, {"recover", CF_JSON_FIELD_BOOL, offsetof(target, recover)},
    {"count", CF_JSON_FIELD_INT, offsetof(target, count)},
};

typedef struct fixture {
    test_allocator memory;
    cf_allocator allocator;
    cf_buffer scratch;
    cf_json_reader reader;
    target out;
} fixture;

static int set_up(void **state)
{
    static fixture made;
    made = (fixture){0};
    made.allocator = test_allocator_make(&made.memory);
    cf_buffer_init(&made.scratch, &made.allocator, CF_BUFFER_NO_LIMIT);
    *state = &made;
    return 0;
}

static int tear_down(void **state)
{
    fixture *made = *state;
    cf_buffer_free(&made->scratch);
    return made->memory.live == 0 ? 0 : -1;
}

static bool read_text(fixture *made, const char *text, bool fold)
{
    made->out = (target){0};
    cf_buffer_clear(&made->scratch);
    cf_buffer_reserve(&made->scratch, strlen(text));
    cf_json_reader_init(&made->reader, cf_bytes_of(text));
    return cf_json_read_fields(&made->reader, fields, sizeof(fields) / sizeof(fields[0]), fold, &made->out, &made->scratch) &&
           cf_json_finish(&made->reader);
}

static void every_kind_lands_in_its_member(void **state)
{
    fixture *made = *state;
    assert_true(
        read_text(made,
                  "{\"uid\":\"7\",\"method\":\"pub\\u006cish\",\"params\": {\"a\" : \"\\n\"} ,\"recover\":true,\"count\":-3,"
                  "\"unknown\":[{}]}",
                  false));
    assert_bytes(made->out.uid, "7");
    assert_bytes(made->out.method, "publish");
    assert_bytes(made->out.params, "{\"a\" : \"\\n\"}");
    assert_true(made->out.recover);
    assert_int_equal(made->out.count, -3);
    assert_true(read_text(made, "{\"recover\":true,\"recover\":false}", false));
    assert_false(made->out.recover);
}

static void absent_and_empty_differ(void **state)
{
    fixture *made = *state;
    assert_true(read_text(made, "{\"uid\":\"\"}", false));
    assert_non_null(made->out.uid.data);
    assert_int_equal(made->out.uid.size, 0);
    assert_null(made->out.method.data);
    assert_null(made->out.params.data);
}

static void a_raw_field_takes_any_value_with_its_quotes(void **state)
{
    fixture *made = *state;
    assert_true(read_text(made, "{\"params\":\"a\\tb\"}", false));
    assert_bytes(made->out.params, "\"a\\tb\"");
    assert_true(read_text(made, "{\"params\": null }", false));
    assert_bytes(made->out.params, "null");
    assert_true(read_text(made, "{\"params\":1e999}", false));
    assert_bytes(made->out.params, "1e999");
}

/* server-spec.md 0.1, J2 */
static void keys_fold_and_the_last_duplicate_wins(void **state)
{
    fixture *made = *state;
    const char *text = "{\"uid\":\"7\",\"UID\":\"7b\",\"method\":\"zz\",\"Me\\u0074hod\":\"ping\"}";
    assert_true(read_text(made, text, true));
    assert_bytes(made->out.uid, "7b");
    assert_bytes(made->out.method, "ping");
    assert_true(read_text(made, text, false));
    assert_bytes(made->out.uid, "7");
    assert_bytes(made->out.method, "zz");
    assert_true(read_text(made, "{\"ui\":\"1\",\"uidx\":\"2\",\"\":\"3\"}", true));
    assert_null(made->out.uid.data);
}

/* J4 */
static void null_leaves_what_is_there(void **state)
{
    fixture *made = *state;
    assert_true(read_text(made, "{\"uid\":null,\"recover\":null,\"count\":null}", false));
    assert_null(made->out.uid.data);
    assert_false(made->out.recover);
    assert_int_equal(made->out.count, 0);
    assert_true(read_text(made, "{\"uid\":\"7\",\"uid\":null}", false));
    assert_bytes(made->out.uid, "7");
    assert_true(read_text(made, " null ", false));
    assert_null(made->out.uid.data);
}

/* J5 */
static void a_wrong_kind_is_refused_where_it_stands(void **state)
{
    fixture *made = *state;
    static const struct {
        const char *text;
        size_t offset;
    } cases[] = {
        {"{\"uid\":7}", 7},
        {"{\"uid\":{}}", 7},
        {"{\"uid\":true}", 7},
        {"{\"recover\":1}", 11},
        {"{\"recover\":\"true\"}", 11},
        {"{\"count\":\"1\"}", 9},
        {"{\"count\":1e99}", 9},
        {"[]", 0},
        {"\"uid\"", 0},
        {"{\"uid\":\"1\",\"uid\": 2}", 18},
        {" 5", 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (read_text(made, cases[i].text, false))
            fail_msg("accepted: %s", cases[i].text);
        assert_int_equal(made->reader.error, CF_JSON_ERROR_KIND);
        assert_int_equal(made->reader.offset, cases[i].offset);
    }
}

static void bad_json_is_refused(void **state)
{
    fixture *made = *state;
    static const char *const texts[] = {
        "", "{", "{\"uid\":\"1\"", "{\"uid\":\"1\",}", "{\"uid\" \"1\"}", "{\"x\":[1,}", "{\"uid\":\"\\q\"}", "nul"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_false(read_text(made, texts[i], false));
        assert_int_equal(made->reader.error, CF_JSON_ERROR_SYNTAX);
    }
}

static void decoded_strings_do_not_move(void **state)
{
    fixture *made = *state;
    assert_true(read_text(
        made, "{\"uid\":\"\\u0061\\u0062\",\"x\":\"..........................................\",\"method\":\"\\u0063\"}",
        false));
    assert_bytes(made->out.uid, "ab");
    assert_bytes(made->out.method, "c");
    assert_ptr_equal(made->out.uid.data + 2, made->out.method.data);
}

static void no_room_for_decoded_strings_is_an_error(void **state)
{
    fixture *made = *state;
    cf_allocator allocator = test_allocator_make(&made->memory);
    cf_buffer full;
    cf_buffer_init(&full, &allocator, 3);
    cf_buffer_reserve(&full, 100);
    cf_json_reader_init(&made->reader, CF_BYTES("{\"uid\":\"\\n\"}"));
    assert_false(cf_json_read_fields(&made->reader, fields, 1, false, &made->out, &full));
    assert_int_equal(made->reader.error, CF_JSON_ERROR_MEMORY);
    assert_non_null(cf_json_error_text(made->reader.error));
    cf_buffer_free(&full);
}

static void fields_are_read_inside_of_arrays(void **state)
{
    fixture *made = *state;
    size_t count = 0;
    cf_json_reader_init(&made->reader, CF_BYTES("[{\"count\":0}, {\"count\":1} ,null]"));
    assert_true(cf_json_enter_array(&made->reader));
    for (; cf_json_next_element(&made->reader); count++) {
        target out = {0};
        assert_true(cf_json_read_fields(&made->reader, fields, 5, false, &out, &made->scratch));
        assert_int_equal(out.count, count < 2 ? count : 0);
    }
    assert_int_equal(count, 3);
    assert_true(cf_json_finish(&made->reader));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_kind_lands_in_its_member),
        TEST(absent_and_empty_differ),
        TEST(a_raw_field_takes_any_value_with_its_quotes),
        TEST(keys_fold_and_the_last_duplicate_wins),
        TEST(null_leaves_what_is_there),
        TEST(a_wrong_kind_is_refused_where_it_stands),
        TEST(bad_json_is_refused),
        TEST(decoded_strings_do_not_move),
        TEST(no_room_for_decoded_strings_is_an_error),
        TEST(fields_are_read_inside_of_arrays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

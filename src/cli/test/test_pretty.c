#include "cli/pretty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char got[65536];
static size_t got_size;

static void put(const char *bytes, size_t size)
{
    assert_true(size < sizeof(got) - got_size);
    memcpy(got + got_size, bytes, size);
    got_size += size;
    got[got_size] = '\0';
}

/* In pieces of `step` bytes. */
static const char *shown(const char *json, bool color, bool indent, size_t step)
{
    cf_cli_pretty pretty;
    size_t size = strlen(json);
    got_size = 0;
    got[0] = '\0';
    cf_cli_pretty_begin(&pretty, put, color, indent);
    for (size_t i = 0; i < size; i += step)
        cf_cli_pretty_add(&pretty, json + i, size - i < step ? size - i : step);
    cf_cli_pretty_end(&pretty);
    return got;
}

static void each_member_has_a_line(void **state)
{
    (void)state;
    for (size_t step = 1; step < 8; step++)
        assert_string_equal(shown("{\"a\":[1, true,null] ,\"b\":{},\"c\":[ ],\"d\":\"x, \\\"y\\\": {\"}", false, true, step),
                            "{\n  \"a\": [\n    1,\n    true,\n    null\n  ],\n  \"b\": {},\n  \"c\": [],\n"
                            "  \"d\": \"x, \\\"y\\\": {\"\n}");
}

static void one_line_stays_as_it_is(void **state)
{
    (void)state;
    static const char json[] = "{\"a\" : [1, -2.5e3, \"\\\\\"], \"b\":{ }}";
    assert_string_equal(shown(json, false, false, 3), json);
}

static void keys_and_values_have_colors(void **state)
{
    (void)state;
    assert_string_equal(
        shown("{\"a\":\"b\",\"c\":[1,null]}", true, false, 2),
        "{\033[34;1m\"a\"\033[0m:\033[32m\"b\"\033[0m,\033[34;1m\"c\"\033[0m:[\033[36m1\033[0m,\033[33mnull\033[0m]}");
    assert_string_equal(shown("7", true, true, 1), "\033[36m7\033[0m");
    assert_string_equal(shown("\"x\"", true, true, 1), "\033[32m\"x\"\033[0m");
}

/* A message of somebody else must not move the cursor, or answer for the user. */
static void control_characters_are_escaped(void **state)
{
    (void)state;
    for (size_t step = 1; step < 4; step++) {
        assert_string_equal(shown("\"a\x7f\xc2\x9b\x32J\xc2\x80\xc2\x9f\"", false, false, step),
                            "\"a\\u007f\\u009b2J\\u0080\\u009f\"");
        assert_string_equal(shown("\"\xc2\xa0\xc3\xa4\xe2\x82\xac\"", false, false, step), "\"\xc2\xa0\xc3\xa4\xe2\x82\xac\"");
    }
}

static void what_is_deeper_than_is_remembered_comes_out_whole(void **state)
{
    (void)state;
    static char json[4 * CF_CLI_PRETTY_DEPTH + 1];
    memset(json, '[', 2 * CF_CLI_PRETTY_DEPTH);
    memset(json + 2 * CF_CLI_PRETTY_DEPTH, ']', 2 * CF_CLI_PRETTY_DEPTH);
    assert_string_equal(shown(json, false, false, 7), json);
}

static void what_is_no_json_does_no_harm(void **state)
{
    (void)state;
    static const char *const texts[] = {"}}]]", ",,,:::", "\"open", "{\"a\"", "\\\\", "\xff\xc2", "tru\"e"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        shown(texts[i], true, true, 1);
        shown(texts[i], false, false, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_member_has_a_line),
        cmocka_unit_test(one_line_stays_as_it_is),
        cmocka_unit_test(keys_and_values_have_colors),
        cmocka_unit_test(control_characters_are_escaped),
        cmocka_unit_test(what_is_deeper_than_is_remembered_comes_out_whole),
        cmocka_unit_test(what_is_no_json_does_no_harm),
    };
    return cmocka_run_group_tests_name("cli pretty", tests, NULL, NULL);
}

#include "wire/v1/test/scratch.h"

static cf_wire_commands commands;
static cf_wire_command command;

static bool begin(const char *text)
{
    return cf_wire_commands_begin(&commands, cf_bytes_of(text), &scratch);
}

static void expect_command(const char *uid, const char *method, const char *params)
{
    assert_true(cf_wire_commands_next(&commands, &command, &scratch));
    assert_text(command.uid, uid);
    assert_text(command.method, method);
    assert_text(command.params, params);
}

static void expect_end(void)
{
    assert_false(cf_wire_commands_next(&commands, &command, &scratch));
    assert_false(scratch.failed);
}

/* ---- lists of commands ---- */

static void methods_by_name(void **state)
{
    (void)state;
    for (int method = CF_METHOD_UNKNOWN + 1; method < CF_METHOD_COUNT; method++)
        assert_int_equal(cf_method_of(cf_method_name((cf_method)method)), method);
    assert_int_equal(cf_method_of(CF_BYTES("Connect")), CF_METHOD_UNKNOWN);
    assert_int_equal(cf_method_of(CF_BYTES("")), CF_METHOD_UNKNOWN);
    assert_int_equal(cf_method_of(CF_BYTES("nope")), CF_METHOD_UNKNOWN);
}

static void one_object_is_one_command(void **state)
{
    (void)state;
    assert_true(begin("{\"uid\":\"1\",\"method\":\"connect\",\"params\":{\"user\" : \"42\"}} \n"));
    assert_int_equal(commands.count, 1);
    assert_false(commands.array);
    expect_command("1", "connect", "{\"user\" : \"42\"}");
    expect_end();
}

static void an_array_is_any_number(void **state)
{
    (void)state;
    assert_true(begin("[{\"uid\":\"1\",\"method\":\"ping\"}, {\"method\":\"zz\",\"params\":null},null,{}]"));
    assert_int_equal(commands.count, 4);
    assert_true(commands.array);
    expect_command("1", "ping", "");
    assert_null(command.params.data);
    expect_command("", "zz", "null");
    expect_command("", "", "");
    expect_command("", "", "");
    expect_end();
}

static void keys_match_in_any_case_and_the_last_one_wins(void **state)
{
    (void)state;
    assert_true(begin("{\"UID\":\"1\",\"Method\":\"connect\",\"PARAMS\":{\"User\":\"2\"}}"));
    expect_command("1", "connect", "{\"User\":\"2\"}");
    cf_connect_params params;
    assert_true(cf_wire_connect_params(command.params, &params, &scratch));
    assert_text(params.user, "2");
    assert_true(begin("{\"uid\":\"7\",\"uid\":\"7b\",\"method\":\"zz\",\"Method\":\"ping\"}"));
    expect_command("7b", "ping", "");
}

static void strings_are_decoded(void **state)
{
    (void)state;
    assert_true(begin("[{\"uid\":\"a\\n\\u00e9\\\"\",\"m\\u0065thod\":\"p\\u0069ng\"},{\"uid\":\"\\ud800\",\"x\":[1,{}]}]"));
    expect_command("a\n\xc3\xa9\"", "ping", "");
    expect_command("\xef\xbf\xbd", "", "");
    expect_end();
}

static void what_is_no_list_of_commands(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "abc",
        "null",
        "1",
        "\"{}\"",
        " {\"method\":\"ping\"}",
        "\n[]",
        "{",
        "[",
        "{}x",
        "{} {}",
        "[{}]]",
        "[{},]",
        "[1]",
        "[[]]",
        "[{},\"x\"]",
        "{\"uid\":1}",
        "{\"method\":{}}",
        "{\"uid\":\"1\",\"method\":true}",
        "[{\"uid\":\"1\",\"method\":\"ping\"},{\"uid\":2}]",
        "{\"uid\":\"\xff\"}",
        "{\"params\":{\"data\":}}",
        "{\"uid\":\"\\x\"}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (begin(texts[i]) || commands.array || scratch.failed)
            fail_msg("'%s' was taken", texts[i]);
        assert_false(cf_wire_commands_next(&commands, &command, &scratch));
    }
}

/* Nothing to carry out, which a client may not send; the HTTP API answers it with []. */
static void an_empty_array_is_told_apart(void **state)
{
    (void)state;
    assert_false(begin("[]"));
    assert_true(commands.array);
    assert_false(begin("[ ]\n"));
    assert_true(commands.array);
}

static void the_deepest_and_one_deeper(void **state)
{
    (void)state;
    static char text[2 * CF_JSON_DEPTH_MAX + 100];
    for (int extra = 0; extra < 2; extra++) {
        size_t depth = (size_t)(CF_JSON_DEPTH_MAX - 1 + extra);
        strcpy(text, "{\"params\":");
        size_t size = strlen(text);
        memset(text + size, '[', depth);
        memset(text + size + depth, ']', depth);
        strcpy(text + size + 2 * depth, "}");
        assert_int_equal(begin(text), extra == 0);
    }
}

static void a_hundred_thousand_commands(void **state)
{
    (void)state;
    enum { COUNT = 100000, SIZE = 24 };
    static const char one[] = "{\"method\":\"p\\u0069ng\"},";
    char *text = malloc(COUNT * SIZE + 2);
    assert_non_null(text);
    char *at = text;
    *at++ = '[';
    for (size_t i = 0; i < COUNT; i++, at += sizeof(one) - 1)
        memcpy(at, one, sizeof(one) - 1);
    at[-1] = ']';
    assert_true(cf_wire_commands_begin(&commands, cf_bytes_make(text, (size_t)(at - text)), &scratch));
    assert_int_equal(commands.count, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        expect_command("", "ping", "");
    expect_end();
    free(text);
}

/* ---- parameters ---- */

static void connect_parameters(void **state)
{
    (void)state;
    cf_connect_params params;
    assert_true(begin(
        "{\"params\":{\"user\":\"42\",\"timestamp\":\"1795452449\",\"info\":\"{\\\"a\\\":1}\",\"token\":\"9b0e\",\"x\":[]}}"));
    expect_command("", "",
                   "{\"user\":\"42\",\"timestamp\":\"1795452449\",\"info\":\"{\\\"a\\\":1}\",\"token\":\"9b0e\",\"x\":[]}");
    assert_true(cf_wire_connect_params(command.params, &params, &scratch));
    assert_text(params.user, "42");
    assert_text(params.timestamp, "1795452449");
    assert_text(params.info, "{\"a\":1}");
    assert_text(params.token, "9b0e");
    assert_true(cf_wire_connect_params(CF_BYTES("null"), &params, &scratch));
    assert_text(params.user, "");
    assert_true(cf_wire_connect_params(CF_BYTES("{\"user\":null}"), &params, &scratch));
    assert_text(params.user, "");
    static const char *const bad[] = {"",  "[]",   "\"x\"", "1", "{\"user\":42}", "{\"timestamp\":1795452449}", "{\"info\":{}}",
                                      "{", "{} {}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(cf_wire_connect_params(cf_bytes_of(bad[i]), &params, &scratch));
}

static void subscribe_parameters(void **state)
{
    (void)state;
    cf_subscribe_params params;
    assert_true(cf_wire_subscribe_params(
        CF_BYTES("{\"channel\":\"$c\",\"client\":\"id\",\"last\":\"L\",\"recover\":true,\"info\":\"{}\","
                 "\"sign\":\"S\"}"),
        &params, &scratch));
    assert_text(params.channel, "$c");
    assert_text(params.client, "id");
    assert_text(params.last, "L");
    assert_text(params.info, "{}");
    assert_text(params.sign, "S");
    assert_true(params.recover);
    assert_true(cf_wire_subscribe_params(CF_BYTES("{\"channel\":\"c\",\"recover\":null,\"last\":null}"), &params, &scratch));
    assert_false(params.recover);
    assert_false(cf_wire_subscribe_params(CF_BYTES("{\"channel\":\"c\",\"recover\":\"true\"}"), &params, &scratch));
    assert_false(cf_wire_subscribe_params(CF_BYTES("{\"channel\":1}"), &params, &scratch));
    assert_false(cf_wire_subscribe_params(CF_BYTES("[]"), &params, &scratch));
    assert_false(cf_wire_subscribe_params(CF_BYTES(""), &params, &scratch));
}

static void client_parameters(void **state)
{
    (void)state;
    cf_params params;
    assert_true(
        cf_wire_params(CF_METHOD_PUBLISH, false, CF_BYTES("{\"channel\":\"c\",\"data\": {\"x\" : 2.50}}"), &params, &scratch));
    assert_text(params.channel, "c");
    assert_text(params.data, "{\"x\" : 2.50}");
    assert_true(cf_wire_params(CF_METHOD_PUBLISH, false, CF_BYTES("{\"channel\":\"c\",\"data\":null}"), &params, &scratch));
    assert_text(params.data, "null");
    assert_true(cf_wire_params(CF_METHOD_PUBLISH, false, CF_BYTES("{\"channel\":\"c\",\"client\":1}"), &params, &scratch));
    assert_null(params.data.data);
    static const cf_method of_a_channel[] = {CF_METHOD_UNSUBSCRIBE, CF_METHOD_PRESENCE, CF_METHOD_HISTORY};
    for (size_t i = 0; i < 3; i++) {
        assert_true(
            cf_wire_params(of_a_channel[i], false, CF_BYTES("{\"channel\":\"c\",\"data\":1,\"user\":2}"), &params, &scratch));
        assert_text(params.channel, "c");
        assert_null(params.data.data);
        assert_false(cf_wire_params(of_a_channel[i], false, CF_BYTES(""), &params, &scratch));
        assert_false(cf_wire_params(of_a_channel[i], false, CF_BYTES("{\"channel\":[]}"), &params, &scratch));
    }
}

static void ping_parameters(void **state)
{
    (void)state;
    cf_params params;
    assert_true(cf_wire_params(CF_METHOD_PING, false, CF_BYTES(""), &params, &scratch));
    assert_text(params.data, "");
    assert_true(cf_wire_params(CF_METHOD_PING, false, CF_BYTES("null"), &params, &scratch));
    assert_text(params.data, "");
    assert_true(cf_wire_params(CF_METHOD_PING, false, CF_BYTES("{\"data\":\"hi\"}"), &params, &scratch));
    assert_text(params.data, "hi");
    assert_false(cf_wire_params(CF_METHOD_PING, false, CF_BYTES("{\"data\":1}"), &params, &scratch));
    assert_false(cf_wire_params(CF_METHOD_PING, false, CF_BYTES("[]"), &params, &scratch));
}

static void api_parameters(void **state)
{
    (void)state;
    cf_params params;
    assert_true(cf_wire_params(CF_METHOD_PUBLISH, true,
                               CF_BYTES("{\"channel\":\"c\",\"data\":1,\"client\":\"id\",\"uid\":\"u\"}"), &params, &scratch));
    assert_text(params.client, "id");
    assert_text(params.uid, "u");
    assert_false(
        cf_wire_params(CF_METHOD_PUBLISH, true, CF_BYTES("{\"channel\":\"c\",\"data\":1,\"uid\":1}"), &params, &scratch));
    assert_true(
        cf_wire_params(CF_METHOD_UNSUBSCRIBE, true, CF_BYTES("{\"user\":\"42\",\"channel\":\"c\"}"), &params, &scratch));
    assert_text(params.user, "42");
    assert_text(params.channel, "c");
    assert_true(cf_wire_params(CF_METHOD_DISCONNECT, true, CF_BYTES("{\"user\":\"42\"}"), &params, &scratch));
    assert_text(params.user, "42");
    assert_false(cf_wire_params(CF_METHOD_DISCONNECT, true, CF_BYTES(""), &params, &scratch));
    static const cf_method without[] = {CF_METHOD_CHANNELS, CF_METHOD_STATS, CF_METHOD_NODE};
    for (size_t i = 0; i < 3; i++) {
        assert_true(cf_wire_params(without[i], true, CF_BYTES(""), &params, &scratch));
        assert_true(cf_wire_params(without[i], true, CF_BYTES("[1]"), &params, &scratch));
    }
}

static void broadcast_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *params, *channels; /* NULL: refused; "": none */
    } cases[] = {
        {"{\"channels\":[\"a\",\"b\"],\"data\":1,\"client\":\"id\"}", "[\"a\",\"b\"]"},
        {"{\"channels\":[],\"data\":1}", "[]"},
        {"{\"channels\":[null],\"data\":1}", "[null]"},
        {"{\"channels\":null,\"data\":1}", ""},
        {"{\"data\":1}", ""},
        {"{\"channels\":\"a\",\"data\":1}", NULL},
        {"{\"channels\":[1],\"data\":1}", NULL},
        {"{\"channels\":[[]],\"data\":1}", NULL},
        {"{\"channels\":{},\"data\":1}", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cf_params params;
        bool taken = cf_wire_params(CF_METHOD_BROADCAST, true, cf_bytes_of(cases[i].params), &params, &scratch);
        assert_int_equal(taken, cases[i].channels != NULL);
        if (taken) {
            assert_text(params.channels, cases[i].channels);
            assert_int_equal(params.channels.data != NULL, cases[i].channels[0] != '\0');
            assert_text(params.data, "1");
        }
    }
}

static void methods_of_the_other_side_have_no_parameters(void **state)
{
    (void)state;
    cf_params params;
    assert_false(cf_wire_params(CF_METHOD_BROADCAST, false, CF_BYTES("{}"), &params, &scratch));
    assert_false(cf_wire_params(CF_METHOD_PING, true, CF_BYTES("{}"), &params, &scratch));
    assert_false(cf_wire_params(CF_METHOD_UNKNOWN, false, CF_BYTES("{}"), &params, &scratch));
    assert_false(cf_wire_params(CF_METHOD_UNKNOWN, true, CF_BYTES("{}"), &params, &scratch));
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        test_allocator failing = test_allocator_failing_at(n);
        cf_allocator limited = test_allocator_make(&failing);
        cf_buffer own;
        cf_buffer_init(&own, &limited, CF_BUFFER_NO_LIMIT);
        size_t count = 0;
        cf_bytes text = CF_BYTES("[{\"uid\":\"\\n\",\"method\":\"p\\u0069ng\"},{\"uid\":\"\\t\"}]");
        if (cf_wire_commands_begin(&commands, text, &own)) {
            while (cf_wire_commands_next(&commands, &command, &own))
                count++;
        }
        assert_int_equal(own.failed, failing.failed);
        assert_int_equal(count, failing.failed ? 0 : 2);
        cf_buffer_free(&own);
        assert_int_equal(failing.live, 0);
        if (!failing.failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_by_name),
        cmocka_unit_test(one_object_is_one_command),
        cmocka_unit_test(an_array_is_any_number),
        cmocka_unit_test(keys_match_in_any_case_and_the_last_one_wins),
        cmocka_unit_test(strings_are_decoded),
        cmocka_unit_test(what_is_no_list_of_commands),
        cmocka_unit_test(an_empty_array_is_told_apart),
        cmocka_unit_test(the_deepest_and_one_deeper),
        cmocka_unit_test(a_hundred_thousand_commands),
        cmocka_unit_test(connect_parameters),
        cmocka_unit_test(subscribe_parameters),
        cmocka_unit_test(client_parameters),
        cmocka_unit_test(ping_parameters),
        cmocka_unit_test(api_parameters),
        cmocka_unit_test(broadcast_parameters),
        cmocka_unit_test(methods_of_the_other_side_have_no_parameters),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

#include "wire/v1/test/scratch.h"

static cf_wire_messages messages;
static cf_wire_message message;

/* The frame is one message. */
static void read_one(const char *text)
{
    assert_true(cf_wire_messages_begin(&messages, cf_bytes_of(text)));
    assert_true(cf_wire_messages_next(&messages, &message, &scratch));
    cf_wire_message other;
    cf_buffer second;
    cf_buffer_init(&second, &allocator, CF_BUFFER_NO_LIMIT);
    assert_false(cf_wire_messages_next(&messages, &other, &second));
    cf_buffer_free(&second);
}

/* ---- every form of server-spec.md 2 ---- */

static void connect_reply(void **state)
{
    (void)state;
    static const char text[] =
        "{\"uid\":\"1\",\"method\":\"connect\",\"body\":{\"version\":\"1.8.0\",\"client\":\"c38e\",\"expires\":true,"
        "\"expired\":false,\"ttl\":3600}}";
    read_one(text);
    assert_int_equal(message.method, CF_METHOD_CONNECT);
    assert_text(message.raw, text);
    assert_int_equal(message.uid, 1);
    assert_false(message.has_error);
    assert_true(message.has_body);
    assert_text(message.b.client, "c38e");
    assert_true(message.b.expires);
    assert_false(message.b.expired);
    assert_int_equal(message.b.ttl, 3600);
}

static void subscribe_replies(void **state)
{
    (void)state;
    read_one("{\"uid\":\"2\",\"method\":\"subscribe\",\"body\":{\"channel\":\"news\",\"status\":true,\"last\":\"\","
             "\"messages\":null,"
             "\"recovered\":false}}");
    assert_int_equal(message.method, CF_METHOD_SUBSCRIBE);
    assert_text(message.b.channel, "news");
    assert_true(message.b.has_last);
    assert_text(message.b.last, "");
    assert_null(message.b.messages.data);
    assert_false(message.b.recovered);

    read_one("{\"uid\":\"1\",\"method\":\"subscribe\",\"body\":{\"channel\":\"all:rec\",\"status\":true,\"last\":\"\","
             "\"messages\":[{\"uid\":\"b\",\"channel\":\"all:rec\",\"data\":4},{\"uid\":\"a\"}],\"recovered\":true}}");
    assert_text(message.b.messages, "[{\"uid\":\"b\",\"channel\":\"all:rec\",\"data\":4},{\"uid\":\"a\"}]");
    assert_true(message.b.recovered);

    read_one("{\"method\":\"subscribe\",\"body\":{\"channel\":\"c\",\"last\":null}}");
    assert_true(message.b.has_last);
    assert_text(message.b.last, "");
    read_one("{\"method\":\"subscribe\",\"body\":{\"channel\":\"c\",\"last\":\"x2aQ\",\"messages\":[]}}");
    assert_text(message.b.last, "x2aQ");
    assert_text(message.b.messages, "[]");
    read_one("{\"method\":\"subscribe\",\"body\":{\"channel\":\"c\"}}");
    assert_false(message.b.has_last);
}

static void error_replies(void **state)
{
    (void)state;
    read_one("{\"uid\":\"2b\",\"method\":\"subscribe\",\"error\":\"already "
             "subscribed\",\"advice\":\"fix\",\"body\":{\"channel\":\"news\","
             "\"status\":false,\"last\":\"\",\"messages\":null,\"recovered\":false}}");
    assert_true(message.has_error);
    assert_text(message.error_text, "already subscribed");
    assert_text(message.advice, "fix");
    assert_text(message.b.channel, "news");
    read_one("{\"uid\":\"2\",\"method\":\"publish\",\"error\":\"dial \\\"x\\\"\",\"body\":null}");
    assert_text(message.error_text, "dial \"x\"");
    assert_text(message.advice, "");
    assert_false(message.has_body);
    assert_text(message.body, "null");
}

/* client-spec.md 6.2: only a missing key, null and "" are no error. */
static void what_is_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool error;
    } cases[] = {{"null", false}, {"\"\"", false}, {"0", true},  {"false", true},
                 {"\"x\"", true}, {"{}", true},    {"[]", true}, {"403", true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[100] = "{\"method\":\"publish\",\"error\":";
        strcat(text, cases[i].value);
        strcat(text, "}");
        read_one(text);
        assert_int_equal(message.has_error, cases[i].error);
        if (cases[i].error && cases[i].value[0] != '"')
            assert_text(message.error_text, cases[i].value);
    }
}

static void call_replies(void **state)
{
    (void)state;
    read_one("{\"uid\":\"9\",\"method\":\"publish\",\"body\":{\"channel\":\"all:x\",\"status\":true}}");
    assert_int_equal(message.method, CF_METHOD_PUBLISH);
    read_one("{\"uid\":\"10\",\"method\":\"presence\",\"body\":{\"channel\":\"all:x\",\"data\":{\"c38e\":{\"user\":\"42\"}}}}");
    assert_int_equal(message.method, CF_METHOD_PRESENCE);
    assert_text(message.b.data, "{\"c38e\":{\"user\":\"42\"}}");
    assert_text(message.body, "{\"channel\":\"all:x\",\"data\":{\"c38e\":{\"user\":\"42\"}}}");
    read_one("{\"uid\":\"11\",\"method\":\"history\",\"body\":{\"channel\":\"all:x\",\"data\":[ ]}}");
    assert_text(message.b.data, "[ ]");
    read_one("{\"uid\":\"4\",\"method\":\"presence\",\"error\":\"not "
             "available\",\"advice\":\"retry\",\"body\":{\"channel\":\"news\","
             "\"data\":null}}");
    assert_text(message.b.data, "null");
    read_one("{\"uid\":\"7\",\"method\":\"ping\"}");
    assert_int_equal(message.method, CF_METHOD_PING);
    assert_false(message.has_body);
    assert_null(message.body.data);
    read_one("{\"uid\":\"7\",\"method\":\"ping\",\"body\":{\"data\":\"hi\"}}");
    assert_text(message.b.data, "\"hi\"");
}

static void flags_are_true_as_in_javascript(void **state)
{
    static const struct {
        const char *text;
        bool expected;
    } values[] = {
        {"true", true},    {"false", false}, {"null", false}, {"1", true},  {"0", false},
        {"-0", false},     {"0.0", false},   {"0.5", true},   {"-3", true}, {"0e5", false},
        {"0.00E9", false}, {"\"\"", false},  {"\"0\"", true}, {"[]", true}, {"{}", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char text[100];
        snprintf(text, sizeof(text), "{\"method\":\"disconnect\",\"body\":{\"reason\":\"\",\"reconnect\":%s}}", values[i].text);
        read_one(text);
        if (message.b.reconnect != values[i].expected)
            fail_msg("%s", text);
    }
}

static void pushes(void **state)
{
    (void)state;
    read_one("{\"method\":\"message\",\"body\":{\"uid\":\"x2aQ\",\"client\":\"c38e\",\"info\":{\"user\":\"42\"},\"channel\":"
             "\"all:x\","
             "\"data\":{\"x\" : 1}}}");
    assert_int_equal(message.method, CF_METHOD_MESSAGE);
    assert_false(message.has_uid);
    assert_text(message.b.uid, "x2aQ");
    assert_text(message.b.client, "c38e");
    assert_text(message.b.info, "{\"user\":\"42\"}");
    assert_text(message.b.channel, "all:x");
    assert_text(message.b.data, "{\"x\" : 1}");
    read_one("{\"method\":\"join\",\"body\":{\"channel\":\"c\",\"data\":{\"user\":\"42\",\"client\":\"c38e\"}}}");
    assert_int_equal(message.method, CF_METHOD_JOIN);
    assert_text(message.b.data, "{\"user\":\"42\",\"client\":\"c38e\"}");
    read_one("{\"method\":\"leave\",\"body\":{\"channel\":\"c\"}}");
    assert_int_equal(message.method, CF_METHOD_LEAVE);
    assert_null(message.b.data.data);
    read_one("{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"c\",\"status\":true}}");
    assert_int_equal(message.method, CF_METHOD_UNSUBSCRIBE);
    read_one("{\"method\":\"disconnect\",\"body\":{\"reason\":\"go\",\"reconnect\":true}}");
    assert_int_equal(message.method, CF_METHOD_DISCONNECT);
    assert_text(message.b.reason, "go");
    assert_true(message.b.reconnect);
    read_one(
        "{\"uid\":\"13\",\"method\":\"refresh\",\"body\":{\"client\":\"c38e\",\"expires\":true,\"expired\":true,\"ttl\":4}}");
    assert_int_equal(message.method, CF_METHOD_REFRESH);
    assert_true(message.b.expired);
}

/* ---- what else may come ---- */

static void an_array_is_taken_one_by_one(void **state)
{
    (void)state;
    static const char text[] =
        " [ {\"uid\":\"1\",\"method\":\"p\\u0069ng\"}, null, 1, \"x\", [], {\"uid\":\"\\u0032\", \"method\":\"zz\"} ] ";
    assert_true(cf_wire_messages_begin(&messages, cf_bytes_of(text)));
    assert_true(cf_wire_messages_next(&messages, &message, &scratch));
    assert_int_equal(message.method, CF_METHOD_PING);
    assert_text(message.raw, "{\"uid\":\"1\",\"method\":\"p\\u0069ng\"}");
    assert_true(cf_wire_messages_next(&messages, &message, &scratch));
    assert_int_equal(message.method, CF_METHOD_UNKNOWN);
    assert_int_equal(message.uid, 2);
    assert_false(cf_wire_messages_next(&messages, &message, &scratch));
    assert_true(cf_wire_messages_begin(&messages, CF_BYTES("[]")));
    assert_false(cf_wire_messages_next(&messages, &message, &scratch));
}

static void frames_without_messages(void **state)
{
    (void)state;
    static const char *const values[] = {"null", "1", "\"x\"", "true"};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_false(cf_wire_messages_begin(&messages, cf_bytes_of(values[i])));
        assert_int_equal(messages.reader.error, CF_JSON_OK);
        assert_false(cf_wire_messages_next(&messages, &message, &scratch));
    }
    static const char *const bad[] = {"", "x", "[", "[{\"method\":\"ping\"},}", "[{}] x"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(cf_wire_messages_begin(&messages, cf_bytes_of(bad[i])));
        assert_int_not_equal(messages.reader.error, CF_JSON_OK);
        assert_false(cf_wire_messages_next(&messages, &message, &scratch));
    }
}

/* However much of it was good. */
static void of_a_broken_object_nothing_comes_out(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{",
        "{\"a\":\"\xff\"}",
        "{\"method\":\"ping\"} x",
        "{\"method\":\"ping\"}{}",
        "{\"method\":\"ping\",}",
        "{\"uid\":\"1\",\"method\":\"ping\",\"x\":}",
        "{\"method\":\"p\\q\"}",
        "{\"method\":ping}",
        "{\"uid\":01}",
        "{\"uid\":-}",
        "{\"error\":nul}",
        "{\"advice\":\"\t\"}",
        "{\"body\":-}",
        "{\"body\":{\"channel\":\"c\",\"data\":tru}}",
        "{\"body\":{\"channel\":\"c\",\"x\":[1,]}}",
        "{\"method\":\"message\",\"body\":{\"channel\":\"\\u0063\",\"data\":1}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_true(cf_wire_messages_begin(&messages, cf_bytes_of(bad[i])));
        if (cf_wire_messages_next(&messages, &message, &scratch))
            fail_msg("a message came out of %s", bad[i]);
        assert_int_not_equal(messages.reader.error, CF_JSON_OK);
        assert_false(scratch.failed);
        assert_false(cf_wire_messages_next(&messages, &message, &scratch));
    }
}

/* The client reports the one and forgets the other. */
static void a_broken_object_is_told_apart_from_no_memory(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool broken;
    } cases[] = {{"{\"uid\":\"\\u0031\"}", false}, {"{\"uid\":\"\\u0031\"} x", true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_allocator failing = test_allocator_failing_at(1);
        cf_allocator limited = test_allocator_make(&failing);
        cf_buffer own;
        cf_buffer_init(&own, &limited, CF_BUFFER_NO_LIMIT);
        assert_true(cf_wire_messages_begin(&messages, cf_bytes_of(cases[i].text)));
        assert_false(cf_wire_messages_next(&messages, &message, &own));
        assert_true(own.failed);
        assert_int_equal(messages.reader.error != CF_JSON_OK, cases[i].broken);
        cf_buffer_free(&own);
    }
}

static void fields_of_another_kind_stay_zero(void **state)
{
    (void)state;
    read_one("{\"method\":5,\"uid\":7,\"advice\":{},\"body\":{\"channel\":1,\"client\":null,\"uid\":[],\"ttl\":\"5\","
             "\"messages\":{},\"last\":5}}");
    assert_int_equal(message.method, CF_METHOD_UNKNOWN);
    assert_int_equal(message.uid, 7);
    assert_text(message.advice, "");
    assert_text(message.b.channel, "");
    assert_text(message.b.client, "");
    assert_text(message.b.uid, "");
    assert_int_equal(message.b.ttl, 0);
    assert_null(message.b.messages.data);
    assert_true(message.b.has_last);
    assert_text(message.b.last, "");
    read_one("{\"method\":\"message\",\"body\":[1]}");
    assert_false(message.has_body);
    assert_text(message.body, "[1]");
    read_one("{\"method\":\"message\",\"body\":\"x\"}");
    assert_text(message.body, "\"x\"");
    read_one("{\"method\":\"connect\",\"body\":{\"ttl\":1e400}}");
    assert_int_equal(message.b.ttl, 0);
}

static void a_uid_is_a_number_of_ours_or_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t uid;
        bool has;
    } cases[] = {
        {"{\"uid\":\"12\"}", 12, true}, {"{\"uid\":12}", 12, true},   {"{\"uid\":\"\"}", 0, false},
        {"{\"uid\":null}", 0, false},   {"{\"uid\":\"x\"}", 0, true}, {"{\"uid\":\"-1\"}", 0, true},
        {"{\"uid\":1.5}", 0, true},     {"{\"uid\":1e99}", 0, true},  {"{\"method\":\"ping\"}", 0, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        read_one(cases[i].text);
        if (message.uid != cases[i].uid || message.has_uid != cases[i].has)
            fail_msg("%s", cases[i].text);
    }
}

static void of_duplicates_the_last_one_counts(void **state)
{
    (void)state;
    read_one(
        "{\"method\":\"join\",\"uid\":\"1\",\"body\":{\"channel\":\"a\",\"client\":\"x\"},\"uid\":\"2\",\"method\":\"leave\","
        "\"body\":{\"channel\":\"b\",\"channel\":\"c\"}}");
    assert_int_equal(message.method, CF_METHOD_LEAVE);
    assert_int_equal(message.uid, 2);
    assert_text(message.b.channel, "c");
    assert_text(message.b.client, "");
    read_one("{\"method\":\"join\",\"body\":{\"channel\":\"a\"},\"body\":null,\"error\":\"x\",\"error\":null}");
    assert_false(message.has_body);
    assert_false(message.has_error);
    assert_text(message.b.channel, "");
}

/* Keys of a client's messages are those of JavaScript: their case counts. */
static void keys_match_exactly(void **state)
{
    (void)state;
    read_one("{\"Method\":\"ping\",\"m\\u0065thod\":\"message\",\"body\":{\"Channel\":\"x\",\"ch\\u0061nnel\":\"y\"}}");
    assert_int_equal(message.method, CF_METHOD_MESSAGE);
    assert_text(message.b.channel, "y");
}

static void many_escaped_texts_stay_where_they_are(void **state)
{
    (void)state;
    read_one("{\"uid\":\"\\u0031\",\"method\":\"mess\\u0061ge\",\"error\":\"\\u0065\",\"advice\":\"\\u0061\",\"body\":{\"uid\":"
             "\"\\u0075\","
             "\"channel\":\"\\ud83d\\ude00\",\"client\":\"\\n\\n\\n\",\"reason\":\"\\\\\",\"last\":\"\\t\"}}");
    assert_int_equal(message.uid, 1);
    assert_int_equal(message.method, CF_METHOD_MESSAGE);
    assert_text(message.error_text, "e");
    assert_text(message.advice, "a");
    assert_text(message.b.uid, "u");
    assert_text(message.b.channel, "\xf0\x9f\x98\x80");
    assert_text(message.b.client, "\n\n\n");
    assert_text(message.b.reason, "\\");
    assert_text(message.b.last, "\t");
}

static void plain_messages_need_no_memory(void **state)
{
    (void)state;
    size_t calls = memory.calls;
    cf_buffer unused;
    cf_buffer_init(&unused, &allocator, CF_BUFFER_NO_LIMIT);
    assert_true(
        cf_wire_messages_begin(&messages, CF_BYTES("{\"method\":\"message\",\"body\":{\"channel\":\"c\",\"data\":\"\\n\"}}")));
    assert_true(cf_wire_messages_next(&messages, &message, &unused));
    assert_text(message.b.data, "\"\\n\"");
    assert_int_equal(memory.calls, calls);
}

static void bodies_alone(void **state)
{
    (void)state;
    assert_true(cf_wire_read_body(
        CF_BYTES("{\"uid\":\"a\",\"channel\":\"c\",\"data\":null,\"client\":\"i\\u0064\",\"info\":{}}"), &message, &scratch));
    assert_int_equal(message.method, CF_METHOD_MESSAGE);
    assert_text(message.b.uid, "a");
    assert_text(message.b.channel, "c");
    assert_text(message.b.data, "null");
    assert_text(message.b.client, "id");
    assert_text(message.b.info, "{}");
    assert_text(message.body, "{\"uid\":\"a\",\"channel\":\"c\",\"data\":null,\"client\":\"i\\u0064\",\"info\":{}}");
    assert_false(cf_wire_read_body(CF_BYTES("1"), &message, &scratch));
    assert_false(cf_wire_read_body(CF_BYTES("{"), &message, &scratch));
    assert_false(cf_wire_read_body(CF_BYTES(""), &message, &scratch));
}

/* ---- close reasons: client-spec.md 7.4.1, D26 ---- */

static void advices(void **state)
{
    (void)state;
    cf_bytes reason;
    bool reconnect;
    assert_true(
        cf_wire_read_advice(CF_BYTES("{\"reason\":\"shutting down\",\"reconnect\":true}"), &reason, &reconnect, &scratch));
    assert_text(reason, "shutting down");
    assert_true(reconnect);
    assert_true(cf_wire_read_advice(CF_BYTES(" {\"reconnect\":false,\"reason\":\"\\u0061\"} "), &reason, &reconnect, &scratch));
    assert_text(reason, "a");
    assert_false(reconnect);
    assert_true(cf_wire_read_advice(CF_BYTES("{\"reconnect\":false,\"code\":3}"), &reason, &reconnect, &scratch));
    assert_text(reason, "");
    assert_false(reconnect);
    static const char *const others[] = {"",
                                         "disconnect",
                                         "42",
                                         "\"bye\"",
                                         "[]",
                                         "true",
                                         "null",
                                         "{}",
                                         "{\"reason\":\"x\"}",
                                         "{\"reconnect\":1}",
                                         "{\"reconnect\":null}",
                                         "{\"reason\":x,\"reconnect\":true}",
                                         "{\"reason\":\"x\",\"reconnect\":true",
                                         "{\"reconnect\":true} x"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(cf_wire_read_advice(cf_bytes_of(others[i]), &reason, &reconnect, &scratch));
}

static void without_memory_there_is_no_body_and_no_advice(void **state)
{
    (void)state;
    cf_bytes reason;
    bool reconnect;
    test_allocator failing = test_allocator_failing_at(1);
    cf_allocator limited = test_allocator_make(&failing);
    cf_buffer own;
    cf_buffer_init(&own, &limited, CF_BUFFER_NO_LIMIT);
    assert_false(cf_wire_read_body(CF_BYTES("{\"channel\":\"\\u0063\"}"), &message, &own));
    assert_true(own.failed);
    failing = test_allocator_failing_at(1);
    assert_false(cf_wire_read_advice(CF_BYTES("{\"reason\":\"\\u0061\",\"reconnect\":true}"), &reason, &reconnect, &own));
    assert_true(own.failed);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const char text[] =
        "[{\"uid\":\"\\u0031\",\"method\":\"ping\"},{\"method\":\"m\\u0065ssage\",\"body\":{\"channel\":\"\\n\"}}]";
    for (size_t n = 1;; n++) {
        test_allocator failing = test_allocator_failing_at(n);
        cf_allocator limited = test_allocator_make(&failing);
        cf_buffer own;
        cf_buffer_init(&own, &limited, CF_BUFFER_NO_LIMIT);
        assert_true(cf_wire_messages_begin(&messages, cf_bytes_of(text)));
        size_t count = 0;
        while (cf_wire_messages_next(&messages, &message, &own))
            count++;
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
        cmocka_unit_test(connect_reply),
        cmocka_unit_test(subscribe_replies),
        cmocka_unit_test(error_replies),
        cmocka_unit_test(what_is_an_error),
        cmocka_unit_test(call_replies),
        cmocka_unit_test(flags_are_true_as_in_javascript),
        cmocka_unit_test(pushes),
        cmocka_unit_test(an_array_is_taken_one_by_one),
        cmocka_unit_test(frames_without_messages),
        cmocka_unit_test(of_a_broken_object_nothing_comes_out),
        cmocka_unit_test(a_broken_object_is_told_apart_from_no_memory),
        cmocka_unit_test(fields_of_another_kind_stay_zero),
        cmocka_unit_test(a_uid_is_a_number_of_ours_or_none),
        cmocka_unit_test(of_duplicates_the_last_one_counts),
        cmocka_unit_test(keys_match_exactly),
        cmocka_unit_test(many_escaped_texts_stay_where_they_are),
        cmocka_unit_test(plain_messages_need_no_memory),
        cmocka_unit_test(bodies_alone),
        cmocka_unit_test(advices),
        cmocka_unit_test(without_memory_there_is_no_body_and_no_advice),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

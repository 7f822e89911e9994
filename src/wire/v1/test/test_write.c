#include "base/test/test.h"

#include "wire/v1/v1.h"

static test_allocator memory;
static cf_allocator allocator;
static cf_buffer out;

static int set_up(void **state)
{
    (void)state;
    memory = test_allocator_failing_at(0);
    allocator = test_allocator_make(&memory);
    cf_buffer_init(&out, &allocator, CF_BUFFER_NO_LIMIT);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cf_buffer_free(&out);
    return memory.live == 0 ? 0 : -1;
}

/* What was written is this, and JSON. */
static void expect(const char *text)
{
    assert_string_equal(cf_buffer_text(&out), text);
    assert_true(cf_json_valid(cf_buffer_bytes(&out)));
    cf_buffer_clear(&out);
}

/* ---- commands: client-spec.md 6.1 ---- */

static void connect_and_refresh(void **state)
{
    (void)state;
    cf_connect_params params = {
        .user = CF_BYTES("U"), .info = CF_BYTES("I"), .timestamp = CF_BYTES("T"), .token = CF_BYTES("K")};
    cf_wire_write_connect(&out, 1, &params, false);
    expect("{\"method\":\"connect\",\"params\":{\"user\":\"U\",\"info\":\"I\",\"timestamp\":\"T\",\"token\":\"K\"},\"uid\":"
           "\"1\"}");
    cf_wire_write_connect(&out, 1, &params, true);
    expect("{\"method\":\"connect\",\"params\":{\"user\":\"U\",\"info\":\"I\"},\"uid\":\"1\"}");
    cf_wire_write_refresh(&out, 2, &params);
    expect("{\"method\":\"refresh\",\"params\":{\"user\":\"U\",\"timestamp\":\"T\",\"info\":\"I\",\"token\":\"K\"},\"uid\":"
           "\"2\"}");
    cf_connect_params none = {.user = CF_BYTES(""), .info = CF_BYTES("{\"a\":\"\xc3\xa9\n\"}")};
    cf_wire_write_connect(&out, 3, &none, true);
    expect("{\"method\":\"connect\",\"params\":{\"user\":\"\",\"info\":\"{\\\"a\\\":\\\"\xc3\xa9\\n\\\"}\"},\"uid\":\"3\"}");
    cf_connect_params json = {
        .user = CF_BYTES("7"), .info = CF_BYTES("{\"x\":1}"), .timestamp = CF_BYTES("1000"), .json = true};
    cf_wire_write_connect(&out, 4, &json, false);
    expect(
        "{\"method\":\"connect\",\"params\":{\"user\":7,\"info\":{\"x\":1},\"timestamp\":1000,\"token\":\"\"},\"uid\":\"4\"}");
}

static void subscribe(void **state)
{
    (void)state;
    cf_subscribe_params params = {.channel = CF_BYTES("C")};
    cf_wire_write_subscribe(&out, 3, &params, false);
    expect("{\"method\":\"subscribe\",\"params\":{\"channel\":\"C\"},\"uid\":\"3\"}");
    params.recover = true;
    params.last = CF_BYTES("ID");
    cf_wire_write_subscribe(&out, 3, &params, false);
    expect("{\"method\":\"subscribe\",\"params\":{\"channel\":\"C\",\"recover\":true,\"last\":\"ID\"},\"uid\":\"3\"}");
    params.last = CF_BYTES("");
    cf_wire_write_subscribe(&out, 3, &params, false);
    expect("{\"method\":\"subscribe\",\"params\":{\"channel\":\"C\",\"recover\":true,\"last\":\"\"},\"uid\":\"3\"}");
}

static void subscribe_to_a_private_channel(void **state)
{
    (void)state;
    cf_subscribe_params params = {.channel = CF_BYTES("$C"), .client = CF_BYTES("ID")};
    cf_wire_write_subscribe(&out, 3, &params, true);
    expect("{\"method\":\"subscribe\",\"params\":{\"channel\":\"$C\",\"client\":\"ID\"},\"uid\":\"3\"}");
    params.info = CF_BYTES("I");
    params.sign = CF_BYTES("S");
    cf_wire_write_subscribe(&out, 3, &params, true);
    expect("{\"method\":\"subscribe\",\"params\":{\"channel\":\"$C\",\"client\":\"ID\",\"info\":\"I\",\"sign\":\"S\"},\"uid\":"
           "\"3\"}");
    params.recover = true;
    params.last = CF_BYTES("L");
    cf_wire_write_subscribe(&out, 3, &params, true);
    expect("{\"method\":\"subscribe\",\"params\":{\"channel\":\"$C\",\"client\":\"ID\",\"info\":\"I\",\"sign\":\"S\","
           "\"recover\":true,"
           "\"last\":\"L\"},\"uid\":\"3\"}");
}

static void other_commands(void **state)
{
    (void)state;
    cf_wire_write_channel_command(&out, 4, CF_METHOD_UNSUBSCRIBE, CF_BYTES("C"));
    expect("{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"C\"},\"uid\":\"4\"}");
    cf_wire_write_publish(&out, 5, CF_BYTES("C"), CF_BYTES("{ \"n\": 1e999 }"));
    expect("{\"method\":\"publish\",\"params\":{\"channel\":\"C\",\"data\":{ \"n\": 1e999 }},\"uid\":\"5\"}");
    cf_wire_write_publish(&out, 5, CF_BYTES("C"), CF_BYTES("null"));
    expect("{\"method\":\"publish\",\"params\":{\"channel\":\"C\",\"data\":null},\"uid\":\"5\"}");
    cf_wire_write_publish(&out, 5, CF_BYTES("C"), cf_bytes_make(NULL, 0));
    expect("{\"method\":\"publish\",\"params\":{\"channel\":\"C\"},\"uid\":\"5\"}");
    cf_wire_write_channel_command(&out, 6, CF_METHOD_PRESENCE, CF_BYTES("C"));
    expect("{\"method\":\"presence\",\"params\":{\"channel\":\"C\"},\"uid\":\"6\"}");
    cf_wire_write_channel_command(&out, 7, CF_METHOD_HISTORY, CF_BYTES("a\"b"));
    expect("{\"method\":\"history\",\"params\":{\"channel\":\"a\\\"b\"},\"uid\":\"7\"}");
    cf_wire_write_ping(&out, 8);
    expect("{\"method\":\"ping\",\"uid\":\"8\"}");
}

/* ---- pushes: server-spec.md 2.11, encoder P ---- */

static const cf_client_info info = {{"42", 2}, {"c38e", 4}, {"{ \"a\":1}", 8}, {"[\"<\"]", 5}};
static const cf_client_info bare_info = {{"", 0}, {"c38e", 4}, {NULL, 0}, {NULL, 0}};

static void message_pushes(void **state)
{
    (void)state;
    cf_publication publication = {.uid = CF_BYTES("x2aQ"), .channel = CF_BYTES("all:x"), .data = CF_BYTES("{\"m\": 1}")};
    cf_wire_write_message(&out, &publication);
    expect("{\"method\":\"message\",\"body\":{\"uid\":\"x2aQ\",\"channel\":\"all:x\",\"data\":{\"m\": 1}}}");
    publication.client = CF_BYTES("0a9e");
    cf_wire_write_message(&out, &publication);
    expect(
        "{\"method\":\"message\",\"body\":{\"uid\":\"x2aQ\",\"client\":\"0a9e\",\"channel\":\"all:x\",\"data\":{\"m\": 1}}}");
    publication.client = CF_BYTES("c38e");
    publication.info = &info;
    publication.data = CF_BYTES("\"<&>\"");
    cf_wire_write_message(&out, &publication);
    expect("{\"method\":\"message\",\"body\":{\"uid\":\"x2aQ\",\"client\":\"c38e\",\"info\":{\"default_info\":{ \"a\":1},"
           "\"channel_info\":[\"<\"],\"user\":\"42\",\"client\":\"c38e\"},\"channel\":\"all:x\",\"data\":\"<&>\"}}");
}

/* 10.2, fix 5. */
static void the_uid_of_a_message_is_escaped(void **state)
{
    (void)state;
    cf_publication publication = {.uid = CF_BYTES("bad\"uid\n"), .channel = CF_BYTES("c"), .data = CF_BYTES("1")};
    cf_wire_write_message(&out, &publication);
    expect("{\"method\":\"message\",\"body\":{\"uid\":\"bad\\\"uid\\n\",\"channel\":\"c\",\"data\":1}}");
}

static void join_and_leave_pushes(void **state)
{
    (void)state;
    cf_wire_write_join_leave(&out, CF_METHOD_JOIN, CF_BYTES("c"), &info);
    expect("{\"method\":\"join\",\"body\":{\"channel\":\"c\",\"data\":{\"default_info\":{ "
           "\"a\":1},\"channel_info\":[\"<\"],\"user\":\"42\","
           "\"client\":\"c38e\"}}}");
    cf_wire_write_join_leave(&out, CF_METHOD_LEAVE, CF_BYTES("c"), &bare_info);
    expect("{\"method\":\"leave\",\"body\":{\"channel\":\"c\",\"data\":{\"user\":\"\",\"client\":\"c38e\"}}}");
}

/* ---- history and presence: encoder G ---- */

static void publications_and_infos_inside_of_replies(void **state)
{
    (void)state;
    cf_publication publication = {.uid = CF_BYTES("x2aQ"),
                                  .channel = CF_BYTES("all:x"),
                                  .data = CF_BYTES("{ \"t\" : \"<&>\xe2\x80\xa8\xc3\xa9\" }"),
                                  .client = CF_BYTES("c38e"),
                                  .info = &info};
    cf_wire_write_publication(&out, &publication);
    expect(
        "{\"uid\":\"x2aQ\",\"channel\":\"all:x\",\"data\":{\"t\":\"\\u003c\\u0026\\u003e\\u2028\xc3\xa9\"},\"client\":\"c38e\","
        "\"info\":{\"user\":\"42\",\"client\":\"c38e\",\"default_info\":{\"a\":1},\"channel_info\":[\"\\u003c\"]}}");
    publication.client = cf_bytes_make(NULL, 0);
    publication.info = NULL;
    publication.data = CF_BYTES("1");
    cf_wire_write_publication(&out, &publication);
    expect("{\"uid\":\"x2aQ\",\"channel\":\"all:x\",\"data\":1}");
    cf_wire_write_info(&out, &bare_info);
    expect("{\"user\":\"\",\"client\":\"c38e\"}");
}

/* ---- replies ---- */

static void reply(const char *uid, cf_method method, cf_trouble trouble, bool api, const char *body)
{
    cf_wire_begin_reply(&out, cf_bytes_of(uid), method, trouble, api);
    cf_buffer_append(&out, cf_bytes_of(body));
    cf_wire_end_reply(&out);
}

static void replies_to_clients(void **state)
{
    (void)state;
    reply("6", CF_METHOD_UNSUBSCRIBE, CF_TROUBLE_NONE, false, "{\"channel\":\"news\",\"status\":true}");
    expect("{\"uid\":\"6\",\"method\":\"unsubscribe\",\"body\":{\"channel\":\"news\",\"status\":true}}");
    reply("", CF_METHOD_UNSUBSCRIBE, CF_TROUBLE_NO_NAMESPACE, false, "{\"channel\":\"nons:x\",\"status\":false}");
    expect("{\"method\":\"unsubscribe\",\"error\":\"namespace not found\",\"advice\":\"fix\","
           "\"body\":{\"channel\":\"nons:x\",\"status\":false}}");
    reply("4", CF_METHOD_PRESENCE, CF_TROUBLE_NOT_AVAILABLE, false, "{\"channel\":\"news\",\"data\":null}");
    expect("{\"uid\":\"4\",\"method\":\"presence\",\"error\":\"not available\",\"advice\":\"retry\","
           "\"body\":{\"channel\":\"news\",\"data\":null}}");
    reply("6", CF_METHOD_UNSUBSCRIBE, CF_TROUBLE_INTERNAL, false, "{\"channel\":\"news\",\"status\":false}");
    expect("{\"uid\":\"6\",\"method\":\"unsubscribe\",\"error\":\"internal server error\",\"advice\":\"retry\","
           "\"body\":{\"channel\":\"news\",\"status\":false}}");
    reply("a\"<b", CF_METHOD_PING, CF_TROUBLE_NONE, false, "{\"data\":\"hi\"}");
    expect("{\"uid\":\"a\\\"\\u003cb\",\"method\":\"ping\",\"body\":{\"data\":\"hi\"}}");
    cf_wire_write_reply(&out, &(cf_reply){.uid = CF_BYTES("7"), .method = CF_METHOD_PING});
    expect("{\"uid\":\"7\",\"method\":\"ping\"}");
    cf_wire_write_reply(&out, &(cf_reply){.method = CF_METHOD_PING});
    expect("{\"method\":\"ping\"}");
}

static void replies_of_the_api(void **state)
{
    (void)state;
    reply("", CF_METHOD_PUBLISH, CF_TROUBLE_NONE, true, "null");
    expect("{\"method\":\"publish\",\"error\":null,\"body\":null}");
    reply("u1", CF_METHOD_PUBLISH, CF_TROUBLE_NO_NAMESPACE, true, "null");
    expect("{\"uid\":\"u1\",\"method\":\"publish\",\"error\":\"namespace not found\",\"advice\":\"fix\",\"body\":null}");
    reply("", CF_METHOD_PRESENCE, CF_TROUBLE_NOT_AVAILABLE, true, "{\"channel\":\"news\",\"data\":null}");
    expect("{\"method\":\"presence\",\"error\":\"not available\",\"body\":{\"channel\":\"news\",\"data\":null}}");
}

static void advices(void **state)
{
    (void)state;
    cf_wire_write_advice(&out, CF_BYTES("shutting down"), true);
    expect("{\"reason\":\"shutting down\",\"reconnect\":true}");
    cf_wire_write_advice(&out, CF_BYTES(""), false);
    expect("{\"reason\":\"\",\"reconnect\":false}");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    cf_publication publication = {.uid = CF_BYTES("x2aQ"), .channel = CF_BYTES("all:x"), .data = CF_BYTES("1"), .info = &info};
    for (size_t n = 1;; n++) {
        test_allocator failing = test_allocator_failing_at(n);
        cf_allocator limited = test_allocator_make(&failing);
        cf_buffer text;
        cf_buffer_init(&text, &limited, CF_BUFFER_NO_LIMIT);
        cf_wire_write_message(&text, &publication);
        cf_wire_write_publication(&text, &publication);
        assert_int_equal(text.failed, failing.failed);
        cf_buffer_free(&text);
        assert_int_equal(failing.live, 0);
        if (!failing.failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_and_refresh),
        cmocka_unit_test(subscribe),
        cmocka_unit_test(subscribe_to_a_private_channel),
        cmocka_unit_test(other_commands),
        cmocka_unit_test(message_pushes),
        cmocka_unit_test(the_uid_of_a_message_is_escaped),
        cmocka_unit_test(join_and_leave_pushes),
        cmocka_unit_test(publications_and_infos_inside_of_replies),
        cmocka_unit_test(replies_to_clients),
        cmocka_unit_test(replies_of_the_api),
        cmocka_unit_test(advices),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/test/trio.h"

/* What the HTTP API asks of a node (server-spec.md 5.3), its intervals, and its end. */

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_with_history, teardown)

static cf_namespace namespaces[1];
static char got[16000];

static int start_with_history(void **state)
{
    (void)state;
    harness_init(&h);
    namespaces[0] = (cf_namespace){.name = CF_BYTES("all")};
    namespaces[0].options =
        (cf_channel_options){.presence = true, .join_leave = true, .history_size = 3, .history_lifetime = 60};
    h.config.namespaces = namespaces;
    h.config.namespace_count = 1;
    return harness_start(&h, cf_engine_memory_new) ? 0 : -1;
}

static void note_done(void *user, cf_trouble trouble)
{
    (void)user;
    snprintf(got, sizeof got, "%s", trouble == CF_TROUBLE_NONE ? "ok" : cf_trouble_text(trouble).data);
}

static void data_done(void *user, cf_trouble trouble, cf_bytes data)
{
    (void)user;
    snprintf(got, sizeof got, "%s%s%.*s", trouble == CF_TROUBLE_NONE ? "" : cf_trouble_text(trouble).data,
             trouble == CF_TROUBLE_NONE ? "" : " ", (int)data.size, data.data);
}

#define CALL(call) (harness_begin(&h), (call), harness_end(&h), got)

static void publish_reaches_subscribers(void **state)
{
    (void)state;
    harness_connect(&h, &a, "1");
    subscribe(&a, "news");
    assert_string_equal(
        CALL(cf_node_publish(h.node, CF_BYTES("news"), CF_BYTES("{\"m\": 1}"), CF_BYTES(""), CF_BYTES(""), note_done, NULL)),
        "ok");
    harness_expect(&a, "{\"method\":\"message\",\"body\":{\"uid\":\"$M\",\"channel\":\"news\",\"data\":{\"m\": 1}}}");
    assert_string_equal(
        CALL(cf_node_publish(h.node, CF_BYTES("news"), CF_BYTES("2"), CF_BYTES("me"), CF_BYTES("bad\"uid"), note_done, NULL)),
        "ok");
    harness_expect(
        &a, "{\"method\":\"message\",\"body\":{\"uid\":\"bad\\\"uid\",\"client\":\"me\",\"channel\":\"news\",\"data\":2}}");
    assert_string_equal(
        CALL(cf_node_publish(h.node, CF_BYTES("nons:x"), CF_BYTES("2"), CF_BYTES(""), CF_BYTES(""), note_done, NULL)),
        "namespace not found");
}

static void unsubscribe_is_pushed_once_a_connection_and_channel(void **state)
{
    (void)state;
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "1");
    harness_connect(&h, &c, "2");
    subscribe(&a, "all:x");
    subscribe(&a, "news");
    harness_forget(&a);
    subscribe(&c, "news");
    assert_string_equal(CALL(cf_node_unsubscribe(h.node, CF_BYTES("1"), CF_BYTES("all:x"), note_done, NULL)), "ok");
    harness_expect(&a, "{\"method\":\"leave\",\"body\":{\"channel\":\"all:x\",\"data\":{\"user\":\"1\",\"client\":\"$ID\"}}}");
    harness_expect(&a, "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"all:x\",\"status\":true}}");
    harness_expect(&b, "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"all:x\",\"status\":true}}");
    subscribe(&a, "all:y");
    assert_string_equal(CALL(cf_node_unsubscribe(h.node, CF_BYTES("1"), CF_BYTES(""), note_done, NULL)), "ok");
    assert_int_equal(a.count, 3); /* leave, and two pushes */
    harness_expect_nothing(&b);
    harness_expect_nothing(&c);
    assert_string_equal(CALL(cf_node_channels(h.node, data_done, NULL)), "[\"news\"]");
    assert_string_equal(CALL(cf_node_unsubscribe(h.node, CF_BYTES(""), CF_BYTES("x"), note_done, NULL)), "invalid message");
    assert_string_equal(CALL(cf_node_unsubscribe(h.node, CF_BYTES("1"), CF_BYTES("nons:x"), note_done, NULL)),
                        "namespace not found");
    assert_string_equal(CALL(cf_node_unsubscribe(h.node, CF_BYTES("nobody"), CF_BYTES("x"), note_done, NULL)), "ok");
}

static void disconnect_closes_all_of_a_user(void **state)
{
    (void)state;
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "1");
    harness_connect(&h, &c, "2");
    assert_string_equal(CALL(cf_node_disconnect(h.node, CF_BYTES("1"), note_done, NULL)), "ok");
    harness_expect_closed(&a, "disconnect", false);
    harness_expect_closed(&b, "disconnect", false);
    assert_false(c.closed);
    assert_string_equal(CALL(cf_node_disconnect(h.node, CF_BYTES(""), note_done, NULL)), "invalid message");
    assert_string_equal(CALL(cf_node_disconnect(h.node, CF_BYTES("1"), note_done, NULL)), "ok");
}

static void presence_and_history_have_their_errors(void **state)
{
    (void)state;
    static void (*const calls[])(cf_node *, cf_bytes, cf_node_data_done, void *) = {cf_node_presence, cf_node_history};
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(CALL(calls[i](h.node, CF_BYTES(""), data_done, NULL)), "invalid message null");
        assert_string_equal(CALL(calls[i](h.node, CF_BYTES("nons:x"), data_done, NULL)), "namespace not found null");
        assert_string_equal(CALL(calls[i](h.node, CF_BYTES("news"), data_done, NULL)), "not available null");
        assert_string_equal(CALL(calls[i](h.node, CF_BYTES("all:none"), data_done, NULL)), i == 0 ? "{}" : "[]");
    }
    cf_node_publish(h.node, CF_BYTES("all:x"), CF_BYTES("1"), CF_BYTES(""), CF_BYTES("id1"), note_done, NULL);
    assert_string_equal(CALL(cf_node_history(h.node, CF_BYTES("all:x"), data_done, NULL)),
                        "[{\"uid\":\"id1\",\"channel\":\"all:x\",\"data\":1}]");
}

static int64_t value_of(const char *name)
{
    char quoted[100];
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    const char *found = strstr(got, quoted);
    if (found == NULL)
        fail_msg("%s is missing in %s", name, got);
    return strtoll(found + strlen(quoted), NULL, 10);
}

static void statistics_follow_the_intervals(void **state)
{
    (void)state;
    CALL(cf_node_stats(h.node, data_done, NULL));
    assert_int_equal(strncmp(got, "{\"nodes\":[{\"uid\":\"", 18), 0);
    assert_non_null(strstr(got, "\"name\":\"test\",\"started_at\":1700005000,\"metrics\":{"));
    assert_non_null(strstr(got, "}}],\"metrics_interval\":60}"));
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "1");
    harness_connect(&h, &c, "2");
    subscribe(&a, "news");
    CALL(cf_node_node(h.node, data_done, NULL));
    assert_int_equal(value_of("client_num_connect"), 3);
    assert_int_equal(value_of("node_num_clients"), 0); /* as of the last node ping */
    harness_pass(&h, 3200);
    CALL(cf_node_node(h.node, data_done, NULL));
    assert_int_equal(value_of("node_num_clients"), 3);
    assert_int_equal(value_of("node_num_unique_clients"), 2);
    assert_int_equal(value_of("node_num_channels"), 1);
    assert_int_equal(value_of("client_api_1_count"), 4);
    CALL(cf_node_stats(h.node, data_done, NULL));
    assert_int_equal(value_of("client_num_connect"), 0);
    assert_int_equal(value_of("node_num_clients"), 3); /* gauges do not wait for the interval's end */
    harness_pass(&h, 60000);
    CALL(cf_node_stats(h.node, data_done, NULL));
    assert_int_equal(value_of("client_num_connect"), 3);
    assert_int_equal(value_of("client_num_msg_sent"), 4);
    assert_int_equal(value_of("node_uptime_seconds"), 63); /* of the last node ping */
    harness_pass(&h, 60000);
    CALL(cf_node_stats(h.node, data_done, NULL));
    assert_int_equal(value_of("client_num_connect"), 0);
    assert_int_equal(value_of("node_num_clients"), 3);
    assert_int_equal(value_of("client_api_1_count"), 0);
    assert_int_equal(value_of("client_api_15_count"), 4);
    CALL(cf_node_node(h.node, data_done, NULL));
    assert_int_equal(value_of("client_num_connect"), 3);
}

static void a_shutdown_says_goodbye(void **state)
{
    (void)state;
    harness_connect(&h, &a, "1");
    harness_open(&h, &b);
    harness_begin(&h);
    cf_node_shut_down(h.node);
    harness_end(&h);
    assert_true(cf_node_is_shut_down(h.node));
    harness_expect_closed(&a, "shutting down", true);
    assert_false(b.closed); /* not authenticated: dropped with the node */
    harness_stop(&h);
    assert_true(b.closed);
    assert_int_equal(b.code, 0);
}

static void ids_are_what_they_say(void **state)
{
    (void)state;
    cf_services *services = cf_node_services(h.node);
    char id[CF_UUID_SIZE], first[CF_MESSAGE_ID_SIZE], second[CF_MESSAGE_ID_SIZE];
    cf_services_uuid(services, id);
    for (size_t i = 0; i < sizeof id; i++)
        assert_true(i == 8 || i == 13 || i == 18 || i == 23 ? id[i] == '-' : strchr("0123456789abcdef", id[i]) != NULL);
    assert_int_equal(id[14], '4');
    assert_non_null(strchr("89ab", id[19]));
    for (size_t i = 0; i < 200; i++) {
        cf_services_message_id(services, first);
        cf_services_message_id(services, second);
        assert_memory_equal(first, second, 12);
        assert_true(memcmp(first, second, sizeof first) < 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(publish_reaches_subscribers),     CASE(unsubscribe_is_pushed_once_a_connection_and_channel),
        CASE(disconnect_closes_all_of_a_user), CASE(presence_and_history_have_their_errors),
        CASE(statistics_follow_the_intervals), CASE(a_shutdown_says_goodbye),
        CASE(ids_are_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

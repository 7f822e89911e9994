#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/test/trio.h"

static void a_message_goes_round(void **state)
{
    (void)state;
    start();
    harness_open(&h, &a);
    harness_ask(&a, "{\"uid\":\"1\",\"method\":\"connect\",\"params\":{\"user\":\"42\",\"info\":\"{\\\"a\\\":1}\"}}",
                "{\"uid\":\"1\",\"method\":\"connect\",\"body\":{\"version\":\"$V\",\"client\":\"$ID\",\"expires\":false,"
                "\"expired\":false,"
                "\"ttl\":0}}");
    harness_connect(&h, &b, "43");
    harness_ask(&a, "{\"uid\":\"2\",\"method\":\"subscribe\",\"params\":{\"channel\":\"news\"}}",
                "{\"uid\":\"2\",\"method\":\"subscribe\",\"body\":{\"channel\":\"news\",\"status\":true,\"last\":\"\","
                "\"messages\":null,"
                "\"recovered\":false}}");
    harness_send(&b, "{\"uid\":\"2\",\"method\":\"subscribe\",\"params\":{\"channel\":\"news\"}}");
    harness_next(&b);
    harness_send(&a, "{\"uid\":\"3\",\"method\":\"publish\",\"params\":{\"channel\":\"news\",\"data\":{\"x\": 1.50}}}");
    char expected[512];
    snprintf(expected, sizeof expected,
             "{\"method\":\"message\",\"body\":{\"uid\":\"$M\",\"client\":\"%s\",\"info\":{\"default_info\":{\"a\":1},\"user\":"
             "\"42\","
             "\"client\":\"%s\"},\"channel\":\"news\",\"data\":{\"x\": 1.50}}}",
             a.id, a.id);
    harness_expect(&a, expected);
    harness_expect(&b, expected);
    harness_expect(&a, "{\"uid\":\"3\",\"method\":\"publish\",\"body\":{\"channel\":\"news\",\"status\":true}}");
    harness_ask(&a, "{\"uid\":\"7\",\"method\":\"ping\"}", "{\"uid\":\"7\",\"method\":\"ping\"}");
    harness_expect_nothing(&a);
    harness_expect_nothing(&b);
    harness_stop(&h);
    assert_true(a.closed && a.code == 0);
}

/* ---- the envelope -------------------------------------------------------- */

static void bad_messages_close(void **state)
{
    static const char *const messages[] = {
        "",
        "abc",
        " {\"method\":\"ping\"}",
        "[]",
        "null",
        "\"x\"",
        "{",
        "{\"method\":\"ping\"}x",
        "{\"uid\":1,\"method\":\"ping\"}",
        "[{\"method\":\"ping\"}",
        "{\"method\":\"ping\",\"x\":\"\xff\"}",
        "{\"method\":\"ping\",\"params\":[]}",
        "{\"method\":\"ping\",\"params\":{\"data\":1}}",
        "{\"method\":\"subscribe\"}",
        "{\"method\":\"subscribe\",\"params\":{}}",
        "{\"method\":\"subscribe\",\"params\":{\"channel\":1}}",
        "{\"method\":\"unsubscribe\",\"params\":{}}",
        "{\"method\":\"publish\"}",
        "{\"method\":\"presence\",\"params\":\"x\"}",
        "{\"method\":\"history\",\"params\":5}",
        "{\"method\":\"connect\",\"params\":{\"user\":\"1\"}}",
    };
    (void)state;
    start();
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        harness_connect(&h, &a, "1");
        harness_send(&a, messages[i]);
        harness_expect_nothing(&a);
        harness_expect_closed(&a, "invalid message", false);
    }
}

static void the_first_command_must_be_connect(void **state)
{
    static const char *const methods[] = {"ping", "subscribe", "nosuch", "", "refresh", "message"};
    (void)state;
    start();
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        char text[100];
        harness_open(&h, &a);
        snprintf(text, sizeof text, "{\"method\":\"%s\",\"params\":{}}", methods[i]);
        harness_send(&a, text);
        harness_expect_closed(&a, "unauthorized", false);
    }
}

static void unknown_methods_close(void **state)
{
    static const char *const methods[] = {"nosuch", "Ping", "message", "broadcast", "channels",
                                          "stats",  "node", "join",    "disconnect"};
    (void)state;
    start();
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        char text[100];
        harness_connect(&h, &a, "1");
        snprintf(text, sizeof text, "{\"method\":\"%s\",\"params\":{}}", methods[i]);
        harness_send(&a, text);
        harness_expect_closed(&a, "method not found", false);
    }
}

static void several_commands_get_one_array(void **state)
{
    (void)state;
    start();
    harness_connect(&h, &a, "1");
    harness_ask(&a, "[{\"uid\":\"2\",\"method\":\"ping\"},{\"uid\":\"3\",\"method\":\"ping\",\"params\":{\"data\":\"hi\"}}]",
                "[{\"uid\":\"2\",\"method\":\"ping\"},{\"uid\":\"3\",\"method\":\"ping\",\"body\":{\"data\":\"hi\"}}]");
    harness_ask(&a, "[{\"uid\":\"4\",\"method\":\"ping\"}]", "{\"uid\":\"4\",\"method\":\"ping\"}");
    harness_ask(&a, "{\"method\":\"ping\",\"params\":null}", "{\"method\":\"ping\"}");
}

static void a_fatal_command_silences_the_whole_array(void **state)
{
    (void)state;
    h.config.channel.publish = true;
    start();
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "2");
    harness_send(&b, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"c\"}}");
    harness_next(&b);
    harness_send(&a, "[{\"method\":\"subscribe\",\"params\":{\"channel\":\"c\"}},"
                     "{\"method\":\"publish\",\"params\":{\"channel\":\"c\",\"data\":1}},{\"method\":\"nosuch\"},"
                     "{\"method\":\"publish\",\"params\":{\"channel\":\"c\",\"data\":2}}]");
    harness_expect_nothing(&a);
    harness_expect_closed(&a, "method not found", false);
    assert_non_null(strstr(harness_next(&b), "\"data\":1}"));
    harness_expect_nothing(&b);
}

static void a_message_over_the_limit_closes(void **state)
{
    (void)state;
    h.config.client_request_max_size = 57;
    start();
    harness_connect(&h, &a, "1");
    harness_send(&a, "{\"method\":\"ping\",\"params\":{\"data\":\"0123456789012345678\"}}");
    assert_non_null(strstr(harness_next(&a), "0123456789012345678"));
    harness_send(&a, "{\"method\":\"ping\",\"params\":{\"data\":\"01234567890123456789\"}}");
    harness_expect_closed(&a, "limit exceeded", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_goes_round),
        TEST(bad_messages_close),
        TEST(the_first_command_must_be_connect),
        TEST(unknown_methods_close),
        TEST(several_commands_get_one_array),
        TEST(a_fatal_command_silences_the_whole_array),
        TEST(a_message_over_the_limit_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

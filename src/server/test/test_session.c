#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/test/harness.h"

static void a_message_goes_round(void **state)
{
    harness h;
    harness_client a, b;
    (void)state;
    harness_init(&h);
    assert_true(harness_start(&h, cf_engine_memory_new));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/test/trio.h"
#include "wire/v1/sign.h"

/* Each command against its table in server-spec.md 2. */

#define SUBSCRIBE(channel) "{\"uid\":\"2\",\"method\":\"subscribe\",\"params\":{\"channel\":\"" channel "\"}}"
#define REFUSED(error, channel)                                                                                                \
    "{\"uid\":\"2\",\"method\":\"subscribe\",\"error\":\"" error "\",\"advice\":\"fix\",\"body\":{\"channel\":\"" channel      \
    "\",\"status\":false,\"last\":\"\",\"messages\":null,\"recovered\":false}}"
#define SUBSCRIBED(channel)                                                                                                    \
    "{\"uid\":\"2\",\"method\":\"subscribe\",\"body\":{\"channel\":\"" channel                                                 \
    "\",\"status\":true,\"last\":\"\",\"messages\":null,\"recovered\":false}}"

/* ---- connect and refresh ------------------------------------------------- */

static void secure(void)
{
    h.config.insecure = false;
    h.config.secret = CF_BYTES("secret");
}

static void credentials(char *text, size_t size, const char *method, const char *user, const char *timestamp, const char *info)
{
    cf_sign token;
    cf_sign_token(CF_BYTES("secret"), cf_bytes_of(user), cf_bytes_of(timestamp), cf_bytes_of(info), token);
    char quoted[256] = "";
    for (const char *at = info; *at != '\0'; at++)
        snprintf(quoted + strlen(quoted), sizeof quoted - strlen(quoted), *at == '"' ? "\\%c" : "%c", *at);
    snprintf(text, size,
             "{\"uid\":\"1\",\"method\":\"%s\",\"params\":{\"user\":\"%s\",\"timestamp\":\"%s\",\"info\":\"%s\",\"token\":\"%.*"
             "s\"}}",
             method, user, timestamp, quoted, (int)sizeof token, token);
}

static void present_credentials(harness_client *client, const char *method, const char *user, int64_t timestamp,
                                const char *info)
{
    char text[1024], number[32];
    snprintf(number, sizeof number, "%lld", (long long)timestamp);
    credentials(text, sizeof text, method, user, number, info);
    harness_send(client, text);
}

static int64_t now(void)
{
    return h.unix_time + h.now / 1000;
}

static void connect_accepts_the_documented_token(void **state)
{
    (void)state;
    secure();
    start();
    harness_open(&h, &a);
    harness_ask(&a,
                "{\"uid\":\"1\",\"method\":\"connect\",\"params\":{\"user\":\"42\",\"timestamp\":\"1795452449\",\"info\":\"{"
                "\\\"a\\\":1}\","
                "\"token\":\"9b0e3328338857eb01fd8c5b63f704c73ca7e6c5f48df85bacd0a355ad3f78eb\"}}",
                "{\"uid\":\"1\",\"method\":\"connect\",\"body\":{\"version\":\"$V\",\"client\":\"$ID\",\"expires\":false,"
                "\"expired\":false,"
                "\"ttl\":0}}");
}

static void connect_refuses_wrong_tokens(void **state)
{
    static const char *const tokens[] = {"", "9B0E3328338857EB01FD8C5B63F704C73CA7E6C5F48DF85BACD0A355AD3F78EB",
                                         "9b0e3328338857eb01fd8c5b63f704c73ca7e6c5f48df85bacd0a355ad3f78ec", "9b0e"};
    (void)state;
    secure();
    start();
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "{\"uid\":\"1\",\"method\":\"connect\",\"params\":{\"user\":\"42\",\"timestamp\":\"1795452449\",\"info\":\"{"
                 "\\\"a\\\":1}\","
                 "\"token\":\"%s\"}}",
                 tokens[i]);
        harness_open(&h, &a);
        harness_send(&a, text);
        harness_expect_nothing(&a);
        harness_expect_closed(&a, "invalid token", false);
    }
}

static void an_empty_secret_lets_nobody_in(void **state)
{
    (void)state;
    h.config.insecure = false;
    start();
    cf_sign token;
    char text[512];
    cf_sign_token(CF_BYTES(""), CF_BYTES("42"), CF_BYTES("1"), CF_BYTES(""), token);
    snprintf(text, sizeof text, "{\"method\":\"connect\",\"params\":{\"user\":\"42\",\"timestamp\":\"1\",\"token\":\"%.*s\"}}",
             (int)sizeof token, token);
    harness_open(&h, &a);
    harness_send(&a, text);
    harness_expect_closed(&a, "invalid token", false);
    assert_int_equal(h.logged, 1);
}

static void connect_needs_a_whole_number_as_timestamp(void **state)
{
    static const struct {
        const char *timestamp;
        bool good;
    } cases[] = {{"+1", true},
                 {"-5", true},
                 {"1", true},
                 {"", false},
                 {"abc", false},
                 {" 1", false},
                 {"1.0", false},
                 {"9223372036854775808", false},
                 {"9223372036854775807", true},
                 {"-9223372036854775808", true}};
    (void)state;
    secure();
    start();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        credentials(text, sizeof text, "connect", "7", cases[i].timestamp, "");
        harness_open(&h, &a);
        harness_send(&a, text);
        if (cases[i].good) {
            assert_non_null(strstr(harness_next(&a), a.id));
            harness_begin(&h);
            cf_session_gone(a.session);
            harness_end(&h);
        } else {
            harness_expect_closed(&a, "invalid message", false);
        }
    }
}

static void expired_credentials_may_be_followed_by_others(void **state)
{
    (void)state;
    secure();
    h.config.connection_lifetime = 10;
    start();
    harness_open(&h, &a);
    present_credentials(&a, "connect", "7", now() - 10, "");
    harness_expect(
        &a,
        "{\"uid\":\"1\",\"method\":\"connect\",\"body\":{\"version\":\"$V\",\"client\":\"\",\"expires\":true,\"expired\":true,"
        "\"ttl\":10}}");
    present_credentials(&a, "connect", "7", now() - 9, "");
    harness_expect(&a, "{\"uid\":\"1\",\"method\":\"connect\",\"body\":{\"version\":\"$V\",\"client\":\"$ID\",\"expires\":true,"
                       "\"expired\":false,"
                       "\"ttl\":10}}");
}

static void a_user_has_a_number_of_connections(void **state)
{
    static harness_client others[6];
    (void)state;
    h.config.user_connection_limit = 2;
    start();
    harness_connect(&h, &others[0], "7");
    harness_connect(&h, &others[1], "7");
    harness_open(&h, &a);
    harness_send(&a, "{\"method\":\"connect\",\"params\":{\"user\":\"7\"}}");
    harness_expect_closed(&a, "limit exceeded", false);
    harness_begin(&h);
    cf_session_gone(others[1].session);
    harness_end(&h);
    harness_connect(&h, &a, "7");
    /* Another user is not concerned, an anonymous one never is. */
    harness_connect(&h, &others[2], "8");
    for (size_t i = 3; i < 6; i++)
        harness_connect(&h, &others[i], "");
}

static void invalid_info_is_left_out(void **state)
{
    (void)state;
    h.config.channel.presence = true;
    start();
    harness_open(&h, &a);
    harness_send(&a, "{\"method\":\"connect\",\"params\":{\"user\":\"7\",\"info\":\"{not json\"}}");
    harness_next(&a);
    harness_send(&a, SUBSCRIBE("c"));
    harness_next(&a);
    char expected[256];
    snprintf(expected, sizeof expected,
             "{\"method\":\"presence\",\"body\":{\"channel\":\"c\",\"data\":{\"%s\":{\"user\":\"7\",\"client\":\"%s\"}}}}",
             a.id, a.id);
    harness_ask(&a, "{\"method\":\"presence\",\"params\":{\"channel\":\"c\"}}", expected);
}

static void refresh_renews(void **state)
{
    (void)state;
    secure();
    h.config.connection_lifetime = 60;
    h.config.expired_connection_close_delay = 2;
    h.config.channel.presence = true;
    start();
    harness_open(&h, &a);
    present_credentials(&a, "connect", "7", now(), "");
    harness_next(&a);
    harness_pass(&h, 30000);
    present_credentials(&a, "refresh", "7", now(), "{\"x\":1}");
    harness_expect(&a, "{\"uid\":\"1\",\"method\":\"refresh\",\"body\":{\"version\":\"$V\",\"client\":\"$ID\",\"expires\":true,"
                       "\"expired\":false,"
                       "\"ttl\":60}}");
    harness_pass(&h, 60000);
    assert_false(a.closed);
    harness_send(&a, SUBSCRIBE("c"));
    harness_next(&a);
    harness_send(&a, "{\"method\":\"presence\",\"params\":{\"channel\":\"c\"}}");
    assert_non_null(strstr(harness_next(&a), "\"default_info\":{\"x\":1}"));
    harness_pass(&h, 2200);
    harness_expect_closed(&a, "expired", true);
}

static void refresh_of_another_user_changes_nothing(void **state)
{
    (void)state;
    secure();
    h.config.connection_lifetime = 60;
    h.config.expired_connection_close_delay = 2;
    start();
    harness_open(&h, &a);
    present_credentials(&a, "connect", "7", now(), "");
    harness_next(&a);
    harness_pass(&h, 30000);
    present_credentials(&a, "refresh", "8", now(), "");
    assert_non_null(strstr(harness_next(&a), "\"expired\":false"));
    harness_pass(&h, 31900);
    assert_false(a.closed);
    harness_pass(&h, 300);
    harness_expect_closed(&a, "expired", true);
}

static void refresh_checks_its_token_always(void **state)
{
    (void)state;
    h.config.secret = CF_BYTES("secret");
    start();
    harness_connect(&h, &a, "7");
    present_credentials(&a, "refresh", "7", now() - 100, "");
    assert_non_null(strstr(harness_next(&a), "\"expires\":false,\"expired\":false,\"ttl\":0"));
    harness_send(&a, "{\"method\":\"refresh\",\"params\":{}}");
    harness_expect_closed(&a, "invalid token", false);
}

/* ---- subscribe ----------------------------------------------------------- */

static cf_namespace namespaces[2];

static void add_namespaces(void)
{
    namespaces[0] = (cf_namespace){.name = CF_BYTES("all")};
    namespaces[0].options = (cf_channel_options){.publish = true,
                                                 .presence = true,
                                                 .join_leave = true,
                                                 .recover = true,
                                                 .history_size = 3,
                                                 .history_lifetime = 60,
                                                 .anonymous = true};
    namespaces[1] = (cf_namespace){.name = CF_BYTES("bare")};
    h.config.namespaces = namespaces;
    h.config.namespace_count = 2;
}

static void subscribe_is_refused_for_each_reason(void **state)
{
    (void)state;
    secure();
    add_namespaces();
    h.config.max_channel_length = 10;
    h.config.client_channel_limit = 3;
    start();
    harness_open(&h, &a);
    present_credentials(&a, "connect", "7", now(), "");
    harness_next(&a);
    harness_ask(&a, SUBSCRIBE("01234567890"), REFUSED("limit exceeded", "01234567890"));
    harness_ask(&a, SUBSCRIBE("0123456789"), SUBSCRIBED("0123456789"));
    harness_ask(&a, SUBSCRIBE("0123456789"), REFUSED("already subscribed", "0123456789"));
    harness_ask(&a, SUBSCRIBE("d#42"), REFUSED("permission denied", "d#42"));
    harness_ask(&a, SUBSCRIBE("nons#42:x"), REFUSED("permission denied", "nons#42:x"));
    harness_ask(&a, SUBSCRIBE("d&x"), REFUSED("permission denied", "d\\u0026x"));
    harness_ask(&a, SUBSCRIBE("nons:x"), REFUSED("namespace not found", "nons:x"));
    harness_ask(&a, SUBSCRIBE("$x"), REFUSED("permission denied", "$x"));
    harness_ask(&a, SUBSCRIBE("d#42,7"), SUBSCRIBED("d#42,7"));
    harness_ask(&a, SUBSCRIBE("bare:x"), SUBSCRIBED("bare:x"));
    harness_ask(&a, SUBSCRIBE("0123456789"), REFUSED("limit exceeded", "0123456789"));
}

static void the_anonymous_user_needs_a_permission(void **state)
{
    (void)state;
    secure();
    add_namespaces();
    start();
    harness_open(&h, &a);
    present_credentials(&a, "connect", "", now(), "");
    harness_next(&a);
    harness_ask(&a, SUBSCRIBE("x"), REFUSED("permission denied", "x"));
    harness_send(&a, SUBSCRIBE("all:x"));
    harness_next(&a);
    assert_non_null(strstr(harness_next(&a), "\"status\":true"));
}

static void subscribe_private(harness_client *client, const char *id, const char *channel, const char *info,
                              const char *signed_info)
{
    char text[512];
    cf_sign sign;
    cf_sign_channel(CF_BYTES("secret"), cf_bytes_of(id), cf_bytes_of(channel), cf_bytes_of(signed_info), sign);
    snprintf(text, sizeof text,
             "{\"uid\":\"2\",\"method\":\"subscribe\",\"params\":{\"channel\":\"%s\",\"client\":\"%s\",\"info\":\"%s\","
             "\"sign\":\"%.*s\"}}",
             channel, id, info, (int)sizeof sign, sign);
    harness_send(client, text);
}

static void private_channels_need_a_sign_even_in_insecure_mode(void **state)
{
    (void)state;
    h.config.secret = CF_BYTES("secret");
    h.config.channel.presence = true;
    start();
    harness_connect(&h, &a, "7");
    subscribe_private(&a, a.id, "$x", "", "other");
    harness_expect(&a, REFUSED("permission denied", "$x"));
    subscribe_private(&a, "00000000-0000-4000-8000-000000000000", "$x", "", "");
    harness_expect(&a, REFUSED("permission denied", "$x"));
    subscribe_private(&a, a.id, "$x", "[1]", "[1]");
    harness_expect(&a, SUBSCRIBED("$x"));
    harness_send(&a, "{\"method\":\"presence\",\"params\":{\"channel\":\"$x\"}}");
    assert_non_null(strstr(harness_next(&a), "\"channel_info\":[1]"));
    /* The info goes with the subscription (10.2, fix 18). */
    harness_send(&a, "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"$x\"}}");
    harness_next(&a);
    subscribe_private(&a, a.id, "$x", "", "");
    harness_expect(&a, SUBSCRIBED("$x"));
    harness_send(&a, "{\"method\":\"presence\",\"params\":{\"channel\":\"$x\"}}");
    assert_null(strstr(harness_next(&a), "channel_info"));
}

static void client_channels_belong_to_one_client(void **state)
{
    (void)state;
    start();
    harness_connect(&h, &a, "7");
    harness_connect(&h, &b, "7");
    char text[200];
    snprintf(text, sizeof text, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"d&%s\"}}", a.id);
    harness_send(&b, text);
    assert_non_null(strstr(harness_next(&b), "permission denied"));
    harness_send(&a, text);
    assert_non_null(strstr(harness_next(&a), "\"status\":true"));
}

/* ---- publish, presence, history, unsubscribe ------------------------------ */

#define PUBLISH(channel, data)                                                                                                 \
    "{\"uid\":\"3\",\"method\":\"publish\",\"params\":{\"channel\":\"" channel "\",\"data\":" data "}}"
#define NOT_PUBLISHED(channel, error, advice)                                                                                  \
    "{\"uid\":\"3\",\"method\":\"publish\",\"error\":\"" error "\",\"advice\":\"" advice "\",\"body\":{\"channel\":\"" channel \
    "\",\"status\":false}}"

static void connect_secure(harness_client *client, const char *user)
{
    harness_open(&h, client);
    present_credentials(client, "connect", user, now(), "");
    harness_next(client);
}

static void subscribe_quietly(harness_client *client, const char *channel)
{
    char text[200];
    snprintf(text, sizeof text, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"%s\"}}", channel);
    harness_send(client, text);
    harness_forget(client);
}

static void publish_is_refused_for_each_reason(void **state)
{
    (void)state;
    secure();
    add_namespaces();
    start();
    connect_secure(&a, "7");
    harness_ask(&a, "{\"uid\":\"3\",\"method\":\"publish\",\"params\":{\"data\":1}}",
                NOT_PUBLISHED("", "invalid message", "fix"));
    harness_ask(&a, "{\"uid\":\"3\",\"method\":\"publish\",\"params\":{\"channel\":\"x\"}}",
                NOT_PUBLISHED("x", "invalid message", "fix"));
    harness_ask(&a, PUBLISH("x", "1"), NOT_PUBLISHED("x", "permission denied", "fix"));
    subscribe_quietly(&a, "x");
    harness_ask(&a, PUBLISH("x", "1"), NOT_PUBLISHED("x", "permission denied", "fix"));
    subscribe_quietly(&a, "bare:x");
    h.config.namespace_count = 1;
    cf_node_configure(h.node, &h.config);
    harness_ask(&a, PUBLISH("bare:x", "1"), NOT_PUBLISHED("bare:x", "internal server error", "retry"));
}

static void data_passes_byte_for_byte(void **state)
{
    static const char *const data[] = {"null",        "1e999", "2.50", "\"\\ud800\"", "{ \"b\" : [ 1 , 2 ],\"a\":\"<&>\"}",
                                       "\"\\u0061\"", "-0"};
    (void)state;
    start();
    harness_connect(&h, &a, "7");
    subscribe_quietly(&a, "x");
    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++) {
        char text[200], expected[200];
        snprintf(text, sizeof text, "{\"method\":\"publish\",\"params\":{\"channel\":\"x\",\"data\":%s}}", data[i]);
        snprintf(expected, sizeof expected, "\"channel\":\"x\",\"data\":%s}}", data[i]);
        harness_send(&a, text);
        assert_non_null(strstr(harness_next(&a), expected));
        assert_non_null(strstr(harness_next(&a), "\"status\":true"));
    }
}

static void presence_and_history_have_their_errors(void **state)
{
    (void)state;
    secure();
    add_namespaces();
    start();
    connect_secure(&a, "7");
    static const char *const methods[] = {"presence", "history"};
    static const struct {
        const char *channel;
        const char *error;
        const char *advice;
    } cases[] = {{"", "permission denied", "fix"},
                 {"other", "permission denied", "fix"},
                 {"plain", "not available", "retry"},
                 {"bare:x", "namespace not found", "retry"}};
    subscribe_quietly(&a, "plain");
    subscribe_quietly(&a, "bare:x");
    h.config.namespace_count = 1;
    cf_node_configure(h.node, &h.config);
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < sizeof cases / sizeof cases[0]; j++) {
            char text[200], expected[200];
            snprintf(text, sizeof text, "{\"uid\":\"4\",\"method\":\"%s\",\"params\":{\"channel\":\"%s\"}}", methods[i],
                     cases[j].channel);
            snprintf(expected, sizeof expected,
                     "{\"uid\":\"4\",\"method\":\"%s\",\"error\":\"%s\",\"advice\":\"%s\",\"body\":{\"channel\":\"%s\","
                     "\"data\":null}}",
                     methods[i], cases[j].error, cases[j].advice, cases[j].channel);
            harness_ask(&a, text, expected);
        }
    }
}

static void history_is_newest_first(void **state)
{
    (void)state;
    add_namespaces();
    start();
    harness_connect(&h, &a, "7");
    subscribe_quietly(&a, "all:x");
    harness_ask(&a, "{\"method\":\"history\",\"params\":{\"channel\":\"all:x\"}}",
                "{\"method\":\"history\",\"body\":{\"channel\":\"all:x\",\"data\":[]}}");
    harness_send(&a, PUBLISH("all:x", "1"));
    harness_send(&a, PUBLISH("all:x", "{\"t\":\"<\"}"));
    harness_forget(&a);
    char expected[1024];
    snprintf(
        expected, sizeof expected,
        "{\"method\":\"history\",\"body\":{\"channel\":\"all:x\",\"data\":["
        "{\"uid\":\"$M\",\"channel\":\"all:x\",\"data\":{\"t\":\"\\u003c\"},\"client\":\"%s\",\"info\":{\"user\":\"7\","
        "\"client\":\"%s\"}},"
        "{\"uid\":\"$M\",\"channel\":\"all:x\",\"data\":1,\"client\":\"%s\",\"info\":{\"user\":\"7\",\"client\":\"%s\"}}]}}",
        a.id, a.id, a.id, a.id);
    harness_ask(&a, "{\"method\":\"history\",\"params\":{\"channel\":\"all:x\"}}", expected);
}

static void what_is_published_after_a_subscribe_comes_behind_its_reply(void **state)
{
    (void)state;
    h.config.channel.join_leave = true;
    start();
    harness_connect(&h, &a, "7");
    harness_begin(&h);
    harness_feed(&a, SUBSCRIBE("x"));
    cf_node_publish(h.node, CF_BYTES("x"), CF_BYTES("5"), CF_BYTES(""), CF_BYTES("u"), done, NULL);
    harness_end(&h);
    harness_expect(&a, "{\"method\":\"join\",\"body\":{\"channel\":\"x\",\"data\":{\"user\":\"7\",\"client\":\"$ID\"}}}");
    harness_expect(&a, SUBSCRIBED("x"));
    harness_expect(&a, "{\"method\":\"message\",\"body\":{\"uid\":\"u\",\"channel\":\"x\",\"data\":5}}");
}

static void joins_and_leaves_come_before_the_reply(void **state)
{
    (void)state;
    h.config.channel.join_leave = true;
    start();
    harness_connect(&h, &a, "7");
    harness_connect(&h, &b, "");
    harness_send(&a, SUBSCRIBE("x"));
    harness_expect(&a, "{\"method\":\"join\",\"body\":{\"channel\":\"x\",\"data\":{\"user\":\"7\",\"client\":\"$ID\"}}}");
    harness_expect(&a, SUBSCRIBED("x"));
    harness_send(&b, SUBSCRIBE("x"));
    harness_expect(&b, "{\"method\":\"join\",\"body\":{\"channel\":\"x\",\"data\":{\"user\":\"\",\"client\":\"$ID\"}}}");
    harness_expect(&b, SUBSCRIBED("x"));
    assert_non_null(strstr(harness_next(&a), b.id));
    harness_send(&b, "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"x\"}}");
    harness_expect(&b, "{\"method\":\"leave\",\"body\":{\"channel\":\"x\",\"data\":{\"user\":\"\",\"client\":\"$ID\"}}}");
    harness_expect(&b, "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"x\",\"status\":true}}");
    assert_non_null(strstr(harness_next(&a), "\"method\":\"leave\""));
    harness_send(&b, SUBSCRIBE("x"));
    harness_next(&a);
    harness_begin(&h);
    cf_session_gone(b.session);
    harness_end(&h);
    assert_non_null(strstr(harness_next(&a), "\"method\":\"leave\""));
    harness_expect_nothing(&a);
}

static void unsubscribe_succeeds_also_when_not_subscribed(void **state)
{
    (void)state;
    add_namespaces();
    start();
    harness_connect(&h, &a, "7");
    harness_ask(&a, "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"x\"}}",
                "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"x\",\"status\":true}}");
    harness_ask(&a, "{\"uid\":\"6\",\"method\":\"unsubscribe\",\"params\":{\"channel\":\"nons:x\"}}",
                "{\"uid\":\"6\",\"method\":\"unsubscribe\",\"error\":\"namespace not "
                "found\",\"advice\":\"fix\",\"body\":{\"channel\":\"nons:x\",\"status\":"
                "false}}");
}

static void count_data(void *user, cf_trouble trouble, cf_bytes data)
{
    assert_int_equal(trouble, CF_TROUBLE_NONE);
    assert_true(cf_bytes_equal(data, cf_bytes_of(user)));
}

static void a_removed_namespace_can_be_left(void **state)
{
    (void)state;
    add_namespaces();
    start();
    harness_connect(&h, &a, "7");
    harness_connect(&h, &b, "7");
    subscribe_quietly(&a, "all:x");
    subscribe_quietly(&b, "all:x");
    harness_forget(&a);
    static cf_config without;
    without = h.config;
    without.namespace_count = 0;
    cf_node_configure(h.node, &without);
    harness_ask(&a, "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"all:x\"}}",
                "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"all:x\",\"status\":true}}");
    harness_begin(&h);
    cf_session_gone(b.session);
    harness_end(&h);
    cf_node_channels(h.node, count_data, "[]");
    cf_node_configure(h.node, &h.config);
    cf_node_presence(h.node, CF_BYTES("all:x"), count_data, "{}");
}

/* ---- recover (2.13) ------------------------------------------------------ */

static void recover_gives_what_was_missed(void **state)
{
    char text[300], last[CF_MESSAGE_ID_SIZE + 1];
    (void)state;
    add_namespaces();
    namespaces[0].options.join_leave = false;
    start();
    harness_connect(&h, &a, "7");
    harness_connect(&h, &b, "7");
    subscribe_quietly(&b, "all:x");
    harness_ask(&a, SUBSCRIBE("all:x"), SUBSCRIBED("all:x"));
    harness_send(&b, PUBLISH("all:x", "1"));
    harness_forget(&b);
    const char *push = harness_next(&a);
    memcpy(last, strstr(push, "\"uid\":\"") + 7, CF_MESSAGE_ID_SIZE);
    last[CF_MESSAGE_ID_SIZE] = '\0';
    harness_send(&a, "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"all:x\"}}");
    harness_next(&a);
    /* `last` of a plain subscribe is the newest message. */
    snprintf(text, sizeof text, "\"status\":true,\"last\":\"%s\",\"messages\":null,\"recovered\":false}", last);
    harness_send(&a, SUBSCRIBE("all:x"));
    assert_non_null(strstr(harness_next(&a), text));
    harness_send(&a, "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"all:x\"}}");
    harness_next(&a);
    harness_send(&b, PUBLISH("all:x", "2"));
    harness_send(&b, PUBLISH("all:x", "3"));
    snprintf(text, sizeof text,
             "{\"method\":\"subscribe\",\"params\":{\"channel\":\"all:x\",\"recover\":true,\"last\":\"%s\"}}", last);
    harness_send(&a, text);
    const char *reply = harness_next(&a);
    assert_non_null(strstr(reply, "\"last\":\"\",\"messages\":[{\"uid\":\""));
    assert_non_null(strstr(reply, "],\"recovered\":true}}"));
    assert_true(strstr(reply, "\"data\":3") < strstr(reply, "\"data\":2"));
    assert_null(strstr(reply, "\"data\":1"));
    /* A last that the history does not know: all of it. */
    harness_send(&a, "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"all:x\"}}");
    harness_next(&a);
    harness_send(&a, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"all:x\",\"recover\":true,\"last\":\"\"}}");
    reply = harness_next(&a);
    assert_non_null(strstr(reply, "],\"recovered\":false}}"));
    assert_non_null(strstr(reply, "\"data\":1"));
    harness_forget(&b);
}

static void recover_without_history_recovers_nothing(void **state)
{
    (void)state;
    add_namespaces();
    namespaces[0].options.join_leave = false;
    namespaces[0].options.history_size = 0;
    start();
    harness_connect(&h, &a, "7");
    harness_ask(&a, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"all:x\",\"recover\":true,\"last\":\"q\"}}",
                "{\"method\":\"subscribe\",\"body\":{\"channel\":\"all:x\",\"status\":true,\"last\":\"\",\"messages\":[],"
                "\"recovered\":false}}");
    harness_ask(&a, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"x\",\"recover\":true,\"last\":\"q\"}}",
                "{\"method\":\"subscribe\",\"body\":{\"channel\":\"x\",\"status\":true,\"last\":\"\",\"messages\":null,"
                "\"recovered\":false}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(connect_accepts_the_documented_token),
        TEST(connect_refuses_wrong_tokens),
        TEST(an_empty_secret_lets_nobody_in),
        TEST(connect_needs_a_whole_number_as_timestamp),
        TEST(expired_credentials_may_be_followed_by_others),
        TEST(a_user_has_a_number_of_connections),
        TEST(invalid_info_is_left_out),
        TEST(refresh_renews),
        TEST(refresh_of_another_user_changes_nothing),
        TEST(refresh_checks_its_token_always),
        TEST(subscribe_is_refused_for_each_reason),
        TEST(the_anonymous_user_needs_a_permission),
        TEST(private_channels_need_a_sign_even_in_insecure_mode),
        TEST(client_channels_belong_to_one_client),
        TEST(publish_is_refused_for_each_reason),
        TEST(data_passes_byte_for_byte),
        TEST(presence_and_history_have_their_errors),
        TEST(history_is_newest_first),
        TEST(what_is_published_after_a_subscribe_comes_behind_its_reply),
        TEST(joins_and_leaves_come_before_the_reply),
        TEST(unsubscribe_succeeds_also_when_not_subscribed),
        TEST(a_removed_namespace_can_be_left),
        TEST(recover_gives_what_was_missed),
        TEST(recover_without_history_recovers_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

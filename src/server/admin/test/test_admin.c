#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/admin/login.h"
#include "server/admin/session.h"
#include "server/admin/token.h"
#include "server/broker.h"
#include "server/test/harness.h"
#include "server/test/slow_engine.h"

#define NOW INT64_C(1600000000)

/* ---- what every test needs ---- */

typedef struct fixture {
    harness h;
    cf_admin_session *session; /* NULL: closed */
    int texts;
    char text[4096]; /* the last one */
    bool paused;
    cf_trouble trouble;
    cf_logins logins;
} fixture;

static fixture f;

static void send_text(void *transport, cf_bytes text)
{
    fixture *fix = transport;
    assert_true(text.size < sizeof fix->text);
    memcpy(fix->text, text.data, text.size);
    fix->text[text.size] = 0;
    fix->texts++;
}

static void pause_reading(void *transport, bool pause)
{
    ((fixture *)transport)->paused = pause;
}

static void ended(void *transport, cf_trouble trouble)
{
    fixture *fix = transport;
    fix->session = NULL;
    fix->trouble = trouble;
}

static const cf_admin_transport_ops ops = {send_text, pause_reading, ended};

static int start(cf_engine_maker engine)
{
    memset(&f, 0, sizeof f);
    harness_init(&f.h);
    f.h.unix_time = NOW;
    f.h.config.admin_secret = CF_BYTES("key");
    f.h.config.admin_password = CF_BYTES("word");
    f.h.config.channel.watch = true;
    if (!harness_start(&f.h, engine))
        return -1;
    f.session = cf_admin_session_new(f.h.node, &ops, &f);
    return f.session != NULL ? 0 : -1;
}

static int set_up(void **state)
{
    (void)state;
    return start(cf_engine_memory_new);
}

static int set_up_slow(void **state)
{
    (void)state;
    return start(slow_engine_new);
}

static int tear_down(void **state)
{
    (void)state;
    if (f.session != NULL)
        cf_admin_session_gone(f.session);
    harness_stop(&f.h);
    return 0;
}

static void say(const char *text)
{
    harness_begin(&f.h);
    cf_admin_session_receive(f.session, cf_bytes_of(text));
    harness_end(&f.h);
}

static void ask(const char *text, const char *answer)
{
    int before = f.texts;
    say(text);
    assert_int_equal(f.texts, before + 1);
    assert_string_equal(f.text, answer);
}

static void expect_closed(const char *text, cf_trouble trouble)
{
    say(text);
    assert_null(f.session);
    assert_int_equal(f.trouble, trouble);
}

static void log_on(bool watch)
{
    char text[256];
    cf_buffer token;
    cf_buffer_init(&token, &f.h.allocator, CF_BUFFER_NO_LIMIT);
    cf_admin_token_write(&token, CF_BYTES("key"), NOW);
    (void)snprintf(text, sizeof text, "{\"uid\":\"1\",\"method\":\"connect\",\"params\":{\"token\":\"%.*s\",\"watch\":%s}}",
                   (int)token.size, token.data, watch ? "true" : "false");
    cf_buffer_free(&token);
    ask(text, "[{\"uid\":\"1\",\"method\":\"connect\",\"error\":null,\"body\":true}]");
}

/* ---- tokens ---- */

static bool is_good_at(int64_t now, const char *secret, const char *behind)
{
    cf_buffer token;
    cf_buffer_init(&token, &f.h.allocator, CF_BUFFER_NO_LIMIT);
    cf_admin_token_write(&token, CF_BYTES("key"), NOW);
    cf_buffer_append(&token, cf_bytes_of(behind));
    bool good = cf_admin_token_is_good(cf_buffer_bytes(&token), cf_bytes_of(secret), now);
    cf_buffer_free(&token);
    return good;
}

static void test_a_token_is_good_for_30_days(void **state)
{
    (void)state;
    assert_true(is_good_at(NOW, "key", ""));
    assert_true(is_good_at(NOW - 1000, "key", ""));
    assert_true(is_good_at(NOW + 30 * 86400, "key", ""));
    assert_false(is_good_at(NOW + 30 * 86400 + 1, "key", ""));
}

static void test_another_key_or_a_changed_token_is_refused(void **state)
{
    (void)state;
    assert_false(is_good_at(NOW, "other", ""));
    assert_false(is_good_at(NOW, "", ""));
    assert_false(is_good_at(NOW, "key", "A"));
    assert_false(is_good_at(NOW, "key", " "));
    assert_true(is_good_at(NOW, "key", "\r\n"));
}

static void test_what_is_no_token(void **state)
{
    static const char *const texts[] = {"", "A", "====", "AAAA", "insecure", "fHx8", "+/+/"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(cf_admin_token_is_good(cf_bytes_of(texts[i]), CF_BYTES("key"), NOW));
}

/* ---- login ---- */

static int log_in(const char *address, const char *password)
{
    cf_buffer body;
    cf_buffer_init(&body, &f.h.allocator, CF_BUFFER_NO_LIMIT);
    harness_begin(&f.h);
    int status = cf_login(&f.logins, cf_node_services(f.h.node), address, cf_bytes_of(password), &body);
    harness_end(&f.h);
    cf_buffer_free(&body);
    return status;
}

static void test_the_password_gives_a_token(void **state)
{
    (void)state;
    assert_int_equal(log_in("10.0.0.1", "word"), 200);
    assert_int_equal(log_in("10.0.0.1", "Word"), 400);
    assert_int_equal(log_in("10.0.0.1", "wor"), 400);
    assert_int_equal(log_in("10.0.0.1", ""), 400);
}

static void test_wrong_passwords_of_an_address_are_limited(void **state)
{
    (void)state;
    for (int i = 0; i < CF_LOGIN_TRIES; i++) {
        assert_int_equal(log_in("10.0.0.1", ""), 400);
        assert_int_equal(log_in("10.0.0.1", "wrong"), 400);
    }
    assert_int_equal(log_in("10.0.0.1", "word"), 429);
    assert_int_equal(log_in("10.0.0.2", "word"), 200);
    harness_pass(&f.h, CF_LOGIN_PAUSE);
    assert_int_equal(log_in("10.0.0.1", "wrong"), 400);
    assert_int_equal(log_in("10.0.0.1", "wrong"), 429);
}

static void test_many_addresses_are_no_way_around_the_limit(void **state)
{
    char address[32];
    int looked_at = 0;
    (void)state;
    for (int i = 0; i < 3 * CF_LOGIN_TRIES * CF_LOGIN_ADDRESSES; i++) {
        (void)snprintf(address, sizeof address, "10.1.%d.%d", i / 250, i % 250);
        looked_at += log_in(address, "wrong") == 400;
    }
    assert_int_equal(looked_at, CF_LOGIN_TRIES * CF_LOGIN_ADDRESSES);
}

/* ---- the socket ---- */

static void test_nothing_goes_before_connect(void **state)
{
    (void)state;
    expect_closed("{\"uid\":\"1\",\"method\":\"ping\"}", CF_TROUBLE_UNAUTHORIZED);
    assert_int_equal(f.texts, 0);
}

static void test_a_bad_token_closes(void **state)
{
    (void)state;
    expect_closed("{\"method\":\"connect\",\"params\":{\"token\":\"x\",\"watch\":true}}", CF_TROUBLE_UNAUTHORIZED);
}

static void test_without_watch_commands_are_answered(void **state)
{
    (void)state;
    log_on(false);
    ask("{\"uid\":\"2\",\"method\":\"ping\"}", "[{\"uid\":\"2\",\"method\":\"ping\",\"error\":null,\"body\":\"pong\"}]");
    ask("[{\"method\":\"channels\"},{\"method\":\"ping\"}]", "[{\"method\":\"channels\",\"error\":null,\"body\":{\"data\":[]}},"
                                                             "{\"method\":\"ping\",\"error\":null,\"body\":\"pong\"}]");
    say("[]");
    say("");
    assert_int_equal(f.texts, 3);
}

static void test_an_unknown_method_closes_without_an_answer(void **state)
{
    (void)state;
    log_on(false);
    expect_closed("[{\"method\":\"ping\"},{\"method\":\"nosuch\"}]", CF_TROUBLE_NO_METHOD);
    assert_int_equal(f.texts, 1);
}

static void test_who_watches_sees_what_is_published(void **state)
{
    (void)state;
    log_on(true);
    say("{\"uid\":\"2\",\"method\":\"publish\",\"params\":{\"channel\":\"c\",\"data\":{\"a\":1},\"uid\":\"m\",\"client\":\"x\"}"
        "}");
    assert_int_equal(f.texts, 3);
    say("{\"method\":\"publish\",\"params\":{\"channel\":\"c\",\"data\":2,\"uid\":\"n\"}}");
    assert_int_equal(f.texts, 5);
    assert_string_equal(f.text, "[{\"method\":\"publish\",\"error\":null,\"body\":null}]");
}

static void test_who_does_not_watch_sees_nothing(void **state)
{
    (void)state;
    log_on(false);
    ask("{\"method\":\"publish\",\"params\":{\"channel\":\"c\",\"data\":2}}",
        "[{\"method\":\"publish\",\"error\":null,\"body\":null}]");
}

static void test_info_tells_no_secret(void **state)
{
    (void)state;
    f.h.config.secret = CF_BYTES("SECRET1");
    f.h.config.admin_secret = CF_BYTES("SECRET2");
    f.h.config.admin_password = CF_BYTES("SECRET3");
    f.h.config.insecure_admin = true;
    say("{\"method\":\"info\"}");
    assert_non_null(strstr(f.text, "\"secret\":\"[hidden]\""));
    assert_null(strstr(f.text, "SECRET"));
}

static void let_the_engine_answer(void)
{
    harness_begin(&f.h);
    slow_engine_answer_all(cf_node_services(f.h.node)->broker->engine);
    harness_end(&f.h);
}

static void test_messages_are_carried_out_one_after_the_other(void **state)
{
    (void)state;
    log_on(false);
    say("{\"uid\":\"2\",\"method\":\"channels\"}");
    say("{\"uid\":\"3\",\"method\":\"ping\"}");
    assert_int_equal(f.texts, 1);
    assert_true(f.paused);
    let_the_engine_answer();
    assert_false(f.paused);
    assert_int_equal(f.texts, 3);
    assert_string_equal(f.text, "[{\"uid\":\"3\",\"method\":\"ping\",\"error\":null,\"body\":\"pong\"}]");
}

static void test_who_leaves_while_he_waits_is_forgotten(void **state)
{
    (void)state;
    log_on(false);
    say("[{\"method\":\"channels\"},{\"method\":\"info\"}]");
    cf_admin_session_gone(f.session);
    f.session = NULL;
    let_the_engine_answer();
    assert_int_equal(f.texts, 1);
}

static void test_without_memory_the_session_ends_and_nothing_leaks(void **state)
{
    (void)state;
    f.h.config.insecure_admin = true;
    for (size_t n = 1; n < 40; n++) {
        if (f.session == NULL)
            f.session = cf_admin_session_new(f.h.node, &ops, &f);
        f.h.fail_at = n;
        say("[{\"method\":\"connect\",\"params\":{\"watch\":true}},{\"method\":\"info\"},{\"method\":\"stats\"}]");
        f.h.fail_at = 0;
    }
    assert_int_equal(f.trouble, CF_TROUBLE_INTERNAL);
}

int main(void)
{
#define TEST(name)      cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define SLOW_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_slow, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_token_is_good_for_30_days),
        TEST(test_another_key_or_a_changed_token_is_refused),
        TEST(test_what_is_no_token),
        TEST(test_the_password_gives_a_token),
        TEST(test_wrong_passwords_of_an_address_are_limited),
        TEST(test_many_addresses_are_no_way_around_the_limit),
        TEST(test_nothing_goes_before_connect),
        TEST(test_a_bad_token_closes),
        TEST(test_without_watch_commands_are_answered),
        TEST(test_an_unknown_method_closes_without_an_answer),
        TEST(test_who_watches_sees_what_is_published),
        TEST(test_who_does_not_watch_sees_nothing),
        TEST(test_info_tells_no_secret),
        SLOW_TEST(test_messages_are_carried_out_one_after_the_other),
        SLOW_TEST(test_who_leaves_while_he_waits_is_forgotten),
        TEST(test_without_memory_the_session_ends_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

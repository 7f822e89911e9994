#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/session_state.h"
#include "server/test/trio.h"

/* Slow consumers, timers and the lack of memory. */

/* ---- slow consumers ------------------------------------------------------ */

static void a_client_that_does_not_read_is_closed_as_slow(void **state)
{
    (void)state;
    h.config.client_queue_max_size = 10000;
    h.config.channel.join_leave = true;
    start();
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "2");
    subscribe(&a, "x");
    subscribe(&b, "x");
    harness_forget(&a);
    a.blocked = true;
    b.quiet = true;
    size_t sent = 0;
    for (; !a.closed && sent < 1000; sent++) {
        harness_begin(&h);
        publish("x", "\"0123456789012345678901234567890123456789\"");
        harness_end(&h);
        assert_true(a.closed || cf_session_outbox(a.session)->bytes <= 10000);
    }
    assert_true(sent > 50 && sent < 120);
    harness_expect_closed(&a, "slow", false);
    assert_false(b.closed);
    assert_int_equal(b.received, 1 + 2 + sent + 1); /* connect, join and reply, the messages, a's leave */
    assert_int_equal(cf_node_session_count(h.node), 1);
}

/* What it costs counts, not only what there is to send. */
static void tiny_answers_are_counted_with_their_memory(void **state)
{
    (void)state;
    h.config.client_queue_max_size = 100000;
    for (h.config.publish_wait_timeout = 0; h.config.publish_wait_timeout < 2; h.config.publish_wait_timeout++) {
        start();
        harness_connect(&h, &a, "1");
        a.blocked = true;
        size_t before = h.bytes;
        size_t most = before;
        for (size_t i = 0; i < 100000 && !a.closed; i++) {
            if (!a.paused)
                harness_send(&a, "{\"method\":\"ping\"}");
            else
                harness_pass(&h, 100);
            most = !a.closed && h.bytes > most ? h.bytes : most;
        }
        harness_expect_closed(&a, "slow", false);
        assert_true(most - before < 120000);
        harness_stop(&h);
    }
    h.node = NULL;
}

/* Twice as much as the frames. */
static void make_doubled(const cf_outbox_form *form, cf_buffer *out, cf_bytes frames)
{
    (void)form;
    cf_buffer_append(out, frames);
    cf_buffer_append(out, frames);
}

static const cf_outbox_form doubled = {make_doubled};

static void open_doubled(harness_client *client, const char *user)
{
    harness_connect(&h, client, user);
    cf_session_outbox(client->session)->form = &doubled;
}

/* Two members of a channel, one with a form of its own: each is judged, and counted, by what he would get. */
static void who_is_slow_is_told_by_the_bytes_of_his_form(void **state)
{
    (void)state;
    h.config.client_queue_max_size = 10000;
    start();
    harness_connect(&h, &a, "1");
    open_doubled(&b, "2");
    subscribe(&a, "x");
    subscribe(&b, "x");
    harness_forget(&b);
    a.blocked = b.blocked = true;
    while (!b.closed) {
        harness_begin(&h);
        publish("x", "\"0123456789012345678901234567890123456789\"");
        harness_end(&h);
        assert_true(b.closed || cf_session_outbox(b.session)->bytes == 2 * cf_session_outbox(a.session)->bytes);
    }
    harness_expect_closed(&b, "slow", false);
    assert_false(a.closed);
    assert_true(cf_session_outbox(a.session)->memory < 7000);
}

static void slow_ones_do_not_stop_a_broadcast(void **state)
{
    enum { COUNT = 60 };
    static harness_client many[COUNT];
    (void)state;
    h.config.client_queue_max_size = 300;
    h.config.channel.join_leave = true;
    start();
    for (size_t i = 0; i < COUNT; i++) {
        harness_connect(&h, &many[i], "1");
        subscribe(&many[i], "x");
        many[i].quiet = true;
        many[i].blocked = i % 2 == 0;
        for (size_t j = 0; j < i; j++)
            harness_forget(&many[j]);
    }
    size_t closed = 0;
    for (size_t i = 0; i < COUNT; i++)
        closed += many[i].closed;
    harness_begin(&h);
    for (size_t i = 0; i < COUNT; i++)
        many[i].received = 0;
    publish("x", "\"hello\"");
    harness_end(&h);
    for (size_t i = 1; i < COUNT; i += 2)
        assert_true(many[i].closed || many[i].received > 0);
    assert_true(closed >= COUNT / 2 - 3);
}

static void a_limit_of_zero_takes_nothing(void **state)
{
    (void)state;
    h.config.client_queue_max_size = 0;
    start();
    harness_open(&h, &a);
    harness_send(&a, "{\"method\":\"connect\",\"params\":{}}");
    harness_expect_closed(&a, "slow", false);
}

static void replies_to_one_message_are_bounded(void **state)
{
    (void)state;
    h.config.client_queue_max_size = 5000;
    h.config.client_request_max_size = 1000000;
    h.config.channel.history_size = 100;
    h.config.channel.history_lifetime = 100;
    start();
    harness_connect(&h, &a, "1");
    subscribe(&a, "x");
    static char text[100000] = "[";
    for (size_t i = 0; i < 20; i++) {
        harness_begin(&h);
        publish("x", "\"0123456789\"");
        harness_end(&h);
    }
    harness_forget(&a);
    for (size_t i = 0; i < 1000; i++)
        strcat(text, "{\"method\":\"history\",\"params\":{\"channel\":\"x\"}},");
    strcat(text, "{\"method\":\"ping\"}]");
    size_t before = h.bytes;
    harness_send(&a, text);
    harness_expect_closed(&a, "slow", false);
    assert_true(h.bytes < before + 300000);
}

/* ---- timers -------------------------------------------------------------- */

static void a_silent_connection_is_closed_as_stale(void **state)
{
    (void)state;
    h.config.stale_connection_close_delay = 5;
    start();
    harness_open(&h, &a);
    harness_connect(&h, &b, "1");
    harness_pass(&h, 4900);
    assert_false(a.closed);
    harness_pass(&h, 300);
    harness_expect_closed(&a, "stale", false);
    harness_pass(&h, 100000);
    assert_false(b.closed);
}

static void stale_can_be_off(void **state)
{
    (void)state;
    h.config.stale_connection_close_delay = 0;
    start();
    harness_open(&h, &a);
    harness_pass(&h, 200000);
    assert_false(a.closed);
}

static void secure(int64_t lifetime, int64_t delay)
{
    h.config.insecure = false;
    h.config.secret = CF_BYTES("secret");
    h.config.connection_lifetime = lifetime;
    h.config.expired_connection_close_delay = delay;
}

/* As good credentials do. */
static void identify(harness_client *client, int64_t issued_at)
{
    const cf_config *config = cf_node_services(h.node)->config;
    cf_identity identity = {.expires_at = cf_identity_end(config, issued_at), .issued_at = issued_at};
    assert_true(cf_session_identify(client->session, &identity));
}

/* Authenticated directly: what matters here is the timer. */
static void authenticate(harness_client *client, int64_t issued_at)
{
    h.config.insecure = true;
    harness_connect(&h, client, "1");
    h.config.insecure = false;
    identify(client, issued_at);
}

static void a_connection_expires(void **state)
{
    (void)state;
    secure(4, 2);
    start();
    authenticate(&a, h.unix_time + h.now / 1000);
    harness_pass(&h, 5900);
    assert_false(a.closed);
    harness_pass(&h, 300);
    harness_expect_closed(&a, "expired", true);
}

static void reload_with_lifetime(int64_t seconds)
{
    static cf_config other;
    other = h.config;
    other.connection_lifetime = seconds;
    cf_node_configure(h.node, &other);
}

static void a_lifetime_that_grows_by_a_reload_counts(void **state)
{
    (void)state;
    secure(4, 2);
    start();
    authenticate(&a, h.unix_time + h.now / 1000);
    reload_with_lifetime(20);
    harness_pass(&h, 21900);
    assert_false(a.closed);
    harness_pass(&h, 300);
    harness_expect_closed(&a, "expired", true);
}

static void a_lifetime_that_shrinks_by_a_reload_counts_for_new_credentials(void **state)
{
    (void)state;
    secure(20, 2);
    start();
    authenticate(&a, h.unix_time + h.now / 1000);
    authenticate(&b, h.unix_time + h.now / 1000);
    reload_with_lifetime(4);
    identify(&b, h.unix_time + h.now / 1000);
    harness_pass(&h, 6200);
    harness_expect_closed(&b, "expired", true);
    assert_false(a.closed);
    harness_pass(&h, 16000);
    harness_expect_closed(&a, "expired", true);
}

static void a_lifetime_that_a_reload_takes_away_ends_nothing(void **state)
{
    (void)state;
    secure(4, 2);
    start();
    authenticate(&a, h.unix_time + h.now / 1000);
    reload_with_lifetime(0);
    harness_pass(&h, 100000);
    assert_false(a.closed);
}

static void a_lifetime_that_a_reload_brings_leaves_who_is_connected(void **state)
{
    (void)state;
    secure(0, 2);
    start();
    authenticate(&a, h.unix_time + h.now / 1000);
    reload_with_lifetime(4);
    harness_pass(&h, 100000);
    assert_false(a.closed);
}

static void a_timestamp_in_the_future_lengthens_the_lifetime(void **state)
{
    (void)state;
    secure(4, 2);
    start();
    authenticate(&a, h.unix_time + h.now / 1000 + 10);
    authenticate(&b, INT64_MAX);
    harness_pass(&h, 15900);
    assert_false(a.closed);
    harness_pass(&h, 300);
    harness_expect_closed(&a, "expired", true);
    harness_pass(&h, 100000);
    assert_false(b.closed);
}

static void insecure_connections_do_not_expire(void **state)
{
    (void)state;
    h.config.connection_lifetime = 4;
    start();
    harness_open(&h, &a);
    harness_ask(&a, "{\"method\":\"connect\",\"params\":{\"user\":\"1\"}}",
                "{\"method\":\"connect\",\"body\":{\"version\":\"$V\",\"client\":\"$ID\",\"expires\":true,\"expired\":false,"
                "\"ttl\":4}}");
    harness_pass(&h, 100000);
    assert_false(a.closed);
}

static void presence_is_switched_on_by_a_reload(void **state)
{
    (void)state;
    h.config.presence_ping_interval = 5;
    start();
    harness_connect(&h, &a, "1");
    subscribe(&a, "x");
    static cf_config with;
    with = h.config;
    with.channel.presence = true;
    cf_node_configure(h.node, &with);
    harness_ask(&a, "{\"method\":\"presence\",\"params\":{\"channel\":\"x\"}}",
                "{\"method\":\"presence\",\"body\":{\"channel\":\"x\",\"data\":{}}}");
    harness_pass(&h, 5200);
    harness_send(&a, "{\"method\":\"presence\",\"params\":{\"channel\":\"x\"}}");
    assert_non_null(strstr(harness_next(&a), a.id));
}

/* ---- memory -------------------------------------------------------------- */

/* A conversation of two clients; any allocation in it may fail. */
/* Any of it may fail. */
static void ignore_done(void *user, cf_trouble trouble)
{
    (void)user;
    (void)trouble;
}

static void converse(void)
{
    static const char *const lines[] = {
        "{\"uid\":\"1\",\"method\":\"connect\",\"params\":{\"user\":\"\\u0037\",\"info\":\"{\\\"a\\\":1}\"}}",
        "{\"uid\":\"2\",\"method\":\"subscribe\",\"params\":{\"channel\":\"x\",\"recover\":true,\"last\":\"q\"}}",
        ("[{\"uid\":\"3\",\"method\":\"publish\",\"params\":{\"channel\":\"x\",\"data\":{\"b\":2}}},{\"uid\":\"4\",\"method\":"
         "\"publish\",\"params\":"
         "{\"channel\":\"x\",\"data\":3}}]"),
        "[{\"uid\":\"5\",\"method\":\"presence\",\"params\":{\"channel\":\"x\"}},{\"uid\":\"6\",\"method\":\"history\","
        "\"params\":{\"channel\":\"x\"}}]",
        "{\"uid\":\"7\",\"method\":\"subscribe\",\"params\":{\"channel\":\"y\"}}",
        "{\"uid\":\"8\",\"method\":\"unsubscribe\",\"params\":{\"channel\":\"x\"}}",
    };
    harness_open(&h, &a);
    harness_open(&h, &b);
    b.blocked = true;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (a.session != NULL)
            harness_send(&a, lines[i]);
        if (b.session != NULL)
            harness_send(&b, lines[i]);
        harness_begin(&h);
        cf_node_publish(h.node, CF_BYTES("x"), CF_BYTES("[1]"), CF_BYTES(""), CF_BYTES(""), ignore_done, NULL);
        harness_end(&h);
    }
    harness_begin(&h);
    cf_node_unsubscribe(h.node, CF_BYTES("7"), CF_BYTES(""), ignore_done, NULL);
    cf_node_disconnect(h.node, CF_BYTES("7"), ignore_done, NULL);
    harness_end(&h);
    harness_pass(&h, 200);
    harness_forget(&a);
    harness_forget(&b);
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    h.config.channel = (cf_channel_options){
        .publish = true, .presence = true, .join_leave = true, .recover = true, .history_size = 3, .history_lifetime = 60};
    start();
    converse();
    size_t total = h.allocations;
    assert_true(total > 100);
    harness_stop(&h);
    cf_config config = h.config;
    for (size_t n = 1; n <= 2 * total; n++) {
        harness_init(&h);
        h.config = config;
        /* First each single one, then each and all that follow. */
        h.fail_at = n <= total ? n : n - total;
        h.fail_on = n > total;
        if (!harness_start(&h, cf_engine_memory_new)) {
            assert_int_equal(h.live, 0);
            continue;
        }
        converse();
        h.fail_at = 0;
        /* The server goes on for others. */
        harness_connect(&h, &c, "9");
        subscribe(&c, "z");
        harness_begin(&h);
        publish("z", "\"still here\"");
        harness_end(&h);
        assert_non_null(strstr(harness_next(&c), "still here"));
        harness_stop(&h);
    }
    harness_init(&h);
}

static void note_refusal(void *user, cf_trouble trouble)
{
    *(bool *)user = trouble != CF_TROUBLE_NONE;
}

/* Who loses a message for want of memory is told so by a close, and may come back. */
static void a_message_is_never_lost_in_silence(void **state)
{
    (void)state;
    bool starved = false;
    for (size_t n = 1; n < 20; n++) {
        harness_init(&h);
        start();
        harness_connect(&h, &a, "1");
        open_doubled(&b, "1");
        subscribe(&a, "x");
        subscribe(&b, "x");
        b.blocked = true;
        harness_begin(&h);
        publish("x", "0");
        harness_end(&h);
        harness_forget(&a);
        harness_begin(&h);
        h.fail_at = n;
        bool refused = false;
        cf_node_publish(h.node, CF_BYTES("x"), CF_BYTES("1"), CF_BYTES(""), CF_BYTES(""), note_refusal, &refused);
        harness_end(&h);
        h.fail_at = 0;
        assert_true(refused || a.closed || a.count == 1);
        if (a.closed)
            harness_expect_closed(&a, "internal server error", true);
        if (b.closed)
            harness_expect_closed(&b, "internal server error", true);
        else if (!refused)
            assert_int_equal(cf_session_outbox(b.session)->count, 2);
        starved = starved || (b.closed && a.count == 1);
        harness_forget(&a);
        harness_stop(&h);
    }
    assert_true(starved); /* the form's memory is his own matter */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_client_that_does_not_read_is_closed_as_slow),
        TEST(tiny_answers_are_counted_with_their_memory),
        TEST(who_is_slow_is_told_by_the_bytes_of_his_form),
        TEST(slow_ones_do_not_stop_a_broadcast),
        TEST(a_limit_of_zero_takes_nothing),
        TEST(replies_to_one_message_are_bounded),
        TEST(a_silent_connection_is_closed_as_stale),
        TEST(stale_can_be_off),
        TEST(a_connection_expires),
        TEST(a_lifetime_that_grows_by_a_reload_counts),
        TEST(a_lifetime_that_shrinks_by_a_reload_counts_for_new_credentials),
        TEST(a_lifetime_that_a_reload_takes_away_ends_nothing),
        TEST(a_lifetime_that_a_reload_brings_leaves_who_is_connected),
        TEST(a_timestamp_in_the_future_lengthens_the_lifetime),
        TEST(insecure_connections_do_not_expire),
        TEST(presence_is_switched_on_by_a_reload),
        TEST(any_allocation_may_fail),
        TEST(a_message_is_never_lost_in_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

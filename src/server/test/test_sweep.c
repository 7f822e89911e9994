#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/hub.h"
#include "server/session.h"
#include "server/test/harness.h"

/* What a backend does to a user with many connections: nobody waits for it, and none is left out. */

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define MEMBERS 500
#define PING    "{\"uid\":\"p\",\"method\":\"ping\"}"

static harness h;
static harness_client other, late;
static harness_client members[MEMBERS];
static const char *answer; /* NULL: there is none yet */
static size_t answers;

static void join(harness_client *client, const char *user)
{
    harness_connect(&h, client, user);
    harness_send(client, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"x\"}}");
    harness_forget(client);
}

static int setup(void **state)
{
    (void)state;
    harness_init(&h);
    h.config.channel.join_leave = true;
    assert_true(harness_start(&h, cf_engine_memory_new));
    answer = NULL;
    answers = 0;
    for (size_t i = 0; i < MEMBERS; i++) {
        join(&members[i], "1");
        members[i].quiet = true;
    }
    join(&other, "2");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (h.node != NULL)
        harness_stop(&h);
    harness_forget(&other);
    harness_forget(&late);
    for (size_t i = 0; i < MEMBERS; i++)
        harness_forget(&members[i]);
    return 0;
}

static void done(void *user, cf_trouble trouble)
{
    (void)user;
    answers++;
    answer = trouble == CF_TROUBLE_NONE ? "ok" : cf_trouble_text(trouble).data;
}

static void begin_unsubscribe(void)
{
    harness_begin(&h);
    cf_node_unsubscribe(h.node, CF_BYTES("1"), CF_BYTES("x"), done, NULL);
}

static void begin_disconnect(void)
{
    harness_begin(&h);
    cf_node_disconnect(h.node, CF_BYTES("1"), done, NULL);
}

static void next_turn(void)
{
    (void)harness_end_turn(&h);
    harness_begin(&h);
    cf_node_go_on(h.node);
}

/* Ends the turn that is open and goes on until the answer is there. */
static void finish(void)
{
    for (size_t turns = 0; answer == NULL; turns++) {
        assert_true(turns < MEMBERS);
        next_turn();
    }
    harness_end(&h);
    assert_int_equal(answers, 1);
    assert_string_equal(answer, "ok");
}

static size_t subscribed(void)
{
    const cf_channel *channel = cf_hub_channel(cf_node_services(h.node)->hub, CF_BYTES("x"));
    return channel == NULL ? 0 : channel->first.count;
}

static size_t closed(void)
{
    size_t count = 0;
    for (size_t i = 0; i < MEMBERS; i++)
        count += members[i].closed;
    return count;
}

static void lose(harness_client *client)
{
    cf_session_gone(client->session);
    client->session = NULL;
}

/* ---- unsubscribe --------------------------------------------------------- */

static void others_are_served_between_portions(void **state)
{
    (void)state;
    other.quiet = true;
    size_t turns = 0;
    for (begin_unsubscribe(); answer == NULL; turns++) {
        cf_turn *turn = &cf_node_services(h.node)->turn;
        assert_true(turn->work < 2 * turn->limits.share);
        size_t before = other.received;
        harness_feed(&other, PING);
        next_turn();
        assert_true(other.received > before);
    }
    harness_end(&h);
    assert_true(turns > 2);
    assert_string_equal(answer, "ok");
}

static void all_are_unsubscribed_before_the_answer(void **state)
{
    (void)state;
    other.quiet = true;
    begin_unsubscribe();
    assert_true(subscribed() > 1);
    finish();
    assert_int_equal(subscribed(), 1);
    harness_pass(&h, 1000);
    for (size_t i = 0; i < MEMBERS; i++)
        assert_true(members[i].received > 0);
}

static void who_comes_meanwhile_stays_subscribed(void **state)
{
    (void)state;
    other.quiet = true;
    begin_unsubscribe();
    (void)harness_end_turn(&h);
    harness_connect(&h, &late, "1");
    late.quiet = true;
    harness_begin(&h);
    harness_feed(&late, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"x\"}}");
    finish();
    assert_int_equal(subscribed(), 2);
}

static void who_goes_meanwhile_is_passed_over(void **state)
{
    (void)state;
    other.quiet = true;
    begin_unsubscribe();
    for (size_t i = 1; i < MEMBERS; i += 2) { /* among them the last one, and who is next */
        lose(&members[i]);
        lose(&members[MEMBERS - 1 - i]);
    }
    finish();
    assert_int_equal(subscribed(), 1);
}

static void a_node_that_is_freed_answers(void **state)
{
    (void)state;
    begin_unsubscribe();
    harness_stop(&h);
    assert_string_equal(answer, "internal server error");
}

static void without_memory_there_is_an_error(void **state)
{
    (void)state;
    harness_begin(&h);
    h.fail_at = 1;
    cf_node_unsubscribe(h.node, CF_BYTES("1"), CF_BYTES("x"), done, NULL);
    harness_end(&h);
    assert_string_equal(answer, "internal server error");
    assert_int_equal(subscribed(), MEMBERS + 1);
}

/* ---- disconnect ---------------------------------------------------------- */

static void all_are_closed_before_the_answer(void **state)
{
    (void)state;
    other.quiet = true;
    begin_disconnect();
    assert_true(closed() > 0 && closed() < MEMBERS);
    finish();
    assert_int_equal(closed(), MEMBERS);
    harness_expect_closed(&members[MEMBERS - 1], "disconnect", false);
    assert_false(other.closed);
}

static void who_connects_meanwhile_stays(void **state)
{
    (void)state;
    other.quiet = true;
    begin_disconnect();
    (void)harness_end_turn(&h);
    harness_open(&h, &late);
    harness_begin(&h);
    harness_feed(&late, "{\"method\":\"connect\",\"params\":{\"user\":\"1\"}}");
    finish();
    assert_int_equal(closed(), MEMBERS);
    assert_false(late.closed);
}

static void two_calls_meet(void **state)
{
    (void)state;
    other.quiet = true;
    begin_unsubscribe();
    cf_node_disconnect(h.node, CF_BYTES("1"), done, NULL);
    harness_end(&h);
    assert_int_equal(answers, 2);
    assert_int_equal(closed(), MEMBERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(others_are_served_between_portions),
        TEST(all_are_unsubscribed_before_the_answer),
        TEST(who_comes_meanwhile_stays_subscribed),
        TEST(who_goes_meanwhile_is_passed_over),
        TEST(a_node_that_is_freed_answers),
        TEST(without_memory_there_is_an_error),
        TEST(all_are_closed_before_the_answer),
        TEST(who_connects_meanwhile_stays),
        TEST(two_calls_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

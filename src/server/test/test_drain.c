#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/broker.h"
#include "server/test/harness.h"
#include "server/test/slow_engine.h"

/* The end of a node, as its clients see it. */

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define CLIENTS 10
#define PING    "{\"uid\":\"p\",\"method\":\"ping\"}"

static harness h;
static harness_client clients[CLIENTS];
static harness_client stranger;

static int setup(void **state)
{
    (void)state;
    harness_init(&h);
    h.config.shutdown_spread = 10;
    return 0;
}

static void start(cf_engine_maker engine)
{
    assert_true(harness_start(&h, engine));
    harness_open(&h, &stranger);
    for (size_t i = 0; i < CLIENTS; i++)
        harness_connect(&h, &clients[i], "user");
}

static int teardown(void **state)
{
    (void)state;
    harness_stop(&h);
    for (size_t i = 0; i < CLIENTS; i++)
        harness_forget(&clients[i]);
    harness_forget(&stranger);
    return 0;
}

static void shut_down(void)
{
    harness_begin(&h);
    cf_node_shut_down(h.node);
    harness_end(&h);
}

static size_t told(void)
{
    size_t count = 0;
    for (size_t i = 0; i < CLIENTS; i++)
        count += clients[i].closed;
    return count;
}

static void clients_are_told_one_after_the_other(void **state)
{
    (void)state;
    start(cf_engine_memory_new);
    shut_down();
    for (size_t i = 1; i < CLIENTS; i++) {
        assert_int_equal(told(), i);
        assert_false(cf_node_is_shut_down(h.node));
        harness_ask(&clients[CLIENTS - 1], PING, PING);
        harness_pass(&h, 1000);
    }
    for (size_t i = 0; i < CLIENTS; i++)
        harness_expect_closed(&clients[i], "shutting down", true);
    assert_true(cf_node_is_shut_down(h.node));
}

static void who_goes_meanwhile_is_not_waited_for(void **state)
{
    (void)state;
    start(cf_engine_memory_new);
    shut_down();
    harness_begin(&h);
    for (size_t i = 3; i < CLIENTS; i++)
        cf_session_gone(clients[i].session);
    harness_end(&h);
    harness_pass(&h, 7000);
    assert_false(clients[2].closed); /* the others have gone in its place */
    harness_pass(&h, 2000);
    assert_int_equal(told(), 3);
    assert_true(cf_node_is_shut_down(h.node));
}

static void asked_again_it_tells_the_rest_at_once(void **state)
{
    (void)state;
    start(cf_engine_memory_new);
    shut_down();
    harness_pass(&h, 2000);
    assert_int_equal(told(), 3);
    shut_down();
    assert_int_equal(told(), CLIENTS);
    assert_true(cf_node_is_shut_down(h.node));
}

static void without_a_spread_all_are_told_at_once(void **state)
{
    (void)state;
    h.config.shutdown_spread = 0;
    start(cf_engine_memory_new);
    assert_false(cf_node_is_shut_down(h.node));
    shut_down();
    assert_int_equal(told(), CLIENTS);
    assert_true(cf_node_is_shut_down(h.node));
    assert_false(stranger.closed); /* it is dropped with the node */
}

static void who_connects_meanwhile_is_sent_to_another_node(void **state)
{
    (void)state;
    start(cf_engine_memory_new);
    shut_down();
    harness_send(&stranger, "{\"uid\":\"1\",\"method\":\"connect\",\"params\":{\"user\":\"user\"}}");
    harness_expect_closed(&stranger, "shutting down", true);
    assert_int_equal(told(), 1);
}

static void the_engine_has_its_time(void **state)
{
    (void)state;
    h.config.channel.presence = true;
    start(slow_engine_new);
    harness_send(&clients[0], "{\"method\":\"subscribe\",\"params\":{\"channel\":\"x\"}}");
    slow_engine_answer_all(cf_node_services(h.node)->broker->engine);
    harness_turn(&h);
    shut_down();
    harness_pass(&h, 9500);
    assert_int_equal(told(), CLIENTS);
    assert_false(cf_node_is_shut_down(h.node)); /* a presence is to be removed */
    harness_pass(&h, 4000);
    assert_true(cf_node_is_shut_down(h.node));
}

static void a_node_may_be_freed_in_the_middle(void **state)
{
    (void)state;
    start(cf_engine_memory_new);
    shut_down();
    harness_pass(&h, 1500);
    assert_int_equal(told(), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(clients_are_told_one_after_the_other),
        TEST(who_goes_meanwhile_is_not_waited_for),
        TEST(asked_again_it_tells_the_rest_at_once),
        TEST(without_a_spread_all_are_told_at_once),
        TEST(who_connects_meanwhile_is_sent_to_another_node),
        TEST(the_engine_has_its_time),
        TEST(a_node_may_be_freed_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/session_state.h"
#include "server/test/harness.h"

/* What one turn does, in units of work: nobody waits for somebody else's flood. */

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define MEMBERS 1000

#define PING "{\"uid\":\"p\",\"method\":\"ping\"}"

static harness h;
static harness_client a, b;
static harness_client members[MEMBERS];

static int setup(void **state)
{
    (void)state;
    harness_init(&h);
    return 0;
}

static void start(void)
{
    assert_true(harness_start(&h, cf_engine_memory_new));
}

static int teardown(void **state)
{
    (void)state;
    if (h.node != NULL)
        harness_stop(&h);
    harness_forget(&a);
    harness_forget(&b);
    for (size_t i = 0; i < MEMBERS; i++)
        harness_forget(&members[i]);
    return 0;
}

static void ignore_done(void *user, cf_node_result result)
{
    (void)user;
    (void)result;
}

static void publish(const char *channel, const char *data)
{
    cf_node_publish(h.node, cf_bytes_of(channel), cf_bytes_of(data), CF_BYTES(""), CF_BYTES(""), ignore_done, NULL);
}

static void subscribe(harness_client *client, const char *channel)
{
    char text[200];
    snprintf(text, sizeof text, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"%s\"}}", channel);
    harness_send(client, text);
    harness_forget(client);
}

static void join_members(const char *channel)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        harness_connect(&h, &members[i], "1");
        members[i].quiet = true;
        subscribe(&members[i], channel);
        members[i].received = 0;
    }
}

static size_t served(void)
{
    size_t count = 0;
    for (size_t i = 0; i < MEMBERS; i++)
        count += members[i].received > 0;
    return count;
}

/* ---- the fan-out --------------------------------------------------------- */

static void one_message_is_written_in_slices(void **state)
{
    (void)state;
    start();
    join_members("x");
    harness_begin(&h);
    publish("x", "1");
    size_t before = 0;
    bool more = true;
    for (size_t turns = 0; more; turns++) {
        assert_true(turns < 2 * MEMBERS);
        more = harness_end_turn(&h);
        assert_true(served() > before && served() - before <= CF_TURN_LIMITS.writes / CF_WORK_WRITE);
        before = served();
        harness_begin(&h);
    }
    harness_end(&h);
    assert_int_equal(served(), MEMBERS);
}

static void an_answer_comes_before_the_rest_of_a_fan_out(void **state)
{
    (void)state;
    start();
    harness_connect(&h, &a, "1");
    join_members("x");
    subscribe(&a, "x"); /* the last one to be served */
    harness_begin(&h);
    publish("x", "1");
    assert_true(harness_end_turn(&h));
    harness_expect_nothing(&a);
    harness_begin(&h);
    harness_feed(&a, PING);
    assert_true(harness_end_turn(&h));
    harness_expect(&a, "{\"method\":\"message\",\"body\":{\"uid\":\"$M\",\"channel\":\"x\",\"data\":1}}");
    harness_expect(&a, PING);
    harness_begin(&h);
    harness_end(&h);
    assert_int_equal(served(), MEMBERS);
}

static void answers_leave_room_for_pushes(void **state)
{
    (void)state;
    start();
    join_members("x");
    harness_connect(&h, &a, "1");
    subscribe(&a, "y");
    harness_begin(&h);
    for (size_t i = 0; i < MEMBERS; i++)
        harness_feed(&members[i], PING);
    publish("y", "1");
    assert_true(harness_end_turn(&h));
    assert_non_null(strstr(harness_next(&a), "\"data\":1"));
    harness_begin(&h);
    harness_end(&h);
}

static void what_is_published_meanwhile_keeps_its_order(void **state)
{
    char data[16];
    (void)state;
    start();
    join_members("x");
    harness_connect(&h, &a, "1");
    subscribe(&a, "x");
    for (size_t i = 0; i < 20; i++) {
        harness_begin(&h);
        snprintf(data, sizeof data, "%zu", i);
        publish("x", data);
        (void)harness_end_turn(&h);
    }
    harness_begin(&h);
    harness_end(&h);
    for (size_t i = 0; i < 20; i++) {
        snprintf(data, sizeof data, "\"data\":%zu}", i);
        assert_non_null(strstr(harness_next(&a), data));
    }
    for (size_t i = 0; i < MEMBERS; i++)
        assert_int_equal(members[i].received, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_message_is_written_in_slices),
        TEST(an_answer_comes_before_the_rest_of_a_fan_out),
        TEST(answers_leave_room_for_pushes),
        TEST(what_is_published_meanwhile_keeps_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/session_state.h"
#include "server/test/trio.h"

/* What one turn does, in units of work: nobody waits for somebody else's flood. */

#define TURN(name) cmocka_unit_test_setup_teardown(name, setup, forget_all)
#define MEMBERS    1500

#define PING "{\"uid\":\"p\",\"method\":\"ping\"}"

static harness_client members[MEMBERS];

static int forget_all(void **state)
{
    for (size_t i = 0; i < MEMBERS; i++)
        harness_forget(&members[i]);
    return teardown(state);
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
        assert_true(served() > before && served() - before <= CF_TURN_LIMITS.pushes / CF_WORK_WRITE);
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

/* ---- long arrays --------------------------------------------------------- */

/* Of one turn: all tasks, and each reader's share; a command may pass it by what it delivers. */
#define WORK_MAX (CF_TURN_LIMITS.work + CF_TURN_LIMITS.share + 2 * (MEMBERS + CF_WORK_COMMAND))

static char text[200000];

static const char *pairs(size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(text + size, sizeof text - size,
                                 "%c{\"uid\":\"%zu\",\"method\":\"subscribe\",\"params\":{\"channel\":\"x\"}},"
                                 "{\"uid\":\"%zu\",\"method\":\"unsubscribe\",\"params\":{\"channel\":\"x\"}}",
                                 i == 0 ? '[' : ',', 2 * i, 2 * i + 1);
    memcpy(text + size, "]", 2);
    return text;
}

/* How many replies the client has got; each has the next number for its uid. */
static size_t count_replies(harness_client *client, size_t next)
{
    while (client->count > 0) {
        char uid[32];
        const char *at = harness_next(client);
        for (;; next++) {
            snprintf(uid, sizeof uid, "{\"uid\":\"%zu\"", next);
            if ((at = strstr(at, uid)) == NULL)
                break;
        }
    }
    return next;
}

static void a_long_array_lets_others_in_between(void **state)
{
    (void)state;
    h.config.channel.join_leave = true;
    h.config.client_request_max_size = sizeof text;
    start();
    join_members("x");
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "2");
    harness_begin(&h);
    harness_feed(&a, pairs(550));
    size_t replies = 0;
    size_t turns = 0;
    for (; replies < 1100; turns++) {
        assert_true(turns < 1100);
        assert_true(cf_node_services(h.node)->turn.work <= WORK_MAX);
        harness_feed(&b, PING);
        (void)harness_end_turn(&h);
        harness_expect(&b, PING);
        replies = count_replies(&a, replies);
        harness_begin(&h);
        cf_node_go_on(h.node);
    }
    harness_end(&h);
    assert_true(turns > 10);
    assert_false(a.paused);
    harness_ask(&a, PING, PING);
    for (size_t i = 0; i < MEMBERS; i++)
        assert_int_equal(members[i].received, 1100 + MEMBERS - 1 - i); /* with the later members' joins */
}

static void what_is_published_between_comes_behind_the_subscribe(void **state)
{
    (void)state;
    h.config.channel.join_leave = true;
    h.config.client_request_max_size = sizeof text;
    start();
    join_members("x");
    harness_connect(&h, &a, "1");
    static char array[sizeof text];
    snprintf(array, sizeof array, "[{\"uid\":\"s\",\"method\":\"subscribe\",\"params\":{\"channel\":\"y\"}},%s",
             pairs(100) + 1);
    harness_begin(&h);
    harness_feed(&a, array);
    bool answered = false;
    for (bool more = true; more;) {
        publish("y", "7");
        more = harness_end_turn(&h);
        while (a.count > 0) {
            const char *message = harness_next(&a);
            const char *answer = strstr(message, "{\"uid\":\"s\"");
            assert_true(answered || answer != NULL || strstr(message, "\"data\":7") == NULL);
            answered = answered || answer != NULL;
        }
        harness_begin(&h);
        cf_node_go_on(h.node);
    }
    harness_end(&h);
    assert_true(answered);
}

/* Many clients' input comes in one round: what it leads to is not collected until all of it is worked on. */
static void input_is_answered_in_portions(void **state)
{
    (void)state;
    start();
    harness_connect(&h, &a, "1");
    a.quiet = true;
    size_t before = a.received;
    size_t pings = 0;
    harness_begin(&h);
    for (; !cf_node_is_busy(h.node); pings++)
        harness_feed(&a, "{\"method\":\"ping\"}");
    harness_end(&h);
    assert_int_equal(pings, CF_TURN_LIMITS.input / CF_WORK_COMMAND);
    assert_int_equal(a.received, before + pings);
}

static void input_behind_a_long_array_waits(void **state)
{
    (void)state;
    h.config.channel.join_leave = true;
    h.config.client_request_max_size = sizeof text;
    start();
    join_members("x");
    harness_connect(&h, &a, "1");
    harness_begin(&h);
    harness_feed(&a, pairs(20));
    assert_true(a.paused);
    harness_feed(&a, PING); /* was read already */
    assert_true(harness_end_turn(&h));
    harness_begin(&h);
    cf_session_gone(a.session); /* in the middle */
    a.session = NULL;
    harness_end(&h);
    harness_connect(&h, &b, "1");
    harness_begin(&h);
    harness_feed(&b, pairs(20));
    harness_feed(&b, PING);
    harness_end(&h);
    assert_false(b.paused);
    assert_int_equal(count_replies(&b, 0), 40);
}

/* ---- who publishes waits for who reads ----------------------------------- */

#define KILOBYTE 1024

/* A publish command with so many kB of data. */
static const char *publish_command(size_t kilobytes)
{
    int head = snprintf(text, sizeof text, "{\"uid\":\"q\",\"method\":\"publish\",\"params\":{\"channel\":\"x\",\"data\":\"");
    memset(text + head, 'x', kilobytes * KILOBYTE);
    memcpy(text + (size_t)head + kilobytes * KILOBYTE, "\"}}", 4);
    return text;
}

#define PUBLISHED "{\"uid\":\"q\",\"method\":\"publish\",\"body\":{\"channel\":\"x\",\"status\":true}}"

/* a and b are subscribed to x; b does not read and is behind; a waits to publish. */
static void b_is_behind(void)
{
    h.config.client_request_max_size = sizeof text;
    start();
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "2");
    subscribe(&a, "x");
    subscribe(&b, "x");
    b.blocked = true;
    for (size_t sent = 0; sent <= CF_SESSION_BACKLOG; sent += 100 * KILOBYTE) {
        harness_send(&a, publish_command(100));
        (void)harness_next(&a);
        harness_expect(&a, PUBLISHED);
    }
    harness_send(&a, publish_command(1));
    harness_send(&a, PING);
    harness_expect_nothing(&a);
    assert_true(a.paused);
}

static void a_publisher_waits_for_a_reader_that_is_behind(void **state)
{
    (void)state;
    b_is_behind();
    b.blocked = false;
    harness_begin(&h);
    cf_session_writable(b.session);
    harness_end(&h);
    (void)harness_next(&a);
    harness_expect(&a, PUBLISHED);
    harness_expect(&a, PING);
    assert_false(a.paused);
    assert_false(b.closed);
}

static void nobody_waits_for_ever(void **state)
{
    (void)state;
    b_is_behind();
    harness_connect(&h, &members[0], "3");
    subscribe(&members[0], "y");
    harness_ask(&members[0], PING, PING); /* what others do goes on */
    harness_pass(&h, 900);
    harness_expect_nothing(&a);
    harness_pass(&h, 300);
    (void)harness_next(&a);
    harness_expect(&a, PUBLISHED);
    harness_expect(&a, PING);
    harness_send(&a, publish_command(1)); /* b is given up */
    (void)harness_next(&a);
    harness_expect(&a, PUBLISHED);
    for (size_t sent = 0; !b.closed && sent < 200; sent++) {
        harness_send(&a, publish_command(100));
        harness_forget(&a);
    }
    harness_expect_closed(&b, "slow", false);
}

static void publishers_that_go_while_they_wait_leave_nothing(void **state)
{
    (void)state;
    b_is_behind();
    harness_begin(&h);
    cf_session_gone(a.session);
    a.session = NULL;
    harness_end(&h);
    harness_connect(&h, &a, "1");
    subscribe(&a, "x");
    harness_send(&a, publish_command(1));
    harness_expect_nothing(&a);
    harness_begin(&h);
    cf_session_gone(b.session); /* who is waited for */
    b.session = NULL;
    harness_end(&h);
    (void)harness_next(&a);
    harness_expect(&a, PUBLISHED);
}

static void who_prefers_it_cuts(void **state)
{
    (void)state;
    h.config.publish_wait_timeout = 0;
    h.config.client_queue_max_size = 500 * KILOBYTE;
    h.config.client_request_max_size = sizeof text;
    start();
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "2");
    subscribe(&a, "x");
    subscribe(&b, "x");
    b.blocked = true;
    for (size_t i = 0; i < 5; i++) {
        harness_send(&a, publish_command(100));
        (void)harness_next(&a);
        harness_expect(&a, PUBLISHED);
    }
    harness_expect_closed(&b, "slow", false);
}

static void histories_are_sent_one_after_the_other(void **state)
{
    static const char ask[] = "{\"uid\":\"h\",\"method\":\"history\",\"params\":{\"channel\":\"x\"}}";
    (void)state;
    h.config.client_queue_max_size = 800 * KILOBYTE;
    h.config.client_request_max_size = sizeof text;
    h.config.channel.history_size = 100;
    h.config.channel.history_lifetime = 100;
    start();
    harness_connect(&h, &a, "1");
    subscribe(&a, "x");
    for (size_t i = 0; i < 6; i++) {
        harness_send(&a, publish_command(100));
        harness_forget(&a);
    }
    a.window = 100 * KILOBYTE;
    harness_begin(&h);
    for (size_t i = 0; i < 3; i++) {
        harness_feed(&a, ask);
        assert_true(i == 0 || a.paused);
    }
    a.quiet = true;
    a.received = 0;
    for (size_t turns = 0; turns < 100 && !a.closed && a.received < 3; turns++) {
        harness_end(&h);
        harness_begin(&h);
        if (a.session != NULL)
            cf_session_writable(a.session);
    }
    harness_end(&h);
    assert_false(a.closed);
    assert_int_equal(a.received, 3);
    assert_false(a.paused);
}

/* ---- the end ------------------------------------------------------------- */

static void a_shutdown_tells_no_leaves_to_those_who_leave(void **state)
{
    (void)state;
    h.config.channel.join_leave = true;
    start();
    join_members("x");
    for (size_t i = 0; i < MEMBERS; i++)
        members[i].received = 0;
    harness_begin(&h);
    cf_node_shut_down(h.node);
    harness_end(&h);
    assert_true(cf_node_is_shut_down(h.node));
    for (size_t i = 0; i < MEMBERS; i++) {
        assert_int_equal(members[i].received, 0);
        harness_expect_closed(&members[i], "shutting down", true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TURN(one_message_is_written_in_slices),
        TURN(an_answer_comes_before_the_rest_of_a_fan_out),
        TURN(answers_leave_room_for_pushes),
        TURN(what_is_published_meanwhile_keeps_its_order),
        TURN(a_long_array_lets_others_in_between),
        TURN(what_is_published_between_comes_behind_the_subscribe),
        TURN(input_is_answered_in_portions),
        TURN(input_behind_a_long_array_waits),
        TURN(a_publisher_waits_for_a_reader_that_is_behind),
        TURN(nobody_waits_for_ever),
        TURN(publishers_that_go_while_they_wait_leave_nothing),
        TURN(who_prefers_it_cuts),
        TURN(histories_are_sent_one_after_the_other),
        TURN(a_shutdown_tells_no_leaves_to_those_who_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_message_is_written_in_slices),    TEST(an_answer_comes_before_the_rest_of_a_fan_out),
        TEST(answers_leave_room_for_pushes),       TEST(what_is_published_meanwhile_keeps_its_order),
        TEST(a_long_array_lets_others_in_between), TEST(what_is_published_between_comes_behind_the_subscribe),
        TEST(input_behind_a_long_array_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

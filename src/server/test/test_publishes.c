#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/broker.h"
#include "server/session_state.h"
#include "server/test/trio.h"
#include "server/test/slow_engine.h"

/* What one client publishes is under way to the engine together, and looks as if one had waited for the other. */

#define CASE(name) cmocka_unit_test_setup_teardown(name, subscribe_both, teardown)

static cf_engine *engine(void)
{
    return cf_node_services(h.node)->broker->engine;
}

static size_t waiting(void)
{
    return slow_engine_waiting(engine());
}

static void answer(cf_engine_status status)
{
    assert_true(waiting() > 0);
    harness_begin(&h);
    slow_engine_answer(engine(), status);
    harness_end(&h);
}

static void answer_channel(const char *channel)
{
    harness_begin(&h);
    slow_engine_answer_channel(engine(), cf_bytes_of(channel));
    harness_end(&h);
}

static void answer_all(void)
{
    harness_begin(&h);
    slow_engine_answer_all(engine());
    harness_end(&h);
}

#define SUBSCRIBE(channel) "{\"uid\":\"s\",\"method\":\"subscribe\",\"params\":{\"channel\":\"" channel "\"}}"
#define PUBLISH(uid, channel)                                                                                                  \
    "{\"uid\":\"" uid "\",\"method\":\"publish\",\"params\":{\"channel\":\"" channel "\",\"data\":" uid "}}"
#define PUBLISHED(uid, channel)                                                                                                \
    "{\"uid\":\"" uid "\",\"method\":\"publish\",\"body\":{\"channel\":\"" channel "\",\"status\":true}}"
#define REFUSED(uid, channel, error, advice)                                                                                   \
    "{\"uid\":\"" uid "\",\"method\":\"publish\",\"error\":\"" error "\",\"advice\":\"" advice                                 \
    "\",\"body\":{\"channel\":\"" channel "\",\"status\":false}}"
#define FAILED(uid, channel) REFUSED(uid, channel, "internal server error", "retry")
#define DENIED(uid, channel) REFUSED(uid, channel, "permission denied", "fix")
#define PING                 "{\"uid\":\"9\",\"method\":\"ping\"}"
#define UNSUBSCRIBE(channel) "{\"uid\":\"u\",\"method\":\"unsubscribe\",\"params\":{\"channel\":\"" channel "\"}}"
#define UNSUBSCRIBED(channel)                                                                                                  \
    "{\"uid\":\"u\",\"method\":\"unsubscribe\",\"body\":{\"channel\":\"" channel "\",\"status\":true}}"
#define HISTORY(channel) "{\"uid\":\"h\",\"method\":\"history\",\"params\":{\"channel\":\"" channel "\"}}"

/* `a` is in x and y, `b` in x. */
static int subscribe_both(void **state)
{
    (void)state;
    harness_init(&h);
    h.config.channel = (cf_channel_options){.publish = true, .history_size = 10, .history_lifetime = 60};
    if (!harness_start(&h, slow_engine_new))
        return -1;
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "2");
    harness_send(&a, SUBSCRIBE("x"));
    harness_send(&b, SUBSCRIBE("x"));
    harness_send(&a, SUBSCRIBE("y"));
    answer_all();
    answer_all();
    harness_forget(&a);
    harness_forget(&b);
    return 0;
}

static void expect_data(harness_client *client, const char *data)
{
    char part[80];
    snprintf(part, sizeof part, "\"data\":%s}}", data);
    const char *message = harness_next(client);
    if (strstr(message, "\"method\":\"message\"") == NULL || strstr(message, part) == NULL)
        fail_msg("%s is no message with %s", message, part);
}

static void publishes_of_several_messages_are_under_way_together(void **state)
{
    (void)state;
    harness_send(&a, PUBLISH("1", "x"));
    harness_send(&a, PUBLISH("2", "x"));
    harness_send(&a, "[" PUBLISH("3", "y") "," PUBLISH("4", "x") "]");
    assert_int_equal(waiting(), 4);
    assert_false(a.paused);
    harness_expect_nothing(&a);
    answer(CF_ENGINE_OK);
    expect_data(&a, "1");
    harness_expect(&a, PUBLISHED("1", "x"));
    answer(CF_ENGINE_OK);
    expect_data(&a, "2");
    harness_expect(&a, PUBLISHED("2", "x"));
    answer(CF_ENGINE_OK);
    expect_data(&a, "3");
    harness_expect_nothing(&a);
    answer(CF_ENGINE_OK);
    expect_data(&a, "4");
    harness_expect(&a, "[" PUBLISHED("3", "y") "," PUBLISHED("4", "x") "]");
    expect_data(&b, "1");
    expect_data(&b, "2");
    expect_data(&b, "4");
}

static void answers_keep_the_order_of_messages_whatever_the_engine_answers_first(void **state)
{
    (void)state;
    harness_send(&a, PUBLISH("1", "x"));
    harness_send(&a, PUBLISH("2", "y"));
    harness_send(&a, PUBLISH("3", "z"));
    harness_send(&a, PUBLISH("4", "y"));
    assert_int_equal(waiting(), 3);
    answer_channel("y");
    expect_data(&a, "2");
    answer_channel("y");
    expect_data(&a, "4");
    harness_expect_nothing(&a);
    answer_channel("x");
    expect_data(&a, "1");
    harness_expect(&a, PUBLISHED("1", "x"));
    harness_expect(&a, PUBLISHED("2", "y"));
    harness_expect(&a, DENIED("3", "z"));
    harness_expect(&a, PUBLISHED("4", "y"));
    harness_expect_nothing(&a);
}

static void one_that_fails_is_told_so_and_the_others_are_not_concerned(void **state)
{
    (void)state;
    harness_send(&a, PUBLISH("1", "x"));
    harness_send(&a, PUBLISH("2", "x"));
    answer(CF_ENGINE_UNAVAILABLE);
    harness_expect(&a, FAILED("1", "x"));
    answer(CF_ENGINE_OK);
    expect_data(&a, "2");
    harness_expect(&a, PUBLISHED("2", "x"));
    harness_ask(&a, PING, PING);
}

static void every_other_command_waits_for_the_publishes_before_it(void **state)
{
    static const char *const commands[] = {PING, HISTORY("x"), UNSUBSCRIBE("x"), SUBSCRIBE("z")};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        harness_send(&a, PUBLISH("1", "x"));
        harness_send(&a, PUBLISH("2", "x"));
        harness_send(&a, commands[i]);
        harness_send(&a, PUBLISH("3", "y"));
        assert_int_equal(waiting(), 2);
        assert_true(a.paused);
        answer(CF_ENGINE_OK);
        assert_int_equal(waiting(), 1);
        while (waiting() > 0)
            answer(CF_ENGINE_OK);
        assert_false(a.paused);
        for (size_t texts = 0; texts < 7; texts++) /* three messages with their answers, and the command's */
            (void)harness_next(&a);
        harness_expect_nothing(&a);
        if (i == 2) {
            harness_send(&a, SUBSCRIBE("x"));
            answer_all();
            harness_forget(&a);
        }
    }
}

static void what_depends_on_a_publish_finds_it(void **state)
{
    (void)state;
    harness_send(&a, PUBLISH("1", "x"));
    harness_send(&a, "[" PUBLISH("2", "x") "," HISTORY("x") "," UNSUBSCRIBE("x") "," PUBLISH("3", "x") "]");
    for (int i = 0; i < 3; i++)
        answer(CF_ENGINE_OK);
    expect_data(&a, "1");
    harness_expect(&a, PUBLISHED("1", "x"));
    expect_data(&a, "2");
    const char *replies = harness_next(&a);
    assert_non_null(strstr(replies, "[" PUBLISHED("2", "x") ",{\"uid\":\"h\""));
    assert_non_null(strstr(replies, "\"data\":1,"));
    assert_non_null(strstr(replies, "\"data\":2,"));
    assert_non_null(strstr(replies, "," UNSUBSCRIBED("x") "," DENIED("3", "x") "]"));
}

/* Rule 4 of docs/internals.md: its answers leave together, and what is published behind it. */
static void nothing_begins_beside_an_array_that_has_subscribed(void **state)
{
    (void)state;
    harness_send(&a, "[" SUBSCRIBE("z") "," PUBLISH("1", "z") "]");
    answer(CF_ENGINE_OK);
    harness_send(&a, PUBLISH("2", "z"));
    assert_int_equal(waiting(), 1);
    assert_true(a.paused);
    answer(CF_ENGINE_OK);
    answer(CF_ENGINE_OK);
    assert_false(a.paused);
}

/* One publish may pass the limit, so that the largest one can be sent. */
static void what_is_under_way_is_bounded(void **state)
{
    static char large[40000];
    (void)state;
    int head = snprintf(large, sizeof large, "{\"uid\":\"1\",\"method\":\"publish\",\"params\":{\"channel\":\"x\",\"data\":\"");
    memset(large + head, 'x', sizeof large - (size_t)head);
    memcpy(large + sizeof large - 4, "\"}}", 4);
    a.quiet = b.quiet = true;
    for (int i = 0; i < 10; i++)
        harness_send(&a, large);
    assert_int_equal(waiting(), 7);
    assert_true(a.paused);
    answer(CF_ENGINE_OK);
    assert_int_equal(waiting(), 7);
    for (int i = 0; i < 9; i++)
        answer(CF_ENGINE_OK);
    assert_false(a.paused);
    for (int i = 0; i < 2000; i++)
        harness_send(&a, PUBLISH("1", "x"));
    assert_true(a.paused);
    assert_true(waiting() > 400 && waiting() < 1200);
    while (waiting() > 0)
        answer(CF_ENGINE_OK);
    assert_false(a.paused);
}

/* At each step: the client goes, or sends what is no JSON; then the engine answers, well or not. */
static void clients_go_while_publishes_are_under_way(void **state)
{
    (void)state;
    a.quiet = b.quiet = true;
    for (size_t answers = 0; answers < 5; answers++) {
        for (int how = 0; how < 4; how++) {
            harness_connect(&h, &c, "3");
            harness_send(&c, SUBSCRIBE("x"));
            answer_all();
            harness_send(&c, PUBLISH("1", "x"));
            harness_send(&c, "[" PUBLISH("2", "x") "," PUBLISH("3", "q") "," PUBLISH("4", "x") "]");
            harness_send(&c, PUBLISH("5", "x"));
            harness_send(&c, PING);
            for (size_t i = 0; i < answers && waiting() > 0; i++)
                answer(CF_ENGINE_OK);
            harness_forget(&c);
            if (how == 0)
                harness_send(&c, "{");
            harness_begin(&h);
            if (how == 1)
                cf_session_gone(c.session);
            else if (how > 1)
                cf_session_close(c.session, how == 2 ? CF_TROUBLE_SHUTDOWN : CF_TROUBLE_DISCONNECT);
            harness_end(&h);
            while (waiting() > 0)
                answer(how == 2 ? CF_ENGINE_UNAVAILABLE : CF_ENGINE_OK);
            if (how > 0)
                harness_expect_nothing(&c);
            harness_forget(&c);
        }
    }
    assert_int_equal(cf_node_session_count(h.node), 2);
}

static void no_json_behind_publishes_closes_and_loses_no_memory(void **state)
{
    (void)state;
    harness_send(&a, PUBLISH("1", "x"));
    harness_send(&a, PUBLISH("2", "x"));
    harness_send(&a, "{");
    harness_expect_closed(&a, "invalid message", false);
    answer_all();
    expect_data(&b, "1");
    expect_data(&b, "2");
}

static void without_memory_a_publisher_is_closed_and_nothing_hangs(void **state)
{
    (void)state;
    a.quiet = b.quiet = true;
    for (size_t fail = 1; fail < 40; fail++) {
        harness_connect(&h, &c, "3");
        harness_send(&c, SUBSCRIBE("x"));
        answer_all();
        h.fail_at = fail;
        harness_send(&c, PUBLISH("1", "x"));
        if (!c.closed)
            harness_send(&c, "[" PUBLISH("2", "x") "," PUBLISH("3", "q") "," PUBLISH("4", "x") "," PING "]");
        while (waiting() > 0)
            answer(CF_ENGINE_OK);
        h.fail_at = 0;
        harness_forget(&c);
        if (!c.closed) {
            harness_ask(&c, PING, PING);
            harness_begin(&h);
            cf_session_gone(c.session);
            harness_end(&h);
            answer_all();
        }
        harness_forget(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(publishes_of_several_messages_are_under_way_together),
        CASE(answers_keep_the_order_of_messages_whatever_the_engine_answers_first),
        CASE(one_that_fails_is_told_so_and_the_others_are_not_concerned),
        CASE(every_other_command_waits_for_the_publishes_before_it),
        CASE(what_depends_on_a_publish_finds_it),
        CASE(nothing_begins_beside_an_array_that_has_subscribed),
        CASE(what_is_under_way_is_bounded),
        CASE(clients_go_while_publishes_are_under_way),
        CASE(no_json_behind_publishes_closes_and_loses_no_memory),
        CASE(without_memory_a_publisher_is_closed_and_nothing_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

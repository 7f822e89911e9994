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

/* Sessions on an engine that answers later, in vain, or never. */

#define CASE(name) cmocka_unit_test_setup_teardown(name, connect_all, teardown)

static cf_engine *engine(void)
{
    return cf_node_services(h.node)->broker->engine;
}

static int connect_all(void **state)
{
    (void)state;
    harness_init(&h);
    h.config.channel = (cf_channel_options){
        .publish = true, .presence = true, .join_leave = true, .recover = true, .history_size = 10, .history_lifetime = 60};
    if (!harness_start(&h, slow_engine_new))
        return -1;
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "2");
    harness_connect(&h, &c, "3");
    return 0;
}

static void answer(cf_engine_status status)
{
    assert_true(slow_engine_waiting(engine()) > 0);
    harness_begin(&h);
    slow_engine_answer(engine(), status);
    harness_end(&h);
}

static void answer_all(void)
{
    harness_begin(&h);
    slow_engine_answer_all(engine());
    harness_end(&h);
}

static void gone(harness_client *client)
{
    harness_begin(&h);
    cf_session_gone(client->session);
    client->session = NULL;
    harness_end(&h);
}

#define SUBSCRIBE "{\"uid\":\"2\",\"method\":\"subscribe\",\"params\":{\"channel\":\"x\"}}"
#define SUBSCRIBED                                                                                                             \
    "{\"uid\":\"2\",\"method\":\"subscribe\",\"body\":{\"channel\":\"x\",\"status\":true,\"last\":\"\",\"messages\":null,"     \
    "\"recovered\":false}}"
#define PING "{\"uid\":\"9\",\"method\":\"ping\"}"

static void a_waiting_command_holds_up_what_comes_after_it(void **state)
{
    (void)state;
    harness_send(&a, SUBSCRIBE);
    assert_true(a.paused);
    harness_send(&a, PING);
    harness_send(&a, "[" PING "," PING "]");
    harness_expect_nothing(&a);
    harness_ask(&b, PING, PING); /* others go on */
    answer(CF_ENGINE_OK);        /* subscribe */
    answer(CF_ENGINE_OK);        /* presence */
    harness_expect_nothing(&a);
    assert_true(a.paused);
    answer_all(); /* history, join */
    harness_expect(&a, SUBSCRIBED);
    harness_expect(&a, PING);
    harness_expect(&a, "[" PING "," PING "]");
    assert_non_null(strstr(harness_next(&a), "\"method\":\"join\""));
    assert_false(a.paused);
}

static void an_array_waits_in_the_middle_and_is_answered_whole(void **state)
{
    (void)state;
    harness_send(&a, "[" PING "," SUBSCRIBE
                     ",{\"uid\":\"\\u0033\",\"method\":\"publish\",\"params\":{\"channel\":\"\\u0078\",\"data\":[1, 2]}}," PING
                     "]");
    harness_expect_nothing(&a);
    for (size_t i = 0; i < 3; i++)
        answer(CF_ENGINE_OK); /* subscribe, presence, history */
    answer_all();
    assert_non_null(strstr(harness_next(&a), "\"method\":\"join\""));
    harness_expect(&a, "[" PING "," SUBSCRIBED
                       ",{\"uid\":\"3\",\"method\":\"publish\",\"body\":{\"channel\":\"x\",\"status\":true}}," PING "]");
    assert_non_null(strstr(harness_next(&a), "\"data\":[1, 2]}}"));
    harness_expect_nothing(&a);
}

static void the_second_subscriber_waits_for_the_first_ones_answer(void **state)
{
    (void)state;
    harness_send(&a, SUBSCRIBE);
    harness_send(&b, SUBSCRIBE);
    assert_int_equal(slow_engine_waiting(engine()), 1);
    gone(&a);
    answer_all();
    harness_forget(&b);
    harness_ask(&b, PING, PING);
    assert_false(b.paused);
}

static void a_failing_subscribe_closes_all_who_waited(void **state)
{
    (void)state;
    harness_send(&a, SUBSCRIBE);
    harness_send(&b, SUBSCRIBE);
    harness_send(&c, SUBSCRIBE);
    answer(CF_ENGINE_UNAVAILABLE);
    harness_expect_closed(&a, "internal server error", true);
    harness_expect_closed(&b, "internal server error", true);
    harness_expect_closed(&c, "internal server error", true);
    answer_all();
}

static void a_failing_presence_closes(void **state)
{
    (void)state;
    harness_send(&a, SUBSCRIBE);
    answer(CF_ENGINE_OK);
    answer(CF_ENGINE_UNAVAILABLE);
    harness_expect_closed(&a, "internal server error", true);
    answer_all();
}

static void a_failing_history_recovers_nothing(void **state)
{
    (void)state;
    harness_send(&a, "{\"uid\":\"2\",\"method\":\"subscribe\",\"params\":{\"channel\":\"x\",\"recover\":true,\"last\":\"q\"}}");
    answer(CF_ENGINE_OK);
    answer(CF_ENGINE_OK);
    answer(CF_ENGINE_UNAVAILABLE);
    harness_expect(&a, "{\"uid\":\"2\",\"method\":\"subscribe\",\"body\":{\"channel\":\"x\",\"status\":true,\"last\":\"\","
                       "\"messages\":[],\"recovered\":"
                       "false}}");
}

static void a_history_that_cannot_be_read_is_not_said_to_be_empty(void **state)
{
    (void)state;
    harness_send(&a, SUBSCRIBE);
    answer(CF_ENGINE_OK);
    answer(CF_ENGINE_OK);
    answer(CF_ENGINE_UNAVAILABLE);
    harness_expect_closed(&a, "internal server error", true);
    answer_all();
}

static void failures_of_calls_are_answered(void **state)
{
    (void)state;
    harness_send(&a, SUBSCRIBE);
    answer_all();
    harness_forget(&a);
    static const char *const methods[] = {"publish", "presence", "history"};
    for (size_t i = 0; i < 3; i++) {
        char text[200], expected[200];
        snprintf(text, sizeof text, "{\"uid\":\"5\",\"method\":\"%s\",\"params\":{\"channel\":\"x\",\"data\":1}}", methods[i]);
        snprintf(expected, sizeof expected,
                 "{\"uid\":\"5\",\"method\":\"%s\",\"error\":\"internal server "
                 "error\",\"advice\":\"retry\",\"body\":{\"channel\":\"x\",\"%s}}",
                 methods[i], i == 0 ? "status\":false" : "data\":null");
        harness_send(&a, text);
        harness_expect_nothing(&a);
        answer(CF_ENGINE_UNAVAILABLE);
        harness_expect(&a, expected);
    }
}

#define SUBSCRIBE_TO(uid, channel) "{\"uid\":\"" uid "\",\"method\":\"subscribe\",\"params\":{\"channel\":\"" channel "\"}}"

/* At each step of each command: the client goes, then the engine answers, well or not. */
static void clients_go_while_they_wait(void **state)
{
    static const char *const commands[] = {
        SUBSCRIBE,
        "[" SUBSCRIBE ",{\"method\":\"publish\",\"params\":{\"channel\":\"x\",\"data\":1}},{\"method\":\"presence\",\"params\":"
        "{\"channel\":\"x\"}},"
        "{\"method\":\"history\",\"params\":{\"channel\":\"x\"}},{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"x\"}}]",
        "[" SUBSCRIBE "," SUBSCRIBE_TO("3", "y") "," SUBSCRIBE "," SUBSCRIBE_TO("4", "z") "," PING "]"};
    (void)state;
    gone(&a);
    for (size_t command = 0; command < 3; command++) {
        for (size_t answers = 0; answers < 12; answers++) {
            for (int how = 0; how < 3; how++) {
                harness_connect(&h, &a, "1");
                harness_send(&a, commands[command]);
                harness_send(&a, PING);
                for (size_t i = 0; i < answers && slow_engine_waiting(engine()) > 0; i++)
                    answer(CF_ENGINE_OK);
                harness_begin(&h);
                if (how == 0)
                    cf_session_gone(a.session);
                else
                    cf_session_close(a.session, how == 1 ? CF_TROUBLE_SHUTDOWN : CF_TROUBLE_DISCONNECT);
                harness_end(&h);
                a.session = NULL;
                harness_forget(&a);
                while (slow_engine_waiting(engine()) > 0)
                    answer(how == 2 ? CF_ENGINE_UNAVAILABLE : CF_ENGINE_OK);
                harness_expect_nothing(&a);
            }
        }
    }
}

static void an_engine_that_never_answers_leaves_no_memory_behind(void **state)
{
    (void)state;
    harness_send(&a, "[" PING "," SUBSCRIBE "]");
    harness_send(&a, PING);
    harness_send(&b, SUBSCRIBE);
    answer(CF_ENGINE_OK);
    gone(&a);
    harness_send(&c, SUBSCRIBE);
    gone(&c);
    assert_int_equal(cf_node_session_count(h.node), 1);
    harness_stop(&h);
}

static void input_behind_a_waiting_command_is_bounded(void **state)
{
    (void)state;
    static char large[60001];
    memset(large, ' ', 60000);
    memcpy(large, PING, strlen(PING));
    harness_send(&a, SUBSCRIBE);
    size_t count = 0;
    while (!a.closed && count < 100) {
        harness_send(&a, large);
        count++;
    }
    assert_true(count > 10 && count < 20);
    harness_expect_closed(&a, "limit exceeded", false);
    answer_all();
}

static void ignore_done(void *user, cf_trouble trouble)
{
    (void)user;
    assert_int_equal(trouble, CF_TROUBLE_NONE);
}

/* The API unsubscribes a user whose subscribe is at any step: he must not believe to be subscribed afterwards. */
static void an_unsubscribe_by_the_server_meets_a_waiting_subscribe(void **state)
{
    (void)state;
    gone(&a);
    for (size_t answers = 0; answers < 3; answers++) {
        harness_connect(&h, &a, "7");
        harness_send(&a, SUBSCRIBE);
        for (size_t i = 0; i < answers; i++)
            answer(CF_ENGINE_OK);
        harness_begin(&h);
        cf_node_unsubscribe(h.node, CF_BYTES("7"), CF_BYTES("x"), ignore_done, NULL);
        harness_end(&h);
        assert_non_null(strstr(harness_next(&a), "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"x\",\"status\":true}}"));
        answer_all();
        assert_non_null(strstr(harness_next(&a), "\"error\":\"permission denied\""));
        harness_expect_nothing(&a);
        assert_int_equal(a.session->subscription_count, 0);
        gone(&a);
        answer_all();
    }
}

static void answers_at_once_and_later_mix(void **state)
{
    (void)state;
    harness_send(&a, "[" SUBSCRIBE ",{\"uid\":\"3\",\"method\":\"history\",\"params\":{\"channel\":\"x\"}}," PING "]");
    answer(CF_ENGINE_OK);
    harness_begin(&h);
    slow_engine_hurry(engine());
    harness_end(&h);
    assert_non_null(strstr(harness_next(&a), "\"method\":\"join\""));
    harness_expect(&a,
                   "[" SUBSCRIBED ",{\"uid\":\"3\",\"method\":\"history\",\"body\":{\"channel\":\"x\",\"data\":[]}}," PING "]");
    harness_expect_nothing(&a);
}

static void count_result(void *user, cf_trouble trouble)
{
    (void)trouble;
    (*(size_t *)user)++;
}

static void a_shutdown_waits_for_the_engine(void **state)
{
    size_t published = 0;
    (void)state;
    harness_send(&a, SUBSCRIBE);
    answer_all();
    harness_begin(&h);
    cf_node_publish(h.node, CF_BYTES("x"), CF_BYTES("1"), CF_BYTES(""), CF_BYTES(""), count_result, &published);
    cf_node_shut_down(h.node);
    harness_end(&h);
    assert_false(cf_node_is_shut_down(h.node));
    harness_expect_closed(&a, "shutting down", true);
    answer_all();
    assert_true(cf_node_is_shut_down(h.node));
    assert_int_equal(published, 1);
}

/* ---- what is published while a history is read ---------------------------- */

#define RECOVER "{\"uid\":\"2\",\"method\":\"subscribe\",\"params\":{\"channel\":\"x\",\"recover\":true,\"last\":\"1\"}}"
#define RECOVERED(messages)                                                                                                    \
    "{\"uid\":\"2\",\"method\":\"subscribe\",\"body\":{\"channel\":\"x\",\"status\":true,\"last\":\"\",\"messages\":"          \
    "[" messages "],\"recovered\":true}}"
#define SUBSCRIBE_Y     "{\"uid\":\"3\",\"method\":\"subscribe\",\"params\":{\"channel\":\"y\"}}"
#define BODY(number)    "{\"uid\":\"" number "\",\"channel\":\"x\",\"data\":" number "}"
#define MESSAGE(number) "{\"method\":\"message\",\"body\":" BODY(number) "}"
#define JOIN            "\"method\":\"join\""

static void publish_to_x(const char *data)
{
    harness_begin(&h);
    cf_node_publish(h.node, CF_BYTES("x"), cf_bytes_of(data), CF_BYTES(""), cf_bytes_of(data), ignore_done, NULL);
    harness_end(&h);
}

/* There is a subscriber, and a message; then this is sent, and the session's presence is not answered yet. */
static void begin_recovery(const char *text)
{
    h.config.channel.join_leave = false;
    harness_send(&b, SUBSCRIBE);
    publish_to_x("1");
    answer_all();
    harness_forget(&b);
    harness_send(&a, text);
}

static void expect_found(harness_client *client, const char *part)
{
    const char *message = harness_next(client);
    if (strstr(message, part) == NULL)
        fail_msg("%s is not in %s", part, message);
}

static void what_the_history_tells_is_not_pushed(void **state)
{
    (void)state;
    begin_recovery(RECOVER);
    publish_to_x("2");
    answer(CF_ENGINE_OK); /* presence: the history is read behind the publish */
    answer(CF_ENGINE_OK);
    harness_expect(&b, MESSAGE("2"));
    harness_expect_nothing(&a);
    answer_all();
    harness_expect(&a, RECOVERED(BODY("2")));
    harness_expect_nothing(&a);
    publish_to_x("3");
    answer_all();
    harness_expect(&a, MESSAGE("3"));
}

static void what_the_history_does_not_have_comes_behind_its_answer(void **state)
{
    (void)state;
    begin_recovery("[" RECOVER "," SUBSCRIBE_Y "]");
    answer(CF_ENGINE_OK); /* presence */
    answer(CF_ENGINE_OK); /* history; the other channel's has still to be read */
    publish_to_x("2");
    answer_all();
    harness_forget(&b);
    expect_found(&a, "[" RECOVERED("") ",");
    harness_expect(&a, MESSAGE("2"));
    harness_expect_nothing(&a);
}

/* As from another node, whose messages come later here than there. */
static void what_the_client_has_already_is_not_pushed_again(void **state)
{
    (void)state;
    begin_recovery(RECOVER);
    cf_engine_sink sink = cf_hub_sink(cf_node_services(h.node)->hub);
    harness_begin(&h);
    sink.message(sink.user, &(cf_publication){.uid = CF_BYTES("1"), .channel = CF_BYTES("x"), .data = CF_BYTES("1")});
    harness_end(&h);
    answer_all();
    harness_expect(&a, RECOVERED(""));
    harness_expect_nothing(&a);
}

static void a_history_that_fails_loses_nothing_that_was_published_meanwhile(void **state)
{
    (void)state;
    begin_recovery(RECOVER);
    publish_to_x("2");
    answer(CF_ENGINE_OK);
    answer(CF_ENGINE_OK);
    answer(CF_ENGINE_UNAVAILABLE);
    answer_all();
    expect_found(&a, "\"messages\":[],\"recovered\":false");
    harness_expect(&a, MESSAGE("2"));
}

static void take_out_of(cf_bytes channel)
{
    begin_recovery("[" RECOVER "," SUBSCRIBE_Y "]");
    answer(CF_ENGINE_OK);
    answer(CF_ENGINE_OK);
    publish_to_x("2");
    answer(CF_ENGINE_OK); /* subscribe */
    answer(CF_ENGINE_OK); /* publish */
    harness_begin(&h);
    cf_node_unsubscribe(h.node, CF_BYTES("1"), channel, ignore_done, NULL);
    harness_end(&h);
    answer_all();
}

static void expect_answer_and_end(void)
{
    expect_found(&a, RECOVERED(""));
    expect_found(
        &a, "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"x\""); /* behind the answer that says that it is subscribed */
    harness_expect_nothing(&a);
}

static void who_has_left_gets_nothing_of_what_was_held_back(void **state)
{
    (void)state;
    take_out_of(CF_BYTES("x"));
    expect_answer_and_end();
}

/* The channel's own name was read when the channel was gone. */
static void nor_does_who_was_taken_out_of_all_channels(void **state)
{
    (void)state;
    take_out_of(CF_BYTES(""));
    expect_found(&a, "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"y\"");
    expect_answer_and_end();
}

static void what_is_held_back_is_bounded(void **state)
{
    (void)state;
    h.config.client_queue_max_size = 1500;
    gone(&c);
    harness_connect(&h, &c, "4");
    begin_recovery(RECOVER);
    harness_send(&c, RECOVER);
    char text[] = "\"................................................................................................\"";
    for (size_t i = 0; i < 8; i++)
        publish_to_x(text);
    answer(CF_ENGINE_OK); /* both are present: the histories are read behind what was published */
    answer(CF_ENGINE_OK);
    for (size_t i = 0; i < 8; i++)
        answer(CF_ENGINE_OK);
    harness_expect_closed(&c, "internal server error", true);
    answer_all();
    expect_found(&a, "\"recovered\":true");
}

/* In a channel without recovery an answer tells no position: there the order is that of version 1. */
static void a_channel_without_recovery_holds_nothing_back(void **state)
{
    (void)state;
    h.config.channel.recover = false;
    harness_send(&a, "[" SUBSCRIBE ",{\"uid\":\"3\",\"method\":\"publish\",\"params\":{\"channel\":\"x\",\"data\":1}}]");
    answer_all();
    expect_found(&a, JOIN);
    expect_found(&a, "\"method\":\"message\"");
    expect_found(&a, "[" SUBSCRIBED ",");
    harness_expect_nothing(&a);
}

/* ---- what fails is taken back later ---------------------------------------- */

#define UNSUBSCRIBE "{\"uid\":\"4\",\"method\":\"unsubscribe\",\"params\":{\"channel\":\"x\"}}"

static char told[200];

static void keep_data(void *user, cf_trouble trouble, cf_bytes data)
{
    (void)user;
    assert_int_equal(trouble, CF_TROUBLE_NONE);
    snprintf(told, sizeof told, "%.*s", (int)data.size, data.data);
}

static const char *present(void)
{
    harness_begin(&h);
    cf_node_presence(h.node, CF_BYTES("x"), keep_data, NULL);
    slow_engine_answer_all(engine());
    harness_end(&h);
    return told;
}

static const char *subscribed_channels(void)
{
    harness_begin(&h);
    cf_node_channels(h.node, keep_data, NULL);
    slow_engine_answer_all(engine());
    harness_end(&h);
    return told;
}

static void fail_all(void)
{
    while (slow_engine_waiting(engine()) > 0)
        answer(CF_ENGINE_UNAVAILABLE);
}

static void leave_in_vain(void)
{
    h.config.channel.join_leave = false;
    harness_send(&a, SUBSCRIBE);
    answer_all();
    harness_send(&a, UNSUBSCRIBE);
    assert_int_equal(slow_engine_waiting(engine()), 2);
    fail_all();
    harness_forget(&a);
}

static void who_cannot_be_taken_out_is_taken_out_later(void **state)
{
    (void)state;
    leave_in_vain();
    assert_non_null(strstr(present(), "\"user\":\"1\""));
    assert_string_equal(subscribed_channels(), "[\"x\"]");
    for (size_t i = 0; i < 3; i++) {
        harness_pass(&h, CF_RETRACT_PAUSE + 200);
        assert_int_equal(slow_engine_waiting(engine()), 2);
        fail_all();
    }
    harness_pass(&h, CF_RETRACT_PAUSE + 200);
    answer_all();
    assert_string_equal(present(), "{}");
    assert_string_equal(subscribed_channels(), "[]");
    harness_pass(&h, 10 * CF_RETRACT_PAUSE);
    assert_int_equal(slow_engine_waiting(engine()), 0);
    assert_int_equal(cf_node_services(h.node)->broker->pending, 0);
}

static void who_is_back_is_not_taken_out(void **state)
{
    (void)state;
    leave_in_vain();
    harness_send(&a, SUBSCRIBE);
    answer_all();
    harness_pass(&h, 2 * CF_RETRACT_PAUSE);
    assert_int_equal(slow_engine_waiting(engine()), 0);
    assert_non_null(strstr(present(), "\"user\":\"1\""));
    assert_string_equal(subscribed_channels(), "[\"x\"]");
}

static void who_is_back_before_it_fails_is_not_taken_out(void **state)
{
    (void)state;
    h.config.channel.join_leave = false;
    harness_send(&a, SUBSCRIBE);
    answer_all();
    harness_send(&a, UNSUBSCRIBE);
    harness_send(&a, SUBSCRIBE);
    answer(CF_ENGINE_UNAVAILABLE);
    answer(CF_ENGINE_UNAVAILABLE);
    answer_all();
    harness_pass(&h, 2 * CF_RETRACT_PAUSE);
    assert_int_equal(slow_engine_waiting(engine()), 0);
    assert_non_null(strstr(present(), "\"user\":\"1\""));
}

/* As one that does I/O: the loop calls it, not the node. */
static void an_engine_answers_outside_of_a_turn(void **state)
{
    (void)state;
    h.config.channel.join_leave = false;
    harness_send(&a, SUBSCRIBE);
    harness_expect_nothing(&a);
    slow_engine_answer_all(engine());
    harness_end(&h);
    assert_non_null(strstr(harness_next(&a), "\"status\":true"));
}

/* An engine that says that it failed may have subscribed the node nevertheless. */
static void a_failed_subscribe_is_taken_back(void **state)
{
    (void)state;
    h.config.channel.join_leave = false;
    harness_send(&a, SUBSCRIBE);
    answer(CF_ENGINE_UNAVAILABLE);
    harness_expect_closed(&a, "internal server error", true);
    assert_int_equal(slow_engine_waiting(engine()), 1);
    answer_all();
}

/* ---- subscribes side by side ---------------------------------------------- */

enum { MANY = 100 };

static const char *many_subscribes(void)
{
    static char text[MANY * 100];
    size_t size = 0;
    for (int i = 0; i < MANY; i++)
        size += (size_t)snprintf(text + size, sizeof text - size,
                                 "%c{\"uid\":\"%d\",\"method\":\"subscribe\",\"params\":{\"channel\":\"c%d\"}}",
                                 i == 0 ? '[' : ',', i, i);
    snprintf(text + size, sizeof text - size, "]");
    return text;
}

/* What is asked now is answered, and no more. */
static void round_trip(void)
{
    size_t count = slow_engine_waiting(engine());
    harness_begin(&h);
    while (count-- > 0)
        slow_engine_answer(engine(), CF_ENGINE_OK);
    harness_end(&h);
}

static void a_hundred_subscribes_take_as_long_as_one(void **state)
{
    (void)state;
    h.config.channel.join_leave = false;
    harness_send(&a, many_subscribes());
    for (int phase = 0; phase < 3; phase++) { /* subscribe, presence, history */
        harness_expect_nothing(&a);
        assert_int_equal(slow_engine_waiting(engine()), MANY);
        round_trip();
    }
    const char *replies = harness_next(&a);
    for (int i = 0; i < MANY; i++) {
        char expected[120];
        snprintf(expected, sizeof expected,
                 "{\"uid\":\"%d\",\"method\":\"subscribe\",\"body\":{\"channel\":\"c%d\",\"status\":true", i, i);
        replies = strstr(replies, expected);
        assert_non_null(replies);
    }
    assert_false(a.paused);
}

static void answer_channel(const char *channel, size_t count)
{
    harness_begin(&h);
    while (count-- > 0)
        slow_engine_answer_channel(engine(), cf_bytes_of(channel));
    harness_end(&h);
}

#define SUBSCRIBED_TO(uid, channel)                                                                                            \
    "{\"uid\":\"" uid "\",\"method\":\"subscribe\",\"body\":{\"channel\":\"" channel                                           \
    "\",\"status\":true,\"last\":\"\",\"messages\":null,\"recovered\":false}}"
#define REFUSED(uid, channel, error)                                                                                           \
    "{\"uid\":\"" uid "\",\"method\":\"subscribe\",\"error\":\"" error                                                         \
    "\",\"advice\":\"fix\",\"body\":{\"channel\":\"" channel                                                                   \
    "\",\"status\":false,\"last\":\"\",\"messages\":null,\"recovered\":false}}"

static void replies_keep_the_order_of_the_commands(void **state)
{
    (void)state;
    h.config.channel.join_leave = false;
    harness_send(&a, "[" PING "," SUBSCRIBE_TO("1", "x") "," SUBSCRIBE_TO("2", "x") "," SUBSCRIBE_TO("3", "y") "]");
    answer_channel("y", 3);
    harness_expect_nothing(&a);
    assert_true(a.paused);
    answer_channel("x", 3);
    harness_expect(&a, "[" PING
                       "," SUBSCRIBED_TO("1", "x") "," REFUSED("2", "x", "already subscribed") "," SUBSCRIBED_TO("3", "y") "]");
    assert_false(a.paused);
}

static void other_commands_wait_for_all_subscribes_before_them(void **state)
{
    (void)state;
    h.config.channel.join_leave = false;
    harness_send(&a,
                 "[" SUBSCRIBE_TO("1", "x") "," SUBSCRIBE_TO("2", "y") ",{\"uid\":\"3\",\"method\":\"presence\",\"params\":{"
                                                                       "\"channel\":\"x\"}}," SUBSCRIBE_TO("4", "z") "]");
    harness_send(&a, PING);
    answer_channel("x", 9);
    assert_int_equal(slow_engine_waiting(engine()),
                     1); /* the other subscribe: neither the presence is asked for, nor what is behind it */
    answer_channel("y", 9);
    assert_int_equal(slow_engine_waiting(engine()), 1);
    answer_channel("x", 1);
    harness_expect_nothing(&a);
    answer_channel("z", 9);
    const char *replies = harness_next(&a);
    assert_non_null(strstr(replies, "{\"uid\":\"3\",\"method\":\"presence\",\"body\":{\"channel\":\"x\",\"data\":{\""));
    assert_non_null(strstr(replies, "," SUBSCRIBED_TO("4", "z") "]"));
    harness_expect(&a, PING);
}

/* Each phase of it: the others are answered as if it had not been there. */
static void one_of_many_is_withdrawn(void **state)
{
    (void)state;
    h.config.channel.join_leave = false;
    gone(&a);
    for (size_t answers = 0; answers < 3; answers++) {
        harness_connect(&h, &a, "7");
        harness_send(&a, "[" SUBSCRIBE_TO("1", "x") "," SUBSCRIBE_TO("2", "y") "," SUBSCRIBE_TO("3", "z") "]");
        answer_channel("y", answers);
        harness_begin(&h);
        cf_node_unsubscribe(h.node, CF_BYTES("7"), CF_BYTES("y"), ignore_done, NULL);
        harness_end(&h);
        harness_expect(&a, "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"y\",\"status\":true}}");
        answer_all();
        harness_expect(&a,
                       "[" SUBSCRIBED_TO("1", "x") "," REFUSED("2", "y", "permission denied") "," SUBSCRIBED_TO("3", "z") "]");
        assert_int_equal(a.session->subscription_count, 2);
        gone(&a);
        answer_all();
    }
}

static void one_of_many_fails(void **state)
{
    (void)state;
    for (size_t answers = 0; answers < 6; answers++) {
        harness_client *client = &a;
        gone(client);
        answer_all();
        harness_connect(&h, client, "7");
        harness_send(client, "[" SUBSCRIBE_TO("1", "x") "," SUBSCRIBE_TO("2", "y") "," SUBSCRIBE_TO("3", "z") "]");
        for (size_t i = 0; i < answers; i++)
            answer(CF_ENGINE_OK);
        answer(CF_ENGINE_UNAVAILABLE);
        harness_expect_closed(client, "internal server error", true);
        answer_all();
        harness_connect(&h, client, "7");
    }
}

/* A message that is held back for one channel does not come before the answers to the others. */
static void what_is_published_meanwhile_comes_behind_all_answers(void **state)
{
    (void)state;
    begin_recovery("[" RECOVER "," SUBSCRIBE_Y "]");
    answer_channel("x", 9);
    publish_to_x("2");
    answer_channel("x", 9);
    harness_expect_nothing(&a);
    answer_channel("y", 9);
    expect_found(&a, "[" RECOVERED("") "," SUBSCRIBED_TO("3", "y") "]");
    harness_expect(&a, MESSAGE("2"));
    harness_expect_nothing(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_waiting_command_holds_up_what_comes_after_it),
        CASE(an_array_waits_in_the_middle_and_is_answered_whole),
        CASE(the_second_subscriber_waits_for_the_first_ones_answer),
        CASE(a_failing_subscribe_closes_all_who_waited),
        CASE(a_failing_presence_closes),
        CASE(a_failing_history_recovers_nothing),
        CASE(a_history_that_cannot_be_read_is_not_said_to_be_empty),
        CASE(failures_of_calls_are_answered),
        CASE(clients_go_while_they_wait),
        CASE(an_engine_that_never_answers_leaves_no_memory_behind),
        CASE(input_behind_a_waiting_command_is_bounded),
        CASE(an_unsubscribe_by_the_server_meets_a_waiting_subscribe),
        CASE(answers_at_once_and_later_mix),
        CASE(a_shutdown_waits_for_the_engine),
        CASE(what_the_history_tells_is_not_pushed),
        CASE(what_the_history_does_not_have_comes_behind_its_answer),
        CASE(what_the_client_has_already_is_not_pushed_again),
        CASE(a_history_that_fails_loses_nothing_that_was_published_meanwhile),
        CASE(who_has_left_gets_nothing_of_what_was_held_back),
        CASE(nor_does_who_was_taken_out_of_all_channels),
        CASE(what_is_held_back_is_bounded),
        CASE(a_channel_without_recovery_holds_nothing_back),
        CASE(who_cannot_be_taken_out_is_taken_out_later),
        CASE(who_is_back_is_not_taken_out),
        CASE(who_is_back_before_it_fails_is_not_taken_out),
        CASE(a_failed_subscribe_is_taken_back),
        CASE(an_engine_answers_outside_of_a_turn),
        CASE(a_hundred_subscribes_take_as_long_as_one),
        CASE(replies_keep_the_order_of_the_commands),
        CASE(other_commands_wait_for_all_subscribes_before_them),
        CASE(one_of_many_is_withdrawn),
        CASE(one_of_many_fails),
        CASE(what_is_published_meanwhile_comes_behind_all_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

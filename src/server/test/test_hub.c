#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/session_state.h"
#include "server/test/trio.h"

/* The fan-out: who gets what, in which order, at what price. */

static void feed(harness_client *client, const char *method, const char *channel, const char *more)
{
    char text[300];
    snprintf(text, sizeof text, "{\"method\":\"%s\",\"params\":{\"channel\":\"%s\"%s}}", method, channel, more);
    harness_feed(client, text);
}

static void subscribed(harness_client *client, const char *channel)
{
    harness_begin(&h);
    feed(client, "subscribe", channel, "");
    harness_end(&h);
    harness_forget(client);
}

/* The messages that came, as letters: p(ush data), s(ubscribe reply), u(nsubscribe reply), r(eply to publish), g (ping). */
static const char *sequence(harness_client *client)
{
    static char text[200];
    size_t size = 0;
    while (client->count > 0) {
        const char *message = harness_next(client);
        const char *data = strstr(message, "\"data\":");
        if (strstr(message, "\"method\":\"message\"") != NULL)
            text[size++] = data[7];
        else
            text[size++] = strstr(message, "\"subscribe\"")     ? 's'
                           : strstr(message, "\"unsubscribe\"") ? 'u'
                           : strstr(message, "\"publish\"")     ? 'r'
                           : strstr(message, "\"ping\"")        ? 'g'
                                                                : '?';
    }
    text[size] = '\0';
    return text;
}

static void a_turn_is_one_flush_and_one_chunk(void **state)
{
    (void)state;
    start();
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "2");
    subscribed(&a, "x");
    subscribed(&b, "x");
    size_t flushes = a.flushes;
    a.blocked = b.blocked = true;
    harness_begin(&h);
    for (size_t i = 0; i < 9; i++)
        publish("x", "1");
    harness_end(&h);
    assert_int_equal(a.flushes, flushes + 1);
    cf_outbox *outbox = cf_session_outbox(a.session);
    assert_int_equal(outbox->count, 1);
    assert_null(outbox->segments);
    assert_ptr_equal(outbox->inline_segment.chunk, cf_session_outbox(b.session)->inline_segment.chunk);
    assert_int_equal(outbox->inline_segment.chunk->references, 2);
    assert_int_equal(outbox->inline_segment.chunk->messages, 9);
}

static void the_fan_out_allocates_per_message_not_per_subscriber(void **state)
{
    enum { COUNT = 500 };
    static harness_client many[COUNT];
    (void)state;
    start();
    for (size_t i = 0; i < COUNT; i++) {
        harness_connect(&h, &many[i], "1");
        subscribed(&many[i], "x");
        many[i].quiet = true;
    }
    harness_begin(&h);
    publish("x", "0");
    harness_end(&h);
    size_t before = h.allocations;
    harness_begin(&h);
    publish("x", "1");
    harness_end(&h);
    assert_true(h.allocations - before < 10);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(many[i].received, 4);
}

static void the_own_message_comes_before_the_reply(void **state)
{
    (void)state;
    start();
    harness_connect(&h, &a, "1");
    subscribed(&a, "x");
    subscribed(&a, "y");
    harness_begin(&h);
    feed(&a, "publish", "x", ",\"data\":1");
    feed(&a, "publish", "y", ",\"data\":2");
    feed(&a, "publish", "x", ",\"data\":3");
    harness_feed(&a, "{\"method\":\"ping\"}");
    feed(&a, "publish", "y", ",\"data\":4");
    harness_end(&h);
    /*
     * Within a channel in order, and each reply behind its message; what is published later may come before an earlier reply.
     */
    const char *got = sequence(&a);
    assert_int_equal(strlen(got), 9);
    assert_true(strchr(got, '1') < strchr(got, '3'));
    assert_true(strchr(got, '2') < strchr(got, '4'));
    assert_true(strchr(got, '1') < strchr(got, 'r'));
    assert_true(strchr(got, '4') < strrchr(got, 'r'));
    assert_true(strchr(got, 'g') < strrchr(got, 'r'));
}

/* Where the answer tells a position, what is behind that comes behind it; elsewhere it is as in version 1. */
static void an_own_message_of_the_same_array_comes_where_the_position_has_it(void **state)
{
    static const char array[] = "[{\"method\":\"subscribe\",\"params\":{\"channel\":\"x\"}},"
                                "{\"method\":\"publish\",\"params\":{\"channel\":\"x\",\"data\":1}}]";
    (void)state;
    h.config.channel = (cf_channel_options){.publish = true, .recover = true, .history_size = 10, .history_lifetime = 60};
    start();
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "2");
    harness_send(&a, array);
    assert_string_equal(sequence(&a), "s1");
    h.config.channel.recover = false;
    harness_send(&b, array);
    assert_string_equal(sequence(&b), "1s");
    assert_string_equal(sequence(&a), "1");
}

static void many_publishers_of_a_turn_share_the_chunk(void **state)
{
    (void)state;
    start();
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "2");
    harness_connect(&h, &c, "3");
    subscribed(&a, "x");
    subscribed(&b, "x");
    subscribed(&c, "x");
    c.blocked = true;
    harness_begin(&h);
    for (size_t i = 0; i < 5; i++) {
        feed(&a, "publish", "x", ",\"data\":1");
        feed(&b, "publish", "x", ",\"data\":2");
    }
    harness_end(&h);
    assert_string_equal(sequence(&a), "1212121212rrrrr");
    assert_int_equal(cf_session_outbox(c.session)->count, 1);
}

static void members_change_between_messages(void **state)
{
    (void)state;
    start();
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "2");
    subscribed(&a, "x");
    harness_begin(&h);
    publish("x", "1");
    feed(&b, "subscribe", "x", "");
    publish("x", "2");
    feed(&a, "unsubscribe", "x", "");
    publish("x", "3");
    feed(&b, "unsubscribe", "x", "");
    publish("x", "4");
    feed(&b, "subscribe", "x", "");
    publish("x", "5");
    harness_end(&h);
    assert_string_equal(sequence(&a), "12u");
    assert_string_equal(sequence(&b), "s23us5");
}

static void a_subscribe_reply_comes_before_later_messages_of_the_channel(void **state)
{
    (void)state;
    start();
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "2");
    subscribed(&a, "y");
    harness_begin(&h);
    publish("y", "1");
    feed(&a, "subscribe", "x", "");
    publish("x", "2");
    feed(&b, "subscribe", "x", ""); /* closes x's chunk early */
    publish("y", "3");
    publish("x", "4");
    harness_end(&h);
    const char *got = sequence(&a);
    assert_true(strchr(got, 's') < strchr(got, '2'));
    assert_true(strchr(got, '1') < strchr(got, '3'));
    assert_true(strchr(got, '2') < strchr(got, '4'));
    assert_string_equal(sequence(&b), "s4");
}

static void a_client_that_goes_in_the_turn_leaves_the_others_alone(void **state)
{
    (void)state;
    start();
    harness_connect(&h, &a, "1");
    harness_connect(&h, &b, "2");
    harness_connect(&h, &c, "3");
    subscribed(&a, "x");
    subscribed(&b, "x");
    subscribed(&c, "x");
    harness_begin(&h);
    publish("x", "1");
    harness_feed(&a, "{\"method\":\"ping\"}");
    cf_session_gone(a.session);
    publish("x", "2");
    harness_feed(&b, "{}");
    publish("x", "3");
    harness_end(&h);
    a.session = NULL;
    harness_expect_nothing(&a);
    harness_expect_nothing(&b);
    harness_expect_closed(&b, "method not found", false);
    assert_string_equal(sequence(&c), "123");
}

/* Random subscribes, unsubscribes and ends of many clients in a few channels, against a plain table. */
static void membership_is_what_a_table_says(void **state)
{
    enum { CLIENTS = 40, CHANNELS = 8 };
    static harness_client many[CLIENTS];
    bool member[CLIENTS][CHANNELS] = {{false}};
    size_t expected[CLIENTS] = {0};
    uint64_t random = 99;
    (void)state;
    start();
    for (size_t i = 0; i < CLIENTS; i++) {
        harness_connect(&h, &many[i], "1");
        many[i].received = 0;
        many[i].quiet = true;
    }
    for (size_t step = 0; step < 3000; step++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        size_t client = (size_t)(random >> 33) % CLIENTS, channel = (size_t)(random >> 43) % CHANNELS;
        char name[2] = {(char)('A' + channel), '\0'};
        harness_begin(&h);
        if ((random >> 53) % 50 == 0) {
            cf_session_gone(many[client].session);
            harness_end(&h);
            harness_connect(&h, &many[client], "1");
            memset(member[client], 0, sizeof member[client]);
            many[client].received = expected[client] = 0;
            many[client].quiet = true;
            continue;
        }
        bool subscribe = (random >> 55) % 2 == 0;
        feed(&many[client], subscribe ? "subscribe" : "unsubscribe", name, "");
        member[client][channel] = subscribe;
        expected[client]++;
        publish(name, "1");
        for (size_t i = 0; i < CLIENTS; i++)
            expected[i] += member[i][channel];
        harness_end(&h);
        for (size_t i = 0; i < CLIENTS; i++)
            assert_int_equal(many[i].received, expected[i]);
    }
}

static void an_idle_connection_is_small(void **state)
{
    enum { COUNT = 1000 };
    static harness_client many[COUNT];
    (void)state;
    start();
    harness_connect(&h, &a, "");
    size_t before = h.bytes;
    for (size_t i = 0; i < COUNT; i++) {
        char user[16];
        snprintf(user, sizeof user, "user-%zu", i);
        harness_connect(&h, &many[i], user);
    }
    size_t each = (h.bytes - before) / COUNT;
    if (each >= 440)
        fail_msg("an idle session takes %zu bytes", each);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_turn_is_one_flush_and_one_chunk),
        TEST(the_fan_out_allocates_per_message_not_per_subscriber),
        TEST(the_own_message_comes_before_the_reply),
        TEST(an_own_message_of_the_same_array_comes_where_the_position_has_it),
        TEST(many_publishers_of_a_turn_share_the_chunk),
        TEST(members_change_between_messages),
        TEST(a_subscribe_reply_comes_before_later_messages_of_the_channel),
        TEST(a_client_that_goes_in_the_turn_leaves_the_others_alone),
        TEST(membership_is_what_a_table_says),
        TEST(an_idle_connection_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

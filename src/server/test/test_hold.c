#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/hub.h"
#include "system/heap.h"

/* What is held back for a session: which of it is sent in the end. */

#define LIMIT 1000

static const cf_channel news, chat;
static cf_hold hold;

static bool add(const cf_channel *channel, const char *uid, const char *text)
{
    return cf_hold_add(&hold, channel, cf_bytes_of(uid), cf_bytes_of(text), &cf_heap, LIMIT);
}

/* news: a1 a3 a4; chat: b2; of no channel: "left". */
static int setup(void **state)
{
    (void)state;
    hold = (cf_hold){.channels = 2};
    return add(&news, "1", "a1") && add(&chat, "2", "b2") && add(&news, "3", "a3") && add(NULL, "", "left") &&
                   add(&news, "4", "a4")
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    cf_hold_free(&hold);
    return 0;
}

static void expect(const char *texts)
{
    char sent[LIMIT] = "";
    cf_bytes text;
    size_t at = 0;
    while (cf_hold_next(&hold, &at, &text)) {
        strncat(sent, text.data, text.size);
        strcat(sent, " ");
    }
    assert_string_equal(sent, texts);
}

static void test_all_is_sent_in_the_order_of_publication(void **state)
{
    (void)state;
    expect("a1 b2 a3 left a4 ");
}

static void test_what_the_history_has_is_not_sent_twice(void **state)
{
    (void)state;
    cf_hold_skip(&hold, &news, CF_BYTES("3"));
    expect("b2 left a4 ");
}

static void test_an_id_of_another_channel_is_another_message(void **state)
{
    (void)state;
    cf_hold_skip(&hold, &news, CF_BYTES("2"));
    expect("a1 b2 a3 left a4 ");
}

static void test_a_history_that_ends_before_all_that_is_held_skips_nothing(void **state)
{
    (void)state;
    cf_hold_skip(&hold, &news, CF_BYTES("0"));
    expect("a1 b2 a3 left a4 ");
}

static void test_a_channel_that_is_left_takes_its_messages_along(void **state)
{
    (void)state;
    cf_hold_forget(&hold, &news);
    expect("b2 left ");
}

static void test_from_a_message_above_the_limit_on_nothing_is_held(void **state)
{
    (void)state;
    char large[LIMIT + 1];
    memset(large, 'x', LIMIT);
    large[LIMIT] = '\0';
    assert_false(add(&news, "5", large));
    expect("a1 b2 a3 left a4 ");
    assert_false(add(&chat, "6", "b6"));
}

static void test_nothing_is_left_behind_its_end(void **state)
{
    (void)state;
    assert_false(cf_hold_is_empty(&hold));
    cf_hold_free(&hold);
    assert_true(cf_hold_is_empty(&hold));
    assert_int_equal(hold.channels, 0);
    expect("");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_all_is_sent_in_the_order_of_publication),
        TEST(test_what_the_history_has_is_not_sent_twice),
        TEST(test_an_id_of_another_channel_is_another_message),
        TEST(test_a_history_that_ends_before_all_that_is_held_skips_nothing),
        TEST(test_a_channel_that_is_left_takes_its_messages_along),
        TEST(test_from_a_message_above_the_limit_on_nothing_is_held),
        TEST(test_nothing_is_left_behind_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

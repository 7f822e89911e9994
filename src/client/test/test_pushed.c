#include "driver.h"

/* Messages that the driver has read itself: cf_client_transport_pushed. */

static cf_subscription *pushed(driver *d, const char *channel, const char *uid)
{
    cf_bytes name = cf_bytes_make(channel, strlen(channel));
    return cf_client_transport_pushed(d->client, d->transport, name, cf_bytes_make(uid, strlen(uid)), d->now);
}

static void assert_recovers_from(driver *d, const char *last)
{
    char line[128];
    driver_reconnect(d, 3);
    snprintf(line, sizeof(line), "send 2 {'method':'subscribe','params':{'channel':'news','recover':true,'last':'%s'}", last);
    assert_int_equal(driver_count(d, line), 1);
}

static void a_message_of_a_subscribed_channel_is_for_its_subscription(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_subscription *sport = driver_subscribe(d, "sport");
    driver_accept(d, 3, "sport");
    driver_forget(d);
    assert_ptr_equal(pushed(d, "news", "m1"), news);
    assert_ptr_equal(pushed(d, "sport", "m1"), sport);
    assert_ptr_equal(pushed(d, "news", "m2"), news);
    driver_pump(d);
    expect(d, ""); /* nothing is told by the core */
}

static void it_moves_the_position(void **state)
{
    driver *d = *state;
    driver_be_subscribed(d);
    pushed(d, "news", "m1");
    driver_receive(d, "{'method':'message','body':{'uid':'m2','channel':'news','data':1}}");
    pushed(d, "news", "m3");
    assert_recovers_from(d, "m3");
}

static void a_join_or_leave_does_not_move_it(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    pushed(d, "news", "m1");
    assert_ptr_equal(pushed(d, "news", ""), news);
    assert_recovers_from(d, "m1");
}

static void it_is_a_sign_of_life(void **state)
{
    driver *d = *state;
    driver_be_subscribed(d);
    driver_pass(d, 20000);
    pushed(d, "news", "m1");
    driver_pass(d, 29999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "send 1 {'method':'ping','uid':'3'}\n");
    driver_pass(d, 1000);
    pushed(d, "news", "m2");
    driver_pass(d, 29999);
    expect(d, "");
}

static void the_core_reads_what_is_for_nobody_or_comes_too_early(void **state)
{
    driver *d = *state;
    driver_start(d);
    assert_null(pushed(d, "news", "m1"));
    driver_be_connected(d);
    assert_null(pushed(d, "news", "m1"));
    driver_subscribe(d, "news");
    assert_null(pushed(d, "news", "m1")); /* not answered yet */
    driver_accept(d, 2, "news");
    assert_non_null(pushed(d, "news", "m2"));
    assert_null(pushed(d, "new", "m3"));
}

static void another_transport_has_no_messages(void **state)
{
    driver *d = *state;
    driver_be_subscribed(d);
    assert_null(cf_client_transport_pushed(d->client, d->transport + 1, CF_BYTES("news"), CF_BYTES("m1"), d->now));
    driver_closed(d, "", CENTRIFUGE_ERROR_NETWORK);
    assert_null(pushed(d, "news", "m1"));
    assert_null(cf_client_transport_pushed(d->client, 0, CF_BYTES("news"), CF_BYTES("m1"), d->now));
}

static void the_core_reads_what_comes_while_it_recovers(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    pushed(d, "news", "m1");
    driver_reconnect(d, 3);
    assert_null(pushed(d, "news", "m3"));
    driver_receive(d, "{'uid':'4','method':'subscribe','body':{'channel':'news','last':'','recovered':true,'messages':["
                      "{'uid':'m2','channel':'news','data':0}]}}");
    assert_null(pushed(d, "news", "m2")); /* it may have been told by the answer */
    for (unsigned i = 0; i < 65; i++)
        driver_receive(d, "{'method':'message','body':{'uid':'m3','channel':'news','data':1}}");
    assert_ptr_equal(pushed(d, "news", "m4"), news);
}

static void an_unsubscribed_one_hears_nothing(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_unsubscribe(d, news);
    assert_null(pushed(d, "news", "m1"));
    cf_subscription_subscribe(news, d->now);
    driver_pump(d);
    assert_null(pushed(d, "news", "m1")); /* on its way since before */
    cf_subscription_remove(news, d->now);
    driver_pump(d);
    assert_null(pushed(d, "news", "m1"));
}

static void without_memory_for_the_position_the_core_reads_it(void **state)
{
    driver *d = *state;
    driver_be_subscribed(d);
    pushed(d, "news", "m1");
    d->fail_at = d->allocations + 1;
    assert_null(pushed(d, "news", "a uid that is longer than any before it, and needs room of its own"));
    driver_pump(d);
    assert_recovers_from(d, "m1");
}

static void a_client_that_is_shut_hears_nothing(void **state)
{
    driver *d = *state;
    driver_be_subscribed(d);
    cf_client_shutdown(d->client, d->now);
    assert_null(pushed(d, "news", "m1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_of_a_subscribed_channel_is_for_its_subscription),
        TEST(it_moves_the_position),
        TEST(a_join_or_leave_does_not_move_it),
        TEST(it_is_a_sign_of_life),
        TEST(the_core_reads_what_is_for_nobody_or_comes_too_early),
        TEST(another_transport_has_no_messages),
        TEST(the_core_reads_what_comes_while_it_recovers),
        TEST(an_unsubscribed_one_hears_nothing),
        TEST(without_memory_for_the_position_the_core_reads_it),
        TEST(a_client_that_is_shut_hears_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

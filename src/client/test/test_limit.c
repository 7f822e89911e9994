#include "driver.h"

/* A limit is told of before it refuses, once, and again after there was room. */

static void call(driver *d, cf_subscription *subscription, centrifuge_error error)
{
    assert_int_equal(cf_subscription_presence(subscription, d->now, "p"), error);
    driver_pump(d);
}

static void calls_are_told_of_at_three_quarters(void **state)
{
    driver *d = *state;
    d->options.calls_max = 4;
    cf_subscription *news = driver_be_subscribed(d);
    call(d, news, CENTRIFUGE_ERROR_OK);
    call(d, news, CENTRIFUGE_ERROR_OK);
    assert_int_equal(driver_count(d, "high-water"), 0);
    call(d, news, CENTRIFUGE_ERROR_OK);
    assert_int_equal(driver_count(d, "high-water LIMIT_CALLS 3 of 4"), 1);
    call(d, news, CENTRIFUGE_ERROR_OK);
    call(d, news, CENTRIFUGE_ERROR_LIMIT_CALLS);
    call(d, news, CENTRIFUGE_ERROR_LIMIT_CALLS);
    assert_int_equal(driver_count(d, "high-water"), 1);
    driver_pass(d, d->options.timeout);
    driver_forget(d);
    for (int i = 0; i < 4; i++)
        call(d, news, CENTRIFUGE_ERROR_OK);
    assert_int_equal(driver_count(d, "high-water LIMIT_CALLS 3 of 4"), 1);
}

static void a_limit_of_one_is_told_of(void **state)
{
    driver *d = *state;
    d->options.calls_max = 1;
    cf_subscription *news = driver_be_subscribed(d);
    call(d, news, CENTRIFUGE_ERROR_OK);
    assert_int_equal(driver_count(d, "high-water LIMIT_CALLS 1 of 1"), 1);
    call(d, news, CENTRIFUGE_ERROR_LIMIT_CALLS);
}

static void a_limit_of_one_was_told_of_only_once(void **state)
{
    driver *d = *state;
    d->options.subscriptions_max = 1;
    driver_start(d);
    cf_subscription_remove(driver_subscribe(d, "a"), d->now);
    driver_pump(d);
    driver_forget(d);
    driver_subscribe(d, "b");
    expect(d, "high-water LIMIT_SUBSCRIPTIONS 1 of 1\n");
}

static void no_limit_is_never_told_of(void **state)
{
    driver *d = *state;
    d->options.calls_max = d->options.queue_size_max = d->options.subscriptions_max = SIZE_MAX;
    cf_subscription *news = driver_be_subscribed(d);
    for (int i = 0; i < 100; i++)
        call(d, news, CENTRIFUGE_ERROR_OK);
    assert_int_equal(driver_count(d, "high-water"), 0);
}

static void subscriptions_are_told_of(void **state)
{
    driver *d = *state;
    cf_subscription *subscription;
    d->options.subscriptions_max = 3;
    driver_start(d);
    driver_subscribe(d, "a");
    driver_subscribe(d, "b");
    expect(d, "");
    driver_subscribe(d, "c");
    expect(d, "high-water LIMIT_SUBSCRIPTIONS 3 of 3\n");
    assert_int_equal(cf_client_subscribe(d->client, d->now, CF_BYTES("d"), NULL, &subscription, NULL),
                     CENTRIFUGE_ERROR_LIMIT_SUBSCRIPTIONS);
    driver_pump(d);
    expect(d, "");
}

static centrifuge_error publish(driver *d, cf_subscription *subscription, size_t size)
{
    char data[200];
    memset(data, '1', size);
    return cf_subscription_publish(subscription, d->now, cf_bytes_make(data, size), "p");
}

static void bytes_that_wait_for_a_connection_are_told_of(void **state)
{
    driver *d = *state;
    d->options.queue_size_max = 100;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    assert_int_equal(publish(d, news, 60), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    expect(d, "");
    assert_int_equal(publish(d, news, 60), CENTRIFUGE_ERROR_LIMIT_QUEUE);
    driver_pump(d);
    expect(d, "high-water LIMIT_QUEUE 60 of 100\n");
    assert_int_equal(publish(d, news, 40), CENTRIFUGE_ERROR_OK);
    assert_int_equal(publish(d, news, 1), CENTRIFUGE_ERROR_LIMIT_QUEUE);
    driver_pump(d);
    expect(d, "");
}

static void unsubscribe_commands_filled_the_queue_unseen_after_an_old_warning(void **state)
{
    driver *d = *state;
    d->options.queue_size_max = 40;
    cf_subscription *news = driver_be_subscribed(d);
    assert_int_equal(publish(d, news, 30), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    assert_int_equal(driver_count(d, "high-water"), 1);
    driver_forget(d);
    cf_subscription_unsubscribe(news, d->now);
    assert_int_equal(cf_subscription_subscribe(news, d->now), CENTRIFUGE_ERROR_LIMIT_QUEUE);
    driver_pump(d);
    assert_int_equal(driver_count(d, "high-water LIMIT_QUEUE"), 1);
}

/* A slow connection: what the driver could not send yet counts. */
static void bytes_that_the_transport_has_not_sent_count(void **state)
{
    driver *d = *state;
    d->options.queue_size_max = 1000;
    cf_subscription *news = driver_be_subscribed(d);
    cf_client_transport_unsent(d->client, d->transport, 700);
    assert_int_equal(publish(d, news, 100), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    assert_int_equal(driver_count(d, "high-water LIMIT_QUEUE 700 of 1000"), 0);
    assert_int_equal(driver_count(d, "high-water LIMIT_QUEUE"), 1);
    cf_client_transport_unsent(d->client, d->transport, 950);
    assert_int_equal(publish(d, news, 100), CENTRIFUGE_ERROR_LIMIT_QUEUE);
    cf_client_transport_unsent(d->client, d->transport + 1, 0); /* another one's */
    assert_int_equal(publish(d, news, 100), CENTRIFUGE_ERROR_LIMIT_QUEUE);
    cf_client_transport_unsent(d->client, d->transport, 0);
    assert_int_equal(publish(d, news, 100), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    assert_int_equal(driver_count(d, "high-water LIMIT_QUEUE"), 1);
}

static void a_new_connection_has_sent_everything(void **state)
{
    driver *d = *state;
    d->options.queue_size_max = 1000;
    cf_subscription *news = driver_be_subscribed(d);
    cf_client_transport_unsent(d->client, d->transport, 1000);
    driver_closed(d, "", CENTRIFUGE_ERROR_NETWORK);
    driver_pass(d, d->options.retry);
    assert_int_equal(publish(d, news, 100), CENTRIFUGE_ERROR_OK);
}

static void what_is_told_at_the_end_is_nothing(void **state)
{
    driver *d = *state;
    d->options.calls_max = 1;
    cf_subscription *news = driver_be_subscribed(d);
    assert_int_equal(cf_subscription_presence(news, d->now, "p"), CENTRIFUGE_ERROR_OK);
    cf_client_shutdown(d->client, d->now);
    driver_pump(d);
    assert_int_equal(driver_count(d, "high-water"), 0);
    cf_client_transport_unsent(d->client, d->transport, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(calls_are_told_of_at_three_quarters),
        TEST(a_limit_of_one_is_told_of),
        TEST(a_limit_of_one_was_told_of_only_once),
        TEST(no_limit_is_never_told_of),
        TEST(subscriptions_are_told_of),
        TEST(bytes_that_wait_for_a_connection_are_told_of),
        TEST(unsubscribe_commands_filled_the_queue_unseen_after_an_old_warning),
        TEST(bytes_that_the_transport_has_not_sent_count),
        TEST(a_new_connection_has_sent_everything),
        TEST(what_is_told_at_the_end_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

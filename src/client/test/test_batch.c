#include "driver.h"

/* client-spec.md 13. Numbers like D34 are the defects of its section 17. */

static void flush(driver *d)
{
    cf_client_flush(d->client, d->now);
    driver_pump(d);
}

static void stop(driver *d, bool and_flush)
{
    cf_client_stop_batching(d->client, and_flush, d->now);
    driver_pump(d);
}

#define PUBLISH(data, uid) "{'method':'publish','params':{'channel':'news','data':" data "},'uid':'" uid "'}"
#define PING(uid)          "{'method':'ping','uid':'" uid "'}"

/* ---- by the user's word ------------------------------------------------------------------- */

static void commands_are_collected_until_they_are_flushed(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_client_start_batching(d->client);
    driver_publish(d, news, "\"a\"", "a");
    driver_publish(d, news, "\"b\"", "b");
    expect(d, "");
    flush(d);
    expect(d, "send 1 [" PUBLISH("'a'", "3") "," PUBLISH("'b'", "4") "]\n");
    driver_publish(d, news, "\"c\"", "c");
    flush(d);
    expect(d, "send 1 " PUBLISH("'c'", "5") "\n");
    flush(d);
    expect(d, "");
    cf_subscription_presence(news, d->now, (void *)(uintptr_t) "d");
    cf_client_ping(d->client, d->now);
    stop(d, true);
    expect(d, "send 1 [{'method':'presence','params':{'channel':'news'},'uid':'6'}," PING("7") "]\n");
    cf_client_ping(d->client, d->now);
    driver_pump(d);
    expect(d, "send 1 " PING("8") "\n");
}

static void subscribe_and_unsubscribe_are_collected_too(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    cf_client_start_batching(d->client);
    driver_subscribe(d, "a");
    driver_unsubscribe(d, driver_subscribe(d, "b"));
    expect(d, "b: unsubscribe\n");
    stop(d, true);
    expect(d, "send 1 [{'method':'subscribe','params':{'channel':'a'},'uid':'2'},"
              "{'method':'subscribe','params':{'channel':'b'},'uid':'3'},"
              "{'method':'unsubscribe','params':{'channel':'b'},'uid':'4'}]\n");
}

static void what_is_left_goes_behind_what_was_sent_meanwhile(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_client_start_batching(d->client);
    driver_publish(d, news, "1", "one");
    stop(d, false);
    expect(d, "");
    driver_publish(d, news, "2", "two");
    expect(d, "send 1 " PUBLISH("2", "4") "\n");
    flush(d);
    expect(d, "send 1 " PUBLISH("1", "3") "\n");
}

static void an_authorized_frame_joins_the_batch(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "$a");
    driver_subscribe(d, "$b");
    driver_be_connected(d);
    cf_client_start_batching(d->client);
    driver_authorized(d, 1, "{'$a':{'sign':'x'},'$b':{'sign':'y'}}");
    cf_client_ping(d->client, d->now);
    driver_pump(d);
    expect(d, "");
    stop(d, true);
    expect(d, "send 1 [{'method':'subscribe','params':{'channel':'$a','client':'c1','sign':'x'},'uid':'2'},"
              "{'method':'subscribe','params':{'channel':'$b','client':'c1','sign':'y'},'uid':'3'}," PING("4") "]\n");
}

static void a_refresh_is_collected_too(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    driver_opened(d);
    driver_receive(d, "{'uid':'1','method':'connect','body':{'client':'c','expires':true,'ttl':1}}");
    cf_client_start_batching(d->client);
    driver_pass(d, 1000);
    driver_forget(d);
    driver_refreshed(d, 1, "{'user':'u','timestamp':'2','token':'t'}");
    expect(d, "");
    flush(d);
    expect(d, "send 1 {'method':'refresh','params':{'user':'u','timestamp':'2','info':'','token':'t'},'uid':'2'}\n");
}

/* D34 */
static void the_connect_command_was_collected(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_client_start_batching(d->client);
    driver_subscribe(d, "news");
    driver_connect(d);
    driver_forget(d);
    driver_opened(d);
    expect(d, "send 1 {'method':'connect','params':{'user':'u','info':'','timestamp':'1','token':'t'},'uid':'1'}\n");
    driver_welcome(d, 1);
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'news'},'uid':'2'}\n"
              "connect c1 raw-websocket 0 ms\n");
}

static void an_idle_ping_does_not_wait_for_the_batch(void **state)
{
    driver *d = *state;
    driver_be_subscribed(d);
    cf_client_start_batching(d->client);
    driver_pass(d, 30000);
    expect(d, "send 1 " PING("3") "\n");
}

/* D35 */
static void calls_and_a_flush_in_one_go_were_two_frames(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_client_start_batching(d->client);
    cf_subscription_publish(news, d->now, CF_BYTES("1"), (void *)(uintptr_t) "1");
    cf_subscription_publish(news, d->now, CF_BYTES("2"), (void *)(uintptr_t) "2");
    cf_client_stop_batching(d->client, true, d->now);
    driver_pump(d);
    expect(d, "send 1 [" PUBLISH("1", "3") "," PUBLISH("2", "4") "]\n");
}

/* D36 */
static void a_reconnect_ended_the_batch_and_sent_what_was_stale(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_client_start_batching(d->client);
    driver_publish(d, news, "1", "one");
    driver_subscribe(d, "other");
    driver_unsubscribe(d, driver_subscribe(d, "third"));
    driver_forget(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    expect(d, "transport-close 'connection closed' again OK\n"
              "result one DISCONNECTED 'disconnected' 'retry'\n"
              "news: unsubscribe\n"
              "disconnect 'connection closed' again\n");
    driver_pass(d, 2000);
    driver_opened(d);
    driver_forget(d);
    driver_welcome(d, 1);
    expect(d, "send 2 [{'method':'subscribe','params':{'channel':'news'},'uid':'8'},"
              "{'method':'subscribe','params':{'channel':'other'},'uid':'9'}]\n"
              "connect c2 raw-websocket 0 ms\n");
    cf_client_ping(d->client, d->now);
    driver_pump(d);
    expect(d, "");
    stop(d, true);
    expect(d, "send 2 " PING("10") "\n");
}

static void disconnect_forgets_the_batch(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_client_start_batching(d->client);
    driver_publish(d, news, "1", "one");
    driver_disconnect(d);
    driver_forget(d);
    flush(d);
    expect(d, "");
    driver_connect(d);
    driver_opened(d);
    driver_forget(d);
    driver_welcome(d, 1);
    flush(d);
    expect(d, "connect c2 raw-websocket 0 ms\n");
}

static void shutting_down_forgets_the_batch(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_client_start_batching(d->client);
    driver_publish(d, news, "1", "one");
    cf_client_shutdown(d->client, d->now);
    driver_pump(d);
    expect(d, "close 1\nresult one CLOSED 'client destroyed' ''\n");
}

/* D43 */
static void a_flush_before_the_first_connect_threw(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_client_start_batching(d->client);
    driver_subscribe(d, "news");
    cf_client_ping(d->client, d->now);
    flush(d);
    stop(d, true);
    expect(d, "");
}

static void what_is_collected_counts_as_queued(void **state)
{
    driver *d = *state;
    d->options.queue_size_max = 150;
    cf_subscription *news = driver_be_subscribed(d);
    cf_client_start_batching(d->client);
    assert_int_equal(driver_publish(d, news, "1", "1"), CENTRIFUGE_ERROR_OK);
    assert_int_equal(driver_publish(d, news, "2", "2"), CENTRIFUGE_ERROR_OK);
    assert_int_equal(driver_publish(d, news, "3", "3"), CENTRIFUGE_ERROR_OK);
    assert_int_equal(driver_publish(d, news, "4", "4"), CENTRIFUGE_ERROR_LIMIT_QUEUE);
    flush(d);
    assert_int_equal(driver_publish(d, news, "5", "5"), CENTRIFUGE_ERROR_OK);
}

/* ---- by the turn ---------------------------------------------------------------------------------- */

static void subscribe_and_publish_inside(driver *d, const cf_effect *effect)
{
    cf_subscription *made;
    if (effect->kind != CF_EFFECT_EVENT || effect->event.kind != CF_EVENT_MESSAGE)
        return;
    cf_subscription_publish(effect->event.subscription, d->now, CF_BYTES("0"), (void *)(uintptr_t) "x");
    cf_client_subscribe(d->client, d->now, CF_BYTES("other"), NULL, &made, NULL);
}

static void the_commands_of_one_turn_are_one_frame(void **state)
{
    driver *d = *state;
    d->options.batch = true;
    driver_be_subscribed(d);
    d->hook = subscribe_and_publish_inside;
    driver_receive(d, "[{'method':'message','body':{'uid':'m1','channel':'news','data':1}},"
                      "{'method':'message','body':{'uid':'m2','channel':'news','data':2}}]");
    expect(d, "news: message m1 1\n"
              "news: message m2 2\n"
              "send 1 [" PUBLISH("0", "3") ",{'method':'subscribe','params':{'channel':'other'},'uid':'4'}," PUBLISH(
                  "0", "5") "]\n");
}

static void subscribe_inside_connect(driver *d, const cf_effect *effect)
{
    cf_subscription *made;
    if (effect->kind == CF_EFFECT_EVENT && effect->event.kind == CF_EVENT_CONNECT)
        cf_client_subscribe(d->client, d->now, CF_BYTES("c"), NULL, &made, NULL);
}

static void the_subscriptions_of_a_turn_join_those_of_the_connection(void **state)
{
    driver *d = *state;
    d->options.batch = true;
    driver_start(d);
    d->hook = subscribe_inside_connect;
    driver_subscribe(d, "a");
    driver_subscribe(d, "b");
    driver_connect(d);
    driver_opened(d);
    driver_forget(d);
    driver_welcome(d, 1);
    expect(d, "connect c1 raw-websocket 0 ms\n"
              "send 1 [{'method':'subscribe','params':{'channel':'a'},'uid':'2'},"
              "{'method':'subscribe','params':{'channel':'b'},'uid':'3'},"
              "{'method':'subscribe','params':{'channel':'c'},'uid':'4'}]\n");
}

static void the_users_batch_goes_before_that_of_the_turn(void **state)
{
    driver *d = *state;
    d->options.batch = true;
    cf_subscription *news = driver_be_subscribed(d);
    cf_client_start_batching(d->client);
    driver_publish(d, news, "1", "one");
    expect(d, "");
    stop(d, false);
    expect(d, "send 1 " PUBLISH("1", "3") "\n");
    cf_client_start_batching(d->client);
    driver_reconnect(d, 1);
    expect(d, "send 2 {'method':'subscribe','params':{'channel':'news'},'uid':'5'}\n"
              "connect c2 raw-websocket 0 ms\n");
}

static void what_was_asked_for_before_disconnect_is_sent(void **state)
{
    driver *d = *state;
    d->options.batch = true;
    cf_subscription *news = driver_be_subscribed(d);
    cf_subscription_publish(news, d->now, CF_BYTES("1"), (void *)(uintptr_t) "one");
    cf_client_disconnect(d->client, d->now);
    driver_pump(d);
    assert_int_equal(driver_count(d, "send 1 " PUBLISH("1", "3")), 1);
}

/* ---- memory ------------------------------------------------------------------------------------------ */

static void without_memory_for_one_frame_the_commands_go_one_by_one(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_client_start_batching(d->client);
    driver_publish(d, news, "1", "one");
    driver_publish(d, news, "2", "two");
    d->fail_at = d->allocations + 1;
    flush(d);
    expect(d, "send 1 " PUBLISH("1", "3") "\n"
                                          "send 1 " PUBLISH("2", "4") "\n");
}

static void without_memory_to_collect_nothing_changes(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_client_start_batching(d->client);
    for (size_t n = 1; n <= 2; n++) {
        d->fail_at = d->allocations + n;
        assert_int_equal(driver_publish(d, news, "1", "one"), CENTRIFUGE_ERROR_NO_MEMORY);
    }
    flush(d);
    expect(d, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(commands_are_collected_until_they_are_flushed),
        TEST(subscribe_and_unsubscribe_are_collected_too),
        TEST(what_is_left_goes_behind_what_was_sent_meanwhile),
        TEST(an_authorized_frame_joins_the_batch),
        TEST(a_refresh_is_collected_too),
        TEST(the_connect_command_was_collected),
        TEST(an_idle_ping_does_not_wait_for_the_batch),
        TEST(calls_and_a_flush_in_one_go_were_two_frames),
        TEST(a_reconnect_ended_the_batch_and_sent_what_was_stale),
        TEST(disconnect_forgets_the_batch),
        TEST(shutting_down_forgets_the_batch),
        TEST(a_flush_before_the_first_connect_threw),
        TEST(what_is_collected_counts_as_queued),
        TEST(the_commands_of_one_turn_are_one_frame),
        TEST(the_subscriptions_of_a_turn_join_those_of_the_connection),
        TEST(the_users_batch_goes_before_that_of_the_turn),
        TEST(what_was_asked_for_before_disconnect_is_sent),
        TEST(without_memory_for_one_frame_the_commands_go_one_by_one),
        TEST(without_memory_to_collect_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "driver.h"

/* client-spec.md 8.5 and 9. Numbers like D24 are the defects of its section 17. */

static void presence(driver *d, cf_subscription *subscription, const char *name)
{
    assert_int_equal(cf_subscription_presence(subscription, d->now, (void *)(uintptr_t)name), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
}

static void calls_are_sent_and_answered_in_any_order(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_publish(d, news, "{\"input\":\"hello\"}", "publish");
    presence(d, news, "presence");
    assert_int_equal(cf_subscription_history(news, d->now, "history"), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    expect(d, "send 1 {'method':'publish','params':{'channel':'news','data':{'input':'hello'}},'uid':'3'}\n"
              "send 1 {'method':'presence','params':{'channel':'news'},'uid':'4'}\n"
              "send 1 {'method':'history','params':{'channel':'news'},'uid':'5'}\n");
    driver_receive(d, "{'uid':'5','method':'history','body':{'channel':'news','data':[{'uid':'m'}]}}");
    driver_receive(d, "{'uid':4,'method':'presence','body':{'channel':'news','data':{}}}");
    driver_receive(d, "{'uid':'3','method':'publish'}");
    expect(d, "result history OK {'channel':'news','data':[{'uid':'m'}]} data [{'uid':'m'}]\n"
              "result presence OK {'channel':'news','data':{}} data {}\n"
              "result publish OK\n");
    driver_receive(d, "{'uid':'3','method':'publish','body':{}}");
    driver_receive(d, "{'uid':'6','method':'publish','body':{}}");
    expect(d, "");
}

static void an_error_answer_is_told_to_the_client_first(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_publish(d, news, "1", "p");
    presence(d, news, "q");
    driver_forget(d);
    driver_receive(d, "{'uid':'3','method':'publish','error':'permission denied','advice':'fix','body':{'channel':'news'}}");
    driver_receive(d, "{'uid':'4','method':'presence','error':'internal'}");
    expect(d, "error REFUSED 'permission denied' 'fix' "
              "{'uid':'3','method':'publish','error':'permission denied','advice':'fix','body':{'channel':'news'}}\n"
              "result p REFUSED 'permission denied' 'fix'\n"
              "error REFUSED 'internal' '' {'uid':'4','method':'presence','error':'internal'}\n"
              "result q REFUSED 'internal' ''\n");
}

static void an_error_that_is_no_text_is_said_to_be_json(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_publish(d, news, "1", "p");
    driver_forget(d);
    driver_receive(d, "{'uid':'3','method':'publish','error':{'code': 5}}");
    expect(d, "error REFUSED '{'code': 5}' '' {'uid':'3','method':'publish','error':{'code': 5}}\n"
              "result p REFUSED json '{'code': 5}' ''\n");
}

static void data_is_any_json_value_byte_for_byte(void **state)
{
    driver *d = *state;
    static const char *const values[] = {"1",    "\"two\"",      "null", "true", "[1,[2]]", "{ \"a\" : 1.50e1 }",
                                         "\"\"", "\"<\\u00e4>\""};
    cf_subscription *news = driver_be_subscribed(d);
    for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char line[200];
        assert_int_equal(driver_publish(d, news, values[i], "p"), CENTRIFUGE_ERROR_OK);
        snprintf(line, sizeof(line), "send 1 {'method':'publish','params':{'channel':'news','data':%s},'uid':'%u'}\n",
                 values[i], 3 + i);
        for (char *at = line; *at != '\0'; at++)
            *at = *at == '"' ? '\'' : *at;
        expect(d, line);
    }
    assert_int_equal(cf_subscription_publish(news, d->now, cf_bytes_make(NULL, 0), "p"), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    expect(d, "send 1 {'method':'publish','params':{'channel':'news'},'uid':'11'}\n");
}

static void what_is_not_one_json_value_is_refused(void **state)
{
    driver *d = *state;
    static const char *const values[] = {"", " ", "{", "1 2", "nul", "'x'", "[1,]"};
    cf_subscription *news = driver_be_subscribed(d);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_int_equal(driver_publish(d, news, values[i], "p"), CENTRIFUGE_ERROR_INVALID_JSON);
    assert_int_equal(driver_publish(d, news, "\"\xff\"", "p"), CENTRIFUGE_ERROR_INVALID_UTF8);
    expect(d, "");
}

static void calls_wait_for_their_subscription(void **state)
{
    driver *d = *state;
    char early[] = "\"early\"";
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    assert_int_equal(cf_subscription_publish(news, d->now, cf_bytes_of(early), "p"), CENTRIFUGE_ERROR_OK);
    memset(early, 'x', sizeof(early)); /* it was copied */
    assert_int_equal(cf_subscription_publish(news, d->now, cf_bytes_make(NULL, 0), "none"), CENTRIFUGE_ERROR_OK);
    presence(d, news, "q");
    assert_int_equal(cf_subscription_ready(news, d->now, true, "r"), CENTRIFUGE_ERROR_OK);
    driver_pass(d, 1000000); /* without a time limit */
    driver_be_connected(d);
    driver_accept(d, 2, "news");
    expect(d, "news: subscribe first\n"
              "send 1 {'method':'publish','params':{'channel':'news','data':'early'},'uid':'3'}\n"
              "send 1 {'method':'publish','params':{'channel':'news'},'uid':'4'}\n"
              "send 1 {'method':'presence','params':{'channel':'news'},'uid':'5'}\n"
              "result r OK\n");
    driver_pass(d, 4999);
    expect(d, "");
    driver_pass(d, 1); /* the time limit runs from the sending */
    expect(d, "result p TIMEOUT 'timeout' 'retry'\n"
              "result none TIMEOUT 'timeout' 'retry'\n"
              "result q TIMEOUT 'timeout' 'retry'\n");
}

static void calls_made_while_reconnecting_go_out_after_it(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    presence(d, news, "p");
    driver_pass(d, 2000);
    driver_opened(d);
    driver_welcome(d, 3);
    driver_forget(d);
    driver_accept(d, 4, "news");
    expect(d, "news: subscribe again\n"
              "send 2 {'method':'presence','params':{'channel':'news'},'uid':'5'}\n");
}

static void calls_without_an_answer_time_out(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_publish(d, news, "1", "first");
    driver_pass(d, 3000);
    presence(d, news, "second");
    driver_forget(d);
    driver_pass(d, 2000);
    expect(d, "result first TIMEOUT 'timeout' 'retry'\n");
    driver_receive(d, "{'uid':'3','method':'publish','error':'late'}"); /* dropped, with its error */
    expect(d, "");
    driver_pass(d, 3000);
    expect(d, "result second TIMEOUT 'timeout' 'retry'\n");
}

/* D29 */
static void the_timer_of_an_answered_call_lived_on(void **state)
{
    driver *d = *state;
    d->options.ping = false;
    cf_subscription *news = driver_be_subscribed(d);
    size_t blocks = d->blocks;
    driver_publish(d, news, "1", "p");
    assert_true(cf_client_deadline(d->client) == d->now + 5000);
    driver_receive(d, "{'uid':'3','method':'publish','body':{}}");
    assert_true(cf_client_deadline(d->client) == CF_TIME_NEVER);
    assert_int_equal(d->blocks, blocks);
}

static void a_shorter_timeout_overtakes(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_publish(d, news, "1", "long");
    driver_publish(d, news, "1", "long too");
    d->options.timeout = 1000;
    cf_client_configure(d->client, &d->options, NULL);
    driver_publish(d, news, "1", "short");
    driver_forget(d);
    driver_pass(d, 1000);
    expect(d, "result short TIMEOUT 'timeout' 'retry'\n");
    driver_receive(d, "{'uid':'4','method':'publish'}");
    driver_pass(d, 4000);
    expect(d, "result long too OK\n"
              "result long TIMEOUT 'timeout' 'retry'\n");
}

static void a_call_may_have_a_deadline_of_its_own(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_time now = d->now;
    driver_publish(d, news, "1", "usual");
    assert_int_equal(cf_subscription_call(news, now, CF_METHOD_HISTORY, cf_bytes_make(NULL, 0), now + 9000, "long"),
                     CENTRIFUGE_ERROR_OK);
    assert_int_equal(cf_subscription_call(news, now, CF_METHOD_PUBLISH, CF_BYTES("2"), now + 1000, "short"),
                     CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    driver_forget(d);
    driver_pass(d, 1000);
    expect(d, "result short TIMEOUT 'timeout' 'retry'\n");
    driver_pass(d, 4000);
    expect(d, "result usual TIMEOUT 'timeout' 'retry'\n");
    driver_pass(d, 4000);
    expect(d, "result long TIMEOUT 'timeout' 'retry'\n");
}

/* It is not sent afterwards, and counts as over. */
static void a_deadline_counts_while_a_call_waits(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    cf_time now = d->now;
    assert_int_equal(cf_subscription_call(news, now, CF_METHOD_PUBLISH, CF_BYTES("1"), now + 1000, "late"),
                     CENTRIFUGE_ERROR_OK);
    assert_int_equal(cf_subscription_call(news, now, CF_METHOD_UNKNOWN, cf_bytes_make(NULL, 0), now + 1000, "ready"),
                     CENTRIFUGE_ERROR_OK);
    assert_int_equal(cf_subscription_call(news, now, CF_METHOD_PUBLISH, CF_BYTES("2"), now + 60000, "in time"),
                     CENTRIFUGE_ERROR_OK);
    assert_int_equal(cf_client_calls(d->client), 3);
    driver_pass(d, 1000);
    expect(d, "result late TIMEOUT 'timeout' 'retry'\n"
              "result ready TIMEOUT 'timeout' 'retry'\n");
    assert_int_equal(cf_client_calls(d->client), 1);
    driver_be_connected(d);
    driver_accept(d, 2, "news");
    expect(d, "news: subscribe first\n"
              "send 1 {'method':'publish','params':{'channel':'news','data':2},'uid':'3'}\n");
    driver_pass(d, 29000); /* more than the option says */
    expect(d, "");
    driver_receive(d, "{'uid':'3','method':'publish'}");
    expect(d, "result in time OK\n");
}

static void a_lost_connection_ends_calls(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    presence(d, news, "p");
    driver_forget(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_NETWORK);
    expect(d, "transport-close 'connection closed' again NETWORK\n"
              "result p DISCONNECTED 'disconnected' 'retry'\n"
              "news: unsubscribe\n"
              "disconnect 'connection closed' again\n");
}

/* D24 */
static void calls_that_wait_were_never_ended_by_unsubscribe_or_disconnect(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *a = driver_subscribe(d, "a");
    cf_subscription *b = driver_subscribe(d, "b");
    cf_subscription *c = driver_subscribe(d, "c");
    driver_be_connected(d);
    driver_publish(d, a, "1", "publish");
    presence(d, b, "presence");
    cf_subscription_ready(c, d->now, true, "ready");
    driver_unsubscribe(d, a);
    expect(d, "a: unsubscribe\n"
              "result publish UNSUBSCRIBED 'subscription unsubscribed' 'fix'\n"
              "send 1 {'method':'unsubscribe','params':{'channel':'a'},'uid':'5'}\n");
    driver_receive(d, "{'method':'unsubscribe','body':{'channel':'b'}}");
    expect(d, "b: unsubscribe\n"
              "result presence UNSUBSCRIBED 'subscription unsubscribed' 'fix'\n");
    driver_disconnect(d);
    expect(d, "result ready DISCONNECTED 'disconnected' 'retry'\n"
              "disconnect 'client' stop\n"
              "close 1\n"
              "transport-close 'connection closed' again OK\n");
}

static void calls_of_an_unsubscribed_one_are_refused(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_disconnect(d);
    driver_forget(d);
    assert_int_equal(driver_publish(d, news, "1", "p"), CENTRIFUGE_ERROR_UNSUBSCRIBED);
    assert_int_equal(cf_subscription_presence(news, d->now, "p"), CENTRIFUGE_ERROR_UNSUBSCRIBED);
    assert_int_equal(cf_subscription_history(news, d->now, "p"), CENTRIFUGE_ERROR_UNSUBSCRIBED);
    expect(d, "");
}

static void unsubscribe_does_not_end_calls_that_were_sent(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    presence(d, news, "p");
    driver_unsubscribe(d, news);
    driver_forget(d);
    driver_receive(d, "{'uid':'3','method':'presence','body':{'channel':'news','data':{}}}");
    expect(d, "result p OK {'channel':'news','data':{}} data {}\n");
}

static void calls_have_a_limit(void **state)
{
    driver *d = *state;
    d->options.calls_max = 2;
    cf_subscription *news = driver_be_subscribed(d);
    cf_subscription *pending = driver_subscribe(d, "pending");
    presence(d, news, "a");
    presence(d, pending, "b");
    assert_int_equal(cf_subscription_presence(news, d->now, "c"), CENTRIFUGE_ERROR_LIMIT_CALLS);
    assert_int_equal(cf_subscription_ready(news, d->now, true, "c"), CENTRIFUGE_ERROR_LIMIT_CALLS);
    driver_receive(d, "{'uid':'4','method':'presence','body':{}}");
    presence(d, news, "c");
}

static void the_queue_has_a_limit_also_for_what_waits(void **state)
{
    driver *d = *state;
    char data[600];
    d->options.queue_size_max = 1000;
    cf_subscription *news = driver_be_subscribed(d);
    cf_subscription *pending = driver_subscribe(d, "pending");
    memset(data, '1', sizeof(data));
    cf_bytes bytes = cf_bytes_make(data, sizeof(data));
    assert_int_equal(cf_subscription_publish(pending, d->now, bytes, "waiting"), CENTRIFUGE_ERROR_OK);
    assert_int_equal(cf_subscription_publish(news, d->now, bytes, "sent"), CENTRIFUGE_ERROR_LIMIT_QUEUE);
    driver_accept(d, 3, "pending"); /* sent, and out of the queue */
    assert_int_equal(cf_subscription_publish(news, d->now, bytes, "sent"), CENTRIFUGE_ERROR_OK);
    assert_int_equal(cf_subscription_publish(news, d->now, bytes, "next"), CENTRIFUGE_ERROR_LIMIT_QUEUE);
    driver_pump(d);
    assert_int_equal(cf_subscription_publish(news, d->now, bytes, "next"), CENTRIFUGE_ERROR_OK);
    for (int i = 0; i < 10; i++) /* what is over the limit already refuses everything */
        cf_subscription_presence(news, d->now, "p");
    assert_int_equal(cf_subscription_presence(news, d->now, "p"), CENTRIFUGE_ERROR_LIMIT_QUEUE);
}

static void shutdown_ends_all_calls(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_subscription *pending = driver_subscribe(d, "pending");
    presence(d, news, "sent");
    presence(d, pending, "waiting");
    cf_subscription_ready(news, d->now, true, "done");
    driver_forget(d);
    cf_client_shutdown(d->client, d->now);
    assert_int_equal(driver_publish(d, news, "1", "p"), CENTRIFUGE_ERROR_CLOSED);
    assert_int_equal(cf_subscription_ready(pending, d->now, false, "p"), CENTRIFUGE_ERROR_CLOSED);
    expect(d, "result done OK\n"
              "close 1\n"
              "result sent CLOSED 'client destroyed' ''\n"
              "result waiting CLOSED 'client destroyed' ''\n");
}

static void a_thousand_calls_are_answered(void **state)
{
    driver *d = *state;
    char answer[100];
    cf_subscription *news = driver_be_subscribed(d);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(cf_subscription_presence(news, d->now, "p"), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(answer, sizeof(answer), "{'uid':'%u','method':'presence','body':{}}", 3 + (i * 7) % 1000);
        driver_receive(d, answer);
    }
    assert_int_equal(driver_count(d, "result p OK"), 1000);
    assert_int_equal(driver_count(d, "result"), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(calls_are_sent_and_answered_in_any_order),
        TEST(an_error_answer_is_told_to_the_client_first),
        TEST(an_error_that_is_no_text_is_said_to_be_json),
        TEST(data_is_any_json_value_byte_for_byte),
        TEST(what_is_not_one_json_value_is_refused),
        TEST(calls_wait_for_their_subscription),
        TEST(calls_made_while_reconnecting_go_out_after_it),
        TEST(calls_without_an_answer_time_out),
        TEST(the_timer_of_an_answered_call_lived_on),
        TEST(a_shorter_timeout_overtakes),
        TEST(a_call_may_have_a_deadline_of_its_own),
        TEST(a_deadline_counts_while_a_call_waits),
        TEST(a_lost_connection_ends_calls),
        TEST(calls_that_wait_were_never_ended_by_unsubscribe_or_disconnect),
        TEST(calls_of_an_unsubscribed_one_are_refused),
        TEST(unsubscribe_does_not_end_calls_that_were_sent),
        TEST(calls_have_a_limit),
        TEST(the_queue_has_a_limit_also_for_what_waits),
        TEST(shutdown_ends_all_calls),
        TEST(a_thousand_calls_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

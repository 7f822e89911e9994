#include "driver.h"

#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* frame_size_max: client-spec.md D53. */

/* ---- what was sent -------------------------------------------------------------------------- */

typedef struct sent {
    size_t frames;
    size_t largest; /* bytes of a frame */
    size_t commands;
    size_t requests;  /* to the endpoint for private channels */
    char order[1024]; /* the first byte of what is published */
} sent;

static void note_sent(driver *d, const cf_effect *effect)
{
    sent *s = d->hook_user;
    s->requests += effect->kind == CF_EFFECT_AUTHORIZE;
    if (effect->kind != CF_EFFECT_TRANSPORT_SEND)
        return;
    cf_bytes text = effect->transport.text;
    assert_true(cf_json_valid(text));
    s->frames++;
    s->largest = text.size > s->largest ? text.size : s->largest;
    for (size_t i = 0; i + 9 <= text.size; i++) {
        s->commands += memcmp(text.data + i, "\"method\":", 9) == 0;
        if (memcmp(text.data + i, "\"data\":\"", 8) == 0)
            strncat(s->order, text.data + i + 8, 1);
    }
}

static void watch(driver *d, sent *s)
{
    *s = (sent){.frames = 0};
    d->hook = note_sent;
    d->hook_user = s;
    driver_forget(d);
}

static void subscribe_to(driver *d, const char *prefix, size_t count)
{
    char name[32];
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%schannel-%05zu", prefix, i);
        driver_subscribe(d, name);
    }
}

/* Ten thousand channels are asked for by the answer to connect. */
static void connect_with_many(driver *d, const char *prefix, sent *s)
{
    driver_start(d);
    subscribe_to(d, prefix, 10000);
    driver_connect(d);
    driver_opened(d);
    watch(d, s);
    driver_welcome(d, 1);
}

/* ---- subscriptions ------------------------------------------------------------------------------ */

static void subscriptions_of_a_connection_left_as_one_frame(void **state)
{
    driver *d = *state;
    sent s;
    connect_with_many(d, "", &s);
    assert_int_equal(s.commands, 10000);
    assert_true(s.largest <= 65536 && s.frames <= s.commands * 80 / 65536 + 1);
    driver_forget(d);
}

static void a_frame_is_divided_where_the_next_command_does_not_fit(void **state)
{
    driver *d = *state;
#define ASK(channel, uid) "{'method':'subscribe','params':{'channel':'" channel "'},'uid':'" uid "'}"
    d->options.frame_size_max = 2 * (sizeof(ASK("a", "2")) - 1) + 3;
    driver_start(d);
    driver_subscribe(d, "a");
    driver_subscribe(d, "b");
    driver_subscribe(d, "c");
    driver_connect(d);
    driver_opened(d);
    driver_forget(d);
    driver_welcome(d, 1);
    expect(d, "send 1 [" ASK("a", "2") "," ASK("b", "3") "]\nsend 1 [" ASK("c", "4") "]\nconnect c1 raw-websocket 0 ms\n");
    d->options.frame_size_max--;
    assert_int_equal(cf_client_configure(d->client, &d->options, NULL), CENTRIFUGE_ERROR_OK);
    driver_reconnect(d, 5);
    expect(d, "send 2 [" ASK("a", "6") "]\nsend 2 [" ASK("b", "7") "]\nsend 2 [" ASK("c",
                                                                                     "8") "]\nconnect c2 raw-websocket 0 ms\n");
}

/* Every channel that the last request names gets a sign. */
static void authorize(driver *d, uint32_t id, size_t from, size_t count)
{
    char *answer = malloc(count * 128 + 3);
    size_t size = 0;
    for (size_t i = from; i < from + count; i++)
        size += (size_t)sprintf(answer + size, "%c'$channel-%05zu':{'sign':'%064zu','info':''}", i == from ? '{' : ',', i, i);
    strcpy(answer + size, "}");
    driver_authorized(d, id, answer);
    free(answer);
}

static void private_channels_come_back_in_several_requests_and_frames(void **state)
{
    driver *d = *state;
    sent s;
    connect_with_many(d, "$", &s);
    assert_true(s.requests > 1 && s.requests <= 4);
    for (uint32_t id = 1; id <= s.requests; id++) {
        driver_forget(d);
        authorize(d, id, 0, 10000); /* more than was asked for: the others wait for theirs */
    }
    assert_int_equal(s.commands, 10000);
    assert_true(s.largest <= 65536 && s.frames <= s.commands * 200 / 65536 + s.requests + 1);
    driver_forget(d);
}

static void a_sign_that_no_frame_holds_refuses_its_channel(void **state)
{
    driver *d = *state;
    d->options.frame_size_max = 200;
    driver_start(d);
    driver_subscribe(d, "$a");
    driver_subscribe(d, "$b");
    driver_be_connected(d);
    char text[400];
    snprintf(text, sizeof(text), "{'$a':{'sign':'%0200d'},'$b':{'sign':'y'}}", 0);
    driver_authorized(d, 1, text);
    expect(d, "error LIMIT_FRAME_SIZE 'subscription too large' 'fix' "
              "{'error':'subscription too large','advice':'fix','body':{'channel':'$a'}}\n"
              "$a: refused LIMIT_FRAME_SIZE 'subscription too large' 'fix' first\n"
              "send 1 {'method':'subscribe','params':{'channel':'$b','client':'c1','sign':'y'},'uid':'3'}\n");
}

static void a_channel_that_no_frame_holds_is_refused_at_the_call(void **state)
{
    driver *d = *state;
    cf_subscription *subscription;
    char name[300];
    memset(name, 1, sizeof(name)); /* six bytes each, as JSON */
    d->options.frame_size_max = 1000;
    driver_start(d);
    assert_int_equal(cf_client_subscribe(d->client, d->now, cf_bytes_make(name, 160), NULL, &subscription, NULL),
                     CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE);
    assert_null(subscription);
    assert_int_equal(cf_client_subscribe(d->client, d->now, cf_bytes_make(name, 140), NULL, &subscription, NULL),
                     CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    driver_forget(d);
}

/* ---- calls ------------------------------------------------------------------------------------------ */

#define HEAD "{\"method\":\"publish\",\"params\":{\"channel\":\"news\",\"data\":},\"uid\":\"3\"}"

static centrifuge_error publish_digits(driver *d, cf_subscription *subscription, size_t size)
{
    char *data = malloc(size);
    memset(data, '1', size);
    centrifuge_error error = cf_subscription_publish(subscription, d->now, cf_bytes_make(data, size), "p");
    free(data);
    driver_pump(d);
    return error;
}

static void a_publication_that_no_frame_holds_closed_the_connection(void **state)
{
    driver *d = *state;
    size_t most = 65536 - (sizeof(HEAD) - 1);
    cf_subscription *news = driver_be_subscribed(d);
    assert_int_equal(publish_digits(d, news, most + 1), CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE);
    assert_int_equal(publish_digits(d, news, 70000), CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE);
    expect(d, "");
    assert_int_equal(publish_digits(d, news, most), CENTRIFUGE_ERROR_OK);
    assert_int_equal(driver_count(d, "send 1 {'method':'publish'"), 1);
    driver_forget(d);
}

static void one_that_would_have_to_wait_is_refused_at_once(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    size_t bytes = d->bytes;
    assert_int_equal(publish_digits(d, news, 70000), CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE);
    assert_int_equal(d->bytes, bytes);
    assert_int_equal(publish_digits(d, news, 65000), CENTRIFUGE_ERROR_OK);
    expect(d, "");
}

static void one_that_waits_and_does_not_fit_any_more_fails(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    assert_int_equal(publish_digits(d, news, 500), CENTRIFUGE_ERROR_OK);
    d->options.frame_size_max = 400;
    assert_int_equal(cf_client_configure(d->client, &d->options, NULL), CENTRIFUGE_ERROR_OK);
    driver_be_connected(d);
    driver_accept(d, 2, "news");
    expect(d, "news: subscribe first\nresult p LIMIT_FRAME_SIZE 'message too large' 'fix'\n");
}

/* ---- batches ------------------------------------------------------------------------------------------ */

static void batch(driver *d, sent *s)
{
    cf_subscription *news = driver_be_subscribed(d);
    char data[102] = {'"'};
    watch(d, s);
    cf_client_start_batching(d->client);
    for (int i = 0; i < 1000; i++) {
        memset(data + 1, 'a' + i % 26, 99);
        data[100] = '"';
        assert_int_equal(cf_subscription_publish(news, d->now, cf_bytes_make(data, 101), "p"), CENTRIFUGE_ERROR_OK);
    }
    cf_client_stop_batching(d->client, true, d->now);
    driver_pump(d);
}

static void a_batch_is_divided_and_keeps_its_order(void **state)
{
    driver *d = *state;
    sent s;
    batch(d, &s);
    assert_int_equal(s.commands, 1000);
    assert_true(s.largest <= 65536 && s.frames == 3);
    for (size_t i = 0; i < sizeof(s.order) - 1 && s.order[i] != '\0'; i++)
        assert_int_equal(s.order[i], 'a' + i % 26);
    driver_forget(d);
}

static void without_memory_for_the_frames_nothing_is_lost(void **state)
{
    driver *d = *state;
    sent s;
    cf_subscription *news = driver_be_subscribed(d);
    watch(d, &s);
    d->options.frame_size_max = 200;
    assert_int_equal(cf_client_configure(d->client, &d->options, NULL), CENTRIFUGE_ERROR_OK);
    cf_client_start_batching(d->client);
    for (int i = 0; i < 10; i++)
        assert_int_equal(cf_subscription_publish(news, d->now, CF_BYTES("\"a\""), "p"), CENTRIFUGE_ERROR_OK);
    d->fail_at = d->allocations + 1;
    cf_client_stop_batching(d->client, true, d->now);
    driver_pump(d);
    assert_int_equal(s.commands, 10);
    assert_true(s.largest <= 200);
    driver_forget(d);
}

/* ---- credentials ----------------------------------------------------------------------------------------- */

static void credentials_that_no_frame_holds_are_an_error(void **state)
{
    driver *d = *state;
    d->options.frame_size_max = 40;
    driver_start(d);
    driver_connect(d);
    driver_forget(d);
    driver_opened(d);
    expect(d, "error LIMIT_FRAME_SIZE 'message too large' 'fix' {'error':'message too large','advice':'fix'}\n"
              "disconnect 'message too large' again\nclose 1\ntransport-close 'connection closed' again LIMIT_FRAME_SIZE\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(subscriptions_of_a_connection_left_as_one_frame),
        TEST(a_frame_is_divided_where_the_next_command_does_not_fit),
        TEST(private_channels_come_back_in_several_requests_and_frames),
        TEST(a_sign_that_no_frame_holds_refuses_its_channel),
        TEST(a_channel_that_no_frame_holds_is_refused_at_the_call),
        TEST(a_publication_that_no_frame_holds_closed_the_connection),
        TEST(one_that_would_have_to_wait_is_refused_at_once),
        TEST(one_that_waits_and_does_not_fit_any_more_fails),
        TEST(a_batch_is_divided_and_keeps_its_order),
        TEST(without_memory_for_the_frames_nothing_is_lost),
        TEST(credentials_that_no_frame_holds_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

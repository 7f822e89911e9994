#include "driver.h"

/* client-spec.md 7 and 14. Numbers like D1 are the defects of its section 17. */

#define CONNECT_1 "send 1 {'method':'connect','params':{'user':'u','info':'','timestamp':'1','token':'t'},'uid':'1'}\n"

/* ---- the rows of table 7.4 ------------------------------------------------------------ */

static void connects_subscribes_receives_and_publishes(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    driver_connect(d);
    expect(d, "open 1 ws://host/connection/websocket\n");
    driver_opened(d);
    expect(d, CONNECT_1);
    d->now += 7;
    driver_welcome(d, 1);
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'news'},'uid':'2'}\n"
              "connect c1 raw-websocket 7 ms\n");
    driver_accept(d, 2, "news");
    expect(d, "news: subscribe first\n");
    driver_receive(d,
                   "{'method':'message','body':{'uid':'m1','channel':'news','data':{'a':1},'client':'x','info':{'user':'y'}}}");
    expect(d, "news: message m1 {'a':1} from 'x' info {'user':'y'}\n");
    assert_int_equal(driver_publish(d, news, "[1, 2]", "p"), CENTRIFUGE_ERROR_OK);
    expect(d, "send 1 {'method':'publish','params':{'channel':'news','data':[1, 2]},'uid':'3'}\n");
    driver_receive(d, "{'uid':'3','method':'publish','body':{'channel':'news','status':true}}");
    expect(d, "result p OK {'channel':'news','status':true}\n");
    assert_int_equal(cf_client_latency(d->client), 7);
    assert_true(cf_bytes_equal(cf_client_id(d->client), CF_BYTES("c1")));
}

static void connect_does_nothing_while_connecting_or_connected(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, false);
    assert_int_equal(cf_client_latency(d->client), -1);
    driver_connect(d);
    driver_expect_state(d, CF_CLIENT_CONNECTING, false);
    driver_connect(d);
    expect(d, "open 1 ws://host/connection/websocket\n");
    driver_opened(d);
    driver_connect(d);
    expect(d, CONNECT_1);
    driver_welcome(d, 1);
    driver_expect_state(d, CF_CLIENT_CONNECTED, false);
    driver_connect(d);
    expect(d, "connect c1 raw-websocket 0 ms\n");
}

static void insecure_sends_no_credentials(void **state)
{
    driver *d = *state;
    d->options.insecure = true;
    d->options.user = cf_bytes_make(NULL, 0);
    driver_start(d);
    driver_connect(d);
    driver_opened(d);
    expect(d, "open 1 ws://host/connection/websocket\n"
              "send 1 {'method':'connect','params':{'user':'','info':''},'uid':'1'}\n");
}

static void credentials_of_json_are_sent_as_they_are(void **state)
{
    driver *d = *state;
    d->options.credentials_json = true;
    d->options.user = CF_BYTES("7");
    d->options.info = CF_BYTES("[1, 2]");
    d->options.timestamp = CF_BYTES("1e3");
    d->options.token = CF_BYTES("null");
    driver_start(d);
    driver_connect(d);
    driver_opened(d);
    expect(d, "open 1 ws://host/connection/websocket\n"
              "send 1 {'method':'connect','params':{'user':7,'info':[1, 2],'timestamp':1e3,'token':null},'uid':'1'}\n");
}

static void a_second_opening_or_answer_changes_nothing(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    driver_opened(d);
    d->now += 50;
    driver_receive(d, "{'uid':'1','method':'connect','body':{'client':'other'}}");
    driver_receive(d, "{'uid':'1','method':'connect','error':'late'}");
    expect(d, "");
    assert_true(cf_bytes_equal(cf_client_id(d->client), CF_BYTES("c1")));
    assert_int_equal(cf_client_latency(d->client), 0);
}

static void an_answer_without_body_leaves_it_connecting(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    driver_opened(d);
    d->now += 3;
    driver_receive(d, "{'uid':'1','method':'connect'}");
    driver_receive(d, "{'uid':'1','method':'connect','body':null}");
    driver_expect_state(d, CF_CLIENT_CONNECTING, false);
    d->now += 3;
    driver_forget(d);
    driver_welcome(d, 1);
    expect(d, "connect c1 raw-websocket 3 ms\n"); /* the first answer was measured */
}

static void a_clock_that_went_back_measures_no_latency(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    driver_opened(d);
    d->now -= 500;
    driver_forget(d);
    driver_welcome(d, 1);
    expect(d, "connect c1 raw-websocket 0 ms\n");
}

static void disconnect_ends_it_for_good(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    driver_disconnect(d);
    expect(d, "disconnect 'client' stop\n"
              "close 1\n"
              "transport-close 'connection closed' again OK\n");
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, false);
    assert_int_equal(cf_client_id(d->client).size, 0);
    assert_true(cf_client_deadline(d->client) == CF_TIME_NEVER);
    driver_disconnect(d);
    driver_pass(d, 100000);
    expect(d, "");
    driver_connect(d);
    expect(d, "open 2 ws://host/connection/websocket\n");
}

static void losing_the_connection_tells_close_then_disconnect_and_tries_again(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_NETWORK);
    expect(d, "transport-close 'connection closed' again NETWORK\n"
              "disconnect 'connection closed' again\n");
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, true);
    driver_pass(d, 1999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "open 2 ws://host/connection/websocket\n");
    driver_closed(d, "", CENTRIFUGE_ERROR_NETWORK);
    expect(d, "transport-close 'connection closed' again NETWORK\n"); /* told once */
    driver_pass(d, 4000);
    driver_opened(d);
    driver_welcome(d, 2);
    expect(d, "open 3 ws://host/connection/websocket\n"
              "send 3 {'method':'connect','params':{'user':'u','info':'','timestamp':'1','token':'t'},'uid':'2'}\n"
              "connect c3 raw-websocket 0 ms\n");
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    expect(d, "transport-close 'connection closed' again OK\n"
              "disconnect 'connection closed' again\n");
}

static void the_very_first_attempt_that_fails_is_told(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_HTTP_STATUS);
    expect(d, "open 1 ws://host/connection/websocket\n"
              "transport-close 'connection closed' again HTTP_STATUS\n"
              "disconnect 'connection closed' again\n");
}

static void a_disconnect_message_is_obeyed(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    driver_receive(d, "{'method':'disconnect','error':'nope','body':{}}");
    expect(d, "error REFUSED 'nope' '' {'method':'disconnect','error':'nope','body':{}}\n");
    driver_receive(d, "{'method':'disconnect','body':{'reason':'moving','reconnect':true}}");
    expect(d, "disconnect 'moving' again\n"
              "close 1\n"
              "transport-close 'connection closed' again OK\n");
    driver_pass(d, 2000); /* D33: the attempt does not wait for the old transport */
    driver_opened(d);
    driver_welcome(d, 2);
    driver_forget(d);
    driver_receive(d, "{'method':'disconnect'}");
    expect(d, "disconnect '' stop\n"
              "close 2\n"
              "transport-close 'connection closed' again OK\n");
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, false);
}

static void what_follows_a_disconnect_message_in_its_frame_is_dropped(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    driver_be_connected(d);
    driver_accept(d, 2, "news");
    driver_forget(d);
    driver_receive(d,
                   "[{'method':'disconnect','body':{'reason':'bye'}},{'method':'message','body':{'channel':'news','data':1}}]");
    expect(d, "news: unsubscribe\n"
              "disconnect 'bye' stop\n"
              "close 1\n"
              "transport-close 'connection closed' again OK\n");
    assert_int_equal(cf_subscription_get_state(news), CF_SUBSCRIPTION_UNSUBSCRIBED);
}

static void expires_without_expired_is_a_good_answer(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    driver_opened(d);
    driver_forget(d);
    driver_receive(d, "{'uid':'1','method':'connect','body':{'client':'x','expires':true,'expired':false,'ttl':60}}");
    expect(d, "connect x raw-websocket 0 ms\n");
    assert_int_equal(cf_client_get_state(d->client), CF_CLIENT_CONNECTED);
}

/* ---- close reasons: 7.4.1 ------------------------------------------------------------------- */

static void expect_close(const char *reason, const char *close_line, const char *disconnect_line)
{
    char lines[400];
    driver d;
    driver_init(&d);
    driver_start(&d);
    driver_be_connected(&d);
    driver_closed(&d, reason, CENTRIFUGE_ERROR_OK);
    snprintf(lines, sizeof(lines), "transport-close %s OK\ndisconnect %s\n", close_line, disconnect_line);
    expect(&d, lines);
    driver_end(&d);
}

static void close_reasons_are_read_as_advice(void **state)
{
    (void)state;
    expect_close("{'reason':'bye','reconnect':true}", "'bye' again", "'bye' again");
    expect_close("{'reason':'invalid token','reconnect':false}", "'invalid token' stop", "'invalid token' stop");
    expect_close("{'reconnect':false}", "'' stop", "'' stop");
    expect_close("go away", "'go away' again", "'go away' again");
    expect_close("disconnect", "'disconnect' stop", "'disconnect' stop");
    expect_close("disconnected", "'disconnected' again", "'disconnected' again");
}

/* D26 */
static void a_close_reason_that_is_json_but_no_advice_stopped_the_client(void **state)
{
    (void)state;
    static const char *const reasons[] = {"42", "'bye'", "[]", "true", "{'reason':1}", "{'reason':'x','reconnect':'no'}"};
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        char line[80];
        snprintf(line, sizeof(line), "'%s' again", reasons[i]);
        expect_close(reasons[i], line, line);
    }
}

/* ---- defects of the connection ------------------------------------------------------------------ */

/* D1 */
static void disconnect_while_opening_did_not_stop_the_transport(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    driver_disconnect(d);
    expect(d, "open 1 ws://host/connection/websocket\n"
              "disconnect 'client' stop\n"
              "close 1\n"
              "transport-close 'connection closed' again OK\n");
    cf_client_transport_opened(d->client, 1, CF_BYTES("raw-websocket"), d->now);
    cf_client_transport_received(d->client, 1, CF_BYTES("{\"method\":\"connect\",\"body\":{\"client\":\"x\"}}"), d->now);
    driver_pump(d);
    driver_pass(d, 100000);
    expect(d, "");
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, false);
}

/* D2 */
static void disconnect_while_waiting_did_not_stop_the_attempts(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_forget(d);
    driver_disconnect(d);
    expect(d, "disconnect 'client' stop\n"); /* the user was told that there would be another attempt */
    driver_pass(d, 100000);
    expect(d, "");
}

/* D3 */
static void events_of_the_old_transport_hit_the_new_one(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    cf_client_disconnect(d->client, d->now);
    cf_client_connect(d->client, d->now);
    driver_pump(d);
    expect(d, "disconnect 'client' stop\n"
              "close 1\n"
              "transport-close 'connection closed' again OK\n"
              "open 2 ws://host/connection/websocket\n");
    cf_client_transport_closed(d->client, 1, CF_CLOSE_NO_STATUS, CF_BYTES("late"), CENTRIFUGE_ERROR_OK, d->now);
    cf_client_transport_received(d->client, 1, CF_BYTES("{\"method\":\"connect\",\"body\":{\"client\":\"x\"}}"), d->now);
    cf_client_transport_alive(d->client, 1, d->now);
    cf_client_transport_opened(d->client, 1, CF_BYTES("x"), d->now);
    driver_pump(d);
    expect(d, "");
    driver_expect_state(d, CF_CLIENT_CONNECTING, false);
}

/* D4 */
static void a_bad_frame_or_message_stopped_the_rest(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "news");
    driver_be_connected(d);
    driver_accept(d, 2, "news");
    driver_forget(d);
    d->show_logs = true;
    driver_receive(d, "{'method':");
    expect(d, "log WARNING ignored a frame of 10 bytes that holds no messages\n");
    d->show_logs = false;
    driver_receive(d, "");
    driver_receive(d, "[{'method':'message','body':{'channel':'news','data':0}},}]");
    expect(d, "");
    driver_receive(d, "[{'method':'message','body':null},null,7,'x',[],{'method':'message'},{'method':'join','body':3},"
                      "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}]");
    expect(d, "news: message m1 1\n");
}

static void what_means_nothing_is_ignored(void **state)
{
    driver *d = *state;
    static const char *const frames[] = {"{'method':'surprise','body':{}}",
                                         "{'body':{}}",
                                         "null",
                                         "17",
                                         "'text'",
                                         "[null,{'method':''}]",
                                         "[]",
                                         "{'uid':'77','method':'publish','body':{'channel':'one','status':true}}",
                                         "{'uid':'78','method':'presence','error':'x','body':{'channel':'one'}}",
                                         "{'uid':'79','method':'ping'}",
                                         "{'uid':'x','method':'history'}",
                                         "{'uid':'-1','method':'history'}",
                                         "{'uid':'2','method':'refresh','body':{}}",
                                         "{'method':'message','body':{'uid':'m0','channel':'nowhere','data':0}}",
                                         "{'method':'unsubscribe','body':{'channel':'nowhere'}}",
                                         "{'method':'subscribe','body':{'channel':'nowhere'}}"};
    driver_start(d);
    driver_be_connected(d);
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
        driver_receive(d, frames[i]);
    expect(d, "");
}

static void nothing_but_connect_counts_before_its_answer(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "news");
    driver_connect(d);
    driver_forget(d);
    cf_client_transport_received(d->client, 1, CF_BYTES("{\"method\":\"connect\",\"body\":{\"client\":\"x\"}}"), d->now);
    driver_pump(d);
    expect(d, ""); /* not even open */
    driver_opened(d);
    driver_forget(d);
    driver_receive(d, "{'uid':'1','method':'subscribe','body':{'channel':'news','status':true}}");
    driver_receive(d, "{'method':'message','body':{'uid':'m','channel':'news','data':1}}");
    driver_receive(d, "{'method':'unsubscribe','body':{'channel':'news'}}");
    expect(d, "");
}

/* D7 */
static void giving_up_while_reconnecting_was_silent(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    driver_be_connected(d);
    driver_accept(d, 2, "news");
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_pass(d, 2000);
    driver_opened(d);
    driver_forget(d);
    driver_closed(d, "{'reason':'invalid token','reconnect':false}", CENTRIFUGE_ERROR_OK);
    expect(d, "transport-close 'invalid token' stop OK\n"
              "disconnect 'invalid token' stop\n");
    assert_int_equal(cf_subscription_get_state(news), CF_SUBSCRIPTION_UNSUBSCRIBED);
    cf_subscription_subscribe(news, d->now);
    driver_connect(d);
    driver_opened(d);
    driver_welcome(d, 4);
    driver_accept(d, 5, "news");
    assert_int_equal(driver_count(d, "news: subscribe first"), 1); /* not 'again' */
    driver_forget(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    assert_int_equal(driver_count(d, "disconnect 'connection closed' again"), 1); /* nor silent */
}

/* D27 */
static void a_server_that_accepts_and_closes_caused_a_storm(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    int64_t waits[] = {2000, 4000, 8000, 16000, 20000, 20000};
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        driver_opened(d);
        driver_closed(d, "", CENTRIFUGE_ERROR_OK);
        assert_true(cf_client_deadline(d->client) - d->now == waits[i]);
        driver_pass(d, waits[i]);
    }
    driver_opened(d);
    driver_welcome(d, 7);
    driver_pass(d, 5000);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    assert_true(cf_client_deadline(d->client) - d->now == 2000); /* a good connection starts anew */
}

/* D53 */
static void a_server_that_welcomes_and_closes_caused_a_storm(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    int64_t waits[] = {2000, 4000, 8000, 16000, 20000, 20000};
    for (unsigned i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        driver_opened(d);
        driver_welcome(d, i + 1);
        driver_pass(d, 1999);
        driver_closed(d, "", CENTRIFUGE_ERROR_OK);
        assert_true(cf_client_deadline(d->client) - d->now == waits[i]);
        driver_pass(d, waits[i]);
    }
}

/* Where the options have short pauses a connection is proven soon. */
static void a_connection_that_held_longer_than_its_pause_is_a_good_one(void **state)
{
    driver *d = *state;
    d->options.retry = 50;
    driver_start(d);
    driver_be_connected(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_pass(d, 100);
    driver_opened(d);
    driver_welcome(d, 2);
    driver_pass(d, 199);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    assert_true(cf_client_deadline(d->client) - d->now == 200);
    driver_pass(d, 200);
    driver_opened(d);
    driver_welcome(d, 3);
    driver_pass(d, 400);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    assert_true(cf_client_deadline(d->client) - d->now == 100);
}

/* ---- attempts that are asked for ---------------------------------------------------------------- */

typedef void (*ask_in_event)(driver *d, const cf_effect *effect);

static bool is_event(const cf_effect *effect, cf_event_kind kind)
{
    return effect->kind == CF_EFFECT_EVENT && effect->event.kind == kind;
}

static void connect_in_every_event(driver *d, const cf_effect *effect)
{
    if (effect->kind == CF_EFFECT_EVENT)
        cf_client_connect(d->client, d->now);
}

static void begin_anew_when_closed(driver *d, const cf_effect *effect)
{
    if (!is_event(effect, CF_EVENT_TRANSPORT_CLOSE))
        return;
    cf_client_disconnect(d->client, d->now);
    cf_client_connect(d->client, d->now);
}

static void a_network_that_flutters(driver *d, const cf_effect *effect)
{
    for (int i = 0; i < 10 && is_event(effect, CF_EVENT_TRANSPORT_CLOSE); i++) {
        cf_client_network_changed(d->client, false, d->now);
        cf_client_network_changed(d->client, true, d->now);
    }
}

/* The server refuses at once, or welcomes and closes with what `reason` says. */
static size_t attempts_in(driver *d, int64_t milliseconds, bool welcome, const char *reason)
{
    cf_time end = d->now + milliseconds;
    unsigned uid = 0;
    driver_connect(d);
    while (d->now < end) {
        while (d->transport_live && d->opens < 1000) {
            if (welcome) {
                driver_opened(d);
                driver_welcome(d, ++uid);
            }
            driver_closed(d, reason, welcome ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_NETWORK);
        }
        driver_pass(d, 1);
    }
    return d->opens;
}

static size_t attempts_when_asking(ask_in_event ask, bool welcome, const char *reason)
{
    driver d;
    driver_init(&d);
    d.hook = ask;
    driver_start(&d);
    size_t attempts = attempts_in(&d, 3000, welcome, reason);
    driver_end(&d);
    return attempts;
}

static void who_asks_in_every_event_caused_a_storm(void **state)
{
    static const ask_in_event ways[] = {connect_in_every_event, begin_anew_when_closed, a_network_that_flutters};
    (void)state;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        assert_in_range(attempts_when_asking(ways[i], false, ""), 5, 8);
        assert_in_range(attempts_when_asking(ways[i], true, ""), 5, 8);
    }
    assert_in_range(attempts_when_asking(connect_in_every_event, true, "{'reason':'bye','reconnect':false}"), 5, 8);
}

/* Whoever asks, with each kind of hint. */
static void retry_after_is_heeded_whoever_asks(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    cf_client_transport_retry_after(d->client, 1, 30000, d->now);
    driver_closed(d, "", CENTRIFUGE_ERROR_HTTP_STATUS);
    assert_true(cf_client_deadline(d->client) - d->now == 30000);
    driver_forget(d);
    driver_connect(d);
    cf_client_network_changed(d->client, true, d->now);
    driver_disconnect(d);
    driver_connect(d);
    expect(d, "disconnect 'client' stop\n");
    driver_pass(d, 29999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "open 2 ws://host/connection/websocket\n");
    cf_client_transport_retry_after(d->client, 1, 30000, d->now); /* of another one */
    cf_client_transport_retry_after(d->client, 2, 1000, d->now);  /* shorter than the pause */
    driver_closed(d, "", CENTRIFUGE_ERROR_HTTP_STATUS);
    assert_true(cf_client_deadline(d->client) - d->now == 4000);
    driver_pass(d, 4000);
    cf_client_transport_retry_after(d->client, 3, INT64_MAX, d->now);
    driver_closed(d, "", CENTRIFUGE_ERROR_HTTP_STATUS);
    assert_true(cf_client_deadline(d->client) - d->now == 60000);
}

static void keep_close_code(driver *d, const cf_effect *effect)
{
    if (effect->kind == CF_EFFECT_EVENT && effect->event.kind == CF_EVENT_TRANSPORT_CLOSE)
        *(uint16_t *)d->hook_user = effect->event.close_code;
}

static void the_code_of_a_close_is_told(void **state)
{
    driver *d = *state;
    uint16_t code = 0;
    d->hook = keep_close_code;
    d->hook_user = &code;
    driver_start(d);
    driver_be_connected(d);
    driver_closed_with(d, 3501);
    assert_int_equal(code, 3501);
    driver_pass(d, 2000);
    driver_closed(d, "", CENTRIFUGE_ERROR_NETWORK);
    assert_int_equal(code, CF_CLOSE_ABNORMAL);
    driver_pass(d, 4000);
    cf_client_disconnect(d->client, d->now);
    driver_pump(d);
    assert_int_equal(code, CF_CLOSE_NO_STATUS);
    driver_forget(d);
}

/* D53 */
static void a_message_that_the_server_refuses_as_too_large_is_told(void **state)
{
    driver *d = *state;
    d->show_logs = true;
    driver_be_subscribed(d);
    driver_closed_with(d, 1009);
    expect(d, "error LIMIT_FRAME_SIZE 'message too large for the server' 'fix' "
              "{'error':'message too large for the server','advice':'fix'}\n"
              "log WARNING the largest message sent: 90 bytes\n"
              "transport-close 'connection closed' again OK\n"
              "news: unsubscribe\n"
              "log INFO disconnected: connection closed\n"
              "disconnect 'connection closed' again\n"
              "log INFO next attempt to connect in 2000 ms\n");
}

static void an_attempt_that_has_to_wait_is_planned_and_can_be_taken_back(void **state)
{
    driver *d = *state;
    driver_start(d);
    for (int i = 0; i < 5; i++) {
        driver_connect(d);
        driver_disconnect(d);
    }
    driver_forget(d);
    driver_connect(d);
    expect(d, "");
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, true);
    driver_pass(d, 999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "open 6 ws://host/connection/websocket\n");
    driver_disconnect(d);
    driver_connect(d);
    driver_forget(d);
    driver_disconnect(d);
    driver_pass(d, 100000);
    expect(d, "disconnect 'client' stop\n");
    for (int i = 0; i < 5; i++) { /* all of it is back */
        driver_connect(d);
        driver_disconnect(d);
    }
    assert_int_equal(d->opens, 11);
}

/* D33, D31 */
static void a_dead_peer_held_up_the_next_attempt(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    driver_pass(d, 30000);
    expect(d, "send 1 {'method':'ping','uid':'2'}\n");
    driver_pass(d, 4999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "disconnect 'no ping' again\n"
              "close 1\n"
              "transport-close 'connection closed' again TIMEOUT\n"
              "open 2 ws://host/connection/websocket\n");
    driver_closed(d, "", CENTRIFUGE_ERROR_NETWORK);
    driver_forget(d);
    driver_pass(d, 3999); /* from here on as always */
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "open 3 ws://host/connection/websocket\n");
}

static void connections_that_fall_silent_soon_are_not_made_without_a_pause(void **state)
{
    driver *d = *state;
    d->options.ping_interval = 1;
    d->options.pong_wait_timeout = 1;
    driver_start(d);
    driver_be_connected(d);
    driver_pass(d, 1);
    expect(d, "send 1 {'method':'ping','uid':'2'}\n");
    driver_pass(d, 1);
    assert_int_equal(driver_count(d, "disconnect 'no ping' again"), 1);
    driver_forget(d);
    driver_pass(d, 1997);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "open 2 ws://host/connection/websocket\n");
}

static void a_vanished_peer_is_not_tried_while_offline(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    cf_client_network_changed(d->client, false, d->now);
    driver_pass(d, 35000);
    assert_int_equal(driver_count(d, "disconnect 'no ping' again"), 1);
    driver_pass(d, 100000);
    assert_int_equal(d->opens, 1);
    cf_client_network_changed(d->client, true, d->now);
    driver_pump(d);
    assert_int_equal(d->opens, 2);
}

/* D37 */
static void connect_while_waiting_made_a_second_chain(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_forget(d);
    driver_connect(d);
    expect(d, "open 2 ws://host/connection/websocket\n");
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_connect(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_forget(d);
    size_t opens = d->opens;
    assert_true(cf_client_deadline(d->client) == d->now + 8000);
    driver_pass(d, 8000 + 10000 - 1);
    assert_int_equal(d->opens, opens + 1);
}

/* D41 */
static void a_transport_that_cannot_be_made_left_it_connecting_for_good(void **state)
{
    driver *d = *state;
    static const centrifuge_error errors[] = {CENTRIFUGE_ERROR_UNSUPPORTED, CENTRIFUGE_ERROR_INVALID_URL,
                                              CENTRIFUGE_ERROR_INVALID_OPTION, CENTRIFUGE_ERROR_INVALID_ARGUMENT};
    driver_start(d);
    for (size_t i = 0; i < 4; i++) {
        driver_connect(d);
        driver_closed(d, "", errors[i]);
        driver_expect_state(d, CF_CLIENT_DISCONNECTED, false);
        assert_int_equal(driver_count(d, "disconnect 'connection closed' stop"), 1);
        assert_int_equal(driver_count(d, "error "), 1);
        driver_forget(d);
    }
    driver_connect(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_UNSUPPORTED);
    expect(d,
           "open 5 ws://host/connection/websocket\n"
           "error UNSUPPORTED 'transport could not be opened' 'fix' {'error':'transport could not be opened','advice':'fix'}\n"
           "transport-close 'connection closed' stop UNSUPPORTED\n"
           "disconnect 'connection closed' stop\n");
}

/* D42 */
static void connect_answered_with_an_error_hung(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    driver_opened(d);
    driver_forget(d);
    driver_receive(d, "{'uid':'1','method':'connect','error':'limit exceeded','advice':'retry'}");
    expect(d,
           "error REFUSED 'limit exceeded' 'retry' {'uid':'1','method':'connect','error':'limit exceeded','advice':'retry'}\n");
    driver_expect_state(d, CF_CLIENT_CONNECTING, false);
    driver_pass(d, 999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "disconnect 'connect error' again\n"
              "close 1\n"
              "transport-close 'connection closed' again REFUSED\n");
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, true);
}

static void a_good_answer_after_an_error_is_accepted(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    driver_opened(d);
    driver_receive(d, "{'uid':'1','method':'connect','error':'limit exceeded'}");
    driver_pass(d, 500);
    driver_forget(d);
    driver_receive(d, "{'uid':'1','method':'connect','body':{'client':'late','expires':false,'expired':false,'ttl':0}}");
    expect(d, "connect late raw-websocket 500 ms\n");
    driver_pass(d, 5000);
    expect(d, "");
}

static void an_error_does_not_prolong_the_connect_timeout(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    driver_opened(d);
    driver_pass(d, 9500);
    driver_receive(d, "{'uid':'1','method':'connect','error':'x'}");
    driver_forget(d);
    driver_pass(d, 500);
    assert_int_equal(driver_count(d, "close 1"), 1);
}

/* D43 */
static void ping_before_connect_threw(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_client_ping(d->client, d->now);
    driver_connect(d);
    cf_client_ping(d->client, d->now);
    driver_opened(d);
    cf_client_ping(d->client, d->now);
    driver_pump(d);
    assert_int_equal(driver_count(d, "send 1 {'method':'ping'"), 0);
    driver_welcome(d, 1);
    driver_forget(d);
    cf_client_ping(d->client, d->now);
    driver_pump(d);
    expect(d, "send 1 {'method':'ping','uid':'2'}\n");
    driver_pass(d, 29999); /* nobody waits for the answer */
    expect(d, "");
}

/* ---- time ------------------------------------------------------------------------------------------- */

static void the_answer_to_connect_has_a_time_limit(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    driver_pass(d, 5000);
    driver_opened(d);
    driver_forget(d);
    driver_pass(d, 4999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "disconnect 'connect timeout' again\n"
              "close 1\n"
              "transport-close 'connection closed' again TIMEOUT\n");
}

static void waits_are_the_ceiling_less_up_to_a_half(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    static const struct {
        uint32_t random;
        int64_t wait;
    } cases[] = {{0, 2000}, {UINT32_MAX, 2001}, {1, 7999}, {UINT32_C(1) << 31, 12000}, {UINT32_MAX, 10001}, {0, 20000}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        d->random = cases[i].random;
        driver_closed(d, "", CENTRIFUGE_ERROR_OK);
        int64_t wait = cf_client_deadline(d->client) - d->now;
        assert_true(wait >= cases[i].wait - 1 && wait <= cases[i].wait);
        driver_pass(d, wait);
    }
}

static int64_t first_wait(int64_t retry, int64_t max_retry, uint32_t random)
{
    driver d;
    driver_init(&d);
    d.options.retry = retry;
    d.options.max_retry = max_retry;
    d.random = random;
    driver_start(&d);
    driver_connect(&d);
    driver_closed(&d, "", CENTRIFUGE_ERROR_OK);
    int64_t wait = cf_client_deadline(d.client) - d.now;
    driver_end(&d);
    return wait;
}

static void no_attempt_comes_without_a_delay(void **state)
{
    (void)state;
    assert_true(first_wait(1, 1, 0) == 10);
    assert_true(first_wait(1, 1, UINT32_MAX) == 10);
    assert_true(first_wait(20, 60, 0) == 40);
    assert_true(first_wait(20, 30, 0) == 30);
    assert_true(first_wait(500, 20, 0) == 20);
    assert_true(first_wait(INT64_MAX, INT64_MAX, 0) == INT32_MAX);
    assert_true(first_wait(INT64_MAX, INT64_MAX, UINT32_MAX) == INT32_MAX / 2);
}

static void a_clock_that_jumps_makes_one_attempt(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    d->now += INT64_C(86400000);
    cf_client_tick(d->client, d->now);
    driver_pump(d);
    cf_client_tick(d->client, d->now);
    driver_pump(d);
    assert_int_equal(d->opens, 2);
}

/* ---- pings: client-spec.md 14 ----------------------------------------------------------------------------------- */

static void only_an_idle_connection_is_pinged(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    driver_pass(d, 20000);
    driver_receive(d, "{'method':'ping'}");
    cf_time deadline = cf_client_deadline(d->client);
    driver_receive(d, "[]");
    assert_true(cf_client_deadline(d->client) == deadline); /* frames do not move timers */
    driver_pass(d, 29999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "send 1 {'method':'ping','uid':'2'}\n");
    driver_pass(d, 1000);
    driver_receive(d, "{'method':'surprise'}"); /* any frame answers */
    driver_pass(d, 29999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "send 1 {'method':'ping','uid':'3'}\n");
    driver_pass(d, 1000);
    cf_client_transport_alive(d->client, 1, d->now); /* as does a WebSocket pong */
    driver_pass(d, 29999);
    expect(d, "");
}

/* D30 */
static void pongs_slower_than_the_interval_broke_the_connection(void **state)
{
    driver *d = *state;
    d->options.ping_interval = 1000;
    d->options.pong_wait_timeout = 3000;
    driver_start(d);
    driver_be_connected(d);
    driver_pass(d, 1000);
    expect(d, "send 1 {'method':'ping','uid':'2'}\n");
    for (int i = 0; i < 10; i++) {
        driver_pass(d, 2500);
        expect(d, ""); /* one timer: no further ping while one is out */
        driver_receive(d, "{'method':'ping'}");
        driver_pass(d, 1000);
        assert_int_equal(driver_count(d, "send 1 {'method':'ping'"), 1);
        driver_forget(d);
    }
}

/* D31 */
static void a_ping_of_the_lost_connection_broke_the_next_attempt(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    driver_pass(d, 30000);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_pass(d, 2000);
    driver_opened(d);
    driver_forget(d);
    driver_pass(d, 7000);
    expect(d, "");
    driver_welcome(d, 3);
    driver_forget(d);
    driver_pass(d, 29999);
    expect(d, "");
}

/* A frame before the answer to connect counted as the answer to a ping of the lost connection. */
static void a_ping_of_the_lost_connection_pinged_the_next_attempt(void **state)
{
    driver *d = *state;
    d->options.connect_timeout = 100000;
    driver_start(d);
    driver_be_connected(d);
    driver_pass(d, 30000);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_pass(d, 2000);
    driver_opened(d);
    driver_receive(d, "{'method':'ping'}");
    driver_forget(d);
    driver_pass(d, 99999);
    expect(d, "");
    driver_pass(d, 1);
    assert_int_equal(driver_count(d, "transport-close 'connection closed' again TIMEOUT"), 1);
}

static void pings_can_be_turned_off(void **state)
{
    driver *d = *state;
    d->options.ping = false;
    driver_start(d);
    driver_be_connected(d);
    assert_true(cf_client_deadline(d->client) == CF_TIME_NEVER);
    cf_client_network_changed(d->client, true, d->now);
    driver_pass(d, 1000000);
    expect(d, "");
    driver_disconnect(d);
    d->options.ping = true;
    d->options.ping_interval = 0;
    cf_client_configure(d->client, &d->options, NULL);
    driver_connect(d);
    driver_opened(d);
    driver_welcome(d, 2);
    assert_true(cf_client_deadline(d->client) == CF_TIME_NEVER);
}

static void pings_turned_off_while_connected_stop(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    d->options.ping = false;
    cf_client_configure(d->client, &d->options, NULL);
    driver_pass(d, 100000);
    expect(d, "");
    assert_true(cf_client_deadline(d->client) == CF_TIME_NEVER);
}

/* ---- the network ---------------------------------------------------------------------------------------------- */

static void the_network_that_comes_back_is_tried_at_once(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    cf_client_network_changed(d->client, false, d->now);
    driver_closed(d, "", CENTRIFUGE_ERROR_NETWORK);
    driver_forget(d);
    assert_true(cf_client_deadline(d->client) == CF_TIME_NEVER);
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, true);
    driver_pass(d, 100000);
    cf_client_tick(d->client, d->now);
    driver_pump(d);
    expect(d, "");
    cf_client_network_changed(d->client, true, d->now);
    driver_pump(d);
    expect(d, "open 2 ws://host/connection/websocket\n");
    cf_client_network_changed(d->client, true, d->now);
    driver_pump(d);
    expect(d, "");
}

static void the_network_that_comes_back_makes_a_connection_prove_itself(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_client_network_changed(d->client, true, d->now);
    driver_pump(d);
    expect(d, ""); /* nobody asked for a connection */
    driver_be_connected(d);
    cf_client_network_changed(d->client, true, d->now);
    cf_client_network_changed(d->client, true, d->now);
    driver_pump(d);
    expect(d, "send 1 {'method':'ping','uid':'2'}\n");
    driver_pass(d, 5000);
    assert_int_equal(driver_count(d, "disconnect 'no ping' again"), 1);
}

static void connect_by_hand_works_offline(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_client_network_changed(d->client, false, d->now);
    driver_connect(d);
    expect(d, "open 1 ws://host/connection/websocket\n");
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

static void a_message_that_is_too_large_ends_the_connection(void **state)
{
    driver *d = *state;
    d->options.message_size_max = 100;
    driver_start(d);
    driver_be_connected(d);
    char text[101];
    memset(text, ' ', sizeof(text));
    memcpy(text, "[]", 2);
    driver_receive_bytes(d, text, 100);
    expect(d, "");
    driver_receive_bytes(d, text, 101);
    expect(d, "error LIMIT_MESSAGE_SIZE 'message too large' 'fix' {'error':'message too large','advice':'fix'}\n"
              "disconnect 'message too large' again\n"
              "close 1\n"
              "transport-close 'connection closed' again LIMIT_MESSAGE_SIZE\n");
}

/* The server answers as before, for ever. */
static void an_answer_too_large_to_recover_was_asked_for_again_and_again(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "known");
    driver_subscribe(d, "news");
    driver_be_connected(d);
    driver_receive(d, "[{'uid':'2','method':'subscribe','body':{'channel':'known','last':'k1'}},"
                      "{'uid':'3','method':'subscribe','body':{'channel':'news','last':'m1'}}]");
    driver_reconnect(d, 4);
    driver_receive(d, "{'uid':'5','method':'subscribe','body':{'channel':'known','last':'k1','recovered':true}}");
    driver_forget(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_LIMIT_MESSAGE_SIZE);
    expect(d, "error LIMIT_MESSAGE_SIZE 'message too large' 'fix' {'error':'message too large','advice':'fix'}\n"
              "transport-close 'connection closed' again LIMIT_MESSAGE_SIZE\n"
              "known: unsubscribe\n"
              "disconnect 'connection closed' again\n");
    driver_pass(d, 4000);
    driver_opened(d);
    driver_forget(d);
    driver_receive(d, "{'uid':'7','method':'connect','body':{'client':'c3'}}");
    expect(d, "send 3 [{'method':'subscribe','params':{'channel':'known','recover':true,'last':'k1'},'uid':'8'},"
              "{'method':'subscribe','params':{'channel':'news'},'uid':'9'}]\n"
              "connect c3 raw-websocket 0 ms\n");
}

static void pings_by_hand_respect_the_queue(void **state)
{
    driver *d = *state;
    d->options.queue_size_max = 300;
    driver_start(d);
    driver_be_connected(d);
    for (int i = 0; i < 100; i++)
        cf_client_ping(d->client, d->now);
    driver_pump(d);
    size_t pings = driver_count(d, "send 1 {'method':'ping'");
    assert_true(pings > 0 && pings < 10);
}

/* ---- effects that wait ----------------------------------------------------------------------------------------------- */

static void a_connection_that_nobody_saw_is_taken_back(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_client_connect(d->client, d->now);
    cf_client_disconnect(d->client, d->now);
    cf_client_connect(d->client, d->now);
    cf_client_disconnect(d->client, d->now);
    driver_pump(d);
    expect(d, "disconnect 'client' stop\n");
    cf_client_connect(d->client, d->now);
    cf_client_disconnect(d->client, d->now);
    cf_client_connect(d->client, d->now);
    driver_pump(d);
    expect(d, "disconnect 'client' stop\n"
              "open 4 ws://host/connection/websocket\n");
}

static void events_for_a_transport_that_was_not_opened_yet_are_ignored(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_client_connect(d->client, d->now);
    cf_client_transport_closed(d->client, 1, CF_CLOSE_NO_STATUS, CF_BYTES(""), CENTRIFUGE_ERROR_OK, d->now);
    driver_pump(d);
    expect(d, "open 1 ws://host/connection/websocket\n");
    driver_expect_state(d, CF_CLIENT_CONNECTING, false);
}

static void what_was_to_be_sent_to_a_lost_transport_is_dropped(void **state)
{
    driver *d = *state;
    d->options.queue_size_max = 400;
    driver_start(d);
    driver_be_connected(d);
    cf_client_ping(d->client, d->now);
    cf_client_ping(d->client, d->now);
    cf_client_transport_closed(d->client, 1, CF_CLOSE_NO_STATUS, CF_BYTES(""), CENTRIFUGE_ERROR_OK, d->now);
    d->transport_live = false;
    driver_pump(d);
    expect(d, "transport-close 'connection closed' again OK\n"
              "disconnect 'connection closed' again\n");
    driver_connect(d);
    driver_opened(d);
    driver_welcome(d, 4);
    driver_forget(d);
    cf_client_ping(d->client, d->now); /* the queue's count is right again */
    driver_pump(d);
    assert_int_equal(driver_count(d, "send 2 {'method':'ping'"), 1);
}

static void the_loss_and_the_users_disconnect_are_told_as_one(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    d->transport_live = false;
    cf_client_transport_closed(d->client, 1, CF_CLOSE_NO_STATUS, CF_BYTES("bye"), CENTRIFUGE_ERROR_OK, d->now);
    cf_client_disconnect(d->client, d->now);
    driver_pump(d);
    expect(d, "transport-close 'bye' again OK\n"
              "disconnect 'client' stop\n");
}

static void steps_are_logged(void **state)
{
    driver *d = *state;
    char reason[300];
    driver_start(d);
    d->show_logs = true;
    driver_connect(d);
    driver_opened(d);
    driver_welcome(d, 1);
    driver_closed(d, "bye", CENTRIFUGE_ERROR_OK);
    expect(d, "log DEBUG opening transport 1\n"
              "open 1 ws://host/connection/websocket\n" CONNECT_1 "log INFO connected as: c1\n"
              "connect c1 raw-websocket 0 ms\n"
              "transport-close 'bye' again OK\n"
              "log INFO disconnected: bye\n"
              "disconnect 'bye' again\n"
              "log INFO next attempt to connect in 2000 ms\n");
    driver_pass(d, 2000);
    driver_forget(d);
    memset(reason, 'r', sizeof(reason));
    cf_client_transport_closed(d->client, 2, CF_CLOSE_NO_STATUS, cf_bytes_make(reason, sizeof(reason)), CENTRIFUGE_ERROR_OK,
                               d->now);
    d->transport_live = false;
    driver_pump(d);
    char *line = strstr(d->log, "failed: ");
    assert_non_null(line);
    assert_int_equal(strcspn(line, "\n"), strlen("failed: ") + 200 + strlen("..."));
}

/* ---- the end ------------------------------------------------------------------------------------------------------------ */

static void expect_shut(driver *d)
{
    cf_subscription *subscription;
    assert_int_equal(cf_client_connect(d->client, d->now), CENTRIFUGE_ERROR_CLOSED);
    assert_int_equal(cf_client_configure(d->client, &d->options, NULL), CENTRIFUGE_ERROR_CLOSED);
    assert_int_equal(cf_client_subscribe(d->client, d->now, CF_BYTES("x"), NULL, &subscription, NULL), CENTRIFUGE_ERROR_CLOSED);
    cf_client_disconnect(d->client, d->now);
    cf_client_ping(d->client, d->now);
    cf_client_network_changed(d->client, true, d->now);
    cf_client_transport_opened(d->client, d->transport, CF_BYTES("x"), d->now);
    cf_client_transport_received(d->client, d->transport, CF_BYTES("[]"), d->now);
    cf_client_transport_alive(d->client, d->transport, d->now);
    cf_client_transport_closed(d->client, d->transport, CF_CLOSE_NO_STATUS, CF_BYTES(""), CENTRIFUGE_ERROR_OK, d->now);
    cf_client_tick(d->client, d->now);
    cf_client_shutdown(d->client, d->now);
    assert_true(cf_client_deadline(d->client) == CF_TIME_NEVER);
    driver_pump(d);
    expect(d, "");
}

static void shutdown_closes_the_transport_and_says_no_more(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "news");
    driver_be_connected(d);
    driver_accept(d, 2, "news");
    driver_forget(d);
    cf_client_ping(d->client, d->now);
    cf_client_shutdown(d->client, d->now);
    driver_pump(d);
    expect(d, "send 1 {'method':'ping','uid':'3'}\n"
              "close 1\n");
    expect_shut(d);
}

static void shutdown_of_an_opening_that_nobody_saw(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_client_connect(d->client, d->now);
    cf_client_shutdown(d->client, d->now);
    driver_pump(d);
    expect(d, "");
    expect_shut(d);
}

static void shutdown_while_opening(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    driver_forget(d);
    cf_client_shutdown(d->client, d->now);
    driver_pump(d);
    expect(d, "close 1\n");
    expect_shut(d);
}

static void shutdown_while_waiting(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_forget(d);
    cf_client_shutdown(d->client, d->now);
    driver_pump(d);
    expect(d, "");
    expect_shut(d);
}

static void shutdown_drops_events_that_wait(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "news");
    driver_be_connected(d);
    driver_accept(d, 2, "news");
    driver_forget(d);
    cf_client_disconnect(d->client, d->now);
    cf_client_shutdown(d->client, d->now);
    driver_pump(d);
    expect(d, "close 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(connects_subscribes_receives_and_publishes),
        TEST(connect_does_nothing_while_connecting_or_connected),
        TEST(insecure_sends_no_credentials),
        TEST(credentials_of_json_are_sent_as_they_are),
        TEST(a_second_opening_or_answer_changes_nothing),
        TEST(an_answer_without_body_leaves_it_connecting),
        TEST(a_clock_that_went_back_measures_no_latency),
        TEST(disconnect_ends_it_for_good),
        TEST(losing_the_connection_tells_close_then_disconnect_and_tries_again),
        TEST(the_very_first_attempt_that_fails_is_told),
        TEST(a_disconnect_message_is_obeyed),
        TEST(what_follows_a_disconnect_message_in_its_frame_is_dropped),
        TEST(expires_without_expired_is_a_good_answer),
        cmocka_unit_test(close_reasons_are_read_as_advice),
        cmocka_unit_test(a_close_reason_that_is_json_but_no_advice_stopped_the_client),
        TEST(disconnect_while_opening_did_not_stop_the_transport),
        TEST(disconnect_while_waiting_did_not_stop_the_attempts),
        TEST(events_of_the_old_transport_hit_the_new_one),
        TEST(a_bad_frame_or_message_stopped_the_rest),
        TEST(what_means_nothing_is_ignored),
        TEST(nothing_but_connect_counts_before_its_answer),
        TEST(giving_up_while_reconnecting_was_silent),
        TEST(a_server_that_accepts_and_closes_caused_a_storm),
        TEST(a_server_that_welcomes_and_closes_caused_a_storm),
        TEST(a_connection_that_held_longer_than_its_pause_is_a_good_one),
        cmocka_unit_test(who_asks_in_every_event_caused_a_storm),
        TEST(retry_after_is_heeded_whoever_asks),
        TEST(the_code_of_a_close_is_told),
        TEST(a_message_that_the_server_refuses_as_too_large_is_told),
        TEST(an_attempt_that_has_to_wait_is_planned_and_can_be_taken_back),
        TEST(a_dead_peer_held_up_the_next_attempt),
        TEST(connections_that_fall_silent_soon_are_not_made_without_a_pause),
        TEST(a_vanished_peer_is_not_tried_while_offline),
        TEST(connect_while_waiting_made_a_second_chain),
        TEST(a_transport_that_cannot_be_made_left_it_connecting_for_good),
        TEST(connect_answered_with_an_error_hung),
        TEST(a_good_answer_after_an_error_is_accepted),
        TEST(an_error_does_not_prolong_the_connect_timeout),
        TEST(ping_before_connect_threw),
        TEST(the_answer_to_connect_has_a_time_limit),
        TEST(waits_are_the_ceiling_less_up_to_a_half),
        cmocka_unit_test(no_attempt_comes_without_a_delay),
        TEST(a_clock_that_jumps_makes_one_attempt),
        TEST(only_an_idle_connection_is_pinged),
        TEST(pongs_slower_than_the_interval_broke_the_connection),
        TEST(a_ping_of_the_lost_connection_broke_the_next_attempt),
        TEST(a_ping_of_the_lost_connection_pinged_the_next_attempt),
        TEST(pings_can_be_turned_off),
        TEST(pings_turned_off_while_connected_stop),
        TEST(the_network_that_comes_back_is_tried_at_once),
        TEST(the_network_that_comes_back_makes_a_connection_prove_itself),
        TEST(connect_by_hand_works_offline),
        TEST(a_message_that_is_too_large_ends_the_connection),
        TEST(an_answer_too_large_to_recover_was_asked_for_again_and_again),
        TEST(pings_by_hand_respect_the_queue),
        TEST(a_connection_that_nobody_saw_is_taken_back),
        TEST(events_for_a_transport_that_was_not_opened_yet_are_ignored),
        TEST(what_was_to_be_sent_to_a_lost_transport_is_dropped),
        TEST(the_loss_and_the_users_disconnect_are_told_as_one),
        TEST(steps_are_logged),
        TEST(shutdown_closes_the_transport_and_says_no_more),
        TEST(shutdown_of_an_opening_that_nobody_saw),
        TEST(shutdown_while_opening),
        TEST(shutdown_while_waiting),
        TEST(shutdown_drops_events_that_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The client as an application sees it: options, connect, subscribe, receive, listeners, calls, leave.
 */
#include "native/test/support.h"

#define MESSAGE(channel, uid, data)                                                                                            \
    "{\"method\":\"message\",\"body\":{\"uid\":\"" uid "\",\"channel\":\"" channel "\",\"data\":" data "}}"

/* ---- options ---- */

static void check_options(const centrifuge_options *options, const char *error, const char *option)
{
    const char *what;
    centrifuge_client *client;
    assert_string_equal(centrifuge_error_name(centrifuge_options_check(options, &what)), error);
    assert_string_equal(what, option);
    assert_string_equal(centrifuge_error_name(centrifuge_client_new(&client, options)), error);
    assert_null(client);
}

static void options_are_checked_in_order(void **state)
{
    (void)state;
    centrifuge_options options;
    OK(centrifuge_options_default(&options));
    check_options(&options, "MISSING_URL", "url");
    options.url = "ftp://example.com";
    check_options(&options, "MISSING_USER", "user");
    options.user = "";
    check_options(&options, "MISSING_TIMESTAMP", "timestamp");
    options.timestamp = "1";
    check_options(&options, "MISSING_TOKEN", "token");
    options.token = "t";
    check_options(&options, "INVALID_URL", "url");
    options.url = "https://example.com";
    assert_int_equal(centrifuge_options_check(&options, NULL), CENTRIFUGE_ERROR_OK);
    options.calls_max = 0;
    check_options(&options, "INVALID_OPTION", "calls_max");
}

static void options_of_the_way_are_checked(void **state)
{
    (void)state;
    centrifuge_options options;
    quick_options(&options, NULL);
    centrifuge_header header = {"X-Good", "yes\r\nX-Evil: yes"};
    options.headers = &header;
    options.header_count = 1;
    check_options(&options, "INVALID_OPTION", "headers");
    header = (centrifuge_header){"X Bad", "no"};
    check_options(&options, "INVALID_OPTION", "headers");
    header = (centrifuge_header){"Sec-WebSocket-Protocol", "chat"};
    assert_int_equal(centrifuge_options_check(&options, NULL), CENTRIFUGE_ERROR_OK);
    options.header_count = 0;
    options.tls_key = "key.pem";
    check_options(&options, "INVALID_OPTION", "tls_key");
    options.tls_key = NULL;
    options.loop_timer = (void (*)(void *, int64_t))(void (*)(void))check_options;
    check_options(&options, "INVALID_OPTION", "loop_watch");
}

static void headers_that_are_ours_are_refused_with_their_names(void **state)
{
    (void)state;
    static const char *const headers[][2] = {
        {"upgrade", "Upgrade is"},
        {"CONNECTION", "Connection is"},
        {"Content-Length", "Content-Length is"},
        {"Transfer-Encoding", "Transfer-Encoding is"},
        {"Sec-WebSocket-Key", "Sec-WebSocket- is"},
        {"sec-websocket-extensions", "Sec-WebSocket- is"},
    };
    for (size_t i = 0; i < COUNT(headers); i++) {
        centrifuge_options options;
        char text[100];
        centrifuge_header header = {headers[i][0], "x"};
        quick_options(&options, NULL);
        options.headers = options.auth_headers = options.refresh_headers = &header;
        options.header_count = 1;
        snprintf(text, sizeof text, "headers: %s set by the library", headers[i][1]);
        check_options(&options, "INVALID_OPTION", text);
        options.header_count = 0;
        options.auth_header_count = 1;
        snprintf(text, sizeof text, "auth_headers: %s set by the library", headers[i][1]);
        check_options(&options, "INVALID_OPTION", text);
        options.auth_header_count = 0;
        options.refresh_header_count = 1;
        snprintf(text, sizeof text, "refresh_headers: %s set by the library", headers[i][1]);
        check_options(&options, "INVALID_OPTION", text);
    }
}

static void addresses_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"ws://127.0.0.1:94120", "ws://[::1:80", "ws://[::1]80", "ws://127.0.0.1:80x",
                                       "ws://h:0"};
    for (size_t i = 0; i < COUNT(urls); i++) {
        centrifuge_options options;
        char http[64];
        quick_options(&options, NULL);
        options.url = urls[i];
        check_options(&options, "INVALID_URL", "url");
        options.url = "ws://h";
        snprintf(http, sizeof http, "http%s", urls[i] + 2);
        options.auth_endpoint = http;
        check_options(&options, "INVALID_OPTION", "auth_endpoint");
    }
}

static void defaults_are_those_documented(void **state)
{
    (void)state;
    centrifuge_options options;
    OK(centrifuge_options_default(&options));
    assert_true(options.size == sizeof options);
    assert_true(options.resubscribe && options.ping && options.tls_verify && !options.insecure);
    assert_true(options.retry == 1000 && options.max_retry == 20000 && options.timeout == 5000 &&
                options.connect_timeout == 10000);
    assert_true(options.ping_interval == 30000 && options.pong_wait_timeout == 5000);
    assert_true(options.message_size_max == 16 << 20 && options.queue_size_max == 16 << 20);
    assert_true(options.calls_max == 65536 && options.subscriptions_max == 65536 && options.channel_length_max == 65535);
    assert_string_equal(options.info, "");
}

/* A program built with a later header, whose struct has members that this library does not know. */
static void options_of_a_later_version_are_read(void **state)
{
    (void)state;
    struct {
        centrifuge_options known;
        char later[64];
    } options;
    memset(&options, 0xff, sizeof options);
    OK(centrifuge_options_default_sized(&options.known, sizeof options));
    assert_true(options.known.size == sizeof options);
    assert_int_equal(options.later[63], 0);
    options.known.url = "ws://127.0.0.1:1";
    options.known.insecure = true;
    centrifuge_client *client;
    OK(centrifuge_client_new(&client, &options.known));
    OK(centrifuge_client_destroy(client));
}

static void errors_have_names_and_texts(void **state)
{
    (void)state;
    assert_string_equal(centrifuge_error_name(CENTRIFUGE_ERROR_TIMEOUT), "TIMEOUT");
    assert_true(centrifuge_error_temporary(CENTRIFUGE_ERROR_TIMEOUT));
    assert_false(centrifuge_error_temporary(CENTRIFUGE_ERROR_INVALID_ARGUMENT));
    assert_string_equal(centrifuge_error_name((centrifuge_error)9999), "UNKNOWN");
    for (int i = 0; i < CENTRIFUGE_ERROR_COUNT_; i++)
        assert_true(strlen(centrifuge_error_text((centrifuge_error)i)) > 5);
    assert_int_equal(centrifuge_version(), CENTRIFUGE_VERSION);
}

/* ---- messages ---- */

static void two_messages(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_send(peer, MESSAGE("news", "u1", "{\"text\": 1.50}"));
    peer_send(peer, MESSAGE("other", "u2", "2"));
    peer_send(peer, "{\"method\":\"message\",\"body\":{\"uid\":\"u3\",\"channel\":\"news\",\"client\":\"c9\",\"info\":{},"
                    "\"data\":\"\\u00e9\"}}");
    peer_wait_end(peer);
    if (peer->close_code != 1000)
        peer_fail(peer, "close code %d", peer->close_code);
}

static void run_receives_messages(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, two_messages, NULL, NULL);
    make_quick_client(&peer, &journal);
    subscribe(&journal, "news");
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "u3");
    end_client(&journal);
    peer_finish(&peer);
    assert_string_equal(
        journal.text,
        "connect c1 raw-websocket; subscribe news; message news {\"text\": 1.50} u1 ; "
        "message news \"\\u00e9\" u3 c9; unsubscribe news; disconnect 'client' 0; closed OK 1005 'connection closed'; ");
}

static void credentials_and_headers(cf_peer *peer)
{
    if (peer_accept(peer) && peer_upgrade(peer)) {
        if (!strstr(peer->head, "GET /prefix/connection/websocket HTTP/1.1\r\n") || !strstr(peer->head, "X-Device: 7\r\n"))
            peer_fail(peer, "request: %s", peer->head);
        peer_expect(peer, "{\"method\":\"connect\",\"params\":{\"user\":\"42\",\"info\":\"{}\",\"timestamp\":\"1500000000\","
                          "\"token\":\"abc\"}");
    }
}

static void credentials_and_headers_are_sent(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, credentials_and_headers, NULL, NULL);
    centrifuge_options options;
    char url[128];
    quick_options(&options, &peer);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/prefix/", peer.port);
    options.url = url;
    options.insecure = false;
    options.user = "42";
    options.timestamp = "1500000000";
    options.info = "{}";
    options.token = "abc";
    options.headers = &(centrifuge_header){"X-Device", "7"};
    options.header_count = 1;
    make_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "closed");
    end_client(&journal);
    peer_finish(&peer);
}

#define LONG_TEXT 300

static void long_ids(cf_peer *peer)
{
    char message[1024];
    char id[LONG_TEXT + 1];
    memset(id, 'i', LONG_TEXT);
    id[LONG_TEXT] = '\0';
    snprintf(message, sizeof message,
             "{\"method\":\"message\",\"body\":{\"uid\":\"%s\",\"client\":\"%s\",\"channel\":\"news\",\"data\":1}}", id, id);
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_send(peer, message);
    peer_wait_end(peer);
}

static void on_long_ids(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    assert_int_equal(strspn(message->uid, "i"), LONG_TEXT);
    assert_int_equal(strlen(message->uid), LONG_TEXT);
    assert_string_equal(message->client, message->uid);
    note(user, "long; ");
}

static void strings_of_any_length_are_whole(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, long_ids, NULL, NULL);
    make_quick_client(&peer, &journal);
    centrifuge_subscription_events events = {.message = on_long_ids};
    OK(centrifuge_client_subscribe(journal.client, "news", &events, &journal, NULL));
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "long; ");
    end_client(&journal);
    peer_finish(&peer);
}

static void joins(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_send(peer, "[{\"method\":\"join\",\"body\":{\"channel\":\"news\",\"data\":{\"user\":\"2\",\"client\":\"c2\"}}},"
                    "{\"method\":\"leave\",\"body\":{\"channel\":\"news\",\"data\":{\"user\":\"2\",\"client\":\"c2\"}}}]");
    peer_wait_end(peer);
}

static void joins_and_leaves_are_told(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, joins, NULL, NULL);
    make_quick_client(&peer, &journal);
    subscribe(&journal, "news");
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "leave");
    end_client(&journal);
    peer_finish(&peer);
    assert_true(noted(&journal, "join news c2 {\"user\":\"2\",\"client\":\"c2\"}; leave news c2; "));
}

/* ---- listeners ---- */

typedef struct ear {
    cf_journal *journal;
    const char *name;
    centrifuge_listener own;
    centrifuge_listener victim; /* removed when this one hears something */
    struct ear *child;          /* added then */
} ear;

static void hear(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    ear *self = user;
    note(self->journal, "%s%.*s ", self->name, (int)message->data.size, message->data.bytes);
    if (self->victim)
        OK(centrifuge_subscription_unlisten(subscription, self->victim));
    self->victim = 0;
    if (self->child)
        OK(centrifuge_subscription_listen(subscription, &(centrifuge_subscription_events){.message = hear}, self->child, NULL));
    self->child = NULL;
}

static void three_messages(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_send(peer, "[" MESSAGE("news", "1", "1") "," MESSAGE("news", "2", "2") "," MESSAGE("news", "3", "3") "]");
    peer_wait_end(peer);
}

static void listeners_are_called_in_order_and_may_change(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, three_messages, NULL, NULL);
    make_quick_client(&peer, &journal);
    ear late = {.journal = &journal, .name = "late"};
    ear a = {.journal = &journal, .name = "a", .child = &late};
    ear b = {.journal = &journal, .name = "b"};
    ear c = {.journal = &journal, .name = "c"};
    const centrifuge_subscription_events events = {.message = hear};
    centrifuge_subscription *subscription;
    OK(centrifuge_client_subscribe(journal.client, "news", &events, &a, &subscription));
    OK(centrifuge_subscription_listen(subscription, &events, &b, &b.own));
    OK(centrifuge_subscription_listen(subscription, &events, &c, &c.own));
    a.victim = c.own;
    b.victim = b.own;
    centrifuge_subscription *same;
    OK(centrifuge_client_subscribe(journal.client, "news", NULL, NULL, &same));
    assert_ptr_equal(same, subscription);
    assert_ptr_equal(centrifuge_client_find(journal.client, "news"), subscription);
    assert_null(centrifuge_client_find(journal.client, "olds"));
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "late3");
    assert_int_equal(centrifuge_subscription_unlisten(subscription, c.own), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    end_client(&journal);
    peer_finish(&peer);
    assert_true(noted(&journal, "a1 b1 a2 late2 a3 late3 "));
}

static void the_next_listener_may_be_removed(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, three_messages, NULL, NULL);
    make_quick_client(&peer, &journal);
    ear a = {.journal = &journal, .name = "a"};
    ear b = {.journal = &journal, .name = "b"};
    ear c = {.journal = &journal, .name = "c"};
    const centrifuge_subscription_events events = {.message = hear};
    centrifuge_subscription *subscription;
    OK(centrifuge_client_subscribe(journal.client, "news", &events, &a, &subscription));
    OK(centrifuge_subscription_listen(subscription, &events, &b, &a.victim));
    OK(centrifuge_subscription_listen(subscription, &events, &c, NULL));
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "c3");
    end_client(&journal);
    peer_finish(&peer);
    assert_true(noted(&journal, "a1 c1 a2 c2 a3 c3 "));
}

/* An application built with an earlier header, whose events struct had only `message`. */
static void events_of_an_earlier_version_are_read(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, three_messages, NULL, NULL);
    make_quick_client(&peer, &journal);
    ear a = {.journal = &journal, .name = "a"};
    centrifuge_subscription_events events;
    memset(&events, 0xff, sizeof events);
    events.message = hear;
    OK(centrifuge_client_subscribe_sized(sizeof events.message, journal.client, "news", &events, &a, NULL));
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "a3");
    end_client(&journal);
    peer_finish(&peer);
}

/* ---- calls ---- */

static void answers(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "{\"method\":\"publish\",\"params\":{\"channel\":\"news\",\"data\":{\"a\":  1}}");
    peer_answer(peer, "publish", "{\"channel\":\"news\",\"status\":true}");
    peer_expect(peer, "{\"method\":\"presence\",\"params\":{\"channel\":\"news\"}");
    peer_answer(peer, "presence", "{\"channel\":\"news\",\"data\":{\"c1\":{}}}");
    peer_expect(peer, "{\"method\":\"history\",\"params\":{\"channel\":\"news\"}");
    peer_answer(peer, "history", "{\"channel\":\"news\",\"data\":[]}");
    peer_expect(peer, "publish");
    peer_send(peer, "{\"uid\":\"6\",\"method\":\"publish\",\"error\":\"permission denied\",\"advice\":\"fix\",\"body\":{}}");
    peer_expect(peer, "{\"method\":\"publish\",\"params\":{\"channel\":\"news\"}");
    peer_wait_end(peer);
}

static void calls_complete(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, answers, NULL, NULL);
    make_quick_client(&peer, &journal);
    centrifuge_subscription *subscription = subscribe(&journal, "news");
    OK(centrifuge_subscription_ready(subscription, journal_result, &journal));
    OK(centrifuge_subscription_publish(subscription, "{\"a\":  1}", 9, journal_result, &journal));
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "subscribe news; OK  ; OK  ; ");
    OK(centrifuge_subscription_presence(subscription, journal_result, &journal));
    run_until(&journal, "OK {\"c1\":{}} ; ");
    OK(centrifuge_subscription_history(subscription, journal_result, &journal));
    run_until(&journal, "OK [] ; ");
    OK(centrifuge_subscription_publish(subscription, "1", 1, journal_result, &journal));
    run_until(&journal, "REFUSED  permission denied; ");
    OK(centrifuge_subscription_publish(subscription, NULL, 0, NULL, NULL));
    OK(centrifuge_subscription_publish(subscription, "3", 1, journal_result, &journal));
    OK(centrifuge_client_disconnect(journal.client));
    run_until(&journal, "DISCONNECTED  disconnected; ");
    OK(centrifuge_client_run(journal.client));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
    assert_int_equal(journal.done, 6);
}

static void calls_that_are_refused_never_complete(void **state)
{
    (void)state;
    cf_journal journal;
    make_quick_client(NULL, &journal);
    centrifuge_subscription *subscription = subscribe(&journal, "news");
    assert_int_equal(centrifuge_subscription_publish(subscription, "{", 1, journal_result, &journal),
                     CENTRIFUGE_ERROR_INVALID_JSON);
    assert_int_equal(centrifuge_subscription_publish(subscription, NULL, 1, journal_result, &journal),
                     CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    OK(centrifuge_subscription_unsubscribe(subscription));
    OK(centrifuge_client_tick(journal.client));
    assert_int_equal(centrifuge_subscription_presence(subscription, journal_result, &journal), CENTRIFUGE_ERROR_UNSUBSCRIBED);
    assert_int_equal(centrifuge_subscription_history(NULL, journal_result, &journal), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    OK(centrifuge_client_destroy(journal.client));
    assert_int_equal(journal.done, 0);
}

static void destroy_completes_calls_once(void **state)
{
    (void)state;
    cf_journal journal;
    make_quick_client(NULL, &journal);
    centrifuge_subscription *subscription = subscribe(&journal, "news");
    OK(centrifuge_subscription_publish(subscription, "1", 1, journal_result, &journal));
    OK(centrifuge_subscription_presence(subscription, journal_result, &journal));
    OK(centrifuge_subscription_ready(subscription, journal_result, &journal));
    OK(centrifuge_client_destroy(journal.client));
    assert_int_equal(journal.done, 3);
    assert_int_equal(times_noted(&journal, "CLOSED"), 3);
}

/* ---- subscriptions ---- */

static void subscriptions(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"news\"}");
    peer_answer(peer, "unsubscribe", "{\"channel\":\"news\",\"status\":true}");
    peer_subscribed(peer, "news");
    peer_send(peer, MESSAGE("news", "1", "\"back\""));
    peer_expect(peer, "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"news\"}");
    peer_answer(peer, "unsubscribe", "{\"channel\":\"news\",\"status\":true}");
    peer_send(peer, MESSAGE("news", "2", "\"never\""));
    peer_expect(peer, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"secret\"}");
    peer_send(peer, "{\"uid\":\"6\",\"method\":\"subscribe\",\"error\":\"permission denied\",\"advice\":\"fix\","
                    "\"body\":{\"channel\":\"secret\",\"status\":false}}");
    peer_wait_end(peer);
}

static void subscriptions_come_and_go(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, subscriptions, NULL, NULL);
    make_quick_client(&peer, &journal);
    centrifuge_subscription *subscription = subscribe(&journal, "news");
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "subscribe news; ");
    OK(centrifuge_subscription_unsubscribe(subscription));
    run_until(&journal, "unsubscribe news; ");
    assert_int_equal(centrifuge_subscription_get_state(subscription), CENTRIFUGE_SUBSCRIPTION_UNSUBSCRIBED);
    OK(centrifuge_subscription_subscribe(subscription));
    run_until(&journal, "back");
    OK(centrifuge_subscription_ready(subscription, NULL, NULL));
    OK(centrifuge_subscription_remove(subscription));
    assert_null(centrifuge_client_find(journal.client, "news"));
    subscribe(&journal, "secret");
    run_until(&journal, "refused secret REFUSED 'permission denied' 'fix'; ");
    end_client(&journal);
    peer_finish(&peer);
    assert_false(noted(&journal, "never"));
    assert_int_equal(times_noted(&journal, "unsubscribe news"), 1);
}

static void channels_are_checked(void **state)
{
    (void)state;
    cf_journal journal;
    centrifuge_options options;
    quick_options(&options, NULL);
    options.channel_length_max = 4;
    options.subscriptions_max = 1;
    make_client(&options, &journal);
    const centrifuge_subscription_events *none = NULL;
    assert_int_equal(centrifuge_client_subscribe(journal.client, NULL, none, NULL, NULL), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_client_subscribe(journal.client, "", none, NULL, NULL), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_client_subscribe(journal.client, "a\xff", none, NULL, NULL), CENTRIFUGE_ERROR_INVALID_UTF8);
    assert_int_equal(centrifuge_client_subscribe(journal.client, "abcde", none, NULL, NULL), CENTRIFUGE_ERROR_LIMIT_CHANNEL);
    OK(centrifuge_client_subscribe(journal.client, "abcd", &journal_subscription_events, &journal, NULL));
    assert_int_equal(centrifuge_client_subscribe(journal.client, "b", none, NULL, NULL), CENTRIFUGE_ERROR_LIMIT_SUBSCRIPTIONS);
    OK(centrifuge_client_destroy(journal.client));
}

/* ---- configure ---- */

static void second_user(cf_peer *peer)
{
    if (peer_accept(peer) && peer_upgrade(peer))
        peer_expect(peer, "\"user\":\"second\"");
}

static void configure_counts_from_the_next_use(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&peer, second_user, NULL, NULL);
    quick_options(&options, NULL);
    options.user = "first";
    make_client(&options, &journal);
    quick_options(&options, &peer);
    options.url = "";
    assert_int_equal(centrifuge_client_configure(journal.client, &options), CENTRIFUGE_ERROR_MISSING_URL);
    quick_options(&options, &peer);
    options.user = "second";
    OK(centrifuge_client_configure(journal.client, &options));
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "closed");
    end_client(&journal);
    peer_finish(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_checked_in_order),
        cmocka_unit_test(options_of_the_way_are_checked),
        cmocka_unit_test(headers_that_are_ours_are_refused_with_their_names),
        cmocka_unit_test(addresses_that_are_none_are_refused),
        cmocka_unit_test(defaults_are_those_documented),
        cmocka_unit_test(options_of_a_later_version_are_read),
        cmocka_unit_test(errors_have_names_and_texts),
        cmocka_unit_test(run_receives_messages),
        cmocka_unit_test(credentials_and_headers_are_sent),
        cmocka_unit_test(strings_of_any_length_are_whole),
        cmocka_unit_test(joins_and_leaves_are_told),
        cmocka_unit_test(listeners_are_called_in_order_and_may_change),
        cmocka_unit_test(the_next_listener_may_be_removed),
        cmocka_unit_test(events_of_an_earlier_version_are_read),
        cmocka_unit_test(calls_complete),
        cmocka_unit_test(calls_that_are_refused_never_complete),
        cmocka_unit_test(destroy_completes_calls_once),
        cmocka_unit_test(subscriptions_come_and_go),
        cmocka_unit_test(channels_are_checked),
        cmocka_unit_test(configure_counts_from_the_next_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

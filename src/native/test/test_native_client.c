/*
 * The client as an application sees it: connect, subscribe, receive, call, leave.
 */
#include "native/test/peer.h"

#include <centrifuge/client.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What happened, as text, in order. */
typedef struct cf_journal {
    char text[8192];
    centrifuge_client *client;
} cf_journal;

static void note(cf_journal *journal, const char *format, ...)
{
    size_t used = strlen(journal->text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(journal->text + used, sizeof journal->text - used, format, arguments);
    va_end(arguments);
}

static void on_connect(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    assert_string_equal(centrifuge_client_id(client), event->client);
    note(user, "connect %s %s; ", event->client, event->transport);
}

static void on_disconnect(centrifuge_client *client, const centrifuge_disconnect_event *event, void *user)
{
    (void)client;
    note(user, "disconnect %s %d; ", event->reason, event->reconnect);
}

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    cf_journal *journal = user;
    note(journal, "message %s %.*s %s; ", message->channel, (int)message->data.size, message->data.bytes, message->uid);
    assert_string_equal(centrifuge_subscription_channel(subscription), message->channel);
    if (strstr(message->data.bytes, "last"))
        assert_int_equal(centrifuge_client_disconnect(journal->client), CENTRIFUGE_ERROR_OK);
}

static void on_subscribe(centrifuge_subscription *subscription, const centrifuge_subscribe_event *event, void *user)
{
    assert_int_equal(centrifuge_subscription_get_state(subscription), CENTRIFUGE_SUBSCRIPTION_SUBSCRIBED);
    note(user, "subscribe %s %d %d; ", event->channel, event->resubscribe, event->recovered);
}

static void on_unsubscribe(centrifuge_subscription *subscription, const centrifuge_unsubscribe_event *event, void *user)
{
    (void)subscription;
    note(user, "unsubscribe %s; ", event->channel);
}

static const centrifuge_client_events client_events = {.connect = on_connect, .disconnect = on_disconnect};
static const centrifuge_subscription_events subscription_events = {
    .message = on_message, .subscribe = on_subscribe, .unsubscribe = on_unsubscribe};

static centrifuge_client *make_client(const cf_peer *peer, cf_journal *journal)
{
    centrifuge_options options;
    centrifuge_client *client;
    memset(journal, 0, sizeof *journal);
    assert_int_equal(centrifuge_options_default(&options), CENTRIFUGE_ERROR_OK);
    options.url = peer_url(peer);
    options.insecure = true;
    options.retry = 10;
    options.max_retry = 50;
    assert_int_equal(centrifuge_client_new(&client, &options), CENTRIFUGE_ERROR_OK);
    journal->client = client;
    assert_int_equal(centrifuge_client_listen(client, &client_events, journal, NULL), CENTRIFUGE_ERROR_OK);
    return client;
}

static void two_messages(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_send(peer, "{\"method\":\"message\",\"body\":{\"uid\":\"u1\",\"channel\":\"news\",\"data\":{\"text\": 1.50}}}");
    peer_send(peer, "{\"method\":\"message\",\"body\":{\"uid\":\"u2\",\"channel\":\"news\",\"data\":\"last\"}}");
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
    centrifuge_client *client = make_client(&peer, &journal);
    centrifuge_client_subscribe(client, "news", &subscription_events, &journal, NULL);
    assert_int_equal(centrifuge_client_connect(client), CENTRIFUGE_ERROR_OK);
    assert_int_equal(centrifuge_client_run(client), CENTRIFUGE_ERROR_OK);
    assert_int_equal(centrifuge_client_get_state(client), CENTRIFUGE_CLIENT_DISCONNECTED);
    centrifuge_client_destroy(client);
    peer_finish(&peer);
    assert_string_equal(journal.text, "connect c1 raw-websocket; subscribe news 0 0; message news {\"text\": 1.50} u1; "
                                      "message news \"last\" u2; unsubscribe news; disconnect client 0; ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_receives_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

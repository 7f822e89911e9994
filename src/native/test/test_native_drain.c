/*
 * Leaving without losing an answer.
 */
#include "native/test/support.h"

static void on_drained(centrifuge_client *client, const centrifuge_drained_event *event, void *user)
{
    assert_int_equal(centrifuge_client_get_state(client), CENTRIFUGE_CLIENT_DISCONNECTED);
    note(user, "drained %s %zu; ", centrifuge_error_name(event->code), event->left);
}

static centrifuge_subscription *connected(const cf_peer *peer, cf_journal *journal)
{
    make_quick_client(peer, journal);
    centrifuge_subscription *news = subscribe(journal, "news");
    OK(centrifuge_client_connect(journal->client));
    run_until(journal, "subscribe news");
    return news;
}

static void publish(centrifuge_subscription *subscription, cf_journal *journal)
{
    OK(centrifuge_subscription_publish(subscription, "1", 1, journal_result, journal));
}

static void answers_none(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "publish");
    peer_wait_end(peer);
}

static void answers_one(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "publish");
    peer_answer(peer, "publish", "{\"status\":true}");
    peer_wait_end(peer);
}

static void drops(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "publish");
    peer_drop(peer);
}

static void answers_late(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "publish");
    peer_answer(peer, "publish", "{\"status\":true}");
    peer_wait_end(peer);
    peer_welcome(peer, "c2");
    peer_wait_end(peer);
}

/* ---- the good end ---- */

static void answers_come_before_the_end_and_nothing_more_is_taken(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, answers_one, NULL, NULL);
    centrifuge_subscription *news = connected(&peer, &journal);
    publish(news, &journal);
    OK(centrifuge_client_drain(journal.client, 600000, on_drained, &journal));
    assert_int_equal(centrifuge_subscription_publish(news, "1", 1, NULL, NULL), CENTRIFUGE_ERROR_DRAINING);
    assert_int_equal(centrifuge_subscription_presence(news, journal_result, &journal), CENTRIFUGE_ERROR_DRAINING);
    assert_int_equal(centrifuge_client_drain(journal.client, 1, NULL, NULL), CENTRIFUGE_ERROR_DRAINING);
    OK(centrifuge_client_run(journal.client));
    assert_non_null(strstr(
        journal.text, "OK  ; unsubscribe news; disconnect 'client' 0; closed OK 1005 'connection closed'; drained OK 0; "));
    assert_int_equal(times_noted(&journal, "drained"), 1);
    OK(centrifuge_client_destroy(journal.client));
    assert_int_equal(times_noted(&journal, "drained"), 1);
    peer_finish(&peer);
}

static void what_is_batched_is_sent(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, answers_one, NULL, NULL);
    centrifuge_subscription *news = connected(&peer, &journal);
    OK(centrifuge_client_start_batching(journal.client));
    publish(news, &journal);
    OK(centrifuge_client_tick(journal.client));
    OK(centrifuge_client_drain(journal.client, 600000, on_drained, &journal));
    OK(centrifuge_client_run(journal.client));
    assert_true(noted(&journal, "drained OK 0; "));
    assert_int_equal(times_noted(&journal, "OK  ; "), 1);
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

static void what_waits_for_a_connection_is_waited_for(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, answers_one, NULL, NULL);
    make_quick_client(&peer, &journal);
    centrifuge_subscription *news = subscribe(&journal, "news");
    OK(centrifuge_client_start_batching(journal.client)); /* which would hold it back when it is subscribed */
    publish(news, &journal);
    OK(centrifuge_client_connect(journal.client));
    OK(centrifuge_client_drain(journal.client, 600000, on_drained, &journal));
    OK(centrifuge_client_run(journal.client));
    assert_true(noted(&journal, "OK  ; "));
    assert_true(noted(&journal, "drained OK 0; "));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

static void without_calls_it_ends_at_once(void **state)
{
    (void)state;
    cf_journal journal;
    make_quick_client(NULL, &journal);
    subscribe(&journal, "news");
    assert_int_equal(centrifuge_client_drain(journal.client, -1, on_drained, &journal), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    OK(centrifuge_client_drain(journal.client, 600000, on_drained, &journal));
    assert_string_equal(journal.text, "");
    OK(centrifuge_client_run(journal.client));
    assert_string_equal(journal.text, "drained OK 0; ");
    OK(centrifuge_client_drain(journal.client, 0, NULL, NULL));
    OK(centrifuge_client_run(journal.client));
    OK(centrifuge_client_destroy(journal.client));
}

static void on_drained_connect(centrifuge_client *client, const centrifuge_drained_event *event, void *user)
{
    on_drained(client, event, user);
    OK(centrifuge_client_connect(client));
}

static void the_client_is_of_use_afterwards(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, answers_late, NULL, NULL);
    centrifuge_subscription *news = connected(&peer, &journal);
    publish(news, &journal);
    OK(centrifuge_client_drain(journal.client, 600000, on_drained_connect, &journal));
    run_until(&journal, "connect c2");
    assert_true(noted(&journal, "drained OK 0; connect c2"));
    end_client(&journal);
    peer_finish(&peer);
}

/* ---- other ends ---- */

static void it_takes_no_longer_than_it_may(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, answers_none, NULL, NULL);
    centrifuge_subscription *news = connected(&peer, &journal);
    publish(news, &journal);
    OK(centrifuge_client_drain(journal.client, 20, on_drained, &journal));
    OK(centrifuge_client_run(journal.client));
    assert_true(noted(&journal, "DISCONNECTED  disconnected; "));
    assert_true(noted(&journal, "drained TIMEOUT 1; "));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

static void a_call_that_is_lost_has_said_so(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, drops, NULL, NULL);
    centrifuge_subscription *news = connected(&peer, &journal);
    publish(news, &journal);
    OK(centrifuge_client_drain(journal.client, 600000, on_drained, &journal));
    OK(centrifuge_client_run(journal.client));
    assert_true(noted(&journal, "DISCONNECTED  disconnected; "));
    assert_true(noted(&journal, "drained OK 0; "));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

static void without_a_connection_to_come_nothing_is_waited_for(void **state)
{
    (void)state;
    cf_journal journal;
    make_quick_client(NULL, &journal);
    publish(subscribe(&journal, "news"), &journal);
    OK(centrifuge_client_drain(journal.client, 600000, on_drained, &journal));
    OK(centrifuge_client_run(journal.client));
    assert_string_equal(journal.text, "drained DISCONNECTED 1; ");
    OK(centrifuge_client_destroy(journal.client));
    assert_true(noted(&journal, "CLOSED  client destroyed; "));
}

static void on_drained_closed(centrifuge_client *client, const centrifuge_drained_event *event, void *user)
{
    assert_int_equal(centrifuge_client_ping(client), CENTRIFUGE_ERROR_CLOSED);
    note(user, "drained %s; ", centrifuge_error_name(event->code));
}

static void destroy_tells_the_end_of_it(void **state)
{
    (void)state;
    cf_journal journal;
    make_quick_client(NULL, &journal);
    publish(subscribe(&journal, "news"), &journal);
    OK(centrifuge_client_connect(journal.client));
    OK(centrifuge_client_drain(journal.client, 600000, on_drained_closed, &journal));
    OK(centrifuge_client_destroy(journal.client));
    assert_string_equal(journal.text, "CLOSED  client destroyed; drained CLOSED; ");
}

static void on_answer_drain(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    journal_result(subscription, result, user);
    OK(centrifuge_client_drain(centrifuge_subscription_client(subscription), 600000, on_drained, user));
    OK(centrifuge_client_disconnect(centrifuge_subscription_client(subscription)));
}

static void a_callback_may_drain_and_disconnect(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, answers_one, NULL, NULL);
    centrifuge_subscription *news = connected(&peer, &journal);
    OK(centrifuge_subscription_publish(news, "1", 1, on_answer_drain, &journal));
    OK(centrifuge_client_run(journal.client));
    assert_true(noted(&journal, "disconnect 'client' 0; "));
    assert_true(noted(&journal, "drained OK 0; "));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_before_the_end_and_nothing_more_is_taken),
        cmocka_unit_test(what_is_batched_is_sent),
        cmocka_unit_test(what_waits_for_a_connection_is_waited_for),
        cmocka_unit_test(without_calls_it_ends_at_once),
        cmocka_unit_test(the_client_is_of_use_afterwards),
        cmocka_unit_test(it_takes_no_longer_than_it_may),
        cmocka_unit_test(a_call_that_is_lost_has_said_so),
        cmocka_unit_test(without_a_connection_to_come_nothing_is_waited_for),
        cmocka_unit_test(destroy_tells_the_end_of_it),
        cmocka_unit_test(a_callback_may_drain_and_disconnect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

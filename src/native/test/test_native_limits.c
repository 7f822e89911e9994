/*
 * A share of events a turn, and an application or a server that is slower than what it is given.
 */
#define _POSIX_C_SOURCE 200809L

#include "native/test/support.h"

#include <time.h>

#define MESSAGE(n) "{\"method\":\"message\",\"body\":{\"uid\":\"u" #n "\",\"channel\":\"news\",\"data\":" #n "}}"
#define FIVE       "[" MESSAGE(1) "," MESSAGE(2) "," MESSAGE(3) "," MESSAGE(4) "," MESSAGE(5) "]"
#define TOLD(n)    "message news " #n " u" #n " ; "

typedef struct scene {
    cf_peer peer;
    cf_journal journal;
    centrifuge_client *client;
    centrifuge_subscription *news;
} scene;

/* A client of the channel news that connects. */
static void begin(scene *on, peer_script script, const centrifuge_options *given)
{
    centrifuge_options options = *given;
    peer_start(&on->peer, script, NULL, NULL);
    options.url = peer_url(&on->peer);
    on->client = make_client(&options, &on->journal);
    on->news = subscribe(&on->journal, "news");
    OK(centrifuge_client_connect(on->client));
}

static void begin_small_turns(scene *on, peer_script script, size_t events_per_turn)
{
    centrifuge_options options;
    quick_options(&options, NULL);
    options.events_per_turn = events_per_turn;
    begin(on, script, &options);
}

static void end(scene *on)
{
    end_client(&on->journal);
    peer_finish(&on->peer);
}

static void five_and_one(cf_peer *peer)
{
    if (peer_welcome(peer, "c1") && peer_subscribed(peer, "news")) {
        peer_send(peer, FIVE);
        peer_send(peer, MESSAGE(6));
        peer_wait_end(peer);
    }
}

/* Whatever a turn tells, it is no more than its share; the order stays, nothing is lost. */
static void a_turn_tells_no_more_than_its_share(void **state)
{
    (void)state;
    for (size_t share = 1; share <= 4; share++) {
        static scene on;
        begin_small_turns(&on, five_and_one, share);
        for (size_t before = 0, now; !noted(&on.journal, TOLD(6)); before = now) {
            OK(centrifuge_client_wait(on.client, 100));
            now = times_noted(&on.journal, "; ") - times_noted(&on.journal, "high water");
            assert_true(now - before <= share);
        }
        assert_true(noted(&on.journal, "high water LIMIT_EVENTS"));
        const char *at = on.journal.text;
        static const char *const all[] = {TOLD(1), TOLD(2), TOLD(3), TOLD(4), TOLD(5), TOLD(6)};
        for (size_t i = 0; i < COUNT(all); i++) {
            at = strstr(at, all[i]);
            assert_non_null(at);
        }
        assert_int_equal(times_noted(&on.journal, "message"), COUNT(all));
        end(&on);
    }
}

/* Turns that follow one another without a pause are one time of too much to do. */
static void too_much_to_do_is_told_once(void **state)
{
    (void)state;
    static scene on;
    begin_small_turns(&on, five_and_one, 2);
    run_until(&on.journal, TOLD(1));
    size_t before = times_noted(&on.journal, "high water LIMIT_EVENTS of 2; ");
    run_until(&on.journal, TOLD(5));
    assert_true(times_noted(&on.journal, "high water LIMIT_EVENTS of 2; ") <= before + 1);
    run_until(&on.journal, TOLD(6));
    end(&on);
}

static void a_share_that_is_not_used_up_is_not_told_of(void **state)
{
    (void)state;
    static scene on;
    begin_small_turns(&on, five_and_one, 100);
    run_until(&on.journal, TOLD(6));
    assert_false(noted(&on.journal, "high water"));
    end(&on);
}

/* What waits for the next turn is not told any more once it is not wanted. */
static void an_unsubscribe_between_two_turns_ends_the_messages(void **state)
{
    (void)state;
    static scene on;
    begin_small_turns(&on, five_and_one, 1);
    run_until(&on.journal, TOLD(2));
    OK(centrifuge_subscription_unsubscribe(on.news));
    run_until(&on.journal, "unsubscribe news; ");
    for (int i = 0; i < 10; i++)
        OK(centrifuge_client_wait(on.client, 1));
    assert_int_equal(times_noted(&on.journal, "message"), 2);
    end(&on);
}

static void a_disconnect_between_two_turns_is_told(void **state)
{
    (void)state;
    static scene on;
    begin_small_turns(&on, five_and_one, 1);
    run_until(&on.journal, TOLD(2));
    OK(centrifuge_client_disconnect(on.client));
    run_until(&on.journal, "disconnect 'client' 0; ");
    assert_int_equal(times_noted(&on.journal, "message"), 2);
    OK(centrifuge_client_run(on.client));
    OK(centrifuge_client_destroy(on.client));
    peer_finish(&on.peer);
}

static void destroyed_between_two_turns(void **state)
{
    (void)state;
    static scene on;
    begin_small_turns(&on, five_and_one, 1);
    run_until(&on.journal, TOLD(3));
    OK(centrifuge_client_destroy(on.client));
    assert_int_equal(times_noted(&on.journal, "message"), 3);
    peer_finish(&on.peer);
}

static void five_and_gone(cf_peer *peer)
{
    if (peer_welcome(peer, "c1") && peer_subscribed(peer, "news")) {
        peer_send(peer, FIVE);
        peer_drop(peer);
    }
}

/* The connection is lost while its messages wait: they were received, so they are told. */
static void messages_of_a_lost_connection_are_told(void **state)
{
    (void)state;
    static scene on;
    begin_small_turns(&on, five_and_gone, 1);
    run_until(&on.journal, "disconnect");
    assert_int_equal(times_noted(&on.journal, "message"), 5);
    end(&on);
}

enum { MANY = 40 };

static void many_in_one_frame(cf_peer *peer)
{
    char frame[MANY * sizeof(MESSAGE(1)) + 2] = "";
    for (int i = 0; i < MANY; i++)
        strcat(strcat(frame, i == 0 ? "[" : ","), MESSAGE(1));
    strcat(frame, "]");
    if (peer_welcome(peer, "c1") && peer_subscribed(peer, "news")) {
        peer_send(peer, MESSAGE(1));
        peer_send(peer, frame);
        atomic_store(&peer->step, 1);
        peer_wait_end(peer);
    }
}

static void take_long(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    static centrifuge_options options;
    scene *on = user;
    (void)subscription;
    (void)message;
    if (times_noted(&on->journal, "message") == 1) {
        while (atomic_load(&on->peer.step) == 0) /* until then it may really be silent */
            continue;
        quick_options(&options, &on->peer);
        options.events_per_turn = 1;
        options.ping_interval = options.pong_wait_timeout = 1;
        OK(centrifuge_client_configure(on->client, &options));
        OK(centrifuge_client_network_changed(on->client, true)); /* asks for a sign of life */
    }
    nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
}

/* The peer is not silent while what it said waits to be told. */
static void a_slow_application_does_not_lose_its_connection(void **state)
{
    (void)state;
    static scene on;
    begin_small_turns(&on, many_in_one_frame, 1);
    OK(centrifuge_subscription_listen(on.news, &(centrifuge_subscription_events){.message = take_long}, &on, NULL));
    for (int i = 0; i < 1000 && times_noted(&on.journal, "message") <= MANY; i++)
        OK(centrifuge_client_wait(on.client, 100));
    assert_int_equal(times_noted(&on.journal, "message"), 1 + MANY);
    assert_false(noted(&on.journal, "disconnect"));
    OK(centrifuge_client_destroy(on.client));
    peer_finish(&on.peer);
}

static void reads_when_told(cf_peer *peer)
{
    if (peer_welcome(peer, "c1") && peer_subscribed(peer, "news")) {
        while (atomic_load(&peer->step) == 0)
            continue;
        peer_wait_end(peer);
    }
}

/* The server does not read: the application is told, then refused, and nothing of what was accepted is lost. */
static void a_slow_server_is_told_before_a_call_is_refused(void **state)
{
    (void)state;
    enum { SIZE = 60000 };
    static char data[SIZE + 2];
    static scene on;
    centrifuge_options options;
    memset(data, 'x', sizeof data);
    data[0] = data[SIZE + 1] = '"';
    quick_options(&options, NULL);
    options.queue_size_max = 1 << 20;
    options.timeout = 60000;
    begin(&on, reads_when_told, &options);
    run_until(&on.journal, "subscribe news");
    centrifuge_error error = CENTRIFUGE_ERROR_OK;
    for (int i = 0; i < 1000 && error == CENTRIFUGE_ERROR_OK; i++) {
        error = centrifuge_subscription_publish(on.news, data, sizeof data, NULL, NULL);
        if (error)
            assert_true(noted(&on.journal, "high water LIMIT_QUEUE of 1048576; "));
        OK(centrifuge_client_tick(on.client));
    }
    assert_int_equal(error, CENTRIFUGE_ERROR_LIMIT_QUEUE);
    assert_false(noted(&on.journal, "disconnect"));
    atomic_store(&on.peer.step, 1);
    for (int i = 0; i < 1000 && error; i++) {
        OK(centrifuge_client_wait(on.client, 10));
        error = centrifuge_subscription_publish(on.news, data, sizeof data, NULL, NULL);
    }
    assert_int_equal(error, CENTRIFUGE_ERROR_OK);
    assert_false(noted(&on.journal, "disconnect"));
    end(&on);
}

/* ---- time ---- */

static void a_call_takes_no_longer_than_it_may(void **state)
{
    (void)state;
    cf_journal journal;
    centrifuge_options options;
    centrifuge_call_options soon = {.timeout = 20};
    centrifuge_call_options never = {.timeout = -1};
    quick_options(&options, NULL);
    make_client(&options, &journal);
    centrifuge_subscription *news = subscribe(&journal, "news");
    assert_int_equal(centrifuge_subscription_publish_with(news, "1", 1, &never, journal_result, &journal),
                     CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    OK(centrifuge_subscription_publish_with(news, "1", 1, NULL, journal_result, &journal)); /* waits for ever */
    OK(centrifuge_subscription_publish_with(news, "1", 1, &soon, journal_result, &journal));
    OK(centrifuge_subscription_presence_with(news, &soon, journal_result, &journal));
    OK(centrifuge_subscription_history_with(news, &soon, journal_result, &journal));
    OK(centrifuge_subscription_ready_with(news, &soon, journal_result, &journal));
    while (journal.done < 4)
        OK(centrifuge_client_wait(journal.client, -1));
    assert_int_equal(times_noted(&journal, "TIMEOUT  timeout; "), 4);
    /* what an older program gives has no member of this name */
    OK(centrifuge_subscription_ready_with_sized(0, news, &never, journal_result, &journal));
    OK(centrifuge_client_destroy(journal.client));
    assert_int_equal(times_noted(&journal, "CLOSED  client destroyed; "), 2);
}

static void no_events_at_all_are_refused(void **state)
{
    (void)state;
    centrifuge_options options;
    const char *what;
    quick_options(&options, NULL);
    options.events_per_turn = 0;
    assert_int_equal(centrifuge_options_check(&options, &what), CENTRIFUGE_ERROR_INVALID_OPTION);
    assert_string_equal(what, "events_per_turn");
    quick_options(&options, NULL);
    options.posts_max = 0;
    assert_int_equal(centrifuge_options_check(&options, &what), CENTRIFUGE_ERROR_INVALID_OPTION);
    assert_string_equal(what, "posts_max");
}

static void options_that_were_not_filled_lack_their_size(void **state)
{
    (void)state;
    centrifuge_options options;
    const char *what;
    memset(&options, 0, sizeof options);
    assert_int_equal(centrifuge_options_check(&options, &what), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_string_equal(what, "size");
}

static void count_run(centrifuge_client *client, void *user)
{
    (void)client;
    ++*(int *)user;
}

static void post_again(centrifuge_client *client, void *user)
{
    OK(centrifuge_client_post(client, count_run, NULL, user));
}

static void posts_are_bounded(void **state)
{
    (void)state;
    cf_journal journal;
    centrifuge_options options;
    int runs = 0;
    quick_options(&options, NULL);
    assert_true(options.posts_max == 65536);
    options.url = "ws://127.0.0.1:1";
    options.posts_max = 3;
    centrifuge_client *client = make_client(&options, &journal);
    for (int i = 0; i < 3; i++)
        OK(centrifuge_client_post(client, post_again, NULL, &runs));
    assert_int_equal(centrifuge_client_post(client, count_run, NULL, &runs), CENTRIFUGE_ERROR_LIMIT_POSTS);
    OK(centrifuge_client_tick(client)); /* each has room for the next */
    OK(centrifuge_client_tick(client));
    assert_int_equal(runs, 3);
    options.posts_max = 1;
    OK(centrifuge_client_configure(client, &options));
    OK(centrifuge_client_post(client, count_run, NULL, &runs));
    assert_int_equal(centrifuge_client_post(client, count_run, NULL, &runs), CENTRIFUGE_ERROR_LIMIT_POSTS);
    OK(centrifuge_client_destroy(client));
    assert_int_equal(runs, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_tells_no_more_than_its_share),
        cmocka_unit_test(too_much_to_do_is_told_once),
        cmocka_unit_test(a_share_that_is_not_used_up_is_not_told_of),
        cmocka_unit_test(an_unsubscribe_between_two_turns_ends_the_messages),
        cmocka_unit_test(a_disconnect_between_two_turns_is_told),
        cmocka_unit_test(destroyed_between_two_turns),
        cmocka_unit_test(messages_of_a_lost_connection_are_told),
        cmocka_unit_test(a_slow_application_does_not_lose_its_connection),
        cmocka_unit_test(a_slow_server_is_told_before_a_call_is_refused),
        cmocka_unit_test(a_call_takes_no_longer_than_it_may),
        cmocka_unit_test(no_events_at_all_are_refused),
        cmocka_unit_test(options_that_were_not_filled_lack_their_size),
        cmocka_unit_test(posts_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

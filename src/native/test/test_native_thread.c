/*
 * A client that was started: its loop runs on a thread of the library, and every thread may use it.
 */
#define _POSIX_C_SOURCE 200809L

#include "native/shared.h"
#include "native/test/support.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4
#define EACH    500

/* What the client's thread writes and the test's reads. */
typedef struct cf_counts {
    atomic_int connected;
    atomic_int done;
    atomic_int failed;
    atomic_int messages;
    atomic_int go_on; /* of a callback that waits for the test */
    atomic_int accepted;
    atomic_int wrong; /* an error that should not be, of whatever thread */
    centrifuge_client *client;
    centrifuge_subscription *subscription;
    centrifuge_error error;
    bool busy;   /* by the thread of a callback only: two at once are a race that a sanitizer sees */
    bool joined; /* the test joins a client that a callback destroys */
} cf_counts;

static void wait_until(const atomic_int *value, int least)
{
    while (atomic_load(value) < least)
        sched_yield();
}

static void on_connect(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    cf_counts *counts = user;
    (void)client;
    (void)event;
    atomic_fetch_add(&counts->connected, 1);
}

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    cf_counts *counts = user;
    (void)subscription;
    (void)message;
    atomic_fetch_add(&counts->messages, 1);
}

static void on_done(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    cf_counts *counts = user;
    (void)subscription;
    counts->busy = !counts->busy;
    atomic_fetch_add(result->code ? &counts->failed : &counts->done, 1);
}

/* Everything that comes is answered. */
static void answers_all(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    atomic_store(&peer->step, 1);
    while (peer_read(peer) && peer_answer(peer, "publish", "{\"status\":true}"))
        continue;
    peer->failure[0] = '\0';
}

/* Nothing is. */
static void answers_nothing(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    while (peer_read(peer))
        atomic_fetch_add(&peer->step, 1);
    peer->failure[0] = '\0';
}

static void prepare(cf_counts *counts, const centrifuge_options *options)
{
    static const centrifuge_client_events client_events = {.connect = on_connect};
    static const centrifuge_subscription_events events = {.message = on_message};
    memset(counts, 0, sizeof *counts);
    OK(centrifuge_client_new(&counts->client, options));
    OK(centrifuge_client_listen(counts->client, &client_events, counts, NULL));
    OK(centrifuge_client_subscribe(counts->client, "news", &events, counts, &counts->subscription));
}

static void start(cf_counts *counts, const cf_peer *peer)
{
    centrifuge_options options;
    quick_options(&options, peer);
    prepare(counts, &options);
    OK(centrifuge_client_start(counts->client));
    OK(centrifuge_client_connect(counts->client));
}

/* A test can fail in its own thread only. */
static void check(cf_counts *counts, centrifuge_error error)
{
    if (error)
        atomic_store(&counts->wrong, (int)error);
}

/* ---- every thread ---- */

static void *publish_many(void *user)
{
    cf_counts *counts = user;
    for (int i = 0; i < EACH; i++)
        if (i % 2)
            check(counts, centrifuge_subscription_publish(counts->subscription, "1", 1, on_done, counts));
        else
            check(counts, centrifuge_subscription_publish_text(counts->subscription, "one", on_done, counts));
    return NULL;
}

static void threads_publish_and_each_answer_comes_once(void **state)
{
    (void)state;
    cf_peer peer;
    cf_counts counts;
    pthread_t threads[THREADS];
    peer_start(&peer, answers_all, NULL, NULL);
    start(&counts, &peer);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, publish_many, &counts);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    OK(centrifuge_subscription_catch_up(counts.subscription, on_done, &counts));
    OK(centrifuge_client_drain(counts.client, 600000, NULL, NULL));
    OK(centrifuge_client_join(counts.client));
    assert_int_equal(counts.wrong, 0);
    assert_int_equal(counts.done, THREADS * EACH + 1);
    assert_int_equal(counts.failed, 0);
    OK(centrifuge_client_destroy(counts.client));
    peer_finish(&peer);
}

/* By the client's thread only, as completions: two at once are a race that a sanitizer sees. */
static void on_posted(centrifuge_client *client, void *user)
{
    cf_counts *counts = user;
    (void)client;
    counts->busy = !counts->busy;
    atomic_fetch_add(&counts->messages, 1);
    check(counts, centrifuge_subscription_publish(counts->subscription, "1", 1, on_done, counts));
}

static void on_posted_drop(void *user)
{
    atomic_fetch_add(&((cf_counts *)user)->failed, 1);
}

static void *post_many(void *user)
{
    cf_counts *counts = user;
    for (int i = 0; i < EACH; i++)
        check(counts, centrifuge_client_post(counts->client, on_posted, on_posted_drop, counts));
    return NULL;
}

static void threads_post_and_publish_side_by_side(void **state)
{
    (void)state;
    cf_peer peer;
    cf_counts counts;
    pthread_t threads[THREADS];
    peer_start(&peer, answers_all, NULL, NULL);
    start(&counts, &peer);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, i % 2 ? publish_many : post_many, &counts);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    wait_until(&counts.done, THREADS * EACH);
    centrifuge_client_stop(counts.client);
    OK(centrifuge_client_join(counts.client));
    OK(centrifuge_client_post(counts.client, on_posted, on_posted_drop, &counts));
    OK(centrifuge_client_destroy(counts.client));
    assert_int_equal(counts.wrong, 0);
    assert_int_equal(counts.messages, THREADS / 2 * EACH);
    assert_int_equal(counts.failed, 1);
    peer_finish(&peer);
}

static void *publish_with_a_client_of_its_own(void *user)
{
    const cf_peer *peer = user;
    cf_counts counts;
    start(&counts, peer);
    publish_many(&counts);
    check(&counts, centrifuge_client_drain(counts.client, 600000, NULL, NULL));
    check(&counts, centrifuge_client_join(counts.client));
    check(&counts, centrifuge_client_destroy(counts.client));
    return counts.wrong == 0 && counts.done == EACH ? user : NULL;
}

static void clients_of_several_threads_share_nothing(void **state)
{
    (void)state;
    cf_peer peers[THREADS];
    pthread_t threads[THREADS];
    void *good[THREADS];
    for (int i = 0; i < THREADS; i++)
        peer_start(&peers[i], answers_all, NULL, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, publish_with_a_client_of_its_own, &peers[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], &good[i]);
    for (int i = 0; i < THREADS; i++) {
        assert_non_null(good[i]);
        peer_finish(&peers[i]);
    }
}

static void note_drained(centrifuge_client *client, const centrifuge_drained_event *event, void *user)
{
    cf_counts *counts = user;
    (void)client;
    counts->error = event->code;
    atomic_store(&counts->accepted, (int)event->left);
}

/* Nothing comes from the peer any more, and the end comes all the same. */
static void a_dead_connection_is_drained_in_time(void **state)
{
    (void)state;
    cf_peer peer;
    cf_counts counts;
    peer_start(&peer, answers_nothing, NULL, NULL);
    start(&counts, &peer);
    OK(centrifuge_subscription_publish(counts.subscription, "1", 1, on_done, &counts));
    OK(centrifuge_subscription_publish(counts.subscription, "2", 1, on_done, &counts));
    OK(centrifuge_client_drain(counts.client, 20, note_drained, &counts));
    assert_int_equal(centrifuge_subscription_publish(counts.subscription, "3", 1, on_done, &counts), CENTRIFUGE_ERROR_DRAINING);
    OK(centrifuge_client_join(counts.client));
    assert_int_equal(counts.error, CENTRIFUGE_ERROR_TIMEOUT);
    assert_int_equal(counts.accepted, 2);
    assert_int_equal(counts.failed, 2);
    OK(centrifuge_client_destroy(counts.client));
    peer_finish(&peer);
}

/* While another thread has disconnected and not subscribed again, it is refused. */
static void ask(cf_counts *counts, centrifuge_error error)
{
    if (error == CENTRIFUGE_ERROR_OK)
        atomic_fetch_add(&counts->accepted, 1);
    else if (error != CENTRIFUGE_ERROR_UNSUBSCRIBED)
        check(counts, error);
}

static void *ask_everything(void *user)
{
    cf_counts *counts = user;
    for (int i = 0; i < EACH; i++) {
        centrifuge_subscription *own;
        centrifuge_listener listener;
        centrifuge_subscription_events events = {.message = on_message};
        (void)centrifuge_client_get_state(counts->client);
        (void)centrifuge_client_will_reconnect(counts->client);
        (void)centrifuge_client_latency(counts->client);
        (void)centrifuge_client_transport(counts->client);
        (void)centrifuge_subscription_get_state(counts->subscription);
        check(counts, centrifuge_client_find(counts->client, "news") ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_INVALID_STATE);
        check(counts, centrifuge_client_check(counts->client));
        check(counts, centrifuge_client_ping(counts->client));
        check(counts, centrifuge_subscription_listen(counts->subscription, &events, counts, &listener));
        ask(counts, centrifuge_subscription_presence(counts->subscription, on_done, counts));
        ask(counts, centrifuge_subscription_history(counts->subscription, on_done, counts));
        check(counts, centrifuge_subscription_unlisten(counts->subscription, listener));
        if (i % 100)
            continue;
        char channel[32];
        snprintf(channel, sizeof channel, "own-%p-%d", (void *)&own, i);
        check(counts, centrifuge_client_subscribe(counts->client, channel, &events, counts, &own));
        check(counts, centrifuge_subscription_remove(own));
        check(counts, centrifuge_client_disconnect(counts->client));
        check(counts, centrifuge_subscription_subscribe(counts->subscription));
        check(counts, centrifuge_client_connect(counts->client));
    }
    return NULL;
}

/* ---- what is taken away while it is called ---- */

typedef struct cf_given {
    cf_counts *counts;
} cf_given;

static void wait_for_unlisten(centrifuge_subscription *subscription, const centrifuge_subscribe_event *event, void *user)
{
    cf_given *given = user;
    (void)subscription;
    (void)event;
    atomic_fetch_add(&given->counts->messages, 1);
    wait_until(&given->counts->go_on, 1);
    given->counts->busy = true; /* a sanitizer sees what was freed */
}

static void free_given(void *user)
{
    cf_given *given = user;
    atomic_fetch_add(&given->counts->done, given->counts->busy ? 1 : 1000);
    free(given);
}

static void what_another_thread_takes_away_is_dropped_when_it_is_not_called(void **state)
{
    (void)state;
    static const centrifuge_subscription_events events = {.subscribe = wait_for_unlisten, .drop = free_given};
    cf_peer peer;
    cf_counts counts;
    centrifuge_listener listener;
    centrifuge_options options;
    cf_given *given = malloc(sizeof *given);
    peer_start(&peer, answers_all, NULL, NULL);
    quick_options(&options, &peer);
    prepare(&counts, &options);
    *given = (cf_given){&counts};
    OK(centrifuge_subscription_listen(counts.subscription, &events, given, &listener));
    OK(centrifuge_client_start(counts.client));
    OK(centrifuge_client_connect(counts.client));
    wait_until(&counts.messages, 1);
    OK(centrifuge_subscription_unlisten(counts.subscription, listener));
    assert_int_equal(counts.done, 0);
    atomic_store(&counts.go_on, 1);
    wait_until(&counts.done, 1);
    assert_int_equal(counts.done, 1);
    OK(centrifuge_client_destroy(counts.client));
    peer_finish(&peer);
}

static void welcomes_who_comes(cf_peer *peer)
{
    while (atomic_load(&peer->step) == 0 && peer_accept(peer)) {
        if (peer_upgrade(peer) && peer_expect(peer, "connect") &&
            peer_answer(peer, "connect", "{\"client\":\"c1\",\"expires\":false}"))
            while (peer_read(peer))
                continue;
        peer->failure[0] = '\0';
    }
    peer->failure[0] = '\0';
}

/* Whatever is accepted completes once, the last of it within destroy. */
static void threads_do_everything_at_once(void **state)
{
    (void)state;
    cf_peer peer;
    cf_counts counts;
    centrifuge_options options;
    pthread_t threads[2];
    peer_start(&peer, welcomes_who_comes, NULL, NULL);
    quick_options(&options, &peer);
    options.retry = 1;
    prepare(&counts, &options);
    OK(centrifuge_client_start(counts.client));
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_create(&threads[i], NULL, ask_everything, &counts);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    atomic_store(&peer.step, 1);
    OK(centrifuge_client_destroy(counts.client));
    assert_int_equal(counts.wrong, 0);
    assert_int_equal(counts.done + counts.failed, counts.accepted);
    peer_finish(&peer);
}

/* ---- callbacks ---- */

/* A callback that waits for another thread which uses the client: no lock may be held. */
static void on_connect_wait(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    cf_counts *counts = user;
    (void)event;
    counts->error = centrifuge_client_ping(client);
    atomic_fetch_add(&counts->connected, 1);
    wait_until(&counts->go_on, 1);
}

static void a_callback_may_wait_for_who_uses_the_client(void **state)
{
    (void)state;
    cf_peer peer;
    cf_counts counts = {.client = NULL};
    peer_start(&peer, answers_all, NULL, NULL);
    start(&counts, &peer);
    wait_until(&peer.step, 1);
    wait_until(&counts.connected, 1);
    OK(centrifuge_client_disconnect(counts.client));
    OK(centrifuge_client_join(counts.client));
    peer_finish(&peer);

    centrifuge_client_events events = {.connect = on_connect_wait};
    centrifuge_options options;
    peer_start(&peer, answers_all, NULL, NULL);
    quick_options(&options, &peer);
    OK(centrifuge_client_configure(counts.client, &options));
    OK(centrifuge_client_listen(counts.client, &events, &counts, NULL));
    OK(centrifuge_subscription_subscribe(counts.subscription));
    OK(centrifuge_client_start(counts.client));
    OK(centrifuge_client_connect(counts.client));
    wait_until(&counts.connected, 3); /* both listeners */
    assert_int_equal(centrifuge_client_get_state(counts.client), CENTRIFUGE_CLIENT_CONNECTED);
    OK(centrifuge_subscription_publish(counts.subscription, "1", 1, on_done, &counts));
    atomic_store(&counts.go_on, 1);
    wait_until(&counts.done, 1);
    OK(counts.error);
    OK(centrifuge_client_destroy(counts.client));
    peer_finish(&peer);
}

static void expect_refusal(cf_counts *counts, centrifuge_error error)
{
    check(counts, error == CENTRIFUGE_ERROR_INVALID_STATE ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_PROTOCOL);
}

static void on_connect_misuse(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    cf_counts *counts = user;
    (void)event;
    expect_refusal(counts, centrifuge_client_start(client));
    expect_refusal(counts, centrifuge_client_join(client));
    expect_refusal(counts, centrifuge_client_tick(client));
    atomic_fetch_add(&counts->done, 1);
    centrifuge_client_stop(client);
}

static void a_callback_may_stop_the_thread(void **state)
{
    (void)state;
    cf_peer peer;
    cf_counts counts;
    centrifuge_client_events events = {.connect = on_connect_misuse};
    peer_start(&peer, answers_all, NULL, NULL);
    centrifuge_options options;
    quick_options(&options, &peer);
    prepare(&counts, &options);
    OK(centrifuge_client_listen(counts.client, &events, &counts, NULL));
    OK(centrifuge_client_start(counts.client));
    OK(centrifuge_client_connect(counts.client));
    OK(centrifuge_client_join(counts.client));
    assert_int_equal(counts.wrong, 0);
    assert_int_equal(counts.done, 1);
    assert_int_equal(centrifuge_client_get_state(counts.client), CENTRIFUGE_CLIENT_CONNECTED);
    OK(centrifuge_client_tick(counts.client)); /* the caller's from here on */
    OK(centrifuge_client_destroy(counts.client));
    peer_finish(&peer);
}

static bool somebody_joins(const centrifuge_client *client)
{
    cf_native_shared_lock(client);
    bool joins = client->shared->joining;
    cf_native_shared_unlock(client);
    return joins;
}

/* Who joins later would have no client any more. */
static void on_connect_destroy(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    cf_counts *counts = user;
    (void)event;
    while (counts->joined && !somebody_joins(client))
        sched_yield();
    check(counts, centrifuge_subscription_publish(counts->subscription, "1", 1, on_done, counts));
    check(counts, centrifuge_client_destroy(client));
    check(counts, centrifuge_client_ping(client) == CENTRIFUGE_ERROR_CLOSED ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_PROTOCOL);
    check(counts,
          centrifuge_client_destroy(client) == CENTRIFUGE_ERROR_CLOSED ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_PROTOCOL);
}

static void a_callback_may_destroy(void **state)
{
    (void)state;
    for (int joined = 0; joined < 2; joined++) {
        cf_peer peer;
        cf_counts counts;
        centrifuge_options options;
        centrifuge_client_events events = {.connect = on_connect_destroy};
        peer_start(&peer, welcomes_who_comes, NULL, NULL);
        quick_options(&options, &peer);
        prepare(&counts, &options);
        counts.joined = joined;
        OK(centrifuge_client_listen(counts.client, &events, &counts, NULL));
        OK(centrifuge_client_connect(counts.client));
        OK(centrifuge_client_start(counts.client));
        if (joined)
            assert_int_equal(centrifuge_client_join(counts.client), CENTRIFUGE_ERROR_CLOSED);
        wait_until(&counts.failed, 1);
        assert_int_equal(counts.wrong, 0);
        atomic_store(&peer.step, 1);
        peer_finish(&peer);
    }
}

/* ---- the end ---- */

static void destroy_waits_for_the_thread_and_completes_what_is_left(void **state)
{
    (void)state;
    cf_peer peer;
    cf_counts counts;
    peer_start(&peer, answers_nothing, NULL, NULL);
    start(&counts, &peer);
    for (int i = 0; i < 10; i++)
        OK(centrifuge_subscription_publish(counts.subscription, "1", 1, on_done, &counts));
    wait_until(&peer.step, 10);
    OK(centrifuge_client_destroy(counts.client));
    assert_int_equal(counts.failed, 10);
    peer_finish(&peer);
}

static void join_tells_how_it_ended(void **state)
{
    (void)state;
    cf_counts counts;
    centrifuge_options options;
    quick_options(&options, NULL);
    options.insecure = true;
    prepare(&counts, &options);
    OK(centrifuge_client_start(counts.client));
    OK(centrifuge_client_join(counts.client)); /* it never connected */
    OK(centrifuge_client_start(counts.client));
    OK(centrifuge_client_connect(counts.client)); /* nobody listens there: attempt after attempt */
    centrifuge_client_stop(counts.client);
    OK(centrifuge_client_join(counts.client));
    OK(centrifuge_client_destroy(counts.client));
}

static void closes_for_good(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_close_frame(peer, 1000, "{\"reason\":\"go away\",\"reconnect\":false}");
    peer_wait_end(peer);
    peer->failure[0] = '\0';
}

static void join_tells_of_a_server_that_ended_it(void **state)
{
    (void)state;
    cf_peer peer;
    cf_counts counts;
    peer_start(&peer, closes_for_good, NULL, NULL);
    start(&counts, &peer);
    wait_until(&counts.connected, 1);
    assert_int_equal(centrifuge_client_join(counts.client), CENTRIFUGE_ERROR_DISCONNECTED);
    OK(centrifuge_client_destroy(counts.client));
    peer_finish(&peer);
}

/* ---- misuse ---- */

static void *join_in_a_thread(void *user)
{
    cf_counts *counts = user;
    atomic_fetch_add(centrifuge_client_join(counts->client) ? &counts->failed : &counts->done, 1);
    return NULL;
}

static void *may_not(void *user)
{
    cf_counts *counts = user;
    bool refused = centrifuge_client_start(counts->client) == CENTRIFUGE_ERROR_WRONG_THREAD &&
                   centrifuge_client_join(counts->client) == CENTRIFUGE_ERROR_WRONG_THREAD;
    check(counts, refused ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_PROTOCOL);
    return NULL;
}

static void other_loops_are_refused(void **state)
{
    (void)state;
    cf_counts counts;
    centrifuge_options options;
    pthread_t thread;
    pthread_t other;
    int fd;
    quick_options(&options, NULL);
    prepare(&counts, &options);
    pthread_create(&thread, NULL, may_not, &counts);
    pthread_join(thread, NULL);
    assert_int_equal(counts.wrong, 0);
    assert_int_equal(centrifuge_client_join(counts.client), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_start(NULL), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    OK(centrifuge_client_start(counts.client));
    assert_int_equal(centrifuge_client_start(counts.client), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_run(counts.client), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_tick(counts.client), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_wait(counts.client, 0), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_fd(counts.client, &fd), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_timer_expired(counts.client), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_socket_ready(counts.client, 0, 0), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_adopt(counts.client), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_timeout(counts.client), -1);
    OK(centrifuge_client_connect(counts.client));
    pthread_create(&thread, NULL, join_in_a_thread, &counts);
    pthread_create(&other, NULL, join_in_a_thread, &counts);
    wait_until(&counts.failed, 1); /* one of them is refused, the other waits */
    assert_int_equal(centrifuge_client_destroy(counts.client), CENTRIFUGE_ERROR_INVALID_STATE);
    OK(centrifuge_client_disconnect(counts.client));
    pthread_join(thread, NULL);
    pthread_join(other, NULL);
    assert_int_equal(counts.done, 1);
    assert_int_equal(centrifuge_client_check(counts.client), CENTRIFUGE_ERROR_WRONG_THREAD); /* it is that thread's */
    OK(centrifuge_client_adopt(counts.client));
    OK(centrifuge_client_destroy(counts.client));
}

static void watch(void *user, centrifuge_socket socket, int events)
{
    (void)user;
    (void)socket;
    (void)events;
}

static void timer(void *user, int64_t milliseconds)
{
    (void)user;
    (void)milliseconds;
}

static void a_client_of_a_foreign_loop_is_not_started(void **state)
{
    (void)state;
    cf_counts counts;
    centrifuge_options options;
    quick_options(&options, NULL);
    options.loop_watch = watch;
    options.loop_timer = timer;
    prepare(&counts, &options);
    assert_int_equal(centrifuge_client_start(counts.client), CENTRIFUGE_ERROR_INVALID_STATE);
    OK(centrifuge_client_destroy(counts.client));
}

/* ---- room ---- */

static void a_call_waits_for_room_if_it_may(void **state)
{
    (void)state;
    cf_peer peer;
    cf_counts counts;
    centrifuge_options options;
    pthread_t threads[THREADS];
    peer_start(&peer, answers_all, NULL, NULL);
    quick_options(&options, &peer);
    options.calls_max = 3;
    options.room_wait = 600000;
    prepare(&counts, &options);
    OK(centrifuge_client_start(counts.client));
    OK(centrifuge_client_connect(counts.client));
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, publish_many, &counts);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    wait_until(&counts.done, THREADS * EACH);
    assert_int_equal(counts.wrong, 0);
    OK(centrifuge_client_destroy(counts.client));
    peer_finish(&peer);
}

static void no_call_waits_longer_than_it_may(void **state)
{
    (void)state;
    cf_counts counts;
    centrifuge_options options;
    const char *what;
    quick_options(&options, NULL);
    options.calls_max = 1;
    options.room_wait = -1;
    assert_int_equal(centrifuge_options_check(&options, &what), CENTRIFUGE_ERROR_INVALID_OPTION);
    assert_string_equal(what, "room_wait");
    options.room_wait = 20;
    prepare(&counts, &options);
    OK(centrifuge_subscription_publish(counts.subscription, "1", 1, on_done, &counts));
    assert_int_equal(centrifuge_subscription_publish(counts.subscription, "1", 1, on_done, &counts),
                     CENTRIFUGE_ERROR_LIMIT_CALLS); /* not started: at once */
    OK(centrifuge_client_start(counts.client));
    assert_int_equal(centrifuge_subscription_publish(counts.subscription, "1", 1, on_done, &counts),
                     CENTRIFUGE_ERROR_LIMIT_CALLS);
    OK(centrifuge_client_destroy(counts.client));
    assert_int_equal(counts.failed, 1);
}

/* ---- the application's thread ---- */

#define MANY 100

static void tells_much(cf_peer *peer)
{
    char text[128];
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "publish");
    peer_answer(peer, "publish", "{\"status\":true}");
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "{\"method\":\"message\",\"body\":{\"uid\":\"u%d\",\"channel\":\"news\",\"data\":%d}}", i,
                 i);
        peer_send(peer, text);
    }
    peer_wait_end(peer);
    peer->failure[0] = '\0'; /* the client may have gone in the middle */
}

/* The state of a client may be another one by the time an event is taken: these do not ask. */
static void note_connect(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    (void)client;
    note(user, "connect %s; ", event->client);
}

static void note_disconnect(centrifuge_client *client, const centrifuge_disconnect_event *event, void *user)
{
    (void)client;
    note(user, "disconnect '%s' %d; ", event->reason, event->reconnect);
}

static void note_subscribe(centrifuge_subscription *subscription, const centrifuge_subscribe_event *event, void *user)
{
    (void)subscription;
    note(user, "subscribe %s; ", event->channel);
}

/* The journal is of one thread: a sanitizer sees a callback in another one. */
static centrifuge_subscription *start_for_dispatch(const cf_peer *peer, cf_journal *journal, size_t max)
{
    centrifuge_options options;
    quick_options(&options, peer);
    options.dispatch = true;
    options.dispatch_max = max;
    centrifuge_subscription *news;
    centrifuge_client_events client_events = journal_client_events;
    centrifuge_subscription_events events = journal_subscription_events;
    client_events.connect = note_connect;
    client_events.disconnect = note_disconnect;
    events.subscribe = note_subscribe;
    memset(journal, 0, sizeof *journal);
    OK(centrifuge_client_new(&journal->client, &options));
    OK(centrifuge_client_listen(journal->client, &client_events, journal, NULL));
    OK(centrifuge_client_subscribe(journal->client, "news", &events, journal, &news));
    OK(centrifuge_subscription_publish(news, "1", 1, journal_result, journal));
    OK(centrifuge_client_connect(journal->client));
    OK(centrifuge_client_start(journal->client));
    return news;
}

static void dispatch_until(cf_journal *journal, const char *part)
{
    while (!noted(journal, part))
        OK(centrifuge_client_dispatch(journal->client, -1));
}

static void on_drained(centrifuge_client *client, const centrifuge_drained_event *event, void *user)
{
    (void)client;
    note(user, "drained %s; ", centrifuge_error_name(event->code));
}

static void callbacks_wait_for_the_application(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, tells_much, NULL, NULL);
    start_for_dispatch(&peer, &journal, 1000);
    dispatch_until(&journal, "message news 99 u99");
    assert_true(noted(&journal, "subscribe news; OK"));
    assert_int_equal(times_noted(&journal, "message news"), MANY);
    OK(centrifuge_client_drain(journal.client, 600000, on_drained, &journal));
    dispatch_until(&journal, "drained");
    assert_true(noted(&journal, "unsubscribe news; disconnect 'client' 0; closed OK 1005 'connection closed'; drained OK; "));
    OK(centrifuge_client_join(journal.client));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

/* Nothing is lost when the application is slow, and it is told so. */
static void a_slow_application_gets_everything_in_order(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    char text[64];
    peer_start(&peer, tells_much, NULL, NULL);
    start_for_dispatch(&peer, &journal, 3);
    dispatch_until(&journal, "message news 99 u99");
    const char *at = journal.text;
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "message news %d u%d ", i, i);
        at = strstr(at, text);
        assert_non_null(at);
    }
    assert_true(noted(&journal, "high water LIMIT_EVENTS of 3; "));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

static void join_tells_what_is_left(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, tells_much, NULL, NULL);
    start_for_dispatch(&peer, &journal, 2);
    OK(centrifuge_client_drain(journal.client, 600000, on_drained, &journal));
    OK(centrifuge_client_join(journal.client));
    assert_true(noted(&journal, "connect c1"));
    assert_true(noted(&journal, "OK  ; "));
    assert_true(noted(&journal, "drained OK; "));
    OK(centrifuge_client_tick(journal.client));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

static void destroy_tells_the_results_that_are_left(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    int fd;
    peer_start(&peer, tells_much, NULL, NULL);
    start_for_dispatch(&peer, &journal, 1000);
    OK(centrifuge_client_dispatch_fd(journal.client, &fd));
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    while (!noted(&journal, "subscribe news")) {
        assert_int_equal(poll(&poller, 1, -1), 1);
        OK(centrifuge_client_dispatch(journal.client, 0));
    }
    OK(centrifuge_client_destroy(journal.client));
    assert_int_equal(journal.done, 1);
    peer_finish(&peer);
}

static void on_message_remove(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)message;
    cf_journal *journal = user;
    assert_int_equal(centrifuge_client_dispatch(journal->client, 0), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_join(journal->client), CENTRIFUGE_ERROR_INVALID_STATE);
    OK(centrifuge_subscription_presence(subscription, journal_result, journal));
    OK(centrifuge_subscription_remove(subscription));
    note(journal, "removed; ");
}

static void what_is_removed_tells_results_only(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_subscription_events events = {.message = on_message_remove};
    peer_start(&peer, tells_much, NULL, NULL);
    centrifuge_subscription *news = start_for_dispatch(&peer, &journal, 1000);
    OK(centrifuge_subscription_listen(news, &events, &journal, NULL));
    dispatch_until(&journal, "UNSUBSCRIBED");
    assert_int_equal(times_noted(&journal, "removed"), 1);
    assert_int_equal(times_noted(&journal, "message news"), 1);
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

static void on_message_destroy(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)message;
    (void)user;
    OK(centrifuge_client_destroy(centrifuge_subscription_client(subscription)));
}

static void a_dispatched_callback_may_destroy(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_error error = CENTRIFUGE_ERROR_OK;
    centrifuge_subscription_events events = {.message = on_message_destroy};
    peer_start(&peer, tells_much, NULL, NULL);
    centrifuge_subscription *news = start_for_dispatch(&peer, &journal, 10);
    OK(centrifuge_subscription_listen(news, &events, &journal, NULL));
    while (!error)
        error = centrifuge_client_dispatch(journal.client, -1);
    assert_int_equal(error, CENTRIFUGE_ERROR_CLOSED);
    assert_int_equal(times_noted(&journal, "message news"), 1);
    peer_finish(&peer);
}

/* The child's copy is given back when the callback has returned there. */
static void on_message_fork(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    cf_counts *counts = user;
    (void)message;
    pid_t child = fork();
    if (child == 0) {
        OK(centrifuge_client_destroy(centrifuge_subscription_client(subscription)));
        atomic_store(&counts->go_on, 1);
        return;
    }
    int status = -1;
    waitpid(child, &status, 0);
    atomic_store(&counts->done, status == 0 ? 1 : -1);
    centrifuge_subscription_unsubscribe(subscription);
}

static void a_dispatched_callback_may_fork(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    cf_counts counts = {.busy = false};
    centrifuge_subscription_events events = {.message = on_message_fork};
    peer_start(&peer, tells_much, NULL, NULL);
    centrifuge_subscription *news = start_for_dispatch(&peer, &journal, 1000);
    OK(centrifuge_subscription_listen(news, &events, &counts, NULL));
    while (counts.done == 0) {
        centrifuge_error error = centrifuge_client_dispatch(journal.client, -1);
        if (counts.go_on)
            _exit(error == CENTRIFUGE_ERROR_CLOSED ? 0 : 1);
        OK(error);
    }
    assert_int_equal(counts.done, 1);
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

static void *stop_a_client(void *user)
{
    centrifuge_client_stop(user);
    return NULL;
}

/* A thread that waited for callbacks of a client that another one had stopped waited for ever. */
static void dispatching_ends_with_the_thread(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    pthread_t stopper;
    int fd;
    centrifuge_error error = CENTRIFUGE_ERROR_OK;
    peer_start(&peer, tells_much, NULL, NULL);
    start_for_dispatch(&peer, &journal, 1000);
    OK(centrifuge_client_dispatch_fd(journal.client, &fd));
    dispatch_until(&journal, "subscribe news");
    pthread_create(&stopper, NULL, stop_a_client, journal.client);
    while (!error)
        error = centrifuge_client_dispatch(journal.client, -1);
    pthread_join(stopper, NULL);
    assert_int_equal(error, CENTRIFUGE_ERROR_INVALID_STATE);
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&poller, 1, -1), 1);
    OK(centrifuge_client_join(journal.client));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

static void only_what_waits_is_dispatched(void **state)
{
    (void)state;
    cf_counts counts;
    centrifuge_options options;
    const char *what;
    int fd;
    quick_options(&options, NULL);
    options.dispatch_max = 0;
    assert_int_equal(centrifuge_options_check(&options, &what), CENTRIFUGE_ERROR_INVALID_OPTION);
    assert_string_equal(what, "dispatch_max");
    options.dispatch_max = 1;
    prepare(&counts, &options);
    assert_int_equal(centrifuge_client_dispatch(counts.client, 0), CENTRIFUGE_ERROR_INVALID_STATE);
    OK(centrifuge_client_start(counts.client));
    assert_int_equal(centrifuge_client_dispatch(counts.client, 0), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_dispatch_fd(counts.client, &fd), CENTRIFUGE_ERROR_INVALID_STATE);
    OK(centrifuge_client_destroy(counts.client));
}

/* ---- processes, signals ---- */

static void a_child_gives_its_copy_back(void **state)
{
    (void)state;
    cf_peer peer;
    cf_counts counts;
    int status;
    peer_start(&peer, answers_all, NULL, NULL);
    start(&counts, &peer);
    wait_until(&peer.step, 1);
    pid_t child = fork();
    if (child == 0) {
        bool good = centrifuge_client_ping(counts.client) == CENTRIFUGE_ERROR_WRONG_THREAD &&
                    centrifuge_client_tick(counts.client) == CENTRIFUGE_ERROR_WRONG_THREAD &&
                    centrifuge_client_join(counts.client) == CENTRIFUGE_ERROR_WRONG_THREAD &&
                    centrifuge_client_adopt(counts.client) == CENTRIFUGE_ERROR_INVALID_STATE &&
                    centrifuge_client_destroy(counts.client) == CENTRIFUGE_ERROR_OK;
        _exit(good ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    OK(centrifuge_subscription_publish(counts.subscription, "1", 1, on_done, &counts));
    wait_until(&counts.done, 1);
    OK(centrifuge_client_destroy(counts.client));
    peer_finish(&peer);
}

static void on_connect_signals(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    cf_counts *counts = user;
    sigset_t blocked;
    (void)client;
    (void)event;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    atomic_store(&counts->done, sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGUSR1) == 1 ? 1 : -1);
    atomic_store(&counts->go_on, 1);
}

static void signals_are_for_the_application(void **state)
{
    (void)state;
    cf_peer peer;
    cf_counts counts;
    centrifuge_options options;
    centrifuge_client_events events = {.connect = on_connect_signals};
    peer_start(&peer, answers_all, NULL, NULL);
    quick_options(&options, &peer);
    prepare(&counts, &options);
    OK(centrifuge_client_listen(counts.client, &events, &counts, NULL));
    OK(centrifuge_client_start(counts.client));
    OK(centrifuge_client_connect(counts.client));
    wait_until(&counts.go_on, 1);
    assert_int_equal(counts.done, 1);
    OK(centrifuge_client_destroy(counts.client));
    peer_finish(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_publish_and_each_answer_comes_once),
        cmocka_unit_test(threads_post_and_publish_side_by_side),
        cmocka_unit_test(clients_of_several_threads_share_nothing),
        cmocka_unit_test(a_dead_connection_is_drained_in_time),
        cmocka_unit_test(threads_do_everything_at_once),
        cmocka_unit_test(what_another_thread_takes_away_is_dropped_when_it_is_not_called),
        cmocka_unit_test(a_callback_may_wait_for_who_uses_the_client),
        cmocka_unit_test(a_callback_may_stop_the_thread),
        cmocka_unit_test(a_callback_may_destroy),
        cmocka_unit_test(destroy_waits_for_the_thread_and_completes_what_is_left),
        cmocka_unit_test(join_tells_how_it_ended),
        cmocka_unit_test(join_tells_of_a_server_that_ended_it),
        cmocka_unit_test(other_loops_are_refused),
        cmocka_unit_test(a_client_of_a_foreign_loop_is_not_started),
        cmocka_unit_test(a_call_waits_for_room_if_it_may),
        cmocka_unit_test(no_call_waits_longer_than_it_may),
        cmocka_unit_test(callbacks_wait_for_the_application),
        cmocka_unit_test(a_slow_application_gets_everything_in_order),
        cmocka_unit_test(join_tells_what_is_left),
        cmocka_unit_test(destroy_tells_the_results_that_are_left),
        cmocka_unit_test(what_is_removed_tells_results_only),
        cmocka_unit_test(a_dispatched_callback_may_destroy),
        cmocka_unit_test(a_dispatched_callback_may_fork),
        cmocka_unit_test(dispatching_ends_with_the_thread),
        cmocka_unit_test(only_what_waits_is_dispatched),
        cmocka_unit_test(a_child_gives_its_copy_back),
        cmocka_unit_test(signals_are_for_the_application),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

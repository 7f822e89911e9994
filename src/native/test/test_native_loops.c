/*
 * The loops: our own, a beat, and foreign ones (libuv and a bare poll); other threads.
 */
#define _POSIX_C_SOURCE 200809L

#include "native/test/support.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define MESSAGE(uid) "{\"method\":\"message\",\"body\":{\"uid\":\"" uid "\",\"channel\":\"news\",\"data\":1}}"

/* One lost connection, then messages. */
static void two_connections(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_drop(peer);
    peer_welcome(peer, "c2");
    peer_subscribed(peer, "news");
    peer_send(peer, MESSAGE("u1"));
    peer_send(peer, MESSAGE("u2"));
    peer_wait_end(peer);
}

static void stays(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    atomic_store(&peer->step, 1);
    peer_wait_end(peer);
}

static void nap(long milliseconds)
{
    nanosleep(&(struct timespec){.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000}, NULL);
}

/* ---- a beat ---- */

static void tick_never_waits_and_does_everything(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, two_connections, NULL, NULL);
    make_quick_client(&peer, &journal);
    subscribe(&journal, "news");
    OK(centrifuge_client_connect(journal.client));
    assert_string_equal(journal.text, ""); /* nothing is told outside of the loop */
    for (int frame = 0; frame < 20000 && !noted(&journal, "u2"); frame++) {
        OK(centrifuge_client_tick(journal.client));
        nap(1);
    }
    assert_true(noted(&journal, "subscribe news again; message news 1 u1 ; message news 1 u2 ; "));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

/* ---- one descriptor ---- */

/* False: nothing to do in so many milliseconds. */
static bool wait_for(centrifuge_client *client, int fd, int64_t milliseconds)
{
    int64_t wanted = centrifuge_client_timeout(client);
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    if (wanted >= 0 && wanted < milliseconds)
        milliseconds = wanted;
    return poll(&poller, 1, (int)milliseconds) > 0 || milliseconds == wanted;
}

static void one_descriptor_tells_of_everything(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    int fd = -1;
    int again = -1;
    peer_start(&peer, two_connections, NULL, NULL);
    make_quick_client(&peer, &journal);
    subscribe(&journal, "news");
    OK(centrifuge_client_fd(journal.client, &fd));
    OK(centrifuge_client_connect(journal.client));
    while (!noted(&journal, "u2")) {
        assert_true(wait_for(journal.client, fd, 120000));
        OK(centrifuge_client_tick(journal.client));
    }
    OK(centrifuge_client_fd(journal.client, &again));
    assert_int_equal(fd, again);
    assert_true(noted(&journal, "subscribe news again; message news 1 u1 ; message news 1 u2 ; "));
    OK(centrifuge_client_destroy(journal.client));
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    peer_finish(&peer);
}

/* The descriptor is asked for late: what is watched already is in it. */
static void a_descriptor_is_quiet_until_something_happens(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    int fd = -1;
    peer_start(&peer, stays, NULL, NULL);
    make_quick_client(&peer, &journal);
    OK(centrifuge_client_connect(journal.client));
    while (!noted(&journal, "connect"))
        OK(centrifuge_client_wait(journal.client, -1));
    OK(centrifuge_client_fd(journal.client, &fd));
    while (wait_for(journal.client, fd, 0))
        OK(centrifuge_client_tick(journal.client));
    assert_true(centrifuge_client_timeout(journal.client) > 0);
    centrifuge_client_wake(journal.client);
    assert_true(wait_for(journal.client, fd, 0));
    OK(centrifuge_client_tick(journal.client));
    assert_false(wait_for(journal.client, fd, 0));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

/* ---- a bare poll as the foreign loop ---- */

typedef struct poll_loop {
    struct pollfd polls[32];
    nfds_t count;
    int64_t timer; /* -1: none */
    int timers;    /* how often it was asked for */
    bool begun;    /* from the first socket on there is always one, until the client is gone */
    centrifuge_client *client;
} poll_loop;

static void poll_watch(void *user, centrifuge_socket socket, int events)
{
    poll_loop *loop = user;
    assert_true(loop->count > 0 || !loop->begun);
    loop->begun = true;
    short wanted = (short)((events & CENTRIFUGE_READABLE ? POLLIN : 0) | (events & CENTRIFUGE_WRITABLE ? POLLOUT : 0));
    for (nfds_t i = 0; i < loop->count; i++) {
        if (loop->polls[i].fd != socket)
            continue;
        if (wanted)
            loop->polls[i].events = wanted;
        else
            loop->polls[i] = loop->polls[--loop->count];
        return;
    }
    assert_true(wanted != 0 && loop->count < COUNT(loop->polls));
    loop->polls[loop->count++] = (struct pollfd){.fd = socket, .events = wanted};
}

static void poll_timer(void *user, int64_t milliseconds)
{
    poll_loop *loop = user;
    assert_true(milliseconds >= -1 && loop->count > 0);
    loop->timer = milliseconds;
    loop->timers++;
}

static void poll_turn(poll_loop *loop)
{
    int found = poll(loop->polls, loop->count, (int)(loop->timer < 0 || loop->timer > 1000 ? 1000 : loop->timer));
    if (found == 0 && loop->timer >= 0) {
        loop->timer = -1;
        OK(centrifuge_client_timer_expired(loop->client));
        return;
    }
    struct pollfd ready[32];
    nfds_t count = loop->count;
    memcpy(ready, loop->polls, sizeof ready);
    for (nfds_t i = 0; i < count; i++) {
        int events = (ready[i].revents & (POLLIN | POLLHUP | POLLERR) ? CENTRIFUGE_READABLE : 0) |
                     (ready[i].revents & (POLLOUT | POLLHUP | POLLERR) ? CENTRIFUGE_WRITABLE : 0);
        if (events)
            OK(centrifuge_client_socket_ready(loop->client, ready[i].fd, events));
    }
}

/* In this order; small turns tell of themselves in between. */
static void expect_second_connection(const cf_journal *journal)
{
    static const char *const parts[] = {"subscribe news again; ", "message news 1 u1 ; ", "message news 1 u2 ; "};
    const char *at = journal->text;
    for (size_t i = 0; i < COUNT(parts); i++) {
        at = strstr(at, parts[i]);
        if (!at)
            fail_msg("'%s' is not where it should be: %s", parts[i], journal->text);
    }
}

static void run_foreign_poll_loop(size_t events_per_turn)
{
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    poll_loop loop = {.timer = -1};
    peer_start(&peer, two_connections, NULL, NULL);
    quick_options(&options, &peer);
    options.loop_watch = poll_watch;
    options.loop_timer = poll_timer;
    options.loop_user = &loop;
    options.events_per_turn = events_per_turn;
    loop.client = make_client(&options, &journal);
    assert_int_equal(centrifuge_client_run(loop.client), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_tick(loop.client), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_fd(loop.client, &(int){0}), CENTRIFUGE_ERROR_INVALID_STATE);
    subscribe(&journal, "news");
    OK(centrifuge_client_connect(loop.client));
    assert_int_equal(loop.timer, 0); /* soon, and not from within */
    for (int i = 0; i < 1000 && !noted(&journal, "u2"); i++)
        poll_turn(&loop);
    expect_second_connection(&journal);
    OK(centrifuge_client_socket_ready(loop.client, 12345, CENTRIFUGE_READABLE)); /* a late event of a closed socket */
    OK(centrifuge_client_destroy(loop.client));
    assert_int_equal(loop.count, 0);
    assert_true(loop.timer == -1);
    peer_finish(&peer);
}

static void foreign_poll_loop(void **state)
{
    (void)state;
    run_foreign_poll_loop(10000);
}

/* What a turn may not tell is told in the next, for which the loop's timer is asked. */
static void foreign_poll_loop_with_small_turns(void **state)
{
    (void)state;
    run_foreign_poll_loop(1);
}

static void thousand_messages(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    for (int i = 0; i < 1000; i++)
        peer_send(peer, MESSAGE("u1"));
    peer_send(peer, MESSAGE("last"));
    peer_wait_end(peer);
}

static void on_counted(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    if (strcmp(message->uid, "last") == 0)
        note(user, "last; ");
    ((cf_journal *)user)->done++;
}

static void traffic_does_not_set_the_timer_anew(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    poll_loop loop = {.timer = -1};
    peer_start(&peer, thousand_messages, NULL, NULL);
    quick_options(&options, &peer);
    options.loop_watch = poll_watch;
    options.loop_timer = poll_timer;
    options.loop_user = &loop;
    loop.client = make_client(&options, &journal);
    OK(centrifuge_client_subscribe(loop.client, "news", &(centrifuge_subscription_events){.message = on_counted}, &journal,
                                   NULL));
    OK(centrifuge_client_connect(loop.client));
    for (int i = 0; i < 5000 && !noted(&journal, "last"); i++)
        poll_turn(&loop);
    assert_int_equal(journal.done, 1001);
    assert_true(loop.timers < 50);
    OK(centrifuge_client_destroy(loop.client));
    peer_finish(&peer);
}

/* ---- libuv ---- */

typedef struct uv_watcher {
    uv_poll_t poll;
    centrifuge_socket socket;
    struct uv_watcher *next;
} uv_watcher;

typedef struct uv_application {
    uv_loop_t loop;
    uv_timer_t timer;
    uv_watcher *watchers;
    cf_journal journal;
} uv_application;

static void on_uv_poll(uv_poll_t *poll, int status, int events)
{
    uv_application *app = poll->data;
    centrifuge_client_socket_ready(app->journal.client, ((uv_watcher *)poll)->socket, status < 0 ? 3 : events);
}

static void on_uv_closed(uv_handle_t *handle)
{
    free(handle);
}

static void uv_watch(void *user, centrifuge_socket socket, int events)
{
    uv_application *app = user;
    uv_watcher **at = &app->watchers;
    while (*at && (*at)->socket != socket)
        at = &(*at)->next;
    uv_watcher *found = *at;
    if (events == 0) {
        assert_non_null(found);
        *at = found->next;
        uv_close((uv_handle_t *)&found->poll, on_uv_closed);
        return;
    }
    if (!found) {
        *at = found = calloc(1, sizeof *found);
        found->socket = socket;
        found->poll.data = app;
        assert_int_equal(uv_poll_init_socket(&app->loop, &found->poll, socket), 0);
    }
    uv_poll_start(&found->poll, events, on_uv_poll);
}

static void on_uv_timer(uv_timer_t *timer)
{
    uv_application *app = timer->data;
    centrifuge_client_timer_expired(app->journal.client);
}

static void uv_timer(void *user, int64_t milliseconds)
{
    uv_application *app = user;
    uv_timer_stop(&app->timer);
    if (milliseconds >= 0)
        uv_timer_start(&app->timer, on_uv_timer, (uint64_t)milliseconds, 0);
}

static void destroy_at_last(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    uv_application *app = user;
    if (strcmp(message->uid, "u2") == 0) {
        OK(centrifuge_client_destroy(centrifuge_subscription_client(subscription)));
        uv_close((uv_handle_t *)&app->timer, NULL);
    }
}

/* The loop ends by itself, which says that the client left nothing in it. */
static void foreign_libuv_loop(void **state)
{
    (void)state;
    cf_peer peer;
    centrifuge_options options;
    uv_application app = {0};
    peer_start(&peer, two_connections, NULL, NULL);
    assert_int_equal(uv_loop_init(&app.loop), 0);
    uv_timer_init(&app.loop, &app.timer);
    app.timer.data = &app;
    quick_options(&options, &peer);
    options.loop_watch = uv_watch;
    options.loop_timer = uv_timer;
    options.loop_user = &app;
    make_client(&options, &app.journal);
    centrifuge_subscription *subscription = subscribe(&app.journal, "news");
    OK(centrifuge_subscription_listen(subscription, &(centrifuge_subscription_events){.message = destroy_at_last}, &app, NULL));
    OK(centrifuge_client_connect(app.journal.client));
    assert_int_equal(uv_run(&app.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&app.loop), 0);
    assert_true(noted(&app.journal, "subscribe news again; message news 1 u1 ; message news 1 u2 ; "));
    peer_finish(&peer);
}

/* ---- threads ---- */

#define POSTERS 4
#define POSTS   500

typedef struct crowd {
    centrifuge_client *client;
    int count[POSTERS]; /* the owner's thread only */
    bool in_order;
} crowd;

typedef struct poster {
    crowd *crowd;
    pthread_t thread;
    int number;
} poster;

typedef struct work {
    crowd *crowd;
    int poster;
    int number;
} work;

static void on_work(centrifuge_client *client, void *user)
{
    work *self = user;
    assert_ptr_equal(client, self->crowd->client);
    if (self->crowd->count[self->poster]++ != self->number)
        self->crowd->in_order = false;
    free(self);
}

static void *post_all(void *user)
{
    poster *self = user;
    for (int i = 0; i < POSTS; i++) {
        work *one = malloc(sizeof *one);
        *one = (work){self->crowd, self->number, i};
        if (centrifuge_client_post(self->crowd->client, on_work, free, one) != CENTRIFUGE_ERROR_OK)
            free(one);
    }
    return NULL;
}

static void *own_and_run(void *user)
{
    cf_journal *journal = user;
    if (centrifuge_client_adopt(journal->client) == CENTRIFUGE_ERROR_OK)
        note(journal, "run %s; ", centrifuge_error_name(centrifuge_client_run(journal->client)));
    return NULL;
}

static void disconnect(centrifuge_client *client, void *user)
{
    (void)user;
    centrifuge_client_disconnect(client);
}

static void posts_of_many_threads_run_in_order(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    pthread_t owner;
    poster posters[POSTERS];
    peer_start(&peer, stays, NULL, NULL);
    crowd posted = {.client = make_quick_client(&peer, &journal), .in_order = true};
    OK(centrifuge_client_connect(journal.client));
    pthread_create(&owner, NULL, own_and_run, &journal);
    for (int i = 0; i < POSTERS; i++) {
        posters[i] = (poster){.crowd = &posted, .number = i};
        pthread_create(&posters[i].thread, NULL, post_all, &posters[i]);
    }
    for (int i = 0; i < POSTERS; i++)
        pthread_join(posters[i].thread, NULL);
    assert_int_equal(centrifuge_client_post(journal.client, NULL, NULL, NULL), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    while (atomic_load(&peer.step) == 0)
        nap(1);
    OK(centrifuge_client_post(journal.client, disconnect, NULL, NULL));
    pthread_join(owner, NULL);
    OK(centrifuge_client_adopt(journal.client));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
    assert_true(posted.in_order);
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(posted.count[i], POSTS);
    assert_true(noted(&journal, "run OK"));
}

static void on_dropped(void *user)
{
    ++*(int *)user;
}

static void never(centrifuge_client *client, void *user)
{
    (void)client;
    (void)user;
    fail_msg("posted work ran after destroy");
}

static void posts_that_did_not_run_are_dropped(void **state)
{
    (void)state;
    cf_journal journal;
    int dropped = 0;
    make_quick_client(NULL, &journal);
    OK(centrifuge_client_post(journal.client, never, on_dropped, &dropped));
    OK(centrifuge_client_post(journal.client, never, on_dropped, &dropped));
    OK(centrifuge_client_post(journal.client, never, NULL, NULL));
    OK(centrifuge_client_destroy(journal.client));
    assert_int_equal(dropped, 2);
}

typedef struct late_poster {
    centrifuge_client *client;
    int dropped;
} late_poster;

static void post_and_turn(void *user)
{
    late_poster *self = user;
    self->dropped++;
    assert_int_equal(centrifuge_client_post(self->client, never, post_and_turn, self), CENTRIFUGE_ERROR_CLOSED);
    assert_int_equal(centrifuge_client_tick(self->client), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_adopt(self->client), CENTRIFUGE_ERROR_INVALID_STATE);
}

static void what_a_drop_posted_was_lost_and_a_turn_in_it_destroyed_the_client_twice(void **state)
{
    (void)state;
    cf_journal journal;
    late_poster self = {0};
    self.client = make_quick_client(NULL, &journal);
    OK(centrifuge_client_post(journal.client, never, post_and_turn, &self));
    OK(centrifuge_client_destroy(journal.client));
    assert_int_equal(self.dropped, 1);
}

static void *call_from_elsewhere(void *user)
{
    cf_journal *journal = user;
    centrifuge_client *client = journal->client;
    const centrifuge_error errors[] = {
        centrifuge_client_connect(client),
        centrifuge_client_disconnect(client),
        centrifuge_client_ping(client),
        centrifuge_client_run(client),
        centrifuge_client_tick(client),
        centrifuge_client_fd(client, &(int){0}),
        centrifuge_client_timer_expired(client),
        centrifuge_client_listen(client, &journal_client_events, journal, NULL),
        centrifuge_client_subscribe(client, "x", &journal_subscription_events, journal, NULL),
        centrifuge_client_destroy(client),
    };
    for (size_t i = 0; i < COUNT(errors); i++)
        journal->done += errors[i] == CENTRIFUGE_ERROR_WRONG_THREAD;
    return NULL;
}

static void another_thread_is_refused(void **state)
{
    (void)state;
    cf_journal journal;
    pthread_t thread;
    make_quick_client(NULL, &journal);
    pthread_create(&thread, NULL, call_from_elsewhere, &journal);
    pthread_join(thread, NULL);
    assert_int_equal(journal.done, 10);
    OK(centrifuge_client_destroy(journal.client));
}

static void *stop_soon(void *user)
{
    cf_journal *journal = user;
    nap(20);
    centrifuge_client_stop(journal->client);
    return NULL;
}

static void stop_ends_run(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    pthread_t thread;
    peer_start(&peer, stays, NULL, NULL);
    make_quick_client(&peer, &journal);
    OK(centrifuge_client_connect(journal.client));
    pthread_create(&thread, NULL, stop_soon, &journal);
    OK(centrifuge_client_run(journal.client));
    pthread_join(thread, NULL);
    centrifuge_client_stop(journal.client); /* with none running: the next one */
    OK(centrifuge_client_run(journal.client));
    run_until(&journal, "connect c1");
    end_client(&journal);
    peer_finish(&peer);
}

static cf_journal signalled;

static void on_signal(int number)
{
    (void)number;
    centrifuge_client_stop(signalled.client);
}

static void *raise_soon(void *user)
{
    (void)user;
    nap(20);
    kill(getpid(), SIGUSR1);
    return NULL;
}

static void signal_handler_may_stop(void **state)
{
    (void)state;
    cf_peer peer;
    pthread_t thread;
    struct sigaction action = {.sa_handler = on_signal};
    peer_start(&peer, stays, NULL, NULL);
    make_quick_client(&peer, &signalled);
    sigaction(SIGUSR1, &action, NULL);
    OK(centrifuge_client_connect(signalled.client));
    pthread_create(&thread, NULL, raise_soon, NULL);
    OK(centrifuge_client_run(signalled.client));
    pthread_join(thread, NULL);
    signal(SIGUSR1, SIG_DFL);
    run_until(&signalled, "connect c1");
    end_client(&signalled);
    peer_finish(&peer);
}

static void run_ends_when_there_is_nothing_to_do(void **state)
{
    (void)state;
    cf_journal journal;
    make_quick_client(NULL, &journal);
    OK(centrifuge_client_run(journal.client));
    OK(centrifuge_client_connect(journal.client));
    OK(centrifuge_client_disconnect(journal.client));
    OK(centrifuge_client_run(journal.client));
    OK(centrifuge_client_destroy(journal.client));
    OK(centrifuge_client_destroy(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tick_never_waits_and_does_everything),
        cmocka_unit_test(one_descriptor_tells_of_everything),
        cmocka_unit_test(a_descriptor_is_quiet_until_something_happens),
        cmocka_unit_test(foreign_poll_loop),
        cmocka_unit_test(foreign_poll_loop_with_small_turns),
        cmocka_unit_test(traffic_does_not_set_the_timer_anew),
        cmocka_unit_test(foreign_libuv_loop),
        cmocka_unit_test(posts_of_many_threads_run_in_order),
        cmocka_unit_test(posts_that_did_not_run_are_dropped),
        cmocka_unit_test(what_a_drop_posted_was_lost_and_a_turn_in_it_destroyed_the_client_twice),
        cmocka_unit_test(another_thread_is_refused),
        cmocka_unit_test(stop_ends_run),
        cmocka_unit_test(signal_handler_may_stop),
        cmocka_unit_test(run_ends_when_there_is_nothing_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

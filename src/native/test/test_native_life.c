/*
 * The life of phones and laptops: machines that sleep, networks that come and go, peers that vanish. The clock is this
 * program's: it sleeps in no time. So is the resolver, which answers when the test says so.
 */
#define _GNU_SOURCE

#include "native/test/support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define HOUR (3600 * INT64_C(1000))

/* ---- the clock ---- */

static atomic_llong slept; /* milliseconds so far */

/* As the system's, but for the machine's sleep, which only one of its clocks counts. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && clock == CLOCK_BOOTTIME)
        time->tv_sec += (time_t)(atomic_load(&slept) / 1000);
    return result;
}

/* The one timer of a client that counts the sleep, too. */
static pthread_mutex_t alarm_lock = PTHREAD_MUTEX_INITIALIZER;
static int alarm_socket = -1;
static struct timespec alarm_at;

static void ring_when_due(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    bool set = alarm_at.tv_sec != 0 || alarm_at.tv_nsec != 0;
    if (set && (now.tv_sec > alarm_at.tv_sec || (now.tv_sec == alarm_at.tv_sec && now.tv_nsec >= alarm_at.tv_nsec)))
        assert_int_equal(write(alarm_socket, &(uint64_t){1}, sizeof(uint64_t)), sizeof(uint64_t));
}

__attribute__((visibility("default"))) int timerfd_create(clockid_t clock, int flags)
{
    assert_int_equal(clock, CLOCK_BOOTTIME);
    assert_int_equal(flags, TFD_NONBLOCK | TFD_CLOEXEC);
    pthread_mutex_lock(&alarm_lock);
    alarm_socket = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_unlock(&alarm_lock);
    return alarm_socket;
}

__attribute__((visibility("default"))) int timerfd_settime(int fd, int flags, const struct itimerspec *wanted,
                                                           struct itimerspec *before)
{
    uint64_t rung;
    assert_int_equal(flags, TFD_TIMER_ABSTIME);
    assert_null(before);
    pthread_mutex_lock(&alarm_lock);
    assert_int_equal(fd, alarm_socket);
    ssize_t read_now = read(fd, &rung, sizeof rung);
    (void)read_now;
    alarm_at = wanted->it_value;
    ring_when_due();
    pthread_mutex_unlock(&alarm_lock);
    return 0;
}

static void sleep_machine(int64_t milliseconds)
{
    pthread_mutex_lock(&alarm_lock);
    atomic_fetch_add(&slept, milliseconds);
    ring_when_due();
    pthread_mutex_unlock(&alarm_lock);
}

/* ---- the resolver ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int asked;
static int answered;
static bool held;

__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                                                       struct addrinfo **result)
{
    (void)name;
    (void)service;
    (void)hints;
    (void)result;
    pthread_mutex_lock(&lock);
    asked++;
    while (held)
        pthread_cond_wait(&changed, &lock);
    answered++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return EAI_NONAME;
}

static void hold_names(bool value)
{
    pthread_mutex_lock(&lock);
    held = value;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static int names_asked(void)
{
    pthread_mutex_lock(&lock);
    int count = asked;
    pthread_mutex_unlock(&lock);
    return count;
}

static void wait_answered(void)
{
    pthread_mutex_lock(&lock);
    while (answered < asked)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

/* ---- peers and clients ---- */

static void wait_step(cf_peer *peer, int step)
{
    while (atomic_load(&peer->step) < step)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Pings and pauses as nobody waits for in a test, unless something of the above makes them short. */
static centrifuge_options slow_options(const cf_peer *peer)
{
    centrifuge_options options;
    quick_options(&options, peer);
    options.retry = options.max_retry = HOUR;
    options.ping_interval = HOUR;
    options.pong_wait_timeout = HOUR;
    return options;
}

static void connect_client(cf_journal *journal, const centrifuge_options *options)
{
    make_client(options, journal);
    OK(centrifuge_client_connect(journal->client));
    run_until(journal, "connect c1");
}

/* ---- sleep ---- */

static void vanishes_and_returns(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_expect(peer, "\"method\":\"ping\"");
    peer_wait_end(peer);
    peer_welcome(peer, "c2");
    peer_wait_end(peer);
}

static void a_connection_that_died_in_the_sleep_is_replaced_at_once(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, vanishes_and_returns, NULL, NULL);
    centrifuge_options options = slow_options(&peer);
    options.pong_wait_timeout = 50;
    connect_client(&journal, &options);
    sleep_machine(8 * HOUR);
    run_until(&journal, "disconnect 'no ping' 1");
    run_until(&journal, "connect c2");
    end_client(&journal);
    peer_finish(&peer);
}

static void sleeps_vanishes_and_returns(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    wait_step(peer, 1);
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL); /* most likely the loop waits by now */
    sleep_machine(8 * HOUR);
    peer_expect(peer, "\"method\":\"ping\"");
    sleep_machine(2 * HOUR);
    peer_wait_end(peer);
    peer_welcome(peer, "c2");
    peer_wait_end(peer);
}

/* Nothing but the end of the sleep wakes it. */
static void a_loop_that_waits_notices_the_end_of_the_sleep(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, sleeps_vanishes_and_returns, NULL, NULL);
    centrifuge_options options = slow_options(&peer);
    connect_client(&journal, &options);
    atomic_store(&peer.step, 1);
    for (int i = 0; i < 1000 && !noted(&journal, "connect c2"); i++)
        OK(centrifuge_client_wait(journal.client, -1));
    assert_true(noted(&journal, "disconnect 'no ping' 1"));
    assert_true(noted(&journal, "connect c2"));
    end_client(&journal);
    peer_finish(&peer);
}

static void answers_pings(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_expect(peer, "\"method\":\"ping\"");
    peer_answer(peer, "ping", "null");
    atomic_store(&peer->step, 1);
    peer_wait_end(peer);
}

static void a_connection_that_outlived_the_sleep_goes_on(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, answers_pings, NULL, NULL);
    centrifuge_options options = slow_options(&peer);
    connect_client(&journal, &options);
    sleep_machine(8 * HOUR);
    OK(centrifuge_client_tick(journal.client)); /* the ping goes out */
    wait_step(&peer, 1);
    OK(centrifuge_client_tick(journal.client));
    sleep_machine(HOUR / 2);
    OK(centrifuge_client_tick(journal.client));
    assert_false(noted(&journal, "disconnect"));
    end_client(&journal);
    peer_finish(&peer);
}

static void answers_during_the_sleep(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "\"method\":\"publish\"");
    atomic_store(&peer->step, 1);
    wait_step(peer, 2);
    peer_answer(peer, "publish", "{\"channel\":\"news\",\"status\":true}");
    atomic_store(&peer->step, 3);
    peer_wait_end(peer);
}

/* Each timer there is was overdue by hours, and the answers that they waited for lie in the socket. */
static void sockets_are_read_before_timers_judge(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, answers_during_the_sleep, NULL, NULL);
    centrifuge_options options = slow_options(&peer);
    connect_client(&journal, &options);
    centrifuge_subscription *news = subscribe(&journal, "news");
    run_until(&journal, "subscribe news");
    OK(centrifuge_subscription_publish(news, "1", 1, journal_result, &journal));
    while (atomic_load(&peer.step) < 1)
        OK(centrifuge_client_tick(journal.client));
    atomic_store(&peer.step, 2);
    wait_step(&peer, 3);
    sleep_machine(8 * HOUR);
    OK(centrifuge_client_tick(journal.client));
    assert_int_equal(journal.done, 1);
    assert_false(noted(&journal, "TIMEOUT"));
    assert_false(noted(&journal, "disconnect"));
    end_client(&journal);
    peer_finish(&peer);
}

static void drops_then_welcomes(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_drop(peer);
    peer_welcome(peer, "c2");
    peer_wait_end(peer);
}

static void an_attempt_that_was_due_in_the_sleep_is_made_at_once(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, drops_then_welcomes, NULL, NULL);
    centrifuge_options options = slow_options(&peer);
    connect_client(&journal, &options);
    run_until(&journal, "disconnect 'connection closed' 1");
    sleep_machine(8 * HOUR);
    run_until(&journal, "connect c2");
    end_client(&journal);
    peer_finish(&peer);
}

#define PIECES 12

static void trickles(cf_peer *peer)
{
    static const char message[] = "{\"method\":\"message\",\"body\":{\"uid\":\"u1\",\"channel\":\"news\",\"data\":1}}";
    char frame[sizeof message + 1] = {(char)0x81, (char)(sizeof message - 1)};
    memcpy(frame + 2, message, sizeof message - 1);
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    size_t piece = sizeof frame / PIECES;
    for (int i = 0; i < PIECES; i++) {
        bool last = i == PIECES - 1;
        peer_send_raw(peer, frame + (size_t)i * piece, last ? sizeof frame - (size_t)i * piece : piece);
        atomic_store(&peer->step, 2 * i + 1);
        wait_step(peer, 2 * i + 2);
    }
    peer_wait_end(peer);
}

/* The answer to a ping would have to wait behind the message. */
static void a_message_that_takes_long_is_a_sign_of_life(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, trickles, NULL, NULL);
    centrifuge_options options = slow_options(&peer);
    connect_client(&journal, &options);
    subscribe(&journal, "news");
    run_until(&journal, "subscribe news");
    for (int i = 0; i < PIECES; i++) {
        wait_step(&peer, 2 * i + 1);
        OK(centrifuge_client_tick(journal.client));
        sleep_machine(HOUR * 3 / 4);
        OK(centrifuge_client_tick(journal.client));
        atomic_store(&peer.step, 2 * i + 2);
    }
    run_until(&journal, "message news 1 u1");
    assert_false(noted(&journal, "disconnect"));
    end_client(&journal);
    peer_finish(&peer);
}

/* ---- a foreign loop ---- */

/* A loop with poll() and one timer, which does not count the sleep, and with work of its own in each turn. */
typedef struct own_loop {
    centrifuge_client *client;
    struct pollfd sockets[32];
    nfds_t count;
    int64_t timer; /* as asked for, -1: none */
    int64_t due;   /* by a clock that sleeps, too */
    int work;      /* turns in which our own work was done */
} own_loop;

static void loop_watch(void *user, centrifuge_socket socket, int events)
{
    own_loop *loop = user;
    nfds_t i = 0;
    while (i < loop->count && loop->sockets[i].fd != socket)
        i++;
    if (events == 0) {
        assert_true(i < loop->count);
        loop->sockets[i] = loop->sockets[--loop->count];
        return;
    }
    loop->count += i == loop->count;
    loop->sockets[i] = (struct pollfd){.fd = socket, .events = 0};
    loop->sockets[i].events |= events & CENTRIFUGE_READABLE ? POLLIN : 0;
    loop->sockets[i].events |= events & CENTRIFUGE_WRITABLE ? POLLOUT : 0;
}

static int64_t loop_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void loop_timer(void *user, int64_t milliseconds)
{
    own_loop *loop = user;
    loop->timer = milliseconds;
    loop->due = loop_now() + milliseconds;
}

static void loop_hook(own_loop *loop, centrifuge_options *options)
{
    *loop = (own_loop){.timer = -1};
    options->loop_watch = loop_watch;
    options->loop_timer = loop_timer;
    options->loop_user = loop;
}

static void loop_turn(own_loop *loop)
{
    struct pollfd sockets[32];
    nfds_t count = loop->count;
    memcpy(sockets, loop->sockets, count * sizeof sockets[0]);
    int64_t left = loop->timer < 0 ? 10 : loop->due - loop_now();
    int ready = poll(sockets, count, left < 0 ? 0 : left < 10 ? (int)left : 10);
    loop->work++;
    for (nfds_t i = 0; i < count && ready > 0; i++)
        if (sockets[i].revents)
            OK(centrifuge_client_socket_ready(loop->client, sockets[i].fd, CENTRIFUGE_READABLE | CENTRIFUGE_WRITABLE));
    if (loop->timer >= 0 && loop->due <= loop_now()) {
        loop->timer = -1;
        OK(centrifuge_client_timer_expired(loop->client));
    }
}

static void loop_until(own_loop *loop, const cf_journal *journal, const char *part)
{
    for (int i = 0; i < 3000 && !noted(journal, part); i++)
        loop_turn(loop);
    if (!noted(journal, part))
        fail_msg("waited for '%s', had: %s", part, journal->text);
}

static void a_foreign_timer_that_slept_is_set_anew(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    own_loop loop;
    peer_start(&peer, answers_pings, NULL, NULL);
    centrifuge_options options = slow_options(&peer);
    options.connect_timeout = HOUR;
    loop_hook(&loop, &options);
    loop.client = make_client(&options, &journal);
    OK(centrifuge_client_connect(loop.client));
    loop_until(&loop, &journal, "connect c1");
    for (int i = 0; i < 3000 && loop.timer < HOUR / 2; i++)
        loop_turn(&loop);
    assert_true(loop.timer > HOUR / 2);
    sleep_machine(8 * HOUR);
    OK(centrifuge_client_flush(loop.client)); /* any call: the program is awake */
    assert_int_equal(loop.timer, 0);
    while (atomic_load(&peer.step) < 1)
        loop_turn(&loop);
    assert_false(noted(&journal, "disconnect"));
    OK(centrifuge_client_destroy(loop.client));
    peer_finish(&peer);
}

static void a_foreign_loop_notices_the_end_of_the_sleep(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    own_loop loop;
    peer_start(&peer, sleeps_vanishes_and_returns, NULL, NULL);
    centrifuge_options options = slow_options(&peer);
    loop_hook(&loop, &options);
    loop.client = make_client(&options, &journal);
    OK(centrifuge_client_connect(loop.client));
    loop_until(&loop, &journal, "connect c1");
    atomic_store(&peer.step, 1);
    loop_until(&loop, &journal, "connect c2");
    assert_true(noted(&journal, "disconnect 'no ping' 1"));
    OK(centrifuge_client_destroy(loop.client));
    assert_int_equal(loop.count, 0);
    peer_finish(&peer);
}

static void a_loop_goes_on_while_a_name_is_resolved(void **state)
{
    (void)state;
    cf_journal journal;
    own_loop loop;
    centrifuge_options options = slow_options(NULL);
    options.url = "ws://slow.example";
    options.connect_timeout = HOUR;
    loop_hook(&loop, &options);
    int asked_before = names_asked();
    hold_names(true);
    loop.client = make_client(&options, &journal);
    OK(centrifuge_client_connect(loop.client));
    for (int i = 0; i < 3000 && names_asked() == asked_before; i++)
        loop_turn(&loop);
    assert_int_equal(names_asked(), asked_before + 1);
    int before = loop.work;
    for (int i = 0; i < 50; i++)
        loop_turn(&loop);
    assert_int_equal(loop.work - before, 50);
    assert_int_equal(centrifuge_client_get_state(loop.client), CENTRIFUGE_CLIENT_CONNECTING);
    hold_names(false);
    loop_until(&loop, &journal, "closed NETWORK");
    OK(centrifuge_client_destroy(loop.client));
    wait_answered();
}

/* ---- the network ---- */

static void the_network_that_returns_is_tried_at_once(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, drops_then_welcomes, NULL, NULL);
    centrifuge_options options = slow_options(&peer);
    connect_client(&journal, &options);
    run_until(&journal, "disconnect 'connection closed' 1");
    OK(centrifuge_client_network_changed(journal.client, true));
    run_until(&journal, "connect c2");
    end_client(&journal);
    peer_finish(&peer);
}

static void no_attempts_are_made_while_the_network_is_gone(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, drops_then_welcomes, NULL, NULL);
    centrifuge_options options = slow_options(&peer);
    options.retry = options.max_retry = 1;
    make_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "connect c1");
    OK(centrifuge_client_network_changed(journal.client, false));
    run_until(&journal, "disconnect 'connection closed' 1");
    sleep_machine(HOUR);
    for (int i = 0; i < 10; i++)
        OK(centrifuge_client_wait(journal.client, 10));
    assert_int_equal(centrifuge_client_get_state(journal.client), CENTRIFUGE_CLIENT_DISCONNECTED);
    assert_true(centrifuge_client_will_reconnect(journal.client));
    assert_int_equal(atomic_load(&peer.accepted), 1);
    OK(centrifuge_client_network_changed(journal.client, true));
    run_until(&journal, "connect c2");
    end_client(&journal);
    peer_finish(&peer);
}

static void another_network_makes_the_connection_prove_itself(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, vanishes_and_returns, NULL, NULL);
    centrifuge_options options = slow_options(&peer);
    options.retry = options.max_retry = 1;
    options.pong_wait_timeout = 50;
    connect_client(&journal, &options);
    OK(centrifuge_client_network_changed(journal.client, true));
    run_until(&journal, "disconnect 'no ping' 1");
    run_until(&journal, "connect c2");
    end_client(&journal);
    peer_finish(&peer);
}

/* ---- attempts ---- */

static void upgrades_and_says_nothing(cf_peer *peer)
{
    peer_accept(peer);
    peer_upgrade(peer);
    peer_expect(peer, "\"method\":\"connect\"");
    sleep_machine(8 * HOUR);
    peer_wait_end(peer);
    peer_welcome(peer, "c2");
    peer_wait_end(peer);
}

static void a_server_that_never_answers_connect_is_given_up(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&peer, upgrades_and_says_nothing, NULL, NULL);
    quick_options(&options, &peer);
    options.connect_timeout = HOUR;
    make_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "closed TIMEOUT");
    run_until(&journal, "connect c2");
    end_client(&journal);
    peer_finish(&peer);
}

/* A listener whose queue is full: the system takes no further connection, and does not refuse it either. */
static int full_listener(int *port, int *clients, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    for (size_t i = 0; i < count; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        assert_true(connect(clients[i], (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS);
    }
    return listener;
}

static void a_server_that_takes_no_connections_is_given_up(void **state)
{
    (void)state;
    cf_journal journal;
    centrifuge_options options;
    char url[64];
    int port, clients[8];
    int listener = full_listener(&port, clients, COUNT(clients));
    snprintf(url, sizeof url, "ws://127.0.0.1:%d", port);
    quick_options(&options, NULL);
    options.url = url;
    options.connect_timeout = 50;
    make_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "closed TIMEOUT 1006 'connection closed'; closed TIMEOUT");
    end_client(&journal);
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_that_died_in_the_sleep_is_replaced_at_once),
        cmocka_unit_test(a_loop_that_waits_notices_the_end_of_the_sleep),
        cmocka_unit_test(a_connection_that_outlived_the_sleep_goes_on),
        cmocka_unit_test(sockets_are_read_before_timers_judge),
        cmocka_unit_test(an_attempt_that_was_due_in_the_sleep_is_made_at_once),
        cmocka_unit_test(a_message_that_takes_long_is_a_sign_of_life),
        cmocka_unit_test(a_foreign_timer_that_slept_is_set_anew),
        cmocka_unit_test(a_foreign_loop_notices_the_end_of_the_sleep),
        cmocka_unit_test(a_loop_goes_on_while_a_name_is_resolved),
        cmocka_unit_test(the_network_that_returns_is_tried_at_once),
        cmocka_unit_test(no_attempts_are_made_while_the_network_is_gone),
        cmocka_unit_test(another_network_makes_the_connection_prove_itself),
        cmocka_unit_test(a_server_that_never_answers_connect_is_given_up),
        cmocka_unit_test(a_server_that_takes_no_connections_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

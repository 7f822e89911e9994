/*
 * Other processes: what a child that was forked may do with its copy of a client, and what a program that was started inherits.
 */
#define _GNU_SOURCE

#include "native/test/support.h"

#include <arpa/inet.h>
#include <centrifuge/backend.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES CERTIFICATES "/"

static const cf_peer_tls secure = {FILES "server.pem", FILES "server.key", NULL};

static int make_certificates(void **state)
{
    (void)state;
    return system("'" MAKE_CERTIFICATES "' '" CERTIFICATES "'");
}

/* Runs the function in a child, which ends without a word; fails when it returned false. */
static void in_child(bool (*function)(cf_journal *journal), cf_journal *journal)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(function(journal) ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void connect_client(cf_peer *peer, cf_journal *journal, peer_script script, const cf_peer_tls *tls)
{
    centrifuge_options options;
    peer_start(peer, script, NULL, tls);
    quick_options(&options, peer);
    options.tls_ca_file = FILES "ca.pem";
    make_client(&options, journal);
    OK(centrifuge_client_connect(journal->client));
    run_until(journal, "connect c1");
}

/* ---- a copy is left alone ---- */

static void subscribes_next(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_wait_end(peer);
}

static void posted(centrifuge_client *client, void *user)
{
    (void)client;
    note(user, "posted; ");
}

static void never_dropped(void *user)
{
    note(user, "dropped; ");
}

static bool tries_everything_and_destroys(cf_journal *journal)
{
    centrifuge_client *client = journal->client;
    centrifuge_client_wake(client);
    centrifuge_client_stop(client);
    return centrifuge_client_disconnect(client) == CENTRIFUGE_ERROR_WRONG_THREAD &&
           centrifuge_client_connect(client) == CENTRIFUGE_ERROR_WRONG_THREAD &&
           centrifuge_client_ping(client) == CENTRIFUGE_ERROR_WRONG_THREAD &&
           centrifuge_client_check(client) == CENTRIFUGE_ERROR_WRONG_THREAD &&
           centrifuge_client_tick(client) == CENTRIFUGE_ERROR_WRONG_THREAD &&
           centrifuge_client_run(client) == CENTRIFUGE_ERROR_WRONG_THREAD &&
           centrifuge_client_post(client, posted, never_dropped, journal) == CENTRIFUGE_ERROR_WRONG_THREAD &&
           centrifuge_client_get_state(client) == CENTRIFUGE_CLIENT_CONNECTED &&
           centrifuge_client_destroy(client) == CENTRIFUGE_ERROR_OK && !noted(journal, "done") && !noted(journal, "dropped");
}

static void on_ready(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    (void)subscription;
    note(user, "done %s; ", centrifuge_error_name(result->code));
}

/* With a call that waits, and posted work. */
static void nothing_of_a_copy_reaches_the_server(void **state)
{
    (void)state;
    static const cf_peer_tls *const kinds[] = {NULL, &secure};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        cf_peer peer;
        cf_journal journal;
        connect_client(&peer, &journal, subscribes_next, kinds[i]);
        OK(centrifuge_subscription_ready(subscribe(&journal, "news"), on_ready, &journal));
        OK(centrifuge_client_post(journal.client, posted, never_dropped, &journal));
        in_child(tries_everything_and_destroys, &journal);
        run_until(&journal, "posted");
        run_until(&journal, "done OK");
        end_client(&journal);
        peer_finish(&peer);
        assert_int_equal(peer.close_code, 1000);
    }
}

/* ---- a fork inside a callback ---- */

static bool is_child;
static bool child_destroys;

static void fork_once(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    int status;
    (void)event;
    pid_t child = fork();
    is_child = child == 0;
    if (is_child && child_destroys)
        (void)centrifuge_client_destroy(client);
    if (is_child)
        return;
    if (waitpid(child, &status, 0) != child || status != 0)
        note(user, "the child failed; ");
    centrifuge_client_subscribe(client, "news", NULL, NULL, NULL);
}

/* Both processes come back from their callback; the child's turn ends there. */
static void check_fork_in_callback(bool destroys, centrifuge_error expected)
{
    cf_peer peer;
    cf_journal journal;
    static const centrifuge_client_events events = {.connect = fork_once};
    peer_start(&peer, subscribes_next, NULL, NULL);
    make_quick_client(&peer, &journal);
    child_destroys = destroys;
    OK(centrifuge_client_listen(journal.client, &events, &journal, NULL));
    OK(centrifuge_client_connect(journal.client));
    centrifuge_error error = CENTRIFUGE_ERROR_OK;
    while (!error && !noted(&journal, "connect c1"))
        error = centrifuge_client_wait(journal.client, 100);
    if (is_child)
        _exit(error == expected ? 0 : 1);
    OK(error);
    assert_false(noted(&journal, "the child failed"));
    while (atomic_load(&peer.step) == 0 && centrifuge_client_get_state(journal.client) == CENTRIFUGE_CLIENT_CONNECTED &&
           centrifuge_subscription_get_state(centrifuge_client_find(journal.client, "news")) !=
               CENTRIFUGE_SUBSCRIPTION_SUBSCRIBED)
        OK(centrifuge_client_wait(journal.client, 100));
    end_client(&journal);
    peer_finish(&peer);
}

static void a_child_that_returns_from_a_callback_stops_there(void **state)
{
    (void)state;
    check_fork_in_callback(false, CENTRIFUGE_ERROR_WRONG_THREAD);
    check_fork_in_callback(true, CENTRIFUGE_ERROR_CLOSED);
}

/* ---- hooks ---- */

static int hook_calls;

static void on_watch(void *user, centrifuge_socket socket, int events)
{
    (void)user;
    (void)socket;
    (void)events;
    hook_calls++;
}

static void on_timer(void *user, int64_t milliseconds)
{
    (void)user;
    (void)milliseconds;
    hook_calls++;
}

/* A loop's epoll set is the parent's, too: to forget a socket there would make the parent deaf. */
static bool destroys_without_hooks(cf_journal *journal)
{
    hook_calls = 0;
    return centrifuge_client_socket_ready(journal->client, 0, CENTRIFUGE_READABLE) == CENTRIFUGE_ERROR_WRONG_THREAD &&
           centrifuge_client_timer_expired(journal->client) == CENTRIFUGE_ERROR_WRONG_THREAD &&
           centrifuge_client_destroy(journal->client) == CENTRIFUGE_ERROR_OK && hook_calls == 0;
}

static void hooks_are_not_called_in_a_child(void **state)
{
    (void)state;
    cf_journal journal;
    centrifuge_options options;
    quick_options(&options, NULL);
    options.url = "ws://127.0.0.1:1";
    options.loop_watch = on_watch;
    options.loop_timer = on_timer;
    make_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    OK(centrifuge_client_timer_expired(journal.client));
    assert_true(hook_calls > 0);
    in_child(destroys_without_hooks, &journal);
    OK(centrifuge_client_destroy(journal.client));
}

/* ---- a child that takes over, as daemon() makes one ---- */

static bool takes_over(cf_journal *journal)
{
    bool good = centrifuge_client_adopt(journal->client) == CENTRIFUGE_ERROR_OK &&
                centrifuge_client_subscribe(journal->client, "news", &journal_subscription_events, journal, NULL) ==
                    CENTRIFUGE_ERROR_OK;
    while (good && !noted(journal, "subscribe news"))
        good = centrifuge_client_wait(journal->client, 100) == CENTRIFUGE_ERROR_OK;
    return good && centrifuge_client_destroy(journal->client) == CENTRIFUGE_ERROR_OK;
}

/* What is left to the former owner is its memory. */
static void a_child_may_adopt_the_client(void **state)
{
    (void)state;
    static const cf_peer_tls *const kinds[] = {NULL, &secure};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        cf_peer peer;
        cf_journal journal;
        connect_client(&peer, &journal, subscribes_next, kinds[i]);
        in_child(takes_over, &journal);
        peer_finish(&peer);
        assert_int_equal(peer.close_code, 1000);
        OK(centrifuge_client_destroy(journal.client));
    }
}

/* ---- backend objects, whose connection is kept, too ---- */

#define PUBLISHED "[{\"method\":\"publish\",\"error\":null,\"body\":null}]"

static void answers_twice_on_one_connection(cf_peer *peer)
{
    if (peer_read_request(peer) && peer_respond(peer, "200 OK", PUBLISHED) && peer_read_next_request(peer))
        peer_respond(peer, "200 OK", PUBLISHED);
    peer_wait_end(peer);
}

static void a_childs_copy_of_a_backend_says_no_goodbye(void **state)
{
    (void)state;
    int status;
    char url[64];
    cf_peer peer;
    centrifuge_backend *backend;
    centrifuge_backend_options options;
    peer_start(&peer, answers_twice_on_one_connection, NULL, &secure);
    snprintf(url, sizeof url, "https://127.0.0.1:%d", peer.port);
    centrifuge_backend_options_default(&options);
    options.url = url;
    options.insecure = true;
    options.proxy = "";
    options.tls_ca_file = FILES "ca.pem";
    OK(centrifuge_backend_new(&backend, &options));
    OK(centrifuge_backend_publish(backend, "a", "1", NULL, NULL));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        centrifuge_backend_destroy(backend);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    OK(centrifuge_backend_publish(backend, "a", "1", NULL, NULL));
    centrifuge_backend_destroy(backend);
    peer_finish(&peer);
    assert_int_equal(atomic_load(&peer.accepted), 1);
}

/* ---- descriptors ---- */

/* Descriptors of connections to the port that a started program would inherit. */
static int inherited(int port)
{
    int count = 0;
    for (int descriptor = 0; descriptor < 1024; descriptor++) {
        struct sockaddr_storage address;
        socklen_t size = sizeof address;
        if (getpeername(descriptor, (struct sockaddr *)&address, &size) != 0)
            continue;
        const struct sockaddr_in *v4 = (const void *)&address;
        const struct sockaddr_in6 *v6 = (const void *)&address;
        int to = address.ss_family == AF_INET ? ntohs(v4->sin_port) : address.ss_family == AF_INET6 ? ntohs(v6->sin6_port) : 0;
        count += to == port && !(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
    }
    return count;
}

static void welcomes(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_wait_end(peer);
}

static void no_connection_is_inherited(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        const cf_peer_tls *tls;
    } ways[] = {{"ws://127.0.0.1:%d", NULL}, {"ws://localhost:%d", NULL}, {"wss://127.0.0.1:%d", &secure}};
    for (size_t i = 0; i < COUNT(ways); i++) {
        cf_peer peer;
        cf_journal journal;
        centrifuge_options options;
        char url[64];
        peer_start(&peer, welcomes, NULL, ways[i].tls);
        quick_options(&options, &peer);
        snprintf(url, sizeof url, ways[i].format, peer.port);
        options.url = url;
        options.tls_ca_file = FILES "ca.pem";
        make_client(&options, &journal);
        OK(centrifuge_client_connect(journal.client));
        run_until(&journal, "connect c1");
        assert_int_equal(inherited(peer.port), 0);
        end_client(&journal);
        peer_finish(&peer);
    }
}

static void asked_for_a_sign(cf_peer *peer)
{
    peer_read_request(peer);
    atomic_store(&peer->step, 1);
    peer_wait_end(peer);
}

static void no_request_is_inherited(void **state)
{
    (void)state;
    cf_peer peer;
    cf_peer endpoint;
    cf_journal journal;
    centrifuge_options options;
    char url[64];
    peer_start(&peer, welcomes, NULL, NULL);
    peer_start(&endpoint, asked_for_a_sign, NULL, NULL);
    quick_options(&options, &peer);
    snprintf(url, sizeof url, "http://localhost:%d/auth", endpoint.port);
    options.auth_endpoint = url;
    make_client(&options, &journal);
    subscribe(&journal, "$secret");
    OK(centrifuge_client_connect(journal.client));
    while (atomic_load(&endpoint.step) != 1)
        OK(centrifuge_client_wait(journal.client, 10));
    assert_int_equal(inherited(endpoint.port), 0);
    end_client(&journal);
    peer_finish(&endpoint);
    peer_finish(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_a_copy_reaches_the_server),
        cmocka_unit_test(a_child_that_returns_from_a_callback_stops_there),
        cmocka_unit_test(hooks_are_not_called_in_a_child),
        cmocka_unit_test(a_child_may_adopt_the_client),
        cmocka_unit_test(a_childs_copy_of_a_backend_says_no_goodbye),
        cmocka_unit_test(no_connection_is_inherited),
        cmocka_unit_test(no_request_is_inherited),
    };
    return cmocka_run_group_tests(tests, make_certificates, NULL);
}

/*
 * A SockJS connection that ends in each of its states, is copied by fork in each, is driven by ticks, and for which the n-th
 * allocation fails. realloc is ours here (-Wl,--wrap=realloc). What comes by it from the real server is in tests/cli and
 * bindings/node.
 */
#define _POSIX_C_SOURCE 200809L

#include "native/test/support.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* In the client's thread: allocations until one fails; negative: none does. */
static _Thread_local int until_failure = -1;

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_realloc(void *memory, size_t size)
{
    if (until_failure >= 0 && until_failure-- == 0)
        return NULL;
    return __real_realloc(memory, size);
}

/* ---- a server that goes as far as a test wants --------------------------------------- */

enum { ASKED, RECEIVING, OPENED, SENDING, CONNECTED, STATES };

#define INFO "{\"websocket\":true,\"cookie_needed\":false,\"origins\":[\"*:*\"],\"entropy\":1}"
#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

static bool reached(cf_peer *peer, int state)
{
    atomic_store(&peer->step, state + 1);
    return *(const int *)peer->user > state;
}

/* The request that sends comes by a connection of its own. */
static bool accept_beside(cf_peer *peer, int *stream)
{
    *stream = peer->socket;
    peer->socket = -1;
    return peer_read_request(peer);
}

static void swap(cf_peer *peer, int *stream)
{
    int socket = peer->socket;
    peer->socket = *stream;
    *stream = socket;
}

static bool welcome(cf_peer *peer)
{
    char frame[256];
    const char *uid = strstr(peer->text, "\\\"uid\\\":\\\"");
    if (!uid)
        return peer_fail(peer, "no command came: %s", peer->text);
    uid += strlen("\\\"uid\\\":\\\"");
    int size =
        snprintf(frame, sizeof frame,
                 "data: a[\"{\\\"uid\\\":\\\"%.*s\\\",\\\"method\\\":\\\"connect\\\",\\\"body\\\":{\\\"client\\\":\\\"c1\\\","
                 "\\\"expires\\\":false}}\"]\r\n\r\n",
                 (int)strcspn(uid, "\\"), uid);
    return peer_send_raw(peer, frame, (size_t)size);
}

static void serve_one(cf_peer *peer, int *stream)
{
    if (!peer_read_request(peer) || !reached(peer, ASKED) || !peer_respond(peer, "200 OK", INFO))
        return;
    if (!peer_read_next_request(peer) || !reached(peer, RECEIVING) || !peer_send_raw(peer, HEAD, strlen(HEAD)) ||
        !peer_send_raw(peer, "data: o\r\n\r\n", 11))
        return;
    if (!reached(peer, OPENED) || !accept_beside(peer, stream) || !reached(peer, SENDING) ||
        !peer_respond(peer, "204 No Content", ""))
        return;
    swap(peer, stream);
    if (welcome(peer))
        reached(peer, CONNECTED);
}

static void serve(cf_peer *peer)
{
    int stream = -1;
    serve_one(peer, &stream);
    peer_wait_end(peer);
    if (stream >= 0)
        close(stream);
}

static void serve_many(cf_peer *peer)
{
    int all = STATES;
    peer->user = &all;
    while (peer->socket >= 0 || !strstr(peer->failure, "nobody connected")) {
        int stream = -1;
        peer->failure[0] = '\0';
        serve_one(peer, &stream);
        if (!peer->failure[0])
            peer_wait_end(peer);
        if (stream >= 0)
            close(stream);
    }
    peer->failure[0] = '\0';
}

/* Its stream lives; what the client sends once it has connected is not answered. */
static void serve_deaf(cf_peer *peer)
{
    static const struct timespec pause = {.tv_nsec = 50000000};
    int all = STATES;
    int sender = -1;
    peer->user = &all;
    serve_one(peer, &sender);
    if (peer->failure[0])
        return;
    while (peer_send_raw(peer, "data: h\r\n\r\n", 11))
        (void)nanosleep(&pause, NULL);
    peer->failure[0] = '\0';
    close(sender);
}

static void sockjs_options(centrifuge_options *options, const cf_peer *peer)
{
    static char url[64];
    quick_options(options, NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/connection", peer->port);
    options->url = url;
    options->transports = "eventsource";
}

/* Connects to a server that goes as far as `state`, which the client has then met. */
static void begin(cf_peer *peer, const int *state, cf_journal *journal)
{
    centrifuge_options options;
    peer_start(peer, serve, (void *)(uintptr_t)state, NULL);
    sockjs_options(&options, peer);
    OK(centrifuge_client_connect(make_client(&options, journal)));
    while (atomic_load(&peer->step) <= *state)
        OK(centrifuge_client_wait(journal->client, 10));
    OK(centrifuge_client_wait(journal->client, 1));
}

/* ---- tests -------------------------------------------------------------------------------- */

static void a_client_may_be_destroyed_in_every_state(void **state)
{
    (void)state;
    for (int goal = ASKED; goal < STATES; goal++) {
        cf_peer peer;
        cf_journal journal;
        begin(&peer, &goal, &journal);
        if (goal == CONNECTED)
            run_until(&journal, "connect c1 eventsource; ");
        OK(centrifuge_client_destroy(journal.client));
        peer_finish(&peer);
    }
}

static void a_client_may_be_disconnected_in_every_state(void **state)
{
    (void)state;
    for (int goal = ASKED; goal < STATES; goal++) {
        cf_peer peer;
        cf_journal journal;
        begin(&peer, &goal, &journal);
        end_client(&journal);
        peer_finish(&peer);
    }
}

static void a_copy_leaves_it_alone_in_every_state(void **state)
{
    (void)state;
    for (int goal = ASKED; goal < STATES; goal++) {
        cf_peer peer;
        cf_journal journal;
        int status;
        begin(&peer, &goal, &journal);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(centrifuge_client_destroy(journal.client) == CENTRIFUGE_ERROR_OK ? 0 : 1);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        if (goal == CONNECTED)
            run_until(&journal, "connect c1 eventsource; ");
        end_client(&journal);
        peer_finish(&peer);
    }
}

static void ticks_drive_it(void **state)
{
    (void)state;
    static const int goal = CONNECTED;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&peer, serve, (void *)(uintptr_t)&goal, NULL);
    sockjs_options(&options, &peer);
    OK(centrifuge_client_connect(make_client(&options, &journal)));
    while (!noted(&journal, "connect c1 eventsource; "))
        OK(centrifuge_client_tick(journal.client));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

static void what_the_server_does_not_take_ends_the_connection(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&peer, serve_deaf, NULL, NULL);
    sockjs_options(&options, &peer);
    options.connect_timeout = 5000;
    OK(centrifuge_client_connect(make_client(&options, &journal)));
    run_until(&journal, "connect c1 eventsource; ");
    (void)subscribe(&journal, "news");
    run_until(&journal, "disconnect ");
    assert_true(noted(&journal, "TIMEOUT"));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

static void on_connected(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    (void)client;
    (void)event;
    note(user, "connected; ");
}

/* False when there were not so many allocations. */
static bool fail_at(const cf_peer *peer, int n)
{
    cf_journal journal = {.client = NULL};
    centrifuge_options options;
    centrifuge_client_events events = {.connect = on_connected};
    sockjs_options(&options, peer);
    until_failure = n;
    centrifuge_error error = centrifuge_client_new(&journal.client, &options);
    if (!error)
        error = centrifuge_client_listen(journal.client, &events, &journal, NULL);
    if (!error)
        error = centrifuge_client_connect(journal.client);
    for (int i = 0; i < 20 && !error && !noted(&journal, "connected"); i++)
        error = centrifuge_client_wait(journal.client, 20);
    bool failed = until_failure < 0;
    until_failure = -1;
    assert_true(failed || noted(&journal, "connected"));
    OK(centrifuge_client_destroy(journal.client));
    return failed;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    cf_peer peer;
    int n = 0;
    peer_start(&peer, serve_many, NULL, NULL);
    while (fail_at(&peer, n))
        n++;
    assert_in_range(n, 10, 2000);
    peer_finish(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_may_be_destroyed_in_every_state),
        cmocka_unit_test(a_client_may_be_disconnected_in_every_state),
        cmocka_unit_test(a_copy_leaves_it_alone_in_every_state),
        cmocka_unit_test(ticks_drive_it),
        cmocka_unit_test(what_the_server_does_not_take_ends_the_connection),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

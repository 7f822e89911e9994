/*
 * Credentials that expire: new ones from an endpoint and from the application, in time and too late.
 */
#define _POSIX_C_SOURCE 200809L

#include "native/test/support.h"

#include <sys/socket.h>

#define NEW_CREDENTIALS "{\"user\":\"u2\",\"timestamp\":\"2\",\"token\":\"t2\",\"info\":\"{}\"}"

typedef struct two_peers {
    cf_peer server;
    cf_peer backend;
    char endpoint[64];
} two_peers;

static void on_log(centrifuge_client *client, const centrifuge_log_event *event, void *user)
{
    (void)client;
    if (event->level >= CENTRIFUGE_LOG_WARNING)
        note(user, "log %s; ", event->text);
}

static void on_refresh_failed(centrifuge_client *client, const centrifuge_refresh_failed_event *event, void *user)
{
    assert_int_equal(centrifuge_client_get_state(client), CENTRIFUGE_CLIENT_DISCONNECTED);
    note(user, "refresh failed after %d; ", (int)event->attempts);
}

static void expiring_options(centrifuge_options *options, const cf_peer *server)
{
    quick_options(options, server);
    options->insecure = false;
    options->user = "u1";
    options->timestamp = "1";
    options->token = "t1";
    options->refresh_interval = 1;
}

static void start_peers(two_peers *peers, peer_script server, peer_script backend, centrifuge_options *options)
{
    peer_start(&peers->server, server, NULL, NULL);
    peer_start(&peers->backend, backend, NULL, NULL);
    expiring_options(options, &peers->server);
    snprintf(peers->endpoint, sizeof peers->endpoint, "http://127.0.0.1:%d/refresh", peers->backend.port);
    options->refresh_endpoint = peers->endpoint;
}

static void finish_peers(two_peers *peers)
{
    peer_finish(&peers->server);
    peer_finish(&peers->backend);
}

static void connect_with_log(const centrifuge_options *options, cf_journal *journal)
{
    static const centrifuge_client_events events = {.log = on_log, .refresh_failed = on_refresh_failed};
    make_client(options, journal);
    OK(centrifuge_client_listen(journal->client, &events, journal, NULL));
    OK(centrifuge_client_connect(journal->client));
}

static void expect_credentials(centrifuge_client *client, const char *expected)
{
    char text[100];
    centrifuge_credentials credentials;
    OK(centrifuge_client_get_credentials(client, &credentials));
    snprintf(text, sizeof text, "%s %s %s %s", credentials.user, credentials.timestamp, credentials.token, credentials.info);
    assert_string_equal(text, expected);
    assert_false(credentials.json);
}

/* ---- servers and backends ---- */

static bool answer_connect(cf_peer *peer, const char *token, const char *body)
{
    return peer_accept(peer) && peer_upgrade(peer) && peer_expect(peer, token) && peer_answer(peer, "connect", body);
}

static void expired(cf_peer *peer)
{
    if (answer_connect(peer, "\"token\":\"t1\"", "{\"client\":\"\",\"expires\":true,\"expired\":true,\"ttl\":0}"))
        peer_wait_end(peer);
}

static void expired_then_good(cf_peer *peer)
{
    expired(peer);
    if (answer_connect(peer, "{\"user\":\"u2\",\"info\":\"{}\",\"timestamp\":\"2\",\"token\":\"t2\"}", "{\"client\":\"c2\"}"))
        peer_wait_end(peer);
}

static void expires_soon(cf_peer *peer)
{
    if (!answer_connect(peer, "\"token\":\"t1\"", "{\"client\":\"c1\",\"expires\":true,\"expired\":false,\"ttl\":1}") ||
        !peer_expect(
            peer, "{\"method\":\"refresh\",\"params\":{\"user\":\"u2\",\"timestamp\":\"2\",\"info\":\"{}\",\"token\":\"t2\"}"))
        return;
    peer_answer(peer, "refresh", "{\"client\":\"c1\",\"expires\":true,\"expired\":false,\"ttl\":600}");
    atomic_store(&peer->step, 1);
    peer_drop(peer);
    if (answer_connect(peer, "\"token\":\"t2\"", "{\"client\":\"c2\"}"))
        peer_wait_end(peer);
}

static void gives_credentials(cf_peer *peer)
{
    if (!peer_expect_request(peer, "{\"session\": 5}"))
        return;
    if (!strstr(peer->head, "POST /refresh?v=%3F HTTP/1.1\r\n") ||
        !strstr(peer->head, "X-Requested-With: XMLHttpRequest\r\n") ||
        !strstr(peer->head, "Content-Type: application/json\r\n") || !strstr(peer->head, "X-Session: 5\r\n"))
        peer_fail(peer, "the request is not as configured: %s", peer->head);
    peer_respond(peer, "200 OK", NEW_CREDENTIALS);
}

static void fails_twice(cf_peer *peer)
{
    for (int i = 0; i < 2; i++)
        if (peer_expect_request(peer, "{}"))
            peer_respond(peer, "500 Internal Server Error", "{}");
}

static void fails_then_gives(cf_peer *peer)
{
    if (peer_expect_request(peer, "{}"))
        peer_respond(peer, "200 OK", "null");
    if (peer_expect_request(peer, "{}"))
        peer_respond(peer, "200 OK", NEW_CREDENTIALS);
}

static void never_answers(cf_peer *peer)
{
    char byte;
    if (!peer_read_request(peer))
        return;
    atomic_store(&peer->step, 1);
    if (recv(peer->socket, &byte, 1, 0) != 0)
        peer_fail(peer, "the request was not given up");
}

/* ---- an endpoint ---- */

static void configure_request(centrifuge_options *options)
{
    static const centrifuge_header headers[] = {{"X-Session", "5"}};
    static const centrifuge_parameter params[] = {{"v", "?"}};
    options->refresh_headers = headers;
    options->refresh_header_count = COUNT(headers);
    options->refresh_params = params;
    options->refresh_param_count = COUNT(params);
    options->refresh_data = "{\"session\": 5}";
}

static void expired_credentials_are_replaced(void **state)
{
    (void)state;
    two_peers peers;
    cf_journal journal;
    centrifuge_options options;
    start_peers(&peers, expired_then_good, gives_credentials, &options);
    configure_request(&options);
    connect_with_log(&options, &journal);
    run_until(&journal, "connect c2");
    assert_int_equal(times_noted(&journal, "disconnect"), 0);
    expect_credentials(journal.client, "u2 2 t2 {}");
    end_client(&journal);
    finish_peers(&peers);
}

/* A program built with an earlier header, whose struct has fewer members. */
static void a_short_struct_of_credentials_is_filled_as_far_as_it_goes(void **state)
{
    (void)state;
    centrifuge_options options;
    cf_journal journal;
    centrifuge_credentials credentials = {.token = "untouched"};
    expiring_options(&options, NULL);
    make_client(&options, &journal);
    expect_credentials(journal.client, "u1 1 t1 ");
    OK(centrifuge_client_get_credentials_sized(journal.client, &credentials, offsetof(centrifuge_credentials, token)));
    assert_string_equal(credentials.timestamp, "1");
    assert_string_equal(credentials.token, "untouched");
    assert_int_equal(centrifuge_client_get_credentials(journal.client, NULL), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    OK(centrifuge_client_destroy(journal.client));
}

static void credentials_are_renewed_in_time(void **state)
{
    (void)state;
    two_peers peers;
    cf_journal journal;
    centrifuge_options options;
    start_peers(&peers, expires_soon, gives_credentials, &options);
    configure_request(&options);
    connect_with_log(&options, &journal);
    run_until(&journal, "connect c2"); /* the later connection has them, too */
    assert_int_equal(atomic_load(&peers.server.step), 1);
    end_client(&journal);
    finish_peers(&peers);
}

static void another_attempt_follows_a_failure(void **state)
{
    (void)state;
    two_peers peers;
    cf_journal journal;
    centrifuge_options options;
    start_peers(&peers, expired_then_good, fails_then_gives, &options);
    connect_with_log(&options, &journal);
    run_until(&journal, "connect c2");
    end_client(&journal);
    finish_peers(&peers);
}

static void attempts_that_are_used_up_end_it(void **state)
{
    (void)state;
    two_peers peers;
    cf_journal journal;
    centrifuge_options options;
    start_peers(&peers, expired, fails_twice, &options);
    options.refresh_attempts = 2;
    connect_with_log(&options, &journal);
    assert_int_equal(centrifuge_client_run(journal.client), CENTRIFUGE_ERROR_DISCONNECTED);
    assert_int_equal(times_noted(&journal, "log refresh_endpoint: the answer has HTTP status 500; "), 2);
    assert_true(noted(&journal, "disconnect 'refresh failed' 0; "));
    assert_int_equal(times_noted(&journal, "refresh failed after 2; "), 1);
    OK(centrifuge_client_destroy(journal.client));
    finish_peers(&peers);
}

static void slow_endpoint_is_a_failure(void **state)
{
    (void)state;
    two_peers peers;
    cf_journal journal;
    centrifuge_options options;
    start_peers(&peers, expired, never_answers, &options);
    options.refresh_timeout = 500;
    options.refresh_attempts = 1;
    connect_with_log(&options, &journal);
    assert_int_equal(centrifuge_client_run(journal.client), CENTRIFUGE_ERROR_DISCONNECTED);
    assert_true(noted(&journal, "refresh failed after 1; "));
    OK(centrifuge_client_destroy(journal.client));
    finish_peers(&peers);
}

static void nobody_to_ask_is_said(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&peer, expired, NULL, NULL);
    expiring_options(&options, &peer);
    connect_with_log(&options, &journal);
    run_until(&journal, "disconnect 'refresh failed' 0; ");
    run_until(&journal, "refresh failed after 0; ");
    assert_true(noted(&journal, "log the credentials could not be refreshed: neither refresh nor refresh_endpoint is set; "));
    end_client(&journal);
    peer_finish(&peer);
}

static void destroy_and_disconnect_give_the_request_up(void **state)
{
    (void)state;
    for (int disconnect = 0; disconnect < 2; disconnect++) {
        two_peers peers;
        cf_journal journal;
        centrifuge_options options;
        start_peers(&peers, expired, never_answers, &options);
        connect_with_log(&options, &journal);
        while (atomic_load(&peers.backend.step) == 0)
            OK(centrifuge_client_wait(journal.client, 10));
        assert_true(centrifuge_client_will_reconnect(journal.client));
        if (disconnect)
            end_client(&journal);
        else
            OK(centrifuge_client_destroy(journal.client));
        finish_peers(&peers);
    }
}

/* ---- the application ---- */

typedef struct asked_application {
    cf_journal journal;
    centrifuge_request request;
    pthread_t thread;
    int asked;
} asked_application;

static void answers_second_time(centrifuge_client *client, centrifuge_request request, void *user)
{
    asked_application *application = user;
    bool first = application->asked++ == 0;
    OK(centrifuge_client_refresh_answer(client, request, first ? NULL : NEW_CREDENTIALS, first ? 0 : strlen(NEW_CREDENTIALS)));
}

static void answer_posted(centrifuge_client *client, void *user)
{
    asked_application *application = user;
    OK(centrifuge_client_refresh_answer(client, application->request, NEW_CREDENTIALS, strlen(NEW_CREDENTIALS)));
}

static void *other_thread(void *user)
{
    asked_application *application = user;
    OK(centrifuge_client_post(application->journal.client, answer_posted, NULL, application));
    return NULL;
}

static void answers_from_a_thread(centrifuge_client *client, centrifuge_request request, void *user)
{
    asked_application *application = user;
    (void)client;
    application->request = request;
    application->asked++;
    assert_int_equal(pthread_create(&application->thread, NULL, other_thread, application), 0);
}

static void disconnects(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    (void)event;
    (void)user;
    OK(centrifuge_client_disconnect(client));
}

/* Runs the library's own loop until it ends by itself. */
static void run_asked(asked_application *application, void (*refresh)(centrifuge_client *, centrifuge_request, void *))
{
    static const centrifuge_client_events events = {.connect = disconnects};
    cf_peer peer;
    centrifuge_options options;
    application->asked = 0;
    peer_start(&peer, expired_then_good, NULL, NULL);
    expiring_options(&options, &peer);
    options.refresh = refresh;
    options.refresh_user = application;
    connect_with_log(&options, &application->journal);
    OK(centrifuge_client_listen(application->journal.client, &events, NULL, NULL));
    OK(centrifuge_client_run(application->journal.client));
    assert_true(noted(&application->journal, "connect c2"));
    OK(centrifuge_client_destroy(application->journal.client));
    peer_finish(&peer);
}

static void application_is_asked_again_after_a_failure(void **state)
{
    (void)state;
    asked_application application;
    run_asked(&application, answers_second_time);
    assert_int_equal(application.asked, 2);
}

static void application_answers_from_another_thread(void **state)
{
    (void)state;
    asked_application application;
    run_asked(&application, answers_from_a_thread);
    assert_int_equal(application.asked, 1);
    pthread_join(application.thread, NULL);
}

/* Credentials of the application's own accord. */
static void configured_credentials_are_used(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&peer, expired_then_good, NULL, NULL);
    expiring_options(&options, &peer);
    options.refresh_attempts = 0;
    connect_with_log(&options, &journal);
    run_until(&journal, "refresh failed after 0; ");
    options.user = "u2";
    options.timestamp = "2";
    options.token = "t2";
    options.info = "{}";
    OK(centrifuge_client_configure(journal.client, &options));
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "connect c2");
    end_client(&journal);
    peer_finish(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expired_credentials_are_replaced),
        cmocka_unit_test(a_short_struct_of_credentials_is_filled_as_far_as_it_goes),
        cmocka_unit_test(credentials_are_renewed_in_time),
        cmocka_unit_test(another_attempt_follows_a_failure),
        cmocka_unit_test(attempts_that_are_used_up_end_it),
        cmocka_unit_test(slow_endpoint_is_a_failure),
        cmocka_unit_test(nobody_to_ask_is_said),
        cmocka_unit_test(destroy_and_disconnect_give_the_request_up),
        cmocka_unit_test(application_is_asked_again_after_a_failure),
        cmocka_unit_test(application_answers_from_another_thread),
        cmocka_unit_test(configured_credentials_are_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Private channels: signs from an endpoint that answers, refuses, is slow or talks nonsense, and from the application; and the
 * batching of commands.
 */
#define _POSIX_C_SOURCE 200809L

#include "native/test/support.h"

#include <poll.h>
#include <sys/socket.h>

#define ASKED(channel)          "{\"client\":\"c1\",\"channels\":[\"" channel "\"]}"
#define FAILED_BY(code, advice) "refused $a " code " 'authorization request failed' '" advice "'; "
#define FAILED                  FAILED_BY("REFUSED", "fix")

/* A server and the application's backend. */
typedef struct two_peers {
    cf_peer server;
    cf_peer backend;
    char endpoint[128];
} two_peers;

static void on_log(centrifuge_client *client, const centrifuge_log_event *event, void *user)
{
    (void)client;
    if (event->level >= CENTRIFUGE_LOG_WARNING)
        note(user, "log %s; ", event->text);
}

static void start_peers(two_peers *peers, peer_script server, peer_script backend, centrifuge_options *options)
{
    peer_start(&peers->server, server, NULL, NULL);
    peer_start(&peers->backend, backend, NULL, NULL);
    quick_options(options, &peers->server);
    snprintf(peers->endpoint, sizeof peers->endpoint, "http://127.0.0.1:%d/auth", peers->backend.port);
    options->auth_endpoint = peers->endpoint;
}

static void finish_peers(two_peers *peers)
{
    peer_finish(&peers->server);
    peer_finish(&peers->backend);
}

static void connect_with_log(const centrifuge_options *options, cf_journal *journal)
{
    static const centrifuge_client_events events = {.log = on_log};
    make_client(options, journal);
    OK(centrifuge_client_listen(journal->client, &events, journal, NULL));
    subscribe(journal, "$a");
    OK(centrifuge_client_connect(journal->client));
}

/* ---- servers ---- */

static bool signed_subscribe(cf_peer *peer, const char *sign)
{
    char part[128];
    snprintf(part, sizeof part, "\"channel\":\"$a\",\"client\":\"c1\",\"info\":\"{}\",\"sign\":\"%s\"", sign);
    return peer_expect(peer, part) && peer_answer(peer, "subscribe", "{\"channel\":\"$a\",\"status\":true}");
}

static void one_subscribe(cf_peer *peer)
{
    if (peer_welcome(peer, "c1") && signed_subscribe(peer, "s1"))
        peer_wait_end(peer);
}

static void no_subscribe(cf_peer *peer)
{
    if (!peer_welcome(peer, "c1"))
        return;
    if (peer_read(peer))
        peer_fail(peer, "the client sent %s", peer->text);
}

/* ---- an endpoint that answers ---- */

static void answers_map(cf_peer *peer)
{
    if (peer_expect_request(peer, ASKED("$a")))
        peer_respond(peer, "200 OK", "{\"$a\":{\"sign\":\"s1\",\"info\":\"{}\"}}");
}

static void answers_array(cf_peer *peer)
{
    if (peer_expect_request(peer, ASKED("$a")))
        peer_respond(peer, "200 OK", "{\"channels\":[{\"channel\":\"$a\",\"sign\":\"s1\",\"info\":\"{}\"}]}");
}

static void check_answer(peer_script server, peer_script backend, void (*change)(centrifuge_options *), const char *part,
                         const char *log)
{
    two_peers peers;
    cf_journal journal;
    centrifuge_options options;
    start_peers(&peers, server, backend, &options);
    if (change)
        change(&options);
    connect_with_log(&options, &journal);
    run_until(&journal, part);
    if (!noted(&journal, log))
        fail_msg("no '%s' in: %s", log, journal.text);
    end_client(&journal);
    finish_peers(&peers);
}

static void both_forms_of_answers_subscribe(void **state)
{
    (void)state;
    check_answer(one_subscribe, answers_map, NULL, "subscribe $a; ", "");
    check_answer(one_subscribe, answers_array, NULL, "subscribe $a; ", "");
}

static bool has_line(cf_peer *peer, const char *line)
{
    return strstr(peer->head, line) || peer_fail(peer, "no '%s' in %s", line, peer->head);
}

static void sees_headers(cf_peer *peer)
{
    if (peer_expect_request(peer, ASKED("$a")) &&
        has_line(peer, "POST /auth?a=1&name%20of=a%26b%2F%C3%A9%2B%27!~*() HTTP/1.1\r\n") &&
        has_line(peer, "X-Requested-With: XMLHttpRequest\r\n") && has_line(peer, "\r\ncontent-type: text/plain\r\n") &&
        has_line(peer, "X-Empty:\r\n") && has_line(peer, "X-Session: 1\r\n") &&
        (!strstr(peer->head, "application/json") || peer_fail(peer, "two content types")) &&
        (!strstr(peer->head, "Expect") || peer_fail(peer, "an Expect header")))
        peer_respond(peer, "200 OK", "{\"$a\":{\"sign\":\"s1\",\"info\":\"{}\"}}");
}

static void headers_and_parameters_arrive(void **state)
{
    (void)state;
    static const centrifuge_header headers[] = {{"X-Session", "1"}, {"X-Empty", ""}, {"content-type", "text/plain"}};
    static const centrifuge_parameter params[] = {{"name of", "a&b/\xc3\xa9+'!~*()"}};
    two_peers peers;
    cf_journal journal;
    centrifuge_options options;
    start_peers(&peers, one_subscribe, sees_headers, &options);
    strcat(peers.endpoint, "?a=1#part");
    options.auth_headers = headers;
    options.auth_header_count = COUNT(headers);
    options.auth_params = params;
    options.auth_param_count = COUNT(params);
    connect_with_log(&options, &journal);
    memset(peers.endpoint, 'x', sizeof peers.endpoint - 1); /* what was given is copied */
    run_until(&journal, "subscribe $a; ");
    end_client(&journal);
    finish_peers(&peers);
}

/* ---- an endpoint that does not ---- */

static void answers_403(cf_peer *peer)
{
    if (peer_read_request(peer))
        peer_respond(peer, "403 Forbidden", "{\"$a\":{\"sign\":\"s1\"}}");
}

static void answers_redirect(cf_peer *peer)
{
    static const char text[] = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
    if (peer_read_request(peer))
        peer_send_raw(peer, text, sizeof text - 1);
}

static void hangs_up(cf_peer *peer)
{
    peer_read_request(peer);
}

static void talks_nonsense(cf_peer *peer)
{
    if (peer_read_request(peer))
        peer_send_raw(peer, "\x16\x03\x01 what?\n", 11);
}

static void answers_text(cf_peer *peer)
{
    if (peer_read_request(peer))
        peer_respond(peer, "200 OK", "<html>{}</html>");
}

static void answers_latin_1(cf_peer *peer)
{
    if (peer_read_request(peer))
        peer_respond(peer, "200 OK", "{\"$a\":{\"sign\":\"s1\",\"info\":\"caf\xe9\"}}");
}

static void answers_too_much(cf_peer *peer)
{
    if (peer_read_request(peer))
        peer_respond(peer, "200 OK", "{\"$a\":{\"sign\":\"s1\",\"info\":\"more than the limit allows\"}}");
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

static void small_answers(centrifuge_options *options)
{
    options->http_answer_size_max = 40;
}

static void little_time(centrifuge_options *options)
{
    options->auth_timeout = 500;
}

static void is_not_asked(cf_peer *peer)
{
    (void)peer;
}

static void endpoint_without_a_server(centrifuge_options *options)
{
    options->auth_endpoint = "http://127.0.0.1:1/auth";
}

static void an_endpoint_that_is_not_there_refuses_nothing(void **state)
{
    (void)state;
    check_answer(no_subscribe, is_not_asked, endpoint_without_a_server, FAILED_BY("NETWORK", "retry"), "log auth_endpoint: ");
}

static void failures_refuse_the_channel(void **state)
{
    (void)state;
    check_answer(no_subscribe, answers_403, NULL, FAILED, "log auth_endpoint: the answer has HTTP status 403; ");
    check_answer(no_subscribe, answers_redirect, NULL, FAILED, "log auth_endpoint: the answer has HTTP status 302; ");
    check_answer(no_subscribe, hangs_up, NULL, FAILED_BY("NETWORK", "fix"), "log auth_endpoint: ");
    check_answer(no_subscribe, talks_nonsense, NULL, FAILED_BY("NETWORK", "fix"), "log auth_endpoint: ");
    check_answer(no_subscribe, answers_latin_1, NULL, FAILED, "log auth_endpoint: the answer is not valid UTF-8; ");
    check_answer(no_subscribe, answers_text, NULL, FAILED, "log auth_endpoint: the answer is not valid JSON; ");
    check_answer(no_subscribe, answers_too_much, small_answers, FAILED,
                 "log auth_endpoint: the answer is larger than the limit 'http_answer_size_max'");
    check_answer(no_subscribe, never_answers, little_time, FAILED_BY("TIMEOUT", "retry"), "");
}

static void is_overloaded_twice(cf_peer *peer)
{
    static const char text[] = "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
    if (peer_read_request(peer))
        peer_send_raw(peer, text, sizeof text - 1);
    if (peer_read_request(peer))
        peer_respond(peer, "429 Too Many Requests", "");
    answers_map(peer);
}

static void an_endpoint_that_is_overloaded_is_asked_again(void **state)
{
    (void)state;
    check_answer(one_subscribe, is_overloaded_twice, NULL, "subscribe $a; ", FAILED_BY("HTTP_STATUS", "retry"));
}

static void no_endpoint(centrifuge_options *options)
{
    options->auth_endpoint = NULL;
}

static void nobody(cf_peer *peer)
{
    (void)peer;
}

static void nobody_to_ask_is_said(void **state)
{
    (void)state;
    check_answer(no_subscribe, nobody, no_endpoint, FAILED, "log auth_endpoint: a private channel needs this option");
}

static void any_address(cf_peer *peer)
{
    if (peer_welcome(peer, "c1") && peer_subscribed(peer, "$a"))
        peer_wait_end(peer);
}

static void another_prefix(centrifuge_options *options)
{
    options->private_channel_prefix = "secret:";
}

static void the_prefix_says_what_is_private(void **state)
{
    (void)state;
    check_answer(any_address, nobody, another_prefix, "subscribe $a; ", "");
}

static void destroy_while_a_request_runs(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        two_peers peers;
        cf_journal journal;
        centrifuge_options options;
        start_peers(&peers, no_subscribe, late ? never_answers : nobody, &options);
        connect_with_log(&options, &journal);
        run_until(&journal, "connect c1");
        while (late && atomic_load(&peers.backend.step) == 0)
            OK(centrifuge_client_wait(journal.client, 10));
        OK(centrifuge_client_destroy(journal.client));
        finish_peers(&peers);
    }
}

static void disconnect_gives_the_request_up(void **state)
{
    (void)state;
    two_peers peers;
    cf_journal journal;
    centrifuge_options options;
    start_peers(&peers, no_subscribe, never_answers, &options);
    connect_with_log(&options, &journal);
    while (atomic_load(&peers.backend.step) == 0)
        OK(centrifuge_client_wait(journal.client, 10));
    end_client(&journal);
    assert_false(noted(&journal, "refused"));
    finish_peers(&peers);
}

/* ---- many at once, in a foreign loop ---- */

#define MANY 30

static void many_subscribes(cf_peer *peer)
{
    if (!peer_welcome(peer, "c1"))
        return;
    for (int i = 0; i < MANY; i++)
        if (!peer_expect(peer, "\"sign\":\"s\"") || !peer_send(peer, "{\"method\":\"ping\"}"))
            return;
    atomic_store(&peer->step, 1);
    peer_wait_end(peer);
}

/* A connection for each. */
static void signs_everything(cf_peer *peer)
{
    int answered = 0;
    while (answered < MANY && peer_read_request(peer)) {
        const char *name = strstr(peer->text, "$");
        char answer[128];
        snprintf(answer, sizeof answer,
                 "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 20\r\n\r\n{\"%.3s\":{\"sign\":\"s\"}}", name);
        peer_send_raw(peer, answer, strlen(answer));
        answered++;
    }
}

typedef struct poll_loop {
    struct pollfd polls[64];
    nfds_t count;
    int64_t timer;
} poll_loop;

static void poll_watch(void *user, centrifuge_socket socket, int events)
{
    poll_loop *loop = user;
    short wanted = (short)((events & CENTRIFUGE_READABLE ? POLLIN : 0) | (events & CENTRIFUGE_WRITABLE ? POLLOUT : 0));
    nfds_t i = 0;
    while (i < loop->count && loop->polls[i].fd != socket)
        i++;
    assert_true(i < COUNT(loop->polls));
    if (!wanted && i < loop->count)
        loop->polls[i] = loop->polls[--loop->count];
    if (!wanted)
        return;
    loop->polls[i] = (struct pollfd){.fd = socket, .events = wanted};
    loop->count += i == loop->count;
}

static void poll_timer(void *user, int64_t milliseconds)
{
    ((poll_loop *)user)->timer = milliseconds;
}

static void poll_turn(poll_loop *loop, centrifuge_client *client)
{
    struct pollfd ready[64];
    int found = poll(loop->polls, loop->count, (int)(loop->timer < 0 || loop->timer > 1000 ? 1000 : loop->timer));
    nfds_t count = loop->count;
    memcpy(ready, loop->polls, sizeof ready);
    if (found == 0 && loop->timer >= 0) {
        loop->timer = -1;
        OK(centrifuge_client_timer_expired(client));
    }
    for (nfds_t i = 0; found > 0 && i < count; i++)
        if (ready[i].revents)
            OK(centrifuge_client_socket_ready(client, ready[i].fd,
                                              (ready[i].revents & ~POLLOUT ? CENTRIFUGE_READABLE : 0) |
                                                  (ready[i].revents & ~POLLIN ? CENTRIFUGE_WRITABLE : 0)));
}

static void many_requests_in_a_foreign_loop(void **state)
{
    (void)state;
    two_peers peers;
    cf_journal journal;
    centrifuge_options options;
    poll_loop loop = {.timer = -1};
    start_peers(&peers, many_subscribes, signs_everything, &options);
    options.loop_watch = poll_watch;
    options.loop_timer = poll_timer;
    options.loop_user = &loop;
    make_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    while (!noted(&journal, "connect c1"))
        poll_turn(&loop, journal.client);
    for (int i = 0; i < MANY; i++) {
        char channel[16];
        snprintf(channel, sizeof channel, "$%02d", i);
        subscribe(&journal, channel);
    }
    for (int i = 0; i < 20000 && atomic_load(&peers.server.step) == 0; i++)
        poll_turn(&loop, journal.client);
    assert_int_equal(atomic_load(&peers.backend.accepted), MANY);
    OK(centrifuge_client_destroy(journal.client));
    assert_int_equal(loop.count, 0);
    assert_true(loop.timer == -1);
    finish_peers(&peers);
}

static void one_request_for(cf_peer *peer)
{
    if (peer_expect_request(peer, "{\"client\":\"c1\",\"channels\":[\"$a\",\"$b\"]}"))
        peer_respond(peer, "200 OK", "{\"$a\":{\"sign\":\"s1\",\"info\":\"{}\"},\"$b\":{\"status\":404}}");
}

static void auth_batching_asks_once(void **state)
{
    (void)state;
    two_peers peers;
    cf_journal journal;
    centrifuge_options options;
    start_peers(&peers, one_subscribe, one_request_for, &options);
    make_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "connect c1");
    OK(centrifuge_client_start_auth_batching(journal.client));
    subscribe(&journal, "$a");
    subscribe(&journal, "$b");
    OK(centrifuge_client_stop_auth_batching(journal.client));
    run_until(&journal, "refused $b REFUSED '404' ''; ");
    run_until(&journal, "subscribe $a; ");
    end_client(&journal);
    finish_peers(&peers);
}

/* ---- the application answers ---- */

#define ANSWER "{\"$a\":{\"sign\":\"s1\",\"info\":\"{}\"}}"

typedef struct asked_application {
    cf_journal journal;
    centrifuge_request request;
    centrifuge_client *client;
    bool asked;
} asked_application;

static void answers_at_once(centrifuge_client *client, centrifuge_request request, centrifuge_bytes body, void *user)
{
    assert_ptr_equal(user, client);
    assert_int_equal(body.size, strlen(ASKED("$a")));
    assert_memory_equal(body.bytes, ASKED("$a"), body.size);
    OK(centrifuge_client_authorize_answer(client, request, ANSWER, strlen(ANSWER)));
    OK(centrifuge_client_authorize_answer(client, request, NULL, 0)); /* answered before: ignored */
}

static void has_none(centrifuge_client *client, centrifuge_request request, centrifuge_bytes body, void *user)
{
    (void)body;
    (void)user;
    assert_int_equal(centrifuge_client_authorize_answer(client, request, NULL, 1), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    OK(centrifuge_client_authorize_answer(client, request, NULL, 0));
}

static void destroys(centrifuge_client *client, centrifuge_request request, centrifuge_bytes body, void *user)
{
    (void)body;
    (void)request;
    (void)user;
    OK(centrifuge_client_destroy(client));
}

static void keeps(centrifuge_client *client, centrifuge_request request, centrifuge_bytes body, void *user)
{
    asked_application *application = user;
    (void)body;
    assert_false(application->asked);
    application->asked = true;
    application->client = client;
    application->request = request;
}

static void asked_at_once(cf_peer *peer, cf_journal *journal,
                          void (*authorize)(centrifuge_client *, centrifuge_request, centrifuge_bytes, void *))
{
    centrifuge_options options;
    quick_options(&options, peer);
    options.authorize = authorize;
    make_client(&options, journal);
    options.authorize_user = journal->client;
    OK(centrifuge_client_configure(journal->client, &options));
    subscribe(journal, "$a");
    OK(centrifuge_client_connect(journal->client));
}

static void application_answers_at_once(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, one_subscribe, NULL, NULL);
    asked_at_once(&peer, &journal, answers_at_once);
    run_until(&journal, "subscribe $a; ");
    end_client(&journal);
    peer_finish(&peer);
}

static void application_has_no_answer(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, no_subscribe, NULL, NULL);
    asked_at_once(&peer, &journal, has_none);
    run_until(&journal, FAILED);
    end_client(&journal);
    peer_finish(&peer);
}

static void application_destroys_when_asked(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, no_subscribe, NULL, NULL);
    asked_at_once(&peer, &journal, destroys);
    assert_int_equal(centrifuge_client_run(journal.client), CENTRIFUGE_ERROR_CLOSED);
    peer_finish(&peer);
}

static void wait_asked(cf_peer *peer, asked_application *application)
{
    centrifuge_options options;
    quick_options(&options, peer);
    application->asked = false;
    options.authorize = keeps;
    options.authorize_user = application;
    make_client(&options, &application->journal);
    subscribe(&application->journal, "$a");
    OK(centrifuge_client_connect(application->journal.client));
    while (!application->asked)
        OK(centrifuge_client_wait(application->journal.client, 100));
}

static void application_answers_later(void **state)
{
    (void)state;
    cf_peer peer;
    asked_application application;
    peer_start(&peer, one_subscribe, NULL, NULL);
    wait_asked(&peer, &application);
    OK(centrifuge_client_tick(application.client));
    OK(centrifuge_client_authorize_answer(application.client, application.request + 1, NULL, 0)); /* none of ours */
    OK(centrifuge_client_authorize_answer(application.client, application.request, ANSWER, strlen(ANSWER)));
    run_until(&application.journal, "subscribe $a; ");
    end_client(&application.journal);
    peer_finish(&peer);
}

static void answer_posted(centrifuge_client *client, void *user)
{
    asked_application *application = user;
    OK(centrifuge_client_authorize_answer(client, application->request, ANSWER, strlen(ANSWER)));
}

static void *other_thread(void *user)
{
    asked_application *application = user;
    assert_int_equal(centrifuge_client_authorize_answer(application->client, application->request, ANSWER, strlen(ANSWER)),
                     CENTRIFUGE_ERROR_WRONG_THREAD);
    OK(centrifuge_client_post(application->client, answer_posted, NULL, application));
    return NULL;
}

static void application_answers_from_another_thread(void **state)
{
    (void)state;
    cf_peer peer;
    asked_application application;
    pthread_t thread;
    peer_start(&peer, one_subscribe, NULL, NULL);
    wait_asked(&peer, &application);
    assert_int_equal(pthread_create(&thread, NULL, other_thread, &application), 0);
    run_until(&application.journal, "subscribe $a; ");
    pthread_join(thread, NULL);
    end_client(&application.journal);
    peer_finish(&peer);
}

/* ---- batching ---- */

static void three_frames(cf_peer *peer)
{
    if (!peer_welcome(peer, "c1") || !peer_subscribed(peer, "news"))
        return;
    if (!peer_expect(peer, "\"data\":1},\"uid\":\"3\"},{") || !strstr(peer->text, "\"data\":2}") || peer->text[0] != '[')
        peer_fail(peer, "not one frame of two: %s", peer->text);
    if (peer_expect(peer, "\"data\":3}") && peer->text[0] != '{')
        peer_fail(peer, "not one command: %s", peer->text);
    if (peer_expect(peer, "\"data\":4}") && peer->text[0] != '{')
        peer_fail(peer, "not one command: %s", peer->text);
    atomic_store(&peer->step, 1);
    peer_wait_end(peer);
}

static void publish(centrifuge_subscription *subscription, const char *data)
{
    OK(centrifuge_subscription_publish(subscription, data, strlen(data), NULL, NULL));
}

static void collected_commands_are_one_frame(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, three_frames, NULL, NULL);
    make_quick_client(&peer, &journal);
    centrifuge_subscription *news = subscribe(&journal, "news");
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "subscribe news; ");
    OK(centrifuge_client_start_batching(journal.client));
    publish(news, "1");
    OK(centrifuge_client_tick(journal.client)); /* collected over turns of the loop */
    publish(news, "2");
    OK(centrifuge_client_flush(journal.client));
    publish(news, "3");
    OK(centrifuge_client_stop_batching(journal.client, true));
    publish(news, "4");
    while (atomic_load(&peer.step) == 0)
        OK(centrifuge_client_wait(journal.client, 10));
    end_client(&journal);
    peer_finish(&peer);
}

static void frame_of_turn(cf_peer *peer)
{
    if (!peer_welcome(peer, "c1") || !peer_subscribed(peer, "news"))
        return;
    if (!peer_expect(peer, "\"data\":1}") || !strstr(peer->text, "\"data\":2}"))
        peer_fail(peer, "not one frame of two: %s", peer->text);
    atomic_store(&peer->step, 1);
    peer_wait_end(peer);
}

static void option_batch_joins_a_turn(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&peer, frame_of_turn, NULL, NULL);
    quick_options(&options, &peer);
    options.batch = true;
    make_client(&options, &journal);
    centrifuge_subscription *news = subscribe(&journal, "news");
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "subscribe news; ");
    publish(news, "1");
    publish(news, "2");
    while (atomic_load(&peer.step) == 0)
        OK(centrifuge_client_wait(journal.client, 10));
    end_client(&journal);
    peer_finish(&peer);
}

/* ---- options ---- */

static void refused_option(const centrifuge_options *options, const char *name)
{
    const char *what = NULL;
    assert_int_equal(centrifuge_options_check(options, &what), CENTRIFUGE_ERROR_INVALID_OPTION);
    assert_string_equal(what, name);
}

static void bad_endpoints_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",           "/centrifuge/auth/",  "localhost/auth", "ftp://localhost/",   "http://", "http:///auth",
        "https://?a", "http://local host/", "http://host/\n", "ws://localhost/auth"};
    centrifuge_options options;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        quick_options(&options, NULL);
        options.auth_endpoint = wrong[i];
        refused_option(&options, "auth_endpoint");
        quick_options(&options, NULL);
        options.refresh_endpoint = wrong[i];
        refused_option(&options, "refresh_endpoint");
    }
    options.refresh_endpoint = "HTTPS://user:word@[::1]:8443";
    OK(centrifuge_options_check(&options, NULL));
}

static void bad_request_options_are_refused(void **state)
{
    (void)state;
    static const centrifuge_header two_lines[] = {{"X", "a\r\nY: b"}};
    static const centrifuge_parameter no_value[] = {{"a", NULL}};
    centrifuge_options good;
    quick_options(&good, NULL);
    centrifuge_options options = good;
    options.auth_headers = two_lines;
    options.auth_header_count = 1;
    refused_option(&options, "auth_headers");
    options = good;
    options.refresh_header_count = 1;
    refused_option(&options, "refresh_headers");
    options = good;
    options.auth_param_count = 1;
    refused_option(&options, "auth_params");
    options = good;
    options.refresh_params = no_value;
    options.refresh_param_count = 1;
    refused_option(&options, "refresh_params");
    options = good;
    options.refresh_data = "{";
    refused_option(&options, "refresh_data");
    options = good;
    options.http_answer_size_max = 0;
    refused_option(&options, "http_answer_size_max");
}

/* One that was built when the options ended with loop_user. */
static void an_older_program_has_the_defaults(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    size_t known = offsetof(centrifuge_options, private_channel_prefix);
    peer_start(&peer, no_subscribe, NULL, NULL);
    memset(&options, 0x55, sizeof options);
    OK(centrifuge_options_default_sized(&options, known));
    assert_int_equal(options.size, known);
    assert_int_equal(((unsigned char *)&options)[known], 0x55);
    options.url = peer_url(&peer);
    options.insecure = true;
    connect_with_log(&options, &journal);
    run_until(&journal, FAILED);
    end_client(&journal);
    peer_finish(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_of_answers_subscribe),
        cmocka_unit_test(headers_and_parameters_arrive),
        cmocka_unit_test(an_endpoint_that_is_not_there_refuses_nothing),
        cmocka_unit_test(failures_refuse_the_channel),
        cmocka_unit_test(an_endpoint_that_is_overloaded_is_asked_again),
        cmocka_unit_test(nobody_to_ask_is_said),
        cmocka_unit_test(the_prefix_says_what_is_private),
        cmocka_unit_test(destroy_while_a_request_runs),
        cmocka_unit_test(disconnect_gives_the_request_up),
        cmocka_unit_test(many_requests_in_a_foreign_loop),
        cmocka_unit_test(auth_batching_asks_once),
        cmocka_unit_test(application_answers_at_once),
        cmocka_unit_test(application_has_no_answer),
        cmocka_unit_test(application_destroys_when_asked),
        cmocka_unit_test(application_answers_later),
        cmocka_unit_test(application_answers_from_another_thread),
        cmocka_unit_test(collected_commands_are_one_frame),
        cmocka_unit_test(option_batch_joins_a_turn),
        cmocka_unit_test(bad_endpoints_are_refused),
        cmocka_unit_test(bad_request_options_are_refused),
        cmocka_unit_test(an_older_program_has_the_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

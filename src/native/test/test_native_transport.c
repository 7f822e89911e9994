/*
 * Connections as they are in the world: refused, silent, cut, hostile, slow.
 */
#define _POSIX_C_SOURCE 200809L

#include "native/test/support.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Connects to a peer that follows the script, waits for `part`, then ends. */
static void check_script(peer_script script, const char *part, cf_journal *journal)
{
    cf_peer peer;
    peer_start(&peer, script, NULL, NULL);
    make_quick_client(&peer, journal);
    subscribe(journal, "news");
    OK(centrifuge_client_connect(journal->client));
    run_until(journal, part);
    end_client(journal);
    peer_finish(&peer);
}

/* ---- attempts that fail ---- */

static void refused_connection_is_tried_again(void **state)
{
    (void)state;
    cf_journal journal;
    centrifuge_options options;
    char url[64];
    quick_options(&options, NULL);
    snprintf(url, sizeof url, "ws://127.0.0.1:%d", peer_unused_port());
    options.url = url;
    make_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    for (int i = 0; i < 300 && times_noted(&journal, "closed NETWORK") < 4; i++)
        OK(centrifuge_client_wait(journal.client, 100));
    assert_true(times_noted(&journal, "closed NETWORK 1006 'connection closed'") >= 4);
    assert_int_equal(times_noted(&journal, "disconnect"), 1);
    assert_true(noted(&journal, "disconnect 'connection closed' 1"));
    end_client(&journal);
}

static void note_cause(centrifuge_client *client, const centrifuge_transport_close_event *event, void *user)
{
    (void)client;
    note(user, "status %d, %s; ", event->http_status, event->detail);
}

/* Nobody answers at `url`; listens to the causes. */
static void begin_to_fail(void (*change)(centrifuge_options *options), const char *format, cf_journal *journal)
{
    static const centrifuge_client_events events = {.transport_close = note_cause};
    centrifuge_options options;
    char url[64];
    quick_options(&options, NULL);
    snprintf(url, sizeof url, format, peer_unused_port());
    options.url = url;
    if (change)
        change(&options);
    OK(centrifuge_client_listen(make_client(&options, journal), &events, journal, NULL));
}

static void set_unknown_proxy(centrifuge_options *options)
{
    options->proxy = "socks9://127.0.0.1:1";
}

static void set_unknown_interface(centrifuge_options *options)
{
    options->interface_name = "no-such-interface";
}

static void what_no_attempt_can_cure_is_the_end(void **state)
{
    (void)state;
    static const struct {
        void (*change)(centrifuge_options *options);
        const char *told;
    } cases[] = {{set_unknown_proxy, "error UNSUPPORTED 'transport could not be opened' 'fix'; "},
                 {set_unknown_interface, "error INVALID_OPTION 'transport could not be opened' 'fix'; "}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        cf_journal journal;
        begin_to_fail(cases[i].change, "ws://127.0.0.1:%d", &journal);
        OK(centrifuge_client_connect(journal.client));
        run_until(&journal, "disconnect 'connection closed' 0; ");
        assert_true(noted(&journal, cases[i].told));
        OK(centrifuge_client_destroy(journal.client));
    }
}

/* None beyond those that are open. */
static struct rlimit forbid_descriptors(void)
{
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(STDIN_FILENO);
    close(next);
    struct rlimit none = {.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    return before;
}

static void a_missing_descriptor_is_told_as_such(void **state)
{
    (void)state;
    static const char *const formats[] = {"ws://127.0.0.1:%d", "ws://localhost:%d", "wss://127.0.0.1:%d"};
    for (size_t i = 0; i < COUNT(formats); i++) {
        cf_journal journal;
        begin_to_fail(NULL, formats[i], &journal);
        struct rlimit before = forbid_descriptors();
        OK(centrifuge_client_connect(journal.client));
        for (int turn = 0; turn < 300 && !noted(&journal, "disconnect"); turn++)
            (void)centrifuge_client_wait(journal.client, 100);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_true(noted(&journal, "closed SYSTEM 1006 'connection closed'; status 0, Too many open files; "));
        assert_true(noted(&journal, "disconnect 'connection closed' 1; ")); /* there may be some later */
        end_client(&journal);
    }
}

/* In every form of an address, whoever connects. */
static void nobody_listens_there_is_told_of_every_address(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        const char *told;
    } addresses[] = {
        {"ws://127.0.0.1:%d", "closed NETWORK"},          {"ws://[::1]:%d", "closed NETWORK"},
        {"ws://localhost:%d", "closed NETWORK"},          {"ws://[::ffff:127.0.0.1]:%d", "closed NETWORK"},
        {"ws://user@127.0.0.1:%d/x?y", "closed NETWORK"},
    };
    for (size_t i = 0; i < COUNT(addresses); i++) {
        cf_journal journal;
        centrifuge_options options;
        char url[64];
        quick_options(&options, NULL);
        snprintf(url, sizeof url, addresses[i].format, peer_unused_port());
        options.url = url;
        make_client(&options, &journal);
        OK(centrifuge_client_connect(journal.client));
        run_until(&journal, addresses[i].told);
        end_client(&journal);
    }
}

static void unknown_name_is_tried_again(void **state)
{
    (void)state;
    cf_journal journal;
    centrifuge_options options;
    quick_options(&options, NULL);
    options.url = "ws://nobody.invalid";
    make_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "closed NETWORK");
    assert_true(centrifuge_client_will_reconnect(journal.client));
    end_client(&journal);
}

static void destroy_while_a_name_is_resolved(void **state)
{
    (void)state;
    cf_journal journal;
    centrifuge_options options;
    quick_options(&options, NULL);
    options.url = "ws://nobody.invalid";
    for (int turns = 1; turns < 6; turns++) {
        make_client(&options, &journal);
        OK(centrifuge_client_connect(journal.client));
        for (int i = 0; i < turns; i++)
            OK(centrifuge_client_tick(journal.client));
        OK(centrifuge_client_destroy(journal.client));
    }
}

static void answers_404(cf_peer *peer)
{
    static const char text[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    if (peer_accept(peer) && peer_read_head(peer))
        peer_send_raw(peer, text, sizeof text - 1);
    peer_welcome(peer, "c2");
    peer_wait_end(peer);
}

static void http_status_is_told_and_tried_again(void **state)
{
    (void)state;
    cf_journal journal;
    check_script(answers_404, "connect c2", &journal);
    assert_true(noted(&journal, "closed HTTP_STATUS"));
}

/* The peer's `user` is what it answers. */
static void refuses_upgrade(cf_peer *peer)
{
    if (peer_accept(peer) && peer_read_head(peer))
        peer_send_raw(peer, peer->user, strlen(peer->user));
    peer_drop(peer);
}

static void note_log(centrifuge_client *client, const centrifuge_log_event *event, void *user)
{
    (void)client;
    note(user, "log %s; ", event->text);
}

/* What a client tells of an attempt that is answered so. */
static void hear_refusal(const char *answer, cf_journal *journal)
{
    static const centrifuge_client_events events = {.transport_close = note_cause, .log = note_log};
    cf_peer peer;
    peer_start(&peer, refuses_upgrade, (void *)(uintptr_t)answer, NULL);
    OK(centrifuge_client_listen(make_quick_client(&peer, journal), &events, journal, NULL));
    OK(centrifuge_client_connect(journal->client));
    run_until(journal, "log next attempt to connect in ");
    OK(centrifuge_client_destroy(journal->client));
    peer_finish(&peer);
}

static void the_status_of_a_refused_upgrade_is_a_number(void **state)
{
    (void)state;
    static const int statuses[] = {200, 400, 401, 403, 404, 429, 500, 503};
    cf_journal journal;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        char answer[64];
        char told[80];
        snprintf(answer, sizeof answer, "HTTP/1.1 %d Whatever\r\n\r\n", statuses[i]);
        snprintf(told, sizeof told, "status %d, the server answered with HTTP status %d; ", statuses[i], statuses[i]);
        hear_refusal(answer, &journal);
        assert_true(noted(&journal, told));
    }
    hear_refusal("SSH-2.0-OpenSSH\r\n", &journal);
    assert_true(noted(&journal, "status 0, the answer is not HTTP/1.1; "));
}

/* The pauses of a quick client are a tenth of a second and less. */
static void retry_after_is_heeded(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n\r\n",
        "HTTP/1.1 429 Busy\r\nretry-after:7\r\n\r\n",
        "HTTP/1.1 503 Busy\r\nRetry-After: 007 \r\n\r\n",
    };
    cf_journal journal;
    for (size_t i = 0; i < COUNT(answers); i++) {
        hear_refusal(answers[i], &journal);
        assert_true(noted(&journal, "log next attempt to connect in 7000 ms; "));
    }
    hear_refusal("HTTP/1.1 503 Busy\r\nRetry-After: 100000\r\n\r\n", &journal);
    assert_true(noted(&journal, "log next attempt to connect in 60000 ms; "));
    hear_refusal("HTTP/1.1 503 Busy\r\nRetry-After: 99999999999999999999999999\r\n\r\n", &journal);
    assert_true(noted(&journal, "log next attempt to connect in 60000 ms; "));
    /* as late as a time_t of 32 bits can be told */
    hear_refusal("HTTP/1.1 503 Busy\r\nRetry-After: Thu, 31 Dec 2037 23:59:59 GMT\r\n\r\n", &journal);
    assert_true(noted(&journal, "log next attempt to connect in 60000 ms; "));
}

static void a_retry_after_that_says_nothing_is_none(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 503 Busy\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n",
        "HTTP/1.1 503 Busy\r\nRetry-After: -7\r\n\r\n",
        "HTTP/1.1 503 Busy\r\nRetry-After: 7s\r\n\r\n",
        "HTTP/1.1 503 Busy\r\nRetry-After: soon\r\n\r\n",
        "HTTP/1.1 503 Busy\r\nRetry-After:\r\n\r\n",
        "HTTP/1.1 503 Busy\r\nRetry-After: Fri, 99 Nil 2199 23:59:59 GMT\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nRetry-After: 7\r\n\r\n",
    };
    cf_journal journal;
    for (size_t i = 0; i < COUNT(answers); i++) {
        hear_refusal(answers[i], &journal);
        const char *pause = strstr(journal.text, "log next attempt to connect in ");
        assert_in_range(strtol(pause + strlen("log next attempt to connect in "), NULL, 10), 10, 999);
    }
}

static void bad_upgrade(cf_peer *peer)
{
    static const char text[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";
    if (peer_accept(peer) && peer_read_head(peer))
        peer_send_raw(peer, text, sizeof text - 1);
    peer_welcome(peer, "c2");
    peer_wait_end(peer);
}

static void wrong_accept_key_is_refused(void **state)
{
    (void)state;
    cf_journal journal;
    check_script(bad_upgrade, "connect c2", &journal);
    assert_true(noted(&journal, "closed PROTOCOL"));
}

static void drops_in_every_phase(cf_peer *peer)
{
    peer_accept(peer);
    peer_drop(peer);
    if (peer_accept(peer))
        peer_read_head(peer);
    peer_send_raw(peer, "HTTP/1.1 101 Swi", 16);
    peer_drop(peer);
    if (peer_accept(peer))
        peer_upgrade(peer);
    peer_reset(peer);
    peer_welcome(peer, "c1");
    peer_drop(peer);
    peer_welcome(peer, "c2");
    peer_subscribed(peer, "news");
    peer_reset(peer);
    peer_welcome(peer, "c3");
    peer_subscribed(peer, "news");
    peer_wait_end(peer);
}

static void closes_with_codes(cf_peer *peer)
{
    static const uint16_t codes[] = {1000, 1012, 4999};
    for (size_t i = 0; i < COUNT(codes); i++) {
        peer_welcome(peer, "c1");
        peer_close_frame(peer, codes[i], "why");
        peer_wait_end(peer);
    }
    peer_welcome(peer, "c1");
    peer_send_frame(peer, 8, "", 0);
    peer_wait_end(peer);
    peer_welcome(peer, "c1");
    peer_drop(peer);
    peer_welcome(peer, "c2");
    peer_wait_end(peer);
}

static void refuses_a_size(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_close_frame(peer, 1009, "");
    peer_wait_end(peer);
    peer_welcome(peer, "c2");
    peer_wait_end(peer);
}

static void a_close_with_1009_is_an_error_that_is_told(void **state)
{
    (void)state;
    cf_journal journal;
    check_script(refuses_a_size, "connect c2", &journal);
    assert_true(noted(&journal, "error LIMIT_FRAME_SIZE 'message too large for the server' 'fix'; closed OK 1009 "));
}

static void the_code_of_a_close_is_told(void **state)
{
    (void)state;
    cf_journal journal;
    check_script(closes_with_codes, "connect c2", &journal);
    const char *at = journal.text;
    static const char *const told[] = {"closed OK 1000 'why' why; ", "closed OK 1012 ", "closed OK 4999 ", "closed OK 1005 ",
                                       "closed NETWORK 1006 ",       "closed OK 1005 "};
    for (size_t i = 0; i < COUNT(told); i++) {
        at = strstr(at, "closed ");
        assert_non_null(at);
        assert_int_equal(strncmp(at, told[i], strlen(told[i])), 0);
        at++;
    }
}

static void connections_cut_anywhere_come_back(void **state)
{
    (void)state;
    cf_journal journal;
    check_script(drops_in_every_phase, "connect c3 raw-websocket; subscribe news again", &journal);
    assert_true(noted(&journal, "connect c2 raw-websocket; subscribe news; closed NETWORK"));
    assert_int_equal(times_noted(&journal, "'connection closed'; "), 6); /* five cut, one closed by end_client */
}

/* Takes the connection and says nothing. */
static void silent(cf_peer *peer)
{
    peer_accept(peer);
    peer_read_head(peer);
    if (peer_read_frame(peer) >= 0)
        peer_fail(peer, "a frame came before the upgrade");
    peer_welcome(peer, "c2");
    peer_wait_end(peer);
}

static void silent_server_is_given_up(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&peer, silent, NULL, NULL);
    quick_options(&options, &peer);
    options.connect_timeout = 1000; /* that of the second attempt, too */
    make_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "connect c2");
    end_client(&journal);
    peer_finish(&peer);
    assert_true(noted(&journal, "closed TIMEOUT"));
}

static void falls_silent(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_expect(peer, "\"method\":\"ping\"");
    peer_wait_end(peer);
}

static void peer_that_fell_silent_is_given_up_after_the_pong_wait(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&peer, falls_silent, NULL, NULL);
    quick_options(&options, &peer);
    options.ping_interval = 30;
    options.pong_wait_timeout = 50;
    make_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "disconnect 'no ping' 1");
    end_client(&journal);
    peer_finish(&peer);
}

/* ---- closes ---- */

static void closes_with_advice(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_close_frame(peer, 3000, "{\"reason\":\"slow\",\"reconnect\":true}");
    if (peer_read_frame(peer) != 8 || peer->close_code != 3000)
        peer_fail(peer, "no close frame in answer, code %d", peer->close_code);
    peer_welcome(peer, "c2");
    peer_subscribed(peer, "news");
    peer_close_frame(peer, 3000, "{\"reason\":\"invalid token\",\"reconnect\":false}");
    peer_wait_end(peer);
}

static void advice_of_a_close_is_followed(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, closes_with_advice, NULL, NULL);
    make_quick_client(&peer, &journal);
    subscribe(&journal, "news");
    OK(centrifuge_client_connect(journal.client));
    assert_int_equal(centrifuge_client_run(journal.client), CENTRIFUGE_ERROR_DISCONNECTED);
    assert_true(noted(&journal, "disconnect 'slow' 1"));
    assert_true(noted(&journal, "disconnect 'invalid token' 0"));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
}

/* Never closes by itself: the client must not wait for it for long. */
static void ignores_goodbye(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_wait_end(peer);
    if (peer->close_code != 1000 || peer_read_frame(peer) >= 0)
        peer_fail(peer, "close code %d", peer->close_code);
}

static void goodbye_is_waited_for_only_so_long(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, ignores_goodbye, NULL, NULL);
    make_quick_client(&peer, &journal);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "connect c1");
    OK(centrifuge_client_disconnect(journal.client));
    OK(centrifuge_client_run(journal.client));
    peer_finish(&peer); /* it has seen the end although the client lives on */
    OK(centrifuge_client_destroy(journal.client));
}

/* ---- frames ---- */

static void in_pieces(cf_peer *peer)
{
    static const char message[] = "{\"method\":\"message\",\"body\":{\"uid\":\"u1\",\"channel\":\"news\",\"data\":1}}";
    struct timespec pause = {.tv_nsec = 2000000};
    char frame[256] = {(char)0x81, (char)(sizeof message - 1)};
    memcpy(frame + 2, message, sizeof message - 1);
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    for (size_t i = 0; i < sizeof message + 1; i++) {
        peer_send_raw(peer, frame + i, 1);
        if (i % 16 == 0)
            nanosleep(&pause, NULL);
    }
    /* a fragmented one with a ping between its parts */
    const size_t half = 20;
    char first[32] = {0x01, (char)half};
    char last[256] = {(char)0x80, (char)(sizeof message - 1 - half)};
    memcpy(first + 2, message, half);
    memcpy(last + 2, message + half, sizeof message - 1 - half);
    peer_send_raw(peer, first, half + 2);
    peer_send_frame(peer, 9, "are you there", 13);
    peer_send_raw(peer, last, sizeof message - 1 - half + 2);
    if (peer_read_frame(peer) != 10 || strcmp(peer->text, "are you there") != 0)
        peer_fail(peer, "no pong");
    peer_wait_end(peer);
}

static void pieces_are_put_together_and_pings_answered(void **state)
{
    (void)state;
    cf_journal journal;
    check_script(in_pieces, "message news 1 u1 ; message news 1 u1 ;", &journal);
}

/* Each of these must end the connection, with the close code given; the next connection is good. */
typedef struct hostile {
    const char *bytes;
    size_t size;
    uint16_t code;
    const char *error;
} hostile;

static const hostile hostiles[] = {
    {"\x81\x85mask12345", 11, 1002, "PROTOCOL"}, /* masked by a server */
    {"\xc1\x01x", 3, 1002, "PROTOCOL"},          /* reserved bit */
    {"\x83\x01x", 3, 1002, "PROTOCOL"},          /* unknown opcode */
    {"\x80\x01x", 3, 1002, "PROTOCOL"},          /* continues nothing */
    {"\x09\x01x", 3, 1002, "PROTOCOL"},          /* fragmented ping */
    {"\x89\x7e\x00\x7e", 4, 1002, "PROTOCOL"},   /* ping too long */
    {"\x81\x02\xc3\x28", 4, 1007, "PROTOCOL"},   /* not UTF-8 */
    {"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10, 1009, "LIMIT_MESSAGE_SIZE"},
    {"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x01", 10, 1009, "LIMIT_MESSAGE_SIZE"},
};

static void hostile_frames(cf_peer *peer)
{
    for (size_t i = 0; i < COUNT(hostiles); i++) {
        peer_welcome(peer, "bad");
        peer_send_raw(peer, hostiles[i].bytes, hostiles[i].size);
        peer->close_code = 0;
        peer_wait_end(peer);
        if (peer->close_code != hostiles[i].code)
            peer_fail(peer, "hostile frame %zu: close code %d", i, peer->close_code);
    }
    peer_welcome(peer, "good");
    peer_wait_end(peer);
}

static void hostile_frames_end_the_connection_only(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&peer, hostile_frames, NULL, NULL);
    quick_options(&options, &peer);
    options.message_size_max = 65536;
    make_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "connect good");
    end_client(&journal);
    peer_finish(&peer);
    const char *at = journal.text;
    for (size_t i = 0; i < COUNT(hostiles); i++) {
        char part[64];
        snprintf(part, sizeof part, "closed %s", hostiles[i].error);
        at = strstr(at, "closed ");
        assert_non_null(at);
        assert_memory_equal(at, part, strlen(part));
        at += strlen(part);
    }
}

static void bad_json(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_send(peer, "{\"method\":");
    peer_send(peer, "{\"method\":\"message\",\"body\":{\"uid\":\"u1\",\"channel\":\"news\",\"data\":1}}");
    peer_wait_end(peer);
}

static void bad_json_is_skipped(void **state)
{
    (void)state;
    cf_journal journal;
    check_script(bad_json, "message news 1 u1", &journal);
    assert_int_equal(times_noted(&journal, "connect c1"), 1);
}

#define BIG ((size_t)4 << 20)

/* A megabyte each way, and a reader that sleeps while the client sends. */
static void big_messages(cf_peer *peer)
{
    struct timespec pause = {.tv_nsec = 50000000};
    char *text = malloc(BIG + 128);
    int size = snprintf(text, 128, "{\"method\":\"message\",\"body\":{\"uid\":\"u1\",\"channel\":\"news\",\"data\":\"");
    memset(text + size, 'x', BIG);
    memcpy(text + size + BIG, "\"}}", 4);
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    nanosleep(&pause, NULL);
    peer_expect(peer, "publish");
    if (peer->text_size < BIG || strspn(strstr(peer->text, "yyyy"), "y") != BIG)
        peer_fail(peer, "the published message is damaged");
    peer_answer(peer, "publish", "{\"channel\":\"news\",\"status\":true}");
    peer_send(peer, text);
    free(text);
    peer_wait_end(peer);
}

static void on_big(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    note(user, "big %zu; ", message->data.size);
}

static void check_big(const cf_peer_tls *tls)
{
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    centrifuge_subscription *subscription;
    peer_start(&peer, big_messages, NULL, tls);
    quick_options(&options, &peer);
    options.frame_size_max = SIZE_MAX;
    options.tls_ca_file = tls ? tls->certificate : NULL;
    make_client(&options, &journal);
    const centrifuge_subscription_events events = {.message = on_big};
    OK(centrifuge_client_subscribe(journal.client, "news", &events, &journal, &subscription));
    char *data = malloc(BIG + 2);
    memset(data, 'y', BIG + 2);
    data[0] = data[BIG + 1] = '"';
    OK(centrifuge_subscription_publish(subscription, data, BIG + 2, journal_result, &journal));
    free(data);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "big 4194306");
    end_client(&journal);
    peer_finish(&peer);
    assert_int_equal(journal.done, 1);
    assert_true(noted(&journal, "OK  ; "));
}

static void big_messages_pass_both_ways(void **state)
{
    (void)state;
    check_big(NULL);
}

static void never_reads(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    while (atomic_load(&peer->step) == 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void queue_of_a_peer_that_never_reads_is_bounded(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    char data[8192];
    memset(data, '1', sizeof data);
    peer_start(&peer, never_reads, NULL, NULL);
    quick_options(&options, &peer);
    options.queue_size_max = 65536;
    make_client(&options, &journal);
    centrifuge_subscription *subscription = subscribe(&journal, "news");
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "subscribe news");
    bool refused = false;
    for (int i = 0; i < 100000 && !refused && !noted(&journal, "closed"); i++) {
        refused = centrifuge_subscription_publish(subscription, data, sizeof data, NULL, NULL) == CENTRIFUGE_ERROR_LIMIT_QUEUE;
        OK(centrifuge_client_tick(journal.client));
    }
    assert_true(refused || noted(&journal, "closed LIMIT_QUEUE"));
    atomic_store(&peer.step, 1);
    end_client(&journal);
    peer_finish(&peer);
}

/* ---- the clock ---- */

static void busy_peer(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    while (atomic_load(&peer->step) == 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    peer_send(peer, "{\"method\":\"ping\",\"uid\":\"9\",\"body\":null}");
    atomic_store(&peer->step, 2);
    peer_wait_end(peer);
}

/*
 * The loop stands still for longer than every limit while a sign of life lies in the socket: as after a sleep of the machine.
 */
static void late_timers_read_the_socket_before_they_judge(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&peer, busy_peer, NULL, NULL);
    quick_options(&options, &peer);
    options.ping_interval = 40;
    options.pong_wait_timeout = 300;
    make_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "connect c1");
    nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL);
    OK(centrifuge_client_tick(journal.client)); /* the ping goes out */
    nanosleep(&(struct timespec){.tv_nsec = 350000000}, NULL);
    atomic_store(&peer.step, 1);
    while (atomic_load(&peer.step) != 2)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    OK(centrifuge_client_tick(journal.client));
    assert_false(noted(&journal, "disconnect"));
    end_client(&journal);
    peer_finish(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_connection_is_tried_again),
        cmocka_unit_test(nobody_listens_there_is_told_of_every_address),
        cmocka_unit_test(unknown_name_is_tried_again),
        cmocka_unit_test(destroy_while_a_name_is_resolved),
        cmocka_unit_test(what_no_attempt_can_cure_is_the_end),
        cmocka_unit_test(a_missing_descriptor_is_told_as_such),
        cmocka_unit_test(http_status_is_told_and_tried_again),
        cmocka_unit_test(the_status_of_a_refused_upgrade_is_a_number),
        cmocka_unit_test(retry_after_is_heeded),
        cmocka_unit_test(a_retry_after_that_says_nothing_is_none),
        cmocka_unit_test(wrong_accept_key_is_refused),
        cmocka_unit_test(the_code_of_a_close_is_told),
        cmocka_unit_test(a_close_with_1009_is_an_error_that_is_told),
        cmocka_unit_test(connections_cut_anywhere_come_back),
        cmocka_unit_test(silent_server_is_given_up),
        cmocka_unit_test(peer_that_fell_silent_is_given_up_after_the_pong_wait),
        cmocka_unit_test(advice_of_a_close_is_followed),
        cmocka_unit_test(goodbye_is_waited_for_only_so_long),
        cmocka_unit_test(pieces_are_put_together_and_pings_answered),
        cmocka_unit_test(hostile_frames_end_the_connection_only),
        cmocka_unit_test(bad_json_is_skipped),
        cmocka_unit_test(big_messages_pass_both_ways),
        cmocka_unit_test(queue_of_a_peer_that_never_reads_is_bounded),
        cmocka_unit_test(late_timers_read_the_socket_before_they_judge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

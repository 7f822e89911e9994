/*
 * The opening request and the answer to it: what an address and headers become, and which answers are taken.
 */
#define _GNU_SOURCE /* asprintf, setenv */

#include "native/test/support.h"
#include "ws/handshake.h"

/* ---- a client whose address is "ws://" `before` host ':' port `behind` ---- */

static void address_options(centrifuge_options *options, const cf_peer *peer, const char *before, const char *behind)
{
    static char url[256];
    snprintf(url, sizeof url, "ws://%s:%d%s", before, peer->port, behind);
    quick_options(options, peer);
    options->url = url;
}

/* Connects and ends. `options` has the address of the peer, which welcomes once. */
static void connect_once(const centrifuge_options *options, cf_peer *peer)
{
    cf_journal journal;
    make_client(options, &journal);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "connect c1");
    end_client(&journal);
    peer_finish(peer);
}

static void welcomes(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_wait_end(peer);
}

static void expect_in_head(const cf_peer *peer, const char *line, size_t times)
{
    size_t found = 0;
    for (const char *at = peer->head; (at = strstr(at, line)) != NULL; at += strlen(line))
        found++;
    if (found != times)
        fail_msg("%zu times '%s' in: %s", found, line, peer->head);
}

static void every_part_of_an_address_arrives_where_it_belongs(void **state)
{
    (void)state;
    static const char *const hosts[] = {"joe:p%40ss@127.0.0.1", "joe:p%40ss@localhost"}; /* by the system, by libcurl */
    for (size_t i = 0; i < COUNT(hosts); i++) {
        cf_peer peer;
        char host[64];
        centrifuge_options options;
        peer_start(&peer, welcomes, NULL, NULL);
        address_options(&options, &peer, hosts[i], "/\xc3\xa9/?token=abc#part");
        connect_once(&options, &peer);
        snprintf(host, sizeof host, "\r\nHost: %s:%d\r\n", strchr(hosts[i], '@') + 1, peer.port);
        expect_in_head(&peer, "GET /%C3%A9/connection/websocket?token=abc HTTP/1.1\r\n", 1);
        expect_in_head(&peer, host, 1);
        expect_in_head(&peer, "\r\nAuthorization: Basic am9lOnBAc3M=\r\n", 1);
    }
}

static void own_headers_take_the_place_of_ours(void **state)
{
    (void)state;
    static const centrifuge_header headers[] = {{"host", "other.example"}, {"authorization", "Bearer 1"}};
    cf_peer peer;
    centrifuge_options options;
    peer_start(&peer, welcomes, NULL, NULL);
    address_options(&options, &peer, "joe:secret@127.0.0.1", "");
    options.headers = headers;
    options.header_count = COUNT(headers);
    connect_once(&options, &peer);
    expect_in_head(&peer, "\r\nHost: other.example\r\n", 1);
    expect_in_head(&peer, "127.0.0.1", 0);
    expect_in_head(&peer, "\r\nauthorization: Bearer 1\r\n", 1);
    expect_in_head(&peer, "Basic", 0);
}

/* ---- answers ---- */

/* Welcomes, with `user` put in front of the last line of the head. */
static void answers_with(cf_peer *peer)
{
    static const char last[] = "Upgrade: websocket\r\n";
    char *head = NULL;
    if (!peer_accept(peer) || !peer_read_head(peer))
        return;
    const char *key = strstr(peer->head, "Sec-WebSocket-Key: ");
    char accept[CF_WS_ACCEPT_SIZE];
    cf_ws_accept_key((cf_bytes){key + 19, CF_WS_KEY_SIZE}, accept);
    int size = asprintf(&head, "%sConnection: Upgrade\r\nSec-WebSocket-Accept: %.*s\r\n%s\r\n", (const char *)peer->user,
                        (int)sizeof accept, accept, last);
    peer_send_raw(peer, head, (size_t)size);
    free(head);
    peer_read(peer);
    peer_answer(peer, "connect", "{\"client\":\"c1\",\"expires\":false,\"expired\":false,\"ttl\":0}");
    peer_wait_end(peer);
}

static void heads_in_front_of_the_answer_are_skipped(void **state)
{
    (void)state;
    static char head[] = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n";
    cf_peer peer;
    centrifuge_options options;
    peer_start(&peer, answers_with, head, NULL);
    quick_options(&options, &peer);
    connect_once(&options, &peer);
}

static void a_subprotocol_that_was_asked_for_is_taken(void **state)
{
    (void)state;
    static char head[] = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol: b\r\n";
    cf_peer peer;
    centrifuge_options options;
    peer_start(&peer, answers_with, head, NULL);
    quick_options(&options, &peer);
    options.headers = &(centrifuge_header){"Sec-WebSocket-Protocol", "a, b"};
    options.header_count = 1;
    connect_once(&options, &peer);
}

static void on_log(centrifuge_client *client, const centrifuge_log_event *event, void *user)
{
    (void)client;
    note(user, "log %d %s; ", event->level, event->text);
}

/* With what it writes into the log. */
static void make_logging_client(const centrifuge_options *options, cf_journal *journal)
{
    static const centrifuge_client_events log_events = {.log = on_log};
    make_client(options, journal);
    OK(centrifuge_client_listen(journal->client, &log_events, journal, NULL));
}

static void redirect(cf_peer *peer, const char *location)
{
    char text[256];
    int size = snprintf(text, sizeof text, "HTTP/1.1 307 Temporary Redirect\r\n%s\r\n", location);
    if (peer_accept(peer) && peer_read_head(peer))
        peer_send_raw(peer, text, (size_t)size);
    peer_wait_end(peer);
}

static void redirects(cf_peer *peer)
{
    redirect(peer, "Location: https://joe:secret@other.example/a?token=secret\r\n");
}

static void redirects_with_a_fragment(cf_peer *peer)
{
    redirect(peer, "Location: https://other.example/a#secret\r\n");
}

static void redirects_to_a_quoted_password(cf_peer *peer)
{
    redirect(peer, "Location: https://joe:secret\"secret@other.example/a\r\n");
}

static void redirects_to_what_is_no_text(cf_peer *peer)
{
    redirect(peer, "Location: https://other.example/\xe9\x1b[31m\r\n");
}

static void redirects_to_nowhere(cf_peer *peer)
{
    redirect(peer, "");
}

static void check_redirect(peer_script script, const char *place)
{
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&peer, script, NULL, NULL);
    quick_options(&options, &peer);
    make_logging_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    assert_int_equal(centrifuge_client_run(journal.client), CENTRIFUGE_ERROR_DISCONNECTED);
    assert_true(noted(&journal, "error INVALID_URL"));
    assert_true(noted(&journal, "'fix'; "));
    assert_true(noted(&journal, "disconnect 'connection closed' 0; "));
    assert_true(noted(&journal, place));
    assert_false(noted(&journal, "secret"));
    OK(centrifuge_client_destroy(journal.client));
    peer_finish(&peer);
    assert_int_equal(atomic_load(&peer.accepted), 1);
}

static void a_redirect_says_where_to_and_is_not_tried_again(void **state)
{
    (void)state;
    check_redirect(redirects, "has to be configured as 'url': https://***@other.example/a; ");
    check_redirect(redirects_with_a_fragment, "'url': https://other.example/a; ");
    check_redirect(redirects_to_a_quoted_password, "'url': https://***@other.example/a; ");
    check_redirect(redirects_to_what_is_no_text, "'url': https://other.example/__[31m; ");
    check_redirect(redirects_to_nowhere, "the server redirects to another address; ");
}

/* ---- proxies ---- */

static void wants_a_password(cf_peer *peer)
{
    static const char text[] = "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
    if (peer_accept(peer) && peer_read_head(peer))
        peer_send_raw(peer, text, sizeof text - 1);
    peer_wait_end(peer);
}

static void a_proxy_that_wants_a_password_names_the_option(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    char proxy[64];
    peer_start(&peer, wants_a_password, NULL, NULL);
    quick_options(&options, &peer);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", peer.port);
    options.url = "ws://server.invalid";
    options.proxy = proxy;
    options.retry = options.max_retry = 1000000;
    make_logging_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "(HTTP status 407): set 'proxy_user'; ");
    end_client(&journal);
    peer_finish(&peer);
}

/* ---- secrets ---- */

static void no_log_shows_the_password_of_a_proxy(void **state)
{
    (void)state;
    static const char *const proxies[] = {
        "socks9://joe:hunter2@127.0.0.1:1",    "joe:hunter2@127.0.0.1:99999",
        "http://joe:hun'ter2@127.0.0.1:99999", "http://joe:hunter2@:1",
        "http://joe:a hunter2@127.0.0.1:x",    "https//joe:hunter2@127.0.0.1:1",
    };
    for (size_t i = 0; i < 2 * COUNT(proxies); i++) {
        cf_journal journal;
        centrifuge_options options;
        quick_options(&options, NULL);
        options.url = "ws://127.0.0.1:1";
        options.retry = 1;
        if (i < COUNT(proxies))
            options.proxy = proxies[i];
        else
            setenv("http_proxy", proxies[i - COUNT(proxies)], 1);
        make_logging_client(&options, &journal);
        OK(centrifuge_client_connect(journal.client));
        run_until(&journal, "closed");
        if (noted(&journal, "hunter2") || noted(&journal, "ter2"))
            fail_msg("a password is told: %s", journal.text);
        end_client(&journal);
        unsetenv("http_proxy");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_of_an_address_arrives_where_it_belongs),
        cmocka_unit_test(own_headers_take_the_place_of_ours),
        cmocka_unit_test(heads_in_front_of_the_answer_are_skipped),
        cmocka_unit_test(a_subprotocol_that_was_asked_for_is_taken),
        cmocka_unit_test(a_redirect_says_where_to_and_is_not_tried_again),
        cmocka_unit_test(a_proxy_that_wants_a_password_names_the_option),
        cmocka_unit_test(no_log_shows_the_password_of_a_proxy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

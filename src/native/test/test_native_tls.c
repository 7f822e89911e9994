/*
 * TLS and proxies. The certificates are made by certificates.sh when the tests begin.
 */
#define _POSIX_C_SOURCE 200809L

#include "native/test/support.h"

#include <arpa/inet.h>
#include <centrifuge/backend.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FILES CERTIFICATES "/"

static const cf_peer_tls server = {FILES "server.pem", FILES "server.key", NULL};
static const cf_peer_tls other_name = {FILES "other.pem", FILES "other.key", NULL};
static const cf_peer_tls self_signed = {FILES "self.pem", FILES "self.key", NULL};
static const cf_peer_tls asks_client = {FILES "server.pem", FILES "server.key", FILES "ca.pem"};

static int make_certificates(void **state)
{
    (void)state;
    return system("'" MAKE_CERTIFICATES "' '" CERTIFICATES "'");
}

static void one_message(cf_peer *peer)
{
    if (peer_welcome(peer, "c1") && peer_subscribed(peer, "news"))
        peer_send(peer, "{\"method\":\"message\",\"body\":{\"uid\":\"u1\",\"channel\":\"news\",\"data\":1}}");
    peer_wait_end(peer);
}

static void failed_handshake(cf_peer *peer)
{
    if (peer_accept(peer) && peer_read_frame(peer) >= 0)
        peer_fail(peer, "the client trusted us");
    else
        peer->failure[0] = '\0';
}

/* Connects with these options; `part` is what must be told. */
static void check(const cf_peer_tls *tls, peer_script script, void (*change)(centrifuge_options *), const char *part)
{
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&peer, script, NULL, tls);
    quick_options(&options, &peer);
    options.tls_ca_file = FILES "ca.pem";
    if (change)
        change(&options);
    make_client(&options, &journal);
    subscribe(&journal, "news");
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, part);
    end_client(&journal);
    peer_finish(&peer);
}

static void own_authority_is_accepted(void **state)
{
    (void)state;
    check(&server, one_message, NULL, "message news 1 u1");
}

static void wrong_host_name_is_refused(void **state)
{
    (void)state;
    check(&other_name, failed_handshake, NULL, "closed TLS");
}

static void unknown_authority_is_refused(void **state)
{
    (void)state;
    check(&self_signed, failed_handshake, NULL, "closed TLS");
}

/* ---- authorities are read once ---- */

static atomic_int reads;

int __real_X509_STORE_load_file(X509_STORE *store, const char *file);
int __wrap_X509_STORE_load_file(X509_STORE *store, const char *file);

int __wrap_X509_STORE_load_file(X509_STORE *store, const char *file)
{
    atomic_fetch_add(&reads, 1);
    return __real_X509_STORE_load_file(store, file);
}

static void drops_twice(cf_peer *peer)
{
    for (int i = 0; i < 2; i++) {
        peer_welcome(peer, "c1");
        peer_drop(peer);
    }
    one_message(peer);
}

static void authorities_are_read_once_for_all_attempts_and_clients(void **state)
{
    (void)state;
    cf_journal journal;
    centrifuge_options options;
    quick_options(&options, NULL);
    options.url = "wss://127.0.0.1:1";
    options.tls_ca_file = FILES "ca.pem";
    make_client(&options, &journal);
    atomic_store(&reads, 0);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "closed NETWORK");
    check(&server, drops_twice, NULL, "message news 1 u1");
    assert_int_equal(atomic_load(&reads), 1);
    end_client(&journal);
}

static void no_authority(centrifuge_options *options)
{
    options->tls_ca_file = NULL;
}

static void system_authorities_do_not_know_ours(void **state)
{
    (void)state;
    check(&server, failed_handshake, no_authority, "closed TLS");
}

static void do_not_verify(centrifuge_options *options)
{
    options->tls_ca_file = NULL;
    options->tls_verify = false;
}

static void verification_can_be_turned_off(void **state)
{
    (void)state;
    check(&self_signed, one_message, do_not_verify, "message news 1 u1");
    check(&other_name, one_message, do_not_verify, "message news 1 u1");
}

static void with_certificate(centrifuge_options *options)
{
    options->tls_certificate = FILES "client.pem";
    options->tls_key = FILES "client.key";
}

static void client_certificate_is_sent(void **state)
{
    (void)state;
    check(&asks_client, one_message, with_certificate, "message news 1 u1");
}

static void missing_client_certificate_is_refused(void **state)
{
    (void)state;
    check(&asks_client, failed_handshake, NULL, "closed ");
}

static void missing_file(centrifuge_options *options)
{
    options->tls_ca_file = FILES "nothing.pem";
}

static void missing_directory(centrifuge_options *options)
{
    options->tls_ca_path = FILES "nothing";
}

static void missing_authorities_are_told(void **state)
{
    (void)state;
    check(&server, failed_handshake, missing_file, "closed INVALID_OPTION");
    check(&server, failed_handshake, missing_directory, "closed INVALID_OPTION");
}

static void with_locked_key(centrifuge_options *options)
{
    options->tls_certificate = FILES "client.pem";
    options->tls_key = FILES "locked.key";
}

static void with_unlocked_key(centrifuge_options *options)
{
    with_locked_key(options);
    options->tls_key_password = "open sesame";
}

/* A terminal has no part in it: who runs the library may not sit there. */
static void a_key_without_its_password_is_told(void **state)
{
    (void)state;
    int terminal[2];
    check(&asks_client, one_message, with_unlocked_key, "message news 1 u1");
    assert_int_equal(pipe(terminal), 0);
    assert_int_equal(write(terminal[1], "open sesame\n", 12), 12);
    close(terminal[1]);
    assert_int_equal(dup2(terminal[0], STDIN_FILENO), STDIN_FILENO);
    close(terminal[0]);
    check(&asks_client, failed_handshake, with_locked_key, "closed INVALID_OPTION");
}

/* ---- much data: partial writes are repeated as TLS libraries want it ---- */

#define BIG ((size_t)6 << 20)

static void slow_reader(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    for (int i = 0; i < 3; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL);
        peer_expect(peer, "publish");
        if (!peer->failure[0] && strspn(strchr(peer->text, 'y'), "y") != BIG)
            peer_fail(peer, "the published message is damaged");
        peer_answer(peer, "publish", "{\"channel\":\"news\",\"status\":true}");
    }
    peer_wait_end(peer);
}

static void big_messages_pass_a_slow_reader(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&peer, slow_reader, NULL, &server);
    quick_options(&options, &peer);
    options.tls_ca_file = FILES "ca.pem";
    options.queue_size_max = SIZE_MAX;
    options.frame_size_max = SIZE_MAX;
    make_client(&options, &journal);
    centrifuge_subscription *subscription = subscribe(&journal, "news");
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "subscribe news");
    char *data = malloc(BIG + 2);
    memset(data, 'y', BIG + 2);
    data[0] = data[BIG + 1] = '"';
    for (int i = 0; i < 3; i++) {
        OK(centrifuge_subscription_publish(subscription, data, BIG + 2, journal_result, &journal));
        OK(centrifuge_client_wait(journal.client, 1)); /* the second is queued while the first is half sent */
    }
    free(data);
    for (int i = 0; i < 3000 && journal.done < 3; i++)
        OK(centrifuge_client_wait(journal.client, 100));
    assert_int_equal(times_noted(&journal, "OK  ; "), 3);
    end_client(&journal);
    peer_finish(&peer);
}

/* ---- proxies ---- */

static int connect_to(int port)
{
    int to = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    if (to >= 0 && connect(to, (struct sockaddr *)&address, sizeof address) == 0)
        return to;
    close(to);
    return -1;
}

/* From the client, who may speak TLS with the proxy. */
static bool relay_in(cf_peer *peer, int to)
{
    char bytes[16384];
    do {
        ssize_t got = peer->tls ? SSL_read(peer->tls, bytes, sizeof bytes) : recv(peer->socket, bytes, sizeof bytes, 0);
        if (got <= 0 || send(to, bytes, (size_t)got, MSG_NOSIGNAL) != got)
            return false;
    } while (peer->tls && SSL_pending(peer->tls) > 0);
    return true;
}

static bool relay_out(cf_peer *peer, int from)
{
    char bytes[16384];
    ssize_t got = recv(from, bytes, sizeof bytes, 0);
    return got > 0 && peer_send_raw(peer, bytes, (size_t)got);
}

static void pass_on(cf_peer *peer, int to)
{
    struct pollfd ends[] = {{.fd = peer->socket, .events = POLLIN}, {.fd = to, .events = POLLIN}};
    while (poll(ends, 2, 120000) > 0)
        if ((ends[0].revents && !relay_in(peer, to)) || (ends[1].revents && !relay_out(peer, to)))
            return;
}

/* An HTTP proxy for one CONNECT with a name and a password, to the port that `user` points at. */
static void http_proxy(cf_peer *peer)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "CONNECT 127.0.0.1:%d HTTP/1.1\r\n", *(int *)peer->user);
    if (!peer_accept(peer) || !peer_read_head(peer))
        return;
    if (strncmp(peer->head, wanted, strlen(wanted)) != 0 ||
        !strstr(peer->head, "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n")) {
        peer_fail(peer, "the request was: %s", peer->head);
        return;
    }
    int to = connect_to(*(int *)peer->user);
    static const char answer[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    peer_send_raw(peer, answer, sizeof answer - 1);
    pass_on(peer, to);
    close(to);
}

/* `environment`: the variable that names the proxy, or NULL for the option. */
static void check_proxy(const cf_peer_tls *tls, const cf_peer_tls *proxy_tls, const char *environment)
{
    cf_peer peer;
    cf_peer proxy;
    cf_journal journal;
    centrifuge_options options;
    char address[64];
    peer_start(&peer, one_message, NULL, tls);
    peer_start(&proxy, http_proxy, &peer.port, proxy_tls);
    quick_options(&options, &peer);
    snprintf(address, sizeof address, "%s://127.0.0.1:%d", proxy_tls ? "https" : "http", proxy.port);
    options.proxy = environment ? NULL : address;
    if (environment)
        setenv(environment, address, 1);
    options.proxy_user = "me:secret";
    options.tls_ca_file = FILES "ca.pem";
    make_client(&options, &journal);
    subscribe(&journal, "news");
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "message news 1 u1");
    end_client(&journal);
    if (environment)
        unsetenv(environment);
    peer_finish(&proxy);
    peer_finish(&peer);
}

static void proxy_is_tunnelled(void **state)
{
    (void)state;
    check_proxy(NULL, NULL, NULL);
    check_proxy(&server, NULL, NULL);
}

static void proxy_of_the_environment_is_used(void **state)
{
    (void)state;
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    check_proxy(NULL, NULL, "http_proxy");
    check_proxy(&server, NULL, "https_proxy");
}

static void proxy_with_tls_is_tunnelled(void **state)
{
    (void)state;
    check_proxy(NULL, &server, NULL);
    check_proxy(&server, &server, NULL);
    check_proxy(NULL, &server, "http_proxy");
}

static void publishes(cf_peer *peer)
{
    if (peer_read_request(peer))
        peer_respond(peer, "200 OK", "[{\"method\":\"publish\",\"error\":null,\"body\":null}]");
    peer_wait_end(peer);
}

/* Where no tunnel is asked for, the proxy answers itself. */
static void check_backend_proxy(const cf_peer_tls *tls, const char *ca_file, bool verify)
{
    cf_peer proxy;
    char address[64];
    centrifuge_backend *backend;
    centrifuge_backend_options options;
    peer_start(&proxy, publishes, NULL, tls);
    snprintf(address, sizeof address, "https://127.0.0.1:%d", proxy.port);
    centrifuge_backend_options_default(&options);
    options.url = "http://127.0.0.1:1";
    options.insecure = true;
    options.proxy = address;
    options.tls_ca_file = ca_file;
    options.tls_verify = verify;
    OK(centrifuge_backend_new(&backend, &options));
    OK(centrifuge_backend_publish(backend, "a", "1", NULL, NULL));
    centrifuge_backend_destroy(backend);
    peer_finish(&proxy);
}

static void tls_options_of_a_backend_are_for_its_proxy_too(void **state)
{
    (void)state;
    check_backend_proxy(&server, FILES "ca.pem", true);
    check_backend_proxy(&self_signed, NULL, false);
}

static void refusing_proxy(cf_peer *peer)
{
    static const char answer[] = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    if (peer_accept(peer) && peer_read_head(peer))
        peer_send_raw(peer, answer, sizeof answer - 1);
}

static void refusing_proxy_is_told(void **state)
{
    (void)state;
    cf_peer proxy;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&proxy, refusing_proxy, NULL, NULL);
    quick_options(&options, NULL);
    char address[64];
    snprintf(address, sizeof address, "http://127.0.0.1:%d", proxy.port);
    options.proxy = address;
    make_client(&options, &journal);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "closed NETWORK");
    end_client(&journal);
    peer_finish(&proxy);
}

/* ---- an authorization endpoint ---- */

static void private_subscribe(cf_peer *peer)
{
    if (peer_welcome(peer, "c1") && peer_read(peer) &&
        (strstr(peer->text, "\"sign\":\"s1\"") || peer_fail(peer, "no sign in %s", peer->text)))
        peer_answer(peer, "subscribe", "{\"channel\":\"$a\",\"status\":true}");
    peer_wait_end(peer);
}

static void no_subscribe(cf_peer *peer)
{
    if (peer_welcome(peer, "c1") && peer_read(peer))
        peer_fail(peer, "the client sent %s", peer->text);
}

static void signs(cf_peer *peer)
{
    if (peer_expect_request(peer, "{\"client\":\"c1\",\"channels\":[\"$a\"]}"))
        peer_respond(peer, "200 OK", "{\"$a\":{\"sign\":\"s1\"}}");
}

static void check_endpoint(const cf_peer_tls *tls, peer_script script, peer_script backend_script, const char *part)
{
    cf_peer peer;
    cf_peer backend;
    cf_journal journal;
    centrifuge_options options;
    char endpoint[64];
    peer_start(&peer, script, NULL, &server);
    peer_start(&backend, backend_script, NULL, tls);
    quick_options(&options, &peer);
    snprintf(endpoint, sizeof endpoint, "https://127.0.0.1:%d/auth", backend.port);
    options.auth_endpoint = endpoint;
    options.tls_ca_file = FILES "ca.pem";
    with_certificate(&options);
    make_client(&options, &journal);
    subscribe(&journal, "$a");
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, part);
    end_client(&journal);
    peer_finish(&peer);
    peer_finish(&backend);
}

static void endpoint_is_verified_as_the_server(void **state)
{
    (void)state;
    check_endpoint(&asks_client, private_subscribe, signs, "subscribe $a; ");
    check_endpoint(&self_signed, no_subscribe, failed_handshake, "refused $a TLS 'authorization request failed' 'fix'");
    check_endpoint(&other_name, no_subscribe, failed_handshake, "refused $a TLS 'authorization request failed' 'fix'");
}

/* The connection is no https: the proxy is for the endpoint alone. */
static void endpoint_is_reached_through_a_proxy(void **state)
{
    (void)state;
    cf_peer peer;
    cf_peer backend;
    cf_peer proxy;
    cf_journal journal;
    centrifuge_options options;
    char address[64];
    peer_start(&peer, private_subscribe, NULL, NULL);
    peer_start(&backend, signs, NULL, &server);
    peer_start(&proxy, http_proxy, &backend.port, NULL);
    quick_options(&options, &peer);
    snprintf(address, sizeof address, "http://127.0.0.1:%d", proxy.port);
    setenv("https_proxy", address, 1);
    options.proxy = NULL;
    options.proxy_user = "me:secret";
    options.tls_ca_file = FILES "ca.pem";
    snprintf(address, sizeof address, "https://127.0.0.1:%d/auth", backend.port);
    options.auth_endpoint = address;
    make_client(&options, &journal);
    subscribe(&journal, "$a");
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "subscribe $a; ");
    end_client(&journal);
    unsetenv("https_proxy");
    peer_finish(&proxy);
    peer_finish(&backend);
    peer_finish(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_authority_is_accepted),
        cmocka_unit_test(wrong_host_name_is_refused),
        cmocka_unit_test(unknown_authority_is_refused),
        cmocka_unit_test(authorities_are_read_once_for_all_attempts_and_clients),
        cmocka_unit_test(system_authorities_do_not_know_ours),
        cmocka_unit_test(verification_can_be_turned_off),
        cmocka_unit_test(client_certificate_is_sent),
        cmocka_unit_test(missing_client_certificate_is_refused),
        cmocka_unit_test(missing_authorities_are_told),
        cmocka_unit_test(a_key_without_its_password_is_told),
        cmocka_unit_test(big_messages_pass_a_slow_reader),
        cmocka_unit_test(proxy_is_tunnelled),
        cmocka_unit_test(proxy_of_the_environment_is_used),
        cmocka_unit_test(proxy_with_tls_is_tunnelled),
        cmocka_unit_test(tls_options_of_a_backend_are_for_its_proxy_too),
        cmocka_unit_test(refusing_proxy_is_told),
        cmocka_unit_test(endpoint_is_verified_as_the_server),
        cmocka_unit_test(endpoint_is_reached_through_a_proxy),
    };
    return cmocka_run_group_tests(tests, make_certificates, NULL);
}

/*
 * The n-th allocation of the client fails, for every n: nothing crashes, nothing leaks, and every accepted call completes once.
 * realloc is ours here (-Wl,--wrap=realloc); libcurl's allocations are not touched.
 */
#include "native/test/support.h"

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

/* Serves connection after connection, as often as the client comes. */
static void patient(cf_peer *peer)
{
    while (atomic_load(&peer->step) == 0 && peer_accept(peer)) {
        if (peer_upgrade(peer) && peer_expect(peer, "connect") &&
            peer_answer(peer, "connect", "{\"client\":\"c1\",\"expires\":false}") && peer_subscribed(peer, "$news") &&
            peer_expect(peer, "publish") && peer_answer(peer, "publish", "{\"status\":true}") &&
            peer_send(peer, "{\"method\":\"message\",\"body\":{\"uid\":\"u1\",\"channel\":\"$news\",\"data\":\"last\"}}") &&
            peer_expect(peer, "history"))
            peer_answer(peer, "history", "{\"data\":[{\"uid\":\"u\\u0030\",\"channel\":\"$news\",\"data\":1}]}");
        peer_wait_end(peer);
        peer->failure[0] = '\0';
    }
    peer->failure[0] = '\0';
}

static void signs(cf_peer *peer)
{
    while (atomic_load(&peer->step) == 0 && peer_read_request(peer))
        peer_respond(peer, "200 OK", "{\"$news\":{\"sign\":\"s1\",\"info\":\"{}\"}}");
    peer->failure[0] = '\0';
}

static int accepted;
static char endpoint[64];

static void on_done(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    (void)subscription;
    (void)result;
    ((cf_journal *)user)->done++;
}

static void on_last(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    if (!message->history)
        note(user, "last; ");
}

static void use_client(centrifuge_client *client, cf_journal *journal)
{
    centrifuge_subscription *subscription = NULL;
    centrifuge_subscription_events events = {.message = on_last};
    centrifuge_client_listen(client, &(centrifuge_client_events){.connect = NULL}, NULL, NULL);
    centrifuge_client_subscribe(client, "$news", &events, journal, &subscription);
    if (subscription)
        accepted += centrifuge_subscription_publish_text(subscription, "1", on_done, journal) == CENTRIFUGE_ERROR_OK;
    if (accepted > 0)
        accepted += centrifuge_subscription_catch_up(subscription, on_done, journal) == CENTRIFUGE_ERROR_OK;
    centrifuge_client_connect(client);
    /* Without a failure so far it gets there, however slow the machine is. */
    for (int i = 0; (i < 20 || until_failure >= 0) && subscription && accepted > 0 && !noted(journal, "last"); i++)
        centrifuge_client_wait(client, 20);
}

/* False when there were not so many allocations. */
static bool fail_at(const cf_peer *peer, int n)
{
    cf_journal journal = {.client = NULL};
    centrifuge_options options;
    static const centrifuge_header headers[] = {{"X-Session", "1"}};
    quick_options(&options, peer);
    options.auth_endpoint = endpoint;
    options.auth_headers = headers;
    options.auth_header_count = COUNT(headers);
    accepted = 0;
    until_failure = n;
    centrifuge_error error = centrifuge_client_new(&journal.client, &options);
    if (error)
        assert_int_equal(error, CENTRIFUGE_ERROR_NO_MEMORY);
    else
        use_client(journal.client, &journal);
    bool failed = until_failure < 0;
    if (!failed) /* a run without a failure goes to its end */
        assert_true(noted(&journal, "last"));
    until_failure = -1;
    OK(centrifuge_client_destroy(journal.client));
    assert_int_equal(journal.done, accepted);
    return failed;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    cf_peer peer;
    cf_peer backend;
    int n = 0;
    peer_start(&peer, patient, NULL, NULL);
    peer_start(&backend, signs, NULL, NULL);
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d/auth", backend.port);
    while (fail_at(&peer, n))
        n++;
    assert_in_range(n, 10, 2000);
    atomic_store(&peer.step, 1);
    atomic_store(&backend.step, 1);
    peer_finish(&peer);
    peer_finish(&backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

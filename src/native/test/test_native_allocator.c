/*
 * All memory of the library goes through the application's function, and comes back. C's functions are ours here
 * (-Wl,--wrap): libcurl, a library of its own, keeps its.
 */
#define _POSIX_C_SOURCE 200809L

#include "native/test/support.h"

#include <centrifuge/backend.h>

#include <sched.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

/* The peer's thread has its own. */
static _Thread_local bool watched;
static atomic_int past; /* calls of C's functions in watched threads */
static atomic_int blocks;
static atomic_int calls;
static atomic_bool wrong_user;

void *__wrap_malloc(size_t size)
{
    past += watched;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    past += watched;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    past += watched;
    return __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    past += watched;
    return __real_strdup(text);
}

static atomic_int missing; /* so many further allocations fail */

static bool is_missing(void)
{
    int left = missing;
    while (left > 0 && !atomic_compare_exchange_weak(&missing, &left, left - 1))
        continue;
    return left > 0;
}

static void *resize(void *user, void *memory, size_t size)
{
    wrong_user = wrong_user || user != &calls;
    calls++;
    if (size > 0 && is_missing())
        return NULL;
    if (size > 0) {
        blocks += memory == NULL;
        return __real_realloc(memory, size);
    }
    blocks -= memory != NULL;
    free(memory);
    return NULL;
}

static void answers(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "publish");
    peer_answer(peer, "publish", "{\"status\":true}");
    peer_wait_end(peer);
}

static void connect_callback(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    (void)client;
    (void)event;
    (void)user;
    watched = true; /* the library's thread */
}

/* Publishes, and waits for the answer. */
static void use(const cf_peer *peer, bool start)
{
    static const centrifuge_client_events events = {.connect = connect_callback};
    static const centrifuge_header header = {"X-Session", "1"};
    cf_journal journal;
    centrifuge_options options;
    quick_options(&options, peer);
    options.headers = &header;
    options.header_count = 1;
    make_client(&options, &journal);
    OK(centrifuge_client_listen(journal.client, &events, NULL, NULL));
    centrifuge_subscription *news = subscribe(&journal, "news");
    OK(centrifuge_client_connect(journal.client));
    if (start)
        OK(centrifuge_client_start(journal.client));
    OK(centrifuge_subscription_publish_text(news, "text", journal_result, &journal));
    OK(centrifuge_client_drain(journal.client, 600000, NULL, NULL));
    OK(start ? centrifuge_client_join(journal.client) : centrifuge_client_run(journal.client));
    assert_true(noted(&journal, "OK  ; "));
    OK(centrifuge_client_destroy(journal.client));
}

static void sign(void)
{
    centrifuge_backend *backend;
    centrifuge_backend_options options;
    OK(centrifuge_backend_options_default(&options));
    options.url = "http://127.0.0.1:1";
    options.secret = "secret";
    OK(centrifuge_backend_new(&backend, &options));
    centrifuge_backend_destroy(backend);
}

static void all_of_it_goes_through_the_function_and_comes_back(void **state)
{
    (void)state;
    assert_int_equal(centrifuge_set_allocator(NULL, NULL), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    OK(centrifuge_set_allocator(resize, &calls));
    for (int started = 0; started < 2; started++) {
        cf_peer peer;
        peer_start(&peer, answers, NULL, NULL);
        watched = true;
        use(&peer, started);
        watched = false;
        peer_finish(&peer);
    }
    watched = true;
    sign();
    watched = false;
    assert_true(calls > 50);
    assert_int_equal(past, 0);
    assert_int_equal(blocks, 0);
    assert_false(wrong_user);
}

static void answers_when_told(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "publish");
    while (atomic_load(&peer->step) == 0)
        sched_yield();
    peer_answer(peer, "publish", "{\"status\":true}");
    peer_wait_end(peer);
    peer->failure[0] = '\0'; /* the client may have gone without memory */
}

static void note_result(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    (void)subscription;
    (void)result;
    ((cf_journal *)user)->done++;
}

/* What waits for the application's thread needs memory: the result is told once, however long there is none. */
static void no_result_is_lost_for_want_of_memory(void **state)
{
    (void)state;
    for (int count = 1; count < 12; count++) {
        cf_peer peer;
        cf_journal journal = {.done = 0};
        centrifuge_options options;
        centrifuge_subscription *news;
        peer_start(&peer, answers_when_told, NULL, NULL);
        quick_options(&options, &peer);
        options.dispatch = true;
        options.print_errors = false;
        OK(centrifuge_client_new(&journal.client, &options));
        OK(centrifuge_client_subscribe(journal.client, "news", NULL, NULL, &news));
        OK(centrifuge_subscription_publish(news, "1", 1, note_result, &journal));
        OK(centrifuge_client_connect(journal.client));
        OK(centrifuge_client_start(journal.client));
        while (centrifuge_subscription_get_state(news) != CENTRIFUGE_SUBSCRIPTION_SUBSCRIBED)
            OK(centrifuge_client_dispatch(journal.client, 1));
        missing = count;
        atomic_store(&peer.step, 1);
        while (journal.done == 0)
            OK(centrifuge_client_dispatch(journal.client, 1));
        missing = 0;
        OK(centrifuge_client_destroy(journal.client));
        assert_int_equal(journal.done, 1);
        peer_finish(&peer);
    }
    assert_int_equal(blocks, 0);
}

static void it_is_chosen_before_anything_else(void **state)
{
    (void)state;
    assert_int_equal(centrifuge_set_allocator(resize, NULL), CENTRIFUGE_ERROR_INVALID_STATE);
    sign(); /* still with the first one's pointer */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_goes_through_the_function_and_comes_back),
        cmocka_unit_test(no_result_is_lost_for_want_of_memory),
        cmocka_unit_test(it_is_chosen_before_anything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Names that take long to resolve. This program has a getaddrinfo of its own, which libcurl calls instead of the system's: it
 * answers when the test says so. A client that waited for it anywhere would hang the test.
 */
#define _POSIX_C_SOURCE 200809L

#include "native/test/support.h"

#include <netdb.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int asked;
static int answered;
static bool held;
static char last_name[256];

__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                                                       struct addrinfo **result)
{
    (void)service;
    (void)hints;
    (void)result;
    pthread_mutex_lock(&lock);
    snprintf(last_name, sizeof last_name, "%s", name);
    asked++;
    pthread_cond_broadcast(&changed);
    while (held)
        pthread_cond_wait(&changed, &lock);
    answered++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return EAI_NONAME;
}

static void hold(bool value)
{
    pthread_mutex_lock(&lock);
    held = value;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* Until the resolver has been asked `count` times. */
static void wait_asked(cf_journal *journal, int count)
{
    for (;;) {
        OK(centrifuge_client_wait(journal->client, 1));
        pthread_mutex_lock(&lock);
        bool enough = asked >= count;
        pthread_mutex_unlock(&lock);
        if (enough)
            return;
    }
}

static void wait_answered(void)
{
    pthread_mutex_lock(&lock);
    while (answered < asked)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static centrifuge_client *slow_client(cf_journal *journal)
{
    centrifuge_options options;
    quick_options(&options, NULL);
    options.url = "ws://slow.example";
    options.connect_timeout = 50;
    return make_client(&options, journal);
}

static void nothing_waits_for_a_name(void **state)
{
    (void)state;
    cf_journal journal;
    slow_client(&journal);
    hold(true);
    OK(centrifuge_client_connect(journal.client));
    wait_asked(&journal, 1);
    for (int i = 0; i < 10; i++)
        OK(centrifuge_client_tick(journal.client));
    OK(centrifuge_client_disconnect(journal.client));
    OK(centrifuge_client_run(journal.client));
    OK(centrifuge_client_connect(journal.client));
    wait_asked(&journal, 2);
    OK(centrifuge_client_destroy(journal.client));
    hold(false);
    wait_answered();
}

static void slow_name_is_given_up_and_tried_again(void **state)
{
    (void)state;
    cf_journal journal;
    slow_client(&journal);
    int before = asked;
    hold(true);
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "closed TIMEOUT");
    wait_asked(&journal, before + 2);
    hold(false);
    run_until(&journal, "closed NETWORK");
    end_client(&journal);
    wait_answered();
}

/* In the locale C, which this program never leaves. */
static void names_of_every_alphabet_are_found_in_every_locale(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *name;
    } cases[] = {
        {"ws://b\xc3\xbc"
         "cher.example",
         "xn--bcher-kva.example"},
        {"wss://\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80.example/a", "xn--e1afmkfd.example"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        cf_journal journal;
        centrifuge_options options;
        quick_options(&options, NULL);
        options.url = cases[i].url;
        make_client(&options, &journal);
        OK(centrifuge_client_connect(journal.client));
        run_until(&journal, "closed NETWORK");
        end_client(&journal);
        wait_answered();
        assert_string_equal(last_name, cases[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_waits_for_a_name),
        cmocka_unit_test(slow_name_is_given_up_and_tried_again),
        cmocka_unit_test(names_of_every_alphabet_are_found_in_every_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

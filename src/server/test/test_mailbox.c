#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/team.h"

#include <pthread.h>

#define SENDERS 4
#define LETTERS 5000

typedef struct numbered {
    cf_letter letter;
    unsigned sender;
    unsigned number;
} numbered;

typedef struct reader {
    unsigned next[SENDERS];
    unsigned opened;
} reader;

static cf_mailbox mailbox;
static reader got;
static unsigned dropped;
static atomic_uint wakes;

static void open_letter(cf_letter *letter, void *user)
{
    numbered *opened = CF_CONTAINER(letter, numbered, letter);
    reader *self = user;
    assert_int_equal(opened->number, self->next[opened->sender]);
    self->next[opened->sender]++;
    self->opened++;
    free(opened);
}

static void drop_letter(cf_letter *letter)
{
    dropped++;
    free(CF_CONTAINER(letter, numbered, letter));
}

static void wake(void *user)
{
    (void)user;
    atomic_fetch_add(&wakes, 1);
}

static void post(unsigned sender, unsigned number)
{
    numbered *made = malloc(sizeof *made);
    assert_non_null(made);
    *made = (numbered){{.open = open_letter, .drop = drop_letter}, sender, number};
    cf_mailbox_post(&mailbox, &made->letter);
    cf_mailbox_wake(&mailbox);
}

static int setup(void **state)
{
    (void)state;
    got = (reader){.opened = 0};
    dropped = 0;
    atomic_store(&wakes, 0);
    cf_mailbox_init(&mailbox, &got);
    cf_mailbox_on_post(&mailbox, wake, NULL);
    return 0;
}

static void letters_are_opened_in_their_order(void **state)
{
    (void)state;
    assert_false(cf_mailbox_open_next(&mailbox));
    for (unsigned i = 0; i < 3; i++)
        post(0, i);
    assert_true(cf_mailbox_open_next(&mailbox));
    post(0, 3);
    while (cf_mailbox_open_next(&mailbox))
        ;
    assert_int_equal(got.opened, 4);
}

static void one_of_many_letters_wakes(void **state)
{
    (void)state;
    post(0, 0);
    post(0, 1);
    assert_int_equal(atomic_load(&wakes), 1);
    assert_true(cf_mailbox_open_next(&mailbox));
    post(0, 2);
    assert_int_equal(atomic_load(&wakes), 1);
    while (cf_mailbox_open_next(&mailbox))
        ;
    assert_int_equal(got.opened, 3);
}

static void who_has_letters_does_not_sleep(void **state)
{
    (void)state;
    post(0, 0);
    post(0, 1);
    assert_true(cf_mailbox_open_next(&mailbox));
    assert_false(cf_mailbox_sleep(&mailbox)); /* the second one is out of the box, but not opened */
    assert_true(cf_mailbox_open_next(&mailbox));
    post(0, 2);
    assert_false(cf_mailbox_sleep(&mailbox));
    assert_true(cf_mailbox_open_next(&mailbox));
    assert_true(cf_mailbox_sleep(&mailbox));
    assert_int_equal(atomic_load(&wakes), 1);
    post(0, 3);
    assert_int_equal(atomic_load(&wakes), 2);
    assert_true(cf_mailbox_open_next(&mailbox));
}

static void who_was_woken_by_something_else_is_not_woken(void **state)
{
    (void)state;
    cf_mailbox_rise(&mailbox);
    post(0, 0);
    assert_int_equal(atomic_load(&wakes), 0);
    assert_true(cf_mailbox_open_next(&mailbox));
}

static pthread_mutex_t bed_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t bed = PTHREAD_COND_INITIALIZER;
static bool woken;

static void wake_sleeper(void *user)
{
    (void)user;
    assert_int_equal(pthread_mutex_lock(&bed_lock), 0);
    woken = true;
    assert_int_equal(pthread_cond_signal(&bed), 0);
    assert_int_equal(pthread_mutex_unlock(&bed_lock), 0);
}

static void sleep_until_woken(void)
{
    assert_int_equal(pthread_mutex_lock(&bed_lock), 0);
    while (!woken)
        assert_int_equal(pthread_cond_wait(&bed, &bed_lock), 0);
    woken = false;
    assert_int_equal(pthread_mutex_unlock(&bed_lock), 0);
}

static void what_nobody_opens_is_dropped(void **state)
{
    (void)state;
    post(0, 0);
    post(0, 1);
    assert_true(cf_mailbox_open_next(&mailbox));
    post(0, 2);
    assert_true(cf_mailbox_drop_all(&mailbox));
    assert_false(cf_mailbox_drop_all(&mailbox));
    assert_int_equal(dropped, 2);
}

static void *send_many(void *user)
{
    for (unsigned i = 0; i < LETTERS; i++)
        post((unsigned)(uintptr_t)user, i);
    return NULL;
}

static void no_letter_of_many_threads_is_lost(void **state)
{
    pthread_t threads[SENDERS];
    (void)state;
    for (uintptr_t i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_many, (void *)i), 0);
    while (got.opened < SENDERS * LETTERS)
        (void)cf_mailbox_open_next(&mailbox);
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_false(cf_mailbox_open_next(&mailbox));
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(got.next[i], LETTERS);
}

/* Were a wake-up lost, this would not end. */
static void who_sleeps_is_woken_by_each_of_many_threads(void **state)
{
    pthread_t threads[SENDERS];
    (void)state;
    cf_mailbox_on_post(&mailbox, wake_sleeper, NULL);
    for (uintptr_t i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_many, (void *)i), 0);
    while (got.opened < SENDERS * LETTERS) {
        if (cf_mailbox_sleep(&mailbox))
            sleep_until_woken();
        cf_mailbox_rise(&mailbox);
        while (cf_mailbox_open_next(&mailbox))
            ;
    }
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* ---- who is connected ------------------------------------------------------ */

static void *resize(void *user, void *memory, size_t size)
{
    (void)user;
    if (size > 0)
        return realloc(memory, size);
    free(memory);
    return NULL;
}

static const cf_allocator heap = {resize, NULL};
static cf_roll roll;

static void *come_and_go(void *user)
{
    size_t *refused = user;
    for (unsigned i = 0; i < LETTERS; i++) {
        if (cf_roll_add(&roll, CF_BYTES("1"), 2) == CF_ROLL_ADDED)
            cf_roll_remove(&roll, CF_BYTES("1"));
        else
            ++*refused;
    }
    return NULL;
}

static void a_limit_is_one_for_all_threads(void **state)
{
    pthread_t threads[SENDERS];
    size_t refused[SENDERS] = {0};
    (void)state;
    assert_true(cf_roll_init(&roll, &heap, 1));
    assert_int_equal(cf_roll_add(&roll, CF_BYTES("2"), 1), CF_ROLL_ADDED);
    assert_int_equal(cf_roll_add(&roll, CF_BYTES("2"), 1), CF_ROLL_FULL);
    assert_int_equal(cf_roll_add(&roll, CF_BYTES("2"), 0), CF_ROLL_ADDED);
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &refused[i]), 0);
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(cf_roll_count(&roll, CF_BYTES("1")), 0);
    assert_int_equal(cf_roll_count(&roll, CF_BYTES("2")), 2);
    assert_int_equal(cf_roll_users(&roll), 1);
    assert_int_equal(cf_roll_connections(&roll), 2);
    cf_roll_free(&roll);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(letters_are_opened_in_their_order, setup),
        cmocka_unit_test_setup(one_of_many_letters_wakes, setup),
        cmocka_unit_test_setup(who_has_letters_does_not_sleep, setup),
        cmocka_unit_test_setup(who_was_woken_by_something_else_is_not_woken, setup),
        cmocka_unit_test_setup(what_nobody_opens_is_dropped, setup),
        cmocka_unit_test_setup(no_letter_of_many_threads_is_lost, setup),
        cmocka_unit_test_setup(who_sleeps_is_woken_by_each_of_many_threads, setup),
        cmocka_unit_test(a_limit_is_one_for_all_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

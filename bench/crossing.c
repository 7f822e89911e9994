/*
 * crossing: what a letter between two workers of the server costs (src/server/mailbox.h).
 *
 *   crossing --letters N
 *
 * First N letters are posted and opened by one thread, a hundred at a time: nobody is woken. Then one letter goes N times from
 * a loop to another and back, each in a thread of its own that sleeps meanwhile, as workers do that have nothing else to do.
 * Prints the CPU time of each way, and how long it took.
 */
#include "bench.h"

#include "server/mailbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <uv.h>

#define TOGETHER 100

typedef struct end {
    uv_loop_t loop;
    uv_async_t async;
    cf_mailbox mailbox;
    struct end *other;
} end;

static long left;
static cf_letter letters[TOGETHER];

/* ---- without a wake-up ---- */

static void count(cf_letter *letter, void *reader)
{
    (void)letter;
    ++*(uint64_t *)reader;
}

static uint64_t post_and_open(long wanted)
{
    uint64_t opened = 0;
    cf_mailbox mailbox;
    cf_mailbox_init(&mailbox, &opened);
    uint64_t began = bench_own_cpu();
    while (opened < (uint64_t)wanted) {
        for (size_t i = 0; i < TOGETHER; i++) {
            letters[i].open = count;
            cf_mailbox_post(&mailbox, &letters[i]);
        }
        while (cf_mailbox_open_next(&mailbox))
            ;
    }
    return (bench_own_cpu() - began) / opened;
}

/* ---- with one ---- */

static void wake(void *user)
{
    end *self = user;
    (void)uv_async_send(&self->async);
}

static void on_async(uv_async_t *handle)
{
    end *self = handle->data;
    while (!cf_mailbox_sleep(&self->mailbox))
        (void)cf_mailbox_open_next(&self->mailbox);
}

static void send_to(end *other, cf_letter *letter)
{
    cf_mailbox_post(&other->mailbox, letter);
    cf_mailbox_wake(&other->mailbox);
}

static void stop(cf_letter *letter, void *reader)
{
    end *self = reader;
    uv_stop(&self->loop);
    send_to(self->other, letter); /* once at each end */
}

/* One end at a time has the letter, and what is left. */
static void pass(cf_letter *letter, void *reader)
{
    const end *self = reader;
    if (--left == 0)
        letter->open = stop;
    send_to(self->other, letter);
}

static void begin(end *self, end *other)
{
    self->other = other;
    if (uv_loop_init(&self->loop) != 0 || uv_async_init(&self->loop, &self->async, on_async) != 0)
        bench_die("a loop");
    self->async.data = self;
    cf_mailbox_init(&self->mailbox, self);
    cf_mailbox_on_post(&self->mailbox, wake, self);
}

static void run(void *user)
{
    end *self = user;
    (void)uv_run(&self->loop, UV_RUN_DEFAULT);
}

int main(int argc, char **argv)
{
    static end ends[2];
    uv_thread_t thread;
    long wanted = bench_option(argc, argv, "letters", 100000);
    printf("post_and_open_cpu_ns=%" PRIu64, post_and_open(wanted));
    begin(&ends[0], &ends[1]);
    begin(&ends[1], &ends[0]);
    left = wanted;
    letters[0].open = pass;
    uint64_t cpu = bench_own_cpu();
    uint64_t wall = bench_now();
    if (uv_thread_create(&thread, run, &ends[1]) != 0)
        bench_die("a thread");
    send_to(&ends[0], &letters[0]);
    run(&ends[0]);
    (void)uv_thread_join(&thread);
    printf(" woken_cpu_ns=%" PRIu64 " woken_wall_ns=%" PRIu64 "\n", (bench_own_cpu() - cpu) / (uint64_t)wanted,
           (bench_now() - wall) / (uint64_t)wanted);
    return 0;
}

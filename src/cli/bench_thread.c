#define _POSIX_C_SOURCE 200809L
#include "cli/bench.h"

#include "cli/api.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Calls of the HTTP API block: each publisher is a thread with a connection of its own. */
typedef struct cf_cli_bench_thread {
    cf_cli_measurement *bench;
    centrifuge_backend *backend;
    char *message;
    pthread_t thread;
    cf_cli_bench_published published;
    centrifuge_error error; /* why it ended before the others */
} bench_thread;

/* In slices, so that the end of all is seen. */
static void sleep_until(const cf_cli_measurement *bench, int64_t time)
{
    int64_t wait;
    while ((wait = time - cf_cli_loop_now()) > 0 && !bench->stopped) {
        int64_t slice = wait < 50000000 ? wait : 50000000;
        nanosleep(&(struct timespec){.tv_nsec = (long)slice}, NULL);
    }
}

static void publish(bench_thread *thread, const cf_cli_bench_stamp *stamp)
{
    cf_cli_bench_published *published = &thread->published;
    cf_cli_bench_message_stamp(thread->message, stamp);
    thread->error = centrifuge_backend_publish(thread->backend, thread->bench->channel, thread->message, NULL, NULL);
    published->ended = cf_cli_loop_now();
    if (thread->error == CENTRIFUGE_ERROR_OK) {
        published->accepted++;
        cf_cli_histogram_add(&published->latency, published->ended - stamp->time);
        thread->bench->threads.answers++;
    } else if (thread->error == CENTRIFUGE_ERROR_REFUSED || thread->error == CENTRIFUGE_ERROR_HTTP_STATUS) {
        published->refused++;
    } else {
        published->unanswered++;
    }
}

static void *work(void *user)
{
    bench_thread *thread = user;
    cf_cli_measurement *bench = thread->bench;
    cf_cli_bench_stamp stamp = {.publisher = (uint64_t)(thread - bench->threads.list)};
    while (thread->error == CENTRIFUGE_ERROR_OK && !bench->stopped) {
        int64_t number = bench->number++;
        stamp.number = (uint64_t)number;
        stamp.time = cf_cli_bench_due(bench, number, cf_cli_loop_now());
        if (cf_cli_bench_is_over(bench, number, stamp.time))
            break;
        sleep_until(bench, stamp.time);
        if (!bench->stopped)
            publish(thread, &stamp);
    }
    if (thread->error != CENTRIFUGE_ERROR_OK)
        bench->stopped = true;
    bench->threads.running--;
    return NULL;
}

static bool prepare(cf_cli_measurement *bench, bench_thread *thread)
{
    thread->bench = bench;
    thread->message = malloc(bench->size + 1);
    if (thread->message == NULL) {
        cf_cli_complain("out of memory");
        bench->code = CF_CLI_ERROR;
        return false;
    }
    cf_cli_bench_message_fill(thread->message, bench->size, bench->run);
    thread->backend = cf_cli_api_open(bench->options, &bench->code);
    return thread->backend != NULL;
}

static bool start(cf_cli_measurement *bench, bench_thread *thread)
{
    bench->threads.running++;
    int error = pthread_create(&thread->thread, NULL, work, thread);
    if (error == 0) {
        bench->threads.started++;
        return true;
    }
    bench->threads.running--;
    cf_cli_complain("cannot start a thread: %s", strerror(error));
    bench->code = CF_CLI_ERROR;
    return false;
}

bool cf_cli_bench_start_threads(cf_cli_measurement *bench)
{
    bench->threads.list = calloc(bench->publisher_count, sizeof(*bench->threads.list));
    if (bench->threads.list == NULL) {
        cf_cli_complain("out of memory");
        bench->code = CF_CLI_ERROR;
        return false;
    }
    for (size_t i = 0; i < bench->publisher_count; i++) {
        if (!prepare(bench, &bench->threads.list[i]))
            return false;
    }
    for (size_t i = 0; i < bench->publisher_count; i++) {
        if (!start(bench, &bench->threads.list[i]))
            return false;
    }
    return true;
}

static void add(cf_cli_bench_published *all, const cf_cli_bench_published *one)
{
    all->accepted += one->accepted;
    all->refused += one->refused;
    all->unanswered += one->unanswered;
    if (one->ended > all->ended)
        all->ended = one->ended;
    cf_cli_histogram_merge(&all->latency, &one->latency);
}

static void tell(cf_cli_measurement *bench, const bench_thread *thread)
{
    if (thread->error == CENTRIFUGE_ERROR_OK || bench->code != CF_CLI_OK)
        return;
    bench->code = cf_cli_api_report(thread->backend, bench->options, "cannot publish to", bench->channel, thread->error);
}

void cf_cli_bench_join_threads(cf_cli_measurement *bench)
{
    if (bench->threads.list == NULL)
        return;
    for (size_t i = 0; i < bench->threads.started; i++)
        pthread_join(bench->threads.list[i].thread, NULL);
    for (size_t i = 0; i < bench->publisher_count; i++) {
        bench_thread *thread = &bench->threads.list[i];
        add(&bench->published, &thread->published);
        tell(bench, thread);
        centrifuge_backend_destroy(thread->backend);
        free(thread->message);
    }
    free(bench->threads.list);
    bench->threads.list = NULL;
}

#define _POSIX_C_SOURCE 200809L
#include "cli/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    COUNT_DEFAULT = 10000,
    SIZE_DEFAULT = 128,
    WINDOW_DEFAULT = 16,
    RATE_MAX = 1000000000,
    LAST_WAIT = 1000,    /* ms that an interrupted measurement waits for what is under way */
    PROGRESS_PAUSE = 200 /* ms */
};

static const int64_t MILLISECOND = 1000000;

static int64_t or_default(int64_t given, int64_t otherwise)
{
    return given >= 0 ? given : otherwise;
}

/* ---- what is wanted ---- */

static bool is_within(const char *option, int64_t value, int64_t min, int64_t max)
{
    if (value >= min && value <= max)
        return true;
    cf_cli_complain("--%s is %" PRId64 ": give a whole number from %" PRId64 " to %" PRId64, option, value, min, max);
    return false;
}

static bool choose_numbers(cf_cli_measurement *bench, const cf_cli_options *options)
{
    int64_t publishers = or_default(options->publishers, 1);
    int64_t subscribers = or_default(options->subscribers, 1);
    int64_t size = or_default(options->size, SIZE_DEFAULT);
    int64_t window = or_default(options->window, WINDOW_DEFAULT);
    int64_t publishers_max = options->api ? CF_CLI_BENCH_THREADS_MAX : CF_CLI_BENCH_CLIENTS_MAX;
    bench->publisher_count = (size_t)publishers;
    bench->subscriber_count = (size_t)subscribers;
    bench->size = (size_t)size;
    bench->window = (size_t)window;
    return is_within("publishers", publishers, 1, publishers_max) &&
           is_within("subscribers", subscribers, 0, CF_CLI_BENCH_CLIENTS_MAX) &&
           is_within("size", size, CF_CLI_BENCH_SIZE_MIN, CF_CLI_BENCH_SIZE_MAX) &&
           is_within("window", window, 1, CF_CLI_BENCH_WINDOW_MAX) &&
           is_within("rate", or_default(options->rate, 1), 1, RATE_MAX);
}

static bool choose_end(cf_cli_measurement *bench, const cf_cli_options *options)
{
    if (options->count > 0 && options->duration > 0) {
        cf_cli_complain("bench ends after --count messages or after --duration: give one of them");
        return false;
    }
    bench->count = options->count > 0 ? options->count : COUNT_DEFAULT;
    if (options->duration > 0)
        bench->count = INT64_MAX;
    return true;
}

static bool choose_form(const cf_cli_options *options)
{
    if (options->json && options->csv) {
        cf_cli_complain("bench prints --json or --csv: give one of them");
        return false;
    }
    return true;
}

/* Not from the clock: two runs that begin together would take each other's messages for their own. */
static bool choose_name(cf_cli_measurement *bench)
{
    uint32_t number = 0;
    int random = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    bool read_all = random >= 0 && read(random, &number, sizeof(number)) == (ssize_t)sizeof(number);
    if (!read_all)
        cf_cli_complain("cannot read /dev/urandom: %s", strerror(errno));
    if (random >= 0)
        close(random);
    snprintf(bench->run, sizeof(bench->run), "%08" PRIx32, number);
    return read_all;
}

/* ---- when messages are due ---- */

int64_t cf_cli_bench_due(const cf_cli_measurement *bench, int64_t number, int64_t now)
{
    int64_t rate = bench->options->rate;
    if (rate < 0)
        return now;
    return bench->started + number / rate * 1000000000 + number % rate * 1000000000 / rate;
}

bool cf_cli_bench_is_over(const cf_cli_measurement *bench, int64_t number, int64_t due)
{
    int64_t duration = bench->options->duration;
    return number >= bench->count || (duration > 0 && due >= bench->started + duration * MILLISECOND);
}

void cf_cli_bench_stop(cf_cli_measurement *bench, cf_cli_exit code)
{
    if (bench->code == CF_CLI_OK)
        bench->code = code;
    bench->stopped = true;
}

/* ---- its course ---- */

static void interrupt(cf_cli_measurement *bench)
{
    bench->ended = bench->interrupted || !bench->running;
    bench->interrupted = true;
    bench->deadline = cf_cli_loop_now() + LAST_WAIT * MILLISECOND;
    cf_cli_bench_stop(bench, CF_CLI_ERROR);
}

static void turn(cf_cli_measurement *bench, int64_t alarm)
{
    cf_cli_loop_set_alarm(bench->loop, alarm);
    switch (cf_cli_loop_turn(bench->loop)) {
    case CF_CLI_WAKE_SIGNAL:
        interrupt(bench);
        break;
    case CF_CLI_WAKE_FAILED:
        cf_cli_complain("cannot go on: %s", strerror(errno));
        cf_cli_bench_stop(bench, CF_CLI_ERROR);
        bench->ended = true;
        break;
    default:
        break;
    }
}

static bool connect_all(cf_cli_measurement *bench)
{
    int64_t deadline = cf_cli_loop_now() + cf_cli_options_timeout(bench->options) * MILLISECOND;
    if (!cf_cli_bench_open_clients(bench))
        return false;
    while (!bench->ended && bench->ready < bench->client_count) {
        turn(bench, deadline);
        if (bench->ended || bench->ready == bench->client_count || cf_cli_loop_now() < deadline)
            continue;
        cf_cli_complain("%s: only %zu of %zu clients were subscribed in time (--timeout SECONDS waits longer)",
                        bench->options->place, bench->ready, bench->client_count);
        cf_cli_bench_stop(bench, CF_CLI_NETWORK);
        bench->ended = true;
    }
    return !bench->ended;
}

/* Nanoseconds of processors that this process has used. */
static int64_t cpu_time(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/* Sessions speak of connections that cannot be made; from here on connections that are lost belong to what is measured. */
static bool begin(cf_cli_measurement *bench)
{
    for (size_t i = 0; i < bench->client_count; i++)
        bench->clients[i].session.done = true;
    bench->running = true;
    bench->started = bench->heard = cf_cli_loop_now();
    bench->cpu = -cpu_time();
    return !bench->options->api || cf_cli_bench_start_threads(bench);
}

static bool is_published(cf_cli_measurement *bench, int64_t now)
{
    if (bench->options->api) {
        if (bench->threads.running > 0)
            return false;
        cf_cli_bench_join_threads(bench);
        return true;
    }
    int64_t number = bench->number;
    bool over = bench->stopped || cf_cli_bench_is_over(bench, number, cf_cli_bench_due(bench, number, now));
    return over && bench->waiting == 0;
}

/* Nothing came for so long that nothing will: the server is gone, or has lost what subscribers still wait for. */
static void give_up_when_late(cf_cli_measurement *bench, bool published, int64_t now)
{
    int64_t deadline = bench->heard + cf_cli_options_timeout(bench->options) * MILLISECOND;
    if (now < deadline || (!published && bench->waiting == 0))
        return;
    bench->ended = true;
    if (published)
        return;
    cf_cli_complain("%s: no answer in time (--timeout SECONDS waits longer)", bench->options->place);
    cf_cli_bench_stop(bench, CF_CLI_NETWORK);
}

static bool is_done(cf_cli_measurement *bench, int64_t now)
{
    bool published = is_published(bench, now);
    if (bench->interrupted)
        bench->ended = bench->ended || now >= bench->deadline;
    else
        give_up_when_late(bench, published, now);
    return bench->ended || (published && cf_cli_bench_lost(bench) == 0);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return b >= 0 && b < a ? b : a;
}

static void measure(cf_cli_measurement *bench)
{
    int64_t progress = bench->started;
    int64_t answers = 0;
    for (int64_t now = bench->started; !is_done(bench, now); now = cf_cli_loop_now()) {
        int64_t due = bench->options->api ? -1 : cf_cli_bench_publish(bench);
        if (now >= progress) {
            cf_cli_bench_show_progress(bench, now);
            progress = now + PROGRESS_PAUSE * MILLISECOND;
        }
        turn(bench, earlier(progress, due));
        if (bench->threads.answers > answers)
            bench->heard = cf_cli_loop_now();
        answers = bench->threads.answers;
    }
    cf_cli_bench_hide_progress(bench);
}

static void finish(cf_cli_measurement *bench)
{
    bench->stopped = true;
    cf_cli_bench_join_threads(bench);
    bench->published.unanswered += bench->waiting;
    if (bench->published.accepted + bench->published.refused + bench->published.unanswered == 0)
        return;
    uint64_t lost = cf_cli_bench_lost(bench);
    cf_cli_bench_report(bench);
    if (lost > 0 && !bench->interrupted)
        cf_cli_complain("%" PRIu64 " messages did not come", lost);
    if (bench->published.unanswered > 0)
        cf_cli_complain("%" PRIu64 " publications had no answer", bench->published.unanswered);
    if (lost > 0 || bench->published.unanswered > 0)
        cf_cli_bench_stop(bench, CF_CLI_ERROR);
}

static void run(cf_cli_measurement *bench)
{
    bench->loop = cf_cli_loop_new();
    if (bench->loop == NULL) {
        cf_cli_complain("cannot start: %s", strerror(errno));
        bench->code = CF_CLI_ERROR;
        return;
    }
    if (connect_all(bench)) {
        if (begin(bench))
            measure(bench);
        bench->cpu += cpu_time();
        finish(bench);
    }
    if (bench->interrupted)
        cf_cli_complain("interrupted before it was done");
    cf_cli_bench_close_clients(bench);
    cf_cli_loop_free(bench->loop);
}

cf_cli_exit cf_cli_bench(const cf_cli_options *options)
{
    static cf_cli_measurement bench; /* with its histograms too large for some stacks */
    bench.options = options;
    bench.channel = options->arguments[0];
    if (!choose_numbers(&bench, options) || !choose_end(&bench, options) || !choose_form(options))
        return CF_CLI_USAGE;
    if (!choose_name(&bench))
        return CF_CLI_ERROR;
    run(&bench);
    return bench.code;
}

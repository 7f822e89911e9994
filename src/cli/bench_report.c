#define _POSIX_C_SOURCE 200809L
#include "cli/bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

uint64_t cf_cli_bench_lost(const cf_cli_measurement *bench)
{
    uint64_t wanted = bench->published.accepted * bench->subscriber_count;
    return wanted > bench->received ? wanted - bench->received : 0;
}

/* From the first message to the last answer or message. */
static double seconds(const cf_cli_measurement *bench, int64_t until)
{
    return until > bench->started ? (double)(until - bench->started) / 1e9 : 0;
}

static double per_second(uint64_t count, double time)
{
    return time > 0 ? (double)count / time : 0;
}

/* Of one processor, by this process. */
static double cpu_percent(const cf_cli_measurement *bench)
{
    int64_t ended = bench->last_received > bench->published.ended ? bench->last_received : bench->published.ended;
    double time = seconds(bench, ended);
    return time > 0 ? (double)bench->cpu / 1e7 / time : 0;
}

static double milliseconds(double nanoseconds)
{
    return nanoseconds / 1e6;
}

/* ---- what a measurement is: the same numbers in each form ---- */

typedef struct column {
    const char *name;
    double value;
} column;

enum { LATENCY_COLUMNS = 8 };

static void fill_latency(column columns[LATENCY_COLUMNS], const cf_cli_histogram *histogram)
{
    static const struct {
        const char *name;
        double percent;
    } percentiles[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}};
    size_t at = 0;
    columns[at++] = (column){"min", milliseconds((double)histogram->min)};
    columns[at++] = (column){"mean", milliseconds(cf_cli_histogram_mean(histogram))};
    columns[at++] = (column){"deviation", milliseconds(cf_cli_histogram_deviation(histogram))};
    for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++)
        columns[at++] =
            (column){percentiles[i].name, milliseconds((double)cf_cli_histogram_percentile(histogram, percentiles[i].percent))};
    columns[at] = (column){"max", milliseconds((double)histogram->max)};
}

static const char *way(const cf_cli_measurement *bench)
{
    const char *transport =
        bench->client_count > 0 ? centrifuge_client_transport(bench->clients[0].session.connection.client) : "";
    if (bench->options->api)
        return "http-api";
    return transport[0] ? transport : "none";
}

/* ---- JSON ---- */

static void print_latency(const cf_cli_histogram *histogram)
{
    column columns[LATENCY_COLUMNS];
    fill_latency(columns, histogram);
    cf_cli_line_open("latency_ms");
    for (size_t i = 0; i < LATENCY_COLUMNS && histogram->count > 0; i++)
        cf_cli_line_decimal(columns[i].name, columns[i].value);
    cf_cli_line_close();
}

static void print_published(const cf_cli_measurement *bench)
{
    const cf_cli_bench_published *published = &bench->published;
    cf_cli_line_open("published");
    cf_cli_line_number("messages", (int64_t)published->accepted);
    cf_cli_line_number("refused", (int64_t)published->refused);
    cf_cli_line_number("unanswered", (int64_t)published->unanswered);
    cf_cli_line_decimal("seconds", seconds(bench, published->ended));
    cf_cli_line_decimal("per_second", per_second(published->accepted, seconds(bench, published->ended)));
    print_latency(&published->latency);
    cf_cli_line_close();
}

static void print_received(const cf_cli_measurement *bench)
{
    cf_cli_line_open("received");
    cf_cli_line_number("messages", (int64_t)bench->received);
    cf_cli_line_number("lost", (int64_t)cf_cli_bench_lost(bench));
    cf_cli_line_number("disordered", (int64_t)bench->disordered);
    cf_cli_line_decimal("seconds", seconds(bench, bench->last_received));
    cf_cli_line_decimal("per_second", per_second(bench->received, seconds(bench, bench->last_received)));
    print_latency(&bench->latency);
    cf_cli_line_close();
}

static void print_json(const cf_cli_measurement *bench)
{
    cf_cli_line_begin();
    cf_cli_line_text("channel", bench->channel);
    cf_cli_line_text("transport", way(bench));
    cf_cli_line_number("publishers", (int64_t)bench->publisher_count);
    cf_cli_line_number("subscribers", (int64_t)bench->subscriber_count);
    cf_cli_line_number("size", (int64_t)bench->size);
    if (bench->options->rate > 0)
        cf_cli_line_number("rate", bench->options->rate);
    print_published(bench);
    print_received(bench);
    cf_cli_line_number("disconnects", (int64_t)bench->disconnects);
    cf_cli_line_decimal("cpu_percent", cpu_percent(bench));
    cf_cli_line_bool("interrupted", bench->interrupted);
    cf_cli_line_end();
}

/* ---- comma separated values ---- */

static void print_csv_names(const char *prefix, const cf_cli_histogram *histogram)
{
    column columns[LATENCY_COLUMNS];
    fill_latency(columns, histogram);
    for (size_t i = 0; i < LATENCY_COLUMNS; i++)
        cf_cli_print(",%s_%s_ms", prefix, columns[i].name);
}

static void print_csv_values(const cf_cli_histogram *histogram)
{
    column columns[LATENCY_COLUMNS];
    fill_latency(columns, histogram);
    for (size_t i = 0; i < LATENCY_COLUMNS; i++)
        cf_cli_print(histogram->count > 0 ? ",%.3f" : ",", columns[i].value);
}

/* RFC 4180: in quotes, those within twice. */
static void print_csv_text(const char *text)
{
    cf_cli_print("\"");
    for (; *text != '\0'; text++)
        cf_cli_print(*text == '"' ? "\"\"" : "%c", *text);
    cf_cli_print("\"");
}

static void print_csv(const cf_cli_measurement *bench)
{
    const cf_cli_bench_published *published = &bench->published;
    cf_cli_print("channel,transport,publishers,subscribers,size,rate,published,refused,unanswered,published_per_second");
    print_csv_names("answer", &published->latency);
    cf_cli_print(",received,lost,disordered,received_per_second");
    print_csv_names("latency", &bench->latency);
    cf_cli_print(",disconnects,cpu_percent,interrupted\n");
    print_csv_text(bench->channel);
    cf_cli_print(",%s,%zu,%zu,%zu,%" PRId64, way(bench), bench->publisher_count, bench->subscriber_count, bench->size,
                 bench->options->rate > 0 ? bench->options->rate : 0);
    cf_cli_print(",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.3f", published->accepted, published->refused, published->unanswered,
                 per_second(published->accepted, seconds(bench, published->ended)));
    print_csv_values(&published->latency);
    cf_cli_print(",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.3f", bench->received, cf_cli_bench_lost(bench), bench->disordered,
                 per_second(bench->received, seconds(bench, bench->last_received)));
    print_csv_values(&bench->latency);
    cf_cli_print(",%" PRIu64 ",%.3f,%d\n", bench->disconnects, cpu_percent(bench), bench->interrupted);
}

/* ---- for people ---- */

enum { GROUPED_SIZE = 32 };

/* 1234567 as 1,234,567. */
static const char *grouped(char text[GROUPED_SIZE], uint64_t number)
{
    char digits[24];
    int size = snprintf(digits, sizeof(digits), "%" PRIu64, number);
    char *to = text;
    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}

static void print_row(const char *name, const cf_cli_measurement *bench, uint64_t count, int64_t until)
{
    char messages[GROUPED_SIZE];
    char rate[GROUPED_SIZE];
    double time = seconds(bench, until);
    double speed = per_second(count, time);
    cf_cli_print("%-10s %14s messages in %.2f s: %s a second, %.1f MB/s", name, grouped(messages, count), time,
                 grouped(rate, (uint64_t)speed), speed * (double)bench->size / 1e6);
}

/* With its head as wide as 80 columns. */
static void print_latency_row(const char *name, const cf_cli_histogram *histogram)
{
    column columns[LATENCY_COLUMNS];
    if (histogram->count == 0)
        return;
    fill_latency(columns, histogram);
    cf_cli_print("%-8s", name);
    for (size_t i = 0; i < LATENCY_COLUMNS; i++)
        cf_cli_print(columns[i].value < 1000 ? " %8.3f" : " %8.1f", columns[i].value);
    cf_cli_print("\n");
}

static void print_latency_head(void)
{
    static const cf_cli_histogram none;
    column columns[LATENCY_COLUMNS];
    fill_latency(columns, &none);
    cf_cli_print("\n%-8s", "in ms");
    for (size_t i = 0; i < LATENCY_COLUMNS; i++)
        cf_cli_print(" %8s", columns[i].name);
    cf_cli_print("\n");
}

static void print_if(uint64_t count, const char *what)
{
    char text[GROUPED_SIZE];
    if (count > 0)
        cf_cli_print(", %s %s", grouped(text, count), what);
}

static void print_text(const cf_cli_measurement *bench)
{
    const cf_cli_bench_published *published = &bench->published;
    print_row("published", bench, published->accepted, published->ended);
    print_if(published->refused, "refused");
    print_if(published->unanswered, "without an answer");
    cf_cli_print("\n");
    if (bench->subscriber_count > 0) {
        print_row("received", bench, bench->received, bench->last_received);
        print_if(cf_cli_bench_lost(bench), bench->interrupted ? "missing" : "lost");
        print_if(bench->disordered, "twice or out of order");
        cf_cli_print("\n");
    }
    print_latency_head();
    print_latency_row("delivery", &bench->latency);
    print_latency_row("answer", &published->latency);
    cf_cli_print("\nbench itself used %.0f %% of a processor", cpu_percent(bench));
    print_if(bench->disconnects, "connections lost");
    cf_cli_print("\n");
}

void cf_cli_bench_report(const cf_cli_measurement *bench)
{
    if (bench->options->csv)
        print_csv(bench);
    else if (cf_cli_print_is_for_people())
        print_text(bench);
    else
        print_json(bench);
}

/* ---- while it runs ---- */

static bool shows_progress(const cf_cli_measurement *bench)
{
    return !bench->options->quiet && isatty(STDERR_FILENO) && cf_cli_terminal_moves();
}

static double share_done(const cf_cli_measurement *bench, uint64_t published, int64_t now)
{
    int64_t duration = bench->options->duration;
    double share =
        duration > 0 ? (double)(now - bench->started) / ((double)duration * 1e6) : (double)published / (double)bench->count;
    return share < 1 ? share : 1;
}

void cf_cli_bench_show_progress(const cf_cli_measurement *bench, int64_t now)
{
    enum { BAR = 24 };
    static const char full[] = "########################";
    static const char empty[] = "........................";
    char messages[GROUPED_SIZE];
    char received[GROUPED_SIZE];
    uint64_t published = bench->published.accepted + (uint64_t)bench->threads.answers;
    if (!shows_progress(bench))
        return;
    double share = share_done(bench, published, now);
    int filled = (int)(share * BAR);
    fprintf(stderr, "\r\033[K%.*s%.*s %3d %%  %s published, %s received", filled, full, BAR - filled, empty, (int)(share * 100),
            grouped(messages, published), grouped(received, bench->received));
    fflush(stderr);
}

void cf_cli_bench_hide_progress(const cf_cli_measurement *bench)
{
    if (shows_progress(bench))
        fputs("\r\033[K", stderr);
}

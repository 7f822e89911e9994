#include "server/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"

/*
 * Histograms in the manner of HdrHistogram: values are counted exactly up to 2047, then with 1024 steps for each power of
 * two, which gives three significant digits. Counters are allocated for a power of two when a value first falls in it.
 */
#define VALUE_MAX 60000000u /* microseconds */
#define HALF      1024u
#define RANGES    17 /* range 0 is 0..1023, range n is 2^(n-1) * (1024..2047) */
#define WINDOWS   15

typedef struct window {
    uint32_t *counts[RANGES]; /* HALF each; NULL: all zero */
    uint64_t total;
    uint64_t sum;
    uint32_t min;
    uint32_t max;
} window;

struct cf_histogram {
    window windows[WINDOWS];
    unsigned current;
    cf_metrics_buckets past; /* of windows that are gone */
};

const uint32_t cf_metrics_bounds[CF_METRICS_BOUNDS] = {100,   250,    500,    1000,   2500,    5000,    10000,
                                                       25000, 100000, 250000, 500000, 1000000, 2500000, 10000000};

typedef struct summary {
    uint64_t count;
    uint64_t percentile[4]; /* 50, 90, 99, 99.99 */
    uint64_t max;
    uint64_t min;
    uint64_t mean;
} summary;

cf_metrics *cf_metrics_new(const cf_allocator *allocator)
{
    cf_metrics *metrics = cf_alloc_zero(allocator, 1, sizeof *metrics);
    if (metrics == NULL)
        return NULL;
    metrics->allocator = allocator;
    for (unsigned i = 0; i < CF_LATENCY_COUNT; i++) {
        metrics->histograms[i] = cf_alloc_zero(allocator, 1, sizeof(cf_histogram));
        if (metrics->histograms[i] == NULL) {
            cf_metrics_free(metrics);
            return NULL;
        }
    }
    return metrics;
}

static void clear_window(window *cleared, const cf_allocator *allocator)
{
    for (unsigned i = 0; i < RANGES; i++)
        cf_free(allocator, cleared->counts[i]);
    *cleared = (window){0};
}

void cf_metrics_free(cf_metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (unsigned i = 0; i < CF_LATENCY_COUNT; i++) {
        if (metrics->histograms[i] == NULL)
            continue;
        for (unsigned j = 0; j < WINDOWS; j++)
            clear_window(&metrics->histograms[i]->windows[j], metrics->allocator);
        cf_free(metrics->allocator, metrics->histograms[i]);
    }
    cf_free(metrics->allocator, metrics);
}

static unsigned range_of(uint32_t value)
{
    unsigned range = 0;
    while (value >= HALF << range)
        range++;
    return range;
}

/* The size of a step in a range, as a shift. */
static unsigned step_of(unsigned range)
{
    return range == 0 ? 0 : range - 1;
}

/* Without memory a value goes uncounted: nothing depends on it. */
void cf_metrics_record(cf_metrics *metrics, cf_latency which, uint64_t microseconds)
{
    cf_histogram *histogram = metrics->histograms[which];
    window *current = &histogram->windows[histogram->current];
    uint32_t value = microseconds > VALUE_MAX ? VALUE_MAX : microseconds < 1 ? 1 : (uint32_t)microseconds;
    unsigned range = range_of(value);
    if (current->counts[range] == NULL)
        current->counts[range] = cf_alloc_zero(metrics->allocator, HALF, sizeof(uint32_t));
    if (current->counts[range] == NULL)
        return;
    current->counts[range][(value >> step_of(range)) & (HALF - 1)]++;
    current->min = current->total == 0 || value < current->min ? value : current->min;
    current->max = value > current->max ? value : current->max;
    current->total++;
    current->sum += value;
}

/* The largest value that is counted together with this place. */
static uint64_t value_at(unsigned range, unsigned place)
{
    uint64_t base = range == 0 ? place : HALF + place;
    return (base << step_of(range)) + ((UINT64_C(1) << step_of(range)) - 1);
}

static void add_to_buckets(cf_metrics_buckets *buckets, uint64_t value, uint64_t count)
{
    for (size_t i = CF_METRICS_BOUNDS; i > 0 && value <= cf_metrics_bounds[i - 1]; i--)
        buckets->counts[i - 1] += count;
}

static void add_window(cf_metrics_buckets *buckets, const window *added)
{
    for (unsigned range = 0; range < RANGES; range++) {
        const uint32_t *counts = added->counts[range];
        for (unsigned place = 0; place < HALF && counts != NULL; place++) {
            if (counts[place] > 0)
                add_to_buckets(buckets, value_at(range, place), counts[place]);
        }
    }
    buckets->total += added->total;
    buckets->sum += added->sum;
}

void cf_metrics_count_buckets(const cf_metrics *metrics, cf_latency which, cf_metrics_buckets *buckets)
{
    const cf_histogram *histogram = metrics->histograms[which];
    *buckets = histogram->past;
    for (unsigned i = 0; i < WINDOWS; i++)
        add_window(buckets, &histogram->windows[i]);
}

static void add_counts(const cf_allocator *allocator, uint32_t **counts, const uint32_t *added)
{
    if (added == NULL)
        return;
    if (*counts == NULL)
        *counts = cf_alloc_zero(allocator, HALF, sizeof(uint32_t));
    for (unsigned i = 0; i < HALF && *counts != NULL; i++)
        (*counts)[i] += added[i];
}

static void join_window(const cf_allocator *allocator, window *sum, const window *added)
{
    if (added->total == 0)
        return;
    for (unsigned i = 0; i < RANGES; i++)
        add_counts(allocator, &sum->counts[i], added->counts[i]);
    sum->min = sum->total == 0 || added->min < sum->min ? added->min : sum->min;
    sum->max = added->max > sum->max ? added->max : sum->max;
    sum->total += added->total;
    sum->sum += added->sum;
}

static void join_past(cf_metrics_buckets *sum, const cf_metrics_buckets *added)
{
    for (size_t i = 0; i < CF_METRICS_BOUNDS; i++)
        sum->counts[i] += added->counts[i];
    sum->total += added->total;
    sum->sum += added->sum;
}

/* The newest to the newest. */
static void join_histogram(const cf_allocator *allocator, cf_histogram *sum, const cf_histogram *added)
{
    for (unsigned age = 0; age < WINDOWS; age++)
        join_window(allocator, &sum->windows[(sum->current + WINDOWS - age) % WINDOWS],
                    &added->windows[(added->current + WINDOWS - age) % WINDOWS]);
    join_past(&sum->past, &added->past);
}

void cf_metrics_add(cf_metrics *metrics, const cf_metrics *other)
{
#define ADD_VALUE(name) metrics->name += other->name;
    CF_METRICS_COUNTERS(ADD_VALUE)
    CF_METRICS_GAUGES(ADD_VALUE)
#undef ADD_VALUE
    for (unsigned i = 0; i < CF_LATENCY_COUNT; i++)
        join_histogram(metrics->allocator, metrics->histograms[i], other->histograms[i]);
}

void cf_metrics_rotate(cf_metrics *metrics)
{
    for (unsigned i = 0; i < CF_LATENCY_COUNT; i++) {
        cf_histogram *histogram = metrics->histograms[i];
        histogram->current = (histogram->current + 1) % WINDOWS;
        add_window(&histogram->past, &histogram->windows[histogram->current]);
        clear_window(&histogram->windows[histogram->current], metrics->allocator);
    }
}

static uint64_t count_at(const cf_histogram *histogram, bool merged, unsigned range, unsigned place)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < WINDOWS; i++) {
        const uint32_t *counts = histogram->windows[i].counts[range];
        if ((merged || i == histogram->current) && counts != NULL)
            count += counts[place];
    }
    return count;
}

static bool range_used(const cf_histogram *histogram, bool merged, unsigned range)
{
    for (unsigned i = 0; i < WINDOWS; i++)
        if ((merged || i == histogram->current) && histogram->windows[i].counts[range] != NULL)
            return true;
    return false;
}

static void find_percentiles(const cf_histogram *histogram, bool merged, summary *out)
{
    static const unsigned shares[] = {5000, 9000, 9900, 9999}; /* of 10,000 */
    uint64_t seen = 0;
    size_t next = 0;
    for (unsigned range = 0; range < RANGES && next < 4; range++) {
        for (unsigned place = 0; place < HALF && range_used(histogram, merged, range) && next < 4; place++) {
            seen += count_at(histogram, merged, range, place);
            while (next < 4 && seen * 10000 >= out->count * shares[next])
                out->percentile[next++] = value_at(range, place);
        }
    }
}

static summary summarize(const cf_histogram *histogram, bool merged)
{
    summary out = {0};
    uint64_t sum = 0;
    for (unsigned i = 0; i < WINDOWS; i++) {
        const window *part = &histogram->windows[i];
        if ((!merged && i != histogram->current) || part->total == 0)
            continue;
        out.min = out.count == 0 || part->min < out.min ? part->min : out.min;
        out.max = part->max > out.max ? part->max : out.max;
        out.count += part->total;
        sum += part->sum;
    }
    if (out.count == 0)
        return out;
    out.mean = sum / out.count;
    find_percentiles(histogram, merged, &out);
    for (size_t i = 0; i < 4; i++)
        if (out.percentile[i] > out.max)
            out.percentile[i] = out.max;
    return out;
}

/* ---- JSON ---------------------------------------------------------------- */

static void add(cf_metrics_values *all, const char *name, const char *suffix, uint64_t number)
{
    size_t last = all->count++;
    snprintf(all->list[last].name, sizeof all->list[last].name, "%s%s", name, suffix);
    all->list[last].number = (int64_t)number;
}

static void add_summary(cf_metrics_values *all, const char *name, summary result)
{
    static const char *const percentiles[] = {"microseconds_50%ile", "microseconds_90%ile", "microseconds_99%ile",
                                              "microseconds_99.99%ile"};
    add(all, name, "count", result.count);
    for (size_t i = 0; i < 4; i++)
        add(all, name, percentiles[i], result.percentile[i]);
    add(all, name, "microseconds_max", result.max);
    add(all, name, "microseconds_min", result.min);
    add(all, name, "microseconds_mean", result.mean);
}

/* The names stand first. */
static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

void cf_metrics_take(const cf_metrics *metrics, const cf_metrics *since, cf_metrics_values *values)
{
    static const cf_metrics zero;
    values->count = 0;
    if (since == NULL)
        since = &zero;
#define ADD_COUNTER(name) add(values, #name, "", (uint64_t)(metrics->name - since->name));
#define ADD_GAUGE(name)   add(values, #name, "", (uint64_t)metrics->name);
    CF_METRICS_COUNTERS(ADD_COUNTER)
    CF_METRICS_GAUGES(ADD_GAUGE)
#undef ADD_COUNTER
#undef ADD_GAUGE
    static const char *const names[CF_LATENCY_ENGINE][2] = {{"client_api_1_", "client_api_15_"},
                                                            {"http_api_1_", "http_api_15_"}};
    for (unsigned i = 0; i < CF_LATENCY_ENGINE; i++) {
        const cf_histogram *histogram = metrics->histograms[i];
        for (unsigned merged = 0; merged < 2; merged++)
            add_summary(values, names[i][merged], histogram == NULL ? (summary){0} : summarize(histogram, merged == 1));
    }
    qsort(values->list, values->count, sizeof values->list[0], by_name);
}

void cf_metrics_take_zero(cf_metrics_values *values)
{
    static const cf_metrics zero;
    cf_metrics_take(&zero, NULL, values);
}

static void set(cf_metrics_values *values, const char *name, int64_t number)
{
    for (size_t i = 0; i < values->count; i++)
        if (strcmp(values->list[i].name, name) == 0)
            values->list[i].number = number;
}

void cf_metrics_take_gauges(const cf_metrics *metrics, cf_metrics_values *values)
{
#define SET_GAUGE(name) set(values, #name, metrics->name);
    CF_METRICS_GAUGES(SET_GAUGE)
#undef SET_GAUGE
}

void cf_metrics_write_values(const cf_metrics_values *values, cf_buffer *out)
{
    for (size_t i = 0; i < values->count; i++) {
        cf_buffer_append_byte(out, i == 0 ? '{' : ',');
        cf_json_write_string(out, cf_bytes_of(values->list[i].name));
        cf_buffer_append_byte(out, ':');
        cf_buffer_append_int(out, values->list[i].number);
    }
    cf_buffer_append_byte(out, '}');
}

void cf_metrics_write(const cf_metrics *metrics, const cf_metrics *since, cf_buffer *out)
{
    cf_metrics_values values;
    cf_metrics_take(metrics, since, &values);
    cf_metrics_write_values(&values, out);
}

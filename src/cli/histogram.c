#include "cli/histogram.h"

#include <math.h>

enum { STEPS = CF_CLI_HISTOGRAM_STEPS };

/* Below STEPS every duration has its own place; above, as many places stand between 2^n and 2^(n+1). */
static size_t place_of(int64_t duration)
{
    size_t shift = 0;
    uint64_t rest = (uint64_t)duration;
    while (rest >= 2 * STEPS) {
        rest >>= 1;
        shift++;
    }
    return shift * STEPS + (size_t)rest;
}

/* The largest duration of a place. */
static int64_t duration_of(size_t place)
{
    if (place < 2 * STEPS)
        return (int64_t)place;
    size_t shift = place / STEPS - 1;
    uint64_t first = place - shift * STEPS;
    return (int64_t)(((first + 1) << shift) - 1);
}

static void widen(cf_cli_histogram *histogram, int64_t min, int64_t max)
{
    if (histogram->count == 0 || min < histogram->min)
        histogram->min = min;
    if (histogram->count == 0 || max > histogram->max)
        histogram->max = max;
}

void cf_cli_histogram_add(cf_cli_histogram *histogram, int64_t duration)
{
    if (duration < 0)
        duration = 0;
    widen(histogram, duration, duration);
    histogram->counts[place_of(duration)]++;
    histogram->count++;
    histogram->sum += (double)duration;
    histogram->square_sum += (double)duration * (double)duration;
}

void cf_cli_histogram_merge(cf_cli_histogram *histogram, const cf_cli_histogram *other)
{
    if (other->count == 0)
        return;
    widen(histogram, other->min, other->max);
    for (size_t i = 0; i < CF_CLI_HISTOGRAM_SIZE; i++)
        histogram->counts[i] += other->counts[i];
    histogram->count += other->count;
    histogram->sum += other->sum;
    histogram->square_sum += other->square_sum;
}

int64_t cf_cli_histogram_percentile(const cf_cli_histogram *histogram, double percent)
{
    double wanted = ceil(percent / 100 * (double)histogram->count);
    uint64_t seen = 0;
    for (size_t i = 0; i < CF_CLI_HISTOGRAM_SIZE; i++) {
        seen += histogram->counts[i];
        if (seen > 0 && (double)seen >= wanted)
            return duration_of(i) < histogram->max ? duration_of(i) : histogram->max;
    }
    return 0;
}

double cf_cli_histogram_mean(const cf_cli_histogram *histogram)
{
    return histogram->count > 0 ? histogram->sum / (double)histogram->count : 0;
}

double cf_cli_histogram_deviation(const cf_cli_histogram *histogram)
{
    if (histogram->count == 0)
        return 0;
    double mean = cf_cli_histogram_mean(histogram);
    double variance = histogram->square_sum / (double)histogram->count - mean * mean;
    return variance > 0 ? sqrt(variance) : 0;
}

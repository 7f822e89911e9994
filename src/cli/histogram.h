/*
 * How often which duration was measured. A duration is counted with those that differ from it by less than a hundredth, so that
 * the memory is fixed and recording is a few instructions.
 */
#ifndef CF_CLI_HISTOGRAM_H
#define CF_CLI_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    CF_CLI_HISTOGRAM_STEPS = 128,                             /* between a power of two and the next one */
    CF_CLI_HISTOGRAM_SIZE = (64 - 7) * CF_CLI_HISTOGRAM_STEPS /* all that 63 bits can say */
};

/* Zero-initialised it is empty. Durations are nanoseconds. */
typedef struct cf_cli_histogram {
    uint64_t counts[CF_CLI_HISTOGRAM_SIZE];
    uint64_t count;
    double sum;
    double square_sum;
    int64_t min;
    int64_t max;
} cf_cli_histogram;

/* A negative duration counts as 0. */
void cf_cli_histogram_add(cf_cli_histogram *histogram, int64_t duration);
void cf_cli_histogram_merge(cf_cli_histogram *histogram, const cf_cli_histogram *other);
/* The duration that `percent` of all do not exceed, from 0 to 100; 0 when it is empty. */
int64_t cf_cli_histogram_percentile(const cf_cli_histogram *histogram, double percent);
double cf_cli_histogram_mean(const cf_cli_histogram *histogram);
/* The standard deviation. */
double cf_cli_histogram_deviation(const cf_cli_histogram *histogram);

#endif

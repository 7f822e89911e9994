/*
 * Time as the rooms see it: milliseconds of a monotonic clock that the driver
 * reads and hands in. Zero is any moment; only differences mean something.
 */
#ifndef CF_BASE_CLOCK_H
#define CF_BASE_CLOCK_H

#include <stdint.h>

typedef int64_t cf_time;

#define CF_TIME_NEVER INT64_MAX

/* `now` + `delay`, without overflow; a negative delay counts as 0. */
static inline cf_time cf_time_after(cf_time now, int64_t delay)
{
    if (delay < 0)
        delay = 0;
    return delay > CF_TIME_NEVER - now ? CF_TIME_NEVER : now + delay;
}

static inline cf_time cf_time_later(cf_time a, cf_time b)
{
    return a > b ? a : b;
}

static inline cf_time cf_time_earlier(cf_time a, cf_time b)
{
    return a < b ? a : b;
}

#endif

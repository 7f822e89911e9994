#include "server/daemon/gauges.h"

#include <malloc.h>
#include <uv.h>

static int64_t nanoseconds(uv_timeval_t time)
{
    return (int64_t)time.tv_sec * 1000000000 + (int64_t)time.tv_usec * 1000;
}

static void take_times(cf_gauges *gauges, cf_metrics *metrics, cf_time now)
{
    uv_rusage_t usage;
    if (uv_getrusage(&usage) != 0)
        return;
    metrics->node_rusage_utime = nanoseconds(usage.ru_utime);
    metrics->node_rusage_stime = nanoseconds(usage.ru_stime);
    int64_t total = metrics->node_rusage_utime + metrics->node_rusage_stime;
    int64_t wall = (now - gauges->cpu_taken_at) * 1000000; /* ms to ns */
    if (wall > 0)
        metrics->node_cpu_usage = (total - gauges->cpu_time) * 100 / wall;
    gauges->cpu_time = total;
    gauges->cpu_taken_at = now;
}

#ifdef __GLIBC__
/*
 * Malloc gives back by itself only what is free at the heap's end: of a history that expires that is nearly nothing. What it
 * keeps is looked at, not how much is allocated: that may have come and gone since the last time.
 */
static void give_back(cf_gauges *gauges, int64_t kept)
{
    if (kept < gauges->heap_kept)
        gauges->heap_kept = kept;
    if (kept - gauges->heap_kept < CF_GAUGES_TRIM_AFTER)
        return;
    gauges->heap_kept = kept;
    (void)malloc_trim(0);
}

static void take_heap(cf_gauges *gauges, cf_metrics *metrics)
{
    struct mallinfo2 heap = mallinfo2();
    metrics->node_memory_heap_sys = (int64_t)(heap.arena + heap.hblkhd);
    metrics->node_memory_heap_alloc = (int64_t)(heap.uordblks + heap.hblkhd);
    give_back(gauges, (int64_t)heap.fordblks);
}
#else
static void take_heap(cf_gauges *gauges, cf_metrics *metrics)
{
    (void)gauges;
    (void)metrics;
}
#endif

static void take_memory(cf_gauges *gauges, cf_metrics *metrics)
{
    size_t resident = 0;
    take_heap(gauges, metrics);
    if (uv_resident_set_memory(&resident) == 0)
        metrics->node_memory_sys = (int64_t)resident;
}

void cf_gauges_take(cf_gauges *gauges, cf_metrics *metrics, cf_time now, int64_t interval)
{
    if (now < gauges->due)
        return;
    gauges->due = cf_time_after(now, interval);
    take_times(gauges, metrics, now);
    take_memory(gauges, metrics);
    metrics->node_num_goroutine = 1; /* one thread */
}

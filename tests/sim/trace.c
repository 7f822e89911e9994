#include "trace.h"

#include <inttypes.h>
#include <stdio.h>

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME  UINT64_C(0x100000001b3)

void sim_trace_init(sim_trace *trace, sim_tracing tracing)
{
    trace->count = 0;
    trace->hash = FNV_OFFSET;
    trace->tracing = tracing;
}

/* One line stays one line, whatever a peer sent. */
static void clean(char *line)
{
    for (; *line != '\0'; line++)
        if ((unsigned char)*line < 0x20 || (unsigned char)*line > 0x7e)
            *line = '.';
}

void sim_trace_add(sim_trace *trace, int64_t now, const char *format, va_list arguments)
{
    if (trace->tracing == SIM_TRACING_OFF)
        return;
    char *line = trace->lines[trace->count++ % SIM_TRACE_LINES];
    int used = snprintf(line, SIM_TRACE_WIDTH, "%9" PRId64 " ", now);
    vsnprintf(line + used, SIM_TRACE_WIDTH - (size_t)used, format, arguments);
    clean(line);
    for (const char *at = line; *at != '\0'; at++)
        trace->hash = (trace->hash ^ (unsigned char)*at) * FNV_PRIME;
    if (trace->tracing == SIM_TRACING_PRINT)
        printf("%s\n", line);
}

void sim_trace_dump(const sim_trace *trace)
{
    size_t first = trace->count > SIM_TRACE_LINES ? trace->count - SIM_TRACE_LINES : 0;
    for (size_t i = first; i < trace->count; i++)
        fprintf(stderr, "%s\n", trace->lines[i % SIM_TRACE_LINES]);
}

const char *sim_trace_newest(const sim_trace *trace)
{
    return trace->count == 0 ? "" : trace->lines[(trace->count - 1) % SIM_TRACE_LINES];
}

/*
 * What happened, line by line: the last lines are printed when an invariant
 * breaks, all of them with --trace, and the hash of all tells whether a seed
 * replayed byte for byte. No pointers and no wall clock in a line.
 */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include "base/bytes.h"

#include <stdarg.h>

#define SIM_TRACE_LINES 40
#define SIM_TRACE_WIDTH 240

/* Writing it costs a quarter of a seed's time: one that breaks is played again to have its lines. */
typedef enum sim_tracing { SIM_TRACING_OFF, SIM_TRACING_KEEP, SIM_TRACING_PRINT } sim_tracing;

typedef struct sim_trace {
    char lines[SIM_TRACE_LINES][SIM_TRACE_WIDTH];
    size_t count;
    uint64_t hash;
    sim_tracing tracing;
} sim_trace;

void sim_trace_init(sim_trace *trace, sim_tracing tracing);
void sim_trace_add(sim_trace *trace, int64_t now, const char *format, va_list arguments);
/* The lines that are kept, oldest first, to stderr. */
void sim_trace_dump(const sim_trace *trace);
const char *sim_trace_newest(const sim_trace *trace);

#endif

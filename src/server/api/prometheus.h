/*
 * The metrics of a node in the text format of Prometheus (its exposition format 0.0.4).
 */
#ifndef CF_SERVER_API_PROMETHEUS_H
#define CF_SERVER_API_PROMETHEUS_H

#include "server/figures.h"

#define CF_PROMETHEUS_CONTENT_TYPE CF_BYTES("text/plain; version=0.0.4; charset=utf-8")

/* `unix_time`: s, now. */
void cf_prometheus_write(const cf_figures *figures, int64_t unix_time, cf_buffer *out);

#endif

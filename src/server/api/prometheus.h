/*
 * The metrics of a node in the text format of Prometheus (its exposition format 0.0.4).
 */
#ifndef CF_SERVER_API_PROMETHEUS_H
#define CF_SERVER_API_PROMETHEUS_H

#include "server/node.h"

#define CF_PROMETHEUS_CONTENT_TYPE CF_BYTES("text/plain; version=0.0.4; charset=utf-8")

/* `engine_answers`: as of the last time that it was asked. */
void cf_prometheus_write(cf_node *node, bool engine_answers, cf_buffer *out);

#endif

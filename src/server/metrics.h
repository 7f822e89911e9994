/*
 * Counters, gauges and latency histograms of a node (server-spec.md 9.4), and
 * their JSON form.
 */
#ifndef CF_SERVER_METRICS_H
#define CF_SERVER_METRICS_H

#include "base/buffer.h"

/* X(member, "name in JSON"): counters, in no particular order; the JSON is sorted. */
#define CF_METRICS_COUNTERS(X)                                                                                                 \
    X(http_api_num_requests)                                                                                                   \
    X(http_raw_ws_num_requests)                                                                                                \
    X(http_sockjs_num_requests)                                                                                                \
    X(client_api_num_requests)                                                                                                 \
    X(client_bytes_in)                                                                                                         \
    X(client_bytes_out)                                                                                                        \
    X(client_num_msg_queued)                                                                                                   \
    X(client_num_msg_sent)                                                                                                     \
    X(client_num_msg_published)                                                                                                \
    X(client_num_connect)                                                                                                      \
    X(client_num_subscribe)                                                                                                    \
    X(node_num_client_msg_published)                                                                                           \
    X(node_num_join_msg_published)                                                                                             \
    X(node_num_leave_msg_published)                                                                                            \
    X(node_num_admin_msg_published)                                                                                            \
    X(node_num_control_msg_published)                                                                                          \
    X(node_num_client_msg_received)                                                                                            \
    X(node_num_join_msg_received)                                                                                              \
    X(node_num_leave_msg_received)                                                                                             \
    X(node_num_admin_msg_received)                                                                                             \
    X(node_num_control_msg_received)                                                                                           \
    X(node_num_add_client_conn)                                                                                                \
    X(node_num_remove_client_conn)                                                                                             \
    X(node_num_add_client_sub)                                                                                                 \
    X(node_num_remove_client_sub)                                                                                              \
    X(node_num_presence)                                                                                                       \
    X(node_num_add_presence)                                                                                                   \
    X(node_num_remove_presence)                                                                                                \
    X(node_num_history)                                                                                                        \
    X(node_num_last_message_id)

#define CF_METRICS_GAUGES(X)                                                                                                   \
    X(node_memory_sys)                                                                                                         \
    X(node_memory_heap_sys)                                                                                                    \
    X(node_memory_heap_alloc)                                                                                                  \
    X(node_memory_stack_inuse)                                                                                                 \
    X(node_cpu_usage)                                                                                                          \
    X(node_rusage_utime)                                                                                                       \
    X(node_rusage_stime)                                                                                                       \
    X(node_num_goroutine)                                                                                                      \
    X(node_num_clients)                                                                                                        \
    X(node_num_unique_clients)                                                                                                 \
    X(node_num_channels)                                                                                                       \
    X(node_uptime_seconds)

typedef struct cf_histogram cf_histogram;

typedef enum cf_latency {
    CF_LATENCY_CLIENT_API,
    CF_LATENCY_HTTP_API,
    CF_LATENCY_ENGINE, /* from here on not in the JSON */
    CF_LATENCY_LOOP,
    CF_LATENCY_COUNT
} cf_latency;

typedef struct cf_metrics {
#define CF_METRICS_MEMBER(name) int64_t name;
    CF_METRICS_COUNTERS(CF_METRICS_MEMBER)
    CF_METRICS_GAUGES(CF_METRICS_MEMBER)
#undef CF_METRICS_MEMBER
    cf_histogram *histograms[CF_LATENCY_COUNT];
    const cf_allocator *allocator;
} cf_metrics;

/* NULL without memory. */
cf_metrics *cf_metrics_new(const cf_allocator *allocator);
void cf_metrics_free(cf_metrics *metrics);
/* Adds what another one has counted, interval by interval; what there is no memory for is not added. */
void cf_metrics_add(cf_metrics *metrics, const cf_metrics *other);
/* One request took so long; 1 to 60,000,000 microseconds, cut to that. */
void cf_metrics_record(cf_metrics *metrics, cf_latency which, uint64_t microseconds);

/* All requests since the start, by how long they took: those of at most so many microseconds. */
#define CF_METRICS_BOUNDS 14
extern const uint32_t cf_metrics_bounds[CF_METRICS_BOUNDS];
typedef struct cf_metrics_buckets {
    uint64_t counts[CF_METRICS_BOUNDS];
    uint64_t total;
    uint64_t sum; /* microseconds */
} cf_metrics_buckets;

void cf_metrics_count_buckets(const cf_metrics *metrics, cf_latency which, cf_metrics_buckets *buckets);

/* An interval ends: the window of 1 becomes the newest of the 15. */
void cf_metrics_rotate(cf_metrics *metrics);
/* All 74 values, sorted by name. */
typedef struct cf_metrics_values {
    struct {
        char name[48];
        int64_t number;
    } list[80];
    size_t count;
} cf_metrics_values;

/* Takes the values as they are: what an interval's end leaves behind. `since` as below. */
void cf_metrics_take(const cf_metrics *metrics, const cf_metrics *since, cf_metrics_values *values);
/* All zero: before the first interval ends. */
void cf_metrics_take_zero(cf_metrics_values *values);
/* The gauges become those of now. */
void cf_metrics_take_gauges(const cf_metrics *metrics, cf_metrics_values *values);
void cf_metrics_write_values(const cf_metrics_values *values, cf_buffer *out);
/*
 * The object of all 74 values, keys sorted. `since` NULL: totals (method node); else counters are the difference to it (method
 * stats).
 */
void cf_metrics_write(const cf_metrics *metrics, const cf_metrics *since, cf_buffer *out);

#endif

#include "server/api/prometheus.h"

#include <stdio.h>

/* ---- the format ---- */

static void put(cf_buffer *out, const char *text)
{
    cf_buffer_append(out, cf_bytes_of(text));
}

static void begin_family(cf_buffer *out, const char *name, const char *type, const char *help)
{
    put(out, "# HELP ");
    put(out, name);
    put(out, " ");
    put(out, help);
    put(out, "\n# TYPE ");
    put(out, name);
    put(out, " ");
    put(out, type);
    put(out, "\n");
}

/* `labels`: as they stand between the braces; empty: none. */
static void put_name(cf_buffer *out, const char *name, const char *labels)
{
    put(out, name);
    if (labels[0] != 0) {
        put(out, "{");
        put(out, labels);
        put(out, "}");
    }
    put(out, " ");
}

static void put_value(cf_buffer *out, const char *name, const char *labels, int64_t value)
{
    put_name(out, name, labels);
    cf_buffer_append_int(out, value);
    put(out, "\n");
}

static void put_gauge(cf_buffer *out, const char *name, const char *help, int64_t value)
{
    begin_family(out, name, "gauge", help);
    put_value(out, name, "", value);
}

/* Seconds, without zeros at the end. */
static void put_seconds(cf_buffer *out, uint64_t microseconds)
{
    char text[40];
    int size = snprintf(text, sizeof(text), "%llu.%06llu", (unsigned long long)(microseconds / 1000000),
                        (unsigned long long)(microseconds % 1000000));
    while (size > 0 && text[size - 1] == '0')
        size--;
    size -= size > 0 && text[size - 1] == '.';
    cf_buffer_append(out, (cf_bytes){text, (size_t)size});
}

/* ---- what is counted ---- */

/* Rows of one name stand together; the first has type and help. */
typedef struct counter {
    const char *name;
    const char *help;
    const char *labels;
    size_t offset; /* in cf_metrics */
} counter;

#define AT(member) offsetof(cf_metrics, member)

static const counter counters[] = {
    {"centrifuged_http_requests_total", "Requests of the API, WebSocket connections, and sessions of SockJS.",
     "endpoint=\"api\"", AT(http_api_num_requests)},
    {"centrifuged_http_requests_total", NULL, "endpoint=\"websocket\"", AT(http_raw_ws_num_requests)},
    {"centrifuged_http_requests_total", NULL, "endpoint=\"sockjs\"", AT(http_sockjs_num_requests)},
    {"centrifuged_client_messages_received_total", "Messages from clients, each with one command or several.", "",
     AT(client_api_num_requests)},
    {"centrifuged_client_received_bytes_total", "Bytes of these messages.", "", AT(client_bytes_in)},
    {"centrifuged_client_messages_queued_total", "Messages for clients: answers and pushes, for each client.", "",
     AT(client_num_msg_queued)},
    {"centrifuged_client_messages_sent_total", "Those that were sent.", "", AT(client_num_msg_sent)},
    {"centrifuged_client_sent_bytes_total", "Bytes of the messages that were sent.", "", AT(client_bytes_out)},
    {"centrifuged_client_commands_total", "Commands of clients of these methods.", "method=\"connect\"",
     AT(client_num_connect)},
    {"centrifuged_client_commands_total", NULL, "method=\"subscribe\"", AT(client_num_subscribe)},
    {"centrifuged_client_commands_total", NULL, "method=\"publish\"", AT(client_num_msg_published)},
    {"centrifuged_clients_connected_total", "Clients that have connected with good credentials.", "",
     AT(node_num_add_client_conn)},
    {"centrifuged_clients_disconnected_total", "Those that are gone.", "", AT(node_num_remove_client_conn)},
    {"centrifuged_subscriptions_added_total", "Subscriptions of clients to channels.", "", AT(node_num_add_client_sub)},
    {"centrifuged_subscriptions_removed_total", "Those that are gone.", "", AT(node_num_remove_client_sub)},
    {"centrifuged_engine_published_total", "Messages given to the engine.", "kind=\"message\"",
     AT(node_num_client_msg_published)},
    {"centrifuged_engine_published_total", NULL, "kind=\"join\"", AT(node_num_join_msg_published)},
    {"centrifuged_engine_published_total", NULL, "kind=\"leave\"", AT(node_num_leave_msg_published)},
    {"centrifuged_engine_published_total", NULL, "kind=\"control\"", AT(node_num_control_msg_published)},
    {"centrifuged_engine_received_total", "Messages that came from the engine.", "kind=\"message\"",
     AT(node_num_client_msg_received)},
    {"centrifuged_engine_received_total", NULL, "kind=\"join\"", AT(node_num_join_msg_received)},
    {"centrifuged_engine_received_total", NULL, "kind=\"leave\"", AT(node_num_leave_msg_received)},
    {"centrifuged_engine_received_total", NULL, "kind=\"control\"", AT(node_num_control_msg_received)},
    {"centrifuged_engine_operations_total", "What else the engine was asked for.", "operation=\"presence\"",
     AT(node_num_presence)},
    {"centrifuged_engine_operations_total", NULL, "operation=\"add_presence\"", AT(node_num_add_presence)},
    {"centrifuged_engine_operations_total", NULL, "operation=\"remove_presence\"", AT(node_num_remove_presence)},
    {"centrifuged_engine_operations_total", NULL, "operation=\"history\"", AT(node_num_history)},
    {"centrifuged_engine_operations_total", NULL, "operation=\"newest\"", AT(node_num_last_message_id)},
};

static void put_counters(cf_buffer *out, const cf_metrics *metrics)
{
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        const counter *row = &counters[i];
        if (row->help != NULL)
            begin_family(out, row->name, "counter", row->help);
        put_value(out, row->name, row->labels, *(const int64_t *)(const void *)((const char *)metrics + row->offset));
    }
}

static void put_closes(cf_buffer *out, const cf_figures *figures)
{
    static const char name[] = "centrifuged_client_closes_total";
    char labels[64];
    begin_family(out, name, "counter", "Clients that the server closed.");
    for (size_t i = 1; i <= CF_TROUBLE_COUNT; i++) {
        (void)snprintf(labels, sizeof(labels), "reason=\"%s\"", cf_trouble_text((cf_trouble)i).data);
        put_value(out, name, labels, (int64_t)figures->closes[i]);
    }
}

static void put_refusals(cf_buffer *out, const cf_figures *figures)
{
    static const char name[] = "centrifuged_refusals_total";
    static const char *const labels[] = {
#define NOTICE_LABEL(member, level) [CF_NOTICE_##member] = "reason=\"" #member "\"",
        CF_NOTICES(NOTICE_LABEL)
#undef NOTICE_LABEL
    };
    begin_family(out, name, "counter", "What was refused or went wrong because of others; the log has lines for it.");
    for (size_t i = 0; i < CF_NOTICE_COUNT; i++)
        put_value(out, name, labels[i], (int64_t)figures->refusals[i]);
}

/* ---- how it is ---- */

static void put_sessions(cf_buffer *out, const cf_census *census)
{
    static const char name[] = "centrifuged_connections";
    char labels[64];
    begin_family(out, name, "gauge", "Connections by transport, those without credentials included.");
    for (size_t i = 0; i < census->transport_count; i++) {
        (void)snprintf(labels, sizeof(labels), "transport=\"%s\"", census->transports[i].name);
        put_value(out, name, labels, (int64_t)census->transports[i].sessions);
    }
    put_gauge(out, "centrifuged_queue_bytes", "Bytes that wait for clients.", (int64_t)census->queue_bytes);
    put_gauge(out, "centrifuged_queue_memory_bytes", "Memory that is held for them, what several wait for counted for each.",
              (int64_t)census->queue_memory);
    put_gauge(out, "centrifuged_queue_longest_bytes", "Bytes that wait for one client, at most.",
              (int64_t)census->longest_queue);
}

static void put_hub(cf_buffer *out, const cf_figures *figures)
{
    const cf_metrics *metrics = figures->metrics;
    put_gauge(out, "centrifuged_clients", "Clients with good credentials.", (int64_t)figures->clients);
    put_gauge(out, "centrifuged_users", "Users with a client; all anonymous ones are one.", (int64_t)figures->users);
    put_gauge(out, "centrifuged_channels", "Channels with a subscriber.", (int64_t)figures->channels);
    put_gauge(out, "centrifuged_subscriptions", "Subscriptions of all clients.",
              metrics->node_num_add_client_sub - metrics->node_num_remove_client_sub);
}

static void put_api(cf_buffer *out, const cf_figures *figures)
{
    put_gauge(out, "centrifuged_api_request_bytes", "Bytes of API requests that are being carried out.",
              (int64_t)figures->api_bytes);
    put_gauge(out, "centrifuged_api_answer_bytes", "Bytes of their answers so far.", (int64_t)figures->api_replies);
}

static void put_engine(cf_buffer *out, const cf_figures *figures)
{
    put_gauge(out, "centrifuged_engine_up", "1 while the engine answers.", figures->engine_answers);
    put_gauge(out, "centrifuged_engine_pending", "Operations of the engine for which nobody but a shutdown waits.",
              (int64_t)figures->pending);
}

static void put_process(cf_buffer *out, const cf_metrics *metrics, int64_t unix_time)
{
    put_gauge(out, "process_resident_memory_bytes", "Memory of the process.", metrics->node_memory_sys);
    put_gauge(out, "centrifuged_heap_bytes", "Memory that is allocated.", metrics->node_memory_heap_alloc);
    put_gauge(out, "process_start_time_seconds", "When the node began.", unix_time - metrics->node_uptime_seconds);
    begin_family(out, "process_cpu_seconds_total", "counter", "Processor time of the process.");
    put_name(out, "process_cpu_seconds_total", "");
    put_seconds(out, (uint64_t)(metrics->node_rusage_utime + metrics->node_rusage_stime) / 1000);
    put(out, "\n");
    begin_family(out, "centrifuged_build_info", "gauge", "Always 1; the version is a label.");
    put_value(out, "centrifuged_build_info", "version=\"" CF_SERVER_VERSION "\"", 1);
}

/* ---- how long it took ---- */

static void put_bucket(cf_buffer *out, const char *name, uint64_t bound, uint64_t count)
{
    put(out, name);
    put(out, "_bucket{le=\"");
    if (bound == 0)
        put(out, "+Inf");
    else
        put_seconds(out, bound);
    put(out, "\"} ");
    cf_buffer_append_int(out, (int64_t)count);
    put(out, "\n");
}

static void put_histogram(cf_buffer *out, const cf_metrics *metrics, cf_latency which, const char *name, const char *help)
{
    cf_metrics_buckets buckets;
    cf_metrics_count_buckets(metrics, which, &buckets);
    begin_family(out, name, "histogram", help);
    for (size_t i = 0; i < CF_METRICS_BOUNDS; i++)
        put_bucket(out, name, cf_metrics_bounds[i], buckets.counts[i]);
    put_bucket(out, name, 0, buckets.total);
    put(out, name);
    put(out, "_sum ");
    put_seconds(out, buckets.sum);
    put(out, "\n");
    put(out, name);
    put(out, "_count ");
    cf_buffer_append_int(out, (int64_t)buckets.total);
    put(out, "\n");
}

static void put_latencies(cf_buffer *out, const cf_metrics *metrics)
{
    put_histogram(out, metrics, CF_LATENCY_CLIENT_API, "centrifuged_client_message_duration_seconds",
                  "How long the commands of a client's message took.");
    put_histogram(out, metrics, CF_LATENCY_HTTP_API, "centrifuged_api_request_duration_seconds",
                  "How long a request of the HTTP API took.");
    put_histogram(out, metrics, CF_LATENCY_ENGINE, "centrifuged_engine_probe_duration_seconds",
                  "How long the engine took for a history, asked at every node ping.");
    put_histogram(out, metrics, CF_LATENCY_LOOP, "centrifuged_loop_lag_seconds", "How late the loop came to what was due.");
}

void cf_prometheus_write(const cf_figures *figures, int64_t unix_time, cf_buffer *out)
{
    put_sessions(out, &figures->census);
    put_hub(out, figures);
    put_counters(out, figures->metrics);
    put_closes(out, figures);
    put_refusals(out, figures);
    put_api(out, figures);
    put_engine(out, figures);
    put_latencies(out, figures->metrics);
    put_process(out, figures->metrics, unix_time);
}

/*
 * The server's configuration as one struct: file, environment and flags are
 * merged (server-spec.md 8.1-8.6), checked (8.7, 10.2 fixes 1 and 10) and never
 * changed afterwards; a reload makes a new one. Names of members are the names
 * of the options. Times are in the unit of the option: seconds.
 */
#ifndef CF_SERVER_CONFIG_CONFIG_H
#define CF_SERVER_CONFIG_CONFIG_H

#include "wire/channel.h"
#include "base/buffer.h"

typedef struct cf_channel_options {
    bool watch;
    bool publish;
    bool anonymous;
    bool presence;
    bool join_leave;
    bool recover;
    bool history_drop_inactive;
    int64_t history_size;
    int64_t history_lifetime; /* s */
} cf_channel_options;

typedef struct cf_namespace {
    cf_bytes name;
    cf_channel_options options;
} cf_namespace;

/* All slices are NUL-terminated and belong to the struct. */
typedef struct cf_config {
    /* node options (8.4) */
    cf_bytes secret;
    cf_bytes name; /* never empty: <hostname>_<port> by default */
    bool debug;
    bool insecure;
    bool insecure_api;
    int64_t connection_lifetime;
    int64_t expired_connection_close_delay;
    int64_t stale_connection_close_delay;
    int64_t max_channel_length;
    int64_t user_connection_limit;
    int64_t client_channel_limit;
    int64_t client_request_max_size;
    int64_t client_queue_max_size;
    int64_t client_message_write_timeout;
    int64_t ping_interval;
    int64_t presence_ping_interval;
    int64_t presence_expire_interval;
    int64_t node_ping_interval;
    int64_t node_metrics_interval;
    cf_channel_rules channel_rules;
    cf_channel_options channel; /* of channels without a namespace */
    cf_namespace *namespaces;
    size_t namespace_count;
    /* server options (8.5) */
    cf_bytes address;
    int64_t port;
    int64_t api_port; /* equal to port by default */
    cf_bytes http_prefix;
    cf_bytes log_level;
    cf_bytes log_file;
    cf_bytes pid_file;
    int64_t api_request_max_size; /* ours: bytes of an HTTP API body, 10 MiB */
    void *storage; /* what the slices point into */
} cf_config;

/* The options of a channel; NULL: its namespace is unknown. */
const cf_channel_options *cf_config_channel(const cf_config *config, cf_bytes channel);
/* All defaults, no secret; for tests too. */
void cf_config_default(cf_config *config);

#endif

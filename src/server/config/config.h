/*
 * The server's configuration as one struct: file, environment and flags are
 * merged (server-spec.md 8.1-8.6), checked (8.7, 10.2 fixes 1 and 10) and never
 * changed afterwards; a reload makes a new one. Names of members are the names
 * of the options. Times are in the unit of the option: seconds.
 *
 * No I/O: the text of the file, the environment and the flags are handed in.
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

/* One of the Redis servers that share the channels. */
typedef struct cf_redis_server {
    cf_bytes master; /* its name for Sentinel, which tells host and port; or empty */
    cf_bytes host;
    int64_t port;
    cf_bytes password; /* empty: none */
    cf_bytes database; /* a number */
} cf_redis_server;

/* All slices are NUL-terminated and belong to the struct. */
typedef struct cf_config {
    /* node options (8.4) */
    cf_bytes secret;
    cf_bytes name; /* never empty: <hostname>_<port> by default */
    bool debug;
    bool insecure;
    bool insecure_api;
    bool insecure_admin;
    cf_bytes admin_password;
    cf_bytes admin_secret;
    int64_t connection_lifetime;
    int64_t expired_connection_close_delay;
    int64_t stale_connection_close_delay;
    int64_t max_channel_length;
    int64_t user_connection_limit;
    int64_t client_channel_limit;
    int64_t client_request_max_size;
    int64_t client_queue_max_size;
    int64_t client_queue_initial_capacity; /* only told, to operators */
    int64_t client_message_write_timeout;
    int64_t publish_wait_timeout; /* ours: s */
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
    cf_bytes address;   /* by commas */
    int64_t port;       /* 0: any free one */
    int64_t api_port;   /* equal to port by default */
    int64_t admin_port; /* the same */
    cf_bytes api_socket;
    bool admin; /* the admin WebSocket */
    bool web;   /* the same, and the page with its login */
    cf_bytes web_path;
    bool prometheus;
    cf_bytes http_prefix;
    cf_bytes log_level;
    cf_bytes log_format; /* ours: `text` or `json` */
    cf_bytes log_file;
    cf_bytes pid_file;
    int64_t api_request_max_size; /* ours: bytes of an HTTP API body, 10 MiB */
    cf_bytes sockjs_url;
    int64_t sockjs_heartbeat_delay; /* s; 0: none */
    bool websocket_compression;
    int64_t websocket_compression_min_size; /* bytes */
    int64_t websocket_compression_level;
    bool ssl;
    cf_bytes ssl_cert;
    cf_bytes ssl_key;
    bool ssl_only_openssl;
    int64_t shutdown_spread;   /* ours: s */
    int64_t http_idle_timeout; /* ours: s between two requests of a connection; 0: each has one */
    int64_t workers;           /* threads that serve; 0: one for each processor */
    cf_bytes engine;
    cf_bytes redis_host; /* this and the next seven: as they are written; redis_servers has what they mean */
    cf_bytes redis_port;
    cf_bytes redis_password;
    cf_bytes redis_db;
    cf_bytes redis_url;
    cf_bytes redis_master_name;
    cf_bytes redis_sentinels;
    cf_bytes redis_sentinel_password;
    bool redis_tls;
    cf_bytes redis_tls_ca;
    cf_bytes redis_tls_cert;
    cf_bytes redis_tls_key;
    cf_bytes redis_tls_name;
    cf_bytes redis_prefix;
    bool redis_api;
    int64_t redis_api_num_shards;
    int64_t redis_connect_timeout;
    int64_t redis_read_timeout;
    cf_redis_server *redis_servers; /* with engine `redis` */
    size_t redis_server_count;
    cf_redis_server *redis_sentinel_servers; /* only host and port count */
    size_t redis_sentinel_count;
    void *storage; /* what the slices point into */
} cf_config;

/* The options of a channel; NULL: its namespace is unknown. */
const cf_channel_options *cf_config_channel(const cf_config *config, cf_bytes channel);
/*
 * The first of texts by commas; false: there is none left. No text at all is one empty text. `texts` is the option's value at
 * first, and becomes what is left.
 */
bool cf_config_next_text(cf_bytes *texts, cf_bytes *text);
/* All defaults, no secret; for tests too. */
void cf_config_default(cf_config *config);
/* Gives the memory back; fine for a default one too. */
void cf_config_free(cf_config *config);

/* One flag of the command line, given explicitly. */
typedef struct cf_config_flag {
    cf_bytes name;  /* of the option */
    cf_bytes value; /* "true" for a bare boolean flag */
} cf_config_flag;

/* Where in the file a key or object stood that is at an offset of the text. */
typedef struct cf_config_mark {
    size_t offset;
    size_t line; /* from 1 */
    size_t column;
    bool inherited; /* another key of the same name replaces it without a word */
    bool plain;     /* the key's value is a text without quotes: `yes` may be a bool, 0x20 a number */
} cf_config_mark;

typedef struct cf_config_input {
    const char *file_path;        /* for messages; NULL: there is no file */
    cf_bytes file_text;           /* JSON in UTF-8, with or without a byte order mark */
    const cf_config_mark *places; /* by offset, when the file is in another notation; NULL: the text is the file's */
    size_t place_count;
    const char *const *environment; /* "NAME=value", NULL behind the last one; may itself be NULL */
    const cf_config_flag *flags;
    size_t flag_count;
    const char *hostname;     /* for the default of `name` */
    bool secret_may_be_empty; /* do not insist on a secret: it may come from elsewhere (checkconfig) */
} cf_config_input;

typedef enum cf_config_status {
    CF_CONFIG_OK,
    CF_CONFIG_PARSE_ERROR, /* the file is no JSON object */
    CF_CONFIG_INVALID,     /* an option's value is not possible */
    CF_CONFIG_NO_MEMORY
} cf_config_status;

/* What there is to say about a configuration: where (file:line:column, variable or flag), what, and what to do. */
typedef struct cf_config_report {
    cf_buffer error;    /* one text, without a line end */
    cf_buffer warnings; /* lines */
} cf_config_report;

void cf_config_report_init(cf_config_report *report, const cf_allocator *allocator);
void cf_config_report_free(cf_config_report *report);

/* Flag > environment > file > default. On failure `config` is the default one. */
cf_config_status cf_config_load(cf_config *config, const cf_config_input *input, const cf_allocator *allocator,
                                cf_config_report *report);

/*
 * A reload: options that count only at the start keep their value in `next` as it is in `running`; a changed one is warned of.
 * False without memory.
 */
bool cf_config_keep_start_only(cf_config *next, const cf_config *running, cf_config_report *report);

#endif

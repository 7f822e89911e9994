/*
 * What a session, its commands and the hub may use of the running server: the
 * floor below the node, which owns one of these and fills it.
 */
#ifndef CF_SERVER_SERVICES_H
#define CF_SERVER_SERVICES_H

#include "base/clock.h"
#include "server/config/config.h"
#include "server/engine/engine.h"
#include "server/metrics.h"
#include "server/wheel.h"

struct cf_hub;

typedef enum cf_server_log { CF_SERVER_TRACE, CF_SERVER_DEBUG, CF_SERVER_INFO, CF_SERVER_WARNING, CF_SERVER_ERROR, CF_SERVER_CRITICAL, CF_SERVER_FATAL } cf_server_log;

/* What is handed to the server besides time. */
typedef struct cf_server_environment {
    const cf_allocator *allocator;
    /* Random bytes for ids: unpredictable ones in the daemon. */
    void (*random)(void *user, void *out, size_t size);
    /* A log line, without its end. Never called for a level below what the log takes: see log_level. */
    void (*log)(void *user, cf_server_log level, cf_bytes text);
    /* Microseconds of a monotonic clock, for the latency histograms; may be a constant in tests. */
    uint64_t (*microseconds)(void *user);
    void *user;
} cf_server_environment;

typedef struct cf_services {
    cf_server_environment environment;
    const cf_allocator *allocator;
    const cf_config *config;
    struct cf_hub *hub;
    cf_engine *engine;
    cf_wheel *wheel;
    cf_metrics *metrics;
    cf_time now;      /* ms, monotonic; of this turn */
    int64_t unix_time; /* s, of this turn */
    bool shutting_down;
    cf_buffer scratch; /* for decoding one message; nothing in it outlives a command */
    char message_id_prefix[12]; /* server-spec.md 0 */
    uint64_t message_id_counter;
    cf_server_log log_level;
} cf_services;

#define CF_MESSAGE_ID_SIZE 22
#define CF_UUID_SIZE 36

/* A new message id. No NUL is written. */
void cf_services_message_id(cf_services *services, char id[CF_MESSAGE_ID_SIZE]);
/* A random UUID version 4 (RFC 9562). No NUL is written. */
void cf_services_uuid(cf_services *services, char id[CF_UUID_SIZE]);
/* printf-style, cut at 1 kB. */
void cf_services_log(cf_services *services, cf_server_log level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif

/*
 * What the server is handed besides time: memory, randomness, a log, and for engines that do I/O the driver's loop.
 */
#ifndef CF_SERVER_ENVIRONMENT_H
#define CF_SERVER_ENVIRONMENT_H

#include "base/allocator.h"
#include "base/bytes.h"

typedef enum cf_server_log {
    CF_SERVER_TRACE,
    CF_SERVER_DEBUG,
    CF_SERVER_INFO,
    CF_SERVER_WARNING,
    CF_SERVER_ERROR,
    CF_SERVER_CRITICAL,
    CF_SERVER_FATAL
} cf_server_log;

typedef struct cf_server_environment {
    const cf_allocator *allocator;
    /* Random bytes for ids: unpredictable ones in the daemon. */
    void (*random)(void *user, void *out, size_t size);
    /* A log line, without its end; lines below its level are dropped. NULL: there is no log. */
    void (*log)(void *user, cf_server_log level, cf_bytes text);
    /* Microseconds of a monotonic clock, for the latency histograms; may be a constant in tests. */
    uint64_t (*microseconds)(void *user);
    /* Begins a turn (node.h), unless one is open. Said before the node hears of what came from outside; not in cf_node_new. */
    void (*enter)(void *user);
    void *loop;                    /* the uv_loop_t; NULL: no I/O can be done */
    struct cf_team_member *member; /* which worker of the process this is (team.h); NULL: there is no other */
    void *user;
} cf_server_environment;

#endif

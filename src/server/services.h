/*
 * What a session, its commands and the hub may use of the running server: the
 * floor below the node, which owns one of these and fills it.
 */
#ifndef CF_SERVER_SERVICES_H
#define CF_SERVER_SERVICES_H

#include "base/clock.h"
#include "server/config/config.h"
#include "server/engine/engine.h"
#include "server/environment.h"
#include "server/metrics.h"
#include "server/turn.h"
#include "server/uuid.h"

struct cf_bundle;
struct cf_hub;
struct cf_broker;

/*
 * What strangers can make the server say: X(member, level). Of each kind there is a line in CF_NOTICE_PAUSE, and it says how
 * many were left out before it.
 */
#define CF_NOTICES(X)                                                                                                          \
    X(bad_request, CF_SERVER_INFO)      /* no good HTTP, or too slow */                                                        \
    X(large_request, CF_SERVER_WARNING) /* an HTTP body above a limit */                                                       \
    X(busy, CF_SERVER_WARNING)          /* 503, and other ends for what too many have asked for */                             \
    X(bad_tls, CF_SERVER_INFO)          /* a handshake or record that TLS does not allow */                                    \
    X(no_upgrade, CF_SERVER_WARNING)    /* no WebSocket handshake where one should be */                                       \
    X(bad_frame, CF_SERVER_INFO)        /* WebSocket 1002 and the like */                                                      \
    X(large_message, CF_SERVER_WARNING) /* WebSocket 1009 */                                                                   \
    X(bad_info, CF_SERVER_WARNING)      /* `info` of a client that is no JSON */                                               \
    X(other_user, CF_SERVER_WARNING)    /* a refresh with credentials of another one */                                        \
    X(bad_token, CF_SERVER_WARNING)     /* one that another secret made */                                                     \
    X(no_secret, CF_SERVER_ERROR)       /* credentials that nothing can check */                                               \
    X(cut_off, CF_SERVER_INFO)          /* a client closed for what it sent, or did not read */                                \
    X(bad_call, CF_SERVER_WARNING)      /* a request of the HTTP API that is refused */                                        \
    X(bad_login, CF_SERVER_WARNING)     /* an operator's, or somebody else's */                                                \
    X(bad_control, CF_SERVER_ERROR)     /* of another node */                                                                  \
    X(no_descriptor, CF_SERVER_ERROR)   /* a connection that could not be accepted */

typedef enum cf_notice {
#define CF_NOTICE_ENUM(member, level) CF_NOTICE_##member,
    CF_NOTICES(CF_NOTICE_ENUM)
#undef CF_NOTICE_ENUM
        CF_NOTICE_COUNT
} cf_notice;

#define CF_NOTICE_PAUSE 5000 /* ms */

typedef struct cf_services {
    cf_server_environment environment;
    const cf_allocator *allocator;
    const cf_config *config;
    struct cf_hub *hub;
    struct cf_broker *broker;
    cf_wheel *wheel;
    cf_turn turn;
    cf_metrics *metrics;
    cf_list watchers;  /* operators (watch.h) */
    cf_time now;       /* ms, monotonic; of this turn */
    int64_t unix_time; /* s, of this turn */
    bool shutting_down;
    struct cf_bundle *spare;    /* memory for carrying out one message (session_state.h), or NULL */
    cf_buffer push;             /* for one push to one session */
    cf_buffer advice;           /* for the reason of one close; reserved at the start, so that a close never fails */
    size_t api_bytes;           /* of the requests of the HTTP API that are being carried out */
    size_t api_replies;         /* bytes of their answers so far */
    char message_id_prefix[12]; /* server-spec.md 0 */
    uint64_t message_id_counter;
    cf_server_log log_level;               /* lines below are not made */
    uint64_t closes[CF_TROUBLE_COUNT + 1]; /* of sessions, by what was told */
    struct {
        cf_time next; /* when there may be a line again */
        size_t left_out;
        uint64_t total; /* whether there was a line or not */
    } notices[CF_NOTICE_COUNT];
} cf_services;

/* Buffers of the spare bundle that have grown larger are freed. */
#define CF_SPARE_MAX (1024 * 1024)

#define CF_MESSAGE_ID_SIZE 22

/* Draws the prefix of the message ids. */
void cf_services_start_message_ids(cf_services *services);
/* A new message id. No NUL is written. */
void cf_services_message_id(cf_services *services, char id[CF_MESSAGE_ID_SIZE]);
/* A random UUID version 4 (RFC 9562). No NUL is written. */
void cf_services_uuid(cf_services *services, char id[CF_UUID_SIZE]);
/* printf-style, cut at 1 kB. */
void cf_services_log(cf_services *services, cf_server_log level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same for what strangers can cause, at its own level and not more often than they may. */
void cf_services_notice(cf_services *services, cf_notice notice, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif

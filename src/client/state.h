/*
 * What a client consists of; nothing here is for others. The functions that work on it have a header a file, and the files
 * stand upon each other (scripts/check-floors): from the ground up
 *
 *     settings, queue, pause      lists of what waits, and how long to wait
 *     batch, limit, recovery
 *     subscription                the object
 *     call, refusal, group, auth
 *     subscribe                   asking for subscriptions and leaving them
 *     refresh
 *     connection                  decides when a connection begins and ends
 *     effect, delivery, frame     what is told, and what is received
 *     core
 *
 * Effects wait in one queue. Those that must not get lost (events of the
 * connection, ends of calls, removals) have their place in the object that they
 * are about, so that queueing them needs no memory; only what is sent and what
 * is logged is allocated. A message of a frame is parsed when the queue is empty:
 * what waits may therefore point into the current message, and a message,
 * join or leave becomes an effect directly, without the queue.
 *
 * Memory failures: a function that returns an error returns it and has changed
 * nothing. Steps that nobody asked for (answering, renewing, pinging) mark the
 * connection as broken (cf_client_break), whatever floor they are on; the next
 * look for an effect ends it (cf_connection_heed_break), and it comes back by
 * backoff.
 */
#ifndef CF_CLIENT_STATE_H
#define CF_CLIENT_STATE_H

#include "base/assert.h"
#include "base/list.h"
#include "base/map.h"
#include "client/core.h"
#include "wire/v1/v1.h"

/* No attempt to connect comes sooner than this after a failed one, whatever the options say. */
#define CF_RECONNECT_DELAY_MIN 10 /* milliseconds */
/* So many attempts in a row begin at once when they are asked for, or after refused requests, then one in each pause. */
#define CF_HASTE_MAX   5
#define CF_HASTE_PAUSE 1000 /* milliseconds */
/* A connection that held so long, or longer than the pause before the next one, was a good one: the pauses begin anew. */
#define CF_CONNECTION_GOOD 5000 /* milliseconds */
/* No server makes a client wait longer by Retry-After. */
#define CF_RETRY_AFTER_MAX 60000 /* milliseconds */
/* A server that answered connect with an error usually closes; this is how long it may take (D42). */
#define CF_CONNECT_ERROR_GRACE 1000 /* milliseconds */
/* Room for decoded strings is kept from frame to frame up to this size. */
#define CF_SCRATCH_KEPT 1024 /* bytes */
/*
 * So many recovered messages are known by their uid until as many others were pushed: a push of one of them may be on its way.
 */
#define CF_LATE_MAX 64
/* The longest text among the options. */
#define CF_OPTION_SIZE_MAX ((size_t)1 << 20) /* bytes */

/* Owned bytes that are seldom replaced; smaller than a cf_buffer. */
typedef struct cf_text {
    char *data;
    uint32_t size;
    uint32_t capacity;
} cf_text;

static inline cf_bytes cf_text_bytes(const cf_text *text)
{
    return cf_bytes_make(text->data, text->size);
}

/* ---- what waits ---------------------------------------------------------------- */

typedef enum cf_pending_kind {
    CF_PENDING_OPEN,
    CF_PENDING_SEND, /* in a cf_line, as is LOG */
    CF_PENDING_CLOSE,
    CF_PENDING_AUTHORIZE, /* in a cf_request, as is REQUEST_CANCEL of an authorization */
    CF_PENDING_REFRESH,
    CF_PENDING_REQUEST_CANCEL,
    CF_PENDING_CONNECT,
    CF_PENDING_DISCONNECT,
    CF_PENDING_TRANSPORT_CLOSE,
    CF_PENDING_ERROR,
    CF_PENDING_SUBSCRIBE,
    CF_PENDING_SUBSCRIBE_ERROR,
    CF_PENDING_AUTH_ERROR, /* in a cf_refusal, as is AUTH_REFUSED */
    CF_PENDING_AUTH_REFUSED,
    CF_PENDING_REFRESH_FAILED,
    CF_PENDING_UNSUBSCRIBE, /* in a cf_subscription, as is REMOVED */
    CF_PENDING_REMOVED,
    CF_PENDING_RESULT, /* in a cf_call */
    CF_PENDING_LOG,
    CF_PENDING_HIGH_WATER,
    CF_PENDING_SETTINGS, /* never in the queue: replaced options that an effect may still show */
    CF_PENDING_COUNT
} cf_pending_kind;

typedef struct cf_pending {
    struct cf_pending *next;
    uint32_t number; /* what the kind needs: the id of a transport or a request, a cf_log_level */
    uint8_t kind;    /* cf_pending_kind */
    uint8_t code;    /* centrifuge_error */
    bool flag;
    bool queued;
} cf_pending;

/* Text to send, or to log. */
typedef struct cf_line {
    cf_pending pending;
    size_t size;
    char text[];
} cf_line;

/* What the application can have too much of. */
typedef enum cf_limit { CF_LIMIT_QUEUE, CF_LIMIT_CALLS, CF_LIMIT_SUBSCRIPTIONS, CF_LIMIT_COUNT } cf_limit;

/* ---- options, as they are kept ----------------------------------------------------- */

/* One block: a process may have a thousand clients. */
typedef struct cf_settings {
    cf_pending retired;
    cf_client_options options; /* its texts are in `text`; `url` is the address to open, empty: not configured yet */
    cf_transport_kind transport;
    size_t size; /* of `text` */
    char text[];
} cf_settings;

/* What is told of an error. */
typedef struct cf_failure {
    cf_bytes raw; /* as received, or made up: client-spec.md 6.3 */
    cf_bytes text;
    cf_bytes advice;
} cf_failure;

/* A message of our own; both are literals. */
#define CF_FAILURE(text, advice) CF_BYTES("{\"error\":\"" text "\",\"advice\":\"" advice "\"}")

/* ---- the objects ----------------------------------------------------------------------- */

/* Message bodies of a subscribe answer that wait to be delivered, newest first. */
typedef struct cf_replay {
    cf_subscription *subscription;
    uint64_t asked; /* the uid that was answered; another one, or none, ends the replay */
    bool recovered;
    size_t left;
    cf_bytes bodies[];
} cf_replay;

/* Of a subscription, from the first push that waits, or the first missed message, on. */
typedef struct cf_recovery {
    cf_pending *held; /* pushes that wait for the answer: cf_lines of a body, `number` is the method */
    cf_pending **end;
    cf_map told;     /* what the answer brought, by uid, oldest first */
    uint32_t others; /* messages pushed behind it that it did not bring */
    bool incomplete; /* more came than may wait */
} cf_recovery;

/* One channel of an authorization. */
typedef struct cf_member {
    struct cf_request *request;
    cf_subscription *subscription; /* NULL: unsubscribed meanwhile */
    cf_bytes entry;                /* while its answer is read */
} cf_member;

/* What an authorization says of a channel. */
typedef struct cf_auth_entry {
    cf_bytes sign; /* data NULL where the answer has none, as `info` */
    cf_bytes info;
} cf_auth_entry;

/* An authorization that runs (client-spec.md 11). */
typedef struct cf_request {
    cf_pending pending;
    cf_list link; /* in cf_client.auth.running */
    cf_time deadline;
    cf_buffer body;
    size_t count;
    cf_member members[];
} cf_request;

/* One answer may refuse many: their events have no place in the client. */
typedef struct cf_refusal {
    cf_pending error;  /* the client's event, then ... */
    cf_pending answer; /* ... the subscription's */
    cf_subscription *subscription;
    cf_buffer raw;
    cf_bytes text;   /* in `raw` */
    cf_bytes advice; /* constant */
    uint8_t code;    /* centrifuge_error */
    bool json;       /* `text` is JSON: a status */
} cf_refusal;

/* What is known of the credentials' renewal (client-spec.md 12). */
typedef struct cf_refresh {
    cf_time at;         /* when to ask, CF_TIME_NEVER for never */
    cf_time not_before; /* by Retry-After: a further attempt */
    cf_time deadline;   /* of the attempt that runs */
    uint32_t id;        /* the same, 0 for none */
    bool renewing;      /* the server called the credentials expired: no attempt to connect before there are others (D14) */
    bool in_vain;       /* refreshed ones, and not connected with them yet */
    bool overtaken;     /* they came behind the connect command, which had older ones */
    int64_t failures;   /* in a row */
    cf_pending request;
    cf_pending cancel;
    cf_pending failed;
} cf_refresh;

/* The frame that is being read. */
typedef struct cf_frame {
    cf_wire_messages messages;
    cf_buffer scratch;
    cf_replay *replay;
    bool active;
} cf_frame;

struct cf_client {
    cf_environment environment;
    cf_settings *settings;
    uint64_t last_uid;
    uint32_t last_request; /* id, of authorizations and refreshes */
    uint8_t state;         /* cf_client_state */
    uint8_t broken;        /* centrifuge_error: why the connection has to end at the next look for an effect, or OK */
    bool shut;

    /* The connection: connection.c. Times are CF_TIME_NEVER where there is nothing to wait for. */
    struct {
        cf_time reconnect_at;
        cf_time haste_at;   /* when all CF_HASTE_MAX attempts may begin at once again */
        cf_time not_before; /* by Retry-After: the next attempt to connect */
        cf_time connect_at; /* when to give up waiting for the answer to connect */
        cf_time ping_at;    /* when to look whether a ping is due, or was answered */
        cf_time alive_at;   /* last sign of life */
        cf_time command_at; /* when connect was sent */
        int64_t latency;
        cf_text client_id;
        cf_text transport_name;
        cf_text reason;
        /*
         * At most one of each waits; connection.c says why. The reasons are constants, `reason`, or lie in the current frame.
         */
        cf_pending open;
        cf_pending close;
        cf_pending connect;
        cf_pending disconnect;
        cf_pending transport_close;
        cf_bytes disconnect_reason;
        cf_bytes transport_close_reason;
        uint32_t id; /* of the transport, 0 without */
        uint32_t last_id;
        uint32_t retries;  /* attempts planned since the last good connection */
        bool reconnecting; /* the user was told of a loss, and not yet of a new connection */
        bool opened;       /* the transport, by the driver's word */
        bool measured;     /* latency, on this transport */
        bool refused;      /* connect was answered with an error, on this transport */
        bool pinged;       /* and no sign of life since */
        bool offline;
    } link;

    /* The subscriptions: subscription.c. */
    struct {
        cf_map map;
        cf_list departed;        /* removed ones whose unsubscribe command has no answer yet */
        cf_list hasty;           /* subscriptions that may be asked for again only later, by `haste_at` */
        cf_time haste_at;        /* the latest of those that were removed: a new one begins with it */
        cf_subscription *pushed; /* the last one that a message came for, or NULL */
        size_t held;             /* bytes of pushes that wait for the answer to a recovery */
        bool disordered;         /* a name that belongs in front may stand behind in `map` */
    } table;

    struct {
        cf_list sent;        /* by uid */
        cf_list by_deadline; /* the same */
        size_t count;        /* sent and waiting */
    } calls;

    /* The queue of effects, and what is on its way out: queue.c. */
    struct {
        cf_pending *first;
        cf_pending **end;
        cf_pending *taken; /* freed when the next effect is asked for */
        cf_buffer line;    /* in the making */
        size_t size;       /* bytes to send: lines in the queue and in the batch, data of calls that wait */
        size_t unsent;     /* bytes that the transport has not sent, by the driver's word */
        size_t largest;    /* bytes of one text, on this transport */
    } out;

    /* Lines that are collected, linked as in the queue. */
    struct {
        cf_pending *first;
        cf_pending **end;
        bool on; /* by the user's word */
    } batch;

    /* Permission for private channels: auth.c. */
    struct {
        cf_list aside;     /* subscriptions that wait for the end of auth batching */
        cf_list postponed; /* subscriptions that are asked for again at `at` */
        cf_list running;   /* cf_requests, by deadline */
        cf_time at;        /* no authorization is asked for before */
        cf_time haste_at;  /* as that of `link`, for requests that were refused */
        uint32_t failures; /* in a row, on this connection */
        bool batching;
    } auth;

    /* The event `error`. Its texts are constants, or lie in the current frame. */
    struct {
        cf_pending pending;
        cf_failure failure; /* text and advice are those of `answer`, too */
        bool json;
    } error;

    /* The answer to a subscribe command, as an event. */
    struct {
        cf_pending pending;
        cf_subscription *subscription;
        bool recovered;
    } answer;

    struct {
        cf_pending high_water[CF_LIMIT_COUNT]; /* `flag`: told, and not fallen below half since */
        bool warned;                           /* of one, which may be told of again when less is used */
    } limits;

    cf_refresh refresh;
    cf_frame frame;
};

/*
 * Where a subscription stands: client-spec.md 8.2. `state` alone does not say what it waits for:
 *
 *     state         asked  member, aside       recovery            what it waits for
 *     NEW           0      none                none                a connection that asks for all, for the first time
 *     SUBSCRIBING   0      none                none                the same, again
 *     SUBSCRIBING   0      one of them         none                permission, the end of auth batching, or of a pause
 *     SUBSCRIBING   a uid  none                while `recovering`  the server's answer
 *     SUBSCRIBED    0      none                for late doubles    nothing; `leaving` is 0, and there is a connection
 *     REFUSED       0      none                none                the user
 *     UNSUBSCRIBED  0      none                none                the user; `was_subscribed` is false
 *
 * `leaving` and `crossed` are of commands before, and go with the connection, as `asked` does. test/states.c looks at all of it
 * behind each turn of the core's tests and of the simulator.
 */
struct cf_subscription {
    cf_map_node node;
    cf_client *client;
    void *user;
    uint32_t channel_size;
    uint32_t refusal_advice; /* bytes */
    uint8_t state;           /* cf_subscription_state */
    bool has_position;
    bool resubscribe; /* of the last request */
    bool recovered;   /* of the last answer */
    bool refusal_json;
    bool recovering;          /* asked to recover, and no good answer yet: what is pushed is not told */
    bool was_subscribed;      /* since it was asked for by the user */
    bool told;                /* that it is removed: its memory is ours alone */
    bool left;                /* by a disconnect, and not asked for since */
    bool missed;              /* messages behind a hole, or perhaps one, were told, and no subscribe event has told of it */
    cf_time haste_at;         /* as that of the connection, for what the server refused or took back */
    cf_text position;         /* client-spec.md 10 */
    cf_recovery *recovery;    /* NULL without one */
    cf_text refusal;          /* the error's text, then its advice */
    cf_member *member;        /* of the authorization that it waits for, or NULL */
    cf_refusal *refusal_told; /* whose events wait, or NULL */
    uint64_t asked;           /* uid of the subscribe command without an answer, else 0 */
    uint64_t leaving;         /* uid of the unsubscribe command without an answer, else 0 */
    uint64_t crossed;         /* uid of a subscribe command that the server's unsubscribe has crossed, else 0 */
    cf_pending unsubscribe;
    cf_pending removed;
    cf_list waiting;  /* calls */
    cf_list departed; /* link in cf_client.table.departed */
    cf_list aside;    /* link in a list of cf_client.auth, or in cf_client.table.hasty */
    char channel[];
};

typedef struct cf_call {
    cf_pending pending;
    cf_list link; /* in cf_client.calls.sent, or in cf_subscription.waiting */
    cf_list deadline_link;
    cf_subscription *subscription;
    void *user;
    uint64_t uid; /* 0: waits for the subscription */
    cf_time deadline;
    uint8_t method; /* cf_method; CF_METHOD_UNKNOWN is ready */
    uint8_t code;   /* from here: the result */
    bool resubscribe;
    bool recovered;
    bool error_json;
    cf_bytes error;
    cf_bytes advice;
    cf_bytes body;
    cf_bytes data;
    size_t text_size;
    char text[]; /* of a publish that waits: the data */
} cf_call;

static inline cf_line *cf_line_of(cf_pending *pending)
{
    return CF_CONTAINER(pending, cf_line, pending);
}

static inline cf_subscription *cf_subscription_of(cf_map_node *node)
{
    return CF_CONTAINER(node, cf_subscription, node);
}

static inline bool cf_subscription_wanted(const cf_subscription *subscription)
{
    return subscription->state != CF_SUBSCRIPTION_UNSUBSCRIBED;
}

#define CF_EACH_SUBSCRIPTION(node, client)                                                                                     \
    for (cf_map_node *node = (client)->table.map.head; node != NULL; node = cf_map_next(node))

/* What became of one message. */
typedef enum cf_step {
    CF_STEP_DONE,   /* look into the queue */
    CF_STEP_EFFECT, /* `effect` is filled */
    CF_STEP_END     /* there are no more messages */
} cf_step;

#endif

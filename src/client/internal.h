/*
 * What the files of the client core share; nothing here is for others.
 *
 * Effects wait in one queue. Those that must not get lost (events of the
 * connection, ends of calls, removals) have their place in the object that they
 * are about, so that queueing them needs no memory; only what is sent and what
 * is logged is allocated. A message of a frame is parsed when the queue is empty:
 * what waits may therefore point into the current message, and a message,
 * join or leave becomes an effect directly, without the queue.
 *
 * Memory failures: a function that returns an error returns it and has changed
 * nothing. Steps that nobody asked for (answering, renewing, pinging) end the
 * connection instead, which comes back by backoff: cf_connection_fail.
 */
#ifndef CF_CLIENT_INTERNAL_H
#define CF_CLIENT_INTERNAL_H

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
/* So many recovered messages are known by their uid until as many others were pushed: a push of one of them may be on its way. */
#define CF_LATE_MAX 64
/* The longest text among the options. */
#define CF_OPTION_SIZE_MAX ((size_t)1 << 20) /* bytes */

/* Owned bytes that are seldom replaced; smaller than a cf_buffer. */
typedef struct cf_text {
    char *data;
    uint32_t size;
    uint32_t capacity;
} cf_text;

/* False without memory; the text is unchanged then. */
bool cf_text_set(cf_text *text, const cf_allocator *allocator, cf_bytes bytes);
void cf_text_free(cf_text *text, const cf_allocator *allocator);

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

/* A copy of the options; NULL without memory. */
cf_settings *cf_settings_make(const cf_client_options *options, cf_transport_kind transport, const cf_allocator *allocator);
/* `options` NULL: the defaults, not configured. */
centrifuge_error cf_settings_new(cf_settings **settings, const cf_client_options *options, const cf_allocator *allocator,
                                 size_t *fault);

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
    uint64_t request; /* that was answered; another one, or none, ends the replay */
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
        /* At most one of each waits; connection.c says why. The reasons are constants, `reason`, or lie in the current frame. */
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
    cf_text position;         /* client-spec.md 10 */
    cf_recovery *recovery;    /* NULL without one */
    cf_text refusal;          /* the error's text, then its advice */
    cf_member *member;        /* of the authorization that it waits for, or NULL */
    cf_refusal *refusal_told; /* whose events wait, or NULL */
    uint64_t request;         /* uid of the subscribe command without an answer, else 0 */
    uint64_t leaving;         /* uid of the unsubscribe command without an answer, else 0 */
    uint64_t crossed;         /* uid of a subscribe command that the server's unsubscribe has crossed, else 0 */
    cf_pending unsubscribe;
    cf_pending removed;
    cf_list waiting;  /* calls */
    cf_list departed; /* link in cf_client.table.departed */
    cf_list aside;    /* link in cf_client.auth.aside */
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

/* ---- queue.c: effects -------------------------------------------------------------------- */

void cf_queue_append(cf_client *client, cf_pending *pending, cf_pending_kind kind);
/* Takes it out, wherever it is. */
void cf_queue_remove(cf_client *client, cf_pending *pending);
/* Drops what was to be sent to a transport that is lost. */
void cf_queue_drop_sends(cf_client *client);
/* For the end: events, logs and openings are dropped; what is left concerns memory, calls and the transport. */
void cf_queue_drop_events(cf_client *client);
void cf_queue_retire(cf_client *client, cf_pending *pending, cf_pending_kind kind);
void cf_queue_free_taken(cf_client *client);
/* The next one of the queue as an effect; false when it is empty. */
bool cf_queue_take(cf_client *client, cf_effect *effect);

/* A line in the making, one at a time: begin, append, then one of the others, which say by false or NULL that there is no memory. */
cf_buffer *cf_line_begin(cf_client *client, size_t size);
/* NO_MEMORY, or LIMIT_FRAME_SIZE: it is dropped. */
centrifuge_error cf_line_check(cf_client *client);
/* Queues it for the transport. */
bool cf_line_send(cf_client *client);
/* Neither queued nor counted; `number` is for its user. */
cf_line *cf_line_make(cf_client *client, uint32_t number);
/* For the transport, and counted as such, but not queued yet. */
cf_line *cf_line_take(cf_client *client);
static inline cf_line *cf_line_of(cf_pending *pending)
{
    return CF_CONTAINER(pending, cf_line, pending);
}
/* `text`, then `detail` (may be empty) behind a colon, cut when it is long. Lost without memory. */
void cf_log_text(cf_client *client, cf_log_level level, cf_bytes text, cf_bytes detail);
void cf_log_number(cf_client *client, cf_log_level level, cf_bytes text, int64_t number, cf_bytes behind);

/* The client event `error`. None waits: errors of messages are taken at once, all others end the transport. */
void cf_client_report(cf_client *client, centrifuge_error code, cf_bytes failure); /* a CF_FAILURE */
/* The same for a message from the server. */
void cf_client_report_message(cf_client *client, const cf_wire_message *message);

/* ---- limit.c -------------------------------------------------------------------------------- */

/* No effect waits: what is used less now may be told of again. */
void cf_limits_relax(cf_client *client);
/* Is there room for `more`? Warns once when three quarters are reached. */
bool cf_limit_admits(cf_client *client, cf_limit limit, size_t more);
void cf_limit_event(const cf_client *client, cf_limit limit, cf_event *event);

/* ---- frame.c ------------------------------------------------------------------------------- */

/* What became of one message. */
typedef enum cf_step {
    CF_STEP_DONE,   /* look into the queue */
    CF_STEP_EFFECT, /* `effect` is filled */
    CF_STEP_END     /* there are no more messages */
} cf_step;

cf_step cf_frame_step(cf_client *client, cf_time now, cf_effect *effect);
void cf_frame_drop(cf_client *client);
void cf_frame_drop_replay(cf_client *client);

/* ---- connection.c ------------------------------------------------------------------------------ */

cf_step cf_connection_on_connect(cf_client *client, cf_time now, const cf_wire_message *message);
cf_step cf_connection_on_disconnect(cf_client *client, cf_time now, const cf_wire_message *message);
void cf_connection_alive(cf_client *client, cf_time now);
/* What had to be done could not be (NO_MEMORY, LIMIT_MESSAGE_SIZE): reports it, gives up the transport, and tries again later. */
void cf_connection_fail(cf_client *client, cf_time now, centrifuge_error code);

/* The pause after so many failures in a row before this one: client-spec.md 7.5. */
int64_t cf_connection_backoff(const cf_client *client, uint32_t failures);
/* When Retry-After of so many milliseconds, 0 for none, is over. */
cf_time cf_retry_at(cf_time now, int64_t milliseconds);
/* One that was not to be waited for has begun, or was in vain: when as many as ever may do so again. */
void cf_haste_spend(cf_time *haste_at, cf_time now);
/* When the next one may. */
cf_time cf_haste_next(cf_time haste_at);
/* There is a transport, or an attempt to connect or to refresh is planned. */
bool cf_connection_wanted(const cf_client *client);
/* The attempts to refresh are used up. */
void cf_connection_give_up(cf_client *client, cf_time now);
/* There are new credentials for a client that had waited for them. */
void cf_connection_renew(cf_client *client, cf_time now);

/* What an authorization says of a channel. */
typedef struct cf_auth_entry {
    cf_bytes sign; /* data NULL where the answer has none, as `info` */
    cf_bytes info;
} cf_auth_entry;

/* ---- batch.c: client-spec.md 13 ---------------------------------------------------------------- */

/* The way out for commands: a line that is collected, or queued when nobody is batching. False without memory. */
bool cf_batch_end_line(cf_client *client);
/* Subscribe commands that belong together: as few frames as hold them. */
typedef struct cf_group {
    cf_client *client;
    bool (*end_line)(cf_client *client);
    size_t count;
} cf_group;

void cf_group_begin(cf_group *group, cf_client *client);
/* The same for a new connection, whose subscriptions do not wait for the end of the user's batch. */
void cf_group_begin_resubscription(cf_group *group, cf_client *client);
/* `entry` as below. A command that no frame can hold refuses its subscription. False without memory. */
bool cf_group_add(cf_group *group, cf_subscription *subscription, const cf_auth_entry *entry);
/* False without memory. */
bool cf_group_end(cf_group *group);
/* The end of a turn, or of a connection: what was collected by the option `batch` is queued. False when there was nothing. */
bool cf_batch_end_turn(cf_client *client);
/* It was for a connection that is gone. */
void cf_batch_drop(cf_client *client);

/* ---- auth.c: client-spec.md 11 ------------------------------------------------------------------ */

bool cf_auth_needed(const cf_client *client, cf_bytes channel);
/* Of one subscription, or it is put aside. False without memory; nothing has changed then. */
bool cf_auth_ask(cf_subscription *subscription, cf_time now);
/* As few requests as hold all of the list (linked by `aside`), which is empty afterwards. False without memory; it holds those that are not asked for. */
bool cf_auth_ask_all(cf_client *client, cf_list *list, cf_time now);
/* It is not wanted any more. */
void cf_auth_forget(cf_subscription *subscription);
void cf_auth_silence(cf_subscription *subscription);
/* Its command is larger than a frame may be. False without memory. */
bool cf_auth_refuse_size(cf_subscription *subscription);
/* Those that run were for a connection that is gone (D20). */
void cf_auth_cancel(cf_client *client);
void cf_auth_expire(cf_client *client, cf_time now);
cf_time cf_auth_deadline(const cf_client *client);
void cf_auth_free_request(cf_request *request, const cf_allocator *allocator);
void cf_auth_free_refusal(cf_refusal *refusal, const cf_allocator *allocator);
/* Ids of requests, of both kinds. */
uint32_t cf_auth_next_id(cf_client *client);

/* ---- refresh.c: client-spec.md 12 ---------------------------------------------------------------- */

void cf_refresh_init(cf_client *client);
/* After an answer to connect. */
void cf_refresh_on_opened(cf_client *client);
void cf_refresh_on_lost(cf_client *client);
void cf_refresh_on_connected(cf_client *client, cf_time now, const cf_wire_message *message);
void cf_refresh_on_expired(cf_client *client, cf_time now);
/* The attempt with this id, if it runs. */
void cf_refresh_on_failed(cf_client *client, uint32_t id, int64_t retry_after, cf_time now);
cf_step cf_refresh_on_answer(cf_client *client, cf_time now, const cf_wire_message *message);
/* What is planned and what runs. */
void cf_refresh_stop(cf_client *client);
void cf_refresh_tick(cf_client *client, cf_time now);
cf_time cf_refresh_deadline(const cf_client *client);

/* ---- subscription.c ---------------------------------------------------------------------------- */

cf_step cf_subscription_on_unsubscribe(cf_client *client, const cf_wire_message *message);
/* After a good answer to connect: asks for all of them, in one frame and one authorization. False without memory. */
bool cf_subscriptions_ask_all(cf_client *client, bool reconnected, cf_time now);
/* Appends the subscribe command of a subscription that is SUBSCRIBING. `entry`: of a private channel, else NULL. */
void cf_subscription_write_request(cf_subscription *subscription, const cf_auth_entry *entry, cf_buffer *line);
/* client-spec.md 7.2, step 5. */
/* < 0: the first stands before the second in a table; 0: they stand as they were added (client-spec.md 8.1). */
int cf_subscription_compare(const cf_subscription *first, const cf_subscription *second);
void cf_subscriptions_leave(cf_client *client, bool again);
/* Those that wait for an answer begin anew: the answer was more than the client takes. */
void cf_subscriptions_recover_nothing(cf_client *client);
void cf_subscription_free(cf_subscription *subscription);
/* The user knows that it is removed. */
void cf_subscription_release(cf_subscription *subscription);
/* The server's answers to their unsubscribe commands will not come any more. */
void cf_subscriptions_forget_departed(cf_client *client);

static inline cf_subscription *cf_subscription_of(cf_map_node *node)
{
    return CF_CONTAINER(node, cf_subscription, node);
}

/* A good answer for what is not wanted any more: says so to the server, unless it was said already. */
void cf_subscription_decline(cf_subscription *subscription, cf_time now);

static inline bool cf_subscription_wanted(const cf_subscription *subscription)
{
    return subscription->state != CF_SUBSCRIPTION_UNSUBSCRIBED;
}

#define CF_EACH_SUBSCRIPTION(node, client)                                                                                     \
    for (cf_map_node *node = (client)->table.map.head; node != NULL; node = cf_map_next(node))

/* ---- recovery.c: client-spec.md D52 --------------------------------------------------------------- */

/* A push waits for the answer, or counts as missed when too many do. False without memory. */
bool cf_recovery_hold(cf_subscription *subscription, const cf_wire_message *message);
/* The one that waits longest, for the caller to free; NULL without one. */
cf_line *cf_recovery_next(cf_subscription *subscription);
/* The answer brings this message. False without memory. */
bool cf_recovery_note(cf_subscription *subscription, cf_bytes uid);
bool cf_recovery_told(const cf_subscription *subscription, cf_bytes uid);
/* There is a recovery: is this push a message that it has told? Asked once for each push. */
bool cf_recovery_repeats(cf_subscription *subscription, cf_bytes uid);
/* All was told; what may be pushed again is kept in mind for a while. */
void cf_recovery_end(cf_subscription *subscription);
void cf_recovery_drop(cf_subscription *subscription);

/* ---- delivery.c ---------------------------------------------------------------------------------- */

/* Is refused from here; calls that come get these texts. */
void cf_subscription_set_refused(cf_subscription *subscription, cf_bytes error, cf_bytes advice, bool json);
cf_step cf_subscription_on_subscribe(cf_client *client, cf_time now, const cf_wire_message *message);
/* message, join, leave. */
cf_step cf_subscription_on_push(cf_client *client, cf_time now, const cf_wire_message *message, cf_effect *effect);
cf_step cf_subscription_replay_step(cf_client *client, cf_time now, cf_effect *effect);

/* ---- call.c --------------------------------------------------------------------------------------- */

cf_step cf_call_on_answer(cf_client *client, const cf_wire_message *message);
/* The subscription is subscribed: calls that waited go out. */
void cf_calls_release(cf_subscription *subscription, cf_time now);
/* Ends all that wait for the subscription. */
void cf_calls_fail_waiting(cf_subscription *subscription, centrifuge_error code);
/* Ends all that were sent; of `subscription` only, unless NULL. */
void cf_calls_fail_sent(cf_client *client, const cf_subscription *subscription, centrifuge_error code);
void cf_calls_expire(cf_client *client, cf_time now);
cf_time cf_calls_deadline(const cf_client *client);
void cf_call_result(const cf_call *call, cf_result *result);

#endif

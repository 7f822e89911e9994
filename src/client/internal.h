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
#include "wire/wire.h"

/* No attempt to connect comes sooner than this after a failed one, whatever the options say. */
#define CF_RECONNECT_DELAY_MIN 10 /* milliseconds */
/* A server that answered connect with an error usually closes; this is how long it may take (D42). */
#define CF_CONNECT_ERROR_GRACE 1000 /* milliseconds */
/* Room for decoded strings is kept from frame to frame up to this size. */
#define CF_SCRATCH_KEPT 1024 /* bytes */
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
    CF_PENDING_CONNECT,
    CF_PENDING_DISCONNECT,
    CF_PENDING_TRANSPORT_CLOSE,
    CF_PENDING_ERROR,
    CF_PENDING_SUBSCRIBE,
    CF_PENDING_SUBSCRIBE_ERROR,
    CF_PENDING_UNSUBSCRIBE, /* in a cf_subscription, as is REMOVED */
    CF_PENDING_REMOVED,
    CF_PENDING_RESULT, /* in a cf_call */
    CF_PENDING_LOG,
    CF_PENDING_SETTINGS, /* never in the queue: replaced options that an effect may still show */
    CF_PENDING_COUNT
} cf_pending_kind;

typedef struct cf_pending {
    struct cf_pending *next;
    uint32_t number; /* what the kind needs: a transport's id, a cf_log_level */
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

/* ---- options, as they are kept ----------------------------------------------------- */

typedef enum cf_setting {
    CF_SETTING_ADDRESS, /* empty: not configured yet */
    CF_SETTING_USER,
    CF_SETTING_TIMESTAMP,
    CF_SETTING_TOKEN,
    CF_SETTING_INFO,
    CF_SETTING_PRIVATE_CHANNEL_PREFIX,
    CF_SETTING_COUNT
} cf_setting;

/* One block: a process may have a thousand clients. Names as in cf_client_options. */
typedef struct cf_settings {
    cf_pending retired;
    int64_t retry;
    int64_t max_retry;
    int64_t timeout;
    int64_t connect_timeout;
    int64_t ping_interval; /* 0 when there are no pings */
    int64_t pong_wait_timeout;
    size_t message_size_max;
    size_t queue_size_max;
    size_t calls_max;
    size_t subscriptions_max;
    size_t channel_length_max;
    bool credentials_json;
    bool insecure;
    bool resubscribe;
    uint32_t ends[CF_SETTING_COUNT]; /* offsets in `text`, where they follow one another */
    char text[];
} cf_settings;

static inline cf_bytes cf_setting_text(const cf_settings *settings, cf_setting which)
{
    size_t from = which == 0 ? 0 : settings->ends[which - 1];
    return cf_bytes_make(settings->text + from, settings->ends[which] - from);
}

/* `options` NULL: the defaults, not configured. */
centrifuge_error cf_settings_new(cf_settings **settings, const cf_client_options *options, const cf_allocator *allocator,
                                 const char **what);

/* ---- the objects ----------------------------------------------------------------------- */

/* Message bodies of a subscribe answer that wait to be delivered, newest first. */
typedef struct cf_replay {
    cf_subscription *subscription;
    uint64_t request; /* that was answered; another one, or none, ends the replay */
    bool recovered;
    size_t left;
    cf_bytes bodies[];
} cf_replay;

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

    uint8_t state;     /* cf_client_state */
    bool reconnecting; /* the user was told of a loss, and not yet of a new connection */
    bool opened;       /* the transport, by the driver's word */
    bool measured;     /* latency, on this transport */
    bool refused;      /* connect was answered with an error, on this transport */
    bool pinged;       /* and no sign of life since */
    bool offline;
    bool shut;
    uint32_t transport; /* id of the current one, 0 without */
    uint32_t last_transport;
    uint32_t retries; /* attempts planned since the last good answer to connect */
    uint64_t last_uid;
    /* CF_TIME_NEVER where there is nothing to wait for */
    cf_time reconnect_at;
    cf_time connect_at; /* when to give up waiting for the answer to connect */
    cf_time ping_at;    /* when to look whether a ping is due, or was answered */
    cf_time alive_at;   /* last sign of life */
    cf_time command_at; /* when connect was sent */
    int64_t latency;
    cf_text id;
    cf_text name; /* of the transport */
    cf_text reason;

    cf_map subscriptions;
    cf_subscription *pushed; /* the last one that a message came for, or NULL */
    cf_list calls;           /* sent, by uid */
    cf_list deadlines;       /* the same, by deadline */
    size_t call_count;       /* sent and waiting */
    size_t queued;           /* bytes to send: lines in the queue and data of calls that wait */

    cf_pending *first;
    cf_pending **end;
    cf_pending *taken; /* freed when the next effect is asked for */

    /* At most one each waits; connection.c says why. */
    cf_pending open;
    cf_pending close;
    cf_pending connect;
    cf_pending disconnect;
    cf_pending transport_close;
    cf_pending error;
    cf_pending answer; /* to a subscribe command */
    /* What they carry besides. The texts are constants, `reason`, or lie in the current frame. */
    cf_bytes disconnect_reason;
    cf_bytes transport_close_reason;
    cf_bytes error_raw;
    cf_bytes error_text; /* of `answer`, too */
    cf_bytes error_advice;
    bool error_json;
    cf_subscription *answer_subscription;
    bool answer_recovered;

    cf_frame frame;
};

struct cf_subscription {
    cf_map_node node;
    cf_client *client;
    void *user;
    cf_pending unsubscribe;
    cf_pending removed;
    cf_list waiting;         /* calls */
    uint64_t request;        /* uid of the subscribe command without an answer, else 0 */
    uint64_t leaving;        /* uid of the unsubscribe command without an answer, else 0 */
    cf_text position;        /* section 10 */
    cf_text refusal;         /* the error's text, then its advice */
    uint32_t refusal_advice; /* bytes */
    uint32_t channel_size;
    uint8_t state; /* cf_subscription_state */
    bool has_position;
    bool resubscribe; /* of the last request */
    bool recovered;   /* of the last answer */
    bool refusal_json;
    bool was_subscribed; /* since it was asked for by the user */
    char channel[];
};

typedef struct cf_call {
    cf_pending pending;
    cf_list link; /* in cf_client.calls, or in cf_subscription.waiting */
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

/*
 * A line in the making: begin, append, end. End queues it; false (and nothing is queued) when there is no memory.
 * This is the one way out for commands: batching (batch.c, client-spec.md 13) will collect them here.
 */
void cf_line_begin(cf_client *client, cf_buffer *line, size_t size);
bool cf_line_end(cf_client *client, cf_buffer *line, cf_pending_kind kind, uint32_t number);
/* Too many bytes with `size` more? */
bool cf_queue_full(const cf_client *client, size_t size);

/* `text`, then `detail` (may be empty) behind a colon, cut when it is long. Lost without memory. */
void cf_log_text(cf_client *client, cf_log_level level, cf_bytes text, cf_bytes detail);
void cf_log_number(cf_client *client, cf_log_level level, cf_bytes text, int64_t number, cf_bytes behind);

/* The client event `error`. None waits: errors of messages are taken at once, all others end the transport. */
void cf_client_report(cf_client *client, centrifuge_error code, cf_bytes raw, cf_bytes text, cf_bytes advice);
/* The same for a message from the server. */
void cf_client_report_message(cf_client *client, const cf_wire_message *message);

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

/* ---- subscription.c ---------------------------------------------------------------------------- */

cf_step cf_subscription_on_unsubscribe(cf_client *client, const cf_wire_message *message);
/* After a good answer to connect: asks for all of them in one frame. False without memory. */
bool cf_subscriptions_ask_all(cf_client *client, bool reconnected);
/* client-spec.md 7.2, step 5. */
void cf_subscriptions_leave(cf_client *client, bool again);
void cf_subscription_free(cf_subscription *subscription);

static inline cf_subscription *cf_subscription_of(cf_map_node *node)
{
    return CF_CONTAINER(node, cf_subscription, node);
}

static inline bool cf_subscription_wanted(const cf_subscription *subscription)
{
    return subscription->state != CF_SUBSCRIPTION_UNSUBSCRIBED;
}

#define CF_EACH_SUBSCRIPTION(node, client)                                                                                     \
    for (cf_map_node *node = (client)->subscriptions.head; node != NULL; node = cf_map_next(node))

/* ---- delivery.c ---------------------------------------------------------------------------------- */

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

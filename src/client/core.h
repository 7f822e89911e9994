/*
 * The client core: one connection to a server, its subscriptions and calls.
 *
 * It makes no system call and has no clock, randomness, sockets, threads,
 * globals or allocator of its own. Bytes, answers and the time go in; effects
 * come out. Behaviour: client-spec.md sections 2-14 with the defects of
 * its section 17 fixed.
 *
 * A driver calls any function below, then takes effects until there are none,
 * then asks for the deadline:
 *
 *     cf_client_transport_received(client, id, text, now);
 *     while (cf_client_next_effect(client, now, &effect))
 *         carry_out(&effect);
 *     timer_set(cf_client_deadline(client));
 *
 * Any function may be called while an effect is carried out (a user's callback
 * calls the library): it only changes state and adds effects behind those that
 * wait. What an effect carries is borrowed until the next call of
 * cf_client_next_effect; a received text must stay until there are no more
 * effects, since its messages are read one by one as effects are taken: a
 * callback for the first message may unsubscribe, and the second is dropped.
 * cf_client_next_effect must not be called from within the carrying out of an effect.
 *
 * Order. Effects come in the order in which things happened. Subscribe commands go out before
 * the event `connect` is told, an unsubscribe command behind its event. Errors come first as the client's event, then as the
 * subscription's, then as results. A lost transport: its close, results, `unsubscribe` of each subscription, `disconnect`. One
 * that the client gives up: results, `unsubscribe`, `disconnect`, then the closing and its event. Subscriptions are gone
 * through in the order of a table (client-spec.md 8.1). `unsubscribe` and `disconnect` are told once when they happen again
 * before the first was taken.
 *
 * Memory. A function that returns CENTRIFUGE_ERROR_NO_MEMORY has changed nothing. Where the client acts by itself and has no
 * memory, it reports an error, closes the transport and tries again by backoff. Results and events of the connection need no
 * memory. Only logs are lost.
 *
 * Rules: a call that returns an error never completes; one that
 * returns CENTRIFUGE_ERROR_OK completes exactly once (CF_EFFECT_RESULT), at the
 * latest in cf_client_shutdown. At most one live transport. No retry without
 * delay. Answers that arrive late carry the id they belong to and are dropped.
 *
 * Files, and which stands on which: state.h.
 */
#ifndef CF_CLIENT_CORE_H
#define CF_CLIENT_CORE_H

#include "base/buffer.h"
#include "base/clock.h"
#include "wire/v1/v1.h"

#include <centrifuge/error.h>

typedef struct cf_client cf_client;
typedef struct cf_subscription cf_subscription;

/* ---- options ---------------------------------------------------------------- */

/* Strings with data NULL are 'not given'. Times in milliseconds. Copied by the core. */
typedef struct cf_client_options {
    cf_bytes url;
    cf_bytes user;
    cf_bytes timestamp;
    cf_bytes token;
    cf_bytes info;         /* default "" */
    bool credentials_json; /* user, timestamp, token and info are JSON values, sent as they are */
    bool insecure;
    bool sockjs;                     /* false; true: the driver has SockJS, for addresses that mean it (client-spec.md 3) */
    bool resubscribe;                /* default true */
    int64_t retry;                   /* 1000: start value of the backoff */
    int64_t max_retry;               /* 20000: its ceiling */
    int64_t timeout;                 /* 5000: how long a call waits for its answer */
    int64_t connect_timeout;         /* 10000: from opening a transport to the answer to connect; the reference has none */
    bool ping;                       /* default true */
    int64_t ping_interval;           /* 30000; <= 0: no pings */
    int64_t pong_wait_timeout;       /* 5000 */
    cf_bytes private_channel_prefix; /* "$"; empty makes every channel private */
    int64_t auth_timeout;            /* 10000: how long an authorization may take; the reference has none */
    int64_t refresh_timeout;         /* 10000: how long an attempt to refresh may take; the reference has none */
    int64_t refresh_interval;        /* 3000: pause between attempts, a random 0..1000 is added */
    int64_t refresh_attempts;        /* -1: no limit; 0: never ask; failures in a row before giving up */
    bool can_refresh;                /* true; false: nobody would answer CF_EFFECT_REFRESH, an expired connect is the end */
    bool batch;                /* false; true: the commands of one turn (until all effects are taken) leave as one frame */
    size_t message_size_max;   /* 16 MiB: a received frame */
    size_t queue_size_max;     /* 16 MiB: outgoing bytes that wait, here and in the driver */
    size_t calls_max;          /* 65536: calls without an answer */
    size_t subscriptions_max;  /* 65536 */
    size_t channel_length_max; /* 65535: bytes of a channel name */
    size_t recovery_size_max;  /* 16 MiB: bodies of pushes that wait for the answers to recoveries */
    size_t frame_size_max;     /* 65536: a sent frame */
} cf_client_options;

void cf_client_options_default(cf_client_options *options);
/* In the order of client-spec.md 2.2; `what` (may be NULL) gets a constant text that names the option. */
centrifuge_error cf_client_options_check(const cf_client_options *options, const char **what);

typedef enum cf_transport_kind { CF_TRANSPORT_WEBSOCKET, CF_TRANSPORT_SOCKJS } cf_transport_kind;

/*
 * client-spec.md 3: which transport a url means, and the address to open, appended to `address`. A query stays behind the path
 * that is completed, and is not looked at; a fragment is left out. `sockjs`: a SockJS implementation is at hand.
 */
centrifuge_error cf_client_endpoint(cf_bytes url, bool sockjs, cf_transport_kind *kind, cf_buffer *address);

/* What is handed to the core besides time. */
typedef struct cf_environment {
    const cf_allocator *allocator;
    uint32_t (*random)(void *user); /* 32 random bits: jitter */
    void *user;
} cf_environment;

/* ---- life --------------------------------------------------------------------- */

/* `options` may be NULL: cf_client_configure must be called before cf_client_connect. */
centrifuge_error cf_client_new(cf_client **client, const cf_client_options *options, const cf_environment *environment,
                               cf_time now);
/*
 * Replaces all options. On error nothing has changed, and `fault` (may be NULL) gets the offset in cf_client_options of the one
 * to blame. Counts from the next use of each.
 */
centrifuge_error cf_client_configure(cf_client *client, const cf_client_options *options, size_t *fault);
/*
 * The end: the transport is closed, every outstanding call gets its result (CENTRIFUGE_ERROR_CLOSED), no more events. Take the
 * effects, then free; CF_EVENT_REMOVED is still told of subscriptions that were removed before. Every other function returns
 * CENTRIFUGE_ERROR_CLOSED or does nothing from here.
 */
void cf_client_shutdown(cf_client *client, cf_time now);
/* After cf_client_shutdown and the last effect. All subscriptions go with it. */
void cf_client_free(cf_client *client);

/* ---- what the user asks for ------------------------------------------------------ */

typedef enum cf_client_state { CF_CLIENT_DISCONNECTED, CF_CLIENT_CONNECTING, CF_CLIENT_CONNECTED } cf_client_state;

/*
 * Nothing happens when already connecting or connected. While waiting for the next attempt: tries at once, one chain (D37). At
 * once is CF_HASTE_MAX times in a row, then planned.
 */
centrifuge_error cf_client_connect(cf_client *client, cf_time now);
void cf_client_disconnect(cf_client *client, cf_time now);
/* Waiting for the next attempt is CF_CLIENT_DISCONNECTED, as in the reference; cf_client_will_reconnect tells it apart. */
cf_client_state cf_client_get_state(const cf_client *client);
bool cf_client_will_reconnect(const cf_client *client);
/* Id of the current connection; empty when there is none. */
cf_bytes cf_client_id(const cf_client *client);
/* Those that the next connection uses: of the options, or from the last refresh. Texts, or JSON if `json`. */
typedef cf_connect_params cf_credentials;
/* Valid until the next call of another function. */
cf_credentials cf_client_credentials(const cf_client *client);
/* Milliseconds of the last measurement, -1 when never measured. */
int64_t cf_client_latency(const cf_client *client);
/* Sends one ping command when connected. */
void cf_client_ping(cf_client *client, cf_time now);

/*
 * The subscription of a channel: there is one per channel and client. A new one is made and asked for; an existing one is
 * returned, and asked for when it is unsubscribed or refused. `user` is set on a new one only; `created` (may be NULL) says
 * whether it is new. Refused with CENTRIFUGE_ERROR_INVALID_STATE while not connected when `resubscribe` is off.
 */
centrifuge_error cf_client_subscribe(cf_client *client, cf_time now, cf_bytes channel, void *user,
                                     cf_subscription **subscription, bool *created);
/* The existing one, or NULL. */
cf_subscription *cf_client_find(cf_client *client, cf_bytes channel);

typedef enum cf_subscription_state {
    CF_SUBSCRIPTION_NEW, /* not asked for yet: waits for a connection */
    CF_SUBSCRIPTION_SUBSCRIBING,
    CF_SUBSCRIPTION_SUBSCRIBED,
    CF_SUBSCRIPTION_REFUSED,
    CF_SUBSCRIPTION_UNSUBSCRIBED
} cf_subscription_state;

cf_bytes cf_subscription_channel(const cf_subscription *subscription);
cf_subscription_state cf_subscription_get_state(const cf_subscription *subscription);
void *cf_subscription_user(const cf_subscription *subscription);
cf_client *cf_subscription_client(const cf_subscription *subscription);
centrifuge_error cf_subscription_subscribe(cf_subscription *subscription, cf_time now);
void cf_subscription_unsubscribe(cf_subscription *subscription, cf_time now);
/*
 * Unsubscribes and takes it out of the client for good; its calls end with CENTRIFUGE_ERROR_UNSUBSCRIBED, and it has no more
 * events but the last, CF_EVENT_REMOVED, which says when the pointer is not used any more.
 */
void cf_subscription_remove(cf_subscription *subscription, cf_time now);

/*
 * Calls (client-spec.md 9): publish, presence, history, and CF_METHOD_UNKNOWN for ready. `call` is any pointer of the caller's;
 * it comes back in CF_EFFECT_RESULT. They wait for the subscription without a time limit, then for the answer `timeout`
 * milliseconds; or, when `deadline` is not 0, for both together until then. `data` of publish is checked: one valid JSON value;
 * data NULL leaves the key out, as the reference does with undefined.
 */
centrifuge_error cf_subscription_call(cf_subscription *subscription, cf_time now, cf_method method, cf_bytes data,
                                      cf_time deadline, void *call);

static inline centrifuge_error cf_subscription_publish(cf_subscription *subscription, cf_time now, cf_bytes data, void *call)
{
    return cf_subscription_call(subscription, now, CF_METHOD_PUBLISH, data, 0, call);
}

static inline centrifuge_error cf_subscription_presence(cf_subscription *subscription, cf_time now, void *call)
{
    return cf_subscription_call(subscription, now, CF_METHOD_PRESENCE, cf_bytes_make(NULL, 0), 0, call);
}

static inline centrifuge_error cf_subscription_history(cf_subscription *subscription, cf_time now, void *call)
{
    return cf_subscription_call(subscription, now, CF_METHOD_HISTORY, cf_bytes_make(NULL, 0), 0, call);
}

/* How many calls have no result yet. */
size_t cf_client_calls(const cf_client *client);
/*
 * client-spec.md 8.5: completes at once (as an effect) when the subscription is subscribed or refused; otherwise it waits until
 * it is, or fails as the calls do. `wait` false: CENTRIFUGE_ERROR_INVALID_STATE instead of waiting.
 */
centrifuge_error cf_subscription_ready(cf_subscription *subscription, cf_time now, bool wait, void *call);

/*
 * Batching (client-spec.md 13, D34-D36 fixed): commands are collected until cf_client_flush or cf_client_stop_batching(flush).
 * Not collected: connect, the pings of an idle connection, and the subscriptions of a new connection, which are one frame
 * anyway. Batching goes on over reconnects; what was collected ends with its connection (calls end as disconnected,
 * subscriptions are asked for anew). Without memory for one frame the commands leave one by one.
 *
 * cf_client_start_auth_batching collects private channels for one authorization (11.1). It goes on over reconnects too, with
 * what was put aside; channels that wait for a connection are asked for with it, in one authorization.
 */
void cf_client_start_batching(cf_client *client);
void cf_client_stop_batching(cf_client *client, bool flush, cf_time now);
void cf_client_flush(cf_client *client, cf_time now);
void cf_client_start_auth_batching(cf_client *client);
void cf_client_stop_auth_batching(cf_client *client, cf_time now);

/* ---- what the driver tells ---------------------------------------------------------- */

/* All carry the id of CF_EFFECT_TRANSPORT_OPEN; those of another transport than the current one are ignored (D3). */
void cf_client_transport_opened(cf_client *client, uint32_t id, cf_bytes name, cf_time now);
/* One message of the transport. See above for how long `text` must stay. At most one text at a time: take all effects first. */
void cf_client_transport_received(cf_client *client, uint32_t id, cf_bytes text, cf_time now);
/*
 * The same for a driver that has read a text itself, as the only message in it: a message for that channel with that uid, or a
 * join or leave, for which `uid` is empty. Returns the subscription that has to be told now, with what the driver has read.
 * NULL: nothing has happened, and cf_client_transport_received has to get the text.
 */
cf_subscription *cf_client_transport_pushed(cf_client *client, uint32_t id, cf_bytes channel, cf_bytes uid, cf_time now);
/* How many bytes of CF_EFFECT_TRANSPORT_SEND the driver has still to send: they count for `queue_size_max`. */
void cf_client_transport_unsent(cf_client *client, uint32_t id, size_t size);
/* Signs of life without content (WebSocket ping or pong, SockJS heartbeat). */
void cf_client_transport_alive(cf_client *client, uint32_t id, cf_time now);
/*
 * Whoever refuses the transport that is told closed next, at the same time, wants no attempt sooner: Retry-After (RFC 9110,
 * 10.2.3), which is heeded up to CF_RETRY_AFTER_MAX.
 */
void cf_client_transport_retry_after(cf_client *client, uint32_t id, int64_t milliseconds, cf_time now);
/* Codes of a close (RFC 6455, 7.4.1). */
#define CF_CLOSE_NO_STATUS 1005
#define CF_CLOSE_ABNORMAL  1006
#define CF_CLOSE_TOO_LARGE 1009
/*
 * Closed by the peer, lost, or never opened. `code` and `reason` as in a close frame; ABNORMAL and empty when there was none.
 * `error` says why, for the log and the event; OK when the peer has closed.
 */
void cf_client_transport_closed(cf_client *client, uint32_t id, uint16_t code, cf_bytes reason, centrifuge_error error,
                                cf_time now);
/* The network came (tries at once) or went. */
void cf_client_network_changed(cf_client *client, bool online, cf_time now);

/*
 * Answers to CF_EFFECT_AUTHORIZE and CF_EFFECT_REFRESH, from an HTTP endpoint or from the application; the core does not care.
 * `failed`: no answer could be had; else `answer` is the JSON text, read before the function returns (client-spec.md 11.2,
 * 12.2). An id that is not waited for (late, twice, cancelled, or not taken yet) is ignored. They may be called while the
 * effect is carried out. Requests end with their connection (CF_EFFECT_REQUEST_CANCEL), except a refresh that a server's
 * `expired` has caused: until it ends there is no attempt to connect, and cf_client_will_reconnect is true.
 */
void cf_client_authorized(cf_client *client, uint32_t id, bool failed, cf_bytes answer, cf_time now);
void cf_client_refreshed(cf_client *client, uint32_t id, bool failed, cf_bytes answer, cf_time now);
/* A status: nobody was there to ask. */
#define CF_STATUS_UNREACHED (-1)
/*
 * The same with a cause, for requests that got no good answer: the HTTP status, 0 for none, and what Retry-After says in
 * milliseconds, 0 for nothing (heeded up to CF_RETRY_AFTER_MAX). What is overloaded (429, 502, 503, 504), not there, or late,
 * is asked for an authorization again by itself, with a growing pause as between attempts to connect, as long as the connection
 * lives: the subscription has its error with the advice "retry", and goes on SUBSCRIBING.
 */
void cf_client_request_failed(cf_client *client, uint32_t id, centrifuge_error error, int status, int64_t retry_after,
                              cf_time now);

/* When cf_client_tick wants to be called, CF_TIME_NEVER for never. */
cf_time cf_client_deadline(const cf_client *client);
/* Sockets must be read before this, so that a clock that jumped (sleep and resume) does not judge a peer whose bytes wait. */
void cf_client_tick(cf_client *client, cf_time now);

/* ---- effects ---------------------------------------------------------------------------- */

typedef enum cf_effect_kind {
    CF_EFFECT_TRANSPORT_OPEN,  /* transport: open `address`, then tell cf_client_transport_opened or _closed */
    CF_EFFECT_TRANSPORT_SEND,  /* transport: send `text` as one message; the driver queues what does not fit */
    CF_EFFECT_TRANSPORT_CLOSE, /* transport: give it up, politely if it is open; nothing is told back. As SEND, it may come for
                                  one whose loss was told a moment before: nothing is to be done then */
    CF_EFFECT_AUTHORIZE,       /* request: get signs for private channels: cf_client_authorized */
    CF_EFFECT_REFRESH,         /* request: get new credentials: cf_client_refreshed */
    CF_EFFECT_REQUEST_CANCEL,  /* request: its answer is not wanted any more */
    CF_EFFECT_EVENT,           /* event: tell the user */
    CF_EFFECT_RESULT,          /* result: a call is complete */
    CF_EFFECT_LOG              /* log */
} cf_effect_kind;

typedef enum cf_event_kind {
    /* of the client */
    CF_EVENT_CONNECT,
    CF_EVENT_DISCONNECT,
    CF_EVENT_ERROR,
    CF_EVENT_REFRESH_FAILED,  /* the attempts to refresh are used up (client-spec.md 12.2) */
    CF_EVENT_HIGH_WATER,      /* three quarters of a limit are used; again when it had fallen below half */
    CF_EVENT_TRANSPORT_CLOSE, /* every transport whose opening was taken, once; see 'Order' above */
    /* of a subscription */
    CF_EVENT_MESSAGE,
    CF_EVENT_JOIN,
    CF_EVENT_LEAVE,
    CF_EVENT_SUBSCRIBE,
    CF_EVENT_SUBSCRIBE_ERROR,
    CF_EVENT_UNSUBSCRIBE,
    CF_EVENT_REMOVED
} cf_event_kind;

typedef struct cf_event {
    cf_event_kind kind;
    cf_subscription *subscription; /* NULL for the client's own events */
    cf_bytes raw; /* message, join, leave: the body as received; error: the whole message, or one made up (client-spec.md 6.3),
                     which a subscribe error by an authorization has too */
    cf_bytes client;       /* connect; message, join, leave: who */
    cf_bytes transport;    /* connect: its name */
    int64_t latency;       /* connect: milliseconds, -1 unknown */
    cf_bytes reason;       /* disconnect, transport close */
    bool reconnect;        /* disconnect, transport close */
    uint16_t close_code;   /* transport close: as it was told, NO_STATUS of one that the client gave up */
    cf_bytes channel;      /* of a subscription's event */
    cf_bytes uid;          /* message */
    cf_bytes data;         /* message, join, leave: raw JSON */
    cf_bytes info;         /* message: raw JSON, size 0 when absent */
    bool resubscribe;      /* subscribe, subscribe error: client-spec.md 8.3 */
    bool recovered;        /* subscribe */
    centrifuge_error code; /* error, subscribe error, transport close */
    cf_bytes error;        /* error, subscribe error: the text */
    cf_bytes advice;       /* the same: "fix", "retry" or empty */
    bool error_json;       /* the same: `error` is JSON, since it is no text */
    size_t used;           /* high water: of the limit that `code` names; bytes, calls or subscriptions */
    size_t max;            /* the same: the limit */
} cf_event;

typedef struct cf_result {
    void *call;            /* as handed in */
    centrifuge_error code; /* CENTRIFUGE_ERROR_OK, or why it failed */
    cf_bytes error;        /* client-spec.md 6.3: "timeout", "disconnected", or the server's text */
    cf_bytes advice;
    cf_bytes body;    /* the answer's body as received; of ready: empty */
    cf_bytes data;    /* presence, history: raw JSON */
    bool resubscribe; /* ready: of the last subscribe event or error */
    bool recovered;
    bool error_json; /* `error` is JSON, since it is no text */
} cf_result;

typedef enum cf_log_level { CF_LOG_DEBUG, CF_LOG_INFO, CF_LOG_WARNING, CF_LOG_ERROR } cf_log_level;

typedef struct cf_effect {
    cf_effect_kind kind;
    struct {
        uint32_t id;            /* never 0; counts up */
        cf_transport_kind kind; /* open */
        cf_bytes address;       /* open: ws:// or wss://, of SockJS http:// or https:// */
        cf_bytes text;          /* send */
    } transport;
    struct {
        uint32_t id;   /* never 0; counts up, over both kinds */
        cf_bytes body; /* authorize: {"client":"...","channels":["..."]}; refresh: empty, the driver knows what to send */
    } request;
    cf_event event;
    cf_result result;
    struct {
        cf_log_level level;
        cf_bytes text;
    } log;
} cf_effect;

/* False when there is nothing to do. */
bool cf_client_next_effect(cf_client *client, cf_time now, cf_effect *effect);

#endif

/*
 * libcentrifuge: real-time messages from a Centrifugo-compatible server.
 *
 * The guide is docs/client.md, the reference is here, and how the client behaves in every case is in
 * docs/spec/client-spec.md. A first program:
 *
 *     static void on_message(centrifuge_subscription *subscription,
 *                            const centrifuge_message *message, void *user)
 *     {
 *         printf("%.*s\n", (int)message->data.size, message->data.bytes);
 *     }
 *
 *     centrifuge_subscription_events events = {.message = on_message};
 *     centrifuge_options options;
 *     centrifuge_options_default(&options);
 *     options.url = "ws://localhost:8000/connection/websocket";
 *     options.insecure = true;
 *     centrifuge_client *client;
 *     if (centrifuge_client_new(&client, &options) == CENTRIFUGE_ERROR_OK) {
 *         centrifuge_client_subscribe(client, "news", &events, NULL, NULL);
 *         centrifuge_client_connect(client);
 *         centrifuge_client_run(client);
 *         centrifuge_client_destroy(client);
 *     }
 *
 * Rules that hold everywhere:
 *
 * - Callbacks. Every function may be called inside every callback, disconnect and destroy included; the exceptions are
 *   centrifuge_client_run, _wait, _tick, _socket_ready and _timer_expired, which call callbacks and return
 *   CENTRIFUGE_ERROR_INVALID_STATE there, and _start, _join and _dispatch. Callbacks run only inside these five, in the thread
 *   of centrifuge_client_start or inside _dispatch and _join, never inside another function, except that
 *   centrifuge_client_destroy completes calls.
 * - Completions. A function that takes a completion and returns an error never calls it. One that returns
 *   CENTRIFUGE_ERROR_OK calls it exactly once, at the latest during centrifuge_client_destroy.
 * - Ownership. What a callback is given is borrowed until it returns; nothing has to be freed. What is handed to a
 *   function is copied, except for `user` pointers, which the library only hands back.
 * - Threads. A client belongs to one thread: the one that made it, or the last that called centrifuge_client_adopt.
 *   From any other, functions that return an error return CENTRIFUGE_ERROR_WRONG_THREAD and do nothing; those that
 *   return something else must not be called. Only centrifuge_client_post, _wake and _stop are for every thread; of a
 *   client that has a thread of its own (centrifuge_client_start) nearly all functions are. Clients do not share anything:
 *   several threads may have a client each.
 * - Processes. A client belongs to one process. In a child that was forked, functions that return an error return
 *   CENTRIFUGE_ERROR_WRONG_THREAD, also _post, and _wake and _stop do nothing; centrifuge_client_destroy gives the child's copy
 *   back: its descriptors are closed, nothing is sent, no function of the application is called, and the parent's connection
 *   goes on. Memory of libcurl stays with the child. A child that takes over for a parent that ends, as with daemon(), calls
 *   centrifuge_client_adopt first; there should be no attempt to connect and no request on its way at the fork. Programs that
 *   are started inherit no connection; libcurl may leave them pairs of sockets with which it only wakes itself.
 * - Text. Strings are UTF-8 and end with NUL; JSON and other data is a centrifuge_bytes, which need not. A string in an
 *   event or result is never NULL ("" when there is nothing to say).
 * - Times are milliseconds, sizes are bytes.
 * - Versions. Structs that the application fills are handed over with their size (hidden in macros of the functions'
 *   names), so that members can be appended for ever. Structs that the library fills may grow at their end.
 *
 * C99 or later, C++11 or later.
 */
#ifndef CENTRIFUGE_CLIENT_H
#define CENTRIFUGE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <centrifuge/error.h>
#include <centrifuge/header.h>
#include <centrifuge/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- version of the library ------------------------------------------------------------------ */

#define CENTRIFUGE_VERSION_MAJOR 0
#define CENTRIFUGE_VERSION_MINOR 1
#define CENTRIFUGE_VERSION_PATCH 0
/* As one number, for comparisons: 1.2.3 is 10203. */
#define CENTRIFUGE_VERSION (CENTRIFUGE_VERSION_MAJOR * 10000 + CENTRIFUGE_VERSION_MINOR * 100 + CENTRIFUGE_VERSION_PATCH)

/* CENTRIFUGE_VERSION of the library that runs; any thread. */
CENTRIFUGE_API int centrifuge_version(void);
/* The version as text, "1.2.3"; static. Any thread. */
CENTRIFUGE_API const char *centrifuge_version_text(void);

/* ---- where memory comes from ------------------------------------------------------------------ */

/*
 * Like realloc: `memory` NULL gives `size` bytes, `size` 0 takes `memory` back and returns NULL. NULL for a size above 0 says
 * that there is none, and `memory` stays as it is. `user` is what was given with it. Called by every thread that uses the
 * library, several at once.
 */
typedef void *(*centrifuge_resize)(void *user, void *memory, size_t size);

/*
 * From now on all memory of the library comes from `resize`: of clients and backends, what all clients share, and what is
 * handed out. Once in a process, before any other function of the library and before other threads use it. Errors:
 * INVALID_ARGUMENT for NULL, INVALID_STATE when the library has taken memory already; nothing has changed then.
 *
 * Not covered: what libcurl, its TLS library and the system take for themselves. libcurl has curl_global_init_mem, to be called
 * first, OpenSSL CRYPTO_set_mem_functions, of which the certificate authorities that clients share are a part.
 */
CENTRIFUGE_API centrifuge_error centrifuge_set_allocator(centrifuge_resize resize, void *user);

/* ---- types --------------------------------------------------------------------------- */

/* One connection to a server with its subscriptions. */
typedef struct centrifuge_client centrifuge_client;

/* One channel of one client. Owned by the client: valid until centrifuge_subscription_remove or centrifuge_client_destroy. */
typedef struct centrifuge_subscription centrifuge_subscription;

/* Bytes that are not ended by NUL. `bytes` may be NULL when `size` is 0. */
typedef struct centrifuge_bytes {
    const char *bytes;
    size_t size;
} centrifuge_bytes;

/* Names a listener of one client or of one of its subscriptions; never 0, never used again by that client. */
typedef uint64_t centrifuge_listener;

/* A socket as the operating system names it: a file descriptor, or a SOCKET. */
#ifdef _WIN32
typedef uintptr_t centrifuge_socket;
#else
typedef int centrifuge_socket;
#endif

/* ---- options of a client -------------------------------------------------------------------------- */

/* A parameter in the query of an HTTP request: name and value as they are, not yet encoded. */
typedef struct centrifuge_parameter {
    const char *name;
    const char *value;
} centrifuge_parameter;

/* Names a request for signs or credentials that the application answers; never 0, never used again by that client. */
typedef uint32_t centrifuge_request;

/* What to wait for on a socket; also what happened. */
#define CENTRIFUGE_READABLE 1
#define CENTRIFUGE_WRITABLE 2

/*
 * Everything that can be chosen. Fill with centrifuge_options_default, then change what differs. Strings are copied by
 * centrifuge_client_new. Members are only ever appended.
 *
 * Options of the existing JavaScript client that only mean something in a browser (sockJS, jsonp) do not exist here; `debug` is
 * the listener `log`, `onTransportClose` the listener `transport_close`.
 */
typedef struct centrifuge_options {
    size_t size; /* of this struct as the application knows it; set by centrifuge_options_default */

    /* -- where and who -- */

    /*
     * Required. ws://, wss://, http:// or https://. A path that ends with "connection/websocket" is that of a raw WebSocket,
     * one that ends with "connection" of a SockJS endpoint. To any other the two are appended, in front of a query: a raw
     * WebSocket is tried, then SockJS (`transports`). A name may be of every alphabet, in UTF-8. "user:password@" becomes the
     * header Authorization (Basic). A server that redirects is not followed: the event `error` with the advice "fix" and the
     * end, the log has the address.
     */
    const char *url;
    const char *user;      /* the user's id in your application, "" for anonymous; required unless `insecure` */
    const char *timestamp; /* Unix seconds as text, as used in the token; required unless `insecure` */
    const char *token; /* made by your backend: centrifuge_backend_token in centrifuge/backend.h; required unless `insecure` */
    const char *info;  /* JSON text about the user, part of the token; default "" */
    /* The four above are JSON values, for servers that want others than texts; "" is an empty text; default false. */
    bool credentials_json;
    bool insecure; /* for a server in insecure mode: timestamp and token are not sent, user and info are; default false */

    /* -- behaviour -- */

    bool resubscribe;        /* subscriptions survive the loss of a connection; default true */
    int64_t retry;           /* ms: start of the growing pause between attempts to connect; default 1000 */
    int64_t max_retry;       /* ms: the longest such pause; default 20000 */
    int64_t timeout;         /* ms: how long a call waits for its answer; default 5000 */
    int64_t connect_timeout; /* ms for one attempt: names, TCP, proxy, TLS, WebSocket and the server's welcome; default 10000 */
    bool ping;               /* ping the server when it is silent; default true */
    int64_t ping_interval;   /* ms of silence before a ping; <= 0 turns pings off; default 30000 */
    int64_t pong_wait_timeout; /* ms: the connection is given up after a ping without a sign of life; default 5000 */

    /* -- limits; 0 is refused with CENTRIFUGE_ERROR_INVALID_OPTION, SIZE_MAX is 'no limit' -- */

    size_t message_size_max;   /* bytes of a received message; default 16 MiB. Beyond: it is closed, LIMIT_MESSAGE_SIZE */
    size_t queue_size_max;     /* bytes that wait to be sent; default 16 MiB. Beyond: the call is refused, LIMIT_QUEUE */
    size_t calls_max;          /* calls without an answer; default 65536. Beyond: refused, LIMIT_CALLS */
    size_t subscriptions_max;  /* default 65536. Beyond: refused, LIMIT_SUBSCRIPTIONS */
    size_t channel_length_max; /* bytes of a channel name; default 65535. Beyond: refused, LIMIT_CHANNEL */

    /* -- the way to the server: handed to libcurl -- */

    /*
     * Further headers of the opening request, and of SockJS's; default none. Host and Authorization take the place of ours, a
     * subprotocol of Sec-WebSocket-Protocol is accepted. What the upgrade and the length of a body are made of (Connection,
     * Upgrade, Content-Length, Transfer-Encoding, Sec-WebSocket-Key and the like) is refused, in requests to endpoints, too.
     */
    const centrifuge_header *headers;
    size_t header_count;
    /* "http://host:port", "socks5h://host", ... (libcurl CURLOPT_PROXY); the way to the server is tunnelled through it. */
    const char *proxy;           /* default NULL: as the environment says (https_proxy, all_proxy, no_proxy); "" for none */
    const char *proxy_user;      /* "name:password" for the proxy; default none */
    bool tls_verify;             /* check the server's certificate and its name; default true. false only for tests */
    const char *tls_ca_file;     /* PEM file of certificate authorities to trust instead of the system's */
    const char *tls_ca_path;     /* directory of them, prepared with c_rehash */
    const char *tls_certificate; /* PEM file: the client's own certificate */
    const char *tls_key;         /* PEM file: its key; default: in the file of the certificate */
    const char *tls_key_password;
    const char *interface_name; /* local interface, address or host to use (libcurl CURLOPT_INTERFACE); default any */

    /* -- a foreign event loop; see 'loops'. Both or none -- */

    /*
     * Tells the loop to call centrifuge_client_socket_ready when `socket` is ready for `events` (CENTRIFUGE_READABLE |
     * CENTRIFUGE_WRITABLE), from now on until told otherwise; 0: forget it, it is about to be closed. Level-triggered. There
     * is always one to watch: when the last is forgotten the client is gone, and asks for no more. For libuv, libev, libevent,
     * GLib, sd-event and Qt there is <centrifuge/adapters/...>.
     */
    void (*loop_watch)(void *loop_user, centrifuge_socket socket, int events);
    /*
     * Tells the loop to call centrifuge_client_timer_expired once, `milliseconds` from now (0: as soon as it can, but not from
     * within this call), in place of the time asked for before; -1: not at all.
     */
    void (*loop_timer)(void *loop_user, int64_t milliseconds);
    void *loop_user;

    /*
     * -- private channels --
     *
     * A channel that begins with the prefix is subscribed with a sign that only your backend can make. The backend gets
     * a POST of {"client":"id of the connection","channels":["$name",...]} and answers with status 200 and the body
     * {"$name":{"sign":"...","info":"..."},...}, "info" being optional; an entry {"status":403} refuses a channel. Any other
     * answer refuses all channels of the request until they are asked for again; but after 429, 502, 503 and 504, and without
     * an answer within `auth_timeout` or a way to the endpoint, they are asked for again by themselves, with a growing pause,
     * while the connection lives. Requests that are refused, or grant nothing, may follow each other at once five times, then
     * one a second.
     *
     * Requests of both kinds go by the same proxy, interface and TLS options as the connection, carry X-Requested-With and
     * Content-Type: application/json, and do not follow redirects.
     */

    const char *private_channel_prefix; /* default "$"; "" makes every channel private */
    const char
        *auth_endpoint; /* http:// or https:// and all of the address, where names and users are as in `url`; default none */
    const centrifuge_header *auth_headers; /* further headers; one named as ours takes its place; default none */
    size_t auth_header_count;
    const centrifuge_parameter *auth_params; /* appended to the endpoint's query; default none */
    size_t auth_param_count;
    int64_t auth_timeout; /* ms for the answer, of endpoint or application; default 10000 */
    /*
     * Called instead of a request: answer with centrifuge_client_authorize_answer, in this call or later. `body` is what would
     * have been posted. Default NULL.
     */
    void (*authorize)(centrifuge_client *client, centrifuge_request request, centrifuge_bytes body, void *authorize_user);
    void *authorize_user;

    /*
     * -- credentials that expire --
     *
     * Where the server's option connection_lifetime is set, `timestamp` and `token` grow old. New ones are asked for in time
     * with a POST of `refresh_data`, answered with status 200 and {"user":"...","timestamp":"...","token":"...","info":"..."},
     * "info" being optional. They replace the options of that name. With neither `refresh_endpoint` nor `refresh` a connection
     * lives until the server closes it, and an attempt with expired credentials ends as after the last attempt to refresh.
     */

    const char *refresh_endpoint; /* as auth_endpoint; default none */
    const centrifuge_header *refresh_headers;
    size_t refresh_header_count;
    const centrifuge_parameter *refresh_params;
    size_t refresh_param_count;
    const char *refresh_data; /* JSON text; default "{}" */
    int64_t refresh_timeout;  /* ms for the answer, of endpoint or application; default 10000 */
    int64_t refresh_interval; /* ms between attempts, to which up to 1000 are added; default 3000 */
    int64_t refresh_attempts; /* failures in a row before the event refresh_failed; 0: no attempt; default -1: no limit */
    /* Called instead of a request: answer with centrifuge_client_refresh_answer, in this call or later. Default NULL. */
    void (*refresh)(centrifuge_client *client, centrifuge_request request, void *refresh_user);
    void *refresh_user;

    /* -- both kinds of requests -- */

    size_t http_answer_size_max; /* bytes of an endpoint's answer; default 1 MiB. Beyond: a failure. 0 is refused */

    /* -- batching -- */

    bool batch; /* the commands of one turn of the loop leave as one frame; default false */

    /* -- turns of the loop -- */

    /*
     * A limit, as those above: callbacks of one turn of the loop; default 10000. What is more waits for the next turn, nothing
     * is lost, and nothing is read from the connection meanwhile: a game or another loop gets its time back. Reached: the event
     * high_water, LIMIT_EVENTS.
     */
    size_t events_per_turn;

    /* Bytes of messages, joins and leaves that come for channels whose recovery is not answered yet, and are told behind what
       was missed; default 16 MiB, limits as above. Beyond: an error event, LIMIT_RECOVERY, and `recovered` is false. */
    size_t recovery_size_max;

    /* Bytes of the largest frame sent; default 65536, as client_request_max_size of the server, which closes with 1009 when
       more comes. Subscriptions and batches are divided among frames. What fits into none is refused, LIMIT_FRAME_SIZE. */
    size_t frame_size_max;

    /* -- other threads -- */

    /* A limit, too: functions that were posted and have not run; default 65536. Beyond: refused, LIMIT_POSTS. */
    size_t posts_max;

    /* -- transports: how a connection travels where WebSockets do not come through -- */

    /*
     * Those that may be tried, in this order, as a list with commas; NULL, the default, is
     * "websocket,xhr-streaming,eventsource,xhr-polling". Each has as much time to open as the server's answer to a first
     * question says. With a `url` of no SockJS endpoint a "websocket" that is first is a raw one, which has half of
     * `connect_timeout`, at most 5000 ms; with one of a raw WebSocket nothing else is tried. "": there is no SockJS, and its
     * endpoints are refused as UNSUPPORTED.
     * A connection is lost, too, when a request of SockJS that sends takes `connect_timeout` to reach the server, or then
     * does not move for so long and some seconds.
     */
    const char *transports;
    /* The part of SockJS's paths by which a load balancer chooses: letters, digits, '-', '_', '~'; default by chance. */
    const char *server;
    /* ms: attempts begin with the transport that worked last; then with the first of all again; default 600000. */
    int64_t fallback_time;

    /* -- while a program is being written -- */

    /*
     * Errors that no listener hears are printed to stderr, a line each: `error` of a client, `error` of a subscription, and
     * `transport_close` with an error. Default true in a program that is compiled without NDEBUG, as for assert(), else false:
     * the library itself never prints.
     */
    bool print_errors;

    /* -- a thread of its own -- */

    /*
     * ms: with a started client a call that LIMIT_CALLS or LIMIT_QUEUE would refuse waits so long for room, in the thread that
     * makes it; the client's own never waits. Default 0: it is refused at once.
     */
    int64_t room_wait;
    /*
     * Events, results and `drained` of a started client wait until the application asks for them by centrifuge_client_dispatch.
     * Default false: the library's thread tells them. Counts at the next centrifuge_client_start.
     */
    bool dispatch;
    /*
     * A limit, as those above: how many may wait; default 10000. When it is reached nothing more is sent or read until some
     * were taken, nothing is lost, and the event high_water, LIMIT_EVENTS, is the last of them.
     */
    size_t dispatch_max;
} centrifuge_options;

/*
 * Fills `options` with the defaults, none of the required ones. Call as centrifuge_options_default(&options). Any thread.
 * Errors: INVALID_ARGUMENT for NULL.
 */
CENTRIFUGE_API centrifuge_error centrifuge_options_default_sized(centrifuge_options *options, size_t size);
/*
 * The same with `print_errors`: what centrifuge_options_default is in a program that is compiled without NDEBUG. Any thread.
 * Errors: INVALID_ARGUMENT for NULL.
 */
CENTRIFUGE_API centrifuge_error centrifuge_options_debug_sized(centrifuge_options *options, size_t size);
#define centrifuge_options_debug(options) centrifuge_options_debug_sized((options), sizeof(centrifuge_options))
#ifdef NDEBUG
#define centrifuge_options_default(options) centrifuge_options_default_sized((options), sizeof(centrifuge_options))
#else
#define centrifuge_options_default(options) centrifuge_options_debug_sized((options), sizeof(centrifuge_options))
#endif

/*
 * Are they complete and valid? The first that is not gives the error; `what` (may be NULL) gets the name of the option, and
 * of a header that is the library's own its name and why behind it ("headers: Upgrade is set by the library"); static. It is
 * "size", with INVALID_ARGUMENT, for options that centrifuge_options_default has not filled. Any thread. Errors: MISSING_URL,
 * MISSING_USER, MISSING_TIMESTAMP, MISSING_TOKEN, INVALID_URL, INVALID_OPTION, INVALID_ARGUMENT.
 */
CENTRIFUGE_API centrifuge_error centrifuge_options_check(const centrifuge_options *options, const char **what);

/* ---- events of a client --------------------------------------------------------------- */

/* Connected. Subscribe commands are already on their way. */
typedef struct centrifuge_connect_event {
    const char *client;    /* id of this connection */
    const char *transport; /* "raw-websocket"; of SockJS "websocket", "xhr-streaming", "eventsource" or "xhr-polling" */
    int64_t latency;       /* ms from the connect command to its answer, -1 unknown */
} centrifuge_connect_event;

/* Not connected any more. Not repeated while attempts fail. */
typedef struct centrifuge_disconnect_event {
    const char *reason; /* "connection closed", "client", "no ping", or what the server said */
    bool reconnect;     /* will the client try again by itself? */
} centrifuge_disconnect_event;

/* Something failed that belongs to no call of the application, or the server answered with an error. */
typedef struct centrifuge_error_event {
    centrifuge_error code;
    const char *text;     /* the server's or the library's */
    const char *advice;   /* "fix": change something first; "retry": later may do; or "" */
    centrifuge_bytes raw; /* JSON: the server's message, or one made up in its form */
} centrifuge_error_event;

/* A transport was closed: also that of a failed attempt, and one that the application closed. */
typedef struct centrifuge_transport_close_event {
    const char *reason;
    bool reconnect;           /* the advice of the peer, or true when it gave none */
    centrifuge_error code;    /* why: OK for a close by either side, else NETWORK, TLS, HTTP_STATUS, PROTOCOL, ... */
    uint16_t close_code;      /* RFC 6455, section 7.4: the server's; 1005: none given, or we closed; 1006: see `code` */
    const char *close_reason; /* as the server gave it, of which `reason` and `reconnect` were read; or "" */
    int http_status;          /* of a refused upgrade (not 101) or request of SockJS; else 0 */
    const char *detail;       /* `code` in more words, for people, as in the log; "" for a close by either side */
} centrifuge_transport_close_event;

typedef enum centrifuge_log_level {
    CENTRIFUGE_LOG_DEBUG,
    CENTRIFUGE_LOG_INFO,
    CENTRIFUGE_LOG_WARNING,
    CENTRIFUGE_LOG_ERROR
} centrifuge_log_level;

/* A line about what the client does, for people. Never carries credentials. */
typedef struct centrifuge_log_event {
    centrifuge_log_level level;
    const char *text; /* no line end */
} centrifuge_log_event;

/*
 * `refresh_attempts` are used up: no further attempts of any kind. Comes behind `disconnect`, whose reason is
 * "refresh failed". New credentials by centrifuge_client_configure, centrifuge_client_connect, and
 * centrifuge_subscription_subscribe for each subscription begin anew.
 */
typedef struct centrifuge_refresh_failed_event {
    int64_t attempts; /* the option `refresh_attempts`; 0 when there is neither `refresh` nor `refresh_endpoint` */
} centrifuge_refresh_failed_event;

/*
 * The application is slow, or the way to the server is: three quarters of a limit are used up; of `events_per_turn`, all. Told
 * once, and again when less than half was used meanwhile (a turn had events to spare), before anything is refused; only a
 * program that goes from below to beyond within one turn hears of both in that turn.
 */
typedef struct centrifuge_high_water_event {
    centrifuge_error limit; /* LIMIT_QUEUE, LIMIT_CALLS, LIMIT_SUBSCRIPTIONS or LIMIT_EVENTS: see their options */
    size_t used;            /* now: bytes, calls, subscriptions or events */
    size_t max;             /* the limit */
} centrifuge_high_water_event;

/* What a client tells. Functions that are NULL are not called. `user` is what was given together with this struct. */
typedef struct centrifuge_client_events {
    void (*connect)(centrifuge_client *client, const centrifuge_connect_event *event, void *user);
    void (*disconnect)(centrifuge_client *client, const centrifuge_disconnect_event *event, void *user);
    void (*error)(centrifuge_client *client, const centrifuge_error_event *event, void *user);
    void (*transport_close)(centrifuge_client *client, const centrifuge_transport_close_event *event, void *user);
    void (*log)(centrifuge_client *client, const centrifuge_log_event *event, void *user);
    void (*refresh_failed)(centrifuge_client *client, const centrifuge_refresh_failed_event *event, void *user);
    void (*high_water)(centrifuge_client *client, const centrifuge_high_water_event *event, void *user);
    /*
     * No event: `user` is not handed to this listener any more, nor is one of its functions running, so that it can be freed.
     * Called once: inside the function that removes the listener or destroys the client, or after the callback that does; with
     * a started client perhaps by the thread that was calling. Not called when the listener could not be added, nor in a forked
     * child. It may do what a callback may.
     */
    void (*drop)(void *user);
} centrifuge_client_events;

/* ---- events of a subscription ----------------------------------------------------------- */

/* A message of the channel. */
typedef struct centrifuge_message {
    const char *channel;
    centrifuge_bytes data; /* JSON as published, byte for byte */
    const char *uid;       /* id of the message */
    const char *client;    /* id of the connection that published it; "" when a backend did */
    centrifuge_bytes info; /* JSON about the publisher; size 0 when absent */
    centrifuge_bytes raw;  /* JSON: the whole body as received */
    const char *user;      /* of `info`: the publisher's user id; "" when there is none, or it is no text */
    bool history;          /* told by centrifuge_subscription_catch_up out of the history, or read from it */
} centrifuge_message;

/* A client subscribed to the channel, or left it. Channels with the option join_leave only. */
typedef struct centrifuge_join_event {
    const char *channel;
    const char *client;    /* id of its connection */
    centrifuge_bytes data; /* JSON about it: user, client, default_info, channel_info */
    centrifuge_bytes raw;  /* JSON: the whole body as received */
    const char *user;      /* of `data`: the user's id; "" when there is none, or it is no text */
} centrifuge_join_event;

/* Subscribed. Messages missed meanwhile were delivered just before. */
typedef struct centrifuge_subscribe_event {
    const char *channel;
    bool resubscribe; /* brought by a reconnect */
    bool recovered;   /* nothing was missed: the server still had everything since the last message */
} centrifuge_subscribe_event;

/*
 * The server refused the subscription, or its authorization has failed. With the advice "retry" and another code than REFUSED
 * it is asked for again by itself (see 'private channels' among the options).
 */
typedef struct centrifuge_subscribe_error_event {
    const char *channel;
    centrifuge_error code;
    const char *text;
    const char *advice; /* "fix", "retry" or "" */
    bool resubscribe;
    bool error_json; /* `text` is JSON: the server sent no text but, for example, a number */
} centrifuge_subscribe_error_event;

/*
 * Not subscribed any more: asked for, taken away by the server, or the connection is lost. Where the client connects again by
 * itself (`reconnect` of the event `disconnect`), it subscribes again; else centrifuge_subscription_subscribe does.
 */
typedef struct centrifuge_unsubscribe_event {
    const char *channel;
} centrifuge_unsubscribe_event;

/* What a subscription tells. Functions that are NULL are not called. `user` is what was given together with this struct. */
typedef struct centrifuge_subscription_events {
    void (*message)(centrifuge_subscription *subscription, const centrifuge_message *message, void *user);
    void (*join)(centrifuge_subscription *subscription, const centrifuge_join_event *event, void *user);
    void (*leave)(centrifuge_subscription *subscription, const centrifuge_join_event *event, void *user);
    void (*subscribe)(centrifuge_subscription *subscription, const centrifuge_subscribe_event *event, void *user);
    void (*error)(centrifuge_subscription *subscription, const centrifuge_subscribe_error_event *event, void *user);
    void (*unsubscribe)(centrifuge_subscription *subscription, const centrifuge_unsubscribe_event *event, void *user);
    /* As in centrifuge_client_events. */
    void (*drop)(void *user);
} centrifuge_subscription_events;

/* ---- life of a client -------------------------------------------------------------------------- */

/*
 * Makes a client that is not connected; `*client` is set to it, or to NULL on error. With loop hooks, they are called from
 * here on (also in this call). The calling thread owns it.
 * Errors: those of centrifuge_options_check, INVALID_ARGUMENT, NO_MEMORY, SYSTEM.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_new(centrifuge_client **client, const centrifuge_options *options);

/*
 * Replaces all options except the loop hooks; each counts from its next use. On error nothing has changed.
 * Errors: those of centrifuge_client_new, WRONG_THREAD.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_configure(centrifuge_client *client, const centrifuge_options *options);

/* Who a connection says it is: as configured, or from the last refresh. */
typedef struct centrifuge_credentials {
    const char *user;
    const char *timestamp;
    const char *token;
    const char *info;
    bool json; /* the option credentials_json */
} centrifuge_credentials;

/*
 * Who the next connection will say it is, for a centrifuge_client_configure that keeps what a refresh has brought. The strings
 * are valid until the next call of this function and until the client is destroyed. Call as
 * centrifuge_client_get_credentials(client, &credentials). Errors: INVALID_ARGUMENT, NO_MEMORY, WRONG_THREAD, CLOSED.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_get_credentials_sized(centrifuge_client *client,
                                                                        centrifuge_credentials *credentials, size_t size);
#define centrifuge_client_get_credentials(client, credentials)                                                                 \
    centrifuge_client_get_credentials_sized((client), (credentials), sizeof(centrifuge_credentials))

/*
 * Ends everything: the connection is closed, every call that waits gets CENTRIFUGE_ERROR_CLOSED, work that was posted and has
 * not run is dropped (its `drop` function runs), the memory is freed, subscriptions included. No event follows. Inside a
 * callback the memory is freed after the callback has returned; the client must not be used after this call in either case.
 * NULL is allowed. Of a started client its thread is ended, waited for (but inside a callback), and calls complete in the
 * calling thread; any thread may do so that sees to it that no other uses the client from here on: those that come before the
 * end get CLOSED. Errors: WRONG_THREAD, INVALID_STATE (another thread is in centrifuge_client_join or _dispatch), CLOSED
 * (twice).
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_destroy(centrifuge_client *client);

/*
 * Makes the calling thread the owner, in a forked child also this process. The former one must have stopped using the client.
 * Error: INVALID_STATE inside a callback.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_adopt(centrifuge_client *client);

/* May the calling thread use the client? Nothing is done. Errors: WRONG_THREAD, CLOSED (destroyed by a callback). */
CENTRIFUGE_API centrifuge_error centrifuge_client_check(const centrifuge_client *client);

/*
 * Connects, and keeps connected until centrifuge_client_disconnect or until the server advises otherwise. Nothing
 * happens when connecting or connected; while waiting for the next attempt it is made at once. Five attempts in a row may begin
 * so, as after centrifuge_client_disconnect, then one a second: what comes too soon is planned. The result is an event:
 * `connect`, or `disconnect` after the first attempt failed; with expired credentials after they were refreshed. Errors:
 * NO_MEMORY, WRONG_THREAD, CLOSED.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_connect(centrifuge_client *client);

/* Disconnects; no further attempts. Event `disconnect` with reason "client". Errors: WRONG_THREAD, CLOSED. */
CENTRIFUGE_API centrifuge_error centrifuge_client_disconnect(centrifuge_client *client);

/*
 * Tells whether there is a network: true tries as centrifuge_client_connect, false waits for the next true. Errors:
 * WRONG_THREAD, CLOSED.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_network_changed(centrifuge_client *client, bool online);

/* Sends one ping when connected. Errors: WRONG_THREAD, CLOSED. */
CENTRIFUGE_API centrifuge_error centrifuge_client_ping(centrifuge_client *client);

/*
 * Adds a listener to the client's events. Listeners are called in the order of adding. One that is added inside a callback is
 * called from the next event on; one that is removed is not called again, in the current event neither. `listener` (may be
 * NULL) gets its name. Errors: INVALID_ARGUMENT, NO_MEMORY, WRONG_THREAD, CLOSED.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_listen_sized(size_t events_size, centrifuge_client *client,
                                                               const centrifuge_client_events *events, void *user,
                                                               centrifuge_listener *listener);
/* centrifuge_client_listen(client, events, user, listener) */
#define centrifuge_client_listen(...) centrifuge_client_listen_sized(sizeof(centrifuge_client_events), __VA_ARGS__)

/* Takes a listener away. Errors: INVALID_ARGUMENT for one that is none, WRONG_THREAD, CLOSED. */
CENTRIFUGE_API centrifuge_error centrifuge_client_unlisten(centrifuge_client *client, centrifuge_listener listener);

/*
 * A listener for the event `log` that prints to stderr, a line each ("libcentrifuge: warning: ..."). Its `user` is NULL, or
 * points to the lowest centrifuge_log_level that is printed; NULL leaves CENTRIFUGE_LOG_DEBUG out. In C:
 * centrifuge_client_listen(client, &(centrifuge_client_events){.log = centrifuge_log_to_stderr}, NULL, NULL).
 */
CENTRIFUGE_API void centrifuge_log_to_stderr(centrifuge_client *client, const centrifuge_log_event *event, void *user);

/* ---- the state of a client; the owner's thread only, of a started one any ------------------------ */

typedef enum centrifuge_client_state {
    CENTRIFUGE_CLIENT_DISCONNECTED, /* also while waiting for the next attempt: see centrifuge_client_will_reconnect */
    CENTRIFUGE_CLIENT_CONNECTING,
    CENTRIFUGE_CLIENT_CONNECTED
} centrifuge_client_state;

/* Is it connected? */
CENTRIFUGE_API centrifuge_client_state centrifuge_client_get_state(const centrifuge_client *client);
/* Is an attempt planned? */
CENTRIFUGE_API bool centrifuge_client_will_reconnect(const centrifuge_client *client);
/*
 * Id of the current connection; "" when there is none. Valid until the next call with this client; of a started one until the
 * next of this function, by whatever thread: where several ask, let them listen to `connect`.
 */
CENTRIFUGE_API const char *centrifuge_client_id(centrifuge_client *client);
/* Milliseconds of the last measurement, -1 when never measured. */
CENTRIFUGE_API int64_t centrifuge_client_latency(const centrifuge_client *client);
/* The name of the transport: "raw-websocket" while connected, "" else. Static. */
CENTRIFUGE_API const char *centrifuge_client_transport(const centrifuge_client *client);

/* ---- subscriptions --------------------------------------------------------------------------- */

/*
 * Subscribes to a channel, now or as soon as there is a connection. There is one subscription per channel: when it
 * exists, the listener is added to it, and it is asked for again if it was unsubscribed or refused. `events` may be NULL, as
 * may `subscription`, which gets the subscription. See centrifuge_client_listen for listeners.
 * Errors: INVALID_ARGUMENT (no or empty channel), INVALID_UTF8, LIMIT_CHANNEL, LIMIT_SUBSCRIPTIONS, LIMIT_QUEUE, NO_MEMORY,
 * INVALID_STATE (not connected while the option `resubscribe` is off), WRONG_THREAD, CLOSED. On error nothing has changed.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_subscribe_sized(size_t events_size, centrifuge_client *client,
                                                                  const char *channel,
                                                                  const centrifuge_subscription_events *events, void *user,
                                                                  centrifuge_subscription **subscription);
/* centrifuge_client_subscribe(client, channel, events, user, subscription) */
#define centrifuge_client_subscribe(...) centrifuge_client_subscribe_sized(sizeof(centrifuge_subscription_events), __VA_ARGS__)

/* The existing subscription of a channel, or NULL. Owner's thread only, of a started client any. */
CENTRIFUGE_API centrifuge_subscription *centrifuge_client_find(centrifuge_client *client, const char *channel);

/* Adds a listener to the subscription's events, as centrifuge_client_listen does to the client's. */
CENTRIFUGE_API centrifuge_error centrifuge_subscription_listen_sized(size_t events_size, centrifuge_subscription *subscription,
                                                                     const centrifuge_subscription_events *events, void *user,
                                                                     centrifuge_listener *listener);
/* centrifuge_subscription_listen(subscription, events, user, listener) */
#define centrifuge_subscription_listen(...)                                                                                    \
    centrifuge_subscription_listen_sized(sizeof(centrifuge_subscription_events), __VA_ARGS__)
/* Takes one away, as centrifuge_client_unlisten. */
CENTRIFUGE_API centrifuge_error centrifuge_subscription_unlisten(centrifuge_subscription *subscription,
                                                                 centrifuge_listener listener);

typedef enum centrifuge_subscription_state {
    CENTRIFUGE_SUBSCRIPTION_NEW,         /* waits for the first connection */
    CENTRIFUGE_SUBSCRIPTION_SUBSCRIBING, /* asked for; or lost, and waits for the next connection */
    CENTRIFUGE_SUBSCRIPTION_SUBSCRIBED,
    CENTRIFUGE_SUBSCRIPTION_REFUSED,
    CENTRIFUGE_SUBSCRIPTION_UNSUBSCRIBED
} centrifuge_subscription_state;

/* What it is: owner's thread only, of a started client any; valid as long as the subscription. */
CENTRIFUGE_API const char *centrifuge_subscription_channel(const centrifuge_subscription *subscription);
CENTRIFUGE_API centrifuge_client *centrifuge_subscription_client(const centrifuge_subscription *subscription);
CENTRIFUGE_API centrifuge_subscription_state centrifuge_subscription_get_state(const centrifuge_subscription *subscription);

/*
 * Asks for the channel again: after centrifuge_subscription_unsubscribe, a refusal, or an unsubscription by the server; else
 * nothing happens. Errors of the three: INVALID_ARGUMENT, WRONG_THREAD, CLOSED; of this one also LIMIT_QUEUE, NO_MEMORY,
 * and INVALID_STATE without a connection when the option `resubscribe` is off.
 */
CENTRIFUGE_API centrifuge_error centrifuge_subscription_subscribe(centrifuge_subscription *subscription);
/* Ends it: event `unsubscribe`, no messages after it. Listeners stay, and centrifuge_subscription_subscribe brings it back. */
CENTRIFUGE_API centrifuge_error centrifuge_subscription_unsubscribe(centrifuge_subscription *subscription);
/*
 * Unsubscribes and forgets the subscription with its listeners; no event. Calls that wait get CENTRIFUGE_ERROR_UNSUBSCRIBED. It
 * must not be used after this call, except where one of those completions is handed it; with a started client no other thread
 * may be inside a function of it, and a callback that runs already goes on.
 */
CENTRIFUGE_API centrifuge_error centrifuge_subscription_remove(centrifuge_subscription *subscription);

/* ---- calls of a subscription ---------------------------------------------------------------------- */

/* The outcome of a call. */
typedef struct centrifuge_result {
    centrifuge_error code; /* OK, or: TIMEOUT, DISCONNECTED, UNSUBSCRIBED, REFUSED (by the server), CLOSED (destroyed) */
    const char *error;     /* "" or a text: the server's, "timeout", "disconnected", ... */
    const char *advice;    /* "fix", "retry" or "" */
    centrifuge_bytes body; /* JSON: the body of the answer as received; empty for ready */
    centrifuge_bytes data; /* JSON: presence: an object of clients by id; history: an array of messages, newest first */
    bool resubscribe;      /* ready: as in centrifuge_subscribe_event */
    bool recovered;
    bool error_json; /* `error` is JSON: the server sent no text but, for example, a number */
} centrifuge_result;

typedef void (*centrifuge_completion)(centrifuge_subscription *subscription, const centrifuge_result *result, void *user);

/*
 * The calls wait until the subscription is subscribed, without a time limit, then for the answer (option `timeout`). `done` may
 * be NULL. Errors of all: INVALID_ARGUMENT, UNSUBSCRIBED, LIMIT_CALLS, LIMIT_QUEUE, NO_MEMORY, DRAINING, WRONG_THREAD,
 * CLOSED.
 */

/*
 * Publishes `data`, one JSON value of `size` bytes; NULL for a message without data. Further errors: INVALID_JSON (also for
 * arrays and objects in each other more than 512 deep), INVALID_UTF8.
 */
CENTRIFUGE_API centrifuge_error centrifuge_subscription_publish(centrifuge_subscription *subscription, const char *data,
                                                                size_t size, centrifuge_completion done, void *user);
/*
 * Publishes a text, ended by NUL, as a JSON string; centrifuge_json_text of centrifuge/json.h is the way back. Further errors:
 * INVALID_ARGUMENT without a text, INVALID_UTF8.
 */
CENTRIFUGE_API centrifuge_error centrifuge_subscription_publish_text(centrifuge_subscription *subscription, const char *text,
                                                                     centrifuge_completion done, void *user);
/* Who is subscribed: `data` of the result; centrifuge_entries_next_client of centrifuge/json.h reads it. */
CENTRIFUGE_API centrifuge_error centrifuge_subscription_presence(centrifuge_subscription *subscription,
                                                                 centrifuge_completion done, void *user);
/* The last messages: `data` of the result; centrifuge_entries_next_message of centrifuge/json.h reads it. */
CENTRIFUGE_API centrifuge_error centrifuge_subscription_history(centrifuge_subscription *subscription,
                                                                centrifuge_completion done, void *user);
/*
 * Asks for the history and tells it to the listeners of `message`, the oldest one first, with `history` set; each message once:
 * live ones wait for the answer and follow, without those that the history had. Call it before anything was told: behind
 * centrifuge_client_subscribe, or in the event `subscribe`. From then on it begins behind the message that was told last, so
 * that it may be called again in an event `subscribe` that has not recovered. Then `done` is called, with the answer. After an
 * error what waited is told, but for one that unsubscribing made. Waiting messages have the limit `recovery_size_max`: beyond
 * it they are told at once, and the code of the result is LIMIT_RECOVERY. Further error: INVALID_STATE (one waits already).
 */
CENTRIFUGE_API centrifuge_error centrifuge_subscription_catch_up(centrifuge_subscription *subscription,
                                                                 centrifuge_completion done, void *user);
/* Completes when the subscription is subscribed or refused: soon, when it is already. */
CENTRIFUGE_API centrifuge_error centrifuge_subscription_ready(centrifuge_subscription *subscription, centrifuge_completion done,
                                                              void *user);

/* ---- calls with options --------------------------------------------------------------------------------- */

/* How one call is made. Members are only ever appended; those that are 0 are as without options. */
typedef struct centrifuge_call_options {
    /*
     * ms: the call ends as TIMEOUT when it has no answer so long after it was made, also while it waits for its subscription;
     * what was not sent by then is not sent any more. 0: as without options, below 0: INVALID_ARGUMENT.
     */
    int64_t timeout;
} centrifuge_call_options;

/* The four calls with options, which may be NULL. Errors: as without them. */
CENTRIFUGE_API centrifuge_error centrifuge_subscription_publish_with_sized(size_t options_size,
                                                                           centrifuge_subscription *subscription,
                                                                           const char *data, size_t size,
                                                                           const centrifuge_call_options *options,
                                                                           centrifuge_completion done, void *user);
/* centrifuge_subscription_publish_with(subscription, data, size, options, done, user) */
#define centrifuge_subscription_publish_with(...)                                                                              \
    centrifuge_subscription_publish_with_sized(sizeof(centrifuge_call_options), __VA_ARGS__)

CENTRIFUGE_API centrifuge_error centrifuge_subscription_presence_with_sized(size_t options_size,
                                                                            centrifuge_subscription *subscription,
                                                                            const centrifuge_call_options *options,
                                                                            centrifuge_completion done, void *user);
/* centrifuge_subscription_presence_with(subscription, options, done, user) */
#define centrifuge_subscription_presence_with(...)                                                                             \
    centrifuge_subscription_presence_with_sized(sizeof(centrifuge_call_options), __VA_ARGS__)

CENTRIFUGE_API centrifuge_error centrifuge_subscription_history_with_sized(size_t options_size,
                                                                           centrifuge_subscription *subscription,
                                                                           const centrifuge_call_options *options,
                                                                           centrifuge_completion done, void *user);
/* centrifuge_subscription_history_with(subscription, options, done, user) */
#define centrifuge_subscription_history_with(...)                                                                              \
    centrifuge_subscription_history_with_sized(sizeof(centrifuge_call_options), __VA_ARGS__)

CENTRIFUGE_API centrifuge_error centrifuge_subscription_ready_with_sized(size_t options_size,
                                                                         centrifuge_subscription *subscription,
                                                                         const centrifuge_call_options *options,
                                                                         centrifuge_completion done, void *user);
/* centrifuge_subscription_ready_with(subscription, options, done, user) */
#define centrifuge_subscription_ready_with(...)                                                                                \
    centrifuge_subscription_ready_with_sized(sizeof(centrifuge_call_options), __VA_ARGS__)

/* ---- leaving without losing an answer ----------------------------------------------------------------- */

/* How a drain went. */
typedef struct centrifuge_drained_event {
    /*
     * OK: every call has its result. TIMEOUT: some had none in time. DISCONNECTED: the connection ended for good before that.
     * CLOSED: destroyed.
     */
    centrifuge_error code;
    size_t left; /* calls without a result at the end; those that were sent got DISCONNECTED */
} centrifuge_drained_event;

typedef void (*centrifuge_drained)(centrifuge_client *client, const centrifuge_drained_event *event, void *user);

/*
 * Takes no further calls (publish, presence, history and ready return DRAINING), ends batching and sends what is batched,
 * waits until every call has its result, at most `milliseconds`, and disconnects as centrifuge_client_disconnect does. Then
 * `done` (may be NULL) is called once, behind all results and the event `disconnect`, and calls are taken again. Calls that
 * wait for a connection or for their subscription are waited for, too; a publication that was lost with its connection has told
 * so to its completion.
 * Errors: INVALID_ARGUMENT (below 0), DRAINING (already), NO_MEMORY, WRONG_THREAD, CLOSED.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_drain(centrifuge_client *client, int64_t milliseconds,
                                                        centrifuge_drained done, void *user);

/* ---- private channels and refresh: answers of the application ---------------------------------------- */

/*
 * Answers a call of the option `authorize` or `refresh`, in that call or later; in another thread hand it to
 * centrifuge_client_post. `answer` is JSON text of `size` bytes, in the form an endpoint would answer; NULL says that there is
 * none, which is a failure. A request that is not waited for any more (too late, answered before, of a connection that is gone)
 * is ignored. Errors: INVALID_ARGUMENT, WRONG_THREAD, CLOSED.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_authorize_answer(centrifuge_client *client, centrifuge_request request,
                                                                   const char *answer, size_t size);
CENTRIFUGE_API centrifuge_error centrifuge_client_refresh_answer(centrifuge_client *client, centrifuge_request request,
                                                                 const char *answer, size_t size);

/* ---- batching of commands and authorizations ---------------------------------------- */

/*
 * Collects commands instead of sending them, until told otherwise; the connect command is never among them. What was collected
 * ends with its connection. Errors of all five: WRONG_THREAD, CLOSED.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_start_batching(centrifuge_client *client);
/*
 * Commands go at once again. `flush`: what was collected goes now; else it stays and goes with the next
 * centrifuge_client_flush, behind what was sent meanwhile.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_stop_batching(centrifuge_client *client, bool flush);
/* Sends what was collected as one frame; collecting goes on. */
CENTRIFUGE_API centrifuge_error centrifuge_client_flush(centrifuge_client *client);
/* Collects private channels instead of asking for their signs. */
CENTRIFUGE_API centrifuge_error centrifuge_client_start_auth_batching(centrifuge_client *client);
/* Asks for the signs of what was collected with one request. */
CENTRIFUGE_API centrifuge_error centrifuge_client_stop_auth_batching(centrifuge_client *client);

/* ---- loops -------------------------------------------------------------------------------------------- */

/*
 * Nothing happens by itself: a client works while its loop runs. Choose one of four.
 *
 * 1. The library's own: centrifuge_client_run, in a thread of its own or in main.
 * 2. Yours, with a beat: centrifuge_client_tick once a frame (games), or centrifuge_client_wait; or with one descriptor,
 *    centrifuge_client_fd.
 * 3. Yours, with sockets (libuv, GLib, epoll, ...): the options loop_watch and loop_timer, then
 *    centrifuge_client_socket_ready and centrifuge_client_timer_expired.
 *
 * 4. The library's own in a thread of the library: centrifuge_client_start; every thread may use the client then.
 *
 * Nothing blocks but _run, _wait and _join, and only _start starts a thread; libcurl resolves names in a short-lived thread of
 * its own where it was built so (as Debian's is), since the system's resolver blocks.
 */

/*
 * Runs until the client is disconnected with no further attempt planned, or until centrifuge_client_stop. Returns OK when the
 * application wanted it (stop, disconnect, never connected), DISCONNECTED when the server ended it for good, CLOSED when a
 * callback destroyed the client (which is gone then). Further errors: INVALID_STATE (inside a callback, or with loop hooks),
 * NO_MEMORY, SYSTEM, WRONG_THREAD.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_run(centrifuge_client *client);
/*
 * Makes the current centrifuge_client_run return soon, or the next one if none runs; of a started client its thread end, for
 * which centrifuge_client_join waits. Any thread, also a signal handler.
 */
CENTRIFUGE_API void centrifuge_client_stop(centrifuge_client *client);

/*
 * Waits until something happened (also a wake-up or posted work), at most `milliseconds` (-1: any time), and does it. Errors:
 * as centrifuge_client_run; whether the client is disconnected makes no difference.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_wait(centrifuge_client *client, int64_t milliseconds);
/* Does what is there to do and returns at once: centrifuge_client_wait with 0. */
CENTRIFUGE_API centrifuge_error centrifuge_client_tick(centrifuge_client *client);

/*
 * For a loop that has one place for a descriptor, as a program with poll(): *fd becomes readable when there is something to do.
 * Wait for that, for centrifuge_client_timeout at the most, then call centrifuge_client_tick. It is the client's, the same one
 * from the first call to the client's end; never read or close it. Linux: an epoll descriptor. Errors: UNSUPPORTED (another
 * system), INVALID_STATE (with the options loop_watch and loop_timer), SYSTEM (no descriptor is left), WRONG_THREAD, CLOSED.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_fd(centrifuge_client *client, int *fd);
/*
 * ms until centrifuge_client_tick has something to do, whatever happens to the descriptor; -1: any time. Each call of the
 * client may change it: ask just before you wait. 0 for a thread that may not use the client.
 */
CENTRIFUGE_API int64_t centrifuge_client_timeout(centrifuge_client *client);

/*
 * Tells that `socket` is ready for `events`: called by the foreign loop; errors and hang-ups count as both. A socket that the
 * client does not know any more is ignored. Errors: INVALID_STATE (inside a callback), WRONG_THREAD, CLOSED (destroyed by a
 * callback).
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_socket_ready(centrifuge_client *client, centrifuge_socket socket, int events);
/*
 * Tells that the time asked for with loop_timer has passed: called by the foreign loop. Errors: as
 * centrifuge_client_socket_ready.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_timer_expired(centrifuge_client *client);

/* ---- a thread of its own ---------------------------------------------------------------------------------- */

/*
 * Starts a thread of the library that runs the client's loop, until centrifuge_client_stop, _join or _destroy. From here on
 * every thread may use the client and its subscriptions, by every function but those of the other loops, which return
 * INVALID_STATE (_run, _wait, _tick, _fd, _socket_ready, _timer_expired, _adopt). Callbacks run in the library's thread, one at
 * a time, and may do what they may do elsewhere; no lock is held meanwhile. All signals are blocked in it. Threads: the owner.
 * Errors: INVALID_STATE (started before, inside a callback, with the options loop_watch and loop_timer), NO_MEMORY, SYSTEM (no
 * thread is left), WRONG_THREAD, CLOSED.
 *
 * A call is sent by the library's thread; what a thread asks for goes out in the order in which it asked. A listener that is
 * taken away by another thread may be called once more, where it is being called. In a child that was forked a started client
 * cannot be adopted, and a callback that forked must not return in the child; centrifuge_client_destroy leaves all to the child
 * when the fork hit the library's thread at work.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_start(centrifuge_client *client);

/*
 * Waits until the client is disconnected with no further attempt planned, or until centrifuge_client_stop, ends the thread, and
 * makes the caller the owner: the client is as before centrifuge_client_start. Callbacks go on meanwhile. Any thread. Returns
 * what centrifuge_client_run would. Further errors: INVALID_STATE (not started, inside a callback, another thread is in this
 * function), WRONG_THREAD, CLOSED.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_join(centrifuge_client *client);

/*
 * With the option `dispatch`: runs the callbacks that wait, in the calling thread; when there are none it waits for the first,
 * at most `milliseconds` (-1: any time). Those that come meanwhile are for the next call. What waits at the end is told by
 * centrifuge_client_join, and of it results only by centrifuge_client_destroy. The functions `authorize` and `refresh`, and
 * what is posted, run in the library's thread nevertheless. Any thread, one at a time. Errors: INVALID_STATE (the library's
 * thread has ended, as by centrifuge_client_stop, and all is told; not started with the option, inside a callback, another
 * thread is in this function or in centrifuge_client_join), WRONG_THREAD, CLOSED (also: a callback destroyed the client).
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_dispatch(centrifuge_client *client, int64_t milliseconds);

/*
 * *fd is readable while callbacks wait for centrifuge_client_dispatch, and when the library's thread has ended: for a loop of
 * the application. It is the client's, until centrifuge_client_join or _destroy; never read or close it. Any thread. Errors:
 * INVALID_STATE (not started with the option), WRONG_THREAD, CLOSED.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_dispatch_fd(centrifuge_client *client, int *fd);

/* ---- other threads ---------------------------------------------------------------------------------------- */

/*
 * Runs `function(client, user)` in the owner's thread, from its loop, in the order of posting; any client function may be
 * called in it. If the client is destroyed first, `drop(user)` runs instead (may be NULL), in the thread that destroys. Exactly
 * one of the two runs. The client must live: whoever posts sees to it that it is not destroyed meanwhile. Any thread.
 * Errors: INVALID_ARGUMENT, LIMIT_POSTS, NO_MEMORY, CLOSED (inside a `drop`). On error neither runs.
 */
CENTRIFUGE_API centrifuge_error centrifuge_client_post(centrifuge_client *client,
                                                       void (*function)(centrifuge_client *client, void *user),
                                                       void (*drop)(void *user), void *user);

/* Makes a waiting loop return from its wait: centrifuge_client_wait returns. Any thread, also a signal handler. */
CENTRIFUGE_API void centrifuge_client_wake(centrifuge_client *client);

#ifdef __cplusplus
}
#endif

#endif

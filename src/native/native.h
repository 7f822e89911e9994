/*
 * The native driver: carries out the effects of the client core on libcurl.
 *
 * Files, from below:
 *   posix.c     what the operating system gives: clock, randomness, poll, a wake-up that any thread may use
 *   settings.c  an application's options, copied and made ready for the core and for libcurl
 *   ground.c    what sockets and requests need of their client: time, random bytes, room to read, a turn soon
 *   curl.c      what libcurl needs to know before it connects
 *   loop.c      which sockets and which time are waited for, by our own poll or by a foreign loop
 *   endpoint.c  address and headers of HTTP requests
 *   choice.c    which transport is tried first
 *   connect.c   one attempt to connect, by libcurl
 *   socket.c    a transport once it is connected: WebSocket handshake and frames; both tell the driver by a table
 *   sockjs.c    a transport that is a SockJS connection, whichever of its transports opens
 *   receive.c   its requests
 *   request.c   HTTP requests by libcurl on the loop
 *   http.c      signs for private channels and new credentials: the application is asked, or an endpoint by HTTP
 *   events.c    listeners, and what the core tells, in the public structs
 *   inbox.c     what waits until the application asks for it
 *   catch_up.c  a channel's history, told as messages
 *   print.c     lines for stderr: the log, and errors that no listener hears
 *   post.c      work handed over by other threads
 *   shared.c    the lock of a client that every thread may use
 *   drain.c     the end that loses no answer
 *   driver.c    effects, turns of the loop, the end
 *   thread.c    a loop that runs on a thread of the library
 *   api.c       the public functions
 *
 * All of a client happens in its owner's thread, except cf_post_* and cf_native_wakeup_signal, and in its owner's process. A
 * started client is everybody's: whoever touches it holds its lock, which is given back while a callback runs and while the
 * loop waits. What another thread does then is what a callback might do, for which everything here is made.
 * Callbacks run only between cf_native_driver_begin and cf_native_driver_end ("a turn"); turns do not nest. What a turn ended
 * (sockets, the client itself) is freed in cf_native_driver_end, so nothing that is on the stack goes away under it.
 */
#ifndef CF_NATIVE_NATIVE_H
#define CF_NATIVE_NATIVE_H

#include "base/assert.h"
#include "base/list.h"
#include "client/core.h"
#include "http/http.h"
#include "sockjs/frame.h"
#include "system/heap.h"
#include "ws/frame.h"
#include "ws/handshake.h"

#include <centrifuge/client.h>
#include <curl/curl.h>
#include <stdatomic.h>

/* ---- posix.c ------------------------------------------------------------------ */

/* Identity of the calling thread. */
const void *cf_native_thread_self(void);
/* From now on forks are counted; false without memory. */
bool cf_native_process_watch(void);
/* Differs between a process and its children. */
unsigned cf_native_process_self(void);
cf_time cf_native_clock_now(void);

/* What any thread, and a signal handler, can make readable. */
typedef struct cf_native_wakeup {
    centrifuge_socket reader;
    centrifuge_socket writer;
} cf_native_wakeup;

bool cf_native_wakeup_open(cf_native_wakeup *wakeup);
void cf_native_wakeup_close(cf_native_wakeup *wakeup);
void cf_native_wakeup_signal(const cf_native_wakeup *wakeup);
void cf_native_wakeup_drain(const cf_native_wakeup *wakeup);

/*
 * A socket that becomes readable at a time, also when the machine slept meanwhile, which the times of poll() and of other loops
 * do not count. CF_NATIVE_NO_SOCKET: the system has none.
 */
#define CF_NATIVE_NO_SOCKET ((centrifuge_socket)-1)
centrifuge_socket cf_native_alarm_open(void);
/* 0: never. */
void cf_native_alarm_set(centrifuge_socket alarm, cf_time at);

typedef enum cf_native_io { CF_NATIVE_IO_OK, CF_NATIVE_IO_AGAIN, CF_NATIVE_IO_FAILED } cf_native_io;

/* On a socket that does not block; `done` gets the number of bytes, 0 received at the end of the stream. */
cf_native_io cf_native_send(centrifuge_socket socket, const void *data, size_t size, size_t *done);
cf_native_io cf_native_receive(centrifuge_socket socket, void *data, size_t size, size_t *done);
void cf_native_close(centrifuge_socket socket);
/*
 * Begins to connect to a numeric address; `connecting` becomes writable when that is done. False when it is none, or not
 * possible.
 */
bool cf_native_connect(const char *host, uint16_t port, centrifuge_socket *connecting);
/* Why that failed, static or valid until the next call; NULL when it is connected. */
const char *cf_native_connect_problem(centrifuge_socket connecting);

typedef struct cf_native_watch {
    centrifuge_socket socket;
    uint8_t events; /* CENTRIFUGE_READABLE | CENTRIFUGE_WRITABLE */
    uint8_t ready;  /* set by cf_native_poll */
} cf_native_watch;

/* Waits up to `milliseconds` (-1: any time); false when the system refused. A signal ends the wait. */
bool cf_native_poll(cf_native_watch *watches, size_t count, int64_t milliseconds);

/*
 * A descriptor that is readable while one of a set of others is ready, as often as it is asked. CF_NATIVE_NO_SOCKET: errno has
 * the reason, ENOSYS where the system has none.
 */
centrifuge_socket cf_native_set_open(void);
/* `before` and `events` are CENTRIFUGE_READABLE | CENTRIFUGE_WRITABLE, 0 for a socket that is not in it. False: no room. */
bool cf_native_set_change(centrifuge_socket set, centrifuge_socket socket, int before, int events);

/* ---- endpoint.c ------------------------------------------------------------------ */

/* Options of one endpoint, with the names of its options for errors. */
typedef struct cf_native_endpoint_options {
    const char *url;
    const char *url_name;
    const centrifuge_header *headers;
    size_t header_count;
    const char *headers_name;
    const centrifuge_parameter *params;
    size_t param_count;
    const char *params_name;
} cf_native_endpoint_options;

typedef struct cf_native_endpoint {
    const char *url;      /* with the parameters; NULL: there is none */
    const char **headers; /* as libcurl wants them: "name: value" */
    size_t header_count;
} cf_native_endpoint;

/*
 * What an answer with another status than hoped for means; why is appended. A redirect (to `location`) is not followed, since
 * the credentials would go where nobody configured them to go, nor tried again, since the answer would be the same.
 */
centrifuge_error cf_native_refusal(int status, cf_bytes location, cf_buffer *why);
/* Milliseconds that a header Retry-After asks for (RFC 9110 section 10.2.3), 0 for none and for nonsense. */
int64_t cf_native_retry_after(cf_bytes value);
/* What is wrong, beginning with the name of the option; or NULL. */
const char *cf_native_endpoint_check(const cf_native_endpoint_options *given);
/* What cf_native_endpoint_copy needs: entries of `lines`, and bytes behind `*to`, which it moves on. */
size_t cf_native_endpoint_lines(const cf_native_endpoint_options *given);
size_t cf_native_endpoint_room(const cf_native_endpoint_options *given);
void cf_native_endpoint_copy(cf_native_endpoint *endpoint, const cf_native_endpoint_options *given, const char **lines,
                             char **to);

/* ---- settings.c ------------------------------------------------------------------ */

/* How many the option `transports` may name: of cf_sockjs_transport, or these. */
#define CF_NATIVE_TRANSPORTS_MAX 4
#define CF_NATIVE_RAW_WEBSOCKET  CF_SOCKJS_TRANSPORTS
#define CF_NATIVE_NO_TRANSPORT   255

/* What is asked for outside of the connection. */
typedef enum cf_native_asked { CF_NATIVE_AUTHORIZE, CF_NATIVE_REFRESH, CF_NATIVE_ASKED_COUNT } cf_native_asked;

/* What the driver keeps of the options; the core keeps its own share. All strings lie in `strings`. NULL: not given. */
typedef struct cf_native_settings {
    char *strings;
    const char *server; /* in SockJS's paths; NULL: by chance */
    uint32_t fallback_time;
    uint8_t transports[CF_NATIVE_TRANSPORTS_MAX]; /* in this order; none for an address that is a raw WebSocket's */
    int64_t connect_timeout;
    size_t message_size_max;
    size_t queue_size_max;
    size_t events_per_turn;
    size_t posts_max;
    size_t recovery_size_max;
    bool print_errors;
    int64_t room_wait;
    bool dispatch;
    size_t dispatch_max;
    cf_ws_header *headers;
    size_t header_count;
    cf_http_way way;
    size_t http_answer_size_max;
    cf_native_endpoint endpoints[CF_NATIVE_ASKED_COUNT];
    const char *refresh_data;
    int64_t refresh_attempts;
    void (*authorize)(centrifuge_client *client, centrifuge_request request, centrifuge_bytes body, void *user);
    void *authorize_user;
    void (*refresh)(centrifuge_client *client, centrifuge_request request, void *user);
    void *refresh_user;
} cf_native_settings;

/* `core` borrows the strings of `options`. */
centrifuge_error cf_native_settings_make(cf_native_settings *settings, cf_client_options *core,
                                         const centrifuge_options *options);
void cf_native_settings_free(cf_native_settings *settings);

/* ---- loop.c ------------------------------------------------------------------------ */

/* Sockets waited for at the same time: those of HTTP requests, for signs, of a SockJS connection and of one that lingers; and
 * the wake-up, one transport, one that lingers, and those libcurl needs to connect. */
#define CF_NATIVE_HTTP_SOCKETS_MAX   16
#define CF_NATIVE_LOOP_WATCH_MAX     (16 + 3 * CF_NATIVE_HTTP_SOCKETS_MAX)
#define CF_NATIVE_LOOP_WATCH_ALONE   4  /* without libcurl: the wake-up, the alarm, two transports */
#define CF_NATIVE_LOOP_WATCH_CONNECT 16 /* while libcurl connects */

typedef struct cf_native_loop {
    cf_native_wakeup wakeup;
    cf_native_watch *watches;
    uint32_t watch_count;
    uint32_t watch_capacity;
    /* a foreign loop; NULL: our own */
    void (*foreign_watch)(void *user, centrifuge_socket socket, int events);
    void (*foreign_timer)(void *user, int64_t milliseconds);
    void *foreign_user;
    centrifuge_socket set;   /* of all watches; CF_NATIVE_NO_SOCKET until it is asked for */
    cf_time armed;           /* when the foreign timer was asked to expire */
    centrifuge_socket alarm; /* CF_NATIVE_NO_SOCKET until there is something to wait for */
    cf_time alarm_at;
} cf_native_loop;

centrifuge_error cf_native_loop_open(cf_native_loop *loop, const centrifuge_options *options);
void cf_native_loop_close(cf_native_loop *loop);
/* Closes this process's descriptors of all that is watched; nobody is told. */
void cf_native_loop_abandon(cf_native_loop *loop);
/*
 * Makes room for so many sockets; false without memory. What needs them asks before it begins, so that a watch does not fail.
 */
bool cf_native_loop_reserve(cf_native_loop *loop, uint32_t count);
/* From now on wait for `events` of the socket; 0: no longer. False without room. */
bool cf_native_loop_watch(cf_native_loop *loop, centrifuge_socket socket, int events);
/* Makes the set, unless it is there. False: errno has the reason. */
bool cf_native_loop_gather(cf_native_loop *loop);
bool cf_native_loop_watches(const cf_native_loop *loop, centrifuge_socket socket);
void cf_native_loop_alarm_rang(cf_native_loop *loop);
/* Sets the alarm, and tells a foreign loop when to call. */
void cf_native_loop_arm(cf_native_loop *loop, cf_time now, cf_time deadline);

/* ---- events.c ------------------------------------------------------------------------- */

typedef struct cf_native_listener {
    cf_list link;
    centrifuge_listener id;
    uint64_t born; /* number of the event during which it was added: not called for that one */
    void *user;
    void (*drop)(void *user); /* or NULL */
    bool called;              /* now */
    bool removed;             /* meanwhile: it is freed when that has returned */
    union {
        centrifuge_client_events client;
        centrifuge_subscription_events subscription;
    } events;
} cf_native_listener;

typedef struct cf_native_catch_up cf_native_catch_up;

struct centrifuge_subscription {
    cf_list link; /* in centrifuge_client.subscriptions */
    centrifuge_client *client;
    cf_subscription *core;
    cf_list listeners;
    bool removed;    /* by the application: no events any more */
    bool gone;       /* the core's is: only what is queued keeps it */
    uint32_t queued; /* of what waits in the inbox */
    char *channel;
    cf_native_catch_up *catch_up; /* NULL before the first one */
};

/* A call with a completion; without one the core gets NULL. */
typedef struct cf_native_call {
    centrifuge_subscription *subscription;
    centrifuge_completion done;
    void *user;
} cf_native_call;

/* A struct of events in this version. */
typedef struct cf_native_event_kind {
    size_t size;
    size_t drop; /* where it has that */
} cf_native_event_kind;

extern const cf_native_event_kind cf_native_client_events;
extern const cf_native_event_kind cf_native_subscription_events;

/* `events` of `size` bytes is cut, or filled with NULL, to what this version knows. */
cf_native_listener *cf_native_listener_make(centrifuge_client *client, const cf_native_event_kind *kind, const void *events,
                                            size_t size, void *user);
/*
 * False when there is none of that name. One that is not being called goes to `unused`, to be dropped when the client has been
 * left, since the application may do anything then; any other is dropped when it has returned.
 */
bool cf_native_listener_remove(centrifuge_client *client, cf_list *listeners, centrifuge_listener id, cf_list *unused);
/* The same with all of them. */
void cf_native_listeners_remove(cf_list *listeners, cf_list *unused);
void cf_native_listeners_drop(cf_list *unused);
/* None is being called. */
void cf_native_listeners_free(const centrifuge_client *client, cf_list *listeners);

/* What is told of a closed transport besides the core's event; texts may be NULL. */
typedef struct cf_native_closing {
    int http_status;
    const char *close_reason;
    const char *detail;
} cf_native_closing;

cf_native_closing cf_native_closing_of(const centrifuge_client *client);
/* An event: it is told, or put into the inbox. */
void cf_native_events_deliver(centrifuge_client *client, const cf_effect *effect);
/* Now. `subscription`: of a subscription's event. */
void cf_native_events_tell(centrifuge_client *client, centrifuge_subscription *subscription, const cf_event *event,
                           const cf_native_closing *closing);
void cf_native_events_result(const cf_result *result);
void cf_native_events_high_water(centrifuge_client *client, centrifuge_error limit, size_t used, size_t max);
void cf_native_events_log(centrifuge_client *client, cf_log_level level, cf_bytes text);
void cf_native_events_log_now(centrifuge_client *client, cf_log_level level, cf_bytes text);
/* Tells it to the subscription's listeners of messages. */
void cf_native_events_message(centrifuge_subscription *subscription, const cf_event *event, bool history);
void cf_native_subscription_free(centrifuge_subscription *subscription);

/* ---- catch_up.c ------------------------------------------------------------------------- */

/* May one begin? NO_MEMORY, or INVALID_STATE while another waits. */
centrifuge_error cf_native_catch_up_prepare(centrifuge_subscription *subscription);
/* The history was asked for, with the next one as its completion and subscription->catch_up as its user. */
void cf_native_catch_up_begin(centrifuge_subscription *subscription, centrifuge_completion done, void *user);
void cf_native_catch_up_answered(centrifuge_subscription *subscription, const centrifuge_result *result, void *user);
/* Of a live message, where a catch-up was begun. True: it waits, or was told already. */
bool cf_native_catch_up_take(centrifuge_subscription *subscription, const cf_event *event);
/* The application has unsubscribed: what waits is not told. */
void cf_native_catch_up_drop(centrifuge_subscription *subscription);
void cf_native_catch_up_free(centrifuge_subscription *subscription);

/* ---- print.c ---------------------------------------------------------------------------- */

/* An error that no listener has heard, where `print_errors` is on. `of`: "" or the channel; `advice` may be "". */
void cf_native_print_error(const centrifuge_client *client, const char *of, const char *text, const char *advice);

/* ---- post.c ----------------------------------------------------------------------------- */

typedef struct cf_native_posted {
    struct cf_native_posted *next;
    void (*function)(centrifuge_client *client, void *user);
    void (*drop)(void *user);
    void *user;
} cf_native_posted;

/* Runs what was posted until now; stops when the client is being destroyed. */
void cf_native_post_run(centrifuge_client *client);
void cf_native_post_drop_all(centrifuge_client *client);

/* ---- drain.c ---------------------------------------------------------------------------- */

typedef struct cf_native_drain cf_native_drain;

/* ---- transport.h ---------------------------------------------------------------------------- */

typedef struct cf_native_transport cf_native_transport;
struct cf_native_transport_events;
/* Begins to connect; on error there is no transport. */
typedef centrifuge_error cf_native_transport_open(centrifuge_client *client, uint32_t id, cf_bytes address,
                                                  const struct cf_native_transport_events *tell, cf_native_transport **opened);

/* ---- the client --------------------------------------------------------------------------- */

struct centrifuge_client {
    _Atomic(const void *) owner; /* cf_native_thread_self of the thread that may call */
    atomic_uint process;         /* cf_native_process_self of the process it belongs to */
    cf_client *core;
    cf_native_settings settings;
    cf_http_trust *trust; /* held between connections; NULL before the first with TLS */
    cf_native_loop loop;
    cf_native_transport_open *open;
    cf_list transports;
    cf_native_transport *live;     /* the core's current one, or NULL */
    int http_status;               /* of a request that was refused last, on this transport; 0 for none */
    char *close_reason;            /* of the last close that was none by an error, as the peer gave it; NULL for none */
    int64_t retry_after;           /* ms: what came with it; 0 for nothing */
    char *detail;                  /* of the last loss by an error; NULL for none */
    struct cf_native_http *http;   /* NULL: no requests */
    struct cf_native_drain *drain; /* NULL: calls are taken */
    cf_list subscriptions;
    cf_list listeners;
    cf_list *next_listener; /* of the event that is being delivered, or NULL */
    uint64_t event_number;
    centrifuge_listener last_listener;
    cf_time now; /* when the clock was read last: reading it for each message costs a tenth of the message */
    /* choice.c; places in settings.transports. */
    cf_time choice_until;            /* then the first of all is tried first again */
    uint8_t choice_first;            /* an attempt begins with it */
    uint8_t choice_tried;            /* last in this attempt, or CF_NATIVE_NO_TRANSPORT */
    bool choice_proven;              /* it has brought a message */
    struct cf_native_shared *shared; /* NULL: never started */
    struct cf_native_inbox *inbox;   /* NULL: what is to be told is told by the loop's thread */
    bool asleep;                     /* the loop of a started client waits, and nobody has woken it */
    bool in_turn;
    bool kicked;       /* the core may have effects that no turn has taken */
    bool ending;       /* destroyed: no events any more */
    bool asked_to_end; /* the application disconnected, as opposed to the server */
    atomic_bool stop;
    /* A turn's share of events, `events_per_turn`. */
    struct {
        size_t used;
        bool over;     /* the core has effects, which may point into what was received: nothing is read until the next turn */
        bool was_over; /* the last turn ended so */
    } share;
    _Atomic(cf_native_posted *) posted; /* newest first */
    atomic_size_t post_count;           /* that have not run */
    atomic_size_t posts_max;            /* the option, for every thread */
    cf_native_posted *taken;            /* oldest first, being run */
    char *read_buffer;                  /* CF_NATIVE_SOCKET_READ_SIZE bytes while there is a socket */
    char *id_text;                      /* told last, as ... */
    char *credentials_text;             /* ... one after the other, each with a NUL */
    uint8_t random[32];                 /* from the system's source, used once; `random_left` bytes of its end are fresh */
    size_t random_left;
};

/* ---- shared.c ----------------------------------------------------------------------------- */

/* Its address is the owner of a started client. */
extern const char cf_native_everybody;

static inline bool cf_native_started(const centrifuge_client *client)
{
    return atomic_load_explicit(&client->owner, memory_order_acquire) == &cf_native_everybody;
}

/* Of a started client; a copy's lock is left alone, since nobody may be there who would give it back. */
void cf_native_shared_lock(const centrifuge_client *client);
void cf_native_shared_unlock(const centrifuge_client *client);

/* Both around whatever the application gave to be called; of a client that is not started they do nothing. */
static inline void cf_native_callback_begin(const centrifuge_client *client)
{
    if (cf_native_started(client))
        cf_native_shared_unlock(client);
}

static inline void cf_native_callback_end(const centrifuge_client *client)
{
    if (cf_native_started(client))
        cf_native_shared_lock(client);
}

/* ---- curl.c ------------------------------------------------------------------------------------ */

/* Before anything else of libcurl, whose libraries need a megabyte to begin with; any number of times. */
bool cf_native_curl_begin(void);
/* Spares libcurl the reading of authorities where TLS will be spoken with `url`; what is returned is released after `easy`. */
cf_http_trust *cf_native_curl_trust(centrifuge_client *client, CURL *easy, CURLU *url);
/*
 * libcurl's text of CURLOPT_ERRORBUFFER, NULL or "" for none, or what it calls `code`: the only way for its texts out of here.
 * Without secrets.
 */
const char *cf_native_curl_problem(const cf_native_settings *settings, char *problem, CURLcode code);

/* ---- ground.c ------------------------------------------------------------------------------------ */

cf_environment cf_native_environment(centrifuge_client *client);
/* Reads the clock. */
cf_time cf_native_now(centrifuge_client *client);
/* Bytes of one read. */
#define CF_NATIVE_SOCKET_READ_SIZE 65536
/* Room for them, until the end of the turn; NULL without memory. */
char *cf_native_read_buffer(centrifuge_client *client);
/* False when the system has no randomness. */
bool cf_native_seed(centrifuge_client *client);
/* Unpredictable bytes for masks and keys. */
void cf_native_random(centrifuge_client *client, void *data, size_t size);
/*
 * Is this the copy of a client that a child process got by fork? It shares the sockets with its parent and leaves them alone.
 */
bool cf_native_copied(const centrifuge_client *client);
/* After the application called the core outside of a turn: have a turn soon. */
void cf_native_kick(centrifuge_client *client);

#endif

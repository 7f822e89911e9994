/*
 * One SockJS connection from a client's side, no I/O: which transport is tried, for how long, and what follows
 * (client-spec.md 3, server-spec.md 6). After it is closed, a new connection is a new link.
 *
 * The server is asked for its `info`; how long that took says how long a transport may take to open. One after the other is
 * tried, and never are two alive: before the next one begins, the caller has to say that all requests of the last one are gone.
 * Another address in the info is not followed: the credentials would go where nobody configured them to go.
 *
 * As with the client core: functions say what happened, then effects are taken until there are none, then the deadline is asked
 * for. What an effect carries is borrowed until the next one is taken; the text of a frame must stay until there are no more.
 */
#ifndef CF_SOCKJS_LINK_H
#define CF_SOCKJS_LINK_H

#include "base/clock.h"
#include "sockjs/frame.h"

#define CF_SOCKJS_INFO_TIMEOUT 8000 /* ms */

/* Bytes of a body with several messages: proxies take a megabyte. One message alone may be larger. */
#define CF_SOCKJS_BODY_SIZE ((size_t)1 << 19)

/* Why a link closed, beside what a server's close frame says. */
#define CF_SOCKJS_CODE_NO_SERVER     1002 /* no info, or what came is nothing of SockJS */
#define CF_SOCKJS_CODE_LOST          1006 /* the transport broke, or the server forgot the session */
#define CF_SOCKJS_CODE_NO_TRANSPORTS 2000 /* none of them opened */

typedef enum cf_sockjs_effect_kind {
    CF_SOCKJS_EFFECT_NONE,
    CF_SOCKJS_EFFECT_INFO,    /* ask for `/info`, answer by cf_sockjs_link_info */
    CF_SOCKJS_EFFECT_RECEIVE, /* of `transport`: open a WebSocket, or begin a request whose frames are received */
    CF_SOCKJS_EFFECT_SEND,    /* `text`: over the WebSocket, or as the body of xhr_send, answered by cf_sockjs_link_sent */
    CF_SOCKJS_EFFECT_STOP,    /* abort whatever this link has under way; then cf_sockjs_link_stopped */
    CF_SOCKJS_EFFECT_OPENED,  /* by `transport` */
    CF_SOCKJS_EFFECT_MESSAGE, /* `text` */
    CF_SOCKJS_EFFECT_CLOSED   /* `code` and `text`; nothing follows */
} cf_sockjs_effect_kind;

typedef struct cf_sockjs_effect {
    cf_sockjs_effect_kind kind;
    cf_sockjs_transport transport;
    bool fresh;     /* RECEIVE: the first of a transport, which needs a session id of its own */
    bool by_server; /* CLOSED: by a close frame, so `code` is the server's */
    int64_t code;
    cf_bytes text;
} cf_sockjs_effect;

typedef enum cf_sockjs_link_state {
    CF_SOCKJS_LINK_ASKING,  /* for the info */
    CF_SOCKJS_LINK_OPENING, /* a transport */
    CF_SOCKJS_LINK_OPEN,
    CF_SOCKJS_LINK_STOPPING, /* a transport that is to be followed by another one */
    CF_SOCKJS_LINK_CLOSING,  /* the last one */
    CF_SOCKJS_LINK_CLOSED
} cf_sockjs_link_state;

typedef struct cf_sockjs_link {
    const cf_sockjs_transport *transports; /* in the order in which they are tried */
    size_t count;
    size_t tried;
    cf_sockjs_link_state state;
    cf_time asked_at; /* when INFO was */
    cf_time deadline;
    int64_t patience;     /* ms that a transport may take to open */
    bool without_sockets; /* the server said so */
    bool receiving;       /* a request, or the WebSocket, is under way */
    bool sending;         /* the same of xhr_send */
    bool framed;          /* it has brought a frame */
    bool fresh;           /* the next request that receives is the first of its transport */
    bool ask;             /* these are effects to come */
    bool stop;
    bool tell_opened;
    bool tell_closed;
    bool has_messages;
    cf_sockjs_frame frame;
    cf_buffer scratch;  /* of the frame */
    cf_buffer unsent;   /* messages, as cf_sockjs_append_message writes them */
    cf_buffer outgoing; /* the body that is on its way */
    cf_buffer reason;
    bool by_server;
    int64_t code;
} cf_sockjs_link;

/* `transports` (websocket, xhr_streaming, eventsource, xhr) is borrowed. `unsent_max`: bytes of messages that wait. */
void cf_sockjs_link_init(cf_sockjs_link *link, const cf_sockjs_transport *transports, size_t count, size_t unsent_max,
                         const cf_allocator *allocator);
void cf_sockjs_link_free(cf_sockjs_link *link);

/* Begins. */
void cf_sockjs_link_start(cf_sockjs_link *link, cf_time now);
/* The body of the info, or data NULL: there was no answer, or not 200. */
void cf_sockjs_link_info(cf_sockjs_link *link, cf_bytes body, cf_time now);
/* A frame came. */
void cf_sockjs_link_received(cf_sockjs_link *link, cf_bytes frame);
/* What RECEIVE began has ended: an answer `well` (200, and complete), or it failed. A WebSocket always fails. */
void cf_sockjs_link_ended(cf_sockjs_link *link, bool well);
/* xhr_send was answered: `well` with 204, or 200. */
void cf_sockjs_link_sent(cf_sockjs_link *link, bool well);
/* Nothing of it is under way any more. */
void cf_sockjs_link_stopped(cf_sockjs_link *link, cf_time now);
/* Only while it is open. False without memory, or beyond unsent_max. */
bool cf_sockjs_link_send(cf_sockjs_link *link, cf_bytes message);
void cf_sockjs_link_close(cf_sockjs_link *link, int64_t code, cf_bytes reason);

/* False: there is none. */
bool cf_sockjs_link_next(cf_sockjs_link *link, cf_sockjs_effect *effect);
cf_time cf_sockjs_link_deadline(const cf_sockjs_link *link);
void cf_sockjs_link_tick(cf_sockjs_link *link, cf_time now);

/* `/server/session`: nobody guesses it. */
#define CF_SOCKJS_RANDOM_SIZE 12
#define CF_SOCKJS_PATH_SIZE   21
void cf_sockjs_write_path(char path[CF_SOCKJS_PATH_SIZE], const uint8_t random[CF_SOCKJS_RANDOM_SIZE]);

#endif

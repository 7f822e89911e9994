/*
 * A transport that is a WebSocket connection, from the attempt to connect on: connect.c and socket.c.
 */
#ifndef CF_NATIVE_SOCKET_H
#define CF_NATIVE_SOCKET_H

#include "native/transport.h"

/* How long a closed connection waits for the peer's close before it is cut, in milliseconds. */
#define CF_NATIVE_SOCKET_LINGER 1000
/* How many reads one turn does before others have theirs. */
#define CF_NATIVE_SOCKET_READS_MAX 16
/* Bytes that are sent before others have their turn, and while the application has more to hear than its share of events. */
#define CF_NATIVE_SOCKET_SEND_SHARE  131072
#define CF_NATIVE_SOCKET_SEND_BEHIND 4096
/* What may wait to be sent beyond `queue_size_max`: frames around what was admitted, pongs, subscriptions that come back. */
#define CF_NATIVE_SOCKET_SLACK ((size_t)1 << 20)

typedef enum cf_native_socket_state {
    CF_NATIVE_SOCKET_CONNECTING, /* libcurl works: name, TCP, proxy, TLS; or the system, see connect.c */
    CF_NATIVE_SOCKET_HANDSHAKE,  /* our request is on its way, the response is not complete */
    CF_NATIVE_SOCKET_OPEN,
    CF_NATIVE_SOCKET_CLOSING, /* our close frame is on its way; what arrives is dropped until the peer closes */
    CF_NATIVE_SOCKET_DEAD     /* freed at the end of the turn */
} cf_native_socket_state;

typedef struct cf_native_socket cf_native_socket;

/* What is needed until the connection is open, so that thousands of open ones are smaller. */
typedef struct cf_native_handshake {
    cf_buffer head; /* of the response so far, and what came with it */
    char key[CF_WS_KEY_SIZE];
    char *protocols; /* that were asked for; NULL for none */
    char *endpoint;  /* of SockJS, which is tried when this one is refused; NULL for none */
} cf_native_handshake;

struct cf_native_socket {
    cf_native_transport base;
    cf_native_socket_state state;
    /* NULL once the connection is made and needs nothing of libcurl */
    CURLM *multi;
    CURL *easy;
    CURLU *url;               /* where to connect to; libcurl borrows it */
    cf_http_trust *trust;     /* held for libcurl */
    cf_time curl_deadline;    /* while connecting */
    bool secure;              /* wss */
    bool plain;               /* the system's socket is ours, without TLS; while connecting: without libcurl, too */
    bool reached;             /* an upgrade was asked for, or a proxy answered, so other transports may come through */
    bool has_more;            /* bytes may wait that the system's socket does not tell of: read again without asking */
    centrifuge_socket socket; /* when `plain`, and from CF_NATIVE_SOCKET_HANDSHAKE on */
    char *unread;             /* of the read buffer or the handshake's head, while the turn's share of events is used up */
    size_t unread_size;
    cf_time linger_until; /* or, while it opens, how long it may take where others would be tried then */
    cf_ws_decoder decoder;
    /*
     * TLS libraries want a write that was refused to be repeated with the same address and length, so what is being sent stays
     * as it is, and what comes meanwhile is queued behind it.
     */
    cf_buffer sending;
    size_t sent;
    cf_buffer queued;
    cf_native_handshake *handshake; /* NULL when it is over */
    char *problem;                  /* CURL_ERROR_SIZE bytes for libcurl while there is one */
};

/* ---- connect.c ----------------------------------------------------------------- */

cf_native_transport_open cf_native_socket_open;
/* SockJS may be tried at `endpoint` when it is refused, or not answered in so many milliseconds. False without memory. */
bool cf_native_socket_hurry(cf_native_transport *transport, cf_bytes endpoint, int64_t milliseconds);
/* Of one that is lost: where SockJS may be tried, if something on the way or the server may have refused it; else NULL. */
const char *cf_native_socket_other(const cf_native_transport *transport);
/* Lets libcurl go on connecting: `handle` is ready for `events`, or CURL_SOCKET_TIMEOUT. */
void cf_native_socket_progress(cf_native_socket *socket, curl_socket_t handle, int events);
void cf_native_socket_failed(cf_native_socket *socket, CURLcode code);
void cf_native_socket_drop_curl(cf_native_socket *socket);

/* ---- socket.c ------------------------------------------------------------------ */

extern const cf_native_transport_ops cf_native_socket_ops;
void cf_native_socket_watch(cf_native_socket *socket);
/* Ends it, unless it is saying goodbye, and tells why. */
void cf_native_socket_lose(cf_native_socket *socket, centrifuge_error error, const char *detail);
/* At once. */
void cf_native_socket_kill(cf_native_socket *socket);

#endif

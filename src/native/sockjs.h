/*
 * A transport that is a SockJS connection: sockjs.c and receive.c. The rules are in sockjs/link.h.
 */
#ifndef CF_NATIVE_SOCKJS_H
#define CF_NATIVE_SOCKJS_H

#include "native/request.h"
#include "native/transport.h"
#include "sockjs/link.h"

/* How long a closed one may take to send what it was given, in milliseconds. */
#define CF_NATIVE_SOCKJS_LINGER 1000

typedef struct cf_native_sockjs {
    cf_native_transport base;
    bool dead;    /* freed at the end of the turn */
    bool leaving; /* closed: only sends what it was given */
    cf_time linger_until;
    cf_sockjs_link link;
    cf_sockjs_transport transports[CF_NATIVE_TRANSPORTS_MAX]; /* those of the option from `first` on */
    size_t first;
    cf_sockjs_transport current;
    cf_buffer address; /* of the endpoint */
    cf_buffer path;    /* "/server/session" */
    cf_native_multi multi;
    CURLSH *cookies;             /* by which a load balancer finds the session's server */
    cf_native_transport *socket; /* of the transport websocket, or NULL */
    cf_native_request receiver;  /* of the info, too; these two have no handle while there is none */
    cf_native_request sender;
    cf_buffer input; /* of the receiver, the first `used` bytes have been read */
    size_t used;
    cf_sockjs_stream stream;
    bool heard; /* bytes came since the core was told that the peer lives */
    bool ended; /* the receiver, as `outcome` says; what it brought may not be read yet */
    CURLcode outcome;
    centrifuge_error error; /* of a transport that failed, and why; NULL: nothing to add */
    char *detail;
} cf_native_sockjs;

/* ---- sockjs.c ------------------------------------------------------------------- */

extern const cf_native_transport_ops cf_native_sockjs_ops;
/* Tries the transports of the option from `first` on, at the endpoint `address`. */
centrifuge_error cf_native_sockjs_open(centrifuge_client *client, uint32_t id, cf_bytes address, size_t first,
                                       const cf_native_transport_events *tell, cf_native_transport **opened);
/* `base` with the two behind its path. */
void cf_native_sockjs_append_address(cf_buffer *out, cf_bytes base, cf_bytes path, cf_bytes name);

/* ---- receive.c ------------------------------------------------------------------ */

void cf_native_sockjs_keep_fault(cf_native_sockjs *self, centrifuge_error error, const char *detail);
/* Begin a request; false: it failed at once, and the fault is kept. */
bool cf_native_sockjs_ask_info(cf_native_sockjs *self);
bool cf_native_sockjs_receive(cf_native_sockjs *self);
bool cf_native_sockjs_post(cf_native_sockjs *self, cf_bytes body);
/* Of one that has ended: is its answer good? The fault is kept; the request is freed. */
bool cf_native_sockjs_end_receiver(cf_native_sockjs *self);
bool cf_native_sockjs_end_sender(cf_native_sockjs *self, CURLcode code);
/* Aborts what is under way. */
void cf_native_sockjs_stop_requests(cf_native_sockjs *self);

#endif

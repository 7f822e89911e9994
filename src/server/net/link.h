/*
 * What a connection consists of, for net/ alone, and how its bytes travel: its link. Plain TCP (plain.c) is one; the one that
 * encrypts (tls.c) stands on it.
 */
#ifndef CF_SERVER_NET_LINK_H
#define CF_SERVER_NET_LINK_H

#include "server/net/connection.h"

/* Sizes are of what the protocol writes and reads, but for `input`. */
struct cf_link_ops {
    size_t size;     /* of the link's struct, which begins with a cf_connection */
    size_t rest_max; /* as cf_connection_rest_max */
    /* As cf_connection_try. */
    ptrdiff_t (*try)(cf_connection *connection, const cf_bytes *slices, size_t count);
    /* As cf_connection_queue; when all is sent the protocol is told by cf_connection_sent. */
    bool (*queue)(cf_connection *connection, cf_bytes bytes, void (*release)(void *holder), void *holder);
    /* As cf_connection_queued; what waits inside of the link counts. */
    size_t (*queued)(const cf_connection *connection);
    /* All that was given to the link below has left: it may get more. False without memory. NULL: nothing is kept back. */
    bool (*drained)(cf_connection *connection);
    /* Ends our side behind all that is queued. False when that cannot be done. */
    bool (*end)(cf_connection *connection);
    /* The socket's bytes, which may be changed: hands to the protocol what they say. It may close the connection. */
    void (*input)(cf_connection *connection, char *data, size_t size);
    /* The connection is closed at once: a last word, if there is room for it. NULL: there is none. */
    void (*leave)(cf_connection *connection);
    /* The connection is freed. NULL: the link keeps nothing. */
    void (*release)(cf_connection *connection);
    /*
     * For another loop: takes out what the link keeps of a connection of which nothing is queued, and puts it in; or nobody
     * wants it. NULL: the link keeps nothing.
     */
    void *(*take)(cf_connection *connection);
    void (*give)(cf_connection *connection, void *kept);
    void (*drop)(void *kept);
};

struct cf_connection {
    uv_tcp_t tcp; /* data: the cf_net */
    cf_list link;
    cf_timer timer;
    const cf_link_ops *ops;
    const cf_protocol *protocol; /* NULL while it is closing */
    void *owner;                 /* the protocol's own */
    bool paused;                 /* by its protocol */
    bool patient;                /* it waits for the next round */
    bool yielded;                /* there it is to go on, not to be read */
};

extern const cf_link_ops cf_link_plain;

/* For links: something that was queued has left, or could not. */
void cf_connection_sent(cf_connection *connection, int status);
/* For links: what came cannot go on. Its protocol forgets it; what is queued goes out, as by cf_connection_finish. */
void cf_connection_fail(cf_connection *connection);
/* As cf_connection_send, on a link below the connection's own. */
bool cf_link_send(cf_connection *connection, const cf_link_ops *below, cf_bytes bytes);

#endif

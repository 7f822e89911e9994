/*
 * What a connection consists of, for net/ alone, and how its bytes travel: its link. Plain TCP is the only link; one that
 * encrypts stands on it.
 */
#ifndef CF_SERVER_NET_LINK_H
#define CF_SERVER_NET_LINK_H

#include "server/net/connection.h"

/* Sizes are of what the protocol writes and reads, but for `input`. */
typedef struct cf_link_ops {
    /* As cf_connection_try. */
    ptrdiff_t (*try)(cf_connection *connection, const cf_bytes *slices, size_t count);
    /* As cf_connection_queue; when all is sent the protocol is told by cf_connection_sent. */
    bool (*queue)(cf_connection *connection, cf_bytes bytes, void (*release)(void *holder), void *holder);
    /* As cf_connection_queued; what waits inside of the link counts. */
    size_t (*queued)(const cf_connection *connection);
    /* The socket's bytes, which may be changed: hands to the protocol what they say. It may close the connection. */
    void (*input)(cf_connection *connection, char *data, size_t size);
    /* The connection is freed. NULL: the link keeps nothing. */
    void (*release)(cf_connection *connection);
} cf_link_ops;

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

#endif

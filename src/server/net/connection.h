/*
 * One TCP connection on libuv: bytes in, bytes out, one timer, and an end.
 * Whoever speaks on it (HTTP, then perhaps WebSocket) is its protocol.
 *
 * All connections of a loop share one read buffer and take their timers from
 * the wheel, so that an idle one costs this struct and nothing else. In a round
 * of the loop each is read once, so that one that always has more cannot keep
 * the others waiting.
 */
#ifndef CF_SERVER_NET_CONNECTION_H
#define CF_SERVER_NET_CONNECTION_H

#include "base/buffer.h"
#include "server/wheel.h"

#include <uv.h>

#define CF_NET_READ_BUFFER   65536 /* bytes, one for all connections of a loop */
#define CF_NET_BACKLOG       4096  /* connections that wait to be accepted */
#define CF_NET_CLOSE_TIMEOUT 1000  /* ms for the last bytes to go out and the peer to close */
#define CF_NET_WRITE_SLICES  128   /* of one system call */
#define CF_NET_ENDS_MAX      128   /* connections whose end is dealt with in a round of the loop */
#define CF_NET_PATIENT_MAX   128   /* patient connections (cf_protocol) that are read, or go on, in a round of the loop */
#define CF_NET_GO_ON_MAX     2     /* turns that those who go on may fill in a round of the loop */

/* Descriptors for the log, the configuration and the like; libuv, too, would close whom it cannot accept without a word. */
#define CF_NET_DESCRIPTORS_KEPT 8

typedef struct cf_connection cf_connection;
typedef struct cf_link_ops cf_link_ops; /* link.h */

/* What all connections of a loop share. */
typedef struct cf_net {
    uv_loop_t *loop;
    const cf_allocator *allocator;
    cf_wheel *wheel;
    /* Before anything that a connection's protocol does because of I/O: the owner begins its turn. */
    void (*enter)(void *user);
    /* So many bytes were read and worked on. True: that was enough for a turn, which has ended. */
    bool (*input)(void *user, size_t size);
    /* A link could not go on (link.h); the reason is a constant text. May be NULL. */
    void (*failed)(void *user, const cf_connection *connection, const char *reason);
    void *user;
    cf_list connections;
    cf_list patient; /* those that are read, or go on, in the next rounds */
    size_t patient_reads;
    cf_list ended; /* those whose peer is gone: their protocols are told in the next rounds */
    size_t connection_count;
    const cf_connection *filled; /* the one whose last read filled the buffer: it has had its share of this round of the loop */
    struct cf_tls *tls;          /* what those that encrypt share; NULL: none does */
    int descriptor_max; /* the system's; the last CF_NET_DESCRIPTORS_KEPT below are not for connections. 0: not known */
    char read_buffer[CF_NET_READ_BUFFER];
} cf_net;

/* Functions may close the connection. */
typedef struct cf_protocol {
    /* `data` may be changed. */
    void (*read)(cf_connection *connection, char *data, size_t size);
    /* All that was queued is sent. */
    void (*written)(cf_connection *connection);
    /* The round that cf_connection_yield waited for. NULL where that is never called. */
    void (*go_on)(cf_connection *connection);
    /* The peer has closed, or the connection broke: close it. */
    void (*ended)(cf_connection *connection);
    void (*timer)(cf_connection *connection);
    /* The net is closed: forget the connection, do not close it. */
    void (*dropped)(cf_connection *connection);
    /* It may wait for a few rounds where many come at once: thousands of handshakes keep no one waiting who is connected. */
    bool patient;
} cf_protocol;

void cf_net_init(cf_net *net, uv_loop_t *loop, const cf_allocator *allocator, cf_wheel *wheel);
/* A new round of the loop begins. False when something is left for the next one. */
bool cf_net_begin_round(cf_net *net);
/* Closes every connection without a word. */
void cf_net_drop_all(cf_net *net);
/* Connections whose last bytes are on their way (cf_connection_finish). */
size_t cf_net_finishing(const cf_net *net);
cf_net *cf_connection_net(const cf_connection *connection);
/* As it was given to cf_connection_start. */
void *cf_connection_owner(const cf_connection *connection);
cf_time cf_net_now(const cf_net *net);

/* Takes a waiting connection from the listener; NULL when there is none, or no memory. Does not read yet. */
cf_connection *cf_connection_accept(cf_net *net, uv_stream_t *listener, const cf_link_ops *link);
/* A connection between two loops. */
typedef struct cf_parted {
    int socket;
    const cf_link_ops *link;
    void *kept; /* by the link */
} cf_parted;

/* Closes it here, and leaves the peer connected. Nothing may be queued. False: it could not be, and is as it was. */
bool cf_connection_part(cf_connection *connection, cf_parted *parted);
/* Its other end's loop makes a connection of it, on a link of its own. NULL: it is lost, without a word to the peer. */
cf_connection *cf_connection_join(cf_net *net, const cf_parted *parted);
/* No loop wants it. */
void cf_parted_drop(const cf_parted *parted);

void cf_connection_start(cf_connection *connection, const cf_protocol *protocol, void *owner);
void cf_connection_pause(cf_connection *connection, bool pause);
/* Pauses; the protocol goes on in one of the next rounds, when others have had their turn. */
void cf_connection_yield(cf_connection *connection);
/* CF_TIME_NEVER: none. */
void cf_connection_set_timer(cf_connection *connection, cf_time deadline);

/* Bytes that are queued: the socket has not taken them yet. Are there any? */
size_t cf_connection_queued(const cf_connection *connection);
bool cf_connection_busy(const cf_connection *connection);
/* Bytes that may still be queued of what cf_connection_try took, since the link hands on more than a socket takes. */
size_t cf_connection_rest_max(const cf_connection *connection);
/* What the socket takes of the slices at once: bytes, or below 0 when the connection is broken. Only while it is not busy. */
ptrdiff_t cf_connection_try(cf_connection *connection, const cf_bytes *slices, size_t count);
/*
 * Queues borrowed bytes; `release` is called with `holder` when they are not needed any more, on failure too. False without
 * memory.
 */
bool cf_connection_queue(cf_connection *connection, cf_bytes bytes, void (*release)(void *holder), void *holder);
/* Sends what goes at once and queues a copy of the rest. False when the connection is broken, or without memory. */
bool cf_connection_send(cf_connection *connection, cf_bytes bytes);
/* The same of up to CF_NET_WRITE_SLICES slices, which go together. */
bool cf_connection_send_slices(cf_connection *connection, const cf_bytes *slices, size_t count);

/* Closes at once; the protocol hears no more of it. */
void cf_connection_close(cf_connection *connection);
/*
 * Lets what is queued go out, ends our side, swallows what still comes, and closes when the peer has closed, at the latest
 * after CF_NET_CLOSE_TIMEOUT: an immediate close could take the last bytes from a peer that is still sending. The protocol
 * hears no more.
 */
void cf_connection_finish(cf_connection *connection);
/* The peer's address as text, without the port; "" when unknown. */
void cf_connection_peer(const cf_connection *connection, char *text, size_t size);

#endif

/*
 * Listening sockets.
 */
#ifndef CF_SERVER_NET_LISTENER_H
#define CF_SERVER_NET_LISTENER_H

#include "server/net/exchange.h"
#include "server/net/tls.h"

/* Connections that a listener takes in a round of the loop: a storm of them must not keep those waiting who are connected. */
#define CF_LISTENER_ACCEPTS_MAX 32

typedef struct cf_listener {
    uv_tcp_t tcp;
    cf_http_server *server;
    cf_tls *tls; /* NULL: its connections are not encrypted */
    cf_http_bodies bodies;
    unsigned bit; /* which port this is, for the router */
    int port;     /* the real one, also where 0 was asked for */
    bool open;
    bool inherited;                          /* set before: its socket was there before this process, and stays */
    bool only_ipv6;                          /* set before: "::" is not all of IPv4, too */
    unsigned accepts;                        /* in this round */
    bool pending;                            /* one more waits for the next round; libuv asks for no others meanwhile */
    void (*problem)(void *user, int status); /* a connection could not be accepted: a libuv error */
    void *user;
} cf_listener;

/* Listens on the address (a name, a number, or "" for all) and port. Returns 0 or a libuv error. */
int cf_listener_open(cf_listener *listener, cf_http_server *server, const char *address, int port, unsigned bit);
/* Listens on a bound socket, which it closes. Returns 0 or a libuv error. */
int cf_listener_open_socket(cf_listener *listener, cf_http_server *server, int descriptor, unsigned bit);
/* A new round of the loop begins. */
void cf_listener_begin_round(cf_listener *listener);
void cf_listener_close(cf_listener *listener);

#endif

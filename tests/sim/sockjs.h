/*
 * A transport by SockJS: a driver for sockjs/link.h whose requests are sim_request's. To its client it is a link
 * like any other.
 */
#ifndef SIM_SOCKJS_H
#define SIM_SOCKJS_H

#include "request.h"

#include "sockjs/link.h"

typedef struct sim_sockjs {
    cf_sockjs_link core;
    sim_heap heap;
    cf_sockjs_transport order[CF_SOCKJS_TRANSPORTS];
    char path[CF_SOCKJS_PATH_SIZE]; /* of the session */
    cf_sockjs_stream stream;
    cf_buffer info;     /* the answer, as far as it came */
    sim_request *asks;  /* for the info */
    sim_request *polls; /* whatever the transport is */
    sim_request *sends;
    bool starved; /* there was no memory for a message: to be closed, but not in the middle of its client's effects */
    bool pumping;
} sim_sockjs;

/* Begins to open it. */
void sim_sockjs_open(sim_link *link);
void sim_sockjs_send(sim_link *link, cf_bytes text);
/* The client gives it up, and hears no more of it. */
void sim_sockjs_close(sim_link *link);
/* All its connections break. */
void sim_sockjs_cut(sim_link *link);
/* Is something under way that will never come? */
bool sim_sockjs_hangs(const sim_link *link);
/* Bytes that the client has not sent. */
size_t sim_sockjs_unsent(const sim_link *link);
cf_time sim_sockjs_deadline(const sim_link *link);
void sim_sockjs_step(sim_link *link);

/* What a request tells; the last is its end. */
void sim_sockjs_received(sim_link *link, const sim_request *request, cf_bytes bytes);
void sim_sockjs_answered(sim_link *link, const sim_request *request);

/* ---- faults ---- */

/* One of the link's requests; NULL: there is none. */
sim_request *sim_sockjs_any_request(sim_link *link);
/* Somebody opens a session and never comes back. */
void sim_sockjs_be_stranger(sim_world *world);
/* Somebody receives with the session's id while its client does: he is turned away. */
void sim_sockjs_intrude(sim_link *link);

#endif

/*
 * One HTTP request and its answer, between a driver of SockJS and the server's own handlers: what these call stands in
 * request.c in place of server/net/exchange.c. Each has a connection of its own, so that one overtakes the other.
 */
#ifndef SIM_REQUEST_H
#define SIM_REQUEST_H

#include "link.h"

#include "server/net/exchange.h"

struct cf_http_exchange {
    cf_list link; /* in world->requests */
    sim_world *world;
    unsigned number;
    sim_link *asker; /* NULL: it has given up, or was a stranger */
    cf_http_request head;
    cf_buffer path; /* behind `/connection/` */
    cf_buffer body;
    sim_pipe up;
    size_t missing; /* bytes that have not arrived */
    sim_pipe down;
    int status;
    cf_buffer early; /* of the answer: what a stranger got at once */
    bool broken;     /* the answer does not end as it should */
    bool dark;
    cf_time dark_until; /* the server gives up then */
    bool server_open;   /* it may hear of this, or has to answer */
    bool answering;     /* it has */
    bool fresh;         /* it begins with what goes out together with the first piece */
    bool blocked;       /* more is written than the socket takes */
    void (*abort)(void *user);
    void (*streamed)(void *user);
    void *user;
};

/* From a link's client, or a stranger (NULL). */
sim_request *sim_request_new(sim_world *world, sim_link *asker, const char *method, cf_bytes path, cf_bytes body);
/* The same from a stranger, there at once, all of it. Who waits for an answer is to be abandoned. */
sim_request *sim_request_intrude(sim_world *world, const char *method, cf_bytes path, cf_bytes body);
/* Who has asked closes the connection. */
void sim_request_abandon(sim_request *request);
/* The connection breaks: both ends hear of it soon, bytes on their way are lost. */
void sim_request_cut(sim_request *request);
/* Bytes vanish in both directions. */
void sim_request_darken(sim_request *request);
/* All connections of a server that ends. */
void sim_request_drop_all(sim_world *world);
/* Frees those that nobody needs any more. */
void sim_request_sweep(sim_world *world);
cf_time sim_request_deadline(const sim_request *request);
/* Does one due thing. */
void sim_request_step(sim_request *request);

#endif

/*
 * One transport: bytes on their way in two directions, cut, joined and delayed,
 * between a client's WebSocket end and a server's. What is written on one side
 * went through ws/ and comes out through ws/ on the other.
 */
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include "pipe.h"

#include "server/session.h"
#include "ws/handshake.h"

#define SIM_LATE_MAX 8 /* frames */

/* late.c: an answer of the server that waits, and pushes behind it. */
typedef struct sim_late {
    cf_buffer frames;
    size_t starts[SIM_LATE_MAX + 1];
    size_t count;
    cf_time until;
} sim_late;

/* told.c: what was said of a channel. */
typedef struct sim_told_channel {
    bool live;     /* subscribed, as far as the client can know */
    size_t number; /* of the newest message, 0: not known */
    size_t asked;  /* subscribes that are not answered */
    size_t since;  /* of the message that the client asked to recover from, 0: none */
    size_t before; /* the newest that the node had when it was asked */
    size_t ended;  /* times that the client was told that it is not subscribed any more */
} sim_told_channel;

typedef enum sim_link_state {
    SIM_LINK_OPENING,
    SIM_LINK_REFUSED, /* will be told at `due` */
    SIM_LINK_HANGING, /* nobody will ever answer */
    SIM_LINK_OPEN
} sim_link_state;

struct sim_link {
    cf_list link;
    sim_world *world;
    unsigned number;
    sim_link_state state;
    cf_time due; /* opening: when it is accepted or refused */
    bool calm;   /* made when there were no more faults */
    cf_time opened_at;
    bool dark;
    cf_time dark_until; /* the server gives up then */

    /* the client's end; NULL when it has given the transport up */
    sim_client *client;
    uint32_t transport;
    struct sim_sockjs *sockjs; /* NULL: it is a WebSocket, or SockJS has closed; then most of what follows is not used */
    char key[CF_WS_KEY_SIZE];
    cf_buffer head; /* of the response, as far as it came */
    bool upgraded;
    cf_ws_decoder client_decoder;
    char *held; /* sabotage: a message that goes behind the next one */
    size_t held_size;

    /* the server's end */
    bool server_open;
    bool paused;
    cf_session *session; /* of the real server */
    bool second;         /* it is the second node's */
    bool moved;          /* its client was at the other node before */
    size_t queue_max;    /* the limit of its outbox when it began */
    void *peer;          /* of the hostile one */
    cf_ws_decoder server_decoder;
    cf_time ping_at;
    sim_late late;
    sim_told_channel told[SIM_CHANNELS_MAX];

    sim_pipe up;   /* to the server */
    sim_pipe down; /* to the client */
};

sim_link *sim_link_new(sim_world *world, sim_client *client, uint32_t transport, size_t message_max);
void sim_link_free(sim_link *link);
void sim_link_write(sim_link *link, sim_pipe *pipe, cf_bytes bytes);
void sim_link_end(sim_link *link, sim_pipe *pipe);
/* The client gives it up: a close frame where it is open, and nothing comes back. */
void sim_link_abandon(sim_link *link);
/* The connection breaks: both ends hear of it soon, bytes on their way are lost. */
void sim_link_cut(sim_link *link);
/* A message for the client, unless sabotage spoils it. */
void sim_link_message(sim_link *link, cf_bytes text);
/* Bytes that the client has not sent. */
size_t sim_link_unsent(const sim_link *link);
/* When something is due here, CF_TIME_NEVER for never. */
cf_time sim_link_deadline(const sim_link *link);
/* Does one due thing. */
void sim_link_step(sim_link *link);
/* Neither end needs it any more. */
bool sim_link_over(const sim_link *link);

#endif

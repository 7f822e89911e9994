/*
 * The real server core behind the links: one node or two, sessions, memory engine or a late
 * store around it. The engine's sink is tapped for the ledger.
 */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include "link.h"

#define SIM_NAMESPACES 3
#define SIM_CONFIGS    2

struct sim_server {
    sim_world *world;
    sim_heap heap;
    sim_random random;
    sim_random choice; /* which node does it */
    cf_server_environment environment;
    cf_node *node;
    cf_node *other;                  /* a second one on the same store; NULL: there is none */
    struct cf_sockjs_server *sockjs; /* NULL: nobody speaks it */
    cf_config configs[SIM_CONFIGS];
    cf_namespace namespaces[SIM_CONFIGS][SIM_NAMESPACES];
    unsigned config;      /* the one in use */
    cf_engine_sink inner; /* where the engine's messages go behind the tap */
    cf_engine_sink tap;
    struct sim_crew *crew;          /* the nodes are workers of one process; NULL: they are not */
    cf_engine *store;               /* NULL: the memory engine itself is the node's */
    size_t calls_waiting;           /* of the API, for their answer */
    const sim_channel *presence_of; /* the one that sim_server_check_present asks of */
    cf_turn_limits limits;
    bool in_turn;
    cf_time wake;    /* the next turn that the node asked for */
    cf_time up_at;   /* while it is down: when it starts again */
    bool stopping;   /* announced: restarts when everybody is gone, */
    cf_time stop_by; /* at the latest then */
};

sim_server *sim_server_new(sim_world *world);
void sim_server_free(sim_server *server);
/* Kills the node, starts it again after `pause` ms. */
void sim_server_restart(sim_server *server, int64_t pause);
void sim_server_shutdown(sim_server *server);
void sim_server_reload(sim_server *server, unsigned config);
cf_time sim_server_deadline(const sim_server *server);
void sim_server_step(sim_server *server);
/*
 * Between these, calls of the node. What a late store answers when it begins may close sessions. A turn may stay open for what
 * else there is at the same moment, as in a loop that reads many sockets.
 */
void sim_server_begin(sim_server *server);
void sim_server_end(sim_server *server);
void sim_server_publish(sim_server *server, sim_channel *channel, unsigned count);
/* The API asks for what there is of the channel. */
void sim_server_read(sim_server *server, const sim_channel *channel);
/* The API asks who is present: all who are subscribed when it is asked and when it is answered. */
void sim_server_check_present(sim_server *server, const sim_channel *channel);
/* One of the nodes, to be asked by the API. */
cf_node *sim_server_any_node(sim_server *server);
/* What the API asks one of two nodes for becomes of the other's users. */
void sim_server_check_pair(sim_server *server);
/* At the end of a seed: no session, no channel, nobody present, no memory. */
void sim_server_check_empty(sim_server *server);

/* Closes with an advice that may be another one than this server's; `reason` as it stands in JSON. */
void sim_server_kick(cf_session *session, const char *reason, bool reconnect);

/* The server's end of a link, called by link.c. */
void sim_server_accept(sim_link *link);
void sim_server_receive(sim_link *link, char *data, size_t size);
void sim_server_lost(sim_link *link);
/* There is room in the pipe again. */
void sim_server_writable(sim_link *link);
/* Of a link, whatever it is by; NULL: there is none. */
cf_session *sim_server_session(const sim_link *link);

/* The same of a request of SockJS, called by request.c: it is complete, its client is gone, all is taken that waited. */
void sim_server_request(sim_request *request);
void sim_server_abort(sim_request *request);
void sim_server_streamed(sim_request *request);

#endif

/*
 * One seed: clients, a server or a hostile peer, the links between them and a
 * virtual clock, all in one thread. sim_world_run does what is due until a
 * moment; everything that breaks an invariant ends in sim_fail.
 *
 * Rooms: pipe.c (bytes on their way), link.c (a WebSocket), sockjs.c (the same by SockJS), request.c (its requests),
 * server.c (the real server core), store.c (an engine that answers late), told.c (the invariants of what the server
 * writes), peer.c (the hostile one), backend.c (the application's), client.c (a driver for the client core and its
 * careless user), watch.c (the invariants of a client), act.c (the generator's steps), world.c (the clock and a seed's
 * three acts: storm, calm, end).
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "base/clock.h"
#include "base/list.h"
#include "cover.h"
#include "heap.h"
#include "ledger.h"
#include "random.h"
#include "trace.h"

#include "client/core.h"
#include "server/node.h"
#include "ws/frame.h"

#include <setjmp.h>

/* A wrong done on purpose, to prove that the invariants see it. */
typedef enum sim_sabotage {
    SIM_SABOTAGE_NONE,
    SIM_SABOTAGE_DROP_MESSAGE,
    SIM_SABOTAGE_DUPLICATE_MESSAGE,
    SIM_SABOTAGE_SWAP_MESSAGES,
    SIM_SABOTAGE_FORGE_DATA,
    SIM_SABOTAGE_FORGET_RESULT,
    SIM_SABOTAGE_DOUBLE_RESULT,
    SIM_SABOTAGE_DOUBLE_CONNECT,
    SIM_SABOTAGE_HIDE_UNSUBSCRIBE,
    SIM_SABOTAGE_FALSE_RECOVERED,
    SIM_SABOTAGE_SECOND_TRANSPORT,
    SIM_SABOTAGE_HASTY_RETRY,
    SIM_SABOTAGE_HASTY_USER,
    SIM_SABOTAGE_DEAF_CLIENT,
    SIM_SABOTAGE_LEAK_CLIENT,
    SIM_SABOTAGE_LEAK_SERVER,
    SIM_SABOTAGE_KEEP_SESSION,
    SIM_SABOTAGE_STALE_SIGN,
    SIM_SABOTAGE_FORGET_CANCEL,
    SIM_SABOTAGE_OLD_CREDENTIALS,
    SIM_SABOTAGE_NO_REFRESH,
    SIM_SABOTAGE_EARLY_GIVE_UP,
    SIM_SABOTAGE_FORGE_REQUEST,
    SIM_SABOTAGE_HASTY_REFRESH,
    SIM_SABOTAGE_NO_BATCH,
    SIM_SABOTAGE_NO_AUTH_BATCH,
    SIM_SABOTAGE_SPLIT_BATCH,
    SIM_SABOTAGE_LOSE_COMMAND,
    SIM_SABOTAGE_REPEAT_COMMAND,
    SIM_SABOTAGE_LARGER_LIMITS,
    SIM_SABOTAGE_SMALLER_LIMITS,
    SIM_SABOTAGE_WRONG_LIMIT,
    SIM_SABOTAGE_LARGE_FRAME,
    SIM_SABOTAGE_LEAKY_REFUSAL,
    SIM_SABOTAGE_HIDE_LIMIT,
    SIM_SABOTAGE_STUCK_LIMIT,
    SIM_SABOTAGE_HIDE_WARNING,
    SIM_SABOTAGE_WRONG_WARNING,
    SIM_SABOTAGE_TELL_TWICE,
    SIM_SABOTAGE_OVERTAKE,
    SIM_SABOTAGE_DEAF_NODE,
    SIM_SABOTAGE_LOSE_LETTER,
    SIM_SABOTAGE_FORGET_API,
    SIM_SABOTAGE_FORGET_PRESENCE,
    SIM_SABOTAGE_STEAL_POLL,
    SIM_SABOTAGE_OTHER_SESSION,
    SIM_SABOTAGE_KEEP_POLL,
    SIM_SABOTAGE_LEAK_SOCKJS,
    SIM_SABOTAGE_SEND_TWICE,
    SIM_SABOTAGE_HIDE_WAITING,
    SIM_SABOTAGE_MANY_STRANGERS,
    SIM_SABOTAGE_COUNT
} sim_sabotage;

/* What the generator may do to a seed, chosen once per seed: a weight, 0 for never. */
typedef enum sim_fault {
    SIM_FAULT_CUT,    /* the connection is lost, with the bytes on their way */
    SIM_FAULT_DARK,   /* half-open: bytes vanish in both directions */
    SIM_FAULT_STALL,  /* the client stops reading for a while */
    SIM_FAULT_REFUSE, /* the next attempts are refused */
    SIM_FAULT_HANG,   /* the next attempts never get an answer */
    SIM_FAULT_KICK,   /* the server closes with any advice */
    SIM_FAULT_API_DISCONNECT,
    SIM_FAULT_API_UNSUBSCRIBE,
    SIM_FAULT_RELOAD,        /* another configuration */
    SIM_FAULT_RESTART,       /* the node is freed and made anew: history is lost */
    SIM_FAULT_SHUTDOWN,      /* the same, announced */
    SIM_FAULT_CLOCK,         /* sleep and resume */
    SIM_FAULT_UNIX,          /* the date is set */
    SIM_FAULT_NETWORK,       /* the system says the network went or came */
    SIM_FAULT_STRANGER,      /* somebody sends the server bytes that no client of ours would */
    SIM_FAULT_CLIENT_MEMORY, /* the n-th allocation of a client fails */
    SIM_FAULT_SERVER_MEMORY,
    SIM_FAULT_GHOST,                          /* a driver tells of a transport that is gone, or ticks too soon */
    SIM_FAULT_DESTROY,                        /* a client is destroyed at any point */
    SIM_FAULT_SOCKJS,                         /* from here on: of SockJS */
    SIM_FAULT_REQUEST_CUT = SIM_FAULT_SOCKJS, /* one of a client's requests is lost, or its answer */
    SIM_FAULT_REQUEST_DARK,                   /* one is never answered */
    SIM_FAULT_STRANGERS,                      /* many sessions are opened, and left */
    SIM_FAULT_INTRUDER,                       /* somebody receives with the session's id while its client does */
    SIM_FAULT_COUNT
} sim_fault;

typedef struct sim_scenario {
    size_t clients;
    size_t channels;
    unsigned actions;
    bool hostile; /* a scripted peer instead of the server */
    bool insecure;
    bool lies;        /* the application's backend is slow, fails, and says what is wrong */
    bool limits;      /* the clients' limits are small */
    bool refuses;     /* the backend cannot be reached */
    int64_t lifetime; /* of credentials, s; 0: for ever */
    unsigned fault[SIM_FAULT_COUNT];
    unsigned user_calls; /* per mille of callbacks that call the library */
    int64_t delay_max;   /* ms of a packet */
    unsigned split;      /* per mille of writes that are cut in pieces */
    bool sockjs;         /* most transports are SockJS's, over requests */
    bool late;           /* the server makes subscribers live before it reads the history */
    bool store;          /* the server's engine answers late, */
    bool failing;        /* and some of its operations fail */
    bool pair;           /* two nodes are on it, */
    bool crew;           /* as workers of one process, with the shared engine in its place */
    size_t window;       /* bytes a sender may have on their way */
} sim_scenario;

typedef struct sim_client sim_client;
typedef struct sim_link sim_link;
typedef struct sim_server sim_server;
typedef struct cf_http_exchange sim_request;

typedef struct sim_world {
    uint64_t seed;
    sim_random random;
    sim_sabotage sabotage;
    unsigned sabotage_in; /* opportunities before it strikes */
    bool sabotaged;       /* it has struck */
    sim_scenario scenario;
    sim_trace trace;
    cf_time now;
    int64_t unix_offset; /* s */
    bool calm;           /* no more faults */
    unsigned refuse;     /* attempts still to be refused, */
    unsigned hang;       /* or never answered */
    sim_ledger ledger;
    sim_server *server;
    sim_client *clients[SIM_CLIENTS_MAX];
    cf_list links;
    cf_list requests;
    unsigned link_count;   /* made so far */
    jmp_buf *failed;       /* where sim_fail goes */
    const char *invariant; /* what it found */
    unsigned met[SIM_SITUATION_COUNT];
    struct sim_play *play; /* of a script; NULL: a seed */
} sim_world;

/* Plays one seed. False when an invariant broke: world->invariant, and (unless `quiet`) a report on stderr. */
bool sim_world_play(sim_world *world, uint64_t seed, sim_sabotage sabotage, sim_tracing tracing, bool quiet);

/* The same for a script (script.h). */
bool sim_world_play_script(sim_world *world, struct sim_play *play);

void sim_note(sim_world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* An invariant is broken. Does not return. */
_Noreturn void sim_fail(sim_world *world, const char *invariant, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Does what is due up to `until`, which becomes the present. */
void sim_world_run(sim_world *world, cf_time until);
/* One step of the generator (act.c). */
void sim_world_act(sim_world *world);
/* Fills in the seed's scenario (act.c). */
void sim_world_choose(sim_world *world);
int64_t sim_unix_time(const sim_world *world);
void sim_met(sim_world *world, sim_situation situation);
/* True once, at an opportunity that the seed picks: the moment to do the wrong thing. */
bool sim_sabotage_now(sim_world *world, sim_sabotage which);
/* At every opportunity. */
bool sim_sabotage_always(sim_world *world, sim_sabotage which);

#endif

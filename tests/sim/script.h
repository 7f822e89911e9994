/*
 * Lives without chance, each for some of the client's features. Every one is
 * played with its first, its second, ... its last allocation failing, alone or
 * with some that follow: all invariants hold, and the end is the one that it
 * has with memory.
 */
#ifndef SIM_SCRIPT_H
#define SIM_SCRIPT_H

#include "world.h"

typedef struct sim_step sim_step;

typedef struct sim_script {
    const char *name;
    const sim_step *steps;
    size_t count;
    int64_t lifetime; /* of credentials, s; 0: for ever */
    bool insecure;
    bool refuses; /* the backend answers nothing before the calm */
    bool batch;   /* the options of these names */
    bool resubscribe;
    int64_t refresh_attempts;
    bool sockjs; /* most transports are SockJS's */
} sim_script;

/* Where a life has ended. */
typedef struct sim_outcome {
    bool started; /* there was memory for a client at all */
    cf_client_state state;
    cf_subscription_state subscriptions[SIM_CHANNELS_MAX];
} sim_outcome;

/* One script, played once. */
typedef struct sim_play {
    const sim_script *script;
    unsigned seed;                 /* of what little chance there is: delays, and what a careless user does */
    bool careless;                 /* the user calls anything inside callbacks, too */
    bool server;                   /* whose memory fails: the server's, or the client's; */
    uint64_t at;                   /* the n-th allocation, 0 for none, */
    uint64_t more;                 /* and so many behind it */
    uint64_t before;               /* allocations that were made before it began, */
    uint64_t allocations;          /* and until the calm */
    bool denied[SIM_CHANNELS_MAX]; /* a subscription was refused for want of memory: the program will try again, */
    bool denied_connect;           /* as with connect */
    sim_outcome outcome;
} sim_play;

/* In place of what the generator chooses, and does. */
void sim_script_choose(sim_world *world);
void sim_script_options(const sim_script *script, cf_client_options *options);
void sim_script_run(sim_world *world);
/* The calm has begun: a program does again what was refused. */
void sim_script_mend(sim_world *world);
void sim_script_look(sim_world *world);
/* All of them with every shortage; false when something broke. */
bool sim_script_play_all(sim_world *world);

#endif

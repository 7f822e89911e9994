/*
 * The workers of one process: each has a node, an engine, a mailbox, and its own thread. What they share is here, and nothing
 * else is shared: their mailboxes, which users are connected, and what has one limit for all.
 */
#ifndef CF_SERVER_TEAM_H
#define CF_SERVER_TEAM_H

#include "base/list.h"
#include "server/mailbox.h"
#include "server/roll.h"
#include "server/uuid.h"

#define CF_TEAM_MAX 64 /* workers: a set of them is a uint64_t */

struct cf_services;
struct cf_engine;
typedef struct cf_team cf_team;

/* One of them. But for the mailbox, whose senders may be any, it belongs to the worker's thread. */
typedef struct cf_team_member {
    cf_team *team;
    unsigned index;
    uint64_t posted_to;           /* members that are still to be woken */
    cf_mailbox mailbox;           /* its reader is the member */
    struct cf_services *services; /* the node's */
    struct cf_engine *engine;     /* engine/shared: what it is for the others */
} cf_team_member;

struct cf_team {
    const cf_allocator *allocator;
    char uid[CF_UUID_SIZE]; /* the process's: to others, and to operators, it is one node */
    cf_roll roll;
    atomic_uint watchers;
    atomic_size_t bodies;    /* bytes of request bodies that are being received */
    atomic_size_t strangers; /* as CF_SOCKJS_STRANGERS_MAX counts them */
    /* Clients, when the process ends (drain.c); 0: it does not. */
    atomic_size_t to_be_told;
    atomic_size_t told;
    uint32_t seed; /* of the homes: who chooses names cannot choose a worker */
    unsigned count;
    cf_team_member members[];
};

/* NULL without memory. The allocator is called by all workers. `count`: 2 to CF_TEAM_MAX. */
cf_team *cf_team_new(const cf_allocator *allocator, unsigned count, uint32_t seed, const char uid[CF_UUID_SIZE]);
/* The nodes are gone, and the threads. */
void cf_team_free(cf_team *team);

/* Within a turn of `from`, whose end wakes the reader. `from` NULL: it is woken at once. */
void cf_team_post(cf_team_member *from, cf_team_member *to, cf_letter *letter);
/* At a turn's end: wakes those that it has posted to, as far as they sleep. */
void cf_team_wake(cf_team_member *member);

/* The worker at which something of this name is at home: the same on every call. */
cf_team_member *cf_team_home(cf_team *team, cf_bytes name);

/* The first one speaks for the process. True where there is only one worker (`member` NULL). */
static inline bool cf_team_is_first(const cf_team_member *member)
{
    return member == NULL || member->index == 0;
}

/*
 * A letter that goes from one worker to the next until it is back, and brings with it what it has been told: for what is asked
 * now and then. It stands at the beginning of what it brings.
 */
typedef struct cf_round {
    cf_letter letter;
    cf_team_member *asker;
    unsigned at; /* index */
    /* At each of the others, in its turn; cf_round_go_on follows, now or later. */
    void (*visit)(struct cf_round *round, cf_team_member *there);
    /* In the asker's turn: all have been visited. It is the asker's again. */
    void (*back)(struct cf_round *round);
    /* It does not come back, as the workers end. */
    void (*drop)(struct cf_round *round);
} cf_round;

/* The functions are set. */
void cf_round_begin(cf_round *round, cf_team_member *asker);
void cf_round_go_on(cf_round *round);

#endif

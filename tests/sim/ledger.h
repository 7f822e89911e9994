/*
 * What was really published: the n-th message of each channel, written down
 * where the engine hands it out, before anything can get lost.
 */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include "wire/wire.h"

#define SIM_CHANNELS_MAX 8
#define SIM_UID_MAX      32
#define SIM_NODES_MAX    2
#define SIM_CLIENTS_MAX  8

typedef struct sim_published {
    char uid[SIM_UID_MAX];
    size_t uid_size;
    uint64_t data; /* hash */
} sim_published;

/* What came last of a client's publications. */
typedef struct sim_newest {
    char connection[SIM_UID_MAX];
    unsigned draft;
} sim_newest;

typedef struct sim_channel {
    cf_bytes name;
    bool deep;                     /* recovers all of a seed's messages */
    bool recovers;                 /* has a history, and recovery */
    bool known;                    /* its namespace exists */
    bool listening[SIM_NODES_MAX]; /* a late store streams to the node what is published there */
    size_t handed[SIM_NODES_MAX];  /* the newest that a late store has handed to the node */
    size_t forgotten;              /* messages up to this one are in no history: the server started again */
    sim_published *published;
    size_t count;
    size_t capacity;
    size_t draft; /* makes the data of each publication different */
    sim_newest newest[SIM_CLIENTS_MAX];
} sim_channel;

typedef struct sim_ledger {
    sim_channel channels[SIM_CHANNELS_MAX];
    size_t count;
} sim_ledger;

uint64_t sim_hash(cf_bytes bytes);
void sim_ledger_free(sim_ledger *ledger);
sim_channel *sim_ledger_find(sim_ledger *ledger, cf_bytes name);
void sim_ledger_add(sim_channel *channel, cf_bytes uid, cf_bytes data);
/* False: one that the same connection has sent later came before it. */
bool sim_ledger_follows(sim_channel *channel, const cf_publication *publication);
/* The number of a message, counted from 1; 0 when it was never published. */
size_t sim_ledger_number(const sim_channel *channel, cf_bytes uid);

#endif

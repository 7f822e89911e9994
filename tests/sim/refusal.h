/*
 * What a client may refuse: by a limit exactly when it is reached, under its
 * own name, and nothing has changed then.
 */
#ifndef SIM_REFUSAL_H
#define SIM_REFUSAL_H

#include "client.h"

/* What a refused function leaves as it was. */
typedef struct sim_before {
    bool rest; /* no effect waits: what the client has accepted is what its user knows of */
    size_t live;
    uint64_t failures;
    cf_client_state state;
    bool reconnect;
    cf_time deadline;
    cf_subscription_state subscription; /* of the one that the function is about */
    size_t calls;
    size_t kept;
} sim_before;

/* `subscription` may be NULL. */
void sim_refusal_before(const sim_client *client, const sim_subscription *subscription, sim_before *before);
/* publish, presence, history: `size` bytes of data. */
void sim_refusal_judge_call(sim_client *client, const sim_before *before, size_t size, centrifuge_error error);
/* `known`: there is a subscription to the channel. */
void sim_refusal_judge_subscribe(sim_client *client, const sim_before *before, cf_bytes channel, bool known,
                                 centrifuge_error error);
/* Any other function that was refused. */
void sim_refusal_check(sim_client *client, const sim_before *before, centrifuge_error error);
/* The event that a limit will soon be reached. */
void sim_refusal_warned(sim_client *client, const cf_event *event);
/* No effect waits. */
void sim_refusal_settled(sim_client *client);
/* A message of this size has come, and the client has settled; it has told `told` times that it was too large. */
void sim_refusal_judge_message(sim_client *client, size_t size, unsigned told);
/* In the calm: with nothing outstanding, nothing is refused. */
void sim_refusal_lets_go(sim_client *client);

#endif

/*
 * A server that follows no rules: answers late, twice, never or to somebody
 * else, breaks its JSON, its frames and its word. When the storm is over it
 * behaves.
 */
#ifndef SIM_PEER_H
#define SIM_PEER_H

#include "link.h"

void sim_peer_accept(sim_link *link);
void sim_peer_receive(sim_link *link, char *data, size_t size);
void sim_peer_lost(sim_link *link);
/* Says something that nobody asked for. */
void sim_peer_act(sim_link *link);

#endif

/*
 * What the server says to each connection, as a client of version 1 takes it: the messages of a channel come in order, once,
 * none missing, and where the answer to subscribe tells a position, none before it. Our own client puts much of this right.
 */
#ifndef SIM_TOLD_H
#define SIM_TOLD_H

#include "link.h"

/* A message from the client has arrived at the server. */
void sim_told_asked(sim_link *link, cf_bytes text);
/* The server has written this text. */
void sim_told(sim_link *link, cf_bytes text);

#endif

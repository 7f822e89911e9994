/* Messages that a driver reads itself, as a page does (js/web/core.js): every second client here. */
#ifndef SIM_PUSH_H
#define SIM_PUSH_H

#include "client.h"

/* The text that has just come. False: it is the core's to read. */
bool sim_push_take(sim_client *client, uint32_t transport);
/* What was taken: in the turn that follows. */
void sim_push_tell(sim_client *client);

#endif

/*
 * A server that makes a subscriber live before it reads the history (client-spec.md D52): what it pushes for a channel comes before
 * the answer to subscribe, in it, or behind it, and some of it twice.
 */
#ifndef SIM_LATE_H
#define SIM_LATE_H

#include "link.h"

/* Whole frames of the server, on their way to the client; some wait for sim_late_release. */
void sim_late_write(sim_link *link, cf_bytes frame);
/* Sends the answer that waits, and the pushes behind it, in an order that they may have. */
void sim_late_release(sim_link *link);

#endif

/* The way out for commands, and their batching: client-spec.md 13. */
#ifndef CF_CLIENT_BATCH_H
#define CF_CLIENT_BATCH_H

#include "client/state.h"

/* A line that is collected, or queued when nobody is batching. False without memory. */
bool cf_batch_end_line(cf_client *client);
/* The end of a turn, or of a connection: what was collected by the option `batch` is queued. False when there was nothing. */
bool cf_batch_end_turn(cf_client *client);
/* What is collected was for a connection that is gone. */
void cf_batch_drop(cf_client *client);

#endif

/*
 * What is done to all sessions of a user, because a backend asked for it: in portions of a turn's share, so that a user with
 * thousands of connections holds nobody up. It concerns the sessions that are there when it is asked for; who comes later is
 * left alone.
 *
 * `done` is called exactly once, maybe at once: with `internal server error` where there is no memory, or where the node is
 * freed before the end.
 */
#ifndef CF_SERVER_SWEEP_H
#define CF_SERVER_SWEEP_H

#include "server/node.h"

/* Closes them with `disconnect`/false. */
void cf_sweep_disconnect(cf_services *services, cf_bytes user_id, cf_node_done done, void *user);
/*
 * Takes them out of the channel and tells each, whether it was subscribed or not; out of all their channels where it is empty.
 */
void cf_sweep_unsubscribe(cf_services *services, cf_bytes user_id, cf_bytes channel, cf_node_done done, void *user);

#endif

/*
 * The invariants of a client: what a user may rely on, checked at every event
 * and whenever a client has settled. Broken ones end in sim_fail.
 */
#ifndef SIM_WATCH_H
#define SIM_WATCH_H

#include "client.h"

/* A new life of the core. */
void sim_watch_start(sim_client *client);
void sim_watch_event(sim_client *client, const cf_event *event);
void sim_watch_result(sim_client *client, const cf_result *result);
void sim_watch_transport(sim_client *client);
/* What the user did, before the call. */
void sim_watch_connect(sim_client *client);
void sim_watch_disconnect(sim_client *client);
void sim_watch_subscribe(sim_subscription *subscription);
void sim_watch_unsubscribe(sim_subscription *subscription);
/* The server was told to take the user's subscriptions of a channel away; NULL: of all. */
void sim_watch_server_unsubscribe(sim_world *world, const sim_channel *channel);
/* The server closes the connection of a client. */
void sim_watch_closed(const sim_link *link, cf_bytes reason);
/* No effect waits. */
void sim_watch_settled(sim_client *client);
/* The core is about to be freed: nothing is outstanding. */
void sim_watch_end(sim_client *client);

#endif

/* When a connection begins and ends: client-spec.md 7 and 14. */
#ifndef CF_CLIENT_CONNECTION_H
#define CF_CLIENT_CONNECTION_H

#include "client/state.h"

cf_step cf_connection_on_connect(cf_client *client, cf_time now, const cf_wire_message *message);
cf_step cf_connection_on_disconnect(cf_client *client, cf_time now, const cf_wire_message *message);
cf_step cf_connection_on_refresh(cf_client *client, cf_time now, const cf_wire_message *message);
void cf_connection_alive(cf_client *client, cf_time now);
/* Ends one that is marked as broken: reports why, gives up the transport, and tries again later. */
void cf_connection_heed_break(cf_client *client, cf_time now);
/* The frame that is being read says nothing more. */
void cf_connection_drop_frame(cf_client *client);

#endif

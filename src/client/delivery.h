/* What comes for subscriptions: client-spec.md 6.2, 8.3, 10. */
#ifndef CF_CLIENT_DELIVERY_H
#define CF_CLIENT_DELIVERY_H

#include "client/state.h"

cf_step cf_subscription_on_subscribe(cf_client *client, cf_time now, const cf_wire_message *message);
/* message, join, leave. */
cf_step cf_subscription_on_push(cf_client *client, const cf_wire_message *message, cf_effect *effect);
/* The one that has to be told a message that the driver has read; NULL when that is not so simple. */
cf_subscription *cf_subscription_pushed(cf_client *client, cf_bytes channel, cf_bytes uid);
cf_step cf_subscription_replay_step(cf_client *client, cf_time now, cf_effect *effect);

#endif

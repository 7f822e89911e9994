/* Asking for subscriptions and leaving them: client-spec.md 8. */
#ifndef CF_CLIENT_SUBSCRIBE_H
#define CF_CLIENT_SUBSCRIBE_H

#include "client/state.h"

/* After a good answer to connect: asks for all of them, in one frame and one authorization. False without memory. */
bool cf_subscriptions_ask_all(cf_client *client, bool reconnected, cf_time now);
/* client-spec.md 7.2, step 5. */
void cf_subscriptions_leave(cf_client *client, bool again);
/* Those that wait for an answer begin anew: the answer was more than the client takes. */
void cf_subscriptions_recover_nothing(cf_client *client);
/* Asks for those that had to wait because they were asked for too often. */
void cf_subscriptions_tick(cf_client *client, cf_time now);
cf_time cf_subscriptions_deadline(const cf_client *client);
/* Their connection is gone. */
void cf_subscriptions_forget_hasty(cf_client *client);
/* A good answer for what is not wanted any more: says so to the server, unless it was said already. */
void cf_subscription_decline(cf_subscription *subscription);
cf_step cf_subscription_on_unsubscribe(cf_client *client, cf_time now, const cf_wire_message *message);

#endif

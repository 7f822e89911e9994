/* publish, presence, history and ready: client-spec.md 8.5 and 9. */
#ifndef CF_CLIENT_CALL_H
#define CF_CLIENT_CALL_H

#include "client/state.h"

cf_step cf_call_on_answer(cf_client *client, const cf_wire_message *message);
/* The subscription is subscribed: calls that waited go out. */
void cf_calls_release(cf_subscription *subscription, cf_time now);
/* Ends all that wait for the subscription. */
void cf_calls_fail_waiting(cf_subscription *subscription, centrifuge_error code);
/* Ends all that were sent; of `subscription` only, unless NULL. */
void cf_calls_fail_sent(cf_client *client, const cf_subscription *subscription, centrifuge_error code);
void cf_calls_expire(cf_client *client, cf_time now);
cf_time cf_calls_deadline(const cf_client *client);
void cf_call_result(const cf_call *call, cf_result *result);

#endif

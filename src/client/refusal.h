/* Refusals that come from no message of the server. */
#ifndef CF_CLIENT_REFUSAL_H
#define CF_CLIENT_REFUSAL_H

#include "client/state.h"

/* Tells of it, and changes nothing; NULL without memory. */
cf_refusal *cf_refusal_tell(cf_subscription *subscription, const cf_json_value *error, cf_bytes advice, centrifuge_error code);
/* The subscription is refused from here, with its calls; this and the next two: false without memory. */
bool cf_refuse(cf_subscription *subscription, const cf_json_value *error, cf_bytes advice, centrifuge_error code);
bool cf_refuse_with(cf_subscription *subscription, cf_bytes text, centrifuge_error code);
/* Its command is larger than a frame may be. */
bool cf_refuse_size(cf_subscription *subscription);
/* The events that wait are not wanted any more. */
void cf_refusal_silence(cf_subscription *subscription);
void cf_refusal_free(cf_refusal *refusal, const cf_allocator *allocator);

#endif

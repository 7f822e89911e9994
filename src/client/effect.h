/* Effects, out of what waits in the queue. */
#ifndef CF_CLIENT_EFFECT_H
#define CF_CLIENT_EFFECT_H

#include "client/state.h"

/* False when the queue is empty. */
bool cf_effect_take(cf_client *client, cf_effect *effect);
/* What the last effect has shown. */
void cf_effects_free_taken(cf_client *client);

#endif

/* A frame is read message by message. */
#ifndef CF_CLIENT_FRAME_H
#define CF_CLIENT_FRAME_H

#include "client/state.h"

/* The next message, or the next of those that were missed. */
cf_step cf_frame_step(cf_client *client, cf_time now, cf_effect *effect);

#endif

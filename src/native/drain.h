/*
 * The end of a client that loses no answer.
 */
#ifndef CF_NATIVE_DRAIN_H
#define CF_NATIVE_DRAIN_H

#include "native/native.h"

centrifuge_error cf_native_drain_begin(centrifuge_client *client, int64_t milliseconds, centrifuge_drained done, void *user);

/* Both only while client->drain is there. */

/* Behind all effects of a turn: is it over, and has everything been told? */
void cf_native_drain_look(centrifuge_client *client);
cf_time cf_native_drain_deadline(const centrifuge_client *client);
/* The client is destroyed. */
void cf_native_drain_close(centrifuge_client *client);

#endif

/*
 * Effects of the core, turns of the loop, the end.
 */
#ifndef CF_NATIVE_DRIVER_H
#define CF_NATIVE_DRIVER_H

#include "native/native.h"

void cf_native_driver_own(centrifuge_client *client);
/* WRONG_THREAD, CLOSED, or for NULL INVALID_ARGUMENT. */
centrifuge_error cf_native_driver_enter(const centrifuge_client *client);

/* Every turn: begin, anything that calls callbacks, end. Begin refuses inside a callback; end frees and may destroy: CLOSED. */
centrifuge_error cf_native_driver_begin(centrifuge_client *client);
centrifuge_error cf_native_driver_end(centrifuge_client *client);
/* Carries out effects until there are none. */
void cf_native_driver_settle(centrifuge_client *client);
void cf_native_driver_ready(centrifuge_client *client, centrifuge_socket socket, int events);
void cf_native_driver_timers(centrifuge_client *client);
/* When the next turn is needed even without input. */
cf_time cf_native_driver_deadline(const centrifuge_client *client);
/* Disconnected with no attempt planned, and nothing left to say or send. */
bool cf_native_driver_idle(const centrifuge_client *client);
/* Now; only outside of a turn. Of a copy only what is this process's goes. */
void cf_native_driver_destroy(centrifuge_client *client);

#endif

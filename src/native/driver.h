/*
 * Effects of the core, turns of the loop, the end.
 */
#ifndef CF_NATIVE_DRIVER_H
#define CF_NATIVE_DRIVER_H

#include "native/native.h"

void cf_native_driver_own(centrifuge_client *client);
/*
 * May the caller use the client? OK, and a lock that cf_native_driver_leave gives back where the client is everybody's; or
 * WRONG_THREAD, CLOSED, for NULL INVALID_ARGUMENT.
 */
centrifuge_error cf_native_driver_enter(const centrifuge_client *client);
/* The same without a question, for what returns no error. */
void cf_native_driver_look(const centrifuge_client *client);
void cf_native_driver_leave(const centrifuge_client *client);

/* Every turn: begin, anything that calls callbacks, end. Begin refuses inside a callback; end frees and may destroy: CLOSED. */
centrifuge_error cf_native_driver_begin(centrifuge_client *client);
centrifuge_error cf_native_driver_end(centrifuge_client *client);
/* As begin, by who knows that it may. */
void cf_native_driver_resume(centrifuge_client *client);
/* Once begun: waits at most `milliseconds` (-1: any time), does what is to be done, and ends. */
centrifuge_error cf_native_driver_turn(centrifuge_client *client, int64_t milliseconds);
/* The same, or less where something is due before. */
int64_t cf_native_driver_wait_time(const centrifuge_client *client, int64_t milliseconds);
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

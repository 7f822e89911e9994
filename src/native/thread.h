/*
 * A loop that runs on a thread of the library.
 */
#ifndef CF_NATIVE_THREAD_H
#define CF_NATIVE_THREAD_H

#include "native/native.h"

/*
 * Destroys a started client, which the caller has entered; within its thread, when the callback has returned. INVALID_STATE,
 * and nothing is done, when another thread is inside centrifuge_client_join or centrifuge_client_dispatch.
 */
centrifuge_error cf_native_thread_destroy(centrifuge_client *client);
/* The same for a copy of one, as far as it was left in order. */
void cf_native_thread_destroy_copy(centrifuge_client *client);

#endif

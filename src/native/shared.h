/*
 * The lock of a client that every thread may use, and the waiting for room.
 */
#ifndef CF_NATIVE_SHARED_H
#define CF_NATIVE_SHARED_H

#include "native/native.h"

#include <pthread.h>

/* What a client that was started has besides; kept until it is destroyed, for who comes late. All of it under the lock. */
typedef struct cf_native_shared {
    pthread_mutex_t lock;
    pthread_cond_t room; /* may have come */
    size_t waiting;      /* threads, for room */
    pthread_t id;        /* of the library's thread */
    const void *self;    /* cf_native_thread_self of it; NULL: it runs no loop */
    bool joining;        /* somebody waits for its end */
    const void *teller;  /* cf_native_thread_self of who is inside centrifuge_client_dispatch, or NULL */
    bool quit;           /* it ends at once, and the client with it */
    bool stopped;        /* by centrifuge_client_stop */
    centrifuge_error outcome;
} cf_native_shared;

/* NULL without memory. */
cf_native_shared *cf_native_shared_make(void);
void cf_native_shared_free(centrifuge_client *client);
/* cf_native_driver_enter for all that is not the caller's own client. */
centrifuge_error cf_native_shared_enter(const centrifuge_client *client);
/* Is the caller the library's thread, in a callback? */
bool cf_native_shared_is_own(const centrifuge_client *client);
/*
 * Is a call that was refused with `error` to be tried again? Waits for room, until the option `room_wait` is over, which is
 * kept in `*until`, 0 at first.
 */
bool cf_native_shared_wait_for_room(centrifuge_client *client, centrifuge_error error, cf_time *until);
/* Room may have come. */
void cf_native_shared_tell_of_room(cf_native_shared *shared);

#endif

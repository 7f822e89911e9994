/*
 * The lock of a client that every thread may use, and the waiting for room.
 */
#define _POSIX_C_SOURCE 200809L

#include "native/shared.h"

#include <time.h>

const char cf_native_everybody;

/* ---- the lock ------------------------------------------------------------------- */

void cf_native_shared_lock(const centrifuge_client *client)
{
    if (!cf_native_copied(client))
        pthread_mutex_lock(&client->shared->lock);
}

void cf_native_shared_unlock(const centrifuge_client *client)
{
    if (!cf_native_copied(client))
        pthread_mutex_unlock(&client->shared->lock);
}

/* The owner is looked at again: the thread may have ended meanwhile. */
static centrifuge_error judge(const centrifuge_client *client)
{
    if (!cf_native_started(client))
        return CENTRIFUGE_ERROR_WRONG_THREAD;
    return client->ending || client->shared->quit ? CENTRIFUGE_ERROR_CLOSED : CENTRIFUGE_ERROR_OK;
}

centrifuge_error cf_native_shared_enter(const centrifuge_client *client)
{
    if (!cf_native_started(client))
        return CENTRIFUGE_ERROR_WRONG_THREAD;
    cf_native_shared_lock(client);
    centrifuge_error error = judge(client);
    if (error)
        cf_native_shared_unlock(client);
    return error;
}

/* ---- room -------------------------------------------------------------------------- */

bool cf_native_shared_is_own(const centrifuge_client *client)
{
    return client->shared->self == cf_native_thread_self();
}

#if defined(_POSIX_CLOCK_SELECTION) && _POSIX_CLOCK_SELECTION > 0
#define WAIT_CLOCK CLOCK_MONOTONIC

static bool open_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    bool good = pthread_condattr_setclock(&attributes, WAIT_CLOCK) == 0 && pthread_cond_init(condition, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return good;
}
#else
#define WAIT_CLOCK CLOCK_REALTIME

static bool open_condition(pthread_cond_t *condition)
{
    return pthread_cond_init(condition, NULL) == 0;
}
#endif

static bool wait_for_signal(cf_native_shared *shared, int64_t milliseconds)
{
    struct timespec until;
    clock_gettime(WAIT_CLOCK, &until);
    int64_t nanoseconds = until.tv_nsec + milliseconds % 1000 * 1000000;
    until.tv_sec += (time_t)(milliseconds / 1000 + nanoseconds / 1000000000);
    until.tv_nsec = (long)(nanoseconds % 1000000000);
    shared->waiting++;
    bool good = pthread_cond_timedwait(&shared->room, &shared->lock, &until) == 0;
    shared->waiting--;
    return good;
}

static bool lacks_room(centrifuge_error error)
{
    return error == CENTRIFUGE_ERROR_LIMIT_QUEUE || error == CENTRIFUGE_ERROR_LIMIT_CALLS;
}

bool cf_native_shared_wait_for_room(centrifuge_client *client, centrifuge_error error, cf_time *until)
{
    if (client->shared && client->shared->teller == cf_native_thread_self())
        return false; /* who makes room would wait for it */
    if (!lacks_room(error) || client->settings.room_wait <= 0 || !cf_native_started(client) || cf_native_shared_is_own(client))
        return false;
    cf_time now = cf_native_clock_now();
    if (*until == 0)
        *until = cf_time_after(now, client->settings.room_wait);
    return *until > now && wait_for_signal(client->shared, *until - now) && judge(client) == CENTRIFUGE_ERROR_OK;
}

void cf_native_shared_tell_of_room(cf_native_shared *shared)
{
    if (shared->waiting > 0)
        pthread_cond_broadcast(&shared->room);
}

/* ---- life ------------------------------------------------------------------------------ */

cf_native_shared *cf_native_shared_make(void)
{
    cf_native_shared *shared = cf_alloc_zero(&cf_heap, 1, sizeof *shared);
    if (!shared)
        return NULL;
    if (pthread_mutex_init(&shared->lock, NULL) == 0) {
        if (open_condition(&shared->room))
            return shared;
        pthread_mutex_destroy(&shared->lock);
    }
    cf_free(&cf_heap, shared);
    return NULL;
}

void cf_native_shared_free(centrifuge_client *client)
{
    cf_native_shared *shared = client->shared;
    if (shared && !cf_native_copied(client)) {
        pthread_cond_destroy(&shared->room);
        pthread_mutex_destroy(&shared->lock);
    }
    cf_free(&cf_heap, shared);
}

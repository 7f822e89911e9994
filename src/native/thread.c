/*
 * A loop that runs on a thread of the library.
 *
 * The client is everybody's from centrifuge_client_start on, under one lock. It is taken for a call, and by the thread for
 * everything but waiting and callbacks: a callback may take as long as it wants, and may wait for others that use the client.
 * Who ends the thread waits for it and owns the client from then on; a callback that destroys the client leaves that to who
 * waits, or, when nobody does, to the thread itself.
 */
#define _POSIX_C_SOURCE 200809L

#include "native/thread.h"

#include "native/driver.h"
#include "native/inbox.h"
#include "native/shared.h"

#include <signal.h>

/* ---- the thread ---------------------------------------------------------------------- */

/* The client is the caller's again. */
static void take_over(centrifuge_client *client)
{
    client->in_turn = false;
    client->shared->joining = client->shared->quit = false;
    client->shared->self = NULL;
    cf_native_shared_tell_of_room(client->shared);
    cf_native_driver_own(client);
}

static bool is_over(centrifuge_client *client)
{
    cf_native_shared *shared = client->shared;
    shared->stopped = atomic_exchange(&client->stop, false);
    return shared->quit || shared->stopped || (shared->joining && cf_native_driver_idle(client));
}

/* Nobody waits for the thread of a client that a callback destroyed. */
static void end_alone(centrifuge_client *client)
{
    cf_native_shared *shared = client->shared;
    pthread_detach(shared->id);
    take_over(client);
    pthread_mutex_unlock(&shared->lock);
    cf_native_driver_destroy(client);
}

static void *work(void *user)
{
    centrifuge_client *client = user;
    unsigned process = cf_native_process_self();
    cf_native_shared_lock(client);
    client->shared->self = cf_native_thread_self();
    centrifuge_error error = CENTRIFUGE_ERROR_OK;
    while (!error && !is_over(client)) {
        cf_native_driver_resume(client);
        error = cf_native_driver_turn(client, -1);
        if (process != cf_native_process_self()) /* a callback forked, and returned in the child: all is the parent's */
            return NULL;
        cf_native_shared_tell_of_room(client->shared);
    }
    client->shared->outcome = error;
    client->shared->self = NULL;
    if (client->inbox)
        cf_native_inbox_end(client->inbox);
    if (client->ending && !client->shared->joining && !client->shared->quit && !client->shared->teller)
        end_alone(client);
    else
        cf_native_shared_unlock(client);
    return NULL;
}

/* Signals are for the threads of the application. */
static bool begin_thread(cf_native_shared *shared, centrifuge_client *client)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool good = pthread_create(&shared->id, NULL, work, client) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return good;
}

/* ---- start, join, destroy ------------------------------------------------------------------ */

static centrifuge_error check_start(const centrifuge_client *client)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    bool possible = !cf_native_started(client) && !client->in_turn && !client->loop.foreign_watch;
    cf_native_driver_leave(client);
    return possible ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_INVALID_STATE;
}

centrifuge_error centrifuge_client_start(centrifuge_client *client)
{
    centrifuge_error error = check_start(client);
    if (error)
        return error;
    cf_native_shared *shared = client->shared ? client->shared : cf_native_shared_make();
    if (!shared)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    client->shared = shared;
    pthread_mutex_lock(&shared->lock);
    atomic_store_explicit(&client->owner, &cf_native_everybody, memory_order_release);
    if (client->settings.dispatch)
        error = cf_native_inbox_open(client);
    if (!error && !begin_thread(shared, client))
        error = CENTRIFUGE_ERROR_SYSTEM;
    if (error) {
        take_over(client);
        cf_native_inbox_close(client);
    }
    pthread_mutex_unlock(&shared->lock);
    return error;
}

/* As centrifuge_client_run judges. */
static centrifuge_error outcome(const centrifuge_client *client)
{
    if (client->shared->outcome)
        return client->shared->outcome;
    return client->shared->stopped || client->asked_to_end ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_DISCONNECTED;
}

/* The lock is held, and given back. */
static void wait_for_end(centrifuge_client *client)
{
    cf_native_shared *shared = client->shared;
    cf_native_kick(client);
    pthread_mutex_unlock(&shared->lock);
    pthread_join(shared->id, NULL);
    pthread_mutex_lock(&shared->lock);
    take_over(client);
    pthread_mutex_unlock(&shared->lock);
}

/* Callbacks run in the thread that joins, as in a turn: one of them may destroy the client. */
static void tell_what_is_left(centrifuge_client *client)
{
    client->in_turn = true;
    cf_native_inbox_close(client);
    client->in_turn = false;
}

/* Is the caller in a callback? */
static bool is_inside(const centrifuge_client *client)
{
    return cf_native_shared_is_own(client) || client->shared->teller == cf_native_thread_self();
}

centrifuge_error centrifuge_client_join(centrifuge_client *client)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    if (!cf_native_started(client) || is_inside(client) || client->shared->joining || client->shared->teller) {
        cf_native_driver_leave(client);
        return CENTRIFUGE_ERROR_INVALID_STATE;
    }
    client->shared->joining = true;
    if (client->inbox)
        client->inbox->max = SIZE_MAX;
    wait_for_end(client);
    if (!client->ending)
        tell_what_is_left(client);
    if (!client->ending)
        return outcome(client);
    cf_native_driver_destroy(client);
    return CENTRIFUGE_ERROR_CLOSED;
}

centrifuge_error cf_native_thread_destroy(centrifuge_client *client)
{
    bool own = is_inside(client);
    if (!own && (client->shared->joining || client->shared->teller)) {
        cf_native_shared_unlock(client);
        return CENTRIFUGE_ERROR_INVALID_STATE;
    }
    if (own) {
        client->ending = true;
        cf_native_shared_unlock(client);
        return CENTRIFUGE_ERROR_OK;
    }
    client->shared->quit = true;
    wait_for_end(client);
    cf_native_driver_destroy(client);
    return CENTRIFUGE_ERROR_OK;
}

/*
 * The thread is the parent's; where it held the lock at the fork nobody knows in what state it left the client: then nothing is
 * touched. A callback that forked finds it in order, and has to return before it is gone.
 */
void cf_native_thread_destroy_copy(centrifuge_client *client)
{
    cf_native_shared *shared = client->shared;
    client->ending = true;
    if (is_inside(client) || pthread_mutex_trylock(&shared->lock) != 0)
        return;
    pthread_mutex_unlock(&shared->lock);
    cf_native_driver_destroy(client);
}

/* ---- what waits for the application ------------------------------------------------------------ */

static centrifuge_error enter_inbox(centrifuge_client *client)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    if (client->inbox && cf_native_started(client))
        return CENTRIFUGE_ERROR_OK;
    cf_native_driver_leave(client);
    return CENTRIFUGE_ERROR_INVALID_STATE;
}

centrifuge_error centrifuge_client_dispatch_fd(centrifuge_client *client, int *fd)
{
    centrifuge_error error = enter_inbox(client);
    if (error)
        return error;
    *fd = (int)client->inbox->ready.reader;
    cf_native_driver_leave(client);
    return CENTRIFUGE_ERROR_OK;
}

/* Nobody else takes anything meanwhile, nor the inbox away. */
static void wait_for_news(centrifuge_client *client, int64_t milliseconds)
{
    cf_native_watch watch = {.socket = client->inbox->ready.reader, .events = CENTRIFUGE_READABLE};
    if (client->inbox->count > 0 || client->inbox->over || milliseconds == 0)
        return;
    cf_native_callback_begin(client);
    (void)cf_native_poll(&watch, 1, milliseconds);
    cf_native_callback_end(client);
}

/* What comes meanwhile is for the next time. */
static void tell_news(centrifuge_client *client)
{
    size_t left = client->inbox->count;
    while (left-- > 0 && !client->ending && !cf_native_copied(client))
        if (!cf_native_inbox_tell(client))
            break;
    if (client->share.over) /* there may be room */
        cf_native_kick(client);
}

/* A callback forked, and returned in the child, too. */
static centrifuge_error end_telling_copy(centrifuge_client *client)
{
    if (!client->ending)
        return CENTRIFUGE_ERROR_WRONG_THREAD;
    cf_native_driver_destroy(client);
    return CENTRIFUGE_ERROR_CLOSED;
}

/* A client that a callback destroyed is ended here. */
static centrifuge_error end_telling(centrifuge_client *client)
{
    client->shared->teller = NULL;
    if (cf_native_copied(client))
        return end_telling_copy(client);
    if (!client->ending) {
        cf_native_driver_leave(client);
        return CENTRIFUGE_ERROR_OK;
    }
    client->shared->quit = true;
    wait_for_end(client);
    cf_native_driver_destroy(client);
    return CENTRIFUGE_ERROR_CLOSED;
}

/* When the thread has ended, until all is told. */
static bool may_dispatch(const centrifuge_client *client)
{
    bool nothing_comes = client->inbox->over && client->inbox->count == 0;
    return !is_inside(client) && !client->shared->teller && !client->shared->joining && !nothing_comes;
}

centrifuge_error centrifuge_client_dispatch(centrifuge_client *client, int64_t milliseconds)
{
    centrifuge_error error = enter_inbox(client);
    if (error)
        return error;
    if (!may_dispatch(client)) {
        cf_native_driver_leave(client);
        return CENTRIFUGE_ERROR_INVALID_STATE;
    }
    client->shared->teller = cf_native_thread_self();
    wait_for_news(client, milliseconds);
    tell_news(client);
    return end_telling(client);
}

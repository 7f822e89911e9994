/*
 * A client in a loop of libev (4.x); examples/libev.c is complete:
 *
 *     centrifuge_libev loop;
 *     centrifuge_libev_attach(&loop, EV_DEFAULT, &options);
 *     centrifuge_client_new(&loop.client, &options);
 *
 * centrifuge_client_destroy(loop.client), in a callback or elsewhere, takes all of it out of the loop. Everything happens in
 * the thread that runs that. Without memory for a watcher an attempt to connect ends by its timeout.
 */
#ifndef CENTRIFUGE_ADAPTERS_LIBEV_H
#define CENTRIFUGE_ADAPTERS_LIBEV_H

#include <centrifuge/client.h>
#include <ev.h>
#include <stdlib.h>

/* For one client. It stays where it is until the client is destroyed, in a callback until that has returned to the loop. */
typedef struct centrifuge_libev {
    centrifuge_client *client; /* set by centrifuge_client_new */
    struct ev_loop *loop;
    ev_timer timer;
    struct centrifuge_libev_watcher *watchers;
} centrifuge_libev;

typedef struct centrifuge_libev_watcher {
    ev_io io;
    struct centrifuge_libev_watcher *next;
} centrifuge_libev_watcher;

static inline void centrifuge_libev_on_socket(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop;
    int ready = (events & EV_READ ? CENTRIFUGE_READABLE : 0) | (events & EV_WRITE ? CENTRIFUGE_WRITABLE : 0);
    centrifuge_client_socket_ready(((centrifuge_libev *)io->data)->client, io->fd, ready);
}

static inline centrifuge_libev_watcher *centrifuge_libev_add(centrifuge_libev *owner)
{
    centrifuge_libev_watcher *made = (centrifuge_libev_watcher *)calloc(1, sizeof *made);
    if (!made)
        return NULL;
    ev_init(&made->io, centrifuge_libev_on_socket);
    made->io.data = owner;
    made->next = owner->watchers;
    return owner->watchers = made;
}

static inline void centrifuge_libev_watch(void *user, centrifuge_socket socket, int events)
{
    centrifuge_libev *owner = (centrifuge_libev *)user;
    centrifuge_libev_watcher **at = &owner->watchers;
    while (*at && (*at)->io.fd != socket)
        at = &(*at)->next;
    centrifuge_libev_watcher *found = *at || events == 0 ? *at : centrifuge_libev_add(owner);
    int wanted = (events & CENTRIFUGE_READABLE ? EV_READ : 0) | (events & CENTRIFUGE_WRITABLE ? EV_WRITE : 0);
    if (!found)
        return;
    ev_io_stop(owner->loop, &found->io);
    if (events != 0) {
        ev_io_set(&found->io, socket, wanted);
        ev_io_start(owner->loop, &found->io);
        return;
    }
    *at = found->next;
    free(found);
}

static inline void centrifuge_libev_on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    centrifuge_client_timer_expired(((centrifuge_libev *)timer->data)->client);
}

static inline void centrifuge_libev_timer(void *user, int64_t milliseconds)
{
    centrifuge_libev *owner = (centrifuge_libev *)user;
    ev_timer_stop(owner->loop, &owner->timer);
    if (milliseconds < 0)
        return;
    ev_timer_set(&owner->timer, (double)milliseconds / 1000, 0.);
    ev_timer_start(owner->loop, &owner->timer);
}

/* Sets the loop's three members of `options`, for one centrifuge_client_new. */
static inline void centrifuge_libev_attach(centrifuge_libev *adapter, struct ev_loop *loop, centrifuge_options *options)
{
    adapter->loop = loop;
    adapter->watchers = NULL;
    ev_init(&adapter->timer, centrifuge_libev_on_timer);
    adapter->timer.data = adapter;
    options->loop_watch = centrifuge_libev_watch;
    options->loop_timer = centrifuge_libev_timer;
    options->loop_user = adapter;
}

#endif

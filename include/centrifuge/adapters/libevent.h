/*
 * A client in an event base of libevent (2.x); examples/libevent.c is complete:
 *
 *     centrifuge_libevent loop;
 *     centrifuge_libevent_attach(&loop, base, &options);
 *     centrifuge_client_new(&loop.client, &options);
 *
 * centrifuge_client_destroy(loop.client), in a callback or elsewhere, takes all of it out of the loop. Everything happens in
 * the thread that runs that. Without memory for a watcher an attempt to connect ends by its timeout.
 */
#ifndef CENTRIFUGE_ADAPTERS_LIBEVENT_H
#define CENTRIFUGE_ADAPTERS_LIBEVENT_H

#include <centrifuge/client.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

/* For one client. It stays where it is until the client is destroyed, in a callback until that has returned to the loop. */
typedef struct centrifuge_libevent {
    centrifuge_client *client; /* set by centrifuge_client_new */
    struct event_base *base;
    struct event timer;
    struct centrifuge_libevent_watcher *watchers;
} centrifuge_libevent;

typedef struct centrifuge_libevent_watcher {
    struct event *event; /* NULL: there was no memory */
    centrifuge_socket socket;
    struct centrifuge_libevent_watcher *next;
} centrifuge_libevent_watcher;

static inline void centrifuge_libevent_on_socket(evutil_socket_t socket, short events, void *user)
{
    int ready = (events & EV_READ ? CENTRIFUGE_READABLE : 0) | (events & EV_WRITE ? CENTRIFUGE_WRITABLE : 0);
    centrifuge_client_socket_ready(((centrifuge_libevent *)user)->client, (centrifuge_socket)socket, ready);
}

static inline void centrifuge_libevent_watch(void *user, centrifuge_socket socket, int events)
{
    centrifuge_libevent *owner = (centrifuge_libevent *)user;
    centrifuge_libevent_watcher **at = &owner->watchers;
    int wanted = (events & CENTRIFUGE_READABLE ? EV_READ : 0) | (events & CENTRIFUGE_WRITABLE ? EV_WRITE : 0);
    while (*at && (*at)->socket != socket)
        at = &(*at)->next;
    if (!*at && (events == 0 || !(*at = (centrifuge_libevent_watcher *)calloc(1, sizeof **at))))
        return;
    centrifuge_libevent_watcher *found = *at;
    if (found->event)
        event_free(found->event);
    if (events == 0) {
        *at = found->next;
        free(found);
        return;
    }
    found->socket = socket;
    found->event = event_new(owner->base, socket, (short)(wanted | EV_PERSIST), centrifuge_libevent_on_socket, owner);
    if (found->event)
        event_add(found->event, NULL);
}

static inline void centrifuge_libevent_on_timer(evutil_socket_t socket, short events, void *user)
{
    (void)socket;
    (void)events;
    centrifuge_client_timer_expired(((centrifuge_libevent *)user)->client);
}

static inline void centrifuge_libevent_timer(void *user, int64_t milliseconds)
{
    centrifuge_libevent *owner = (centrifuge_libevent *)user;
    struct timeval wait = {(long)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000};
    if (milliseconds < 0)
        event_del(&owner->timer);
    else
        event_add(&owner->timer, &wait);
}

/* Sets the loop's three members of `options`, for one centrifuge_client_new. */
static inline void centrifuge_libevent_attach(centrifuge_libevent *adapter, struct event_base *base,
                                              centrifuge_options *options)
{
    adapter->base = base;
    adapter->watchers = NULL;
    event_assign(&adapter->timer, base, -1, 0, centrifuge_libevent_on_timer, adapter);
    options->loop_watch = centrifuge_libevent_watch;
    options->loop_timer = centrifuge_libevent_timer;
    options->loop_user = adapter;
}

#endif

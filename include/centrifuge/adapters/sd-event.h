/*
 * A client in a loop of sd-event (systemd 247 or later); examples/sd-event.c is complete:
 *
 *     centrifuge_sd_event loop;
 *     centrifuge_sd_event_attach(&loop, event, &options);
 *     centrifuge_client_new(&loop.client, &options);
 *
 * centrifuge_client_destroy(loop.client), in a callback or elsewhere, takes all of it out of the loop. Everything happens in
 * the thread that runs that. Without memory for a watcher an attempt to connect ends by its timeout.
 */
#ifndef CENTRIFUGE_ADAPTERS_SD_EVENT_H
#define CENTRIFUGE_ADAPTERS_SD_EVENT_H

#include <centrifuge/client.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>

/* For one client. It stays where it is until the client is destroyed, in a callback until that has returned to the loop. */
typedef struct centrifuge_sd_event {
    centrifuge_client *client; /* set by centrifuge_client_new */
    sd_event *event;
    sd_event_source *timer;
    struct centrifuge_sd_event_watcher *watchers;
} centrifuge_sd_event;

typedef struct centrifuge_sd_event_watcher {
    sd_event_source *source; /* NULL: there was no memory */
    centrifuge_socket socket;
    struct centrifuge_sd_event_watcher *next;
} centrifuge_sd_event_watcher;

static inline int centrifuge_sd_event_on_socket(sd_event_source *source, int socket, uint32_t events, void *user)
{
    (void)source;
    int ready = (events & EPOLLIN ? CENTRIFUGE_READABLE : 0) | (events & EPOLLOUT ? CENTRIFUGE_WRITABLE : 0);
    if (events & (EPOLLERR | EPOLLHUP))
        ready = CENTRIFUGE_READABLE | CENTRIFUGE_WRITABLE;
    centrifuge_client_socket_ready(((centrifuge_sd_event *)user)->client, socket, ready);
    return 0;
}

static inline void centrifuge_sd_event_watch(void *user, centrifuge_socket socket, int events)
{
    centrifuge_sd_event *owner = (centrifuge_sd_event *)user;
    centrifuge_sd_event_watcher **at = &owner->watchers;
    uint32_t wanted = (events & CENTRIFUGE_READABLE ? EPOLLIN : 0u) | (events & CENTRIFUGE_WRITABLE ? EPOLLOUT : 0u);
    while (*at && (*at)->socket != socket)
        at = &(*at)->next;
    if (!*at && (events == 0 || !(*at = (centrifuge_sd_event_watcher *)calloc(1, sizeof **at))))
        return;
    centrifuge_sd_event_watcher *found = *at;
    found->socket = socket;
    if (events == 0) {
        sd_event_source_disable_unref(found->source);
        *at = found->next;
        free(found);
        if (!owner->watchers) /* that was the last one: the client is gone */
            owner->timer = sd_event_source_disable_unref(owner->timer);
    } else if (found->source) {
        sd_event_source_set_io_events(found->source, wanted);
    } else {
        sd_event_add_io(owner->event, &found->source, socket, wanted, centrifuge_sd_event_on_socket, owner);
    }
}

static inline int centrifuge_sd_event_on_timer(sd_event_source *source, uint64_t at, void *user)
{
    (void)source;
    (void)at;
    centrifuge_client_timer_expired(((centrifuge_sd_event *)user)->client);
    return 0;
}

static inline void centrifuge_sd_event_timer(void *user, int64_t milliseconds)
{
    centrifuge_sd_event *owner = (centrifuge_sd_event *)user;
    uint64_t wait = milliseconds < 0 ? 0 : (uint64_t)milliseconds * 1000;
    if (!owner->timer)
        sd_event_add_time_relative(owner->event, &owner->timer, CLOCK_MONOTONIC, wait, 1, centrifuge_sd_event_on_timer, owner);
    sd_event_source_set_time_relative(owner->timer, wait);
    sd_event_source_set_enabled(owner->timer, milliseconds < 0 ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

/* Sets the loop's three members of `options`, for one centrifuge_client_new. */
static inline void centrifuge_sd_event_attach(centrifuge_sd_event *adapter, sd_event *event, centrifuge_options *options)
{
    adapter->event = event;
    adapter->watchers = NULL;
    adapter->timer = NULL;
    options->loop_watch = centrifuge_sd_event_watch;
    options->loop_timer = centrifuge_sd_event_timer;
    options->loop_user = adapter;
}

#endif

/*
 * A client in a loop of libuv (1.x); examples/libuv.c is complete:
 *
 *     centrifuge_libuv loop;
 *     centrifuge_libuv_attach(&loop, uv_default_loop(), &options);
 *     centrifuge_client_new(&loop.client, &options);
 *
 * centrifuge_client_destroy(loop.client), in a callback or elsewhere, takes all of it out of the loop. Everything happens in
 * the thread that runs that. Without memory for a watcher an attempt to connect ends by its timeout.
 */
#ifndef CENTRIFUGE_ADAPTERS_LIBUV_H
#define CENTRIFUGE_ADAPTERS_LIBUV_H

#include <centrifuge/client.h>
#include <stdlib.h>
#include <uv.h>

/* For one client. It stays where it is until the client is destroyed and the loop has gone on once, or ended, behind that. */
typedef struct centrifuge_libuv {
    centrifuge_client *client; /* set by centrifuge_client_new */
    uv_loop_t *loop;
    uv_timer_t timer; /* `data` NULL: not begun yet */
    struct centrifuge_libuv_watcher *watchers;
} centrifuge_libuv;

typedef struct centrifuge_libuv_watcher {
    uv_poll_t poll;
    centrifuge_libuv *owner;
    centrifuge_socket socket;
    struct centrifuge_libuv_watcher *next;
} centrifuge_libuv_watcher;

static inline void centrifuge_libuv_on_socket(uv_poll_t *poll, int status, int events)
{
    centrifuge_libuv_watcher *watcher = (centrifuge_libuv_watcher *)poll->data;
    int ready = status < 0 ? UV_READABLE | UV_WRITABLE : events; /* of the same values as those of client.h */
    centrifuge_client_socket_ready(watcher->owner->client, watcher->socket, ready);
}

static inline void centrifuge_libuv_on_closed(uv_handle_t *poll)
{
    free(poll->data);
}

static inline centrifuge_libuv_watcher *centrifuge_libuv_add(centrifuge_libuv *owner, centrifuge_socket socket)
{
    centrifuge_libuv_watcher *made = (centrifuge_libuv_watcher *)calloc(1, sizeof *made);
    if (!made || uv_poll_init_socket(owner->loop, &made->poll, socket) != 0) {
        free(made);
        return NULL;
    }
    made->owner = owner;
    made->socket = socket;
    made->next = owner->watchers;
    made->poll.data = owner->watchers = made;
    return made;
}

static inline void centrifuge_libuv_watch(void *user, centrifuge_socket socket, int events)
{
    centrifuge_libuv *owner = (centrifuge_libuv *)user;
    centrifuge_libuv_watcher **at = &owner->watchers;
    while (*at && (*at)->socket != socket)
        at = &(*at)->next;
    centrifuge_libuv_watcher *found = *at || events == 0 ? *at : centrifuge_libuv_add(owner, socket);
    if (found && events != 0)
        uv_poll_start(&found->poll, events, centrifuge_libuv_on_socket);
    if (!found || events != 0)
        return;
    *at = found->next;
    uv_close((uv_handle_t *)&found->poll, centrifuge_libuv_on_closed);
    if (!owner->watchers && owner->timer.data) /* that was the last one: the client is gone */
        uv_close((uv_handle_t *)&owner->timer, NULL);
}

static inline void centrifuge_libuv_on_timer(uv_timer_t *timer)
{
    centrifuge_client_timer_expired(((centrifuge_libuv *)timer->data)->client);
}

static inline void centrifuge_libuv_timer(void *user, int64_t milliseconds)
{
    centrifuge_libuv *owner = (centrifuge_libuv *)user;
    if (!owner->timer.data)
        uv_timer_init(owner->loop, &owner->timer);
    owner->timer.data = owner;
    uv_timer_stop(&owner->timer);
    if (milliseconds >= 0)
        uv_timer_start(&owner->timer, centrifuge_libuv_on_timer, (uint64_t)milliseconds, 0);
}

/* Sets the loop's three members of `options`, for one centrifuge_client_new. */
static inline void centrifuge_libuv_attach(centrifuge_libuv *adapter, uv_loop_t *loop, centrifuge_options *options)
{
    adapter->loop = loop;
    adapter->watchers = NULL;
    adapter->timer.data = NULL;
    options->loop_watch = centrifuge_libuv_watch;
    options->loop_timer = centrifuge_libuv_timer;
    options->loop_user = adapter;
}

#endif

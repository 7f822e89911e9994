/*
 * A client in a main context of GLib (2.58 or later), as of GTK; examples/glib.c is complete:
 *
 *     centrifuge_glib loop;
 *     centrifuge_glib_attach(&loop, NULL, &options);
 *     centrifuge_client_new(&loop.client, &options);
 *
 * centrifuge_client_destroy(loop.client), in a callback or elsewhere, takes all of it out of the loop. Everything happens in
 * the thread that runs that.
 */
#ifndef CENTRIFUGE_ADAPTERS_GLIB_H
#define CENTRIFUGE_ADAPTERS_GLIB_H

#include <centrifuge/client.h>
#include <glib-unix.h>

/* For one client. It stays where it is until the client is destroyed, in a callback until that has returned to the loop. */
typedef struct centrifuge_glib {
    centrifuge_client *client; /* set by centrifuge_client_new */
    GMainContext *context;
    GSource *timer;
    GHashTable *sources; /* by socket */
} centrifuge_glib;

static inline gboolean centrifuge_glib_on_socket(gint socket, GIOCondition condition, gpointer user)
{
    int ready = (condition & G_IO_IN ? CENTRIFUGE_READABLE : 0) | (condition & G_IO_OUT ? CENTRIFUGE_WRITABLE : 0);
    if (condition & (G_IO_ERR | G_IO_HUP | G_IO_NVAL))
        ready = CENTRIFUGE_READABLE | CENTRIFUGE_WRITABLE;
    centrifuge_client_socket_ready(((centrifuge_glib *)user)->client, socket, ready);
    return G_SOURCE_CONTINUE;
}

static inline void centrifuge_glib_end_source(gpointer source)
{
    g_source_destroy((GSource *)source);
    g_source_unref((GSource *)source);
}

static inline void centrifuge_glib_add(centrifuge_glib *owner, centrifuge_socket socket, int wanted)
{
    GSource *source = g_unix_fd_source_new(socket, (GIOCondition)wanted);
    GUnixFDSourceFunc told = centrifuge_glib_on_socket;
    g_source_set_callback(source, G_SOURCE_FUNC(told), owner, NULL);
    g_source_attach(source, owner->context);
    g_hash_table_insert(owner->sources, GINT_TO_POINTER(socket), source);
}

static inline gboolean centrifuge_glib_on_timer(GSource *timer, GSourceFunc callback, gpointer user)
{
    (void)callback;
    g_source_set_ready_time(timer, -1);
    centrifuge_client_timer_expired(((centrifuge_glib *)user)->client);
    return G_SOURCE_CONTINUE;
}

static inline void centrifuge_glib_begin(centrifuge_glib *owner)
{
    static GSourceFuncs functions = {NULL, NULL, centrifuge_glib_on_timer, NULL, NULL, NULL};
    owner->sources = g_hash_table_new_full(NULL, NULL, NULL, centrifuge_glib_end_source);
    owner->timer = g_source_new(&functions, sizeof(GSource));
    g_source_set_callback(owner->timer, NULL, owner, NULL);
    g_source_attach(owner->timer, owner->context);
}

static inline void centrifuge_glib_watch(void *user, centrifuge_socket socket, int events)
{
    centrifuge_glib *owner = (centrifuge_glib *)user;
    if (!owner->sources)
        centrifuge_glib_begin(owner);
    g_hash_table_remove(owner->sources, GINT_TO_POINTER(socket));
    if (events != 0) {
        int readable = events & CENTRIFUGE_READABLE ? G_IO_IN : 0;
        centrifuge_glib_add(owner, socket, readable | (events & CENTRIFUGE_WRITABLE ? G_IO_OUT : 0));
    } else if (g_hash_table_size(owner->sources) == 0) { /* that was the last one: the client is gone */
        g_hash_table_unref(owner->sources);
        centrifuge_glib_end_source(owner->timer);
        owner->sources = NULL;
    }
}

static inline void centrifuge_glib_timer(void *user, int64_t milliseconds)
{
    gint64 at = milliseconds < 0 ? -1 : g_get_monotonic_time() + milliseconds * 1000;
    g_source_set_ready_time(((centrifuge_glib *)user)->timer, at);
}

/* Sets the loop's three members of `options`, for one centrifuge_client_new. `context` NULL: the default one. */
static inline void centrifuge_glib_attach(centrifuge_glib *adapter, GMainContext *context, centrifuge_options *options)
{
    adapter->context = context;
    adapter->sources = NULL;
    options->loop_watch = centrifuge_glib_watch;
    options->loop_timer = centrifuge_glib_timer;
    options->loop_user = adapter;
}

#endif

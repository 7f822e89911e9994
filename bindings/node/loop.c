/*
 * centrifuge_client on the loop of its Node environment: a uv_poll_t for each socket, one uv_timer_t.
 */
#include "addon.h"

#include <stdlib.h>

/* ---- life ------------------------------------------------------------------- */

static void release(binding *bound)
{
    if (--bound->holders == 0)
        free(bound);
}

/* Of the last handle: Node may tear its loop down from here on. */
static void handle_closed(binding *bound)
{
    if (--bound->handles == 0 && bound->cleanup) {
        napi_remove_async_cleanup_hook(bound->cleanup);
        bound->cleanup = NULL;
    }
    release(bound);
}

static void on_timer_closed(uv_handle_t *timer)
{
    handle_closed(timer->data);
}

static void on_watcher_closed(uv_handle_t *poll)
{
    watcher *closed = poll->data;
    handle_closed(closed->owner);
    free(closed);
}

/* The loop is asked for nothing more; handles are closed as soon as it runs. */
static void end(binding *bound)
{
    centrifuge_client *client = bound->client;
    if (bound->ended)
        return;
    bound->ended = true;
    bound->client = NULL;
    centrifuge_client_destroy(client);
    uv_close((uv_handle_t *)&bound->timer, on_timer_closed);
    napi_async_destroy(bound->env, bound->context);
    napi_delete_reference(bound->env, bound->self);
}

void binding_drop(binding *bound)
{
    end(bound);
    release(bound);
}

/* The environment (the process, or a worker) comes to its end. */
static void on_cleanup(napi_async_cleanup_hook_handle handle, void *data)
{
    (void)handle;
    end(data);
}

/* Does the process have to stay for this client? */
static bool is_busy(const binding *bound)
{
    return bound->due || centrifuge_client_get_state(bound->client) != CENTRIFUGE_CLIENT_DISCONNECTED ||
           centrifuge_client_will_reconnect(bound->client);
}

static void mark(uv_handle_t *handle, bool busy)
{
    if (busy)
        uv_ref(handle);
    else
        uv_unref(handle);
}

static void settle(binding *bound)
{
    if (!bound->client || bound->busy == is_busy(bound))
        return;
    bound->busy = !bound->busy;
    if (bound->busy)
        napi_reference_ref(bound->env, bound->self, NULL);
    else
        napi_reference_unref(bound->env, bound->self, NULL);
    mark((uv_handle_t *)&bound->timer, bound->busy);
    for (watcher *each = bound->watchers; each; each = each->next)
        mark((uv_handle_t *)&each->poll, bound->busy);
}

/* ---- turns ---------------------------------------------------------------------- */

typedef struct turn {
    napi_handle_scope handles;
    napi_callback_scope callbacks;
} turn;

/* A turn is one task for JavaScript: promises go on when it is over. */
static bool begin(binding *bound, turn *begun)
{
    if (!bound->client || napi_open_handle_scope(bound->env, &begun->handles) != napi_ok)
        return false;
    if (napi_open_callback_scope(bound->env, NULL, bound->context, &begun->callbacks) != napi_ok) {
        napi_close_handle_scope(bound->env, begun->handles);
        return false;
    }
    bound->in_turn = true;
    return true;
}

static void finish(binding *bound, turn *begun)
{
    bound->in_turn = false;
    settle(bound);
    napi_close_callback_scope(bound->env, begun->callbacks);
    napi_close_handle_scope(bound->env, begun->handles);
}

static void on_timer(uv_timer_t *timer)
{
    binding *bound = timer->data;
    turn begun;
    bound->due = false;
    if (!begin(bound, &begun))
        return;
    centrifuge_client_timer_expired(bound->client);
    finish(bound, &begun);
}

/* libuv stops a poll that it reports an error for; the library may want to read what came before it. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
    watcher *ready = poll->data;
    binding *bound = ready->owner;
    turn begun;
    if (!begin(bound, &begun))
        return;
    centrifuge_client_socket_ready(bound->client, ready->socket, status < 0 ? ready->events : events);
    if (status < 0 && !uv_is_closing((uv_handle_t *)poll))
        uv_poll_start(poll, ready->events, on_poll);
    finish(bound, &begun);
}

void binding_flush(binding *bound)
{
    if (bound->client && bound->due && !bound->in_turn) {
        bound->due = false;
        bound->in_turn = true;
        centrifuge_client_timer_expired(bound->client);
        bound->in_turn = false;
    }
    if (!bound->in_turn)
        settle(bound);
}

/* ---- the hooks --------------------------------------------------------------------- */

static void set_timer(void *user, int64_t milliseconds)
{
    binding *bound = user;
    bound->due = milliseconds == 0;
    uv_timer_stop(&bound->timer);
    if (milliseconds < 0)
        return;
    uv_update_time(bound->uv);
    uv_timer_start(&bound->timer, on_timer, (uint64_t)milliseconds, 0);
}

static void forget(watcher **at)
{
    watcher *found = *at;
    *at = found->next;
    uv_close((uv_handle_t *)&found->poll, on_watcher_closed);
}

/* Without memory the socket is not heard of: its connection attempt, or its pings, run into their time limit. */
static watcher *add(binding *bound, centrifuge_socket socket)
{
    watcher *added = calloc(1, sizeof *added);
    if (!added || uv_poll_init_socket(bound->uv, &added->poll, socket) != 0) {
        free(added);
        return NULL;
    }
    added->poll.data = added;
    added->owner = bound;
    added->socket = socket;
    added->next = bound->watchers;
    bound->watchers = added;
    bound->handles++;
    bound->holders++;
    mark((uv_handle_t *)&added->poll, bound->busy);
    return added;
}

static void watch(void *user, centrifuge_socket socket, int events)
{
    binding *bound = user;
    watcher **at = &bound->watchers;
    while (*at && (*at)->socket != socket)
        at = &(*at)->next;
    if (events == 0) {
        if (*at)
            forget(at);
        return;
    }
    watcher *wanted = *at ? *at : add(bound, socket);
    if (!wanted)
        return;
    wanted->events = (events & CENTRIFUGE_READABLE ? UV_READABLE : 0) | (events & CENTRIFUGE_WRITABLE ? UV_WRITABLE : 0);
    uv_poll_start(&wanted->poll, wanted->events, on_poll);
}

/* ---- the beginning -------------------------------------------------------------------- */

static void open_timer(binding *bound)
{
    uv_timer_init(bound->uv, &bound->timer);
    bound->timer.data = bound;
    bound->handles++;
    bound->holders++;
    mark((uv_handle_t *)&bound->timer, false);
}

static bool open_context(binding *bound, napi_value self)
{
    napi_value name;
    return napi_create_string_utf8(bound->env, "centrifuge", NAPI_AUTO_LENGTH, &name) == napi_ok &&
           napi_async_init(bound->env, NULL, name, &bound->context) == napi_ok &&
           napi_create_reference(bound->env, self, 0, &bound->self) == napi_ok &&
           napi_add_async_cleanup_hook(bound->env, on_cleanup, bound, &bound->cleanup) == napi_ok;
}

binding *binding_new(napi_env env, napi_value self)
{
    binding *bound = calloc(1, sizeof *bound);
    if (!bound || napi_get_uv_event_loop(env, &bound->uv) != napi_ok) {
        free(bound);
        return NULL;
    }
    bound->env = env;
    bound->holders = 1;
    open_timer(bound);
    if (open_context(bound, self))
        return bound;
    binding_drop(bound);
    return NULL;
}

/* On error there is no client: it was not told to anybody. */
static centrifuge_error start(binding *bound, centrifuge_options *options)
{
    options->loop_watch = watch;
    options->loop_timer = set_timer;
    options->loop_user = bound;
    centrifuge_error error = centrifuge_client_new(&bound->client, options);
    if (!error)
        error = centrifuge_client_listen(bound->client, &tell_client_events, bound, NULL);
    if (error) {
        centrifuge_client_destroy(bound->client);
        bound->client = NULL;
    }
    return error;
}

centrifuge_error binding_configure(binding *bound, centrifuge_options *options)
{
    options->authorize_user = bound;
    options->refresh_user = bound;
    return bound->client ? centrifuge_client_configure(bound->client, options) : start(bound, options);
}

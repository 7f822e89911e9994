/*
 * The Node addon: libcentrifuge's public functions on Node's own loop, in the form that js/seam.d.ts asks of a core. What users
 * see of it is made by js/api.
 *
 * Files:
 *   addon.c    the module, the methods of its class
 *   options.c  a JavaScript object -> centrifuge_options
 *   tell.c     events and results -> calls of the object `told`
 *   loop.c     the loop hooks on libuv, and the life of a binding
 */
#ifndef CENTRIFUGE_NODE_ADDON_H
#define CENTRIFUGE_NODE_ADDON_H

#define _POSIX_C_SOURCE 200809L /* for uv.h; so this header comes first everywhere */
#define NAPI_VERSION    8

#include <centrifuge/client.h>
#include <node_api.h>
#include <uv.h>

typedef struct binding binding;

/* A socket that the client waits for. */
typedef struct watcher {
    uv_poll_t poll;
    binding *owner;
    centrifuge_socket socket;
    int events;
    struct watcher *next;
} watcher;

/*
 * One client and its JavaScript object. The object is held as long as the client has something to do, as a WebSocket is;
 * afterwards the garbage collector may take both. `holders`: the object, and every handle of libuv that is not closed.
 */
struct binding {
    napi_env env;
    uv_loop_t *uv;
    centrifuge_client *client; /* NULL: not yet configured, or ended */
    napi_ref self;             /* the object; strong while `busy` */
    napi_async_context context;
    napi_async_cleanup_hook_handle cleanup;
    uv_timer_t timer;
    watcher *watchers;
    unsigned holders;
    unsigned handles;
    bool busy;    /* the process is to stay for it */
    bool due;     /* the client wants to be called as soon as possible */
    bool in_turn; /* the client is being called: what it calls must not call it again */
    bool open;    /* a transport was told as open, and not yet as closed */
    bool ended;
};

/* ---- loop.c ------------------------------------------------------------------------- */

/* Of the object `self`, which has what is to be told as its property `told`. NULL without memory. */
binding *binding_new(napi_env env, napi_value self);
/* Makes the client at first. `options` get the loop hooks. */
centrifuge_error binding_configure(binding *bound, centrifuge_options *options);
/* Lets the client do at once what it asked to do as soon as possible, unless it is being called already. */
void binding_flush(binding *bound);
/* Ends the client and gives the object's share back. */
void binding_drop(binding *bound);

/* ---- options.c -------------------------------------------------------------------------- */

/* The memory of the texts and lists that `options` points to. */
typedef struct given_options {
    centrifuge_options options;
    void **owned;
    size_t owned_count;
} given_options;

/*
 * Members are named as in centrifuge_options, but in camel case; those that are missing keep their defaults, null is NULL.
 * Credentials are JSON. Headers and parameters are arrays of name, value, name, value, ...; `authorize` and `refresh` say
 * whether JavaScript answers. The binding is the user of both; binding_configure sets it. `what` names the member that is wrong.
 */
centrifuge_error options_read(napi_env env, napi_value object, given_options *given, const char **what);
void options_free(given_options *given);
/* UTF-8 with NUL behind, to be freed; NULL without memory or for a value that is no string. `size` may be NULL. */
char *text_of(napi_env env, napi_value value, size_t *size);

/* ---- tell.c --------------------------------------------------------------------------------- */

extern const centrifuge_client_events tell_client_events;
extern const centrifuge_subscription_events tell_subscription_events;
/* The options `authorize` and `refresh`; the user is the binding. */
void tell_authorize(centrifuge_client *client, centrifuge_request request, centrifuge_bytes body, void *user);
void tell_refresh(centrifuge_client *client, centrifuge_request request, void *user);
/* Completion of every call. */
void tell_result(centrifuge_subscription *subscription, const centrifuge_result *result, void *user);

/* A JavaScript string; NULL when none could be made. */
napi_value text_value(napi_env env, const char *text);

/* What the completion is given; NULL without memory. */
void *tell_call_new(binding *bound, double number);
void tell_call_free(void *call);

#endif

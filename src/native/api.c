/*
 * The public functions: checks at the edge, then the core.
 */
#include "base/utf8.h"
#include "json/json.h"
#include "native/choice.h"
#include "native/drain.h"
#include "native/driver.h"
#include "native/http.h"
#include "native/open.h"
#include "native/shared.h"
#include "native/thread.h"
#include "system/heap.h"

#include <errno.h>
#include <string.h>

/* What was entered is left, with what is to be returned. */
static centrifuge_error leave(const centrifuge_client *client, centrifuge_error error)
{
    cf_native_driver_leave(client);
    return error;
}

/* The same, after something was asked of the core. */
static centrifuge_error leave_soon(centrifuge_client *client, centrifuge_error error)
{
    cf_native_kick(client);
    return leave(client, error);
}

/* ---- versions and errors ---------------------------------------------------------- */

#define TEXT_OF(number)    #number
#define NUMBER_TEXT(value) TEXT_OF(value)

int centrifuge_version(void)
{
    return CENTRIFUGE_VERSION;
}

const char *centrifuge_version_text(void)
{
    return NUMBER_TEXT(CENTRIFUGE_VERSION_MAJOR) "." NUMBER_TEXT(CENTRIFUGE_VERSION_MINOR) "." NUMBER_TEXT(
        CENTRIFUGE_VERSION_PATCH);
}

centrifuge_error centrifuge_set_allocator(centrifuge_resize resize, void *user)
{
    if (!resize)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    return cf_heap_choose((cf_allocator){resize, user}) ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_INVALID_STATE;
}

typedef struct error_row {
    const char *name;
    const char *text;
    bool temporary;
} error_row;

#define ERROR_ROW(number, name, text, temporary) [number] = {#name, text, temporary},
static const error_row error_rows[] = {CENTRIFUGE_ERROR_TABLE(ERROR_ROW)};
#undef ERROR_ROW

static const error_row *find_error(centrifuge_error error)
{
    static const error_row unknown = {"UNKNOWN", "unknown error", false};
    size_t index = (size_t)error;
    return index < sizeof error_rows / sizeof error_rows[0] && error_rows[index].name ? &error_rows[index] : &unknown;
}

const char *centrifuge_error_name(centrifuge_error error)
{
    return find_error(error)->name;
}

const char *centrifuge_error_text(centrifuge_error error)
{
    return find_error(error)->text;
}

bool centrifuge_error_temporary(centrifuge_error error)
{
    return find_error(error)->temporary;
}

/* ---- life ---------------------------------------------------------------------------- */

static centrifuge_error build(centrifuge_client *client, const centrifuge_options *options)
{
    cf_client_options core;
    cf_environment environment = cf_native_environment(client);
    if (!cf_native_seed(client))
        return CENTRIFUGE_ERROR_SYSTEM;
    centrifuge_error error = cf_native_settings_make(&client->settings, &core, options);
    if (error)
        return error;
    atomic_init(&client->posts_max, client->settings.posts_max);
    error = cf_client_new(&client->core, &core, &environment, cf_native_now(client));
    if (!error)
        error = cf_native_loop_open(&client->loop, options);
    if (error && client->core) {
        cf_client_shutdown(client->core, cf_native_now(client));
        cf_client_free(client->core);
    }
    if (error)
        cf_native_settings_free(&client->settings);
    return error;
}

centrifuge_error centrifuge_client_new(centrifuge_client **made, const centrifuge_options *options)
{
    if (!made)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    *made = NULL;
    centrifuge_client *client = cf_native_process_watch() ? cf_alloc_zero(&cf_heap, 1, sizeof *client) : NULL;
    if (!client)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    cf_native_driver_own(client);
    atomic_init(&client->stop, false);
    client->asked_to_end = true;
    atomic_init(&client->posted, NULL);
    atomic_init(&client->post_count, 0);
    client->open = cf_native_open;
    cf_list_init(&client->transports);
    cf_list_init(&client->subscriptions);
    cf_list_init(&client->listeners);
    *made = client;
    centrifuge_error error = build(client, options);
    if (error) {
        cf_free(&cf_heap, client);
        *made = NULL;
    }
    return error;
}

centrifuge_error centrifuge_client_check(const centrifuge_client *client)
{
    centrifuge_error error = cf_native_driver_enter(client);
    return error ? error : leave(client, error);
}

centrifuge_error centrifuge_client_configure(centrifuge_client *client, const centrifuge_options *options)
{
    cf_native_settings settings;
    cf_client_options core;
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    error = cf_native_settings_make(&settings, &core, options);
    if (error)
        return leave(client, error);
    error = cf_client_configure(client->core, &core, NULL);
    if (error) {
        cf_native_settings_free(&settings);
        return leave(client, error);
    }
    cf_native_settings_free(&client->settings);
    client->settings = settings;
    cf_native_choice_forget(client);
    atomic_store(&client->posts_max, settings.posts_max);
    return leave_soon(client, CENTRIFUGE_ERROR_OK);
}

static centrifuge_error tell_credentials(centrifuge_client *client, centrifuge_credentials *credentials, size_t size)
{
    if (!credentials || size == 0)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    const cf_credentials core = cf_client_credentials(client->core);
    const cf_bytes values[] = {core.user, core.timestamp, core.token, core.info};
    size_t starts[sizeof values / sizeof values[0]];
    cf_buffer text;
    cf_buffer_init(&text, &cf_heap, CF_BUFFER_NO_LIMIT);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        starts[i] = text.size;
        cf_buffer_append(&text, values[i]);
        cf_buffer_append_byte(&text, '\0');
    }
    if (text.failed) {
        cf_buffer_free(&text);
        return CENTRIFUGE_ERROR_NO_MEMORY;
    }
    cf_free(&cf_heap, client->credentials_text);
    client->credentials_text = text.data;
    const centrifuge_credentials known = {.user = text.data + starts[0],
                                          .timestamp = text.data + starts[1],
                                          .token = text.data + starts[2],
                                          .info = text.data + starts[3],
                                          .json = core.json};
    memset(credentials, 0, size);
    memcpy(credentials, &known, size < sizeof known ? size : sizeof known);
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error centrifuge_client_get_credentials_sized(centrifuge_client *client, centrifuge_credentials *credentials,
                                                         size_t size)
{
    centrifuge_error error = cf_native_driver_enter(client);
    return error ? error : leave(client, tell_credentials(client, credentials, size));
}

centrifuge_error centrifuge_client_destroy(centrifuge_client *client)
{
    if (!client)
        return CENTRIFUGE_ERROR_OK;
    if (cf_native_copied(client) && cf_native_started(client)) {
        cf_native_thread_destroy_copy(client);
        return CENTRIFUGE_ERROR_OK;
    }
    centrifuge_error error = cf_native_copied(client) ? CENTRIFUGE_ERROR_OK : cf_native_driver_enter(client);
    if (error)
        return error;
    if (cf_native_started(client))
        return cf_native_thread_destroy(client);
    client->ending = true;
    if (!client->in_turn)
        cf_native_driver_destroy(client);
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error centrifuge_client_adopt(centrifuge_client *client)
{
    if (!client)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    if (cf_native_started(client) || client->in_turn)
        return CENTRIFUGE_ERROR_INVALID_STATE;
    cf_native_driver_own(client);
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error centrifuge_client_connect(centrifuge_client *client)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    error = cf_client_connect(client->core, cf_native_now(client));
    if (!error)
        client->asked_to_end = false;
    return leave_soon(client, error);
}

centrifuge_error centrifuge_client_disconnect(centrifuge_client *client)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    client->asked_to_end = true;
    cf_client_disconnect(client->core, cf_native_now(client));
    return leave_soon(client, CENTRIFUGE_ERROR_OK);
}

centrifuge_error centrifuge_client_network_changed(centrifuge_client *client, bool online)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    cf_native_choice_forget(client);
    cf_client_network_changed(client->core, online, cf_native_now(client));
    return leave_soon(client, CENTRIFUGE_ERROR_OK);
}

centrifuge_error centrifuge_client_ping(centrifuge_client *client)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    cf_client_ping(client->core, cf_native_now(client));
    return leave_soon(client, CENTRIFUGE_ERROR_OK);
}

/* ---- listeners -------------------------------------------------------------------------- */

static centrifuge_error add_listener(centrifuge_client *client, cf_list *listeners, const cf_native_event_kind *kind,
                                     const void *events, size_t size, void *user, centrifuge_listener *id)
{
    if (!events)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    cf_native_listener *listener = cf_native_listener_make(client, kind, events, size, user);
    if (!listener)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    cf_list_append(listeners, &listener->link);
    if (id)
        *id = listener->id;
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error centrifuge_client_listen_sized(size_t size, centrifuge_client *client, const centrifuge_client_events *events,
                                                void *user, centrifuge_listener *listener)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    error = add_listener(client, &client->listeners, &cf_native_client_events, events, size, user, listener);
    return leave(client, error);
}

static centrifuge_error remove_listener(centrifuge_client *client, cf_list *listeners, centrifuge_listener id)
{
    cf_list unused;
    cf_list_init(&unused);
    bool known = cf_native_listener_remove(client, listeners, id, &unused);
    cf_native_driver_leave(client);
    cf_native_listeners_drop(&unused);
    return known ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_INVALID_ARGUMENT;
}

centrifuge_error centrifuge_client_unlisten(centrifuge_client *client, centrifuge_listener listener)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    return remove_listener(client, &client->listeners, listener);
}

static centrifuge_error enter_subscription(const centrifuge_subscription *subscription)
{
    if (!subscription)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    centrifuge_error error = cf_native_driver_enter(subscription->client);
    if (!error && subscription->removed)
        error = leave(subscription->client, CENTRIFUGE_ERROR_UNSUBSCRIBED);
    return error;
}

centrifuge_error centrifuge_subscription_listen_sized(size_t size, centrifuge_subscription *subscription,
                                                      const centrifuge_subscription_events *events, void *user,
                                                      centrifuge_listener *listener)
{
    centrifuge_error error = enter_subscription(subscription);
    if (error)
        return error;
    centrifuge_client *client = subscription->client;
    error = add_listener(client, &subscription->listeners, &cf_native_subscription_events, events, size, user, listener);
    return leave(client, error);
}

centrifuge_error centrifuge_subscription_unlisten(centrifuge_subscription *subscription, centrifuge_listener listener)
{
    centrifuge_error error = enter_subscription(subscription);
    if (error)
        return error;
    return remove_listener(subscription->client, &subscription->listeners, listener);
}

/* ---- questions ------------------------------------------------------------------------------ */

centrifuge_client_state centrifuge_client_get_state(const centrifuge_client *client)
{
    static const centrifuge_client_state states[] = {
        [CF_CLIENT_DISCONNECTED] = CENTRIFUGE_CLIENT_DISCONNECTED,
        [CF_CLIENT_CONNECTING] = CENTRIFUGE_CLIENT_CONNECTING,
        [CF_CLIENT_CONNECTED] = CENTRIFUGE_CLIENT_CONNECTED,
    };
    cf_native_driver_look(client);
    cf_client_state state = cf_client_get_state(client->core);
    cf_native_driver_leave(client);
    return states[state];
}

bool centrifuge_client_will_reconnect(const centrifuge_client *client)
{
    cf_native_driver_look(client);
    bool will = cf_client_will_reconnect(client->core);
    cf_native_driver_leave(client);
    return will;
}

const char *centrifuge_client_id(centrifuge_client *client)
{
    cf_native_driver_look(client);
    cf_free(&cf_heap, client->id_text);
    const char *id = client->id_text = cf_copy(&cf_heap, cf_client_id(client->core));
    cf_native_driver_leave(client);
    return id ? id : "";
}

int64_t centrifuge_client_latency(const centrifuge_client *client)
{
    cf_native_driver_look(client);
    int64_t latency = cf_client_latency(client->core);
    cf_native_driver_leave(client);
    return latency;
}

const char *centrifuge_client_transport(const centrifuge_client *client)
{
    cf_native_driver_look(client);
    bool connected = client->live && cf_client_get_state(client->core) == CF_CLIENT_CONNECTED;
    const char *name = connected ? client->live->ops->name(client->live) : "";
    cf_native_driver_leave(client);
    return name;
}

/* ---- private channels, refresh, batching ------------------------------------------------------ */

static centrifuge_error answer_request(centrifuge_client *client, cf_native_asked asked, centrifuge_request request,
                                       const char *answer, size_t size)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    if (!answer && size > 0)
        return leave(client, CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    cf_native_http_answer(client, asked, request, cf_bytes_make(answer, size));
    return leave(client, CENTRIFUGE_ERROR_OK);
}

centrifuge_error centrifuge_client_authorize_answer(centrifuge_client *client, centrifuge_request request, const char *answer,
                                                    size_t size)
{
    return answer_request(client, CF_NATIVE_AUTHORIZE, request, answer, size);
}

centrifuge_error centrifuge_client_refresh_answer(centrifuge_client *client, centrifuge_request request, const char *answer,
                                                  size_t size)
{
    return answer_request(client, CF_NATIVE_REFRESH, request, answer, size);
}

centrifuge_error centrifuge_client_start_batching(centrifuge_client *client)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    cf_client_start_batching(client->core);
    return leave(client, CENTRIFUGE_ERROR_OK);
}

centrifuge_error centrifuge_client_stop_batching(centrifuge_client *client, bool flush)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    cf_client_stop_batching(client->core, flush, cf_native_now(client));
    return leave_soon(client, CENTRIFUGE_ERROR_OK);
}

centrifuge_error centrifuge_client_flush(centrifuge_client *client)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    cf_client_flush(client->core, cf_native_now(client));
    return leave_soon(client, CENTRIFUGE_ERROR_OK);
}

centrifuge_error centrifuge_client_start_auth_batching(centrifuge_client *client)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    cf_client_start_auth_batching(client->core);
    return leave(client, CENTRIFUGE_ERROR_OK);
}

centrifuge_error centrifuge_client_stop_auth_batching(centrifuge_client *client)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    cf_client_stop_auth_batching(client->core, cf_native_now(client));
    return leave_soon(client, CENTRIFUGE_ERROR_OK);
}

/* ---- subscriptions ---------------------------------------------------------------------------- */

static centrifuge_subscription *new_subscription(centrifuge_client *client, const char *channel)
{
    centrifuge_subscription *subscription = cf_alloc_zero(&cf_heap, 1, sizeof *subscription);
    char *copy = cf_copy(&cf_heap, cf_bytes_of(channel));
    if (!subscription || !copy) {
        cf_free(&cf_heap, subscription);
        cf_free(&cf_heap, copy);
        return NULL;
    }
    subscription->client = client;
    subscription->channel = copy;
    cf_list_init(&subscription->listeners);
    cf_list_append(&client->subscriptions, &subscription->link);
    return subscription;
}

static centrifuge_subscription *find(centrifuge_client *client, const char *channel)
{
    cf_subscription *core = cf_client_find(client->core, cf_bytes_of(channel));
    return core ? cf_subscription_user(core) : NULL;
}

/* The listener is made before the core is asked, so that an error leaves nothing changed. */
static centrifuge_error subscribe(centrifuge_client *client, centrifuge_subscription *subscription,
                                  cf_native_listener *listener)
{
    bool created;
    centrifuge_error error = cf_client_subscribe(client->core, cf_native_now(client), cf_bytes_of(subscription->channel),
                                                 subscription, &subscription->core, &created);
    if (error)
        return error;
    if (listener)
        cf_list_append(&subscription->listeners, &listener->link);
    cf_native_kick(client);
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error find_or_subscribe(centrifuge_client *client, const char *channel,
                                          const centrifuge_subscription_events *events, size_t size, void *user,
                                          centrifuge_subscription **made)
{
    centrifuge_subscription *known = find(client, channel);
    centrifuge_subscription *subscription = known ? known : new_subscription(client, channel);
    cf_native_listener *listener =
        events ? cf_native_listener_make(client, &cf_native_subscription_events, events, size, user) : NULL;
    bool full = !subscription || (events && !listener);
    centrifuge_error error = full ? CENTRIFUGE_ERROR_NO_MEMORY : subscribe(client, subscription, listener);
    if (error) {
        cf_free(&cf_heap, listener);
        if (subscription && !known)
            cf_native_subscription_free(subscription);
        return error;
    }
    if (made)
        *made = subscription;
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error centrifuge_client_subscribe_sized(size_t size, centrifuge_client *client, const char *channel,
                                                   const centrifuge_subscription_events *events, void *user,
                                                   centrifuge_subscription **made)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    error = channel ? find_or_subscribe(client, channel, events, size, user, made) : CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    return leave(client, error);
}

centrifuge_subscription *centrifuge_client_find(centrifuge_client *client, const char *channel)
{
    if (!channel || cf_native_driver_enter(client))
        return NULL;
    centrifuge_subscription *found = find(client, channel);
    cf_native_driver_leave(client);
    return found;
}

const char *centrifuge_subscription_channel(const centrifuge_subscription *subscription)
{
    return subscription->channel;
}

centrifuge_client *centrifuge_subscription_client(const centrifuge_subscription *subscription)
{
    return subscription->client;
}

centrifuge_subscription_state centrifuge_subscription_get_state(const centrifuge_subscription *subscription)
{
    static const centrifuge_subscription_state states[] = {
        [CF_SUBSCRIPTION_NEW] = CENTRIFUGE_SUBSCRIPTION_NEW,
        [CF_SUBSCRIPTION_SUBSCRIBING] = CENTRIFUGE_SUBSCRIPTION_SUBSCRIBING,
        [CF_SUBSCRIPTION_SUBSCRIBED] = CENTRIFUGE_SUBSCRIPTION_SUBSCRIBED,
        [CF_SUBSCRIPTION_REFUSED] = CENTRIFUGE_SUBSCRIPTION_REFUSED,
        [CF_SUBSCRIPTION_UNSUBSCRIBED] = CENTRIFUGE_SUBSCRIPTION_UNSUBSCRIBED,
    };
    cf_native_driver_look(subscription->client);
    cf_subscription_state state =
        subscription->removed ? CF_SUBSCRIPTION_UNSUBSCRIBED : cf_subscription_get_state(subscription->core);
    cf_native_driver_leave(subscription->client);
    return states[state];
}

centrifuge_error centrifuge_subscription_subscribe(centrifuge_subscription *subscription)
{
    centrifuge_error error = enter_subscription(subscription);
    if (error)
        return error;
    error = cf_subscription_subscribe(subscription->core, cf_native_now(subscription->client));
    return leave_soon(subscription->client, error);
}

centrifuge_error centrifuge_subscription_unsubscribe(centrifuge_subscription *subscription)
{
    centrifuge_error error = enter_subscription(subscription);
    if (error)
        return error;
    cf_native_catch_up_drop(subscription);
    cf_subscription_unsubscribe(subscription->core, cf_native_now(subscription->client));
    return leave_soon(subscription->client, CENTRIFUGE_ERROR_OK);
}

centrifuge_error centrifuge_subscription_remove(centrifuge_subscription *subscription)
{
    centrifuge_error error = enter_subscription(subscription);
    if (error)
        return error;
    cf_list unused;
    cf_list_init(&unused);
    subscription->removed = true;
    cf_native_listeners_remove(&subscription->listeners, &unused);
    cf_native_catch_up_drop(subscription);
    cf_subscription_remove(subscription->core, cf_native_now(subscription->client));
    error = leave_soon(subscription->client, CENTRIFUGE_ERROR_OK);
    cf_native_listeners_drop(&unused);
    return error;
}

/* ---- calls ---------------------------------------------------------------------------------------- */

/* What is asked for; `timeout` as in centrifuge_call_options. */
typedef struct cf_native_order {
    cf_method method;
    cf_bytes data;
    int64_t timeout;
} cf_native_order;

/* Without a completion there is nothing to remember: `*call` stays NULL. */
static centrifuge_error make_call(centrifuge_subscription *subscription, centrifuge_completion done, void *user,
                                  cf_native_call **call)
{
    *call = NULL;
    if (!done)
        return CENTRIFUGE_ERROR_OK;
    *call = cf_alloc(&cf_heap, sizeof **call);
    if (!*call)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    **call = (cf_native_call){subscription, done, user};
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error begin_call(centrifuge_subscription *subscription, const cf_native_order *order, cf_time deadline,
                                   centrifuge_completion done, void *user)
{
    cf_native_call *call;
    cf_time now = cf_native_now(subscription->client);
    if (subscription->client->drain)
        return CENTRIFUGE_ERROR_DRAINING;
    centrifuge_error error = make_call(subscription, done, user, &call);
    if (!error)
        error = cf_subscription_call(subscription->core, now, order->method, order->data, deadline, call);
    if (error)
        cf_free(&cf_heap, call);
    return error;
}

/* 0: the core knows. */
static cf_time deadline_of(centrifuge_client *client, const cf_native_order *order)
{
    return order->timeout > 0 ? cf_time_after(cf_native_now(client), order->timeout) : 0;
}

static centrifuge_error call(centrifuge_subscription *subscription, cf_native_order order, centrifuge_completion done,
                             void *user)
{
    centrifuge_error error = enter_subscription(subscription);
    if (error)
        return error;
    cf_time deadline = deadline_of(subscription->client, &order);
    cf_time until = 0;
    do
        error = begin_call(subscription, &order, deadline, done, user);
    while (error && cf_native_shared_wait_for_room(subscription->client, error, &until));
    return error ? leave(subscription->client, error) : leave_soon(subscription->client, error);
}

/* The same, as another version of the struct may have it. */
static centrifuge_error call_with(centrifuge_subscription *subscription, cf_native_order order, size_t options_size,
                                  const centrifuge_call_options *options, centrifuge_completion done, void *user)
{
    centrifuge_call_options known = {.timeout = 0};
    if (options)
        memcpy(&known, options, options_size < sizeof known ? options_size : sizeof known);
    if (known.timeout < 0)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    order.timeout = known.timeout;
    return call(subscription, order, done, user);
}

centrifuge_error centrifuge_subscription_publish_with_sized(size_t options_size, centrifuge_subscription *subscription,
                                                            const char *data, size_t size,
                                                            const centrifuge_call_options *options, centrifuge_completion done,
                                                            void *user)
{
    cf_native_order order = {.method = CF_METHOD_PUBLISH, .data = cf_bytes_make(data, size)};
    if (!data && size > 0)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    return call_with(subscription, order, options_size, options, done, user);
}

centrifuge_error centrifuge_subscription_publish(centrifuge_subscription *subscription, const char *data, size_t size,
                                                 centrifuge_completion done, void *user)
{
    return centrifuge_subscription_publish_with(subscription, data, size, NULL, done, user);
}

/* A text that is too long for the queue is not quoted first, which makes it up to six times as long. */
static centrifuge_error quote(const centrifuge_subscription *subscription, cf_bytes text, cf_buffer *json)
{
    if (!text.data)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    if (text.size > subscription->client->settings.queue_size_max)
        return CENTRIFUGE_ERROR_LIMIT_QUEUE;
    if (!cf_utf8_valid(text))
        return CENTRIFUGE_ERROR_INVALID_UTF8;
    cf_json_write_string(json, text);
    return json->failed ? CENTRIFUGE_ERROR_NO_MEMORY : CENTRIFUGE_ERROR_OK;
}

centrifuge_error centrifuge_subscription_publish_text(centrifuge_subscription *subscription, const char *text,
                                                      centrifuge_completion done, void *user)
{
    cf_buffer json;
    cf_buffer_init(&json, &cf_heap, CF_BUFFER_NO_LIMIT);
    centrifuge_error error = enter_subscription(subscription);
    if (!error)
        error = leave(subscription->client, quote(subscription, cf_bytes_of(text), &json));
    if (!error)
        error = centrifuge_subscription_publish(subscription, json.data, json.size, done, user);
    cf_buffer_free(&json);
    return error;
}

centrifuge_error centrifuge_subscription_presence(centrifuge_subscription *subscription, centrifuge_completion done, void *user)
{
    return call(subscription, (cf_native_order){.method = CF_METHOD_PRESENCE}, done, user);
}

centrifuge_error centrifuge_subscription_presence_with_sized(size_t options_size, centrifuge_subscription *subscription,
                                                             const centrifuge_call_options *options, centrifuge_completion done,
                                                             void *user)
{
    return call_with(subscription, (cf_native_order){.method = CF_METHOD_PRESENCE}, options_size, options, done, user);
}

centrifuge_error centrifuge_subscription_history(centrifuge_subscription *subscription, centrifuge_completion done, void *user)
{
    return call(subscription, (cf_native_order){.method = CF_METHOD_HISTORY}, done, user);
}

centrifuge_error centrifuge_subscription_history_with_sized(size_t options_size, centrifuge_subscription *subscription,
                                                            const centrifuge_call_options *options, centrifuge_completion done,
                                                            void *user)
{
    return call_with(subscription, (cf_native_order){.method = CF_METHOD_HISTORY}, options_size, options, done, user);
}

static centrifuge_error begin_catch_up(centrifuge_subscription *subscription, centrifuge_completion done, void *user)
{
    static const cf_native_order history = {.method = CF_METHOD_HISTORY};
    centrifuge_error error = cf_native_catch_up_prepare(subscription);
    if (!error)
        error = begin_call(subscription, &history, 0, cf_native_catch_up_answered, subscription->catch_up);
    if (!error)
        cf_native_catch_up_begin(subscription, done, user);
    return error;
}

centrifuge_error centrifuge_subscription_catch_up(centrifuge_subscription *subscription, centrifuge_completion done, void *user)
{
    centrifuge_error error = enter_subscription(subscription);
    if (error)
        return error;
    error = begin_catch_up(subscription, done, user);
    return error ? leave(subscription->client, error) : leave_soon(subscription->client, error);
}

centrifuge_error centrifuge_subscription_ready(centrifuge_subscription *subscription, centrifuge_completion done, void *user)
{
    return call(subscription, (cf_native_order){.method = CF_METHOD_UNKNOWN}, done, user);
}

centrifuge_error centrifuge_subscription_ready_with_sized(size_t options_size, centrifuge_subscription *subscription,
                                                          const centrifuge_call_options *options, centrifuge_completion done,
                                                          void *user)
{
    return call_with(subscription, (cf_native_order){.method = CF_METHOD_UNKNOWN}, options_size, options, done, user);
}

centrifuge_error centrifuge_client_drain(centrifuge_client *client, int64_t milliseconds, centrifuge_drained done, void *user)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    error = cf_native_drain_begin(client, milliseconds, done, user);
    return error ? leave(client, error) : leave_soon(client, error);
}

/* ---- loops --------------------------------------------------------------------------------------------- */

static centrifuge_error begin_own_turn(centrifuge_client *client)
{
    centrifuge_error error = cf_native_driver_begin(client);
    if (!error && client->loop.foreign_watch) {
        client->in_turn = false;
        error = CENTRIFUGE_ERROR_INVALID_STATE;
    }
    return error;
}

centrifuge_error centrifuge_client_wait(centrifuge_client *client, int64_t milliseconds)
{
    centrifuge_error error = begin_own_turn(client);
    return error ? error : cf_native_driver_turn(client, milliseconds);
}

centrifuge_error centrifuge_client_tick(centrifuge_client *client)
{
    return centrifuge_client_wait(client, 0);
}

centrifuge_error centrifuge_client_fd(centrifuge_client *client, int *fd)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error)
        return error;
    if (client->loop.foreign_watch || cf_native_started(client))
        return leave(client, CENTRIFUGE_ERROR_INVALID_STATE);
    if (!cf_native_loop_gather(&client->loop))
        return errno == ENOSYS ? CENTRIFUGE_ERROR_UNSUPPORTED : CENTRIFUGE_ERROR_SYSTEM;
    *fd = client->loop.set;
    return CENTRIFUGE_ERROR_OK;
}

int64_t centrifuge_client_timeout(centrifuge_client *client)
{
    if (cf_native_driver_enter(client))
        return 0;
    int64_t milliseconds = cf_native_started(client) ? -1 : cf_native_driver_wait_time(client, -1);
    cf_native_driver_leave(client);
    return milliseconds;
}

centrifuge_error centrifuge_client_run(centrifuge_client *client)
{
    for (;;) {
        centrifuge_error error = begin_own_turn(client);
        if (error)
            return error;
        bool stop = atomic_exchange(&client->stop, false);
        bool idle = cf_native_driver_idle(client);
        if (stop || idle) {
            client->in_turn = false;
            return stop || client->asked_to_end ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_DISCONNECTED;
        }
        error = cf_native_driver_turn(client, -1);
        if (error)
            return error;
    }
}

void centrifuge_client_stop(centrifuge_client *client)
{
    if (cf_native_copied(client))
        return;
    atomic_store(&client->stop, true);
    cf_native_wakeup_signal(&client->loop.wakeup);
}

void centrifuge_client_wake(centrifuge_client *client)
{
    if (!cf_native_copied(client))
        cf_native_wakeup_signal(&client->loop.wakeup);
}

centrifuge_error centrifuge_client_socket_ready(centrifuge_client *client, centrifuge_socket socket, int events)
{
    centrifuge_error error = cf_native_driver_begin(client);
    if (error)
        return error;
    cf_native_driver_ready(client, socket, events);
    if (!client->ending)
        cf_native_post_run(client);
    return cf_native_driver_end(client);
}

centrifuge_error centrifuge_client_timer_expired(centrifuge_client *client)
{
    centrifuge_error error = cf_native_driver_begin(client);
    if (error)
        return error;
    client->loop.armed = CF_TIME_NEVER;
    cf_native_driver_timers(client);
    if (!client->ending)
        cf_native_post_run(client);
    return cf_native_driver_end(client);
}

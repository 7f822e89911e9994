/*
 * Listeners, and what the core tells, in the public structs.
 */
#include "native/inbox.h"

#include "json/json.h"

#include <string.h>

/* ---- strings ---------------------------------------------------------------- */

/* The core hands out slices; a C programmer expects a NUL behind a string. Two ids fit without the heap. */
#define STRINGS_INLINE 192
#define STRINGS_MAX    4

typedef struct cf_strings {
    char space[STRINGS_INLINE];
    size_t used;
    char *heap[STRINGS_MAX];
    size_t heap_count;
} cf_strings;

static void strings_init(cf_strings *strings)
{
    strings->used = strings->heap_count = 0;
}

/* Room for so many bytes and a NUL; NULL without memory. */
static char *place(cf_strings *strings, size_t size)
{
    if (size < STRINGS_INLINE - strings->used) {
        char *text = strings->space + strings->used;
        strings->used += size + 1;
        return text;
    }
    char *text = strings->heap_count < STRINGS_MAX && size < SIZE_MAX ? cf_alloc(&cf_heap, size + 1) : NULL;
    if (text)
        strings->heap[strings->heap_count++] = text;
    return text;
}

/* Without memory the string is empty: the event itself is worth more than its id. */
static const char *string(cf_strings *strings, cf_bytes bytes)
{
    char *text = bytes.size > 0 ? place(strings, bytes.size) : NULL;
    if (!text)
        return "";
    memcpy(text, bytes.data, bytes.size);
    text[bytes.size] = '\0';
    return text;
}

/* Decoded it is never longer. */
static const char *decoded(cf_strings *strings, const cf_json_value *value)
{
    char *text = place(strings, value->raw.size);
    if (!text)
        return "";
    cf_buffer out = {.data = text, .capacity = value->raw.size, .limit = value->raw.size};
    cf_json_decode_string(value->raw, &out);
    text[out.size] = '\0';
    return text;
}

/* Of an object whose members may have any order; the first of that name. */
static const char *find_user(cf_strings *strings, cf_bytes info)
{
    cf_json_reader reader;
    cf_json_value key, value;
    cf_json_reader_init(&reader, info);
    if (info.size == 0 || !cf_json_enter_object(&reader))
        return "";
    while (cf_json_next_member(&reader, &key) && cf_json_read(&reader, &value)) {
        if (!cf_json_string_equal(&key, CF_BYTES("user")))
            continue;
        return value.kind == CF_JSON_STRING ? decoded(strings, &value) : "";
    }
    return "";
}

/*
 * The user's id of what is known of a client. The servers write it first and without escapes: to go through the object for it
 * costs a tenth of the message. `info` was read as JSON before, so the string has its end.
 */
static const char *user_of(cf_strings *strings, cf_bytes info)
{
    static const cf_bytes head = CF_LITERAL("{\"user\":\"");
    if (!cf_bytes_starts_with(info, head))
        return find_user(strings, info);
    size_t end = head.size;
    while (info.data[end] != '"' && info.data[end] != '\\')
        end++;
    return info.data[end] == '"' ? string(strings, cf_bytes_slice(info, head.size, end)) : find_user(strings, info);
}

static void strings_free(cf_strings *strings)
{
    while (strings->heap_count > 0)
        cf_free(&cf_heap, strings->heap[--strings->heap_count]);
}

static centrifuge_bytes raw(cf_bytes bytes)
{
    return (centrifuge_bytes){bytes.data, bytes.size};
}

/* ---- listeners ------------------------------------------------------------------ */

const cf_native_event_kind cf_native_client_events = {sizeof(centrifuge_client_events),
                                                      offsetof(centrifuge_client_events, drop)};
const cf_native_event_kind cf_native_subscription_events = {sizeof(centrifuge_subscription_events),
                                                            offsetof(centrifuge_subscription_events, drop)};

cf_native_listener *cf_native_listener_make(centrifuge_client *client, const cf_native_event_kind *kind, const void *events,
                                            size_t size, void *user)
{
    cf_native_listener *listener = cf_alloc_zero(&cf_heap, 1, sizeof *listener);
    if (!listener)
        return NULL;
    memcpy(&listener->events, events, size < kind->size ? size : kind->size);
    memcpy(&listener->drop, (const char *)&listener->events + kind->drop, sizeof listener->drop);
    listener->id = ++client->last_listener;
    listener->born = client->event_number;
    listener->user = user;
    return listener;
}

static void free_listener(cf_native_listener *listener, bool drop)
{
    const cf_native_listener gone = *listener;
    cf_free(&cf_heap, listener);
    if (gone.drop && drop)
        gone.drop(gone.user);
}

static void remove_listener(cf_native_listener *listener, cf_list *unused)
{
    cf_list_remove(&listener->link);
    listener->removed = true;
    if (!listener->called)
        cf_list_append(unused, &listener->link);
}

bool cf_native_listener_remove(centrifuge_client *client, cf_list *listeners, centrifuge_listener id, cf_list *unused)
{
    CF_LIST_EACH (link, listeners) {
        cf_native_listener *listener = CF_CONTAINER(link, cf_native_listener, link);
        if (listener->id != id)
            continue;
        if (client->next_listener == link)
            client->next_listener = link->next;
        remove_listener(listener, unused);
        return true;
    }
    return false;
}

void cf_native_listeners_remove(cf_list *listeners, cf_list *unused)
{
    while (!cf_list_empty(listeners))
        remove_listener(CF_CONTAINER(listeners->next, cf_native_listener, link), unused);
}

void cf_native_listeners_drop(cf_list *unused)
{
    for (cf_list *link; (link = cf_list_take(unused)) != NULL;)
        free_listener(CF_CONTAINER(link, cf_native_listener, link), true);
}

/* No lock is held while the application drops what it gave; of a copy the parent does. */
static void free_unlocked(const centrifuge_client *client, cf_native_listener *listener)
{
    cf_native_callback_begin(client);
    free_listener(listener, !cf_native_copied(client));
    cf_native_callback_end(client);
}

void cf_native_listeners_free(const centrifuge_client *client, cf_list *listeners)
{
    for (cf_list *link; (link = cf_list_take(listeners)) != NULL;)
        free_unlocked(client, CF_CONTAINER(link, cf_native_listener, link));
}

/* One event going round its listeners. The list may change meanwhile; what is removed is not called. */
typedef struct cf_native_round {
    centrifuge_client *client;
    centrifuge_subscription *subscription; /* NULL for the client's own events */
    const cf_list *listeners;
} cf_native_round;

static cf_native_listener *round_next(const cf_native_round *round)
{
    centrifuge_client *client = round->client;
    while (!client->ending && !(round->subscription && round->subscription->removed) &&
           client->next_listener != round->listeners) {
        cf_native_listener *listener = CF_CONTAINER(client->next_listener, cf_native_listener, link);
        client->next_listener = client->next_listener->next;
        if (listener->born < client->event_number)
            return listener;
    }
    client->next_listener = NULL;
    return NULL;
}

static cf_native_round round_begin(centrifuge_client *client, centrifuge_subscription *subscription)
{
    cf_list *listeners = subscription ? &subscription->listeners : &client->listeners;
    client->event_number++;
    client->next_listener = listeners->next;
    return (cf_native_round){client, subscription, listeners};
}

static void end_call(const centrifuge_client *client, cf_native_listener *listener)
{
    listener->called = false;
    if (listener->removed)
        free_unlocked(client, listener);
}

/* Has one of them a function at `offset` of its events? */
static bool is_heard(const cf_list *listeners, size_t offset)
{
    CF_LIST_EACH (link, listeners) {
        const cf_native_listener *listener = CF_CONTAINER(link, cf_native_listener, link);
        void (*function)(void);
        memcpy(&function, (const char *)&listener->events + offset, sizeof function);
        if (function)
            return true;
    }
    return false;
}

/* Calls `member` of every listener with the object, the event and the listener's own pointer. */
#define TELL(client, subscription, kind, member, object, type, event)                                                          \
    do {                                                                                                                       \
        cf_native_round going = round_begin(client, subscription);                                                             \
        for (cf_native_listener *listener = round_next(&going); listener; listener = round_next(&going)) {                     \
            void (*called)(centrifuge_##kind *, const type *, void *) = listener->events.kind.member;                          \
            if (!called)                                                                                                       \
                continue;                                                                                                      \
            listener->called = true; /* who takes it away meanwhile leaves its memory */                                       \
            cf_native_callback_begin(client);                                                                                  \
            called(object, event, listener->user);                                                                             \
            cf_native_callback_end(client);                                                                                    \
            end_call(client, listener);                                                                                        \
        }                                                                                                                      \
    } while (0)

/* ---- events of the client ----------------------------------------------------------- */

static void tell_connect(centrifuge_client *client, const cf_event *event, cf_strings *strings)
{
    centrifuge_connect_event told = {
        .client = string(strings, event->client),
        .transport = string(strings, event->transport),
        .latency = event->latency,
    };
    TELL(client, NULL, client, connect, client, centrifuge_connect_event, &told);
}

static void tell_disconnect(centrifuge_client *client, const cf_event *event, cf_strings *strings)
{
    centrifuge_disconnect_event told = {.reason = string(strings, event->reason), .reconnect = event->reconnect};
    TELL(client, NULL, client, disconnect, client, centrifuge_disconnect_event, &told);
}

/* Is it told to a subscription, too? The server's answer to its command, or what was made up for its channel. */
static bool is_of_subscription(cf_bytes raw)
{
    cf_json_value method, body, channel;
    if (!cf_json_find(raw, CF_BYTES("method"), &method) || method.kind != CF_JSON_NONE)
        return cf_json_string_equal(&method, CF_BYTES("subscribe"));
    return cf_json_find(raw, CF_BYTES("body"), &body) && cf_json_find(body.raw, CF_BYTES("channel"), &channel) &&
           channel.kind != CF_JSON_NONE;
}

static void print_unheard_error(const centrifuge_client *client, const centrifuge_error_event *event)
{
    if (!is_heard(&client->listeners, offsetof(centrifuge_client_events, error)) &&
        !is_of_subscription(cf_bytes_make(event->raw.bytes, event->raw.size)))
        cf_native_print_error(client, "", event->text, event->advice);
}

static void tell_error(centrifuge_client *client, const cf_event *event, cf_strings *strings)
{
    centrifuge_error_event told = {
        .code = event->code,
        .text = string(strings, event->error),
        .advice = string(strings, event->advice),
        .raw = raw(event->raw),
    };
    print_unheard_error(client, &told);
    TELL(client, NULL, client, error, client, centrifuge_error_event, &told);
}

cf_native_closing cf_native_closing_of(const centrifuge_client *client)
{
    return (cf_native_closing){client->http_status, client->close_reason, client->detail};
}

static void tell_transport_close(centrifuge_client *client, const cf_event *event, const cf_native_closing *closing,
                                 cf_strings *strings)
{
    centrifuge_transport_close_event told = {
        .reason = string(strings, event->reason),
        .reconnect = event->reconnect,
        .code = event->code,
        .close_code = event->code ? CF_WS_CLOSE_ABNORMAL : event->close_code,
        .close_reason = event->code || !closing->close_reason ? "" : closing->close_reason,
        .http_status = closing->http_status,
        .detail = event->code && closing->detail ? closing->detail : "",
    };
    if (told.code && !is_heard(&client->listeners, offsetof(centrifuge_client_events, transport_close)))
        cf_native_print_error(client, "", told.detail[0] ? told.detail : centrifuge_error_text(told.code), "");
    TELL(client, NULL, client, transport_close, client, centrifuge_transport_close_event, &told);
}

static void tell_refresh_failed(centrifuge_client *client, const cf_event *event, cf_strings *strings)
{
    (void)event;
    (void)strings;
    const cf_native_settings *settings = &client->settings;
    bool asks = settings->refresh || settings->endpoints[CF_NATIVE_REFRESH].url;
    centrifuge_refresh_failed_event told = {.attempts = asks ? settings->refresh_attempts : 0};
    TELL(client, NULL, client, refresh_failed, client, centrifuge_refresh_failed_event, &told);
}

void cf_native_events_high_water(centrifuge_client *client, centrifuge_error limit, size_t used, size_t max)
{
    centrifuge_high_water_event told = {.limit = limit, .used = used, .max = max};
    TELL(client, NULL, client, high_water, client, centrifuge_high_water_event, &told);
}

static void tell_high_water(centrifuge_client *client, const cf_event *event, cf_strings *strings)
{
    (void)strings;
    cf_native_events_high_water(client, event->code, event->used, event->max);
}

void cf_native_events_log(centrifuge_client *client, cf_log_level level, cf_bytes text)
{
    if (client->inbox && !client->ending)
        cf_native_inbox_put_log(client, level, text);
    else
        cf_native_events_log_now(client, level, text);
}

void cf_native_events_log_now(centrifuge_client *client, cf_log_level level, cf_bytes text)
{
    static const centrifuge_log_level levels[] = {
        [CF_LOG_DEBUG] = CENTRIFUGE_LOG_DEBUG,
        [CF_LOG_INFO] = CENTRIFUGE_LOG_INFO,
        [CF_LOG_WARNING] = CENTRIFUGE_LOG_WARNING,
        [CF_LOG_ERROR] = CENTRIFUGE_LOG_ERROR,
    };
    if (client->ending || cf_list_empty(&client->listeners))
        return;
    cf_strings strings;
    strings_init(&strings);
    centrifuge_log_event told = {.level = levels[level], .text = string(&strings, text)};
    TELL(client, NULL, client, log, client, centrifuge_log_event, &told);
    strings_free(&strings);
}

/* ---- events of a subscription ---------------------------------------------------------- */

static void round_message(centrifuge_subscription *subscription, const cf_event *event, cf_strings *strings, bool history)
{
    centrifuge_message told = {
        .channel = subscription->channel,
        .data = raw(event->data),
        .uid = string(strings, event->uid),
        .client = string(strings, event->client),
        .info = raw(event->info),
        .raw = raw(event->raw),
        .user = user_of(strings, event->info),
        .history = history,
    };
    TELL(subscription->client, subscription, subscription, message, subscription, centrifuge_message, &told);
}

void cf_native_events_message(centrifuge_subscription *subscription, const cf_event *event, bool history)
{
    cf_strings strings;
    strings_init(&strings);
    round_message(subscription, event, &strings, history);
    strings_free(&strings);
}

static void tell_message(centrifuge_subscription *subscription, const cf_event *event, cf_strings *strings)
{
    if (!subscription->catch_up || !cf_native_catch_up_take(subscription, event))
        round_message(subscription, event, strings, false);
}

static centrifuge_join_event join_event(centrifuge_subscription *subscription, const cf_event *event, cf_strings *strings)
{
    return (centrifuge_join_event){
        .channel = subscription->channel,
        .client = string(strings, event->client),
        .data = raw(event->data),
        .raw = raw(event->raw),
        .user = user_of(strings, event->data),
    };
}

static void tell_join(centrifuge_subscription *subscription, const cf_event *event, cf_strings *strings)
{
    centrifuge_join_event told = join_event(subscription, event, strings);
    TELL(subscription->client, subscription, subscription, join, subscription, centrifuge_join_event, &told);
}

static void tell_leave(centrifuge_subscription *subscription, const cf_event *event, cf_strings *strings)
{
    centrifuge_join_event told = join_event(subscription, event, strings);
    TELL(subscription->client, subscription, subscription, leave, subscription, centrifuge_join_event, &told);
}

static void tell_subscribe(centrifuge_subscription *subscription, const cf_event *event, cf_strings *strings)
{
    (void)strings;
    centrifuge_subscribe_event told = {
        .channel = subscription->channel,
        .resubscribe = event->resubscribe,
        .recovered = event->recovered,
    };
    TELL(subscription->client, subscription, subscription, subscribe, subscription, centrifuge_subscribe_event, &told);
}

static void tell_subscribe_error(centrifuge_subscription *subscription, const cf_event *event, cf_strings *strings)
{
    centrifuge_subscribe_error_event told = {
        .channel = subscription->channel,
        .code = event->code,
        .text = string(strings, event->error),
        .advice = string(strings, event->advice),
        .resubscribe = event->resubscribe,
        .error_json = event->error_json,
    };
    if (!is_heard(&subscription->listeners, offsetof(centrifuge_subscription_events, error)))
        cf_native_print_error(subscription->client, told.channel, told.text, told.advice);
    TELL(subscription->client, subscription, subscription, error, subscription, centrifuge_subscribe_error_event, &told);
}

static void tell_unsubscribe(centrifuge_subscription *subscription, const cf_event *event, cf_strings *strings)
{
    (void)event;
    (void)strings;
    centrifuge_unsubscribe_event told = {.channel = subscription->channel};
    TELL(subscription->client, subscription, subscription, unsubscribe, subscription, centrifuge_unsubscribe_event, &told);
}

/* ---- which is which ---------------------------------------------------------------------- */

typedef struct cf_teller {
    void (*client)(centrifuge_client *client, const cf_event *event, cf_strings *strings);
    void (*subscription)(centrifuge_subscription *subscription, const cf_event *event, cf_strings *strings);
} cf_teller;

static const cf_teller tellers[] = {
    [CF_EVENT_CONNECT] = {tell_connect, NULL},
    [CF_EVENT_DISCONNECT] = {tell_disconnect, NULL},
    [CF_EVENT_ERROR] = {tell_error, NULL},
    [CF_EVENT_REFRESH_FAILED] = {tell_refresh_failed, NULL},
    [CF_EVENT_HIGH_WATER] = {tell_high_water, NULL},
    [CF_EVENT_MESSAGE] = {NULL, tell_message},
    [CF_EVENT_JOIN] = {NULL, tell_join},
    [CF_EVENT_LEAVE] = {NULL, tell_leave},
    [CF_EVENT_SUBSCRIBE] = {NULL, tell_subscribe},
    [CF_EVENT_SUBSCRIBE_ERROR] = {NULL, tell_subscribe_error},
    [CF_EVENT_UNSUBSCRIBE] = {NULL, tell_unsubscribe},
};

void cf_native_subscription_free(centrifuge_subscription *subscription)
{
    cf_list_remove(&subscription->link);
    cf_native_listeners_free(subscription->client, &subscription->listeners);
    cf_native_catch_up_free(subscription);
    cf_free(&cf_heap, subscription->channel);
    cf_free(&cf_heap, subscription);
}

/* What of it waits in the inbox is told first. */
static void forget_removed(centrifuge_subscription *subscription)
{
    subscription->gone = true;
    if (subscription->queued == 0)
        cf_native_subscription_free(subscription);
}

void cf_native_events_deliver(centrifuge_client *client, const cf_effect *effect)
{
    const cf_event *event = &effect->event;
    centrifuge_subscription *subscription = event->subscription ? cf_subscription_user(event->subscription) : NULL;
    if (event->kind == CF_EVENT_REMOVED) {
        forget_removed(subscription);
    } else if (client->inbox) {
        cf_native_inbox_put(client, effect);
    } else {
        cf_native_closing closing = cf_native_closing_of(client);
        cf_native_events_tell(client, subscription, event, &closing);
    }
}

void cf_native_events_tell(centrifuge_client *client, centrifuge_subscription *subscription, const cf_event *event,
                           const cf_native_closing *closing)
{
    if (client->ending)
        return;
    cf_strings strings;
    strings_init(&strings);
    const cf_teller *teller = &tellers[event->kind];
    if (event->kind == CF_EVENT_TRANSPORT_CLOSE)
        tell_transport_close(client, event, closing, &strings);
    else if (teller->client)
        teller->client(client, event, &strings);
    else if (!subscription->removed)
        teller->subscription(subscription, event, &strings);
    strings_free(&strings);
}

static void complete(cf_native_call *call, const cf_result *result)
{
    cf_strings strings;
    strings_init(&strings);
    centrifuge_result told = {
        .code = result->code,
        .error = string(&strings, result->error),
        .advice = string(&strings, result->advice),
        .body = raw(result->body),
        .data = raw(result->data),
        .resubscribe = result->resubscribe,
        .recovered = result->recovered,
        .error_json = result->error_json,
    };
    cf_native_callback_begin(call->subscription->client);
    call->done(call->subscription, &told, call->user);
    cf_native_callback_end(call->subscription->client);
    strings_free(&strings);
}

void cf_native_events_result(const cf_result *result)
{
    cf_native_call *call = result->call;
    if (!call)
        return;
    if (!cf_native_copied(call->subscription->client))
        complete(call, result);
    cf_free(&cf_heap, call);
}

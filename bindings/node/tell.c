/*
 * What the client tells becomes a call of the method of that name of the object `told`, with values in the order of js/seam.d.ts.
 */
#include "addon.h"

#include <stdlib.h>

#define VALUES_MAX 7

/* RFC 6455, section 7.4.1 */
#define CLOSED_WITHOUT_CODE 1005
#define CLOSED_ABNORMALLY   1006

/* One call being put together; a value that could not be made is undefined. */
typedef struct telling {
    binding *bound;
    const char *name;
    napi_handle_scope scope;
    napi_value values[VALUES_MAX];
    size_t count;
} telling;

static void add(telling *told, napi_value value)
{
    if (!value)
        napi_get_undefined(told->bound->env, &value);
    told->values[told->count++] = value;
}

napi_value text_value(napi_env env, const char *text)
{
    napi_value value = NULL;
    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
    return value;
}

static napi_value flag_value(napi_env env, bool flag)
{
    napi_value value = NULL;
    napi_get_boolean(env, flag, &value);
    return value;
}

static napi_value number_value(napi_env env, double number)
{
    napi_value value = NULL;
    napi_create_double(env, number, &value);
    return value;
}

static void add_text(telling *told, const char *text)
{
    add(told, text_value(told->bound->env, text));
}

static void add_json(telling *told, centrifuge_bytes bytes)
{
    napi_value value = NULL;
    napi_create_string_utf8(told->bound->env, bytes.size > 0 ? bytes.bytes : "", bytes.size, &value);
    add(told, value);
}

static void add_flag(telling *told, bool flag)
{
    add(told, flag_value(told->bound->env, flag));
}

static void add_number(telling *told, double number)
{
    add(told, number_value(told->bound->env, number));
}

/* False when nobody is left to be told. */
static bool begin(telling *told, binding *bound, const char *name)
{
    *told = (telling){.bound = bound, .name = name};
    return bound->client && napi_open_handle_scope(bound->env, &told->scope) == napi_ok;
}

/* What a listener threw is for the process to know, and stops nothing here. */
static void report(napi_env env)
{
    napi_value exception;
    if (napi_get_and_clear_last_exception(env, &exception) == napi_ok)
        napi_fatal_exception(env, exception);
}

static void end(telling *told)
{
    napi_env env = told->bound->env;
    napi_value self = NULL;
    napi_value object;
    napi_value function;
    if (napi_get_reference_value(env, told->bound->self, &self) == napi_ok && self &&
        napi_get_named_property(env, self, "told", &object) == napi_ok &&
        napi_get_named_property(env, object, told->name, &function) == napi_ok &&
        napi_call_function(env, object, function, told->count, told->values, NULL) == napi_pending_exception)
        report(env);
    napi_close_handle_scope(env, told->scope);
}

/* ---- the client ------------------------------------------------------------------ */

/*
 * The library has no event for a transport that has opened: the welcome on it shows that it has, and so does a close with a code
 * of the server's.
 */
static void tell_open(binding *bound)
{
    telling told;
    bool known = bound->open;
    bound->open = true;
    if (!known && begin(&told, bound, "open"))
        end(&told);
}

static void tell_connect(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    telling told;
    (void)client;
    tell_open(user);
    if (!begin(&told, user, "connect"))
        return;
    add_text(&told, event->client);
    add_text(&told, event->transport);
    add_number(&told, (double)event->latency);
    end(&told);
}

static void tell_disconnect(centrifuge_client *client, const centrifuge_disconnect_event *event, void *user)
{
    telling told;
    (void)client;
    if (!begin(&told, user, "disconnect"))
        return;
    add_text(&told, event->reason);
    add_flag(&told, event->reconnect);
    end(&told);
}

static void tell_error(centrifuge_client *client, const centrifuge_error_event *event, void *user)
{
    telling told;
    (void)client;
    if (!begin(&told, user, "error"))
        return;
    add_json(&told, event->raw);
    end(&told);
}

/* As a WebSocket's, with the library's error besides: its name, the status of a refused upgrade or 0, and a sentence for people. */
static napi_value close_event(napi_env env, const centrifuge_transport_close_event *event)
{
    napi_value object = NULL;
    napi_create_object(env, &object);
    napi_set_named_property(env, object, "type", text_value(env, "close"));
    napi_set_named_property(env, object, "code", number_value(env, event->close_code));
    napi_set_named_property(env, object, "reason", text_value(env, event->close_reason));
    napi_set_named_property(env, object, "wasClean", flag_value(env, event->close_code != CLOSED_ABNORMALLY));
    napi_set_named_property(env, object, "error", text_value(env, centrifuge_error_name(event->code)));
    napi_set_named_property(env, object, "httpStatus", number_value(env, event->http_status));
    napi_set_named_property(env, object, "detail", text_value(env, event->detail));
    return object;
}

static void tell_transport_close(centrifuge_client *client, const centrifuge_transport_close_event *event, void *user)
{
    telling told;
    binding *bound = user;
    (void)client;
    if (event->close_code != CLOSED_ABNORMALLY && event->close_code != CLOSED_WITHOUT_CODE)
        tell_open(bound);
    bound->open = false;
    if (!begin(&told, bound, "transportClose"))
        return;
    add(&told, close_event(bound->env, event));
    add_text(&told, event->reason);
    add_flag(&told, event->reconnect);
    end(&told);
}

static void tell_log(centrifuge_client *client, const centrifuge_log_event *event, void *user)
{
    telling told;
    (void)client;
    if (!begin(&told, user, "log"))
        return;
    add_text(&told, event->text);
    end(&told);
}

static void tell_refresh_failed(centrifuge_client *client, const centrifuge_refresh_failed_event *event, void *user)
{
    telling told;
    (void)client;
    (void)event;
    if (begin(&told, user, "refreshFailed"))
        end(&told);
}

static void tell_high_water(centrifuge_client *client, const centrifuge_high_water_event *event, void *user)
{
    telling told;
    (void)client;
    if (!begin(&told, user, "highWater"))
        return;
    add_number(&told, event->limit);
    add_number(&told, (double)event->used);
    add_number(&told, (double)event->max);
    end(&told);
}

const centrifuge_client_events tell_client_events = {
    .connect = tell_connect,
    .disconnect = tell_disconnect,
    .error = tell_error,
    .transport_close = tell_transport_close,
    .log = tell_log,
    .refresh_failed = tell_refresh_failed,
    .high_water = tell_high_water,
};

/* ---- requests that JavaScript answers -------------------------------------------------- */

void tell_authorize(centrifuge_client *client, centrifuge_request request, centrifuge_bytes body, void *user)
{
    telling told;
    (void)client;
    if (!begin(&told, user, "authorize"))
        return;
    add_number(&told, request);
    add_json(&told, body);
    end(&told);
}

void tell_refresh(centrifuge_client *client, centrifuge_request request, void *user)
{
    telling told;
    (void)client;
    if (!begin(&told, user, "refresh"))
        return;
    add_number(&told, request);
    end(&told);
}

/* ---- subscriptions -------------------------------------------------------------------- */

static void tell_body(const char *name, const char *channel, centrifuge_bytes raw, binding *bound)
{
    telling told;
    if (!begin(&told, bound, name))
        return;
    add_text(&told, channel);
    add_json(&told, raw);
    end(&told);
}

static void tell_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    tell_body("message", message->channel, message->raw, user);
}

static void tell_join(centrifuge_subscription *subscription, const centrifuge_join_event *event, void *user)
{
    (void)subscription;
    tell_body("join", event->channel, event->raw, user);
}

static void tell_leave(centrifuge_subscription *subscription, const centrifuge_join_event *event, void *user)
{
    (void)subscription;
    tell_body("leave", event->channel, event->raw, user);
}

static void tell_subscribe(centrifuge_subscription *subscription, const centrifuge_subscribe_event *event, void *user)
{
    telling told;
    (void)subscription;
    if (!begin(&told, user, "subscribe"))
        return;
    add_text(&told, event->channel);
    add_flag(&told, event->resubscribe);
    add_flag(&told, event->recovered);
    end(&told);
}

static void tell_refusal(centrifuge_subscription *subscription, const centrifuge_subscribe_error_event *event, void *user)
{
    telling told;
    (void)subscription;
    if (!begin(&told, user, "refuse"))
        return;
    add_text(&told, event->channel);
    add_text(&told, event->text);
    add_flag(&told, event->error_json);
    add_text(&told, event->advice);
    add_flag(&told, event->resubscribe);
    end(&told);
}

static void tell_unsubscribe(centrifuge_subscription *subscription, const centrifuge_unsubscribe_event *event, void *user)
{
    telling told;
    (void)subscription;
    if (!begin(&told, user, "unsubscribe"))
        return;
    add_text(&told, event->channel);
    end(&told);
}

const centrifuge_subscription_events tell_subscription_events = {
    .message = tell_message,
    .join = tell_join,
    .leave = tell_leave,
    .subscribe = tell_subscribe,
    .error = tell_refusal,
    .unsubscribe = tell_unsubscribe,
};

/* ---- results ------------------------------------------------------------------------------ */

typedef struct call {
    binding *bound;
    double number; /* JavaScript knows the call by it */
} call;

void *tell_call_new(binding *bound, double number)
{
    call *made = malloc(sizeof *made);
    if (made)
        *made = (call){bound, number};
    return made;
}

void tell_call_free(void *made)
{
    free(made);
}

void tell_result(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    call ended = *(call *)user;
    telling told;
    (void)subscription;
    free(user);
    if (!begin(&told, ended.bound, "result"))
        return;
    add_number(&told, ended.number);
    add_number(&told, result->code);
    add_text(&told, result->error);
    add_flag(&told, result->error_json);
    add_text(&told, result->advice);
    add_json(&told, result->body);
    add_flag(&told, result->resubscribe);
    end(&told);
}

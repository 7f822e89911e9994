/*
 * The class Core of js/seam.d.ts: each method calls the public function of that name, and lets the client do at once what it can.
 * Channels stand for their subscriptions.
 */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX 3

typedef struct request {
    napi_env env;
    binding *bound;
    napi_value arguments[ARGUMENTS_MAX]; /* undefined where missing */
} request;

/* False: `this` is no Core; JavaScript gets undefined then. */
static bool receive_any(napi_env env, napi_callback_info info, request *got)
{
    size_t count = ARGUMENTS_MAX;
    napi_value self;
    void *bound = NULL;
    *got = (request){.env = env};
    if (napi_get_cb_info(env, info, &count, got->arguments, &self, NULL) != napi_ok ||
        napi_unwrap(env, self, &bound) != napi_ok)
        return false;
    got->bound = bound;
    return true;
}

/* False also for one that was never configured: it has no client. */
static bool receive(napi_env env, napi_callback_info info, request *got)
{
    return receive_any(env, info, got) && got->bound->client;
}

static napi_value integer(napi_env env, int number)
{
    napi_value value = NULL;
    napi_create_int32(env, number, &value);
    return value;
}

/* What the call caused at once is told before it returns. */
static napi_value done(const request *got)
{
    binding_flush(got->bound);
    return NULL;
}

static napi_value answer(const request *got, centrifuge_error error)
{
    done(got);
    return integer(got->env, (int)error);
}

/* ---- life ------------------------------------------------------------------------- */

static void on_collected(napi_env env, void *data, void *hint)
{
    (void)env;
    (void)hint;
    binding_drop(data);
}

/* new Core(told) */
static napi_value js_construct(napi_env env, napi_callback_info info)
{
    size_t count = 1;
    napi_value told;
    napi_value self;
    if (napi_get_cb_info(env, info, &count, &told, &self, NULL) != napi_ok ||
        napi_set_named_property(env, self, "told", told) != napi_ok)
        return NULL;
    binding *bound = binding_new(env, self);
    if (bound && napi_wrap(env, self, bound, on_collected, NULL, NULL) == napi_ok)
        return self;
    if (bound)
        binding_drop(bound);
    napi_throw_error(env, NULL, centrifuge_error_text(CENTRIFUGE_ERROR_NO_MEMORY));
    return NULL;
}

/* Throws { code, option }. */
static void refuse(napi_env env, centrifuge_error error, const char *option)
{
    napi_value refusal;
    if (napi_create_object(env, &refusal) == napi_ok &&
        napi_set_named_property(env, refusal, "code", integer(env, (int)error)) == napi_ok &&
        napi_set_named_property(env, refusal, "option", text_value(env, option)) == napi_ok)
        napi_throw(env, refusal);
}

/* The first call makes the client. */
static napi_value js_configure(napi_env env, napi_callback_info info)
{
    request got;
    given_options given;
    const char *what = "";
    if (!receive_any(env, info, &got))
        return NULL;
    centrifuge_error error = options_read(env, got.arguments[0], &given, &what);
    if (!error)
        error = centrifuge_options_check(&given.options, &what);
    if (!error)
        error = binding_configure(got.bound, &given.options);
    options_free(&given);
    if (error)
        refuse(env, error, what);
    return NULL;
}

static napi_value js_credentials(napi_env env, napi_callback_info info)
{
    request got;
    centrifuge_credentials now;
    napi_value object;
    if (!receive(env, info, &got) || centrifuge_client_get_credentials(got.bound->client, &now) != CENTRIFUGE_ERROR_OK ||
        napi_create_object(env, &object) != napi_ok)
        return NULL;
    const char *const members[][2] = {
        {"user", now.user}, {"timestamp", now.timestamp}, {"token", now.token}, {"info", now.info}};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (napi_set_named_property(env, object, members[i][0], text_value(env, members[i][1])) != napi_ok)
            return NULL;
    return object;
}

/* ---- the client ----------------------------------------------------------------------- */

static napi_value js_connect(napi_env env, napi_callback_info info)
{
    request got;
    return receive(env, info, &got) ? answer(&got, centrifuge_client_connect(got.bound->client)) : NULL;
}

/* Those that cannot fail here. */
static napi_value act(napi_env env, napi_callback_info info, centrifuge_error (*function)(centrifuge_client *client))
{
    request got;
    if (!receive(env, info, &got))
        return NULL;
    function(got.bound->client);
    return done(&got);
}

static napi_value js_disconnect(napi_env env, napi_callback_info info)
{
    return act(env, info, centrifuge_client_disconnect);
}

static napi_value js_ping(napi_env env, napi_callback_info info)
{
    return act(env, info, centrifuge_client_ping);
}

static napi_value js_state(napi_env env, napi_callback_info info)
{
    request got;
    return receive(env, info, &got) ? integer(env, (int)centrifuge_client_get_state(got.bound->client)) : NULL;
}

static napi_value js_id(napi_env env, napi_callback_info info)
{
    request got;
    return receive(env, info, &got) ? text_value(env, centrifuge_client_id(got.bound->client)) : NULL;
}

/* ---- batching --------------------------------------------------------------------------- */

static napi_value js_start_batching(napi_env env, napi_callback_info info)
{
    return act(env, info, centrifuge_client_start_batching);
}

/* (flush) */
static napi_value js_stop_batching(napi_env env, napi_callback_info info)
{
    request got;
    bool flush = false;
    if (!receive(env, info, &got))
        return NULL;
    napi_get_value_bool(env, got.arguments[0], &flush);
    centrifuge_client_stop_batching(got.bound->client, flush);
    return done(&got);
}

static napi_value js_flush(napi_env env, napi_callback_info info)
{
    return act(env, info, centrifuge_client_flush);
}

static napi_value js_start_auth_batching(napi_env env, napi_callback_info info)
{
    return act(env, info, centrifuge_client_start_auth_batching);
}

static napi_value js_stop_auth_batching(napi_env env, napi_callback_info info)
{
    return act(env, info, centrifuge_client_stop_auth_batching);
}

/* ---- answers ------------------------------------------------------------------------------ */

typedef centrifuge_error (*answerer)(centrifuge_client *client, centrifuge_request request, const char *answer, size_t size);

/* (request, JSON or undefined) */
static napi_value answer_request(napi_env env, napi_callback_info info, answerer function)
{
    request got;
    uint32_t number = 0;
    size_t size = 0;
    if (!receive(env, info, &got))
        return NULL;
    napi_get_value_uint32(env, got.arguments[0], &number);
    char *json = text_of(env, got.arguments[1], &size);
    function(got.bound->client, number, json, size);
    free(json);
    return done(&got);
}

static napi_value js_authorize_answer(napi_env env, napi_callback_info info)
{
    return answer_request(env, info, centrifuge_client_authorize_answer);
}

static napi_value js_refresh_answer(napi_env env, napi_callback_info info)
{
    return answer_request(env, info, centrifuge_client_refresh_answer);
}

/* ---- subscriptions ---------------------------------------------------------------------- */

/* The first argument, to be freed. A NUL inside would make another channel of it. */
static centrifuge_error channel_of(const request *got, char **channel)
{
    size_t size;
    *channel = text_of(got->env, got->arguments[0], &size);
    if (!*channel)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    return strlen(*channel) == size ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_INVALID_ARGUMENT;
}

/* The subscription named by the first argument. */
static centrifuge_error find(const request *got, centrifuge_subscription **subscription)
{
    char *channel;
    *subscription = NULL;
    centrifuge_error error = channel_of(got, &channel);
    if (!error)
        *subscription = centrifuge_client_find(got->bound->client, channel);
    free(channel);
    return error || *subscription ? error : CENTRIFUGE_ERROR_UNSUBSCRIBED;
}

/* One listener for each subscription. */
static centrifuge_error subscribe(binding *bound, const char *channel)
{
    bool known = centrifuge_client_find(bound->client, channel) != NULL;
    return centrifuge_client_subscribe(bound->client, channel, known ? NULL : &tell_subscription_events, bound, NULL);
}

/* Calls made(channel). False when it threw. */
static bool tell_made(const request *got)
{
    napi_value nobody;
    return napi_get_undefined(got->env, &nobody) == napi_ok &&
           napi_call_function(got->env, nobody, got->arguments[1], 1, got->arguments, NULL) == napi_ok;
}

/* (channel, made) */
static napi_value js_subscribe(napi_env env, napi_callback_info info)
{
    request got;
    char *channel;
    if (!receive(env, info, &got))
        return NULL;
    centrifuge_error error = channel_of(&got, &channel);
    if (!error)
        error = subscribe(got.bound, channel);
    free(channel);
    return error || tell_made(&got) ? answer(&got, error) : NULL;
}

static napi_value act_on(napi_env env, napi_callback_info info,
                         centrifuge_error (*function)(centrifuge_subscription *subscription))
{
    request got;
    centrifuge_subscription *subscription;
    if (!receive(env, info, &got))
        return NULL;
    if (find(&got, &subscription) == CENTRIFUGE_ERROR_OK)
        function(subscription);
    return done(&got);
}

static napi_value js_unsubscribe(napi_env env, napi_callback_info info)
{
    return act_on(env, info, centrifuge_subscription_unsubscribe);
}

static napi_value js_remove_subscription(napi_env env, napi_callback_info info)
{
    return act_on(env, info, centrifuge_subscription_remove);
}

static napi_value js_subscription_state(napi_env env, napi_callback_info info)
{
    request got;
    centrifuge_subscription *subscription;
    if (!receive(env, info, &got))
        return NULL;
    bool known = find(&got, &subscription) == CENTRIFUGE_ERROR_OK;
    return integer(env, (int)(known ? centrifuge_subscription_get_state(subscription) : CENTRIFUGE_SUBSCRIPTION_UNSUBSCRIBED));
}

/* ---- calls ---------------------------------------------------------------------------------- */

typedef centrifuge_error (*caller)(centrifuge_subscription *subscription, centrifuge_completion done, void *user);

/* (channel, number): the event `result` will carry the number, unless an error is returned. */
static napi_value call(napi_env env, napi_callback_info info, caller function)
{
    request got;
    centrifuge_subscription *subscription;
    double number = 0;
    if (!receive(env, info, &got))
        return NULL;
    napi_get_value_double(env, got.arguments[1], &number);
    void *made = tell_call_new(got.bound, number);
    centrifuge_error error = made ? find(&got, &subscription) : CENTRIFUGE_ERROR_NO_MEMORY;
    if (!error)
        error = function(subscription, tell_result, made);
    if (error)
        tell_call_free(made);
    return answer(&got, error);
}

static napi_value js_presence(napi_env env, napi_callback_info info)
{
    return call(env, info, centrifuge_subscription_presence);
}

static napi_value js_history(napi_env env, napi_callback_info info)
{
    return call(env, info, centrifuge_subscription_history);
}

/* (channel, number, JSON or undefined) */
static napi_value js_publish(napi_env env, napi_callback_info info)
{
    request got;
    centrifuge_subscription *subscription;
    double number = 0;
    size_t size = 0;
    if (!receive(env, info, &got))
        return NULL;
    napi_get_value_double(env, got.arguments[1], &number);
    char *data = text_of(env, got.arguments[2], &size);
    void *made = tell_call_new(got.bound, number);
    centrifuge_error error = made ? find(&got, &subscription) : CENTRIFUGE_ERROR_NO_MEMORY;
    if (!error)
        error = centrifuge_subscription_publish(subscription, data, size, tell_result, made);
    if (error)
        tell_call_free(made);
    free(data);
    return answer(&got, error);
}

/* ---- the module --------------------------------------------------------------------------------- */

/* { name, text, temporary } */
static bool make_row(napi_env env, centrifuge_error error, napi_value *row)
{
    napi_value temporary;
    return napi_create_object(env, row) == napi_ok &&
           napi_get_boolean(env, centrifuge_error_temporary(error), &temporary) == napi_ok &&
           napi_set_named_property(env, *row, "name", text_value(env, centrifuge_error_name(error))) == napi_ok &&
           napi_set_named_property(env, *row, "text", text_value(env, centrifuge_error_text(error))) == napi_ok &&
           napi_set_named_property(env, *row, "temporary", temporary) == napi_ok;
}

/* errors: rows by number */
static bool list_errors(napi_env env, napi_value exports)
{
    napi_value errors;
    if (napi_create_array(env, &errors) != napi_ok)
        return false;
    for (uint32_t i = 0; i < CENTRIFUGE_ERROR_COUNT_; i++) {
        napi_value row;
        if (!make_row(env, (centrifuge_error)i, &row) || napi_set_element(env, errors, i, row) != napi_ok)
            return false;
    }
    return napi_set_named_property(env, exports, "errors", errors) == napi_ok;
}

#define METHOD(name, function)                                                                                                 \
    {                                                                                                                          \
        name, NULL, function, NULL, NULL, NULL, napi_default_method, NULL                                                      \
    }

static bool list_class(napi_env env, napi_value exports)
{
    static const napi_property_descriptor methods[] = {
        METHOD("configure", js_configure),
        METHOD("credentials", js_credentials),
        METHOD("connect", js_connect),
        METHOD("disconnect", js_disconnect),
        METHOD("ping", js_ping),
        METHOD("startBatching", js_start_batching),
        METHOD("stopBatching", js_stop_batching),
        METHOD("flush", js_flush),
        METHOD("startAuthBatching", js_start_auth_batching),
        METHOD("stopAuthBatching", js_stop_auth_batching),
        METHOD("authorizeAnswer", js_authorize_answer),
        METHOD("refreshAnswer", js_refresh_answer),
        METHOD("state", js_state),
        METHOD("id", js_id),
        METHOD("subscribe", js_subscribe),
        METHOD("unsubscribe", js_unsubscribe),
        METHOD("remove", js_remove_subscription),
        METHOD("subscriptionState", js_subscription_state),
        METHOD("publish", js_publish),
        METHOD("presence", js_presence),
        METHOD("history", js_history),
    };
    napi_value class;
    return napi_define_class(env, "Core", NAPI_AUTO_LENGTH, js_construct, NULL, sizeof methods / sizeof methods[0], methods,
                             &class) == napi_ok &&
           napi_set_named_property(env, exports, "Core", class) == napi_ok;
}

/* report(exception): as if nobody had caught it. */
static napi_value js_report(napi_env env, napi_callback_info info)
{
    size_t count = 1;
    napi_value exception;
    if (napi_get_cb_info(env, info, &count, &exception, NULL, NULL) == napi_ok)
        napi_fatal_exception(env, exception);
    return NULL;
}

static bool list_report(napi_env env, napi_value exports)
{
    napi_value function;
    return napi_create_function(env, "report", NAPI_AUTO_LENGTH, js_report, NULL, &function) == napi_ok &&
           napi_set_named_property(env, exports, "report", function) == napi_ok;
}

/* The names by which Node finds an addon. */
NAPI_MODULE_EXPORT int32_t node_api_module_get_api_version_v1(void);
NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports);

int32_t node_api_module_get_api_version_v1(void)
{
    return NAPI_VERSION;
}

napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
    bool good = list_errors(env, exports) && list_class(env, exports) && list_report(env, exports) &&
                napi_set_named_property(env, exports, "version", text_value(env, centrifuge_version_text())) == napi_ok;
    return good ? exports : NULL;
}

#include "native/choice.h"

#include "json/json.h"

#include <string.h>

centrifuge_error centrifuge_options_default_sized(centrifuge_options *options, size_t size)
{
    if (!options || size < sizeof(size_t))
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    cf_client_options core;
    cf_client_options_default(&core);
    centrifuge_options defaults;
    memset(&defaults, 0, sizeof defaults);
    defaults.info = "";
    defaults.resubscribe = core.resubscribe;
    defaults.retry = core.retry;
    defaults.max_retry = core.max_retry;
    defaults.timeout = core.timeout;
    defaults.connect_timeout = core.connect_timeout;
    defaults.ping = core.ping;
    defaults.ping_interval = core.ping_interval;
    defaults.pong_wait_timeout = core.pong_wait_timeout;
    defaults.message_size_max = core.message_size_max;
    defaults.queue_size_max = core.queue_size_max;
    defaults.calls_max = core.calls_max;
    defaults.subscriptions_max = core.subscriptions_max;
    defaults.channel_length_max = core.channel_length_max;
    defaults.recovery_size_max = core.recovery_size_max;
    defaults.frame_size_max = core.frame_size_max;
    defaults.tls_verify = true;
    defaults.private_channel_prefix = "$";
    defaults.auth_timeout = core.auth_timeout;
    defaults.refresh_data = "{}";
    defaults.refresh_timeout = core.refresh_timeout;
    defaults.refresh_interval = core.refresh_interval;
    defaults.refresh_attempts = core.refresh_attempts;
    defaults.http_answer_size_max = (size_t)1 << 20;
    defaults.batch = core.batch;
    defaults.events_per_turn = 10000;
    defaults.posts_max = 65536;
    defaults.fallback_time = 600000;
    defaults.dispatch_max = 10000;
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
    options->size = size;
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error centrifuge_options_debug_sized(centrifuge_options *options, size_t size)
{
    centrifuge_error error = centrifuge_options_default_sized(options, size);
    if (!error && size >= offsetof(centrifuge_options, print_errors) + sizeof(bool))
        options->print_errors = true;
    return error;
}

/* What an application of another version gave, as this version knows it: members it does not have keep their defaults. */
static centrifuge_error read_options(centrifuge_options *known, const centrifuge_options *given)
{
    if (!given || given->size < offsetof(centrifuge_options, loop_user) + sizeof(void *))
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    centrifuge_options_default_sized(known, sizeof *known);
    memcpy(known, given, given->size < sizeof *known ? given->size : sizeof *known);
    known->size = sizeof *known;
    return CENTRIFUGE_ERROR_OK;
}

static cf_bytes slice(const char *text)
{
    return text ? cf_bytes_of(text) : (cf_bytes){NULL, 0};
}

static bool has_sockjs(const centrifuge_options *options)
{
    return !options->transports || options->transports[0] != '\0';
}

static void to_core(cf_client_options *core, const centrifuge_options *options)
{
    cf_client_options_default(core);
    core->url = slice(options->url);
    core->user = slice(options->user);
    core->timestamp = slice(options->timestamp);
    core->token = slice(options->token);
    core->info = slice(options->info);
    core->credentials_json = options->credentials_json;
    core->insecure = options->insecure;
    core->sockjs = has_sockjs(options);
    core->resubscribe = options->resubscribe;
    core->retry = options->retry;
    core->max_retry = options->max_retry;
    core->timeout = options->timeout;
    core->connect_timeout = options->connect_timeout;
    core->ping = options->ping;
    core->ping_interval = options->ping_interval;
    core->pong_wait_timeout = options->pong_wait_timeout;
    core->message_size_max = options->message_size_max;
    core->queue_size_max = options->queue_size_max;
    core->calls_max = options->calls_max;
    core->subscriptions_max = options->subscriptions_max;
    core->channel_length_max = options->channel_length_max;
    core->recovery_size_max = options->recovery_size_max;
    core->frame_size_max = options->frame_size_max;
    if (options->private_channel_prefix)
        core->private_channel_prefix = slice(options->private_channel_prefix);
    core->auth_timeout = options->auth_timeout;
    core->refresh_timeout = options->refresh_timeout;
    core->refresh_interval = options->refresh_interval;
    core->refresh_attempts = options->refresh_attempts;
    core->can_refresh = options->refresh || options->refresh_endpoint;
    core->batch = options->batch;
}

static cf_native_endpoint_options endpoint_options(const centrifuge_options *options, cf_native_asked asked)
{
    if (asked == CF_NATIVE_AUTHORIZE)
        return (cf_native_endpoint_options){
            options->auth_endpoint, "auth_endpoint",      options->auth_headers,     options->auth_header_count,
            "auth_headers",         options->auth_params, options->auth_param_count, "auth_params",
        };
    return (cf_native_endpoint_options){
        options->refresh_endpoint, "refresh_endpoint",      options->refresh_headers,     options->refresh_header_count,
        "refresh_headers",         options->refresh_params, options->refresh_param_count, "refresh_params",
    };
}

static centrifuge_error refuse(const char **what, const char *name)
{
    if (what)
        *what = name;
    return CENTRIFUGE_ERROR_INVALID_OPTION;
}

static centrifuge_error check_way(const centrifuge_options *options, const char **what)
{
    const char *wrong = cf_http_headers_check(options->headers, options->header_count, "headers");
    if (wrong)
        return refuse(what, wrong);
    if (options->tls_key && !options->tls_certificate)
        return refuse(what, "tls_key");
    if (!options->loop_watch != !options->loop_timer)
        return refuse(what, options->loop_watch ? "loop_timer" : "loop_watch");
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error check_requests(const centrifuge_options *options, const char **what)
{
    for (int asked = 0; asked < CF_NATIVE_ASKED_COUNT; asked++) {
        cf_native_endpoint_options endpoint = endpoint_options(options, (cf_native_asked)asked);
        const char *wrong = cf_native_endpoint_check(&endpoint);
        if (wrong)
            return refuse(what, wrong);
    }
    if (!options->refresh_data || !cf_json_valid(cf_bytes_of(options->refresh_data)))
        return refuse(what, "refresh_data");
    if (!options->http_answer_size_max)
        return refuse(what, "http_answer_size_max");
    if (!options->events_per_turn)
        return refuse(what, "events_per_turn");
    if (options->room_wait < 0)
        return refuse(what, "room_wait");
    if (!options->dispatch_max)
        return refuse(what, "dispatch_max");
    return options->posts_max ? CENTRIFUGE_ERROR_OK : refuse(what, "posts_max");
}

/* ---- the address and what is tried there: client-spec.md 3 ---- */

/* Does it end with "connection", so that SockJS is meant, and not whatever is there? */
static bool names_sockjs(const char *url)
{
    cf_bytes path = cf_bytes_make(url, strcspn(url, "?#"));
    if (cf_bytes_ends_with(path, CF_BYTES("/")))
        path.size--;
    return cf_bytes_ends_with(path, CF_BYTES("connection"));
}

static centrifuge_error read_transports(const centrifuge_options *options, uint8_t transports[CF_NATIVE_TRANSPORTS_MAX])
{
    cf_transport_kind kind;
    cf_buffer address;
    bool good = cf_native_choice_read(options->transports, !names_sockjs(options->url), transports);
    cf_buffer_init(&address, &cf_heap, CF_BUFFER_NO_LIMIT);
    centrifuge_error error = cf_client_endpoint(cf_bytes_of(options->url), has_sockjs(options), &kind, &address);
    cf_buffer_free(&address);
    if (!error && kind == CF_TRANSPORT_WEBSOCKET)
        memset(transports, CF_NATIVE_NO_TRANSPORT, CF_NATIVE_TRANSPORTS_MAX);
    return error || good ? error : CENTRIFUGE_ERROR_INVALID_OPTION;
}

/* A segment of a path in which a server may be named: SockJS allows no dots. */
static bool is_server(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size == strspn(text, "-_~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}

static centrifuge_error check_transports(const centrifuge_options *options, const char **what)
{
    uint8_t transports[CF_NATIVE_TRANSPORTS_MAX];
    if (!cf_native_choice_read(options->transports, false, transports))
        return refuse(what, "transports");
    if (options->server && !is_server(options->server))
        return refuse(what, "server");
    return options->fallback_time >= 0 ? CENTRIFUGE_ERROR_OK : refuse(what, "fallback_time");
}

/* What the core leaves to its drivers: a page's is checked by the browser. */
static centrifuge_error check_address(const centrifuge_options *options, const char **what)
{
    CURLU *url;
    centrifuge_error error = cf_http_url_read(&url, cf_bytes_of(options->url), &cf_heap);
    curl_url_cleanup(url);
    if (error == CENTRIFUGE_ERROR_INVALID_URL && what)
        *what = "url";
    return error;
}

static centrifuge_error check(const centrifuge_options *options, cf_client_options *core, const char **what)
{
    to_core(core, options);
    centrifuge_error error = cf_client_options_check(core, what);
    if (!error)
        error = check_address(options, what);
    if (!error)
        error = check_way(options, what);
    if (!error)
        error = check_transports(options, what);
    return error ? error : check_requests(options, what);
}

centrifuge_error centrifuge_options_check(const centrifuge_options *options, const char **what)
{
    centrifuge_options known;
    cf_client_options core;
    centrifuge_error error = read_options(&known, options);
    if (what)
        *what = error && options ? "size" : "";
    return error ? error : check(&known, &core, what);
}

static size_t room(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static const char *keep(char **to, const char *text)
{
    if (!text)
        return NULL;
    char *copy = *to;
    size_t size = strlen(text) + 1;
    memcpy(copy, text, size);
    *to += size;
    return copy;
}

static size_t room_for_endpoints(const centrifuge_options *options)
{
    size_t size = 0;
    for (int asked = 0; asked < CF_NATIVE_ASKED_COUNT; asked++) {
        cf_native_endpoint_options endpoint = endpoint_options(options, (cf_native_asked)asked);
        size += cf_native_endpoint_lines(&endpoint) * sizeof(char *) + cf_native_endpoint_room(&endpoint);
    }
    return size;
}

static size_t room_for_all(const centrifuge_options *options)
{
    size_t size = options->header_count * sizeof(cf_ws_header) + room_for_endpoints(options);
    for (size_t i = 0; i < options->header_count; i++)
        size += room(options->headers[i].name) + room(options->headers[i].value);
    return size + room(options->proxy) + room(options->proxy_user) + room(options->tls_ca_file) + room(options->tls_ca_path) +
           room(options->tls_certificate) + room(options->tls_key) + room(options->tls_key_password) +
           room(options->interface_name) + room(options->refresh_data) + room(options->server) + 1;
}

static void copy_requests(cf_native_settings *settings, const centrifuge_options *options, const char **lines, char **to)
{
    for (int asked = 0; asked < CF_NATIVE_ASKED_COUNT; asked++) {
        cf_native_endpoint_options endpoint = endpoint_options(options, (cf_native_asked)asked);
        cf_native_endpoint_copy(&settings->endpoints[asked], &endpoint, lines, to);
        lines += cf_native_endpoint_lines(&endpoint);
    }
    settings->refresh_data = keep(to, options->refresh_data);
    settings->refresh_attempts = options->refresh_attempts;
    settings->http_answer_size_max = options->http_answer_size_max;
    settings->authorize = options->authorize;
    settings->authorize_user = options->authorize_user;
    settings->refresh = options->refresh;
    settings->refresh_user = options->refresh_user;
}

/* In one block: the arrays first, then the texts. */
static void copy(cf_native_settings *settings, const centrifuge_options *options)
{
    settings->headers = (cf_ws_header *)(void *)settings->strings;
    settings->header_count = options->header_count;
    const char **lines = (const char **)(void *)(settings->headers + options->header_count);
    const char **end = lines;
    for (int asked = 0; asked < CF_NATIVE_ASKED_COUNT; asked++) {
        cf_native_endpoint_options endpoint = endpoint_options(options, (cf_native_asked)asked);
        end += cf_native_endpoint_lines(&endpoint);
    }
    char *to = (char *)(void *)end;
    for (size_t i = 0; i < options->header_count; i++) {
        settings->headers[i].name = cf_bytes_of(keep(&to, options->headers[i].name));
        settings->headers[i].value = cf_bytes_of(keep(&to, options->headers[i].value));
    }
    copy_requests(settings, options, lines, &to);
    settings->way.proxy = keep(&to, options->proxy);
    settings->way.proxy_user = keep(&to, options->proxy_user);
    settings->way.ca_file = keep(&to, options->tls_ca_file);
    settings->way.ca_path = keep(&to, options->tls_ca_path);
    settings->way.certificate = keep(&to, options->tls_certificate);
    settings->way.key = keep(&to, options->tls_key);
    settings->way.key_password = keep(&to, options->tls_key_password);
    settings->way.interface_name = keep(&to, options->interface_name);
    settings->way.verify = options->tls_verify;
    settings->server = keep(&to, options->server);
    settings->fallback_time = options->fallback_time < UINT32_MAX ? (uint32_t)options->fallback_time : UINT32_MAX;
    settings->connect_timeout = options->connect_timeout;
    settings->message_size_max = options->message_size_max;
    settings->queue_size_max = options->queue_size_max;
    settings->events_per_turn = options->events_per_turn;
    settings->posts_max = options->posts_max;
    settings->recovery_size_max = options->recovery_size_max;
    settings->print_errors = options->print_errors;
    settings->room_wait = options->room_wait;
    settings->dispatch = options->dispatch;
    settings->dispatch_max = options->dispatch_max;
}

centrifuge_error cf_native_settings_make(cf_native_settings *settings, cf_client_options *core,
                                         const centrifuge_options *options)
{
    centrifuge_options known;
    memset(settings, 0, sizeof *settings);
    centrifuge_error error = read_options(&known, options);
    if (!error)
        error = check(&known, core, NULL);
    if (!error)
        error = read_transports(&known, settings->transports);
    if (error)
        return error;
    settings->strings = cf_alloc(&cf_heap, room_for_all(&known));
    if (!settings->strings)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    copy(settings, &known);
    return CENTRIFUGE_ERROR_OK;
}

void cf_native_settings_free(cf_native_settings *settings)
{
    cf_free(&cf_heap, settings->strings);
    memset(settings, 0, sizeof *settings);
}

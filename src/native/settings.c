#include "native/native.h"

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
    defaults.tls_verify = true;
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
    options->size = size;
    return CENTRIFUGE_ERROR_OK;
}

/* What an application of another version gave, as this version knows it: members it does not have keep their defaults. */
static centrifuge_error read_options(centrifuge_options *known, const centrifuge_options *given)
{
    if (!given || given->size < offsetof(centrifuge_options, loop_user) + sizeof(void *))
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    centrifuge_options_default(known);
    memcpy(known, given, given->size < sizeof *known ? given->size : sizeof *known);
    known->size = sizeof *known;
    return CENTRIFUGE_ERROR_OK;
}

static cf_bytes slice(const char *text)
{
    return text ? cf_bytes_of(text) : (cf_bytes){NULL, 0};
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
}

static bool one_line(const char *text)
{
    return text && !strpbrk(text, "\r\n");
}

static centrifuge_error refuse(const char **what, const char *name)
{
    if (what)
        *what = name;
    return CENTRIFUGE_ERROR_INVALID_OPTION;
}

static centrifuge_error check_way(const centrifuge_options *options, const char **what)
{
    if (options->header_count > 0 && !options->headers)
        return refuse(what, "headers");
    for (size_t i = 0; i < options->header_count; i++) {
        const centrifuge_header *header = &options->headers[i];
        if (!one_line(header->name) || !one_line(header->value) || !header->name[0] || strpbrk(header->name, ": \t"))
            return refuse(what, "headers");
    }
    if (options->tls_key && !options->tls_certificate)
        return refuse(what, "tls_key");
    if (!options->loop_watch != !options->loop_timer)
        return refuse(what, options->loop_watch ? "loop_timer" : "loop_watch");
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error check(const centrifuge_options *options, cf_client_options *core, const char **what)
{
    to_core(core, options);
    centrifuge_error error = cf_client_options_check(core, what);
    return error ? error : check_way(options, what);
}

centrifuge_error centrifuge_options_check(const centrifuge_options *options, const char **what)
{
    centrifuge_options known;
    cf_client_options core;
    if (what)
        *what = "";
    centrifuge_error error = read_options(&known, options);
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

static size_t room_for_all(const centrifuge_options *options)
{
    size_t size = options->header_count * sizeof(cf_ws_header);
    for (size_t i = 0; i < options->header_count; i++)
        size += room(options->headers[i].name) + room(options->headers[i].value);
    return size + room(options->proxy) + room(options->proxy_user) + room(options->tls_ca_file) + room(options->tls_ca_path) +
           room(options->tls_certificate) + room(options->tls_key) + room(options->tls_key_password) +
           room(options->interface_name) + 1;
}

static void copy(cf_native_settings *settings, const centrifuge_options *options)
{
    settings->headers = (cf_ws_header *)(void *)settings->strings;
    settings->header_count = options->header_count;
    char *to = settings->strings + options->header_count * sizeof(cf_ws_header);
    for (size_t i = 0; i < options->header_count; i++) {
        settings->headers[i].name = cf_bytes_of(keep(&to, options->headers[i].name));
        settings->headers[i].value = cf_bytes_of(keep(&to, options->headers[i].value));
    }
    settings->proxy = keep(&to, options->proxy);
    settings->proxy_user = keep(&to, options->proxy_user);
    settings->ca_file = keep(&to, options->tls_ca_file);
    settings->ca_path = keep(&to, options->tls_ca_path);
    settings->certificate = keep(&to, options->tls_certificate);
    settings->key = keep(&to, options->tls_key);
    settings->key_password = keep(&to, options->tls_key_password);
    settings->interface_name = keep(&to, options->interface_name);
    settings->verify = options->tls_verify;
    settings->connect_timeout = options->connect_timeout;
    settings->message_size_max = options->message_size_max;
    settings->queue_size_max = options->queue_size_max;
}

centrifuge_error cf_native_settings_make(cf_native_settings *settings, cf_client_options *core,
                                         const centrifuge_options *options)
{
    centrifuge_options known;
    memset(settings, 0, sizeof *settings);
    centrifuge_error error = read_options(&known, options);
    if (!error)
        error = check(&known, core, NULL);
    if (error)
        return error;
    settings->strings = cf_alloc(&cf_native_allocator, room_for_all(&known));
    if (!settings->strings)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    copy(settings, &known);
    return CENTRIFUGE_ERROR_OK;
}

void cf_native_settings_free(cf_native_settings *settings)
{
    cf_free(&cf_native_allocator, settings->strings);
    memset(settings, 0, sizeof *settings);
}

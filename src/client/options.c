#include "client/internal.h"

#include "base/utf8.h"

#include <string.h>

#define MEBIBYTE ((size_t)1 << 20)

#define RAW_SUFFIX    CF_BYTES("connection/websocket")
#define SOCKJS_SUFFIX CF_BYTES("connection")

void cf_client_options_default(cf_client_options *options)
{
    *options = (cf_client_options){
        .info = CF_BYTES(""),
        .resubscribe = true,
        .retry = 1000,
        .max_retry = 20000,
        .timeout = 5000,
        .connect_timeout = 10000,
        .ping = true,
        .ping_interval = 30000,
        .pong_wait_timeout = 5000,
        .private_channel_prefix = CF_BYTES("$"),
        .auth_timeout = 10000,
        .refresh_timeout = 10000,
        .refresh_interval = 3000,
        .refresh_attempts = -1,
        .can_refresh = true,
        .message_size_max = 16 * MEBIBYTE,
        .queue_size_max = 16 * MEBIBYTE,
        .calls_max = 65536,
        .subscriptions_max = 65536,
        .channel_length_max = 65535,
    };
}

/* ---- the endpoint: client-spec.md 3 --------------------------------------------------- */

typedef struct scheme {
    cf_bytes from;
    cf_bytes websocket;
    cf_bytes sockjs;
} scheme;

#define SCHEME(from, websocket, sockjs)                                                                                        \
    {                                                                                                                          \
        {from, sizeof(from) - 1}, {websocket, sizeof(websocket) - 1},                                                          \
        {                                                                                                                      \
            sockjs, sizeof(sockjs) - 1                                                                                         \
        }                                                                                                                      \
    }

static const scheme schemes[] = {
    SCHEME("ws://", "ws://", "http://"),
    SCHEME("wss://", "wss://", "https://"),
    SCHEME("http://", "ws://", "http://"),
    SCHEME("https://", "wss://", "https://"),
};

static const scheme *find_scheme(cf_bytes url)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (cf_bytes_equal_fold(cf_bytes_slice(url, 0, schemes[i].from.size), schemes[i].from))
            return &schemes[i];
    }
    return NULL;
}

static cf_bytes without_slash(cf_bytes url)
{
    return cf_bytes_slice(url, 0, cf_bytes_ends_with(url, CF_BYTES("/")) ? url.size - 1 : url.size);
}

/* White space and control characters would break the request's head. */
static bool is_address(cf_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte <= 0x20 || byte == 0x7f)
            return false;
    }
    return text.size > 0 && text.data[0] != '/' && text.data[0] != ':';
}

static void append_address(cf_buffer *address, cf_bytes new_scheme, cf_bytes rest, cf_bytes suffix)
{
    cf_buffer_append(address, new_scheme);
    cf_buffer_append(address, rest);
    if (cf_bytes_ends_with(rest, suffix))
        return;
    cf_buffer_append_byte(address, '/');
    cf_buffer_append(address, suffix);
}

centrifuge_error cf_client_endpoint(cf_bytes url, bool sockjs, cf_transport_kind *kind, cf_buffer *address)
{
    url = without_slash(url);
    const scheme *found = find_scheme(url);
    if (found == NULL)
        return CENTRIFUGE_ERROR_INVALID_URL;
    cf_bytes rest = cf_bytes_slice(url, found->from.size, url.size);
    if (!is_address(rest))
        return CENTRIFUGE_ERROR_INVALID_URL;
    bool raw = cf_bytes_ends_with(rest, RAW_SUFFIX);
    if (!raw && !sockjs && cf_bytes_ends_with(rest, SOCKJS_SUFFIX))
        return CENTRIFUGE_ERROR_UNSUPPORTED;
    *kind = raw || !sockjs ? CF_TRANSPORT_WEBSOCKET : CF_TRANSPORT_SOCKJS;
    if (*kind == CF_TRANSPORT_WEBSOCKET)
        append_address(address, found->websocket, without_slash(rest), RAW_SUFFIX);
    else
        append_address(address, found->sockjs, rest, SOCKJS_SUFFIX);
    return address->failed ? CENTRIFUGE_ERROR_NO_MEMORY : CENTRIFUGE_ERROR_OK;
}

/* ---- validation: client-spec.md 2.2 ---------------------------------------------------- */

static centrifuge_error fail(centrifuge_error error, const char *option, const char **what)
{
    if (what != NULL)
        *what = option;
    return error;
}

static centrifuge_error check_credentials(const cf_client_options *options, const char **what)
{
    if (options->insecure)
        return CENTRIFUGE_ERROR_OK;
    if (options->user.data == NULL)
        return fail(CENTRIFUGE_ERROR_MISSING_USER, "user", what);
    if (options->timestamp.size == 0)
        return fail(CENTRIFUGE_ERROR_MISSING_TIMESTAMP, "timestamp", what);
    if (options->token.size == 0)
        return fail(CENTRIFUGE_ERROR_MISSING_TOKEN, "token", what);
    return CENTRIFUGE_ERROR_OK;
}

/* The url without the memory for its address. */
static centrifuge_error check_url(const cf_client_options *options, const char **what)
{
    cf_transport_kind kind;
    cf_buffer nothing;
    cf_buffer_init(&nothing, NULL, 0);
    centrifuge_error error = cf_client_endpoint(options->url, options->sockjs, &kind, &nothing);
    if (error == CENTRIFUGE_ERROR_INVALID_URL || error == CENTRIFUGE_ERROR_UNSUPPORTED)
        return fail(error, "url", what);
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error check_json(const cf_client_options *options, const char **what)
{
    const struct {
        const char *name;
        cf_bytes value;
    } values[] = {
        {"user", options->user}, {"timestamp", options->timestamp}, {"token", options->token}, {"info", options->info}};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]) && options->credentials_json; i++) {
        if (values[i].value.size > 0 && !cf_json_valid(values[i].value))
            return fail(CENTRIFUGE_ERROR_INVALID_OPTION, values[i].name, what);
    }
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error check_texts(const cf_client_options *options, const char **what)
{
    const struct {
        const char *name;
        cf_bytes text;
    } texts[] = {
        {"url", options->url},     {"user", options->user}, {"timestamp", options->timestamp},
        {"token", options->token}, {"info", options->info}, {"private_channel_prefix", options->private_channel_prefix},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].text.size > CF_OPTION_SIZE_MAX || !cf_utf8_valid(texts[i].text))
            return fail(CENTRIFUGE_ERROR_INVALID_OPTION, texts[i].name, what);
    }
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error check_numbers(const cf_client_options *options, const char **what)
{
    const struct {
        const char *name;
        bool good;
    } numbers[] = {
        {"retry", options->retry > 0},
        {"max_retry", options->max_retry > 0},
        {"timeout", options->timeout > 0},
        {"connect_timeout", options->connect_timeout > 0},
        {"pong_wait_timeout", options->pong_wait_timeout > 0},
        {"auth_timeout", options->auth_timeout > 0},
        {"refresh_timeout", options->refresh_timeout > 0},
        {"refresh_interval", options->refresh_interval > 0},
        {"refresh_attempts", options->refresh_attempts >= -1},
        {"message_size_max", options->message_size_max > 0},
        {"queue_size_max", options->queue_size_max > 0},
        {"calls_max", options->calls_max > 0},
        {"subscriptions_max", options->subscriptions_max > 0},
        {"channel_length_max", options->channel_length_max > 0},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (!numbers[i].good)
            return fail(CENTRIFUGE_ERROR_INVALID_OPTION, numbers[i].name, what);
    }
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error cf_client_options_check(const cf_client_options *options, const char **what)
{
    if (options->url.size == 0)
        return fail(CENTRIFUGE_ERROR_MISSING_URL, "url", what);
    centrifuge_error error = check_credentials(options, what);
    if (error == CENTRIFUGE_ERROR_OK)
        error = check_url(options, what);
    if (error == CENTRIFUGE_ERROR_OK)
        error = check_texts(options, what);
    if (error == CENTRIFUGE_ERROR_OK)
        error = check_json(options, what);
    if (error == CENTRIFUGE_ERROR_OK)
        error = check_numbers(options, what);
    return error;
}

/* ---- how they are kept ------------------------------------------------------------------- */

static cf_settings make_numbers(const cf_client_options *options)
{
    return (cf_settings){
        .retry = options->retry,
        .max_retry = options->max_retry,
        .timeout = options->timeout,
        .connect_timeout = options->connect_timeout,
        .ping_interval = options->ping && options->ping_interval > 0 ? options->ping_interval : 0,
        .pong_wait_timeout = options->pong_wait_timeout,
        .auth_timeout = options->auth_timeout,
        .refresh_timeout = options->refresh_timeout,
        .refresh_interval = options->refresh_interval,
        .refresh_attempts = options->refresh_attempts,
        .can_refresh = options->can_refresh,
        .message_size_max = options->message_size_max,
        .queue_size_max = options->queue_size_max,
        .calls_max = options->calls_max,
        .subscriptions_max = options->subscriptions_max,
        .channel_length_max = options->channel_length_max,
        .credentials_json = options->credentials_json,
        .insecure = options->insecure,
        .resubscribe = options->resubscribe,
        .batch = options->batch,
    };
}

/* `numbers`: all but the texts. */
static cf_settings *make_settings(const cf_settings *numbers, const cf_bytes texts[CF_SETTING_COUNT],
                                  const cf_allocator *allocator)
{
    size_t size = 0;
    for (size_t i = 0; i < CF_SETTING_COUNT; i++)
        size += texts[i].size;
    cf_settings *settings = cf_alloc(allocator, sizeof(cf_settings) + size);
    if (settings == NULL)
        return NULL;
    *settings = *numbers;
    size_t at = 0;
    for (size_t i = 0; i < CF_SETTING_COUNT; i++) {
        if (texts[i].size > 0)
            memcpy(settings->text + at, texts[i].data, texts[i].size);
        at += texts[i].size;
        settings->ends[i] = (uint32_t)at;
    }
    return settings;
}

static cf_settings *make(const cf_client_options *options, cf_transport_kind kind, cf_bytes address,
                         const cf_allocator *allocator)
{
    const cf_bytes texts[CF_SETTING_COUNT] = {
        [CF_SETTING_ADDRESS] = address,
        [CF_SETTING_USER] = options->user,
        [CF_SETTING_TIMESTAMP] = options->timestamp,
        [CF_SETTING_TOKEN] = options->token,
        [CF_SETTING_INFO] = options->info,
        [CF_SETTING_PRIVATE_CHANNEL_PREFIX] = options->private_channel_prefix,
    };
    cf_settings numbers = make_numbers(options);
    numbers.transport = (uint8_t)kind;
    return make_settings(&numbers, texts, allocator);
}

cf_settings *cf_settings_with_credentials(const cf_settings *settings, const cf_bytes texts[CF_SETTING_COUNT],
                                          const cf_allocator *allocator)
{
    cf_bytes all[CF_SETTING_COUNT];
    for (size_t i = 0; i < CF_SETTING_COUNT; i++)
        all[i] = i >= CF_SETTING_USER && i <= CF_SETTING_INFO ? texts[i] : cf_setting_text(settings, (cf_setting)i);
    return make_settings(settings, all, allocator);
}

static centrifuge_error make_checked(cf_settings **settings, const cf_client_options *options, const cf_allocator *allocator)
{
    cf_transport_kind kind;
    cf_buffer address;
    cf_buffer_init(&address, allocator, CF_BUFFER_NO_LIMIT);
    centrifuge_error error = cf_client_endpoint(options->url, options->sockjs, &kind, &address);
    if (error == CENTRIFUGE_ERROR_OK)
        *settings = make(options, kind, cf_buffer_bytes(&address), allocator);
    cf_buffer_free(&address);
    return *settings == NULL ? CENTRIFUGE_ERROR_NO_MEMORY : CENTRIFUGE_ERROR_OK;
}

centrifuge_error cf_settings_new(cf_settings **settings, const cf_client_options *options, const cf_allocator *allocator,
                                 const char **what)
{
    *settings = NULL;
    if (options != NULL) {
        centrifuge_error error = cf_client_options_check(options, what);
        return error != CENTRIFUGE_ERROR_OK ? error : make_checked(settings, options, allocator);
    }
    cf_client_options none;
    cf_client_options_default(&none);
    *settings = make(&none, CF_TRANSPORT_WEBSOCKET, cf_bytes_make(NULL, 0), allocator);
    return *settings == NULL ? CENTRIFUGE_ERROR_NO_MEMORY : CENTRIFUGE_ERROR_OK;
}

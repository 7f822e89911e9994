#include "client/settings.h"

#include "base/utf8.h"

#include <string.h>

#define MEBIBYTE ((size_t)1 << 20)

#define RAW_SUFFIX    CF_BYTES("connection/websocket")
#define SOCKJS_SUFFIX CF_BYTES("connection")

void cf_client_options_default(cf_client_options *options)
{
    static const cf_client_options defaults = {
        .info = CF_LITERAL(""),
        .resubscribe = true,
        .retry = 1000,
        .max_retry = 20000,
        .timeout = 5000,
        .connect_timeout = 10000,
        .ping = true,
        .ping_interval = 30000,
        .pong_wait_timeout = 5000,
        .private_channel_prefix = CF_LITERAL("$"),
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
        .recovery_size_max = 16 * MEBIBYTE,
        .frame_size_max = 65536,
    };
    *options = defaults;
}

/* ---- the endpoint: client-spec.md 3 --------------------------------------------------- */

/* By whether the transport is encrypted, and whether it is HTTP. */
static const cf_bytes schemes[] = {CF_LITERAL("ws://"), CF_LITERAL("wss://"), CF_LITERAL("http://"), CF_LITERAL("https://")};

#define SECURE       1
#define HTTP         2
#define SCHEME_COUNT 4

/* SCHEME_COUNT: none of them. */
static unsigned find_scheme(cf_bytes url)
{
    unsigned i = 0;
    while (i < SCHEME_COUNT && !cf_bytes_equal_fold(cf_bytes_slice(url, 0, schemes[i].size), schemes[i]))
        i++;
    return i;
}

static cf_bytes without_slash(cf_bytes url)
{
    return cf_bytes_slice(url, 0, cf_bytes_ends_with(url, CF_BYTES("/")) ? url.size - 1 : url.size);
}

/* White space and control characters would break the request's head. */
static bool is_clean_address(cf_bytes text)
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
    /* What is not found is at SIZE_MAX, behind the end. */
    url = cf_bytes_slice(url, 0, (size_t)cf_bytes_find(url, CF_BYTES("#")));
    size_t end = (size_t)cf_bytes_find(url, CF_BYTES("?"));
    cf_bytes query = cf_bytes_slice(url, end, SIZE_MAX);
    url = without_slash(cf_bytes_slice(url, 0, end));
    unsigned scheme = find_scheme(url);
    if (scheme == SCHEME_COUNT)
        return CENTRIFUGE_ERROR_INVALID_URL;
    cf_bytes rest = cf_bytes_slice(url, schemes[scheme].size, url.size);
    if (!is_clean_address(rest))
        return CENTRIFUGE_ERROR_INVALID_URL;
    bool raw = cf_bytes_ends_with(rest, RAW_SUFFIX);
    if (!raw && !sockjs && cf_bytes_ends_with(rest, SOCKJS_SUFFIX))
        return CENTRIFUGE_ERROR_UNSUPPORTED;
    *kind = raw || !sockjs ? CF_TRANSPORT_WEBSOCKET : CF_TRANSPORT_SOCKJS;
    if (*kind == CF_TRANSPORT_WEBSOCKET)
        append_address(address, schemes[scheme & SECURE], without_slash(rest), RAW_SUFFIX);
    else
        append_address(address, schemes[HTTP | scheme], rest, SOCKJS_SUFFIX);
    cf_buffer_append(address, query);
    return address->failed ? CENTRIFUGE_ERROR_NO_MEMORY : CENTRIFUGE_ERROR_OK;
}

/* ---- validation: client-spec.md 2.2 ---------------------------------------------------- */

#define MEMBER(name) offsetof(cf_client_options, name)

static centrifuge_error blame_option(centrifuge_error error, size_t member, size_t *fault)
{
    if (fault != NULL)
        *fault = member;
    return error;
}

static centrifuge_error check_credentials(const cf_client_options *options, size_t *fault)
{
    if (options->insecure)
        return CENTRIFUGE_ERROR_OK;
    if (options->user.data == NULL)
        return blame_option(CENTRIFUGE_ERROR_MISSING_USER, MEMBER(user), fault);
    if (options->timestamp.size == 0)
        return blame_option(CENTRIFUGE_ERROR_MISSING_TIMESTAMP, MEMBER(timestamp), fault);
    if (options->token.size == 0)
        return blame_option(CENTRIFUGE_ERROR_MISSING_TOKEN, MEMBER(token), fault);
    return CENTRIFUGE_ERROR_OK;
}

/* The url without the memory for its address. */
static centrifuge_error check_url(const cf_client_options *options, size_t *fault)
{
    cf_transport_kind kind;
    cf_buffer nothing;
    cf_buffer_init(&nothing, NULL, 0);
    centrifuge_error error = cf_client_endpoint(options->url, options->sockjs, &kind, &nothing);
    if (error == CENTRIFUGE_ERROR_INVALID_URL || error == CENTRIFUGE_ERROR_UNSUPPORTED)
        return blame_option(error, MEMBER(url), fault);
    return CENTRIFUGE_ERROR_OK;
}

/* What an option has to be. */
typedef enum rule_kind {
    RULE_TEXT,
    RULE_JSON, /* of credentials that are JSON */
    RULE_TIME,
    RULE_ATTEMPTS,
    RULE_SIZE
} rule_kind;

#define RULES(X)                                                                                                               \
    X(url, RULE_TEXT)                                                                                                          \
    X(user, RULE_TEXT)                                                                                                         \
    X(timestamp, RULE_TEXT)                                                                                                    \
    X(token, RULE_TEXT)                                                                                                        \
    X(info, RULE_TEXT)                                                                                                         \
    X(private_channel_prefix, RULE_TEXT)                                                                                       \
    X(user, RULE_JSON)                                                                                                         \
    X(timestamp, RULE_JSON)                                                                                                    \
    X(token, RULE_JSON)                                                                                                        \
    X(info, RULE_JSON)                                                                                                         \
    X(retry, RULE_TIME)                                                                                                        \
    X(max_retry, RULE_TIME)                                                                                                    \
    X(timeout, RULE_TIME)                                                                                                      \
    X(connect_timeout, RULE_TIME)                                                                                              \
    X(pong_wait_timeout, RULE_TIME)                                                                                            \
    X(auth_timeout, RULE_TIME)                                                                                                 \
    X(refresh_timeout, RULE_TIME)                                                                                              \
    X(refresh_interval, RULE_TIME)                                                                                             \
    X(refresh_attempts, RULE_ATTEMPTS)                                                                                         \
    X(message_size_max, RULE_SIZE)                                                                                             \
    X(queue_size_max, RULE_SIZE)                                                                                               \
    X(calls_max, RULE_SIZE)                                                                                                    \
    X(subscriptions_max, RULE_SIZE)                                                                                            \
    X(channel_length_max, RULE_SIZE)                                                                                           \
    X(recovery_size_max, RULE_SIZE)                                                                                            \
    X(frame_size_max, RULE_SIZE)

typedef struct rule {
    uint16_t offset; /* in cf_client_options */
    uint16_t kind;   /* rule_kind */
} rule;

#define RULE(name, kind) {MEMBER(name), kind},
static const rule rules[] = {RULES(RULE)};

#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))
#define TEXTS      6 /* the first of them */

static bool keeps(const cf_client_options *options, const rule *one)
{
    const void *value = (const char *)options + one->offset;
    const cf_bytes *text = value;
    switch (one->kind) {
    case RULE_TEXT:
        return text->size <= CF_OPTION_SIZE_MAX && cf_utf8_valid(*text);
    case RULE_JSON:
        return !options->credentials_json || text->size == 0 || cf_json_valid(*text);
    case RULE_TIME:
        return *(const int64_t *)value > 0;
    case RULE_ATTEMPTS:
        return *(const int64_t *)value >= -1;
    default: /* RULE_SIZE */
        return *(const size_t *)value > 0;
    }
}

/* What the escapes add is seen when they are sent. */
static centrifuge_error check_size(const cf_client_options *options, size_t *fault)
{
    size_t size = options->user.size + options->timestamp.size + options->token.size + options->info.size;
    return size <= options->frame_size_max ? CENTRIFUGE_ERROR_OK
                                           : blame_option(CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE, MEMBER(frame_size_max), fault);
}

static centrifuge_error check(const cf_client_options *options, size_t *fault)
{
    if (options->url.size == 0)
        return blame_option(CENTRIFUGE_ERROR_MISSING_URL, MEMBER(url), fault);
    centrifuge_error error = check_credentials(options, fault);
    if (error == CENTRIFUGE_ERROR_OK)
        error = check_url(options, fault);
    for (size_t i = 0; i < RULE_COUNT && error == CENTRIFUGE_ERROR_OK; i++) {
        if (!keeps(options, &rules[i]))
            error = blame_option(CENTRIFUGE_ERROR_INVALID_OPTION, rules[i].offset, fault);
    }
    return error == CENTRIFUGE_ERROR_OK ? check_size(options, fault) : error;
}

static const char *name_of(size_t member)
{
    static const struct {
        const char *text;
        size_t offset;
    } names[] = {
#define NAME(name, kind) {#name, MEMBER(name)},
        RULES(NAME)};
    size_t i = 0;
    while (names[i].offset != member)
        i++;
    return names[i].text;
}

centrifuge_error cf_client_options_check(const cf_client_options *options, const char **what)
{
    size_t fault;
    centrifuge_error error = check(options, &fault);
    if (error != CENTRIFUGE_ERROR_OK && what != NULL)
        *what = name_of(fault);
    return error;
}

/* ---- how they are kept ------------------------------------------------------------------- */

static cf_bytes *text_of(cf_client_options *options, size_t i)
{
    return (cf_bytes *)(void *)((char *)options + rules[i].offset);
}

cf_settings *cf_settings_make(const cf_client_options *options, cf_transport_kind transport, const cf_allocator *allocator)
{
    cf_client_options copy = *options;
    size_t size = 0;
    for (size_t i = 0; i < TEXTS; i++)
        size += text_of(&copy, i)->size;
    cf_settings *settings = cf_alloc(allocator, sizeof(cf_settings) + size);
    if (settings == NULL)
        return NULL;
    *settings = (cf_settings){.options = copy, .transport = transport, .size = size};
    char *at = settings->text;
    for (size_t i = 0; i < TEXTS; i++) {
        cf_bytes *text = text_of(&settings->options, i);
        if (text->size > 0)
            memcpy(at, text->data, text->size);
        text->data = at;
        at += text->size;
    }
    return settings;
}

/* The address is kept in place of the url. */
static centrifuge_error make_checked(cf_settings **settings, const cf_client_options *options, const cf_allocator *allocator)
{
    cf_client_options resolved = *options;
    cf_transport_kind kind;
    cf_buffer address;
    cf_buffer_init(&address, allocator, CF_BUFFER_NO_LIMIT);
    centrifuge_error error = cf_client_endpoint(options->url, options->sockjs, &kind, &address);
    resolved.url = cf_buffer_bytes(&address);
    if (error == CENTRIFUGE_ERROR_OK)
        *settings = cf_settings_make(&resolved, kind, allocator);
    cf_buffer_free(&address);
    return *settings == NULL ? CENTRIFUGE_ERROR_NO_MEMORY : CENTRIFUGE_ERROR_OK;
}

centrifuge_error cf_settings_new(cf_settings **settings, const cf_client_options *options, const cf_allocator *allocator,
                                 size_t *fault)
{
    *settings = NULL;
    if (options != NULL) {
        centrifuge_error error = check(options, fault);
        return error != CENTRIFUGE_ERROR_OK ? error : make_checked(settings, options, allocator);
    }
    cf_client_options none;
    cf_client_options_default(&none);
    *settings = cf_settings_make(&none, CF_TRANSPORT_WEBSOCKET, allocator);
    return *settings == NULL ? CENTRIFUGE_ERROR_NO_MEMORY : CENTRIFUGE_ERROR_OK;
}

cf_credentials cf_client_credentials(const cf_client *client)
{
    const cf_client_options *options = &client->settings->options;
    return (cf_credentials){
        .user = options->user,
        .timestamp = options->timestamp,
        .token = options->token,
        .info = options->info,
        .json = options->credentials_json,
    };
}

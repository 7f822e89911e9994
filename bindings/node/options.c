/*
 * Options by the names that centrifuge_options gives them, in camel case.
 */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

char *text_of(napi_env env, napi_value value, size_t *size)
{
    size_t length;
    if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok)
        return NULL;
    char *text = malloc(length + 1);
    if (text)
        napi_get_value_string_utf8(env, value, text, length + 1, &length);
    if (size)
        *size = length;
    return text;
}

#define NAME_ROOM 32 /* characters of the longest name, and NUL */

typedef enum option_kind { OPTION_TEXT, OPTION_FLAG, OPTION_TIME, OPTION_SIZE, OPTION_HEADERS, OPTION_PARAMETERS } option_kind;

typedef struct option {
    const char *name; /* of the member */
    size_t at;
    option_kind kind;
    size_t count_at; /* of a list */
} option;

#define OPTION(member, kind)                                                                                                   \
    {                                                                                                                          \
#member, offsetof(centrifuge_options, member), kind, 0                                                                 \
    }

#define LIST(member, count, kind)                                                                                              \
    {                                                                                                                          \
#member, offsetof(centrifuge_options, member), kind, offsetof(centrifuge_options, count)                               \
    }

static const option known[] = {
    OPTION(url, OPTION_TEXT),
    OPTION(user, OPTION_TEXT),
    OPTION(timestamp, OPTION_TEXT),
    OPTION(token, OPTION_TEXT),
    OPTION(info, OPTION_TEXT),
    OPTION(insecure, OPTION_FLAG),
    OPTION(resubscribe, OPTION_FLAG),
    OPTION(retry, OPTION_TIME),
    OPTION(max_retry, OPTION_TIME),
    OPTION(timeout, OPTION_TIME),
    OPTION(connect_timeout, OPTION_TIME),
    OPTION(ping, OPTION_FLAG),
    OPTION(ping_interval, OPTION_TIME),
    OPTION(pong_wait_timeout, OPTION_TIME),
    OPTION(message_size_max, OPTION_SIZE),
    OPTION(queue_size_max, OPTION_SIZE),
    OPTION(calls_max, OPTION_SIZE),
    OPTION(subscriptions_max, OPTION_SIZE),
    OPTION(channel_length_max, OPTION_SIZE),
    OPTION(recovery_size_max, OPTION_SIZE),
    OPTION(frame_size_max, OPTION_SIZE),
    OPTION(proxy, OPTION_TEXT),
    OPTION(proxy_user, OPTION_TEXT),
    OPTION(tls_verify, OPTION_FLAG),
    OPTION(tls_ca_file, OPTION_TEXT),
    OPTION(tls_ca_path, OPTION_TEXT),
    OPTION(tls_certificate, OPTION_TEXT),
    OPTION(tls_key, OPTION_TEXT),
    OPTION(tls_key_password, OPTION_TEXT),
    OPTION(interface_name, OPTION_TEXT),
    OPTION(transports, OPTION_TEXT),
    OPTION(server, OPTION_TEXT),
    OPTION(fallback_time, OPTION_TIME),
    OPTION(private_channel_prefix, OPTION_TEXT),
    OPTION(auth_endpoint, OPTION_TEXT),
    OPTION(auth_timeout, OPTION_TIME),
    OPTION(refresh_endpoint, OPTION_TEXT),
    OPTION(refresh_data, OPTION_TEXT),
    OPTION(refresh_timeout, OPTION_TIME),
    OPTION(refresh_interval, OPTION_TIME),
    OPTION(refresh_attempts, OPTION_TIME),
    OPTION(http_answer_size_max, OPTION_SIZE),
    OPTION(batch, OPTION_FLAG),
    OPTION(events_per_turn, OPTION_SIZE),
    LIST(headers, header_count, OPTION_HEADERS),
    LIST(auth_headers, auth_header_count, OPTION_HEADERS),
    LIST(auth_params, auth_param_count, OPTION_PARAMETERS),
    LIST(refresh_headers, refresh_header_count, OPTION_HEADERS),
    LIST(refresh_params, refresh_param_count, OPTION_PARAMETERS),
};

/* False without memory; the memory is free then. */
static bool keep(given_options *given, void *memory)
{
    void **more = memory ? realloc(given->owned, (given->owned_count + 1) * sizeof *more) : NULL;
    if (!more) {
        free(memory);
        return false;
    }
    given->owned = more;
    more[given->owned_count++] = memory;
    return true;
}

static centrifuge_error read_text(napi_env env, napi_value value, given_options *given, const char **member)
{
    size_t size;
    char *text = text_of(env, value, &size);
    if (!keep(given, text))
        return CENTRIFUGE_ERROR_NO_MEMORY;
    *member = text;
    return strlen(text) == size ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_INVALID_OPTION; /* NUL would cut it */
}

/* Name and value at `index` of the array. */
static centrifuge_error read_pair(napi_env env, napi_value array, uint32_t index, given_options *given, const char *pair[2])
{
    for (uint32_t i = 0; i < 2; i++) {
        napi_value value;
        if (napi_get_element(env, array, index + i, &value) != napi_ok)
            return CENTRIFUGE_ERROR_INVALID_OPTION;
        centrifuge_error error = read_text(env, value, given, &pair[i]);
        if (error)
            return error;
    }
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error read_headers(napi_env env, napi_value array, uint32_t count, given_options *given,
                                     const centrifuge_header **member)
{
    centrifuge_header *headers = calloc(count, sizeof *headers);
    if (!keep(given, headers))
        return CENTRIFUGE_ERROR_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        const char *pair[2];
        centrifuge_error error = read_pair(env, array, 2 * i, given, pair);
        if (error)
            return error;
        headers[i] = (centrifuge_header){pair[0], pair[1]};
    }
    *member = headers;
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error read_parameters(napi_env env, napi_value array, uint32_t count, given_options *given,
                                        const centrifuge_parameter **member)
{
    centrifuge_parameter *parameters = calloc(count, sizeof *parameters);
    if (!keep(given, parameters))
        return CENTRIFUGE_ERROR_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        const char *pair[2];
        centrifuge_error error = read_pair(env, array, 2 * i, given, pair);
        if (error)
            return error;
        parameters[i] = (centrifuge_parameter){pair[0], pair[1]};
    }
    *member = parameters;
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error read_list(napi_env env, napi_value array, const option *wanted, given_options *given)
{
    void *member = (char *)&given->options + wanted->at;
    size_t *count = (size_t *)(void *)((char *)&given->options + wanted->count_at);
    uint32_t length;
    if (napi_get_array_length(env, array, &length) != napi_ok)
        return CENTRIFUGE_ERROR_INVALID_OPTION;
    *count = length / 2;
    if (*count == 0)
        return CENTRIFUGE_ERROR_OK;
    return wanted->kind == OPTION_HEADERS ? read_headers(env, array, length / 2, given, member)
                                          : read_parameters(env, array, length / 2, given, member);
}

static centrifuge_error read_number(napi_env env, napi_value value, option_kind kind, void *member)
{
    int64_t number = 0;
    double exact = 0;
    if (napi_get_value_int64(env, value, &number) != napi_ok || napi_get_value_double(env, value, &exact) != napi_ok)
        return CENTRIFUGE_ERROR_INVALID_OPTION;
    bool endless = exact >= (double)INT64_MAX; /* Infinity, too, which is 0 as an integer */
    if (kind == OPTION_TIME)
        *(int64_t *)member = endless ? INT64_MAX : number;
    else
        *(size_t *)member = endless ? SIZE_MAX : number < 0 ? 0 : (size_t)number;
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error read_member(napi_env env, napi_value value, const option *wanted, given_options *given)
{
    void *member = (char *)&given->options + wanted->at;
    napi_valuetype type;
    if (napi_typeof(env, value, &type) != napi_ok || type == napi_undefined)
        return CENTRIFUGE_ERROR_OK;
    if (wanted->kind == OPTION_FLAG)
        return napi_get_value_bool(env, value, member) == napi_ok ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_INVALID_OPTION;
    if (wanted->kind == OPTION_HEADERS || wanted->kind == OPTION_PARAMETERS)
        return read_list(env, value, wanted, given);
    if (wanted->kind != OPTION_TEXT)
        return read_number(env, value, wanted->kind, member);
    if (type == napi_string)
        return read_text(env, value, given, member);
    *(const char **)member = NULL;
    return CENTRIFUGE_ERROR_OK;
}

/* Is the member true? */
static bool asked(napi_env env, napi_value object, const char *name)
{
    napi_value value;
    bool flag = false;
    return napi_get_named_property(env, object, name, &value) == napi_ok && napi_get_value_bool(env, value, &flag) == napi_ok &&
           flag;
}

/* auth_endpoint -> authEndpoint */
static void camel(const char *member, char name[NAME_ROOM])
{
    for (; *member; member++) {
        bool begins = *member == '_';
        *name++ = begins ? (char)(*++member - 'a' + 'A') : *member;
    }
    *name = '\0';
}

centrifuge_error options_read(napi_env env, napi_value object, given_options *given, const char **what)
{
    given->owned = NULL;
    given->owned_count = 0;
    centrifuge_options_default(&given->options);
    given->options.print_errors = false; /* a script listens, or has none of it */
    given->options.credentials_json = true;
    given->options.authorize = asked(env, object, "authorize") ? tell_authorize : NULL;
    given->options.refresh = asked(env, object, "refresh") ? tell_refresh : NULL;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char name[NAME_ROOM];
        napi_value value;
        camel(known[i].name, name);
        *what = known[i].name;
        if (napi_get_named_property(env, object, name, &value) != napi_ok)
            return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
        centrifuge_error error = read_member(env, value, &known[i], given);
        if (error)
            return error;
    }
    *what = "";
    return CENTRIFUGE_ERROR_OK;
}

void options_free(given_options *given)
{
    while (given->owned_count > 0)
        free(given->owned[--given->owned_count]);
    free(given->owned);
}

/*
 * Options by the names that centrifuge_options gives them.
 */
#include "addon.h"

#include <stdlib.h>

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

typedef enum option_kind { OPTION_TEXT, OPTION_FLAG, OPTION_TIME, OPTION_SIZE } option_kind;

typedef struct option {
    const char *name;
    size_t at;
    option_kind kind;
} option;

#define OPTION(member, kind)                                                                                                   \
    {                                                                                                                          \
#member, offsetof(centrifuge_options, member), kind                                                                    \
    }

static const option known[] = {
    OPTION(url, OPTION_TEXT),
    OPTION(user, OPTION_TEXT),
    OPTION(timestamp, OPTION_TEXT),
    OPTION(token, OPTION_TEXT),
    OPTION(info, OPTION_TEXT),
    OPTION(credentials_json, OPTION_FLAG),
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
    OPTION(proxy, OPTION_TEXT),
    OPTION(proxy_user, OPTION_TEXT),
    OPTION(tls_verify, OPTION_FLAG),
    OPTION(tls_ca_file, OPTION_TEXT),
    OPTION(tls_ca_path, OPTION_TEXT),
    OPTION(tls_certificate, OPTION_TEXT),
    OPTION(tls_key, OPTION_TEXT),
    OPTION(tls_key_password, OPTION_TEXT),
};

static centrifuge_error read_text(napi_env env, napi_value value, given_options *given, void *member)
{
    char *text = text_of(env, value, NULL);
    if (!text)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    given->texts[given->text_count++] = text;
    *(const char **)member = text;
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error read_number(napi_env env, napi_value value, option_kind kind, void *member)
{
    int64_t number = 0;
    if (napi_get_value_int64(env, value, &number) != napi_ok)
        return CENTRIFUGE_ERROR_INVALID_OPTION;
    if (kind == OPTION_TIME)
        *(int64_t *)member = number;
    else
        *(size_t *)member = number < 0 ? 0 : (size_t)number;
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
    if (wanted->kind != OPTION_TEXT)
        return read_number(env, value, wanted->kind, member);
    if (type == napi_string)
        return read_text(env, value, given, member);
    *(const char **)member = NULL;
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error options_read(napi_env env, napi_value object, given_options *given)
{
    given->text_count = 0;
    centrifuge_options_default(&given->options);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        napi_value value;
        if (napi_get_named_property(env, object, known[i].name, &value) != napi_ok)
            return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
        centrifuge_error error = read_member(env, value, &known[i], given);
        if (error)
            return error;
    }
    return CENTRIFUGE_ERROR_OK;
}

void options_free(given_options *given)
{
    while (given->text_count > 0)
        free(given->texts[--given->text_count]);
}

#include "wire/v1/sign.h"

#include <centrifuge/backend.h>

#include <string.h>

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

static void finish(const cf_sign sign, char out[CENTRIFUGE_SIGN_SIZE])
{
    memcpy(out, sign, sizeof(cf_sign));
    out[sizeof(cf_sign)] = '\0';
}

centrifuge_error centrifuge_backend_token(const char *secret, const char *user, const char *timestamp, const char *info,
                                          char token[CENTRIFUGE_SIGN_SIZE])
{
    cf_sign sign;
    if (token == NULL)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    token[0] = '\0';
    if (is_empty(secret) || user == NULL || timestamp == NULL)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    cf_sign_token(cf_bytes_of(secret), cf_bytes_of(user), cf_bytes_of(timestamp), cf_bytes_of(info), sign);
    finish(sign, token);
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error centrifuge_backend_sign(const char *secret, const char *client, const char *channel, const char *info,
                                         char sign[CENTRIFUGE_SIGN_SIZE])
{
    cf_sign made;
    if (sign == NULL)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    sign[0] = '\0';
    if (is_empty(secret) || is_empty(client) || is_empty(channel))
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    cf_sign_channel(cf_bytes_of(secret), cf_bytes_of(client), cf_bytes_of(channel), cf_bytes_of(info), made);
    finish(made, sign);
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error centrifuge_backend_api_sign(const char *secret, const void *body, size_t size, char sign[CENTRIFUGE_SIGN_SIZE])
{
    cf_sign made;
    if (sign == NULL)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    sign[0] = '\0';
    if (is_empty(secret) || (body == NULL && size > 0))
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    cf_sign_api(cf_bytes_of(secret), cf_bytes_make(body, size), made);
    finish(made, sign);
    return CENTRIFUGE_ERROR_OK;
}

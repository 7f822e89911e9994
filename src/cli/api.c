#define _POSIX_C_SOURCE 200809L
#include "cli/api.h"
#include "cli/message.h"
#include "cli/session.h"

#include <stdlib.h>
#include <string.h>

centrifuge_backend *cf_cli_api_open(const cf_cli_options *options, cf_cli_exit *code)
{
    centrifuge_backend_options settings;
    centrifuge_backend_options_default(&settings);
    settings.url = options->url;
    settings.secret = options->secret;
    settings.insecure = options->insecure || options->secret == NULL;
    settings.tls_ca_file = options->ca_file;
    settings.tls_certificate = options->certificate;
    settings.tls_key = options->key;
    settings.tls_verify = !options->no_verify;
    settings.proxy = options->proxy;
    settings.timeout = cf_cli_options_timeout(options);
    settings.headers = options->headers.list;
    settings.header_count = options->headers.count;

    const char *what = NULL;
    centrifuge_backend *backend = NULL;
    *code = CF_CLI_OK;
    centrifuge_error error = centrifuge_backend_options_check(&settings, &what);
    if (error != CENTRIFUGE_ERROR_OK) {
        cf_cli_options_complain(options, what, error);
        *code = CF_CLI_USAGE;
        return NULL;
    }
    error = centrifuge_backend_new(&backend, &settings);
    if (error != CENTRIFUGE_ERROR_OK) {
        cf_cli_complain("cannot start: %s", centrifuge_error_text(error));
        *code = CF_CLI_ERROR;
    }
    return backend;
}

/* The API's way to say no (protocol 5.1). */
static bool is_refusal(int status)
{
    return status == 400 || status == 401 || status == 403;
}

static cf_cli_exit report_status(const centrifuge_backend *backend, const cf_cli_options *options)
{
    int status = centrifuge_backend_http_status(backend);
    if (!is_refusal(status)) {
        cf_cli_complain("%s: %s", options->place, centrifuge_backend_error_text(backend));
        return CF_CLI_ERROR;
    }
    const char *help = options->insecure         ? "without --insecure, which this server does not allow, and with its --secret"
                       : options->secret != NULL ? "check --secret, which must be the server's"
                                                 : "give --secret, which must be the server's, or CENTRIFUGE_SECRET";
    cf_cli_complain("%s answered with HTTP status %d: %s", options->place, status, help);
    return CF_CLI_REFUSED;
}

cf_cli_exit cf_cli_api_report(const centrifuge_backend *backend, const cf_cli_options *options, const char *doing,
                              const char *whom, centrifuge_error error)
{
    if (error == CENTRIFUGE_ERROR_REFUSED) {
        cf_cli_answer_complain(doing, whom != NULL ? whom : options->place, centrifuge_backend_error_text(backend));
        return CF_CLI_REFUSED;
    }
    if (error == CENTRIFUGE_ERROR_HTTP_STATUS)
        return report_status(backend, options);
    cf_cli_complain("%s: %s", options->place, centrifuge_backend_error_text(backend));
    return cf_cli_exit_of(error);
}

static bool is_about_data(centrifuge_error error)
{
    return error == CENTRIFUGE_ERROR_INVALID_JSON || error == CENTRIFUGE_ERROR_INVALID_UTF8;
}

/* The backend takes strings; a NUL inside one is no JSON. */
static centrifuge_error publish(centrifuge_backend *backend, const cf_cli_options *options, const char *const *channels,
                                size_t count, centrifuge_bytes data)
{
    if (data.size == 0 || memchr(data.bytes, '\0', data.size) != NULL)
        return CENTRIFUGE_ERROR_INVALID_JSON;
    char *text = strndup(data.bytes, data.size);
    if (text == NULL)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    centrifuge_error error = count == 1
                                 ? centrifuge_backend_publish(backend, channels[0], text, options->publisher, options->uid)
                                 : centrifuge_backend_broadcast(backend, channels, count, text, NULL);
    free(text);
    return error;
}

cf_cli_exit cf_cli_api_publish(centrifuge_backend *backend, const cf_cli_options *options, const char *const *channels,
                               size_t count, centrifuge_bytes given, int64_t line)
{
    const char *to = count == 1 ? channels[0] : "these channels";
    cf_cli_message message;
    if (!cf_cli_message_make(&message, given, options->text))
        return CF_CLI_ERROR;
    cf_cli_exit code = CF_CLI_OK;
    centrifuge_error error = publish(backend, options, channels, count, message.data);
    if (is_about_data(error)) {
        cf_cli_message_complain(&message, to, line, error);
        code = CF_CLI_ERROR;
    } else if (error != CENTRIFUGE_ERROR_OK) {
        code = cf_cli_api_report(backend, options, "cannot publish to", to, error);
    }
    cf_cli_message_free(&message);
    return code;
}

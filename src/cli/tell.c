#include "cli/api.h"
#include "cli/input.h"

#include <string.h>

/* What only a backend may: one message to many channels, and an end to what a user has. */

static cf_cli_exit broadcast(const cf_cli_options *options, centrifuge_bytes data)
{
    cf_cli_exit code;
    centrifuge_backend *backend = cf_cli_api_open(options, &code);
    if (backend == NULL)
        return code;
    code = cf_cli_api_publish(backend, options, (const char *const *)options->arguments + 1,
                              (size_t)options->argument_count - 1, data, 0);
    centrifuge_backend_destroy(backend);
    return code;
}

cf_cli_exit cf_cli_broadcast(const cf_cli_options *options)
{
    const char *data = options->arguments[0];
    if (strcmp(data, "-") == 0)
        return cf_cli_input_give(options, broadcast);
    return broadcast(options, (centrifuge_bytes){data, strlen(data)});
}

static centrifuge_error unsubscribe(centrifuge_backend *backend, const cf_cli_options *options)
{
    const char *channel = options->argument_count > 1 ? options->arguments[1] : NULL;
    return centrifuge_backend_unsubscribe(backend, options->arguments[0], channel);
}

static centrifuge_error disconnect(centrifuge_backend *backend, const cf_cli_options *options)
{
    return centrifuge_backend_disconnect(backend, options->arguments[0]);
}

static cf_cli_exit end(const cf_cli_options *options, const char *doing,
                       centrifuge_error (*call)(centrifuge_backend *backend, const cf_cli_options *options))
{
    cf_cli_exit code;
    centrifuge_backend *backend = cf_cli_api_open(options, &code);
    if (backend == NULL)
        return code;
    centrifuge_error error = call(backend, options);
    if (error != CENTRIFUGE_ERROR_OK)
        code = cf_cli_api_report(backend, options, doing, options->arguments[0], error);
    centrifuge_backend_destroy(backend);
    return code;
}

cf_cli_exit cf_cli_unsubscribe(const cf_cli_options *options)
{
    return end(options, "cannot unsubscribe", unsubscribe);
}

cf_cli_exit cf_cli_disconnect(const cf_cli_options *options)
{
    return end(options, "cannot disconnect", disconnect);
}

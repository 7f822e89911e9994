/*
 * Calls of the server's HTTP API, as a backend makes them. What goes wrong is reported.
 */
#ifndef CF_CLI_API_H
#define CF_CLI_API_H

#include "cli/cli.h"

#include <centrifuge/backend.h>

/* To be destroyed with centrifuge_backend_destroy; NULL: `code` says why. */
centrifuge_backend *cf_cli_api_open(const cf_cli_options *options, cf_cli_exit *code);
/* To all of the channels. `line` is 0 when `given` is not one of several lines. */
cf_cli_exit cf_cli_api_publish(centrifuge_backend *backend, const cf_cli_options *options, const char *const *channels,
                               size_t count, centrifuge_bytes given, int64_t line);
/* Reports what a call returned that failed, "cannot publish to" this one, the server where it is NULL; the exit code for it. */
cf_cli_exit cf_cli_api_report(const centrifuge_backend *backend, const cf_cli_options *options, const char *doing,
                              const char *whom, centrifuge_error error);

#endif

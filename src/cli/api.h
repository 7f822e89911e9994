/*
 * Calls of the server's HTTP API, as a backend makes them.
 */
#ifndef CF_CLI_API_H
#define CF_CLI_API_H

#include "cli/cli.h"

/* `line` is 0 when `given` is not one of several lines. What went wrong is reported. */
cf_cli_exit cf_cli_api_publish(const cf_cli_options *options, const char *channel, centrifuge_bytes given, int64_t line);
/* Asks and prints the answer's data; `channel` is NULL for those that have none. */
cf_cli_exit cf_cli_api_ask(const cf_cli_options *options, const char *method, const char *channel);

#endif

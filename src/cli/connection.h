/*
 * A client as the options want it, in a loop, with new credentials for each attempt where the secret is known.
 */
#ifndef CF_CLI_CONNECTION_H
#define CF_CLI_CONNECTION_H

#include "cli/cli.h"
#include "cli/loop.h"

typedef struct cf_cli_connection {
    const cf_cli_options *options;
    cf_cli_seat seat;
    centrifuge_client *client;
    bool one_socket; /* by WebSocket only, whatever was asked for: other transports have a connection for each direction */
    bool any_size;   /* frames may be larger than servers take by default: the server knows what it takes, and says so */
} cf_cli_connection;

/* Not connected yet. What is not OK was reported; close in either case. It stays where it is until then. */
cf_cli_exit cf_cli_connection_open(cf_cli_connection *connection, cf_cli_loop *loop, const cf_cli_options *options,
                                   const centrifuge_client_events *events, void *user);
void cf_cli_connection_close(cf_cli_connection *connection);

#endif

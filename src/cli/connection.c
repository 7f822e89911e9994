#include "cli/connection.h"

#include "cli/credentials.h"
#include "cli/private.h"

#include <stdint.h>
#include <string.h>

static bool fill_options(const cf_cli_connection *connection, centrifuge_options *into, cf_cli_credentials *credentials)
{
    const cf_cli_options *options = connection->options;
    centrifuge_options_default(into);
    into->print_errors = false; /* the command says what has failed */
    into->url = options->url;
    into->headers = options->headers.list;
    into->header_count = options->headers.count;
    into->tls_ca_file = options->ca_file;
    into->tls_certificate = options->certificate;
    into->tls_key = options->key;
    into->tls_verify = !options->no_verify;
    into->proxy = options->proxy;
    into->transports = connection->one_socket ? "websocket" : options->transport;
    into->timeout = cf_cli_options_timeout(options);
    if (connection->any_size)
        into->frame_size_max = SIZE_MAX;
    if (!cf_cli_credentials_make(credentials, options))
        return false;
    into->user = credentials->user;
    into->info = credentials->info;
    into->timestamp = credentials->timestamp;
    into->token = credentials->token;
    into->insecure = credentials->token == NULL;
    cf_cli_private_set(into, options);
    return true;
}

static void complain_about_option(const cf_cli_options *options, const char *what, centrifuge_error error)
{
    char place[CF_CLI_PLACE_SIZE];
    if (what != NULL && strcmp(what, "auth_endpoint") == 0)
        cf_cli_complain("--auth-endpoint is '%s': give all of an http:// or https:// address",
                        cf_cli_place(place, options->auth_endpoint));
    else
        cf_cli_options_complain(options, what, error);
}

/* Tokens that are made here are fresh for every attempt, so that a long run outlives the lifetime of one. */
static void renew_credentials(centrifuge_client *client, const centrifuge_disconnect_event *event, void *user)
{
    const cf_cli_connection *connection = user;
    centrifuge_options options;
    cf_cli_credentials credentials;
    if (!event->reconnect || connection->options->secret == NULL || connection->options->token != NULL)
        return;
    if (fill_options(connection, &options, &credentials))
        centrifuge_client_configure(client, &options);
}

static centrifuge_error make_client(cf_cli_connection *connection, const centrifuge_options *settings,
                                    const centrifuge_client_events *events, void *user)
{
    static const centrifuge_client_events renewal = {.disconnect = renew_credentials};
    centrifuge_error error = centrifuge_client_new(&connection->client, settings);
    connection->seat.client = connection->client;
    if (error == CENTRIFUGE_ERROR_OK)
        error = centrifuge_client_listen(connection->client, events, user, NULL);
    if (error == CENTRIFUGE_ERROR_OK)
        error = centrifuge_client_listen(connection->client, &renewal, connection, NULL);
    return error;
}

cf_cli_exit cf_cli_connection_open(cf_cli_connection *connection, cf_cli_loop *loop, const cf_cli_options *options,
                                   const centrifuge_client_events *events, void *user)
{
    centrifuge_options settings;
    cf_cli_credentials credentials;
    connection->options = options;
    if (!fill_options(connection, &settings, &credentials) || !cf_cli_private_check(options))
        return CF_CLI_USAGE;
    cf_cli_loop_attach(loop, &connection->seat, &settings);
    const char *what = NULL;
    centrifuge_error error = centrifuge_options_check(&settings, &what);
    if (error != CENTRIFUGE_ERROR_OK) {
        complain_about_option(options, what, error);
        return CF_CLI_USAGE;
    }
    error = make_client(connection, &settings, events, user);
    if (error == CENTRIFUGE_ERROR_OK)
        return CF_CLI_OK;
    cf_cli_complain("cannot start: %s", centrifuge_error_text(error));
    return CF_CLI_ERROR;
}

void cf_cli_connection_close(cf_cli_connection *connection)
{
    centrifuge_client_destroy(connection->client);
    cf_cli_loop_detach(&connection->seat);
}

#define _POSIX_C_SOURCE 200809L
#include "cli/private.h"

#include "cli/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The channels among the arguments: pub has its data behind one. */
static int channel_count(const cf_cli_options *options)
{
    return options->argument_count == 0 || strcmp(options->command, "sub") == 0 ? options->argument_count : 1;
}

static bool has_secret(const cf_cli_options *options)
{
    return options->secret != NULL && options->secret[0] != '\0';
}

bool cf_cli_private_check(const cf_cli_options *options)
{
    if (options->auth_headers.count > 0 && options->auth_endpoint == NULL) {
        cf_cli_complain("--auth-header is sent to --auth-endpoint: give that, too");
        return false;
    }
    if (has_secret(options) || options->auth_endpoint != NULL)
        return true;
    for (int i = 0; i < channel_count(options); i++) {
        if (options->arguments[i][0] != '$')
            continue;
        cf_cli_complain("the channel %s is private: give --secret, or --auth-endpoint of your backend", options->arguments[i]);
        return false;
    }
    return true;
}

static void print_string(FILE *to, const char *text)
{
    size_t size = 0;
    char *string = cf_cli_json_string(text, strlen(text), &size);
    if (string != NULL)
        fwrite(string, 1, size, to);
    free(string);
}

/* All private channels of the command, also those that were not asked for: only the latter are used. */
static void print_signs(FILE *to, const cf_cli_options *options, const char *client)
{
    const char *separator = "";
    fputs("{", to);
    for (int i = 0; i < channel_count(options); i++) {
        char sign[CENTRIFUGE_SIGN_SIZE];
        if (options->arguments[i][0] != '$' ||
            centrifuge_backend_sign(options->secret, client, options->arguments[i], "", sign) != CENTRIFUGE_ERROR_OK)
            continue;
        fputs(separator, to);
        print_string(to, options->arguments[i]);
        fprintf(to, ":{\"sign\":\"%s\"}", sign);
        separator = ",";
    }
    fputs("}", to);
}

static void print_credentials(FILE *to, const cf_cli_credentials *credentials)
{
    fprintf(to, "{\"timestamp\":\"%s\",\"token\":\"%s\",\"user\":", credentials->timestamp, credentials->token);
    print_string(to, credentials->user);
    fputs(",\"info\":", to);
    print_string(to, credentials->info);
    fputs("}", to);
}

static void authorize(centrifuge_client *client, centrifuge_request request, centrifuge_bytes body, void *user)
{
    const cf_cli_options *options = user;
    char *answer = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&answer, &size);
    (void)body;
    if (to != NULL) {
        print_signs(to, options, centrifuge_client_id(client));
        fclose(to);
    }
    centrifuge_client_authorize_answer(client, request, answer, size);
    free(answer);
}

/* For the present time, whatever --timestamp says. */
static void refresh(centrifuge_client *client, centrifuge_request request, void *user)
{
    cf_cli_options options = *(const cf_cli_options *)user;
    cf_cli_credentials credentials;
    char *answer = NULL;
    size_t size = 0;
    options.timestamp = NULL;
    options.token = NULL;
    FILE *to = cf_cli_credentials_make(&credentials, &options) ? open_memstream(&answer, &size) : NULL;
    if (to != NULL) {
        print_credentials(to, &credentials);
        fclose(to);
    }
    centrifuge_client_refresh_answer(client, request, answer, size);
    free(answer);
}

void cf_cli_private_set(centrifuge_options *into, const cf_cli_options *options)
{
    into->auth_endpoint = options->auth_endpoint;
    into->auth_headers = options->auth_headers.list;
    into->auth_header_count = options->auth_headers.count;
    if (has_secret(options) && options->auth_endpoint == NULL) {
        into->authorize = authorize;
        into->authorize_user = (void *)options;
    }
    if (has_secret(options) && !options->insecure) {
        into->refresh = refresh;
        into->refresh_user = (void *)options;
    } else {
        into->refresh_attempts = 0;
    }
}

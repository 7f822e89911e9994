#include "cli/credentials.h"
#include "cli/input.h"

#include <stdlib.h>
#include <string.h>

static bool has_secret(const cf_cli_options *options)
{
    if (options->secret != NULL && options->secret[0] != '\0')
        return true;
    cf_cli_complain("%s needs the server's secret: --secret, or the environment variable CENTRIFUGE_SECRET", options->command);
    return false;
}

static void print_word(const char *word)
{
    cf_cli_print("%s\n", word);
}

cf_cli_exit cf_cli_token(const cf_cli_options *options)
{
    cf_cli_credentials credentials;
    if (!has_secret(options) || !cf_cli_credentials_make(&credentials, options))
        return CF_CLI_USAGE;
    if (options->quiet) {
        print_word(credentials.token);
        return CF_CLI_OK;
    }
    cf_cli_line_begin();
    cf_cli_line_text("user", credentials.user);
    cf_cli_line_text("timestamp", credentials.timestamp);
    cf_cli_line_text("info", credentials.info);
    cf_cli_line_text("token", credentials.token);
    cf_cli_line_end();
    return CF_CLI_OK;
}

cf_cli_exit cf_cli_sign(const cf_cli_options *options)
{
    const char *client = options->arguments[0];
    const char *channel = options->arguments[1];
    const char *info = options->info ? options->info : "";
    char sign[CENTRIFUGE_SIGN_SIZE];
    if (!has_secret(options) || !cf_cli_credentials_check_info(info))
        return CF_CLI_USAGE;
    centrifuge_error error = centrifuge_backend_sign(options->secret, client, channel, info, sign);
    if (error != CENTRIFUGE_ERROR_OK) {
        cf_cli_complain("cannot sign '%s' for '%s': %s", channel, client, centrifuge_error_text(error));
        return CF_CLI_USAGE;
    }
    if (options->quiet) {
        print_word(sign);
        return CF_CLI_OK;
    }
    cf_cli_line_begin();
    cf_cli_line_text("client", client);
    cf_cli_line_text("channel", channel);
    cf_cli_line_text("info", info);
    cf_cli_line_text("sign", sign);
    cf_cli_line_end();
    return CF_CLI_OK;
}

static cf_cli_exit sign_body(const cf_cli_options *options, const char *body, size_t size)
{
    char sign[CENTRIFUGE_SIGN_SIZE];
    centrifuge_error error = centrifuge_backend_api_sign(options->secret, body, size, sign);
    if (error != CENTRIFUGE_ERROR_OK) {
        cf_cli_complain("cannot sign: %s", centrifuge_error_text(error));
        return CF_CLI_ERROR;
    }
    print_word(sign);
    return CF_CLI_OK;
}

cf_cli_exit cf_cli_api_sign(const cf_cli_options *options)
{
    if (!has_secret(options))
        return CF_CLI_USAGE;
    if (options->argument_count > 0 && strcmp(options->arguments[0], "-") != 0)
        return sign_body(options, options->arguments[0], strlen(options->arguments[0]));
    cf_cli_input input = {0};
    cf_cli_exit code = cf_cli_input_read_all(&input) ? sign_body(options, input.data, input.size) : CF_CLI_ERROR;
    free(input.data);
    return code;
}

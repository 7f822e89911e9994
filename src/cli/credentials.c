#include "cli/credentials.h"

#include <centrifuge/json.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Base 10 with an optional sign, as the server reads it (protocol 2.4). */
static bool is_timestamp(const char *text)
{
    if (*text == '+' || *text == '-')
        text++;
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 19 && text[digits] == '\0';
}

bool cf_cli_credentials_check_info(const char *info)
{
    if (info[0] == '\0' || centrifuge_json_check((centrifuge_bytes){info, strlen(info)}, NULL) == CENTRIFUGE_ERROR_OK)
        return true;
    cf_cli_complain("--info is '%s', which is not valid JSON: give a value as '{\"name\": \"Ann\"}'", info);
    return false;
}

static bool make_token(cf_cli_credentials *credentials, const cf_cli_options *options)
{
    const char *timestamp = options->timestamp;
    if (timestamp == NULL) {
        snprintf(credentials->timestamp_text, sizeof(credentials->timestamp_text), "%lld", (long long)time(NULL));
        timestamp = credentials->timestamp_text;
    }
    if (centrifuge_backend_token(options->secret, credentials->user, timestamp, credentials->info, credentials->token_text)) {
        cf_cli_complain("--secret is empty");
        return false;
    }
    credentials->timestamp = timestamp;
    credentials->token = credentials->token_text;
    return true;
}

bool cf_cli_credentials_make(cf_cli_credentials *credentials, const cf_cli_options *options)
{
    credentials->user = options->user ? options->user : "";
    credentials->info = options->info ? options->info : "";
    credentials->timestamp = NULL;
    credentials->token = NULL;
    if (options->timestamp != NULL && !is_timestamp(options->timestamp)) {
        cf_cli_complain("--timestamp is '%s': give Unix seconds, as 1795452449", options->timestamp);
        return false;
    }
    if (!cf_cli_credentials_check_info(credentials->info))
        return false;
    if (options->insecure)
        return true;
    if (options->token != NULL && options->timestamp == NULL) {
        cf_cli_complain("--token needs the --timestamp that it was made for (and --user and --info)");
        return false;
    }
    if (options->token != NULL) {
        credentials->timestamp = options->timestamp;
        credentials->token = options->token;
        return true;
    }
    return options->secret == NULL || make_token(credentials, options);
}

/*
 * What a client shows a server: given, made here with the secret, or none.
 */
#ifndef CF_CLI_CREDENTIALS_H
#define CF_CLI_CREDENTIALS_H

#include "cli/cli.h"

#include <centrifuge/backend.h>

typedef struct cf_cli_credentials {
    const char *user;
    const char *info;
    const char *timestamp; /* NULL with `token` */
    const char *token;     /* NULL: connect without */
    char timestamp_text[24];
    char token_text[CENTRIFUGE_SIGN_SIZE];
} cf_cli_credentials;

/* Borrows from the options and points into itself: not to be copied. False: the options are wrong, which was reported. */
bool cf_cli_credentials_make(cf_cli_credentials *credentials, const cf_cli_options *options);
/* `info` is "" or JSON. False: it is not, which was reported. */
bool cf_cli_credentials_check_info(const char *info);

#endif

/*
 * Standard input, as a whole or line by line, and what of it is a message.
 */
#ifndef CF_CLI_INPUT_H
#define CF_CLI_INPUT_H

#include "cli/cli.h"

#define CF_CLI_INPUT_MAX ((size_t)16 * 1024 * 1024) /* bytes of standard input at once, or of one line */

/* Grows up to CF_CLI_INPUT_MAX. Zero-initialised it is empty; `data` is to be freed. */
typedef struct cf_cli_input {
    char *data;
    size_t size;
    size_t capacity;
    size_t taken; /* bytes in front that are used up */
    bool ended;
} cf_cli_input;

/* Reads once, waiting if nothing is there. False: it was reported. */
bool cf_cli_input_read(cf_cli_input *input);
bool cf_cli_input_read_all(cf_cli_input *input);
/* The next line without its end; the last one need not have one. False: there is none yet. Valid until the next read. */
bool cf_cli_input_line(cf_cli_input *input, centrifuge_bytes *line);

/* What all of standard input, without a line end at its end, leads to. */
cf_cli_exit cf_cli_input_give(const cf_cli_options *options,
                              cf_cli_exit (*take)(const cf_cli_options *options, centrifuge_bytes data));

/* `text` without JSON's white space around it. */
centrifuge_bytes cf_cli_trim(centrifuge_bytes text);

#endif

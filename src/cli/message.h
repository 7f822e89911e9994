/*
 * What pub sends: DATA as given, or made into a JSON string.
 */
#ifndef CF_CLI_MESSAGE_H
#define CF_CLI_MESSAGE_H

#include "cli/cli.h"

typedef struct cf_cli_message {
    centrifuge_bytes data;
    char *made; /* owned; NULL when `data` is borrowed */
} cf_cli_message;

/* False: out of memory, reported. Free in either case. */
bool cf_cli_message_make(cf_cli_message *message, centrifuge_bytes given, bool text);
void cf_cli_message_free(cf_cli_message *message);

/* Reports why `given` was not taken; `line` is 0 when there are no lines. */
void cf_cli_message_complain(const cf_cli_message *message, const char *channel, int64_t line, centrifuge_error error);
/* Reports what a server said to publish, presence or history, with what helps. */
void cf_cli_answer_complain(const char *doing, const char *channel, const char *error);

#endif

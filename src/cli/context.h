/*
 * Contexts: servers with a name. One is a file of options, a line for each, in the user's configuration folder.
 */
#ifndef CF_CLI_CONTEXT_H
#define CF_CLI_CONTEXT_H

#include "cli/cli.h"

#define CF_CLI_CONTEXT_NAME_MAX 64          /* bytes */
#define CF_CLI_CONTEXT_SIZE_MAX (64 * 1024) /* bytes of a file */
#define CF_CLI_CONTEXT_PATH_MAX 4096        /* bytes, with a NUL */

/* Letters, digits, '.', '_' and '-', and no '.' in front. */
bool cf_cli_context_is_name(const char *name);
/* The selected context's name; "" when there is none, or no configuration folder. */
void cf_cli_context_selected(char name[CF_CLI_CONTEXT_NAME_MAX + 1]);
/*
 * The text of a context's file, to be freed; NULL: it cannot be read, which was reported. `path` gets the file's name, for
 * texts.
 */
char *cf_cli_context_read(const char *name, char path[CF_CLI_CONTEXT_PATH_MAX]);

#endif

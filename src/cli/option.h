/*
 * The table of options: which there are, which command takes them, and what their values are. Flags, the environment, contexts,
 * help and completion all go by it.
 */
#ifndef CF_CLI_OPTION_H
#define CF_CLI_OPTION_H

#include "cli/cli.h"

/* Commands of a kind. */
enum {
    CF_CLI_CONNECTING = CF_CLI_SUB | CF_CLI_PUB | CF_CLI_PRESENCE | CF_CLI_HISTORY | CF_CLI_BENCH | CF_CLI_PING,
    CF_CLI_SERVER = CF_CLI_CONNECTING | CF_CLI_TOP | CF_CLI_CHANNELS | CF_CLI_STATS | CF_CLI_NODE | CF_CLI_BROADCAST |
                    CF_CLI_UNSUBSCRIBE | CF_CLI_DISCONNECT,
    CF_CLI_ALL = CF_CLI_SERVER | CF_CLI_TOKEN | CF_CLI_SIGN | CF_CLI_API_SIGN,
    CF_CLI_KEPT = 1 << 30 /* beside commands: a context has the option */
};

/* SECRET and ADDRESS are texts that are not shown, or only in part. */
typedef enum cf_cli_option_kind {
    CF_CLI_FLAG,
    CF_CLI_TEXT,
    CF_CLI_SECRET,
    CF_CLI_ADDRESS,
    CF_CLI_COUNT,
    CF_CLI_NUMBER,
    CF_CLI_SECONDS,
    CF_CLI_HEADER,
    CF_CLI_COLOR
} cf_cli_option_kind;

typedef struct cf_cli_option {
    const char *name;
    char letter; /* 0: none */
    cf_cli_option_kind kind;
    unsigned commands;
    size_t offset; /* into cf_cli_options */
    const char *environment;
    const char *argument;
    const char *help;
} cf_cli_option;

enum { CF_CLI_OPTION_COUNT = 49 };
extern const cf_cli_option *const cf_cli_option_table; /* CF_CLI_OPTION_COUNT of them */

/* Where the option's value is. */
void *cf_cli_option_member(cf_cli_options *options, const cf_cli_option *entry);
/* `where` is what the user wrote: "--count" or the name of a variable. False: the value is wrong, which was reported. */
bool cf_cli_option_set(cf_cli_options *options, const cf_cli_option *entry, const char *where, const char *value);

/* ---- kept.c: the lines of a context ---- */

/* Takes what is for the command; the text is cut up and borrowed. False: it is wrong, which was reported. */
bool cf_cli_kept_read(cf_cli_options *options, unsigned command, char *text, const char *path);

#endif

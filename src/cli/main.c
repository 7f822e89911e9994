#define _POSIX_C_SOURCE 200809L
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct command_entry {
    const char *name;
    unsigned bit;
    cf_cli_exit (*run)(const cf_cli_options *options);
    int arguments_min;
    int arguments_max; /* -1: any number */
    const char *arguments;
    const char *summary;
    const char *details;
} command_entry;

static const command_entry table[] = {
    {"sub", CF_CLI_SUB, cf_cli_sub, 1, -1, "CHANNEL...", "print what happens in channels, one JSON line per event",
     "Connects, subscribes and prints until Ctrl-C, keeping the connection alive.\n"
     "Private channels ($...) are signed with --secret, or by --auth-endpoint.\n"
     "Events: connect, disconnect, subscribe, unsubscribe, message, join, leave, error.\n"},
    {"pub", CF_CLI_PUB, cf_cli_pub, 1, 2, "CHANNEL [DATA]", "publish a message",
     "DATA is JSON; without it, or with -, standard input is read. Prints nothing when all is well.\n"
     "Publishes through a client connection, which the channel must allow, or with --api as a backend.\n"},
    {"broadcast", CF_CLI_BROADCAST, cf_cli_broadcast, 2, -1, "DATA CHANNEL...", "publish a message to several channels",
     "DATA is JSON; with - standard input is read. Prints nothing when all is well. Asks the HTTP API.\n"},
    {"presence", CF_CLI_PRESENCE, cf_cli_presence, 1, 1, "CHANNEL", "print who is subscribed to a channel",
     "Prints one JSON object, by client id. Asks the HTTP API, or with --client through a client connection,\n"
     "which is then one of those who are subscribed.\n"},
    {"history", CF_CLI_HISTORY, cf_cli_history, 1, 1, "CHANNEL", "print the last messages of a channel",
     "Prints one JSON array, newest first. Asks the HTTP API, or with --client through a client connection.\n"},
    {"channels", CF_CLI_CHANNELS, cf_cli_channels, 0, 0, "", "print the channels that have subscribers",
     "Prints one JSON array. Asks the HTTP API.\n"},
    {"stats", CF_CLI_STATS, cf_cli_stats, 0, 0, "", "print the server's nodes and their metrics",
     "Prints one JSON object. Asks the HTTP API.\n"},
    {"node", CF_CLI_NODE, cf_cli_node, 0, 0, "", "print the asked node and its counters of now",
     "Prints one JSON object. Asks the HTTP API.\n"},
    {"unsubscribe", CF_CLI_UNSUBSCRIBE, cf_cli_unsubscribe, 1, 2, "USER [CHANNEL]", "end a user's subscriptions",
     "Without CHANNEL all of them. Prints nothing when all is well. Asks the HTTP API.\n"},
    {"disconnect", CF_CLI_DISCONNECT, cf_cli_disconnect, 1, 1, "USER", "end a user's connections",
     "They do not come back by themselves. Prints nothing when all is well. Asks the HTTP API.\n"},
    {"top", CF_CLI_TOP, cf_cli_top, 0, 0, "", "show the nodes, what they do now, and the channels",
     "Asks the HTTP API again and again, until q or Ctrl-C. In a pipe each look is one JSON object.\n"
     "Rates of the node that answers are those since the last look, of others those of their last metrics interval.\n"},
    {"ping", CF_CLI_PING, cf_cli_ping, 0, 0, "", "measure round trips to the server",
     "Sends the protocol's ping through a client connection, or with --api asks the HTTP API, until Ctrl-C.\n"
     "Prints how long each took, and a summary.\n"},
    {"bench", CF_CLI_BENCH, cf_cli_bench, 1, 1, "CHANNEL", "measure the server: messages a second and how long they take",
     "Publishers send numbered messages into CHANNEL, subscribers of the same process get them.\n"
     "Prints one JSON object, on a terminal a table. Ctrl-C ends it with what was measured.\n"},
    {"context", CF_CLI_CONTEXT, cf_cli_context, 1, 2, "ACTION [NAME]", "keep servers and their options under a name",
     "ACTION is add (with the options to keep), ls, select, rm or show. select without NAME selects none.\n"
     "A context is used with --context NAME, or when it is selected and nothing says where the server is.\n"},
    {"completion", CF_CLI_COMPLETION, cf_cli_completion, 1, 1, "SHELL", "print what bash, zsh or fish needs to complete words",
     "SHELL is bash, zsh or fish.\n"},
    {"token", CF_CLI_TOKEN, cf_cli_token, 0, 0, "", "make a connection token",
     "Prints user, timestamp, info and token as one JSON object. Needs no server.\n"},
    {"sign", CF_CLI_SIGN, cf_cli_sign, 2, 2, "CLIENT CHANNEL", "sign a private channel for a client id",
     "Prints client, channel, info and sign as one JSON object. Needs no server.\n"},
    {"api-sign", CF_CLI_API_SIGN, cf_cli_api_sign, 0, 1, "[BODY]", "sign the body of a request to the HTTP API",
     "Prints what belongs in the header X-API-Sign. Without BODY, or with -, standard input is signed, byte for byte.\n"},
};
enum { TABLE_SIZE = sizeof(table) / sizeof(table[0]) };

const char *cf_cli_command_at(size_t i, unsigned *bit, const char **summary)
{
    if (i >= TABLE_SIZE)
        return NULL;
    *bit = table[i].bit;
    *summary = table[i].summary;
    return table[i].name;
}

static void complain_about_command(const char *name)
{
    size_t size = strcspn(name, "="); /* what follows may be secret */
    cf_cli_suggestion suggestion = {.word = name, .size = size};
    for (size_t i = 0; i < TABLE_SIZE; i++)
        cf_cli_suggestion_offer(&suggestion, table[i].name);
    if (suggestion.best != NULL)
        cf_cli_complain("'%.*s' is not a command (is it %s?); see centrifuge-cli --help", (int)size, name, suggestion.best);
    else
        cf_cli_complain("'%.*s' is not a command%s; see centrifuge-cli --help", (int)size, name,
                        name[0] == '-' ? ": options of a single command stand behind it" : "");
}

static void print_help(void)
{
    cf_cli_print("centrifuge-cli %s: real-time messages from the command line\n\n"
                 "Usage: centrifuge-cli COMMAND [OPTION]... [ARGUMENT]...\n\nCommands:\n",
                 centrifuge_version_text());
    for (size_t i = 0; i < TABLE_SIZE; i++)
        cf_cli_print("  %-11s %-15s %s\n", table[i].name, table[i].arguments, table[i].summary);
    cf_cli_print(
        "\ncentrifuge-cli COMMAND --help says more; --version prints the version.\n"
        "Exit codes: 0 done, 1 error, 2 wrong usage, 3 refused by the server, 4 no connection or no answer in time.\n");
}

static void print_command_help(const command_entry *command)
{
    cf_cli_print("Usage: centrifuge-cli %s [OPTION]...%s%s\n\n%s: %s\n%s", command->name, command->arguments[0] ? " " : "",
                 command->arguments, command->name, command->summary, command->details);
    cf_cli_options_help(command->bit);
}

static const command_entry *find(const char *name)
{
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

static bool arguments_fit(const command_entry *command, const cf_cli_options *options)
{
    int count = options->argument_count;
    for (int i = 0; i < count && (i < command->arguments_min || command->arguments_max < 0); i++) {
        if (options->arguments[i][0] == '\0') {
            cf_cli_complain("%s: '' is no name. Usage: centrifuge-cli %s %s", command->name, command->name, command->arguments);
            return false;
        }
    }
    if (count >= command->arguments_min && (command->arguments_max < 0 || count <= command->arguments_max))
        return true;
    if (count < command->arguments_min)
        cf_cli_complain("%s: something is missing. Usage: centrifuge-cli %s %s", command->name, command->name,
                        command->arguments);
    else
        cf_cli_complain("%s: '%s' is too much (quote what contains spaces). Usage: centrifuge-cli %s %s", command->name,
                        options->arguments[command->arguments_max], command->name, command->arguments);
    return false;
}

static cf_cli_exit run_with(const command_entry *command, const cf_cli_options *options)
{
    if (options->help) {
        print_command_help(command);
        return CF_CLI_OK;
    }
    if (!arguments_fit(command, options))
        return CF_CLI_USAGE;
    cf_cli_print_choose(options);
    return command->run(options);
}

static cf_cli_exit run(const command_entry *command, int argc, char **argv)
{
    cf_cli_options options;
    cf_cli_exit code = CF_CLI_USAGE;
    if (cf_cli_options_parse(&options, command->bit, argc, argv))
        code = run_with(command, &options);
    cf_cli_options_free(&options);
    return code;
}

/* A socket must not become standard input or output. What stands in for one that is closed fails as the closed one would. */
static void keep_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) == -1)
            exit(CF_CLI_ERROR);
    }
}

/* Options in front of the command come behind it. NULL: there is no command, which was reported. */
static const char *bring_command_forward(int argc, char **argv)
{
    int at = cf_cli_options_skip(argc, argv);
    if (at > argc)
        cf_cli_complain("%s wants a value, and a command behind it; see centrifuge-cli --help", argv[argc - 1]);
    else if (at == argc)
        cf_cli_complain("which command? See centrifuge-cli --help");
    if (at >= argc)
        return NULL;
    char *name = argv[at];
    memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof(*argv));
    argv[1] = name;
    return name;
}

/* Of one command, or of all without a name. */
static cf_cli_exit help(const char *name)
{
    const command_entry *about = name != NULL ? find(name) : NULL;
    if (about != NULL) {
        print_command_help(about);
        return CF_CLI_OK;
    }
    if (name != NULL) {
        complain_about_command(name);
        return CF_CLI_USAGE;
    }
    print_help();
    return CF_CLI_OK;
}

static cf_cli_exit choose(int argc, char **argv)
{
    bool asks_for_help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    const char *name = asks_for_help ? argv[1] : bring_command_forward(argc, argv);
    if (name == NULL)
        return CF_CLI_USAGE;
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        cf_cli_print("centrifuge-cli %s\n", centrifuge_version_text());
        return CF_CLI_OK;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return help(argc > 2 ? argv[2] : NULL);
    const command_entry *command = find(name);
    if (command != NULL)
        return run(command, argc - 1, argv + 1);
    complain_about_command(name);
    return CF_CLI_USAGE;
}

int main(int argc, char **argv)
{
    keep_standard_streams();
    signal(SIGPIPE, SIG_IGN);
    cf_cli_exit code = choose(argc, argv);
    if (!cf_cli_print_finish() && code == CF_CLI_OK)
        code = CF_CLI_ERROR;
    return (int)code;
}

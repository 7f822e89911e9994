#define _GNU_SOURCE
#include "cli/context.h"
#include "cli/option.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUGGESTION_SIZE = 48 };

static bool truth(const char *variable, const char *value, bool *known)
{
    static const char *const yes[] = {"1", "true", "yes", "on"};
    static const char *const no[] = {"0", "false", "no", "off"};
    *known = true;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (strcmp(value, yes[i]) == 0)
            return true;
        if (strcmp(value, no[i]) == 0)
            return false;
    }
    cf_cli_complain("the environment variable %s is '%s': give 1 or 0", variable, value);
    *known = false;
    return false;
}

static bool from_environment(cf_cli_options *options, unsigned command)
{
    for (size_t i = 0; i < CF_CLI_OPTION_COUNT; i++) {
        const cf_cli_option *entry = &cf_cli_option_table[i];
        const char *value = entry->environment ? getenv(entry->environment) : NULL;
        if (value == NULL || value[0] == '\0' || !(entry->commands & command))
            continue;
        bool known = true;
        if (entry->kind == CF_CLI_FLAG && !truth(entry->environment, value, &known)) {
            if (!known)
                return false;
            *(bool *)cf_cli_option_member(options, entry) = false; /* a context may say otherwise */
            continue;
        }
        if (entry->kind == CF_CLI_HEADER)
            ((cf_cli_headers *)cf_cli_option_member(options, entry))->count = 0;
        if (!cf_cli_option_set(options, entry, entry->environment, value))
            return false;
    }
    return true;
}

/* What getopt wants, made from the table: the command's options only. Returned values are 256 + index, or the letter. */
static void make_getopt(unsigned command, struct option *longs, char *shorts)
{
    *shorts++ = ':';
    for (size_t i = 0; i < CF_CLI_OPTION_COUNT; i++) {
        if (!(cf_cli_option_table[i].commands & command))
            continue;
        int wants = cf_cli_option_table[i].kind == CF_CLI_FLAG ? no_argument : required_argument;
        *longs++ = (struct option){cf_cli_option_table[i].name, wants, NULL, 256 + (int)i};
        if (cf_cli_option_table[i].letter == 0)
            continue;
        *shorts++ = cf_cli_option_table[i].letter;
        if (wants)
            *shorts++ = ':';
    }
    *longs = (struct option){NULL, 0, NULL, 0};
    *shorts = '\0';
}

static const cf_cli_option *entry_of(unsigned command, int code)
{
    for (int i = 0; i < CF_CLI_OPTION_COUNT; i++) {
        if ((cf_cli_option_table[i].commands & command) &&
            (code == 256 + i || (code == cf_cli_option_table[i].letter && code != 0)))
            return &cf_cli_option_table[i];
    }
    return NULL;
}

/* " (is it --count?)", or nothing. */
static void suggest_option(char text[SUGGESTION_SIZE], unsigned bit, const char *name, size_t size)
{
    cf_cli_suggestion suggestion = {.word = name, .size = size};
    for (size_t i = 0; i < CF_CLI_OPTION_COUNT; i++) {
        if (cf_cli_option_table[i].commands & bit)
            cf_cli_suggestion_offer(&suggestion, cf_cli_option_table[i].name);
    }
    text[0] = '\0';
    if (suggestion.best != NULL)
        snprintf(text, SUGGESTION_SIZE, " (is it --%s?)", suggestion.best);
}

static bool refuse_word(int code, unsigned bit, const char *command, const char *word)
{
    const cf_cli_option *entry = entry_of(bit, optopt);
    int name = (int)strcspn(word, "="); /* what follows may be a secret behind a mistyped name */
    char suggestion[SUGGESTION_SIZE];
    suggest_option(suggestion, bit, word + 2, name > 2 ? (size_t)name - 2 : 0);
    if (code == ':')
        cf_cli_complain("%s wants a value: --%s %s", word, entry ? entry->name : "", entry ? entry->argument : "");
    else if (optopt >= 256)
        cf_cli_complain("%s takes no value", word);
    else if (optopt != 0 && strncmp(word, "--", 2) != 0)
        cf_cli_complain(
            "%s does not know the option -%c; see centrifuge-cli %s --help (data that begins with - goes behind --)", command,
            optopt, command);
    else
        cf_cli_complain("%s does not know the option %.*s%s; see centrifuge-cli %s --help", command, name, word, suggestion,
                        command);
    return false;
}

/* "name:pass" of "name:pass/word@host", where a host would stand: no port has letters. */
static bool may_be_user(const char *authority, size_t size)
{
    const char *colon = memchr(authority, ':', size);
    return colon != NULL && authority[0] != '[' && strspn(colon + 1, "0123456789") != size - (size_t)(colon + 1 - authority);
}

const char *cf_cli_place(char place[CF_CLI_PLACE_SIZE], const char *address)
{
    const char *slashes = strstr(address, "://");
    const char *rest = slashes ? slashes + 3 : address;
    size_t size = strcspn(rest, "/?#");
    const char *host = rest + size;
    while (host > rest && host[-1] != '@')
        host--;
    if (host == rest && may_be_user(rest, size))
        host = "***";
    snprintf(place, CF_CLI_PLACE_SIZE, "%.*s%.*s", (int)(rest - address), address, (int)strcspn(host, "?#"), host);
    return place;
}

static bool from_flags(cf_cli_options *options, unsigned command, int argc, char **argv)
{
    struct option longs[CF_CLI_OPTION_COUNT + 1];
    char shorts[2 * CF_CLI_OPTION_COUNT + 2];
    bool own_headers[CF_CLI_OPTION_COUNT] = {false};
    make_getopt(command, longs, shorts);
    opterr = 0;
    optind = 1;
    int code;
    while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        const char *word = argv[optind - 1];
        if (code == '?' || code == ':')
            return refuse_word(code, command, argv[0], word);
        const cf_cli_option *entry = entry_of(command, code);
        char where[32];
        snprintf(where, sizeof(where), "--%s", entry->name);
        if (entry->kind == CF_CLI_HEADER && !own_headers[entry - cf_cli_option_table]) {
            ((cf_cli_headers *)cf_cli_option_member(options, entry))->count = 0; /* that of the environment */
            own_headers[entry - cf_cli_option_table] = true;
        }
        if (!cf_cli_option_set(options, entry, where, optarg))
            return false;
    }
    options->arguments = argv + optind;
    options->argument_count = argc - optind;
    return true;
}

static bool is_global(const cf_cli_option *entry)
{
    return (entry->commands & CF_CLI_SERVER) == CF_CLI_SERVER;
}

/* The option that a word in front of the command gives; NULL: none that may stand there. */
static const cf_cli_option *global_of(const char *word)
{
    bool is_long = strncmp(word, "--", 2) == 0;
    size_t size = is_long ? strcspn(word + 2, "=") : 0;
    for (size_t i = 0; i < CF_CLI_OPTION_COUNT; i++) {
        const cf_cli_option *entry = &cf_cli_option_table[i];
        bool named = is_long ? strlen(entry->name) == size && strncmp(word + 2, entry->name, size) == 0
                             : word[0] == '-' && word[1] != '\0' && word[1] == entry->letter;
        if (named && is_global(entry))
            return entry;
    }
    return NULL;
}

static bool has_value(const char *word)
{
    return strncmp(word, "--", 2) == 0 ? strchr(word, '=') != NULL : word[2] != '\0';
}

int cf_cli_options_skip(int argc, char **argv)
{
    int at = 1;
    const cf_cli_option *entry;
    while (at < argc && (entry = global_of(argv[at])) != NULL)
        at += entry->kind == CF_CLI_FLAG || has_value(argv[at]) ? 1 : 2;
    return at;
}

static const cf_cli_options nothing_given = {.publishers = -1, .subscribers = -1, .size = -1, .rate = -1, .window = -1};

/* A flag names the context, or the environment does; the selected one is only for who does not say where the server is. */
static const char *choose_context(const cf_cli_options *flags, char selected[CF_CLI_CONTEXT_NAME_MAX + 1])
{
    const char *named = getenv("CENTRIFUGE_CONTEXT");
    const char *url = getenv("CENTRIFUGE_URL");
    if (flags->context != NULL)
        return flags->context;
    if (named != NULL && named[0] != '\0')
        return named;
    selected[0] = '\0';
    if (flags->url == NULL && (url == NULL || url[0] == '\0'))
        cf_cli_context_selected(selected);
    return selected;
}

static bool from_context(cf_cli_options *options, const cf_cli_options *flags, unsigned command)
{
    char path[CF_CLI_CONTEXT_PATH_MAX];
    char selected[CF_CLI_CONTEXT_NAME_MAX + 1];
    const char *name = choose_context(flags, selected);
    if (name[0] == '\0')
        return true;
    options->context_text = cf_cli_context_read(name, path);
    return options->context_text != NULL && cf_cli_kept_read(options, command, options->context_text, path);
}

/* Flags are read twice: what they say of a context comes first, all else that they say comes last, and wins. */
bool cf_cli_options_parse(cf_cli_options *options, unsigned command, int argc, char **argv)
{
    cf_cli_options flags = nothing_given;
    *options = nothing_given;
    options->command = argv[0];
    if (!from_flags(&flags, command, argc, argv))
        return false;
    if ((command & CF_CLI_ALL) && !flags.help &&
        (!from_context(options, &flags, command) || !from_environment(options, command)))
        return false;
    if (!from_flags(options, command, argc, argv))
        return false;
    if (options->url == NULL && command != CF_CLI_CONTEXT)
        options->url = CF_CLI_URL_DEFAULT;
    if (options->url != NULL)
        cf_cli_place(options->place, options->url);
    return true;
}

void cf_cli_options_free(cf_cli_options *options)
{
    free(options->context_text);
}

int64_t cf_cli_options_timeout(const cf_cli_options *options)
{
    return options->timeout > 0 ? options->timeout : CF_CLI_TIMEOUT_DEFAULT;
}

/* What is wrong with a value that may be shown. False: there is more to say. */
static bool complain_about_value(const cf_cli_options *options, const char *what, centrifuge_error error)
{
    if (what != NULL && strcmp(what, "transports") == 0 && options->transport != NULL)
        cf_cli_complain(
            "--transport is '%s': give a list of websocket, xhr-streaming, eventsource and xhr-polling, with commas "
            "between them",
            options->transport);
    else if (error == CENTRIFUGE_ERROR_INVALID_URL || error == CENTRIFUGE_ERROR_MISSING_URL)
        cf_cli_complain("--url is '%s': %s", options->place, centrifuge_error_text(error));
    else
        return false;
    return true;
}

void cf_cli_options_complain(const cf_cli_options *options, const char *what, centrifuge_error error)
{
    if (complain_about_value(options, what, error))
        return;
    static const char *const names[][2] = {
        {"auth_endpoint", "auth-endpoint"}, {"auth_headers", "auth-header"}, {"headers", "header"},
        {"tls_ca_file", "ca-file"},         {"tls_certificate", "cert"},     {"tls_key", "key"},
        {"tls_verify", "no-verify"}};
    const char *name = what ? what : "url";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t size = strlen(names[i][0]);
        if (strncmp(name, names[i][0], size) == 0 && (name[size] == '\0' || name[size] == ':')) {
            cf_cli_complain("--%s%s: %s", names[i][1], name + size, centrifuge_error_text(error));
            return;
        }
    }
    cf_cli_complain("--%s: %s", name, centrifuge_error_text(error));
}

void cf_cli_options_help(unsigned command)
{
    cf_cli_print("\nOptions:\n");
    for (size_t i = 0; i < CF_CLI_OPTION_COUNT; i++) {
        const cf_cli_option *entry = &cf_cli_option_table[i];
        if (!(entry->commands & command))
            continue;
        char names[64];
        char letter[8] = "   ";
        if (entry->letter)
            snprintf(letter, sizeof(letter), "-%c,", entry->letter);
        snprintf(names, sizeof(names), "%s --%s %s", letter, entry->name, entry->argument ? entry->argument : "");
        cf_cli_print("  %-28s %s", names, entry->help);
        if (entry->environment && (command & CF_CLI_ALL))
            cf_cli_print(" [%s]", entry->environment);
        cf_cli_print("\n");
    }
    if (command & CF_CLI_ALL)
        cf_cli_print("\nThe names in brackets are environment variables; a flag on the command line wins.\n");
}

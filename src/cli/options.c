#define _GNU_SOURCE
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLIENT = CF_CLI_SUB | CF_CLI_PUB | CF_CLI_PRESENCE | CF_CLI_HISTORY | CF_CLI_BENCH | CF_CLI_PING,
    SERVER = CLIENT | CF_CLI_TOP | CF_CLI_CHANNELS | CF_CLI_STATS | CF_CLI_NODE | CF_CLI_BROADCAST | CF_CLI_UNSUBSCRIBE |
             CF_CLI_DISCONNECT,
    ALL = SERVER | CF_CLI_TOKEN | CF_CLI_SIGN | CF_CLI_API_SIGN
};

typedef enum option_kind { FLAG, TEXT, COUNT, NUMBER, SECONDS, HEADER, COLOR } option_kind;

typedef struct option_entry {
    const char *name;
    char letter; /* 0: none */
    option_kind kind;
    unsigned commands;
    size_t offset; /* into cf_cli_options */
    const char *environment;
    const char *argument;
    const char *help;
} option_entry;

#define AT(member) offsetof(cf_cli_options, member)

static const option_entry table[] = {
    {"url", 'u', TEXT, SERVER, AT(url), "CENTRIFUGE_URL", "URL", "the server; default " CF_CLI_URL_DEFAULT},
    {"user", 0, TEXT, CLIENT | CF_CLI_TOKEN, AT(user), "CENTRIFUGE_USER", "ID", "the user's id; default anonymous"},
    {"info", 0, TEXT, CLIENT | CF_CLI_TOKEN | CF_CLI_SIGN, AT(info), "CENTRIFUGE_INFO", "JSON",
     "about the user; part of token and sign"},
    {"timestamp", 0, TEXT, CLIENT | CF_CLI_TOKEN, AT(timestamp), "CENTRIFUGE_TIMESTAMP", "SECONDS",
     "of the token; default now"},
    {"token", 0, TEXT, CLIENT, AT(token), "CENTRIFUGE_TOKEN", "HEX", "made by your backend for user, timestamp and info"},
    {"secret", 0, TEXT, ALL, AT(secret), "CENTRIFUGE_SECRET", "SECRET", "the server's: makes tokens and signs here"},
    {"auth-endpoint", 0, TEXT, CLIENT, AT(auth_endpoint), "CENTRIFUGE_AUTH_ENDPOINT", "URL",
     "of your backend: asked for signs of private channels; default: made with the secret"},
    {"auth-header", 0, HEADER, CLIENT, AT(auth_headers), "CENTRIFUGE_AUTH_HEADER", "HEADER",
     "'NAME: VALUE', sent to --auth-endpoint; may be given again"},
    {"header", 'H', HEADER, CLIENT, AT(headers), NULL, "HEADER",
     "'NAME: VALUE', sent to the server when a client connects; may be given again"},
    {"insecure", 0, FLAG, SERVER, AT(insecure), "CENTRIFUGE_INSECURE", NULL, "send no credentials, whatever else is given"},
    {"ca-file", 0, TEXT, SERVER, AT(ca_file), "CENTRIFUGE_CA_FILE", "FILE", "certificate authorities to trust (PEM)"},
    {"cert", 0, TEXT, SERVER, AT(certificate), "CENTRIFUGE_CERT", "FILE", "certificate to show the server (PEM)"},
    {"key", 0, TEXT, SERVER, AT(key), "CENTRIFUGE_KEY", "FILE", "its key (PEM); default in the file of --cert"},
    {"no-verify", 0, FLAG, SERVER, AT(no_verify), NULL, NULL, "do not check the server's certificate; for tests only"},
    {"proxy", 0, TEXT, SERVER, AT(proxy), NULL, "URL", "the way to the server; default from https_proxy and the like"},
    {"transport", 0, TEXT, CLIENT & ~(unsigned)CF_CLI_PING, AT(transport), "CENTRIFUGE_TRANSPORT", "LIST",
     "of websocket, xhr-streaming, eventsource, xhr-polling: tried in this order"},
    {"api", 0, FLAG, CF_CLI_PUB | CF_CLI_BENCH, AT(api), NULL, NULL, "publish through the HTTP API, as a backend does"},
    {"api", 0, FLAG, CF_CLI_PING, AT(api), NULL, NULL, "ask the HTTP API, not the other end of a client connection"},
    {"client", 0, FLAG, CF_CLI_PRESENCE | CF_CLI_HISTORY, AT(client), NULL, NULL,
     "ask through a client connection, not the HTTP API"},
    {"client", 0, TEXT, CF_CLI_PUB, AT(publisher), NULL, "ID", "with --api: the client that counts as the publisher"},
    {"uid", 0, TEXT, CF_CLI_PUB, AT(uid), NULL, "ID", "with --api: the message's id; default made by the server"},
    {"lines", 'l', FLAG, CF_CLI_PUB, AT(lines), NULL, NULL, "publish each line of standard input"},
    {"text", 't', FLAG, CF_CLI_PUB | CF_CLI_BROADCAST, AT(text), NULL, NULL, "DATA is plain text: send it as a JSON string"},
    {"count", 'n', COUNT, CF_CLI_SUB, AT(count), NULL, "N", "stop after N messages"},
    {"count", 'n', COUNT, CF_CLI_PUB, AT(count), NULL, "N", "publish N times; default 1"},
    {"count", 'n', COUNT, CF_CLI_HISTORY, AT(count), NULL, "N", "only the newest N messages; default all"},
    {"count", 'n', COUNT, CF_CLI_PING, AT(count), NULL, "N", "stop after N of them; default none"},
    {"count", 'n', COUNT, CF_CLI_BENCH, AT(count), NULL, "N", "messages to publish, all together; default 10000"},
    {"interval", 'i', SECONDS, CF_CLI_PUB, AT(interval), NULL, "SECONDS", "with --count: between two of them; default none"},
    {"interval", 'i', SECONDS, CF_CLI_PING, AT(interval), NULL, "SECONDS", "from one to the next; default 1"},
    {"interval", 'i', SECONDS, CF_CLI_TOP, AT(interval), NULL, "SECONDS", "from one look to the next; default 2"},
    {"once", 0, FLAG, CF_CLI_TOP, AT(once), NULL, NULL, "look once"},
    {"publishers", 'p', COUNT, CF_CLI_BENCH, AT(publishers), NULL, "N", "who publish; default 1"},
    {"subscribers", 's', NUMBER, CF_CLI_BENCH, AT(subscribers), NULL, "N", "who get every message; default 1"},
    {"size", 0, COUNT, CF_CLI_BENCH, AT(size), NULL, "BYTES", "of a message's data; default 128"},
    {"rate", 'r', COUNT, CF_CLI_BENCH, AT(rate), NULL, "N", "messages a second, all together; default as fast as it goes"},
    {"duration", 'd', SECONDS, CF_CLI_BENCH, AT(duration), NULL, "SECONDS", "publish so long instead of --count"},
    {"window", 'w', COUNT, CF_CLI_BENCH, AT(window), NULL, "N",
     "publications of a publisher that wait for an answer; default 16"},
    {"json", 0, FLAG, ALL, AT(json), NULL, NULL, "print on a terminal what is printed into a pipe: plain lines of JSON"},
    {"color", 0, COLOR, ALL, AT(color), NULL, "WHEN",
     "JSON in colours: auto (on a terminal, without NO_COLOR), always or never"},
    {"csv", 0, FLAG, CF_CLI_BENCH, AT(csv), NULL, NULL, "print comma separated values, with a line of names"},
    {"timeout", 0, SECONDS, SERVER, AT(timeout), NULL, "SECONDS", "give up after; default 10, for sub none"},
    {"quiet", 'q', FLAG, CF_CLI_PING, AT(quiet), NULL, NULL, "print only the summary"},
    {"quiet", 'q', FLAG, CF_CLI_BENCH, AT(quiet), NULL, NULL, "show no progress"},
    {"quiet", 'q', FLAG, CF_CLI_SUB | CF_CLI_TOKEN | CF_CLI_SIGN, AT(quiet), NULL, NULL,
     "print only the messages' data, or only the token or sign"},
    {"verbose", 'v', FLAG, SERVER, AT(verbose), NULL, NULL, "say on standard error what is done"},
    {"help", 'h', FLAG, ALL, AT(help), NULL, NULL, "this text"},
};
enum { TABLE_SIZE = sizeof(table) / sizeof(table[0]) };

static void *member(cf_cli_options *options, const option_entry *entry)
{
    return (char *)options + entry->offset;
}

static bool parse_number(const char *text, long long min, int64_t *number)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < min)
        return false;
    *number = value;
    return true;
}

static bool parse_seconds(const char *text, int64_t *milliseconds)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value) || value < 0.001 || value > 1e9)
        return false;
    *milliseconds = (int64_t)(value * 1000);
    return true;
}

/* The value may be a secret: it is not shown. */
static bool add_header(cf_cli_headers *headers, const char *where, const char *text)
{
    size_t at = headers->count;
    size_t name_size = strcspn(text, ": \t\r\n");
    if (at == CF_CLI_HEADERS_MAX) {
        cf_cli_complain("%s is given more than %d times", where, CF_CLI_HEADERS_MAX);
        return false;
    }
    if (text[name_size] != ':' || name_size == 0 || name_size >= CF_CLI_HEADER_NAME_SIZE || strpbrk(text, "\r\n") != NULL) {
        cf_cli_complain("%s is no header: give one line 'NAME: VALUE', its name shorter than %d bytes", where,
                        CF_CLI_HEADER_NAME_SIZE);
        return false;
    }
    char *name = headers->names[at];
    memcpy(name, text, name_size);
    name[name_size] = '\0';
    text += name_size + 1;
    headers->list[at] = (centrifuge_header){name, text + strspn(text, " \t")};
    headers->count++;
    return true;
}

static bool choose_color(cf_cli_options *options, const char *where, const char *value)
{
    options->color = value;
    if (strcmp(value, "auto") == 0 || strcmp(value, "always") == 0 || strcmp(value, "never") == 0)
        return true;
    cf_cli_complain("%s is '%s': give auto, always or never", where, value);
    return false;
}

/* `where` is what the user wrote: "--count" or the name of a variable. */
static bool set(cf_cli_options *options, const option_entry *entry, const char *where, const char *value)
{
    switch (entry->kind) {
    case FLAG:
        *(bool *)member(options, entry) = true;
        return true;
    case TEXT:
        *(const char **)member(options, entry) = value;
        return true;
    case COUNT:
    case NUMBER:
        if (parse_number(value, entry->kind == COUNT, member(options, entry)))
            return true;
        cf_cli_complain("%s is '%s': give a whole number from %d on", where, value, entry->kind == COUNT);
        return false;
    case SECONDS:
        if (parse_seconds(value, member(options, entry)))
            return true;
        cf_cli_complain("%s is '%s': give a number of seconds greater than 0, as 5 or 0.5", where, value);
        return false;
    case COLOR:
        return choose_color(options, where, value);
    case HEADER:
        return add_header(member(options, entry), where, value);
    }
    return false;
}

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
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        const option_entry *entry = &table[i];
        const char *value = entry->environment ? getenv(entry->environment) : NULL;
        if (value == NULL || value[0] == '\0' || !(entry->commands & command))
            continue;
        bool known = true;
        if (entry->kind == FLAG && !truth(entry->environment, value, &known)) {
            if (!known)
                return false;
            continue;
        }
        if (!set(options, entry, entry->environment, value))
            return false;
    }
    return true;
}

/* What getopt wants, made from the table: the command's options only. Returned values are 256 + index, or the letter. */
static void make_getopt(unsigned command, struct option *longs, char *shorts)
{
    *shorts++ = ':';
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if (!(table[i].commands & command))
            continue;
        int wants = table[i].kind == FLAG ? no_argument : required_argument;
        *longs++ = (struct option){table[i].name, wants, NULL, 256 + (int)i};
        if (table[i].letter == 0)
            continue;
        *shorts++ = table[i].letter;
        if (wants)
            *shorts++ = ':';
    }
    *longs = (struct option){NULL, 0, NULL, 0};
    *shorts = '\0';
}

static const option_entry *entry_of(unsigned command, int code)
{
    for (int i = 0; i < TABLE_SIZE; i++) {
        if ((table[i].commands & command) && (code == 256 + i || (code == table[i].letter && code != 0)))
            return &table[i];
    }
    return NULL;
}

static bool refuse_word(int code, unsigned bit, const char *command, const char *word)
{
    const option_entry *entry = entry_of(bit, optopt);
    int name = (int)strcspn(word, "="); /* what follows may be a secret behind a mistyped name */
    if (code == ':')
        cf_cli_complain("%s wants a value: --%s %s", word, entry ? entry->name : "", entry ? entry->argument : "");
    else if (optopt >= 256)
        cf_cli_complain("%s takes no value", word);
    else if (optopt != 0 && strncmp(word, "--", 2) != 0)
        cf_cli_complain(
            "%s does not know the option -%c; see centrifuge-cli %s --help (data that begins with - goes behind --)", command,
            optopt, command);
    else
        cf_cli_complain("%s does not know the option %.*s; see centrifuge-cli %s --help", command, name, word, command);
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
    struct option longs[TABLE_SIZE + 1];
    char shorts[2 * TABLE_SIZE + 2];
    bool own_headers[TABLE_SIZE] = {false};
    make_getopt(command, longs, shorts);
    opterr = 0;
    optind = 1;
    int code;
    while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        const char *word = argv[optind - 1];
        if (code == '?' || code == ':')
            return refuse_word(code, command, argv[0], word);
        const option_entry *entry = entry_of(command, code);
        char where[32];
        snprintf(where, sizeof(where), "--%s", entry->name);
        if (entry->kind == HEADER && !own_headers[entry - table]) {
            ((cf_cli_headers *)member(options, entry))->count = 0; /* that of the environment */
            own_headers[entry - table] = true;
        }
        if (!set(options, entry, where, optarg))
            return false;
    }
    options->arguments = argv + optind;
    options->argument_count = argc - optind;
    cf_cli_place(options->place, options->url);
    return true;
}

static bool is_global(const option_entry *entry)
{
    return (entry->commands & SERVER) == SERVER;
}

/* The option that a word in front of the command gives; NULL: none that may stand there. */
static const option_entry *global_of(const char *word)
{
    bool is_long = strncmp(word, "--", 2) == 0;
    size_t size = is_long ? strcspn(word + 2, "=") : 0;
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        const option_entry *entry = &table[i];
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
    const option_entry *entry;
    while (at < argc && (entry = global_of(argv[at])) != NULL)
        at += entry->kind == FLAG || has_value(argv[at]) ? 1 : 2;
    return at;
}

bool cf_cli_options_parse(cf_cli_options *options, unsigned command, int argc, char **argv)
{
    *options = (cf_cli_options){.publishers = -1, .subscribers = -1, .size = -1, .rate = -1, .window = -1};
    options->command = argv[0];
    options->url = CF_CLI_URL_DEFAULT;
    return from_environment(options, command) && from_flags(options, command, argc, argv);
}

int64_t cf_cli_options_timeout(const cf_cli_options *options)
{
    return options->timeout > 0 ? options->timeout : CF_CLI_TIMEOUT_DEFAULT;
}

void cf_cli_options_complain(const char *what, centrifuge_error error)
{
    static const char *const names[][2] = {
        {"auth_endpoint", "auth-endpoint"}, {"auth_headers", "auth-header"}, {"headers", "header"},
        {"tls_ca_file", "ca-file"},         {"tls_certificate", "cert"},     {"tls_key", "key"},
        {"tls_verify", "no-verify"},        {"transports", "transport"}};
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
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        const option_entry *entry = &table[i];
        if (!(entry->commands & command))
            continue;
        char names[64];
        char letter[8] = "   ";
        if (entry->letter)
            snprintf(letter, sizeof(letter), "-%c,", entry->letter);
        snprintf(names, sizeof(names), "%s --%s %s", letter, entry->name, entry->argument ? entry->argument : "");
        cf_cli_print("  %-28s %s", names, entry->help);
        if (entry->environment)
            cf_cli_print(" [%s]", entry->environment);
        cf_cli_print("\n");
    }
}

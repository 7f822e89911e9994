#define _GNU_SOURCE
#include "cli/cli.h"
#include "cli/context.h"

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
    ALL = SERVER | CF_CLI_TOKEN | CF_CLI_SIGN | CF_CLI_API_SIGN,
    KEPT = 1 << 30, /* a context has it */
    SAVED = KEPT | CF_CLI_CONTEXT,
    EVERY = ALL | CF_CLI_CONTEXT | CF_CLI_COMPLETION
};

/* SECRET and ADDRESS are texts that are not shown, or only in part. */
typedef enum option_kind { FLAG, TEXT, SECRET, ADDRESS, COUNT, NUMBER, SECONDS, HEADER, COLOR } option_kind;

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
    {"context", 0, TEXT, ALL, AT(context), "CENTRIFUGE_CONTEXT", "NAME", "of a server that context add has saved"},
    {"url", 'u', ADDRESS, SERVER | SAVED, AT(url), "CENTRIFUGE_URL", "URL", "the server; default " CF_CLI_URL_DEFAULT},
    {"user", 0, TEXT, CLIENT | CF_CLI_TOKEN | SAVED, AT(user), "CENTRIFUGE_USER", "ID", "the user's id; default anonymous"},
    {"info", 0, TEXT, CLIENT | CF_CLI_TOKEN | CF_CLI_SIGN | SAVED, AT(info), "CENTRIFUGE_INFO", "JSON",
     "about the user; part of token and sign"},
    {"timestamp", 0, TEXT, CLIENT | CF_CLI_TOKEN | SAVED, AT(timestamp), "CENTRIFUGE_TIMESTAMP", "SECONDS",
     "of the token; default now"},
    {"token", 0, SECRET, CLIENT | SAVED, AT(token), "CENTRIFUGE_TOKEN", "HEX",
     "made by your backend for user, timestamp and info"},
    {"secret", 0, SECRET, ALL | SAVED, AT(secret), "CENTRIFUGE_SECRET", "SECRET", "the server's: makes tokens and signs here"},
    {"auth-endpoint", 0, ADDRESS, CLIENT | SAVED, AT(auth_endpoint), "CENTRIFUGE_AUTH_ENDPOINT", "URL",
     "of your backend: asked for signs of private channels; default: made with the secret"},
    {"auth-header", 0, HEADER, CLIENT | SAVED, AT(auth_headers), "CENTRIFUGE_AUTH_HEADER", "HEADER",
     "'NAME: VALUE', sent to --auth-endpoint; may be given again"},
    {"header", 'H', HEADER, CLIENT | SAVED, AT(headers), NULL, "HEADER",
     "'NAME: VALUE', sent to the server when a client connects; may be given again"},
    {"insecure", 0, FLAG, SERVER | SAVED, AT(insecure), "CENTRIFUGE_INSECURE", NULL,
     "send no credentials, whatever else is given"},
    {"ca-file", 0, TEXT, SERVER | SAVED, AT(ca_file), "CENTRIFUGE_CA_FILE", "FILE", "certificate authorities to trust (PEM)"},
    {"cert", 0, TEXT, SERVER | SAVED, AT(certificate), "CENTRIFUGE_CERT", "FILE", "certificate to show the server (PEM)"},
    {"key", 0, TEXT, SERVER | SAVED, AT(key), "CENTRIFUGE_KEY", "FILE", "its key (PEM); default in the file of --cert"},
    {"no-verify", 0, FLAG, SERVER | SAVED, AT(no_verify), NULL, NULL, "do not check the server's certificate; for tests only"},
    {"proxy", 0, ADDRESS, SERVER | SAVED, AT(proxy), NULL, "URL",
     "the way to the server; default from https_proxy and the like"},
    {"transport", 0, TEXT, (CLIENT & ~(unsigned)CF_CLI_PING) | SAVED, AT(transport), "CENTRIFUGE_TRANSPORT", "LIST",
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
    {"json", 0, FLAG, ALL | CF_CLI_CONTEXT, AT(json), NULL, NULL,
     "print on a terminal what is printed into a pipe: plain lines of JSON"},
    {"color", 0, COLOR, ALL | CF_CLI_CONTEXT, AT(color), NULL, "WHEN",
     "JSON in colours: auto (on a terminal, without NO_COLOR), always or never"},
    {"csv", 0, FLAG, CF_CLI_BENCH, AT(csv), NULL, NULL, "print comma separated values, with a line of names"},
    {"timeout", 0, SECONDS, SERVER | SAVED, AT(timeout), NULL, "SECONDS", "give up after; default 10, for sub none"},
    {"quiet", 'q', FLAG, CF_CLI_PING, AT(quiet), NULL, NULL, "print only the summary"},
    {"quiet", 'q', FLAG, CF_CLI_CONTEXT, AT(quiet), NULL, NULL, "ls: print only the names"},
    {"quiet", 'q', FLAG, CF_CLI_BENCH, AT(quiet), NULL, NULL, "show no progress"},
    {"quiet", 'q', FLAG, CF_CLI_SUB | CF_CLI_TOKEN | CF_CLI_SIGN, AT(quiet), NULL, NULL,
     "print only the messages' data, or only the token or sign"},
    {"verbose", 'v', FLAG, SERVER, AT(verbose), NULL, NULL, "say on standard error what is done"},
    {"help", 'h', FLAG, EVERY, AT(help), NULL, NULL, "this text"},
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
    case SECRET:
    case ADDRESS:
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
            *(bool *)member(options, entry) = false; /* a context may say otherwise */
            continue;
        }
        if (entry->kind == HEADER)
            ((cf_cli_headers *)member(options, entry))->count = 0;
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

/* ---- contexts: a line for each option, "NAME VALUE" or "NAME" ---- */

static const option_entry *find_kept(const char *name)
{
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if ((table[i].commands & KEPT) && strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

static bool read_line(cf_cli_options *options, unsigned command, char *line, const char *path, int number)
{
    char where[CF_CLI_CONTEXT_PATH_MAX + 64];
    line += strspn(line, " \t");
    if (line[0] == '\0' || line[0] == '#')
        return true;
    char *value = line + strcspn(line, " \t");
    if (*value != '\0')
        *value++ = '\0';
    value += strspn(value, " \t");
    const option_entry *entry = find_kept(line);
    snprintf(where, sizeof(where), "%s, line %d: %.32s", path, number, line);
    if (entry != NULL && (entry->kind == FLAG) == (value[0] == '\0'))
        return (entry->commands & command) == 0 || set(options, entry, where, value);
    cf_cli_complain("%s is no option of a context, or its value is missing or one too many", where);
    return false;
}

/* What it reads stays in the text, which is cut into lines. */
static bool read_lines(cf_cli_options *options, unsigned command, char *text, const char *path)
{
    for (int number = 1; *text != '\0'; number++) {
        char *end = text + strcspn(text, "\n");
        char *next = *end != '\0' ? end + 1 : end;
        *end = '\0';
        if (end > text && end[-1] == '\r')
            end[-1] = '\0';
        if (!read_line(options, command, text, path, number))
            return false;
        text = next;
    }
    return true;
}

/* Options are read as they are kept, whatever command they are for. */
static const void *kept_member(const cf_cli_options *options, const option_entry *entry)
{
    return (const char *)options + entry->offset;
}

static bool is_given(const cf_cli_options *options, const option_entry *entry)
{
    const void *at = kept_member(options, entry);
    if (!(entry->commands & KEPT))
        return false;
    switch (entry->kind) {
    case FLAG:
        return *(const bool *)at;
    case SECONDS:
        return *(const int64_t *)at > 0;
    case HEADER:
        return ((const cf_cli_headers *)at)->count > 0;
    default:
        return *(const char *const *)at != NULL;
    }
}

bool cf_cli_options_are_given(const cf_cli_options *options)
{
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if (is_given(options, &table[i]))
            return true;
    }
    return false;
}

static bool save_text(const option_entry *entry, const char *text, FILE *to)
{
    if (text[0] == '\0' || strpbrk(text, "\r\n") != NULL) {
        cf_cli_complain("--%s is empty or has more than one line: a context cannot keep it", entry->name);
        return false;
    }
    fprintf(to, "%s %s\n", entry->name, text);
    return true;
}

static void save_headers(const option_entry *entry, const cf_cli_headers *headers, FILE *to)
{
    for (size_t i = 0; i < headers->count; i++)
        fprintf(to, "%s %s: %s\n", entry->name, headers->list[i].name, headers->list[i].value);
}

static bool save(const cf_cli_options *options, const option_entry *entry, FILE *to)
{
    const void *at = kept_member(options, entry);
    if (entry->kind == FLAG)
        fprintf(to, "%s\n", entry->name);
    else if (entry->kind == SECONDS)
        fprintf(to, "%s %g\n", entry->name, (double)*(const int64_t *)at / 1000);
    else if (entry->kind == HEADER)
        save_headers(entry, at, to);
    else
        return save_text(entry, *(const char *const *)at, to);
    return true;
}

bool cf_cli_options_save(const cf_cli_options *options, FILE *to)
{
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if (is_given(options, &table[i]) && !save(options, &table[i], to))
            return false;
    }
    return true;
}

static void print_headers(const option_entry *entry, const cf_cli_headers *headers)
{
    cf_cli_line_open(entry->name);
    for (size_t i = 0; i < headers->count; i++)
        cf_cli_line_text(headers->list[i].name, "***");
    cf_cli_line_close();
}

static void print_kept(const cf_cli_options *options, const option_entry *entry)
{
    const void *at = kept_member(options, entry);
    char shown[CF_CLI_PLACE_SIZE];
    switch (entry->kind) {
    case FLAG:
        cf_cli_line_bool(entry->name, true);
        break;
    case SECONDS:
        cf_cli_line_decimal(entry->name, (double)*(const int64_t *)at / 1000);
        break;
    case HEADER:
        print_headers(entry, at);
        break;
    case ADDRESS:
        cf_cli_line_text(entry->name, cf_cli_place(shown, *(const char *const *)at));
        break;
    default:
        cf_cli_line_text(entry->name, entry->kind == SECRET ? "***" : *(const char *const *)at);
        break;
    }
}

void cf_cli_options_print(const cf_cli_options *options)
{
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if (is_given(options, &table[i]))
            print_kept(options, &table[i]);
    }
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
    return options->context_text != NULL && read_lines(options, command, options->context_text, path);
}

/* Flags are read twice: what they say of a context comes first, all else that they say comes last, and wins. */
bool cf_cli_options_parse(cf_cli_options *options, unsigned command, int argc, char **argv)
{
    cf_cli_options flags = nothing_given;
    *options = nothing_given;
    options->command = argv[0];
    if (!from_flags(&flags, command, argc, argv))
        return false;
    if ((command & ALL) && !flags.help && (!from_context(options, &flags, command) || !from_environment(options, command)))
        return false;
    if (!from_flags(options, command, argc, argv))
        return false;
    if (options->url == NULL && command != CF_CLI_CONTEXT)
        options->url = CF_CLI_URL_DEFAULT;
    if (options->url != NULL)
        cf_cli_place(options->place, options->url);
    return true;
}

bool cf_cli_options_load(cf_cli_options *options, char *text, const char *path)
{
    *options = nothing_given;
    return read_lines(options, KEPT, text, path);
}

void cf_cli_options_free(cf_cli_options *options)
{
    free(options->context_text);
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

bool cf_cli_option_at(size_t i, unsigned command, cf_cli_option_words *words)
{
    static const char *const transports = "websocket xhr-streaming eventsource xhr-polling";
    const option_entry *entry = i < TABLE_SIZE ? &table[i] : NULL;
    *words = (cf_cli_option_words){0};
    if (entry == NULL)
        return false;
    if (!(entry->commands & command))
        return true;
    *words = (cf_cli_option_words){.name = entry->name, .help = entry->help, .takes_value = entry->kind != FLAG};
    words->letter = entry->letter;
    words->is_file = entry->argument != NULL && strcmp(entry->argument, "FILE") == 0;
    words->is_context = entry->offset == AT(context);
    if (entry->kind == COLOR)
        words->values = "auto always never";
    else if (entry->offset == AT(transport))
        words->values = transports;
    return true;
}

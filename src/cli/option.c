#include "cli/option.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLIENT = CF_CLI_CONNECTING,
    SERVER = CF_CLI_SERVER,
    ALL = CF_CLI_ALL,
    SAVED = CF_CLI_KEPT | CF_CLI_CONTEXT,
    EVERY = ALL | CF_CLI_CONTEXT | CF_CLI_COMPLETION
};

#define AT(member) offsetof(cf_cli_options, member)

static const cf_cli_option table[] = {
    {"context", 0, CF_CLI_TEXT, ALL, AT(context), "CENTRIFUGE_CONTEXT", "NAME", "of a server that context add has saved"},
    {"url", 'u', CF_CLI_ADDRESS, SERVER | SAVED, AT(url), "CENTRIFUGE_URL", "URL", "the server; default " CF_CLI_URL_DEFAULT},
    {"user", 0, CF_CLI_TEXT, CLIENT | CF_CLI_TOKEN | SAVED, AT(user), "CENTRIFUGE_USER", "ID",
     "the user's id; default anonymous"},
    {"info", 0, CF_CLI_TEXT, CLIENT | CF_CLI_TOKEN | CF_CLI_SIGN | SAVED, AT(info), "CENTRIFUGE_INFO", "JSON",
     "about the user; part of token and sign"},
    {"timestamp", 0, CF_CLI_TEXT, CLIENT | CF_CLI_TOKEN | SAVED, AT(timestamp), "CENTRIFUGE_TIMESTAMP", "SECONDS",
     "of the token; default now"},
    {"token", 0, CF_CLI_SECRET, CLIENT | SAVED, AT(token), "CENTRIFUGE_TOKEN", "HEX",
     "made by your backend for user, timestamp and info"},
    {"secret", 0, CF_CLI_SECRET, ALL | SAVED, AT(secret), "CENTRIFUGE_SECRET", "SECRET",
     "the server's: makes tokens and signs here"},
    {"auth-endpoint", 0, CF_CLI_ADDRESS, CLIENT | SAVED, AT(auth_endpoint), "CENTRIFUGE_AUTH_ENDPOINT", "URL",
     "of your backend: asked for signs of private channels; default: made with the secret"},
    {"auth-header", 0, CF_CLI_HEADER, CLIENT | SAVED, AT(auth_headers), "CENTRIFUGE_AUTH_HEADER", "HEADER",
     "'NAME: VALUE', sent to --auth-endpoint; may be given again"},
    {"header", 'H', CF_CLI_HEADER, SERVER | SAVED, AT(headers), NULL, "HEADER",
     "'NAME: VALUE', sent to the server when a client connects, and with requests to the HTTP API; may be given again"},
    {"insecure", 0, CF_CLI_FLAG, SERVER | SAVED, AT(insecure), "CENTRIFUGE_INSECURE", NULL,
     "send no credentials, whatever else is given"},
    {"ca-file", 0, CF_CLI_TEXT, SERVER | SAVED, AT(ca_file), "CENTRIFUGE_CA_FILE", "FILE",
     "certificate authorities to trust (PEM)"},
    {"cert", 0, CF_CLI_TEXT, SERVER | SAVED, AT(certificate), "CENTRIFUGE_CERT", "FILE",
     "certificate to show the server (PEM)"},
    {"key", 0, CF_CLI_TEXT, SERVER | SAVED, AT(key), "CENTRIFUGE_KEY", "FILE", "its key (PEM); default in the file of --cert"},
    {"no-verify", 0, CF_CLI_FLAG, SERVER | SAVED, AT(no_verify), NULL, NULL,
     "do not check the server's certificate; for tests only"},
    {"proxy", 0, CF_CLI_ADDRESS, SERVER | SAVED, AT(proxy), NULL, "URL",
     "the way to the server; default from https_proxy and the like"},
    {"transport", 0, CF_CLI_TEXT, (CLIENT & ~(unsigned)CF_CLI_PING) | SAVED, AT(transport), "CENTRIFUGE_TRANSPORT", "LIST",
     "of websocket, xhr-streaming, eventsource, xhr-polling: tried in this order"},
    {"api", 0, CF_CLI_FLAG, CF_CLI_PUB | CF_CLI_BENCH, AT(api), NULL, NULL, "publish through the HTTP API, as a backend does"},
    {"api", 0, CF_CLI_FLAG, CF_CLI_PING, AT(api), NULL, NULL, "ask the HTTP API, not the other end of a client connection"},
    {"client", 0, CF_CLI_FLAG, CF_CLI_PRESENCE | CF_CLI_HISTORY, AT(client), NULL, NULL,
     "ask through a client connection, not the HTTP API"},
    {"client", 0, CF_CLI_TEXT, CF_CLI_PUB, AT(publisher), NULL, "ID", "with --api: the client that counts as the publisher"},
    {"uid", 0, CF_CLI_TEXT, CF_CLI_PUB, AT(uid), NULL, "ID", "with --api: the message's id; default made by the server"},
    {"lines", 'l', CF_CLI_FLAG, CF_CLI_PUB, AT(lines), NULL, NULL, "publish each line of standard input"},
    {"text", 't', CF_CLI_FLAG, CF_CLI_PUB | CF_CLI_BROADCAST, AT(text), NULL, NULL,
     "DATA is plain text: send it as a JSON string"},
    {"count", 'n', CF_CLI_COUNT, CF_CLI_SUB, AT(count), NULL, "N", "stop after N messages"},
    {"count", 'n', CF_CLI_COUNT, CF_CLI_PUB, AT(count), NULL, "N", "publish N times; default 1"},
    {"count", 'n', CF_CLI_COUNT, CF_CLI_HISTORY, AT(count), NULL, "N", "only the newest N messages; default all"},
    {"count", 'n', CF_CLI_COUNT, CF_CLI_PING, AT(count), NULL, "N", "stop after N of them; default none"},
    {"count", 'n', CF_CLI_COUNT, CF_CLI_BENCH, AT(count), NULL, "N", "messages to publish, all together; default 10000"},
    {"interval", 'i', CF_CLI_SECONDS, CF_CLI_PUB, AT(interval), NULL, "SECONDS",
     "with --count: between two of them; default none"},
    {"interval", 'i', CF_CLI_SECONDS, CF_CLI_PING, AT(interval), NULL, "SECONDS", "from one to the next; default 1"},
    {"interval", 'i', CF_CLI_SECONDS, CF_CLI_TOP, AT(interval), NULL, "SECONDS", "from one look to the next; default 2"},
    {"once", 0, CF_CLI_FLAG, CF_CLI_TOP, AT(once), NULL, NULL, "look once"},
    {"publishers", 'p', CF_CLI_COUNT, CF_CLI_BENCH, AT(publishers), NULL, "N", "who publish; default 1"},
    {"subscribers", 's', CF_CLI_NUMBER, CF_CLI_BENCH, AT(subscribers), NULL, "N", "who get every message; default 1"},
    {"size", 0, CF_CLI_COUNT, CF_CLI_BENCH, AT(size), NULL, "BYTES", "of a message's data; default 128"},
    {"rate", 'r', CF_CLI_COUNT, CF_CLI_BENCH, AT(rate), NULL, "N",
     "messages a second, all together; default as fast as it goes"},
    {"duration", 'd', CF_CLI_SECONDS, CF_CLI_BENCH, AT(duration), NULL, "SECONDS", "publish so long instead of --count"},
    {"window", 'w', CF_CLI_COUNT, CF_CLI_BENCH, AT(window), NULL, "N",
     "publications of a publisher that wait for an answer; default 16"},
    {"json", 0, CF_CLI_FLAG, ALL | CF_CLI_CONTEXT, AT(json), NULL, NULL,
     "print on a terminal what is printed into a pipe: plain lines of JSON"},
    {"color", 0, CF_CLI_COLOR, ALL | CF_CLI_CONTEXT, AT(color), NULL, "WHEN",
     "JSON in colours: auto (on a terminal, without NO_COLOR), always or never"},
    {"csv", 0, CF_CLI_FLAG, CF_CLI_BENCH, AT(csv), NULL, NULL, "print comma separated values, with a line of names"},
    {"timeout", 0, CF_CLI_SECONDS, SERVER | SAVED, AT(timeout), NULL, "SECONDS", "give up after; default 10, for sub none"},
    {"quiet", 'q', CF_CLI_FLAG, CF_CLI_PING, AT(quiet), NULL, NULL, "print only the summary"},
    {"quiet", 'q', CF_CLI_FLAG, CF_CLI_CONTEXT, AT(quiet), NULL, NULL, "ls: print only the names"},
    {"quiet", 'q', CF_CLI_FLAG, CF_CLI_BENCH, AT(quiet), NULL, NULL, "show no progress"},
    {"quiet", 'q', CF_CLI_FLAG, CF_CLI_SUB | CF_CLI_TOKEN | CF_CLI_SIGN, AT(quiet), NULL, NULL,
     "print only the messages' data, or only the token or sign"},
    {"verbose", 'v', CF_CLI_FLAG, SERVER, AT(verbose), NULL, NULL, "say on standard error what is done"},
    {"help", 'h', CF_CLI_FLAG, EVERY, AT(help), NULL, NULL, "this text"},
};
_Static_assert(sizeof(table) / sizeof(table[0]) == CF_CLI_OPTION_COUNT, "CF_CLI_OPTION_COUNT is another number");
const cf_cli_option *const cf_cli_option_table = table;
void *cf_cli_option_member(cf_cli_options *options, const cf_cli_option *entry)
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

bool cf_cli_option_set(cf_cli_options *options, const cf_cli_option *entry, const char *where, const char *value)
{
    switch (entry->kind) {
    case CF_CLI_FLAG:
        *(bool *)cf_cli_option_member(options, entry) = true;
        return true;
    case CF_CLI_TEXT:
    case CF_CLI_SECRET:
    case CF_CLI_ADDRESS:
        *(const char **)cf_cli_option_member(options, entry) = value;
        return true;
    case CF_CLI_COUNT:
    case CF_CLI_NUMBER:
        if (parse_number(value, entry->kind == CF_CLI_COUNT, cf_cli_option_member(options, entry)))
            return true;
        cf_cli_complain("%s is '%s': give a whole number from %d on", where, value, entry->kind == CF_CLI_COUNT);
        return false;
    case CF_CLI_SECONDS:
        if (parse_seconds(value, cf_cli_option_member(options, entry)))
            return true;
        cf_cli_complain("%s is '%s': give seconds from 0.001 to 1000000000, as 5 or 0.5", where, value);
        return false;
    case CF_CLI_COLOR:
        return choose_color(options, where, value);
    case CF_CLI_HEADER:
        return add_header(cf_cli_option_member(options, entry), where, value);
    }
    return false;
}

bool cf_cli_option_at(size_t i, unsigned command, cf_cli_option_words *words)
{
    static const char *const transports = "websocket xhr-streaming eventsource xhr-polling";
    const cf_cli_option *entry = i < CF_CLI_OPTION_COUNT ? &cf_cli_option_table[i] : NULL;
    *words = (cf_cli_option_words){0};
    if (entry == NULL)
        return false;
    if (!(entry->commands & command))
        return true;
    *words = (cf_cli_option_words){.name = entry->name, .help = entry->help, .takes_value = entry->kind != CF_CLI_FLAG};
    words->letter = entry->letter;
    words->is_file = entry->argument != NULL && strcmp(entry->argument, "FILE") == 0;
    words->is_context = entry->offset == AT(context);
    if (entry->kind == CF_CLI_COLOR)
        words->values = "auto always never";
    else if (entry->offset == AT(transport))
        words->values = transports;
    return true;
}

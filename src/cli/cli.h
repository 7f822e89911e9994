/*
 * centrifuge-cli: the library for people and shell scripts.
 *
 * main.c finds the command in a table and options.c fills cf_cli_options from a context (kept.c), the environment and flags,
 * by the table of option.c; then one file a group of commands does the work: sub.c, pub.c, ask.c (presence, history,
 * channels, stats, node), tell.c (broadcast, unsubscribe, disconnect), sign.c, top*.c, ping.c, bench*.c, context.c,
 * completion.c. Those that keep client connections share connection.c (a client as the options want it), private.c (what a
 * backend would sign) and loop.c (poll: the clients' sockets, signals, standard input and output), those that have one
 * session.c (how it fails); those that call the HTTP API share api.c. print.c writes lines of JSON, pretty.c in colours.
 * suggest.c guesses what a mistyped word should be.
 *
 * Only the public headers of the library are used here.
 */
#ifndef CF_CLI_CLI_H
#define CF_CLI_CLI_H

#include <centrifuge/client.h>

#include <stdarg.h>
#include <stdio.h>

/* Documented in docs/cli.md; scripts depend on them. */
typedef enum cf_cli_exit {
    CF_CLI_OK = 0,
    CF_CLI_ERROR = 1,   /* anything without a number of its own */
    CF_CLI_USAGE = 2,   /* the command line is wrong; nothing was done */
    CF_CLI_REFUSED = 3, /* by the server: credentials, permission, an option of the channel */
    CF_CLI_NETWORK = 4  /* no connection, or no answer in time */
} cf_cli_exit;

#define CF_CLI_PLACE_SIZE       256 /* what is longer is cut */
#define CF_CLI_HEADERS_MAX      16
#define CF_CLI_HEADER_NAME_SIZE 128 /* bytes of a header's name and its NUL */

/* What was given as 'NAME: VALUE'; the values are borrowed, `list` points at `names`. */
typedef struct cf_cli_headers {
    centrifuge_header list[CF_CLI_HEADERS_MAX];
    char names[CF_CLI_HEADERS_MAX][CF_CLI_HEADER_NAME_SIZE];
    size_t count;
} cf_cli_headers;

/* What is chosen. Strings are borrowed from `context_text`, the environment or argv, and NULL when they are not given. */
typedef struct cf_cli_options {
    const char *context;
    char *context_text; /* of the context's file; owned */
    const char *url;
    char place[CF_CLI_PLACE_SIZE]; /* the url for texts */
    const char *user;
    const char *timestamp;
    const char *token;
    const char *info;
    const char *secret;
    const char *auth_endpoint;
    cf_cli_headers auth_headers;
    cf_cli_headers headers;
    const char *ca_file;
    const char *certificate;
    const char *key;
    const char *proxy;
    const char *transport;
    bool insecure;
    bool no_verify;
    bool api;
    bool client;
    bool lines;
    bool text;
    bool quiet;
    bool verbose;
    bool help;
    bool json;
    bool csv;
    bool once;
    const char *color; /* "auto", "always", "never" */
    const char *uid;
    const char *publisher; /* the client id that a message says */
    int64_t count;         /* 0: not given */
    int64_t interval;      /* ms, 0: not given */
    int64_t timeout;       /* ms, 0: the command's default */
    int64_t duration;      /* ms, 0: not given */
    int64_t publishers;    /* -1: not given, as for all below */
    int64_t subscribers;
    int64_t size;   /* bytes */
    int64_t rate;   /* messages a second */
    int64_t window; /* messages without an answer */
    const char *command;
    char **arguments; /* what is not an option */
    int argument_count;
} cf_cli_options;

#define CF_CLI_URL_DEFAULT     "http://127.0.0.1:8000"
#define CF_CLI_TIMEOUT_DEFAULT 10000 /* ms: commands that ask once */

/* Which commands take an option: bits. */
enum {
    CF_CLI_SUB = 1 << 0,
    CF_CLI_PUB = 1 << 1,
    CF_CLI_PRESENCE = 1 << 2,
    CF_CLI_HISTORY = 1 << 3,
    CF_CLI_CHANNELS = 1 << 4,
    CF_CLI_STATS = 1 << 5,
    CF_CLI_TOKEN = 1 << 6,
    CF_CLI_SIGN = 1 << 7,
    CF_CLI_API_SIGN = 1 << 8,
    CF_CLI_BROADCAST = 1 << 9,
    CF_CLI_UNSUBSCRIBE = 1 << 10,
    CF_CLI_DISCONNECT = 1 << 11,
    CF_CLI_NODE = 1 << 12,
    CF_CLI_BENCH = 1 << 13,
    CF_CLI_PING = 1 << 14,
    CF_CLI_TOP = 1 << 15,
    CF_CLI_CONTEXT = 1 << 16,
    CF_CLI_COMPLETION = 1 << 17
};

/* ---- main.c ---- */

/* The name of a command; NULL: there are no more. */
const char *cf_cli_command_at(size_t i, unsigned *bit, const char **summary);

/* ---- suggest.c ---- */

/* The nearest of the words that are offered in place of one of `size` bytes, NULL while none is near. Zero but for the word. */
typedef struct cf_cli_suggestion {
    const char *word;
    size_t size;
    const char *best;
    size_t distance;
} cf_cli_suggestion;

void cf_cli_suggestion_offer(cf_cli_suggestion *suggestion, const char *candidate);

/* ---- options.c ---- */

/* An address for texts, without a user and a query, which may be secret; returns `place`. */
const char *cf_cli_place(char place[CF_CLI_PLACE_SIZE], const char *address);
/* The first word behind argv[0] that is no option which all commands share, nor the value of one; argc: there is none. */
int cf_cli_options_skip(int argc, char **argv);
/* argv[0] is the command. False: it was reported. Free in either case. */
bool cf_cli_options_parse(cf_cli_options *options, unsigned command, int argc, char **argv);
void cf_cli_options_free(cf_cli_options *options);
/* Is there one that a context keeps? */
bool cf_cli_options_are_given(const cf_cli_options *options);
/* As the lines of a context. False: one cannot be kept, which was reported. */
bool cf_cli_options_save(const cf_cli_options *options, FILE *to);
/* From the text of a context, which is cut up and borrowed; `path` is for texts. False: it is wrong, which was reported. */
bool cf_cli_options_load(cf_cli_options *options, char *text, const char *path);
/* As members of a line of JSON, without what is secret. */
void cf_cli_options_print(const cf_cli_options *options);
void cf_cli_options_help(unsigned command);
/* Milliseconds that one answer may take. */
int64_t cf_cli_options_timeout(const cf_cli_options *options);
/* What completion says of an option. */
typedef struct cf_cli_option_words {
    const char *name; /* NULL: the command does not take it */
    char letter;      /* 0: none */
    const char *help;
    bool takes_value;
    bool is_file;
    bool is_context;
    const char *values; /* with blanks between them; NULL: any */
} cf_cli_option_words;

/* False: there are no more. */
bool cf_cli_option_at(size_t i, unsigned command, cf_cli_option_words *words);
/* Reports what the library said of one of its options, `what`, under the name that it has on the command line. */
void cf_cli_options_complain(const cf_cli_options *options, const char *what, centrifuge_error error);

/* ---- print.c: standard error and lines of JSON on standard output ---- */

#if defined(__GNUC__)
#define CF_CLI_FORMAT __attribute__((format(printf, 1, 2)))
#else
#define CF_CLI_FORMAT
#endif

/* A line on standard error, with the program's name in front and nothing that a terminal would obey; what is longer is cut. */
void cf_cli_complain(const char *format, ...) CF_CLI_FORMAT;

/* One line of JSON: begin, members, end. A string that is NULL is left out. */
void cf_cli_line_begin(void);
void cf_cli_line_text(const char *key, const char *value);
void cf_cli_line_json(const char *key, centrifuge_bytes value); /* size 0 is left out */
void cf_cli_line_bool(const char *key, bool value);
void cf_cli_line_number(const char *key, int64_t value);
/* With three digits behind the point. */
void cf_cli_line_decimal(const char *key, double value);
/* An object in the line: its members follow until it is closed. */
void cf_cli_line_open(const char *key);
void cf_cli_line_close(void);
void cf_cli_line_end(void);
/* A line that is one JSON value, its line ends (white space in JSON) as spaces. */
void cf_cli_print_json(centrifuge_bytes value);
/* The same as the answer to a question, in two pieces: on a terminal it has several lines. */
void cf_cli_print_answer(centrifuge_bytes first, centrifuge_bytes second);
/* As cf_cli_line_begin, of an answer. */
void cf_cli_print_answer_begin(void);
/* Plain text, for help; at most 1023 bytes at once. */
void cf_cli_print(const char *format, ...) CF_CLI_FORMAT;
/* Before anything is printed: whether it is for people or programs, and in colours. */
void cf_cli_print_choose(const cf_cli_options *options);
/* Does a person look at standard output, and not a program? */
bool cf_cli_print_is_for_people(void);
/* Does the terminal know how to move its cursor? */
bool cf_cli_terminal_moves(void);
/* From here on a reader that goes away is no failure: the output is as long as somebody wants it. */
void cf_cli_print_reader_may_leave(void);
/* Writes what was printed. False: standard output does not take any more, so that printing more has no use. */
bool cf_cli_print_works(void);
/* The same, at the end. False: something that was printed is lost, which was reported. */
bool cf_cli_print_finish(void);
/* `text` as a JSON string, to be freed; NULL: out of memory. */
char *cf_cli_json_string(const char *text, size_t size, size_t *string_size);

/* ---- commands: the exit code ---- */

cf_cli_exit cf_cli_sub(const cf_cli_options *options);
cf_cli_exit cf_cli_pub(const cf_cli_options *options);
cf_cli_exit cf_cli_presence(const cf_cli_options *options);
cf_cli_exit cf_cli_history(const cf_cli_options *options);
cf_cli_exit cf_cli_channels(const cf_cli_options *options);
cf_cli_exit cf_cli_stats(const cf_cli_options *options);
cf_cli_exit cf_cli_node(const cf_cli_options *options);
cf_cli_exit cf_cli_broadcast(const cf_cli_options *options);
cf_cli_exit cf_cli_unsubscribe(const cf_cli_options *options);
cf_cli_exit cf_cli_disconnect(const cf_cli_options *options);
cf_cli_exit cf_cli_context(const cf_cli_options *options);
cf_cli_exit cf_cli_completion(const cf_cli_options *options);
cf_cli_exit cf_cli_top(const cf_cli_options *options);
cf_cli_exit cf_cli_ping(const cf_cli_options *options);
cf_cli_exit cf_cli_bench(const cf_cli_options *options);
cf_cli_exit cf_cli_token(const cf_cli_options *options);
cf_cli_exit cf_cli_sign(const cf_cli_options *options);
cf_cli_exit cf_cli_api_sign(const cf_cli_options *options);

#endif

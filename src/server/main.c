/*
 * centrifuged: the command line.
 */
#include "server/config/options.h"
#include "server/daemon/genconfig.h"
#include "server/daemon/log.h"
#include "server/daemon/process.h"
#include "system/heap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PATH "config.json"
#define FLAGS_MAX    256
#define USAGE_STATUS 2 /* of the program, when the command line is wrong */

typedef enum command { COMMAND_RUN, COMMAND_VERSION, COMMAND_CHECKCONFIG, COMMAND_GENCONFIG, COMMAND_HELP } command;

typedef struct command_line {
    command command;
    cf_daemon_settings settings;
    cf_config_flag flags[FLAGS_MAX];
    int count; /* of arguments */
    char **arguments;
    int at;
} command_line;

/* ---- help ---- */

/* The first sentence; docs/configuration.md has the others. */
static int summary_size(const char *meaning)
{
    const char *end = strstr(meaning, ". ");
    return end == NULL ? (int)strlen(meaning) : (int)(end - meaning) + 1;
}

static void print_flag(const cf_option *option)
{
    char name[48];
    static const char *const kinds[] = {"", " NUMBER", " TEXT", " TEXTS", " PORT", " JSON"};
    bool has_default = option->initial[0] != 0 && option->kind != CF_OPTION_BOOL && option->kind != CF_OPTION_LIST;
    (void)snprintf(name, sizeof(name), "--%s%s", option->name, kinds[option->kind]);
    printf("  %c%c%c %-39s %.*s%s%s\n", option->letter ? '-' : ' ', option->letter ? option->letter : ' ',
           option->letter ? ',' : ' ', name, summary_size(option->meaning), option->meaning, has_default ? " Default: " : "",
           has_default ? option->initial : "");
}

static void print_flags(const cf_option *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].state == CF_OPTION_BUILT)
            print_flag(&table[i]);
    }
}

static int print_help(void)
{
    printf("centrifuged: real-time messages for clients that stay connected\n\n"
           "Usage:\n"
           "  centrifuged [flags]                  run the server\n"
           "  centrifuged genconfig [FILE]         write a configuration file with a new secret\n"
           "  centrifuged checkconfig [FILE]       check a configuration file; silent when it is good\n"
           "  centrifuged version                  print the version\n\n"
           "Flags:\n"
           "  -c, --config FILE                           Configuration file. Default: " DEFAULT_PATH "\n");
    print_flags(cf_options, cf_option_count);
    print_flags(cf_channel_option_table, cf_channel_option_count);
    printf("  -h, --help                                  This text.\n\n"
           "Each flag is also an option of the configuration file, and a variable of the environment: CENTRIFUGED_PORT.\n"
           "A flag counts more than the environment, that more than the file. SIGHUP reads the file again.\n"
           "Exit status: 0 after a clean end, 1 when the server could not start or stop, 2 when the command line is wrong.\n");
    return 0;
}

/* ---- reading the command line ---- */

static int usage(const char *format, const char *what)
{
    (void)fprintf(stderr, "centrifuged: ");
    (void)fprintf(stderr, format, what);
    (void)fprintf(stderr, "\nTry 'centrifuged --help'.\n");
    return USAGE_STATUS;
}

/* The value of a flag: behind '=', or the next argument; NULL when there is none. */
static const char *take_value(command_line *line, const char *behind)
{
    if (behind != NULL)
        return behind;
    if (line->at + 1 >= line->count)
        return NULL;
    return line->arguments[++line->at];
}

static int add_flag(command_line *line, const cf_option *option, const char *behind, const char *shown)
{
    const char *value = behind;
    if (option->kind != CF_OPTION_BOOL)
        value = take_value(line, behind);
    else if (behind == NULL)
        value = "true";
    if (value == NULL)
        return usage("%s needs a value", shown);
    if (line->settings.flag_count == FLAGS_MAX)
        return usage("too many flags, from %s on", shown);
    line->flags[line->settings.flag_count++] = (cf_config_flag){cf_bytes_of(option->name), cf_bytes_of(value)};
    return 0;
}

static int set_path(command_line *line, const char *behind, const char *shown)
{
    line->settings.path = take_value(line, behind);
    line->settings.path_given = true;
    return line->settings.path == NULL ? usage("%s needs a value", shown) : 0;
}

/* Without its value, which may be a secret. */
static int unknown_flag(cf_bytes name)
{
    char text[160];
    const cf_option *meant = cf_option_nearest(name);
    (void)snprintf(text, sizeof(text), "--%.*s%s%s%s", (int)(name.size < 64 ? name.size : 64), name.data,
                   meant == NULL ? "" : "; did you mean --", meant == NULL ? "" : meant->name, meant == NULL ? "" : "?");
    return usage("unknown flag: %s", text);
}

static int long_flag(command_line *line, const char *argument)
{
    const char *equal = strchr(argument, '=');
    cf_bytes name = equal == NULL ? cf_bytes_of(argument + 2) : (cf_bytes){argument + 2, (size_t)(equal - argument) - 2};
    const char *behind = equal == NULL ? NULL : equal + 1;
    if (cf_bytes_equal(name, CF_BYTES("help"))) {
        line->command = COMMAND_HELP;
        return 0;
    }
    if (cf_bytes_equal(name, CF_BYTES("config")))
        return set_path(line, behind, argument);
    const cf_option *option = cf_option_find_flag(name);
    return option != NULL ? add_flag(line, option, behind, argument) : unknown_flag(name);
}

/* -p 8000, -p8000, -p=8000; boolean letters may stand together: -dh */
static int short_flags(command_line *line, const char *argument)
{
    for (const char *at = argument + 1; *at != 0; at++) {
        const char *behind = at[1] == 0 ? NULL : at[1] == '=' ? at + 2 : at + 1;
        if (*at == 'h') {
            line->command = COMMAND_HELP;
            continue;
        }
        if (*at == 'c')
            return set_path(line, behind, argument);
        const cf_option *option = cf_option_find_letter(*at);
        if (option == NULL)
            return usage("unknown flag: %s", argument);
        if (option->kind != CF_OPTION_BOOL || at[1] == '=')
            return add_flag(line, option, behind, argument);
        int status = add_flag(line, option, NULL, argument);
        if (status != 0)
            return status;
    }
    return 0;
}

static int word(command_line *line, const char *argument)
{
    static const struct {
        const char *name;
        command command;
    } commands[] = {{"version", COMMAND_VERSION},
                    {"checkconfig", COMMAND_CHECKCONFIG},
                    {"genconfig", COMMAND_GENCONFIG},
                    {"help", COMMAND_HELP}};
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (line->command == COMMAND_RUN && strcmp(argument, commands[i].name) == 0) {
            line->command = commands[i].command;
            return 0;
        }
    }
    if ((line->command == COMMAND_CHECKCONFIG || line->command == COMMAND_GENCONFIG) && !line->settings.path_given) {
        line->settings.path = argument;
        line->settings.path_given = true;
        return 0;
    }
    return usage("unknown command: %s", argument);
}

static int read_line(command_line *line)
{
    int status = 0;
    for (line->at = 1; line->at < line->count && status == 0; line->at++) {
        const char *argument = line->arguments[line->at];
        if (strncmp(argument, "--", 2) == 0)
            status = long_flag(line, argument);
        else if (argument[0] == '-' && argument[1] != 0)
            status = short_flags(line, argument);
        else
            status = word(line, argument);
    }
    return status;
}

/* ---- commands ---- */

static int fail_program(const char *format, const char *what, const char *more)
{
    cf_log log;
    char text[1024];
    cf_log_init(&log);
    (void)snprintf(text, sizeof(text), "%s%s%s", format, what, more);
    cf_log_write(&log, CF_SERVER_FATAL, cf_bytes_of(text));
    cf_log_close(&log);
    return 1;
}

static void print_warnings(const cf_config_report *report)
{
    cf_log log;
    cf_log_init(&log);
    cf_log_lines(&log, CF_SERVER_WARNING, cf_buffer_bytes(&report->warnings));
    cf_log_close(&log);
}

static int fail_to_locate(const char *path, cf_config_report *report)
{
    cf_daemon_notation notation;
    if (!cf_daemon_settings_notation(path, &notation))
        return fail_program("Unable to locate config file: the name must end in " CF_NOTATION_ENDINGS ": ", path, "");
    if (access(path, F_OK) != 0)
        return fail_program("Unable to locate config file, use \"centrifuged genconfig -c ", path,
                            "\" command to generate one");
    return fail_program("Unable to locate config file: ", cf_buffer_text(&report->error), "");
}

static int check_config(const char *path)
{
    cf_config_report report;
    cf_config_report_init(&report, &cf_heap);
    cf_daemon_settings_status status = cf_daemon_settings_check(path, &report);
    int result = 0;
    print_warnings(&report);
    if (status == CF_SETTINGS_NO_FILE)
        result = fail_to_locate(path, &report);
    else if (status != CF_SETTINGS_OK)
        result = fail_program(cf_buffer_text(&report.error), "", "");
    cf_config_report_free(&report);
    return result;
}

static int gen_config(const char *path)
{
    cf_daemon_notation notation;
    if (!cf_daemon_settings_notation(path, &notation))
        return fail_program("output config file must have one of supported extensions: json, toml, yaml, yml (", path, ")");
    int problem = cf_genconfig_write(path, notation);
    if (problem == EEXIST)
        return fail_program("output config file already exists: ", path, "");
    if (problem != 0)
        return fail_program(path, ": ", strerror(problem));
    return check_config(path);
}

/* Nobody may find a socket, or the log, where a program that started us with one of these closed expects a standard stream. */
static bool open_standard_streams(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDWR) != descriptor)
            return false;
    }
    return true;
}

static int run_command(const command_line *line)
{
    switch (line->command) {
    case COMMAND_HELP:
        return print_help();
    case COMMAND_VERSION:
        printf("centrifuged v" CF_SERVER_VERSION "\n");
        return 0;
    case COMMAND_CHECKCONFIG:
        return check_config(line->settings.path);
    case COMMAND_GENCONFIG:
        return gen_config(line->settings.path);
    default:
        return cf_process_run(&line->settings, CF_SERVER_VERSION);
    }
}

int main(int count, char **arguments)
{
    command_line line = {.settings = {.path = DEFAULT_PATH}, .count = count, .arguments = arguments};
    line.settings.flags = line.flags;
    if (!open_standard_streams())
        return 1;
    int status = read_line(&line);
    if (status == 0)
        status = run_command(&line);
    return fflush(stdout) == 0 ? status : 1;
}

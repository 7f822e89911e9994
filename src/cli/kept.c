/* The options that a context keeps: a line for each, "NAME VALUE" or "NAME". */
#include "cli/context.h"
#include "cli/option.h"

#include <stdio.h>
#include <string.h>

static const cf_cli_option *find_kept(const char *name)
{
    for (size_t i = 0; i < CF_CLI_OPTION_COUNT; i++) {
        if ((cf_cli_option_table[i].commands & CF_CLI_KEPT) && strcmp(cf_cli_option_table[i].name, name) == 0)
            return &cf_cli_option_table[i];
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
    const cf_cli_option *entry = find_kept(line);
    snprintf(where, sizeof(where), "%s, line %d: %.32s", path, number, line);
    if (entry != NULL && (entry->kind == CF_CLI_FLAG) == (value[0] == '\0'))
        return (entry->commands & command) == 0 || cf_cli_option_set(options, entry, where, value);
    cf_cli_complain("%s is no option of a context, or its value is missing or one too many", where);
    return false;
}

bool cf_cli_kept_read(cf_cli_options *options, unsigned command, char *text, const char *path)
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
static const void *kept_member(const cf_cli_options *options, const cf_cli_option *entry)
{
    return (const char *)options + entry->offset;
}

static bool is_given(const cf_cli_options *options, const cf_cli_option *entry)
{
    const void *at = kept_member(options, entry);
    if (!(entry->commands & CF_CLI_KEPT))
        return false;
    switch (entry->kind) {
    case CF_CLI_FLAG:
        return *(const bool *)at;
    case CF_CLI_SECONDS:
        return *(const int64_t *)at > 0;
    case CF_CLI_HEADER:
        return ((const cf_cli_headers *)at)->count > 0;
    default:
        return *(const char *const *)at != NULL;
    }
}

bool cf_cli_options_are_given(const cf_cli_options *options)
{
    for (size_t i = 0; i < CF_CLI_OPTION_COUNT; i++) {
        if (is_given(options, &cf_cli_option_table[i]))
            return true;
    }
    return false;
}

static bool save_text(const cf_cli_option *entry, const char *text, FILE *to)
{
    if (text[0] == '\0' || strpbrk(text, "\r\n") != NULL) {
        cf_cli_complain("--%s is empty or has more than one line: a context cannot keep it", entry->name);
        return false;
    }
    fprintf(to, "%s %s\n", entry->name, text);
    return true;
}

static void save_headers(const cf_cli_option *entry, const cf_cli_headers *headers, FILE *to)
{
    for (size_t i = 0; i < headers->count; i++)
        fprintf(to, "%s %s: %s\n", entry->name, headers->list[i].name, headers->list[i].value);
}

static bool save(const cf_cli_options *options, const cf_cli_option *entry, FILE *to)
{
    const void *at = kept_member(options, entry);
    if (entry->kind == CF_CLI_FLAG)
        fprintf(to, "%s\n", entry->name);
    else if (entry->kind == CF_CLI_SECONDS)
        fprintf(to, "%s %.12g\n", entry->name, (double)*(const int64_t *)at / 1000);
    else if (entry->kind == CF_CLI_HEADER)
        save_headers(entry, at, to);
    else
        return save_text(entry, *(const char *const *)at, to);
    return true;
}

bool cf_cli_options_save(const cf_cli_options *options, FILE *to)
{
    for (size_t i = 0; i < CF_CLI_OPTION_COUNT; i++) {
        if (is_given(options, &cf_cli_option_table[i]) && !save(options, &cf_cli_option_table[i], to))
            return false;
    }
    return true;
}

static void print_headers(const cf_cli_option *entry, const cf_cli_headers *headers)
{
    cf_cli_line_open(entry->name);
    for (size_t i = 0; i < headers->count; i++)
        cf_cli_line_text(headers->list[i].name, "***");
    cf_cli_line_close();
}

static void print_kept(const cf_cli_options *options, const cf_cli_option *entry)
{
    const void *at = kept_member(options, entry);
    char shown[CF_CLI_PLACE_SIZE];
    switch (entry->kind) {
    case CF_CLI_FLAG:
        cf_cli_line_bool(entry->name, true);
        break;
    case CF_CLI_SECONDS:
        cf_cli_line_decimal(entry->name, (double)*(const int64_t *)at / 1000);
        break;
    case CF_CLI_HEADER:
        print_headers(entry, at);
        break;
    case CF_CLI_ADDRESS:
        cf_cli_line_text(entry->name, cf_cli_place(shown, *(const char *const *)at));
        break;
    default:
        cf_cli_line_text(entry->name, entry->kind == CF_CLI_SECRET ? "***" : *(const char *const *)at);
        break;
    }
}

void cf_cli_options_print(const cf_cli_options *options)
{
    for (size_t i = 0; i < CF_CLI_OPTION_COUNT; i++) {
        if (is_given(options, &cf_cli_option_table[i]))
            print_kept(options, &cf_cli_option_table[i]);
    }
}

bool cf_cli_options_load(cf_cli_options *options, char *text, const char *path)
{
    *options = (cf_cli_options){0};
    return cf_cli_kept_read(options, CF_CLI_KEPT, text, path);
}

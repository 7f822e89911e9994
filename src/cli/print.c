#define _POSIX_C_SOURCE 200809L
#include "cli/cli.h"
#include "cli/pretty.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* stdio forgets bytes that it could not write, and that they were lost; this output keeps the reason. */
static struct {
    char bytes[65536];
    size_t size;
    int error; /* errno of the first write that failed; nothing is written behind it */
    bool reader_may_leave;
    bool color;
    bool terminal; /* somebody looks at it */
} output;

static cf_cli_pretty pretty;
static bool is_pretty; /* JSON goes through `pretty` */
static bool line_empty;

void cf_cli_complain(const char *format, ...)
{
    char text[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    for (char *at = text; *at != '\0'; at++) {
        if (((unsigned char)*at < ' ' && *at != '\n') || *at == 0x7f)
            *at = '?';
    }
    fprintf(stderr, "centrifuge-cli: %s\n", text);
}

/* Waits where a pipe or terminal is full, also one that another program made non-blocking. */
static void write_all(const char *bytes, size_t size)
{
    while (size > 0 && output.error == 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, size);
        if (written >= 0) {
            bytes += written;
            size -= (size_t)written;
        } else if (errno != EAGAIN || poll(&(struct pollfd){.fd = STDOUT_FILENO, .events = POLLOUT}, 1, -1) < 0) {
            output.error = errno;
        }
    }
}

static void flush_output(void)
{
    write_all(output.bytes, output.size);
    output.size = 0;
}

static void put(const char *bytes, size_t size)
{
    if (size > sizeof(output.bytes) - output.size)
        flush_output();
    if (size > sizeof(output.bytes)) {
        write_all(bytes, size);
        return;
    }
    memcpy(output.bytes + output.size, bytes, size);
    output.size += size;
}

static void put_text(const char *text)
{
    put(text, strlen(text));
}

void cf_cli_print(const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    if (size < 0 || (size_t)size >= sizeof(text))
        output.error = EOVERFLOW;
    else
        put(text, (size_t)size);
}

char *cf_cli_json_string(const char *text, size_t size, size_t *string_size)
{
    static const char digits[] = "0123456789abcdef";
    if (size > (SIZE_MAX - 3) / 6)
        return NULL;
    char *string = malloc(size * 6 + 3); /* at worst every byte is \u00xx */
    if (string == NULL)
        return NULL;
    char *end = string;
    *end++ = '"';
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '"' || byte == '\\') {
            *end++ = '\\';
            *end++ = (char)byte;
        } else if (byte < 0x20 || byte == 0x7f) {
            memcpy(end, "\\u00", 4);
            end[4] = digits[byte >> 4];
            end[5] = digits[byte & 15];
            end += 6;
        } else {
            *end++ = (char)byte;
        }
    }
    *end++ = '"';
    *end = '\0';
    *string_size = (size_t)(end - string);
    return string;
}

/* ---- JSON: what is put between begin_json and end_json is one value ---- */

static void begin_json(bool indent)
{
    is_pretty = output.color || output.terminal;
    if (is_pretty)
        cf_cli_pretty_begin(&pretty, put, output.color, indent && output.terminal);
}

static void put_part(const char *bytes, size_t size)
{
    if (is_pretty)
        cf_cli_pretty_add(&pretty, bytes, size);
    else
        put(bytes, size);
}

static void put_part_text(const char *text)
{
    put_part(text, strlen(text));
}

static void end_json(void)
{
    if (is_pretty)
        cf_cli_pretty_end(&pretty);
    put_text("\n");
}

static void put_json(centrifuge_bytes value)
{
    size_t from = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.bytes[i] != '\n' && value.bytes[i] != '\r')
            continue;
        put_part(value.bytes + from, i - from);
        put_part(" ", 1);
        from = i + 1;
    }
    if (value.size > from)
        put_part(value.bytes + from, value.size - from);
}

static void put_key(const char *key)
{
    put_part_text(line_empty ? "\"" : ",\"");
    put_part_text(key);
    put_part_text("\":");
    line_empty = false;
}

static void open_object(void)
{
    put_part_text("{");
    line_empty = true;
}

void cf_cli_line_begin(void)
{
    begin_json(false);
    open_object();
}

void cf_cli_print_answer_begin(void)
{
    begin_json(true);
    open_object();
}

void cf_cli_line_text(const char *key, const char *value)
{
    if (value == NULL)
        return;
    size_t size;
    char *string = cf_cli_json_string(value, strlen(value), &size);
    if (string == NULL) {
        output.error = ENOMEM;
        return;
    }
    put_key(key);
    put_part(string, size);
    free(string);
}

void cf_cli_line_json(const char *key, centrifuge_bytes value)
{
    if (value.size == 0)
        return;
    put_key(key);
    put_json(value);
}

void cf_cli_line_bool(const char *key, bool value)
{
    put_key(key);
    put_part_text(value ? "true" : "false");
}

void cf_cli_line_number(const char *key, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, value);
    put_key(key);
    put_part_text(text);
}

void cf_cli_line_decimal(const char *key, double value)
{
    char text[400]; /* the largest has 309 digits */
    snprintf(text, sizeof(text), "%.3f", value);
    put_key(key);
    put_part_text(text);
}

void cf_cli_line_open(const char *key)
{
    put_key(key);
    open_object();
}

void cf_cli_line_close(void)
{
    put_part_text("}");
    line_empty = false;
}

void cf_cli_line_end(void)
{
    put_part_text("}");
    end_json();
}

void cf_cli_print_json(centrifuge_bytes value)
{
    begin_json(false);
    put_json(value);
    end_json();
}

void cf_cli_print_answer(centrifuge_bytes first, centrifuge_bytes second)
{
    begin_json(true);
    put_json(first);
    put_json(second);
    end_json();
}

bool cf_cli_terminal_moves(void)
{
    const char *terminal = getenv("TERM");
    return terminal == NULL || strcmp(terminal, "dumb") != 0;
}

/* https://no-color.org */
static bool wants_color(const char *when)
{
    const char *no_color = getenv("NO_COLOR");
    if (when != NULL && strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    return output.terminal && (no_color == NULL || no_color[0] == '\0') && cf_cli_terminal_moves();
}

void cf_cli_print_choose(const cf_cli_options *options)
{
    output.terminal = !options->json && isatty(STDOUT_FILENO);
    output.color = wants_color(options->color);
}

bool cf_cli_print_is_for_people(void)
{
    return output.terminal;
}

void cf_cli_print_reader_may_leave(void)
{
    output.reader_may_leave = true;
}

bool cf_cli_print_works(void)
{
    flush_output();
    return output.error == 0;
}

bool cf_cli_print_finish(void)
{
    if (cf_cli_print_works() || (output.error == EPIPE && output.reader_may_leave))
        return true;
    cf_cli_complain("cannot write to standard output: %s", strerror(output.error));
    return false;
}

#define _POSIX_C_SOURCE 200809L
#include "cli/cli.h"

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
} output;

static bool line_empty;

void cf_cli_complain(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("centrifuge-cli: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
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

static void flush(void)
{
    write_all(output.bytes, output.size);
    output.size = 0;
}

static void put(const char *bytes, size_t size)
{
    if (size > sizeof(output.bytes) - output.size)
        flush();
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

static void put_json(centrifuge_bytes value)
{
    size_t from = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.bytes[i] != '\n' && value.bytes[i] != '\r')
            continue;
        put(value.bytes + from, i - from);
        put(" ", 1);
        from = i + 1;
    }
    if (value.size > from)
        put(value.bytes + from, value.size - from);
}

static void put_key(const char *key)
{
    put_text(line_empty ? "\"" : ",\"");
    put_text(key);
    put_text("\":");
    line_empty = false;
}

void cf_cli_line_begin(void)
{
    put_text("{");
    line_empty = true;
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
    put(string, size);
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
    put_text(value ? "true" : "false");
}

void cf_cli_line_number(const char *key, int64_t value)
{
    put_key(key);
    cf_cli_print("%" PRId64, value);
}

void cf_cli_line_decimal(const char *key, double value)
{
    put_key(key);
    cf_cli_print("%.3f", value);
}

void cf_cli_line_open(const char *key)
{
    put_key(key);
    cf_cli_line_begin();
}

void cf_cli_line_close(void)
{
    put_text("}");
    line_empty = false;
}

void cf_cli_line_end(void)
{
    put_text("}\n");
}

void cf_cli_print_json_pieces(centrifuge_bytes first, centrifuge_bytes second)
{
    put_json(first);
    put_json(second);
    put_text("\n");
}

void cf_cli_print_json(centrifuge_bytes value)
{
    cf_cli_print_json_pieces(value, (centrifuge_bytes){NULL, 0});
}

bool cf_cli_print_is_for_people(const cf_cli_options *options)
{
    return !options->json && isatty(STDOUT_FILENO);
}

void cf_cli_print_reader_may_leave(void)
{
    output.reader_may_leave = true;
}

bool cf_cli_print_works(void)
{
    flush();
    return output.error == 0;
}

bool cf_cli_print_finish(void)
{
    if (cf_cli_print_works() || (output.error == EPIPE && output.reader_may_leave))
        return true;
    cf_cli_complain("cannot write to standard output: %s", strerror(output.error));
    return false;
}

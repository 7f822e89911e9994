#define _POSIX_C_SOURCE 200809L
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool line_empty;
static int write_error; /* errno of the first write that failed */

void cf_cli_complain(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("centrifuge-cli: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
}

static void put(const char *bytes, size_t size)
{
    if (write_error == 0 && fwrite(bytes, 1, size, stdout) != size)
        write_error = errno ? errno : EIO;
}

static void put_text(const char *text)
{
    put(text, strlen(text));
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
        write_error = ENOMEM;
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
    char text[32];
    snprintf(text, sizeof(text), "%" PRId64, value);
    put_key(key);
    put_text(text);
}

void cf_cli_line_end(void)
{
    put_text("}\n");
}

void cf_cli_print_json(centrifuge_bytes value)
{
    put_json(value);
    put_text("\n");
}

bool cf_cli_print_works(bool *quiet)
{
    if (write_error == 0 && fflush(stdout) != 0)
        write_error = errno ? errno : EIO;
    if (quiet != NULL)
        *quiet = write_error == EPIPE;
    if (write_error != 0)
        errno = write_error;
    return write_error == 0;
}

/* JSON into an application's memory. */
#include "values/values.h"

#include "base/utf8.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* centrifuge_json_writer.state: may a value come, and what stands before it? */
enum { FRESH, BEHIND_VALUE, COMPLETE };

void centrifuge_json_begin(centrifuge_json_writer *writer, char *room, size_t size)
{
    *writer = (centrifuge_json_writer){.room = room, .size = size};
    if (!room || size == 0)
        writer->error = CENTRIFUGE_ERROR_NO_ROOM;
}

static void fail_writer(centrifuge_json_writer *writer, centrifuge_error error)
{
    if (!writer->error)
        writer->error = error;
}

/* The last byte is for the NUL. */
static cf_buffer room_of(const centrifuge_json_writer *writer)
{
    return cf_values_room(writer->room, writer->used, writer->size - 1);
}

static void keep_written(centrifuge_json_writer *writer, const cf_buffer *out)
{
    writer->used = out->size;
    if (out->failed)
        fail_writer(writer, CENTRIFUGE_ERROR_NO_ROOM);
}

static bool in_object(const centrifuge_json_writer *writer)
{
    return writer->depth > 0 && (writer->objects >> (writer->depth - 1) & 1);
}

static void write_string(centrifuge_json_writer *writer, cf_buffer *out, cf_bytes text)
{
    if (cf_utf8_valid(text))
        cf_json_write_string(out, text);
    else
        fail_writer(writer, CENTRIFUGE_ERROR_INVALID_UTF8);
}

/* What stands before a value; `out` is where it is written. False: there is no place for it. */
static bool begin_value(centrifuge_json_writer *writer, const char *name, cf_buffer *out)
{
    if (writer->state == COMPLETE || in_object(writer) != (name != NULL))
        fail_writer(writer, CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    if (writer->error)
        return false;
    *out = room_of(writer);
    if (writer->state == BEHIND_VALUE)
        cf_buffer_append_byte(out, ',');
    if (name) {
        write_string(writer, out, cf_bytes_of(name));
        cf_buffer_append_byte(out, ':');
    }
    writer->state = writer->depth > 0 ? BEHIND_VALUE : COMPLETE;
    return true;
}

static void add_raw(centrifuge_json_writer *writer, const char *name, cf_bytes json)
{
    cf_buffer out;
    if (!begin_value(writer, name, &out))
        return;
    cf_buffer_append(&out, json);
    keep_written(writer, &out);
}

/* ---- arrays and objects ------------------------------------------------------------------- */

static void open_container(centrifuge_json_writer *writer, const char *name, bool object)
{
    if (writer->depth >= CENTRIFUGE_JSON_WRITE_DEPTH_MAX)
        fail_writer(writer, CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    add_raw(writer, name, object ? CF_BYTES("{") : CF_BYTES("["));
    if (writer->error)
        return;
    uint64_t bit = UINT64_C(1) << writer->depth++;
    writer->objects = object ? writer->objects | bit : writer->objects & ~bit;
    writer->state = FRESH;
}

void centrifuge_json_open_object(centrifuge_json_writer *writer, const char *name)
{
    open_container(writer, name, true);
}

void centrifuge_json_open_array(centrifuge_json_writer *writer, const char *name)
{
    open_container(writer, name, false);
}

void centrifuge_json_close(centrifuge_json_writer *writer)
{
    if (writer->depth == 0)
        fail_writer(writer, CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    if (writer->error)
        return;
    cf_buffer out = room_of(writer);
    cf_buffer_append_byte(&out, in_object(writer) ? '}' : ']');
    keep_written(writer, &out);
    writer->depth--;
    writer->state = writer->depth > 0 ? BEHIND_VALUE : COMPLETE;
}

/* ---- values ---------------------------------------------------------------------------------- */

void centrifuge_json_add_bytes(centrifuge_json_writer *writer, const char *name, const char *text, size_t size)
{
    cf_buffer out;
    if (!text && size > 0)
        fail_writer(writer, CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    if (!begin_value(writer, name, &out))
        return;
    write_string(writer, &out, cf_bytes_make(text ? text : "", size));
    keep_written(writer, &out);
}

void centrifuge_json_add_text(centrifuge_json_writer *writer, const char *name, const char *text)
{
    if (text)
        centrifuge_json_add_bytes(writer, name, text, strlen(text));
    else
        centrifuge_json_add_null(writer, name);
}

void centrifuge_json_add_int(centrifuge_json_writer *writer, const char *name, int64_t number)
{
    cf_buffer out;
    if (!begin_value(writer, name, &out))
        return;
    cf_buffer_append_int(&out, number);
    keep_written(writer, &out);
}

/* A sign, a point of the locale (one character of UTF-8 at most), 17 digits, an exponent of three; and to spare. */
#define DOUBLE_MAX 40

/* As few digits as it takes; the locale has its own point, JSON one. */
static void print_double(double number, char text[DOUBLE_MAX])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, DOUBLE_MAX, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    const char *point = localeconv()->decimal_point;
    char *found = strstr(text, point);
    if (!found)
        return;
    *found = '.';
    memmove(found + 1, found + strlen(point), strlen(found + strlen(point)) + 1);
}

void centrifuge_json_add_double(centrifuge_json_writer *writer, const char *name, double number)
{
    char text[DOUBLE_MAX];
    if (!isfinite(number)) {
        fail_writer(writer, CENTRIFUGE_ERROR_INVALID_ARGUMENT);
        return;
    }
    print_double(number, text);
    add_raw(writer, name, cf_bytes_of(text));
}

void centrifuge_json_add_bool(centrifuge_json_writer *writer, const char *name, bool truth)
{
    add_raw(writer, name, truth ? CF_BYTES("true") : CF_BYTES("false"));
}

void centrifuge_json_add_null(centrifuge_json_writer *writer, const char *name)
{
    add_raw(writer, name, CF_BYTES("null"));
}

void centrifuge_json_add_value(centrifuge_json_writer *writer, const char *name, centrifuge_bytes value)
{
    centrifuge_error error = centrifuge_json_check(value, NULL);
    if (error)
        fail_writer(writer, error);
    add_raw(writer, name, cf_bytes_make(value.bytes, value.size));
}

centrifuge_error centrifuge_json_end(centrifuge_json_writer *writer, centrifuge_bytes *json)
{
    if (writer->state != COMPLETE || !json)
        fail_writer(writer, CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    if (writer->room && writer->size > 0)
        writer->room[writer->error ? 0 : writer->used] = '\0';
    if (json)
        *json = (centrifuge_bytes){writer->error ? NULL : writer->room, writer->error ? 0 : writer->used};
    return writer->error;
}

/* Values that an application has as slices of JSON. */
#include "values/values.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- one value ------------------------------------------------------------------------ */

centrifuge_error cf_values_error(cf_json_error error)
{
    switch (error) {
    case CF_JSON_OK:
        return CENTRIFUGE_ERROR_OK;
    case CF_JSON_ERROR_UTF8:
        return CENTRIFUGE_ERROR_INVALID_UTF8;
    case CF_JSON_ERROR_KIND:
        return CENTRIFUGE_ERROR_JSON_KIND;
    default:
        return CENTRIFUGE_ERROR_INVALID_JSON;
    }
}

static cf_bytes slice(centrifuge_bytes bytes)
{
    return cf_bytes_make(bytes.bytes, bytes.size);
}

centrifuge_error cf_values_read(centrifuge_bytes text, cf_json_value *value)
{
    cf_json_reader reader;
    *value = (cf_json_value){.kind = CF_JSON_NONE};
    if (text.size == 0)
        return CENTRIFUGE_ERROR_JSON_KIND;
    cf_json_reader_init(&reader, slice(text));
    if (cf_json_read(&reader, value) && cf_json_finish(&reader))
        return CENTRIFUGE_ERROR_OK;
    return cf_values_error(reader.error);
}

centrifuge_error centrifuge_json_check(centrifuge_bytes text, size_t *offset)
{
    cf_json_reader reader;
    cf_json_value value;
    cf_json_reader_init(&reader, slice(text));
    if (cf_json_read(&reader, &value))
        cf_json_finish(&reader);
    if (offset)
        *offset = reader.offset;
    return cf_values_error(reader.error);
}

centrifuge_json_kind centrifuge_json_get_kind(centrifuge_bytes value)
{
    static const centrifuge_json_kind kinds[] = {
        [CF_JSON_NONE] = CENTRIFUGE_JSON_NONE,     [CF_JSON_NULL] = CENTRIFUGE_JSON_NULL,
        [CF_JSON_FALSE] = CENTRIFUGE_JSON_BOOL,    [CF_JSON_TRUE] = CENTRIFUGE_JSON_BOOL,
        [CF_JSON_NUMBER] = CENTRIFUGE_JSON_NUMBER, [CF_JSON_STRING] = CENTRIFUGE_JSON_STRING,
        [CF_JSON_ARRAY] = CENTRIFUGE_JSON_ARRAY,   [CF_JSON_OBJECT] = CENTRIFUGE_JSON_OBJECT,
    };
    cf_json_reader reader;
    cf_json_reader_init(&reader, slice(value));
    return kinds[cf_json_peek(&reader)];
}

centrifuge_bytes centrifuge_json_find(centrifuge_bytes object, const char *name)
{
    cf_json_value value;
    if (!name || !cf_json_find(slice(object), cf_bytes_of(name), &value) || value.kind == CF_JSON_NONE)
        return (centrifuge_bytes){NULL, 0};
    return cf_values_slice(cf_json_raw(&value));
}

/* ---- strings ----------------------------------------------------------------------------- */

/* Of a string that was read, with a NUL behind it. */
static centrifuge_error decode_string(const cf_json_value *string, char *text, size_t size, size_t *length)
{
    cf_buffer out = cf_values_room(text, 0, size - 1);
    *length = string->raw.size; /* decoded it is never longer */
    cf_json_decode_string(string->raw, &out);
    if (out.failed)
        return CENTRIFUGE_ERROR_NO_ROOM;
    text[out.size] = '\0';
    *length = out.size;
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error centrifuge_json_text(centrifuge_bytes value, char *text, size_t size, size_t *length)
{
    cf_json_value string;
    size_t decoded = 0;
    if (!text || size == 0)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    centrifuge_error error = cf_values_read(value, &string);
    if (!error)
        error = string.kind == CF_JSON_STRING ? decode_string(&string, text, size, &decoded) : CENTRIFUGE_ERROR_JSON_KIND;
    if (!error && !length && memchr(text, '\0', decoded))
        error = CENTRIFUGE_ERROR_INVALID_ARGUMENT; /* as a C string it would be another text */
    if (error)
        text[0] = '\0';
    if (length)
        *length = decoded;
    return error;
}

bool centrifuge_json_equal(centrifuge_bytes value, const char *text)
{
    cf_json_value string;
    return text && !cf_values_read(value, &string) && cf_json_string_equal(&string, cf_bytes_of(text));
}

/* ---- numbers and truth ----------------------------------------------------------------------- */

centrifuge_error centrifuge_json_int(centrifuge_bytes value, int64_t *number)
{
    cf_json_value read;
    int64_t whole;
    if (!number)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    centrifuge_error error = cf_values_read(value, &read);
    if (error)
        return error;
    if (!cf_json_to_int64(&read, &whole))
        return CENTRIFUGE_ERROR_JSON_KIND;
    *number = whole;
    return CENTRIFUGE_ERROR_OK;
}

/* strtod wants the point of the locale. False: too long. */
static bool localize(cf_bytes raw, char text[CENTRIFUGE_JSON_NUMBER_MAX + 1])
{
    cf_buffer out = cf_values_room(text, 0, CENTRIFUGE_JSON_NUMBER_MAX);
    const char *point = memchr(raw.data, '.', raw.size);
    size_t whole = point ? (size_t)(point - raw.data) : raw.size;
    cf_buffer_append(&out, cf_bytes_slice(raw, 0, whole));
    if (point)
        cf_buffer_append(&out, cf_bytes_of(localeconv()->decimal_point));
    cf_buffer_append(&out, cf_bytes_slice(raw, whole + 1, raw.size));
    text[out.size] = '\0';
    return !out.failed;
}

centrifuge_error centrifuge_json_double(centrifuge_bytes value, double *number)
{
    cf_json_value read;
    char text[CENTRIFUGE_JSON_NUMBER_MAX + 1];
    if (!number)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    centrifuge_error error = cf_values_read(value, &read);
    if (error)
        return error;
    if (read.kind != CF_JSON_NUMBER || !localize(read.raw, text))
        return CENTRIFUGE_ERROR_JSON_KIND;
    double exact = strtod(text, NULL);
    if (!isfinite(exact))
        return CENTRIFUGE_ERROR_JSON_KIND;
    *number = exact;
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error centrifuge_json_bool(centrifuge_bytes value, bool *truth)
{
    cf_json_value read;
    if (!truth)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    centrifuge_error error = cf_values_read(value, &read);
    if (error)
        return error;
    if (read.kind != CF_JSON_TRUE && read.kind != CF_JSON_FALSE)
        return CENTRIFUGE_ERROR_JSON_KIND;
    *truth = read.kind == CF_JSON_TRUE;
    return CENTRIFUGE_ERROR_OK;
}

/* ---- arrays and objects -------------------------------------------------------------------------- */

/* centrifuge_json_items.state */
enum { AT_END, BEFORE_FIRST, BEHIND_ONE };

void centrifuge_json_walk(centrifuge_json_items *items, centrifuge_bytes value)
{
    *items = (centrifuge_json_items){.rest = value, .state = BEFORE_FIRST};
}

/* The reader as it was behind the last item; for the first one it enters. */
static cf_json_reader resume_reader(centrifuge_json_items *items, bool *object)
{
    cf_json_reader reader;
    cf_json_reader_init(&reader, slice(items->rest));
    if (items->state == BEHIND_ONE) {
        reader.depth = 1;
        *object = items->name.size > 0;
        return reader;
    }
    *object = cf_json_peek(&reader) == CF_JSON_OBJECT;
    if (items->rest.size == 0)
        reader.error = CF_JSON_ERROR_KIND;
    else if (*object)
        cf_json_enter_object(&reader);
    else
        cf_json_enter_array(&reader);
    return reader;
}

static bool take_item(cf_json_reader *reader, bool object, centrifuge_json_items *items)
{
    cf_json_value name, value;
    if (!(object ? cf_json_next_member(reader, &name) : cf_json_next_element(reader)) || !cf_json_read(reader, &value))
        return false;
    if (object)
        items->name = cf_values_slice(cf_json_raw(&name));
    items->value = cf_values_slice(cf_json_raw(&value));
    items->rest = (centrifuge_bytes){reader->at, (size_t)(reader->end - reader->at)};
    items->state = BEHIND_ONE;
    return true;
}

bool centrifuge_json_next(centrifuge_json_items *items)
{
    bool object;
    if (items->state == AT_END)
        return false;
    cf_json_reader reader = resume_reader(items, &object);
    if (take_item(&reader, object, items))
        return true;
    cf_json_finish(&reader);
    *items = (centrifuge_json_items){.error = cf_values_error(reader.error)};
    return false;
}

#include "server/api/form.h"

#include "base/percent.h"

#include <string.h>

#define BOUNDARY_MAX 70 /* RFC 2046 section 5.1.1 */

void cf_form_init(cf_form *form, const cf_allocator *allocator)
{
    for (size_t i = 0; i < form->count; i++)
        cf_buffer_init(&form->fields[i].value, allocator, CF_BUFFER_NO_LIMIT);
}

void cf_form_free(cf_form *form)
{
    for (size_t i = 0; i < form->count; i++)
        cf_buffer_free(&form->fields[i].value);
}

/* Where a field goes that has no value yet; NULL for fields that nobody asks for. */
static cf_buffer *field_of(const cf_form *form, cf_bytes name)
{
    for (size_t i = 0; i < form->count; i++) {
        cf_form_field *field = &form->fields[i];
        if (cf_bytes_equal(name, field->name))
            return field->value.data == NULL ? &field->value : NULL;
    }
    return NULL;
}

static bool starts_with_fold(cf_bytes text, cf_bytes prefix)
{
    return cf_bytes_equal_fold(cf_bytes_slice(text, 0, prefix.size), prefix);
}

/* ---- name=value&name=value ---- */

/* A field that has a value, also an empty one, keeps it. */
static bool read_field(cf_form_field *field, cf_bytes pairs)
{
    cf_buffer *value = &field->value;
    if (value->data != NULL || !cf_buffer_reserve(value, 1))
        return !value->failed;
    if (!cf_percent_field(pairs, field->name, value) && !value->failed)
        cf_buffer_free(value);
    return !value->failed;
}

static bool read_pairs(const cf_form *form, cf_bytes pairs)
{
    bool read = true;
    for (size_t i = 0; i < form->count; i++)
        read = read_field(&form->fields[i], pairs) && read;
    return read;
}

/* ---- multipart ---- */

/* The value of a parameter as in `form-data; name="data"`; empty when it is not there. */
static cf_bytes parameter(cf_bytes header, cf_bytes name)
{
    for (;;) {
        ptrdiff_t semicolon = cf_bytes_find(header, CF_BYTES(";"));
        if (semicolon < 0)
            return (cf_bytes){0};
        header = cf_bytes_slice(header, (size_t)semicolon + 1, header.size);
        while (header.size > 0 && (header.data[0] == ' ' || header.data[0] == '\t'))
            header = cf_bytes_slice(header, 1, header.size);
        if (starts_with_fold(header, name) && header.size > name.size && header.data[name.size] == '=')
            break;
    }
    cf_bytes value = cf_bytes_slice(header, name.size + 1, header.size);
    bool quoted = value.size > 0 && value.data[0] == '"';
    if (quoted)
        value = cf_bytes_slice(value, 1, value.size);
    ptrdiff_t end = cf_bytes_find(value, quoted ? CF_BYTES("\"") : CF_BYTES(";"));
    return end < 0 ? value : cf_bytes_slice(value, 0, (size_t)end);
}

/* The Content-Disposition among the headers of a part. */
static cf_bytes disposition(cf_bytes headers)
{
    static const cf_bytes name = {"content-disposition:", 20};
    while (headers.size > 0) {
        ptrdiff_t end = cf_bytes_find(headers, CF_BYTES("\r\n"));
        size_t size = end < 0 ? headers.size : (size_t)end;
        cf_bytes line = cf_bytes_slice(headers, 0, size);
        if (starts_with_fold(line, name))
            return cf_bytes_slice(line, name.size, line.size);
        headers = cf_bytes_slice(headers, size + 2, headers.size);
    }
    return (cf_bytes){0};
}

static void read_part(const cf_form *form, cf_bytes part)
{
    ptrdiff_t end = cf_bytes_find(part, CF_BYTES("\r\n\r\n"));
    if (end < 0)
        return;
    cf_bytes kind = disposition(cf_bytes_slice(part, 0, (size_t)end));
    if (parameter(kind, CF_BYTES("filename")).data != NULL)
        return;
    cf_buffer *field = field_of(form, parameter(kind, CF_BYTES("name")));
    cf_bytes value = cf_bytes_slice(part, (size_t)end + 4, part.size);
    if (field != NULL && cf_buffer_reserve(field, value.size + 1))
        cf_buffer_append(field, value);
}

static void read_parts(const cf_form *form, cf_bytes boundary, cf_bytes body)
{
    char delimiter[4 + BOUNDARY_MAX] = "\r\n--";
    if (boundary.size == 0 || boundary.size > BOUNDARY_MAX)
        return;
    memcpy(delimiter + 4, boundary.data, boundary.size);
    cf_bytes between = {delimiter, 4 + boundary.size};
    cf_bytes first = cf_bytes_slice(between, 2, between.size);
    ptrdiff_t at = cf_bytes_find(body, first);
    if (at < 0)
        return;
    body = cf_bytes_slice(body, (size_t)at + first.size, body.size);
    for (;;) {
        ptrdiff_t end = cf_bytes_find(body, between);
        if (end < 0 || cf_bytes_starts_with(body, CF_BYTES("--")))
            return;
        read_part(form, cf_bytes_slice(body, 0, (size_t)end));
        body = cf_bytes_slice(body, (size_t)end + between.size, body.size);
    }
}

bool cf_form_read(cf_form *form, cf_bytes content_type, cf_bytes query, cf_bytes body)
{
    if (starts_with_fold(content_type, CF_BYTES("application/x-www-form-urlencoded"))) {
        if (!read_pairs(form, body))
            return false;
    } else if (starts_with_fold(content_type, CF_BYTES("multipart/form-data"))) {
        read_parts(form, parameter(content_type, CF_BYTES("boundary")), body);
    }
    return read_pairs(form, query);
}

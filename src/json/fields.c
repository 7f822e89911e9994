#include "json/json.h"

#include "base/assert.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool name_equal(const cf_json_value *key, const char *name, bool fold)
{
    if (key->escaped)
        return fold ? cf_json_string_equal_fold(key, cf_bytes_of(name)) : cf_json_string_equal(key, cf_bytes_of(name));
    for (size_t i = 0; i < key->raw.size; i++) {
        char c = key->raw.data[i];
        if (name[i] != c && (!fold || lower(name[i]) != lower(c)))
            return false;
    }
    return name[key->raw.size] == '\0';
}

static const cf_json_field *find_field(const cf_json_field *fields, size_t count, bool fold, const cf_json_value *key)
{
    for (size_t i = 0; i < count; i++)
        if (name_equal(key, fields[i].name, fold))
            return &fields[i];
    return NULL;
}

static bool fail_field(cf_json_reader *reader, cf_json_error error, size_t offset)
{
    reader->error = error;
    reader->offset = offset;
    return false;
}

static cf_json_error store_string(const cf_json_value *value, cf_bytes *target, cf_buffer *scratch)
{
    if (value->kind != CF_JSON_STRING)
        return CF_JSON_ERROR_KIND;
    if (!value->escaped) {
        *target = value->raw;
        return CF_JSON_OK;
    }
    if (scratch->failed)
        return CF_JSON_ERROR_MEMORY;
    CF_ASSERT(value->raw.size <= scratch->capacity - scratch->size);
    size_t from = scratch->size;
    cf_json_decode_string(value->raw, scratch);
    *target = cf_bytes_make(scratch->data + from, scratch->size - from);
    return CF_JSON_OK;
}

static cf_json_error store(const cf_json_field *field, const cf_json_value *value, cf_bytes whole, void *target,
                           cf_buffer *scratch)
{
    void *member = (char *)target + field->offset;
    if (field->kind == CF_JSON_FIELD_RAW) {
        *(cf_bytes *)member = whole;
        return CF_JSON_OK;
    }
    if (value->kind == CF_JSON_NULL)
        return CF_JSON_OK;
    if (field->kind == CF_JSON_FIELD_STRING)
        return store_string(value, member, scratch);
    if (field->kind == CF_JSON_FIELD_INT)
        return cf_json_to_int64(value, member) ? CF_JSON_OK : CF_JSON_ERROR_KIND;
    if (value->kind != CF_JSON_TRUE && value->kind != CF_JSON_FALSE)
        return CF_JSON_ERROR_KIND;
    *(bool *)member = value->kind == CF_JSON_TRUE;
    return CF_JSON_OK;
}

bool cf_json_read_fields(cf_json_reader *reader, const cf_json_field *fields, size_t count, bool fold, void *target,
                         cf_buffer *scratch)
{
    cf_json_value key, value;
    if (cf_json_peek(reader) == CF_JSON_NULL)
        return cf_json_read(reader, &value);
    if (!cf_json_enter_object(reader))
        return false;
    while (cf_json_next_member(reader, &key)) {
        const char *from = reader->at;
        if (!cf_json_read(reader, &value))
            return false;
        const cf_json_field *field = find_field(fields, count, fold, &key);
        if (field == NULL)
            continue;
        cf_json_error error = store(field, &value, cf_bytes_make(from, (size_t)(reader->at - from)), target, scratch);
        if (error != CF_JSON_OK)
            return fail_field(reader, error, (size_t)(from - reader->start));
    }
    return reader->error == CF_JSON_OK;
}

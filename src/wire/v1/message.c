#include "wire/v1/v1.h"

#include <string.h>

typedef enum field_kind {
    FIELD_TEXT,
    FIELD_BOOL,
    FIELD_INT,
    FIELD_RAW,
    FIELD_LAST, /* a text that is also noticed when it is null */
    FIELD_LIST
} field_kind;

/* The name is in it, not pointed at: such a table is found in one place, and needs no relocation. */
typedef struct body_field {
    char name[10];
    uint8_t size;    /* of the name */
    uint8_t kind;    /* field_kind */
    uint16_t offset; /* in cf_wire_message */
} body_field;

#define FIELD(name, kind, member)                                                                                              \
    {                                                                                                                          \
        name, sizeof(name) - 1, kind, offsetof(cf_wire_message, member)                                                        \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const body_field body_fields[] = {
    FIELD("uid", FIELD_TEXT, b.uid),
    FIELD("channel", FIELD_TEXT, b.channel),
    FIELD("data", FIELD_RAW, b.data),
    FIELD("client", FIELD_TEXT, b.client),
    FIELD("info", FIELD_RAW, b.info),
    FIELD("reason", FIELD_TEXT, b.reason),
    FIELD("expires", FIELD_BOOL, b.expires),
    FIELD("expired", FIELD_BOOL, b.expired),
    FIELD("reconnect", FIELD_BOOL, b.reconnect),
    FIELD("recovered", FIELD_BOOL, b.recovered),
    FIELD("ttl", FIELD_INT, b.ttl),
    FIELD("last", FIELD_LAST, b.last),
    FIELD("messages", FIELD_LIST, b.messages),
};

/*
 * The text of a string. What is still to be decoded of one message lies between this string and the end of the input, so
 * one reservation at the first escaped string keeps the scratch buffer from moving later.
 */
static cf_bytes decode(const cf_json_reader *reader, const cf_json_value *value, cf_buffer *scratch)
{
    if (value->escaped)
        cf_buffer_reserve(scratch, (size_t)(reader->end - value->raw.data));
    return cf_json_text(value, scratch);
}

/* As in JavaScript, for which other servers may have been written. */
static bool is_true(const cf_json_value *value)
{
    if (value->kind == CF_JSON_STRING)
        return value->raw.size > 0;
    if (value->kind != CF_JSON_NUMBER)
        return value->kind == CF_JSON_TRUE || value->kind == CF_JSON_ARRAY || value->kind == CF_JSON_OBJECT;
    for (size_t i = 0; i < value->raw.size && (value->raw.data[i] | 0x20) != 'e'; i++)
        if (value->raw.data[i] >= '1')
            return true;
    return false;
}

static void store(const body_field *field, const cf_json_reader *reader, const cf_json_value *value, cf_wire_message *message,
                  cf_buffer *scratch)
{
    void *target = (char *)message + field->offset;
    switch (field->kind) {
    case FIELD_LAST:
        message->b.has_last = true;
        *(cf_bytes *)target = decode(reader, value, scratch);
        break;
    case FIELD_TEXT:
        *(cf_bytes *)target = decode(reader, value, scratch);
        break;
    case FIELD_BOOL:
        *(bool *)target = is_true(value);
        break;
    case FIELD_INT:
        *(int64_t *)target = 0;
        if (value->kind == CF_JSON_NUMBER && !cf_json_to_int64(value, target))
            *(int64_t *)target = 0;
        break;
    case FIELD_LIST:
        *(cf_bytes *)target = value->kind == CF_JSON_ARRAY ? value->raw : cf_bytes_make(NULL, 0);
        break;
    default: /* FIELD_RAW */
        *(cf_bytes *)target = cf_json_raw(value);
    }
}

static bool is_named(const cf_json_value *key, cf_bytes name)
{
    if (key->escaped)
        return cf_json_string_equal(key, name);
    return key->raw.size == name.size && key->raw.data[0] == name.data[0] && memcmp(key->raw.data, name.data, name.size) == 0;
}

static const body_field *find_field(const cf_json_value *key)
{
    for (size_t i = 0; i < COUNT(body_fields); i++) {
        if (is_named(key, cf_bytes_make(body_fields[i].name, body_fields[i].size)))
            return &body_fields[i];
    }
    return NULL;
}

/* Reads an object's members into message->b. */
static void read_body_members(cf_json_reader *reader, cf_wire_message *message, cf_buffer *scratch)
{
    cf_json_value key;
    cf_json_value value;
    while (cf_json_next_member(reader, &key)) {
        const body_field *field = find_field(&key);
        if (cf_json_read(reader, &value) && field != NULL)
            store(field, reader, &value, message, scratch);
    }
}

static const cf_wire_message blank = {.method = CF_METHOD_UNKNOWN};

/* Copied in two pieces: to set so much to zero, gcc begins a `rep stos`, a tenth of a message's cost. */
static void clear(cf_wire_message *message)
{
    memcpy(message, &blank, offsetof(cf_wire_message, b));
    message->b = blank.b;
}

static void read_body(cf_json_reader *reader, cf_wire_message *message, cf_buffer *scratch)
{
    cf_json_value value;
    message->b = blank.b;
    message->has_body = cf_json_peek(reader) == CF_JSON_OBJECT;
    if (!message->has_body) {
        message->body = cf_json_read(reader, &value) ? cf_json_raw(&value) : cf_bytes_make(NULL, 0);
        return;
    }
    const char *start = reader->at;
    cf_json_enter_object(reader);
    read_body_members(reader, message, scratch);
    message->body = cf_bytes_make(start, (size_t)(reader->at - start));
}

static void read_method(cf_json_reader *reader, cf_wire_message *message, cf_buffer *scratch)
{
    cf_json_value value;
    if (cf_json_read(reader, &value))
        message->method = cf_method_of(decode(reader, &value, scratch));
}

static void read_uid(cf_json_reader *reader, cf_wire_message *message, cf_buffer *scratch)
{
    cf_json_value value;
    int64_t number;
    if (!cf_json_read(reader, &value))
        return;
    cf_bytes text = value.kind == CF_JSON_NUMBER ? value.raw : decode(reader, &value, scratch);
    message->has_uid = text.size > 0;
    message->uid = cf_bytes_to_int64(text, &number) && number > 0 ? (uint64_t)number : 0;
}

static void read_error(cf_json_reader *reader, cf_wire_message *message, cf_buffer *scratch)
{
    if (!cf_json_read(reader, &message->error))
        return;
    const cf_json_value *error = &message->error;
    message->error_text = error->kind == CF_JSON_STRING ? decode(reader, error, scratch) : error->raw;
    message->has_error = error->kind != CF_JSON_NULL && !(error->kind == CF_JSON_STRING && error->raw.size == 0);
    if (!message->has_error)
        message->error_text = cf_bytes_make(NULL, 0);
}

static void read_advice(cf_json_reader *reader, cf_wire_message *message, cf_buffer *scratch)
{
    cf_json_value value;
    if (cf_json_read(reader, &value))
        message->advice = decode(reader, &value, scratch);
}

static void skip(cf_json_reader *reader)
{
    cf_json_value value;
    cf_json_read(reader, &value);
}

typedef void (*read_member)(cf_json_reader *reader, cf_wire_message *message, cf_buffer *scratch);

static read_member find_member(const cf_json_value *key)
{
    static const struct {
        cf_bytes name;
        read_member read;
    } members[] = {
        {{"method", 6}, read_method}, {{"body", 4}, read_body},     {{"uid", 3}, read_uid},
        {{"error", 5}, read_error},   {{"advice", 6}, read_advice},
    };
    for (size_t i = 0; i < COUNT(members); i++) {
        if (is_named(key, members[i].name))
            return members[i].read;
    }
    return NULL;
}

/* The reader stands in front of an object. False without memory. */
static bool read_message(cf_json_reader *reader, cf_wire_message *message, cf_buffer *scratch)
{
    cf_json_value key;
    clear(message);
    cf_buffer_clear(scratch);
    const char *start = reader->at;
    cf_json_enter_object(reader);
    while (cf_json_next_member(reader, &key)) {
        read_member read = find_member(&key);
        if (read != NULL)
            read(reader, message, scratch);
        else
            skip(reader);
    }
    message->raw = cf_bytes_make(start, (size_t)(reader->at - start));
    return !scratch->failed;
}

bool cf_wire_messages_begin(cf_wire_messages *messages, cf_bytes text)
{
    cf_json_value value;
    *messages = (cf_wire_messages){.done = true};
    cf_json_reader_init(&messages->reader, text);
    if (cf_json_peek(&messages->reader) == CF_JSON_OBJECT) {
        messages->done = false;
        return true;
    }
    cf_json_read(&messages->reader, &value);
    if (!cf_json_finish(&messages->reader) || value.kind != CF_JSON_ARRAY)
        return false;
    cf_json_reader_init(&messages->reader, value.raw);
    messages->done = false;
    messages->array = true;
    cf_json_enter_array(&messages->reader);
    return true;
}

bool cf_wire_messages_next(cf_wire_messages *messages, cf_wire_message *message, cf_buffer *scratch)
{
    cf_json_reader *reader = &messages->reader;
    if (messages->done)
        return false;
    if (!messages->array) {
        messages->done = true;
        bool read = read_message(reader, message, scratch);
        return cf_json_finish(reader) && read;
    }
    while (cf_json_next_element(reader)) {
        if (cf_json_peek(reader) == CF_JSON_OBJECT)
            return read_message(reader, message, scratch);
        skip(reader);
    }
    messages->done = true;
    return false;
}

bool cf_wire_read_body(cf_bytes body, cf_wire_message *message, cf_buffer *scratch)
{
    cf_json_reader reader;
    *message = (cf_wire_message){.method = CF_METHOD_MESSAGE};
    cf_buffer_clear(scratch);
    cf_json_reader_init(&reader, body);
    read_body(&reader, message, scratch);
    return message->has_body && cf_json_finish(&reader) && !scratch->failed;
}

bool cf_wire_read_advice(cf_bytes text, cf_bytes *reason, bool *reconnect, cf_buffer *scratch)
{
    cf_json_value why;
    cf_json_value again;
    cf_buffer_clear(scratch);
    if (!cf_json_find(text, CF_BYTES("reason"), &why))
        return false;
    cf_json_find(text, CF_BYTES("reconnect"), &again);
    if (again.kind != CF_JSON_TRUE && again.kind != CF_JSON_FALSE)
        return false;
    *reason = cf_json_text(&why, scratch);
    *reconnect = again.kind == CF_JSON_TRUE;
    return !scratch->failed;
}

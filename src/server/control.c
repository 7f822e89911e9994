#include "server/control.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const cf_json_field info_fields[] = {
    {"uid", CF_JSON_FIELD_STRING, offsetof(cf_node_info, uid)},
    {"version", CF_JSON_FIELD_STRING, offsetof(cf_node_info, version)},
    {"name", CF_JSON_FIELD_STRING, offsetof(cf_node_info, name)},
    {"started_at", CF_JSON_FIELD_INT, offsetof(cf_node_info, started_at)},
    {"metrics", CF_JSON_FIELD_RAW, offsetof(cf_node_info, metrics)},
};

static const cf_json_field user_fields[] = {
    {"user", CF_JSON_FIELD_STRING, offsetof(cf_control, user)},
    {"channel", CF_JSON_FIELD_STRING, offsetof(cf_control, channel)},
};

static const char *const methods[] = {
    [CF_CONTROL_PING] = "ping",
    [CF_CONTROL_UNSUBSCRIBE] = "unsubscribe",
    [CF_CONTROL_DISCONNECT] = "disconnect",
};

cf_bytes cf_control_method(cf_control_kind kind)
{
    return cf_bytes_of(methods[kind]);
}

/* ---- reading ------------------------------------------------------------- */

static bool find_kind(cf_bytes method, cf_control_kind *kind)
{
    for (size_t i = 0; i < COUNT(methods); i++) {
        if (cf_bytes_equal(method, cf_bytes_of(methods[i]))) {
            *kind = (cf_control_kind)i;
            return true;
        }
    }
    return false;
}

static bool read_object(cf_bytes text, const cf_json_field *fields, size_t count, void *target, cf_buffer *scratch)
{
    cf_json_reader reader;
    cf_json_reader_init(&reader, text);
    return cf_json_read_fields(&reader, fields, count, true, target, scratch) && cf_json_finish(&reader);
}

static bool is_object(cf_bytes text)
{
    cf_json_reader reader;
    cf_json_reader_init(&reader, text);
    return text.size > 0 && cf_json_peek(&reader) == CF_JSON_OBJECT;
}

/* A node without an id or metrics is none: server-spec.md 11.2, 11. */
static bool read_ping(cf_bytes params, cf_node_info *info, cf_buffer *scratch)
{
    static const cf_json_field field = {"info", CF_JSON_FIELD_RAW, 0};
    cf_bytes text = {NULL, 0};
    return read_object(params, &field, 1, &text, scratch) && is_object(text) &&
           read_object(text, info_fields, COUNT(info_fields), info, scratch) && info->uid.size > 0 && is_object(info->metrics);
}

bool cf_control_read(const cf_engine_control *message, cf_control *control, cf_buffer *scratch)
{
    *control = (cf_control){.kind = CF_CONTROL_PING};
    if (!find_kind(message->method, &control->kind))
        return false;
    if (control->kind == CF_CONTROL_PING)
        return read_ping(message->params, &control->info, scratch);
    return read_object(message->params, user_fields, COUNT(user_fields), control, scratch) && control->user.size > 0;
}

/* ---- writing ------------------------------------------------------------- */

void cf_control_write(cf_buffer *out, const cf_control *control)
{
    cf_buffer_append_byte(out, '{');
    if (control->kind == CF_CONTROL_UNSUBSCRIBE) {
        cf_buffer_append(out, CF_BYTES("\"channel\":"));
        cf_json_write_string(out, control->channel);
        cf_buffer_append_byte(out, ',');
    }
    cf_buffer_append(out, CF_BYTES("\"user\":"));
    cf_json_write_string(out, control->user);
    cf_buffer_append_byte(out, '}');
}

void cf_control_begin_info(cf_buffer *out, const cf_node_info *info)
{
    cf_buffer_append(out, CF_BYTES("{\"uid\":"));
    cf_json_write_string(out, info->uid);
    cf_buffer_append(out, CF_BYTES(",\"version\":"));
    cf_json_write_string(out, info->version);
    cf_buffer_append(out, CF_BYTES(",\"name\":"));
    cf_json_write_string(out, info->name);
    cf_buffer_append(out, CF_BYTES(",\"started_at\":"));
    cf_buffer_append_int(out, info->started_at);
    cf_buffer_append(out, CF_BYTES(",\"metrics\":"));
}

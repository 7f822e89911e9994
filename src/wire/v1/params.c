#include "wire/v1/v1.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const cf_json_field connect_fields[] = {
    {"user", CF_JSON_FIELD_STRING, offsetof(cf_connect_params, user)},
    {"timestamp", CF_JSON_FIELD_STRING, offsetof(cf_connect_params, timestamp)},
    {"info", CF_JSON_FIELD_STRING, offsetof(cf_connect_params, info)},
    {"token", CF_JSON_FIELD_STRING, offsetof(cf_connect_params, token)},
};

static const cf_json_field subscribe_fields[] = {
    {"channel", CF_JSON_FIELD_STRING, offsetof(cf_subscribe_params, channel)},
    {"client", CF_JSON_FIELD_STRING, offsetof(cf_subscribe_params, client)},
    {"last", CF_JSON_FIELD_STRING, offsetof(cf_subscribe_params, last)},
    {"recover", CF_JSON_FIELD_BOOL, offsetof(cf_subscribe_params, recover)},
    {"info", CF_JSON_FIELD_STRING, offsetof(cf_subscribe_params, info)},
    {"sign", CF_JSON_FIELD_STRING, offsetof(cf_subscribe_params, sign)},
};

/* The fields of all other methods; FIELD_x is the place in it, and the bit of a method that reads it. */
enum { FIELD_CHANNEL, FIELD_DATA, FIELD_CLIENT, FIELD_UID, FIELD_USER, FIELD_CHANNELS, FIELD_TEXT, FIELD_COUNT };

static const cf_json_field fields[FIELD_COUNT] = {
    [FIELD_CHANNEL] = {"channel", CF_JSON_FIELD_STRING, offsetof(cf_params, channel)},
    [FIELD_DATA] = {"data", CF_JSON_FIELD_RAW, offsetof(cf_params, data)},
    [FIELD_CLIENT] = {"client", CF_JSON_FIELD_STRING, offsetof(cf_params, client)},
    [FIELD_UID] = {"uid", CF_JSON_FIELD_STRING, offsetof(cf_params, uid)},
    [FIELD_USER] = {"user", CF_JSON_FIELD_STRING, offsetof(cf_params, user)},
    [FIELD_CHANNELS] = {"channels", CF_JSON_FIELD_RAW, offsetof(cf_params, channels)},
    [FIELD_TEXT] = {"data", CF_JSON_FIELD_STRING, offsetof(cf_params, data)},
};

#define READS(field) (1U << FIELD_##field)

typedef struct method_rule {
    unsigned fields;
    bool known;
    bool optional; /* absent parameters are fine */
    bool ignored;  /* parameters are not looked at */
} method_rule;

static const method_rule client_rules[CF_METHOD_COUNT] = {
    [CF_METHOD_UNSUBSCRIBE] = {.known = true, .fields = READS(CHANNEL)},
    [CF_METHOD_PUBLISH] = {.known = true, .fields = READS(CHANNEL) | READS(DATA)},
    [CF_METHOD_PRESENCE] = {.known = true, .fields = READS(CHANNEL)},
    [CF_METHOD_HISTORY] = {.known = true, .fields = READS(CHANNEL)},
    [CF_METHOD_PING] = {.known = true, .fields = READS(TEXT), .optional = true},
};

static const method_rule api_rules[CF_METHOD_COUNT] = {
    [CF_METHOD_PUBLISH] = {.known = true, .fields = READS(CHANNEL) | READS(DATA) | READS(CLIENT) | READS(UID)},
    [CF_METHOD_BROADCAST] = {.known = true, .fields = READS(CHANNELS) | READS(DATA) | READS(CLIENT)},
    [CF_METHOD_UNSUBSCRIBE] = {.known = true, .fields = READS(USER) | READS(CHANNEL)},
    [CF_METHOD_DISCONNECT] = {.known = true, .fields = READS(USER)},
    [CF_METHOD_PRESENCE] = {.known = true, .fields = READS(CHANNEL)},
    [CF_METHOD_HISTORY] = {.known = true, .fields = READS(CHANNEL)},
    [CF_METHOD_CHANNELS] = {.known = true, .optional = true, .ignored = true},
    [CF_METHOD_STATS] = {.known = true, .optional = true, .ignored = true},
    [CF_METHOD_NODE] = {.known = true, .optional = true, .ignored = true},
};

static bool read_params(cf_bytes params, const cf_json_field *table, size_t count, void *out, cf_buffer *scratch)
{
    cf_json_reader reader;
    cf_json_reader_init(&reader, params);
    return cf_json_read_fields(&reader, table, count, true, out, scratch) && cf_json_finish(&reader);
}

/* A null element is an empty name (J4). `null` for the whole list is no list. */
static bool check_channels(cf_bytes *channels)
{
    cf_json_reader reader;
    cf_json_value value;
    if (channels->data == NULL)
        return true;
    cf_json_reader_init(&reader, *channels);
    if (cf_json_peek(&reader) == CF_JSON_NULL) {
        *channels = (cf_bytes){NULL, 0};
        return true;
    }
    cf_json_enter_array(&reader);
    while (cf_json_next_element(&reader)) {
        cf_json_read(&reader, &value);
        if (value.kind != CF_JSON_STRING && value.kind != CF_JSON_NULL)
            return false;
    }
    return cf_json_finish(&reader);
}

bool cf_wire_connect_params(cf_bytes params, cf_connect_params *out, cf_buffer *scratch)
{
    *out = (cf_connect_params){{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, false};
    return read_params(params, connect_fields, COUNT(connect_fields), out, scratch);
}

bool cf_wire_subscribe_params(cf_bytes params, cf_subscribe_params *out, cf_buffer *scratch)
{
    *out = (cf_subscribe_params){.recover = false};
    return read_params(params, subscribe_fields, COUNT(subscribe_fields), out, scratch);
}

bool cf_wire_params(cf_method method, bool api, cf_bytes params, cf_params *out, cf_buffer *scratch)
{
    const method_rule *rule = api ? &api_rules[method] : &client_rules[method];
    *out = (cf_params){.channel = {NULL, 0}};
    if (!rule->known)
        return false;
    if (rule->ignored || (rule->optional && params.size == 0))
        return true;
    cf_json_field table[FIELD_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (rule->fields & (1U << i))
            table[count++] = fields[i];
    }
    return read_params(params, table, count, out, scratch) && check_channels(&out->channels);
}

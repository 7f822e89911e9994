#include "server/admin/info.h"

#include "json/json.h"

#define SECOND INT64_C(1000000000) /* ns */

typedef enum kind { YES_NO, NUMBER, SECONDS, TEXT } kind;

typedef struct entry {
    cf_bytes name;
    kind kind;
    size_t offset;
} entry;

#define ENTRY(name, kind, type, member)                                                                                        \
    {                                                                                                                          \
        CF_LITERAL(name), kind, offsetof(type, member)                                                                         \
    }
#define OPTION(member, kind)  ENTRY(#member, kind, cf_config, member)
#define RULE(name, member)    ENTRY(name, TEXT, cf_config, channel_rules.member)
#define CHANNEL(member, kind) ENTRY(#member, kind, cf_channel_options, member)
#define COUNT(table)          (sizeof(table) / sizeof((table)[0]))

static const entry before_info[] = {
    OPTION(name, TEXT),
    OPTION(admin, YES_NO),
    OPTION(insecure, YES_NO),
    OPTION(insecure_api, YES_NO),
    OPTION(insecure_admin, YES_NO),
    OPTION(max_channel_length, NUMBER),
    OPTION(ping_interval, SECONDS),
    OPTION(node_ping_interval, SECONDS),
};

static const entry behind_info[] = {
    OPTION(node_metrics_interval, SECONDS),
    OPTION(presence_ping_interval, SECONDS),
    OPTION(presence_expire_interval, SECONDS),
    OPTION(expired_connection_close_delay, SECONDS),
    OPTION(stale_connection_close_delay, SECONDS),
    OPTION(client_message_write_timeout, SECONDS),
    OPTION(client_request_max_size, NUMBER),
    OPTION(client_queue_max_size, NUMBER),
    OPTION(client_queue_initial_capacity, NUMBER),
    OPTION(client_channel_limit, NUMBER),
    OPTION(user_connection_limit, NUMBER),
    RULE("private_channel_prefix", private_prefix),
    RULE("namespace_channel_boundary", namespace_boundary),
    RULE("user_channel_boundary", user_boundary),
    RULE("user_channel_separator", user_separator),
    RULE("client_channel_separator", client_boundary),
};

static const entry of_channels[] = {
    CHANNEL(watch, YES_NO),
    CHANNEL(publish, YES_NO),
    CHANNEL(anonymous, YES_NO),
    CHANNEL(presence, YES_NO),
    CHANNEL(join_leave, YES_NO),
    CHANNEL(history_size, NUMBER),
    CHANNEL(history_lifetime, NUMBER),
    CHANNEL(recover, YES_NO),
    CHANNEL(history_drop_inactive, YES_NO),
};

/* What is too large for nanoseconds has the largest number. */
static int64_t nanoseconds(int64_t seconds)
{
    return seconds > INT64_MAX / SECOND ? INT64_MAX : seconds * SECOND;
}

static void write_name(cf_buffer *out, cf_bytes name)
{
    if (out->size > 0 && out->data[out->size - 1] != '{')
        cf_buffer_append_byte(out, ',');
    cf_json_write_string(out, name);
    cf_buffer_append_byte(out, ':');
}

static void write_number(cf_buffer *out, cf_bytes name, int64_t value)
{
    write_name(out, name);
    cf_buffer_append_int(out, value);
}

static void write_entry(cf_buffer *out, const entry *row, const void *base)
{
    const void *at = (const char *)base + row->offset;
    write_name(out, row->name);
    switch (row->kind) {
    case YES_NO:
        cf_buffer_append(out, *(const bool *)at ? CF_BYTES("true") : CF_BYTES("false"));
        break;
    case NUMBER:
        cf_buffer_append_int(out, *(const int64_t *)at);
        break;
    case SECONDS:
        cf_buffer_append_int(out, nanoseconds(*(const int64_t *)at));
        break;
    case TEXT:
        cf_json_write_string(out, *(const cf_bytes *)at);
        break;
    }
}

static void write_entries(cf_buffer *out, const entry *table, size_t count, const void *base)
{
    for (size_t i = 0; i < count; i++)
        write_entry(out, &table[i], base);
}

static void write_namespaces(cf_buffer *out, const cf_config *config)
{
    write_name(out, CF_BYTES("namespaces"));
    cf_buffer_append_byte(out, '[');
    for (size_t i = 0; i < config->namespace_count; i++) {
        cf_buffer_append(out, i > 0 ? CF_BYTES(",{") : CF_BYTES("{"));
        write_name(out, CF_BYTES("name"));
        cf_json_write_string(out, config->namespaces[i].name);
        write_entries(out, of_channels, COUNT(of_channels), &config->namespaces[i].options);
        cf_buffer_append_byte(out, '}');
    }
    cf_buffer_append_byte(out, ']');
}

/* The two options that follow from `node_ping_interval` there are not options here. */
static void write_config(cf_buffer *out, const cf_config *config)
{
    int64_t ping = config->node_ping_interval;
    cf_buffer_append_byte(out, '{');
    write_entries(out, before_info, COUNT(before_info), config);
    write_number(out, CF_BYTES("node_info_clean_interval"), nanoseconds(ping * 3));
    write_number(out, CF_BYTES("node_info_max_delay"), nanoseconds(ping * 2 + 1));
    write_entries(out, behind_info, COUNT(behind_info), config);
    write_name(out, CF_BYTES("secret"));
    cf_json_write_string(out, config->secret.size > 0 ? CF_BYTES("[hidden]") : CF_BYTES(""));
    write_number(out, CF_BYTES("connection_lifetime"), config->connection_lifetime);
    write_name(out, CF_BYTES("channel_options"));
    cf_buffer_append_byte(out, '{');
    write_entries(out, of_channels, COUNT(of_channels), &config->channel);
    cf_buffer_append_byte(out, '}');
    write_namespaces(out, config);
    cf_buffer_append_byte(out, '}');
}

void cf_admin_write_info(cf_buffer *out, const cf_config *config, const char *engine)
{
    cf_buffer_append(out, CF_BYTES("{\"data\":{\"config\":"));
    write_config(out, config);
    write_name(out, CF_BYTES("engine"));
    cf_json_write_string(out, cf_bytes_of(engine));
    write_name(out, CF_BYTES("version"));
    cf_json_write_string(out, CF_BYTES(CF_SERVER_VERSION));
    cf_buffer_append(out, CF_BYTES("}}"));
}

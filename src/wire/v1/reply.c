#include "wire/v1/v1.h"

#define EMPTY ((cf_bytes){NULL, 0})

/*
 * The reference server has two encoders (server-spec.md 0.2), and both orders of keys are kept:
 * P, of pushes, takes embedded JSON byte for byte; G, of all else, writes it compact.
 */
typedef void (*write_json)(cf_buffer *out, cf_bytes json);

/* The two infos, each with a comma behind or in front of it, as the other keys stand. */
static void append_infos(cf_buffer *out, const cf_client_info *info, cf_bytes before, cf_bytes after, write_json write)
{
    if (info->default_info.size > 0) {
        cf_buffer_append(out, before);
        cf_buffer_append(out, CF_BYTES("\"default_info\":"));
        write(out, info->default_info);
        cf_buffer_append(out, after);
    }
    if (info->channel_info.size > 0) {
        cf_buffer_append(out, before);
        cf_buffer_append(out, CF_BYTES("\"channel_info\":"));
        write(out, info->channel_info);
        cf_buffer_append(out, after);
    }
}

static void append_push_info(cf_buffer *out, const cf_client_info *info)
{
    cf_buffer_append_byte(out, '{');
    append_infos(out, info, EMPTY, CF_BYTES(","), cf_buffer_append);
    cf_json_write_member(out, CF_BYTES("\"user\":"), info->user);
    cf_json_write_member(out, CF_BYTES(",\"client\":"), info->client);
    cf_buffer_append_byte(out, '}');
}

void cf_wire_write_message(cf_buffer *out, const cf_publication *publication)
{
    cf_json_write_member(out, CF_BYTES("{\"method\":\"message\",\"body\":{\"uid\":"), publication->uid);
    if (publication->client.size > 0)
        cf_json_write_member(out, CF_BYTES(",\"client\":"), publication->client);
    if (publication->info != NULL) {
        cf_buffer_append(out, CF_BYTES(",\"info\":"));
        append_push_info(out, publication->info);
    }
    cf_json_write_member(out, CF_BYTES(",\"channel\":"), publication->channel);
    cf_buffer_append(out, CF_BYTES(",\"data\":"));
    cf_buffer_append(out, publication->data);
    cf_buffer_append(out, CF_BYTES("}}"));
}

void cf_wire_write_join_leave(cf_buffer *out, cf_method method, cf_bytes channel, const cf_client_info *info)
{
    cf_buffer_append(out, CF_BYTES("{\"method\":\""));
    cf_buffer_append(out, cf_method_name(method));
    cf_json_write_member(out, CF_BYTES("\",\"body\":{\"channel\":"), channel);
    cf_buffer_append(out, CF_BYTES(",\"data\":"));
    append_push_info(out, info);
    cf_buffer_append(out, CF_BYTES("}}"));
}

void cf_wire_write_info(cf_buffer *out, const cf_client_info *info)
{
    cf_json_write_member(out, CF_BYTES("{\"user\":"), info->user);
    cf_json_write_member(out, CF_BYTES(",\"client\":"), info->client);
    append_infos(out, info, CF_BYTES(","), EMPTY, cf_json_write_compact);
    cf_buffer_append_byte(out, '}');
}

void cf_wire_write_publication(cf_buffer *out, const cf_publication *publication)
{
    cf_json_write_member(out, CF_BYTES("{\"uid\":"), publication->uid);
    cf_json_write_member(out, CF_BYTES(",\"channel\":"), publication->channel);
    cf_buffer_append(out, CF_BYTES(",\"data\":"));
    cf_json_write_compact(out, publication->data);
    if (publication->client.size > 0)
        cf_json_write_member(out, CF_BYTES(",\"client\":"), publication->client);
    if (publication->info != NULL) {
        cf_buffer_append(out, CF_BYTES(",\"info\":"));
        cf_wire_write_info(out, publication->info);
    }
    cf_buffer_append_byte(out, '}');
}

static void append_uid_method(cf_buffer *out, cf_bytes uid, cf_method method)
{
    if (uid.size > 0)
        cf_json_write_member(out, CF_BYTES("{\"uid\":"), uid);
    cf_buffer_append(out, uid.size > 0 ? CF_BYTES(",\"method\":\"") : CF_BYTES("{\"method\":\""));
    cf_buffer_append(out, cf_method_name(method));
    cf_buffer_append_byte(out, '"');
}

/*
 * The reference server advises a caller of the API only where he publishes, and says `retry` of an unknown namespace where a
 * client asks for data.
 */
static cf_advice advice_of(cf_method method, cf_trouble trouble, bool api)
{
    if (api && (trouble == CF_TROUBLE_INTERNAL || (method != CF_METHOD_PUBLISH && method != CF_METHOD_BROADCAST)))
        return CF_ADVICE_NONE;
    if (trouble == CF_TROUBLE_NO_NAMESPACE && (method == CF_METHOD_PRESENCE || method == CF_METHOD_HISTORY))
        return CF_ADVICE_RETRY;
    return cf_trouble_facts_of(trouble)->advice;
}

static void append_error(cf_buffer *out, cf_method method, cf_trouble trouble, bool api)
{
    cf_advice advice = advice_of(method, trouble, api);
    cf_json_write_member(out, CF_BYTES(",\"error\":"), cf_trouble_text(trouble));
    if (advice == CF_ADVICE_FIX)
        cf_buffer_append(out, CF_BYTES(",\"advice\":\"fix\""));
    else if (advice == CF_ADVICE_RETRY)
        cf_buffer_append(out, CF_BYTES(",\"advice\":\"retry\""));
}

void cf_wire_begin_reply(cf_buffer *out, cf_bytes uid, cf_method method, cf_trouble trouble, bool api)
{
    append_uid_method(out, uid, method);
    if (trouble != CF_TROUBLE_NONE)
        append_error(out, method, trouble, api);
    else if (api)
        cf_buffer_append(out, CF_BYTES(",\"error\":null"));
    cf_buffer_append(out, CF_BYTES(",\"body\":"));
}

void cf_wire_end_reply(cf_buffer *out)
{
    cf_buffer_append_byte(out, '}');
}

void cf_wire_write_presence(cf_buffer *out, const cf_client_info *infos, size_t count)
{
    cf_buffer_append_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            cf_buffer_append_byte(out, ',');
        cf_json_write_string(out, infos[i].client);
        cf_buffer_append_byte(out, ':');
        cf_wire_write_info(out, &infos[i]);
    }
    cf_buffer_append_byte(out, '}');
}

void cf_wire_write_messages(cf_buffer *out, const cf_publication *publications, size_t count)
{
    cf_buffer_append_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            cf_buffer_append_byte(out, ',');
        cf_wire_write_publication(out, &publications[i]);
    }
    cf_buffer_append_byte(out, ']');
}

/* ---- bodies of replies to clients ---------------------------------------- */

static void append_flag(cf_buffer *out, cf_bytes key_and_colon, bool flag)
{
    cf_buffer_append(out, key_and_colon);
    cf_buffer_append(out, flag ? CF_BYTES("true") : CF_BYTES("false"));
}

static void append_connection(cf_buffer *out, const cf_reply *reply)
{
    cf_json_write_member(out, CF_BYTES("{\"version\":"), reply->version);
    cf_json_write_member(out, CF_BYTES(",\"client\":"), reply->client);
    append_flag(out, CF_BYTES(",\"expires\":"), reply->ttl > 0);
    append_flag(out, CF_BYTES(",\"expired\":"), reply->expired);
    cf_buffer_append(out, CF_BYTES(",\"ttl\":"));
    cf_buffer_append_int(out, reply->ttl);
    cf_buffer_append_byte(out, '}');
}

static void append_status(cf_buffer *out, const cf_reply *reply)
{
    cf_json_write_member(out, CF_BYTES("{\"channel\":"), reply->channel);
    cf_buffer_append(out, reply->trouble == CF_TROUBLE_NONE ? CF_BYTES(",\"status\":true") : CF_BYTES(",\"status\":false"));
}

static void append_subscription(cf_buffer *out, const cf_reply *reply)
{
    append_status(out, reply);
    cf_json_write_member(out, CF_BYTES(",\"last\":"), reply->last);
    cf_buffer_append(out, reply->recovers ? CF_BYTES(",\"messages\":") : CF_BYTES(",\"messages\":null"));
    if (reply->recovers)
        cf_wire_write_messages(out, reply->publications, reply->count);
    cf_buffer_append(out, reply->recovered ? CF_BYTES(",\"recovered\":true}") : CF_BYTES(",\"recovered\":false}"));
}

static void append_data(cf_buffer *out, const cf_reply *reply)
{
    cf_json_write_member(out, CF_BYTES("{\"channel\":"), reply->channel);
    cf_buffer_append(out, CF_BYTES(",\"data\":"));
    if (reply->trouble != CF_TROUBLE_NONE)
        cf_buffer_append(out, CF_BYTES("null"));
    else if (reply->method == CF_METHOD_PRESENCE)
        cf_wire_write_presence(out, reply->infos, reply->count);
    else
        cf_wire_write_messages(out, reply->publications, reply->count);
    cf_buffer_append_byte(out, '}');
}

static void append_body(cf_buffer *out, const cf_reply *reply)
{
    switch (reply->method) {
    case CF_METHOD_CONNECT:
    case CF_METHOD_REFRESH:
        append_connection(out, reply);
        break;
    case CF_METHOD_SUBSCRIBE:
        append_subscription(out, reply);
        break;
    case CF_METHOD_PRESENCE:
    case CF_METHOD_HISTORY:
        append_data(out, reply);
        break;
    case CF_METHOD_PING:
        cf_json_write_member(out, CF_BYTES("{\"data\":"), reply->data);
        cf_buffer_append_byte(out, '}');
        break;
    default:
        append_status(out, reply);
        cf_buffer_append_byte(out, '}');
    }
}

/* A ping without data is answered without any body. */
void cf_wire_write_reply(cf_buffer *out, const cf_reply *reply)
{
    if (reply->method == CF_METHOD_PING && reply->data.size == 0) {
        append_uid_method(out, reply->uid, reply->method);
    } else {
        cf_wire_begin_reply(out, reply->uid, reply->method, reply->trouble, false);
        append_body(out, reply);
    }
    cf_wire_end_reply(out);
}

void cf_wire_write_advice(cf_buffer *out, cf_bytes reason, bool reconnect)
{
    cf_json_write_member(out, CF_BYTES("{\"reason\":"), reason);
    cf_buffer_append(out, reconnect ? CF_BYTES(",\"reconnect\":true}") : CF_BYTES(",\"reconnect\":false}"));
}

#include "wire/v1/v1.h"

static void append_key(cf_buffer *out, cf_bytes key_and_colon, cf_bytes text)
{
    cf_buffer_append(out, key_and_colon);
    cf_json_write_string(out, text);
}

static void begin(cf_buffer *out, cf_method method)
{
    cf_buffer_append(out, CF_BYTES("{\"method\":\""));
    cf_buffer_append(out, cf_method_name(method));
    cf_buffer_append_byte(out, '"');
}

static void begin_channel(cf_buffer *out, cf_method method, cf_bytes channel)
{
    begin(out, method);
    append_key(out, CF_BYTES(",\"params\":{\"channel\":"), channel);
}

static void end(cf_buffer *out, uint64_t uid)
{
    cf_buffer_append(out, CF_BYTES(",\"uid\":\""));
    cf_buffer_append_int(out, (int64_t)uid);
    cf_buffer_append(out, CF_BYTES("\"}"));
}

static void end_params(cf_buffer *out, uint64_t uid)
{
    cf_buffer_append_byte(out, '}');
    end(out, uid);
}

static void append_credential(cf_buffer *out, cf_bytes key_and_colon, cf_bytes value, bool json)
{
    if (!json || value.size == 0) {
        append_key(out, key_and_colon, value);
        return;
    }
    cf_buffer_append(out, key_and_colon);
    cf_buffer_append(out, value);
}

void cf_wire_write_connect(cf_buffer *out, uint64_t uid, const cf_connect_params *params, bool insecure)
{
    begin(out, CF_METHOD_CONNECT);
    append_credential(out, CF_BYTES(",\"params\":{\"user\":"), params->user, params->json);
    append_credential(out, CF_BYTES(",\"info\":"), params->info, params->json);
    if (!insecure) {
        append_credential(out, CF_BYTES(",\"timestamp\":"), params->timestamp, params->json);
        append_credential(out, CF_BYTES(",\"token\":"), params->token, params->json);
    }
    end_params(out, uid);
}

void cf_wire_write_refresh(cf_buffer *out, uint64_t uid, const cf_connect_params *params)
{
    begin(out, CF_METHOD_REFRESH);
    append_credential(out, CF_BYTES(",\"params\":{\"user\":"), params->user, params->json);
    append_credential(out, CF_BYTES(",\"timestamp\":"), params->timestamp, params->json);
    append_credential(out, CF_BYTES(",\"info\":"), params->info, params->json);
    append_credential(out, CF_BYTES(",\"token\":"), params->token, params->json);
    end_params(out, uid);
}

void cf_wire_write_subscribe(cf_buffer *out, uint64_t uid, const cf_subscribe_params *params, bool private_channel)
{
    begin_channel(out, CF_METHOD_SUBSCRIBE, params->channel);
    if (private_channel) {
        append_key(out, CF_BYTES(",\"client\":"), params->client);
        if (params->info.data != NULL)
            append_key(out, CF_BYTES(",\"info\":"), params->info);
        if (params->sign.data != NULL)
            append_key(out, CF_BYTES(",\"sign\":"), params->sign);
    }
    if (params->recover)
        append_key(out, CF_BYTES(",\"recover\":true,\"last\":"), params->last);
    end_params(out, uid);
}

void cf_wire_write_channel_command(cf_buffer *out, uint64_t uid, cf_method method, cf_bytes channel)
{
    begin_channel(out, method, channel);
    end_params(out, uid);
}

void cf_wire_write_publish(cf_buffer *out, uint64_t uid, cf_bytes channel, cf_bytes data)
{
    begin_channel(out, CF_METHOD_PUBLISH, channel);
    if (data.data != NULL) {
        cf_buffer_append(out, CF_BYTES(",\"data\":"));
        cf_buffer_append(out, data);
    }
    end_params(out, uid);
}

void cf_wire_write_ping(cf_buffer *out, uint64_t uid)
{
    begin(out, CF_METHOD_PING);
    end(out, uid);
}

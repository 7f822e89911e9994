#include "server/body.h"

void cf_body_status(cf_buffer *out, cf_bytes channel, bool status)
{
    cf_buffer_append(out, CF_BYTES("{\"channel\":"));
    cf_json_write_string(out, channel);
    cf_buffer_append(out, status ? CF_BYTES(",\"status\":true}") : CF_BYTES(",\"status\":false}"));
}

void cf_body_presence(cf_buffer *out, const cf_client_info *infos, size_t count)
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

void cf_body_messages(cf_buffer *out, const cf_publication *publications, size_t count)
{
    cf_buffer_append_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            cf_buffer_append_byte(out, ',');
        cf_wire_write_publication(out, &publications[i]);
    }
    cf_buffer_append_byte(out, ']');
}

/* What messages and frames are before a transport wraps them, and a client's bodies. */
#include "sockjs/frame.h"

#include <string.h>

#define SCRIPT "application/javascript; charset=UTF-8"

static const cf_sockjs_framing framings[CF_SOCKJS_TRANSPORTS] = {
    [CF_SOCKJS_WEBSOCKET] = {.name = CF_LITERAL("websocket"), .streams = true},
    [CF_SOCKJS_XHR_STREAMING] = {.name = CF_LITERAL("xhr_streaming"),
                                 .content_type = CF_LITERAL(SCRIPT),
                                 .after = CF_LITERAL("\n"),
                                 .streams = true},
    [CF_SOCKJS_EVENTSOURCE] = {.name = CF_LITERAL("eventsource"),
                               .content_type = CF_LITERAL("text/event-stream; charset=UTF-8"),
                               .before = CF_LITERAL("data: "),
                               .after = CF_LITERAL("\r\n\r\n"),
                               .streams = true},
    [CF_SOCKJS_HTMLFILE] = {.name = CF_LITERAL("htmlfile"),
                            .content_type = CF_LITERAL("text/html; charset=UTF-8"),
                            .before = CF_LITERAL("<script>\np("),
                            .after = CF_LITERAL(");\n</script>\r\n"),
                            .quoted = true,
                            .callback = true,
                            .streams = true},
    [CF_SOCKJS_XHR] = {.name = CF_LITERAL("xhr"), .content_type = CF_LITERAL(SCRIPT), .after = CF_LITERAL("\n")},
    [CF_SOCKJS_JSONP] = {.name = CF_LITERAL("jsonp"),
                         .content_type = CF_LITERAL(SCRIPT),
                         .before = CF_LITERAL("("),
                         .after = CF_LITERAL(");\r\n"),
                         .quoted = true,
                         .callback = true},
};

const cf_sockjs_framing *cf_sockjs_framing_of(cf_sockjs_transport transport)
{
    return &framings[transport];
}

static bool is_safe(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '$';
}

bool cf_sockjs_callback_is_safe(cf_bytes callback)
{
    for (size_t i = 0; i < callback.size; i++)
        if (!is_safe(callback.data[i]))
            return false;
    return callback.size > 0 && callback.size <= CF_SOCKJS_CALLBACK_MAX;
}

/* ---- messages and frames, unwrapped ---- */

/* A JSON string in which no '%' stands. */
static void append_string(cf_buffer *out, cf_bytes text)
{
    cf_buffer_append_byte(out, '"');
    for (;;) {
        const char *percent = text.size == 0 ? NULL : memchr(text.data, '%', text.size);
        size_t size = percent == NULL ? text.size : (size_t)(percent - text.data);
        cf_json_write_inside(out, cf_bytes_slice(text, 0, size));
        if (percent == NULL)
            break;
        cf_buffer_append(out, CF_BYTES("\\u0025"));
        text = cf_bytes_slice(text, size + 1, text.size);
    }
    cf_buffer_append_byte(out, '"');
}

void cf_sockjs_append_message(cf_buffer *messages, cf_bytes text)
{
    append_string(messages, text);
    cf_buffer_append_byte(messages, ',');
}

void cf_sockjs_append_close(cf_buffer *frame, int code, cf_bytes reason)
{
    cf_buffer_append(frame, CF_BYTES("c["));
    cf_buffer_append_int(frame, code);
    cf_buffer_append_byte(frame, ',');
    append_string(frame, reason);
    cf_buffer_append_byte(frame, ']');
}

void cf_sockjs_append_body(cf_buffer *out, cf_bytes messages)
{
    cf_buffer_append_byte(out, '[');
    cf_buffer_append(out, cf_bytes_slice(messages, 0, messages.size > 0 ? messages.size - 1 : 0));
    cf_buffer_append_byte(out, ']');
}

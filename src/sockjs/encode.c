/* What a server writes, and a client's bodies. */
#include "sockjs/frame.h"

#include "base/assert.h"

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

/* ---- what stands before the frames ---- */

static void append_times(cf_buffer *out, char c, size_t count)
{
    if (!cf_buffer_reserve(out, count))
        return;
    memset(out->data + out->size, c, count);
    out->size += count;
}

/* Letter for letter as the tests of protocol 0.3.3 want it (server-spec.md 6.6). */
static void append_html_head(cf_buffer *out, cf_bytes callback)
{
    size_t start = out->size;
    cf_buffer_append(out, CF_BYTES("<!doctype html>\n<html><head>\n"
                                   "  <meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\" />\n"
                                   "  <meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\" />\n"
                                   "</head><body><h2>Don't panic!</h2>\n  <script>\n"
                                   "    document.domain = document.domain;\n    var c = parent."));
    cf_buffer_append(out, callback);
    cf_buffer_append(out, CF_BYTES(";\n    c.start();\n    function p(d) {c.message(d);};\n"
                                   "    window.onload = function() {c.stop();};\n  </script>\n"));
    size_t size = out->size - start;
    if (!out->failed && size < CF_SOCKJS_HEAD_SIZE)
        append_times(out, ' ', CF_SOCKJS_HEAD_SIZE - size);
    cf_buffer_append(out, CF_BYTES("\r\n\r\n"));
}

void cf_sockjs_append_prelude(cf_buffer *out, cf_sockjs_transport transport, cf_bytes callback)
{
    switch (transport) {
    case CF_SOCKJS_XHR_STREAMING:
        append_times(out, 'h', CF_SOCKJS_PRELUDE_SIZE);
        cf_buffer_append_byte(out, '\n');
        break;
    case CF_SOCKJS_EVENTSOURCE:
        cf_buffer_append(out, CF_BYTES("\r\n"));
        break;
    case CF_SOCKJS_HTMLFILE:
        append_html_head(out, callback);
        break;
    default:
        break;
    }
}

/* ---- frames ---- */

static void begin_frame(cf_buffer *out, const cf_sockjs_framing *framing, cf_bytes callback)
{
    if (framing->callback && !framing->streams)
        cf_buffer_append(out, callback);
    cf_buffer_append(out, framing->before);
    if (framing->quoted)
        cf_buffer_append_byte(out, '"');
}

static void append_part(cf_buffer *out, const cf_sockjs_framing *framing, cf_bytes part)
{
    if (framing->quoted)
        cf_json_write_inside(out, part);
    else
        cf_buffer_append(out, part);
}

static void end_frame(cf_buffer *out, const cf_sockjs_framing *framing)
{
    if (framing->quoted)
        cf_buffer_append_byte(out, '"');
    cf_buffer_append(out, framing->after);
}

void cf_sockjs_append_frame(cf_buffer *out, cf_sockjs_transport transport, cf_bytes callback, cf_bytes frame)
{
    const cf_sockjs_framing *framing = cf_sockjs_framing_of(transport);
    begin_frame(out, framing, callback);
    append_part(out, framing, frame);
    end_frame(out, framing);
}

void cf_sockjs_begin_messages(cf_buffer *out, cf_sockjs_transport transport, cf_bytes callback)
{
    begin_frame(out, cf_sockjs_framing_of(transport), callback);
    append_part(out, cf_sockjs_framing_of(transport), CF_BYTES("a["));
}

void cf_sockjs_append_run(cf_buffer *out, cf_sockjs_transport transport, cf_bytes messages)
{
    append_part(out, cf_sockjs_framing_of(transport), messages);
}

void cf_sockjs_end_messages(cf_buffer *out, cf_sockjs_transport transport)
{
    if (!out->failed)
        cf_buffer_truncate(out, out->size - 1); /* the last comma */
    append_part(out, cf_sockjs_framing_of(transport), CF_BYTES("]"));
    end_frame(out, cf_sockjs_framing_of(transport));
}

void cf_sockjs_append_messages(cf_buffer *out, cf_sockjs_transport transport, cf_bytes callback, const cf_bytes *slices,
                               size_t count)
{
    CF_ASSERT(count > 0);
    cf_sockjs_begin_messages(out, transport, callback);
    for (size_t i = 0; i < count; i++)
        cf_sockjs_append_run(out, transport, slices[i]);
    cf_sockjs_end_messages(out, transport);
}

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

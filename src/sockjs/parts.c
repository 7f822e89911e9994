#include "sockjs/parts.h"

#include "base/assert.h"

#include <string.h>

/* What is quoted is written anew. */
void cf_sockjs_parts_init(cf_sockjs_parts *parts, cf_sockjs_transport transport, cf_bytes callback, cf_buffer *text)
{
    parts->transport = transport;
    parts->framing = cf_sockjs_framing_of(transport);
    parts->callback = callback;
    parts->text = text;
    parts->places = parts->framing->quoted ? 0 : CF_SOCKJS_PARTS_MAX;
    parts->size = parts->count = 0;
}

size_t cf_sockjs_parts_size(const cf_sockjs_parts *parts)
{
    return parts->size + parts->text->size;
}

static void add(cf_sockjs_parts *parts, cf_bytes bytes)
{
    if (bytes.size == 0)
        return;
    if (parts->count == parts->places) {
        cf_buffer_append(parts->text, bytes);
        return;
    }
    parts->all[parts->count++] = bytes;
    parts->size += bytes.size;
}

void cf_sockjs_parts_finish(cf_sockjs_parts *parts)
{
    CF_ASSERT(!parts->text->failed);
    if (parts->text->size > 0)
        parts->all[parts->count++] = cf_buffer_bytes(parts->text);
}

/* ---- what stands before the frames ---- */

#define H8    "hhhhhhhh"
#define H64   H8 H8 H8 H8 H8 H8 H8 H8
#define H512  H64 H64 H64 H64 H64 H64 H64 H64
#define H2048 H512 H512 H512 H512

_Static_assert(sizeof(H2048) == CF_SOCKJS_PRELUDE_SIZE + 1, "the prelude of xhr_streaming");

static void append_spaces(cf_buffer *out, size_t count)
{
    if (!cf_buffer_reserve(out, count))
        return;
    memset(out->data + out->size, ' ', count);
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
        append_spaces(out, CF_SOCKJS_HEAD_SIZE - size);
    cf_buffer_append(out, CF_BYTES("\r\n\r\n"));
}

void cf_sockjs_parts_add_prelude(cf_sockjs_parts *parts)
{
    if (parts->transport == CF_SOCKJS_XHR_STREAMING)
        add(parts, CF_BYTES(H2048 "\n"));
    else if (parts->transport == CF_SOCKJS_EVENTSOURCE)
        add(parts, CF_BYTES("\r\n"));
    else if (parts->transport == CF_SOCKJS_HTMLFILE)
        append_html_head(parts->text, parts->callback);
}

/* ---- frames ---- */

static void begin_frame(cf_sockjs_parts *parts)
{
    const cf_sockjs_framing *framing = parts->framing;
    if (framing->callback && !framing->streams)
        add(parts, parts->callback);
    add(parts, framing->before);
    if (framing->quoted)
        add(parts, CF_BYTES("\""));
}

static void add_inside(cf_sockjs_parts *parts, cf_bytes bytes)
{
    if (parts->framing->quoted)
        cf_json_write_inside(parts->text, bytes);
    else
        add(parts, bytes);
}

static void end_frame(cf_sockjs_parts *parts)
{
    if (parts->framing->quoted)
        add(parts, CF_BYTES("\""));
    add(parts, parts->framing->after);
}

void cf_sockjs_parts_add_frame(cf_sockjs_parts *parts, cf_bytes frame)
{
    begin_frame(parts);
    add_inside(parts, frame);
    end_frame(parts);
}

void cf_sockjs_parts_begin_messages(cf_sockjs_parts *parts)
{
    begin_frame(parts);
    add_inside(parts, CF_BYTES("a["));
}

void cf_sockjs_parts_add_run(cf_sockjs_parts *parts, cf_bytes messages)
{
    add_inside(parts, messages);
}

static void drop_comma(cf_sockjs_parts *parts)
{
    cf_buffer *text = parts->text;
    if (text->size > 0) {
        cf_buffer_truncate(text, text->size - 1);
    } else if (parts->count > 0) { /* else the text has failed */
        parts->all[parts->count - 1].size--;
        parts->size--;
    }
}

void cf_sockjs_parts_end_messages(cf_sockjs_parts *parts)
{
    drop_comma(parts);
    add_inside(parts, CF_BYTES("]"));
    end_frame(parts);
}

void cf_sockjs_append_messages(cf_buffer *out, cf_sockjs_transport transport, cf_bytes callback, const cf_bytes *slices,
                               size_t count)
{
    cf_sockjs_parts parts;
    CF_ASSERT(count > 0);
    cf_sockjs_parts_init(&parts, transport, callback, out);
    parts.places = 0;
    cf_sockjs_parts_begin_messages(&parts);
    for (size_t i = 0; i < count; i++)
        cf_sockjs_parts_add_run(&parts, slices[i]);
    cf_sockjs_parts_end_messages(&parts);
}

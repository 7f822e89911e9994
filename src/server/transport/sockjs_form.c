#include "server/transport/sockjs_form.h"

#include "sockjs/parts.h"
#include "ws/frame.h"

/* The payload of the first frame, which is taken off; false: there is none. */
static bool take_text(cf_bytes *frames, cf_bytes *text)
{
    cf_ws_opcode opcode;
    size_t size = cf_ws_own_frame(*frames, &opcode, text);
    *frames = cf_bytes_slice(*frames, size, frames->size);
    return size > 0;
}

static void make_messages(const cf_outbox_form *form, cf_buffer *out, cf_bytes frames)
{
    (void)form;
    for (cf_bytes text; take_text(&frames, &text);)
        cf_sockjs_append_message(out, text);
}

static void append_websocket(cf_buffer *out, cf_bytes text)
{
    cf_buffer message, frame;
    cf_buffer_init(&message, out->allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&frame, out->allocator, CF_BUFFER_NO_LIMIT);
    cf_sockjs_append_message(&message, text);
    cf_bytes run = cf_buffer_bytes(&message);
    if (!message.failed)
        cf_sockjs_append_messages(&frame, CF_SOCKJS_WEBSOCKET, (cf_bytes){0}, &run, 1);
    cf_ws_append_frame(out, CF_WS_TEXT, cf_buffer_bytes(&frame), NULL);
    out->failed = out->failed || message.failed || frame.failed;
    cf_buffer_free(&message);
    cf_buffer_free(&frame);
}

static void make_websocket(const cf_outbox_form *form, cf_buffer *out, cf_bytes frames)
{
    (void)form;
    for (cf_bytes text; take_text(&frames, &text);)
        append_websocket(out, text);
}

const cf_outbox_form cf_sockjs_form_messages = {make_messages};
const cf_outbox_form cf_sockjs_form_websocket = {make_websocket};

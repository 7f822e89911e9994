/* Arrays of messages, and the frames that a client reads. */
#include "sockjs/frame.h"

#include "base/utf8.h"

#define REPLACEMENT      "\xef\xbf\xbd" /* U+FFFD */
#define REPLACEMENT_SIZE 3              /* bytes, for each byte that is not UTF-8 */

static bool is_blank(cf_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
            return false;
    }
    return true;
}

/* ---- memory: the scratch holds what is repaired, then one decoded message, and does not move ---- */

static void append_repaired(cf_buffer *out, cf_bytes text)
{
    while (text.size > 0) {
        size_t valid = cf_utf8_valid_prefix(text);
        cf_buffer_append(out, cf_bytes_slice(text, 0, valid));
        if (valid < text.size)
            cf_buffer_append(out, CF_BYTES(REPLACEMENT));
        text = cf_bytes_slice(text, valid + 1, text.size);
    }
}

/* The text becomes UTF-8. False without memory. */
static bool prepare(cf_bytes *text, cf_buffer *scratch)
{
    cf_buffer_clear(scratch);
    if (cf_utf8_valid(*text))
        return cf_buffer_reserve(scratch, text->size);
    if (text->size > SIZE_MAX / (2 * REPLACEMENT_SIZE) || !cf_buffer_reserve(scratch, 2 * REPLACEMENT_SIZE * text->size))
        return false;
    append_repaired(scratch, *text);
    *text = cf_buffer_bytes(scratch);
    return true;
}

/* ---- arrays ---- */

static bool check_elements(cf_json_reader reader, bool strict)
{
    cf_json_value value;
    while (cf_json_next_element(&reader)) {
        if (!cf_json_read(&reader, &value))
            return false;
        if (strict && value.kind != CF_JSON_STRING && value.kind != CF_JSON_NULL)
            return false;
    }
    return reader.error == CF_JSON_OK;
}

/* The reader stands before the first element afterwards. */
static bool check(cf_json_reader *reader, bool strict)
{
    cf_json_value other;
    if (cf_json_peek(reader) == CF_JSON_ARRAY)
        return cf_json_enter_array(reader) && check_elements(*reader, strict);
    if (!cf_json_read(reader, &other) || (strict && other.kind != CF_JSON_NULL))
        return false;
    cf_json_reader_init(reader, CF_BYTES("[]"));
    return cf_json_enter_array(reader);
}

cf_sockjs_body_state cf_sockjs_body_begin(cf_sockjs_body *body, cf_bytes text, bool strict, cf_buffer *scratch)
{
    if (is_blank(text))
        return CF_SOCKJS_BODY_EMPTY;
    if (!prepare(&text, scratch))
        return CF_SOCKJS_BODY_NO_MEMORY;
    body->kept = scratch->size;
    cf_json_reader_init(&body->reader, text);
    return check(&body->reader, strict) ? CF_SOCKJS_BODY_OK : CF_SOCKJS_BODY_BROKEN;
}

bool cf_sockjs_body_next(cf_sockjs_body *body, cf_bytes *message, cf_buffer *scratch)
{
    cf_json_value value;
    cf_buffer_truncate(scratch, body->kept);
    if (!cf_json_next_element(&body->reader) || !cf_json_read(&body->reader, &value))
        return false;
    *message = cf_json_text(&value, scratch);
    return true;
}

/* ---- frames ---- */

static bool read_close(cf_sockjs_frame *frame, cf_json_reader *reader, cf_buffer *scratch)
{
    cf_json_value code;
    cf_json_value reason;
    if (!cf_json_enter_array(reader) || !cf_json_next_element(reader) || !cf_json_read(reader, &code) ||
        !cf_json_to_int64(&code, &frame->code) || !cf_json_next_element(reader) || !cf_json_read(reader, &reason) ||
        reason.kind != CF_JSON_STRING || cf_json_next_element(reader) || !cf_json_finish(reader))
        return false;
    frame->reason = cf_json_text(&reason, scratch);
    return true;
}

static cf_sockjs_frame_kind kind_of_close(cf_sockjs_frame *frame, cf_bytes content, cf_buffer *scratch)
{
    cf_json_reader reader;
    if (!prepare(&content, scratch))
        return CF_SOCKJS_FRAME_BAD;
    cf_json_reader_init(&reader, content);
    return read_close(frame, &reader, scratch) ? CF_SOCKJS_FRAME_CLOSE : CF_SOCKJS_FRAME_BAD;
}

static cf_sockjs_frame_kind kind_of_messages(cf_sockjs_frame *frame, cf_bytes content, cf_buffer *scratch)
{
    bool good = cf_sockjs_body_begin(&frame->messages, content, true, scratch) == CF_SOCKJS_BODY_OK;
    return good ? CF_SOCKJS_FRAME_MESSAGES : CF_SOCKJS_FRAME_BAD;
}

void cf_sockjs_read_frame(cf_sockjs_frame *frame, cf_bytes text, cf_buffer *scratch)
{
    cf_bytes content = cf_bytes_slice(text, 1, text.size);
    *frame = (cf_sockjs_frame){.kind = CF_SOCKJS_FRAME_BAD};
    switch (text.size > 0 ? text.data[0] : '\0') {
    case 'o':
        frame->kind = content.size == 0 ? CF_SOCKJS_FRAME_OPEN : CF_SOCKJS_FRAME_BAD;
        break;
    case 'h':
        frame->kind = CF_SOCKJS_FRAME_HEARTBEAT;
        break;
    case 'a':
        frame->kind = kind_of_messages(frame, content, scratch);
        break;
    case 'c':
        frame->kind = kind_of_close(frame, content, scratch);
        break;
    default:
        break;
    }
}

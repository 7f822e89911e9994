/* A frame for a client. What was read as messages and is written again is read as the same messages. */
#include "base/test/allocator.h"
#include "sockjs/parts.h"

static void write_messages(cf_sockjs_frame *frame, cf_buffer *scratch, cf_buffer *messages)
{
    cf_bytes message;
    while (cf_sockjs_body_next(&frame->messages, &message, scratch))
        cf_sockjs_append_message(messages, message);
}

static void check_messages(cf_sockjs_frame *frame, cf_buffer *scratch, const cf_allocator *allocator)
{
    cf_buffer first, again, text;
    cf_buffer_init(&first, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&again, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&text, allocator, CF_BUFFER_NO_LIMIT);
    write_messages(frame, scratch, &first);
    cf_bytes all = cf_buffer_bytes(&first);
    if (all.size > 0) {
        cf_sockjs_append_messages(&text, CF_SOCKJS_WEBSOCKET, CF_BYTES(""), &all, 1);
        cf_sockjs_read_frame(frame, cf_buffer_bytes(&text), scratch);
        if (frame->kind != CF_SOCKJS_FRAME_MESSAGES)
            abort();
        write_messages(frame, scratch, &again);
        if (!cf_bytes_equal(all, cf_buffer_bytes(&again)))
            abort();
    }
    cf_buffer_free(&first);
    cf_buffer_free(&again);
    cf_buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    test_allocator memory = test_allocator_failing_at(0);
    cf_allocator allocator = test_allocator_make(&memory);
    cf_buffer scratch;
    cf_sockjs_frame frame;
    cf_buffer_init(&scratch, &allocator, CF_BUFFER_NO_LIMIT);
    cf_sockjs_read_frame(&frame, cf_bytes_make((const char *)data, size), &scratch);
    if (frame.kind == CF_SOCKJS_FRAME_MESSAGES)
        check_messages(&frame, &scratch, &allocator);
    cf_buffer_free(&scratch);
    if (memory.live != 0)
        abort();
    return 0;
}

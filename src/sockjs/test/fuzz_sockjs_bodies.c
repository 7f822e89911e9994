/* A body that a strict reader takes is taken by the other one with the same messages, and each message is UTF-8. */
#include "base/test/allocator.h"
#include "base/utf8.h"
#include "sockjs/frame.h"

static cf_sockjs_body_state read_body(cf_bytes text, bool strict, cf_buffer *scratch, cf_buffer *log)
{
    cf_sockjs_body body;
    cf_bytes message;
    cf_sockjs_body_state state = cf_sockjs_body_begin(&body, text, strict, scratch);
    while (state == CF_SOCKJS_BODY_OK && cf_sockjs_body_next(&body, &message, scratch)) {
        if (!cf_utf8_valid(message))
            abort();
        cf_sockjs_append_message(log, message);
    }
    return state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    test_allocator memory = test_allocator_failing_at(0);
    cf_allocator allocator = test_allocator_make(&memory);
    cf_buffer scratch, strict, lenient;
    cf_bytes text = cf_bytes_make((const char *)data, size);
    cf_buffer_init(&scratch, &allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&strict, &allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&lenient, &allocator, CF_BUFFER_NO_LIMIT);
    if (read_body(text, true, &scratch, &strict) == CF_SOCKJS_BODY_OK) {
        if (read_body(text, false, &scratch, &lenient) != CF_SOCKJS_BODY_OK)
            abort();
        if (!cf_bytes_equal(cf_buffer_bytes(&strict), cf_buffer_bytes(&lenient)))
            abort();
    } else {
        (void)read_body(text, false, &scratch, &lenient);
    }
    cf_buffer_free(&scratch);
    cf_buffer_free(&strict);
    cf_buffer_free(&lenient);
    if (memory.live != 0)
        abort();
    return 0;
}

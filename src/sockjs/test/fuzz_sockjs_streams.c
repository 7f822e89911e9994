/* The first byte chooses lines or events; the rest goes to a stream whole, by bytes, and cut once: always the same frames. */
#include "base/test/allocator.h"
#include "sockjs/frame.h"

#include <string.h>

#define FRAME_MAX 200

/* Each piece lies in a block of its own, so that a sanitizer sees any step outside, and whether it was kept. */
static void feed(cf_sockjs_stream *stream, const char *data, size_t size, cf_buffer *log)
{
    char *piece = malloc(size > 0 ? size : 1);
    if (piece == NULL)
        abort();
    if (size > 0)
        memcpy(piece, data, size);
    cf_bytes input = cf_bytes_make(piece, size);
    cf_bytes frame;
    while (cf_sockjs_stream_next(stream, &input, &frame)) {
        cf_buffer_append(log, frame);
        cf_buffer_append_byte(log, '\n');
    }
    free(piece);
}

/* Feeds [0, cut) and [cut, size), or single bytes when `cut` is beyond the end. */
static void run(cf_sockjs_transport transport, const char *data, size_t size, size_t cut, cf_buffer *log)
{
    cf_sockjs_stream stream;
    cf_buffer_clear(log);
    cf_sockjs_stream_init(&stream, transport, FRAME_MAX, log->allocator);
    if (cut <= size) {
        feed(&stream, data, cut, log);
        feed(&stream, data + cut, size - cut, log);
    } else {
        for (size_t i = 0; i < size; i++)
            feed(&stream, data + i, 1, log);
    }
    cf_buffer_append_byte(log, stream.failed ? '!' : '.');
    cf_sockjs_stream_free(&stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    cf_sockjs_transport transport = data[0] & 1 ? CF_SOCKJS_EVENTSOURCE : CF_SOCKJS_XHR_STREAMING;
    const char *bytes = (const char *)data + 1;
    size--;
    test_allocator memory = test_allocator_failing_at(0);
    cf_allocator allocator = test_allocator_make(&memory);
    cf_buffer whole, cut;
    cf_buffer_init(&whole, &allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&cut, &allocator, CF_BUFFER_NO_LIMIT);
    run(transport, bytes, size, size, &whole);
    for (size_t i = size > 300 ? size + 1 : 0; i <= size + 1; i++) {
        run(transport, bytes, size, i, &cut);
        if (!cf_bytes_equal(cf_buffer_bytes(&whole), cf_buffer_bytes(&cut)))
            abort();
    }
    cf_buffer_free(&whole);
    cf_buffer_free(&cut);
    if (memory.live != 0)
        abort();
    return 0;
}

/*
 * The first byte chooses the role, the limit, whether UTF-8 is checked and messages may be compressed; the rest goes to a
 * decoder whole, byte by byte, and (short inputs) cut at every place. The events must be the same, and nothing may be held once
 * the input was ended by a whole message.
 */
#include "base/test/allocator.h"
#include "ws/test/events.h"

typedef struct decoder_setting {
    cf_ws_role role;
    size_t message_max;
    bool check_utf8;
    bool deflate;
} decoder_setting;

/* Feeds [0, cut) and [cut, size), or single bytes when `cut` is beyond the end. */
static void run(const decoder_setting *setting, const char *data, size_t size, size_t cut, cf_buffer *log)
{
    test_allocator memory = test_allocator_failing_at(0);
    cf_allocator allocator = test_allocator_make(&memory);
    cf_ws_decoder decoder;
    cf_buffer_clear(log);
    cf_ws_decoder_init(&decoder, setting->role, setting->message_max, setting->check_utf8, &allocator);
    decoder.deflate = setting->deflate;
    if (cut <= size) {
        events_feed(&decoder, data, cut, log);
        events_feed(&decoder, data + cut, size - cut, log);
    } else {
        for (size_t i = 0; i < size; i++)
            events_feed(&decoder, data + i, 1, log);
    }
    if (decoder.partial.size + decoder.message.size == 0 && decoder.partial.capacity + decoder.message.capacity > 0)
        abort();
    cf_ws_decoder_free(&decoder);
    if (memory.live != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    decoder_setting setting = {data[0] & 1 ? CF_WS_SERVER : CF_WS_CLIENT, data[0] & 2 ? 100 : 100000, (data[0] & 4) != 0,
                               (data[0] & 8) != 0};
    const char *bytes = (const char *)data + 1;
    size--;
    test_allocator memory = test_allocator_failing_at(0);
    cf_allocator allocator = test_allocator_make(&memory);
    cf_buffer whole;
    cf_buffer cut;
    cf_buffer_init(&whole, &allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&cut, &allocator, CF_BUFFER_NO_LIMIT);
    run(&setting, bytes, size, size, &whole);
    for (size_t i = size > 300 ? size + 1 : 0; i <= size + 1; i++) {
        run(&setting, bytes, size, i, &cut);
        if (!cf_bytes_equal(cf_buffer_bytes(&whole), cf_buffer_bytes(&cut)))
            abort();
    }
    cf_buffer_free(&whole);
    cf_buffer_free(&cut);
    return 0;
}

/*
 * Inflates whatever comes, within a limit that the first byte chooses; what was whole is compressed again by our own form, and
 * must be the same when it is inflated.
 */
#include "base/test/allocator.h"
#include "server/transport/deflate.h"

static void check_return(cf_deflate *deflate, const cf_allocator *allocator, cf_bytes text)
{
    cf_buffer frames;
    cf_buffer packed;
    cf_buffer again;
    cf_ws_opcode opcode;
    cf_bytes payload;
    cf_buffer_init(&frames, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&packed, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&again, allocator, CF_BUFFER_NO_LIMIT);
    cf_ws_append_frame(&frames, CF_WS_TEXT, text, NULL);
    const cf_outbox_form *form = cf_deflate_form(deflate);
    form->make(form, &packed, cf_buffer_bytes(&frames));
    if (cf_ws_own_frame(cf_buffer_bytes(&packed), &opcode, &payload) != packed.size ||
        cf_deflate_inflate(deflate, payload, text.size, &again) != CF_INFLATED ||
        !cf_bytes_equal(cf_buffer_bytes(&again), text))
        abort();
    cf_buffer_free(&frames);
    cf_buffer_free(&packed);
    cf_buffer_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    test_allocator memory = test_allocator_failing_at(0);
    cf_allocator allocator = test_allocator_make(&memory);
    cf_deflate *deflate = cf_deflate_new(&allocator, data[0] % 12 - 2, 0);
    size_t max = data[0] & 128 ? 100000 : 100;
    cf_buffer text;
    if (deflate == NULL)
        abort();
    cf_buffer_init(&text, &allocator, CF_BUFFER_NO_LIMIT);
    cf_inflated result = cf_deflate_inflate(deflate, cf_bytes_make((const char *)data + 1, size - 1), max, &text);
    if (text.size > max)
        abort();
    if (result == CF_INFLATED)
        check_return(deflate, &allocator, cf_buffer_bytes(&text));
    cf_buffer_free(&text);
    cf_deflate_free(deflate);
    if (memory.live != 0)
        abort();
    return 0;
}

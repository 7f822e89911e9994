/* A form, and the same bytes as a value that is encoded in full: it is found, and decoded to what it was. */
#include "base/percent.h"
#include "base/test/allocator.h"

static void append_encoded(cf_buffer *out, cf_bytes bytes)
{
    static const char hex[] = "0123456789abcDEF";
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned byte = (unsigned char)bytes.data[i];
        char escape[3] = {'%', hex[byte >> 4], hex[byte & 15]};
        cf_buffer_append(out, cf_bytes_make(escape, sizeof(escape)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    test_allocator memory = test_allocator_failing_at(0);
    cf_allocator allocator = test_allocator_make(&memory);
    cf_buffer text, value;
    cf_bytes bytes = cf_bytes_make((const char *)data, size);
    cf_buffer_init(&text, &allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&value, &allocator, CF_BUFFER_NO_LIMIT);
    if (cf_percent_field(bytes, CF_BYTES("d"), &value) && value.size > size)
        abort();
    cf_buffer_clear(&value);
    cf_buffer_append(&text, CF_BYTES("a=1&d="));
    append_encoded(&text, bytes);
    if (!cf_percent_field(cf_buffer_bytes(&text), CF_BYTES("d"), &value) || !cf_bytes_equal(bytes, cf_buffer_bytes(&value)))
        abort();
    cf_buffer_free(&text);
    cf_buffer_free(&value);
    if (memory.live != 0)
        abort();
    return 0;
}

/*
 * What a server sends: each message, its body alone, and the text as a close reason. Raw parts are JSON themselves.
 */
#include "base/test/allocator.h"
#include "wire/wire.h"

static void check_raw(cf_bytes raw)
{
    if (raw.data != NULL && !cf_json_valid(raw))
        abort();
}

static void check_message(const cf_wire_message *message, cf_buffer *scratch)
{
    cf_wire_message body;
    check_raw(message->raw);
    check_raw(message->body);
    check_raw(message->b.data);
    check_raw(message->b.info);
    check_raw(message->b.messages);
    if (message->body.data == NULL)
        return;
    if (cf_wire_read_body(message->body, &body, scratch) != message->has_body)
        abort();
    if (!cf_bytes_equal(body.b.channel, message->b.channel) || !cf_bytes_equal(body.b.last, message->b.last) ||
        body.b.ttl != message->b.ttl)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    test_allocator memory = test_allocator_failing_at(0);
    cf_allocator allocator = test_allocator_make(&memory);
    cf_buffer scratch;
    cf_buffer other;
    cf_wire_messages messages;
    cf_wire_message message;
    cf_bytes text = cf_bytes_make((const char *)data, size);
    cf_bytes reason;
    bool reconnect;
    cf_buffer_init(&scratch, &allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&other, &allocator, CF_BUFFER_NO_LIMIT);
    if (cf_wire_messages_begin(&messages, text) && !cf_json_valid(text))
        abort();
    while (cf_wire_messages_next(&messages, &message, &scratch))
        check_message(&message, &other);
    if (messages.reader.error != CF_JSON_OK && cf_json_valid(text))
        abort();
    if (cf_wire_read_advice(text, &reason, &reconnect, &scratch) && !cf_json_valid(text))
        abort();
    cf_buffer_free(&scratch);
    cf_buffer_free(&other);
    if (memory.live != 0)
        abort();
    return 0;
}

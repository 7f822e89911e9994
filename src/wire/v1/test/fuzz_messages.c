/*
 * What a server sends: each message, its body alone, and the text as a close reason. Raw parts are JSON themselves. An object
 * alone, which is checked while it is read, means the same as in an array, which is checked before.
 */
#include "base/test/allocator.h"
#include "wire/v1/v1.h"

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

static bool same_message(const cf_wire_message *a, const cf_wire_message *b)
{
    const cf_bytes pairs[][2] = {
        {a->raw, b->raw},
        {a->error.raw, b->error.raw},
        {a->error_text, b->error_text},
        {a->advice, b->advice},
        {a->body, b->body},
        {a->b.uid, b->b.uid},
        {a->b.channel, b->b.channel},
        {a->b.client, b->b.client},
        {a->b.info, b->b.info},
        {a->b.data, b->b.data},
        {a->b.reason, b->b.reason},
        {a->b.last, b->b.last},
        {a->b.messages, b->b.messages},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (!cf_bytes_equal(pairs[i][0], pairs[i][1]) || (pairs[i][0].data == NULL) != (pairs[i][1].data == NULL))
            return false;
    return a->method == b->method && a->uid == b->uid && a->has_uid == b->has_uid && a->has_error == b->has_error &&
           a->error.kind == b->error.kind && a->has_body == b->has_body && a->b.expires == b->b.expires &&
           a->b.expired == b->b.expired && a->b.reconnect == b->b.reconnect && a->b.recovered == b->b.recovered &&
           a->b.ttl == b->b.ttl && a->b.has_last == b->b.has_last;
}

/* What comes out of an object alone (NULL for nothing), and out of an array that holds only this object. */
static void compare_with_array(cf_bytes text, const cf_wire_message *alone, const cf_allocator *allocator)
{
    cf_buffer array, scratch;
    cf_wire_messages messages;
    cf_wire_message inside;
    cf_buffer_init(&array, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&scratch, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_append_byte(&array, '[');
    cf_buffer_append(&array, text);
    cf_buffer_append_byte(&array, ']');
    /* a text such as `{},{}` is an array's content, but no JSON; and the array is one level deeper */
    bool good = cf_wire_messages_begin(&messages, cf_buffer_bytes(&array));
    if (good && cf_json_valid(text) != (alone != NULL))
        abort();
    if (good && alone != NULL)
        if (!cf_wire_messages_next(&messages, &inside, &scratch) || !same_message(&inside, alone))
            abort();
    cf_buffer_free(&array);
    cf_buffer_free(&scratch);
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
    bool begun = cf_wire_messages_begin(&messages, text);
    bool object = begun && !messages.array;
    size_t count = 0;
    for (; cf_wire_messages_next(&messages, &message, &scratch); count++)
        check_message(&message, &other);
    if ((messages.reader.error == CF_JSON_OK) != cf_json_valid(text) || (count > 0 && !cf_json_valid(text)) ||
        (object && cf_json_valid(text) && count != 1))
        abort();
    if (object)
        compare_with_array(text, count > 0 ? &message : NULL, &allocator);
    if (cf_wire_read_advice(text, &reason, &reconnect, &scratch) && !cf_json_valid(text))
        abort();
    cf_buffer_free(&scratch);
    cf_buffer_free(&other);
    if (memory.live != 0)
        abort();
    return 0;
}

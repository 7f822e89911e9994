#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/test/allocator.h"
#include "server/transport/deflate.h"

#define TEXT CF_BYTES("{\"uid\":\"1\",\"method\":\"ping\",\"params\":{\"data\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}}")

typedef struct fixture {
    test_allocator memory;
    cf_allocator allocator;
    cf_deflate *deflate;
    cf_buffer text;
} fixture;

static void open_fixture(fixture *self, int level, size_t min_size)
{
    self->memory = test_allocator_failing_at(0);
    self->allocator = test_allocator_make(&self->memory);
    self->deflate = cf_deflate_new(&self->allocator, level, min_size);
    assert_non_null(self->deflate);
    cf_buffer_init(&self->text, &self->allocator, CF_BUFFER_NO_LIMIT);
}

static void close_fixture(fixture *self)
{
    cf_buffer_free(&self->text);
    cf_deflate_free(self->deflate);
    assert_int_equal(self->memory.live, 0);
}

/* What a chunk with this one message is in the form. */
static cf_buffer packed(fixture *self, cf_bytes text)
{
    cf_buffer frames;
    cf_buffer out;
    const cf_outbox_form *form = cf_deflate_form(self->deflate);
    cf_buffer_init(&frames, &self->allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&out, &self->allocator, CF_BUFFER_NO_LIMIT);
    cf_ws_append_frame(&frames, CF_WS_TEXT, text, NULL);
    form->make(form, &out, cf_buffer_bytes(&frames));
    cf_buffer_free(&frames);
    return out;
}

static bool is_compressed(const cf_buffer *frame)
{
    return (frame->data[0] & CF_WS_COMPRESSED) != 0;
}

static cf_inflated inflated(fixture *self, cf_bytes data, size_t max)
{
    cf_buffer_clear(&self->text);
    return cf_deflate_inflate(self->deflate, data, max, &self->text);
}

static void each_level_can_be_inflated(void **state)
{
    (void)state;
    for (int level = CF_DEFLATE_LEVEL_MIN; level <= CF_DEFLATE_LEVEL_MAX; level++) {
        fixture f;
        cf_ws_opcode opcode;
        cf_bytes payload;
        open_fixture(&f, level, 0);
        cf_buffer frame = packed(&f, TEXT);
        assert_true(is_compressed(&frame));
        assert_int_equal(cf_ws_own_frame(cf_buffer_bytes(&frame), &opcode, &payload), frame.size);
        assert_int_equal(opcode, CF_WS_TEXT);
        assert_int_equal(inflated(&f, payload, TEXT.size), CF_INFLATED);
        assert_true(cf_bytes_equal(cf_buffer_bytes(&f.text), TEXT));
        cf_buffer_free(&frame);
        close_fixture(&f);
    }
}

static void short_messages_stay_as_they_are(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f, 1, 10);
    cf_buffer as_it_is = packed(&f, CF_BYTES("0123456789"));
    cf_buffer longer = packed(&f, CF_BYTES("0123456789a"));
    assert_false(is_compressed(&as_it_is));
    assert_memory_equal(as_it_is.data,
                        "\x81\x0a"
                        "0123456789",
                        12);
    assert_true(is_compressed(&longer));
    cf_buffer_free(&as_it_is);
    cf_buffer_free(&longer);
    close_fixture(&f);
}

static void a_bomb_is_not_inflated(void **state)
{
    (void)state;
    fixture f;
    cf_ws_opcode opcode;
    cf_bytes payload;
    static char large[1000000];
    open_fixture(&f, 9, 0);
    cf_buffer frame = packed(&f, cf_bytes_make(large, sizeof(large)));
    (void)cf_ws_own_frame(cf_buffer_bytes(&frame), &opcode, &payload);
    assert_true(payload.size < 2000);
    assert_int_equal(inflated(&f, payload, 1000), CF_INFLATED_TOO_LARGE);
    assert_true(f.text.capacity < 40000);
    assert_int_equal(inflated(&f, payload, sizeof(large) - 1), CF_INFLATED_TOO_LARGE);
    assert_int_equal(inflated(&f, payload, sizeof(large)), CF_INFLATED);
    cf_buffer_free(&frame);
    close_fixture(&f);
}

static void what_is_no_deflate_data_is_corrupt(void **state)
{
    (void)state;
    static const cf_bytes bad[] = {CF_LITERAL("{\"method\":\"ping\"}"), CF_LITERAL("\x07\x01\x02\x03"), CF_LITERAL(""),
                                   CF_LITERAL("\xaa\x56")};
    fixture f;
    open_fixture(&f, 1, 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(inflated(&f, bad[i], 1000), CF_INFLATED_CORRUPT);
    assert_int_equal(inflated(&f, cf_bytes_make("\0", 1), 1000), CF_INFLATED);
    assert_int_equal(f.text.size, 0);
    close_fixture(&f);
}

static void without_memory_the_message_is_lost_and_nothing_else(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f, 1, 0);
    cf_buffer frame = packed(&f, TEXT);
    cf_ws_opcode opcode;
    cf_bytes payload;
    (void)cf_ws_own_frame(cf_buffer_bytes(&frame), &opcode, &payload);
    f.memory.fail_at = f.memory.calls + 1;
    assert_int_equal(inflated(&f, payload, 1000), CF_INFLATED_NO_MEMORY);
    cf_buffer_free(&f.text);
    assert_int_equal(inflated(&f, payload, 1000), CF_INFLATED);
    cf_buffer_free(&frame);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_level_can_be_inflated),
        cmocka_unit_test(short_messages_stay_as_they_are),
        cmocka_unit_test(a_bomb_is_not_inflated),
        cmocka_unit_test(what_is_no_deflate_data_is_corrupt),
        cmocka_unit_test(without_memory_the_message_is_lost_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

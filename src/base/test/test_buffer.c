#include "base/test/test.h"

#include "base/buffer.h"

#define NEW_BUFFER(limit)                                                                                                      \
    test_allocator memory = {0};                                                                                               \
    cf_allocator allocator = test_allocator_make(&memory);                                                                     \
    cf_buffer buffer;                                                                                                          \
    cf_buffer_init(&buffer, &allocator, (limit))

static void appended_pieces_make_the_content(void **state)
{
    (void)state;
    NEW_BUFFER(CF_BUFFER_NO_LIMIT);
    for (int i = 0; i < 1000; i++) {
        cf_buffer_append(&buffer, CF_BYTES("ab"));
        cf_buffer_append_byte(&buffer, 'c');
    }
    cf_buffer_append(&buffer, cf_bytes_make(NULL, 0));
    assert_false(buffer.failed);
    assert_int_equal(buffer.size, 3000);
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(buffer.data[i], "abc"[i % 3]);
    assert_true(memory.calls < 20);
    cf_buffer_free(&buffer);
    assert_int_equal(memory.live, 0);
}

static void integers_are_written_in_decimal(void **state)
{
    (void)state;
    NEW_BUFFER(CF_BUFFER_NO_LIMIT);
    const int64_t values[] = {0, 7, -1, 1234567890, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        cf_buffer_append_int(&buffer, values[i]);
        cf_buffer_append_byte(&buffer, ' ');
    }
    assert_bytes(cf_buffer_bytes(&buffer), "0 7 -1 1234567890 9223372036854775807 -9223372036854775808 ");
    cf_buffer_free(&buffer);
}

static void an_append_over_the_limit_changes_nothing_and_is_remembered(void **state)
{
    (void)state;
    NEW_BUFFER(5);
    cf_buffer_append(&buffer, CF_BYTES("abc"));
    cf_buffer_append(&buffer, CF_BYTES("def"));
    assert_true(buffer.failed);
    assert_bytes(cf_buffer_bytes(&buffer), "abc");
    cf_buffer_append_byte(&buffer, 'd');
    assert_bytes(cf_buffer_bytes(&buffer), "abc");
    assert_false(cf_buffer_reserve(&buffer, 0));
    assert_null(cf_buffer_text(&buffer));
    cf_buffer_clear(&buffer);
    cf_buffer_append(&buffer, CF_BYTES("12345"));
    assert_false(buffer.failed);
    assert_bytes(cf_buffer_bytes(&buffer), "12345");
    assert_true(buffer.capacity <= 5);
    cf_buffer_free(&buffer);
}

static void a_size_that_would_overflow_is_refused(void **state)
{
    (void)state;
    NEW_BUFFER(CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&buffer, CF_BYTES("abc"));
    assert_false(cf_buffer_reserve(&buffer, SIZE_MAX - 1));
    assert_true(buffer.failed);
    cf_buffer_free(&buffer);
}

static void text_ends_with_nul_even_at_the_limit(void **state)
{
    (void)state;
    NEW_BUFFER(3);
    assert_string_equal(cf_buffer_text(&buffer), "");
    cf_buffer_append(&buffer, CF_BYTES("abc"));
    assert_string_equal(cf_buffer_text(&buffer), "abc");
    assert_int_equal(buffer.size, 3);
    assert_false(buffer.failed);
    cf_buffer_free(&buffer);
}

static void text_without_memory_for_its_nul_is_none(void **state)
{
    (void)state;
    NEW_BUFFER(CF_BUFFER_NO_LIMIT);
    memory = test_allocator_failing_at(1);
    assert_null(cf_buffer_text(&buffer));
    assert_true(buffer.failed);
    cf_buffer_free(&buffer);
}

static void a_limit_that_was_lowered_counts_for_what_comes(void **state)
{
    (void)state;
    NEW_BUFFER(10);
    cf_buffer_append(&buffer, CF_BYTES("12345"));
    buffer.limit = 3;
    cf_buffer_append(&buffer, CF_BYTES("6"));
    assert_true(buffer.failed);
    assert_bytes(cf_buffer_bytes(&buffer), "12345");
    cf_buffer_free(&buffer);
}

/* Says yes to everything: half of all addresses cannot be had. */
static void *resize_endless(void *user, void *memory, size_t size)
{
    static char room[1];
    (void)memory;
    *(size_t *)user = size;
    return room;
}

static void growth_does_not_overflow(void **state)
{
    (void)state;
    size_t asked = 0;
    cf_allocator allocator = {resize_endless, &asked};
    cf_buffer buffer;
    cf_buffer_init(&buffer, &allocator, CF_BUFFER_NO_LIMIT);
    assert_true(cf_buffer_reserve(&buffer, SIZE_MAX / 2 + 2));
    assert_true(cf_buffer_reserve(&buffer, SIZE_MAX / 2 + 3));
    assert_int_equal(asked, SIZE_MAX);
}

static void reserved_room_does_not_move(void **state)
{
    (void)state;
    NEW_BUFFER(CF_BUFFER_NO_LIMIT);
    assert_true(cf_buffer_reserve(&buffer, 1000));
    const char *data = buffer.data;
    for (int i = 0; i < 1000; i++)
        cf_buffer_append_byte(&buffer, 'x');
    assert_ptr_equal(buffer.data, data);
    cf_buffer_free(&buffer);
}

static void the_front_and_the_end_can_be_cut(void **state)
{
    (void)state;
    NEW_BUFFER(CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&buffer, CF_BYTES("0123456789"));
    cf_buffer_consume(&buffer, 0);
    cf_buffer_consume(&buffer, 3);
    assert_bytes(cf_buffer_bytes(&buffer), "3456789");
    cf_buffer_truncate(&buffer, 2);
    assert_bytes(cf_buffer_bytes(&buffer), "34");
    cf_buffer_consume(&buffer, 2);
    assert_int_equal(buffer.size, 0);
    cf_buffer_append(&buffer, CF_BYTES("again"));
    assert_bytes(cf_buffer_bytes(&buffer), "again");
    cf_buffer_free(&buffer);
}

static void a_failed_allocation_leaves_the_content(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        test_allocator memory = test_allocator_failing_at(n);
        cf_allocator allocator = test_allocator_make(&memory);
        cf_buffer buffer;
        cf_buffer_init(&buffer, &allocator, CF_BUFFER_NO_LIMIT);
        size_t appended = 0;
        for (int i = 0; i < 100 && !buffer.failed; i++) {
            cf_buffer_append(&buffer, CF_BYTES("0123456789"));
            if (!buffer.failed)
                appended += 10;
        }
        assert_int_equal(buffer.size, appended);
        assert_int_equal(buffer.failed, memory.failed);
        if (appended > 0)
            assert_memory_equal(buffer.data + appended - 10, "0123456789", 10);
        cf_buffer_free(&buffer);
        assert_int_equal(memory.live, 0);
        if (!memory.failed)
            break;
    }
}

static void allocations(void **state)
{
    (void)state;
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    void *none = cf_alloc(&allocator, 0);
    assert_non_null(none);
    assert_null(cf_alloc_zero(&allocator, SIZE_MAX / 2, 3));
    int *zeros = cf_alloc_zero(&allocator, 10, sizeof(int));
    for (int i = 0; i < 10; i++)
        assert_int_equal(zeros[i], 0);
    char *copy = cf_copy(&allocator, CF_BYTES("text"));
    char *empty = cf_copy(&allocator, cf_bytes_make(NULL, 0));
    assert_string_equal(copy, "text");
    assert_string_equal(empty, "");
    cf_free(&allocator, none);
    cf_free(&allocator, zeros);
    cf_free(&allocator, copy);
    cf_free(&allocator, empty);
    cf_free(&allocator, NULL);
    assert_int_equal(memory.live, 0);
    cf_free(&allocator, cf_alloc_zero(&allocator, 10, 0));
    assert_null(cf_copy(&allocator, cf_bytes_make("no room for its NUL", SIZE_MAX)));
    memory = test_allocator_failing_at(1);
    assert_null(cf_copy(&allocator, CF_BYTES("text")));
    memory = test_allocator_failing_at(1);
    assert_null(cf_alloc_zero(&allocator, 10, sizeof(int)));
    assert_int_equal(memory.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appended_pieces_make_the_content),
        cmocka_unit_test(integers_are_written_in_decimal),
        cmocka_unit_test(an_append_over_the_limit_changes_nothing_and_is_remembered),
        cmocka_unit_test(a_size_that_would_overflow_is_refused),
        cmocka_unit_test(text_ends_with_nul_even_at_the_limit),
        cmocka_unit_test(text_without_memory_for_its_nul_is_none),
        cmocka_unit_test(a_limit_that_was_lowered_counts_for_what_comes),
        cmocka_unit_test(growth_does_not_overflow),
        cmocka_unit_test(reserved_room_does_not_move),
        cmocka_unit_test(the_front_and_the_end_can_be_cut),
        cmocka_unit_test(a_failed_allocation_leaves_the_content),
        cmocka_unit_test(allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

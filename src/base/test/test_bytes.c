#include "base/test/test.h"

#include "base/bytes.h"
#include "base/list.h"
#include "base/clock.h"

static const cf_bytes nothing = {NULL, 0};

static void null_text_is_the_empty_slice(void **state)
{
    (void)state;
    assert_int_equal(cf_bytes_of(NULL).size, 0);
    assert_int_equal(cf_bytes_of("abc").size, 3);
}

static void slices_compare(void **state)
{
    (void)state;
    assert_true(cf_bytes_equal(CF_BYTES("abc"), cf_bytes_of("abc")));
    assert_false(cf_bytes_equal(CF_BYTES("abc"), CF_BYTES("abd")));
    assert_false(cf_bytes_equal(CF_BYTES("abc"), CF_BYTES("ab")));
    assert_true(cf_bytes_equal(nothing, CF_BYTES("")));
    assert_true(cf_bytes_equal_fold(CF_BYTES("Content-Type"), CF_BYTES("content-TYPE")));
    assert_false(cf_bytes_equal_fold(CF_BYTES("a["), CF_BYTES("a{")));
    assert_false(cf_bytes_equal_fold(CF_BYTES("a"), CF_BYTES("ab")));
    assert_true(cf_bytes_compare(CF_BYTES("a"), CF_BYTES("b")) < 0);
    assert_true(cf_bytes_compare(CF_BYTES("a"), CF_BYTES("ab")) < 0);
    assert_true(cf_bytes_compare(CF_BYTES("\xff"), CF_BYTES("a")) > 0);
    assert_int_equal(cf_bytes_compare(nothing, CF_BYTES("")), 0);
}

static void prefixes_and_suffixes(void **state)
{
    (void)state;
    assert_true(cf_bytes_starts_with(CF_BYTES("public:news"), CF_BYTES("public:")));
    assert_false(cf_bytes_starts_with(CF_BYTES("pub"), CF_BYTES("public:")));
    assert_true(cf_bytes_starts_with(nothing, nothing));
    assert_true(cf_bytes_ends_with(CF_BYTES("config.json"), CF_BYTES(".json")));
    assert_false(cf_bytes_ends_with(CF_BYTES("json"), CF_BYTES(".json")));
    assert_true(cf_bytes_ends_with(nothing, nothing));
}

static void finds_first_and_last(void **state)
{
    (void)state;
    assert_int_equal(cf_bytes_find(CF_BYTES("a:b:c"), CF_BYTES(":")), 1);
    assert_int_equal(cf_bytes_find_last(CF_BYTES("a:b:c"), CF_BYTES(":")), 3);
    assert_int_equal(cf_bytes_find(CF_BYTES("aaab"), CF_BYTES("aab")), 1);
    assert_int_equal(cf_bytes_find(CF_BYTES("aab"), CF_BYTES("aabb")), -1);
    assert_int_equal(cf_bytes_find_last(CF_BYTES("aab"), CF_BYTES("aabb")), -1);
    assert_int_equal(cf_bytes_find(CF_BYTES("abc"), CF_BYTES("x")), -1);
    assert_int_equal(cf_bytes_find_last(CF_BYTES("abc"), CF_BYTES("x")), -1);
    assert_int_equal(cf_bytes_find(nothing, CF_BYTES("x")), -1);
    assert_int_equal(cf_bytes_find(CF_BYTES("abc"), nothing), 0);
    assert_int_equal(cf_bytes_find_last(CF_BYTES("abc"), nothing), 3);
}

static void slicing_is_cut_to_the_bounds(void **state)
{
    (void)state;
    assert_bytes(cf_bytes_slice(CF_BYTES("abcdef"), 1, 3), "bc");
    assert_bytes(cf_bytes_slice(CF_BYTES("abcdef"), 4, 100), "ef");
    assert_bytes(cf_bytes_slice(CF_BYTES("abcdef"), 7, 9), "");
    assert_bytes(cf_bytes_slice(CF_BYTES("abcdef"), 3, 1), "");
    assert_bytes(cf_bytes_slice(nothing, 0, 5), "");
}

static void integers_are_read_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"+17", true, 17},
        {"007", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"-9223372036854775808", true, INT64_MIN},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x10", false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t value = 0;
        bool valid = cf_bytes_to_int64(cf_bytes_of(cases[i].text), &value);
        if (valid != cases[i].valid || (valid && value != cases[i].value))
            fail_msg("\"%s\" was read as %d, %lld", cases[i].text, valid, (long long)value);
    }
}

typedef struct item {
    int number;
    cf_list link;
} item;

static void a_list_keeps_its_order(void **state)
{
    (void)state;
    cf_list list;
    item items[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
    cf_list_init(&list);
    assert_true(cf_list_empty(&list));
    assert_null(cf_list_take(&list));
    cf_list_append(&list, &items[1].link);
    cf_list_append(&list, &items[2].link);
    cf_list_append(&list, &items[3].link);
    cf_list_prepend(&list, &items[0].link);
    cf_list_remove(&items[2].link);
    cf_list_remove(&items[2].link);
    assert_false(cf_list_linked(&items[2].link));
    const int expected[] = {0, 1, 3};
    for (size_t i = 0; i < 3; i++) {
        cf_list *link = cf_list_take(&list);
        assert_non_null(link);
        assert_int_equal(CF_CONTAINER(link, item, link)->number, expected[i]);
    }
    assert_true(cf_list_empty(&list));
}

static void hexadecimal_digits_have_either_case(void **state)
{
    (void)state;
    const char digits[] = "0189afAF";
    const int values[] = {0, 1, 8, 9, 10, 15, 10, 15};
    for (size_t i = 0; i < sizeof(digits) - 1; i++)
        assert_int_equal(cf_hex_digit(digits[i]), values[i]);
    const char others[] = "/:@G`g\xff";
    for (size_t i = 0; i < sizeof(others); i++)
        assert_int_equal(cf_hex_digit(others[i]), -1);
}

static void time_does_not_overflow(void **state)
{
    (void)state;
    assert_int_equal(cf_time_after(100, 50), 150);
    assert_int_equal(cf_time_after(100, -50), 100);
    assert_true(cf_time_after(100, INT64_MAX) == CF_TIME_NEVER);
    assert_true(cf_time_after(CF_TIME_NEVER, 1) == CF_TIME_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_text_is_the_empty_slice),
        cmocka_unit_test(slices_compare),
        cmocka_unit_test(prefixes_and_suffixes),
        cmocka_unit_test(finds_first_and_last),
        cmocka_unit_test(slicing_is_cut_to_the_bounds),
        cmocka_unit_test(integers_are_read_whole),
        cmocka_unit_test(a_list_keeps_its_order),
        cmocka_unit_test(time_does_not_overflow),
        cmocka_unit_test(hexadecimal_digits_have_either_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

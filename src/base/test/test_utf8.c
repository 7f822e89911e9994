#include "base/test/test.h"

#include "base/utf8.h"

/* One case for each row of the table of RFC 3629 section 4, at both ends and just outside. */
static void rows_of_the_standard(void **state)
{
    (void)state;
    static const char *const valid[] = {"",
                                        "plain text, longer than one word",
                                        "\x7f",
                                        "\xc2\x80",
                                        "\xdf\xbf",
                                        "\xe0\xa0\x80",
                                        "\xec\xbf\xbf",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80",
                                        "\xef\xbf\xbf",
                                        "\xf0\x90\x80\x80",
                                        "\xf4\x8f\xbf\xbf"};
    static const char *const invalid[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x7f",
        "\xc2\xc0",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe1\x80",
        "\xe1\x80\x41",
        "\xf0\x8f\xbf\xbf",
        "\xf0\x90\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf0\x90\x80\xc0",
        "\xff\xff\xff\xff",
    };
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
        if (!cf_utf8_valid(cf_bytes_of(valid[i])))
            fail_msg("valid text %zu was refused", i);
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
        if (cf_utf8_valid(cf_bytes_of(invalid[i])))
            fail_msg("invalid text %zu was accepted", i);
}

static void every_code_point_survives_encoding(void **state)
{
    (void)state;
    for (uint32_t code_point = 0; code_point <= 0x10ffff; code_point++) {
        if (code_point == 0xd800)
            code_point = 0xe000;
        char bytes[4] = {0};
        size_t size = cf_utf8_encode(code_point, bytes);
        if (cf_utf8_sequence(cf_bytes_make(bytes, size)) != size)
            fail_msg("U+%04X is encoded wrong", (unsigned)code_point);
        for (size_t cut = 0; cut < size; cut++)
            if (cf_utf8_sequence(cf_bytes_make(bytes, cut)) != 0)
                fail_msg("a cut U+%04X was accepted", (unsigned)code_point);
    }
}

static void known_encodings(void **state)
{
    (void)state;
    char out[4];
    assert_bytes(cf_bytes_make(out, cf_utf8_encode('$', out)), "$");
    assert_bytes(cf_bytes_make(out, cf_utf8_encode(0xa2, out)), "\xc2\xa2");
    assert_bytes(cf_bytes_make(out, cf_utf8_encode(0x20ac, out)), "\xe2\x82\xac");
    assert_bytes(cf_bytes_make(out, cf_utf8_encode(0x10348, out)), "\xf0\x90\x8d\x88");
}

static void the_valid_prefix_ends_before_the_first_bad_byte(void **state)
{
    (void)state;
    char text[40];
    for (size_t at = 0; at < sizeof(text); at++) {
        memset(text, 'a', sizeof(text));
        text[at] = (char)0x80;
        assert_int_equal(cf_utf8_valid_prefix(cf_bytes_make(text, sizeof(text))), at);
    }
    assert_int_equal(cf_utf8_valid_prefix(CF_BYTES("ab\xe2\x82")), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_the_standard),
        cmocka_unit_test(every_code_point_survives_encoding),
        cmocka_unit_test(known_encodings),
        cmocka_unit_test(the_valid_prefix_ends_before_the_first_bad_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

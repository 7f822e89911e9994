#include "cli/bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char run[CF_CLI_BENCH_RUN_SIZE] = "0123abcd";

static void what_is_written_is_read(void **state)
{
    (void)state;
    char message[129];
    const cf_cli_bench_stamp stamps[] = {{0, 0, 0}, {9999, UINT64_MAX, INT64_MAX}, {7, 1234567, 987654321}};
    cf_cli_bench_message_fill(message, 128, run);
    for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
        cf_cli_bench_stamp read;
        cf_cli_bench_message_stamp(message, &stamps[i]);
        assert_int_equal(strlen(message), 128);
        assert_true(cf_cli_bench_message_read((centrifuge_bytes){message, 128}, run, &read));
        assert_int_equal(read.publisher, stamps[i].publisher);
        assert_int_equal(read.number, stamps[i].number);
        assert_int_equal(read.time, stamps[i].time);
    }
}

static void the_smallest_has_no_padding(void **state)
{
    (void)state;
    char message[CF_CLI_BENCH_SIZE_MIN + 1];
    cf_cli_bench_stamp stamp = {.publisher = 1}, read;
    cf_cli_bench_message_fill(message, CF_CLI_BENCH_SIZE_MIN, run);
    cf_cli_bench_message_stamp(message, &stamp);
    assert_null(strchr(message, '.'));
    assert_true(message[0] == '"' && message[CF_CLI_BENCH_SIZE_MIN - 1] == '"');
    assert_true(cf_cli_bench_message_read((centrifuge_bytes){message, CF_CLI_BENCH_SIZE_MIN}, run, &read));
}

/* Each byte in turn becomes something else: either that is seen, or the message has other numbers. */
static void messages_of_others_are_not_read(void **state)
{
    (void)state;
    char message[CF_CLI_BENCH_SIZE_MIN + 1];
    cf_cli_bench_stamp stamp = {0}, read;
    cf_cli_bench_message_fill(message, CF_CLI_BENCH_SIZE_MIN, run);
    cf_cli_bench_message_stamp(message, &stamp);
    for (size_t i = 1; i < CF_CLI_BENCH_SIZE_MIN - 1; i++) {
        char before = message[i];
        const char others[] = {'\0', 'g', 'A', '/', ':', (char)0xff};
        for (size_t j = 0; j < sizeof(others); j++) {
            message[i] = others[j];
            assert_false(cf_cli_bench_message_read((centrifuge_bytes){message, CF_CLI_BENCH_SIZE_MIN}, run, &read));
        }
        message[i] = before;
    }
    for (size_t size = 0; size < CF_CLI_BENCH_SIZE_MIN; size++)
        assert_false(cf_cli_bench_message_read((centrifuge_bytes){message, size}, run, &read));
    assert_false(cf_cli_bench_message_read((centrifuge_bytes){message, CF_CLI_BENCH_SIZE_MIN}, "0123abce", &read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_smallest_has_no_padding),
        cmocka_unit_test(messages_of_others_are_not_read),
    };
    return cmocka_run_group_tests_name("cli bench message", tests, NULL, NULL);
}

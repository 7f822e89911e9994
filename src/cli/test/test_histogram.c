#include "cli/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static cf_cli_histogram histogram;

static int make_empty(void **state)
{
    (void)state;
    memset(&histogram, 0, sizeof(histogram));
    return 0;
}

static void an_empty_one_says_zero(void **state)
{
    (void)state;
    assert_int_equal(cf_cli_histogram_percentile(&histogram, 50), 0);
    assert_true(cf_cli_histogram_mean(&histogram) == 0);
    assert_true(cf_cli_histogram_deviation(&histogram) == 0);
}

static void small_durations_are_exact(void **state)
{
    (void)state;
    for (int64_t i = 1; i <= 200; i++)
        cf_cli_histogram_add(&histogram, i);
    assert_int_equal(cf_cli_histogram_percentile(&histogram, 0), 1);
    assert_int_equal(cf_cli_histogram_percentile(&histogram, 50), 100);
    assert_int_equal(cf_cli_histogram_percentile(&histogram, 99), 198);
    assert_int_equal(cf_cli_histogram_percentile(&histogram, 100), 200);
}

/* Of every order of magnitude, against the sorted values themselves. */
static void percentiles_are_right_to_a_hundredth(void **state)
{
    (void)state;
    enum { COUNT = 10000 };
    static int64_t sorted[COUNT];
    double value = 1;
    for (int i = 0; i < COUNT; i++) {
        sorted[i] = (int64_t)value;
        cf_cli_histogram_add(&histogram, sorted[i]);
        value *= 1.0035;
    }
    for (int percent = 1; percent <= 100; percent++) {
        double exact = (double)sorted[percent * COUNT / 100 - 1];
        double said = (double)cf_cli_histogram_percentile(&histogram, percent);
        assert_true(said >= exact && said <= exact * 1.01 + 1);
    }
}

static void the_longest_and_the_shortest_are_exact(void **state)
{
    (void)state;
    cf_cli_histogram_add(&histogram, INT64_MAX);
    cf_cli_histogram_add(&histogram, -5);
    assert_int_equal(histogram.min, 0);
    assert_int_equal(histogram.max, INT64_MAX);
    assert_int_equal(cf_cli_histogram_percentile(&histogram, 100), INT64_MAX);
}

static void a_percentile_is_never_above_the_longest(void **state)
{
    (void)state;
    cf_cli_histogram_add(&histogram, 1000001);
    assert_int_equal(cf_cli_histogram_percentile(&histogram, 50), 1000001);
}

static void merged_ones_are_as_one(void **state)
{
    (void)state;
    static cf_cli_histogram both, other;
    for (int64_t i = 1; i < 5000; i += 3) {
        cf_cli_histogram_add(i % 2 ? &histogram : &other, i * i);
        cf_cli_histogram_add(&both, i * i);
    }
    cf_cli_histogram_merge(&histogram, &other);
    assert_memory_equal(&histogram.counts, &both.counts, sizeof(both.counts));
    assert_int_equal(histogram.count, both.count);
    assert_int_equal(histogram.min, both.min);
    assert_int_equal(histogram.max, both.max);
}

static void mean_and_deviation(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        cf_cli_histogram_add(&histogram, i % 2 ? 30 : 10);
    assert_true(cf_cli_histogram_mean(&histogram) == 20);
    assert_true(cf_cli_histogram_deviation(&histogram) == 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_one_says_zero, make_empty),
        cmocka_unit_test_setup(small_durations_are_exact, make_empty),
        cmocka_unit_test_setup(percentiles_are_right_to_a_hundredth, make_empty),
        cmocka_unit_test_setup(the_longest_and_the_shortest_are_exact, make_empty),
        cmocka_unit_test_setup(a_percentile_is_never_above_the_longest, make_empty),
        cmocka_unit_test_setup(merged_ones_are_as_one, make_empty),
        cmocka_unit_test_setup(mean_and_deviation, make_empty),
    };
    return cmocka_run_group_tests_name("cli histogram", tests, NULL, NULL);
}

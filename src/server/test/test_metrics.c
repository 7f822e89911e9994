#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json/json.h"
#include "server/metrics.h"

static size_t live_bytes;

static void *resize(void *user, void *memory, size_t size)
{
    (void)user;
    size_t *block = memory == NULL ? NULL : (size_t *)memory - 2;
    live_bytes -= block == NULL ? 0 : block[0];
    if (size == 0) {
        free(block);
        return NULL;
    }
    block = realloc(block, size + 2 * sizeof *block);
    block[0] = size;
    live_bytes += size;
    return block + 2;
}

static const cf_allocator allocator = {resize, NULL};

/* The number under a key of the written object. */
static int64_t number(const cf_buffer *json, const char *name)
{
    cf_json_reader reader;
    cf_json_value key, value;
    int64_t out = INT64_MIN;
    cf_json_reader_init(&reader, cf_buffer_bytes(json));
    assert_true(cf_json_enter_object(&reader));
    while (cf_json_next_member(&reader, &key)) {
        assert_true(cf_json_read(&reader, &value));
        if (cf_json_string_equal(&key, cf_bytes_of(name)))
            assert_true(cf_json_to_int64(&value, &out));
    }
    assert_true(cf_json_finish(&reader));
    if (out == INT64_MIN)
        fail_msg("%s is missing", name);
    return out;
}

static void there_are_74_values_with_sorted_keys(void **state)
{
    (void)state;
    cf_buffer out;
    cf_buffer_init(&out, &allocator, CF_BUFFER_NO_LIMIT);
    cf_metrics_values zero;
    cf_metrics_take_zero(&zero);
    cf_metrics_write_values(&zero, &out);
    cf_json_reader reader;
    cf_json_value key, value;
    cf_bytes last = {NULL, 0};
    size_t count = 0;
    cf_json_reader_init(&reader, cf_buffer_bytes(&out));
    assert_true(cf_json_enter_object(&reader));
    while (cf_json_next_member(&reader, &key)) {
        assert_true(cf_json_read(&reader, &value));
        assert_true(cf_bytes_equal(value.raw, CF_BYTES("0")));
        assert_true(count == 0 || cf_bytes_compare(last, key.raw) < 0);
        last = key.raw;
        count++;
    }
    assert_true(cf_json_finish(&reader));
    assert_int_equal(count, 74);
    cf_buffer_free(&out);
}

static void counters_are_totals_or_differences(void **state)
{
    (void)state;
    cf_buffer out;
    cf_buffer_init(&out, &allocator, CF_BUFFER_NO_LIMIT);
    cf_metrics *metrics = cf_metrics_new(&allocator);
    metrics->client_num_connect = 5;
    metrics->node_num_clients = 3;
    cf_metrics before = *metrics;
    metrics->client_num_connect = 12;
    metrics->node_num_clients = 4;
    cf_metrics_write(metrics, NULL, &out);
    assert_int_equal(number(&out, "client_num_connect"), 12);
    cf_buffer_clear(&out);
    cf_metrics_write(metrics, &before, &out);
    assert_int_equal(number(&out, "client_num_connect"), 7);
    assert_int_equal(number(&out, "node_num_clients"), 4);
    cf_metrics_free(metrics);
    cf_buffer_free(&out);
    assert_int_equal(live_bytes, 0);
}

static int by_value(const void *a, const void *b)
{
    return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : *(const uint32_t *)a > *(const uint32_t *)b;
}

static void assert_near(int64_t got, int64_t expected)
{
    if (llabs(got - expected) * 1000 > expected)
        fail_msg("%lld should be %lld to three digits", (long long)got, (long long)expected);
}

static void percentiles_have_three_digits(void **state)
{
    enum { COUNT = 20000 };
    static uint32_t values[COUNT];
    (void)state;
    cf_buffer out;
    cf_buffer_init(&out, &allocator, CF_BUFFER_NO_LIMIT);
    cf_metrics *metrics = cf_metrics_new(&allocator);
    uint64_t random = 3;
    for (size_t i = 0; i < COUNT; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        values[i] = 1 + (uint32_t)((random >> 40) % (UINT64_C(1) << (1 + (random >> 32) % 26)));
        values[i] = values[i] > 60000000 ? 60000000 : values[i];
        cf_metrics_record(metrics, CF_LATENCY_CLIENT_API, values[i]);
    }
    qsort(values, COUNT, sizeof values[0], by_value);
    cf_metrics_write(metrics, NULL, &out);
    assert_int_equal(number(&out, "client_api_1_count"), COUNT);
    assert_int_equal(number(&out, "client_api_1_microseconds_min"), values[0]);
    assert_int_equal(number(&out, "client_api_1_microseconds_max"), values[COUNT - 1]);
    assert_near(number(&out, "client_api_1_microseconds_50%ile"), values[COUNT / 2 - 1]);
    assert_near(number(&out, "client_api_1_microseconds_90%ile"), values[COUNT / 10 * 9 - 1]);
    assert_near(number(&out, "client_api_15_microseconds_99%ile"), values[COUNT / 100 * 99 - 1]);
    assert_int_equal(number(&out, "http_api_1_count"), 0);
    assert_true(live_bytes < 300000);
    cf_metrics_free(metrics);
    cf_buffer_free(&out);
    assert_int_equal(live_bytes, 0);
}

static void windows_rotate_out(void **state)
{
    (void)state;
    cf_buffer out;
    cf_buffer_init(&out, &allocator, CF_BUFFER_NO_LIMIT);
    cf_metrics *metrics = cf_metrics_new(&allocator);
    cf_metrics_record(metrics, CF_LATENCY_HTTP_API, 0);
    cf_metrics_record(metrics, CF_LATENCY_HTTP_API, UINT64_MAX);
    cf_metrics_rotate(metrics);
    cf_metrics_record(metrics, CF_LATENCY_HTTP_API, 500);
    cf_metrics_write(metrics, NULL, &out);
    assert_int_equal(number(&out, "http_api_1_count"), 1);
    assert_int_equal(number(&out, "http_api_1_microseconds_max"), 500);
    assert_int_equal(number(&out, "http_api_15_count"), 3);
    assert_int_equal(number(&out, "http_api_15_microseconds_max"), 60000000);
    assert_int_equal(number(&out, "http_api_15_microseconds_min"), 1);
    for (size_t i = 0; i < 15; i++)
        cf_metrics_rotate(metrics);
    cf_buffer_clear(&out);
    cf_metrics_write(metrics, NULL, &out);
    assert_int_equal(number(&out, "http_api_15_count"), 0);
    cf_metrics_free(metrics);
    cf_buffer_free(&out);
    assert_int_equal(live_bytes, 0);
}

static void buckets_keep_what_is_older_than_all_windows(void **state)
{
    (void)state;
    cf_metrics_buckets buckets;
    cf_metrics *metrics = cf_metrics_new(&allocator);
    assert_non_null(metrics);
    cf_metrics_record(metrics, CF_LATENCY_ENGINE, 90);
    cf_metrics_record(metrics, CF_LATENCY_ENGINE, 30000000);
    for (int i = 0; i < 40; i++)
        cf_metrics_rotate(metrics);
    cf_metrics_record(metrics, CF_LATENCY_ENGINE, 2000);
    cf_metrics_count_buckets(metrics, CF_LATENCY_ENGINE, &buckets);
    assert_int_equal(buckets.total, 3);
    assert_int_equal(buckets.sum, 30002090);
    for (size_t i = 0; i < CF_METRICS_BOUNDS; i++)
        assert_int_equal(buckets.counts[i], cf_metrics_bounds[i] < 2000 ? 1 : 2);
    cf_metrics_free(metrics);
    assert_int_equal(live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_74_values_with_sorted_keys),
        cmocka_unit_test(buckets_keep_what_is_older_than_all_windows),
        cmocka_unit_test(counters_are_totals_or_differences),
        cmocka_unit_test(percentiles_have_three_digits),
        cmocka_unit_test(windows_rotate_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

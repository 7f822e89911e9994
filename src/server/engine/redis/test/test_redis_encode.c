#include "base/test/test.h"

#include "server/engine/redis/encode.h"
#include "server/engine/redis/key.h"

/* The bytes are those that Centrifugo 1.8 was seen to send: server-spec.md 7.2. */

#define UID    "x2aQ8ariogV4cupskezlTC"
#define CLIENT "00000000-0000-4000-8000-000000000002"

static test_allocator memory;
static cf_allocator allocator;
static cf_buffer out;

static int setup(void **state)
{
    (void)state;
    memory = (test_allocator){0};
    allocator = test_allocator_make(&memory);
    cf_buffer_init(&out, &allocator, CF_BUFFER_NO_LIMIT);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cf_buffer_free(&out);
    return memory.live == 0 ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* ---- writing ------------------------------------------------------------- */

static void test_a_message_of_the_api(void **state)
{
    (void)state;
    cf_redis_write_message(&out, &(cf_publication){.uid = CF_BYTES(UID), .channel = CF_BYTES("plain"), .data = CF_BYTES("1")});
    assert_bytes(cf_buffer_bytes(&out), "\x0a\x16" UID "\x1a\x05plain\x22\x01"
                                        "1");
}

static void test_a_message_of_a_client(void **state)
{
    (void)state;
    cf_client_info info = {.user = CF_BYTES("2"), .client = CF_BYTES(CLIENT)};
    cf_redis_write_message(&out, &(cf_publication){.uid = CF_BYTES(UID),
                                                   .channel = CF_BYTES("all:r"),
                                                   .data = CF_BYTES("{\"a\":1}"),
                                                   .client = CF_BYTES(CLIENT),
                                                   .info = &info});
    assert_bytes(cf_buffer_bytes(&out), "\x0a\x16" UID "\x1a\x05"
                                        "all:r\x22\x07{\"a\":1}\x2a\x24" CLIENT "\x32\x2d\x0a\x01"
                                        "2\x12\x24" CLIENT "\x1a\x00\x22\x00");
}

static void test_a_join_has_empty_infos(void **state)
{
    (void)state;
    cf_redis_write_join_leave(&out, CF_BYTES("all:z"), &(cf_client_info){.client = CF_BYTES(CLIENT)});
    assert_bytes(cf_buffer_bytes(&out), "\x0a\x05"
                                        "all:z\x12\x2a\x12\x24" CLIENT "\x1a\x00\x22\x00");
}

static void test_a_control_message(void **state)
{
    (void)state;
    cf_redis_write_control(&out, &(cf_engine_control){CF_BYTES(CLIENT), CF_BYTES("disconnect"), CF_BYTES("{\"user\":\"2\"}")});
    assert_bytes(cf_buffer_bytes(&out), "\x0a\x24" CLIENT "\x12\x0a"
                                        "disconnect\x1a\x0c{\"user\":\"2\"}");
}

static void test_lengths_above_127_take_two_bytes(void **state)
{
    (void)state;
    char data[202];
    memset(data, '1', sizeof data);
    cf_publication publication;
    cf_client_info info;
    cf_redis_write_message(&out, &(cf_publication){.channel = CF_BYTES("a"), .data = cf_bytes_make(data, sizeof data)});
    assert_bytes(cf_bytes_slice(cf_buffer_bytes(&out), 0, 6), "\x1a\x01"
                                                              "a\x22\xca\x01");
    assert_true(cf_redis_read_message(cf_buffer_bytes(&out), &publication, &info));
    assert_int_equal(publication.data.size, sizeof data);
}

/* ---- reading ------------------------------------------------------------- */

static bool reads(cf_bytes text, cf_publication *publication, cf_client_info *info)
{
    return cf_redis_read_message(text, publication, info);
}

static void test_fields_come_in_any_order_and_the_last_one_counts(void **state)
{
    cf_publication publication;
    cf_client_info info;
    (void)state;
    assert_true(reads(CF_BYTES("\x22\x01"
                               "1\x1a\x01"
                               "a\x0a\x01x\x0a\x01y\x22\x01"
                               "2"),
                      &publication, &info));
    assert_bytes(publication.uid, "y");
    assert_bytes(publication.data, "2");
    assert_null(publication.info);
}

static void test_unknown_fields_of_every_type_are_skipped(void **state)
{
    cf_publication publication;
    cf_client_info info;
    (void)state;
    assert_true(reads(CF_BYTES("\x48\x07\x51"
                               "12345678\x7d"
                               "1234\x12\x01t\x1a\x01"
                               "a\x22\x01"
                               "1"),
                      &publication, &info));
    assert_bytes(publication.channel, "a");
}

static void test_what_is_no_message_is_refused(void **state)
{
    static const cf_bytes texts[] = {
        CF_LITERAL(""),
        CF_LITERAL("hello"),
        CF_LITERAL("\xff\xff\xff\xff"),
        CF_LITERAL("\x1a\x01"
                   "a"), /* no data */
        CF_LITERAL("\x22\x01"
                   "1"), /* no channel */
        CF_LITERAL("\x1a\x01"
                   "a\x22\x04{bad"), /* no JSON */
        CF_LITERAL("\x1a\x01"
                   "a\x22\x05"
                   "1"), /* cut short */
        CF_LITERAL("\x18\x01\x22\x01"
                   "1"), /* a number for a channel */
        CF_LITERAL("\x1a\x01"
                   "a\x22\x01"
                   "1\x03"), /* a group */
        CF_LITERAL("\x1a\x01"
                   "a\x22\x01"
                   "1\x32\x02\x0a\x09"), /* an info that is cut short */
    };
    cf_publication publication;
    cf_client_info info;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(reads(texts[i], &publication, &info));
}

static void test_an_info_that_is_no_json_counts_as_absent(void **state)
{
    cf_client_info info;
    (void)state;
    assert_true(cf_redis_read_info(CF_BYTES("\x12\x01"
                                            "c\x1a\x03"
                                            "bad\x22\x01"
                                            "1"),
                                   &info));
    assert_bytes(info.client, "c");
    assert_int_equal(info.default_info.size, 0);
    assert_bytes(info.channel_info, "1");
}

/* ---- names ------------------------------------------------------------------ */

static void test_keys_have_the_prefix_twice(void **state)
{
    (void)state;
    cf_redis_add_key(&out, CF_BYTES("p"), CF_REDIS_PRESENCE_INFOS, CF_BYTES("all:r"));
    assert_bytes(cf_buffer_bytes(&out), "$31\r\np.presence.hash.p.message.all:r\r\n");
}

static void test_a_pattern_takes_its_prefix_literally(void **state)
{
    (void)state;
    cf_redis_add_pattern(&out, CF_BYTES("a*b"));
    assert_bytes(cf_buffer_bytes(&out), "$14\r\na\\*b.message.*\r\n");
}

static void test_topics_are_told_apart(void **state)
{
    cf_bytes rest;
    (void)state;
    assert_int_equal(cf_redis_topic_of(CF_BYTES("p.message.a.b"), CF_BYTES("p"), &rest), CF_REDIS_MESSAGE);
    assert_bytes(rest, "a.b");
    assert_int_equal(cf_redis_topic_of(CF_BYTES("p.leave."), CF_BYTES("p"), &rest), CF_REDIS_LEAVE);
    assert_int_equal(cf_redis_topic_of(CF_BYTES("p.admin"), CF_BYTES("p"), &rest), CF_REDIS_ADMIN);
    assert_int_equal(cf_redis_topic_of(CF_BYTES("q.message.a"), CF_BYTES("p"), &rest), CF_REDIS_TOPIC_COUNT);
    assert_int_equal(cf_redis_topic_of(CF_BYTES(".control"), CF_BYTES(""), &rest), CF_REDIS_CONTROL);
}

/* What Centrifugo 1.8 chooses: server-spec.md 7.5. */
static void test_the_shard_of_a_channel(void **state)
{
    static const struct {
        const char *channel;
        size_t of_2, of_3, of_7, of_100;
    } cases[] = {
        {"chat", 0, 0, 4, 79},  {"news", 1, 2, 3, 81}, {"", 1, 1, 1, 90},    {"a", 1, 2, 2, 31},
        {"all:r", 0, 0, 0, 86}, {"one", 1, 1, 3, 28},  {"two", 0, 2, 5, 38}, {"three", 0, 0, 5, 89},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cf_bytes channel = cf_bytes_of(cases[i].channel);
        assert_int_equal(cf_redis_shard_of(channel, 1), 0);
        assert_int_equal(cf_redis_shard_of(channel, 2), cases[i].of_2);
        assert_int_equal(cf_redis_shard_of(channel, 3), cases[i].of_3);
        assert_int_equal(cf_redis_shard_of(channel, 7), cases[i].of_7);
        assert_int_equal(cf_redis_shard_of(channel, 100), cases[i].of_100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_message_of_the_api),
        TEST(test_a_message_of_a_client),
        TEST(test_a_join_has_empty_infos),
        TEST(test_a_control_message),
        TEST(test_lengths_above_127_take_two_bytes),
        TEST(test_fields_come_in_any_order_and_the_last_one_counts),
        TEST(test_unknown_fields_of_every_type_are_skipped),
        TEST(test_what_is_no_message_is_refused),
        TEST(test_an_info_that_is_no_json_counts_as_absent),
        TEST(test_keys_have_the_prefix_twice),
        TEST(test_a_pattern_takes_its_prefix_literally),
        TEST(test_topics_are_told_apart),
        TEST(test_the_shard_of_a_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

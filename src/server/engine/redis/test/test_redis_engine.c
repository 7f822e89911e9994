#include "base/test/test.h"

#include "server/engine/redis/test/rig.h"

/* What the engine says and does when Redis answers, or does not. */

static test_allocator memory;
static cf_allocator allocator;
static rig r;

static const cf_channel_options plain = {0};
static const cf_channel_options kept = {.history_size = 3, .history_lifetime = 60};

static int setup(void **state)
{
    (void)state;
    memory = (test_allocator){0};
    allocator = test_allocator_make(&memory);
    assert_true(rig_open(&r, &allocator, false));
    rig_greet(&r);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&r);
    return memory.live == 0 ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* ---- steps ----------------------------------------------------------------- */

#define SUBSCRIBED                                                                                                             \
    "*3\r\n$9\r\nsubscribe\r\n$1\r\nj\r\n:3\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nl\r\n:4\r\n"                                     \
    "*3\r\n$9\r\nsubscribe\r\n$1\r\nm\r\n:5\r\n"
#define MESSAGE                                                                                                                \
    "*3\r\n$7\r\nmessage\r\n$20\r\ncentrifugo.message.a\r\n$6\r\n\x1a\x01"                                                     \
    "a\x22\x01"                                                                                                                \
    "1\r\n"
#define MARK(n)  "*3\r\n$7\r\nmessage\r\n$20\r\ncentrifugo.mark.node\r\n$1\r\n" n "\r\n"
#define NOSCRIPT "-NOSCRIPT No matching script. Please use EVAL.\r\n"

static void assert_heard(const char *lines)
{
    assert_text(cf_buffer_bytes(&r.heard), lines);
    cf_buffer_clear(&r.heard);
}

static bool has_sent(int line, const char *part)
{
    return cf_bytes_find(cf_buffer_bytes(&r.lines[line].sent), cf_bytes_of(part)) >= 0;
}

static void subscribe(void)
{
    r.engine->ops->subscribe(r.engine, CF_BYTES("a"), rig_done, &r);
    rig_advance(&r, 0);
    rig_receive(&r, RIG_STREAM, CF_BYTES(SUBSCRIBED));
    assert_heard("done ok\n");
}

static void publish(const cf_channel_options *options)
{
    r.engine->ops->publish(r.engine, &(cf_publication){.channel = CF_BYTES("a"), .data = CF_BYTES("1")}, options, rig_done, &r);
    rig_advance(&r, 0);
}

static void ask_history(void)
{
    r.engine->ops->history(r.engine, CF_BYTES("a"), &(cf_engine_history_query){0}, rig_history_done, &r);
    rig_advance(&r, 0);
}

/* ---- order ------------------------------------------------------------------- */

static void test_a_publish_is_answered_behind_its_message(void **state)
{
    (void)state;
    subscribe();
    publish(&plain);
    rig_receive(&r, RIG_COMMANDS, CF_BYTES(":1\r\n:1\r\n"));
    assert_heard("");
    rig_receive(&r, RIG_STREAM, CF_BYTES(MESSAGE MARK("2")));
    assert_heard("message 1\ndone ok\n");
}

static void test_nobody_waits_for_the_mark_of_a_channel_that_is_not_heard(void **state)
{
    (void)state;
    cf_buffer_clear(&r.lines[RIG_COMMANDS].sent);
    publish(&plain);
    rig_receive(&r, RIG_COMMANDS, CF_BYTES(":1\r\n"));
    assert_heard("done ok\n");
    assert_false(has_sent(RIG_COMMANDS, "centrifugo.mark.node"));
}

static void test_one_mark_is_enough_for_a_turn(void **state)
{
    (void)state;
    subscribe();
    for (int i = 0; i < 3; i++)
        r.engine->ops->publish(r.engine, &(cf_publication){.channel = CF_BYTES("a"), .data = CF_BYTES("1")}, &plain, rig_done,
                               &r);
    cf_buffer_clear(&r.lines[RIG_COMMANDS].sent);
    rig_advance(&r, 0);
    cf_bytes sent = cf_buffer_bytes(&r.lines[RIG_COMMANDS].sent);
    assert_int_equal(cf_bytes_find(sent, CF_BYTES("mark")), cf_bytes_find_last(sent, CF_BYTES("mark")));
    assert_true(cf_bytes_find(sent, CF_BYTES("mark")) > cf_bytes_find_last(sent, CF_BYTES("centrifugo.message.a")));
}

/* ---- scripts -------------------------------------------------------------------- */

static void test_a_lost_script_is_loaded_and_the_call_repeated(void **state)
{
    (void)state;
    publish(&kept);
    cf_buffer_clear(&r.lines[RIG_COMMANDS].sent);
    rig_receive(&r, RIG_COMMANDS, CF_BYTES(NOSCRIPT));
    rig_advance(&r, 0);
    assert_true(has_sent(RIG_COMMANDS, "LOAD"));
    assert_true(has_sent(RIG_COMMANDS, "EVALSHA"));
    assert_heard("");
    rig_receive(&r, RIG_COMMANDS, CF_BYTES("$1\r\nx\r\n:0\r\n"));
    assert_heard("done ok\n");
}

static void test_a_script_that_is_never_there_ends_with_an_error(void **state)
{
    (void)state;
    publish(&kept);
    rig_receive(&r, RIG_COMMANDS, CF_BYTES(NOSCRIPT));
    rig_receive(&r, RIG_COMMANDS, CF_BYTES("$1\r\nx\r\n" NOSCRIPT));
    rig_receive(&r, RIG_COMMANDS, CF_BYTES("$1\r\nx\r\n" NOSCRIPT));
    assert_heard("done failed\n");
}

static void test_nothing_new_overtakes_what_is_repeated(void **state)
{
    (void)state;
    publish(&kept);
    publish(&kept);
    cf_buffer_clear(&r.lines[RIG_COMMANDS].sent);
    rig_receive(&r, RIG_COMMANDS, CF_BYTES(NOSCRIPT));
    publish(&plain);
    assert_true(has_sent(RIG_COMMANDS, "EVALSHA"));
    assert_false(has_sent(RIG_COMMANDS, "$7\r\nPUBLISH"));
    cf_buffer_clear(&r.lines[RIG_COMMANDS].sent);
    rig_receive(&r, RIG_COMMANDS, CF_BYTES(NOSCRIPT));
    rig_advance(&r, 0);
    cf_bytes sent = cf_buffer_bytes(&r.lines[RIG_COMMANDS].sent);
    assert_true(cf_bytes_find(sent, CF_BYTES("EVALSHA")) >= 0);
    assert_true(cf_bytes_find(sent, CF_BYTES("$7\r\nPUBLISH")) > cf_bytes_find(sent, CF_BYTES("EVALSHA")));
    rig_receive(&r, RIG_COMMANDS, CF_BYTES("$1\r\nx\r\n:0\r\n$1\r\nx\r\n:0\r\n:0\r\n"));
    assert_heard("done ok\ndone ok\ndone ok\n");
}

/* ---- losses ----------------------------------------------------------------------- */

static void test_of_what_was_under_way_only_a_publish_fails(void **state)
{
    (void)state;
    publish(&plain);
    ask_history();
    rig_lose(&r, RIG_COMMANDS);
    assert_heard("done failed\n");
    rig_advance(&r, CF_REDIS_PAUSE);
    cf_redis_line_opened(r.lines[RIG_COMMANDS].line);
    rig_receive(&r, RIG_COMMANDS, CF_BYTES("$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n"));
    rig_advance(&r, 0);
    assert_true(has_sent(RIG_COMMANDS, "LRANGE"));
    rig_receive(&r, RIG_COMMANDS, CF_BYTES("*0\r\n"));
    assert_heard("history ok\n");
}

static void test_who_listened_is_told_what_a_lost_stream_means(void **state)
{
    (void)state;
    subscribe();
    rig_lose(&r, RIG_STREAM);
    assert_heard("");
    rig_advance(&r, CF_REDIS_PAUSE);
    cf_redis_line_opened(r.lines[RIG_STREAM].line);
    rig_advance(&r, 0);
    assert_true(has_sent(RIG_STREAM, "centrifugo.message.a"));
    publish(&plain);
    assert_false(has_sent(RIG_COMMANDS, "centrifugo.message.a"));
    rig_receive(&r, RIG_STREAM,
                CF_BYTES(SUBSCRIBED "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:4\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nm\r\n:5\r\n"));
    assert_heard("missed a\n");
    rig_advance(&r, 0);
    assert_true(has_sent(RIG_COMMANDS, "centrifugo.message.a"));
}

static void test_what_waits_for_redis_fails_in_time(void **state)
{
    (void)state;
    rig_lose(&r, RIG_COMMANDS);
    rig_lose(&r, RIG_STREAM);
    r.refuses = true;
    publish(&plain);
    r.engine->ops->subscribe(r.engine, CF_BYTES("b"), rig_done, &r);
    rig_advance(&r, 999);
    assert_heard("");
    rig_advance(&r, 1);
    assert_heard("done failed\ndone failed\n");
}

static void test_a_mark_that_does_not_come_ends_the_stream(void **state)
{
    (void)state;
    subscribe();
    publish(&plain);
    rig_receive(&r, RIG_COMMANDS, CF_BYTES(":1\r\n:1\r\n"));
    rig_advance(&r, 9999);
    assert_heard("");
    assert_non_null(r.lines[RIG_STREAM].line);
    rig_advance(&r, 1);
    assert_null(r.lines[RIG_STREAM].line);
    assert_heard("done ok\n");
}

static void test_an_idle_stream_is_tried_by_marks(void **state)
{
    (void)state;
    cf_buffer_clear(&r.lines[RIG_COMMANDS].sent);
    rig_advance(&r, 3333);
    assert_true(has_sent(RIG_COMMANDS, "centrifugo.mark.node"));
}

static void test_an_answer_that_nobody_asked_for_ends_a_line(void **state)
{
    (void)state;
    rig_receive(&r, RIG_COMMANDS, CF_BYTES(":1\r\n:1\r\n"));
    assert_null(r.lines[RIG_COMMANDS].line);
    rig_receive(&r, RIG_STREAM, CF_BYTES("no reply"));
    assert_null(r.lines[RIG_STREAM].line);
}

/* ---- queues ------------------------------------------------------------------------- */

static void test_a_queue_is_emptied_before_any_is_waited_for(void **state)
{
    (void)state;
    rig_close(&r);
    assert_true(rig_open(&r, &allocator, true));
    rig_greet(&r);
    rig_advance(&r, 0);
    assert_true(has_sent(RIG_QUEUE, "BLPOP"));
    cf_buffer_clear(&r.lines[RIG_QUEUE].sent);
    rig_receive(&r, RIG_QUEUE, CF_BYTES("*2\r\n$14\r\ncentrifugo.api\r\n$1\r\n1\r\n"));
    rig_advance(&r, 0);
    assert_false(has_sent(RIG_QUEUE, "BLPOP"));
    assert_true(has_sent(RIG_QUEUE, "LRANGE"));
    cf_buffer_clear(&r.lines[RIG_QUEUE].sent);
    rig_receive(&r, RIG_QUEUE, CF_BYTES("*2\r\n$1\r\n2\r\n$1\r\n3\r\n"));
    rig_advance(&r, 0);
    assert_true(has_sent(RIG_QUEUE, "LRANGE"));
    rig_receive(&r, RIG_QUEUE, CF_BYTES("*0\r\n"));
    rig_advance(&r, 0);
    assert_true(has_sent(RIG_QUEUE, "BLPOP"));
    assert_heard("command 1\ncommand 2\ncommand 3\n");
}

/* ---- memory -------------------------------------------------------------------------- */

static void work(void)
{
    rig_greet(&r);
    r.engine->ops->subscribe(r.engine, CF_BYTES("a"), rig_done, &r);
    publish(&kept);
    ask_history();
    r.engine->ops->presence(r.engine, CF_BYTES("a"), rig_presence_done, &r);
    r.engine->ops->channels(r.engine, rig_channels_done, &r);
    rig_receive(&r, RIG_STREAM, CF_BYTES(SUBSCRIBED MESSAGE MARK("2")));
    rig_receive(&r, RIG_COMMANDS,
                CF_BYTES(":1\r\n*1\r\n$6\r\n\x1a\x01"
                         "a\x22\x01"
                         "1\r\n*2\r\n$1\r\nc\r\n$3\r\n\x12\x01"
                         "c\r\n*1\r\n$20\r\ncentrifugo.message.a\r\n"));
    r.engine->ops->unsubscribe(r.engine, CF_BYTES("a"), &kept, rig_done, &r);
    rig_lose(&r, RIG_STREAM);
    rig_advance(&r, CF_REDIS_PAUSE_MAX);
    rig_greet(&r);
}

static void test_memory_may_run_out_anywhere(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        test_allocator failing = test_allocator_failing_at(n);
        cf_allocator other = test_allocator_make(&failing);
        rig_close(&r);
        if (rig_open(&r, &other, true))
            work();
        rig_close(&r);
        assert_int_equal(failing.live, 0);
        assert_true(rig_open(&r, &allocator, false));
        if (!failing.failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_publish_is_answered_behind_its_message),
        TEST(test_nobody_waits_for_the_mark_of_a_channel_that_is_not_heard),
        TEST(test_one_mark_is_enough_for_a_turn),
        TEST(test_a_lost_script_is_loaded_and_the_call_repeated),
        TEST(test_nothing_new_overtakes_what_is_repeated),
        TEST(test_a_script_that_is_never_there_ends_with_an_error),
        TEST(test_of_what_was_under_way_only_a_publish_fails),
        TEST(test_who_listened_is_told_what_a_lost_stream_means),
        TEST(test_what_waits_for_redis_fails_in_time),
        TEST(test_a_mark_that_does_not_come_ends_the_stream),
        TEST(test_an_idle_stream_is_tried_by_marks),
        TEST(test_an_answer_that_nobody_asked_for_ends_a_line),
        TEST(test_a_queue_is_emptied_before_any_is_waited_for),
        TEST(test_memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

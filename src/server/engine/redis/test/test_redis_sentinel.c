#include "base/test/test.h"

#include "server/engine/redis/sentinel.h"

/* What is asked of Sentinels, and who is asked next. */

static test_allocator memory;
static cf_allocator allocator;
static cf_redis_sentinel sentinel;
static cf_redis_place named[2] = {{.host = "one", .port = 1, .connect_timeout = 1000, .read_timeout = 1000},
                                  {.host = "two", .port = 2, .connect_timeout = 1000, .read_timeout = 1000}};
static cf_buffer sent;
static char opened[64];  /* the place to which a line was opened last */
static char told[64];    /* the master */
static char refused[64]; /* why the last one was given up */
static cf_time now;

static void *open_line(void *user, cf_redis_line *line, const char *host, int port, const char **why)
{
    (void)user;
    (void)why;
    (void)snprintf(opened, sizeof opened, "%s:%d", host, port);
    cf_buffer_clear(&sent);
    return line;
}

static bool send_bytes(void *socket, cf_bytes bytes)
{
    (void)socket;
    cf_buffer_append(&sent, bytes);
    return true;
}

static void ignore(void *user)
{
    (void)user;
}

static void on_found(cf_redis_sentinel *self, cf_bytes host, int port)
{
    (void)self;
    (void)snprintf(told, sizeof told, "%.*s:%d", (int)host.size, host.data, port);
}

static void on_failed(cf_redis_sentinel *self, const char *why)
{
    (void)self;
    (void)snprintf(refused, sizeof refused, "%s", why);
}

static void start(const char *password)
{
    static const cf_redis_driver driver = {open_line, send_bytes, ignore, ignore, NULL};
    sentinel = (cf_redis_sentinel){.all = named,
                                   .count = 2,
                                   .master = CF_BYTES("m"),
                                   .password = cf_bytes_of(password),
                                   .found = on_found,
                                   .failed = on_failed};
    cf_redis_sentinel_init(&sentinel, &driver, &allocator, now);
}

static int setup(void **state)
{
    (void)state;
    memory = (test_allocator){0};
    allocator = test_allocator_make(&memory);
    cf_buffer_init(&sent, &allocator, CF_BUFFER_NO_LIMIT);
    opened[0] = told[0] = refused[0] = 0;
    start("");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cf_redis_sentinel_free(&sentinel);
    cf_buffer_free(&sent);
    return memory.live == 0 ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define MASTER            "*2\r\n$3\r\nten\r\n$2\r\n10\r\n"
#define OTHER(host, port) "*6\r\n$4\r\nname\r\n$1\r\nx\r\n$2\r\nip\r\n$5\r\n" host "\r\n$4\r\nport\r\n$1\r\n" port "\r\n"

static void advance(int64_t delay)
{
    now += delay;
    (void)cf_redis_sentinel_advance(&sentinel, now, false);
}

static void open_next(const char *place)
{
    advance(CF_REDIS_PAUSE_MAX);
    assert_string_equal(opened, place);
    cf_redis_line_opened(&sentinel.line);
    advance(0);
}

static void receive(const char *text)
{
    cf_redis_line_received(&sentinel.line, cf_bytes_of(text));
}

static bool has_sent(const char *part)
{
    return cf_bytes_find(cf_buffer_bytes(&sent), cf_bytes_of(part)) >= 0;
}

/* ---- tests ----------------------------------------------------------------- */

static void test_the_master_is_asked_for_again_and_again(void **state)
{
    (void)state;
    open_next("one:1");
    assert_true(has_sent("get-master-addr-by-name"));
    receive(MASTER "*0\r\n");
    assert_string_equal(told, "ten:10");
    cf_buffer_clear(&sent);
    advance(CF_REDIS_ASK - 1);
    assert_int_equal(sent.size, 0);
    advance(1);
    assert_true(has_sent("get-master-addr-by-name"));
}

static void test_the_password_comes_first(void **state)
{
    (void)state;
    cf_redis_sentinel_free(&sentinel);
    start("right");
    open_next("one:1");
    assert_true(has_sent("$4\r\nAUTH\r\n$5\r\nright\r\n"));
    receive("+OK\r\n" MASTER "*0\r\n");
    assert_string_equal(told, "ten:10");
}

static void test_what_a_sentinel_refuses_is_told_and_the_next_one_is_asked(void **state)
{
    (void)state;
    open_next("one:1");
    receive("-NOAUTH Authentication required.\r\n");
    assert_string_equal(refused, "NOAUTH Authentication required.");
    open_next("two:2");
    receive("*-1\r\n");
    assert_string_equal(refused, "it does not know the master");
    open_next("one:1");
}

static void test_others_that_are_told_of_are_asked_when_the_named_ones_are_lost(void **state)
{
    (void)state;
    open_next("one:1");
    receive(MASTER "*3\r\n" OTHER("three", "3") OTHER("three", "3") "$1\r\nx\r\n");
    cf_redis_line_lost(&sentinel.line, "cut");
    open_next("two:2");
    cf_redis_line_lost(&sentinel.line, "cut");
    open_next("three:3");
    receive(MASTER "*0\r\n");
    cf_redis_line_lost(&sentinel.line, "cut");
    open_next("one:1");
}

static void test_no_more_others_are_kept_than_there_is_room_for(void **state)
{
    (void)state;
    open_next("one:1");
    receive(MASTER "*11\r\n" OTHER("o-000", "5") OTHER("o-001", "5") OTHER("o-002", "5") OTHER("o-003", "5")
                OTHER("o-004", "5"));
    receive(OTHER("o-005", "5") OTHER("o-006", "5") OTHER("o-007", "5") OTHER("o-008", "5") OTHER("o-009", "0")
                OTHER("o-010", "x"));
    assert_int_equal(sentinel.other_count, CF_REDIS_OTHERS_MAX);
    assert_int_equal(sentinel.step, CF_REDIS_SENTINEL_IDLE);
}

static void test_an_answer_that_does_not_come_gives_it_up(void **state)
{
    (void)state;
    open_next("one:1");
    receive(MASTER);
    advance(0);
    advance(1000);
    assert_string_equal(refused, "no answer in time");
    open_next("two:2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_master_is_asked_for_again_and_again),
        TEST(test_the_password_comes_first),
        TEST(test_what_a_sentinel_refuses_is_told_and_the_next_one_is_asked),
        TEST(test_others_that_are_told_of_are_asked_when_the_named_ones_are_lost),
        TEST(test_no_more_others_are_kept_than_there_is_room_for),
        TEST(test_an_answer_that_does_not_come_gives_it_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

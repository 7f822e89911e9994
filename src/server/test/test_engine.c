#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/test/harness.h"

/* The memory engine by itself. */

static harness h;
static cf_engine *engine;
static char delivered[1000];
static char answer[4000];
static cf_engine_status last_status;
static size_t answers;

static void on_message(void *user, const cf_publication *publication)
{
    (void)user;
    snprintf(delivered + strlen(delivered), sizeof delivered - strlen(delivered), "%.*s ", (int)publication->data.size,
             publication->data.data);
}

static void on_join_leave(void *user, cf_method method, cf_bytes channel, const cf_client_info *info)
{
    (void)user;
    (void)channel;
    snprintf(delivered + strlen(delivered), sizeof delivered - strlen(delivered), "%s:%.*s ",
             method == CF_METHOD_JOIN ? "join" : "leave", (int)info->client.size, info->client.data);
}

static int setup(void **state)
{
    (void)state;
    harness_init(&h);
    engine = cf_engine_memory_new(&(cf_engine_host){
        .environment = &h.environment,
        .sink = &(cf_engine_sink){.message = on_message, .join_leave = on_join_leave},
        .seed = 7,
        .now = h.now,
    });
    delivered[0] = answer[0] = '\0';
    answers = 0;
    return engine == NULL;
}

static int teardown(void **state)
{
    (void)state;
    engine->ops->destroy(engine);
    assert_int_equal(h.live, 0);
    return 0;
}

static void done(void *user, cf_engine_status status)
{
    (void)user;
    last_status = status;
    answers++;
}

static void publish(const char *channel, const char *uid, const cf_channel_options *options)
{
    cf_publication publication = {.uid = cf_bytes_of(uid), .channel = cf_bytes_of(channel), .data = cf_bytes_of(uid)};
    engine->ops->publish(engine, &publication, options, done, NULL);
}

static void history_done(void *user, cf_engine_status status, const cf_publication *publications, size_t count, bool found)
{
    (void)user;
    last_status = status;
    snprintf(answer, sizeof answer, "%s", found ? "found " : "");
    for (size_t i = 0; i < count; i++)
        snprintf(answer + strlen(answer), sizeof answer - strlen(answer), "%.*s ", (int)publications[i].uid.size,
                 publications[i].uid.data);
}

static const char *history(const char *channel, size_t limit, const char *since)
{
    cf_engine_history_query query = {.limit = limit, .recover = since != NULL, .since = cf_bytes_of(since)};
    engine->ops->history(engine, cf_bytes_of(channel), &query, history_done, NULL);
    assert_int_equal(last_status, CF_ENGINE_OK);
    return answer;
}

static void presence_done(void *user, cf_engine_status status, const cf_client_info *infos, size_t count)
{
    (void)user;
    last_status = status;
    answer[0] = '\0';
    for (size_t i = 0; i < count; i++)
        snprintf(answer + strlen(answer), sizeof answer - strlen(answer), "%.*s=%.*s ", (int)infos[i].client.size,
                 infos[i].client.data, (int)infos[i].default_info.size, infos[i].default_info.data);
}

static const char *presence(const char *channel)
{
    engine->ops->presence(engine, cf_bytes_of(channel), presence_done, NULL);
    return answer;
}

static void pass(int64_t milliseconds)
{
    h.now += milliseconds;
    engine->ops->advance(engine, h.now);
}

static void history_keeps_the_newest(void **state)
{
    (void)state;
    cf_channel_options options = {.history_size = 3, .history_lifetime = 10};
    assert_string_equal(history("x", 0, NULL), "");
    for (int i = 1; i <= 5; i++) {
        char uid[16];
        snprintf(uid, sizeof uid, "%d", i);
        publish("x", uid, &options);
    }
    assert_string_equal(delivered, "1 2 3 4 5 ");
    assert_string_equal(history("x", 0, NULL), "5 4 3 ");
    assert_string_equal(history("x", 1, NULL), "5 ");
    assert_string_equal(history("x", 0, "4"), "found 5 ");
    assert_string_equal(history("x", 0, "5"), "found ");
    assert_string_equal(history("x", 0, "2"), "5 4 3 ");
    assert_string_equal(history("y", 0, "2"), "");
    /* A smaller size by a reload. */
    options.history_size = 2;
    publish("x", "6", &options);
    assert_string_equal(history("x", 0, NULL), "6 5 ");
}

static void history_expires_after_the_last_message(void **state)
{
    (void)state;
    cf_channel_options options = {.history_size = 3, .history_lifetime = 2};
    publish("x", "1", &options);
    pass(1500);
    publish("x", "2", &options);
    pass(1900);
    assert_string_equal(history("x", 0, NULL), "2 1 ");
    pass(300);
    assert_string_equal(history("x", 0, NULL), "");
    assert_true(engine->ops->advance(engine, h.now) == CF_TIME_NEVER);
}

static void nothing_is_kept_without_a_history(void **state)
{
    (void)state;
    size_t live = h.live;
    publish("x", "1", &(cf_channel_options){.history_size = 3});
    publish("x", "2", &(cf_channel_options){.history_lifetime = 3});
    publish("x", "3", &(cf_channel_options){.history_size = 3, .history_lifetime = 2, .history_drop_inactive = true});
    assert_string_equal(delivered, "1 2 3 ");
    assert_string_equal(history("x", 0, NULL), "");
    assert_int_equal(h.live, live);
}

static void drop_inactive_remembers_for_those_who_left_lately(void **state)
{
    (void)state;
    cf_channel_options options = {.history_size = 3, .history_lifetime = 5, .history_drop_inactive = true};
    engine->ops->subscribe(engine, CF_BYTES("x"), done, NULL);
    engine->ops->unsubscribe(engine, CF_BYTES("x"), &options, done, NULL);
    pass(4000);
    publish("x", "1", &options);
    assert_string_equal(history("x", 0, NULL), "1 ");
    pass(4000);
    assert_string_equal(history("x", 0, NULL), "1 ");
    pass(1200);
    publish("x", "2", &options);
    assert_string_equal(history("x", 0, NULL), "");
    engine->ops->subscribe(engine, CF_BYTES("x"), done, NULL);
    publish("x", "3", &options);
    assert_string_equal(history("x", 0, NULL), "3 ");
    /* An existing list is not extended by the last one's leaving. */
    pass(4000);
    engine->ops->unsubscribe(engine, CF_BYTES("x"), &options, done, NULL);
    pass(1200);
    assert_string_equal(history("x", 0, NULL), "");
}

static void presence_is_ordered_and_replaced(void **state)
{
    (void)state;
    cf_client_info b = {.user = CF_BYTES("2"), .client = CF_BYTES("b")}, a = {.user = CF_BYTES("1"), .client = CF_BYTES("a")};
    size_t live = h.live;
    engine->ops->presence_add(engine, CF_BYTES("x"), &b, 60, done, NULL);
    engine->ops->presence_add(engine, CF_BYTES("x"), &a, 60, done, NULL);
    assert_string_equal(presence("x"), "a= b= ");
    a.default_info = CF_BYTES("[1]");
    engine->ops->presence_add(engine, CF_BYTES("x"), &a, 60, done, NULL);
    assert_string_equal(presence("x"), "a=[1] b= ");
    engine->ops->presence_remove(engine, CF_BYTES("x"), CF_BYTES("a"), done, NULL);
    engine->ops->presence_remove(engine, CF_BYTES("x"), CF_BYTES("q"), done, NULL);
    engine->ops->presence_remove(engine, CF_BYTES("y"), CF_BYTES("a"), done, NULL);
    assert_string_equal(presence("x"), "b= ");
    engine->ops->presence_remove(engine, CF_BYTES("x"), CF_BYTES("b"), done, NULL);
    assert_string_equal(presence("x"), "");
    assert_int_equal(answers, 7);
    assert_true(h.live <= live + 1); /* the map's own table at most */
}

static void channels_done(void *user, cf_engine_status status, const cf_bytes *channels, size_t count)
{
    (void)user;
    last_status = status;
    answer[0] = '\0';
    for (size_t i = 0; i < count; i++)
        snprintf(answer + strlen(answer), sizeof answer - strlen(answer), "%.*s ", (int)channels[i].size, channels[i].data);
}

static void channels_are_those_with_subscribers(void **state)
{
    (void)state;
    publish("h", "1", &(cf_channel_options){.history_size = 3, .history_lifetime = 2});
    engine->ops->subscribe(engine, CF_BYTES("x"), done, NULL);
    engine->ops->subscribe(engine, CF_BYTES("y"), done, NULL);
    engine->ops->unsubscribe(engine, CF_BYTES("x"), NULL, done, NULL);
    engine->ops->channels(engine, channels_done, NULL);
    assert_string_equal(answer, "y ");
    engine->ops->publish_join_leave(engine, CF_METHOD_LEAVE, CF_BYTES("y"), &(cf_client_info){.client = CF_BYTES("a")}, done,
                                    NULL);
    assert_string_equal(delivered, "1 leave:a ");
}

static void lack_of_memory_is_an_answer(void **state)
{
    (void)state;
    cf_channel_options options = {.history_size = 3, .history_lifetime = 10};
    cf_client_info info = {.client = CF_BYTES("a")};
    for (size_t n = 1; n < 7; n++) {
        h.fail_at = n;
        h.fail_on = true;
        publish("x", "1", &options);
        engine->ops->presence_add(engine, CF_BYTES("x"), &info, 60, done, NULL);
        engine->ops->subscribe(engine, CF_BYTES("y"), done, NULL);
        engine->ops->presence(engine, CF_BYTES("x"), presence_done, NULL);
        engine->ops->channels(engine, channels_done, NULL);
        assert_int_equal(last_status, CF_ENGINE_NO_MEMORY);
    }
    h.fail_at = 0;
    assert_int_equal(answers, 18);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(history_keeps_the_newest),          TEST(history_expires_after_the_last_message),
        TEST(nothing_is_kept_without_a_history), TEST(drop_inactive_remembers_for_those_who_left_lately),
        TEST(presence_is_ordered_and_replaced),  TEST(channels_are_those_with_subscribers),
        TEST(lack_of_memory_is_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

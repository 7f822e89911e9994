#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json/json.h"
#include "server/engine/shared/shared.h"
#include "server/test/harness.h"
#include "server/team.h"
#include "server/watch.h"

/* Three workers of one process, driven by one thread, with mailboxes that the test opens. */

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define WORKERS 3

static harness h[WORKERS];
static cf_team *team;
static harness_client a, b, c, d;
static char got[64000];
static int answers;

/* ---- the workers ----------------------------------------------------------- */

static cf_engine *make_engine(const cf_engine_host *host)
{
    return cf_engine_shared_new(host, cf_engine_memory_new);
}

static bool start(void)
{
    bool good = true;
    for (unsigned i = 0; i < WORKERS; i++) {
        h[i].environment.member = &team->members[i];
        good = good && harness_start(&h[i], make_engine);
    }
    return good;
}

static void configure(harness *one, unsigned index)
{
    harness_init(one);
    one->random = 100 + index;
    one->environment.allocator = &h[0].allocator;
    one->config.channel = (cf_channel_options){.publish = true,
                                               .presence = true,
                                               .join_leave = false,
                                               .history_size = 10,
                                               .history_lifetime = 600,
                                               .recover = true,
                                               .watch = true};
}

static int setup(void **state)
{
    (void)state;
    answers = 0;
    for (unsigned i = 0; i < WORKERS; i++)
        configure(&h[i], i);
    team = cf_team_new(&h[0].allocator, WORKERS, 1, "00000000-0000-4000-8000-000000000000");
    assert_non_null(team);
    assert_true(start());
    for (unsigned i = 0; i < WORKERS; i++)
        harness_turn(&h[i]);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WORKERS; i++)
        cf_node_free(h[i].node);
    cf_team_free(team);
    assert_int_equal(h[0].live, 0);
    harness_forget(&a);
    harness_forget(&b);
    harness_forget(&c);
    harness_forget(&d);
    return 0;
}

/* One letter at this worker; false: there is none. */
static bool open_one(unsigned at)
{
    harness_begin(&h[at]);
    bool opened = cf_mailbox_open_next(&team->members[at].mailbox);
    harness_end(&h[at]);
    return opened;
}

/* All letters, and those that follow from them. */
static void deliver(void)
{
    bool any = true;
    while (any) {
        any = false;
        for (unsigned i = 0; i < WORKERS; i++)
            any = open_one(i) || any;
    }
}

static void pass(int64_t milliseconds)
{
    for (int64_t done = 0; done < milliseconds; done += 500) {
        for (unsigned i = 0; i < WORKERS; i++)
            harness_pass(&h[i], 500);
        deliver();
    }
}

/* ---- what a test needs -------------------------------------------------------- */

/* The name of a channel that is at home at this worker. */
static const char *channel_at(unsigned worker)
{
    static char names[WORKERS][8];
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(names[worker], sizeof names[worker], "c%u", i);
        if (cf_team_home(team, cf_bytes_of(names[worker]))->index == worker)
            return names[worker];
    }
    fail();
    return NULL;
}

static void swallow(harness_client *client)
{
    while (client->count > 0)
        (void)harness_next(client);
}

static void subscribe(harness_client *client, const char *channel)
{
    char text[128];
    snprintf(text, sizeof text, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"%s\"}}", channel);
    harness_send(client, text);
    deliver();
    swallow(client);
}

static void join(unsigned at, harness_client *client, const char *user, const char *channel)
{
    harness_connect(&h[at], client, user);
    subscribe(client, channel);
}

static void on_done(void *user, cf_trouble trouble)
{
    (void)user;
    answers++;
    snprintf(got, sizeof got, "%s", trouble == CF_TROUBLE_NONE ? "ok" : cf_trouble_text(trouble).data);
}

static void on_data(void *user, cf_trouble trouble, cf_bytes data)
{
    (void)user;
    answers++;
    assert_int_equal(trouble, CF_TROUBLE_NONE);
    snprintf(got, sizeof got, "%.*s", (int)data.size, data.data);
}

static void publish(unsigned at, const char *channel, const char *data)
{
    harness_begin(&h[at]);
    cf_node_publish(h[at].node, cf_bytes_of(channel), cf_bytes_of(data), CF_BYTES(""), CF_BYTES("id"), on_done, NULL);
    harness_end(&h[at]);
}

#define ASK(at, call) (harness_begin(&h[at]), call, harness_end(&h[at]), deliver(), (const char *)got)

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        count++;
    return count;
}

static void expect_message(harness_client *client, const char *channel, const char *data)
{
    char text[256];
    snprintf(text, sizeof text, "{\"method\":\"message\",\"body\":{\"uid\":\"id\",\"channel\":\"%s\",\"data\":%s}}", channel,
             data);
    harness_expect(client, text);
}

/* ---- messages ------------------------------------------------------------------ */

static void expect_all(const char *channel, const char *data)
{
    expect_message(&a, channel, data);
    expect_message(&b, channel, data);
    expect_message(&c, channel, data);
}

static void a_message_reaches_subscribers_at_every_worker(void **state)
{
    (void)state;
    join(0, &a, "1", "shared");
    join(1, &b, "2", "shared");
    join(2, &c, "3", "shared");
    for (unsigned at = 0; at < WORKERS; at++) {
        publish(at, "shared", "1");
        publish(at, "shared", "2");
        deliver();
        expect_all("shared", "1");
        expect_all("shared", "2");
    }
    assert_int_equal(answers, 2 * WORKERS);
    harness_expect_nothing(&a);
    harness_expect_nothing(&b);
    harness_expect_nothing(&c);
}

static void all_see_the_messages_of_a_channel_in_one_order(void **state)
{
    (void)state;
    join(0, &a, "1", channel_at(1));
    join(1, &b, "2", channel_at(1));
    join(2, &c, "3", channel_at(1));
    publish(0, channel_at(1), "\"from 0\"");
    publish(2, channel_at(1), "\"from 2\"");
    publish(1, channel_at(1), "\"from home\""); /* before the others' letters are opened */
    deliver();
    expect_all(channel_at(1), "\"from home\"");
    const char *next = harness_next(&a);
    const char *first = strstr(next, "from 0") != NULL ? "\"from 0\"" : "\"from 2\"";
    const char *second = strstr(next, "from 0") != NULL ? "\"from 2\"" : "\"from 0\"";
    expect_message(&b, channel_at(1), first);
    expect_message(&c, channel_at(1), first);
    expect_all(channel_at(1), second);
}

static void a_publish_is_answered_when_all_have_the_message(void **state)
{
    (void)state;
    join(2, &a, "1", channel_at(1));
    publish(0, channel_at(1), "1");
    assert_int_equal(answers, 0);
    assert_true(open_one(1)); /* its home */
    assert_int_equal(answers, 0);
    assert_true(open_one(2));
    expect_message(&a, channel_at(1), "1");
    assert_int_equal(answers, 0);
    assert_true(open_one(0));
    assert_int_equal(answers, 1);
    assert_string_equal(got, "ok");
}

static void a_client_gets_its_own_message_before_the_answer(void **state)
{
    char text[256];
    (void)state;
    join(0, &a, "1", channel_at(2));
    snprintf(text, sizeof text, "{\"uid\":\"7\",\"method\":\"publish\",\"params\":{\"channel\":\"%s\",\"data\":1}}",
             channel_at(2));
    harness_send(&a, text);
    harness_expect_nothing(&a);
    deliver();
    assert_non_null(strstr(harness_next(&a), "\"method\":\"message\""));
    assert_non_null(strstr(harness_next(&a), "\"uid\":\"7\""));
}

static void at_its_home_nothing_crosses(void **state)
{
    (void)state;
    join(1, &a, "1", channel_at(1));
    publish(1, channel_at(1), "1");
    assert_int_equal(answers, 1);
    expect_message(&a, channel_at(1), "1");
    for (unsigned i = 0; i < WORKERS; i++)
        assert_false(open_one(i));
}

static void who_has_left_gets_nothing(void **state)
{
    char text[128];
    (void)state;
    join(0, &a, "1", channel_at(1));
    snprintf(text, sizeof text, "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"%s\"}}", channel_at(1));
    publish(2, channel_at(1), "1");
    harness_send(&a, text);
    swallow(&a);
    deliver();
    harness_expect_nothing(&a);
    assert_string_equal(ASK(2, cf_node_channels(h[2].node, on_data, NULL)), "[]");
}

static void who_comes_to_a_worker_that_is_behind_is_waited_for(void **state)
{
    static char large[200000];
    (void)state;
    memset(large, '1', sizeof large - 1);
    join(2, &a, "1", channel_at(1));
    a.blocked = true;
    publish(0, channel_at(1), large);
    publish(0, channel_at(1), large);
    deliver();
    assert_int_equal(answers, 2);
    publish(0, channel_at(1), large); /* more waits for it than may */
    deliver();
    assert_int_equal(answers, 2);
    a.blocked = false;
    a.quiet = true;
    harness_begin(&h[2]);
    cf_session_writable(a.session);
    harness_end(&h[2]);
    deliver();
    assert_int_equal(answers, 3);
}

static void but_no_longer_than_publish_wait_timeout(void **state)
{
    static char large[200000];
    (void)state;
    memset(large, '1', sizeof large - 1);
    join(2, &a, "1", channel_at(1));
    a.blocked = true;
    for (int i = 0; i < 3; i++) {
        publish(0, channel_at(1), large);
        deliver();
    }
    assert_int_equal(answers, 2);
    pass(2000);
    assert_int_equal(answers, 3);
}

/* ---- what is asked of the engine --------------------------------------------------- */

static void history_and_presence_are_the_same_everywhere(void **state)
{
    (void)state;
    join(0, &a, "1", "shared");
    join(1, &b, "2", "shared");
    publish(2, "shared", "{\"n\":1}");
    deliver();
    for (unsigned at = 0; at < WORKERS; at++) {
        const char *text = ASK(at, cf_node_history(h[at].node, CF_BYTES("shared"), on_data, NULL));
        assert_string_equal(text, "[{\"uid\":\"id\",\"channel\":\"shared\",\"data\":{\"n\":1}}]");
        text = ASK(at, cf_node_presence(h[at].node, CF_BYTES("shared"), on_data, NULL));
        assert_int_equal(count_of(text, "\"user\":"), 2);
        assert_non_null(strstr(text, a.id));
        assert_non_null(strstr(text, b.id));
    }
}

static void channels_are_those_of_all_workers(void **state)
{
    (void)state;
    join(0, &a, "1", channel_at(0));
    subscribe(&a, channel_at(1));
    join(1, &b, "2", channel_at(1));
    subscribe(&b, channel_at(2));
    for (unsigned at = 0; at < WORKERS; at++) {
        const char *text = ASK(at, cf_node_channels(h[at].node, on_data, NULL));
        assert_int_equal(count_of(text, "\"c"), 3);
    }
}

static void a_client_that_comes_to_another_worker_recovers(void **state)
{
    (void)state;
    join(0, &a, "1", "shared");
    publish(0, "shared", "1");
    publish(0, "shared", "2");
    deliver();
    harness_connect(&h[2], &b, "1");
    harness_send(&b, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"shared\",\"recover\":true,\"last\":\"none\"}}");
    deliver();
    const char *text = harness_next(&b);
    assert_non_null(strstr(text, "\"data\":2"));
    assert_non_null(strstr(text, "\"data\":1"));
    swallow(&a);
}

/* ---- what is one for the process ----------------------------------------------------- */

static void disconnect_and_unsubscribe_reach_a_user_at_every_worker(void **state)
{
    (void)state;
    join(0, &a, "1", "shared");
    join(1, &b, "1", "shared");
    join(2, &c, "1", "shared");
    join(2, &d, "2", "shared");
    assert_string_equal(ASK(1, cf_node_unsubscribe(h[1].node, CF_BYTES("1"), CF_BYTES("shared"), on_done, NULL)), "ok");
    harness_client *all[] = {&a, &b, &c};
    for (size_t i = 0; i < 3; i++)
        assert_non_null(strstr(harness_next(all[i]), "\"method\":\"unsubscribe\""));
    assert_string_equal(ASK(0, cf_node_disconnect(h[0].node, CF_BYTES("1"), on_done, NULL)), "ok");
    for (size_t i = 0; i < 3; i++)
        harness_expect_closed(all[i], "disconnect", false);
    assert_false(d.closed);
}

static void a_user_has_one_limit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WORKERS; i++)
        h[i].config.user_connection_limit = 2;
    harness_connect(&h[0], &a, "1");
    harness_connect(&h[1], &b, "1");
    harness_open(&h[2], &c);
    harness_send(&c, "{\"method\":\"connect\",\"params\":{\"user\":\"1\"}}");
    harness_expect_closed(&c, "limit exceeded", false);
    harness_begin(&h[0]);
    cf_session_gone(a.session);
    harness_end(&h[0]);
    harness_connect(&h[2], &d, "1");
}

static void stats_show_one_node_with_all_that_workers_count(void **state)
{
    (void)state;
    join(0, &a, "1", channel_at(0));
    join(1, &b, "1", channel_at(0));
    join(2, &c, "2", channel_at(2));
    publish(0, channel_at(0), "1");
    deliver();
    pass(4000);
    for (unsigned at = 0; at < WORKERS; at++) {
        const char *text = ASK(at, cf_node_node(h[at].node, on_data, NULL));
        assert_true(cf_json_valid(cf_bytes_of(text)));
        assert_non_null(strstr(text, "\"uid\":\"00000000-0000-4000-8000-000000000000\""));
        assert_non_null(strstr(text, "\"node_num_clients\":3,"));
        assert_non_null(strstr(text, "\"node_num_unique_clients\":2,"));
        assert_non_null(strstr(text, "\"node_num_channels\":2,"));
        assert_non_null(strstr(text, "\"client_num_subscribe\":3,"));
        assert_non_null(strstr(text, "\"node_num_client_msg_received\":1,"));
        text = ASK(at, cf_node_stats(h[at].node, on_data, NULL));
        assert_int_equal(count_of(text, "\"uid\":"), 1);
        assert_non_null(strstr(text, "\"node_num_clients\":3,"));
        assert_non_null(strstr(text, "\"client_num_subscribe\":0,"));
    }
    pass(60000);
    for (unsigned at = 0; at < WORKERS; at++) {
        const char *text = ASK(at, cf_node_stats(h[at].node, on_data, NULL));
        assert_non_null(strstr(text, "\"client_num_subscribe\":3,"));
        assert_non_null(strstr(text, "\"client_api_1_count\":6,"));
        text = ASK(at, cf_node_node(h[at].node, on_data, NULL));
        assert_non_null(strstr(text, "\"client_api_15_count\":6,\"client_api_15"));
    }
}

static cf_watcher watchers[WORKERS];
static size_t shown;

static void show(cf_watcher *watcher, cf_bytes text)
{
    (void)watcher;
    shown++;
    assert_true(cf_bytes_find(text, CF_BYTES("\"channel\":\"shared\"")) >= 0);
}

static void operators_see_what_is_published_at_every_worker(void **state)
{
    (void)state;
    shown = 0;
    for (unsigned i = 0; i < 2; i++) {
        watchers[i] = (cf_watcher){.show = show};
        cf_watch_begin(cf_node_services(h[i].node), &watchers[i]);
    }
    for (unsigned at = 0; at < WORKERS; at++)
        publish(at, "shared", "1");
    deliver();
    assert_int_equal(shown, 2 * WORKERS);
    for (unsigned i = 0; i < 2; i++)
        cf_watch_end(cf_node_services(h[i].node), &watchers[i]);
    publish(2, "shared", "1");
    deliver();
    assert_int_equal(shown, 2 * WORKERS);
}

/* ---- what goes wrong ------------------------------------------------------------------ */

static size_t failures;

static void ignore_failure(void *user, cf_trouble trouble)
{
    (void)user;
    failures += trouble != CF_TROUBLE_NONE;
}

static void ignore_data(void *user, cf_trouble trouble, cf_bytes data)
{
    (void)data;
    ignore_failure(user, trouble);
}

static void letters_that_nobody_opens_leave_nothing_behind(void **state)
{
    (void)state;
    join(0, &a, "1", "shared");
    join(1, &b, "2", "shared");
    publish(2, "shared", "1");
    publish(0, channel_at(2), "1");
    (void)open_one(cf_team_home(team, CF_BYTES("shared"))->index);
    harness_begin(&h[0]);
    cf_node_disconnect(h[0].node, CF_BYTES("2"), ignore_failure, NULL);
    cf_node_stats(h[0].node, ignore_data, NULL);
    cf_node_channels(h[0].node, ignore_data, NULL);
    cf_node_history(h[0].node, cf_bytes_of(channel_at(1)), ignore_data, NULL);
    harness_end(&h[0]);
    /* the teardown counts */
}

/* The n-th allocation fails, whatever it is for. */
static void without_memory_calls_fail_and_nothing_is_lost(void **state)
{
    (void)state;
    failures = 0;
    join(0, &a, "1", channel_at(0));
    join(1, &b, "2", channel_at(0));
    a.quiet = b.quiet = true;
    for (unsigned at = 0; at < WORKERS; at++) {
        for (size_t n = 1; n < 40; n++) {
            h[0].fail_at = n;
            harness_begin(&h[at]);
            cf_node_publish(h[at].node, cf_bytes_of(channel_at(0)), CF_BYTES("1"), CF_BYTES(""), CF_BYTES(""), ignore_failure,
                            NULL);
            cf_node_presence(h[at].node, cf_bytes_of(channel_at(0)), ignore_data, NULL);
            cf_node_history(h[at].node, cf_bytes_of(channel_at(0)), ignore_data, NULL);
            cf_node_channels(h[at].node, ignore_data, NULL);
            cf_node_node(h[at].node, ignore_data, NULL);
            cf_node_unsubscribe(h[at].node, CF_BYTES("3"), CF_BYTES(""), ignore_failure, NULL);
            harness_end(&h[at]);
            deliver();
        }
    }
    h[0].fail_at = 0;
    assert_true(failures > 50);
}

static void lose(harness *at, harness_client *client)
{
    harness_begin(at);
    if (client->session != NULL)
        cf_session_gone(client->session);
    harness_end(at);
}

/* Its presence and its subscription are at home at another worker, and nothing can be sent there. */
static void who_goes_without_memory_is_forgotten_when_there_is_some(void **state)
{
    (void)state;
    join(0, &a, "1", channel_at(1));
    h[0].fail_at = 1;
    h[0].fail_on = true;
    lose(&h[0], &a);
    pass(2000);
    h[0].fail_at = 0;
    pass(2000);
    assert_string_equal(ASK(2, cf_node_presence(h[2].node, cf_bytes_of(channel_at(1)), on_data, NULL)), "{}");
    assert_string_equal(ASK(2, cf_node_channels(h[2].node, on_data, NULL)), "[]");
}

/* What it takes to be forgotten is had before the engine is told anything. */
static void who_could_not_be_forgotten_does_not_come(void **state)
{
    (void)state;
    for (size_t n = 1; n < 40; n++) {
        harness_connect(&h[0], &a, "1");
        a.quiet = true;
        h[0].fail_at = n;
        h[0].fail_on = true;
        subscribe(&a, channel_at(1));
        lose(&h[0], &a);
        h[0].fail_at = 0;
        pass(2000);
        assert_string_equal(ASK(2, cf_node_presence(h[2].node, cf_bytes_of(channel_at(1)), on_data, NULL)), "{}");
        assert_string_equal(ASK(2, cf_node_channels(h[2].node, on_data, NULL)), "[]");
        harness_forget(&a);
    }
}

/* ---- the end, and the homes ---------------------------------------------------- */

static void clients_of_all_workers_are_told_one_after_the_other(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WORKERS; i++)
        h[i].config.shutdown_spread = 3;
    harness_connect(&h[0], &a, "1");
    harness_connect(&h[1], &b, "2");
    harness_connect(&h[2], &c, "3");
    for (unsigned i = 0; i < WORKERS; i++) {
        harness_begin(&h[i]);
        cf_node_shut_down(h[i].node);
        harness_end(&h[i]);
    }
    assert_true(a.closed && !b.closed && !c.closed);
    pass(1500);
    assert_true(b.closed && !c.closed);
    pass(1000);
    assert_true(c.closed);
}

/* Who knew the homes could bring all channels to one worker. */
static void homes_cannot_be_known_from_outside(void **state)
{
    cf_team *other = cf_team_new(&h[0].allocator, WORKERS, 2, "00000000-0000-4000-8000-000000000001");
    unsigned moved = 0;
    (void)state;
    assert_non_null(other);
    for (unsigned i = 0; i < 300; i++) {
        char name[8];
        cf_bytes channel = cf_bytes_make(name, (size_t)snprintf(name, sizeof name, "c%u", i));
        moved += cf_team_home(other, channel)->index != cf_team_home(team, channel)->index;
    }
    cf_team_free(other);
    assert_in_range(moved, 150, 250); /* two of three */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_reaches_subscribers_at_every_worker),
        TEST(all_see_the_messages_of_a_channel_in_one_order),
        TEST(a_publish_is_answered_when_all_have_the_message),
        TEST(a_client_gets_its_own_message_before_the_answer),
        TEST(at_its_home_nothing_crosses),
        TEST(who_has_left_gets_nothing),
        TEST(who_comes_to_a_worker_that_is_behind_is_waited_for),
        TEST(but_no_longer_than_publish_wait_timeout),
        TEST(history_and_presence_are_the_same_everywhere),
        TEST(channels_are_those_of_all_workers),
        TEST(a_client_that_comes_to_another_worker_recovers),
        TEST(disconnect_and_unsubscribe_reach_a_user_at_every_worker),
        TEST(a_user_has_one_limit),
        TEST(stats_show_one_node_with_all_that_workers_count),
        TEST(operators_see_what_is_published_at_every_worker),
        TEST(letters_that_nobody_opens_leave_nothing_behind),
        TEST(without_memory_calls_fail_and_nothing_is_lost),
        TEST(who_goes_without_memory_is_forgotten_when_there_is_some),
        TEST(who_could_not_be_forgotten_does_not_come),
        TEST(clients_of_all_workers_are_told_one_after_the_other),
        TEST(homes_cannot_be_known_from_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

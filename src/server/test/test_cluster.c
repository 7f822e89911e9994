#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/nodes.h"
#include "server/test/harness.h"

/* What nodes tell each other: three of them, each with an engine of its own, on one wire for control messages. */

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define NODES       3
#define LETTERS_MAX 64

typedef struct letter {
    char node[CF_UUID_SIZE];
    char method[32];
    char params[8192];
} letter;

/* The memory engine, with one operation more. */
typedef struct wired_engine {
    cf_engine_ops ops;
    cf_engine_sink sink;
} wired_engine;

static harness h[NODES];
static wired_engine engines[NODES];
static harness_client a, b, c;
static letter letters[LETTERS_MAX];
static size_t letter_count;
static cf_engine_status status; /* of the wire */
static char got[32000];

/* ---- the wire ------------------------------------------------------------ */

static void control(cf_engine *engine, const cf_engine_control *message, cf_engine_done done, void *user)
{
    (void)engine;
    if (status == CF_ENGINE_OK) {
        assert_true(letter_count < LETTERS_MAX);
        letter *sent = &letters[letter_count++];
        memcpy(sent->node, message->node.data, CF_UUID_SIZE);
        snprintf(sent->method, sizeof sent->method, "%.*s", (int)message->method.size, message->method.data);
        assert_true(message->params.size < sizeof sent->params);
        snprintf(sent->params, sizeof sent->params, "%.*s", (int)message->params.size, message->params.data);
    }
    done(user, status);
}

static void say(size_t to, const char *from, const char *method, const char *params)
{
    cf_engine_control message = {cf_bytes_make(from, CF_UUID_SIZE), cf_bytes_of(method), cf_bytes_of(params)};
    harness_begin(&h[to]);
    engines[to].sink.control(engines[to].sink.user, &message);
    harness_end(&h[to]);
}

/* To all, who sent it too. */
static void deliver(void)
{
    for (size_t i = 0; i < letter_count; i++)
        for (size_t to = 0; to < NODES; to++)
            if (h[to].node != NULL)
                say(to, letters[i].node, letters[i].method, letters[i].params);
    letter_count = 0;
}

static cf_engine *make_engine(const cf_engine_host *host)
{
    wired_engine *self = &engines[(harness *)host->environment->user - h];
    self->sink = *host->sink;
    cf_engine *memory = cf_engine_memory_new(host);
    self->ops = *memory->ops;
    self->ops.control = control;
    memory->ops = &self->ops;
    return memory;
}

static int setup(void **state)
{
    (void)state;
    letter_count = 0;
    status = CF_ENGINE_OK;
    for (size_t i = 0; i < NODES; i++) {
        harness_init(&h[i]);
        h[i].random = 100 + i;
        h[i].config.name = i == 0 ? CF_BYTES("first") : i == 1 ? CF_BYTES("second") : CF_BYTES("third");
        assert_true(harness_start(&h[i], make_engine));
        harness_turn(&h[i]);
    }
    deliver();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < NODES; i++)
        if (h[i].node != NULL)
            harness_stop(&h[i]);
    harness_forget(&a);
    harness_forget(&b);
    harness_forget(&c);
    return 0;
}

static void pass(int64_t milliseconds)
{
    for (int64_t done = 0; done < milliseconds; done += 500) {
        for (size_t i = 0; i < NODES; i++)
            if (h[i].node != NULL)
                harness_pass(&h[i], 500);
        deliver();
    }
}

/* ---- what a backend sees -------------------------------------------------- */

static void done(void *user, cf_trouble trouble)
{
    (void)user;
    snprintf(got, sizeof got, "%s", trouble == CF_TROUBLE_NONE ? "ok" : cf_trouble_text(trouble).data);
}

static void data_done(void *user, cf_trouble trouble, cf_bytes data)
{
    (void)user;
    assert_int_equal(trouble, CF_TROUBLE_NONE);
    snprintf(got, sizeof got, "%.*s", (int)data.size, data.data);
}

static const char *stats(size_t of)
{
    harness_begin(&h[of]);
    cf_node_stats(h[of].node, data_done, NULL);
    harness_end(&h[of]);
    assert_true(cf_json_valid(cf_bytes_of(got)));
    return got;
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;
    while ((text = strstr(text, what)) != NULL) {
        count++;
        text += strlen(what);
    }
    return count;
}

static const char *disconnect(size_t at, const char *user)
{
    harness_begin(&h[at]);
    cf_node_disconnect(h[at].node, cf_bytes_of(user), done, NULL);
    harness_end(&h[at]);
    return got;
}

static const char *unsubscribe(size_t at, const char *user, const char *channel)
{
    harness_begin(&h[at]);
    cf_node_unsubscribe(h[at].node, cf_bytes_of(user), cf_bytes_of(channel), done, NULL);
    harness_end(&h[at]);
    return got;
}

static void all_nodes_stand_in_stats(void **state)
{
    (void)state;
    for (size_t i = 0; i < NODES; i++) {
        const char *text = stats(i);
        assert_int_equal(count_of(text, "\"uid\":"), NODES);
        assert_non_null(strstr(text, "\"name\":\"first\",\"started_at\":1700005000,\"metrics\":{\"client_api_15_count\":0"));
        assert_non_null(strstr(text, "\"name\":\"second\""));
        assert_non_null(strstr(text, "\"name\":\"third\""));
    }
}

static void what_others_count_is_shown(void **state)
{
    (void)state;
    harness_connect(&h[1], &a, "1");
    pass(4000);
    assert_int_equal(count_of(stats(0), "\"node_num_clients\":1"), 1);
    assert_int_equal(count_of(stats(0), "\"uid\":"), NODES);
}

static void who_is_silent_is_forgotten(void **state)
{
    (void)state;
    harness_stop(&h[2]);
    pass(6000);
    assert_non_null(strstr(stats(0), "\"name\":\"third\""));
    pass(6000);
    assert_null(strstr(stats(0), "\"name\":\"third\""));
    assert_non_null(strstr(stats(0), "\"name\":\"second\""));
}

static void a_disconnect_reaches_every_node(void **state)
{
    (void)state;
    harness_connect(&h[0], &a, "1");
    harness_connect(&h[1], &b, "1");
    harness_connect(&h[2], &c, "2");
    assert_string_equal(disconnect(0, "1"), "ok");
    harness_expect_closed(&a, "disconnect", false);
    assert_false(b.closed);
    assert_string_equal(letters[0].params, "{\"user\":\"1\"}");
    deliver();
    harness_expect_closed(&b, "disconnect", false);
    assert_false(c.closed);
}

static void an_unsubscribe_reaches_every_node(void **state)
{
    (void)state;
    harness_connect(&h[0], &a, "1");
    harness_connect(&h[1], &b, "1");
    assert_string_equal(unsubscribe(0, "1", "x"), "ok");
    harness_expect(&a, "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"x\",\"status\":true}}");
    assert_string_equal(letters[0].method, "unsubscribe");
    assert_string_equal(letters[0].params, "{\"channel\":\"x\",\"user\":\"1\"}");
    deliver();
    harness_expect(&b, "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"x\",\"status\":true}}");
    harness_expect_nothing(&a); /* its own message comes back */
}

static void the_user_is_of_the_node_that_has_him(void **state)
{
    (void)state;
    harness_connect(&h[1], &b, "1");
    assert_string_equal(disconnect(0, "1"), "ok");
    deliver();
    assert_true(b.closed);
}

static void what_the_others_cannot_be_told_is_an_error(void **state)
{
    (void)state;
    harness_connect(&h[0], &a, "1");
    status = CF_ENGINE_UNAVAILABLE;
    assert_string_equal(disconnect(0, "1"), "internal server error");
    assert_true(a.closed);
    harness_connect(&h[0], &b, "1");
    status = CF_ENGINE_OK;
    for (size_t n = 1; n <= 4 && !b.closed; n++) {
        h[0].fail_at = n;
        (void)disconnect(0, "1");
        assert_true(b.closed || strcmp(got, "internal server error") == 0);
    }
    h[0].fail_at = 0;
    letter_count = 0;
}

/* ---- what is no message --------------------------------------------------- */

static void what_is_not_understood_changes_nothing(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"ping", ""},
        {"ping", "null"},
        {"ping", "{}"},
        {"ping", "{\"info\":null}"},
        {"ping", "{\"info\":[]}"},
        {"ping", "{\"info\":{}}"},
        {"ping", "{\"info\":{\"uid\":\"u\"}}"},
        {"ping", "{\"info\":{\"uid\":\"\",\"metrics\":{}}}"},
        {"ping", "{\"info\":{\"uid\":\"u\",\"metrics\":null}}"},
        {"ping", "{\"info\":{\"uid\":1,\"metrics\":{}}}"},
        {"ping", "{\"info\":{\"uid\":\"u\",\"metrics\":{}}"},
        {"disconnect", "{}"},
        {"disconnect", "{\"user\":7}"},
        {"disconnect", "[]"},
        {"unsubscribe", "{\"channel\":\"x\"}"},
        {"dance", "{}"},
        {"", "{}"},
    };
    harness_connect(&h[0], &a, "");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        say(0, "00000000-0000-4000-8000-000000000001", bad[i][0], bad[i][1]);
    assert_int_equal(count_of(stats(0), "\"uid\":"), NODES);
    assert_false(a.closed);
    harness_expect_nothing(&a);
    assert_true(h[0].logged > 0);
}

static void a_foreign_node_is_shown_as_it_says(void **state)
{
    (void)state;
    say(0, "00000000-0000-4000-8000-000000000001", "ping",
        "{\"INFO\": {\"Uid\":\"u<\",\"version\":\"1.8.0\",\"name\":\"n\\n\",\"started_at\":5,\"more\":[],\"metrics\":{ \"a\" : "
        "1 }}}");
    assert_non_null(strstr(stats(0), ",{\"uid\":\"u\\u003c\",\"version\":\"1.8.0\",\"name\":\"n\\n\",\"started_at\":5,"
                                     "\"metrics\":{\"a\":1}}]"));
}

static void nodes_are_bounded(void **state)
{
    (void)state;
    char uid[40];
    cf_nodes nodes;
    cf_nodes_init(&nodes, &h[0].allocator, 7);
    for (size_t i = 0; i <= CF_NODES_MAX; i++) {
        snprintf(uid, sizeof uid, "%zu", i);
        cf_node_info info = {.uid = cf_bytes_of(uid), .metrics = CF_BYTES("{}")};
        assert_int_equal(cf_nodes_heard(&nodes, &info, 5), i < CF_NODES_MAX);
    }
    assert_true(cf_nodes_heard(&nodes, &(cf_node_info){.uid = CF_BYTES("0"), .metrics = CF_BYTES("{}")}, 9));
    cf_nodes_forget(&nodes, 9);
    assert_int_equal(cf_map_count(&nodes.map), 1);
    static char large[CF_NODES_INFO_MAX];
    memset(large, ' ', sizeof large);
    memcpy(large, "{\"", 2);
    memset(large + 2, 'a', sizeof large - 6);
    memcpy(large + sizeof large - 4, "\":1}", 4);
    cf_node_info info = {.uid = CF_BYTES("l"), .metrics = cf_bytes_make(large, sizeof large)};
    assert_false(cf_nodes_heard(&nodes, &info, 9));
    cf_nodes_free(&nodes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_nodes_stand_in_stats),
        TEST(what_others_count_is_shown),
        TEST(who_is_silent_is_forgotten),
        TEST(a_disconnect_reaches_every_node),
        TEST(an_unsubscribe_reaches_every_node),
        TEST(the_user_is_of_the_node_that_has_him),
        TEST(what_the_others_cannot_be_told_is_an_error),
        TEST(what_is_not_understood_changes_nothing),
        TEST(a_foreign_node_is_shown_as_it_says),
        TEST(nodes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/api/api.h"
#include "server/broker.h"
#include "server/test/harness.h"
#include "server/test/slow_engine.h"
#include "wire/v1/sign.h"

/* ---- what every test needs ---- */

typedef struct fixture {
    harness h;
    cf_namespace spaces[1];
    int answers;
    int status;
    char type[64];
    char body[4096];
    bool large;        /* the body is not kept */
    cf_api_call *call; /* that is under way */
} fixture;

static fixture f;

static int start(cf_engine_maker engine)
{
    memset(&f, 0, sizeof(f));
    harness_init(&f.h);
    f.h.config.secret = CF_BYTES("secret");
    f.h.config.insecure_api = true;
    f.spaces[0].name = CF_BYTES("all");
    f.spaces[0].options = (cf_channel_options){.presence = true, .history_size = 10, .history_lifetime = 60};
    f.h.config.namespaces = f.spaces;
    f.h.config.namespace_count = 1;
    return harness_start(&f.h, engine) ? 0 : -1;
}

static int set_up(void **state)
{
    (void)state;
    return start(cf_engine_memory_new);
}

static int set_up_slow(void **state)
{
    (void)state;
    return start(slow_engine_new);
}

static int tear_down(void **state)
{
    (void)state;
    if (f.h.node != NULL)
        harness_stop(&f.h);
    return 0;
}

static void copy(cf_bytes from, char *to, size_t size)
{
    assert_true(from.size < size);
    if (from.size > 0)
        memcpy(to, from.data, from.size);
    to[from.size] = 0;
}

static void done(void *user, int status, cf_bytes content_type, cf_bytes body)
{
    fixture *fix = user;
    fix->answers++;
    fix->status = status;
    copy(content_type, fix->type, sizeof(fix->type));
    if (!fix->large)
        copy(body, fix->body, sizeof(fix->body));
}

static void request(cf_bytes type, cf_bytes sign, cf_bytes query, cf_bytes body)
{
    cf_api_request asked = {.content_type = type, .sign_header = sign, .query = query, .body = body};
    f.answers = 0;
    harness_begin(&f.h);
    f.call = cf_api_handle(f.h.node, &asked, done, &f);
    harness_end(&f.h);
}

static void post(const char *body)
{
    request(CF_BYTES("application/json"), (cf_bytes){0}, (cf_bytes){0}, cf_bytes_of(body));
}

static void expect(int status, const char *body)
{
    assert_int_equal(f.answers, 1);
    assert_int_equal(f.status, status);
    if (body != NULL)
        assert_string_equal(f.body, body);
}

static void ask(const char *body, const char *reply)
{
    post(body);
    expect(200, reply);
    assert_null(f.call);
    assert_string_equal(f.type, "application/json");
}

static void refuse(const char *body)
{
    post(body);
    expect(400, "Bad Request\n");
    assert_string_equal(f.type, "text/plain; charset=utf-8");
}

/* ---- requests ---- */

static void test_a_good_sign_is_needed(void **state)
{
    (void)state;
    static const char body[] = "{\"method\":\"channels\"}";
    cf_sign sign;
    cf_config config = f.h.config;
    config.insecure_api = false;
    cf_node_configure(f.h.node, &config);
    cf_sign_api(CF_BYTES("secret"), cf_bytes_of(body), sign);
    request(CF_BYTES("Application/JSON; charset=utf-8"), cf_bytes_make(sign, sizeof(sign)), (cf_bytes){0}, cf_bytes_of(body));
    expect(200, "[{\"method\":\"channels\",\"error\":null,\"body\":{\"data\":[]}}]");
    post(body);
    expect(400, "Bad Request\n");
    request(CF_BYTES("application/json"), cf_bytes_make(sign, 63), (cf_bytes){0}, cf_bytes_of(body));
    expect(401, "Unauthorized\n");
    sign[0] = sign[0] == 'a' ? 'b' : 'a';
    request(CF_BYTES("application/json"), cf_bytes_make(sign, sizeof(sign)), (cf_bytes){0}, cf_bytes_of(body));
    expect(401, "Unauthorized\n");
    config.secret = CF_BYTES("");
    cf_sign_api(CF_BYTES(""), cf_bytes_of(body), sign);
    request(CF_BYTES("application/json"), cf_bytes_make(sign, sizeof(sign)), (cf_bytes){0}, cf_bytes_of(body));
    expect(400, NULL);
    cf_node_configure(f.h.node, &f.h.config);
}

static void test_what_is_no_command_is_a_bad_request(void **state)
{
    (void)state;
    static const char *const bodies[] = {"",
                                         " {}",
                                         "null",
                                         "\"x\"",
                                         "7",
                                         "{}",
                                         "[{}]",
                                         "[1]",
                                         "{\"method\":\"channels\"} x",
                                         "{\"method\":\"Channels\"}",
                                         "{\"method\":\"ping\"}",
                                         "[{\"method\":\"channels\"}",
                                         "{\"method\":7}",
                                         "{\"method\":\"publish\"}",
                                         "{\"method\":\"publish\",\"params\":[]}",
                                         "{\"method\":\"publish\",\"params\":{\"channel\":\"x\"}}",
                                         "{\"method\":\"publish\",\"params\":{\"channel\":\"\",\"data\":1}}",
                                         "{\"method\":\"presence\"}",
                                         "{\"method\":\"broadcast\",\"params\":{\"channels\":[1],\"data\":1}}"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        refuse(bodies[i]);
}

static void test_the_answer_is_always_an_array(void **state)
{
    (void)state;
    ask("[]", "[]");
    ask("{\"uid\":\"a\",\"method\":\"publish\",\"params\":{\"channel\":\"x\",\"data\":null}}",
        "[{\"uid\":\"a\",\"method\":\"publish\",\"error\":null,\"body\":null}]");
    ask("[{\"method\":\"publish\",\"params\":{\"channel\":\"x\",\"data\":1}},{\"uid\":\"b\",\"METHOD\":\"publish\",\"Params\":{"
        "\"channel\":\"no:x\",\"data\":1}}]",
        "[{\"method\":\"publish\",\"error\":null,\"body\":null},{\"uid\":\"b\",\"method\":\"publish\",\"error\":\"namespace "
        "not "
        "found\",\"advice\":\"fix\",\"body\":null}]");
}

static void test_forms(void **state)
{
    (void)state;
    static const char reply[] = "[{\"method\":\"channels\",\"error\":null,\"body\":{\"data\":[]}}]";
    static const char encoded[] = "a=b&data=%7B%22method%22%3A%22ch%61nnels%22%7D&sign=x&data=ignored";
    request(CF_BYTES("application/x-www-form-urlencoded"), (cf_bytes){0}, (cf_bytes){0}, cf_bytes_of(encoded));
    expect(200, reply);
    request((cf_bytes){0}, (cf_bytes){0}, cf_bytes_of(encoded), (cf_bytes){0});
    expect(200, reply);
    request(CF_BYTES("application/x-www-form-urlencoded"), (cf_bytes){0}, CF_BYTES("data=%5B%5D"), cf_bytes_of(encoded));
    expect(200, reply); /* the body wins over the query */
    request(CF_BYTES("application/x-www-form-urlencoded"), (cf_bytes){0}, CF_BYTES("data=%5B%5D"), CF_BYTES("x=%zz"));
    expect(200, "[]");
    request(CF_BYTES("text/plain"), (cf_bytes){0}, (cf_bytes){0}, cf_bytes_of(encoded));
    expect(400, NULL);
    static const char parts[] = "preamble\r\n--b-1\r\nContent-Disposition: form-data; name=\"sign\"\r\n\r\nabc\r\n"
                                "--b-1\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name=\"data\"\r\n\r\n"
                                "{\"method\":\"channels\"}\r\n--b-1--\r\n";
    request(CF_BYTES("multipart/form-data; charset=x; boundary=\"b-1\""), (cf_bytes){0}, (cf_bytes){0}, cf_bytes_of(parts));
    expect(200, reply);
    request(CF_BYTES("multipart/form-data; boundary=b-1"), (cf_bytes){0}, (cf_bytes){0}, cf_bytes_of(parts));
    expect(200, reply);
    request(CF_BYTES("multipart/form-data; boundary=other"), (cf_bytes){0}, (cf_bytes){0}, cf_bytes_of(parts));
    expect(400, NULL);
}

static void test_the_sign_of_a_form_is_over_its_data(void **state)
{
    (void)state;
    char body[256] = "data=%7B%22method%22:%22channels%22%7D&sign=";
    cf_sign sign;
    cf_config config = f.h.config;
    config.insecure_api = false;
    cf_node_configure(f.h.node, &config);
    cf_sign_api(CF_BYTES("secret"), CF_BYTES("{\"method\":\"channels\"}"), sign);
    memcpy(body + strlen(body), sign, sizeof(sign));
    request(CF_BYTES("application/x-www-form-urlencoded"), (cf_bytes){0}, (cf_bytes){0}, cf_bytes_of(body));
    expect(200, NULL);
    request(CF_BYTES("application/x-www-form-urlencoded"), (cf_bytes){0}, (cf_bytes){0},
            cf_bytes_slice(cf_bytes_of(body), 0, 50));
    expect(401, NULL);
    cf_node_configure(f.h.node, &f.h.config);
}

/* ---- methods ---- */

static void test_publish_reaches_subscribers(void **state)
{
    (void)state;
    static harness_client client; /* outlives a failing test */
    harness_connect(&f.h, &client, "ann");
    harness_send(&client, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"all:r\"}}");
    (void)harness_next(&client);
    ask("{\"method\":\"publish\",\"params\":{\"channel\":\"all:r\",\"data\":{\"a\": "
        "1.50},\"client\":\"c\",\"uid\":\"m\\\"1\"}}",
        "[{\"method\":\"publish\",\"error\":null,\"body\":null}]");
    harness_expect(
        &client,
        "{\"method\":\"message\",\"body\":{\"uid\":\"m\\\"1\",\"client\":\"c\",\"channel\":\"all:r\",\"data\":{\"a\": 1.50}}}");
    ask("{\"method\":\"history\",\"params\":{\"channel\":\"all:r\"}}",
        "[{\"method\":\"history\",\"error\":null,\"body\":{\"channel\":\"all:r\",\"data\":[{\"uid\":\"m\\\"1\",\"channel\":"
        "\"all:r\","
        "\"data\":{\"a\":1.50},\"client\":\"c\"}]}}]");
    ask("{\"method\":\"channels\",\"params\":7}", "[{\"method\":\"channels\",\"error\":null,\"body\":{\"data\":[\"all:r\"]}}]");
    ask("{\"method\":\"unsubscribe\",\"params\":{\"user\":\"ann\",\"channel\":\"all:r\"}}",
        "[{\"method\":\"unsubscribe\",\"error\":null,\"body\":null}]");
    harness_expect(&client, "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"all:r\",\"status\":true}}");
    ask("{\"method\":\"disconnect\",\"params\":{\"user\":\"ann\"}}",
        "[{\"method\":\"disconnect\",\"error\":null,\"body\":null}]");
    harness_expect_closed(&client, "disconnect", false);
    harness_forget(&client);
}

static void test_errors_that_are_not_fatal(void **state)
{
    (void)state;
    ask("{\"method\":\"presence\",\"params\":{\"channel\":\"\"}}",
        "[{\"method\":\"presence\",\"error\":\"invalid message\",\"body\":{\"channel\":\"\",\"data\":null}}]");
    ask("{\"method\":\"presence\",\"params\":{\"channel\":\"x\"}}",
        "[{\"method\":\"presence\",\"error\":\"not available\",\"body\":{\"channel\":\"x\",\"data\":null}}]");
    ask("{\"method\":\"history\",\"params\":{\"channel\":\"no:x\"}}",
        "[{\"method\":\"history\",\"error\":\"namespace not found\",\"body\":{\"channel\":\"no:x\",\"data\":null}}]");
    ask("{\"method\":\"history\",\"params\":null}",
        "[{\"method\":\"history\",\"error\":\"invalid message\",\"body\":{\"channel\":\"\",\"data\":null}}]");
    ask("{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"x\"}}",
        "[{\"method\":\"unsubscribe\",\"error\":\"invalid message\",\"body\":null}]");
    ask("{\"method\":\"unsubscribe\",\"params\":{\"user\":\"u\",\"channel\":\"no:x\"}}",
        "[{\"method\":\"unsubscribe\",\"error\":\"namespace not found\",\"body\":null}]");
    ask("{\"method\":\"disconnect\",\"params\":{}}",
        "[{\"method\":\"disconnect\",\"error\":\"invalid message\",\"body\":null}]");
}

#define BROADCAST(error) "[{\"method\":\"broadcast\",\"error\":" error ",\"body\":null}]"

static void history_has(const char *channel, const char *data)
{
    char asked[128] = "{\"method\":\"history\",\"params\":{\"channel\":\"";
    strcat(asked, channel);
    strcat(asked, "\"}}");
    post(asked);
    expect(200, NULL);
    if (strstr(f.body, data) == NULL)
        fail_msg("no %s in %s", data, f.body);
}

static void test_broadcast(void **state)
{
    (void)state;
    ask("{\"method\":\"broadcast\",\"params\":{\"channels\":[\"all:a\",\"all:\\u0062\"],\"data\":1}}", BROADCAST("null"));
    history_has("all:a", "\"data\":1");
    history_has("all:b", "\"data\":1");
    ask("{\"method\":\"broadcast\",\"params\":{\"channels\":[\"all:c\",\"no:x\",\"all:d\"],\"data\":1}}",
        BROADCAST("\"namespace not found\",\"advice\":\"fix\""));
    history_has("all:c", "\"data\":1");
    history_has("all:d", "\"data\":[]");
    ask("{\"method\":\"broadcast\",\"params\":{\"channels\":[\"all:e\",null,\"all:d\"],\"data\":1}}",
        BROADCAST("\"invalid message\",\"advice\":\"fix\""));
    history_has("all:e", "\"data\":1");
    history_has("all:d", "\"data\":[]");
    ask("{\"method\":\"broadcast\",\"params\":{\"channels\":[ ],\"data\":1}}",
        BROADCAST("\"invalid message\",\"advice\":\"fix\""));
    ask("{\"method\":\"broadcast\",\"params\":{\"data\":1}}", BROADCAST("\"invalid message\",\"advice\":\"fix\""));
    ask("{\"method\":\"broadcast\",\"params\":{\"channels\":[\"all:a\"]}}",
        BROADCAST("\"invalid message\",\"advice\":\"fix\""));
}

static void test_a_fatal_command_ends_the_batch_after_what_was_done(void **state)
{
    (void)state;
    refuse("[{\"method\":\"publish\",\"params\":{\"channel\":\"all:f\",\"data\":7}},{\"method\":\"nope\"},"
           "{\"method\":\"publish\",\"params\":{\"channel\":\"all:f\",\"data\":8}}]");
    history_has("all:f", "\"data\":[{");
    assert_non_null(strstr(f.body, "\"data\":7"));
    assert_null(strstr(f.body, "\"data\":8"));
}

static void test_requests_are_counted(void **state)
{
    (void)state;
    ask("[]", "[]");
    refuse("x");
    assert_int_equal(cf_node_services(f.h.node)->metrics->http_api_num_requests, 2);
}

/* ---- an engine that answers later ---- */

static cf_engine *engine(void)
{
    return cf_node_services(f.h.node)->broker->engine;
}

static void answer(cf_engine_status status)
{
    harness_begin(&f.h);
    slow_engine_answer(engine(), status);
    harness_end(&f.h);
}

/* Of one broadcast the engine is asked for all channels at once. */
static void test_commands_are_carried_out_one_after_the_other(void **state)
{
    (void)state;
    post("[{\"uid\":\"1\",\"method\":\"publish\",\"params\":{\"channel\":\"all:s\",\"data\":1}},{\"method\":\"channels\"},"
         "{\"uid\":\"3\",\"method\":\"broadcast\",\"params\":{\"channels\":[\"all:s\",\"all:t\",\"all:s\"],\"data\":2}}]");
    assert_int_equal(f.answers, 0);
    assert_non_null(f.call);
    for (size_t left = 5; left > 0; left--) {
        assert_int_equal(f.answers, 0);
        assert_int_equal(slow_engine_waiting(engine()), left > 3 ? 1 : left);
        answer(left == 2 ? CF_ENGINE_UNAVAILABLE : CF_ENGINE_OK);
    }
    expect(200, "[{\"uid\":\"1\",\"method\":\"publish\",\"error\":null,\"body\":null},"
                "{\"method\":\"channels\",\"error\":null,\"body\":{\"data\":[]}},"
                "{\"uid\":\"3\",\"method\":\"broadcast\",\"error\":\"internal server error\",\"body\":null}]");
}

static void test_a_bad_name_in_a_broadcast_is_told_when_the_others_are_answered(void **state)
{
    (void)state;
    post("{\"method\":\"broadcast\",\"params\":{\"channels\":[\"all:s\",\"all:t\",\"no:x\",\"all:u\"],\"data\":2}}");
    assert_int_equal(slow_engine_waiting(engine()), 2);
    answer(CF_ENGINE_UNAVAILABLE);
    assert_int_equal(f.answers, 0);
    answer(CF_ENGINE_OK);
    expect(200, BROADCAST("\"namespace not found\",\"advice\":\"fix\""));
}

#define PUBLISH(uid, channel)                                                                                                  \
    "{\"uid\":\"" uid "\",\"method\":\"publish\",\"params\":{\"channel\":\"" channel "\",\"data\":" uid "}}"
#define PUBLISHED(uid)   "{\"uid\":\"" uid "\",\"method\":\"publish\",\"error\":null,\"body\":null}"
#define HISTORY(channel) "{\"method\":\"history\",\"params\":{\"channel\":\"" channel "\"}}"

static void answer_channel(const char *channel)
{
    harness_begin(&f.h);
    slow_engine_answer_channel(engine(), cf_bytes_of(channel));
    harness_end(&f.h);
}

static void test_publishes_are_under_way_together_and_answered_in_their_order(void **state)
{
    (void)state;
    post("[" PUBLISH("1", "all:a") "," PUBLISH("2", "all:b") "," PUBLISH("3", "no:x") "," PUBLISH("4", "all:a") "]");
    assert_int_equal(slow_engine_waiting(engine()), 3);
    answer_channel("all:b");
    answer_channel("all:a");
    assert_int_equal(f.answers, 0);
    answer_channel("all:a");
    expect(200, "[" PUBLISHED("1") "," PUBLISHED("2") ","
                                                      "{\"uid\":\"3\",\"method\":\"publish\",\"error\":\"namespace not "
                                                      "found\",\"advice\":\"fix\",\"body\":null}," PUBLISHED("4") "]");
}

static void test_questions_wait_for_publishes_and_not_for_each_other(void **state)
{
    (void)state;
    post("[" PUBLISH("1", "all:a") "," HISTORY("all:a") "," HISTORY("all:b") "," PUBLISH("4", "all:b") "]");
    assert_int_equal(slow_engine_waiting(engine()), 1);
    answer(CF_ENGINE_OK);
    assert_int_equal(slow_engine_waiting(engine()), 2);
    answer_channel("all:b");
    answer_channel("all:a");
    assert_int_equal(slow_engine_waiting(engine()), 1);
    answer(CF_ENGINE_OK);
    assert_int_equal(f.answers, 1);
    const char *first = strstr(f.body, "\"channel\":\"all:a\",\"data\":[{");
    const char *second = strstr(f.body, "\"channel\":\"all:b\",\"data\":[]");
    assert_true(first != NULL && second != NULL && first < second);
}

static void test_publishes_that_are_under_way_are_bounded(void **state)
{
    enum { PUBLISHES = 1000 };
    static char body[PUBLISHES * 100] = "[";
    size_t size = 1;
    (void)state;
    for (size_t i = 0; i < PUBLISHES; i++)
        size += (size_t)snprintf(body + size, sizeof body - size, "%s" PUBLISH("1", "all:a"), i == 0 ? "" : ",");
    body[size] = ']';
    f.large = true;
    post(body);
    size_t together = slow_engine_waiting(engine());
    assert_in_range(together, 100, 256);
    for (size_t i = 0; i < PUBLISHES; i++) {
        assert_int_equal(f.answers, 0);
        assert_true(slow_engine_waiting(engine()) <= together);
        answer(CF_ENGINE_OK);
    }
    expect(200, NULL);
}

static void test_a_fatal_command_is_told_when_those_before_it_are_answered(void **state)
{
    (void)state;
    post("[" PUBLISH("1", "all:a") "," PUBLISH("2", "all:a") ",{\"method\":\"nothing\"}," PUBLISH("3", "all:a") "]");
    assert_int_equal(slow_engine_waiting(engine()), 2);
    answer(CF_ENGINE_OK);
    assert_int_equal(f.answers, 0);
    answer(CF_ENGINE_OK);
    expect(400, "Bad Request\n");
    assert_int_equal(slow_engine_waiting(engine()), 0);
}

/* Too large answers of others, while a broadcast is under way: its callbacks still find the request. */
static void test_a_request_that_is_refused_in_the_middle_ends_when_all_is_answered(void **state)
{
    static char body[30000] = "[";
    size_t size = 1;
    (void)state;
    while (size < sizeof body - 200)
        size += (size_t)sprintf(body + size, "{\"method\":\"stats\"},");
    strcpy(body + size, "{\"method\":\"broadcast\",\"params\":{\"channels\":[\"all:a\",\"all:b\"],\"data\":1}}]");
    f.large = true;
    post(body);
    for (size_t i = 0; i < 1000 && slow_engine_waiting(engine()) == 0; i++) {
        harness_begin(&f.h);
        cf_node_go_on(f.h.node);
        harness_end(&f.h);
    }
    cf_node_services(f.h.node)->api_replies += CF_API_REPLIES_MAX;
    answer(CF_ENGINE_OK);
    assert_int_equal(f.answers, 0);
    answer(CF_ENGINE_OK);
    expect(503, NULL);
    cf_node_services(f.h.node)->api_replies -= CF_API_REPLIES_MAX;
}

static void test_without_memory_what_is_under_way_is_waited_for(void **state)
{
    (void)state;
    for (size_t n = 1, reached = 1; reached; n++) {
        f.h.fail_at = n;
        post("[" PUBLISH("1", "all:a") "," PUBLISH("2", "all:b") "," HISTORY("all:a") "," HISTORY("all:b") "]");
        while (slow_engine_waiting(engine()) > 0) {
            answer_channel("all:b");
            answer_channel("all:a");
        }
        reached = f.h.fail_at == 0;
        f.h.fail_at = 0;
        assert_int_equal(f.answers, 1);
        assert_true(f.status == 200 || f.status == 500);
    }
    assert_int_equal(f.status, 200);
}

static void test_a_cancelled_call_is_carried_out_without_an_answer(void **state)
{
    (void)state;
    post("[{\"method\":\"publish\",\"params\":{\"channel\":\"all:s\",\"data\":1}},{\"method\":\"publish\",\"params\":{"
         "\"channel\":"
         "\"all:s\",\"data\":2}}]");
    assert_non_null(f.call);
    cf_api_cancel(f.call);
    answer(CF_ENGINE_OK);
    answer(CF_ENGINE_OK);
    assert_int_equal(f.answers, 0);
    assert_int_equal(slow_engine_waiting(engine()), 0);
    slow_engine_hurry(engine());
    history_has("all:s", "\"data\":2");
}

static void test_a_call_that_waits_when_the_node_ends_is_answered(void **state)
{
    (void)state;
    post("[{\"uid\":\"1\",\"method\":\"publish\",\"params\":{\"channel\":\"all:s\",\"data\":1}},"
         "{\"uid\":\"2\",\"method\":\"history\",\"params\":{\"channel\":\"all:s\"}}]");
    assert_int_equal(f.answers, 0);
    harness_stop(&f.h);
    expect(200, "[{\"uid\":\"1\",\"method\":\"publish\",\"error\":\"internal server error\",\"body\":null},"
                "{\"uid\":\"2\",\"method\":\"history\",\"error\":\"internal server error\",\"body\":{\"channel\":\"all:s\","
                "\"data\":null}}]");
}

/* ---- without memory ---- */

static void test_without_memory_there_is_an_error_and_no_leak(void **state)
{
    (void)state;
    static const char body[] =
        "data=%5B%7B%22method%22%3A%22publish%22%2C%22params%22%3A%7B%22channel%22%3A%22all%3Am%22%2C%22data%22%3A1%7D"
        "%7D%2C%7B%22method%22%3A%22channels%22%7D%5D";
    for (size_t n = 1;; n++) {
        f.h.fail_at = n;
        request(CF_BYTES("application/x-www-form-urlencoded"), (cf_bytes){0}, (cf_bytes){0}, cf_bytes_of(body));
        bool reached = f.h.fail_at == 0;
        f.h.fail_at = 0;
        assert_int_equal(f.answers, 1);
        assert_true(f.status == 200 || f.status == 500);
        if (!reached)
            break;
        assert_true(n < 1000);
    }
    assert_int_equal(f.status, 200);
}

/* ---- long arrays ---- */

static void test_a_long_array_takes_several_turns(void **state)
{
    static char body[400000] = "[";
    static harness_client other;
    (void)state;
    f.h.config.insecure = true;
    harness_connect(&f.h, &other, "1");
    static const char command[] = "{\"method\":\"publish\",\"params\":{\"channel\":\"x\",\"data\":1}},";
    for (size_t i = 0; i < 5000; i++)
        memcpy(body + 1 + i * (sizeof(command) - 1), command, sizeof(command));
    body[strlen(body) - 1] = ']';
    cf_api_request asked = {.content_type = CF_BYTES("application/json"), .body = cf_bytes_of(body)};
    f.large = true;
    harness_begin(&f.h);
    f.call = cf_api_handle(f.h.node, &asked, done, &f);
    assert_non_null(f.call);
    size_t turns = 0;
    for (; f.answers == 0; turns++) {
        assert_true(cf_node_services(f.h.node)->turn.work <= CF_TURN_LIMITS.work + CF_TURN_LIMITS.share);
        harness_feed(&other, "{\"method\":\"ping\"}");
        (void)harness_end_turn(&f.h);
        harness_expect(&other, "{\"method\":\"ping\"}");
        harness_begin(&f.h);
        cf_node_go_on(f.h.node);
    }
    harness_end(&f.h);
    assert_int_equal(f.status, 200);
    assert_int_equal(cf_node_services(f.h.node)->metrics->node_num_client_msg_published, 5000);
    assert_true(turns >= 5000 * CF_WORK_COMMAND / CF_TURN_LIMITS.share);
}

static void published(void *user, cf_trouble trouble)
{
    (void)user;
    assert_int_equal(trouble, CF_TROUBLE_NONE);
}

static void test_large_answers_take_several_turns(void **state)
{
    enum { MESSAGES = 1000, HISTORIES = 100 };
    static char body[HISTORIES * 64] = "[";
    static const char command[] = "{\"method\":\"history\",\"params\":{\"channel\":\"x\"}},";
    (void)state;
    f.h.config.insecure = true;
    f.h.config.channel.history_size = MESSAGES;
    f.h.config.channel.history_lifetime = 60;
    harness_begin(&f.h);
    for (size_t i = 0; i < MESSAGES; i++)
        cf_node_publish(f.h.node, CF_BYTES("x"), CF_BYTES("1"), (cf_bytes){0}, (cf_bytes){0}, published, NULL);
    harness_end(&f.h);
    for (size_t i = 0; i < HISTORIES; i++)
        memcpy(body + 1 + i * (sizeof(command) - 1), command, sizeof(command));
    body[strlen(body) - 1] = ']';
    cf_api_request asked = {.content_type = CF_BYTES("application/json"), .body = cf_bytes_of(body)};
    f.large = true;
    harness_begin(&f.h);
    f.call = cf_api_handle(f.h.node, &asked, done, &f);
    assert_non_null(f.call);
    size_t turns = 0;
    for (; f.answers == 0; turns++) {
        (void)harness_end_turn(&f.h);
        harness_begin(&f.h);
        cf_node_go_on(f.h.node);
    }
    harness_end(&f.h);
    assert_int_equal(f.status, 200);
    assert_true(turns >= HISTORIES * MESSAGES * CF_WORK_ENTRY / (CF_TURN_LIMITS.work + CF_TURN_LIMITS.share));
}

static void test_a_burst_closes_nobody_who_reads(void **state)
{
    enum { READERS = 5, MESSAGES = 20000 };
    static char body[2000000] = "[";
    static harness_client readers[READERS];
    static const char command[] = "{\"method\":\"publish\",\"params\":{\"channel\":\"x\",\"data\":\"0123456789\"}},";
    (void)state;
    f.h.config.insecure = true;
    f.h.config.client_queue_max_size = 200000;
    for (size_t i = 0; i < READERS; i++) {
        harness_connect(&f.h, &readers[i], "1");
        harness_send(&readers[i], "{\"method\":\"subscribe\",\"params\":{\"channel\":\"x\"}}");
        harness_forget(&readers[i]);
        readers[i].quiet = true;
        readers[i].received = 0;
        readers[i].window = 20000;
    }
    for (size_t i = 0; i < MESSAGES; i++)
        memcpy(body + 1 + i * (sizeof(command) - 1), command, sizeof(command));
    body[strlen(body) - 1] = ']';
    cf_api_request asked = {.content_type = CF_BYTES("application/json"), .body = cf_bytes_of(body)};
    f.large = true;
    size_t most = 0;
    harness_begin(&f.h);
    f.call = cf_api_handle(f.h.node, &asked, done, &f);
    for (size_t turns = 0; turns < 1000 && readers[READERS - 1].received < MESSAGES; turns++) {
        harness_end(&f.h);
        harness_begin(&f.h);
        for (size_t i = 0; i < READERS; i++) {
            assert_false(readers[i].closed);
            cf_session_writable(readers[i].session);
            most = cf_session_outbox(readers[i].session)->bytes > most ? cf_session_outbox(readers[i].session)->bytes : most;
        }
    }
    harness_end(&f.h);
    assert_int_equal(f.status, 200);
    assert_true(most < 200000);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(readers[i].received, MESSAGES);
}

static void test_a_broadcast_waits_and_leaves_no_channel_out(void **state)
{
    static harness_client reader;
    (void)state;
    f.h.config.insecure = true;
    f.h.config.client_queue_max_size = 2000;
    harness_connect(&f.h, &reader, "1");
    harness_send(&reader, "[{\"method\":\"subscribe\",\"params\":{\"channel\":\"x\"}},"
                          "{\"method\":\"subscribe\",\"params\":{\"channel\":\"y\"}}]");
    harness_forget(&reader);
    reader.blocked = true;
    while (cf_session_outbox(reader.session)->memory <= 1000)
        post("{\"method\":\"publish\",\"params\":{\"channel\":\"x\",\"data\":1}}");
    post("{\"method\":\"broadcast\",\"params\":{\"channels\":[\"z\",\"y\",\"x\"],\"data\":\"all\"}}");
    assert_int_equal(f.answers, 0);
    reader.blocked = false;
    harness_begin(&f.h);
    cf_session_writable(reader.session);
    harness_end(&f.h);
    expect(200, "[{\"method\":\"broadcast\",\"error\":null,\"body\":null}]");
    size_t count = reader.count;
    assert_true(count >= 3);
    for (size_t i = 0; i < count; i++) {
        const char *message = harness_next(&reader);
        assert_true((i >= count - 2) == (strstr(message, "\"data\":\"all\"") != NULL));
    }
}

static void test_requests_under_way_are_bounded(void **state)
{
    (void)state;
    cf_node_services(f.h.node)->api_bytes = CF_API_REQUESTS_MAX - 10;
    post("[{\"method\":\"stats\"}]");
    expect(503, "Service Unavailable\n");
    cf_node_services(f.h.node)->api_bytes = 0;
    f.large = true;
    post("[{\"method\":\"stats\"}]");
    expect(200, NULL);
    assert_int_equal(cf_node_services(f.h.node)->api_bytes, 0);
}

static void test_answers_under_way_are_bounded(void **state)
{
    static const char history[] = "{\"method\":\"history\",\"params\":{\"channel\":\"x\"}},";
    static char data[40000] = "\"";
    static char body[100 * sizeof(history)] = "[";
    size_t *replies = &cf_node_services(f.h.node)->api_replies;
    (void)state;
    f.h.config.channel.history_size = 1;
    f.h.config.channel.history_lifetime = 60;
    memset(data + 1, 'x', sizeof(data) - 2);
    harness_begin(&f.h);
    cf_node_publish(f.h.node, CF_BYTES("x"), (cf_bytes){data, sizeof(data) - 1}, (cf_bytes){0}, (cf_bytes){0}, published, NULL);
    harness_end(&f.h);
    for (size_t i = 0; i < 100; i++)
        strcat(body, history);
    body[strlen(body) - 1] = ']';
    *replies = CF_API_REPLIES_MAX;
    f.large = true;
    post("[{\"method\":\"stats\"}]");
    expect(200, NULL);
    post(body);
    expect(503, NULL);
    assert_int_equal(*replies, CF_API_REPLIES_MAX);
    *replies = 0;
    post(body);
    expect(200, NULL);
    assert_int_equal(*replies, 0);
}

/* Those who ask come in one turn; what a list of channels costs is known only when it is there. */
static void test_between_two_long_lists_others_are_served(void **state)
{
    enum { ASKERS = 5, CHANNELS = 1000 };
    static harness_client reader;
    char text[100];
    (void)state;
    f.h.config.client_channel_limit = CHANNELS;
    harness_connect(&f.h, &reader, "1");
    for (size_t i = 0; i < CHANNELS; i++) {
        snprintf(text, sizeof text, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"c%zu\"}}", i);
        harness_send(&reader, text);
        harness_forget(&reader);
    }
    cf_turn *turn = &cf_node_services(f.h.node)->turn;
    turn->limits = (cf_turn_limits){.input = 100, .work = 200, .share = 200, .writes = 1000, .pushes = 1000};
    f.large = true;
    cf_api_request asked = {.content_type = CF_BYTES("application/json"), .body = CF_BYTES("[{\"method\":\"channels\"}]")};
    uint64_t work = 0; /* of a round */
    harness_begin(&f.h);
    for (size_t i = 0; i < ASKERS; i++) {
        (void)cf_api_handle(f.h.node, &asked, done, &f);
        work += turn->work;
        (void)harness_end_turn(&f.h);
        harness_begin(&f.h);
    }
    while (f.answers < ASKERS) {
        harness_feed(&reader, "{\"method\":\"ping\",\"uid\":\"p\"}");
        (void)harness_end_turn(&f.h);
        assert_non_null(strstr(harness_next(&reader), "\"p\""));
        assert_true(work < 2 * CHANNELS * CF_WORK_ENTRY);
        harness_begin(&f.h);
        cf_node_go_on(f.h.node);
        work = turn->work;
    }
    harness_end(&f.h);
    harness_forget(&reader);
}

static void wait_for_a_turn(void)
{
    static const char body[] = "[{\"method\":\"stats\"},{\"method\":\"stats\"}]";
    cf_api_request asked = {.content_type = CF_BYTES("application/json"), .body = cf_bytes_of(body)};
    cf_node_services(f.h.node)->turn.limits.share = 1;
    harness_begin(&f.h);
    f.call = cf_api_handle(f.h.node, &asked, done, &f);
    assert_non_null(f.call);
}

static void test_what_waits_when_the_node_ends_is_given_back(void **state)
{
    (void)state;
    wait_for_a_turn();
    cf_api_cancel(f.call);
    harness_stop(&f.h);
    assert_int_equal(f.answers, 0);
}

static void test_what_waits_for_its_turn_when_the_node_ends_is_answered(void **state)
{
    (void)state;
    wait_for_a_turn();
    harness_stop(&f.h);
    expect(503, "Service Unavailable\n");
}

int main(void)
{
#define TEST(name)      cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define SLOW_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_slow, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_good_sign_is_needed),
        TEST(test_what_is_no_command_is_a_bad_request),
        TEST(test_the_answer_is_always_an_array),
        TEST(test_forms),
        TEST(test_the_sign_of_a_form_is_over_its_data),
        TEST(test_publish_reaches_subscribers),
        TEST(test_errors_that_are_not_fatal),
        TEST(test_broadcast),
        TEST(test_a_fatal_command_ends_the_batch_after_what_was_done),
        TEST(test_requests_are_counted),
        SLOW_TEST(test_a_bad_name_in_a_broadcast_is_told_when_the_others_are_answered),
        SLOW_TEST(test_commands_are_carried_out_one_after_the_other),
        SLOW_TEST(test_publishes_are_under_way_together_and_answered_in_their_order),
        SLOW_TEST(test_questions_wait_for_publishes_and_not_for_each_other),
        SLOW_TEST(test_publishes_that_are_under_way_are_bounded),
        SLOW_TEST(test_a_fatal_command_is_told_when_those_before_it_are_answered),
        SLOW_TEST(test_a_request_that_is_refused_in_the_middle_ends_when_all_is_answered),
        SLOW_TEST(test_without_memory_what_is_under_way_is_waited_for),
        SLOW_TEST(test_a_cancelled_call_is_carried_out_without_an_answer),
        SLOW_TEST(test_a_call_that_waits_when_the_node_ends_is_answered),
        TEST(test_without_memory_there_is_an_error_and_no_leak),
        TEST(test_a_long_array_takes_several_turns),
        TEST(test_large_answers_take_several_turns),
        TEST(test_a_burst_closes_nobody_who_reads),
        TEST(test_a_broadcast_waits_and_leaves_no_channel_out),
        TEST(test_requests_under_way_are_bounded),
        TEST(test_answers_under_way_are_bounded),
        TEST(test_between_two_long_lists_others_are_served),
        TEST(test_what_waits_when_the_node_ends_is_given_back),
        TEST(test_what_waits_for_its_turn_when_the_node_ends_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/broker.h"
#include "server/session_state.h"
#include "server/test/harness.h"
#include "server/test/slow_engine.h"
#include "wire/v1/v1.h"

/* Two dialects on one node: version 1, and one of words, a command a line: "ID METHOD CHANNEL DATA". */

/* ---- the dialect of words ------------------------------------------------ */

static cf_bytes take_until(cf_bytes *text, char end)
{
    size_t size = 0;
    while (size < text->size && text->data[size] != end)
        size++;
    cf_bytes word = cf_bytes_slice(*text, 0, size);
    *text = cf_bytes_slice(*text, size + 1, text->size);
    return word;
}

typedef struct lines {
    size_t size;   /* of the message */
    cf_bytes rest; /* what is not taken yet */
} lines;

static lines *lines_of(cf_dialect_cursor *cursor)
{
    return (lines *)cursor->state;
}

/* As texts it takes nothing. */
static size_t begin(cf_dialect_cursor *cursor, cf_bytes message, bool binary, cf_buffer *scratch)
{
    size_t count = 0;
    cf_buffer_clear(scratch);
    *lines_of(cursor) = (lines){.size = message.size, .rest = message};
    for (; message.size > 0; count++)
        take_until(&message, '\n');
    return binary && cf_buffer_reserve(scratch, 1) ? count : 0;
}

static void next(cf_dialect_cursor *cursor, cf_command *command, cf_buffer *scratch)
{
    (void)scratch;
    cf_bytes line = take_until(&lines_of(cursor)->rest, '\n');
    command->uid = take_until(&line, ' ');
    command->method = cf_method_of(take_until(&line, ' '));
    command->params = line;
}

static void move(cf_dialect_cursor *cursor, const char *message)
{
    lines *own = lines_of(cursor);
    own->rest.data = message + (own->size - own->rest.size);
}

static bool connect_params(cf_bytes text, cf_connect_params *out, cf_buffer *scratch)
{
    (void)scratch;
    *out = (cf_connect_params){.user = text};
    return true;
}

static bool subscribe_params(cf_bytes text, cf_subscribe_params *out, cf_buffer *scratch)
{
    (void)scratch;
    *out = (cf_subscribe_params){.channel = text};
    return true;
}

static bool params(cf_method method, cf_bytes text, cf_params *out, cf_buffer *scratch)
{
    (void)method;
    (void)scratch;
    cf_bytes channel = take_until(&text, ' ');
    *out = (cf_params){.channel = channel, .data = text};
    return true;
}

static void append_word(cf_buffer *out, cf_bytes word)
{
    if (out->size > 0 && out->data[out->size - 1] != '\n')
        cf_buffer_append_byte(out, ' ');
    cf_buffer_append(out, word);
}

static void reply(cf_buffer *out, const cf_reply *reply)
{
    append_word(out, reply->uid);
    append_word(out, cf_method_name(reply->method));
    cf_buffer_append_byte(out, ' ');
    cf_buffer_append_int(out, cf_trouble_facts_of(reply->trouble)->number);
    if (cf_trouble_facts_of(reply->trouble)->temporary)
        cf_buffer_append(out, CF_BYTES("!"));
}

static void between(cf_buffer *out, size_t nth, size_t of)
{
    if (nth > 0 && nth < of)
        cf_buffer_append_byte(out, '\n');
}

static void publication(cf_buffer *out, const cf_publication *publication)
{
    append_word(out, publication->channel);
    append_word(out, publication->data);
}

static void join_leave(cf_buffer *out, cf_method method, cf_bytes channel, const cf_client_info *info)
{
    append_word(out, cf_method_name(method));
    append_word(out, channel);
    append_word(out, info->user);
}

static void unsubscribed(cf_buffer *out, cf_bytes channel)
{
    append_word(out, CF_BYTES("out"));
    append_word(out, channel);
}

static uint16_t end(cf_buffer *reason, cf_trouble trouble)
{
    cf_buffer_append(reason, cf_trouble_text(trouble));
    return cf_trouble_facts_of(trouble)->code;
}

static const cf_dialect words = {
    .binary = true,
    .begin = begin,
    .next = next,
    .move = move,
    .connect_params = connect_params,
    .subscribe_params = subscribe_params,
    .params = params,
    .reply = reply,
    .between = between,
    .publication = publication,
    .join_leave = join_leave,
    .unsubscribed = unsubscribed,
    .end = end,
};

/* ---- the clients --------------------------------------------------------- */

static harness h;
static harness_client json, other;
static cf_transport_ops other_ops;

static void start(cf_engine_maker engine)
{
    harness_init(&h);
    h.config.channel.publish = true;
    h.config.channel.join_leave = true;
    assert_true(harness_start(&h, engine));
    harness_connect(&h, &json, "1");
    harness_open(&h, &other);
    other_ops = *other.session->ops;
    other_ops.dialect = &words;
    other.session->ops = &other_ops;
    other.binary = true;
    harness_ask(&other, "1 connect 2", "1 connect 0");
}

static int teardown(void **state)
{
    (void)state;
    harness_stop(&h);
    harness_forget(&json);
    harness_forget(&other);
    return 0;
}

#define SUBSCRIBE "{\"method\":\"subscribe\",\"params\":{\"channel\":\"x\"}}"
#define PUBLISH   "{\"method\":\"publish\",\"params\":{\"channel\":\"x\",\"data\":1}}"

static void expect_found(harness_client *client, const char *part)
{
    const char *message = harness_next(client);
    if (strstr(message, part) == NULL)
        fail_msg("%s is not in %s", part, message);
}

static void ignore_done(void *user, cf_trouble trouble)
{
    (void)user;
    assert_int_equal(trouble, CF_TROUBLE_NONE);
}

/* What is pushed comes to each in his own dialect, and the publisher's own message before the answer. */
static void each_hears_his_own_dialect(void **state)
{
    (void)state;
    start(cf_engine_memory_new);
    harness_send(&json, SUBSCRIBE);
    harness_forget(&json);
    harness_send(&other, "2 subscribe x");
    harness_expect(&other, "join x 2");
    harness_expect(&other, "2 subscribe 0");
    expect_found(&json, "{\"method\":\"join\",\"body\":{\"channel\":\"x\",\"data\":{\"user\":\"2\"");
    harness_send(&other, "3 publish x [2]");
    harness_expect(&other, "x [2]");
    harness_expect(&other, "3 publish 0");
    expect_found(&json, ",\"channel\":\"x\",\"data\":[2]}}");
    harness_send(&json, PUBLISH);
    expect_found(&json, "\"data\":1}}");
    expect_found(&json, "\"status\":true");
    harness_expect(&other, "x 1");
}

static void troubles_and_ends_have_numbers_there(void **state)
{
    (void)state;
    start(cf_engine_memory_new);
    harness_send(&other, "2 subscribe x\n3 subscribe x\n4 publish y 1");
    harness_expect(&other, "join x 2");
    harness_expect(&other, "2 subscribe 0\n3 subscribe 105\n4 publish 103");
    harness_begin(&h);
    cf_node_unsubscribe(h.node, CF_BYTES("2"), CF_BYTES("x"), ignore_done, NULL);
    harness_end(&h);
    harness_expect(&other, "leave x 2");
    harness_expect(&other, "out x");
    harness_begin(&h);
    cf_node_disconnect(h.node, CF_BYTES("2"), ignore_done, NULL);
    harness_end(&h);
    assert_true(other.closed);
    assert_int_equal(other.code, 3503);
    assert_string_equal(other.reason, "disconnect");
}

/* Who leaves of one audience takes nothing from the other one. */
static void members_of_two_dialects_come_and_go(void **state)
{
    (void)state;
    start(cf_engine_memory_new);
    h.config.channel.join_leave = false;
    for (int i = 0; i < 3; i++) {
        harness_ask(&other, "2 subscribe x", "2 subscribe 0");
        harness_send(&json, SUBSCRIBE);
        harness_forget(&json);
        harness_ask(&other, "3 unsubscribe x", "3 unsubscribe 0");
        harness_send(&json, PUBLISH);
        expect_found(&json, "\"data\":1}}");
        harness_forget(&json);
        harness_expect_nothing(&other);
        harness_send(&json, "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"x\"}}");
        harness_forget(&json);
    }
}

static void a_message_waits_for_the_engine_in_any_dialect(void **state)
{
    (void)state;
    start(slow_engine_new);
    h.config.channel.join_leave = false;
    harness_send(&other, "2 subscribe x\n3 subscribe y\n4 publish x [5]\n5 ping");
    harness_send(&other, "7 ping"); /* kept, and still binary then */
    harness_expect_nothing(&other);
    harness_begin(&h);
    slow_engine_answer_all(cf_node_services(h.node)->broker->engine);
    harness_end(&h);
    harness_expect(&other, "x [5]");
    harness_expect(&other, "2 subscribe 0\n3 subscribe 0\n4 publish 0\n5 ping 0");
    harness_expect(&other, "7 ping 0");
    harness_send(&other, "6 publish x 1");
    harness_begin(&h);
    slow_engine_answer(cf_node_services(h.node)->broker->engine, CF_ENGINE_UNAVAILABLE);
    harness_end(&h);
    harness_expect(&other, "6 publish 100!");
}

static void a_dialect_is_told_what_kind_of_frame_it_was(void **state)
{
    (void)state;
    start(cf_engine_memory_new);
    json.binary = true;
    harness_begin(&h);
    harness_feed(&json, "{\"uid\":\"2\",\"method\":\"ping\"}");
    json.binary = false; /* what it gets are texts */
    harness_end(&h);
    harness_expect(&json, "{\"uid\":\"2\",\"method\":\"ping\"}");
    other.binary = false;
    harness_send(&other, "2 ping");
    assert_true(other.closed);
    assert_string_equal(other.reason, "invalid message");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_hears_his_own_dialect, teardown),
        cmocka_unit_test_teardown(troubles_and_ends_have_numbers_there, teardown),
        cmocka_unit_test_teardown(members_of_two_dialects_come_and_go, teardown),
        cmocka_unit_test_teardown(a_message_waits_for_the_engine_in_any_dialect, teardown),
        cmocka_unit_test_teardown(a_dialect_is_told_what_kind_of_frame_it_was, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

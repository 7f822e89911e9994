#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/test/harness.h"
#include "server/transport/sockjs.h"
#include "server/transport/upgrade.h"
#include "sockjs/session.h"
#include "system/heap.h"

/* Streamed answers of SockJS sessions: what goes out at one time, and how a stream ends that cannot go on. */

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define ANSWER_MAX 1000 /* bytes */

/* An exchange that keeps its answer; in place of server/net/exchange.c. */
struct cf_http_exchange {
    cf_http_request request;
    cf_buffer answer;
    size_t writes; /* of what would be one system call each */
    int status;    /* of an answer in one piece */
    bool takes_nothing;
    bool begun;
    bool ended;
    void (*abort)(void *user);
    void *user;
};

static harness h;
static cf_sockjs_server *server;
static cf_http_exchange stream, sender, second;

/* ---- the exchange ---- */

static void keep(cf_http_exchange *self, const cf_bytes *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cf_buffer_append(&self->answer, parts[i]);
}

void cf_http_exchange_respond(cf_http_exchange *self, const cf_http_response *response)
{
    self->status = response->status;
    self->ended = true;
}

void cf_http_exchange_on_abort(cf_http_exchange *self, void (*abort)(void *user), void *user)
{
    self->abort = abort;
    self->user = user;
}

void cf_http_exchange_begin(cf_http_exchange *self, const cf_http_response *response, void (*written)(void *user))
{
    (void)written;
    assert_int_equal(response->status, 200);
    keep(self, &response->body, 1);
    self->begun = true;
}

bool cf_http_exchange_write(cf_http_exchange *self, const cf_bytes *parts, size_t count)
{
    assert_true(self->begun && !self->ended);
    if (self->takes_nothing)
        return false;
    self->writes++;
    keep(self, parts, count);
    return true;
}

void cf_http_exchange_end(cf_http_exchange *self, const cf_bytes *parts, size_t count)
{
    assert_true(self->begun && !self->ended);
    self->writes++;
    keep(self, parts, count);
    self->ended = true;
}

size_t cf_http_exchange_waiting(const cf_http_exchange *self)
{
    (void)self;
    return 0;
}

void cf_http_exchange_watch(cf_http_exchange *self)
{
    (void)self;
}

const cf_http_request *cf_http_exchange_request(const cf_http_exchange *self)
{
    return &self->request;
}

void cf_upgrade_request(cf_services *services, cf_http_exchange *exchange, const cf_http_request *request,
                        cf_websocket_kind kind, cf_deflate *deflate)
{
    (void)services;
    (void)exchange;
    (void)request;
    (void)kind;
    (void)deflate;
    fail();
}

/* ---- the scene ---- */

static int setup(void **state)
{
    static const cf_sockjs_options options = {.answer_max = ANSWER_MAX, .strangers_max = 10};
    (void)state;
    harness_init(&h);
    if (!harness_start(&h, cf_engine_memory_new))
        return -1;
    server = cf_sockjs_server_new(cf_node_services(h.node), &options);
    return server == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    cf_sockjs_server_free(server);
    harness_stop(&h);
    cf_buffer_free(&stream.answer);
    return 0;
}

static void ask(cf_http_exchange *self, const char *path, const char *query, const char *body)
{
    cf_bytes text = cf_bytes_of(body);
    *self = (cf_http_exchange){.request = {.method = text.size > 0 || query[0] == 0 ? CF_BYTES("POST") : CF_BYTES("GET"),
                                           .get = query[0] != 0,
                                           .query = cf_bytes_of(query),
                                           .body = text}};
    cf_buffer_init(&self->answer, &cf_heap, CF_BUFFER_NO_LIMIT);
    harness_begin(&h);
    cf_sockjs_server_request(server, self, &self->request, cf_bytes_of(path));
    harness_end(&h);
}

static void open_stream(const char *path, const char *query)
{
    ask(&stream, path, query, "");
    ask(&sender, "0/s/xhr_send", "",
        "[\"{\\\"method\\\":\\\"connect\\\",\\\"params\\\":{\\\"user\\\":\\\"\\\",\\\"info\\\":\\\"\\\"}}\","
        "\"{\\\"method\\\":\\\"subscribe\\\",\\\"params\\\":{\\\"channel\\\":\\\"x\\\"}}\"]");
    assert_true(sender.ended && sender.status == 204 && !stream.ended);
    cf_buffer_clear(&stream.answer);
    stream.writes = 0;
}

static void note_trouble(void *user, cf_trouble trouble)
{
    *(cf_trouble *)user = trouble;
}

/* False: the publisher is told that it was not done. */
static bool publish(const char *data)
{
    cf_trouble trouble = CF_TROUBLE_NONE;
    harness_begin(&h);
    cf_node_publish(h.node, CF_BYTES("x"), cf_bytes_of(data), CF_BYTES(""), CF_BYTES(""), note_trouble, &trouble);
    harness_end(&h);
    return trouble == CF_TROUBLE_NONE;
}

static bool has(const char *text)
{
    return cf_bytes_find(cf_buffer_bytes(&stream.answer), cf_bytes_of(text)) >= 0;
}

/* Over ANSWER_MAX. */
static void fill_answer(void)
{
    char data[ANSWER_MAX + 3];
    memset(data, '7', ANSWER_MAX + 2);
    data[ANSWER_MAX + 2] = 0;
    assert_true(publish(data));
    assert_true(stream.ended);
}

/* ---- the tests ---- */

/* Each allocation on the way of a message fails in turn: its client gets it, or comes back for it. */
static void a_stream_whose_message_had_no_memory_ends(void **state)
{
    bool whole = false;
    (void)state;
    for (size_t n = 1; !whole; n++) {
        open_stream("0/s/htmlfile", "c=f");
        h.fail_at = n;
        bool published = publish("\"news\"");
        whole = h.fail_at > 0;
        h.fail_at = 0;
        assert_true(has("news") || stream.ended || !published);
        if (!stream.ended)
            stream.abort(stream.user);
        cf_buffer_free(&stream.answer);
        harness_pass(&h, CF_SOCKJS_DISCONNECT_DELAY + 100); /* one that was closed is remembered for so long */
    }
}

static void a_stream_that_takes_nothing_more_ends(void **state)
{
    (void)state;
    open_stream("0/s/xhr_streaming", "");
    stream.takes_nothing = true;
    assert_true(publish("1"));
    assert_true(stream.ended);
    assert_false(cf_sockjs_server_has_session(server, CF_BYTES("0/s/xhr_streaming")));
}

static void a_further_stream_begins_with_what_comes_next(void **state)
{
    (void)state;
    open_stream("0/s/xhr_streaming", "");
    fill_answer();
    cf_buffer_free(&stream.answer);
    ask(&stream, "0/s/xhr_streaming", "", "");
    assert_false(stream.begun);
    assert_true(publish("42"));
    assert_int_equal(stream.writes, 1);
    assert_true(has("hhh\na[\"") && has("42"));
}

static void a_further_stream_begins_without_a_message_too(void **state)
{
    (void)state;
    open_stream("0/s/eventsource", "a=b");
    fill_answer();
    cf_buffer_free(&stream.answer);
    ask(&stream, "0/s/eventsource", "a=b", "");
    harness_pass(&h, 200);
    assert_true(stream.begun && !stream.ended);
    assert_int_equal(stream.answer.size, 2);
}

/* Each allocation of the answer fails in turn: he is told why, or that the server cannot. */
static void a_second_receiver_is_never_answered_with_nothing(void **state)
{
    bool whole = false;
    (void)state;
    open_stream("0/s/xhr_streaming", "");
    for (size_t n = 1; !whole; n++) {
        h.fail_at = n;
        ask(&second, "0/s/xhr_streaming", "", "");
        whole = h.fail_at > 0;
        h.fail_at = 0;
        assert_true(second.ended);
        assert_true(second.status == 503 || cf_bytes_find(cf_buffer_bytes(&second.answer), CF_BYTES("c[2010,")) >= 0);
        cf_buffer_free(&second.answer);
    }
    assert_int_equal(second.status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stream_whose_message_had_no_memory_ends),        TEST(a_stream_that_takes_nothing_more_ends),
        TEST(a_further_stream_begins_with_what_comes_next),     TEST(a_further_stream_begins_without_a_message_too),
        TEST(a_second_receiver_is_never_answered_with_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

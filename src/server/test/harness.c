#include "server/test/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ws/frame.h"
#include "wire/v1/v1.h"

/* Each block begins with its size, so that the sum is known. */
#define HEAD 16

static bool refused(harness *h)
{
    h->allocations++;
    if (h->fail_at == 0)
        return false;
    if (h->fail_at > 1) {
        h->fail_at--;
        return false;
    }
    if (!h->fail_on)
        h->fail_at = 0;
    return true;
}

static void *resize(void *user, void *memory, size_t size)
{
    harness *h = user;
    char *block = memory == NULL ? NULL : (char *)memory - HEAD;
    size_t old = 0;
    if (block != NULL)
        memcpy(&old, block, sizeof old);
    if (size == 0) {
        h->live -= block != NULL;
        h->bytes -= old;
        free(block);
        return NULL;
    }
    if (refused(h))
        return NULL;
    char *moved = realloc(block, size + HEAD);
    if (moved == NULL)
        abort();
    memcpy(moved, &size, sizeof size);
    h->live += block == NULL;
    h->bytes += size - old;
    return moved + HEAD;
}

static void random_bytes(void *user, void *out, size_t size)
{
    harness *h = user;
    for (size_t i = 0; i < size; i++) {
        h->random = h->random * 6364136223846793005u + 1442695040888963407u;
        ((unsigned char *)out)[i] = (unsigned char)(h->random >> 56);
    }
}

static void log_line(void *user, cf_server_log level, cf_bytes text)
{
    harness *h = user;
    (void)text;
    h->logged += level >= CF_SERVER_ERROR;
}

static uint64_t microseconds(void *user)
{
    const harness *h = user;
    return (uint64_t)h->now * 1000;
}

static void enter(void *user)
{
    harness *h = user;
    if (!h->in_turn)
        harness_begin(h);
}

void harness_init(harness *h)
{
    memset(h, 0, sizeof *h);
    h->allocator = (cf_allocator){resize, h};
    h->environment = (cf_server_environment){
        .allocator = &h->allocator,
        .random = random_bytes,
        .log = log_line,
        .microseconds = microseconds,
        .enter = enter,
        .user = h,
    };
    h->random = 1;
    h->now = 5000000;
    h->unix_time = 1700000000;
    cf_config_default(&h->config);
    h->config.insecure = true;
    h->config.name = CF_BYTES("test");
}

bool harness_start(harness *h, cf_engine_maker engine)
{
    h->node = cf_node_new(&h->environment, &h->config, engine, h->now, h->unix_time + h->now / 1000);
    return h->node != NULL;
}

void harness_stop(harness *h)
{
    cf_node_free(h->node);
    h->node = NULL;
    assert_int_equal(h->live, 0);
    assert_int_equal(h->bytes, 0);
}

/* ---- the transport ------------------------------------------------------- */

static void keep(harness_client *client, cf_bytes text)
{
    client->received++;
    if (client->quiet)
        return;
    assert_true(client->count < CLIENT_MESSAGES);
    char *copy = malloc(text.size + 1);
    assert_non_null(copy);
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    client->messages[client->count++] = copy;
}

/* Whole frames; returns the bytes. */
static size_t write_frames(harness_client *client, cf_bytes frames, size_t room)
{
    size_t written = 0;
    while (written < frames.size && written < room) {
        cf_ws_opcode opcode;
        cf_bytes payload;
        size_t size = cf_ws_own_frame(cf_bytes_slice(frames, written, frames.size), &opcode, &payload);
        assert_true(size > 0);
        assert_int_equal(opcode, client->binary ? CF_WS_BINARY : CF_WS_TEXT);
        keep(client, payload);
        written += size;
    }
    return written;
}

static void flush(void *transport, cf_session *session)
{
    harness_client *client = transport;
    size_t room = client->window > 0 ? client->window : SIZE_MAX;
    cf_bytes slice;
    client->flushes++;
    while (!client->blocked && room > 0 && cf_outbox_peek(cf_session_outbox(session), &slice, 1) > 0) {
        size_t written = write_frames(client, slice, room);
        room = written < room ? room - written : 0;
        cf_session_written(session, written);
    }
}

static void pause_reading(void *transport, bool pause)
{
    harness_client *client = transport;
    assert_true(client->paused != pause);
    client->paused = pause;
}

static void close_transport(void *transport, int code, cf_bytes reason)
{
    harness_client *client = transport;
    assert_false(client->closed);
    client->closed = true;
    client->code = code;
    snprintf(client->reason, sizeof client->reason, "%.*s", (int)reason.size, reason.data);
    client->session = NULL;
}

static const cf_transport_ops transport_ops = {
    .name = "test",
    .dialect = &cf_wire_v1,
    .flush = flush,
    .pause = pause_reading,
    .close = close_transport,
};

/* ---- what a test does ---------------------------------------------------- */

void harness_begin(harness *h)
{
    h->in_turn = true;
    cf_node_begin_turn(h->node, h->now, h->unix_time + h->now / 1000);
}

bool harness_end_turn(harness *h)
{
    h->in_turn = false;
    return cf_node_end_turn(h->node) <= h->now;
}

void harness_end(harness *h)
{
    while (harness_end_turn(h)) {
        harness_begin(h);
        cf_node_go_on(h->node);
    }
}

void harness_turn(harness *h)
{
    harness_begin(h);
    harness_end(h);
}

void harness_pass(harness *h, int64_t milliseconds)
{
    for (int64_t end = h->now + milliseconds; h->now < end;) {
        h->now += end - h->now < CF_WHEEL_TICK ? end - h->now : CF_WHEEL_TICK;
        harness_turn(h);
    }
}

void harness_open(harness *h, harness_client *client)
{
    memset(client, 0, sizeof *client);
    client->harness = h;
    harness_begin(h);
    client->session = cf_session_new(cf_node_services(h->node), &transport_ops, client);
    if (client->session != NULL)
        memcpy(client->id, cf_session_id(client->session).data, CF_UUID_SIZE);
    harness_end(h);
}

void harness_feed(harness_client *client, const char *text)
{
    cf_node_begin_share(client->harness->node);
    if (client->session != NULL)
        cf_session_receive(client->session, client->binary ? CF_WS_BINARY : CF_WS_TEXT, cf_bytes_of(text));
}

void harness_send(harness_client *client, const char *text)
{
    harness_begin(client->harness);
    harness_feed(client, text);
    harness_end(client->harness);
}

void harness_connect(harness *h, harness_client *client, const char *user)
{
    char text[512];
    harness_open(h, client);
    snprintf(text, sizeof text, "{\"uid\":\"1\",\"method\":\"connect\",\"params\":{\"user\":\"%s\"}}", user);
    harness_send(client, text);
    assert_non_null(strstr(harness_next(client), "\"method\":\"connect\",\"body\":{"));
}

const char *harness_next(harness_client *client)
{
    static char last[65536];
    if (client->count == 0)
        fail_msg("a message was expected, none came%s%s", client->closed ? "; closed: " : "", client->reason);
    snprintf(last, sizeof last, "%s", client->messages[0]);
    free(client->messages[0]);
    memmove(&client->messages[0], &client->messages[1], --client->count * sizeof(char *));
    return last;
}

/* Compares with the placeholders of `pattern`; `at` moves behind what they stand for. */
static bool matches(const harness_client *client, const char *pattern, const char *text)
{
    while (*pattern != '\0') {
        if (strncmp(pattern, "$ID", 3) == 0) {
            if (strncmp(text, client->id, CF_UUID_SIZE) != 0)
                return false;
            pattern += 3;
            text += CF_UUID_SIZE;
        } else if (strncmp(pattern, "$M", 2) == 0 || strncmp(pattern, "$V", 2) == 0) {
            size_t size = strcspn(text, "\"");
            if (pattern[1] == 'M' && size != CF_MESSAGE_ID_SIZE)
                return false;
            pattern += 2;
            text += size;
        } else if (*pattern++ != *text++) {
            return false;
        }
    }
    return *text == '\0';
}

void harness_expect(harness_client *client, const char *text)
{
    const char *got = harness_next(client);
    if (!matches(client, text, got))
        fail_msg("\nexpected %s\nbut got  %s", text, got);
}

void harness_ask(harness_client *client, const char *text, const char *reply)
{
    harness_send(client, text);
    harness_expect(client, reply);
}

void harness_expect_nothing(harness_client *client)
{
    if (client->count > 0)
        fail_msg("no message was expected, but %s", client->messages[0]);
}

void harness_expect_closed(harness_client *client, const char *reason, bool reconnect)
{
    char text[256];
    snprintf(text, sizeof text, "{\"reason\":\"%s\",\"reconnect\":%s}", reason, reconnect ? "true" : "false");
    if (!client->closed)
        fail_msg("should be closed: %s", reason);
    assert_int_equal(client->code, CF_WS_CLOSE_ADVICE);
    assert_string_equal(client->reason, text);
    assert_null(client->session);
}

void harness_forget(harness_client *client)
{
    for (size_t i = 0; i < client->count; i++)
        free(client->messages[i]);
    client->count = 0;
}

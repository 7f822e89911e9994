/*
 * Bytes as the life of four clients on the memory engine. Each line of the
 * input is one step; its first byte says what happens (see act), the rest is the message.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "server/node.h"
#include "ws/frame.h"
#include "wire/v1/v1.h"
#include "system/heap.h"

#define CLIENTS 4

typedef struct world world;

typedef struct client {
    world *world;
    cf_session *session;
    bool blocked;
} client;

struct world {
    cf_node *node;
    cf_config config;
    cf_namespace namespaces[1];
    uint64_t random;
    cf_time now;
    client clients[CLIENTS];
};

static void random_bytes(void *user, void *out, size_t size)
{
    world *w = user;
    for (size_t i = 0; i < size; i++) {
        w->random = w->random * 6364136223846793005u + 1442695040888963407u;
        ((unsigned char *)out)[i] = (unsigned char)(w->random >> 56);
    }
}

static uint64_t microseconds(void *user)
{
    (void)user;
    return 0;
}

/* All that goes out is whole text frames with valid JSON. */
static void flush(void *transport, cf_session *session)
{
    client *self = transport;
    cf_bytes slice;
    while (!self->blocked && cf_outbox_peek(cf_session_outbox(session), &slice, 1) == 1) {
        cf_ws_opcode opcode;
        cf_bytes payload;
        size_t size;
        for (cf_bytes rest = slice; rest.size > 0; rest = cf_bytes_slice(rest, size, rest.size)) {
            size = cf_ws_own_frame(rest, &opcode, &payload);
            CF_ASSERT(size > 0 && opcode == CF_WS_TEXT && cf_json_valid(payload));
        }
        cf_session_written(session, slice.size);
    }
}

static void pause_reading(void *transport, bool pause)
{
    (void)transport;
    (void)pause;
    CF_ASSERT(false); /* the memory engine answers at once */
}

static void close_transport(void *transport, int code, cf_bytes reason)
{
    client *self = transport;
    CF_ASSERT(code == 0 || (code == CF_WS_CLOSE_ADVICE && cf_json_valid(reason)));
    self->session = NULL;
}

static const cf_transport_ops transport_ops = {
    .name = "fuzz",
    .dialect = &cf_wire_v1,
    .flush = flush,
    .pause = pause_reading,
    .close = close_transport,
};

static void ignore_done(void *user, cf_trouble trouble)
{
    (void)user;
    (void)trouble;
}

static void ignore_data(void *user, cf_trouble trouble, cf_bytes data)
{
    (void)user;
    (void)trouble;
    CF_ASSERT(cf_json_valid(data));
}

static void turn(world *w)
{
    cf_node_end_turn(w->node);
    cf_node_begin_turn(w->node, w->now, w->now / 1000);
}

static client *client_of(world *w, unsigned char byte)
{
    client *chosen = &w->clients[byte % CLIENTS];
    if (chosen->session == NULL) {
        chosen->blocked = false;
        chosen->session = cf_session_new(cf_node_services(w->node), &transport_ops, chosen);
    }
    return chosen;
}

static void ask(world *w, cf_bytes text)
{
    cf_node_publish(w->node, text, CF_BYTES("1"), CF_BYTES(""), text, ignore_done, NULL);
    cf_node_presence(w->node, text, ignore_data, NULL);
    cf_node_history(w->node, text, ignore_data, NULL);
    cf_node_channels(w->node, ignore_data, NULL);
}

static void act(world *w, unsigned char what, cf_bytes text)
{
    client *self = client_of(w, what);
    switch (what / CLIENTS % 16) {
    case 0:
        cf_session_gone(self->session);
        self->session = NULL;
        break;
    case 1:
        self->blocked = !self->blocked;
        break;
    case 2:
        w->now += 1000 * (cf_time)text.size;
        turn(w);
        break;
    case 3:
        cf_node_unsubscribe(w->node, CF_BYTES("1"), text, ignore_done, NULL);
        break;
    case 4:
        cf_node_disconnect(w->node, text, ignore_done, NULL);
        break;
    case 5:
        ask(w, text);
        break;
    case 6:
        turn(w);
        break;
    case 7:
        w->config.namespace_count = text.size % 2;
        cf_node_configure(w->node, &w->config);
        break;
    default:
        cf_session_receive(self->session, CF_WS_TEXT, text);
        break;
    }
}

static void configure(world *w)
{
    cf_channel_options all = {.watch = true,
                              .publish = true,
                              .anonymous = true,
                              .presence = true,
                              .join_leave = true,
                              .recover = true,
                              .history_size = 3,
                              .history_lifetime = 10};
    cf_config_default(&w->config);
    w->config.name = CF_BYTES("fuzz");
    w->config.insecure = true;
    w->config.client_queue_max_size = 20000;
    w->config.client_channel_limit = 8;
    w->config.channel = all;
    all.history_drop_inactive = true;
    w->namespaces[0] = (cf_namespace){CF_BYTES("n"), all};
    w->config.namespaces = w->namespaces;
    w->config.namespace_count = 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char hello[] = "{\"method\":\"connect\",\"params\":{\"user\":\"1\"}}";
    world *w = calloc(1, sizeof *w);
    if (w == NULL)
        return 0;
    configure(w);
    cf_server_environment environment = {
        .allocator = &cf_heap, .random = random_bytes, .microseconds = microseconds, .user = w};
    w->node = cf_node_new(&environment, &w->config, cf_engine_memory_new, 0, 0);
    cf_node_begin_turn(w->node, 0, 0);
    for (unsigned char i = 1; i < CLIENTS; i++) /* the first one has to connect by itself */
        cf_session_receive(client_of(w, i)->session, CF_WS_TEXT, cf_bytes_of(hello));
    const char *at = (const char *)data, *end = at + size;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (line_end == NULL)
            line_end = end;
        if (line_end > at)
            act(w, (unsigned char)at[0], cf_bytes_make(at + 1, (size_t)(line_end - at) - 1));
        at = line_end + 1;
    }
    turn(w);
    cf_node_free(w->node);
    free(w);
    return 0;
}

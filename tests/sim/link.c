#include "link.h"

#include "client.h"
#include "late.h"
#include "peer.h"
#include "server.h"
#include "sockjs.h"

#include <stdlib.h>
#include <string.h>

#define PING_INTERVAL 25000

static bool is_open(const sim_link *link, const sim_pipe *pipe)
{
    return !link->dark && (pipe == &link->down ? link->client != NULL : link->server_open);
}

void sim_link_write(sim_link *link, sim_pipe *pipe, cf_bytes bytes)
{
    if (is_open(link, pipe))
        sim_pipe_write(link->world, pipe, bytes);
}

void sim_link_end(sim_link *link, sim_pipe *pipe)
{
    sim_pipe_end(link->world, pipe);
}

static void choose_opening(sim_link *link)
{
    sim_world *world = link->world;
    link->state = SIM_LINK_OPENING;
    link->due =
        world->now + (world->calm ? 1 : (int64_t)sim_random_below(&world->random, (unsigned)world->scenario.delay_max + 1));
    if (world->calm)
        return;
    if (world->server != NULL && world->server->node == NULL)
        link->state = SIM_LINK_REFUSED;
    if (world->refuse > 0) {
        world->refuse--;
        link->state = SIM_LINK_REFUSED;
    } else if (world->hang > 0) {
        world->hang--;
        link->state = SIM_LINK_HANGING;
    }
}

sim_link *sim_link_new(sim_world *world, sim_client *client, uint32_t transport, size_t message_max)
{
    sim_link *link = sim_alloc(sizeof(*link));
    link->world = world;
    link->number = ++world->link_count;
    link->calm = world->calm;
    link->client = client;
    link->transport = transport;
    uint8_t bytes[16];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)sim_random_next(&world->random);
    cf_ws_make_key(bytes, link->key);
    cf_buffer_init(&link->head, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&link->late.frames, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_ws_decoder_init(&link->client_decoder, CF_WS_CLIENT, message_max, true, &sim_plain_allocator);
    cf_ws_decoder_init(&link->server_decoder, CF_WS_SERVER, 65536, false, &sim_plain_allocator);
    sim_pipe_init(&link->up);
    sim_pipe_init(&link->down);
    if (client != NULL && client->index == 0 && sim_sabotage_always(world, SIM_SABOTAGE_DEAF_CLIENT))
        link->down.stalled = CF_TIME_NEVER;
    if (client != NULL && world->scenario.sockjs && sim_random_chance(&world->random, 700))
        sim_sockjs_open(link);
    else
        choose_opening(link);
    cf_list_append(&world->links, &link->link);
    return link;
}

void sim_link_free(sim_link *link)
{
    cf_list_remove(&link->link);
    sim_pipe_clear(&link->up);
    sim_pipe_clear(&link->down);
    cf_buffer_free(&link->head);
    cf_buffer_free(&link->late.frames);
    cf_ws_decoder_free(&link->client_decoder);
    cf_ws_decoder_free(&link->server_decoder);
    free(link->held);
    free(link);
}

void sim_link_abandon(sim_link *link)
{
    if (link->sockjs != NULL) {
        sim_sockjs_close(link);
        return;
    }
    if (link->upgraded) {
        cf_buffer frame;
        cf_buffer_init(&frame, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
        static const uint8_t mask[4] = {1, 2, 3, 4};
        cf_ws_append_close(&frame, CF_WS_CLOSE_NORMAL, CF_BYTES(""), mask);
        sim_link_write(link, &link->up, cf_buffer_bytes(&frame));
        cf_buffer_free(&frame);
    }
    link->client = NULL;
    sim_pipe_clear(&link->down);
    sim_link_end(link, &link->up);
}

void sim_link_cut(sim_link *link)
{
    if (link->sockjs != NULL)
        sim_sockjs_cut(link);
    sim_pipe_clear(&link->up);
    sim_pipe_clear(&link->down);
    link->dark = false;
    link->down.stalled = 0;
    sim_link_end(link, &link->up);
    sim_link_end(link, &link->down);
}

/* ---- the client's end: handshake, frames, messages ---- */

static bool is_push(cf_bytes text)
{
    return cf_bytes_find(text, CF_BYTES("\"method\":\"message\"")) >= 0;
}

/* True when sabotage has dealt with the message. */
static bool spoil_message(sim_link *link, cf_bytes payload)
{
    sim_world *world = link->world;
    if (world->sabotage == SIM_SABOTAGE_NONE || !is_push(payload))
        return false;
    if (link->held != NULL) {
        sim_client_message(link, payload);
        if (link->client != NULL)
            sim_client_message(link, cf_bytes_make(link->held, link->held_size));
        free(link->held);
        link->held = NULL;
        return true;
    }
    if (sim_sabotage_now(world, SIM_SABOTAGE_DROP_MESSAGE))
        return true;
    if (sim_sabotage_now(world, SIM_SABOTAGE_DUPLICATE_MESSAGE))
        sim_client_message(link, payload);
    if (sim_sabotage_now(world, SIM_SABOTAGE_SWAP_MESSAGES)) {
        link->held = sim_alloc(payload.size);
        memcpy(link->held, payload.data, payload.size);
        link->held_size = payload.size;
        return true;
    }
    return link->client == NULL;
}

void sim_link_message(sim_link *link, cf_bytes text)
{
    if (!spoil_message(link, text))
        sim_client_message(link, text);
}

static void client_event(sim_link *link, const cf_ws_event *event)
{
    static const uint8_t mask[4] = {9, 8, 7, 6};
    cf_buffer pong;
    switch (event->kind) {
    case CF_WS_EVENT_MESSAGE:
        sim_link_message(link, event->payload);
        break;
    case CF_WS_EVENT_PING:
        cf_buffer_init(&pong, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
        cf_ws_append_frame(&pong, CF_WS_PONG, event->payload, mask);
        sim_link_write(link, &link->up, cf_buffer_bytes(&pong));
        cf_buffer_free(&pong);
        sim_client_alive(link);
        break;
    case CF_WS_EVENT_PONG:
        sim_client_alive(link);
        break;
    case CF_WS_EVENT_CLOSE:
        sim_link_end(link, &link->up);
        sim_client_closed(link, event->code, event->payload, CENTRIFUGE_ERROR_OK);
        break;
    case CF_WS_EVENT_ERROR:
        sim_link_end(link, &link->up);
        sim_client_closed(link, CF_CLOSE_ABNORMAL, CF_BYTES(""),
                          event->code == CF_WS_CLOSE_TOO_LARGE ? CENTRIFUGE_ERROR_LIMIT_MESSAGE_SIZE
                                                               : CENTRIFUGE_ERROR_PROTOCOL);
        break;
    case CF_WS_EVENT_NONE:
        break;
    }
}

static void client_frames(sim_link *link, char *data, size_t size)
{
    size_t used = 0;
    while (link->client != NULL) {
        cf_ws_event event;
        used += cf_ws_decoder_read(&link->client_decoder, data + used, size - used, &event);
        if (event.kind == CF_WS_EVENT_NONE)
            return;
        client_event(link, &event);
    }
}

/* The response head; what is behind it are frames already. */
static void client_head(sim_link *link, const char *data, size_t size)
{
    cf_buffer_append(&link->head, cf_bytes_make(data, size));
    size_t used = 0;
    int status = 0;
    const char *problem = NULL;
    cf_bytes key = {link->key, CF_WS_KEY_SIZE};
    switch (cf_ws_check_response(cf_buffer_bytes(&link->head), key, CF_BYTES(""), &used, &status, &problem)) {
    case CF_WS_RESPONSE_MORE:
        return;
    case CF_WS_RESPONSE_OK:
        link->upgraded = true;
        cf_buffer_consume(&link->head, used);
        sim_client_opened(link);
        client_frames(link, link->head.data, link->head.size);
        cf_buffer_free(&link->head);
        return;
    case CF_WS_RESPONSE_STATUS:
        sim_client_closed(link, CF_CLOSE_ABNORMAL, CF_BYTES(""), CENTRIFUGE_ERROR_HTTP_STATUS);
        break;
    case CF_WS_RESPONSE_INVALID:
        sim_client_closed(link, CF_CLOSE_ABNORMAL, CF_BYTES(""), CENTRIFUGE_ERROR_PROTOCOL);
        break;
    }
    sim_link_end(link, &link->up);
}

static void step_down(sim_link *link)
{
    if (link->down.first == NULL) {
        sim_link_end(link, &link->up);
        sim_client_closed(link, CF_CLOSE_ABNORMAL, CF_BYTES(""), CENTRIFUGE_ERROR_NETWORK);
        return;
    }
    cf_buffer bytes = sim_pipe_read(link->world, &link->down);
    if (link->upgraded)
        client_frames(link, bytes.data, bytes.size);
    else
        client_head(link, bytes.data, bytes.size);
    cf_buffer_free(&bytes);
    if (link->server_open && link->session != NULL)
        sim_server_writable(link);
}

/* ---- the server's end ---- */

static void server_lost(sim_link *link)
{
    link->server_open = false;
    sim_pipe_clear(&link->up);
    if (link->peer != NULL)
        sim_peer_lost(link);
    else if (link->session != NULL)
        sim_server_lost(link);
}

static void step_up(sim_link *link)
{
    if (link->up.first == NULL) {
        server_lost(link);
        sim_link_end(link, &link->down);
        return;
    }
    cf_buffer bytes = sim_pipe_read(link->world, &link->up);
    sim_client_unsent(link);
    if (link->peer != NULL)
        sim_peer_receive(link, bytes.data, bytes.size);
    else if (link->session != NULL)
        sim_server_receive(link, bytes.data, bytes.size);
    cf_buffer_free(&bytes);
}

static void step_ping(sim_link *link)
{
    link->ping_at = link->world->now + PING_INTERVAL;
    cf_buffer frame;
    cf_buffer_init(&frame, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_ws_append_frame(&frame, CF_WS_PING, CF_BYTES("ping"), NULL);
    sim_link_write(link, &link->down, cf_buffer_bytes(&frame));
    cf_buffer_free(&frame);
}

/* ---- when and what ---- */

typedef enum due_thing { DUE_NOTHING, DUE_OPEN, DUE_DOWN, DUE_UP, DUE_PING, DUE_LATE, DUE_GIVE_UP } due_thing;

static void consider(cf_time at, due_thing thing, cf_time *best_at, due_thing *best)
{
    if (at < *best_at) {
        *best_at = at;
        *best = thing;
    }
}

static due_thing next_due(const sim_link *link, cf_time *at)
{
    due_thing thing = DUE_NOTHING;
    *at = CF_TIME_NEVER;
    if (link->client != NULL && (link->state == SIM_LINK_OPENING || link->state == SIM_LINK_REFUSED))
        consider(link->due, DUE_OPEN, at, &thing);
    if (link->state != SIM_LINK_OPEN)
        return thing;
    if (link->dark) {
        if (link->server_open)
            consider(link->dark_until, DUE_GIVE_UP, at, &thing);
        return thing;
    }
    if (link->client != NULL)
        consider(sim_pipe_due(&link->down), DUE_DOWN, at, &thing);
    if (link->server_open && !link->paused)
        consider(sim_pipe_due(&link->up), DUE_UP, at, &thing);
    if (link->server_open && link->session != NULL)
        consider(link->ping_at, DUE_PING, at, &thing);
    if (link->late.count > 0)
        consider(link->late.until, DUE_LATE, at, &thing);
    return thing;
}

size_t sim_link_unsent(const sim_link *link)
{
    return link->sockjs != NULL ? sim_sockjs_unsent(link) : link->up.bytes;
}

cf_time sim_link_deadline(const sim_link *link)
{
    cf_time at;
    if (link->sockjs != NULL)
        return sim_sockjs_deadline(link);
    next_due(link, &at);
    return at;
}

static void step_open(sim_link *link)
{
    bool refused = link->state == SIM_LINK_REFUSED || (link->world->server != NULL && link->world->server->node == NULL);
    link->state = SIM_LINK_OPEN;
    if (refused) {
        sim_client_closed(link, CF_CLOSE_ABNORMAL, CF_BYTES(""), CENTRIFUGE_ERROR_NETWORK);
        return;
    }
    link->server_open = true;
    link->opened_at = link->world->now;
    link->ping_at = link->world->now + PING_INTERVAL;
    if (link->world->server != NULL)
        sim_server_accept(link);
    else
        sim_peer_accept(link);
}

void sim_link_step(sim_link *link)
{
    cf_time at;
    if (link->sockjs != NULL) {
        sim_sockjs_step(link);
        return;
    }
    switch (next_due(link, &at)) {
    case DUE_OPEN:
        step_open(link);
        break;
    case DUE_DOWN:
        step_down(link);
        break;
    case DUE_UP:
        step_up(link);
        break;
    case DUE_PING:
        step_ping(link);
        break;
    case DUE_LATE:
        sim_late_release(link);
        break;
    case DUE_GIVE_UP:
        server_lost(link);
        break;
    case DUE_NOTHING:
        break;
    }
}

bool sim_link_over(const sim_link *link)
{
    return link->client == NULL && !link->server_open && link->sockjs == NULL;
}

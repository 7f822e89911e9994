#include "sockjs.h"

#include "client.h"
#include "server.h"
#include "told.h"
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[CF_SOCKJS_TRANSPORTS] = {
    [CF_SOCKJS_WEBSOCKET] = "websocket",
    [CF_SOCKJS_XHR_STREAMING] = "xhr_streaming",
    [CF_SOCKJS_EVENTSOURCE] = "eventsource",
    [CF_SOCKJS_XHR] = "xhr",
};

/* ---- life ---- */

/* Some of the transports, from any of them on; that there is no WebSocket is known from the info. */
static size_t choose_order(sim_sockjs *self, sim_random *random)
{
    static const cf_sockjs_transport all[] = {CF_SOCKJS_WEBSOCKET, CF_SOCKJS_XHR_STREAMING, CF_SOCKJS_EVENTSOURCE,
                                              CF_SOCKJS_XHR};
    size_t most = sizeof(all) / sizeof(all[0]);
    unsigned first = sim_random_below(random, (unsigned)most);
    for (size_t i = 0; i < most; i++)
        self->order[i] = all[(first + i) % most];
    return 2 + sim_random_below(random, (unsigned)most - 1);
}

static void free_sockjs(sim_link *link)
{
    sim_sockjs *self = link->sockjs;
    link->sockjs = NULL;
    cf_sockjs_link_free(&self->core);
    cf_sockjs_stream_free(&self->stream);
    cf_buffer_free(&self->info);
    if (sim_sabotage_now(link->world, SIM_SABOTAGE_LEAK_SOCKJS))
        self->heap.live++;
    if (self->heap.live > 0)
        sim_fail(link->world, "sockjs-memory", "link %u: %zu blocks are left", link->number, self->heap.live);
    free(self);
}

/* ---- effects ---- */

static sim_request *ask(sim_link *link, const char *method, const char *end, cf_bytes body)
{
    char path[64];
    int size = snprintf(path, sizeof(path), "%.*s/%s", CF_SOCKJS_PATH_SIZE - 1, link->sockjs->path + 1, end);
    return sim_request_new(link->world, link, method, cf_bytes_make(path, (size_t)size), body);
}

static void draw_path(sim_link *link)
{
    uint8_t bytes[CF_SOCKJS_RANDOM_SIZE];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)sim_random_next(&link->world->random);
    cf_sockjs_write_path(link->sockjs->path, bytes);
}

/* Somebody else gets what waits for the client. */
static void steal(const sim_link *link)
{
    char path[64];
    cf_session *session = sim_server_session(link);
    if (session == NULL || cf_session_outbox(session)->count == 0 || !sim_sabotage_now(link->world, SIM_SABOTAGE_STEAL_POLL))
        return;
    int size = snprintf(path, sizeof(path), "%.*s/xhr", CF_SOCKJS_PATH_SIZE - 1, link->sockjs->path + 1);
    (void)sim_request_intrude(link->world, "POST", cf_bytes_make(path, (size_t)size), cf_bytes_make(NULL, 0));
}

static void receive(sim_link *link, const cf_sockjs_effect *effect)
{
    sim_sockjs *self = link->sockjs;
    if (!effect->fresh)
        steal(link);
    if (effect->fresh)
        draw_path(link);
    if (!effect->fresh && effect->transport != CF_SOCKJS_XHR)
        sim_met(link->world, SIM_SITUATION_SOCKJS_FULL);
    cf_sockjs_stream_free(&self->stream);
    cf_sockjs_stream_init(&self->stream, effect->transport, CF_BUFFER_NO_LIMIT, &self->heap.allocator);
    self->polls = ask(link, effect->transport == CF_SOCKJS_EVENTSOURCE ? "GET" : "POST", names[effect->transport],
                      cf_bytes_make(NULL, 0));
}

static void stop(sim_link *link)
{
    sim_sockjs *self = link->sockjs;
    sim_request **const all[] = {&self->asks, &self->polls, &self->sends};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (*all[i] != NULL)
            sim_request_abandon(*all[i]);
        *all[i] = NULL;
    }
    cf_sockjs_link_stopped(&self->core, link->world->now);
}

static void opened(sim_link *link, const cf_sockjs_effect *effect)
{
    static const sim_situation situations[CF_SOCKJS_TRANSPORTS] = {
        [CF_SOCKJS_XHR_STREAMING] = SIM_SITUATION_SOCKJS_XHR_STREAMING,
        [CF_SOCKJS_EVENTSOURCE] = SIM_SITUATION_SOCKJS_EVENTSOURCE,
        [CF_SOCKJS_XHR] = SIM_SITUATION_SOCKJS_XHR,
    };
    sim_met(link->world, situations[effect->transport]);
    if (effect->transport != link->sockjs->order[0] && link->sockjs->order[0] != CF_SOCKJS_WEBSOCKET)
        sim_met(link->world, SIM_SITUATION_SOCKJS_NEXT);
    link->upgraded = true;
    link->opened_at = link->world->now;
    sim_client_opened(link);
}

static void closed_by_server(const sim_link *link, cf_bytes reason)
{
    sim_met(link->world, SIM_SITUATION_SOCKJS_CLOSED);
    sim_watch_closed(link, reason);
}

static void closed(sim_link *link, const cf_sockjs_effect *effect)
{
    sim_note(link->world, "link %u: SockJS closes with %d %.*s", link->number, (int)effect->code, (int)effect->text.size,
             effect->text.data);
    if (link->client == NULL)
        return;
    if (effect->by_server)
        closed_by_server(link, effect->text);
    if (cf_bytes_find(effect->text, CF_BYTES("forgotten")) >= 0)
        sim_met(link->world, SIM_SITUATION_SOCKJS_FORGOTTEN);
    sim_client_closed(link, effect->by_server ? (uint16_t)effect->code : CF_CLOSE_ABNORMAL,
                      effect->by_server ? effect->text : cf_bytes_make(NULL, 0),
                      effect->by_server ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_NETWORK);
}

static void carry_out(sim_link *link, const cf_sockjs_effect *effect)
{
    sim_sockjs *self = link->sockjs;
    switch (effect->kind) {
    case CF_SOCKJS_EFFECT_INFO:
        self->asks = sim_request_new(link->world, link, "GET", CF_BYTES("info"), cf_bytes_make(NULL, 0));
        break;
    case CF_SOCKJS_EFFECT_RECEIVE:
        receive(link, effect);
        break;
    case CF_SOCKJS_EFFECT_SEND:
        self->sends = ask(link, "POST", "xhr_send", effect->text);
        if (sim_sabotage_now(link->world, SIM_SABOTAGE_SEND_TWICE))
            (void)sim_request_intrude(link->world, "POST", cf_buffer_bytes(&self->sends->path), effect->text);
        break;
    case CF_SOCKJS_EFFECT_STOP:
        stop(link);
        break;
    case CF_SOCKJS_EFFECT_OPENED:
        opened(link, effect);
        break;
    case CF_SOCKJS_EFFECT_MESSAGE:
        sim_told(link, effect->text);
        sim_link_message(link, effect->text);
        break;
    case CF_SOCKJS_EFFECT_CLOSED:
        closed(link, effect);
        break;
    case CF_SOCKJS_EFFECT_NONE:
        break;
    }
}

/* The link's SockJS is gone when it has closed. */
static void pump(sim_link *link)
{
    sim_sockjs *self = link->sockjs;
    cf_sockjs_effect effect;
    if (self->pumping)
        return;
    self->pumping = true;
    while (cf_sockjs_link_next(&self->core, &effect))
        carry_out(link, &effect);
    self->pumping = false;
    if (self->core.state == CF_SOCKJS_LINK_CLOSED)
        free_sockjs(link);
}

/* ---- what the client does ---- */

void sim_sockjs_open(sim_link *link)
{
    sim_sockjs *self = sim_alloc(sizeof(*self));
    link->sockjs = self;
    link->state = SIM_LINK_OPEN;
    sim_heap_init(&self->heap);
    cf_buffer_init(&self->info, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    size_t count = choose_order(self, &link->world->random);
    cf_sockjs_stream_init(&self->stream, CF_SOCKJS_XHR, CF_BUFFER_NO_LIMIT, &self->heap.allocator);
    cf_sockjs_link_init(&self->core, self->order, count, CF_BUFFER_NO_LIMIT, &self->heap.allocator);
    cf_sockjs_link_start(&self->core, link->world->now);
    pump(link);
}

void sim_sockjs_send(sim_link *link, cf_bytes text)
{
    sim_told_asked(link, text);
    if (!cf_sockjs_link_send(&link->sockjs->core, text))
        link->sockjs->starved = true;
    pump(link);
}

void sim_sockjs_close(sim_link *link)
{
    link->client = NULL;
    cf_sockjs_link_close(&link->sockjs->core, CF_WS_CLOSE_NORMAL, CF_BYTES(""));
    pump(link);
}

size_t sim_sockjs_unsent(const sim_link *link)
{
    const cf_sockjs_link *core = &link->sockjs->core;
    return core->unsent.size + (core->sending ? core->outgoing.size : 0);
}

cf_time sim_sockjs_deadline(const sim_link *link)
{
    return link->sockjs->starved ? link->world->now : cf_sockjs_link_deadline(&link->sockjs->core);
}

void sim_sockjs_step(sim_link *link)
{
    if (link->sockjs->starved)
        cf_sockjs_link_close(&link->sockjs->core, CF_SOCKJS_CODE_LOST, CF_BYTES("no memory for a message"));
    link->sockjs->starved = false;
    cf_sockjs_link_tick(&link->sockjs->core, link->world->now);
    pump(link);
}

/* ---- what requests tell ---- */

static void read_frames(sim_link *link, const sim_request *request, cf_bytes bytes)
{
    cf_bytes frame;
    while (link->sockjs != NULL && link->sockjs->polls == request &&
           cf_sockjs_stream_next(&link->sockjs->stream, &bytes, &frame)) {
        cf_sockjs_link_received(&link->sockjs->core, frame);
        pump(link);
    }
    if (link->sockjs == NULL || link->sockjs->polls != request || !link->sockjs->stream.failed)
        return;
    sim_request_abandon(link->sockjs->polls);
    link->sockjs->polls = NULL;
    cf_sockjs_link_ended(&link->sockjs->core, false);
    pump(link);
}

void sim_sockjs_received(sim_link *link, const sim_request *request, cf_bytes bytes)
{
    sim_sockjs *self = link->sockjs;
    if (request == self->asks)
        cf_buffer_append(&self->info, bytes);
    else if (request == self->polls && request->status == 200)
        read_frames(link, request, bytes);
}

void sim_sockjs_answered(sim_link *link, const sim_request *request)
{
    sim_sockjs *self = link->sockjs;
    cf_time now = link->world->now;
    bool well = !request->broken && (request->status == 200 || request->status == 204);
    if (request == self->asks) {
        self->asks = NULL;
        cf_sockjs_link_info(&self->core, well ? cf_buffer_bytes(&self->info) : cf_bytes_make(NULL, 0), now);
    } else if (request == self->polls) {
        self->polls = NULL;
        cf_sockjs_link_ended(&self->core, well);
    } else {
        self->sends = NULL;
        if (!well)
            sim_met(link->world, SIM_SITUATION_SOCKJS_SEND_LOST);
        cf_sockjs_link_sent(&self->core, well);
        sim_client_unsent(link);
    }
    pump(link);
}

/* ---- faults ---- */

void sim_sockjs_cut(sim_link *link)
{
    sim_request *const all[] = {link->sockjs->asks, link->sockjs->polls, link->sockjs->sends};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i] != NULL)
            sim_request_cut(all[i]);
}

bool sim_sockjs_hangs(const sim_link *link)
{
    const sim_sockjs *self = link->sockjs;
    return (self->polls != NULL && self->polls->dark) || (self->sends != NULL && self->sends->dark);
}

sim_request *sim_sockjs_any_request(sim_link *link)
{
    sim_sockjs *self = link->sockjs;
    if (self->sends != NULL && (self->polls == NULL || sim_random_chance(&link->world->random, 500)))
        return self->sends;
    return self->polls != NULL ? self->polls : self->asks;
}

void sim_sockjs_be_stranger(sim_world *world)
{
    char path[64];
    int size = snprintf(path, sizeof(path), "000/stranger%u/xhr", world->link_count);
    (void)sim_request_intrude(world, "POST", cf_bytes_make(path, (size_t)size), cf_bytes_make(NULL, 0));
}

/* The server is answering the client's own request. */
static bool may_intrude(const sim_link *link)
{
    const sim_request *polls = link->sockjs->polls;
    if (link->world->server->node == NULL || polls == NULL || !link->upgraded)
        return false;
    return polls->answering;
}

void sim_sockjs_intrude(sim_link *link)
{
    static const char *const ends[] = {"xhr", "xhr_streaming"};
    sim_world *world = link->world;
    char path[64];
    if (!may_intrude(link))
        return;
    int shown = CF_SOCKJS_PATH_SIZE - 1 - sim_sabotage_now(world, SIM_SABOTAGE_OTHER_SESSION);
    int size = snprintf(path, sizeof(path), "%.*s/%s", shown, link->sockjs->path + 1, SIM_PICK(&world->random, ends));
    sim_request *stranger = sim_request_intrude(world, "POST", cf_bytes_make(path, (size_t)size), cf_bytes_make(NULL, 0));
    bool refused = stranger->status == 503 || cf_bytes_find(cf_buffer_bytes(&stranger->early), CF_BYTES("c[2010,")) >= 0;
    if (stranger->answering || !refused)
        sim_fail(world, "second-receiver", "link %u: a second receiver is not turned away", link->number);
    sim_met(world, SIM_SITUATION_SOCKJS_SECOND);
    sim_request_abandon(stranger);
}

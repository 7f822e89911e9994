#include "request.h"

#include "server.h"
#include "sockjs.h"

#include "base/assert.h"
#include "server/transport/upgrade.h"

#include <stdlib.h>

#define DARK_MAX 40000 /* ms */

/* ---- life ---- */

static void fill(sim_request *self, const char *method, cf_bytes path, cf_bytes body)
{
    cf_buffer_init(&self->path, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&self->body, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&self->early, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&self->path, path);
    cf_buffer_append(&self->body, body);
    self->head = (cf_http_request){
        .method = cf_bytes_of(method),
        .get = method[0] == 'G',
        .path = cf_buffer_bytes(&self->path),
        .body = cf_buffer_bytes(&self->body),
    };
}

static sim_request *make(sim_world *world, const char *method, cf_bytes path, cf_bytes body)
{
    sim_request *self = sim_alloc(sizeof(*self));
    self->world = world;
    self->number = ++world->link_count;
    self->server_open = true;
    fill(self, method, path, body);
    sim_pipe_init(&self->up);
    sim_pipe_init(&self->down);
    cf_list_append(&world->requests, &self->link);
    sim_note(world, "request %u: %s %.*s %.*s", self->number, method, (int)path.size, path.data, (int)body.size, body.data);
    return self;
}

/* Some are refused, or never answered. */
static void choose_way(sim_request *self)
{
    sim_world *world = self->world;
    if (world->calm)
        return;
    if (world->refuse > 0) {
        world->refuse--;
        sim_request_cut(self);
    } else if (world->hang > 0) {
        world->hang--;
        sim_request_darken(self);
    }
}

sim_request *sim_request_new(sim_world *world, sim_link *asker, const char *method, cf_bytes path, cf_bytes body)
{
    sim_request *self = make(world, method, path, body);
    self->asker = asker;
    self->missing = path.size + body.size;
    sim_pipe_write(world, &self->up, path);
    sim_pipe_write(world, &self->up, body);
    choose_way(self);
    return self;
}

sim_request *sim_request_intrude(sim_world *world, const char *method, cf_bytes path, cf_bytes body)
{
    sim_request *self = make(world, method, path, body);
    sim_server_request(self);
    return self;
}

static void free_request(sim_request *self)
{
    cf_list_remove(&self->link);
    sim_pipe_clear(&self->up);
    sim_pipe_clear(&self->down);
    cf_buffer_free(&self->path);
    cf_buffer_free(&self->body);
    cf_buffer_free(&self->early);
    free(self);
}

void sim_request_sweep(sim_world *world)
{
    cf_list *item = world->requests.next;
    while (item != &world->requests) {
        sim_request *self = CF_CONTAINER(item, sim_request, link);
        item = item->next;
        if (self->asker == NULL && !self->server_open)
            free_request(self);
    }
}

/* ---- ends ---- */

static bool is_dark(const sim_request *self)
{
    return self->dark || (self->asker != NULL && self->asker->dark);
}

void sim_request_darken(sim_request *self)
{
    self->dark = true;
    self->dark_until = self->world->now + DARK_MAX;
}

void sim_request_abandon(sim_request *self)
{
    if (is_dark(self) && !self->dark)
        sim_request_darken(self);
    self->asker = NULL;
    sim_pipe_clear(&self->down);
    sim_pipe_end(self->world, &self->up);
}

void sim_request_cut(sim_request *self)
{
    sim_pipe_clear(&self->up);
    sim_pipe_clear(&self->down);
    self->broken = true;
    self->dark = false;
    sim_pipe_end(self->world, &self->up);
    sim_pipe_end(self->world, &self->down);
}

/* For the server: the client is gone. */
static void lose(sim_request *self)
{
    bool waits = self->answering;
    self->server_open = self->answering = false;
    sim_pipe_clear(&self->up);
    if (waits)
        sim_server_abort(self);
}

void sim_request_drop_all(sim_world *world)
{
    CF_LIST_EACH (item, &world->requests) {
        sim_request *self = CF_CONTAINER(item, sim_request, link);
        if (!self->server_open)
            continue;
        if (self->answering && self->abort != NULL)
            self->abort(self->user);
        self->server_open = self->answering = false;
        sim_request_cut(self);
    }
}

/* ---- on the way ---- */

static void step_up_end(sim_request *self)
{
    if (self->answering && sim_sabotage_now(self->world, SIM_SABOTAGE_KEEP_POLL)) {
        self->up.ended = false;
        return;
    }
    lose(self);
    self->broken = true;
    sim_pipe_end(self->world, &self->down);
}

static void step_up(sim_request *self)
{
    if (self->up.first == NULL) {
        step_up_end(self);
        return;
    }
    cf_buffer bytes = sim_pipe_read(self->world, &self->up);
    self->missing -= bytes.size;
    cf_buffer_free(&bytes);
    if (self->missing > 0)
        return;
    if (self->world->server->node == NULL)
        sim_request_cut(self);
    else
        sim_server_request(self);
}

static size_t waiting(const sim_request *self)
{
    size_t window = self->world->scenario.window;
    return self->down.bytes > window ? self->down.bytes - window : 0;
}

static void step_down(sim_request *self)
{
    sim_link *asker = self->asker;
    if (self->down.first == NULL) {
        self->asker = NULL;
        sim_pipe_end(self->world, &self->up);
        sim_sockjs_answered(asker, self);
        return;
    }
    cf_buffer bytes = sim_pipe_read(self->world, &self->down);
    sim_sockjs_received(asker, self, cf_buffer_bytes(&bytes));
    cf_buffer_free(&bytes);
    if (!self->blocked || waiting(self) > 0)
        return;
    self->blocked = false;
    if (self->answering)
        sim_server_streamed(self);
}

typedef enum due_thing { DUE_NOTHING, DUE_UP, DUE_DOWN, DUE_GIVE_UP } due_thing;

static void consider(cf_time at, due_thing thing, cf_time *best_at, due_thing *best)
{
    if (at < *best_at) {
        *best_at = at;
        *best = thing;
    }
}

static cf_time down_due(const sim_request *self)
{
    cf_time due = self->asker == NULL ? CF_TIME_NEVER : sim_pipe_due(&self->down);
    bool stalled = due != CF_TIME_NEVER && due < self->asker->down.stalled;
    return stalled ? self->asker->down.stalled : due;
}

static due_thing next_due(const sim_request *self, cf_time *at)
{
    due_thing thing = DUE_NOTHING;
    *at = CF_TIME_NEVER;
    if (is_dark(self)) {
        if (self->server_open)
            consider(self->dark ? self->dark_until : self->asker->dark_until, DUE_GIVE_UP, at, &thing);
        return thing;
    }
    if (self->server_open)
        consider(sim_pipe_due(&self->up), DUE_UP, at, &thing);
    consider(down_due(self), DUE_DOWN, at, &thing);
    return thing;
}

cf_time sim_request_deadline(const sim_request *self)
{
    cf_time at;
    next_due(self, &at);
    return at;
}

void sim_request_step(sim_request *self)
{
    cf_time at;
    switch (next_due(self, &at)) {
    case DUE_UP:
        step_up(self);
        break;
    case DUE_DOWN:
        step_down(self);
        break;
    case DUE_GIVE_UP:
        lose(self);
        break;
    case DUE_NOTHING:
        break;
    }
}

/* ---- server/net/exchange.h, as far as SockJS needs it ---- */

static void write_down(sim_request *self, cf_bytes bytes)
{
    cf_buffer_append(&self->early, self->asker == NULL ? bytes : cf_bytes_make(NULL, 0));
    if (self->asker != NULL && !is_dark(self))
        sim_pipe_write(self->world, &self->down, bytes);
    if (waiting(self) == 0)
        return;
    self->blocked = true;
    sim_met(self->world, SIM_SITUATION_SOCKJS_BLOCKED);
}

/* What the socket does not take is copied. */
static bool has_memory_for_rest(const sim_request *self, size_t size)
{
    const cf_allocator *allocator = &self->world->server->heap.allocator;
    size_t all = self->down.bytes + size;
    if (self->asker == NULL || all <= self->world->scenario.window)
        return true;
    void *copy = cf_alloc(allocator, all - self->world->scenario.window);
    cf_free(allocator, copy);
    return copy != NULL;
}

/* As much of it as the socket takes; the answer ends there. */
static void break_off(sim_request *self, cf_bytes piece)
{
    sim_note(self->world, "request %u: no memory for the rest of %zu bytes", self->number, piece.size);
    size_t window = self->world->scenario.window;
    write_down(self, cf_bytes_slice(piece, 0, self->down.bytes < window ? window - self->down.bytes : 0));
    self->broken = true;
}

void cf_http_exchange_respond(cf_http_exchange *self, const cf_http_response *response)
{
    cf_http_response head = *response;
    head.body = (cf_bytes){0};
    cf_http_exchange_begin(self, &head, NULL);
    if (response->parts == NULL)
        cf_http_exchange_end(self, &response->body, 1);
    else
        cf_http_exchange_end(self, response->parts, response->part_count);
}

void cf_http_exchange_on_abort(cf_http_exchange *self, void (*abort)(void *user), void *user)
{
    self->abort = abort;
    self->user = user;
}

void cf_http_exchange_begin(cf_http_exchange *self, const cf_http_response *response, void (*written)(void *user))
{
    CF_ASSERT(self->answering && self->status == 0);
    self->status = response->status;
    self->streamed = written;
    self->fresh = response->body.size > 0;
    if (self->fresh)
        write_down(self, response->body);
}

bool cf_http_exchange_write(cf_http_exchange *self, const cf_bytes *parts, size_t count)
{
    cf_buffer piece;
    CF_ASSERT(self->answering && self->status != 0);
    if (waiting(self) > 0 && !self->fresh)
        sim_fail(self->world, "answer-bounded", "request %u: %zu bytes are written though %zu wait", self->number,
                 cf_bytes_total(parts, count), waiting(self));
    cf_buffer_init(&piece, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    for (size_t i = 0; i < count; i++)
        cf_buffer_append(&piece, parts[i]);
    self->fresh = false;
    if (has_memory_for_rest(self, piece.size))
        write_down(self, cf_buffer_bytes(&piece));
    else
        break_off(self, cf_buffer_bytes(&piece));
    cf_buffer_free(&piece);
    return !self->broken;
}

void cf_http_exchange_end(cf_http_exchange *self, const cf_bytes *parts, size_t count)
{
    CF_ASSERT(self->answering && self->status != 0);
    if (cf_bytes_total(parts, count) > 0 && !self->broken)
        (void)cf_http_exchange_write(self, parts, count);
    sim_note(self->world, "request %u: answered with %d", self->number, self->status);
    self->answering = self->server_open = false;
    sim_pipe_end(self->world, &self->down);
}

size_t cf_http_exchange_waiting(const cf_http_exchange *self)
{
    return sim_sabotage_always(self->world, SIM_SABOTAGE_HIDE_WAITING) ? 0 : waiting(self);
}

void cf_http_exchange_watch(cf_http_exchange *self)
{
    CF_ASSERT(self->answering);
}

const cf_http_request *cf_http_exchange_request(const cf_http_exchange *self)
{
    return &self->head;
}

/* Nobody asks for a WebSocket here: info says that there is none. */
void cf_upgrade_request(cf_services *services, cf_http_exchange *exchange, const cf_http_request *request,
                        cf_websocket_kind kind, cf_deflate *deflate)
{
    cf_http_response response = cf_http_plain(404);
    (void)services;
    (void)request;
    (void)kind;
    (void)deflate;
    cf_http_exchange_respond(exchange, &response);
}

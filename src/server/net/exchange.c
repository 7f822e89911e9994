#include "server/net/exchange.h"

#include "base/assert.h"
#include "server/net/link.h"

#include <string.h>
#include <time.h>

struct cf_http_exchange {
    cf_http_server *server;
    cf_http_bodies *bodies;
    cf_list receiving;         /* in bodies */
    cf_time body_since;        /* when it went there */
    cf_connection *connection; /* NULL once it was taken */
    cf_http_parser *parser;
    unsigned port;
    uint64_t started; /* ns */
    size_t body;      /* bytes counted in bodies->size */
    size_t waiting;   /* bytes counted in server->answers */
    bool answering;   /* a request was handed out, its answer has not been given */
    bool writing;     /* an answer is on its way */
    bool reading;     /* inside serve(): it goes on there */
    bool postponed;   /* the parser holds a request that is to be handed out when all is written */
    bool watched;     /* the client's end is noticed before the answer */
    bool last;        /* close after the answer */
    bool broken;      /* a part of an answer did not go out: what came behind it would be taken for that */
    bool old;         /* the request is of HTTP/1.0 */
    bool head_only;   /* the request was a HEAD */
    bool answered;    /* the parser still holds a request whose answer has been given */
    cf_buffer out;    /* inside serve(): answers that go out together */
    cf_buffer early;  /* received behind the request that is being answered */
    size_t early_at;  /* up to here it is served */
    cf_bytes rest;    /* the same while we are inside serve() */
    void (*abort)(void *user);
    void (*streamed)(void *user); /* all is taken that waited of a streamed answer */
    void *abort_user;
    int status; /* of an answer that is streamed; 0: none is */
};

static void serve(cf_http_exchange *self, cf_bytes input);

/* ---- bodies ---- */

void cf_http_bodies_init(cf_http_bodies *bodies)
{
    bodies->size = 0;
    cf_list_init(&bodies->receiving);
}

/* Keeps bodies->size right. */
static void count_body(cf_http_exchange *self, size_t size)
{
    if (self->server->team != NULL && size != self->body)
        atomic_fetch_add_explicit(&self->server->team->bodies, size - self->body, memory_order_relaxed);
    self->bodies->size = self->bodies->size - self->body + size;
    self->body = size;
}

/*
 * Bytes times milliseconds: large and old ones first, so that neither a slow small one nor a fast large one is the first to go.
 */
static uint64_t weight(const cf_http_exchange *self)
{
    uint64_t age = (uint64_t)(cf_net_now(self->server->net) - self->body_since) + 1;
    return (uint64_t)self->body * age;
}

static cf_http_exchange *heaviest(const cf_http_bodies *bodies)
{
    cf_http_exchange *found = NULL;
    CF_LIST_EACH (link, &bodies->receiving) {
        cf_http_exchange *exchange = CF_CONTAINER(link, cf_http_exchange, receiving);
        if (found == NULL || weight(exchange) > weight(found))
            found = exchange;
    }
    return found;
}

/* Keeps server->answers right. */
static void count_waiting(cf_http_exchange *self, size_t size)
{
    self->server->answers = self->server->answers - self->waiting + size;
    self->waiting = size;
}

static void free_memory(cf_http_exchange *self)
{
    const cf_allocator *allocator = self->out.allocator;
    cf_http_parser_free(self->parser);
    cf_buffer_free(&self->out);
    cf_buffer_free(&self->early);
    cf_free(allocator, self);
}

static void free_exchange(cf_http_exchange *self)
{
    count_body(self, 0);
    count_waiting(self, 0);
    cf_list_remove(&self->receiving);
    free_memory(self);
}

static void let_go(cf_http_exchange *self)
{
    if (self->answering && self->abort != NULL)
        self->abort(self->abort_user);
    free_exchange(self);
}

static void close_now(cf_http_exchange *self)
{
    cf_connection *connection = self->connection;
    let_go(self);
    cf_connection_close(connection);
}

static void close_politely(cf_http_exchange *self)
{
    cf_connection *connection = self->connection;
    let_go(self);
    cf_connection_finish(connection);
}

static void set_deadline(cf_http_exchange *self, int64_t delay)
{
    cf_connection_set_timer(self->connection, cf_time_after(cf_net_now(self->server->net), delay));
}

/* ---- answering ---- */

static cf_bytes http_date(cf_http_server *server)
{
    int64_t now = (int64_t)time(NULL);
    if (server->date_time != now)
        cf_http_write_date(now, server->date);
    server->date_time = now;
    return cf_bytes_of(server->date);
}

static cf_http_end end_of(const cf_http_exchange *self)
{
    if (self->last)
        return CF_HTTP_CLOSE;
    return self->old ? CF_HTTP_KEEP_OLD : CF_HTTP_KEEP;
}

static void note_sent(cf_http_exchange *self, bool sent)
{
    if (!sent)
        self->last = self->broken = true; /* closed below: there is no way to answer */
    count_waiting(self, sent ? cf_connection_queued(self->connection) : 0);
    self->writing = self->waiting > 0;
}

static void write_out(cf_http_exchange *self)
{
    if (self->out.size == 0 && !self->out.failed)
        return;
    bool sent = !self->broken && !self->out.failed && cf_connection_send(self->connection, cf_buffer_bytes(&self->out));
    cf_buffer_free(&self->out);
    note_sent(self, sent);
}

/* Answers to requests in a row go out together: a system call costs as much as all else that is done for a small one. */
static bool gathers(const cf_http_exchange *self, size_t size)
{
    return self->reading && !self->last && self->out.size + size < CF_HTTP_TOGETHER_MAX;
}

/* Behind what stands in `out`, for which the first of `all` is free. What the socket takes is not copied. */
static void write_behind(cf_http_exchange *self, cf_bytes *all, size_t count)
{
    bool gather = gathers(self, cf_bytes_total(all + 1, count - 1));
    for (size_t i = 1; i < count && gather; i++)
        cf_buffer_append(&self->out, all[i]);
    if (gather && !self->out.failed)
        return;
    all[0] = cf_buffer_bytes(&self->out);
    bool sent = !self->broken && !self->out.failed && cf_connection_send_slices(self->connection, all, count);
    cf_buffer_free(&self->out);
    note_sent(self, sent);
}

static void write_body(cf_http_exchange *self, const cf_http_response *response)
{
    cf_bytes all[1 + CF_HTTP_PARTS_MAX];
    const cf_bytes *parts = response->parts == NULL ? &response->body : response->parts;
    size_t count = self->head_only ? 0 : response->parts == NULL ? 1 : response->part_count;
    CF_ASSERT(count <= CF_HTTP_PARTS_MAX);
    memcpy(all + 1, parts, count * sizeof(*parts));
    write_behind(self, all, 1 + count);
}

static void send_response(cf_http_exchange *self, const cf_http_response *response)
{
    cf_http_write_head(&self->out, response, http_date(self->server), end_of(self));
    self->answered = true;
    write_body(self, response);
}

static void forget_request(cf_http_exchange *self)
{
    cf_http_parser_reset(self->parser);
    count_body(self, 0);
    self->answered = false;
    self->head_only = false;
}

/* It may be in the middle of a request, where answers before it had to be written first. */
static int64_t patience(const cf_http_exchange *self)
{
    if (cf_http_parser_in_body(self->parser))
        return CF_HTTP_BODY_TIMEOUT;
    return cf_http_parser_begun(self->parser) ? CF_HTTP_HEAD_TIMEOUT : self->server->idle_timeout;
}

/* The answer is given to the socket, or stands in `out`: what next? */
static void go_on(cf_http_exchange *self)
{
    if (self->writing) { /* also before the end: a long answer takes longer than a polite end may */
        set_deadline(self, CF_HTTP_WRITE_TIMEOUT);
        cf_connection_pause(self->connection, true);
        return;
    }
    if (self->last) {
        close_politely(self);
        return;
    }
    if (self->answered)
        forget_request(self);
    set_deadline(self, patience(self));
    if (self->reading)
        return;
    if (self->early.size > 0) /* not within the answer: who gave it is in the middle of something */
        cf_connection_yield(self->connection);
    else
        cf_connection_pause(self->connection, false);
}

static cf_bytes early_bytes(const cf_http_exchange *self)
{
    return cf_bytes_slice(cf_buffer_bytes(&self->early), self->early_at, self->early.size);
}

static void serve_early(cf_http_exchange *self)
{
    cf_connection_pause(self->connection, false);
    serve(self, early_bytes(self));
}

static void tell_answered(const cf_http_exchange *self, int status)
{
    if (self->server->answered != NULL)
        self->server->answered(self->server->user, self, status);
}

static void tell_refused(const cf_http_exchange *self, int status, const char *reason)
{
    if (self->server->refused != NULL)
        self->server->refused(self->server->user, self->connection, status, reason);
}

static bool has_room(const cf_http_exchange *self, size_t size)
{
    size_t answers = self->server->answers;
    return size <= CF_HTTP_ANSWER_SMALL || answers == 0 || answers + size <= CF_HTTP_ANSWERS_MAX;
}

void cf_http_exchange_respond(cf_http_exchange *self, const cf_http_response *response)
{
    CF_ASSERT(self->answering);
    cf_http_response busy = cf_http_plain(503);
    bool room = has_room(self, cf_http_body_size(response));
    self->answering = false;
    self->abort = NULL;
    if (!room)
        tell_refused(self, 503, "too many answers wait for clients that do not read them");
    tell_answered(self, room ? response->status : 503);
    send_response(self, room ? response : &busy);
    if (!self->reading)
        go_on(self);
}

/* ---- streaming ---- */

/* A client has as long to take something of a stream as of an answer that is whole. */
static void watch_stream(cf_http_exchange *self)
{
    if (self->writing)
        set_deadline(self, CF_HTTP_WRITE_TIMEOUT);
    else
        cf_connection_set_timer(self->connection, CF_TIME_NEVER);
}

#define CHUNK_HEAD_MAX (2 * sizeof(size_t) + 2)
#define CHUNK_TAIL     CF_BYTES("\r\n")
#define LAST_CHUNK     "0\r\n\r\n"

/* A chunk's size and the line's end, at the end of `text`. */
static cf_bytes write_chunk_head(char text[CHUNK_HEAD_MAX], size_t size)
{
    static const char digits[] = "0123456789abcdef";
    size_t at = CHUNK_HEAD_MAX;
    text[--at] = '\n';
    text[--at] = '\r';
    do {
        text[--at] = digits[size & 15];
        size >>= 4;
    } while (size > 0);
    return cf_bytes_make(text + at, CHUNK_HEAD_MAX - at);
}

static void append_piece(cf_http_exchange *self, cf_bytes piece)
{
    char head[CHUNK_HEAD_MAX];
    if (piece.size == 0) /* as a chunk it would be the end */
        return;
    if (!self->old)
        cf_buffer_append(&self->out, write_chunk_head(head, piece.size));
    cf_buffer_append(&self->out, piece);
    if (!self->old)
        cf_buffer_append(&self->out, CHUNK_TAIL);
}

void cf_http_exchange_begin(cf_http_exchange *self, const cf_http_response *response, void (*written)(void *user))
{
    cf_http_response head = *response;
    CF_ASSERT(self->answering && self->status == 0 && response->parts == NULL);
    self->last = self->last || self->old;
    head.framing = self->old ? CF_HTTP_UNTIL_END : CF_HTTP_CHUNKED;
    self->status = head.status;
    self->streamed = written;
    cf_http_write_head(&self->out, &head, http_date(self->server), end_of(self));
    append_piece(self, response->body);
}

/* A chunk, and perhaps the end, in one system call. A chunk without a byte would be the end. */
static void write_piece(cf_http_exchange *self, const cf_bytes *parts, size_t count, cf_bytes tail)
{
    char head[CHUNK_HEAD_MAX];
    cf_bytes all[CF_HTTP_PARTS_MAX + 3];
    size_t size = cf_bytes_total(parts, count);
    CF_ASSERT(count <= CF_HTTP_PARTS_MAX);
    all[1] = self->old || size == 0 ? (cf_bytes){0} : write_chunk_head(head, size);
    if (count > 0)
        memcpy(all + 2, parts, count * sizeof(*parts));
    all[count + 2] = self->old ? (cf_bytes){0} : tail;
    write_behind(self, all, count + 3);
}

bool cf_http_exchange_write(cf_http_exchange *self, const cf_bytes *parts, size_t count)
{
    CF_ASSERT(self->status != 0);
    write_piece(self, parts, count, cf_bytes_total(parts, count) > 0 ? CHUNK_TAIL : (cf_bytes){0});
    if (!self->reading)
        watch_stream(self);
    return !self->broken;
}

void cf_http_exchange_end(cf_http_exchange *self, const cf_bytes *parts, size_t count)
{
    int status = self->status;
    CF_ASSERT(status != 0);
    write_piece(self, parts, count, cf_bytes_total(parts, count) > 0 ? CF_BYTES("\r\n" LAST_CHUNK) : CF_BYTES(LAST_CHUNK));
    self->status = 0;
    self->answering = false;
    self->answered = true;
    self->abort = self->streamed = NULL;
    tell_answered(self, status);
    if (!self->reading)
        go_on(self);
}

size_t cf_http_exchange_waiting(const cf_http_exchange *self)
{
    return self->waiting;
}

void cf_http_exchange_on_abort(cf_http_exchange *self, void (*abort)(void *user), void *user)
{
    self->abort = abort;
    self->abort_user = user;
}

void cf_http_exchange_watch(cf_http_exchange *self)
{
    CF_ASSERT(self->reading);
    self->watched = true;
}

cf_connection *cf_http_exchange_upgrade(cf_http_exchange *self, cf_bytes *early)
{
    CF_ASSERT(self->answering && self->reading);
    cf_connection *connection = self->connection;
    tell_answered(self, 101);
    write_out(self);
    self->answering = false;
    self->connection = NULL;
    *early = self->rest;
    return connection;
}

cf_connection *cf_http_exchange_connection(const cf_http_exchange *self)
{
    return self->connection;
}

const cf_http_request *cf_http_exchange_request(const cf_http_exchange *self)
{
    return cf_http_parser_request(self->parser);
}

uint64_t cf_http_exchange_started(const cf_http_exchange *self)
{
    return self->started;
}

/* ---- reading ---- */

static void refuse_request(cf_http_exchange *self, int status, const char *reason)
{
    tell_refused(self, status, reason);
    self->last = true;
    cf_http_parser_reset(self->parser); /* gives the memory of a body back */
    count_body(self, 0);
    cf_list_remove(&self->receiving);
    cf_http_response response = cf_http_plain(status);
    send_response(self, &response);
}

/* Of several workers one refuses what is too much: who takes its bytes out of the sum first. */
static bool take_out_of(cf_team *team, cf_http_exchange *victim)
{
    size_t all = atomic_load_explicit(&team->bodies, memory_order_relaxed);
    while (all > CF_HTTP_BODIES_MAX)
        if (atomic_compare_exchange_weak_explicit(&team->bodies, &all, all - victim->body, memory_order_relaxed,
                                                  memory_order_relaxed)) {
            victim->bodies->size -= victim->body;
            victim->body = 0;
            return true;
        }
    return false;
}

static bool are_too_many(const cf_http_exchange *self)
{
    const cf_team *team = self->server->team;
    return (team == NULL ? self->bodies->size : atomic_load_explicit(&team->bodies, memory_order_relaxed)) > CF_HTTP_BODIES_MAX;
}

/* Of a worker with no more than its share only one goes who holds at least as much as who comes: the flood may be others'. */
static bool may_go(const cf_http_exchange *victim, const cf_http_exchange *self)
{
    const cf_team *team = self->server->team;
    if (team == NULL || self->bodies->size > CF_HTTP_BODIES_MAX / team->count)
        return true;
    return victim != self && victim->body >= self->body;
}

/* Who has to go; NULL: nobody. */
static cf_http_exchange *find_victim(cf_http_exchange *self)
{
    cf_team *team = self->server->team;
    if (!are_too_many(self))
        return NULL;
    cf_http_exchange *victim = heaviest(self->bodies);
    if (victim == NULL)
        victim = self;
    return may_go(victim, self) && (team == NULL || take_out_of(team, victim)) ? victim : NULL;
}

/* False when the exchange itself had to go. */
static bool make_room(cf_http_exchange *self)
{
    cf_http_exchange *victim;
    while ((victim = find_victim(self)) != NULL) {
        refuse_request(victim, 503, "too many large bodies at one time, and this one has been there the longest");
        if (victim == self)
            return false;
        go_on(victim);
    }
    return true;
}

/* False when nothing further can be served now. */
static bool hand_out(cf_http_exchange *self, cf_bytes rest)
{
    const cf_http_request *request = cf_http_parser_request(self->parser);
    self->last = !request->keep_alive || request->body_ahead || self->server->idle_timeout == 0;
    self->old = request->old;
    self->head_only = request->head;
    self->answering = true;
    self->watched = false;
    self->rest = rest;
    self->started = uv_hrtime();
    cf_list_remove(&self->receiving);
    self->server->request(self->server->user, self, request, self->port);
    return self->connection != NULL && !self->answering && !self->writing && !self->last;
}

static void wait_for_more(cf_http_exchange *self, bool begun, bool told_continue)
{
    if (!begun && cf_http_parser_begun(self->parser) && !cf_http_parser_in_body(self->parser))
        set_deadline(self, CF_HTTP_HEAD_TIMEOUT);
    write_out(self);
    if (told_continue && !cf_connection_send(self->connection, CF_BYTES("HTTP/1.1 100 Continue\r\n\r\n")))
        self->last = self->broken = true;
}

static cf_http_progress read_some(cf_http_exchange *self, cf_bytes *input)
{
    size_t used = 0;
    cf_http_progress progress = cf_http_parser_read(self->parser, input->data, input->size, &used);
    *input = cf_bytes_slice(*input, used, input->size);
    count_body(self, cf_http_parser_body_size(self->parser));
    return progress;
}

/* A head is complete whose body is ahead. True when the body is read. */
static bool expect_body(cf_http_exchange *self)
{
    const cf_http_request *request = cf_http_parser_request(self->parser);
    cf_http_body_limit limit = self->server->body_limit(self->server->user, request, self->port);
    if (limit.max == 0)
        return false;
    cf_http_parser_limit_body(self->parser, limit);
    self->body_since = cf_net_now(self->server->net);
    cf_list_append(&self->bodies->receiving, &self->receiving);
    set_deadline(self, CF_HTTP_BODY_TIMEOUT);
    return true;
}

/* One request out of the input. False when serve() must stop. */
static bool serve_one(cf_http_exchange *self, cf_bytes *input)
{
    bool begun = cf_http_parser_begun(self->parser);
    cf_http_progress progress = read_some(self, input);
    if (progress == CF_HTTP_HEAD && expect_body(self))
        progress = read_some(self, input);
    if (progress == CF_HTTP_FAILED) {
        refuse_request(self, cf_http_parser_status(self->parser), cf_http_parser_reason(self->parser));
        return false;
    }
    if (!make_room(self))
        return false;
    if (progress == CF_HTTP_HEAD || progress == CF_HTTP_COMPLETE)
        return hand_out(self, *input);
    wait_for_more(self, begun, progress == CF_HTTP_CONTINUE);
    return false;
}

static size_t early_size(const cf_http_exchange *self)
{
    return self->early.size - self->early_at;
}

/* Input that waits is the end of what waited before, or follows nothing. */
static void keep_early(cf_http_exchange *self, cf_bytes input)
{
    if (input.size == 0 || self->last) {
        cf_buffer_free(&self->early);
        self->early_at = 0;
    } else if (self->early.size > 0) {
        self->early_at = self->early.size - input.size;
    } else {
        cf_buffer_append(&self->early, input);
        self->last = self->early.failed;
    }
}

/* `input`: what stands behind the requests that were served. */
static void end_serving(cf_http_exchange *self, cf_bytes input)
{
    self->reading = false;
    if (self->connection == NULL) {
        free_exchange(self);
        return;
    }
    write_out(self);
    if (self->broken) {
        close_now(self);
        return;
    }
    keep_early(self, input);
    if (self->answering) {
        watch_stream(self);
        cf_connection_pause(self->connection, !self->watched || early_size(self) >= CF_HTTP_EARLY_MAX);
    } else if (self->last || self->writing) {
        go_on(self);
    } else if (input.size > 0) {
        cf_connection_yield(self->connection);
    }
}

static void serve(cf_http_exchange *self, cf_bytes input)
{
    self->reading = true;
    for (size_t i = 0; i < CF_HTTP_REQUESTS_MAX && input.size > 0 && serve_one(self, &input); i++)
        go_on(self); /* prepares for the next request only */
    end_serving(self, input);
}

/* The request that the parser holds; what has come behind it is early. */
static void hand_out_again(cf_http_exchange *self)
{
    cf_bytes rest = early_bytes(self);
    self->reading = true;
    if (hand_out(self, rest))
        go_on(self); /* prepares for the next request only */
    end_serving(self, rest);
}

/* What comes before the answer belongs to the next request. */
static void add_early(cf_http_exchange *self, cf_bytes input)
{
    cf_buffer_append(&self->early, input);
    if (self->early.failed)
        self->last = true;
    if (self->early.failed || early_size(self) >= CF_HTTP_EARLY_MAX)
        cf_connection_pause(self->connection, true);
}

static void on_read(cf_connection *connection, char *data, size_t size)
{
    cf_http_exchange *self = connection->owner;
    if (self->answering)
        add_early(self, (cf_bytes){data, size});
    else
        serve(self, (cf_bytes){data, size});
}

static void on_written(cf_connection *connection)
{
    cf_http_exchange *self = connection->owner;
    if (!self->writing)
        return; /* a `100 Continue` */
    self->writing = false;
    count_waiting(self, 0);
    if (self->postponed) {
        self->postponed = false;
        cf_connection_pause(connection, false);
        hand_out_again(self);
        return;
    }
    if (!self->answering) {
        go_on(self);
        return;
    }
    cf_connection_set_timer(connection, CF_TIME_NEVER);
    if (self->streamed != NULL)
        self->streamed(self->abort_user);
}

static void on_go_on(cf_connection *connection)
{
    serve_early(connection->owner);
}

static void on_ended(cf_connection *connection)
{
    close_now(connection->owner);
}

/* A large answer on a slow line takes its time. */
static bool takes_answer(cf_http_exchange *self)
{
    size_t left = cf_connection_queued(self->connection);
    bool takes = self->writing && left < self->waiting;
    count_waiting(self, left);
    return takes;
}

static void on_timer(cf_connection *connection)
{
    cf_http_exchange *self = connection->owner;
    if (takes_answer(self)) {
        set_deadline(self, CF_HTTP_WRITE_TIMEOUT);
        return;
    }
    if (self->writing || !cf_http_parser_begun(self->parser)) {
        close_now(self);
        return;
    }
    refuse_request(self, 408,
                   cf_http_parser_in_body(self->parser) ? "its body did not come in time" : "its head did not come in time");
    go_on(self);
}

static void on_dropped(cf_connection *connection)
{
    let_go(connection->owner);
}

static const cf_protocol http = {
    .read = on_read,
    .written = on_written,
    .go_on = on_go_on,
    .ended = on_ended,
    .timer = on_timer,
    .dropped = on_dropped,
    .patient = true,
};

static cf_http_exchange *new_exchange(const cf_allocator *allocator)
{
    cf_http_exchange *self = cf_alloc_zero(allocator, 1, sizeof(*self));
    if (self == NULL)
        return NULL;
    cf_buffer_init(&self->out, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&self->early, allocator, CF_BUFFER_NO_LIMIT);
    return self;
}

void cf_http_exchange_start(cf_http_server *server, cf_http_bodies *bodies, cf_connection *connection, unsigned port)
{
    const cf_allocator *allocator = server->net->allocator;
    cf_http_exchange *self = new_exchange(allocator);
    cf_http_parser *parser = self != NULL ? cf_http_parser_new(allocator) : NULL;
    if (parser == NULL) {
        cf_free(allocator, self);
        cf_connection_close(connection);
        return;
    }
    self->server = server;
    self->bodies = bodies;
    self->connection = connection;
    self->parser = parser;
    self->port = port;
    cf_connection_start(connection, &http, self);
    set_deadline(self, CF_HTTP_HEAD_TIMEOUT);
}

/* ---- from one worker to another ---- */

/* NULL without memory. */
static cf_http_exchange *copy_rest(const cf_http_exchange *self)
{
    cf_http_exchange *copy = new_exchange(self->out.allocator);
    if (copy == NULL)
        return NULL;
    copy->port = self->port;
    cf_buffer_append(&copy->early, self->rest);
    if (!copy->early.failed)
        return copy;
    free_memory(copy);
    return NULL;
}

bool cf_http_exchange_postpone(cf_http_exchange *self)
{
    CF_ASSERT(self->answering && self->reading);
    write_out(self);
    self->postponed = self->writing;
    self->answering = !self->postponed;
    return self->postponed;
}

cf_http_exchange *cf_http_exchange_part(cf_http_exchange *self, cf_parted *parted)
{
    CF_ASSERT(self->answering && self->reading);
    write_out(self);
    CF_ASSERT(!self->writing);
    cf_http_exchange *moved = self->broken ? NULL : copy_rest(self);
    if (moved == NULL)
        return NULL;
    if (!cf_connection_part(self->connection, parted)) {
        free_memory(moved);
        return NULL;
    }
    moved->parser = self->parser;
    self->parser = NULL;
    self->connection = NULL;
    self->answering = false;
    return moved;
}

void cf_http_exchange_drop(cf_http_exchange *self, const cf_parted *parted)
{
    cf_parted_drop(parted);
    free_memory(self);
}

void cf_http_exchange_join(cf_http_exchange *self, const cf_parted *parted, cf_http_server *server, cf_http_bodies *bodies)
{
    self->connection = cf_connection_join(server->net, parted);
    if (self->connection == NULL) {
        free_memory(self);
        return;
    }
    self->server = server;
    self->bodies = bodies;
    count_body(self, cf_http_parser_body_size(self->parser));
    cf_connection_start(self->connection, &http, self);
    hand_out_again(self);
}

unsigned cf_http_exchange_port(const cf_http_exchange *self)
{
    return self->port;
}

#include "native/sockjs.h"

#include "native/choice.h"
#include "native/socket.h"

#include <string.h>

/* A request that receives, one that sends, and one whose connection ends. */
#define CONNECTIONS_MAX 4L

static cf_native_sockjs *sockjs_of(cf_native_transport *transport)
{
    return CF_CONTAINER(transport, cf_native_sockjs, base);
}

void cf_native_sockjs_append_address(cf_buffer *out, cf_bytes base, cf_bytes path, cf_bytes name)
{
    size_t end = (size_t)cf_bytes_find(base, CF_BYTES("?")); /* SIZE_MAX: it has no query */
    cf_buffer_append(out, cf_bytes_slice(base, 0, end));
    cf_buffer_append(out, path);
    cf_buffer_append_byte(out, '/');
    cf_buffer_append(out, name);
    cf_buffer_append(out, cf_bytes_slice(base, end, SIZE_MAX));
}

/* ---- the end -------------------------------------------------------------------------- */

static void let_socket_go(cf_native_sockjs *self, bool politely)
{
    cf_native_transport *socket = self->socket;
    self->socket = NULL;
    if (socket && politely)
        socket->ops->close(socket);
    else if (socket)
        socket->ops->kill(socket);
}

static void stop(cf_native_sockjs *self)
{
    let_socket_go(self, false);
    cf_native_sockjs_stop_requests(self);
}

static void kill_sockjs(cf_native_transport *transport)
{
    cf_native_sockjs *self = sockjs_of(transport);
    if (!self->dead)
        stop(self);
    self->dead = true;
}

static void lose(cf_native_sockjs *self, centrifuge_error error, const char *detail)
{
    kill_sockjs(&self->base);
    self->base.tell->lost(&self->base, error, detail);
}

static centrifuge_error error_of_code(int64_t code)
{
    if (code == CF_SOCKJS_CODE_NO_TRANSPORTS)
        return CENTRIFUGE_ERROR_TIMEOUT;
    return code == CF_SOCKJS_CODE_NO_SERVER ? CENTRIFUGE_ERROR_PROTOCOL : CENTRIFUGE_ERROR_NETWORK;
}

static void tell_lost(cf_native_sockjs *self, const cf_sockjs_effect *effect)
{
    char *text = cf_copy(&cf_heap, effect->text);
    const char *detail = self->detail ? self->detail : text ? text : "";
    lose(self, self->detail ? self->error : error_of_code(effect->code), detail);
    cf_free(&cf_heap, text);
}

static void tell_closed(cf_native_sockjs *self, const cf_sockjs_effect *effect)
{
    bool sane = effect->code > 0 && effect->code <= UINT16_MAX;
    kill_sockjs(&self->base);
    self->base.tell->closed(&self->base, sane ? (uint16_t)effect->code : CF_WS_CLOSE_NO_STATUS, effect->text);
}

/* ---- the transport websocket ------------------------------------------------------------ */

static void work(cf_native_sockjs *self);

/* NULL: the socket was let go. */
static cf_native_sockjs *owner_of(const cf_native_transport *socket)
{
    cf_list *transports = &socket->client->transports;
    for (cf_list *link = transports->next; link != transports; link = link->next) {
        cf_native_transport *transport = CF_CONTAINER(link, cf_native_transport, link);
        if (transport->ops == &cf_native_sockjs_ops && sockjs_of(transport)->socket == socket)
            return sockjs_of(transport);
    }
    return NULL;
}

/* A SockJS server sends a frame first. */
static void on_socket_opened(cf_native_transport *socket)
{
    (void)socket;
}

static void on_socket_received(cf_native_transport *socket, cf_bytes text)
{
    cf_native_sockjs *self = owner_of(socket);
    if (!self)
        return;
    cf_sockjs_link_received(&self->link, text);
    work(self);
}

static void on_socket_alive(cf_native_transport *socket)
{
    cf_native_sockjs *self = owner_of(socket);
    if (self)
        self->base.tell->alive(&self->base);
}

static void on_socket_lost(cf_native_transport *socket, centrifuge_error error, const char *detail)
{
    cf_native_sockjs *self = owner_of(socket);
    if (!self) {
        socket->ops->kill(socket);
        return;
    }
    cf_native_sockjs_keep_fault(self, error, detail);
    cf_sockjs_link_ended(&self->link, false);
    work(self);
}

static void on_socket_closed(cf_native_transport *socket, uint16_t code, cf_bytes reason)
{
    (void)reason;
    on_socket_lost(socket, code == CF_WS_CLOSE_TOO_LARGE ? CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE : CENTRIFUGE_ERROR_NETWORK,
                   "closed by the server without a SockJS close");
}

static void on_socket_unsent(cf_native_transport *socket)
{
    cf_native_sockjs *self = owner_of(socket);
    if (self)
        self->base.tell->unsent(&self->base);
}

static const cf_native_transport_events socket_events = {
    .opened = on_socket_opened,
    .received = on_socket_received,
    .alive = on_socket_alive,
    .closed = on_socket_closed,
    .lost = on_socket_lost,
    .unsent = on_socket_unsent,
};

static bool open_socket(cf_native_sockjs *self)
{
    cf_buffer address;
    cf_buffer_init(&address, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_native_sockjs_append_address(&address, cf_buffer_bytes(&self->address), cf_buffer_bytes(&self->path),
                                    CF_BYTES("websocket"));
    centrifuge_error error = CENTRIFUGE_ERROR_NO_MEMORY;
    if (!address.failed)
        error = cf_native_socket_open(self->base.client, 0, cf_buffer_bytes(&address), &socket_events, &self->socket);
    if (error)
        cf_native_sockjs_keep_fault(self, error, centrifuge_error_text(error));
    cf_buffer_free(&address);
    return !error;
}

/* ---- what the link asks for ---------------------------------------------------------------- */

static void forget_fault(cf_native_sockjs *self)
{
    cf_free(&cf_heap, self->detail);
    self->detail = NULL;
}

static void choose_session(cf_native_sockjs *self)
{
    uint8_t random[CF_SOCKJS_RANDOM_SIZE];
    char path[CF_SOCKJS_PATH_SIZE];
    const char *server = self->base.client->settings.server;
    cf_native_random(self->base.client, random, sizeof random);
    cf_sockjs_write_path(path, random);
    cf_buffer_clear(&self->path);
    cf_bytes all = cf_bytes_make(path, sizeof path);
    cf_bytes session = cf_bytes_slice(all, (size_t)cf_bytes_find_last(all, CF_BYTES("/")), all.size);
    cf_buffer_append_byte(&self->path, '/');
    cf_buffer_append(&self->path, server ? cf_bytes_of(server) : cf_bytes_slice(all, 1, all.size - session.size));
    cf_buffer_append(&self->path, session);
}

static void receive(cf_native_sockjs *self, const cf_sockjs_effect *effect)
{
    self->current = effect->transport;
    if (effect->fresh) {
        forget_fault(self);
        choose_session(self);
        cf_native_choice_trying(self->base.client, self->first + self->link.tried - 1);
    }
    bool begun = self->current == CF_SOCKJS_WEBSOCKET ? open_socket(self) : cf_native_sockjs_receive(self);
    if (!begun)
        cf_sockjs_link_ended(&self->link, false);
}

static void send_body(cf_native_sockjs *self, cf_bytes body)
{
    if (self->current == CF_SOCKJS_WEBSOCKET)
        self->socket->ops->send(self->socket, body);
    else if (!cf_native_sockjs_post(self, body))
        cf_sockjs_link_sent(&self->link, false);
}

/* Why the next transport is tried is told to people. */
static void log_next(cf_native_sockjs *self)
{
    cf_buffer text;
    if (self->link.state != CF_SOCKJS_LINK_STOPPING)
        return;
    if (!self->detail && self->link.framed)
        cf_native_sockjs_keep_fault(self, CENTRIFUGE_ERROR_PROTOCOL, "what the SockJS server sent is no frame that opens it");
    if (!self->detail)
        cf_native_sockjs_keep_fault(self, CENTRIFUGE_ERROR_TIMEOUT, "it did not open in time");
    cf_buffer_init(&text, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&text, CF_BYTES("the SockJS transport "));
    cf_buffer_append(&text, cf_bytes_of(cf_native_choice_name(self->current)));
    cf_buffer_append(&text, CF_BYTES(" is not possible: "));
    cf_buffer_append(&text, cf_bytes_of(self->detail));
    cf_native_events_log(self->base.client, CF_LOG_INFO, cf_buffer_bytes(&text));
    cf_buffer_free(&text);
}

static void carry_out(cf_native_sockjs *self, const cf_sockjs_effect *effect)
{
    switch (effect->kind) {
    case CF_SOCKJS_EFFECT_INFO:
        if (!cf_native_sockjs_ask_info(self))
            cf_sockjs_link_info(&self->link, (cf_bytes){NULL, 0}, self->base.client->now);
        break;
    case CF_SOCKJS_EFFECT_RECEIVE:
        receive(self, effect);
        break;
    case CF_SOCKJS_EFFECT_SEND:
        send_body(self, effect->text);
        break;
    case CF_SOCKJS_EFFECT_STOP:
        log_next(self);
        stop(self);
        cf_sockjs_link_stopped(&self->link, self->base.client->now);
        break;
    case CF_SOCKJS_EFFECT_OPENED:
        forget_fault(self);
        self->base.tell->opened(&self->base);
        break;
    case CF_SOCKJS_EFFECT_MESSAGE:
        if (!self->leaving)
            self->base.tell->received(&self->base, effect->text);
        break;
    case CF_SOCKJS_EFFECT_CLOSED:
        if (effect->by_server)
            tell_closed(self, effect);
        else
            tell_lost(self, effect);
        break;
    case CF_SOCKJS_EFFECT_NONE:
        break;
    }
}

static bool may_work(const cf_native_sockjs *self)
{
    const centrifuge_client *client = self->base.client;
    return !self->dead && !client->ending && !client->share.over;
}

static void end_leaving(cf_native_sockjs *self)
{
    if (!self->leaving || self->dead || self->link.sending || self->link.unsent.size > 0)
        return;
    let_socket_go(self, true);
    kill_sockjs(&self->base);
}

static void work(cf_native_sockjs *self)
{
    cf_sockjs_effect effect;
    while (may_work(self) && cf_sockjs_link_next(&self->link, &effect))
        carry_out(self, &effect);
    end_leaving(self);
}

/* ---- what requests bring --------------------------------------------------------------------- */

static void end_too_large(cf_native_sockjs *self)
{
    cf_native_sockjs_keep_fault(self, CENTRIFUGE_ERROR_LIMIT_MESSAGE_SIZE,
                                "the server sent more than message_size_max in one SockJS frame");
    cf_native_request_free(&self->receiver, &self->multi);
    self->ended = false;
    cf_sockjs_link_ended(&self->link, false);
}

static bool is_too_large(const cf_native_sockjs *self, cf_bytes frame)
{
    return frame.size > self->base.client->settings.message_size_max && frame.data[0] == 'a';
}

static bool take_frame(cf_native_sockjs *self)
{
    cf_bytes frame;
    cf_bytes rest = cf_bytes_slice(cf_buffer_bytes(&self->input), self->used, self->input.size);
    bool found = cf_sockjs_stream_next(&self->stream, &rest, &frame);
    self->used = self->input.size - rest.size;
    if (self->stream.failed || (found && is_too_large(self, frame)))
        end_too_large(self);
    else if (found)
        cf_sockjs_link_received(&self->link, frame);
    work(self);
    return found;
}

static void end_receiver(cf_native_sockjs *self)
{
    bool asked = self->link.state == CF_SOCKJS_LINK_ASKING;
    cf_bytes answer = cf_buffer_bytes(&self->input);
    bool good = cf_native_sockjs_end_receiver(self);
    if (asked)
        cf_sockjs_link_info(&self->link, good ? answer : (cf_bytes){NULL, 0}, self->base.client->now);
    else
        cf_sockjs_link_ended(&self->link, good);
    work(self);
}

/* What came before a receiver's end is told before it. */
static void go_on(cf_native_sockjs *self)
{
    work(self);
    while (may_work(self) && self->link.state != CF_SOCKJS_LINK_ASKING && self->receiver.easy && take_frame(self))
        continue;
    if (may_work(self) && self->ended)
        end_receiver(self);
    if (may_work(self) && self->used == self->input.size) {
        cf_buffer_free(&self->input);
        self->used = 0;
    }
}

static void note_ends(cf_native_sockjs *self)
{
    CURLcode code;
    for (const void *done; (done = cf_native_multi_next_done(&self->multi, &code)) != NULL;) {
        if (done == &self->receiver) {
            self->ended = true;
            self->outcome = code;
        } else {
            cf_sockjs_link_sent(&self->link, cf_native_sockjs_end_sender(self, code));
        }
    }
}

/* Libcurl has worked; or does nothing more, for want of sockets that can be watched. */
static void settle(cf_native_sockjs *self, bool works)
{
    note_ends(self);
    if (self->heard)
        self->base.tell->alive(&self->base);
    self->heard = false;
    if (works)
        go_on(self);
    else
        lose(self, CENTRIFUGE_ERROR_SYSTEM, "too many sockets are watched");
    if (!self->dead)
        self->base.tell->unsent(&self->base);
}

/* ---- what the driver asks ---------------------------------------------------------------------- */

static const char *name(const cf_native_transport *transport)
{
    return cf_native_choice_name(CF_CONTAINER(transport, const cf_native_sockjs, base)->current);
}

static void send_text(cf_native_transport *transport, cf_bytes text)
{
    cf_native_sockjs *self = sockjs_of(transport);
    if (self->link.state == CF_SOCKJS_LINK_OPEN && !cf_sockjs_link_send(&self->link, text))
        lose(self, CENTRIFUGE_ERROR_LIMIT_QUEUE,
             "the connection is too slow for what is sent: raise 'queue_size_max' or send less");
}

static void flush_sockjs(cf_native_transport *transport)
{
    if (sockjs_of(transport)->link.unsent.size > 0)
        work(sockjs_of(transport));
}

static void resume(cf_native_transport *transport)
{
    go_on(sockjs_of(transport));
}

static bool ready(cf_native_transport *transport, centrifuge_socket handle, int events)
{
    cf_native_sockjs *self = sockjs_of(transport);
    if (self->dead || !cf_native_multi_owns(&self->multi, handle))
        return false;
    if (may_work(self))
        settle(self, cf_native_multi_progress(&self->multi, handle, events));
    return true;
}

static void tick(cf_native_sockjs *self, cf_time now)
{
    if (self->link.deadline > now)
        return;
    if (self->link.state == CF_SOCKJS_LINK_ASKING)
        cf_native_sockjs_keep_fault(self, CENTRIFUGE_ERROR_TIMEOUT, "the SockJS server did not answer /info in time");
    cf_sockjs_link_tick(&self->link, now);
    work(self);
}

static void timers(cf_native_transport *transport, cf_time now, bool read_all)
{
    cf_native_sockjs *self = sockjs_of(transport);
    if (may_work(self) && (read_all || self->multi.deadline <= now))
        settle(self, cf_native_multi_timers(&self->multi, now, read_all));
    if (may_work(self))
        tick(self, now);
    if (self->linger_until <= now)
        kill_sockjs(transport);
}

static cf_time deadline(const cf_native_transport *transport)
{
    const cf_native_sockjs *self = CF_CONTAINER(transport, const cf_native_sockjs, base);
    if (self->dead)
        return CF_TIME_NEVER;
    cf_time first = self->multi.deadline < self->link.deadline ? self->multi.deadline : self->link.deadline;
    return first < self->linger_until ? first : self->linger_until;
}

static size_t unsent(const cf_native_transport *transport)
{
    const cf_native_sockjs *self = CF_CONTAINER(transport, const cf_native_sockjs, base);
    size_t size = self->link.unsent.size + (self->link.sending ? self->link.outgoing.size : 0);
    return size + (self->socket ? self->socket->ops->unsent(self->socket) : 0);
}

static void close_politely(cf_native_transport *transport)
{
    cf_native_sockjs *self = sockjs_of(transport);
    if (self->link.state != CF_SOCKJS_LINK_OPEN) {
        kill_sockjs(transport);
        return;
    }
    self->leaving = true;
    self->linger_until = cf_time_after(cf_native_clock_now(), CF_NATIVE_SOCKJS_LINGER);
    end_leaving(self);
}

static void abandon(cf_native_transport *transport)
{
    cf_native_sockjs *self = sockjs_of(transport);
    self->dead = true;
    self->socket = NULL;
    self->multi.handle = NULL;
    self->cookies = NULL;
    self->receiver = self->sender = (cf_native_request){.easy = NULL};
}

static void reap(cf_native_transport *transport)
{
    cf_native_sockjs *self = sockjs_of(transport);
    cf_buffer *const buffers[] = {&self->address, &self->path, &self->input};
    if (!self->dead)
        return;
    cf_list_remove(&self->base.link);
    cf_native_multi_close(&self->multi);
    curl_share_cleanup(self->cookies);
    cf_sockjs_link_free(&self->link);
    cf_sockjs_stream_free(&self->stream);
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        cf_buffer_free(buffers[i]);
    forget_fault(self);
    cf_free(&cf_heap, self);
}

const cf_native_transport_ops cf_native_sockjs_ops = {
    .name = name,
    .send = send_text,
    .flush = flush_sockjs,
    .resume = resume,
    .ready = ready,
    .timers = timers,
    .deadline = deadline,
    .unsent = unsent,
    .close = close_politely,
    .kill = kill_sockjs,
    .abandon = abandon,
    .reap = reap,
};

/* ---- the beginning -------------------------------------------------------------------------------- */

static void choose_transports(cf_native_sockjs *self, size_t first)
{
    const cf_native_settings *settings = &self->base.client->settings;
    size_t count = cf_native_choice_count(self->base.client) - first;
    self->first = first;
    for (size_t i = 0; i < count; i++)
        self->transports[i] = (cf_sockjs_transport)settings->transports[first + i];
    size_t queue_max = settings->queue_size_max;
    queue_max = queue_max < SIZE_MAX - CF_NATIVE_SOCKET_SLACK ? queue_max + CF_NATIVE_SOCKET_SLACK : SIZE_MAX;
    cf_sockjs_link_init(&self->link, self->transports, count, queue_max, &cf_heap);
}

static bool open_multi(cf_native_sockjs *self)
{
    if (self->address.failed || !cf_native_multi_open(&self->multi, self->base.client, CONNECTIONS_MAX))
        return false;
    self->cookies = curl_share_init();
    return self->cookies && curl_share_setopt(self->cookies, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE) == CURLSHE_OK;
}

centrifuge_error cf_native_sockjs_open(centrifuge_client *client, uint32_t id, cf_bytes address, size_t first,
                                       const cf_native_transport_events *tell, cf_native_transport **opened)
{
    cf_native_sockjs *self = cf_alloc_zero(&cf_heap, 1, sizeof *self);
    if (!self)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    self->base = (cf_native_transport){.client = client, .ops = &cf_native_sockjs_ops, .tell = tell, .id = id};
    self->linger_until = CF_TIME_NEVER;
    cf_buffer_init(&self->address, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&self->address, address);
    cf_buffer_init(&self->path, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&self->input, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_sockjs_stream_init(&self->stream, CF_SOCKJS_XHR, 0, &cf_heap);
    choose_transports(self, first);
    cf_list_append(&client->transports, &self->base.link);
    if (!open_multi(self)) {
        kill_sockjs(&self->base);
        return CENTRIFUGE_ERROR_NO_MEMORY;
    }
    *opened = &self->base;
    cf_sockjs_link_start(&self->link, client->now);
    work(self);
    return CENTRIFUGE_ERROR_OK;
}

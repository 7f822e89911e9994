/*
 * Effects of the core, turns of the loop, the end.
 */
#include "native/native.h"

#include <string.h>

/* ---- randomness ---------------------------------------------------------------- */

bool cf_native_driver_seed(centrifuge_client *client)
{
    client->random_left = sizeof client->random;
    return cf_native_random_bytes(client->random, sizeof client->random);
}

/*
 * A system call for each frame's mask would cost more than the frame: bytes are taken in advance. Should the source fail after it
 * has worked once, the same bytes are used again: better than to lose the connection.
 */
void cf_native_driver_random(centrifuge_client *client, void *data, size_t size)
{
    CF_ASSERT(size <= sizeof client->random);
    if (client->random_left < size)
        (void)cf_native_driver_seed(client);
    client->random_left -= size;
    memcpy(data, client->random + client->random_left, size);
}

static uint32_t random_bits(void *user)
{
    uint32_t bits;
    cf_native_driver_random(user, &bits, sizeof bits);
    return bits;
}

cf_environment cf_native_driver_environment(centrifuge_client *client)
{
    return (cf_environment){.allocator = &cf_native_allocator, .random = random_bits, .user = client};
}

cf_time cf_native_driver_now(centrifuge_client *client)
{
    return client->now = cf_native_clock_now();
}

char *cf_native_driver_read_buffer(centrifuge_client *client)
{
    if (!client->read_buffer)
        client->read_buffer = cf_alloc(&cf_native_allocator, CF_NATIVE_SOCKET_READ_SIZE);
    return client->read_buffer;
}

/* ---- effects ---------------------------------------------------------------------- */

static void keep_close(centrifuge_client *client, uint16_t code, cf_bytes reason)
{
    client->close_code = code;
    cf_free(&cf_native_allocator, client->close_reason);
    client->close_reason = reason.size > 0 ? cf_copy(&cf_native_allocator, reason) : NULL;
}

static void keep_detail(centrifuge_client *client, const char *detail)
{
    cf_free(&cf_native_allocator, client->detail);
    client->detail = detail ? cf_copy(&cf_native_allocator, cf_bytes_of(detail)) : NULL;
}

static void open_transport(centrifuge_client *client, uint32_t id, cf_bytes address)
{
    if (client->ending)
        return;
    client->http_status = 0;
    client->retry_after = 0;
    keep_detail(client, NULL);
    centrifuge_error error = cf_native_socket_open(client, id, address);
    if (error)
        cf_client_transport_closed(client->core, id, (cf_bytes){"", 0}, error, client->now);
}

/* One that says goodbye is enough: an older one is cut. */
static void close_transport(centrifuge_client *client, uint32_t id)
{
    if (!client->live || client->live->id != id)
        return;
    keep_close(client, CF_WS_CLOSE_NO_STATUS, (cf_bytes){"", 0});
    CF_LIST_EACH (link, &client->sockets) {
        cf_native_socket *other = CF_CONTAINER(link, cf_native_socket, link);
        if (other != client->live)
            cf_native_socket_kill(other);
    }
    cf_native_socket *socket = client->live;
    client->live = NULL;
    cf_native_socket_close(socket);
}

static void carry_out(centrifuge_client *client, const cf_effect *effect)
{
    switch (effect->kind) {
    case CF_EFFECT_TRANSPORT_OPEN:
        open_transport(client, effect->transport.id, effect->transport.address);
        break;
    case CF_EFFECT_TRANSPORT_SEND:
        if (client->live && client->live->id == effect->transport.id)
            cf_native_socket_send(client->live, effect->transport.text);
        cf_native_driver_unsent(client);
        break;
    case CF_EFFECT_TRANSPORT_CLOSE:
        close_transport(client, effect->transport.id);
        break;
    case CF_EFFECT_AUTHORIZE:
        if (!client->ending)
            cf_native_http_authorize(client, effect->request.id, effect->request.body);
        break;
    case CF_EFFECT_REFRESH:
        if (!client->ending)
            cf_native_http_refresh(client, effect->request.id);
        break;
    case CF_EFFECT_REQUEST_CANCEL:
        cf_native_http_cancel(client, effect->request.id);
        break;
    case CF_EFFECT_EVENT:
        client->events++;
        cf_native_events_deliver(client, &effect->event);
        break;
    case CF_EFFECT_RESULT:
        client->events++;
        cf_native_events_result(&effect->result);
        break;
    case CF_EFFECT_LOG:
        cf_native_events_log(client, effect->log.level, effect->log.text);
        break;
    }
}

/* The next turn goes on. */
static void halt(centrifuge_client *client)
{
    client->halted = true;
    if (!client->was_halted)
        cf_native_events_high_water(client, CENTRIFUGE_ERROR_LIMIT_EVENTS, client->events, client->settings.events_per_turn);
    client->was_halted = true;
}

void cf_native_driver_settle(centrifuge_client *client)
{
    cf_effect effect;
    client->kicked = false;
    while (!client->ending && !client->halted && cf_client_next_effect(client->core, client->now, &effect)) {
        carry_out(client, &effect);
        if (client->events >= client->settings.events_per_turn)
            halt(client);
        else if (cf_native_driver_copied(client)) /* a callback forked: what is left is for the parent, or for who adopts it */
            client->halted = true;
    }
}

void cf_native_driver_unsent(centrifuge_client *client)
{
    if (client->live)
        cf_client_transport_unsent(client->core, client->live->id, cf_native_socket_unsent(client->live));
}

/* ---- what a socket tells ------------------------------------------------------------ */

void cf_native_driver_opened(cf_native_socket *socket)
{
    centrifuge_client *client = socket->client;
    cf_client_transport_opened(client->core, socket->id, CF_BYTES("raw-websocket"), client->now);
    cf_native_driver_settle(client);
}

void cf_native_driver_received(cf_native_socket *socket, cf_bytes text)
{
    centrifuge_client *client = socket->client;
    cf_client_transport_received(client->core, socket->id, text, client->now);
    cf_native_driver_settle(client);
}

void cf_native_driver_alive(cf_native_socket *socket)
{
    cf_client_transport_alive(socket->client->core, socket->id, socket->client->now);
    socket->client->kicked = true;
}

void cf_native_driver_lost(cf_native_socket *socket, cf_bytes reason, centrifuge_error error, const char *detail)
{
    centrifuge_client *client = socket->client;
    bool live = client->live == socket;
    if (!live || socket->state != CF_NATIVE_SOCKET_CLOSING)
        cf_native_socket_kill(socket);
    if (!live)
        return;
    client->live = NULL;
    cf_native_events_log(client, error ? CF_LOG_WARNING : CF_LOG_DEBUG, cf_bytes_of(detail));
    if (error)
        keep_detail(client, detail);
    cf_time now = cf_native_driver_now(client);
    cf_client_transport_retry_after(client->core, socket->id, client->retry_after, now);
    cf_client_transport_closed(client->core, socket->id, reason, error, now);
    client->kicked = true;
}

/* Of Centrifugo and of ours: as text, and in the advice of a close frame. */
static void explain(centrifuge_client *client, cf_bytes reason)
{
    if (cf_bytes_equal(reason, CF_BYTES("slow")) || cf_bytes_find(reason, CF_BYTES("\"slow\"")) >= 0)
        cf_native_events_log(
            client, CF_LOG_WARNING,
            CF_BYTES("the server calls this client slow: messages were not read as fast as they came; do less in "
                     "callbacks, or publish less to channels that are subscribed"));
}

void cf_native_driver_closed(cf_native_socket *socket, uint16_t code, cf_bytes reason)
{
    explain(socket->client, reason);
    if (socket->client->live == socket)
        keep_close(socket->client, code, reason);
    if (code == CF_WS_CLOSE_TOO_LARGE)
        cf_native_driver_lost(socket, reason, CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE,
                              "closed by the server with 1009: a message was larger than it takes");
    else
        cf_native_driver_lost(socket, reason, CENTRIFUGE_ERROR_OK, "closed by the server");
}

/* ---- turns ----------------------------------------------------------------------------- */

bool cf_native_driver_copied(const centrifuge_client *client)
{
    return atomic_load_explicit(&client->process, memory_order_relaxed) != cf_native_process_self();
}

void cf_native_driver_own(centrifuge_client *client)
{
    atomic_store(&client->owner, cf_native_thread_self());
    atomic_store(&client->process, cf_native_process_self());
}

centrifuge_error cf_native_driver_enter(const centrifuge_client *client)
{
    if (!client)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    if (atomic_load_explicit(&client->owner, memory_order_relaxed) != cf_native_thread_self() ||
        cf_native_driver_copied(client))
        return CENTRIFUGE_ERROR_WRONG_THREAD;
    return client->ending ? CENTRIFUGE_ERROR_CLOSED : CENTRIFUGE_ERROR_OK;
}

centrifuge_error cf_native_driver_begin(centrifuge_client *client)
{
    centrifuge_error error = cf_native_driver_enter(client);
    if (error && error != CENTRIFUGE_ERROR_CLOSED)
        return error;
    if (client->in_turn)
        return CENTRIFUGE_ERROR_INVALID_STATE;
    client->in_turn = true;
    client->events = 0;
    cf_native_driver_now(client);
    return CENTRIFUGE_ERROR_OK;
}

/* What the last turn left comes before anything new. */
static void resume(centrifuge_client *client)
{
    if (!client->halted || client->events > 0)
        return;
    client->halted = false;
    cf_native_driver_settle(client);
    CF_LIST_EACH (link, &client->sockets) {
        if (!client->halted && !client->ending)
            cf_native_socket_resume(CF_CONTAINER(link, cf_native_socket, link));
    }
}

static void flush(centrifuge_client *client)
{
    CF_LIST_EACH (link, &client->sockets) {
        cf_native_socket *socket = CF_CONTAINER(link, cf_native_socket, link);
        if (cf_native_socket_wants_to_send(socket))
            cf_native_socket_flush(socket);
    }
}

/* Not while effects may point into what they hold. */
static void reap(centrifuge_client *client)
{
    if (client->halted && !client->ending)
        return;
    for (cf_list *link = client->sockets.next, *next; link != &client->sockets; link = next) {
        next = link->next;
        cf_native_socket_reap(CF_CONTAINER(link, cf_native_socket, link));
    }
    cf_free(&cf_native_allocator, client->read_buffer);
    client->read_buffer = NULL;
}

/* A callback forked, and returned in the child, too. */
static centrifuge_error end_copied(centrifuge_client *client)
{
    client->in_turn = false;
    if (!client->ending)
        return CENTRIFUGE_ERROR_WRONG_THREAD;
    cf_native_driver_destroy(client);
    return CENTRIFUGE_ERROR_CLOSED;
}

centrifuge_error cf_native_driver_end(centrifuge_client *client)
{
    if (cf_native_driver_copied(client))
        return end_copied(client);
    do {
        cf_native_driver_settle(client);
        if (!client->ending)
            flush(client);
    } while (client->kicked && !client->ending && !client->halted);
    if (client->ending) {
        cf_native_driver_destroy(client);
        return CENTRIFUGE_ERROR_CLOSED;
    }
    client->in_turn = false;
    client->was_halted = client->halted;
    reap(client);
    cf_native_loop_arm(&client->loop, cf_native_clock_now(), cf_native_driver_deadline(client));
    return CENTRIFUGE_ERROR_OK;
}

void cf_native_driver_kick(centrifuge_client *client)
{
    client->kicked = true;
    if (client->in_turn)
        return;
    cf_time now = cf_native_clock_now();
    cf_native_loop_arm(&client->loop, now, now);
}

static cf_native_socket *socket_at(centrifuge_client *client, centrifuge_socket handle)
{
    CF_LIST_EACH (link, &client->sockets) {
        cf_native_socket *socket = CF_CONTAINER(link, cf_native_socket, link);
        if (socket->state != CF_NATIVE_SOCKET_CONNECTING && socket->state != CF_NATIVE_SOCKET_DEAD && socket->socket == handle)
            return socket;
    }
    return NULL;
}

void cf_native_driver_ready(centrifuge_client *client, centrifuge_socket handle, int events)
{
    if (cf_native_driver_copied(client))
        return;
    resume(client);
    if (client->ending)
        return;
    if (handle == client->loop.wakeup.reader) {
        cf_native_wakeup_drain(&client->loop.wakeup);
        return;
    }
    if (handle == client->loop.alarm) {
        cf_native_loop_alarm_rang(&client->loop);
        cf_native_driver_timers(client);
        return;
    }
    if (cf_native_http_owns(client->http, handle)) {
        cf_native_http_progress(client, handle, events);
        return;
    }
    cf_native_socket *socket = socket_at(client, handle);
    if (socket) {
        if (events & CENTRIFUGE_READABLE)
            cf_native_socket_read(socket);
        if ((events & CENTRIFUGE_WRITABLE) && !client->ending)
            cf_native_socket_flush(socket);
        return;
    }
    if (client->live && client->live->state == CF_NATIVE_SOCKET_CONNECTING && cf_native_loop_watches(&client->loop, handle))
        cf_native_socket_progress(client->live, handle, events);
}

static void socket_timers(centrifuge_client *client, cf_time now, bool read_all)
{
    CF_LIST_EACH (link, &client->sockets) {
        cf_native_socket *socket = CF_CONTAINER(link, cf_native_socket, link);
        if (socket->curl_deadline <= now) {
            socket->curl_deadline = CF_TIME_NEVER;
            cf_native_socket_progress(socket, CURL_SOCKET_TIMEOUT, 0);
        }
        if (socket->has_more || read_all)
            cf_native_socket_read(socket);
        if (socket->linger_until <= now)
            cf_native_socket_kill(socket);
    }
}

/*
 * Sockets first: after a sleep of the machine bytes may wait that prove the peer alive. What they brought is told before time
 * changes the state again. Nor is a peer silent whose bytes are not read because the application has more than its share to do.
 */
void cf_native_driver_timers(centrifuge_client *client)
{
    if (cf_native_driver_copied(client))
        return;
    resume(client);
    if (client->ending)
        return;
    cf_time now = cf_native_driver_now(client);
    if (client->halted && client->live)
        cf_client_transport_alive(client->core, client->live->id, now);
    bool due = cf_client_deadline(client->core) <= now;
    socket_timers(client, now, due);
    cf_native_http_timers(client, now, due);
    if (!due || client->ending)
        return;
    cf_native_driver_settle(client);
    if (!client->ending)
        cf_client_tick(client->core, now);
}

static cf_time earlier(cf_time a, cf_time b)
{
    return a < b ? a : b;
}

cf_time cf_native_driver_deadline(const centrifuge_client *client)
{
    if (client->kicked || client->halted)
        return cf_native_clock_now();
    cf_time deadline = cf_client_deadline(client->core);
    if (client->http)
        deadline = earlier(deadline, client->http->deadline);
    CF_LIST_EACH (link, &client->sockets) {
        const cf_native_socket *socket = CF_CONTAINER(link, cf_native_socket, link);
        cf_time of_socket = earlier(socket->curl_deadline, socket->linger_until);
        deadline = socket->has_more ? cf_native_clock_now() : earlier(deadline, of_socket);
    }
    return deadline;
}

bool cf_native_driver_idle(const centrifuge_client *client)
{
    return !client->kicked && !client->halted && cf_list_empty(&client->sockets) && !client->http &&
           !cf_client_will_reconnect(client->core) && cf_client_get_state(client->core) == CF_CLIENT_DISCONNECTED &&
           !atomic_load(&client->posted);
}

/* ---- the end ------------------------------------------------------------------------------ */

/* Goodbyes are sent as far as the system takes them at once. */
static void close_sockets(centrifuge_client *client)
{
    CF_LIST_EACH (link, &client->sockets) {
        cf_native_socket *socket = CF_CONTAINER(link, cf_native_socket, link);
        cf_native_socket_flush(socket);
        cf_native_socket_kill(socket);
    }
    reap(client);
}

static void end_core(centrifuge_client *client)
{
    cf_effect effect;
    cf_client_shutdown(client->core, cf_native_driver_now(client));
    while (cf_client_next_effect(client->core, client->now, &effect))
        carry_out(client, &effect);
}

static void end(centrifuge_client *client)
{
    client->in_turn = true; /* it calls callbacks, as a turn does */
    end_core(client);
    cf_native_post_drop_all(client);
    cf_native_http_close(client);
    close_sockets(client);
    cf_native_loop_close(&client->loop);
}

/*
 * The parent's connections go on: no callback, no hook, and nothing of libcurl, which would say goodbye to the peer and wait for threads
 * that only the parent has. What libcurl holds stays behind.
 */
static void end_copy(centrifuge_client *client)
{
    cf_native_loop_abandon(&client->loop);
    client->http = NULL;
    CF_LIST_EACH (link, &client->sockets)
        cf_native_socket_abandon(CF_CONTAINER(link, cf_native_socket, link));
    client->live = NULL;
    end_core(client);
    cf_native_post_drop_all(client);
    reap(client);
}

void cf_native_driver_destroy(centrifuge_client *client)
{
    client->ending = true;
    if (cf_native_driver_copied(client))
        end_copy(client);
    else
        end(client);
    cf_client_free(client->core);
    while (!cf_list_empty(&client->subscriptions))
        cf_native_subscription_free(CF_CONTAINER(client->subscriptions.next, centrifuge_subscription, link));
    cf_native_listeners_free(&client->listeners);
    cf_native_settings_free(&client->settings);
    cf_http_trust_release(client->trust);
    cf_free(&cf_native_allocator, client->close_reason);
    cf_free(&cf_native_allocator, client->detail);
    cf_free(&cf_native_allocator, client->id_text);
    cf_free(&cf_native_allocator, client->credentials_text);
    cf_free(&cf_native_allocator, client);
}

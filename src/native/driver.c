/*
 * Effects of the core, turns of the loop, the end.
 */
#include "native/driver.h"

#include "native/choice.h"
#include "native/drain.h"
#include "native/inbox.h"
#include "native/http.h"
#include "native/open.h"
#include "native/shared.h"

#include <string.h>

/* ---- what a transport tells --------------------------------------------------------- */

static void keep_close_reason(centrifuge_client *client, cf_bytes reason)
{
    cf_free(&cf_heap, client->close_reason);
    client->close_reason = reason.size > 0 ? cf_copy(&cf_heap, reason) : NULL;
}

static cf_native_transport *transport_at(cf_list *link)
{
    return CF_CONTAINER(link, cf_native_transport, link);
}

static void keep_detail(centrifuge_client *client, const char *detail)
{
    cf_free(&cf_heap, client->detail);
    client->detail = detail ? cf_copy(&cf_heap, cf_bytes_of(detail)) : NULL;
}

static void tell_unsent(centrifuge_client *client)
{
    if (client->live)
        cf_client_transport_unsent(client->core, client->live->id, client->live->ops->unsent(client->live));
}

static void on_opened(cf_native_transport *transport)
{
    centrifuge_client *client = transport->client;
    if (client->choice_tried == CF_NATIVE_NO_TRANSPORT)
        cf_native_choice_trying(client, client->choice_first);
    cf_client_transport_opened(client->core, transport->id, cf_bytes_of(transport->ops->name(transport)), client->now);
    cf_native_driver_settle(client);
}

static void on_received(cf_native_transport *transport, cf_bytes text)
{
    centrifuge_client *client = transport->client;
    if (!client->choice_proven)
        cf_native_choice_worked(client);
    cf_client_transport_received(client->core, transport->id, text, client->now);
    cf_native_driver_settle(client);
}

static void on_alive(cf_native_transport *transport)
{
    cf_client_transport_alive(transport->client->core, transport->id, transport->client->now);
    transport->client->kicked = true;
}

static void lose(cf_native_transport *transport, uint16_t code, cf_bytes reason, centrifuge_error error, const char *detail)
{
    centrifuge_client *client = transport->client;
    bool bad = error || code == CF_WS_CLOSE_TOO_LARGE;
    if (client->live != transport) {
        transport->ops->kill(transport);
        return;
    }
    client->live = NULL;
    if (bad)
        cf_native_choice_failed(client);
    cf_native_events_log(client, bad ? CF_LOG_WARNING : CF_LOG_DEBUG, cf_bytes_of(detail));
    if (error)
        keep_detail(client, detail);
    cf_time now = cf_native_now(client);
    cf_client_transport_retry_after(client->core, transport->id, client->retry_after, now);
    cf_client_transport_closed(client->core, transport->id, code, reason, error, now);
    client->kicked = true;
}

static void on_lost(cf_native_transport *transport, centrifuge_error error, const char *detail)
{
    if (transport->client->live != transport || !cf_native_open_other(transport, error, detail))
        lose(transport, CF_WS_CLOSE_ABNORMAL, (cf_bytes){"", 0}, error, detail);
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

static void on_closed(cf_native_transport *transport, uint16_t code, cf_bytes reason)
{
    explain(transport->client, reason);
    if (transport->client->live == transport)
        keep_close_reason(transport->client, reason);
    lose(transport, code, reason, CENTRIFUGE_ERROR_OK,
         code == CF_WS_CLOSE_TOO_LARGE ? "closed by the server with 1009: a message was larger than it takes"
                                       : "closed by the server");
}

static void on_unsent(cf_native_transport *transport)
{
    tell_unsent(transport->client);
}

static const cf_native_transport_events transport_events = {
    .opened = on_opened,
    .received = on_received,
    .alive = on_alive,
    .closed = on_closed,
    .lost = on_lost,
    .unsent = on_unsent,
};

/* ---- carrying out ---------------------------------------------------------------------- */

static void open_transport(centrifuge_client *client, uint32_t id, cf_bytes address)
{
    if (client->ending)
        return;
    client->http_status = 0;
    client->retry_after = 0;
    keep_detail(client, NULL);
    centrifuge_error error = client->open(client, id, address, &transport_events, &client->live);
    if (error)
        cf_client_transport_closed(client->core, id, CF_WS_CLOSE_ABNORMAL, (cf_bytes){"", 0}, error, client->now);
}

/* One that says goodbye is enough: an older one is cut. */
static void close_transport(centrifuge_client *client, uint32_t id)
{
    if (!client->live || client->live->id != id)
        return;
    keep_close_reason(client, (cf_bytes){"", 0});
    if (!client->asked_to_end)
        cf_native_choice_failed(client);
    CF_LIST_EACH (link, &client->transports) {
        cf_native_transport *other = transport_at(link);
        if (other != client->live)
            other->ops->kill(other);
    }
    cf_native_transport *transport = client->live;
    client->live = NULL;
    transport->ops->close(transport);
}

static void carry_out(centrifuge_client *client, const cf_effect *effect)
{
    switch (effect->kind) {
    case CF_EFFECT_TRANSPORT_OPEN:
        open_transport(client, effect->transport.id, effect->transport.address);
        break;
    case CF_EFFECT_TRANSPORT_SEND:
        if (client->live && client->live->id == effect->transport.id)
            client->live->ops->send(client->live, effect->transport.text);
        tell_unsent(client);
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
        client->share.used++;
        cf_native_events_deliver(client, effect);
        break;
    case CF_EFFECT_RESULT:
        client->share.used++;
        if (client->inbox)
            cf_native_inbox_put(client, effect);
        else
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
    client->share.over = true;
    if (!client->share.was_over && !client->inbox)
        cf_native_events_high_water(client, CENTRIFUGE_ERROR_LIMIT_EVENTS, client->share.used,
                                    client->settings.events_per_turn);
    client->share.was_over = true;
}

/* A full inbox ends the share of this turn, and of each until it is emptied. */
static bool next_effect(centrifuge_client *client, cf_effect *effect)
{
    if (client->inbox && !cf_native_inbox_admits(client)) {
        client->share.over = true;
        return false;
    }
    return cf_client_next_effect(client->core, client->now, effect);
}

void cf_native_driver_settle(centrifuge_client *client)
{
    cf_effect effect;
    client->kicked = false;
    while (!client->ending && !client->share.over && next_effect(client, &effect)) {
        carry_out(client, &effect);
        if (client->share.used >= client->settings.events_per_turn)
            halt(client);
        else if (cf_native_copied(client)) /* a callback forked: what is left is for the parent, or for who adopts it */
            client->share.over = true;
    }
}

/* ---- turns ----------------------------------------------------------------------------- */

void cf_native_driver_own(centrifuge_client *client)
{
    atomic_store(&client->owner, cf_native_thread_self());
    atomic_store(&client->process, cf_native_process_self());
}

static bool is_mine(const centrifuge_client *client)
{
    return atomic_load_explicit(&client->owner, memory_order_relaxed) == cf_native_thread_self();
}

centrifuge_error cf_native_driver_enter(const centrifuge_client *client)
{
    if (!client)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    if (cf_native_copied(client))
        return CENTRIFUGE_ERROR_WRONG_THREAD;
    if (!is_mine(client))
        return cf_native_shared_enter(client);
    return client->ending ? CENTRIFUGE_ERROR_CLOSED : CENTRIFUGE_ERROR_OK;
}

void cf_native_driver_look(const centrifuge_client *client)
{
    if (cf_native_started(client))
        cf_native_shared_lock(client);
}

void cf_native_driver_leave(const centrifuge_client *client)
{
    if (cf_native_started(client))
        cf_native_shared_unlock(client);
}

centrifuge_error cf_native_driver_begin(centrifuge_client *client)
{
    if (client && cf_native_started(client))
        return cf_native_copied(client) ? CENTRIFUGE_ERROR_WRONG_THREAD : CENTRIFUGE_ERROR_INVALID_STATE;
    centrifuge_error error = cf_native_driver_enter(client);
    if (error && error != CENTRIFUGE_ERROR_CLOSED)
        return error;
    if (client->in_turn)
        return CENTRIFUGE_ERROR_INVALID_STATE;
    cf_native_driver_resume(client);
    return CENTRIFUGE_ERROR_OK;
}

void cf_native_driver_resume(centrifuge_client *client)
{
    client->in_turn = true;
    client->share.used = 0;
    cf_native_now(client);
}

/* What the last turn left comes before anything new. */
static void resume(centrifuge_client *client)
{
    if (!client->share.over || client->share.used > 0)
        return;
    client->share.over = false;
    cf_native_driver_settle(client);
    CF_LIST_EACH (link, &client->transports) {
        if (!client->share.over && !client->ending)
            transport_at(link)->ops->resume(transport_at(link));
    }
}

static void flush_transports(centrifuge_client *client)
{
    CF_LIST_EACH (link, &client->transports)
        transport_at(link)->ops->flush(transport_at(link));
}

/* Not while effects may point into what they hold. */
static void reap(centrifuge_client *client)
{
    if (client->share.over && !client->ending)
        return;
    for (cf_list *link = client->transports.next, *next; link != &client->transports; link = next) {
        next = link->next;
        transport_at(link)->ops->reap(transport_at(link));
    }
    cf_free(&cf_heap, client->read_buffer);
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

/* What the thread of a started client leaves is taken over by whoever ends it. */
static centrifuge_error end_last(centrifuge_client *client)
{
    if (!cf_native_started(client))
        cf_native_driver_destroy(client);
    return CENTRIFUGE_ERROR_CLOSED;
}

centrifuge_error cf_native_driver_end(centrifuge_client *client)
{
    if (cf_native_copied(client))
        return end_copied(client);
    do {
        cf_native_driver_settle(client);
        if (!client->ending)
            flush_transports(client);
        if (client->drain && !client->ending)
            cf_native_drain_look(client);
    } while (client->kicked && !client->ending && !client->share.over);
    if (client->ending)
        return end_last(client);
    client->in_turn = false;
    client->share.was_over = client->share.over;
    reap(client);
    cf_native_loop_arm(&client->loop, cf_native_clock_now(), cf_native_driver_deadline(client));
    return CENTRIFUGE_ERROR_OK;
}

void cf_native_driver_ready(centrifuge_client *client, centrifuge_socket handle, int events)
{
    if (cf_native_copied(client))
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
    CF_LIST_EACH (link, &client->transports) {
        if (transport_at(link)->ops->ready(transport_at(link), handle, events))
            return;
    }
}

/*
 * Transports first: after a sleep of the machine bytes may wait that prove the peer alive. What they brought is told before
 * time changes the state again. Nor is a peer silent whose bytes are not read because the application has more than its share
 * to do.
 */
void cf_native_driver_timers(centrifuge_client *client)
{
    if (cf_native_copied(client))
        return;
    resume(client);
    if (client->ending)
        return;
    cf_time now = cf_native_now(client);
    if (client->share.over && client->live)
        cf_client_transport_alive(client->core, client->live->id, now);
    bool due = cf_client_deadline(client->core) <= now;
    CF_LIST_EACH (link, &client->transports)
        transport_at(link)->ops->timers(transport_at(link), now, due);
    cf_native_http_timers(client, now, due);
    if (!due || client->ending)
        return;
    cf_native_driver_settle(client);
    if (!client->ending)
        cf_client_tick(client->core, now);
}

/* ms: how long is waited for memory that an event needs. */
#define MEMORY_PAUSE 20

/* ---- waiting ----------------------------------------------------------------------------- */

int64_t cf_native_driver_wait_time(const centrifuge_client *client, int64_t milliseconds)
{
    cf_time now = cf_native_clock_now();
    cf_time deadline = cf_native_driver_deadline(client);
    if (atomic_load(&client->posted) || deadline <= now)
        return 0;
    if (deadline == CF_TIME_NEVER)
        return milliseconds;
    int64_t left = deadline - now;
    return milliseconds < 0 || left < milliseconds ? left : milliseconds;
}

/* The application has to take what waits; the connection is not read, so that only the wake-up, the first, is waited for. */
static bool is_stuck(const centrifuge_client *client)
{
    return client->inbox && client->share.over && (client->inbox->holds || client->inbox->count >= client->inbox->max);
}

/* Others may use a started client meanwhile. */
static bool wait_for(centrifuge_client *client, cf_native_watch *watches, size_t count, int64_t milliseconds)
{
    int64_t longest = cf_native_driver_wait_time(client, milliseconds);
    if (is_stuck(client))
        count = 1;
    client->asleep = cf_native_started(client);
    cf_native_callback_begin(client);
    bool good = cf_native_poll(watches, count, longest);
    cf_native_callback_end(client);
    client->asleep = false;
    return good;
}

/* Handlers change the watches while the ready ones are gone through: hence the copy. */
centrifuge_error cf_native_driver_turn(centrifuge_client *client, int64_t milliseconds)
{
    cf_native_watch watches[CF_NATIVE_LOOP_WATCH_MAX];
    size_t count = client->loop.watch_count;
    memcpy(watches, client->loop.watches, count * sizeof watches[0]);
    if (!wait_for(client, watches, count, milliseconds)) {
        centrifuge_error error = cf_native_driver_end(client);
        return error ? error : CENTRIFUGE_ERROR_SYSTEM;
    }
    cf_native_now(client);
    for (size_t i = 0; i < count && !client->ending; i++)
        if (watches[i].ready)
            cf_native_driver_ready(client, watches[i].socket, watches[i].ready);
    if (!client->ending)
        cf_native_post_run(client);
    if (!client->ending)
        cf_native_driver_timers(client);
    return cf_native_driver_end(client);
}

static cf_time earlier(cf_time a, cf_time b)
{
    return a < b ? a : b;
}

cf_time cf_native_driver_deadline(const centrifuge_client *client)
{
    if (client->kicked || (client->share.over && !is_stuck(client)))
        return cf_native_clock_now();
    if (client->inbox && client->inbox->holds)
        return cf_native_clock_now() + MEMORY_PAUSE;
    cf_time deadline = cf_client_deadline(client->core);
    if (client->drain)
        deadline = earlier(deadline, cf_native_drain_deadline(client));
    if (client->http)
        deadline = earlier(deadline, client->http->multi.deadline);
    CF_LIST_EACH (link, &client->transports)
        deadline = earlier(deadline, transport_at(link)->ops->deadline(transport_at(link)));
    return deadline;
}

bool cf_native_driver_idle(const centrifuge_client *client)
{
    return !client->kicked && !client->share.over && !client->drain && cf_list_empty(&client->transports) && !client->http &&
           !cf_client_will_reconnect(client->core) && cf_client_get_state(client->core) == CF_CLIENT_DISCONNECTED &&
           !atomic_load(&client->posted);
}

/* ---- the end ------------------------------------------------------------------------------ */

/* Goodbyes are sent as far as the system takes them at once. */
static void close_transports(centrifuge_client *client)
{
    CF_LIST_EACH (link, &client->transports) {
        cf_native_transport *transport = transport_at(link);
        transport->ops->flush(transport);
        transport->ops->kill(transport);
    }
    client->live = NULL;
    reap(client);
}

static void end_core(centrifuge_client *client)
{
    cf_effect effect;
    cf_client_shutdown(client->core, cf_native_now(client));
    while (cf_client_next_effect(client->core, client->now, &effect))
        carry_out(client, &effect);
}

static void end_client(centrifuge_client *client)
{
    client->in_turn = true; /* it calls callbacks, as a turn does */
    cf_native_inbox_close(client);
    end_core(client);
    cf_native_drain_close(client);
    cf_native_post_drop_all(client);
    cf_native_http_close(client);
    close_transports(client);
    cf_native_loop_close(&client->loop);
}

/*
 * The parent's connections go on: no callback, no hook, and nothing of libcurl, which would say goodbye to the peer and wait
 * for threads that only the parent has. What libcurl holds stays behind.
 */
static void end_copy(centrifuge_client *client)
{
    cf_native_loop_abandon(&client->loop);
    client->http = NULL;
    CF_LIST_EACH (link, &client->transports)
        transport_at(link)->ops->abandon(transport_at(link));
    client->live = NULL;
    cf_native_inbox_close(client);
    end_core(client);
    cf_native_drain_close(client);
    cf_native_post_drop_all(client);
    reap(client);
}

void cf_native_driver_destroy(centrifuge_client *client)
{
    client->ending = true;
    if (cf_native_copied(client))
        end_copy(client);
    else
        end_client(client);
    while (!cf_list_empty(&client->subscriptions))
        cf_native_subscription_free(CF_CONTAINER(client->subscriptions.next, centrifuge_subscription, link));
    cf_native_listeners_free(client, &client->listeners);
    cf_client_free(client->core);
    cf_native_settings_free(&client->settings);
    cf_http_trust_release(client->trust);
    cf_free(&cf_heap, client->close_reason);
    cf_free(&cf_heap, client->detail);
    cf_free(&cf_heap, client->id_text);
    cf_free(&cf_heap, client->credentials_text);
    cf_native_shared_free(client);
    cf_free(&cf_heap, client);
}

#include "client/connection.h"

#include "client/auth.h"
#include "client/batch.h"
#include "client/call.h"
#include "client/limit.h"
#include "client/pause.h"
#include "client/queue.h"
#include "client/refresh.h"
#include "client/subscribe.h"
#include "client/subscription.h"

/*
 * The connection: client-spec.md 7 and 14.
 *
 * Why events of the connection need one place each: what a transport does is
 * told under its id, and its id is known to the driver only after the effect
 * that opens it was taken, which stands behind everything that its predecessor
 * left in the queue. Only the user can ask for more in between; then an opening
 * that nobody has seen is taken back, and `disconnect` is told once.
 */

#define COMMAND_SIZE 128 /* bytes of a connect or ping command besides the credentials, about */

/* Why a connection ends. */
typedef struct departure {
    cf_bytes reason;
    bool again;
    bool lost;           /* the transport is gone already */
    bool silent;         /* the peer, of a connection that had worked */
    bool renew;          /* not before there are new credentials */
    uint16_t close_code; /* of a lost one */
    centrifuge_error code;
} departure;

/* A server that welcomes and closes is not asked more often than one that refuses. */
static void judge_connection(cf_client *client, cf_time now)
{
    int64_t held = now - client->link.command_at;
    if (client->state == CF_CLIENT_CONNECTED &&
        (held >= CF_CONNECTION_GOOD || held >= cf_pause_longest(client, client->link.retries)))
        client->link.retries = 0;
}

/*
 * A peer that vanished was waited for long enough: how long the connection held counts as the pause, so that the next attempt
 * starts at once, and connections that die soon are made no faster than others.
 */
static void plan_attempt(cf_client *client, cf_time now, bool silent)
{
    int64_t delay = cf_pause_backoff(client, client->link.retries);
    int64_t held = silent ? now - client->link.command_at : 0;
    delay -= held < delay ? held : delay;
    client->link.retries += client->link.retries < UINT32_MAX;
    client->link.reconnecting = true;
    client->link.reconnect_at = cf_time_later(cf_time_after(now, delay), client->link.not_before);
    cf_log_number(client, CF_LOG_INFO, CF_BYTES("next attempt to connect in "), client->link.reconnect_at - now,
                  CF_BYTES(" ms"));
}

/* ---- transports -------------------------------------------------------------------------- */

static void open_transport(cf_client *client, cf_time now)
{
    CF_ASSERT(client->link.id == 0);
    client->link.reconnect_at = CF_TIME_NEVER;
    client->state = CF_CLIENT_CONNECTING;
    client->link.opened = false;
    client->link.measured = false;
    client->link.refused = false;
    client->out.largest = 0;
    client->link.last_id = client->link.last_id % UINT32_MAX + 1; /* never 0 */
    client->link.id = client->link.open.number = client->link.last_id;
    client->link.connect_at = cf_time_after(now, client->settings->options.connect_timeout);
    cf_haste_spend(&client->link.haste_at, now);
    cf_log_number(client, CF_LOG_DEBUG, CF_BYTES("opening transport "), client->link.id, CF_BYTES(""));
    cf_queue_append(client, &client->link.open, CF_PENDING_OPEN);
}

/*
 * At once, because somebody asks; but a handler may ask in every event of an attempt that fails, and a network come back many
 * times a second. There is no transport.
 */
static void hasten(cf_client *client, cf_time now)
{
    cf_time at = cf_time_later(cf_haste_next(client->link.haste_at), client->link.not_before);
    if (at <= now)
        open_transport(client, now);
    else if (at < client->link.reconnect_at)
        client->link.reconnect_at = at;
}

static void tell_transport_close(cf_client *client, const departure *why)
{
    client->link.transport_close_reason = why->reason;
    client->link.transport_close.flag = why->again;
    client->link.transport_close.code = (uint8_t)why->code;
    client->link.transport_close.number = why->close_code;
    cf_queue_append(client, &client->link.transport_close, CF_PENDING_TRANSPORT_CLOSE);
}

/* As a close event that the peer did not explain (7.4.1). */
static void close_transport(cf_client *client, const departure *why)
{
    if (client->link.open.queued) { /* nobody has seen it */
        cf_queue_remove(client, &client->link.open);
        return;
    }
    departure closed = {
        .reason = CF_BYTES("connection closed"), .again = true, .close_code = CF_CLOSE_NO_STATUS, .code = why->code};
    client->link.close.number = client->link.id;
    cf_queue_append(client, &client->link.close, CF_PENDING_CLOSE);
    tell_transport_close(client, &closed);
}

/* ---- leaving: client-spec.md 7.2 ------------------------------------------------------------ */

static void tell_disconnect(cf_client *client, const departure *why)
{
    client->link.disconnect_reason = why->reason;
    client->link.disconnect.flag = why->again;
    if (!client->link.disconnect.queued)
        cf_queue_append(client, &client->link.disconnect, CF_PENDING_DISCONNECT);
}

/* The scratch stays: what waits in the queue may point into it. */
void cf_connection_drop_frame(cf_client *client)
{
    cf_replay_drop(client);
    client->frame.active = false;
}

/* There is a transport, or an attempt is planned. */
static void leave(cf_client *client, cf_time now, const departure *why)
{
    judge_connection(client, now);
    cf_connection_drop_frame(client);
    if (why->lost) {
        cf_queue_drop_sends(client);
        tell_transport_close(client, why);
    } else {
        (void)cf_batch_end_turn(client);
    }
    cf_batch_drop(client);
    cf_auth_cancel(client);
    if (why->again)
        cf_refresh_on_lost(client);
    else
        cf_refresh_stop(client);
    cf_calls_fail_sent(client, NULL, CENTRIFUGE_ERROR_DISCONNECTED);
    cf_subscriptions_leave(client, why->again && client->settings->options.resubscribe);
    if (!client->link.reconnecting || !why->again) {
        cf_log_text(client, CF_LOG_INFO, CF_BYTES("disconnected"), why->reason);
        tell_disconnect(client, why);
    } else {
        cf_log_text(client, CF_LOG_DEBUG, CF_BYTES("attempt to connect failed"), why->reason);
    }
    if (client->link.id != 0 && !why->lost)
        close_transport(client, why);
    client->link.id = 0;
    client->out.unsent = 0;
    client->broken = CENTRIFUGE_ERROR_OK;
    client->state = CF_CLIENT_DISCONNECTED;
    client->link.reconnect_at = client->link.connect_at = client->link.ping_at = CF_TIME_NEVER;
    client->link.reconnecting = client->link.pinged = false;
    if (!why->again)
        return;
    if (why->renew)
        client->link.reconnecting = client->refresh.renewing = true;
    else
        plan_attempt(client, now, why->silent);
}

bool cf_client_will_reconnect(const cf_client *client)
{
    return client->link.reconnect_at != CF_TIME_NEVER || client->refresh.renewing;
}

static bool is_wanted(const cf_client *client)
{
    return client->link.id != 0 || cf_client_will_reconnect(client);
}

/* What became of an attempt to get new credentials. */
static void heed(cf_client *client, cf_time now, cf_verdict verdict)
{
    static const departure failed = {.reason = {"refresh failed", 14}};
    if (verdict == CF_VERDICT_GIVE_UP) {
        leave(client, now, &failed);
        cf_refresh_tell_failed(client);
    } else if (verdict == CF_VERDICT_RENEW) {
        client->refresh.renewing = false;
        hasten(client, now);
    }
}

/* Foreign text outlives its frame here. Without memory the reason is a common one. */
static cf_bytes keep_reason(cf_client *client, cf_bytes reason)
{
    if (cf_text_set(&client->link.reason, client->environment.allocator, reason))
        return cf_text_bytes(&client->link.reason);
    return CF_BYTES("connection closed");
}

/*
 * A message that came, or credentials to send. The message may have been what a subscription asked to recover, which would be
 * as large the next time.
 */
static void report_too_large(cf_client *client, centrifuge_error code)
{
    cf_client_report(client, code, CF_FAILURE("message too large", "fix"));
    if (code == CENTRIFUGE_ERROR_LIMIT_MESSAGE_SIZE)
        cf_subscriptions_recover_nothing(client);
}

void cf_connection_heed_break(cf_client *client, cf_time now)
{
    centrifuge_error code = (centrifuge_error)client->broken;
    if (code == CENTRIFUGE_ERROR_OK)
        return;
    if (code == CENTRIFUGE_ERROR_NO_MEMORY)
        cf_client_report(client, code, CF_FAILURE("out of memory", "retry"));
    else
        report_too_large(client, code);
    departure why = {.reason = client->error.failure.text, .again = true, .code = code};
    leave(client, now, &why);
}

/* ---- the user ------------------------------------------------------------------------------- */

centrifuge_error cf_client_connect(cf_client *client, cf_time now)
{
    if (client->shut)
        return CENTRIFUGE_ERROR_CLOSED;
    if (client->settings->options.url.size == 0)
        return CENTRIFUGE_ERROR_MISSING_URL;
    if (client->state == CF_CLIENT_DISCONNECTED && !client->refresh.renewing)
        hasten(client, now);
    return CENTRIFUGE_ERROR_OK;
}

void cf_client_disconnect(cf_client *client, cf_time now)
{
    static const departure asked = {.reason = {"client", 6}};
    if (!client->shut && is_wanted(client))
        leave(client, now, &asked);
}

/* `collect`: by the user's wish; a look whether the peer lives does not wait for the end of a batch. */
static void send_ping(cf_client *client, bool collect)
{
    cf_buffer *line = cf_line_begin(client, COMMAND_SIZE);
    cf_wire_write_ping(line, ++client->last_uid);
    bool good = collect ? cf_batch_end_line(client) : cf_line_send(client);
    if (!good)
        cf_client_break(client, CENTRIFUGE_ERROR_NO_MEMORY);
}

void cf_client_ping(cf_client *client, cf_time now)
{
    (void)now;
    if (client->state == CF_CLIENT_CONNECTED && cf_limit_admits(client, CF_LIMIT_QUEUE, COMMAND_SIZE))
        send_ping(client, true);
}

/* ---- the transport ----------------------------------------------------------------------------- */

void cf_client_transport_opened(cf_client *client, uint32_t id, cf_bytes name, cf_time now)
{
    if (client->shut || id != client->link.id || client->link.opened)
        return;
    cf_credentials credentials = cf_client_credentials(client);
    client->link.opened = true;
    client->link.command_at = now;
    cf_refresh_on_opened(client);
    cf_buffer *line = cf_line_begin(client, client->settings->size + COMMAND_SIZE);
    cf_wire_write_connect(line, ++client->last_uid, &credentials, client->settings->options.insecure);
    centrifuge_error error = cf_line_check(client);
    if (error == CENTRIFUGE_ERROR_OK &&
        !(cf_line_send(client) && cf_text_set(&client->link.transport_name, client->environment.allocator, name)))
        error = CENTRIFUGE_ERROR_NO_MEMORY;
    if (error != CENTRIFUGE_ERROR_OK)
        cf_client_break(client, error);
}

/* What a close event means: client-spec.md 7.4.1. */
static void read_close(cf_client *client, cf_bytes reason, departure *why)
{
    cf_buffer scratch; /* that of the frame may be in use */
    cf_bytes advised;
    cf_buffer_init(&scratch, client->environment.allocator, CF_BUFFER_NO_LIMIT);
    if (reason.size == 0) {
        why->reason = CF_BYTES("connection closed");
    } else if (cf_wire_read_advice(reason, &advised, &why->again, &scratch)) {
        why->reason = keep_reason(client, advised);
    } else {
        why->again = !cf_bytes_equal(reason, CF_BYTES("disconnect"));
        why->reason = keep_reason(client, reason);
    }
    cf_buffer_free(&scratch);
}

/* An error that no further attempt can cure (D41). */
static bool is_hopeless(centrifuge_error error)
{
    return error == CENTRIFUGE_ERROR_UNSUPPORTED || error == CENTRIFUGE_ERROR_INVALID_URL ||
           error == CENTRIFUGE_ERROR_INVALID_OPTION || error == CENTRIFUGE_ERROR_INVALID_ARGUMENT;
}

void cf_client_transport_retry_after(cf_client *client, uint32_t id, int64_t milliseconds, cf_time now)
{
    if (id == client->link.id)
        client->link.not_before = cf_pause_retry_at(now, milliseconds);
}

/* The same again would be refused again: what was sent has to be smaller. */
static void report_refused_size(cf_client *client)
{
    cf_client_report(client, CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE, CF_FAILURE("message too large for the server", "fix"));
    cf_log_number(client, CF_LOG_WARNING, CF_BYTES("the largest message sent: "), (int64_t)client->out.largest,
                  CF_BYTES(" bytes"));
}

void cf_client_transport_closed(cf_client *client, uint32_t id, uint16_t code, cf_bytes reason, centrifuge_error error,
                                cf_time now)
{
    departure why = {.again = true, .lost = true, .close_code = code, .code = error};
    if (client->shut || id != client->link.id || client->link.open.queued)
        return;
    read_close(client, reason, &why);
    if (is_hopeless(error)) {
        why.again = false;
        cf_client_report(client, error, CF_FAILURE("transport could not be opened", "fix"));
    } else if (error == CENTRIFUGE_ERROR_LIMIT_MESSAGE_SIZE) {
        report_too_large(client, error);
    } else if (code == CF_CLOSE_TOO_LARGE) {
        report_refused_size(client);
    }
    leave(client, now, &why);
}

void cf_client_transport_alive(cf_client *client, uint32_t id, cf_time now)
{
    if (!client->shut && id == client->link.id)
        cf_connection_alive(client, now);
}

/* ---- pings: client-spec.md 14 -------------------------------------------------------------------- */

static bool pings(const cf_client *client)
{
    return client->settings->options.ping && client->settings->options.ping_interval > 0;
}

/* The deadline stays where it is; when it comes, it is seen to be too early. Only the answer to a ping moves it. */
void cf_connection_alive(cf_client *client, cf_time now)
{
    client->link.alive_at = now;
    if (!client->link.pinged)
        return;
    client->link.pinged = false;
    client->link.ping_at = cf_time_after(now, client->settings->options.ping_interval);
}

static void start_pings(cf_client *client, cf_time now)
{
    client->link.alive_at = now;
    client->link.pinged = false;
    client->link.ping_at = pings(client) ? cf_time_after(now, client->settings->options.ping_interval) : CF_TIME_NEVER;
}

static void ping_and_wait(cf_client *client, cf_time now)
{
    client->link.pinged = true;
    client->link.ping_at = cf_time_after(now, client->settings->options.pong_wait_timeout);
    send_ping(client, false);
}

static void check_ping(cf_client *client, cf_time now)
{
    static const departure dead = {.reason = {"no ping", 7}, .again = true, .silent = true, .code = CENTRIFUGE_ERROR_TIMEOUT};
    if (client->link.pinged) {
        leave(client, now, &dead);
        return;
    }
    if (!pings(client)) { /* turned off meanwhile */
        client->link.ping_at = CF_TIME_NEVER;
        return;
    }
    cf_time due = cf_time_after(client->link.alive_at, client->settings->options.ping_interval);
    if (due > now)
        client->link.ping_at = due;
    else
        ping_and_wait(client, now);
}

void cf_client_network_changed(cf_client *client, bool online, cf_time now)
{
    if (client->shut)
        return;
    client->link.offline = !online;
    if (!online)
        return;
    if (client->link.reconnect_at != CF_TIME_NEVER)
        hasten(client, now);
    else if (client->state == CF_CLIENT_CONNECTED && pings(client) && !client->link.pinged)
        ping_and_wait(client, now); /* whether the connection has survived is worth knowing soon */
}

/* ---- messages ---------------------------------------------------------------------------------------- */

static cf_step connected(cf_client *client, cf_time now, const cf_wire_message *message)
{
    bool reconnected = client->link.reconnecting;
    if (!cf_text_set(&client->link.client_id, client->environment.allocator, message->b.client)) {
        cf_client_break(client, CENTRIFUGE_ERROR_NO_MEMORY);
        return CF_STEP_DONE;
    }
    client->state = CF_CLIENT_CONNECTED;
    client->link.reconnecting = false;
    client->link.connect_at = CF_TIME_NEVER;
    cf_log_text(client, CF_LOG_INFO, CF_BYTES("connected as"), message->b.client);
    cf_refresh_on_connected(client, now, message);
    start_pings(client, now);
    bool good = !client->settings->options.resubscribe || cf_subscriptions_ask_all(client, reconnected, now);
    cf_queue_append(client, &client->link.connect, CF_PENDING_CONNECT);
    if (!good)
        cf_client_break(client, CENTRIFUGE_ERROR_NO_MEMORY);
    return CF_STEP_DONE;
}

/* As in 7.3, without an event: the user hears of it when it cannot be cured. */
static void leave_expired(cf_client *client, cf_time now)
{
    departure expired = {.reason = CF_BYTES("expired"), .again = true, .renew = !client->refresh.overtaken};
    cf_log_text(client, CF_LOG_INFO, CF_BYTES("the credentials have expired"), cf_bytes_make(NULL, 0));
    client->link.reconnecting = true;
    leave(client, now, &expired);
    if (expired.renew)
        heed(client, now, cf_refresh_on_expired(client, now));
}

/* client-spec.md 7.3 */
cf_step cf_connection_on_connect(cf_client *client, cf_time now, const cf_wire_message *message)
{
    if (client->state == CF_CLIENT_CONNECTED)
        return CF_STEP_DONE;
    if (message->has_error) {
        cf_time patience = cf_time_after(now, CF_CONNECT_ERROR_GRACE);
        cf_client_report_message(client, message);
        client->link.refused = true;
        if (client->link.connect_at > patience)
            client->link.connect_at = patience;
        return CF_STEP_DONE;
    }
    if (!client->link.measured) {
        client->link.latency = now > client->link.command_at ? now - client->link.command_at : 0;
        client->link.measured = true;
    }
    if (!message->has_body)
        return CF_STEP_DONE;
    if (!message->b.expires || !message->b.expired)
        return connected(client, now, message);
    leave_expired(client, now);
    return CF_STEP_DONE;
}

cf_step cf_connection_on_disconnect(cf_client *client, cf_time now, const cf_wire_message *message)
{
    if (message->has_error) {
        cf_client_report_message(client, message);
        return CF_STEP_DONE;
    }
    departure why = {.reason = keep_reason(client, message->b.reason), .again = message->b.reconnect};
    leave(client, now, &why);
    return CF_STEP_DONE;
}

cf_step cf_connection_on_refresh(cf_client *client, cf_time now, const cf_wire_message *message)
{
    heed(client, now, cf_refresh_on_answer(client, now, message));
    return CF_STEP_DONE;
}

/* ---- requests ---------------------------------------------------------------------------------------- */

void cf_client_refreshed(cf_client *client, uint32_t id, bool failed, cf_bytes answer, cf_time now)
{
    heed(client, now, cf_refresh_on_credentials(client, id, failed, answer, now));
}

void cf_client_request_failed(cf_client *client, uint32_t id, centrifuge_error error, int status, int64_t retry_after,
                              cf_time now)
{
    if (!cf_auth_on_failed(client, id, error, status, retry_after, now))
        heed(client, now, cf_refresh_on_failed(client, id, retry_after, now));
}

/* ---- time ------------------------------------------------------------------------------------------------ */

/* Without a good answer to connect in time; after an error the server had a while to close (D42). */
static void leave_slow(cf_client *client, cf_time now)
{
    departure slow = {.reason = CF_BYTES("connect timeout"), .again = true, .code = CENTRIFUGE_ERROR_TIMEOUT};
    if (client->link.refused) {
        slow.reason = CF_BYTES("connect error");
        slow.code = CENTRIFUGE_ERROR_REFUSED;
    }
    leave(client, now, &slow);
}

void cf_client_tick(cf_client *client, cf_time now)
{
    if (client->shut)
        return;
    cf_calls_expire(client, now);
    cf_auth_expire(client, now);
    cf_subscriptions_tick(client, now);
    heed(client, now, cf_refresh_tick(client, now));
    if (client->link.connect_at <= now)
        leave_slow(client, now);
    if (client->link.reconnect_at <= now && !client->link.offline)
        open_transport(client, now);
    if (client->link.ping_at <= now) /* last: its attempt begins when the loss was told */
        check_ping(client, now);
}

#include "server/session.h"

#include <string.h>

#include "base/assert.h"
#include "server/broker.h"
#include "server/session_state.h"

/* ---- life and end -------------------------------------------------------- */

static size_t size_option(int64_t value)
{
    return value <= 0 ? 0 : (uint64_t)value > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)value;
}

static void fire(cf_timer *timer);

cf_session *cf_session_new(cf_services *services, const cf_transport_ops *ops, void *transport)
{
    cf_session *session = cf_alloc_zero(services->allocator, 1, sizeof *session);
    if (session == NULL)
        return NULL;
    const cf_config *config = services->config;
    session->services = services;
    session->ops = ops;
    session->transport = transport;
    session->outbox.form = ops->form;
    cf_hub_add(services->hub, session);
    session->replies.of_session = true;
    session->queue_max = size_option(config->client_queue_max_size);
    session->request_max = (uint32_t)size_option(config->client_request_max_size);
    session->timer.fire = fire;
    session->presence_at = CF_TIME_NEVER;
    session->ends_at = CF_TIME_NEVER;
    session->patience_at = CF_TIME_NEVER;
    if (config->stale_connection_close_delay > 0)
        session->ends_at = cf_session_after(session, config->stale_connection_close_delay);
    cf_services_uuid(services, session->id);
    cf_session_arm(session);
    return session;
}

void cf_session_unpin(cf_session *session)
{
    CF_ASSERT(session->pins > 0);
    if (--session->pins > 0 || !cf_session_is(session, CF_SESSION_ENDED))
        return;
    cf_list_remove(&session->link);
    cf_message_free(session);
    cf_message_free_later(session);
    cf_free(session->services->allocator, session);
}

static void release_content(cf_session *session)
{
    const cf_allocator *allocator = session->services->allocator;
    cf_outbox_free(&session->outbox, allocator);
    cf_free(allocator, session->info);
    session->info = NULL;
}

/* Server-spec.md 2.12. `tell`: the transport does not know yet. */
static void end_session(cf_session *session, int code, cf_bytes reason, bool tell)
{
    cf_services *services = session->services;
    if (cf_session_is(session, CF_SESSION_ENDED))
        return;
    session->pins++;
    session->flags |= CF_SESSION_ENDED;
    while (session->subscription_count > 0)
        cf_session_leave_channel(session, &session->subscriptions[session->subscription_count - 1]);
    cf_hub_remove(services->hub, session);
    cf_list_append(&services->hub->zombies, &session->link);
    cf_wheel_stop(services->wheel, &session->timer);
    if (tell)
        session->ops->close(session->transport, code, reason);
    release_content(session);
    if (cf_message_waits(session))
        cf_message_free_later(session);
    cf_session_unpin(session);
}

void cf_session_gone(cf_session *session)
{
    end_session(session, 0, CF_BYTES(""), false);
}

void cf_session_close_code(cf_session *session, int code, cf_bytes reason)
{
    end_session(session, code, reason, true);
}

void cf_session_close(cf_session *session, cf_trouble trouble)
{
    cf_services *services = session->services;
    cf_bytes text = cf_trouble_text(trouble);
    if (cf_session_is(session, CF_SESSION_ENDED))
        return;
    cf_services_log(services, CF_SERVER_DEBUG, "client %.*s closed: %.*s", CF_UUID_SIZE, session->id, (int)text.size,
                    text.data);
    services->closes[trouble]++;
    cf_buffer_clear(&services->advice);
    int code = session->ops->dialect->end(&services->advice, trouble);
    end_session(session, code, cf_buffer_bytes(&services->advice), true);
}

void cf_session_cut_off(cf_session *session, cf_trouble trouble)
{
    cf_bytes reason = cf_trouble_text(trouble);
    if (!cf_session_is(session, CF_SESSION_ENDED))
        cf_services_notice(session->services, CF_NOTICE_cut_off, "client %.*s cut off: %.*s", CF_UUID_SIZE, session->id,
                           (int)reason.size, reason.data);
    cf_session_close(session, trouble);
}

void cf_session_forget(cf_session *session)
{
    CF_ASSERT(cf_session_is(session, CF_SESSION_ENDED));
    session->pins = 1;
    cf_session_unpin(session);
}

/* ---- what transports ask for --------------------------------------------- */

cf_outbox *cf_session_outbox(cf_session *session)
{
    return &session->outbox;
}

void cf_session_written(cf_session *session, size_t size)
{
    cf_metrics *metrics = session->services->metrics;
    session->services->turn.writes += size / CF_WORK_UNIT_SIZE;
    cf_sent sent = cf_outbox_consume(&session->outbox, size, session->services->allocator);
    metrics->client_bytes_out += (int64_t)sent.payload;
    metrics->client_num_msg_sent += (int64_t)sent.messages;
    cf_hub_written(session->services->hub, session);
}

void cf_session_writable(cf_session *session)
{
    cf_hub_want_flush(session->services->hub, session);
}

cf_bytes cf_session_id(const cf_session *session)
{
    return cf_bytes_make(session->id, sizeof session->id);
}

bool cf_session_is_connected(const cf_session *session)
{
    return cf_session_is(session, CF_SESSION_AUTHENTICATED);
}

cf_bytes cf_session_user(const cf_session *session)
{
    return session->user == NULL ? CF_BYTES("") : cf_bytes_make(session->user->id, session->user->id_size);
}

cf_client_info cf_session_info(const cf_session *session, const cf_hub_subscription *subscription)
{
    return (cf_client_info){
        .user = cf_session_user(session),
        .client = cf_session_id(session),
        .default_info = cf_hub_text_bytes(session->info),
        .channel_info = subscription == NULL ? (cf_bytes){NULL, 0} : cf_hub_text_bytes(subscription->info),
    };
}

/* ---- channels ------------------------------------------------------------ */

void cf_session_leave_channel(cf_session *session, cf_hub_subscription *subscription)
{
    cf_services *services = session->services;
    cf_channel *channel = subscription->channel;
    cf_bytes name = cf_bytes_make(channel->name, channel->name_size);
    const cf_channel_options *options = cf_config_channel(services->config, name);
    if (subscription->present) {
        session->flags |= CF_SESSION_WAS_PRESENT;
        cf_broker_remove_presence(services->broker, name, cf_session_id(session), subscription->reserved);
    }
    if (options != NULL && options->join_leave && !cf_hub_waits(session, subscription)) {
        cf_client_info info = cf_session_info(session, subscription);
        cf_broker_tell(services->broker, CF_METHOD_LEAVE, name, &info);
    }
    cf_hub_unsubscribe(services->hub, session, subscription);
}

/* The subscribe that is not answered yet, or NULL. */
static cf_session_call *unanswered_subscribe(const cf_session *session, cf_bytes channel)
{
    if (session->bundle == NULL)
        return NULL;
    CF_LIST_EACH (link, &session->bundle->waiting) {
        cf_session_call *call = CF_CONTAINER(link, cf_session_call, link);
        if (call->command.method == CF_METHOD_SUBSCRIBE && !call->done && cf_bytes_equal(call->channel, channel))
            return call;
    }
    return NULL;
}

void cf_session_unsubscribe(cf_session *session, cf_bytes channel)
{
    cf_hub *hub = session->services->hub;
    cf_buffer *push = &session->services->push;
    cf_buffer_clear(push);
    session->ops->dialect->unsubscribed(push, channel);
    cf_session_call *call = unanswered_subscribe(session, channel);
    bool kept = call == NULL && session->bundle != NULL && session->bundle->subscribed;
    cf_hub_subscription *subscription = cf_hub_find(hub, session, channel);
    if (call != NULL)
        call->withdrawn = true;
    if (subscription != NULL && !cf_hub_waits(session, subscription))
        cf_session_leave_channel(session, subscription);
    if (push->failed)
        cf_hub_starve(hub, session);
    else if (kept)
        cf_hub_send_behind(hub, session, cf_buffer_bytes(push));
    else
        cf_hub_send(hub, session, cf_buffer_bytes(push));
}

/* ---- timers -------------------------------------------------------------- */

cf_time cf_session_after(const cf_session *session, int64_t seconds)
{
    if (seconds > CF_TIME_NEVER / 1000)
        return CF_TIME_NEVER;
    if (seconds < 0)
        seconds = 0;
    return cf_time_after(session->services->now, seconds * 1000);
}

/* `expires_at` has not come yet. */
static void set_expiry(cf_session *session, int64_t expires_at)
{
    const cf_config *config = session->services->config;
    session->ends_at = CF_TIME_NEVER;
    if (expires_at != CF_EXPIRES_NEVER && !config->insecure) {
        int64_t left = expires_at - session->services->unix_time;
        int64_t delay = config->expired_connection_close_delay > 0 ? config->expired_connection_close_delay : 0;
        session->ends_at = cf_session_after(session, left < INT64_MAX - delay ? left + delay : INT64_MAX);
    }
    cf_session_arm(session);
}

/* The lifetime may have grown by a reload: then the timer is set again. */
static void check_expiry(cf_session *session)
{
    cf_services *services = session->services;
    int64_t expires_at = cf_identity_end(services->config, session->issued_at);
    if (expires_at > services->unix_time)
        set_expiry(session, expires_at);
    else
        cf_session_close(session, CF_TROUBLE_EXPIRED);
}

static bool take_info(cf_session *session, cf_bytes info)
{
    const cf_allocator *allocator = session->services->allocator;
    cf_hub_text *copy = info.size > 0 ? cf_hub_text_new(allocator, info) : NULL;
    if (copy != NULL) {
        cf_free(allocator, session->info);
        session->info = copy;
    }
    return info.size == 0 || copy != NULL;
}

bool cf_session_identify(cf_session *session, const cf_identity *identity)
{
    if (!take_info(session, identity->info))
        return false;
    session->issued_at = identity->issued_at;
    set_expiry(session, identity->expires_at);
    return true;
}

void cf_session_start_presence(cf_session *session)
{
    int64_t interval = session->services->config->presence_ping_interval;
    if (session->presence_at != CF_TIME_NEVER)
        return;
    session->presence_at = cf_session_after(session, interval > 0 ? interval : 1);
    cf_session_arm(session);
}

bool cf_session_is_present(cf_session *session, cf_hub_subscription *subscription)
{
    const cf_channel *channel = subscription->channel;
    cf_broker *broker = session->services->broker;
    cf_bytes name = cf_bytes_make(channel->name, channel->name_size);
    if (!cf_broker_reserve(broker, name, &subscription->reserved))
        return false;
    subscription->present = true;
    if (cf_session_is(session, CF_SESSION_WAS_PRESENT))
        cf_broker_keep_presence(broker, name, cf_session_id(session));
    return true;
}

static void ping_presence(cf_session *session)
{
    cf_services *services = session->services;
    for (uint32_t i = 0; i < session->subscription_count; i++) {
        cf_hub_subscription *subscription = &session->subscriptions[i];
        cf_bytes name = cf_bytes_make(subscription->channel->name, subscription->channel->name_size);
        const cf_channel_options *options = cf_config_channel(services->config, name);
        if (options == NULL || !options->presence || cf_hub_waits(session, subscription))
            continue;
        cf_client_info info = cf_session_info(session, subscription);
        if (cf_session_is_present(session, subscription)) /* or by the next ping */
            cf_broker_renew_presence(services->broker, name, &info);
    }
    session->presence_at = CF_TIME_NEVER;
    if (session->subscription_count > 0)
        cf_session_start_presence(session);
}

static void fire(cf_timer *timer)
{
    cf_session *session = CF_CONTAINER(timer, cf_session, timer);
    cf_time now = session->services->now;
    if (session->presence_at <= now)
        ping_presence(session);
    if (session->patience_at <= now)
        cf_hub_give_up(session->services->hub, session);
    if (session->ends_at > now) {
        cf_session_arm(session);
        return;
    }
    session->pins++;
    if (cf_session_is(session, CF_SESSION_AUTHENTICATED))
        check_expiry(session);
    else
        cf_session_cut_off(session, CF_TROUBLE_STALE);
    if (!cf_session_is(session, CF_SESSION_ENDED))
        cf_session_arm(session);
    cf_session_unpin(session);
}

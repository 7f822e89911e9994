#include "server/session.h"

#include <string.h>

#include "base/assert.h"
#include "server/broker.h"
#include "server/command/command.h"

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
    cf_hub_add(services->hub, session);
    const cf_config *config = services->config;
    session->services = services;
    session->ops = ops;
    session->transport = transport;
    session->replies.of_session = true;
    session->queue_max = size_option(config->client_queue_max_size);
    session->request_max = size_option(config->client_request_max_size);
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

static void free_exchange(cf_session *session)
{
    cf_exchange *exchange = session->exchange;
    const cf_allocator *allocator = session->services->allocator;
    session->exchange = NULL;
    if (exchange == NULL)
        return;
    cf_buffer_free(&exchange->scratch);
    cf_buffer_free(&exchange->replies);
    if (exchange->hold.messages.allocator != NULL)
        cf_buffer_free(&exchange->hold.messages);
    cf_free(allocator, exchange->copy);
    if (exchange->on_heap)
        cf_free(allocator, exchange);
}

static void free_later(cf_session *session)
{
    if (session->later == NULL)
        return;
    cf_task_cancel(&session->later->task);
    cf_buffer_free(&session->later->messages);
    cf_free(session->services->allocator, session->later);
    session->later = NULL;
}

/* For the engine, or for the next turn? */
static bool waits(const cf_session *session)
{
    return cf_session_is(session, CF_SESSION_SUSPENDED) || (session->later != NULL && cf_task_waits(&session->later->task));
}

/* The last one frees an ended session. */
static void unpin(cf_session *session)
{
    CF_ASSERT(session->pins > 0);
    if (--session->pins > 0 || !cf_session_is(session, CF_SESSION_ENDED))
        return;
    cf_list_remove(&session->link);
    free_exchange(session);
    free_later(session);
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
static void end(cf_session *session, int code, cf_bytes reason, bool tell)
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
    if (waits(session))
        free_later(session);
    unpin(session);
}

void cf_session_gone(cf_session *session)
{
    end(session, 0, CF_BYTES(""), false);
}

void cf_session_close_code(cf_session *session, int code, cf_bytes reason)
{
    end(session, code, reason, true);
}

void cf_session_close(cf_session *session, cf_trouble trouble)
{
    cf_services *services = session->services;
    cf_bytes text = cf_trouble_text(trouble);
    if (cf_session_is(session, CF_SESSION_ENDED))
        return;
    cf_services_log(services, CF_SERVER_DEBUG, "client %.*s closed: %.*s", CF_UUID_SIZE, session->id, (int)text.size,
                    text.data);
    cf_buffer_clear(&services->advice);
    int code = session->ops->dialect->end(&services->advice, trouble);
    end(session, code, cf_buffer_bytes(&services->advice), true);
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
    unpin(session);
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
    metrics->client_bytes_out += (int64_t)size;
    metrics->client_num_msg_sent += (int64_t)cf_outbox_consume(&session->outbox, size, session->services->allocator);
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
        cf_broker_remove_presence(services->broker, name, cf_session_id(session));
    }
    if (options != NULL && options->join_leave && !cf_hub_waits(subscription)) {
        cf_client_info info = cf_session_info(session, subscription);
        cf_broker_tell(services->broker, CF_METHOD_LEAVE, name, &info);
    }
    cf_hub_unsubscribe(services->hub, session, subscription);
}

/* Is the subscribe answered, but its answer not sent, since a command behind it waits for the engine? */
static bool is_answer_kept(const cf_session *session, cf_bytes channel)
{
    const cf_exchange *exchange = session->exchange;
    if (exchange == NULL || !exchange->subscribed)
        return false;
    return exchange->call.method != CF_METHOD_SUBSCRIBE || !cf_bytes_equal(exchange->call.channel, channel);
}

void cf_session_unsubscribe(cf_session *session, cf_bytes channel)
{
    cf_hub *hub = session->services->hub;
    cf_buffer *push = &session->services->push;
    cf_buffer_clear(push);
    session->ops->dialect->unsubscribed(push, channel);
    bool kept = is_answer_kept(session, channel); /* the name may be the channel's own, and go with it */
    cf_hub_subscription *subscription = cf_hub_find(hub, session, channel);
    if (subscription != NULL && cf_hub_waits(subscription))
        session->exchange->call.withdrawn = true;
    else if (subscription != NULL)
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

void cf_session_set_expiry(cf_session *session)
{
    const cf_config *config = session->services->config;
    session->ends_at = CF_TIME_NEVER;
    if (config->connection_lifetime > 0 && !config->insecure) {
        int64_t left = cf_seconds_left(session->timestamp, config->connection_lifetime, session->services->unix_time);
        int64_t delay = config->expired_connection_close_delay > 0 ? config->expired_connection_close_delay : 0;
        session->ends_at = cf_session_after(session, left < INT64_MAX - delay ? left + delay : INT64_MAX);
    }
    cf_session_arm(session);
}

/* The lifetime may have grown by a reload: then the timer is set again. */
static void check_expiry(cf_session *session)
{
    cf_services *services = session->services;
    int64_t lifetime = services->config->connection_lifetime;
    session->ends_at = CF_TIME_NEVER;
    if (lifetime <= 0)
        return;
    if (cf_seconds_left(session->timestamp, lifetime, services->unix_time) > 0)
        cf_session_set_expiry(session);
    else
        cf_session_close(session, CF_TROUBLE_EXPIRED);
}

void cf_session_start_presence(cf_session *session)
{
    int64_t interval = session->services->config->presence_ping_interval;
    if (session->presence_at != CF_TIME_NEVER)
        return;
    session->presence_at = cf_session_after(session, interval > 0 ? interval : 1);
    cf_session_arm(session);
}

void cf_session_is_present(cf_session *session, cf_hub_subscription *subscription)
{
    const cf_channel *channel = subscription->channel;
    subscription->present = true;
    if (cf_session_is(session, CF_SESSION_WAS_PRESENT))
        cf_broker_keep_presence(session->services->broker, cf_bytes_make(channel->name, channel->name_size),
                                cf_session_id(session));
}

static void ping_presence(cf_session *session)
{
    cf_services *services = session->services;
    for (uint32_t i = 0; i < session->subscription_count; i++) {
        cf_hub_subscription *subscription = &session->subscriptions[i];
        cf_bytes name = cf_bytes_make(subscription->channel->name, subscription->channel->name_size);
        const cf_channel_options *options = cf_config_channel(services->config, name);
        if (options == NULL || !options->presence || cf_hub_waits(subscription))
            continue;
        cf_client_info info = cf_session_info(session, subscription);
        cf_session_is_present(session, subscription);
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
    unpin(session);
}

/* ---- commands ------------------------------------------------------------ */

static void go_on(cf_task *task);

void cf_call_wait(cf_session *session)
{
    session->pins++;
}

bool cf_call_enter(cf_session *session)
{
    return !cf_session_is(session, CF_SESSION_ENDED);
}

void cf_call_fatal(cf_session *session, cf_trouble trouble)
{
    cf_session_cut_off(session, trouble);
}

bool cf_call_params(cf_session *session, cf_session_call *call, cf_params *params)
{
    if (session->ops->dialect->params(call->method, call->params, params, &session->exchange->scratch))
        return true;
    cf_call_fatal(session, CF_TROUBLE_INVALID);
    return false;
}

/* The replies of one message must not be more than the client may have waiting. */
void cf_call_reply(cf_session *session, cf_reply *reply)
{
    cf_exchange *exchange = session->exchange;
    cf_buffer *out = &exchange->replies;
    reply->method = exchange->call.method;
    reply->uid = exchange->call.uid;
    session->ops->dialect->between(out, out->size == 0 ? 0 : 1, exchange->commands.count);
    session->ops->dialect->reply(out, reply);
    exchange->call.done = true;
    if (out->failed)
        cf_call_fatal(session, CF_TROUBLE_INTERNAL);
    else if (out->size > session->queue_max)
        cf_call_fatal(session, CF_TROUBLE_SLOW);
}

static void carry_out(cf_session *session)
{
    cf_session_call *call = &session->exchange->call;
    cf_command_run run = cf_command_of(call->method);
    cf_turn_spend(&session->services->turn, CF_WORK_COMMAND);
    if (call->method != CF_METHOD_CONNECT && !cf_session_is(session, CF_SESSION_AUTHENTICATED))
        cf_call_fatal(session, CF_TROUBLE_UNAUTHORIZED);
    else if (run == NULL)
        cf_call_fatal(session, CF_TROUBLE_NO_METHOD);
    else
        run(session, call);
}

/* A slice of the message moves with its copy. */
static void rebase(cf_bytes *slice, cf_bytes from, const char *to)
{
    uintptr_t offset = (uintptr_t)slice->data - (uintptr_t)from.data;
    if (slice->data != NULL && offset <= from.size)
        slice->data = to + offset;
}

static void rebase_exchange(cf_exchange *exchange)
{
    cf_bytes from = exchange->text;
    const char *to = exchange->copy;
    cf_json_reader *reader = &exchange->commands.reader;
    reader->at = to + (reader->at - reader->start);
    reader->end = to + (reader->end - reader->start);
    reader->start = to;
    cf_bytes *slices[] = {&exchange->call.uid, &exchange->call.params, &exchange->call.channel, &exchange->call.last};
    for (size_t i = 0; i < sizeof slices / sizeof slices[0]; i++)
        rebase(slices[i], from, to);
    exchange->text = cf_bytes_make(to, from.size);
}

static void set_paused(cf_session *session, bool pause)
{
    if (cf_session_is(session, CF_SESSION_PAUSED) == pause)
        return;
    session->flags ^= CF_SESSION_PAUSED;
    if (session->ops->pause != NULL)
        session->ops->pause(session->transport, pause);
}

/* The command goes on when the engine answers; until then all that it needs stays on the heap. */
static bool suspend(cf_session *session)
{
    const cf_allocator *allocator = session->services->allocator;
    if (!session->exchange->on_heap) {
        cf_exchange *heap = cf_alloc(allocator, sizeof *heap);
        char *copy = cf_copy(allocator, session->exchange->text);
        if (heap == NULL || copy == NULL) {
            cf_free(allocator, heap);
            cf_free(allocator, copy);
            return false;
        }
        *heap = *session->exchange;
        heap->on_heap = true;
        heap->copy = copy;
        rebase_exchange(heap);
        session->exchange = heap;
    }
    session->flags |= CF_SESSION_SUSPENDED;
    set_paused(session, true);
    return true;
}

/* What was published since a channel was subscribed comes behind the answer. */
static void send_replies(cf_session *session)
{
    cf_services *services = session->services;
    cf_exchange *exchange = session->exchange;
    session->ops->dialect->between(&exchange->replies, exchange->commands.count, exchange->commands.count);
    if (exchange->subscribed)
        cf_hub_close_chunks(services->hub);
    cf_turn_spend(&services->turn, exchange->replies.size / CF_WORK_UNIT_SIZE);
    if (exchange->replies.failed)
        cf_hub_starve(services->hub, session);
    else
        cf_hub_send(services->hub, session, cf_buffer_bytes(&exchange->replies));
    if (exchange->hold.channels > 0 || exchange->hold.messages.size > 0)
        cf_hub_release(services->hub, session);
}

static void finish_exchange(cf_session *session)
{
    cf_services *services = session->services;
    cf_exchange *exchange = session->exchange;
    if (!cf_session_is(session, CF_SESSION_ENDED))
        send_replies(session);
    uint64_t now = services->environment.microseconds(services->environment.user);
    cf_metrics_record(services->metrics, CF_LATENCY_CLIENT_API, now - exchange->started);
    /* The memory is kept for the next message, whoever sends it. */
    cf_services_give(&services->scratch, &exchange->scratch);
    cf_services_give(&services->replies, &exchange->replies);
    free_exchange(session);
}

/* NULL without memory. */
static cf_later *later_of(cf_session *session)
{
    if (session->later != NULL)
        return session->later;
    cf_services *services = session->services;
    cf_later *later = cf_alloc_zero(services->allocator, 1, sizeof *later);
    if (later == NULL)
        return NULL;
    later->session = session;
    cf_task_init(&later->task, &services->turn, go_on, NULL);
    cf_buffer_init(&later->messages, services->allocator, CF_SESSION_LATER_MAX + session->request_max);
    return session->later = later;
}

/* False without memory. */
static bool wait_for_turn(cf_session *session)
{
    cf_later *later = later_of(session);
    if (later == NULL)
        return false;
    cf_task_queue(&later->task);
    set_paused(session, true);
    return true;
}

/* Is it the turn of others, or of the client, to read what was sent to it? Then the next message waits. */
static bool must_wait(cf_session *session)
{
    cf_services *services = session->services;
    if (cf_turn_share_is_spent(&services->turn))
        return wait_for_turn(session);
    if (!cf_hub_is_behind(services->hub, session))
        return false;
    cf_later *later = later_of(session);
    if (later == NULL)
        return false;
    cf_task_hold(&later->task, &services->hub->held, CF_TIME_NEVER);
    set_paused(session, true);
    return true;
}

/*
 * The rest of the message waits. Answers to subscribes are not kept meanwhile: what is published to the channels comes behind
 * them. False without memory.
 */
static bool interrupt(cf_session *session)
{
    cf_exchange *exchange = session->exchange;
    if (exchange->subscribed) {
        send_replies(session);
        cf_buffer_clear(&exchange->replies);
        exchange->subscribed = false;
    }
    return suspend(session);
}

bool cf_call_hold(cf_session *session, cf_channel *channel)
{
    cf_later *later = channel->behind > 0 ? later_of(session) : NULL;
    cf_session_call *call = &session->exchange->call;
    call->held = later != NULL && cf_hub_hold_publish(session->services->hub, channel, &later->task);
    return call->held;
}

static bool is_over(const cf_session *session)
{
    return cf_session_is(session, CF_SESSION_ENDED | CF_SESSION_DOOMED);
}

/* The next command, or the one that was held. False when there is none. */
static bool next_call(cf_session *session)
{
    cf_exchange *exchange = session->exchange;
    cf_session_call *call = &exchange->call;
    cf_command command;
    if (call->held) {
        call->held = false;
        cf_buffer_truncate(&exchange->scratch, call->scratch);
        return true;
    }
    if (!session->ops->dialect->next(&exchange->commands, &command, &exchange->scratch))
        return false;
    *call = (cf_session_call){
        .uid = command.uid, .method = command.method, .params = command.params, .scratch = exchange->scratch.size};
    return true;
}

/* After a command: does the rest wait? False without memory. */
static bool pause_for_others(cf_session *session)
{
    const cf_exchange *exchange = session->exchange;
    if (exchange->call.held)
        return interrupt(session);
    if (!exchange->call.done)
        return suspend(session);
    if (exchange->commands.taken < exchange->commands.count && cf_turn_share_is_spent(&session->services->turn))
        return interrupt(session) && wait_for_turn(session);
    return true;
}

/* Carries out the commands of the message, from where it stands. */
static void run(cf_session *session)
{
    session->flags |= CF_SESSION_RUNNING;
    while (!is_over(session) && next_call(session)) {
        carry_out(session);
        if (!is_over(session) && !pause_for_others(session))
            cf_call_fatal(session, CF_TROUBLE_INTERNAL);
        if (!cf_session_is(session, CF_SESSION_ENDED) && cf_session_is(session, CF_SESSION_SUSPENDED)) {
            session->flags &= ~(uint32_t)CF_SESSION_RUNNING;
            return;
        }
    }
    if (session->exchange->scratch.failed)
        cf_call_fatal(session, CF_TROUBLE_INTERNAL);
    session->flags &= ~(uint32_t)CF_SESSION_RUNNING;
    finish_exchange(session);
}

static void take_message(cf_session *session, cf_bytes message)
{
    cf_services *services = session->services;
    services->metrics->client_api_num_requests++;
    services->metrics->client_bytes_in += (int64_t)message.size;
    if (message.size > session->request_max) {
        cf_call_fatal(session, CF_TROUBLE_LIMIT_EXCEEDED);
        return;
    }
    cf_exchange exchange = {.text = message, .started = services->environment.microseconds(services->environment.user)};
    cf_services_take(services, &services->scratch, &exchange.scratch);
    cf_services_take(services, &services->replies, &exchange.replies);
    session->exchange = &exchange;
    if (session->ops->dialect->begin(&exchange.commands, message, &exchange.scratch)) {
        run(session);
        return;
    }
    bool starved = exchange.scratch.failed;
    cf_call_fatal(session, starved ? CF_TROUBLE_INTERNAL : CF_TROUBLE_INVALID);
    finish_exchange(session);
}

/* ---- suspension ---------------------------------------------------------- */

static bool keep(cf_session *session, cf_bytes message)
{
    cf_later *later = later_of(session);
    if (later == NULL || !cf_buffer_reserve(&later->messages, sizeof message.size + message.size))
        return false;
    cf_buffer_append(&later->messages, cf_bytes_make((const char *)&message.size, sizeof message.size));
    cf_buffer_append(&later->messages, message);
    return true;
}

/* The next one that was kept; false when there is none. */
static bool next_kept(cf_later *later, cf_bytes *message)
{
    if (later->offset == later->messages.size)
        return false;
    const char *at = later->messages.data + later->offset;
    memcpy(&message->size, at, sizeof message->size);
    message->data = at + sizeof message->size;
    later->offset += sizeof message->size + message->size;
    return true;
}

static void take_kept(cf_session *session)
{
    cf_bytes message;
    while (session->later != NULL && !is_over(session) && !waits(session) && !must_wait(session)) {
        if (next_kept(session->later, &message))
            take_message(session, message);
        else
            free_later(session);
    }
    if (!cf_session_is(session, CF_SESSION_ENDED) && !waits(session))
        set_paused(session, false);
}

/* The next turn has come. */
static void go_on(cf_task *task)
{
    cf_session *session = CF_CONTAINER(task, cf_later, task)->session;
    session->pins++;
    if (cf_session_is(session, CF_SESSION_SUSPENDED)) {
        session->flags &= ~(uint32_t)CF_SESSION_SUSPENDED;
        run(session);
    }
    take_kept(session);
    unpin(session);
}

/* Answers nest when a step's operation completes at once: only the outermost (the last pin) goes on with the message. */
void cf_call_leave(cf_session *session)
{
    bool outermost = session->pins == 1 && cf_session_is(session, CF_SESSION_SUSPENDED);
    if (outermost && !cf_session_is(session, CF_SESSION_ENDED) && session->exchange->call.done) {
        session->flags &= ~(uint32_t)CF_SESSION_SUSPENDED;
        session->pins++;
        run(session);
        take_kept(session);
        session->pins--;
    }
    unpin(session);
}

void cf_session_receive(cf_session *session, cf_bytes message)
{
    if (is_over(session))
        return;
    session->pins++;
    if (!waits(session) && !must_wait(session))
        take_message(session, message);
    else if (!keep(session, message))
        cf_call_fatal(session, CF_TROUBLE_LIMIT_EXCEEDED);
    unpin(session);
}

#include "client/internal.h"

#include "base/utf8.h"

#include <string.h>

/* Subscriptions and recovery: client-spec.md 8 and 10. */

#define COMMAND_SIZE 96 /* bytes of a command besides channel and position, about */

cf_bytes cf_subscription_channel(const cf_subscription *subscription)
{
    return cf_bytes_make(subscription->channel, subscription->channel_size);
}

cf_subscription_state cf_subscription_get_state(const cf_subscription *subscription)
{
    return (cf_subscription_state)subscription->state;
}

void *cf_subscription_user(const cf_subscription *subscription)
{
    return subscription->user;
}

cf_client *cf_subscription_client(const cf_subscription *subscription)
{
    return subscription->client;
}

cf_subscription *cf_client_find(cf_client *client, cf_bytes channel)
{
    cf_map_node *node = cf_map_find(&client->subscriptions, channel);
    return node == NULL ? NULL : cf_subscription_of(node);
}

void cf_subscription_free(cf_subscription *subscription)
{
    const cf_allocator *allocator = subscription->client->environment.allocator;
    cf_text_free(&subscription->position, allocator);
    cf_text_free(&subscription->refusal, allocator);
    cf_free(allocator, subscription);
}

/* ---- asking ---------------------------------------------------------------------------- */

/*
 * The one place where a subscription is asked for (client-spec.md 8.2.1). A private channel needs an authorization first: the
 * subscription is SUBSCRIBING from here, its request goes to auth.c (section 11), and the command is written when the answer
 * comes. Until then check_supported keeps private channels away.
 */
static void write_request(cf_subscription *subscription, bool resubscribe, cf_buffer *line)
{
    cf_subscribe_params params = {
        .channel = cf_subscription_channel(subscription),
        .recover = subscription->has_position,
        .last = cf_text_bytes(&subscription->position),
    };
    subscription->state = CF_SUBSCRIPTION_SUBSCRIBING;
    subscription->resubscribe = resubscribe;
    subscription->request = ++subscription->client->last_uid;
    cf_wire_write_subscribe(line, subscription->request, &params, false);
}

static size_t request_size(const cf_subscription *subscription)
{
    return subscription->channel_size + subscription->position.size + COMMAND_SIZE;
}

static centrifuge_error send_request(cf_subscription *subscription)
{
    cf_client *client = subscription->client;
    uint8_t state = subscription->state;
    cf_buffer line;
    if (cf_queue_full(client, subscription->channel_size))
        return CENTRIFUGE_ERROR_LIMIT_QUEUE;
    cf_line_begin(client, &line, request_size(subscription));
    write_request(subscription, false, &line);
    if (cf_line_end(client, &line, CF_PENDING_SEND, client->transport))
        return CENTRIFUGE_ERROR_OK;
    subscription->state = state;
    subscription->request = 0;
    return CENTRIFUGE_ERROR_NO_MEMORY;
}

static centrifuge_error check_supported(cf_client *client, cf_bytes channel)
{
    if (!cf_bytes_starts_with(channel, cf_setting_text(client->settings, CF_SETTING_PRIVATE_CHANNEL_PREFIX)))
        return CENTRIFUGE_ERROR_OK;
    cf_log_text(client, CF_LOG_ERROR, CF_BYTES("private channels are not supported yet, cannot subscribe to"), channel);
    return CENTRIFUGE_ERROR_UNSUPPORTED;
}

/* client-spec.md 8.2, the rows of sub.subscribe(). */
static centrifuge_error ask(cf_subscription *subscription)
{
    cf_client *client = subscription->client;
    if (subscription->state == CF_SUBSCRIPTION_SUBSCRIBED || subscription->state == CF_SUBSCRIPTION_SUBSCRIBING)
        return CENTRIFUGE_ERROR_OK;
    centrifuge_error error = check_supported(client, cf_subscription_channel(subscription));
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    if (client->state != CF_CLIENT_CONNECTED) {
        subscription->state = CF_SUBSCRIPTION_NEW;
        return CENTRIFUGE_ERROR_OK;
    }
    error = send_request(subscription);
    if (error == CENTRIFUGE_ERROR_OK)
        subscription->was_subscribed = false;
    return error;
}

static bool may_ask(const cf_client *client)
{
    return client->settings->resubscribe || client->state == CF_CLIENT_CONNECTED;
}

centrifuge_error cf_subscription_subscribe(cf_subscription *subscription, cf_time now)
{
    (void)now;
    if (subscription->client->shut)
        return CENTRIFUGE_ERROR_CLOSED;
    if (!may_ask(subscription->client))
        return CENTRIFUGE_ERROR_INVALID_STATE;
    return ask(subscription);
}

static centrifuge_error check_channel(const cf_client *client, cf_bytes channel)
{
    if (client->shut)
        return CENTRIFUGE_ERROR_CLOSED;
    if (channel.size == 0)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    if (channel.size > client->settings->channel_length_max || channel.size > UINT32_MAX)
        return CENTRIFUGE_ERROR_LIMIT_CHANNEL;
    if (!cf_utf8_valid(channel))
        return CENTRIFUGE_ERROR_INVALID_UTF8;
    return may_ask(client) ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_INVALID_STATE;
}

static cf_subscription *make(cf_client *client, cf_bytes channel, void *user)
{
    cf_subscription *made = cf_alloc(client->environment.allocator, sizeof(cf_subscription) + channel.size);
    if (made == NULL)
        return NULL;
    *made = (cf_subscription){
        .client = client, .user = user, .channel_size = (uint32_t)channel.size, .state = CF_SUBSCRIPTION_UNSUBSCRIBED};
    memcpy(made->channel, channel.data, channel.size);
    cf_list_init(&made->waiting);
    if (cf_map_add(&client->subscriptions, &made->node, cf_subscription_channel(made)))
        return made;
    cf_free(client->environment.allocator, made);
    return NULL;
}

static centrifuge_error make_and_ask(cf_client *client, cf_bytes channel, void *user, cf_subscription **subscription)
{
    if (cf_map_count(&client->subscriptions) >= client->settings->subscriptions_max)
        return CENTRIFUGE_ERROR_LIMIT_SUBSCRIPTIONS;
    cf_subscription *made = make(client, channel, user);
    if (made == NULL)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    centrifuge_error error = ask(made);
    if (error == CENTRIFUGE_ERROR_OK) {
        *subscription = made;
        return CENTRIFUGE_ERROR_OK;
    }
    cf_map_remove(&client->subscriptions, &made->node);
    cf_subscription_free(made);
    return error;
}

centrifuge_error cf_client_subscribe(cf_client *client, cf_time now, cf_bytes channel, void *user,
                                     cf_subscription **subscription, bool *created)
{
    (void)now;
    *subscription = NULL;
    if (created != NULL)
        *created = false;
    centrifuge_error error = check_channel(client, channel);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    cf_subscription *existing = cf_client_find(client, channel);
    if (existing == NULL) {
        error = make_and_ask(client, channel, user, subscription);
        if (created != NULL)
            *created = error == CENTRIFUGE_ERROR_OK;
        return error;
    }
    error = ask(existing);
    if (error == CENTRIFUGE_ERROR_OK)
        *subscription = existing;
    return error;
}

/* ---- after a good answer to connect --------------------------------------------------------- */

static bool is_wanted(const cf_subscription *subscription)
{
    return subscription->state != CF_SUBSCRIPTION_UNSUBSCRIBED;
}

static void write_requests(cf_client *client, bool reconnected, size_t count, cf_buffer *line)
{
    bool first = true;
    if (count > 1)
        cf_buffer_append_byte(line, '[');
    CF_EACH_SUBSCRIPTION(node, client)
    {
        cf_subscription *subscription = cf_subscription_of(node);
        if (!is_wanted(subscription))
            continue;
        if (!first)
            cf_buffer_append_byte(line, ',');
        first = false;
        write_request(subscription, reconnected && subscription->was_subscribed, line);
    }
    if (count > 1)
        cf_buffer_append_byte(line, ']');
}

bool cf_subscriptions_ask_all(cf_client *client, bool reconnected)
{
    cf_buffer line;
    size_t count = 0;
    size_t size = 0;
    CF_EACH_SUBSCRIPTION(node, client)
    {
        if (!is_wanted(cf_subscription_of(node)))
            continue;
        count++;
        size += request_size(cf_subscription_of(node));
    }
    if (count == 0)
        return true;
    cf_line_begin(client, &line, size);
    write_requests(client, reconnected, count, &line);
    return cf_line_end(client, &line, CF_PENDING_SEND, client->transport);
}

/* ---- ending ------------------------------------------------------------------------------------ */

/* Told once, even when it is asked for several times before the event is taken. */
static void tell_unsubscribe(cf_subscription *subscription)
{
    if (!subscription->unsubscribe.queued)
        cf_queue_append(subscription->client, &subscription->unsubscribe, CF_PENDING_UNSUBSCRIBE);
}

/* The position goes with it (D51). */
static void end(cf_subscription *subscription, centrifuge_error code)
{
    subscription->state = CF_SUBSCRIPTION_UNSUBSCRIBED;
    subscription->request = 0;
    subscription->has_position = false;
    subscription->position.size = 0;
    subscription->was_subscribed = false;
    cf_calls_fail_waiting(subscription, code);
}

static void send_unsubscribe(cf_subscription *subscription, cf_time now)
{
    cf_client *client = subscription->client;
    cf_buffer line;
    if (client->state != CF_CLIENT_CONNECTED)
        return;
    cf_line_begin(client, &line, subscription->channel_size + COMMAND_SIZE);
    subscription->leaving = ++client->last_uid;
    cf_wire_write_channel_command(&line, subscription->leaving, CF_METHOD_UNSUBSCRIBE, cf_subscription_channel(subscription));
    if (!cf_line_end(client, &line, CF_PENDING_SEND, client->transport))
        cf_connection_fail(client, now, CENTRIFUGE_ERROR_NO_MEMORY);
}

void cf_subscription_unsubscribe(cf_subscription *subscription, cf_time now)
{
    if (subscription->client->shut)
        return;
    if (subscription->state != CF_SUBSCRIPTION_UNSUBSCRIBED) {
        tell_unsubscribe(subscription);
        end(subscription, CENTRIFUGE_ERROR_UNSUBSCRIBED);
    }
    send_unsubscribe(subscription, now);
}

/* Whoever removes a subscription does not want to hear of it any more. */
static void silence(cf_subscription *subscription)
{
    cf_client *client = subscription->client;
    if (client->frame.replay != NULL && client->frame.replay->subscription == subscription)
        cf_frame_drop_replay(client);
    if (client->answer.queued && client->answer_subscription == subscription)
        cf_queue_remove(client, &client->answer);
    if (subscription->unsubscribe.queued)
        cf_queue_remove(client, &subscription->unsubscribe);
}

void cf_subscription_remove(cf_subscription *subscription, cf_time now)
{
    cf_client *client = subscription->client;
    if (client->shut)
        return;
    bool wanted = is_wanted(subscription);
    silence(subscription);
    end(subscription, CENTRIFUGE_ERROR_UNSUBSCRIBED);
    cf_calls_fail_sent(client, subscription, CENTRIFUGE_ERROR_UNSUBSCRIBED);
    cf_map_remove(&client->subscriptions, &subscription->node);
    if (client->pushed == subscription)
        client->pushed = NULL;
    if (wanted)
        send_unsubscribe(subscription, now);
    cf_queue_append(client, &subscription->removed, CF_PENDING_REMOVED);
}

static void leave(cf_subscription *subscription, bool again)
{
    if (subscription->state == CF_SUBSCRIPTION_SUBSCRIBED)
        tell_unsubscribe(subscription);
    subscription->request = 0;
    subscription->leaving = 0;
    if (!again)
        end(subscription, CENTRIFUGE_ERROR_DISCONNECTED);
    else if (is_wanted(subscription))
        subscription->state = CF_SUBSCRIPTION_SUBSCRIBING;
}

void cf_subscriptions_leave(cf_client *client, bool again)
{
    CF_EACH_SUBSCRIPTION(node, client)
    leave(cf_subscription_of(node), again);
}

cf_step cf_subscription_on_unsubscribe(cf_client *client, const cf_wire_message *message)
{
    int64_t uid;
    cf_subscription *subscription = cf_client_find(client, message->b.channel);
    if (subscription == NULL)
        return CF_STEP_DONE;
    if (cf_bytes_to_int64(message->uid, &uid) && (uint64_t)uid == subscription->leaving)
        subscription->leaving = 0;
    if (message->has_error) {
        cf_client_report_message(client, message);
    } else if (message->uid.size == 0 && is_wanted(subscription)) {
        tell_unsubscribe(subscription);
        end(subscription, CENTRIFUGE_ERROR_UNSUBSCRIBED);
    }
    return CF_STEP_DONE;
}

/* ---- messages -------------------------------------------------------------------------------------- */

/* What was on its way when the user unsubscribed is dropped (D25), also when he has subscribed again meanwhile. */
static bool is_deaf(const cf_subscription *subscription)
{
    return !is_wanted(subscription) || (subscription->state == CF_SUBSCRIPTION_SUBSCRIBING && subscription->leaving != 0);
}

static bool set_position(cf_subscription *subscription, cf_bytes uid)
{
    if (!cf_text_set(&subscription->position, subscription->client->environment.allocator, uid))
        return false;
    subscription->has_position = true;
    return true;
}

/* Of a join or leave. */
static cf_bytes read_who(cf_bytes data, cf_buffer *scratch)
{
    static const cf_json_field fields[] = {{"client", CF_JSON_FIELD_STRING, 0}};
    cf_bytes client = {NULL, 0};
    cf_json_reader reader;
    cf_buffer_reserve(scratch, data.size);
    cf_json_reader_init(&reader, data);
    if (!cf_json_read_fields(&reader, fields, 1, false, &client, scratch))
        return cf_bytes_make(NULL, 0);
    return client;
}

static cf_step show_push(cf_subscription *subscription, const cf_wire_message *message, cf_event_kind kind, cf_effect *effect)
{
    *effect = (cf_effect){.kind = CF_EFFECT_EVENT};
    cf_event *event = &effect->event;
    event->kind = kind;
    event->subscription = subscription;
    event->raw = message->body;
    event->channel = cf_subscription_channel(subscription);
    event->uid = message->b.uid;
    event->data = message->b.data;
    event->client = message->b.client;
    event->info = message->b.info;
    return CF_STEP_EFFECT;
}

static cf_step deliver(cf_subscription *subscription, cf_time now, const cf_wire_message *message, cf_effect *effect)
{
    if (message->b.uid.size > 0 && !set_position(subscription, message->b.uid)) {
        cf_connection_fail(subscription->client, now, CENTRIFUGE_ERROR_NO_MEMORY);
        return CF_STEP_DONE;
    }
    return show_push(subscription, message, CF_EVENT_MESSAGE, effect);
}

/* Most messages are for the channel of the one before. */
static cf_subscription *find_pushed(cf_client *client, cf_bytes channel)
{
    if (client->pushed == NULL || !cf_bytes_equal(cf_subscription_channel(client->pushed), channel))
        client->pushed = cf_client_find(client, channel);
    return client->pushed;
}

cf_step cf_subscription_on_push(cf_client *client, cf_time now, const cf_wire_message *message, cf_effect *effect)
{
    cf_subscription *subscription = find_pushed(client, message->b.channel);
    if (subscription == NULL || is_deaf(subscription))
        return CF_STEP_DONE;
    if (message->method == CF_METHOD_MESSAGE)
        return deliver(subscription, now, message, effect);
    show_push(subscription, message, message->method == CF_METHOD_JOIN ? CF_EVENT_JOIN : CF_EVENT_LEAVE, effect);
    effect->event.client = read_who(message->b.data, &client->frame.scratch);
    if (!client->frame.scratch.failed)
        return CF_STEP_EFFECT;
    cf_connection_fail(client, now, CENTRIFUGE_ERROR_NO_MEMORY);
    return CF_STEP_DONE;
}

/* ---- the answer to subscribe: client-spec.md 8.3 --------------------------------------------------------- */

static void tell_answer(cf_subscription *subscription, cf_pending_kind kind)
{
    cf_client *client = subscription->client;
    client->answer_subscription = subscription;
    client->answer_recovered = subscription->recovered;
    client->answer.flag = subscription->resubscribe;
    cf_queue_append(client, &client->answer, kind);
}

static void answered(cf_subscription *subscription, cf_subscription_state state, bool recovered)
{
    subscription->state = (uint8_t)state;
    subscription->request = 0;
    subscription->leaving = 0;
    subscription->recovered = recovered;
}

static void accept(cf_subscription *subscription, cf_time now, bool recovered)
{
    answered(subscription, CF_SUBSCRIPTION_SUBSCRIBED, recovered);
    subscription->was_subscribed = true;
    tell_answer(subscription, CF_PENDING_SUBSCRIBE);
    cf_calls_release(subscription, now);
}

/* For calls to come. Without memory they get the number only. */
static void keep_refusal(cf_subscription *subscription, cf_bytes error, cf_bytes advice)
{
    const cf_allocator *allocator = subscription->client->environment.allocator;
    cf_buffer text;
    cf_buffer_init(&text, allocator, UINT32_MAX);
    cf_buffer_append(&text, error);
    cf_buffer_append(&text, advice);
    bool good = !text.failed && cf_text_set(&subscription->refusal, allocator, cf_buffer_bytes(&text));
    if (!good)
        subscription->refusal.size = 0;
    subscription->refusal_advice = good ? (uint32_t)advice.size : 0;
    cf_buffer_free(&text);
}

static void refuse(cf_subscription *subscription, const cf_wire_message *message)
{
    answered(subscription, CF_SUBSCRIPTION_REFUSED, false);
    keep_refusal(subscription, message->error_text, message->advice);
    cf_client_report_message(subscription->client, message);
    tell_answer(subscription, CF_PENDING_SUBSCRIBE_ERROR);
    cf_calls_fail_waiting(subscription, CENTRIFUGE_ERROR_REFUSED);
}

static cf_subscription *find_request(cf_client *client, int64_t uid)
{
    CF_EACH_SUBSCRIPTION(node, client)
    {
        cf_subscription *subscription = cf_subscription_of(node);
        if (subscription->request != 0 && subscription->request == (uint64_t)uid)
            return subscription;
    }
    return NULL;
}

/*
 * By channel, as the reference does; an error without one by its uid (D22). An answer to an older request of the same channel
 * is none to this one: between the two the server has seen an unsubscribe.
 */
static cf_subscription *find_asked(cf_client *client, const cf_wire_message *message)
{
    int64_t uid;
    if (!cf_bytes_to_int64(message->uid, &uid) || uid < 0)
        uid = 0;
    cf_subscription *subscription = cf_client_find(client, message->b.channel);
    if (subscription == NULL && message->has_error)
        subscription = find_request(client, uid);
    if (subscription == NULL || subscription->request == 0)
        return NULL;
    return uid != 0 && (uint64_t)uid < subscription->request ? NULL : subscription;
}

static size_t count_bodies(cf_bytes list)
{
    cf_json_reader reader;
    cf_json_value value;
    size_t count = 0;
    cf_json_reader_init(&reader, list);
    if (!cf_json_enter_array(&reader))
        return 0;
    while (cf_json_next_element(&reader)) {
        cf_json_read(&reader, &value);
        count += value.kind == CF_JSON_OBJECT;
    }
    return count;
}

static void collect_bodies(cf_bytes list, cf_replay *replay)
{
    cf_json_reader reader;
    cf_json_value value;
    cf_json_reader_init(&reader, list);
    cf_json_enter_array(&reader);
    while (cf_json_next_element(&reader)) {
        cf_json_read(&reader, &value);
        if (value.kind == CF_JSON_OBJECT)
            replay->bodies[replay->left++] = value.raw;
    }
}

/* False without memory. */
static bool start_replay(cf_subscription *subscription, const cf_wire_message *message, size_t count)
{
    cf_client *client = subscription->client;
    /* counted in bodies, so that the allocator sees an overflow */
    size_t head = (sizeof(cf_replay) + sizeof(cf_bytes) - 1) / sizeof(cf_bytes);
    cf_replay *replay = cf_alloc_zero(client->environment.allocator, head + count, sizeof(cf_bytes));
    if (replay == NULL)
        return false;
    *replay = (cf_replay){.subscription = subscription, .request = subscription->request, .recovered = message->b.recovered};
    collect_bodies(message->b.messages, replay);
    client->frame.replay = replay;
    return true;
}

/* Missed messages, oldest first; then the subscription is subscribed. */
cf_step cf_subscription_replay_step(cf_client *client, cf_time now, cf_effect *effect)
{
    cf_replay *replay = client->frame.replay;
    cf_subscription *subscription = replay->subscription;
    bool current = subscription->request == replay->request;
    bool recovered = replay->recovered;
    cf_wire_message message;
    if (!current || replay->left == 0) {
        cf_frame_drop_replay(client);
        if (current)
            accept(subscription, now, recovered);
        return CF_STEP_DONE;
    }
    if (cf_wire_read_body(replay->bodies[--replay->left], &message, &client->frame.scratch))
        return deliver(subscription, now, &message, effect);
    CF_ASSERT(client->frame.scratch.failed);
    cf_connection_fail(client, now, CENTRIFUGE_ERROR_NO_MEMORY);
    return CF_STEP_DONE;
}

/* An empty `last` does not replace a known position (D5). */
static bool take_last(cf_subscription *subscription, const cf_wire_message *message)
{
    bool known = subscription->has_position && subscription->position.size > 0;
    if (!message->b.has_last || (message->b.last.size == 0 && known))
        return true;
    return set_position(subscription, message->b.last);
}

cf_step cf_subscription_on_subscribe(cf_client *client, cf_time now, const cf_wire_message *message)
{
    cf_subscription *subscription = find_asked(client, message);
    if (subscription == NULL)
        return CF_STEP_DONE;
    if (message->has_error) {
        refuse(subscription, message);
        return CF_STEP_DONE;
    }
    size_t missed = count_bodies(message->b.messages);
    if (missed > 0 ? start_replay(subscription, message, missed) : take_last(subscription, message)) {
        if (missed == 0)
            accept(subscription, now, message->b.recovered);
        return CF_STEP_DONE;
    }
    cf_connection_fail(client, now, CENTRIFUGE_ERROR_NO_MEMORY);
    return CF_STEP_DONE;
}

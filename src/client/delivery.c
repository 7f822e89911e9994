#include "client/delivery.h"

#include "client/auth.h"
#include "client/call.h"
#include "client/pause.h"
#include "client/queue.h"
#include "client/recovery.h"
#include "client/subscribe.h"
#include "client/subscription.h"

/* What comes for subscriptions: messages, answers, and what was missed (client-spec.md 6.2, 8.3, 10). */

/* ---- messages -------------------------------------------------------------------------------------- */

/* What was on its way when the user unsubscribed is dropped (D25), whatever he has asked for since. */
static bool is_deaf(const cf_subscription *subscription)
{
    return !cf_subscription_wanted(subscription) || subscription->leaving != 0;
}

/* Of a join or leave. */
static cf_bytes read_who(cf_bytes data, cf_buffer *scratch)
{
    cf_json_value client;
    cf_json_find(data, CF_BYTES("client"), &client);
    return cf_json_text(&client, scratch);
}

static cf_step show_push(cf_subscription *subscription, const cf_wire_message *message, cf_event_kind kind, cf_effect *effect)
{
    static const cf_event blank; /* copied: to set so much to zero, gcc begins a `rep stos`, a tenth of a message's cost */
    cf_event *event = &effect->event;
    effect->kind = CF_EFFECT_EVENT;
    *event = blank;
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

static cf_step deliver(cf_subscription *subscription, const cf_wire_message *message, cf_effect *effect)
{
    if (message->b.uid.size > 0 && !cf_subscription_set_position(subscription, message->b.uid)) {
        cf_client_break(subscription->client, CENTRIFUGE_ERROR_NO_MEMORY);
        return CF_STEP_DONE;
    }
    return show_push(subscription, message, CF_EVENT_MESSAGE, effect);
}

/* Most messages are for the channel of the one before. */
static cf_subscription *find_pushed(cf_client *client, cf_bytes channel)
{
    if (client->table.pushed == NULL || !cf_bytes_equal(cf_subscription_channel(client->table.pushed), channel))
        client->table.pushed = cf_client_find(client, channel);
    return client->table.pushed;
}

static cf_step tell(cf_subscription *subscription, const cf_wire_message *message, cf_effect *effect)
{
    cf_client *client = subscription->client;
    if (message->method == CF_METHOD_MESSAGE)
        return deliver(subscription, message, effect);
    show_push(subscription, message, message->method == CF_METHOD_JOIN ? CF_EVENT_JOIN : CF_EVENT_LEAVE, effect);
    effect->event.client = read_who(message->b.data, &client->frame.scratch);
    if (!client->frame.scratch.failed)
        return CF_STEP_EFFECT;
    cf_client_break(client, CENTRIFUGE_ERROR_NO_MEMORY);
    return CF_STEP_DONE;
}

/* For the answer to a recovery. What comes after a refusal is brought by the recovery that is asked for next. */
static cf_step hold(cf_subscription *subscription, const cf_wire_message *message)
{
    if (subscription->asked != 0 && !cf_recovery_hold(subscription, message))
        cf_client_break(subscription->client, CENTRIFUGE_ERROR_NO_MEMORY);
    return CF_STEP_DONE;
}

static bool repeats(cf_subscription *subscription, const cf_wire_message *message)
{
    return subscription->recovery != NULL && message->b.uid.size > 0 && message->method == CF_METHOD_MESSAGE &&
           cf_recovery_repeats(subscription, message->b.uid);
}

cf_step cf_subscription_on_push(cf_client *client, const cf_wire_message *message, cf_effect *effect)
{
    cf_subscription *subscription = find_pushed(client, message->b.channel);
    if (subscription == NULL || is_deaf(subscription))
        return CF_STEP_DONE;
    if (subscription->recovering)
        return hold(subscription, message);
    if (subscription->state != CF_SUBSCRIPTION_SUBSCRIBED)
        subscription->missed = true; /* should no good answer come: nobody knows what was before the message */
    if (repeats(subscription, message))
        return CF_STEP_DONE;
    return tell(subscription, message, effect);
}

/* A message that comes as most do: nothing is held back for it, and none is told twice. */
cf_subscription *cf_subscription_pushed(cf_client *client, cf_bytes channel, cf_bytes uid)
{
    cf_subscription *subscription = find_pushed(client, channel);
    if (subscription == NULL || subscription->state != CF_SUBSCRIPTION_SUBSCRIBED || subscription->recovery != NULL)
        return NULL;
    bool noted = uid.size == 0 || cf_subscription_set_position(subscription, uid);
    return noted ? subscription : NULL;
}

/* ---- the answer to subscribe: client-spec.md 8.3 --------------------------------------------------------- */

static void tell_answer(cf_subscription *subscription, cf_pending_kind kind)
{
    cf_client *client = subscription->client;
    client->answer.subscription = subscription;
    client->answer.recovered = subscription->recovered;
    client->answer.pending.flag = subscription->resubscribe;
    cf_queue_append(client, &client->answer.pending, kind);
}

static void accept(cf_subscription *subscription, cf_time now, bool recovered)
{
    cf_subscription_answered(subscription, CF_SUBSCRIPTION_SUBSCRIBED, recovered && !subscription->missed);
    subscription->leaving = 0;
    subscription->missed = subscription->recovering = false;
    subscription->was_subscribed = true;
    cf_recovery_end(subscription);
    tell_answer(subscription, CF_PENDING_SUBSCRIBE);
    cf_calls_release(subscription, now);
}

static void refuse_subscription(cf_subscription *subscription, cf_time now, const cf_wire_message *message)
{
    cf_subscription_set_refused(subscription, message->error_text, message->advice, message->error.kind != CF_JSON_STRING);
    subscription->leaving = 0;
    cf_haste_spend(&subscription->haste_at, now);
    cf_client_report_message(subscription->client, message);
    tell_answer(subscription, CF_PENDING_SUBSCRIBE_ERROR);
    cf_calls_fail_waiting(subscription, CENTRIFUGE_ERROR_REFUSED);
}

static cf_subscription *find_by_uid(cf_client *client, uint64_t uid)
{
    CF_EACH_SUBSCRIPTION (node, client) {
        cf_subscription *subscription = cf_subscription_of(node);
        if (subscription->asked != 0 && subscription->asked == uid)
            return subscription;
    }
    return NULL;
}

/*
 * By channel, as the reference does; an error without one by its uid (D22). What was asked for before the last unsubscribe
 * command does not count: the server has seen that since.
 */
static cf_subscription *find_asked(cf_client *client, const cf_wire_message *message)
{
    cf_subscription *subscription = cf_client_find(client, message->b.channel);
    if (subscription == NULL && message->has_error)
        subscription = find_by_uid(client, message->uid);
    if (subscription == NULL || (message->uid != 0 && message->uid < subscription->leaving))
        return NULL;
    return subscription;
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
    bool complete = subscription->recovery == NULL || !subscription->recovery->incomplete;
    *replay = (cf_replay){
        .subscription = subscription,
        .asked = subscription->asked,
        .recovered = message->b.recovered && complete,
    };
    collect_bodies(message->b.messages, replay);
    client->frame.replay = replay;
    if (!replay->recovered)
        subscription->missed = true;
    return true;
}

static cf_step tell_missed(cf_subscription *subscription, cf_bytes body, cf_effect *effect)
{
    cf_client *client = subscription->client;
    cf_wire_message message;
    bool good = cf_wire_read_body(body, &message, &client->frame.scratch);
    CF_ASSERT(good || client->frame.scratch.failed);
    cf_bytes uid = message.b.uid;
    if (good && uid.size > 0 && cf_recovery_told(subscription, uid))
        return CF_STEP_DONE;
    if (good && (uid.size == 0 || cf_recovery_note(subscription, uid)))
        return deliver(subscription, &message, effect);
    cf_client_break(client, CENTRIFUGE_ERROR_NO_MEMORY);
    return CF_STEP_DONE;
}

/* `line` is freed when the effect has been carried out. */
static cf_step tell_held(cf_subscription *subscription, cf_line *line, cf_effect *effect)
{
    cf_client *client = subscription->client;
    cf_wire_message message;
    cf_queue_retire(client, &line->pending, CF_PENDING_LOG);
    if (!cf_wire_read_body(cf_bytes_make(line->text, line->size), &message, &client->frame.scratch)) {
        CF_ASSERT(client->frame.scratch.failed);
        cf_client_break(client, CENTRIFUGE_ERROR_NO_MEMORY);
        return CF_STEP_DONE;
    }
    message.method = (cf_method)line->pending.number;
    return repeats(subscription, &message) ? CF_STEP_DONE : tell(subscription, &message, effect);
}

/* Missed messages, oldest first, then pushes that waited; then the subscription is subscribed. */
cf_step cf_subscription_replay_step(cf_client *client, cf_time now, cf_effect *effect)
{
    cf_replay *replay = client->frame.replay;
    cf_subscription *subscription = replay->subscription;
    bool current = subscription->asked == replay->asked;
    bool recovered = replay->recovered;
    if (current && replay->left > 0)
        return tell_missed(subscription, replay->bodies[--replay->left], effect);
    cf_line *held = current ? cf_recovery_next(subscription) : NULL;
    if (held != NULL)
        return tell_held(subscription, held, effect);
    cf_replay_drop(client);
    if (current)
        accept(subscription, now, recovered);
    return CF_STEP_DONE;
}

/*
 * An empty `last` does not replace a known position (D5), and none replaces one that the pushes since the command have set or
 * will.
 */
static bool take_last(cf_subscription *subscription, const cf_wire_message *message)
{
    bool known = subscription->has_position && subscription->position.size > 0;
    bool newer = subscription->recovering ? subscription->recovery != NULL && message->b.recovered : known;
    if (newer)
        return true;
    if (!message->b.has_last || (message->b.last.size == 0 && known))
        return true;
    return cf_subscription_set_position(subscription, message->b.last);
}

static bool answers_crossed(const cf_subscription *subscription, const cf_wire_message *message)
{
    return subscription->crossed != 0 && message->uid == subscription->crossed;
}

/* Is it of a command that the server's unsubscribe has crossed, and says nothing of the one that was sent since? */
static bool is_old_refusal(const cf_subscription *subscription, const cf_wire_message *message)
{
    return message->has_error && message->uid != 0 && message->uid < subscription->asked;
}

/*
 * The server's unsubscribe had crossed a command, and the user has asked again, which waits for an authorization: the command's
 * good answer is what he wants. Another command would be refused, since the server has subscribed him.
 */
static void adopt(cf_subscription *subscription)
{
    cf_auth_forget(subscription);
    subscription->asked = subscription->crossed;
    subscription->crossed = 0;
}

/*
 * A crossed command may have asked to recover what the server's unsubscribe has ended since: pushes were told meanwhile, so
 * neither its messages nor what it says of an empty history belong to what the user has asked for.
 */
cf_step cf_subscription_on_subscribe(cf_client *client, cf_time now, const cf_wire_message *message)
{
    cf_subscription *subscription = find_asked(client, message);
    if (subscription == NULL || is_old_refusal(subscription, message))
        return CF_STEP_DONE;
    bool crossed = answers_crossed(subscription, message);
    if (subscription->asked == 0) {
        if (message->has_error || !crossed)
            return CF_STEP_DONE;
        if (subscription->state != CF_SUBSCRIPTION_SUBSCRIBING) {
            cf_subscription_decline(subscription);
            return CF_STEP_DONE;
        }
        adopt(subscription);
    }
    if (message->has_error) {
        refuse_subscription(subscription, now, message);
        return CF_STEP_DONE;
    }
    size_t missed = crossed ? 0 : count_bodies(message->b.messages);
    bool replays = !crossed && (missed > 0 || subscription->recovery != NULL);
    bool good = missed > 0 || (crossed && message->b.last.size == 0) || take_last(subscription, message);
    if (good && replays)
        good = start_replay(subscription, message, missed);
    else if (good)
        accept(subscription, now, message->b.recovered && !crossed);
    if (!good)
        cf_client_break(client, CENTRIFUGE_ERROR_NO_MEMORY);
    return CF_STEP_DONE;
}

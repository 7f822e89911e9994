/*
 * A channel's history, told as messages: live ones wait for the answer, and what it had is not told again when it is pushed
 * behind the answer, since a server makes a subscriber live before it reads the history (client-spec.md D52).
 */
#include "base/map.h"
#include "native/native.h"

#include "wire/v1/v1.h"

#include <string.h>

/* Bytes of a uid that is remembered; the servers' have 22. A longer one is never found again. */
#define UID_MAX 64

/* A live message that waits. */
typedef struct cf_held {
    cf_list link;
    size_t size;
    char body[];
} cf_held;

/* A message of the answer. */
typedef struct cf_told {
    cf_map_node node;
    char uid[];
} cf_told;

struct cf_native_catch_up {
    bool waiting; /* for the answer */
    cf_list held; /* oldest first */
    size_t held_size;
    centrifuge_error broken; /* why the answer will not be told */
    cf_map told;             /* uids of it, until another message comes: what is pushed behind that one is newer */
    char last[UID_MAX];      /* uid of the message that was told last */
    size_t last_size;
    centrifuge_completion done;
    void *user;
};

/* ---- what was told ---------------------------------------------------------------------- */

static void remember(cf_native_catch_up *self, cf_bytes uid)
{
    self->last_size = uid.size <= UID_MAX ? uid.size : 0;
    if (self->last_size > 0)
        memcpy(self->last, uid.data, uid.size);
}

static void forget_told(cf_native_catch_up *self)
{
    while (self->told.head) {
        cf_map_node *node = self->told.head;
        cf_map_remove(&self->told, node);
        cf_free(&cf_heap, CF_CONTAINER(node, cf_told, node));
    }
}

static bool was_told(const cf_native_catch_up *self, cf_bytes uid)
{
    return uid.size > 0 && cf_map_find(&self->told, uid);
}

/* False without memory. */
static bool note_told(cf_native_catch_up *self, cf_bytes uid)
{
    if (uid.size == 0 || was_told(self, uid))
        return true;
    cf_told *made = cf_alloc(&cf_heap, sizeof *made + uid.size);
    if (!made)
        return false;
    memcpy(made->uid, uid.data, uid.size);
    if (cf_map_add(&self->told, &made->node, cf_bytes_make(made->uid, uid.size)))
        return true;
    cf_free(&cf_heap, made);
    return false;
}

static void tell_body(centrifuge_subscription *subscription, const cf_wire_message *message, bool history)
{
    cf_event event = {
        .kind = CF_EVENT_MESSAGE,
        .uid = message->b.uid,
        .data = message->b.data,
        .client = message->b.client,
        .info = message->b.info,
        .raw = message->body,
    };
    remember(subscription->catch_up, event.uid);
    subscription->client->share.used++;
    cf_native_events_message(subscription, &event, history);
}

/* ---- messages that wait ---------------------------------------------------------------------- */

static void free_held(cf_native_catch_up *self, cf_held *held)
{
    cf_list_remove(&held->link);
    self->held_size -= held->size;
    cf_free(&cf_heap, held);
}

static void drop_held(cf_native_catch_up *self)
{
    while (!cf_list_empty(&self->held))
        free_held(self, CF_CONTAINER(self->held.next, cf_held, link));
}

/* What it calls may drop the others. */
static void tell_held(centrifuge_subscription *subscription)
{
    cf_native_catch_up *self = subscription->catch_up;
    cf_wire_message message;
    cf_buffer scratch;
    cf_buffer_init(&scratch, &cf_heap, CF_BUFFER_NO_LIMIT);
    while (!cf_list_empty(&self->held)) {
        cf_held *held = CF_CONTAINER(cf_list_take(&self->held), cf_held, link);
        if (!cf_wire_read_body(cf_bytes_make(held->body, held->size), &message, &scratch))
            self->broken = CENTRIFUGE_ERROR_NO_MEMORY;
        else if (!was_told(self, message.b.uid))
            tell_body(subscription, &message, false);
        free_held(self, held);
    }
    cf_buffer_free(&scratch);
}

static bool is_wanted(const centrifuge_subscription *subscription)
{
    return !subscription->client->ending && !subscription->removed &&
           cf_subscription_get_state(subscription->core) != CF_SUBSCRIPTION_UNSUBSCRIBED;
}

/*
 * The answer could only be told behind what is told now. False: the message behind that is told, too, since no listener has
 * unsubscribed.
 */
static bool give_up(centrifuge_subscription *subscription, centrifuge_error why)
{
    subscription->catch_up->broken = why;
    tell_held(subscription);
    return !is_wanted(subscription);
}

/* False: nothing waits any more, and the message is to be told now. */
static bool hold(centrifuge_subscription *subscription, cf_bytes body)
{
    cf_native_catch_up *self = subscription->catch_up;
    size_t max = subscription->client->settings.recovery_size_max;
    if (self->broken)
        return false;
    if (self->held_size > max || body.size > max - self->held_size)
        return give_up(subscription, CENTRIFUGE_ERROR_LIMIT_RECOVERY);
    cf_held *held = cf_alloc(&cf_heap, sizeof *held + body.size);
    if (!held)
        return give_up(subscription, CENTRIFUGE_ERROR_NO_MEMORY);
    held->size = body.size;
    memcpy(held->body, body.data, body.size);
    self->held_size += body.size;
    cf_list_append(&self->held, &held->link);
    return true;
}

bool cf_native_catch_up_take(centrifuge_subscription *subscription, const cf_event *event)
{
    cf_native_catch_up *self = subscription->catch_up;
    if (self->waiting && hold(subscription, event->raw))
        return true;
    if (was_told(self, event->uid))
        return true;
    forget_told(self);
    remember(self, event->uid);
    return false;
}

/* ---- the answer --------------------------------------------------------------------------- */

/* The messages of an answer, newest first. */
typedef struct cf_bodies {
    cf_bytes *list;
    size_t count;
} cf_bodies;

static size_t count_elements(cf_bytes array)
{
    cf_json_reader reader;
    cf_json_value value;
    size_t count = 0;
    cf_json_reader_init(&reader, array);
    if (!cf_json_enter_array(&reader))
        return 0;
    while (cf_json_next_element(&reader))
        count += cf_json_read(&reader, &value);
    return count;
}

/* Those behind the one that was told last; their uids are noted. False without memory. */
static bool read_bodies(cf_native_catch_up *self, cf_bytes array, cf_bodies *bodies, cf_buffer *scratch)
{
    cf_json_reader reader;
    cf_json_value value;
    cf_wire_message message;
    cf_json_reader_init(&reader, array);
    cf_json_enter_array(&reader);
    while (cf_json_next_element(&reader) && cf_json_read(&reader, &value)) {
        if (value.kind != CF_JSON_OBJECT)
            continue;
        if (!cf_wire_read_body(value.raw, &message, scratch))
            return false;
        if (self->last_size > 0 && cf_bytes_equal(message.b.uid, cf_bytes_make(self->last, self->last_size)))
            return true;
        if (!note_told(self, message.b.uid))
            return false;
        bodies->list[bodies->count++] = value.raw;
    }
    return true;
}

static bool tell_bodies(centrifuge_subscription *subscription, cf_bodies *bodies, cf_buffer *scratch)
{
    cf_wire_message message;
    while (bodies->count > 0 && is_wanted(subscription)) {
        if (!cf_wire_read_body(bodies->list[--bodies->count], &message, scratch))
            return false;
        tell_body(subscription, &message, true);
    }
    return true;
}

/* False without memory. */
static bool tell_history(centrifuge_subscription *subscription, cf_bytes array)
{
    cf_native_catch_up *self = subscription->catch_up;
    size_t count = count_elements(array);
    cf_bodies bodies = {cf_alloc_zero(&cf_heap, count, sizeof(cf_bytes)), 0};
    cf_buffer scratch;
    cf_buffer_init(&scratch, &cf_heap, CF_BUFFER_NO_LIMIT);
    forget_told(self);
    bool good = bodies.list && read_bodies(self, array, &bodies, &scratch);
    if (good)
        good = tell_bodies(subscription, &bodies, &scratch);
    else
        forget_told(self); /* it will not be told */
    cf_buffer_free(&scratch);
    cf_free(&cf_heap, bodies.list);
    return good;
}

void cf_native_catch_up_answered(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    cf_native_callback_end(subscription->client); /* ours, and no callback: the lock was given back for it */
    cf_native_catch_up *self = user;
    centrifuge_completion done = self->done; /* what is told may begin the next one */
    void *done_user = self->user;
    centrifuge_result told = *result;
    self->waiting = false;
    if (!told.code && !self->broken && !tell_history(subscription, cf_bytes_make(told.data.bytes, told.data.size)))
        self->broken = CENTRIFUGE_ERROR_NO_MEMORY;
    tell_held(subscription);
    if (!told.code && self->broken) {
        told.code = self->broken;
        told.error = centrifuge_error_text(self->broken);
        told.advice = "retry";
    }
    cf_native_callback_begin(subscription->client);
    if (done)
        done(subscription, &told, done_user);
}

/* ---- begin and end --------------------------------------------------------------------------- */

/* NULL without memory. */
static cf_native_catch_up *obtain(centrifuge_subscription *subscription)
{
    uint32_t seed;
    if (subscription->catch_up)
        return subscription->catch_up;
    cf_native_catch_up *self = cf_alloc_zero(&cf_heap, 1, sizeof *self);
    if (!self)
        return NULL;
    cf_native_random(subscription->client, &seed, sizeof seed);
    cf_map_init(&self->told, &cf_heap, seed);
    cf_list_init(&self->held);
    subscription->catch_up = self;
    return self;
}

centrifuge_error cf_native_catch_up_prepare(centrifuge_subscription *subscription)
{
    const cf_native_catch_up *self = obtain(subscription);
    if (!self)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    return self->waiting ? CENTRIFUGE_ERROR_INVALID_STATE : CENTRIFUGE_ERROR_OK;
}

void cf_native_catch_up_begin(centrifuge_subscription *subscription, centrifuge_completion done, void *user)
{
    cf_native_catch_up *self = subscription->catch_up;
    self->waiting = true;
    self->broken = CENTRIFUGE_ERROR_OK;
    self->done = done;
    self->user = user;
}

void cf_native_catch_up_drop(centrifuge_subscription *subscription)
{
    if (subscription->catch_up)
        drop_held(subscription->catch_up);
}

void cf_native_catch_up_free(centrifuge_subscription *subscription)
{
    cf_native_catch_up *self = subscription->catch_up;
    if (!self)
        return;
    drop_held(self);
    forget_told(self);
    cf_map_free(&self->told);
    cf_free(&cf_heap, self);
    subscription->catch_up = NULL;
}

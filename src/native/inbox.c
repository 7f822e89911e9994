/*
 * What a started client has to tell, where the application asks for it: copies of what the core lends, told by the same
 * functions as without it. A full one is emptied before more is taken from the core or read from the connection, so that
 * nothing is lost.
 */
#include "native/inbox.h"

#include <string.h>

typedef enum cf_native_item_kind { ITEM_EVENT, ITEM_RESULT, ITEM_LOG, ITEM_DRAINED } cf_native_item_kind;

struct cf_native_item {
    cf_native_item *next;
    cf_native_item_kind kind;
    centrifuge_subscription *subscription; /* counts it in `queued`; NULL for none */
    cf_native_closing closing;             /* of a transport's close */
    union {
        cf_event event;
        cf_result result;
        struct {
            cf_log_level level;
            cf_bytes text;
        } log;
        struct {
            centrifuge_drained_event event;
            centrifuge_drained done;
            void *user;
        } drained;
    } what;
    char text[];
};

/* ---- copies ------------------------------------------------------------------------ */

/* The first of these holds most of the others. */
#define FIELDS_MAX 12

typedef struct cf_fields {
    cf_bytes *field[FIELDS_MAX];
    size_t count;
} cf_fields;

static cf_fields fields_of_event(cf_event *event)
{
    return (cf_fields){{&event->raw, &event->client, &event->transport, &event->reason, &event->channel, &event->uid,
                        &event->data, &event->info, &event->error, &event->advice},
                       10};
}

static cf_fields fields_of_result(cf_result *result)
{
    return (cf_fields){{&result->body, &result->data, &result->error, &result->advice}, 4};
}

static bool lies_in(cf_bytes whole, cf_bytes part)
{
    return whole.data && part.data >= whole.data && part.data + part.size <= whole.data + whole.size;
}

static size_t size_of(const cf_fields *fields)
{
    size_t size = fields->field[0]->size;
    for (size_t i = 1; i < fields->count; i++)
        size += lies_in(*fields->field[0], *fields->field[i]) ? 0 : fields->field[i]->size;
    return size;
}

static char *copy_field(cf_bytes *field, char *to)
{
    if (field->size == 0)
        return to;
    memcpy(to, field->data, field->size);
    field->data = to;
    return to + field->size;
}

static char *copy_fields(const cf_fields *fields, char *to)
{
    cf_bytes whole = *fields->field[0];
    const char *start = to;
    to = copy_field(fields->field[0], to);
    for (size_t i = 1; i < fields->count; i++) {
        if (lies_in(whole, *fields->field[i]))
            fields->field[i]->data = start + (fields->field[i]->data - whole.data);
        else
            to = copy_field(fields->field[i], to);
    }
    return to;
}

static const char *copy_text(const char *text, char **to)
{
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = memcpy(*to, text, size);
    *to += size;
    return copy;
}

static size_t size_of_text(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* ---- putting ------------------------------------------------------------------------- */

static cf_native_item *make(cf_native_item_kind kind, centrifuge_subscription *subscription, size_t size)
{
    cf_native_item *item = cf_alloc_zero(&cf_heap, 1, sizeof *item + size);
    if (!item)
        return NULL;
    item->kind = kind;
    item->subscription = subscription;
    return item;
}

static void append(cf_native_inbox *inbox, cf_native_item *item)
{
    *inbox->end = item;
    inbox->end = &item->next;
    if (inbox->count++ == 0)
        cf_native_wakeup_signal(&inbox->ready);
    if (item->subscription)
        item->subscription->queued++;
}

static bool put_event(centrifuge_client *client, const cf_event *event)
{
    cf_event copied = *event;
    cf_fields fields = fields_of_event(&copied);
    bool closes = event->kind == CF_EVENT_TRANSPORT_CLOSE;
    cf_native_closing closing = closes ? cf_native_closing_of(client) : (cf_native_closing){0};
    size_t size = size_of(&fields) + size_of_text(closing.close_reason) + size_of_text(closing.detail);
    centrifuge_subscription *subscription = event->subscription ? cf_subscription_user(event->subscription) : NULL;
    cf_native_item *item = make(ITEM_EVENT, subscription, size);
    if (!item)
        return false;
    char *to = copy_fields(&fields, item->text);
    item->what.event = copied;
    item->closing = closing;
    item->closing.close_reason = copy_text(closing.close_reason, &to);
    item->closing.detail = copy_text(closing.detail, &to);
    append(client->inbox, item);
    return true;
}

static bool put_result(centrifuge_client *client, const cf_result *result)
{
    cf_result copied = *result;
    cf_fields fields = fields_of_result(&copied);
    const cf_native_call *call = result->call;
    if (!call)
        return true;
    cf_native_item *item = make(ITEM_RESULT, call->subscription, size_of(&fields));
    if (!item)
        return false;
    copy_fields(&fields, item->text);
    item->what.result = copied;
    append(client->inbox, item);
    return true;
}

static bool put_effect(centrifuge_client *client, const cf_effect *effect)
{
    if (effect->kind == CF_EFFECT_RESULT)
        return put_result(client, &effect->result);
    return put_event(client, &effect->event);
}

void cf_native_inbox_put(centrifuge_client *client, const cf_effect *effect)
{
    cf_native_inbox *inbox = client->inbox;
    inbox->holds = !put_effect(client, effect);
    if (inbox->holds)
        inbox->held = *effect;
}

void cf_native_inbox_put_log(centrifuge_client *client, cf_log_level level, cf_bytes text)
{
    cf_native_item *item = client->inbox->count < client->inbox->max ? make(ITEM_LOG, NULL, text.size) : NULL;
    if (!item)
        return;
    item->what.log.level = level;
    item->what.log.text = text;
    copy_field(&item->what.log.text, item->text);
    append(client->inbox, item);
}

void cf_native_inbox_put_drained(centrifuge_client *client, const centrifuge_drained_event *event, centrifuge_drained done,
                                 void *user)
{
    cf_native_item *item = make(ITEM_DRAINED, NULL, 0);
    if (!item) {
        cf_native_callback_begin(client);
        done(client, event, user);
        cf_native_callback_end(client);
        return;
    }
    item->what.drained.event = *event;
    item->what.drained.done = done;
    item->what.drained.user = user;
    append(client->inbox, item);
}

/* One more than the limit: it says that it is reached. */
static void warn(centrifuge_client *client)
{
    cf_native_inbox *inbox = client->inbox;
    const cf_event event = {
        .kind = CF_EVENT_HIGH_WATER, .code = CENTRIFUGE_ERROR_LIMIT_EVENTS, .used = inbox->count, .max = inbox->max};
    inbox->warned = inbox->warned || put_event(client, &event);
}

bool cf_native_inbox_admits(centrifuge_client *client)
{
    cf_native_inbox *inbox = client->inbox;
    if (inbox->holds)
        cf_native_inbox_put(client, &inbox->held);
    if (inbox->holds)
        return false;
    if (inbox->count < inbox->max)
        return true;
    warn(client);
    return false;
}

/* ---- telling --------------------------------------------------------------------------- */

static cf_native_item *take_oldest(cf_native_inbox *inbox)
{
    cf_native_item *item = inbox->first;
    if (!item)
        return NULL;
    inbox->first = item->next;
    if (!inbox->first)
        inbox->end = &inbox->first;
    if (--inbox->count == 0 && !inbox->over)
        cf_native_wakeup_drain(&inbox->ready);
    if (inbox->count < inbox->max / 2)
        inbox->warned = false;
    return item;
}

static void tell_item(centrifuge_client *client, cf_native_item *item)
{
    switch (item->kind) {
    case ITEM_EVENT:
        cf_native_events_tell(client, item->subscription, &item->what.event, &item->closing);
        break;
    case ITEM_RESULT:
        cf_native_events_result(&item->what.result);
        break;
    case ITEM_LOG:
        cf_native_events_log_now(client, item->what.log.level, item->what.log.text);
        break;
    case ITEM_DRAINED:
        cf_native_callback_begin(client);
        item->what.drained.done(client, &item->what.drained.event, item->what.drained.user);
        cf_native_callback_end(client);
        break;
    }
}

/* The subscription of the last item may have been removed meanwhile. */
static void free_item(cf_native_item *item)
{
    centrifuge_subscription *subscription = item->subscription;
    if (subscription && --subscription->queued == 0 && subscription->gone)
        cf_native_subscription_free(subscription);
    cf_free(&cf_heap, item);
}

bool cf_native_inbox_tell(centrifuge_client *client)
{
    cf_native_item *item = take_oldest(client->inbox);
    if (!item)
        return false;
    tell_item(client, item);
    free_item(item);
    return true;
}

/* ---- begin and end ---------------------------------------------------------------------- */

centrifuge_error cf_native_inbox_open(centrifuge_client *client)
{
    cf_native_inbox *inbox = cf_alloc_zero(&cf_heap, 1, sizeof *inbox);
    if (!inbox)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    if (!cf_native_wakeup_open(&inbox->ready)) {
        cf_free(&cf_heap, inbox);
        return CENTRIFUGE_ERROR_SYSTEM;
    }
    inbox->end = &inbox->first;
    inbox->max = client->settings.dispatch_max;
    client->inbox = inbox;
    return CENTRIFUGE_ERROR_OK;
}

void cf_native_inbox_end(cf_native_inbox *inbox)
{
    inbox->over = true;
    cf_native_wakeup_signal(&inbox->ready);
}

/* In a copy the parent tells it. */
static void drop(cf_native_item *item)
{
    if (item->kind == ITEM_RESULT)
        cf_free(&cf_heap, item->what.result.call);
    free_item(item);
}

static void drop_all(cf_native_inbox *inbox)
{
    for (cf_native_item *item; (item = take_oldest(inbox)) != NULL;)
        drop(item);
}

/* The client has none any more, so that it is told at once. */
static void tell_held(centrifuge_client *client, const cf_effect *held)
{
    if (held->kind == CF_EFFECT_RESULT)
        cf_native_events_result(&held->result);
    else if (!cf_native_copied(client))
        cf_native_events_deliver(client, held);
}

void cf_native_inbox_close(centrifuge_client *client)
{
    cf_native_inbox *inbox = client->inbox;
    if (!inbox)
        return;
    if (cf_native_copied(client))
        drop_all(inbox);
    while (cf_native_inbox_tell(client))
        continue;
    client->inbox = NULL;
    if (inbox->holds)
        tell_held(client, &inbox->held);
    cf_native_wakeup_close(&inbox->ready);
    cf_free(&cf_heap, inbox);
}

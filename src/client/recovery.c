#include "client/recovery.h"

#include "client/queue.h"

#include <string.h>

/*
 * What a server pushes for a channel before it answers the recovery. It makes a subscriber live before it reads the history
 * (client-spec.md D52), so a push may come before the missed messages and again among them, or be told with them and come
 * behind the answer. Pushes wait for the answer; what the answer had told is not told again.
 */

/* A message of the answer. */
typedef struct told {
    cf_map_node node;
    char uid[];
} told;

static told *told_of(cf_map_node *node)
{
    return CF_CONTAINER(node, told, node);
}

/* NULL without memory. */
static cf_recovery *obtain(cf_subscription *subscription)
{
    cf_client *client = subscription->client;
    const cf_allocator *allocator = client->environment.allocator;
    if (subscription->recovery != NULL)
        return subscription->recovery;
    cf_recovery *recovery = cf_alloc_zero(allocator, 1, sizeof(cf_recovery));
    if (recovery == NULL)
        return NULL;
    cf_map_init(&recovery->told, allocator, client->table.map.seed);
    recovery->end = &recovery->held;
    subscription->recovery = recovery;
    return recovery;
}

/* ---- pushes that wait ------------------------------------------------------------------ */

/* What was kept has no gap: from here nothing more is. */
static void overflow(cf_client *client, cf_recovery *recovery)
{
    recovery->incomplete = true;
    cf_client_report(client, CENTRIFUGE_ERROR_LIMIT_RECOVERY, CF_FAILURE("too many messages during recovery", "retry"));
}

bool cf_recovery_hold(cf_subscription *subscription, const cf_wire_message *message)
{
    cf_client *client = subscription->client;
    cf_recovery *recovery = obtain(subscription);
    if (recovery == NULL)
        return false;
    if (!recovery->incomplete && message->body.size > client->settings->options.recovery_size_max - client->table.held)
        overflow(client, recovery);
    if (recovery->incomplete)
        return true;
    cf_buffer_append(cf_line_begin(client, message->body.size), message->body);
    cf_line *line = cf_line_make(client, message->method);
    if (line == NULL)
        return false;
    client->table.held += line->size;
    line->pending.next = NULL;
    *recovery->end = &line->pending;
    recovery->end = &line->pending.next;
    return true;
}

cf_line *cf_recovery_next(cf_subscription *subscription)
{
    cf_recovery *recovery = subscription->recovery;
    if (recovery == NULL || recovery->held == NULL)
        return NULL;
    cf_line *line = cf_line_of(recovery->held);
    recovery->held = line->pending.next;
    if (recovery->held == NULL)
        recovery->end = &recovery->held;
    subscription->client->table.held -= line->size;
    return line;
}

/* ---- what the answer has told ------------------------------------------------------------- */

bool cf_recovery_note(cf_subscription *subscription, cf_bytes uid)
{
    const cf_allocator *allocator = subscription->client->environment.allocator;
    cf_recovery *recovery = obtain(subscription);
    if (recovery == NULL)
        return false;
    told *made = cf_alloc(allocator, sizeof(told) + uid.size);
    if (made == NULL)
        return false;
    memcpy(made->uid, uid.data, uid.size);
    if (cf_map_add(&recovery->told, &made->node, cf_bytes_make(made->uid, uid.size)))
        return true;
    cf_free(allocator, made);
    return false;
}

static void forget(cf_recovery *recovery, cf_map_node *node)
{
    cf_map_remove(&recovery->told, node);
    cf_free(recovery->told.allocator, told_of(node));
}

bool cf_recovery_told(const cf_subscription *subscription, cf_bytes uid)
{
    return subscription->recovery != NULL && cf_map_find(&subscription->recovery->told, uid) != NULL;
}

bool cf_recovery_repeats(cf_subscription *subscription, cf_bytes uid)
{
    cf_recovery *recovery = subscription->recovery;
    bool repeated = cf_map_find(&recovery->told, uid) != NULL;
    recovery->others += !repeated && !subscription->recovering;
    if (recovery->others > CF_LATE_MAX)
        cf_recovery_drop(subscription);
    return repeated;
}

void cf_recovery_end(cf_subscription *subscription)
{
    cf_recovery *recovery = subscription->recovery;
    if (recovery == NULL)
        return;
    while (cf_map_count(&recovery->told) > CF_LATE_MAX)
        forget(recovery, recovery->told.head);
    if (cf_map_count(&recovery->told) == 0)
        cf_recovery_drop(subscription);
}

void cf_recovery_drop(cf_subscription *subscription)
{
    cf_recovery *recovery = subscription->recovery;
    if (recovery == NULL)
        return;
    for (cf_line *line = cf_recovery_next(subscription); line != NULL; line = cf_recovery_next(subscription))
        cf_free(recovery->told.allocator, line);
    while (recovery->told.head != NULL)
        forget(recovery, recovery->told.head);
    cf_map_free(&recovery->told);
    cf_free(recovery->told.allocator, recovery);
    subscription->recovery = NULL;
}

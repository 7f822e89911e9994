#include "client/limit.h"

#include "client/queue.h"

/* Limits that the application can run into, and the warning before it does. */

static size_t used_of(const cf_client *client, cf_limit limit)
{
    switch (limit) {
    case CF_LIMIT_QUEUE:
        return client->out.size + client->out.unsent;
    case CF_LIMIT_CALLS:
        return client->calls.count;
    default:
        CF_ASSERT(limit == CF_LIMIT_SUBSCRIPTIONS);
        return cf_map_count(&client->table.map);
    }
}

static size_t max_of(const cf_client *client, cf_limit limit)
{
    const size_t limits[CF_LIMIT_COUNT] = {
        [CF_LIMIT_QUEUE] = client->settings->options.queue_size_max,
        [CF_LIMIT_CALLS] = client->settings->options.calls_max,
        [CF_LIMIT_SUBSCRIPTIONS] = client->settings->options.subscriptions_max,
    };
    return limits[limit];
}

/* Below half it may be told of again. */
static void relax(cf_client *client, cf_limit limit)
{
    size_t max = max_of(client, limit);
    if (used_of(client, limit) < max - max / 2)
        client->limits.high_water[limit].flag = false;
}

void cf_limits_relax(cf_client *client)
{
    client->limits.warned = false;
    for (unsigned limit = 0; limit < CF_LIMIT_COUNT; limit++) {
        relax(client, (cf_limit)limit);
        client->limits.warned = client->limits.warned || client->limits.high_water[limit].flag;
    }
}

bool cf_limit_admits(cf_client *client, cf_limit limit, size_t more)
{
    size_t used = used_of(client, limit);
    size_t max = max_of(client, limit);
    CF_ASSERT(more <= SIZE_MAX - used); /* all of it is in memory */
    cf_pending *warning = &client->limits.high_water[limit];
    relax(client, limit);
    if (used + more >= max - max / 4 && !warning->flag && !warning->queued) {
        warning->flag = client->limits.warned = true;
        warning->number = limit;
        cf_queue_append(client, warning, CF_PENDING_HIGH_WATER);
    }
    return used + more <= max;
}

void cf_limit_event(const cf_client *client, cf_limit limit, cf_event *event)
{
    static const centrifuge_error codes[CF_LIMIT_COUNT] = {
        [CF_LIMIT_QUEUE] = CENTRIFUGE_ERROR_LIMIT_QUEUE,
        [CF_LIMIT_CALLS] = CENTRIFUGE_ERROR_LIMIT_CALLS,
        [CF_LIMIT_SUBSCRIPTIONS] = CENTRIFUGE_ERROR_LIMIT_SUBSCRIPTIONS,
    };
    event->kind = CF_EVENT_HIGH_WATER;
    event->code = codes[limit];
    event->used = used_of(client, limit);
    event->max = max_of(client, limit);
}

void cf_client_transport_unsent(cf_client *client, uint32_t id, size_t size)
{
    if (id == client->link.id)
        client->out.unsent = size;
}

#include "server/census.h"

#include <string.h>

#include "server/session_state.h"

static void count_transport(cf_census *census, const char *name, size_t sessions)
{
    size_t i = 0;
    while (i < census->transport_count && strcmp(census->transports[i].name, name) != 0)
        i++;
    if (i == CF_HUB_TRANSPORTS)
        return;
    census->transports[i].name = name;
    census->transports[i].sessions += sessions;
    census->transport_count = i == census->transport_count ? i + 1 : census->transport_count;
}

static void count_queue(cf_census *census, const cf_session *session)
{
    size_t bytes = session->outbox.bytes;
    census->queue_bytes += bytes;
    census->queue_memory += session->outbox.memory;
    census->longest_queue = bytes > census->longest_queue ? bytes : census->longest_queue;
}

static void count_queues(cf_census *census, const cf_list *sessions)
{
    CF_LIST_EACH (link, sessions)
        count_queue(census, CF_CONTAINER(link, cf_session, due));
}

void cf_census_add(cf_census *census, const cf_hub *hub)
{
    for (size_t i = 0; i < CF_HUB_TRANSPORTS && hub->transports[i].name != NULL; i++)
        count_transport(census, hub->transports[i].name, hub->transports[i].sessions);
    count_queues(census, &hub->stuck);
    count_queues(census, &hub->answered);
    count_queues(census, &hub->dirty);
}

#include "server/census.h"

#include <string.h>

#include "server/session_state.h"

static void count_transport(cf_census *census, const char *name)
{
    size_t i = 0;
    while (i < census->transport_count && strcmp(census->transports[i].name, name) != 0)
        i++;
    if (i == CF_CENSUS_TRANSPORTS)
        return;
    census->transports[i].name = name;
    census->transports[i].sessions++;
    census->transport_count = i == census->transport_count ? i + 1 : census->transport_count;
}

void cf_census_add(cf_census *census, const cf_hub *hub)
{
    CF_LIST_EACH (link, &hub->sessions) {
        const cf_session *session = CF_CONTAINER(link, cf_session, link);
        size_t bytes = session->outbox.bytes;
        count_transport(census, session->ops->name);
        census->queue_bytes += bytes;
        census->queue_memory += session->outbox.memory;
        census->longest_queue = bytes > census->longest_queue ? bytes : census->longest_queue;
    }
}

#include "server/watch.h"

#include "json/json.h"

void cf_watch_begin(cf_services *services, cf_watcher *watcher)
{
    if (!cf_list_linked(&watcher->link))
        cf_list_append(&services->watchers, &watcher->link);
}

void cf_watch_end(cf_watcher *watcher)
{
    if (cf_list_linked(&watcher->link))
        cf_list_remove(&watcher->link);
}

static void show(cf_services *services, cf_bytes text)
{
    for (cf_list *link = services->watchers.next; link != &services->watchers; link = link->next) {
        cf_watcher *watcher = CF_CONTAINER(link, cf_watcher, link);
        cf_turn_spend(&services->turn, CF_WORK_DELIVERY + text.size / CF_WORK_UNIT_SIZE);
        watcher->show(watcher, text);
    }
}

void cf_watch_hear(cf_services *services, cf_bytes message)
{
    cf_buffer text;
    services->metrics->node_num_admin_msg_received++;
    if (cf_list_empty(&services->watchers) || !cf_json_valid(message))
        return;
    cf_buffer_init(&text, services->allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&text, CF_BYTES("{\"method\":\"message\",\"error\":null,\"body\":"));
    cf_buffer_append(&text, message);
    cf_buffer_append_byte(&text, '}');
    if (!text.failed)
        show(services, cf_buffer_bytes(&text));
    cf_buffer_free(&text);
}

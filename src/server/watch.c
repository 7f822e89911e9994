#include "server/watch.h"

#include "json/json.h"
#include "server/team.h"

#include <string.h>

static void count_watchers(cf_services *services, unsigned more, unsigned less)
{
    if (services->environment.member != NULL)
        atomic_fetch_add_explicit(&services->environment.member->team->watchers, more - less, memory_order_relaxed);
}

void cf_watch_begin(cf_services *services, cf_watcher *watcher)
{
    if (cf_list_linked(&watcher->link))
        return;
    cf_list_append(&services->watchers, &watcher->link);
    count_watchers(services, 1, 0);
}

void cf_watch_end(cf_services *services, cf_watcher *watcher)
{
    if (!cf_list_linked(&watcher->link))
        return;
    cf_list_remove(&watcher->link);
    count_watchers(services, 0, 1);
}

bool cf_watch_is_wanted(const cf_services *services)
{
    const cf_team_member *member = services->environment.member;
    return !cf_list_empty(&services->watchers) ||
           (member != NULL && atomic_load_explicit(&member->team->watchers, memory_order_relaxed) > 0);
}

static void show(cf_services *services, cf_bytes text)
{
    for (cf_list *link = services->watchers.next; link != &services->watchers; link = link->next) {
        cf_watcher *watcher = CF_CONTAINER(link, cf_watcher, link);
        cf_turn_spend(&services->turn, CF_WORK_DELIVERY + text.size / CF_WORK_UNIT_SIZE);
        watcher->show(watcher, text);
    }
}

static void show_message(cf_services *services, cf_bytes message)
{
    cf_buffer text;
    if (cf_list_empty(&services->watchers))
        return;
    cf_buffer_init(&text, services->allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&text, CF_BYTES("{\"method\":\"message\",\"error\":null,\"body\":"));
    cf_buffer_append(&text, message);
    cf_buffer_append_byte(&text, '}');
    if (!text.failed)
        show(services, cf_buffer_bytes(&text));
    cf_buffer_free(&text);
}

/* ---- at the other workers of the process ---------------------------------- */

typedef struct passed_message {
    cf_round round;
    const cf_allocator *allocator;
    size_t size;
    char text[];
} passed_message;

static passed_message *message_of(cf_round *round)
{
    return CF_CONTAINER(round, passed_message, round);
}

static void visit(cf_round *round, cf_team_member *there)
{
    const passed_message *passed = message_of(round);
    show_message(there->services, cf_bytes_make(passed->text, passed->size));
    cf_round_go_on(round);
}

static void end_passing(cf_round *round)
{
    cf_free(message_of(round)->allocator, message_of(round));
}

/* Without memory those there do not see it. */
static void pass_on(const cf_services *services, cf_bytes message)
{
    passed_message *passed = cf_alloc(services->allocator, sizeof *passed + message.size);
    if (passed == NULL)
        return;
    *passed = (passed_message){.round = {.visit = visit, .back = end_passing, .drop = end_passing},
                               .allocator = services->allocator,
                               .size = message.size};
    memcpy(passed->text, message.data, message.size);
    cf_round_begin(&passed->round, services->environment.member);
}

void cf_watch_hear(cf_services *services, cf_bytes message)
{
    services->metrics->node_num_admin_msg_received++;
    if (!cf_watch_is_wanted(services) || !cf_json_valid(message))
        return;
    show_message(services, message);
    if (services->environment.member != NULL)
        pass_on(services, message);
}

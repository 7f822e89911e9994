#include "server/retract.h"

#include <string.h>

#include "server/broker.h"
#include "server/hub.h"

struct cf_retraction {
    cf_list link;
    cf_retractions *retractions;
    bool of_presence;
    bool cancelled;
    bool failed; /* once: it is said once, too */
    char client[CF_UUID_SIZE];
    size_t name_size;
    char name[];
};

static cf_bytes name_of(const cf_retraction *retraction)
{
    return cf_bytes_make(retraction->name, retraction->name_size);
}

static cf_retraction *of(cf_list *link)
{
    return CF_CONTAINER(link, cf_retraction, link);
}

static cf_services *services_of(const cf_retractions *retractions)
{
    return retractions->broker->services;
}

/* ---- memory --------------------------------------------------------------- */

bool cf_retract_reserve(cf_retractions *retractions, cf_bytes channel, cf_retraction **reserved)
{
    if (*reserved != NULL || retractions->broker->engine->ops->takes_back_at_once)
        return true;
    cf_retraction *created = cf_alloc(services_of(retractions)->allocator, sizeof *created + channel.size);
    if (created == NULL)
        return false;
    *created = (cf_retraction){.retractions = retractions, .name_size = channel.size};
    memcpy(created->name, channel.data, channel.size);
    *reserved = created;
    return true;
}

static void drop(cf_retraction *retraction)
{
    cf_free(services_of(retraction->retractions)->allocator, retraction);
}

/* ---- what failed ---------------------------------------------------------- */

static void say_failure(cf_retraction *retraction, bool given_up)
{
    if (!retraction->failed || given_up)
        cf_services_log(services_of(retraction->retractions), CF_SERVER_ERROR, "the engine failed to %s a channel: %s",
                        retraction->of_presence ? "take a client's presence out of" : "unsubscribe this node from",
                        given_up ? "given up, since too many wait to be tried again" : "it is tried again");
    retraction->failed = true;
}

static void wait(cf_retraction *retraction)
{
    cf_retractions *retractions = retraction->retractions;
    cf_services *services = services_of(retractions);
    bool full = retractions->waiting_count >= CF_RETRACT_MAX;
    say_failure(retraction, full);
    if (full) {
        drop(retraction);
        return;
    }
    cf_list_append(&retractions->waiting, &retraction->link);
    retractions->waiting_count++;
    if (!cf_list_linked(&retractions->timer.link))
        cf_wheel_set(services->wheel, &retractions->timer, cf_time_after(services->now, CF_RETRACT_PAUSE));
}

static cf_retraction *take_waiting(cf_retractions *retractions)
{
    cf_retraction *taken = of(cf_list_take(&retractions->waiting));
    retractions->waiting_count--;
    return taken;
}

/* ---- operations ----------------------------------------------------------- */

static void on_done(void *user, cf_engine_status status)
{
    cf_retraction *retraction = user;
    retraction->retractions->broker->pending--;
    cf_list_remove(&retraction->link);
    if (status == CF_ENGINE_OK || retraction->cancelled)
        drop(retraction);
    else
        wait(retraction);
}

static void carry_out(cf_retraction *retraction)
{
    cf_broker *broker = retraction->retractions->broker;
    cf_engine *engine = broker->engine;
    cf_bytes name = name_of(retraction);
    cf_list_append(&retraction->retractions->under_way, &retraction->link);
    broker->pending++;
    if (retraction->of_presence)
        engine->ops->presence_remove(engine, name, cf_bytes_make(retraction->client, CF_UUID_SIZE), on_done, retraction);
    else
        engine->ops->unsubscribe(engine, name, cf_config_channel(broker->services->config, name), on_done, retraction);
}

static bool is_needed(const cf_retraction *retraction)
{
    return retraction->of_presence || cf_hub_channel(services_of(retraction->retractions)->hub, name_of(retraction)) == NULL;
}

static void fire(cf_timer *timer)
{
    cf_retractions *retractions = CF_CONTAINER(timer, cf_retractions, timer);
    cf_services *services = services_of(retractions);
    size_t count = retractions->waiting_count < CF_RETRACT_BATCH ? retractions->waiting_count : CF_RETRACT_BATCH;
    for (; count > 0; count--) {
        cf_retraction *retraction = take_waiting(retractions);
        if (is_needed(retraction))
            carry_out(retraction);
        else
            drop(retraction);
    }
    if (retractions->waiting_count > 0)
        cf_wheel_set(services->wheel, timer, cf_time_after(services->now, CF_RETRACT_PAUSE));
}

void cf_retract_subscription(cf_retraction *reserved)
{
    carry_out(reserved);
}

void cf_retract_presence(cf_retraction *reserved, cf_bytes client)
{
    reserved->of_presence = true;
    memcpy(reserved->client, client.data, CF_UUID_SIZE);
    carry_out(reserved);
}

/* ---- back again ----------------------------------------------------------- */

static bool is_of(const cf_retraction *retraction, cf_bytes channel, cf_bytes client)
{
    return retraction->of_presence && cf_bytes_equal(cf_bytes_make(retraction->client, CF_UUID_SIZE), client) &&
           cf_bytes_equal(name_of(retraction), channel);
}

void cf_retract_cancel(cf_retractions *retractions, cf_bytes channel, cf_bytes client)
{
    CF_LIST_EACH (link, &retractions->under_way)
        if (is_of(of(link), channel, client))
            of(link)->cancelled = true;
    for (cf_list *link = retractions->waiting.next, *next; link != &retractions->waiting; link = next) {
        next = link->next;
        if (!is_of(of(link), channel, client))
            continue;
        cf_list_remove(link);
        retractions->waiting_count--;
        drop(of(link));
    }
}

/* ---- life ----------------------------------------------------------------- */

void cf_retract_init(cf_retractions *retractions, cf_broker *broker)
{
    *retractions = (cf_retractions){.broker = broker};
    retractions->timer.fire = fire;
    cf_list_init(&retractions->under_way);
    cf_list_init(&retractions->waiting);
}

void cf_retract_free(cf_retractions *retractions)
{
    const cf_allocator *allocator = services_of(retractions)->allocator;
    cf_list *link;
    while ((link = cf_list_take(&retractions->under_way)) != NULL || (link = cf_list_take(&retractions->waiting)) != NULL)
        cf_free(allocator, of(link));
}

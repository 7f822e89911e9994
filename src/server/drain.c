#include "server/drain.h"

#include "server/broker.h"
#include "server/session_state.h"

/* ms for the engine once all clients are told; the daemon's own patience is longer. */
#define ENGINE_WAIT 3000

static size_t clients_left(const cf_drain *self)
{
    return self->services->hub->users.sessions;
}

/* Those that need not be told yet. The first is told at once. */
static size_t clients_who_stay(const cf_drain *self)
{
    int64_t passed = self->services->now - self->begun_at;
    if (passed >= self->spread || self->clients == 0)
        return 0;
    return self->clients - 1 - (size_t)(passed * (int64_t)self->clients / self->spread);
}

/* When one more is to be told. */
static cf_time next_due(const cf_drain *self)
{
    int64_t told = (int64_t)(self->clients - clients_left(self));
    int64_t clients = (int64_t)self->clients;
    return cf_time_after(self->begun_at, (told * self->spread + clients - 1) / clients);
}

static void tell(cf_session *session)
{
    cf_turn_spend(&session->services->turn, CF_WORK_WRITE + session->subscription_count * CF_WORK_COMMAND);
    cf_session_close(session, CF_TROUBLE_SHUTDOWN);
}

/* False: the share is spent. Who has not connected is dropped with the node. */
static bool tell_those_who_are_due(const cf_drain *self)
{
    const cf_list *sessions = &self->services->hub->sessions;
    size_t stay = clients_who_stay(self);
    for (cf_list *link = sessions->next, *next; link != sessions && clients_left(self) > stay; link = next) {
        cf_session *session = CF_CONTAINER(link, cf_session, link);
        next = link->next;
        if (!cf_session_is(session, CF_SESSION_AUTHENTICATED))
            continue;
        if (cf_turn_share_is_spent(&self->services->turn))
            return false;
        tell(session);
    }
    return true;
}

static void on_turn(cf_task *task)
{
    cf_drain *self = CF_CONTAINER(task, cf_drain, task);
    if (!tell_those_who_are_due(self)) {
        cf_task_queue(task);
        return;
    }
    if (clients_left(self) > 0) {
        cf_task_hold(task, &self->later, next_due(self));
        return;
    }
    if (self->waits_until == CF_TIME_NEVER) {
        self->waits_until = cf_time_after(self->services->now, ENGINE_WAIT);
        cf_task_hold(task, &self->later, self->waits_until);
    }
}

static void on_drop(cf_task *task)
{
    (void)task;
}

void cf_drain_init(cf_drain *drain, cf_services *services)
{
    *drain = (cf_drain){.services = services, .waits_until = CF_TIME_NEVER};
    cf_list_init(&drain->later);
    cf_task_init(&drain->task, &services->turn, on_turn, on_drop);
}

void cf_drain_begin(cf_drain *drain)
{
    cf_services *services = drain->services;
    drain->spread = drain->begun ? 0 : services->config->shutdown_spread * 1000;
    if (!drain->begun) {
        drain->begun = services->shutting_down = true;
        drain->begun_at = services->now;
        drain->clients = clients_left(drain);
    }
    cf_task_queue(&drain->task);
}

/* Some of what the engine was asked may never be answered: presence expires by itself. */
bool cf_drain_is_over(const cf_drain *drain)
{
    const cf_services *services = drain->services;
    bool engine_is_done = services->broker->pending == 0 || services->now >= drain->waits_until;
    return drain->begun && clients_left(drain) == 0 && engine_is_done && cf_list_empty(&services->turn.ready);
}

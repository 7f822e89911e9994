#include "server/drain.h"

#include "server/broker.h"
#include "server/session_state.h"
#include "server/team.h"

/* ms for the engine once all clients are told; the daemon's own patience is longer. */
#define ENGINE_WAIT 3000

static size_t clients_left(const cf_drain *self)
{
    return self->services->hub->users.sessions;
}

/* ---- who is due: of all workers together --------------------------------- */

static size_t clients_of_all(const cf_drain *self)
{
    cf_team_member *member = self->services->environment.member;
    return member == NULL ? clients_left(self) : cf_roll_connections(&member->team->roll);
}

/* As the first worker has found them that ends: the others come when some are told already. */
static size_t clients_at_first(const cf_drain *self)
{
    cf_team_member *member = self->services->environment.member;
    size_t found = 0;
    size_t all = clients_of_all(self);
    if (member == NULL || atomic_compare_exchange_strong(&member->team->to_be_told, &found, all))
        return all;
    return found;
}

static atomic_size_t *told_of_all(cf_drain *self)
{
    const cf_team_member *member = self->services->environment.member;
    return member == NULL ? &self->told : &member->team->told;
}

/* So many may have been told by now. The first is told at once. */
static size_t due(const cf_drain *self)
{
    int64_t passed = self->services->now - self->begun_at;
    if (passed >= self->spread || self->clients == 0)
        return SIZE_MAX;
    return 1 + (size_t)(passed * (int64_t)self->clients / self->spread);
}

/* Those who went by themselves need not be told. */
static size_t gone(const cf_drain *self, size_t told)
{
    size_t left = clients_of_all(self);
    size_t missing = left < self->clients ? self->clients - left : 0;
    return told > missing ? told : missing;
}

/* True: this worker tells the next one, and no other does. */
static bool take_next(cf_drain *self)
{
    atomic_size_t *told = told_of_all(self);
    size_t before = atomic_load(told);
    do
        if (gone(self, before) >= due(self))
            return false;
    while (!atomic_compare_exchange_weak(told, &before, gone(self, before) + 1));
    return true;
}

/* When one more is to be told. */
static cf_time next_due(cf_drain *self)
{
    int64_t told = (int64_t)gone(self, atomic_load(told_of_all(self)));
    int64_t clients = (int64_t)self->clients;
    return cf_time_after(self->begun_at, (told * self->spread + clients - 1) / clients);
}

/* ---- telling them --------------------------------------------------------- */

static void tell(cf_session *session)
{
    cf_turn_spend(&session->services->turn, CF_WORK_WRITE + session->subscription_count * CF_WORK_COMMAND);
    cf_session_close(session, CF_TROUBLE_SHUTDOWN);
}

/* False: the share is spent. Who has not connected is dropped with the node. */
static bool tell_those_who_are_due(cf_drain *self)
{
    const cf_list *sessions = &self->services->hub->sessions;
    for (cf_list *link = sessions->next, *next; link != sessions; link = next) {
        cf_session *session = CF_CONTAINER(link, cf_session, link);
        next = link->next;
        if (!cf_session_is(session, CF_SESSION_AUTHENTICATED))
            continue;
        if (cf_turn_share_is_spent(&self->services->turn))
            return false;
        if (!take_next(self))
            return true;
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
        drain->clients = clients_at_first(drain);
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

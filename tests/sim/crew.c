#include "crew.h"

#include "server/engine/shared/shared.h"

#include <stdlib.h>

#define CALM_DELAY  20 /* ms */
#define LETTERS_MAX 8  /* that arrive at the same moment */

/* One worker's taps: of what its store says, and of what its node hears. */
typedef struct worker {
    sim_crew *crew;
    unsigned index;
    cf_engine_sink store; /* behind the tap */
    cf_engine_sink node;
    cf_time arrives_at;
} worker;

struct sim_crew {
    sim_server *server;
    cf_team *team;
    sim_random random;
    int64_t delay_max; /* ms */
    worker workers[SIM_NODES_MAX];
};

/* ---- letters ------------------------------------------------------------- */

static cf_time arrival(sim_crew *crew)
{
    int64_t most = crew->server->world->calm ? CALM_DELAY : crew->delay_max;
    return cf_time_after(crew->server->world->now, (int64_t)sim_random_below(&crew->random, (unsigned)most + 1));
}

static void wake(void *user)
{
    worker *self = user;
    if (self->arrives_at == CF_TIME_NEVER)
        self->arrives_at = arrival(self->crew);
}

/* Of those that it has taken out of the box. */
static void lose_letter(cf_mailbox *mailbox)
{
    cf_letter *lost = mailbox->taken;
    mailbox->taken = lost->next;
    lost->drop(lost);
}

static void open_some(sim_crew *crew, worker *self)
{
    cf_mailbox *mailbox = &crew->team->members[self->index].mailbox;
    unsigned count = 1 + sim_random_below(&crew->random, LETTERS_MAX);
    while (count > 0 && cf_mailbox_open_next(mailbox))
        count--;
    if (mailbox->taken != NULL && sim_sabotage_now(crew->server->world, SIM_SABOTAGE_LOSE_LETTER))
        lose_letter(mailbox);
    self->arrives_at = cf_mailbox_sleep(mailbox) ? CF_TIME_NEVER : arrival(crew);
}

void sim_crew_open(sim_crew *crew)
{
    for (unsigned i = 0; i < SIM_NODES_MAX; i++)
        if (crew->workers[i].arrives_at <= crew->server->world->now)
            open_some(crew, &crew->workers[i]);
}

cf_time sim_crew_next(const sim_crew *crew)
{
    cf_time next = CF_TIME_NEVER;
    for (unsigned i = 0; i < SIM_NODES_MAX; i++)
        next = cf_time_earlier(next, crew->workers[i].arrives_at);
    return next;
}

/* ---- taps ---------------------------------------------------------------- */

static void store_message(void *user, const cf_publication *publication)
{
    worker *self = user;
    sim_world *world = self->crew->server->world;
    sim_channel *channel = sim_ledger_find(&world->ledger, publication->channel);
    if (channel != NULL) {
        sim_ledger_add(channel, publication->uid, publication->data);
        sim_note(world, "published %.*s #%zu at worker %u", (int)channel->name.size, channel->name.data, channel->count,
                 self->index);
    }
    self->store.message(self->store.user, publication);
}

static void store_join_leave(void *user, cf_method method, cf_bytes channel, const cf_client_info *info)
{
    worker *self = user;
    self->store.join_leave(self->store.user, method, channel, info);
}

static void note_handed(const worker *self, const cf_publication *publication)
{
    sim_channel *channel = sim_ledger_find(&self->crew->server->world->ledger, publication->channel);
    if (channel != NULL)
        channel->handed[self->index] = sim_ledger_number(channel, publication->uid);
}

static void node_message(void *user, const cf_publication *publication)
{
    worker *self = user;
    note_handed(self, publication);
    self->node.message(self->node.user, publication);
}

static void node_passed_message(void *user, const cf_publication *publication)
{
    worker *self = user;
    note_handed(self, publication);
    self->node.passed_message(self->node.user, publication);
}

static void node_join_leave(void *user, cf_method method, cf_bytes channel, const cf_client_info *info)
{
    worker *self = user;
    self->node.join_leave(self->node.user, method, channel, info);
}

static void node_passed_join_leave(void *user, cf_method method, cf_bytes channel, const cf_client_info *info)
{
    worker *self = user;
    self->node.passed_join_leave(self->node.user, method, channel, info);
}

static bool node_hold(void *user, cf_bytes channel, void (*caught_up)(void *waiting), void *waiting)
{
    worker *self = user;
    return self->node.hold(self->node.user, channel, caught_up, waiting);
}

static void node_missed(void *user, cf_bytes channel)
{
    worker *self = user;
    self->node.missed(self->node.user, channel);
}

/* ---- engines ------------------------------------------------------------- */

static worker *worker_of(const cf_engine_host *host)
{
    sim_server *server = host->environment->user;
    return &server->crew->workers[host->environment->member->index];
}

static cf_engine *make_store(const cf_engine_host *host)
{
    worker *self = worker_of(host);
    cf_engine_host tapped = *host;
    cf_engine_sink tap = {.message = store_message, .join_leave = store_join_leave, .user = self};
    self->store = *host->sink;
    tapped.sink = &tap;
    return cf_engine_memory_new(&tapped);
}

cf_engine *sim_crew_engine(sim_crew *crew, const cf_engine_host *host)
{
    worker *self = &crew->workers[host->environment->member->index];
    cf_engine_host tapped = *host;
    cf_engine_sink tap = {
        .message = node_message,
        .join_leave = node_join_leave,
        .passed_message = node_passed_message,
        .passed_join_leave = node_passed_join_leave,
        .hold = node_hold,
        .missed = node_missed,
        .user = self,
    };
    self->node = *host->sink;
    tapped.sink = &tap;
    return cf_engine_shared_new(&tapped, make_store);
}

/* ---- life ---------------------------------------------------------------- */

static void init_worker(sim_crew *crew, unsigned index)
{
    worker *self = &crew->workers[index];
    *self = (worker){.crew = crew, .index = index, .arrives_at = CF_TIME_NEVER};
    cf_mailbox_on_post(&crew->team->members[index].mailbox, wake, self);
}

sim_crew *sim_crew_new(sim_server *server)
{
    static const int64_t delays[] = {0, 1, 10, 100, 1000};
    cf_team *team = cf_team_new(&server->heap.allocator, SIM_NODES_MAX, (uint32_t)sim_random_next(&server->random),
                                "00000000-0000-4000-8000-000000000000");
    if (team == NULL)
        return NULL;
    sim_crew *crew = sim_alloc(sizeof(*crew));
    crew->server = server;
    crew->team = team;
    crew->random = sim_random_fork(&server->random);
    crew->delay_max = SIM_PICK(&crew->random, delays);
    for (unsigned i = 0; i < SIM_NODES_MAX; i++)
        init_worker(crew, i);
    return crew;
}

void sim_crew_free(sim_crew *crew)
{
    if (crew == NULL)
        return;
    cf_team_free(crew->team);
    free(crew);
}

cf_team_member *sim_crew_member(sim_crew *crew, unsigned index)
{
    return &crew->team->members[index];
}

#include "server/daemon/crew.h"

#include "server/daemon/processors.h"
#include "server/team.h"
#include "system/heap.h"
#include "system/random.h"

#include <stdio.h>

/* What every worker is told, one after the other. */
typedef struct order {
    cf_round round;
    cf_crew *crew;
    const cf_config *config;
    cf_server_log log_level;
    cf_tls_context *context;
} order;

typedef struct hand {
    cf_crew *crew;
    cf_worker *worker;
    uv_loop_t loop; /* not of the first one */
    uv_thread_t thread;
    bool has_loop;
    bool runs; /* its thread is to be joined */
    bool has_ended;
} hand;

struct cf_crew {
    cf_crew_host host;
    cf_team *team; /* NULL: there is one worker */
    cf_logins logins;
    pthread_mutex_t logins_lock;
    atomic_uint ended; /* workers */
    uv_async_t all_ended;
    bool has_async;
    int status; /* of libuv: why it cannot be made */
    order configuration;
    order shutdowns[CF_CREW_SHUTDOWNS];
    unsigned shutdown_count;
    unsigned count;
    hand hands[];
};

/* ---- what a worker is given ---- */

static void log_line(void *user, cf_server_log level, cf_bytes text)
{
    const hand *self = user;
    self->crew->host.log(self->crew->host.user, level, text);
}

static void on_all_ended(uv_async_t *handle)
{
    const cf_crew *crew = handle->data;
    crew->host.ended(crew->host.user);
}

/* In the worker's thread. Until all have, each goes on with what others ask of it. */
static void on_ended(void *user)
{
    hand *self = user;
    cf_crew *crew = self->crew;
    if (crew->team == NULL) {
        crew->host.ended(crew->host.user);
        return;
    }
    if (self->has_ended)
        return;
    self->has_ended = true;
    if (atomic_fetch_add(&crew->ended, 1) + 1 == crew->count)
        (void)uv_async_send(&crew->all_ended);
}

/* ---- life ---- */

static unsigned count_of(const cf_config *config)
{
    unsigned count = config->workers > 0 ? (unsigned)config->workers : cf_processors();
    return count < CF_TEAM_MAX ? count : CF_TEAM_MAX;
}

static cf_team *make_team(unsigned count)
{
    char uid[CF_UUID_SIZE];
    struct {
        uint8_t uid[CF_UUID_RANDOM];
        uint32_t seed;
    } random;
    if (!cf_random_bytes(&random, sizeof(random)))
        return NULL;
    cf_uuid_write(random.uid, uid);
    return cf_team_new(&cf_heap, count, random.seed, uid);
}

static uv_loop_t *loop_of(hand *self)
{
    return self->has_loop ? &self->loop : self->crew->host.loop;
}

static bool make_loop(hand *self)
{
    int status = uv_loop_init(&self->loop);
    self->has_loop = status == 0;
    if (!self->has_loop)
        self->crew->status = status;
    return self->has_loop;
}

static bool make_worker(cf_crew *crew, unsigned index)
{
    hand *self = &crew->hands[index];
    self->crew = crew;
    if (index > 0 && !make_loop(self))
        return false;
    cf_worker_host host = {
        .loop = loop_of(self),
        .config = crew->host.config,
        .log_level = crew->host.log_level,
        .descriptor_max = crew->host.descriptor_max,
        .inherited = crew->host.inherited,
        .member = crew->team == NULL ? NULL : &crew->team->members[index],
        .logins = &crew->logins,
        .logins_lock = &crew->logins_lock,
        .log = log_line,
        .ended = on_ended,
        .user = self,
    };
    self->worker = cf_worker_new(&host);
    return self->worker != NULL;
}

static bool make_workers(cf_crew *crew)
{
    if (crew->count > 1) {
        crew->team = make_team(crew->count);
        crew->all_ended.data = crew;
        crew->has_async = crew->team != NULL && uv_async_init(crew->host.loop, &crew->all_ended, on_all_ended) == 0;
        if (!crew->has_async)
            return false;
    }
    for (unsigned i = 0; i < crew->count; i++)
        if (!make_worker(crew, i))
            return false;
    return true;
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void close_handles(uv_loop_t *loop)
{
    uv_walk(loop, close_handle, NULL);
    (void)uv_run(loop, UV_RUN_DEFAULT);
}

cf_crew *cf_crew_new(const cf_crew_host *host, int *status)
{
    *status = UV_ENOMEM;
    unsigned count = count_of(host->config);
    cf_crew *crew = cf_alloc_zero(&cf_heap, 1, sizeof(*crew) + count * sizeof(crew->hands[0]));
    if (crew == NULL)
        return NULL;
    crew->host = *host;
    crew->count = count;
    crew->status = UV_ENOMEM;
    (void)pthread_mutex_init(&crew->logins_lock, NULL); /* of the default kind, which needs nothing */
    if (make_workers(crew))
        return crew;
    *status = crew->status;
    cf_crew_close(crew);
    close_handles(host->loop); /* nobody else has any yet */
    cf_crew_free(crew);
    return NULL;
}

unsigned cf_crew_count(const cf_crew *crew)
{
    return crew->count;
}

const char *cf_crew_engine_name(const cf_crew *crew)
{
    return cf_worker_engine_name(crew->hands[0].worker);
}

bool cf_crew_encrypt(cf_crew *crew, cf_tls_context *context)
{
    for (unsigned i = 0; i < crew->count; i++)
        if (!cf_worker_encrypt(crew->hands[i].worker, context))
            return false;
    return true;
}

static void run(void *user)
{
    hand *self = user;
    (void)uv_run(&self->loop, UV_RUN_DEFAULT);
}

static bool start_thread(hand *self)
{
    int status = uv_thread_create(&self->thread, run, self);
    char line[128];
    self->runs = status == 0;
    if (self->runs)
        return true;
    int size = snprintf(line, sizeof(line), "a worker's thread cannot be started: %s", uv_strerror(status));
    log_line(self, CF_SERVER_FATAL, cf_bytes_make(line, (size_t)size));
    return false;
}

bool cf_crew_start(cf_crew *crew)
{
    for (unsigned i = 0; i < crew->count; i++)
        if (!cf_worker_start(crew->hands[i].worker, i == 0 ? NULL : crew->hands[0].worker))
            return false;
    for (unsigned i = 1; i < crew->count; i++)
        if (!start_thread(&crew->hands[i]))
            return false;
    return true;
}

/* ---- orders ---- */

static void no_drop(cf_round *round)
{
    (void)round; /* it is the crew's */
}

static void begin_order(cf_crew *crew, order *given, void (*act)(cf_round *round, cf_team_member *there),
                        void (*back)(cf_round *round))
{
    given->crew = crew;
    given->round.visit = act;
    given->round.back = back;
    given->round.drop = no_drop;
    cf_round_begin(&given->round, &crew->team->members[0]);
}

static order *order_of(cf_round *round)
{
    return CF_CONTAINER(round, order, round);
}

static void configure(const order *given, cf_worker *worker)
{
    cf_worker_configure(worker, given->config, given->log_level);
    if (given->context != NULL)
        (void)cf_worker_encrypt(worker, given->context); /* its listeners encrypt already: nothing is allocated */
}

static void configure_there(cf_round *round, cf_team_member *there)
{
    order *given = order_of(round);
    configure(given, given->crew->hands[there->index].worker);
    cf_round_go_on(round);
}

static void all_configured(cf_round *round)
{
    order *given = order_of(round);
    cf_tls_context_release(given->context);
    given->context = NULL;
    given->crew->host.configured(given->crew->host.user);
}

void cf_crew_configure(cf_crew *crew, const cf_config *config, cf_server_log log_level, cf_tls_context *context)
{
    order *given = &crew->configuration;
    *given = (order){.crew = crew, .config = config, .log_level = log_level, .context = context};
    if (context != NULL)
        cf_tls_context_retain(context);
    configure(given, crew->hands[0].worker);
    if (crew->team == NULL)
        all_configured(&given->round);
    else
        begin_order(crew, given, configure_there, all_configured);
}

static void shut_down_there(cf_round *round, cf_team_member *there)
{
    cf_worker_shut_down(order_of(round)->crew->hands[there->index].worker);
    cf_round_go_on(round);
}

static void all_shut_down(cf_round *round)
{
    (void)round; /* they tell when they have ended */
}

void cf_crew_shut_down(cf_crew *crew)
{
    cf_worker_shut_down(crew->hands[0].worker);
    if (crew->team != NULL)
        begin_order(crew, &crew->shutdowns[crew->shutdown_count++], shut_down_there, all_shut_down);
}

/* ---- the end ---- */

static void stop_threads(cf_crew *crew)
{
    for (unsigned i = 1; i < crew->count; i++)
        if (crew->hands[i].runs)
            cf_worker_stop(crew->hands[i].worker);
    for (unsigned i = 1; i < crew->count; i++)
        if (crew->hands[i].runs)
            (void)uv_thread_join(&crew->hands[i].thread);
}

/* Nobody opens letters any more. */
static void stop_letters(cf_crew *crew)
{
    for (unsigned i = 0; crew->team != NULL && i < crew->count; i++)
        cf_mailbox_on_post(&crew->team->members[i].mailbox, NULL, NULL);
}

void cf_crew_close(cf_crew *crew)
{
    stop_threads(crew);
    stop_letters(crew);
    for (unsigned i = crew->count; i-- > 0;) /* the first one last: who removes a Unix socket that nobody listens to */
        if (crew->hands[i].worker != NULL)
            cf_worker_close(crew->hands[i].worker);
    for (unsigned i = 1; i < crew->count; i++)
        if (crew->hands[i].has_loop)
            close_handles(&crew->hands[i].loop);
    if (crew->has_async)
        uv_close((uv_handle_t *)&crew->all_ended, NULL);
}

void cf_crew_free(cf_crew *crew)
{
    for (unsigned i = 0; i < crew->count; i++)
        if (crew->hands[i].worker != NULL)
            cf_worker_free(crew->hands[i].worker);
    for (unsigned i = 1; i < crew->count; i++)
        if (crew->hands[i].has_loop)
            (void)uv_loop_close(&crew->hands[i].loop);
    cf_team_free(crew->team);
    cf_tls_context_release(crew->configuration.context);
    (void)pthread_mutex_destroy(&crew->logins_lock);
    cf_free(&cf_heap, crew);
}

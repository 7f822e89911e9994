#include "server/node_state.h"

#include "server/sweep.h"

#include <string.h>

/* What a node asks of the other workers of its process (team.h). Where there are none, all of it is done at once. */

static cf_node *node_at(const cf_team_member *member)
{
    return CF_CONTAINER(member->services, cf_node, services);
}

/* ---- figures -------------------------------------------------------------- */

typedef struct gathering {
    cf_round round;
    cf_node_call *call; /* who waits */
    bool ends_interval;
    cf_figures figures;
} gathering;

static size_t channels_of(const cf_node *node)
{
    const cf_engine *engine = node->broker.engine;
    return engine != NULL && engine->ops->channel_count != NULL ? engine->ops->channel_count(engine)
                                                                : cf_map_count(&node->hub.channels);
}

/* What all workers know is counted at the first one. */
static size_t users_of(const cf_node *node)
{
    cf_team_member *member = node->services.environment.member;
    if (member == NULL)
        return cf_map_count(&node->hub.users.map);
    return cf_team_is_first(member) ? cf_roll_users(&member->team->roll) : 0;
}

void cf_node_update_counts(cf_node *node)
{
    cf_metrics *metrics = node->services.metrics;
    bool first = cf_team_is_first(node->services.environment.member);
    metrics->node_num_clients = (int64_t)node->hub.users.sessions;
    metrics->node_num_unique_clients = (int64_t)users_of(node);
    metrics->node_num_channels = (int64_t)channels_of(node);
    metrics->node_uptime_seconds = first ? node->services.unix_time - node->started_at : 0;
}

static void add_refusals(cf_figures *figures, const cf_services *services)
{
    for (size_t i = 0; i <= CF_TROUBLE_COUNT; i++)
        figures->closes[i] += services->closes[i];
    for (size_t i = 0; i < CF_NOTICE_COUNT; i++)
        figures->refusals[i] += services->notices[i].total;
}

static void add_monitor(cf_figures *figures, const cf_node_monitor *monitor)
{
    bool answers = true;
    cf_time lag = 0;
    if (monitor->look != NULL)
        monitor->look(monitor->user, &answers, &lag);
    figures->engine_answers = figures->engine_answers && answers;
    figures->loop_lag = lag > figures->loop_lag ? lag : figures->loop_lag;
}

/* What only the first worker knows. */
static void add_first(cf_figures *figures, const cf_node *node)
{
    figures->shown = node->shown;
    cf_nodes_write(&node->nodes, &figures->others);
}

static void add_node(cf_figures *figures, cf_node *node)
{
    const cf_services *services = &node->services;
    if (figures->sum != NULL)
        cf_metrics_add(figures->sum, services->metrics);
    cf_census_add(&figures->census, &node->hub);
    figures->clients += node->hub.users.sessions;
    figures->users += users_of(node);
    figures->channels += channels_of(node);
    add_refusals(figures, services);
    figures->api_bytes += services->api_bytes;
    figures->api_replies += services->api_replies;
    figures->pending += node->broker.pending;
    add_monitor(figures, &node->monitor);
    if (cf_team_is_first(services->environment.member))
        add_first(figures, node);
}

static void visit_node(gathering *current, cf_node *node)
{
    if (current->ends_interval)
        cf_node_update_counts(node);
    add_node(&current->figures, node);
    if (current->ends_interval && current->figures.sum != NULL)
        cf_metrics_rotate(node->services.metrics);
}

static void gather_there(cf_round *round, cf_team_member *there)
{
    visit_node(CF_CONTAINER(round, gathering, round), node_at(there));
    cf_round_go_on(round);
}

static void free_gathering(gathering *ended)
{
    const cf_allocator *allocator = ended->figures.others.allocator;
    cf_metrics_free(ended->figures.sum);
    cf_buffer_free(&ended->figures.others);
    cf_free(allocator, ended);
}

static void gathered(cf_round *round)
{
    gathering *ended = CF_CONTAINER(round, gathering, round);
    cf_node_call call = cf_node_end_call(ended->call);
    call.figures_done(call.user, ended->figures.others.failed ? NULL : &ended->figures);
    free_gathering(ended);
}

static void drop_gathering(cf_round *round)
{
    free_gathering(CF_CONTAINER(round, gathering, round));
}

static void begin_figures(cf_figures *figures, const cf_node *node)
{
    *figures = (cf_figures){.metrics = node->services.metrics, .engine_answers = true};
    cf_buffer_init(&figures->others, node->services.allocator, CF_BUFFER_NO_LIMIT);
}

/* NULL without memory, or when the node ends. */
static gathering *new_gathering(cf_node *node, cf_node_figures_done done, void *user)
{
    const cf_allocator *allocator = node->services.allocator;
    gathering *created = cf_alloc(allocator, sizeof *created);
    if (created == NULL)
        return NULL;
    *created = (gathering){.round = {.visit = gather_there, .back = gathered, .drop = drop_gathering}};
    begin_figures(&created->figures, node);
    created->figures.metrics = created->figures.sum = cf_metrics_new(allocator);
    if (created->figures.sum != NULL)
        created->call = cf_node_begin_call(&(cf_node_call){.node = node, .figures_done = done, .user = user});
    if (created->call != NULL)
        return created;
    free_gathering(created);
    return NULL;
}

static void gather_all(cf_node *node, bool ends_interval, cf_node_figures_done done, void *user)
{
    gathering *created = new_gathering(node, done, user);
    if (created == NULL) {
        done(user, NULL);
        return;
    }
    created->ends_interval = ends_interval;
    visit_node(created, node);
    cf_round_begin(&created->round, node->services.environment.member);
}

static void gather_here(cf_node *node, bool ends_interval, cf_node_figures_done done, void *user)
{
    gathering here = {.ends_interval = ends_interval};
    begin_figures(&here.figures, node);
    visit_node(&here, node);
    done(user, here.figures.others.failed ? NULL : &here.figures);
    if (ends_interval)
        cf_metrics_rotate(node->services.metrics);
    cf_buffer_free(&here.figures.others);
}

void cf_node_gather(cf_node *node, cf_node_figures_done done, void *user)
{
    if (node->services.environment.member != NULL)
        gather_all(node, false, done, user);
    else
        gather_here(node, false, done, user);
}

void cf_node_gather_interval(cf_node *node, cf_node_figures_done done, void *user)
{
    if (node->services.environment.member != NULL)
        gather_all(node, true, done, user);
    else
        gather_here(node, true, done, user);
}

/* ---- what is done to a user ------------------------------------------------ */

typedef struct deed {
    cf_round round;
    const cf_allocator *allocator;
    cf_team_member *asker;
    cf_node_call *call;
    cf_control_kind kind;
    cf_trouble trouble;
    size_t user_size;
    size_t channel_size;
    char texts[];
} deed;

static void carry_out(cf_node *node, const cf_control *control, cf_node_done done, void *user)
{
    if (control->kind == CF_CONTROL_DISCONNECT)
        cf_sweep_disconnect(&node->services, control->user, done, user);
    else
        cf_sweep_unsubscribe(&node->services, control->user, control->channel, done, user);
}

static void done_at_one(void *user, cf_trouble trouble)
{
    deed *current = user;
    if (current->trouble == CF_TROUBLE_NONE)
        current->trouble = trouble;
    cf_round_go_on(&current->round);
}

static void do_there(cf_round *round, cf_team_member *there)
{
    deed *current = CF_CONTAINER(round, deed, round);
    cf_control control = {
        .kind = current->kind,
        .user = cf_bytes_make(current->texts, current->user_size),
        .channel = cf_bytes_make(current->texts + current->user_size, current->channel_size),
    };
    carry_out(node_at(there), &control, done_at_one, current);
}

static void done_everywhere(cf_round *round)
{
    deed ended = *CF_CONTAINER(round, deed, round);
    cf_free(ended.allocator, CF_CONTAINER(round, deed, round));
    cf_node_call call = cf_node_end_call(ended.call);
    call.done(call.user, ended.trouble);
}

static void drop_deed(cf_round *round)
{
    deed *dropped = CF_CONTAINER(round, deed, round);
    cf_free(dropped->allocator, dropped);
}

/* NULL without memory, or when the node ends. */
static deed *new_deed(cf_node *node, const cf_control *control, cf_node_done done, void *user)
{
    const cf_allocator *allocator = node->services.allocator;
    deed *created = cf_alloc(allocator, sizeof *created + control->user.size + control->channel.size);
    if (created == NULL)
        return NULL;
    *created = (deed){
        .round = {.visit = do_there, .back = done_everywhere, .drop = drop_deed},
        .allocator = allocator,
        .asker = node->services.environment.member,
        .kind = control->kind,
        .user_size = control->user.size,
        .channel_size = control->channel.size,
    };
    memcpy(created->texts, control->user.data, control->user.size);
    if (control->channel.size > 0)
        memcpy(created->texts + control->user.size, control->channel.data, control->channel.size);
    created->call = cf_node_begin_call(&(cf_node_call){.node = node, .done = done, .user = user});
    if (created->call != NULL)
        return created;
    cf_free(allocator, created);
    return NULL;
}

/* The round begins behind the worker's own part: it visits the others. */
static void done_here(void *user, cf_trouble trouble)
{
    deed *current = user;
    current->trouble = trouble;
    cf_round_begin(&current->round, current->asker);
}

void cf_node_carry_out(cf_node *node, const cf_control *control, cf_node_done done, void *user)
{
    if (node->services.environment.member == NULL) {
        carry_out(node, control, done, user);
        return;
    }
    deed *created = new_deed(node, control, done, user);
    if (created == NULL)
        done(user, CF_TROUBLE_INTERNAL);
    else
        carry_out(node, control, done_here, created);
}

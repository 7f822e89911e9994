#include "base/test/test.h"

#include "server/engine/redis/test/model.h"

/*
 * Three nodes on a Redis that gets into every kind of trouble (model.h), seed by seed: each operation is answered once; what a
 * node hears of a channel is what Redis took, in that order, once, and without a hole that it was not told of; no answer
 * overtakes a message; what is repeated after a loss does no harm.
 */

enum { SEEDS = 60, STEPS = 1500, CALM_STEPS = 400, STEP_MAX = 40 };

typedef struct node node;

/* What a node knows of a channel. */
typedef struct ear {
    bool wants;    /* the engine was asked to subscribe, last */
    bool listens;  /* and has said so */
    bool asking;   /* an answer is to come */
    size_t next;   /* the place in `taken` that is to come, at the latest */
    bool synced;   /* it is exactly that place */
    bool changing; /* presence: an answer is to come */
    bool to_be;    /* present, when that is answered well */
} ear;

struct node {
    model_node model_node; /* first */
    cf_engine *engine;
    cf_server_environment environment;
    cf_engine_sink sink;
    ear ears[MODEL_CHANNELS];
    size_t asked;
    size_t answered;
};

static model world;
static node nodes[MODEL_NODES];
static int64_t numbers;

/* What is asked, for its answer. */
typedef struct question {
    node *node;
    size_t channel;
    int64_t number;
    unsigned streams_lost;
    bool listened;
} question;

static question *ask(node *self, size_t channel)
{
    question *made = calloc(1, sizeof *made);
    assert_non_null(made);
    *made = (question){self, channel, 0, self->model_node.streams_lost, self->ears[channel].listens};
    self->asked++;
    return made;
}

static void answered(question *what)
{
    what->node->answered++;
    free(what);
}

static cf_bytes name_of(size_t channel)
{
    static const char *const names[] = {"0", "1", "2"};
    return cf_bytes_of(names[channel]);
}

/* ---- what the nodes hear -------------------------------------------------------- */

static size_t place_of(const model_channel *channel, int64_t number)
{
    for (size_t i = channel->count; i > 0; i--) {
        if (channel->taken[i - 1] == number)
            return i - 1;
    }
    fail_msg("message %lld was never taken", (long long)number);
    return 0;
}

static void on_message(void *user, const cf_publication *publication)
{
    node *self = user;
    size_t channel = (size_t)(publication->channel.data[0] - '0');
    ear *listening = &self->ears[channel];
    int64_t number = 0;
    assert_true(cf_bytes_to_int64(publication->data, &number));
    size_t place = place_of(&world.channels[channel], number);
    if (!listening->listens)
        return;
    if (listening->synced ? place != listening->next : place > listening->next)
        fail_msg("node %d, channel %zu: place %zu comes, not %zu", (int)(self - nodes), channel, place, listening->next);
    listening->synced = true;
    listening->next = place + 1;
}

static void on_missed(void *user, cf_bytes name)
{
    node *self = user;
    ear *listening = &self->ears[name.data[0] - '0'];
    listening->synced = false;
    listening->next = world.channels[name.data[0] - '0'].count;
}

static void on_join_leave(void *user, cf_method method, cf_bytes channel, const cf_client_info *info)
{
    (void)user;
    (void)method;
    (void)channel;
    (void)info;
}

static void on_control(void *user, const cf_engine_control *control)
{
    (void)user;
    (void)control;
}

static void enter(void *user)
{
    (void)user;
}

/* ---- answers ---------------------------------------------------------------------- */

/* Did the node hear the channel all the time since it asked? */
static bool heard_all(const question *what)
{
    return what->listened && what->node->ears[what->channel].listens &&
           what->streams_lost == what->node->model_node.streams_lost;
}

static void assert_heard(const question *what, int64_t number)
{
    const ear *listening = &what->node->ears[what->channel];
    size_t place = place_of(&world.channels[what->channel], number);
    if (listening->synced && listening->next <= place)
        fail_msg("an answer has overtaken message %lld", (long long)number);
}

static void on_published(void *user, cf_engine_status status)
{
    question *what = user;
    if (status == CF_ENGINE_OK && heard_all(what))
        assert_heard(what, what->number);
    else if (status == CF_ENGINE_OK)
        (void)place_of(&world.channels[what->channel], what->number);
    answered(what);
}

static void on_subscribed(void *user, cf_engine_status status)
{
    question *what = user;
    ear *listening = &what->node->ears[what->channel];
    listening->asking = false;
    listening->listens = listening->wants && status == CF_ENGINE_OK;
    listening->synced = false;
    listening->next = world.channels[what->channel].count;
    answered(what);
}

static void on_unsubscribed(void *user, cf_engine_status status)
{
    question *what = user;
    (void)status;
    what->node->ears[what->channel].asking = false;
    answered(what);
}

static void on_history(void *user, cf_engine_status status, const cf_publication *publications, size_t count, bool found)
{
    question *what = user;
    size_t last = SIZE_MAX;
    (void)found;
    for (size_t i = 0; status == CF_ENGINE_OK && i < count; i++) {
        int64_t number = 0;
        assert_true(cf_bytes_to_int64(publications[i].data, &number));
        size_t place = place_of(&world.channels[what->channel], number);
        assert_true(last == SIZE_MAX || place < last);
        last = place;
        if (heard_all(what))
            assert_heard(what, number);
    }
    answered(what);
}

static void on_presence_changed(void *user, cf_engine_status status)
{
    question *what = user;
    ear *listening = &what->node->ears[what->channel];
    listening->changing = false;
    if (status == CF_ENGINE_OK)
        assert_int_equal(world.channels[what->channel].present[what->node - nodes], listening->to_be);
    answered(what);
}

static void on_presence(void *user, cf_engine_status status, const cf_client_info *infos, size_t count)
{
    (void)infos;
    assert_true(status == CF_ENGINE_OK || count == 0);
    answered(user);
}

/* ---- what the nodes do ---------------------------------------------------------------- */

static void do_publish(node *self, size_t channel)
{
    const cf_channel_options options = {.history_size = MODEL_HISTORY, .history_lifetime = 60};
    question *what = ask(self, channel);
    char text[24];
    what->number = ++numbers;
    (void)snprintf(text, sizeof text, "%lld", (long long)what->number);
    cf_publication publication = {.channel = name_of(channel), .data = cf_bytes_of(text)};
    self->engine->ops->publish(self->engine, &publication, &options, on_published, what);
}

/* As the hub does: what has failed is undone before it is tried again. */
static void do_subscribe(node *self, size_t channel)
{
    ear *listening = &self->ears[channel];
    if (listening->asking)
        return;
    listening->asking = true;
    listening->wants = !listening->wants;
    if (listening->wants) {
        self->engine->ops->subscribe(self->engine, name_of(channel), on_subscribed, ask(self, channel));
        return;
    }
    listening->listens = false;
    self->engine->ops->unsubscribe(self->engine, name_of(channel), NULL, on_unsubscribed, ask(self, channel));
}

static void do_presence(node *self, size_t channel)
{
    ear *listening = &self->ears[channel];
    cf_bytes client = name_of((size_t)(self - nodes));
    const cf_client_info info = {.client = client};
    if (listening->changing)
        return;
    listening->changing = true;
    listening->to_be = !listening->to_be;
    question *what = ask(self, channel);
    if (listening->to_be)
        self->engine->ops->presence_add(self->engine, name_of(channel), &info, 60, on_presence_changed, what);
    else
        self->engine->ops->presence_remove(self->engine, name_of(channel), client, on_presence_changed, what);
}

static void do_something(node *self)
{
    cf_engine *engine = self->engine;
    size_t channel = model_random(&world, MODEL_CHANNELS);
    switch (model_random(&world, 8)) {
    case 0:
        do_subscribe(self, channel);
        break;
    case 1:
        do_presence(self, channel);
        break;
    case 2:
        engine->ops->history(engine, name_of(channel), &(cf_engine_history_query){0}, on_history, ask(self, channel));
        break;
    case 3:
        engine->ops->presence(engine, name_of(channel), on_presence, ask(self, channel));
        break;
    default:
        do_publish(self, channel);
    }
}

/* ---- a seed ------------------------------------------------------------------------------ */

static void start(node *self, const cf_allocator *allocator, const cf_config *config)
{
    static const char *const ids[] = {"node-0", "node-1", "node-2"};
    memset(self, 0, sizeof *self);
    self->model_node.model = &world;
    self->environment = (cf_server_environment){.allocator = allocator, .enter = enter};
    self->sink = (cf_engine_sink){
        .message = on_message, .join_leave = on_join_leave, .control = on_control, .missed = on_missed, .user = self};
    cf_engine_host host = {.environment = &self->environment,
                           .config = config,
                           .sink = &self->sink,
                           .seed = 1,
                           .node = cf_bytes_of(ids[self - nodes])};
    cf_redis_driver driver = model_driver(&self->model_node);
    self->engine = cf_redis_engine_new(&host, &driver);
    assert_non_null(self->engine);
}

static void step(bool busy)
{
    cf_time now = world.now + 1 + (cf_time)model_random(&world, STEP_MAX);
    for (size_t i = 0; i < MODEL_NODES; i++)
        (void)nodes[i].engine->ops->advance(nodes[i].engine, now);
    model_run(&world, now);
    for (size_t i = 0; busy && i < MODEL_NODES; i++)
        do_something(&nodes[i]);
    for (size_t i = 0; i < MODEL_NODES; i++)
        (void)nodes[i].engine->ops->advance(nodes[i].engine, now);
}

static void run_seed(uint32_t seed)
{
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    cf_redis_server server = {.host = CF_BYTES("model"), .port = 1, .database = CF_BYTES("0")};
    cf_config config;
    cf_config_default(&config);
    config.redis_servers = &server;
    config.redis_server_count = 1;
    model_init(&world, seed);
    for (size_t i = 0; i < MODEL_NODES; i++)
        start(&nodes[i], &allocator, &config);
    for (size_t i = 0; i < STEPS; i++)
        step(true);
    world.calm = true;
    for (size_t i = 0; i < CALM_STEPS || world.now < world.still_until + 20000; i++)
        step(false);
    for (size_t i = 0; i < MODEL_NODES; i++) {
        assert_int_equal(nodes[i].asked, nodes[i].answered);
        assert_true(nodes[i].engine->ops->is_healthy(nodes[i].engine));
        nodes[i].engine->ops->destroy(nodes[i].engine);
    }
    model_free(&world);
    assert_int_equal(memory.live, 0);
}

/* A seed that fails is the last one that is named. */
static void test_every_seed_keeps_the_promises(void **state)
{
    const char *only = getenv("SEED");
    (void)state;
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        print_message("seed %u\n", (unsigned)seed);
        run_seed(only != NULL ? (uint32_t)strtoul(only, NULL, 10) : seed);
        if (only != NULL)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_seed_keeps_the_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

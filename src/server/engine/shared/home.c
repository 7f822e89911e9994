#include "server/engine/shared/copy.h"
#include "server/engine/shared/state.h"

#include <string.h>

/* ---- who listens --------------------------------------------------------- */

typedef struct home_channel {
    cf_map_node node;
    uint64_t listeners; /* bits of workers */
    size_t name_size;
    char name[];
} home_channel;

static uint64_t bit_of(unsigned worker)
{
    return UINT64_C(1) << worker;
}

static home_channel *find(const cf_shared *home, cf_bytes name)
{
    cf_map_node *node = cf_map_find(&home->channels, name);
    return node == NULL ? NULL : CF_CONTAINER(node, home_channel, node);
}

static uint64_t others_of(const cf_shared *home, cf_bytes name)
{
    const home_channel *channel = find(home, name);
    return channel == NULL ? 0 : channel->listeners & ~bit_of(home->member->index);
}

bool cf_home_has_others(const cf_shared *home, cf_bytes name)
{
    return others_of(home, name) != 0;
}

/* NULL without memory. */
static home_channel *find_or_add(cf_shared *home, cf_bytes name)
{
    home_channel *channel = find(home, name);
    if (channel != NULL)
        return channel;
    channel = cf_alloc_zero(home->allocator, 1, sizeof *channel + name.size);
    if (channel == NULL)
        return NULL;
    channel->name_size = name.size;
    if (name.size > 0)
        memcpy(channel->name, name.data, name.size);
    if (cf_map_add(&home->channels, &channel->node, cf_bytes_make(channel->name, name.size)))
        return channel;
    cf_free(home->allocator, channel);
    return NULL;
}

static void forget(cf_shared *home, home_channel *channel)
{
    cf_map_remove(&home->channels, &channel->node);
    cf_free(home->allocator, channel);
}

bool cf_home_add_listener(cf_shared *home, cf_bytes name, unsigned worker)
{
    home_channel *channel = find_or_add(home, name);
    if (channel != NULL)
        channel->listeners |= bit_of(worker);
    return channel != NULL;
}

bool cf_home_remove_listener(cf_shared *home, cf_bytes name, unsigned worker)
{
    home_channel *channel = find(home, name);
    if (channel == NULL)
        return true;
    channel->listeners &= ~bit_of(worker);
    if (channel->listeners != 0)
        return false;
    forget(home, channel);
    return true;
}

void cf_home_free(cf_shared *home)
{
    while (home->channels.head != NULL)
        forget(home, CF_CONTAINER(home->channels.head, home_channel, node));
    cf_map_free(&home->channels);
}

/* ---- what was published -------------------------------------------------- */

static void deliver_publication(const cf_errand *errand, const cf_engine_sink *sink)
{
    sink->passed_message(sink->user, &errand->publication);
}

static void deliver_join_leave(const cf_errand *errand, const cf_engine_sink *sink)
{
    sink->passed_join_leave(sink->user, errand->method, errand->channel, &errand->info);
}

static void deliver_missed(const cf_errand *errand, const cf_engine_sink *sink)
{
    sink->missed(sink->user, errand->channel);
}

static void pass_to(cf_shared *home, cf_errand *errand, uint64_t workers)
{
    cf_team *team = home->member->team;
    for (unsigned i = 0; i < team->count; i++)
        if (workers & bit_of(i))
            cf_errand_deliver_to(home, errand, &team->members[i]);
}

static const cf_errand_kind news = {.deliver = deliver_publication};
static const cf_errand_kind news_of_clients = {.deliver = deliver_join_leave};
static const cf_errand_kind news_of_losses = {.deliver = deliver_missed};

/* What the store says by itself; whom it cannot be made for has missed it. */
static cf_errand *make_news(cf_shared *home, const cf_errand_kind *kind, size_t size, char **at, uint64_t workers)
{
    cf_engine_status why;
    cf_errand *made = cf_errand_new(home, kind, size, at, &why);
    if (made == NULL)
        home->lost |= workers;
    else
        made->home = home;
    return made;
}

static void send_news(cf_shared *home, cf_errand *errand, uint64_t workers)
{
    pass_to(home, errand, workers);
    cf_errand_done(errand, CF_ENGINE_OK);
}

static void on_message(void *user, const cf_publication *publication)
{
    cf_shared *home = user;
    char *at;
    cf_errand *errand = home->current;
    uint64_t others = others_of(home, publication->channel);
    home->sink.message(home->sink.user, publication);
    if (errand != NULL && publication == &errand->publication) {
        cf_errand_hold_here(errand, home);
        pass_to(home, errand, others);
    } else if (others != 0 &&
               (errand = make_news(home, &news, cf_copy_size_of_publication(publication), &at, others)) != NULL) {
        errand->publication = cf_copy_publication(&at, publication, &errand->info);
        errand->channel = errand->publication.channel;
        send_news(home, errand, others);
    }
}

static void on_join_leave(void *user, cf_method method, cf_bytes channel, const cf_client_info *info)
{
    cf_shared *home = user;
    char *at;
    cf_errand *errand = home->current;
    uint64_t others = others_of(home, channel);
    if (errand != NULL && info == &errand->info && errand->is_told) {
        home->sink.passed_join_leave(home->sink.user, method, channel, info);
        pass_to(home, errand, others & ~bit_of(errand->asker->index));
        return;
    }
    home->sink.join_leave(home->sink.user, method, channel, info);
    if (errand != NULL && info == &errand->info) {
        pass_to(home, errand, others);
    } else if (others != 0 &&
               (errand = make_news(home, &news_of_clients, channel.size + cf_copy_size_of_info(info), &at, others)) != NULL) {
        errand->method = method;
        errand->channel = cf_copy_bytes(&at, channel);
        errand->info = cf_copy_info(&at, info);
        send_news(home, errand, others);
    }
}

static void tell_missed(cf_shared *home, cf_bytes channel, uint64_t workers)
{
    char *at;
    cf_errand *errand = workers == 0 ? NULL : make_news(home, &news_of_losses, channel.size, &at, workers);
    if (errand == NULL)
        return;
    errand->channel = cf_copy_bytes(&at, channel);
    send_news(home, errand, workers);
}

static void on_missed(void *user, cf_bytes channel)
{
    cf_shared *home = user;
    home->sink.missed(home->sink.user, channel);
    tell_missed(home, channel, others_of(home, channel));
}

/* Which channels, nobody knows any more: all. */
void cf_home_tell_lost(cf_shared *home)
{
    uint64_t lost = home->lost;
    home->lost = 0;
    tell_missed(home, CF_BYTES(""), lost);
}

static void on_control(void *user, const cf_engine_control *control)
{
    const cf_shared *home = user;
    home->sink.control(home->sink.user, control);
}

static void on_watched(void *user, cf_bytes message)
{
    const cf_shared *home = user;
    if (cf_team_is_first(home->member))
        home->sink.watched(home->sink.user, message);
}

static void on_command(void *user, cf_bytes command)
{
    const cf_shared *home = user;
    home->sink.command(home->sink.user, command);
}

static bool is_busy(void *user)
{
    const cf_shared *home = user;
    return home->sink.is_busy(home->sink.user);
}

cf_engine_sink cf_home_sink(cf_shared *home)
{
    return (cf_engine_sink){
        .message = on_message,
        .join_leave = on_join_leave,
        .control = cf_team_is_first(home->member) ? on_control : NULL, /* what all stores are told, one hears */
        .watched = on_watched,
        .missed = on_missed,
        .command = on_command,
        .is_busy = is_busy,
        .user = home,
    };
}

/* ---- what is asked ------------------------------------------------------- */

static const cf_channel_options *options_of(const cf_errand *errand)
{
    return errand->has_options ? &errand->options : NULL;
}

/* The store has it now. */
static void begin(cf_errand *errand, cf_shared *home)
{
    errand->home = home;
    cf_list_append(&home->under_way, &errand->link);
}

static void finish_done(const cf_errand *errand)
{
    errand->callback.done(errand->user, errand->status);
}

static void publish(cf_errand *errand, cf_shared *home)
{
    begin(errand, home);
    home->current = errand;
    home->store->ops->publish(home->store, &errand->publication, options_of(errand), cf_errand_on_done, errand);
    home->current = NULL;
}

const cf_errand_kind cf_errand_publish = {
    .carry_out = publish, .deliver = deliver_publication, .finish = finish_done, .holds = true};

static void join_leave(cf_errand *errand, cf_shared *home)
{
    begin(errand, home);
    home->current = errand;
    home->store->ops->publish_join_leave(home->store, errand->method, errand->channel, &errand->info, cf_errand_on_done,
                                         errand);
    home->current = NULL;
}

const cf_errand_kind cf_errand_join_leave = {.carry_out = join_leave, .deliver = deliver_join_leave, .finish = finish_done};

static void subscribe(cf_errand *errand, cf_shared *home)
{
    begin(errand, home);
    if (cf_home_add_listener(home, errand->channel, errand->asker->index))
        home->store->ops->subscribe(home->store, errand->channel, cf_errand_on_done, errand);
    else
        cf_errand_done(errand, CF_ENGINE_NO_MEMORY);
}

const cf_errand_kind cf_errand_subscribe = {.carry_out = subscribe, .finish = finish_done};

static void unsubscribe(cf_errand *errand, cf_shared *home)
{
    begin(errand, home);
    if (cf_home_remove_listener(home, errand->channel, errand->asker->index))
        home->store->ops->unsubscribe(home->store, errand->channel, options_of(errand), cf_errand_on_done, errand);
    else
        cf_errand_done(errand, CF_ENGINE_OK);
}

const cf_errand_kind cf_errand_unsubscribe = {.carry_out = unsubscribe, .finish = finish_done};

static void presence_add(cf_errand *errand, cf_shared *home)
{
    begin(errand, home);
    home->store->ops->presence_add(home->store, errand->channel, &errand->info, errand->expire_s, cf_errand_on_done, errand);
}

const cf_errand_kind cf_errand_presence_add = {.carry_out = presence_add, .finish = finish_done};

static void presence_remove(cf_errand *errand, cf_shared *home)
{
    begin(errand, home);
    home->store->ops->presence_remove(home->store, errand->channel, errand->info.client, cf_errand_on_done, errand);
}

const cf_errand_kind cf_errand_presence_remove = {.carry_out = presence_remove, .finish = finish_done};

static void control(cf_errand *errand, cf_shared *home)
{
    begin(errand, home);
    home->store->ops->control(home->store, &errand->control, cf_errand_on_done, errand);
}

const cf_errand_kind cf_errand_control = {.carry_out = control, .finish = finish_done};

static void watch(cf_errand *errand, cf_shared *home)
{
    begin(errand, home);
    home->store->ops->watch(home->store, errand->control.params, cf_errand_on_done, errand);
}

const cf_errand_kind cf_errand_watch = {.carry_out = watch, .finish = finish_done};

/* ---- answers that bring something ---------------------------------------- */

static void presence_read(void *user, cf_engine_status status, const cf_client_info *infos, size_t count)
{
    cf_errand *errand = user;
    errand->answer_allocator = errand->home->allocator;
    errand->infos = status == CF_ENGINE_OK ? cf_copy_infos(errand->answer_allocator, infos, count) : NULL;
    errand->count = errand->infos == NULL ? 0 : count;
    cf_errand_done(errand, status == CF_ENGINE_OK && errand->infos == NULL ? CF_ENGINE_NO_MEMORY : status);
}

static void presence(cf_errand *errand, cf_shared *home)
{
    begin(errand, home);
    home->store->ops->presence(home->store, errand->channel, presence_read, errand);
}

static void finish_presence(const cf_errand *errand)
{
    errand->callback.presence(errand->user, errand->status, errand->infos, errand->count);
}

const cf_errand_kind cf_errand_presence = {.carry_out = presence, .finish = finish_presence};

static void history_read(void *user, cf_engine_status status, const cf_publication *publications, size_t count, bool found)
{
    cf_errand *errand = user;
    errand->answer_allocator = errand->home->allocator;
    errand->publications = status == CF_ENGINE_OK ? cf_copy_publications(errand->answer_allocator, publications, count) : NULL;
    errand->count = errand->publications == NULL ? 0 : count;
    errand->found = found;
    cf_errand_done(errand, status == CF_ENGINE_OK && errand->publications == NULL ? CF_ENGINE_NO_MEMORY : status);
}

static void history(cf_errand *errand, cf_shared *home)
{
    begin(errand, home);
    home->store->ops->history(home->store, errand->channel, &errand->query, history_read, errand);
}

static void finish_history(const cf_errand *errand)
{
    errand->callback.history(errand->user, errand->status, errand->publications, errand->count, errand->found);
}

const cf_errand_kind cf_errand_history = {.carry_out = history, .finish = finish_history};

/* ---- channels: it goes round --------------------------------------------- */

static void add_names(cf_errand *errand, const cf_bytes *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cf_buffer_append(&errand->names, cf_bytes_make((const char *)&names[i].size, sizeof names[i].size));
        cf_buffer_append(&errand->names, names[i]);
    }
    errand->count += count;
}

static void channels_read(void *user, cf_engine_status status, const cf_bytes *names, size_t count)
{
    cf_errand *errand = user;
    cf_team *team = errand->asker->team;
    add_names(errand, names, count);
    errand->at = (errand->at + 1) % team->count;
    if (status == CF_ENGINE_OK && errand->names.failed)
        status = CF_ENGINE_NO_MEMORY;
    if (errand->at == errand->asker->index || status != CF_ENGINE_OK) {
        cf_errand_done(errand, status);
        return;
    }
    cf_list_remove(&errand->link);
    cf_errand_send(errand->home, errand, &team->members[errand->at]);
}

static void channels(cf_errand *errand, cf_shared *home)
{
    begin(errand, home);
    home->store->ops->channels(home->store, channels_read, errand);
}

static void read_names(const cf_errand *errand, cf_bytes *names)
{
    const char *at = errand->names.data;
    for (size_t i = 0; i < errand->count; i++) {
        memcpy(&names[i].size, at, sizeof names[i].size);
        names[i].data = at + sizeof names[i].size;
        at = names[i].data + names[i].size;
    }
}

static void finish_channels(const cf_errand *errand)
{
    bool good = errand->status == CF_ENGINE_OK;
    cf_bytes *names = good ? cf_alloc(errand->allocator, errand->count * sizeof *names) : NULL;
    if (names != NULL)
        read_names(errand, names);
    errand->callback.channels(errand->user, good && names == NULL ? CF_ENGINE_NO_MEMORY : errand->status, names,
                              names == NULL ? 0 : errand->count);
    cf_free(errand->allocator, names);
}

const cf_errand_kind cf_errand_channels = {.carry_out = channels, .finish = finish_channels};

#include "server/hub.h"

#include <string.h>

#include "server/broker.h"
#include "server/session_state.h"

cf_hub_text *cf_hub_text_new(const cf_allocator *allocator, cf_bytes bytes)
{
    cf_hub_text *text = cf_alloc(allocator, sizeof *text + bytes.size);
    if (text == NULL)
        return NULL;
    text->size = bytes.size;
    if (bytes.size > 0)
        memcpy(text->data, bytes.data, bytes.size);
    return text;
}

static cf_channel *channel_of(cf_map_node *node)
{
    return CF_CONTAINER(node, cf_channel, node);
}

static cf_bytes channel_name(const cf_channel *channel)
{
    return cf_bytes_make(channel->name, channel->name_size);
}

/* ---- the engine's sink --------------------------------------------------- */

static void push(cf_hub *hub, cf_audience *audience, bool message)
{
    if (audience->holding > 0 && audience->open.of_messages != message)
        cf_hub_close_until(hub, &audience->open);
    audience->open.of_messages = message;
    if (!hub->text.failed && cf_hub_append(hub, &audience->open, audience->dialect, cf_buffer_bytes(&hub->text)))
        return;
    /* Nobody is left with a hole that he does not know of: they connect again and recover. */
    cf_services_log(hub->services, CF_SERVER_ERROR,
                    "out of memory: closing the %u subscribers of a channel that lost a message", (unsigned)audience->count);
    for (uint32_t i = 0; i < audience->count; i++)
        cf_hub_starve(hub, audience->members[i].session);
}

cf_channel *cf_hub_channel(const cf_hub *hub, cf_bytes name)
{
    cf_map_node *node = cf_map_find(&hub->channels, name);
    return node == NULL ? NULL : channel_of(node);
}

/* Would somebody get the push? */
static bool has_listeners(const cf_audience *audience)
{
    return audience->count > 1 || (audience->count == 1 && !cf_session_is(audience->members[0].session, CF_SESSION_ENDED));
}

/* `channel` NULL: it comes whatever becomes of the channels. */
static void hold_back(cf_hub *hub, cf_session *session, const cf_channel *channel, cf_bytes uid, cf_bytes text)
{
    if (cf_hold_add(&session->bundle->hold, channel, uid, text, hub->allocator, session->queue_max))
        return;
    cf_services_log(hub->services, CF_SERVER_WARNING,
                    "client %.*s: more than client_queue_max_size is published while its history is read", CF_UUID_SIZE,
                    session->id);
    cf_hub_starve(hub, session);
}

/* What comes before the engine has subscribed this node is in the history that is read after it. */
static void hold_all(cf_hub *hub, const cf_channel *channel, const cf_audience *audience, cf_bytes uid)
{
    if (!channel->active)
        return;
    for (uint32_t i = 0; i < audience->count; i++) {
        const cf_hub_member *member = &audience->members[i];
        if (member->holding && !cf_session_is(member->session, CF_SESSION_DOOMED))
            hold_back(hub, member->session, channel, uid, cf_buffer_bytes(&hub->text));
    }
}

void cf_hub_send_behind(cf_hub *hub, cf_session *session, cf_bytes text)
{
    if (!cf_session_is(session, CF_SESSION_ENDED | CF_SESSION_DOOMED))
        hold_back(hub, session, NULL, CF_BYTES(""), text);
}

static void push_publication(cf_hub *hub, const cf_channel *channel, cf_audience *audience, const cf_publication *publication)
{
    cf_buffer_clear(&hub->text);
    audience->dialect->publication(&hub->text, publication);
    if (audience->holding > 0 && !hub->text.failed)
        hold_all(hub, channel, audience, publication->uid);
    if (audience->holding < audience->count || hub->text.failed)
        push(hub, audience, true);
}

static void on_passed_message(void *user, const cf_publication *publication)
{
    cf_hub *hub = user;
    cf_channel *channel = cf_hub_channel(hub, publication->channel);
    for (cf_audience *audience = channel == NULL ? NULL : &channel->first; audience != NULL; audience = audience->next)
        if (has_listeners(audience))
            push_publication(hub, channel, audience, publication);
}

static void on_message(void *user, const cf_publication *publication)
{
    const cf_hub *hub = user;
    hub->services->metrics->node_num_client_msg_received++;
    on_passed_message(user, publication);
}

static void on_passed_join_leave(void *user, cf_method method, cf_bytes name, const cf_client_info *info)
{
    cf_hub *hub = user;
    cf_channel *channel = cf_hub_channel(hub, name);
    /* At a shutdown everybody here leaves: to tell each of each other is work by the square of them. */
    if (channel == NULL || (hub->services->shutting_down && method == CF_METHOD_LEAVE))
        return;
    for (cf_audience *audience = &channel->first; audience != NULL; audience = audience->next) {
        if (!has_listeners(audience))
            continue;
        cf_buffer_clear(&hub->text);
        audience->dialect->join_leave(&hub->text, method, name, info);
        push(hub, audience, false);
    }
}

static void on_join_leave(void *user, cf_method method, cf_bytes name, const cf_client_info *info)
{
    const cf_hub *hub = user;
    cf_metrics *metrics = hub->services->metrics;
    if (method == CF_METHOD_JOIN)
        metrics->node_num_join_msg_received++;
    else
        metrics->node_num_leave_msg_received++;
    on_passed_join_leave(user, method, name, info);
}

/* Where there is nothing to recover from, nothing is gained by connecting again. */
static void miss(cf_hub *hub, const cf_channel *channel)
{
    const cf_channel_options *options = cf_config_channel(hub->services->config, channel_name(channel));
    if (options == NULL || !options->recover)
        return;
    for (const cf_audience *audience = &channel->first; audience != NULL; audience = audience->next)
        for (uint32_t i = 0; i < audience->count; i++)
            cf_hub_starve(hub, audience->members[i].session);
}

static void on_missed(void *user, cf_bytes name)
{
    cf_hub *hub = user;
    const cf_channel *channel = cf_hub_channel(hub, name);
    if (channel != NULL)
        miss(hub, channel);
    for (cf_map_node *node = name.size > 0 ? NULL : hub->channels.head; node != NULL; node = cf_map_next(node))
        miss(hub, channel_of(node));
}

/* Somebody at another worker who waits until the members have caught up. */
typedef struct distant_wait {
    cf_task task;
    const cf_allocator *allocator;
    void (*caught_up)(void *waiting);
    void *waiting;
} distant_wait;

static void end_wait(cf_task *task)
{
    distant_wait ended = *CF_CONTAINER(task, distant_wait, task);
    cf_free(ended.allocator, CF_CONTAINER(task, distant_wait, task));
    ended.caught_up(ended.waiting);
}

/* Without memory nobody waits. */
static bool on_hold(void *user, cf_bytes name, void (*caught_up)(void *waiting), void *waiting)
{
    cf_hub *hub = user;
    cf_channel *channel = cf_hub_channel(hub, name);
    distant_wait *wait = channel == NULL || channel->behind == 0 ? NULL : cf_alloc(hub->allocator, sizeof *wait);
    if (wait == NULL)
        return false;
    *wait = (distant_wait){.allocator = hub->allocator, .caught_up = caught_up, .waiting = waiting};
    cf_task_init(&wait->task, &hub->services->turn, end_wait, end_wait);
    return cf_hub_hold_publish(hub, channel, &wait->task);
}

cf_engine_sink cf_hub_sink(cf_hub *hub)
{
    return (cf_engine_sink){
        .message = on_message,
        .join_leave = on_join_leave,
        .passed_message = on_passed_message,
        .passed_join_leave = on_passed_join_leave,
        .hold = on_hold,
        .missed = on_missed,
        .user = hub,
    };
}

/* ---- sessions ------------------------------------------------------------ */

void cf_hub_init(cf_hub *hub, cf_services *services, uint32_t seed,
                 void (*subscribed)(cf_session *, const cf_channel *, cf_engine_status))
{
    *hub = (cf_hub){.services = services, .allocator = services->allocator, .subscribed = subscribed};
    cf_map_init(&hub->channels, hub->allocator, seed);
    cf_users_init(&hub->users, services, seed);
    cf_list_init(&hub->sessions);
    cf_list_init(&hub->zombies);
    cf_list_init(&hub->open);
    cf_list_init(&hub->answered);
    cf_list_init(&hub->dirty);
    cf_list_init(&hub->doomed);
    cf_list_init(&hub->held);
    cf_list_init(&hub->stuck);
    cf_buffer_init(&hub->text, hub->allocator, CF_BUFFER_NO_LIMIT);
}

static void free_channel(cf_hub *hub, cf_channel *channel)
{
    cf_map_remove(&hub->channels, &channel->node);
    for (cf_audience *audience = &channel->first, *next; audience != NULL; audience = next) {
        next = audience->next;
        cf_hub_discard(&audience->open);
        cf_free(hub->allocator, audience->members);
        if (audience != &channel->first)
            cf_free(hub->allocator, audience);
    }
    cf_free(hub->allocator, channel->reserved);
    cf_free(hub->allocator, channel);
}

void cf_hub_free(cf_hub *hub)
{
    while (hub->channels.head != NULL)
        free_channel(hub, channel_of(hub->channels.head));
    cf_map_free(&hub->channels);
    cf_users_free(&hub->users);
    cf_buffer_free(&hub->text);
}

/* The count of its kind, or NULL. */
static size_t *count_of(cf_hub *hub, const cf_session *session)
{
    const char *name = session->ops->name;
    for (size_t i = 0; i < CF_HUB_TRANSPORTS; i++) {
        if (hub->transports[i].name == NULL)
            hub->transports[i].name = name;
        if (strcmp(hub->transports[i].name, name) == 0)
            return &hub->transports[i].sessions;
    }
    return NULL;
}

void cf_hub_add(cf_hub *hub, cf_session *session)
{
    size_t *count = count_of(hub, session);
    cf_list_append(&hub->sessions, &session->link);
    hub->session_count++;
    if (count != NULL)
        ++*count;
}

void cf_hub_remove(cf_hub *hub, cf_session *session)
{
    cf_hub_discard(&session->replies);
    cf_list_remove(&session->due);
    cf_users_leave(&hub->users, session);
    cf_list_remove(&session->link);
    hub->session_count--;
    size_t *count = count_of(hub, session);
    if (count != NULL)
        --*count;
}

/* ---- audiences ------------------------------------------------------------ */

/* NULL: nobody who speaks as the session does has subscribed. */
static cf_audience *audience_of(cf_channel *channel, const cf_session *session)
{
    cf_audience *audience = &channel->first;
    while (audience != NULL && audience->dialect != session->ops->dialect)
        audience = audience->next;
    return audience;
}

static cf_hub_member *member_of(const cf_session *session, const cf_hub_subscription *subscription)
{
    return &audience_of(subscription->channel, session)->members[subscription->index];
}

bool cf_hub_waits(const cf_session *session, const cf_hub_subscription *subscription)
{
    return member_of(session, subscription)->waiting;
}

/* NULL without memory. */
static cf_audience *join_audience(cf_hub *hub, cf_channel *channel, const cf_session *session)
{
    cf_audience *audience = audience_of(channel, session);
    if (audience != NULL)
        return audience;
    audience = &channel->first;
    if (audience->dialect != NULL) {
        audience = cf_alloc_zero(hub->allocator, 1, sizeof *audience);
        if (audience == NULL)
            return NULL;
        audience->next = channel->first.next;
        channel->first.next = audience;
    }
    audience->dialect = session->ops->dialect;
    return audience;
}

/* ---- what is held back ---------------------------------------------------- */

static void begin_hold(cf_session *session, cf_audience *audience, cf_hub_member *member)
{
    member->holding = true;
    audience->holding++;
    session->bundle->hold.channels++;
}

static void end_hold(cf_session *session, cf_audience *audience, cf_hub_member *member)
{
    member->holding = false;
    audience->holding--;
    session->bundle->hold.channels--;
}

static void send_held(cf_hub *hub, cf_session *session)
{
    cf_bytes text;
    size_t at = 0;
    while (cf_hold_next(&session->bundle->hold, &at, &text))
        cf_hub_send(hub, session, text);
    cf_buffer_clear(&session->bundle->hold.messages);
}

/* The newest subscriptions stand last, unless others have been ended since. */
void cf_hub_release(cf_hub *hub, cf_session *session)
{
    for (uint32_t i = session->subscription_count; i-- > 0 && session->bundle->hold.channels > 0;) {
        cf_audience *audience = audience_of(session->subscriptions[i].channel, session);
        cf_hub_member *member = &audience->members[session->subscriptions[i].index];
        if (member->holding)
            end_hold(session, audience, member);
    }
    send_held(hub, session);
}

/* ---- subscriptions ------------------------------------------------------- */

cf_hub_subscription *cf_hub_find(const cf_hub *hub, cf_session *session, cf_bytes name)
{
    if (session->subscription_count == 0)
        return NULL;
    cf_channel *channel = cf_hub_channel(hub, name);
    const cf_audience *audience = channel == NULL ? NULL : audience_of(channel, session);
    if (audience == NULL)
        return NULL;
    /* The shorter of the two lists. */
    if (audience->count < session->subscription_count) {
        for (uint32_t i = 0; i < audience->count; i++)
            if (audience->members[i].session == session)
                return &session->subscriptions[audience->members[i].slot];
        return NULL;
    }
    for (uint32_t i = 0; i < session->subscription_count; i++)
        if (session->subscriptions[i].channel == channel)
            return &session->subscriptions[i];
    return NULL;
}

static cf_channel *add_channel(cf_hub *hub, cf_bytes name)
{
    cf_channel *channel = cf_alloc_zero(hub->allocator, 1, sizeof *channel + name.size);
    if (channel == NULL)
        return NULL;
    channel->hub = hub;
    cf_list_init(&channel->held);
    channel->name_size = name.size;
    memcpy(channel->name, name.data, name.size);
    if (!cf_map_add(&hub->channels, &channel->node, channel_name(channel))) {
        cf_free(hub->allocator, channel);
        return NULL;
    }
    return channel;
}

static bool reserve_member(cf_hub *hub, cf_audience *audience)
{
    if (audience->count < audience->capacity)
        return true;
    if (audience->capacity > UINT32_MAX / 2)
        return false;
    uint32_t capacity = audience->capacity == 0 ? 1 : audience->capacity * 2;
    cf_hub_member *members = cf_realloc(hub->allocator, audience->members, capacity * sizeof *members);
    if (members == NULL)
        return false;
    audience->members = members;
    audience->capacity = capacity;
    return true;
}

static bool reserve_subscription(cf_hub *hub, cf_session *session)
{
    if (session->subscription_count < session->subscription_capacity)
        return true;
    if (session->subscription_capacity > UINT32_MAX / 2)
        return false;
    uint32_t capacity = session->subscription_capacity == 0 ? 1 : session->subscription_capacity * 2;
    cf_hub_subscription *list = cf_realloc(hub->allocator, session->subscriptions, capacity * sizeof *list);
    if (list == NULL)
        return false;
    session->subscriptions = list;
    session->subscription_capacity = capacity;
    return true;
}

static void unsubscribe_engine(cf_hub *hub, cf_channel *channel)
{
    cf_retraction *reserved = channel->reserved;
    channel->reserved = NULL;
    cf_broker_unsubscribe(hub->services->broker, channel_name(channel), reserved);
}

/* A channel without members goes, unless the engine still has to answer. */
static void settle(cf_hub *hub, cf_channel *channel)
{
    for (const cf_audience *audience = &channel->first; audience != NULL; audience = audience->next)
        if (audience->count > 0)
            return;
    if (channel->subscribing)
        return;
    if (channel->asked)
        unsubscribe_engine(hub, channel);
    free_channel(hub, channel);
}

static void link_member(cf_channel *channel, cf_audience *audience, cf_session *session, cf_hub_text *info)
{
    uint32_t index = audience->count++;
    uint32_t slot = session->subscription_count++;
    audience->members[index] = (cf_hub_member){.session = session, .slot = slot};
    session->subscriptions[slot] = (cf_hub_subscription){.channel = channel, .info = info, .index = index};
    if (cf_session_is(session, CF_SESSION_BEHIND))
        cf_hub_count_behind(channel);
}

/* Both lists stay dense: the last entry moves into the hole. */
static void unlink_member(cf_hub *hub, cf_session *session, cf_hub_subscription *subscription)
{
    cf_channel *channel = subscription->channel;
    cf_audience *audience = audience_of(channel, session);
    uint32_t index = subscription->index;
    uint32_t slot = (uint32_t)(subscription - session->subscriptions);
    if (cf_session_is(session, CF_SESSION_BEHIND))
        cf_hub_uncount_behind(channel);
    if (audience->members[index].holding) {
        end_hold(session, audience, &audience->members[index]);
        cf_hold_forget(&session->bundle->hold, channel);
    }
    cf_free(hub->allocator, subscription->info);
    cf_hub_member moved = audience->members[--audience->count];
    if (index != audience->count) {
        audience->members[index] = moved;
        moved.session->subscriptions[moved.slot].index = index;
    }
    cf_hub_subscription other = session->subscriptions[--session->subscription_count];
    if (slot != session->subscription_count) {
        session->subscriptions[slot] = other;
        member_of(session, &other)->slot = slot;
    }
    if (session->subscription_count == 0) {
        cf_free(hub->allocator, session->subscriptions);
        session->subscriptions = NULL;
        session->subscription_capacity = 0;
    }
}

/* Downwards: when a member is removed, the one that takes its place was seen already. */
static void tell_waiting(cf_hub *hub, const cf_channel *channel, cf_audience *audience, cf_engine_status status)
{
    for (uint32_t i = audience->count; i-- > 0;) {
        if (i >= audience->count || !audience->members[i].waiting)
            continue;
        audience->members[i].waiting = false;
        hub->subscribed(audience->members[i].session, channel, status);
    }
}

/* `subscribing` keeps the channel until all have been told. */
static void on_subscribed(void *user, cf_engine_status status)
{
    cf_channel *channel = user;
    cf_hub *hub = channel->hub;
    channel->active = status == CF_ENGINE_OK;
    for (cf_audience *audience = &channel->first; audience != NULL; audience = audience->next)
        tell_waiting(hub, channel, audience, status);
    channel->subscribing = false;
    settle(hub, channel);
}

/* True when the engine has answered already; without memory it is not asked. */
static bool subscribe_engine(cf_hub *hub, cf_channel *channel)
{
    if (!cf_broker_reserve(hub->services->broker, channel_name(channel), &channel->reserved))
        return true;
    channel->subscribing = channel->asked = true;
    cf_broker_subscribe(hub->services->broker, channel_name(channel), on_subscribed, channel);
    return !channel->subscribing;
}

cf_hub_result cf_hub_subscribe(cf_hub *hub, cf_session *session, cf_bytes name, cf_hub_text *info, bool hold)
{
    cf_channel *channel = cf_hub_channel(hub, name);
    if (channel == NULL)
        channel = add_channel(hub, name);
    cf_audience *audience = channel == NULL ? NULL : join_audience(hub, channel, session);
    if (audience == NULL || !reserve_member(hub, audience) || !reserve_subscription(hub, session)) {
        cf_free(hub->allocator, info);
        if (channel != NULL)
            settle(hub, channel);
        return CF_HUB_FAILED;
    }
    cf_hub_close_until(hub, &audience->open);
    link_member(channel, audience, session, info);
    if (hold)
        begin_hold(session, audience, &audience->members[audience->count - 1]);
    hub->services->metrics->node_num_add_client_sub++;
    if (channel->active)
        return CF_HUB_DONE;
    if (channel->subscribing || !subscribe_engine(hub, channel)) {
        audience->members[audience->count - 1].waiting = true;
        return CF_HUB_WAIT;
    }
    if (channel->active)
        return CF_HUB_DONE;
    cf_hub_unsubscribe(hub, session, &session->subscriptions[session->subscription_count - 1]);
    return CF_HUB_FAILED;
}

void cf_hub_unsubscribe(cf_hub *hub, cf_session *session, cf_hub_subscription *subscription)
{
    cf_channel *channel = subscription->channel;
    if (!cf_session_is(session, CF_SESSION_ENDED))
        cf_hub_close_until(hub, &audience_of(channel, session)->open);
    unlink_member(hub, session, subscription);
    hub->services->metrics->node_num_remove_client_sub++;
    settle(hub, channel);
}

#include "server/hub.h"

#include <string.h>

#include "base/assert.h"
#include "server/broker.h"
#include "server/session_state.h"
#include "server/team.h"

/* What a frame adds to its text. */
#define FRAME_OVERHEAD 16

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

/* ---- outboxes ------------------------------------------------------------ */

static void unmark(cf_session *session)
{
    cf_list_remove(&session->due);
    session->flags &= ~(uint32_t)CF_SESSION_STUCK;
}

static void mark(cf_session *session, cf_list *list)
{
    unmark(session);
    cf_list_append(list, &session->due);
}

void cf_hub_want_flush(cf_hub *hub, cf_session *session)
{
    if (session->outbox.count > 0 && (!cf_list_linked(&session->due) || cf_session_is(session, CF_SESSION_STUCK)))
        mark(session, &hub->dirty);
}

static void doom(cf_hub *hub, cf_session *session, uint32_t flag)
{
    if (cf_session_is(session, CF_SESSION_DOOMED))
        return;
    session->flags |= flag;
    mark(session, &hub->doomed);
}

void cf_hub_starve(cf_hub *hub, cf_session *session)
{
    doom(hub, session, CF_SESSION_STARVED);
}

/* Is there more than may wait, and does the transport take none of it? */
static bool is_slow(cf_session *session)
{
    size_t before = SIZE_MAX;
    while (session->outbox.memory > session->queue_max && session->outbox.bytes < before) {
        before = session->outbox.bytes;
        session->ops->flush(session->transport, session);
    }
    return session->outbox.memory > session->queue_max;
}

/* ---- who is behind ------------------------------------------------------- */

static cf_time wait_end(const cf_hub *hub)
{
    int64_t seconds = hub->services->config->publish_wait_timeout;
    return seconds > CF_TIME_NEVER / 1000 ? CF_TIME_NEVER : cf_time_after(hub->services->now, seconds * 1000);
}

static void count_behind(cf_channel *channel)
{
    channel->behind++;
}

static void uncount_behind(cf_channel *channel)
{
    if (--channel->behind == 0)
        cf_turn_queue_all(&channel->held);
}

static void for_each_channel(const cf_session *session, void (*visit)(cf_channel *channel))
{
    for (uint32_t i = 0; i < session->subscription_count; i++)
        visit(session->subscriptions[i].channel);
}

static void fall_behind(cf_hub *hub, cf_session *session)
{
    if (session->outbox.memory <= cf_session_backlog(session) || hub->services->config->publish_wait_timeout <= 0 ||
        cf_session_is(session, CF_SESSION_BEHIND | CF_SESSION_GIVEN_UP | CF_SESSION_ENDED))
        return;
    session->flags |= CF_SESSION_BEHIND;
    for_each_channel(session, count_behind);
    session->patience_at = wait_end(hub);
    cf_session_arm(session);
}

static void catch_up(cf_session *session)
{
    session->flags &= ~(uint32_t)CF_SESSION_BEHIND;
    session->patience_at = CF_TIME_NEVER;
    for_each_channel(session, uncount_behind);
    if (session->later != NULL && cf_task_waits(&session->later->task))
        cf_task_queue(&session->later->task);
}

void cf_hub_give_up(cf_hub *hub, cf_session *session)
{
    (void)hub;
    catch_up(session);
    session->flags |= CF_SESSION_GIVEN_UP;
}

/* At the half: who reads in small pieces does not start and stop others with each of them. */
void cf_hub_written(cf_hub *hub, cf_session *session)
{
    (void)hub;
    if (session->outbox.bytes == 0 && cf_session_is(session, CF_SESSION_STUCK))
        unmark(session);
    if (session->outbox.count == 0)
        session->flags &= ~(uint32_t)CF_SESSION_GIVEN_UP;
    if (cf_session_is(session, CF_SESSION_BEHIND) && session->outbox.memory <= cf_session_backlog(session) / 2)
        catch_up(session);
}

bool cf_hub_hold_publish(cf_hub *hub, cf_channel *channel, cf_task *task)
{
    bool overdue = task->overdue;
    task->overdue = false;
    if (channel->behind == 0 || overdue)
        return false;
    cf_task_hold(task, &channel->held, wait_end(hub));
    return true;
}

/* ---- deliveries ---------------------------------------------------------- */

static bool deliver(cf_hub *hub, cf_session *session, cf_chunk *chunk)
{
    if (cf_session_is(session, CF_SESSION_DOOMED))
        return false;
    if (!cf_outbox_push(&session->outbox, chunk, hub->allocator)) {
        doom(hub, session, CF_SESSION_STARVED);
        return false;
    }
    if (is_slow(session)) {
        doom(hub, session, CF_SESSION_SLOW);
        return false;
    }
    fall_behind(hub, session);
    return true;
}

static void deliver_answer(cf_hub *hub, cf_session *session, cf_chunk *chunk)
{
    hub->services->metrics->client_num_msg_queued += (int64_t)chunk->messages;
    if (deliver(hub, session, chunk))
        mark(session, &hub->answered);
}

static void deliver_push(cf_hub *hub, const cf_audience *audience, cf_chunk *chunk)
{
    uint32_t held = audience->open.of_messages ? audience->holding : 0;
    hub->services->metrics->client_num_msg_queued += (int64_t)(chunk->messages * (audience->count - held));
    cf_turn_spend(&hub->services->turn, audience->count * CF_WORK_DELIVERY);
    for (uint32_t i = 0; i < audience->count; i++) {
        if (held > 0 && audience->members[i].holding)
            continue;
        if (deliver(hub, audience->members[i].session, chunk))
            cf_hub_want_flush(hub, audience->members[i].session);
    }
}

/* ---- open chunks --------------------------------------------------------- */

static void discard_open(cf_open *open)
{
    if (open->chunk == NULL)
        return;
    cf_list_remove(&open->link);
    cf_chunk_release(open->chunk);
    open->chunk = NULL;
}

static void close_open(cf_hub *hub, cf_open *open)
{
    cf_chunk *chunk = open->chunk;
    cf_list_remove(&open->link);
    open->chunk = NULL;
    if (open->of_session)
        deliver_answer(hub, CF_CONTAINER(open, cf_session, replies), chunk);
    else
        deliver_push(hub, CF_CONTAINER(open, cf_audience, open), chunk);
    cf_chunk_release(chunk);
}

/* Closes this chunk and, before it, all that were opened earlier. */
static void close_until(cf_hub *hub, cf_open *last)
{
    while (last->chunk != NULL)
        close_open(hub, CF_CONTAINER(hub->open.next, cf_open, link));
}

bool cf_hub_is_behind(cf_hub *hub, cf_session *session)
{
    const cf_chunk *open = session->replies.chunk;
    if (open != NULL && session->outbox.memory + open->frames.size > cf_session_backlog(session))
        close_until(hub, &session->replies);
    return cf_session_is(session, CF_SESSION_BEHIND);
}

void cf_hub_close_chunks(cf_hub *hub)
{
    while (!cf_list_empty(&hub->open))
        close_open(hub, CF_CONTAINER(hub->open.next, cf_open, link));
}

/* False without memory: nothing was appended. */
static bool append(cf_hub *hub, cf_open *open, const cf_dialect *dialect, cf_bytes text)
{
    cf_ws_opcode opcode = dialect->binary ? CF_WS_BINARY : CF_WS_TEXT;
    if (open->chunk != NULL)
        return cf_chunk_append(open->chunk, opcode, text);
    cf_chunk *chunk = cf_chunk_new(hub->allocator, text.size + FRAME_OVERHEAD);
    if (chunk == NULL)
        return false;
    if (!cf_chunk_append(chunk, opcode, text)) {
        cf_chunk_release(chunk);
        return false;
    }
    if (!open->of_session)
        hub->epoch++;
    chunk->shared = !open->of_session;
    open->chunk = chunk;
    open->epoch = hub->epoch;
    cf_list_append(&hub->open, &open->link);
    return true;
}

void cf_hub_send(cf_hub *hub, cf_session *session, cf_bytes text)
{
    if (cf_session_is(session, CF_SESSION_ENDED | CF_SESSION_DOOMED))
        return;
    /* A channel's chunk that was opened since may hold what must come before this text. */
    if (session->replies.chunk != NULL && session->replies.epoch != hub->epoch)
        close_until(hub, &session->replies);
    if (!append(hub, &session->replies, session->ops->dialect, text))
        doom(hub, session, CF_SESSION_STARVED);
}

/* ---- the engine's sink --------------------------------------------------- */

static void push(cf_hub *hub, cf_audience *audience, bool message)
{
    if (audience->holding > 0 && audience->open.of_messages != message)
        close_until(hub, &audience->open);
    audience->open.of_messages = message;
    if (!hub->text.failed && append(hub, &audience->open, audience->dialect, cf_buffer_bytes(&hub->text)))
        return;
    /* Nobody is left with a hole that he does not know of: they connect again and recover. */
    cf_services_log(hub->services, CF_SERVER_ERROR,
                    "out of memory: closing the %u subscribers of a channel that lost a message", (unsigned)audience->count);
    for (uint32_t i = 0; i < audience->count; i++)
        doom(hub, audience->members[i].session, CF_SESSION_STARVED);
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

/* What is before the id and the text of a message that is held back. */
typedef struct held_head {
    const cf_channel *channel; /* NULL: forgotten, or of no channel */
    bool sent_anyway;          /* it is of no channel */
    size_t uid_size;
    size_t text_size;
} held_head;

/* `channel` NULL: it comes whatever becomes of the channels. */
static void hold_back(cf_hub *hub, cf_session *session, const cf_channel *channel, cf_bytes uid, cf_bytes text)
{
    cf_buffer *messages = &session->bundle->hold.messages;
    held_head head = {channel, channel == NULL, uid.size, text.size};
    if (messages->allocator == NULL)
        cf_buffer_init(messages, hub->allocator, session->queue_max);
    if (!cf_buffer_reserve(messages, sizeof head + uid.size + text.size)) {
        cf_services_log(hub->services, CF_SERVER_WARNING,
                        "client %.*s: more than client_queue_max_size is published while its history is read", CF_UUID_SIZE,
                        session->id);
        doom(hub, session, CF_SESSION_STARVED);
        return;
    }
    cf_buffer_append(messages, cf_bytes_make((const char *)&head, sizeof head));
    cf_buffer_append(messages, uid);
    cf_buffer_append(messages, text);
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
            doom(hub, audience->members[i].session, CF_SESSION_STARVED);
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

/* ---- sessions and users -------------------------------------------------- */

void cf_hub_init(cf_hub *hub, cf_services *services, uint32_t seed,
                 void (*subscribed)(cf_session *, const cf_channel *, cf_engine_status))
{
    *hub = (cf_hub){.services = services, .allocator = services->allocator, .subscribed = subscribed};
    cf_map_init(&hub->channels, hub->allocator, seed);
    cf_map_init(&hub->users, hub->allocator, seed);
    cf_list_init(&hub->sessions);
    cf_list_init(&hub->zombies);
    cf_list_init(&hub->open);
    cf_list_init(&hub->answered);
    cf_list_init(&hub->dirty);
    cf_list_init(&hub->doomed);
    cf_list_init(&hub->held);
    cf_list_init(&hub->walks);
    cf_list_init(&hub->stuck);
    cf_buffer_init(&hub->text, hub->allocator, CF_BUFFER_NO_LIMIT);
}

static void free_channel(cf_hub *hub, cf_channel *channel)
{
    cf_map_remove(&hub->channels, &channel->node);
    for (cf_audience *audience = &channel->first, *next; audience != NULL; audience = next) {
        next = audience->next;
        discard_open(&audience->open);
        cf_free(hub->allocator, audience->members);
        if (audience != &channel->first)
            cf_free(hub->allocator, audience);
    }
    cf_free(hub->allocator, channel);
}

void cf_hub_free(cf_hub *hub)
{
    while (hub->channels.head != NULL)
        free_channel(hub, channel_of(hub->channels.head));
    cf_map_free(&hub->channels);
    cf_map_free(&hub->users);
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

static cf_session *session_of_user(cf_list *link)
{
    return CF_CONTAINER(link, cf_session, user_link);
}

cf_session *cf_hub_walk_on(cf_hub_walk *walk)
{
    cf_session *session = walk->next;
    walk->next = session == walk->last ? NULL : session_of_user(session->user_link.next);
    return session;
}

static void lead_walks_past(cf_hub *hub, const cf_session *session)
{
    CF_LIST_EACH (link, &hub->walks) {
        cf_hub_walk *walk = CF_CONTAINER(link, cf_hub_walk, link);
        if (walk->next == session)
            (void)cf_hub_walk_on(walk);
        else if (walk->next != NULL && walk->last == session)
            walk->last = session_of_user(session->user_link.previous);
    }
}

static void forget_unless_used(cf_hub *hub, cf_hub_user *user)
{
    if (user->count > 0)
        return;
    cf_map_remove(&hub->users, &user->node);
    cf_free(hub->allocator, user);
}

static void forget_user(cf_hub *hub, cf_session *session)
{
    cf_hub_user *user = session->user;
    if (user == NULL)
        return;
    lead_walks_past(hub, session);
    cf_list_remove(&session->user_link);
    if (hub->services->environment.member != NULL)
        cf_roll_remove(&hub->services->environment.member->team->roll, cf_bytes_make(user->id, user->id_size));
    session->user = NULL;
    hub->authenticated_count--;
    hub->services->metrics->node_num_remove_client_conn++;
    user->count--;
    forget_unless_used(hub, user);
}

void cf_hub_remove(cf_hub *hub, cf_session *session)
{
    discard_open(&session->replies);
    cf_list_remove(&session->due);
    forget_user(hub, session);
    cf_list_remove(&session->link);
    hub->session_count--;
    size_t *count = count_of(hub, session);
    if (count != NULL)
        --*count;
}

cf_hub_user *cf_hub_user_of(const cf_hub *hub, cf_bytes id)
{
    cf_map_node *node = cf_map_find(&hub->users, id);
    return node == NULL ? NULL : CF_CONTAINER(node, cf_hub_user, node);
}

void cf_hub_begin_walk(cf_hub *hub, cf_hub_walk *walk, cf_bytes id)
{
    cf_hub_user *user = cf_hub_user_of(hub, id);
    *walk = (cf_hub_walk){.next = NULL};
    if (user == NULL)
        return;
    walk->next = session_of_user(user->sessions.next);
    walk->last = session_of_user(user->sessions.previous);
    cf_list_append(&hub->walks, &walk->link);
}

void cf_hub_end_walk(cf_hub_walk *walk)
{
    cf_list_remove(&walk->link);
}

static cf_hub_user *add_user(cf_hub *hub, cf_bytes id)
{
    cf_hub_user *user = cf_alloc_zero(hub->allocator, 1, sizeof *user + id.size);
    if (user == NULL)
        return NULL;
    user->id_size = id.size;
    if (id.size > 0)
        memcpy(user->id, id.data, id.size);
    cf_list_init(&user->sessions);
    if (!cf_map_add(&hub->users, &user->node, cf_bytes_make(user->id, user->id_size))) {
        cf_free(hub->allocator, user);
        return NULL;
    }
    return user;
}

/* 0: none. */
static int64_t limit_of(const cf_hub *hub, cf_bytes id)
{
    return id.size == 0 ? 0 : hub->services->config->user_connection_limit;
}

bool cf_hub_is_full(const cf_hub *hub, cf_bytes id)
{
    cf_team_member *member = hub->services->environment.member;
    const cf_hub_user *user = cf_hub_user_of(hub, id);
    int64_t limit = limit_of(hub, id);
    if (limit <= 0)
        return false;
    return (member != NULL ? cf_roll_count(&member->team->roll, id) : user == NULL ? 0 : user->count) >= limit;
}

/* All workers together have one limit: who comes at the same time is counted one after the other. */
static cf_trouble enter_roll(const cf_hub *hub, cf_bytes id)
{
    cf_team_member *member = hub->services->environment.member;
    switch (member == NULL ? CF_ROLL_ADDED : cf_roll_add(&member->team->roll, id, limit_of(hub, id))) {
    case CF_ROLL_ADDED:
        return CF_TROUBLE_NONE;
    case CF_ROLL_FULL:
        return CF_TROUBLE_LIMIT_EXCEEDED;
    default:
        return CF_TROUBLE_INTERNAL;
    }
}

cf_trouble cf_hub_authenticate(cf_hub *hub, cf_session *session, cf_bytes id)
{
    cf_hub_user *user = cf_hub_user_of(hub, id);
    if (user == NULL)
        user = add_user(hub, id);
    cf_trouble trouble = user == NULL ? CF_TROUBLE_INTERNAL : enter_roll(hub, id);
    if (trouble != CF_TROUBLE_NONE) {
        if (user != NULL)
            forget_unless_used(hub, user);
        return trouble;
    }
    session->user = user;
    cf_list_append(&user->sessions, &session->user_link);
    user->count++;
    hub->authenticated_count++;
    hub->services->metrics->node_num_add_client_conn++;
    return CF_TROUBLE_NONE;
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

/* The next message behind `*at`; NULL when there is none. */
static char *next_held(const cf_hold *held, size_t *at, held_head *head)
{
    if (*at == held->messages.size)
        return NULL;
    char *start = held->messages.data + *at;
    memcpy(head, start, sizeof *head);
    *at += sizeof *head + head->uid_size + head->text_size;
    return start;
}

/* Those of the channel, up to the end of the first `size` bytes. */
static void forget_held(cf_session *session, const cf_channel *channel, size_t size)
{
    held_head head;
    char *start;
    size_t at = 0;
    while (at < size && (start = next_held(&session->bundle->hold, &at, &head)) != NULL)
        if (head.channel == channel)
            memset(start + offsetof(held_head, channel), 0, sizeof head.channel);
}

void cf_hub_skip(cf_session *session, const cf_channel *channel, cf_bytes uid)
{
    held_head head;
    const char *start;
    size_t at = 0;
    bool found = false;
    while (!found && (start = next_held(&session->bundle->hold, &at, &head)) != NULL)
        found = head.channel == channel && cf_bytes_equal(cf_bytes_make(start + sizeof head, head.uid_size), uid);
    if (found)
        forget_held(session, channel, at);
}

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
    held_head head;
    const char *start;
    size_t at = 0;
    while ((start = next_held(&session->bundle->hold, &at, &head)) != NULL)
        if (head.channel != NULL || head.sent_anyway)
            cf_hub_send(hub, session, cf_bytes_make(start + sizeof head + head.uid_size, head.text_size));
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

/* A channel without members goes, unless the engine still has to answer. */
static void settle(cf_hub *hub, cf_channel *channel)
{
    for (const cf_audience *audience = &channel->first; audience != NULL; audience = audience->next)
        if (audience->count > 0)
            return;
    if (channel->subscribing)
        return;
    if (channel->asked)
        cf_broker_unsubscribe(hub->services->broker, channel_name(channel));
    free_channel(hub, channel);
}

static void link_member(cf_channel *channel, cf_audience *audience, cf_session *session, cf_hub_text *info)
{
    uint32_t index = audience->count++;
    uint32_t slot = session->subscription_count++;
    audience->members[index] = (cf_hub_member){.session = session, .slot = slot};
    session->subscriptions[slot] = (cf_hub_subscription){.channel = channel, .info = info, .index = index};
    if (cf_session_is(session, CF_SESSION_BEHIND))
        count_behind(channel);
}

/* Both lists stay dense: the last entry moves into the hole. */
static void unlink_member(cf_hub *hub, cf_session *session, cf_hub_subscription *subscription)
{
    cf_channel *channel = subscription->channel;
    cf_audience *audience = audience_of(channel, session);
    uint32_t index = subscription->index;
    uint32_t slot = (uint32_t)(subscription - session->subscriptions);
    if (cf_session_is(session, CF_SESSION_BEHIND))
        uncount_behind(channel);
    if (audience->members[index].holding) {
        end_hold(session, audience, &audience->members[index]);
        forget_held(session, channel, SIZE_MAX);
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

/* True when the engine has answered already. */
static bool subscribe_engine(cf_hub *hub, cf_channel *channel)
{
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
    close_until(hub, &audience->open);
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
        close_until(hub, &audience_of(channel, session)->open);
    unlink_member(hub, session, subscription);
    hub->services->metrics->node_num_remove_client_sub++;
    settle(hub, channel);
}

/* ---- the end of a turn --------------------------------------------------- */

cf_session *cf_hub_doomed(const cf_hub *hub)
{
    return cf_list_empty(&hub->doomed) ? NULL : CF_CONTAINER(hub->doomed.next, cf_session, due);
}

/* Until all is written, which the transport tells (cf_hub_written); it may end the session, too. */
static void expect_stuck(cf_hub *hub, cf_session *session)
{
    if (session->outbox.bytes == 0)
        return;
    cf_list_append(&hub->stuck, &session->due);
    session->flags |= CF_SESSION_STUCK;
}

/* Until the turn's writes are so many; false when the list has more. */
static bool flush_list(cf_hub *hub, cf_list *list, uint64_t writes)
{
    cf_turn *turn = &hub->services->turn;
    while (!cf_list_empty(list) && turn->writes < writes) {
        cf_session *session = CF_CONTAINER(cf_list_take(list), cf_session, due);
        turn->writes += CF_WORK_WRITE;
        expect_stuck(hub, session);
        session->ops->flush(session->transport, session);
    }
    return cf_list_empty(list);
}

bool cf_hub_flush(cf_hub *hub)
{
    const cf_turn *turn = &hub->services->turn;
    bool all_answers = flush_list(hub, &hub->answered, turn->limits.writes);
    return flush_list(hub, &hub->dirty, turn->writes + turn->limits.pushes) && all_answers;
}

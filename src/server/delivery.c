#include "server/delivery.h"

#include "server/session_state.h"

/* What a frame adds to its text. */
#define FRAME_OVERHEAD 16

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

void cf_hub_count_behind(cf_channel *channel)
{
    channel->behind++;
}

void cf_hub_uncount_behind(cf_channel *channel)
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
    for_each_channel(session, cf_hub_count_behind);
    session->patience_at = wait_end(hub);
    cf_session_arm(session);
}

static void catch_up(cf_session *session)
{
    session->flags &= ~(uint32_t)CF_SESSION_BEHIND;
    session->patience_at = CF_TIME_NEVER;
    for_each_channel(session, cf_hub_uncount_behind);
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

void cf_hub_discard(cf_open *open)
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

void cf_hub_close_until(cf_hub *hub, cf_open *last)
{
    while (last->chunk != NULL)
        close_open(hub, CF_CONTAINER(hub->open.next, cf_open, link));
}

bool cf_hub_is_behind(cf_hub *hub, cf_session *session)
{
    const cf_chunk *open = session->replies.chunk;
    if (open != NULL && session->outbox.memory + open->frames.size > cf_session_backlog(session))
        cf_hub_close_until(hub, &session->replies);
    return cf_session_is(session, CF_SESSION_BEHIND);
}

void cf_hub_close_chunks(cf_hub *hub)
{
    while (!cf_list_empty(&hub->open))
        close_open(hub, CF_CONTAINER(hub->open.next, cf_open, link));
}

bool cf_hub_append(cf_hub *hub, cf_open *open, const cf_dialect *dialect, cf_bytes text)
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
        cf_hub_close_until(hub, &session->replies);
    if (!cf_hub_append(hub, &session->replies, session->ops->dialect, text))
        doom(hub, session, CF_SESSION_STARVED);
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

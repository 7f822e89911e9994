#include "sockjs/session.h"

#include "base/assert.h"
#include "sockjs/frame.h"

void cf_sockjs_session_init(cf_sockjs_session *session, const cf_sockjs_rules *rules, const cf_allocator *allocator)
{
    *session = (cf_sockjs_session){.rules = rules, .deadline = CF_TIME_NEVER};
    cf_buffer_init(&session->close, allocator, CF_BUFFER_NO_LIMIT);
}

void cf_sockjs_session_free(cf_sockjs_session *session)
{
    cf_buffer_free(&session->close);
}

/* ---- receivers ---- */

static cf_time next_heartbeat(const cf_sockjs_session *session, cf_time from)
{
    int64_t interval = session->rules->heartbeat;
    return interval > 0 ? cf_time_after(from, interval) : CF_TIME_NEVER;
}

bool cf_sockjs_session_attach(cf_sockjs_session *session, bool streams, cf_time now)
{
    if (session->attached)
        return false;
    session->attached = true;
    session->streams = streams;
    session->full = session->heartbeat_due = session->begun = false;
    session->sent = 0;
    session->waits = streams && session->opened && session->rules->begin_delay > 0;
    session->deadline = session->waits ? cf_time_after(now, session->rules->begin_delay) : next_heartbeat(session, now);
    return true;
}

void cf_sockjs_session_left(cf_sockjs_session *session, cf_time now)
{
    CF_ASSERT(session->attached);
    session->attached = false;
    session->deadline = cf_time_after(now, session->rules->disconnect_delay);
}

void cf_sockjs_session_lost(cf_sockjs_session *session)
{
    CF_ASSERT(session->attached);
    session->attached = false;
    session->over = true;
}

void cf_sockjs_session_drop(cf_sockjs_session *session)
{
    session->over = true;
}

void cf_sockjs_session_close(cf_sockjs_session *session, int code, cf_bytes reason, cf_time now)
{
    if (session->close.size > 0)
        return;
    cf_sockjs_append_close(&session->close, code, reason);
    session->over = session->close.failed;
    if (!session->attached)
        session->deadline = cf_time_after(now, session->rules->disconnect_delay);
}

/* ---- what is sent ---- */

/* Is there a frame that is not made of messages? The close frame comes behind them. */
static bool has_frame(const cf_sockjs_session *session, bool waiting)
{
    return !session->opened || (!waiting && (session->close.size > 0 || session->heartbeat_due));
}

static bool must_begin(const cf_sockjs_session *session, bool waiting)
{
    bool something = session->over || waiting || has_frame(session, waiting);
    return session->streams && !session->begun && (something || !session->waits);
}

cf_sockjs_action cf_sockjs_session_next(const cf_sockjs_session *session, bool waiting)
{
    if (!session->attached)
        return session->over ? CF_SOCKJS_DO_FORGET : CF_SOCKJS_DO_NOTHING;
    if (must_begin(session, waiting))
        return CF_SOCKJS_DO_BEGIN;
    if (session->over || session->full)
        return CF_SOCKJS_DO_END;
    if (has_frame(session, waiting))
        return CF_SOCKJS_DO_SEND;
    return waiting ? CF_SOCKJS_DO_MESSAGES : CF_SOCKJS_DO_NOTHING;
}

void cf_sockjs_session_begun(cf_sockjs_session *session)
{
    CF_ASSERT(session->attached && session->streams);
    session->begun = true;
}

cf_bytes cf_sockjs_session_frame(const cf_sockjs_session *session)
{
    if (!session->opened)
        return CF_BYTES("o");
    return session->close.size > 0 ? cf_buffer_bytes(&session->close) : CF_BYTES("h");
}

void cf_sockjs_session_sent(cf_sockjs_session *session, bool messages, size_t size)
{
    bool closed = session->opened && !messages && session->close.size > 0;
    CF_ASSERT(session->attached && !session->full);
    if (!session->opened)
        session->opened = true;
    else if (!messages)
        session->heartbeat_due = false;
    session->sent += size;
    session->full = closed || !session->streams || session->sent >= session->rules->answer_max;
}

/* ---- time ---- */

cf_time cf_sockjs_session_deadline(const cf_sockjs_session *session)
{
    return session->over ? CF_TIME_NEVER : session->deadline;
}

void cf_sockjs_session_tick(cf_sockjs_session *session, cf_time now)
{
    if (now < session->deadline)
        return;
    if (!session->attached) {
        session->over = true;
        return;
    }
    if (session->waits) {
        session->waits = false;
        session->deadline = next_heartbeat(session, session->deadline - session->rules->begin_delay);
        return;
    }
    session->heartbeat_due = true;
    session->deadline = next_heartbeat(session, now);
}

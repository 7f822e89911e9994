#include <string.h>

#include "server/command/command.h"

/*
 * A client's message: its commands are carried out one after the other, and answered together. What does not complete at once
 * is left waiting in the bundle, and the client's next messages wait behind it. Subscribes of one message run side by side, and
 * publishes of several ones, which begin in the same bundle; any other command begins when all before it are answered.
 */

/* ---- bundles ------------------------------------------------------------- */

static inline void free_call(cf_session *session, cf_session_call *call)
{
    cf_bundle *bundle = session->bundle;
    cf_call_empty(call);
    if (bundle->spare == NULL)
        bundle->spare = call;
    else
        cf_free(session->services->allocator, call);
}

void cf_bundle_free(cf_bundle *bundle, const cf_allocator *allocator)
{
    if (bundle == NULL)
        return;
    cf_buffer_free(&bundle->scratch);
    cf_buffer_free(&bundle->replies);
    cf_free(allocator, bundle->spare);
    cf_free(allocator, bundle);
}

/* NULL without memory. */
static cf_bundle *new_bundle(const cf_allocator *allocator)
{
    cf_bundle *bundle = cf_alloc_zero(allocator, 1, sizeof *bundle);
    if (bundle == NULL)
        return NULL;
    cf_buffer_init(&bundle->scratch, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&bundle->replies, allocator, CF_BUFFER_NO_LIMIT);
    cf_list_init(&bundle->waiting);
    cf_list_init(&bundle->asked);
    return bundle;
}

/* The spare one, where there is one: with an engine that answers at once there always is. */
static bool take_bundle(cf_session *session)
{
    cf_services *services = session->services;
    cf_bundle *bundle = services->spare != NULL ? services->spare : new_bundle(services->allocator);
    services->spare = NULL;
    if (bundle == NULL)
        return false;
    bundle->subscribed = false;
    bundle->aside = 0;
    bundle->under_way = 0;
    session->bundle = bundle;
    return true;
}

static void shrink(cf_buffer *buffer)
{
    if (buffer->capacity > CF_SPARE_MAX)
        cf_buffer_free(buffer);
    cf_buffer_clear(buffer);
}

static void free_calls(cf_session *session)
{
    cf_bundle *bundle = session->bundle;
    while (!cf_list_empty(&bundle->waiting))
        free_call(session, CF_CONTAINER(bundle->waiting.next, cf_session_call, link));
    if (bundle->next != NULL)
        free_call(session, bundle->next);
    bundle->next = NULL;
}

/* The memory is kept for the next message, whoever sends it. */
void cf_message_free(cf_session *session)
{
    cf_services *services = session->services;
    cf_bundle *bundle = session->bundle;
    if (bundle == NULL)
        return;
    free_calls(session);
    session->bundle = NULL;
    cf_hold_free(&bundle->hold);
    cf_free(services->allocator, bundle->copy);
    bundle->copy = NULL;
    shrink(&bundle->scratch);
    shrink(&bundle->replies);
    if (services->spare != NULL)
        cf_bundle_free(bundle, services->allocator);
    else
        services->spare = bundle;
}

/* ---- what comes later ---------------------------------------------------- */

static void on_turn(cf_task *task);

cf_later *cf_message_later(cf_session *session)
{
    if (session->later != NULL)
        return session->later;
    cf_services *services = session->services;
    cf_later *later = cf_alloc_zero(services->allocator, 1, sizeof *later);
    if (later == NULL)
        return NULL;
    later->session = session;
    cf_task_init(&later->task, &services->turn, on_turn, NULL);
    cf_buffer_init(&later->messages, services->allocator, CF_SESSION_LATER_MAX + session->request_max);
    return session->later = later;
}

void cf_message_free_later(cf_session *session)
{
    if (session->later == NULL)
        return;
    cf_task_cancel(&session->later->task);
    cf_buffer_free(&session->later->messages);
    cf_free(session->services->allocator, session->later);
    session->later = NULL;
}

static bool waits_for_turn(const cf_session *session)
{
    return session->later != NULL && cf_task_waits(&session->later->task);
}

static bool has_more(const cf_bundle *bundle)
{
    return bundle->next != NULL || bundle->taken < bundle->count;
}

/* NULL: none waits. */
static cf_session_call *first_waiting(const cf_bundle *bundle)
{
    return cf_list_empty(&bundle->waiting) ? NULL : CF_CONTAINER(bundle->waiting.next, cf_session_call, link);
}

static bool holds_back(const cf_bundle *bundle)
{
    return bundle->hold.channels > 0 || !cf_hold_is_empty(&bundle->hold);
}

/* May the next message begin beside what waits? Where those are publishes, not too many, and only answers are to come. */
static bool is_open(const cf_bundle *bundle)
{
    const cf_session_call *first = first_waiting(bundle);
    return first != NULL && first->command.method == CF_METHOD_PUBLISH && bundle->under_way < CF_SESSION_UNDER_WAY_MAX &&
           !has_more(bundle) && !bundle->subscribed && !holds_back(bundle);
}

bool cf_message_waits(const cf_session *session)
{
    return waits_for_turn(session) || (cf_session_is(session, CF_SESSION_SUSPENDED) && !is_open(session->bundle));
}

static void set_paused(cf_session *session, bool pause)
{
    if (cf_session_is(session, CF_SESSION_PAUSED) == pause)
        return;
    session->flags ^= CF_SESSION_PAUSED;
    if (session->ops->pause != NULL)
        session->ops->pause(session->transport, pause);
}

/* False without memory. */
static bool wait_for_turn(cf_session *session)
{
    cf_later *later = cf_message_later(session);
    if (later == NULL)
        return false;
    cf_task_queue(&later->task);
    set_paused(session, true);
    return true;
}

/* Is it the turn of others, or of the client, to read what was sent to it? Then the next message waits. */
static bool must_wait(cf_session *session)
{
    cf_services *services = session->services;
    if (cf_turn_share_is_spent(&services->turn))
        return wait_for_turn(session);
    if (!cf_hub_is_behind(services->hub, session))
        return false;
    cf_later *later = cf_message_later(session);
    if (later == NULL)
        return false;
    cf_task_hold(&later->task, &services->hub->held, CF_TIME_NEVER);
    set_paused(session, true);
    return true;
}

/* ---- answers ------------------------------------------------------------- */

void cf_bundle_separate(cf_bundle *bundle, const cf_dialect *dialect, size_t of)
{
    dialect->between(&bundle->replies, bundle->replies.size == 0 ? 0 : 1, of);
}

/* To one message, of so many commands. What was published since a channel was subscribed comes behind the answer. */
static void send_replies(cf_session *session, size_t of)
{
    cf_services *services = session->services;
    cf_bundle *bundle = session->bundle;
    session->ops->dialect->between(&bundle->replies, of, of);
    if (bundle->subscribed)
        cf_hub_close_chunks(services->hub);
    cf_turn_spend(&services->turn, bundle->replies.size / CF_WORK_UNIT_SIZE);
    if (bundle->replies.failed)
        cf_hub_starve(services->hub, session);
    else
        cf_hub_send(services->hub, session, cf_buffer_bytes(&bundle->replies));
    if (holds_back(bundle))
        cf_hub_release(services->hub, session);
}

static void finish_message(cf_session *session, size_t of, uint64_t started)
{
    cf_services *services = session->services;
    if (!cf_session_is(session, CF_SESSION_ENDED))
        send_replies(session, of);
    uint64_t now = services->environment.microseconds(services->environment.user);
    cf_metrics_record(services->metrics, CF_LATENCY_CLIENT_API, now - started);
}

static void finish(cf_session *session)
{
    finish_message(session, session->bundle->count, session->bundle->started);
    cf_message_free(session);
}

static void put_in_order(cf_session *session, cf_session_call *call)
{
    cf_bundle *bundle = session->bundle;
    bundle->under_way -= call->weight;
    if (call->reply.size == 0)
        return;
    cf_bundle_separate(bundle, session->ops->dialect, call->of);
    cf_buffer_append(&bundle->replies, cf_buffer_bytes(&call->reply));
    bundle->aside -= call->reply.size;
}

/* Answers stand in the order of the commands. A message that another one has followed is finished here, the newest is not. */
static void settle(cf_session *session)
{
    cf_bundle *bundle = session->bundle;
    cf_session_call *first;
    while ((first = first_waiting(bundle)) != NULL && first->done && first->pins == 0) {
        put_in_order(session, first);
        if (first->ends && (has_more(bundle) || first->link.next != &bundle->waiting)) {
            finish_message(session, first->of, first->started);
            cf_buffer_clear(&bundle->replies);
        }
        free_call(session, first);
    }
}

/* ---- suspension ---------------------------------------------------------- */

static bool keep_message(cf_session *session)
{
    cf_bundle *bundle = session->bundle;
    if (bundle->copy != NULL || bundle->taken == bundle->count)
        return true;
    bundle->copy = cf_copy(session->services->allocator, bundle->message);
    if (bundle->copy == NULL)
        return false;
    session->ops->dialect->move(&bundle->cursor, bundle->copy);
    return true;
}

/* The message goes on later; until then all that it needs is its own. False without memory. */
static bool suspend(cf_session *session)
{
    cf_session_call *next = session->bundle->next;
    if ((next != NULL && next->texts == NULL && !cf_call_keep(next)) || !keep_message(session))
        return false;
    session->flags |= CF_SESSION_SUSPENDED;
    if (!is_open(session->bundle))
        set_paused(session, true);
    return true;
}

/*
 * The rest of the message waits for its turn. Answers to subscribes are not kept meanwhile, unless the engine is waited for:
 * what is published to the channels comes behind them.
 */
static void interrupt(cf_session *session)
{
    cf_bundle *bundle = session->bundle;
    if (!bundle->subscribed || !cf_list_empty(&bundle->waiting))
        return;
    send_replies(session, bundle->count);
    cf_buffer_clear(&bundle->replies);
    bundle->subscribed = false;
}

/* ---- the loop over the commands ------------------------------------------ */

static bool is_over(const cf_session *session)
{
    return cf_session_is(session, CF_SESSION_ENDED | CF_SESSION_DOOMED);
}

/* NULL when there is none, or no memory for it. */
static cf_session_call *read_call(cf_session *session)
{
    cf_bundle *bundle = session->bundle;
    if (bundle->taken == bundle->count)
        return NULL;
    cf_session_call *call =
        bundle->spare != NULL ? bundle->spare : cf_alloc_zero(session->services->allocator, 1, sizeof *call);
    bundle->spare = NULL;
    if (call == NULL) {
        cf_session_cut_off(session, CF_TROUBLE_INTERNAL);
        return NULL;
    }
    cf_call_begin(call, session);
    session->ops->dialect->next(&bundle->cursor, &call->command, &bundle->scratch);
    bundle->taken++;
    call->of = bundle->count;
    return call;
}

/* Subscribes run side by side, and publishes do, as the engine keeps their order; everything else waits for those before it. */
static bool may_begin(const cf_bundle *bundle, const cf_session_call *call)
{
    const cf_session_call *first = first_waiting(bundle);
    cf_method method = call->command.method;
    if (first == NULL)
        return true;
    if (method != first->command.method)
        return false;
    return method == CF_METHOD_SUBSCRIBE || (method == CF_METHOD_PUBLISH && bundle->under_way < CF_SESSION_UNDER_WAY_MAX);
}

/* The command to be carried out next; NULL: there is none, or it has to wait. */
static cf_session_call *next_call(cf_session *session)
{
    cf_bundle *bundle = session->bundle;
    cf_session_call *call = bundle->next != NULL ? bundle->next : read_call(session);
    bundle->next = call;
    if (call == NULL || !may_begin(bundle, call))
        return NULL;
    bundle->next = NULL;
    if (call->texts != NULL)
        cf_buffer_truncate(&bundle->scratch, 0);
    return call;
}

static void carry_out(cf_session *session, cf_session_call *call)
{
    cf_command_run run = cf_command_of(call->command.method);
    call->held = false;
    cf_turn_spend(&session->services->turn, CF_WORK_COMMAND);
    if (call->command.method != CF_METHOD_CONNECT && !cf_session_is(session, CF_SESSION_AUTHENTICATED))
        cf_call_fatal(call, CF_TROUBLE_UNAUTHORIZED);
    else if (run == NULL)
        cf_call_fatal(call, CF_TROUBLE_NO_METHOD);
    else
        run(call);
}

static void leave_waiting(cf_session *session, cf_session_call *call)
{
    cf_bundle *bundle = session->bundle;
    cf_list_append(&bundle->waiting, &call->link);
    call->ends = bundle->taken == bundle->count;
    call->started = bundle->started;
    call->weight = CF_CALL_WEIGHT + call->command.params.size;
    bundle->under_way += call->weight;
    call->command.params = CF_BYTES("");
    if (!call->done && !cf_call_keep(call))
        cf_call_fatal(call, CF_TROUBLE_INTERNAL);
    settle(session);
}

static void put_away(cf_session *session, cf_session_call *call)
{
    cf_bundle *bundle = session->bundle;
    bool answered = call->done && cf_list_empty(&bundle->waiting);
    if (call->held)
        bundle->next = call;
    else if (call->pins == 0 && (answered || cf_session_is(session, CF_SESSION_ENDED)))
        free_call(session, call);
    else
        leave_waiting(session, call);
}

/* After a command: is it the turn of others? */
static bool pause_for_others(cf_session *session)
{
    const cf_bundle *bundle = session->bundle;
    bool spent = has_more(bundle) && cf_turn_share_is_spent(&session->services->turn);
    bool held = bundle->next != NULL && bundle->next->held;
    if (!held && !spent)
        return false;
    interrupt(session);
    if (!held && !wait_for_turn(session))
        cf_session_cut_off(session, CF_TROUBLE_INTERNAL);
    return true;
}

/* The loop has come to its end: the message is answered, or it waits. */
static void end_run(cf_session *session)
{
    cf_bundle *bundle = session->bundle;
    if (bundle->scratch.failed)
        cf_session_cut_off(session, CF_TROUBLE_INTERNAL);
    bool unanswered = !cf_list_empty(&bundle->waiting);
    if (!cf_session_is(session, CF_SESSION_ENDED) && (unanswered || (!is_over(session) && has_more(bundle))) &&
        !suspend(session))
        cf_session_cut_off(session, CF_TROUBLE_INTERNAL);
    if (!cf_session_is(session, CF_SESSION_SUSPENDED) && !unanswered)
        finish(session);
}

/* Carries out the commands of the message, from where it stands. */
static void run(cf_session *session)
{
    cf_session_call *call;
    session->flags |= CF_SESSION_RUNNING;
    session->flags &= ~(uint32_t)CF_SESSION_SUSPENDED;
    while (!is_over(session) && (call = next_call(session)) != NULL) {
        carry_out(session, call);
        put_away(session, call);
        if (!is_over(session) && pause_for_others(session))
            break;
    }
    session->flags &= ~(uint32_t)CF_SESSION_RUNNING;
    end_run(session);
}

/* The bundle is empty, or open. */
static size_t begin_message(cf_session *session, cf_ws_opcode opcode, cf_bytes message)
{
    const cf_server_environment *environment = &session->services->environment;
    cf_bundle *bundle = session->bundle;
    cf_free(session->services->allocator, bundle->copy);
    bundle->copy = NULL;
    bundle->message = message;
    bundle->taken = 0;
    bundle->started = environment->microseconds(environment->user);
    cf_buffer_clear(&bundle->scratch);
    bundle->count = session->ops->dialect->begin(&bundle->cursor, message, opcode == CF_WS_BINARY, &bundle->scratch);
    return bundle->count;
}

static void take_message(cf_session *session, cf_ws_opcode opcode, cf_bytes message)
{
    cf_services *services = session->services;
    services->metrics->client_api_num_requests++;
    services->metrics->client_bytes_in += (int64_t)message.size;
    if (message.size > session->request_max) {
        cf_session_cut_off(session, CF_TROUBLE_LIMIT_EXCEEDED);
        return;
    }
    if (session->bundle == NULL && !take_bundle(session)) {
        cf_session_cut_off(session, CF_TROUBLE_INTERNAL);
        return;
    }
    if (begin_message(session, opcode, message) > 0) {
        run(session);
        return;
    }
    cf_session_cut_off(session, session->bundle->scratch.failed ? CF_TROUBLE_INTERNAL : CF_TROUBLE_INVALID);
    if (first_waiting(session->bundle) == NULL)
        finish(session);
}

/* ---- messages that were kept --------------------------------------------- */

/* What stands before a message that is kept. */
typedef struct head {
    size_t size;
    cf_ws_opcode opcode;
} head;

static bool keep(cf_session *session, cf_ws_opcode opcode, cf_bytes message)
{
    cf_later *later = cf_message_later(session);
    head before = {.size = message.size, .opcode = opcode};
    if (later == NULL || !cf_buffer_reserve(&later->messages, sizeof before + message.size))
        return false;
    cf_buffer_append(&later->messages, cf_bytes_make((const char *)&before, sizeof before));
    cf_buffer_append(&later->messages, message);
    return true;
}

/* The next one that was kept; false when there is none. */
static bool next_kept(cf_later *later, cf_ws_opcode *opcode, cf_bytes *message)
{
    head before;
    if (later->offset == later->messages.size)
        return false;
    const char *at = later->messages.data + later->offset;
    memcpy(&before, at, sizeof before);
    *opcode = before.opcode;
    *message = cf_bytes_make(at + sizeof before, before.size);
    later->offset += sizeof before + before.size;
    return true;
}

static void take_kept(cf_session *session)
{
    cf_ws_opcode opcode;
    cf_bytes message;
    while (session->later != NULL && !is_over(session) && !cf_message_waits(session) && !must_wait(session)) {
        if (next_kept(session->later, &opcode, &message))
            take_message(session, opcode, message);
        else
            cf_message_free_later(session);
    }
    if (!cf_session_is(session, CF_SESSION_ENDED) && !cf_message_waits(session))
        set_paused(session, false);
}

/* The next turn has come. */
static void on_turn(cf_task *task)
{
    cf_session *session = CF_CONTAINER(task, cf_later, task)->session;
    session->pins++;
    if (cf_session_is(session, CF_SESSION_SUSPENDED))
        run(session);
    take_kept(session);
    cf_session_unpin(session);
}

void cf_message_go_on(cf_session *session)
{
    settle(session);
    if (waits_for_turn(session) && has_more(session->bundle))
        return;
    run(session);
    take_kept(session);
}

void cf_session_receive(cf_session *session, cf_ws_opcode opcode, cf_bytes message)
{
    if (is_over(session))
        return;
    session->pins++;
    if (!cf_message_waits(session) && !must_wait(session))
        take_message(session, opcode, message);
    else if (!keep(session, opcode, message))
        cf_session_cut_off(session, CF_TROUBLE_LIMIT_EXCEEDED);
    cf_session_unpin(session);
}

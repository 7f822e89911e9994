#include "server/call.h"

#include <string.h>

#include "server/session_state.h"

void cf_call_wait(cf_session_call *call)
{
    call->pins++;
    call->session->pins++;
}

bool cf_call_enter(const cf_session_call *call)
{
    return !cf_session_is(call->session, CF_SESSION_ENDED);
}

/* Answers nest when a step's operation completes at once: only the outermost goes on with the message. */
void cf_call_leave(cf_session_call *call)
{
    cf_session *session = call->session;
    call->pins--;
    if (call->pins == 0 && call->done && !cf_session_is(session, CF_SESSION_ENDED | CF_SESSION_RUNNING))
        cf_message_go_on(session);
    cf_session_unpin(session);
}

bool cf_call_params(cf_session_call *call, cf_params *params)
{
    cf_session *session = call->session;
    if (session->ops->dialect->params(call->command.method, call->command.params, params, &session->bundle->scratch))
        return true;
    cf_call_fatal(call, CF_TROUBLE_INVALID);
    return false;
}

/* Where its reply goes: behind the others, or aside while one before it is not answered. */
static cf_buffer *place_of_reply(cf_session_call *call)
{
    cf_bundle *bundle = call->session->bundle;
    if (cf_list_empty(&bundle->waiting) || bundle->waiting.next == &call->link) {
        cf_bundle_separate(bundle, call->session->ops->dialect, call->of);
        return &bundle->replies;
    }
    cf_buffer_init(&call->reply, call->session->services->allocator, CF_BUFFER_NO_LIMIT);
    return &call->reply;
}

/* The replies of one message must not be more than the client may have waiting. */
void cf_call_reply(cf_session_call *call, cf_reply *reply)
{
    cf_session *session = call->session;
    cf_bundle *bundle = session->bundle;
    cf_buffer *out = place_of_reply(call);
    reply->method = call->command.method;
    reply->uid = call->command.uid;
    session->ops->dialect->reply(out, reply);
    call->done = true;
    bundle->aside += call->reply.size;
    if (out->failed)
        cf_call_fatal(call, CF_TROUBLE_INTERNAL);
    else if (bundle->replies.size + bundle->aside > session->queue_max)
        cf_call_fatal(call, CF_TROUBLE_SLOW);
}

void cf_call_refuse(cf_session_call *call, cf_trouble trouble)
{
    cf_call_reply(call, &(cf_reply){.trouble = trouble, .channel = call->channel});
}

void cf_call_fatal(cf_session_call *call, cf_trouble trouble)
{
    cf_session_cut_off(call->session, trouble);
}

bool cf_call_hold(cf_session_call *call, cf_channel *channel)
{
    cf_session *session = call->session;
    cf_later *later = channel->behind > 0 ? cf_message_later(session) : NULL;
    call->held = later != NULL && cf_hub_hold_publish(session->services->hub, channel, &later->task);
    return call->held;
}

static void copy_slice(cf_bytes *slice, char **to)
{
    if (slice->size > 0)
        memcpy(*to, slice->data, slice->size);
    if (slice->data != NULL)
        slice->data = *to;
    *to += slice->size;
}

bool cf_call_keep(cf_session_call *call)
{
    const cf_allocator *allocator = call->session->services->allocator;
    char *texts =
        cf_alloc(allocator, call->command.uid.size + call->command.params.size + call->channel.size + call->last.size + 1);
    char *to = texts;
    if (texts == NULL)
        return false;
    copy_slice(&call->command.uid, &to);
    copy_slice(&call->command.params, &to);
    copy_slice(&call->channel, &to);
    copy_slice(&call->last, &to);
    cf_free(allocator, call->texts);
    call->texts = texts;
    return true;
}

void cf_call_free_texts(cf_session_call *call)
{
    cf_free(call->session->services->allocator, call->texts);
    call->texts = NULL;
    if (call->reply.allocator != NULL)
        cf_buffer_free(&call->reply);
    call->reply = (cf_buffer){.allocator = NULL};
}

/*
 * A call: one command of a client's message, from its beginning to its answer. It is what the engine's callbacks get as `user`:
 *
 *     cf_call_wait(call);
 *     cf_broker_publish(broker, &publication, options, published, call);
 *
 *     static void published(void *user, cf_engine_status status)
 *     {
 *         cf_session_call *call = user;
 *         if (cf_call_enter(call))
 *             ... reply, or the next step ...
 *         cf_call_leave(call);
 *     }
 *
 * It does not matter whether the callback comes at once or later. After an operation that was answered later, slices of the
 * call are still valid, options of a channel are not: look them up again.
 */
#ifndef CF_SERVER_CALL_H
#define CF_SERVER_CALL_H

#include "server/hub.h"

struct cf_session;

/* Its slices are the message's, and its own once it has to wait. */
typedef struct cf_session_call {
    cf_list link;  /* in bundle->waiting */
    cf_list asked; /* in bundle->asked */
    struct cf_session *session;
    cf_command command;
    cf_bytes channel; /* decoded by the command */
    cf_bytes last;    /* of a subscribe */
    bool recover;     /* of a subscribe */
    bool withdrawn;   /* of a subscribe that is not answered: the server has unsubscribed the channel meanwhile */
    bool done;        /* replied */
    bool held;        /* a publish that waits for subscribers: to be carried out again */
    bool ends;        /* its message; this and what follows is known once it has to wait */
    uint32_t pins;    /* engine operations that will come back with it */
    size_t of;        /* commands in its message */
    size_t weight;    /* among those that are under way */
    uint64_t started; /* its message: microseconds */
    char *texts;      /* its own copy of the slices, or NULL */
    cf_buffer reply;  /* while one before it is not answered; zeroed: there is none */
} cf_session_call;

void cf_call_wait(cf_session_call *call);
/* False when the session has ended meanwhile. */
bool cf_call_enter(const cf_session_call *call);
void cf_call_leave(cf_session_call *call);

/* Reads the parameters of all methods but connect, refresh and subscribe; false: the session was closed (`invalid message`). */
bool cf_call_params(cf_session_call *call, cf_params *params);
/* Method and uid are filled in here. */
void cf_call_reply(cf_session_call *call, cf_reply *reply);
/* The reply of a command that failed, and has nothing to tell but its channel. */
void cf_call_refuse(cf_session_call *call, cf_trouble trouble);
/* Closes the session. */
void cf_call_fatal(cf_session_call *call, cf_trouble trouble);
/* True: the publish waits, since subscribers of the channel are behind; the command is called again. */
bool cf_call_hold(cf_session_call *call, cf_channel *channel);

/* The message's memory goes, or is used for the next command: the call gets its own. False without memory. */
bool cf_call_keep(cf_session_call *call);
void cf_call_free_texts(cf_session_call *call);

/* Memory that is zeroed, or emptied, becomes the session's next call; its command is still to be read. */
static inline void cf_call_begin(cf_session_call *call, struct cf_session *session)
{
    call->session = session;
    call->channel = call->last = (cf_bytes){NULL, 0};
    call->recover = call->withdrawn = call->done = call->held = false;
}

/* Gives back all but the call itself. */
static inline void cf_call_empty(cf_session_call *call)
{
    cf_list_remove(&call->link);
    cf_list_remove(&call->asked);
    if (call->texts != NULL || call->reply.allocator != NULL)
        cf_call_free_texts(call);
}

#endif

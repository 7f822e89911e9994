/*
 * A SockJS session over HTTP answers, a server's side (server-spec.md 6.5, 11.1), no I/O. Over a WebSocket there is none: the
 * connection is the session.
 *
 * What happens goes in: a request that receives begins, an answer ends, something was sent, time passes. What is to be done
 * comes out one by one of cf_sockjs_session_next; the caller does it and says so, until it is CF_SOCKJS_DO_NOTHING. Messages
 * wait with the caller, who also bounds them; a caller whose answer takes nothing more just asks later.
 */
#ifndef CF_SOCKJS_SESSION_H
#define CF_SOCKJS_SESSION_H

#include "base/buffer.h"
#include "base/clock.h"

/* Of all sessions of a server. Times in ms. */
typedef struct cf_sockjs_rules {
    int64_t heartbeat;        /* 0: none */
    int64_t disconnect_delay; /* without a receiver */
    int64_t begin_delay;      /* of a streamed answer that has no frame yet, but for the session's first */
    size_t answer_max;        /* bytes of frames after which a streamed answer ends */
} cf_sockjs_rules;

#define CF_SOCKJS_DISCONNECT_DELAY 5000
/* Who gets many messages has one by then, and the answer's head goes out with it: that saves a write and waking the client. */
#define CF_SOCKJS_BEGIN_DELAY 50
#define CF_SOCKJS_ANSWER_MAX  131072

typedef enum cf_sockjs_action {
    CF_SOCKJS_DO_NOTHING,
    CF_SOCKJS_DO_BEGIN,    /* a streamed answer; then cf_sockjs_session_begun */
    CF_SOCKJS_DO_SEND,     /* the frame of cf_sockjs_session_frame; then cf_sockjs_session_sent */
    CF_SOCKJS_DO_MESSAGES, /* the messages that wait, as one frame; then cf_sockjs_session_sent */
    CF_SOCKJS_DO_END,      /* the answer: cf_sockjs_session_left first, since the client may come again before it was told */
    CF_SOCKJS_DO_FORGET    /* the session is over: free it */
} cf_sockjs_action;

typedef struct cf_sockjs_session {
    const cf_sockjs_rules *rules;
    cf_time deadline;   /* for cf_sockjs_session_tick */
    size_t sent;        /* bytes of frames in the receiver's answer */
    cf_buffer close;    /* the frame that every receiver gets once the server has closed; empty: it has not */
    bool opened;        /* `o` was sent */
    bool attached;      /* there is a receiver */
    bool streams;       /* its answer takes many frames */
    bool begun;         /* that was begun */
    bool waits;         /* until the deadline for a frame to begin with */
    bool full;          /* its answer is to end */
    bool heartbeat_due; /* for the receiver */
    bool over;          /* nobody comes any more */
} cf_sockjs_session;

/* For the first receiver, which still has to be attached. `rules` are kept. */
void cf_sockjs_session_init(cf_sockjs_session *session, const cf_sockjs_rules *rules, const cf_allocator *allocator);
void cf_sockjs_session_free(cf_sockjs_session *session);

/* False: there is a receiver; this one gets the close frame of CF_SOCKJS_STILL_OPEN, and its answer ends. */
bool cf_sockjs_session_attach(cf_sockjs_session *session, bool streams, cf_time now);
/* The answer has ended as it should; within the rules' delay another one has to begin. */
void cf_sockjs_session_left(cf_sockjs_session *session, cf_time now);
/* The receiver's connection is gone: the session, too. */
void cf_sockjs_session_lost(cf_sockjs_session *session);
/* The server ends it without a word: a receiver's answer just ends. */
void cf_sockjs_session_drop(cf_sockjs_session *session);
/* The server has closed: what waits may still be sent, then comes the close frame. Again without effect. */
void cf_sockjs_session_close(cf_sockjs_session *session, int code, cf_bytes reason, cf_time now);

/* `waiting`: are there messages? */
cf_sockjs_action cf_sockjs_session_next(const cf_sockjs_session *session, bool waiting);
/* Of CF_SOCKJS_DO_SEND, unwrapped. */
cf_bytes cf_sockjs_session_frame(const cf_sockjs_session *session);
void cf_sockjs_session_begun(cf_sockjs_session *session);
/* What next() said was sent, `size` bytes with its wrapping. */
void cf_sockjs_session_sent(cf_sockjs_session *session, bool messages, size_t size);

/* CF_TIME_NEVER: time changes nothing. */
cf_time cf_sockjs_session_deadline(const cf_sockjs_session *session);
void cf_sockjs_session_tick(cf_sockjs_session *session, cf_time now);

#endif

/*
 * The inside of a session, for the hub, the commands and the session itself;
 * transports see session.h only. What the fan-out touches stands first.
 */
#ifndef CF_SERVER_SESSION_STATE_H
#define CF_SERVER_SESSION_STATE_H

#include "server/call.h"
#include "server/identity.h"
#include "server/session.h"

/*
 * More input than this and one message of the largest size behind what waits closes the session. The transport is paused, so it
 * can only be what was already read.
 */
#define CF_SESSION_LATER_MAX (1024 * 1024)

/* Bytes that may wait for a client before others wait for it; or half of client_queue_max_size, where that is less. */
#define CF_SESSION_BACKLOG (256 * 1024)

/*
 * Publishes of one client that may be under way to the engine together: bytes of their parameters, and so many more for each.
 * What it sends on top of them waits.
 */
#define CF_SESSION_UNDER_WAY_MAX (256 * 1024)
#define CF_CALL_WEIGHT           256

enum {
    CF_SESSION_AUTHENTICATED = 1,
    CF_SESSION_ENDED = 2,         /* only its memory is left */
    CF_SESSION_RUNNING = 4,       /* in the loop over the commands of a message */
    CF_SESSION_SUSPENDED = 8,     /* in the middle of a message: commands wait for the engine, or the rest for the next turn */
    CF_SESSION_SLOW = 16,         /* over client_queue_max_size: to be closed */
    CF_SESSION_STARVED = 32,      /* a message was lost, for want of memory, of room or of the engine: to be closed */
    CF_SESSION_PAUSED = 64,       /* the transport was asked to stop reading */
    CF_SESSION_BEHIND = 128,      /* more than CF_SESSION_BACKLOG waits: others wait for it */
    CF_SESSION_GIVEN_UP = 256,    /* it was behind for too long; until nothing waits */
    CF_SESSION_WAS_PRESENT = 512, /* in a channel that it has left */
    CF_SESSION_STUCK = 1024       /* in hub->stuck */
};

#define CF_SESSION_DOOMED (CF_SESSION_SLOW | CF_SESSION_STARVED)

/*
 * A message from the client: its commands, and the replies to them. Where nothing but publishes is waited for, the next one
 * begins in the same bundle; what is said here of a message is said of the newest one.
 */
typedef struct cf_bundle {
    cf_dialect_cursor cursor;
    size_t count; /* of commands */
    size_t taken; /* of them */
    cf_bytes message;
    char *copy; /* of the message, when it is suspended */
    cf_buffer scratch;
    cf_buffer replies;
    size_t aside;           /* bytes of replies that stand with their calls */
    size_t under_way;       /* the weight of those that wait */
    cf_hold hold;           /* behind the replies */
    cf_list waiting;        /* calls that are begun, and not answered or behind one that is not; in their order */
    cf_list asked;          /* those that wait for the hub */
    cf_session_call *next;  /* read, but not begun: it waits for others */
    cf_session_call *spare; /* memory for the next one */
    bool subscribed;        /* to something: what is published after it comes behind the replies */
    uint64_t started;       /* microseconds */
} cf_bundle;

/* What a session does later: the rest of a message, then those that came meanwhile (each with a head). */
typedef struct cf_later {
    cf_task task; /* queued while it waits for the next turn */
    struct cf_session *session;
    cf_buffer messages;
    size_t offset;
} cf_later;

struct cf_session {
    cf_outbox outbox;
    uint32_t flags;
    uint32_t request_max; /* bytes; the configuration allows 1 GiB */
    size_t queue_max;
    cf_list due; /* in one of the hub's lists of those that are written, stuck, or closed */
    const cf_transport_ops *ops;
    void *transport;
    cf_open replies;
    cf_services *services;
    cf_list link; /* in hub->sessions or hub->zombies */
    cf_user *user;
    cf_list user_link;
    cf_hub_subscription *subscriptions;
    uint32_t subscription_count;
    uint32_t subscription_capacity;
    cf_hub_text *info; /* default_info, or NULL */
    cf_timer timer;
    cf_time ends_at;     /* stale, or expired */
    cf_time presence_at; /* the next presence ping; only while there are subscriptions */
    cf_time patience_at; /* while it is behind: when it is given up */
    int64_t issued_at;   /* of the identity: Unix s */
    cf_bundle *bundle;   /* NULL: no message is being worked on */
    cf_later *later;
    uint32_t pins; /* engine operations that will come back, and our own loops: freed when none is left */
    char id[CF_UUID_SIZE];
};

static inline bool cf_session_is(const cf_session *session, uint32_t flags)
{
    return (session->flags & flags) != 0;
}

static inline size_t cf_session_backlog(const cf_session *session)
{
    return session->queue_max / 2 < CF_SESSION_BACKLOG ? session->queue_max / 2 : CF_SESSION_BACKLOG;
}

/* As others see it; `subscription` NULL: without a channel's info. */
cf_client_info cf_session_info(const cf_session *session, const cf_hub_subscription *subscription);

/* The last one frees an ended session. */
void cf_session_unpin(cf_session *session);
/* Frees what is left of an ended session whose engine operations will not come back. */
void cf_session_forget(cf_session *session);

/* Ends a subscription: presence, leave, hub (server-spec.md 2.7). */
void cf_session_leave_channel(cf_session *session, cf_hub_subscription *subscription);
/*
 * The engine is about to be told that the session is present: what was to take that back does not any more. False without
 * memory: it may not be told.
 */
bool cf_session_is_present(cf_session *session, cf_hub_subscription *subscription);
/* Sends the push of a server-side unsubscribe, after leaving the channel where it was subscribed. */
void cf_session_unsubscribe(cf_session *session, cf_bytes channel);

/* message.c: goes on with the message, since a call that waited is answered. */
void cf_message_go_on(cf_session *session);
/* Is the session in the middle of a message, or does its next one wait? */
bool cf_message_waits(const cf_session *session);
/* NULL without memory. */
cf_later *cf_message_later(cf_session *session);
void cf_message_free(cf_session *session);
void cf_message_free_later(cf_session *session);
/* What stands before the next reply to a message with so many commands. */
void cf_bundle_separate(cf_bundle *bundle, const cf_dialect *dialect, size_t of);
void cf_bundle_free(cf_bundle *bundle, const cf_allocator *allocator);

/* Info, where there is any, and the end are this identity's from now on; false without memory. The user is the hub's affair. */
bool cf_session_identify(cf_session *session, const cf_identity *identity);
/* From the first subscription on: the presence pings. */
void cf_session_start_presence(cf_session *session);
static inline void cf_session_arm(cf_session *session)
{
    cf_time at = session->ends_at < session->presence_at ? session->ends_at : session->presence_at;
    cf_wheel_set(session->services->wheel, &session->timer, session->patience_at < at ? session->patience_at : at);
}
/* `seconds` after this turn's time, in ms. */
cf_time cf_session_after(const cf_session *session, int64_t seconds);

#endif

/*
 * Who listens to what: channel -> subscribers, user -> sessions, and the table
 * of all sessions. The way of a message from the engine to the outboxes.
 *
 * docs/internals.md has the rule of order; this is how it is kept. What a turn has
 * for the members of a channel that speak one dialect (an audience), or for one
 * session, is collected in an open chunk. Open chunks stand in a list in the order of
 * their opening and are closed in that order only: closing one closes all that were
 * opened before it. So each session gets pushes and replies in the order in which they came
 * about, although most of them are handed out once, at the end of the turn.
 * An audience's chunk is closed before its members change.
 *
 * What a session has waiting is written at the end of a turn, as far as the
 * turn's writes reach (turn.h); the rest is written in the next ones, by the
 * outboxes in the same order. Sessions with an answer to a command come before
 * those that have pushes only.
 *
 * A session with more waiting than CF_SESSION_BACKLOG is behind: who publishes to
 * its channels is held, and so are its own commands, until it has caught up or for
 * publish_wait_timeout. After that it is given up: nobody waits for it before it
 * has nothing waiting, and at client_queue_max_size it is closed.
 *
 * A member whose history is still to be read holds the channel's publications back (cf_hold): they come behind the answer that
 * tells what the history has, without those. Joins and leaves are not held back.
 *
 * The fan-out frees no session: one that is over its limit, though its transport
 * has tried to write, is marked (cf_hub_doomed) and closed by the node after it.
 */
#ifndef CF_SERVER_HUB_H
#define CF_SERVER_HUB_H

#include "base/map.h"
#include "server/outbox.h"
#include "server/services.h"
#include "wire/dialect.h"

struct cf_session;

/* A copy of some text in one allocation. */
typedef struct cf_hub_text {
    size_t size;
    char data[];
} cf_hub_text;

/* NULL without memory. */
cf_hub_text *cf_hub_text_new(const cf_allocator *allocator, cf_bytes bytes);

static inline cf_bytes cf_hub_text_bytes(const cf_hub_text *text)
{
    return text == NULL ? (cf_bytes){NULL, 0} : (cf_bytes){text->data, text->size};
}

/* The open chunk of an audience or a session in this turn. */
typedef struct cf_open {
    cf_list link;    /* in hub->open */
    cf_chunk *chunk; /* NULL: none is open */
    uint32_t epoch;  /* how many chunks of audiences had been opened before this one */
    bool of_session;
    bool of_messages; /* of an audience: not for members that hold them back */
} cf_open;

typedef struct cf_hub_member {
    struct cf_session *session;
    uint32_t slot; /* of the subscription in the session's list */
    bool waiting;  /* for the engine's answer to the channel's subscribe */
    bool holding;  /* publications, until its subscribe is answered */
} cf_hub_member;

/* What members of channels hold back for one session, in the order of publication. Zeroed: nothing. */
typedef struct cf_hold {
    cf_buffer messages; /* each a head, its id and its text: hub.c */
    uint32_t channels;
} cf_hold;

/* The members of a channel who speak one dialect: what is pushed is encoded once for them. */
typedef struct cf_audience {
    struct cf_audience *next;
    const cf_dialect *dialect;
    cf_open open;
    cf_hub_member *members; /* dense: a removed one is replaced by the last */
    uint32_t count;
    uint32_t capacity;
    uint32_t holding; /* members that hold publications back */
} cf_audience;

typedef struct cf_channel {
    cf_map_node node;
    cf_audience first; /* mostly the only one; others stay until the channel goes */
    struct cf_hub *hub;
    uint32_t behind;  /* members that publishers wait for */
    cf_list held;     /* tasks of these publishers */
    bool active;      /* the engine has subscribed this node to it */
    bool asked;       /* it was asked to: who failed may have done it nevertheless */
    bool subscribing; /* the engine is at it: the channel stays even without members */
    size_t name_size;
    char name[];
} cf_channel;

/* One entry of a session's list. */
typedef struct cf_hub_subscription {
    cf_channel *channel;
    cf_hub_text *info; /* channel_info of a private channel, or NULL */
    uint32_t index;    /* in the members of its audience */
    bool present;      /* the engine knows of the session's presence */
} cf_hub_subscription;

/* A user id with at least one authenticated session. */
typedef struct cf_hub_user {
    cf_map_node node;
    cf_list sessions;
    uint32_t count;
    size_t id_size;
    char id[];
} cf_hub_user;

#define CF_HUB_TRANSPORTS 4 /* kinds of them; of further ones sessions are not counted */

typedef struct cf_hub {
    cf_services *services;
    const cf_allocator *allocator;
    cf_map channels;
    cf_map users;
    cf_list sessions; /* all that are open */
    cf_list zombies;  /* ended, but an engine operation still has to come back */
    size_t session_count;
    size_t authenticated_count;
    cf_list open; /* chunks, in the order of their opening */
    uint32_t epoch;
    /* A session is in at most one of these lists. */
    cf_list answered; /* to be written, with an answer */
    cf_list dirty;    /* to be written, pushes only */
    cf_list doomed;   /* to be closed */
    cf_list stuck;    /* their transports did not take all that they should write */
    cf_list held;     /* tasks of sessions that are behind themselves */
    cf_list walks;    /* that are not over */
    struct {
        const char *name;
        size_t sessions;
    } transports[CF_HUB_TRANSPORTS]; /* in the order of their first session */
    cf_buffer text;                  /* for encoding one push */
    /* The engine's answer to a subscribe for which a session waits. */
    void (*subscribed)(struct cf_session *session, const cf_channel *channel, cf_engine_status status);
} cf_hub;

void cf_hub_init(cf_hub *hub, cf_services *services, uint32_t seed,
                 void (*subscribed)(struct cf_session *, const cf_channel *, cf_engine_status));
/* Sessions are gone already. */
void cf_hub_free(cf_hub *hub);
/* Without `control`, which is not its affair. */
cf_engine_sink cf_hub_sink(cf_hub *hub);

/* A new session that has its transport. */
void cf_hub_add(cf_hub *hub, struct cf_session *session);
/* Takes an ended session out of everything but its channels. */
void cf_hub_remove(cf_hub *hub, struct cf_session *session);
/*
 * The session is this user's from now on; or CF_TROUBLE_LIMIT_EXCEEDED (of user_connection_limit), or CF_TROUBLE_INTERNAL
 * without memory.
 */
cf_trouble cf_hub_authenticate(cf_hub *hub, struct cf_session *session, cf_bytes user);
/* Has the user, who is not anonymous, as many connections as one may have, at all workers of this process? */
bool cf_hub_is_full(const cf_hub *hub, cf_bytes user);
cf_hub_user *cf_hub_user_of(const cf_hub *hub, cf_bytes user);

/*
 * From one session of a user to the next, over several turns: those that were there at the beginning, and have not ended yet.
 */
typedef struct cf_hub_walk {
    cf_list link;            /* in hub->walks */
    struct cf_session *next; /* NULL: the walk is over */
    struct cf_session *last;
} cf_hub_walk;

void cf_hub_begin_walk(cf_hub *hub, cf_hub_walk *walk, cf_bytes user);
/* Returns `next`, which the caller may close, and moves on. */
struct cf_session *cf_hub_walk_on(cf_hub_walk *walk);
/* Whether it is over or not. */
void cf_hub_end_walk(cf_hub_walk *walk);

/* Does the subscription still wait for the engine? */
bool cf_hub_waits(const struct cf_session *session, const cf_hub_subscription *subscription);

/* NULL: not subscribed. Valid until the session's subscriptions change. */
cf_hub_subscription *cf_hub_find(const cf_hub *hub, struct cf_session *session, cf_bytes channel);

typedef enum cf_hub_result { CF_HUB_DONE, CF_HUB_WAIT, CF_HUB_FAILED } cf_hub_result;

/*
 * `info` (or NULL) belongs to the hub afterwards, whatever comes out. `hold`: what is published is held back until
 * cf_hub_release. CF_HUB_WAIT: hub->subscribed is called later, unless the session ends before. CF_HUB_FAILED: no memory, or
 * the engine refused; the session is not subscribed.
 */
cf_hub_result cf_hub_subscribe(cf_hub *hub, struct cf_session *session, cf_bytes channel, cf_hub_text *info, bool hold);
/* Closes the channel's chunk first, so that the session gets what was published before. */
void cf_hub_unsubscribe(cf_hub *hub, struct cf_session *session, cf_hub_subscription *subscription);

/* Of what is held back, forgets the message and all of its channel before it, where it is there: the history has them. */
void cf_hub_skip(struct cf_session *session, const cf_channel *channel, cf_bytes uid);
/* The answers are queued: what was held back comes behind them, and nothing is held back any more. All chunks are closed. */
void cf_hub_release(cf_hub *hub, struct cf_session *session);

/* True: the task is held, since a member of the channel is behind. Not twice for one that has waited as long as it may. */
bool cf_hub_hold_publish(cf_hub *hub, cf_channel *channel, cf_task *task);
/* NULL: nobody here is subscribed. */
cf_channel *cf_hub_channel(const cf_hub *hub, cf_bytes name);
/* Is the session behind, its answers of this turn included? */
bool cf_hub_is_behind(cf_hub *hub, struct cf_session *session);
/* Some of what waited for the session is written. */
void cf_hub_written(cf_hub *hub, struct cf_session *session);
/* The session is behind for too long. */
void cf_hub_give_up(cf_hub *hub, struct cf_session *session);

/* Queues one message (a text) for one session, behind what was queued for it in this turn. */
void cf_hub_send(cf_hub *hub, struct cf_session *session, cf_bytes text);
/* The same, behind the answers that are still kept for it. */
void cf_hub_send_behind(cf_hub *hub, struct cf_session *session, cf_bytes text);
/* A message for this session was lost for want of memory: the node closes it at the end of the turn. */
void cf_hub_starve(cf_hub *hub, struct cf_session *session);
/* The end of the turn: hands out all open chunks. */
void cf_hub_close_chunks(cf_hub *hub);
/* One of the marked sessions, to be closed; NULL when there is none. */
struct cf_session *cf_hub_doomed(const cf_hub *hub);
/* The session's transport could write again, or has more to write than it should at a time: it is asked when the turn ends. */
void cf_hub_want_flush(cf_hub *hub, struct cf_session *session);
/* Lets the transports write what this turn may. True when nobody is left who could write. */
bool cf_hub_flush(cf_hub *hub);

#endif

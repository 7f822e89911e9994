/*
 * What waits for sessions, and its order. docs/internals.md has the rule; this is how it is kept. What a turn has
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
 * The fan-out frees no session: one that is over its limit, though its transport
 * has tried to write, is marked (cf_hub_doomed) and closed by the node after it.
 */
#ifndef CF_SERVER_DELIVERY_H
#define CF_SERVER_DELIVERY_H

#include "server/outbox.h"
#include "server/turn.h"
#include "wire/dialect.h"

struct cf_channel;
struct cf_hub;
struct cf_session;

/* The open chunk of an audience or a session in this turn. */
typedef struct cf_open {
    cf_list link;    /* in hub->open */
    cf_chunk *chunk; /* NULL: none is open */
    uint32_t epoch;  /* how many chunks of audiences had been opened before this one */
    bool of_session;
    bool of_messages; /* of an audience: not for members that hold them back */
} cf_open;

/* Queues one message (a text) for one session, behind what was queued for it in this turn. */
void cf_hub_send(struct cf_hub *hub, struct cf_session *session, cf_bytes text);
/* A message for this session was lost for want of memory: the node closes it at the end of the turn. */
void cf_hub_starve(struct cf_hub *hub, struct cf_session *session);
/* The end of the turn: hands out all open chunks. */
void cf_hub_close_chunks(struct cf_hub *hub);
/* One of the marked sessions, to be closed; NULL when there is none. */
struct cf_session *cf_hub_doomed(const struct cf_hub *hub);
/* The session's transport could write again, or has more to write than it should at a time: it is asked when the turn ends. */
void cf_hub_want_flush(struct cf_hub *hub, struct cf_session *session);
/* Lets the transports write what this turn may. True when nobody is left who could write. */
bool cf_hub_flush(struct cf_hub *hub);

/* True: the task is held, since a member of the channel is behind. Not twice for one that has waited as long as it may. */
bool cf_hub_hold_publish(struct cf_hub *hub, struct cf_channel *channel, cf_task *task);
/* Is the session behind, its answers of this turn included? */
bool cf_hub_is_behind(struct cf_hub *hub, struct cf_session *session);
/* Some of what waited for the session is written. */
void cf_hub_written(struct cf_hub *hub, struct cf_session *session);
/* The session is behind for too long. */
void cf_hub_give_up(struct cf_hub *hub, struct cf_session *session);

/* ---- for the hub alone --------------------------------------------------- */

/* Opens a chunk where there is none. False without memory: nothing was appended. */
bool cf_hub_append(struct cf_hub *hub, cf_open *open, const cf_dialect *dialect, cf_bytes text);
/* Closes this chunk and, before it, all that were opened earlier. */
void cf_hub_close_until(struct cf_hub *hub, cf_open *last);
/* Nobody gets it any more. */
void cf_hub_discard(cf_open *open);
/* One member more, or less, that is behind. */
void cf_hub_count_behind(struct cf_channel *channel);
void cf_hub_uncount_behind(struct cf_channel *channel);

#endif

/*
 * The running server without its sockets: configuration, engine, hub, sessions
 * and timers. It does no I/O: time and messages come in, frames and closes go
 * out through the sessions' transports. The daemon drives it from libuv, the
 * simulator from a virtual clock.
 *
 * A turn: cf_node_begin_turn(now), then any number of messages and API calls,
 * then cf_node_end_turn, which closes the turn's chunks and flushes every
 * session that has something to send, as far as the turn's writes reach. The
 * driver says cf_node_begin_share before it hands in another connection's input,
 * and ends the turn early when the input of a turn is done (cf_node_is_busy), so that a
 * flooding publisher cannot postpone the flush. Who had to wait (turn.h) goes on in
 * cf_node_go_on, which is called in a turn of its own, not while input is handed in.
 *
 * The driver sets what only it can know in cf_node_services(node)->metrics: the gauges of memory, processor and threads; and it
 * records the latency of the HTTP API there. The metrics of clients are the node's own.
 *
 * Where a process has several workers (environment->member, team.h), each has a node, and together they are one to operators,
 * backends and other nodes. The driver opens the member's mailbox in turns, and goes on with it until all nodes have ended.
 */
#ifndef CF_SERVER_NODE_H
#define CF_SERVER_NODE_H

#include "server/figures.h"
#include "server/session.h"

typedef struct cf_node cf_node;

/* NULL without memory. The configuration is borrowed: it must outlive the node or the next cf_node_configure. */
cf_node *cf_node_new(const cf_server_environment *environment, const cf_config *config, cf_engine_maker engine, cf_time now,
                     int64_t unix_time);
/*
 * Drops all sessions without a word, then everything else. Calls of the API that still wait end with `internal server error`.
 */
void cf_node_free(cf_node *node);
/* A reload (8.4): what counts live counts from now. The old configuration must still be there. */
void cf_node_configure(cf_node *node, const cf_config *config);
cf_services *cf_node_services(cf_node *node);
/* For the start-up line. */
const char *cf_node_engine_name(const cf_node *node);

void cf_node_begin_turn(cf_node *node, cf_time now, int64_t unix_time);
void cf_node_begin_share(cf_node *node);
/* Lets those go on who had to wait. */
void cf_node_go_on(cf_node *node);
/* Was so much input worked on in this turn that what it has led to should go out? */
bool cf_node_is_busy(const cf_node *node);
/*
 * Runs what is due (timers, expiries), then as above. Returns when the next turn is needed at the latest: now, where something
 * is left.
 */
cf_time cf_node_end_turn(cf_node *node);

/* The end begins, or goes on at once (drain.h). Within a turn; then cf_node_is_shut_down is asked at each. */
void cf_node_shut_down(cf_node *node);
bool cf_node_is_shut_down(const cf_node *node);

/* Who carries out commands that come by the engine (engine.h). The node keeps a copy. */
typedef struct cf_node_commands {
    void (*take)(void *user, cf_bytes command);
    bool (*is_busy)(void *user);
    void *user;
} cf_node_commands;

/* Before that none is taken. */
void cf_node_set_commands(cf_node *node, const cf_node_commands *commands);

/* Who knows how the node's loop is, and whether its engine answers. The node keeps a copy. */
typedef struct cf_node_monitor {
    void (*look)(void *user, bool *engine_answers, cf_time *loop_lag);
    void *user;
} cf_node_monitor;

/* Before that the engine answers, and nothing is late. */
void cf_node_set_monitor(cf_node *node, const cf_node_monitor *monitor);

/* NULL: there is no memory, or the node ends. They are borrowed until the callback returns. */
typedef void (*cf_node_figures_done)(void *user, const cf_figures *figures);

/* At once where there is one worker; else when all have told theirs. */
void cf_node_gather(cf_node *node, cf_node_figures_done done, void *user);

size_t cf_node_session_count(const cf_node *node);

/* ---- what the HTTP API asks for (server-spec.md 5.3). The trouble is for the reply. ---- */

typedef void (*cf_node_done)(void *user, cf_trouble trouble);
/* `data`: the value of `data` in the reply's body, JSON; "null" on error. */
typedef void (*cf_node_data_done)(void *user, cf_trouble trouble, cf_bytes data);

void cf_node_publish(cf_node *node, cf_bytes channel, cf_bytes data, cf_bytes client, cf_bytes uid, cf_node_done done,
                     void *user);
/*
 * True: subscribers of the channel are behind; the task is held until they have caught up, but no longer than
 * publish_wait_timeout.
 */
bool cf_node_hold_publish(cf_node *node, cf_bytes channel, cf_task *task);
void cf_node_unsubscribe(cf_node *node, cf_bytes user_id, cf_bytes channel, cf_node_done done, void *user);
void cf_node_disconnect(cf_node *node, cf_bytes user_id, cf_node_done done, void *user);
void cf_node_presence(cf_node *node, cf_bytes channel, cf_node_data_done done, void *user);
void cf_node_history(cf_node *node, cf_bytes channel, cf_node_data_done done, void *user);
void cf_node_channels(cf_node *node, cf_node_data_done done, void *user);
void cf_node_stats(cf_node *node, cf_node_data_done done, void *user);
void cf_node_node(cf_node *node, cf_node_data_done done, void *user);

#endif

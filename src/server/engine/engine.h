/*
 * Engines keep what outlives a connection: who is present, what was published,
 * and the way of a message to every node. The interface fits a remote store:
 * each operation completes through a callback, at once (memory) or later (Redis),
 * exactly once unless the engine is destroyed first. Slices given to an operation
 * are borrowed until it returns; slices in a result until the callback returns.
 *
 * What comes back from the engine for this node's subscribers goes to
 * cf_engine_sink: a published message is delivered there, not by the publisher.
 *
 * Operations of one channel are carried out, and answered, in the order in which
 * they were given; but a publish may be answered later, while subscribers are behind.
 * Who failed may have been carried out nevertheless.
 *
 * An answer never overtakes the sink: before a publish is answered its message has come
 * there, before a history is, all that it contains, and before a subscribe is, what was
 * left of an earlier subscription. (What was published while the node was not subscribed
 * never comes.) A store whose messages take another way than its answers (Redis) sends a
 * mark of its own behind the messages, and the answer waits for that.
 *
 * An engine answers within a turn: in an operation, in `advance`, or after environment->enter.
 */
#ifndef CF_SERVER_ENGINE_ENGINE_H
#define CF_SERVER_ENGINE_ENGINE_H

#include "base/clock.h"
#include "server/config/config.h"
#include "server/environment.h"
#include "wire/wire.h"

typedef struct cf_engine cf_engine;

/* What nodes tell each other (server/control.h). */
typedef struct cf_engine_control {
    cf_bytes node; /* who says it */
    cf_bytes method;
    cf_bytes params; /* JSON */
} cf_engine_control;

/* Where messages arrive: the hub, and the node. */
typedef struct cf_engine_sink {
    void (*message)(void *user, const cf_publication *publication);
    void (*join_leave)(void *user, cf_method method, cf_bytes channel, const cf_client_info *info);
    /* Its own come back, too. NULL: another worker of this process hears them. */
    void (*control)(void *user, const cf_engine_control *control);
    /* A message that operators watch, as server/watch.h writes it. NULL where the engine has no `watch`. */
    void (*watched)(void *user, cf_bytes message);
    /*
     * The same, but it has come to another worker of this process first (engine/shared) and is counted there. NULL where there
     * is only one.
     */
    void (*passed_message)(void *user, const cf_publication *publication);
    void (*passed_join_leave)(void *user, cf_method method, cf_bytes channel, const cf_client_info *info);
    /*
     * True: subscribers of the channel are behind, and `caught_up` is called, once, when they are not any more, or are waited
     * for no longer.
     */
    bool (*hold)(void *user, cf_bytes channel, void (*caught_up)(void *waiting), void *waiting);
    /*
     * Messages of the channel (empty: of any) may not have come, as the way from the store was lost for a while: who can
     * recover has to, now. Not called where nothing can get lost.
     */
    void (*missed)(void *user, cf_bytes channel);
    /* A command of the API, as JSON, that came by the store; it is to be carried out. */
    void (*command)(void *user, cf_bytes command);
    /* Are some of them still being carried out? Then the store is asked for no more. */
    bool (*is_busy)(void *user);
    void *user;
} cf_engine_sink;

typedef enum cf_engine_status {
    CF_ENGINE_OK,
    CF_ENGINE_UNAVAILABLE, /* the store does not answer */
    CF_ENGINE_NO_MEMORY
} cf_engine_status;

typedef void (*cf_engine_done)(void *user, cf_engine_status status);

/* All who are present, in the order of their client ids. */
typedef void (*cf_engine_presence_done)(void *user, cf_engine_status status, const cf_client_info *infos, size_t count);
/* Newest first. `found`: with `since`, whether that message is in the history; messages are then the newer ones only. */
typedef void (*cf_engine_history_done)(void *user, cf_engine_status status, const cf_publication *publications, size_t count,
                                       bool found);
typedef void (*cf_engine_channels_done)(void *user, cf_engine_status status, const cf_bytes *channels, size_t count);

typedef struct cf_engine_history_query {
    size_t limit; /* 0: all */
    bool recover; /* only what is newer than `since`; all when it is not found */
    cf_bytes since;
} cf_engine_history_query;

typedef struct cf_engine_ops {
    const char *name; /* for the start-up line: "In memory - single node only" */
    /* `unsubscribe` and `presence_remove` never fail, and are answered before they return. */
    bool takes_back_at_once;
    void (*publish)(cf_engine *engine, const cf_publication *publication, const cf_channel_options *options,
                    cf_engine_done done, void *user);
    void (*publish_join_leave)(cf_engine *engine, cf_method method, cf_bytes channel, const cf_client_info *info,
                               cf_engine_done done, void *user);
    /* The node's first subscriber of a channel came, its last one went. */
    void (*subscribe)(cf_engine *engine, cf_bytes channel, cf_engine_done done, void *user);
    void (*unsubscribe)(cf_engine *engine, cf_bytes channel, const cf_channel_options *options, cf_engine_done done,
                        void *user);
    void (*presence_add)(cf_engine *engine, cf_bytes channel, const cf_client_info *info, int64_t expire_s, cf_engine_done done,
                         void *user);
    void (*presence_remove)(cf_engine *engine, cf_bytes channel, cf_bytes client, cf_engine_done done, void *user);
    void (*presence)(cf_engine *engine, cf_bytes channel, cf_engine_presence_done done, void *user);
    void (*history)(cf_engine *engine, cf_bytes channel, const cf_engine_history_query *query, cf_engine_history_done done,
                    void *user);
    /* Channels with at least one subscriber, on all nodes. */
    void (*channels)(cf_engine *engine, cf_engine_channels_done done, void *user);
    /* How many of these have their home here (engine/shared). NULL: the node knows it. */
    size_t (*channel_count)(const cf_engine *engine);
    /* To all nodes, in the order in which it is given. NULL: there is no other node. */
    void (*control)(cf_engine *engine, const cf_engine_control *control, cf_engine_done done, void *user);
    /* A message that operators watch, to all nodes where there are some. NULL: there is no other node. */
    void (*watch)(cf_engine *engine, cf_bytes message, cf_engine_done done, void *user);
    /* Can all of the store be used now? NULL: always. */
    bool (*is_healthy)(const cf_engine *engine);
    /* Time passes: expiries. Called when a turn begins and when it ends. Returns when it wants to be called next. */
    cf_time (*advance)(cf_engine *engine, cf_time now);
    void (*destroy)(cf_engine *engine);
} cf_engine_ops;

struct cf_engine {
    const cf_engine_ops *ops;
};

/* What an engine is made with. The host is gone then; what it points to outlives the engine, but for the configuration. */
typedef struct cf_engine_host {
    const cf_server_environment *environment;
    const cf_config *config; /* at the start; a channel's options come with each operation */
    const cf_engine_sink *sink;
    uint32_t seed; /* keeps hostile names from colliding */
    cf_time now;
    cf_bytes node; /* this node's id */
} cf_engine_host;

/* NULL without memory. What is a test's own, it finds by the environment's `user`. */
typedef cf_engine *(*cf_engine_maker)(const cf_engine_host *host);

/* engine/memory.c: everything completes at once. */
cf_engine *cf_engine_memory_new(const cf_engine_host *host);

#endif

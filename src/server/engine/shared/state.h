/*
 * The inside of the engine: errands, and what a worker is as a home. errand.c has their way, home.c what is done at the home,
 * engine.c what the worker's own node asks for.
 */
#ifndef CF_SERVER_ENGINE_SHARED_STATE_H
#define CF_SERVER_ENGINE_SHARED_STATE_H

#include "base/list.h"
#include "base/map.h"
#include "server/engine/shared/shared.h"
#include "server/team.h"

typedef struct cf_errand cf_errand;

/* One worker's. */
typedef struct cf_shared {
    cf_engine base;
    cf_engine_ops ops; /* without what the store has not */
    cf_team_member *member;
    const cf_allocator *allocator;
    cf_engine_sink sink; /* the node's */
    cf_engine *store;
    cf_map channels;    /* that are at home here and have listeners */
    cf_errand *current; /* that the store is being given */
    cf_list under_way;  /* errands that the store has not answered */
    uint64_t lost;      /* workers who have not been told of a message, for want of memory */
    size_t waiting;     /* bytes of what was asked of others */
} cf_shared;

typedef struct cf_errand_kind {
    /* At the home; cf_errand_done follows, now or later. */
    void (*carry_out)(cf_errand *errand, cf_shared *home);
    /* Of what is published: at each worker with listeners. */
    void (*deliver)(const cf_errand *errand, const cf_engine_sink *sink);
    /* Back at the asker's: tells the caller. NULL: nobody waits. */
    void (*finish)(const cf_errand *errand);
    bool holds; /* who is behind is waited for */
} cf_errand_kind;

/* A publication's way to one worker. */
typedef struct cf_delivery {
    cf_letter letter;
    cf_errand *errand;
} cf_delivery;

/* An operation of engine.h: which members count depends on its kind. Slices are its own. */
struct cf_errand {
    cf_letter letter;
    cf_list link; /* in home->under_way */
    const cf_errand_kind *kind;
    const cf_allocator *allocator;
    cf_team_member *asker;
    cf_shared *home;
    size_t size;
    atomic_uint holders; /* the home, until the store has answered; and who is to deliver it */
    bool returns;
    bool is_told; /* the asker's node has had it already */
    unsigned at;  /* of one that goes round: where it is */
    cf_method method;
    cf_bytes channel;
    cf_publication publication;
    cf_client_info info;
    cf_channel_options options;
    bool has_options;
    int64_t expire_s;
    cf_engine_history_query query;
    cf_engine_control control;
    union {
        cf_engine_done done;
        cf_engine_presence_done presence;
        cf_engine_history_done history;
        cf_engine_channels_done channels;
    } callback;
    void *user;
    /* the answer */
    cf_engine_status status;
    cf_client_info *infos;
    cf_publication *publications;
    size_t count;
    bool found;
    const cf_allocator *answer_allocator; /* of the two above */
    cf_buffer names;                      /* of channels: each a size_t and its bytes */
    cf_delivery deliveries[];             /* to each worker, of what is published */
};

static inline cf_shared *cf_shared_of(cf_engine *engine)
{
    return CF_CONTAINER(engine, cf_shared, base);
}

/* ---- errand.c ---- */

/* With room for so many bytes of texts, which begin at `*texts`. NULL: `why` says it. */
cf_errand *cf_errand_new(cf_shared *asker, const cf_errand_kind *kind, size_t size, char **texts, cf_engine_status *why);
void cf_errand_send(cf_shared *from, cf_errand *errand, cf_team_member *to);
/* The home has done its part. */
void cf_errand_done(cf_errand *errand, cf_engine_status status);
/* To a worker, who delivers it in his turn. */
void cf_errand_deliver_to(cf_shared *home, cf_errand *errand, cf_team_member *to);
/* It was delivered at its home: who is behind here is waited for, too. */
void cf_errand_hold_here(cf_errand *errand, cf_shared *home);
/* For the store: the errand is its `user`. */
void cf_errand_on_done(void *user, cf_engine_status status);
/* Of what the store has not answered when it goes. */
void cf_errand_give_up_all(cf_shared *home);

/* ---- home.c ---- */

extern const cf_errand_kind cf_errand_publish, cf_errand_join_leave, cf_errand_subscribe, cf_errand_unsubscribe,
    cf_errand_presence_add, cf_errand_presence_remove, cf_errand_presence, cf_errand_history, cf_errand_channels,
    cf_errand_control, cf_errand_watch;

/* Where what the store says arrives. */
cf_engine_sink cf_home_sink(cf_shared *home);
/* Does another worker listen to it? */
bool cf_home_has_others(const cf_shared *home, cf_bytes channel);
/* The worker's node does. False without memory. */
bool cf_home_add_listener(cf_shared *home, cf_bytes channel, unsigned worker);
/* True: it was the last one. */
bool cf_home_remove_listener(cf_shared *home, cf_bytes channel, unsigned worker);
/* Tells those who could not be told. */
void cf_home_tell_lost(cf_shared *home);
void cf_home_free(cf_shared *home);

#endif

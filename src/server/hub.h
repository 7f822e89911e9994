/*
 * Who listens to what: channel -> subscribers, and the table of all sessions. The way of a message from the engine to the
 * sessions (delivery.h).
 *
 * A member whose history is still to be read holds the channel's publications back (hold.h), but not joins and leaves.
 */
#ifndef CF_SERVER_HUB_H
#define CF_SERVER_HUB_H

#include "server/delivery.h"
#include "server/hold.h"
#include "server/users.h"

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

typedef struct cf_hub_member {
    struct cf_session *session;
    uint32_t slot; /* of the subscription in the session's list */
    bool waiting;  /* for the engine's answer to the channel's subscribe */
    bool holding;  /* publications, until its subscribe is answered */
} cf_hub_member;

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
    uint32_t behind;                /* members that publishers wait for */
    cf_list held;                   /* tasks of these publishers */
    bool active;                    /* the engine has subscribed this node to it */
    bool asked;                     /* it was asked to: who failed may have done it nevertheless */
    bool subscribing;               /* the engine is at it: the channel stays even without members */
    struct cf_retraction *reserved; /* for the engine's unsubscribe (broker.h) */
    size_t name_size;
    char name[];
} cf_channel;

/* One entry of a session's list. */
typedef struct cf_hub_subscription {
    cf_channel *channel;
    cf_hub_text *info;              /* channel_info of a private channel, or NULL */
    uint32_t index;                 /* in the members of its audience */
    bool present;                   /* the engine knows of the session's presence */
    struct cf_retraction *reserved; /* for taking that back (broker.h) */
} cf_hub_subscription;

#define CF_HUB_TRANSPORTS 4 /* kinds of them; of further ones sessions are not counted */

typedef struct cf_hub {
    cf_services *services;
    const cf_allocator *allocator;
    cf_map channels;
    cf_users users;
    cf_list sessions; /* all that are open */
    cf_list zombies;  /* ended, but an engine operation still has to come back */
    size_t session_count;
    cf_list open; /* chunks, in the order of their opening */
    uint32_t epoch;
    /* A session is in at most one of these lists. */
    cf_list answered; /* to be written, with an answer */
    cf_list dirty;    /* to be written, pushes only */
    cf_list doomed;   /* to be closed */
    cf_list stuck;    /* their transports did not take all that they should write */
    cf_list held;     /* tasks of sessions that are behind themselves */
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

/* The answers are queued: what was held back comes behind them, and nothing is held back any more. All chunks are closed. */
void cf_hub_release(cf_hub *hub, struct cf_session *session);

/* NULL: nobody here is subscribed. */
cf_channel *cf_hub_channel(const cf_hub *hub, cf_bytes name);
/* As cf_hub_send does, behind the answers that are still kept for it. */
void cf_hub_send_behind(cf_hub *hub, struct cf_session *session, cf_bytes text);
#endif

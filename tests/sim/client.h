/*
 * A driver for one client core, as small as the native one but with bytes that
 * travel through sim_link, and its user: one who calls the library from every
 * callback.
 */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

#include "link.h"
#include "wire/v1/sign.h"

/* So many attempts in a row may begin at once. */
#define SIM_QUICK_MAX 5

/* A subscription as its user saw it (watch.c). */
typedef struct sim_subscription {
    cf_list link;
    sim_client *client;
    cf_subscription *core;
    sim_channel *channel;
    bool removed;      /* the user removed it: REMOVED will come, and nothing else but results */
    bool unsubscribed; /* the user's last word was unsubscribe */
    bool subscribed;   /* the last event was SUBSCRIBE */
    bool gap_seen;     /* a hole among messages that came before the subscribe event */
    bool gap_open;     /* it was told that messages may be missing, */
    size_t gap_until;  /* up to this one */
    size_t seen;       /* number of the last message */
    size_t position;   /* the same, of the last time it was subscribed: what a recovery starts from; 0: unknown */
    unsigned excuses;  /* unsubscribe events without a subscribe event before them that may come */
} sim_subscription;

typedef struct sim_call {
    cf_list link;
    sim_client *client;
    unsigned number;
    bool done;
    sim_channel *published_to; /* of a publish: where, */
    uint64_t data;             /* the hash of what, */
    size_t size;               /* its bytes, */
    unsigned losses;           /* and client->losses when it was called */
    bool sent;
    const sim_subscription *subscription; /* while it is not done */
} sim_call;

/* Limits that are warned of: bytes, calls, subscriptions. */
#define SIM_WARNINGS 3

struct sim_client {
    sim_world *world;
    unsigned index;
    sim_heap heap;
    sim_random random; /* the core's own */
    cf_environment environment;
    cf_client_options options;
    char user[16];
    char timestamp[24];
    char token[CF_SHA256_HEX_SIZE];
    cf_client *core;     /* NULL between two lives */
    bool second;         /* the node of its last connection by WebSocket */
    sim_link *transport; /* the live one */
    cf_list requests;    /* made of the backend in this life */
    uint32_t last_request;
    bool pumping;
    unsigned turn_events; /* that are told in one turn; 0: all */
    bool halted;          /* the rest is for the next turn, */
    cf_time resume_at;    /* which comes then */
    cf_time turn_at;      /* when the first of these turns began */
    char *text;           /* that the core may still read */
    size_t text_size;
    unsigned text_oversize; /* `oversize` when it came */
    struct {
        bool taken;
        cf_event event;
        cf_buffer scratch; /* that the event's texts may lie in */
    } push;                /* of the text, read by the driver: push.c */
    bool lazy;             /* effects wait: the program has called several functions before it runs its loop */
    bool closing;          /* cf_client_shutdown was called */
    unsigned user_calls;   /* of this pump: bounded */

    /* watch.c */
    cf_list subscriptions;
    cf_list calls;
    unsigned call_count;
    const sim_channel *chosen;        /* the user's calls are about this one; NULL: about any */
    centrifuge_error subscribe_error; /* of the last sim_client_subscribe */
    unsigned losses;                  /* times that a subscription ended */
    unsigned kicks[SIM_CHANNELS_MAX]; /* times that the server was told to take a channel away */
    bool asked;                       /* connect() or a network change since the last transport */
    bool wanted;                      /* the user's last word, or the server's, is that there should be a connection */
    bool online;
    cf_time transport_over;   /* when the last one ended */
    cf_time transport_since;  /* when the last one was opened */
    bool silent;              /* the client gave it up because its peer was */
    int64_t retry_floor;      /* the shortest wait that the options allow, ms */
    cf_event_kind last_event; /* CONNECT or DISCONNECT */
    bool last_reconnect;
    bool connect_called; /* since the last of these events */
    bool any_event;
    unsigned opened;
    cf_time openings[SIM_QUICK_MAX]; /* when the last ones were */
    unsigned closes;                 /* TRANSPORT_CLOSE events */
    unsigned oversize;               /* times that it was told of a message that is too large */
    unsigned refreshes;              /* requests since it was told that they are given up */
    cf_time refreshed_at;
    unsigned refreshed_with; /* `opened` at the last one */

    /* sent.c */
    char known[24];     /* timestamp of the credentials that it has; empty: it may be another */
    cf_time expires_at; /* theirs */
    bool batching;      /* by the user's word */
    bool batch_holds;   /* and it was at rest since */
    bool auth_batching;
    int auth_allowance; /* authorizations that may be asked for before its end, -1: any number */
    unsigned frames;    /* with calls, of this turn */
    size_t last_size;   /* of the last frame, */
    unsigned last_commands;
    unsigned flushes;  /* by the user, */
    unsigned leaves;   /* and ends of a transport, since it was at rest */
    uint64_t failures; /* of memory, when it was at rest */

    /* refusal.c */
    size_t unsent; /* bytes that the transport has not sent, as the core was told */
    bool warned[SIM_WARNINGS];
    bool refused[SIM_WARNINGS]; /* since it was at rest */
};

sim_client *sim_client_new(sim_world *world, unsigned index);
void sim_client_free(sim_client *client);
/* A new core for the slot; false without memory. */
bool sim_client_start(sim_client *client);
/* Shuts down; frees at once, or when the pump that runs ends. */
void sim_client_destroy(sim_client *client);
/* As the last event said. */
bool sim_client_is_subscribed(const sim_client *client, const sim_channel *channel);
/* Carries out effects until there are none. */
void sim_client_pump(sim_client *client);
/* One random call of the library, outside or inside a callback. */
void sim_client_use(sim_client *client);
/* A certain one, about the subscription of a channel. */
typedef enum sim_habit {
    SIM_HABIT_CONNECT,
    SIM_HABIT_DISCONNECT,
    SIM_HABIT_SUBSCRIBE,
    SIM_HABIT_SUBSCRIBE_AGAIN,
    SIM_HABIT_UNSUBSCRIBE,
    SIM_HABIT_FLIP,
    SIM_HABIT_REMOVE,
    SIM_HABIT_PUBLISH,
    SIM_HABIT_BAD_PUBLISH,
    SIM_HABIT_PRESENCE,
    SIM_HABIT_HISTORY,
    SIM_HABIT_READY,
    SIM_HABIT_PING,
    SIM_HABIT_FIND,
    SIM_HABIT_CONFIGURE,
    SIM_HABIT_BATCHING,
    SIM_HABIT_AUTH_BATCHING,
    SIM_HABIT_COUNT
} sim_habit;
void sim_client_do(sim_client *client, sim_habit which, const sim_channel *channel);
void sim_client_connect(sim_client *client);
/* Of the user's, to be handed to the core at once. */
sim_call *sim_client_new_call(sim_client *client);
/* The live subscription of a channel, NULL when there is none; makes it with `make`. */
sim_subscription *sim_client_subscribe(sim_client *client, sim_channel *channel);
cf_time sim_client_deadline(const sim_client *client);
void sim_client_tick(sim_client *client);

/* What a link tells. After each, link->client may be NULL. */
void sim_client_opened(sim_link *link);
void sim_client_message(sim_link *link, cf_bytes text);
void sim_client_alive(sim_link *link);
/* So many bytes of what it has sent are still on their way. */
void sim_client_unsent(sim_link *link);
void sim_client_closed(sim_link *link, uint16_t code, cf_bytes reason, centrifuge_error error);

#endif

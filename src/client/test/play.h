/*
 * A client core with a user, a peer and a memory that may all misbehave, and the
 * rules that hold nevertheless. Breaking one ends the program with a message:
 *
 * - A call that was accepted has one result, another has none.
 * - One live transport; nothing is sent to another; ids count up.
 * - connect and disconnect alternate, subscribe and unsubscribe are told when they mean something.
 * - After the removal of a subscription, or the end of the client, there are no more events.
 * - No attempt to connect comes without a delay that nobody asked for, and few in a row that somebody did.
 * - A request is cancelled at most once, and none is left at the end.
 * - All memory comes back.
 *
 * For the tests of failing memory and of calls inside effects, and for the fuzzer; without cmocka.
 */
#ifndef CLIENT_TEST_PLAY_H
#define CLIENT_TEST_PLAY_H

#include "client/core.h"
#include "wire/v1/v1.h"

#define PLAY_CALLS_MAX         512
#define PLAY_SUBSCRIPTIONS_MAX 512
#define PLAY_CHANNELS          6
#define PLAY_REQUESTS_MAX      64
#define PLAY_QUICK_MAX         5

typedef enum play_action {
    PLAY_NOTHING,
    /* the user: anywhere */
    PLAY_CONNECT,
    PLAY_DISCONNECT,
    PLAY_SUBSCRIBE,
    PLAY_SUBSCRIBE_AGAIN,
    PLAY_UNSUBSCRIBE,
    PLAY_REMOVE,
    PLAY_PUBLISH,
    PLAY_PRESENCE,
    PLAY_HISTORY,
    PLAY_READY,
    PLAY_READY_NOW,
    PLAY_PING,
    PLAY_ONLINE,
    PLAY_OFFLINE,
    PLAY_CONFIGURE,
    PLAY_SHUTDOWN,
    PLAY_START_BATCHING,
    PLAY_STOP_BATCHING,
    PLAY_FLUSH,
    PLAY_START_AUTH_BATCHING,
    PLAY_STOP_AUTH_BATCHING,
    /* the driver: anywhere */
    PLAY_TICK,
    PLAY_OPENED,
    PLAY_ALIVE,
    PLAY_LOST,
    PLAY_ANSWER_REQUEST, /* of the application's backend */
    PLAY_COUNT
} play_action;

/* What the rules know of one subscription. */
typedef struct play_subscription {
    cf_subscription *core;
    bool subscribed;
    bool removed; /* asked for */
    bool over;    /* told */
} play_subscription;

typedef struct play {
    cf_client *client;
    cf_client_options options;
    cf_environment environment;
    cf_allocator allocator;
    cf_time now;
    uint32_t random;
    /* memory */
    size_t allocations;
    size_t fail_at; /* 0: never */
    bool fail_on;   /* all that follow, too */
    size_t blocks;
    /* transport and peer */
    uint32_t last_transport;
    bool live;
    bool opened;
    bool lost;                        /* the core was told; it may not have noticed when it was about to close */
    cf_time openings[PLAY_QUICK_MAX]; /* when the last ones were */
    uint32_t opens;
    cf_time attempt_after; /* no opening before this one, ... */
    bool asked;            /* ... unless the user wanted it at once */
    cf_buffer answers;     /* each ends with NUL */
    char *received;
    unsigned messages; /* so many were made by the peer */
    bool expires;      /* what the peer says of the credentials */
    bool expired;
    /* the application's backend */
    uint32_t last_request;
    struct {
        uint32_t id; /* 0: free */
        bool authorize;
        bool answered; /* there may be a cancel that waits; forgotten when all effects are taken */
    } requests[PLAY_REQUESTS_MAX];
    size_t requests_lost; /* for which there was no place */
    /* rules */
    bool connected;
    bool shut;
    bool pumping;
    size_t effects;
    struct {
        bool accepted;
        bool done;
    } calls[PLAY_CALLS_MAX];
    size_t call_count;
    play_subscription subscriptions[PLAY_SUBSCRIPTIONS_MAX];
    size_t subscription_count;
    /* called with every effect: what the user does inside of it; may be NULL */
    play_action (*inside)(struct play *play, const cf_effect *effect, unsigned *argument);
    void *inside_user;
} play;

/* Defaults, no client yet. */
void play_init(play *p);
/* False without memory. */
bool play_start(play *p);
/* `argument` chooses a channel and other details. Does nothing where that makes no sense. */
void play_act(play *p, play_action action, unsigned argument);
void play_pump(play *p);
/* A frame of the peer; then pumps. */
void play_receive(play *p, const char *data, size_t size);
void play_receive_text(play *p, const char *text);
/* The peer answers the commands that it has got, one; false when there are none. */
bool play_answer(play *p);
/* Any answer to the oldest request. */
void play_reply(play *p, const char *data, size_t size);
/* A good answer to the oldest request; false when there is none. */
bool play_answer_request(play *p);
/* All of both kinds, also those that follow. */
void play_settle(play *p);
/* Opens what is opening, settles, lets time pass with a tick at each deadline. */
void play_pass(play *p, int64_t milliseconds);
/* Shuts down, frees, checks. */
void play_end(play *p);
/* A life with everything in it. False when there was no memory for a client. */
bool play_story(play *p);

#endif

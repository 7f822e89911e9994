/*
 * A node with virtual time and clients whose transport keeps what it gets, for the
 * tests of the server's core. Everything it needs is in one allocation
 * counter that can be told to fail.
 */
#ifndef CF_SERVER_TEST_HARNESS_H
#define CF_SERVER_TEST_HARNESS_H

#include "server/node.h"

#define CLIENT_MESSAGES 64

typedef struct harness_client {
    struct harness *harness;
    cf_session *session;             /* NULL when it is gone */
    char *messages[CLIENT_MESSAGES]; /* texts not yet taken */
    size_t count;
    size_t received; /* messages ever, also those that there was no room to keep */
    bool blocked;    /* writes nothing */
    size_t window;   /* bytes that a flush writes at most, but for the frame that passes it; 0: all */
    bool paused;
    bool binary; /* what it gets */
    bool quiet;  /* keeps no texts */
    size_t flushes;
    bool closed;
    int code;
    char reason[256];
    char id[CF_UUID_SIZE + 1];
} harness_client;

typedef struct harness {
    cf_allocator allocator;
    size_t allocations; /* so far */
    size_t live;
    size_t bytes;
    size_t fail_at; /* the n-th allocation from now fails (and each after it with `fail_on`); 0: none */
    bool fail_on;
    cf_server_environment environment;
    cf_config config;
    cf_node *node;
    bool in_turn;
    cf_time now;
    int64_t unix_time;
    uint64_t random;
    size_t logged; /* lines of level error and above */
} harness;

/* The default configuration with `insecure` on; change it before harness_start. */
void harness_init(harness *h);
bool harness_start(harness *h, cf_engine_maker engine);
/* Ends the node and checks that all memory came back. */
void harness_stop(harness *h);

/* One turn around each of these. */
void harness_open(harness *h, harness_client *client);
void harness_send(harness_client *client, const char *text);
/* Time passes, in steps of the wheel's tick. */
void harness_pass(harness *h, int64_t milliseconds);
void harness_turn(harness *h);

/* Within a turn that the test opens itself. The end is followed by all turns that are wanted at the same moment, */
void harness_begin(harness *h);
void harness_end(harness *h);
/* but for this one: it ends one turn. True when another one is wanted now. */
bool harness_end_turn(harness *h);
/* A read of its own. */
void harness_feed(harness_client *client, const char *text);

/* Connects and swallows the reply. */
void harness_connect(harness *h, harness_client *client, const char *user);
/* The next message; fails the test when there is none. Belongs to the caller until the next call. */
const char *harness_next(harness_client *client);
/* The next message is this one; "$ID" stands for the client's id, "$M" for a message id, "$V" for the version. */
void harness_expect(harness_client *client, const char *text);
/* Sends and expects one reply. */
void harness_ask(harness_client *client, const char *text, const char *reply);
void harness_expect_nothing(harness_client *client);
void harness_expect_closed(harness_client *client, const char *reason, bool reconnect);
void harness_forget(harness_client *client);

#endif

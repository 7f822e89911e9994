/*
 * A measurement of a server: publishers send numbered messages with the time of their sending, subscribers of the same process
 * look how old each is when it comes, by one monotonic clock.
 *
 * bench.c leads through it, bench_message.c is what a message looks like, bench_client.c has the connections, bench_thread.c
 * the threads that publish through the HTTP API, bench_report.c says what came of it.
 */
#ifndef CF_CLI_BENCH_H
#define CF_CLI_BENCH_H

#include "cli/histogram.h"
#include "cli/session.h"

#include <stdatomic.h>

#define CF_CLI_BENCH_CLIENTS_MAX 10000              /* publishers or subscribers by WebSocket */
#define CF_CLI_BENCH_THREADS_MAX 256                /* publishers through the HTTP API */
#define CF_CLI_BENCH_SIZE_MAX    (16 * 1024 * 1024) /* bytes of a message */
#define CF_CLI_BENCH_WINDOW_MAX  65536

enum {
    CF_CLI_BENCH_RUN_SIZE = 9,                  /* 8 hexadecimal characters and NUL */
    CF_CLI_BENCH_SIZE_MIN = 2 + 8 + 4 + 16 + 16 /* quotes, run, publisher, number, time */
};

/* What a message says of itself. */
typedef struct cf_cli_bench_stamp {
    uint64_t publisher;
    uint64_t number; /* of all messages of this run, from 0 */
    int64_t time;    /* when it was sent, or with a rate when it was due; cf_cli_loop_now */
} cf_cli_bench_stamp;

/* How publications went, of one thread or of all clients. */
typedef struct cf_cli_bench_published {
    uint64_t accepted;
    uint64_t refused;    /* by the server */
    uint64_t unanswered; /* nobody knows whether they were published */
    int64_t ended;       /* the last answer */
    cf_cli_histogram latency;
} cf_cli_bench_published;

typedef struct cf_cli_measurement cf_cli_measurement;

/* A publication without an answer. */
typedef struct cf_cli_bench_call {
    struct cf_cli_bench_client *client;
    int64_t due; /* the time that its message carries */
    struct cf_cli_bench_call *next_free;
} cf_cli_bench_call;

/* A connection with its subscription. Who publishes is subscribed, too: servers want it. What it gets does not count. */
typedef struct cf_cli_bench_client {
    cf_cli_measurement *bench;
    cf_cli_session session; /* says why there is no connection, until the messages begin */
    centrifuge_subscription *subscription;
    bool ready; /* once */
    bool connected;
    /* of a publisher */
    cf_cli_bench_call *calls;
    cf_cli_bench_call *free_call; /* NULL: the window is full */
    char *message;
    /* of a subscriber: number of the last message of each publisher, -1: none */
    int64_t *last;
} cf_cli_bench_client;

typedef struct cf_cli_bench_threads {
    struct cf_cli_bench_thread *list;
    size_t started;
    atomic_size_t running;
    atomic_llong answers; /* until they are joined */
} cf_cli_bench_threads;

struct cf_cli_measurement {
    const cf_cli_options *options;
    const char *channel;
    char run[CF_CLI_BENCH_RUN_SIZE]; /* tells this run's messages from others */
    size_t publisher_count;
    size_t subscriber_count;
    size_t size;
    size_t window;
    int64_t count; /* messages to publish; INT64_MAX: until the duration is over */
    cf_cli_loop *loop;
    cf_cli_bench_client *clients; /* by WebSocket the publishers in front, then the subscribers */
    size_t client_count;
    cf_cli_bench_threads threads;
    size_t ready;        /* clients that have their subscription */
    size_t waiting;      /* publications of clients without an answer */
    size_t turn;         /* the publisher who is next */
    atomic_bool stopped; /* no more messages are to be sent */
    atomic_llong number; /* of the next message */
    bool running;        /* all are ready, messages are sent */
    bool interrupted;
    bool ended; /* it does not go on, whatever is missing */
    cf_cli_exit code;
    int64_t started;
    int64_t heard;    /* when the last message or answer came */
    int64_t deadline; /* of what is under way */
    uint64_t received;
    uint64_t disordered; /* messages that came twice or behind a later one */
    uint64_t disconnects;
    int64_t last_received; /* the time */
    int64_t cpu;           /* ns of processors that this process used since the messages began */
    cf_cli_bench_published published;
    cf_cli_histogram latency;
};

/* ---- bench_message.c ---- */

/* Writes a JSON string of `size` bytes, at least CF_CLI_BENCH_SIZE_MIN, once; the stamp is changed for each message. */
void cf_cli_bench_message_fill(char *message, size_t size, const char *run);
void cf_cli_bench_message_stamp(char *message, const cf_cli_bench_stamp *stamp);
/* False: it is not of this run. */
bool cf_cli_bench_message_read(centrifuge_bytes message, const char *run, cf_cli_bench_stamp *stamp);

/* ---- bench.c ---- */

/* The measurement ends as soon as what is under way has come, with this code. What was wrong is reported already. */
void cf_cli_bench_stop(cf_cli_measurement *bench, cf_cli_exit code);
/* When message `number` is due: at the rate, or `now`. */
int64_t cf_cli_bench_due(const cf_cli_measurement *bench, int64_t number, int64_t now);
/* Is message `number`, which is due at that time, one too many? */
bool cf_cli_bench_is_over(const cf_cli_measurement *bench, int64_t number, int64_t due);

/* ---- bench_client.c ---- */

/* False: it was reported, the code is set. */
bool cf_cli_bench_open_clients(cf_cli_measurement *bench);
/* Publishes what is due, as far as windows allow. When there will be more to do, -1 if an answer has to come before. */
int64_t cf_cli_bench_publish(cf_cli_measurement *bench);
void cf_cli_bench_close_clients(cf_cli_measurement *bench);

/* ---- bench_thread.c ---- */

/* False: it was reported, the code is set. */
bool cf_cli_bench_start_threads(cf_cli_measurement *bench);
/* Waits for them, and adds what they measured. */
void cf_cli_bench_join_threads(cf_cli_measurement *bench);

/* ---- bench_report.c ---- */

/* One line on a terminal, over the one before. */
void cf_cli_bench_show_progress(const cf_cli_measurement *bench, int64_t now);
void cf_cli_bench_hide_progress(const cf_cli_measurement *bench);
/* Messages that subscribers should have got and did not. */
uint64_t cf_cli_bench_lost(const cf_cli_measurement *bench);
void cf_cli_bench_report(const cf_cli_measurement *bench);

#endif

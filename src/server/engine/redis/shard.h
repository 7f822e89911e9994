/*
 * One Redis: a line for commands, and one on which what is published streams in. Operations are pipelined and answered in
 * their order; those that must not overtake the stream (engine.h) wait for a mark, which this node publishes behind them and
 * hears itself. So a mark proves the way of every message, too: where it does not come, the stream is lost.
 *
 * Nothing is sent before both lines are there and the stream has all channels again: what waits for that ends after
 * the connect timeout. What was under way when a line was lost is sent again where that does no harm, and fails otherwise.
 */
#ifndef CF_SERVER_ENGINE_REDIS_SHARD_H
#define CF_SERVER_ENGINE_REDIS_SHARD_H

#include "base/list.h"
#include "base/map.h"
#include "server/engine/engine.h"
#include "server/engine/redis/line.h"
#include "server/engine/redis/queue.h"
#include "server/engine/redis/script.h"
#include "server/engine/redis/sentinel.h"

/* Bytes of the commands that may wait or be under way; what comes on top of them fails. */
#define CF_REDIS_COMMANDS_MAX ((size_t)64 * 1024 * 1024)
/* Channels in one SUBSCRIBE after a connection was lost. */
#define CF_REDIS_BATCH 1000

/* What all shards of an engine share. */
typedef struct cf_redis_common {
    const cf_server_environment *environment;
    const cf_allocator *allocator;
    cf_engine_sink sink;
    cf_bytes prefix;
    cf_bytes node;
    bool watches; /* what operators watch has to come here */
    char digests[CF_REDIS_SCRIPT_COUNT][CF_REDIS_DIGEST_SIZE];
    cf_redis_driver driver;
    int64_t queues;      /* numbered ones of commands, besides the first; -1: none at all */
    cf_time quiet_until; /* no further line about a refused command before that */
    cf_time now;
} cf_redis_common;

struct cf_redis_shard {
    cf_redis_common *common;
    cf_redis_place place;
    cf_redis_sentinel sentinel; /* tells the place, if there are any */
    char master[CF_REDIS_HOST_MAX + 1];
    unsigned moves;       /* so often Sentinel has told another place */
    cf_redis_queue queue; /* of commands of the API, if they are wanted */
    cf_bytes password;    /* empty: none */
    cf_bytes database;
    cf_redis_line commands;
    cf_redis_line stream;
    bool commands_ready;
    bool stream_ready;
    bool told_down;       /* the log says that it cannot be used */
    cf_list waiting;      /* operations that are not sent yet */
    cf_list sent;         /* to be answered in this order */
    cf_list *unanswered;  /* the first of them whose reply has not come, or the list's end */
    size_t held_by;       /* replies that have to come before another operation is sent: behind a lost script */
    cf_list stream_calls; /* sent on the stream */
    cf_list subscribing;  /* subscribes that wait until the stream is ready */
    size_t bytes;         /* of all operations */
    bool wants_mark;
    int64_t mark_sent;
    int64_t mark_come;
    cf_time marks_at; /* the next one, if there is no other reason */
    cf_map channels;  /* that are, or are to be, subscribed */
};

typedef struct cf_redis_operation cf_redis_operation;

/*
 * `reply` NULL: it has failed. Else it is no error. Called once, unless the shard is freed; the operation is freed behind it.
 */
typedef void (*cf_redis_answer)(cf_redis_operation *operation, cf_engine_status status, const redisReply *reply);

struct cf_redis_operation {
    cf_list link;
    cf_redis_shard *shard;
    cf_redis_answer answer;
    union {
        cf_engine_done done;
        cf_engine_presence_done presence;
        cf_engine_history_done history;
        cf_engine_channels_done channels;
    } callback;
    void *user;
    cf_time deadline;       /* where it waits */
    redisReply *reply;      /* has come, and waits for the mark */
    int64_t mark;           /* that has to come before the answer; 0: none */
    size_t replies;         /* still to come */
    unsigned tries;         /* so often it was sent */
    cf_redis_script script; /* CF_REDIS_SCRIPT_COUNT: it is none */
    bool marked;            /* must not overtake the stream */
    bool repeatable;        /* sent twice does no harm */
    size_t size;            /* of the command in `text` */
    size_t note_size;       /* of what the answer needs, behind it */
    char text[];
};

void cf_redis_shard_init(cf_redis_shard *shard, cf_redis_common *common, uint32_t seed);
/* Operations end without an answer. */
void cf_redis_shard_free(cf_redis_shard *shard);
cf_time cf_redis_shard_advance(cf_redis_shard *shard, cf_time now);

/* Of the command, and of a note for the answer. NULL: no memory, or too much waits. */
cf_redis_operation *cf_redis_operation_new(cf_redis_shard *shard, const cf_buffer *command, cf_bytes note);
/* Without an answer. */
void cf_redis_operation_free(cf_redis_operation *operation);
cf_bytes cf_redis_operation_note(const cf_redis_operation *operation);
/* Hands it in. */
void cf_redis_shard_do(cf_redis_shard *shard, cf_redis_operation *operation);

/* ---- stream.c ---- */

/* Does this node listen to the channel? */
bool cf_redis_shard_listens(const cf_redis_shard *shard, cf_bytes channel);
void cf_redis_shard_subscribe(cf_redis_shard *shard, cf_bytes channel, cf_engine_done done, void *user);
void cf_redis_shard_unsubscribe(cf_redis_shard *shard, cf_bytes channel, cf_engine_done done, void *user);

/* ---- between shard.c and stream.c ---- */

bool cf_redis_shard_is_up(const cf_redis_shard *shard);
/* A line has become ready, or the mark has come: what waited for that goes on. */
void cf_redis_shard_go_on(cf_redis_shard *shard);
/* AUTH, SELECT and with Sentinel ROLE, which come first on every line; returns how many replies they have. */
size_t cf_redis_write_greeting(const cf_redis_shard *shard, cf_buffer *out);
/* The same as an operation behind those of the list. False without memory. */
bool cf_redis_shard_greet(cf_redis_shard *shard, cf_redis_line *line, cf_list *list);
/* Of ROLE; any other reply is none. */
bool cf_redis_is_replica(const redisReply *reply);
/* Takes it out of its list, answers and frees it; `reply` may be NULL with CF_ENGINE_OK. */
void cf_redis_shard_finish(cf_redis_operation *operation, cf_engine_status status);
/* Those that have waited too long fail. */
cf_time cf_redis_shard_fail_late(cf_redis_shard *shard, cf_list *list);
void cf_redis_shard_fail_all(cf_list *list);
void cf_redis_shard_tell_lost(cf_redis_shard *shard, const char *why);
/* A line of the log about this Redis. */
void cf_redis_shard_log(const cf_redis_shard *shard, cf_server_log level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
cf_time cf_redis_stream_advance(cf_redis_shard *shard, cf_time now);
void cf_redis_stream_init(cf_redis_shard *shard, uint32_t seed);
void cf_redis_stream_free(cf_redis_shard *shard);

#endif

/*
 * The names under which nodes meet in Redis, and the server that a channel belongs to (server-spec.md 7.1, 7.5). Nodes of
 * Centrifugo 1.8 use the same ones.
 */
#ifndef CF_SERVER_ENGINE_REDIS_KEY_H
#define CF_SERVER_ENGINE_REDIS_KEY_H

#include "base/buffer.h"

/* What comes by pub/sub; of the first three each channel has its own. */
typedef enum cf_redis_topic {
    CF_REDIS_MESSAGE,
    CF_REDIS_JOIN,
    CF_REDIS_LEAVE,
    CF_REDIS_CONTROL,
    CF_REDIS_ADMIN, /* what operators watch */
    CF_REDIS_MARK,  /* ours: a node's message to itself */
    CF_REDIS_TOPIC_COUNT
} cf_redis_topic;

typedef enum cf_redis_key { CF_REDIS_HISTORY, CF_REDIS_TOUCH, CF_REDIS_PRESENCE_INFOS, CF_REDIS_PRESENCE_TIMES } cf_redis_key;

/* Appends an argument of a command (command.h). `name`: the channel's, the node's of a mark; control and admin have none. */
void cf_redis_add_topic(cf_buffer *out, cf_bytes prefix, cf_redis_topic topic, cf_bytes name);
void cf_redis_add_key(cf_buffer *out, cf_bytes prefix, cf_redis_key key, cf_bytes channel);
/* A queue of commands: the one without a number is -1. */
void cf_redis_add_queue(cf_buffer *out, cf_bytes prefix, int64_t number);
/* A pattern for the messages' topics of all channels. */
void cf_redis_add_pattern(cf_buffer *out, cf_bytes prefix);

/* CF_REDIS_TOPIC_COUNT: none of ours. `rest` gets what stands behind the topic's own name. */
cf_redis_topic cf_redis_topic_of(cf_bytes text, cf_bytes prefix, cf_bytes *rest);

/* The shard that has the channel, of so many. */
size_t cf_redis_shard_of(cf_bytes channel, size_t count);

#endif

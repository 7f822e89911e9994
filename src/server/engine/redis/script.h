/*
 * What is done in Redis in one step, as Lua; called by digest. A lost script is loaded and the call repeated (shard.c).
 */
#ifndef CF_SERVER_ENGINE_REDIS_SCRIPT_H
#define CF_SERVER_ENGINE_REDIS_SCRIPT_H

#include "base/bytes.h"

typedef enum cf_redis_script {
    /* keys: history, touch; arguments: message, topic, size, lifetime, "1" to drop what nobody listens to */
    CF_REDIS_SCRIPT_PUBLISH,
    /* keys: times, infos; arguments: lifetime, client, info */
    CF_REDIS_SCRIPT_PRESENCE_ADD,
    /* keys: times, infos; argument: client */
    CF_REDIS_SCRIPT_PRESENCE_REMOVE,
    /* keys: times, infos; the answer is the infos' hash */
    CF_REDIS_SCRIPT_PRESENCE,
    CF_REDIS_SCRIPT_COUNT
} cf_redis_script;

#define CF_REDIS_DIGEST_SIZE 40

cf_bytes cf_redis_script_text(cf_redis_script script);
/* Hexadecimal, no NUL is written. */
void cf_redis_script_digest(cf_redis_script script, char digest[CF_REDIS_DIGEST_SIZE]);

#endif

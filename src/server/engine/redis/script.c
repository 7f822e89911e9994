#include "server/engine/redis/script.h"

#include "base/digest.h"

/*
 * The message is stored before it is published: who hears of it finds it in the history, and what could not be stored is not
 * published. Whether anybody listens is known only behind the PUBLISH: then the new list is taken back.
 */
#define PUBLISH                                                                                                                \
    "local alone = ARGV[5] == '1' and redis.call('EXISTS', KEYS[1], KEYS[2]) == 0\n"                                           \
    "redis.call('LPUSH', KEYS[1], ARGV[1])\n"                                                                                  \
    "redis.call('LTRIM', KEYS[1], 0, ARGV[3] - 1)\n"                                                                           \
    "redis.call('EXPIRE', KEYS[1], ARGV[4])\n"                                                                                 \
    "local receivers = redis.call('PUBLISH', ARGV[2], ARGV[1])\n"                                                              \
    "if alone and receivers == 0 then redis.call('DEL', KEYS[1]) end\n"                                                        \
    "return receivers\n"

/* Redis's clock counts for all nodes. Before version 5 it asks for what it replicates when a script looks at the clock. */
#define NOW                                                                                                                    \
    "if redis.replicate_commands then redis.replicate_commands() end\n"                                                        \
    "local now = tonumber(redis.call('TIME')[1])\n"

#define PRESENCE_ADD                                                                                                           \
    NOW "redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[2])\n"                                                                \
        "redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])\n"                                                                      \
        "redis.call('EXPIRE', KEYS[1], ARGV[1])\n"                                                                             \
        "redis.call('EXPIRE', KEYS[2], ARGV[1])\n"

#define PRESENCE_REMOVE                                                                                                        \
    "redis.call('HDEL', KEYS[2], ARGV[1])\n"                                                                                   \
    "redis.call('ZREM', KEYS[1], ARGV[1])\n"

/* A replica that takes no writes still tells who is present. */
#define PRESENCE                                                                                                               \
    NOW "local gone = redis.call('ZRANGEBYSCORE', KEYS[1], 0, now)\n"                                                          \
        "for _, client in ipairs(gone) do redis.call('HDEL', KEYS[2], client) end\n"                                           \
        "if #gone > 0 then redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now) end\n"                                              \
        "return redis.call('HGETALL', KEYS[2])\n"

static const cf_bytes texts[] = {
    [CF_REDIS_SCRIPT_PUBLISH] = CF_LITERAL(PUBLISH),
    [CF_REDIS_SCRIPT_PRESENCE_ADD] = CF_LITERAL(PRESENCE_ADD),
    [CF_REDIS_SCRIPT_PRESENCE_REMOVE] = CF_LITERAL(PRESENCE_REMOVE),
    [CF_REDIS_SCRIPT_PRESENCE] = CF_LITERAL(PRESENCE),
};

cf_bytes cf_redis_script_text(cf_redis_script script)
{
    return texts[script];
}

void cf_redis_script_digest(cf_redis_script script, char digest[CF_REDIS_DIGEST_SIZE])
{
    uint8_t bytes[CF_SHA1_SIZE];
    cf_sha1(texts[script], bytes);
    cf_hex_encode(bytes, sizeof bytes, digest);
}

#include "server/engine/redis/key.h"

#include "server/engine/redis/command.h"

static const cf_bytes topics[] = {
    [CF_REDIS_MESSAGE] = CF_LITERAL(".message."), [CF_REDIS_JOIN] = CF_LITERAL(".join."),
    [CF_REDIS_LEAVE] = CF_LITERAL(".leave."),     [CF_REDIS_CONTROL] = CF_LITERAL(".control"),
    [CF_REDIS_ADMIN] = CF_LITERAL(".admin"),      [CF_REDIS_MARK] = CF_LITERAL(".mark."),
};

static const cf_bytes keys[] = {
    [CF_REDIS_HISTORY] = CF_LITERAL(".history.list."),
    [CF_REDIS_TOUCH] = CF_LITERAL(".history.touch."),
    [CF_REDIS_PRESENCE_INFOS] = CF_LITERAL(".presence.hash."),
    [CF_REDIS_PRESENCE_TIMES] = CF_LITERAL(".presence.set."),
};

void cf_redis_add_topic(cf_buffer *out, cf_bytes prefix, cf_redis_topic topic, cf_bytes name)
{
    const cf_bytes parts[] = {prefix, topics[topic], name};
    cf_redis_add_parts(out, parts, 3);
}

/* The prefix stands in it twice: server-spec.md 7.1. */
void cf_redis_add_key(cf_buffer *out, cf_bytes prefix, cf_redis_key key, cf_bytes channel)
{
    const cf_bytes parts[] = {prefix, keys[key], prefix, topics[CF_REDIS_MESSAGE], channel};
    cf_redis_add_parts(out, parts, 5);
}

void cf_redis_add_queue(cf_buffer *out, cf_bytes prefix, int64_t number)
{
    char text[24];
    cf_buffer digits = {.data = text, .capacity = sizeof text, .limit = sizeof text};
    if (number >= 0) {
        cf_buffer_append_byte(&digits, '.');
        cf_buffer_append_int(&digits, number);
    }
    const cf_bytes parts[] = {prefix, CF_BYTES(".api"), cf_buffer_bytes(&digits)};
    cf_redis_add_parts(out, parts, 3);
}

static bool is_special(char c)
{
    return c == '*' || c == '?' || c == '[' || c == ']' || c == '^' || c == '-' || c == '\\';
}

void cf_redis_add_pattern(cf_buffer *out, cf_bytes prefix)
{
    cf_buffer pattern;
    cf_buffer_init(&pattern, out->allocator, CF_BUFFER_NO_LIMIT);
    for (size_t i = 0; i < prefix.size; i++) {
        if (is_special(prefix.data[i]))
            cf_buffer_append_byte(&pattern, '\\');
        cf_buffer_append_byte(&pattern, prefix.data[i]);
    }
    cf_buffer_append(&pattern, topics[CF_REDIS_MESSAGE]);
    cf_buffer_append_byte(&pattern, '*');
    cf_redis_add(out, cf_buffer_bytes(&pattern));
    out->failed = out->failed || pattern.failed;
    cf_buffer_free(&pattern);
}

cf_redis_topic cf_redis_topic_of(cf_bytes text, cf_bytes prefix, cf_bytes *rest)
{
    if (!cf_bytes_starts_with(text, prefix))
        return CF_REDIS_TOPIC_COUNT;
    cf_bytes name = cf_bytes_slice(text, prefix.size, text.size);
    for (size_t i = 0; i < CF_REDIS_TOPIC_COUNT; i++) {
        if (!cf_bytes_starts_with(name, topics[i]))
            continue;
        *rest = cf_bytes_slice(name, topics[i].size, name.size);
        return (cf_redis_topic)i;
    }
    return CF_REDIS_TOPIC_COUNT;
}

/* FNV-1a, 64 bits. */
static uint64_t hash_of(cf_bytes text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(1099511628211);
    return hash;
}

/* Jump consistent hash (Lamping and Veach). */
size_t cf_redis_shard_of(cf_bytes channel, size_t count)
{
    uint64_t key = count > 1 ? hash_of(channel) : 0;
    size_t shard = 0;
    size_t next = 0;
    while (next < count) {
        shard = next;
        key = key * UINT64_C(2862933555777941757) + 1;
        next = (size_t)((double)(shard + 1) * (2147483648.0 / (double)((key >> 33) + 1)));
    }
    return shard;
}

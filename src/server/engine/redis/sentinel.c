#include "server/engine/redis/sentinel.h"

#include "base/list.h"
#include "server/engine/redis/command.h"

static cf_redis_sentinel *of(cf_redis_line *line)
{
    return CF_CONTAINER(line, cf_redis_sentinel, line);
}

static void ask(cf_redis_sentinel *sentinel)
{
    cf_buffer *out = &sentinel->line.out;
    cf_redis_begin(out, 3);
    cf_redis_add(out, CF_BYTES("SENTINEL"));
    cf_redis_add(out, CF_BYTES("get-master-addr-by-name"));
    cf_redis_add(out, sentinel->master);
    sentinel->asked = true;
    cf_redis_line_expect(&sentinel->line);
}

static void on_opened(cf_redis_line *line)
{
    ask(of(line));
}

static cf_bytes text_of(const redisReply *reply)
{
    return cf_bytes_make(reply->str, reply->type == REDIS_REPLY_STRING ? reply->len : 0);
}

static bool read_address(const redisReply *reply, cf_bytes *host, int64_t *port)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return false;
    *host = text_of(reply->element[0]);
    return host->size > 0 && host->size <= CF_REDIS_HOST_MAX && cf_bytes_to_int64(text_of(reply->element[1]), port) &&
           *port > 0 && *port < 65536;
}

static void on_reply(cf_redis_line *line, redisReply **reply)
{
    cf_redis_sentinel *sentinel = of(line);
    cf_bytes host;
    int64_t port;
    if (!sentinel->asked || !read_address(*reply, &host, &port)) {
        cf_redis_line_give_up(line, "it does not know the master");
        return;
    }
    sentinel->asked = false;
    sentinel->asks_at = cf_time_after(line->now, CF_REDIS_ASK);
    cf_redis_line_is_good(line);
    sentinel->found(sentinel, host, (int)port);
}

/* The next one is asked. */
static void on_lost(cf_redis_line *line, const char *why)
{
    cf_redis_sentinel *sentinel = of(line);
    sentinel->asked = false;
    sentinel->failed(sentinel, why);
    sentinel->index = (sentinel->index + 1) % sentinel->count;
    sentinel->place = sentinel->all[sentinel->index];
}

void cf_redis_sentinel_init(cf_redis_sentinel *sentinel, const cf_redis_driver *driver, const cf_allocator *allocator,
                            cf_time now)
{
    static const cf_redis_line_ops ops = {on_opened, on_reply, on_lost};
    sentinel->place = sentinel->all[0];
    cf_redis_line_init(&sentinel->line, &ops, driver, &sentinel->place, allocator, now);
}

void cf_redis_sentinel_free(cf_redis_sentinel *sentinel)
{
    cf_redis_line_free(&sentinel->line);
}

/* When the next question is due; CF_TIME_NEVER while an answer, or a connection, is waited for. */
static cf_time next_question(cf_redis_sentinel *sentinel, cf_time now, bool soon)
{
    if (sentinel->asked || sentinel->line.state != CF_REDIS_LINE_OPEN)
        return CF_TIME_NEVER;
    if (soon)
        sentinel->asks_at = cf_time_earlier(sentinel->asks_at, cf_time_after(now, CF_REDIS_ASK_SOON));
    return sentinel->asks_at;
}

cf_time cf_redis_sentinel_advance(cf_redis_sentinel *sentinel, cf_time now, bool soon)
{
    cf_time question = next_question(sentinel, now, soon);
    if (question <= now) {
        ask(sentinel);
        question = CF_TIME_NEVER;
    }
    cf_time next = cf_redis_line_advance(&sentinel->line, now);
    cf_redis_line_flush(&sentinel->line);
    return cf_time_earlier(next, question);
}

#include "server/engine/redis/sentinel.h"

#include <string.h>

#include "base/list.h"
#include "server/engine/redis/command.h"

static cf_redis_sentinel *of(cf_redis_line *line)
{
    return CF_CONTAINER(line, cf_redis_sentinel, line);
}

/* ---- questions ------------------------------------------------------------- */

static void add_question(cf_redis_sentinel *sentinel, cf_bytes what)
{
    cf_buffer *out = &sentinel->line.out;
    cf_redis_begin(out, 3);
    cf_redis_add(out, CF_BYTES("SENTINEL"));
    cf_redis_add(out, what);
    cf_redis_add(out, sentinel->master);
}

static void ask(cf_redis_sentinel *sentinel)
{
    add_question(sentinel, CF_BYTES("get-master-addr-by-name"));
    add_question(sentinel, CF_BYTES("sentinels"));
    sentinel->step = CF_REDIS_SENTINEL_MASTER;
}

static void on_opened(cf_redis_line *line)
{
    cf_redis_sentinel *sentinel = of(line);
    if (sentinel->password.size > 0) {
        cf_redis_begin(&line->out, 2);
        cf_redis_add(&line->out, CF_BYTES("AUTH"));
        cf_redis_add(&line->out, sentinel->password);
    }
    ask(sentinel);
    if (sentinel->password.size > 0)
        sentinel->step = CF_REDIS_SENTINEL_GREETS;
}

/* ---- answers --------------------------------------------------------------- */

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

static void take_master(cf_redis_sentinel *sentinel, const redisReply *reply)
{
    cf_bytes host;
    int64_t port;
    if (!read_address(reply, &host, &port)) {
        cf_redis_line_give_up(&sentinel->line, "it does not know the master");
        return;
    }
    sentinel->step = CF_REDIS_SENTINEL_OTHERS;
    sentinel->found(sentinel, host, (int)port);
}

static const cf_redis_place *place_at(const cf_redis_sentinel *sentinel, size_t index)
{
    return index < sentinel->count ? &sentinel->all[index] : &sentinel->others[index - sentinel->count];
}

static bool is_known(const cf_redis_sentinel *sentinel, cf_bytes host, int64_t port)
{
    for (size_t i = 0; i < sentinel->count + sentinel->other_count; i++) {
        const cf_redis_place *place = place_at(sentinel, i);
        if (place->port == port && cf_bytes_equal(cf_bytes_of(place->host), host))
            return true;
    }
    return false;
}

static void add_other(cf_redis_sentinel *sentinel, cf_bytes host, int64_t port)
{
    size_t index = sentinel->other_count;
    if (index == CF_REDIS_OTHERS_MAX || host.size == 0 || host.size > CF_REDIS_OTHER_HOST_MAX || port <= 0 || port > 65535 ||
        is_known(sentinel, host, port))
        return;
    memcpy(sentinel->hosts[index], host.data, host.size);
    sentinel->others[index] = sentinel->all[0];
    sentinel->others[index].host = sentinel->hosts[index];
    sentinel->others[index].port = (int)port;
    sentinel->other_count++;
}

/* Names and values in turn. */
static void take_other(cf_redis_sentinel *sentinel, const redisReply *fields)
{
    cf_bytes host = CF_BYTES("");
    int64_t port = 0;
    for (size_t i = 0; fields->type == REDIS_REPLY_ARRAY && i + 1 < fields->elements; i += 2) {
        cf_bytes name = text_of(fields->element[i]);
        if (cf_bytes_equal(name, CF_BYTES("ip")))
            host = text_of(fields->element[i + 1]);
        else if (cf_bytes_equal(name, CF_BYTES("port")) && !cf_bytes_to_int64(text_of(fields->element[i + 1]), &port))
            port = 0;
    }
    add_other(sentinel, host, port);
}

static void take_others(cf_redis_sentinel *sentinel, const redisReply *reply)
{
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        take_other(sentinel, reply->element[i]);
    sentinel->step = CF_REDIS_SENTINEL_IDLE;
    sentinel->asks_at = cf_time_after(sentinel->line.now, CF_REDIS_ASK);
    cf_redis_line_is_good(&sentinel->line);
}

static void on_reply(cf_redis_line *line, redisReply **reply)
{
    cf_redis_sentinel *sentinel = of(line);
    if ((*reply)->type == REDIS_REPLY_ERROR)
        cf_redis_line_give_up(line, (*reply)->str);
    else if (sentinel->step == CF_REDIS_SENTINEL_GREETS)
        sentinel->step = CF_REDIS_SENTINEL_MASTER;
    else if (sentinel->step == CF_REDIS_SENTINEL_MASTER)
        take_master(sentinel, *reply);
    else if (sentinel->step == CF_REDIS_SENTINEL_OTHERS)
        take_others(sentinel, *reply);
    else
        cf_redis_line_give_up(line, "an answer came that nobody asked for");
}

/* ---- its life -------------------------------------------------------------- */

/* The next one is asked. */
static void on_lost(cf_redis_line *line, const char *why)
{
    cf_redis_sentinel *sentinel = of(line);
    sentinel->step = CF_REDIS_SENTINEL_IDLE;
    sentinel->failed(sentinel, why);
    sentinel->index = (sentinel->index + 1) % (sentinel->count + sentinel->other_count);
    sentinel->place = *place_at(sentinel, sentinel->index);
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
    if (sentinel->step != CF_REDIS_SENTINEL_IDLE || sentinel->line.state != CF_REDIS_LINE_OPEN)
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
    if (sentinel->step != CF_REDIS_SENTINEL_IDLE)
        cf_redis_line_expect(&sentinel->line);
    cf_time next = cf_redis_line_advance(&sentinel->line, now);
    cf_redis_line_flush(&sentinel->line);
    return cf_time_earlier(next, question);
}

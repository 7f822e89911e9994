#include "server/engine/redis/shard.h"

#include "server/engine/redis/command.h"
#include "server/engine/redis/key.h"

static cf_redis_queue *of(cf_redis_line *line)
{
    return CF_CONTAINER(line, cf_redis_queue, line);
}

static cf_redis_common *common_of(const cf_redis_queue *queue)
{
    return queue->shard->common;
}

/* ---- questions -------------------------------------------------------------- */

/* Half the time after which the line would be given up: server-spec.md 7.4. */
static int64_t patience_of(const cf_redis_queue *queue)
{
    int64_t seconds = queue->shard->place.read_timeout / 2000;
    return seconds < 1 ? 1 : seconds;
}

/* Redis looks at the lists in the order in which they are named: the one that was emptied last comes last. */
static void ask_any(cf_redis_queue *queue)
{
    cf_buffer *out = &queue->line.out;
    int64_t numbered = common_of(queue)->queues;
    cf_redis_begin(out, (size_t)numbered + 3);
    cf_redis_add(out, CF_BYTES("BLPOP"));
    for (int64_t i = 0; i <= numbered; i++)
        cf_redis_add_queue(out, common_of(queue)->prefix, (queue->list + 2 + i) % (numbered + 1) - 1);
    cf_redis_add_int(out, patience_of(queue));
    queue->step = CF_REDIS_QUEUE_WAITS;
}

static void ask_more(cf_redis_queue *queue)
{
    static const cf_bytes script = CF_LITERAL("local items = redis.call('LRANGE', KEYS[1], 0, ARGV[1] - 1)\n"
                                              "if #items > 0 then redis.call('LTRIM', KEYS[1], #items, -1) end\n"
                                              "return items\n");
    cf_buffer *out = &queue->line.out;
    cf_redis_begin(out, 5);
    cf_redis_add(out, CF_BYTES("EVAL"));
    cf_redis_add(out, script);
    cf_redis_add_int(out, 1);
    cf_redis_add_queue(out, common_of(queue)->prefix, queue->list);
    cf_redis_add_int(out, CF_REDIS_QUEUE_BATCH);
    queue->step = CF_REDIS_QUEUE_TAKES;
}

static bool is_busy(const cf_redis_queue *queue)
{
    const cf_engine_sink *sink = &common_of(queue)->sink;
    return sink->is_busy(sink->user);
}

/* ---- answers ------------------------------------------------------------------ */

static cf_bytes text_of(const redisReply *reply)
{
    return cf_bytes_make(reply->str, reply->type == REDIS_REPLY_STRING ? reply->len : 0);
}

static void hand_in(const cf_redis_queue *queue, const redisReply *item)
{
    const cf_engine_sink *sink = &common_of(queue)->sink;
    sink->command(sink->user, text_of(item));
}

/* What stands behind the prefix and ".api". */
static int64_t number_of(const cf_redis_queue *queue, cf_bytes key)
{
    int64_t number = -1;
    size_t size = common_of(queue)->prefix.size + 5; /* ".api." */
    return cf_bytes_to_int64(cf_bytes_slice(key, size, key.size), &number) ? number : -1;
}

/* A list and its first item; or nothing, when the time is over. */
static void take_one(cf_redis_queue *queue, const redisReply *reply)
{
    queue->has_more = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
    if (!queue->has_more)
        return;
    queue->list = number_of(queue, text_of(reply->element[0]));
    hand_in(queue, reply->element[1]);
}

static void take_batch(cf_redis_queue *queue, const redisReply *reply)
{
    queue->has_more = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0;
    for (size_t i = 0; queue->has_more && i < reply->elements; i++)
        hand_in(queue, reply->element[i]);
}

static void take(cf_redis_queue *queue, const redisReply *reply)
{
    cf_redis_queue_step step = queue->step;
    queue->step = CF_REDIS_QUEUE_IDLE;
    queue->told = false;
    cf_redis_line_is_good(&queue->line);
    if (step == CF_REDIS_QUEUE_WAITS)
        take_one(queue, reply);
    else
        take_batch(queue, reply);
}

static void on_reply(cf_redis_line *line, redisReply **reply)
{
    cf_redis_queue *queue = of(line);
    if ((*reply)->type == REDIS_REPLY_ERROR)
        cf_redis_line_give_up(line, (*reply)->str);
    else if (queue->step == CF_REDIS_QUEUE_GREETS && cf_redis_is_replica(*reply))
        cf_redis_line_give_up(line, "it is no master");
    else if (queue->step == CF_REDIS_QUEUE_GREETS)
        queue->step = --queue->greetings > 0 ? CF_REDIS_QUEUE_GREETS : CF_REDIS_QUEUE_IDLE;
    else if (queue->step == CF_REDIS_QUEUE_IDLE)
        cf_redis_line_give_up(line, "an answer came that nobody asked for");
    else
        take(queue, *reply);
}

/* ---- the line's life ------------------------------------------------------------ */

static void on_opened(cf_redis_line *line)
{
    cf_redis_queue *queue = of(line);
    queue->greetings = cf_redis_write_greeting(queue->shard, &line->out);
    queue->step = queue->greetings > 0 ? CF_REDIS_QUEUE_GREETS : CF_REDIS_QUEUE_IDLE;
}

static void on_lost(cf_redis_line *line, const char *why)
{
    cf_redis_queue *queue = of(line);
    queue->step = CF_REDIS_QUEUE_GREETS;
    queue->has_more = false;
    if (queue->told || line->now < queue->quiet_until || !cf_redis_shard_is_up(queue->shard))
        return;
    queue->told = true;
    queue->quiet_until = cf_time_after(line->now, CF_REDIS_QUEUE_QUIET);
    cf_redis_shard_log(queue->shard, CF_SERVER_ERROR, "takes no commands from its queues: %s", why);
}

void cf_redis_queue_init(cf_redis_queue *queue, cf_redis_shard *shard)
{
    static const cf_redis_line_ops ops = {on_opened, on_reply, on_lost};
    cf_redis_common *common = shard->common;
    queue->shard = shard;
    queue->list = -1;
    cf_redis_line_init(&queue->line, &ops, &common->driver, &queue->place, common->allocator, common->now);
}

void cf_redis_queue_free(cf_redis_queue *queue)
{
    cf_redis_line_free(&queue->line);
}

/* Where Sentinel tells another place it is opened there. */
static void follow(cf_redis_queue *queue)
{
    const cf_redis_place *place = &queue->shard->place;
    if (queue->place.host == place->host && queue->place.port == place->port && queue->moves == queue->shard->moves)
        return;
    queue->moves = queue->shard->moves;
    queue->place = *place;
    queue->place.read_timeout = cf_time_after(place->read_timeout, patience_of(queue) * 1000);
    cf_redis_line_move(&queue->line);
}

static bool may_ask(const cf_redis_queue *queue)
{
    return queue->line.state == CF_REDIS_LINE_OPEN && queue->step == CF_REDIS_QUEUE_IDLE &&
           cf_redis_shard_is_up(queue->shard) && !is_busy(queue);
}

cf_time cf_redis_queue_advance(cf_redis_queue *queue, cf_time now)
{
    if (common_of(queue)->queues < 0)
        return CF_TIME_NEVER;
    follow(queue);
    if (may_ask(queue) && queue->has_more)
        ask_more(queue);
    else if (may_ask(queue))
        ask_any(queue);
    if (queue->step != CF_REDIS_QUEUE_IDLE && queue->line.state == CF_REDIS_LINE_OPEN)
        cf_redis_line_expect(&queue->line);
    cf_time next = cf_redis_line_advance(&queue->line, now);
    cf_redis_line_flush(&queue->line);
    return next;
}

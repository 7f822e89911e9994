#include "server/engine/redis/line.h"

/* Bytes that hiredis gets at a time: each time that it has read 1 KiB it moves all that is left. */
#define PIECE ((size_t)2048)

void cf_redis_line_init(cf_redis_line *line, const cf_redis_line_ops *ops, const cf_redis_driver *driver,
                        const cf_redis_place *place, const cf_allocator *allocator, cf_time now)
{
    *line = (cf_redis_line){.ops = ops, .driver = driver, .place = place, .now = now, .opens_at = now, .due = CF_TIME_NEVER};
    cf_buffer_init(&line->out, allocator, CF_BUFFER_NO_LIMIT);
}

static void shut(cf_redis_line *line)
{
    if (line->socket != NULL)
        line->driver->close(line->socket);
    if (line->reader != NULL)
        redisReaderFree(line->reader);
    cf_buffer_free(&line->out);
    line->socket = NULL;
    line->reader = NULL;
    line->due = CF_TIME_NEVER;
    line->state = CF_REDIS_LINE_CLOSED;
}

void cf_redis_line_free(cf_redis_line *line)
{
    shut(line);
}

/* ---- opening and losing --------------------------------------------------- */

static int64_t pause_of(const cf_redis_line *line)
{
    int64_t pause = CF_REDIS_PAUSE;
    for (unsigned i = 1; i < line->failures && pause < CF_REDIS_PAUSE_MAX; i++)
        pause *= 2;
    return pause < CF_REDIS_PAUSE_MAX ? pause : CF_REDIS_PAUSE_MAX;
}

void cf_redis_line_lost(cf_redis_line *line, const char *why)
{
    line->failures++;
    line->opens_at = cf_time_after(line->now, pause_of(line));
    shut(line);
    line->ops->lost(line, why);
}

void cf_redis_line_give_up(cf_redis_line *line, const char *why)
{
    if (line->state != CF_REDIS_LINE_CLOSED)
        cf_redis_line_lost(line, why);
}

void cf_redis_line_move(cf_redis_line *line)
{
    cf_redis_line_give_up(line, "the master is another one now");
    line->failures = 0;
    line->opens_at = line->now;
}

void cf_redis_line_is_good(cf_redis_line *line)
{
    line->failures = 0;
}

static void open_line(cf_redis_line *line)
{
    const char *why = "out of memory";
    line->state = CF_REDIS_LINE_OPENING;
    line->due = cf_time_after(line->now, line->place->connect_timeout);
    line->reader = redisReaderCreate();
    if (line->reader != NULL)
        line->socket = line->driver->open(line->driver->user, line, line->place->host, line->place->port, &why);
    if (line->socket == NULL)
        cf_redis_line_lost(line, why);
}

void cf_redis_line_opened(cf_redis_line *line)
{
    line->state = CF_REDIS_LINE_OPEN;
    line->due = CF_TIME_NEVER;
    line->ops->opened(line);
}

cf_time cf_redis_line_advance(cf_redis_line *line, cf_time now)
{
    line->now = now;
    if (line->state != CF_REDIS_LINE_CLOSED && line->due <= now)
        cf_redis_line_lost(line, line->state == CF_REDIS_LINE_OPENING ? "no connection in time" : "no answer in time");
    if (line->place->host == NULL)
        return CF_TIME_NEVER;
    if (line->state == CF_REDIS_LINE_CLOSED && line->opens_at <= now)
        open_line(line);
    return line->state == CF_REDIS_LINE_CLOSED ? line->opens_at : line->due;
}

/* ---- bytes ---------------------------------------------------------------- */

void cf_redis_line_expect(cf_redis_line *line)
{
    if (line->due == CF_TIME_NEVER)
        line->due = cf_time_after(line->now, line->place->read_timeout);
}

void cf_redis_line_flush(cf_redis_line *line)
{
    if (line->state != CF_REDIS_LINE_OPEN || (line->out.size == 0 && !line->out.failed))
        return;
    if (line->out.failed || !line->driver->send(line->socket, cf_buffer_bytes(&line->out)))
        cf_redis_line_lost(line, "out of memory");
    else
        cf_buffer_clear(&line->out);
}

/* False: there is none yet, or the line is lost. */
static bool take_reply(cf_redis_line *line)
{
    void *taken = NULL;
    if (redisReaderGetReply(line->reader, &taken) != REDIS_OK) {
        cf_redis_line_lost(line, "what came is no reply of Redis");
        return false;
    }
    redisReply *reply = taken;
    if (reply == NULL)
        return false;
    line->ops->reply(line, &reply);
    if (reply != NULL)
        freeReplyObject(reply);
    return line->state == CF_REDIS_LINE_OPEN;
}

static void read_piece(cf_redis_line *line, cf_bytes piece)
{
    if (redisReaderFeed(line->reader, piece.data, piece.size) != REDIS_OK) {
        cf_redis_line_lost(line, "out of memory");
        return;
    }
    while (take_reply(line))
        continue;
}

void cf_redis_line_received(cf_redis_line *line, cf_bytes bytes)
{
    line->due = CF_TIME_NEVER; /* the owner expects what is still missing */
    for (size_t at = 0; at < bytes.size && line->state == CF_REDIS_LINE_OPEN; at += PIECE)
        read_piece(line, cf_bytes_slice(bytes, at, at + PIECE));
}

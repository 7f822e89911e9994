#include "client/batch.h"

#include "client/queue.h"

#include <string.h>

/*
 * Batching of commands: client-spec.md 13. What is collected belongs to a connection: calls end with it as disconnected, and
 * subscriptions are asked for anew, so nothing is carried over to the next one; batching itself goes on (D36).
 */

static bool collects(const cf_client *client)
{
    return client->batch.on || client->settings->options.batch;
}

bool cf_batch_end_line(cf_client *client)
{
    if (!collects(client))
        return cf_line_send(client);
    cf_line *line = cf_line_take(client);
    if (line == NULL)
        return false;
    line->pending.next = NULL;
    *client->batch.end = &line->pending;
    client->batch.end = &line->pending.next;
    return true;
}

/* ---- flushing -------------------------------------------------------------------------------- */

static cf_line *take(cf_client *client)
{
    cf_pending *first = client->batch.first;
    client->batch.first = first->next;
    if (client->batch.first == NULL)
        client->batch.end = &client->batch.first;
    client->out.size -= cf_line_of(first)->size;
    return cf_line_of(first);
}

static void drop_first(cf_client *client, size_t count)
{
    for (; count > 0 && client->batch.first != NULL; count--)
        cf_free(client->environment.allocator, take(client));
}

/* Lines are commands, or arrays of commands. */
static cf_bytes without_brackets(const cf_line *line)
{
    if (line->text[0] == '[')
        return cf_bytes_make(line->text + 1, line->size - 2);
    return cf_bytes_make(line->text, line->size);
}

/* How many of the lines one frame holds, and its size. */
static size_t count_joined(const cf_client *client, size_t *size)
{
    size_t count = 0;
    *size = 1;
    for (cf_pending *at = client->batch.first; at != NULL; at = at->next, count++) {
        size_t more = without_brackets(cf_line_of(at)).size + 1;
        if (count > 0 && *size + more > client->settings->options.frame_size_max)
            break;
        *size += more;
    }
    return count;
}

static void queue_first(cf_client *client)
{
    cf_line *line = take(client);
    client->out.size += line->size;
    cf_queue_append(client, &line->pending, CF_PENDING_SEND);
}

static bool queue_joined(cf_client *client, size_t count, size_t size)
{
    cf_pending *at = client->batch.first;
    cf_buffer *joined = cf_line_begin(client, size);
    for (size_t i = 0; i < count; i++, at = at->next) {
        cf_buffer_append_byte(joined, i == 0 ? '[' : ',');
        cf_buffer_append(joined, without_brackets(cf_line_of(at)));
    }
    cf_buffer_append_byte(joined, ']');
    return cf_line_send(client);
}

/* As few frames as hold them. Without memory for one they go out one by one, which means the same. */
static void flush_batch(cf_client *client)
{
    while (client->batch.first != NULL) {
        size_t size;
        size_t count = count_joined(client, &size);
        if (count == 1 || !queue_joined(client, count, size))
            queue_first(client);
        else
            drop_first(client, count);
    }
}

bool cf_batch_end_turn(cf_client *client)
{
    if (client->batch.on || !client->settings->options.batch || client->batch.first == NULL)
        return false;
    flush_batch(client);
    return true;
}

void cf_batch_drop(cf_client *client)
{
    drop_first(client, SIZE_MAX);
}

/* ---- the user ------------------------------------------------------------------------------------ */

void cf_client_start_batching(cf_client *client)
{
    client->batch.on = true;
}

void cf_client_stop_batching(cf_client *client, bool flush_too, cf_time now)
{
    client->batch.on = false;
    if (flush_too)
        cf_client_flush(client, now);
}

void cf_client_flush(cf_client *client, cf_time now)
{
    (void)now;
    flush_batch(client);
}

#include "client/internal.h"

/*
 * Batching of commands: client-spec.md 13. What is collected belongs to a connection: calls end with it as disconnected, and
 * subscriptions are asked for anew, so nothing is carried over to the next one; batching itself goes on (D36).
 */

static bool collects(const cf_client *client)
{
    return client->batching || client->settings->options.batch;
}

bool cf_batch_end_line(cf_client *client)
{
    if (!collects(client))
        return cf_line_send(client);
    cf_line *line = cf_line_take(client);
    if (line == NULL)
        return false;
    line->pending.next = NULL;
    *client->batch_end = &line->pending;
    client->batch_end = &line->pending.next;
    return true;
}

bool cf_batch_end_resubscription(cf_client *client)
{
    if (client->batching)
        return cf_line_send(client);
    return cf_batch_end_line(client);
}

/* ---- flushing -------------------------------------------------------------------------------- */

static cf_line *take(cf_client *client)
{
    cf_pending *first = client->batch;
    if (first == NULL)
        return NULL;
    client->batch = first->next;
    if (client->batch == NULL)
        client->batch_end = &client->batch;
    client->queued -= cf_line_of(first)->size;
    return cf_line_of(first);
}

/* Lines are commands, or arrays of commands. */
static cf_bytes without_brackets(const cf_line *line)
{
    if (line->text[0] == '[')
        return cf_bytes_make(line->text + 1, line->size - 2);
    return cf_bytes_make(line->text, line->size);
}

static bool queue_joined(cf_client *client)
{
    size_t size = 2;
    char before = '[';
    for (cf_pending *at = client->batch; at != NULL; at = at->next)
        size += cf_line_of(at)->size + 1;
    cf_buffer *joined = cf_line_begin(client, size);
    for (cf_pending *at = client->batch; at != NULL; at = at->next) {
        cf_buffer_append_byte(joined, before);
        cf_buffer_append(joined, without_brackets(cf_line_of(at)));
        before = ',';
    }
    cf_buffer_append_byte(joined, ']');
    return cf_line_send(client);
}

/* Without memory for one frame they go out one by one, which means the same. */
static void flush(cf_client *client)
{
    if (client->batch != NULL && client->batch->next != NULL && queue_joined(client)) {
        cf_batch_drop(client);
        return;
    }
    for (cf_line *line = take(client); line != NULL; line = take(client)) {
        client->queued += line->size;
        cf_queue_append(client, &line->pending, CF_PENDING_SEND);
    }
}

bool cf_batch_end_turn(cf_client *client)
{
    if (client->batching || !client->settings->options.batch || client->batch == NULL)
        return false;
    flush(client);
    return true;
}

void cf_batch_drop(cf_client *client)
{
    for (cf_line *line = take(client); line != NULL; line = take(client))
        cf_free(client->environment.allocator, line);
}

/* ---- the user ------------------------------------------------------------------------------------ */

void cf_client_start_batching(cf_client *client)
{
    client->batching = true;
}

void cf_client_stop_batching(cf_client *client, bool flush_too, cf_time now)
{
    client->batching = false;
    if (flush_too)
        cf_client_flush(client, now);
}

void cf_client_flush(cf_client *client, cf_time now)
{
    (void)now;
    flush(client);
}

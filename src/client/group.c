#include "client/group.h"

#include "client/refusal.h"
#include "client/batch.h"
#include "client/pause.h"
#include "client/queue.h"
#include "client/subscription.h"

#include <string.h>

/* Subscribe commands that belong together: as few frames as hold them. */

#define LINE_HEAD offsetof(cf_line, text)

static bool end_resubscription(cf_client *client)
{
    if (client->batch.on)
        return cf_line_send(client);
    return cf_batch_end_line(client);
}

static void begin_line(cf_client *client, cf_bytes command)
{
    cf_buffer *line = cf_line_begin(client, command.size + 2);
    cf_buffer_append_byte(line, '[');
    cf_buffer_append(line, command);
}

void cf_group_begin(cf_group *group, cf_client *client, cf_time now)
{
    *group = (cf_group){.client = client, .end_line = cf_batch_end_line, .now = now};
    begin_line(client, cf_bytes_make(NULL, 0));
}

void cf_group_begin_resubscription(cf_group *group, cf_client *client, cf_time now)
{
    cf_group_begin(group, client, now);
    group->end_line = end_resubscription;
}

/* The comma behind the last command. */
static bool close_line(const cf_group *group)
{
    cf_buffer *line = &group->client->out.line;
    if (!line->failed)
        line->data[line->size - 1] = ']';
    return group->end_line(group->client);
}

/* The command from `at` on begins a line of its own; its text stays in memory behind the end of the other. */
static bool cut(const cf_group *group, size_t at)
{
    cf_buffer *line = &group->client->out.line;
    cf_bytes command = cf_bytes_slice(cf_buffer_bytes(line), at, line->size);
    cf_buffer_truncate(line, at);
    if (!close_line(group))
        return false;
    begin_line(group->client, command);
    return true;
}

bool cf_group_add(cf_group *group, cf_subscription *subscription, const cf_auth_entry *entry)
{
    cf_client *client = group->client;
    cf_buffer *line = &client->out.line;
    size_t max = client->settings->options.frame_size_max;
    size_t at = line->size;
    cf_subscription_write_command(subscription, entry, line);
    if (line->failed)
        return false;
    if (line->size - at + 2 > max) {
        cf_buffer_truncate(line, at);
        cf_haste_spend(&subscription->haste_at, group->now);
        return cf_refuse_size(subscription);
    }
    if (line->size + 1 - LINE_HEAD > max && at > LINE_HEAD + 1 && !cut(group, at))
        return false;
    group->count++;
    cf_buffer_append_byte(line, ',');
    return true;
}

/* One alone needs no array. */
static bool end_single(const cf_group *group)
{
    cf_buffer *line = &group->client->out.line;
    if (!line->failed) {
        memmove(line->data + LINE_HEAD, line->data + LINE_HEAD + 1, line->size - LINE_HEAD - 2);
        cf_buffer_truncate(line, line->size - 2);
    }
    return group->end_line(group->client);
}

bool cf_group_end(cf_group *group)
{
    if (group->count == 0) {
        cf_buffer_free(&group->client->out.line);
        return true;
    }
    return group->count == 1 ? end_single(group) : close_line(group);
}

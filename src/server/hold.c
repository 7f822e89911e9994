#include "server/hold.h"

#include <string.h>

/* What is before the id and the text of a message. */
typedef struct held_head {
    const struct cf_channel *channel; /* NULL: forgotten, or of no channel */
    bool sent_anyway;                 /* it is of no channel */
    size_t uid_size;
    size_t text_size;
} held_head;

bool cf_hold_add(cf_hold *hold, const struct cf_channel *channel, cf_bytes uid, cf_bytes text, const cf_allocator *allocator,
                 size_t limit)
{
    cf_buffer *messages = &hold->messages;
    held_head head = {channel, channel == NULL, uid.size, text.size};
    if (messages->allocator == NULL)
        cf_buffer_init(messages, allocator, limit);
    if (!cf_buffer_reserve(messages, sizeof head + uid.size + text.size))
        return false;
    cf_buffer_append(messages, cf_bytes_make((const char *)&head, sizeof head));
    cf_buffer_append(messages, uid);
    cf_buffer_append(messages, text);
    return true;
}

/* The next message behind `*at`; NULL when there is none. */
static char *next_message(const cf_hold *hold, size_t *at, held_head *head)
{
    if (*at == hold->messages.size)
        return NULL;
    char *start = hold->messages.data + *at;
    memcpy(head, start, sizeof *head);
    *at += sizeof *head + head->uid_size + head->text_size;
    return start;
}

/* Those of the channel, up to the end of the first `size` bytes. */
static void forget_until(cf_hold *hold, const struct cf_channel *channel, size_t size)
{
    held_head head;
    char *start;
    size_t at = 0;
    while (at < size && (start = next_message(hold, &at, &head)) != NULL)
        if (head.channel == channel)
            memset(start + offsetof(held_head, channel), 0, sizeof head.channel);
}

void cf_hold_forget(cf_hold *hold, const struct cf_channel *channel)
{
    forget_until(hold, channel, hold->messages.size);
}

void cf_hold_skip(cf_hold *hold, const struct cf_channel *channel, cf_bytes uid)
{
    held_head head;
    const char *start;
    size_t at = 0;
    bool found = false;
    while (!found && (start = next_message(hold, &at, &head)) != NULL)
        found = head.channel == channel && cf_bytes_equal(cf_bytes_make(start + sizeof head, head.uid_size), uid);
    if (found)
        forget_until(hold, channel, at);
}

bool cf_hold_next(const cf_hold *hold, size_t *at, cf_bytes *text)
{
    held_head head;
    const char *start;
    while ((start = next_message(hold, at, &head)) != NULL) {
        if (head.channel == NULL && !head.sent_anyway)
            continue;
        *text = cf_bytes_make(start + sizeof head + head.uid_size, head.text_size);
        return true;
    }
    return false;
}

void cf_hold_free(cf_hold *hold)
{
    if (hold->messages.allocator != NULL)
        cf_buffer_free(&hold->messages);
    *hold = (cf_hold){.channels = 0};
}

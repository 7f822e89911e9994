#include "server/api/replies.h"

#include <string.h>

static cf_api_command *of(cf_list *link)
{
    return CF_CONTAINER(link, cf_api_command, link);
}

void cf_api_replies_init(cf_api_replies *replies, const cf_allocator *allocator, size_t limit)
{
    *replies = (cf_api_replies){.allocator = allocator};
    cf_list_init(&replies->open);
    cf_buffer_init(&replies->text, allocator, limit);
    cf_buffer_append_byte(&replies->text, '[');
}

void cf_api_replies_free(cf_api_replies *replies)
{
    cf_free(replies->allocator, replies->spare);
    cf_buffer_free(&replies->text);
}

cf_api_command *cf_api_replies_first(const cf_api_replies *replies)
{
    return cf_list_empty(&replies->open) ? NULL : of(replies->open.next);
}

void cf_api_replies_separate(cf_buffer *text)
{
    if (text->size > 1)
        cf_buffer_append_byte(text, ',');
}

cf_api_command *cf_api_replies_begin(cf_api_replies *replies, void *call, cf_bytes uid, cf_method method)
{
    cf_api_command *command = replies->spare != NULL ? replies->spare : cf_alloc(replies->allocator, sizeof *command);
    replies->spare = NULL;
    if (command != NULL)
        *command = (cf_api_command){.call = call, .uid = uid, .method = method};
    return command;
}

void cf_api_replies_forget(cf_api_replies *replies, cf_api_command *command)
{
    cf_list_remove(&command->link);
    cf_free(replies->allocator, command->texts);
    if (command->reply.allocator != NULL)
        cf_buffer_free(&command->reply);
    if (replies->spare == NULL)
        replies->spare = command;
    else
        cf_free(replies->allocator, command);
}

static void copy_slice(cf_bytes *slice, char *to)
{
    if (slice->size > 0)
        memcpy(to, slice->data, slice->size);
    slice->data = to;
}

/* The next command is read into the memory in which its slices lie. Without memory the request fails. */
static void keep_texts(cf_api_replies *replies, cf_api_command *command)
{
    command->texts = cf_alloc(replies->allocator, command->uid.size + command->channel.size + 1);
    if (command->texts == NULL) {
        command->uid = command->channel = (cf_bytes){"", 0};
        replies->text.failed = true;
        return;
    }
    copy_slice(&command->uid, command->texts);
    copy_slice(&command->channel, command->texts + command->uid.size);
}

/* Behind the others. */
static void put_in_order(cf_api_replies *replies, cf_api_command *command)
{
    const cf_buffer *reply = &command->reply;
    replies->weight -= command->weight;
    replies->aside -= reply->size;
    if (reply->size > 0) {
        cf_api_replies_separate(&replies->text);
        cf_buffer_append(&replies->text, cf_buffer_bytes(reply));
    }
    replies->text.failed = replies->text.failed || reply->failed;
    cf_api_replies_forget(replies, command);
}

static void settle(cf_api_replies *replies)
{
    cf_api_command *first;
    while ((first = cf_api_replies_first(replies)) != NULL && first->done)
        put_in_order(replies, first);
}

void cf_api_replies_keep(cf_api_replies *replies, cf_api_command *command, size_t weight)
{
    if (!command->done)
        keep_texts(replies, command);
    command->weight = weight;
    replies->weight += weight;
    cf_list_append(&replies->open, &command->link);
    settle(replies);
}

cf_buffer *cf_api_replies_place(cf_api_replies *replies, cf_api_command *command)
{
    if (cf_list_empty(&replies->open) || replies->open.next == &command->link) {
        cf_api_replies_separate(&replies->text);
        return &replies->text;
    }
    cf_buffer_init(&command->reply, replies->allocator, replies->text.limit);
    return &command->reply;
}

void cf_api_replies_done(cf_api_replies *replies, cf_api_command *command)
{
    command->done = true;
    replies->aside += command->reply.size;
    settle(replies);
}

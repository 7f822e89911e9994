/*
 * What is published to channels of a session while their history is read for it, in the order of publication: it comes behind
 * the answer that tells what the history has, without those.
 */
#ifndef CF_SERVER_HOLD_H
#define CF_SERVER_HOLD_H

#include "base/buffer.h"

struct cf_channel;

/* Zeroed: nothing. */
typedef struct cf_hold {
    cf_buffer messages; /* each a head, its id and its text: hold.c */
    uint32_t channels;  /* that hold back: the hub counts them */
} cf_hold;

static inline bool cf_hold_is_empty(const cf_hold *hold)
{
    return hold->messages.size == 0;
}

/*
 * Appends a message of the channel; NULL: it comes whatever becomes of the channels. False without memory, or when more than
 * `limit`, that of the first one, would be held: nothing is appended from then on.
 */
bool cf_hold_add(cf_hold *hold, const struct cf_channel *channel, cf_bytes uid, cf_bytes text, const cf_allocator *allocator,
                 size_t limit);
/* All of the channel. */
void cf_hold_forget(cf_hold *hold, const struct cf_channel *channel);
/* The message and all of its channel before it, where it is there: the history has them. */
void cf_hold_skip(cf_hold *hold, const struct cf_channel *channel, cf_bytes uid);
/* The text of the first message at `*at` (0 at the beginning) or behind that is not forgotten, and moves `*at` behind it. */
bool cf_hold_next(const cf_hold *hold, size_t *at, cf_bytes *text);
/* It is zeroed again. */
void cf_hold_free(cf_hold *hold);

#endif

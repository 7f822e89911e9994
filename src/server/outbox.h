/*
 * Chunks and outboxes: how one message reaches thousands at the price of a
 * pointer each.
 *
 * A chunk is a run of finished server WebSocket frames, shared by
 * everybody who gets them. It grows while it is open (this turn's messages of
 * one channel, or one session's replies) and is closed before it is handed to
 * outboxes; after that it never changes. An outbox is one session's queue of
 * references to chunks.
 *
 * A transport whose bytes are others than the frames' says what a chunk looks
 * like on its way: its form. A chunk is written in a form when the first outbox
 * of that form takes it, and keeps it for all that come later.
 */
#ifndef CF_SERVER_OUTBOX_H
#define CF_SERVER_OUTBOX_H

#include "base/buffer.h"
#include "ws/frame.h"

/* What a chunk looks like on a transport's way. A form is known by its address. */
typedef struct cf_outbox_form {
    /* Appends what `frames`, the whole of a chunk, are in it: at least a byte. */
    void (*make)(const struct cf_outbox_form *form, cf_buffer *out, cf_bytes frames);
} cf_outbox_form;

typedef struct cf_formed cf_formed;

typedef struct cf_chunk {
    const cf_allocator *allocator;
    size_t references;
    size_t messages; /* frames in it */
    size_t payload;  /* bytes of these messages, without the frames' heads */
    cf_buffer frames;
    cf_formed *formed; /* other forms that were asked for */
    bool shared;       /* by many sessions: none of them answers for its memory */
} cf_chunk;

/* With one reference, open; NULL without memory. */
cf_chunk *cf_chunk_new(const cf_allocator *allocator, size_t capacity);
void cf_chunk_retain(cf_chunk *chunk);
void cf_chunk_release(cf_chunk *chunk);
/* Appends one frame, text or binary. Only while it is open: one reference, in no outbox. */
bool cf_chunk_append(cf_chunk *chunk, cf_ws_opcode opcode, cf_bytes payload);
/* The closed chunk's bytes in a form (`form` NULL: the frames), which belong to the chunk. NULL without memory. */
const cf_buffer *cf_chunk_form(cf_chunk *chunk, const cf_outbox_form *form);

typedef struct cf_segment {
    cf_chunk *chunk;
    size_t offset; /* bytes of it, in the outbox's form, that are sent already: only the first segment's is above 0 */
} cf_segment;

/* A queue of segments; `inline_segment` saves the allocation for a quiet session. All sizes are of its form. */
typedef struct cf_outbox {
    cf_segment *segments; /* ring; NULL while the inline one does */
    uint32_t capacity;
    uint32_t first;
    uint32_t count;
    cf_segment inline_segment;
    const cf_outbox_form *form; /* set before anything is in it; NULL: frames */
    size_t bytes;               /* not sent yet */
    size_t memory;              /* what is held for them: at least the bytes of what is not wholly sent */
} cf_outbox;

void cf_outbox_free(cf_outbox *outbox, const cf_allocator *allocator);
/* Takes one more reference to a closed chunk; false without memory: nothing changed. */
bool cf_outbox_push(cf_outbox *outbox, cf_chunk *chunk, const cf_allocator *allocator);
/* What is sent next; NULL: the outbox is empty. */
const cf_segment *cf_outbox_front(const cf_outbox *outbox);
/* What the outbox has of the segment with this number, which is below its count. */
cf_bytes cf_outbox_slice(const cf_outbox *outbox, uint32_t index);
/* Up to `count` slices of what is to be sent, in order; returns how many. */
size_t cf_outbox_peek(const cf_outbox *outbox, cf_bytes *slices, size_t count);
/* Messages that are completely sent. */
typedef struct cf_sent {
    size_t messages;
    size_t payload; /* bytes of them, as in cf_chunk */
} cf_sent;

/* `size` bytes were sent. Gives back the ring when it is empty. */
cf_sent cf_outbox_consume(cf_outbox *outbox, size_t size, const cf_allocator *allocator);

#endif

#include "server/outbox.h"

#include <string.h>

#include "base/assert.h"

/* What malloc adds to a block, at least. */
#define BLOCK_OVERHEAD 16

/* The first ring: what a session that is a little behind needs. */
#define RING_CAPACITY 8

/* A chunk in another form. */
struct cf_formed {
    cf_formed *next;
    const cf_outbox_form *form;
    cf_buffer bytes;
};

/* ---- chunks -------------------------------------------------------------- */

cf_chunk *cf_chunk_new(const cf_allocator *allocator, size_t capacity)
{
    cf_chunk *chunk = cf_alloc_zero(allocator, 1, sizeof *chunk);
    if (chunk == NULL)
        return NULL;
    chunk->allocator = allocator;
    chunk->references = 1;
    cf_buffer_init(&chunk->frames, allocator, CF_BUFFER_NO_LIMIT);
    if (!cf_buffer_reserve(&chunk->frames, capacity)) {
        cf_free(allocator, chunk);
        return NULL;
    }
    return chunk;
}

static void free_formed(cf_chunk *chunk, cf_formed *first)
{
    chunk->formed = first->next;
    cf_buffer_free(&first->bytes);
    cf_free(chunk->allocator, first);
}

void cf_chunk_retain(cf_chunk *chunk)
{
    chunk->references++;
}

void cf_chunk_release(cf_chunk *chunk)
{
    CF_ASSERT(chunk->references > 0);
    if (--chunk->references > 0)
        return;
    while (chunk->formed != NULL)
        free_formed(chunk, chunk->formed);
    cf_buffer_free(&chunk->frames);
    cf_free(chunk->allocator, chunk);
}

bool cf_chunk_append(cf_chunk *chunk, cf_ws_opcode opcode, cf_bytes payload)
{
    CF_ASSERT(chunk->references == 1 && chunk->formed == NULL);
    if (!cf_buffer_reserve(&chunk->frames, CF_WS_HEADER_MAX + payload.size))
        return false;
    cf_ws_append_frame(&chunk->frames, opcode, payload, NULL);
    chunk->messages++;
    chunk->payload += payload.size;
    return true;
}

static const cf_buffer *find_form(const cf_chunk *chunk, const cf_outbox_form *form)
{
    if (form == NULL)
        return &chunk->frames;
    for (const cf_formed *formed = chunk->formed; formed != NULL; formed = formed->next)
        if (formed->form == form)
            return &formed->bytes;
    return NULL;
}

static const cf_buffer *make_form(cf_chunk *chunk, const cf_outbox_form *form)
{
    cf_formed *formed = cf_alloc(chunk->allocator, sizeof *formed);
    if (formed == NULL)
        return NULL;
    *formed = (cf_formed){.next = chunk->formed, .form = form};
    chunk->formed = formed;
    cf_buffer_init(&formed->bytes, chunk->allocator, CF_BUFFER_NO_LIMIT);
    form->make(form, &formed->bytes, cf_buffer_bytes(&chunk->frames));
    if (!formed->bytes.failed)
        return &formed->bytes;
    free_formed(chunk, formed);
    return NULL;
}

const cf_buffer *cf_chunk_form(cf_chunk *chunk, const cf_outbox_form *form)
{
    const cf_buffer *bytes = find_form(chunk, form);
    return bytes != NULL ? bytes : make_form(chunk, form);
}

/* What a segment costs: its bytes and its place in the ring, and, unless the chunk is shared, all that is allocated for it. */
static size_t memory_of(const cf_chunk *chunk, const cf_buffer *bytes)
{
    size_t place = 2 * sizeof(cf_segment); /* a ring may be half empty */
    if (chunk->shared)
        return place + bytes->size;
    size_t memory = place + sizeof *chunk + chunk->frames.capacity + 2 * BLOCK_OVERHEAD;
    return bytes == &chunk->frames ? memory : memory + sizeof(cf_formed) + bytes->capacity + 2 * BLOCK_OVERHEAD;
}

/* ---- outboxes ------------------------------------------------------------ */

static const cf_segment *segment_at(const cf_outbox *outbox, uint32_t index)
{
    if (outbox->segments == NULL)
        return &outbox->inline_segment;
    return &outbox->segments[(outbox->first + index) & (outbox->capacity - 1)];
}

static void release_ring(cf_outbox *outbox, const cf_allocator *allocator)
{
    cf_free(allocator, outbox->segments);
    outbox->segments = NULL;
    outbox->capacity = outbox->first = 0;
}

void cf_outbox_free(cf_outbox *outbox, const cf_allocator *allocator)
{
    for (uint32_t i = 0; i < outbox->count; i++)
        cf_chunk_release(segment_at(outbox, i)->chunk);
    outbox->count = 0;
    outbox->bytes = outbox->memory = 0;
    if (outbox->segments != NULL)
        release_ring(outbox, allocator);
}

/* A ring of twice the capacity (a power of two), with the segments in order from its start. */
static bool grow(cf_outbox *outbox, const cf_allocator *allocator)
{
    if (outbox->capacity > UINT32_MAX / 4)
        return false;
    uint32_t capacity = outbox->capacity == 0 ? RING_CAPACITY : outbox->capacity * 2;
    cf_segment *segments = cf_alloc(allocator, capacity * sizeof *segments);
    if (segments == NULL)
        return false;
    for (uint32_t i = 0; i < outbox->count; i++)
        segments[i] = *segment_at(outbox, i);
    if (outbox->segments != NULL)
        cf_free(allocator, outbox->segments);
    outbox->segments = segments;
    outbox->capacity = capacity;
    outbox->first = 0;
    return true;
}

/* False without memory for one segment more. */
static bool append(cf_outbox *outbox, cf_chunk *chunk, const cf_allocator *allocator)
{
    cf_segment segment = {chunk, 0};
    if (outbox->count == 0 && outbox->segments == NULL) {
        outbox->inline_segment = segment;
    } else {
        if ((outbox->segments == NULL || outbox->count == outbox->capacity) && !grow(outbox, allocator))
            return false;
        outbox->segments[(outbox->first + outbox->count) & (outbox->capacity - 1)] = segment;
    }
    outbox->count++;
    return true;
}

bool cf_outbox_push(cf_outbox *outbox, cf_chunk *chunk, const cf_allocator *allocator)
{
    const cf_buffer *bytes = cf_chunk_form(chunk, outbox->form);
    if (bytes == NULL || !append(outbox, chunk, allocator))
        return false;
    chunk->references++;
    outbox->bytes += bytes->size;
    outbox->memory += memory_of(chunk, bytes);
    return true;
}

const cf_segment *cf_outbox_front(const cf_outbox *outbox)
{
    return outbox->count == 0 ? NULL : segment_at(outbox, 0);
}

cf_bytes cf_outbox_slice(const cf_outbox *outbox, uint32_t index)
{
    const cf_segment *segment = segment_at(outbox, index);
    const cf_buffer *bytes = find_form(segment->chunk, outbox->form);
    return (cf_bytes){bytes->data + segment->offset, bytes->size - segment->offset};
}

size_t cf_outbox_peek(const cf_outbox *outbox, cf_bytes *slices, size_t count)
{
    size_t n = 0;
    for (; n < count && n < outbox->count; n++)
        slices[n] = cf_outbox_slice(outbox, (uint32_t)n);
    return n;
}

/* The first segment is sent. */
static void remove_first(cf_outbox *outbox, const cf_buffer *bytes, cf_sent *sent)
{
    cf_chunk *chunk = segment_at(outbox, 0)->chunk;
    sent->messages += chunk->messages;
    sent->payload += chunk->payload;
    outbox->memory -= memory_of(chunk, bytes);
    cf_chunk_release(chunk);
    outbox->count--;
    if (outbox->segments != NULL)
        outbox->first = (outbox->first + 1) & (outbox->capacity - 1);
}

cf_sent cf_outbox_consume(cf_outbox *outbox, size_t size, const cf_allocator *allocator)
{
    CF_ASSERT(size <= outbox->bytes);
    cf_sent sent = {0};
    outbox->bytes -= size;
    while (outbox->count > 0) {
        cf_segment *first =
            outbox->segments == NULL ? &outbox->inline_segment : &outbox->segments[outbox->first & (outbox->capacity - 1)];
        const cf_buffer *bytes = find_form(first->chunk, outbox->form);
        size_t left = bytes->size - first->offset;
        if (size < left) {
            first->offset += size;
            break;
        }
        size -= left;
        remove_first(outbox, bytes, &sent);
    }
    if (outbox->count == 0 && outbox->segments != NULL)
        release_ring(outbox, allocator);
    return sent;
}

#include "server/outbox.h"

#include <string.h>

#include "base/assert.h"

/* What malloc adds to a block, at least. */
#define BLOCK_OVERHEAD 16

/* The first ring: what a session that is a little behind needs. */
#define RING_CAPACITY 8

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

void cf_chunk_retain(cf_chunk *chunk)
{
    chunk->references++;
}

void cf_chunk_release(cf_chunk *chunk)
{
    CF_ASSERT(chunk->references > 0);
    if (--chunk->references > 0)
        return;
    cf_buffer_free(&chunk->frames);
    cf_free(chunk->allocator, chunk);
}

bool cf_chunk_append(cf_chunk *chunk, cf_ws_opcode opcode, cf_bytes payload)
{
    CF_ASSERT(chunk->references == 1);
    if (!cf_buffer_reserve(&chunk->frames, CF_WS_HEADER_MAX + payload.size))
        return false;
    cf_ws_append_frame(&chunk->frames, opcode, payload, NULL);
    chunk->messages++;
    return true;
}

size_t cf_chunk_overhead(const cf_chunk *chunk)
{
    size_t segment = 2 * sizeof(cf_segment); /* a ring may be half empty */
    if (chunk->shared)
        return segment;
    return segment + sizeof *chunk + (chunk->frames.capacity - chunk->frames.size) + 2 * BLOCK_OVERHEAD;
}

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

bool cf_outbox_push(cf_outbox *outbox, cf_chunk *chunk, const cf_allocator *allocator)
{
    cf_segment segment = {chunk, 0};
    if (outbox->count == 0 && outbox->segments == NULL) {
        outbox->inline_segment = segment;
    } else {
        if ((outbox->segments == NULL || outbox->count == outbox->capacity) && !grow(outbox, allocator))
            return false;
        outbox->segments[(outbox->first + outbox->count) & (outbox->capacity - 1)] = segment;
    }
    chunk->references++;
    outbox->count++;
    outbox->bytes += chunk->frames.size;
    outbox->memory += chunk->frames.size + cf_chunk_overhead(chunk);
    return true;
}

const cf_segment *cf_outbox_front(const cf_outbox *outbox)
{
    return outbox->count == 0 ? NULL : segment_at(outbox, 0);
}

size_t cf_outbox_peek(const cf_outbox *outbox, cf_bytes *slices, size_t count)
{
    size_t n = 0;
    for (; n < count && n < outbox->count; n++) {
        const cf_segment *segment = segment_at(outbox, (uint32_t)n);
        slices[n] = (cf_bytes){segment->chunk->frames.data + segment->offset, segment->chunk->frames.size - segment->offset};
    }
    return n;
}

size_t cf_outbox_consume(cf_outbox *outbox, size_t size, const cf_allocator *allocator)
{
    CF_ASSERT(size <= outbox->bytes);
    size_t messages = 0;
    outbox->bytes -= size;
    while (outbox->count > 0) {
        cf_segment *segment =
            outbox->segments == NULL ? &outbox->inline_segment : &outbox->segments[outbox->first & (outbox->capacity - 1)];
        size_t left = segment->chunk->frames.size - segment->offset;
        if (size < left) {
            segment->offset += size;
            break;
        }
        size -= left;
        messages += segment->chunk->messages;
        outbox->memory -= segment->chunk->frames.size + cf_chunk_overhead(segment->chunk);
        cf_chunk_release(segment->chunk);
        outbox->count--;
        if (outbox->segments != NULL)
            outbox->first = (outbox->first + 1) & (outbox->capacity - 1);
    }
    if (outbox->count == 0 && outbox->segments != NULL)
        release_ring(outbox, allocator);
    return messages;
}

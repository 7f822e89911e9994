/*
 * A growing buffer with a limit. A failed append (no memory, or over the limit)
 * sets `failed` and leaves the content as it was; further appends do nothing,
 * so a writer appends many pieces and looks once.
 */
#ifndef CF_BASE_BUFFER_H
#define CF_BASE_BUFFER_H

#include "base/allocator.h"

typedef struct cf_buffer {
    char *data;
    size_t size;
    size_t capacity;
    size_t limit; /* the largest size allowed, in bytes */
    const cf_allocator *allocator;
    bool failed;
} cf_buffer;

#define CF_BUFFER_NO_LIMIT SIZE_MAX

void cf_buffer_init(cf_buffer *buffer, const cf_allocator *allocator, size_t limit);
/* Frees the memory; the buffer is empty and usable again. */
void cf_buffer_free(cf_buffer *buffer);
/* Empties it and forgets a failure; keeps the memory. */
void cf_buffer_clear(cf_buffer *buffer);
/* Room for `size` more bytes, without changing the content. */
bool cf_buffer_reserve(cf_buffer *buffer, size_t size);
void cf_buffer_append(cf_buffer *buffer, cf_bytes bytes);
void cf_buffer_append_byte(cf_buffer *buffer, char byte);
void cf_buffer_append_int(cf_buffer *buffer, int64_t value);
/* Forgets the first `size` bytes (the rest moves to the front). */
void cf_buffer_consume(cf_buffer *buffer, size_t size);
/* Cuts to `size` bytes. */
void cf_buffer_truncate(cf_buffer *buffer, size_t size);
/* Puts a NUL behind the content (not counted in size); NULL on failure. */
const char *cf_buffer_text(cf_buffer *buffer);

static inline cf_bytes cf_buffer_bytes(const cf_buffer *buffer)
{
    return (cf_bytes){buffer->data, buffer->size};
}

#endif

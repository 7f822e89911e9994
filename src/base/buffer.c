#include "base/buffer.h"

#include "base/assert.h"

#include <string.h>

#define FIRST_CAPACITY 64 /* bytes */

void cf_buffer_init(cf_buffer *buffer, const cf_allocator *allocator, size_t limit)
{
    *buffer = (cf_buffer){.allocator = allocator, .limit = limit};
}

void cf_buffer_free(cf_buffer *buffer)
{
    cf_free(buffer->allocator, buffer->data);
    cf_buffer_init(buffer, buffer->allocator, buffer->limit);
}

void cf_buffer_clear(cf_buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
}

/* Doubles, so that many small appends cost little, but takes no more than the limit unless `needed` is more. */
static size_t grown_capacity(const cf_buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity > SIZE_MAX / 2 ? SIZE_MAX : buffer->capacity * 2;
    if (capacity < FIRST_CAPACITY)
        capacity = FIRST_CAPACITY;
    if (capacity > buffer->limit)
        capacity = buffer->limit;
    return capacity < needed ? needed : capacity;
}

static bool grow(cf_buffer *buffer, size_t needed)
{
    if (needed <= buffer->capacity)
        return true;
    size_t capacity = grown_capacity(buffer, needed);
    char *data = cf_realloc(buffer->allocator, buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

bool cf_buffer_reserve(cf_buffer *buffer, size_t size)
{
    if (buffer->failed)
        return false;
    if (buffer->size > buffer->limit || size > buffer->limit - buffer->size) {
        buffer->failed = true;
        return false;
    }
    return grow(buffer, buffer->size + size);
}

void cf_buffer_append(cf_buffer *buffer, cf_bytes bytes)
{
    if (!cf_buffer_reserve(buffer, bytes.size) || bytes.size == 0)
        return;
    memcpy(buffer->data + buffer->size, bytes.data, bytes.size);
    buffer->size += bytes.size;
}

void cf_buffer_append_byte(cf_buffer *buffer, char byte)
{
    if (cf_buffer_reserve(buffer, 1))
        buffer->data[buffer->size++] = byte;
}

void cf_buffer_append_int(cf_buffer *buffer, int64_t value)
{
    char digits[20]; /* a sign and the 19 digits of INT64_MIN */
    size_t at = sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--at] = '-';
    cf_buffer_append(buffer, cf_bytes_make(digits + at, sizeof(digits) - at));
}

void cf_buffer_consume(cf_buffer *buffer, size_t size)
{
    CF_ASSERT(size <= buffer->size);
    if (size > 0 && size < buffer->size)
        memmove(buffer->data, buffer->data + size, buffer->size - size);
    buffer->size -= size;
}

void cf_buffer_truncate(cf_buffer *buffer, size_t size)
{
    CF_ASSERT(size <= buffer->size);
    buffer->size = size;
}

const char *cf_buffer_text(cf_buffer *buffer)
{
    CF_ASSERT(buffer->size < SIZE_MAX);
    if (buffer->failed || !grow(buffer, buffer->size + 1))
        return NULL;
    buffer->data[buffer->size] = '\0';
    return buffer->data;
}

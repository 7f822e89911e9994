#include "base/allocator.h"

#include <string.h>

void *cf_alloc(const cf_allocator *allocator, size_t size)
{
    return cf_realloc(allocator, NULL, size);
}

void *cf_alloc_zero(const cf_allocator *allocator, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    void *memory = cf_alloc(allocator, count * size);
    if (memory != NULL)
        memset(memory, 0, count * size);
    return memory;
}

void *cf_realloc(const cf_allocator *allocator, void *memory, size_t size)
{
    return allocator->resize(allocator->user, memory, size > 0 ? size : 1);
}

void cf_free(const cf_allocator *allocator, void *memory)
{
    if (memory != NULL)
        allocator->resize(allocator->user, memory, 0);
}

char *cf_copy(const cf_allocator *allocator, cf_bytes bytes)
{
    if (bytes.size == SIZE_MAX)
        return NULL;
    char *copy = cf_alloc(allocator, bytes.size + 1);
    if (copy == NULL)
        return NULL;
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    copy[bytes.size] = '\0';
    return copy;
}

#include "system/heap.h"

#include <stdlib.h>

void *cf_heap_resize(void *user, void *memory, size_t size)
{
    (void)user;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

const cf_allocator cf_heap = {cf_heap_resize, NULL};

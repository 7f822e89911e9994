#include "system/heap.h"

#include <stdatomic.h>
#include <stdlib.h>

static void *resize_by_c(void *user, void *memory, size_t size)
{
    (void)user;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

/* Of the process, since what is shared by all clients comes from it, too. Not written any more once memory was taken. */
static cf_allocator chosen = {resize_by_c, NULL};
static atomic_bool taken;

static void *resize(void *user, void *memory, size_t size)
{
    (void)user;
    if (!atomic_load_explicit(&taken, memory_order_relaxed))
        atomic_store_explicit(&taken, true, memory_order_relaxed);
    return chosen.resize(chosen.user, memory, size);
}

bool cf_heap_choose(cf_allocator allocator)
{
    if (atomic_load(&taken))
        return false;
    chosen = allocator;
    return true;
}

const cf_allocator cf_heap = {resize, NULL};

#include "heap.h"

#include <stdlib.h>

static bool fails(sim_heap *heap)
{
    heap->count++;
    if (heap->fail_in == 0 || --heap->fail_in > 0)
        return false;
    if (heap->fail_more > 0) {
        heap->fail_more--;
        heap->fail_in = 1;
    }
    heap->failures++;
    return true;
}

static void *resize(void *user, void *memory, size_t size)
{
    sim_heap *heap = user;
    if (size == 0) {
        if (memory != NULL)
            heap->live--;
        free(memory);
        return NULL;
    }
    if (fails(heap))
        return NULL;
    void *block = realloc(memory, size);
    if (block == NULL)
        abort();
    if (memory == NULL)
        heap->live++;
    return block;
}

void sim_heap_init(sim_heap *heap)
{
    *heap = (sim_heap){.allocator = {resize, heap}};
}

void sim_heap_fail(sim_heap *heap, uint64_t in, uint64_t more)
{
    heap->fail_in = in;
    heap->fail_more = in > 0 ? more : 0;
}

void *sim_alloc(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL)
        abort();
    return memory;
}

static void *plain_resize(void *user, void *memory, size_t size)
{
    (void)user;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    void *block = realloc(memory, size);
    if (block == NULL)
        abort();
    return block;
}

const cf_allocator sim_plain_allocator = {plain_resize, NULL};

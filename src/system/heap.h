/*
 * What a program has of its system and the rooms below do without: the heap. random.h has the randomness.
 */
#ifndef CF_SYSTEM_HEAP_H
#define CF_SYSTEM_HEAP_H

#include "base/allocator.h"

/* The C library's; cf_heap_resize is its function, for allocators with other names. */
extern const cf_allocator cf_heap;

void *cf_heap_resize(void *user, void *memory, size_t size);

#endif

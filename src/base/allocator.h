/*
 * Where memory comes from. The core has no allocator of its own: one is handed
 * to it, so that a test can make the n-th allocation fail and a small device
 * can bring its own.
 */
#ifndef CF_BASE_ALLOCATOR_H
#define CF_BASE_ALLOCATOR_H

#include "base/bytes.h"

typedef struct cf_allocator {
    /*
     * Like realloc: `memory` NULL allocates, `size` 0 frees and returns NULL; NULL for a size above 0 means failure, `memory`
     * stays valid.
     */
    void *(*resize)(void *user, void *memory, size_t size);
    void *user;
} cf_allocator;

/* Size 0 gives memory too, so that NULL always means failure. */
void *cf_alloc(const cf_allocator *allocator, size_t size);
/* Zeroed; NULL also when count * size overflows. */
void *cf_alloc_zero(const cf_allocator *allocator, size_t count, size_t size);
void *cf_realloc(const cf_allocator *allocator, void *memory, size_t size);
void cf_free(const cf_allocator *allocator, void *memory);
/* A NUL-terminated copy, NULL on failure. */
char *cf_copy(const cf_allocator *allocator, cf_bytes bytes);

#endif

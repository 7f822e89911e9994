/*
 * The allocator of the tests: counts what lives and makes the n-th allocation
 * fail. A test of failures runs its body with fail_at 1, 2, 3 ... until it was
 * not reached, and looks that nothing lives after each.
 *
 *     for (size_t n = 1;; n++) {
 *         test_allocator memory = test_allocator_failing_at(n);
 *         cf_allocator allocator = test_allocator_make(&memory);
 *         ...
 *         assert_int_equal(memory.live, 0);
 *         if (!memory.failed)
 *             break;
 *     }
 */
#ifndef CF_BASE_TEST_ALLOCATOR_H
#define CF_BASE_TEST_ALLOCATOR_H

#include "base/allocator.h"

#include <stdlib.h>

typedef struct test_allocator {
    size_t calls;   /* allocations and resizings so far */
    size_t fail_at; /* the one that fails, counted from 1; 0: none */
    size_t live;    /* allocations not yet freed */
    bool failed;    /* it was reached */
} test_allocator;

static inline test_allocator test_allocator_failing_at(size_t n)
{
    return (test_allocator){.fail_at = n};
}

static inline void *test_allocator_resize(void *user, void *memory, size_t size)
{
    test_allocator *self = user;
    if (size == 0) {
        self->live -= memory != NULL;
        free(memory);
        return NULL;
    }
    if (++self->calls == self->fail_at) {
        self->failed = true;
        return NULL;
    }
    void *resized = realloc(memory, size);
    self->live += memory == NULL && resized != NULL;
    return resized;
}

static inline cf_allocator test_allocator_make(test_allocator *memory)
{
    return (cf_allocator){.resize = test_allocator_resize, .user = memory};
}

#endif

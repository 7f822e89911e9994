/*
 * What a program has of its system and the rooms below do without: the heap. random.h has the randomness.
 */
#ifndef CF_SYSTEM_HEAP_H
#define CF_SYSTEM_HEAP_H

#include "base/allocator.h"

/* The C library's, or what was chosen. */
extern const cf_allocator cf_heap;

/* False, and nothing is changed, once memory was taken. Not while another thread might take some. */
bool cf_heap_choose(cf_allocator allocator);

#endif

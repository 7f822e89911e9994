/*
 * An allocator that counts what is out, and fails where it is told to. Each
 * client and the server have their own, so that a leak names its owner.
 */
#ifndef SIM_HEAP_H
#define SIM_HEAP_H

#include "base/allocator.h"

typedef struct sim_heap {
    cf_allocator allocator;
    size_t live;        /* blocks not freed yet */
    uint64_t count;     /* requests so far */
    uint64_t fail_in;   /* the n-th request from now fails; 0: none */
    uint64_t fail_more; /* and so many behind it */
    uint64_t failures;
} sim_heap;

void sim_heap_init(sim_heap *heap);
void sim_heap_fail(sim_heap *heap, uint64_t in, uint64_t more);

/* For the simulator's own memory: ends the program when there is none. */
void *sim_alloc(size_t size);

/* The simulator's own buffers and decoders. */
extern const cf_allocator sim_plain_allocator;

#endif

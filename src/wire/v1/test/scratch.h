/*
 * What the tests of the decoders share: the buffer for decoded strings, of a memory that must come back.
 */
#ifndef CF_WIRE_TEST_SCRATCH_H
#define CF_WIRE_TEST_SCRATCH_H

#include "base/test/test.h"
#include "wire/v1/v1.h"

static test_allocator memory;
static cf_allocator allocator;
static cf_buffer scratch;

static int set_up(void **state)
{
    (void)state;
    memory = test_allocator_failing_at(0);
    allocator = test_allocator_make(&memory);
    cf_buffer_init(&scratch, &allocator, CF_BUFFER_NO_LIMIT);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cf_buffer_free(&scratch);
    return memory.live == 0 ? 0 : -1;
}

#endif

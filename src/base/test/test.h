/*
 * What every unit test includes: cmocka with the headers it needs before it,
 * the allocator of the tests, and how to compare a slice with a text.
 */
#ifndef CF_BASE_TEST_TEST_H
#define CF_BASE_TEST_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/test/allocator.h"

/* The slice is exactly this string literal, which may have NULs in it. */
#define assert_bytes(bytes, literal) test_bytes_equal((bytes), CF_BYTES(literal), __FILE__, __LINE__)
/* The slice is exactly this text. */
#define assert_text(bytes, text) test_bytes_equal((bytes), cf_bytes_of(text), __FILE__, __LINE__)

static inline void test_bytes_equal(cf_bytes actual, cf_bytes expected, const char *file, int line)
{
    if (cf_bytes_equal(actual, expected))
        return;
    print_error("expected \"%.*s\" (%zu bytes), got \"%.*s\" (%zu bytes)\n", (int)expected.size, expected.data, expected.size,
                (int)actual.size, actual.data, actual.size);
    _fail(file, line);
}

#endif

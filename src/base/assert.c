#include "base/assert.h"

#if __STDC_HOSTED__

#include <stdio.h>
#include <stdlib.h>

_Noreturn void cf_assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: assertion failed: %s. This is a bug of libcentrifuge, please report it.\n", file, line, condition);
    abort();
}

#else

_Noreturn void cf_assert_failed(const char *condition, const char *file, int line)
{
    (void)condition;
    (void)file;
    (void)line;
    __builtin_trap();
}

#endif

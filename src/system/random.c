#define _DEFAULT_SOURCE

#include "system/random.h"

#include <errno.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/random.h>
#endif

#if defined(__linux__)
bool cf_random_bytes(void *data, size_t size)
{
    char *at = data;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        size -= (size_t)got;
    }
    return true;
}
#else
bool cf_random_bytes(void *data, size_t size)
{
    arc4random_buf(data, size);
    return true;
}
#endif

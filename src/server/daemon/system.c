#include "server/daemon/system.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

static void *resize(void *user, void *memory, size_t size)
{
    (void)user;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

const cf_allocator cf_heap = {resize, NULL};

void cf_system_random(void *user, void *out, size_t size)
{
    (void)user;
    char *at = out;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        at += got;
        size -= (size_t)got;
    }
}

#include "server/daemon/limits.h"

#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>

int cf_limits_raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        rlim_t before = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            limit.rlim_cur = before;
    }
    return limit.rlim_cur < INT_MAX ? (int)limit.rlim_cur : 0;
}

typedef struct amount {
    char text[32];
} amount;

static amount limit_of(int resource, const char *unit)
{
    struct rlimit limit;
    amount result = {"unlimited"};
    if (getrlimit(resource, &limit) != 0)
        (void)snprintf(result.text, sizeof(result.text), "unknown");
    else if (limit.rlim_cur != RLIM_INFINITY)
        (void)snprintf(result.text, sizeof(result.text), "%llu%s", (unsigned long long)limit.rlim_cur, unit);
    return result;
}

const char *cf_limits_describe(char *text, size_t size)
{
    (void)snprintf(text, size, "open files %s, memory %s, core files %s", limit_of(RLIMIT_NOFILE, "").text,
                   limit_of(RLIMIT_AS, " bytes").text, limit_of(RLIMIT_CORE, " bytes").text);
    return text;
}

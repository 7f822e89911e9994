#include "server/daemon/processors.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

/* A control group, or one of those around it: the last name of the path goes first. */
typedef struct group {
    const char *mount;
    const char *hierarchy;             /* version 1 has several: "/cpu"; version 2: "" */
    char path[CF_PROCESSORS_PATH_MAX]; /* of a line that is no longer */
} group;

/* False where the file is not there, or is something else. */
static bool read_numbers(const group *of, const char *name, const char *format, int64_t *first, int64_t *second)
{
    char path[2 * CF_PROCESSORS_PATH_MAX];
    int size = snprintf(path, sizeof(path), "%s%s%s/%s", of->mount, of->hierarchy, of->path, name);
    FILE *file = size > 0 && (size_t)size < sizeof(path) ? fopen(path, "r") : NULL;
    if (file == NULL)
        return false;
    char line[64] = "";
    bool good = fgets(line, sizeof(line), file) != NULL && sscanf(line, format, first, second) >= 1;
    (void)fclose(file);
    return good;
}

/* Microseconds of processor in a period; "max", and -1 in version 1, are no limit. */
static bool read_quota(const group *of, int64_t *quota, int64_t *period)
{
    *period = 0;
    if (of->hierarchy[0] == 0)
        return read_numbers(of, "cpu.max", "%" SCNd64 " %" SCNd64, quota, period);
    int64_t none;
    return read_numbers(of, "cpu.cfs_quota_us", "%" SCNd64, quota, &none) &&
           read_numbers(of, "cpu.cfs_period_us", "%" SCNd64, period, &none);
}

static unsigned limit_by(const group *of, unsigned most)
{
    int64_t quota, period;
    if (!read_quota(of, &quota, &period) || quota <= 0 || period <= 0)
        return most;
    int64_t whole = quota / period + (quota % period != 0);
    return whole < most ? (unsigned)whole : most;
}

/* False: there is none around it. */
static bool go_up(group *of)
{
    char *last = strrchr(of->path, '/');
    if (last == NULL)
        return false;
    *last = 0;
    return true;
}

static unsigned limit_by_all(group *of, unsigned most)
{
    if (strcmp(of->path, "/") == 0)
        of->path[0] = 0;
    do
        most = limit_by(of, most);
    while (go_up(of));
    return most;
}

/* In a list by commas, which has "cpuset" and "cpuacct", too. */
static bool names_cpu(const char *controllers)
{
    while (*controllers != 0) {
        size_t size = strcspn(controllers, ",");
        if (size == 3 && memcmp(controllers, "cpu", 3) == 0)
            return true;
        controllers += size + (controllers[size] == ',');
    }
    return false;
}

/* A line is NUMBER:CONTROLLERS:PATH; version 2 has no controllers. False where it says nothing about processors. */
static bool read_group(char *line, group *out)
{
    char *controllers = strchr(line, ':');
    char *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');
    if (path == NULL || path[1] != '/')
        return false;
    *path++ = 0;
    path[strcspn(path, "\n")] = 0;
    if (controllers[1] != 0 && !names_cpu(controllers + 1))
        return false;
    out->hierarchy = controllers[1] == 0 ? "" : "/cpu";
    memcpy(out->path, path, strlen(path) + 1);
    return true;
}

unsigned cf_processors_allowed(unsigned available, const char *groups, const char *mount)
{
    char line[CF_PROCESSORS_PATH_MAX];
    unsigned most = available > 0 ? available : 1;
    FILE *file = fopen(groups, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        group found = {.mount = mount};
        if (read_group(line, &found))
            most = limit_by_all(&found, most);
    }
    if (file != NULL)
        (void)fclose(file);
    return most;
}

unsigned cf_processors(void)
{
    return cf_processors_allowed(uv_available_parallelism(), "/proc/self/cgroup", "/sys/fs/cgroup");
}

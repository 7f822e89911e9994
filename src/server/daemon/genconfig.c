#include "server/daemon/genconfig.h"

#include "server/uuid.h"
#include "system/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What stands before and behind the secret. */
static const struct {
    const char *before;
    const char *behind;
} frames[] = {
    [CF_NOTATION_JSON] = {"{\n  \"secret\": \"", "\"\n}\n"},
    [CF_NOTATION_YAML] = {"secret: ", "\n"},
    [CF_NOTATION_TOML] = {"secret = \"", "\"\n"},
};

static bool write_secret(FILE *file)
{
    uint8_t random[CF_UUID_RANDOM];
    char uuid[CF_UUID_SIZE];
    if (!cf_random_bytes(random, sizeof(random)))
        return false;
    cf_uuid_write(random, uuid);
    return fwrite(uuid, sizeof(uuid), 1, file) == 1;
}

static bool write_text(FILE *file, cf_daemon_notation notation)
{
    return fputs(frames[notation].before, file) >= 0 && write_secret(file) && fputs(frames[notation].behind, file) >= 0 &&
           fflush(file) == 0 && fsync(fileno(file)) == 0;
}

/* 0, or an errno. */
static int fill(int descriptor, cf_daemon_notation notation)
{
    FILE *file = fdopen(descriptor, "w");
    if (file == NULL) {
        int problem = errno;
        (void)close(descriptor);
        return problem;
    }
    int problem = write_text(file, notation) ? 0 : errno;
    if (fclose(file) != 0 && problem == 0)
        problem = errno;
    return problem;
}

/* Some file systems have no second names: there we look whether the name is free. */
static int give_name(const char *temporary, const char *path)
{
    struct stat there;
    if (link(temporary, path) == 0)
        return 0;
    if (errno == EEXIST || lstat(path, &there) == 0)
        return EEXIST;
    return rename(temporary, path) == 0 ? 0 : errno;
}

/* `temporary` ends in what mkstemp wants. */
static int write_as(char *temporary, const char *path, cf_daemon_notation notation)
{
    int descriptor = mkstemp(temporary); /* mode 0600 */
    if (descriptor < 0)
        return errno;
    int problem = fill(descriptor, notation);
    if (problem == 0)
        problem = give_name(temporary, path);
    (void)unlink(temporary);
    return problem;
}

int cf_genconfig_write(const char *path, cf_daemon_notation notation)
{
    static const char ending[] = ".XXXXXX";
    struct stat there;
    if (lstat(path, &there) == 0)
        return EEXIST;
    size_t size = strlen(path);
    char *temporary = malloc(size + sizeof(ending));
    if (temporary == NULL)
        return ENOMEM;
    memcpy(temporary, path, size);
    memcpy(temporary + size, ending, sizeof(ending));
    int problem = write_as(temporary, path, notation);
    free(temporary);
    return problem;
}

#include "server/daemon/genconfig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_BYTES 16 /* random ones, of a UUID */

static bool random_uuid(unsigned char uuid[SECRET_BYTES])
{
    if (getrandom(uuid, SECRET_BYTES, 0) != SECRET_BYTES)
        return false;
    uuid[6] = (unsigned char)((uuid[6] & 0x0f) | 0x40); /* RFC 9562 section 5.4 */
    uuid[8] = (unsigned char)((uuid[8] & 0x3f) | 0x80);
    return true;
}

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
    unsigned char uuid[SECRET_BYTES];
    if (!random_uuid(uuid))
        return false;
    for (size_t i = 0; i < SECRET_BYTES; i++) {
        if (fprintf(file, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid[i]) < 0)
            return false;
    }
    return true;
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

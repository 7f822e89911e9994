#include "server/daemon/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Does the path still lead to the file that we hold? Its holder before us may have removed it. */
static bool is_ours(const cf_pid_file *file)
{
    struct stat held;
    struct stat named;
    return fstat(file->descriptor, &held) == 0 && stat(file->path, &named) == 0 && held.st_dev == named.st_dev &&
           held.st_ino == named.st_ino;
}

static bool fail_pid_file(cf_pid_file *file)
{
    int problem = errno;
    (void)close(file->descriptor);
    file->descriptor = -1;
    errno = problem;
    return false;
}

/* Nothing, or a number at its beginning: a path that was mistaken may lead to a log, or to the configuration. */
static bool is_pid_file(int descriptor)
{
    char text[32];
    struct stat status;
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        return true; /* a device has nothing to lose */
    ssize_t size = pread(descriptor, text, sizeof(text) - 1, 0);
    text[size < 0 ? 0 : size] = 0;
    size_t digits = strspn(text, "0123456789");
    return size == 0 || (digits > 0 && (text[digits] == 0 || text[digits] == '\n'));
}

static bool open_locked(cf_pid_file *file)
{
    file->descriptor = open(file->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644);
    if (file->descriptor < 0)
        return false;
    if (flock(file->descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return fail_pid_file(file);
    if (!is_pid_file(file->descriptor)) {
        errno = EEXIST;
        return fail_pid_file(file);
    }
    return true; /* a file system without locks has none to respect */
}

/* Over what was there, then to its length: a reader never finds it empty. */
static bool write_id(const cf_pid_file *file)
{
    char text[32];
    struct stat status;
    int size = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    ssize_t written = write(file->descriptor, text, (size_t)size);
    if (written >= 0 && written != size)
        errno = ENOSPC;
    if (written != size || fstat(file->descriptor, &status) != 0)
        return false;
    return !S_ISREG(status.st_mode) || ftruncate(file->descriptor, size) == 0;
}

bool cf_pid_file_take(cf_pid_file *file, const char *path)
{
    file->path = path;
    while (open_locked(file)) {
        if (!is_ours(file)) {
            (void)close(file->descriptor);
            continue;
        }
        if (write_id(file))
            return true;
        int problem = errno;
        cf_pid_file_drop(file);
        errno = problem;
        return false;
    }
    return false;
}

long cf_pid_file_holder(const char *path)
{
    char text[32] = "";
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return 0;
    (void)!read(descriptor, text, sizeof(text) - 1);
    (void)close(descriptor);
    return strtol(text, NULL, 10);
}

bool cf_pid_file_is_other(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
        return false;
    bool other = !is_pid_file(descriptor);
    (void)close(descriptor);
    return other;
}

void cf_pid_file_drop(cf_pid_file *file)
{
    struct stat status;
    if (file->descriptor < 0)
        return;
    if (is_ours(file) && fstat(file->descriptor, &status) == 0 && S_ISREG(status.st_mode))
        (void)unlink(file->path);
    (void)close(file->descriptor); /* only now another one may take it */
    file->descriptor = -1;
}

#include "server/net/unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MODE (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP)

static bool set_address(struct sockaddr_un *address, const char *path)
{
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(address->sun_path))
        return false;
    memcpy(address->sun_path, path, strlen(path));
    return true;
}

static int new_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

bool cf_unix_socket_is(const char *path)
{
    struct stat there;
    return lstat(path, &there) == 0 && S_ISSOCK(there.st_mode);
}

/* Nobody answers on it any more. */
static bool is_left_behind(const struct sockaddr_un *address)
{
    int probe = new_socket();
    bool refused =
        probe >= 0 && connect(probe, (const struct sockaddr *)address, sizeof(*address)) != 0 && errno == ECONNREFUSED;
    if (probe >= 0)
        (void)close(probe);
    return refused && cf_unix_socket_is(address->sun_path);
}

static bool bind_to(int descriptor, const struct sockaddr_un *address)
{
    /* Nobody can connect before it listens: then the mode is right. */
    return bind(descriptor, (const struct sockaddr *)address, sizeof(*address)) == 0 && chmod(address->sun_path, MODE) == 0;
}

int cf_unix_socket_bind(const char *path)
{
    struct sockaddr_un address;
    if (!set_address(&address, path))
        return -ENAMETOOLONG;
    if (is_left_behind(&address))
        (void)unlink(path);
    int descriptor = new_socket();
    if (descriptor >= 0 && bind_to(descriptor, &address))
        return descriptor;
    int problem = errno;
    if (descriptor >= 0)
        (void)close(descriptor);
    return -problem;
}

int cf_unix_socket_look(const char *path)
{
    struct sockaddr_un address;
    struct stat there;
    if (!set_address(&address, path))
        return ENAMETOOLONG;
    return lstat(path, &there) != 0 || is_left_behind(&address) ? 0 : EADDRINUSE;
}

void cf_unix_socket_remove(const char *path)
{
    struct sockaddr_un address;
    if (set_address(&address, path) && is_left_behind(&address))
        (void)unlink(path);
}

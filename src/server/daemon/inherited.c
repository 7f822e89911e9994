#include "server/daemon/inherited.h"

#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST 3

typedef union any_name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un path;
} any_name;

/* They may be meant for a process that started this one. */
static size_t count_of_environment(void)
{
    const char *count = getenv("LISTEN_FDS");
    const char *process = getenv("LISTEN_PID");
    if (count == NULL || process == NULL || strtoimax(process, NULL, 10) != (intmax_t)getpid())
        return 0;
    uintmax_t given = strtoumax(count, NULL, 10);
    return given < CF_INHERITED_MAX ? (size_t)given : CF_INHERITED_MAX;
}

void cf_inherited_find(cf_inherited *self)
{
    self->count = count_of_environment();
    for (size_t i = 0; i < self->count; i++) {
        self->sockets[i] = FIRST + (int)i;
        (void)fcntl(self->sockets[i], F_SETFD, FD_CLOEXEC);
    }
}

/* False: it listens for no stream. */
static bool read_name(int socket, any_name *name)
{
    int listens = 0;
    socklen_t size = sizeof listens;
    if (socket < 0 || getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens)
        return false;
    *name = (any_name){0};
    size = sizeof *name;
    return getsockname(socket, &name->any, &size) == 0;
}

static bool has_port(const any_name *name, int port)
{
    return (name->any.sa_family == AF_INET && ntohs(name->v4.sin_port) == port) ||
           (name->any.sa_family == AF_INET6 && ntohs(name->v6.sin6_port) == port);
}

static bool has_path(const any_name *name, const char *path)
{
    return name->any.sa_family == AF_UNIX && strncmp(name->path.sun_path, path, sizeof name->path.sun_path) == 0;
}

/* `path` NULL: by the port. */
static int take(cf_inherited *self, int port, const char *path)
{
    any_name name;
    for (size_t i = 0; i < self->count; i++) {
        int found = self->sockets[i];
        if (!read_name(found, &name) || !(path == NULL ? has_port(&name, port) : has_path(&name, path)))
            continue;
        self->sockets[i] = -1;
        return found;
    }
    return -1;
}

int cf_inherited_take_port(cf_inherited *self, int port)
{
    return take(self, port, NULL);
}

int cf_inherited_take_path(cf_inherited *self, const char *path)
{
    return take(self, 0, path);
}

size_t cf_inherited_close(cf_inherited *self)
{
    size_t closed = 0;
    for (size_t i = 0; i < self->count; i++)
        closed += self->sockets[i] >= 0 && close(self->sockets[i]) == 0;
    self->count = 0;
    return closed;
}

#include "server/daemon/supervisor.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* False: no name of a socket, which is a path or, with an at sign for its first byte, an abstract one. */
static bool read_address(const char *name, struct sockaddr_un *address, socklen_t *size)
{
    size_t length = name == NULL ? 0 : strlen(name);
    if (length < 2 || length >= sizeof address->sun_path || (name[0] != '/' && name[0] != '@'))
        return false;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, name, length);
    if (name[0] == '@')
        address->sun_path[0] = '\0';
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

static int connect_to(const char *name)
{
    struct sockaddr_un address;
    socklen_t size;
    if (!read_address(name, &address, &size))
        return -1;
    int opened = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (opened < 0 || connect(opened, (const struct sockaddr *)&address, size) == 0)
        return opened;
    (void)close(opened);
    return -1;
}

static void on_watchdog(uv_timer_t *timer)
{
    cf_supervisor_tell(timer->data, "WATCHDOG=1");
}

/* ms between two signs of life, half of what the supervisor waits for one; 0: it waits for none, or not of this process. */
static uint64_t watchdog_interval(void)
{
    const char *wanted = getenv("WATCHDOG_USEC");
    const char *process = getenv("WATCHDOG_PID");
    if (wanted == NULL || (process != NULL && strtoimax(process, NULL, 10) != (intmax_t)getpid()))
        return 0;
    return (uint64_t)strtoumax(wanted, NULL, 10) / 2000;
}

void cf_supervisor_open(cf_supervisor *self, uv_loop_t *loop)
{
    uint64_t interval = watchdog_interval();
    self->socket = connect_to(getenv("NOTIFY_SOCKET"));
    (void)uv_timer_init(loop, &self->watchdog);
    self->watchdog.data = self;
    if (self->socket >= 0 && interval > 0)
        (void)uv_timer_start(&self->watchdog, on_watchdog, interval, interval);
}

void cf_supervisor_tell(const cf_supervisor *self, const char *state)
{
    if (self->socket >= 0)
        (void)send(self->socket, state, strlen(state), MSG_NOSIGNAL);
}

void cf_supervisor_close(cf_supervisor *self)
{
    if (self->socket >= 0)
        (void)close(self->socket);
    self->socket = -1;
}

#include "server/daemon/start_check.h"

#include "server/daemon/pidfile.h"
#include "server/net/unix_socket.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_PORT 8000 /* not tried: who has it says nothing of a file that does not name it */
#define TEXT_MAX     1024 /* bytes of what is said at once */
#define ADDRESS_MAX  256

__attribute__((format(printf, 2, 3))) static void say(cf_buffer *out, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (size > 0)
        cf_buffer_append(out, cf_bytes_of(text));
}

/* ---- files ---- */

/* The folder of a path; false when it is too long for one. */
static bool folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    int size = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    return snprintf(folder, PATH_MAX, "%.*s", size, slash == NULL ? "." : path) < PATH_MAX;
}

static bool can_be_written(const char *path)
{
    char folder[PATH_MAX];
    if (access(path, F_OK) == 0)
        return access(path, W_OK) == 0;
    errno = ENAMETOOLONG;
    return folder_of(path, folder) && access(folder, W_OK | X_OK) == 0;
}

/* The server runs without a log file that it cannot open, and says so. */
static void check_log(const cf_config *config, cf_config_report *report)
{
    const char *path = config->log_file.data;
    if (path[0] != 0 && !can_be_written(path))
        say(&report->warnings, "option 'log_file' is '%s', which cannot be opened: %s\n", path, strerror(errno));
}

static bool check_file(const char *option, const char *path, cf_config_report *report)
{
    if (path[0] == 0 || can_be_written(path))
        return true;
    say(&report->error, "config error: option '%s' is '%s', which cannot be made: %s", option, path, strerror(errno));
    return false;
}

static bool check_pid_file(const char *path, cf_config_report *report)
{
    if (!check_file("pid_file", path, report))
        return false;
    if (path[0] == 0 || !cf_pid_file_is_other(path))
        return true;
    say(&report->error,
        "config error: option 'pid_file' is '%s', which is there and no pid file: remove it, or name another one", path);
    return false;
}

/* Who listens there may be the server that is to be replaced. */
static bool check_socket(const char *path, cf_config_report *report)
{
    if (!check_file("api_socket", path, report))
        return false;
    int problem = path[0] == 0 ? 0 : cf_unix_socket_look(path);
    if (problem == EADDRINUSE && cf_unix_socket_is(path))
        say(&report->warnings, "option 'api_socket' is '%s', where a program listens; unless it is to be replaced\n", path);
    else if (problem == EADDRINUSE)
        say(&report->error,
            "config error: option 'api_socket' is '%s', which is there and no socket: remove it, or name another one", path);
    else if (problem != 0)
        say(&report->error, "config error: option 'api_socket' is '%s', which cannot be made: %s", path, strerror(problem));
    return report->error.size == 0;
}

/* ---- ports ---- */

/* 0, or an errno. */
static int try_to_bind(const struct addrinfo *info)
{
    int on = 1;
    int probe = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return errno;
    (void)setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (info->ai_family == AF_INET6)
        (void)setsockopt(probe, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    int problem = bind(probe, info->ai_addr, info->ai_addrlen) == 0 ? 0 : errno;
    (void)close(probe);
    return problem;
}

static void check_port(const char *address, int64_t port, cf_config_report *report)
{
    char service[16];
    struct addrinfo *info = NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    (void)snprintf(service, sizeof(service), "%d", (int)port);
    int status = getaddrinfo(address[0] != 0 ? address : NULL, service, &hints, &info);
    if (status != 0) {
        say(&report->warnings, "option 'address' has '%s', which is not found: %s\n", address, gai_strerror(status));
        return;
    }
    int problem = try_to_bind(info);
    if (problem != 0)
        say(&report->warnings, "port %d of address '%s' cannot be had: %s; unless the server that has it is to be replaced\n",
            (int)port, address, strerror(problem));
    freeaddrinfo(info);
}

static void check_ports(const cf_config *config, const char *address, cf_config_report *report)
{
    const int64_t ports[] = {config->port, config->api_port, config->admin_port};
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        bool is_again = i > 0 && (ports[i] == ports[0] || ports[i] == ports[i - 1]);
        if (!is_again && ports[i] != 0 && ports[i] != DEFAULT_PORT)
            check_port(address, ports[i], report);
    }
}

bool cf_start_check(const cf_config *config, cf_config_report *report)
{
    char name[ADDRESS_MAX];
    cf_bytes addresses = config->address;
    cf_bytes address;
    while (cf_config_next_text(&addresses, &address)) {
        (void)snprintf(name, sizeof(name), "%.*s", (int)address.size, address.data);
        check_ports(config, name, report);
    }
    check_log(config, report);
    return check_pid_file(config->pid_file.data, report) && check_socket(config->api_socket.data, report);
}

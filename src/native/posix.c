/*
 * What only POSIX systems have. Its twin for Windows would be windows.c: QueryPerformanceCounter, BCryptGenRandom, WSAPoll and
 * a socket pair.
 */
#define _DEFAULT_SOURCE
#define _POSIX_C_SOURCE 200809L

#include "native/native.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#endif

/* Where it is missing, libcurl and begin_to_connect have set SO_NOSIGPIPE on their sockets. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

const void *cf_native_thread_self(void)
{
    static _Thread_local char mark;
    return &mark;
}

/* ---- processes ---------------------------------------------------------------- */

/* How often this process and those before it were forked. */
static atomic_uint forks;
static pthread_once_t watching = PTHREAD_ONCE_INIT;
static bool watched;

static void count_fork(void)
{
    atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
}

static void watch_forks(void)
{
    watched = pthread_atfork(NULL, NULL, count_fork) == 0;
}

bool cf_native_process_watch(void)
{
    return pthread_once(&watching, watch_forks) == 0 && watched;
}

unsigned cf_native_process_self(void)
{
    return atomic_load_explicit(&forks, memory_order_relaxed);
}

/* ---- time, sockets ------------------------------------------------------------- */

/*
 * Time in which the machine sleeps counts: after a night the peer is not as alive as it was a moment ago. Linux has a clock of
 * its own for that; elsewhere, as on macOS, it is the monotonic one.
 */
#ifdef CLOCK_BOOTTIME
#define CLOCK_THAT_NEVER_SLEEPS CLOCK_BOOTTIME
#else
#define CLOCK_THAT_NEVER_SLEEPS CLOCK_MONOTONIC
#endif

cf_time cf_native_clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THAT_NEVER_SLEEPS, &now);
    return (cf_time)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#if defined(__linux__)
bool cf_native_wakeup_open(cf_native_wakeup *wakeup)
{
    wakeup->reader = wakeup->writer = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return wakeup->reader >= 0;
}
#else
static bool prepare(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0;
}

bool cf_native_wakeup_open(cf_native_wakeup *wakeup)
{
    int ends[2];
    if (pipe(ends) != 0)
        return false;
    *wakeup = (cf_native_wakeup){.reader = ends[0], .writer = ends[1]};
    if (prepare(ends[0]) && prepare(ends[1]))
        return true;
    cf_native_wakeup_close(wakeup);
    return false;
}
#endif

void cf_native_wakeup_close(cf_native_wakeup *wakeup)
{
    close(wakeup->reader);
    if (wakeup->writer != wakeup->reader)
        close(wakeup->writer);
}

/* A full one is a wake-up that was not read yet: nothing is lost. Eight bytes are what an eventfd wants. */
void cf_native_wakeup_signal(const cf_native_wakeup *wakeup)
{
    int saved = errno;
    static const uint64_t one = 1;
    ssize_t written = write(wakeup->writer, &one, sizeof one);
    (void)written;
    errno = saved;
}

void cf_native_wakeup_drain(const cf_native_wakeup *wakeup)
{
    char bytes[64];
    while (read(wakeup->reader, bytes, sizeof bytes) == (ssize_t)sizeof bytes)
        continue;
}

#if defined(__linux__)
centrifuge_socket cf_native_alarm_open(void)
{
    return timerfd_create(CLOCK_THAT_NEVER_SLEEPS, TFD_NONBLOCK | TFD_CLOEXEC);
}

void cf_native_alarm_set(centrifuge_socket alarm, cf_time at)
{
    const struct itimerspec when = {.it_value = {.tv_sec = (time_t)(at / 1000), .tv_nsec = (long)(at % 1000) * 1000000}};
    (void)timerfd_settime(alarm, TFD_TIMER_ABSTIME, &when, NULL);
}
#else
/* A sleep is noticed when what was waited for is over: the times of poll() go on where they were. */
centrifuge_socket cf_native_alarm_open(void)
{
    return CF_NATIVE_NO_SOCKET;
}

void cf_native_alarm_set(centrifuge_socket alarm, cf_time at)
{
    (void)alarm;
    (void)at;
}
#endif

static cf_native_io outcome(ssize_t result, size_t *done)
{
    *done = result > 0 ? (size_t)result : 0;
    if (result >= 0)
        return CF_NATIVE_IO_OK;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? CF_NATIVE_IO_AGAIN : CF_NATIVE_IO_FAILED;
}

cf_native_io cf_native_send(centrifuge_socket socket, const void *data, size_t size, size_t *done)
{
    return outcome(send(socket, data, size, MSG_NOSIGNAL), done);
}

cf_native_io cf_native_receive(centrifuge_socket socket, void *data, size_t size, size_t *done)
{
    return outcome(recv(socket, data, size, 0), done);
}

void cf_native_close(centrifuge_socket socket)
{
    close(socket);
}

typedef union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} any_address;

/* Its size, 0 when `host` is not numeric. */
static socklen_t read_address(const char *host, uint16_t port, any_address *address)
{
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(port);
        return sizeof address->v4;
    }
    if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) != 1)
        return 0;
    address->v6.sin6_family = AF_INET6;
    address->v6.sin6_port = htons(port);
    return sizeof address->v6;
}

static bool begin_to_connect(centrifuge_socket socket, const any_address *address, socklen_t size)
{
    int on = 1;
    int flags = fcntl(socket, F_GETFL);
    if (flags < 0 || fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0)
        return false;
    (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef SO_NOSIGPIPE
    (void)setsockopt(socket, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    return connect(socket, &address->any, size) == 0 || errno == EINPROGRESS;
}

bool cf_native_connect(const char *host, uint16_t port, centrifuge_socket *connecting)
{
    any_address address;
    socklen_t size = read_address(host, port, &address);
    if (size == 0)
        return false;
    struct curl_sockaddr wanted = {.family = address.any.sa_family, .socktype = SOCK_STREAM};
    *connecting = cf_http_socket_open(NULL, CURLSOCKTYPE_IPCXN, &wanted);
    if (*connecting < 0)
        return false;
    if (begin_to_connect(*connecting, &address, size))
        return true;
    close(*connecting);
    return false;
}

const char *cf_native_connect_problem(centrifuge_socket connecting)
{
    int problem = 0;
    socklen_t size = sizeof problem;
    if (getsockopt(connecting, SOL_SOCKET, SO_ERROR, &problem, &size) != 0)
        problem = errno;
    return problem ? strerror(problem) : NULL;
}

static int clamp_timeout(int64_t milliseconds)
{
    if (milliseconds < 0)
        return -1;
    return milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds;
}

bool cf_native_poll(cf_native_watch *watches, size_t count, int64_t milliseconds)
{
    struct pollfd polls[CF_NATIVE_LOOP_WATCH_MAX];
    for (size_t i = 0; i < count; i++) {
        polls[i] = (struct pollfd){.fd = watches[i].socket};
        if (watches[i].events & CENTRIFUGE_READABLE)
            polls[i].events |= POLLIN;
        if (watches[i].events & CENTRIFUGE_WRITABLE)
            polls[i].events |= POLLOUT;
        watches[i].ready = 0;
    }
    int found = poll(polls, (nfds_t)count, clamp_timeout(milliseconds));
    if (found < 0)
        return errno == EINTR || errno == EAGAIN;
    for (size_t i = 0; i < count && found > 0; i++) {
        if (polls[i].revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
            watches[i].ready |= CENTRIFUGE_READABLE;
        if (polls[i].revents & (POLLOUT | POLLHUP | POLLERR | POLLNVAL))
            watches[i].ready |= CENTRIFUGE_WRITABLE;
    }
    return true;
}

#if defined(__linux__)
centrifuge_socket cf_native_set_open(void)
{
    return epoll_create1(EPOLL_CLOEXEC);
}

bool cf_native_set_change(centrifuge_socket set, centrifuge_socket socket, int before, int events)
{
    struct epoll_event event = {.data = {.fd = socket}};
    if (events & CENTRIFUGE_READABLE)
        event.events |= EPOLLIN;
    if (events & CENTRIFUGE_WRITABLE)
        event.events |= EPOLLOUT;
    int operation = events == 0 ? EPOLL_CTL_DEL : before == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    return epoll_ctl(set, operation, socket, &event) == 0 || events == 0;
}
#else
centrifuge_socket cf_native_set_open(void)
{
    errno = ENOSYS;
    return CF_NATIVE_NO_SOCKET;
}

bool cf_native_set_change(centrifuge_socket set, centrifuge_socket socket, int before, int events)
{
    (void)set;
    (void)socket;
    (void)before;
    (void)events;
    return false;
}
#endif

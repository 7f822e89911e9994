/*
 * What only POSIX systems have. Its twin for Windows would be windows.c: QueryPerformanceCounter, BCryptGenRandom, WSAPoll and a
 * socket pair.
 */
#define _DEFAULT_SOURCE
#define _POSIX_C_SOURCE 200809L

#include "native/native.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/eventfd.h>
#include <sys/random.h>
#endif

/* Where it is missing, libcurl has set SO_NOSIGPIPE on its sockets. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

static void *resize(void *user, void *memory, size_t size)
{
    (void)user;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

const cf_allocator cf_native_allocator = {resize, NULL};

const void *cf_native_thread_self(void)
{
    static _Thread_local char mark;
    return &mark;
}

/*
 * Time in which the machine sleeps counts: after a night the peer is not as alive as it was a moment ago. Linux has a clock of its
 * own for that; elsewhere, as on macOS, it is the monotonic one.
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

bool cf_native_random_bytes(void *data, size_t size)
{
#if defined(__linux__)
    ssize_t got;
    do {
        got = getrandom(data, size, 0);
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)size;
#else
    arc4random_buf(data, size);
    return true;
#endif
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

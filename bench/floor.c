/*
 * floor: what the same messages cost at least: a bare loop of send() of the
 * ready frame to as many sockets, drained by the same kind of reader in another
 * process.
 *
 *   floor send --connections N --messages M --frame BYTES [--flight F] [--core C] [--reader-core R]
 *       CPU time of the sender per send(). --flight 1 waits until all have one message before it sends the next.
 *   floor receive --bytes N --frame BYTES [--core C] [--sender-core S]
 *       CPU time of a bare recv() loop per frame, from a sender that never stops.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_SIZE (256 * 1024)

/* Reads from all sockets; says one byte on `done` for every `step` bytes that came, all sockets together. */
static _Noreturn void drain(uint16_t port, long connections, uint64_t step, uint64_t total, int done)
{
    static char buffer[READ_SIZE];
    int epoll = epoll_create1(0);
    for (long i = 0; i < connections; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data = {.fd = bench_connect(port)}};
        if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event) != 0)
            bench_die("epoll");
    }
    uint64_t received = 0;
    uint64_t told = 0;
    while (received < total) {
        struct epoll_event events[512];
        int count = epoll_wait(epoll, events, 512, -1);
        for (int i = 0; i < count; i++) {
            ssize_t got = recv(events[i].data.fd, buffer, sizeof(buffer), 0);
            if (got > 0)
                received += (uint64_t)got;
        }
        for (; told + step <= received; told += step)
            if (write(done, "x", 1) != 1)
                bench_die("write");
    }
    exit(0);
}

static void send_one(int fd, const char *frame, size_t size)
{
    size_t sent = 0;
    while (sent < size) {
        ssize_t got = send(fd, frame + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (got > 0) {
            sent += (size_t)got;
            continue;
        }
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            bench_die("send");
        poll(&wait, 1, -1);
    }
}

static void await(int done, uint64_t *completed, uint64_t wanted)
{
    char marks[256];
    while (*completed < wanted) {
        ssize_t got = read(done, marks, sizeof(marks));
        if (got <= 0)
            bench_die("read");
        *completed += (uint64_t)got;
    }
}

static int run_send(int argc, char **argv)
{
    long connections = bench_option(argc, argv, "--connections", 1000);
    uint64_t messages = (uint64_t)bench_option(argc, argv, "--messages", 1000);
    uint64_t flight = (uint64_t)bench_option(argc, argv, "--flight", 1);
    size_t size = (size_t)bench_option(argc, argv, "--frame", 200);
    uint16_t port = 0;
    int done[2];
    bench_raise_files();
    int listener = bench_listen(&port);
    if (pipe(done) != 0)
        bench_die("pipe");
    pid_t reader = fork();
    if (reader == 0) {
        bench_pin(bench_option(argc, argv, "--reader-core", -1));
        drain(port, connections, size * (uint64_t)connections, size * (uint64_t)connections * messages, done[1]);
    }
    bench_pin(bench_option(argc, argv, "--core", -1));
    int *sockets = calloc((size_t)connections, sizeof(*sockets));
    char *frame = malloc(size);
    if (reader < 0 || sockets == NULL || frame == NULL)
        bench_die("floor");
    memset(frame, 'x', size);
    for (long i = 0; i < connections; i++)
        if ((sockets[i] = accept(listener, NULL, NULL)) < 0)
            bench_die("accept");
    uint64_t completed = 0;
    uint64_t cpu = bench_own_cpu();
    for (uint64_t sent = 0; sent < messages; sent++) {
        await(done[0], &completed, sent < flight ? 0 : sent - flight + 1);
        for (long i = 0; i < connections; i++)
            send_one(sockets[i], frame, size);
    }
    await(done[0], &completed, messages);
    cpu = bench_own_cpu() - cpu;
    printf("cpu_ns=%" PRIu64 "\n", cpu / (messages * (uint64_t)connections));
    waitpid(reader, NULL, 0);
    return 0;
}

static int run_receive(int argc, char **argv)
{
    static char buffer[READ_SIZE];
    uint64_t bytes = (uint64_t)bench_option(argc, argv, "--bytes", 1000000000);
    uint64_t frame = (uint64_t)bench_option(argc, argv, "--frame", 200);
    uint16_t port = 0;
    int listener = bench_listen(&port);
    pid_t sender = fork();
    if (sender == 0) {
        bench_pin(bench_option(argc, argv, "--sender-core", -1));
        int fd = accept(listener, NULL, NULL);
        while (fd >= 0 && send(fd, buffer, sizeof(buffer), MSG_NOSIGNAL) > 0) {
        }
        exit(0);
    }
    bench_pin(bench_option(argc, argv, "--core", -1));
    int fd = bench_connect(port);
    uint64_t cpu = bench_own_cpu();
    uint64_t received = 0;
    while (received < bytes) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        poll(&wait, 1, -1);
        ssize_t got = recv(fd, buffer, 64 * 1024, 0);
        if (got > 0)
            received += (uint64_t)got;
    }
    cpu = bench_own_cpu() - cpu;
    close(fd);
    waitpid(sender, NULL, 0);
    printf("cpu_ns=%" PRIu64 "\n", cpu / (received / frame));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "send") == 0)
        return run_send(argc, argv);
    if (argc > 1 && strcmp(argv[1], "receive") == 0)
        return run_receive(argc, argv);
    fprintf(stderr, "usage: floor send|receive [--name VALUE]...; see bench/floor.c\n");
    return 2;
}

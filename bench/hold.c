/*
 * hold: many connected clients in one process on one epoll loop, by the library's loop hooks, and the memory they take. Its twin
 * on the existing client is existing/hold.js.
 *
 *   hold --port P [--clients N] [--opening M] [--settle MILLISECONDS]
 *
 * Each client says connect and nothing more; M of them connect at the same time. Prints bytes: resident memory before the first
 * client and with all of them, that of it which is the process's own (no files), the same after malloc was told to give back what is
 * free (gathered), and what malloc has given away for each client.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <centrifuge/client.h>

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

typedef struct holder holder;

typedef struct held {
    holder *all;
    centrifuge_client *client;
    uint64_t expires; /* ns, monotonic; UINT64_MAX: no timer */
} held;

struct holder {
    int epoll;
    held *clients;
    held **owners; /* by socket */
    int sockets_max;
    long count;
    long started;
    long connected;
    long opening_max; /* clients that connect at the same time */
};

static void watch(void *user, centrifuge_socket socket, int events)
{
    held *self = user;
    if (socket >= self->all->sockets_max) {
        fprintf(stderr, "hold: too many sockets\n");
        exit(1);
    }
    struct epoll_event event = {.data = {.fd = socket}};
    if (events & CENTRIFUGE_READABLE)
        event.events |= EPOLLIN;
    if (events & CENTRIFUGE_WRITABLE)
        event.events |= EPOLLOUT;
    self->all->owners[socket] = events == 0 ? NULL : self;
    int operation = events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    if (epoll_ctl(self->all->epoll, operation, socket, &event) == 0 || events == 0)
        return;
    if (errno != ENOENT || epoll_ctl(self->all->epoll, EPOLL_CTL_ADD, socket, &event) != 0)
        bench_die("epoll_ctl");
}

static void set_timer(void *user, int64_t milliseconds)
{
    held *self = user;
    self->expires = milliseconds < 0 ? UINT64_MAX : bench_now() + (uint64_t)milliseconds * 1000000;
}

static void on_connect(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    (void)client;
    (void)event;
    held *self = user;
    self->all->connected++;
}

static void on_disconnect(centrifuge_client *client, const centrifuge_disconnect_event *event, void *user)
{
    (void)client;
    (void)user;
    fprintf(stderr, "hold: lost a connection: %s\n", event->reason);
    exit(1);
}

static void check(centrifuge_error error)
{
    if (error == CENTRIFUGE_ERROR_OK)
        return;
    fprintf(stderr, "hold: %s\n", centrifuge_error_text(error));
    exit(1);
}

static void start(holder *all, const char *url)
{
    held *self = &all->clients[all->started++];
    *self = (held){.all = all, .expires = UINT64_MAX};
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = url;
    options.insecure = true;
    options.loop_watch = watch;
    options.loop_timer = set_timer;
    options.loop_user = self;
    check(centrifuge_client_new(&self->client, &options));
    const centrifuge_client_events events = {.connect = on_connect, .disconnect = on_disconnect};
    check(centrifuge_client_listen(self->client, &events, self, NULL));
    check(centrifuge_client_connect(self->client));
}

static void expire(holder *all)
{
    uint64_t now = bench_now();
    for (long i = 0; i < all->started; i++) {
        if (all->clients[i].expires > now)
            continue;
        all->clients[i].expires = UINT64_MAX;
        check(centrifuge_client_timer_expired(all->clients[i].client));
    }
}

static void turn(holder *all)
{
    struct epoll_event events[256];
    int count = epoll_wait(all->epoll, events, 256, 1);
    for (int i = 0; i < count; i++) {
        const held *owner = all->owners[events[i].data.fd];
        int ready = (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? CENTRIFUGE_READABLE : 0) |
                    (events[i].events & (EPOLLOUT | EPOLLHUP | EPOLLERR) ? CENTRIFUGE_WRITABLE : 0);
        if (owner != NULL)
            check(centrifuge_client_socket_ready(owner->client, events[i].data.fd, ready));
    }
    expire(all);
}

int main(int argc, char **argv)
{
    char url[64];
    bench_raise_files();
    holder all = {.epoll = epoll_create1(0), .count = bench_option(argc, argv, "--clients", 1000)};
    all.opening_max = bench_option(argc, argv, "--opening", 16);
    all.sockets_max = (int)all.count * 4 + 64;
    all.clients = calloc((size_t)all.count, sizeof(*all.clients));
    all.owners = calloc((size_t)all.sockets_max, sizeof(held *));
    if (all.epoll < 0 || all.clients == NULL || all.owners == NULL)
        bench_die("hold");
    snprintf(url, sizeof(url), "ws://127.0.0.1:%ld", bench_option(argc, argv, "--port", 8000));
    bench_memory_sizes before = bench_memory(getpid());
    size_t heap = mallinfo2().uordblks;
    while (all.connected < all.count) {
        while (all.started < all.count && all.started - all.connected < all.opening_max)
            start(&all, url);
        turn(&all);
    }
    uint64_t settled = bench_now() + (uint64_t)bench_option(argc, argv, "--settle", 2000) * 1000000;
    while (bench_now() < settled)
        turn(&all);
    bench_memory_sizes after = bench_memory(getpid());
    heap = mallinfo2().uordblks - heap;
    malloc_trim(0);
    bench_memory_sizes least = bench_memory(getpid());
    printf("before=%" PRIu64 " all=%" PRIu64 " own_before=%" PRIu64 " own=%" PRIu64 " gathered=%" PRIu64
           " own_gathered=%" PRIu64 " heap=%zu clients=%ld\n",
           before.all, after.all, before.own, after.own, least.all, least.own, heap / (size_t)all.count, all.count);
    return 0;
}

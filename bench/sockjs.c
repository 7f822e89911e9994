/*
 * sockjs: subscribers by the transports of SockJS, and what they cost a server. As bench/load.c, whose rows they stand beside.
 *
 *   sockjs fanout --transport T --port P --pid PID --subscribers S --messages M --flight F --size B
 *       One channel with S subscribers by T; a raw WebSocket, subscribed too, publishes M messages of B bytes, never more than F
 *       of them on their way. Prints the server's CPU time per delivered message.
 *   sockjs idle --transport T --port P --pid PID --connections N
 *       N sessions that say connect and then wait. Prints the server's memory for each.
 *
 * T: 0 xhr_streaming, 1 eventsource, 2 xhr. One thread on epoll. --core pins it.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define WARM_UP   20
#define READ_SIZE (256 * 1024)
/* Stands in the channel's name, so in the answer to subscribe and in each message, once; and nowhere else. */
#define MARK    '|'
#define CHANNEL "bench:|"
/* Its end: a chunked answer's, or the last byte of a frame that is one. */
#define TAIL_SIZE 7

enum { XHR_STREAMING, EVENTSOURCE, XHR };

static const char *const requests[] = {
    "POST /connection/000/%zu/xhr_streaming HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n",
    "GET /connection/000/%zu/eventsource HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "POST /connection/000/%zu/xhr HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n",
};

typedef struct peer {
    int fd;
    char tail[TAIL_SIZE];
    uint64_t marks;
} peer;

typedef struct load {
    int epoll;
    uint16_t port;
    long transport;
    peer *peers;
    size_t count;
    int sender; /* all xhr_send go over it */
    int publisher;
    bench_frames published; /* the publisher's own messages, and the answers to it */
    uint64_t marks;         /* of all peers */
    char *buffer;
} load;

/* ---- one request after the other ---- */

static void ask_again(const load *self, size_t i)
{
    char text[256];
    int size = snprintf(text, sizeof(text), requests[self->transport], i);
    bench_write_all(self->peers[i].fd, text, (size_t)size);
}

static void keep_tail(peer *from, const char *data, size_t size)
{
    size_t kept = size < TAIL_SIZE ? TAIL_SIZE - size : 0;
    memmove(from->tail, from->tail + TAIL_SIZE - kept, kept);
    memcpy(from->tail + kept, data + size - (TAIL_SIZE - kept), TAIL_SIZE - kept);
}

static bool has_ended(const load *self, const peer *from)
{
    if (self->transport != XHR)
        return memcmp(from->tail, "\r\n0\r\n\r\n", TAIL_SIZE) == 0;
    return memcmp(from->tail + TAIL_SIZE - 2, "]\n", 2) == 0 || memcmp(from->tail + TAIL_SIZE - 2, "o\n", 2) == 0;
}

static uint64_t count_marks(const char *data, size_t size)
{
    uint64_t count = 0;
    const char *end = data + size;
    for (const char *at = data; (at = memchr(at, MARK, (size_t)(end - at))) != NULL; at++)
        count++;
    return count;
}

static void read_peer(load *self, size_t i)
{
    peer *from = &self->peers[i];
    ssize_t got = recv(from->fd, self->buffer, READ_SIZE, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0)
        bench_die("sockjs: the server closed a connection");
    uint64_t marks = count_marks(self->buffer, (size_t)got);
    from->marks += marks;
    self->marks += marks;
    keep_tail(from, self->buffer, (size_t)got);
    if (has_ended(self, from))
        ask_again(self, i);
}

static void read_publisher(load *self)
{
    ssize_t got = recv(self->publisher, self->buffer, READ_SIZE, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0)
        bench_die("sockjs: the server closed the publisher's connection");
    bench_frames_read(&self->published, (unsigned char *)self->buffer, (size_t)got);
    for (; self->published.pings > 0; self->published.pings--)
        bench_write_all(self->publisher, "\x8a\x80\0\0\0\0", 6);
}

static void turn(load *self)
{
    struct epoll_event events[512];
    int count = epoll_wait(self->epoll, events, 512, 30000);
    if (count == 0)
        bench_die("sockjs: nothing came for 30 s");
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == self->count)
            read_publisher(self);
        else
            read_peer(self, (size_t)events[i].data.u64);
    }
}

/* ---- setting up ---- */

static void watch(const load *self, int fd, size_t number)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = number}};
    if (epoll_ctl(self->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        bench_die("epoll_ctl");
}

static void await_connection(int fd)
{
    struct epoll_event event = {.events = EPOLLOUT};
    int own = epoll_create1(0);
    if (own < 0 || epoll_ctl(own, EPOLL_CTL_ADD, fd, &event) != 0 || epoll_wait(own, &event, 1, 30000) != 1)
        bench_die("sockjs: no connection");
    (void)close(own);
}

/* Reads what is there, waiting for it. */
static size_t wait_for(int fd, char *buffer, size_t size)
{
    ssize_t got;
    while ((got = recv(fd, buffer, size, 0)) < 0 && (errno == EAGAIN || errno == EINTR))
        usleep(50);
    if (got <= 0)
        bench_die("sockjs: the server closed a connection");
    return (size_t)got;
}

/* An xhr_send, and its answer. */
static void send_body(const load *self, size_t i, const char *body)
{
    char text[1024];
    int size = snprintf(text, sizeof(text),
                        "POST /connection/000/%zu/xhr_send HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %zu\r\n\r\n%s", i,
                        strlen(body), body);
    bench_write_all(self->sender, text, (size_t)size);
    size_t got = 0;
    while (got < 4 || memcmp(text + got - 4, "\r\n\r\n", 4) != 0)
        got += wait_for(self->sender, text + got, sizeof(text) - got);
    if (memcmp(text, "HTTP/1.1 204", 12) != 0)
        bench_die("sockjs: a message was not taken");
}

#define SAY_CONNECT                                                                                                            \
    "\"{\\\"uid\\\":\\\"1\\\",\\\"method\\\":\\\"connect\\\",\\\"params\\\":{\\\"user\\\":\\\"\\\",\\\"info\\\":\\\"\\\"}}\""
#define SAY_SUBSCRIBE                                                                                                          \
    "\"{\\\"uid\\\":\\\"2\\\",\\\"method\\\":\\\"subscribe\\\",\\\"params\\\":{\\\"channel\\\":\\\"" CHANNEL "\\\"}}\""

/* A session with a receiver, whose client has said `body`. */
static void open_peer(load *self, size_t i, const char *body)
{
    size_t got = 0;
    self->peers[i].fd = bench_connect(self->port);
    await_connection(self->peers[i].fd);
    ask_again(self, i);
    while (memmem(self->buffer, got, "\no\n", 3) == NULL && memmem(self->buffer, got, "data: o\r\n", 9) == NULL)
        got += wait_for(self->peers[i].fd, self->buffer + got, READ_SIZE - got);
    if (self->transport == XHR)
        ask_again(self, i);
    watch(self, self->peers[i].fd, i);
    send_body(self, i, body);
}

static void init(load *self, int argc, char **argv, size_t count)
{
    *self = (load){.count = count, .publisher = -1};
    bench_raise_files();
    bench_pin(bench_option(argc, argv, "--core", -1));
    self->port = (uint16_t)bench_option(argc, argv, "--port", 8000);
    self->transport = bench_option(argc, argv, "--transport", XHR);
    self->epoll = epoll_create1(0);
    self->peers = calloc(count, sizeof(*self->peers));
    self->buffer = malloc(READ_SIZE);
    self->sender = bench_connect(self->port);
    if (self->peers == NULL || self->buffer == NULL || self->epoll < 0 || self->transport < 0 || self->transport > XHR)
        bench_die("sockjs");
    await_connection(self->sender);
}

/* ---- fanout ---- */

static void say(const load *self, const char *text)
{
    char frame[512];
    bench_write_all(self->publisher, frame, bench_client_frame(frame, text, strlen(text)));
}

static void open_publisher(load *self)
{
    static const char upgrade[] =
        "GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    self->publisher = bench_connect(self->port);
    await_connection(self->publisher);
    bench_write_all(self->publisher, upgrade, sizeof(upgrade) - 1);
    (void)wait_for(self->publisher, self->buffer, READ_SIZE);
    watch(self, self->publisher, self->count);
    say(self, "{\"method\":\"connect\",\"params\":{\"user\":\"\",\"info\":\"\"},\"uid\":\"1\"}");
    say(self, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"" CHANNEL "\"},\"uid\":\"2\"}");
    while (self->published.texts < 2 || self->marks < self->count)
        turn(self);
}

/* `count` of the same behind each other. */
static char *make_publications(uint64_t count, long size, size_t *frame_size)
{
    char text[4096];
    int head = sprintf(text, "{\"method\":\"publish\",\"params\":{\"channel\":\"" CHANNEL "\",\"data\":\"");
    memset(text + head, 'x', (size_t)size - 2);
    int tail = sprintf(text + head + size - 2, "\"},\"uid\":\"3\"}");
    size_t length = (size_t)(head + size - 2 + tail);
    char *frames = malloc(count * (length + 16));
    if (frames == NULL)
        bench_die("sockjs");
    *frame_size = bench_client_frame(frames, text, length);
    for (uint64_t i = 1; i < count; i++)
        memcpy(frames + i * *frame_size, frames, *frame_size);
    return frames;
}

/* Never more than `flight` publications on their way; refilled in bulk, each time with one write. */
static void drive(load *self, const char *frames, size_t size, uint64_t messages, uint64_t flight)
{
    uint64_t sent = 0;
    self->marks = 0;
    self->published.texts = 0;
    for (;;) {
        uint64_t done = self->marks / self->count;
        if (self->published.texts / 2 < done)
            done = self->published.texts / 2;
        if (done >= messages)
            return;
        uint64_t may = done + flight < messages ? done + flight : messages;
        if (may > sent && (may - sent >= (flight + 1) / 2 || may == messages)) {
            bench_write_all(self->publisher, frames, (may - sent) * size);
            sent = may;
        }
        turn(self);
    }
}

static int run_fanout(int argc, char **argv)
{
    load self;
    uint64_t messages = (uint64_t)bench_option(argc, argv, "--messages", 1000);
    uint64_t flight = (uint64_t)bench_option(argc, argv, "--flight", 1);
    pid_t pid = (pid_t)bench_option(argc, argv, "--pid", 0);
    init(&self, argc, argv, (size_t)bench_option(argc, argv, "--subscribers", 1000));
    for (size_t i = 0; i < self.count; i++)
        open_peer(&self, i, "[" SAY_CONNECT "," SAY_SUBSCRIBE "]");
    open_publisher(&self);
    size_t size;
    char *frames = make_publications(flight, bench_option(argc, argv, "--size", 128), &size);
    drive(&self, frames, size, WARM_UP, flight);
    uint64_t cpu = bench_cpu(pid);
    uint64_t start = bench_now();
    drive(&self, frames, size, messages, flight);
    uint64_t wall = bench_now() - start;
    cpu = bench_cpu(pid) - cpu;
    uint64_t deliveries = messages * (self.count + 1);
    printf("cpu_ns=%" PRIu64 " wall_ns=%" PRIu64 " deliveries=%" PRIu64 "\n", cpu / deliveries, wall / deliveries, deliveries);
    return 0;
}

/* ---- idle ---- */

/* What is answered to connect is read, and polls are begun again. */
static int run_idle(int argc, char **argv)
{
    struct epoll_event event;
    load self;
    pid_t pid = (pid_t)bench_option(argc, argv, "--pid", 0);
    init(&self, argc, argv, (size_t)bench_option(argc, argv, "--connections", 5000));
    uint64_t memory = bench_memory(pid).own;
    for (size_t i = 0; i < self.count; i++)
        open_peer(&self, i, "[" SAY_CONNECT "]");
    while (epoll_wait(self.epoll, &event, 1, 500) > 0)
        turn(&self);
    uint64_t grown = bench_memory(pid).own;
    printf("bytes=%" PRIu64 " connections=%zu\n", grown > memory ? (grown - memory) / self.count : 0, self.count);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "fanout") == 0)
        return run_fanout(argc, argv);
    if (argc > 1 && strcmp(argv[1], "idle") == 0)
        return run_idle(argc, argv);
    fprintf(stderr, "usage: sockjs fanout|idle [--name VALUE]...; see bench/sockjs.c\n");
    return 2;
}

/*
 * load: many WebSocket connections to a server, and what they cost it.
 *
 *   load fanout --port P --pid PID --channels C --subscribers S --messages M --flight F --size B
 *       C channels with S subscribers each; one more connection publishes M messages of B bytes, never more than F of them
 *       on their way. Prints the server's CPU time per delivered message.
 *       --first N: the number of the first channel, for several of these at a time.
 *   load idle --port P --pid PID --connections N
 *       N connections that say connect and then nothing. Prints the server's memory for each, and how fast they came about.
 *
 * One thread on epoll. --core pins it. --tls 1: connections are encrypted, and any certificate will do.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define OPENING_MAX  64 /* connections that are being opened at the same time */
#define WARM_UP      20 /* messages before the measurement */
#define READ_SIZE    (256 * 1024)
#define CHANNEL_FORM "bench:%ld"

typedef struct peer {
    int fd;
    SSL *ssl; /* NULL: in plain text */
    bool upgraded;
    unsigned head_matched; /* of "\r\n\r\n" */
    long channel;          /* to subscribe to; -1: none; -2: all of them (the publisher) */
    uint64_t replies;      /* to commands, of its text frames */
    bool ready;
    bench_frames frames;
} peer;

typedef struct load {
    int epoll;
    uint16_t port;
    SSL_CTX *tls; /* NULL: in plain text */
    long channels;
    long first; /* number of the first one */
    peer *peers;
    size_t count;
    size_t opened;
    size_t ready;
    uint64_t delivered; /* text frames behind the replies */
    unsigned char *buffer;
} load;

/* ---- bytes ---- */

static void wait_for(const peer *from, int result)
{
    bool reads = SSL_get_error(from->ssl, result) == SSL_ERROR_WANT_READ;
    struct pollfd one = {.fd = from->fd, .events = reads ? POLLIN : POLLOUT};
    if (!SSL_want(from->ssl) || poll(&one, 1, 30000) != 1)
        bench_die("TLS");
}

static void send_bytes(const peer *to, const char *data, size_t size)
{
    if (to->ssl == NULL) {
        bench_write_all(to->fd, data, size);
        return;
    }
    for (int sent = 0; sent <= 0;) {
        sent = SSL_write(to->ssl, data, (int)size);
        if (sent <= 0)
            wait_for(to, sent);
    }
}

/* As recv(). */
static ssize_t receive_bytes(const peer *from, void *data, size_t size)
{
    if (from->ssl == NULL)
        return recv(from->fd, data, size, 0);
    int got = SSL_read(from->ssl, data, (int)size);
    if (got > 0)
        return got;
    errno = EAGAIN;
    return SSL_get_error(from->ssl, got) == SSL_ERROR_WANT_READ ? -1 : 0;
}

/* One handshake at a time. */
static void encrypt(load *self, peer *with)
{
    with->ssl = SSL_new(self->tls);
    if (with->ssl == NULL || SSL_set_fd(with->ssl, with->fd) != 1)
        bench_die("TLS");
    for (int done = 0; done <= 0;) {
        done = SSL_connect(with->ssl);
        if (done <= 0)
            wait_for(with, done);
    }
}

/* ---- set-up ---- */

static void send_text(const peer *to, const char *text)
{
    char frame[512];
    send_bytes(to, frame, bench_client_frame(frame, text, strlen(text)));
}

static void send_upgrade(const peer *to)
{
    static const char request[] =
        "GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    send_bytes(to, request, sizeof(request) - 1);
}

static void send_subscribe(const peer *to, long channel)
{
    char text[128];
    snprintf(text, sizeof(text), "{\"method\":\"subscribe\",\"params\":{\"channel\":\"" CHANNEL_FORM "\"},\"uid\":\"2\"}",
             channel);
    send_text(to, text);
}

static void open_next(load *self)
{
    peer *next = &self->peers[self->opened++];
    next->fd = bench_connect(self->port);
    struct epoll_event event = {.events = EPOLLOUT, .data = {.ptr = next}};
    if (epoll_ctl(self->epoll, EPOLL_CTL_ADD, next->fd, &event) != 0)
        bench_die("epoll_ctl");
}

static void connected(load *self, peer *from)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = from}};
    if (epoll_ctl(self->epoll, EPOLL_CTL_MOD, from->fd, &event) != 0)
        bench_die("epoll_ctl");
    if (self->tls != NULL)
        encrypt(self, from);
    send_upgrade(from);
}

/* The response head ends behind an empty line; returns how many bytes belong to it. */
static size_t skip_head(peer *from, const unsigned char *data, size_t size)
{
    static const char end[] = "\r\n\r\n";
    for (size_t i = 0; i < size; i++) {
        from->head_matched = data[i] == (unsigned char)end[from->head_matched] ? from->head_matched + 1
                             : data[i] == '\r'                                 ? 1
                                                                               : 0;
        if (from->head_matched < 4)
            continue;
        from->upgraded = true;
        send_text(from, "{\"method\":\"connect\",\"params\":{\"user\":\"\",\"info\":\"\"},\"uid\":\"1\"}");
        return i + 1;
    }
    return size;
}

/* Steps of a connection by the number of answers it has. */
static void set_up(load *self, peer *from)
{
    uint64_t wanted = from->channel == -2 ? 1 + (uint64_t)self->channels : from->channel >= 0 ? 2 : 1;
    while (!from->ready && from->replies < from->frames.texts) {
        from->replies++;
        if (from->replies >= wanted) {
            from->ready = true;
            self->ready++;
        } else {
            send_subscribe(from, self->first + (from->channel == -2 ? (long)from->replies - 1 : from->channel));
        }
    }
}

/* False when there is nothing more. */
static bool read_peer(load *self, peer *from)
{
    ssize_t got = receive_bytes(from, self->buffer, READ_SIZE);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0) {
        fprintf(stderr, "load: the server closed a connection (%zu of %zu are ready): %s\n", self->ready, self->count,
                got < 0 ? strerror(errno) : "end of stream");
        exit(1);
    }
    size_t used = from->upgraded ? 0 : skip_head(from, self->buffer, (size_t)got);
    uint64_t before = from->frames.texts;
    bench_frames_read(&from->frames, self->buffer + used, (size_t)got - used);
    if (from->frames.closed) {
        fprintf(stderr, "load: the server sent a close frame\n");
        exit(1);
    }
    for (; from->frames.pings > 0; from->frames.pings--)
        send_bytes(from, "\x8a\x80\0\0\0\0", 6);
    if (from->ready)
        self->delivered += from->frames.texts - before;
    else
        set_up(self, from);
    return from->ssl != NULL;
}

static void turn(load *self)
{
    struct epoll_event events[512];
    int count = epoll_wait(self->epoll, events, 512, 30000);
    if (count == 0) {
        fprintf(stderr, "load: nothing came for 30 s (%zu of %zu connections are ready)\n", self->ready, self->count);
        exit(1);
    }
    for (int i = 0; i < count; i++) {
        peer *from = events[i].data.ptr;
        if (events[i].events & EPOLLOUT)
            connected(self, from);
        else
            while (read_peer(self, from))
                ;
    }
}

static void open_all(load *self)
{
    while (self->ready < self->count) {
        while (self->opened < self->count && self->opened - self->ready < OPENING_MAX)
            open_next(self);
        turn(self);
    }
}

static void make_tls(load *self)
{
    self->tls = SSL_CTX_new(TLS_client_method());
    if (self->tls == NULL)
        bench_die("TLS");
    SSL_CTX_set_read_ahead(self->tls, 1);
}

static void init(load *self, int argc, char **argv, size_t count)
{
    *self = (load){.count = count};
    bench_raise_files();
    bench_pin(bench_option(argc, argv, "--core", -1));
    self->port = (uint16_t)bench_option(argc, argv, "--port", 8000);
    if (bench_option(argc, argv, "--tls", 0) != 0)
        make_tls(self);
    self->epoll = epoll_create1(0);
    self->peers = calloc(count, sizeof(*self->peers));
    self->buffer = malloc(READ_SIZE);
    if (self->peers == NULL || self->buffer == NULL || self->epoll < 0)
        bench_die("load");
}

/* ---- fanout ---- */

typedef struct publications {
    peer *publisher;
    char *frames; /* one for each channel */
    size_t *offsets;
    long channels;
    uint64_t per_message; /* text frames that one publication causes: one for each subscriber, the publisher's own, its reply */
} publications;

static void make_publications(publications *all, load *self, long subscribers, long size)
{
    char *text = malloc((size_t)size + 256);
    all->channels = self->channels;
    all->publisher = &self->peers[self->count - 1];
    all->frames = malloc((size_t)all->channels * ((size_t)size + 256));
    all->offsets = calloc((size_t)all->channels + 1, sizeof(*all->offsets));
    all->per_message = (uint64_t)subscribers + 2;
    if (text == NULL || all->frames == NULL || all->offsets == NULL)
        bench_die("load");
    for (long i = 0; i < all->channels; i++) {
        int head =
            sprintf(text, "{\"method\":\"publish\",\"params\":{\"channel\":\"" CHANNEL_FORM "\",\"data\":\"", self->first + i);
        memset(text + head, 'x', (size_t)size - 2);
        int tail = sprintf(text + head + size - 2, "\"},\"uid\":\"3\"}");
        all->offsets[i + 1] =
            all->offsets[i] + bench_client_frame(all->frames + all->offsets[i], text, (size_t)(head + size - 2 + tail));
    }
    free(text);
}

static void publish(const publications *all, uint64_t from, uint64_t count)
{
    while (count > 0) {
        size_t first = (size_t)(from % (uint64_t)all->channels);
        size_t run = (size_t)all->channels - first < count ? (size_t)all->channels - first : (size_t)count;
        send_bytes(all->publisher, all->frames + all->offsets[first], all->offsets[first + run] - all->offsets[first]);
        from += run;
        count -= run;
    }
}

/* Never more than `flight` publications on their way. */
static void drive(load *self, const publications *all, uint64_t messages, uint64_t flight)
{
    uint64_t sent = 0;
    self->delivered = 0;
    while (self->delivered < messages * all->per_message) {
        uint64_t done = self->delivered / all->per_message;
        uint64_t may = done + flight < messages ? done + flight : messages;
        /* refill in bulk, as a busy backend does */
        if (may > sent && (may - sent >= (flight + 1) / 2 || may == messages)) {
            publish(all, sent, may - sent);
            sent = may;
        }
        turn(self);
    }
}

static int run_fanout(int argc, char **argv)
{
    long channels = bench_option(argc, argv, "--channels", 1);
    long subscribers = bench_option(argc, argv, "--subscribers", 1000);
    uint64_t messages = (uint64_t)bench_option(argc, argv, "--messages", 1000);
    uint64_t flight = (uint64_t)bench_option(argc, argv, "--flight", 1);
    pid_t pid = (pid_t)bench_option(argc, argv, "--pid", 0);
    load self;
    publications all;
    init(&self, argc, argv, (size_t)(channels * subscribers) + 1);
    self.channels = channels;
    self.first = bench_option(argc, argv, "--first", 0);
    for (size_t i = 0; i < self.count; i++)
        self.peers[i].channel = (long)(i % (size_t)channels);
    self.peers[self.count - 1].channel = -2;
    open_all(&self);
    make_publications(&all, &self, subscribers, bench_option(argc, argv, "--size", 128));
    drive(&self, &all, (uint64_t)channels * WARM_UP, flight);
    uint64_t cpu = bench_cpu(pid);
    uint64_t start = bench_now();
    drive(&self, &all, messages, flight);
    uint64_t wall = bench_now() - start;
    cpu = bench_cpu(pid) - cpu;
    uint64_t deliveries = messages * ((uint64_t)subscribers + 1);
    printf("cpu_ns=%" PRIu64 " wall_ns=%" PRIu64 " deliveries=%" PRIu64 " frame=%" PRIu64 "\n", cpu / deliveries,
           wall / deliveries, deliveries, self.peers[0].frames.last_size);
    return 0;
}

/* ---- idle ---- */

static int run_idle(int argc, char **argv)
{
    pid_t pid = (pid_t)bench_option(argc, argv, "--pid", 0);
    size_t count = (size_t)bench_option(argc, argv, "--connections", 5000);
    load self;
    init(&self, argc, argv, count);
    for (size_t i = 0; i < count; i++)
        self.peers[i].channel = -1;
    uint64_t memory = bench_memory(pid).own;
    uint64_t cpu = bench_cpu(pid);
    uint64_t start = bench_now();
    open_all(&self);
    uint64_t wall = bench_now() - start;
    cpu = bench_cpu(pid) - cpu;
    uint64_t grown = bench_memory(pid).own;
    grown = grown > memory ? grown - memory : 0;
    printf("bytes=%" PRIu64 " rate=%" PRIu64 " cpu_ns=%" PRIu64 " connections=%zu\n", grown / count,
           (uint64_t)count * 1000000000 / wall, cpu / count, count);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "fanout") == 0)
        return run_fanout(argc, argv);
    if (argc > 1 && strcmp(argv[1], "idle") == 0)
        return run_idle(argc, argv);
    fprintf(stderr, "usage: load fanout|idle [--name VALUE]...; see bench/load.c\n");
    return 2;
}

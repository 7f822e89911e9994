/*
 * flood: what one client waits for while others do much.
 *
 *   flood KIND --port P --seconds S --connections N
 *       api      N connections pipeline publishes of the HTTP API
 *       clients  N clients pipeline publishes to a channel that they are subscribed to
 *       fanout   N clients are subscribed to a channel, to which one message is published after the other
 *       arrays   N clients are subscribed to a channel with join_leave, one sends arrays of 550 subscribes and unsubscribes
 *       storm    N clients connect at the same time, again and again
 *       answers  N clients are subscribed to one channel and to 10 of their own each, the one has a history of 10,000 messages;
 *                8 connections of the HTTP API ask for all channels, that presence and that history
 *
 * Meanwhile another process pings once in 5 ms. Prints what its pings took in microseconds, and how much the flood did: answers to
 * requests and commands, messages and, of the storm, connections. --core and --probe-core pin the two.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECT        "{\"method\":\"connect\",\"params\":{\"user\":\"\",\"info\":\"\"},\"uid\":\"1\"}"
#define SUBSCRIBE_FORM "{\"method\":\"subscribe\",\"params\":{\"channel\":\"%s\"},\"uid\":\"2\"}"
#define PUBLISH_FORM                                                                                                           \
    "{\"method\":\"publish\",\"params\":{\"channel\":\"%s\",\"data\":{\"flood\":\"0123456789\"}},\"uid\":\"4\"}"
#define CHANNEL      "bench:flood"
#define JOIN_CHANNEL "join:flood"
#define LEAVE_AND_JOIN                                                                                                         \
    "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"%s\"}},{\"method\":\"subscribe\",\"params\":{\"channel\":\"%s\"}}"
#define PAIRS            550
#define OWN_CHANNELS     10
#define HISTORY_MESSAGES 10000
#define ASKERS           8
#define READ_CHANNEL     "read:flood"
#define PROBE_PAUSE      5000 /* microseconds */
#define PROBES_MAX       100000

typedef struct plan {
    uint16_t port;
    size_t connections;
    long seconds;
    int begin; /* a byte to this pipe starts the probe */
} plan;

typedef struct flooder {
    int fd;
    bool upgraded;
    const char *load; /* sent again and again; NULL: nothing */
    size_t size;
    size_t sent; /* of it */
    bool paced;  /* the next load waits for an answer */
    uint64_t asked;
    bench_frames frames;
    uint64_t answers; /* of HTTP */
} flooder;

static char upgrade[] = "GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

static size_t append_frame(char *out, const char *form, const char *channel)
{
    char text[256];
    int size = snprintf(text, sizeof(text), form, channel);
    return bench_client_frame(out, text, (size_t)size);
}

static char *allocate(size_t size)
{
    char *memory = calloc(1, size);
    if (memory == NULL)
        bench_die("flood");
    return memory;
}

/* ---- the probe ---- */

static void wait_readable(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    if (poll(&poller, 1, 60000) != 1)
        bench_die("no answer in a minute");
}

/* Reads until so many text frames have come. */
static void await_texts(int fd, bench_frames *frames, uint64_t texts)
{
    unsigned char buffer[4096];
    while (frames->texts < texts) {
        wait_readable(fd);
        ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
        if (got <= 0 && errno != EAGAIN)
            bench_die("a client was closed");
        if (got > 0)
            bench_frames_read(frames, buffer, (size_t)got);
    }
}

static int open_client(uint16_t port)
{
    char head[1024];
    int fd = bench_connect(port);
    struct pollfd poller = {.fd = fd, .events = POLLOUT};
    if (poll(&poller, 1, 60000) != 1)
        bench_die("connect");
    bench_write_all(fd, upgrade, sizeof(upgrade) - 1);
    wait_readable(fd);
    if (recv(fd, head, sizeof(head), 0) <= 0)
        bench_die("upgrade");
    return fd;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void print_times(uint64_t *times, size_t count)
{
    qsort(times, count, sizeof(*times), by_size);
    printf("pings=%zu p50_us=%" PRIu64 " p99_us=%" PRIu64 " max_us=%" PRIu64 "\n", count, times[count / 2] / 1000,
           times[count * 99 / 100] / 1000, times[count - 1] / 1000);
}

static void probe(uint16_t port, long seconds)
{
    static uint64_t times[PROBES_MAX];
    char frame[256];
    bench_frames frames = {0};
    size_t count = 0;
    int fd = open_client(port);
    bench_write_all(fd, frame, append_frame(frame, "%s", CONNECT));
    await_texts(fd, &frames, 1);
    for (uint64_t end = bench_now() + (uint64_t)seconds * 1000000000; bench_now() < end && count < PROBES_MAX; count++) {
        uint64_t start = bench_now();
        bench_write_all(fd, frame, append_frame(frame, "%s", "{\"method\":\"ping\"}"));
        await_texts(fd, &frames, count + 2);
        times[count] = bench_now() - start;
        (void)usleep(PROBE_PAUSE);
    }
    print_times(times, count);
}

/* ---- the flood ---- */

/* All is set up. Returns when it is over. */
static uint64_t begin(const plan *self)
{
    if (write(self->begin, "", 1) != 1)
        bench_die("pipe");
    return bench_now() + (uint64_t)self->seconds * 1000000000;
}

static void set_load(flooder *self, const char *load, size_t size, bool paced)
{
    self->load = load;
    self->size = size;
    self->sent = 0;
    self->paced = paced;
}

static uint64_t answers_of(const flooder *self)
{
    return self->frames.texts + self->answers;
}

static bool wants_to_write(const flooder *self)
{
    return self->load != NULL && (self->sent > 0 || !self->paced || answers_of(self) >= self->asked);
}

static void write_load(flooder *self)
{
    ssize_t sent = send(self->fd, self->load + self->sent, self->size - self->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0)
        return;
    self->sent += (size_t)sent;
    if (self->sent < self->size)
        return;
    self->sent = 0;
    self->asked = answers_of(self) + 1;
}

static void count_answers(flooder *self, const char *data, size_t size)
{
    for (const char *at = data; (at = memmem(at, size - (size_t)(at - data), "HTTP/1.1 ", 9)) != NULL; at += 9)
        self->answers++;
}

static void read_answers(flooder *self)
{
    static char buffer[262144];
    ssize_t got = recv(self->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN))
        bench_die("the server closed a connection of the flood");
    if (got > 0 && self->upgraded)
        bench_frames_read(&self->frames, (const unsigned char *)buffer, (size_t)got);
    else if (got > 0)
        count_answers(self, buffer, (size_t)got);
}

static void pump(flooder *all, size_t count, uint64_t end)
{
    struct pollfd *pollers = (struct pollfd *)(void *)allocate(count * sizeof(*pollers));
    while (bench_now() < end) {
        for (size_t i = 0; i < count; i++)
            pollers[i] = (struct pollfd){all[i].fd, (short)(POLLIN | (wants_to_write(&all[i]) ? POLLOUT : 0)), 0};
        (void)poll(pollers, count, 100);
        for (size_t i = 0; i < count; i++) {
            if (pollers[i].revents & POLLIN)
                read_answers(&all[i]);
            if (pollers[i].revents & POLLOUT)
                write_load(&all[i]);
        }
    }
    free(pollers);
}

static flooder *open_flooders(uint16_t port, size_t count, const char *channel)
{
    flooder *all = (flooder *)(void *)allocate(count * sizeof(*all));
    char frame[512];
    for (size_t i = 0; i < count; i++) {
        all[i].fd = open_client(port);
        all[i].upgraded = true;
        bench_write_all(all[i].fd, frame, append_frame(frame, "%s", CONNECT));
        if (channel != NULL)
            bench_write_all(all[i].fd, frame, append_frame(frame, SUBSCRIBE_FORM, channel));
    }
    return all;
}

static void print_done(const flooder *all, size_t count)
{
    uint64_t done = 0;
    for (size_t i = 0; i < count; i++)
        done += answers_of(&all[i]);
    printf("done=%" PRIu64 "\n", done);
}

static size_t append_request(char *out, const char *body)
{
    return (size_t)sprintf(out,
                           "POST /api/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                           "Content-Length: %zu\r\n\r\n%s",
                           strlen(body), body);
}

static void flood_api(const plan *self)
{
    size_t count = self->connections;
    static const char body[] = "[{\"method\":\"publish\",\"params\":{\"channel\":\"bench:nobody\",\"data\":{\"a\":1}}}]";
    char *load = allocate(65536 + 1024);
    flooder *all = (flooder *)(void *)allocate(count * sizeof(*all));
    size_t size = 0;
    while (size < 65536)
        size += append_request(load + size, body);
    for (size_t i = 0; i < count; i++) {
        all[i].fd = bench_connect(self->port);
        set_load(&all[i], load, size, false);
    }
    pump(all, count, begin(self));
    print_done(all, count);
}

static void flood_clients(const plan *self)
{
    size_t count = self->connections;
    char *load = allocate(65536 + 1024);
    size_t size = 0;
    flooder *all = open_flooders(self->port, count, CHANNEL);
    while (size < 65536)
        size += append_frame(load + size, PUBLISH_FORM, CHANNEL);
    for (size_t i = 0; i < count; i++)
        set_load(&all[i], load, size, false);
    pump(all, count, begin(self));
    print_done(all, count);
}

static void flood_fanout(const plan *self)
{
    size_t count = self->connections;
    char load[512];
    flooder *all = open_flooders(self->port, count, CHANNEL);
    set_load(&all[0], load, append_frame(load, PUBLISH_FORM, CHANNEL), true);
    pump(all, count, begin(self));
    print_done(all, count);
}

static void flood_arrays(const plan *self)
{
    size_t count = self->connections;
    char *text = allocate(PAIRS * 256);
    char *load = allocate(PAIRS * 256);
    size_t size = 0;
    flooder *all = open_flooders(self->port, count, JOIN_CHANNEL);
    for (size_t i = 0; i < PAIRS; i++) {
        text[size++] = i == 0 ? '[' : ',';
        size += (size_t)sprintf(text + size, LEAVE_AND_JOIN, JOIN_CHANNEL, JOIN_CHANNEL);
    }
    text[size++] = ']';
    set_load(&all[0], load, bench_client_frame(load, text, size), true);
    pump(all, count, begin(self));
    print_done(all, count);
}

static void flood_storm(const plan *self)
{
    size_t count = self->connections;
    char load[1024];
    uint64_t done = 0;
    memcpy(load, upgrade, sizeof(upgrade) - 1);
    size_t size = sizeof(upgrade) - 1;
    size += append_frame(load + size, "%s", CONNECT);
    for (uint64_t end = begin(self); bench_now() < end;) {
        flooder *all = (flooder *)(void *)allocate(count * sizeof(*all));
        for (size_t i = 0; i < count; i++) {
            all[i].fd = bench_connect(self->port);
            set_load(&all[i], load, size, true);
            all[i].asked = 0;
        }
        for (size_t i = 0; i < count; i++) {
            struct pollfd poller = {.fd = all[i].fd, .events = POLLOUT};
            (void)poll(&poller, 1, 60000);
            bench_write_all(all[i].fd, load, size);
        }
        for (size_t i = 0; i < count; i++) {
            wait_readable(all[i].fd);
            (void)close(all[i].fd);
        }
        done += count;
        free(all);
    }
    printf("done=%" PRIu64 "\n", done);
}

/* Returns when the API has answered. */
static void ask(uint16_t port, const char *body)
{
    char *text = allocate(strlen(body) + 1024);
    flooder asker = {.fd = bench_connect(port)};
    bench_write_all(asker.fd, text, append_request(text, body));
    while (asker.answers == 0) {
        wait_readable(asker.fd);
        read_answers(&asker);
    }
    (void)close(asker.fd);
    free(text);
}

static void fill_history(uint16_t port)
{
    static const char command[] = "{\"method\":\"publish\",\"params\":{\"channel\":\"" READ_CHANNEL "\",\"data\":{\"a\":1}}}";
    char *body = allocate(HISTORY_MESSAGES * sizeof(command) + 2);
    size_t size = 0;
    for (size_t i = 0; i < HISTORY_MESSAGES; i++)
        size += (size_t)sprintf(body + size, "%c%s", i == 0 ? '[' : ',', command);
    body[size] = ']';
    ask(port, body);
    free(body);
}

static void subscribe_to_own(flooder *all, size_t count)
{
    char frame[512];
    char name[64];
    for (size_t i = 0; i < count * OWN_CHANNELS; i++) {
        (void)snprintf(name, sizeof(name), "read:%zu", i);
        bench_write_all(all[i % count].fd, frame, append_frame(frame, SUBSCRIBE_FORM, name));
    }
}

static void flood_answers(const plan *self)
{
    static const char body[] =
        "[{\"method\":\"channels\",\"params\":{}},{\"method\":\"presence\",\"params\":{\"channel\":\"" READ_CHANNEL
        "\"}},{\"method\":\"history\",\"params\":{\"channel\":\"" READ_CHANNEL "\"}}]";
    char load[1024];
    fill_history(self->port);
    flooder *readers = open_flooders(self->port, self->connections, READ_CHANNEL);
    subscribe_to_own(readers, self->connections);
    for (size_t i = 0; i < self->connections; i++)
        await_texts(readers[i].fd, &readers[i].frames, 2 + OWN_CHANNELS);
    flooder *all = (flooder *)(void *)allocate(ASKERS * sizeof(*all));
    for (size_t i = 0; i < ASKERS; i++) {
        all[i].fd = bench_connect(self->port);
        set_load(&all[i], load, append_request(load, body), true);
    }
    pump(all, ASKERS, begin(self));
    print_done(all, ASKERS);
}

static const struct {
    const char *name;
    void (*run)(const plan *self);
} kinds[] = {
    {"api", flood_api},       {"clients", flood_clients}, {"fanout", flood_fanout},
    {"arrays", flood_arrays}, {"storm", flood_storm},     {"answers", flood_answers},
};

static void run_probe(const plan *self, int begun, long core)
{
    char byte;
    bench_pin(core);
    if (read(begun, &byte, 1) == 1)
        probe(self->port, self->seconds);
    exit(0);
}

static int run(size_t kind, int argc, char **argv)
{
    int pipes[2];
    if (pipe(pipes) != 0)
        bench_die("pipe");
    plan self = {
        .port = (uint16_t)bench_option(argc, argv, "--port", 8000),
        .connections = (size_t)bench_option(argc, argv, "--connections", 10),
        .seconds = bench_option(argc, argv, "--seconds", 5),
        .begin = pipes[1],
    };
    bench_raise_files();
    pid_t child = fork();
    if (child < 0)
        bench_die("fork");
    if (child == 0)
        run_probe(&self, pipes[0], bench_option(argc, argv, "--probe-core", -1));
    bench_pin(bench_option(argc, argv, "--core", -1));
    kinds[kind].run(&self);
    int status = 0;
    (void)waitpid(child, &status, 0);
    return status == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(argv[1], kinds[i].name) == 0)
            return run(i, argc, argv);
    fprintf(stderr, "usage: flood api|clients|fanout|arrays|storm|answers [--name VALUE]...; see bench/flood.c\n");
    return 2;
}

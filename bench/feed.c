/*
 * feed: a server that says as much as a client can take. It starts the client, answers its connect and its subscribe to
 * "bench:0", and then sends ready frames without a pause until the client goes. Every client gets the same bytes.
 *
 *   feed --size BYTES_OF_DATA [--object 1] [--core C] [--sender-core S] -- PROGRAM ARGUMENTS...
 *
 * The program runs on processor C with --port P behind its arguments. Its exit status becomes ours. Data is a text of x's, or
 * with --object 1 an object of small records.
 */
#define _GNU_SOURCE
#include "bench.h"

#include "ws/handshake.h"
#include "system/heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH    256 /* frames in one write */
#define DATA_MAX 60000

static void shake_hands(int fd)
{
    char request[4096];
    size_t size = 0;
    const char *key = NULL;
    while (size + 1 < sizeof(request)) {
        ssize_t got = recv(fd, request + size, sizeof(request) - 1 - size, 0);
        if (got <= 0)
            bench_die("feed: the client closed during the handshake");
        size += (size_t)got;
        request[size] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL && (key = strcasestr(request, "Sec-WebSocket-Key: ")) != NULL)
            break;
    }
    if (key == NULL)
        bench_die("feed: no WebSocket key");
    cf_buffer response;
    cf_buffer_init(&response, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_ws_append_response(&response, cf_bytes_make(key + strlen("Sec-WebSocket-Key: "), CF_WS_KEY_SIZE), false);
    bench_write_all(fd, response.data, response.size);
    cf_buffer_free(&response);
}

static void answer(int fd, const char *text)
{
    char frame[512];
    char ignored[4096];
    if (recv(fd, ignored, sizeof(ignored), 0) <= 0)
        bench_die("feed: the client closed before it was subscribed");
    bench_write_all(fd, frame, bench_server_frame(frame, text, strlen(text)));
}

/* JSON of exactly `size` bytes. */
static void make_data(char *out, size_t size, bool object)
{
    static const char head[] = "{\"note\":\"";
    static const char middle[] = "\",\"items\":[{\"id\":1000,\"name\":\"first\",\"price\":12.75,\"up\":true}";
    static const char record[] = ",{\"id\":1001,\"name\":\"next one\",\"price\":-0.5,\"up\":false}";
    size_t least = sizeof(head) - 1 + sizeof(middle) - 1 + 2;
    if (!object || size < least) {
        out[0] = out[size - 1] = '"';
        memset(out + 1, 'x', size - 2);
        return;
    }
    size_t records = (size - least) / (sizeof(record) - 1);
    size_t note = (size - least) % (sizeof(record) - 1);
    char *at = mempcpy(out, head, sizeof(head) - 1);
    memset(at, 'x', note);
    at = mempcpy(at + note, middle, sizeof(middle) - 1);
    for (; records > 0; records--)
        at = mempcpy(at, record, sizeof(record) - 1);
    memcpy(at, "]}", 2);
}

static char *make_frames(size_t size, bool object, size_t *total)
{
    static const char head[] =
        "{\"method\":\"message\",\"body\":{\"uid\":\"x2aQ8ariogV4cupskezlTC\",\"channel\":\"bench:0\",\"data\":";
    size_t text_size = sizeof(head) - 1 + size + 2;
    char *text = malloc(text_size);
    char *frames = malloc(BATCH * (text_size + 16));
    if (text == NULL || frames == NULL)
        bench_die("feed");
    memcpy(text, head, sizeof(head) - 1);
    make_data(text + sizeof(head) - 1, size, object);
    memcpy(text + text_size - 2, "}}", 2);
    *total = 0;
    for (int i = 0; i < BATCH; i++)
        *total += bench_server_frame(frames + *total, text, text_size);
    free(text);
    return frames;
}

static void serve(int listener, size_t size, bool object)
{
    size_t total;
    char *frames = make_frames(size, object, &total);
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        bench_die("accept");
    shake_hands(fd);
    answer(fd, "{\"uid\":\"1\",\"method\":\"connect\",\"body\":{\"version\":\"\",\"client\":\"b\",\"expires\":false,"
               "\"expired\":false,\"ttl\":0}}");
    answer(fd, "{\"uid\":\"2\",\"method\":\"subscribe\",\"body\":{\"channel\":\"bench:0\",\"status\":true,\"last\":\"\","
               "\"messages\":null,\"recovered\":false}}");
    while (send(fd, frames, total, MSG_NOSIGNAL) > 0) {
    }
    free(frames);
}

static _Noreturn void run_program(char **arguments, int count, uint16_t port, long core)
{
    char text[16];
    char **all = calloc((size_t)count + 3, sizeof(*all));
    if (all == NULL)
        bench_die("feed");
    memcpy(all, arguments, (size_t)count * sizeof(*all));
    snprintf(text, sizeof(text), "%u", (unsigned)port);
    all[count] = "--port";
    all[count + 1] = text;
    bench_pin(core);
    execvp(all[0], all);
    bench_die(all[0]);
}

int main(int argc, char **argv)
{
    int own = 1;
    while (own < argc && strcmp(argv[own], "--") != 0)
        own++;
    long size = bench_option(own, argv, "--size", 200);
    if (own + 1 >= argc || size < 2 || size > DATA_MAX) {
        fprintf(stderr, "usage: feed --size BYTES -- PROGRAM...; see bench/feed.c\n");
        return 2;
    }
    uint16_t port = 0;
    int listener = bench_listen(&port);
    pid_t client = fork();
    if (client < 0)
        bench_die("fork");
    if (client == 0)
        run_program(argv + own + 1, argc - own - 1, port, bench_option(own, argv, "--core", -1));
    bench_pin(bench_option(own, argv, "--sender-core", -1));
    serve(listener, (size_t)size, bench_option(own, argv, "--object", 0) != 0);
    int status;
    waitpid(client, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

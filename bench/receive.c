/*
 * receive: how many messages a second of CPU the client library takes in. A
 * child process plays a server that answers connect and subscribe and then sends
 * ready frames without a pause; the parent is an ordinary application.
 *
 *   receive --messages M --size BYTES_OF_DATA [--core C] [--sender-core S]
 */
#define _GNU_SOURCE
#include "bench.h"

#include "ws/handshake.h"

#include <centrifuge/client.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH 256 /* frames in one write of the sender */

/* ---- the sender ---- */

static void *resize(void *user, void *memory, size_t size)
{
    (void)user;
    if (size > 0)
        return realloc(memory, size);
    free(memory);
    return NULL;
}

static void shake_hands(int fd)
{
    char request[4096];
    size_t size = 0;
    const char *key = NULL;
    const cf_allocator allocator = {resize, NULL};
    while (size + 1 < sizeof(request)) {
        ssize_t got = recv(fd, request + size, sizeof(request) - 1 - size, 0);
        if (got <= 0)
            exit(1);
        size += (size_t)got;
        request[size] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL && (key = strcasestr(request, "Sec-WebSocket-Key: ")) != NULL)
            break;
    }
    if (key == NULL)
        exit(1);
    cf_buffer response;
    cf_buffer_init(&response, &allocator, CF_BUFFER_NO_LIMIT);
    cf_ws_append_response(&response, cf_bytes_make(key + strlen("Sec-WebSocket-Key: "), CF_WS_KEY_SIZE));
    bench_write_all(fd, response.data, response.size);
    cf_buffer_free(&response);
}

static void answer(int fd, const char *text)
{
    char frame[512];
    char ignored[4096];
    if (recv(fd, ignored, sizeof(ignored), 0) <= 0)
        exit(1);
    bench_write_all(fd, frame, bench_server_frame(frame, text, strlen(text)));
}

static _Noreturn void play_server(int listener, size_t size)
{
    int fd = accept(listener, NULL, NULL);
    char *text = malloc(size + 256);
    char *frames = malloc(BATCH * (size + 256));
    if (fd < 0 || text == NULL || frames == NULL)
        exit(1);
    shake_hands(fd);
    answer(fd, "{\"uid\":\"1\",\"method\":\"connect\",\"body\":{\"version\":\"\",\"client\":\"b\",\"expires\":false,"
               "\"expired\":false,\"ttl\":0}}");
    answer(fd, "{\"uid\":\"2\",\"method\":\"subscribe\",\"body\":{\"channel\":\"bench:0\",\"status\":true,\"last\":\"\","
               "\"messages\":null,"
               "\"recovered\":false}}");
    int head = sprintf(
        text, "{\"method\":\"message\",\"body\":{\"uid\":\"x2aQ8ariogV4cupskezlTC\",\"channel\":\"bench:0\",\"data\":\"");
    memset(text + head, 'x', size - 2);
    int tail = sprintf(text + head + size - 2, "\"}}");
    size_t total = 0;
    for (int i = 0; i < BATCH; i++)
        total += bench_server_frame(frames + total, text, (size_t)head + size - 2 + (size_t)tail);
    while (send(fd, frames, total, MSG_NOSIGNAL) > 0) {
    }
    exit(0);
}

/* ---- the application ---- */

typedef struct count {
    uint64_t received;
    uint64_t wanted;
    uint64_t bytes; /* of raw messages */
    uint64_t start;
    uint64_t cpu;
    centrifuge_client *client;
} count;

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    count *self = user;
    if (self->received == 0)
        self->cpu = bench_own_cpu();
    self->bytes += message->data.size;
    if (++self->received != self->wanted)
        return; /* a few more may come before the client stops */
    self->cpu = bench_own_cpu() - self->cpu;
    centrifuge_client_stop(self->client);
}

int main(int argc, char **argv)
{
    count self = {.wanted = (uint64_t)bench_option(argc, argv, "--messages", 5000000)};
    size_t size = (size_t)bench_option(argc, argv, "--size", 200);
    uint16_t port = 0;
    char url[64];
    int listener = bench_listen(&port);
    pid_t sender = fork();
    if (sender == 0) {
        bench_pin(bench_option(argc, argv, "--sender-core", -1));
        play_server(listener, size);
    }
    bench_pin(bench_option(argc, argv, "--core", -1));
    snprintf(url, sizeof(url), "ws://127.0.0.1:%u", (unsigned)port);
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = url;
    options.insecure = true;
    const centrifuge_subscription_events events = {.message = on_message};
    centrifuge_error error = centrifuge_client_new(&self.client, &options);
    if (error == CENTRIFUGE_ERROR_OK)
        error = centrifuge_client_subscribe(self.client, "bench:0", &events, &self, NULL);
    if (error == CENTRIFUGE_ERROR_OK)
        error = centrifuge_client_connect(self.client);
    if (error == CENTRIFUGE_ERROR_OK)
        error = centrifuge_client_run(self.client);
    if (error != CENTRIFUGE_ERROR_OK || self.received < self.wanted) {
        fprintf(stderr, "receive: %s\n", centrifuge_error_text(error));
        return 1;
    }
    centrifuge_client_destroy(self.client);
    close(listener);
    waitpid(sender, NULL, 0);
    printf("cpu_ns=%" PRIu64 " per_second=%" PRIu64 " messages=%" PRIu64 "\n", self.cpu / self.wanted,
           self.wanted * 1000000000 / self.cpu, self.wanted);
    return 0;
}

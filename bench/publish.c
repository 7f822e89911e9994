/*
 * publish: threads of one application publish through one client, by a client that was started or by functions that they post.
 *
 *   publish --messages M [--threads T] [--post 1] --port P
 *
 * Each of the T threads publishes its share of M messages as fast as it can; all are answered. Prints the CPU time of this
 * process for each, and how many were answered in a second. Nothing is limited, so that neither way is held up.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <centrifuge/client.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS_MAX 64

static const char data[] = "{\"input\":\"a message of about a hundred bytes, as an application may publish it, more or less\"}";

typedef struct work {
    centrifuge_client *client;
    centrifuge_subscription *subscription;
    uint64_t each;
    uint64_t wanted;
    uint64_t answered; /* by the client's thread */
    bool post;
} work;

static void on_done(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    work *self = user;
    (void)subscription;
    if (result->code != CENTRIFUGE_ERROR_OK) {
        fprintf(stderr, "publish: %s\n", result->error);
        exit(1);
    }
    if (++self->answered == self->wanted)
        centrifuge_client_disconnect(self->client);
}

static void publish(work *self)
{
    centrifuge_error error = centrifuge_subscription_publish(self->subscription, data, sizeof data - 1, on_done, self);
    if (error != CENTRIFUGE_ERROR_OK) {
        fprintf(stderr, "publish: %s\n", centrifuge_error_text(error));
        exit(1);
    }
}

static void publish_posted(centrifuge_client *client, void *user)
{
    (void)client;
    publish(user);
}

static void *produce(void *user)
{
    work *self = user;
    for (uint64_t i = 0; i < self->each; i++)
        if (!self->post)
            publish(self);
        else if (centrifuge_client_post(self->client, publish_posted, NULL, self) != CENTRIFUGE_ERROR_OK)
            exit(1);
    return NULL;
}

static void *run(void *user)
{
    centrifuge_client_adopt(user);
    centrifuge_client_run(user);
    return NULL;
}

static centrifuge_error open_client(work *self, long port)
{
    char url[64];
    snprintf(url, sizeof(url), "ws://127.0.0.1:%ld/connection/websocket", port);
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = url;
    options.insecure = true;
    options.timeout = 600000;
    options.calls_max = options.queue_size_max = options.posts_max = SIZE_MAX;
    centrifuge_error error = centrifuge_client_new(&self->client, &options);
    if (error == CENTRIFUGE_ERROR_OK)
        error = centrifuge_client_subscribe(self->client, "bench:publish", NULL, NULL, &self->subscription);
    return error == CENTRIFUGE_ERROR_OK ? centrifuge_client_connect(self->client) : error;
}

/* What is answered before the connection is there would be free: it is waited for. */
static centrifuge_error begin(work *self, pthread_t *thread)
{
    while (centrifuge_subscription_get_state(self->subscription) != CENTRIFUGE_SUBSCRIPTION_SUBSCRIBED)
        if (centrifuge_client_wait(self->client, 1000) != CENTRIFUGE_ERROR_OK)
            return CENTRIFUGE_ERROR_NETWORK;
    if (!self->post)
        return centrifuge_client_start(self->client);
    return pthread_create(thread, NULL, run, self->client) == 0 ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_SYSTEM;
}

static void end(const work *self, pthread_t thread)
{
    if (!self->post)
        centrifuge_client_join(self->client);
    else if (pthread_join(thread, NULL) == 0)
        centrifuge_client_adopt(self->client);
    centrifuge_client_destroy(self->client);
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    pthread_t loop;
    uint64_t count = (uint64_t)bench_option(argc, argv, "--threads", 4);
    work self = {.post = bench_option(argc, argv, "--post", 0) != 0};
    count = count < 1 ? 1 : count < THREADS_MAX ? count : THREADS_MAX;
    self.each = (uint64_t)bench_option(argc, argv, "--messages", 200000) / count;
    self.wanted = self.each * count;
    centrifuge_error error = open_client(&self, bench_option(argc, argv, "--port", 8000));
    if (error == CENTRIFUGE_ERROR_OK)
        error = begin(&self, &loop);
    if (error != CENTRIFUGE_ERROR_OK || self.wanted == 0) {
        fprintf(stderr, "publish: %s\n", centrifuge_error_text(error));
        return 1;
    }
    uint64_t cpu = bench_own_cpu();
    uint64_t begun = bench_now();
    for (uint64_t i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, produce, &self);
    for (uint64_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    end(&self, loop);
    printf("cpu_ns=%" PRIu64 " per_second=%" PRIu64 " messages=%" PRIu64 "\n", (bench_own_cpu() - cpu) / self.wanted,
           self.wanted * 1000000000 / (bench_now() - begun), self.wanted);
    return 0;
}

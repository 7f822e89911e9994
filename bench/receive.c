/*
 * receive: an ordinary application on the client library that counts what its `message` callback gets. Run by feed; its twin on
 * the existing client is existing/receive.js.
 *
 *   receive --messages M [--warm-up W] --port P
 *
 * Prints the CPU time of this process for each of the M messages behind the first W.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <centrifuge/client.h>

#include <inttypes.h>
#include <stdio.h>

typedef struct count {
    uint64_t received;
    uint64_t warm_up;
    uint64_t wanted;
    uint64_t cpu;
    centrifuge_client *client;
} count;

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    (void)message;
    count *self = user;
    if (self->received++ == self->warm_up)
        self->cpu = bench_own_cpu();
    if (self->received != self->warm_up + self->wanted + 1)
        return; /* a few more may come before the client stops */
    self->cpu = bench_own_cpu() - self->cpu;
    centrifuge_client_stop(self->client);
}

int main(int argc, char **argv)
{
    char url[64];
    count self = {.wanted = (uint64_t)bench_option(argc, argv, "--messages", 3000000),
                  .warm_up = (uint64_t)bench_option(argc, argv, "--warm-up", 0)};
    snprintf(url, sizeof(url), "ws://127.0.0.1:%ld", bench_option(argc, argv, "--port", 8000));
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
    if (error != CENTRIFUGE_ERROR_OK || self.received <= self.warm_up + self.wanted) {
        fprintf(stderr, "receive: %s\n", centrifuge_error_text(error));
        return 1;
    }
    centrifuge_client_destroy(self.client);
    printf("cpu_ns=%" PRIu64 " per_second=%" PRIu64 " messages=%" PRIu64 "\n", self.cpu / self.wanted,
           self.wanted * 1000000000 / self.cpu, self.wanted);
    return 0;
}

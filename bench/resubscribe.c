/*
 * resubscribe: an application on the client library with many private channels that says when it has lost its connection and when
 * all channels are subscribed again. Run by resubscribe.js, which says what is printed; its twin on the existing client is
 * existing/resubscribe.js.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <centrifuge/client.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long channels;
static long subscribed;

static void check(centrifuge_error error)
{
    if (error == CENTRIFUGE_ERROR_OK)
        return;
    fprintf(stderr, "resubscribe: %s\n", centrifuge_error_text(error));
    exit(1);
}

static const char *text_option(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    fprintf(stderr, "resubscribe: %s is missing; run it by resubscribe.js\n", name);
    exit(2);
}

static void on_disconnect(centrifuge_client *client, const centrifuge_disconnect_event *event, void *user)
{
    (void)client;
    (void)event;
    (void)user;
    subscribed = 0;
    printf("lost %" PRIu64 "\n", bench_now());
}

static void on_subscribe(centrifuge_subscription *subscription, const centrifuge_subscribe_event *event, void *user)
{
    (void)subscription;
    (void)event;
    (void)user;
    if (++subscribed == channels)
        printf("subscribed %" PRIu64 " %" PRIu64 "\n", bench_now(), bench_own_cpu());
}

static void on_refused(centrifuge_subscription *subscription, const centrifuge_subscribe_error_event *event, void *user)
{
    (void)subscription;
    (void)user;
    fprintf(stderr, "resubscribe: %s: %s\n", event->channel, event->text);
    exit(1);
}

int main(int argc, char **argv)
{
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = text_option(argc, argv, "--url");
    options.auth_endpoint = text_option(argc, argv, "--auth");
    options.user = text_option(argc, argv, "--user");
    options.timestamp = text_option(argc, argv, "--timestamp");
    options.token = text_option(argc, argv, "--token");
    options.retry = bench_option(argc, argv, "--retry", 1000);
    options.batch = bench_option(argc, argv, "--batch", 0) != 0;
    channels = bench_option(argc, argv, "--channels", 1000);
    setvbuf(stdout, NULL, _IOLBF, 0);
    centrifuge_client *client;
    check(centrifuge_client_new(&client, &options));
    const centrifuge_client_events events = {.disconnect = on_disconnect};
    check(centrifuge_client_listen(client, &events, NULL, NULL));
    const centrifuge_subscription_events of_channel = {.subscribe = on_subscribe, .error = on_refused};
    for (long i = 0; i < channels; i++) {
        char name[32];
        snprintf(name, sizeof(name), "$bench:%ld", i);
        check(centrifuge_client_subscribe(client, name, &of_channel, NULL, NULL));
    }
    check(centrifuge_client_connect(client));
    check(centrifuge_client_run(client));
    return 0;
}

/* The client in a loop of sd-event: prints messages of a channel.  sd-event [URL [CHANNEL [MESSAGES]]] */
#define _POSIX_C_SOURCE 200809L

#include <centrifuge/adapters/sd-event.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct application {
    centrifuge_sd_event loop;
    int messages_left;
} application;

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    application *app = user;
    printf("%s: %.*s\n", centrifuge_subscription_channel(subscription), (int)message->data.size, message->data.bytes);
    if (--app->messages_left != 0)
        return;
    centrifuge_client_destroy(app->loop.client);
    sd_event_exit(app->loop.event, 0);
}

int main(int argc, char **argv)
{
    application app = {.messages_left = argc > 3 ? atoi(argv[3]) : -1};
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = argc > 1 ? argv[1] : "ws://localhost:8000/connection/websocket";
    options.insecure = true;
    sd_event *event;
    if (sd_event_new(&event) < 0)
        return 1;
    centrifuge_sd_event_attach(&app.loop, event, &options);
    centrifuge_subscription_events events = {.message = on_message};
    const char *channel = argc > 2 ? argv[2] : "news";
    if (centrifuge_client_new(&app.loop.client, &options) ||
        centrifuge_client_subscribe(app.loop.client, channel, &events, &app, NULL))
        return 1;
    centrifuge_client_connect(app.loop.client);
    int status = sd_event_loop(event);
    sd_event_unref(event);
    return status < 0;
}

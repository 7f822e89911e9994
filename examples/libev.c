/* The client in a libev loop: prints messages of a channel.  libev [URL [CHANNEL [MESSAGES]]] */
#include <centrifuge/adapters/libev.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct application {
    centrifuge_libev loop;
    int messages_left;
} application;

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    application *app = user;
    printf("%s: %.*s\n", centrifuge_subscription_channel(subscription), (int)message->data.size, message->data.bytes);
    if (--app->messages_left != 0)
        return;
    centrifuge_client_destroy(app->loop.client);
}

int main(int argc, char **argv)
{
    application app = {.messages_left = argc > 3 ? atoi(argv[3]) : -1};
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = argc > 1 ? argv[1] : "ws://localhost:8000/connection/websocket";
    options.insecure = true;
    centrifuge_libev_attach(&app.loop, EV_DEFAULT, &options);
    centrifuge_subscription_events events = {.message = on_message};
    const char *channel = argc > 2 ? argv[2] : "news";
    if (centrifuge_client_new(&app.loop.client, &options) ||
        centrifuge_client_subscribe(app.loop.client, channel, &events, &app, NULL))
        return 1;
    centrifuge_client_connect(app.loop.client);
    ev_run(EV_DEFAULT, 0);
    ev_loop_destroy(EV_DEFAULT);
    return 0;
}

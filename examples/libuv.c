/* The client in a libuv loop: prints messages of a channel.  libuv [URL [CHANNEL [MESSAGES]]] */
#define _POSIX_C_SOURCE 200809L

#include <centrifuge/adapters/libuv.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct application {
    centrifuge_libuv loop;
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
    centrifuge_libuv_attach(&app.loop, uv_default_loop(), &options);
    centrifuge_subscription_events events = {.message = on_message};
    const char *channel = argc > 2 ? argv[2] : "news";
    if (centrifuge_client_new(&app.loop.client, &options) ||
        centrifuge_client_subscribe(app.loop.client, channel, &events, &app, NULL))
        return 1;
    centrifuge_client_connect(app.loop.client);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return uv_loop_close(uv_default_loop());
}

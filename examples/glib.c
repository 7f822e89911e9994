/* The client in a main loop of GLib: prints messages of a channel.  glib [URL [CHANNEL [MESSAGES]]] */
#include <centrifuge/adapters/glib.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct application {
    centrifuge_glib loop;
    GMainLoop *main;
    int messages_left;
} application;

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    application *app = user;
    printf("%s: %.*s\n", centrifuge_subscription_channel(subscription), (int)message->data.size, message->data.bytes);
    if (--app->messages_left != 0)
        return;
    centrifuge_client_destroy(app->loop.client);
    g_main_loop_quit(app->main);
}

int main(int argc, char **argv)
{
    application app = {.messages_left = argc > 3 ? atoi(argv[3]) : -1};
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = argc > 1 ? argv[1] : "ws://localhost:8000/connection/websocket";
    options.insecure = true;
    app.main = g_main_loop_new(NULL, FALSE);
    centrifuge_glib_attach(&app.loop, NULL, &options);
    centrifuge_subscription_events events = {.message = on_message};
    const char *channel = argc > 2 ? argv[2] : "news";
    if (centrifuge_client_new(&app.loop.client, &options) ||
        centrifuge_client_subscribe(app.loop.client, channel, &events, &app, NULL))
        return 1;
    centrifuge_client_connect(app.loop.client);
    g_main_loop_run(app.main);
    g_main_loop_unref(app.main);
    return 0;
}

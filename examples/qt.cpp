/* The client in the event loop of Qt: prints messages of a channel.  qt [URL [CHANNEL [MESSAGES]]] */
#include <centrifuge/adapters/qt.hpp>
#include <cstdio>
#include <cstdlib>

struct application {
    centrifuge_qt loop;
    int messages_left;
};

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    application *app = static_cast<application *>(user);
    const char *channel = centrifuge_subscription_channel(subscription);
    std::printf("%s: %.*s\n", channel, static_cast<int>(message->data.size), message->data.bytes);
    if (--app->messages_left != 0)
        return;
    centrifuge_client_destroy(app->loop.client);
    QCoreApplication::quit();
}

int main(int argc, char **argv)
{
    QCoreApplication qt(argc, argv);
    application app;
    app.messages_left = argc > 3 ? std::atoi(argv[3]) : -1;
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = argc > 1 ? argv[1] : "ws://localhost:8000/connection/websocket";
    options.insecure = true;
    app.loop.attach(&options);
    centrifuge_subscription_events events = {};
    events.message = on_message;
    const char *channel = argc > 2 ? argv[2] : "news";
    if (centrifuge_client_new(&app.loop.client, &options) != CENTRIFUGE_ERROR_OK ||
        centrifuge_client_subscribe(app.loop.client, channel, &events, &app, nullptr) != CENTRIFUGE_ERROR_OK)
        return 1;
    centrifuge_client_connect(app.loop.client);
    return QCoreApplication::exec();
}

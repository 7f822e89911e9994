/* Four threads publish through one client, whose loop runs on a thread of the library: producer [URL [CHANNEL]] */
#include <centrifuge/client.h>
#include <pthread.h>
#include <stdio.h>

static void *produce(void *channel)
{
    for (int i = 0; i < 1000; i++)
        if (centrifuge_subscription_publish(channel, "{\"produced\":1}", 14, NULL, NULL))
            fprintf(stderr, "number %d was not taken\n", i);
    return NULL;
}

int main(int argc, char **argv)
{
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = argc > 1 ? argv[1] : "ws://localhost:8000/connection/websocket";
    options.insecure = true;
    options.room_wait = 10000; /* a thread that is too fast waits so long */
    centrifuge_client *client;
    centrifuge_subscription *channel;
    if (centrifuge_client_new(&client, &options) ||
        centrifuge_client_subscribe(client, argc > 2 ? argv[2] : "chat:lines", NULL, NULL, &channel) ||
        centrifuge_client_connect(client) || centrifuge_client_start(client))
        return 1;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, produce, channel);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    bool failed = centrifuge_client_drain(client, 10000, NULL, NULL) || centrifuge_client_join(client);
    centrifuge_client_destroy(client);
    return failed;
}

/*
 * The first program: prints the messages of a channel until Ctrl-C. Errors are printed by the library, as long as a program is
 * compiled without NDEBUG.
 *
 *     first [URL [CHANNEL]]
 */
#include <centrifuge/client.h>
#include <stdio.h>

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    (void)user;
    printf("%s: %.*s\n", message->channel, (int)message->data.size, message->data.bytes);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = argc > 1 ? argv[1] : "ws://localhost:8000/connection/websocket";
    options.insecure = true;

    centrifuge_client *client;
    if (centrifuge_client_new(&client, &options))
        return 1;
    centrifuge_subscription_events events = {.message = on_message};
    centrifuge_client_subscribe(client, argc > 2 ? argv[2] : "news", &events, NULL, NULL);
    centrifuge_client_connect(client);
    centrifuge_error error = centrifuge_client_run(client);
    centrifuge_client_destroy(client);
    return error ? 1 : 0;
}

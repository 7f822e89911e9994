/*
 * The client in a thread of its own; others hand it work with centrifuge_client_post. Sends every line of the standard input.
 *
 *     threads [URL [CHANNEL]] < lines
 */
#include <centrifuge/client.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static centrifuge_subscription *channel; /* the client's thread only */
static int confirmed;                    /* the client's thread only, until it has ended */

static void *run_client(void *client)
{
    centrifuge_client_adopt(client);
    centrifuge_client_run(client);
    return NULL;
}

static void on_published(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    (void)subscription;
    (void)user;
    confirmed += result->code == CENTRIFUGE_ERROR_OK;
}

/* In the client's thread. */
static void publish_line(centrifuge_client *client, void *line)
{
    (void)client;
    if (centrifuge_subscription_publish_text(channel, line, on_published, NULL))
        fprintf(stderr, "not published: %s\n", (const char *)line);
    free(line);
}

/* In the client's thread: it ends when the answers have come. */
static void finish(centrifuge_client *client, void *user)
{
    (void)user;
    centrifuge_client_drain(client, 60000, NULL, NULL);
}

int main(int argc, char **argv)
{
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = argc > 1 ? argv[1] : "ws://localhost:8000/connection/websocket";
    options.insecure = true;

    centrifuge_client *client;
    if (centrifuge_client_new(&client, &options) ||
        centrifuge_client_subscribe(client, argc > 2 ? argv[2] : "chat:lines", NULL, NULL, &channel))
        return 1;
    centrifuge_client_connect(client);
    pthread_t thread;
    pthread_create(&thread, NULL, run_client, client);

    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = '\0';
        char *copy = malloc(strlen(line) + 1);
        if (copy && (strcpy(copy, line), centrifuge_client_post(client, publish_line, free, copy)))
            free(copy);
    }
    centrifuge_client_post(client, finish, NULL, NULL);
    pthread_join(thread, NULL);
    centrifuge_client_adopt(client);
    centrifuge_client_destroy(client);
    printf("%d published\n", confirmed);
    return confirmed > 0 ? 0 : 1;
}

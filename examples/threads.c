/*
 * The client in a thread of its own; others hand it work with centrifuge_client_post. Sends every line of the standard input.
 *
 *     threads [URL [CHANNEL]] < lines-of-json
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
    if (result->code)
        fprintf(stderr, "not published: %s\n", result->error);
    else
        confirmed++;
}

/* In the client's thread. */
static void publish_line(centrifuge_client *client, void *line)
{
    (void)client;
    centrifuge_error error = centrifuge_subscription_publish(channel, line, strlen(line), on_published, NULL);
    if (error)
        fprintf(stderr, "not published: %s\n", centrifuge_error_text(error));
    free(line);
}

static void on_last(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    (void)result;
    (void)user;
    centrifuge_client_disconnect(centrifuge_subscription_client(subscription));
}

/* Answers come in order, so that of history comes after those of all lines. */
static void finish(centrifuge_client *client, void *user)
{
    (void)user;
    if (centrifuge_subscription_history(channel, on_last, NULL))
        centrifuge_client_disconnect(client);
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

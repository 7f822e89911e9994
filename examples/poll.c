/*
 * A chat for a terminal: one poll() for the keyboard and the client, which is one descriptor (Linux). Ctrl-D ends it.
 *
 *     poll [URL [CHANNEL]]
 */
#include <centrifuge/client.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    (void)user;
    printf("%.*s\n", (int)message->data.size, message->data.bytes);
    fflush(stdout);
}

static void on_refused(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    (void)subscription;
    (void)user;
    if (result->code)
        fprintf(stderr, "not published: %s\n", result->error);
}

/* What was typed is JSON. False: it has ended. */
static bool publish_line(centrifuge_subscription *room)
{
    char line[4096];
    ssize_t size = read(STDIN_FILENO, line, sizeof line);
    if (size > 0) {
        centrifuge_error error = centrifuge_subscription_publish(room, line, (size_t)size, on_refused, NULL);
        if (error)
            fprintf(stderr, "not published: %s\n", centrifuge_error_text(error));
    }
    return size > 0;
}

int main(int argc, char **argv)
{
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = argc > 1 ? argv[1] : "ws://localhost:8000/connection/websocket";
    options.insecure = true;

    int fd;
    centrifuge_client *client;
    centrifuge_subscription *room;
    centrifuge_subscription_events events = {.message = on_message};
    centrifuge_error error = centrifuge_client_new(&client, &options);
    if (!error)
        error = centrifuge_client_subscribe(client, argc > 2 ? argv[2] : "chat:room", &events, NULL, &room);
    if (!error)
        error = centrifuge_client_fd(client, &fd);
    if (!error)
        error = centrifuge_client_connect(client);
    if (error) {
        fprintf(stderr, "%s\n", centrifuge_error_text(error));
        return 1;
    }
    for (bool more = true; more;) {
        struct pollfd polls[] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
        if (poll(polls, 2, (int)centrifuge_client_timeout(client)) < 0 && errno != EINTR)
            break;
        centrifuge_client_tick(client);
        more = polls[1].revents == 0 || publish_line(room);
    }
    centrifuge_client_destroy(client);
    return 0;
}

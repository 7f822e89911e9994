/*
 * A chat for a terminal: what was said before, then one poll() for the keyboard and the client, which is one descriptor (Linux).
 * Ctrl-D ends it.
 *
 *     poll [URL [CHANNEL]]
 */
#include <centrifuge/json.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    (void)user;
    char text[4096];
    if (!centrifuge_json_text(message->data, text, sizeof text, NULL))
        printf("%s%s\n", message->history ? "(earlier) " : "", text);
    fflush(stdout);
}

/* False: what is typed has ended. */
static bool publish_lines(centrifuge_subscription *room)
{
    char lines[4096];
    ssize_t size = read(STDIN_FILENO, lines, sizeof lines - 1);
    lines[size > 0 ? size : 0] = '\0';
    for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n"))
        centrifuge_subscription_publish_text(room, line, NULL, NULL);
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
    if (centrifuge_client_new(&client, &options) ||
        centrifuge_client_subscribe(client, argc > 2 ? argv[2] : "chat:room", &events, NULL, &room) ||
        centrifuge_subscription_catch_up(room, NULL, NULL) || centrifuge_client_fd(client, &fd))
        return 1;
    centrifuge_client_connect(client);
    for (bool more = true; more;) {
        struct pollfd polls[] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
        if (poll(polls, 2, (int)centrifuge_client_timeout(client)) < 0 && errno != EINTR)
            break;
        centrifuge_client_tick(client);
        more = polls[1].revents == 0 || publish_lines(room);
    }
    centrifuge_client_destroy(client);
    return 0;
}

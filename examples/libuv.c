/* The client in a libuv loop: prints messages of a channel.  libuv [URL [CHANNEL [MESSAGES]]] */
#define _POSIX_C_SOURCE 200809L

#include <centrifuge/client.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

/* UV_READABLE and UV_WRITABLE have the same values. */
#define BOTH (CENTRIFUGE_READABLE | CENTRIFUGE_WRITABLE)

typedef struct watcher {
    uv_poll_t poll; /* first: libuv hands it back */
    centrifuge_socket socket;
    struct watcher *next;
} watcher;

typedef struct application {
    uv_timer_t timer; /* first: libuv hands it back */
    watcher *watchers;
    centrifuge_client *client;
    int messages_left;
} application;

static void on_poll(uv_poll_t *poll, int status, int events)
{
    application *app = poll->data;
    centrifuge_client_socket_ready(app->client, ((watcher *)poll)->socket, status < 0 ? BOTH : events);
}

static void on_closed(uv_handle_t *poll)
{
    free(poll);
}

static void watch(void *user, centrifuge_socket socket, int events)
{
    application *app = user;
    watcher **at = &app->watchers;
    while (*at && (*at)->socket != socket)
        at = &(*at)->next;
    watcher *found = *at;
    if (events == 0) {
        *at = found->next;
        uv_close((uv_handle_t *)&found->poll, on_closed);
        return;
    }
    if (!found) {
        *at = found = calloc(1, sizeof *found);
        found->socket = socket;
        found->poll.data = app;
        uv_poll_init_socket(uv_default_loop(), &found->poll, socket);
    }
    uv_poll_start(&found->poll, events, on_poll);
}

static void on_timer(uv_timer_t *timer)
{
    centrifuge_client_timer_expired(((application *)timer)->client);
}

static void timer(void *user, int64_t milliseconds)
{
    application *app = user;
    uv_timer_stop(&app->timer);
    if (milliseconds >= 0)
        uv_timer_start(&app->timer, on_timer, (uint64_t)milliseconds, 0);
}

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    application *app = user;
    printf("%s: %.*s\n", centrifuge_subscription_channel(subscription), (int)message->data.size, message->data.bytes);
    if (--app->messages_left == 0) {
        centrifuge_client_destroy(app->client); /* takes its sockets and its timer out of the loop */
        uv_close((uv_handle_t *)&app->timer, NULL);
    }
}

int main(int argc, char **argv)
{
    application app = {.messages_left = argc > 3 ? atoi(argv[3]) : -1};
    uv_timer_init(uv_default_loop(), &app.timer);
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = argc > 1 ? argv[1] : "ws://localhost:8000/connection/websocket";
    options.insecure = true;
    options.loop_watch = watch;
    options.loop_timer = timer;
    options.loop_user = &app;
    if (centrifuge_client_new(&app.client, &options) != CENTRIFUGE_ERROR_OK)
        return 1;
    centrifuge_client_subscribe(app.client, argc > 2 ? argv[2] : "news",
                                &(centrifuge_subscription_events){.message = on_message}, &app, NULL);
    centrifuge_client_connect(app.client);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return uv_loop_close(uv_default_loop());
}

/*
 * A game: its own loop, one call of the client in each frame, which never waits.
 *
 *     tick [URL [CHANNEL [FRAMES]]]
 */
#define _POSIX_C_SOURCE 200809L

#include <centrifuge/client.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct match {
    int frame;
    int moves;
} match;

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    match *game = user;
    game->moves++;
    printf("frame %d: %.*s\n", game->frame, (int)message->data.size, message->data.bytes);
}

static void on_subscribe(centrifuge_subscription *subscription, const centrifuge_subscribe_event *event, void *user)
{
    match *game = user;
    printf("frame %d: joined %s\n", game->frame, event->channel);
    centrifuge_subscription_publish_text(subscription, "left", NULL, NULL);
}

static void draw(void)
{
    struct timespec a_frame = {.tv_nsec = 16 * 1000 * 1000};
    nanosleep(&a_frame, NULL);
}

int main(int argc, char **argv)
{
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = argc > 1 ? argv[1] : "ws://localhost:8000/connection/websocket";
    options.insecure = true;
    int frames = argc > 3 ? atoi(argv[3]) : 600;

    match game = {0};
    centrifuge_client *client;
    if (centrifuge_client_new(&client, &options))
        return 1;
    centrifuge_subscription_events events = {.message = on_message, .subscribe = on_subscribe};
    centrifuge_client_subscribe(client, argc > 2 ? argv[2] : "game:room", &events, &game, NULL);
    centrifuge_client_connect(client);
    for (game.frame = 0; game.frame < frames && game.moves == 0; game.frame++) {
        centrifuge_client_tick(client);
        draw();
    }
    centrifuge_client_destroy(client);
    return game.moves > 0 ? 0 : 1;
}

/*
 * A sensor that publishes a reading a few times, and waits for the server to confirm each. While there is no connection the
 * reading waits; what was not confirmed is published again.
 *
 *     sensor [URL [CHANNEL [READINGS]]]
 */
#include <centrifuge/client.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct station {
    centrifuge_client *client;
    int left;   /* readings to confirm */
    int number; /* of the next reading */
} station;

static void publish(centrifuge_subscription *subscription, station *self);

static void on_published(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    station *self = user;
    if (result->code == CENTRIFUGE_ERROR_REFUSED) {
        self->left = -1;
    } else if (result->code == CENTRIFUGE_ERROR_OK) {
        self->left--;
        self->number++;
    }
    if (self->left > 0)
        publish(subscription, self); /* the next one, or the same again after a timeout or a lost connection */
    else
        centrifuge_client_disconnect(self->client);
}

static void publish(centrifuge_subscription *subscription, station *self)
{
    char data[64];
    int size = snprintf(data, sizeof data, "{\"reading\":%d,\"celsius\":%.1f}", self->number, 20.0 + self->number % 5);
    centrifuge_error error = centrifuge_subscription_publish(subscription, data, (size_t)size, on_published, self);
    if (error)
        fprintf(stderr, "%s\n", centrifuge_error_text(error));
}

int main(int argc, char **argv)
{
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = argc > 1 ? argv[1] : "ws://localhost:8000/connection/websocket";
    options.insecure = true;

    station sensor = {.left = argc > 3 ? atoi(argv[3]) : 3};
    centrifuge_subscription *subscription;
    if (centrifuge_client_new(&sensor.client, &options) ||
        centrifuge_client_subscribe(sensor.client, argc > 2 ? argv[2] : "chat:sensors", NULL, NULL, &subscription))
        return 1;
    publish(subscription, &sensor);
    centrifuge_client_connect(sensor.client);
    centrifuge_error error = centrifuge_client_run(sensor.client);
    centrifuge_client_destroy(sensor.client);
    printf("%d readings left\n", sensor.left);
    return error || sensor.left != 0 ? 1 : 0;
}

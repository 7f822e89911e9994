/*
 * Subscribes to a private channel and publishes into it. The application's backend is in the same program; yours is a server
 * that answers auth_endpoint and refresh_endpoint, and only it knows the secret.
 *
 *     private [URL [CHANNEL [SECRET]]]
 */
#include <centrifuge/backend.h>
#include <centrifuge/client.h>
#include <stdio.h>
#include <time.h>

typedef struct program {
    const char *channel;
    const char *secret;
    int received;
} program;

/* Signs for one connection, if this user may listen to this channel. */
static int backend_authorize(const program *self, const char *client, char *answer, size_t size)
{
    char sign[CENTRIFUGE_SIGN_SIZE];
    if (centrifuge_backend_sign(self->secret, client, self->channel, "", sign))
        return snprintf(answer, size, "{\"%s\":{\"status\":403}}", self->channel);
    return snprintf(answer, size, "{\"%s\":{\"sign\":\"%s\"}}", self->channel, sign);
}

/* Fresh credentials of user 42. */
static void backend_credentials(const program *self, char timestamp[24], char token[CENTRIFUGE_SIGN_SIZE])
{
    snprintf(timestamp, 24, "%lld", (long long)time(NULL));
    centrifuge_backend_token(self->secret, "42", timestamp, "", token);
}

static void on_authorize(centrifuge_client *client, centrifuge_request request, centrifuge_bytes body, void *user)
{
    char answer[512];
    (void)body; /* JSON: {"client": ..., "channels": [...]}; here there is one channel */
    int size = backend_authorize(user, centrifuge_client_id(client), answer, sizeof(answer));
    bool fits = size > 0 && (size_t)size < sizeof(answer);
    centrifuge_client_authorize_answer(client, request, fits ? answer : NULL, fits ? (size_t)size : 0);
}

static void on_refresh(centrifuge_client *client, centrifuge_request request, void *user)
{
    char timestamp[24], token[CENTRIFUGE_SIGN_SIZE], answer[256];
    backend_credentials(user, timestamp, token);
    int size = snprintf(answer, sizeof(answer), "{\"user\":\"42\",\"timestamp\":\"%s\",\"token\":\"%s\"}", timestamp, token);
    centrifuge_client_refresh_answer(client, request, answer, (size_t)size);
}

static void on_subscribe(centrifuge_subscription *subscription, const centrifuge_subscribe_event *event, void *user)
{
    (void)user;
    centrifuge_subscription_publish(subscription, "\"for members only\"", 18, NULL, NULL);
    printf("%s: subscribed\n", event->channel);
}

static void on_error(centrifuge_subscription *subscription, const centrifuge_subscribe_error_event *event, void *user)
{
    (void)user;
    fprintf(stderr, "%s: %s\n", event->channel, event->text);
    centrifuge_client_disconnect(centrifuge_subscription_client(subscription));
}

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    ((program *)user)->received++;
    printf("%s: %.*s\n", message->channel, (int)message->data.size, message->data.bytes);
    centrifuge_client_disconnect(centrifuge_subscription_client(subscription));
}

int main(int argc, char **argv)
{
    program self = {argc > 2 ? argv[2] : "$chat:members", argc > 3 ? argv[3] : "development", 0};
    char timestamp[24], token[CENTRIFUGE_SIGN_SIZE];
    backend_credentials(&self, timestamp, token);
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = argc > 1 ? argv[1] : "ws://localhost:8000/connection/websocket";
    options.user = "42";
    options.timestamp = timestamp;
    options.token = token;
    options.authorize = on_authorize;
    options.refresh = on_refresh;
    options.authorize_user = options.refresh_user = &self;

    centrifuge_client *client;
    if (centrifuge_client_new(&client, &options))
        return 1;
    centrifuge_subscription_events events = {.message = on_message, .subscribe = on_subscribe, .error = on_error};
    centrifuge_client_subscribe(client, self.channel, &events, &self, NULL);
    centrifuge_client_connect(client);
    centrifuge_client_run(client);
    centrifuge_client_destroy(client);
    return self.received ? 0 : 1;
}

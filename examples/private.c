/*
 * Subscribes to a private channel and publishes into it. The application's backend is in the same program; yours is a server
 * that answers auth_endpoint and refresh_endpoint, and only it knows the secret.
 *
 *     private [URL [CHANNEL [SECRET]]]
 */
#include <centrifuge/backend.h>
#include <centrifuge/json.h>
#include <stdio.h>
#include <time.h>

typedef struct program {
    const char *channel;
    const char *secret;
    int received;
} program;

/* Signs for one connection, if this user may listen to this channel: {"$channel":{"sign":"..."}}. */
static void on_authorize(centrifuge_client *client, centrifuge_request request, centrifuge_bytes body, void *user)
{
    const program *self = user;
    char sign[CENTRIFUGE_SIGN_SIZE], room[512];
    centrifuge_json_writer writer;
    centrifuge_bytes answer;
    (void)body; /* JSON: {"client": ..., "channels": [...]}; here there is one channel */
    centrifuge_backend_sign(self->secret, centrifuge_client_id(client), self->channel, "", sign);
    centrifuge_json_begin(&writer, room, sizeof room);
    centrifuge_json_open_object(&writer, NULL);
    centrifuge_json_open_object(&writer, self->channel);
    centrifuge_json_add_text(&writer, "sign", sign);
    centrifuge_json_close(&writer);
    centrifuge_json_close(&writer);
    centrifuge_json_end(&writer, &answer);
    centrifuge_client_authorize_answer(client, request, answer.bytes, answer.size);
}

/* Fresh credentials of user 42. */
static void backend_credentials(const program *self, char timestamp[24], char token[CENTRIFUGE_SIGN_SIZE])
{
    snprintf(timestamp, 24, "%lld", (long long)time(NULL));
    centrifuge_backend_token(self->secret, "42", timestamp, "", token);
}

static void on_refresh(centrifuge_client *client, centrifuge_request request, void *user)
{
    char timestamp[24], token[CENTRIFUGE_SIGN_SIZE], answer[256];
    backend_credentials(user, timestamp, token);
    int size = snprintf(answer, sizeof(answer), "{\"user\":\"42\",\"timestamp\":\"%s\",\"token\":\"%s\"}", timestamp, token);
    centrifuge_client_refresh_answer(client, request, answer, (size_t)size);
}

static void on_ready(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    (void)user;
    if (result->code || centrifuge_subscription_publish_text(subscription, "for members only", NULL, NULL))
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
    centrifuge_subscription *members;
    centrifuge_subscription_events events = {.message = on_message};
    centrifuge_client_subscribe(client, self.channel, &events, &self, &members);
    centrifuge_subscription_ready(members, on_ready, NULL);
    centrifuge_client_connect(client);
    centrifuge_client_run(client);
    centrifuge_client_destroy(client);
    return self.received ? 0 : 1;
}

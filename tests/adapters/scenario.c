/*
 * scenario URL: one adapter's loop with a server that says nothing, so that only timers make anything happen, then with a real
 * one: connect, subscribe, publish, receive, disconnect. The client is destroyed in a callback each time, and the loop has to end.
 */
#define _POSIX_C_SOURCE 200809L

#include "scenario.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SILENCE      300 /* ms that an attempt waits for the silent server */
#define ATTEMPTS     3
#define WAKEUPS_MAX  200 /* a loop that does not sleep makes thousands in that time */
#define MESSAGE_TEXT "\"by an adapter\""

unsigned long wakeups;

static struct {
    int attempts;
    int connects;
    int subscribes;
    int published;
    int messages;
    int disconnects;
} seen;

static void check(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "adapter: %s\n", what);
    exit(1);
}

static void destroy(void)
{
    check(centrifuge_client_destroy(*adapter_client()) == CENTRIFUGE_ERROR_OK, "the client is not destroyed");
    adapter_end();
}

static void start(const char *url, const centrifuge_client_events *events)
{
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = url;
    options.insecure = true;
    options.connect_timeout = SILENCE;
    options.retry = options.max_retry = 1;
    if (events->connect)
        options.connect_timeout = 60000;
    adapter_begin(&options);
    check(centrifuge_client_new(adapter_client(), &options) == CENTRIFUGE_ERROR_OK, "no client");
    centrifuge_client_listen(*adapter_client(), events, NULL, NULL);
    check(centrifuge_client_connect(*adapter_client()) == CENTRIFUGE_ERROR_OK, "it does not connect");
}

/* ---- a server that says nothing ---- */

static void on_attempt_end(centrifuge_client *client, const centrifuge_transport_close_event *event, void *user)
{
    (void)client;
    (void)user;
    check(event->code == CENTRIFUGE_ERROR_TIMEOUT, "an attempt ended otherwise than by its timeout");
    if (++seen.attempts == ATTEMPTS)
        destroy();
}

static int listen_silently(unsigned *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    bool good = listener >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 64) == 0 &&
                getsockname(listener, (struct sockaddr *)&address, &size) == 0;
    check(good, "no listening socket");
    *port = ntohs(address.sin_port);
    return listener;
}

static void meet_silence(void)
{
    unsigned port;
    char url[64];
    int listener = listen_silently(&port);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/connection/websocket", port);
    start(url, &(centrifuge_client_events){.transport_close = on_attempt_end});
    adapter_run();
    close(listener);
    check(seen.attempts == ATTEMPTS, "the loop ended before its time");
    check(wakeups < WAKEUPS_MAX, "the loop does not sleep");
}

/* ---- a real one ---- */

static void on_connect(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    (void)client;
    (void)event;
    (void)user;
    seen.connects++;
}

static void on_disconnect(centrifuge_client *client, const centrifuge_disconnect_event *event, void *user)
{
    (void)client;
    (void)user;
    seen.disconnects++;
    check(!event->reconnect, "disconnected by somebody else");
    destroy();
}

static void leave_when_done(void)
{
    if (seen.published > 0 && seen.messages > 0)
        centrifuge_client_disconnect(*adapter_client());
}

static void on_published(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    (void)subscription;
    (void)user;
    check(result->code == CENTRIFUGE_ERROR_OK, "publishing failed");
    seen.published++;
    leave_when_done();
}

static void on_subscribe(centrifuge_subscription *subscription, const centrifuge_subscribe_event *event, void *user)
{
    (void)event;
    (void)user;
    seen.subscribes++;
    centrifuge_subscription_publish(subscription, MESSAGE_TEXT, strlen(MESSAGE_TEXT), on_published, NULL);
}

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    (void)user;
    bool same =
        message->data.size == strlen(MESSAGE_TEXT) && memcmp(message->data.bytes, MESSAGE_TEXT, message->data.size) == 0;
    check(same, "another message came");
    seen.messages++;
    leave_when_done();
}

static void meet_server(const char *url)
{
    start(url, &(centrifuge_client_events){.connect = on_connect, .disconnect = on_disconnect});
    centrifuge_subscription_events events = {.subscribe = on_subscribe, .message = on_message};
    check(centrifuge_client_subscribe(*adapter_client(), "chat:adapter", &events, NULL, NULL) == CENTRIFUGE_ERROR_OK,
          "it does not subscribe");
    adapter_run();
    check(seen.connects == 1 && seen.subscribes == 1 && seen.published == 1 && seen.messages == 1 && seen.disconnects == 1,
          "something did not happen, or twice");
}

int main(int argc, char **argv)
{
    check(argc == 2, "usage: scenario URL");
    meet_silence();
    meet_server(argv[1]);
    printf("adapter: all went well, %lu wake-ups\n", wakeups);
    return 0;
}

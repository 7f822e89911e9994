/* What the test of an adapter brings: its loop. scenario.c is the program, for all of them the same. */
#ifndef TEST_ADAPTERS_SCENARIO_H
#define TEST_ADAPTERS_SCENARIO_H

#include <centrifuge/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A loop, and what the adapter sets in `options`. */
void adapter_begin(centrifuge_options *options);
/* Where centrifuge_client_new puts the client. */
centrifuge_client **adapter_client(void);
/* Runs the loop until the client is destroyed, and frees it. */
void adapter_run(void);
/* The client was destroyed, in a callback: the loop ends, where it does not by itself. */
void adapter_end(void);

/* How often the loop has woken the client. */
extern unsigned long wakeups;

static inline centrifuge_error woken_by_socket(centrifuge_client *client, centrifuge_socket socket, int events)
{
    wakeups++;
    return centrifuge_client_socket_ready(client, socket, events);
}

static inline centrifuge_error woken_by_timer(centrifuge_client *client)
{
    wakeups++;
    return centrifuge_client_timer_expired(client);
}

#ifdef __cplusplus
}
#endif

/* In the adapter's header, which is included behind this one. */
#define centrifuge_client_socket_ready  woken_by_socket
#define centrifuge_client_timer_expired woken_by_timer

#endif

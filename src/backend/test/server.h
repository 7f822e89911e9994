/*
 * An HTTP server of one thread for one test: it gives the answers it was told, in
 * order, and keeps what it was asked. Look at the log after test_server_stop.
 */
#ifndef CF_BACKEND_TEST_SERVER_H
#define CF_BACKEND_TEST_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct test_server {
    int listener;
    int port; /* of 127.0.0.1 */
    pthread_t thread;
    const char *const *answers; /* whole HTTP answers; NULL: none is given. One with "Connection: close" ends the connection */
    size_t count;
    bool repeat;  /* the last answer again and again */
    size_t given; /* answers so far */
    size_t connections;
    char log[65536]; /* all requests, as received */
    size_t logged;
} test_server;

void test_server_start(test_server *server, const char *const *answers, size_t count, bool repeat);
void test_server_stop(test_server *server);
/* A port on which nothing listens. */
int test_server_unused_port(void);

#endif

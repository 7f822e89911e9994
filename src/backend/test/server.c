#define _POSIX_C_SOURCE 200809L

#include "backend/test/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Body size by the header of the request that begins at `head`. */
static size_t content_length(const char *head)
{
    const char *header = strstr(head, "Content-Length: ");
    return header != NULL ? strtoul(header + strlen("Content-Length: "), NULL, 10) : 0;
}

/* One whole request is appended to the log; false when there is none any more. */
static bool read_request(test_server *server, int socket)
{
    char *start = server->log + server->logged;
    for (;;) {
        const char *end = strstr(start, "\r\n\r\n");
        if (end != NULL && strlen(end + 4) >= content_length(start))
            return true;
        size_t room = sizeof(server->log) - 1 - server->logged;
        ssize_t size = recv(socket, server->log + server->logged, room, 0);
        if (size <= 0)
            return false;
        server->logged += (size_t)size;
        server->log[server->logged] = '\0';
        if (start[0] < 'A' || start[0] > 'Z') /* TLS, for one */
            return false;
    }
}

static void wait_for_the_end(int socket)
{
    char byte;
    while (recv(socket, &byte, 1, 0) > 0)
        continue;
}

static void serve(test_server *server, int socket)
{
    while (read_request(server, socket)) {
        if (server->given == server->count && !server->repeat)
            return;
        if (server->given < server->count)
            server->given++;
        const char *answer = server->answers[server->given - 1];
        if (answer == NULL) {
            wait_for_the_end(socket);
            return;
        }
        if (send(socket, answer, strlen(answer), MSG_NOSIGNAL) < 0 || strstr(answer, "Connection: close") != NULL)
            return;
        if (server->repeat)
            server->logged = 0;
    }
}

static void *run(void *user)
{
    test_server *server = user;
    for (;;) {
        int socket = accept(server->listener, NULL, NULL);
        if (socket < 0)
            return NULL;
        server->connections++;
        serve(server, socket);
        close(socket);
    }
}

static int listen_on_any_port(int *port)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(listener, 8) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        abort();
    *port = ntohs(address.sin_port);
    return listener;
}

void test_server_start(test_server *server, const char *const *answers, size_t count, bool repeat)
{
    memset(server, 0, sizeof(*server));
    server->answers = answers;
    server->count = count;
    server->repeat = repeat;
    server->listener = listen_on_any_port(&server->port);
    if (pthread_create(&server->thread, NULL, run, server) != 0)
        abort();
}

void test_server_stop(test_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

int test_server_unused_port(void)
{
    int port;
    close(listen_on_any_port(&port));
    return port;
}

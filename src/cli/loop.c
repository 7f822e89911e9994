#define _POSIX_C_SOURCE 200809L
#include "cli/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The first places of the table; the client's sockets follow. */
enum { SIGNALS, OUTPUT, INPUT, SOCKETS };

struct cf_cli_loop {
    struct pollfd *table;
    struct pollfd *ready; /* a copy to walk: the hooks change the table meanwhile */
    size_t count;
    size_t capacity;
    int64_t client_timer; /* ms of the clock below, -1: none */
    int64_t timeout;
    bool out_of_memory;
};

static int signal_pipe[2] = {-1, -1};

static void on_signal(int number)
{
    int saved = errno;
    ssize_t written = write(signal_pipe[1], "", 1);
    (void)written; /* full: there is a signal to be seen already */
    (void)number;
    errno = saved;
}

static bool open_signal_pipe(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    if (pipe(signal_pipe) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
        fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK);
    }
    struct sigaction action = {0};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct sigaction before;
        /* nohup's wish stays; a shell's background job has SIGINT ignored, and Ctrl-C is not meant for it */
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
    return true;
}

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool reserve(cf_cli_loop *loop, size_t capacity)
{
    if (capacity <= loop->capacity)
        return true;
    struct pollfd *table = realloc(loop->table, capacity * sizeof(*table));
    if (table == NULL)
        return false;
    loop->table = table;
    struct pollfd *ready = realloc(loop->ready, capacity * sizeof(*ready));
    if (ready == NULL)
        return false;
    loop->ready = ready;
    loop->capacity = capacity;
    return true;
}

cf_cli_loop *cf_cli_loop_new(void)
{
    cf_cli_loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL)
        return NULL;
    if (!reserve(loop, 8) || !open_signal_pipe()) {
        cf_cli_loop_free(loop);
        return NULL;
    }
    loop->table[SIGNALS] = (struct pollfd){.fd = signal_pipe[0], .events = POLLIN};
    loop->table[OUTPUT] = (struct pollfd){.fd = -1};
    loop->table[INPUT] = (struct pollfd){.fd = -1, .events = POLLIN};
    loop->count = SOCKETS;
    loop->client_timer = -1;
    loop->timeout = -1;
    return loop;
}

void cf_cli_loop_free(cf_cli_loop *loop)
{
    if (loop == NULL)
        return;
    free(loop->table);
    free(loop->ready);
    free(loop);
}

static void watch(void *user, centrifuge_socket socket, int events)
{
    cf_cli_loop *loop = user;
    size_t at = SOCKETS;
    while (at < loop->count && loop->table[at].fd != socket)
        at++;
    if (events == 0) {
        if (at < loop->count)
            loop->table[at] = loop->table[--loop->count];
        return;
    }
    if (at == loop->count) {
        if (!reserve(loop, loop->count + 1)) {
            loop->out_of_memory = true;
            return;
        }
        loop->count++;
    }
    loop->table[at] = (struct pollfd){.fd = socket};
    if (events & CENTRIFUGE_READABLE)
        loop->table[at].events |= POLLIN;
    if (events & CENTRIFUGE_WRITABLE)
        loop->table[at].events |= POLLOUT;
}

static void timer(void *user, int64_t milliseconds)
{
    cf_cli_loop *loop = user;
    loop->client_timer = milliseconds < 0 ? -1 : clock_ms() + milliseconds;
}

void cf_cli_loop_attach(cf_cli_loop *loop, centrifuge_options *options)
{
    options->loop_watch = watch;
    options->loop_timer = timer;
    options->loop_user = loop;
}

void cf_cli_loop_set_timeout(cf_cli_loop *loop, int64_t milliseconds)
{
    loop->timeout = milliseconds < 0 ? -1 : clock_ms() + milliseconds;
}

void cf_cli_loop_watch_output(cf_cli_loop *loop, bool wanted)
{
    loop->table[OUTPUT].fd = wanted ? STDOUT_FILENO : -1;
}

void cf_cli_loop_want_input(cf_cli_loop *loop, bool wanted)
{
    loop->table[INPUT].fd = wanted ? STDIN_FILENO : -1;
}

/* For poll(): until the nearer of the two, at most a minute. */
static int wait_time(const cf_cli_loop *loop)
{
    int64_t now = clock_ms();
    int64_t wait = 60000;
    if (loop->client_timer >= 0 && loop->client_timer - now < wait)
        wait = loop->client_timer - now;
    if (loop->timeout >= 0 && loop->timeout - now < wait)
        wait = loop->timeout - now;
    return wait < 0 ? 0 : (int)wait;
}

static void serve_client(cf_cli_loop *loop, centrifuge_client *client, size_t count)
{
    for (size_t i = SOCKETS; i < count; i++) {
        short happened = loop->ready[i].revents;
        int events = 0;
        if (happened & (POLLIN | POLLERR | POLLHUP | POLLNVAL))
            events |= CENTRIFUGE_READABLE;
        if (happened & (POLLOUT | POLLERR | POLLHUP | POLLNVAL))
            events |= CENTRIFUGE_WRITABLE;
        if (events)
            centrifuge_client_socket_ready(client, loop->ready[i].fd, events);
    }
    if (loop->client_timer >= 0 && loop->client_timer <= clock_ms()) {
        loop->client_timer = -1;
        centrifuge_client_timer_expired(client);
    }
}

cf_cli_wakeup cf_cli_loop_turn(cf_cli_loop *loop, centrifuge_client *client)
{
    size_t count = loop->count;
    int ready = poll(loop->table, (nfds_t)count, wait_time(loop));
    if (ready < 0 && errno != EINTR)
        return CF_CLI_WAKE_FAILED;
    if (ready < 0)
        return CF_CLI_WAKE_NOTHING;
    memcpy(loop->ready, loop->table, count * sizeof(*loop->ready));
    short signals = loop->ready[SIGNALS].revents;
    short output = loop->ready[OUTPUT].revents; /* of one with fd -1: 0 */
    short input = loop->ready[INPUT].revents;

    serve_client(loop, client, count);
    if (loop->out_of_memory) {
        errno = ENOMEM;
        return CF_CLI_WAKE_FAILED;
    }
    if (signals)
        return CF_CLI_WAKE_SIGNAL;
    if (output & (POLLERR | POLLNVAL | POLLHUP))
        return CF_CLI_WAKE_OUTPUT;
    if (input)
        return CF_CLI_WAKE_INPUT;
    if (loop->timeout >= 0 && loop->timeout <= clock_ms())
        return CF_CLI_WAKE_TIMEOUT;
    return CF_CLI_WAKE_NOTHING;
}

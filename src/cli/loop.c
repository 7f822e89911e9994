#define _GNU_SOURCE /* ppoll */
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

/* A descriptor and whose it is: what poll() wants, and beside it the client's seat. */
typedef struct watched {
    struct pollfd *polls;
    cf_cli_seat **seats;
} watched;

struct cf_cli_loop {
    watched table;
    watched ready; /* a copy to walk: the hooks change the table meanwhile */
    size_t count;
    size_t capacity;
    cf_cli_seat *seats;
    int64_t alarm; /* ns of the clock below, -1: none */
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

int64_t cf_cli_loop_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t after(int64_t milliseconds)
{
    return milliseconds < 0 ? -1 : cf_cli_loop_now() + milliseconds * 1000000;
}

static bool grow(watched *what, size_t capacity)
{
    struct pollfd *polls = realloc(what->polls, capacity * sizeof(*polls));
    if (polls == NULL)
        return false;
    what->polls = polls;
    cf_cli_seat **seats = realloc(what->seats, capacity * sizeof(*seats));
    if (seats == NULL)
        return false;
    what->seats = seats;
    return true;
}

static bool reserve(cf_cli_loop *loop, size_t wanted)
{
    if (wanted <= loop->capacity)
        return true;
    size_t capacity = 2 * wanted;
    if (!grow(&loop->table, capacity) || !grow(&loop->ready, capacity))
        return false;
    loop->capacity = capacity;
    return true;
}

cf_cli_loop *cf_cli_loop_new(void)
{
    cf_cli_loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL)
        return NULL;
    if (!reserve(loop, SOCKETS + 1) || !open_signal_pipe()) {
        cf_cli_loop_free(loop);
        return NULL;
    }
    loop->table.polls[SIGNALS] = (struct pollfd){.fd = signal_pipe[0], .events = POLLIN};
    loop->table.polls[OUTPUT] = (struct pollfd){.fd = -1};
    loop->table.polls[INPUT] = (struct pollfd){.fd = -1, .events = POLLIN};
    loop->count = SOCKETS;
    loop->alarm = -1;
    return loop;
}

void cf_cli_loop_free(cf_cli_loop *loop)
{
    if (loop == NULL)
        return;
    free(loop->table.polls);
    free(loop->table.seats);
    free(loop->ready.polls);
    free(loop->ready.seats);
    free(loop);
}

static size_t place_of(const cf_cli_loop *loop, centrifuge_socket socket)
{
    size_t at = SOCKETS;
    while (at < loop->count && loop->table.polls[at].fd != socket)
        at++;
    return at;
}

static void forget(cf_cli_loop *loop, size_t at)
{
    if (at == loop->count)
        return;
    loop->count--;
    loop->table.polls[at] = loop->table.polls[loop->count];
    loop->table.seats[at] = loop->table.seats[loop->count];
}

static void watch(void *user, centrifuge_socket socket, int events)
{
    cf_cli_seat *seat = user;
    cf_cli_loop *loop = seat->loop;
    size_t at = place_of(loop, socket);
    if (events == 0) {
        forget(loop, at);
        return;
    }
    if (!reserve(loop, at + 1)) {
        loop->out_of_memory = true;
        return;
    }
    if (at == loop->count)
        loop->count++;
    loop->table.seats[at] = seat;
    loop->table.polls[at] = (struct pollfd){.fd = socket};
    if (events & CENTRIFUGE_READABLE)
        loop->table.polls[at].events |= POLLIN;
    if (events & CENTRIFUGE_WRITABLE)
        loop->table.polls[at].events |= POLLOUT;
}

static void timer(void *user, int64_t milliseconds)
{
    cf_cli_seat *seat = user;
    seat->timer = after(milliseconds);
}

void cf_cli_loop_attach(cf_cli_loop *loop, cf_cli_seat *seat, centrifuge_options *options)
{
    *seat = (cf_cli_seat){.loop = loop, .timer = -1, .next = loop->seats};
    loop->seats = seat;
    options->loop_watch = watch;
    options->loop_timer = timer;
    options->loop_user = seat;
}

void cf_cli_loop_detach(cf_cli_seat *seat)
{
    if (seat->loop == NULL)
        return;
    cf_cli_seat **at = &seat->loop->seats;
    while (*at != seat)
        at = &(*at)->next;
    *at = seat->next;
    seat->loop = NULL;
}

void cf_cli_loop_set_timeout(cf_cli_loop *loop, int64_t milliseconds)
{
    loop->alarm = after(milliseconds);
}

void cf_cli_loop_set_alarm(cf_cli_loop *loop, int64_t time)
{
    loop->alarm = time;
}

void cf_cli_loop_watch_output(cf_cli_loop *loop, bool wanted)
{
    loop->table.polls[OUTPUT].fd = wanted ? STDOUT_FILENO : -1;
}

void cf_cli_loop_want_input(cf_cli_loop *loop, bool wanted)
{
    loop->table.polls[INPUT].fd = wanted ? STDIN_FILENO : -1;
}

/* Until the nearest of the timers, at most a minute. */
static struct timespec wait_time(const cf_cli_loop *loop)
{
    int64_t now = cf_cli_loop_now();
    int64_t until = now + 60 * (int64_t)1000000000;
    if (loop->alarm >= 0 && loop->alarm < until)
        until = loop->alarm;
    for (const cf_cli_seat *seat = loop->seats; seat != NULL; seat = seat->next) {
        if (seat->timer >= 0 && seat->timer < until)
            until = seat->timer;
    }
    int64_t wait = until > now ? until - now : 0;
    return (struct timespec){.tv_sec = (time_t)(wait / 1000000000), .tv_nsec = (long)(wait % 1000000000)};
}

static void serve_socket(cf_cli_seat *seat, const struct pollfd *poll)
{
    int events = 0;
    if (poll->revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL))
        events |= CENTRIFUGE_READABLE;
    if (poll->revents & (POLLOUT | POLLERR | POLLHUP | POLLNVAL))
        events |= CENTRIFUGE_WRITABLE;
    if (poll->revents & POLLIN)
        seat->heard = cf_cli_loop_now();
    if (events)
        centrifuge_client_socket_ready(seat->client, poll->fd, events);
}

static void serve_clients(cf_cli_loop *loop, size_t count)
{
    for (size_t i = SOCKETS; i < count; i++)
        serve_socket(loop->ready.seats[i], &loop->ready.polls[i]);
    int64_t now = cf_cli_loop_now();
    for (cf_cli_seat *seat = loop->seats; seat != NULL; seat = seat->next) {
        if (seat->timer < 0 || seat->timer > now)
            continue;
        seat->timer = -1;
        centrifuge_client_timer_expired(seat->client);
    }
}

/* False: errno says why. */
static bool wait_once(cf_cli_loop *loop, size_t count)
{
    struct timespec wait = wait_time(loop);
    if (ppoll(loop->table.polls, (nfds_t)count, &wait, NULL) < 0) {
        for (size_t i = 0; i < count; i++)
            loop->table.polls[i].revents = 0;
        return errno == EINTR;
    }
    return true;
}

cf_cli_wakeup cf_cli_loop_turn(cf_cli_loop *loop)
{
    size_t count = loop->count;
    if (!wait_once(loop, count))
        return CF_CLI_WAKE_FAILED;
    memcpy(loop->ready.polls, loop->table.polls, count * sizeof(*loop->ready.polls));
    memcpy(loop->ready.seats, loop->table.seats, count * sizeof(cf_cli_seat *));
    serve_clients(loop, count);
    if (loop->out_of_memory) {
        errno = ENOMEM;
        return CF_CLI_WAKE_FAILED;
    }
    const struct pollfd *ready = loop->ready.polls;
    if (ready[SIGNALS].revents && read(signal_pipe[0], &(char){0}, 1) == 1)
        return CF_CLI_WAKE_SIGNAL;
    if (ready[OUTPUT].revents & (POLLERR | POLLNVAL | POLLHUP)) /* of one with fd -1: 0 */
        return CF_CLI_WAKE_OUTPUT;
    if (ready[INPUT].revents)
        return CF_CLI_WAKE_INPUT;
    if (loop->alarm >= 0 && loop->alarm <= cf_cli_loop_now())
        return CF_CLI_WAKE_TIMEOUT;
    return CF_CLI_WAKE_NOTHING;
}

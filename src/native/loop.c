#include "native/native.h"

#include <string.h>

/* libcurl's eyes on the sockets it needs to connect. */
static int on_curl_socket(CURL *easy, curl_socket_t socket, int what, void *user, void *socket_user)
{
    (void)easy;
    (void)socket_user;
    int events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= CENTRIFUGE_READABLE;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= CENTRIFUGE_WRITABLE;
    return cf_native_loop_watch(user, socket, events) ? 0 : -1;
}

static int on_curl_timer(CURLM *multi, long milliseconds, void *user)
{
    (void)multi;
    cf_native_loop *loop = user;
    loop->curl_deadline = milliseconds < 0 ? CF_TIME_NEVER : cf_time_after(cf_native_clock_now(), milliseconds);
    return 0;
}

centrifuge_error cf_native_loop_open(cf_native_loop *loop, const centrifuge_options *options)
{
    memset(loop, 0, sizeof *loop);
    loop->curl_deadline = loop->armed = CF_TIME_NEVER;
    loop->foreign_watch = options->loop_watch;
    loop->foreign_timer = options->loop_timer;
    loop->foreign_user = options->loop_user;
    if (!cf_native_wakeup_open(&loop->wakeup))
        return CENTRIFUGE_ERROR_SYSTEM;
    loop->multi = curl_multi_init();
    if (!loop->multi) {
        cf_native_wakeup_close(&loop->wakeup);
        return CENTRIFUGE_ERROR_NO_MEMORY;
    }
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    cf_native_loop_watch(loop, loop->wakeup.reader, CENTRIFUGE_READABLE);
    return CENTRIFUGE_ERROR_OK;
}

void cf_native_loop_close(cf_native_loop *loop)
{
    curl_multi_cleanup(loop->multi);
    cf_native_loop_watch(loop, loop->wakeup.reader, 0);
    cf_native_wakeup_close(&loop->wakeup);
    if (loop->armed != CF_TIME_NEVER && loop->foreign_timer)
        loop->foreign_timer(loop->foreign_user, -1);
}

static cf_native_watch *find(const cf_native_loop *loop, centrifuge_socket socket)
{
    for (size_t i = 0; i < loop->watch_count; i++)
        if (loop->watches[i].socket == socket)
            return (cf_native_watch *)&loop->watches[i];
    return NULL;
}

bool cf_native_loop_watches(const cf_native_loop *loop, centrifuge_socket socket)
{
    return find(loop, socket) != NULL;
}

bool cf_native_loop_watch(cf_native_loop *loop, centrifuge_socket socket, int events)
{
    cf_native_watch *watch = find(loop, socket);
    if (watch ? watch->events == events : events == 0)
        return true;
    if (!watch && loop->watch_count == CF_NATIVE_LOOP_WATCH_MAX)
        return false;
    if (events == 0)
        *watch = loop->watches[--loop->watch_count];
    else if (watch)
        watch->events = events;
    else
        loop->watches[loop->watch_count++] = (cf_native_watch){.socket = socket, .events = events};
    if (loop->foreign_watch)
        loop->foreign_watch(loop->foreign_user, socket, events);
    return true;
}

/*
 * A timer that would expire too early is left alone: when it does, the turn finds nothing to do and asks again. So a busy
 * connection, whose ping deadline moves with every message, asks once in a ping interval.
 */
void cf_native_loop_arm(cf_native_loop *loop, cf_time now, cf_time deadline)
{
    if (!loop->foreign_timer)
        return;
    if (deadline == CF_TIME_NEVER ? loop->armed == CF_TIME_NEVER : loop->armed <= deadline)
        return;
    loop->armed = deadline;
    int64_t milliseconds = deadline == CF_TIME_NEVER ? -1 : deadline > now ? deadline - now : 0;
    loop->foreign_timer(loop->foreign_user, milliseconds);
}

#include "native/native.h"

#include <string.h>

centrifuge_error cf_native_loop_open(cf_native_loop *loop, const centrifuge_options *options)
{
    memset(loop, 0, sizeof *loop);
    loop->armed = CF_TIME_NEVER;
    loop->alarm = CF_NATIVE_NO_SOCKET;
    loop->set = CF_NATIVE_NO_SOCKET;
    loop->foreign_watch = options->loop_watch;
    loop->foreign_timer = options->loop_timer;
    loop->foreign_user = options->loop_user;
    if (!cf_native_loop_reserve(loop, CF_NATIVE_LOOP_WATCH_ALONE))
        return CENTRIFUGE_ERROR_NO_MEMORY;
    if (!cf_native_wakeup_open(&loop->wakeup)) {
        cf_free(&cf_heap, loop->watches);
        return CENTRIFUGE_ERROR_SYSTEM;
    }
    cf_native_loop_watch(loop, loop->wakeup.reader, CENTRIFUGE_READABLE);
    return CENTRIFUGE_ERROR_OK;
}

/* The wakeup is watched from the beginning on, and forgotten last: that tells a foreign loop that the client is gone. */
void cf_native_loop_close(cf_native_loop *loop)
{
    if (loop->armed != CF_TIME_NEVER && loop->foreign_timer)
        loop->foreign_timer(loop->foreign_user, -1);
    if (loop->alarm != CF_NATIVE_NO_SOCKET) {
        cf_native_loop_watch(loop, loop->alarm, 0);
        cf_native_close(loop->alarm);
    }
    cf_native_loop_watch(loop, loop->wakeup.reader, 0);
    cf_native_wakeup_close(&loop->wakeup);
    if (loop->set != CF_NATIVE_NO_SOCKET)
        cf_native_close(loop->set);
    cf_free(&cf_heap, loop->watches);
}

void cf_native_loop_abandon(cf_native_loop *loop)
{
    for (size_t i = 0; i < loop->watch_count; i++)
        cf_native_close(loop->watches[i].socket);
    if (loop->wakeup.writer != loop->wakeup.reader)
        cf_native_close(loop->wakeup.writer);
    if (loop->set != CF_NATIVE_NO_SOCKET)
        cf_native_close(loop->set);
    cf_free(&cf_heap, loop->watches);
    memset(loop, 0, sizeof *loop);
}

static cf_native_watch *find(const cf_native_loop *loop, centrifuge_socket socket)
{
    for (size_t i = 0; i < loop->watch_count; i++)
        if (loop->watches[i].socket == socket)
            return &loop->watches[i];
    return NULL;
}

bool cf_native_loop_watches(const cf_native_loop *loop, centrifuge_socket socket)
{
    return find(loop, socket) != NULL;
}

bool cf_native_loop_reserve(cf_native_loop *loop, uint32_t count)
{
    if (count <= loop->watch_capacity)
        return true;
    cf_native_watch *watches = cf_realloc(&cf_heap, loop->watches, count * sizeof *watches);
    if (!watches)
        return false;
    loop->watches = watches;
    loop->watch_capacity = count;
    return true;
}

bool cf_native_loop_watch(cf_native_loop *loop, centrifuge_socket socket, int events)
{
    cf_native_watch *watch = find(loop, socket);
    if (watch ? watch->events == events : events == 0)
        return true;
    if (!watch && loop->watch_count == loop->watch_capacity)
        return false;
    if (loop->set != CF_NATIVE_NO_SOCKET && !cf_native_set_change(loop->set, socket, watch ? watch->events : 0, events))
        return false;
    if (events == 0)
        *watch = loop->watches[--loop->watch_count];
    else if (watch)
        watch->events = (uint8_t)events;
    else
        loop->watches[loop->watch_count++] = (cf_native_watch){.socket = socket, .events = (uint8_t)events};
    if (loop->foreign_watch)
        loop->foreign_watch(loop->foreign_user, socket, events);
    return true;
}

static bool fill_set(const cf_native_loop *loop, centrifuge_socket set)
{
    for (size_t i = 0; i < loop->watch_count; i++)
        if (!cf_native_set_change(set, loop->watches[i].socket, 0, loop->watches[i].events))
            return false;
    return true;
}

bool cf_native_loop_gather(cf_native_loop *loop)
{
    if (loop->set != CF_NATIVE_NO_SOCKET)
        return true;
    centrifuge_socket set = cf_native_set_open();
    if (set == CF_NATIVE_NO_SOCKET)
        return false;
    if (!fill_set(loop, set)) {
        cf_native_close(set);
        return false;
    }
    loop->set = set;
    return true;
}

/* Shorter waits, in milliseconds, are over soon enough after a sleep. */
#define ALARM_FROM 1000

static void set_alarm(cf_native_loop *loop, cf_time now, cf_time deadline)
{
    bool early = loop->alarm_at > now && loop->alarm_at <= deadline;
    if (early || deadline == CF_TIME_NEVER || deadline - now < ALARM_FROM)
        return;
    if (loop->alarm == CF_NATIVE_NO_SOCKET) {
        centrifuge_socket alarm = cf_native_alarm_open();
        if (alarm == CF_NATIVE_NO_SOCKET)
            return;
        if (!cf_native_loop_watch(loop, alarm, CENTRIFUGE_READABLE)) {
            cf_native_close(alarm);
            return;
        }
        loop->alarm = alarm;
    }
    loop->alarm_at = deadline;
    cf_native_alarm_set(loop->alarm, deadline);
}

void cf_native_loop_alarm_rang(cf_native_loop *loop)
{
    loop->alarm_at = 0;
    cf_native_alarm_set(loop->alarm, 0);
}

/*
 * A timer that would expire too early is left alone: when it does, the turn finds nothing to do and asks again. So a busy
 * connection, whose ping deadline moves with every message, asks once in a ping interval.
 */
void cf_native_loop_arm(cf_native_loop *loop, cf_time now, cf_time deadline)
{
    set_alarm(loop, now, deadline);
    if (!loop->foreign_timer)
        return;
    bool slept = loop->armed < now; /* the loop's clock did not */
    if (deadline == CF_TIME_NEVER ? loop->armed == CF_TIME_NEVER : loop->armed <= deadline && !slept)
        return;
    loop->armed = deadline;
    int64_t milliseconds = deadline == CF_TIME_NEVER ? -1 : deadline > now ? deadline - now : 0;
    loop->foreign_timer(loop->foreign_user, milliseconds);
}

/*
 * A coarse timer wheel: tens of thousands of timers that mostly never fire cost
 * their link and nothing else. Timers fire at or up to CF_WHEEL_TICK after their
 * time, never before.
 */
#ifndef CF_SERVER_WHEEL_H
#define CF_SERVER_WHEEL_H

#include "base/allocator.h"
#include "base/clock.h"
#include "base/list.h"

#define CF_WHEEL_TICK 100 /* ms */

typedef struct cf_timer {
    cf_list link;
    cf_time deadline;
    void (*fire)(struct cf_timer *timer);
} cf_timer;

typedef struct cf_wheel cf_wheel;

cf_wheel *cf_wheel_new(const cf_allocator *allocator, cf_time now);
void cf_wheel_free(cf_wheel *wheel);
/* Sets or moves; a timer may set or stop any timer, itself too, while it fires. */
void cf_wheel_set(cf_wheel *wheel, cf_timer *timer, cf_time deadline);
void cf_wheel_stop(cf_wheel *wheel, cf_timer *timer);
/* Fires what is due, in order of the deadlines' ticks. */
void cf_wheel_advance(cf_wheel *wheel, cf_time now);
/*
 * The earliest moment at which something may be due; CF_TIME_NEVER when there is nothing. Never later than the true one plus a
 * tick.
 */
cf_time cf_wheel_next(const cf_wheel *wheel);

#endif

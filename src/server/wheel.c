#include "server/wheel.h"

/*
 * Four levels of 64 slots. A slot of level 0 is one tick, one of level n is 64 slots of level n - 1; its timers are
 * dealt out to the level below when its time begins. Farther timers wait in the last slot that can be reached and are
 * dealt out again.
 */
#define LEVELS     4
#define SLOT_BITS  6
#define SLOTS      (1u << SLOT_BITS)
#define SLOT_MASK  (SLOTS - 1)
#define SPAN_TICKS (UINT64_C(1) << (SLOT_BITS * LEVELS))

struct cf_wheel {
    const cf_allocator *allocator;
    cf_time origin;
    cf_time now;
    uint64_t tick;         /* done: timers of this tick and before have fired */
    cf_list due;           /* set for a moment that had passed already */
    uint64_t used[LEVELS]; /* a bit for each slot that is not empty */
    cf_list slots[LEVELS][SLOTS];
};

cf_wheel *cf_wheel_new(const cf_allocator *allocator, cf_time now)
{
    cf_wheel *wheel = cf_alloc_zero(allocator, 1, sizeof *wheel);
    if (wheel == NULL)
        return NULL;
    wheel->allocator = allocator;
    wheel->origin = wheel->now = now;
    cf_list_init(&wheel->due);
    for (unsigned level = 0; level < LEVELS; level++)
        for (unsigned slot = 0; slot < SLOTS; slot++)
            cf_list_init(&wheel->slots[level][slot]);
    return wheel;
}

void cf_wheel_free(cf_wheel *wheel)
{
    if (wheel != NULL)
        cf_free(wheel->allocator, wheel);
}

/* The first tick at or after a deadline that is later than the origin. */
static uint64_t tick_of(const cf_wheel *wheel, cf_time deadline)
{
    uint64_t distance = (uint64_t)deadline - (uint64_t)wheel->origin;
    return distance / CF_WHEEL_TICK + (distance % CF_WHEEL_TICK != 0);
}

static void place(cf_wheel *wheel, cf_timer *timer)
{
    uint64_t tick = tick_of(wheel, timer->deadline);
    uint64_t farthest = wheel->tick + SPAN_TICKS - (SPAN_TICKS >> SLOT_BITS);
    if (tick > farthest)
        tick = farthest;
    unsigned level = 0;
    while (level + 1 < LEVELS && (tick >> (SLOT_BITS * level)) - (wheel->tick >> (SLOT_BITS * level)) >= SLOTS)
        level++;
    unsigned slot = (unsigned)(tick >> (SLOT_BITS * level)) & SLOT_MASK;
    cf_list_append(&wheel->slots[level][slot], &timer->link);
    wheel->used[level] |= UINT64_C(1) << slot;
}

void cf_wheel_set(cf_wheel *wheel, cf_timer *timer, cf_time deadline)
{
    cf_wheel_stop(wheel, timer);
    if (deadline == CF_TIME_NEVER)
        return;
    timer->deadline = deadline;
    if (deadline <= wheel->origin || tick_of(wheel, deadline) <= wheel->tick)
        cf_list_append(&wheel->due, &timer->link);
    else
        place(wheel, timer);
}

void cf_wheel_stop(cf_wheel *wheel, cf_timer *timer)
{
    cf_list *head = timer->link.next;
    bool last = head != NULL && head == timer->link.previous;
    cf_list_remove(&timer->link);
    uintptr_t offset = (uintptr_t)head - (uintptr_t)wheel->slots;
    if (!last || offset >= sizeof wheel->slots)
        return;
    size_t index = offset / sizeof *head;
    wheel->used[index / SLOTS] &= ~(UINT64_C(1) << (index % SLOTS));
}

/* Slots from `from` on, wrapping, to the first used one; SLOTS when none is. */
static unsigned distance_to_used(uint64_t used, unsigned from)
{
    if (used == 0)
        return SLOTS;
    uint64_t turned = from == 0 ? used : (used >> from) | (used << (SLOTS - from));
    unsigned distance = 0;
    while ((turned & 1) == 0) {
        turned >>= 1;
        distance++;
    }
    return distance;
}

/* The next tick at which a slot is to be fired or dealt out; UINT64_MAX for none. */
static uint64_t next_tick(const cf_wheel *wheel)
{
    uint64_t next = UINT64_MAX;
    for (unsigned level = 0; level < LEVELS; level++) {
        uint64_t at = (wheel->tick >> (SLOT_BITS * level)) + 1;
        unsigned distance = distance_to_used(wheel->used[level], (unsigned)at & SLOT_MASK);
        if (distance == SLOTS)
            continue;
        uint64_t tick = (at + distance) << (SLOT_BITS * level);
        if (tick < next)
            next = tick;
    }
    return next;
}

static void move_all(cf_list *from, cf_list *to)
{
    cf_list_init(to);
    if (cf_list_empty(from))
        return;
    *to = *from;
    to->next->previous = to;
    to->previous->next = to;
    cf_list_init(from);
}

static void fire_all(cf_list *list)
{
    cf_list *link;
    while ((link = cf_list_take(list)) != NULL) {
        cf_timer *timer = CF_CONTAINER(link, cf_timer, link);
        timer->fire(timer);
    }
}

static void take_slot(cf_wheel *wheel, unsigned level, cf_list *timers)
{
    unsigned slot = (unsigned)(wheel->tick >> (SLOT_BITS * level)) & SLOT_MASK;
    move_all(&wheel->slots[level][slot], timers);
    wheel->used[level] &= ~(UINT64_C(1) << slot);
}

/* The wheel has come to a tick: what begins there is dealt out from above, then the tick's own timers fire. */
static void run_tick(cf_wheel *wheel)
{
    cf_list timers;
    for (unsigned level = LEVELS - 1; level > 0; level--) {
        if ((wheel->tick & ((UINT64_C(1) << (SLOT_BITS * level)) - 1)) != 0)
            continue;
        take_slot(wheel, level, &timers);
        cf_list *link;
        while ((link = cf_list_take(&timers)) != NULL)
            place(wheel, CF_CONTAINER(link, cf_timer, link));
    }
    take_slot(wheel, 0, &timers);
    fire_all(&timers);
}

void cf_wheel_advance(cf_wheel *wheel, cf_time now)
{
    if (now > wheel->now)
        wheel->now = now;
    cf_list due;
    move_all(&wheel->due, &due);
    fire_all(&due);
    uint64_t target = ((uint64_t)wheel->now - (uint64_t)wheel->origin) / CF_WHEEL_TICK;
    while (wheel->tick < target) {
        uint64_t next = next_tick(wheel);
        wheel->tick = next < target ? next : target;
        if (next <= target)
            run_tick(wheel);
    }
}

cf_time cf_wheel_next(const cf_wheel *wheel)
{
    if (!cf_list_empty(&wheel->due))
        return wheel->now;
    uint64_t tick = next_tick(wheel);
    uint64_t room = (uint64_t)CF_TIME_NEVER - (uint64_t)wheel->origin;
    if (tick == UINT64_MAX || tick > room / CF_WHEEL_TICK)
        return CF_TIME_NEVER;
    return (cf_time)((uint64_t)wheel->origin + tick * CF_WHEEL_TICK);
}

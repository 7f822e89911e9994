#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/wheel.h"
#include "system/heap.h"

/* ---- against a naive list ------------------------------------------------ */

#define TIMERS 200

typedef struct model {
    cf_timer timer; /* first: what fires */
    struct world *world;
    bool set;
    bool in_advance; /* set while the timers of the last advance fired */
    cf_time deadline;
} model;

typedef struct world {
    cf_wheel *wheel;
    cf_time now;
    bool advancing;
    uint64_t random;
    size_t fired;
    model models[TIMERS];
} world;

static uint64_t draw(world *w, uint64_t below)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (w->random >> 33) % below;
}

/* Near and far, past and future: each power of two of milliseconds is as likely as the next. */
static cf_time draw_deadline(world *w)
{
    cf_time distance = (cf_time)draw(w, UINT64_C(1) << (1 + draw(w, 31)));
    return draw(w, 20) == 0 ? w->now - distance : w->now + distance;
}

static void set(world *w, model *m)
{
    m->deadline = draw_deadline(w);
    m->set = true;
    m->in_advance = w->advancing;
    cf_wheel_set(w->wheel, &m->timer, m->deadline);
}

static void stop(world *w, model *m)
{
    m->set = false;
    cf_wheel_stop(w->wheel, &m->timer);
}

static void fired(cf_timer *timer)
{
    model *m = (model *)(void *)timer;
    world *w = m->world;
    assert_true(m->set);
    assert_true(m->deadline <= w->now);
    m->set = false;
    w->fired++;
    if (draw(w, 4) == 0)
        set(w, m);
    if (draw(w, 4) == 0)
        set(w, &w->models[draw(w, TIMERS)]);
    if (draw(w, 4) == 0)
        stop(w, &w->models[draw(w, TIMERS)]);
}

static void check(const world *w)
{
    cf_time earliest = CF_TIME_NEVER;
    for (size_t i = 0; i < TIMERS; i++) {
        const model *m = &w->models[i];
        if (!m->set)
            continue;
        if (m->deadline < earliest)
            earliest = m->deadline;
        /* What is set for the past while timers fire, fires at the next advance. */
        assert_true(m->in_advance || m->deadline + CF_WHEEL_TICK > w->now);
    }
    cf_time next = cf_wheel_next(w->wheel);
    if (earliest == CF_TIME_NEVER)
        assert_true(next == CF_TIME_NEVER);
    else
        assert_true(next <= (earliest < w->now ? w->now : earliest) + CF_WHEEL_TICK);
}

static void behaves_like_a_list(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        world *w = calloc(1, sizeof *w);
        w->random = seed;
        w->now = (cf_time)draw(w, 1000000) - 500000;
        w->wheel = cf_wheel_new(&cf_heap, w->now);
        for (size_t i = 0; i < TIMERS; i++) {
            w->models[i].timer.fire = fired;
            w->models[i].world = w;
        }
        for (size_t step = 0; step < 2000; step++) {
            model *m = &w->models[draw(w, TIMERS)];
            if (draw(w, 3) == 0)
                stop(w, m);
            else
                set(w, m);
            if (draw(w, 2) == 0) {
                w->now += (cf_time)draw(w, UINT64_C(1) << (1 + draw(w, 24)));
                for (size_t i = 0; i < TIMERS; i++)
                    w->models[i].in_advance = false;
                w->advancing = true;
                cf_wheel_advance(w->wheel, w->now);
                w->advancing = false;
                check(w);
            }
        }
        assert_true(w->fired > 1000);
        cf_wheel_free(w->wheel);
        free(w);
    }
}

/* ---- by hand ------------------------------------------------------------- */

typedef struct note {
    cf_timer timer;
    cf_wheel *wheel;
    cf_time again; /* set again for this time when it fires; 0: not */
    size_t count;
    size_t order;
} note;

static size_t order;

static void take_note(cf_timer *timer)
{
    note *n = (note *)(void *)timer;
    n->count++;
    n->order = ++order;
    if (n->again != 0)
        cf_wheel_set(n->wheel, timer, n->again);
}

static void fires_at_its_time_never_before(void **state)
{
    static const cf_time distances[] = {1, 99, 100, 101, 6300, 6400, 6500, 409600, 409601, 26214400, 1677721600, 200000000000};
    (void)state;
    for (size_t i = 0; i < sizeof distances / sizeof distances[0]; i++) {
        cf_wheel *wheel = cf_wheel_new(&cf_heap, 12345);
        note n = {.timer.fire = take_note};
        cf_time deadline = 12345 + distances[i];
        cf_wheel_set(wheel, &n.timer, deadline);
        cf_wheel_advance(wheel, deadline - 1);
        assert_int_equal(n.count, 0);
        cf_wheel_advance(wheel, deadline + CF_WHEEL_TICK);
        assert_int_equal(n.count, 1);
        assert_true(cf_wheel_next(wheel) == CF_TIME_NEVER);
        cf_wheel_free(wheel);
    }
}

static void one_jump_fires_in_order(void **state)
{
    enum { COUNT = 300 };
    static note notes[COUNT];
    (void)state;
    cf_wheel *wheel = cf_wheel_new(&cf_heap, 0);
    for (size_t i = 0; i < COUNT; i++) {
        notes[i] = (note){.timer.fire = take_note};
        cf_wheel_set(wheel, &notes[i].timer, (cf_time)((i * 7919) % COUNT) * 5000 + 1);
    }
    cf_wheel_advance(wheel, 10000000);
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < COUNT; j++)
            if (notes[i].timer.deadline < notes[j].timer.deadline)
                assert_true(notes[i].order < notes[j].order);
    cf_wheel_free(wheel);
}

static void a_timer_that_sets_itself_for_the_past_does_not_spin(void **state)
{
    (void)state;
    cf_wheel *wheel = cf_wheel_new(&cf_heap, 1000);
    note n = {.timer.fire = take_note, .wheel = wheel, .again = 500};
    cf_wheel_set(wheel, &n.timer, 900);
    assert_true(cf_wheel_next(wheel) <= 1000);
    cf_wheel_advance(wheel, 1000);
    assert_int_equal(n.count, 1);
    cf_wheel_advance(wheel, 1000);
    assert_int_equal(n.count, 2);
    cf_wheel_stop(wheel, &n.timer);
    assert_true(cf_wheel_next(wheel) == CF_TIME_NEVER);
    cf_wheel_free(wheel);
}

static void never_is_never(void **state)
{
    (void)state;
    cf_wheel *wheel = cf_wheel_new(&cf_heap, 0);
    note n = {.timer.fire = take_note};
    cf_wheel_set(wheel, &n.timer, 10);
    cf_wheel_set(wheel, &n.timer, CF_TIME_NEVER);
    cf_wheel_advance(wheel, 100000);
    assert_int_equal(n.count, 0);
    cf_wheel_free(wheel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaves_like_a_list),     cmocka_unit_test(fires_at_its_time_never_before),
        cmocka_unit_test(one_jump_fires_in_order), cmocka_unit_test(a_timer_that_sets_itself_for_the_past_does_not_spin),
        cmocka_unit_test(never_is_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

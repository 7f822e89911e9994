#include "play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Failing memory, and calls where nobody expects them; the rules of play.h hold throughout. */

static play the_play;

static void the_story_is_a_full_one(void **state)
{
    (void)state;
    play *p = &the_play;
    play_init(p);
    assert_true(play_story(p));
    assert_int_equal(cf_client_get_state(p->client), CF_CLIENT_CONNECTED);
    assert_true(p->effects > 60);
    play_end(p);
}

/* ---- memory ------------------------------------------------------------------------------- */

static void each_allocation_fails_once(void **state)
{
    (void)state;
    play *p = &the_play;
    for (size_t n = 1;; n++) {
        play_init(p);
        p->fail_at = n;
        bool made = play_story(p);
        if (p->allocations < n) {
            play_end(p);
            assert_true(n > 100);
            return;
        }
        if (made) { /* it has got over it */
            play_act(p, PLAY_CONNECT, 0);
            play_pass(p, 60000);
            assert_int_equal(cf_client_get_state(p->client), CF_CLIENT_CONNECTED);
        }
        play_end(p);
    }
}

/* Looked at with every effect: memory is back after so many failures. */
static play_action end_shortage(play *p, const cf_effect *effect, unsigned *argument)
{
    (void)effect;
    (void)argument;
    if (p->allocations >= p->fail_at + *(const size_t *)p->inside_user)
        p->fail_on = false;
    return PLAY_NOTHING;
}

static void each_allocation_fails_with_some_behind_it(void **state)
{
    static size_t lengths[] = {2, 10};
    (void)state;
    play *p = &the_play;
    for (size_t i = 0; i < 2; i++) {
        size_t n = 0;
        do {
            play_init(p);
            p->fail_at = ++n;
            p->fail_on = true;
            p->inside = end_shortage;
            p->inside_user = &lengths[i];
            bool made = play_story(p);
            p->fail_at = 0;
            if (made) {
                play_act(p, PLAY_CONNECT, 0);
                play_pass(p, 60000);
                assert_int_equal(cf_client_get_state(p->client), CF_CLIENT_CONNECTED);
            }
            play_end(p);
        } while (p->allocations >= n);
    }
}

static void memory_ends_for_good(void **state)
{
    (void)state;
    play *p = &the_play;
    for (size_t n = 1;; n++) {
        play_init(p);
        p->fail_at = n;
        p->fail_on = true;
        play_story(p);
        bool over = p->allocations < n;
        play_end(p);
        if (over)
            return;
    }
}

static void memory_ends_and_comes_back(void **state)
{
    (void)state;
    play *p = &the_play;
    for (size_t n = 5; n < 200; n += 3) {
        play_init(p);
        assert_true(play_start(p));
        p->fail_at = n;
        p->fail_on = true;
        play_act(p, PLAY_SUBSCRIBE, 0);
        play_act(p, PLAY_CONNECT, 0);
        play_pass(p, 60000);
        play_act(p, PLAY_LOST, 0);
        play_pass(p, 60000);
        p->fail_at = 0;
        play_act(p, PLAY_SUBSCRIBE, 0);
        play_act(p, PLAY_CONNECT, 0);
        play_pass(p, 60000);
        assert_int_equal(cf_client_get_state(p->client), CF_CLIENT_CONNECTED);
        cf_subscription *subscription = cf_client_find(p->client, CF_BYTES("a"));
        assert_int_equal(cf_subscription_get_state(subscription), CF_SUBSCRIPTION_SUBSCRIBED);
        play_end(p);
    }
}

/* ---- calls inside effects -------------------------------------------------------------------- */

typedef struct intruder {
    size_t at; /* this effect */
    play_action first, second;
    unsigned argument;
} intruder;

static play_action intrude(play *p, const cf_effect *effect, unsigned *argument)
{
    const intruder *i = p->inside_user;
    (void)effect;
    if (p->effects != i->at)
        return PLAY_NOTHING;
    if (i->second != PLAY_NOTHING)
        play_act(p, i->first, i->argument);
    *argument = i->argument;
    return i->second != PLAY_NOTHING ? i->second : i->first;
}

static bool story_with(intruder *i)
{
    play *p = &the_play;
    play_init(p);
    p->inside = intrude;
    p->inside_user = i;
    play_story(p);
    bool reached = p->effects >= i->at;
    play_end(p);
    return reached;
}

static bool is_about_a_channel(play_action action)
{
    return action >= PLAY_SUBSCRIBE && action <= PLAY_READY_NOW;
}

static unsigned choices(play_action action)
{
    if (action == PLAY_LOST)
        return 5;
    return is_about_a_channel(action) || action == PLAY_CONFIGURE || action == PLAY_STOP_BATCHING ||
                   action == PLAY_ANSWER_REQUEST
               ? 2
               : 1;
}

/* Of the channels, a public and a private one. */
static unsigned argument_of(play_action action, unsigned choice)
{
    return is_about_a_channel(action) ? choice * 4 : choice;
}

static void everything_is_allowed_inside_every_effect(void **state)
{
    (void)state;
    for (size_t at = 1;; at++) {
        bool reached = false;
        for (unsigned action = PLAY_CONNECT; action < PLAY_COUNT; action++)
            for (unsigned choice = 0; choice < choices((play_action)action); choice++) {
                intruder i = {at, (play_action)action, PLAY_NOTHING, argument_of((play_action)action, choice)};
                reached = story_with(&i) || reached;
            }
        if (!reached)
            break;
    }
}

static void two_calls_inside_every_effect(void **state)
{
    (void)state;
    static const play_action actions[] = {PLAY_CONNECT,   PLAY_DISCONNECT, PLAY_SUBSCRIBE_AGAIN, PLAY_UNSUBSCRIBE, PLAY_REMOVE,
                                          PLAY_SUBSCRIBE, PLAY_LOST,       PLAY_SHUTDOWN};
    for (size_t at = 1; at < 120; at += 5) {
        for (size_t first = 0; first < 8; first++)
            for (size_t second = 0; second < 8; second++) {
                intruder i = {at, actions[first], actions[second], 0};
                story_with(&i);
            }
    }
}

static play_action shut(play *p, const cf_effect *effect, unsigned *argument)
{
    (void)effect;
    (void)argument;
    return p->effects == *(const size_t *)p->inside_user ? PLAY_SHUTDOWN : PLAY_NOTHING;
}

static void the_end_may_come_inside_every_effect(void **state)
{
    (void)state;
    play *p = &the_play;
    for (size_t at = 1;; at++) {
        play_init(p);
        p->inside = shut;
        p->inside_user = &at;
        play_story(p);
        bool reached = p->shut;
        play_end(p);
        if (!reached)
            return;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_story_is_a_full_one),
        cmocka_unit_test(each_allocation_fails_once),
        cmocka_unit_test(each_allocation_fails_with_some_behind_it),
        cmocka_unit_test(memory_ends_for_good),
        cmocka_unit_test(memory_ends_and_comes_back),
        cmocka_unit_test(everything_is_allowed_inside_every_effect),
        cmocka_unit_test(two_calls_inside_every_effect),
        cmocka_unit_test(the_end_may_come_inside_every_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

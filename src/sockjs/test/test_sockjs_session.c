#include "base/test/test.h"

#include "sockjs/session.h"

/* Does what is wanted, and writes it down: `(` a stream begins, frames, `aN` N bytes of messages, `.` an answer ends. */
typedef struct driver {
    test_allocator memory;
    cf_allocator allocator;
    cf_sockjs_rules rules;
    cf_sockjs_session session;
    cf_buffer log;
    cf_time now;
    size_t waiting; /* bytes of messages */
    bool forgotten;
} driver;

static void begin(driver *d)
{
    *d = (driver){.rules = {.heartbeat = 25000, .disconnect_delay = 5000, .begin_delay = 50, .answer_max = 100}, .now = 1000};
    d->memory = test_allocator_failing_at(0);
    d->allocator = test_allocator_make(&d->memory);
    cf_buffer_init(&d->log, &d->allocator, CF_BUFFER_NO_LIMIT);
    cf_sockjs_session_init(&d->session, &d->rules, &d->allocator);
}

static void end(driver *d)
{
    cf_sockjs_session_free(&d->session);
    cf_buffer_free(&d->log);
    assert_int_equal(d->memory.live, 0);
}

static void send_frame(driver *d)
{
    cf_bytes frame = cf_sockjs_session_frame(&d->session);
    cf_buffer_append(&d->log, frame);
    cf_sockjs_session_sent(&d->session, false, frame.size);
}

static void send_messages(driver *d)
{
    cf_buffer_append_byte(&d->log, 'a');
    cf_buffer_append_int(&d->log, (int64_t)d->waiting);
    cf_sockjs_session_sent(&d->session, true, d->waiting);
    d->waiting = 0;
}

static bool act(driver *d)
{
    switch (cf_sockjs_session_next(&d->session, d->waiting > 0)) {
    case CF_SOCKJS_DO_BEGIN:
        cf_buffer_append_byte(&d->log, '(');
        cf_sockjs_session_begun(&d->session);
        return true;
    case CF_SOCKJS_DO_SEND:
        send_frame(d);
        return true;
    case CF_SOCKJS_DO_MESSAGES:
        send_messages(d);
        return true;
    case CF_SOCKJS_DO_END:
        cf_buffer_append_byte(&d->log, '.');
        cf_sockjs_session_left(&d->session, d->now);
        return true;
    case CF_SOCKJS_DO_FORGET:
        d->forgotten = true;
        return false;
    default:
        return false;
    }
}

static void expect(driver *d, const char *log)
{
    while (act(d))
        cf_buffer_append_byte(&d->log, ' ');
    assert_text(cf_buffer_bytes(&d->log), log);
    cf_buffer_clear(&d->log);
}

static void receive(driver *d, bool streams, const char *log)
{
    assert_true(cf_sockjs_session_attach(&d->session, streams, d->now));
    expect(d, log);
}

static void poll(driver *d, const char *log)
{
    receive(d, false, log);
}

static void pass(driver *d, int64_t time, const char *log)
{
    d->now += time;
    cf_sockjs_session_tick(&d->session, d->now);
    expect(d, log);
}

static void arrive(driver *d, size_t size, const char *log)
{
    d->waiting += size;
    expect(d, log);
}

static void close_session(driver *d, const char *log)
{
    cf_sockjs_session_close(&d->session, 3000, CF_BYTES("bye"), d->now);
    expect(d, log);
}

/* ---- receivers ---- */

static void a_poll_gets_one_frame(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    poll(&d, "o . ");
    arrive(&d, 7, "");
    arrive(&d, 3, "");
    poll(&d, "a10 . ");
    poll(&d, "");
    arrive(&d, 5, "a5 . ");
    assert_false(d.forgotten);
    end(&d);
}

static void a_stream_ends_at_its_limit(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    receive(&d, true, "( o ");
    arrive(&d, 50, "a50 ");
    arrive(&d, 48, "a48 "); /* 99 */
    arrive(&d, 1, "a1 . ");
    arrive(&d, 500, "");
    receive(&d, true, "( a500 . ");
    receive(&d, true, "");
    end(&d);
}

/* So that its head goes out with a frame; heartbeats do not move. */
static void a_further_stream_waits_for_something_to_begin_with(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    receive(&d, true, "( o ");
    arrive(&d, 100, "a100 . ");
    receive(&d, true, "");
    pass(&d, 49, "");
    arrive(&d, 1, "( a1 ");
    pass(&d, 24950, "");
    pass(&d, 1, "h ");
    arrive(&d, 100, "a100 . ");
    end(&d);
}

static void a_stream_without_a_frame_begins_after_the_delay(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    receive(&d, true, "( o ");
    arrive(&d, 100, "a100 . ");
    receive(&d, true, "");
    pass(&d, 50, "( ");
    pass(&d, 24949, "");
    pass(&d, 1, "h ");
    end(&d);
}

static void a_stream_that_has_not_begun_ends_as_one(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    receive(&d, true, "( o ");
    arrive(&d, 100, "a100 . ");
    receive(&d, true, "");
    cf_sockjs_session_drop(&d.session);
    expect(&d, "( . ");
    assert_true(d.forgotten);
    end(&d);
}

static void what_waits_comes_behind_the_first_frame(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    d.waiting = 4;
    receive(&d, true, "( o a4 ");
    end(&d);
}

static void there_is_one_receiver_at_a_time(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    receive(&d, true, "( o ");
    assert_false(cf_sockjs_session_attach(&d.session, false, d.now));
    arrive(&d, 4, "a4 ");
    end(&d);
}

/* ---- how it ends ---- */

static void without_a_receiver_it_is_forgotten_after_the_delay(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    poll(&d, "o . ");
    assert_int_equal(cf_sockjs_session_deadline(&d.session), d.now + 5000);
    pass(&d, 4999, "");
    assert_false(d.forgotten);
    poll(&d, "");
    pass(&d, 5001, "");
    assert_false(d.forgotten);
    arrive(&d, 1, "a1 . ");
    pass(&d, 5000, "");
    assert_true(d.forgotten);
    assert_true(cf_sockjs_session_deadline(&d.session) == CF_TIME_NEVER);
    end(&d);
}

static void a_lost_receiver_ends_it_at_once(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    receive(&d, true, "( o ");
    cf_sockjs_session_lost(&d.session);
    expect(&d, "");
    assert_true(d.forgotten);
    end(&d);
}

static void every_receiver_of_a_closed_one_gets_the_close_frame(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    receive(&d, true, "( o ");
    close_session(&d, "c[3000,\"bye\"] . ");
    cf_sockjs_session_close(&d.session, 3001, CF_BYTES("again"), d.now);
    pass(&d, 4000, "");
    poll(&d, "c[3000,\"bye\"] . ");
    pass(&d, 4000, "");
    receive(&d, true, "( c[3000,\"bye\"] . ");
    pass(&d, 5000, "");
    assert_true(d.forgotten);
    end(&d);
}

static void what_waits_comes_before_the_close_frame(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    poll(&d, "o . ");
    arrive(&d, 9, "");
    pass(&d, 4999, "");
    close_session(&d, "");
    pass(&d, 4999, ""); /* the delay begins anew */
    poll(&d, "a9 . ");
    poll(&d, "c[3000,\"bye\"] . ");
    end(&d);
}

static void one_that_is_closed_early_still_opens(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    close_session(&d, "");
    receive(&d, true, "( o c[3000,\"bye\"] . ");
    end(&d);
}

static void one_that_is_dropped_ends_without_a_word(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    receive(&d, true, "( o ");
    d.waiting = 3;
    cf_sockjs_session_drop(&d.session);
    expect(&d, ". ");
    assert_true(d.forgotten);
    end(&d);
}

static void one_that_cannot_say_goodbye_just_ends(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    receive(&d, true, "( o ");
    d.memory.fail_at = d.memory.calls + 1;
    close_session(&d, ". ");
    assert_true(d.forgotten);
    end(&d);
}

/* ---- heartbeats ---- */

static void a_waiting_receiver_hears_a_heartbeat(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    receive(&d, true, "( o ");
    pass(&d, 24999, "");
    arrive(&d, 5, "a5 "); /* traffic does not move it */
    pass(&d, 1, "h ");
    pass(&d, 24999, "");
    pass(&d, 1, "h ");
    end(&d);
}

static void a_heartbeat_is_the_end_of_a_poll(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    poll(&d, "o . ");
    poll(&d, "");
    pass(&d, 25000, "h . ");
    poll(&d, "");
    end(&d);
}

static void messages_come_instead_of_a_heartbeat(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    poll(&d, "o . ");
    poll(&d, "");
    d.waiting = 3;
    pass(&d, 25000, "a3 . ");
    poll(&d, "");
    end(&d);
}

static void there_may_be_no_heartbeats(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    d.rules.heartbeat = 0;
    receive(&d, true, "( o ");
    assert_true(cf_sockjs_session_deadline(&d.session) == CF_TIME_NEVER);
    pass(&d, 1000000, "");
    end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_poll_gets_one_frame),
        cmocka_unit_test(a_stream_ends_at_its_limit),
        cmocka_unit_test(a_further_stream_waits_for_something_to_begin_with),
        cmocka_unit_test(a_stream_without_a_frame_begins_after_the_delay),
        cmocka_unit_test(a_stream_that_has_not_begun_ends_as_one),
        cmocka_unit_test(what_waits_comes_behind_the_first_frame),
        cmocka_unit_test(there_is_one_receiver_at_a_time),
        cmocka_unit_test(without_a_receiver_it_is_forgotten_after_the_delay),
        cmocka_unit_test(a_lost_receiver_ends_it_at_once),
        cmocka_unit_test(every_receiver_of_a_closed_one_gets_the_close_frame),
        cmocka_unit_test(what_waits_comes_before_the_close_frame),
        cmocka_unit_test(one_that_is_closed_early_still_opens),
        cmocka_unit_test(one_that_is_dropped_ends_without_a_word),
        cmocka_unit_test(one_that_cannot_say_goodbye_just_ends),
        cmocka_unit_test(a_waiting_receiver_hears_a_heartbeat),
        cmocka_unit_test(a_heartbeat_is_the_end_of_a_poll),
        cmocka_unit_test(messages_come_instead_of_a_heartbeat),
        cmocka_unit_test(there_may_be_no_heartbeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/test/test.h"

#include "sockjs/link.h"

static const cf_sockjs_transport all[] = {CF_SOCKJS_WEBSOCKET, CF_SOCKJS_XHR_STREAMING, CF_SOCKJS_EVENTSOURCE, CF_SOCKJS_XHR};

/* Takes effects, and writes them down, one a line. It stops at once what it is to stop, unless `slow_to_stop`. */
typedef struct driver {
    test_allocator memory;
    cf_allocator allocator;
    cf_sockjs_link link;
    cf_buffer log;
    cf_time now;
    bool slow_to_stop;
    bool close_in_message;
} driver;

static void begin_with(driver *d, const cf_sockjs_transport *transports, size_t count)
{
    *d = (driver){.now = 1000};
    d->memory = test_allocator_failing_at(0);
    d->allocator = test_allocator_make(&d->memory);
    cf_buffer_init(&d->log, &d->allocator, CF_BUFFER_NO_LIMIT);
    cf_sockjs_link_init(&d->link, transports, count, 100, &d->allocator);
    cf_sockjs_link_start(&d->link, d->now);
}

static void begin(driver *d)
{
    begin_with(d, all, sizeof(all) / sizeof(all[0]));
}

static void end(driver *d)
{
    cf_sockjs_link_free(&d->link);
    cf_buffer_free(&d->log);
    assert_int_equal(d->memory.live, 0);
}

static void log_effect(driver *d, const cf_sockjs_effect *effect)
{
    static const char *const names[] = {"none", "info", "receive", "send", "stop", "opened", "message", "closed"};
    cf_buffer_append(&d->log, cf_bytes_of(names[effect->kind]));
    if (effect->kind == CF_SOCKJS_EFFECT_RECEIVE || effect->kind == CF_SOCKJS_EFFECT_OPENED) {
        cf_buffer_append_byte(&d->log, ' ');
        cf_buffer_append(&d->log, cf_sockjs_framing_of(effect->transport)->name);
    }
    if (effect->kind == CF_SOCKJS_EFFECT_RECEIVE && effect->fresh)
        cf_buffer_append(&d->log, CF_BYTES(" fresh"));
    if (effect->kind == CF_SOCKJS_EFFECT_CLOSED) {
        cf_buffer_append_byte(&d->log, ' ');
        cf_buffer_append_int(&d->log, effect->code);
    }
    if (effect->text.size > 0) {
        cf_buffer_append_byte(&d->log, ' ');
        cf_buffer_append(&d->log, effect->text);
    }
    cf_buffer_append_byte(&d->log, '\n');
}

static void expect(driver *d, const char *log)
{
    cf_sockjs_effect effect;
    while (cf_sockjs_link_next(&d->link, &effect)) {
        log_effect(d, &effect);
        if (effect.kind == CF_SOCKJS_EFFECT_STOP && !d->slow_to_stop)
            cf_sockjs_link_stopped(&d->link, d->now);
        if (effect.kind == CF_SOCKJS_EFFECT_MESSAGE && d->close_in_message)
            cf_sockjs_link_close(&d->link, 1000, CF_BYTES("enough"));
    }
    assert_int_equal(effect.kind, CF_SOCKJS_EFFECT_NONE);
    assert_text(cf_buffer_bytes(&d->log), log);
    cf_buffer_clear(&d->log);
}

static void tell_info(driver *d, const char *body, const char *log)
{
    cf_sockjs_link_info(&d->link, cf_bytes_of(body), d->now);
    expect(d, log);
}

static void receive(driver *d, const char *frame, const char *log)
{
    cf_sockjs_link_received(&d->link, cf_bytes_of(frame));
    expect(d, log);
}

static void end_receive(driver *d, bool well, const char *log)
{
    cf_sockjs_link_ended(&d->link, well);
    expect(d, log);
}

static void pass(driver *d, int64_t time, const char *log)
{
    d->now += time;
    cf_sockjs_link_tick(&d->link, d->now);
    expect(d, log);
}

#define INFO "{\"websocket\":true,\"cookie_needed\":false,\"origins\":[\"*:*\"],\"entropy\":1}\n"
#define LOST "closed 1006 the SockJS transport has ended\n"

static void open_by(driver *d, cf_sockjs_transport transport)
{
    static cf_sockjs_transport one[1];
    char log[100];
    one[0] = transport;
    begin_with(d, one, 1);
    expect(d, "info\n");
    cf_bytes name = cf_sockjs_framing_of(transport)->name;
    (void)snprintf(log, sizeof(log), "receive %.*s fresh\n", (int)name.size, name.data);
    tell_info(d, INFO, log);
    (void)snprintf(log, sizeof(log), "opened %.*s\n", (int)name.size, name.data);
    receive(d, "o", log);
    assert_true(cf_sockjs_link_deadline(&d->link) == CF_TIME_NEVER);
}

/* ---- info ---- */

static void the_info_says_whether_websockets_are_tried(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    expect(&d, "info\n");
    tell_info(&d, "{\"websocket\":false}", "receive xhr_streaming fresh\n");
    end(&d);
    begin(&d);
    expect(&d, "info\n");
    tell_info(&d, "{}", "receive websocket fresh\n");
    end(&d);
}

static void what_is_no_info_ends_it(void **state)
{
    static const char *const bodies[] = {"<html>", "[]", "{", "{}x", "1", "", "{\"websocket\":1}", NULL};
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        driver d;
        begin(&d);
        expect(&d, "info\n");
        tell_info(&d, bodies[i], "stop\nclosed 1002 no SockJS server: its /info is no answer, or not one of SockJS\n");
        tell_info(&d, INFO, "");
        end(&d);
    }
}

static void an_info_that_does_not_come_ends_it(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    expect(&d, "info\n");
    pass(&d, CF_SOCKJS_INFO_TIMEOUT - 1, "");
    pass(&d, 1, "stop\nclosed 1002 no SockJS server: no answer to /info in time\n");
    end(&d);
}

/* ---- which transport ---- */

static void a_transport_has_time_by_the_round_trip(void **state)
{
    static const struct {
        int64_t round_trip;
        int64_t patience;
    } cases[] = {{0, 600}, {100, 800}, {101, 808}, {1000, 8000}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        driver d;
        begin(&d);
        expect(&d, "info\n");
        d.now += cases[i].round_trip;
        tell_info(&d, INFO, "receive websocket fresh\n");
        pass(&d, cases[i].patience - 1, "");
        pass(&d, 1, "stop\nreceive xhr_streaming fresh\n");
        assert_int_equal(cf_sockjs_link_deadline(&d.link), d.now + cases[i].patience);
        end(&d);
    }
}

static void one_after_the_other_is_tried(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    expect(&d, "info\n");
    tell_info(&d, INFO, "receive websocket fresh\n");
    end_receive(&d, false, "stop\nreceive xhr_streaming fresh\n");
    receive(&d, "<html>", "stop\nreceive eventsource fresh\n");
    end_receive(&d, true, "stop\nreceive xhr fresh\n");
    pass(&d, 600, "stop\nclosed 2000 no SockJS transport could be opened\n");
    assert_true(cf_sockjs_link_deadline(&d.link) == CF_TIME_NEVER);
    end(&d);
}

static void the_next_one_waits_for_the_end_of_the_last(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    d.slow_to_stop = true;
    expect(&d, "info\n");
    tell_info(&d, INFO, "receive websocket fresh\n");
    pass(&d, 600, "stop\n");
    receive(&d, "o", ""); /* too late */
    end_receive(&d, false, "");
    pass(&d, 600, "");
    cf_sockjs_link_stopped(&d.link, d.now);
    expect(&d, "receive xhr_streaming fresh\n");
    end(&d);
}

static void a_refusal_tries_the_next_one_unless_the_application_said_it(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    expect(&d, "info\n");
    tell_info(&d, INFO, "receive websocket fresh\n");
    receive(&d, "c[2010,\"Another connection still open\"]", "stop\nreceive xhr_streaming fresh\n");
    receive(&d, "a[\"x\"]", "stop\nreceive eventsource fresh\n");
    receive(&d, "c[3000,\"{}\"]", "stop\nclosed 3000 {}\n");
    end(&d);
}

/* ---- an open one ---- */

static void messages_come_one_by_one(void **state)
{
    (void)state;
    driver d;
    open_by(&d, CF_SOCKJS_XHR_STREAMING);
    receive(&d, "hhhh", "");
    receive(&d, "a[\"x\",\"\\u0025\"]", "message x\nmessage %\n");
    receive(&d, "a[]", "");
    receive(&d, "h", "");
    receive(&d, "c[3000,\"{}\"]", "stop\nclosed 3000 {}\n");
    receive(&d, "a[\"x\"]", "");
    end(&d);
}

static void an_answer_that_ended_is_followed_by_the_next(void **state)
{
    (void)state;
    driver d;
    open_by(&d, CF_SOCKJS_XHR);
    end_receive(&d, true, "receive xhr\n");
    receive(&d, "a[\"x\"]", "message x\n");
    end_receive(&d, true, "receive xhr\n");
    end_receive(&d, false, "stop\n" LOST);
    end(&d);
}

static void an_answer_without_a_frame_is_not_asked_for_again(void **state)
{
    (void)state;
    driver d;
    open_by(&d, CF_SOCKJS_XHR);
    end_receive(&d, true, "receive xhr\n");
    end_receive(&d, true, "stop\n" LOST);
    end(&d);
}

static void a_server_that_forgot_the_session_ends_it(void **state)
{
    (void)state;
    driver d;
    open_by(&d, CF_SOCKJS_XHR);
    end_receive(&d, true, "receive xhr\n");
    receive(&d, "o", "stop\nclosed 1006 the SockJS server has forgotten the session\n");
    end(&d);
}

static void what_is_no_frame_ends_it(void **state)
{
    (void)state;
    driver d;
    open_by(&d, CF_SOCKJS_WEBSOCKET);
    receive(&d, "", "stop\nclosed 1002 what the SockJS server sent is no frame\n");
    end(&d);
}

static void one_that_is_closed_in_a_message_drops_the_others(void **state)
{
    (void)state;
    driver d;
    open_by(&d, CF_SOCKJS_XHR_STREAMING);
    d.close_in_message = true;
    receive(&d, "a[\"x\",\"y\"]", "message x\nstop\nclosed 1000 enough\n");
    cf_sockjs_link_close(&d.link, 1001, CF_BYTES("again"));
    expect(&d, "");
    end(&d);
}

/* ---- sending ---- */

static bool send_text(driver *d, const char *text)
{
    return cf_sockjs_link_send(&d->link, cf_bytes_of(text));
}

static void one_body_is_under_way_at_a_time(void **state)
{
    (void)state;
    driver d;
    open_by(&d, CF_SOCKJS_XHR_STREAMING);
    assert_true(send_text(&d, "a"));
    assert_true(send_text(&d, "\"b\""));
    expect(&d, "send [\"a\",\"\\\"b\\\"\"]\n");
    assert_true(send_text(&d, "c"));
    assert_true(send_text(&d, "d"));
    expect(&d, "");
    cf_sockjs_link_sent(&d.link, true);
    expect(&d, "send [\"c\",\"d\"]\n");
    cf_sockjs_link_sent(&d.link, false);
    expect(&d, "stop\nclosed 1006 the SockJS server did not take a message\n");
    assert_false(send_text(&d, "e"));
    end(&d);
}

static void a_websocket_takes_them_at_once(void **state)
{
    (void)state;
    driver d;
    open_by(&d, CF_SOCKJS_WEBSOCKET);
    assert_true(send_text(&d, "a"));
    expect(&d, "send [\"a\"]\n");
    assert_true(send_text(&d, "b"));
    expect(&d, "send [\"b\"]\n");
    end(&d);
}

static void what_waits_to_be_sent_is_bounded(void **state)
{
    char text[98];
    (void)state;
    driver d;
    memset(text, 'x', sizeof(text));
    text[97] = '\0';
    open_by(&d, CF_SOCKJS_XHR);
    assert_true(send_text(&d, text)); /* 100 with its quotes and comma */
    assert_false(send_text(&d, ""));
    char log[120];
    (void)snprintf(log, sizeof(log), "send [\"%s\"]\n", text);
    expect(&d, log);
    assert_true(send_text(&d, ""));
    end(&d);
}

static void a_body_is_of_a_size_that_proxies_take(void **state)
{
    static char text[CF_SOCKJS_BODY_SIZE / 2];
    size_t sizes[2];
    cf_sockjs_effect effect;
    (void)state;
    driver d;
    memset(text, '"', sizeof(text) - 1); /* twice as many with their backslashes */
    open_by(&d, CF_SOCKJS_XHR);
    d.link.unsent.limit = 4 * sizeof(text);
    assert_true(send_text(&d, text));
    assert_true(send_text(&d, "a\",\"b") && send_text(&d, "c"));
    for (size_t i = 0; i < 2; i++) {
        assert_true(cf_sockjs_link_next(&d.link, &effect));
        sizes[i] = effect.text.size;
        cf_sockjs_link_sent(&d.link, true);
    }
    assert_int_equal(sizes[0], 2 * (sizeof(text) - 1) + strlen("[\"\"]"));
    assert_bytes(effect.text, "[\"a\\\",\\\"b\",\"c\"]");
    end(&d);
}

static void without_memory_a_body_waits(void **state)
{
    (void)state;
    driver d;
    open_by(&d, CF_SOCKJS_XHR);
    d.memory.fail_at = d.memory.calls + 1;
    assert_false(send_text(&d, "a"));
    assert_true(send_text(&d, "b"));
    d.memory.fail_at = d.memory.calls + 1;
    expect(&d, "");
    expect(&d, "send [\"b\"]\n");
    end(&d);
}

static void without_memory_for_the_info_it_ends(void **state)
{
    (void)state;
    driver d;
    begin(&d);
    expect(&d, "info\n");
    d.memory.fail_at = d.memory.calls + 1;
    cf_sockjs_link_info(&d.link, CF_BYTES(INFO), d.now);
    assert_int_equal(d.link.state, CF_SOCKJS_LINK_CLOSING);
    end(&d);
}

/* ---- addresses ---- */

static void a_path_names_a_server_and_a_session(void **state)
{
    static const uint8_t low[CF_SOCKJS_RANDOM_SIZE] = {0};
    static const uint8_t high[CF_SOCKJS_RANDOM_SIZE] = {3, 231, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    static const uint8_t mixed[CF_SOCKJS_RANDOM_SIZE] = {255, 255, 0x08, 0x86, 0x42, 0x98, 0xe8, 0, 0, 0, 0, 0x1f};
    char path[CF_SOCKJS_PATH_SIZE];
    (void)state;
    cf_sockjs_write_path(path, low);
    assert_bytes(cf_bytes_make(path, sizeof(path)), "/000/aaaaaaaaaaaaaaaa");
    cf_sockjs_write_path(path, high);
    assert_bytes(cf_bytes_make(path, sizeof(path)), "/999/5555555555555555");
    cf_sockjs_write_path(path, mixed);
    assert_bytes(cf_bytes_make(path, sizeof(path)), "/535/bcdefghiaaaaaaa5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_info_says_whether_websockets_are_tried),
        cmocka_unit_test(what_is_no_info_ends_it),
        cmocka_unit_test(an_info_that_does_not_come_ends_it),
        cmocka_unit_test(a_transport_has_time_by_the_round_trip),
        cmocka_unit_test(one_after_the_other_is_tried),
        cmocka_unit_test(the_next_one_waits_for_the_end_of_the_last),
        cmocka_unit_test(a_refusal_tries_the_next_one_unless_the_application_said_it),
        cmocka_unit_test(messages_come_one_by_one),
        cmocka_unit_test(an_answer_that_ended_is_followed_by_the_next),
        cmocka_unit_test(an_answer_without_a_frame_is_not_asked_for_again),
        cmocka_unit_test(a_server_that_forgot_the_session_ends_it),
        cmocka_unit_test(what_is_no_frame_ends_it),
        cmocka_unit_test(one_that_is_closed_in_a_message_drops_the_others),
        cmocka_unit_test(one_body_is_under_way_at_a_time),
        cmocka_unit_test(a_websocket_takes_them_at_once),
        cmocka_unit_test(what_waits_to_be_sent_is_bounded),
        cmocka_unit_test(a_body_is_of_a_size_that_proxies_take),
        cmocka_unit_test(without_memory_a_body_waits),
        cmocka_unit_test(without_memory_for_the_info_it_ends),
        cmocka_unit_test(a_path_names_a_server_and_a_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

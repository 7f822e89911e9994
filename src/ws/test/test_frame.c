#include "base/test/test.h"

#include "ws/test/events.h"

#define MAX 1000 /* message_max of most tests */

typedef struct fixture {
    test_allocator memory;
    cf_allocator allocator;
    cf_ws_decoder decoder;
    cf_buffer log;
} fixture;

static void begin(fixture *f, cf_ws_role role, size_t message_max, bool check_utf8)
{
    f->memory = test_allocator_failing_at(0);
    f->allocator = test_allocator_make(&f->memory);
    cf_ws_decoder_init(&f->decoder, role, message_max, check_utf8, &f->allocator);
    cf_buffer_init(&f->log, &f->allocator, CF_BUFFER_NO_LIMIT);
}

static void end(fixture *f)
{
    cf_ws_decoder_free(&f->decoder);
    cf_buffer_free(&f->log);
    assert_int_equal(f->memory.live, 0);
}

static const char *events_of(fixture *f)
{
    return cf_buffer_text(&f->log);
}

/*
 * The bytes in one piece, then cut once at each place, then byte by byte: always the same events, and nothing held at the end.
 */
static void expect_events(cf_ws_role role, const char *bytes, size_t size, const char *expected)
{
    for (size_t cut = 0; cut <= size + 1; cut++) {
        fixture f;
        begin(&f, role, MAX, true);
        if (cut <= size) {
            events_feed(&f.decoder, bytes, cut, &f.log);
            events_feed(&f.decoder, bytes + cut, size - cut, &f.log);
        } else {
            for (size_t i = 0; i < size; i++)
                events_feed(&f.decoder, bytes + i, 1, &f.log);
        }
        assert_string_equal(events_of(&f), expected);
        end(&f);
    }
}

#define EXPECT(role, literal, expected) expect_events(role, "" literal, sizeof(literal) - 1, expected)

/* ---- RFC 6455 section 5.7 ---- */

static void rfc_unmasked_text(void **state)
{
    (void)state;
    EXPECT(CF_WS_CLIENT, "\x81\x05Hello", "message 1 0 Hello\n");
}

static void rfc_masked_text(void **state)
{
    (void)state;
    EXPECT(CF_WS_SERVER, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "message 1 0 Hello\n");
}

static void rfc_fragmented_text(void **state)
{
    (void)state;
    EXPECT(CF_WS_CLIENT,
           "\x01\x03Hel"
           "\x80\x02lo",
           "message 1 0 Hello\n");
}

static void rfc_ping_and_pong(void **state)
{
    (void)state;
    EXPECT(CF_WS_CLIENT, "\x89\x05Hello", "ping 0 0 Hello\n");
    EXPECT(CF_WS_SERVER, "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "pong 0 0 Hello\n");
}

/* 256 and 65536 bytes of binary data: the two long forms of the length, in both directions. */
static void rfc_long_payloads(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        const char *header;
        size_t header_size;
    } cases[] = {{125, "\x82\x7d", 2},
                 {126, "\x82\x7e\x00\x7e", 4},
                 {256, "\x82\x7e\x01\x00", 4},
                 {65535, "\x82\x7e\xff\xff", 4},
                 {65536, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture f;
        begin(&f, CF_WS_CLIENT, 65536, true);
        cf_buffer frame;
        cf_buffer_init(&frame, &f.allocator, CF_BUFFER_NO_LIMIT);
        char *payload = malloc(cases[i].size);
        assert_non_null(payload);
        memset(payload, 'x', cases[i].size);
        cf_ws_append_frame(&frame, CF_WS_BINARY, cf_bytes_make(payload, cases[i].size), NULL);
        assert_int_equal(frame.size, cases[i].header_size + cases[i].size);
        assert_memory_equal(frame.data, cases[i].header, cases[i].header_size);

        for (size_t step = 1; step <= frame.size; step = step * 7 + 1) {
            cf_buffer_clear(&f.log);
            for (size_t at = 0; at < frame.size; at += step)
                events_feed(&f.decoder, frame.data + at, frame.size - at < step ? frame.size - at : step, &f.log);
            assert_int_equal(f.log.size, strlen("message 2 0 \n") + cases[i].size);
        }
        free(payload);
        cf_buffer_free(&frame);
        end(&f);
    }
}

/* ---- both roles ---- */

static void several_frames_in_one_read(void **state)
{
    (void)state;
    EXPECT(CF_WS_CLIENT,
           "\x81\x01"
           "a\x82\x01"
           "b\x8a\x00\x81\x00",
           "message 1 0 a\nmessage 2 0 b\npong 0 0 \nmessage 1 0 \n");
}

static void control_frames_between_fragments(void **state)
{
    (void)state;
    EXPECT(CF_WS_CLIENT,
           "\x02\x02"
           "on\x89\x01!\x00\x00\x00\x01"
           "e\x8a\x01?\x80\x01.\x81\x03two",
           "ping 0 0 !\npong 0 0 ?\nmessage 2 0 one.\nmessage 1 0 two\n");
}

static void empty_fragments_make_an_empty_message(void **state)
{
    (void)state;
    EXPECT(CF_WS_CLIENT, "\x01\x00\x00\x00\x80\x00", "message 1 0 \n");
}

static void masked_with_every_alignment(void **state)
{
    (void)state;
    static const uint8_t mask[4] = {0x00, 0xff, 0x5a, 0x81};
    char text[64];
    for (size_t size = 0; size < sizeof(text); size++) {
        for (size_t offset = 0; offset < 9; offset++) {
            for (size_t i = 0; i < size; i++)
                text[i] = (char)(i * 7);
            cf_ws_mask(text, size, mask, offset);
            for (size_t i = 0; i < size; i++)
                assert_int_equal((uint8_t)text[i], (uint8_t)(i * 7) ^ mask[(i + offset) % 4]);
        }
    }
}

static void what_is_encoded_can_be_decoded(void **state)
{
    (void)state;
    static const uint8_t mask[4] = {1, 2, 3, 4};
    static const cf_ws_role roles[] = {CF_WS_CLIENT, CF_WS_SERVER};
    for (size_t i = 0; i < 2; i++) {
        const uint8_t *key = roles[i] == CF_WS_SERVER ? mask : NULL;
        fixture f;
        begin(&f, roles[i], MAX, true);
        cf_buffer frames;
        cf_buffer_init(&frames, &f.allocator, CF_BUFFER_NO_LIMIT);
        cf_ws_append_frame(&frames, CF_WS_TEXT, CF_BYTES("{\"method\":\"ping\"}"), key);
        cf_ws_append_frame(&frames, CF_WS_PING, CF_BYTES("ping"), key);
        cf_ws_append_frame(&frames, CF_WS_PONG, CF_BYTES(""), key);
        cf_ws_append_close(&frames, CF_WS_CLOSE_ADVICE, CF_BYTES("{\"reason\":\"slow\",\"reconnect\":false}"), key);
        expect_events(roles[i], frames.data, frames.size,
                      "message 1 0 {\"method\":\"ping\"}\nping 0 0 ping\npong 0 0 \n"
                      "close 0 3000 {\"reason\":\"slow\",\"reconnect\":false}\n");
        cf_buffer_free(&frames);
        end(&f);
    }
}

static void nothing_is_read_after_a_close(void **state)
{
    (void)state;
    EXPECT(CF_WS_CLIENT, "\x88\x02\x03\xe8\x81\x01x\xff", "close 0 1000 \n");
    EXPECT(CF_WS_CLIENT, "\x88\x00\x81\x01x", "close 0 1005 \n");
    EXPECT(CF_WS_CLIENT, "\x88\x02\x03\xf3", "close 0 1011 \n");
    EXPECT(CF_WS_CLIENT,
           "\x01\x01x\x88\x05\x0b\xb8"
           "bye",
           "close 0 3000 bye\n");
}

/* ---- violations: server-spec.md 1.3 ---- */

/* As events_write writes what comes of them. */
static void compressed_messages_where_they_were_agreed_on(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *events;
    } cases[] = {
#define CASE(literal, events) {"" literal, sizeof(literal) - 1, events}
        CASE("\xc1\x01x", "message 1 0 compressed x\n"),
        CASE("\xc2\x01x\x81\x01y", "message 2 0 compressed x\nmessage 1 0 y\n"),
        CASE("\x41\x01x\x89\x01p\x80\x01y\x81\x01z", "ping 0 0 p\nmessage 1 0 compressed xy\nmessage 1 0 z\n"),
        CASE("\x41\x01x\xc0\x01y", "error 0 1002 unexpected reserved bits 0x40\n"),
        CASE("\xc9\x00", "error 0 1002 unexpected reserved bits 0x40\n"),
        CASE("\xd1\x01x", "error 0 1002 unexpected reserved bits 0x10\n"),
#undef CASE
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture f;
        begin(&f, CF_WS_CLIENT, MAX, false);
        f.decoder.deflate = true;
        events_feed(&f.decoder, cases[i].bytes, cases[i].size, &f.log);
        assert_string_equal(events_of(&f), cases[i].events);
        end(&f);
    }
}

static void violations_of_the_protocol(void **state)
{
    (void)state;
    static const struct {
        cf_ws_role role;
        const char *bytes;
        size_t size;
        const char *reason;
    } cases[] = {
#define CASE(role, literal, reason) {role, "" literal, sizeof(literal) - 1, reason}
        CASE(CF_WS_SERVER, "\x81\x01x", "incorrect mask flag"),
        CASE(CF_WS_CLIENT, "\x81\x81\x01\x02\x03\x04x", "incorrect mask flag"),
        CASE(CF_WS_SERVER, "\xc1\x80\x01\x02\x03\x04", "unexpected reserved bits 0x40"),
        CASE(CF_WS_SERVER, "\xa1\x80\x01\x02\x03\x04", "unexpected reserved bits 0x20"),
        CASE(CF_WS_SERVER, "\x91\x80\x01\x02\x03\x04", "unexpected reserved bits 0x10"),
        CASE(CF_WS_SERVER, "\xf1\x80\x01\x02\x03\x04", "unexpected reserved bits 0x70"),
        CASE(CF_WS_SERVER, "\x83\x80\x01\x02\x03\x04", "unknown opcode 3"),
        CASE(CF_WS_SERVER, "\x87\x80\x01\x02\x03\x04", "unknown opcode 7"),
        CASE(CF_WS_SERVER, "\x8b\x80\x01\x02\x03\x04", "unknown opcode 11"),
        CASE(CF_WS_SERVER, "\x8f\x80\x01\x02\x03\x04", "unknown opcode 15"),
        CASE(CF_WS_CLIENT, "\x89\x7e\x00\x7e", "control frame length > 125"),
        CASE(CF_WS_CLIENT, "\x88\x7f\x00\x00", "control frame length > 125"),
        CASE(CF_WS_CLIENT, "\x09\x00", "control frame not final"),
        CASE(CF_WS_CLIENT, "\x80\x00", "continuation after final message frame"),
        CASE(CF_WS_CLIENT, "\x00\x00", "continuation after final message frame"),
        CASE(CF_WS_CLIENT, "\x01\x01x\x81\x01y", "message start before final message frame"),
        CASE(CF_WS_CLIENT, "\x02\x00\x01\x01y", "message start before final message frame"),
        CASE(CF_WS_CLIENT, "\x88\x01x", "invalid close code"),
        CASE(CF_WS_CLIENT, "\x88\x02\x03\xe7", "invalid close code"), /* 999 */
        CASE(CF_WS_CLIENT, "\x88\x02\x03\xed", "invalid close code"), /* 1005 */
        CASE(CF_WS_CLIENT, "\x88\x02\x03\xee", "invalid close code"), /* 1006 */
        CASE(CF_WS_CLIENT, "\x88\x02\x03\xf7", "invalid close code"), /* 1015 */
        CASE(CF_WS_CLIENT, "\x88\x02\x13\x88", "invalid close code"), /* 5000 */
        CASE(CF_WS_CLIENT, "\x88\x04\x03\xe8\xc3\x28", "invalid utf8 payload in close frame"),
#undef CASE
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expected[100];
        snprintf(expected, sizeof(expected), "error 0 1002 %s\n", cases[i].reason);
        expect_events(cases[i].role, cases[i].bytes, cases[i].size, expected);
    }
}

static void invalid_utf8_in_text_is_1007_when_it_is_checked(void **state)
{
    (void)state;
    EXPECT(CF_WS_CLIENT, "\x81\x02\xc3\x28", "error 0 1007 invalid utf8 in text message\n");
    EXPECT(CF_WS_CLIENT, "\x01\x01\xc3\x80\x01\xa9", "message 1 0 \xc3\xa9\n");
    EXPECT(CF_WS_CLIENT, "\x82\x02\xc3\x28", "message 2 0 \xc3\x28\n");
    fixture f;
    begin(&f, CF_WS_CLIENT, MAX, false);
    events_feed(&f.decoder, "\x81\x02\xc3\x28", 4, &f.log);
    assert_string_equal(events_of(&f), "message 1 0 \xc3\x28\n");
    end(&f);
}

/* ---- limits ---- */

static void a_message_over_the_limit_is_judged_by_its_header(void **state)
{
    (void)state;
    /* 1001 bytes announced, none sent */
    EXPECT(CF_WS_CLIENT, "\x81\x7e\x03\xe9", "error 0 1009 \n");
    EXPECT(CF_WS_SERVER, "\x81\xfe\x03\xe9\x01\x02\x03\x04", "error 0 1009 \n");
    EXPECT(CF_WS_CLIENT, "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "error 0 1009 \n");
    EXPECT(CF_WS_CLIENT, "\x81\x7f\x00\x00\x00\x01\x00\x00\x00\x01", "error 0 1009 \n");
}

static void the_limit_is_for_the_sum_of_fragments(void **state)
{
    (void)state;
    fixture f;
    begin(&f, CF_WS_CLIENT, 5, true);
    events_feed(&f.decoder,
                "\x01\x03"
                "abc\x80\x02"
                "de",
                9, &f.log);
    events_feed(&f.decoder,
                "\x01\x03"
                "abc\x89\x00\x80\x03",
                9, &f.log);
    assert_string_equal(events_of(&f), "message 1 0 abcde\nping 0 0 \nerror 0 1009 \n");
    end(&f);
}

static void a_control_frame_is_no_part_of_the_limit(void **state)
{
    (void)state;
    fixture f;
    begin(&f, CF_WS_CLIENT, 0, true);
    events_feed(&f.decoder, "\x89\x04ping\x81\x00", 8, &f.log);
    assert_string_equal(events_of(&f), "ping 0 0 ping\nmessage 1 0 \n");
    end(&f);
}

/* ---- memory ---- */

static void whole_messages_are_slices_of_the_input(void **state)
{
    (void)state;
    fixture f;
    begin(&f, CF_WS_SERVER, MAX, true);
    char input[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    cf_ws_event event;
    assert_int_equal(cf_ws_decoder_read(&f.decoder, input, 11, &event), 11);
    assert_int_equal(event.kind, CF_WS_EVENT_MESSAGE);
    assert_ptr_equal(event.payload.data, input + 6);
    assert_int_equal(f.memory.calls, 0);
    end(&f);
}

static void an_idle_decoder_holds_nothing(void **state)
{
    (void)state;
    fixture f;
    begin(&f, CF_WS_CLIENT, MAX, true);
    cf_ws_event event;
    char first[] = "\x81\x05Hel";
    char second[] = "lo";
    cf_ws_decoder_read(&f.decoder, first, 5, &event);
    assert_int_equal(event.kind, CF_WS_EVENT_NONE);
    assert_int_equal(f.memory.live, 1);
    assert_int_equal(cf_ws_decoder_read(&f.decoder, second, 2, &event), 2);
    assert_int_equal(event.kind, CF_WS_EVENT_MESSAGE);
    cf_ws_decoder_read(&f.decoder, second, 0, &event);
    assert_int_equal(event.kind, CF_WS_EVENT_NONE);
    assert_int_equal(f.memory.live, 0);
    end(&f);
}

/* A header alone makes nobody allocate what it announces. */
static void memory_follows_what_arrives(void **state)
{
    (void)state;
    fixture f;
    begin(&f, CF_WS_CLIENT, CF_BUFFER_NO_LIMIT, true);
    events_feed(&f.decoder,
                "\x81\x7f\x00\x00\x00\x00\x7f\xff\xff\xff"
                "abc",
                13, &f.log);
    assert_true(f.decoder.partial.capacity < 1000);
    assert_int_equal(f.log.size, 0);
    end(&f);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    /* the last frame outgrows the first allocation for it */
    static const char begin_of_bytes[] = "\x01\x03"
                                         "abc\x89\x01p\x80\x02"
                                         "de\x81\x64";
    char bytes[sizeof(begin_of_bytes) - 1 + 100];
    const size_t size = sizeof(bytes);
    char expected[200] = "ping 0 0 p\nmessage 1 0 abcde\nmessage 1 0 ";
    memset(bytes, 'x', size);
    memcpy(bytes, begin_of_bytes, sizeof(begin_of_bytes) - 1);
    memset(expected + strlen(expected), 'x', 100);
    strcat(expected, "\n");
    for (size_t n = 1;; n++) {
        test_allocator memory = test_allocator_failing_at(n);
        cf_allocator allocator = test_allocator_make(&memory);
        test_allocator log_memory = test_allocator_failing_at(0);
        cf_allocator log_allocator = test_allocator_make(&log_memory);
        cf_ws_decoder decoder;
        cf_buffer log;
        cf_ws_decoder_init(&decoder, CF_WS_CLIENT, MAX, true, &allocator);
        cf_buffer_init(&log, &log_allocator, CF_BUFFER_NO_LIMIT);
        for (size_t i = 0; i < size; i++)
            events_feed(&decoder, bytes + i, 1, &log);
        const char *text = cf_buffer_text(&log);
        if (memory.failed)
            assert_non_null(strstr(text, "error 0 1011 out of memory\n"));
        else
            assert_string_equal(text, expected);
        cf_ws_decoder_free(&decoder);
        cf_buffer_free(&log);
        assert_int_equal(memory.live, 0);
        if (!memory.failed)
            break;
    }
}

/* ---- writing ---- */

static void expect_bytes(cf_buffer *out, const char *bytes, size_t size)
{
    assert_int_equal(out->size, size);
    assert_memory_equal(out->data, bytes, size);
    cf_buffer_clear(out);
}

static void frames_as_in_the_rfc(void **state)
{
    (void)state;
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    fixture f;
    begin(&f, CF_WS_CLIENT, MAX, true);
    cf_ws_append_frame(&f.log, CF_WS_TEXT, CF_BYTES("Hello"), NULL);
    expect_bytes(&f.log, "\x81\x05Hello", 7);
    cf_ws_append_frame(&f.log, CF_WS_TEXT, CF_BYTES("Hello"), mask);
    expect_bytes(&f.log, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
    cf_ws_append_frame(&f.log, CF_WS_PING, CF_BYTES("Hello"), NULL);
    expect_bytes(&f.log, "\x89\x05Hello", 7);
    cf_ws_append_close(&f.log, CF_WS_CLOSE_NORMAL, CF_BYTES(""), NULL);
    expect_bytes(&f.log, "\x88\x02\x03\xe8", 4);
    cf_ws_append_close(&f.log, CF_WS_CLOSE_NO_STATUS, CF_BYTES("not sent"), NULL);
    expect_bytes(&f.log, "\x88\x00", 2);
    end(&f);
}

/* Half a frame would make the peer read what follows as its end. */
static void a_frame_that_does_not_fit_is_not_begun(void **state)
{
    (void)state;
    test_allocator memory = test_allocator_failing_at(0);
    cf_allocator allocator = test_allocator_make(&memory);
    cf_buffer out;
    cf_buffer_init(&out, &allocator, 6);
    cf_ws_append_frame(&out, CF_WS_TEXT, CF_BYTES("Hello"), NULL);
    assert_true(out.failed);
    assert_int_equal(out.size, 0);
    cf_buffer_clear(&out);
    cf_ws_append_frame(&out, CF_WS_TEXT, cf_bytes_make("larger than any memory", SIZE_MAX), NULL);
    assert_true(out.failed);
    assert_int_equal(out.size, 0);
    cf_buffer_clear(&out);
    cf_ws_append_frame(&out, CF_WS_TEXT, CF_BYTES("Hell"), NULL);
    assert_false(out.failed);
    expect_bytes(&out, "\x81\x04Hell", 6);
    cf_buffer_free(&out);
}

static void a_long_close_reason_is_cut_at_a_character(void **state)
{
    (void)state;
    char reason[130];
    memset(reason, 'a', sizeof(reason));
    memcpy(reason + 122, "\xc3\xa9", 2); /* the character would need byte 124 */
    fixture f;
    begin(&f, CF_WS_CLIENT, MAX, true);
    cf_ws_append_close(&f.log, CF_WS_CLOSE_ADVICE, cf_bytes_make(reason, sizeof(reason)), NULL);
    assert_int_equal(f.log.size, 2 + 2 + 122);
    cf_buffer_clear(&f.log);
    reason[122] = 'a';
    reason[123] = 'a';
    cf_ws_append_close(&f.log, CF_WS_CLOSE_ADVICE, cf_bytes_make(reason, sizeof(reason)), NULL);
    assert_int_equal(f.log.size, 2 + 125);
    end(&f);
}

static void own_frames_can_be_walked(void **state)
{
    (void)state;
    fixture f;
    begin(&f, CF_WS_CLIENT, MAX, true);
    static const char payload[65536];
    cf_ws_append_frame(&f.log, CF_WS_TEXT, CF_BYTES("one"), NULL);
    cf_ws_append_frame(&f.log, CF_WS_PING, CF_BYTES(""), NULL);
    cf_ws_append_frame(&f.log, CF_WS_TEXT, cf_bytes_make(payload, 300), NULL);
    cf_ws_append_frame(&f.log, CF_WS_TEXT, cf_bytes_make(payload, sizeof(payload)), NULL);
    static const struct {
        cf_ws_opcode opcode;
        size_t size, whole;
    } expected[] = {{CF_WS_TEXT, 3, 5}, {CF_WS_PING, 0, 2}, {CF_WS_TEXT, 300, 304}, {CF_WS_TEXT, 65536, 65546}};
    cf_bytes rest = cf_buffer_bytes(&f.log);
    cf_ws_opcode opcode;
    cf_bytes content;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_int_equal(cf_ws_own_frame(cf_bytes_slice(rest, 0, expected[i].whole - 1), &opcode, &content), 0);
        assert_int_equal(cf_ws_own_frame(cf_bytes_slice(rest, 0, 1), &opcode, &content), 0);
        if (expected[i].size > CF_WS_CONTROL_MAX)
            assert_int_equal(cf_ws_own_frame(cf_bytes_slice(rest, 0, 3), &opcode, &content), 0);
        assert_int_equal(cf_ws_own_frame(rest, &opcode, &content), expected[i].whole);
        assert_int_equal(opcode, expected[i].opcode);
        assert_int_equal(content.size, expected[i].size);
        rest = cf_bytes_slice(rest, expected[i].whole, rest.size);
    }
    assert_int_equal(rest.size, 0);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_unmasked_text),
        cmocka_unit_test(rfc_masked_text),
        cmocka_unit_test(rfc_fragmented_text),
        cmocka_unit_test(rfc_ping_and_pong),
        cmocka_unit_test(rfc_long_payloads),
        cmocka_unit_test(several_frames_in_one_read),
        cmocka_unit_test(control_frames_between_fragments),
        cmocka_unit_test(empty_fragments_make_an_empty_message),
        cmocka_unit_test(masked_with_every_alignment),
        cmocka_unit_test(what_is_encoded_can_be_decoded),
        cmocka_unit_test(nothing_is_read_after_a_close),
        cmocka_unit_test(compressed_messages_where_they_were_agreed_on),
        cmocka_unit_test(violations_of_the_protocol),
        cmocka_unit_test(invalid_utf8_in_text_is_1007_when_it_is_checked),
        cmocka_unit_test(a_message_over_the_limit_is_judged_by_its_header),
        cmocka_unit_test(the_limit_is_for_the_sum_of_fragments),
        cmocka_unit_test(a_control_frame_is_no_part_of_the_limit),
        cmocka_unit_test(whole_messages_are_slices_of_the_input),
        cmocka_unit_test(an_idle_decoder_holds_nothing),
        cmocka_unit_test(memory_follows_what_arrives),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(frames_as_in_the_rfc),
        cmocka_unit_test(a_frame_that_does_not_fit_is_not_begun),
        cmocka_unit_test(a_long_close_reason_is_cut_at_a_character),
        cmocka_unit_test(own_frames_can_be_walked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

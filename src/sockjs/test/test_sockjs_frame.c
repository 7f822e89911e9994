#include "base/test/test.h"

#include "sockjs/parts.h"

typedef struct fixture {
    test_allocator memory;
    cf_allocator allocator;
    cf_buffer out;
    cf_buffer scratch;
} fixture;

static void begin(fixture *f, size_t fail_at)
{
    f->memory = test_allocator_failing_at(fail_at);
    f->allocator = test_allocator_make(&f->memory);
    cf_buffer_init(&f->out, &f->allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&f->scratch, &f->allocator, CF_BUFFER_NO_LIMIT);
}

static void end(fixture *f)
{
    cf_buffer_free(&f->out);
    cf_buffer_free(&f->scratch);
    assert_int_equal(f->memory.live, 0);
}

#define CALLBACK CF_BYTES("_jp.a$0")

/* All parts behind each other, in the scratch. */
static cf_bytes join(fixture *f, cf_sockjs_parts *parts)
{
    size_t size = cf_sockjs_parts_size(parts);
    cf_buffer_clear(&f->scratch);
    cf_sockjs_parts_finish(parts);
    for (size_t i = 0; i < parts->count; i++)
        cf_buffer_append(&f->scratch, parts->all[i]);
    assert_int_equal(f->scratch.size, size);
    return cf_buffer_bytes(&f->scratch);
}

/* ---- what a server writes ---- */

static void a_frame_is_wrapped_as_its_transport_wants_it(void **state)
{
    static const char *const expected[CF_SOCKJS_TRANSPORTS] = {
        [CF_SOCKJS_WEBSOCKET] = "a[\"x\"]",
        [CF_SOCKJS_XHR_STREAMING] = "a[\"x\"]\n",
        [CF_SOCKJS_EVENTSOURCE] = "data: a[\"x\"]\r\n\r\n",
        [CF_SOCKJS_HTMLFILE] = "<script>\np(\"a[\\\"x\\\"]\");\n</script>\r\n",
        [CF_SOCKJS_XHR] = "a[\"x\"]\n",
        [CF_SOCKJS_JSONP] = "_jp.a$0(\"a[\\\"x\\\"]\");\r\n",
    };
    (void)state;
    for (int i = 0; i < CF_SOCKJS_TRANSPORTS; i++) {
        fixture f;
        cf_sockjs_parts parts;
        begin(&f, 0);
        cf_sockjs_parts_init(&parts, (cf_sockjs_transport)i, CALLBACK, &f.out);
        cf_sockjs_parts_add_frame(&parts, CF_BYTES("a[\"x\"]"));
        assert_text(join(&f, &parts), expected[i]);
        end(&f);
    }
}

static void runs_of_messages_become_one_frame(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 0);
    cf_sockjs_append_message(&f.scratch, CF_BYTES("{\"a\":1}"));
    cf_sockjs_append_message(&f.scratch, CF_BYTES(""));
    size_t first = f.scratch.size;
    cf_sockjs_append_message(&f.scratch, CF_BYTES("z"));
    cf_bytes all = cf_buffer_bytes(&f.scratch);
    cf_bytes slices[] = {cf_bytes_slice(all, 0, first), cf_bytes_slice(all, first, all.size)};
    cf_sockjs_append_messages(&f.out, CF_SOCKJS_XHR, CALLBACK, slices, 2);
    assert_bytes(cf_buffer_bytes(&f.out), "a[\"{\\\"a\\\":1}\",\"\",\"z\"]\n");
    cf_buffer_clear(&f.out);
    cf_sockjs_append_messages(&f.out, CF_SOCKJS_JSONP, CALLBACK, slices + 1, 1);
    assert_bytes(cf_buffer_bytes(&f.out), "_jp.a$0(\"a[\\\"z\\\"]\");\r\n");
    end(&f);
}

/* Neither markup nor ends of lines, nor what decodeURI would stumble over. */
static void a_message_is_escaped_for_every_transport(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 0);
    cf_sockjs_append_message(&f.out, CF_BYTES("100 %%<b>&\"\\\n\x01\xe2\x80\xa8\xe2\x80\x8c\xff%41"));
    assert_bytes(cf_buffer_bytes(&f.out),
                 "\"100 \\u0025\\u0025\\u003cb\\u003e\\u0026\\\"\\\\\\n\\u0001\\u2028\xe2\x80\x8c\\ufffd\\u0025"
                 "41\",");
    end(&f);
}

static void a_close_frame_has_a_code_and_a_reason(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 0);
    cf_sockjs_append_close(&f.out, 3000, CF_BYTES("{\"reason\":\"50%\"}"));
    assert_bytes(cf_buffer_bytes(&f.out), "c[3000,\"{\\\"reason\\\":\\\"50\\u0025\\\"}\"]");
    end(&f);
}

/* Twice as many runs as there are places: those that find one are not copied. */
static void messages_stand_where_they_lie(void **state)
{
    (void)state;
    fixture f;
    cf_sockjs_parts parts;
    begin(&f, 0);
    cf_sockjs_parts_init(&parts, CF_SOCKJS_EVENTSOURCE, CALLBACK, &f.out);
    cf_bytes run = CF_BYTES("\"m\",");
    cf_sockjs_parts_begin_messages(&parts);
    for (size_t i = 0; i < 2 * CF_SOCKJS_PARTS_MAX; i++)
        cf_sockjs_parts_add_run(&parts, run);
    cf_sockjs_parts_end_messages(&parts);
    assert_ptr_equal(parts.all[CF_SOCKJS_PARTS_MAX - 1].data, run.data);
    cf_bytes frame = join(&f, &parts);
    assert_true(cf_bytes_starts_with(frame, CF_BYTES("data: a[\"m\",\"m\",")));
    assert_true(cf_bytes_ends_with(frame, CF_BYTES(",\"m\",\"m\"]\r\n\r\n")));
    assert_int_equal(frame.size, strlen("data: a[]\r\n\r\n") + 2 * CF_SOCKJS_PARTS_MAX * run.size - 1);
    end(&f);
}

static cf_bytes write_prelude(fixture *f, cf_sockjs_transport transport)
{
    cf_sockjs_parts parts;
    cf_sockjs_parts_init(&parts, transport, CALLBACK, &f->out);
    cf_sockjs_parts_add_prelude(&parts);
    return join(f, &parts);
}

static void what_stands_before_the_first_frame(void **state)
{
    static const cf_sockjs_transport without[] = {CF_SOCKJS_WEBSOCKET, CF_SOCKJS_XHR, CF_SOCKJS_JSONP};
    (void)state;
    fixture f;
    begin(&f, 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(write_prelude(&f, without[i]).size, 0);
    assert_bytes(write_prelude(&f, CF_SOCKJS_EVENTSOURCE), "\r\n");
    cf_bytes prelude = write_prelude(&f, CF_SOCKJS_XHR_STREAMING);
    assert_int_equal(prelude.size, 2049);
    for (size_t i = 0; i < 2048; i++)
        assert_int_equal(prelude.data[i], 'h');
    assert_int_equal(prelude.data[2048], '\n');
    end(&f);
}

static void the_head_of_htmlfile_is_long_enough_and_calls_back(void **state)
{
    static const char *const parts[] = {
        "document.domain", "var c = parent._jp.a$0;", "c.start();", "function p(d) {c.mess", "onload", "c.stop();"};
    (void)state;
    fixture f;
    begin(&f, 0);
    cf_bytes head = write_prelude(&f, CF_SOCKJS_HTMLFILE);
    assert_true(head.size >= CF_SOCKJS_HEAD_SIZE);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        assert_true(cf_bytes_find(head, cf_bytes_of(parts[i])) >= 0);
    assert_true(cf_bytes_ends_with(head, CF_BYTES("\r\n\r\n")));
    end(&f);
}

static void a_callback_is_a_name(void **state)
{
    static const char *const good[] = {"a", "_jp.a$0", "parent.Z9"};
    static const char *const bad[] = {"", "a(", "a b", "a-b", "a;", "<", "a\n", "\xc3\xa9", "a%28", "a/*"};
    char longest[CF_SOCKJS_CALLBACK_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(cf_sockjs_callback_is_safe(cf_bytes_of(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(cf_sockjs_callback_is_safe(cf_bytes_of(bad[i])));
    memset(longest, 'x', sizeof(longest));
    assert_true(cf_sockjs_callback_is_safe(cf_bytes_make(longest, CF_SOCKJS_CALLBACK_MAX)));
    assert_false(cf_sockjs_callback_is_safe(cf_bytes_make(longest, sizeof(longest))));
}

static void write_more_than_has_places(cf_sockjs_parts *parts)
{
    cf_sockjs_parts_add_prelude(parts);
    cf_sockjs_parts_begin_messages(parts);
    for (size_t i = 0; i <= CF_SOCKJS_PARTS_MAX; i++)
        cf_sockjs_parts_add_run(parts, CF_BYTES("\"m\","));
    cf_sockjs_parts_end_messages(parts);
}

static void without_memory_the_writer_remembers(void **state)
{
    (void)state;
    for (int i = 0; i < CF_SOCKJS_TRANSPORTS; i++) {
        fixture f;
        cf_sockjs_parts parts;
        begin(&f, 1);
        cf_sockjs_parts_init(&parts, (cf_sockjs_transport)i, CALLBACK, &f.out);
        write_more_than_has_places(&parts);
        assert_true(f.out.failed);
        end(&f);
    }
}

/* ---- bodies: server-spec.md 6.7, 11.1 ---- */

/* The messages, each with '|' behind it; or what is wrong. */
static const char *read_body(fixture *f, cf_bytes text, bool strict)
{
    static const char *const states[] = {NULL, "EMPTY", "BROKEN", "NO MEMORY"};
    cf_sockjs_body body;
    cf_bytes message;
    cf_buffer_clear(&f->out);
    cf_sockjs_body_state state = cf_sockjs_body_begin(&body, text, strict, &f->scratch);
    if (state != CF_SOCKJS_BODY_OK)
        return states[state];
    while (cf_sockjs_body_next(&body, &message, &f->scratch)) {
        cf_buffer_append(&f->out, message);
        cf_buffer_append_byte(&f->out, '|');
    }
    return cf_buffer_text(&f->out);
}

static void bodies_are_read_as_the_reference_reads_them(void **state)
{
    static const struct {
        const char *text;
        const char *lenient; /* xhr_send */
        const char *strict;  /* jsonp_send and websocket */
    } cases[] = {
        {"[]", "", ""},
        {" [ ] \n", "", ""},
        {"[\"x\"]", "x|", "x|"},
        {"[\"x\", \"{\\\"a\\\":\\\"\\u00e9\\\"}\"]", "x|{\"a\":\"\xc3\xa9\"}|", "x|{\"a\":\"\xc3\xa9\"}|"},
        {"[\"\"]", "|", "|"},
        {"[null]", "|", "|"},
        {"[\"\\ud83d\\ude00\\ud800\"]", "\xf0\x9f\x98\x80\xef\xbf\xbd|", "\xf0\x9f\x98\x80\xef\xbf\xbd|"},
        {"[\"a\xff\xc3\"]", "a\xef\xbf\xbd\xef\xbf\xbd|", "a\xef\xbf\xbd\xef\xbf\xbd|"},
        {"", "EMPTY", "EMPTY"},
        {" \t\r\n", "EMPTY", "EMPTY"},
        {"[", "BROKEN", "BROKEN"},
        {"[\"a\"", "BROKEN", "BROKEN"},
        {"[\"a\",]", "BROKEN", "BROKEN"},
        {"[\"a\" \"b\"]", "BROKEN", "BROKEN"},
        {"hello", "BROKEN", "BROKEN"},
        {"{\"a\"", "BROKEN", "BROKEN"},
        {"[1", "BROKEN", "BROKEN"},
        {"\x01", "BROKEN", "BROKEN"},
        {"[]x", "", ""},
        {"[][", "", ""},
        {"[],[\"x\"]", "", ""},
        {"null", "", ""},
        {"null x", "", ""},
        {"{}", "", "BROKEN"},
        {"{\"a\":1}", "", "BROKEN"},
        {"1", "", "BROKEN"},
        {"\"x\"", "", "BROKEN"},
        {"true", "", "BROKEN"},
        {"[1]", "|", "BROKEN"},
        {"[true,\"x\"]", "|x|", "BROKEN"},
        {"[[]]", "|", "BROKEN"},
        {"[{}]", "|", "BROKEN"},
        {"[null, 1]", "||", "BROKEN"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture f;
        begin(&f, 0);
        assert_string_equal(read_body(&f, cf_bytes_of(cases[i].text), false), cases[i].lenient);
        assert_string_equal(read_body(&f, cf_bytes_of(cases[i].text), true), cases[i].strict);
        end(&f);
    }
}

static void a_body_that_is_too_large_for_the_memory_is_not_read(void **state)
{
    static const cf_bytes texts[] = {CF_LITERAL("[\"\\n\"]"), CF_LITERAL("[\"\xff\"]")};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fixture f;
        begin(&f, 1);
        assert_string_equal(read_body(&f, texts[i], true), "NO MEMORY");
        end(&f);
    }
}

static void what_a_client_sends_is_read_back(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 0);
    cf_buffer messages;
    cf_buffer body;
    cf_buffer_init(&messages, &f.allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&body, &f.allocator, CF_BUFFER_NO_LIMIT);
    cf_sockjs_append_body(&body, cf_buffer_bytes(&messages));
    assert_bytes(cf_buffer_bytes(&body), "[]");
    cf_buffer_clear(&body);
    cf_sockjs_append_message(&messages, CF_BYTES("{\"a\":\"50%\"}"));
    cf_sockjs_append_message(&messages, CF_BYTES(""));
    cf_sockjs_append_body(&body, cf_buffer_bytes(&messages));
    assert_string_equal(read_body(&f, cf_buffer_bytes(&body), true), "{\"a\":\"50%\"}||");
    cf_buffer_free(&messages);
    cf_buffer_free(&body);
    end(&f);
}

/* ---- what a client reads ---- */

static void frames_are_read(void **state)
{
    static const struct {
        const char *text;
        cf_sockjs_frame_kind kind;
        int64_t code;
        const char *reason;
    } cases[] = {
        {"o", CF_SOCKJS_FRAME_OPEN, 0, ""},
        {"h", CF_SOCKJS_FRAME_HEARTBEAT, 0, ""},
        {"hhhh", CF_SOCKJS_FRAME_HEARTBEAT, 0, ""},
        {"a[\"x\"]", CF_SOCKJS_FRAME_MESSAGES, 0, ""},
        {"a[]", CF_SOCKJS_FRAME_MESSAGES, 0, ""},
        {"c[3000,\"{\\\"reason\\\":\\\"\\\"}\"]", CF_SOCKJS_FRAME_CLOSE, 3000, "{\"reason\":\"\"}"},
        {"c[ 1000 , \"\xff\" ]", CF_SOCKJS_FRAME_CLOSE, 1000, "\xef\xbf\xbd"},
        {"", CF_SOCKJS_FRAME_BAD, 0, ""},
        {"ok", CF_SOCKJS_FRAME_BAD, 0, ""},
        {"<html>", CF_SOCKJS_FRAME_BAD, 0, ""},
        {"a", CF_SOCKJS_FRAME_BAD, 0, ""},
        {"a[1]", CF_SOCKJS_FRAME_BAD, 0, ""},
        {"a{}", CF_SOCKJS_FRAME_BAD, 0, ""},
        {"c", CF_SOCKJS_FRAME_BAD, 0, ""},
        {"c[]", CF_SOCKJS_FRAME_BAD, 0, ""},
        {"c[1000]", CF_SOCKJS_FRAME_BAD, 1000, ""},
        {"c[1000,1]", CF_SOCKJS_FRAME_BAD, 1000, ""},
        {"c[\"1\",\"\"]", CF_SOCKJS_FRAME_BAD, 0, ""},
        {"c[1000,\"\",1]", CF_SOCKJS_FRAME_BAD, 1000, ""},
        {"c[1000,\"\"]x", CF_SOCKJS_FRAME_BAD, 1000, ""},
        {"c{}", CF_SOCKJS_FRAME_BAD, 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture f;
        begin(&f, 0);
        cf_sockjs_frame frame;
        cf_sockjs_read_frame(&frame, cf_bytes_of(cases[i].text), &f.scratch);
        assert_int_equal(frame.kind, cases[i].kind);
        assert_int_equal(frame.code, cases[i].code);
        assert_text(frame.reason, cases[i].reason);
        end(&f);
    }
}

static void messages_of_a_frame_come_one_by_one(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 0);
    cf_sockjs_frame frame;
    cf_bytes message;
    cf_sockjs_read_frame(&frame, CF_BYTES("a[\"x\",\"\\u0025\"]"), &f.scratch);
    assert_true(cf_sockjs_body_next(&frame.messages, &message, &f.scratch));
    assert_bytes(message, "x");
    assert_true(cf_sockjs_body_next(&frame.messages, &message, &f.scratch));
    assert_bytes(message, "%");
    assert_false(cf_sockjs_body_next(&frame.messages, &message, &f.scratch));
    end(&f);
}

static void a_frame_that_there_is_no_memory_for_is_bad(void **state)
{
    static const cf_bytes texts[] = {CF_LITERAL("a[\"\\n\"]"), CF_LITERAL("c[1000,\"\\n\"]")};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fixture f;
        begin(&f, 1);
        cf_sockjs_frame frame;
        cf_sockjs_read_frame(&frame, texts[i], &f.scratch);
        assert_int_equal(frame.kind, CF_SOCKJS_FRAME_BAD);
        end(&f);
    }
}

/* ---- streams ---- */

/* Each frame with '|' behind it; '!' when the stream failed. */
static void feed(cf_sockjs_stream *stream, cf_bytes piece, cf_buffer *log)
{
    cf_bytes frame;
    while (cf_sockjs_stream_next(stream, &piece, &frame)) {
        cf_buffer_append(log, frame);
        cf_buffer_append_byte(log, '|');
    }
    assert_true(stream->failed || piece.size == 0);
}

/* Cut at every place, and byte by byte. */
static void expect_frames(cf_sockjs_transport transport, cf_bytes bytes, const char *expected)
{
    for (size_t cut = 0; cut <= bytes.size + 1; cut++) {
        fixture f;
        begin(&f, 0);
        cf_sockjs_stream stream;
        cf_sockjs_stream_init(&stream, transport, 100, &f.allocator);
        if (cut <= bytes.size)
            feed(&stream, cf_bytes_slice(bytes, 0, cut), &f.out);
        for (size_t i = cut > bytes.size ? 0 : bytes.size; i < bytes.size; i++)
            feed(&stream, cf_bytes_slice(bytes, i, i + 1), &f.out);
        if (cut <= bytes.size)
            feed(&stream, cf_bytes_slice(bytes, cut, bytes.size), &f.out);
        if (stream.failed)
            cf_buffer_append_byte(&f.out, '!');
        assert_text(cf_buffer_bytes(&f.out), expected);
        cf_sockjs_stream_free(&stream);
        end(&f);
    }
}

static void lines_are_frames(void **state)
{
    (void)state;
    expect_frames(CF_SOCKJS_XHR, CF_BYTES("o\n"), "o|");
    expect_frames(CF_SOCKJS_XHR_STREAMING, CF_BYTES("hhh\n\no\na[\"x\\r\"]\nh"), "hhh|o|a[\"x\\r\"]|");
    expect_frames(CF_SOCKJS_XHR, CF_BYTES(""), "");
    expect_frames(CF_SOCKJS_XHR, CF_BYTES("a\rb\n"), "a\rb|");
}

static void the_data_of_events_is_a_frame(void **state)
{
    (void)state;
    expect_frames(CF_SOCKJS_EVENTSOURCE, CF_BYTES("\r\ndata: o\r\n\r\ndata: a[\"x\"]\r\n\r\ndata: h\r\n"), "o|a[\"x\"]|");
    expect_frames(CF_SOCKJS_EVENTSOURCE, CF_BYTES("data:o\n\ndata: o\r\rdata\n\n"), "o|o||");
    expect_frames(CF_SOCKJS_EVENTSOURCE,
                  CF_BYTES("\xef\xbb\xbf"
                           "data: o\n\n\n\n"),
                  "o|");
    expect_frames(CF_SOCKJS_EVENTSOURCE, CF_BYTES("id: 1\nevent: x\n: comment\ndatas: x\ndata: a\ndata:  b\n\nretry: 1\n\n"),
                  "a\n b|");
}

static void a_frame_beyond_the_limit_ends_the_stream(void **state)
{
    char text[300];
    (void)state;
    memset(text, 'x', sizeof(text));
    expect_frames(CF_SOCKJS_XHR, cf_bytes_make(text, 101), "!");
    text[101] = '\n';
    expect_frames(CF_SOCKJS_XHR, cf_bytes_make(text, sizeof(text)), "!");
    memcpy(text, "data: ", 6);
    text[50] = text[101] = '\n';
    memcpy(text + 51, "data: ", 6);
    text[97] = text[98] = text[99] = '\n';
    memcpy(text + 102, "data: xxxxxxxxxxxx\n\n", 20);
    expect_frames(CF_SOCKJS_EVENTSOURCE, cf_bytes_make(text, 97), "");
    memcpy(text + 97, "xxx\n", 4);
    memcpy(text + 101, "data: xxxxxxxxxxxxxx\n\n", 22);
    expect_frames(CF_SOCKJS_EVENTSOURCE, cf_bytes_make(text, 123), "!");
}

static void an_idle_stream_holds_no_memory(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 0);
    cf_sockjs_stream stream;
    cf_sockjs_stream_init(&stream, CF_SOCKJS_EVENTSOURCE, 100, &f.allocator);
    feed(&stream, CF_BYTES("data: o\r"), &f.out);
    feed(&stream, CF_BYTES("\n\r\n"), &f.out);
    cf_buffer_free(&f.out);
    assert_int_equal(f.memory.live, 0);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_wrapped_as_its_transport_wants_it),
        cmocka_unit_test(runs_of_messages_become_one_frame),
        cmocka_unit_test(messages_stand_where_they_lie),
        cmocka_unit_test(a_message_is_escaped_for_every_transport),
        cmocka_unit_test(a_close_frame_has_a_code_and_a_reason),
        cmocka_unit_test(what_stands_before_the_first_frame),
        cmocka_unit_test(the_head_of_htmlfile_is_long_enough_and_calls_back),
        cmocka_unit_test(a_callback_is_a_name),
        cmocka_unit_test(without_memory_the_writer_remembers),
        cmocka_unit_test(bodies_are_read_as_the_reference_reads_them),
        cmocka_unit_test(a_body_that_is_too_large_for_the_memory_is_not_read),
        cmocka_unit_test(what_a_client_sends_is_read_back),
        cmocka_unit_test(frames_are_read),
        cmocka_unit_test(messages_of_a_frame_come_one_by_one),
        cmocka_unit_test(a_frame_that_there_is_no_memory_for_is_bad),
        cmocka_unit_test(lines_are_frames),
        cmocka_unit_test(the_data_of_events_is_a_frame),
        cmocka_unit_test(a_frame_beyond_the_limit_ends_the_stream),
        cmocka_unit_test(an_idle_stream_holds_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

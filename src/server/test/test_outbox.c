#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/outbox.h"
#include "ws/frame.h"

static size_t live;
static bool failing;
static size_t allowed; /* allocations that succeed while it fails */

static void *resize(void *user, void *memory, size_t size)
{
    (void)user;
    if (size == 0) {
        live -= memory != NULL;
        free(memory);
        return NULL;
    }
    if (failing && allowed == 0)
        return NULL;
    allowed -= failing;
    live += memory == NULL;
    return realloc(memory, size);
}

static const cf_allocator allocator = {resize, NULL};

static cf_chunk *chunk_of(const char *text)
{
    cf_chunk *chunk = cf_chunk_new(&allocator, 8);
    assert_non_null(chunk);
    assert_true(cf_chunk_append(chunk, CF_WS_TEXT, cf_bytes_of(text)));
    return chunk;
}

static void a_chunk_is_a_run_of_frames(void **state)
{
    (void)state;
    cf_chunk *chunk = chunk_of("one");
    char *large = calloc(1, 70001);
    memset(large, 'x', 70000);
    assert_true(cf_chunk_append(chunk, CF_WS_BINARY, cf_bytes_of(large)));
    assert_int_equal(chunk->messages, 2);
    cf_ws_opcode opcode;
    cf_bytes payload;
    size_t size = cf_ws_own_frame(cf_buffer_bytes(&chunk->frames), &opcode, &payload);
    assert_int_equal(size, 5);
    assert_int_equal(opcode, CF_WS_TEXT);
    assert_memory_equal(payload.data, "one", 3);
    cf_bytes rest = cf_bytes_slice(cf_buffer_bytes(&chunk->frames), size, chunk->frames.size);
    assert_int_equal(cf_ws_own_frame(rest, &opcode, &payload), rest.size);
    assert_int_equal(opcode, CF_WS_BINARY);
    assert_int_equal(payload.size, 70000);
    free(large);
    cf_chunk_release(chunk);
    assert_int_equal(live, 0);
}

static void the_first_segment_costs_no_allocation(void **state)
{
    (void)state;
    cf_outbox outbox = {0};
    cf_chunk *chunk = chunk_of("one");
    failing = true;
    assert_true(cf_outbox_push(&outbox, chunk, &allocator));
    assert_int_equal(chunk->references, 2);
    assert_false(cf_outbox_push(&outbox, chunk, &allocator));
    assert_int_equal(chunk->references, 2);
    assert_int_equal(outbox.count, 1);
    assert_int_equal(outbox.bytes, chunk->frames.size);
    failing = false;
    cf_outbox_free(&outbox, &allocator);
    assert_int_equal(outbox.bytes, 0);
    cf_chunk_release(chunk);
    assert_int_equal(live, 0);
}

/* Pushes and partial writes at random, compared with a plain string. */
static void bytes_come_out_as_they_went_in(void **state)
{
    (void)state;
    unsigned random = 7;
    cf_outbox outbox = {0};
    static char expected[200000], got[200000];
    size_t put = 0, taken = 0, messages = 0;
    for (unsigned step = 0; step < 4000; step++) {
        random = random * 1103515245 + 12345;
        if ((random >> 16) % 3 == 0) {
            char text[32];
            snprintf(text, sizeof text, "%u", random);
            cf_chunk *chunk = chunk_of(text);
            assert_true(cf_outbox_push(&outbox, chunk, &allocator));
            memcpy(expected + put, chunk->frames.data, chunk->frames.size);
            put += chunk->frames.size;
            cf_chunk_release(chunk);
            continue;
        }
        const cf_segment *front = cf_outbox_front(&outbox);
        assert_int_equal(front == NULL, outbox.bytes == 0);
        if (front != NULL)
            assert_memory_equal(front->chunk->frames.data + front->offset, expected + taken,
                                front->chunk->frames.size - front->offset);
        cf_bytes slices[3];
        size_t count = cf_outbox_peek(&outbox, slices, (random >> 8) % 4);
        size_t wanted = (random >> 12) % 20, sent = 0;
        for (size_t i = 0; i < count && sent < wanted; i++) {
            size_t size = slices[i].size < wanted - sent ? slices[i].size : wanted - sent;
            memcpy(got + taken + sent, slices[i].data, size);
            sent += size;
        }
        messages += cf_outbox_consume(&outbox, sent, &allocator).messages;
        taken += sent;
        assert_int_equal(outbox.bytes, put - taken);
        if (outbox.bytes == 0)
            assert_int_equal(live, 0); /* the ring is given back */
    }
    assert_true(messages > 500);
    assert_memory_equal(expected, got, taken);
    cf_outbox_free(&outbox, &allocator);
    assert_int_equal(live, 0);
}

/* ---- a second form: each message behind its size, a byte -------------------- */

static unsigned made;

static void make_prefixed(const cf_outbox_form *form, cf_buffer *out, cf_bytes frames)
{
    (void)form;
    cf_ws_opcode opcode;
    cf_bytes text;
    made++;
    for (size_t size; (size = cf_ws_own_frame(frames, &opcode, &text)) > 0;
         frames = cf_bytes_slice(frames, size, frames.size)) {
        cf_buffer_append_byte(out, (char)text.size);
        cf_buffer_append(out, text);
    }
}

/* A third one: its messages' texts, one behind the other. */
static void make_bare(const cf_outbox_form *form, cf_buffer *out, cf_bytes frames)
{
    (void)form;
    cf_ws_opcode opcode;
    cf_bytes text;
    for (size_t size; (size = cf_ws_own_frame(frames, &opcode, &text)) > 0; frames = cf_bytes_slice(frames, size, frames.size))
        cf_buffer_append(out, text);
}

static cf_chunk *chunk_of_two(void)
{
    cf_chunk *chunk = chunk_of("one");
    assert_true(cf_chunk_append(chunk, CF_WS_BINARY, CF_BYTES("three")));
    chunk->shared = true;
    return chunk;
}

static const cf_outbox_form prefixed = {make_prefixed};
static const cf_outbox_form bare = {make_bare};

static void expect_front(const cf_outbox *outbox, const char *text)
{
    cf_bytes slice;
    assert_int_equal(cf_outbox_peek(outbox, &slice, 1), 1);
    assert_int_equal(slice.size, strlen(text));
    assert_memory_equal(slice.data, text, slice.size);
}

static void a_form_is_made_once_for_all_who_want_it(void **state)
{
    (void)state;
    cf_chunk *chunk = chunk_of_two();
    cf_outbox outboxes[5] = {
        [1] = {.form = &prefixed}, [2] = {.form = &prefixed}, [3] = {.form = &bare}, [4] = {.form = &prefixed}};
    made = 0;
    for (size_t i = 0; i < 5; i++)
        assert_true(cf_outbox_push(&outboxes[i], chunk, &allocator));
    assert_int_equal(made, 1);
    assert_ptr_equal(cf_chunk_form(chunk, &prefixed), cf_chunk_form(chunk, &prefixed));
    assert_ptr_equal(cf_chunk_form(chunk, NULL), &chunk->frames);
    cf_chunk_release(chunk);
    expect_front(&outboxes[0], "\x81\003one\x82\005three");
    expect_front(&outboxes[1], "\003one\005three");
    expect_front(&outboxes[3], "onethree");
    cf_bytes first, second;
    cf_outbox_peek(&outboxes[1], &first, 1);
    cf_outbox_peek(&outboxes[2], &second, 1);
    assert_ptr_equal(first.data, second.data);
    for (size_t i = 0; i < 5; i++)
        cf_outbox_free(&outboxes[i], &allocator);
    assert_int_equal(live, 0);
}

static void an_outbox_counts_the_bytes_of_its_form(void **state)
{
    (void)state;
    cf_chunk *chunk = chunk_of_two();
    cf_outbox frames = {0};
    cf_outbox outbox = {.form = &prefixed};
    assert_true(cf_outbox_push(&frames, chunk, &allocator));
    assert_true(cf_outbox_push(&outbox, chunk, &allocator));
    assert_true(cf_outbox_push(&outbox, chunk, &allocator));
    assert_int_equal(frames.bytes, 12);
    assert_int_equal(outbox.bytes, 20);
    assert_int_equal(outbox.memory - 20, 2 * (frames.memory - 12));
    assert_int_equal(cf_outbox_consume(&outbox, 5, &allocator).messages, 0);
    expect_front(&outbox, "three");
    assert_int_equal(cf_outbox_consume(&outbox, 7, &allocator).messages, 2);
    expect_front(&outbox, "ne\005three");
    assert_int_equal(outbox.bytes, 8);
    assert_int_equal(cf_outbox_consume(&outbox, 8, &allocator).messages, 2);
    assert_int_equal(outbox.bytes + outbox.memory, 0);
    cf_outbox_free(&frames, &allocator);
    cf_chunk_release(chunk);
    assert_int_equal(live, 0);
}

/* What one session alone made the server keep is counted whole: the frames stay as long as the form. */
static void a_form_of_one_session_counts_with_its_frames(void **state)
{
    (void)state;
    cf_chunk *chunk = chunk_of_two();
    cf_outbox outbox = {.form = &prefixed};
    chunk->shared = false;
    assert_true(cf_outbox_push(&outbox, chunk, &allocator));
    assert_true(outbox.memory >= chunk->frames.capacity + cf_chunk_form(chunk, &prefixed)->capacity + sizeof *chunk);
    cf_chunk_release(chunk);
    cf_sent sent = cf_outbox_consume(&outbox, outbox.bytes, &allocator);
    assert_int_equal(sent.messages, 2);
    assert_int_equal(sent.payload, 8); /* without the frames' heads */
    assert_int_equal(outbox.memory, 0);
    assert_int_equal(live, 0);
}

static void a_form_that_has_no_memory_changes_nothing(void **state)
{
    (void)state;
    cf_chunk *chunk = chunk_of_two();
    cf_outbox outbox = {.form = &prefixed};
    size_t before = live;
    for (size_t taken = 0; taken < 2; taken++) { /* of the two allocations that a form needs */
        allowed = taken;
        failing = true;
        assert_false(cf_outbox_push(&outbox, chunk, &allocator));
        assert_int_equal(outbox.count + outbox.bytes + outbox.memory, 0);
        assert_int_equal(chunk->references, 1);
        assert_int_equal(live, before);
    }
    failing = false;
    assert_true(cf_outbox_push(&outbox, chunk, &allocator));
    failing = true; /* it is there now, and the second segment has no place */
    assert_false(cf_outbox_push(&outbox, chunk, &allocator));
    failing = false;
    assert_int_equal(outbox.bytes, 10);
    cf_outbox_free(&outbox, &allocator);
    cf_chunk_release(chunk);
    assert_int_equal(live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_is_a_run_of_frames),
        cmocka_unit_test(the_first_segment_costs_no_allocation),
        cmocka_unit_test(bytes_come_out_as_they_went_in),
        cmocka_unit_test(a_form_is_made_once_for_all_who_want_it),
        cmocka_unit_test(an_outbox_counts_the_bytes_of_its_form),
        cmocka_unit_test(a_form_of_one_session_counts_with_its_frames),
        cmocka_unit_test(a_form_that_has_no_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

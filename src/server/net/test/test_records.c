#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/net/records.h"
#include "system/heap.h"

/* RFC 8448 3: a connection, with its secrets and what was sent by them. */
#define RANDOM "cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7 "
#define CLIENT "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"
#define SERVER "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"

#define CLIENT_DATA                                                                                                            \
    "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a297"       \
    "7014bd1e3deae63aeebb21694915e4"
#define CLIENT_END "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3"
#define SERVER_DATA                                                                                                            \
    "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8fcc49c4bf2e5f0a21c"       \
    "0047c2abf332540dd032e167c2955d"
#define SERVER_END "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9"

#define PLAIN_MAX 100000

/* Two ends of a connection, and what has come of reading at one of them. */
typedef struct scene {
    cf_record_ciphers *ciphers;
    cf_records client, server;
    cf_buffer sent;   /* by the client */
    cf_buffer answer; /* of the server */
    cf_records_reading reading;
    char plain[PLAIN_MAX];
} scene;

/* The secrets of what comes and of what goes, each with `more` behind it. */
static void begin(cf_records *end, unsigned suite, const char *in, const char *out, const char *more)
{
    char line[300];
    snprintf(line, sizeof(line), "CLIENT_TRAFFIC_SECRET_0 " RANDOM "%s%s", in, more);
    cf_records_learn(end, line);
    snprintf(line, sizeof(line), "SERVER_TRAFFIC_SECRET_0 " RANDOM "%s%s", out, more);
    cf_records_learn(end, line);
    assert_true(cf_records_begin(end, suite));
}

static scene *new_scene(unsigned suite)
{
    scene *self = calloc(1, sizeof(*self));
    assert_non_null(self);
    self->ciphers = cf_record_ciphers_new(&cf_heap);
    assert_non_null(self->ciphers);
    cf_buffer_init(&self->sent, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&self->answer, &cf_heap, CF_BUFFER_NO_LIMIT);
    const char *more = suite == 0x1302 ? "000102030405060708090a0b0c0d0e0f" : ""; /* SHA-384 */
    begin(&self->client, suite, SERVER, CLIENT, more);
    begin(&self->server, suite, CLIENT, SERVER, more);
    return self;
}

static void free_scene(scene *self)
{
    cf_records_end(&self->client);
    cf_records_end(&self->server);
    cf_record_ciphers_free(self->ciphers);
    cf_buffer_free(&self->sent);
    cf_buffer_free(&self->answer);
    free(self);
}

static void send_kind(scene *self, cf_record_kind kind, cf_bytes plain)
{
    assert_true(cf_records_seal(&self->client, self->ciphers, kind, plain, &self->sent));
}

static void say(scene *self, const char *text)
{
    send_kind(self, CF_RECORD_DATA, cf_bytes_of(text));
}

static cf_records_outcome hear_bytes(scene *self, cf_records *end, cf_bytes bytes, cf_buffer *answer)
{
    self->reading = (cf_records_reading){.rest = bytes, .plain = self->plain, .answer = answer};
    return cf_records_read(end, self->ciphers, &self->reading);
}

static cf_records_outcome hear(scene *self)
{
    cf_records_outcome outcome = hear_bytes(self, &self->server, cf_buffer_bytes(&self->sent), &self->answer);
    cf_buffer_consume(&self->sent, self->sent.size - self->reading.rest.size);
    return outcome;
}

static void assert_heard(const scene *self, const char *text)
{
    assert_int_equal(self->reading.size, strlen(text));
    assert_memory_equal(self->plain, text, strlen(text));
}

/* The client reads what the server answers. */
static void assert_answer(scene *self, cf_records_outcome outcome, const char *problem)
{
    cf_buffer none;
    cf_buffer_init(&none, &cf_heap, CF_BUFFER_NO_LIMIT);
    assert_int_equal(hear_bytes(self, &self->client, cf_buffer_bytes(&self->answer), &none), outcome);
    if (problem != NULL)
        assert_string_equal(self->reading.problem, problem);
    cf_buffer_clear(&self->answer);
    cf_buffer_free(&none);
}

static void assert_failed(scene *self, const char *problem, const char *alert)
{
    assert_int_equal(hear(self), CF_RECORDS_FAILED);
    assert_string_equal(self->reading.problem, problem);
    assert_answer(self, CF_RECORDS_FAILED, alert);
}

static size_t from_hex(const char *text, char *out)
{
    size_t size = strlen(text) / 2;
    for (size_t i = 0; i < size; i++)
        out[i] = (char)(cf_hex_digit(text[2 * i]) << 4 | cf_hex_digit(text[2 * i + 1]));
    return size;
}

static void assert_bytes(const cf_buffer *buffer, const char *hex)
{
    char bytes[200];
    size_t size = from_hex(hex, bytes);
    assert_int_equal(buffer->size, size);
    assert_memory_equal(buffer->data, bytes, size);
}

static void the_rfc_s_connection_is_continued(void **state)
{
    (void)state;
    scene *self = new_scene(0x1301);
    char text[50], bytes[200];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)i;
    assert_int_equal(hear_bytes(self, &self->server, cf_bytes_make(bytes, from_hex(CLIENT_DATA, bytes)), &self->answer),
                     CF_RECORDS_MORE);
    assert_int_equal(self->reading.size, sizeof(text));
    assert_memory_equal(self->plain, text, sizeof(text));
    assert_int_equal(hear_bytes(self, &self->server, cf_bytes_make(bytes, from_hex(CLIENT_END, bytes)), &self->answer),
                     CF_RECORDS_OVER);
    cf_records_written(&self->server); /* a ticket */
    assert_true(cf_records_seal(&self->server, self->ciphers, CF_RECORD_DATA, cf_bytes_make(text, 50), &self->answer));
    assert_bytes(&self->answer, SERVER_DATA);
    cf_buffer_clear(&self->answer);
    assert_true(cf_records_seal_end(&self->server, self->ciphers, &self->answer));
    assert_bytes(&self->answer, SERVER_END);
    free_scene(self);
}

static void each_suite_carries_records_of_every_size(void **state)
{
    (void)state;
    static char text[CF_RECORD_MAX];
    memset(text, 'x', sizeof(text));
    for (unsigned suite = 0x1301; suite <= 0x1303; suite++) {
        scene *self = new_scene(suite);
        for (size_t size = 1; size <= sizeof(text);
             size = size * 3 > sizeof(text) && size < sizeof(text) ? sizeof(text) : size * 3) {
            send_kind(self, CF_RECORD_DATA, cf_bytes_make(text, size));
            assert_int_equal(self->sent.size, size + CF_RECORD_OVERHEAD);
            assert_int_equal(hear(self), CF_RECORDS_MORE);
            assert_int_equal(self->reading.size, size);
            assert_memory_equal(self->plain, text, size);
        }
        free_scene(self);
    }
}

static void a_handshake_without_a_secret_or_with_a_foreign_suite_is_not_taken(void **state)
{
    (void)state;
    cf_records some = {.suite = NULL};
    cf_records_learn(&some, "CLIENT_TRAFFIC_SECRET_0 " RANDOM CLIENT);
    cf_records_learn(&some, "SERVER_HANDSHAKE_TRAFFIC_SECRET " RANDOM SERVER);
    assert_false(cf_records_begin(&some, 0x1301));
    cf_records_learn(&some, "SERVER_TRAFFIC_SECRET_0 " RANDOM SERVER);
    assert_false(cf_records_begin(&some, 0x1304));
    assert_true(cf_records_begin(&some, 0x1301));
}

static void what_comes_in_parts_is_read_when_it_is_whole(void **state)
{
    (void)state;
    scene *self = new_scene(0x1301);
    say(self, "one");
    say(self, "two");
    for (size_t size = 0; size < self->sent.size; size++) {
        cf_records before = self->server;
        (void)hear_bytes(self, &self->server, cf_buffer_bytes(&(cf_buffer){.data = self->sent.data, .size = size}),
                         &self->answer);
        assert_int_equal(self->reading.size, size >= 3 + CF_RECORD_OVERHEAD ? 3 : 0);
        assert_int_equal(size - self->reading.rest.size, size >= 3 + CF_RECORD_OVERHEAD ? 3 + CF_RECORD_OVERHEAD : 0);
        self->server = before;
    }
    assert_int_equal(hear(self), CF_RECORDS_MORE);
    assert_heard(self, "onetwo");
    free_scene(self);
}

static void send_update(scene *self, char asks)
{
    const char update[] = {24, 0, 0, 1, asks};
    send_kind(self, CF_RECORD_HANDSHAKE, cf_bytes_make(update, sizeof(update)));
}

static void keys_that_were_used_enough_are_replaced(void **state)
{
    (void)state;
    scene *self = new_scene(0x1302);
    self->client.out.count = self->server.in.count = CF_RECORD_SEALS_MAX - 1;
    say(self, "old");
    say(self, "new");
    assert_int_equal(self->client.out.count, 1);
    assert_int_equal(hear(self), CF_RECORDS_MORE);
    assert_heard(self, "oldnew");
    assert_int_equal(self->answer.size, 0);
    free_scene(self);
}

static void a_peer_that_asks_for_new_keys_gets_them(void **state)
{
    (void)state;
    scene *self = new_scene(0x1301);
    send_update(self, 1);
    assert_int_equal(hear(self), CF_RECORDS_MORE);
    assert_true(cf_records_seal(&self->server, self->ciphers, CF_RECORD_DATA, CF_BYTES("by new keys"), &self->answer));
    assert_answer(self, CF_RECORDS_MORE, NULL);
    assert_heard(self, "by new keys");
    free_scene(self);
}

static void an_update_may_come_in_parts_and_nothing_between(void **state)
{
    (void)state;
    scene *self = new_scene(0x1301);
    send_kind(self, CF_RECORD_HANDSHAKE, cf_bytes_make("\x18\0", 2));
    assert_int_equal(hear(self), CF_RECORDS_MORE);
    cf_records half = self->server, sender = self->client;
    send_kind(self, CF_RECORD_HANDSHAKE, cf_bytes_make("\0\1\1", 3));
    assert_int_equal(hear(self), CF_RECORDS_MORE);
    assert_answer(self, CF_RECORDS_MORE, NULL);
    self->server = half;
    self->client = sender;
    say(self, "between");
    assert_failed(self, "unexpected record", "unexpected_message");
    free_scene(self);
}

typedef struct bad_record {
    cf_record_kind kind;
    cf_bytes plain;
    const char *problem, *alert;
} bad_record;

static void what_no_client_may_say_is_answered_with_an_alert(void **state)
{
    (void)state;
    static const bad_record all[] = {
        {CF_RECORD_HANDSHAKE, CF_LITERAL("\1\0\0\1\0"), "unexpected message", "unexpected_message"},
        {CF_RECORD_HANDSHAKE, CF_LITERAL("\x18\0\0\1\1\x18"), "unexpected message", "unexpected_message"},
        {CF_RECORD_HANDSHAKE, CF_LITERAL(""), "unexpected message", "unexpected_message"},
        {CF_RECORD_HANDSHAKE, CF_LITERAL("\x18\0\0\1\2"), "bad key update", "illegal parameter"},
        {CF_RECORD_ALERT, CF_LITERAL("\1"), "bad alert", "decode error"},
        {(cf_record_kind)20, CF_LITERAL("\1"), "unexpected record", "unexpected_message"},
        {(cf_record_kind)0, CF_LITERAL("\0\0"), "record without a kind", "unexpected_message"},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        scene *self = new_scene(0x1301);
        send_kind(self, all[i].kind, all[i].plain);
        assert_failed(self, all[i].problem, all[i].alert);
        free_scene(self);
    }
}

static void assert_bytes_fail(cf_bytes bytes, const char *problem)
{
    scene *self = new_scene(0x1301);
    assert_int_equal(hear_bytes(self, &self->server, bytes, &self->answer), CF_RECORDS_FAILED);
    assert_string_equal(self->reading.problem, problem);
    free_scene(self);
}

static void bytes_that_are_no_records_fail_with_their_header(void **state)
{
    (void)state;
    assert_bytes_fail(CF_BYTES("\x16\3\3\0\x20"), "unexpected record");
    assert_bytes_fail(CF_BYTES("\x17\3\3\x41\1"), "record too long");
    assert_bytes_fail(CF_BYTES("\x17\3\3\0\1x"), "decryption failed or bad record mac");
    assert_bytes_fail(CF_BYTES("\x17\3\3\0\x11xxxxxxxxxxxxxxxxx"), "decryption failed or bad record mac");
}

static void records_that_say_nothing_and_new_keys_have_their_limits(void **state)
{
    (void)state;
    scene *self = new_scene(0x1301);
    for (size_t i = 0; i < CF_RECORD_EMPTY_MAX; i++)
        say(self, "");
    assert_int_equal(hear(self), CF_RECORDS_MORE);
    for (size_t i = 0; i <= CF_RECORD_EMPTY_MAX; i++)
        send_kind(self, CF_RECORD_ALERT, CF_BYTES("\1\x5a")); /* user_canceled */
    assert_failed(self, "too many empty records", "unexpected_message");
    free_scene(self);
    self = new_scene(0x1301);
    for (size_t i = 0; i <= CF_RECORD_UPDATES_MAX; i++) {
        assert_true(cf_records_seal_update(&self->client, self->ciphers, &self->sent));
        say(self, "x");
    }
    assert_failed(self, "too many new keys", "unexpected_message");
    free_scene(self);
}

static void the_peer_s_alert_is_the_problem(void **state)
{
    (void)state;
    scene *self = new_scene(0x1301);
    say(self, "last");
    send_kind(self, CF_RECORD_ALERT, CF_BYTES("\2\x14"));
    assert_int_equal(hear(self), CF_RECORDS_FAILED);
    assert_heard(self, "last");
    assert_string_equal(self->reading.problem, "bad record mac");
    assert_int_equal(self->answer.size, 0);
    free_scene(self);
}

/* One cipher serves many connections. */
static void connections_do_not_get_each_other_s_keys(void **state)
{
    (void)state;
    scene *self = new_scene(0x1301);
    cf_records other = self->server, swapped = self->server;
    swapped.in = self->server.out;
    swapped.out = self->server.in;
    cf_buffer theirs;
    cf_buffer_init(&theirs, &cf_heap, CF_BUFFER_NO_LIMIT);
    for (size_t i = 0; i < 3; i++) {
        say(self, "mine");
        assert_true(cf_records_seal(&other, self->ciphers, CF_RECORD_DATA, CF_BYTES("theirs"), &theirs));
        assert_int_equal(hear(self), CF_RECORDS_MORE);
        assert_heard(self, "mine");
        assert_int_equal(hear_bytes(self, &swapped, cf_buffer_bytes(&theirs), &self->answer), CF_RECORDS_MORE);
        assert_heard(self, "theirs");
        cf_buffer_clear(&theirs);
    }
    cf_buffer_free(&theirs);
    free_scene(self);
}

static void without_room_nothing_is_sealed(void **state)
{
    (void)state;
    scene *self = new_scene(0x1301);
    cf_buffer small;
    cf_buffer_init(&small, &cf_heap, 20);
    assert_false(cf_records_seal(&self->server, self->ciphers, CF_RECORD_DATA, CF_BYTES("text"), &small));
    assert_int_equal(small.size, 0);
    cf_buffer_free(&small);
    free_scene(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfc_s_connection_is_continued),
        cmocka_unit_test(each_suite_carries_records_of_every_size),
        cmocka_unit_test(a_handshake_without_a_secret_or_with_a_foreign_suite_is_not_taken),
        cmocka_unit_test(what_comes_in_parts_is_read_when_it_is_whole),
        cmocka_unit_test(keys_that_were_used_enough_are_replaced),
        cmocka_unit_test(a_peer_that_asks_for_new_keys_gets_them),
        cmocka_unit_test(an_update_may_come_in_parts_and_nothing_between),
        cmocka_unit_test(what_no_client_may_say_is_answered_with_an_alert),
        cmocka_unit_test(bytes_that_are_no_records_fail_with_their_header),
        cmocka_unit_test(records_that_say_nothing_and_new_keys_have_their_limits),
        cmocka_unit_test(the_peer_s_alert_is_the_problem),
        cmocka_unit_test(connections_do_not_get_each_other_s_keys),
        cmocka_unit_test(without_room_nothing_is_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

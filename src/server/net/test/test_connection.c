#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/net/link.h"
#include "server/net/listener.h"
#include "system/heap.h"

/* Connections on a real loop, over 127.0.0.1. What is asserted are bytes in a round of the loop, never a time. */

#define FLOOD_SIZE (1024 * 1024)
#define ENDS_MAX   21

/* A server's end and what it has read. */
typedef struct end {
    cf_connection *connection;
    int peer;
    size_t in_round; /* bytes */
    size_t most;     /* in_round ever had */
    size_t total;
    char last; /* byte */
    bool gone;
} end;

typedef struct scene {
    uv_loop_t loop;
    cf_net net;
    cf_wheel *wheel;
    uv_tcp_t listener;
    uv_prepare_t prepare;
    end ends[ENDS_MAX];
    size_t accepted;
} scene;

static void enter(void *user)
{
    (void)user;
}

static bool input(void *user, size_t size)
{
    (void)user;
    (void)size;
    return false;
}

static void on_round(uv_prepare_t *handle)
{
    scene *self = handle->data;
    (void)cf_net_begin_round(&self->net);
    for (size_t i = 0; i < self->accepted; i++)
        self->ends[i].in_round = 0;
}

static void on_read(cf_connection *connection, char *data, size_t size)
{
    end *self = cf_connection_owner(connection);
    self->total += size;
    self->last = data[size - 1];
    self->in_round += size;
    self->most = self->in_round > self->most ? self->in_round : self->most;
}

static void on_ended(cf_connection *connection)
{
    end *self = cf_connection_owner(connection);
    self->gone = true;
    cf_connection_close(connection);
}

static void nothing(cf_connection *connection)
{
    (void)connection;
}

static const cf_protocol protocol = {on_read, nothing, nothing, on_ended, nothing, nothing, false};

static void on_connection(uv_stream_t *stream, int status)
{
    scene *self = stream->data;
    assert_int_equal(status, 0);
    end *accepted = &self->ends[self->accepted++];
    accepted->connection = cf_connection_accept(&self->net, stream, &cf_link_plain);
    assert_non_null(accepted->connection);
}

static void listen_on_any(scene *self)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(uv_tcp_init(&self->loop, &self->listener), 0);
    self->listener.data = self;
    assert_int_equal(uv_tcp_bind(&self->listener, (const struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&self->listener, 8, on_connection), 0);
}

static void connect_peers(scene *self, size_t count)
{
    struct sockaddr_in address;
    int size = sizeof(address);
    assert_int_equal(uv_tcp_getsockname(&self->listener, (struct sockaddr *)&address, &size), 0);
    for (size_t i = self->accepted; i < count; i++) {
        self->ends[i].peer = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(self->ends[i].peer, (struct sockaddr *)&address, sizeof(address)), 0);
        while (self->accepted == i)
            (void)uv_run(&self->loop, UV_RUN_ONCE);
    }
}

static int set_up(void **state)
{
    scene *self = calloc(1, sizeof(*self));
    *state = self;
    if (self == NULL || uv_loop_init(&self->loop) != 0)
        return -1;
    self->wheel = cf_wheel_new(&cf_heap, 0);
    cf_net_init(&self->net, &self->loop, &cf_heap, self->wheel);
    self->net.enter = enter;
    self->net.input = input;
    (void)uv_prepare_init(&self->loop, &self->prepare);
    self->prepare.data = self;
    (void)uv_prepare_start(&self->prepare, on_round);
    listen_on_any(self);
    connect_peers(self, 2);
    return 0;
}

static int tear_down(void **state)
{
    scene *self = *state;
    cf_net_drop_all(&self->net);
    uv_close((uv_handle_t *)&self->listener, NULL);
    uv_close((uv_handle_t *)&self->prepare, NULL);
    (void)uv_run(&self->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&self->loop), 0);
    for (size_t i = 0; i < self->accepted; i++)
        (void)close(self->ends[i].peer);
    cf_wheel_free(self->wheel);
    free(self);
    return 0;
}

/* The peer's socket takes what it takes. */
static size_t flood(const end *to, size_t size)
{
    static const char zeros[65536];
    size_t sent = 0;
    while (sent < size) {
        ssize_t taken = send(to->peer, zeros, size - sent < sizeof(zeros) ? size - sent : sizeof(zeros), MSG_DONTWAIT);
        if (taken <= 0)
            break;
        sent += (size_t)taken;
    }
    return sent;
}

static void test_a_flood_is_read_once_in_a_round(void **state)
{
    scene *self = *state;
    end *loud = &self->ends[0];
    end *quiet = &self->ends[1];
    size_t sent = flood(loud, FLOOD_SIZE);
    assert_true(sent > 2 * CF_NET_READ_BUFFER);
    assert_int_equal(send(quiet->peer, "ping", 4, 0), 4);
    for (size_t i = 0; i < 2; i++)
        cf_connection_start(self->ends[i].connection, &protocol, &self->ends[i]);
    while (quiet->total < 4)
        (void)uv_run(&self->loop, UV_RUN_ONCE);
    assert_true(loud->total <= 2 * CF_NET_READ_BUFFER);
    while (loud->total < sent)
        (void)uv_run(&self->loop, UV_RUN_ONCE);
    assert_int_equal(loud->total, sent);
    assert_true(loud->most <= CF_NET_READ_BUFFER);
}

static bool much_input(void *user, size_t size)
{
    (void)user;
    (void)size;
    return true;
}

static void on_turn(cf_connection *connection)
{
    end *self = cf_connection_owner(connection);
    self->total++;
    cf_connection_yield(connection);
}

static void test_those_who_go_on_fill_a_few_turns_in_a_round(void **state)
{
    static const cf_protocol worker = {on_read, nothing, on_turn, on_ended, nothing, nothing, false};
    scene *self = *state;
    connect_peers(self, ENDS_MAX);
    self->net.input = much_input;
    for (size_t i = 0; i < ENDS_MAX; i++) {
        cf_connection_start(self->ends[i].connection, &worker, &self->ends[i]);
        cf_connection_yield(self->ends[i].connection);
    }
    for (size_t turns = 0, before = 0; turns < ENDS_MAX * CF_NET_GO_ON_MAX; before = turns) {
        (void)cf_net_begin_round(&self->net);
        turns = 0;
        for (size_t i = 0; i < ENDS_MAX; i++)
            turns += self->ends[i].total;
        assert_int_equal(turns, before + CF_NET_GO_ON_MAX);
    }
    for (size_t i = 0; i < ENDS_MAX; i++)
        assert_int_equal(self->ends[i].total, CF_NET_GO_ON_MAX);
}

static void test_the_end_behind_a_full_buffer_is_seen(void **state)
{
    scene *self = *state;
    end *loud = &self->ends[0];
    assert_int_equal(flood(loud, CF_NET_READ_BUFFER), CF_NET_READ_BUFFER);
    assert_int_equal(shutdown(loud->peer, SHUT_WR), 0);
    cf_connection_start(loud->connection, &protocol, loud);
    while (!loud->gone)
        (void)uv_run(&self->loop, UV_RUN_ONCE);
    assert_int_equal(loud->total, CF_NET_READ_BUFFER);
}

/* ---- a link that turns each byte around ---- */

static size_t links_freed;

static void turn_around(char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (char)~data[i];
}

/* Takes two bytes at once. */
static ptrdiff_t inverted_try(cf_connection *connection, const cf_bytes *slices, size_t count)
{
    char part[2];
    cf_bytes bytes = cf_bytes_slice(slices[0], 0, sizeof(part));
    assert_int_equal(count, 1);
    memcpy(part, bytes.data, bytes.size);
    turn_around(part, bytes.size);
    bytes.data = part;
    return cf_link_plain.try(connection, &bytes, 1);
}

static bool inverted_queue(cf_connection *connection, cf_bytes bytes, void (*release)(void *holder), void *holder)
{
    turn_around((char *)(uintptr_t)bytes.data, bytes.size); /* a copy of cf_connection_send's */
    return cf_link_plain.queue(connection, bytes, release, holder);
}

static size_t inverted_queued(const cf_connection *connection)
{
    return cf_link_plain.queued(connection);
}

static void inverted_input(cf_connection *connection, char *data, size_t size)
{
    turn_around(data, size);
    cf_link_plain.input(connection, data, size);
}

static void inverted_release(cf_connection *connection)
{
    (void)connection;
    links_freed++;
}

static const cf_link_ops inverted = {
    .size = sizeof(cf_connection),
    .try = inverted_try,
    .queue = inverted_queue,
    .queued = inverted_queued,
    .input = inverted_input,
    .release = inverted_release,
};

static void test_a_protocol_does_not_know_its_link(void **state)
{
    scene *self = *state;
    end *other = &self->ends[0];
    char got[4] = "";
    links_freed = 0;
    other->connection->ops = &inverted;
    cf_connection_start(other->connection, &protocol, other);
    assert_int_equal(send(other->peer, "\x9e", 1, 0), 1);
    while (other->total == 0)
        (void)uv_run(&self->loop, UV_RUN_ONCE);
    assert_int_equal(other->last, 'a');
    assert_true(cf_connection_send(other->connection, CF_BYTES("abcd")));
    assert_int_equal(recv(other->peer, got, 4, MSG_WAITALL), 4);
    assert_memory_equal(got, "\x9e\x9d\x9c\x9b", 4);
    cf_connection_close(other->connection);
    (void)uv_run(&self->loop, UV_RUN_NOWAIT);
    assert_int_equal(links_freed, 1);
}

/* ---- requests ---- */

static void refuse(void *user, cf_http_exchange *exchange, const cf_http_request *request, unsigned port)
{
    size_t *requests = user;
    (void)request;
    (void)port;
    (*requests)++;
    cf_http_response response = cf_http_plain(404);
    cf_http_exchange_respond(exchange, &response);
}

static int connect_to(const cf_listener *listener)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)listener->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(peer, (struct sockaddr *)&address, sizeof(address)), 0);
    return peer;
}

static void test_requests_in_a_row_are_answered_in_portions(void **state)
{
    enum { ROW = 10 * CF_HTTP_REQUESTS_MAX + 1 };
    static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    scene *self = *state;
    char row[ROW * (sizeof(request) - 1)];
    size_t requests = 0;
    cf_http_server http = {.net = &self->net, .request = refuse, .idle_timeout = 1000, .user = &requests};
    cf_listener listener = {.bit = 1};
    assert_int_equal(cf_listener_open(&listener, &http, "127.0.0.1", 0, 1), 0);
    for (size_t i = 0; i < ROW; i++)
        memcpy(row + i * (sizeof(request) - 1), request, sizeof(request) - 1);
    int peer = connect_to(&listener);
    assert_int_equal(send(peer, row, sizeof(row), 0), sizeof(row));
    assert_int_equal(shutdown(peer, SHUT_WR), 0); /* which is heard behind the last of them */
    for (size_t answered = 0; answered < ROW; answered = requests) {
        (void)uv_run(&self->loop, UV_RUN_NOWAIT);
        assert_true(requests - answered <= 2 * CF_HTTP_REQUESTS_MAX); /* its read and its wait may end in one round */
    }
    assert_int_equal(requests, ROW);
    (void)close(peer);
    cf_listener_close(&listener);
    cf_net_drop_all(&self->net);
    (void)uv_run(&self->loop, UV_RUN_NOWAIT);
}

#define LONG_ANSWER (64 * 1024 * 1024)
#define SOCKETS_MAX (12 * 1024 * 1024) /* more than two sockets hold: who has read it has made room for more */

static void answer_long(void *user, cf_http_exchange *exchange, const cf_http_request *request, unsigned port)
{
    size_t *requests = user;
    char *body = calloc(1, LONG_ANSWER);
    (void)request;
    (void)port;
    (*requests)++;
    cf_http_response response = {.status = 200, .body = {body, LONG_ANSWER}};
    cf_http_exchange_respond(exchange, &response);
    free(body);
}

/* To just before the end of what is set now: deadlines are of the loop's clock, the wheel alone is ahead of it. */
static void pass_write_timeout(scene *self)
{
    cf_wheel_advance(self->wheel, cf_net_now(&self->net) + CF_HTTP_WRITE_TIMEOUT - CF_WHEEL_TICK);
    (void)uv_run(&self->loop, UV_RUN_NOWAIT);
}

/* Takes long enough for pass_write_timeout to pass what was set before. */
static void take(scene *self, int peer, size_t size)
{
    static char part[65536];
    size_t taken = 0;
    cf_time until = cf_net_now(&self->net) + 3 * CF_WHEEL_TICK;
    while (taken < size || cf_net_now(&self->net) < until) {
        ssize_t got = taken < size ? recv(peer, part, sizeof(part), MSG_DONTWAIT) : 0;
        taken += got > 0 ? (size_t)got : 0;
        (void)uv_run(&self->loop, UV_RUN_NOWAIT);
    }
}

static void test_a_long_answer_waits_for_who_takes_of_it(void **state)
{
    scene *self = *state;
    size_t requests = 0;
    cf_http_server http = {.net = &self->net, .request = answer_long, .idle_timeout = 1000, .user = &requests};
    cf_listener listener = {.bit = 1};
    assert_int_equal(cf_listener_open(&listener, &http, "127.0.0.1", 0, 1), 0);
    int peer = connect_to(&listener);
    size_t before = self->net.connection_count;
    assert_int_equal(send(peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 27, 0), 27);
    while (requests == 0)
        (void)uv_run(&self->loop, UV_RUN_NOWAIT);
    for (size_t i = 0; i < 3; i++) {
        take(self, peer, SOCKETS_MAX);
        pass_write_timeout(self);
        assert_int_equal(self->net.connection_count, before + 1);
    }
    assert_true(http.answers > 0);
    while (self->net.connection_count > before) {
        take(self, peer, 0);
        pass_write_timeout(self);
    }
    assert_int_equal(http.answers, 0);
    (void)close(peer);
    cf_listener_close(&listener);
    (void)uv_run(&self->loop, UV_RUN_NOWAIT);
}

static void test_a_storm_comes_and_goes_in_portions(void **state)
{
    enum { STORM = 200 };
    scene *self = *state;
    int peers[STORM];
    size_t requests = 0;
    cf_http_server http = {.net = &self->net, .request = refuse, .user = &requests};
    cf_listener listener = {.bit = 1};
    assert_int_equal(cf_listener_open(&listener, &http, "127.0.0.1", 0, 1), 0);
    size_t before = self->net.connection_count;
    for (size_t i = 0; i < STORM; i++)
        peers[i] = connect_to(&listener);
    for (size_t taken = 0; taken < STORM; taken = self->net.connection_count - before) {
        cf_listener_begin_round(&listener);
        (void)uv_run(&self->loop, UV_RUN_ONCE);
        assert_true(self->net.connection_count - before - taken <= CF_LISTENER_ACCEPTS_MAX);
    }
    for (size_t i = 0; i < STORM; i++)
        assert_int_equal(send(peers[i], "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 27, 0), 27);
    for (size_t answered = 0; answered < STORM; answered = requests) {
        (void)uv_run(&self->loop, UV_RUN_NOWAIT);
        assert_true(requests - answered <= CF_NET_PATIENT_MAX);
    }
    for (size_t i = 0; i < STORM; i++)
        (void)close(peers[i]);
    while (self->net.connection_count > before) {
        size_t left = self->net.connection_count;
        (void)uv_run(&self->loop, UV_RUN_NOWAIT);
        assert_true(left - self->net.connection_count <= CF_NET_ENDS_MAX);
    }
    cf_listener_close(&listener);
    cf_net_drop_all(&self->net);
    (void)uv_run(&self->loop, UV_RUN_NOWAIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_flood_is_read_once_in_a_round, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_those_who_go_on_fill_a_few_turns_in_a_round, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_end_behind_a_full_buffer_is_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_protocol_does_not_know_its_link, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_requests_in_a_row_are_answered_in_portions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_long_answer_waits_for_who_takes_of_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_storm_comes_and_goes_in_portions, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The driver with a transport that is no WebSocket: what is sent goes nowhere, what is received the test writes into a pipe.
 */
#include "native/test/support.h"
#include "native/transport.h"

#include <unistd.h>

typedef struct cf_piped {
    cf_native_transport base;
    int reader;
    int writer;
    bool opened;
    bool dead;
    bool sent; /* since the last flush */
} cf_piped;

static cf_journal journal;
static cf_piped *current;

static cf_piped *piped_of(const cf_native_transport *transport)
{
    return CF_CONTAINER(transport, cf_piped, base);
}

static void send_text(cf_native_transport *transport, cf_bytes text)
{
    note(&journal, "send %.*s; ", (int)text.size, text.data);
    piped_of(transport)->sent = true;
}

static void flush(cf_native_transport *transport)
{
    if (piped_of(transport)->sent)
        note(&journal, "flush; ");
    piped_of(transport)->sent = false;
    transport->tell->unsent(transport);
}

static void resume(cf_native_transport *transport)
{
    (void)transport;
}

static bool ready(cf_native_transport *transport, centrifuge_socket handle, int events)
{
    const cf_piped *self = piped_of(transport);
    char text[1024];
    if (self->dead || handle != self->reader)
        return false;
    assert_int_equal(events, CENTRIFUGE_READABLE);
    ssize_t size = read(self->reader, text, sizeof text);
    assert_true(size > 0);
    transport->tell->received(transport, cf_bytes_make(text, (size_t)size));
    return true;
}

static void timers(cf_native_transport *transport, cf_time now, bool read_all)
{
    cf_piped *self = piped_of(transport);
    (void)now;
    (void)read_all;
    if (self->opened || self->dead)
        return;
    self->opened = true;
    transport->tell->opened(transport);
}

static cf_time deadline(const cf_native_transport *transport)
{
    return piped_of(transport)->opened ? CF_TIME_NEVER : 0;
}

static size_t unsent(const cf_native_transport *transport)
{
    return piped_of(transport)->sent;
}

static void end_pipe(cf_native_transport *transport)
{
    cf_piped *self = piped_of(transport);
    if (!self->dead)
        cf_native_loop_watch(&transport->client->loop, self->reader, 0);
    self->dead = self->opened = true;
}

static void close_politely(cf_native_transport *transport)
{
    note(&journal, "goodbye; ");
    end_pipe(transport);
}

static void reap(cf_native_transport *transport)
{
    cf_piped *self = piped_of(transport);
    if (!self->dead)
        return;
    note(&journal, "reaped; ");
    cf_list_remove(&transport->link);
    close(self->reader);
    close(self->writer);
    free(self);
}

static const char *name(const cf_native_transport *transport)
{
    (void)transport;
    return "pipe";
}

static const cf_native_transport_ops piped_ops = {
    .name = name,
    .send = send_text,
    .flush = flush,
    .resume = resume,
    .ready = ready,
    .timers = timers,
    .deadline = deadline,
    .unsent = unsent,
    .close = close_politely,
    .kill = end_pipe,
    .abandon = end_pipe,
    .reap = reap,
};

static centrifuge_error open_pipe(centrifuge_client *client, uint32_t id, cf_bytes address,
                                  const cf_native_transport_events *tell, cf_native_transport **opened)
{
    int ends[2];
    note(&journal, "open %.*s; ", (int)address.size, address.data);
    current = calloc(1, sizeof *current);
    assert_non_null(current);
    assert_int_equal(pipe(ends), 0);
    current->base = (cf_native_transport){.client = client, .ops = &piped_ops, .tell = tell, .id = id};
    current->reader = ends[0];
    current->writer = ends[1];
    assert_true(cf_native_loop_watch(&client->loop, current->reader, CENTRIFUGE_READABLE));
    cf_list_append(&client->transports, &current->base.link);
    *opened = &current->base;
    return CENTRIFUGE_ERROR_OK;
}

static void say(const char *text)
{
    assert_int_equal(write(current->writer, text, strlen(text)), strlen(text));
}

static void start(void)
{
    make_quick_client(NULL, &journal)->open = open_pipe;
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "flush; ");
    say("{\"uid\":\"1\",\"method\":\"connect\",\"body\":{\"client\":\"c1\"}}");
    run_until(&journal, "connect c1 pipe; ");
}

static void a_client_speaks_through_another_transport(void **state)
{
    (void)state;
    start();
    subscribe(&journal, "news");
    run_until(&journal, "\"subscribe\"");
    say("{\"uid\":\"2\",\"method\":\"subscribe\",\"body\":{\"channel\":\"news\",\"status\":true}}");
    run_until(&journal, "subscribe news; ");
    say("{\"method\":\"message\",\"body\":{\"uid\":\"m\",\"channel\":\"news\",\"data\":7}}");
    run_until(&journal, "message news 7 m ; ");
    OK(centrifuge_client_disconnect(journal.client));
    OK(centrifuge_client_run(journal.client));
    assert_true(noted(&journal, "goodbye; "));
    assert_true(noted(&journal, "reaped; "));
    OK(centrifuge_client_destroy(journal.client));
}

static void the_next_transport_follows_one_that_is_lost(void **state)
{
    (void)state;
    start();
    journal.text[0] = '\0';
    cf_native_transport *lost = &current->base;
    end_pipe(lost);
    lost->tell->lost(lost, CENTRIFUGE_ERROR_NETWORK, "cut");
    run_until(&journal, "flush; ");
    assert_true(noted(&journal, "closed NETWORK 1006 "));
    assert_true(noted(&journal, "reaped; "));
    assert_int_equal(times_noted(&journal, "open "), 1);
    OK(centrifuge_client_destroy(journal.client));
    assert_int_equal(times_noted(&journal, "reaped; "), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_speaks_through_another_transport),
        cmocka_unit_test(the_next_transport_follows_one_that_is_lost),
    };
    return cmocka_run_group_tests_name("native driver", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/census.h"
#include "server/session_state.h"
#include "server/test/harness.h"

/* What is counted without a look at idle sessions is what a look at all of them finds. */

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define CLIENTS 12
#define STEPS   3000
#define PUBLISH "{\"method\":\"publish\",\"params\":{\"channel\":\"x\",\"data\":\"some text for everybody\"}}"

static harness h;
static harness_client clients[CLIENTS];
static uint32_t state_of_chance = 1;

static int setup(void **state)
{
    (void)state;
    harness_init(&h);
    h.config.channel.publish = true;
    h.config.publish_wait_timeout = 0;
    return harness_start(&h, cf_engine_memory_new) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    harness_stop(&h);
    for (size_t i = 0; i < CLIENTS; i++)
        harness_forget(&clients[i]);
    memset(clients, 0, sizeof clients);
    return 0;
}

static cf_hub *hub(void)
{
    return cf_node_services(h.node)->hub;
}

static void join(harness_client *client)
{
    harness_connect(&h, client, "user");
    client->quiet = true;
    harness_send(client, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"x\"}}");
}

static cf_census taken(void)
{
    cf_census census = {.transport_count = 0};
    cf_census_add(&census, hub());
    return census;
}

static void check(void)
{
    cf_census census = taken();
    size_t sessions = 0, bytes = 0, memory = 0, longest = 0;
    CF_LIST_EACH (link, &hub()->sessions) {
        const cf_session *session = CF_CONTAINER(link, cf_session, link);
        sessions++;
        bytes += session->outbox.bytes;
        memory += session->outbox.memory;
        longest = session->outbox.bytes > longest ? session->outbox.bytes : longest;
    }
    assert_int_equal(census.queue_bytes, bytes);
    assert_int_equal(census.queue_memory, memory);
    assert_int_equal(census.longest_queue, longest);
    assert_int_equal(census.transport_count > 0 ? census.transports[0].sessions : 0, sessions);
}

static uint32_t chance(uint32_t limit)
{
    state_of_chance = state_of_chance * 1664525 + 1013904223;
    return (state_of_chance >> 16) % limit;
}

static void act(harness_client *client)
{
    switch (chance(5)) {
    case 0:
        client->blocked = !client->blocked;
        break;
    case 1:
        client->window = chance(2) * 40;
        cf_session_writable(client->session);
        break;
    case 2:
        cf_session_close(client->session, CF_TROUBLE_DISCONNECT);
        break;
    default:
        harness_feed(client, PUBLISH);
    }
}

static void it_is_right_whatever_happens(void **state)
{
    (void)state;
    for (size_t i = 0; i < CLIENTS; i++)
        join(&clients[i]);
    cf_node_services(h.node)->turn.limits.writes = CLIENTS / 3 * CF_WORK_WRITE; /* some wait for the next turn */
    cf_node_services(h.node)->turn.limits.pushes = 2 * CF_WORK_WRITE;
    size_t waited = 0;
    for (size_t i = 0; i < STEPS; i++) {
        harness_client *client = &clients[chance(CLIENTS)];
        if (client->session == NULL)
            join(client);
        harness_begin(&h);
        act(client);
        (void)harness_end_turn(&h);
        check();
        waited += taken().queue_bytes > 0;
    }
    assert_true(waited > STEPS / 4);
}

static void kinds_of_transports_are_counted_apart(void **state)
{
    (void)state;
    cf_transport_ops other;
    harness_connect(&h, &clients[0], "user");
    harness_connect(&h, &clients[1], "user");
    other = *clients[1].session->ops;
    other.name = "other";
    harness_begin(&h);
    cf_session *session = cf_session_new(cf_node_services(h.node), &other, &clients[2]);
    harness_end(&h);
    cf_census census = taken();
    assert_int_equal(census.transport_count, 2);
    assert_int_equal(census.transports[0].sessions, 2);
    assert_string_equal(census.transports[1].name, "other");
    assert_int_equal(census.transports[1].sessions, 1);
    harness_begin(&h);
    cf_session_gone(session);
    harness_end(&h);
    assert_int_equal(taken().transports[1].sessions, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_right_whatever_happens),
        TEST(kinds_of_transports_are_counted_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What most tests of the server's core stand on: a node, which a test starts when it has changed the configuration, and three
 * clients. For one program each.
 */
#ifndef CF_SERVER_TEST_TRIO_H
#define CF_SERVER_TEST_TRIO_H

#include "server/test/harness.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static harness h;
static harness_client a, b, c;

static inline int setup(void **state)
{
    (void)state;
    harness_init(&h);
    return 0;
}

static inline void start(void)
{
    assert_true(harness_start(&h, cf_engine_memory_new));
}

static inline int teardown(void **state)
{
    (void)state;
    if (h.node != NULL)
        harness_stop(&h);
    harness_forget(&a);
    harness_forget(&b);
    harness_forget(&c);
    return 0;
}

static inline void done(void *user, cf_trouble trouble)
{
    (void)user;
    assert_int_equal(trouble, CF_TROUBLE_NONE);
}

/* As the HTTP API does. */
static inline void publish(const char *channel, const char *data)
{
    cf_node_publish(h.node, cf_bytes_of(channel), cf_bytes_of(data), CF_BYTES(""), CF_BYTES(""), done, NULL);
}

static inline void subscribe(harness_client *client, const char *channel)
{
    char text[200];
    snprintf(text, sizeof text, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"%s\"}}", channel);
    harness_send(client, text);
    harness_forget(client);
}

#endif

/*
 * A scripted driver for tests of the client core: virtual time, a memory that
 * can fail, random numbers that are chosen, and a transcript of all effects, so
 * that an expectation reads like a story. Apostrophes stand for quotation marks
 * in what is received and in the transcript.
 *
 *     open 1 ws://host/connection/websocket        transport effects
 *     send 1 {'method':'ping','uid':'2'}
 *     close 1
 *     connect c1 raw-websocket 0 ms                events of the client
 *     disconnect 'client' stop                     (or `again`)
 *     transport-close 'bye' again OK
 *     error REFUSED 'limit exceeded' 'retry' {raw}
 *     news: message m1 {'a':1} from 'x' info {..}  events of a subscription (`from`, `info` where present)
 *     news: join c2 {data}
 *     news: subscribe first                        (or `again`, `recovered` behind)
 *     news: refused REFUSED 'permission denied' 'fix' first
 *     news: unsubscribe
 *     news: removed
 *     result p1 OK {body}                          ends of calls, by the names they were given
 *     result p2 TIMEOUT 'timeout' 'retry'
 *     authorize 1 {body}                           requests
 *     refresh 2
 *     cancel 1
 *     refresh-failed
 *     high-water LIMIT_CALLS 3 of 4
 *     log WARNING text                             only with `show_logs`
 */
#ifndef CLIENT_TEST_DRIVER_H
#define CLIENT_TEST_DRIVER_H

#include "base/test/test.h"
#include "client/core.h"

typedef struct driver driver;

struct driver {
    cf_client *client;
    cf_client_options options;
    cf_environment environment;
    cf_allocator allocator;
    cf_time now;
    uint32_t random;    /* what the core gets */
    uint32_t transport; /* id of the last one opened */
    uint32_t request;   /* of the last one asked for */
    bool transport_live;
    bool inside; /* an effect is carried out */
    bool show_logs;
    size_t opens; /* transports, all in all */
    /* memory */
    size_t allocations; /* so far */
    size_t fail_at;     /* the allocation of this number fails, and ... */
    bool fail_on;       /* ... all that follow */
    size_t blocks;      /* held */
    size_t bytes;
    /* called with every effect, after it was written down; may call the core */
    void (*hook)(driver *d, const cf_effect *effect);
    void *hook_user;
    char *received; /* text that the core may still read */
    char *log;
    size_t log_size;
};

/* A test whose *state is a driver, from driver_init to driver_end. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, driver_set_up, driver_tear_down)
int driver_set_up(void **state);
int driver_tear_down(void **state);

/* A client with url ws://host and user u, timestamp 1, token t; random 0, so that waits are as long as they can be. */
void driver_init(driver *d);
/* Makes the client: between the two, options may be changed. False when there was no memory. */
bool driver_start(driver *d);
/* Shuts down, takes the last effects, frees; asserts that all memory came back. */
void driver_end(driver *d);

/* Takes all effects. */
void driver_pump(driver *d);
/* Asserts what has happened since the last call, one line for each effect, and forgets it. */
void driver_expect(driver *d, const char *file, int line, const char *lines);
#define expect(d, lines) driver_expect((d), __FILE__, __LINE__, (lines))
void driver_forget(driver *d);
/* How often does a line with this beginning stand in the transcript? */
size_t driver_count(const driver *d, const char *beginning);
void driver_expect_state(const driver *d, cf_client_state state, bool will_reconnect);
void driver_expect_subscription(const cf_subscription *subscription, cf_subscription_state state);

/* Of the last transport; each pumps. */
void driver_opened(driver *d);
void driver_receive(driver *d, const char *text);
void driver_receive_bytes(driver *d, const char *data, size_t size);
void driver_closed(driver *d, const char *reason, centrifuge_error error);
/* By the peer, without a reason. */
void driver_closed_with(driver *d, uint16_t code);
/* Answers; NULL: the request failed. Each pumps, unless it is called by the hook. */
void driver_authorized(driver *d, uint32_t id, const char *text);
void driver_refreshed(driver *d, uint32_t id, const char *text);
/* Lets time pass: ticks at every deadline, pumps. */
void driver_pass(driver *d, int64_t milliseconds);

/* The user; each pumps. */
void driver_connect(driver *d);
void driver_disconnect(driver *d);
cf_subscription *driver_subscribe(driver *d, const char *channel);
void driver_unsubscribe(driver *d, cf_subscription *subscription);
centrifuge_error driver_publish(driver *d, cf_subscription *subscription, const char *data, const char *name);

/* connect, opened, answered as client c1 (the number of the transport); forgets the transcript. */
void driver_be_connected(driver *d);
/* A good answer to the connect command with this uid. */
void driver_welcome(driver *d, unsigned uid);
/* A good answer to a subscribe command, without recovery. */
void driver_accept(driver *d, unsigned uid, const char *channel);
/* Makes the client, connected and subscribed to news, with uid 2. */
cf_subscription *driver_be_subscribed(driver *d);
/* Loses the connection and gets another; `uid` of the connect command. The transcript begins with what its answer leads to. */
void driver_reconnect(driver *d, unsigned uid);

#endif

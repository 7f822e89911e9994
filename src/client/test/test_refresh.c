#include "driver.h"

/* client-spec.md 12. Numbers like D12 are the defects of its section 17. */

#define GOOD "{'user':'u','timestamp':'2','token':'t2'}"
#define SENT "send 1 {'method':'refresh','params':{'user':'u','timestamp':'2','info':'','token':'t2'},'uid':'2'}\n"

/* A good answer to the last connect command, with more in its body. */
static void welcome(driver *d, const char *more)
{
    char text[200];
    snprintf(text, sizeof(text), "{'uid':'1','method':'connect','body':{'client':'c%u',%s}}", d->transport, more);
    driver_receive(d, text);
}

/* Connected, with credentials that expire in so many seconds. */
static void be_connected(driver *d, unsigned ttl)
{
    char more[60];
    snprintf(more, sizeof(more), "'expires':true,'expired':false,'ttl':%u", ttl);
    driver_start(d);
    driver_connect(d);
    driver_opened(d);
    welcome(d, more);
    driver_forget(d);
}

/* The first refresh runs. */
static void be_refreshing(driver *d)
{
    be_connected(d, 10);
    driver_pass(d, 10000);
    expect(d, "refresh 1\n");
}

/* The server calls the credentials expired. */
static void be_expired(driver *d)
{
    driver_start(d);
    driver_connect(d);
    driver_opened(d);
    driver_forget(d);
    welcome(d, "'expires':true,'expired':true,'ttl':0");
}

/* The options are JSON: what is taken from the answer stays JSON, what is not keeps its value. */
static void credentials_in_json_are_replaced_by_json(void **state)
{
    driver *d = *state;
    d->options.credentials_json = true;
    d->options.user = CF_BYTES("7");
    d->options.timestamp = CF_BYTES("1");
    d->options.token = CF_BYTES("\"t\"");
    d->options.info = CF_BYTES("{\"a\":1}");
    be_refreshing(d);
    driver_refreshed(d, 1, "{'user':8,'timestamp':'2\\u0041','token':'t2'}");
    expect(d, "send 1 {'method':'refresh','params':{'user':8,'timestamp':'2\\u0041','info':{'a':1},'token':'t2'},'uid':'2'}\n");
    cf_credentials credentials = cf_client_credentials(d->client);
    assert_true(credentials.json);
    assert_true(cf_bytes_equal(credentials.token, CF_BYTES("\"t2\"")));
    assert_true(cf_bytes_equal(credentials.info, CF_BYTES("{\"a\":1}")));
}

static void an_empty_info_in_json_is_an_empty_text(void **state)
{
    driver *d = *state;
    d->options.credentials_json = true;
    d->options.user = CF_BYTES("7");
    d->options.timestamp = CF_BYTES("1");
    d->options.token = CF_BYTES("\"t\"");
    d->options.info = CF_BYTES("{\"a\":1}");
    be_refreshing(d);
    driver_refreshed(d, 1, "{'user':7,'timestamp':2,'token':'t2','info':''}");
    expect(d, "send 1 {'method':'refresh','params':{'user':7,'timestamp':2,'info':'','token':'t2'},'uid':'2'}\n");
}

static void answer_command(driver *d, unsigned uid, const char *rest)
{
    char text[200];
    snprintf(text, sizeof(text), "{'uid':'%u','method':'refresh',%s}", uid, rest);
    driver_receive(d, text);
}

/* ---- in time ---------------------------------------------------------------------------- */

static void credentials_are_renewed_when_they_expire(void **state)
{
    driver *d = *state;
    be_connected(d, 10);
    driver_pass(d, 9999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "refresh 1\n");
    driver_refreshed(d, 1, "{'user':'u','timestamp':'2','token':'\\u0074\\'2','info':'i'}");
    expect(d, "send 1 {'method':'refresh','params':{'user':'u','timestamp':'2','info':'i','token':'t\\'2'},'uid':'2'}\n");
    answer_command(d, 2, "'body':{'client':'other','expires':true,'expired':false,'ttl':20}");
    assert_true(cf_bytes_equal(cf_client_id(d->client), CF_BYTES("other")));
    driver_pass(d, 19999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "refresh 2\n");
}

static void new_credentials_count_for_later_connections_too(void **state)
{
    driver *d = *state;
    d->options.info = CF_BYTES("old");
    be_refreshing(d);
    driver_refreshed(d, 1, "{'user':'','timestamp':2000,'token':'t2'}");
    expect(d, "send 1 {'method':'refresh','params':{'user':'','timestamp':'2000','info':'old','token':'t2'},'uid':'2'}\n");
    answer_command(d, 2, "'body':{'client':'c1','expires':false}");
    driver_pass(d, 20000);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_pass(d, 2000);
    driver_forget(d);
    driver_opened(d);
    expect(d, "send 2 {'method':'connect','params':{'user':'','info':'old','timestamp':'2000','token':'t2'},'uid':'3'}\n");
}

static void without_expires_nothing_is_planned(void **state)
{
    driver *d = *state;
    d->options.ping = false;
    driver_start(d);
    driver_be_connected(d);
    assert_int_equal(cf_client_deadline(d->client), CF_TIME_NEVER);
}

static void an_odd_answer_to_the_command_ends_the_renewal(void **state)
{
    driver *d = *state;
    d->options.ping = false;
    be_refreshing(d);
    driver_refreshed(d, 1, GOOD);
    answer_command(d, 2, "'body':null");
    assert_int_equal(cf_client_deadline(d->client), CF_TIME_NEVER);
    answer_command(d, 2, "'body':{'expires':true,'ttl':5}"); /* without an id the old one stays */
    assert_true(cf_bytes_equal(cf_client_id(d->client), CF_BYTES("c1")));
    assert_int_equal(cf_client_deadline(d->client), d->now + 5000);
}

/* D32 */
static void a_long_ttl_overflowed_the_timer(void **state)
{
    driver *d = *state;
    d->options.ping = false;
    be_connected(d, 4000000000U);
    assert_int_equal(cf_client_deadline(d->client), d->now + INT64_C(4000000000000));
    answer_command(d, 2, "'body':{'client':'c1','expires':true,'ttl':9223372036854775807}");
    assert_true(cf_client_deadline(d->client) > d->now + INT64_C(4000000000000));
    driver_pass(d, 1000000000);
    expect(d, "");
}

static void a_ttl_of_nothing_makes_no_tight_loop(void **state)
{
    driver *d = *state;
    be_connected(d, 0);
    driver_pass(d, 999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "refresh 1\n");
}

static void a_message_that_plans_while_an_attempt_runs_starts_no_second_one(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    answer_command(d, 9, "'body':{'client':'c1','expires':true,'ttl':1}");
    driver_pass(d, 2000);
    expect(d, "");
    driver_refreshed(d, 1, GOOD);
    expect(d, SENT);
}

/* ---- failures ----------------------------------------------------------------------------- */

static void a_failed_attempt_is_repeated_after_the_interval(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    driver_refreshed(d, 1, NULL);
    driver_pass(d, 2999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "refresh 2\n");
    d->random = UINT32_MAX;
    driver_refreshed(d, 2, NULL);
    driver_pass(d, 3999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "refresh 3\n");
    driver_refreshed(d, 3, GOOD);
    expect(d, SENT);
}

static void expect_failure(const char *answer)
{
    driver d;
    driver_init(&d);
    be_refreshing(&d);
    driver_refreshed(&d, 1, answer);
    expect(&d, "");
    driver_pass(&d, 3000);
    expect(&d, "refresh 2\n");
    driver_expect_state(&d, CF_CLIENT_CONNECTED, false);
    driver_end(&d);
}

/* D47 */
static void an_answer_of_null_ended_the_attempts(void **state)
{
    (void)state;
    expect_failure("null");
}

/* D49 */
static void credentials_that_are_not_there_were_taken(void **state)
{
    (void)state;
    expect_failure("{}");
    expect_failure("{'user':'u','timestamp':'2'}");
    expect_failure("{'user':'u','token':'t'}");
    expect_failure("{'timestamp':'2','token':'t'}");
    expect_failure("{'user':'u','timestamp':'2','token':null}");
    expect_failure("{'user':'u','timestamp':'2','token':''}");
    expect_failure("{'user':'u','timestamp':'','token':'t'}");
    expect_failure("{'user':'u','timestamp':'2','token':'t','token':{}}");
    expect_failure("{'user':'u','timestamp':'2','token':'t','info':{'name':'n'}}");
    expect_failure("{'user':'u','timestamp':'2','token':'t','info':false}");
    expect_failure("[]");
    expect_failure("");
    expect_failure(GOOD "x");
}

static void credentials_that_are_too_long_are_a_failure(void **state)
{
    (void)state;
    size_t size = ((size_t)1 << 20) + 100;
    char *text = malloc(size);
    memset(text, 'x', size);
    memcpy(text, "{'user':'u','timestamp':'2','token':'", 37);
    memcpy(text + size - 3, "'}", 3);
    expect_failure(text);
    static const char tail[] = "','user':'u','timestamp':'2','token':'t'}";
    memset(text, 'x', size);
    memcpy(text, "{'info':'", 9);
    memcpy(text + size - sizeof(tail), tail, sizeof(tail));
    expect_failure(text);
    free(text);
}

/* D48 */
static void retry_after_of_the_endpoint_is_heeded(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    cf_client_request_failed(d->client, 7, CENTRIFUGE_ERROR_HTTP_STATUS, 503, 30000, d->now); /* of none that runs */
    cf_client_request_failed(d->client, 1, CENTRIFUGE_ERROR_HTTP_STATUS, 503, 9000, d->now);
    driver_pump(d);
    driver_forget(d);
    driver_pass(d, 8999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "refresh 2\n");
}

static void an_error_answer_to_the_command_ended_the_attempts(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    driver_refreshed(d, 1, GOOD);
    driver_forget(d);
    answer_command(d, 2, "'error':'internal server error','advice':'retry','body':null");
    expect(d, "error REFUSED 'internal server error' 'retry' "
              "{'uid':'2','method':'refresh','error':'internal server error','advice':'retry','body':null}\n");
    driver_pass(d, 3000);
    expect(d, "refresh 2\n");
}

static void refreshed_but_expired_is_tried_again(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    driver_refreshed(d, 1, GOOD);
    driver_forget(d);
    answer_command(d, 2, "'body':{'client':'c1','expires':true,'expired':true,'ttl':0}");
    driver_pass(d, 2999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "refresh 2\n");
}

static void an_attempt_has_a_time_limit(void **state)
{
    driver *d = *state;
    d->options.refresh_timeout = 500;
    be_refreshing(d);
    driver_pass(d, 499);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "cancel 1\n");
    driver_refreshed(d, 1, GOOD);
    expect(d, "");
    driver_pass(d, 3000);
    expect(d, "refresh 2\n");
}

static void after_so_many_failures_it_gives_up(void **state)
{
    driver *d = *state;
    d->options.refresh_attempts = 2;
    be_refreshing(d);
    driver_refreshed(d, 1, NULL);
    driver_pass(d, 3000);
    driver_forget(d);
    driver_refreshed(d, 2, NULL);
    expect(d, "disconnect 'refresh failed' stop\n"
              "close 1\n"
              "transport-close 'connection closed' again OK\n"
              "refresh-failed\n");
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, false);
    assert_int_equal(cf_client_deadline(d->client), CF_TIME_NEVER);
}

static void failures_are_counted_in_a_row(void **state)
{
    driver *d = *state;
    d->options.refresh_attempts = 2;
    be_refreshing(d);
    driver_refreshed(d, 1, NULL);
    driver_pass(d, 3000);
    driver_refreshed(d, 2, GOOD);
    answer_command(d, 2, "'body':{'client':'c1','expires':true,'ttl':10}");
    driver_pass(d, 10000);
    driver_forget(d);
    driver_refreshed(d, 3, NULL);
    expect(d, "");
    driver_expect_state(d, CF_CLIENT_CONNECTED, false);
}

static void the_count_survives_reconnects(void **state)
{
    driver *d = *state;
    d->options.refresh_attempts = 2;
    be_refreshing(d);
    driver_refreshed(d, 1, NULL);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_pass(d, 2000);
    driver_opened(d);
    welcome(d, "'expires':true,'ttl':10");
    driver_pass(d, 10000);
    driver_forget(d);
    driver_refreshed(d, 2, NULL);
    assert_int_equal(driver_count(d, "refresh-failed"), 1);
}

static void without_attempts_it_gives_up_at_once(void **state)
{
    driver *d = *state;
    d->options.refresh_attempts = 0;
    be_connected(d, 1);
    driver_pass(d, 1000);
    expect(d, "disconnect 'refresh failed' stop\n"
              "close 1\n"
              "transport-close 'connection closed' again OK\n"
              "refresh-failed\n");
}

/* ---- the end of what it is for ----------------------------------------------------------------- */

/* D12 */
static void an_answer_after_disconnect_connected_again(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    driver_disconnect(d);
    expect(d, "cancel 1\n"
              "disconnect 'client' stop\n"
              "close 1\n"
              "transport-close 'connection closed' again OK\n");
    driver_refreshed(d, 1, GOOD);
    expect(d, "");
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, false);
}

/* D13 */
static void failures_went_on_after_disconnect(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    driver_refreshed(d, 1, NULL);
    driver_disconnect(d);
    driver_forget(d);
    driver_pass(d, 100000);
    expect(d, "");
}

static void credentials_that_come_between_two_connections_make_the_next_one(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_forget(d);
    driver_refreshed(d, 1, GOOD);
    expect(d, "open 2 ws://host/connection/websocket\n");
    driver_opened(d);
    expect(d, "send 2 {'method':'connect','params':{'user':'u','info':'','timestamp':'2','token':'t2'},'uid':'2'}\n");
}

static void credentials_that_come_without_a_network_wait_for_it(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    cf_client_network_changed(d->client, false, d->now);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_forget(d);
    driver_refreshed(d, 1, GOOD);
    expect(d, "");
}

static void credentials_that_come_while_connecting_are_for_later_connections(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_pass(d, 2000);
    driver_opened(d);
    driver_forget(d);
    driver_refreshed(d, 1, GOOD);
    expect(d, "");
    welcome(d, "'expires':true,'ttl':10");
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_pass(d, 4000);
    driver_forget(d);
    driver_opened(d);
    expect(d, "send 3 {'method':'connect','params':{'user':'u','info':'','timestamp':'2','token':'t2'},'uid':'3'}\n");
}

static void credentials_that_come_behind_the_connect_command_are_used_when_it_is_expired(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_pass(d, 2000);
    driver_opened(d);
    driver_refreshed(d, 1, GOOD);
    driver_forget(d);
    welcome(d, "'expires':true,'expired':true,'ttl':0");
    expect(d, "close 2\n"
              "transport-close 'connection closed' again OK\n");
    driver_pass(d, 4000);
    expect(d, "open 3 ws://host/connection/websocket\n");
    driver_opened(d);
    expect(d, "send 3 {'method':'connect','params':{'user':'u','info':'','timestamp':'2','token':'t2'},'uid':'3'}\n");
    welcome(d, "'expires':true,'expired':true,'ttl':0");
    driver_forget(d);
    driver_pass(d, 2999);
    expect(d, "");
}

static void credentials_that_come_while_opening_are_used_and_may_be_expired(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_pass(d, 2000);
    driver_forget(d);
    driver_refreshed(d, 1, GOOD);
    driver_opened(d);
    expect(d, "send 2 {'method':'connect','params':{'user':'u','info':'','timestamp':'2','token':'t2'},'uid':'2'}\n");
    welcome(d, "'expires':true,'expired':true,'ttl':0");
    driver_forget(d);
    driver_pass(d, 2999);
    expect(d, "");
}

static void a_failure_between_two_connections_is_forgotten_with_the_next(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_refreshed(d, 1, NULL);
    driver_pass(d, 2000);
    driver_opened(d);
    welcome(d, "'expires':false");
    driver_forget(d);
    driver_pass(d, 20000);
    assert_int_equal(driver_count(d, "refresh"), 0);
}

static void an_attempt_that_nobody_has_seen_is_taken_back(void **state)
{
    driver *d = *state;
    be_connected(d, 10);
    d->now += 10000;
    cf_client_tick(d->client, d->now);
    cf_client_refreshed(d->client, 1, false, CF_BYTES("{}"), d->now);
    d->now += 100000;
    cf_client_tick(d->client, d->now); /* its time limit is not over before it was taken */
    cf_client_disconnect(d->client, d->now);
    driver_pump(d);
    assert_int_equal(driver_count(d, "refresh"), 0);
    assert_int_equal(driver_count(d, "cancel"), 0);
}

static void shutting_down_cancels_the_attempt(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    cf_client_shutdown(d->client, d->now);
    driver_pump(d);
    expect(d, "cancel 1\nclose 1\n");
    driver_refreshed(d, 1, GOOD);
    driver_refreshed(d, 0, GOOD);
    expect(d, "");
}

static void without_a_network_it_waits(void **state)
{
    driver *d = *state;
    be_connected(d, 10);
    cf_client_network_changed(d->client, false, d->now);
    driver_pass(d, 20000);
    cf_client_tick(d->client, d->now);
    driver_pump(d);
    expect(d, "");
    cf_client_network_changed(d->client, true, d->now);
    driver_pass(d, 0);
    assert_int_equal(driver_count(d, "refresh 1"), 1);
}

/* ---- an expired connect ---------------------------------------------------------------------------- */

/* D14 */
static void an_expired_connect_is_not_repeated_before_the_refresh_ends(void **state)
{
    driver *d = *state;
    d->show_logs = false;
    be_expired(d);
    expect(d, "close 1\n"
              "transport-close 'connection closed' again OK\n"
              "refresh 1\n");
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, true);
    driver_connect(d);
    driver_pass(d, 9000);
    cf_client_network_changed(d->client, true, d->now);
    driver_pump(d);
    expect(d, "");
    driver_refreshed(d, 1, GOOD);
    expect(d, "open 2 ws://host/connection/websocket\n");
    driver_opened(d);
    expect(d, "send 2 {'method':'connect','params':{'user':'u','info':'','timestamp':'2','token':'t2'},'uid':'2'}\n");
    welcome(d, "'expires':true,'ttl':60");
    expect(d, "connect c2 raw-websocket 0 ms\n");
}

static void failures_after_an_expired_connect_are_repeated(void **state)
{
    driver *d = *state;
    be_expired(d);
    driver_refreshed(d, 1, NULL);
    driver_forget(d);
    driver_pass(d, 2999);
    expect(d, "");
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, true);
    driver_pass(d, 1);
    expect(d, "refresh 2\n");
}

static void an_attempt_that_failed_while_connecting_was_repeated_at_once(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_pass(d, 2000);
    driver_opened(d);
    driver_refreshed(d, 1, NULL);
    driver_forget(d);
    welcome(d, "'expires':true,'expired':true,'ttl':0");
    expect(d, "close 2\n"
              "transport-close 'connection closed' again OK\n");
    driver_pass(d, 2999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "refresh 2\n");
}

/* D15 */
static void giving_up_after_an_expired_connect_went_on(void **state)
{
    driver *d = *state;
    d->options.refresh_attempts = 1;
    be_expired(d);
    driver_forget(d);
    driver_refreshed(d, 1, NULL);
    expect(d, "disconnect 'refresh failed' stop\n"
              "refresh-failed\n");
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, false);
    driver_pass(d, 100000);
    expect(d, "");
}

static void without_attempts_an_expired_connect_is_the_end(void **state)
{
    driver *d = *state;
    d->options.refresh_attempts = 0;
    be_expired(d);
    expect(d, "close 1\n"
              "transport-close 'connection closed' again OK\n"
              "disconnect 'refresh failed' stop\n"
              "refresh-failed\n");
    driver_connect(d);
    expect(d, "open 2 ws://host/connection/websocket\n");
}

static void nobody_to_ask_for_credentials_was_asked_for_ever(void **state)
{
    driver *d = *state;
    d->options.can_refresh = false;
    be_expired(d);
    expect(d, "close 1\n"
              "transport-close 'connection closed' again OK\n"
              "disconnect 'refresh failed' stop\n"
              "refresh-failed\n");
    driver_pass(d, 100000);
    expect(d, "");
}

static void a_connection_goes_on_though_nobody_can_be_asked(void **state)
{
    driver *d = *state;
    d->options.can_refresh = false;
    be_connected(d, 1);
    driver_pass(d, 2000);
    expect(d, "");
    driver_expect_state(d, CF_CLIENT_CONNECTED, false);
}

static void disconnect_while_renewing_ends_it(void **state)
{
    driver *d = *state;
    be_expired(d);
    driver_forget(d);
    driver_disconnect(d);
    expect(d, "cancel 1\n"
              "disconnect 'client' stop\n");
    driver_refreshed(d, 1, GOOD);
    driver_pass(d, 100000);
    expect(d, "");
}

static void credentials_that_come_expired_make_no_storm(void **state)
{
    driver *d = *state;
    be_expired(d);
    driver_refreshed(d, 1, GOOD);
    driver_opened(d);
    driver_forget(d);
    welcome(d, "'expires':true,'expired':true");
    expect(d, "close 2\n"
              "transport-close 'connection closed' again OK\n");
    driver_pass(d, 2999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "refresh 2\n");
    driver_refreshed(d, 2, GOOD);
    driver_opened(d);
    welcome(d, "'expires':true,'ttl':1");
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_pass(d, 2000);
    driver_opened(d);
    driver_forget(d);
    welcome(d, "'expires':true,'expired':true");
    assert_int_equal(driver_count(d, "refresh 3"), 1);
}

static void subscriptions_wait_for_the_renewal(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "news");
    driver_connect(d);
    driver_opened(d);
    welcome(d, "'expires':true,'expired':true");
    driver_refreshed(d, 1, GOOD);
    driver_opened(d);
    driver_forget(d);
    welcome(d, "'expires':false");
    expect(d, "send 2 {'method':'subscribe','params':{'channel':'news'},'uid':'3'}\n"
              "connect c2 raw-websocket 0 ms\n");
    driver_accept(d, 3, "news");
    expect(d, "news: subscribe first\n");
}

/* ---- memory -------------------------------------------------------------------------------------------- */

static void without_memory_an_answer_is_a_failure(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 2; n++) {
        driver d;
        driver_init(&d);
        be_refreshing(&d);
        d.show_logs = true;
        d.fail_at = d.allocations + n;
        driver_refreshed(&d, 1, GOOD);
        expect(&d, "log WARNING an attempt to refresh the credentials failed: out of memory\n");
        driver_pass(&d, 3000);
        expect(&d, "refresh 2\n");
        driver_refreshed(&d, 2, GOOD);
        expect(&d, SENT);
        driver_end(&d);
    }
}

static void without_memory_for_the_command_the_connection_is_given_up(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    d->fail_at = d->allocations + 3;
    driver_refreshed(d, 1, GOOD);
    expect(d, "error NO_MEMORY 'out of memory' 'retry' {'error':'out of memory','advice':'retry'}\n"
              "disconnect 'out of memory' again\n"
              "close 1\n"
              "transport-close 'connection closed' again NO_MEMORY\n");
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, true);
}

static void without_memory_for_the_new_id_the_connection_is_given_up(void **state)
{
    driver *d = *state;
    be_refreshing(d);
    driver_refreshed(d, 1, GOOD);
    driver_forget(d);
    d->fail_at = d->allocations + 1;
    answer_command(d, 2, "'body':{'client':'a longer name','expires':true,'ttl':10}");
    assert_int_equal(driver_count(d, "error NO_MEMORY"), 1);
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(credentials_are_renewed_when_they_expire),
        TEST(credentials_in_json_are_replaced_by_json),
        TEST(an_empty_info_in_json_is_an_empty_text),
        TEST(new_credentials_count_for_later_connections_too),
        TEST(without_expires_nothing_is_planned),
        TEST(an_odd_answer_to_the_command_ends_the_renewal),
        TEST(a_long_ttl_overflowed_the_timer),
        TEST(a_ttl_of_nothing_makes_no_tight_loop),
        TEST(a_message_that_plans_while_an_attempt_runs_starts_no_second_one),
        TEST(a_failed_attempt_is_repeated_after_the_interval),
        cmocka_unit_test(an_answer_of_null_ended_the_attempts),
        cmocka_unit_test(credentials_that_are_not_there_were_taken),
        cmocka_unit_test(credentials_that_are_too_long_are_a_failure),
        TEST(an_error_answer_to_the_command_ended_the_attempts),
        TEST(retry_after_of_the_endpoint_is_heeded),
        TEST(refreshed_but_expired_is_tried_again),
        TEST(an_attempt_has_a_time_limit),
        TEST(after_so_many_failures_it_gives_up),
        TEST(failures_are_counted_in_a_row),
        TEST(the_count_survives_reconnects),
        TEST(without_attempts_it_gives_up_at_once),
        TEST(an_answer_after_disconnect_connected_again),
        TEST(failures_went_on_after_disconnect),
        TEST(credentials_that_come_between_two_connections_make_the_next_one),
        TEST(credentials_that_come_without_a_network_wait_for_it),
        TEST(credentials_that_come_while_connecting_are_for_later_connections),
        TEST(credentials_that_come_behind_the_connect_command_are_used_when_it_is_expired),
        TEST(credentials_that_come_while_opening_are_used_and_may_be_expired),
        TEST(a_failure_between_two_connections_is_forgotten_with_the_next),
        TEST(an_attempt_that_nobody_has_seen_is_taken_back),
        TEST(shutting_down_cancels_the_attempt),
        TEST(without_a_network_it_waits),
        TEST(an_expired_connect_is_not_repeated_before_the_refresh_ends),
        TEST(failures_after_an_expired_connect_are_repeated),
        TEST(an_attempt_that_failed_while_connecting_was_repeated_at_once),
        TEST(giving_up_after_an_expired_connect_went_on),
        TEST(without_attempts_an_expired_connect_is_the_end),
        TEST(nobody_to_ask_for_credentials_was_asked_for_ever),
        TEST(a_connection_goes_on_though_nobody_can_be_asked),
        TEST(disconnect_while_renewing_ends_it),
        TEST(credentials_that_come_expired_make_no_storm),
        TEST(subscriptions_wait_for_the_renewal),
        cmocka_unit_test(without_memory_an_answer_is_a_failure),
        TEST(without_memory_for_the_command_the_connection_is_given_up),
        TEST(without_memory_for_the_new_id_the_connection_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "driver.h"

/* client-spec.md 8 and 10. Numbers like D5 are the defects of its section 17. */

static void refuse(driver *d, unsigned uid, const char *channel)
{
    char text[200];
    snprintf(text, sizeof(text),
             "{'uid':'%u','method':'subscribe','error':'permission denied','advice':'fix','body':{'channel':'%s'}}", uid,
             channel);
    driver_receive(d, text);
}

/* Asks again in each event. */
static void ask_again(driver *d, const cf_effect *effect)
{
    bool told = effect->event.kind == CF_EVENT_SUBSCRIBE_ERROR || effect->event.kind == CF_EVENT_UNSUBSCRIBE;
    if (effect->kind == CF_EFFECT_EVENT && told)
        cf_subscription_subscribe(effect->event.subscription, d->now);
}

/* Answers each subscribe command until none comes; the number of commands. */
static unsigned count_commands(driver *d, unsigned *uid, const char *answer)
{
    unsigned count = 0;
    char text[200], command[40];
    for (bool asked = true; asked; count += asked) {
        snprintf(command, sizeof(command), "'uid':'%u'", *uid);
        asked = strstr(d->log, command) != NULL;
        driver_forget(d);
        snprintf(text, sizeof(text), answer, *uid);
        if (asked) {
            ++*uid;
            driver_receive(d, text);
        }
    }
    return count;
}

/* ---- making ----------------------------------------------------------------------------- */

static void the_same_channel_is_the_same_subscription(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *one, *two;
    bool created = false;
    assert_int_equal(cf_client_subscribe(d->client, 0, CF_BYTES("news"), &one, &one, &created), CENTRIFUGE_ERROR_OK);
    assert_true(created);
    assert_int_equal(cf_client_subscribe(d->client, 0, CF_BYTES("news"), &two, &two, &created), CENTRIFUGE_ERROR_OK);
    assert_false(created);
    assert_ptr_equal(one, two);
    assert_ptr_equal(cf_subscription_user(one), &one);
    assert_ptr_equal(cf_subscription_client(one), d->client);
    assert_ptr_equal(cf_client_find(d->client, CF_BYTES("news")), one);
    assert_null(cf_client_find(d->client, CF_BYTES("new")));
    assert_true(cf_bytes_equal(cf_subscription_channel(one), CF_BYTES("news")));
    driver_expect_subscription(one, CF_SUBSCRIPTION_NEW);
}

static void bad_channels_are_refused(void **state)
{
    driver *d = *state;
    cf_subscription *subscription = (cf_subscription *)d;
    d->options.channel_length_max = 4;
    driver_start(d);
    assert_int_equal(cf_client_subscribe(d->client, 0, CF_BYTES(""), NULL, &subscription, NULL),
                     CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_null(subscription);
    assert_int_equal(cf_client_subscribe(d->client, 0, CF_BYTES("12345"), NULL, &subscription, NULL),
                     CENTRIFUGE_ERROR_LIMIT_CHANNEL);
    assert_int_equal(cf_client_subscribe(d->client, 0, CF_BYTES("a\xff"), NULL, &subscription, NULL),
                     CENTRIFUGE_ERROR_INVALID_UTF8);
    assert_int_equal(cf_client_subscribe(d->client, 0, CF_BYTES("1234"), NULL, &subscription, NULL), CENTRIFUGE_ERROR_OK);
}

#if SIZE_MAX > UINT32_MAX
static void what_cannot_be_counted_is_refused(void **state)
{
    driver *d = *state;
    cf_subscription *subscription;
    cf_bytes huge = {"x", (size_t)UINT32_MAX + 1}; /* refused before it is read */
    d->options.channel_length_max = SIZE_MAX;
    driver_start(d);
    assert_int_equal(cf_client_subscribe(d->client, 0, huge, NULL, &subscription, NULL), CENTRIFUGE_ERROR_LIMIT_CHANNEL);
    driver_connect(d);
    cf_client_transport_opened(d->client, 1, huge, d->now);
    driver_pump(d);
    assert_int_equal(driver_count(d, "error NO_MEMORY"), 1);
    assert_int_equal(driver_count(d, "disconnect 'out of memory' again"), 1);
}
#endif

static void the_room_for_decoded_strings_is_given_back(void **state)
{
    driver *d = *state;
    driver_be_subscribed(d);
    size_t bytes = d->bytes;
    char *text = malloc(10000);
    size_t size =
        (size_t)snprintf(text, 10000, "{'method':'message','body':{'channel':'news','client':'\\u0041%09000d','data':1}}", 0);
    driver_receive_bytes(d, text, size);
    free(text);
    assert_int_equal(driver_count(d, "news: message  1 from 'A0000"), 1);
    assert_true(d->bytes < bytes + 1100);
}

static void subscriptions_have_a_limit(void **state)
{
    driver *d = *state;
    cf_subscription *subscription;
    d->options.subscriptions_max = 2;
    driver_start(d);
    driver_subscribe(d, "a");
    driver_subscribe(d, "b");
    driver_subscribe(d, "a");
    assert_int_equal(cf_client_subscribe(d->client, 0, CF_BYTES("c"), NULL, &subscription, NULL),
                     CENTRIFUGE_ERROR_LIMIT_SUBSCRIPTIONS);
    cf_subscription_remove(cf_client_find(d->client, CF_BYTES("a")), d->now);
    driver_subscribe(d, "c");
}

static void a_full_queue_refuses_a_subscription(void **state)
{
    driver *d = *state;
    cf_subscription *subscription;
    d->options.queue_size_max = 100;
    driver_start(d);
    driver_be_connected(d);
    assert_int_equal(cf_client_subscribe(d->client, 0, CF_BYTES("a"), NULL, &subscription, NULL), CENTRIFUGE_ERROR_OK);
    assert_int_equal(cf_client_subscribe(d->client, 0, CF_BYTES("b"), NULL, &subscription, NULL), CENTRIFUGE_ERROR_OK);
    assert_int_equal(cf_client_subscribe(d->client, 0, CF_BYTES("c"), NULL, &subscription, NULL), CENTRIFUGE_ERROR_LIMIT_QUEUE);
    assert_null(cf_client_find(d->client, CF_BYTES("c")));
    driver_pump(d);
    driver_subscribe(d, "c");
}

/* D23 */
static void channels_named_like_members_of_objects(void **state)
{
    driver *d = *state;
    static const char *const names[] = {"constructor", "toString", "__proto__", "hasOwnProperty"};
    driver_start(d);
    for (size_t i = 0; i < 4; i++)
        driver_subscribe(d, names[i]);
    driver_be_connected(d);
    for (unsigned i = 0; i < 4; i++)
        driver_accept(d, 2 + i, names[i]);
    driver_receive(d, "{'method':'message','body':{'uid':'m','channel':'__proto__','data':1}}");
    expect(d, "constructor: subscribe first\n"
              "toString: subscribe first\n"
              "__proto__: subscribe first\n"
              "hasOwnProperty: subscribe first\n"
              "__proto__: message m 1\n");
}

static void channel_names_are_escaped_and_read_back(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    driver_subscribe(d, "a\\b\n\xc3\xa4");
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'a\\\\b\\n\xc3\xa4'},'uid':'2'}\n");
    driver_receive(d, "{'uid':'2','method':'subscribe','body':{'channel':'a\\\\b\\n\\u00e4','status':true}}");
    driver_receive(d,
                   "{'method':'message','body':{'uid':'\\u006d1','channel':'a\\\\b\\n\\u00e4','client':'\\u0078','data':1}}");
    expect(d, "a\\b\n\xc3\xa4: subscribe first\n"
              "a\\b\n\xc3\xa4: message m1 1 from 'x'\n");
}

/* ---- the rows of table 8.2 ------------------------------------------------------------------------ */

static void subscribe_while_connected(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    cf_subscription *news = driver_subscribe(d, "news");
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'news'},'uid':'2'}\n");
    driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBING);
    driver_accept(d, 2, "news");
    expect(d, "news: subscribe first\n");
    driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBED);
    assert_int_equal(cf_subscription_subscribe(news, d->now), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    expect(d, "");
    driver_unsubscribe(d, news);
    driver_expect_subscription(news, CF_SUBSCRIPTION_UNSUBSCRIBED);
    expect(d, "news: unsubscribe\n"
              "send 1 {'method':'unsubscribe','params':{'channel':'news'},'uid':'3'}\n");
    assert_int_equal(cf_subscription_subscribe(news, d->now), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'news'},'uid':'4'}\n");
    refuse(d, 4, "news");
    driver_expect_subscription(news, CF_SUBSCRIPTION_REFUSED);
    driver_forget(d);
    assert_int_equal(cf_subscription_subscribe(news, d->now), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'news'},'uid':'5'}\n");
}

static void subscribe_while_not_connected_waits(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    driver_expect_subscription(news, CF_SUBSCRIPTION_NEW);
    assert_int_equal(cf_subscription_subscribe(news, d->now), CENTRIFUGE_ERROR_OK);
    driver_expect_subscription(news, CF_SUBSCRIPTION_NEW);
    driver_unsubscribe(d, news);
    expect(d, "news: unsubscribe\n"); /* no command without a connection */
    driver_expect_subscription(news, CF_SUBSCRIPTION_UNSUBSCRIBED);
    driver_unsubscribe(d, news);
    expect(d, "");
    assert_int_equal(cf_subscription_subscribe(news, d->now), CENTRIFUGE_ERROR_OK);
    driver_expect_subscription(news, CF_SUBSCRIPTION_NEW);
}

static void a_good_answer_to_connect_asks_for_all_in_one_frame(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "10");
    driver_subscribe(d, "news");
    driver_subscribe(d, "9");
    driver_unsubscribe(d, driver_subscribe(d, "gone"));
    driver_connect(d);
    driver_opened(d);
    driver_forget(d);
    driver_welcome(d, 1);
    expect(d, "send 1 [{'method':'subscribe','params':{'channel':'9'},'uid':'2'},"
              "{'method':'subscribe','params':{'channel':'10'},'uid':'3'},"
              "{'method':'subscribe','params':{'channel':'news'},'uid':'4'}]\n"
              "connect c1 raw-websocket 0 ms\n");
}

/* As an object of JavaScript has its keys (8.1). */
static void names_like_numbers_come_first_in_their_order(void **state)
{
    static const char *const names[] = {
        "b", "10", "a", "9", "01", "-1", "4294967294", "4294967295", "1x", "0", "99999999999999999999"};
    driver *d = *state;
    driver_start(d);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        driver_subscribe(d, names[i]);
    driver_be_connected(d);
    static const char *const table[] = {"0",  "9",          "10", "4294967294",          "b", "a", "01",
                                        "-1", "4294967295", "1x", "99999999999999999999"};
    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        driver_accept(d, 2 + i, table[i]);
    driver_subscribe(d, "5");
    driver_accept(d, 13, "5");
    driver_forget(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    expect(d, "transport-close 'connection closed' again OK\n"
              "0: unsubscribe\n"
              "5: unsubscribe\n"
              "9: unsubscribe\n"
              "10: unsubscribe\n"
              "4294967294: unsubscribe\n"
              "b: unsubscribe\n"
              "a: unsubscribe\n"
              "01: unsubscribe\n"
              "-1: unsubscribe\n"
              "4294967295: unsubscribe\n"
              "1x: unsubscribe\n"
              "99999999999999999999: unsubscribe\n"
              "disconnect 'connection closed' again\n");
}

static void unsubscribe_in_every_state(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *pending = driver_subscribe(d, "pending");
    cf_subscription *refused = driver_subscribe(d, "refused");
    driver_be_connected(d);
    refuse(d, 3, "refused");
    driver_forget(d);
    driver_unsubscribe(d, pending);
    driver_unsubscribe(d, refused);
    expect(d, "pending: unsubscribe\n"
              "send 1 {'method':'unsubscribe','params':{'channel':'pending'},'uid':'4'}\n"
              "refused: unsubscribe\n"
              "send 1 {'method':'unsubscribe','params':{'channel':'refused'},'uid':'5'}\n");
    driver_unsubscribe(d, pending); /* no event, but the command again */
    expect(d, "send 1 {'method':'unsubscribe','params':{'channel':'pending'},'uid':'6'}\n");
    driver_receive(d, "{'uid':'4','method':'unsubscribe','body':{'channel':'pending','status':true}}");
    driver_accept(d, 2, "pending"); /* the answer to the request is ignored now */
    expect(d, "");
    driver_expect_subscription(pending, CF_SUBSCRIPTION_UNSUBSCRIBED);
}

static void an_error_answer_to_unsubscribe_is_reported(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_unsubscribe(d, news);
    driver_forget(d);
    driver_receive(d, "{'uid':'3','method':'unsubscribe','error':'internal','body':{'channel':'news'}}");
    expect(d, "error REFUSED 'internal' '' {'uid':'3','method':'unsubscribe','error':'internal','body':{'channel':'news'}}\n");
}

static void the_server_takes_a_subscription_away(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_receive(d, "{'method':'unsubscribe','body':{'channel':'news','status':true}}");
    expect(d, "news: unsubscribe\n");
    driver_expect_subscription(news, CF_SUBSCRIPTION_UNSUBSCRIBED);
    driver_receive(d, "{'method':'unsubscribe','body':{'channel':'news','status':true}}");
    expect(d, "");
    driver_reconnect(d, 3);
    expect(d, "connect c2 raw-websocket 0 ms\n");
    assert_int_equal(cf_subscription_subscribe(news, d->now), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    driver_accept(d, 4, "news");
    expect(d, "send 2 {'method':'subscribe','params':{'channel':'news'},'uid':'4'}\n"
              "news: subscribe first\n");
}

static void the_server_takes_a_pending_subscription_away(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    driver_be_connected(d);
    driver_receive(d, "{'method':'unsubscribe','body':{'channel':'news','status':true}}");
    expect(d, "news: unsubscribe\n");
    driver_expect_subscription(news, CF_SUBSCRIPTION_UNSUBSCRIBED);
}

static void a_lost_connection_brings_them_back(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_subscription *refused = driver_subscribe(d, "refused");
    refuse(d, 3, "refused");
    cf_subscription *pending = driver_subscribe(d, "pending");
    driver_forget(d);
    driver_closed(d, "x", CENTRIFUGE_ERROR_OK);
    expect(d, "transport-close 'x' again OK\n"
              "news: unsubscribe\n"
              "disconnect 'x' again\n");
    driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBING);
    driver_expect_subscription(refused, CF_SUBSCRIPTION_SUBSCRIBING);
    driver_expect_subscription(pending, CF_SUBSCRIPTION_SUBSCRIBING);
    driver_pass(d, 2000);
    driver_opened(d);
    driver_forget(d);
    driver_welcome(d, 5);
    expect(d, "send 2 [{'method':'subscribe','params':{'channel':'news'},'uid':'6'},"
              "{'method':'subscribe','params':{'channel':'refused'},'uid':'7'},"
              "{'method':'subscribe','params':{'channel':'pending'},'uid':'8'}]\n"
              "connect c2 raw-websocket 0 ms\n");
    driver_accept(d, 6, "news");
    driver_accept(d, 7, "refused");
    driver_accept(d, 8, "pending");
    expect(d, "news: subscribe again\n"
              "refused: subscribe first\n"
              "pending: subscribe first\n");
}

static void a_renewed_subscription_may_be_refused(void **state)
{
    driver *d = *state;
    driver_be_subscribed(d);
    driver_reconnect(d, 3);
    driver_forget(d);
    refuse(d, 4, "news");
    expect(d,
           "error REFUSED 'permission denied' 'fix' {'uid':'4','method':'subscribe','error':'permission denied','advice':'fix',"
           "'body':{'channel':'news'}}\n"
           "news: refused REFUSED 'permission denied' 'fix' again\n");
}

static void without_resubscribe_they_end_with_the_connection(void **state)
{
    driver *d = *state;
    cf_subscription *subscription;
    bool created = true;
    d->options.resubscribe = false;
    driver_start(d);
    assert_int_equal(cf_client_subscribe(d->client, 0, CF_BYTES("news"), NULL, &subscription, &created),
                     CENTRIFUGE_ERROR_INVALID_STATE);
    assert_false(created);
    driver_be_connected(d);
    cf_subscription *news = driver_subscribe(d, "news");
    driver_accept(d, 2, "news");
    cf_subscription_presence(driver_subscribe(d, "pending"), d->now, "p");
    driver_forget(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    expect(d, "transport-close 'connection closed' again OK\n"
              "news: unsubscribe\n"
              "result p DISCONNECTED 'disconnected' 'retry'\n"
              "disconnect 'connection closed' again\n");
    driver_expect_subscription(news, CF_SUBSCRIPTION_UNSUBSCRIBED);
    assert_int_equal(cf_subscription_subscribe(news, d->now), CENTRIFUGE_ERROR_INVALID_STATE);
    driver_pass(d, 2000);
    driver_opened(d);
    driver_forget(d);
    driver_welcome(d, 4);
    expect(d, "connect c2 raw-websocket 0 ms\n");
    assert_int_equal(cf_subscription_subscribe(news, d->now), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    expect(d, "send 2 {'method':'subscribe','params':{'channel':'news'},'uid':'5'}\n");
}

static void turning_resubscribe_off_keeps_new_ones_waiting(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    d->options.resubscribe = false;
    cf_client_configure(d->client, &d->options, NULL);
    driver_be_connected(d);
    driver_expect_subscription(news, CF_SUBSCRIPTION_NEW);
    assert_int_equal(cf_subscription_subscribe(news, d->now), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'news'},'uid':'2'}\n");
}

static void joins_and_leaves_are_told(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "news");
    driver_be_connected(d);
    driver_receive(d, "{'method':'join','body':{'channel':'news','data':{'user':'u','client':'c\\u0031'}}}"); /* one's own */
    driver_accept(d, 2, "news");
    driver_receive(d, "{'method':'leave','body':{'channel':'news','data':{'user':'u','client':'c2'}}}");
    driver_receive(d, "{'method':'leave','body':{'channel':'news','data':7}}");
    driver_receive(d, "{'method':'leave','body':{'channel':'news','data':{'client':7}}}");
    driver_receive(d, "{'method':'leave','body':{'channel':'news'}}");
    expect(d, "news: join c1 {'user':'u','client':'c\\u0031'}\n"
              "news: subscribe first\n"
              "news: leave c2 {'user':'u','client':'c2'}\n"
              "news: leave  7\n"
              "news: leave  {'client':7}\n"
              "news: leave  \n");
}

static void without_memory_for_a_name_the_connection_is_given_up(void **state)
{
    driver *d = *state;
    driver_be_subscribed(d);
    d->fail_at = d->allocations + 1;
    driver_receive(d, "{'method':'join','body':{'channel':'news','data':{'client':'c\\u0032'}}}");
    assert_true(d->allocations >= d->fail_at);
    driver_expect_state(d, CF_CLIENT_DISCONNECTED, true);
}

static void bodies_come_byte_for_byte(void **state)
{
    driver *d = *state;
    driver_be_subscribed(d);
    driver_receive(
        d, "{ 'method' : 'message' , 'body' : { 'data' : [ 1.50 , 'x' ] , 'channel' : 'news', 'uid':'m', 'info':{ } } }");
    expect(d, "news: message m [ 1.50 , 'x' ] info { }\n");
}

/* ---- answers -------------------------------------------------------------------------------------------- */

static void an_answer_is_found_by_its_channel(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "a");
    driver_subscribe(d, "b");
    driver_subscribe(d, "c");
    driver_be_connected(d);
    driver_receive(d, "{'method':'subscribe','body':{'channel':'a','status':true}}");
    driver_receive(d, "{'uid':'x','method':'subscribe','body':{'channel':'b','status':true}}");
    driver_receive(d, "{'uid':'-1','method':'subscribe','body':{'channel':'c','status':true}}");
    expect(d, "a: subscribe first\n"
              "b: subscribe first\n"
              "c: subscribe first\n");
}

static void odd_answers_change_nothing(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    driver_be_connected(d);
    driver_receive(d, "{'uid':'2','method':'subscribe','body':null}");
    driver_receive(d, "{'uid':'2','method':'subscribe','body':{}}");
    driver_receive(d, "{'uid':'2','method':'subscribe','body':{'channel':'other'}}");
    driver_receive(d, "{'uid':'9','method':'subscribe','error':'x','body':null}");
    expect(d, "");
    driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBING);
    driver_accept(d, 2, "news");
    driver_forget(d);
    driver_accept(d, 2, "news");
    driver_receive(d, "{'uid':'3','method':'subscribe','error':'already subscribed','body':{'channel':'news'}}");
    expect(d, "");
    driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBED);
}

static void an_answer_to_an_older_request_is_none(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    driver_be_connected(d);
    cf_subscription_unsubscribe(news, d->now);
    cf_subscription_subscribe(news, d->now);
    driver_pump(d);
    driver_forget(d);
    driver_accept(d, 2, "news");
    driver_receive(d, "{'uid':'2','method':'subscribe','error':'late','body':{'channel':'news'}}");
    expect(d, "");
    driver_accept(d, 4, "news");
    expect(d, "news: subscribe first\n");
}

/* The server's unsubscribe was sent before it saw the user's unsubscribe and subscribe. */
static void an_unsubscribe_that_crossed_a_request_left_the_server_subscribed(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_subscription_unsubscribe(news, d->now);
    cf_subscription_subscribe(news, d->now);
    driver_pump(d);
    driver_receive(d, "{'method':'unsubscribe','body':{'channel':'news','status':true}}");
    driver_receive(d, "{'uid':'3','method':'unsubscribe','body':{'channel':'news','status':true}}");
    driver_forget(d);
    driver_accept(d, 4, "news");
    expect(d, "send 1 {'method':'unsubscribe','params':{'channel':'news'},'uid':'5'}\n");
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}");
    driver_forget(d);
    cf_subscription_subscribe(news, d->now);
    driver_pump(d);
    driver_receive(d, "{'uid':'5','method':'unsubscribe','body':{'channel':'news','status':true}}");
    driver_accept(d, 6, "news");
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'news'},'uid':'6'}\n"
              "news: subscribe first\n");
}

static void an_answer_while_an_unsubscribe_is_on_its_way_needs_no_second_one(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_unsubscribe(d, news);
    expect(d, "news: unsubscribe\n"
              "send 1 {'method':'unsubscribe','params':{'channel':'news'},'uid':'3'}\n");
    driver_receive(d, "{'method':'subscribe','body':{'channel':'news','status':true}}");
    expect(d, "");
    driver_expect_subscription(news, CF_SUBSCRIPTION_UNSUBSCRIBED);
}

static void a_request_made_again_after_the_servers_unsubscribe_takes_the_first_answer(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_subscription_unsubscribe(news, d->now);
    cf_subscription_subscribe(news, d->now);
    driver_pump(d);
    driver_receive(d, "{'method':'unsubscribe','body':{'channel':'news','status':true}}");
    cf_subscription_subscribe(news, d->now);
    driver_pump(d);
    driver_receive(d, "{'uid':'3','method':'unsubscribe','body':{'channel':'news','status':true}}");
    driver_forget(d);
    driver_accept(d, 4, "news");
    driver_receive(d, "{'uid':'5','method':'subscribe','error':'already subscribed','body':{'channel':'news'}}");
    expect(d, "news: subscribe first\n");
    driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBED);
}

static void a_refusal_is_told_and_kept(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    driver_be_connected(d);
    cf_subscription_ready(news, d->now, true, "waiting");
    refuse(d, 2, "news");
    expect(d,
           "error REFUSED 'permission denied' 'fix' {'uid':'2','method':'subscribe','error':'permission denied','advice':'fix',"
           "'body':{'channel':'news'}}\n"
           "news: refused REFUSED 'permission denied' 'fix' first\n"
           "result waiting REFUSED 'permission denied' 'fix'\n");
    assert_int_equal(cf_subscription_ready(news, d->now, false, "late"), CENTRIFUGE_ERROR_OK);
    assert_int_equal(driver_publish(d, news, "1", "call"), CENTRIFUGE_ERROR_OK);
    expect(d, "result late REFUSED 'permission denied' 'fix'\n"
              "result call REFUSED 'permission denied' 'fix'\n");
}

static void a_refusal_may_have_no_advice_and_any_error(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    driver_be_connected(d);
    driver_receive(d, "{'uid':'2','method':'subscribe','error':0,'body':{'channel':'news'}}");
    expect(d, "error REFUSED '0' '' {'uid':'2','method':'subscribe','error':0,'body':{'channel':'news'}}\n"
              "news: refused REFUSED json '0' '' first\n");
    cf_subscription_history(news, d->now, "h");
    driver_pump(d);
    expect(d, "result h REFUSED json '0' ''\n");
}

/* ---- recovery ---------------------------------------------------------------------------------------------- */

static void positions_come_from_messages_and_answers(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "message");
    driver_subscribe(d, "answer");
    driver_subscribe(d, "empty");
    driver_subscribe(d, "null");
    driver_subscribe(d, "none");
    driver_be_connected(d);
    driver_receive(d, "[{'uid':'2','method':'subscribe','body':{'channel':'message','last':'m0'}},"
                      "{'uid':'3','method':'subscribe','body':{'channel':'answer','last':'m7'}},"
                      "{'uid':'4','method':'subscribe','body':{'channel':'empty','last':'','messages':null}},"
                      "{'uid':'5','method':'subscribe','body':{'channel':'null','last':null}},"
                      "{'uid':'6','method':'subscribe','body':{'channel':'none'}},"
                      "{'method':'message','body':{'uid':'m1','channel':'message','data':1}},"
                      "{'method':'message','body':{'channel':'answer','data':'without uid'}}]");
    driver_reconnect(d, 7);
    expect(d, "send 2 [{'method':'subscribe','params':{'channel':'message','recover':true,'last':'m1'},'uid':'8'},"
              "{'method':'subscribe','params':{'channel':'answer','recover':true,'last':'m7'},'uid':'9'},"
              "{'method':'subscribe','params':{'channel':'empty','recover':true,'last':''},'uid':'10'},"
              "{'method':'subscribe','params':{'channel':'null','recover':true,'last':''},'uid':'11'},"
              "{'method':'subscribe','params':{'channel':'none'},'uid':'12'}]\n"
              "connect c2 raw-websocket 0 ms\n");
}

static void missed_messages_are_replayed_oldest_first(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}");
    driver_reconnect(d, 3);
    driver_publish(d, news, "9", "p");
    driver_forget(d);
    driver_receive(
        d, "[{'uid':'4','method':'subscribe','body':{'channel':'news','status':true,'recovered':true,'last':'','messages':["
           "{'uid':'m4','channel':'news','data':4,'client':'x','info':{}},7,null,{'uid':'m\\u0033','channel':'news','data':3},"
           "{'uid':'m2','channel':'news','data':2}]}},"
           "{'method':'message','body':{'uid':'m5','channel':'news','data':5}}]");
    expect(d, "news: message m2 2\n"
              "news: message m3 3\n"
              "news: message m4 4 from 'x' info {}\n"
              "news: subscribe again recovered\n"
              "send 2 {'method':'publish','params':{'channel':'news','data':9},'uid':'5'}\n"
              "news: message m5 5\n");
    assert_int_equal(cf_subscription_ready(news, d->now, true, "r"), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    expect(d, "result r OK again recovered\n");
    driver_reconnect(d, 6);
    assert_int_equal(driver_count(d, "send 3 {'method':'subscribe','params':{'channel':'news','recover':true,'last':'m5'}"), 1);
}

static void a_list_without_messages_is_none(void **state)
{
    driver *d = *state;
    driver_be_subscribed(d);
    driver_reconnect(d, 3);
    driver_forget(d);
    driver_receive(d, "{'uid':'4','method':'subscribe','body':{'channel':'news','last':'m9','messages':[1,2]}}");
    expect(d, "news: subscribe again\n");
    driver_reconnect(d, 5);
    assert_int_equal(driver_count(d, "send 3 {'method':'subscribe','params':{'channel':'news','recover':true,'last':'m9'}"), 1);
}

/* D5 */
static void an_empty_last_replaced_a_known_position(void **state)
{
    driver *d = *state;
    driver_be_subscribed(d);
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}");
    for (unsigned i = 0; i < 3; i++) {
        char answer[200];
        driver_reconnect(d, 3 + 2 * i);
        assert_non_null(strstr(d->log, "'recover':true,'last':'m1'"));
        snprintf(answer, sizeof(answer),
                 "{'uid':'%u','method':'subscribe','body':{'channel':'news','messages':[],'last':'%s'}}", 4 + 2 * i, "");
        driver_receive(d, answer);
        assert_int_equal(driver_count(d, "news: subscribe again"), 1);
    }
}

static void an_empty_position_stays_one(void **state)
{
    driver *d = *state;
    driver_be_subscribed(d);
    for (unsigned i = 0; i < 2; i++) {
        char answer[200];
        driver_reconnect(d, 3 + 2 * i);
        snprintf(answer, sizeof(answer), "{'uid':'%u','method':'subscribe','body':{'channel':'news','last':''}}", 4 + 2 * i);
        driver_receive(d, answer);
    }
    driver_reconnect(d, 7);
    assert_int_equal(driver_count(d, "send 4 {'method':'subscribe','params':{'channel':'news','recover':true,'last':''}"), 1);
}

static void connect_again(driver *d, unsigned uid)
{
    driver_connect(d);
    driver_opened(d);
    driver_forget(d);
    driver_welcome(d, uid);
}

/* D51: of other channels, and of a removed subscription. */
static void positions_outlived_their_subscription(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}");
    driver_receive(d, "{'method':'message','body':{'uid':'x1','channel':'unknown','data':1}}");
    driver_disconnect(d);
    cf_subscription_remove(news, d->now);
    driver_subscribe(d, "news");
    driver_subscribe(d, "unknown");
    connect_again(d, 3);
    expect(d, "send 2 [{'method':'subscribe','params':{'channel':'news'},'uid':'4'},"
              "{'method':'subscribe','params':{'channel':'unknown'},'uid':'5'}]\n"
              "connect c2 raw-websocket 0 ms\n");
}

/* Who comes back on purpose gets what he missed, too. */
static void a_disconnect_keeps_the_position(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}");
    driver_disconnect(d);
    cf_subscription_subscribe(news, d->now);
    connect_again(d, 3);
    expect(d, "send 2 {'method':'subscribe','params':{'channel':'news','recover':true,'last':'m1'},'uid':'4'}\n"
              "connect c2 raw-websocket 0 ms\n");
    driver_receive(d, "{'uid':'4','method':'subscribe','body':{'channel':'news','recovered':true,'last':'',"
                      "'messages':[{'uid':'m2','channel':'news','data':2}]}}");
    expect(d, "news: message m2 2\n"
              "news: subscribe first recovered\n");
}

static void unsubscribed_while_disconnected_it_has_no_position(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}");
    driver_disconnect(d);
    driver_unsubscribe(d, news);
    cf_subscription_subscribe(news, d->now);
    connect_again(d, 3);
    expect(d, "send 2 {'method':'subscribe','params':{'channel':'news'},'uid':'4'}\n"
              "connect c2 raw-websocket 0 ms\n");
}

/* As in the reference, whose table is empty after a disconnect. */
static void after_a_disconnect_the_table_is_made_anew(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "a");
    driver_subscribe(d, "b");
    driver_subscribe(d, "c");
    driver_be_connected(d);
    driver_disconnect(d);
    driver_subscribe(d, "c");
    driver_subscribe(d, "a");
    connect_again(d, 5);
    expect(d, "send 2 [{'method':'subscribe','params':{'channel':'c'},'uid':'6'},"
              "{'method':'subscribe','params':{'channel':'a'},'uid':'7'}]\n"
              "connect c2 raw-websocket 0 ms\n");
}

static void unsubscribe_forgets_the_position(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}");
    driver_receive(d, "{'method':'unsubscribe','body':{'channel':'news'}}");
    driver_forget(d);
    cf_subscription_subscribe(news, d->now);
    driver_pump(d);
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'news'},'uid':'3'}\n");
}

/* ---- what a user may do in the middle of it --------------------------------------------------------------------- */

typedef struct plan {
    cf_event_kind at;
    int after; /* so many events of that kind */
    void (*act)(driver *d, cf_subscription *subscription);
} plan;

static void follow_plan(driver *d, const cf_effect *effect)
{
    plan *p = d->hook_user;
    if (effect->kind != CF_EFFECT_EVENT || effect->event.kind != p->at || p->after-- > 0)
        return;
    p->after = 1000000; /* once */
    p->act(d, effect->event.subscription);
}

static void unsubscribe(driver *d, cf_subscription *subscription)
{
    cf_subscription_unsubscribe(subscription, d->now);
}

static void unsubscribe_and_subscribe(driver *d, cf_subscription *subscription)
{
    cf_subscription_unsubscribe(subscription, d->now);
    assert_int_equal(cf_subscription_subscribe(subscription, d->now), CENTRIFUGE_ERROR_OK);
}

static void remove_it(driver *d, cf_subscription *subscription)
{
    cf_subscription_remove(subscription, d->now);
}

static void disconnect(driver *d, cf_subscription *subscription)
{
    (void)subscription;
    cf_client_disconnect(d->client, d->now);
}

/* The replay behind a hole was cut by a disconnect: the hole is told of by the next answer, which knows of none. */
static void a_disconnect_in_a_replay_keeps_the_hole(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}");
    driver_reconnect(d, 3);
    plan p = {.at = CF_EVENT_MESSAGE, .after = 0, .act = disconnect};
    d->hook = follow_plan;
    d->hook_user = &p;
    driver_receive(d, "{'uid':'4','method':'subscribe','body':{'channel':'news','recovered':false,'last':'',"
                      "'messages':[{'uid':'m9','channel':'news','data':9},{'uid':'m8','channel':'news','data':8}]}}");
    d->hook = NULL;
    cf_subscription_subscribe(news, d->now);
    connect_again(d, 5);
    assert_int_equal(driver_count(d, "send 3 {'method':'subscribe','params':{'channel':'news','recover':true,'last':'m8'}"), 1);
    driver_forget(d);
    driver_receive(d, "{'uid':'6','method':'subscribe','body':{'channel':'news','recovered':true,'last':'',"
                      "'messages':[{'uid':'m9','channel':'news','data':9}]}}");
    expect(d, "news: message m9 9\n"
              "news: subscribe first\n");
}

static void lose(driver *d, cf_subscription *subscription)
{
    (void)subscription;
    d->transport_live = false;
    cf_client_transport_closed(d->client, 2, CF_CLOSE_NO_STATUS, CF_BYTES(""), CENTRIFUGE_ERROR_OK, d->now);
}

static void replay_and_act(driver *d, void (*act)(driver *d, cf_subscription *subscription))
{
    plan p = {CF_EVENT_MESSAGE, 1, act};
    driver_be_subscribed(d);
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}");
    driver_reconnect(d, 3);
    driver_forget(d);
    d->hook = follow_plan;
    d->hook_user = &p;
    driver_receive(d, "{'uid':'4','method':'subscribe','body':{'channel':'news','recovered':true,'messages':["
                      "{'uid':'m4','data':4},{'uid':'m3','data':3},{'uid':'m2','data':2}]}}");
    d->hook = NULL;
}

static void a_replay_ends_with_unsubscribe(void **state)
{
    driver *d = *state;
    replay_and_act(d, unsubscribe);
    expect(d, "news: message m2 2\n"
              "news: message m3 3\n"
              "news: unsubscribe\n"
              "send 2 {'method':'unsubscribe','params':{'channel':'news'},'uid':'5'}\n");
}

static void a_replay_ends_with_unsubscribe_and_subscribe(void **state)
{
    driver *d = *state;
    replay_and_act(d, unsubscribe_and_subscribe);
    expect(d, "news: message m2 2\n"
              "news: message m3 3\n"
              "news: unsubscribe\n"
              "send 2 {'method':'unsubscribe','params':{'channel':'news'},'uid':'5'}\n"
              "send 2 {'method':'subscribe','params':{'channel':'news'},'uid':'6'}\n");
    driver_accept(d, 6, "news");
    expect(d, "news: subscribe first\n");
}

static void a_replay_ends_with_remove(void **state)
{
    driver *d = *state;
    replay_and_act(d, remove_it);
    expect(d, "news: message m2 2\n"
              "news: message m3 3\n"
              "send 2 {'method':'unsubscribe','params':{'channel':'news'},'uid':'5'}\n"
              "news: removed\n");
}

static void a_replay_ends_with_disconnect(void **state)
{
    driver *d = *state;
    replay_and_act(d, disconnect);
    expect(d, "news: message m2 2\n"
              "news: message m3 3\n"
              "disconnect 'client' stop\n"
              "close 2\n"
              "transport-close 'connection closed' again OK\n");
}

static void a_replay_that_was_cut_goes_on_after_the_reconnect(void **state)
{
    driver *d = *state;
    driver_be_subscribed(d);
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}");
    driver_reconnect(d, 3);
    cf_effect effect;
    static const char text[] = "{\"uid\":\"4\",\"method\":\"subscribe\",\"body\":{\"channel\":\"news\",\"messages\":["
                               "{\"uid\":\"m3\",\"data\":3},{\"uid\":\"m2\",\"data\":2}]}}";
    cf_client_transport_received(d->client, 2, cf_bytes_of(text), d->now);
    assert_true(cf_client_next_effect(d->client, d->now, &effect));
    assert_true(cf_bytes_equal(effect.event.uid, CF_BYTES("m2")));
    d->transport_live = false;
    cf_client_transport_closed(d->client, 2, CF_CLOSE_NO_STATUS, CF_BYTES(""), CENTRIFUGE_ERROR_OK, d->now);
    driver_pump(d);
    driver_pass(d, 4000);
    driver_opened(d);
    driver_forget(d);
    driver_welcome(d, 5);
    assert_int_equal(driver_count(d, "send 3 {'method':'subscribe','params':{'channel':'news','recover':true,'last':'m2'}"), 1);
}

static void a_hole_before_a_replay_that_was_cut_is_told_later(void **state)
{
    driver *d = *state;
    plan p = {CF_EVENT_MESSAGE, 0, lose};
    driver_be_subscribed(d);
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}");
    driver_reconnect(d, 3);
    d->hook = follow_plan;
    d->hook_user = &p;
    driver_receive(d, "{'uid':'4','method':'subscribe','body':{'channel':'news','recovered':false,'messages':["
                      "{'uid':'m9','data':9},{'uid':'m8','data':8}]}}");
    d->hook = NULL;
    driver_pass(d, 4000);
    driver_opened(d);
    driver_welcome(d, 5);
    driver_forget(d);
    driver_receive(d, "{'uid':'6','method':'subscribe','body':{'channel':'news','recovered':true,'messages':["
                      "{'uid':'m9','data':9}]}}");
    expect(d, "news: message m9 9\n"
              "news: subscribe again\n");
    driver_reconnect(d, 7);
    driver_forget(d);
    driver_receive(d, "{'uid':'8','method':'subscribe','body':{'channel':'news','recovered':true,'messages':[]}}");
    expect(d, "news: subscribe again recovered\n");
}

static void a_message_after_unsubscribe_in_the_same_frame_is_dropped(void **state)
{
    driver *d = *state;
    plan p = {CF_EVENT_MESSAGE, 0, unsubscribe};
    driver_be_subscribed(d);
    d->hook = follow_plan;
    d->hook_user = &p;
    driver_receive(d, "[{'method':'message','body':{'uid':'m1','channel':'news','data':1}},"
                      "{'method':'message','body':{'uid':'m2','channel':'news','data':2}}]");
    expect(d, "news: message m1 1\n"
              "news: unsubscribe\n"
              "send 1 {'method':'unsubscribe','params':{'channel':'news'},'uid':'3'}\n");
}

/* D16: in C a listener cannot throw; whatever it does instead, the rest of the frame is handled. */
static void a_listener_made_the_rest_of_the_frame_get_lost(void **state)
{
    driver *d = *state;
    plan p = {CF_EVENT_SUBSCRIBE, 0, remove_it};
    driver_start(d);
    driver_subscribe(d, "a");
    cf_subscription *b = driver_subscribe(d, "b");
    driver_be_connected(d);
    driver_publish(d, b, "1", "p");
    d->hook = follow_plan;
    d->hook_user = &p;
    driver_receive(
        d, "[{'uid':'2','method':'subscribe','body':{'channel':'a'}},{'uid':'3','method':'subscribe','body':{'channel':'b'}},"
           "{'method':'message','body':{'uid':'m','channel':'b','data':1}}]");
    expect(d, "a: subscribe first\n"
              "send 1 {'method':'unsubscribe','params':{'channel':'a'},'uid':'4'}\n"
              "a: removed\n"
              "b: subscribe first\n"
              "send 1 {'method':'publish','params':{'channel':'b','data':1},'uid':'5'}\n"
              "b: message m 1\n");
}

/* ---- defects ---------------------------------------------------------------------------------------------------------- */

/* D6 */
static void a_reconnect_revived_unsubscribed_ones(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_unsubscribe(d, news);
    driver_reconnect(d, 4);
    expect(d, "connect c2 raw-websocket 0 ms\n");
    driver_expect_subscription(news, CF_SUBSCRIPTION_UNSUBSCRIBED);
    assert_int_equal(cf_subscription_presence(news, d->now, "p"), CENTRIFUGE_ERROR_UNSUBSCRIBED);
    driver_unsubscribe(d, news); /* no second event */
    expect(d, "send 2 {'method':'unsubscribe','params':{'channel':'news'},'uid':'5'}\n");
    assert_ptr_equal(driver_subscribe(d, "news"), news);
    expect(d, "send 2 {'method':'subscribe','params':{'channel':'news'},'uid':'6'}\n");
}

/* D8 */
static void a_refused_channel_was_not_asked_for_again(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    driver_be_connected(d);
    refuse(d, 2, "news");
    driver_forget(d);
    assert_ptr_equal(driver_subscribe(d, "news"), news);
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'news'},'uid':'3'}\n");
    driver_accept(d, 3, "news");
    expect(d, "news: subscribe first\n");
}

/* D9 */
static void ready_of_an_unsubscribed_one_threw(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_unsubscribe(d, news);
    driver_forget(d);
    assert_int_equal(cf_subscription_ready(news, d->now, false, "r"), CENTRIFUGE_ERROR_UNSUBSCRIBED);
    assert_int_equal(cf_subscription_ready(news, d->now, true, "r"), CENTRIFUGE_ERROR_UNSUBSCRIBED);
    driver_disconnect(d);
    cf_subscription_subscribe(news, d->now);
    assert_int_equal(cf_subscription_ready(news, d->now, false, "r"), CENTRIFUGE_ERROR_INVALID_STATE);
    driver_pump(d);
    assert_int_equal(driver_count(d, "result"), 0);
}

/* D10 */
static void ready_without_the_callback_that_is_due_threw(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *good = driver_subscribe(d, "good");
    cf_subscription *bad = driver_subscribe(d, "bad");
    driver_be_connected(d);
    assert_int_equal(cf_subscription_ready(good, d->now, false, "r"), CENTRIFUGE_ERROR_INVALID_STATE);
    driver_accept(d, 2, "good");
    refuse(d, 3, "bad");
    driver_forget(d);
    /* one result says which of the two it is; a binding calls what it has */
    assert_int_equal(cf_subscription_ready(good, d->now, false, "good"), CENTRIFUGE_ERROR_OK);
    assert_int_equal(cf_subscription_ready(bad, d->now, false, "bad"), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    expect(d, "result good OK\n"
              "result bad REFUSED 'permission denied' 'fix'\n");
}

/* ---- what is pushed before a recovery is answered (D52) ---------------------------------------------------------- */

static void push(driver *d, const char *uid)
{
    char text[128];
    snprintf(text, sizeof(text), "{'method':'message','body':{'uid':'%s','channel':'news','data':1}}", uid);
    driver_receive(d, text);
}

/* Subscribed with m1 as position, then connected anew: the recovery has the uid 4. */
static cf_subscription *be_recovering(driver *d)
{
    cf_subscription *news = driver_be_subscribed(d);
    push(d, "m1");
    driver_reconnect(d, 3);
    driver_forget(d);
    return news;
}

static void answer_recovery(driver *d, const char *uid, const char *recovered, const char *messages)
{
    char text[512];
    snprintf(text, sizeof(text),
             "{'uid':'%s','method':'subscribe','body':{'channel':'news','last':'','recovered':%s,'messages':[%s]}}", uid,
             recovered, messages);
    driver_receive(d, text);
}

#define MISSED(uid) "{'uid':'" uid "','channel':'news','data':0}"

static void assert_recovers_from(driver *d, unsigned connect_uid, const char *last)
{
    char line[128];
    driver_forget(d);
    driver_reconnect(d, connect_uid);
    snprintf(line, sizeof(line), "'recover':true,'last':'%s'", last);
    assert_non_null(strstr(d->log, line));
}

/* A recovery that the server's unsubscribe has crossed, and the user has asked anew. */
static cf_subscription *be_crossed(driver *d)
{
    cf_subscription *news = be_recovering(d);
    driver_receive(d, "{'method':'unsubscribe','body':{'channel':'news','status':true}}");
    cf_subscription_subscribe(news, d->now);
    driver_pump(d);
    driver_forget(d);
    return news;
}

static void a_recovery_that_was_crossed_brings_nothing_behind_what_was_pushed(void **state)
{
    driver *d = *state;
    be_crossed(d);
    push(d, "m4");
    push(d, "m5");
    driver_receive(d, "{'uid':'4','method':'subscribe','body':{'channel':'news','recovered':true,'last':'',"
                      "'messages':[{'uid':'m4','channel':'news','data':1}]}}");
    expect(d, "news: message m4 1\nnews: message m5 1\nnews: subscribe first\n");
    assert_recovers_from(d, 6, "m5");
}

static void a_refusal_of_what_was_crossed_is_not_taken_for_that_of_the_next_request(void **state)
{
    driver *d = *state;
    cf_subscription *news = be_crossed(d);
    refuse(d, 4, "news");
    push(d, "m4");
    expect(d, "news: message m4 1\n");
    driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBING);
    driver_receive(d, "{'uid':'5','method':'subscribe','body':{'channel':'news','status':true,'last':'m3'}}");
    expect(d, "news: subscribe first\n");
    driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBED);
}

/* A server that sends although it has refused: nobody knows what was before. */
static void what_a_refused_one_was_told_is_not_recovered_behind(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    driver_be_connected(d);
    refuse(d, 2, "news");
    push(d, "m4");
    cf_subscription_subscribe(news, d->now);
    driver_reconnect(d, 4);
    driver_forget(d);
    driver_receive(d, "{'uid':'5','method':'subscribe','body':{'channel':'news','recovered':true,'last':'','messages':[]}}");
    expect(d, "news: subscribe first\n");
}

/* An empty `last` in it does not say that the history was empty. */
static void a_recovery_that_was_crossed_sets_no_position(void **state)
{
    driver *d = *state;
    be_crossed(d);
    driver_receive(d, "{'uid':'4','method':'subscribe','body':{'channel':'news','recovered':true,'last':'','messages':[]}}");
    expect(d, "news: subscribe first\n");
    driver_reconnect(d, 6);
    assert_null(strstr(d->log, "'recover'"));
}

static void a_push_before_the_answer_is_told_once_and_in_order(void **state)
{
    driver *d = *state;
    be_recovering(d);
    push(d, "m4");
    push(d, "m5");
    driver_receive(d, "{'method':'join','body':{'channel':'news','data':{'user':'u','client':'c7'}}}");
    expect(d, "");
    answer_recovery(d, "4", "true", MISSED("m4") "," MISSED("m3") "," MISSED("m2"));
    expect(d, "news: message m2 0\n"
              "news: message m3 0\n"
              "news: message m4 0\n"
              "news: message m5 1\n"
              "news: join c7 {'user':'u','client':'c7'}\n"
              "news: subscribe again recovered\n");
    push(d, "m6");
    expect(d, "news: message m6 1\n");
    assert_recovers_from(d, 5, "m6");
}

/* Who knows what was published before it? */
static void a_push_before_a_first_answer_that_is_lost_promises_nothing(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "news");
    driver_be_connected(d);
    push(d, "m7");
    expect(d, "news: message m7 1\n");
    assert_recovers_from(d, 3, "m7");
    driver_forget(d);
    answer_recovery(d, "4", "true", MISSED("m8"));
    expect(d, "news: message m8 0\nnews: subscribe first\n");
    assert_recovers_from(d, 5, "m8");
    driver_forget(d);
    answer_recovery(d, "6", "true", "");
    expect(d, "news: subscribe again recovered\n");
}

/* As of two nodes that both believe to be the one that tells it. */
static void a_push_before_the_answer_in_it_and_behind_it_is_told_once(void **state)
{
    driver *d = *state;
    be_recovering(d);
    push(d, "m3");
    push(d, "m3");
    answer_recovery(d, "3", "true", MISSED("m3") "," MISSED("m3") "," MISSED("m2"));
    push(d, "m3");
    push(d, "m3");
    push(d, "m4");
    expect(d, "news: message m2 0\n"
              "news: message m3 0\n"
              "news: subscribe again recovered\n"
              "news: message m4 1\n");
    assert_recovers_from(d, 5, "m4");
}

/* The answers to all channels of a connection may be one frame, and a private channel is asked for later. */
static void pushes_wait_for_the_answer_of_their_own_channel(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "a");
    driver_subscribe(d, "$b");
    driver_be_connected(d);
    driver_accept(d, 2, "a");
    driver_authorized(d, 1, "{'$b':{'sign':'s'}}");
    driver_accept(d, 3, "$b");
    driver_receive(d, "[{'method':'message','body':{'uid':'a1','channel':'a','data':1}},"
                      "{'method':'message','body':{'uid':'b1','channel':'$b','data':1}}]");
    driver_reconnect(d, 4);
    driver_authorized(d, 2, "{'$b':{'sign':'s'}}");
    driver_forget(d);
    driver_receive(d, "[{'method':'message','body':{'uid':'b3','channel':'$b','data':3}},"
                      "{'method':'message','body':{'uid':'a3','channel':'a','data':3}},"
                      "{'uid':'5','method':'subscribe','body':{'channel':'a','recovered':true,'messages':["
                      "{'uid':'a3','channel':'a','data':3},{'uid':'a2','channel':'a','data':2}]}},"
                      "{'method':'message','body':{'uid':'a4','channel':'a','data':4}}]");
    expect(d, "a: message a2 2\na: message a3 3\na: subscribe again recovered\na: message a4 4\n");
    driver_receive(d, "{'uid':'6','method':'subscribe','body':{'channel':'$b','recovered':true,'messages':["
                      "{'uid':'b2','channel':'$b','data':2}]}}");
    expect(d, "$b: message b2 2\n$b: message b3 3\n$b: subscribe again recovered\n");
}

static void a_push_before_an_empty_answer_is_told(void **state)
{
    driver *d = *state;
    be_recovering(d);
    push(d, "m2");
    driver_receive(d, "{'method':'message','body':{'channel':'news','data':2}}");
    answer_recovery(d, "4", "true", "");
    expect(d, "news: message m2 1\n"
              "news: message  2\n"
              "news: subscribe again recovered\n");
}

static void a_push_behind_the_answer_that_told_it_is_dropped(void **state)
{
    driver *d = *state;
    be_recovering(d);
    answer_recovery(d, "4", "true", MISSED("m4") "," MISSED("m3") "," MISSED("m2"));
    driver_forget(d);
    push(d, "m3");
    push(d, "m5");
    push(d, "m4");
    push(d, "m6");
    expect(d, "news: message m5 1\n"
              "news: message m6 1\n");
}

/* Only so many are kept in mind; the subscription's memory is checked at the end. */
static void what_an_answer_told_is_forgotten_in_time(void **state)
{
    driver *d = *state;
    be_recovering(d);
    answer_recovery(d, "4", "true", MISSED("m2"));
    for (unsigned i = 0; i < 65; i++) {
        char uid[8];
        snprintf(uid, sizeof(uid), "n%u", i);
        push(d, uid);
    }
    driver_forget(d);
    push(d, "m2");
    expect(d, "news: message m2 1\n");
}

static void a_connection_lost_before_the_answer_leaves_no_hole(void **state)
{
    driver *d = *state;
    be_recovering(d);
    push(d, "m7");
    assert_recovers_from(d, 5, "m1");
    driver_forget(d);
    answer_recovery(d, "6", "true", MISSED("m7") "," MISSED("m6"));
    expect(d, "news: message m6 0\n"
              "news: message m7 0\n"
              "news: subscribe again recovered\n");
}

static void a_disconnect_before_the_answer_leaves_no_hole(void **state)
{
    driver *d = *state;
    cf_subscription *news = be_recovering(d);
    push(d, "m7");
    driver_disconnect(d);
    assert_int_equal(driver_count(d, "news: message"), 0);
    driver_forget(d);
    assert_int_equal(cf_subscription_subscribe(news, d->now), CENTRIFUGE_ERROR_OK);
    driver_connect(d);
    driver_opened(d);
    driver_welcome(d, 5);
    assert_non_null(strstr(d->log, "'recover':true,'last':'m1'"));
}

static void an_unsubscribe_before_the_answer_drops_what_waits(void **state)
{
    driver *d = *state;
    cf_subscription *news = be_recovering(d);
    push(d, "m7");
    driver_unsubscribe(d, news);
    driver_forget(d);
    answer_recovery(d, "4", "true", MISSED("m2"));
    expect(d, "");
}

static void what_is_pushed_around_a_refused_recovery_is_recovered_by_the_next(void **state)
{
    driver *d = *state;
    be_recovering(d);
    push(d, "m3");
    driver_receive(
        d, "{'uid':'4','method':'subscribe','error':'internal server error','advice':'retry','body':{'channel':'news'}}");
    push(d, "m4");
    assert_int_equal(driver_count(d, "news: message"), 0);
    driver_forget(d);
    driver_subscribe(d, "news");
    assert_non_null(strstr(d->log, "'recover':true,'last':'m1'"));
}

static void too_much_before_the_answer_is_a_hole_that_is_told(void **state)
{
    driver *d = *state;
    d->options.recovery_size_max = 100;
    be_recovering(d);
    push(d, "m4");
    push(d, "m5");
    push(d, "m6");
    assert_int_equal(driver_count(d, "error LIMIT_RECOVERY"), 1);
    driver_forget(d);
    answer_recovery(d, "4", "true", MISSED("m3") "," MISSED("m2"));
    expect(d, "news: message m2 0\n"
              "news: message m3 0\n"
              "news: message m4 1\n"
              "news: message m5 1\n"
              "news: subscribe again\n");
}

/* The position was not moved over what could not wait. */
static void too_much_and_a_lost_connection_leave_no_hole(void **state)
{
    driver *d = *state;
    d->options.recovery_size_max = 1;
    be_recovering(d);
    push(d, "m4");
    assert_recovers_from(d, 5, "m1");
    driver_forget(d);
    answer_recovery(d, "6", "true", MISSED("m4"));
    expect(d, "news: message m4 0\n"
              "news: subscribe again recovered\n");
}

static void the_last_of_a_first_answer_is_older_than_what_was_told(void **state)
{
    driver *d = *state;
    assert_true(driver_start(d));
    driver_be_connected(d);
    driver_subscribe(d, "news");
    driver_forget(d);
    push(d, "m5");
    expect(d, "news: message m5 1\n");
    driver_receive(d, "{'uid':'2','method':'subscribe','body':{'channel':'news','status':true,'last':'m4','messages':null,'"
                      "recovered':false}}");
    expect(d, "news: subscribe first\n");
    assert_recovers_from(d, 3, "m5");
}

/* D11 */
static void ready_did_not_say_recovered(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_reconnect(d, 3);
    cf_subscription_ready(news, d->now, true, "waiting");
    driver_receive(d, "{'uid':'4','method':'subscribe','body':{'channel':'news','recovered':true}}");
    cf_subscription_ready(news, d->now, false, "late");
    driver_pump(d);
    assert_int_equal(driver_count(d, "result waiting OK again recovered"), 1);
    assert_int_equal(driver_count(d, "result late OK again recovered"), 1);
}

/* D17 */
static void disconnect_told_unsubscribe_of_those_that_never_were(void **state)
{
    driver *d = *state;
    driver_be_subscribed(d);
    cf_subscription *refused = driver_subscribe(d, "refused");
    refuse(d, 3, "refused");
    cf_subscription *pending = driver_subscribe(d, "pending");
    driver_forget(d);
    driver_disconnect(d);
    expect(d, "news: unsubscribe\n"
              "disconnect 'client' stop\n"
              "close 1\n"
              "transport-close 'connection closed' again OK\n");
    driver_expect_subscription(refused, CF_SUBSCRIPTION_UNSUBSCRIBED);
    driver_expect_subscription(pending, CF_SUBSCRIPTION_UNSUBSCRIBED);
    cf_subscription *fresh = driver_subscribe(d, "new");
    driver_connect(d);
    driver_forget(d);
    driver_disconnect(d);
    assert_int_equal(driver_count(d, "new: unsubscribe"), 0);
    driver_expect_subscription(fresh, CF_SUBSCRIPTION_UNSUBSCRIBED);
}

/* D18 */
static void a_first_subscription_while_reconnecting_was_told_as_again(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_subscribe(d, "fresh");
    driver_pass(d, 2000);
    driver_opened(d);
    driver_welcome(d, 2);
    driver_forget(d);
    driver_accept(d, 3, "fresh");
    expect(d, "fresh: subscribe first\n");
}

/* D22 */
static void a_refusal_without_body_left_it_pending(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "a");
    driver_subscribe(d, "news");
    driver_be_connected(d);
    driver_receive(d, "{'uid':'3','method':'subscribe','error':'internal server error','advice':'retry','body':null}");
    expect(d, "error REFUSED 'internal server error' 'retry' "
              "{'uid':'3','method':'subscribe','error':'internal server error','advice':'retry','body':null}\n"
              "news: refused REFUSED 'internal server error' 'retry' first\n");
}

/* Also those that are not waited for have no uid. */
static void a_refusal_that_says_nothing_of_whom_refuses_nobody(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_subscription *other = driver_subscribe(d, "other");
    driver_forget(d);
    driver_receive(d, "{'method':'subscribe','error':'internal server error','body':null}");
    expect(d, "");
    driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBED);
    driver_expect_subscription(other, CF_SUBSCRIPTION_SUBSCRIBING);
    driver_receive(d, "{'uid':'3','method':'subscribe','error':'internal server error','body':null}");
    driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBED);
    driver_expect_subscription(other, CF_SUBSCRIPTION_REFUSED);
}

/* D25 */
static void messages_after_unsubscribe_were_told_and_brought_the_position_back(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_unsubscribe(d, news);
    driver_forget(d);
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}");
    driver_receive(d, "{'method':'join','body':{'channel':'news','data':{}}}");
    expect(d, "");
    driver_receive(d, "{'uid':'3','method':'unsubscribe','body':{'channel':'news','status':true}}");
    cf_subscription_subscribe(news, d->now);
    driver_pump(d);
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'news'},'uid':'4'}\n");
}

static void messages_of_a_removed_subscription_do_not_reach_a_new_one(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_subscription_remove(news, d->now);
    driver_pump(d);
    driver_subscribe(d, "news");
    driver_forget(d);
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}");
    expect(d, "");
    driver_receive(d, "{'uid':'3','method':'unsubscribe','body':{'channel':'news','status':true}}");
    driver_receive(d, "{'method':'message','body':{'uid':'m2','channel':'news','data':2}}");
    driver_accept(d, 4, "news");
    expect(d, "news: message m2 2\n"
              "news: subscribe first\n");
}

static void messages_of_the_former_subscription_do_not_reach_the_next(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_subscription_unsubscribe(news, d->now);
    cf_subscription_subscribe(news, d->now);
    driver_pump(d);
    driver_forget(d);
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}");
    expect(d, "");
    driver_receive(d, "{'uid':'3','method':'unsubscribe','body':{'channel':'news','status':true}}");
    driver_receive(d, "{'method':'message','body':{'uid':'m2','channel':'news','data':2}}");
    driver_accept(d, 4, "news");
    expect(d, "news: message m2 2\n"
              "news: subscribe first\n");
}

/* D28 */
static void subscribe_while_pending_sent_a_second_command(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    cf_subscription *news = driver_subscribe(d, "news");
    driver_forget(d);
    cf_subscription_subscribe(news, d->now);
    driver_subscribe(d, "news");
    expect(d, "");
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    cf_subscription_subscribe(news, d->now); /* and while it waits for the next connection */
    driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBING);
}

/* D44 */
static void subscribe_of_a_subscribed_one_returned_nothing(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    assert_int_equal(cf_subscription_subscribe(news, d->now), CENTRIFUGE_ERROR_OK);
    assert_ptr_equal(driver_subscribe(d, "news"), news);
    expect(d, "");
}

/* D45: reports of an attempt that is over change nothing; the subscription waits for the next connection. */
static void a_failure_told_while_disconnected_refused_it(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_forget(d);
    cf_client_transport_received(d->client, 1,
                                 CF_BYTES("{\"uid\":\"2\",\"method\":\"subscribe\",\"error\":\"x\",\"body\":null}"), d->now);
    driver_pump(d);
    expect(d, "");
    driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBING);
}

/* ---- removal ----------------------------------------------------------------------------------------------------------- */

static void a_removed_subscription_says_no_more(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'news','data':1}}");
    driver_publish(d, news, "1", "sent");
    driver_forget(d);
    cf_subscription_unsubscribe(news, d->now);
    cf_subscription_remove(news, d->now);
    assert_null(cf_client_find(d->client, CF_BYTES("news")));
    driver_pump(d);
    expect(d, "send 1 {'method':'unsubscribe','params':{'channel':'news'},'uid':'4'}\n"
              "result sent UNSUBSCRIBED 'subscription unsubscribed' 'fix'\n"
              "news: removed\n");
    driver_receive(d, "{'method':'message','body':{'uid':'m2','channel':'news','data':2}}");
    driver_receive(d, "{'uid':'3','method':'publish','body':{}}");
    expect(d, "");
}

static void remove_ends_calls_of_its_own_only(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_subscription *other = driver_subscribe(d, "other");
    driver_accept(d, 3, "other");
    driver_publish(d, other, "1", "other");
    driver_publish(d, news, "1", "news");
    cf_subscription *pending = driver_subscribe(d, "pending");
    cf_subscription_history(pending, d->now, "waiting");
    driver_forget(d);
    cf_subscription_remove(news, d->now);
    cf_subscription_remove(pending, d->now);
    driver_pump(d);
    expect(d, "result news UNSUBSCRIBED 'subscription unsubscribed' 'fix'\n"
              "send 1 {'method':'unsubscribe','params':{'channel':'news'},'uid':'7'}\n"
              "news: removed\n"
              "result waiting UNSUBSCRIBED 'subscription unsubscribed' 'fix'\n"
              "send 1 {'method':'unsubscribe','params':{'channel':'pending'},'uid':'8'}\n"
              "pending: removed\n");
}

static void an_answer_that_waits_is_not_told_of_a_removed_one(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *a = driver_subscribe(d, "a");
    cf_subscription *b = driver_subscribe(d, "b");
    driver_be_connected(d);
    cf_effect effect;
    static const char text[] = "{\"uid\":\"2\",\"method\":\"subscribe\",\"error\":\"no\",\"body\":{\"channel\":\"a\"}}";
    cf_client_transport_received(d->client, 1, cf_bytes_of(text), d->now);
    assert_true(cf_client_next_effect(d->client, d->now, &effect));
    assert_int_equal(effect.event.kind, CF_EVENT_ERROR);
    cf_subscription_remove(b, d->now);
    cf_subscription_remove(a, d->now);
    driver_pump(d);
    expect(d, "send 1 {'method':'unsubscribe','params':{'channel':'b'},'uid':'4'}\n"
              "b: removed\n"
              "send 1 {'method':'unsubscribe','params':{'channel':'a'},'uid':'5'}\n"
              "a: removed\n");
}

static void an_unsubscribed_one_is_removed_without_a_command(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    driver_unsubscribe(d, news);
    driver_forget(d);
    cf_subscription_remove(news, d->now);
    driver_pump(d);
    expect(d, "news: removed\n");
    assert_ptr_not_equal(driver_subscribe(d, "news"), NULL);
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'news'},'uid':'4'}\n");
}

static void a_removal_before_the_end_is_still_told(void **state)
{
    driver *d = *state;
    cf_subscription *news = driver_be_subscribed(d);
    cf_subscription *other = driver_subscribe(d, "other");
    driver_forget(d);
    cf_subscription_remove(news, d->now);
    cf_client_shutdown(d->client, d->now);
    cf_subscription_remove(other, d->now);
    cf_subscription_unsubscribe(other, d->now);
    assert_int_equal(cf_subscription_subscribe(other, d->now), CENTRIFUGE_ERROR_CLOSED);
    driver_pump(d);
    expect(d, "send 1 {'method':'unsubscribe','params':{'channel':'news'},'uid':'4'}\n"
              "news: removed\n"
              "close 1\n");
}

/* ---- asking too often ----------------------------------------------------------------------- */

#define REFUSED_AGAIN "{'uid':'%u','method':'subscribe','error':'permission denied','advice':'fix','body':{'channel':'news'}}"

/* A handler that subscribed in the event that told of the refusal made 25,000 commands a second. */
static void who_asks_in_each_refusal_is_slowed_down(void **state)
{
    driver *d = *state;
    unsigned uid = 2;
    driver_start(d);
    driver_be_connected(d);
    d->hook = ask_again;
    cf_subscription *news = driver_subscribe(d, "news");
    assert_int_equal(count_commands(d, &uid, REFUSED_AGAIN), 5);
    driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBING);
    driver_pass(d, 999);
    assert_int_equal(count_commands(d, &uid, REFUSED_AGAIN), 0);
    driver_pass(d, 1);
    assert_int_equal(count_commands(d, &uid, REFUSED_AGAIN), 1);
    driver_pass(d, 10000); /* patience is rewarded, but the handler has none */
    assert_int_equal(count_commands(d, &uid, REFUSED_AGAIN), 5);
}

static void who_asks_when_the_server_takes_it_back_is_slowed_down(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_be_connected(d);
    d->hook = ask_again;
    cf_subscription *news = driver_subscribe(d, "news");
    for (unsigned i = 0; i < 5; i++) {
        char answer[100];
        snprintf(answer, sizeof(answer), "{'uid':'%u','method':'subscribe','body':{'channel':'news'}}", i + 2);
        driver_receive(d, answer);
        driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBED);
        driver_receive(d, "{'method':'unsubscribe','body':{'channel':'news'}}");
        driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBING);
    }
    assert_null(strstr(d->log, "'uid':'7'"));
    driver_forget(d);
    driver_pass(d, 1000);
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'news'},'uid':'7'}\n");
}

/* In place of the refused one comes a new one. */
static void ask_by_a_new_one(driver *d, const cf_effect *effect)
{
    cf_subscription *made;
    if (effect->kind != CF_EFFECT_EVENT || effect->event.kind != CF_EVENT_SUBSCRIBE_ERROR)
        return;
    cf_subscription_remove(effect->event.subscription, d->now);
    assert_int_equal(cf_client_subscribe(d->client, d->now, CF_BYTES("news"), NULL, &made, NULL), CENTRIFUGE_ERROR_OK);
}

static unsigned count_new_ones(driver *d, unsigned *uid)
{
    unsigned count = 0;
    char text[300], command[60];
    for (bool asked = true; asked; count += asked) {
        snprintf(command, sizeof(command), "'params':{'channel':'news'},'uid':'%u'", *uid);
        asked = strstr(d->log, command) != NULL;
        driver_forget(d);
        snprintf(text, sizeof(text), REFUSED_AGAIN, *uid);
        if (asked) {
            *uid += 2; /* between them the removed one is left */
            driver_receive(d, text);
        }
    }
    return count;
}

/* A floor that went with the removed subscription let a handler ask as fast as the server answered. */
static void who_removes_what_is_refused_and_asks_anew_is_slowed_down(void **state)
{
    driver *d = *state;
    unsigned uid = 2;
    driver_start(d);
    driver_be_connected(d);
    d->hook = ask_by_a_new_one;
    driver_subscribe(d, "news");
    assert_int_equal(count_new_ones(d, &uid), 5);
    driver_pass(d, 999);
    assert_int_equal(count_new_ones(d, &uid), 0);
    driver_pass(d, 1);
    assert_int_equal(count_new_ones(d, &uid), 1);
}

/* Many that are refused at the same time are one step of such a row. */
static void others_do_not_wait_for_a_few_that_were_removed(void **state)
{
    driver *d = *state;
    cf_subscription *old[20];
    char name[20];
    driver_start(d);
    driver_be_connected(d);
    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "old%u", i);
        old[i] = driver_subscribe(d, name);
    }
    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "old%u", i);
        refuse(d, i + 2, name);
        cf_subscription_remove(old[i], d->now);
        driver_pump(d);
    }
    driver_forget(d);
    driver_subscribe(d, "news");
    assert_non_null(strstr(d->log, "'method':'subscribe','params':{'channel':'news'}"));
    driver_forget(d);
}

static void an_unsubscribed_one_does_not_wait_any_more(void **state)
{
    driver *d = *state;
    unsigned uid = 2;
    driver_start(d);
    driver_be_connected(d);
    d->hook = ask_again;
    cf_subscription *news = driver_subscribe(d, "news");
    count_commands(d, &uid, REFUSED_AGAIN);
    d->hook = NULL;
    driver_unsubscribe(d, news);
    driver_forget(d);
    assert_int_equal(cf_client_deadline(d->client), d->now + 30000); /* a ping */
    driver_pass(d, 1000);
    expect(d, "");
}

static void a_new_connection_asks_for_those_that_waited(void **state)
{
    driver *d = *state;
    unsigned uid = 2;
    driver_start(d);
    driver_be_connected(d);
    d->hook = ask_again;
    driver_subscribe(d, "news");
    count_commands(d, &uid, REFUSED_AGAIN);
    d->hook = NULL;
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_reconnect(d, uid);
    assert_non_null(strstr(d->log, "'method':'subscribe','params':{'channel':'news'}"));
    driver_forget(d);
}

static void many_subscriptions_are_found(void **state)
{
    driver *d = *state;
    char name[16];
    driver_start(d);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "c%d", i);
        driver_subscribe(d, name);
    }
    driver_be_connected(d);
    for (int i = 999; i >= 0; i--) {
        snprintf(name, sizeof(name), "c%d", i);
        driver_accept(d, (unsigned)(2 + i), name);
    }
    assert_int_equal(driver_count(d, "c"), 1000);
    for (int i = 0; i < 1000; i += 2) {
        snprintf(name, sizeof(name), "c%d", i);
        cf_subscription_remove(cf_client_find(d->client, cf_bytes_of(name)), d->now);
    }
    driver_pump(d);
    driver_forget(d);
    driver_receive(
        d, "[{'method':'message','body':{'channel':'c501','data':1}},{'method':'message','body':{'channel':'c500','data':1}}]");
    expect(d, "c501: message  1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_same_channel_is_the_same_subscription),
        TEST(bad_channels_are_refused),
#if SIZE_MAX > UINT32_MAX
        TEST(what_cannot_be_counted_is_refused),
#endif
        TEST(the_room_for_decoded_strings_is_given_back),
        TEST(subscriptions_have_a_limit),
        TEST(a_full_queue_refuses_a_subscription),
        TEST(channels_named_like_members_of_objects),
        TEST(channel_names_are_escaped_and_read_back),
        TEST(subscribe_while_connected),
        TEST(subscribe_while_not_connected_waits),
        TEST(a_good_answer_to_connect_asks_for_all_in_one_frame),
        TEST(names_like_numbers_come_first_in_their_order),
        TEST(unsubscribe_in_every_state),
        TEST(an_error_answer_to_unsubscribe_is_reported),
        TEST(the_server_takes_a_subscription_away),
        TEST(the_server_takes_a_pending_subscription_away),
        TEST(a_lost_connection_brings_them_back),
        TEST(a_renewed_subscription_may_be_refused),
        TEST(without_resubscribe_they_end_with_the_connection),
        TEST(turning_resubscribe_off_keeps_new_ones_waiting),
        TEST(joins_and_leaves_are_told),
        TEST(without_memory_for_a_name_the_connection_is_given_up),
        TEST(bodies_come_byte_for_byte),
        TEST(an_answer_is_found_by_its_channel),
        TEST(odd_answers_change_nothing),
        TEST(an_answer_to_an_older_request_is_none),
        TEST(an_unsubscribe_that_crossed_a_request_left_the_server_subscribed),
        TEST(an_answer_while_an_unsubscribe_is_on_its_way_needs_no_second_one),
        TEST(a_request_made_again_after_the_servers_unsubscribe_takes_the_first_answer),
        TEST(a_recovery_that_was_crossed_brings_nothing_behind_what_was_pushed),
        TEST(a_recovery_that_was_crossed_sets_no_position),
        TEST(a_refusal_of_what_was_crossed_is_not_taken_for_that_of_the_next_request),
        TEST(what_a_refused_one_was_told_is_not_recovered_behind),
        TEST(a_refusal_is_told_and_kept),
        TEST(a_refusal_may_have_no_advice_and_any_error),
        TEST(positions_come_from_messages_and_answers),
        TEST(missed_messages_are_replayed_oldest_first),
        TEST(a_list_without_messages_is_none),
        TEST(an_empty_last_replaced_a_known_position),
        TEST(an_empty_position_stays_one),
        TEST(positions_outlived_their_subscription),
        TEST(a_disconnect_keeps_the_position),
        TEST(unsubscribed_while_disconnected_it_has_no_position),
        TEST(after_a_disconnect_the_table_is_made_anew),
        TEST(a_disconnect_in_a_replay_keeps_the_hole),
        TEST(unsubscribe_forgets_the_position),
        TEST(a_replay_ends_with_unsubscribe),
        TEST(a_replay_ends_with_unsubscribe_and_subscribe),
        TEST(a_replay_ends_with_remove),
        TEST(a_replay_ends_with_disconnect),
        TEST(a_replay_that_was_cut_goes_on_after_the_reconnect),
        TEST(a_hole_before_a_replay_that_was_cut_is_told_later),
        TEST(a_message_after_unsubscribe_in_the_same_frame_is_dropped),
        TEST(a_listener_made_the_rest_of_the_frame_get_lost),
        TEST(a_reconnect_revived_unsubscribed_ones),
        TEST(a_refused_channel_was_not_asked_for_again),
        TEST(ready_of_an_unsubscribed_one_threw),
        TEST(ready_without_the_callback_that_is_due_threw),
        TEST(a_push_before_the_answer_is_told_once_and_in_order),
        TEST(a_push_before_a_first_answer_that_is_lost_promises_nothing),
        TEST(a_push_before_the_answer_in_it_and_behind_it_is_told_once),
        TEST(pushes_wait_for_the_answer_of_their_own_channel),
        TEST(a_push_before_an_empty_answer_is_told),
        TEST(a_push_behind_the_answer_that_told_it_is_dropped),
        TEST(what_an_answer_told_is_forgotten_in_time),
        TEST(a_connection_lost_before_the_answer_leaves_no_hole),
        TEST(a_disconnect_before_the_answer_leaves_no_hole),
        TEST(an_unsubscribe_before_the_answer_drops_what_waits),
        TEST(what_is_pushed_around_a_refused_recovery_is_recovered_by_the_next),
        TEST(too_much_before_the_answer_is_a_hole_that_is_told),
        TEST(too_much_and_a_lost_connection_leave_no_hole),
        TEST(the_last_of_a_first_answer_is_older_than_what_was_told),
        TEST(ready_did_not_say_recovered),
        TEST(disconnect_told_unsubscribe_of_those_that_never_were),
        TEST(a_first_subscription_while_reconnecting_was_told_as_again),
        TEST(a_refusal_without_body_left_it_pending),
        TEST(a_refusal_that_says_nothing_of_whom_refuses_nobody),
        TEST(messages_after_unsubscribe_were_told_and_brought_the_position_back),
        TEST(messages_of_the_former_subscription_do_not_reach_the_next),
        TEST(messages_of_a_removed_subscription_do_not_reach_a_new_one),
        TEST(subscribe_while_pending_sent_a_second_command),
        TEST(subscribe_of_a_subscribed_one_returned_nothing),
        TEST(a_failure_told_while_disconnected_refused_it),
        TEST(a_removed_subscription_says_no_more),
        TEST(remove_ends_calls_of_its_own_only),
        TEST(an_answer_that_waits_is_not_told_of_a_removed_one),
        TEST(an_unsubscribed_one_is_removed_without_a_command),
        TEST(a_removal_before_the_end_is_still_told),
        TEST(who_asks_in_each_refusal_is_slowed_down),
        TEST(who_asks_when_the_server_takes_it_back_is_slowed_down),
        TEST(who_removes_what_is_refused_and_asks_anew_is_slowed_down),
        TEST(others_do_not_wait_for_a_few_that_were_removed),
        TEST(an_unsubscribed_one_does_not_wait_any_more),
        TEST(a_new_connection_asks_for_those_that_waited),
        TEST(many_subscriptions_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "driver.h"

/* client-spec.md 11. Numbers like D19 are the defects of its section 17. */

static void be_connected(driver *d)
{
    driver_start(d);
    driver_be_connected(d);
}

static void expect_refused(driver *d, const char *answer, const char *error, const char *text)
{
    char lines[500];
    driver_pass(d, 1000); /* no more than five are refused in a row */
    cf_subscription *subscription = driver_subscribe(d, "$p");
    driver_forget(d);
    driver_authorized(d, d->request, answer);
    snprintf(lines, sizeof(lines),
             "error REFUSED '%s' '%s' {'error':%s%s,'body':{'channel':'$p'}}\n"
             "$p: refused REFUSED %s'%s' '%s' first\n",
             text, error[0] == '\'' ? "fix" : "", error, error[0] == '\'' ? ",'advice':'fix'" : "",
             error[0] == '\'' ? "" : "json ", text, error[0] == '\'' ? "fix" : "");
    expect(d, lines);
    driver_expect_subscription(subscription, CF_SUBSCRIPTION_REFUSED);
    cf_subscription_remove(subscription, d->now);
    driver_pump(d);
    driver_forget(d);
}

#define FAILED    "'authorization request failed'", "authorization request failed"
#define NO_TEXT   "'sign or info is no text in authorization response'", "sign or info is no text in authorization response"
#define NOT_FOUND "'channel not found in authorization response'", "channel not found in authorization response"

/* What is sent after this answer for $p. */
static void expect_granted(driver *d, const char *answer, const char *params)
{
    char lines[300];
    static unsigned uid;
    uid = uid == 0 || d->request == 0 ? 2 : uid + 2;
    cf_subscription *subscription = driver_subscribe(d, "$p");
    driver_forget(d);
    driver_authorized(d, d->request, answer);
    snprintf(lines, sizeof(lines), "send 1 {'method':'subscribe','params':{'channel':'$p','client':'c1'%s},'uid':'%u'}\n",
             params, uid);
    expect(d, lines);
    driver_expect_subscription(subscription, CF_SUBSCRIPTION_SUBSCRIBING);
    cf_subscription_remove(subscription, d->now);
    driver_pump(d);
    driver_forget(d);
}

/* ---- asking ----------------------------------------------------------------------------- */

static void a_private_channel_is_authorized_first(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    expect(d, "authorize 1 {'client':'c1','channels':['$p']}\n");
    driver_expect_subscription(p, CF_SUBSCRIPTION_SUBSCRIBING);
    driver_authorized(d, 1, "{'$p':{'sign':'the-sign','info':'{\\'role\\':\\'x\\'}'},'$other':{'sign':'no'}}");
    expect(
        d,
        "send 1 {'method':'subscribe','params':{'channel':'$p','client':'c1','info':'{\\'role\\':\\'x\\'}','sign':'the-sign'},"
        "'uid':'2'}\n");
    driver_accept(d, 2, "$p");
    expect(d, "$p: subscribe first\n");
    driver_expect_subscription(p, CF_SUBSCRIPTION_SUBSCRIBED);
}

static void channels_of_a_connect_answer_need_one_authorization(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_subscribe(d, "$a");
    driver_subscribe(d, "pub");
    driver_subscribe(d, "$b");
    driver_connect(d);
    driver_opened(d);
    driver_forget(d);
    driver_welcome(d, 1);
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'pub'},'uid':'2'}\n"
              "authorize 1 {'client':'c1','channels':['$a','$b']}\n"
              "connect c1 raw-websocket 0 ms\n");
    driver_authorized(d, 1, "{'channels':[{'channel':'$b','sign':'y'},{'channel':'$a','sign':'x','info':''}]}");
    expect(d, "send 1 [{'method':'subscribe','params':{'channel':'$a','client':'c1','info':'','sign':'x'},'uid':'3'},"
              "{'method':'subscribe','params':{'channel':'$b','client':'c1','sign':'y'},'uid':'4'}]\n");
}

static void a_reconnect_asks_again_and_recovers(void **state)
{
    driver *d = *state;
    be_connected(d);
    driver_subscribe(d, "$p");
    driver_authorized(d, 1, "{'$p':{'sign':'s','info':'i'}}");
    driver_receive(d, "{'uid':'2','method':'subscribe','body':{'channel':'$p','last':'m5'}}");
    driver_reconnect(d, 3);
    expect(d, "authorize 2 {'client':'c2','channels':['$p']}\n"
              "connect c2 raw-websocket 0 ms\n");
    driver_authorized(d, 2, "{'$p':{'sign':'s','info':'i'}}");
    expect(
        d,
        "send 2 {'method':'subscribe','params':{'channel':'$p','client':'c2','info':'i','sign':'s','recover':true,'last':'m5'},"
        "'uid':'4'}\n");
    driver_receive(d, "{'uid':'4','method':'subscribe','body':{'channel':'$p','last':'','recovered':true}}");
    expect(d, "$p: subscribe again recovered\n");
}

static void an_empty_prefix_makes_every_channel_private(void **state)
{
    driver *d = *state;
    d->options.private_channel_prefix = CF_BYTES("");
    be_connected(d);
    driver_subscribe(d, "x\"y");
    expect(d, "authorize 1 {'client':'c1','channels':['x\\'y']}\n");
    driver_authorized(d, 1, "{'\\u0078\\'y':{'sign':'\\u0073'}}");
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'x\\'y','client':'c1','sign':'s'},'uid':'2'}\n");
}

static void another_prefix_counts_from_its_next_use(void **state)
{
    driver *d = *state;
    be_connected(d);
    d->options.private_channel_prefix = CF_BYTES("priv-");
    cf_client_configure(d->client, &d->options, NULL);
    driver_subscribe(d, "$p");
    driver_subscribe(d, "priv-x");
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'$p'},'uid':'2'}\n"
              "authorize 1 {'client':'c1','channels':['priv-x']}\n");
}

static void calls_wait_for_the_authorization(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    driver_publish(d, p, "1", "p1");
    driver_forget(d);
    driver_authorized(d, 1, "{'$p':{'sign':'s'}}");
    driver_forget(d);
    driver_accept(d, 2, "$p");
    expect(d, "$p: subscribe first\n"
              "send 1 {'method':'publish','params':{'channel':'$p','data':1},'uid':'3'}\n");
}

/* ---- auth batching ------------------------------------------------------------------------ */

static void auth_batching_makes_one_request(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_client_start_auth_batching(d->client);
    driver_subscribe(d, "$a");
    cf_subscription *b = driver_subscribe(d, "$b");
    cf_subscription_subscribe(b, d->now);
    driver_subscribe(d, "pub");
    cf_subscription *left = driver_subscribe(d, "$left");
    driver_unsubscribe(d, left);
    cf_subscription *removed = driver_subscribe(d, "$removed");
    cf_subscription_remove(removed, d->now);
    driver_pump(d);
    driver_forget(d);
    cf_client_stop_auth_batching(d->client, d->now);
    driver_pump(d);
    expect(d, "authorize 1 {'client':'c1','channels':['$a','$b']}\n");
    driver_subscribe(d, "$c");
    expect(d, "authorize 2 {'client':'c1','channels':['$c']}\n");
    cf_client_start_auth_batching(d->client);
    cf_client_stop_auth_batching(d->client, d->now);
    driver_pump(d);
    expect(d, "");
}

static void names_like_numbers_come_first_in_a_batch(void **state)
{
    static const char *const names[] = {"10", "b", "a", "9", "100", "0"};
    driver *d = *state;
    d->options.private_channel_prefix = CF_BYTES("");
    be_connected(d);
    cf_client_start_auth_batching(d->client);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        driver_subscribe(d, names[i]);
    cf_client_stop_auth_batching(d->client, d->now);
    driver_pump(d);
    expect(d, "authorize 1 {'client':'c1','channels':['0','9','10','100','b','a']}\n");
}

/* D36 */
static void a_reconnect_ended_auth_batching(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_client_start_auth_batching(d->client);
    driver_subscribe(d, "$aside");
    driver_reconnect(d, 2);
    driver_subscribe(d, "$p");
    expect(d, "connect c2 raw-websocket 0 ms\n");
    cf_client_stop_auth_batching(d->client, d->now);
    driver_pump(d);
    expect(d, "authorize 1 {'client':'c2','channels':['$aside','$p']}\n");
}

static void auth_batching_that_ends_without_a_connection_leaves_all_to_the_next_one(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_client_start_auth_batching(d->client);
    driver_subscribe(d, "$a");
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    cf_client_stop_auth_batching(d->client, d->now);
    driver_pass(d, 2000);
    driver_opened(d);
    driver_forget(d);
    driver_welcome(d, 2);
    expect(d, "authorize 1 {'client':'c2','channels':['$a']}\n"
              "connect c2 raw-websocket 0 ms\n");
}

static void what_waits_before_the_connection_does_not_wait_for_the_batch(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_client_start_auth_batching(d->client);
    driver_subscribe(d, "$a");
    driver_connect(d);
    driver_opened(d);
    driver_forget(d);
    driver_welcome(d, 1);
    expect(d, "authorize 1 {'client':'c1','channels':['$a']}\n"
              "connect c1 raw-websocket 0 ms\n");
}

/* ---- answers ---------------------------------------------------------------------------------- */

static void entries_grant_or_refuse_each_channel(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_client_start_auth_batching(d->client);
    driver_subscribe(d, "$no");
    driver_subscribe(d, "$yes");
    driver_subscribe(d, "$missing");
    driver_subscribe(d, "$teapot");
    cf_client_stop_auth_batching(d->client, d->now);
    driver_pump(d);
    driver_forget(d);
    driver_authorized(d, 1,
                      "{'$no':{'status':403},'$yes':{'status':200,'sign':'s','info':'i'},'$teapot':{'status':418,'sign':'x'}}");
    expect(d, "error REFUSED '403' '' {'error':403,'body':{'channel':'$no'}}\n"
              "$no: refused REFUSED json '403' '' first\n"
              "error REFUSED 'channel not found in authorization response' 'fix' "
              "{'error':'channel not found in authorization response','advice':'fix','body':{'channel':'$missing'}}\n"
              "$missing: refused REFUSED 'channel not found in authorization response' 'fix' first\n"
              "error REFUSED '418' '' {'error':418,'body':{'channel':'$teapot'}}\n"
              "$teapot: refused REFUSED json '418' '' first\n"
              "send 1 {'method':'subscribe','params':{'channel':'$yes','client':'c1','info':'i','sign':'s'},'uid':'2'}\n");
}

static void what_grants(void **state)
{
    driver *d = *state;
    be_connected(d);
    expect_granted(d, "{'$p':{}}", "");
    expect_granted(d, "{'$p':{'status':null,'sign':null,'info':null}}", "");
    expect_granted(d, "{'$p':{'status':false,'sign':'a'}}", ",'sign':'a'");
    expect_granted(d, "{'$p':{'status':0,'sign':'a'}}", ",'sign':'a'");
    expect_granted(d, "{'$p':{'status':'','sign':'a'}}", ",'sign':'a'");
    expect_granted(d, " {'$p':{'status':403},'$p':{'sign':'the last counts'}} ", ",'sign':'the last counts'");
    expect_granted(d, "{'channels':{'sign':'no list'},'$p':{'sign':'a'}}", ",'sign':'a'");
    expect_granted(d, "{'channels':[7,{'sign':'x'},{'channel':8},{'channel':'$p','sign':'a'}],'$p':{'sign':'b'}}",
                   ",'sign':'a'");
}

static void what_refuses(void **state)
{
    driver *d = *state;
    be_connected(d);
    expect_refused(d, NULL, FAILED);
    expect_refused(d, "", FAILED);
    expect_refused(d, "Forbidden", FAILED);
    expect_refused(d, "{'$p':{'sign':'a'}", FAILED);
    expect_refused(d, "[{'$p':{'sign':'a'}}", FAILED);
    expect_refused(d, "'text'", FAILED);
    expect_refused(d, "7", FAILED);
    expect_refused(d, "{}", NOT_FOUND);
    expect_refused(d, "[]", NOT_FOUND);
    expect_refused(d, "{'$p':null}", NOT_FOUND);
    expect_refused(d, "{'$p':{'sign':'a','info':{'role':'x'}}}", NO_TEXT);
    expect_refused(d, "{'$p':{'sign':'a','info':7}}", NO_TEXT);
    expect_refused(d, "{'channels':[{'channel':'$p','sign':['a']}]}", NO_TEXT);
    expect_refused(d, "{'$p':true}", NOT_FOUND);
    expect_refused(d, "{'channels':[],'$p':{'sign':'a'}}", NOT_FOUND);
    expect_refused(d, "{'$p':{'status':true}}", "true", "true");
    expect_refused(d, "{'$p':{'status':99999999999999999999}}", "99999999999999999999", "99999999999999999999");
}

static void a_status_of_text_is_the_error(void **state)
{
    driver *d = *state;
    be_connected(d);
    driver_subscribe(d, "$p");
    driver_forget(d);
    driver_authorized(d, 1, "{'$p':{'status':'no'}}");
    expect(d, "error REFUSED 'no' '' {'error':'no','body':{'channel':'$p'}}\n"
              "$p: refused REFUSED 'no' '' first\n");
}

/* D21 */
static void an_answer_of_null_left_it_pending(void **state)
{
    driver *d = *state;
    be_connected(d);
    expect_refused(d, "null", FAILED);
}

static void calls_on_a_refused_channel_get_its_error_and_it_can_be_asked_for_again(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    driver_publish(d, p, "1", "early");
    driver_forget(d);
    driver_authorized(d, 1, NULL);
    expect(d, "error REFUSED 'authorization request failed' 'fix' "
              "{'error':'authorization request failed','advice':'fix','body':{'channel':'$p'}}\n"
              "$p: refused REFUSED 'authorization request failed' 'fix' first\n"
              "result early REFUSED 'authorization request failed' 'fix'\n");
    driver_publish(d, p, "1", "late");
    expect(d, "result late REFUSED 'authorization request failed' 'fix'\n");
    assert_int_equal(cf_subscription_subscribe(p, d->now), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    expect(d, "authorize 2 {'client':'c1','channels':['$p']}\n");
}

static void answers_that_nobody_waits_for_are_ignored(void **state)
{
    driver *d = *state;
    be_connected(d);
    driver_authorized(d, 1, NULL);
    cf_subscription *subscription;
    cf_client_subscribe(d->client, d->now, CF_BYTES("$p"), NULL, &subscription, NULL);
    cf_client_authorized(d->client, 1, true, CF_BYTES(""), d->now); /* nobody has seen this request yet */
    driver_pump(d);
    expect(d, "authorize 1 {'client':'c1','channels':['$p']}\n");
    driver_refreshed(d, 1, "{}");
    driver_authorized(d, 2, NULL);
    expect(d, "");
    driver_authorized(d, 1, "{'$p':{}}");
    driver_forget(d);
    driver_authorized(d, 1, NULL);
    expect(d, "");
}

/* ---- unsubscribing ------------------------------------------------------------------------------ */

/* D19 */
static void unsubscribe_during_the_request_did_not_stop_the_subscription(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_client_start_auth_batching(d->client);
    cf_subscription *p = driver_subscribe(d, "$p");
    driver_subscribe(d, "$q");
    cf_client_stop_auth_batching(d->client, d->now);
    driver_unsubscribe(d, p);
    driver_forget(d);
    driver_authorized(d, 1, "{'$p':{'sign':'p'},'$q':{'sign':'q'}}");
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'$q','client':'c1','sign':'q'},'uid':'3'}\n");
    driver_expect_subscription(p, CF_SUBSCRIPTION_UNSUBSCRIBED);
}

static void unsubscribed_and_asked_for_again_it_is_the_second_answer_that_counts(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    driver_unsubscribe(d, p);
    cf_subscription_subscribe(p, d->now);
    driver_pump(d);
    driver_forget(d);
    driver_authorized(d, 1, NULL);
    expect(d, "");
    driver_authorized(d, 2, "{'$p':{'sign':'2'}}");
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'$p','client':'c1','sign':'2'},'uid':'3'}\n");
}

static void a_failed_authorization_took_the_answer_of_before_an_unsubscribe_for_the_next(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    driver_authorized(d, 1, "{'$p':{'sign':'first'}}");
    driver_unsubscribe(d, p);
    driver_subscribe(d, "$p");
    driver_authorized(d, 2, NULL);
    driver_subscribe(d, "$p");
    driver_authorized(d, 3, "{'$p':{'sign':'second'}}");
    driver_forget(d);
    driver_accept(d, 2, "$p");
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'$p','data':1}}");
    expect(d, "");
    driver_expect_subscription(p, CF_SUBSCRIPTION_SUBSCRIBING);
    driver_accept(d, 4, "$p");
    expect(d, "$p: subscribe first\n");
}

/* In the event of an unsubscribe by the server, which has crossed a command. */
static void subscribe_in_the_event(driver *d, const cf_effect *effect)
{
    if (effect->kind == CF_EFFECT_EVENT && effect->event.kind == CF_EVENT_UNSUBSCRIBE)
        cf_subscription_subscribe(effect->event.subscription, d->now);
}

/* The server unsubscribes the channel whose command is under way; the user asks again. */
static void cross(driver *d, const char *unsubscribe)
{
    d->hook = subscribe_in_the_event;
    driver_receive(d, unsubscribe);
    d->hook = NULL;
    driver_forget(d);
}

/* The second request for an authorization runs, command 2 of the first is under way. */
static cf_subscription *be_crossed(driver *d)
{
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    driver_authorized(d, 1, "{'$p':{'sign':'first'}}");
    cross(d, "{'method':'unsubscribe','body':{'channel':'$p','status':true}}");
    return p;
}

static void the_answer_to_a_crossed_command_was_not_taken_while_an_authorization_ran(void **state)
{
    driver *d = *state;
    cf_subscription *p = be_crossed(d);
    driver_accept(d, 2, "$p");
    expect(d, "$p: subscribe first\n");
    driver_expect_subscription(p, CF_SUBSCRIPTION_SUBSCRIBED);
    driver_authorized(d, 2, "{'$p':{'sign':'late'}}");
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'$p','data':1}}");
    expect(d, "$p: message m1 1\n");
}

static void the_answer_to_a_crossed_command_twice_changes_nothing(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription *news = driver_subscribe(d, "news");
    cross(d, "{'method':'unsubscribe','body':{'channel':'news','status':true}}");
    driver_accept(d, 2, "news");
    driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBED);
    driver_forget(d);
    driver_accept(d, 2, "news");
    expect(d, "");
    driver_expect_subscription(news, CF_SUBSCRIPTION_SUBSCRIBED);
}

static void another_answer_than_that_of_the_crossed_command_is_not_taken(void **state)
{
    driver *d = *state;
    cf_subscription *p = be_crossed(d);
    driver_accept(d, 7, "$p");
    driver_receive(d, "{'method':'subscribe','body':{'channel':'$p','status':true}}");
    driver_receive(d, "{'uid':'2','method':'subscribe','error':'permission denied','body':{'channel':'$p'}}");
    expect(d, "");
    driver_expect_subscription(p, CF_SUBSCRIPTION_SUBSCRIBING);
}

static void a_failed_authorization_let_messages_of_before_an_unsubscribe_through(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    driver_authorized(d, 1, "{'$p':{'sign':'first'}}");
    driver_accept(d, 2, "$p");
    driver_unsubscribe(d, p);
    driver_subscribe(d, "$p");
    driver_authorized(d, 2, NULL);
    driver_forget(d);
    driver_receive(d, "{'method':'message','body':{'uid':'m1','channel':'$p','data':1}}");
    expect(d, "");
    driver_subscribe(d, "$p");
    driver_forget(d);
    driver_authorized(d, 3, "{'$p':{'sign':'second'}}");
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'$p','client':'c1','sign':'second'},'uid':'4'}\n");
}

static void removed_during_the_request_it_is_left_out(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription_remove(driver_subscribe(d, "$p"), d->now);
    driver_pump(d);
    driver_forget(d);
    driver_authorized(d, 1, NULL);
    expect(d, "");
}

static void remove_on_error(driver *d, const cf_effect *effect)
{
    if (effect->kind == CF_EFFECT_EVENT && effect->event.kind == CF_EVENT_ERROR)
        cf_subscription_remove(d->hook_user, d->now);
}

static void removed_by_the_handler_of_its_error_it_has_no_more_events(void **state)
{
    driver *d = *state;
    be_connected(d);
    d->hook_user = driver_subscribe(d, "$p");
    d->hook = remove_on_error;
    driver_forget(d);
    driver_authorized(d, 1, "{}");
    assert_int_equal(driver_count(d, "error"), 1);
    assert_int_equal(driver_count(d, "$p: refused"), 0);
    assert_int_equal(driver_count(d, "$p: removed"), 1);
}

static void removed_before_its_refusal_is_told_it_has_no_events(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    driver_forget(d);
    cf_client_authorized(d->client, 1, true, CF_BYTES(""), d->now);
    cf_subscription_remove(p, d->now);
    driver_pump(d);
    expect(d, "send 1 {'method':'unsubscribe','params':{'channel':'$p'},'uid':'2'}\n"
              "$p: removed\n");
}

static void the_end_before_a_refusal_is_told_drops_it(void **state)
{
    driver *d = *state;
    be_connected(d);
    driver_subscribe(d, "$p");
    driver_forget(d);
    cf_client_authorized(d->client, 1, true, CF_BYTES(""), d->now);
    cf_client_shutdown(d->client, d->now);
    driver_pump(d);
    expect(d, "close 1\n");
}

static void answer_at_once(driver *d, const cf_effect *effect)
{
    if (effect->kind == CF_EFFECT_AUTHORIZE)
        driver_authorized(d, effect->request.id, d->hook_user);
}

static void the_answer_may_come_while_the_request_is_carried_out(void **state)
{
    driver *d = *state;
    be_connected(d);
    d->hook = answer_at_once;
    d->hook_user = (void *)(uintptr_t) "{'$p':{'sign':'s'}}";
    driver_subscribe(d, "$p");
    expect(d, "authorize 1 {'client':'c1','channels':['$p']}\n"
              "send 1 {'method':'subscribe','params':{'channel':'$p','client':'c1','sign':'s'},'uid':'2'}\n");
}

/* ---- connections and time ------------------------------------------------------------------------- */

/* D20 */
static void an_answer_for_another_connection_was_used(void **state)
{
    driver *d = *state;
    be_connected(d);
    driver_subscribe(d, "$p");
    driver_forget(d);
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    expect(d, "transport-close 'connection closed' again OK\n"
              "cancel 1\n"
              "disconnect 'connection closed' again\n");
    driver_pass(d, 2000);
    driver_opened(d);
    driver_welcome(d, 2);
    driver_forget(d);
    driver_authorized(d, 1, "{'$p':{'sign':'for c1'}}");
    expect(d, "");
    driver_authorized(d, 2, "{'$p':{'sign':'for c2'}}");
    expect(d, "send 2 {'method':'subscribe','params':{'channel':'$p','client':'c2','sign':'for c2'},'uid':'3'}\n");
}

/* D45 */
static void a_failure_while_disconnected_refused_what_waits_for_the_connection(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_forget(d);
    driver_authorized(d, 1, NULL);
    expect(d, "");
    driver_expect_subscription(p, CF_SUBSCRIPTION_SUBSCRIBING);
}

static void disconnect_cancels_the_request(void **state)
{
    driver *d = *state;
    be_connected(d);
    driver_subscribe(d, "$p");
    driver_forget(d);
    driver_disconnect(d);
    expect(d, "cancel 1\n"
              "disconnect 'client' stop\n"
              "close 1\n"
              "transport-close 'connection closed' again OK\n");
    driver_authorized(d, 1, "{'$p':{'sign':'s'}}");
    expect(d, "");
}

static void a_request_that_nobody_has_seen_is_taken_back(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription *subscription;
    cf_client_subscribe(d->client, d->now, CF_BYTES("$p"), NULL, &subscription, NULL);
    cf_client_disconnect(d->client, d->now);
    driver_pump(d);
    assert_int_equal(driver_count(d, "authorize"), 0);
    assert_int_equal(driver_count(d, "cancel"), 0);
}

static void shutting_down_cancels_the_request(void **state)
{
    driver *d = *state;
    be_connected(d);
    driver_subscribe(d, "$p");
    driver_forget(d);
    cf_client_shutdown(d->client, d->now);
    driver_pump(d);
    expect(d, "cancel 1\nclose 1\n");
}

static void a_request_has_a_time_limit(void **state)
{
    driver *d = *state;
    d->options.auth_timeout = 3000;
    be_connected(d);
    driver_subscribe(d, "$p");
    driver_pass(d, 2999);
    d->options.auth_timeout = 500;
    cf_client_configure(d->client, &d->options, NULL);
    driver_subscribe(d, "$q"); /* overdue after $p */
    driver_forget(d);
    driver_pass(d, 1);
    expect(d, "cancel 1\n"
              "error TIMEOUT 'authorization request failed' 'retry' "
              "{'error':'authorization request failed','advice':'retry','body':{'channel':'$p'}}\n"
              "$p: refused TIMEOUT 'authorization request failed' 'retry' first\n");
    driver_authorized(d, 1, "{'$p':{}}");
    expect(d, "");
    driver_pass(d, 499);
    assert_int_equal(driver_count(d, "$q: refused"), 1);
}

/* ---- an endpoint that is overloaded ------------------------------------------------------------------ */

static void fail_request(driver *d, int status, int64_t retry_after)
{
    cf_client_request_failed(d->client, d->request, CENTRIFUGE_ERROR_HTTP_STATUS, status, retry_after, d->now);
    driver_pump(d);
}

static void an_overloaded_endpoint_is_asked_again_with_a_growing_pause(void **state)
{
    driver *d = *state;
    static const int statuses[] = {503, 429, 502, 504, 503, 503};
    static const int64_t pauses[] = {2000, 4000, 8000, 16000, 20000, 20000};
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    driver_publish(d, p, "1", "early");
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        driver_forget(d);
        fail_request(d, statuses[i], 0);
        expect(d, "error HTTP_STATUS 'authorization request failed' 'retry' "
                  "{'error':'authorization request failed','advice':'retry','body':{'channel':'$p'}}\n"
                  "$p: refused HTTP_STATUS 'authorization request failed' 'retry' first\n");
        driver_expect_subscription(p, CF_SUBSCRIPTION_SUBSCRIBING);
        driver_subscribe(d, "$p"); /* whoever asks */
        cf_subscription_subscribe(p, d->now);
        driver_pass(d, pauses[i] - 1);
        assert_int_equal(driver_count(d, "authorize"), 0);
        driver_receive(d, "{'method':'ping'}");
        driver_pass(d, 1);
        assert_int_equal(driver_count(d, "authorize"), 1);
    }
    driver_forget(d);
    driver_authorized(d, d->request, "{'$p':{'sign':'s'}}");
    assert_int_equal(driver_count(d, "send 1 {'method':'subscribe','params':{'channel':'$p','client':'c1','sign':'s'}"), 1);
    assert_int_equal(driver_count(d, "result"), 0); /* the call waits as before */
}

static void other_statuses_are_an_answer(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    driver_forget(d);
    fail_request(d, 403, 5000);
    assert_int_equal(driver_count(d, "$p: refused REFUSED 'authorization request failed' 'fix' first"), 1);
    driver_expect_subscription(p, CF_SUBSCRIPTION_REFUSED);
    cf_subscription_subscribe(p, d->now);
    driver_pump(d);
    fail_request(d, 500, 0);
    assert_int_equal(driver_count(d, "$p: refused HTTP_STATUS 'authorization request failed' 'fix' first"), 1);
    cf_subscription_subscribe(p, d->now);
    driver_pump(d);
    cf_client_request_failed(d->client, d->request, CENTRIFUGE_ERROR_NETWORK, 0, 0, d->now);
    driver_pump(d);
    assert_int_equal(driver_count(d, "$p: refused NETWORK 'authorization request failed' 'fix' first"), 1);
    driver_expect_subscription(p, CF_SUBSCRIPTION_REFUSED);
}

static void an_endpoint_that_is_not_there_is_asked_again(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    cf_client_request_failed(d->client, d->request, CENTRIFUGE_ERROR_NETWORK, CF_STATUS_UNREACHED, 0, d->now);
    driver_pump(d);
    assert_int_equal(driver_count(d, "$p: refused NETWORK 'authorization request failed' 'retry' first"), 1);
    driver_expect_subscription(p, CF_SUBSCRIPTION_SUBSCRIBING);
    driver_pass(d, 2000);
    assert_int_equal(driver_count(d, "authorize 2 {'client':'c1','channels':['$p']}"), 1);
}

/* ---- a floor, whoever asks ------------------------------------------------------------------------------- */

static void ask_anew(driver *d, cf_subscription *subscription)
{
    cf_subscription_unsubscribe(subscription, d->now);
    cf_subscription_subscribe(subscription, d->now);
    driver_pump(d);
}

static void asking_anew_or_in_a_batch_does_not_shorten_the_pause(void **state)
{
    driver *d = *state;
    d->options.ping = false;
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    fail_request(d, 503, 30000);
    driver_forget(d);
    ask_anew(d, p);
    cf_client_start_auth_batching(d->client);
    ask_anew(d, p);
    cf_client_stop_auth_batching(d->client, d->now);
    driver_pass(d, 29999);
    assert_int_equal(driver_count(d, "authorize"), 0);
    driver_pass(d, 1);
    assert_int_equal(driver_count(d, "authorize 2 {'client':'c1','channels':['$p']}"), 1);
}

static void refuse_all(driver *d)
{
    driver_authorized(d, d->request, "{'$p':{'status':403}}");
}

static void answer_403(driver *d)
{
    fail_request(d, 403, 0);
}

static void answer_nothing(driver *d)
{
    cf_client_authorized(d->client, d->request, true, cf_bytes_make(NULL, 0), d->now);
    driver_pump(d);
}

/* As a handler that subscribes in the event `error` does. */
static void check_floor(driver *d, cf_subscription *p, void (*refuse)(driver *d))
{
    driver_pass(d, 10000);
    driver_forget(d);
    for (int i = 0; i < 20; i++) {
        ask_anew(d, p);
        refuse(d);
    }
    assert_int_equal(driver_count(d, "authorize"), 5);
    driver_pass(d, 999);
    assert_int_equal(driver_count(d, "authorize"), 5);
    driver_pass(d, 1);
    assert_int_equal(driver_count(d, "authorize"), 6);
    refuse(d);
}

static void five_refused_requests_follow_each_other_then_one_a_second(void **state)
{
    driver *d = *state;
    d->options.ping = false;
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    refuse_all(d);
    check_floor(d, p, refuse_all);
    check_floor(d, p, answer_403);
    check_floor(d, p, answer_nothing);
}

static void what_is_granted_is_not_counted(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    for (int i = 0; i < 20; i++) {
        driver_authorized(d, d->request, "{'$p':{'sign':'s'}}");
        driver_forget(d);
        ask_anew(d, p);
        assert_int_equal(driver_count(d, "authorize"), 1);
    }
}

static void one_pause_is_for_all_and_retry_after_makes_it_longer(void **state)
{
    driver *d = *state;
    d->options.ping = false;
    be_connected(d);
    driver_subscribe(d, "$p");
    driver_subscribe(d, "$q");
    d->request = 1;
    fail_request(d, 503, 0);
    d->request = 2;
    fail_request(d, 503, 7000);
    driver_subscribe(d, "$r");
    driver_forget(d);
    driver_pass(d, 6999);
    expect(d, "");
    driver_pass(d, 1);
    expect(d, "authorize 3 {'client':'c1','channels':['$p','$q','$r']}\n");
    fail_request(d, 503, INT64_MAX);
    driver_forget(d);
    driver_pass(d, 59999);
    expect(d, "");
    driver_pass(d, 1);
    assert_int_equal(driver_count(d, "authorize 4"), 1);
}

static void what_is_unsubscribed_or_disconnected_meanwhile_is_not_asked_for(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    fail_request(d, 503, 0);
    driver_unsubscribe(d, p);
    driver_forget(d);
    driver_pass(d, 10000);
    expect(d, "");
    cf_subscription_subscribe(p, d->now);
    driver_pump(d);
    expect(d, "authorize 2 {'client':'c1','channels':['$p']}\n");
    fail_request(d, 503, 0);
    driver_disconnect(d);
    driver_forget(d);
    driver_pass(d, 100000);
    expect(d, "");
}

static void a_new_connection_asks_at_once(void **state)
{
    driver *d = *state;
    be_connected(d);
    driver_subscribe(d, "$p");
    fail_request(d, 503, 60000);
    driver_reconnect(d, 3);
    assert_int_equal(driver_count(d, "authorize 2 {'client':'c2','channels':['$p']}"), 1);
}

static void the_end_of_the_pause_waits_for_the_end_of_auth_batching(void **state)
{
    driver *d = *state;
    be_connected(d);
    driver_subscribe(d, "$p");
    fail_request(d, 503, 0);
    cf_client_start_auth_batching(d->client);
    driver_subscribe(d, "$q");
    driver_forget(d);
    driver_pass(d, 10000);
    expect(d, "");
    cf_client_stop_auth_batching(d->client, d->now);
    driver_pump(d);
    expect(d, "authorize 2 {'client':'c1','channels':['$q','$p']}\n");
}

static void a_shorter_limit_is_over_first(void **state)
{
    driver *d = *state;
    be_connected(d);
    driver_subscribe(d, "$p");
    d->options.auth_timeout = 500;
    cf_client_configure(d->client, &d->options, NULL);
    driver_subscribe(d, "$q");
    driver_forget(d);
    driver_pass(d, 500);
    assert_int_equal(driver_count(d, "cancel 2"), 1);
    assert_int_equal(driver_count(d, "cancel 1"), 0);
}

/* ---- memory ------------------------------------------------------------------------------------------ */

static void without_memory_for_the_request_nothing_changes(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_subscription *p = driver_subscribe(d, "$p");
    driver_authorized(d, 1, NULL);
    driver_forget(d);
    for (size_t n = 1; n <= 2; n++) {
        cf_subscription *same;
        d->fail_at = d->allocations + n;
        assert_int_equal(cf_subscription_subscribe(p, d->now), CENTRIFUGE_ERROR_NO_MEMORY);
        d->fail_at = d->allocations + n;
        assert_int_equal(cf_client_subscribe(d->client, d->now, CF_BYTES("$p"), NULL, &same, NULL), CENTRIFUGE_ERROR_NO_MEMORY);
        assert_null(same);
        driver_expect_subscription(p, CF_SUBSCRIPTION_REFUSED);
    }
    driver_pump(d);
    expect(d, "");
    assert_int_equal(cf_subscription_subscribe(p, d->now), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    expect(d, "authorize 2 {'client':'c1','channels':['$p']}\n");
}

static void without_memory_for_the_batch_the_connection_is_given_up(void **state)
{
    driver *d = *state;
    be_connected(d);
    cf_client_start_auth_batching(d->client);
    driver_subscribe(d, "$p");
    d->fail_at = d->allocations + 1;
    cf_client_stop_auth_batching(d->client, d->now);
    driver_pump(d);
    expect(d, "error NO_MEMORY 'out of memory' 'retry' {'error':'out of memory','advice':'retry'}\n"
              "disconnect 'out of memory' again\n"
              "close 1\n"
              "transport-close 'connection closed' again NO_MEMORY\n");
}

/* Both channels are refused or granted, or the connection is given up. */
static void expect_answer_or_end(driver *d)
{
    size_t ends = driver_count(d, "error NO_MEMORY");
    assert_int_equal(driver_count(d, "disconnect 'out of memory' again"), ends);
    size_t done =
        driver_count(d, "$p: refused") + driver_count(d, "$q: refused") + 2 * driver_count(d, "send 1 [{'method':'subscribe'");
    assert_true(ends == 1 ? done < 2 : done == 2);
}

static void without_memory_for_an_answer_the_connection_is_given_up(void **state)
{
    (void)state;
    static const char *const answers[] = {"{'$p':{'sign':'\\u0073'},'$q':{'sign':'q'}}", "{}", NULL, "late"};
    for (size_t i = 0; i < 4; i++) {
        for (size_t n = 1;; n++) {
            driver d;
            driver_init(&d);
            driver_start(&d);
            driver_subscribe(&d, "$p");
            driver_subscribe(&d, "$q");
            driver_be_connected(&d);
            d.fail_at = d.allocations + n;
            if (i == 3)
                driver_pass(&d, 10000);
            else
                driver_authorized(&d, 1, answers[i]);
            bool failed = d.allocations >= d.fail_at;
            expect_answer_or_end(&d);
            driver_end(&d);
            if (!failed)
                break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_private_channel_is_authorized_first),
        TEST(channels_of_a_connect_answer_need_one_authorization),
        TEST(a_reconnect_asks_again_and_recovers),
        TEST(an_empty_prefix_makes_every_channel_private),
        TEST(another_prefix_counts_from_its_next_use),
        TEST(calls_wait_for_the_authorization),
        TEST(auth_batching_makes_one_request),
        TEST(names_like_numbers_come_first_in_a_batch),
        TEST(a_reconnect_ended_auth_batching),
        TEST(auth_batching_that_ends_without_a_connection_leaves_all_to_the_next_one),
        TEST(what_waits_before_the_connection_does_not_wait_for_the_batch),
        TEST(entries_grant_or_refuse_each_channel),
        TEST(what_grants),
        TEST(what_refuses),
        TEST(a_status_of_text_is_the_error),
        TEST(an_answer_of_null_left_it_pending),
        TEST(calls_on_a_refused_channel_get_its_error_and_it_can_be_asked_for_again),
        TEST(answers_that_nobody_waits_for_are_ignored),
        TEST(unsubscribe_during_the_request_did_not_stop_the_subscription),
        TEST(unsubscribed_and_asked_for_again_it_is_the_second_answer_that_counts),
        TEST(a_failed_authorization_took_the_answer_of_before_an_unsubscribe_for_the_next),
        TEST(the_answer_to_a_crossed_command_was_not_taken_while_an_authorization_ran),
        TEST(the_answer_to_a_crossed_command_twice_changes_nothing),
        TEST(another_answer_than_that_of_the_crossed_command_is_not_taken),
        TEST(a_failed_authorization_let_messages_of_before_an_unsubscribe_through),
        TEST(removed_during_the_request_it_is_left_out),
        TEST(removed_by_the_handler_of_its_error_it_has_no_more_events),
        TEST(removed_before_its_refusal_is_told_it_has_no_events),
        TEST(the_end_before_a_refusal_is_told_drops_it),
        TEST(the_answer_may_come_while_the_request_is_carried_out),
        TEST(an_answer_for_another_connection_was_used),
        TEST(a_failure_while_disconnected_refused_what_waits_for_the_connection),
        TEST(disconnect_cancels_the_request),
        TEST(a_request_that_nobody_has_seen_is_taken_back),
        TEST(shutting_down_cancels_the_request),
        TEST(a_request_has_a_time_limit),
        TEST(an_overloaded_endpoint_is_asked_again_with_a_growing_pause),
        TEST(other_statuses_are_an_answer),
        TEST(an_endpoint_that_is_not_there_is_asked_again),
        TEST(asking_anew_or_in_a_batch_does_not_shorten_the_pause),
        TEST(five_refused_requests_follow_each_other_then_one_a_second),
        TEST(what_is_granted_is_not_counted),
        TEST(one_pause_is_for_all_and_retry_after_makes_it_longer),
        TEST(what_is_unsubscribed_or_disconnected_meanwhile_is_not_asked_for),
        TEST(a_new_connection_asks_at_once),
        TEST(the_end_of_the_pause_waits_for_the_end_of_auth_batching),
        TEST(a_shorter_limit_is_over_first),
        TEST(without_memory_for_the_request_nothing_changes),
        TEST(without_memory_for_the_batch_the_connection_is_given_up),
        cmocka_unit_test(without_memory_for_an_answer_the_connection_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "driver.h"
#include "system/heap.h"

/* client-spec.md 2 and 3 */

/* ---- validation ------------------------------------------------------------------- */

static cf_client_options good_options(void)
{
    cf_client_options options;
    cf_client_options_default(&options);
    options.url = CF_BYTES("ws://host");
    options.user = CF_BYTES("u");
    options.timestamp = CF_BYTES("1");
    options.token = CF_BYTES("t");
    return options;
}

static void expect_error(const cf_client_options *options, centrifuge_error error, const char *name)
{
    const char *what = NULL;
    assert_int_equal(cf_client_options_check(options, &what), error);
    assert_string_equal(what, name);
    assert_int_equal(cf_client_options_check(options, NULL), error);
}

static void defaults_are_those_of_the_reference(void **state)
{
    (void)state;
    cf_client_options o;
    cf_client_options_default(&o);
    assert_true(o.resubscribe && o.ping && !o.insecure);
    assert_int_equal(o.retry, 1000);
    assert_int_equal(o.max_retry, 20000);
    assert_int_equal(o.auth_timeout, 10000);
    assert_int_equal(o.refresh_timeout, 10000);
    assert_int_equal(o.refresh_interval, 3000);
    assert_int_equal(o.refresh_attempts, -1);
    assert_false(o.batch);
    assert_int_equal(o.timeout, 5000);
    assert_int_equal(o.ping_interval, 30000);
    assert_int_equal(o.pong_wait_timeout, 5000);
    assert_true(cf_bytes_equal(o.private_channel_prefix, CF_BYTES("$")));
    assert_null(o.url.data);
    assert_null(o.user.data);
}

static void the_first_missing_option_is_named(void **state)
{
    (void)state;
    cf_client_options o;
    cf_client_options_default(&o);
    expect_error(&o, CENTRIFUGE_ERROR_MISSING_URL, "url");
    o.url = CF_BYTES("ws://host");
    expect_error(&o, CENTRIFUGE_ERROR_MISSING_USER, "user");
    o.user = CF_BYTES("");
    expect_error(&o, CENTRIFUGE_ERROR_MISSING_TIMESTAMP, "timestamp");
    o.timestamp = CF_BYTES("");
    expect_error(&o, CENTRIFUGE_ERROR_MISSING_TIMESTAMP, "timestamp");
    o.timestamp = CF_BYTES("1");
    expect_error(&o, CENTRIFUGE_ERROR_MISSING_TOKEN, "token");
    o.token = CF_BYTES("t");
    assert_int_equal(cf_client_options_check(&o, NULL), CENTRIFUGE_ERROR_OK);
}

static void insecure_needs_no_credentials(void **state)
{
    (void)state;
    cf_client_options o;
    cf_client_options_default(&o);
    o.insecure = true;
    expect_error(&o, CENTRIFUGE_ERROR_MISSING_URL, "url");
    o.url = CF_BYTES("ws://host");
    assert_int_equal(cf_client_options_check(&o, NULL), CENTRIFUGE_ERROR_OK);
}

static void credentials_of_json_are_checked(void **state)
{
    (void)state;
    cf_client_options o = good_options();
    o.credentials_json = true;
    o.user = CF_BYTES("\"u\"");
    o.timestamp = CF_BYTES("7 ");
    o.token = CF_BYTES("[null]");
    o.info = CF_BYTES("");
    assert_int_equal(cf_client_options_check(&o, NULL), CENTRIFUGE_ERROR_OK);
    o.info = CF_BYTES("{");
    expect_error(&o, CENTRIFUGE_ERROR_INVALID_OPTION, "info");
    o.user = CF_BYTES("u");
    expect_error(&o, CENTRIFUGE_ERROR_INVALID_OPTION, "user");
}

static void a_bad_url_comes_after_missing_credentials(void **state)
{
    (void)state;
    cf_client_options o = good_options();
    o.url = CF_BYTES("host");
    o.token = CF_BYTES("");
    expect_error(&o, CENTRIFUGE_ERROR_MISSING_TOKEN, "token");
    o.token = CF_BYTES("t");
    expect_error(&o, CENTRIFUGE_ERROR_INVALID_URL, "url");
    o.url = CF_BYTES("http://host/connection");
    expect_error(&o, CENTRIFUGE_ERROR_UNSUPPORTED, "url");
}

static void texts_must_be_utf8_and_of_reasonable_size(void **state)
{
    (void)state;
    const struct {
        const char *name;
        size_t offset;
    } texts[] = {
        {"user", offsetof(cf_client_options, user)},
        {"timestamp", offsetof(cf_client_options, timestamp)},
        {"token", offsetof(cf_client_options, token)},
        {"info", offsetof(cf_client_options, info)},
        {"private_channel_prefix", offsetof(cf_client_options, private_channel_prefix)},
    };
    size_t size = ((size_t)1 << 20) + 1;
    char *large = malloc(size);
    memset(large, 'a', size);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cf_client_options o = good_options();
        o.frame_size_max = SIZE_MAX;
        cf_bytes *text = (cf_bytes *)(void *)((char *)&o + texts[i].offset);
        *text = CF_BYTES("\xff");
        expect_error(&o, CENTRIFUGE_ERROR_INVALID_OPTION, texts[i].name);
        *text = cf_bytes_make(large, size);
        expect_error(&o, CENTRIFUGE_ERROR_INVALID_OPTION, texts[i].name);
        text->size--;
        assert_int_equal(cf_client_options_check(&o, NULL), CENTRIFUGE_ERROR_OK);
    }
    cf_client_options o = good_options();
    o.url = CF_BYTES("ws://\xff");
    expect_error(&o, CENTRIFUGE_ERROR_INVALID_OPTION, "url");
    free(large);
}

static void no_time_is_zero_and_no_limit_is_off_by_accident(void **state)
{
    (void)state;
#define TIME(name)                                                                                                             \
    {                                                                                                                          \
        cf_client_options o = good_options();                                                                                  \
        o.name = 0;                                                                                                            \
        expect_error(&o, CENTRIFUGE_ERROR_INVALID_OPTION, #name);                                                              \
        o.name = 1;                                                                                                            \
        assert_int_equal(cf_client_options_check(&o, NULL), CENTRIFUGE_ERROR_OK);                                              \
    }
    TIME(retry)
    TIME(max_retry)
    TIME(auth_timeout)
    TIME(refresh_timeout)
    TIME(refresh_interval)
    TIME(timeout)
    TIME(connect_timeout)
    TIME(pong_wait_timeout)
    TIME(message_size_max)
    TIME(queue_size_max)
    TIME(calls_max)
    TIME(subscriptions_max)
    TIME(channel_length_max)
    TIME(recovery_size_max)
    cf_client_options o = good_options();
    o.retry = -5;
    expect_error(&o, CENTRIFUGE_ERROR_INVALID_OPTION, "retry");
    o = good_options();
    o.ping_interval = -1; /* as the reference: no pings */
    assert_int_equal(cf_client_options_check(&o, NULL), CENTRIFUGE_ERROR_OK);
    o = good_options();
    o.frame_size_max = 0;
    expect_error(&o, CENTRIFUGE_ERROR_INVALID_OPTION, "frame_size_max");
}

static void credentials_fit_into_a_frame(void **state)
{
    (void)state;
    cf_client_options o = good_options();
    o.info = CF_BYTES("\"0123456789\"");
    o.frame_size_max = o.user.size + o.timestamp.size + o.token.size + o.info.size;
    assert_int_equal(cf_client_options_check(&o, NULL), CENTRIFUGE_ERROR_OK);
    o.frame_size_max--;
    expect_error(&o, CENTRIFUGE_ERROR_LIMIT_FRAME_SIZE, "frame_size_max");
}

/* ---- endpoints ------------------------------------------------------------------------ */

static void expect_endpoint(const char *url, bool sockjs, cf_transport_kind kind, const char *address)
{
    cf_transport_kind got = CF_TRANSPORT_SOCKJS;
    cf_buffer out;
    cf_buffer_init(&out, &cf_heap, CF_BUFFER_NO_LIMIT);
    assert_int_equal(cf_client_endpoint(cf_bytes_of(url), sockjs, &got, &out), CENTRIFUGE_ERROR_OK);
    assert_int_equal(got, kind);
    assert_string_equal(cf_buffer_text(&out), address);
    cf_buffer_free(&out);
}

static void expect_no_endpoint(const char *url, bool sockjs, centrifuge_error error)
{
    cf_transport_kind kind;
    cf_buffer out;
    cf_buffer_init(&out, &cf_heap, CF_BUFFER_NO_LIMIT);
    assert_int_equal(cf_client_endpoint(cf_bytes_of(url), sockjs, &kind, &out), error);
    assert_int_equal(out.size, 0);
    cf_buffer_free(&out);
}

static void raw_websocket_addresses(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"http://h:1", "ws://h:1/connection/websocket"},
        {"http://h:1/", "ws://h:1/connection/websocket"},
        {"http://h:1//", "ws://h:1/connection/websocket"},
        {"https://h", "wss://h/connection/websocket"},
        {"ws://h", "ws://h/connection/websocket"},
        {"wss://h", "wss://h/connection/websocket"},
        {"WSS://h", "wss://h/connection/websocket"},
        {"ws://h/connection/websocket", "ws://h/connection/websocket"},
        {"ws://h/connection/websocket/", "ws://h/connection/websocket"},
        {"http://h/connection/websocket", "ws://h/connection/websocket"},
        {"http://h/some/prefix", "ws://h/some/prefix/connection/websocket"},
        {"http://h/prefix/connection/websocket", "ws://h/prefix/connection/websocket"},
        {"http://h/connection/other", "ws://h/connection/other/connection/websocket"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_endpoint(cases[i][0], false, CF_TRANSPORT_WEBSOCKET, cases[i][1]);
    expect_endpoint("http://h/connection/websocket", true, CF_TRANSPORT_WEBSOCKET, "ws://h/connection/websocket");
}

static void a_query_stays_behind_the_path_and_a_fragment_goes(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"ws://h?token=abc", "ws://h/connection/websocket?token=abc"},
        {"ws://h/?token=abc", "ws://h/connection/websocket?token=abc"},
        {"http://h/a/?x=/", "ws://h/a/connection/websocket?x=/"},
        {"ws://h/connection/websocket?token=abc", "ws://h/connection/websocket?token=abc"},
        {"ws://h/connection/websocket/?a=1?b=2", "ws://h/connection/websocket?a=1?b=2"},
        {"ws://h/?x=/connection/websocket", "ws://h/connection/websocket?x=/connection/websocket"},
        {"ws://h#part", "ws://h/connection/websocket"},
        {"ws://h/a/#part/?no=query", "ws://h/a/connection/websocket"},
        {"wss://h/a?x=1#connection/websocket", "wss://h/a/connection/websocket?x=1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_endpoint(cases[i][0], false, CF_TRANSPORT_WEBSOCKET, cases[i][1]);
    expect_endpoint("https://h/connection/?x=1#part", true, CF_TRANSPORT_SOCKJS, "https://h/connection?x=1");
    expect_endpoint("https://h?x=1", true, CF_TRANSPORT_SOCKJS, "https://h/connection?x=1");
    expect_no_endpoint("https://h/connection?x=1", false, CENTRIFUGE_ERROR_UNSUPPORTED);
}

static void sockjs_addresses(void **state)
{
    (void)state;
    expect_endpoint("http://h", true, CF_TRANSPORT_SOCKJS, "http://h/connection");
    expect_endpoint("ws://h/", true, CF_TRANSPORT_SOCKJS, "http://h/connection");
    expect_endpoint("wss://h/connection", true, CF_TRANSPORT_SOCKJS, "https://h/connection");
    expect_endpoint("https://h/myconnection/", true, CF_TRANSPORT_SOCKJS, "https://h/myconnection");
    expect_no_endpoint("http://h/connection", false, CENTRIFUGE_ERROR_UNSUPPORTED);
    expect_no_endpoint("http://h/myconnection/", false, CENTRIFUGE_ERROR_UNSUPPORTED);
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"",           "host",       "ftp://host", "ws:/host", "ws://",
                                       "ws:///path", "ws:///",     "ws://:8",    "ws://a b", "ws://h\r\nX: y",
                                       "ws://h\x7f", "http://h\t", "ws://?x=/h", "ws://#h"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        expect_no_endpoint(urls[i], false, CENTRIFUGE_ERROR_INVALID_URL);
}

static void an_address_that_does_not_fit_is_no_memory(void **state)
{
    (void)state;
    cf_transport_kind kind;
    cf_buffer out;
    cf_buffer_init(&out, &cf_heap, 4);
    assert_int_equal(cf_client_endpoint(CF_BYTES("ws://h"), false, &kind, &out), CENTRIFUGE_ERROR_NO_MEMORY);
    cf_buffer_free(&out);
}

/* ---- configure ----------------------------------------------------------------------------- */

static void a_client_without_options_is_configured_later(void **state)
{
    driver *d = *state;
    assert_int_equal(cf_client_new(&d->client, NULL, &d->environment, d->now), CENTRIFUGE_ERROR_OK);
    assert_int_equal(cf_client_connect(d->client, d->now), CENTRIFUGE_ERROR_MISSING_URL);
    driver_subscribe(d, "news");
    assert_int_equal(cf_client_configure(d->client, &d->options, NULL), CENTRIFUGE_ERROR_OK);
    driver_connect(d);
    expect(d, "open 1 ws://host/connection/websocket\n");
}

static void bad_options_make_no_client_and_change_nothing(void **state)
{
    driver *d = *state;
    size_t fault = 0;
    cf_client_options bad = d->options;
    bad.token = CF_BYTES("");
    assert_int_equal(cf_client_new(&d->client, &bad, &d->environment, d->now), CENTRIFUGE_ERROR_MISSING_TOKEN);
    assert_null(d->client);
    assert_true(driver_start(d));
    assert_int_equal(cf_client_configure(d->client, &bad, &fault), CENTRIFUGE_ERROR_MISSING_TOKEN);
    assert_int_equal(fault, offsetof(cf_client_options, token));
    driver_connect(d);
    driver_opened(d);
    expect(d, "open 1 ws://host/connection/websocket\n"
              "send 1 {'method':'connect','params':{'user':'u','info':'','timestamp':'1','token':'t'},'uid':'1'}\n");
}

static void changed_options_count_from_the_next_connection(void **state)
{
    driver *d = *state;
    driver_start(d);
    driver_connect(d);
    d->options.url = CF_BYTES("https://other");
    d->options.insecure = true;
    d->options.info = CF_BYTES("{\"n\":1}");
    assert_int_equal(cf_client_configure(d->client, &d->options, NULL), CENTRIFUGE_ERROR_OK);
    driver_opened(d);
    expect(d, "open 1 ws://host/connection/websocket\n"
              "send 1 {'method':'connect','params':{'user':'u','info':'{\\'n\\':1}'},'uid':'1'}\n");
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_forget(d);
    driver_connect(d);
    expect(d, "open 2 wss://other/connection/websocket\n");
}

static void configure_while_the_old_address_is_shown(driver *d, const cf_effect *effect)
{
    if (effect->kind != CF_EFFECT_TRANSPORT_OPEN)
        return;
    d->options.url = CF_BYTES("ws://a");
    cf_client_configure(d->client, &d->options, NULL);
    d->options.url = CF_BYTES("ws://b");
    cf_client_configure(d->client, &d->options, NULL);
    assert_true(cf_bytes_equal(effect->transport.address, CF_BYTES("ws://host/connection/websocket")));
}

static void options_are_replaced_while_they_are_used(void **state)
{
    driver *d = *state;
    driver_start(d);
    d->hook = configure_while_the_old_address_is_shown;
    driver_connect(d);
    expect(d, "open 1 ws://host/connection/websocket\n");
}

static void note_the_kind(driver *d, const cf_effect *effect)
{
    if (effect->kind == CF_EFFECT_TRANSPORT_OPEN)
        *(cf_transport_kind *)d->hook_user = effect->transport.kind;
}

static void sockjs_is_opened_where_the_driver_has_it(void **state)
{
    driver *d = *state;
    cf_transport_kind kind = CF_TRANSPORT_WEBSOCKET;
    d->hook = note_the_kind;
    d->hook_user = &kind;
    d->options.url = CF_BYTES("http://host/connection");
    assert_int_equal(cf_client_new(&d->client, &d->options, &d->environment, d->now), CENTRIFUGE_ERROR_UNSUPPORTED);
    d->options.sockjs = true;
    driver_start(d);
    driver_connect(d);
    expect(d, "open 1 http://host/connection\n");
    assert_int_equal(kind, CF_TRANSPORT_SOCKJS);
    driver_disconnect(d);
    driver_forget(d);
    d->options.url = CF_BYTES("http://host/connection/websocket");
    assert_int_equal(cf_client_configure(d->client, &d->options, NULL), CENTRIFUGE_ERROR_OK);
    driver_connect(d);
    expect(d, "open 2 ws://host/connection/websocket\n");
    assert_int_equal(kind, CF_TRANSPORT_WEBSOCKET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_reference),
        cmocka_unit_test(the_first_missing_option_is_named),
        cmocka_unit_test(insecure_needs_no_credentials),
        cmocka_unit_test(credentials_of_json_are_checked),
        cmocka_unit_test(a_bad_url_comes_after_missing_credentials),
        cmocka_unit_test(texts_must_be_utf8_and_of_reasonable_size),
        cmocka_unit_test(no_time_is_zero_and_no_limit_is_off_by_accident),
        cmocka_unit_test(credentials_fit_into_a_frame),
        cmocka_unit_test(raw_websocket_addresses),
        cmocka_unit_test(a_query_stays_behind_the_path_and_a_fragment_goes),
        cmocka_unit_test(sockjs_addresses),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(an_address_that_does_not_fit_is_no_memory),
        TEST(a_client_without_options_is_configured_later),
        TEST(bad_options_make_no_client_and_change_nothing),
        TEST(changed_options_count_from_the_next_connection),
        TEST(options_are_replaced_while_they_are_used),
        TEST(sockjs_is_opened_where_the_driver_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

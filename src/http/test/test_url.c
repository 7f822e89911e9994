#include "base/test/test.h"

#include "http/http.h"

/* Each case starts with an allocator that counts what is not given back. */
typedef struct expectation {
    const char *url;
    const char *reduced; /* where to connect to */
    const char *host;
    const char *target;
    const char *credentials;
} expectation;

static void expect_text(const cf_allocator *allocator, CURLU *url, void (*append)(CURLU *, cf_buffer *), const char *expected)
{
    cf_buffer out;
    cf_buffer_init(&out, allocator, CF_BUFFER_NO_LIMIT);
    append(url, &out);
    assert_string_equal(cf_buffer_text(&out), expected);
    cf_buffer_free(&out);
}

static void expect_parts(const expectation *expected)
{
    test_allocator memory = test_allocator_failing_at(0);
    cf_allocator allocator = test_allocator_make(&memory);
    CURLU *url;
    char *reduced;
    assert_int_equal(cf_http_url_read(&url, cf_bytes_of(expected->url), &allocator), CENTRIFUGE_ERROR_OK);
    expect_text(&allocator, url, cf_http_url_append_host, expected->host);
    expect_text(&allocator, url, cf_http_url_append_target, expected->target);
    expect_text(&allocator, url, cf_http_url_append_credentials, expected->credentials);
    cf_http_url_reduce(url);
    assert_int_equal(curl_url_get(url, CURLUPART_URL, &reduced, 0), CURLUE_OK);
    assert_string_equal(reduced, expected->reduced);
    curl_free(reduced);
    curl_url_cleanup(url);
    assert_int_equal(memory.live, 0);
}

static void an_address_falls_into_parts(void **state)
{
    (void)state;
    static const expectation cases[] = {
        {"ws://h", "http://h/", "h", "/", ""},
        {"WS://h?x=1#f", "http://h/", "h", "/?x=1", ""},
        {"wss://h:443/a/../b?", "https://h:443/", "h", "/a/../b?", ""},
        {"https://h:80/%2f?a=%zz", "https://h:80/", "h:80", "/%2f?a=%zz", ""},
        {"http://h:/a#x?y", "http://h/", "h", "/a", ""},
        {"ws://h/\"<\\>^`{|}?\"<\\>^`{|}", "http://h/", "h", "/%22%3C%5C%3E%5E%60%7B%7C%7D?%22%3C%5C%3E%5E%60%7B%7C%7D", ""},
        {"ws://joe:p%40ss@h:8000/a", "http://h:8000/", "h:8000", "/a", "Basic am9lOnBAc3M="},
        {"ws://joe@h", "http://h/", "h", "/", "Basic am9lOg=="},
        {"ws://:key@h", "http://h/", "h", "/", "Basic OmtleQ=="},
        {"ws://j\xc3\xb6@h", "http://h/", "h", "/", "Basic asO2Og=="},
        {"ws://[::1]:8000/a", "http://[::1]:8000/", "[::1]:8000", "/a", ""},
        {"ws://[fe80::1%25eth0]:8000/a", "http://[fe80::1%25eth0]:8000/", "[fe80::1]:8000", "/a", ""},
        {"ws://[fe80::1%eth0]/a", "http://[fe80::1%25eth0]/", "[fe80::1]", "/a", ""},
        {"ws://b\xc3\xbc"
         "cher.example/\xc3\xa9?\xc3\xbc=\xe2\x82\xac",
         "http://xn--bcher-kva.example/", "xn--bcher-kva.example", "/%C3%A9?%C3%BC=%E2%82%AC", ""},
        {"wss://B\xc3\x9c"
         "CHER.example:1",
         "https://xn--bcher-kva.example:1/", "xn--bcher-kva.example:1", "/", ""},
        {"ws://stra\xc3\x9f"
         "e.example",
         "http://xn--strae-oqa.example/", "xn--strae-oqa.example", "/", ""},
        {"ws://b%C3%BCcher.example", "http://xn--bcher-kva.example/", "xn--bcher-kva.example", "/", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_parts(&cases[i]);
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "",
        "h",
        "ftp://h",
        "ws://",
        "ws:///a",
        "ws://?x",
        "ws://#f",
        "ws://:8000",
        "ws://h:0",
        "ws://h:00/a",
        "ws://h:65536",
        "ws://h:99999",
        "ws://h:-1",
        "ws://h:+1",
        "ws://h:1x",
        "ws://h:1:2",
        "ws://::1",
        "ws://[::1",
        "ws://[::1]x",
        "ws://[::1]]",
        "ws://[[::1]]",
        "ws://[::z]",
        "ws://[]",
        "ws://h\\a",
        "ws://ho<st",
        "ws://a@b@h",
        "ws://u:%0a@h",
        "ws://u%00@h",
        "ws://h%00",
        "ws://h h",
        "ws://h/a b",
        "ws://h/\r\nX: y",
        "ws://h?a b",
        "ws://h?\r\nX: y",
        "ws://\xff",
        "ws://xn--\xc3\xbc.example",
    };
    test_allocator memory = test_allocator_failing_at(0);
    cf_allocator allocator = test_allocator_make(&memory);
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        CURLU *url;
        centrifuge_error error = cf_http_url_read(&url, cf_bytes_of(urls[i]), &allocator);
        if (error != CENTRIFUGE_ERROR_INVALID_URL)
            fail_msg("'%s' is taken for an address", urls[i]);
        assert_null(url);
    }
    assert_int_equal(memory.live, 0);
}

static void every_failed_allocation_is_told(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        test_allocator memory = test_allocator_failing_at(n);
        cf_allocator allocator = test_allocator_make(&memory);
        CURLU *url;
        cf_buffer out;
        centrifuge_error error = cf_http_url_read(&url, CF_BYTES("ws://joe:secret@h/\xc3\xa9"), &allocator);
        cf_buffer_init(&out, &allocator, CF_BUFFER_NO_LIMIT);
        if (error == CENTRIFUGE_ERROR_OK)
            cf_http_url_append_credentials(url, &out);
        bool failed = error != CENTRIFUGE_ERROR_OK || out.failed;
        cf_buffer_free(&out);
        curl_url_cleanup(url);
        assert_int_equal(memory.live, 0);
        if (error != CENTRIFUGE_ERROR_OK)
            assert_int_equal(error, CENTRIFUGE_ERROR_NO_MEMORY);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_falls_into_parts),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(every_failed_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

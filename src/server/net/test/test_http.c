#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/net/request.h"
#include "server/net/response.h"
#include "server/net/router.h"
#include "server/net/url.h"

static int allocations_left; /* until one fails; below 0: none does */

static void *test_resize(void *user, void *memory, size_t size)
{
    (void)user;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    return realloc(memory, size);
}

static const cf_allocator allocator = {test_resize, NULL};

#define BODY_MAX 100

static const cf_http_body_limit limit = {BODY_MAX, "its body is larger than the limit"};

static int set_up(void **state)
{
    allocations_left = -1;
    *state = cf_http_parser_new(&allocator);
    if (*state == NULL)
        return -1;
    cf_http_parser_limit_body(*state, limit);
    return 0;
}

static int tear_down(void **state)
{
    cf_http_parser_free(*state);
    return 0;
}

static void assert_bytes(cf_bytes bytes, const char *text)
{
    if (bytes.size != strlen(text) || (bytes.size > 0 && memcmp(bytes.data, text, bytes.size) != 0))
        fail_msg("'%.*s' is not '%s'", (int)bytes.size, bytes.data == NULL ? "" : bytes.data, text);
}

/* Feeds it byte by byte; returns how many bytes of the text were used. */
static size_t feed(cf_http_parser *parser, const char *text, cf_http_progress *progress)
{
    size_t size = strlen(text);
    size_t at = 0;
    *progress = CF_HTTP_MORE;
    while (at < size && *progress != CF_HTTP_COMPLETE && *progress != CF_HTTP_FAILED) {
        size_t used = 0;
        *progress = cf_http_parser_read(parser, text + at, 1, &used);
        at += used;
        if (used == 0)
            break;
    }
    return at;
}

/* All of it at once, over the end of the head. */
static cf_http_progress feed_whole(cf_http_parser *parser, const char *text, size_t *used)
{
    size_t more = 0;
    cf_http_progress progress = cf_http_parser_read(parser, text, strlen(text), used);
    if (progress != CF_HTTP_HEAD)
        return progress;
    progress = cf_http_parser_read(parser, text + *used, strlen(text) - *used, &more);
    *used += more;
    return progress;
}

static const cf_http_request *parse(cf_http_parser *parser, const char *text)
{
    cf_http_progress progress;
    size_t used = 0;
    cf_http_parser_reset(parser);
    progress = feed_whole(parser, text, &used);
    assert_int_equal(progress, CF_HTTP_COMPLETE);
    assert_int_equal(used, strlen(text));
    cf_http_parser_reset(parser);
    assert_int_equal(feed(parser, text, &progress), strlen(text));
    assert_int_equal(progress, CF_HTTP_COMPLETE);
    return cf_http_parser_request(parser);
}

static void refused(cf_http_parser *parser, const char *text, int status)
{
    cf_http_progress progress;
    cf_http_parser_reset(parser);
    (void)feed(parser, text, &progress);
    assert_int_equal(progress, CF_HTTP_FAILED);
    assert_int_equal(cf_http_parser_status(parser), status);
}

/* ---- requests ---- */

static void test_a_request_with_a_body(void **state)
{
    const cf_http_request *request =
        parse(*state, "POST /api/x%2fy?a=b%20c HTTP/1.1\r\nHost: h\r\ncontent-TYPE:\t application/json \r\n"
                      "X-API-Sign: abc\r\nContent-Length: 5\r\n\r\nhello");
    assert_bytes(request->method, "POST");
    assert_bytes(request->path, "/api/x/y");
    assert_bytes(request->query, "a=b%20c");
    assert_bytes(cf_http_request_header(request, CF_HTTP_HEADER_content_type), "application/json");
    assert_bytes(cf_http_request_header(request, CF_HTTP_HEADER_api_sign), "abc");
    assert_bytes(cf_http_request_header(request, CF_HTTP_HEADER_upgrade), "");
    assert_bytes(request->body, "hello");
    assert_true(request->keep_alive);
    assert_false(request->get || request->head);
}

static void test_a_chunked_body_with_trailers(void **state)
{
    const cf_http_request *request =
        parse(*state, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n2\r\nde\r\n"
                      "0\r\nX-API-Sign: late\r\n\r\n");
    assert_bytes(request->body, "abcde");
    assert_bytes(cf_http_request_header(request, CF_HTTP_HEADER_api_sign), "");
}

static void test_repeated_headers(void **state)
{
    const cf_http_request *request =
        parse(*state, "GET / HTTP/1.1\r\nHost: first\r\nConnection: keep-alive\r\nX-API-Sign: one\r\nConnection: Upgrade\r\n"
                      "X-API-Sign: two\r\nConnection: x\r\nUpgrade:\r\n\r\n");
    assert_bytes(cf_http_request_header(request, CF_HTTP_HEADER_connection), "keep-alive, Upgrade, x");
    assert_bytes(cf_http_request_header(request, CF_HTTP_HEADER_api_sign), "one");
}

static void test_targets(void **state)
{
    assert_bytes(parse(*state, "GET http://h:1/a?b HTTP/1.1\r\nHost: h\r\n\r\n")->path, "/a");
    assert_bytes(parse(*state, "GET http://h HTTP/1.1\r\nHost: h\r\n\r\n")->path, "/");
    assert_bytes(parse(*state, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")->path, "*");
    refused(*state, "GET /%4 HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    refused(*state, "GET nothing HTTP/1.1\r\nHost: h\r\n\r\n", 400);
}

static void test_who_wants_to_go_on(void **state)
{
    assert_false(parse(*state, "GET / HTTP/1.0\r\n\r\n")->keep_alive);
    assert_true(parse(*state, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")->keep_alive);
    assert_false(parse(*state, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")->keep_alive);
    assert_true(parse(*state, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")->old);
    assert_false(parse(*state, "GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n")->keep_alive);
    assert_true(parse(*state, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")->head);
}

static void test_the_next_request_is_left_alone(void **state)
{
    static const char text[] = "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\n";
    size_t used = 0;
    assert_int_equal(cf_http_parser_read(*state, text, strlen(text), &used), CF_HTTP_COMPLETE);
    assert_int_equal(used, strlen("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"));
}

static void test_an_upgrade_ends_with_its_head(void **state)
{
    static const char text[] = "GET /w HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello";
    size_t used = 0;
    assert_int_equal(cf_http_parser_read(*state, text, sizeof(text) - 1, &used), CF_HTTP_COMPLETE);
    assert_int_equal(used, sizeof(text) - 1 - 7);
    assert_bytes(cf_http_request_header(cf_http_parser_request(*state), CF_HTTP_HEADER_upgrade), "websocket");
}

static void test_continue_is_asked_for_once(void **state)
{
    static const char head[] = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n";
    size_t used = 0;
    assert_int_equal(feed_whole(*state, head, &used), CF_HTTP_CONTINUE);
    assert_true(cf_http_parser_in_body(*state));
    assert_int_equal(cf_http_parser_read(*state, "a", 1, &used), CF_HTTP_MORE);
    assert_int_equal(cf_http_parser_read(*state, "bc", 2, &used), CF_HTTP_COMPLETE);
}

static void test_what_is_no_http_is_refused(void **state)
{
    refused(*state, "hello\r\n\r\n", 400);
    refused(*state, "GET / HTTP/1.1\r\nbad header: x\r\n\r\n", 400);
    refused(*state, "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400);
    refused(*state, "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
    refused(*state, "GET / HTTP/1.1\r\n\r\n", 400); /* no Host */
    refused(*state, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400);
}

static void test_limits(void **state)
{
    char *text = calloc(1, CF_HTTP_HEAD_MAX + 1000);
    assert_non_null(text);
    strcpy(text, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
    memset(text + strlen(text), 'x', CF_HTTP_HEAD_MAX);
    refused(*state, text, 431);
    size_t used = 0;
    cf_http_parser_reset(*state);
    assert_int_equal(cf_http_parser_read(*state, text, strlen(text), &used), CF_HTTP_FAILED);
    assert_int_equal(cf_http_parser_status(*state), 431);
    free(text);
    refused(*state, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\nx", 413);
    refused(*state, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400);
    refused(*state,
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            "40\r\n0123456789012345678901234567890123456789012345678901234567890123\r\n"
            "40\r\n0123456789012345678901234567890123456789012345678901234567890123\r\n",
            413);
}

/* The first thing that is wrong is told, whatever comes behind it and however the bytes are cut. */
static void test_a_refusal_says_why(void **state)
{
    static const struct {
        const char *text;
        int status;
        const char *reason;
    } cases[] = {
        {"GET / HTTP/9.9\r\nHost: h\n", 505, "its version is neither HTTP/1.0 nor HTTP/1.1"},
        {"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\n", 400, "Host or Sec-WebSocket-Key is there twice"},
        {"GET / HTTP/1.1\r\nHost: h\r\n a\r\n\r\n", 400, "a line begins with a blank"},
        {"GET / HTTP/1.1\r\n\r\n", 400, "no Host"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t used;
        refused(*state, cases[i].text, cases[i].status);
        assert_string_equal(cf_http_parser_reason(*state), cases[i].reason);
        cf_http_parser_reset(*state);
        assert_int_equal(feed_whole(*state, cases[i].text, &used), CF_HTTP_FAILED);
        assert_string_equal(cf_http_parser_reason(*state), cases[i].reason);
    }
}

/* Many headers that are joined: quadratic copies stay within the limit. */
static void test_joined_headers_have_a_limit(void **state)
{
    char *text = calloc(1, CF_HTTP_HEAD_MAX + 1000);
    assert_non_null(text);
    strcpy(text, "GET / HTTP/1.1\r\nHost: h\r\n");
    while (strlen(text) < CF_HTTP_HEAD_MAX - 100)
        strcat(text, "Upgrade: abcdefgh\r\n");
    refused(*state, text, 431);
    free(text);
}

static void test_without_memory_it_fails(void **state)
{
    static const char text[] =
        "POST /a?b HTTP/1.1\r\nHost: h\r\nConnection: a\r\nConnection: b\r\nContent-Length: 3\r\n\r\nabc";
    for (int n = 0;; n++) {
        size_t used = 0;
        cf_http_parser_free(*state);
        *state = NULL;
        allocations_left = n;
        cf_http_parser *parser = cf_http_parser_new(&allocator);
        *state = parser;
        if (parser == NULL)
            continue;
        cf_http_parser_limit_body(parser, limit);
        cf_http_progress progress = feed_whole(parser, text, &used);
        allocations_left = -1;
        if (progress == CF_HTTP_COMPLETE)
            break;
        assert_int_equal(progress, CF_HTTP_FAILED);
        assert_true(n < 100);
    }
}

/* ---- paths ---- */

static const cf_route all_routes[] = {
    {.path = CF_LITERAL("/connection/websocket"), .ports = 1},
    {.path = CF_LITERAL("/connection/"), .ports = 1},
    {.path = CF_LITERAL("/api/"), .ports = 2},
};

static const cf_routes routes = {.all = all_routes, .count = 3};
static const cf_routes below_live = {.all = all_routes, .count = 3, .prefix = CF_LITERAL("/live")};

/* `route`: the path of the route that is found, or NULL. */
static void assert_found(const cf_routes *among, const char *path, unsigned port, const char *route, const char *below)
{
    cf_route_match match = {.route = NULL};
    cf_buffer location;
    cf_buffer_init(&location, &allocator, CF_BUFFER_NO_LIMIT);
    cf_route_result result = cf_route_find(among, port, cf_bytes_of(path), (cf_bytes){0}, &match, &location);
    assert_int_equal(result, route == NULL ? CF_ROUTE_NOT_FOUND : CF_ROUTE_FOUND);
    if (route != NULL) {
        assert_bytes(match.route->path, route);
        assert_bytes(match.below, below);
    }
    cf_buffer_free(&location);
}

static void assert_redirect(const cf_routes *among, const char *path, const char *query, const char *to)
{
    cf_route_match match;
    cf_buffer location;
    cf_buffer_init(&location, &allocator, CF_BUFFER_NO_LIMIT);
    assert_int_equal(cf_route_find(among, 3, cf_bytes_of(path), cf_bytes_of(query), &match, &location), CF_ROUTE_REDIRECT);
    assert_bytes(cf_buffer_bytes(&location), to);
    cf_buffer_free(&location);
}

static void test_routes(void **state)
{
    (void)state;
    assert_found(&routes, "/connection/websocket", 1, "/connection/websocket", "");
    assert_found(&routes, "/connection/websocket/", 1, "/connection/", "websocket/");
    assert_found(&routes, "/connection/", 1, "/connection/", "");
    assert_found(&routes, "/api/anything/at/all", 3, "/api/", "anything/at/all");
    assert_found(&routes, "/api/", 1, NULL, ""); /* another port's */
    assert_found(&routes, "/", 3, NULL, "");
    assert_found(&routes, "/apix", 3, NULL, "");
    assert_found(&routes, "*", 3, NULL, "");
    assert_redirect(&routes, "/api", "", "/api/");
    assert_redirect(&routes, "/api", "a=b", "/api/?a=b");
    assert_redirect(&routes, "//connection/info", "", "/connection/info");
    assert_redirect(&routes, "/a/../b/./c", "x", "/b/c?x");
    assert_redirect(&routes, "/../../api/", "", "/api/");
    assert_redirect(&routes, "//evil.example/%0d\"<", "", "/evil.example/%250d%22%3C");
}

static void test_routes_below_a_prefix(void **state)
{
    (void)state;
    assert_found(&below_live, "/live/connection/a/b/xhr", 1, "/connection/", "a/b/xhr");
    assert_found(&below_live, "/connection/websocket", 1, NULL, "");
    assert_found(&below_live, "/liveapi/", 3, NULL, "");
    assert_found(&below_live, "/live", 3, NULL, "");
    assert_redirect(&below_live, "/live/api", "q", "/live/api/?q");
}

static void test_hosts(void **state)
{
    static const char *const good[] = {"", "h", "example.org:8000", "a_b-c.d", "127.0.0.1:", "[::1]", "[::1]:80", "%41"};
    static const char *const bad[] = {"h:x", "h:1:2", "[::1", "[]", "[::1]x", "a b", "a/b", "a@b", "\xc3\xa9", "a?b"};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(cf_url_is_host(cf_bytes_of(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(cf_url_is_host(cf_bytes_of(bad[i])));
}

/* ---- responses ---- */

static void test_responses(void **state)
{
    (void)state;
    cf_buffer out;
    cf_buffer_init(&out, &allocator, CF_BUFFER_NO_LIMIT);
    cf_http_response plain = cf_http_plain(404);
    cf_http_write_head(&out, &plain, CF_BYTES("now"), CF_HTTP_KEEP);
    assert_bytes(cf_buffer_bytes(&out),
                 "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
                 "Date: now\r\nContent-Length: 19\r\n\r\n");
    assert_bytes(plain.body, "404 page not found\n");
    cf_buffer_clear(&out);
    cf_http_response empty = {.status = 503};
    cf_http_write_head(&out, &empty, CF_BYTES("now"), CF_HTTP_CLOSE);
    assert_bytes(cf_buffer_bytes(&out),
                 "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nDate: now\r\nContent-Length: 0\r\n\r\n");
    cf_buffer_clear(&out);
    cf_http_response full = {.status = 200, .content_type = CF_BYTES("a/b"), .body = CF_BYTES("body")};
    cf_http_write_head(&out, &empty, CF_BYTES("now"), CF_HTTP_KEEP_OLD);
    assert_bytes(cf_buffer_bytes(&out),
                 "HTTP/1.1 503 Service Unavailable\r\nConnection: keep-alive\r\nDate: now\r\nContent-Length: 0\r\n\r\n");
    cf_buffer_clear(&out);
    cf_http_write_head(&out, &full, CF_BYTES("now"), CF_HTTP_KEEP);
    assert_bytes(cf_buffer_bytes(&out), "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nDate: now\r\nContent-Length: 4\r\n\r\n");
    cf_buffer_clear(&out);
    const cf_bytes places[] = {CF_BYTES("bo"), CF_BYTES("dies")};
    full.parts = places;
    full.part_count = 2;
    cf_http_write_head(&out, &full, CF_BYTES("now"), CF_HTTP_KEEP);
    assert_bytes(cf_buffer_bytes(&out), "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nDate: now\r\nContent-Length: 6\r\n\r\n");
    cf_buffer_free(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_request_with_a_body),
        TEST(test_a_chunked_body_with_trailers),
        TEST(test_repeated_headers),
        TEST(test_targets),
        TEST(test_who_wants_to_go_on),
        TEST(test_the_next_request_is_left_alone),
        TEST(test_an_upgrade_ends_with_its_head),
        TEST(test_continue_is_asked_for_once),
        TEST(test_what_is_no_http_is_refused),
        TEST(test_limits),
        TEST(test_a_refusal_says_why),
        TEST(test_joined_headers_have_a_limit),
        TEST(test_without_memory_it_fails),
        TEST(test_routes),
        TEST(test_routes_below_a_prefix),
        TEST(test_hosts),
        TEST(test_responses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

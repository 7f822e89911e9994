#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "backend/backend.h"
#include "backend/test/server.h"
#include "base/test/allocator.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET "secret"
/* A 200 answer whose end is the end of the connection. */
#define ANSWER(body) "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" body

static test_server server;

static void options_for(centrifuge_backend_options *options, char url[64], const char *scheme, int port)
{
    snprintf(url, 64, "%s://127.0.0.1:%d", scheme, port);
    centrifuge_backend_options_default(options);
    options->url = url;
    options->secret = SECRET;
    options->proxy = "";
}

static centrifuge_backend *backend_for(int port)
{
    char url[64];
    centrifuge_backend_options options;
    centrifuge_backend *backend;
    options_for(&options, url, "http", port);
    assert_int_equal(centrifuge_backend_new(&backend, &options), CENTRIFUGE_ERROR_OK);
    return backend;
}

/* A server with one answer, and a backend for it. */
static centrifuge_backend *begin(const char *const *answer)
{
    test_server_start(&server, answer, 1, false);
    return backend_for(server.port);
}

static void end(centrifuge_backend *backend)
{
    centrifuge_backend_destroy(backend);
    test_server_stop(&server);
}

static void expect_header(const char *header)
{
    if (strstr(server.log, header) == NULL)
        fail_msg("no '%s' in '%s'", header, server.log);
}

/* After end(): the request was this, signed. */
static void expect_request(const char *body)
{
    const char *end_of_head = strstr(server.log, "\r\n\r\n");
    char sign[CENTRIFUGE_SIGN_SIZE];
    char header[100];
    assert_non_null(end_of_head);
    assert_string_equal(end_of_head + 4, body);
    assert_int_equal(centrifuge_backend_api_sign(SECRET, body, strlen(body), sign), CENTRIFUGE_ERROR_OK);
    snprintf(header, sizeof(header), "\r\nX-API-Sign: %s\r\n", sign);
    expect_header(header);
    expect_header("POST /api/ HTTP/1.1\r\n");
    expect_header("\r\nContent-Type: application/json\r\n");
}

static void expect_success(const centrifuge_backend *backend)
{
    assert_string_equal(centrifuge_backend_error_text(backend), "");
    assert_string_equal(centrifuge_backend_advice(backend), "");
    assert_int_equal(centrifuge_backend_http_status(backend), 200);
}

/* ---- every call ---- */

static void publish(void **state)
{
    (void)state;
    const char *answer = ANSWER("[{\"method\":\"publish\",\"error\":null,\"body\":null}]");
    centrifuge_backend *backend = begin(&answer);
    assert_int_equal(centrifuge_backend_publish(backend, "news", "{ \"a\" : 1.50 }", NULL, NULL), CENTRIFUGE_ERROR_OK);
    expect_success(backend);
    end(backend);
    expect_request("{\"method\":\"publish\",\"params\":{\"channel\":\"news\",\"data\":{ \"a\" : 1.50 }}}");
}

static void publish_as_a_client(void **state)
{
    (void)state;
    const char *answer = ANSWER("[{\"method\":\"publish\",\"error\":null,\"body\":null}]");
    centrifuge_backend *backend = begin(&answer);
    assert_int_equal(centrifuge_backend_publish(backend, "a\"b", "null", "c38e", "u1"), CENTRIFUGE_ERROR_OK);
    end(backend);
    expect_request(
        "{\"method\":\"publish\",\"params\":{\"channel\":\"a\\\"b\",\"data\":null,\"client\":\"c38e\",\"uid\":\"u1\"}}");
}

static void broadcast(void **state)
{
    (void)state;
    const char *answer = ANSWER("[{\"method\":\"broadcast\",\"error\":null,\"body\":null}]");
    static const char *const channels[] = {"a", "b"};
    centrifuge_backend *backend = begin(&answer);
    assert_int_equal(centrifuge_backend_broadcast(backend, channels, 2, "1", ""), CENTRIFUGE_ERROR_OK);
    end(backend);
    expect_request("{\"method\":\"broadcast\",\"params\":{\"channels\":[\"a\",\"b\"],\"data\":1}}");
}

static void unsubscribe_and_disconnect(void **state)
{
    (void)state;
    const char *answer = ANSWER("[{\"method\":\"unsubscribe\",\"error\":null,\"body\":null}]");
    centrifuge_backend *backend = begin(&answer);
    assert_int_equal(centrifuge_backend_unsubscribe(backend, "42", "news"), CENTRIFUGE_ERROR_OK);
    end(backend);
    expect_request("{\"method\":\"unsubscribe\",\"params\":{\"user\":\"42\",\"channel\":\"news\"}}");
    backend = begin(&answer);
    assert_int_equal(centrifuge_backend_unsubscribe(backend, "42", NULL), CENTRIFUGE_ERROR_OK);
    end(backend);
    expect_request("{\"method\":\"unsubscribe\",\"params\":{\"user\":\"42\"}}");
    answer = ANSWER("[{\"method\":\"disconnect\",\"error\":null,\"body\":null}]");
    backend = begin(&answer);
    assert_int_equal(centrifuge_backend_disconnect(backend, "42"), CENTRIFUGE_ERROR_OK);
    end(backend);
    expect_request("{\"method\":\"disconnect\",\"params\":{\"user\":\"42\"}}");
}

static void questions(void **state)
{
    (void)state;
    const char *data;
    const char *answer =
        ANSWER("[{\"method\":\"presence\",\"error\":null,\"body\":{\"channel\":\"c\",\"data\":{\"id\":{\"user\":\"2\"}}}}]");
    centrifuge_backend *backend = begin(&answer);
    assert_int_equal(centrifuge_backend_presence(backend, "c", &data), CENTRIFUGE_ERROR_OK);
    assert_string_equal(data, "{\"id\":{\"user\":\"2\"}}");
    end(backend);
    expect_request("{\"method\":\"presence\",\"params\":{\"channel\":\"c\"}}");

    answer = ANSWER("[{\"method\":\"history\",\"error\":null,\"body\":{\"channel\":\"c\",\"data\":[]}}]\n");
    backend = begin(&answer);
    assert_int_equal(centrifuge_backend_history(backend, "c", &data), CENTRIFUGE_ERROR_OK);
    assert_string_equal(data, "[]");
    end(backend);
    expect_request("{\"method\":\"history\",\"params\":{\"channel\":\"c\"}}");

    answer = ANSWER("[{\"method\":\"channels\",\"error\":null,\"body\":{\"data\":[\"a\"]}}]");
    backend = begin(&answer);
    assert_int_equal(centrifuge_backend_channels(backend, &data), CENTRIFUGE_ERROR_OK);
    assert_string_equal(data, "[\"a\"]");
    end(backend);
    expect_request("{\"method\":\"channels\",\"params\":{}}");

    answer = ANSWER("[{\"method\":\"stats\",\"error\":null,\"body\":{\"data\":{\"nodes\":[],\"metrics_interval\":60}}}]");
    backend = begin(&answer);
    assert_int_equal(centrifuge_backend_stats(backend, &data), CENTRIFUGE_ERROR_OK);
    assert_string_equal(data, "{\"nodes\":[],\"metrics_interval\":60}");
    end(backend);

    answer = ANSWER("[{\"method\":\"node\",\"error\":null,\"body\":{\"data\":{\"uid\":\"x\"}}}]");
    backend = begin(&answer);
    assert_int_equal(centrifuge_backend_node(backend, &data), CENTRIFUGE_ERROR_OK);
    assert_string_equal(data, "{\"uid\":\"x\"}");
    end(backend);
}

static void any_commands(void **state)
{
    (void)state;
    const char *replies;
    const char *answer =
        ANSWER("[{\"uid\":\"1\",\"method\":\"publish\",\"error\":\"namespace not found\",\"advice\":\"fix\",\"body\":null}]");
    centrifuge_backend *backend = begin(&answer);
    assert_int_equal(centrifuge_backend_call(backend, " \n[{\"uid\":\"1\",\"method\":\"publish\"}]", &replies),
                     CENTRIFUGE_ERROR_OK);
    assert_string_equal(replies, strstr(answer, "[{"));
    expect_success(backend);
    end(backend);
    expect_request("[{\"uid\":\"1\",\"method\":\"publish\"}]");
}

static void an_insecure_server_gets_no_sign(void **state)
{
    (void)state;
    const char *answer = ANSWER("[{\"method\":\"publish\",\"error\":null,\"body\":null}]");
    char url[64];
    centrifuge_backend_options options;
    centrifuge_backend *backend;
    test_server_start(&server, &answer, 1, false);
    options_for(&options, url, "http", server.port);
    options.insecure = true;
    assert_int_equal(centrifuge_backend_new(&backend, &options), CENTRIFUGE_ERROR_OK);
    assert_int_equal(centrifuge_backend_publish(backend, "c", "1", NULL, NULL), CENTRIFUGE_ERROR_OK);
    end(backend);
    assert_null(strstr(server.log, "X-API-Sign"));
}

static void headers_of_the_application_are_sent(void **state)
{
    (void)state;
    static const centrifuge_header headers[] = {
        {"X-Shop", "7"}, {"authorization", "Bearer 1"}, {"X-Empty", ""}, {"content-type", "application/json; charset=utf-8"}};
    const char *answer = ANSWER("[{\"method\":\"publish\",\"error\":null,\"body\":null}]");
    char url[64];
    centrifuge_backend_options options;
    centrifuge_backend *backend;
    test_server_start(&server, &answer, 1, false);
    options_for(&options, url, "http", server.port);
    options.headers = headers;
    options.header_count = sizeof(headers) / sizeof(headers[0]);
    assert_int_equal(centrifuge_backend_new(&backend, &options), CENTRIFUGE_ERROR_OK);
    assert_int_equal(centrifuge_backend_publish(backend, "c", "1", NULL, NULL), CENTRIFUGE_ERROR_OK);
    end(backend);
    expect_header("\r\nX-Shop: 7\r\n");
    expect_header("\r\nauthorization: Bearer 1\r\n");
    expect_header("\r\nX-Empty:\r\n");
    expect_header("\r\ncontent-type: application/json; charset=utf-8\r\n");
    expect_header("\r\nX-API-Sign: ");
    assert_null(strstr(server.log, "Content-Type"));
}

static void headers_that_cannot_be_sent_are_refused(void **state)
{
    (void)state;
    static const struct {
        centrifuge_header header;
        const char *what;
    } cases[] = {
        {{"X Shop", "7"}, "headers"},
        {{"X-Shop", "7\r\nX-Evil: 1"}, "headers"},
        {{"X-Shop", NULL}, "headers"},
        {{"content-length", "1"}, "headers: Content-Length is set by the library"},
        {{"x-api-sign", "1"}, "headers: X-API-Sign is set by the library"},
    };
    char url[64];
    centrifuge_backend_options options;
    options_for(&options, url, "http", 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *what = NULL;
        options.headers = &cases[i].header;
        options.header_count = 1;
        assert_int_equal(centrifuge_backend_options_check(&options, &what), CENTRIFUGE_ERROR_INVALID_OPTION);
        assert_string_equal(what, cases[i].what);
    }
}

static void the_connection_is_kept(void **state)
{
    (void)state;
#define KEPT "HTTP/1.1 200 OK\r\nContent-Length: 47\r\n\r\n[{\"method\":\"publish\",\"error\":null,\"body\":null}]"
    static const char *const answers[] = {KEPT, KEPT};
    test_server_start(&server, answers, 2, false);
    centrifuge_backend *backend = backend_for(server.port);
    assert_int_equal(centrifuge_backend_publish(backend, "a", "1", NULL, NULL), CENTRIFUGE_ERROR_OK);
    assert_int_equal(centrifuge_backend_publish(backend, "b", "2", NULL, NULL), CENTRIFUGE_ERROR_OK);
    end(backend);
    assert_int_equal(server.connections, 1);
    assert_non_null(strstr(server.log, "{\"channel\":\"a\",\"data\":1}"));
    assert_non_null(strstr(server.log, "{\"channel\":\"b\",\"data\":2}"));
}

/* The server may have published it: a second time would be once too often. */
static void what_is_not_answered_is_not_sent_again(void **state)
{
    (void)state;
    static const char *const answers[] = {KEPT};
    test_server_start(&server, answers, 1, false);
    centrifuge_backend *backend = backend_for(server.port);
    assert_int_equal(centrifuge_backend_publish(backend, "a", "1", NULL, NULL), CENTRIFUGE_ERROR_OK);
    assert_int_equal(centrifuge_backend_publish(backend, "b", "2", NULL, NULL), CENTRIFUGE_ERROR_NETWORK);
    assert_non_null(strstr(centrifuge_backend_error_text(backend), "not known whether the server got the request"));
    end(backend);
    const char *first = strstr(server.log, "{\"channel\":\"b\",\"data\":2}");
    assert_non_null(first);
    assert_null(strstr(first + 1, "{\"channel\":\"b\""));
}

/* ---- processes ---- */

static void destroy_in_child(centrifuge_backend *backend)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        centrifuge_backend_destroy(backend);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static pid_t publish_in_child(centrifuge_backend *backend)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(centrifuge_backend_publish(backend, "child", "2", NULL, NULL) == CENTRIFUGE_ERROR_OK ? 0 : 1);
    return child;
}

/* The server looks at one connection after the other: that of the child has to wait until the parent's ends. */
static void a_child_has_a_connection_of_its_own(void **state)
{
    (void)state;
    int status;
    static const char *const answers[] = {KEPT, KEPT, KEPT};
    test_server_start(&server, answers, 3, false);
    centrifuge_backend *backend = backend_for(server.port);
    assert_int_equal(centrifuge_backend_publish(backend, "a", "1", NULL, NULL), CENTRIFUGE_ERROR_OK);
    destroy_in_child(backend);
    pid_t child = publish_in_child(backend);
    assert_int_equal(centrifuge_backend_publish(backend, "b", "3", NULL, NULL), CENTRIFUGE_ERROR_OK);
    centrifuge_backend_destroy(backend);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    test_server_stop(&server);
    assert_int_equal(server.connections, 2);
}

/* ---- what may go wrong ---- */

static void the_server_refuses(void **state)
{
    (void)state;
    const char *data = "";
    const char *answer =
        ANSWER("[{\"method\":\"publish\",\"error\":\"namespace not found\",\"advice\":\"fix\",\"body\":null}]");
    centrifuge_backend *backend = begin(&answer);
    assert_int_equal(centrifuge_backend_publish(backend, "nons:news", "1", NULL, NULL), CENTRIFUGE_ERROR_REFUSED);
    assert_string_equal(centrifuge_backend_error_text(backend), "namespace not found");
    assert_string_equal(centrifuge_backend_advice(backend), "fix");
    assert_int_equal(centrifuge_backend_http_status(backend), 200);
    end(backend);
    answer =
        ANSWER("[{\"method\":\"presence\",\"error\":\"not \\\"available\\\"\",\"body\":{\"channel\":\"news\",\"data\":null}}]");
    backend = begin(&answer);
    assert_int_equal(centrifuge_backend_presence(backend, "news", &data), CENTRIFUGE_ERROR_REFUSED);
    assert_null(data);
    assert_string_equal(centrifuge_backend_error_text(backend), "not \"available\"");
    assert_string_equal(centrifuge_backend_advice(backend), "");
    end(backend);
}

static void an_error_is_forgotten_by_the_next_call(void **state)
{
    (void)state;
    static const char *const answers[] = {
        ANSWER("[{\"method\":\"publish\",\"error\":\"x\",\"advice\":\"retry\",\"body\":null}]"),
        ANSWER("[{\"method\":\"publish\",\"error\":null,\"body\":null}]"),
    };
    test_server_start(&server, answers, 2, false);
    centrifuge_backend *backend = backend_for(server.port);
    assert_int_equal(centrifuge_backend_publish(backend, "a", "1", NULL, NULL), CENTRIFUGE_ERROR_REFUSED);
    assert_string_equal(centrifuge_backend_advice(backend), "retry");
    assert_int_equal(centrifuge_backend_publish(backend, "a", "1", NULL, NULL), CENTRIFUGE_ERROR_OK);
    expect_success(backend);
    end(backend);
}

static void other_http_statuses(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        int status;
        const char *text;
    } cases[] = {
        {"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\nUnauthorized\n", 401, "check that 'secret' is the server's"},
        {"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nBad Request\n", 400, "could not read the request"},
        {"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n", 404, "check 'url'"},
        {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nConnection: close\r\n\r\n", 302, "HTTP status 302"},
        {"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n\r\n", 413, "larger than the server"},
        {"HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n[]", 500, "HTTP status 500"},
        {"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n", 503, "shutting down"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        centrifuge_backend *backend = begin(&cases[i].answer);
        assert_int_equal(centrifuge_backend_disconnect(backend, "42"), CENTRIFUGE_ERROR_HTTP_STATUS);
        assert_int_equal(centrifuge_backend_http_status(backend), cases[i].status);
        assert_non_null(strstr(centrifuge_backend_error_text(backend), cases[i].text));
        end(backend);
    }
}

static void answers_of_something_else(void **state)
{
    (void)state;
    static const char *const answers[] = {
        ANSWER(""),
        ANSWER("<html>"),
        ANSWER("[]"),
        ANSWER("null"),
        ANSWER("[1]"),
        ANSWER("[{\"method\":\"history\",\"error\":null,\"body\":{\"data\":[]}}]"),
        ANSWER("[{\"method\":\"channels\",\"error\":null,\"body\":null}]"),
        ANSWER("[{\"method\":\"channels\",\"error\":null,\"body\":{}}]"),
        ANSWER("[{\"method\":\"channels\",\"error\":null,\"body\":{\"data\":[}}]"),
        "SSH-2.0-x Connection: close\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        const char *data = "";
        centrifuge_backend *backend = begin(&answers[i]);
        assert_int_not_equal(centrifuge_backend_channels(backend, &data), CENTRIFUGE_ERROR_OK);
        assert_null(data);
        assert_string_not_equal(centrifuge_backend_error_text(backend), "");
        end(backend);
        backend = begin(&answers[i]);
        if (i < 2 || i == 3 || i > 7)
            assert_int_not_equal(centrifuge_backend_call(backend, "{}", &data), CENTRIFUGE_ERROR_OK);
        end(backend);
    }
    const char *answer = ANSWER("{\"a\":1}");
    centrifuge_backend *backend = begin(&answer);
    assert_int_equal(centrifuge_backend_channels(backend, NULL), CENTRIFUGE_ERROR_PROTOCOL);
    end(backend);
}

static void no_server(void **state)
{
    (void)state;
    centrifuge_backend *backend = backend_for(test_server_unused_port());
    assert_int_equal(centrifuge_backend_disconnect(backend, "42"), CENTRIFUGE_ERROR_NETWORK);
    assert_string_not_equal(centrifuge_backend_error_text(backend), "");
    assert_int_equal(centrifuge_backend_http_status(backend), 0);
    centrifuge_backend_destroy(backend);
}

static void expect_cause(void (*change)(centrifuge_backend_options *options), centrifuge_error expected)
{
    const char *answer = NULL;
    char url[64];
    centrifuge_backend_options options;
    centrifuge_backend *backend;
    test_server_start(&server, &answer, 1, false);
    options_for(&options, url, "https", server.port);
    change(&options);
    assert_int_equal(centrifuge_backend_new(&backend, &options), CENTRIFUGE_ERROR_OK);
    assert_int_equal(centrifuge_backend_disconnect(backend, "42"), expected);
    assert_string_not_equal(centrifuge_backend_error_text(backend), "");
    end(backend);
}

static void as_it_is(centrifuge_backend_options *options)
{
    (void)options;
}

static void no_tls(void **state)
{
    (void)state;
    expect_cause(as_it_is, CENTRIFUGE_ERROR_TLS);
}

static void unknown_proxy(centrifuge_backend_options *options)
{
    options->proxy = "socks9://127.0.0.1:1";
}

static void missing_file(centrifuge_backend_options *options)
{
    options->tls_ca_file = "/nowhere/ca.pem";
}

static void missing_directory(centrifuge_backend_options *options)
{
    options->tls_ca_path = "/nowhere";
}

static void a_wrong_option_is_called_so(void **state)
{
    (void)state;
    expect_cause(unknown_proxy, CENTRIFUGE_ERROR_UNSUPPORTED);
    expect_cause(missing_file, CENTRIFUGE_ERROR_INVALID_OPTION);
    expect_cause(missing_directory, CENTRIFUGE_ERROR_INVALID_OPTION);
}

static void without_descriptors_the_system_is_named(void **state)
{
    (void)state;
    centrifuge_backend *backend = backend_for(test_server_unused_port());
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = {.rlim_cur = 3, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    centrifuge_error error = centrifuge_backend_disconnect(backend, "42");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(error, CENTRIFUGE_ERROR_SYSTEM);
    assert_string_equal(centrifuge_backend_error_text(backend), strerror(EMFILE));
    centrifuge_backend_destroy(backend);
}

static void no_text_shows_the_password_of_a_proxy(void **state)
{
    (void)state;
    static const char *const proxies[] = {"socks9://joe:hunter2@127.0.0.1:1", "joe:hunter2@127.0.0.1:99999",
                                          "http://joe:hun'hunter2@127.0.0.1:99999"};
    for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
        char url[64];
        centrifuge_backend_options options;
        centrifuge_backend *backend;
        options_for(&options, url, "http", 1);
        options.proxy = proxies[i];
        options.proxy_user = "joe:hunter2";
        assert_int_equal(centrifuge_backend_new(&backend, &options), CENTRIFUGE_ERROR_OK);
        assert_int_not_equal(centrifuge_backend_disconnect(backend, "42"), CENTRIFUGE_ERROR_OK);
        assert_null(strstr(centrifuge_backend_error_text(backend), "hun"));
        centrifuge_backend_destroy(backend);
    }
}

static void addresses_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"http://h:99999", "http://[::1:80", "https://h:80x", "ws://h:0/connection/websocket"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        const char *what = NULL;
        centrifuge_backend_options options;
        centrifuge_backend_options_default(&options);
        options.url = urls[i];
        options.insecure = true;
        assert_int_equal(centrifuge_backend_options_check(&options, &what), CENTRIFUGE_ERROR_INVALID_URL);
        assert_string_equal(what, "url");
    }
}

static void no_answer_in_time(void **state)
{
    (void)state;
    const char *answer = NULL;
    char url[64];
    centrifuge_backend_options options;
    centrifuge_backend *backend;
    test_server_start(&server, &answer, 1, false);
    options_for(&options, url, "http", server.port);
    options.timeout = 100;
    assert_int_equal(centrifuge_backend_new(&backend, &options), CENTRIFUGE_ERROR_OK);
    assert_int_equal(centrifuge_backend_disconnect(backend, "42"), CENTRIFUGE_ERROR_TIMEOUT);
    assert_string_not_equal(centrifuge_backend_error_text(backend), "");
    end(backend);
}

static void an_answer_over_the_limit(void **state)
{
    (void)state;
    const char *answer = ANSWER("[{\"method\":\"channels\",\"error\":null,\"body\":{\"data\":[]}}]");
    const size_t size = strlen(strstr(answer, "[{"));
    for (size_t less = 0; less < 2; less++) {
        char url[64];
        centrifuge_backend_options options;
        centrifuge_backend *backend;
        test_server_start(&server, &answer, 1, false);
        options_for(&options, url, "http", server.port);
        options.message_size_max = size - less;
        assert_int_equal(centrifuge_backend_new(&backend, &options), CENTRIFUGE_ERROR_OK);
        assert_int_equal(centrifuge_backend_channels(backend, NULL),
                         less ? CENTRIFUGE_ERROR_LIMIT_MESSAGE_SIZE : CENTRIFUGE_ERROR_OK);
        end(backend);
    }
}

static void what_is_wrong_is_not_sent(void **state)
{
    (void)state;
    static const char *const bad_names[] = {"a", "\xff"};
    static const char *const empty_names[] = {"a", ""};
    const char *data;
    const char *answer = NULL;
    centrifuge_backend *backend = begin(&answer);
    assert_int_equal(centrifuge_backend_publish(backend, NULL, "1", NULL, NULL), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_string_equal(centrifuge_backend_error_text(backend), "'channel' is missing");
    assert_int_equal(centrifuge_backend_publish(backend, "", "1", NULL, NULL), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_publish(backend, "c", NULL, NULL, NULL), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_publish(backend, "c", "{", NULL, NULL), CENTRIFUGE_ERROR_INVALID_JSON);
    assert_int_equal(centrifuge_backend_publish(backend, "c", "1 2", NULL, NULL), CENTRIFUGE_ERROR_INVALID_JSON);
    assert_int_equal(centrifuge_backend_publish(backend, "c", "\"\xff\"", NULL, NULL), CENTRIFUGE_ERROR_INVALID_UTF8);
    assert_int_equal(centrifuge_backend_publish(backend, "\xff", "1", NULL, NULL), CENTRIFUGE_ERROR_INVALID_UTF8);
    assert_int_equal(centrifuge_backend_publish(backend, "c", "1", "\xff", NULL), CENTRIFUGE_ERROR_INVALID_UTF8);
    assert_int_equal(centrifuge_backend_broadcast(backend, NULL, 1, "1", NULL), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_broadcast(backend, bad_names, 0, "1", NULL), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_broadcast(backend, bad_names, 2, "1", NULL), CENTRIFUGE_ERROR_INVALID_UTF8);
    assert_int_equal(centrifuge_backend_broadcast(backend, empty_names, 2, "1", NULL), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_unsubscribe(backend, "", "c"), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_disconnect(backend, NULL), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_presence(backend, "", &data), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_null(data);
    assert_int_equal(centrifuge_backend_call(backend, "1", &data), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_call(backend, "", &data), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_call(backend, NULL, &data), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_call(backend, "{", &data), CENTRIFUGE_ERROR_INVALID_JSON);
    assert_int_equal(centrifuge_backend_call(NULL, "{}", &data), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_disconnect(NULL, "42"), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    end(backend);
    assert_int_equal(server.connections, 0);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const char *answer = ANSWER("[{\"method\":\"channels\",\"error\":\"\\u0078\",\"body\":null}]");
    char url[64];
    centrifuge_backend_options options;
    test_server_start(&server, &answer, 1, true);
    options_for(&options, url, "http", server.port);
    options.headers = &(centrifuge_header){"X-Shop", "7"};
    options.header_count = 1;
    for (size_t n = 1;; n++) {
        test_allocator memory = test_allocator_failing_at(n);
        cf_allocator allocator = test_allocator_make(&memory);
        centrifuge_backend *backend = NULL;
        centrifuge_error error = cf_backend_new(&backend, &options, &allocator);
        if (error == CENTRIFUGE_ERROR_OK)
            error = centrifuge_backend_channels(backend, NULL);
        assert_int_equal(error, memory.failed ? CENTRIFUGE_ERROR_NO_MEMORY : CENTRIFUGE_ERROR_REFUSED);
        centrifuge_backend_destroy(backend);
        assert_int_equal(memory.live, 0);
        if (!memory.failed)
            break;
    }
    test_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(publish),
        cmocka_unit_test(publish_as_a_client),
        cmocka_unit_test(broadcast),
        cmocka_unit_test(unsubscribe_and_disconnect),
        cmocka_unit_test(questions),
        cmocka_unit_test(any_commands),
        cmocka_unit_test(an_insecure_server_gets_no_sign),
        cmocka_unit_test(headers_of_the_application_are_sent),
        cmocka_unit_test(headers_that_cannot_be_sent_are_refused),
        cmocka_unit_test(the_connection_is_kept),
        cmocka_unit_test(what_is_not_answered_is_not_sent_again),
        cmocka_unit_test(a_child_has_a_connection_of_its_own),
        cmocka_unit_test(the_server_refuses),
        cmocka_unit_test(an_error_is_forgotten_by_the_next_call),
        cmocka_unit_test(other_http_statuses),
        cmocka_unit_test(answers_of_something_else),
        cmocka_unit_test(no_server),
        cmocka_unit_test(no_tls),
        cmocka_unit_test(a_wrong_option_is_called_so),
        cmocka_unit_test(without_descriptors_the_system_is_named),
        cmocka_unit_test(no_text_shows_the_password_of_a_proxy),
        cmocka_unit_test(addresses_that_are_none_are_refused),
        cmocka_unit_test(no_answer_in_time),
        cmocka_unit_test(an_answer_over_the_limit),
        cmocka_unit_test(what_is_wrong_is_not_sent),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

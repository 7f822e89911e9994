#include "base/test/test.h"

#include "ws/handshake.h"

/* RFC 6455 section 1.3. */
#define KEY          CF_BYTES("dGhlIHNhbXBsZSBub25jZQ==")
#define NO_PROTOCOLS CF_BYTES("")
#define ACCEPT       "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void accept_key_as_in_the_rfc(void **state)
{
    (void)state;
    char accept[CF_WS_ACCEPT_SIZE];
    cf_ws_accept_key(KEY, accept);
    assert_memory_equal(accept, ACCEPT, CF_WS_ACCEPT_SIZE);
    char key[CF_WS_KEY_SIZE];
    cf_ws_make_key((const uint8_t *)"the sample nonce", key);
    assert_memory_equal(key, KEY.data, CF_WS_KEY_SIZE);
}

static void a_key_of_the_largest_size_and_none(void **state)
{
    (void)state;
    char key[CF_WS_KEY_MAX + 1];
    char accept[CF_WS_ACCEPT_SIZE];
    memset(key, 'k', sizeof(key));
    cf_ws_request request = {true, CF_BYTES("upgrade"), CF_BYTES("websocket"), CF_BYTES("13"), {key, CF_WS_KEY_MAX}};
    assert_int_equal(cf_ws_check_request(&request), 101);
    cf_ws_accept_key(request.key, accept);
    request.key.size++;
    assert_int_equal(cf_ws_check_request(&request), 400);
    cf_ws_accept_key(cf_bytes_make(NULL, 0), accept);
    assert_memory_equal(accept, "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=", CF_WS_ACCEPT_SIZE);
}

static void requests_are_checked_in_order(void **state)
{
    (void)state;
    static const struct {
        const char *connection, *upgrade, *version, *key;
        bool get;
        int status;
    } cases[] = {
        {"Upgrade", "websocket", "13", "x", true, 101},
        {"keep-alive, Upgrade", "WebSocket", "13", "dGhlIHNhbXBsZSBub25jZQ==", true, 101},
        {"keep-alive ,\tupgrade , x", "h2c, websocket", " 13 ", "x", true, 101},
        {"Upgrade", "websocket", "13, 8", "x", true, 101},
        {"Upgrade", "websocket", "8,13", "x", true, 101},
        {"Upgrade", "websocket", "8, 7", "x", true, 400},
        {"Upgrade", "websocket", "13", "x", false, 405},
        {"", "", "", "", false, 405},
        {"", "websocket", "13", "x", true, 400},
        {"keep-alive", "websocket", "13", "x", true, 400},
        {"upgraded", "websocket", "13", "x", true, 400},
        {"Upgrade", "", "13", "x", true, 400},
        {"Upgrade", "h2c", "13", "x", true, 400},
        {"Upgrade", "websocket", "", "x", true, 400},
        {"Upgrade", "websocket", "8", "x", true, 400},
        {"Upgrade", "websocket", "13", "", true, 400},
        {"Upgrade", "websocket", "13", "  ", true, 400},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cf_ws_request request = {cases[i].get, cf_bytes_of(cases[i].connection), cf_bytes_of(cases[i].upgrade),
                                 cf_bytes_of(cases[i].version), cf_bytes_of(cases[i].key)};
        assert_int_equal(cf_ws_check_request(&request), cases[i].status);
    }
}

static void offers_of_compression(void **state)
{
    (void)state;
#define ONE "permessage-deflate"
    static const char *const good[] = {
        ONE,
        ONE "; client_max_window_bits",
        ONE ";client_max_window_bits=10",
        ONE "; client_max_window_bits=\"15\"",
        ONE "; client_max_window_bits = 8",
        ONE "; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=9",
        ONE "; server_max_window_bits=10, " ONE,
        "x-webkit-deflate-frame, " ONE,
        ONE "; nonsense=1, " ONE,
    };
    static const char *const bad[] = {
        "",
        "x-webkit-deflate-frame",
        "Permessage-Deflate",
        ONE ";",
        "," ONE,
        ONE "; server_max_window_bits=10",
        ONE "; nonsense",
        ONE "; server_no_context_takeover; server_no_context_takeover",
        ONE "; server_no_context_takeover=1",
        ONE "; client_max_window_bits=7",
        ONE "; client_max_window_bits=16",
        ONE "; client_max_window_bits=",
        ONE "; client_max_window_bits=\"",
        ONE "2",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(cf_ws_offers_deflate(cf_bytes_of(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(cf_ws_offers_deflate(cf_bytes_of(bad[i])));
}

static void heads_are_written_as_specified(void **state)
{
    (void)state;
    test_allocator memory = test_allocator_failing_at(0);
    cf_allocator allocator = test_allocator_make(&memory);
    cf_buffer out;
    cf_buffer_init(&out, &allocator, CF_BUFFER_NO_LIMIT);
    cf_ws_append_response(&out, KEY, false);
    assert_string_equal(cf_buffer_text(&out),
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n");
    cf_buffer_clear(&out);
    cf_ws_append_response(&out, KEY, true);
    assert_string_equal(cf_buffer_text(&out),
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Extensions: permessage-deflate; "
                        "server_no_context_takeover; client_no_context_takeover\r\n\r\n");
    cf_buffer_clear(&out);
    const cf_ws_header headers[] = {{CF_BYTES("Origin"), CF_BYTES("http://example.com")}, {CF_BYTES("X-A"), CF_BYTES("")}};
    cf_ws_append_request(&out, CF_BYTES("server.example.com:8000"), CF_BYTES("/chat?x=1"), KEY, CF_BYTES("Basic dTpw"), headers,
                         2);
    assert_string_equal(
        cf_buffer_text(&out),
        "GET /chat?x=1 HTTP/1.1\r\nHost: server.example.com:8000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Authorization: Basic dTpw\r\nOrigin: http://example.com\r\nX-A: \r\n\r\n");
    cf_buffer_clear(&out);
    const cf_ws_header host = {CF_BYTES("host"), CF_BYTES("other.example")};
    cf_ws_append_request(&out, CF_BYTES("h"), CF_BYTES("/"), KEY, CF_BYTES(""), &host, 1);
    assert_string_equal(cf_buffer_text(&out),
                        "GET / HTTP/1.1\r\nHost: other.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    cf_buffer_free(&out);
    assert_int_equal(memory.live, 0);
}

#define HEAD(headers) "HTTP/1.1 101 Switching Protocols\r\n" headers "\r\n"
#define GOOD          "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n"

static void good_answers(void **state)
{
    (void)state;
    static const char *const answers[] = {
        HEAD(GOOD),
        HEAD("uPGRADE:WebSocket\r\nCONNECTION:   keep-alive, upgrade  \r\nServer: nginx: 1\r\nsec-websocket-accept:\t" ACCEPT
             "\t\r\n"
             "Set-Cookie: a=b\r\nX-Empty:\r\n"),
        HEAD("Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " ACCEPT "\r\n"
             "Sec-WebSocket-Extensions: \r\n"),
        HEAD(GOOD "Connection: keep-alive\r\n"),
        "HTTP/1.1 101\r\n" GOOD "\r\n",
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        char received[600];
        size_t head = strlen(answers[i]);
        memcpy(received, answers[i], head);
        memcpy(received + head, "\x81\x01x", 3); /* the first frame comes along */
        size_t used;
        int status;
        const char *problem;
        for (size_t size = 0; size < head; size++) {
            cf_ws_response_state more =
                cf_ws_check_response(cf_bytes_make(received, size), KEY, NO_PROTOCOLS, &used, &status, &problem);
            assert_int_equal(more, CF_WS_RESPONSE_MORE);
        }
        assert_int_equal(cf_ws_check_response(cf_bytes_make(received, head + 3), KEY, NO_PROTOCOLS, &used, &status, &problem),
                         CF_WS_RESPONSE_OK);
        assert_int_equal(used, head);
        assert_int_equal(status, 101);
        assert_null(problem);
    }
}

static void bad_answers(void **state)
{
    (void)state;
    static const struct {
        const char *received, *problem;
    } cases[] = {
        {HEAD("Connection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n"), "the answer has no header 'Upgrade: websocket'"},
        {HEAD("Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n"),
         "the answer has no header 'Upgrade: websocket'"},
        {HEAD("Upgrade: websocket\r\nConnection: close\r\nSec-WebSocket-Accept: " ACCEPT "\r\n"),
         "the answer has no header 'Connection: Upgrade'"},
        {HEAD("Upgrade: websocket\r\nConnection: Upgrade\r\n"),
         "the answer's Sec-WebSocket-Accept does not belong to this request"},
        {HEAD("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n"),
         "the answer's Sec-WebSocket-Accept does not belong to this request"},
        {HEAD(GOOD "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
         "the answer has a WebSocket extension that was not asked for"},
        {HEAD(GOOD "Sec-WebSocket-Extensions: x\r\nSec-WebSocket-Extensions:\r\n"),
         "the answer has a WebSocket extension that was not asked for"},
        {HEAD(GOOD "Sec-WebSocket-Protocol: chat\r\n"), "the answer has a WebSocket subprotocol that was not asked for"},
        {HEAD(GOOD "no colon here\r\n"), "the answer has a malformed header"},
        {HEAD(GOOD " folded: line\r\n"), "the answer has a malformed header"},
        {HEAD(GOOD "Name : x\r\n"), "the answer has a malformed header"},
        {HEAD(GOOD ": x\r\n"), "the answer has a malformed header"},
        {HEAD(GOOD "Na\x7fme: x\r\n"), "the answer has a malformed header"},
        {"HTTP/1.1 xyz OK\r\n\r\n", "the answer is not HTTP/1.1"},
        {"HTTP/1.1 1011\r\n\r\n", "the answer is not HTTP/1.1"},
        {"HTTP/1.1 10\r\n\r\n", "the answer is not HTTP/1.1"},
        {"HTTP/1.10101 OK\r\n\r\n", "the answer is not HTTP/1.1"},
        {"HTTP/1.1 1 1 OK\r\n\r\n", "the answer is not HTTP/1.1"},
        {"HTTP/1.1 099 OK\r\n\r\n", "the answer is not HTTP/1.1"},
        {"HTTP/1.1\r\n\r\n", "the answer is not HTTP/1.1"},
        {"HTTP/2", "the answer is not HTTP/1.1"},
        {"HTTP/2 101 OK\r\n\r\n", "the answer is not HTTP/1.1"},
        {"\x81", "the answer is not HTTP/1.1"},
        {"SSH-2.0-OpenSSH", "the answer is not HTTP/1.1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t used;
        int status;
        const char *problem;
        cf_ws_response_state answer =
            cf_ws_check_response(cf_bytes_of(cases[i].received), KEY, NO_PROTOCOLS, &used, &status, &problem);
        assert_int_equal(answer, CF_WS_RESPONSE_INVALID);
        assert_string_equal(problem, cases[i].problem);
    }
}

static void other_statuses_are_told(void **state)
{
    (void)state;
    size_t used;
    int status;
    const char *problem;
    cf_bytes received = CF_BYTES("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(cf_ws_check_response(received, KEY, NO_PROTOCOLS, &used, &status, &problem), CF_WS_RESPONSE_STATUS);
    assert_int_equal(status, 503);
    received = CF_BYTES("HTTP/1.0 404 Not Found\r\n\r\nbody");
    assert_int_equal(cf_ws_check_response(received, KEY, NO_PROTOCOLS, &used, &status, &problem), CF_WS_RESPONSE_STATUS);
    assert_int_equal(status, 404);
}

static void heads_before_the_answer_are_skipped(void **state)
{
    (void)state;
    size_t used;
    int status;
    const char *problem;
    cf_bytes received =
        CF_BYTES("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" HEAD(GOOD) "\x81");
    assert_int_equal(cf_ws_check_response(received, KEY, NO_PROTOCOLS, &used, &status, &problem), CF_WS_RESPONSE_OK);
    assert_int_equal(status, 101);
    assert_int_equal(used, received.size - 1);
    for (size_t size = 0; size + 1 < received.size; size++)
        assert_int_equal(cf_ws_check_response(cf_bytes_slice(received, 0, size), KEY, NO_PROTOCOLS, &used, &status, &problem),
                         CF_WS_RESPONSE_MORE);
    received = CF_BYTES("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n");
    assert_int_equal(cf_ws_check_response(received, KEY, NO_PROTOCOLS, &used, &status, &problem), CF_WS_RESPONSE_STATUS);
    assert_int_equal(status, 403);
    received = CF_BYTES("HTTP/1.1 100 Continue\r\n\r\nSSH-2.0");
    assert_int_equal(cf_ws_check_response(received, KEY, NO_PROTOCOLS, &used, &status, &problem), CF_WS_RESPONSE_INVALID);
}

static void a_subprotocol_that_was_asked_for_is_accepted(void **state)
{
    (void)state;
    static const struct {
        cf_bytes asked;
        cf_ws_response_state answer;
    } cases[] = {
        {CF_LITERAL("chat"), CF_WS_RESPONSE_OK},       {CF_LITERAL("other, chat"), CF_WS_RESPONSE_OK},
        {CF_LITERAL("other"), CF_WS_RESPONSE_INVALID}, {CF_LITERAL("cha"), CF_WS_RESPONSE_INVALID},
        {CF_LITERAL(""), CF_WS_RESPONSE_INVALID},
    };
    cf_bytes received = CF_BYTES(HEAD(GOOD "Sec-WebSocket-Protocol: chat\r\n"));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t used;
        int status;
        const char *problem;
        assert_int_equal(cf_ws_check_response(received, KEY, cases[i].asked, &used, &status, &problem), cases[i].answer);
    }
}

static void headers_of_an_answer_are_found(void **state)
{
    (void)state;
    cf_bytes head = CF_BYTES("HTTP/1.1 301 Moved\r\nX: a\r\nlocation:  /b \r\n\r\n");
    assert_true(cf_bytes_equal(cf_ws_response_header(head, CF_BYTES("Location")), CF_BYTES("/b")));
    assert_int_equal(cf_ws_response_header(head, CF_BYTES("Retry-After")).size, 0);
}

static void a_head_without_end_is_refused(void **state)
{
    (void)state;
    static char received[CF_WS_RESPONSE_HEAD_MAX];
    size_t used;
    int status;
    const char *problem;
    memset(received, 'a', sizeof(received));
    memcpy(received, "HTTP/1.1 101 ", 13);
    cf_bytes most = cf_bytes_make(received, sizeof(received) - 1);
    assert_int_equal(cf_ws_check_response(most, KEY, NO_PROTOCOLS, &used, &status, &problem), CF_WS_RESPONSE_MORE);
    cf_bytes all = cf_bytes_make(received, sizeof(received));
    assert_int_equal(cf_ws_check_response(all, KEY, NO_PROTOCOLS, &used, &status, &problem), CF_WS_RESPONSE_INVALID);
    assert_string_equal(problem, "the head of the answer is larger than 16384 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accept_key_as_in_the_rfc),
        cmocka_unit_test(a_key_of_the_largest_size_and_none),
        cmocka_unit_test(requests_are_checked_in_order),
        cmocka_unit_test(offers_of_compression),
        cmocka_unit_test(heads_are_written_as_specified),
        cmocka_unit_test(good_answers),
        cmocka_unit_test(bad_answers),
        cmocka_unit_test(other_statuses_are_told),
        cmocka_unit_test(heads_before_the_answer_are_skipped),
        cmocka_unit_test(a_subprotocol_that_was_asked_for_is_accepted),
        cmocka_unit_test(headers_of_an_answer_are_found),
        cmocka_unit_test(a_head_without_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

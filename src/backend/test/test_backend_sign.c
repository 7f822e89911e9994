#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "backend/backend.h"
#include "base/test/allocator.h"

#include <string.h>

/* server-spec.md 4. */
#define TOKEN "9b0e3328338857eb01fd8c5b63f704c73ca7e6c5f48df85bacd0a355ad3f78eb"

static void the_verified_token(void **state)
{
    (void)state;
    char token[CENTRIFUGE_SIGN_SIZE];
    assert_int_equal(centrifuge_backend_token("secret", "42", "1795452449", "{\"a\":1}", token), CENTRIFUGE_ERROR_OK);
    assert_string_equal(token, TOKEN);
}

static void no_info_is_the_same_as_an_empty_one(void **state)
{
    (void)state;
    char with[CENTRIFUGE_SIGN_SIZE];
    char without[CENTRIFUGE_SIGN_SIZE];
    assert_int_equal(centrifuge_backend_token("secret", "", "1", "", with), CENTRIFUGE_ERROR_OK);
    assert_int_equal(centrifuge_backend_token("secret", "", "1", NULL, without), CENTRIFUGE_ERROR_OK);
    assert_string_equal(with, without);
    assert_int_equal(strlen(with), 64);
}

/* The three sign the same concatenation. */
static void channel_and_api_signs(void **state)
{
    (void)state;
    char sign[CENTRIFUGE_SIGN_SIZE];
    assert_int_equal(centrifuge_backend_sign("secret", "421795", "452449", "{\"a\":1}", sign), CENTRIFUGE_ERROR_OK);
    assert_string_equal(sign, TOKEN);
    assert_int_equal(centrifuge_backend_api_sign("secret", "421795452449{\"a\":1}", 19, sign), CENTRIFUGE_ERROR_OK);
    assert_string_equal(sign, TOKEN);
    assert_int_equal(centrifuge_backend_api_sign("secret", NULL, 0, sign), CENTRIFUGE_ERROR_OK);
    assert_int_equal(strlen(sign), 64);
}

static void what_is_missing_is_refused(void **state)
{
    (void)state;
    char sign[CENTRIFUGE_SIGN_SIZE] = "x";
    assert_int_equal(centrifuge_backend_token("", "42", "1", "", sign), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_string_equal(sign, "");
    assert_int_equal(centrifuge_backend_token(NULL, "42", "1", "", sign), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_token("s", NULL, "1", "", sign), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_token("s", "42", NULL, "", sign), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_token("s", "42", "1", "", NULL), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_sign("s", "", "$c", "", sign), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_sign("s", "id", "", "", sign), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_sign("s", "id", "$c", "", NULL), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_api_sign("", "x", 1, sign), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_api_sign("s", NULL, 1, sign), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
}

/* ---- options ---- */

static void addresses(void **state)
{
    (void)state;
    static const struct {
        const char *url, *address; /* NULL: invalid */
    } cases[] = {
        {"http://localhost:8000", "http://localhost:8000/api/"},
        {"http://localhost:8000/", "http://localhost:8000/api/"},
        {"https://example.com/pfx", "https://example.com/pfx/api/"},
        {"https://example.com/pfx/api/", "https://example.com/pfx/api/"},
        {"http://localhost:8000/api", "http://localhost:8000/api/"},
        {"ws://localhost:8000/connection/websocket", "http://localhost:8000/api/"},
        {"wss://example.com/pfx/connection/websocket/", "https://example.com/pfx/api/"},
        {"http://localhost:8000/connection", "http://localhost:8000/api/"},
        {"http://[::1]:8000", "http://[::1]:8000/api/"},
        {"", NULL},
        {"localhost:8000", NULL},
        {"ftp://localhost", NULL},
        {"http://", NULL},
        {"http:///api", NULL},
        {"http://host/?x=1", NULL},
        {"http://host/#x", NULL},
        {"http://host/ x", NULL},
        {"http://host/\r\nX: y", NULL},
    };
    test_allocator memory = test_allocator_failing_at(0);
    cf_allocator allocator = test_allocator_make(&memory);
    cf_buffer address;
    cf_buffer_init(&address, &allocator, CF_BUFFER_NO_LIMIT);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cf_buffer_clear(&address);
        centrifuge_error error = cf_backend_address(cf_bytes_of(cases[i].url), &address);
        assert_int_equal(error, cases[i].address != NULL ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_INVALID_URL);
        if (error == CENTRIFUGE_ERROR_OK)
            assert_string_equal(cf_buffer_text(&address), cases[i].address);
    }
    cf_buffer_free(&address);
    assert_int_equal(memory.live, 0);
}

static void expect_problem(const centrifuge_backend_options *options, centrifuge_error error, const char *name)
{
    const char *what = "";
    assert_int_equal(centrifuge_backend_options_check(options, &what), error);
    if (name == NULL)
        assert_null(what);
    else
        assert_string_equal(what, name);
    if (error != CENTRIFUGE_ERROR_OK) {
        centrifuge_backend *backend = (centrifuge_backend *)(uintptr_t)1;
        assert_int_equal(centrifuge_backend_new(&backend, options), error);
        assert_null(backend);
    }
}

static void options_are_checked_in_order(void **state)
{
    (void)state;
    centrifuge_backend_options options;
    assert_int_equal(centrifuge_backend_options_default(&options), CENTRIFUGE_ERROR_OK);
    options.timeout = 0;
    options.connect_timeout = -1;
    options.message_size_max = 0;
    expect_problem(&options, CENTRIFUGE_ERROR_MISSING_URL, "url");
    options.url = "localhost";
    expect_problem(&options, CENTRIFUGE_ERROR_INVALID_URL, "url");
    options.url = "http://localhost";
    expect_problem(&options, CENTRIFUGE_ERROR_INVALID_OPTION, "secret");
    options.secret = "";
    expect_problem(&options, CENTRIFUGE_ERROR_INVALID_OPTION, "secret");
    options.insecure = true;
    expect_problem(&options, CENTRIFUGE_ERROR_INVALID_OPTION, "timeout");
    options.timeout = (int64_t)INT32_MAX + 1;
    expect_problem(&options, CENTRIFUGE_ERROR_INVALID_OPTION, "timeout");
    options.timeout = 1;
    expect_problem(&options, CENTRIFUGE_ERROR_INVALID_OPTION, "connect_timeout");
    options.connect_timeout = 1;
    expect_problem(&options, CENTRIFUGE_ERROR_INVALID_OPTION, "message_size_max");
    options.message_size_max = 1;
    expect_problem(&options, CENTRIFUGE_ERROR_OK, NULL);
    expect_problem(NULL, CENTRIFUGE_ERROR_INVALID_ARGUMENT, NULL);
    assert_int_equal(centrifuge_backend_new(NULL, &options), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
}

/* A program that was built when the struct ended behind `insecure`. */
static void a_shorter_struct_keeps_the_other_defaults(void **state)
{
    (void)state;
    centrifuge_backend_options options;
    size_t known = offsetof(centrifuge_backend_options, timeout);
    memset(&options, 0x55, sizeof(options));
    assert_int_equal(centrifuge_backend_options_default_sized(&options, known), CENTRIFUGE_ERROR_OK);
    assert_int_equal(options.size, known);
    options.url = "http://localhost";
    options.secret = "s";
    expect_problem(&options, CENTRIFUGE_ERROR_OK, NULL);
    assert_int_equal(centrifuge_backend_options_default_sized(&options, 1), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(centrifuge_backend_options_default_sized(NULL, known), CENTRIFUGE_ERROR_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verified_token),
        cmocka_unit_test(no_info_is_the_same_as_an_empty_one),
        cmocka_unit_test(channel_and_api_signs),
        cmocka_unit_test(what_is_missing_is_refused),
        cmocka_unit_test(addresses),
        cmocka_unit_test(options_are_checked_in_order),
        cmocka_unit_test(a_shorter_struct_keeps_the_other_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

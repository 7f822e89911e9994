#include "base/test/test.h"

#include "wire/v1/sign.h"

#define SECRET CF_BYTES("secret")
/* The vector of server-spec.md 4: user 42, timestamp 1795452449, info {"a":1}. */
#define TOKEN "9b0e3328338857eb01fd8c5b63f704c73ca7e6c5f48df85bacd0a355ad3f78eb"

static void the_verified_token(void **state)
{
    (void)state;
    cf_sign token;
    cf_sign_token(SECRET, CF_BYTES("42"), CF_BYTES("1795452449"), CF_BYTES("{\"a\":1}"), token);
    assert_memory_equal(token, TOKEN, sizeof(token));
}

/* All three sign the plain concatenation, so the same bytes give the same sign. */
static void parts_are_joined_without_separators(void **state)
{
    (void)state;
    cf_sign sign;
    cf_sign_channel(SECRET, CF_BYTES("421795"), CF_BYTES("452449"), CF_BYTES("{\"a\":1}"), sign);
    assert_memory_equal(sign, TOKEN, sizeof(sign));
    cf_sign_api(SECRET, CF_BYTES("421795452449{\"a\":1}"), sign);
    assert_memory_equal(sign, TOKEN, sizeof(sign));
    cf_sign_token(SECRET, CF_BYTES("421795452449{\"a\":1}"), CF_BYTES(""), cf_bytes_make(NULL, 0), sign);
    assert_memory_equal(sign, TOKEN, sizeof(sign));
}

static void only_the_exact_lower_case_sign_matches(void **state)
{
    (void)state;
    cf_sign token;
    cf_sign_token(SECRET, CF_BYTES("42"), CF_BYTES("1795452449"), CF_BYTES("{\"a\":1}"), token);
    assert_true(cf_sign_matches(token, CF_BYTES(TOKEN)));
    assert_false(cf_sign_matches(token, CF_BYTES("9B0E3328338857EB01FD8C5B63F704C73CA7E6C5F48DF85BACD0A355AD3F78EB")));
    assert_false(cf_sign_matches(token, CF_BYTES("")));
    assert_false(cf_sign_matches(token, cf_bytes_slice(CF_BYTES(TOKEN), 0, 63)));
    assert_false(cf_sign_matches(token, CF_BYTES(TOKEN "0")));
    assert_false(cf_sign_matches(token, CF_BYTES("9b0e3328338857eb01fd8c5b63f704c73ca7e6c5f48df85bacd0a355ad3f78ec")));
    assert_false(cf_sign_matches(token, CF_BYTES("0b0e3328338857eb01fd8c5b63f704c73ca7e6c5f48df85bacd0a355ad3f78eb")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verified_token),
        cmocka_unit_test(parts_are_joined_without_separators),
        cmocka_unit_test(only_the_exact_lower_case_sign_matches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/test/test.h"

#include "http/http.h"

static void users_are_hidden(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"nothing", "nothing"},
        {"Unsupported proxy scheme for 'socks9://joe:hunter2@h:1'", "Unsupported proxy scheme for 'socks9://***@h:1'"},
        {"Unsupported proxy syntax in 'joe:hunter2@h:x'", "Unsupported proxy syntax in '***@h:x'"},
        {"http://a:b@c and http://d@e", "http://***@c and http://*@e"},
        {"http://joe:pass@word@h", "http://***@h"},
        {"http://joe:pass/word@h/a", "http://***@h/a"},
        {"@h", "@h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[100];
        strcpy(text, cases[i][0]);
        cf_http_hide_users(text);
        assert_string_equal(text, cases[i][1]);
    }
}

static void a_known_secret_is_hidden_wherever_it_stands(void **state)
{
    (void)state;
    char text[] = "hunter2, 'hunter2' and hunter22";
    cf_http_hide(text, CF_BYTES("hunter2"));
    assert_string_equal(text, "***, '***' and ***2");
    cf_http_hide(text, CF_BYTES(""));
    cf_http_hide(text, CF_BYTES("nothing of it"));
    assert_string_equal(text, "***, '***' and ***2");
    cf_http_hide(text, CF_BYTES("nd"));
    assert_string_equal(text, "***, '***' a** ***2");
}

static void the_user_of_an_address_is_found_even_in_one_that_is_not_valid(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"http://joe:hunter2@h:1", "joe:hunter2"},
        {"joe:hunter2@h", "joe:hunter2"},
        {"x://a 'b@c@h:", "a 'b@c"},
        {"http://h/a", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(cf_bytes_equal(cf_http_user_of(cases[i][0]), cf_bytes_of(cases[i][1])));
    assert_int_equal(cf_http_user_of(NULL).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_are_hidden),
        cmocka_unit_test(a_known_secret_is_hidden_wherever_it_stands),
        cmocka_unit_test(the_user_of_an_address_is_found_even_in_one_that_is_not_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

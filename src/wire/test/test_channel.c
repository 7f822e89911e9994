#include "base/test/test.h"

#include "wire/channel.h"

#define CLIENT CF_BYTES("c38e8f9f-47a4-43ca-8bb2-a9a0fae18917")

static cf_channel_rules default_rules(void)
{
    return (cf_channel_rules){CF_BYTES("$"), CF_BYTES(":"), CF_BYTES("#"), CF_BYTES(","), CF_BYTES("&")};
}

static void private_prefix_counts_at_the_start_only(void **state)
{
    (void)state;
    cf_channel_rules rules = default_rules();
    assert_true(cf_channel_is_private(&rules, CF_BYTES("$q")));
    assert_true(cf_channel_is_private(&rules, CF_BYTES("$")));
    assert_true(cf_channel_is_private(&rules, CF_BYTES("$all:q")));
    assert_false(cf_channel_is_private(&rules, CF_BYTES("all:$q")));
    assert_false(cf_channel_is_private(&rules, CF_BYTES("q")));
    assert_false(cf_channel_is_private(&rules, CF_BYTES("")));
}

static void namespaces(void **state)
{
    (void)state;
    static const struct {
        const char *channel, *name;
    } cases[] = {
        {"news", ""}, {"all:x", "all"}, {"$all:x", "all"}, {":x", ""},      {"$:x", ""},      {"a:b:c", "a"},
        {"a:", "a"},  {"$x", ""},       {"all:$q", "all"}, {"$$a:x", "$a"}, {"x#1:2", "x#1"}, {"", ""},
    };
    cf_channel_rules rules = default_rules();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cf_bytes name = cf_channel_namespace(&rules, cf_bytes_of(cases[i].channel));
        assert_true(cf_bytes_equal(name, cf_bytes_of(cases[i].name)));
    }
}

static void user_lists(void **state)
{
    (void)state;
    static const struct {
        const char *channel, *user;
        bool allowed;
    } cases[] = {
        {"d", "42", true},
        {"d", "", true},
        {"d#42", "42", true},
        {"d#42", "43", false},
        {"d#42", "4", false},
        {"d#42", "", false},
        {"d#42,43", "42", true},
        {"d#42,43", "43", true},
        {"d#42,43", "42,43", false},
        {"d#43#42", "42", true},
        {"d#43#42", "43", false},
        {"d#42#43", "42", false},
        {"x#", "", true},
        {"x#", "42", false},
        {"d# 42", "42", false},
        {"d#42,", "", true},
        {"d#,42", "", true},
        {"d#42,,43", "", true},
        {"#", "", true},
        {"d#1,2,3", "3", true},
        {"d#42&id", "42", false},
        {"d#42&id", "42&id", true},
        {"all:d#42", "42", true},
        {"$all:d#42", "43", false},
    };
    cf_channel_rules rules = default_rules();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool allowed = cf_channel_user_allowed(&rules, cf_bytes_of(cases[i].channel), cf_bytes_of(cases[i].user));
        if (allowed != cases[i].allowed)
            fail_msg("channel '%s' for user '%s'", cases[i].channel, cases[i].user);
    }
}

static void client_channels(void **state)
{
    (void)state;
    cf_channel_rules rules = default_rules();
    assert_true(cf_channel_client_allowed(&rules, CF_BYTES("d"), CLIENT));
    assert_true(cf_channel_client_allowed(&rules, CF_BYTES("d&c38e8f9f-47a4-43ca-8bb2-a9a0fae18917"), CLIENT));
    assert_true(cf_channel_client_allowed(&rules, CF_BYTES("d&x&c38e8f9f-47a4-43ca-8bb2-a9a0fae18917"), CLIENT));
    assert_false(cf_channel_client_allowed(&rules, CF_BYTES("d&c38e8f9f-47a4-43ca-8bb2-a9a0fae18917#42"), CLIENT));
    assert_false(cf_channel_client_allowed(&rules, CF_BYTES("d&c38e"), CLIENT));
    assert_false(cf_channel_client_allowed(&rules, CF_BYTES("d&"), CLIENT));
}

/* server-spec.md 10.2, fix 10. */
static void empty_options_turn_features_off(void **state)
{
    (void)state;
    cf_channel_rules rules = {CF_BYTES(""), CF_BYTES(""), CF_BYTES(""), CF_BYTES(""), CF_BYTES("")};
    assert_false(cf_channel_is_private(&rules, CF_BYTES("$x")));
    assert_int_equal(cf_channel_namespace(&rules, CF_BYTES("all:x")).size, 0);
    assert_true(cf_channel_user_allowed(&rules, CF_BYTES("d#42"), CF_BYTES("43")));
    assert_true(cf_channel_client_allowed(&rules, CF_BYTES("d&x"), CLIENT));
    rules.user_boundary = CF_BYTES("#");
    assert_true(cf_channel_user_allowed(&rules, CF_BYTES("d#4,2"), CF_BYTES("4,2")));
    assert_false(cf_channel_user_allowed(&rules, CF_BYTES("d#4,2"), CF_BYTES("4")));
}

static void longer_boundaries(void **state)
{
    (void)state;
    cf_channel_rules rules = {CF_BYTES("priv-"), CF_BYTES("::"), CF_BYTES("@@"), CF_BYTES("||"), CF_BYTES("&&")};
    cf_bytes channel = CF_BYTES("priv-ns::x@@1||2");
    assert_true(cf_channel_is_private(&rules, channel));
    assert_true(cf_bytes_equal(cf_channel_namespace(&rules, channel), CF_BYTES("ns")));
    assert_true(cf_channel_user_allowed(&rules, channel, CF_BYTES("2")));
    assert_false(cf_channel_user_allowed(&rules, channel, CF_BYTES("1|")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private_prefix_counts_at_the_start_only),
        cmocka_unit_test(namespaces),
        cmocka_unit_test(user_lists),
        cmocka_unit_test(client_channels),
        cmocka_unit_test(empty_options_turn_features_off),
        cmocka_unit_test(longer_boundaries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

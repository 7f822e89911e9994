#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/notation/notation.h"

#include <stdio.h>

/* ---- what every test needs ---- */

static void *test_resize(void *user, void *memory, size_t size)
{
    (void)user;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

static const cf_allocator allocator = {test_resize, NULL};

typedef bool (*reader)(cf_document *, cf_bytes);

typedef struct fixture {
    cf_document document;
    cf_config config;
    cf_config_report report;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    cf_document_init(&f->document, &allocator);
    cf_config_default(&f->config);
    cf_config_report_init(&f->report, &allocator);
    *state = f;
    return 0;
}

static void clear(fixture *f)
{
    cf_document_free(&f->document);
    cf_config_free(&f->config);
    cf_config_report_free(&f->report);
}

static int teardown(void **state)
{
    clear(*state);
    free(*state);
    return 0;
}

static bool read_bytes(fixture *f, reader read, cf_bytes text)
{
    clear(f);
    cf_document_init(&f->document, &allocator);
    cf_config_report_init(&f->report, &allocator);
    return read(&f->document, text);
}

static void assert_json(fixture *f, reader read, const char *text, const char *json)
{
    if (!read_bytes(f, read, cf_bytes_of(text)))
        fail_msg("refused: %s", f->document.problem);
    assert_string_equal(cf_buffer_text(&f->document.json), json);
}

/* `place`: line:column */
static void assert_refused(fixture *f, reader read, const char *text, const char *place, const char *problem)
{
    char at[64];
    if (read_bytes(f, read, cf_bytes_of(text)))
        fail_msg("taken: %s", text);
    (void)snprintf(at, sizeof(at), "%zu:%zu", f->document.mark.line, f->document.mark.column);
    assert_string_equal(at, place);
    if (strstr(f->document.problem, problem) == NULL)
        fail_msg("expected '%s' in '%s'", problem, f->document.problem);
}

static cf_config_status load(fixture *f, reader read, const char *path, const char *text)
{
    if (!read_bytes(f, read, cf_bytes_of(text)))
        fail_msg("refused: %s", f->document.problem);
    cf_config_input input = {.file_path = path, .file_text = cf_buffer_bytes(&f->document.json), .secret_may_be_empty = true};
    input.places = cf_document_places(&f->document, &input.place_count);
    return cf_config_load(&f->config, &input, &allocator, &f->report);
}

static void assert_says(cf_buffer *said, const char *part)
{
    const char *text = cf_buffer_text(said);
    if (text == NULL || strstr(text, part) == NULL)
        fail_msg("expected '%s' in '%s'", part, text == NULL ? "" : text);
}

static void load_yaml(fixture *f, const char *text)
{
    if (load(f, cf_yaml_read, "c.yaml", text) != CF_CONFIG_OK)
        fail_msg("refused: %s", cf_buffer_text(&f->report.error));
}

static void assert_bytes(cf_bytes bytes, const char *text)
{
    assert_int_equal(bytes.size, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.size);
}

/* ---- YAML ---- */

static void test_yaml_becomes_json(void **state)
{
    fixture *f = *state;
    assert_json(f, cf_yaml_read, "", "{}");
    assert_json(f, cf_yaml_read, "# nothing\n---\n", "{}");
    assert_json(f, cf_yaml_read, "a: 1\nb: [x, 'y', \"z\\n\"]\nc:\n  - d: ~\n    e: true\n",
                "{\"a\":1,\"b\":[\"x\",\"y\",\"z\\n\"],\"c\":[{\"d\":null,\"e\":true}]}");
    assert_json(f, cf_yaml_read, "a: 0x20\nb: 1.50\nc: '7'\nd: 1:30\ne: -3\n",
                "{\"a\":\"0x20\",\"b\":1.50,\"c\":\"7\",\"d\":\"1:30\",\"e\":-3}");
    assert_json(f, cf_yaml_read,
                "\xef\xbb\xbf"
                "a: \"\\0\"\n",
                "{\"a\":\"\\u0000\"}");
}

static void test_words_of_yaml_mean_what_the_option_is(void **state)
{
    fixture *f = *state;
    load_yaml(f, "secret: on\nname: 010\ninsecure: Yes\npresence: off\nhistory_size: 0x10\nhistory_lifetime: 60\n"
                 "namespaces:\n- name: no\n  publish: yes\n  anonymous: \"yes\"\n  history_size: 010\n  history_lifetime: 5\n");
    assert_bytes(f->config.secret, "on");
    assert_bytes(f->config.name, "010");
    assert_true(f->config.insecure);
    assert_false(f->config.channel.presence);
    assert_int_equal(f->config.channel.history_size, 16);
    assert_bytes(f->config.namespaces[0].name, "no");
    assert_true(f->config.namespaces[0].options.publish);
    assert_int_equal(f->config.namespaces[0].options.history_size, 8);
    assert_false(f->config.namespaces[0].options.anonymous);
    assert_says(&f->report.warnings, "c.yaml:10:3: option 'anonymous' is 'yes', which is not true or false");
}

static void test_errors_in_yaml_have_their_place(void **state)
{
    fixture *f = *state;
    assert_int_equal(load(f, cf_yaml_read, "c.yaml", "a: 1\n\nport:   70000\n"), CF_CONFIG_INVALID);
    assert_says(&f->report.error, "c.yaml:3:1: option 'port' is 70000: allowed is 0 to 65535");
    assert_says(&f->report.warnings, "c.yaml:1:1: unknown option 'a'");
    assert_int_equal(load(f, cf_yaml_read, "c.yaml", "namespaces:\n  - name: chat\n  - publish: true\n"), CF_CONFIG_INVALID);
    assert_says(&f->report.error, "(c.yaml:3:5; ");
    assert_refused(f, cf_yaml_read, "a: b: c\n", "1:5", "mapping values are not allowed in this context");
    assert_refused(f, cf_yaml_read, "a: [s\n", "2:1", "while parsing a flow sequence did not find expected ',' or ']'");
    assert_refused(f, cf_yaml_read, "a: 1\nb: \xff\n", "2:4", "invalid leading UTF-8 octet");
    assert_refused(f, cf_yaml_read, "just text\n", "1:1", "must be one mapping");
    assert_refused(f, cf_yaml_read, "a: 1\n---\nb: 2\n", "3:1", "a second document");
    assert_refused(f, cf_yaml_read, "a: 1\nb: !x 2\n", "2:4", "tag");
    assert_refused(f, cf_yaml_read, "a: 1\n[b]: 2\n", "2:1", "a key must be a text");
}

static void test_keys_of_yaml_that_are_there_twice_are_told(void **state)
{
    fixture *f = *state;
    load_yaml(f, "port: 1\nPort: 2\n");
    assert_int_equal(f->config.port, 2);
    assert_says(&f->report.warnings, "c.yaml:2:1: option 'port' is there twice: this one counts, not the one at 1:1");
}

static void test_aliases_and_merges_share_options_among_namespaces(void **state)
{
    fixture *f = *state;
    load_yaml(f, "secret: s\nnamespaces:\n- &base {name: base, publish: true, history_size: 5, history_lifetime: 9}\n"
                 "- {history_size: 7, <<: *base, name: chat}\n- {name: news, <<: [{publish: false}, *base]}\n");
    assert_int_equal(f->config.namespace_count, 3);
    assert_bytes(f->config.namespaces[1].name, "chat");
    assert_true(f->config.namespaces[1].options.publish);
    assert_int_equal(f->config.namespaces[1].options.history_size, 7);
    assert_bytes(f->config.namespaces[2].name, "news");
    assert_false(f->config.namespaces[2].options.publish);
    assert_int_equal(f->config.namespaces[2].options.history_size, 5);
    assert_string_equal(cf_buffer_text(&f->report.warnings), "");
    assert_refused(f, cf_yaml_read, "a: &a 1\n<<: *a\n", "1:4", "'<<' needs a mapping");
}

static void test_aliases_cannot_multiply_without_end(void **state)
{
    fixture *f = *state;
    char laughs[4096] = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
    char merges[4096] = "a0: &a0 {}\n";
    for (int i = 1; i < 10; i++) {
        size_t size = strlen(laughs);
        (void)snprintf(laughs + size, sizeof(laughs) - size, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i,
                       i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
        size = strlen(merges);
        (void)snprintf(merges + size, sizeof(merges) - size, "a%d: &a%d {<<: [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d]}\n", i, i,
                       i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    }
    assert_false(read_bytes(f, cf_yaml_read, cf_bytes_of(laughs)));
    assert_non_null(strstr(f->document.problem, "more than 16 MiB"));
    assert_false(read_bytes(f, cf_yaml_read, cf_bytes_of(merges)));
    assert_non_null(strstr(f->document.problem, "too many mappings"));
    assert_refused(f, cf_yaml_read, "a: &a [*a]\n", "1:4", "nested too deep: more than 32 levels");
    assert_refused(f, cf_yaml_read, "&a {<<: *a}\n", "1:1", "nested too deep");
}

/* ---- TOML ---- */

#ifdef WITH_TOML
static void test_toml_becomes_json(void **state)
{
    fixture *f = *state;
    assert_json(f, cf_toml_read, "", "{}");
    assert_json(
        f, cf_toml_read, "a = 1\nb = ['x', \"y\\n\"]\nc = 0x20\nd = 1.5\ne = true\nf = 1979-05-27\ng = inf\n",
        "{\"a\":1,\"b\":[\"x\",\"y\\n\"],\"c\":32,\"d\":1.5,\"e\":true,\"f\":\"1979-05-27\",\"g\":\"no finite number\"}");
    assert_json(f, cf_toml_read, "[[c]]\nd = 1_000\n[[c]]\n", "{\"c\":[{\"d\":1000},{}]}");
    assert_json(f, cf_toml_read, "c = [{d = 1}]\n", "{\"c\":[{\"d\":1}]}");
}

static void test_errors_in_toml_have_their_place(void **state)
{
    fixture *f = *state;
    assert_int_equal(load(f, cf_toml_read, "c.toml", "secret = 's'\n\n  port = 70000\n"), CF_CONFIG_INVALID);
    assert_says(&f->report.error, "c.toml:3:3: option 'port' is 70000: allowed is 0 to 65535");
    assert_int_equal(load(f, cf_toml_read, "c.toml", "[[namespaces]]\nname = 'chat'\n[[namespaces]]\n"), CF_CONFIG_INVALID);
    assert_says(&f->report.error, "(c.toml:3:1; ");
    assert_refused(f, cf_toml_read, "secret = s\n", "1:10", "");
    assert_refused(f, cf_toml_read, "a = 1\na = 2\n", "2:5", "a");
    assert_refused(f, cf_toml_read, "a = '\xc3\xa9' # \xc3\xa9\n\xc3\xa9 = 1\n", "2:1", "");
    assert_json(f, cf_toml_read, "a = '\xc3\xa9' # \xc3\xa9\nb = \"\"\"\n\\\"\xc3\xa9\"\"\"\n",
                "{\"a\":\"\xc3\xa9\",\"b\":\"\\\"\xc3\xa9\"}");
}

static void test_tables_of_toml_are_not_nested_without_end(void **state)
{
    fixture *f = *state;
    char keys[5000] = "a";
    for (size_t i = 1; i + 2 < sizeof(keys); i += 2)
        memcpy(keys + i, ".a", 3);
    memcpy(keys + sizeof(keys) - 3, "=1", 3);
    assert_refused(f, cf_toml_read, keys, "1:1", "a line with more than 1000 dots");
    assert_refused(f, cf_toml_read, "a = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "1:36",
                   "nested too deep");
}
#else
static void test_a_build_without_toml_says_what_to_do(void **state)
{
    assert_refused(*state, cf_toml_read, "a = 1\n", "1:1", "write the file in YAML or JSON");
}
#endif

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_yaml_becomes_json),
        TEST(test_words_of_yaml_mean_what_the_option_is),
        TEST(test_errors_in_yaml_have_their_place),
        TEST(test_keys_of_yaml_that_are_there_twice_are_told),
        TEST(test_aliases_and_merges_share_options_among_namespaces),
        TEST(test_aliases_cannot_multiply_without_end),
#ifdef WITH_TOML
        TEST(test_toml_becomes_json),
        TEST(test_errors_in_toml_have_their_place),
        TEST(test_tables_of_toml_are_not_nested_without_end),
#else
        TEST(test_a_build_without_toml_says_what_to_do),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

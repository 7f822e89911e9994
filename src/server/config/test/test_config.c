#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/config/config.h"
#include "server/config/options.h"

#include <stdio.h>

/* ---- what every test needs ---- */

static int allocations_left; /* until one fails; below 0: none fails */

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

typedef struct fixture {
    cf_config config;
    cf_config_report report;
    cf_config_input input;
    const char *variables[4]; /* "NAME=value" */
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    allocations_left = -1;
    cf_config_default(&f->config);
    cf_config_report_init(&f->report, &allocator);
    f->input.file_path = "config.json";
    f->input.hostname = "box";
    f->input.secret_may_be_empty = true;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    cf_config_free(&f->config);
    cf_config_report_free(&f->report);
    free(f);
    return 0;
}

static cf_config_status load_bytes(fixture *f, cf_bytes text)
{
    f->input.file_text = text;
    f->input.environment = f->variables;
    cf_config_free(&f->config);
    cf_buffer_clear(&f->report.error);
    cf_buffer_clear(&f->report.warnings);
    return cf_config_load(&f->config, &f->input, &allocator, &f->report);
}

static cf_config_status load(fixture *f, const char *text)
{
    return load_bytes(f, cf_bytes_of(text));
}

static void assert_bytes(cf_bytes bytes, const char *text)
{
    assert_int_equal(bytes.size, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.size);
}

static void assert_says(cf_buffer *said, const char *part)
{
    const char *text = cf_buffer_text(said);
    if (text == NULL || strstr(text, part) == NULL)
        fail_msg("expected '%s' in '%s'", part, text == NULL ? "" : text);
}

static void assert_refused(fixture *f, const char *text, const char *part)
{
    assert_int_equal(load(f, text), CF_CONFIG_INVALID);
    assert_says(&f->report.error, part);
}

static void assert_warned(fixture *f, const char *text, const char *part)
{
    if (load(f, text) != CF_CONFIG_OK)
        fail_msg("refused: %s", cf_buffer_text(&f->report.error));
    assert_says(&f->report.warnings, part);
}

/* About anything but the secret, which most texts leave out. */
static void assert_silent(fixture *f, const char *text)
{
    static const char secret[] = "option 'secret' is empty: ";
    if (load(f, text) != CF_CONFIG_OK)
        fail_msg("refused: %s", cf_buffer_text(&f->report.error));
    const char *said = cf_buffer_text(&f->report.warnings);
    const char *end = strncmp(said, secret, sizeof(secret) - 1) == 0 ? strchr(said, '\n') : NULL;
    if (said[0] != 0 && (end == NULL || end[1] != 0))
        fail_msg("warned: %s", said);
}

/* ---- tests ---- */

static void test_defaults_are_those_of_the_specification(void **state)
{
    fixture *f = *state;
    assert_silent(f, "{}");
    const cf_config *c = &f->config;
    assert_bytes(c->secret, "");
    assert_bytes(c->name, "box_8000");
    assert_int_equal(c->connection_lifetime, 0);
    assert_int_equal(c->expired_connection_close_delay, 25);
    assert_int_equal(c->stale_connection_close_delay, 25);
    assert_int_equal(c->max_channel_length, 255);
    assert_int_equal(c->user_connection_limit, 0);
    assert_int_equal(c->client_channel_limit, 128);
    assert_int_equal(c->client_request_max_size, 65536);
    assert_int_equal(c->client_queue_max_size, 10485760);
    assert_int_equal(c->client_message_write_timeout, 0);
    assert_int_equal(c->ping_interval, 25);
    assert_int_equal(c->presence_ping_interval, 25);
    assert_int_equal(c->presence_expire_interval, 60);
    assert_int_equal(c->node_ping_interval, 3);
    assert_int_equal(c->node_metrics_interval, 60);
    assert_bytes(c->channel_rules.private_prefix, "$");
    assert_bytes(c->channel_rules.namespace_boundary, ":");
    assert_bytes(c->channel_rules.user_boundary, "#");
    assert_bytes(c->channel_rules.user_separator, ",");
    assert_bytes(c->channel_rules.client_boundary, "&");
    assert_int_equal(c->namespace_count, 0);
    assert_bytes(c->address, "");
    assert_int_equal(c->port, 8000);
    assert_int_equal(c->api_port, 8000);
    assert_bytes(c->log_level, "info");
    assert_int_equal(c->api_request_max_size, 10485760);
    assert_false(c->insecure || c->insecure_api || c->debug || c->channel.publish || c->channel.recover);
}

static void test_flag_beats_environment_beats_file(void **state)
{
    fixture *f = *state;
    assert_silent(f, "{\"port\": 9001, \"address\": \"10.0.0.1\", \"secret\": \"from file\"}");
    assert_int_equal(f->config.port, 9001);
    assert_int_equal(f->config.api_port, 9001);
    f->variables[0] = "CENTRIFUGO_PORT=9002";
    f->variables[1] = "CENTRIFUGO_SECRET="; /* an empty variable is not set */
    assert_silent(f, "{\"port\": 9001, \"address\": \"10.0.0.1\", \"secret\": \"from file\"}");
    assert_int_equal(f->config.port, 9002);
    assert_bytes(f->config.secret, "from file");
    cf_config_flag flags[] = {{CF_BYTES("port"), CF_BYTES("9003")}, {CF_BYTES("insecure"), CF_BYTES("true")}};
    f->input.flags = flags;
    f->input.flag_count = 2;
    assert_silent(f, "{\"port\": 9001, \"insecure\": false}");
    assert_int_equal(f->config.port, 9003);
    assert_true(f->config.insecure);
}

static void test_an_overridden_value_cannot_fail(void **state)
{
    fixture *f = *state;
    f->variables[0] = "CENTRIFUGO_PORT=9002";
    assert_silent(f, "{\"port\": \"nonsense\"}");
    assert_int_equal(f->config.port, 9002);
}

static void test_of_the_references_variables_those_are_read_that_it_reads(void **state)
{
    fixture *f = *state;
    f->variables[0] = "CENTRIFUGO_PING_INTERVAL=7";
    f->variables[1] = "CENTRIFUGO_HISTORY_SIZE=0x10";
    assert_warned(f, "{}", "variable 'CENTRIFUGO_PING_INTERVAL' is not read; did you mean CENTRIFUGED_PING_INTERVAL?\n");
    assert_int_equal(f->config.ping_interval, 25);
    assert_int_equal(f->config.channel.history_size, 16);
}

static void test_our_own_variables_count_more_than_the_references(void **state)
{
    fixture *f = *state;
    f->variables[0] = "CENTRIFUGO_PORT=9001";
    f->variables[1] = "CENTRIFUGED_PORT=9002";
    f->variables[2] = "CENTRIFUGED_PING_INTERVAL=7";
    assert_silent(f, "{}");
    assert_int_equal(f->config.port, 9002);
    assert_int_equal(f->config.ping_interval, 7);
    f->variables[1] = "CENTRIFUGED_PORT=99999";
    assert_refused(f, "{}", "CENTRIFUGED_PORT: option 'port' is 99999: allowed is");
    f->variables[1] = "CENTRIFUGED_PORT=";
    assert_silent(f, "{}");
    assert_int_equal(f->config.port, 9001);
}

/* A text that is another value than the default, and allowed. */
static const char *other_value(const cf_option *option)
{
    switch (option->kind) {
    case CF_OPTION_BOOL:
        return "true";
    case CF_OPTION_LIST:
        return "[{\"name\": \"chat\"}]";
    case CF_OPTION_STRING:
        return strcmp(option->name, "engine") == 0 ? "redis" : strcmp(option->name, "log_format") == 0 ? "json" : "/x";
    default:
        return "4";
    }
}

static bool is_default(const fixture *f, const cf_option *option)
{
    cf_config initial;
    cf_config_default(&initial);
    if (option->kind == CF_OPTION_LIST)
        return f->config.namespace_count == 0;
    size_t offset = option->offset + (cf_option_of_channel(option) ? offsetof(cf_config, channel) : 0);
    return cf_option_same(option, (char *)&f->config + offset, (char *)&initial + offset);
}

static void check_sources(fixture *f, const cf_option *option)
{
    char variable[128];
    cf_config_flag flag = {cf_bytes_of(option->name), cf_bytes_of(other_value(option))};
    if (option->state != CF_OPTION_BUILT || strcmp(option->name, "address") == 0)
        return;
    (void)snprintf(variable, sizeof(variable), "%s=%s", cf_option_variable("CENTRIFUGED_", option->name).text,
                   other_value(option));
    f->variables[0] = variable;
    f->input.flag_count = 0;
    if (load(f, "{}") != CF_CONFIG_OK || is_default(f, option))
        fail_msg("%s has no effect", variable);
    f->variables[0] = NULL;
    f->input.flags = &flag;
    f->input.flag_count = 1;
    if (load(f, "{}") != CF_CONFIG_OK || is_default(f, option))
        fail_msg("--%s has no effect", option->name);
}

static void test_every_option_is_a_variable_and_a_flag(void **state)
{
    for (size_t i = 0; i < cf_option_count; i++)
        check_sources(*state, &cf_options[i]);
    for (size_t i = 0; i < cf_channel_option_count; i++)
        check_sources(*state, &cf_channel_option_table[i]);
}

static void test_namespaces_in_the_environment_are_json(void **state)
{
    fixture *f = *state;
    f->variables[0] = "CENTRIFUGED_NAMESPACES= [{\"name\": \"c\\u0068at\", \"publish\": true}]";
    assert_silent(f, "{\"namespaces\": [{\"name\": \"news\"}]}");
    assert_int_equal(f->config.namespace_count, 1);
    assert_bytes(f->config.namespaces[0].name, "chat");
    assert_true(f->config.namespaces[0].options.publish);
    f->variables[0] = "CENTRIFUGED_NAMESPACES=[{\"name\": \"x\"}]";
    assert_refused(f, "{}", "wrong namespace name \xe2\x80\x93 x (CENTRIFUGED_NAMESPACES; ");
    f->variables[0] = "CENTRIFUGED_NAMESPACES=[{\"name\": \"chat\", \"history_size\": -1}]";
    assert_refused(f, "{}", "CENTRIFUGED_NAMESPACES: option 'history_size' is -1");
    f->variables[0] = "CENTRIFUGED_NAMESPACES=chat";
    assert_refused(f, "{}", "CENTRIFUGED_NAMESPACES: option 'namespaces' is not a list in JSON, as in [{\"name\": \"chat\"}]");
    f->variables[0] = "CENTRIFUGED_NAMESPACES=[{\"name\": \"chat\"}] x";
    assert_refused(f, "{}", "is not a list in JSON");
}

static void test_a_secret_on_the_command_line_is_warned_of(void **state)
{
    fixture *f = *state;
    cf_config_flag flag = {CF_BYTES("secret"), CF_BYTES("hunter2")};
    f->input.flags = &flag;
    f->input.flag_count = 1;
    assert_warned(f, "{}",
                  "--secret: option 'secret' can be read by every user of this machine: set CENTRIFUGED_SECRET instead\n");
    assert_bytes(f->config.secret, "hunter2");
    assert_null(strstr(cf_buffer_text(&f->report.warnings), "hunter2"));
}

static void test_types_are_read_as_the_reference_does(void **state)
{
    fixture *f = *state;
    assert_silent(f,
                  "{\"PORT\": \"18041\", \"Secret\": 123, \"max_channel_length\": \"0x20\", \"client_channel_limit\": \"010\","
                  "\"history_size\": 10.9, \"history_lifetime\": true, \"publish\": \"T\", \"presence\": \"1\","
                  "\"anonymous\": \"False\", \"insecure\": null}");
    assert_int_equal(f->config.port, 18041);
    assert_bytes(f->config.secret, "123");
    assert_int_equal(f->config.max_channel_length, 32);
    assert_int_equal(f->config.client_channel_limit, 8);
    assert_int_equal(f->config.channel.history_size, 10);
    assert_int_equal(f->config.channel.history_lifetime, 1);
    assert_true(f->config.channel.publish && f->config.channel.presence);
    assert_false(f->config.channel.anonymous);
}

static void test_unreadable_values_count_as_zero_with_a_warning(void **state)
{
    fixture *f = *state;
    assert_warned(f, "{\"publish\": 1}",
                  "config.json:1:2: option 'publish' is '1', which is not true or false: taken as false");
    assert_false(f->config.channel.publish);
    assert_warned(f, "{\n  \"history_size\": \"many\"}",
                  "config.json:2:3: option 'history_size' is 'many', which is not a number");
    assert_int_equal(f->config.channel.history_size, 0);
}

static void test_duplicate_keys_the_last_one_counts(void **state)
{
    fixture *f = *state;
    assert_warned(f, "{\"secret\": \"a\", \"SECRET\": \"b\"}",
                  "config.json:1:17: option 'secret' is there twice: this one counts, not the one at 1:2");
    assert_bytes(f->config.secret, "b");
    assert_warned(f, "{\"namespaces\": [{\"name\": \"ab\", \"publish\": false, \"publish\": true}, {\"name\": \"cd\"}]}",
                  "config.json:1:50: option 'publish' is there twice");
    assert_true(f->config.namespaces[0].options.publish);
    assert_false(f->config.namespaces[1].options.publish);
}

static void test_namespaces(void **state)
{
    fixture *f = *state;
    assert_silent(f, "{\"presence\": true, \"namespaces\": [{\"name\": \"all\", \"Publish\": true, \"history_size\": 2.5,"
                     "\"history_lifetime\": 9}, {\"NAME\": \"no-NE_9\", \"history_size\": 1, \"history_lifetime\": 30,"
                     "\"recover\": true}]}");
    assert_int_equal(f->config.namespace_count, 2);
    const cf_channel_options *all = cf_config_channel(&f->config, CF_BYTES("all:x"));
    assert_non_null(all);
    assert_true(all->publish);
    assert_false(all->presence); /* nothing is inherited */
    assert_int_equal(all->history_size, 2);
    const cf_channel_options *other = cf_config_channel(&f->config, CF_BYTES("$no-NE_9:x"));
    assert_non_null(other);
    assert_true(other->recover);
    assert_ptr_equal(cf_config_channel(&f->config, CF_BYTES("plain")), &f->config.channel);
    assert_ptr_equal(cf_config_channel(&f->config, CF_BYTES(":x")), &f->config.channel);
    assert_null(cf_config_channel(&f->config, CF_BYTES("nons:x")));
}

static void test_types_inside_namespaces_are_strict(void **state)
{
    fixture *f = *state;
    assert_warned(f, "{\"namespaces\": [{\"name\": \"ab\", \"publish\": \"true\", \"history_size\": \"10\", \"recover\": 1}]}",
                  "option 'publish' is 'true', which is not true or false: the default counts");
    assert_says(&f->report.warnings, "option 'history_size' is '10'");
    assert_says(&f->report.warnings, "option 'recover' is '1'");
    assert_false(f->config.namespaces[0].options.publish || f->config.namespaces[0].options.recover);
    assert_int_equal(f->config.namespaces[0].options.history_size, 0);
}

static void test_bad_namespaces_are_refused(void **state)
{
    fixture *f = *state;
    assert_refused(f, "{\"namespaces\": [{\"name\": \"a\"}]}", "config error: wrong namespace name \xe2\x80\x93 a ");
    assert_refused(f, "{\"namespaces\": [{\"publish\": true}]}", "config error: wrong namespace name");
    assert_refused(f, "{\"namespaces\": [{\"name\": \"a b\"}]}", "config error: wrong namespace name");
    assert_refused(f, "{\"namespaces\": [{\"name\": \"ab\"},\n {\"name\": \"ab\"}]}",
                   "config error: namespace name must be unique");
    assert_says(&f->report.error, "config.json:2:2");
    assert_refused(f, "{\"namespaces\": [1]}", "is not an object");
    assert_warned(f, "{\"namespaces\": {\"name\": \"ab\"}}", "is not a list");
    assert_int_equal(f->config.namespace_count, 0);
}

static void test_numbers_out_of_range_are_named_with_the_range(void **state)
{
    fixture *f = *state;
    assert_refused(f, "{\n\n    \"client_channel_limit\": 0}",
                   "config.json:3:5: option 'client_channel_limit' is 0: allowed is 1 to 1000000000 channels");
    assert_refused(f, "{\"ping_interval\": -1}", "option 'ping_interval' is -1: allowed is 0 to 1000000000 s");
    assert_refused(f, "{\"node_ping_interval\": 0}", "node_ping_interval");
    assert_refused(f, "{\"port\": 65536}", "option 'port' is 65536: allowed is 0 to 65535");
    assert_refused(f, "{\"port\": \"http\"}", "option 'port' is 'http', which is not a port");
    assert_refused(f, "{\"namespaces\": [{\"name\": \"ab\", \"history_size\": -3}]}", "option 'history_size' is -3");
}

static void test_empty_boundaries_are_off(void **state)
{
    fixture *f = *state;
    assert_silent(f, "{\"private_channel_prefix\": \"\", \"namespace_channel_boundary\": \"\"}");
    assert_false(cf_channel_is_private(&f->config.channel_rules, CF_BYTES("news")));
    assert_ptr_equal(cf_config_channel(&f->config, CF_BYTES("a:b")), &f->config.channel);
}

static void test_features_that_are_not_built_are_refused(void **state)
{
    fixture *f = *state;
    static const char *const texts[] = {
        "{\"ssl_autocert\": true}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_refused(f, texts[i], "is not part of this version");
    assert_refused(f, "{\"engine\": \"foo\"}", "Unknown engine: foo");
    assert_refused(f, "{\"ssl_autocert\": true}", "let certbot fetch the certificate");
    assert_silent(
        f, "{\"ssl\": false, \"engine\": \"memory\", \"redis_api\": false,"
           "\"websocket_compression\": false, \"redis_port\": 6379, \"sockjs_heartbeat_delay\": 25, \"redis_db\": \"0\"}");
}

static void test_an_admin_interface_that_nobody_can_use_is_told(void **state)
{
    fixture *f = *state;
    assert_warned(f, "{\"admin\": true}", "option 'admin_secret' is empty");
    assert_warned(f, "{\"web\": true, \"admin_secret\": \"s\"}", "option 'admin_password' is empty");
    assert_warned(f, "{\"admin_password\": \"p\"}", "option 'admin_password' has no effect: 'web' is off");
    assert_warned(f, "{\"insecure_admin\": true}", "option 'insecure_admin' has no effect: neither 'admin' nor 'web' is on");
    assert_silent(f, "{\"web\": true, \"admin_secret\": \"s\", \"admin_password\": \"p\"}");
    assert_silent(f, "{\"admin\": true, \"insecure_admin\": true, \"watch\": true}");
}

static void assert_server(const cf_redis_server *server, const char *host, int64_t port, const char *password,
                          const char *database)
{
    assert_bytes(server->host, host);
    assert_int_equal(server->port, port);
    assert_bytes(server->password, password);
    assert_bytes(server->database, database);
}

static void test_redis_servers_are_named_by_lists(void **state)
{
    fixture *f = *state;
    assert_silent(f, "{\"engine\": \"redis\"}");
    assert_int_equal(f->config.redis_server_count, 1);
    assert_server(&f->config.redis_servers[0], "127.0.0.1", 6379, "", "0");
    assert_silent(f, "{\"engine\": \"redis\", \"redis_host\": \"a, b\", \"redis_port\": 6380, \"redis_password\": \"p\"}");
    assert_int_equal(f->config.redis_server_count, 2);
    assert_server(&f->config.redis_servers[0], "a", 6380, "p", "0");
    assert_server(&f->config.redis_servers[1], "b", 6380, "p", "0");
    assert_silent(f, "{\"engine\": \"redis\", \"redis_db\": \"2\", \"redis_url\": \"redis://u:a%40b@x:1/7,redis://[::1]:2,\"}");
    assert_int_equal(f->config.redis_server_count, 3);
    assert_server(&f->config.redis_servers[0], "x", 1, "a@b", "7");
    assert_server(&f->config.redis_servers[1], "::1", 2, "", "2");
    assert_server(&f->config.redis_servers[2], "127.0.0.1", 6379, "", "2");
}

static void test_sentinel_tells_where_the_masters_are(void **state)
{
    fixture *f = *state;
    assert_silent(f, "{\"engine\": \"redis\", \"redis_master_name\": \"m, n\", \"redis_password\": \"p\","
                     "\"redis_sentinels\": \"a:1, [::1]:2\"}");
    assert_int_equal(f->config.redis_server_count, 2);
    assert_bytes(f->config.redis_servers[1].master, "n");
    assert_bytes(f->config.redis_servers[1].password, "p");
    assert_int_equal(f->config.redis_sentinel_count, 2);
    assert_bytes(f->config.redis_sentinel_servers[1].host, "::1");
    assert_int_equal(f->config.redis_sentinel_servers[1].port, 2);
}

static void test_redis_servers_that_cannot_be_are_refused(void **state)
{
    fixture *f = *state;
    assert_refused(f, "{\"engine\": \"redis\", \"redis_host\": \"a,b,c\", \"redis_port\": \"1,2\"}",
                   "'redis_port' names 2 of 3 shards: Malformed sharding configuration: wrong number of redis ports");
    assert_refused(f, "{\"engine\": \"redis\", \"redis_port\": \"65536\"}",
                   "'redis_port' is not good for shard 1: give a number");
    assert_refused(f, "{\"engine\": \"redis\", \"redis_url\": \"redis://host\"}",
                   "'redis_url' is not good for shard 1: an address");
    assert_refused(f, "{\"engine\": \"redis\", \"redis_url\": \"redis://:%x@host:1\"}", "write %25 for it");
    assert_refused(f, "{\"engine\": \"redis\", \"redis_url\": \"host:1/x\"}",
                   "'redis_url' is not good for shard 1: its database");
    assert_refused(f, "{\"engine\": \"redis\", \"redis_db\": \"-1\"}", "'redis_db' is not good for shard 1: its database");
    assert_refused(f, "{\"redis_read_timeout\": 0}", "allowed is 1 to");
    assert_refused(f, "{\"engine\": \"redis\", \"redis_master_name\": \"m\"}", "Provide at least one Sentinel address");
    assert_refused(f, "{\"engine\": \"redis\", \"redis_master_name\": \"m\", \"redis_sentinels\": \"a:1,foo\"}",
                   "Malformed Sentinel address: foo");
    assert_refused(
        f, "{\"engine\": \"redis\", \"redis_master_name\": \"m\", \"redis_host\": \"a,b\", \"redis_sentinels\": \"a:1\"}",
        "Redis master name must be set for every Redis shard when Sentinel used");
}

static void test_options_without_effect_and_unknown_ones_are_warned_of(void **state)
{
    fixture *f = *state;
    assert_warned(f, "{\"ssl_key\": \"a.key\"}", "option 'ssl_key' has no effect: there is no TLS without 'ssl'");
    assert_warned(f, "{\"redis_host\": \"db\"}", "config.json:1:2: option 'redis_host' has no effect: 'engine' is 'memory'");
    assert_warned(f, "{\"history_sise\": 3}", "config.json:1:2: unknown option 'history_sise' is ignored");
    assert_warned(f, "{\"namespaces\": [{\"name\": \"ab\", \"port\": 3}]}", "unknown option 'port' is ignored");
    assert_warned(f, "{\"log_level\": \"loud\"}", "option 'log_level' is unknown: 'info' counts");
}

static void test_broken_files_are_named_with_their_place(void **state)
{
    fixture *f = *state;
    assert_int_equal(load(f, "{\"a\": 1,\n \"b\" 2}"), CF_CONFIG_PARSE_ERROR);
    assert_says(&f->report.error, "While parsing config: config.json:2:");
    assert_int_equal(load(f, "[1]"), CF_CONFIG_PARSE_ERROR);
    assert_says(&f->report.error, "one JSON object");
    assert_int_equal(load(f, ""), CF_CONFIG_PARSE_ERROR);
    assert_int_equal(load(f, "{} x"), CF_CONFIG_PARSE_ERROR);
}

static void test_an_empty_secret_needs_insecure(void **state)
{
    fixture *f = *state;
    f->input.secret_may_be_empty = false;
    assert_refused(f, "{}", "option 'secret' is empty");
    assert_warned(f, "{\"insecure\": true}", "option 'secret' is empty: the API refuses every request");
    assert_silent(f, "{\"insecure\": true, \"insecure_api\": true}");
    assert_silent(f, "{\"secret\": \"s\"}");
    f->variables[0] = "CENTRIFUGO_SECRET=s";
    assert_silent(f, "{}");
}

static void test_flags_that_cannot_be_read_are_refused(void **state)
{
    fixture *f = *state;
    cf_config_flag flag = {CF_BYTES("insecure"), CF_BYTES("perhaps")};
    f->input.flags = &flag;
    f->input.flag_count = 1;
    assert_refused(f, "{}", "--insecure: option 'insecure' is 'perhaps', which is not true or false");
}

static void test_a_reload_keeps_what_counts_at_the_start(void **state)
{
    fixture *f = *state;
    cf_config running;
    assert_silent(f, "{\"port\": 9001, \"secret\": \"a\", \"http_prefix\": \"/x\"}");
    running = f->config;
    cf_config_default(&f->config);
    assert_silent(f, "{\"port\": 9002, \"secret\": \"b\", \"http_prefix\": \"/y\"}");
    assert_true(cf_config_keep_start_only(&f->config, &running, &f->report));
    assert_says(&f->report.warnings, "option 'port' changed: it counts after a restart");
    cf_config_free(&running);
    assert_int_equal(f->config.port, 9001);
    assert_bytes(f->config.http_prefix, "/x");
    assert_bytes(f->config.secret, "b");
}

static void test_numbers_that_no_integer_holds_are_out_of_range(void **state)
{
    fixture *f = *state;
    assert_refused(f, "{\n \"history_size\": 99999999999999999999}",
                   "config.json:2:2: option 'history_size' is 99999999999999999999: allowed is 0 to 1000000000 messages");
    assert_refused(f, "{\"ping_interval\": -1e30}", "option 'ping_interval' is -1e30: allowed is 0 to 1000000000 s");
    assert_refused(f, "{\"ping_interval\": \"0xfffffffffffffffff\"}", "is 0xfffffffffffffffff: allowed is 0 to 1000000000 s");
    assert_refused(f, "{\"namespaces\": [{\"name\": \"ab\", \"history_lifetime\": 1e19}]}", "is 1e19: allowed is 0 to");
    assert_refused(f, "{\"api_port\": 99999999999999999999}", "'99999999999999999999', which is not a port");
    assert_refused(f, "{\"redis_pool\": 99999999999999999999}",
                   "is 99999999999999999999: allowed is 0 to 1000000000 connections");
    f->variables[0] = "CENTRIFUGO_HISTORY_SIZE=9223372036854775808";
    assert_refused(f, "{}", "CENTRIFUGO_HISTORY_SIZE: option 'history_size' is 9223372036854775808: allowed is 0 to");
    cf_config_flag flag = {CF_BYTES("redis_pool"), CF_BYTES("-9223372036854775809")};
    f->variables[0] = NULL;
    f->input.flags = &flag;
    f->input.flag_count = 1;
    assert_refused(f, "{}", "--redis_pool: option 'redis_pool' is -9223372036854775809: allowed is 0 to");
}

static void test_history_that_is_incomplete_is_named(void **state)
{
    fixture *f = *state;
    assert_warned(f, "{\"history_size\": 5}",
                  "config.json:1:2: option 'history_size' has no effect: there is no history without 'history_lifetime'");
    assert_warned(f, "{\"history_lifetime\": 5}",
                  "option 'history_lifetime' has no effect: there is no history without 'history_size'");
    assert_warned(f, "{\"recover\": true, \"history_size\": 3}", "option 'recover' has no effect: it needs a history");
    assert_warned(f, "{\"history_drop_inactive\": true}", "option 'history_drop_inactive' has no effect");
    assert_warned(f,
                  "{\"history_size\": 5, \"history_lifetime\": 5, \"recover\": true,\n \"namespaces\":"
                  "[{\"name\": \"chat\",\n  \"recover\": true}]}",
                  "config.json:3:3: option 'recover' of namespace 'chat' has no effect: it needs a history, 'history_size' and "
                  "'history_lifetime'; nothing is inherited from the top level\n");
    f->variables[0] = "CENTRIFUGO_HISTORY_LIFETIME=60";
    assert_silent(f, "{\"history_size\": 5, \"recover\": true}");
    assert_warned(f, "{}", "CENTRIFUGO_HISTORY_LIFETIME: option 'history_lifetime' has no effect");
}

static void test_slips_in_keys_are_guessed(void **state)
{
    fixture *f = *state;
    assert_warned(f, "{\"history_sise\": 3}", "unknown option 'history_sise' is ignored; did you mean 'history_size'?\n");
    assert_warned(f, "{\"prot\": 3}", "'prot' is ignored; did you mean 'port'?");
    assert_warned(f, "{\"Secert\": 3}", "did you mean 'secret'?");
    assert_warned(f, "{\"historylifetime\": 3}", "did you mean 'history_lifetime'?");
    assert_warned(f, "{\"namespace\": []}", "did you mean 'namespaces'?");
    assert_warned(f, "{\"color\": 3}", "unknown option 'color' is ignored\n");
    assert_warned(f, "{\"\": 3}", "unknown option '' is ignored\n");
    assert_warned(f, "{\"a\\nb\": 3}", "unknown option 'a?b' is ignored\n");
    assert_warned(f, "{\"an_option_whose_name_is_longer_than_any_that_there_is_in_the_table\": 3}",
                  "in_the_table' is ignored\n");
    assert_warned(f, "{\"namespaces\": [{\"name\": \"ab\", \"publihs\": true}]}",
                  "option 'publihs' is ignored: it is no option of a namespace; did you mean 'publish'?");
    assert_warned(f, "{\"namespaces\": [{\"name\": \"ab\", \"prot\": true}]}", "it is no option of a namespace\n");
    assert_warned(f, "{\"namespaces\": [{\"name\": \"ab\", \"nam\": \"cd\"}]}", "did you mean 'name'?");
}

static void test_variables_that_nothing_reads_are_named(void **state)
{
    fixture *f = *state;
    f->variables[0] = "CENTRIFUGO_PROT=9002";
    assert_warned(f, "{}", "variable 'CENTRIFUGO_PROT' is not read; did you mean CENTRIFUGO_PORT?\n");
    f->variables[0] = "CENTRIFUGO_SHOE_SIZE=hunter2";
    assert_warned(f, "{}", "variable 'CENTRIFUGO_SHOE_SIZE' is not read: there is no option 'SHOE_SIZE'\n");
    f->variables[0] = "centrifugo_secret=x";
    assert_warned(f, "{}", "variable 'centrifugo_secret' is not read; did you mean CENTRIFUGO_SECRET?\n");
    assert_bytes(f->config.secret, "");
    f->variables[0] = "CENTRIFUGO_PINGINTERVAL=5";
    assert_warned(f, "{}", "variable 'CENTRIFUGO_PINGINTERVAL' is not read; did you mean CENTRIFUGED_PING_INTERVAL?\n");
    f->variables[0] = "CENTRIFUGO_PROT=";
    f->variables[1] = "CENTRIFUGE_URL=ws://somewhere";
    f->variables[2] = "nonsense";
    assert_silent(f, "{}");
}

static void test_texts_with_line_ends_or_blanks_are_told(void **state)
{
    fixture *f = *state;
    assert_warned(
        f, "{\"secret\": \"hunter2\\n\"}",
        "config.json:1:2: option 'secret' has a line end or another control character in it, which counts as a part of it");
    assert_bytes(f->config.secret, "hunter2\n");
    if (strstr(cf_buffer_text(&f->report.warnings), "hunter2") != NULL)
        fail_msg("the secret is shown");
    assert_warned(f, "{\"secret\": \" hunter2\"}", "option 'secret' begins or ends with a blank");
    f->variables[0] = "CENTRIFUGO_SECRET=hunter2 ";
    assert_warned(f, "{}", "CENTRIFUGO_SECRET: option 'secret' begins or ends with a blank");
    f->variables[0] = NULL;
    assert_silent(f, "{\"log_file\": \"/var/log/a b\"}");
    assert_warned(f, "{\"log_file\": \"/var/log/a\\t\"}", "option 'log_file' has a line end or another control character");
    assert_refused(f, "{\"log_file\": \"/var/log/a\\u0000b\"}", "option 'log_file' has a NUL character in it: remove it");
    assert_warned(f, "{\"secret\": {\"key\": \"hunter2\"}}",
                  "option 'secret' is a list or object, which is not a text: taken as empty\n");
}

static void test_addresses_are_a_list_too(void **state)
{
    fixture *f = *state;
    assert_silent(f, "{\"address\": [\"127.0.0.1\", \"\\u003a:1\"]}");
    assert_bytes(f->config.address, "127.0.0.1,::1");
    assert_silent(f, "{\"address\": []}");
    assert_bytes(f->config.address, "");
    assert_refused(f, "{\"address\": [\"127.0.0.1\", {}]}", "option 'address' is '', for which ListenAndServe has no address");
    assert_warned(f, "{\"log_level\": [\"info\"]}", "option 'log_level' is a list or object, which is not a text");
}

static void test_addresses_that_are_none_are_refused(void **state)
{
    fixture *f = *state;
    static const char *const good[] = {
        "",      "127.0.0.1", "::1",           "fe80::1%eth0", "::ffff:1.2.3.4", "localhost",
        "127.1", "0",         "my-host.a_b.c", "0.0.0.0",      "127.0.0.1,::1",  "b\u00fccher.example"};
    static const char *const bad[] = {
        "127.0.0.1:1", "[::1]", "localhost:8000", "http://localhost",      "127.0.0.1/24", "256.0.0.1",
        "1.2.3.4.5",   "1..2",  " 127.0.0.1",     "127.0.0.1\\n",          "a b",          "::1,,::2",
        "127.0.0.1,",  ",",     "1.2.3.4.",       "99999999999999999999.1"};
    char text[100];
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        (void)snprintf(text, sizeof(text), "{\"address\": \"%s\"}", good[i]);
        assert_silent(f, text);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(text, sizeof(text), "{\"address\": \"%s\"}", bad[i]);
        assert_refused(f, text, "for which ListenAndServe has no address: give an address or a host name alone");
    }
}

static void test_prefixes_that_no_request_can_have_are_told(void **state)
{
    fixture *f = *state;
    assert_silent(f, "{\"http_prefix\": \"/a/b.c/..d\"}");
    assert_refused(f, "{\"http_prefix\": \"realtime\"}",
                   "option 'http_prefix' is 'realtime', with which no request reaches an endpoint: it begins with '/'");
    static const char *const unclean[] = {"/", "/a/", "//a", "/a//b", "/./a", "/a/..", "/a/../b", "/a/."};
    char text[100];
    for (size_t i = 0; i < sizeof(unclean) / sizeof(unclean[0]); i++) {
        (void)snprintf(text, sizeof(text), "{\"http_prefix\": \"%s\"}", unclean[i]);
        assert_warned(f, text, "with which WebSocket and API cannot be reached");
    }
}

static void test_channel_signs_that_cannot_be_told_apart_are_named(void **state)
{
    fixture *f = *state;
    assert_warned(
        f, "{\"user_channel_boundary\": \":\"}",
        "config.json:1:2: option 'user_channel_boundary' is ':', which cannot be told from 'namespace_channel_boundary' "
        "(':') in a channel's name");
    assert_warned(
        f, "{\"namespace_channel_boundary\": \"#\"}",
        "config.json:1:2: option 'namespace_channel_boundary' is '#', which cannot be told from 'user_channel_boundary'");
    assert_warned(f, "{\"client_channel_boundary\": \"##\"}", "'client_channel_boundary' is '##', which cannot be told from");
    assert_warned(f, "{\"private_channel_prefix\": \"x&\"}", "cannot be told from 'client_channel_boundary'");
    assert_warned(f, "{\"user_channel_separator\": \"#\"}", "cannot be told from 'user_channel_boundary'");
    assert_silent(f,
                  "{\"private_channel_prefix\": \"\", \"namespace_channel_boundary\": \"::\", \"user_channel_boundary\": \"\","
                  "\"client_channel_boundary\": \",\"}");
    assert_warned(f, "{\"user_channel_boundary\": \"\", \"user_channel_separator\": \";\"}",
                  "option 'user_channel_separator' has no effect: 'user_channel_boundary' is empty");
}

static void test_namespaces_without_channels_are_told(void **state)
{
    fixture *f = *state;
    assert_warned(f, "{\"namespace_channel_boundary\": \"\", \"namespaces\": [{\"name\": \"ab\"}]}",
                  "option 'namespaces' has no effect: 'namespace_channel_boundary' is empty");
    assert_warned(f, "{\"namespace_channel_boundary\": \"-\",\n \"namespaces\": [{\"name\": \"ab\"}, {\"name\": \"a-b\"}]}",
                  "config.json:2:33: option 'namespaces' has 'a-b', whose channels are not found");
    assert_warned(f, "{\"private_channel_prefix\": \"p\", \"namespaces\": [{\"name\": \"public\"}]}",
                  "has 'public', whose channels are not found");
    assert_warned(f, "{\"max_channel_length\": 3, \"namespaces\": [{\"name\": \"ab\"}, {\"name\": \"abc\"}]}",
                  "has 'abc', in which nobody can subscribe");
    assert_silent(f, "{\"max_channel_length\": 3, \"namespaces\": [{\"name\": \"ab\"}]}");
}

static void test_options_that_others_make_idle_are_warned_of(void **state)
{
    fixture *f = *state;
    assert_warned(f, "{\"expired_connection_close_delay\": 3}",
                  "option 'expired_connection_close_delay' has no effect: nothing expires without 'connection_lifetime'");
    assert_silent(f, "{\"expired_connection_close_delay\": 25}");
    assert_silent(f, "{\"expired_connection_close_delay\": 3, \"connection_lifetime\": 3}");
    assert_warned(f, "{\"connection_lifetime\": 3, \"insecure\": true}",
                  "option 'connection_lifetime' has no effect: with 'insecure'");
    assert_warned(f, "{\"presence_expire_interval\": 3}", "option 'presence_expire_interval' has no effect");
    assert_warned(f, "{\"debug\": true}", "option 'debug' has no effect: there are no profile endpoints");
    assert_refused(f, "{\"pid_file\": \"x\", \"log_file\": \"x\"}", "option 'pid_file' is the file of 'log_file' too");
}

static void test_byte_order_marks_and_wide_characters(void **state)
{
    fixture *f = *state;
    assert_warned(f, "\xef\xbb\xbf{\"secret\": \"s\", \"namespaces\": [{\"name\": \"ab\", \"nosuch\": 1}]}",
                  "config.json:1:47: unknown option 'nosuch'");
    assert_bytes(f->config.secret, "s");
    assert_int_equal(f->config.namespace_count, 1);
    static const cf_bytes wide[] = {CF_LITERAL("\xff\xfe{\0}\0"), CF_LITERAL("\xfe\xff\0{\0}"), CF_LITERAL("{\0}\0"),
                                    CF_LITERAL("\0{\0}"), CF_LITERAL("\0\0\xfe\xff\0\0\0{")};
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        assert_int_equal(load_bytes(f, wide[i]), CF_CONFIG_PARSE_ERROR);
        assert_says(&f->report.error, "the file is UTF-16: save it as UTF-8");
    }
}

static void test_without_memory_it_fails_and_gives_all_back(void **state)
{
    fixture *f = *state;
    static const char text[] = "{\"secret\": \"s\", \"name\": \"n\", \"typo\": 1, \"recover\": true, \"namespaces\": "
                               "[{\"name\": \"ab\"}, {\"name\": \"cd\"}]}";
    for (int n = 0;; n++) {
        cf_config_report_free(&f->report);
        allocations_left = n;
        cf_config_status status = load(f, text);
        allocations_left = -1;
        if (status == CF_CONFIG_OK && !f->report.warnings.failed)
            break;
        assert_true(status == CF_CONFIG_NO_MEMORY || f->report.warnings.failed);
        assert_true(n < 1000);
    }
    assert_bytes(f->config.secret, "s");
    assert_int_equal(f->config.namespace_count, 2);
}

static void test_the_documentation_is_made_of_the_table(void **state)
{
    (void)state;
    cf_buffer page;
    cf_buffer reference;
    cf_buffer_init(&page, &allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&reference, &allocator, CF_BUFFER_NO_LIMIT);
    FILE *file = fopen(CONFIGURATION_PAGE, "rb");
    assert_non_null(file);
    char part[4096];
    size_t size;
    while ((size = fread(part, 1, sizeof(part), file)) > 0)
        cf_buffer_append(&page, (cf_bytes){part, size});
    (void)fclose(file);
    cf_option_write_reference(&reference);
    if (cf_bytes_find(cf_buffer_bytes(&page), cf_buffer_bytes(&reference)) < 0)
        fail_msg("docs/configuration.md is not what the table says: its end is the output of 'test_config --reference'");
    cf_buffer_free(&page);
    cf_buffer_free(&reference);
}

static int print_reference(void)
{
    cf_buffer out;
    allocations_left = -1;
    cf_buffer_init(&out, &allocator, CF_BUFFER_NO_LIMIT);
    cf_option_write_reference(&out);
    (void)fwrite(out.data, 1, out.size, stdout);
    cf_buffer_free(&out);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--reference") == 0)
        return print_reference();
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_defaults_are_those_of_the_specification),
        TEST(test_flag_beats_environment_beats_file),
        TEST(test_an_overridden_value_cannot_fail),
        TEST(test_of_the_references_variables_those_are_read_that_it_reads),
        TEST(test_our_own_variables_count_more_than_the_references),
        TEST(test_every_option_is_a_variable_and_a_flag),
        TEST(test_namespaces_in_the_environment_are_json),
        TEST(test_a_secret_on_the_command_line_is_warned_of),
        TEST(test_types_are_read_as_the_reference_does),
        TEST(test_unreadable_values_count_as_zero_with_a_warning),
        TEST(test_duplicate_keys_the_last_one_counts),
        TEST(test_namespaces),
        TEST(test_types_inside_namespaces_are_strict),
        TEST(test_bad_namespaces_are_refused),
        TEST(test_numbers_out_of_range_are_named_with_the_range),
        TEST(test_empty_boundaries_are_off),
        TEST(test_features_that_are_not_built_are_refused),
        TEST(test_an_admin_interface_that_nobody_can_use_is_told),
        TEST(test_redis_servers_are_named_by_lists),
        TEST(test_sentinel_tells_where_the_masters_are),
        TEST(test_redis_servers_that_cannot_be_are_refused),
        TEST(test_options_without_effect_and_unknown_ones_are_warned_of),
        TEST(test_broken_files_are_named_with_their_place),
        TEST(test_an_empty_secret_needs_insecure),
        TEST(test_flags_that_cannot_be_read_are_refused),
        TEST(test_a_reload_keeps_what_counts_at_the_start),
        TEST(test_numbers_that_no_integer_holds_are_out_of_range),
        TEST(test_history_that_is_incomplete_is_named),
        TEST(test_slips_in_keys_are_guessed),
        TEST(test_variables_that_nothing_reads_are_named),
        TEST(test_texts_with_line_ends_or_blanks_are_told),
        TEST(test_addresses_are_a_list_too),
        TEST(test_addresses_that_are_none_are_refused),
        TEST(test_prefixes_that_no_request_can_have_are_told),
        TEST(test_channel_signs_that_cannot_be_told_apart_are_named),
        TEST(test_namespaces_without_channels_are_told),
        TEST(test_options_that_others_make_idle_are_warned_of),
        TEST(test_byte_order_marks_and_wide_characters),
        TEST(test_without_memory_it_fails_and_gives_all_back),
        TEST(test_the_documentation_is_made_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

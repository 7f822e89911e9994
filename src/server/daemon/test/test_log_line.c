#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/daemon/log_line.h"

/* Lines of the log, whatever stands in them. */

#define HEAD_TEXT (sizeof("[I]: 2026/11/23 17:06:54 ") - 1)
#define HEAD_JSON (sizeof("{\"time\":\"2026-11-23T16:06:54.120Z\"") - 1)

/* The line without its time, until the next call. */
static const char *line_of(cf_log_format format, cf_server_log level, cf_bytes text)
{
    static char line[CF_LOG_LINE_MAX + 1];
    size_t size = cf_log_line_write(line, format, level, text);
    assert_in_range(size, HEAD_JSON, CF_LOG_LINE_MAX);
    line[size] = 0;
    return line + (format == CF_LOG_JSON ? HEAD_JSON : HEAD_TEXT);
}

static const char *json_of(const char *text)
{
    return line_of(CF_LOG_JSON, CF_SERVER_INFO, cf_bytes_of(text));
}

static void a_line_has_its_level_and_its_time(void **state)
{
    (void)state;
    char line[CF_LOG_LINE_MAX];
    size_t size = cf_log_line_write(line, CF_LOG_TEXT, CF_SERVER_WARNING, CF_BYTES("careful"));
    assert_int_equal(size, HEAD_TEXT + 8);
    assert_memory_equal(line, "[W]: 20", 7);
    assert_memory_equal(line + HEAD_TEXT, "careful\n", 8);
    size = cf_log_line_write(line, CF_LOG_JSON, CF_SERVER_WARNING, CF_BYTES("careful"));
    assert_memory_equal(line, "{\"time\":\"20", 11);
    assert_memory_equal(line + HEAD_JSON - 2, "Z\",", 3);
    assert_memory_equal(line + HEAD_JSON, ",\"level\":\"warn\",\"message\":\"careful\"}\n", size - HEAD_JSON);
}

static void json_stays_json_whatever_stands_in_it(void **state)
{
    (void)state;
    assert_string_equal(json_of(""), ",\"level\":\"info\",\"message\":\"\"}\n");
    assert_string_equal(json_of("a \"b\" \\ c"), ",\"level\":\"info\",\"message\":\"a \\\"b\\\" \\\\ c\"}\n");
    assert_string_equal(json_of("a\nb\t\x1b[31m"), ",\"level\":\"info\",\"message\":\"a?b??[31m\"}\n");
    assert_string_equal(json_of("h\xc3\xb6r \xe2\x80\xa6 \xff\xc3"),
                        ",\"level\":\"info\",\"message\":\"h\xc3\xb6r \xe2\x80\xa6 ??\"}\n");
}

static void a_long_text_is_cut(void **state)
{
    (void)state;
    static char text[3 * CF_LOG_TEXT_MAX];
    memset(text, '"', sizeof(text));
    const char *line = line_of(CF_LOG_JSON, CF_SERVER_CRITICAL, (cf_bytes){text, sizeof(text)});
    size_t size = strlen(line);
    assert_int_equal(size, strlen(",\"level\":\"critical\",\"message\":\"\"}\n") + 2 * CF_LOG_TEXT_MAX);
    assert_string_equal(line + size - 5, "\\\"\"}\n");
    line = line_of(CF_LOG_TEXT, CF_SERVER_INFO, (cf_bytes){text, sizeof(text)});
    assert_int_equal(strlen(line), CF_LOG_TEXT_MAX + 1);
}

static void levels_have_names(void **state)
{
    (void)state;
    assert_int_equal(cf_log_level_of(CF_BYTES("trace")), CF_SERVER_TRACE);
    assert_int_equal(cf_log_level_of(CF_BYTES("Error")), CF_SERVER_ERROR);
    assert_int_equal(cf_log_level_of(CF_BYTES("none")), CF_SERVER_FATAL);
    assert_int_equal(cf_log_level_of(CF_BYTES("loud")), CF_SERVER_INFO);
    assert_int_equal(cf_log_format_of(CF_BYTES("json")), CF_LOG_JSON);
    assert_int_equal(cf_log_format_of(CF_BYTES("text")), CF_LOG_TEXT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_its_level_and_its_time),
        cmocka_unit_test(json_stays_json_whatever_stands_in_it),
        cmocka_unit_test(a_long_text_is_cut),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

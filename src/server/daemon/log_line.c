#include "server/daemon/log_line.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name;
    char letter;
} levels[] = {
    [CF_SERVER_TRACE] = {"trace", 'T'},  [CF_SERVER_DEBUG] = {"debug", 'D'}, [CF_SERVER_INFO] = {"info", 'I'},
    [CF_SERVER_WARNING] = {"warn", 'W'}, [CF_SERVER_ERROR] = {"error", 'E'}, [CF_SERVER_CRITICAL] = {"critical", 'C'},
    [CF_SERVER_FATAL] = {"fatal", 'F'},
};

cf_server_log cf_log_level_of(cf_bytes name)
{
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (cf_bytes_equal_fold(name, cf_bytes_of(levels[i].name)))
            return (cf_server_log)i;
    }
    return cf_bytes_equal_fold(name, CF_BYTES("none")) ? CF_SERVER_FATAL : CF_SERVER_INFO;
}

cf_log_format cf_log_format_of(cf_bytes name)
{
    return cf_bytes_equal(name, CF_BYTES("json")) ? CF_LOG_JSON : CF_LOG_TEXT;
}

/* ---- heads ---- */

static size_t write_text_head(char *line, cf_server_log level)
{
    char stamp[32];
    struct tm parts;
    time_t now = time(NULL);
    if (localtime_r(&now, &parts) == NULL || strftime(stamp, sizeof(stamp), "%Y/%m/%d %H:%M:%S", &parts) == 0)
        stamp[0] = 0;
    int size = snprintf(line, CF_LOG_LINE_MAX, "[%c]: %s ", levels[level].letter, stamp);
    return size > 0 ? (size_t)size : 0;
}

/* RFC 3339, in UTC: what collects lines of many machines compares them. */
static size_t write_json_head(char *line, cf_server_log level)
{
    char stamp[32];
    struct tm parts;
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &parts) == NULL || strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &parts) == 0)
        stamp[0] = 0;
    int size = snprintf(line, CF_LOG_LINE_MAX, "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"message\":\"", stamp,
                        (int)(now.tv_nsec / 1000000), levels[level].name);
    return size > 0 ? (size_t)size : 0;
}

/* ---- texts ---- */

/*
 * Not: control characters, those of 8 bits (U+0080 to U+009F in UTF-8), which a terminal heeds too, and what is no UTF-8. How
 * many bytes of the text are good as they are; 0: none.
 */
static size_t printable(cf_bytes text)
{
    unsigned char first = (unsigned char)text.data[0];
    size_t size = cf_utf8_sequence(text);
    bool control = first < ' ' || first == 0x7f || (first == 0xc2 && size == 2 && (unsigned char)text.data[1] < 0xa0);
    return control ? 0 : size;
}

/* `escape`: inside a string of JSON. */
static size_t write_text(char *to, cf_bytes text, bool escape)
{
    size_t at = 0;
    for (size_t i = 0, size; i<text.size; i += size> 0 ? size : 1) {
        size = printable(cf_bytes_slice(text, i, text.size));
        if (escape && (text.data[i] == '"' || text.data[i] == '\\'))
            to[at++] = '\\';
        memcpy(to + at, size > 0 ? text.data + i : "?", size > 0 ? size : 1);
        at += size > 0 ? size : 1;
    }
    return at;
}

size_t cf_log_line_write(char line[CF_LOG_LINE_MAX], cf_log_format format, cf_server_log level, cf_bytes text)
{
    bool json = format == CF_LOG_JSON;
    cf_bytes tail = json ? CF_BYTES("\"}\n") : CF_BYTES("\n");
    size_t at = json ? write_json_head(line, level) : write_text_head(line, level);
    at += write_text(line + at, cf_bytes_slice(text, 0, text.size < CF_LOG_TEXT_MAX ? text.size : CF_LOG_TEXT_MAX), json);
    memcpy(line + at, tail.data, tail.size);
    return at + tail.size;
}

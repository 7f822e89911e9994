#include "server/daemon/log.h"

#include <stdarg.h>
#include <time.h>

#define LINE_MAX_SIZE 2048

static const struct {
    const char *name;
    char letter;
} levels[] = {
    [CF_SERVER_TRACE] = {"trace", 'T'},  [CF_SERVER_DEBUG] = {"debug", 'D'}, [CF_SERVER_INFO] = {"info", 'I'},
    [CF_SERVER_WARNING] = {"warn", 'W'}, [CF_SERVER_ERROR] = {"error", 'E'}, [CF_SERVER_CRITICAL] = {"critical", 'C'},
    [CF_SERVER_FATAL] = {"fatal", 'F'},
};

/* An unknown level is `info`; `none` still prints fatal lines. */
static cf_server_log level_of(cf_bytes name)
{
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (cf_bytes_equal_fold(name, cf_bytes_of(levels[i].name)))
            return (cf_server_log)i;
    }
    return cf_bytes_equal_fold(name, CF_BYTES("none")) ? CF_SERVER_FATAL : CF_SERVER_INFO;
}

bool cf_log_open(cf_log *log, const char *path, cf_bytes level)
{
    FILE *file = NULL;
    if (path[0] != 0) {
        file = fopen(path, "ae"); /* e: not for programs that we might start */
        if (file == NULL)
            return false;
    }
    cf_log_close(log);
    log->file = file;
    log->level = level_of(level);
    return true;
}

void cf_log_close(cf_log *log)
{
    if (log->file != NULL)
        (void)fclose(log->file);
    log->file = NULL;
}

static void write_line(FILE *file, cf_server_log level, cf_bytes text)
{
    char stamp[32];
    char line[LINE_MAX_SIZE];
    time_t now = time(NULL);
    struct tm parts;
    size_t size = text.size < sizeof(line) ? text.size : sizeof(line) - 1;
    if (localtime_r(&now, &parts) == NULL || strftime(stamp, sizeof(stamp), "%Y/%m/%d %H:%M:%S", &parts) == 0)
        stamp[0] = 0;
    for (size_t i = 0; i < size; i++) /* nobody may forge lines or send codes to a terminal */
        line[i] = (unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f ? '?' : text.data[i];
    (void)fprintf(file, "[%c]: %s %.*s\n", levels[level].letter, stamp, (int)size, line);
    (void)fflush(file);
}

void cf_log_write(cf_log *log, cf_server_log level, cf_bytes text)
{
    if (level < log->level)
        return;
    if (log->file != NULL)
        write_line(log->file, level, text);
    if (log->file == NULL || level == CF_SERVER_FATAL)
        write_line(stdout, level, text);
}

void cf_log_say(cf_log *log, cf_server_log level, const char *format, ...)
{
    char line[LINE_MAX_SIZE];
    va_list arguments;
    if (level < log->level)
        return;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (size >= 0)
        cf_log_write(log, level, (cf_bytes){line, (size_t)size < sizeof(line) ? (size_t)size : sizeof(line) - 1});
}

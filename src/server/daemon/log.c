#include "server/daemon/log.h"

#include "base/utf8.h"
#include "system/heap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

static void init_sink(cf_log_sink *sink, int descriptor)
{
    *sink = (cf_log_sink){.descriptor = descriptor};
    cf_buffer_init(&sink->pending, &cf_heap, CF_LOG_PENDING_MAX);
}

void cf_log_init(cf_log *log)
{
    init_sink(&log->output, STDOUT_FILENO);
    init_sink(&log->file, -1);
    log->level = CF_SERVER_INFO;
}

/*
 * A terminal with room for a byte keeps whoever writes more waiting, perhaps for ever. Opened anew it can be told not to, which
 * those who share the old descriptor do not notice. Where it may not be opened it stays as it is.
 */
void cf_log_open_terminal(cf_log *log)
{
    if (!isatty(STDOUT_FILENO))
        return;
    int descriptor = open("/dev/stdout", O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor >= 0)
        log->output.descriptor = descriptor;
}

/* ---- writing without waiting ---- */

/* A pipe that has room takes PIPE_BUF bytes at once; one that is full would keep us waiting. */
static bool has_room(int descriptor)
{
    struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
    return poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0;
}

/* 0, or an errno. */
static int flush(cf_log_sink *sink)
{
    cf_buffer *pending = &sink->pending;
    while (pending->size > 0) {
        if (!has_room(sink->descriptor))
            return EAGAIN;
        ssize_t written = write(sink->descriptor, pending->data, pending->size < PIPE_BUF ? pending->size : PIPE_BUF);
        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0)
            cf_buffer_consume(pending, (size_t)written);
    }
    sink->failing = false;
    return 0;
}

static void keep(cf_log_sink *sink, cf_bytes text)
{
    cf_buffer_append(&sink->pending, text);
    sink->lost += sink->pending.failed;
    sink->pending.failed = false;
}

/* The head of a line. */
static size_t write_head(char *line, size_t room, cf_server_log level)
{
    char stamp[32];
    struct tm parts;
    time_t now = time(NULL);
    if (localtime_r(&now, &parts) == NULL || strftime(stamp, sizeof(stamp), "%Y/%m/%d %H:%M:%S", &parts) == 0)
        stamp[0] = 0;
    int size = snprintf(line, room, "[%c]: %s ", levels[level].letter, stamp);
    return size > 0 ? (size_t)size : 0;
}

static void say_lost(cf_log_sink *sink)
{
    char line[128];
    size_t head = write_head(line, sizeof(line), CF_SERVER_WARNING);
    int size = snprintf(line + head, sizeof(line) - head, "%zu lines could not be written and are lost\n", sink->lost);
    sink->lost = 0;
    keep(sink, (cf_bytes){line, head + (size_t)size});
}

/* 0, or an errno. */
static int put_line(cf_log_sink *sink, cf_bytes line)
{
    if (flush(sink) == 0 && sink->lost > 0)
        say_lost(sink);
    keep(sink, line);
    return flush(sink);
}

static void put_file(cf_log *log, cf_bytes line)
{
    char text[160];
    int problem = put_line(&log->file, line);
    if (problem == 0 || problem == EAGAIN || log->file.failing)
        return;
    log->file.failing = true;
    size_t head = write_head(text, sizeof(text), CF_SERVER_ERROR);
    int size = snprintf(text + head, sizeof(text) - head, "the log file cannot be written: %s\n", strerror(problem));
    (void)put_line(&log->output, (cf_bytes){text, head + (size_t)size});
}

static void close_file(cf_log *log)
{
    if (log->file.descriptor >= 0)
        (void)close(log->file.descriptor);
    log->file.descriptor = -1;
    cf_buffer_free(&log->file.pending);
}

void cf_log_flush(cf_log *log)
{
    (void)flush(&log->output);
    (void)flush(&log->file);
}

static void flush_last(cf_log_sink *sink)
{
    const int step = CF_LOG_LAST_TIME / 10;
    for (int waited = 0; flush(sink) == EAGAIN && waited < CF_LOG_LAST_TIME; waited += step)
        (void)poll(&(struct pollfd){.fd = sink->descriptor, .events = POLLOUT}, 1, step);
}

void cf_log_close(cf_log *log)
{
    flush_last(&log->output);
    flush_last(&log->file);
    if (log->output.descriptor != STDOUT_FILENO)
        (void)close(log->output.descriptor);
    cf_buffer_free(&log->output.pending);
    close_file(log);
}

/* O_NONBLOCK: a pipe that nobody reads is refused instead of waited for. */
bool cf_log_open(cf_log *log, const char *path, cf_bytes level)
{
    cf_log_sink next;
    init_sink(&next, -1);
    if (path[0] != 0) {
        next.descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
        if (next.descriptor < 0)
            return false;
    }
    (void)flush(&log->file);
    keep(next.descriptor < 0 ? &log->output : &next, cf_buffer_bytes(&log->file.pending));
    close_file(log);
    log->file = next;
    log->level = level_of(level);
    return true;
}

/*
 * Nobody may forge lines or send codes to a terminal: neither by control characters, nor by those of 8 bits (U+0080 to U+009F
 * in UTF-8), nor by what is no UTF-8. How many bytes of the text are good as they are; 0: none.
 */
static size_t printable(cf_bytes text)
{
    unsigned char first = (unsigned char)text.data[0];
    size_t size = cf_utf8_sequence(text);
    bool control = first < ' ' || first == 0x7f || (first == 0xc2 && size == 2 && (unsigned char)text.data[1] < 0xa0);
    return control ? 0 : size;
}

static size_t copy_printable(char *to, cf_bytes text)
{
    for (size_t i = 0; i < text.size;) {
        size_t size = printable(cf_bytes_slice(text, i, text.size));
        memcpy(to + i, size > 0 ? text.data + i : "?", size > 0 ? size : 1);
        i += size > 0 ? size : 1;
    }
    return text.size;
}

void cf_log_write(cf_log *log, cf_server_log level, cf_bytes text)
{
    char line[LINE_MAX_SIZE + 64];
    if (level < log->level)
        return;
    size_t at = write_head(line, sizeof(line), level);
    size_t size = text.size < LINE_MAX_SIZE ? text.size : LINE_MAX_SIZE - 1;
    at += copy_printable(line + at, cf_bytes_slice(text, 0, size));
    line[at++] = '\n';
    if (log->file.descriptor >= 0)
        put_file(log, (cf_bytes){line, at});
    if (log->file.descriptor < 0 || level == CF_SERVER_FATAL)
        (void)put_line(&log->output, (cf_bytes){line, at});
}

void cf_log_lines(cf_log *log, cf_server_log level, cf_bytes lines)
{
    while (lines.size > 0) {
        ptrdiff_t end = cf_bytes_find(lines, CF_BYTES("\n"));
        size_t size = end < 0 ? lines.size : (size_t)end;
        cf_log_write(log, level, cf_bytes_slice(lines, 0, size));
        lines = cf_bytes_slice(lines, size + 1, lines.size);
    }
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

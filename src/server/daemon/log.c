#include "server/daemon/log.h"

#include "system/heap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void init_sink(cf_log_sink *sink, int descriptor)
{
    *sink = (cf_log_sink){.descriptor = descriptor};
    cf_buffer_init(&sink->pending, &cf_heap, CF_LOG_PENDING_MAX);
}

void cf_log_init(cf_log *log)
{
    (void)pthread_mutex_init(&log->lock, NULL); /* the default kind needs nothing that may be missing */
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
static int flush_log(cf_log_sink *sink)
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

/* A line of ours, which belongs to one sink. */
static void keep_line(cf_log_sink *sink, cf_log_format format, cf_server_log level, const char *text)
{
    char line[CF_LOG_LINE_MAX];
    keep(sink, (cf_bytes){line, cf_log_line_write(line, format, level, cf_bytes_of(text))});
}

static void keep_lost(cf_log_sink *sink, cf_log_format format)
{
    char text[96];
    (void)snprintf(text, sizeof(text), "%zu lines could not be written and are lost", sink->lost);
    sink->lost = 0;
    keep_line(sink, format, CF_SERVER_WARNING, text);
}

/* 0, or an errno. */
static int put_line(cf_log_sink *sink, cf_log_format format, cf_bytes line)
{
    if (flush_log(sink) == 0 && sink->lost > 0)
        keep_lost(sink, format);
    keep(sink, line);
    return flush_log(sink);
}

static void put_file(cf_log *log, cf_bytes line)
{
    char text[160];
    int problem = put_line(&log->file, log->format, line);
    if (problem == 0 || problem == EAGAIN || log->file.failing)
        return;
    log->file.failing = true;
    (void)snprintf(text, sizeof(text), "the log file cannot be written: %s", strerror(problem));
    keep_line(&log->output, log->format, CF_SERVER_ERROR, text);
    (void)flush_log(&log->output);
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
    (void)pthread_mutex_lock(&log->lock);
    (void)flush_log(&log->output);
    (void)flush_log(&log->file);
    (void)pthread_mutex_unlock(&log->lock);
}

static void flush_last(cf_log_sink *sink)
{
    const int step = CF_LOG_LAST_TIME / 10;
    for (int waited = 0; flush_log(sink) == EAGAIN && waited < CF_LOG_LAST_TIME; waited += step)
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
    (void)pthread_mutex_destroy(&log->lock);
}

/* O_NONBLOCK: a pipe that nobody reads is refused instead of waited for. */
bool cf_log_open(cf_log *log, const cf_config *config)
{
    cf_log_sink next;
    (void)pthread_mutex_lock(&log->lock);
    log->level = cf_log_level_of(config->log_level);
    log->format = cf_log_format_of(config->log_format);
    (void)pthread_mutex_unlock(&log->lock);
    init_sink(&next, -1);
    if (config->log_file.size > 0) {
        next.descriptor = open(config->log_file.data, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
        if (next.descriptor < 0)
            return false;
    }
    (void)pthread_mutex_lock(&log->lock);
    (void)flush_log(&log->file);
    keep(next.descriptor < 0 ? &log->output : &next, cf_buffer_bytes(&log->file.pending));
    close_file(log);
    log->file = next;
    (void)pthread_mutex_unlock(&log->lock);
    return true;
}

static void write_line(cf_log *log, cf_server_log level, cf_bytes text)
{
    char line[CF_LOG_LINE_MAX];
    if (level < log->level)
        return;
    cf_bytes whole = {line, cf_log_line_write(line, log->format, level, text)};
    if (log->file.descriptor >= 0)
        put_file(log, whole);
    if (log->file.descriptor < 0 || level == CF_SERVER_FATAL)
        (void)put_line(&log->output, log->format, whole);
}

void cf_log_write(cf_log *log, cf_server_log level, cf_bytes text)
{
    (void)pthread_mutex_lock(&log->lock);
    write_line(log, level, text);
    (void)pthread_mutex_unlock(&log->lock);
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
    char line[CF_LOG_TEXT_MAX];
    va_list arguments;
    if (level < log->level)
        return;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (size >= 0)
        cf_log_write(log, level, (cf_bytes){line, (size_t)size < sizeof(line) ? (size_t)size : sizeof(line) - 1});
}

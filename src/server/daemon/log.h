/*
 * The log (server-spec.md 8.10): lines to standard output, or to a file; fatal ones to both. The server never waits
 * for it: lines that cannot be written, because nobody reads or the disk is
 * full, wait up to a limit; beyond, they are lost and counted. Any thread may
 * write lines; all else is the main thread's.
 */
#ifndef CF_SERVER_DAEMON_LOG_H
#define CF_SERVER_DAEMON_LOG_H

#include "server/config/config.h"
#include "server/daemon/log_line.h"

#include <pthread.h>

#define CF_LOG_PENDING_MAX (256 * 1024) /* bytes of lines that wait to be written, each to standard output and to the file */
#define CF_LOG_LAST_TIME   1000         /* ms that a slow terminal or pipe has for the last lines */

/* Where lines go. */
typedef struct cf_log_sink {
    int descriptor;    /* -1: nowhere */
    cf_buffer pending; /* what could not be written yet */
    size_t lost;       /* lines since then */
    bool failing;      /* it was told that it cannot be written */
} cf_log_sink;

typedef struct cf_log {
    pthread_mutex_t lock; /* of all that follows */
    cf_log_sink output;   /* standard output */
    cf_log_sink file;
    cf_server_log level; /* lines below are not written */
    cf_log_format format;
} cf_log;

/* To standard output, as text, from level `info`. */
void cf_log_init(cf_log *log);
/* From now on a terminal is not waited for either. */
void cf_log_open_terminal(cf_log *log);
/* Opens the file again (after rotation), another one or none. False when it cannot be opened: the old way stays. */
bool cf_log_open(cf_log *log, const cf_config *config);
/* Tries to write what waits. */
void cf_log_flush(cf_log *log);
/* Flushes, for CF_LOG_LAST_TIME at most; what still waits is lost. */
void cf_log_close(cf_log *log);
void cf_log_write(cf_log *log, cf_server_log level, cf_bytes text);
/* A line of the log for each of these. */
void cf_log_lines(cf_log *log, cf_server_log level, cf_bytes lines);
/* Cut at 2 kB. */
void cf_log_say(cf_log *log, cf_server_log level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif

/*
 * The log (server-spec.md 8.10): lines like `[I]: 2026/11/23 17:06:54 text` to
 * standard output, or to a file; fatal ones to both.
 */
#ifndef CF_SERVER_DAEMON_LOG_H
#define CF_SERVER_DAEMON_LOG_H

#include "server/services.h"

#include <stdio.h>

typedef struct cf_log {
    FILE *file;          /* NULL: standard output */
    cf_server_log level; /* lines below are not written */
} cf_log;

/* Opens the file again (after rotation) or a new one; "" for none. False when it cannot be opened: the old way stays. */
bool cf_log_open(cf_log *log, const char *path, cf_bytes level);
void cf_log_close(cf_log *log);
void cf_log_write(cf_log *log, cf_server_log level, cf_bytes text);
/* Cut at 2 kB. */
void cf_log_say(cf_log *log, cf_server_log level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif

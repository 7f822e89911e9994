/*
 * One line of the log, as bytes (server-spec.md 8.10).
 */
#ifndef CF_SERVER_DAEMON_LOG_LINE_H
#define CF_SERVER_DAEMON_LOG_LINE_H

#include "server/environment.h"

#define CF_LOG_TEXT_MAX 2048                       /* bytes of a line's text; what is behind is cut off */
#define CF_LOG_LINE_MAX (2 * CF_LOG_TEXT_MAX + 96) /* bytes of a whole line, its line end included */

typedef enum cf_log_format {
    CF_LOG_TEXT, /* [I]: 2026/11/23 17:06:54 text */
    CF_LOG_JSON  /* {"time":"2026-11-23T16:06:54.120Z","level":"info","message":"text"} */
} cf_log_format;

/* ASCII case does not matter; an unknown name is `info`; `none` still lets fatal lines through. */
cf_server_log cf_log_level_of(cf_bytes name);
/* What is no option's value is text. */
cf_log_format cf_log_format_of(cf_bytes name);
/* Returns the size. Nobody may forge lines: control characters, and what is no UTF-8, become question marks. */
size_t cf_log_line_write(char line[CF_LOG_LINE_MAX], cf_log_format format, cf_server_log level, cf_bytes text);

#endif

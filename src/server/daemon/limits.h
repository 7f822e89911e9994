/*
 * What the system allows the process.
 */
#ifndef CF_SERVER_DAEMON_LIMITS_H
#define CF_SERVER_DAEMON_LIMITS_H

#include <stddef.h>

/* A connection is a file descriptor: takes as many as may be had. How many that are, or 0: not known. */
int cf_limits_raise_files(void);
/* In words, for the log. Returns `text`. */
const char *cf_limits_describe(char *text, size_t size);

#endif

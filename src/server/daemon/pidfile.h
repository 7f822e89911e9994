/*
 * The file with the process id. It is locked as long as the server runs: who
 * finds it unlocked finds one of a process that is gone, and takes it over.
 */
#ifndef CF_SERVER_DAEMON_PIDFILE_H
#define CF_SERVER_DAEMON_PIDFILE_H

#include <stdbool.h>

typedef struct cf_pid_file {
    const char *path; /* borrowed */
    int descriptor;   /* -1: there is none */
} cf_pid_file;

/*
 * Creates or takes over the file. False with errno; EWOULDBLOCK when another process holds it, EEXIST when it is something
 * else.
 */
bool cf_pid_file_take(cf_pid_file *file, const char *path);
/* The process that is written there, or 0. */
long cf_pid_file_holder(const char *path);
/* Is there something at the path that is no pid file? It would be left alone. */
bool cf_pid_file_is_other(const char *path);
/* Removes it when it is still ours; a path that is no regular file stays. */
void cf_pid_file_drop(cf_pid_file *file);

#endif

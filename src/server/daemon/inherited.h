/*
 * Listening sockets that systemd, or who else starts the server, hands over (sd_listen_fds(3)): they are there before the
 * server and after it, so that a restart refuses nobody.
 */
#ifndef CF_SERVER_DAEMON_INHERITED_H
#define CF_SERVER_DAEMON_INHERITED_H

#include <stddef.h>

#define CF_INHERITED_MAX 16 /* further ones are not looked at */

typedef struct cf_inherited {
    int sockets[CF_INHERITED_MAX]; /* -1: taken */
    size_t count;
} cf_inherited;

/* As the environment has them. */
void cf_inherited_find(cf_inherited *self);
/* The next one that is bound to the TCP port, or to the path; -1: there is none. It is the caller's from now on. */
int cf_inherited_take_port(cf_inherited *self, int port);
int cf_inherited_take_path(cf_inherited *self, const char *path);
/* Closes what was not taken: how many. */
size_t cf_inherited_close(cf_inherited *self);

#endif

/*
 * Sockets of the file system, for programs of the same machine.
 */
#ifndef CF_SERVER_NET_UNIX_SOCKET_H
#define CF_SERVER_NET_UNIX_SOCKET_H

#include <stdbool.h>

/*
 * A bound socket of this name, for its owner and group: a descriptor, or a negative errno. A socket that a program left behind
 * is replaced; -EADDRINUSE: somebody listens there, or it is no socket.
 */
int cf_unix_socket_bind(const char *path);
/* As the bind would find it: 0, or an errno, EADDRINUSE included. Nothing is made or removed. */
int cf_unix_socket_look(const char *path);
/* Is there a socket of this name? A link to one is none. */
bool cf_unix_socket_is(const char *path);
/* When the socket is closed: removes its name, unless another program listens there by now. */
void cf_unix_socket_remove(const char *path);

#endif

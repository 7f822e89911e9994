#define _GNU_SOURCE /* SOCK_CLOEXEC */

#include "http/http.h"

#include <fcntl.h>
#include <sys/socket.h>

#ifndef SOCK_CLOEXEC /* macOS: not in one step, so a program that another thread starts just then inherits it */
#define SOCK_CLOEXEC 0
#endif

curl_socket_t cf_http_socket_open(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)user;
    (void)purpose;
    int made = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (made >= 0 && !SOCK_CLOEXEC)
        (void)fcntl(made, F_SETFD, FD_CLOEXEC);
    return made < 0 ? CURL_SOCKET_BAD : made;
}

#include "server/net/listener.h"

#include "server/net/link.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

static bool is_one_of_the_last(const cf_net *net, const cf_connection *connection)
{
    uv_os_fd_t descriptor;
    return net->descriptor_max > 0 && uv_fileno((const uv_handle_t *)&connection->tcp, &descriptor) == 0 &&
           descriptor >= net->descriptor_max - CF_NET_DESCRIPTORS_KEPT;
}

static cf_connection *accept_connection(cf_listener *listener)
{
    uv_stream_t *stream = (uv_stream_t *)&listener->tcp;
    return listener->tls != NULL ? cf_tls_accept(listener->tls, stream)
                                 : cf_connection_accept(listener->server->net, stream, &cf_link_plain);
}

static void take_connection(cf_listener *listener, int status)
{
    cf_net *net = listener->server->net;
    net->enter(net->user);
    cf_connection *connection = status == 0 ? accept_connection(listener) : NULL;
    listener->accepts++;
    if (connection != NULL && is_one_of_the_last(net, connection)) {
        cf_connection_close(connection);
        connection = NULL;
        status = UV_EMFILE;
    }
    if (connection != NULL)
        cf_http_exchange_start(listener->server, &listener->bodies, connection, listener->bit);
    else if (listener->problem != NULL)
        listener->problem(listener->user, status != 0 ? status : UV_ENOMEM);
}

/* A connection that is not taken here stops the listening until it is. */
static void on_connection(uv_stream_t *stream, int status)
{
    cf_listener *listener = CF_CONTAINER(stream, cf_listener, tcp);
    listener->pending = status == 0 && listener->accepts >= CF_LISTENER_ACCEPTS_MAX;
    if (!listener->pending)
        take_connection(listener, status);
}

void cf_listener_begin_round(cf_listener *listener)
{
    bool pending = listener->pending;
    listener->accepts = 0;
    listener->pending = false;
    if (pending)
        take_connection(listener, 0);
}

static int make_handle(cf_listener *listener)
{
    int status = uv_tcp_init(listener->server->net->loop, &listener->tcp);
    listener->open = status == 0;
    return status;
}

static int bind_and_listen(cf_listener *listener, const struct sockaddr *address)
{
    unsigned flags = listener->only_ipv6 && address->sa_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0;
    int status = make_handle(listener);
    if (status == 0)
        status = uv_tcp_bind(&listener->tcp, address, flags);
    if (status == 0)
        status = uv_listen((uv_stream_t *)&listener->tcp, CF_NET_BACKLOG, on_connection);
    return status;
}

static int real_port(cf_listener *listener)
{
    struct sockaddr_storage name;
    int size = (int)sizeof(name);
    if (uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)&name, &size) != 0)
        return 0;
    if (name.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&name)->sin6_port);
    return ntohs(((struct sockaddr_in *)&name)->sin_port);
}

static int open_named(cf_listener *listener, const char *address, const char *service)
{
    uv_getaddrinfo_t request;
    struct addrinfo hints;
    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    int status = uv_getaddrinfo(listener->server->net->loop, &request, NULL, address, service, &hints);
    if (status != 0)
        return status;
    status = bind_and_listen(listener, request.addrinfo->ai_addr);
    uv_freeaddrinfo(request.addrinfo);
    return status;
}

static void init(cf_listener *listener, cf_http_server *server, unsigned bit)
{
    listener->server = server;
    listener->bit = bit;
    listener->open = false;
    listener->accepts = 0;
    listener->pending = false;
    cf_http_bodies_init(&listener->bodies);
}

static bool has_no_ipv6(int status)
{
    return status == UV_EAFNOSUPPORT || status == UV_EADDRNOTAVAIL || status == UV_EAI_ADDRFAMILY || status == UV_EAI_FAMILY;
}

static int open_all(cf_listener *listener, const char *service)
{
    int status = open_named(listener, "::", service); /* IPv4 too where the system maps it */
    if (!has_no_ipv6(status))
        return status;
    cf_listener_close(listener);
    uv_run(listener->server->net->loop, UV_RUN_NOWAIT); /* the handle is used again: let it close */
    return open_named(listener, "0.0.0.0", service);
}

int cf_listener_open(cf_listener *listener, cf_http_server *server, const char *address, int port, unsigned bit)
{
    char service[16];
    init(listener, server, bit);
    (void)snprintf(service, sizeof(service), "%d", port);
    int status = address[0] != 0 ? open_named(listener, address, service) : open_all(listener, service);
    if (status == 0)
        listener->port = real_port(listener);
    else
        cf_listener_close(listener);
    return status;
}

int cf_listener_open_socket(cf_listener *listener, cf_http_server *server, int descriptor, unsigned bit)
{
    init(listener, server, bit);
    int status = make_handle(listener);
    if (status == 0)
        status = uv_tcp_open(&listener->tcp, descriptor); /* for libuv every stream is one of these */
    if (status == 0)
        status = uv_listen((uv_stream_t *)&listener->tcp, CF_NET_BACKLOG, on_connection);
    if (status != 0)
        cf_listener_close(listener);
    return status;
}

void cf_listener_close(cf_listener *listener)
{
    if (listener->open)
        uv_close((uv_handle_t *)&listener->tcp, NULL);
    listener->open = false;
    listener->pending = false;
}

/*
 * Where a worker listens: each address with each port, and a Unix socket for the API.
 */
#include "server/daemon/worker_state.h"
#include "server/net/unix_socket.h"
#include "system/heap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define ADDRESS_MAX 256 /* bytes of one, with its NUL */
#define PORTS       3   /* of clients, API and admin */

typedef struct ports {
    int64_t port[PORTS];
    unsigned bit[PORTS];
} ports;

static ports ports_of(const cf_config *config)
{
    unsigned admin = CF_PORT_ADMIN | (config->admin || config->web ? CF_PORT_SOCKET : 0) | (config->web ? CF_PORT_WEB : 0);
    return (ports){{config->port, config->api_port, config->admin_port}, {CF_PORT_CLIENTS, CF_PORT_API, admin}};
}

/* All that is on the port of this number; 0 when an earlier one has the same. */
static unsigned bits_of(const ports *all, size_t number)
{
    unsigned bits = 0;
    for (size_t i = 0; i < PORTS; i++) {
        if (all->port[i] != all->port[number])
            continue;
        if (i < number)
            return 0;
        bits |= all->bit[i];
    }
    return bits;
}

typedef struct names {
    char text[64];
} names;

/* In the words of server-spec.md 1.1. */
static names names_of(unsigned bits)
{
    static const struct {
        unsigned bit;
        const char *name;
    } all[] = {
        {CF_PORT_CLIENTS, "raw websocket, SockJS"}, {CF_PORT_API, "API"}, {CF_PORT_SOCKET, "admin"}, {CF_PORT_WEB, "web"}};
    names list = {"health, metrics"};
    size_t size = 0;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (bits & all[i].bit)
            size += (size_t)snprintf(list.text + size, sizeof(list.text) - size, "%s%s", size > 0 ? ", " : "", all[i].name);
    }
    return list;
}

static void on_problem(void *user, int status)
{
    cf_worker *worker = user;
    cf_services_notice(cf_node_services(worker->node), CF_NOTICE_no_descriptor, "a connection could not be accepted: %s",
                       uv_strerror(status));
}

static cf_listener *next_listener(cf_worker *worker)
{
    cf_listener *listener = &worker->listeners[worker->listener_count];
    listener->problem = on_problem;
    listener->user = worker;
    return listener;
}

/* `place`: with its network before it. `other`: what to do when it is taken. */
static void log_failure(cf_worker *worker, const char *place, int status, const char *advice)
{
    cf_services_log(cf_node_services(worker->node), CF_SERVER_FATAL, "ListenAndServe: listen %s: bind: %s%s", place,
                    uv_strerror(status), advice);
}

static void log_success(cf_worker *worker, unsigned bits, const char *place)
{
    worker->listener_count++;
    cf_services_log(cf_node_services(worker->node), CF_SERVER_INFO, "Start serving %s endpoints on %s", names_of(bits).text,
                    place);
}

/* An IPv6 address in brackets, so that its port can be told. */
static void write_place(char *out, size_t size, const char *network, const char *address, int64_t port)
{
    bool brackets = cf_bytes_find(cf_bytes_of(address), CF_BYTES(":")) >= 0;
    (void)snprintf(out, size, "%s%s%s%s:%lld", network, brackets ? "[" : "", address, brackets ? "]" : "", (long long)port);
}

static bool listen_at(cf_worker *worker, const char *address, int64_t port, unsigned bits)
{
    char place[ADDRESS_MAX + 32];
    cf_listener *listener = next_listener(worker);
    listener->tls = worker->tls;
    listener->only_ipv6 = cf_bytes_find(cf_node_services(worker->node)->config->address, CF_BYTES(",")) >= 0;
    int status = cf_listener_open(listener, &worker->http, address, (int)port, bits);
    write_place(place, sizeof(place), status == 0 ? "" : "tcp ", address, status == 0 ? listener->port : port);
    if (status == 0)
        log_success(worker, bits, place);
    else
        log_failure(worker, place, status,
                    status == UV_EADDRINUSE ? "; choose another port with -p, as in: centrifuged -p 8001" : "");
    return status == 0;
}

static void write_own_place(const cf_listener *listener, char *out, size_t size)
{
    char address[ADDRESS_MAX] = "";
    struct sockaddr_storage name;
    int length = (int)sizeof(name);
    if (uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)&name, &length) == 0)
        (void)uv_ip_name((const struct sockaddr *)&name, address, sizeof(address));
    write_place(out, size, "", address, listener->port);
}

/* On all sockets of the port that were handed over. */
static bool listen_inherited(cf_worker *worker, int port, unsigned bits)
{
    char place[ADDRESS_MAX + 32];
    for (int found; port != 0 && (found = cf_inherited_take_port(worker->host.inherited, port)) >= 0;) {
        cf_listener *listener = next_listener(worker);
        listener->tls = worker->tls;
        listener->inherited = true;
        int status = cf_listener_open_socket(listener, &worker->http, found, bits);
        listener->port = port;
        if (status != 0) {
            log_failure(worker, "on a socket that was handed over", status, "");
            return false;
        }
        write_own_place(listener, place, sizeof(place));
        log_success(worker, bits, place);
    }
    return true;
}

static bool listen_all_inherited(cf_worker *worker)
{
    ports all = ports_of(cf_node_services(worker->node)->config);
    for (size_t i = 0; i < PORTS; i++) {
        unsigned bits = bits_of(&all, i);
        if (bits != 0 && !listen_inherited(worker, (int)all.port[i], bits))
            return false;
    }
    return true;
}

static bool is_inherited(const cf_worker *worker, unsigned bits)
{
    for (size_t i = 0; i < worker->listener_count; i++)
        if (worker->listeners[i].inherited && worker->listeners[i].bit == bits)
            return true;
    return false;
}

static bool listen_address(cf_worker *worker, const char *address)
{
    ports all = ports_of(cf_node_services(worker->node)->config);
    for (size_t i = 0; i < PORTS; i++) {
        unsigned bits = bits_of(&all, i);
        if (bits != 0 && !is_inherited(worker, bits) && !listen_at(worker, address, all.port[i], bits))
            return false;
    }
    return true;
}

static const char *unix_advice(const char *path, int status)
{
    if (status == UV_ENAMETOOLONG)
        return "; a path has at most 107 bytes";
    if (status != UV_EADDRINUSE)
        return "";
    return cf_unix_socket_is(path) ? "; another program listens there"
                                   : "; it is there and no socket: remove it, or name another one";
}

static bool listen_unix(cf_worker *worker)
{
    char place[ADDRESS_MAX];
    const char *path = cf_node_services(worker->node)->config->api_socket.data;
    if (path[0] == 0)
        return true;
    int descriptor = cf_inherited_take_path(worker->host.inherited, path);
    cf_listener *listener = next_listener(worker);
    listener->inherited = descriptor >= 0;
    if (descriptor < 0)
        descriptor = cf_unix_socket_bind(path);
    int status = descriptor < 0 ? descriptor : cf_listener_open_socket(listener, &worker->http, descriptor, CF_PORT_API);
    (void)snprintf(place, sizeof(place), "unix%s%s", status == 0 ? ":" : " ", path);
    if (status == 0)
        log_success(worker, CF_PORT_API, place);
    else
        log_failure(worker, place, status, unix_advice(path, status));
    return status == 0;
}

static size_t count_addresses(cf_bytes list)
{
    size_t count = 1;
    for (size_t i = 0; i < list.size; i++)
        count += list.data[i] == ',';
    return count;
}

bool cf_worker_listen(cf_worker *worker)
{
    char address[ADDRESS_MAX];
    cf_bytes rest = cf_node_services(worker->node)->config->address;
    cf_bytes next;
    worker->listeners = cf_alloc_zero(&cf_heap, count_addresses(rest) * PORTS + 1 + CF_INHERITED_MAX, sizeof(cf_listener));
    if (worker->listeners == NULL || !listen_all_inherited(worker))
        return false;
    while (cf_config_next_text(&rest, &next)) {
        (void)snprintf(address, sizeof(address), "%.*s", (int)next.size, next.data);
        if (!listen_address(worker, address))
            return false;
    }
    return listen_unix(worker);
}

/* All workers wait at the same socket: who is free takes the next connection (docs/internals.md). */
static bool listen_beside(cf_worker *worker, const cf_listener *other)
{
    uv_os_fd_t descriptor;
    cf_listener *listener = next_listener(worker);
    listener->tls = other->tls != NULL ? worker->tls : NULL;
    listener->inherited = other->inherited;
    int status = uv_fileno((const uv_handle_t *)&other->tcp, &descriptor);
    int own = status == 0 ? fcntl(descriptor, F_DUPFD_CLOEXEC, 0) : -1;
    if (own < 0)
        status = status == 0 ? uv_translate_sys_error(errno) : status;
    else
        status = cf_listener_open_socket(listener, &worker->http, own, other->bit);
    listener->port = other->port;
    if (status == 0)
        worker->listener_count++;
    else
        log_failure(worker, "by a further worker", status, "");
    return status == 0;
}

bool cf_worker_listen_with(cf_worker *worker, const cf_worker *first)
{
    worker->listeners = cf_alloc_zero(&cf_heap, first->listener_count, sizeof(cf_listener));
    for (size_t i = 0; worker->listeners != NULL && i < first->listener_count; i++)
        if (!listen_beside(worker, &first->listeners[i]))
            return false;
    return worker->listeners != NULL;
}

void cf_worker_hand_over(cf_worker *worker)
{
    for (size_t i = 0; i < worker->listener_count; i++)
        if (worker->listeners[i].inherited)
            cf_listener_close(&worker->listeners[i]);
}

void cf_worker_stop_listening(cf_worker *worker)
{
    const char *path = cf_node_services(worker->node)->config->api_socket.data;
    for (size_t i = 0; i < worker->listener_count; i++)
        cf_listener_close(&worker->listeners[i]);
    if (path[0] != 0 && cf_team_is_first(worker->host.member))
        cf_unix_socket_remove(path);
}

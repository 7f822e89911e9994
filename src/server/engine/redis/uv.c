#include "server/engine/redis/redis.h"

#include <netdb.h>
#include <string.h>
#include <uv.h>

#include "base/list.h"
#include "server/engine/redis/tls.h"

/* The driver on libuv: connections to Redis on the node's loop. Names are looked up outside of the loop's thread. */

#define READ_SIZE  65536
#define KEEP_ALIVE 60 /* s */
#define PROBLEM    256

typedef struct uv_driver {
    const cf_server_environment *environment;
    cf_redis_tls_context *tls; /* NULL: nothing is encrypted */
    char *name;                /* of every certificate; NULL: the host's */
    char input[READ_SIZE];     /* of whichever connection is readable */
    char plain[READ_SIZE];     /* what is encrypted in it */
} uv_driver;

typedef struct redis_socket {
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_getaddrinfo_t lookup;
    const cf_allocator *allocator;
    uv_driver *driver;
    cf_redis_line *line; /* NULL: nobody is interested any more */
    cf_redis_tls *tls;   /* or NULL */
    int port;
    bool greeting; /* the handshake of TLS is not over */
    bool looking_up;
    bool closed;
} redis_socket;

typedef struct unsent {
    uv_write_t request;
    const cf_allocator *allocator;
    char data[];
} unsent;

/* ---- the end -------------------------------------------------------------- */

static void free_when_over(redis_socket *socket)
{
    if (!socket->closed || socket->looking_up)
        return;
    cf_redis_tls_free(socket->tls);
    cf_free(socket->allocator, socket);
}

static void on_closed(uv_handle_t *handle)
{
    redis_socket *socket = handle->data;
    socket->closed = true;
    free_when_over(socket);
}

static void close_socket(void *user)
{
    redis_socket *socket = user;
    socket->line = NULL;
    if (!uv_is_closing((uv_handle_t *)&socket->tcp))
        uv_close((uv_handle_t *)&socket->tcp, on_closed);
    else
        on_closed((uv_handle_t *)&socket->tcp); /* the loop has closed all there was, and has ended */
}

/* Is somebody there who wants to hear of it? Then a turn begins. */
static bool enter(const redis_socket *socket)
{
    if (socket->line == NULL || uv_is_closing((const uv_handle_t *)&socket->tcp))
        return false;
    socket->driver->environment->enter(socket->driver->environment->user);
    return socket->line != NULL;
}

static void tell_lost(redis_socket *socket, int status)
{
    if (enter(socket))
        cf_redis_line_lost(socket->line, status == UV_EOF ? "it closed the connection" : uv_strerror(status));
}

/* ---- writing ---------------------------------------------------------------- */

/* That it has failed the reading tells, behind what the other side has said last: why it closed. */
static void on_written(uv_write_t *request, int status)
{
    unsent *rest = CF_CONTAINER(request, unsent, request);
    (void)status;
    cf_free(rest->allocator, rest);
}

static bool write_later(redis_socket *socket, cf_bytes bytes)
{
    unsent *rest = cf_alloc(socket->allocator, sizeof *rest + bytes.size);
    if (rest == NULL)
        return false;
    rest->allocator = socket->allocator;
    memcpy(rest->data, bytes.data, bytes.size);
    uv_buf_t buffer = uv_buf_init(rest->data, (unsigned)bytes.size);
    if (uv_write(&rest->request, (uv_stream_t *)&socket->tcp, &buffer, 1, on_written) == 0)
        return true;
    cf_free(socket->allocator, rest);
    return false;
}

static bool write_bytes(redis_socket *socket, cf_bytes bytes)
{
    uv_buf_t buffer = {(char *)(uintptr_t)bytes.data, bytes.size};
    int written = uv_try_write((uv_stream_t *)&socket->tcp, &buffer, 1);
    size_t taken = written > 0 ? (size_t)written : 0; /* what has failed is told by the reading, too */
    return taken == bytes.size || write_later(socket, cf_bytes_slice(bytes, taken, bytes.size));
}

/* What TLS has to say. */
static bool write_output(redis_socket *socket)
{
    cf_bytes output = cf_redis_tls_output(socket->tls);
    bool written = output.size == 0 || write_bytes(socket, output);
    cf_redis_tls_sent(socket->tls);
    return written;
}

static bool send_bytes(void *user, cf_bytes bytes)
{
    redis_socket *socket = user;
    if (socket->tls == NULL)
        return write_bytes(socket, bytes);
    return cf_redis_tls_write(socket->tls, bytes) && write_output(socket);
}

/* ---- reading ---------------------------------------------------------------- */

static void give_input(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    redis_socket *socket = handle->data;
    (void)size;
    *buffer = uv_buf_init(socket->driver->input, READ_SIZE);
}

static void give_up_tls(redis_socket *socket)
{
    char text[PROBLEM];
    cf_buffer problem = {.data = text, .capacity = sizeof text, .limit = sizeof text};
    cf_redis_tls_problem(socket->tls, &problem);
    cf_redis_line_lost(socket->line, cf_buffer_text(&problem));
}

/* What there is to say is said first: why a handshake has failed the other side learns, too. */
static void greet(redis_socket *socket)
{
    cf_redis_tls_state state = cf_redis_tls_greet(socket->tls);
    socket->greeting = state == CF_REDIS_TLS_GREETS;
    if (!write_output(socket))
        cf_redis_line_lost(socket->line, "out of memory");
    else if (state == CF_REDIS_TLS_BROKEN)
        give_up_tls(socket);
    else if (state == CF_REDIS_TLS_READY)
        cf_redis_line_opened(socket->line);
}

static void decrypt(redis_socket *socket)
{
    char *plain = socket->driver->plain;
    int size = 1;
    while (socket->line != NULL && (size = cf_redis_tls_read(socket->tls, plain, READ_SIZE)) > 0)
        cf_redis_line_received(socket->line, cf_bytes_make(plain, (size_t)size));
    if (socket->line != NULL && size < 0)
        give_up_tls(socket);
}

static void receive_sealed(redis_socket *socket, cf_bytes bytes)
{
    if (!cf_redis_tls_feed(socket->tls, bytes)) {
        cf_redis_line_lost(socket->line, "out of memory");
        return;
    }
    if (socket->greeting)
        greet(socket);
    if (socket->line != NULL && !socket->greeting)
        decrypt(socket);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    redis_socket *socket = stream->data;
    cf_bytes bytes = cf_bytes_make(buffer->base, size > 0 ? (size_t)size : 0);
    if (size < 0)
        tell_lost(socket, (int)size);
    else if (size > 0 && enter(socket) && socket->tls != NULL)
        receive_sealed(socket, bytes);
    else if (size > 0 && socket->line != NULL)
        cf_redis_line_received(socket->line, bytes);
}

/* ---- connecting ---------------------------------------------------------------- */

static void on_connected(uv_connect_t *request, int status)
{
    redis_socket *socket = request->handle->data;
    if (status < 0) {
        tell_lost(socket, status);
        return;
    }
    if (!enter(socket))
        return;
    (void)uv_tcp_nodelay(&socket->tcp, 1);
    (void)uv_tcp_keepalive(&socket->tcp, 1, KEEP_ALIVE);
    (void)uv_read_start((uv_stream_t *)&socket->tcp, give_input, on_read);
    if (socket->tls != NULL)
        greet(socket);
    else
        cf_redis_line_opened(socket->line);
}

static int connect_to(redis_socket *socket, const struct sockaddr *address)
{
    return uv_tcp_connect(&socket->connect, &socket->tcp, address, on_connected);
}

/* Of several addresses the next attempt takes the next one: localhost may be ::1, where Redis is not. */
static const struct addrinfo *choose(const redis_socket *socket, const struct addrinfo *all)
{
    unsigned count = 0;
    for (const struct addrinfo *one = all; one != NULL; one = one->ai_next)
        count++;
    for (unsigned skipped = socket->line->failures % count; skipped > 0; skipped--)
        all = all->ai_next;
    return all;
}

static void on_looked_up(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    redis_socket *socket = CF_CONTAINER(request, redis_socket, lookup);
    socket->looking_up = false;
    if (status == 0 && socket->line != NULL && !uv_is_closing((uv_handle_t *)&socket->tcp))
        status = connect_to(socket, choose(socket, found)->ai_addr);
    uv_freeaddrinfo(found);
    if (status < 0)
        tell_lost(socket, status);
    free_when_over(socket);
}

static int look_up(redis_socket *socket, const char *host)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char port[8];
    cf_buffer digits = {.data = port, .capacity = sizeof port, .limit = sizeof port};
    cf_buffer_append_int(&digits, socket->port);
    int status = uv_getaddrinfo(socket->tcp.loop, &socket->lookup, on_looked_up, host, cf_buffer_text(&digits), &hints);
    socket->looking_up = status == 0;
    return status;
}

static int begin(redis_socket *socket, const char *host)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (uv_ip4_addr(host, socket->port, &v4) == 0)
        return connect_to(socket, (const struct sockaddr *)&v4);
    if (uv_ip6_addr(host, socket->port, &v6) == 0)
        return connect_to(socket, (const struct sockaddr *)&v6);
    return look_up(socket, host);
}

/* False without memory. */
static bool prepare_tls(redis_socket *socket, const char *host)
{
    const uv_driver *driver = socket->driver;
    if (driver->tls == NULL)
        return true;
    socket->tls = cf_redis_tls_new(driver->tls, driver->name != NULL ? driver->name : host);
    socket->greeting = true;
    return socket->tls != NULL;
}

/* NULL without memory. */
static redis_socket *new_socket(uv_driver *driver, cf_redis_line *line, const char *host, int port)
{
    const cf_allocator *allocator = driver->environment->allocator;
    redis_socket *socket = cf_alloc_zero(allocator, 1, sizeof *socket);
    if (socket == NULL)
        return NULL;
    socket->allocator = allocator;
    socket->driver = driver;
    socket->line = line;
    socket->port = port;
    socket->tcp.data = socket;
    if (prepare_tls(socket, host))
        return socket;
    cf_free(allocator, socket);
    return NULL;
}

static void *open_socket(void *user, cf_redis_line *line, const char *host, int port, const char **why)
{
    uv_driver *driver = user;
    redis_socket *socket = new_socket(driver, line, host, port);
    if (socket == NULL)
        return NULL;
    (void)uv_tcp_init(driver->environment->loop, &socket->tcp);
    int status = begin(socket, host);
    if (status == 0)
        return socket;
    *why = uv_strerror(status);
    close_socket(socket);
    return NULL;
}

/* ---- the driver ------------------------------------------------------------------- */

static void destroy(void *user)
{
    uv_driver *driver = user;
    cf_redis_tls_context_free(driver->tls);
    cf_free(driver->environment->allocator, driver->name);
    cf_free(driver->environment->allocator, driver);
}

/* What is wrong with the options was told at the start: here a file may have gone since. */
static bool set_up_tls(uv_driver *driver, const cf_config *config)
{
    const cf_allocator *allocator = driver->environment->allocator;
    cf_buffer problem;
    if (!config->redis_tls)
        return true;
    cf_buffer_init(&problem, allocator, CF_BUFFER_NO_LIMIT);
    driver->tls = cf_redis_tls_context_new(config, &problem);
    cf_buffer_free(&problem);
    if (config->redis_tls_name.size > 0)
        driver->name = cf_copy(allocator, config->redis_tls_name);
    return driver->tls != NULL && (driver->name != NULL || config->redis_tls_name.size == 0);
}

cf_engine *cf_engine_redis_new(const cf_engine_host *host)
{
    uv_driver *driver = cf_alloc_zero(host->environment->allocator, 1, sizeof *driver);
    if (driver == NULL)
        return NULL;
    driver->environment = host->environment;
    if (!set_up_tls(driver, host->config)) {
        destroy(driver);
        return NULL;
    }
    return cf_redis_engine_new(host, &(cf_redis_driver){open_socket, send_bytes, close_socket, destroy, driver});
}

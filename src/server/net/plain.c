#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/assert.h"
#include "server/net/link.h"

static ptrdiff_t send_slices(int socket, const cf_bytes *slices, size_t count)
{
    struct iovec parts[CF_NET_WRITE_SLICES];
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    for (size_t i = 0; i < count; i++) {
        parts[i].iov_base = (char *)(uintptr_t)slices[i].data; /* only read */
        parts[i].iov_len = slices[i].size;
    }
    return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Past libuv, which would use write(): that costs 5 % of a delivery. Nothing is queued, so libuv does not mind. */
static ptrdiff_t try(cf_connection *connection, const cf_bytes *slices, size_t count)
{
    uv_os_fd_t socket;
    ptrdiff_t sent;
    CF_ASSERT(count <= CF_NET_WRITE_SLICES);
    if (uv_fileno((const uv_handle_t *)&connection->tcp, &socket) != 0)
        return -1;
    do {
        sent = count == 1 ? send(socket, slices[0].data, slices[0].size, MSG_DONTWAIT | MSG_NOSIGNAL)
                          : send_slices(socket, slices, count);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    return sent;
}

typedef struct write_request {
    uv_write_t request;
    const cf_allocator *allocator;
    void (*release)(void *holder);
    void *holder;
} write_request;

static void free_write(write_request *self)
{
    self->release(self->holder);
    cf_free(self->allocator, self);
}

static void on_written(uv_write_t *request, int status)
{
    cf_connection *connection = CF_CONTAINER(request->handle, cf_connection, tcp);
    free_write(CF_CONTAINER(request, write_request, request));
    cf_connection_sent(connection, status);
}

static bool queue(cf_connection *connection, cf_bytes bytes, void (*release)(void *holder), void *holder)
{
    const cf_allocator *allocator = cf_connection_net(connection)->allocator;
    uv_buf_t buffer = {.base = (char *)(uintptr_t)bytes.data, .len = bytes.size};
    write_request *self = cf_alloc(allocator, sizeof(*self));
    if (self == NULL) {
        release(holder);
        return false;
    }
    self->allocator = allocator;
    self->release = release;
    self->holder = holder;
    if (uv_write(&self->request, (uv_stream_t *)&connection->tcp, &buffer, 1, on_written) == 0)
        return true;
    free_write(self);
    return false;
}

static size_t queued(const cf_connection *connection)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&connection->tcp);
}

typedef struct shutdown_request {
    uv_shutdown_t request;
    const cf_allocator *allocator;
} shutdown_request;

static void on_shutdown(uv_shutdown_t *request, int status)
{
    (void)status; /* the peer's end, or the timer, closes */
    shutdown_request *self = CF_CONTAINER(request, shutdown_request, request);
    cf_free(self->allocator, self);
}

static bool end(cf_connection *connection)
{
    const cf_allocator *allocator = cf_connection_net(connection)->allocator;
    shutdown_request *self = cf_alloc(allocator, sizeof(*self));
    if (self == NULL)
        return false;
    self->allocator = allocator;
    if (uv_shutdown(&self->request, (uv_stream_t *)&connection->tcp, on_shutdown) == 0)
        return true;
    cf_free(allocator, self);
    return false;
}

static void input(cf_connection *connection, char *data, size_t size)
{
    connection->protocol->read(connection, data, size);
}

const cf_link_ops cf_link_plain = {
    .size = sizeof(cf_connection),
    .try = try,
    .queue = queue,
    .queued = queued,
    .end = end,
    .input = input,
};

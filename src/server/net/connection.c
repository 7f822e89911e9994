#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <unistd.h>

#include "base/assert.h"
#include "server/net/link.h"

/* ---- the loop's share ---- */

void cf_net_init(cf_net *net, uv_loop_t *loop, const cf_allocator *allocator, cf_wheel *wheel)
{
    net->loop = loop;
    net->allocator = allocator;
    net->wheel = wheel;
    net->connection_count = 0;
    net->filled = NULL;
    net->tls = NULL;
    net->descriptor_max = 0;
    cf_list_init(&net->connections);
    cf_list_init(&net->patient);
    cf_list_init(&net->ended);
    net->patient_reads = 0;
}

cf_net *cf_connection_net(const cf_connection *connection)
{
    return connection->tcp.data;
}

void *cf_connection_owner(const cf_connection *connection)
{
    return connection->owner;
}

cf_time cf_net_now(const cf_net *net)
{
    return (cf_time)uv_now(net->loop);
}

static uv_stream_t *stream_of(cf_connection *connection)
{
    return (uv_stream_t *)&connection->tcp;
}

static void drop_list(cf_list *list)
{
    while (!cf_list_empty(list)) {
        cf_connection *connection = CF_CONTAINER(list->next, cf_connection, link);
        if (connection->protocol != NULL)
            connection->protocol->dropped(connection);
        cf_connection_close(connection);
    }
}

void cf_net_drop_all(cf_net *net)
{
    drop_list(&net->connections);
    drop_list(&net->patient);
    drop_list(&net->ended);
}

/* ---- closing ---- */

static void on_closed(uv_handle_t *handle)
{
    cf_connection *connection = CF_CONTAINER(handle, cf_connection, tcp);
    cf_net *net = cf_connection_net(connection);
    net->connection_count--;
    if (net->filled == connection)
        net->filled = NULL;
    if (connection->ops->release != NULL)
        connection->ops->release(connection);
    cf_free(net->allocator, connection);
}

void cf_connection_close(cf_connection *connection)
{
    cf_net *net = cf_connection_net(connection);
    if (connection->ops->leave != NULL)
        connection->ops->leave(connection);
    connection->protocol = NULL;
    connection->owner = NULL;
    cf_list_remove(&connection->link);
    cf_wheel_stop(net->wheel, &connection->timer);
    uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

static void finish_read(cf_connection *connection, char *data, size_t size)
{
    (void)connection;
    (void)data;
    (void)size;
}

static void nothing_to_do(cf_connection *connection)
{
    (void)connection;
}

static const cf_protocol finishing = {
    .read = finish_read,
    .written = nothing_to_do,
    .go_on = nothing_to_do,
    .ended = cf_connection_close,
    .timer = cf_connection_close,
    .dropped = nothing_to_do,
};

size_t cf_net_finishing(const cf_net *net)
{
    size_t count = 0;
    CF_LIST_EACH (link, &net->connections)
        count += CF_CONTAINER(link, cf_connection, link)->protocol == &finishing;
    return count;
}

void cf_connection_finish(cf_connection *connection)
{
    cf_net *net = cf_connection_net(connection);
    if (!connection->ops->end(connection)) {
        cf_connection_close(connection);
        return;
    }
    connection->protocol = &finishing;
    connection->owner = NULL;
    cf_connection_pause(connection, false);
    if (connection->protocol != &finishing)
        return;
    uv_update_time(net->loop); /* a long request may have taken more than this time */
    cf_connection_set_timer(connection, cf_time_after(cf_net_now(net), CF_NET_CLOSE_TIMEOUT));
}

void cf_connection_fail(cf_connection *connection)
{
    connection->protocol->dropped(connection);
    cf_connection_finish(connection);
}

/* ---- reading ---- */

static void move_to(cf_connection *connection, cf_list *list)
{
    cf_list_remove(&connection->link);
    cf_list_append(list, &connection->link);
}

static bool must_be_patient(cf_net *net, const cf_connection *connection)
{
    return connection->protocol != NULL && connection->protocol->patient && net->patient_reads++ >= CF_NET_PATIENT_MAX;
}

/* Its socket is not watched until the next round: it would be reported again and again. */
static void wait_for_round(cf_net *net, cf_connection *connection)
{
    (void)uv_read_stop(stream_of(connection));
    move_to(connection, &net->patient);
}

/*
 * libuv reads a socket up to 32 times in a row while the buffer comes back full. An empty buffer ends that, with UV_ENOBUFS and
 * without a system call; the socket stays watched and is read again in the next round.
 */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    cf_net *net = handle->data;
    cf_connection *connection = CF_CONTAINER(handle, cf_connection, tcp);
    bool had_its_share = net->filled == connection;
    net->filled = NULL;
    connection->patient = !had_its_share && must_be_patient(net, connection);
    *buffer = uv_buf_init(net->read_buffer, had_its_share || connection->patient ? 0 : sizeof(net->read_buffer));
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    cf_connection *connection = CF_CONTAINER(stream, cf_connection, tcp);
    cf_net *net = cf_connection_net(connection);
    if (size == UV_ENOBUFS && connection->patient)
        wait_for_round(net, connection);
    if (size == 0 || size == UV_ENOBUFS)
        return;
    if ((size_t)size == sizeof(net->read_buffer))
        net->filled = connection;
    if (connection->protocol == NULL)
        return;
    net->enter(net->user);
    if (size < 0) { /* thousands may go at the same time */
        move_to(connection, &net->ended);
        return;
    }
    connection->ops->input(connection, buffer->base, (size_t)size);
    (void)net->input(net->user, (size_t)size);
}

static void read_again(cf_connection *connection)
{
    (void)uv_read_start(stream_of(connection), on_alloc, on_read); /* refused where it reads already, or the peer has ended */
}

/* Its wait is over. True: it has filled a turn. */
static bool take_turn(cf_net *net, cf_connection *connection)
{
    move_to(connection, &net->connections);
    if (connection->yielded) {
        connection->yielded = false;
        net->patient_reads++;
        net->enter(net->user);
        connection->protocol->go_on(connection);
        return net->input(net->user, 0);
    }
    if (!connection->paused)
        read_again(connection);
    return false;
}

/* Who yields again stands behind `last`. */
static void let_patient_go_on(cf_net *net)
{
    const cf_list *last = net->patient.previous;
    size_t turns = 0;
    net->patient_reads = 0;
    for (size_t i = 0; i < CF_NET_PATIENT_MAX && turns < CF_NET_GO_ON_MAX && !cf_list_empty(&net->patient); i++) {
        cf_list *next = net->patient.next;
        turns += take_turn(net, CF_CONTAINER(next, cf_connection, link));
        if (next == last)
            return;
    }
}

bool cf_net_begin_round(cf_net *net)
{
    let_patient_go_on(net);
    for (size_t i = 0; i < CF_NET_ENDS_MAX && !cf_list_empty(&net->ended); i++) {
        cf_connection *connection = CF_CONTAINER(net->ended.next, cf_connection, link);
        net->enter(net->user);
        connection->protocol->ended(connection); /* which closes it */
    }
    return cf_list_empty(&net->ended) && cf_list_empty(&net->patient);
}

void cf_connection_pause(cf_connection *connection, bool pause)
{
    if (uv_is_closing((uv_handle_t *)&connection->tcp))
        return;
    connection->paused = pause;
    if (pause)
        (void)uv_read_stop(stream_of(connection));
    else
        read_again(connection);
}

void cf_connection_yield(cf_connection *connection)
{
    cf_connection_pause(connection, true);
    connection->yielded = true;
    move_to(connection, &cf_connection_net(connection)->patient);
}

static void on_timer(cf_timer *timer)
{
    cf_connection *connection = CF_CONTAINER(timer, cf_connection, timer);
    if (connection->protocol != NULL)
        connection->protocol->timer(connection);
}

void cf_connection_set_timer(cf_connection *connection, cf_time deadline)
{
    cf_net *net = cf_connection_net(connection);
    if (deadline == CF_TIME_NEVER)
        cf_wheel_stop(net->wheel, &connection->timer);
    else
        cf_wheel_set(net->wheel, &connection->timer, deadline);
}

/* NULL without memory. */
static cf_connection *new_connection(cf_net *net, const cf_link_ops *ops)
{
    cf_connection *connection = cf_alloc_zero(net->allocator, 1, ops->size);
    if (connection == NULL)
        return NULL;
    int status = uv_tcp_init(net->loop, &connection->tcp);
    CF_ASSERT(status == 0); /* fails for bad flags only */
    connection->tcp.data = net;
    connection->ops = ops;
    connection->timer.fire = on_timer;
    cf_list_append(&net->connections, &connection->link);
    net->connection_count++;
    return connection;
}

cf_connection *cf_connection_accept(cf_net *net, uv_stream_t *listener, const cf_link_ops *ops)
{
    cf_connection *connection = new_connection(net, ops);
    if (connection == NULL)
        return NULL;
    if (uv_accept(listener, stream_of(connection)) != 0) {
        cf_connection_close(connection);
        return NULL;
    }
    (void)uv_tcp_nodelay(&connection->tcp, 1);
    return connection;
}

/* ---- from one loop to another ---- */

bool cf_connection_part(cf_connection *connection, cf_parted *parted)
{
    uv_os_fd_t socket;
    CF_ASSERT(!cf_connection_busy(connection));
    if (uv_fileno((const uv_handle_t *)&connection->tcp, &socket) != 0)
        return false;
    int own = fcntl(socket, F_DUPFD_CLOEXEC, 0);
    if (own < 0)
        return false;
    *parted = (cf_parted){.socket = own, .link = connection->ops};
    if (connection->ops->take != NULL)
        parted->kept = connection->ops->take(connection);
    cf_connection_close(connection);
    return true;
}

void cf_parted_drop(const cf_parted *parted)
{
    if (parted->link->drop != NULL)
        parted->link->drop(parted->kept);
    (void)close(parted->socket);
}

cf_connection *cf_connection_join(cf_net *net, const cf_parted *parted)
{
    cf_connection *connection = new_connection(net, parted->link);
    if (connection == NULL || uv_tcp_open(&connection->tcp, parted->socket) != 0) {
        if (connection != NULL)
            cf_connection_close(connection);
        cf_parted_drop(parted);
        return NULL;
    }
    if (parted->link->give != NULL)
        parted->link->give(connection, parted->kept);
    return connection;
}

void cf_connection_start(cf_connection *connection, const cf_protocol *protocol, void *owner)
{
    connection->protocol = protocol;
    connection->owner = owner;
    cf_connection_pause(connection, false);
}

/* ---- writing ---- */

void cf_connection_sent(cf_connection *connection, int status)
{
    cf_net *net = cf_connection_net(connection);
    if (connection->protocol == NULL || status == UV_ECANCELED)
        return;
    net->enter(net->user);
    bool more = connection->ops->drained != NULL && status == 0;
    if (status < 0 || (more && !connection->ops->drained(connection)))
        connection->protocol->ended(connection);
    else if (!cf_connection_busy(connection))
        connection->protocol->written(connection);
}

size_t cf_connection_queued(const cf_connection *connection)
{
    return connection->ops->queued(connection);
}

bool cf_connection_busy(const cf_connection *connection)
{
    return cf_connection_queued(connection) > 0;
}

size_t cf_connection_rest_max(const cf_connection *connection)
{
    return connection->ops->rest_max;
}

ptrdiff_t cf_connection_try(cf_connection *connection, const cf_bytes *slices, size_t count)
{
    return connection->ops->try(connection, slices, count);
}

bool cf_connection_queue(cf_connection *connection, cf_bytes bytes, void (*release)(void *holder), void *holder)
{
    return connection->ops->queue(connection, bytes, release, holder);
}

typedef struct copy {
    const cf_allocator *allocator;
    char bytes[];
} copy;

static void free_copy(void *holder)
{
    copy *self = holder;
    cf_free(self->allocator, self);
}

/* A copy of what stands behind the first `skip` bytes, in one block. NULL without memory. */
static copy *copy_rest(const cf_allocator *allocator, const cf_bytes *slices, size_t count, size_t skip, size_t size)
{
    copy *self = cf_alloc(allocator, sizeof(*self) + size);
    if (self == NULL)
        return NULL;
    self->allocator = allocator;
    char *at = self->bytes;
    for (size_t i = 0; i < count; i++) {
        cf_bytes rest = cf_bytes_slice(slices[i], skip, slices[i].size);
        skip -= slices[i].size - rest.size;
        if (rest.size > 0)
            memcpy(at, rest.data, rest.size);
        at += rest.size;
    }
    return self;
}

static bool send_slices(cf_connection *connection, const cf_link_ops *ops, const cf_bytes *slices, size_t count)
{
    ptrdiff_t sent = ops->queued(connection) > 0 ? 0 : ops->try(connection, slices, count);
    if (sent < 0)
        return false;
    size_t size = cf_bytes_total(slices, count) - (size_t)sent;
    if (size == 0)
        return true;
    copy *rest = copy_rest(cf_connection_net(connection)->allocator, slices, count, (size_t)sent, size);
    return rest != NULL && ops->queue(connection, cf_bytes_make(rest->bytes, size), free_copy, rest);
}

bool cf_link_send(cf_connection *connection, const cf_link_ops *below, cf_bytes bytes)
{
    return send_slices(connection, below, &bytes, 1);
}

bool cf_connection_send(cf_connection *connection, cf_bytes bytes)
{
    return cf_link_send(connection, connection->ops, bytes);
}

bool cf_connection_send_slices(cf_connection *connection, const cf_bytes *slices, size_t count)
{
    return send_slices(connection, connection->ops, slices, count);
}

void cf_connection_peer(const cf_connection *connection, char *text, size_t size)
{
    struct sockaddr_storage address;
    int length = (int)sizeof(address);
    text[0] = 0;
    if (uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&address, &length) == 0 &&
        uv_ip_name((const struct sockaddr *)&address, text, size) != 0)
        (void)snprintf(text, size, "this machine"); /* by a Unix socket */
}

#include "server/net/tls.h"

#include <string.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "server/net/link.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#define RECORD_MAX SSL3_RT_MAX_PLAIN_LENGTH

/* Bytes that are sealed before they are sent: full records for one system call. */
#define SEALED_ENOUGH (3 * RECORD_MAX)
/* The most that are sealed then. */
#define SEALED_MAX (SEALED_ENOUGH + SSL3_RT_MAX_ENCRYPTED_LENGTH)

struct cf_tls {
    cf_net *net;
    cf_tls_context *context;
    BIO_METHOD *method;
    BIO *bio;           /* of all connections, for both ways */
    cf_bytes input;     /* what OpenSSL has not read of a socket's bytes */
    cf_buffer sealed;   /* what it has written, for the connection that it works for */
    size_t updates;     /* of keys, in this input */
    cf_list handshakes; /* tls_connection: the oldest first */
    size_t handshake_count;
    char gathered[RECORD_MAX];                   /* of a record, before it is sealed */
    char plain[CF_NET_READ_BUFFER + RECORD_MAX]; /* what a read and the record that it ends have said */
};

typedef struct tls_connection {
    cf_connection connection;
    cf_list handshake; /* in cf_tls, until it has ended */
    cf_tls *tls;
    SSL *ssl;       /* NULL before the first byte */
    cf_list pieces; /* that wait, not sealed */
    size_t waiting; /* bytes of theirs */
    bool ending;    /* our side ends behind them */
    bool deaf;      /* what comes is not looked at any more */
    bool goodbye;   /* was said */
} tls_connection;

/* Bytes that wait until the socket has taken those before them. */
typedef struct piece {
    cf_list link;
    const cf_allocator *allocator;
    cf_bytes rest;
    void (*release)(void *holder);
    void *holder;
} piece;

static tls_connection *of(const cf_connection *connection)
{
    return (tls_connection *)(uintptr_t)connection;
}

/* ---- what OpenSSL reads and writes ---- */

static int bio_read(BIO *bio, char *out, int size)
{
    cf_tls *tls = BIO_get_data(bio);
    size_t taken = tls->input.size < (size_t)size ? tls->input.size : (size_t)size;
    BIO_clear_retry_flags(bio);
    if (taken == 0 || tls->updates > CF_TLS_UPDATES_MAX) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(out, tls->input.data, taken);
    tls->input = cf_bytes_slice(tls->input, taken, tls->input.size);
    return (int)taken;
}

static int bio_write(BIO *bio, const char *data, int size)
{
    cf_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    cf_buffer_append(&tls->sealed, cf_bytes_make(data, (size_t)size));
    return tls->sealed.failed ? -1 : size;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static void on_message(int writing, int version, int type, const void *data, size_t size, SSL *ssl, void *user)
{
    cf_tls *tls = user;
    (void)version;
    (void)ssl;
    if (!writing && type == SSL3_RT_HANDSHAKE && size > 0 && *(const uint8_t *)data == SSL3_MT_KEY_UPDATE)
        tls->updates++;
}

/* ---- writing ---- */

/* False: the connection is broken, or there is no memory. */
static bool send_sealed(tls_connection *self)
{
    cf_buffer *sealed = &self->tls->sealed;
    if (sealed->size == 0 && !sealed->failed)
        return true;
    bool sent = !sealed->failed && cf_link_send(&self->connection, &cf_link_plain, cf_buffer_bytes(sealed));
    cf_buffer_clear(sealed);
    return sent;
}

static bool seal(tls_connection *self, cf_bytes plain)
{
    ERR_clear_error();
    return SSL_write(self->ssl, plain.data, (int)plain.size) == (int)plain.size;
}

/* Slices of which bytes are taken. */
typedef struct source {
    cf_bytes rest; /* of the first one */
    const cf_bytes *next;
    size_t count; /* of those from `next` on */
} source;

static cf_bytes take(source *from, size_t size)
{
    cf_bytes part = cf_bytes_slice(from->rest, 0, size);
    from->rest = cf_bytes_slice(from->rest, part.size, from->rest.size);
    if (from->rest.size == 0 && from->count > 0) {
        from->rest = *from->next++;
        from->count--;
    }
    return part;
}

/* As much as fits into a record; what lies together is not copied. */
static cf_bytes take_record(cf_tls *tls, source *from)
{
    size_t size = 0;
    cf_bytes part = take(from, RECORD_MAX);
    if (part.size == RECORD_MAX || from->rest.size == 0)
        return part;
    for (; part.size > 0; part = take(from, RECORD_MAX - size)) {
        memcpy(tls->gathered + size, part.data, part.size);
        size += part.size;
    }
    return cf_bytes_make(tls->gathered, size);
}

static bool is_full(const tls_connection *self)
{
    return cf_link_plain.queued(&self->connection) > 0;
}

/* Bytes for one system call, sent; 0: it failed. */
static size_t send_some(tls_connection *self, source *from)
{
    size_t taken = 0;
    while (from->rest.size > 0 && self->tls->sealed.size < SEALED_ENOUGH) {
        cf_bytes record = take_record(self->tls, from);
        if (!seal(self, record))
            return 0;
        taken += record.size;
    }
    return send_sealed(self) ? taken : 0;
}

/* Stops only when the socket is full: it still gets the records that it has taken a part of. */
static ptrdiff_t try(cf_connection *connection, const cf_bytes *slices, size_t count)
{
    tls_connection *self = of(connection);
    source from = {slices[0], slices + 1, count - 1};
    ptrdiff_t taken = 0;
    while (from.rest.size > 0 && !is_full(self)) {
        size_t some = send_some(self, &from);
        if (some == 0)
            return -1;
        taken += (ptrdiff_t)some;
    }
    return taken;
}

static void free_piece(piece *self)
{
    cf_list_remove(&self->link);
    self->release(self->holder);
    cf_free(self->allocator, self);
}

static bool queue(cf_connection *connection, cf_bytes bytes, void (*release)(void *holder), void *holder)
{
    tls_connection *self = of(connection);
    const cf_allocator *allocator = cf_connection_net(connection)->allocator;
    piece *last = cf_alloc_zero(allocator, 1, sizeof(*last));
    CF_ASSERT(is_full(self)); /* so drained() will be called */
    if (last == NULL) {
        release(holder);
        return false;
    }
    *last = (piece){.allocator = allocator, .rest = bytes, .release = release, .holder = holder};
    cf_list_append(&self->pieces, &last->link);
    self->waiting += bytes.size;
    return true;
}

static size_t queued(const cf_connection *connection)
{
    return of(connection)->waiting + cf_link_plain.queued(connection);
}

/* ---- the end ---- */

static bool is_shaken(const tls_connection *self)
{
    return self->ssl != NULL && SSL_is_init_finished(self->ssl);
}

/* Tells the peer that this is all, and was not cut off. */
static void say_goodbye(tls_connection *self)
{
    if (is_shaken(self) && !self->goodbye) {
        ERR_clear_error();
        (void)SSL_shutdown(self->ssl);
        (void)send_sealed(self);
    }
    self->goodbye = true;
}

static void leave(cf_connection *connection)
{
    tls_connection *self = of(connection);
    if (queued(connection) == 0)
        say_goodbye(self);
}

static bool end_now(tls_connection *self)
{
    self->ending = false;
    say_goodbye(self);
    return cf_link_plain.end(&self->connection);
}

static bool end(cf_connection *connection)
{
    tls_connection *self = of(connection);
    self->deaf = true;
    self->ending = self->waiting > 0;
    return self->ending || end_now(self);
}

static bool send_some_of_piece(tls_connection *self)
{
    piece *first = CF_CONTAINER(self->pieces.next, piece, link);
    source from = {.rest = first->rest};
    size_t taken = send_some(self, &from);
    first->rest = from.rest;
    self->waiting -= taken;
    if (from.rest.size == 0)
        free_piece(first);
    return taken > 0;
}

static bool drained(cf_connection *connection)
{
    tls_connection *self = of(connection);
    while (self->waiting > 0 && !is_full(self)) {
        if (!send_some_of_piece(self))
            return false;
    }
    return self->waiting > 0 || !self->ending || end_now(self);
}

/* ---- handshakes ---- */

static void leave_handshakes(tls_connection *self)
{
    self->tls->handshake_count -= cf_list_linked(&self->handshake);
    cf_list_remove(&self->handshake);
}

static void end_oldest_handshake(cf_tls *tls)
{
    tls_connection *oldest = CF_CONTAINER(tls->handshakes.next, tls_connection, handshake);
    leave_handshakes(oldest);
    if (oldest->connection.protocol == NULL)
        return;
    oldest->connection.protocol->dropped(&oldest->connection);
    cf_connection_close(&oldest->connection);
}

/* With the first byte, so that who says nothing costs little. */
static bool begin(tls_connection *self)
{
    cf_tls *tls = self->tls;
    self->ssl = SSL_new(tls->context);
    if (self->ssl == NULL)
        return false;
    (void)BIO_up_ref(tls->bio);
    SSL_set_bio(self->ssl, tls->bio, tls->bio);
    SSL_set_accept_state(self->ssl);
    SSL_set_msg_callback(self->ssl, on_message);
    SSL_set_msg_callback_arg(self->ssl, tls);
    if (tls->handshake_count == CF_TLS_HANDSHAKES_MAX)
        end_oldest_handshake(tls);
    cf_list_append(&tls->handshakes, &self->handshake);
    tls->handshake_count++;
    return true;
}

/* ---- reading ---- */

typedef enum outcome { MORE, OVER, FAILED } outcome;

static outcome outcome_of(const tls_connection *self, int status)
{
    switch (SSL_get_error(self->ssl, status)) {
    case SSL_ERROR_NONE:
        return MORE;
    case SSL_ERROR_WANT_READ:
        return self->tls->updates > CF_TLS_UPDATES_MAX ? FAILED : MORE;
    case SSL_ERROR_ZERO_RETURN:
        return OVER;
    default:
        return FAILED;
    }
}

/* All of the input; `plain` has room for it. */
static outcome open_records(tls_connection *self, size_t *size)
{
    cf_tls *tls = self->tls;
    int got;
    ERR_clear_error();
    do {
        got = SSL_read(self->ssl, tls->plain + *size, (int)(sizeof(tls->plain) - *size));
        *size += got > 0 ? (size_t)got : 0;
    } while (got > 0 && tls->input.size > 0);
    return outcome_of(self, got);
}

static outcome read_input(tls_connection *self, cf_bytes input, size_t *size)
{
    cf_tls *tls = self->tls;
    if (self->ssl == NULL && !begin(self))
        return FAILED;
    if (cf_list_linked(&self->handshake))
        tls->net->patient_reads += CF_TLS_HANDSHAKE_READS;
    tls->input = input;
    tls->updates = 0;
    outcome result = open_records(self, size);
    if (!send_sealed(self))
        result = FAILED;
    if (is_shaken(self))
        leave_handshakes(self);
    return result;
}

static const char *failure(const tls_connection *self)
{
    if (self->ssl == NULL)
        return "out of memory";
    if (self->tls->updates > CF_TLS_UPDATES_MAX)
        return "too many new keys";
    const char *text = ERR_reason_error_string(ERR_peek_error());
    return text == NULL ? "unknown reason" : text;
}

static void fail_tls(tls_connection *self)
{
    const cf_net *net = self->tls->net;
    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST)
        (void)cf_link_send(&self->connection, &cf_link_plain,
                           CF_BYTES("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"));
    if (net->failed != NULL)
        net->failed(net->user, &self->connection, failure(self));
    cf_connection_fail(&self->connection);
}

/* The peer has said goodbye, and may go on to read. The end is heard when it would be read, as on the plain link. */
static void end_reading(cf_connection *connection)
{
    uv_os_fd_t socket;
    if (uv_fileno((const uv_handle_t *)&connection->tcp, &socket) == 0)
        (void)shutdown(socket, SHUT_RD);
}

static void input(cf_connection *connection, char *data, size_t size)
{
    tls_connection *self = of(connection);
    size_t got = 0;
    if (self->deaf)
        return;
    outcome result = read_input(self, cf_bytes_make(data, size), &got);
    if (got > 0)
        connection->protocol->read(connection, self->tls->plain, got);
    if (connection->protocol == NULL || self->deaf || result == MORE)
        return;
    self->deaf = true;
    if (result == FAILED)
        fail_tls(self);
    else
        end_reading(connection);
}

static void release(cf_connection *connection)
{
    tls_connection *self = of(connection);
    if (self->tls == NULL) /* it could not be accepted */
        return;
    leave_handshakes(self);
    while (!cf_list_empty(&self->pieces))
        free_piece(CF_CONTAINER(self->pieces.next, piece, link));
    SSL_free(self->ssl);
}

static void *take_ssl(cf_connection *connection)
{
    tls_connection *self = of(connection);
    SSL *ssl = self->ssl;
    self->ssl = NULL;
    return ssl;
}

/* From now on it reads and writes by this loop's means. */
static void give_ssl(cf_connection *connection, void *kept)
{
    cf_tls *tls = cf_connection_net(connection)->tls;
    tls_connection *self = of(connection);
    self->tls = tls;
    self->ssl = kept;
    cf_list_init(&self->pieces);
    (void)BIO_up_ref(tls->bio);
    SSL_set_bio(self->ssl, tls->bio, tls->bio);
    SSL_set_msg_callback_arg(self->ssl, tls);
}

static void drop_ssl(void *kept)
{
    SSL_free(kept);
}

static const cf_link_ops link_tls = {
    .size = sizeof(tls_connection),
    .rest_max = SEALED_MAX,
    .try = try,
    .queue = queue,
    .queued = queued,
    .drained = drained,
    .end = end,
    .input = input,
    .leave = leave,
    .release = release,
    .take = take_ssl,
    .give = give_ssl,
    .drop = drop_ssl,
};

/* ---- what a loop's connections share ---- */

static bool make_bio(cf_tls *self)
{
    self->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "centrifuged");
    if (self->method == NULL)
        return false;
    (void)BIO_meth_set_read(self->method, bio_read);
    (void)BIO_meth_set_write(self->method, bio_write);
    (void)BIO_meth_set_ctrl(self->method, bio_control);
    self->bio = BIO_new(self->method);
    if (self->bio == NULL)
        return false;
    BIO_set_data(self->bio, self);
    BIO_set_init(self->bio, 1);
    return true;
}

cf_tls *cf_tls_new(cf_net *net, cf_tls_context *context)
{
    cf_tls *self = cf_alloc_zero(net->allocator, 1, sizeof(*self));
    if (self == NULL)
        return NULL;
    self->net = net;
    cf_list_init(&self->handshakes);
    cf_buffer_init(&self->sealed, net->allocator, CF_BUFFER_NO_LIMIT);
    cf_tls_set_context(self, context);
    net->tls = self;
    if (make_bio(self))
        return self;
    cf_tls_free(self);
    return NULL;
}

void cf_tls_free(cf_tls *self)
{
    if (self == NULL)
        return;
    BIO_free_all(self->bio);
    BIO_meth_free(self->method);
    cf_buffer_free(&self->sealed);
    cf_tls_context_release(self->context);
    cf_free(self->net->allocator, self);
}

void cf_tls_set_context(cf_tls *self, cf_tls_context *context)
{
    cf_tls_context_retain(context);
    cf_tls_context_release(self->context);
    self->context = context;
}

cf_connection *cf_tls_accept(cf_tls *tls, uv_stream_t *listener)
{
    cf_connection *connection = cf_connection_accept(tls->net, listener, &link_tls);
    if (connection == NULL)
        return NULL;
    of(connection)->tls = tls;
    cf_list_init(&of(connection)->pieces);
    return connection;
}

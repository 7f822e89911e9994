#include "server/net/tls.h"

#include <string.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "server/net/link.h"
#include "server/net/records.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

/* Bytes that are sealed before they are sent: full records for one system call. */
#define SEALED_ENOUGH (4 * CF_RECORD_MAX)
/* The most that are sealed then. */
#define SEALED_MAX (SEALED_ENOUGH + CF_RECORD_SEALED_MAX)
/* The beginning of a record, and what a read brings behind it. */
#define SPLIT_MAX (CF_RECORD_SEALED_MAX + CF_NET_READ_BUFFER)

struct cf_tls {
    cf_net *net;
    cf_tls_context *context;
    cf_record_ciphers *ciphers;
    BIO_METHOD *method;
    BIO *bio;            /* of all connections, for both ways */
    cf_bytes input;      /* what OpenSSL has not read of a socket's bytes */
    size_t updates;      /* of keys, that it has read there */
    cf_buffer sealed;    /* what is written for the connection that is worked for */
    const char *problem; /* with its records; NULL: OpenSSL knows */
    cf_list handshakes;  /* tls_connection: the oldest first */
    size_t handshake_count;
    char gathered[CF_RECORD_MAX]; /* of a record, before it is sealed */
    char plain[SPLIT_MAX];        /* what is read at once says */
};

/* From the first byte on, so that who says nothing costs little. It goes with its connection from loop to loop. */
typedef struct conversation {
    const cf_allocator *allocator;
    SSL *ssl;           /* NULL: by `records`, from the end of a handshake that can be taken over */
    cf_records records; /* the secrets, and then all */
    cf_buffer split;    /* the beginning of a record */
} conversation;

typedef struct tls_connection {
    cf_connection connection;
    cf_list handshake; /* in cf_tls, until it has ended */
    cf_tls *tls;
    conversation *talk; /* NULL before the first byte */
    cf_list pieces;     /* that wait, not sealed */
    size_t waiting;     /* bytes of theirs */
    bool ending;        /* our side ends behind them */
    bool deaf;          /* what comes is not looked at any more */
    bool goodbye;       /* was said */
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
    if (taken == 0 || tls->updates > CF_RECORD_UPDATES_MAX) {
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

static bool is_update(int type, const void *data, size_t size)
{
    return type == SSL3_RT_HANDSHAKE && size > 0 && *(const uint8_t *)data == SSL3_MT_KEY_UPDATE;
}

/* The records are counted that OpenSSL writes with the secret it has told last. */
static void on_message(int writing, int version, int type, const void *data, size_t size, SSL *ssl, void *user)
{
    conversation *talk = user;
    cf_tls *tls = BIO_get_data(SSL_get_rbio(ssl));
    (void)version;
    if (writing && type == SSL3_RT_HEADER)
        cf_records_written(&talk->records);
    if (!writing && is_update(type, data, size))
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
    conversation *talk = self->talk;
    if (talk->ssl == NULL)
        return cf_records_seal(&talk->records, self->tls->ciphers, CF_RECORD_DATA, plain, &self->tls->sealed);
    ERR_clear_error();
    return SSL_write(talk->ssl, plain.data, (int)plain.size) == (int)plain.size;
}

/* Slices of which bytes are taken. */
typedef struct source {
    cf_bytes rest; /* of the first one that has bytes; empty: all are taken */
    const cf_bytes *next;
    size_t count; /* of those from `next` on */
} source;

static void skip_empty(source *from)
{
    for (; from->rest.size == 0 && from->count > 0; from->count--)
        from->rest = *from->next++;
}

static cf_bytes take(source *from, size_t size)
{
    cf_bytes part = cf_bytes_slice(from->rest, 0, size);
    from->rest = cf_bytes_slice(from->rest, part.size, from->rest.size);
    skip_empty(from);
    return part;
}

/* As much as fits into a record; what lies together is not copied. */
static cf_bytes take_record(cf_tls *tls, source *from)
{
    size_t size = 0;
    cf_bytes part = take(from, CF_RECORD_MAX);
    if (part.size == CF_RECORD_MAX || from->rest.size == 0)
        return part;
    for (; part.size > 0; part = take(from, CF_RECORD_MAX - size)) {
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
    source from = {.next = slices, .count = count};
    ptrdiff_t taken = 0;
    skip_empty(&from);
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
    return self->talk != NULL && (self->talk->ssl == NULL || SSL_is_init_finished(self->talk->ssl));
}

static void seal_goodbye(tls_connection *self)
{
    conversation *talk = self->talk;
    ERR_clear_error();
    if (talk->ssl == NULL)
        (void)cf_records_seal_end(&talk->records, self->tls->ciphers, &self->tls->sealed);
    else
        (void)SSL_shutdown(talk->ssl);
}

/* Tells the peer that this is all, and was not cut off. */
static void say_goodbye(tls_connection *self)
{
    if (is_shaken(self) && !self->goodbye) {
        seal_goodbye(self);
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

static void free_talk(conversation *talk)
{
    if (talk == NULL)
        return;
    SSL_free(talk->ssl);
    cf_records_end(&talk->records);
    cf_buffer_free(&talk->split);
    cf_free(talk->allocator, talk);
}

/* OpenSSL reads and writes by this loop's means. */
static void serve_ssl(cf_tls *tls, conversation *talk)
{
    (void)BIO_up_ref(tls->bio);
    SSL_set_bio(talk->ssl, tls->bio, tls->bio);
}

static bool make_ssl(cf_tls *tls, conversation *talk)
{
    talk->ssl = SSL_new(tls->context);
    if (talk->ssl == NULL || SSL_set_app_data(talk->ssl, &talk->records) != 1)
        return false;
    serve_ssl(tls, talk);
    SSL_set_accept_state(talk->ssl);
    SSL_set_msg_callback(talk->ssl, on_message);
    SSL_set_msg_callback_arg(talk->ssl, talk);
    return true;
}

/* NULL without memory. */
static conversation *new_talk(cf_tls *tls)
{
    const cf_allocator *allocator = tls->net->allocator;
    conversation *talk = cf_alloc_zero(allocator, 1, sizeof(*talk));
    if (talk == NULL)
        return NULL;
    talk->allocator = allocator;
    cf_buffer_init(&talk->split, allocator, SPLIT_MAX);
    if (make_ssl(tls, talk))
        return talk;
    free_talk(talk);
    return NULL;
}

static bool begin(tls_connection *self)
{
    cf_tls *tls = self->tls;
    self->talk = new_talk(tls);
    if (self->talk == NULL)
        return false;
    if (tls->handshake_count == CF_TLS_HANDSHAKES_MAX)
        end_oldest_handshake(tls);
    cf_list_append(&tls->handshakes, &self->handshake);
    tls->handshake_count++;
    return true;
}

/* Has it told its secrets, and those that records.h knows? */
static bool can_be_taken_over(const conversation *talk)
{
    return SSL_version(talk->ssl) == TLS1_3_VERSION && SSL_CTX_get_keylog_callback(SSL_get_SSL_CTX(talk->ssl)) != NULL;
}

/* A TLS 1.3 connection needs no more of OpenSSL, which has read to the end of a record. NULL, or the problem. */
static const char *take_over(conversation *talk)
{
    if (!can_be_taken_over(talk))
        return NULL;
    if (SSL_has_pending(talk->ssl))
        return "unexpected message";
    if (!cf_records_begin(&talk->records, SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(talk->ssl))))
        return "out of memory";
    SSL_free(talk->ssl);
    talk->ssl = NULL;
    return NULL;
}

/* ---- reading ---- */

typedef cf_records_outcome outcome;

static outcome outcome_of(const tls_connection *self, int status)
{
    cf_tls *tls = self->tls;
    if (tls->updates > CF_RECORD_UPDATES_MAX) {
        tls->problem = "too many new keys";
        return CF_RECORDS_FAILED;
    }
    switch (SSL_get_error(self->talk->ssl, status)) {
    case SSL_ERROR_NONE:
    case SSL_ERROR_WANT_READ:
        return CF_RECORDS_MORE;
    case SSL_ERROR_ZERO_RETURN:
        return CF_RECORDS_OVER;
    default:
        return CF_RECORDS_FAILED;
    }
}

static outcome shake(tls_connection *self)
{
    ERR_clear_error();
    int status = SSL_do_handshake(self->talk->ssl);
    if (status != 1)
        return outcome_of(self, status);
    leave_handshakes(self);
    self->tls->problem = take_over(self->talk);
    return self->tls->problem == NULL ? CF_RECORDS_MORE : CF_RECORDS_FAILED;
}

/* All of the input; `plain` has room for it. */
static outcome read_ssl(tls_connection *self, size_t *size)
{
    cf_tls *tls = self->tls;
    int got;
    ERR_clear_error();
    do {
        got = SSL_read(self->talk->ssl, tls->plain + *size, (int)(sizeof(tls->plain) - *size));
        *size += got > 0 ? (size_t)got : 0;
    } while (got > 0 && tls->input.size > 0);
    return outcome_of(self, got);
}

/* The beginning of a record waits for the rest. */
static void keep_split(conversation *talk, cf_bytes rest)
{
    if (talk->split.size > 0)
        cf_buffer_consume(&talk->split, talk->split.size - rest.size);
    else
        cf_buffer_append(&talk->split, rest);
    if (rest.size == 0)
        cf_buffer_free(&talk->split);
}

static outcome read_records(tls_connection *self, size_t *size)
{
    cf_tls *tls = self->tls;
    conversation *talk = self->talk;
    cf_records_reading reading = {.rest = tls->input, .plain = tls->plain, .answer = &tls->sealed};
    if (talk->split.size > 0) {
        cf_buffer_append(&talk->split, tls->input);
        reading.rest = cf_buffer_bytes(&talk->split);
    }
    outcome result = talk->split.failed ? CF_RECORDS_FAILED : cf_records_read(&talk->records, tls->ciphers, &reading);
    keep_split(talk, reading.rest);
    *size = reading.size;
    tls->problem = talk->split.failed ? "out of memory" : reading.problem;
    return talk->split.failed ? CF_RECORDS_FAILED : result;
}

static outcome read_talk(tls_connection *self, size_t *size)
{
    if (!is_shaken(self)) {
        self->tls->net->patient_reads += CF_TLS_HANDSHAKE_READS;
        outcome result = shake(self);
        if (result != CF_RECORDS_MORE || !is_shaken(self))
            return result;
    }
    return self->talk->ssl == NULL ? read_records(self, size) : read_ssl(self, size);
}

static outcome read_input(tls_connection *self, cf_bytes input, size_t *size)
{
    cf_tls *tls = self->tls;
    tls->input = input;
    tls->updates = 0;
    tls->problem = NULL;
    if (self->talk == NULL && !begin(self)) {
        tls->problem = "out of memory";
        return CF_RECORDS_FAILED;
    }
    outcome result = read_talk(self, size);
    return send_sealed(self) ? result : CF_RECORDS_FAILED;
}

static const char *failure(const cf_tls *tls)
{
    const char *text = tls->problem == NULL ? ERR_reason_error_string(ERR_peek_error()) : tls->problem;
    return text == NULL ? "unknown reason" : text;
}

static void fail_tls(tls_connection *self)
{
    const cf_net *net = self->tls->net;
    self->goodbye = true; /* an alert has said it */
    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST)
        (void)cf_link_send(&self->connection, &cf_link_plain,
                           CF_BYTES("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"));
    if (net->failed != NULL)
        net->failed(net->user, &self->connection, failure(self->tls));
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
    if (connection->protocol == NULL || self->deaf || result == CF_RECORDS_MORE)
        return;
    self->deaf = true;
    if (result == CF_RECORDS_FAILED)
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
    free_talk(self->talk);
}

static void *take_talk(cf_connection *connection)
{
    tls_connection *self = of(connection);
    conversation *talk = self->talk;
    self->talk = NULL;
    return talk;
}

static void give_talk(cf_connection *connection, void *kept)
{
    cf_tls *tls = cf_connection_net(connection)->tls;
    tls_connection *self = of(connection);
    self->tls = tls;
    self->talk = kept;
    cf_list_init(&self->pieces);
    if (self->talk->ssl != NULL)
        serve_ssl(tls, self->talk);
}

static void drop_talk(void *kept)
{
    free_talk(kept);
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
    .take = take_talk,
    .give = give_talk,
    .drop = drop_talk,
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
    self->ciphers = cf_record_ciphers_new(net->allocator);
    if (self->ciphers != NULL && make_bio(self))
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
    cf_record_ciphers_free(self->ciphers);
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

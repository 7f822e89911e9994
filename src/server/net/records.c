#include "server/net/records.h"

#include <string.h>

#include "base/assert.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>

#define TAG         16 /* bytes */
#define VERSION     0x0303
#define LABEL_MAX   32
#define SUITE_COUNT 3

struct cf_record_suite {
    unsigned number;
    const char *cipher;
    const EVP_MD *(*digest)(void);
    size_t key_size;
    size_t secret_size;
};

static const cf_record_suite suites[SUITE_COUNT] = {
    {0x1301, "AES-128-GCM", EVP_sha256, 16, 32},
    {0x1302, "AES-256-GCM", EVP_sha384, 32, 48},
    {0x1303, "ChaCha20-Poly1305", EVP_sha256, 32, 32},
};

/* ---- ciphers ---- */

/* One way of one suite, with the key that it had last: another one costs as much as to seal 1.5 kB. */
typedef struct cipher {
    EVP_CIPHER_CTX *context;
    bool keyed; /* with this one */
    uint8_t key[CF_RECORD_KEY_MAX];
} cipher;

struct cf_record_ciphers {
    const cf_allocator *allocator;
    cipher open[SUITE_COUNT];
    cipher seal[SUITE_COUNT];
};

static bool make_cipher(cipher *self, const cf_record_suite *suite, int seals)
{
    EVP_CIPHER *method = EVP_CIPHER_fetch(NULL, suite->cipher, NULL);
    self->context = EVP_CIPHER_CTX_new();
    bool made =
        method != NULL && self->context != NULL && EVP_CipherInit_ex2(self->context, method, NULL, NULL, seals, NULL) == 1;
    EVP_CIPHER_free(method);
    return made;
}

cf_record_ciphers *cf_record_ciphers_new(const cf_allocator *allocator)
{
    cf_record_ciphers *self = cf_alloc_zero(allocator, 1, sizeof(*self));
    if (self == NULL)
        return NULL;
    self->allocator = allocator;
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        if (make_cipher(&self->open[i], &suites[i], 0) && make_cipher(&self->seal[i], &suites[i], 1))
            continue;
        cf_record_ciphers_free(self);
        return NULL;
    }
    return self;
}

void cf_record_ciphers_free(cf_record_ciphers *self)
{
    if (self == NULL)
        return;
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        EVP_CIPHER_CTX_free(self->open[i].context);
        EVP_CIPHER_CTX_free(self->seal[i].context);
    }
    OPENSSL_cleanse(self->open, sizeof(self->open));
    OPENSSL_cleanse(self->seal, sizeof(self->seal));
    cf_free(self->allocator, self);
}

/* RFC 8446 5.3: the count, in the last bytes of the nonce. */
static void next_nonce(cf_record_keys *keys, uint8_t *nonce)
{
    memcpy(nonce, keys->nonce, CF_RECORD_NONCE);
    for (size_t i = 0; i < sizeof(keys->count); i++)
        nonce[CF_RECORD_NONCE - 1 - i] ^= (uint8_t)(keys->count >> (8 * i));
    keys->count++;
}

static bool use_keys(cipher *self, cf_record_keys *keys)
{
    uint8_t nonce[CF_RECORD_NONCE];
    bool same = self->keyed && CRYPTO_memcmp(self->key, keys->key, CF_RECORD_KEY_MAX) == 0;
    next_nonce(keys, nonce);
    self->keyed = EVP_CipherInit_ex2(self->context, NULL, same ? NULL : keys->key, nonce, -1, NULL) == 1;
    memcpy(self->key, keys->key, CF_RECORD_KEY_MAX);
    return self->keyed;
}

/* For the next record, whose header is authenticated as it stands. */
static bool prepare(cipher *self, cf_record_keys *keys, const uint8_t *header)
{
    int size;
    return use_keys(self, keys) && EVP_CipherUpdate(self->context, NULL, &size, header, CF_RECORD_HEADER) == 1;
}

static bool work(const cipher *self, const uint8_t *from, size_t size, uint8_t *to)
{
    int done = 0;
    return size == 0 || EVP_CipherUpdate(self->context, to, &done, from, (int)size) == 1;
}

static bool finish(const cipher *self)
{
    uint8_t none[TAG];
    int done = 0;
    return EVP_CipherFinal_ex(self->context, none, &done) == 1;
}

static bool get_tag(const cipher *self, uint8_t *tag)
{
    return finish(self) && EVP_CIPHER_CTX_ctrl(self->context, EVP_CTRL_AEAD_GET_TAG, TAG, tag) == 1;
}

static bool check_tag(const cipher *self, uint8_t *tag)
{
    return EVP_CIPHER_CTX_ctrl(self->context, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 && finish(self);
}

/* ---- keys ---- */

/* RFC 8446 7.1, HKDF-Expand-Label without a context, of no more than a digest: a single HMAC. */
static bool expand(const cf_record_suite *suite, const uint8_t *secret, cf_bytes label, uint8_t *out, size_t size)
{
    uint8_t text[LABEL_MAX] = {0, (uint8_t)size, (uint8_t)(sizeof("tls13 ") - 1 + label.size), 't', 'l', 's', '1', '3', ' '};
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t end = 3 + sizeof("tls13 ") - 1;
    CF_ASSERT(end + label.size + 2 <= LABEL_MAX && size <= suite->secret_size);
    memcpy(text + end, label.data, label.size);
    text[end + label.size + 1] = 1; /* behind the empty context, the first part */
    bool done = HMAC(suite->digest(), secret, (int)suite->secret_size, text, end + label.size + 2, digest, NULL) != NULL;
    memcpy(out, digest, size);
    OPENSSL_cleanse(digest, sizeof(digest));
    return done;
}

static bool derive(const cf_record_suite *suite, cf_record_keys *keys)
{
    return expand(suite, keys->secret, CF_BYTES("key"), keys->key, suite->key_size) &&
           expand(suite, keys->secret, CF_BYTES("iv"), keys->nonce, CF_RECORD_NONCE);
}

static bool renew(const cf_record_suite *suite, cf_record_keys *keys)
{
    keys->count = 0;
    return expand(suite, keys->secret, CF_BYTES("traffic upd"), keys->secret, suite->secret_size) && derive(suite, keys);
}

/* ---- what OpenSSL hands over ---- */

static void read_secret(cf_record_keys *keys, cf_bytes digits)
{
    *keys = (cf_record_keys){.count = 0};
    for (size_t i = 0; i < digits.size / 2 && i < CF_RECORD_SECRET_MAX; i++)
        keys->secret[i] = (uint8_t)(cf_hex_digit(digits.data[2 * i]) << 4 | cf_hex_digit(digits.data[2 * i + 1]));
}

/* NAME RANDOM SECRET */
void cf_records_learn(cf_records *self, const char *line)
{
    cf_bytes text = cf_bytes_of(line);
    cf_bytes secret = cf_bytes_slice(text, (size_t)(cf_bytes_find_last(text, CF_BYTES(" ")) + 1), text.size);
    if (cf_bytes_starts_with(text, CF_BYTES("CLIENT_TRAFFIC_SECRET_0 ")))
        read_secret(&self->in, secret);
    else if (cf_bytes_starts_with(text, CF_BYTES("SERVER_TRAFFIC_SECRET_0 ")))
        read_secret(&self->out, secret);
}

void cf_records_written(cf_records *self)
{
    self->out.count++;
}

static bool is_known(const cf_record_keys *keys)
{
    static const uint8_t none[CF_RECORD_SECRET_MAX];
    return memcmp(keys->secret, none, sizeof(none)) != 0;
}

bool cf_records_begin(cf_records *self, unsigned suite)
{
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        if (suites[i].number != suite)
            continue;
        self->suite = &suites[i];
        return is_known(&self->in) && is_known(&self->out) && derive(self->suite, &self->in) && derive(self->suite, &self->out);
    }
    return false;
}

void cf_records_end(cf_records *self)
{
    OPENSSL_cleanse(self, sizeof(*self));
}

/* ---- sealing ---- */

static void put_header(uint8_t *at, size_t size)
{
    const uint8_t header[] = {CF_RECORD_DATA, VERSION >> 8, VERSION & 0xff, (uint8_t)(size >> 8), (uint8_t)size};
    memcpy(at, header, sizeof(header));
}

static bool seal(cf_records *self, cf_record_ciphers *ciphers, cf_record_kind kind, cf_bytes plain, cf_buffer *out)
{
    const uint8_t behind = (uint8_t)kind;
    cipher *by = &ciphers->seal[self->suite - suites];
    CF_ASSERT(plain.size <= CF_RECORD_MAX);
    if (!cf_buffer_reserve(out, plain.size + CF_RECORD_OVERHEAD))
        return false;
    uint8_t *header = (uint8_t *)out->data + out->size;
    uint8_t *to = header + CF_RECORD_HEADER;
    put_header(header, plain.size + 1 + TAG);
    if (!prepare(by, &self->out, header) || !work(by, (const uint8_t *)plain.data, plain.size, to) ||
        !work(by, &behind, 1, to + plain.size) || !get_tag(by, to + plain.size + 1))
        return false;
    out->size += plain.size + CF_RECORD_OVERHEAD;
    return true;
}

bool cf_records_seal_update(cf_records *self, cf_record_ciphers *ciphers, cf_buffer *out)
{
    static const char update[] = {SSL3_MT_KEY_UPDATE, 0, 0, 1, SSL_KEY_UPDATE_NOT_REQUESTED};
    return seal(self, ciphers, CF_RECORD_HANDSHAKE, cf_bytes_make(update, sizeof(update)), out) &&
           renew(self->suite, &self->out);
}

bool cf_records_seal(cf_records *self, cf_record_ciphers *ciphers, cf_record_kind kind, cf_bytes plain, cf_buffer *out)
{
    if (self->out.count >= CF_RECORD_SEALS_MAX && !cf_records_seal_update(self, ciphers, out))
        return false;
    return seal(self, ciphers, kind, plain, out);
}

static bool seal_alert(cf_records *self, cf_record_ciphers *ciphers, char level, char alert, cf_buffer *out)
{
    const char text[] = {level, alert};
    return seal(self, ciphers, CF_RECORD_ALERT, cf_bytes_make(text, sizeof(text)), out);
}

bool cf_records_seal_end(cf_records *self, cf_record_ciphers *ciphers, cf_buffer *out)
{
    return seal_alert(self, ciphers, SSL3_AL_WARNING, SSL_AD_CLOSE_NOTIFY, out);
}

/* ---- opening ---- */

/* A reader at work. */
typedef struct reader {
    cf_records *records;
    cf_record_ciphers *ciphers;
    cf_records_reading *reading;
} reader;

static cf_records_outcome fail(const reader *self, char alert, const char *problem)
{
    self->reading->problem = problem;
    (void)seal_alert(self->records, self->ciphers, SSL3_AL_FATAL, alert, self->reading->answer);
    return CF_RECORDS_FAILED;
}

static cf_records_outcome count_empty(const reader *self)
{
    if (self->reading->empty++ < CF_RECORD_EMPTY_MAX)
        return CF_RECORDS_MORE;
    return fail(self, SSL_AD_UNEXPECTED_MESSAGE, "too many empty records");
}

static cf_records_outcome read_alert(const reader *self, const uint8_t *alert, size_t size)
{
    if (size != 2)
        return fail(self, SSL_AD_DECODE_ERROR, "bad alert");
    if (alert[1] == SSL_AD_CLOSE_NOTIFY)
        return CF_RECORDS_OVER;
    if (alert[1] == SSL_AD_USER_CANCELLED)
        return count_empty(self);
    self->reading->problem = SSL_alert_desc_string_long(alert[1]);
    return CF_RECORDS_FAILED;
}

/* A client says nothing else behind its handshake, since it is asked for nothing else. */
static cf_records_outcome take_message(const reader *self)
{
    static const uint8_t update[] = {SSL3_MT_KEY_UPDATE, 0, 0, 1};
    const uint8_t *message = self->records->message;
    self->records->message_size = 0;
    if (memcmp(message, update, sizeof(update)) != 0)
        return fail(self, SSL_AD_UNEXPECTED_MESSAGE, "unexpected message");
    if (message[4] != SSL_KEY_UPDATE_NOT_REQUESTED && message[4] != SSL_KEY_UPDATE_REQUESTED)
        return fail(self, SSL_AD_ILLEGAL_PARAMETER, "bad key update");
    if (self->reading->updates++ >= CF_RECORD_UPDATES_MAX)
        return fail(self, SSL_AD_UNEXPECTED_MESSAGE, "too many new keys");
    if (!renew(self->records->suite, &self->records->in) ||
        (message[4] == SSL_KEY_UPDATE_REQUESTED &&
         !cf_records_seal_update(self->records, self->ciphers, self->reading->answer)))
        return fail(self, SSL_AD_INTERNAL_ERROR, "out of memory");
    return CF_RECORDS_MORE;
}

/* It may come in several records; behind a whole one the keys are others. */
static cf_records_outcome read_message(const reader *self, const uint8_t *part, size_t size)
{
    cf_records *records = self->records;
    if (size == 0 || size > sizeof(records->message) - records->message_size)
        return fail(self, SSL_AD_UNEXPECTED_MESSAGE, "unexpected message");
    memcpy(records->message + records->message_size, part, size);
    records->message_size += size;
    return records->message_size == sizeof(records->message) ? take_message(self) : count_empty(self);
}

/* What a record says lies at the end of `plain`. */
static cf_records_outcome read_kind(const reader *self, uint8_t kind, size_t size)
{
    cf_records_reading *reading = self->reading;
    const uint8_t *said = (const uint8_t *)reading->plain + reading->size;
    if (size > CF_RECORD_MAX)
        return fail(self, SSL_AD_RECORD_OVERFLOW, "record too long");
    if (kind == CF_RECORD_HANDSHAKE)
        return read_message(self, said, size);
    if (self->records->message_size > 0 || (kind != CF_RECORD_ALERT && kind != CF_RECORD_DATA))
        return fail(self, SSL_AD_UNEXPECTED_MESSAGE, "unexpected record");
    if (kind == CF_RECORD_ALERT)
        return read_alert(self, said, size);
    reading->size += size;
    return size > 0 ? CF_RECORDS_MORE : count_empty(self);
}

/* The kind is behind what it says, with zeros behind it. */
static cf_records_outcome read_plain(const reader *self, size_t size)
{
    const char *said = self->reading->plain + self->reading->size;
    while (size > 0 && said[size - 1] == 0)
        size--;
    if (size == 0)
        return fail(self, SSL_AD_UNEXPECTED_MESSAGE, "record without a kind");
    return read_kind(self, (uint8_t)said[size - 1], size - 1);
}

static bool open_record(const reader *self, const uint8_t *record, size_t size)
{
    cf_records *records = self->records;
    cipher *by = &self->ciphers->open[records->suite - suites];
    const uint8_t *sealed = record + CF_RECORD_HEADER;
    uint8_t *to = (uint8_t *)self->reading->plain + self->reading->size;
    uint8_t tag[TAG];
    memcpy(tag, sealed + size, TAG);
    return prepare(by, &records->in, record) && work(by, sealed, size, to) && check_tag(by, tag);
}

static cf_records_outcome read_record(const reader *self, const uint8_t *record, size_t size)
{
    if (size < TAG || !open_record(self, record, size - TAG))
        return fail(self, SSL_AD_BAD_RECORD_MAC, "decryption failed or bad record mac");
    return read_plain(self, size - TAG);
}

/* Sets the size of what is encrypted, once the header has come. */
static cf_records_outcome read_header(const reader *self, size_t *size)
{
    const uint8_t *header = (const uint8_t *)self->reading->rest.data;
    *size = SIZE_MAX - CF_RECORD_HEADER;
    if (self->reading->rest.size < CF_RECORD_HEADER)
        return CF_RECORDS_MORE;
    if (header[0] != CF_RECORD_DATA)
        return fail(self, SSL_AD_UNEXPECTED_MESSAGE, "unexpected record");
    *size = (size_t)header[3] << 8 | header[4];
    if (*size > CF_RECORD_SEALED_MAX - CF_RECORD_HEADER)
        return fail(self, SSL_AD_RECORD_OVERFLOW, "record too long");
    return CF_RECORDS_MORE;
}

cf_records_outcome cf_records_read(cf_records *records, cf_record_ciphers *ciphers, cf_records_reading *reading)
{
    const reader self = {records, ciphers, reading};
    for (;;) {
        size_t size;
        cf_bytes *rest = &reading->rest;
        cf_records_outcome outcome = read_header(&self, &size);
        if (outcome != CF_RECORDS_MORE || rest->size < CF_RECORD_HEADER + size)
            return outcome;
        const uint8_t *record = (const uint8_t *)rest->data;
        *rest = cf_bytes_slice(*rest, CF_RECORD_HEADER + size, rest->size);
        outcome = read_record(&self, record, size);
        if (outcome != CF_RECORDS_MORE)
            return outcome;
    }
}

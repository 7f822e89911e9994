/*
 * The records of a TLS 1.3 connection whose handshake is over: bytes in, bytes out, no I/O.
 *
 * OpenSSL makes the handshake and tells its two secrets, as it does for a log of keys (SSL_CTX_set_keylog_callback). What is
 * left to do needs nothing else of its connection, which has 14 kB: these are 0.3, and what is sealed is not copied on its way.
 * The ciphers are OpenSSL's. A TLS 1.2 connection stays with OpenSSL.
 */
#ifndef CF_SERVER_NET_RECORDS_H
#define CF_SERVER_NET_RECORDS_H

#include "base/buffer.h"

#define CF_RECORD_MAX        16384                                    /* bytes that a record says */
#define CF_RECORD_HEADER     5                                        /* before what is encrypted */
#define CF_RECORD_SEALED_MAX (CF_RECORD_HEADER + CF_RECORD_MAX + 256) /* with its kind, padding and tag */
#define CF_RECORD_OVERHEAD   (CF_RECORD_HEADER + 1 + 16)              /* of one that this side seals */

/* In what is read at once: new keys that a peer announces, other records that say nothing. They cost more than their bytes. */
#define CF_RECORD_UPDATES_MAX 16
#define CF_RECORD_EMPTY_MAX   32

/* Records that are sealed with a key, before it is replaced: RFC 8446 5.5 allows AES-GCM some more. */
#define CF_RECORD_SEALS_MAX (UINT64_C(1) << 24)

#define CF_RECORD_SECRET_MAX 48 /* bytes of a digest */
#define CF_RECORD_KEY_MAX    32
#define CF_RECORD_MESSAGE    5 /* bytes of the only one that a client has: new keys */
#define CF_RECORD_NONCE      12

typedef enum cf_record_kind { CF_RECORD_ALERT = 21, CF_RECORD_HANDSHAKE = 22, CF_RECORD_DATA = 23 } cf_record_kind;

/* Of one direction. */
typedef struct cf_record_keys {
    uint8_t secret[CF_RECORD_SECRET_MAX];
    uint8_t key[CF_RECORD_KEY_MAX];
    uint8_t nonce[CF_RECORD_NONCE];
    uint64_t count; /* of records with this key */
} cf_record_keys;

typedef struct cf_record_suite cf_record_suite;

/* All zero before the handshake. */
typedef struct cf_records {
    const cf_record_suite *suite; /* NULL: they are OpenSSL's */
    cf_record_keys in, out;
    uint8_t message[CF_RECORD_MESSAGE]; /* of the handshake's kind, of which something is to come */
    size_t message_size;
} cf_records;

/* What the connections of a loop share. */
typedef struct cf_record_ciphers cf_record_ciphers;

/* NULL without memory. */
cf_record_ciphers *cf_record_ciphers_new(const cf_allocator *allocator);
/* NULL is fine. */
void cf_record_ciphers_free(cf_record_ciphers *ciphers);

/* Takes a secret from a line as SSLKEYLOGFILE has them; other lines are not looked at. */
void cf_records_learn(cf_records *records, const char *line);
/* OpenSSL has written one. */
void cf_records_written(cf_records *records);
/* The handshake is over, with the suite of this number. False: there is no such suite, a secret is missing, or memory is. */
bool cf_records_begin(cf_records *records, unsigned suite);
/* The keys are forgotten. */
void cf_records_end(cf_records *records);

/* Appends a record that says `plain`, at most CF_RECORD_MAX bytes. False without memory. */
bool cf_records_seal(cf_records *records, cf_record_ciphers *ciphers, cf_record_kind kind, cf_bytes plain, cf_buffer *out);
/* Appends one that announces new keys, by which those behind it are sealed. */
bool cf_records_seal_update(cf_records *records, cf_record_ciphers *ciphers, cf_buffer *out);
/* Appends one that says that there are no more. */
bool cf_records_seal_end(cf_records *records, cf_record_ciphers *ciphers, cf_buffer *out);

/* What is read at once. */
typedef struct cf_records_reading {
    cf_bytes rest;     /* of what came; in the end what is not a whole record yet */
    char *plain;       /* what it says: as much room as there is to read */
    size_t size;       /* of `plain` */
    cf_buffer *answer; /* records to be sent: new keys, an alert */
    size_t updates, empty;
    const char *problem; /* why it failed, a constant text */
} cf_records_reading;

typedef enum cf_records_outcome { CF_RECORDS_MORE, CF_RECORDS_OVER, CF_RECORDS_FAILED } cf_records_outcome;

cf_records_outcome cf_records_read(cf_records *records, cf_record_ciphers *ciphers, cf_records_reading *reading);

#endif

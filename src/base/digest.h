/*
 * SHA-1 (FIPS 180-4; only for the WebSocket handshake, RFC 6455 section 4.2.2),
 * SHA-256 and HMAC-SHA-256 (RFC 2104), hexadecimal and base64 (RFC 4648).
 */
#ifndef CF_BASE_DIGEST_H
#define CF_BASE_DIGEST_H

#include "base/bytes.h"

#define CF_SHA1_SIZE       20
#define CF_SHA256_SIZE     32
#define CF_SHA256_HEX_SIZE 64

typedef struct cf_sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    uint8_t block[64];
} cf_sha256;

void cf_sha1(cf_bytes data, uint8_t digest[CF_SHA1_SIZE]);

void cf_sha256_init(cf_sha256 *hash);
void cf_sha256_update(cf_sha256 *hash, cf_bytes data);
void cf_sha256_final(cf_sha256 *hash, uint8_t digest[CF_SHA256_SIZE]);

/* Over the parts one after the other, without separators. */
void cf_hmac_sha256(cf_bytes key, const cf_bytes *parts, size_t count, uint8_t digest[CF_SHA256_SIZE]);

/* Lower-case; `text` takes 2 * size bytes, no NUL is written. */
void cf_hex_encode(const uint8_t *data, size_t size, char *text);
/* With padding; returns the number of characters, 4 * ((size + 2) / 3); no NUL is written. */
size_t cf_base64_encode(const uint8_t *data, size_t size, char *text);
/* Same length and bytes, in a time that does not depend on where they differ. */
bool cf_equal_constant_time(cf_bytes a, cf_bytes b);

#endif

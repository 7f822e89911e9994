/* SHA-256: FIPS 180-4, section 6.2. HMAC: RFC 2104. */
#include "base/digest.h"

#include <string.h>

#define BLOCK 64

/* Section 4.2.2. */
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, unsigned bits)
{
    return x >> bits | x << (32 - bits);
}

static uint32_t load(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void store(uint8_t *at, uint32_t word)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(word >> (24 - 8 * i));
}

static void schedule(uint32_t words[64], const uint8_t *block)
{
    for (size_t i = 0; i < 16; i++)
        words[i] = load(block + 4 * i);
    for (size_t i = 16; i < 64; i++) {
        uint32_t a = words[i - 15], b = words[i - 2];
        words[i] =
            words[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + words[i - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
}

static void add_block(uint32_t state[8], const uint8_t *block)
{
    uint32_t words[64];
    schedule(words, block);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (size_t i = 0; i < 64; i++) {
        uint32_t first = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + words[i];
        uint32_t second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    const uint32_t added[8] = {a, b, c, d, e, f, g, h};
    for (size_t i = 0; i < 8; i++)
        state[i] += added[i];
}

void cf_sha256_init(cf_sha256 *hash)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memset(hash, 0, sizeof(*hash));
    memcpy(hash->state, start, sizeof(start));
}

void cf_sha256_update(cf_sha256 *hash, cf_bytes data)
{
    while (data.size > 0) {
        size_t used = (size_t)(hash->length % BLOCK);
        size_t taken = data.size < BLOCK - used ? data.size : BLOCK - used;
        memcpy(hash->block + used, data.data, taken);
        hash->length += taken;
        if (used + taken == BLOCK)
            add_block(hash->state, hash->block);
        data = cf_bytes_slice(data, taken, data.size);
    }
}

void cf_sha256_final(cf_sha256 *hash, uint8_t digest[CF_SHA256_SIZE])
{
    static const char padding[BLOCK] = {(char)0x80};
    uint64_t bits = hash->length * 8;
    size_t used = (size_t)(hash->length % BLOCK);
    cf_sha256_update(hash, cf_bytes_make(padding, used < 56 ? 56 - used : 120 - used));

    uint8_t length[8];
    store(length, (uint32_t)(bits >> 32));
    store(length + 4, (uint32_t)bits);
    cf_sha256_update(hash, cf_bytes_make((const char *)length, sizeof(length)));
    for (size_t i = 0; i < 8; i++)
        store(digest + 4 * i, hash->state[i]);
}

static void begin_keyed(cf_sha256 *hash, const uint8_t key[BLOCK], uint8_t pad)
{
    uint8_t block[BLOCK];
    for (size_t i = 0; i < BLOCK; i++)
        block[i] = key[i] ^ pad;
    cf_sha256_init(hash);
    cf_sha256_update(hash, cf_bytes_make((const char *)block, BLOCK));
}

void cf_hmac_sha256(cf_bytes key, const cf_bytes *parts, size_t count, uint8_t digest[CF_SHA256_SIZE])
{
    cf_sha256 hash;
    uint8_t block[BLOCK] = {0};
    if (key.size > BLOCK) {
        cf_sha256_init(&hash);
        cf_sha256_update(&hash, key);
        cf_sha256_final(&hash, block);
    } else if (key.size > 0) {
        memcpy(block, key.data, key.size);
    }

    begin_keyed(&hash, block, 0x36);
    for (size_t i = 0; i < count; i++)
        cf_sha256_update(&hash, parts[i]);
    cf_sha256_final(&hash, digest);

    begin_keyed(&hash, block, 0x5c);
    cf_sha256_update(&hash, cf_bytes_make((const char *)digest, CF_SHA256_SIZE));
    cf_sha256_final(&hash, digest);
}

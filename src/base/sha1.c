/* FIPS 180-4, section 6.1. One call: what is hashed here is 60 bytes long. */
#include "base/digest.h"

#include <string.h>

#define BLOCK 64

static uint32_t rotate(uint32_t x, unsigned bits)
{
    return x << bits | x >> (32 - bits);
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

/* Section 4.1.1; the constants are those of section 4.2.1. */
static uint32_t mix(unsigned round, uint32_t b, uint32_t c, uint32_t d)
{
    if (round < 20)
        return ((b & c) | (~b & d)) + 0x5a827999;
    if (round < 40)
        return (b ^ c ^ d) + 0x6ed9eba1;
    if (round < 60)
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    return (b ^ c ^ d) + 0xca62c1d6;
}

static void add_block(uint32_t state[5], const uint8_t *block)
{
    uint32_t words[80];
    for (size_t i = 0; i < 16; i++)
        words[i] = load(block + 4 * i);
    for (size_t i = 16; i < 80; i++)
        words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);

    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (unsigned i = 0; i < 80; i++) {
        uint32_t next = rotate(a, 5) + mix(i, b, c, d) + e + words[i];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void cf_sha1(cf_bytes data, uint8_t digest[CF_SHA1_SIZE])
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    size_t whole = data.size / BLOCK * BLOCK;
    for (size_t at = 0; at < whole; at += BLOCK)
        add_block(state, (const uint8_t *)data.data + at);

    uint8_t last[2 * BLOCK] = {0};
    size_t rest = data.size - whole;
    if (rest > 0)
        memcpy(last, data.data + whole, rest);
    last[rest] = 0x80;
    size_t size = rest + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
    uint64_t bits = (uint64_t)data.size * 8;
    store(last + size - 8, (uint32_t)(bits >> 32));
    store(last + size - 4, (uint32_t)bits);
    for (size_t at = 0; at < size; at += BLOCK)
        add_block(state, last + at);

    for (size_t i = 0; i < 5; i++)
        store(digest + 4 * i, state[i]);
}

/* uthash asks these macros for memory; each function that may need it has the map in a variable of this name. */
#define uthash_malloc(size)       cf_alloc(map->allocator, size)
#define uthash_free(memory, size) cf_free(map->allocator, memory)
#define HASH_NONFATAL_OOM         1

#include "base/map.h"

#include "base/assert.h"

#include <limits.h>
#include <string.h>

/* A table of 64 bytes to begin with, not 512: most maps of a client hold a few elements. It grows by itself. */
#undef HASH_INITIAL_NUM_BUCKETS
#undef HASH_INITIAL_NUM_BUCKETS_LOG2
#define HASH_INITIAL_NUM_BUCKETS      4U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 2U

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32) + v[3];
    v[2] += v[1];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* The next word of a sequence begun by the seed, to make a long key of a short seed (the SplitMix64 generator). */
static uint64_t expand(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* SipHash-1-3 (Aumasson, Bernstein 2012): keys that collide cannot be found without the seed. Words in the machine's order. */
static unsigned hash_key(const cf_map *map, cf_bytes key)
{
    uint64_t seed = map->seed;
    uint64_t k0 = expand(&seed), k1 = expand(&seed);
    uint64_t v[4] = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d), k0 ^ UINT64_C(0x6c7967656e657261),
                     k1 ^ UINT64_C(0x7465646279746573)};
    size_t rest = key.size % 8;
    uint64_t word = 0;
    for (size_t at = 0; at < key.size - rest; at += 8) {
        memcpy(&word, key.data + at, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    word = (uint64_t)key.size << 56;
    for (size_t i = 0; i < rest; i++)
        word |= (uint64_t)(unsigned char)key.data[key.size - rest + i] << (8 * i);
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return (unsigned)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

/* memcmp must not see NULL, not even for an empty key. */
static const char *key_data(cf_bytes key)
{
    return key.size > 0 ? key.data : "";
}

void cf_map_init(cf_map *map, const cf_allocator *allocator, uint32_t seed)
{
    *map = (cf_map){.allocator = allocator, .seed = seed};
}

void cf_map_free(cf_map *map)
{
    HASH_CLEAR(hh, map->head);
}

size_t cf_map_count(const cf_map *map)
{
    return HASH_COUNT(map->head);
}

cf_map_node *cf_map_find(const cf_map *map, cf_bytes key)
{
    cf_map_node *found = NULL;
    if (map->head == NULL || key.size > UINT_MAX)
        return NULL;
    unsigned hash = hash_key(map, key);
    HASH_FIND_BYHASHVALUE(hh, map->head, key_data(key), (unsigned)key.size, hash, found);
    return found;
}

bool cf_map_add(cf_map *map, cf_map_node *node, cf_bytes key)
{
    CF_ASSERT(key.size <= UINT_MAX);
    unsigned hash = hash_key(map, key);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, map->head, key_data(key), (unsigned)key.size, hash, node);
    return node->hh.tbl != NULL;
}

void cf_map_remove(cf_map *map, cf_map_node *node)
{
    HASH_DELETE(hh, map->head, node);
    node->hh.tbl = NULL;
}

void cf_map_sort(cf_map *map, int (*compare)(const cf_map_node *first, const cf_map_node *second))
{
    HASH_SORT(map->head, compare);
}

#include "base/map.h"

#include "base/assert.h"

#include <string.h>

/* Most maps of a client hold a few elements. The table doubles when there is one for each bucket. */
#define FIRST_BUCKETS 4

/* ---- the hash -------------------------------------------------------------- */

static uint32_t rotate(uint32_t x, unsigned bits)
{
    return x << bits | x >> (32 - bits);
}

static void sip_round(uint32_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 5) ^ v[0];
    v[3] = rotate(v[3], 8) ^ v[2];
    v[0] = rotate(v[0], 16) + v[3];
    v[2] += v[1];
    v[3] = rotate(v[3], 7) ^ v[0];
    v[1] = rotate(v[1], 13) ^ v[2];
    v[2] = rotate(v[2], 16);
}

static void mix(uint32_t v[4], uint32_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

/*
 * HalfSipHash-1-3, the 32 bit form of SipHash (Aumasson, Bernstein 2012), which Linux has for its hash tables, too: keys that
 * collide cannot be found without the seed. Words in the machine's order.
 */
uint32_t cf_map_hash(uint32_t seed, cf_bytes key)
{
    uint32_t k0 = seed, k1 = seed * UINT32_C(0x9e3779b9);
    uint32_t v[4] = {k0, k1, k0 ^ UINT32_C(0x6c796765), k1 ^ UINT32_C(0x74656462)};
    uint32_t word;
    size_t at = 0;
    for (; key.size - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, key.data + at, sizeof(word));
        mix(v, word);
    }
    word = (uint32_t)key.size << 24;
    for (unsigned bits = 0; at < key.size; at++, bits += 8)
        word |= (uint32_t)(unsigned char)key.data[at] << bits;
    mix(v, word);
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[1] ^ v[3];
}

/* ---- the table ------------------------------------------------------------- */

void cf_map_init(cf_map *map, const cf_allocator *allocator, uint32_t seed)
{
    *map = (cf_map){.allocator = allocator, .seed = seed};
}

void cf_map_free(cf_map *map)
{
    cf_free(map->allocator, map->buckets);
    cf_map_init(map, map->allocator, map->seed);
}

size_t cf_map_count(const cf_map *map)
{
    return map->count;
}

static cf_map_node **bucket_of(const cf_map *map, uint32_t hash)
{
    return &map->buckets[hash & (map->size - 1)];
}

static void put(cf_map *map, cf_map_node *node)
{
    cf_map_node **bucket = bucket_of(map, node->hash);
    node->below = *bucket;
    *bucket = node;
}

/* False without memory; the old table stays then. */
static bool grow(cf_map *map)
{
    size_t size = map->size == 0 ? FIRST_BUCKETS : map->size * 2;
    cf_map_node **buckets = cf_alloc_zero(map->allocator, size, sizeof(cf_map_node *));
    if (buckets == NULL)
        return false;
    cf_free(map->allocator, map->buckets);
    map->buckets = buckets;
    map->size = size;
    for (cf_map_node *node = map->head; node != NULL; node = node->next)
        put(map, node);
    return true;
}

static bool is_at(const cf_map_node *node, uint32_t hash, cf_bytes key)
{
    return node->hash == hash && cf_bytes_equal(node->key, key);
}

cf_map_node *cf_map_find(const cf_map *map, cf_bytes key)
{
    if (map->count == 0)
        return NULL;
    uint32_t hash = cf_map_hash(map->seed, key);
    cf_map_node *node = *bucket_of(map, hash);
    while (node != NULL && !is_at(node, hash, key))
        node = node->below;
    return node;
}

/* ---- the order ------------------------------------------------------------- */

static void link_last(cf_map *map, cf_map_node *node)
{
    node->previous = map->last;
    node->next = NULL;
    *(map->last == NULL ? &map->head : &map->last->next) = node;
    map->last = node;
}

static void take_out(cf_map *map, cf_map_node *node)
{
    *(node->previous == NULL ? &map->head : &node->previous->next) = node->next;
    *(node->next == NULL ? &map->last : &node->next->previous) = node->previous;
}

void cf_map_move_last(cf_map *map, cf_map_node *node)
{
    take_out(map, node);
    link_last(map, node);
}

/* ---- adding and removing ----------------------------------------------------- */

bool cf_map_add(cf_map *map, cf_map_node *node, cf_bytes key)
{
    if (map->count == map->size && !grow(map))
        return false;
    node->key = key;
    node->hash = cf_map_hash(map->seed, key);
    put(map, node);
    link_last(map, node);
    map->count++;
    return true;
}

void cf_map_remove(cf_map *map, cf_map_node *node)
{
    cf_map_node **link = bucket_of(map, node->hash);
    while (*link != node)
        link = &(*link)->below;
    *link = node->below;
    take_out(map, node);
    if (--map->count == 0)
        cf_map_free(map);
}

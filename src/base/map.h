/*
 * Hash map from byte slices to intrusive nodes. The key's bytes belong to the
 * element that holds the node and must not change while it is in the map. The
 * seed keeps hostile names from colliding on purpose.
 */
#ifndef CF_BASE_MAP_H
#define CF_BASE_MAP_H

#include "base/allocator.h"

typedef struct cf_map_node {
    struct cf_map_node *next; /* in the map's order */
    struct cf_map_node *previous;
    struct cf_map_node *below; /* in the same bucket */
    cf_bytes key;
    uint32_t hash;
} cf_map_node;

typedef struct cf_map {
    cf_map_node *head; /* insertion order, unless moved */
    cf_map_node *last;
    cf_map_node **buckets; /* NULL when it is empty */
    size_t size;           /* of them, a power of two */
    size_t count;
    const cf_allocator *allocator;
    uint32_t seed;
} cf_map;

void cf_map_init(cf_map *map, const cf_allocator *allocator, uint32_t seed);
/* Frees the map's own memory; the elements are the caller's. */
void cf_map_free(cf_map *map);
size_t cf_map_count(const cf_map *map);
cf_map_node *cf_map_find(const cf_map *map, cf_bytes key);
/* The key must not be in the map. False when there is no memory: the node is not in the map then. */
bool cf_map_add(cf_map *map, cf_map_node *node, cf_bytes key);
/* With the last one the map gives back its memory. */
void cf_map_remove(cf_map *map, cf_map_node *node);
/* Puts it behind all others in the order. */
void cf_map_move_last(cf_map *map, cf_map_node *node);

/* How keys are hashed: for who chooses otherwise by a name that comes from a stranger. */
uint32_t cf_map_hash(uint32_t seed, cf_bytes key);

/* In the order; the next one of a node that is about to be removed must be taken first. */
static inline cf_map_node *cf_map_next(const cf_map_node *node)
{
    return node->next;
}

#endif

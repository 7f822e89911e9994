/*
 * Hash map from byte slices to intrusive nodes (uthash inside). The key's bytes
 * belong to the element that holds the node and must not change while it is in
 * the map. The seed keeps hostile names from colliding on purpose.
 */
#ifndef CF_BASE_MAP_H
#define CF_BASE_MAP_H

#include "base/allocator.h"

#include <uthash.h>

typedef struct cf_map_node {
    UT_hash_handle hh;
} cf_map_node;

typedef struct cf_map {
    cf_map_node *head; /* insertion order, unless sorted */
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
void cf_map_remove(cf_map *map, cf_map_node *node);
/* Another order than that of insertion, until something is added: nodes for which `compare` says 0 keep theirs. */
void cf_map_sort(cf_map *map, int (*compare)(const cf_map_node *first, const cf_map_node *second));

/* In insertion order; the next one of a node that is about to be removed must be taken first. */
static inline cf_map_node *cf_map_next(const cf_map_node *node)
{
    return (cf_map_node *)node->hh.next;
}

#endif

/*
 * The other nodes, as they tell of themselves (control.h). Who is silent for too long is forgotten.
 */
#ifndef CF_SERVER_NODES_H
#define CF_SERVER_NODES_H

#include "base/map.h"
#include "server/control.h"

/* More are not kept; nor is one that says more of itself than so many bytes. */
#define CF_NODES_MAX      1000
#define CF_NODES_INFO_MAX 65536

typedef struct cf_nodes {
    cf_map map; /* id -> node */
    const cf_allocator *allocator;
} cf_nodes;

void cf_nodes_init(cf_nodes *nodes, const cf_allocator *allocator, uint32_t seed);
void cf_nodes_free(cf_nodes *nodes);
/* A new one, or news of a known one. False: it is not kept, for a limit or for want of memory. */
bool cf_nodes_heard(cf_nodes *nodes, const cf_node_info *info, cf_time now);
/* Forgets who was not heard of since then. */
void cf_nodes_forget(cf_nodes *nodes, cf_time since);
/* Each as a JSON object, with a comma before it. */
void cf_nodes_write(const cf_nodes *nodes, cf_buffer *out);

#endif

#include "server/nodes.h"

#include <string.h>

#include "base/list.h"

typedef struct other_node {
    cf_map_node node;
    cf_time heard_at;
    size_t uid_size;
    size_t size;
    char text[]; /* its id, and what stats shows of it */
} other_node;

static other_node *of(cf_map_node *node)
{
    return CF_CONTAINER(node, other_node, node);
}

void cf_nodes_init(cf_nodes *nodes, const cf_allocator *allocator, uint32_t seed)
{
    nodes->allocator = allocator;
    cf_map_init(&nodes->map, allocator, seed);
}

static void forget_node(cf_nodes *nodes, other_node *gone)
{
    cf_map_remove(&nodes->map, &gone->node);
    cf_free(nodes->allocator, gone);
}

void cf_nodes_free(cf_nodes *nodes)
{
    cf_nodes_forget(nodes, CF_TIME_NEVER);
    cf_map_free(&nodes->map);
}

void cf_nodes_forget(cf_nodes *nodes, cf_time since)
{
    for (cf_map_node *node = nodes->map.head, *next; node != NULL; node = next) {
        next = cf_map_next(node);
        if (of(node)->heard_at < since)
            forget_node(nodes, of(node));
    }
}

/* NULL without memory. */
static other_node *new_node(const cf_nodes *nodes, cf_bytes uid, cf_bytes shown, cf_time now)
{
    other_node *created = cf_alloc_zero(nodes->allocator, 1, sizeof *created + uid.size + shown.size);
    if (created == NULL)
        return NULL;
    created->heard_at = now;
    created->uid_size = uid.size;
    created->size = uid.size + shown.size;
    memcpy(created->text, uid.data, uid.size);
    memcpy(created->text + uid.size, shown.data, shown.size);
    return created;
}

static bool add_node(cf_nodes *nodes, other_node *added)
{
    cf_bytes uid = cf_bytes_make(added->text, added->uid_size);
    cf_map_node *known = cf_map_find(&nodes->map, uid);
    if (known != NULL)
        forget_node(nodes, of(known));
    if (cf_map_count(&nodes->map) < CF_NODES_MAX && cf_map_add(&nodes->map, &added->node, uid))
        return true;
    cf_free(nodes->allocator, added);
    return false;
}

bool cf_nodes_heard(cf_nodes *nodes, const cf_node_info *info, cf_time now)
{
    cf_buffer shown;
    cf_buffer_init(&shown, nodes->allocator, CF_NODES_INFO_MAX);
    cf_control_begin_info(&shown, info);
    cf_json_write_compact(&shown, info->metrics);
    cf_buffer_append_byte(&shown, '}');
    other_node *added = shown.failed ? NULL : new_node(nodes, info->uid, cf_buffer_bytes(&shown), now);
    cf_buffer_free(&shown);
    return added != NULL && add_node(nodes, added);
}

void cf_nodes_write(const cf_nodes *nodes, cf_buffer *out)
{
    for (cf_map_node *node = nodes->map.head; node != NULL; node = cf_map_next(node)) {
        const other_node *other = of(node);
        cf_buffer_append_byte(out, ',');
        cf_buffer_append(out, cf_bytes_make(other->text + other->uid_size, other->size - other->uid_size));
    }
}

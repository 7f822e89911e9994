#include "server/roll.h"

#include "base/list.h"

#include <string.h>

typedef struct entry {
    cf_map_node node;
    int64_t count;
    size_t size;
    char user[];
} entry;

bool cf_roll_init(cf_roll *roll, const cf_allocator *allocator, uint32_t seed)
{
    cf_map_init(&roll->users, allocator, seed);
    roll->connections = 0;
    return pthread_mutex_init(&roll->lock, NULL) == 0;
}

static void forget(cf_roll *roll, entry *gone)
{
    cf_map_remove(&roll->users, &gone->node);
    cf_free(roll->users.allocator, gone);
}

void cf_roll_free(cf_roll *roll)
{
    while (roll->users.head != NULL)
        forget(roll, CF_CONTAINER(roll->users.head, entry, node));
    cf_map_free(&roll->users);
    (void)pthread_mutex_destroy(&roll->lock);
}

static entry *find(const cf_roll *roll, cf_bytes user)
{
    cf_map_node *node = cf_map_find(&roll->users, user);
    return node == NULL ? NULL : CF_CONTAINER(node, entry, node);
}

/* NULL without memory. */
static entry *find_or_add(cf_roll *roll, cf_bytes user)
{
    entry *known = find(roll, user);
    if (known != NULL)
        return known;
    known = cf_alloc_zero(roll->users.allocator, 1, sizeof *known + user.size);
    if (known == NULL)
        return NULL;
    known->size = user.size;
    if (user.size > 0)
        memcpy(known->user, user.data, user.size);
    if (cf_map_add(&roll->users, &known->node, cf_bytes_make(known->user, user.size)))
        return known;
    cf_free(roll->users.allocator, known);
    return NULL;
}

static cf_roll_result add(cf_roll *roll, cf_bytes user, int64_t limit)
{
    entry *known = find_or_add(roll, user);
    if (known == NULL)
        return CF_ROLL_NO_MEMORY;
    if (limit > 0 && known->count >= limit) /* so it is no new one */
        return CF_ROLL_FULL;
    known->count++;
    roll->connections++;
    return CF_ROLL_ADDED;
}

cf_roll_result cf_roll_add(cf_roll *roll, cf_bytes user, int64_t limit)
{
    (void)pthread_mutex_lock(&roll->lock);
    cf_roll_result result = add(roll, user, limit);
    (void)pthread_mutex_unlock(&roll->lock);
    return result;
}

void cf_roll_remove(cf_roll *roll, cf_bytes user)
{
    (void)pthread_mutex_lock(&roll->lock);
    entry *known = find(roll, user);
    roll->connections -= known != NULL;
    if (known != NULL && --known->count == 0)
        forget(roll, known);
    (void)pthread_mutex_unlock(&roll->lock);
}

size_t cf_roll_users(cf_roll *roll)
{
    (void)pthread_mutex_lock(&roll->lock);
    size_t count = cf_map_count(&roll->users);
    (void)pthread_mutex_unlock(&roll->lock);
    return count;
}

size_t cf_roll_connections(cf_roll *roll)
{
    (void)pthread_mutex_lock(&roll->lock);
    size_t count = roll->connections;
    (void)pthread_mutex_unlock(&roll->lock);
    return count;
}

int64_t cf_roll_count(cf_roll *roll, cf_bytes user)
{
    (void)pthread_mutex_lock(&roll->lock);
    const entry *known = find(roll, user);
    int64_t count = known == NULL ? 0 : known->count;
    (void)pthread_mutex_unlock(&roll->lock);
    return count;
}

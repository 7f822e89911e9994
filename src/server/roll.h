/*
 * Which users are connected to any worker of the process, and how often: the one thing that workers have to agree on at once,
 * so that user_connection_limit is one limit. Behind a lock, since clients come and go seldom.
 */
#ifndef CF_SERVER_ROLL_H
#define CF_SERVER_ROLL_H

#include "base/map.h"

#include <pthread.h>

typedef struct cf_roll {
    pthread_mutex_t lock;
    cf_map users;
    size_t connections; /* of all of them */
} cf_roll;

typedef enum cf_roll_result { CF_ROLL_ADDED, CF_ROLL_FULL, CF_ROLL_NO_MEMORY } cf_roll_result;

/* False where the system has no lock to give. The allocator is called by all threads. */
bool cf_roll_init(cf_roll *roll, const cf_allocator *allocator, uint32_t seed);
/* Nobody uses it any more. */
void cf_roll_free(cf_roll *roll);
/* One more connection of the user; CF_ROLL_FULL: there are `limit` already (0: there is no limit). */
cf_roll_result cf_roll_add(cf_roll *roll, cf_bytes user, int64_t limit);
/* One less. */
void cf_roll_remove(cf_roll *roll, cf_bytes user);
/* How many users there are, connections of all, and connections of one. */
size_t cf_roll_users(cf_roll *roll);
size_t cf_roll_connections(cf_roll *roll);
int64_t cf_roll_count(cf_roll *roll, cf_bytes user);

#endif

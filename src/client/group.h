/* Subscribe commands that belong together: as few frames as hold them. */
#ifndef CF_CLIENT_GROUP_H
#define CF_CLIENT_GROUP_H

#include "client/state.h"

typedef struct cf_group {
    cf_client *client;
    bool (*end_line)(cf_client *client);
    size_t count;
    cf_time now;
} cf_group;

void cf_group_begin(cf_group *group, cf_client *client, cf_time now);
/* The same for a new connection, whose subscriptions do not wait for the end of the user's batch. */
void cf_group_begin_resubscription(cf_group *group, cf_client *client, cf_time now);
/*
 * `entry`: as of cf_subscription_write_command. A command that no frame can hold refuses its subscription. False without
 * memory.
 */
bool cf_group_add(cf_group *group, cf_subscription *subscription, const cf_auth_entry *entry);
/* False without memory. */
bool cf_group_end(cf_group *group);

#endif

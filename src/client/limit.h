/* Limits that the application can run into, and the warning before it does. */
#ifndef CF_CLIENT_LIMIT_H
#define CF_CLIENT_LIMIT_H

#include "client/state.h"

/* No effect waits: what is used less now may be told of again. */
void cf_limits_relax(cf_client *client);
/* Is there room for `more`? Warns once when three quarters are reached. */
bool cf_limit_admits(cf_client *client, cf_limit limit, size_t more);
void cf_limit_event(const cf_client *client, cf_limit limit, cf_event *event);

#endif

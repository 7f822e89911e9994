/* The subscription as an object: its place in the table, what is known of it, its command. */
#ifndef CF_CLIENT_SUBSCRIPTION_H
#define CF_CLIENT_SUBSCRIPTION_H

#include "client/state.h"

/* ---- the table: client-spec.md 8.1 ---------------------------------------------------------------- */

/* < 0: the first stands before the second in a table; 0: they stand as they were added. */
int cf_subscription_compare(const cf_subscription *first, const cf_subscription *second);
/* Behind all others, or where its name belongs, as soon as the order matters. */
void cf_subscription_place_last(cf_subscription *subscription);
void cf_subscriptions_order(cf_client *client);

/* ---- life --------------------------------------------------------------------------------------- */

/* Unsubscribed, and in the table; NULL without memory. */
cf_subscription *cf_subscription_make(cf_client *client, cf_bytes channel, void *user);
void cf_subscription_free(cf_subscription *subscription);
/* The user knows that it is removed. */
void cf_subscription_release(cf_subscription *subscription);
/* The server's answers to their unsubscribe commands will not come any more. */
void cf_subscriptions_forget_departed(cf_client *client);
/* The answer to this unsubscribe command has come. */
void cf_subscriptions_answer_departed(cf_client *client, uint64_t uid);

/* ---- what is known ------------------------------------------------------------------------------- */

/* False without memory. */
bool cf_subscription_set_position(cf_subscription *subscription, cf_bytes uid);
/* What waits was not told, and the position is still behind it. */
void cf_subscription_forget_recovery(cf_subscription *subscription);
/* Not by a disconnect: who comes back after one gets what was said meanwhile (client-spec.md 10). */
void cf_subscription_forget_position(cf_subscription *subscription);
void cf_subscription_answered(cf_subscription *subscription, cf_subscription_state state, bool recovered);
/*
 * By the server, or before it was asked: then its answer to an unsubscribe command is still to come. Calls that come get these
 * texts.
 */
void cf_subscription_set_refused(cf_subscription *subscription, cf_bytes error, cf_bytes advice, bool json);

/* Appends the subscribe command of a subscription that is SUBSCRIBING. `entry`: of a private channel, else NULL. */
void cf_subscription_write_command(cf_subscription *subscription, const cf_auth_entry *entry, cf_buffer *line);

/* Missed messages that wait to be told, of whatever subscription. */
void cf_replay_drop(cf_client *client);

#endif

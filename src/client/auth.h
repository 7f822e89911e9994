/* Permission for private channels: client-spec.md 11. */
#ifndef CF_CLIENT_AUTH_H
#define CF_CLIENT_AUTH_H

#include "client/state.h"

bool cf_auth_needed(const cf_client *client, cf_bytes channel);
/* Of one subscription, or it is put aside. False without memory; nothing has changed then. */
bool cf_auth_ask(cf_subscription *subscription, cf_time now);
/*
 * As few requests as hold all of the list (linked by `aside`), which is empty afterwards. False without memory; it holds those
 * that are not asked for.
 */
bool cf_auth_ask_all(cf_client *client, cf_list *list, cf_time now);
/* Permission is not wanted any more. */
void cf_auth_forget(cf_subscription *subscription);
/* Requests that run were for a connection that is gone (D20). */
void cf_auth_cancel(cf_client *client);
/* cf_client_request_failed; false when no authorization has this id. */
bool cf_auth_on_failed(cf_client *client, uint32_t id, centrifuge_error error, int status, int64_t retry_after, cf_time now);
void cf_auth_expire(cf_client *client, cf_time now);
cf_time cf_auth_deadline(const cf_client *client);
void cf_auth_free_request(cf_request *request, const cf_allocator *allocator);

#endif

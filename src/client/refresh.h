/* New credentials: client-spec.md 12. What is to become of the connection is said to the floor above. */
#ifndef CF_CLIENT_REFRESH_H
#define CF_CLIENT_REFRESH_H

#include "client/state.h"

typedef enum cf_verdict {
    CF_VERDICT_NONE,
    CF_VERDICT_GIVE_UP, /* the attempts are used up: the connection ends, then cf_refresh_tell_failed */
    CF_VERDICT_RENEW    /* there are new credentials for a client without a connection: an attempt to connect */
} cf_verdict;

void cf_refresh_init(cf_client *client);
/* After an answer to connect. */
void cf_refresh_on_opened(cf_client *client);
void cf_refresh_on_lost(cf_client *client);
void cf_refresh_on_connected(cf_client *client, cf_time now, const cf_wire_message *message);
cf_verdict cf_refresh_on_expired(cf_client *client, cf_time now);
/* The attempt with this id, if it runs. */
cf_verdict cf_refresh_on_credentials(cf_client *client, uint32_t id, bool failed, cf_bytes answer, cf_time now);
cf_verdict cf_refresh_on_failed(cf_client *client, uint32_t id, int64_t retry_after, cf_time now);
cf_verdict cf_refresh_on_answer(cf_client *client, cf_time now, const cf_wire_message *message);
void cf_refresh_tell_failed(cf_client *client);
/* What is planned and what runs. */
void cf_refresh_stop(cf_client *client);
cf_verdict cf_refresh_tick(cf_client *client, cf_time now);
cf_time cf_refresh_deadline(const cf_client *client);

#endif

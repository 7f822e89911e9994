/* How long to wait before something is tried again. */
#ifndef CF_CLIENT_PAUSE_H
#define CF_CLIENT_PAUSE_H

#include "client/state.h"

/* The pause after so many failures in a row before this one: client-spec.md 7.5. */
int64_t cf_pause_backoff(const cf_client *client, uint32_t failures);
/* The same without luck. */
int64_t cf_pause_longest(const cf_client *client, uint32_t failures);
/* When Retry-After of so many milliseconds, 0 for none, is over. */
cf_time cf_pause_retry_at(cf_time now, int64_t milliseconds);

/* One that was not to be waited for has begun, or was in vain: when as many as ever may do so again. */
void cf_haste_spend(cf_time *haste_at, cf_time now);
/* When the next one may. */
cf_time cf_haste_next(cf_time haste_at);

#endif

#include "client/pause.h"

/* How long to wait before something is tried again. */

/* ---- backoff: client-spec.md 7.5 ----------------------------------------------------------- */

int64_t cf_pause_longest(const cf_client *client, uint32_t failures)
{
    int64_t ceiling = client->settings->options.retry;
    int64_t limit = client->settings->options.max_retry;
    if (limit > INT32_MAX)
        limit = INT32_MAX; /* 24 days; keeps the product below in its type */
    for (uint32_t i = 0; i <= failures && ceiling < limit; i++)
        ceiling = ceiling > limit / 2 ? limit : ceiling * 2;
    return ceiling < limit ? ceiling : limit;
}

int64_t cf_pause_backoff(const cf_client *client, uint32_t failures)
{
    int64_t ceiling = cf_pause_longest(client, failures);
    /* floor(ceiling * (1 - j)), where j is 33 random bits of which the first is 0, as a fraction */
    uint64_t random = client->environment.random(client->environment.user);
    uint64_t cut = ((uint64_t)ceiling * random + ((UINT64_C(1) << 33) - 1)) >> 33;
    int64_t delay = ceiling - (int64_t)cut;
    return delay < CF_RECONNECT_DELAY_MIN ? CF_RECONNECT_DELAY_MIN : delay;
}

cf_time cf_pause_retry_at(cf_time now, int64_t milliseconds)
{
    return cf_time_after(now, milliseconds < CF_RETRY_AFTER_MAX ? milliseconds : CF_RETRY_AFTER_MAX);
}

/* ---- haste --------------------------------------------------------------------------------- */

void cf_haste_spend(cf_time *haste_at, cf_time now)
{
    *haste_at = cf_time_later(*haste_at, now) + CF_HASTE_PAUSE;
    if (*haste_at > now + CF_HASTE_MAX * CF_HASTE_PAUSE)
        *haste_at = now + CF_HASTE_MAX * CF_HASTE_PAUSE;
}

cf_time cf_haste_next(cf_time haste_at)
{
    return haste_at - (CF_HASTE_MAX - 1) * CF_HASTE_PAUSE;
}

/* What is pushed before the answer to a recovery, and what that has told: client-spec.md D52. */
#ifndef CF_CLIENT_RECOVERY_H
#define CF_CLIENT_RECOVERY_H

#include "client/state.h"

/* A push waits for the answer, or counts as missed when too many do. False without memory. */
bool cf_recovery_hold(cf_subscription *subscription, const cf_wire_message *message);
/* The one that waits longest, for the caller to free; NULL without one. */
cf_line *cf_recovery_next(cf_subscription *subscription);
/* The answer brings this message. False without memory. */
bool cf_recovery_note(cf_subscription *subscription, cf_bytes uid);
bool cf_recovery_told(const cf_subscription *subscription, cf_bytes uid);
/* There is a recovery: is this push a message that it has told? Asked once for each push. */
bool cf_recovery_repeats(cf_subscription *subscription, cf_bytes uid);
/* All was told; what may be pushed again is kept in mind for a while. */
void cf_recovery_end(cf_subscription *subscription);
void cf_recovery_drop(cf_subscription *subscription);

#endif

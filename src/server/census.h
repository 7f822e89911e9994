/*
 * What is true of all sessions together at this moment. It looks at those for which something waits, not at idle ones.
 */
#ifndef CF_SERVER_CENSUS_H
#define CF_SERVER_CENSUS_H

#include "server/hub.h"

typedef struct cf_census {
    struct {
        const char *name;
        size_t sessions;
    } transports[CF_HUB_TRANSPORTS];
    size_t transport_count;
    size_t queue_bytes;  /* not sent yet, as they travel */
    size_t queue_memory; /* held for them; what many wait for is counted for each */
    size_t longest_queue;
} cf_census;

/* Adds to a census what is true of these; zeroed at first. */
void cf_census_add(cf_census *census, const cf_hub *hub);

#endif

/*
 * Taking back what the engine was told: that a client is present, that this node
 * listens to a channel. Nobody waits for it, and what is not taken back would stay
 * for ever: so what fails is tried again, a second later and later still, unless the
 * client, or the channel, is back by then.
 *
 * Operations of one channel are carried out in their order (engine.h): what is under
 * way can undo nothing that was said after it.
 *
 * The memory for it is reserved before the engine is told anything: what ends needs none.
 */
#ifndef CF_SERVER_RETRACT_H
#define CF_SERVER_RETRACT_H

#include "server/services.h"

#define CF_RETRACT_PAUSE 1000 /* ms, until what failed is tried again, */
#define CF_RETRACT_BATCH 1000 /* so many at a time */
/* So many may wait to be tried again; what fails beyond is given up. */
#define CF_RETRACT_MAX 100000

struct cf_broker;

typedef struct cf_retraction cf_retraction;

typedef struct cf_retractions {
    struct cf_broker *broker;
    cf_list under_way;
    cf_list waiting;
    size_t waiting_count;
    cf_timer timer;
} cf_retractions;

void cf_retract_init(cf_retractions *retractions, struct cf_broker *broker);
/* The engine is gone. */
void cf_retract_free(cf_retractions *retractions);

/*
 * Before the engine is told: what it will take to take it back, of a presence or of this node's subscription, unless
 * `*reserved` has it already. NULL where the engine needs none (engine.h: takes_back_at_once). False without memory. It is a
 * block of the node's allocator.
 */
bool cf_retract_reserve(cf_retractions *retractions, cf_bytes channel, cf_retraction **reserved);
/* The node's last subscriber of the channel has gone. */
void cf_retract_subscription(cf_retraction *reserved);
/* The client is not present in the channel any more. */
void cf_retract_presence(cf_retraction *reserved, cf_bytes client);
/* It is again. */
void cf_retract_cancel(cf_retractions *retractions, cf_bytes channel, cf_bytes client);

#endif

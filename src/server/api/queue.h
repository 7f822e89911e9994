/*
 * Commands of the API that come without a request, from a queue (server-spec.md 7.4): one in an item, or several in the old
 * format. Who can write into the queue is trusted, nobody hears the answer, and what is not good is dropped.
 */
#ifndef CF_SERVER_API_QUEUE_H
#define CF_SERVER_API_QUEUE_H

#include "server/node.h"

typedef struct cf_api_queue {
    cf_node *node;
    size_t open; /* items that are being carried out */
} cf_api_queue;

/* The node hands its commands to the queue, which lives until the node is freed. */
void cf_api_queue_init(cf_api_queue *queue, cf_node *node);
/* An item, within a turn. */
void cf_api_queue_take(cf_api_queue *queue, cf_bytes item);

#endif

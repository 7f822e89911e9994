/* What waits to be taken as an effect, lines in the making, and what has to be told or done about the connection. */
#ifndef CF_CLIENT_QUEUE_H
#define CF_CLIENT_QUEUE_H

#include "client/state.h"

/* False without memory; the text is unchanged then. */
bool cf_text_set(cf_text *text, const cf_allocator *allocator, cf_bytes bytes);
void cf_text_free(cf_text *text, const cf_allocator *allocator);

/* ---- the queue ------------------------------------------------------------------------------ */

void cf_queue_append(cf_client *client, cf_pending *pending, cf_pending_kind kind);
/* The next one; NULL when it is empty. */
cf_pending *cf_queue_pop(cf_client *client);
/* Takes it out, wherever it is. */
void cf_queue_remove(cf_client *client, cf_pending *pending);
/* Drops what was to be sent to a transport that is lost. */
void cf_queue_drop_sends(cf_client *client);
/* For the end: events, logs and openings are dropped; what is left concerns memory, calls and the transport. */
void cf_queue_drop_events(cf_client *client);
/* To be freed when the next effect is asked for. */
void cf_queue_retire(cf_client *client, cf_pending *pending, cf_pending_kind kind);
/* The same for a refusal, by its `answer`; its subscription may have another one from here. */
cf_refusal *cf_queue_retire_refusal(cf_client *client, cf_pending *pending);
/* Ids of requests, of authorizations and refreshes. */
uint32_t cf_client_next_request(cf_client *client);

/* ---- lines ------------------------------------------------------------------------------------ */

/*
 * A line in the making, one at a time: begin, append, then one of the others, which say by false or NULL that there is no
 * memory.
 */
cf_buffer *cf_line_begin(cf_client *client, size_t size);
/* NO_MEMORY, or LIMIT_FRAME_SIZE: it is dropped. */
centrifuge_error cf_line_check(cf_client *client);
/* Queues it for the transport. */
bool cf_line_send(cf_client *client);
/* Neither queued nor counted; `number` is for its user. */
cf_line *cf_line_make(cf_client *client, uint32_t number);
/* For the transport, and counted as such, but not queued yet. */
cf_line *cf_line_take(cf_client *client);

/* `text`, then `detail` (may be empty) behind a colon, cut when it is long. Lost without memory. */
void cf_log_text(cf_client *client, cf_log_level level, cf_bytes text, cf_bytes detail);
void cf_log_number(cf_client *client, cf_log_level level, cf_bytes text, int64_t number, cf_bytes behind);

/* ---- errors ----------------------------------------------------------------------------------- */

/*
 * What had to be done could not be (NO_MEMORY, LIMIT_MESSAGE_SIZE, LIMIT_FRAME_SIZE): the connection ends. The first cause
 * counts, and none does when the connection ends by another before the next look for an effect.
 */
void cf_client_break(cf_client *client, centrifuge_error code);
/* The client event `error`. None waits: errors of messages are taken at once, all others end the transport. */
void cf_client_report(cf_client *client, centrifuge_error code, cf_bytes failure); /* a CF_FAILURE */
/* The same for a message from the server. */
void cf_client_report_message(cf_client *client, const cf_wire_message *message);

#endif

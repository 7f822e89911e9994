/*
 * permessage-deflate (RFC 7692) for a worker's WebSockets, by zlib: what leaves is compressed once for all who get it, as a
 * form of their chunks; what comes is inflated, up to a limit. Each message stands for itself (no context takeover, either
 * way), so that a connection holds nothing.
 */
#ifndef CF_SERVER_TRANSPORT_DEFLATE_H
#define CF_SERVER_TRANSPORT_DEFLATE_H

#include "server/outbox.h"

#define CF_DEFLATE_LEVEL_MIN (-2) /* Huffman coding alone; -1: what zlib thinks best */
#define CF_DEFLATE_LEVEL_MAX 9

typedef struct cf_deflate cf_deflate;

/* Messages of `min_size` bytes or less stay as they are; 0: none does. NULL without memory. */
cf_deflate *cf_deflate_new(const cf_allocator *allocator, int level, size_t min_size);
/* NULL is fine. */
void cf_deflate_free(cf_deflate *deflate);
const cf_outbox_form *cf_deflate_form(const cf_deflate *deflate);
/* Whose form this is. */
cf_deflate *cf_deflate_of(const cf_outbox_form *form);

typedef enum cf_inflated { CF_INFLATED, CF_INFLATED_TOO_LARGE, CF_INFLATED_CORRUPT, CF_INFLATED_NO_MEMORY } cf_inflated;

/* Appends the message to `out`, at most `max` bytes of it. */
cf_inflated cf_deflate_inflate(cf_deflate *deflate, cf_bytes compressed, size_t max, cf_buffer *out);

#endif

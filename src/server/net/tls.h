/*
 * Connections that are encrypted: a link (link.h) that stands on the plain one, by OpenSSL.
 *
 * OpenSSL reads from the loop's read buffer and writes to the socket: between
 * messages a connection holds its keys and no buffer. What a turn has for a
 * connection goes into one record, or into full ones. A socket that is full
 * stops the sealing: what waits behind is kept as it was queued, by reference.
 */
#ifndef CF_SERVER_NET_TLS_H
#define CF_SERVER_NET_TLS_H

#include "server/net/connection.h"
#include "server/net/tls_context.h"

/*
 * Handshakes that have begun and not ended, each of which may hold a hello of 128 kB; a further one ends the oldest. In a round
 * of the loop one costs what so many patient reads do (CF_NET_PATIENT_MAX), since it signs.
 */
#define CF_TLS_HANDSHAKES_MAX  2048
#define CF_TLS_HANDSHAKE_READS 16

/* What the encrypted connections of a loop share. */
typedef struct cf_tls cf_tls;

/* NULL without memory. The context is retained. */
cf_tls *cf_tls_new(cf_net *net, cf_tls_context *context);
void cf_tls_free(cf_tls *tls);
/* For connections whose handshake has not begun. */
void cf_tls_set_context(cf_tls *tls, cf_tls_context *context);
/* As cf_connection_accept. */
cf_connection *cf_tls_accept(cf_tls *tls, uv_stream_t *listener);

#endif

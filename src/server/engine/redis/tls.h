/*
 * TLS of a connection to Redis or to a Sentinel, without I/O: uv.c carries its bytes.
 */
#ifndef CF_SERVER_ENGINE_REDIS_TLS_H
#define CF_SERVER_ENGINE_REDIS_TLS_H

#include "base/buffer.h"
#include "server/config/config.h"

/* Whom this node trusts, and what it shows: OpenSSL's SSL_CTX. */
typedef struct ssl_ctx_st cf_redis_tls_context;
/* One connection: OpenSSL's SSL. */
typedef struct ssl_st cf_redis_tls;

/* Of the options redis_tls_*. NULL: `problem` says which of them is wrong, and why. */
cf_redis_tls_context *cf_redis_tls_context_new(const cf_config *config, cf_buffer *problem);
/* What those files will not do for, though they can be used: a line each. */
void cf_redis_tls_context_doubt(cf_redis_tls_context *context, const cf_config *config, cf_buffer *warnings);
/* NULL is fine. */
void cf_redis_tls_context_free(cf_redis_tls_context *context);

/* The server's certificate has to be of `name`, a host or an address. NULL without memory. */
cf_redis_tls *cf_redis_tls_new(cf_redis_tls_context *context, const char *name);
/* NULL is fine. */
void cf_redis_tls_free(cf_redis_tls *tls);

typedef enum cf_redis_tls_state {
    CF_REDIS_TLS_GREETS, /* more has to come from the other side */
    CF_REDIS_TLS_READY,
    CF_REDIS_TLS_BROKEN /* as cf_redis_tls_problem says */
} cf_redis_tls_state;

/* Goes on with the handshake. Afterwards, and after what follows, cf_redis_tls_output is to be sent. */
cf_redis_tls_state cf_redis_tls_greet(cf_redis_tls *tls);
/* Bytes of the socket. False without memory. */
bool cf_redis_tls_feed(cf_redis_tls *tls, cf_bytes bytes);
/* What they say: how much of `out` is filled. 0: no more for now; negative: it is broken, or has ended. */
int cf_redis_tls_read(cf_redis_tls *tls, char *out, int size);
/* False without memory, or where it is broken. */
bool cf_redis_tls_write(cf_redis_tls *tls, cf_bytes plain);
/* What is to be sent; it is valid until cf_redis_tls_sent, which forgets it. */
cf_bytes cf_redis_tls_output(cf_redis_tls *tls);
void cf_redis_tls_sent(cf_redis_tls *tls);
/* Why it is broken, for the log: into `text`. */
void cf_redis_tls_problem(const cf_redis_tls *tls, cf_buffer *text);

#endif

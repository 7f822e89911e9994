/*
 * What a server shows and agrees on in a TLS handshake: certificate, key, versions, ciphers, tickets.
 */
#ifndef CF_SERVER_NET_TLS_CONTEXT_H
#define CF_SERVER_NET_TLS_CONTEXT_H

#include "base/buffer.h"

/* OpenSSL's SSL_CTX: counted references, shared by threads. */
typedef struct ssl_ctx_st cf_tls_context;

/*
 * Reads both files (PEM; the certificate's may have those behind it that lead to its authority). NULL: `problem` says which
 * option is wrong, why, and what to do. `only_openssl`: no connection tells its secrets (records.h).
 */
cf_tls_context *cf_tls_context_new(const char *certificate, const char *key, bool only_openssl, cf_buffer *problem);
void cf_tls_context_retain(cf_tls_context *context);
/* NULL is fine. */
void cf_tls_context_release(cf_tls_context *context);
/* What those files will not do for, though they can be used: a line each. */
void cf_tls_context_doubt(cf_tls_context *context, const char *certificate, const char *key, cf_buffer *warnings);

#endif

/*
 * Certificates and keys from files, for whoever encrypts: to clients, to Redis. What cannot be used is named with its option,
 * its file, why, and what to do.
 */
#ifndef CF_SERVER_PEM_H
#define CF_SERVER_PEM_H

#include "base/buffer.h"

/* OpenSSL's SSL_CTX. */
struct ssl_ctx_st;

/* A file, and the option that names it. */
typedef struct cf_pem {
    const char *option;
    const char *path; /* "": none */
} cf_pem;

/* The certificate and, behind it, those that lead to its authority. False: `problem` says why not. */
bool cf_pem_show(struct ssl_ctx_st *context, cf_pem certificate, cf_buffer *problem);
/* The key of the certificate that was taken before. It may have no passphrase, since there may be nobody to ask. */
bool cf_pem_use_key(struct ssl_ctx_st *context, cf_pem key, cf_pem certificate, cf_buffer *problem);
/* Authorities. */
bool cf_pem_trust(struct ssl_ctx_st *context, cf_pem authorities, cf_buffer *problem);
/* What can be used, and will not do: a line for each problem of the certificate that the context shows. */
void cf_pem_doubt_certificate(struct ssl_ctx_st *context, cf_pem certificate, cf_buffer *warnings);
/* The same for a key that others than its owner and group can read, or write. */
void cf_pem_doubt_key(cf_pem key, cf_buffer *warnings);
/* Appends what OpenSSL has refused, and forgets it: the system's error, if there is one. */
void cf_pem_put_reason(cf_buffer *text);

#endif
